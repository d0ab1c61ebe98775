package gitlabtest

import (
	"cmp"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// projectVerbRoutes make projects, and change whom they are shared with.
func projectVerbRoutes() []Route {
	const source = "https://docs.gitlab.com/api/projects/"
	return []Route{
		{Method: "POST", Path: "projects", Permission: "create_project", Source: source, Handle: createOwnProject},
		{Method: "POST", Path: "projects/user/:user_id", Admin: true, Permission: "create_project", Source: source, Handle: createProjectFor},
		{Method: "POST", Path: "projects/:id/restore", Role: Owner, Permission: "restore_project", Source: source, Handle: restoreProject},
		{Method: "POST", Path: "projects/:id/fork", Permission: "fork_project", Source: "https://docs.gitlab.com/api/project_forks/", Handle: forkProject},
		{Method: "DELETE", Path: "projects/:id/fork", Role: Owner, Permission: "delete_fork_relation", Source: "https://docs.gitlab.com/api/project_forks/", Handle: unlinkFork},
		{Method: "POST", Path: "projects/:id/share", Role: Maintainer, Permission: "create_group_link", Source: source, Handle: shareHome},
		{Method: "DELETE", Path: "projects/:id/share/:group_id", Role: Maintainer, Permission: "delete_group_link", Source: source, Handle: unshareHome},
		{Method: "POST", Path: "groups/:id/share", Role: Owner, Permission: "create_group_link", Source: "https://docs.gitlab.com/api/groups/", Handle: shareHome},
		{Method: "DELETE", Path: "groups/:id/share/:group_id", Role: Owner, Permission: "delete_group_link", Source: "https://docs.gitlab.com/api/groups/", Handle: unshareHome},
	}
}

func createOwnProject(c *Call) Answer { return c.createProject(c.Actor.User) }

func createProjectFor(c *Call) Answer {
	u := c.st.users[c.PathID("user_id")]
	if u == nil {
		return NotFound("User")
	}
	return c.createProject(u)
}

// projectPath is what a path may look like. Source: https://docs.gitlab.com/user/reserved_names/
var projectPath = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

// pathOfName is the path that a name without one gets.
func pathOfName(name string) string {
	return strings.Trim(regexp.MustCompile(`[^a-z0-9_.]+`).ReplaceAllString(strings.ToLower(name), "-"), "-.")
}

const badPath = "can contain only letters, digits, '_', '-' and '.'. Cannot start with '-', end in '.git' or end in '.atom'"

// levels are visibilities in ascending order.
func levels() []string { return []string{"private", "internal", "public"} }

// mayCreateIn says that the caller may make projects in a group, by its setting project_creation_level.
func (c *Call) mayCreateIn(g *Group) bool {
	least := map[string]Role{"noone": 100, "administrator": 100, "owner": Owner, "maintainer": Maintainer, "developer": Developer}
	level, _ := groupDefaults().Merge(g.Settings)["project_creation_level"].(string)
	return c.Actor.Admin || c.Level(g) >= least[level]
}

// placeProject makes an empty project in a namespace, after all that GitLab checks; the error is a hash of messages.
func (c *Call) placeProject(n namespace, name, path, visibility string) (*Project, Object) {
	full := n.path() + "/" + path
	switch {
	case !projectPath.MatchString(path) || strings.HasSuffix(path, ".git") || strings.HasSuffix(path, ".atom"):
		return nil, Object{"path": []string{badPath}}
	case c.st.projPath[lowerPath(full)] != nil || c.st.groupPath[lowerPath(full)] != nil:
		taken := []string{"has already been taken"}
		return nil, Object{"project_namespace.name": taken, "name": taken, "path": taken}
	case n.group != nil && slices.Index(levels(), visibility) > slices.Index(levels(), n.group.Visibility):
		return nil, Object{"visibility_level": []string{visibility + " is not allowed in a " + n.group.Visibility + " group."}}
	}
	p := &Project{Path: full, Name: name, Visibility: visibility, Creator: c.Actor.User.Username, CreatedAt: At(c.Now), LastActive: At(c.Now),
		CI: &CIConfig{Denied: true}, group: n.group, owner: n.user, fresh: true}
	return p, nil
}

// addProject registers a fresh project.
func (c *Call) addProject(p *Project) {
	p.ID = c.st.next("projects")
	p.RegistrationToken = "GR1348941" + newEntropy(c.st.seed, "registration\x00"+p.Path).pick(urlSafe, 20)
	c.st.w.Projects = append(c.st.w.Projects, p)
	c.st.projects[p.ID], c.st.projPath[lowerPath(p.Path)] = p, p
	delete(c.st.moved, lowerPath(p.Path))
	c.Project = p
	c.Audit("project_created", p, "Project", p.Path, p.ID, nil)
}

// createProject makes a project in the namespace of the request, or in a user's own.
func (c *Call) createProject(u *User) Answer {
	path := cmp.Or(c.Text("path"), pathOfName(c.Text("name")))
	name := cmp.Or(c.Text("name"), path)
	n := namespace{user: u}
	if c.Value("namespace_id") != nil {
		found := false
		n, found = c.findNamespace(c.Text("namespace_id"))
		if !found || n.user != nil && n.user != u || n.group != nil && !c.mayCreateIn(n.group) {
			return Message(http.StatusBadRequest, Object{"namespace": []string{"is not valid"}})
		}
	}
	visibility := cmp.Or(c.Text("visibility"), settingDefaults().Merge(c.st.w.Settings)["default_project_visibility"].(string))
	switch {
	case name == "":
		return Refuse(http.StatusBadRequest, "name, path are missing, at least one parameter must be provided")
	case !slices.Contains(levels(), visibility):
		return Refuse(http.StatusBadRequest, "visibility does not have a valid value")
	case n.group == nil && u.External:
		return Forbidden("")
	}
	p, wrong := c.placeProject(n, name, path, visibility)
	if wrong != nil {
		return Message(http.StatusBadRequest, wrong)
	}
	c.addProject(p)
	c.fillProject(p)
	p.ImportURL = c.Text("import_url")
	if readme, _ := c.Bool("initialize_with_readme"); readme {
		if refused := c.firstCommit(p); refused != nil {
			return *refused
		}
	}
	return Created(projectJSON(c, p))
}

// firstCommit writes the README that GitLab offers.
func (c *Call) firstCommit(p *Project) *Answer {
	if c.server.opts.RepoDir == "" {
		a := c.withoutGit()
		return &a
	}
	b, err := c.ownRepository()
	if err == nil {
		_, err = c.write(b, commitWrite{branch: cmp.Or(c.Text("default_branch"), "main"), message: "Initial commit",
			edits: []gitEdit{{"README.md", "100644", "# " + p.Name + "\n\n" + p.Description + "\n"}}})
	}
	if err != nil {
		a := c.withoutGit()
		return &a
	}
	return nil
}

// fillProject takes the settings that the request gives.
func (c *Call) fillProject(p *Project) {
	if p.Settings == nil {
		p.Settings = map[string]any{}
	}
	for name, old := range projectDefaults() {
		if !c.Has(name) {
			continue
		}
		p.Settings[name] = c.Value(name)
		if _, isBool := old.(bool); isBool {
			p.Settings[name], _ = c.Bool(name)
		}
	}
	if policy, given := c.Value("container_expiration_policy_attributes").(map[string]any); given {
		kept := projectDefaults().Merge(p.Settings)["container_expiration_policy"].(map[string]any)
		p.Settings["container_expiration_policy"] = map[string]any(Object(maps.Clone(kept)).Merge(policy))
	}
	if c.Has("description") {
		p.Description = c.Text("description")
	}
	if path := c.Text("ci_config_path"); path != "" && p.CI != nil {
		p.CI = &CIConfig{Path: path, Denied: true}
	}
	for _, name := range []string{"topics", "tag_list"} {
		if c.Has(name) {
			p.Topics = c.Texts(name)
		}
	}
}

// restoreProject takes the mark of a soft deletion away.
func restoreProject(c *Call) Answer {
	if c.Project.MarkedForDeletion.IsZero() {
		return BadRequest("Project has not been marked for deletion")
	}
	c.Project.MarkedForDeletion = Time{}
	c.Audit("project_restored", c.Project, "Project", c.Project.Path, c.Project.ID, nil)
	return Created(projectJSON(c, c.Project))
}

// forkProject copies a project's repository into another namespace, the caller's own where none is named. Nothing but
// the code and what describes it is copied: no variable, key, schedule or member.
func forkProject(c *Call) Answer {
	from := c.Project
	if !c.mayClone(from) {
		return Forbidden("")
	}
	n := namespace{user: c.Actor.User}
	for _, name := range []string{"namespace_id", "namespace_path", "namespace"} {
		if !c.Has(name) {
			continue
		}
		found := false
		n, found = c.findNamespace(c.Text(name))
		if !found || n.user != nil && n.user != c.Actor.User || n.group != nil && !c.mayCreateIn(n.group) {
			return NotFound("Target Namespace")
		}
		break
	}
	visibility := cmp.Or(c.Text("visibility"), from.Visibility)
	if n.group != nil && slices.Index(levels(), visibility) > slices.Index(levels(), n.group.Visibility) {
		visibility = n.group.Visibility
	}
	p, wrong := c.placeProject(n, cmp.Or(c.Text("name"), from.Name), cmp.Or(c.Text("path"), lastSegment(from.Path)), visibility)
	if wrong != nil {
		return Message(http.StatusConflict, wrong)
	}
	p.ForkedFrom, p.Description, p.Topics, p.Settings = from.Path, from.Description, slices.Clone(from.Topics), map[string]any{"import_status": "finished"}
	c.addProject(p)
	if b := c.server.repository(from); b != nil {
		p.Repository = &Repository{DefaultBranch: from.Repository.DefaultBranch}
		if err := c.server.makeRepository(p, &Repository{Dir: b.dir}, c.server.gitDir(p)); err != nil {
			return c.withoutGit()
		}
	}
	return Created(projectJSON(c, p))
}

func unlinkFork(c *Call) Answer {
	if c.Project.ForkedFrom == "" {
		return Message(http.StatusNotModified, "304 Not Modified")
	}
	c.Project.ForkedFrom = ""
	return NoContent()
}

// shareHome invites a group into a project or a group.
func shareHome(c *Call) Answer {
	if lacks := c.missing("group_id", "group_access"); lacks != "" {
		return Refuse(http.StatusBadRequest, lacks)
	}
	g, list := c.FindGroup(c.Text("group_id")), c.shares()
	level, _ := c.Int("group_access")
	switch {
	case g == nil || !c.Sees(g) || c.Group != nil && g == c.Group:
		return NotFound("Group")
	case level < int64(Minimal) || level > int64(Owner):
		return Refuse(http.StatusBadRequest, "group_access does not have a valid value")
	case sharedWith(*list, g):
		return Message(http.StatusConflict, "Group already shared with this group")
	}
	s := &Share{Group: g.Path, Role: Role(level)}
	s.ExpiresAt, _ = c.When("expires_at")
	*list = append(*list, s)
	if c.Group != nil {
		c.Audit("group_share_with_group_link_created", c.Group, "Group", g.Path, g.ID, nil)
		return Created(groupDetail(c, c.Group))
	}
	c.Audit("project_group_link_created", c.Project, "Group", g.Path, g.ID, nil)
	return Created(Object{"project_id": c.Project.ID, "group_id": g.ID, "group_access": level, "expires_at": s.ExpiresAt.date(), "member_role_id": nil})
}

func unshareHome(c *Call) Answer {
	g, list := c.FindGroup(c.Path("group_id")), c.shares()
	if g == nil || !sharedWith(*list, g) {
		return NotFound("Group Link")
	}
	*list = slices.DeleteFunc(*list, func(s *Share) bool { return strings.EqualFold(s.Group, g.Path) })
	event := "project_group_link_deleted"
	if c.Group != nil {
		event = "group_share_with_group_link_removed"
	}
	c.Audit(event, c.home(), "Group", g.Path, g.ID, nil)
	return NoContent()
}
