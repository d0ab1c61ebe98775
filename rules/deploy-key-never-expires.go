package rules

import "nhiscan/inventory"

var deployKeyNeverExpires = Rule{
	ID:       "deploy-key-never-expires",
	Code:     "EXP-005",
	Title:    "Deploy key without an expiry date",
	Severity: inventory.Medium,
	Why:      "A deploy key belongs to no account that could be blocked: without a date it opens the repository for good.",
	Fix:      "Add a new key with an expiry date, switch the consumer over, remove the old key.",
	Refs:     []string{"OWASP NHI7:2025", "NIST SP 800-53 IA-5", "NIST SP 800-53 SC-12", "SOC 2 CC6.1", "ISO 27001:2022 A.5.17", "ISO 27001:2022 A.8.24"},
	Reads:    []string{"deploy-key"},
	Check: credentials(func(p *Pass, c inventory.Credential) Verdict {
		if c.Kind != "deploy-key" || !c.Active() {
			return NotApplicable
		}
		if c.ExpiresAt.IsUnknown() {
			return Unknown("GitLab did not show its expiry date (shown from 15.11 on)")
		}
		if !c.ExpiresAt.IsNever() {
			return Ok
		}
		projects, push := p.keyProjects(c)
		if len(projects) == 0 {
			if v, hidden := p.unseenAnywhere("deploy-key"); hidden {
				return v
			}
			return NotApplicable // enabled nowhere
		}
		v := Fail("never expires (policy: at most %d days) and is enabled in %s; replace it by a key with an expiry date", p.Policy.MaxLifetimeDays, count(len(projects), "project")).
			With("expires_at = never").With("enabled in %s", few(projects))
		if push {
			v = v.At(inventory.High).With("can_push = true")
		}
		return v
	}),
}

// keyProjects returns the paths of the projects in which a deploy key is enabled, sorted and unique, and whether it may push to
// any of them.
func (p *Pass) keyProjects(c inventory.Credential) (paths []string, push bool) {
	seen := map[string]bool{}
	for _, g := range p.X.GrantsOf(c.Identity) {
		if g.Kind != "deploy-key" {
			continue
		}
		push = push || mayPush(g)
		if !seen[g.Home] {
			seen[g.Home] = true
			paths = append(paths, p.path(g.Home))
		}
	}
	return paths, push
}
