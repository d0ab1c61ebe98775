package rules

import "nhiscan/inventory"

var valueAcrossEnvironments = Rule{
	ID:       "value-across-environments",
	Code:     "REU-002",
	Title:    "Same value in production and elsewhere",
	Severity: inventory.High,
	Why:      "Test systems are open to more people and guarded less: with the same value they open production.",
	Fix:      "Make a separate credential for production, and rotate the one that was shared.",
	Refs:     []string{"OWASP NHI8:2025", "OWASP NHI9:2025", "NIST SP 800-53 AC-6", "NIST SP 800-53 SC-28", "SOC 2 CC6.1"},
	Reads:    []string{"variable", "environment"},
	counted:  []modifier{modProduction},
	Check: values(func(p *Pass, places []*inventory.Location) Verdict {
		if !secretValue(places) {
			return NotApplicable
		}
		var live, other []string
		unclear := 0
		for _, l := range places {
			if l.Surface != inventory.SurfaceVariable {
				continue
			}
			where := placeName(l) + " of " + p.path(l.Home)
			switch p.tier(l) {
			case production:
				live = append(live, where)
			case elsewhere:
				other = append(other, where)
			default:
				unclear++
			}
		}
		if len(live) > 0 && len(other) > 0 {
			return Fail("serves production (%s) and other environments (%s); make separate ones", few(live), few(other)).
				With("places in production = %d", len(live)).With("places elsewhere = %d", len(other))
		}
		if len(live)+len(other)+unclear == 0 {
			return NotApplicable // in no variable
		}
		if v, hidden := p.unseenAnywhere("variable"); hidden {
			return v
		}
		if unclear > 0 && len(live)+len(other)+unclear > 1 {
			return Unknown("which environments its variables serve is not told by their scopes")
		}
		return Ok
	}),
}
