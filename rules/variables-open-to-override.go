package rules

import "nhiscan/inventory"

var variablesOpenToOverride = Rule{
	ID:       "variables-open-to-override",
	Code:     "VAR-008",
	Title:    "Developers may override pipeline variables",
	Severity: inventory.Medium,
	Why:      "Who starts a pipeline with variables of choice steers what its jobs do with the project's secrets: another host, another image, another path.",
	Fix:      "Let Maintainers alone, or nobody, start pipelines with variables; use inputs for what people must choose.",
	Refs:     []string{"OWASP NHI6:2025", "NIST SP 800-53 CM-5", "NIST SP 800-53 AC-3", "CIS Software Supply Chain 2.3.5", "SOC 2 CC6.3"},
	Reads:    []string{"project", "variable"},
	Check: pipelineProjects(func(p *Pass, h inventory.Home) Verdict {
		role := h.Settings["ci_pipeline_variables_minimum_override_role"]
		limited := h.Setting("restrict_user_defined_variables")
		open := role == "developer" || limited == inventory.No
		known := role != "" && role != "null" || limited != inventory.Unknown
		if known && !open {
			return Ok
		}
		secrets, v, hidden := p.secretsReaching(h.ID)
		switch {
		case len(secrets) == 0 && hidden:
			return v
		case len(secrets) == 0:
			return NotApplicable
		case !known:
			return Unknown("GitLab did not show who may start pipelines with variables")
		}
		who := "Developers"
		if role == "" || role == "null" {
			who = "all who may start pipelines"
		}
		return Fail("lets %s override the variables of pipelines that get %s (policy: at least Maintainer); raise the role", safe(who), count(len(secrets), "secret variable")).
			With("ci_pipeline_variables_minimum_override_role = %s", role).With("restrict_user_defined_variables = %s", safe(limited.String())).
			With("secrets: %s", few(secrets))
	}),
}
