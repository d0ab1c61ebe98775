package rules

import "nhiscan/inventory"

var variableNotMasked = Rule{
	ID:       "variable-not-masked",
	Code:     "VAR-001",
	Title:    "Secret variable is not masked",
	Severity: inventory.Medium,
	Why:      "A job that prints its environment, or a tool that logs its arguments, writes the value into the job log.",
	Fix:      "Set masked=true on the variable. A value that cannot be masked belongs in a file variable or an external secret store.",
	Refs:     []string{"OWASP NHI2:2025", "NIST SP 800-53 SC-28", "NIST SP 800-53 IA-5(6)", "CIS Software Supply Chain 2.3.8", "SOC 2 CC6.1", "ISO 27001:2022 A.8.12"},
	Reads:    []string{"variable"},
	Check: secretVariables(func(p *Pass, l inventory.Location) Verdict {
		switch l.Masked {
		case inventory.Yes:
			return Ok
		case inventory.No:
			return Fail("is not masked (policy: every secret); set masked").With("masked = false")
		}
		return Unknown("GitLab did not show whether it is masked")
	}),
}

// secretVariables is the Check over CI/CD variables that hold secrets. Where it was not shown whether one does,
// the answer is unknown.
func secretVariables(f func(*Pass, inventory.Location) Verdict) Check {
	return locations(func(p *Pass, l inventory.Location) Verdict {
		switch {
		case l.Surface != inventory.SurfaceVariable || l.SecretLike == inventory.No:
			return NotApplicable
		case l.SecretLike == inventory.Unknown:
			return Unknown("whether the variable holds a secret was not shown")
		}
		return f(p, l)
	})
}
