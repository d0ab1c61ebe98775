package rules

import "nhiscan/inventory"

var archivedProjectLiveCredentials = Rule{
	ID:       "archived-project-live-credentials",
	Code:     "OFF-001",
	Title:    "Archived project with live credentials",
	Severity: inventory.High,
	Why:      "The project has ended, its tokens and keys have not: they work as before, and nobody looks any more.",
	Fix:      "Revoke all that is listed, then take the project off job token allowlists.",
	Refs: []string{"OWASP NHI1:2025", "NIST SP 800-53 AC-2", "NIST SP 800-53 AC-2(3)", "NIST SP 800-53 IA-5", "CIS Software Supply Chain 1.2.7", "SOC 2 CC6.2",
		"ISO 27001:2022 A.5.18"},
	Reads: []string{"project", "project-access-token", "deploy-token", "deploy-key", "trigger", "agent", "variable"},
	Check: homes(func(p *Pass, h inventory.Home) Verdict {
		switch {
		case h.Kind != inventory.ProjectHome || h.Archived == inventory.No:
			return NotApplicable
		case h.Archived == inventory.Unknown:
			return Unknown("whether the project is archived was not shown")
		}
		return p.stillLive(h, "is archived")
	}),
}

// stillLive fails a project that ended while credentials or secrets of its own live on.
func (p *Pass) stillLive(h inventory.Home, ended string) Verdict {
	var live []string
	for _, c := range p.X.CredentialsIn(h.ID) {
		if c.Active() && ofBot(*c) && c.Kind != "runner-token" && c.Kind != "deploy-key" {
			live = append(live, credentialNoun(c.Kind)+" "+quoted(inventory.NameOf(*c)))
		}
	}
	// A deploy key has no home of its own: its grants say where it opens.
	for _, g := range p.X.GrantsOn(h.ID) {
		if g.Kind != "deploy-key" {
			continue
		}
		for _, c := range p.X.CredentialsOf(g.Subject) {
			if c.Active() {
				live = append(live, "deploy key "+quoted(inventory.NameOf(*c)))
			}
		}
	}
	for _, l := range p.X.LocationsIn(h.ID) {
		if l.Surface == inventory.SurfaceVariable && l.SecretLike == inventory.Yes {
			live = append(live, placeName(l))
		}
	}
	if len(live) > 0 {
		still := safe("still work")
		if len(live) == 1 {
			still = "still works"
		}
		return Fail("%s, but %s %s: %s; revoke all", safe(ended), count(len(live), "credential"), still, few(live)).
			With("live credentials = %d", len(live))
	}
	if v, hidden := p.unseen(h.ID, liveSources()...); hidden {
		return v
	}
	return Ok
}
