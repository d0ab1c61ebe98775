package rules

import "nhiscan/inventory"

var jobTokenMayPush = Rule{
	ID:       "job-token-may-push",
	Code:     "PRV-010",
	Title:    "Job tokens may push to the repository",
	Severity: inventory.Medium,
	Why:      "Whatever runs in a job, a dependency or an image too, can change the code that the next pipeline builds.",
	Fix:      "Switch off pushes with job tokens; where a job must push, give that one job a token of its own on a protected branch.",
	Refs:     []string{"OWASP NHI5:2025", "NIST SP 800-53 CM-5", "CIS Software Supply Chain 1.1.15", "SOC 2 CC6.3"},
	Reads:    []string{"project"},
	Check: pipelineProjects(func(p *Pass, h inventory.Home) Verdict {
		const setting = "ci_push_repository_for_job_token_allowed"
		switch h.Setting(setting) {
		case inventory.Yes:
			return Fail("lets job tokens push to its repository (policy: never); switch that off").With(setting + " = true")
		case inventory.No:
			return Ok
		}
		// Source: https://docs.gitlab.com/ci/jobs/ci_job_token/ (from 17.2 on).
		if atLeast(p.X.Scan.Version, 17, 2) == inventory.No {
			return NotApplicable
		}
		return Unknown("GitLab did not show whether job tokens may push")
	}),
}
