package report

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"nhiscan/inventory"
)

// ErrNotFound and ErrAmbiguous are what Show wraps when an ID names nothing, or several things.
var (
	ErrNotFound  = errors.New("nothing of this name in the inventory")
	ErrAmbiguous = errors.New("names several things")
)

// candidatesShown is how many things an error of Show lists.
const candidatesShown = 10

// Show writes all that d knows of one identity or secret: places, uses, owner with reasons, gaps with evidence and
// fix, timeline. id is a full ID, 8 or more digits of a fingerprint, a name, or the beginning or end of one ID, tried in
// this order. It fails with ErrNotFound or ErrAmbiguous and up to 10 candidates, and when w fails.
func Show(w io.Writer, d *Document, id string, o Options) error {
	found, err := Find(d, id)
	if err != nil {
		return err
	}
	v := partView(d, o, rowsAbout(d.Lists(), found))
	t := &page{w: w, v: v}
	t.detail(v.details([]string{found})[0])
	return cmp.Or(v.lists.Err(), t.err)
}

// Find returns the ID of what Show would show for id: of an identity, credential or location, or a fingerprint. It fails
// as Show does.
func Find(d *Document, id string) (string, error) {
	if id == "" {
		return "", fmt.Errorf("show: %w: the ID is empty", ErrNotFound)
	}
	s := newSearch(d.Scan.Instance, id)
	hits := s.hits(d.Lists())
	if err := d.Lists().Err(); err != nil {
		return "", err
	}
	switch pages := pagesOf(hits); {
	case len(hits) == 0:
		return "", fmt.Errorf("show %s: %w", clean(id, nameMax), ErrNotFound)
	case s.best == near:
		return "", fmt.Errorf("show %s: %w; near: %s", clean(id, nameMax), ErrNotFound, candidates(hits))
	case len(pages) > 1:
		return "", fmt.Errorf("show %s: %w: %s", clean(id, nameMax), ErrAmbiguous, candidates(hits))
	}
	return hits[0].page, nil
}

