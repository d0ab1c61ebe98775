package rules

import "nhiscan/inventory"

var jobLogsPublic = Rule{
	ID:       "job-logs-public",
	Code:     "PIP-005",
	Title:    "Logs of jobs with secrets are open to all who see the project",
	Severity: inventory.Medium,
	Why:      "What a tool writes about a credential, masked or not, and the artifacts of the job are there for everybody to search.",
	Fix:      "Switch off public pipelines, so that logs and artifacts need a role in the project.",
	Refs:     []string{"OWASP NHI2:2025", "NIST SP 800-53 AC-3", "SOC 2 CC6.1", "ISO 27001:2022 A.8.12"},
	Reads:    []string{"project", "pipeline", "variable"},
	Check: pipelineProjects(func(p *Pass, h inventory.Home) Verdict {
		open := h.Setting("public_jobs")
		switch {
		case h.Visibility == "private":
			return NotApplicable
		case open == inventory.No:
			return Ok
		case h.Visibility == "":
			return Unknown("who may see the project was not shown")
		}
		var uses []*inventory.Usage
		for _, job := range p.jobsIn(h.ID) {
			uses = append(uses, p.secretUses(job.ID)...)
		}
		if len(uses) == 0 {
			if v, hidden := p.unread(h.ID); hidden {
				return v
			}
			return Ok
		}
		if open == inventory.Unknown {
			return Unknown("GitLab did not show who may see its job logs")
		}
		return Fail("is %s and shows the logs of jobs that use secrets (%s); restrict them to members", safe(h.Visibility), jobNames(uses)).
			With("public_jobs = true").With("visibility = %s", h.Visibility).With("uses of secrets = %d", len(uses))
	}),
}
