package rules

import "nhiscan/inventory"

var halfRotation = Rule{
	ID:       "half-rotation",
	Code:     "ROT-003",
	Title:    "Rotated, but the old value is still in place",
	Severity: inventory.High,
	Why:      "Whatever reads the old value fails, or, where the old token still works, the rotation ended nothing.",
	Fix:      "Put the new value into every place that holds the old one, then revoke the old token.",
	Refs:     []string{"OWASP NHI7:2025", "NIST SP 800-53 IA-5", "SOC 2 CC6.1", "ISO 27001:2022 A.5.17"},
	Reads:    []string{"link", "variable", "pipeline-schedule", "repository"},
	Check: credentials(func(p *Pass, c inventory.Credential) Verdict {
		if !c.AccessToken() || !c.Active() {
			return NotApplicable
		}
		if c.RotatedFrom == "" {
			if v, hidden := p.unseenAnywhere("link"); hidden {
				return v
			}
			return NotApplicable
		}
		var left []string
		for _, l := range p.X.LocationsOf(c.RotatedFrom) {
			left = append(left, placeName(l)+" of "+p.path(l.Home))
		}
		if len(left) > 0 {
			return Fail("was rotated, but its old value still lies in %s: %s; put the new value there", count(len(left), "place"), few(left)).
				With("rotated_from = %s", c.RotatedFrom)
		}
		if v, hidden := p.unseenAnywhere("link", "variable", "repository"); hidden {
			return v
		}
		return Ok
	}),
}
