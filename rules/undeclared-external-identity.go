package rules

import "nhiscan/inventory"

var undeclaredExternalIdentity = Rule{
	ID:       "undeclared-external-identity",
	Code:     "PIP-012",
	Title:    "Job reaches a provider with a credential that nobody declared",
	Severity: inventory.Info,
	Why:      "The credential comes from elsewhere, a role of the runner's machine or an image, so every job on that runner may hold it and nobody rotates it here.",
	Fix:      "Find out which identity the job acts as, write it down with its owner, and give the job one of its own.",
	Refs:     []string{"OWASP NHI1:2025", "NIST SP 800-53 CM-8", "ISO 27001:2022 A.5.9"},
	Reads:    []string{"pipeline"},
	Check: workloads(func(p *Pass, job inventory.Identity) Verdict {
		var found []*inventory.Usage
		var systems []string
		for _, u := range p.X.UsagesBy(job.ID) {
			switch {
			case u.System == "" || u.System == "opaque-script" || u.Credential != "":
			case u.Kind == inventory.UseAmbient, u.Kind == inventory.UseUnknown, u.Kind == inventory.UseImplicit && len(p.variablesFor(u.Name, u.Home)) == 0 && p.variablesShown(u.Home):
				found = append(found, u)
				systems = append(systems, u.System)
			}
		}
		if len(found) > 0 {
			v := Fail("reaches %s with a credential that was not found in GitLab; record where it comes from", few(systems))
			return withUses(v, found)
		}
		if v, hidden := p.jobUnread(job); hidden {
			return v
		}
		if len(p.X.UsagesBy(job.ID)) == 0 {
			return NotApplicable
		}
		return Ok
	}),
}

// variablesShown reports whether all variables that jobs of a home may get were shown.
func (p *Pass) variablesShown(home string) bool {
	for _, h := range p.X.Chain(home) {
		if _, hidden := p.unseen(h.ID, "variable"); hidden {
			return false
		}
	}
	return true
}
