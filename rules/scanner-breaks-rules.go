package rules

import (
	"strings"

	"nhiscan/inventory"
)

// ownLifetimeDays is how long a scanning token may live.
const ownLifetimeDays = 90

var scannerBreaksRules = Rule{
	ID:       "scanner-breaks-rules",
	Code:     "COV-005",
	Title:    "The scanning token breaks the rules itself",
	Severity: inventory.High,
	Why:      "A token that reads the whole estate is the best one to steal.",
	Fix:      "Scan with read_api and read_repository only (and admin_mode as administrator), a lifetime of at most 90 days, and a named owner.",
	Refs:     []string{"OWASP NHI5:2025", "OWASP NHI7:2025", "NIST SP 800-53 AC-6"},
	Reads:    []string{"own-token"},
	Check: once(func(p *Pass) Verdict {
		token := p.X.Scan.Token
		if token == (inventory.TokenFacts{}) {
			return NotApplicable // scanned without a token
		}
		var wrong []string
		if beyond := beyondNeed(token.Scope); len(beyond) > 0 {
			wrong = append(wrong, "scope "+strings.Join(beyond, " ")+" is more than reading needs")
		}
		c := p.X.Credential(token.Credential)
		hidden := p.ownLifetime(token, c, &wrong)
		owner, resolved := p.ownOwner(c)
		if resolved && !owner {
			wrong = append(wrong, "it has no owner")
		}
		switch {
		case len(wrong) > 0:
			return Fail("breaks its own rules: %s; make it anew with less", safe(inventory.Printable(strings.Join(wrong, ", "), 400))).
				With("scope = %s", token.Scope).With("expires_at = %s", token.ExpiresAt)
		case token.Scope == "":
			return Unknown("GitLab did not show its scopes")
		case hidden != "":
			return Unknown("%s", hidden)
		case !resolved:
			return Unknown("its owner was not resolved")
		}
		return Ok
	}),
}

// beyondNeed returns the scopes that a scan does not need. Of a fine-grained token, whose scopes are pairs of
// access and permission, those that do not read.
func beyondNeed(scope string) []string {
	var beyond []string
	for s := range strings.FieldsSeq(scope) {
		_, permission, granular := strings.Cut(s, ":")
		switch {
		case granular && (strings.HasPrefix(permission, "read") || strings.HasPrefix(permission, "download")):
		case s == "read_api" || s == "read_repository" || s == "read_user" || s == "admin_mode":
		default:
			beyond = append(beyond, s)
		}
	}
	return beyond
}

// ownLifetime adds what is wrong with the token's lifetime, or returns why that cannot be told.
func (p *Pass) ownLifetime(token inventory.TokenFacts, c *inventory.Credential, wrong *[]string) (hidden string) {
	expires, ok := token.ExpiresAt.Time()
	switch {
	case token.ExpiresAt.IsNever():
		*wrong = append(*wrong, "it never expires")
		return ""
	case !ok:
		return "GitLab did not show its expiry date"
	}
	if c != nil {
		if born, ok := c.CreatedAt.Time(); ok {
			if days := int(expires.Sub(born).Hours() / 24); days > ownLifetimeDays {
				*wrong = append(*wrong, string(count(days, "day"))+" of life are more than "+string(count(ownLifetimeDays, "day")))
			}
			return ""
		}
	}
	if left := int(expires.Sub(p.Now).Hours() / 24); left > ownLifetimeDays {
		*wrong = append(*wrong, "it lives until "+string(day(token.ExpiresAt)))
		return ""
	}
	return "GitLab did not show when it was made"
}

func (p *Pass) ownOwner(c *inventory.Credential) (owner, resolved bool) {
	if c == nil {
		return false, false
	}
	o := p.ownerOf(*c)
	return o != nil && o.Band != inventory.OwnerNone, o != nil
}
