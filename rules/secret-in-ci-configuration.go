package rules

import "nhiscan/inventory"

var secretInCIConfiguration = Rule{
	ID:       "secret-in-ci-configuration",
	Code:     "SEC-003",
	Title:    "Secret in pipeline configuration",
	Severity: inventory.High,
	Why:      "Pipeline configuration is readable by all who can read the project, is included by others, and is printed in logs.",
	Fix:      "Revoke it, then use a masked and hidden variable, secrets: or id_tokens: in its place.",
	Refs: []string{"OWASP NHI2:2025", "OWASP NHI6:2025", "NIST SP 800-53 IA-5(7)", "NIST SP 800-53 CM-6", "CIS Software Supply Chain 2.3.8", "SOC 2 CC6.1",
		"ISO 27001:2022 A.5.17", "PCI DSS 4.0.1 8.6.2"},
	Reads: []string{"pipeline"},
	Check: exposures{inventory.SurfaceCI, "pipeline", func(p *Pass, l inventory.Location) Verdict {
		return exposed(l, "lies in the pipeline configuration; revoke it, then use a masked and hidden variable or id_tokens")
	}},
}
