package rules

import "nhiscan/inventory"

var deployKeyShared = Rule{
	ID:       "deploy-key-shared",
	Code:     "REU-003",
	Title:    "Deploy key in many projects",
	Severity: inventory.Medium,
	Why:      "One private key opens all of these repositories, and nobody can tell which consumer used it.",
	Fix:      "Make one key per consumer, and remove the shared one from each project.",
	Refs:     []string{"OWASP NHI9:2025", "NIST SP 800-53 IA-4", "NIST SP 800-53 AC-6", "ISO 27001:2022 A.5.16"},
	Reads:    []string{"deploy-key"},
	Check: credentials(func(p *Pass, c inventory.Credential) Verdict {
		if c.Kind != "deploy-key" || !c.Active() {
			return NotApplicable
		}
		projects, push := p.keyProjects(c)
		public := c.Attributes["public"] == "true"
		if len(projects) >= p.Policy.ReuseProjects || public {
			v := Fail("is enabled in %s (policy: fewer than %d): %s; make one key per consumer", count(len(projects), "project"), p.Policy.ReuseProjects, few(projects))
			if public {
				v = Fail("is public, so every project may enable it (enabled in %s); make one key per consumer", count(len(projects), "project")).With("public = true")
			}
			v = v.With("projects = %d", len(projects))
			if push {
				v = v.At(inventory.High).With("can_push = true")
			}
			return v
		}
		if v, hidden := p.unseenAnywhere("deploy-key"); hidden {
			return v
		}
		if p.X.Scan.Token.Admin != inventory.Yes {
			return Unknown("it may be enabled in projects that this token cannot see")
		}
		return Ok
	}),
}
