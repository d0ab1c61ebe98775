package gitlabtest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

func projectRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "projects", Anonymous: true, Permission: "read_project", Paging: Keyset, Handle: listProjects},
		{Method: "GET", Path: "projects/:id", Anonymous: true, JobToken: true, Permission: "read_project", Handle: showProject},
		{Method: "PUT", Path: "projects/:id", Role: Maintainer, Permission: "update_project", Handle: changeProject},
		{Method: "POST", Path: "projects/:id/archive", Role: Owner, Permission: "archive_project", Handle: archiveProject(true)},
		{Method: "POST", Path: "projects/:id/unarchive", Role: Owner, Permission: "archive_project", Handle: archiveProject(false)},
		{Method: "DELETE", Path: "projects/:id", Role: Owner, Permission: "delete_project", Handle: deleteProject},
		{Method: "GET", Path: "users/:user_id/projects", Permission: "read_project", Paging: Keyset, Handle: listUserProjects},
	}
}

func projectTitle(c *Call, p *Project) string {
	if p.owner != nil {
		return p.owner.Name + " / " + p.Name
	}
	return groupTitle(p.group) + " / " + p.Name
}

func groupTitle(g *Group) string {
	if g == nil {
		return ""
	}
	if g.parent != nil {
		return groupTitle(g.parent) + " / " + g.Name
	}
	return g.Name
}

func namespaceJSON(c *Call, p *Project) Object {
	return namespace{group: p.group, user: p.owner}.json(c)
}

// projectIdentity is the smallest form, as allowlists use it.
func projectIdentity(c *Call, p *Project) Object {
	return Object{
		"id": p.ID, "description": emptyNull(p.Description), "name": p.Name, "name_with_namespace": projectTitle(c, p),
		"path": lastSegment(p.Path), "path_with_namespace": p.Path, "created_at": p.CreatedAt.stamp(),
	}
}

// projectBasic is what simple=true and callers without a role get.
func projectBasic(c *Call, p *Project) Object {
	branch := any("main")
	if p.Repository == nil {
		branch = nil
	} else if p.Repository.DefaultBranch != "" {
		branch = p.Repository.DefaultBranch
	}
	topics := append([]string{}, p.Topics...)
	active := p.LastActive
	if active.IsZero() {
		active = p.CreatedAt
	}
	return projectIdentity(c, p).Merge(Object{
		"default_branch": branch, "tag_list": topics, "topics": topics, "web_url": c.URL("/" + p.Path), "readme_url": nil,
		"ssh_url_to_repo": "git@" + c.Request.Host + ":" + p.Path + ".git", "http_url_to_repo": c.URL("/" + p.Path + ".git"),
		"forks_count": c.forks(p), "avatar_url": nil, "star_count": len(p.starrers), "last_activity_at": active.stamp(),
		"visibility": p.Visibility, "namespace": namespaceJSON(c, p),
	})
}

// forks counts the forks of a project.
func (c *Call) forks(p *Project) int {
	return remember(c, "forks", func() map[string]int {
		count := map[string]int{}
		for _, other := range c.st.w.Projects {
			if other.ForkedFrom != "" {
				count[lowerPath(other.ForkedFrom)]++
			}
		}
		return count
	})[lowerPath(p.Path)]
}

