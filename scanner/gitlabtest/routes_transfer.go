package gitlabtest

import (
	"net/http"
	"slices"
	"strings"
)

// transferRoutes move groups and projects to another place. What names them follows, and old paths lead on.
func transferRoutes() []Route {
	const projects, groups = "https://docs.gitlab.com/api/projects/#transfer-a-project", "https://docs.gitlab.com/api/groups/#transfer-a-group"
	return []Route{
		{Method: "PUT", Path: "projects/:id/transfer", Role: Owner, Permission: "transfer_project", Source: projects, Handle: transferProject},
		{Method: "GET", Path: "projects/:id/transfer_locations", Role: Owner, Permission: "read_project", Paging: Offset, Source: projects, Handle: listTransferLocations},
		{Method: "POST", Path: "groups/:id/transfer", Role: Owner, Permission: "transfer_group", Source: groups, Handle: transferGroup},
		{Method: "GET", Path: "groups/:id/transfer_locations", Role: Owner, Permission: "read_group", Paging: Offset, Source: groups, Handle: listTransferLocations},
		{Method: "POST", Path: "groups/:id/projects/:project_id", Admin: true, Source: "https://docs.gitlab.com/api/groups/#transfer-a-project-to-a-group", Handle: takeProject},
	}
}

func transferProject(c *Call) Answer {
	if lacks := c.blank("namespace"); lacks != "" {
		return Refuse(http.StatusBadRequest, lacks)
	}
	n, found := c.findNamespace(c.Text("namespace"))
	if !found || n.group != nil && !c.Sees(n.group) {
		return NotFound("Namespace")
	}
	if refused := c.moveProject(c.Project, n); refused != nil {
		return *refused
	}
	return OK(projectJSON(c, c.Project))
}

// takeProject is the administrators' old way.
func takeProject(c *Call) Answer {
	p := c.FindProject(c.Path("project_id"))
	if p == nil {
		return NotFound("Project")
	}
	if refused := c.moveProject(p, namespace{group: c.Group}); refused != nil {
		return *refused
	}
	return Created(groupDetail(c, c.Group))
}

func (c *Call) moveProject(p *Project, n namespace) *Answer {
	full := n.path() + "/" + lastSegment(p.Path)
	refuse := func(text string) *Answer {
		a := Message(http.StatusBadRequest, "Failed to transfer project Transfer failed: "+text)
		return &a
	}
	switch {
	case n.user != nil && n.user != c.Actor.User && !c.Actor.Admin, n.group != nil && !c.mayCreateIn(n.group):
		return refuse("You don't have permission to transfer projects into that namespace.")
	case strings.EqualFold(full, p.Path):
		return refuse("Project is already in this namespace.")
	case c.pathTaken(full):
		return refuse("Project with same name or path in target namespace already exists")
	}
	c.st.move(p.Path, full)
	p.group, p.owner = n.group, n.user
	c.st.reindexMembers()
	c.Audit("project_namespace_updated", p, "Project", p.Path, p.ID, nil)
	return nil
}

func (c *Call) pathTaken(full string) bool {
	_, taken := c.findNamespace(full)
	return taken || c.st.projPath[lowerPath(full)] != nil
}

// transferGroup puts a group below another, or at the top where none is named.
func transferGroup(c *Call) Answer {
	g, parent, full := c.Group, (*Group)(nil), lastSegment(c.Group.Path)
	refuse := func(text string) Answer { return Message(http.StatusBadRequest, "Transfer failed: "+text) }
	if c.Text("group_id") != "" {
		if parent = c.FindGroup(c.Text("group_id")); parent == nil || !c.Sees(parent) {
			return NotFound("Group")
		}
		full = parent.Path + "/" + full
	}
	switch {
	case parent == g.parent:
		return refuse("Group is already associated to the parent group.")
	case parent != nil && within(lowerPath(parent.Path), lowerPath(g.Path)):
		return refuse("Cannot transfer group to one of its subgroup.")
	case parent != nil && !c.mayCreateBelow(parent):
		return refuse("You don't have enough permissions.")
	case c.pathTaken(full):
		return refuse("The parent group already has a subgroup or a project with the same path.")
	}
	c.st.move(g.Path, full)
	g.parent = parent
	if c.Level(g) < Owner { // at the top nobody above owns it any more
		g.Members = append(g.Members, &Member{User: c.Actor.User.Username, Role: Owner, CreatedAt: At(c.Now)})
		c.st.reindexMembers()
	}
	return Created(groupDetail(c, g))
}

