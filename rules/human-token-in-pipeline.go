package rules

import (
	"strconv"
	"strings"

	"nhiscan/inventory"
)

var humanTokenInPipeline = Rule{
	ID:       "human-token-in-pipeline",
	Code:     "OWN-005",
	Title:    "Personal token of a human used by a pipeline",
	Severity: inventory.High,
	Why:      "The pipeline acts with everything that person may do, in that person's name, and breaks on the day the account is blocked.",
	Fix:      "Use the job token, an ID token, or a project access token with the least scope; then revoke the personal token.",
	Refs: []string{"OWASP NHI10:2025", "OWASP NHI9:2025", "NIST SP 800-53 IA-4", "NIST SP 800-53 AC-6", "NIST SP 800-53 AC-2(9)",
		"SOC 2 CC6.1", "ISO 27001:2022 A.5.16", "PCI DSS 4.0.1 8.6.1", "PCI DSS 4.0.1 7.2.5"},
	Reads: []string{"variable", "pipeline-schedule", "personal-access-token", "project-access-token", "group-access-token", "service-account", "user", "link"},
	Check: locations(func(p *Pass, l inventory.Location) Verdict {
		if l.Surface != inventory.SurfaceVariable && l.Surface != inventory.SurfaceSchedule || l.SecretLike == inventory.No {
			return NotApplicable
		}
		c := p.X.Credential(l.Credential)
		switch {
		case c != nil && c.Kind == "external":
			c = nil // the value is known, whose it is not
		case c != nil && !c.AccessToken():
			return NotApplicable
		}
		if c == nil {
			if u := p.routedUser(l); u != nil && u.Human() == inventory.Yes {
				return Fail("holds an access token of @%s; give the pipeline a token of its own", u.Username).
					With("the value names user %d", u.Number)
			}
			return p.namedPersonal(l)
		}
		u := p.user(c.Identity)
		switch {
		case c.Kind != "personal-access-token" && c.Kind != "impersonation-token" && c.Kind != "access-token":
			return Ok
		case u == nil || u.Human() == inventory.Unknown:
			return Unknown("whether a person or a bot holds the token was not shown")
		case u.Human() == inventory.No:
			return Ok
		}
		return Fail("holds the %s %s of @%s; give the pipeline a token of its own", credentialNoun(c.Kind), safe(quoted(inventory.NameOf(*c))), u.Username).
			With("credential = %s", c.ID).With("linked by %s", l.LinkReason)
	}),
}

// routedUser returns the user whom a routable access token names, or nil.
func (p *Pass) routedUser(l inventory.Location) *inventory.User {
	if !strings.HasPrefix(l.Detector, "gitlab-access-token") && !strings.HasPrefix(l.Detector, "gitlab-pat") {
		return nil
	}
	for part := range strings.FieldsSeq(l.Route) {
		if text, ok := strings.CutPrefix(part, "u="); ok {
			if n, err := strconv.ParseInt(text, 10, 64); err == nil {
				return p.user(inventory.UserID(p.X.Scan.Instance, n))
			}
		}
	}
	return nil
}

// namedPersonal judges a place whose value belongs to no known token. One whose key says that it holds a personal access
// token does, where no bot has a token in its reach that could be meant. GitLab's prefix says less, as bots' tokens share
// it: there no bot may have one anywhere.
func (p *Pass) namedPersonal(l inventory.Location) Verdict {
	v := unlinkedToken(l)
	named := namesPersonal(l.Key)
	if v.answer != unknown || !named && !strings.HasPrefix(l.Hint, "glpat-") {
		return v
	}
	for _, c := range p.botTokens() {
		reaches := !named || c.Home == "" || p.within(l.Home, c.Home)
		if reaches && p.mayLieAt(c, l) {
			return v // this may be the one
		}
	}
	if named {
		if v, hidden := p.botTokensUnseen(p.X.Chain(l.Home)); hidden {
			return v
		}
		return Fail("is named as a personal access token, and no bot has a token in its reach; give the pipeline a token of its own").
			With("key = %s", l.Key).With("tokens of bots in its reach = 0")
	}
	if len(p.X.Scan.Scope) > 0 {
		return v // bots elsewhere have tokens that were not asked for
	}
	if _, hidden := p.botTokensUnseen(p.homes); hidden {
		return v
	}
	return Fail("holds an access token that is no bot's; give the pipeline a token of its own").
		With("hint = %s", l.Hint).With("tokens of bots that it could be = 0")
}

// botTokens are the active tokens that bots have, or may have.
func (p *Pass) botTokens() []*inventory.Credential {
	if p.bots == nil {
		p.bots = []*inventory.Credential{}
		for c := range p.X.Credentials.All() {
			switch c.Kind {
			case "project-access-token", "group-access-token", "service-account-token", "access-token":
				if c.Active() {
					p.bots = append(p.bots, c)
				}
			}
		}
	}
	return p.bots
}

// mayLieAt reports whether a token may be the value of a place: not where its value is known, and another.
func (p *Pass) mayLieAt(c *inventory.Credential, l inventory.Location) bool {
	for _, at := range p.X.LocationsOf(c.ID) {
		if at.Fingerprint != "" && l.Fingerprint != "" && at.KeyID == l.KeyID && at.Fingerprint != l.Fingerprint {
			return false
		}
	}
	return true
}

// botTokensUnseen reports whether bots of these homes may have tokens that were not shown.
func (p *Pass) botTokensUnseen(homes []*inventory.Home) (v Verdict, hidden bool) {
	for _, h := range homes {
		source := "service-account"
		if h.Kind != inventory.InstanceHome {
			source = string(h.Kind) + "-access-token"
		}
		if p.coverage(source, h.ID).State == inventory.Unsupported {
			continue // this GitLab has none
		}
		if unseen, hidden := p.unseen(h.ID, source); hidden {
			return unseen, true
		}
	}
	return Verdict{}, false
}

// unlinkedToken judges a place whose value belongs to no known token.
func unlinkedToken(l inventory.Location) Verdict {
	prefix := strings.HasPrefix(l.Hint, "glpat-") || strings.HasPrefix(l.Detector, "gitlab-")
	switch {
	case prefix, namesToken(l.Key):
		return Unknown("the place holds a GitLab token, but which one was not found (--identify asks GitLab)")
	case l.Detector != "" || l.Hint != "":
		return NotApplicable // a secret of another system
	case l.Fingerprint == "":
		return Unknown("the value was not shown, so whose token it is cannot be told")
	}
	return NotApplicable
}

// namesToken reports whether a variable's key says that it holds a personal or GitLab token.
func namesToken(key string) bool {
	return namesPersonal(key) || strings.Contains(strings.ToUpper(key), "GITLAB_TOKEN")
}

// namesPersonal reports whether a variable's key says that it holds a personal access token.
func namesPersonal(key string) bool {
	key = strings.ToUpper(key)
	if strings.Contains(key, "PERSONAL_ACCESS_TOKEN") {
		return true
	}
	for _, word := range strings.Split(key, "_") {
		if word == "PAT" {
			return true
		}
	}
	return false
}
