package report

import (
	"maps"
	"slices"

	"nhiscan/inventory"
)

// about is what was judged of some rows, and what happened to them.
type about struct {
	gaps   map[string][]*inventory.Gap  // by subject, worst first
	owners map[string]*inventory.Owner  // by subject, with their claims
	events map[string][]inventory.Event // by subject, oldest first
}

// about asks for what is about subjects.
func (v *view) about(subjects map[string]bool) about {
	a := about{map[string][]*inventory.Gap{}, map[string]*inventory.Owner{}, map[string][]inventory.Event{}}
	ids := slices.Sorted(maps.Keys(subjects))
	for g := range v.lists.GapsOn(ids) {
		own := *g
		a.gaps[g.Subject] = append(a.gaps[g.Subject], &own)
	}
	for _, gaps := range a.gaps {
		slices.SortFunc(gaps, func(x, y *inventory.Gap) int { return compareGaps(*x, *y) })
	}
	for o := range v.lists.OwnersOf(ids) {
		own := *o
		a.owners[o.Subject] = &own
	}
	for e := range v.lists.EventsOf(ids) {
		a.events[e.Subject] = append(a.events[e.Subject], *e)
	}
	for id, events := range a.events {
		a.events[id] = sortedEvents(events)
	}
	return a
}
