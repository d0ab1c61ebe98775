package gitlabtest

import (
	"cmp"
	"net/http"
	"path"
	"slices"
	"strings"
)

// ciVerbRoutes make and change what starts or feeds pipelines.
func ciVerbRoutes() []Route {
	const schedules, files, scope = "https://docs.gitlab.com/api/pipeline_schedules/", "https://docs.gitlab.com/api/secure_files/", "https://docs.gitlab.com/api/project_job_token_scopes/"
	const schedule, allow = "projects/:id/pipeline_schedules", "projects/:id/job_token_scope"
	return []Route{
		{Method: "POST", Path: "projects/:id/triggers", Role: Maintainer, Permission: "create_trigger", Handle: createTrigger},
		{Method: "PUT", Path: "projects/:id/triggers/:trigger_id", Role: Maintainer, Permission: "update_trigger", Handle: changeTrigger},

		{Method: "POST", Path: schedule, Role: Developer, Permission: "create_pipeline_schedule", Source: schedules, Handle: createSchedule},
		{Method: "PUT", Path: schedule + "/:schedule_id", Role: Developer, Permission: "update_pipeline_schedule", Source: schedules, Handle: changeSchedule},
		{Method: "POST", Path: schedule + "/:schedule_id/variables", Role: Developer, Permission: "update_pipeline_schedule", Source: schedules, Handle: setScheduleVariable},
		{Method: "PUT", Path: schedule + "/:schedule_id/variables/:key", Role: Developer, Permission: "update_pipeline_schedule", Source: schedules, Handle: setScheduleVariable},
		{Method: "DELETE", Path: schedule + "/:schedule_id/variables/:key", Role: Developer, Permission: "update_pipeline_schedule", Source: schedules, Handle: dropScheduleVariable},

		{Method: "POST", Path: "projects/:id/secure_files", Role: Maintainer, Permission: "create_secure_file", Source: files, Handle: createSecureFile},
		{Method: "GET", Path: "projects/:id/secure_files/:file_id/download", Role: Developer, Permission: "read_secure_file", JobToken: true, Source: files, Handle: downloadSecureFile},
		{Method: "DELETE", Path: "projects/:id/secure_files/:file_id", Role: Maintainer, Permission: "delete_secure_file", Source: files, Handle: deleteSecureFile},

		{Method: "POST", Path: allow + "/allowlist", Role: Maintainer, Permission: "update_job_token_scope", Source: scope, Handle: allowProject},
		{Method: "DELETE", Path: allow + "/allowlist/:target_id", Role: Maintainer, Permission: "update_job_token_scope", Source: scope, Handle: forbidProject},
		{Method: "POST", Path: allow + "/groups_allowlist", Role: Maintainer, Permission: "update_job_token_scope", Source: scope, Handle: allowGroup},
		{Method: "DELETE", Path: allow + "/groups_allowlist/:target_id", Role: Maintainer, Permission: "update_job_token_scope", Source: scope, Handle: forbidGroup},

		{Method: "POST", Path: "admin/ci/variables", Admin: true, Offering: SelfManaged, Permission: "update_variable", Handle: createVariable},
		{Method: "GET", Path: "admin/ci/variables/:key", Admin: true, Offering: SelfManaged, Permission: "read_variable", Handle: showVariable},
		{Method: "PUT", Path: "admin/ci/variables/:key", Admin: true, Offering: SelfManaged, Permission: "update_variable", Handle: changeVariable},
		{Method: "DELETE", Path: "admin/ci/variables/:key", Admin: true, Offering: SelfManaged, Permission: "update_variable", Handle: deleteVariable},
	}
}

// createTrigger makes a trigger token of the caller. GitLab keeps no audit event for trigger tokens.
func createTrigger(c *Call) Answer {
	if !c.Has("description") {
		return Refuse(http.StatusBadRequest, "description is missing")
	}
	t := &Trigger{ID: c.st.next("triggers"), Description: c.Text("description"), Owner: c.Actor.User.Username, CreatedAt: At(c.Now), UpdatedAt: At(c.Now)}
	t.ExpiresAt, _ = c.When("expires_at")
	t.Value = c.st.issue("triggers", t.ID, t, triggerValue())
	c.Project.Triggers = append(c.Project.Triggers, t)
	return Created(triggerJSON(c, t))
}

