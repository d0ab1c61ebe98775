package rules

import "nhiscan/inventory"

var pipelineOwnerLeft = Rule{
	ID:       "pipeline-owner-left",
	Code:     "OFF-004",
	Title:    "Schedule or trigger of somebody who left",
	Severity: inventory.Medium,
	Why:      "Its pipelines run with the rights of an account that is blocked: they fail, or they run for somebody who is gone.",
	Fix:      "Let a current maintainer take ownership, or delete it.",
	Refs:     []string{"OWASP NHI1:2025", "NIST SP 800-53 PS-4", "NIST SP 800-53 AC-2", "SOC 2 CC6.3"},
	Reads:    []string{"pipeline-schedule", "trigger", "user"},
	Check: identities(func(p *Pass, i inventory.Identity) Verdict {
		if i.Kind != "schedule" && i.Kind != "trigger" {
			return NotApplicable
		}
		u := p.user(i.ActsAs)
		switch {
		case u == nil || u.Inactive() == inventory.Unknown:
			return Unknown("the account it runs as was not shown")
		case u.Inactive() == inventory.No:
			return Ok
		}
		v := Fail("runs as @%s, whose account is %s; take ownership of it or delete it", u.Username, u.State).With("owner state = %s", u.State)
		if t, ok := i.NextRunAt.Time(); ok && t.After(p.Now) && i.Attributes["active"] != "false" {
			v = v.At(inventory.High).With("a next run is due")
		}
		return v
	}),
}
