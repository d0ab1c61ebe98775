package rules

import (
	"slices"
	"strings"

	"nhiscan/inventory"
)

var groupTokenForOneProject = Rule{
	ID:       "group-token-for-one-project",
	Code:     "PRV-003",
	Title:    "Group token used in one project only",
	Severity: inventory.Medium,
	Why:      "A group token opens every project of the group, those of tomorrow too, for a purpose that one project has.",
	Fix:      "Make a project access token in that project with the same scopes, switch its consumers over, then revoke the group token.",
	Refs: []string{"OWASP NHI5:2025", "NIST SP 800-53 AC-6", "SOC 2 CC6.3", "ISO 27001:2022 A.8.3",
		"PCI DSS 4.0.1 7.2.5"},
	Reads: []string{"group-access-token", "variable", "pipeline", "link"},
	Check: credentials(func(p *Pass, c inventory.Credential) Verdict {
		if c.Kind != "group-access-token" || !c.Active() {
			return NotApplicable
		}
		consumers := p.consumerProjects(c)
		if len(consumers) > 1 {
			return Ok
		}
		for _, u := range p.X.UsagesOf(c.ID) {
			if strings.Contains(u.Operation, "/groups/") {
				return Ok // what it does there no project token can
			}
		}
		if v, hidden := p.consumersHidden(c); hidden {
			return v
		}
		if len(consumers) == 0 {
			return p.usedNowhere(c)
		}
		return Fail("is used in 1 project only (%s); replace it by a token of that project", p.path(consumers[0])).
			With("consuming projects = 1").With("uses by jobs = %d", len(p.X.UsagesOf(c.ID)))
	}),
}

// usedNowhere judges a group token of which no project is known to have need, though all were read.
func (p *Pass) usedNowhere(c inventory.Credential) Verdict {
	switch {
	case c.LastUsedAt.IsUnknown():
		return Unknown("no project uses it, and GitLab did not show whether something outside does")
	case !c.LastUsedAt.IsNever():
		return Unknown("no project uses it, but something that the scan does not see does")
	}
	return Fail("is used in no project, and never was; revoke it, or make a token of the one project that is to have it").
		With("consuming projects = 0").With("last_used_at = %s", c.LastUsedAt)
}

// consumerProjects returns the projects whose jobs use a credential or whose own variables hold it, sorted.
func (p *Pass) consumerProjects(c inventory.Credential) []string {
	var homes []string
	for _, u := range p.X.UsagesOf(c.ID) {
		homes = append(homes, u.Home)
	}
	for _, l := range p.X.LocationsOf(c.ID) {
		if h := p.X.Home(l.Home); h != nil && h.Kind == inventory.ProjectHome {
			homes = append(homes, h.ID)
		}
	}
	slices.Sort(homes)
	return slices.Compact(homes)
}
