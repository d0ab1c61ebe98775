package gitlabtest

import (
	"slices"
	"strings"
)

// graphRoot is the object that a question begins at.
func graphRoot(c *Call, schema map[string]map[string]graphDef) graphObject {
	fields := Object{
		"currentUser": func(map[string]any) any {
			if c.Actor.User == nil {
				return nil
			}
			return graphPerson(c, c.Actor.User)
		},
		"user":  func(args map[string]any) any { return graphUserBy(c, args) },
		"users": func(args map[string]any) any { return graphUsers(c, args) },
		"metadata": graphObject{kind: "Metadata", fields: Object{
			"version": c.Profile.full(), "revision": "5b8c0f4e2d1", "enterprise": c.Profile.enterprise(),
		}},
		"project":  func(args map[string]any) any { return graphProjectAt(c, args) },
		"projects": func(args map[string]any) any { return graphProjects(c, args, func(*Project) bool { return true }) },
		"group":    func(args map[string]any) any { return graphGroupAt(c, args) },
		"groups":   func(args map[string]any) any { return graphGroups(c, args, func(*Group) bool { return true }) },
		"runners":  func(map[string]any) any { return graphRunners(c, func(*Runner) bool { return c.Actor.Admin }) },
		"ciVariables": func(map[string]any) any {
			return graphs("CiInstanceVariable", c.st.w.Variables, c.Actor.Admin, func(v *Variable) Object { return graphVariableOf(v) })
		},
	}
	if c.Actor.Anonymous() {
		fields["metadata"], fields["users"] = nil, nil
	}
	return graphObject{kind: "Query", fields: fields.Merge(introspection{schema}.root())}
}

func graphProjectAt(c *Call, args map[string]any) any {
	path, _ := args["fullPath"].(string)
	inside := *c
	if inside.Project = c.st.projPath[lowerPath(path)]; inside.Project == nil || inside.Project.PendingDelete || !c.Sees(inside.Project) || inside.refusesClassic() {
		return nil
	}
	return graphProject(&inside)
}

func graphGroupAt(c *Call, args map[string]any) any {
	path, _ := args["fullPath"].(string)
	inside := *c
	if inside.Group = c.st.groupPath[lowerPath(path)]; inside.Group == nil || !c.Sees(inside.Group) || inside.refusesClassic() {
		return nil
	}
	return graphGroup(&inside)
}

// graphFlag and graphWord read optional arguments.
func graphFlag(args map[string]any, name string) bool { on, _ := args[name].(bool); return on }

func graphWord(args map[string]any, name string) string {
	text, _ := args[name].(string)
	return strings.ToLower(text)
}

// graphTexts is an argument that is a list of texts or one of them; nil where it is absent.
func graphTexts(args map[string]any, name string) []string {
	switch v := args[name].(type) {
	case string:
		return []string{v}
	case []any:
		list := []string{}
		for _, one := range v {
			text, _ := one.(string)
			list = append(list, text)
		}
		return list
	}
	return nil
}

// graphIDs are the numbers of global IDs in a list; nil where the argument is absent.
func graphIDs(args map[string]any, name string) []string {
	list := graphTexts(args, name)
	for i, id := range list {
		list[i] = lastSegment(id)
	}
	return list
}

// graphProjects begins with the newest, as GitLab does.
func graphProjects(c *Call, args map[string]any, about func(*Project) bool) graphList {
	text, ids := graphWord(args, "search"), graphIDs(args, "ids")
	out := graphList{}
	for _, p := range slices.Backward(c.st.w.Projects) {
		inside := *c
		inside.Project = p
		switch {
		case !about(p), p.PendingDelete, !c.Sees(p), inside.refusesClassic(),
			graphFlag(args, "membership") && c.st.projectRole(c.Actor.User, p, c.Now) == NoRole,
			!strings.Contains(strings.ToLower(p.Name+" "+p.Path), text), ids != nil && !slices.Contains(ids, itoa(p.ID)):
			continue
		}
		out = append(out, graphProject(&inside))
	}
	return out
}

func graphGroups(c *Call, args map[string]any, about func(*Group) bool) graphList {
	text, ids := graphWord(args, "search"), graphIDs(args, "ids")
	out := graphList{}
	for _, g := range c.st.w.Groups {
		inside := *c
		inside.Group = g
		switch {
		case !about(g), !c.Sees(g), inside.refusesClassic(), !strings.Contains(strings.ToLower(g.Name+" "+g.Path), text),
			ids != nil && !slices.Contains(ids, itoa(g.ID)):
			continue
		}
		out = append(out, graphGroup(&inside))
	}
	return out
}

