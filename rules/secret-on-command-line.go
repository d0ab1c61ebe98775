package rules

import "nhiscan/inventory"

var secretOnCommandLine = Rule{
	ID:       "secret-on-command-line",
	Code:     "PIP-007",
	Title:    "Secret as an argument of a command",
	Severity: inventory.Low,
	Why:      "Every process on the machine can list the arguments of the others, and tools write them into traces and error reports.",
	Fix:      "Give the tool its secret by standard input, by a file or by the environment.",
	Refs:     []string{"OWASP NHI2:2025", "NIST SP 800-53 IA-5(6)", "ISO 27001:2022 A.8.28"},
	Reads:    []string{"pipeline"},
	Check:    told("secret_arguments", "gives secrets as arguments of commands (%s); use standard input, a file or the environment"),
}
