package rules

import (
	"strconv"
	"strings"

	"nhiscan/inventory"
)

var variableNotHidden = Rule{
	ID:       "variable-not-hidden",
	Code:     "VAR-003",
	Title:    "Secret variable is not hidden",
	Severity: inventory.Low,
	Why:      "Every Maintainer, and every token with that role, reads the value in the settings or by the API.",
	Fix:      "Make the variable anew as masked and hidden: hiding cannot be switched on later.",
	Refs:     []string{"OWASP NHI2:2025", "NIST SP 800-53 SC-28", "ISO 27001:2022 A.8.3"},
	Reads:    []string{"variable"},
	Check: secretVariables(func(p *Pass, l inventory.Location) Verdict {
		h := p.X.Home(l.Home)
		switch {
		case h != nil && h.Kind == inventory.InstanceHome:
			return NotApplicable // instance variables cannot be hidden
		case l.Hidden == inventory.Yes:
			return Ok
		}
		// Source: https://docs.gitlab.com/ci/variables/#hide-a-cicd-variable (from 17.4 on).
		switch atLeast(p.X.Scan.Version, 17, 4) {
		case inventory.No:
			return NotApplicable
		case inventory.Unknown:
			return Unknown("the version of GitLab was not shown")
		}
		if l.Hidden == inventory.Unknown {
			return Unknown("GitLab did not show whether it is hidden")
		}
		return Fail("is not hidden (policy: every secret); make it anew as masked and hidden").With("hidden = false")
	}),
}

// atLeast reports whether a GitLab version ("17.11.2-ee") is major.minor or later.
func atLeast(version string, major, minor int) inventory.Tri {
	a, rest, ok := strings.Cut(version, ".")
	b, _, _ := strings.Cut(rest, ".")
	x, errX := strconv.Atoi(a)
	y, errY := strconv.Atoi(strings.TrimRight(b, "-abcdefghijklmnopqrstuvwxyz"))
	if !ok || errX != nil || errY != nil {
		return inventory.Unknown
	}
	return inventory.Is(x > major || x == major && y >= minor)
}
