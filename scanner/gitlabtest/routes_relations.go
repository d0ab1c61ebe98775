package gitlabtest

import (
	"cmp"
	"slices"
	"strings"
)

// relationRoutes say who and what a project, a group or a user belongs to.
func relationRoutes() []Route {
	const projects, groups, users = "https://docs.gitlab.com/api/projects/", "https://docs.gitlab.com/api/groups/", "https://docs.gitlab.com/api/users/"
	const members = "https://docs.gitlab.com/api/group_members/"
	return []Route{
		{Method: "GET", Path: "projects/:id/users", Permission: "read_member", Paging: Offset, Source: projects, Handle: listProjectUsers},
		{Method: "GET", Path: "projects/:id/groups", Permission: "read_group", Paging: Offset, Source: projects, Handle: listProjectGroups},
		{Method: "GET", Path: "projects/:id/invited_groups", Permission: "read_group", Paging: Offset, Source: projects, Handle: listInvitedGroups},
		{Method: "GET", Path: "projects/:id/forks", Anonymous: true, Permission: "read_project", Paging: Offset, Source: projects, Handle: listForks},

		{Method: "GET", Path: "groups/:id/invited_groups", Permission: "read_group", Paging: Offset, Source: groups, Handle: listInvitedGroups},
		{Method: "GET", Path: "groups/:id/groups/shared", Permission: "read_group", Paging: Offset, Source: groups, Handle: listGroupsSharedWith},
		{Method: "GET", Path: "groups/:id/projects/shared", Permission: "read_project", Paging: Offset, Source: groups, Handle: listSharedProjects},
		{Method: "GET", Path: "groups/:id/provisioned_users", Role: Maintainer, Tier: Premium, Permission: "read_user", Paging: Offset, Source: groups, Handle: listProvisionedUsers},
		{Method: "GET", Path: "groups/:id/saml_group_links", Role: Owner, Tier: Premium, Permission: "read_saml_group_link", Source: "https://docs.gitlab.com/api/saml/", Handle: listLoginLinks("saml")},
		{Method: "GET", Path: "groups/:id/ldap_group_links", Role: Owner, Tier: Premium, Permission: "read_ldap_group_link", Source: "https://docs.gitlab.com/api/group_ldap_links/", Handle: listLoginLinks("ldap")},
		{Method: "GET", Path: "groups/:id/saml/identities", Role: Owner, Tier: Premium, Offering: SaaS, Permission: "read_saml_identity", Source: "https://docs.gitlab.com/api/saml/", Handle: listGroupIdentities(false)},
		{Method: "GET", Path: "groups/:id/scim/identities", Role: Owner, Tier: Premium, Offering: SaaS, Permission: "read_scim_identity", Source: "https://docs.gitlab.com/api/scim/", Handle: listGroupIdentities(true)},
		{Method: "GET", Path: "groups/:id/billable_members", Role: Owner, Tier: Premium, Permission: "read_billable_member", Paging: Offset, Source: members, Handle: listBillableMembers},
		{Method: "GET", Path: "groups/:id/billable_members/:user_id/memberships", Role: Owner, Tier: Premium, Permission: "read_billable_member", Paging: Offset, Source: members, Handle: listBillableMemberships},

		{Method: "GET", Path: "users/:id/memberships", Admin: true, Permission: "read_user_membership", Paging: Offset, Source: users, Handle: listMemberships},
		{Method: "GET", Path: "users/:id/associations_count", Permission: "read_user", Source: users, Handle: countAssociations},
	}
}

func listProjectUsers(c *Call) Answer {
	text := strings.ToLower(c.Text("search"))
	rows := keep(c.members(true), func(m *Member) bool {
		u := c.st.userByName(m.User)
		return u.State == "active" && strings.Contains(strings.ToLower(u.Username+" "+u.Name), text)
	})
	return List(c, rows, noID[*Member], func(m *Member) Object { return userPublic(c, c.st.userByName(m.User)) })
}

