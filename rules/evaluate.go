package rules

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"nhiscan/inventory"
)

// Result is what Evaluate found.
type Result struct {
	Gaps     []inventory.Gap          // not waived; by severity, highest first, then rule, subject and message; nil from Judge
	Verdicts []inventory.VerdictCount // of every rule, in catalogue order; a waived gap counts as fail
	Waived   []Waived                 // in the order of Gaps
	Measures []inventory.Measure      // sorted by name, then scope with the instance first
}

// Evaluate judges every subject of x by every rule. The Gaps' FirstSeen is unknown: only a store can tell it.
// h tells of earlier scans, and of this one's events; without it the rules that compare scans are unknown.
// x must hold the resolved owners; a subject without one is unknown to the rules that ask for it. The order of rows
// does not matter.
func Evaluate(x *inventory.Index, h History, policy Policy, now time.Time) Result {
	var gaps []inventory.Gap
	r := Judge(x, h, policy, now, func(g inventory.Gap) { gaps = append(gaps, g) })
	slices.SortFunc(gaps, compareGaps)
	r.Gaps = gaps
	return r
}

// Judge is Evaluate for gaps that nobody need hold: it hands each to gap as it is found, home by home, and keeps nothing
// of a home.
func Judge(x *inventory.Index, h History, policy Policy, now time.Time, gap func(inventory.Gap)) Result {
	p := newPass(x, h, policy, now)
	catalogue := All()
	tallies := make([]tally, len(catalogue))
	severe := map[string]bool{} // subjects with an open gap of high severity or more
	var r Result
	for at := range p.places() {
		for i := range catalogue {
			catalogue[i].Check.judge(p, at, func(s subject, v Verdict) {
				tallies[i].add(v)
				if v.answer != fail {
					return
				}
				g := p.gap(&catalogue[i], s, v)
				if w := p.waiver(g, s); w != nil {
					r.Waived = append(r.Waived, Waived{Gap: g, Reason: w.Reason, Approver: w.Approver, Until: w.Until})
					return
				}
				if g.Severity >= inventory.High {
					severe[g.Subject] = true
				}
				gap(g)
			})
		}
	}
	for i := range catalogue {
		r.Verdicts = append(r.Verdicts, tallies[i].count(catalogue[i].ID))
	}
	slices.SortFunc(r.Waived, func(a, b Waived) int { return compareGaps(a.Gap, b.Gap) })
	r.Measures = measures(p, severe)
	return r
}

// waiver returns what accepts a gap, or nil.
func (p *Pass) waiver(g inventory.Gap, s subject) *Waiver {
	if len(p.Policy.Waivers) == 0 {
		return nil
	}
	return p.Policy.waiver(g, s.label(p), p.Now)
}

func compareGaps(a, b inventory.Gap) int {
	return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Rule, b.Rule),
		cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Message, b.Message))
}

func (p *Pass) gap(rule *Rule, s subject, v Verdict) inventory.Gap {
	severity, arithmetic := p.severity(rule, s, v)
	g := inventory.Gap{
		Rule: rule.ID, Code: rule.Code, Subject: s.id, Home: s.home,
		Severity: severity, Arithmetic: arithmetic,
		Message:  s.name(p) + " " + v.message,
		Evidence: v.evidence,
	}
	if o := s.owner(p); o != nil {
		g.Owner = o.Owner
	}
	return g
}

// places yields every subject once: home by home in the order of their IDs, then the rows whose home is unknown or
// not in the snapshot, then what belongs to no home.
func (p *Pass) places() iter.Seq[place] {
	return func(yield func(place) bool) {
		for _, h := range p.homes {
			at := place{home: h, credentials: p.X.CredentialsIn(h.ID), identities: p.X.IdentitiesIn(h.ID), locations: p.X.LocationsIn(h.ID)}
			if !yield(at) {
				return
			}
		}
		elsewhere := place{
			credentials: strays(p, p.X.Credentials), identities: strays(p, p.X.Identities), locations: strays(p, p.X.Locations),
		}
		if yield(elsewhere) {
			yield(place{whole: true})
		}
	}
}

func strays[T inventory.Observation](p *Pass, rows *inventory.Table[T]) []*T {
	var out []*T
	for r := range rows.All() {
		if p.X.Home((*r).HomeOf()) == nil {
			out = append(out, r)
		}
	}
	return out
}

// tally counts one rule's answers.
type tally struct {
	answers [4]int
	reasons map[[2]string]*because // by the text before and after the place
}

type because struct {
	times  int
	place  string // the least, so that the order of rows does not show
	places bool   // more than one
}

func (t *tally) add(v Verdict) {
	t.answers[v.answer]++
	if v.answer != unknown {
		return
	}
	key := [2]string{v.reason.before, v.reason.after}
	b := t.reasons[key]
	switch {
	case b == nil:
		if t.reasons == nil {
			t.reasons = map[[2]string]*because{}
		}
		b = &because{place: v.reason.place}
		t.reasons[key] = b
	case b.place != v.reason.place:
		b.place, b.places = min(b.place, v.reason.place), true
	}
	b.times++
}

func (t *tally) count(rule string) inventory.VerdictCount {
	c := inventory.VerdictCount{
		Rule: rule, Pass: t.answers[pass], Fail: t.answers[fail], Unknown: t.answers[unknown], NotApplicable: t.answers[notApplicable],
		Reasons: map[string]int{},
	}
	for key, b := range t.reasons {
		where := b.place
		if b.places {
			where += " and others"
		}
		c.Reasons[key[0]+where+key[1]] += b.times
	}
	return c
}