func candidates(hits []hit) string {
	var ids []string
	for _, h := range hits {
		ids = append(ids, clean(h.id, nameMax))
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if more := len(ids) - candidatesShown; more > 0 {
		return strings.Join(ids[:candidatesShown], ", ") + " and " + number(more) + " more"
	}
	return strings.Join(ids, ", ")
}

func (t *page) detail(d detail) {
	t.raw(t.v.styled(bold, clean(d.Title, nameMax)))
	g := &grid{header: []string{"", ""}, keep: []bool{true}, bare: true}
	for _, f := range t.v.facts(&d) {
		g.add(f.Name, f.Text)
	}
	t.grid(g)
	t.credentials(d)
	t.places(d)
	t.uses(d)
	t.owner(d.Owner)
	t.gaps(d.Gaps)
	t.timeline(d.Events)
}

func (t *page) credentials(d detail) {
	if len(d.Credentials) == 0 {
		return
	}
	t.heading("Credentials")
	for i, c := range d.Credentials {
		if i > 0 {
			t.raw("")
		}
		g := &grid{header: []string{"", ""}, keep: []bool{true}, bare: true}
		g.add("ID", clean(c.ID, nameMax))
		g.add("Kind", kindWords(string(c.Kind))+", "+orUnknown(clean(c.State, 40)))
		g.add("May", may(c))
		g.add("Created", dated(c.CreatedAt, t.v.now))
		g.add("Expires", dated(c.ExpiresAt, t.v.now))
		g.add("Last used", dated(c.LastUsedAt, t.v.now))
		if c.Fingerprint != "" {
			g.add("Value", strings.TrimSpace(clean(c.Hint, 40)+" fingerprint "+short(c.Fingerprint)))
		}
		if creator := t.v.userName(c.Creator); creator != "" {
			g.add("Creator", clean(creator, nameMax))
		}
		t.grid(g)
	}
}

func (t *page) places(d detail) {
	t.heading("Places that hold it")
	if len(d.Places) == 0 {
		t.line("  None seen. Where the value cannot be read, no place can be linked.")
		return
	}
	g := &grid{header: []string{"Surface", "Where", "Place", "Protection"}}
	for _, l := range d.Places {
		g.add(l.Surface, clean(t.v.homePath(l.Home), nameMax), place(l), protection(l))
	}
	t.grid(g)
}

func (t *page) uses(d detail) {
	if d.workload() {
		t.reach(d)
		return
	}
	t.heading("Jobs that use it")
	if len(d.Uses) == 0 {
		t.line("  None seen. No use seen is not unused.")
		return
	}
	g := &grid{header: []string{"Job", "Project", "Reaches", "Does", "Would do"}}
	for _, u := range d.Uses {
		g.add(clean(u.Job, nameMax), clean(t.v.homePath(u.Home), nameMax), orUnknown(clean(u.System, 60)), orUnknown(clean(u.Operation, nameMax)), orUnknown(clean(u.LeastScope, nameMax)))
	}
	t.grid(g)
}

// reach is what a job can reach, and with which credential.
func (t *page) reach(d detail) {
	t.heading("What it reaches")
	if len(d.Uses) == 0 {
		t.line("  No use seen.")
		return
	}
	g := &grid{header: reachHead}
	for _, u := range d.Uses {
		g.add(reachCells(u)...)
	}
	t.grid(g)
}

var reachHead = []string{"Reaches", "Does", "With", "Would do", "Seen at"}

func reachCells(u *inventory.Usage) []string {
	with := orUnknown(clean(u.Name, nameMax))
	if u.Name == "" && u.Kind != inventory.UseUnknown {
		with = clean(u.Kind, 40)
	} else if u.Name != "" {
		with += " (" + clean(strings.TrimSuffix(u.Kind+", "+u.Style, ", "), nameMax) + ")"
	}
	at := clean(u.Path, nameMax)
	if u.Line > 0 {
		at += ":" + number(u.Line)
	}
	return []string{orUnknown(clean(u.System, 60)), orUnknown(clean(u.Operation, nameMax)), with, orUnknown(clean(u.LeastScope, nameMax)), at}
}

func (t *page) owner(o *inventory.Owner) {
	t.heading("Owner")
	if o == nil || o.Reason == "" {
		t.line("  %s", ownerText(o))
		return
	}
	reason := clean(o.Reason, textMax)
	if o.Band != inventory.OwnerNone { // a reason for none says so itself
		reason = clean(o.Band, 20) + ": " + reason
	}
	t.line("  %s", reason)
	g := &grid{header: []string{"", "", ""}, keep: []bool{true}, bare: true}
	for _, c := range o.Claims {
		g.add(weight(c.Weight), clean(c.Candidate, nameMax), claimText(c))
	}
	t.grid(g)
}

// claimText says what a claim rests on, and why it counts less.
func claimText(c inventory.Claim) string {
	s := clean(c.Evidence, textMax)
	if _, ok := c.At.Time(); ok {
		s += " on " + date(c.At)
	}
	if c.Note != "" {
		s += "; " + clean(c.Note, textMax)
	}
	return s
}

func (t *page) gaps(gaps []*inventory.Gap) {
	t.heading("Gaps")
	if len(gaps) == 0 {
		t.line("  0 gaps, %s.", t.v.coverage().Examined())
		return
	}
	for _, g := range gaps {
		r := t.v.rule(g.Rule, g.Code)
		t.line("  %s  %s", t.v.severity(g.Severity), clean(g.Message, textMax))
		rows := &grid{header: []string{"", ""}, keep: []bool{true}, bare: true}
		rows.add("  Rule", clean(strings.TrimSpace(r.Code+" "+r.Title), nameMax))
		for _, e := range g.Evidence {
			rows.add("  Evidence", clean(e, textMax))
		}
		if strings.Contains(g.Arithmetic, ",") { // a step was added to the rule's own severity, or taken away
			rows.add("  Severity", clean(g.Arithmetic, textMax))
		}
		rows.add("  First seen", dated(g.FirstSeen, t.v.now))
		if r.Fix != "" {
			rows.add("  Fix", clean(r.Fix, textMax))
		}
		t.grid(rows)
	}
}

func (t *page) timeline(events []inventory.Event) {
	t.heading("Timeline")
	if len(events) == 0 {
		t.line("  No event recorded.")
		return
	}
	g := &grid{header: []string{"", "", ""}, keep: []bool{true, true}, bare: true}
	for _, e := range events {
		c := t.v.change(e)
		g.add(c.When, c.Kind, c.Sentence())
	}
	t.grid(g)
}
