package gitlabtest

import (
	"net/http"
	"slices"
	"strings"
)

func memberRoutes() []Route {
	const read = "read_member"
	return []Route{
		{Method: "GET", Path: "projects/:id/members", Permission: read, Paging: Offset, Handle: listMembers(false)},
		{Method: "GET", Path: "projects/:id/members/all", Permission: read, Paging: Offset, Handle: listMembers(true)},
		{Method: "GET", Path: "projects/:id/members/all/:user_id", Permission: read, Handle: showMember(true)},
		{Method: "GET", Path: "projects/:id/members/:user_id", Permission: read, Handle: showMember(false)},
		{Method: "DELETE", Path: "projects/:id/members/:user_id", Role: Maintainer, Permission: "delete_member", Handle: removeMember},
		{Method: "GET", Path: "groups/:id/members", Permission: read, Paging: Offset, Handle: listMembers(false)},
		{Method: "GET", Path: "groups/:id/members/all", Permission: read, Paging: Offset, Handle: listMembers(true)},
		{Method: "GET", Path: "groups/:id/members/all/:user_id", Permission: read, Handle: showMember(true)},
		{Method: "GET", Path: "groups/:id/members/:user_id", Permission: read, Handle: showMember(false)},
		{Method: "GET", Path: "member_roles", Admin: true, Tier: Ultimate, Offering: SelfManaged, Source: "https://docs.gitlab.com/api/member_roles/", Handle: listMemberRoles},
		{Method: "DELETE", Path: "groups/:id/members/:user_id", Role: Owner, Permission: "delete_member", Handle: removeMember},
	}
}

func memberJSON(c *Call, m *Member) Object {
	u := c.st.userByName(m.User)
	o := userPublic(c, u).Merge(Object{
		"access_level": int(m.Role), "created_at": m.CreatedAt.stamp(), "expires_at": m.ExpiresAt.date(),
		"membership_state": "active",
	})
	if m.State == "awaiting" {
		o["membership_state"] = "awaiting"
	}
	if by := c.st.userByName(m.CreatedBy); by != nil {
		o["created_by"] = userPublic(c, by)
	}
	if c.Profile.Tier >= Ultimate {
		o["member_role"] = nil
		if m.CustomRole != "" {
			o["member_role"] = Object{"id": 1, "name": m.CustomRole, "description": nil, "base_access_level": int(m.Role), "group_id": nil}
		}
	}
	if c.Profile.Tier >= Premium {
		o["is_using_seat"] = !u.isBot()
	}
	return o
}

// listMemberRoles is the instance's list of custom roles, which this simulator numbers 1 as memberJSON does.
func listMemberRoles(c *Call) Answer {
	roles, seen := []Object{}, map[string]bool{}
	add := func(members []*Member) {
		for _, m := range members {
			if m.CustomRole != "" && !seen[m.CustomRole] {
				seen[m.CustomRole] = true
				roles = append(roles, Object{"id": 1, "name": m.CustomRole, "description": nil, "base_access_level": int(m.Role), "group_id": nil})
			}
		}
	}
	for _, g := range c.st.w.Groups {
		add(g.Members)
	}
	for _, p := range c.st.w.Projects {
		add(p.Members)
	}
	return OK(roles)
}

// members are the direct members, or with all also those of the groups above and of invited groups; a user comes once,
// with his highest role.
func (c *Call) members(all bool) []*Member {
	var lists [][]*Member
	add := func(members []*Member, invited []*Share) {
		lists = append(lists, members)
		for _, s := range invited {
			if g := c.FindGroup(s.Group); all && g != nil {
				lists = append(lists, capped(g.Members, s.Role))
			}
		}
	}
	g := c.Group
	if c.Project != nil {
		add(c.Project.Members, c.Project.SharedWith)
		if g = c.Project.group; c.Project.owner != nil {
			lists = append(lists, []*Member{{User: c.Project.owner.Username, Role: Owner, CreatedAt: c.Project.CreatedAt}})
		}
	}
	for first := c.Project == nil; g != nil && (all || first); g, first = g.parent, false {
		add(g.Members, g.SharedWith)
	}
	best := map[string]int{}
	var out []*Member
	for _, list := range lists {
		for _, m := range list {
			if m.ExpiresAt.past(c.Now) || c.st.userByName(m.User) == nil {
				continue
			}
			if i, seen := best[m.User]; seen {
				if m.Role > out[i].Role {
					out[i] = m
				}
				continue
			}
			best[m.User] = len(out)
			out = append(out, m)
		}
	}
	return out
}

func capped(members []*Member, limit Role) []*Member {
	var out []*Member
	for _, m := range members {
		one := *m
		one.Role = min(m.Role, limit)
		out = append(out, &one)
	}
	return out
}

// listMembers answers whoever is signed in and sees the home; bots are among the members.
func listMembers(all bool) Handler {
	return func(c *Call) Answer {
		text := strings.ToLower(c.Text("query"))
		rows := slices.DeleteFunc(c.members(all), func(m *Member) bool {
			return text != "" && !strings.Contains(strings.ToLower(m.User+" "+c.st.userByName(m.User).Name), text)
		})
		return List(c, rows, noID[*Member], func(m *Member) Object { return memberJSON(c, m) })
	}
}

func showMember(all bool) Handler {
	return func(c *Call) Answer {
		for _, m := range c.members(all) {
			if c.st.userByName(m.User).ID == c.PathID("user_id") {
				return OK(memberJSON(c, m))
			}
		}
		return NotFound("")
	}
}

func removeMember(c *Call) Answer {
	u := c.st.users[c.PathID("user_id")]
	var members *[]*Member
	if c.Project != nil {
		members = &c.Project.Members
	} else {
		members = &c.Group.Members
	}
	at := slices.IndexFunc(*members, func(m *Member) bool { return u != nil && m.User == u.Username })
	if at < 0 {
		return Message(http.StatusNotFound, "404 Not found")
	}
	*members = slices.Delete(*members, at, at+1)
	c.st.reindexMembers()
	c.Audit("member_destroyed", c.home(), "User", u.Name, u.ID, nil)
	return NoContent()
}
