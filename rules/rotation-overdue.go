package rules

import "nhiscan/inventory"

var rotationOverdue = Rule{
	ID:       "rotation-overdue",
	Code:     "ROT-001",
	Title:    "Older than the rotation period",
	Severity: inventory.Medium,
	Why:      "Every copy made since a credential was created still works. Rotation is what ends them.",
	Fix:      "Rotate it and update every place that holds the value. Do not delete and create: rules that name its bot user would break.",
	Refs:     []string{"OWASP NHI7:2025", "NIST SP 800-53 IA-5", "SOC 2 CC6.1", "ISO 27001:2022 A.5.17", "PCI DSS 4.0.1 8.6.3"},
	Reads:    []string{"personal-access-token", "project-access-token", "group-access-token", "service-account", "deploy-token", "deploy-key", "trigger", "agent"},
	Check: credentials(func(p *Pass, c inventory.Credential) Verdict {
		if !rotated(c) || !c.Active() {
			return NotApplicable
		}
		age, ok := p.age(c.CreatedAt)
		switch {
		case !ok:
			return Unknown("GitLab did not show when it was made")
		case age <= p.Policy.RotationDays:
			return Ok
		}
		return Fail("was created on %s (policy: rotate every %d days); rotate it", day(c.CreatedAt), p.Policy.RotationDays).With("created_at = %s", c.CreatedAt)
	}),
}
