package gitlabtest

import (
	"cmp"
	"crypto/sha1" //nolint:gosec // the form of an object's name
	"encoding/hex"
	"slices"
	"strings"
)

// pipelineRoutes read runs and their jobs.
func pipelineRoutes() []Route {
	const source, jobs, one = "https://docs.gitlab.com/api/pipelines/", "https://docs.gitlab.com/api/jobs/", "projects/:id/pipelines/:pipeline_id"
	return []Route{
		{Method: "GET", Path: "projects/:id/pipelines", Role: Reporter, Auditor: true, JobToken: true, Permission: "read_pipeline", Paging: Offset, Source: source, Handle: listPipelines},
		{Method: "GET", Path: "projects/:id/pipelines/latest", Role: Reporter, Auditor: true, Permission: "read_pipeline", Source: source, Handle: latestPipeline},
		{Method: "GET", Path: one, Role: Reporter, Auditor: true, JobToken: true, Permission: "read_pipeline", Source: source, Handle: showPipeline},
		{Method: "GET", Path: one + "/jobs", Role: Reporter, Auditor: true, JobToken: true, Permission: "read_job", Paging: Offset, Source: jobs, Handle: listPipelineJobs},
		{Method: "GET", Path: one + "/bridges", Role: Reporter, Auditor: true, JobToken: true, Permission: "read_job", Paging: Offset, Source: jobs, Handle: listBridges},
		{Method: "GET", Path: one + "/variables", Role: Developer, Permission: "read_pipeline_variable", Paging: Offset, Source: source, Handle: listRunVariables},
		{Method: "GET", Path: "projects/:id/jobs/:job_id", Role: Reporter, Auditor: true, Permission: "read_job", Source: jobs, Handle: showJob},
		{Method: "GET", Path: "job", JobToken: true, AnyScope: true, Source: jobs + "#get-job-tokens-job", Handle: showOwnJob},
		{Method: "GET", Path: "job/allowed_agents", JobToken: true, AnyScope: true, Source: jobs + "#get-kubernetes-agents-by-ci_job_token", Handle: showAllowedAgents},
		{Method: "GET", Path: "projects/:id/pipeline_schedules/:schedule_id/pipelines", Role: Reporter, Auditor: true, Permission: "read_pipeline", Paging: Offset, Source: "https://docs.gitlab.com/api/pipeline_schedules/", Handle: listSchedulePipelines},
	}
}

// sha is the commit that a pipeline ran: the one given, the head of its branch, or a made-up one.
func (c *Call) sha(p *Project, l *Pipeline) string {
	if l.SHA != "" {
		return l.SHA
	}
	if repo := c.server.repository(p); repo != nil {
		if id, err := repo.commit(cmp.Or(l.Ref, p.Repository.branch())); err == nil {
			return id
		}
	}
	sum := sha1.Sum([]byte("pipeline " + itoa(l.ID)))
	return hex.EncodeToString(sum[:])
}

// pipelines are a project's, the latest first.
func (p *Project) pipelines() []*Pipeline {
	rows := slices.Clone(p.Pipelines)
	slices.SortFunc(rows, func(a, b *Pipeline) int { return cmp.Compare(b.ID, a.ID) })
	return rows
}

// iid counts the pipelines of one project, from the oldest on.
func (p *Project) iid(l *Pipeline) int {
	rows := p.pipelines()
	return len(rows) - slices.Index(rows, l)
}

func pipelineJSON(c *Call, l *Pipeline) Object {
	return Object{
		"id": l.ID, "iid": c.Project.iid(l), "project_id": c.Project.ID, "sha": c.sha(c.Project, l), "ref": cmp.Or(l.Ref, "main"),
		"status": cmp.Or(l.Status, "success"), "source": cmp.Or(l.Source, "push"), "created_at": l.CreatedAt.stamp(), "updated_at": l.CreatedAt.stamp(),
		"web_url": c.URL("/" + c.Project.Path + "/-/pipelines/" + itoa(l.ID)),
	}
}

// pipelineDetail begins with its first job and ends with its last.
func pipelineDetail(c *Call, l *Pipeline) Object {
	var started, finished Time
	for _, j := range l.Jobs {
		if started.IsZero() || !j.StartedAt.IsZero() && j.StartedAt.Before(started.Time) {
			started = j.StartedAt
		}
		if j.FinishedAt.After(finished.Time) {
			finished = j.FinishedAt
		}
	}
	var took any
	if !started.IsZero() && !finished.IsZero() {
		took = int(finished.Sub(started.Time).Seconds())
	}
	status := cmp.Or(l.Status, "success")
	return pipelineJSON(c, l).Merge(Object{
		"before_sha": strings.Repeat("0", 40), "tag": l.Tag, "yaml_errors": nil, "user": userBasic(c, c.st.userByName(l.User)),
		"started_at": started.stamp(), "finished_at": finished.stamp(), "committed_at": nil, "duration": took, "queued_duration": nil, "coverage": nil,
		"name": nil, "archived": false, "detailed_status": Object{"text": status, "label": status, "group": status, "icon": "status_" + status, "has_details": true,
			"details_path": "/" + c.Project.Path + "/-/pipelines/" + itoa(l.ID)},
	})
}

