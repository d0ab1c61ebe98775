package gitlabtest

import (
	"net/http"
	"slices"
)

// accessRequestRoutes are how somebody who sees a group or project asks to be a member.
func accessRequestRoutes() []Route {
	const source = "https://docs.gitlab.com/api/access_requests/"
	var all []Route
	for home, role := range map[string]Role{"projects/:id": Maintainer, "groups/:id": Owner} {
		list := home + "/access_requests"
		all = append(all,
			Route{Method: "GET", Path: list, Role: role, Permission: "read_access_request", Paging: Offset, Source: source, Handle: listAccessRequests},
			Route{Method: "POST", Path: list, Permission: "create_access_request", Source: source, Handle: askForAccess},
			Route{Method: "PUT", Path: list + "/:user_id/approve", Role: role, Permission: "update_access_request", Source: source, Handle: approveAccess},
			Route{Method: "DELETE", Path: list + "/:user_id", Permission: "delete_access_request", Source: source, Handle: denyAccess},
		)
	}
	slices.SortFunc(all, func(x, y Route) int { return len(x.Path+x.Method) - len(y.Path+y.Method) })
	return all
}

func (c *Call) accessRequests() string {
	if c.Project != nil {
		return "projects/" + itoa(c.Project.ID) + "/access_requests"
	}
	return "groups/" + itoa(c.Group.ID) + "/access_requests"
}

func accessRequestJSON(c *Call, r *record) Object {
	return userPublic(c, r.author).Merge(Object{"requested_at": r.created.stamp()})
}

func listAccessRequests(c *Call) Answer {
	return List(c, c.st.records[c.accessRequests()], noID[*record], func(r *record) Object { return accessRequestJSON(c, r) })
}

func (c *Call) ownMembers() []*Member {
	if c.Project != nil {
		return c.Project.Members
	}
	return c.Group.Members
}

func askForAccess(c *Call) Answer {
	u := c.Actor.User
	asked := slices.ContainsFunc(c.st.records[c.accessRequests()], func(r *record) bool { return r.author == u })
	member := slices.ContainsFunc(c.ownMembers(), func(m *Member) bool { return m.User == u.Username })
	if asked || member {
		return Forbidden("")
	}
	return Created(accessRequestJSON(c, c.st.keepRecord(c.accessRequests(), "access_requests", &record{author: u, created: At(c.Now)})))
}

func (c *Call) accessRequest() *record {
	for _, r := range c.st.records[c.accessRequests()] {
		if r.author.ID == c.PathID("user_id") {
			return r
		}
	}
	return nil
}

func (c *Call) dropAccessRequest(r *record) {
	place := c.accessRequests()
	c.st.records[place] = slices.DeleteFunc(c.st.records[place], func(other *record) bool { return other == r })
}

// approveAccess makes a member, a Developer where nothing else is said.
func approveAccess(c *Call) Answer {
	r := c.accessRequest()
	if r == nil {
		return NotFound("")
	}
	if c.body == nil {
		c.body = map[string]any{}
	}
	c.body["user_id"] = itoa(r.author.ID)
	if !c.Has("access_level") {
		c.body["access_level"] = itoa(int64(Developer))
	}
	a := addMember(c)
	if a.Status == http.StatusCreated {
		c.dropAccessRequest(r)
	}
	return a
}

// denyAccess is for those who may approve, and for who asked.
func denyAccess(c *Call) Answer {
	least := Maintainer
	if c.Group != nil {
		least = Owner
	}
	r := c.accessRequest()
	switch {
	case r == nil:
		return NotFound("")
	case r.author != c.Actor.User && c.levelHere() < least:
		return Forbidden("")
	}
	c.dropAccessRequest(r)
	return NoContent()
}
