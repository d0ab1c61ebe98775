package rules

import "nhiscan/inventory"

var variableNotProtected = Rule{
	ID:       "variable-not-protected",
	Code:     "VAR-002",
	Title:    "Secret variable is open to unprotected refs",
	Severity: inventory.High,
	Why:      "Every Developer can push a branch whose pipeline prints or sends the value.",
	Fix:      "Check which jobs on unprotected refs need it, give those a lesser credential, then set protected=true.",
	Refs: []string{"OWASP NHI6:2025", "OWASP NHI8:2025", "NIST SP 800-53 AC-3", "NIST SP 800-53 AC-6", "CIS Software Supply Chain 2.1.5", "SOC 2 CC6.3",
		"ISO 27001:2022 A.8.3"},
	Reads: []string{"variable", "protected-branch", "protected-tag", "project"},
	Check: secretVariables(func(p *Pass, l inventory.Location) Verdict {
		switch l.Protected {
		case inventory.Yes:
			return Ok
		case inventory.Unknown:
			return Unknown("GitLab did not show whether it is protected")
		}
		switch r := p.developerRefBelow(l.Home, false); r.ok {
		case inventory.Yes:
			return Fail("is not protected, and Developers can run pipelines on %s; set protected", safe(r.ref)).
				With("protected = false").With("open to Developers: %s", safe(r.ref))
		case inventory.Unknown:
			return Verdict{reason: r.why}
		}
		return Ok
	}),
}