func listPipelines(c *Call) Answer {
	if !c.builds() {
		return Forbidden("")
	}
	rows := c.Project.pipelines()
	for name, field := range map[string]func(*Pipeline) string{
		"ref":      func(l *Pipeline) string { return cmp.Or(l.Ref, "main") },
		"status":   func(l *Pipeline) string { return cmp.Or(l.Status, "success") },
		"source":   func(l *Pipeline) string { return cmp.Or(l.Source, "push") },
		"username": func(l *Pipeline) string { return l.User },
		"sha":      func(l *Pipeline) string { return c.sha(c.Project, l) },
	} {
		if want := c.Text(name); want != "" {
			rows = keep(rows, func(l *Pipeline) bool { return field(l) == want })
		}
	}
	if c.Text("sort") == "asc" {
		slices.Reverse(rows)
	}
	return List(c, rows, noID[*Pipeline], func(l *Pipeline) Object { return pipelineJSON(c, l) })
}

func latestPipeline(c *Call) Answer {
	ref := c.Text("ref")
	if ref == "" && c.Project.Repository != nil {
		ref = c.Project.Repository.branch()
	}
	for _, l := range c.Project.pipelines() {
		if cmp.Or(l.Ref, "main") == ref {
			return OK(pipelineDetail(c, l))
		}
	}
	return NotFound("Pipeline")
}

func withPipeline(c *Call, use func(*Pipeline) Answer) Answer {
	if !c.builds() {
		return Forbidden("")
	}
	for _, l := range c.Project.Pipelines {
		if l.ID == c.PathID("pipeline_id") {
			return use(l)
		}
	}
	return NotFound("Pipeline")
}

func showPipeline(c *Call) Answer {
	return withPipeline(c, func(l *Pipeline) Answer { return OK(pipelineDetail(c, l)) })
}

func listPipelineJobs(c *Call) Answer {
	return withPipeline(c, func(l *Pipeline) Answer {
		scopes := c.Texts("scope")
		rows := keep(l.Jobs, func(j *Job) bool { return len(scopes) == 0 || slices.Contains(scopes, cmp.Or(j.Status, "success")) })
		return List(c, rows, noID[*Job], func(j *Job) Object { return jobItem(c, j) })
	})
}

// listBridges is empty: no job of a world starts another pipeline.
func listBridges(c *Call) Answer {
	return withPipeline(c, func(*Pipeline) Answer { return List(c, nil, noID[*Job], func(j *Job) Object { return jobItem(c, j) }) })
}

// listRunVariables shows what a run was given to a Maintainer, and to whoever started it.
func listRunVariables(c *Call) Answer {
	return withPipeline(c, func(l *Pipeline) Answer {
		if c.Level(c.Project) < Maintainer && (c.Actor.User == nil || c.Actor.User.Username != l.User) {
			return Forbidden("")
		}
		return List(c, l.Variables, noID[*RunVariable], runVariableJSON)
	})
}

func runVariableJSON(v *RunVariable) Object {
	return Object{"key": v.Key, "value": v.Value, "variable_type": v.kind(), "raw": v.Raw}
}

func showJob(c *Call) Answer {
	if !c.builds() {
		return Forbidden("")
	}
	for _, j := range c.Project.jobs() {
		if j.ID == c.PathID("job_id") {
			return OK(jobItem(c, j))
		}
	}
	return NotFound("")
}

// showOwnJob tells a job token which job it belongs to; nothing else may ask.
func showOwnJob(c *Call) Answer {
	j := c.Actor.Job
	if j == nil {
		return Unauthorized()
	}
	c.Project = j.project
	return OK(jobItem(c, j))
}

// showAllowedAgents tells a job token the agents of its project: that others share theirs is not in a world.
func showAllowedAgents(c *Call) Answer {
	j := c.Actor.Job
	if j == nil {
		return Unauthorized()
	}
	c.Project = j.project
	agents, groups, roles := []Object{}, []Object{}, []string{}
	for _, a := range c.Project.Agents {
		agents = append(agents, Object{"id": a.ID, "config_project": projectIdentity(c, c.Project), "configuration": Object{}})
	}
	for g := c.Project.group; g != nil; g = g.parent {
		groups = append(groups, Object{"id": g.ID})
	}
	for _, role := range []Role{Guest, Reporter, Developer, Maintainer, Owner} {
		if name, err := role.MarshalText(); err == nil && role <= c.Level(c.Project) {
			roles = append(roles, string(name))
		}
	}
	return OK(Object{"allowed_agents": agents, "job": Object{"id": j.ID}, "pipeline": Object{"id": j.pipeline.ID}, "project": Object{"id": c.Project.ID, "groups": groups},
		"user": Object{"id": c.Actor.User.ID, "username": c.Actor.User.Username, "roles_in_project": roles}})
}

// listSchedulePipelines knows the last one only: a world does not say which schedule started the others.
func listSchedulePipelines(c *Call) Answer {
	s := c.schedule()
	if s == nil {
		return NotFound("Pipeline Schedule")
	}
	rows := keep(c.Project.pipelines(), func(l *Pipeline) bool { return l.ID == s.LastPipeline })
	return List(c, rows, noID[*Pipeline], func(l *Pipeline) Object { return pipelineJSON(c, l) })
}
