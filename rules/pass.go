package rules

import (
	"cmp"
	"slices"
	"time"

	"nhiscan/inventory"
)

// Pass is one run of the rules over one snapshot: what a Check may look at.
type Pass struct {
	X      *inventory.Index
	Policy Policy
	Now    time.Time

	homes      []*inventory.Home // sorted by ID
	instance   string            // home ID of the instance; empty when the snapshot lacks it
	gaps       map[string]*reason
	refs       map[string]reach
	jobs       map[string]*reason               // by home: why its pipelines were not read to their end
	below      map[string][]*inventory.Home     // by home: its projects, sorted by ID
	held       map[string][]*inventory.Location // by group, and the instance: its variables that hold a secret, or may
	takers     map[string]*audience             // by audience of ID tokens, as soon as it is asked for
	bots       []*inventory.Credential          // active tokens of bots, as soon as they are asked for
	liveTrusts []*inventory.Grant               // trusts in ID tokens for production, as soon as they are asked for
	byPath     map[string]*inventory.Home       // by path in small letters, as soon as it is asked for
	unlinked   inventory.Tri                    // whether a variable holds a token of which nobody knows which it is; unknown: not asked yet
	past       *past
}

// newPass needs no history: without one the rules that ask for it answer as on a first scan.
func newPass(x *inventory.Index, h History, policy Policy, now time.Time) *Pass {
	p := &Pass{X: x, Policy: policy, Now: now, gaps: map[string]*reason{}, refs: map[string]reach{}, jobs: map[string]*reason{}, below: map[string][]*inventory.Home{}, held: map[string][]*inventory.Location{}}
	p.past = newPast(h, x.Scan.Number)
	p.homes = slices.SortedFunc(slices.Values(x.Homes), func(a, b *inventory.Home) int { return cmp.Compare(a.ID, b.ID) })
	for _, h := range p.homes {
		if h.Kind == inventory.InstanceHome {
			p.instance = h.ID
		}
	}
	return p
}

// sameValue returns the places of a value, sorted by ID.
func (p *Pass) sameValue(fingerprint string) []*inventory.Location {
	return slices.SortedFunc(slices.Values(p.X.SameValue(fingerprint)), func(a, b *inventory.Location) int {
		return cmp.Compare(a.ID, b.ID)
	})
}

// path returns a home's path for printing, or "an unknown home".
func (p *Pass) path(home string) string {
	if h := p.X.Home(home); h != nil {
		return inventory.Printable(h.Path, nameLength)
	}
	return "an unknown home"
}

// user returns the account that an identity ID names, or nil.
func (p *Pass) user(id string) *inventory.User {
	if id == "" {
		return nil
	}
	return p.X.User(id)
}

// ownerOf returns the owner of a credential, or else of its identity, or nil when none was resolved.
func (p *Pass) ownerOf(c inventory.Credential) *inventory.Owner {
	if o := p.X.Owner(c.ID); o != nil {
		return o
	}
	return p.X.Owner(c.Identity)
}

// age returns the whole days since w; ok is false for unknown and never.
func (p *Pass) age(w inventory.When) (days int, ok bool) { return w.DaysBefore(p.Now) }

// coverage returns the best that any visit tells about a source in a home: the visit itself, or one higher up
// that lists the same rows.
func (p *Pass) coverage(source, home string) inventory.Coverage {
	own := p.X.Covered(source, home)
	if own.State == inventory.Complete {
		return own
	}
	elsewhere := p.listedAbove(source)
	if own.Needs.Source != "" { // the scan says so itself
		elsewhere = []string{own.Needs.Source}
	}
	for _, above := range elsewhere {
		for _, h := range p.X.Chain(home) {
			if c := p.X.Covered(above, h.ID); c.State == inventory.Complete {
				return c
			}
		}
	}
	return own
}

// listedAbove names the sources whose complete visit in an ancestor shows the same rows. The instance's lists of deploy
// tokens and deploy keys are not among them: they do not say which home a row is in.
func (p *Pass) listedAbove(source string) []string {
	switch source {
	case "runner", "group", "project":
		return []string{source}
	case "project-access-token", "group-access-token":
		if p.X.Scan.Token.Admin == inventory.Yes {
			// An administrator's list holds the tokens of all users, bots included; anyone else's only the own ones.
			return []string{"resource-access-token", "personal-access-token"}
		}
		return []string{"resource-access-token"}
	}
	return nil
}

// unseen reports whether any of the sources was not complete in a home, with the unknown verdict that says so.
func (p *Pass) unseen(home string, sources ...string) (v Verdict, hidden bool) {
	for _, s := range sources {
		if c := p.coverage(s, home); c.State != inventory.Complete {
			return Verdict{reason: hiddenReason(c, p.path(home))}, true
		}
	}
	return Verdict{}, false
}

// unseenAnywhere is unseen over every home in which the sources are visited. A scan of some groups or projects is
// not asked about the instance itself.
func (p *Pass) unseenAnywhere(sources ...string) (v Verdict, hidden bool) {
	for _, s := range sources {
		r, known := p.gaps[s]
		if !known {
			r = p.searchHidden(s)
			p.gaps[s] = r
		}
		if r != nil {
			return Verdict{reason: *r}, true
		}
	}
	return Verdict{}, false
}

func (p *Pass) searchHidden(source string) *reason {
	for _, h := range p.homes {
		if !visitedIn(source, h.Kind) || h.Kind == inventory.InstanceHome && len(p.X.Scan.Scope) > 0 {
			continue
		}
		if v, hidden := p.unseen(h.ID, source); hidden {
			return &v.reason
		}
	}
	if p.instance == "" && len(p.homes) == 0 {
		return &reason{before: "no home was shown"}
	}
	return nil
}

func visitedIn(source string, kind inventory.HomeKind) bool {
	switch source {
	case "variable":
		return true
	case "link", "personal-access-token", "user":
		return kind == inventory.InstanceHome
	case "member":
		return kind != inventory.InstanceHome
	}
	return kind == inventory.ProjectHome
}
