package gitlabtest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// pipelineVerbRoutes start pipelines and take them back. What is started waits for a runner that asks for it.
func pipelineVerbRoutes() []Route {
	const source, jobs, trigger = "https://docs.gitlab.com/api/pipelines/", "https://docs.gitlab.com/api/jobs/", "https://docs.gitlab.com/api/pipeline_triggers/"
	const run, job = "projects/:id/pipelines/:pipeline_id", "projects/:id/jobs/:job_id"
	return []Route{
		{Method: "POST", Path: "projects/:id/pipeline", Role: Developer, Permission: "create_pipeline", Source: source, Handle: createPipeline},
		{Method: "POST", Path: run + "/retry", Role: Developer, Permission: "update_pipeline", Source: source, Handle: changeRun(retried)},
		{Method: "POST", Path: run + "/cancel", Role: Developer, Permission: "cancel_pipeline", Source: source, Handle: changeRun(canceled)},
		{Method: "DELETE", Path: run, Role: Owner, Permission: "delete_pipeline", Source: source, Handle: deletePipeline},
		{Method: "POST", Path: job + "/play", Role: Developer, Permission: "play_job", Source: jobs, Handle: changeJob(played)},
		{Method: "POST", Path: job + "/retry", Role: Developer, Permission: "retry_job", Source: jobs, Handle: changeJob(retried)},
		{Method: "POST", Path: job + "/cancel", Role: Developer, Permission: "cancel_job", Source: jobs, Handle: changeJob(canceled)},
		{Method: "POST", Path: job + "/erase", Role: Developer, Permission: "erase_job", Source: jobs, Handle: changeJob(erased)},
		{Method: "POST", Path: "projects/:id/pipeline_schedules/:schedule_id/play", Role: Developer, Permission: "play_pipeline_schedule",
			Source: "https://docs.gitlab.com/api/pipeline_schedules/", Handle: playSchedule},
		// The token in the body is the whole authorisation, so that the project is not looked at before it.
		{Method: "POST", Path: "projects/:project/trigger/pipeline", Anonymous: true, AnyScope: true, Source: trigger, Handle: triggerPipeline},
		{Method: "POST", Path: "projects/:project/ref/:ref/trigger/pipeline", Anonymous: true, AnyScope: true, Source: trigger, Handle: triggerPipeline},
	}
}

// runVariables reads variables as the API for pipelines has them, a list of objects, or as triggers do, an object.
func (c *Call) runVariables() []*RunVariable {
	var all []*RunVariable
	for _, o := range c.Objects("variables") {
		kind, _ := o["variable_type"].(string)
		all = append(all, &RunVariable{Key: plainText(o["key"]), Value: plainText(o["value"]), Type: kind})
	}
	if set, ok := c.body["variables"].(map[string]any); ok {
		for key, value := range set {
			all = append(all, &RunVariable{Key: key, Value: plainText(value)})
		}
		slices.SortFunc(all, func(x, y *RunVariable) int { return strings.Compare(x.Key, y.Key) })
	}
	return all
}

func plainText(v any) string { s, _ := v.(string); return s }

// start makes a pipeline of the configuration at a branch or tag, for somebody.
func (c *Call) start(by, ref, source string) (*Pipeline, *Answer) {
	refuse := func(text string) (*Pipeline, *Answer) {
		a := Message(http.StatusBadRequest, Object{"base": []string{text}})
		return nil, &a
	}
	b := c.server.repository(c.Project)
	if b == nil {
		return refuse("Reference not found")
	}
	_, tagErr := b.revision("refs/tags/"+ref, "commit")
	_, headErr := b.revision("refs/heads/"+ref, "commit")
	if headErr != nil && tagErr != nil {
		return refuse("Reference not found")
	}
	sha, err := b.commit(ref)
	if err != nil {
		return refuse("Reference not found")
	}
	jobs, wrong := c.jobsAt(b, sha)
	if wrong != "" {
		return refuse(wrong)
	}
	l := &Pipeline{ID: c.st.next("pipelines"), Ref: ref, SHA: sha, Tag: headErr != nil, Source: source, Status: "pending", User: by, CreatedAt: At(c.Now), Variables: c.runVariables(), Jobs: jobs}
	for _, j := range jobs {
		j.ID, j.CreatedAt, j.pipeline, j.project = c.st.next("jobs"), At(c.Now), l, c.Project
	}
	l.begin()
	c.Project.Pipelines = append(c.Project.Pipelines, l)
	return l, nil
}

// jobsAt are the jobs of the configuration's own text.
func (c *Call) jobsAt(b *bare, sha string) ([]*Job, string) {
	path := ".gitlab-ci.yml"
	if c.Project.CI != nil {
		path = cmp.Or(c.Project.CI.Path, path)
	}
	e, found := b.entry(sha, path)
	if !found {
		return nil, "Missing CI config file"
	}
	text, err := git(b.dir, nil, "cat-file", "blob", e.id)
	if err != nil {
		return nil, "Missing CI config file"
	}
	return jobsOf(text)
}

