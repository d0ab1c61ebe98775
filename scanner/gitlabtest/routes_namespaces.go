package gitlabtest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// namespaceRoutes show groups and personal namespaces as one list, which share one table of IDs.
func namespaceRoutes() []Route {
	const source = "https://docs.gitlab.com/api/namespaces/"
	return []Route{
		{Method: "GET", Path: "namespaces", Permission: "read_namespace", Paging: Offset, Source: source, Handle: listNamespaces},
		{Method: "GET", Path: "namespaces/:namespace", Permission: "read_namespace", Source: source, Handle: showNamespace},
		{Method: "GET", Path: "namespaces/:namespace/exists", Permission: "read_namespace", Source: source, Handle: namespaceExists},
	}
}

// namespace is a group, or a user in his personal one.
type namespace struct {
	group *Group
	user  *User
}

func (n namespace) id() int64 {
	if n.group != nil {
		return n.group.ID
	}
	return n.user.namespaceID
}

func (n namespace) path() string {
	if n.group != nil {
		return n.group.Path
	}
	return n.user.Username
}

func (n namespace) name() string {
	if n.group != nil {
		return n.group.Name
	}
	return n.user.Name
}

// json is what projects say of their namespace too.
func (n namespace) json(c *Call) Object {
	o := Object{"id": n.id(), "name": n.name(), "path": lastSegment(n.path()), "full_path": n.path(), "avatar_url": nil}
	if n.group == nil {
		return o.Merge(Object{"kind": "user", "parent_id": nil, "web_url": c.URL("/" + n.path())})
	}
	return o.Merge(Object{"kind": "group", "parent_id": parentID(n.group), "web_url": c.URL("/groups/" + n.path())})
}

// namespaceDetail adds what only those see who administer a namespace. Self-managed instances have one plan and count
// no seats of a namespace.
func namespaceDetail(c *Call, n namespace) Object {
	o := n.json(c)
	if n.user != nil && n.user != c.Actor.User && !c.Actor.Admin || n.group != nil && c.Level(n.group) < Owner {
		return o
	}
	people := map[string]bool{}
	if n.group != nil {
		o["members_count_with_descendants"] = len(c.peopleBelow(n.group, people))
	} else {
		people[n.user.Username] = true
	}
	projects := keep(c.st.w.Projects, func(p *Project) bool { return within(lowerPath(p.Path), lowerPath(n.path())) })
	return o.Merge(Object{"billable_members_count": len(people), "plan": "default", "trial_ends_on": nil, "trial": false,
		"max_seats_used": 0, "max_seats_used_changed_at": nil, "seats_in_use": 0, "end_date": nil, "projects_count": len(projects)})
}

// peopleBelow adds the members of a group and of all that lies below it.
func (c *Call) peopleBelow(g *Group, people map[string]bool) map[string]bool {
	add := func(path string, members []*Member) {
		if !within(lowerPath(path), lowerPath(g.Path)) {
			return
		}
		for _, m := range members {
			if !m.ExpiresAt.past(c.Now) {
				people[m.User] = true
			}
		}
	}
	for _, other := range c.st.w.Groups {
		add(other.Path, other.Members)
	}
	for _, p := range c.st.w.Projects {
		add(p.Path, p.Members)
	}
	return people
}

// listNamespaces holds all of the instance for an administrator, else the caller's own and those of his groups.
func listNamespaces(c *Call) Answer {
	text := strings.ToLower(c.Text("search"))
	owned, _ := c.Bool("owned_only")
	top, _ := c.Bool("top_level_only")
	var rows []namespace
	for _, g := range c.st.w.Groups {
		role := c.st.groupRole(c.Actor.User, g, c.Now)
		if !c.Actor.Admin && role == NoRole || owned && role < Owner || top && g.parent != nil {
			continue
		}
		rows = append(rows, namespace{group: g})
	}
	for _, u := range c.st.w.Users {
		if u == c.Actor.User || c.Actor.Admin && !owned && u.Kind == "human" {
			rows = append(rows, namespace{user: u})
		}
	}
	rows = keep(rows, func(n namespace) bool {
		return strings.Contains(strings.ToLower(n.path()+" "+n.name()), text)
	})
	slices.SortFunc(rows, func(a, b namespace) int { return cmp.Compare(a.id(), b.id()) })
	return List(c, rows, noID[namespace], func(n namespace) Object { return namespaceDetail(c, n) })
}

// findNamespace finds one by its number or its full path.
func (c *Call) findNamespace(id string) (namespace, bool) {
	if n, err := strconv.ParseInt(id, 10, 64); err == nil {
		for _, u := range c.st.w.Users {
			if u.namespaceID == n {
				return namespace{user: u}, true
			}
		}
	}
	if g := c.FindGroup(id); g != nil {
		return namespace{group: g}, true
	}
	for _, u := range c.st.w.Users {
		if strings.EqualFold(u.Username, id) {
			return namespace{user: u}, true
		}
	}
	return namespace{}, false
}

func showNamespace(c *Call) Answer {
	n, found := c.findNamespace(c.Path("namespace"))
	if !found || n.group != nil && !c.Sees(n.group) || n.user != nil && n.user != c.Actor.User && !c.Actor.Admin {
		return NotFound("Namespace")
	}
	return OK(namespaceDetail(c, n))
}

// namespaceExists tells whether a path is taken, whoever may see what took it, and suggests a free one.
func namespaceExists(c *Call) Answer {
	path, parent := c.Path("namespace"), ""
	if id := c.Text("parent_id"); id != "" {
		g := c.FindGroup(id)
		if g == nil || !c.Sees(g) {
			return OK(Object{"exists": false, "suggests": []string{}})
		}
		parent = g.Path + "/"
	}
	taken := func(path string) bool {
		_, found := c.findNamespace(path)
		return found || c.st.projPath[lowerPath(path)] != nil
	}
	if !taken(parent + path) {
		return OK(Object{"exists": false, "suggests": []string{}})
	}
	free := path
	for n := 1; taken(parent + free); n++ {
		free = path + strconv.Itoa(n)
	}
	return OK(Object{"exists": true, "suggests": []string{free}})
}
