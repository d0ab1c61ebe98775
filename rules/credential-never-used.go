package rules

import "nhiscan/inventory"

var credentialNeverUsed = Rule{
	ID:       "credential-never-used",
	Code:     "STL-001",
	Title:    "Credential was never used",
	Severity: inventory.Medium,
	Why:      "It does nothing but wait to be found.",
	Fix:      "Revoke it. If it is kept for emergencies, say so in its description and give it an expiry date.",
	Refs:     []string{"OWASP NHI1:2025", "NIST SP 800-53 AC-2(3)", "SOC 2 CC6.2", "ISO 27001:2022 A.5.18"},
	Reads:    []string{"personal-access-token", "impersonation-token", "project-access-token", "group-access-token", "service-account", "deploy-key", "ssh-key", "agent"},
	counted:  []modifier{modUnused},
	Check: credentials(func(p *Pass, c inventory.Credential) Verdict {
		switch {
		case !tracked(c) || !c.Active():
			return NotApplicable
		case c.LastUsedAt.IsUnknown():
			return Unknown("GitLab did not show whether it was used")
		case !c.LastUsedAt.IsNever():
			return Ok
		}
		age, ok := p.age(c.CreatedAt)
		switch {
		case !ok:
			return Unknown("GitLab did not show when it was made")
		case age <= p.Policy.UnusedNewDays:
			return Ok
		}
		return Fail("was created on %s and never used (policy: within %d days); revoke it", day(c.CreatedAt), p.Policy.UnusedNewDays).
			With("last_used_at = never").With("created_at = %s", c.CreatedAt)
	}),
}