func createPipeline(c *Call) Answer {
	if !c.builds() {
		return Forbidden("")
	}
	if lacks := c.blank("ref"); lacks != "" {
		return Refuse(http.StatusBadRequest, lacks)
	}
	l, refused := c.start(c.Actor.User.Username, c.Text("ref"), "api")
	if refused != nil {
		return *refused
	}
	return Created(pipelineDetail(c, l))
}

func playSchedule(c *Call) Answer {
	s := c.schedule()
	switch {
	case s == nil:
		return NotFound("Pipeline Schedule")
	case !c.edits(s) && c.Level(c.Project) < Developer:
		return Forbidden("")
	}
	l, refused := c.start(c.Actor.User.Username, cmp.Or(s.Ref, "main"), "schedule")
	if refused == nil { // GitLab starts it later, and tells nobody what became of it
		l.Variables, s.LastPipeline = s.Variables, l.ID
	}
	return Created(Object{"message": "201 Created"})
}

// triggerPipeline acts as the owner of a trigger token, or as the user of a running job.
func triggerPipeline(c *Call) Answer {
	p := c.FindProject(c.Path("project"))
	switch owner := c.st.owners[c.Text("token")].(type) {
	case *Trigger:
		u := c.st.userByName(owner.Owner)
		if p == nil || !slices.Contains(p.Triggers, owner) || u == nil || u.State != "active" || owner.ExpiresAt.past(c.Now) {
			return NotFound("")
		}
		owner.LastUsed = At(c.Now)
		return c.triggered(p, u, "trigger")
	case *Job:
		u := c.st.userByName(owner.pipeline.User)
		c.Actor = Actor{User: u, Job: owner}
		if p == nil || owner.Status != "running" || u == nil || !c.JobReaches(p) {
			return NotFound("")
		}
		return c.triggered(p, u, "pipeline")
	}
	return NotFound("")
}

func (c *Call) triggered(p *Project, as *User, source string) Answer {
	c.Project, c.Actor = p, Actor{User: as}
	ref := cmp.Or(c.Path("ref"), c.Text("ref"))
	switch {
	case ref == "":
		return Refuse(http.StatusBadRequest, "ref is missing")
	case c.Level(p) < Developer:
		return Message(http.StatusBadRequest, Object{"base": []string{"Insufficient permissions to create a new pipeline"}})
	}
	l, refused := c.start(as.Username, ref, source)
	if refused != nil {
		return *refused
	}
	return Created(pipelineDetail(c, l))
}

func deletePipeline(c *Call) Answer {
	return withPipeline(c, func(l *Pipeline) Answer {
		for _, j := range l.Jobs {
			delete(c.st.owners, j.Value)
		}
		c.Project.Pipelines = slices.DeleteFunc(c.Project.Pipelines, func(other *Pipeline) bool { return other == l })
		return NoContent()
	})
}

// jobChange moves a job on and says whether it could.
type jobChange func(c *Call, j *Job) bool

func over(j *Job) bool {
	return slices.Contains([]string{"success", "failed", "canceled", "skipped"}, cmp.Or(j.Status, "success"))
}

func played(_ *Call, j *Job) bool {
	if j.Status != "manual" {
		return false
	}
	j.Status = "pending"
	return true
}

// canceled ends a job, and its job token with it.
func canceled(c *Call, j *Job) bool {
	if over(j) {
		return false
	}
	delete(c.st.owners, j.Value)
	j.Status, j.FinishedAt = "canceled", At(c.Now)
	return true
}

// retried is the same job again: GitLab makes a second one and hides the first.
func retried(c *Call, j *Job) bool {
	if !over(j) || j.Status == "skipped" {
		return false
	}
	j.ID, j.Status, j.CreatedAt, j.StartedAt, j.FinishedAt, j.Log = c.st.next("jobs"), "pending", At(c.Now), Time{}, Time{}, ""
	return true
}

func erased(_ *Call, j *Job) bool {
	if !over(j) {
		return false
	}
	j.Log, j.Artifacts = "", nil
	return true
}

func changeJob(change jobChange) Handler {
	return func(c *Call) Answer {
		if !c.builds() {
			return Forbidden("")
		}
		for _, j := range c.Project.jobs() {
			if j.ID != c.PathID("job_id") {
				continue
			}
			if !change(c, j) {
				return Forbidden("Job is not " + map[string]string{"play": "playable", "retry": "retryable", "cancel": "cancelable", "erase": "erasable"}[lastSegment(c.Route.Path)])
			}
			j.pipeline.changed(j.Status == "pending")
			return Created(jobItem(c, j))
		}
		return NotFound("")
	}
}

// changeRun moves the jobs of a pipeline that can be moved.
func changeRun(change jobChange) Handler {
	return func(c *Call) Answer {
		return withPipeline(c, func(l *Pipeline) Answer {
			moved := ""
			for _, j := range l.Jobs {
				if again := j.Status == "failed" || j.Status == "canceled"; (lastSegment(c.Route.Path) != "retry" || again) && change(c, j) {
					moved = j.Status
				}
			}
			l.Status = cmp.Or(moved, l.Status)
			l.changed(moved == "pending")
			return Created(pipelineDetail(c, l))
		})
	}
}
