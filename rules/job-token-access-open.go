package rules

import "nhiscan/inventory"

var jobTokenAccessOpen = Rule{
	ID:       "job-token-access-open",
	Code:     "PRV-008",
	Title:    "Job tokens of every project are let in",
	Severity: inventory.High,
	Why:      "Without an allowlist a job of any project whose user may see this one reaches it with its job token.",
	Fix:      "Limit access to this project to the projects and groups on its job token allowlist.",
	Refs: []string{"OWASP NHI5:2025", "OWASP NHI6:2025", "NIST SP 800-53 AC-3", "NIST SP 800-53 AC-4", "NIST SP 800-53 AC-6",
		"CIS Software Supply Chain 2.1.5", "SOC 2 CC6.3", "ISO 27001:2022 A.8.3"},
	Reads: []string{"job-token-scope", "setting"},
	Check: homes(func(p *Pass, h inventory.Home) Verdict {
		if h.Kind != inventory.ProjectHome {
			return NotApplicable
		}
		enforced := inventory.Unknown
		if i := p.X.Home(p.instance); i != nil {
			enforced = i.Setting("enforce_ci_inbound_job_token_scope_enabled")
		}
		switch limited := h.Setting("inbound_enabled"); {
		case limited == inventory.Yes, enforced == inventory.Yes:
			return Ok
		case limited == inventory.No:
			return Fail("lets in the job tokens of every project (policy: allowlist only); limit access to its allowlist").
				With("inbound_enabled = false").With("enforced by the instance = %s", safe(enforced.String()))
		}
		if v, hidden := p.unseen(h.ID, "job-token-scope"); hidden {
			return v
		}
		return Unknown("GitLab did not show its job token setting")
	}),
}
