package gitlabtest

import (
	"net/http"
	"slices"
	"strings"
)

// deskRoutes are a person's own: what he is doing, counts, preferences, notifications, stars.
func deskRoutes() []Route {
	const users, stars, mail = "https://docs.gitlab.com/api/users/", "https://docs.gitlab.com/api/project_starring/", "https://docs.gitlab.com/api/notification_settings/"
	readUser := []string{"api", "read_api", "read_user"}
	return []Route{
		{Method: "GET", Path: "user/status", Scopes: readUser, Permission: "read_user", Source: users, Handle: showStatus},
		{Method: "PUT", Path: "user/status", Permission: "update_user", Source: users, Handle: changeStatus},
		{Method: "PATCH", Path: "user/status", Permission: "update_user", Source: users, Handle: changeStatus},
		{Method: "GET", Path: "users/:user_id/status", Scopes: readUser, Anonymous: true, Permission: "read_user", Source: users, Handle: showStatus},
		{Method: "GET", Path: "user/preferences", Scopes: readUser, Permission: "read_user", Source: users, Handle: showPreferences},
		{Method: "PUT", Path: "user/preferences", Permission: "update_user", Source: users, Handle: showPreferences},
		{Method: "GET", Path: "user_counts", Permission: "read_user", Source: users, Handle: showCounts},
		{Method: "GET", Path: "notification_settings", Permission: "read_notification_setting", Source: mail, Handle: showNotifications},
		{Method: "GET", Path: "projects/:id/notification_settings", Role: Guest, Permission: "read_notification_setting", Source: mail, Handle: showNotifications},
		{Method: "GET", Path: "groups/:id/notification_settings", Role: Guest, Permission: "read_notification_setting", Source: mail, Handle: showNotifications},
		{Method: "POST", Path: "projects/:id/star", Permission: "star_project", Source: stars, Handle: starProject},
		{Method: "POST", Path: "projects/:id/unstar", Permission: "star_project", Source: stars, Handle: unstarProject},
		{Method: "GET", Path: "projects/:id/starrers", Permission: "read_project", Paging: Offset, Source: stars, Handle: listStarrers},
		{Method: "GET", Path: "users/:user_id/starred_projects", Permission: "read_project", Paging: Offset, Source: stars, Handle: listStarred},
		{Method: "GET", Path: "application/plan_limits", Admin: true, Permission: "read_plan_limit", Source: "https://docs.gitlab.com/api/plan_limits/", Handle: showPlanLimits},
		{Method: "POST", Path: "markdown", Anonymous: true, Reads: true, Source: "https://docs.gitlab.com/api/markdown/", Handle: renderMarkdown},
	}
}

// userOf is the account that the path names by number or name, or the caller.
func (c *Call) userOf() *User {
	if name := c.Path("user_id"); name != "" {
		if u := c.st.userByName(name); u != nil {
			return u
		}
		return c.st.users[c.PathID("user_id")]
	}
	return c.Actor.User
}

func showStatus(c *Call) Answer {
	u := c.userOf()
	if u == nil {
		return NotFound("User")
	}
	s := u.status
	return OK(Object{"emoji": s.emoji, "message": emptyNull(s.message), "availability": s.availability, "message_html": s.message, "clear_status_at": nil})
}

func changeStatus(c *Call) Answer {
	s := &c.Actor.User.status
	for name, field := range map[string]*string{"emoji": &s.emoji, "message": &s.message, "availability": &s.availability} {
		if c.Has(name) || c.Request.Method == http.MethodPut {
			*field = c.Text(name)
		}
	}
	return showStatus(c)
}

// showPreferences keeps none: nobody looks at a page of this instance.
func showPreferences(c *Call) Answer {
	return OK(Object{"id": c.Actor.User.ID, "user_id": c.Actor.User.ID, "view_diffs_file_by_file": false, "show_whitespace_in_diffs": true, "pass_user_identities_to_ci_jwt": false})
}

func showCounts(c *Call) Answer {
	assigned := func(list, field string) int {
		n := 0
		for _, p := range c.st.w.Projects {
			for _, r := range c.st.records["projects/"+itoa(p.ID)+"/"+list] {
				if ids, _ := r.fields[field].([]int64); r.text("state") == "opened" && slices.Contains(ids, c.Actor.User.ID) {
					n++
				}
			}
		}
		return n
	}
	merges, reviews := assigned("merge_requests", "assignee_ids"), assigned("merge_requests", "reviewer_ids")
	return OK(Object{"merge_requests": merges, "assigned_issues": assigned("issues", "assignee_ids"), "assigned_merge_requests": merges, "review_requested_merge_requests": reviews, "todos": 0})
}

func showNotifications(c *Call) Answer {
	o := Object{"level": "global"}
	if c.Project == nil && c.Group == nil {
		o = Object{"level": "participating", "notification_email": c.Actor.User.Email}
	}
	return OK(o)
}

// starProject answers 304 where it is starred already, and unstarProject where it is not.
func starProject(c *Call) Answer {
	if slices.Contains(c.Project.starrers, c.Actor.User) {
		return Answer{Status: http.StatusNotModified}
	}
	c.Project.starrers = append(c.Project.starrers, c.Actor.User)
	return Created(projectJSON(c, c.Project))
}

func unstarProject(c *Call) Answer {
	if !slices.Contains(c.Project.starrers, c.Actor.User) {
		return Answer{Status: http.StatusNotModified}
	}
	c.Project.starrers = slices.DeleteFunc(slices.Clone(c.Project.starrers), func(u *User) bool { return u == c.Actor.User })
	return Created(projectJSON(c, c.Project))
}

func listStarrers(c *Call) Answer {
	text := strings.ToLower(c.Text("search"))
	rows := keep(c.Project.starrers, func(u *User) bool { return strings.Contains(strings.ToLower(u.Username+" "+u.Name), text) })
	return List(c, rows, noID[*User], func(u *User) Object { return Object{"starred_since": nil, "user": userPublic(c, u)} })
}

func listStarred(c *Call) Answer {
	u := c.userOf()
	if u == nil {
		return NotFound("User")
	}
	rows := keep(c.st.w.Projects, func(p *Project) bool { return slices.Contains(p.starrers, u) && c.Sees(p) })
	return List(c, rows, noID[*Project], func(p *Project) Object { return projectBasic(c, p) })
}

// showPlanLimits are those of a new instance: none.
func showPlanLimits(*Call) Answer {
	o := Object{"limits_history": Object{}, "notification_limit": 0, "enforcement_limit": 0, "storage_size_limit": 0, "ci_registered_group_runners": 1000, "ci_registered_project_runners": 1000}
	for _, name := range strings.Fields("ci_instance_level_variables ci_pipeline_size ci_active_jobs ci_project_subscriptions ci_pipeline_schedules ci_needs_size_limit conan_max_file_size " +
		"generic_packages_max_file_size helm_max_file_size maven_max_file_size npm_max_file_size nuget_max_file_size pypi_max_file_size terraform_module_max_file_size pipeline_hierarchy_size") {
		o[name] = 0
	}
	return OK(o)
}

// renderMarkdown marks paragraphs and nothing else.
func renderMarkdown(c *Call) Answer {
	if lacks := c.blank("text"); lacks != "" {
		return Refuse(http.StatusBadRequest, lacks)
	}
	clean := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")
	return Created(Object{"html": "<p>" + clean.Replace(c.Text("text")) + "</p>"})
}
