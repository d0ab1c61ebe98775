package rules

import (
	"strings"

	"nhiscan/inventory"
)

var scriptPrintsSecrets = Rule{
	ID:       "script-prints-secrets",
	Code:     "PIP-006",
	Title:    "Script prints what may be secret",
	Severity: inventory.Medium,
	Why:      "Job logs are kept and read by many. Masking hides only the exact value: encoded, cut or of a file variable it stands there in the clear.",
	Fix:      "Take the command out, or print names in place of values; mask the variables all the same, and rotate what a log has shown.",
	Refs:     []string{"OWASP NHI2:2025", "NIST SP 800-53 SC-28", "NIST SP 800-53 AU-9", "CIS Software Supply Chain 2.3.8", "ISO 27001:2022 A.8.12"},
	Reads:    []string{"pipeline"},
	Check:    told("prints", "runs commands that may print secrets to its log (%s); take them out"),
}

// told is the Check over jobs that a list of theirs, joined by "; ", is empty.
func told(attribute, message string) Check {
	return workloads(func(p *Pass, job inventory.Identity) Verdict {
		if list := job.Attributes[attribute]; list != "" {
			found := strings.Split(list, "; ")
			v := Fail(message, few(found))
			for _, f := range found[:min(len(found), 5)] {
				v = v.With("%s", f)
			}
			return v
		}
		if v, hidden := p.jobUnread(job); hidden {
			return v
		}
		return Ok
	})
}
