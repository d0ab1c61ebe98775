package gitlabtest

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"slices"
	"strings"
)

func ciRoutes() []Route {
	const schedules, files, scope = "https://docs.gitlab.com/api/pipeline_schedules/", "https://docs.gitlab.com/api/secure_files/", "https://docs.gitlab.com/api/project_job_token_scopes/"
	return []Route{
		{Method: "GET", Path: "projects/:id/triggers", Role: Maintainer, Permission: "read_trigger", Paging: Offset, Handle: listTriggers},
		{Method: "GET", Path: "projects/:id/triggers/:trigger_id", Role: Maintainer, Permission: "read_trigger", Handle: showTrigger},
		{Method: "DELETE", Path: "projects/:id/triggers/:trigger_id", Role: Maintainer, Permission: "delete_trigger", Handle: deleteTrigger},
		{Method: "GET", Path: "projects/:id/pipeline_schedules", Role: Reporter, Auditor: true, Permission: "read_pipeline_schedule", Paging: Offset, Source: schedules, Handle: listSchedules},
		{Method: "GET", Path: "projects/:id/pipeline_schedules/:schedule_id", Role: Reporter, Auditor: true, Permission: "read_pipeline_schedule", Source: schedules, Handle: showSchedule},
		{Method: "POST", Path: "projects/:id/pipeline_schedules/:schedule_id/take_ownership", Role: Maintainer, Permission: "update_pipeline_schedule", Source: schedules, Handle: takeSchedule},
		{Method: "DELETE", Path: "projects/:id/pipeline_schedules/:schedule_id", Role: Maintainer, Permission: "delete_pipeline_schedule", Source: schedules, Handle: deleteSchedule},
		{Method: "GET", Path: "projects/:id/secure_files", Role: Developer, Permission: "read_secure_file", Paging: Offset, JobToken: true, Source: files, Handle: listSecureFiles},
		{Method: "GET", Path: "projects/:id/job_token_scope", Role: Maintainer, Permission: "read_job_token_scope", Source: scope, Handle: showJobTokenScope},
		{Method: "PATCH", Path: "projects/:id/job_token_scope", Role: Maintainer, Permission: "update_job_token_scope", Source: scope, Handle: changeJobTokenScope},
		{Method: "GET", Path: "projects/:id/job_token_scope/allowlist", Role: Maintainer, Permission: "read_job_token_scope", Paging: Offset, Source: scope, Handle: listAllowedProjects},
		{Method: "GET", Path: "projects/:id/job_token_scope/groups_allowlist", Role: Maintainer, Permission: "read_job_token_scope", Paging: Offset, Source: scope, Handle: listAllowedGroups},
	}
}

// builds says whether the project has CI/CD switched on; switched off, all that belongs to it answers 403.
func (c *Call) builds() bool { return c.Project.Settings["builds_access_level"] != "disabled" }

// triggerJSON shows the value to the owner only; others get its first four characters behind the prefix.
func triggerJSON(c *Call, t *Trigger) Object {
	token := t.Value
	if c.Actor.User == nil || c.Actor.User.Username != t.Owner {
		token = strings.TrimPrefix(t.Value, "glptt-")[:4]
	}
	return Object{
		"id": t.ID, "token": token, "description": t.Description, "created_at": t.CreatedAt.stamp(), "updated_at": t.UpdatedAt.stamp(),
		"last_used": t.LastUsed.stamp(), "owner": userBasic(c, c.st.userByName(t.Owner)),
	}.Since(c.Profile, "17.11", "expires_at", t.ExpiresAt.stamp())
}

func listTriggers(c *Call) Answer {
	if !c.builds() {
		return Forbidden("")
	}
	return List(c, c.Project.Triggers, noID[*Trigger], func(t *Trigger) Object { return triggerJSON(c, t) })
}

func (c *Call) trigger() *Trigger {
	for _, t := range c.Project.Triggers {
		if t.ID == c.PathID("trigger_id") {
			return t
		}
	}
	return nil
}

func showTrigger(c *Call) Answer {
	if t := c.trigger(); t != nil {
		return OK(triggerJSON(c, t))
	}
	return NotFound("Trigger")
}

func deleteTrigger(c *Call) Answer {
	t := c.trigger()
	if t == nil {
		return NotFound("Trigger")
	}
	c.Project.Triggers = slices.DeleteFunc(c.Project.Triggers, func(other *Trigger) bool { return other == t })
	delete(c.st.owners, t.Value)
	return NoContent()
}

// scheduleJSON is the form of lists: variables and inputs are the item's.
func scheduleJSON(c *Call, s *Schedule) Object {
	ref, zone := s.Ref, s.Timezone
	if ref == "" {
		ref = "main"
	}
	if zone == "" {
		zone = "UTC"
	}
	return Object{
		"id": s.ID, "description": s.Description, "ref": "refs/heads/" + ref, "cron": s.Cron, "cron_timezone": zone, "next_run_at": s.NextRunAt.stamp(),
		"active": !s.Inactive, "created_at": s.CreatedAt.stamp(), "updated_at": s.UpdatedAt.stamp(), "owner": userBasic(c, c.st.userByName(s.Owner)),
	}
}

