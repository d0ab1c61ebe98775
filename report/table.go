package report

import (
	"fmt"
	"io"
	"strings"

	"nhiscan/inventory"
)

// worstGaps is how many gaps the table lists; the rest is in the other formats.
const worstGaps = 20

// writeTable writes the report for a terminal: what was seen stands before what was found. It reads every list at most
// once, and keeps of them what it shows.
func writeTable(w io.Writer, d *Document, o Options) error {
	events := recentEvents(d)
	rows, people := takeCensus(d, events)
	v := partView(d, o, rows)
	t := &page{w: w, v: v}
	cov, gaps := v.coverage(), v.tallyGaps(nil)
	if err := v.lists.Err(); err != nil {
		return err
	}
	t.masthead()
	t.summary(cov, people)
	t.verdicts(cov, gaps)
	t.worst(gaps)
	t.changes(events)
	t.notSeen(cov)
	return t.err
}

// page writes blocks of terminal text and keeps the first error.
type page struct {
	w   io.Writer
	v   *view
	err error
}

// line writes a paragraph, wrapped, its further lines indented as far as its first.
func (t *page) line(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	indent := text[:len(text)-len(strings.TrimLeft(text, " "))]
	for _, l := range wrap(strings.TrimLeft(text, " "), t.v.width-len(indent)) {
		t.raw(indent + l)
	}
}

func (t *page) raw(s string) {
	if t.err == nil {
		_, t.err = io.WriteString(t.w, s+"\n")
	}
}

func (t *page) heading(s string) {
	t.raw("")
	t.raw(t.v.styled(bold, s))
}

func (t *page) grid(g *grid) {
	for i, h := range g.header {
		g.header[i] = t.v.styled(faint, h)
	}
	if t.err == nil {
		t.err = g.write(t.w, t.v.width)
	}
}

func (t *page) masthead() {
	v := t.v
	s := v.Scan
	ended := ", not ended"
	if s.Ended != nil {
		ended = " to " + minute(*s.Ended) + " UTC"
	}
	t.raw(v.styled(bold, clean(s.Instance, nameMax)+", scan "+number(int(s.Number))))
	t.line("%s%s, %s. %s", minute(s.Began), ended, orUnknown(clean(s.State, 40)), v.scope())
	t.line("Scanned as %s.", v.scannedAs())
}

func (v *view) scope() string {
	if len(v.Scan.Scope) == 0 {
		return "Scope: everything the token can see."
	}
	names := make([]string, len(v.Scan.Scope))
	for i, s := range v.Scan.Scope {
		names[i] = clean(s, nameMax)
	}
	return "Scope: " + strings.Join(names, ", ") + "."
}

// scannedAs says who looked, with which rights and for how long still.
func (v *view) scannedAs() string {
	k := v.Scan.Token
	s := orUnknown(clean(k.Username, nameMax))
	if k.Role != "" {
		s += " (" + clean(k.Role, 40) + ")"
	}
	if k.Admin != inventory.Yes {
		s += ", " + map[inventory.Tri]string{inventory.No: "not an administrator", inventory.Unknown: "administrator or not is unknown"}[k.Admin]
	}
	if k.Scope != "" {
		s += ", scopes " + clean(k.Scope, nameMax)
	}
	switch {
	case k.ExpiresAt.IsNever():
		s += ", token never expires"
	case k.ExpiresAt.IsUnknown():
		s += ", token expiry unknown"
	default:
		s += ", token expires " + dated(k.ExpiresAt, v.now)
	}
	return s
}

func (t *page) summary(cov coverage, n census) {
	v := t.v
	t.heading("Coverage")
	t.line("  %s.", cov.Projects.Sentence("project", "projects"))
	t.line("  %s.", cov.Groups.Sentence("group", "groups"))
	t.line("  %s.", n)
	if len(v.Measures) > 0 {
		t.heading("Where, who, how fast")
		t.measures()
	}
}

func (t *page) measures() {
	g := &grid{header: []string{"", "", ""}, keep: []bool{true}, bare: true}
	for _, a := range answerTexts {
		m, ok := t.v.measure(a.name)
		switch {
		case !ok:
		case m.Denominator == 0:
			g.add(a.title, a.value(m), a.none)
		case a.published != "":
			g.add(a.title, a.value(m), a.of+"; published: "+a.published)
		default:
			g.add(a.title, a.value(m), a.of)
		}
	}
	t.grid(g)
}

