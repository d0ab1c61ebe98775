package rules

import "nhiscan/inventory"

var adminClassScope = Rule{
	ID:       "admin-class-scope",
	Code:     "PRV-004",
	Title:    "Credential with an administrator's scope",
	Severity: inventory.High,
	Why:      "With sudo or admin_mode a token acts as any user or as administrator: one leak is the whole instance.",
	Fix:      "Make the token anew without these scopes; do administrative work in a separate, attended process.",
	Refs:     []string{"OWASP NHI5:2025", "NIST SP 800-53 AC-6(1)", "NIST SP 800-53 AC-6(5)", "SOC 2 CC6.3", "ISO 27001:2022 A.8.2"},
	Reads:    []string{"personal-access-token", "impersonation-token", "service-account", "oauth-application", "link"},
	Check: credentials(func(p *Pass, c inventory.Credential) Verdict {
		if !c.AccessToken() && c.Kind != "oauth-application-secret" || !c.Active() {
			return NotApplicable
		}
		if !administers(c) {
			if c.Scope == "" {
				return Unknown("GitLab did not show its scopes")
			}
			return Ok
		}
		v := Fail("carries an administrator's scope (%s); make it anew without sudo and admin_mode", c.Scope).With("scope = %s", c.Scope)
		if n := p.storedPlaces(c.ID); n > 0 {
			v = v.At(inventory.Critical).With("its value lies in %s", count(n, "CI/CD variable"))
		}
		return v
	}),
}
