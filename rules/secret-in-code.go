package rules

import "nhiscan/inventory"

var secretInCode = Rule{
	ID:       "secret-in-code",
	Code:     "SEC-001",
	Title:    "Hardcoded secret in the current tree",
	Severity: inventory.High,
	Why:      "Everyone who can read the repository, and every clone, fork and backup of it, holds the secret.",
	Fix:      "Revoke it first. Then replace it by a CI/CD variable, an ID token or a vault, remove it from the file, and decide about the history.",
	Refs: []string{"OWASP NHI2:2025", "NIST SP 800-53 IA-5(7)", "NIST SP 800-53 SC-28", "CIS Software Supply Chain 1.5.1", "SOC 2 CC6.1",
		"ISO 27001:2022 A.5.17", "ISO 27001:2022 A.8.28", "PCI DSS 4.0.1 8.6.2"},
	Reads: []string{"repository"},
	Check: exposures{inventory.SurfaceFile, "repository", func(p *Pass, l inventory.Location) Verdict {
		return exposed(l, "lies in the current tree since commit %s; revoke it, then remove it", l.Commit)
	}},
}

// exposed is the fail of a secret where none should be, with where and how it was found. Never with its value.
func exposed(l inventory.Location, format string, args ...any) Verdict {
	v := Fail(format, args...).With("path = %s", l.Path)
	if l.Line > 0 {
		v = v.With("line = %d", l.Line)
	}
	if l.Detector != "" {
		v = v.With("detector = %s", l.Detector)
	}
	if l.Commit != "" {
		v = v.With("commit = %s", l.Commit)
	}
	if l.Author != "" {
		v = v.With("author = %s, %s", l.Author, l.At)
	}
	return v
}
