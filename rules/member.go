package rules

import (
	"cmp"
	"slices"
)

// member is a user with the highest role in a home or above it.
type member struct {
	user  string // identity ID
	level int
}

// membersOf returns who is a member of a home or of one above it, sorted by user. Ended memberships do not count.
func (p *Pass) membersOf(home string) []member {
	levels := map[string]int{}
	for _, h := range p.X.Chain(home) {
		for _, g := range p.X.GrantsOn(h.ID) {
			if g.Kind == "membership" && !g.ExpiresAt.Before(p.Now) {
				levels[g.Subject] = max(levels[g.Subject], g.Level)
			}
		}
	}
	members := make([]member, 0, len(levels))
	for user, level := range levels {
		members = append(members, member{user, level})
	}
	slices.SortFunc(members, func(a, b member) int { return cmp.Compare(a.user, b.user) })
	return members
}

// isMember reports whether a user has any role in a home or above it.
func (p *Pass) isMember(user, home string) bool { return p.levelOf(user, home) > 0 }