// graphPerson tells an address to administrators and to the user himself only.
func graphPerson(c *Call, u *User) graphObject {
	o := Object{"id": gid("User", u.ID), "username": u.Username, "name": u.Name, "state": u.State, "bot": u.isBot(), "publicEmail": emptyNull(u.PublicEmail),
		"webUrl": c.URL("/" + u.Username), "webPath": "/" + u.Username, "avatarUrl": nil, "createdAt": u.CreatedAt.stamp(),
		"namespace": graphObject{kind: "Namespace", fields: Object{"id": gid("Namespaces::UserNamespace", u.namespaceID), "fullPath": u.Username, "name": u.Name, "path": u.Username}},
	}
	if c.Actor.Admin || c.Actor.User == u {
		o["lastActivityOn"], o["groupCount"] = u.LastActivityOn.date(), c.groupCount(u)
		o["emails"] = func(map[string]any) any {
			return graphs("Email", append([]*Email{{Email: u.Email, ConfirmedAt: u.CreatedAt}}, u.Emails...), true, func(e *Email) Object {
				return Object{"id": gid("Email", e.ID), "email": e.Email, "confirmedAt": e.ConfirmedAt.stamp()}
			})
		}
	}
	return graphObject{kind: "User", fields: o}
}

// groupCount is how many groups somebody is a member of.
func (c *Call) groupCount(u *User) int {
	n := 0
	for _, g := range c.st.w.Groups {
		if slices.ContainsFunc(g.Members, func(m *Member) bool { return m.User == u.Username }) {
			n++
		}
	}
	return n
}

func graphUserBy(c *Call, args map[string]any) any {
	id, _ := args["id"].(string)
	for _, u := range c.st.w.Users {
		if strings.EqualFold(u.Username, graphWord(args, "username")) || id != "" && gid("User", u.ID) == id {
			return graphPerson(c, u)
		}
	}
	return nil
}

func graphUsers(c *Call, args map[string]any) graphList {
	text, ids := graphWord(args, "search"), graphIDs(args, "ids")
	names := graphTexts(args, "usernames")
	out := graphList{}
	for _, u := range slices.Backward(c.st.w.Users) {
		if !strings.Contains(strings.ToLower(u.Name+" "+u.Username), text) || ids != nil && !slices.Contains(ids, itoa(u.ID)) ||
			names != nil && !slices.Contains(names, u.Username) || graphFlag(args, "admins") && !u.Admin {
			continue
		}
		out = append(out, graphPerson(c, u))
	}
	return out
}

func graphNamespace(c *Call, n namespace) graphObject {
	kind := "Group"
	if n.group == nil {
		kind = "Namespaces::UserNamespace"
	}
	return graphObject{kind: "Namespace", fields: Object{"id": gid(kind, n.id()), "fullPath": n.path(), "name": n.name(), "path": lastSegment(n.path())}}
}

// graphRepository says what is there without asking git.
func graphRepository(p *Project) graphObject {
	o := Object{"exists": p.Repository != nil, "empty": p.Repository == nil, "rootRef": nil}
	if p.Repository != nil {
		o["rootRef"] = p.Repository.branch()
	}
	return graphObject{kind: "Repository", fields: o}
}

func graphGroup(c *Call) graphObject {
	g := c.Group
	o := Object{
		"id": gid("Group", g.ID), "fullPath": g.Path, "name": g.Name, "path": lastSegment(g.Path), "fullName": groupTitle(g), "description": emptyNull(g.Description),
		"visibility": g.Visibility, "webUrl": c.URL("/groups/" + g.Path), "createdAt": g.CreatedAt.stamp(), "parent": nil,
		"runners": func(args map[string]any) any {
			if c.Level(g) < Maintainer {
				return nil
			}
			return graphRunners(c, func(r *Runner) bool { return r.Type == "group_type" && strings.EqualFold(r.Group, g.Path) })
		},
		"projects": func(args map[string]any) any {
			below := graphFlag(args, "includeSubgroups")
			return graphProjects(c, args, func(p *Project) bool {
				return p.group == g || below && within(lowerPath(p.Path), lowerPath(g.Path))
			})
		},
		"groupMembers": func(args map[string]any) any { return graphMembers(c, args) },
		"descendantGroups": func(args map[string]any) any {
			return graphGroups(c, args, func(other *Group) bool { return other != g && within(lowerPath(other.Path), lowerPath(g.Path)) })
		},
	}
	if g.parent != nil {
		inside := *c
		inside.Group = g.parent
		o["parent"] = func(map[string]any) any {
			if !c.Sees(g.parent) {
				return nil
			}
			return graphGroup(&inside)
		}
	}
	if c.Level(g) >= Owner {
		o["ciVariables"] = graphs("CiGroupVariable", g.Variables, true, func(v *Variable) Object { return graphVariableOf(v) })
	}
	return graphObject{kind: "Group", fields: o}
}
