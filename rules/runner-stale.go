package rules

import "nhiscan/inventory"

var runnerStale = Rule{
	ID:       "runner-stale",
	Code:     "STL-006",
	Title:    "Runner without contact",
	Severity: inventory.Medium,
	Why:      "A machine that is gone may have taken the runner's token with it: whoever holds it picks up jobs and their secrets.",
	Fix:      "Delete the runner, and drop its tags from pipelines.",
	Refs:     []string{"OWASP NHI1:2025", "NIST SP 800-53 CM-8", "NIST SP 800-53 AC-2(3)", "CIS Software Supply Chain 2.1.5", "SOC 2 CC6.2"},
	Reads:    []string{"runner"},
	Check: identities(func(p *Pass, i inventory.Identity) Verdict {
		if i.Kind != "runner" {
			return NotApplicable
		}
		idle, contacted := p.age(i.ContactedAt)
		switch {
		case i.OnlineStatus == "never_contacted" || i.ContactedAt.IsNever():
			return Fail("has never contacted GitLab; delete it").With("status = %s", i.OnlineStatus).With("created_at = %s", i.CreatedAt)
		case contacted && idle > p.Policy.StaleDays:
			return Fail("last contacted GitLab on %s (policy: delete after %d days without contact); delete it", day(i.ContactedAt), p.Policy.StaleDays).
				With("contacted_at = %s", i.ContactedAt)
		case i.OnlineStatus == "stale":
			return Fail("is stale: GitLab has not heard from it for months; delete it").With("status = stale")
		case contacted || i.OnlineStatus == "online":
			return Ok
		}
		return Unknown("GitLab did not show its last contact")
	}),
}
