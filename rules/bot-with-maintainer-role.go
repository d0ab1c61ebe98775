package rules

import (
	"slices"

	"nhiscan/inventory"
)

var botWithMaintainerRole = Rule{
	ID:       "bot-with-maintainer-role",
	Code:     "PRV-002",
	Title:    "Bot with the Maintainer or Owner role",
	Severity: inventory.Medium,
	Why:      "A Maintainer reads every CI/CD variable and changes who may push; an Owner also adds members. Few pipelines need that.",
	Fix:      "Make the token anew with the Developer or Reporter role, switch the consumer over, revoke the old one.",
	Refs: []string{"OWASP NHI5:2025", "NIST SP 800-53 AC-6(5)", "CIS Software Supply Chain 1.3.8", "SOC 2 CC6.3", "ISO 27001:2022 A.8.2",
		"PCI DSS 4.0.1 7.2.5"},
	Reads:   []string{"project-access-token", "group-access-token", "service-account", "member"},
	counted: []modifier{modAuthority},
	Check: credentials(func(p *Pass, c inventory.Credential) Verdict {
		kinds := []inventory.CredentialKind{"project-access-token", "group-access-token", "service-account-token"}
		if !slices.Contains(kinds, c.Kind) || !c.Active() {
			return NotApplicable
		}
		level := c.Level
		for _, g := range p.X.GrantsOf(c.Identity) {
			if g.Kind == "membership" {
				level = max(level, g.Level)
			}
		}
		switch {
		case level >= levelOwner:
			return Fail("has the Owner role (policy: at most Developer); make it anew with a lower role").At(inventory.High).
				With("access_level = %d", level)
		case level >= levelMaintainer:
			return Fail("has the Maintainer role (policy: at most Developer); make it anew with a lower role").
				With("access_level = %d", level)
		case c.Level > 0:
			return Ok
		}
		// Its role stands only in the member lists, and any of them may name it.
		if v, hidden := p.unseenAnywhere("member"); hidden {
			return v
		}
		if level == 0 {
			return Unknown("GitLab did not show its role")
		}
		return Ok
	}),
}
