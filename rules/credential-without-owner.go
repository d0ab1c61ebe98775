package rules

import "nhiscan/inventory"

var credentialWithoutOwner = Rule{
	ID:       "credential-without-owner",
	Code:     "OWN-001",
	Title:    "Credential without an owner",
	Severity: inventory.High,
	Why:      "Nobody rotates, revokes or even notices a credential that nobody answers for. It outlives its purpose.",
	Fix:      "Name the owner in the owners file, or write owner:TEAM into the token's description. Revoke it if nobody claims it within 14 days.",
	Refs: []string{"OWASP NHI1:2025", "NIST SP 800-53 IA-4", "NIST SP 800-53 AC-2", "NIST SP 800-53 CM-8(4)", "CIS Software Supply Chain 1.3.7",
		"SOC 2 CC6.2", "ISO 27001:2022 A.5.16", "PCI DSS 4.0.1 7.2.5.1"},
	Reads: []string{"user", "member", "personal-access-token", "project-access-token", "group-access-token", "service-account", "deploy-token", "deploy-key", "trigger"},
	Check: credentials(func(p *Pass, c inventory.Credential) Verdict {
		if !c.Active() {
			return NotApplicable
		}
		o := p.ownerOf(c)
		switch {
		case o == nil:
			return Unknown("its owner was not resolved")
		case o.Band == inventory.OwnerOrphaned:
			return NotApplicable // it has an owner, who left: the rule owner-inactive says so
		case o.Band != inventory.OwnerNone && o.Confidence >= ownerFloor:
			return Ok
		}
		// Members and makers who were not shown might own it.
		for _, h := range p.X.Chain(c.Home) {
			if v, hidden := p.unseen(h.ID, "member"); hidden && h.Kind != inventory.InstanceHome {
				return v
			}
		}
		return Fail("has no owner (best confidence %.2f, policy: at least %.2f); name one in the owners file or in its description", o.Confidence, ownerFloor).
			With("owner = none (%s)", o.Reason)
	}),
}

// ownerFloor is the confidence below which an owner is no owner.
const ownerFloor = 0.3
