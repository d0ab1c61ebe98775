package rules

import "nhiscan/inventory"

var ownerInactive = Rule{
	ID:       "owner-inactive",
	Code:     "OWN-002",
	Title:    "Owner is inactive",
	Severity: inventory.High,
	Why:      "The owner's account is blocked or gone, but the credential works on: nobody answers for it, and the one who left may still hold its value.",
	Fix:      "Name another owner, rotate what the former owner could read, then have the new owner confirm it.",
	Refs: []string{"OWASP NHI1:2025", "NIST SP 800-53 PS-4", "NIST SP 800-53 AC-2(3)", "NIST SP 800-53 IA-5", "CIS Software Supply Chain 1.3.1",
		"SOC 2 CC6.2", "ISO 27001:2022 A.5.16", "ISO 27001:2022 A.5.18", "PCI DSS 4.0.1 8.6.3"},
	Reads: []string{"user"},
	Check: credentials(func(p *Pass, c inventory.Credential) Verdict {
		if !c.Active() {
			return NotApplicable
		}
		o := p.ownerOf(c)
		switch {
		case o == nil:
			return Unknown("its owner was not resolved")
		case o.Band == inventory.OwnerNone || o.Owner == "":
			return NotApplicable
		}
		u := p.user(o.User)
		switch {
		case u != nil && u.Inactive() == inventory.Yes:
			return Fail("is owned by %s, whose account is %s; name another owner and rotate it", o.Owner, u.State).
				With("owner = %s (%.2f %s)", o.Owner, o.Confidence, o.Band).With("user state = %s", u.State)
		case o.Band == inventory.OwnerOrphaned:
			return Fail("is owned by %s, of whom nobody is active; name another owner and rotate it", o.Owner).
				With("owner = %s (%.2f %s)", o.Owner, o.Confidence, o.Band)
		case o.User == "":
			return NotApplicable // a team has no account that could be blocked
		case u == nil || u.Inactive() == inventory.Unknown:
			return Unknown("the state of its owner's account was not shown")
		}
		return Ok
	}),
}
