package rules

import (
	"path"
	"strings"

	"nhiscan/inventory"
)

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
		case switchedOn(job.Attributes["detection_disabled"]) && reportsByItself(job):
			return Fail("detects secrets, but a variable switches it off; take that variable out").
				With("SECRET_DETECTION_DISABLED = %s", job.Attributes["detection_disabled"])
		case job.Attributes["allow_failure"] == "true" && !reportsByItself(job):
			return Fail("detects secrets, but its failure is allowed; let it fail the pipeline").With("allow_failure = true")
		}
		if wide := widestExclude(job.Attributes["detection_excludes"]); wide != "" {
			return Fail("detects secrets, but leaves out %s, where they commonly stand; narrow what it leaves out", safe(quoted(wide))).
				With("SECRET_DETECTION_EXCLUDED_PATHS = %s", job.Attributes["detection_excludes"])
		}
		if v, hidden := p.unseen(job.Home, "pipeline"); hidden {
			return v
		}
		if strings.Contains(job.Attributes["detection_excludes"], "$") {
			return Unknown("which paths it leaves out is named by a variable")
		}
		return Ok
	}),
}

// widestExclude returns the first of the comma-separated patterns that takes in everything, or a sort of file in which
// secrets commonly stand, wherever it lies; empty when there is none.
// Source: https://docs.gitlab.com/user/application_security/secret_detection/pipeline/ (SECRET_DETECTION_EXCLUDED_PATHS)
func widestExclude(patterns string) string {
	for pattern := range strings.SplitSeq(patterns, ",") {
		pattern = strings.Trim(pattern, " /")
		if pattern == "" {
			continue
		}
		for _, file := range []string{".env", ".gitlab-ci.yml", "config.yml", "settings.json", "main.tf", "main.py", "app.properties", "server.pem"} {
			if takesIn(path.Clean(pattern), file) && strings.ContainsAny(pattern, "*.") {
				return pattern
			}
		}
	}
	return ""
}

// switchedOn reports whether GitLab takes the value of a switch for yes.
func switchedOn(value string) bool { return value == "true" || value == "1" }

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
