package rules

import "nhiscan/inventory"

var triggerDormant = Rule{
	ID:       "trigger-dormant",
	Code:     "STL-004",
	Title:    "Pipeline trigger token lies dormant",
	Severity: inventory.Medium,
	Why:      "Whoever holds it starts pipelines with the rights of its owner, and nobody would expect one.",
	Fix:      "Delete the trigger token.",
	Refs:     []string{"OWASP NHI1:2025", "NIST SP 800-53 AC-2(3)", "NIST SP 800-53 CM-7", "CIS Software Supply Chain 2.3.5"},
	Reads:    []string{"trigger"},
	counted:  []modifier{modUnused},
	Check: credentials(func(p *Pass, c inventory.Credential) Verdict {
		switch {
		case c.Kind != "trigger-token" || !c.Active():
			return NotApplicable
		case c.LastUsedAt.IsUnknown():
			return Unknown("GitLab did not show when it was last used")
		case c.LastUsedAt.IsNever():
			return Fail("was never used; delete it").With("last_used = never").With("created_at = %s", c.CreatedAt)
		}
		idle, _ := p.age(c.LastUsedAt)
		if idle <= p.Policy.StaleDays {
			return Ok
		}
		return Fail("was last used on %s (policy: delete after %d days without use); delete it", day(c.LastUsedAt), p.Policy.StaleDays).With("last_used = %s", c.LastUsedAt)
	}),
}
