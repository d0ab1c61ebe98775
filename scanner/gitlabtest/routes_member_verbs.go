package gitlabtest

import (
	"net/http"
	"slices"
	"strconv"
)

// memberVerbRoutes let people in and change what they may do.
func memberVerbRoutes() []Route {
	return []Route{
		{Method: "POST", Path: "projects/:id/members", Role: Maintainer, Permission: "create_member", Handle: addMember},
		{Method: "PUT", Path: "projects/:id/members/:user_id", Role: Maintainer, Permission: "update_member", Handle: changeMember},
		{Method: "POST", Path: "groups/:id/members", Role: Owner, Permission: "create_member", Handle: addMember},
		{Method: "PUT", Path: "groups/:id/members/:user_id", Role: Owner, Permission: "update_member", Handle: changeMember},
	}
}

func (c *Call) directMembers() *[]*Member {
	if c.Project != nil {
		return &c.Project.Members
	}
	return &c.Group.Members
}

// readLevel is the asked-for role; ok is false where it is missing or above the caller's own.
func (c *Call) readLevel() (role Role, ok bool) {
	n, given := c.Int("access_level")
	return Role(n), given && n > 0 && Role(n) <= c.Level(c.home())
}

// addMember takes one or more user IDs, or usernames.
func addMember(c *Call) Answer {
	role, ok := c.readLevel()
	var users []*User
	for _, id := range c.Texts("user_id") {
		n, _ := strconv.ParseInt(id, 10, 64)
		users = append(users, c.st.users[n])
	}
	for _, name := range c.Texts("username") {
		users = append(users, c.st.userByName(name))
	}
	switch {
	case len(users) == 0 && !c.Has("access_level"):
		return Refuse(http.StatusBadRequest, "access_level is missing, user_id, username are missing, at least one parameter must be provided")
	case len(users) == 0:
		return Refuse(http.StatusBadRequest, "user_id, username are missing, at least one parameter must be provided")
	case !ok:
		return Refuse(http.StatusBadRequest, "access_level does not have a valid value")
	}
	var last *Member
	for _, u := range users {
		switch {
		case u == nil:
			return NotFound("User")
		case slices.ContainsFunc(*c.directMembers(), func(m *Member) bool { return m.User == u.Username }):
			return Message(http.StatusConflict, "Member already exists")
		}
		last = &Member{User: u.Username, Role: role, CreatedAt: At(c.Now), CreatedBy: c.Actor.User.Username}
		last.ExpiresAt, _ = c.When("expires_at")
		*c.directMembers() = append(*c.directMembers(), last)
		c.st.reindexMembers()
		c.Audit("member_created", c.home(), "User", u.Name, u.ID, map[string]any{"add": "user_access", "as": strconv.Itoa(int(role))})
	}
	if len(users) > 1 {
		return Created(Object{"status": "success"})
	}
	return Created(memberJSON(c, last))
}

func changeMember(c *Call) Answer {
	u := c.st.users[c.PathID("user_id")]
	role, ok := c.readLevel()
	if !ok {
		return Refuse(http.StatusBadRequest, "access_level does not have a valid value")
	}
	for _, m := range *c.directMembers() {
		if u == nil || m.User != u.Username {
			continue
		}
		from := m.Role
		m.Role = role
		if c.Has("expires_at") {
			m.ExpiresAt, _ = c.When("expires_at")
		}
		c.Audit("member_updated", c.home(), "User", u.Name, u.ID, map[string]any{"change": "access_level", "from": strconv.Itoa(int(from)), "to": strconv.Itoa(int(role))})
		return OK(memberJSON(c, m))
	}
	return NotFound("")
}
