package rules

import (
	"strconv"

	"nhiscan/inventory"
)

// longWindow is how many seconds an ID token may live.
const longWindow = 3600

var idTokenWindowLong = Rule{
	ID:       "id-token-window-long",
	Code:     "PIP-011",
	Title:    "ID token that lives for long",
	Severity: inventory.Low,
	Why:      "An ID token is valid as long as the job may run. Who takes it from a hanging job uses it until then.",
	Fix:      "Set the job's timeout to what it needs, and exchange the token at its start.",
	Refs:     []string{"OWASP NHI7:2025", "NIST SP 800-53 IA-5", "ISO 27001:2022 A.8.5"},
	Reads:    []string{"pipeline", "project"},
	Check: workloads(func(p *Pass, job inventory.Identity) Verdict {
		if len(p.idTokens(job.ID)) == 0 {
			if v, hidden := p.unseen(job.Home, "pipeline"); hidden {
				return v
			}
			return NotApplicable
		}
		seconds, from := 0, "timeout"
		if text := job.Attributes["timeout"]; text != "" {
			seconds, _ = strconv.Atoi(text)
		} else if h := p.X.Home(job.Home); h != nil {
			seconds, _, _ = h.SettingNumber("build_timeout")
			from = "build_timeout"
		}
		switch {
		case seconds <= 0:
			return Unknown("how long the job may run was not shown")
		case seconds <= longWindow:
			return Ok
		}
		return Fail("has an ID token that lives %s (policy: at most %s); shorten the job's timeout", count((seconds+59)/60, "minute"), count(longWindow/60, "minute")).
			With("%s = %d seconds", safe(from), seconds)
	}),
}
