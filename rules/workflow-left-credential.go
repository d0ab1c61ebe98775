package rules

import "nhiscan/inventory"

var workflowLeftCredential = Rule{
	ID:       "workflow-left-credential",
	Code:     "OFF-009",
	Title:    "Workflow is gone, its credential stayed",
	Severity: inventory.High,
	Why:      "The last job that used the credential has been removed, the credential works on: nobody would notice who uses it in its place.",
	Fix:      "Ask who removed the job, revoke the credential, then remove every place that holds its value.",
	Refs:     []string{"OWASP NHI1:2025", "NIST SP 800-53 AC-2", "NIST SP 800-53 IA-5", "SOC 2 CC6.2", "ISO 27001:2022 A.5.18"},
	Reads:    []string{"pipeline", "variable", "link", "project-access-token", "group-access-token", "personal-access-token", "deploy-token"},
	Check: credentials(func(p *Pass, c inventory.Credential) Verdict {
		last, removed := p.past.lastUse[c.ID]
		switch {
		case !c.Active():
			return NotApplicable
		case len(p.X.UsagesOf(c.ID)) > 0:
			return Ok
		case !removed && p.storedPlaces(c.ID) == 0:
			return NotApplicable // no job ever had it
		case !removed && !p.past.earlier:
			return Unknown("no earlier scan tells whether a job has used it")
		case !removed:
			return NotApplicable
		}
		if v, hidden := p.consumersHidden(c); hidden {
			return v
		}
		days, _ := p.age(last.At)
		if days < p.Policy.GraceWorkflow {
			return Ok
		}
		if removedAt, ok := last.At.Time(); ok && !c.LastUsedAt.IsUnknown() && !c.LastUsedAt.IsNever() && !c.LastUsedAt.Before(removedAt) {
			return Unknown("it is still used, by what the scan does not see")
		}
		return Fail("has outlived its last job %s of %s, removed on %s (policy: revoke within %d days); revoke it",
			safe(quoted(last.Name)), p.path(last.Home), day(last.At), p.Policy.GraceWorkflow).
			With("last job = %s in %s", last.Name, p.path(last.Home)).With("removed = %s (scan %d)", last.At, last.Scan).With("last_used_at = %s", c.LastUsedAt)
	}),
}
