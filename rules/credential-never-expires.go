package rules

import (
	"strings"

	"nhiscan/inventory"
)

var credentialNeverExpires = Rule{
	ID:       "credential-never-expires",
	Code:     "EXP-001",
	Title:    "Credential without an expiry date",
	Severity: inventory.High,
	Why:      "A credential that never expires stays usable for whoever copied it, long after its purpose is gone.",
	Fix:      "Rotate it with an expiry date; a deploy token is made anew and the old one deleted. Better: replace it with a job token or an ID token.",
	Refs: []string{"OWASP NHI7:2025", "NIST SP 800-53 IA-5", "NIST SP 800-53 AC-2(3)", "SOC 2 CC6.1", "ISO 27001:2022 A.5.17",
		"PCI DSS 4.0.1 8.6.3"},
	Reads: []string{"personal-access-token", "impersonation-token", "project-access-token", "group-access-token", "service-account", "deploy-token"},
	Check: credentials(func(p *Pass, c inventory.Credential) Verdict {
		switch {
		case !tokenLike(c) || !c.Active():
			return NotApplicable
		case c.ExpiresAt.IsUnknown():
			return Unknown("GitLab did not show its expiry date")
		case !c.ExpiresAt.IsNever():
			return Ok
		}
		v := Fail("never expires (policy: at most %d days); set an expiry date", p.Policy.MaxLifetimeDays).
			With("expires_at = never").With("scope = %s", c.Scope)
		if readsPackagesOnly(c) {
			v = v.At(inventory.Medium)
		}
		return v
	}),
}

// readsPackagesOnly reports whether a credential can do no more than read a registry.
func readsPackagesOnly(c inventory.Credential) bool {
	for s := range strings.FieldsSeq(c.Scope) {
		if s != "read_registry" && s != "read_package_registry" {
			return false
		}
	}
	return c.Scope != ""
}
