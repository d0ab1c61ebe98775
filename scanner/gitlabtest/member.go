package gitlabtest

import (
	"strings"
	"time"
)

// grant is a direct membership, as the index keeps it.
type grant struct {
	path   string // lower case, of a group or a project
	group  bool
	member *Member
}

// reindexMembers must follow every change of a membership.
func (st *state) reindexMembers() {
	st.grants = map[int64][]grant{}
	add := func(path string, group bool, members []*Member) {
		for _, m := range members {
			if u := st.usernames[m.User]; u != nil {
				st.grants[u.ID] = append(st.grants[u.ID], grant{lowerPath(path), group, m})
			}
		}
	}
	for _, g := range st.w.Groups {
		add(g.Path, true, g.Members)
	}
	for _, p := range st.w.Projects {
		add(p.Path, false, p.Members)
	}
}

// within says that path is home or lies below it.
func within(path, home string) bool {
	return path == home || (strings.HasPrefix(path, home) && path[len(home)] == '/')
}

// direct is the highest role that memberships in path or a group above it give; shares are not counted.
func (st *state) direct(u *User, path string, now time.Time) Role {
	best := NoRole
	for _, g := range st.grants[u.ID] {
		if g.member.ExpiresAt.past(now) || g.member.State == "awaiting" {
			continue
		}
		if path == g.path || (g.group && within(path, g.path)) {
			best = max(best, g.member.Role)
		}
	}
	return best
}

func (st *state) shared(u *User, shares []*Share, now time.Time) Role {
	best := NoRole
	for _, s := range shares {
		if !s.ExpiresAt.past(now) {
			best = max(best, min(s.Role, st.direct(u, lowerPath(s.Group), now)))
		}
	}
	return best
}

// groupRole is a user's role in a group: own, inherited, or by an invited group here or above.
func (st *state) groupRole(u *User, g *Group, now time.Time) Role {
	if u == nil {
		return NoRole
	}
	best := st.direct(u, lowerPath(g.Path), now)
	for ; g != nil; g = g.parent {
		best = max(best, st.shared(u, g.SharedWith, now))
	}
	return best
}

// projectRole is a user's role in a project; the owner of a personal namespace is Owner.
func (st *state) projectRole(u *User, p *Project, now time.Time) Role {
	if u == nil {
		return NoRole
	}
	if p.owner == u {
		return Owner
	}
	best := max(st.direct(u, lowerPath(p.Path), now), st.shared(u, p.SharedWith, now))
	if p.group != nil {
		best = max(best, st.groupRole(u, p.group, now))
	}
	return best
}

// belongsBelow says that a user is a member of something inside a group, which makes the group visible to him.
func (st *state) belongsBelow(u *User, g *Group, now time.Time) bool {
	if u == nil {
		return false
	}
	home := lowerPath(g.Path)
	for _, gr := range st.grants[u.ID] {
		if within(gr.path, home) && !gr.member.ExpiresAt.past(now) {
			return true
		}
	}
	return false
}
