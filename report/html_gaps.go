package report

import (
	"cmp"
	"slices"
	"strings"

	"nhiscan/inventory"
)

// action is one thing to do first.
type action struct {
	Severity string
	Title    string
	Message  string
	Owner    string
	Since    string
	Fix      string
	Command  string
	Page     string // ID of the page; empty for none
	Also     []string
}

// actionsShown is how many actions the page proposes; more would be a list, not a choice.
const actionsShown = 7

// actionsPerRule keeps one frequent rule from filling the list.
const actionsPerRule = 2

// actions returns the worst open gaps, oldest first within a severity; what concerns one subject is one action.
func (v *view) actions(tally *gapTally) []action {
	var gaps []inventory.Gap
	for _, r := range tally.rows {
		gaps = append(gaps, r.Longest.first()...)
	}
	slices.SortFunc(gaps, longestFirst)
	perRule, done := map[string]int{}, map[string]bool{}
	var chosen []*inventory.Gap
	for i := range gaps {
		g := &gaps[i]
		if len(chosen) == actionsShown {
			break
		}
		if done[g.Subject] || perRule[g.Rule] == actionsPerRule {
			continue
		}
		done[g.Subject] = true
		perRule[g.Rule]++
		chosen = append(chosen, g)
	}
	others := v.about(done).gaps
	var out []action
	for _, g := range chosen {
		out = append(out, v.action(g, others[g.Subject]))
	}
	return out
}

// longestFirst orders gaps by what to do first: the worst, and among these what has been open longest.
func longestFirst(a, b inventory.Gap) int {
	return cmp.Or(-cmp.Compare(a.Severity, b.Severity), a.FirstSeen.Compare(b.FirstSeen), compareGaps(a, b))
}

// action proposes to close a gap; others are all gaps of its subject.
func (v *view) action(g *inventory.Gap, others []*inventory.Gap) action {
	r, s := v.rule(g.Rule, g.Code), v.subject(g.Subject)
	a := action{
		Severity: g.Severity.String(), Title: clean(r.Title, nameMax) + ": " + clean(s.Name, nameMax), Message: clean(g.Message, textMax),
		Owner: orNone(clean(g.Owner, nameMax)), Since: dated(g.FirstSeen, v.now), Fix: clean(r.Fix, textMax), Page: s.Page,
	}
	id := g.Subject
	if l := v.x.Location(id); l != nil {
		id = l.Credential // what the command show tells of a place it tells of its secret
	}
	if v.x.Credential(id) != nil {
		a.Command = "nhi-scan show " + shellQuote(inventory.Printable(id, 0))
	}
	for _, other := range others {
		if other.Rule != g.Rule {
			a.Also = append(a.Also, clean(v.rule(other.Rule, other.Code).Title, nameMax))
		}
	}
	return a
}

// toneSection is one column of what changed.
type toneSection struct {
	Title  string // "Worse"
	Total  int
	Groups []changeGroup
}

func (v *view) toneSections() []toneSection {
	groups := v.changeGroups(recentEvents(v.Document))
	var out []toneSection
	for _, t := range tones {
		s := toneSection{Title: strings.ToUpper(t.name[:1]) + t.name[1:]}
		for _, g := range groups {
			if g.Tone == t.name {
				s.Groups = append(s.Groups, g)
				s.Total += g.Total
			}
		}
		out = append(out, s)
	}
	return out
}

// More is how many events of this kind are not listed.
func (c changeGroup) More() int { return c.Total - len(c.Events) }

// ruleSection is one row of the gaps by rule.
type ruleSection struct {
	ruleRow
	SeverityName string
	Bar          []segment
	Hist         []histBar
	HistText     string
	Cases        []worstCase
	Unknowns     []countRow
	OwnerText    string
}

type histBar struct{ X, Y, Height string }

type worstCase struct{ Severity, Message, Why, Owner, Page string }

// worstCasesShown is how many gaps of a rule the page lists.
const worstCasesShown = 8

// ruleSections are the rules with gaps or doubts; quiet is the sentence about the others.
func (v *view) ruleSections(gaps *gapTally, cov coverage) (out []ruleSection, quiet string) {
	rows := gaps.ruleRows()
	for _, r := range rows {
		if r.quiet() {
			continue
		}
		s := ruleSection{ruleRow: r, SeverityName: r.Severity.String(), Bar: bar(part{r.Fail, "ac"}, part{r.Unknown, "hatch"}, part{r.Pass, "f4"})}
		s.Hist, s.HistText = ageBars(r.Ages)
		for _, g := range r.Worst.first() {
			s.Cases = append(s.Cases, worstCase{g.Severity.String(), clean(g.Message, textMax), clean(g.Arithmetic, nameMax), orNone(clean(g.Owner, nameMax)), v.subject(g.Subject).Page})
		}
		for reason, n := range r.Reasons {
			s.Unknowns = append(s.Unknowns, countRow{Name: clean(reason, textMax), N: n})
		}
		slices.SortFunc(s.Unknowns, func(a, b countRow) int { return cmp.Or(-cmp.Compare(a.N, b.N), cmp.Compare(a.Name, b.Name)) })
		if more := len(s.Unknowns) - worstCasesShown; more > 0 {
			s.Unknowns = append(s.Unknowns[:worstCasesShown], countRow{Name: "other reasons", N: more})
		}
		s.OwnerText = ownersText(r.Owners)
		out = append(out, s)
	}
	return out, cov.quietSentence(rows)
}

// More is how many gaps of the rule are not listed.
func (s ruleSection) More() int { return s.Open - len(s.Cases) }

func ownersText(owners []ownerCount) string {
	var parts []string
	for i, o := range owners {
		if i == 4 {
			parts = append(parts, "and "+number(len(owners)-i)+" more")
			break
		}
		parts = append(parts, o.Owner+" "+number(o.Gaps))
	}
	return strings.Join(parts, ", ")
}
