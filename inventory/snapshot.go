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
