package report

import (
	"cmp"
	"slices"
	"strings"

	"nhiscan/inventory"
)

// changeGroup is one kind of event of this scan.
type changeGroup struct {
	Tone   string // "worse", "better" or "neither"
	Kind   inventory.EventKind
	Total  int
	Events []change // the newest first
}

// Title is "rotated 5".
func (c changeGroup) Title() string { return kindText(c.Kind) + " " + number(c.Total) }

// change is one event in words.
type change struct {
	When string // "by 2026-11-21 02:14" when only a scan dates it
	Day  string
	Name string
	Home string // path
	Page string // ID of the page that shows the subject; empty when it has none
	What string
	Kind string
}

// Sentence is the name, and what changed when the kind does not say it.
func (c change) Sentence() string {
	if c.What == "" {
		return c.Name
	}
	return c.Name + ": " + c.What
}

// tones says which way an event points. Expiry and discovery are neither: what expires may be late or in time.
var tones = []struct {
	name  string
	kinds []inventory.EventKind
}{
	{"worse", []inventory.EventKind{inventory.Exposed, inventory.Reappeared, inventory.Reported, inventory.OwnerLeft}},
	{"better", []inventory.EventKind{inventory.RevokedEvent, inventory.Rotated, inventory.Removed}},
	{"neither", []inventory.EventKind{inventory.Discovered, inventory.ExpiredEvent, inventory.OwnerChanged, inventory.ProjectArchived, inventory.Changed}},
}

// changeGroups returns the events that this scan saw, at most limit of each kind, in the order of tones.
func (v *view) changeGroups(limit int) []changeGroup {
	by := map[inventory.EventKind][]inventory.Event{}
	for _, e := range v.Events {
		if e.Scan == v.Scan.Number {
			by[e.Kind] = append(by[e.Kind], e)
		}
	}
	var out []changeGroup
	for _, tone := range tones {
		for _, kind := range tone.kinds {
			events := sortedEvents(by[kind])
			slices.Reverse(events)
			if len(events) == 0 {
				continue
			}
			g := changeGroup{Tone: tone.name, Kind: kind, Total: len(events)}
			for _, e := range events[:min(limit, len(events))] {
				g.Events = append(g.Events, v.change(e))
			}
			out = append(out, g)
		}
	}
	return out
}

func kindText(k inventory.EventKind) string {
	return strings.ReplaceAll(clean(string(k), 40), "-", " ")
}

func (v *view) change(e inventory.Event) change {
	c := change{Day: date(e.At), When: "unknown", What: v.eventText(e), Kind: kindText(e.Kind)}
	if t, ok := e.At.Time(); ok {
		c.When = minute(t)
		if !e.After.IsUnknown() {
			c.When = "by " + c.When
		}
	}
	c.Name = clean(cmp.Or(e.Name, e.Subject), nameMax)
	if e.Home != "" && e.Home != e.Subject {
		c.Home = clean(v.homePath(e.Home), nameMax)
		c.Name += " of " + c.Home
	}
	c.Page = v.subject(e.Subject).Page
	return c
}

// eventText says what changed, from what to what; nothing where the kind says it all.
func (v *view) eventText(e inventory.Event) string {
	from, to := clean(e.From, 120), clean(e.To, 120)
	field := strings.ReplaceAll(clean(e.Field, 60), "_", " ")
	switch {
	case e.Kind == inventory.Reported:
		return v.rule(cmp.Or(e.To, e.Field), "").Title
	case e.Kind == inventory.OwnerChanged:
		return cmp.Or(from, "none") + " → " + cmp.Or(to, "none")
	case e.Kind == inventory.Rotated && e.Field == "":
		return "replaces " + cmp.Or(from, "another")
	case field == "" && to == "":
		return ""
	case field == "":
		return "now " + to
	}
	return field + ": " + cmp.Or(from, "unknown") + " → " + cmp.Or(to, "unknown")
}