func changeTrigger(c *Call) Answer {
	t := c.trigger()
	if t == nil {
		return NotFound("Trigger")
	}
	if c.Has("description") {
		t.Description, t.UpdatedAt = c.Text("description"), At(c.Now)
	}
	return OK(triggerJSON(c, t))
}

// fillSchedule takes what the request gives and leaves the rest.
func (c *Call) fillSchedule(s *Schedule) {
	for name, field := range map[string]*string{"description": &s.Description, "ref": &s.Ref, "cron": &s.Cron, "cron_timezone": &s.Timezone} {
		if c.Has(name) {
			*field = c.Text(name)
		}
	}
	s.Ref = strings.TrimPrefix(s.Ref, "refs/heads/")
	if active, set := c.Bool("active"); set {
		s.Inactive = !active
	}
	s.NextRunAt = Time{}
	if !s.Inactive {
		s.NextRunAt = At(c.Now.Truncate(day).Add(day)) // cron lines are not read here
	}
	s.UpdatedAt = At(c.Now)
}

// wrongCron refuses a line that cannot be one of cron: it has five fields, and no letters but in names and words.
func (c *Call) wrongCron() *Answer {
	fields := strings.Fields(c.Text("cron"))
	if !c.Has("cron") || len(fields) == 5 || len(fields) == 1 && strings.HasPrefix(fields[0], "@") {
		return nil
	}
	a := Message(http.StatusBadRequest, Object{"cron": []string{"syntax is invalid"}})
	return &a
}

func createSchedule(c *Call) Answer {
	if lacks := c.blank("description", "ref", "cron"); lacks != "" {
		return Refuse(http.StatusBadRequest, lacks)
	}
	if wrong := c.wrongCron(); wrong != nil {
		return *wrong
	}
	s := &Schedule{ID: c.st.next("schedules"), Owner: c.Actor.User.Username, CreatedAt: At(c.Now)}
	c.fillSchedule(s)
	c.Project.Schedules = append(c.Project.Schedules, s)
	return Created(scheduleJSON(c, s))
}

// withSchedule finds a schedule that the caller may edit: his own, or any for a Maintainer.
func withSchedule(c *Call, use func(*Schedule) Answer) Answer {
	s := c.schedule()
	switch {
	case s == nil:
		return NotFound("Pipeline Schedule")
	case !c.edits(s):
		return Forbidden("")
	}
	return use(s)
}

func changeSchedule(c *Call) Answer {
	return withSchedule(c, func(s *Schedule) Answer {
		if wrong := c.wrongCron(); wrong != nil {
			return *wrong
		}
		c.fillSchedule(s)
		return OK(scheduleJSON(c, s))
	})
}

// setScheduleVariable makes a variable, or changes the one that the path names.
func setScheduleVariable(c *Call) Answer {
	return withSchedule(c, func(s *Schedule) Answer {
		key := cmp.Or(c.Path("key"), c.Text("key"))
		i := slices.IndexFunc(s.Variables, func(v *RunVariable) bool { return v.Key == key })
		switch {
		case i < 0 && c.Path("key") != "":
			return NotFound("Pipeline Schedule Variable")
		case i >= 0 && c.Path("key") == "":
			return Message(http.StatusBadRequest, Object{"key": []string{"has already been taken"}})
		case i < 0:
			s.Variables = append(s.Variables, &RunVariable{Key: key})
			i = len(s.Variables) - 1
		}
		v := s.Variables[i]
		v.Value, v.Type = c.Text("value"), cmp.Or(c.Text("variable_type"), v.Type)
		o := Object{"key": v.Key, "value": v.Value, "variable_type": v.kind(), "raw": v.Raw}
		if c.Path("key") == "" {
			return Created(o)
		}
		return OK(o)
	})
}

func dropScheduleVariable(c *Call) Answer {
	return withSchedule(c, func(s *Schedule) Answer {
		i := slices.IndexFunc(s.Variables, func(v *RunVariable) bool { return v.Key == c.Path("key") })
		if i < 0 {
			return NotFound("Pipeline Schedule Variable")
		}
		v := s.Variables[i]
		s.Variables = slices.Delete(s.Variables, i, i+1)
		return Answer{Status: http.StatusAccepted, Body: Object{"key": v.Key, "value": v.Value, "variable_type": v.kind(), "raw": v.Raw}}
	})
}

