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
		if v, unclear := p.ownerUnclear(c); unclear {
			return v
		}
		return Fail("has no owner (best confidence %.2f, policy: at least %.2f); name one in the owners file or in its description", o.Confidence, ownerFloor).
			With("owner = none (%s)", o.Reason)
	}),
}

// ownerUnclear reports whether a fact that this token is not shown could make somebody the owner: who made the credential
// may be an administrator, who answers for it without being a member, and where direct and inherited members were shown
// as one list, the direct ones may be so few that their share is enough.
func (p *Pass) ownerUnclear(c inventory.Credential) (v Verdict, unclear bool) {
	u := p.user(p.makerOf(c))
	if u != nil && u.Human() == inventory.Yes && u.Inactive() == inventory.No && u.Admin == inventory.Unknown && !p.isMember(u.ID, c.Home) {
		return Unknown("whether @%s, who made it and is no member, is an administrator was not shown", u.Username), true
	}
	mixed := 0
	for _, g := range p.X.GrantsOn(c.Home) {
		if g.Kind == "membership" && g.Level >= levelMaintainer && g.Inherited == inventory.Unknown && !g.ExpiresAt.Before(p.Now) {
			mixed++
		}
	}
	if mixed > 1 {
		return Unknown("which of its maintainers are direct members was not shown"), true
	}
	return Verdict{}, false
}

// ownerFloor is the confidence below which an owner is no owner.
const ownerFloor = 0.3
