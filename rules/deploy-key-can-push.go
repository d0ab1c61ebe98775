package rules

import "nhiscan/inventory"

var deployKeyCanPush = Rule{
	ID:       "deploy-key-can-push",
	Code:     "PRV-006",
	Title:    "Deploy key with write access",
	Severity: inventory.Medium,
	Why:      "Whoever holds the key can change the code, and with it what the pipeline runs, without an account.",
	Fix:      "Make the key read-only (can_push=false), or let the pipeline push with a token that expires.",
	Refs:     []string{"OWASP NHI5:2025", "NIST SP 800-53 AC-6", "NIST SP 800-53 CM-5", "CIS Software Supply Chain 1.1.15", "SOC 2 CC6.3", "ISO 27001:2022 A.8.2"},
	Reads:    []string{"deploy-key", "protected-branch"},
	counted:  []modifier{modAuthority}, // writing the default branch decides the base
	Check: credentials(func(p *Pass, c inventory.Credential) Verdict {
		if c.Kind != "deploy-key" || !c.Active() {
			return NotApplicable
		}
		var pushes []string
		shown := true
		for _, g := range p.X.GrantsOf(c.Identity) {
			switch {
			case g.Kind != "deploy-key":
			case mayPush(g):
				pushes = append(pushes, p.path(g.Home))
			case g.Scope == "":
				shown = false
			}
		}
		if len(pushes) > 0 {
			v := Fail("can push to %s (%s); make it read-only", count(len(pushes), "project"), few(pushes)).With("can_push = true")
			if p.pushesDefault(c) {
				v = v.At(inventory.High).With("the default branch accepts its pushes")
			}
			return v
		}
		if !shown {
			return Unknown("GitLab did not show whether it may push")
		}
		if v, hidden := p.unseenAnywhere("deploy-key"); hidden {
			return v
		}
		return Ok
	}),
}
