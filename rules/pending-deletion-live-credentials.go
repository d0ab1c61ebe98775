package rules

import "nhiscan/inventory"

var pendingDeletionLiveCredentials = Rule{
	ID:       "pending-deletion-live-credentials",
	Code:     "OFF-002",
	Title:    "Project marked for deletion with live credentials",
	Severity: inventory.High,
	Why:      "Until GitLab removes the project, its tokens stay usable, and some have outlived even that.",
	Fix:      "Revoke all that is listed before the project goes.",
	Refs:     []string{"OWASP NHI1:2025", "NIST SP 800-53 AC-2(3)", "SOC 2 CC6.2", "ISO 27001:2022 A.8.10"},
	Reads:    []string{"project", "project-access-token", "deploy-token", "deploy-key", "trigger", "agent", "variable"},
	Check: homes(func(p *Pass, h inventory.Home) Verdict {
		switch {
		case h.Kind != inventory.ProjectHome || h.DeletionAt.IsNever():
			return NotApplicable
		case h.DeletionAt.IsUnknown():
			return Unknown("whether the project is marked for deletion was not shown")
		}
		v := p.stillLive(h, "is marked for deletion")
		if v.answer == fail {
			v = v.With("marked_for_deletion_on = %s", h.DeletionAt)
		}
		return v
	}),
}
