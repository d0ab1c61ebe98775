package rules

import "nhiscan/inventory"

var secretDetectionAbsent = Rule{
	ID:       "secret-detection-absent",
	Code:     "PIP-010",
	Title:    "Nothing looks for secrets in what is pushed",
	Severity: inventory.Medium,
	Why:      "A secret that is committed stays unnoticed until somebody uses it.",
	Fix:      "Include GitLab's secret detection template, switch on push protection, or run nhi-scan as a gate in the pipeline.",
	Refs:     []string{"OWASP NHI2:2025", "NIST SP 800-53 RA-5", "NIST SP 800-53 SA-15", "CIS Software Supply Chain 1.5.1", "ISO 27001:2022 A.8.28"},
	Reads:    []string{"project", "pipeline"},
	Check: homes(func(p *Pass, h inventory.Home) Verdict {
		if h.Kind != inventory.ProjectHome || h.Archived == inventory.Yes || h.Setting("empty_repo") == inventory.Yes {
			return NotApplicable // nobody pushes, or there is nothing to find
		}
		protected := inventory.Unknown
		for _, setting := range []string{"secret_push_protection_enabled", "pre_receive_secret_detection_enabled"} {
			protected = max(protected, h.Setting(setting))
		}
		if protected == inventory.Yes {
			return Ok
		}
		for _, job := range p.jobsIn(h.ID) {
			if detectsSecrets(*job) {
				return Ok // how well is another rule's matter
			}
		}
		if !runsNothing(h) {
			if v, hidden := p.unseen(h.ID, "pipeline"); hidden {
				return v
			}
		}
		if protected == inventory.Unknown && p.X.Scan.Edition != "community" {
			return Unknown("GitLab did not show whether push protection is on")
		}
		return Fail("has no job that detects secrets, and push protection is off; switch one of them on").
			With("secret_push_protection_enabled = %s", safe(protected.String())).With("detection jobs = 0 of %d", len(p.jobsIn(h.ID)))
	}),
}
