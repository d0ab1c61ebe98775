package rules

import "nhiscan/inventory"

var forkPipelinesInParent = Rule{
	ID:       "fork-pipelines-in-parent",
	Code:     "PIP-002",
	Title:    "Pipelines of forks run in the project",
	Severity: inventory.High,
	Why:      "A merge request from a fork brings its own pipeline configuration; run here, it gets the project's variables and runners.",
	Fix:      "Switch off pipelines in the parent project for merge requests from forks, and protect the variables that are left.",
	Refs:     []string{"OWASP NHI6:2025", "NIST SP 800-53 AC-3", "CIS Software Supply Chain 2.3.5", "SOC 2 CC6.3"},
	Reads:    []string{"project", "variable"},
	Check: pipelineProjects(func(p *Pass, h inventory.Home) Verdict {
		const setting = "ci_allow_fork_pipelines_to_run_in_parent_project"
		allowed := h.Setting(setting)
		if allowed == inventory.No {
			return Ok
		}
		secrets, v, hidden := p.secretsReaching(h.ID)
		switch {
		case len(secrets) == 0 && hidden:
			return v
		case len(secrets) == 0:
			return NotApplicable
		case allowed == inventory.Unknown:
			return Unknown("GitLab did not show whether pipelines of forks run here")
		}
		return Fail("lets pipelines of forks run with its %s; switch that off", count(len(secrets), "secret variable")).
			With(setting+" = true").With("secrets: %s", few(secrets))
	}),
}
