package rules

import (
	"cmp"
	"slices"

	"nhiscan/inventory"
)

// The measures of one snapshot, as reports and metrics name them. A Measure's Unknown is part of its Denominator:
// what is not known counts as neither good nor bad, and a reader can take it for either.
const (
	measureCoverage   = "coverage"                 // groups and projects seen completely / listed
	measureOwned      = "owned-share"              // owner confidence within policy and owner active / active credentials
	measureGoverned   = "governed-share"           // owned, expiring within policy, in use, no gap of high or more / active credentials
	measureOutside    = "outside-secrets-manager"  // secrets with a place outside a secrets manager / secrets
	measureIdle       = "idle-share"               // unused beyond policy / active credentials with a last use
	measureExpiry     = "expiry-discipline"        // expiry date set / active credentials that can have one
	measureRotation   = "rotation-compliance"      // age within the rotation period / active credentials that rotate
	measureSprawl     = "sprawl"                   // places / distinct secret values; a factor, not a share
	measureValid      = "valid-after-5-days"       // secrets still valid five days after they were reported / reported
	measureOffboarded = "offboarding-completeness" // revoked within grace / live when the project or person went
)

// instanceScope is the scope of a measure over everything scanned.
const instanceScope = "instance"

// ledger adds up measures by name and scope: the instance, and each top-level group.
type ledger struct {
	p    *Pass
	sums map[[2]string]*inventory.Measure
}

// newLedger starts every named measure at zero in every scope, so that a zero is printed and not missing.
func newLedger(p *Pass, names ...string) *ledger {
	l := &ledger{p: p, sums: map[[2]string]*inventory.Measure{}}
	scopes := []string{instanceScope}
	for _, h := range p.homes {
		if p.topGroup(h.ID) == h.ID {
			scopes = append(scopes, h.ID)
		}
	}
	for _, name := range names {
		for _, scope := range scopes {
			l.sums[[2]string{name, scope}] = &inventory.Measure{Name: name, Scope: scope}
		}
	}
	return l
}

// scopesOf returns the scopes that a home counts in.
func (l *ledger) scopesOf(home string) []string {
	if top := l.p.topGroup(home); top != "" {
		return []string{instanceScope, top}
	}
	return []string{instanceScope}
}

// count adds one subject of the given scopes: yes to the numerator, unknown to Unknown, each to the denominator.
func (l *ledger) count(name string, scopes []string, answer inventory.Tri) {
	for _, s := range scopes {
		m := l.sums[[2]string{name, s}]
		m.Denominator++
		switch answer {
		case inventory.Yes:
			m.Numerator++
		case inventory.Unknown:
			m.Unknown++
		}
	}
}

// list returns the measures, sorted by name, then scope with the instance first.
func (l *ledger) list() []inventory.Measure {
	var out []inventory.Measure
	for _, m := range l.sums {
		if m.Denominator > 0 {
			m.Value = float64(m.Numerator) / float64(m.Denominator)
		}
		out = append(out, *m)
	}
	slices.SortFunc(out, func(a, b inventory.Measure) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), firstInstance(a.Scope, b.Scope), cmp.Compare(a.Scope, b.Scope))
	})
	return out
}

func firstInstance(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == instanceScope:
		return -1
	case b == instanceScope:
		return 1
	}
	return 0
}

// measures counts over the snapshot. severe are the subjects with an open gap of high severity or more.
func measures(p *Pass, severe map[string]bool) []inventory.Measure {
	l := newLedger(p, measureCoverage, measureOwned, measureGoverned, measureOutside, measureIdle, measureExpiry, measureRotation, measureSprawl)
	measureHomes(p, l)
	alsoCredentials(p, severe)
	for c := range p.X.Credentials.All() {
		if c.Active() {
			measureCredential(p, l, c, severe[c.ID])
		}
	}
	measureValues(p, l)
	return l.list()
}

// measureHomes counts a group or project as seen when it was visited and no visit of it came back short.
func measureHomes(p *Pass, l *ledger) {
	seen := map[string]inventory.Tri{}
	for c := range p.X.Coverage.All() {
		switch c.State {
		case inventory.Complete:
			if seen[c.Home] == inventory.Unknown {
				seen[c.Home] = inventory.Yes
			}
		case inventory.Partial, inventory.Denied, inventory.Failed:
			seen[c.Home] = inventory.No
		}
	}
	for _, h := range p.homes {
		if h.Kind != inventory.InstanceHome {
			l.count(measureCoverage, l.scopesOf(h.ID), seen[h.ID])
		}
	}
}

// alsoCredentials adds the credentials of which a severe place holds the value.
func alsoCredentials(p *Pass, severe map[string]bool) {
	for l := range p.X.Locations.All() {
		if l.Credential != "" && severe[l.ID] {
			severe[l.Credential] = true
		}
	}
}

