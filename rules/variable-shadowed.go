package rules

import "nhiscan/inventory"

var variableShadowed = Rule{
	ID:       "variable-shadowed",
	Code:     "VAR-007",
	Title:    "Secret variable that shadows another",
	Severity: inventory.Low,
	Why:      "Jobs get the nearer value. Whoever rotates the farther one believes the matter settled, and the nearer one stays.",
	Fix:      "Find out which of the values is meant, then rename the one or remove the other.",
	Refs:     []string{"NIST SP 800-53 CM-6", "ISO 27001:2022 A.8.9"},
	Reads:    []string{"variable"},
	Check: locations(func(p *Pass, l inventory.Location) Verdict {
		if l.Surface != inventory.SurfaceVariable {
			return NotApplicable
		}
		above := p.shadowedBy(l)
		if l.SecretLike == inventory.No && len(above) == 0 {
			return NotApplicable // a plain value that a project sets for itself is what levels are for
		}
		untold := false
		for _, other := range above {
			switch {
			case l.Fingerprint == "" || other.Fingerprint == "" || l.KeyID != other.KeyID:
				untold = true
			case l.Fingerprint != other.Fingerprint:
				return Fail("shadows the variable of %s with another value: jobs get this one; rename or remove one of them", p.path(other.Home)).
					With("levels = %s, %s", p.path(l.Home), p.path(other.Home)).With("effective = %s", p.path(l.Home))
			}
		}
		for i, h := range p.X.Chain(l.Home) {
			outside := h.Kind == inventory.InstanceHome && len(p.X.Scan.Scope) > 0
			if v, hidden := p.unseen(h.ID, "variable"); hidden && i > 0 && !outside {
				return v
			}
		}
		switch {
		case untold:
			return Unknown("GitLab did not show the values, so whether they differ cannot be told")
		case l.SecretLike == inventory.Unknown && len(above) == 0:
			return Unknown("whether the variable holds a secret was not shown")
		}
		return Ok
	}),
}

// shadowedBy returns the variables of the same key above a variable that some job would get in its place, nearest
// first, as far as one of the two holds a secret.
func (p *Pass) shadowedBy(l inventory.Location) []*inventory.Location {
	var above []*inventory.Location
	for _, other := range p.variablesFor(l.Key, l.Home) {
		secret := l.SecretLike == inventory.Yes || other.SecretLike == inventory.Yes
		if other.Home != l.Home && other.Surface == inventory.SurfaceVariable && secret && scopesMeet(l.Environment, other.Environment) {
			above = append(above, other)
		}
	}
	return above
}

// scopesMeet reports whether one environment may match both scopes, as far as one scope matches the other.
func scopesMeet(a, b string) bool {
	return a == "" || b == "" || inventory.Wildcard(a, b) || inventory.Wildcard(b, a)
}
