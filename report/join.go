package report

import (
	"cmp"
	"iter"

	"nhiscan/inventory"
)

// join makes the inventory from lists, one row at a time, with little of them in memory.
type join struct {
	lists   Lists
	homes   map[string]string // paths by ID
	owners  map[string]*shortOwner
	bearers map[string]bool   // IDs of the identities with credentials
	names   map[string]string // of the identities whose credentials have no name
	places  map[string]int    // by credential ID
	gaps    map[string]int    // by subject
}

type shortOwner struct {
	name       string
	confidence float64
}

// joinedRow is one row: a credential, or an identity without one.
type joinedRow struct {
	id, kind, name, home, scope, state string
	level                              int
	created, expires, used             inventory.When
	owner                              *shortOwner // nil when none was resolved
}

func newJoin(lists Lists) *join {
	j := &join{
		lists: lists, homes: map[string]string{}, owners: map[string]*shortOwner{}, bearers: map[string]bool{}, names: map[string]string{},
		places: map[string]int{}, gaps: map[string]int{},
	}
	for h := range lists.Homes() {
		j.homes[h.ID] = h.Path
	}
	same := map[shortOwner]*shortOwner{}
	for o := range lists.Owners(false) {
		short := shortOwner{o.Owner, o.Confidence}
		if same[short] == nil {
			same[short] = &short
		}
		j.owners[o.Subject] = same[short]
	}
	for l := range lists.Locations() {
		if l.Credential != "" {
			j.places[l.Credential]++
		}
	}
	for g := range lists.Gaps() {
		j.gaps[g.Subject]++
	}
	for c := range lists.Credentials() {
		j.bearers[c.Identity] = true
		if c.Name == "" && c.Identity != "" {
			j.names[c.Identity] = ""
		}
	}
	for i := range lists.Identities() {
		if _, asked := j.names[i.ID]; asked {
			j.names[i.ID] = i.Name
		}
	}
	return j
}

// rows yields the inventory sorted by ID.
func (j *join) rows() iter.Seq[*joinedRow] {
	return func(yield func(*joinedRow) bool) {
		next, stop := iter.Pull(j.lists.Identities())
		defer stop()
		i, more := next()
		identities := func(before string) bool { // those that sort before an ID; all for the empty one
			for ; more && (before == "" || i.ID < before); i, more = next() {
				if !j.bearers[i.ID] && !yield(j.identity(i)) {
					return false
				}
			}
			return true
		}
		for c := range j.lists.Credentials() {
			if !identities(c.ID) || !yield(j.credential(c)) {
				return
			}
		}
		identities("")
	}
}

func (j *join) credential(c *inventory.Credential) *joinedRow {
	return &joinedRow{
		id: c.ID, kind: string(c.Kind), name: cmp.Or(c.Name, j.names[c.Identity]), home: c.Home, scope: c.Scope, state: c.State, level: c.Level,
		created: c.CreatedAt, expires: c.ExpiresAt, used: c.LastUsedAt, owner: cmp.Or(j.owners[c.ID], j.owners[c.Identity]),
	}
}

func (j *join) identity(i *inventory.Identity) *joinedRow {
	return &joinedRow{
		id: i.ID, kind: i.Kind, name: i.Name, home: i.Home, state: i.State, level: i.Level,
		created: i.CreatedAt, used: i.LastUsedAt, owner: j.owners[i.ID],
	}
}
