package rules

import "nhiscan/inventory"

var storedSecretInCode = Rule{
	ID:       "stored-secret-in-code",
	Code:     "SEC-006",
	Title:    "Code holds a copy of a stored secret",
	Severity: inventory.Critical,
	Why:      "The value is in use, as the variable shows, and every reader of the code has it: masking and hiding the variable protect nothing.",
	Fix:      "Rotate it once, update the variable, and remove the copies from the code.",
	Refs:     []string{"OWASP NHI2:2025", "OWASP NHI9:2025", "NIST SP 800-53 IA-5", "SOC 2 CC6.1", "ISO 27001:2022 A.5.17"},
	Reads:    []string{"repository", "pipeline", "variable"},
	Check: values(func(p *Pass, places []*inventory.Location) Verdict {
		if !secretValue(places) {
			return NotApplicable
		}
		var stored, code []string
		for _, l := range places {
			where := placeName(l) + " of " + p.path(l.Home)
			switch {
			case l.Surface == inventory.SurfaceVariable:
				stored = append(stored, where)
			case inCode(l):
				code = append(code, where)
			}
		}
		if len(stored) > 0 && len(code) > 0 {
			return Fail("is in use as %s and lies in code: %s; rotate it, then remove the copies", few(stored), few(code)).
				With("variables = %d", len(stored)).With("places in code = %d", len(code))
		}
		if v, hidden := p.unseenAnywhere("repository", "pipeline", "variable"); hidden {
			return v
		}
		return Ok
	}),
}

// secretValue reports whether any place says that the value is a secret: a variable may hold plain text.
func secretValue(places []*inventory.Location) bool {
	for _, l := range places {
		if l.SecretLike == inventory.Yes || l.Detector != "" || l.Exposure() {
			return true
		}
	}
	return false
}

func inCode(l *inventory.Location) bool {
	return l.Surface == inventory.SurfaceFile || l.Surface == inventory.SurfaceHistory || l.Surface == inventory.SurfaceCI
}