// projectJSON is the full form, with the fields that the actor's role opens.
func projectJSON(c *Call, p *Project) Object {
	creator := int64(0)
	if u := c.st.userByName(p.Creator); u != nil {
		creator = u.ID
	}
	o := projectDefaults()
	for field, since := range projectSince() {
		if !c.Profile.Has(since) {
			delete(o, field)
		}
	}
	for k, v := range p.Settings {
		if _, shown := o[k]; shown {
			o[k] = v
		}
	}
	o.Merge(projectBasic(c, p)).Merge(Object{
		"archived": p.Archived, "creator_id": creator, "empty_repo": p.Repository == nil,
		"container_registry_image_prefix": "registry.acme.example/" + p.Path, "import_url": scrubbed(p.ImportURL),
		"marked_for_deletion_at": p.MarkedForDeletion.date(), "marked_for_deletion_on": p.MarkedForDeletion.date(),
		"mirror": p.PullMirror != nil && !p.PullMirror.Disabled, "permissions": permissions(c, p), "shared_with_groups": shares(c, p.SharedWith),
		"_links": Object{"self": c.URL("/api/v4/projects/" + itoa(p.ID)), "members": c.URL("/api/v4/projects/" + itoa(p.ID) + "/members")},
	})
	if p.owner != nil {
		o["owner"] = userPublic(c, p.owner)
	}
	if on, _ := c.Bool("statistics"); on && (c.Level(p) >= Reporter || c.Actor.Auditor) {
		o["statistics"] = p.statistics()
	}
	if from := c.FindProject(p.ForkedFrom); p.ForkedFrom != "" && from != nil && c.Sees(from) {
		o["forked_from_project"] = projectBasic(c, from)
	}
	if p.CI != nil && p.CI.Path != "" {
		o["ci_config_path"] = p.CI.Path
	}
	if s := p.JobTokenScope; s != nil {
		o["ci_job_token_scope_enabled"] = s.Outbound
	}
	if p.PullMirror != nil {
		o["mirror_user_id"] = nil
		if u := c.st.userByName(p.PullMirror.User); u != nil {
			o["mirror_user_id"] = u.ID
		}
		o["mirror_trigger_builds"] = p.PullMirror.TriggerBuilds
	}
	if c.Level(p) >= Maintainer {
		o["runners_token"] = nil
		if c.registrationAllowed() {
			o["runners_token"] = p.RegistrationToken
		}
	}
	return o
}

// statistics are sizes in bytes; here only what is there at all counts.
func (p *Project) statistics() Object {
	some := func(there bool) int {
		if there {
			return 1024
		}
		return 0
	}
	return Object{
		"commit_count": some(p.Repository != nil), "storage_size": 1024, "repository_size": some(p.Repository != nil), "wiki_size": some(p.Wiki != nil),
		"lfs_objects_size": 0, "job_artifacts_size": 0, "pipeline_artifacts_size": 0, "packages_size": 0, "snippets_size": some(len(p.Snippets) > 0),
		"uploads_size": 0, "container_registry_size": 0,
	}
}

// registrationAllowed says whether runner registration tokens still live: by default until 17.0, then by setting.
func (c *Call) registrationAllowed() bool {
	on, set := c.st.w.Settings["allow_runner_registration_token"].(bool)
	if !set {
		return !c.Profile.Has("18.0")
	}
	return on
}

// scrubbed hides the user info of a URL as GitLab does.
func scrubbed(url string) any {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return emptyNull(url)
	}
	if at := strings.LastIndexByte(strings.SplitN(rest, "/", 2)[0], '@'); at >= 0 {
		rest = "*****:*****" + rest[at:]
	}
	return scheme + "://" + rest
}

func permissions(c *Call, p *Project) Object {
	one := func(r Role) any {
		if r == NoRole {
			return nil
		}
		return Object{"access_level": int(r), "notification_level": 3}
	}
	o := Object{"project_access": nil, "group_access": nil}
	if c.Actor.User == nil {
		return o
	}
	for _, m := range p.Members {
		if m.User == c.Actor.User.Username && !m.ExpiresAt.past(c.Now) {
			o["project_access"] = one(m.Role)
		}
	}
	if p.group != nil {
		o["group_access"] = one(c.st.groupRole(c.Actor.User, p.group, c.Now))
	}
	return o
}

func shares(c *Call, list []*Share) []Object {
	out := []Object{}
	for _, s := range list {
		if g := c.FindGroup(s.Group); g != nil {
			out = append(out, Object{"group_id": g.ID, "group_name": g.Name, "group_full_path": g.Path,
				"group_access_level": int(s.Role), "expires_at": s.ExpiresAt.date()})
		}
	}
	return out
}

func showProject(c *Call) Answer { return OK(projectJSON(c, c.Project)) }

func listProjects(c *Call) Answer { return pageProjects(c, func(*Project) bool { return true }) }

func listUserProjects(c *Call) Answer {
	u := c.st.users[c.PathID("user_id")]
	if u == nil {
		u = c.st.userByName(c.Path("user_id"))
	}
	if u == nil {
		return NotFound("User")
	}
	return pageProjects(c, func(p *Project) bool { return p.owner == u })
}

