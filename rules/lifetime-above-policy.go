package rules

import "nhiscan/inventory"

var lifetimeAbovePolicy = Rule{
	ID:       "lifetime-above-policy",
	Code:     "EXP-002",
	Title:    "Lifetime above policy",
	Severity: inventory.High,
	Why:      "The longer a credential lives, the longer a copy of it is worth having.",
	Fix:      "Rotate it with a shorter expiry date, and set the instance's maximum lifetime.",
	Refs:     []string{"OWASP NHI7:2025", "NIST SP 800-53 IA-5", "SOC 2 CC6.1", "ISO 27001:2022 A.5.17", "PCI DSS 4.0.1 8.6.3"},
	Reads:    []string{"personal-access-token", "project-access-token", "group-access-token", "service-account", "deploy-token", "deploy-key", "ssh-key", "trigger"},
	Check: credentials(func(p *Pass, c inventory.Credential) Verdict {
		switch {
		case !dated(c) || !c.Active() || c.ExpiresAt.IsNever():
			return NotApplicable
		case c.ExpiresAt.IsUnknown():
			return Unknown("GitLab did not show its expiry date")
		}
		expires, _ := c.ExpiresAt.Time()
		born, ok := c.CreatedAt.Time()
		if !ok {
			// What is left of its life is less than its life: enough to fail, never to pass.
			left := int(expires.Sub(p.Now).Hours() / 24)
			if left > p.Policy.MaxLifetimeDays {
				return Fail("lives until %s (policy: at most %d days); rotate it with a shorter expiry date", day(c.ExpiresAt), p.Policy.MaxLifetimeDays).
					With("expires_at = %s", c.ExpiresAt).With("created_at was not shown")
			}
			return Unknown("GitLab did not show when it was made")
		}
		days := int(expires.Sub(born).Hours() / 24)
		limit, base, aim := p.Policy.MaxLifetimeDays, inventory.High, "at most"
		if days <= limit {
			limit, base, aim = p.Policy.TargetLifetimeDays, inventory.Low, "target"
		}
		if days <= limit {
			return Ok
		}
		return Fail("lives %d days (policy: %s %d days); rotate it with a shorter expiry date", days, aim, limit).At(base).
			With("created_at = %s", c.CreatedAt).With("expires_at = %s", c.ExpiresAt)
	}),
}
