package rules

import "nhiscan/inventory"

var variableProtectionNominal = Rule{
	ID:       "variable-protection-nominal",
	Code:     "VAR-005",
	Title:    "Protected variable that Developers reach all the same",
	Severity: inventory.High,
	Why:      "The variable is kept for protected refs, but a Developer may push or create one: the protection is in name only.",
	Fix:      "Let only Maintainers push and create the protected branches and tags that match; mind wildcards, where the right to merge is enough to create.",
	Refs: []string{"OWASP NHI6:2025", "NIST SP 800-53 CM-5", "NIST SP 800-53 AC-3", "CIS Software Supply Chain 1.1.15", "SOC 2 CC6.3",
		"ISO 27001:2022 A.8.32"},
	Reads: []string{"variable", "protected-branch", "protected-tag", "project"},
	Check: secretVariables(func(p *Pass, l inventory.Location) Verdict {
		switch l.Protected {
		case inventory.No:
			return NotApplicable
		case inventory.Unknown:
			return Unknown("GitLab did not show whether it is protected")
		}
		switch r := p.developerRefBelow(l.Home, true); r.ok {
		case inventory.Yes:
			return Fail("is protected, but Developers may push or create %s; let only Maintainers do so", safe(r.ref)).
				With("protected = true").With("open to Developers: %s", safe(r.ref))
		case inventory.Unknown:
			return Verdict{reason: r.why}
		}
		return Ok
	}),
}