// pageProjects filters, sorts and pages the projects that a list is about, in the full or the simple form.
func pageProjects(c *Call, about func(*Project) bool) Answer {
	byID := func(a, b *Project) int { return cmp.Compare(a.ID, b.ID) }
	orders := map[string]func(a, b *Project) int{
		"id":   byID,
		"name": func(a, b *Project) int { return cmp.Or(strings.Compare(a.Name, b.Name), byID(a, b)) },
		"path": func(a, b *Project) int { return cmp.Or(strings.Compare(a.Path, b.Path), byID(a, b)) },
		"created_at": func(a, b *Project) int {
			return cmp.Or(a.CreatedAt.Compare(b.CreatedAt.Time), byID(a, b))
		},
		"updated_at":       func(a, b *Project) int { return cmp.Or(a.LastActive.Compare(b.LastActive.Time), byID(a, b)) },
		"last_activity_at": func(a, b *Project) int { return cmp.Or(a.LastActive.Compare(b.LastActive.Time), byID(a, b)) },
		"star_count":       func(a, b *Project) int { return cmp.Or(cmp.Compare(len(a.starrers), len(b.starrers)), byID(a, b)) },
	}
	if orders[cmp.Or(c.Text("order_by"), "created_at")] == nil {
		return Refuse(http.StatusBadRequest, "order_by does not have a valid value")
	}
	rows := rememberRows(c, func() []*Project {
		wanted := c.projectFilter()
		rows := keep(c.st.w.Projects, func(p *Project) bool { return about(p) && wanted(p) })
		sorted(c, rows, orders, "created_at")
		return rows
	})
	simple, _ := c.Bool("simple")
	return List(c, rows, func(p *Project) int64 { return p.ID }, func(p *Project) Object {
		if simple || c.Actor.User == nil {
			return projectBasic(c, p)
		}
		o := projectJSON(c, p)
		delete(o, "runners_token") // only the item shows it
		return o
	})
}

// projectFilter reads the filters once per request, and shows only what the actor sees.
func (c *Call) projectFilter() func(*Project) bool {
	tests := []func(*Project) bool{func(p *Project) bool { return c.Sees(p) && (!p.PendingDelete || c.Actor.Admin) }}
	add := func(test func(*Project) bool) { tests = append(tests, test) }
	atLeast := func(r Role) {
		add(func(p *Project) bool { return c.st.projectRole(c.Actor.User, p, c.Now) >= r })
	}
	if archived, set := c.Bool("archived"); set {
		add(func(p *Project) bool { return archived == p.Archived })
	}
	if member, _ := c.Bool("membership"); member {
		atLeast(Minimal)
	}
	if owned, _ := c.Bool("owned"); owned {
		atLeast(Owner)
	}
	if n, ok := c.Int("min_access_level"); ok {
		atLeast(Role(n))
	}
	if v := c.Text("visibility"); v != "" {
		add(func(p *Project) bool { return v == p.Visibility })
	}
	if text := strings.ToLower(c.Text("search")); text != "" {
		add(func(p *Project) bool { return strings.Contains(strings.ToLower(p.Name+" "+lastSegment(p.Path)), text) })
	}
	if after, ok := c.Int("id_after"); ok {
		add(func(p *Project) bool { return p.ID > after })
	}
	if before, ok := c.Int("id_before"); ok {
		add(func(p *Project) bool { return p.ID < before })
	}
	if after, ok := c.When("last_activity_after"); ok {
		add(func(p *Project) bool { return p.LastActive.After(after.Time) })
	}
	return all(tests)
}

// changeProject moves no project: everything in a world refers to it by its path.
func changeProject(c *Call) Answer {
	p := c.Project
	visibility, branch := cmp.Or(c.Text("visibility"), p.Visibility), c.Text("default_branch")
	switch {
	case !slices.Contains(levels(), visibility):
		return Refuse(http.StatusBadRequest, "visibility does not have a valid value")
	case c.Has("visibility") && p.group != nil && slices.Index(levels(), visibility) > slices.Index(levels(), p.group.Visibility):
		return Message(http.StatusBadRequest, Object{"visibility_level": []string{visibility + " is not allowed in a " + p.group.Visibility + " group."}})
	case branch != "" && (p.Repository == nil || branch != p.Repository.branch()):
		if _, found := findRef(c.server.repository(p), "refs/heads/", branch); !found {
			return Message(http.StatusBadRequest, Object{"base": []string{"Could not change HEAD: branch '" + branch + "' does not exist"}})
		}
		if _, err := c.server.repository(p).git("symbolic-ref", "HEAD", "refs/heads/"+branch); err != nil {
			return c.withoutGit()
		}
		p.Repository.DefaultBranch = branch
	}
	if refused := c.renamed(p.Path); refused != nil {
		return *refused
	}
	p.Visibility, p.Name = visibility, cmp.Or(c.Text("name"), p.Name)
	c.fillProject(p)
	return OK(projectJSON(c, p))
}