// listProjectGroups holds the groups above a project, and with with_shared those invited into it.
func listProjectGroups(c *Call) Answer {
	var rows []*Group
	for g := c.Project.group; g != nil; g = g.parent {
		rows = append(rows, g)
	}
	if shared, _ := c.Bool("with_shared"); shared {
		least, _ := c.Int("shared_min_access_level")
		for _, s := range c.Project.SharedWith {
			if g := c.FindGroup(s.Group); g != nil && s.Role >= Role(least) {
				rows = append(rows, g)
			}
		}
	}
	rows = keep(rows, c.wantsGroup)
	return List(c, rows, noID[*Group], func(g *Group) Object {
		return Object{"id": g.ID, "web_url": c.URL("/groups/" + g.Path), "name": g.Name, "avatar_url": nil, "full_name": groupTitle(g), "full_path": g.Path}
	})
}

func (c *Call) shares() *[]*Share {
	if c.Project != nil {
		return &c.Project.SharedWith
	}
	return &c.Group.SharedWith
}

func groupRef(c *Call, g *Group) Object {
	return Object{"id": g.ID, "web_url": c.URL("/groups/" + g.Path), "name": g.Name, "avatar_url": nil}
}

func listInvitedGroups(c *Call) Answer {
	var rows []*Group
	for _, s := range *c.shares() {
		if g := c.FindGroup(s.Group); g != nil && c.wantsGroup(g) {
			rows = append(rows, g)
		}
	}
	return List(c, rows, noID[*Group], func(g *Group) Object { return groupRef(c, g) })
}

func listForks(c *Call) Answer {
	home := lowerPath(c.Project.Path)
	return pageProjects(c, func(p *Project) bool { return lowerPath(p.ForkedFrom) == home })
}

// sharedWith says that a list of shares invites a group.
func sharedWith(list []*Share, g *Group) bool {
	return slices.ContainsFunc(list, func(s *Share) bool { return strings.EqualFold(s.Group, g.Path) })
}

func listGroupsSharedWith(c *Call) Answer {
	return pageGroups(c, func(g *Group) bool { return sharedWith(g.SharedWith, c.Group) })
}

func listSharedProjects(c *Call) Answer {
	return pageProjects(c, func(p *Project) bool { return sharedWith(p.SharedWith, c.Group) })
}

func listProvisionedUsers(c *Call) Answer {
	rows := keep(c.st.w.Users, func(u *User) bool { return u.ProvisionedBy == entityName(c.Group) })
	return List(c, rows, noID[*User], func(u *User) Object { return userPublic(c, u).Merge(Object{"email": u.Email, "is_auditor": u.Auditor}) })
}

func listLoginLinks(kind string) Handler {
	return func(c *Call) Answer {
		rows := []Object{}
		for _, l := range c.Group.LoginLinks {
			if l.Kind == kind {
				rows = append(rows, loginLinkJSON(l))
			}
		}
		return OK(rows)
	}
}

// listGroupIdentities are the accounts that sign in, or are made, through a group's provider.
func listGroupIdentities(scim bool) Handler {
	return func(c *Call) Answer {
		rows := []Object{}
		for _, u := range c.st.w.Users {
			for _, i := range u.Identities {
				if !strings.EqualFold(i.Group, c.Group.Path) || (i.Provider == "scim") != scim {
					continue
				}
				o := Object{"extern_uid": i.ExternUID, "user_id": u.ID}
				if scim {
					o["active"] = i.Active == nil || *i.Active
				}
				rows = append(rows, o)
			}
		}
		return OK(rows)
	}
}