func createSecureFile(c *Call) Answer {
	name := c.Text("name")
	if name == "" || !c.Has("file") {
		return Refuse(http.StatusBadRequest, "name is missing, file is missing")
	}
	f := &SecureFile{ID: c.st.next("secure_files"), Name: path.Base(name), Content: c.Text("file"), CreatedAt: At(c.Now)}
	if slices.ContainsFunc(c.Project.SecureFiles, func(other *SecureFile) bool { return other.Name == f.Name }) {
		return Message(http.StatusBadRequest, Object{"name": []string{"has already been taken"}})
	}
	c.Project.SecureFiles = append(c.Project.SecureFiles, f)
	return Created(Object{"id": f.ID, "name": f.Name, "created_at": f.CreatedAt.stamp()})
}

func withSecureFile(c *Call, use func(int, *SecureFile) Answer) Answer {
	for i, f := range c.Project.SecureFiles {
		if f.ID == c.PathID("file_id") {
			return use(i, f)
		}
	}
	return NotFound("")
}

func downloadSecureFile(c *Call) Answer {
	return withSecureFile(c, func(_ int, f *SecureFile) Answer {
		return Plain(http.StatusOK, "application/octet-stream", f.Content)
	})
}

func deleteSecureFile(c *Call) Answer {
	return withSecureFile(c, func(i int, _ *SecureFile) Answer {
		c.Project.SecureFiles = slices.Delete(c.Project.SecureFiles, i, i+1)
		return NoContent()
	})
}

// ownScope is the project's job token scope to be changed; a project without one gets its own.
func (p *Project) ownScope() *JobTokenScope {
	if p.JobTokenScope == nil {
		p.JobTokenScope = &JobTokenScope{}
	}
	return p.JobTokenScope
}

func allowProject(c *Call) Answer {
	p := c.FindProject(c.Text("target_project_id"))
	if p == nil || !c.Sees(p) {
		return NotFound("Target_project")
	}
	s := c.Project.ownScope()
	if slices.ContainsFunc(s.Projects, func(e *AllowEntry) bool { return e.Path == p.Path }) {
		return BadRequest("This project is already in the job token allowlist.")
	}
	s.Projects = append(s.Projects, &AllowEntry{Path: p.Path, AddedBy: c.Actor.User.Username, CreatedAt: At(c.Now)})
	c.Audit("secure_ci_job_token_project_added", c.Project, "Project", p.Name, p.ID, nil)
	return Created(Object{"source_project_id": c.Project.ID, "target_project_id": p.ID})
}

func allowGroup(c *Call) Answer {
	g := c.FindGroup(c.Text("target_group_id"))
	if g == nil || !c.Sees(g) {
		return NotFound("Target_group")
	}
	s := c.Project.ownScope()
	if slices.ContainsFunc(s.Groups, func(e *AllowEntry) bool { return e.Path == g.Path }) {
		return BadRequest("This group is already in the job token allowlist.")
	}
	s.Groups = append(s.Groups, &AllowEntry{Path: g.Path, AddedBy: c.Actor.User.Username, CreatedAt: At(c.Now)})
	c.Audit("secure_ci_job_token_group_added", c.Project, "Group", g.Name, g.ID, nil)
	return Created(Object{"source_project_id": c.Project.ID, "target_group_id": g.ID})
}

// dropEntry takes a path off an allowlist and reports whether it was there.
func dropEntry(list *[]*AllowEntry, path string) bool {
	before := len(*list)
	*list = slices.DeleteFunc(*list, func(e *AllowEntry) bool { return lowerPath(e.Path) == lowerPath(path) })
	return len(*list) < before
}

func forbidProject(c *Call) Answer {
	p := c.FindProject(c.Path("target_id"))
	if p == nil || !dropEntry(&c.Project.ownScope().Projects, p.Path) {
		return NotFound("Target_project")
	}
	c.Audit("secure_ci_job_token_project_removed", c.Project, "Project", p.Name, p.ID, nil)
	return NoContent()
}

func forbidGroup(c *Call) Answer {
	g := c.FindGroup(c.Path("target_id"))
	if g == nil || !dropEntry(&c.Project.ownScope().Groups, g.Path) {
		return NotFound("Target_group")
	}
	c.Audit("secure_ci_job_token_group_removed", c.Project, "Group", g.Name, g.ID, nil)
	return NoContent()
}
