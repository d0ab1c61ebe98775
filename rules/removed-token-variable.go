package rules

import (
	"slices"

	"nhiscan/inventory"
)

// removedTokens are the variables into which GitLab put a token, and no longer does.
// Source: https://docs.gitlab.com/update/deprecations/ (CI_JOB_JWT: gone in 17.0; CI_BUILD_TOKEN: in 9.0 and 16.0).
var removedTokens = []string{"CI_BUILD_TOKEN", "CI_JOB_JWT", "CI_JOB_JWT_V1", "CI_JOB_JWT_V2"}

var removedTokenVariable = Rule{
	ID:       "removed-token-variable",
	Code:     "VAR-011",
	Title:    "Job relies on a token variable that GitLab removed",
	Severity: inventory.Medium,
	Why:      "The variable is empty: the job fails, or goes on without proving who it is. Whoever may set variables can put a token of choice in its place.",
	Fix:      "Declare id_tokens with an audience for each relying party, and use CI_JOB_TOKEN for GitLab itself.",
	Refs:     []string{"OWASP NHI4:2025", "NIST SP 800-53 SA-22", "ISO 27001:2022 A.8.5"},
	Reads:    []string{"pipeline"},
	Check: workloads(func(p *Pass, job inventory.Identity) Verdict {
		if len(p.X.UsagesBy(job.ID)) == 0 {
			if v, hidden := p.jobUnread(job); hidden {
				return v
			}
			return NotApplicable // it uses no token at all
		}
		var v Verdict
		var found []string
		for _, u := range p.X.UsagesBy(job.ID) {
			if slices.Contains(removedTokens, u.Name) && !slices.Contains(found, u.Name) {
				found = append(found, u.Name)
				v = v.With("%s:%d", u.Path, u.Line)
			}
		}
		if len(found) > 0 {
			slices.Sort(v.evidence)
			f := Fail("uses %s, which GitLab no longer sets (gone since 17.0); use id_tokens", few(found))
			f.evidence = v.evidence
			return f
		}
		// Names in scripts count too, but the configuration is where such variables stand.
		if v, hidden := p.unseen(job.Home, "pipeline"); hidden {
			return v
		}
		return Ok
	}),
}
