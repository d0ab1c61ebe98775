package rules

import (
	"maps"
	"slices"

	"nhiscan/inventory"
)

var staticBesideShortLived = Rule{
	ID:       "static-beside-short-lived",
	Code:     "PIP-001",
	Title:    "Static credential beside short-lived ones for the same provider",
	Severity: inventory.Medium,
	Why:      "The project has the way to short-lived credentials already; the static one that one job still uses keeps the old risk for nothing.",
	Fix:      "Let the job take the way that the other one takes, run it once, then revoke the static credential.",
	Refs:     []string{"OWASP NHI6:2025", "OWASP NHI7:2025", "NIST SP 800-53 IA-5", "NIST SP 800-53 IA-9", "ISO 27001:2022 A.8.5"},
	Reads:    []string{"pipeline", "variable"},
	Check: pipelineProjects(func(p *Pass, h inventory.Home) Verdict {
		wired, static := map[string][]string{}, map[string][]*inventory.Usage{}
		for _, job := range p.jobsIn(h.ID) {
			for _, u := range p.X.UsagesBy(job.ID) {
				to := providerOf(u)
				switch {
				case to == "":
				case shortLived(u):
					wired[to] = append(wired[to], quoted(u.Job))
				case u.Kind == inventory.UseVariable && p.secretUse(u), u.Kind == inventory.UseImplicit && p.secretUse(u), u.Kind == inventory.UseLiteral:
					static[to] = append(static[to], u)
				}
			}
		}
		for _, to := range slices.Sorted(maps.Keys(wired)) {
			if uses := static[to]; len(uses) > 0 {
				v := Fail("uses a static credential for %s in %s, though %s gets short-lived ones; let both go that way", to, jobNames(uses), few(wired[to])).
					With("provider = %s", to)
				return withNames(v, uses)
			}
		}
		if v, hidden := p.unseen(h.ID, "pipeline"); hidden {
			return v
		}
		if len(wired) == 0 {
			return NotApplicable // ID tokens and external secrets stand in the configuration
		}
		if v, hidden := p.unread(h.ID); hidden {
			return v
		}
		return Ok
	}),
}

// withNames adds the names of the first uses as evidence.
func withNames(v Verdict, uses []*inventory.Usage) Verdict {
	for _, u := range firstUses(uses) {
		v = v.With("job %q uses %s (%s:%d)", u.Job, u.Name, u.Path, u.Line)
	}
	return v
}
