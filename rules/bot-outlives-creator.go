package rules

import (
	"cmp"
	"slices"

	"nhiscan/inventory"
)

var botOutlivesCreator = Rule{
	ID:       "bot-outlives-creator",
	Code:     "OFF-003",
	Title:    "Credential outlives the person who made it",
	Severity: inventory.High,
	Why:      "Who made it saw its value once, and may hold it still after leaving.",
	Fix:      "Rotate it, and name another owner.",
	Refs:     []string{"OWASP NHI1:2025", "NIST SP 800-53 PS-4", "NIST SP 800-53 IA-5", "SOC 2 CC6.2", "ISO 27001:2022 A.5.18"},
	Reads:    []string{"user", "member", "project-access-token", "group-access-token", "deploy-token", "deploy-key", "trigger", "runner", "agent", "audit-event"},
	Check: credentials(func(p *Pass, c inventory.Credential) Verdict {
		if !ofBot(c) || !c.Active() {
			return NotApplicable
		}
		maker := p.makerOf(c)
		if maker == "" {
			return Unknown("GitLab did not show who made it")
		}
		u := p.user(maker)
		switch {
		case u == nil || u.Inactive() == inventory.Unknown || u.Human() == inventory.Unknown:
			return Unknown("the account of who made it was not shown")
		case u.Human() == inventory.No:
			return NotApplicable // made by a machine
		case u.Inactive() == inventory.Yes:
			return Fail("was made by @%s, whose account is %s; rotate it", u.Username, u.State).With("creator = %s", maker).With("state = %s", u.State)
		case u.Admin == inventory.Yes:
			return Ok // administrators act everywhere without being members
		}
		for _, home := range p.opens(c) {
			h := p.X.Home(home)
			if h == nil {
				return Unknown("its home was not shown")
			}
			if h.Kind == inventory.InstanceHome || p.isMember(maker, home) || h.PersonalOf == maker {
				continue
			}
			if v, hidden := p.unseen(home, "member"); hidden {
				return v
			}
			if u.Admin == inventory.Unknown {
				return Unknown("whether @%s, who made it and is no member, is an administrator was not shown", u.Username)
			}
			return Fail("was made by @%s, who is no longer a member of %s; rotate it", u.Username, safe(p.path(home))).
				With("creator = %s", maker).With("membership in %s = none", safe(p.path(home)))
		}
		return Ok
	}),
}

// opens returns the homes that a credential opens, sorted: a deploy key's and a runner's grants name them.
func (p *Pass) opens(c inventory.Credential) []string {
	var homes []string
	for _, g := range p.X.GrantsOf(c.Identity) {
		if g.Kind == "deploy-key" || g.Kind == "runner" {
			homes = append(homes, g.Home)
		}
	}
	if len(homes) == 0 {
		return []string{c.Home}
	}
	slices.Sort(homes)
	return homes
}

// makerOf returns the user ID of who made a credential, or runs it: GitLab shows a trigger's owner only.
func (p *Pass) makerOf(c inventory.Credential) string {
	maker := c.Creator
	if i := p.X.Identity(c.Identity); i != nil {
		maker = cmp.Or(maker, i.Creator, i.ActsAs)
	}
	if u := p.user(c.Identity); u != nil {
		maker = cmp.Or(maker, u.Creator)
	}
	return maker
}