func archiveProject(archived bool) Handler {
	return func(c *Call) Answer {
		c.Project.Archived = archived
		event := "project_archived"
		if !archived {
			event = "project_unarchived"
		}
		c.Audit(event, c.Project, "Project", c.Project.Path, c.Project.ID, nil)
		return Created(projectJSON(c, c.Project))
	}
}

// deleteProject marks for deletion; a second call with permanently_remove removes a marked project for good.
func deleteProject(c *Call) Answer {
	if now, _ := c.Bool("permanently_remove"); now {
		if c.Project.MarkedForDeletion.IsZero() {
			return BadRequest("Project must be marked for deletion first.")
		}
		c.server.dropRepository(c.Project)
		c.st.removeProject(c.Project)
		return Message(http.StatusAccepted, "202 Accepted")
	}
	c.Project.MarkedForDeletion = At(c.Now.Truncate(day))
	c.Audit("project_deletion_marked", c.Project, "Project", c.Project.Path, c.Project.ID, nil)
	return Message(http.StatusAccepted, "202 Accepted")
}

// projectSince names project fields that older versions do not have.
func projectSince() map[string]string {
	return map[string]string{
		"ci_pipeline_variables_minimum_override_role": "17.1", "ci_push_repository_for_job_token_allowed": "17.2",
		"ci_id_token_sub_claim_components": "17.11", "ci_delete_pipelines_in_seconds": "17.9",
		"secret_push_protection_enabled": "17.3", "marked_for_deletion_on": "12.8",
	}
}

// projectDefaults are the settings of a fresh project, under GitLab's names.
func projectDefaults() Object {
	return Object{
		"packages_enabled": true, "resolve_outdated_diff_discussions": false, "lfs_enabled": true, "shared_runners_enabled": true,
		"group_runners_enabled": true, "repository_access_level": "enabled", "builds_access_level": "enabled", "jobs_enabled": true,
		"merge_requests_enabled": true, "issues_enabled": true, "wiki_enabled": true, "snippets_enabled": true, "can_create_merge_request_in": true,
		"forking_access_level": "enabled", "container_registry_enabled": true, "container_registry_access_level": "enabled",
		"pages_access_level": "private", "environments_access_level": "enabled", "feature_flags_access_level": "enabled",
		"infrastructure_access_level": "enabled", "monitor_access_level": "enabled", "releases_access_level": "enabled",
		"security_and_compliance_access_level": "private", "emails_enabled": true, "service_desk_enabled": false,
		"import_type": nil, "import_status": "none", "import_error": nil, "open_issues_count": 0,
		"ci_default_git_depth": 20, "ci_config_path": "", "ci_forward_deployment_enabled": true, "ci_separated_caches": true,
		"ci_job_token_scope_enabled": false, "ci_allow_fork_pipelines_to_run_in_parent_project": true,
		"ci_id_token_sub_claim_components":            []any{"project_path", "ref_type", "ref"},
		"ci_pipeline_variables_minimum_override_role": "developer", "ci_push_repository_for_job_token_allowed": false,
		"ci_restrict_pipeline_cancellation_role": "developer", "ci_delete_pipelines_in_seconds": nil,
		"restrict_user_defined_variables": true, "build_git_strategy": "fetch", "build_timeout": 3600, "keep_latest_artifact": true,
		"public_jobs": true, "auto_cancel_pending_pipelines": "enabled", "auto_devops_enabled": false,
		"runner_token_expiration_interval": nil, "mirror_user_id": nil, "mirror_trigger_builds": false,
		"only_mirror_protected_branches": false, "mirror_overwrites_diverged_branches": nil,
		"only_allow_merge_if_pipeline_succeeds": false, "only_allow_merge_if_all_discussions_are_resolved": false,
		"request_access_enabled": true, "remove_source_branch_after_merge": true, "merge_method": "merge", "squash_option": "default_off",
		"pre_receive_secret_detection_enabled": false, "secret_push_protection_enabled": false, "repository_object_format": "sha1",
		"enforce_auth_checks_on_uploads": true, "compliance_frameworks": []any{}, "approvals_before_merge": 0,
		"external_authorization_classification_label": "", "printing_merge_request_link_enabled": true,
		"container_expiration_policy": map[string]any{"cadence": "1d", "enabled": false, "keep_n": 10, "older_than": "90d", "name_regex": ".*", "name_regex_keep": nil, "next_run_at": nil},
	}
}
