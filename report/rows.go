package report

import (
	"cmp"
	"iter"
	"strings"

	"nhiscan/inventory"
)

// row is one line of the inventory: a credential, or an identity without one.
type row struct {
	ID         string
	Page       string // ID of the page that shows it: its identity's, else its own
	Kind       string
	Name       string
	Home       string // home ID
	Owner      *inventory.Owner
	Scope      string
	Level      int
	Created    inventory.When
	Expires    inventory.When
	Used       inventory.When
	State      string
	Places     int
	Credential *inventory.Credential // nil for an identity without one
	Identity   *inventory.Identity   // nil when unknown
}

// rows lists the inventory: one row per credential, then one for each identity without one.
func (v *view) rows() iter.Seq[row] {
	return func(yield func(row) bool) {
		for c := range v.x.Credentials.All() {
			if !yield(v.credentialRow(c)) {
				return
			}
		}
		for i := range v.x.Identities.All() {
			if len(v.x.CredentialsOf(i.ID)) == 0 && !yield(v.identityRow(i)) {
				return
			}
		}
	}
}

// row returns the row of a credential, or of an identity without one.
func (v *view) row(id string) row {
	if c := v.x.Credential(id); c != nil {
		return v.credentialRow(c)
	}
	return v.identityRow(v.x.Identity(id))
}

func (v *view) credentialRow(c *inventory.Credential) row {
	r := row{
		ID: c.ID, Page: c.ID, Kind: string(c.Kind), Name: c.Name, Home: c.Home, Owner: v.x.Owner(c.ID), Scope: c.Scope, Level: c.Level,
		Created: c.CreatedAt, Expires: c.ExpiresAt, Used: c.LastUsedAt, State: c.State, Places: len(v.x.LocationsOf(c.ID)),
		Credential: c, Identity: v.x.Identity(c.Identity),
	}
	if r.Identity != nil {
		r.Page = r.Identity.ID
		r.Name = cmp.Or(r.Name, r.Identity.Name)
		if r.Owner == nil {
			r.Owner = v.x.Owner(r.Identity.ID)
		}
	}
	return r
}

func (v *view) identityRow(i *inventory.Identity) row {
	r := row{
		ID: i.ID, Page: i.ID, Kind: i.Kind, Name: i.Name, Home: i.Home, Owner: v.x.Owner(i.ID), Level: i.Level,
		Created: i.CreatedAt, Used: i.LastUsedAt, State: i.State, Identity: i,
	}
	return r
}

// listedRow is what the order of rows depends on, and the gaps, which no row knows.
type listedRow struct {
	id, page, name string
	worst          inventory.Severity
	gaps, places   int
}

// worstFirst orders rows for people: by severity, number of gaps, places, then name.
func worstFirst(a, b listedRow) int {
	return cmp.Or(-cmp.Compare(a.worst, b.worst), -cmp.Compare(a.gaps, b.gaps), -cmp.Compare(a.places, b.places),
		cmp.Compare(a.name, b.name), cmp.Compare(a.id, b.id))
}

// subject says what a gap is about, in words: name, kind and home.
type subject struct {
	Name, Kind, Home string // Home is a home ID
	Page             string // of the identity or credential; empty when it has none
}

// subject finds the row that an ID names. An ID of no known row is its own name.
func (v *view) subject(id string) subject {
	if c := v.x.Credential(id); c != nil {
		r := v.credentialRow(c)
		return subject{cmp.Or(r.Name, id), r.Kind, r.Home, r.Page}
	}
	if i := v.x.Identity(id); i != nil {
		return subject{cmp.Or(i.Name, id), i.Kind, i.Home, i.ID}
	}
	if u := v.x.User(id); u != nil {
		return subject{cmp.Or(u.Username, id), "user", "", ""}
	}
	if h := v.x.Home(id); h != nil {
		return subject{cmp.Or(h.Path, id), string(h.Kind), h.ID, ""}
	}
	if l := v.x.Location(id); l != nil {
		s := subject{cmp.Or(l.Key, l.Path, id), l.Surface, l.Home, ""}
		if c := v.x.Credential(l.Credential); c != nil {
			s.Page = v.credentialRow(c).Page
		}
		return s
	}
	if print, ok := strings.CutPrefix(id, inventory.ExternalID(v.Scan.Instance, "")); ok && len(v.x.SameValue(print)) > 0 {
		l := v.x.SameValue(print)[0]
		return subject{cmp.Or(l.Key, l.Path, id), "secret", l.Home, ""}
	}
	return subject{Name: id}
}
