package rules

import "nhiscan/inventory"

var valueInManyProjects = Rule{
	ID:       "value-in-many-projects",
	Code:     "REU-001",
	Title:    "One value in many projects",
	Severity: inventory.Medium,
	Why:      "Whoever breaks into the weakest of these projects has the access of all, and rotating it means changing all at once.",
	Fix:      "Give each workload an identity of its own; if they must share one, store it once, in the group above them.",
	Refs:     []string{"OWASP NHI9:2025", "NIST SP 800-53 IA-4", "NIST SP 800-53 AC-2(9)", "NIST SP 800-53 AC-6", "SOC 2 CC6.1", "ISO 27001:2022 A.5.16", "PCI DSS 4.0.1 7.2.5"},
	Reads:    []string{"variable", "repository", "pipeline", "pipeline-schedule"},
	counted:  []modifier{modPlaces},
	Check: values(func(p *Pass, places []*inventory.Location) Verdict {
		if !secretValue(places) {
			return NotApplicable
		}
		projects, tops := map[string]bool{}, map[string]bool{}
		var paths []string
		for _, l := range places {
			h := p.X.Home(l.Home)
			if h == nil || h.Kind != inventory.ProjectHome || projects[h.ID] {
				continue
			}
			projects[h.ID] = true
			paths = append(paths, h.Path)
			if top := p.topGroup(h.ID); top != "" {
				tops[top] = true
			}
		}
		if len(projects) >= p.Policy.ReuseProjects {
			v := Fail("lies in %s (policy: fewer than %d): %s; give each workload its own", count(len(projects), "project"), p.Policy.ReuseProjects, few(paths)).
				With("projects = %d", len(projects)).With("top-level groups = %d", len(tops))
			if len(tops) > 1 {
				v = v.Raise("across top-level groups")
			}
			return v
		}
		if v, hidden := p.unseenAnywhere("variable", "repository", "pipeline"); hidden {
			return v
		}
		return Ok
	}),
}

// topGroup returns the ID of the top-level group above a home, or of the home itself; empty is none.
func (p *Pass) topGroup(home string) string {
	top := ""
	for _, h := range p.X.Chain(home) {
		if h.Kind == inventory.GroupHome {
			top = h.ID
		}
	}
	return top
}