func (t *page) verdicts(cov coverage, gaps *gapTally) {
	v := t.v
	totals := v.verdictTotals()
	t.heading("Verdicts")
	t.line("  %s, %s.", gaps.sentence(), cov.Examined())
	g := &grid{header: []string{"", "Rule", "Code", "Fail", "Unknown", "Pass", "N/A"}, keep: []bool{true, false, true, true, true, true, true}, right: []bool{false, false, false, true, true, true, true}}
	rows := gaps.ruleRows()
	for _, r := range rows {
		if r.quiet() {
			continue
		}
		g.add(v.severity(r.Severity), clean(r.Text.Title, nameMax), clean(r.Text.Code, 20), number(r.Fail), number(r.Unknown), number(r.Pass), number(r.NotApplicable))
	}
	t.grid(g)
	if quiet := cov.quietSentence(rows); quiet != "" {
		t.line("  %s", quiet)
	}
	if totals.Unknown > 0 {
		t.line("  %s unknown: neither pass nor fail.", count(totals.Unknown, "verdict is", "verdicts are"))
	}
}

func (v *view) severity(s inventory.Severity) string {
	name := s.String()
	switch s {
	case inventory.Critical:
		return v.styled(inverse, name)
	case inventory.High:
		return v.styled(boldRed, name)
	case inventory.Medium:
		return v.styled(bold, name)
	}
	return name
}

func (t *page) worst(gaps *gapTally) {
	v := t.v
	worst := gaps.worst.first()
	switch {
	case len(worst) == 0:
		return
	case len(worst) == gaps.total:
		t.heading("Gaps, worst first")
	default:
		t.heading(fmt.Sprintf("Worst gaps: %d of %s", len(worst), number(gaps.total)))
	}
	g := &grid{header: []string{"", "Gap", "Owner", "First seen"}, keep: []bool{true, false, false, true}}
	for i := range worst {
		gap := &worst[i]
		seen := date(gap.FirstSeen)
		if v.isNew(gap) {
			seen += " new"
		}
		g.add(v.severity(gap.Severity), clean(gap.Message, textMax), orNone(clean(gap.Owner, nameMax)), seen)
	}
	t.grid(g)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func (t *page) changes(events map[inventory.EventKind]*recent) {
	v := t.v
	if v.Previous == nil {
		t.heading("What changed")
		t.line("  No earlier scan to compare with.")
		return
	}
	t.heading(fmt.Sprintf("What changed since scan %s of %s", number(int(v.Previous.Number)), minute(v.Previous.Began)))
	groups := v.changeGroups(events)
	if len(groups) == 0 {
		t.line("  Nothing that this scan could see.")
	}
	g := &grid{header: []string{"", "", "", ""}, keep: []bool{true, true, true}, bare: true}
	tone := ""
	for _, c := range groups {
		first, kind := "", c.Title()
		if c.Tone != tone {
			tone, first = c.Tone, c.Tone
		}
		for _, e := range c.Events {
			g.add(first, kind, e.When, e.Sentence())
			first, kind = "", ""
		}
		if more := c.Total - len(c.Events); more > 0 {
			g.add("", "", "", "and "+number(more)+" more")
		}
	}
	t.grid(g)
}

func (t *page) notSeen(cov coverage) {
	t.heading("What was not seen, and what would show it")
	switch {
	case cov.Visits == 0:
		t.line("  No visit is recorded: what was not seen is unknown.")
		return
	case len(cov.Unseen) == 0:
		t.line("  Every visit was complete.")
		return
	}
	g := &grid{header: []string{"State", "Not seen", "Where", "Would show it"}, keep: []bool{true}}
	for _, u := range cov.Unseen[:min(len(cov.Unseen), worstGaps)] {
		g.add(string(u.State), u.What(), u.HowMuch(), u.Remedy)
	}
	t.grid(g)
	if more := len(cov.Unseen) - worstGaps; more > 0 {
		t.line("  and %s", count(more, "more reason", "more reasons"))
	}
}
