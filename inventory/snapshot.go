package inventory

import "slices"

// Snapshot is the state that the scans of one instance up to Scan saw. All lists are sorted by ID.
type Snapshot struct {
	Scan        Scan
	Homes       []Home
	Users       []User
	Grants      []Grant
	Identities  []Identity
	Credentials []Credential
	Locations   []Location
	Usages      []Usage
	Owners      []Owner    // sorted by subject
	Coverage    []Coverage // of Scan, sorted by home, then source

	// Past holds the IDs that an earlier scan had closed, as far as a store was asked to find out.
	Past map[string]bool
}

// Sort brings every list into the order that Snapshot promises.
func (s *Snapshot) Sort() {
	sortRows(s.Homes)
	sortRows(s.Users)
	sortRows(s.Grants)
	sortRows(s.Identities)
	sortRows(s.Credentials)
	sortRows(s.Locations)
	sortRows(s.Usages)
	slices.SortFunc(s.Owners, func(a, b Owner) int { return compare(a.Subject, b.Subject) })
	slices.SortFunc(s.Coverage, func(a, b Coverage) int {
		if c := compare(a.Home, b.Home); c != 0 {
			return c
		}
		return compare(a.Source, b.Source)
	})
}

func sortRows[T Observation](rows []T) {
	slices.SortFunc(rows, func(a, b T) int {
		_, x := a.Row()
		_, y := b.Row()
		return compare(x, y)
	})
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Add appends a row to its list. Call Sort when all are added.
func (s *Snapshot) Add(o Observation) {
	switch o := o.(type) {
	case Home:
		s.Homes = append(s.Homes, o)
	case User:
		s.Users = append(s.Users, o)
	case Grant:
		s.Grants = append(s.Grants, o)
	case Identity:
		s.Identities = append(s.Identities, o)
	case Credential:
		s.Credentials = append(s.Credentials, o)
	case Location:
		s.Locations = append(s.Locations, o)
	case Usage:
		s.Usages = append(s.Usages, o)
	}
}

// Index finds rows of a snapshot by what joins them. It is read-only and safe for concurrent use;
// rows are pointers into the snapshot's lists.
type Index struct {
	*Snapshot
	homes       map[string]*Home
	users       map[string]*User
	identities  map[string]*Identity
	credentials map[string]*Credential
	owners      map[string]*Owner
	coverage    map[string][]Coverage // by home ID

	GrantsOn      map[string][]*Grant      // by home ID
	GrantsOf      map[string][]*Grant      // by subject ID
	CredentialsOf map[string][]*Credential // by identity ID
	CredentialsIn map[string][]*Credential // by home ID
	IdentitiesIn  map[string][]*Identity   // by home ID
	LocationsIn   map[string][]*Location   // by home ID
	LocationsOf   map[string][]*Location   // by credential ID
	SameValue     map[string][]*Location   // by fingerprint
	UsagesOf      map[string][]*Usage      // by credential ID
	UsagesBy      map[string][]*Usage      // by workload ID
	Children      map[string][]*Home       // by parent home ID
}

// NewIndex indexes s, which must not change afterwards.
func NewIndex(s *Snapshot) *Index {
	x := &Index{
		Snapshot: s,
		homes:    byID(s.Homes), users: byID(s.Users), identities: byID(s.Identities), credentials: byID(s.Credentials),
		owners: make(map[string]*Owner, len(s.Owners)), coverage: map[string][]Coverage{},
		GrantsOn:      group(s.Grants, func(g *Grant) string { return g.Home }),
		GrantsOf:      group(s.Grants, func(g *Grant) string { return g.Subject }),
		CredentialsOf: group(s.Credentials, func(c *Credential) string { return c.Identity }),
		CredentialsIn: group(s.Credentials, func(c *Credential) string { return c.Home }),
		IdentitiesIn:  group(s.Identities, func(i *Identity) string { return i.Home }),
		LocationsIn:   group(s.Locations, func(l *Location) string { return l.Home }),
		LocationsOf:   group(s.Locations, func(l *Location) string { return l.Credential }),
		SameValue:     group(s.Locations, func(l *Location) string { return l.Fingerprint }),
		UsagesOf:      group(s.Usages, func(u *Usage) string { return u.Credential }),
		UsagesBy:      group(s.Usages, func(u *Usage) string { return u.Workload }),
		Children:      group(s.Homes, func(h *Home) string { return h.Parent }),
	}
	for i := range s.Owners {
		x.owners[s.Owners[i].Subject] = &s.Owners[i]
	}
	// The visits of a home stand side by side in a sorted snapshot, and are looked up where they are.
	for i, first := 0, 0; i < len(s.Coverage); i++ {
		home := s.Coverage[i].Home
		if i+1 < len(s.Coverage) && s.Coverage[i+1].Home == home {
			continue
		}
		run := s.Coverage[first : i+1 : i+1]
		if before := x.coverage[home]; len(before) > 0 {
			run = slices.Concat(before, run)
		}
		x.coverage[home], first = run, i+1
	}
	return x
}

func byID[T Observation](rows []T) map[string]*T {
	m := make(map[string]*T, len(rows))
	for i := range rows {
		_, id := rows[i].Row()
		m[id] = &rows[i]
	}
	return m
}

// group leaves out rows whose key is empty: unknown joins nothing.
func group[T any](rows []T, key func(*T) string) map[string][]*T {
	m := map[string][]*T{}
	for i := range rows {
		if k := key(&rows[i]); k != "" {
			m[k] = append(m[k], &rows[i])
		}
	}
	return m
}

// Home returns the home with this ID, or nil.
func (x *Index) Home(id string) *Home { return x.homes[id] }

// User returns the user with this ID, or nil.
func (x *Index) User(id string) *User { return x.users[id] }

// Identity returns the identity with this ID, or nil.
func (x *Index) Identity(id string) *Identity { return x.identities[id] }

// Credential returns the credential with this ID, or nil.
func (x *Index) Credential(id string) *Credential { return x.credentials[id] }

// Owner returns the owner of a subject, or nil when none was resolved.
func (x *Index) Owner(subject string) *Owner { return x.owners[subject] }

// Covered returns what the scan could see of a source in a home. A visit that the scan did not plan is not-asked.
func (x *Index) Covered(source, home string) Coverage {
	for _, c := range slices.Backward(x.coverage[home]) { // of two that say different things the last counts
		if c.Source == source {
			return c
		}
	}
	return Coverage{Visit: Visit{source, home}, State: NotAsked, Reason: "not visited"}
}

// Chain returns the home and its ancestors, innermost first, the instance last. It ends at a home that the
// snapshot lacks, and at a cycle, which only a faulty database can hold.
func (x *Index) Chain(home string) []*Home {
	var chain []*Home
	for h := x.homes[home]; h != nil && !slices.Contains(chain, h); h = x.homes[h.Parent] {
		chain = append(chain, h)
	}
	return chain
}
