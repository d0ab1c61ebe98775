package report

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

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
	c.Name = v.eventName(e)
	if e.Home != "" && e.Home != e.Subject {
		c.Home = clean(v.homePath(e.Home), nameMax)
		c.Name += " of " + c.Home
	}
	c.Page = v.subject(e.Subject).Page
	return c
}

// eventName names an event's subject as it was seen. A grant has no name: it is named by what it is and who holds it.
func (v *view) eventName(e inventory.Event) string {
	parts := strings.Split(e.Subject, "/") // INSTANCE/grant/kind/subject/REF, see inventory.GrantID
	if e.Row != inventory.GrantRow || len(parts) != 5 {
		return clean(cmp.Or(e.Name, e.Subject), nameMax)
	}
	holder, err := url.PathUnescape(parts[3])
	if err != nil {
		holder = parts[3]
	}
	kind := strings.ReplaceAll(parts[2], "-", " ")
	if kind == "runner" || kind == "deploy key" {
		kind = "use" // of the runner or the key that is named
	}
	return clean(kind+" of "+v.subject(parts[0]+"/"+holder).Name, nameMax)
}

// eventText says what changed, from what to what; nothing where the kind says it all.
func (v *view) eventText(e inventory.Event) string {
	from, to := plainValue(e.From), plainValue(e.To)
	// What GitLab names itself is kept below "settings" or "attributes": people need not know.
	_, field, nested := strings.Cut(e.Field, ".")
	if !nested {
		field = e.Field
	}
	field = strings.ReplaceAll(clean(field, 60), "_", " ")
	switch {
	case e.Kind == inventory.Reported:
		return strings.TrimSuffix(clean(v.rule(e.Field, "").Title, nameMax)+", "+to, ", ") // which gap, and how grave
	case e.Kind == inventory.OwnerChanged:
		return cmp.Or(from, "none") + " → " + cmp.Or(to, "none")
	case e.Kind == inventory.Rotated && e.Field == "":
		return "replaces " + cmp.Or(v.shortID(e.From), "another")
	case field == "" && to == "":
		return ""
	case field == "":
		return "now " + to
	}
	return field + ": " + cmp.Or(from, "unknown") + " → " + cmp.Or(to, "unknown")
}

// plainValue writes a field's value for people: a moment loses its letters.
func plainValue(s string) string {
	t, err := time.Parse(time.RFC3339, s)
	switch {
	case err != nil:
		return clean(s, 120)
	case t.Equal(t.Truncate(24 * time.Hour)):
		return t.UTC().Format(time.DateOnly)
	}
	return minute(t)
}

// shortID is the end of a credential's ID, by which the command show finds it: "access-token/530".
func (v *view) shortID(id string) string {
	return clean(strings.TrimPrefix(id, url.PathEscape(v.Scan.Instance)+"/credential/"), 120)
}
