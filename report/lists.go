package report

import (
	"cmp"
	"iter"

	"nhiscan/inventory"
)

// Lists are the rows of one scan and what was judged of it. Each list comes in the order that stands beside it and may
// be read any number of times; what a loop gets is valid until its next turn. A list that cannot be read ends early,
// and Err says why after the last.
type Lists interface {
	inventory.Rows                                 // by ID; coverage by home, then source
	Owners(claims bool) iter.Seq[*inventory.Owner] // by subject; without claims these are nil
	Gaps() iter.Seq[*inventory.Gap]                // by rule, then subject
	WorstGaps() iter.Seq[*inventory.Gap]           // by severity, the highest first, then code, rule and subject
	Events() iter.Seq[*inventory.Event]            // oldest first, then by scan, subject, field and kind
	EventCounts() map[inventory.EventKind]int

	// What is about some rows, named by different IDs, in no order. The owners have their claims.
	GapsOn(subjects []string) iter.Seq[*inventory.Gap]
	OwnersOf(subjects []string) iter.Seq[*inventory.Owner]
	EventsOf(subjects []string) iter.Seq[*inventory.Event]
}

// Lists returns the lists of d, whether it holds them or reads them.
func (d *Document) Lists() Lists {
	if d.Stored != nil {
		return d.Stored
	}
	return held{d, d.snapshot()}
}

// snapshot returns the rows that d holds; empty when it holds none.
func (d *Document) snapshot() *inventory.Snapshot {
	if d.Snapshot != nil {
		return d.Snapshot
	}
	return &inventory.Snapshot{Scan: d.Scan}
}

// held are the lists of a Document that holds them.
type held struct {
	d *Document
	s *inventory.Snapshot
}

func (h held) Homes() iter.Seq[*inventory.Home]             { return each(h.s.Homes) }
func (h held) Users() iter.Seq[*inventory.User]             { return each(h.s.Users) }
func (h held) Grants() iter.Seq[*inventory.Grant]           { return each(h.s.Grants) }
func (h held) Identities() iter.Seq[*inventory.Identity]    { return each(h.s.Identities) }
func (h held) Credentials() iter.Seq[*inventory.Credential] { return each(h.s.Credentials) }
func (h held) Locations() iter.Seq[*inventory.Location]     { return each(h.s.Locations) }
func (h held) Usages() iter.Seq[*inventory.Usage]           { return each(h.s.Usages) }
func (h held) Coverage() iter.Seq[*inventory.Coverage] {
	return each(sorted(h.s.Coverage, compareCoverage))
}
func (h held) Owners(bool) iter.Seq[*inventory.Owner] { return each(h.s.Owners) }
func (h held) Gaps() iter.Seq[*inventory.Gap]         { return each(sorted(h.d.Gaps, compareByRule)) }
func (h held) WorstGaps() iter.Seq[*inventory.Gap]    { return each(sortedGaps(h.d.Gaps)) }
func (h held) Events() iter.Seq[*inventory.Event]     { return each(sortedEvents(h.d.Events)) }
func (h held) Err() error                             { return nil }

func (h held) EventCounts() map[inventory.EventKind]int {
	counts := map[inventory.EventKind]int{}
	for _, e := range h.d.Events {
		counts[e.Kind]++
	}
	return counts
}

func (h held) GapsOn(subjects []string) iter.Seq[*inventory.Gap] {
	return withSubjects(h.d.Gaps, subjects, func(g *inventory.Gap) string { return g.Subject })
}

func (h held) OwnersOf(subjects []string) iter.Seq[*inventory.Owner] {
	return withSubjects(h.s.Owners, subjects, func(o *inventory.Owner) string { return o.Subject })
}

func (h held) EventsOf(subjects []string) iter.Seq[*inventory.Event] {
	return withSubjects(h.d.Events, subjects, func(e *inventory.Event) string { return e.Subject })
}

// withSubjects lists copies of those rows whose subject is one of some.
func withSubjects[T any](rows []T, subjects []string, subject func(*T) string) iter.Seq[*T] {
	wanted := map[string]bool{}
	for _, id := range subjects {
		wanted[id] = true
	}
	return func(yield func(*T) bool) {
		for i := range rows {
			if r := rows[i]; wanted[subject(&rows[i])] && !yield(&r) {
				return
			}
		}
	}
}

// each lists copies, so that no reader changes the Document.
func each[T any](rows []T) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for _, r := range rows {
			if !yield(&r) {
				return
			}
		}
	}
}

func compareByRule(a, b inventory.Gap) int {
	return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Message, b.Message))
}