// listBillableMembers holds people who take a seat: members below the group too, no bots.
func listBillableMembers(c *Call) Answer {
	people := c.peopleBelow(c.Group, map[string]bool{})
	rows := keep(c.st.w.Users, func(u *User) bool { return people[u.Username] && u.State == "active" && !u.isBot() })
	return List(c, rows, noID[*User], func(u *User) Object {
		direct := slices.ContainsFunc(c.Group.Members, func(m *Member) bool { return m.User == u.Username })
		kind := "project_member"
		if direct || c.st.groupRole(u, c.Group, c.Now) > NoRole {
			kind = "group_member"
		}
		owners := keep(c.Group.Members, func(m *Member) bool { return m.Role == Owner })
		return Object{"id": u.ID, "username": u.Username, "name": u.Name, "state": u.State, "locked": false, "avatar_url": nil, "public_email": u.PublicEmail,
			"web_url": c.URL("/" + u.Username), "last_activity_on": u.LastActivityOn.date(), "membership_type": kind, "membership_state": "active",
			"removable": true, "created_at": u.CreatedAt.stamp(), "is_last_owner": len(owners) == 1 && owners[0].User == u.Username,
			"last_login_at": u.LastSignInAt.stamp(), "email": u.Email}
	})
}

// membership is one line of what a user is a member of.
type membership struct {
	group   *Group
	project *Project
	member  *Member
}

// memberships are a user's direct ones, within a group or with nil in the whole instance.
func (c *Call) memberships(u *User, below *Group) []membership {
	var rows []membership
	wanted := func(path string) bool { return below == nil || within(lowerPath(path), lowerPath(below.Path)) }
	for _, g := range c.st.w.Groups {
		for _, m := range g.Members {
			if m.User == u.Username && wanted(g.Path) {
				rows = append(rows, membership{group: g, member: m})
			}
		}
	}
	for _, p := range c.st.w.Projects {
		for _, m := range p.Members {
			if m.User == u.Username && wanted(p.Path) {
				rows = append(rows, membership{project: p, member: m})
			}
		}
	}
	return rows
}

func listBillableMemberships(c *Call) Answer {
	u := c.st.users[c.PathID("user_id")]
	if u == nil {
		return NotFound("User")
	}
	return List(c, c.memberships(u, c.Group), noID[membership], func(m membership) Object {
		// A membership has no number of its own here; GitLab's is that of its row.
		o := Object{"created_at": m.member.CreatedAt.stamp(), "expires_at": m.member.ExpiresAt.date(),
			"access_level": Object{"integer_value": int(m.member.Role), "string_value": roleTitle(m.member.Role)}}
		if m.group != nil {
			return o.Merge(Object{"source_id": m.group.ID, "source_full_name": groupTitle(m.group), "source_members_url": c.URL("/groups/" + m.group.Path + "/-/group_members")})
		}
		return o.Merge(Object{"source_id": m.project.ID, "source_full_name": projectTitle(c, m.project), "source_members_url": c.URL("/" + m.project.Path + "/-/project_members")})
	})
}

// roleTitle is a role as GitLab writes it for people.
func roleTitle(r Role) string {
	text, _ := r.MarshalText() // never fails
	return strings.ToUpper(string(text[:1])) + string(text[1:])
}

func listMemberships(c *Call) Answer {
	u, kind := c.st.users[c.PathID("id")], c.Text("type")
	if u == nil {
		return NotFound("User")
	}
	rows := keep(c.memberships(u, nil), func(m membership) bool {
		return kind == "" || (kind == "Namespace") == (m.group != nil)
	})
	return List(c, rows, noID[membership], func(m membership) Object {
		if m.group != nil {
			return Object{"source_id": m.group.ID, "source_name": m.group.Name, "source_type": "Namespace", "access_level": int(m.member.Role)}
		}
		return Object{"source_id": m.project.ID, "source_name": m.project.Name, "source_type": "Project", "access_level": int(m.member.Role)}
	})
}

// countAssociations is for administrators and the user himself. A world has no issues and no merge requests.
func countAssociations(c *Call) Answer {
	u := c.st.users[c.PathID("id")]
	switch {
	case u == nil:
		return NotFound("User")
	case !c.Actor.Admin && u != c.Actor.User:
		return Forbidden("")
	}
	groups := keep(c.memberships(u, nil), func(m membership) bool { return m.group != nil })
	projects := keep(c.st.w.Projects, func(p *Project) bool { return cmp.Or(p.Creator, parentPath(p.Path)) == u.Username })
	return OK(Object{"groups_count": len(groups), "projects_count": len(projects), "issues_count": 0, "merge_requests_count": 0})
}
