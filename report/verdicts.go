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
	Open     int                // gaps
	Worst    fewGaps            // of them
	Longest  fewGaps            // the first of them in the order of what to do first
	Ages     [5]int             // open gaps of 0-7, 8-30, 31-90, 91-180, over 180 days; unknown ages are in none
	Owners   []ownerCount       // most gaps first
	owners   map[string]int     // where each stands while they are counted
}

type ownerCount struct {
	Owner string // "none" when there is none
	Gaps  int
}

// Of is the number of subjects that the rule applies to.
func (r ruleRow) Of() int { return r.Pass + r.Fail + r.Unknown }

// quiet reports whether a rule found neither a gap nor a doubt.
func (r ruleRow) quiet() bool { return r.Fail == 0 && r.Unknown == 0 && r.Open == 0 }

// fewGaps keeps the first of the gaps that are added to it, a few more than most; first returns most.
type fewGaps struct {
	most    int
	compare func(a, b inventory.Gap) int
	gaps    []inventory.Gap
	cut     bool // gaps begins with most in their order
}

func (f *fewGaps) add(g *inventory.Gap) {
	if f.cut && f.compare(*g, f.gaps[f.most-1]) > 0 {
		return
	}
	if f.gaps = append(f.gaps, *g); len(f.gaps) >= 4*f.most {
		f.gaps, f.cut = f.first(), true
	}
}

// first returns the first, in their order.
func (f *fewGaps) first() []inventory.Gap {
	slices.SortFunc(f.gaps, f.compare)
	return f.gaps[:min(len(f.gaps), f.most)]
}

// gapTally counts the open gaps of all rules.
type gapTally struct {
	v          *view
	total      int
	bySeverity map[inventory.Severity]int
	worst      fewGaps
	byRule     map[string]*ruleRow
	rows       []*ruleRow // in the order in which they came up
}

// tallyGaps reads the list of gaps once. each, which may be nil, gets all of them.
func (v *view) tallyGaps(each func(*inventory.Gap)) *gapTally {
	t := &gapTally{v: v, bySeverity: map[inventory.Severity]int{}, worst: fewGaps{most: worstGaps, compare: compareGaps}, byRule: map[string]*ruleRow{}}
	for _, c := range v.Verdicts {
		t.row(c.Rule, "").VerdictCount = c
	}
	for g := range v.lists.Gaps() {
		t.total++
		t.bySeverity[g.Severity]++
		t.worst.add(g)
		r := t.row(g.Rule, g.Code)
		r.Text.Code = cmp.Or(r.Text.Code, g.Code)
		v.addGap(r, g)
		if each != nil {
			each(g)
		}
	}
	return t
}

func (t *gapTally) row(rule, code string) *ruleRow {
	if t.byRule[rule] == nil {
		t.byRule[rule] = &ruleRow{
			VerdictCount: inventory.VerdictCount{Rule: rule}, Text: t.v.rule(rule, code),
			Worst: fewGaps{most: worstCasesShown, compare: compareGaps}, Longest: fewGaps{most: actionsPerRule + actionsShown, compare: longestFirst},
		}
		t.rows = append(t.rows, t.byRule[rule])
	}
	return t.byRule[rule]
}

// ruleRows returns all rules, those with gaps first, worst first.
func (t *gapTally) ruleRows() []ruleRow {
	rows := make([]ruleRow, len(t.rows))
	for i, r := range t.rows {
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
	r.Open++
	r.Worst.add(g)
	r.Longest.add(g)
	r.Severity = max(r.Severity, g.Severity)
	if v.isNew(g) {
		r.New++
	}
	if days, ok := g.FirstSeen.DaysBefore(v.now); ok {
		r.Ages[ageBand(days)]++
	}
	owner := orNone(clean(g.Owner, nameMax))
	if r.owners == nil {
		r.owners = map[string]int{}
	}
	i, known := r.owners[owner]
	if !known {
		i = len(r.Owners)
		r.owners[owner] = i
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
func (c coverage) quietSentence(rows []ruleRow) string {
	quiet, blind := 0, 0
	for _, r := range rows {
		if !r.quiet() {
			continue
		}
		quiet++
		if slices.ContainsFunc(r.Text.Reads, func(source string) bool { return c.Short[source] }) {
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

// sentence says "611 gaps (12 critical, 214 high)". It is never printed without coverage.Examined.
func (t *gapTally) sentence() string {
	var parts []string
	for s := inventory.Critical; s >= inventory.Info; s-- {
		if n := t.bySeverity[s]; n > 0 {
			parts = append(parts, number(n)+" "+s.String())
		}
	}
	text := count(t.total, "gap", "gaps")
	if len(parts) > 0 {
		text += " (" + strings.Join(parts, ", ") + ")"
	}
	return text
}
