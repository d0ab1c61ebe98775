package report

import (
	"cmp"
	"slices"
	"strings"

	"nhiscan/inventory"
)

// ruleRow is one rule with its answers.
type ruleRow struct {
	inventory.VerdictCount
	Text     RuleText
	Severity inventory.Severity // the worst of its gaps, else the rule's own
	New      int                // gaps that appeared with this scan
	Gaps     []*inventory.Gap   // worst first
	Ages     [5]int             // open gaps of 0-7, 8-30, 31-90, 91-180, over 180 days; unknown ages are in none
	Owners   []ownerCount       // most gaps first
}

type ownerCount struct {
	Owner string // "none" when there is none
	Gaps  int
}

// Of is the number of subjects that the rule applies to.
func (r ruleRow) Of() int { return r.Pass + r.Fail + r.Unknown }

// quiet reports whether a rule found neither a gap nor a doubt.
func (r ruleRow) quiet() bool { return r.Fail == 0 && r.Unknown == 0 && len(r.Gaps) == 0 }

// ruleRows returns all rules, those with gaps first, worst first.
func (v *view) ruleRows() []ruleRow {
	by := map[string]*ruleRow{}
	out := make([]*ruleRow, 0, len(v.Verdicts))
	row := func(rule, code string) *ruleRow {
		if by[rule] == nil {
			by[rule] = &ruleRow{VerdictCount: inventory.VerdictCount{Rule: rule}, Text: v.rule(rule, code)}
			out = append(out, by[rule])
		}
		return by[rule]
	}
	for _, c := range v.Verdicts {
		row(c.Rule, "").VerdictCount = c
	}
	for i := range v.gaps {
		r := row(v.gaps[i].Rule, v.gaps[i].Code)
		r.Text.Code = cmp.Or(r.Text.Code, v.gaps[i].Code)
		v.addGap(r, &v.gaps[i])
	}
	rows := make([]ruleRow, len(out))
	for i, r := range out {
		r.Severity = cmp.Or(r.Severity, r.Text.Severity)
		slices.SortFunc(r.Owners, func(a, b ownerCount) int { return cmp.Or(-cmp.Compare(a.Gaps, b.Gaps), cmp.Compare(a.Owner, b.Owner)) })
		rows[i] = *r
	}
	slices.SortStableFunc(rows, func(a, b ruleRow) int {
		return cmp.Or(cmp.Compare(min(b.Fail, 1), min(a.Fail, 1)), cmp.Compare(b.Severity, a.Severity),
			cmp.Compare(b.Fail, a.Fail), cmp.Compare(b.Unknown, a.Unknown), cmp.Compare(a.Rule, b.Rule))
	})
	return rows
}

func (v *view) addGap(r *ruleRow, g *inventory.Gap) {
	r.Gaps = append(r.Gaps, g)
	r.Severity = max(r.Severity, g.Severity)
	if v.isNew(g) {
		r.New++
	}
	if days, ok := g.FirstSeen.DaysBefore(v.now); ok {
		r.Ages[ageBand(days)]++
	}
	owner := orNone(clean(g.Owner, nameMax))
	i := slices.IndexFunc(r.Owners, func(o ownerCount) bool { return o.Owner == owner })
	if i < 0 {
		i = len(r.Owners)
		r.Owners = append(r.Owners, ownerCount{Owner: owner})
	}
	r.Owners[i].Gaps++
}

func ageBand(days int) int {
	for i, limit := range []int{7, 30, 90, 180} {
		if days <= limit {
			return i
		}
	}
	return 4
}

// quietSentence counts the rules that found nothing, neither gaps nor doubts: some of them because they were not shown what
// they judge. Empty when there is none.
func (v *view) quietSentence(rows []ruleRow) string {
	short := map[string]bool{}
	for _, c := range v.x.Coverage {
		switch c.State {
		case inventory.Denied, inventory.Failed, inventory.Partial:
			short[c.Source] = true
		}
	}
	quiet, blind := 0, 0
	for _, r := range rows {
		if !r.quiet() {
			continue
		}
		quiet++
		if slices.ContainsFunc(r.Text.Reads, func(source string) bool { return short[source] }) {
			blind++
		}
	}
	noun := "rule"
	if quiet < len(rows) {
		noun = "more rule"
	}
	text := count(quiet, noun, noun+"s") + " without a gap and without an unknown verdict"
	switch {
	case quiet == 0:
		return ""
	case blind > 0:
		text += "; " + number(blind) + " of them did not see all that they judge"
	}
	return text + "."
}

func (v *view) verdictTotals() inventory.VerdictCount {
	var t inventory.VerdictCount
	for _, c := range v.Verdicts {
		t.Pass += c.Pass
		t.Fail += c.Fail
		t.Unknown += c.Unknown
		t.NotApplicable += c.NotApplicable
	}
	return t
}

// gapSentence says "611 gaps (12 critical, 214 high)". It is never printed without coverage.Examined.
func (v *view) gapSentence() string {
	by := map[inventory.Severity]int{}
	for _, g := range v.gaps {
		by[g.Severity]++
	}
	var parts []string
	for s := inventory.Critical; s >= inventory.Info; s-- {
		if by[s] > 0 {
			parts = append(parts, number(by[s])+" "+s.String())
		}
	}
	text := count(len(v.gaps), "gap", "gaps")
	if len(parts) > 0 {
		text += " (" + strings.Join(parts, ", ") + ")"
	}
	return text
}
