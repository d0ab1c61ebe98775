package rules

import "nhiscan/inventory"

// GitLab writes last_used_at at most every few minutes, so a day more or less means nothing.
// Source: https://docs.gitlab.com/user/profile/personal_access_tokens/
var credentialUnused = Rule{
	ID:       "credential-unused",
	Code:     "STL-002",
	Title:    "Credential is no longer used",
	Severity: inventory.Medium,
	Why:      "Its purpose has ended, but it still opens what it opened.",
	Fix:      "Ask its owner, then revoke it.",
	Refs:     []string{"OWASP NHI1:2025", "NIST SP 800-53 AC-2(3)", "CIS Software Supply Chain 1.4.2", "SOC 2 CC6.2", "ISO 27001:2022 A.5.18"},
	Reads:    []string{"personal-access-token", "impersonation-token", "project-access-token", "group-access-token", "service-account", "deploy-key", "ssh-key", "agent"},
	counted:  []modifier{modUnused},
	Check: credentials(func(p *Pass, c inventory.Credential) Verdict {
		switch {
		case !tracked(c) || !c.Active() || c.LastUsedAt.IsNever():
			return NotApplicable
		case c.LastUsedAt.IsUnknown():
			return Unknown("GitLab did not show when it was last used")
		}
		idle, _ := p.age(c.LastUsedAt)
		if idle <= p.Policy.StaleDays {
			return Ok
		}
		v := Fail("was last used on %s (policy: revoke after %d days without use); revoke it", day(c.LastUsedAt), p.Policy.StaleDays).
			With("last_used_at = %s", c.LastUsedAt)
		if administers(c) {
			v = v.At(inventory.High).With("scope = %s", c.Scope)
		}
		return v
	}),
}
