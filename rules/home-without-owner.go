package rules

import "nhiscan/inventory"

var homeWithoutOwner = Rule{
	ID:       "home-without-owner",
	Code:     "OWN-009",
	Title:    "Group or project without an active human maintainer",
	Severity: inventory.High,
	Why:      "Nobody is left who may rotate or revoke what the group or project holds.",
	Fix:      "Give two active people the Maintainer or Owner role, or archive it after revoking what it holds.",
	Refs: []string{"OWASP NHI1:2025", "NIST SP 800-53 AC-2", "NIST SP 800-53 CM-8(4)", "CIS Software Supply Chain 1.3.7", "CIS Software Supply Chain 1.2.7",
		"SOC 2 CC6.3", "ISO 27001:2022 A.5.18"},
	Reads: []string{"member", "user"},
	Check: homes(func(p *Pass, h inventory.Home) Verdict {
		if h.Kind == inventory.InstanceHome || h.Archived == inventory.Yes {
			return NotApplicable
		}
		privileged, unclear := 0, 0
		for _, member := range p.membersOf(h.ID) {
			if member.level < levelMaintainer {
				continue
			}
			privileged++
			u := p.user(member.user)
			switch {
			case u == nil || u.Human() == inventory.Unknown || u.Human() == inventory.Yes && u.Inactive() == inventory.Unknown:
				unclear++
			case u.Human() == inventory.Yes && u.Inactive() == inventory.No:
				return Ok
			}
		}
		if v, hidden := p.unseen(h.ID, "member"); hidden {
			return v
		}
		if unclear > 0 {
			return Unknown("whether its maintainers are active people was not shown")
		}
		return Fail("has no active human with the Maintainer or Owner role (%s with it are bots or inactive); assign two people, or archive it", count(privileged, "member")).
			With("members with access_level >= %d = %d", levelMaintainer, privileged)
	}),
}
