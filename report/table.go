package report

import (
	"fmt"
	"io"
	"strings"

	"nhiscan/inventory"
)

// worstGaps is how many gaps the table lists; the rest is in the other formats.
const worstGaps = 20

// writeTable writes the report for a terminal: what was seen stands before what was found.
func writeTable(w io.Writer, v *view) error {
	t := &page{w: w, v: v}
	cov := v.coverage()
	t.masthead()
	t.summary(cov)
	t.verdicts(cov)
	t.worst()
	t.changes()
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

func (t *page) summary(cov coverage) {
	v := t.v
	t.heading("Coverage")
	t.line("  %s.", cov.Projects.Sentence("project", "projects"))
	t.line("  %s.", cov.Groups.Sentence("group", "groups"))
	t.line("  %s.", v.population())
	if len(v.Measures) > 0 {
		t.heading("Where, who, how fast")
		t.measures()
	}
}

// population counts what is in the inventory.
func (v *view) population() string {
	active := 0
	for _, c := range v.x.Credentials {
		if c.Active() {
			active++
		}
	}
	secrets := 0
	for _, l := range v.x.Locations {
		if l.SecretLike == inventory.Yes || l.Fingerprint != "" {
			secrets++
		}
	}
	return fmt.Sprintf("%s (%s not known to be dead) of %s, %s that hold secrets, %s in pipeline jobs",
		count(len(v.x.Credentials), "credential", "credentials"), number(active), count(len(v.x.Identities), "identity", "identities"),
		count(secrets, "place", "places"), count(len(v.x.Usages), "use", "uses"))
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

func (t *page) verdicts(cov coverage) {
	v := t.v
	totals := v.verdictTotals()
	t.heading("Verdicts")
	t.line("  %s, %s.", v.gapSentence(), cov.Examined())
	g := &grid{header: []string{"", "Rule", "Code", "Fail", "Unknown", "Pass", "N/A"}, keep: []bool{true, false, true, true, true, true, true}, right: []bool{false, false, false, true, true, true, true}}
	rows := v.ruleRows()
	for _, r := range rows {
		if r.quiet() {
			continue
		}
		g.add(v.severity(r.Severity), clean(r.Text.Title, nameMax), clean(r.Text.Code, 20), number(r.Fail), number(r.Unknown), number(r.Pass), number(r.NotApplicable))
	}
	t.grid(g)
	if quiet := v.quietSentence(rows); quiet != "" {
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

func (t *page) worst() {
	v := t.v
	if len(v.gaps) == 0 {
		return
	}
	n := min(worstGaps, len(v.gaps))
	if n == len(v.gaps) {
		t.heading("Gaps, worst first")
	} else {
		t.heading(fmt.Sprintf("Worst gaps: %d of %s", n, number(len(v.gaps))))
	}
	g := &grid{header: []string{"", "Gap", "Owner", "First seen"}, keep: []bool{true, false, false, true}}
	for i := range v.gaps[:n] {
		gap := &v.gaps[i]
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

// changesShown is how many events of one kind the table lists.
const changesShown = 5

func (t *page) changes() {
	v := t.v
	if v.Previous == nil {
		t.heading("What changed")
		t.line("  No earlier scan to compare with.")
		return
	}
	t.heading(fmt.Sprintf("What changed since scan %s of %s", number(int(v.Previous.Number)), minute(v.Previous.Began)))
	groups := v.changeGroups(changesShown)
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
	case len(t.v.x.Coverage) == 0:
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