func measureCredential(p *Pass, l *ledger, c *inventory.Credential, severe bool) {
	scopes := l.scopesOf(c.Home)
	owned, expires, used := p.owned(c), p.expiresWithin(c), p.inUse(c)
	l.count(measureOwned, scopes, owned)
	l.count(measureGoverned, scopes, all(owned, expires, used, inventory.Is(!severe)))
	if tracked(*c) {
		l.count(measureIdle, scopes, not(p.usedWithin(c, p.Policy.StaleDays)))
	}
	if dated(*c) {
		answer := inventory.Unknown
		if !c.ExpiresAt.IsUnknown() {
			answer = inventory.Is(!c.ExpiresAt.IsNever())
		}
		l.count(measureExpiry, scopes, answer)
	}
	if rotated(*c) {
		answer := inventory.Unknown
		if age, ok := p.age(c.CreatedAt); ok {
			answer = inventory.Is(age <= p.Policy.RotationDays)
		}
		l.count(measureRotation, scopes, answer)
	}
}

// owned reports whether the owner is known well enough and still active.
func (p *Pass) owned(c *inventory.Credential) inventory.Tri {
	o := p.ownerOf(*c)
	switch {
	case o == nil:
		return inventory.Unknown
	case o.Band == inventory.OwnerOrphaned || o.Band == inventory.OwnerNone || o.Confidence < p.Policy.OwnerConfidence:
		return inventory.No
	case o.User == "":
		return inventory.Yes
	}
	u := p.user(o.User)
	if u == nil {
		return inventory.Unknown
	}
	return not(u.Inactive())
}

// expiresWithin reports whether the credential ends, and within the policy's lifetime.
func (p *Pass) expiresWithin(c *inventory.Credential) inventory.Tri {
	expires, ok := c.ExpiresAt.Time()
	switch {
	case c.ExpiresAt.IsNever():
		return inventory.No
	case !ok:
		return inventory.Unknown
	}
	if born, ok := c.CreatedAt.Time(); ok {
		return inventory.Is(int(expires.Sub(born).Hours()/24) <= p.Policy.MaxLifetimeDays)
	}
	if int(expires.Sub(p.Now).Hours()/24) > p.Policy.MaxLifetimeDays {
		return inventory.No
	}
	return inventory.Unknown
}

// inUse reports whether the credential is used, or too new to tell.
func (p *Pass) inUse(c *inventory.Credential) inventory.Tri {
	if age, ok := p.age(c.CreatedAt); c.LastUsedAt.IsNever() && ok && age <= p.Policy.UnusedNewDays {
		return inventory.Yes
	}
	return p.usedWithin(c, p.Policy.StaleDays)
}

// usedWithin reports whether the credential was used, or made, within so many days.
func (p *Pass) usedWithin(c *inventory.Credential, days int) inventory.Tri {
	last, ok := p.age(c.LastUsedAt)
	if c.LastUsedAt.IsNever() {
		last, ok = p.age(c.CreatedAt)
	}
	if !ok {
		return inventory.Unknown
	}
	return inventory.Is(last <= days)
}

// measureValues counts secrets by value. Every place that a scan can see is outside a secrets manager, variables
// included; what a job takes from one shows only as its use.
func measureValues(p *Pass, l *ledger) {
	for fingerprint := range p.X.Fingerprints() {
		places := p.X.SameValue(fingerprint)
		if !secretValue(places) {
			continue
		}
		scopes := map[string]int{}
		for _, place := range places {
			for _, s := range l.scopesOf(place.Home) {
				scopes[s]++
			}
		}
		for s, n := range scopes {
			l.count(measureOutside, []string{s}, inventory.Yes)
			m := l.sums[[2]string{measureSprawl, s}]
			m.Numerator += n
			m.Denominator++
		}
	}
	managed := map[[2]string]bool{}
	for u := range p.X.Usages.All() {
		if key := [2]string{u.Home, u.Name}; u.Kind == "external-secret" && !managed[key] {
			managed[key] = true
			l.count(measureOutside, l.scopesOf(u.Home), inventory.No)
		}
	}
	for place := range p.X.Locations.All() {
		if place.Fingerprint == "" && place.SecretLike == inventory.Yes {
			for _, s := range l.scopesOf(place.Home) {
				l.sums[[2]string{measureSprawl, s}].Unknown++
			}
		}
	}
}

func not(t inventory.Tri) inventory.Tri {
	switch t {
	case inventory.Yes:
		return inventory.No
	case inventory.No:
		return inventory.Yes
	}
	return inventory.Unknown
}

// all is no when any is no, else unknown when any is unknown.
func all(answers ...inventory.Tri) inventory.Tri {
	result := inventory.Yes
	for _, a := range answers {
		if a == inventory.No {
			return a
		}
		if a == inventory.Unknown {
			result = a
		}
	}
	return result
}
