package rules

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nhiscan/inventory"
)

func TestPolicyValidate(t *testing.T) {
	waiver := Waiver{Rule: "EXP-001", Subject: "shop/*", Reason: "vendor cannot rotate", Approver: "@a.kim", Until: "2027-01-31"}
	for _, c := range []struct {
		name   string
		change func(*Policy)
		want   string
	}{
		{"defaults_are_valid", func(p *Policy) {}, ""},
		{"complete_waiver", func(p *Policy) { p.Waivers = []Waiver{waiver} }, ""},
		{"no_days", func(p *Policy) { p.StaleDays = 0 }, "policy stale_days: 0: want at least 1 day"},
		{"target_above_limit", func(p *Policy) { p.TargetLifetimeDays = 400 }, "policy target_lifetime_days: 400 is above max_lifetime_days (365)"},
		{"windows_must_fall", func(p *Policy) { p.ExpiringDays = []int{1, 7, 14, 30} }, "policy expiring_days: [1 7 14 30]: want 4 falling numbers of days above 0"},
		{"confidence_is_a_share", func(p *Policy) { p.OwnerConfidence = 60 }, "policy owner_confidence: 60: want more than 0, at most 1"},
		{"waiver_without_reason", func(p *Policy) { w := waiver; w.Reason = ""; p.Waivers = []Waiver{w} }, "waiver 1: reason is missing"},
		{"waiver_without_approver", func(p *Policy) { w := waiver; w.Approver = ""; p.Waivers = []Waiver{w} }, "waiver 1: approver is missing"},
		{"waiver_without_end", func(p *Policy) { w := waiver; w.Until = ""; p.Waivers = []Waiver{w} }, `waiver 1: until "": want a date such as 2027-01-31`},
		{"waiver_of_no_rule", func(p *Policy) { w := waiver; w.Rule = "EXP-999"; p.Waivers = []Waiver{w} }, `waiver 1: rule "EXP-999": no such rule`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := DefaultPolicy()
			c.change(&p)
			got := ""
			if err := p.Validate(); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("Validate() = %q, want %q", got, c.want)
			}
		})
	}
}

func TestPolicyHash(t *testing.T) {
	a, b := DefaultPolicy(), DefaultPolicy()
	if a.Hash() != b.Hash() || len(a.Hash()) != 16 {
		t.Errorf("Hash() = %q and %q, want the same 16 digits", a.Hash(), b.Hash())
	}
	b.StaleDays++
	if a.Hash() == b.Hash() {
		t.Error("Hash() is the same for another threshold")
	}
}

func TestWaivers(t *testing.T) {
	s, _ := parseRows(t, []byte(`
homes:
- {id: cart, kind: project, path: shop/cart}
credentials:
- {id: c1, kind: deploy-token, home: cart, name: registry-pull, expires_at: never}
`))
	for _, c := range []struct {
		name   string
		waiver Waiver
		waived bool
	}{
		{"by_path_and_name", Waiver{"EXP-001", "shop/*/registry-*", "vendor", "@a.kim", "2026-11-22"}, true},
		{"by_id", Waiver{"credential-never-expires", "c1", "vendor", "@a.kim", "2026-11-23"}, true},
		{"another_subject", Waiver{"EXP-001", "ops/*", "vendor", "@a.kim", "2027-01-01"}, false},
		{"another_rule", Waiver{"EXP-002", "*", "vendor", "@a.kim", "2027-01-01"}, false},
		{"ended_yesterday", Waiver{"EXP-001", "*", "vendor", "@a.kim", "2026-11-21"}, false},
		{"nobody_approved", Waiver{"EXP-001", "*", "vendor", "", "2027-01-01"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := DefaultPolicy()
			p.Waivers = []Waiver{c.waiver}
			r := Evaluate(inventory.NewIndex(s), History{}, p, testNow)
			is := func(g inventory.Gap) bool { return g.Rule == "credential-never-expires" }
			open := slices.ContainsFunc(r.Gaps, is)
			waived := slices.ContainsFunc(r.Waived, func(w Waived) bool { return is(w.Gap) && w.Reason == "vendor" })
			if waived != c.waived || open == c.waived {
				t.Errorf("waived = %v, open = %v, want waived = %v", waived, open, c.waived)
			}
			i := slices.IndexFunc(r.Verdicts, func(v inventory.VerdictCount) bool { return v.Rule == "credential-never-expires" })
			if r.Verdicts[i].Fail != 1 {
				t.Errorf("Fail = %d, want 1: a waived gap still counts", r.Verdicts[i].Fail)
			}
		})
	}
}

func TestTierByName(t *testing.T) {
	for name, want := range map[string]tier{
		"PROD_DB": production, "db_production": production, "live": production, "eu/prod-2": production, "prod-test": production,
		"PRODUCT_KEY": anyTier, "DELIVER": anyTier, "REPRODUCE": anyTier, "": anyTier,
		"STAGING": elsewhere, "review/*": elsewhere, "test2": elsewhere, "LATEST": anyTier,
	} {
		if got := tierByName(name); got != want {
			t.Errorf("tierByName(%q) = %v, want %v", name, got, want)
		}
	}
}

func TestAtLeast(t *testing.T) {
	for version, want := range map[string]inventory.Tri{
		"17.4.0": inventory.Yes, "17.4": inventory.Yes, "18.0.1-ee": inventory.Yes, "17.3.9": inventory.No, "16.11": inventory.No,
		"17.4-pre": inventory.Yes, "": inventory.Unknown, "new": inventory.Unknown,
	} {
		if got := atLeast(version, 17, 4); got != want {
			t.Errorf("atLeast(%q, 17, 4) = %v, want %v", version, got, want)
		}
	}
}

func TestSeverityStaysInBounds(t *testing.T) {
	s, _ := parseRows(t, []byte(`
homes:
- {id: cart, kind: project, path: shop/cart, visibility: public}
`))
	p := newPass(inventory.NewIndex(s), History{}, DefaultPolicy(), testNow)
	rule := &Rule{Severity: inventory.Critical}
	got, text := p.severity(rule, subject{home: "cart"}, Fail("is bad"))
	if want := "base critical, +1 public = critical (the limit)"; got != inventory.Critical || text != want {
		t.Errorf("severity(…) = %v, %q, want critical, %q", got, text, want)
	}
}

func TestFew(t *testing.T) {
	for _, c := range []struct {
		in   []string
		want safe
	}{
		{nil, ""},
		{[]string{"b", "a", "b"}, "a, b"},
		{[]string{"e", "d", "c", "b", "a"}, "a, b, c and 2 more"},
		{[]string{"a\nb"}, `a\nb`},
	} {
		if got := few(c.in); got != c.want {
			t.Errorf("few(%q) = %q, want %q", c.in, got, c.want)
		}
	}
	if diff := cmp.Diff([]safe{"1 place", "2 places", "2 days", "2 companies"}, []safe{count(1, "place"), count(2, "place"), count(2, "day"), count(2, "company")}); diff != "" {
		t.Errorf("count (-want +got):\n%s", diff)
	}
}
