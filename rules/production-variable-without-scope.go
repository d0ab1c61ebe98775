package rules

import "nhiscan/inventory"

var productionVariableWithoutScope = Rule{
	ID:       "production-variable-without-scope",
	Code:     "VAR-004",
	Title:    "Production secret without an environment scope",
	Severity: inventory.Medium,
	Why:      "Jobs of every environment receive it, so a test job can reach production.",
	Fix:      "Limit the variable to its environment, and protect that environment.",
	Refs:     []string{"OWASP NHI8:2025", "NIST SP 800-53 AC-6", "NIST SP 800-53 SC-28", "SOC 2 CC6.3"},
	Reads:    []string{"variable", "environment", "pipeline"},
	counted:  []modifier{modProduction},
	Check: secretVariables(func(p *Pass, l inventory.Location) Verdict {
		h := p.X.Home(l.Home)
		switch {
		case h != nil && h.Kind == inventory.InstanceHome:
			return NotApplicable // instance variables have no scope
		case p.tier(&l) != production && !p.usedInProduction(l.Credential):
			return p.notForProduction(l)
		case l.Environment == "":
			return Unknown("GitLab did not show its environment scope")
		case !everything(l.Environment):
			return Ok
		}
		return Fail("is for production, but every environment receives it; set its environment scope").With("environment_scope = *")
	}),
}

// notForProduction judges a variable of which nothing tells that it is for production: a job that was not shown may use
// it there.
func (p *Pass) notForProduction(l inventory.Location) Verdict {
	if p.tier(&l) == elsewhere || !everything(l.Environment) {
		return NotApplicable
	}
	v, hidden := p.unseen(l.Home, "pipeline")
	if h := p.X.Home(l.Home); h == nil || h.Kind != inventory.ProjectHome {
		v, hidden = p.unseenAnywhere("pipeline") // every project below receives it
	}
	if hidden {
		return v
	}
	return NotApplicable
}
