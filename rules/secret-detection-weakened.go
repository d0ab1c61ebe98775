package rules

import (
	"strings"

	"nhiscan/inventory"
)

// The paths that a detection job leaves out are not among the rows, so they do not weigh here.
var secretDetectionWeakened = Rule{
	ID:       "secret-detection-weakened",
	Code:     "PIP-009",
	Title:    "Secret detection that stops nothing",
	Severity: inventory.Medium,
	Why:      "The job is there and looks like protection, but it is not run, or its failure is passed over.",
	Fix:      "Run it in every pipeline and let it fail the pipeline; accept known findings in its baseline.",
	Refs:     []string{"NIST SP 800-53 CA-7", "NIST SP 800-53 RA-5", "CIS Software Supply Chain 1.5.1", "CIS Software Supply Chain 2.3.8", "ISO 27001:2022 A.8.28"},
	Reads:    []string{"pipeline"},
	Check: workloads(func(p *Pass, job inventory.Identity) Verdict {
		if !detectsSecrets(job) {
			if v, hidden := p.jobUnread(job); hidden && job.Attributes["detection"] == "" {
				return v
			}
			return NotApplicable
		}
		when := job.Attributes["when"]
		switch {
		case when == "manual" || when == "never":
			return Fail("detects secrets, but runs only when somebody starts it or never; let it run in every pipeline").
				With("when = %s", when)
		case job.Attributes["allow_failure"] == "true" && !reportsByItself(job):
			return Fail("detects secrets, but its failure is allowed; let it fail the pipeline").With("allow_failure = true")
		}
		if v, hidden := p.unseen(job.Home, "pipeline"); hidden {
			return v
		}
		return Ok
	}),
}

// detectsSecrets reports whether a job looks for secrets: as the scan says, else by its name or image.
func detectsSecrets(job inventory.Identity) bool {
	if told := job.Attributes["detection"]; told != "" {
		return told == "true"
	}
	for _, text := range []string{job.Name, job.Attributes["image"]} {
		text = strings.ReplaceAll(strings.ToLower(text), "-", "_")
		for _, tool := range []string{"secret_detection", "gitleaks", "trufflehog", "detect_secrets", "ggshield", "nhi_scan"} {
			if strings.Contains(text, tool) {
				return true
			}
		}
	}
	return false
}

// reportsByItself reports whether a job is GitLab's own: that one never fails by what it finds, but reports it, and its
// template allows it to fail.
// Source: https://docs.gitlab.com/user/application_security/secret_detection/pipeline/
func reportsByItself(job inventory.Identity) bool {
	return strings.HasPrefix(job.Name, "secret_detection") || strings.Contains(job.Attributes["image"], "security-products/secrets")
}