// listTransferLocations are the groups that the caller may move it into.
func listTransferLocations(c *Call) Answer {
	text := strings.ToLower(c.Text("search"))
	rows := keep(c.st.w.Groups, func(g *Group) bool {
		may := c.Project != nil && c.mayCreateIn(g) || c.Group != nil && c.mayCreateBelow(g) && !within(lowerPath(g.Path), lowerPath(c.Group.Path))
		return may && strings.Contains(strings.ToLower(g.Name+" "+g.Path), text)
	})
	return List(c, rows, noID[*Group], func(g *Group) Object {
		return Object{"id": g.ID, "web_url": c.URL("/groups/" + g.Path), "name": g.Name, "avatar_url": nil, "full_name": groupTitle(g), "full_path": g.Path}
	})
}

// renamed gives a home another last segment of its path; nil where the request names none.
func (c *Call) renamed(old string) *Answer {
	refuse := func(text string) *Answer {
		a := Message(http.StatusBadRequest, Object{"path": []string{text}})
		return &a
	}
	path := c.Text("path")
	full := strings.TrimPrefix(parentPath(old)+"/"+path, "/")
	switch {
	case !c.Has("path") || path == lastSegment(old):
		return nil
	case !projectPath.MatchString(path) || strings.HasSuffix(path, ".git") || strings.HasSuffix(path, ".atom"):
		return refuse(badPath)
	case !strings.EqualFold(full, old) && c.pathTaken(full):
		return refuse("has already been taken")
	}
	c.st.move(old, full)
	if c.Project != nil {
		c.Audit("project_path_updated", c.Project, "Project", full, c.Project.ID, nil)
	} else {
		c.Audit("group_path_updated", c.Group, "Group", full, c.Group.ID, nil)
	}
	return nil
}

// move gives a group or project another full path, and what lies below it. Everything that names them by their paths
// follows, and the old paths are kept to lead on.
func (st *state) move(old, now string) {
	follow := func(path *string) {
		if kind, rest, ok := strings.Cut(*path, ":"); ok { // "project:acme/shop"
			if within(lowerPath(rest), lowerPath(old)) {
				*path = kind + ":" + now + rest[len(old):]
			}
		} else if within(lowerPath(*path), lowerPath(old)) {
			*path = now + (*path)[len(old):]
		}
	}
	shared := func(list []*Share) {
		for _, s := range list {
			follow(&s.Group)
		}
	}
	ruled := func(lists ...[]*AccessRule) {
		for _, r := range slices.Concat(lists...) {
			follow(&r.Group)
		}
	}
	guarded := func(branches []*ProtectedBranch, envs []*ProtectedEnv) {
		for _, b := range branches {
			ruled(b.Push, b.Merge)
		}
		for _, e := range envs {
			ruled(e.Deploy)
		}
	}
	for _, g := range st.w.Groups {
		if was := g.Path; within(lowerPath(was), lowerPath(old)) {
			g.MovedFrom = append(g.MovedFrom, was)
		}
		follow(&g.Path)
		shared(g.SharedWith)
		guarded(g.ProtectedBranches, g.ProtectedEnvs)
	}
	for _, p := range st.w.Projects {
		if was := p.Path; within(lowerPath(was), lowerPath(old)) {
			p.MovedFrom = append(p.MovedFrom, was)
		}
		follow(&p.Path)
		follow(&p.ForkedFrom)
		shared(p.SharedWith)
		guarded(p.ProtectedBranches, p.ProtectedEnvs)
		for _, t := range p.ProtectedTags {
			ruled(t.Create)
		}
		for _, r := range p.ApprovalRules {
			for i := range r.Groups {
				follow(&r.Groups[i])
			}
		}
		if s := p.JobTokenScope; s != nil {
			for _, e := range slices.Concat(s.Projects, s.Groups) {
				follow(&e.Path)
			}
			for _, l := range s.AuthLogs {
				follow(&l.Origin)
			}
		}
	}
	st.moveElsewhere(follow)
	st.index()
	st.reindexMembers()
}

// moveElsewhere follows a path in what belongs to no group or project.
func (st *state) moveElsewhere(follow func(*string)) {
	for _, r := range st.w.Runners {
		follow(&r.Group)
		for i := range r.Projects {
			follow(&r.Projects[i])
		}
	}
	for _, u := range st.w.Users {
		follow(&u.ProvisionedBy)
		follow(&u.EnterpriseOf)
		for _, i := range u.Identities {
			follow(&i.Group)
		}
	}
	for _, t := range st.tokens {
		for i := range t.Granular {
			follow(&t.Granular[i].Project)
			follow(&t.Granular[i].Group)
		}
	}
	for _, e := range st.w.AuditEvents {
		follow(&e.Entity)
	}
}
