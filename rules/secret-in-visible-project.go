package rules

import "nhiscan/inventory"

var secretInVisibleProject = Rule{
	ID:       "secret-in-visible-project",
	Code:     "SEC-004",
	Title:    "Secret in a public or internal project",
	Severity: inventory.Critical,
	Why:      "Whoever can see the project can read the secret: in a public one the whole world, within minutes.",
	Fix:      "Revoke it at once and assume that it was copied. Making the project private is not enough.",
	Refs: []string{"OWASP NHI2:2025", "NIST SP 800-53 IR-4", "NIST SP 800-53 IA-5", "CIS Software Supply Chain 1.2.6", "SOC 2 CC6.1", "SOC 2 CC7.1",
		"ISO 27001:2022 A.8.12"},
	Reads:   []string{"repository", "pipeline", "project"},
	counted: []modifier{modPublic},
	Check: locations(func(p *Pass, l inventory.Location) Verdict {
		switch l.Surface {
		case inventory.SurfaceFile, inventory.SurfaceHistory, inventory.SurfaceCI:
		default:
			return NotApplicable
		}
		h := p.X.Home(l.Home)
		switch {
		case h == nil || h.Visibility == "":
			return Unknown("who can see its project was not shown")
		case h.Visibility == "private":
			return Ok // its forks are private too: GitLab lets none be more visible
		}
		return exposed(l, "can be read in a project that is %s; revoke it at once", h.Visibility).With("visibility = %s", h.Visibility)
	}),
}
