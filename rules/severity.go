package rules

import (
	"fmt"
	"strings"

	"nhiscan/inventory"
)

// modifier names a common reason to weigh a gap more or less than its rule does.
type modifier string

const (
	modProduction modifier = "production"
	modAuthority  modifier = "authority" // over an instance, a group or a default branch; reaches production as well
	modPublic     modifier = "public"
	modActive     modifier = "active"
	modPlaces     modifier = "places"
	modUnused     modifier = "unused"
	modProtected  modifier = "protected"
)

// step is one term of a severity's arithmetic.
type step struct {
	by  int
	why string
}

// manyPlaces is how many places of one value weigh more.
const manyPlaces = 3

// largeInstance is the number of user accounts from which "internal" is nearly "public".
const largeInstance = 1000

// severity adds the modifiers to a verdict's base, keeps the sum between info and critical, and prints the
// arithmetic: "base medium, +1 public = high".
func (p *Pass) severity(rule *Rule, s subject, v Verdict) (inventory.Severity, string) {
	base := v.base
	if base == 0 {
		base = rule.Severity
	}
	sum := int(base)
	text := "base " + base.String()
	for _, st := range append(v.extra, p.modifiers(rule, s)...) {
		sum += st.by
		text += fmt.Sprintf(", %+d %s", st.by, st.why)
	}
	total := inventory.Severity(min(max(sum, int(inventory.Info)), int(inventory.Critical)))
	if int(total) != sum {
		return total, text + " = " + total.String() + " (the limit)"
	}
	return total, text + " = " + total.String()
}

// modifiers lists the common modifiers that hold for a subject and that the rule does not count itself.
// A modifier whose facts are unknown does not hold.
func (p *Pass) modifiers(rule *Rule, s subject) []step {
	var steps []step
	add := func(m modifier, by int, why string) {
		for _, c := range rule.counted {
			if c == m {
				return
			}
		}
		if why != "" {
			steps = append(steps, step{by, why})
		}
	}
	if why := p.production(s); why != "" {
		add(modProduction, +1, why)
	} else if s.credential != nil {
		add(modAuthority, +1, p.authority(*s.credential))
	}
	add(modPublic, +1, p.public(s))
	add(modActive, +1, p.stillActive(s))
	add(modPlaces, +1, p.places3(s))
	add(modUnused, -1, p.unused(s))
	add(modProtected, -1, compensated(s))
	return steps
}

// production says why the subject reaches production, or nothing.
func (p *Pass) production(s subject) string {
	switch {
	case s.credential != nil:
		for _, l := range p.X.LocationsOf(s.credential.ID) {
			if p.tier(l) == production {
				return "production"
			}
		}
		if p.usedInProduction(s.credential.ID) {
			return "production"
		}
	case s.location != nil:
		if p.tier(s.location) == production {
			return "production"
		}
	case s.value != nil:
		for _, l := range s.value {
			if p.tier(l) == production {
				return "production"
			}
		}
	}
	return ""
}

// authority says why a credential reaches production by what it may do, or nothing.
func (p *Pass) authority(c inventory.Credential) string {
	if u := p.user(c.Identity); c.AccessToken() && u != nil && u.Admin == inventory.Yes {
		return "instance administrator"
	}
	if c.Kind == "group-access-token" && c.Level >= levelOwner {
		return "group Owner"
	}
	if c.Kind == "deploy-key" && p.pushesDefault(c) {
		return "default branch write"
	}
	return ""
}

func (p *Pass) public(s subject) string {
	homes := []string{s.home}
	for _, l := range s.value {
		homes = append(homes, l.Home)
	}
	internal := ""
	for _, id := range homes {
		h := p.X.Home(id)
		switch {
		case h == nil:
		case h.Visibility == "public":
			return "public"
		case h.Visibility == "internal" && p.X.Users.Len() >= largeInstance:
			internal = "internal on a large instance"
		}
	}
	return internal
}

// stillActive holds for an exposed value whose token GitLab shows as active.
func (p *Pass) stillActive(s subject) string {
	places := s.value
	if s.location != nil {
		places = []*inventory.Location{s.location}
	}
	for _, l := range places {
		if c := p.X.Credential(l.Credential); l.Exposure() && c != nil && c.State == inventory.Active && c.Kind != "external" {
			return "still active"
		}
	}
	return ""
}

func (p *Pass) places3(s subject) string {
	n := len(s.value)
	if s.location != nil && s.location.Fingerprint != "" {
		n = len(p.X.SameValue(s.location.Fingerprint))
	}
	if n < manyPlaces {
		return ""
	}
	return fmt.Sprintf("same value in %d places", n)
}

// unused needs proof: a last use that GitLab shows, and every place where a consumer could be, seen.
func (p *Pass) unused(s subject) string {
	c := s.credential
	if c == nil || len(p.X.UsagesOf(c.ID)) > 0 || len(p.X.LocationsOf(c.ID)) > 0 {
		return ""
	}
	last, used := p.age(c.LastUsedAt)
	born, dated := p.age(c.CreatedAt)
	idle := used && last > p.Policy.StaleDays || c.LastUsedAt.IsNever() && dated && born > p.Policy.StaleDays
	if !idle {
		return ""
	}
	if _, hidden := p.unseenAnywhere("pipeline", "repository", "variable"); hidden {
		return ""
	}
	return fmt.Sprintf("unused for %d days, no consumer", p.Policy.StaleDays)
}

func compensated(s subject) string {
	l := s.location
	if l == nil || l.Surface != inventory.SurfaceVariable || strings.Trim(l.Environment, "*") == "" {
		return ""
	}
	if l.Protected == inventory.Yes && l.Masked == inventory.Yes && l.Hidden == inventory.Yes {
		return "protected, masked, hidden and scoped"
	}
	return ""
}
