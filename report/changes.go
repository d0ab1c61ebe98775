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

// changesShown is how many events of one kind a report lists.
const changesShown = 5

// recent are the events of one kind that a scan saw.
type recent struct {
	total int
	last  []inventory.Event // the latest, oldest first
}

// recentEvents reads the list of events once; the result is empty for a first scan, which has nothing to compare with.
func recentEvents(d *Document) map[inventory.EventKind]*recent {
	by := map[inventory.EventKind]*recent{}
	if d.Previous == nil {
		return by
	}
	for e := range d.Lists().Events() {
		if e.Scan != d.Scan.Number {
			continue
		}
		r := by[e.Kind]
		if r == nil {
			r = &recent{}
			by[e.Kind] = r
		}
		r.total++
		if r.last = append(r.last, *e); len(r.last) > changesShown {
			r.last = slices.Delete(r.last, 0, 1)
		}
	}
	return by
}

// changeGroups returns the latest events that this scan saw of each kind, in the order of tones.
func (v *view) changeGroups(events map[inventory.EventKind]*recent) []changeGroup {
	var out []changeGroup
	for _, tone := range tones {
		for _, kind := range tone.kinds {
			r := events[kind]
			if r == nil {
				continue
			}
			g := changeGroup{Tone: tone.name, Kind: kind, Total: r.total}
			for _, e := range slices.Backward(r.last) {
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
	holder, kind, ok := grantOf(e)
	if !ok {
		return clean(cmp.Or(e.Name, e.Subject), nameMax)
	}
	if kind == "runner" || kind == "deploy key" {
		kind = "use" // of the runner or the key that is named
	}
	return clean(kind+" of "+v.subject(holder).Name, nameMax)
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