func listSchedules(c *Call) Answer {
	if !c.builds() {
		return Forbidden("")
	}
	return List(c, c.Project.Schedules, noID[*Schedule], func(s *Schedule) Object { return scheduleJSON(c, s) })
}

func (c *Call) schedule() *Schedule {
	for _, s := range c.Project.Schedules {
		if s.ID == c.PathID("schedule_id") {
			return s
		}
	}
	return nil
}

// edits says whether the caller may change a schedule, and so read its variables.
func (c *Call) edits(s *Schedule) bool {
	return c.Level(c.Project) >= Maintainer || c.Actor.User != nil && c.Actor.User.Username == s.Owner
}

func showSchedule(c *Call) Answer {
	s := c.schedule()
	if s == nil {
		return NotFound("Pipeline Schedule")
	}
	o := scheduleJSON(c, s)
	o["last_pipeline"] = nil
	if s.LastPipeline != 0 {
		o["last_pipeline"] = Object{"id": s.LastPipeline, "ref": "main", "status": "success"}
	}
	if c.edits(s) {
		variables, inputs := []Object{}, []Object{}
		for _, v := range s.Variables {
			variables = append(variables, Object{"key": v.Key, "value": v.Value, "variable_type": v.kind(), "raw": v.Raw})
		}
		for _, i := range s.Inputs {
			inputs = append(inputs, Object{"name": i.Name, "value": i.Value})
		}
		o["variables"] = variables
		o.Since(c.Profile, "18.1", "inputs", inputs)
	}
	return OK(o)
}

func (v *RunVariable) kind() string {
	if v.Type == "" {
		return "env_var"
	}
	return v.Type
}

func takeSchedule(c *Call) Answer {
	s := c.schedule()
	if s == nil {
		return NotFound("Pipeline Schedule")
	}
	s.Owner, s.UpdatedAt = c.Actor.User.Username, At(c.Now)
	return Created(scheduleJSON(c, s))
}

func deleteSchedule(c *Call) Answer {
	s := c.schedule()
	if s == nil {
		return NotFound("Pipeline Schedule")
	}
	c.Project.Schedules = slices.DeleteFunc(c.Project.Schedules, func(other *Schedule) bool { return other == s })
	return NoContent()
}

func listSecureFiles(c *Call) Answer {
	if !c.builds() {
		return Forbidden("")
	}
	return List(c, c.Project.SecureFiles, noID[*SecureFile], secureFileJSON)
}

func secureFileJSON(f *SecureFile) Object {
	sum := sha256.Sum256([]byte(f.Content))
	var meta any
	if m := f.Metadata; m != nil {
		meta = Object{"id": m.ID, "issuer": m.Issuer, "subject": m.Subject, "expires_at": m.ExpiresAt.stamp()}
	}
	return Object{
		"id": f.ID, "name": f.Name, "checksum": hex.EncodeToString(sum[:]), "checksum_algorithm": "sha256", "created_at": f.CreatedAt.stamp(),
		"expires_at": f.ExpiresAt.stamp(), "metadata": meta, "file_extension": strings.TrimPrefix(path.Ext(f.Name), "."),
	}
}

// jobTokenScope is the project's, or the default of a new project.
func (p *Project) jobTokenScope() JobTokenScope {
	if p.JobTokenScope != nil {
		return *p.JobTokenScope
	}
	return JobTokenScope{}
}

func (s JobTokenScope) inbound() bool { return s.Inbound == nil || *s.Inbound }

func showJobTokenScope(c *Call) Answer {
	s := c.Project.jobTokenScope()
	return OK(Object{"inbound_enabled": s.inbound()}.Until(c.Profile, "18.0", "outbound_enabled", s.Outbound))
}

func changeJobTokenScope(c *Call) Answer {
	on, set := c.Bool("enabled")
	if !set {
		return Refuse(400, "enabled is missing")
	}
	c.Project.ownScope().Inbound = &on
	event := "secure_ci_job_token_inbound_disabled"
	if on {
		event = "secure_ci_job_token_inbound_enabled"
	}
	c.Audit(event, c.Project, "Project", c.Project.Name, c.Project.ID, nil)
	return NoContent()
}

// listAllowedProjects holds the project itself, always.
func listAllowedProjects(c *Call) Answer {
	rows := []*Project{c.Project}
	for _, e := range c.Project.jobTokenScope().Projects {
		if p := c.FindProject(e.Path); p != nil && c.Sees(p) {
			rows = append(rows, p)
		}
	}
	return List(c, rows, noID[*Project], func(p *Project) Object { return projectBasic(c, p) })
}

func listAllowedGroups(c *Call) Answer {
	var rows []*Group
	for _, e := range c.Project.jobTokenScope().Groups {
		if g := c.FindGroup(e.Path); g != nil && c.Sees(g) {
			rows = append(rows, g)
		}
	}
	return List(c, rows, noID[*Group], func(g *Group) Object {
		return Object{"id": g.ID, "web_url": c.URL("/groups/" + g.Path), "name": g.Name}
	})
}
