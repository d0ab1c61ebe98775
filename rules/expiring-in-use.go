package rules

import "nhiscan/inventory"

var expiringInUse = Rule{
	ID:       "expiring-in-use",
	Code:     "EXP-003",
	Title:    "Expires soon and is in use",
	Severity: inventory.Info,
	Why:      "What uses it breaks on that day, and a token rotated in a hurry is rotated badly.",
	Fix:      "Rotate it, update every place that holds the value, run each consumer once, then let the old one expire.",
	Refs:     []string{"OWASP NHI7:2025", "NIST SP 800-53 IA-5", "NIST SP 800-53 SC-12(1)", "ISO 27001:2022 A.5.17"},
	Reads:    []string{"personal-access-token", "project-access-token", "group-access-token", "service-account", "deploy-token", "deploy-key", "trigger", "pipeline", "variable"},
	Check: credentials(func(p *Pass, c inventory.Credential) Verdict {
		switch {
		case !dated(c) || !c.Active() || c.ExpiresAt.IsNever():
			return NotApplicable
		case c.ExpiresAt.IsUnknown():
			return Unknown("GitLab did not show its expiry date")
		}
		expires, _ := c.ExpiresAt.Time()
		days := int(expires.Sub(p.Now).Hours() / 24)
		window := p.expiryWindow(days)
		if window == 0 {
			return Ok
		}
		if days < 0 {
			return NotApplicable // past, though GitLab calls it active
		}
		last, used := p.age(c.LastUsedAt)
		consumers := len(p.X.UsagesOf(c.ID)) + p.storedPlaces(c.ID)
		switch {
		case used && last <= p.Policy.InUseDays:
			return Fail("expires on %s and is in use; rotate it and update what uses it", day(c.ExpiresAt)).
				At(window).With("expires_at = %s", c.ExpiresAt).With("last_used_at = %s", c.LastUsedAt)
		case consumers > 0:
			return Fail("expires on %s and is used in %s; rotate it and update them", day(c.ExpiresAt), count(consumers, "place")).
				At(window).With("expires_at = %s", c.ExpiresAt).With("consumers = %d", consumers)
		case c.LastUsedAt.IsUnknown():
			return Unknown("GitLab did not show its last use, and no consumer was found")
		}
		if v, hidden := p.unseenAnywhere("pipeline", "variable"); hidden {
			return v
		}
		return Ok
	}),
}

// expiryWindow returns the severity of expiring in so many days; 0 is not soon.
func (p *Pass) expiryWindow(days int) inventory.Severity {
	s := inventory.Severity(0)
	for i, limit := range p.Policy.ExpiringDays {
		if days <= limit {
			s = inventory.Info + inventory.Severity(i)
		}
	}
	return s
}

// storedPlaces counts the variables that hold a credential's value for jobs to use.
func (p *Pass) storedPlaces(credential string) int {
	n := 0
	for _, l := range p.X.LocationsOf(credential) {
		if l.Surface == inventory.SurfaceVariable || l.Surface == inventory.SurfaceSchedule {
			n++
		}
	}
	return n
}
