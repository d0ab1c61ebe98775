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
