package rules

import "nhiscan/inventory"

var secretInHistory = Rule{
	ID:       "secret-in-history",
	Code:     "SEC-002",
	Title:    "Secret in the history only",
	Severity: inventory.Medium,
	Why:      "Removing a secret from a file leaves it in every clone. Only revoking it ends it.",
	Fix:      "Revoke it. Rewriting the history comes second, and reaches no copy that was already made.",
	Refs:     []string{"OWASP NHI2:2025", "NIST SP 800-53 IA-5(7)", "CIS Software Supply Chain 1.5.1", "SOC 2 CC6.1", "ISO 27001:2022 A.8.10"},
	Reads:    []string{"repository"},
	Check: exposures{inventory.SurfaceHistory, "repository", func(p *Pass, l inventory.Location) Verdict {
		return exposed(l, "lies in the history since commit %s; revoke it", l.Commit)
	}},
}
