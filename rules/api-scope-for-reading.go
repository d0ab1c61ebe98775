package rules

import "nhiscan/inventory"

var apiScopeForReading = Rule{
	ID:       "api-scope-for-reading",
	Code:     "PRV-001",
	Title:    "Full api scope where reading would do",
	Severity: inventory.Medium,
	Why:      "With api whoever finds the token changes code, settings and members as far as its role goes; the jobs that hold it only read.",
	Fix:      "Make a token with read_api or read_repository, switch its consumers over, then revoke the old one.",
	Refs: []string{"OWASP NHI5:2025", "NIST SP 800-53 AC-6", "CIS Software Supply Chain 1.4.3", "SOC 2 CC6.3", "ISO 27001:2022 A.8.2",
		"PCI DSS 4.0.1 7.2.5"},
	Reads: []string{"personal-access-token", "project-access-token", "group-access-token", "service-account", "variable", "pipeline", "link"},
	Check: credentials(func(p *Pass, c inventory.Credential) Verdict {
		switch {
		case !c.AccessToken() || !c.Active():
			return NotApplicable
		case c.Scope == "":
			return Unknown("GitLab did not show its scopes")
		case !c.HasScope("api"):
			return NotApplicable
		}
		uses := p.X.UsagesOf(c.ID)
		unclear := false
		for _, u := range uses {
			switch v := verbOf(u); {
			case v == writes && u.Confidence != "low":
				return Ok
			case v != reads:
				unclear = true
			}
		}
		if unclear {
			return Unknown("what a job does with it cannot be told")
		}
		if v, hidden := p.consumersHidden(c); hidden {
			return v
		}
		if len(uses) == 0 {
			return Fail("has scope api, and no use of it is known (policy: least scope); ask its owner what it is for, and make it anew with that scope").
				With("scope = %s", c.Scope).With("known uses = 0, all pipelines read")
		}
		v := Fail("has scope api, but jobs only read with it (%s, in %s); make it anew with read_api or read_repository", count(len(uses), "use"), jobNames(uses)).
			With("scope = %s", c.Scope)
		return withUses(v, uses)
	}),
}

// consumersHidden reports whether jobs may use a credential in ways, or from places, that were not read. Where its value
// lies in variables those say who gets it; where it lies nowhere, any job may hold it.
func (p *Pass) consumersHidden(c inventory.Credential) (v Verdict, hidden bool) {
	if v, hidden := p.unseenAnywhere("variable"); hidden {
		return v, true
	}
	stored := false
	for _, l := range p.X.LocationsOf(c.ID) {
		if l.Surface != inventory.SurfaceVariable && l.Surface != inventory.SurfaceSchedule {
			continue
		}
		stored = true
		if v, hidden := p.unread(l.Home); hidden {
			return v, true
		}
	}
	if stored {
		return Verdict{}, false
	}
	if p.unlinkedTokens() {
		return Unknown("a variable holds a GitLab token or a hidden value, and which token that is was not found (--identify asks GitLab)"), true
	}
	return p.unreadAnywhere()
}

// unlinkedTokens reports whether a variable may hold the value of some GitLab token that is not known to lie there.
func (p *Pass) unlinkedTokens() bool {
	if p.unlinked != inventory.Unknown {
		return p.unlinked == inventory.Yes
	}
	p.unlinked = inventory.No
	for l := range p.X.Locations.All() {
		if l.Surface != inventory.SurfaceVariable && l.Surface != inventory.SurfaceSchedule || l.SecretLike == inventory.No {
			continue
		}
		c := p.X.Credential(l.Credential)
		linked := c != nil && c.Kind != "external"
		if !linked && unlinkedToken(*l).answer == unknown {
			p.unlinked = inventory.Yes
			break
		}
	}
	return p.unlinked == inventory.Yes
}

// withUses adds a line of evidence for each of the first uses.
func withUses(v Verdict, uses []*inventory.Usage) Verdict {
	for _, u := range firstUses(uses) {
		v = v.With("job %q: %s %s (%s:%d)", u.Job, u.System, u.Operation, u.Path, u.Line)
	}
	return v
}
