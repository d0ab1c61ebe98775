package report

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"nhiscan/inventory"
)

// view is a Document, joined once, that all formats for people read.
type view struct {
	*Document
	lists   Lists
	x       *inventory.Index // of all rows, or of some: see partView; owners without claims and reasons
	now     time.Time
	width   int
	color   bool
	rules   map[string]RuleText
	sources map[string]SourceText
}

// newView views d with all its rows at hand. Errors: that of the lists.
func newView(d *Document, o Options) (*view, error) {
	v := partView(d, o, nil)
	var err error
	if v.x, err = inventory.ReadIndex(d.Scan, withoutCoverage{v.lists}); err != nil {
		return nil, err
	}
	for o := range v.lists.Owners(false) {
		o.Reason = "" // of the few that are shown it is asked for, with the claims
		v.x.AddOwner(o)
	}
	return v, v.lists.Err()
}

// withoutCoverage leaves out the longest list, which a view counts as it passes.
type withoutCoverage struct{ inventory.Rows }

func (withoutCoverage) Coverage() iter.Seq[*inventory.Coverage] {
	return func(func(*inventory.Coverage) bool) {}
}

// partView views d by its lists, with only the rows of s at hand.
func partView(d *Document, o Options, s *inventory.Snapshot) *view {
	if s == nil {
		s = &inventory.Snapshot{}
	}
	v := &view{
		Document: d, lists: d.Lists(), x: inventory.NewIndex(s), now: o.Now, width: o.Width, color: o.Color,
		rules: map[string]RuleText{}, sources: map[string]SourceText{},
	}
	if v.now.IsZero() {
		v.now = d.Generated
	}
	if v.width == 0 {
		v.width = 80
	}
	v.width = max(v.width, 60)
	for _, r := range d.Rules {
		v.rules[r.ID] = r
	}
	for _, s := range d.Sources {
		v.sources[s.ID] = s
	}
	return v
}

// sortedGaps returns a copy, worst first, then by rule and subject.
func sortedGaps(gaps []inventory.Gap) []inventory.Gap {
	out := slices.Clone(gaps)
	slices.SortFunc(out, compareGaps)
	return out
}

func compareGaps(a, b inventory.Gap) int {
	return cmp.Or(-cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Code, b.Code),
		cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Message, b.Message))
}

// sortedEvents returns a copy, oldest first, then by subject, field and kind.
func sortedEvents(events []inventory.Event) []inventory.Event {
	out := slices.Clone(events)
	slices.SortFunc(out, func(a, b inventory.Event) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Scan, b.Scan), cmp.Compare(a.Subject, b.Subject),
			cmp.Compare(a.Field, b.Field), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.To, b.To))
	})
	return out
}

// rule returns the texts of a rule; of one without texts, its ID.
func (v *view) rule(id, code string) RuleText {
	r, ok := v.rules[id]
	if !ok {
		r = RuleText{ID: id}
	}
	r.Code = cmp.Or(r.Code, code)
	r.Title = cmp.Or(r.Title, id)
	return r
}

func (v *view) sourceTitle(id string) string { return cmp.Or(v.sources[id].Title, id) }

// homePath returns where something lives as people name it: the path of a home, the host of the instance.
func (v *view) homePath(id string) string {
	if h := v.x.Home(id); h != nil {
		return cmp.Or(h.Path, inventory.RefOf(id))
	}
	return inventory.RefOf(id)
}

// topGroup returns the path of the outermost group above a home, or of the home itself where it has none.
func (v *view) topGroup(home string) string {
	top := home
	for _, h := range v.x.Chain(home) {
		if h.Kind != inventory.InstanceHome {
			top = h.ID
		}
	}
	return v.homePath(top)
}

// measure returns a measure of the whole instance.
func (v *view) measure(name string) (m inventory.Measure, ok bool) {
	for _, m := range v.Measures {
		if m.Name == name && m.Scope == "instance" {
			return m, true
		}
	}
	return inventory.Measure{}, false
}

// isNew reports whether a gap appeared with this scan. In a first scan nothing is new: nothing is known of before.
func (v *view) isNew(g *inventory.Gap) bool {
	t, ok := g.FirstSeen.Time()
	return ok && v.Previous != nil && !t.Before(v.Scan.Began.Truncate(time.Second))
}

// ownerText is "team-payments 0.89 declared", or "none" with the best confidence when there is one.
func ownerText(o *inventory.Owner) string {
	switch {
	case o == nil:
		return "unknown"
	case o.Owner == "" || o.Band == inventory.OwnerNone:
		return "none" + confidence(o.Confidence)
	}
	text := clean(o.Owner, nameMax) + confidence(o.Confidence)
	if o.Band != "" {
		text += " " + clean(o.Band, 20)
	}
	if o.Disputed {
		text += ", disputed"
	}
	return text
}
