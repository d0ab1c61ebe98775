package gitlabtest

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// jobRunRoutes are how a runner works: it asks for a job, sends the log as it grows, brings artifacts, and says how the
// job ended. The job's own token is the whole authorisation.
// Source: GitLab's lib/api/ci/runner.rb
func jobRunRoutes() []Route {
	own := func(method, path string, handle Handler) Route {
		return Route{Method: method, Path: path, Own: true, Anonymous: true, AnyScope: true, Source: "https://docs.gitlab.com/api/runners/", Handle: handle}
	}
	trace := own("PATCH", "jobs/:job_id/trace", appendTrace)
	trace.Raw = true
	return []Route{
		own("POST", "jobs/request", requestJob), own("PUT", "jobs/:job_id", updateJob), trace,
		own("POST", "jobs/:job_id/artifacts", bringArtifacts), own("GET", "jobs/:job_id/artifacts", fetchArtifacts),
	}
}

// requestJob gives a runner the oldest job that it may take. The header tells the runner since when there is none.
func requestJob(c *Call) Answer {
	return withRunnerToken(c, func(r *Runner) Answer {
		if j := c.jobFor(r); j != nil {
			return Created(c.hand(j, r))
		}
		a := NoContent()
		a.Header = http.Header{"X-Gitlab-Last-Update": {newEntropy(c.st.seed, "queue\x00"+itoa(r.ID)).pick(lowerHex, 32)}}
		return a
	})
}

// jobFor finds a waiting job of a project that the runner serves, with tags that it has, on a ref that it may run.
func (c *Call) jobFor(r *Runner) *Job {
	var found *Job
	for _, p := range c.st.w.Projects {
		if r.Paused || p.Archived || p.PendingDelete || !r.serves(p) {
			continue
		}
		for _, l := range p.Pipelines {
			for _, j := range l.Jobs {
				if j.work != nil && j.Status == "pending" && r.takes(j) && (found == nil || j.ID < found.ID) {
					found = j
				}
			}
		}
	}
	return found
}

func (r *Runner) takes(j *Job) bool {
	if r.AccessLevel == "ref_protected" && !j.pipeline.onProtected(j.project) {
		return false
	}
	if len(j.Tags) == 0 {
		return r.RunUntagged
	}
	return !slices.ContainsFunc(j.Tags, func(tag string) bool { return !slices.Contains(r.Tags, tag) })
}

// onProtected says that the pipeline's branch or tag is a protected one, so that it gets protected variables.
func (l *Pipeline) onProtected(p *Project) bool {
	if l.Tag {
		return slices.ContainsFunc(p.ProtectedTags, func(t *ProtectedTag) bool { return fits(t.Name, l.Ref) })
	}
	return len(p.branchRules(l.Ref)) > 0
}

// hand starts a job on a runner and tells it all it needs.
func (c *Call) hand(j *Job, r *Runner) Object {
	l, p, w := j.pipeline, j.project, j.work
	c.Project = p
	j.Status, j.StartedAt, j.Runner, w.runner, w.failure, j.Log = "running", At(c.Now), r.Description, r, "", ""
	j.Value = c.st.issue("jobs", j.ID, j, plainValue("glcbt-64_", urlSafe, 20))
	l.changed(false)
	timeout := 3600
	if r.MaximumTimeout > 0 {
		timeout = min(timeout, r.MaximumTimeout)
	}
	step := func(name, when string, lines []string, mayFail bool) Object {
		return Object{"name": name, "script": lines, "timeout": timeout, "when": when, "allow_failure": mayFail}
	}
	steps := []Object{step("script", "on_success", w.script, false)}
	if len(w.after) > 0 {
		steps = append(steps, step("after_script", "always", w.after, true))
	}
	kind, refspec := "branch", "+refs/heads/"+l.Ref+":refs/remotes/origin/"+l.Ref
	if l.Tag {
		kind, refspec = "tag", "+refs/tags/"+l.Ref+":refs/tags/"+l.Ref
	}
	var image any
	if w.image != "" {
		image = Object{"name": w.image}
	}
	return Object{
		"id": j.ID, "token": j.Value, "allow_git_fetch": true, "image": image, "services": []any{}, "artifacts": append([]Object{}, w.artifacts...), "cache": []any{}, "credentials": []any{}, "hooks": []any{},
		"job_info": Object{"id": j.ID, "name": j.Name, "stage": j.Stage, "project_id": p.ID, "project_name": p.Name, "time_in_queue_seconds": 0, "project_jobs_running_on_instance_runners_count": "0"},
		"git_info": Object{"repo_url": c.cloneURL(j), "ref": l.Ref, "sha": l.SHA, "before_sha": strings.Repeat("0", 40), "ref_type": kind, "refspecs": []string{refspec},
			"depth": 0, "repo_object_format": "sha1"},
		"runner_info": Object{"timeout": timeout, "runner_session_url": nil}, "variables": c.jobVariables(j), "steps": steps, "dependencies": earlierArtifacts(j),
		"features": Object{"trace_sections": true, "failure_reasons": failureReasons()},
	}
}

func failureReasons() []string {
	return []string{"unknown_failure", "script_failure", "api_failure", "stuck_or_timeout_failure", "runner_system_failure", "missing_dependency_failure", "runner_unsupported",
		"job_execution_timeout", "archived_failure", "unmet_prerequisites", "trace_size_exceeded", "image_pull_failure", "user_blocked"}
}

// cloneURL lets git in by the job's token.
func (c *Call) cloneURL(j *Job) string {
	scheme, rest, _ := strings.Cut(c.URL("/"+j.project.Path+".git"), "://")
	return scheme + "://gitlab-ci-token:" + j.Value + "@" + rest
}

// earlierArtifacts are those of the stages before, which a job gets where it does not say otherwise.
func earlierArtifacts(j *Job) []Object {
	out := []Object{}
	for _, other := range j.pipeline.Jobs {
		if other.work.stage < j.work.stage && len(other.Artifacts) > 0 {
			out = append(out, Object{"id": other.ID, "name": other.Name, "token": j.Value, "artifacts_file": Object{"filename": "artifacts.zip", "size": len(zipped(other).Text)}})
		}
	}
	return out
}

// withRunning finds the running job that a runner speaks of, by the token that it was given for it.
func (c *Call) withRunning(token string, use func(*Job) Answer) Answer {
	j, known := c.st.owners[token].(*Job)
	if known && j.ID == c.PathID("job_id") && j.Status == "running" && j.work != nil {
		c.Project = j.project
		return use(j)
	}
	a := Forbidden("Job is not running")
	a.Header = http.Header{"Job-Status": {"canceled"}} // by which a runner knows that it is to stop
	return a
}

// maxTrace bounds the log of a job, in bytes.
const maxTrace = 4 << 20

// appendTrace takes a piece of the log where the last one ended.
func appendTrace(c *Call) Answer {
	return c.withRunning(c.Request.Header.Get("Job-Token"), func(j *Job) Answer {
		from, _, _ := strings.Cut(c.Request.Header.Get("Content-Range"), "-")
		at, err := strconv.Atoi(from)
		status := http.StatusAccepted
		switch {
		case err != nil:
			return Refuse(http.StatusBadRequest, "Missing header Content-Range")
		case at != len(j.Log):
			status = http.StatusRequestedRangeNotSatisfiable
		case len(j.Log)+len(c.raw) > maxTrace:
			c.end(j, "failed", "trace_size_exceeded")
			status = http.StatusForbidden
		default:
			j.Log += string(c.raw)
		}
		a := Plain(status, "text/plain", strconv.Itoa(status))
		a.Header = http.Header{"Job-Status": {j.Status}, "Range": {fmt.Sprintf("0-%d", len(j.Log))}, "X-Gitlab-Trace-Update-Interval": {"3"}}
		return a
	})
}

func updateJob(c *Call) Answer {
	return c.withRunning(c.Text("token"), func(j *Job) Answer {
		switch state := c.Text("state"); state {
		case "success", "failed":
			c.end(j, state, c.Text("failure_reason"))
		case "", "running":
		default:
			return Refuse(http.StatusBadRequest, "state does not have a valid value")
		}
		a := Plain(http.StatusOK, "application/json", "200")
		a.Header = http.Header{"Job-Status": {j.Status}, "X-Gitlab-Trace-Update-Interval": {"3"}}
		return a
	})
}

// end finishes a job, and its token with it, and lets go what waited for it.
func (c *Call) end(j *Job, status, reason string) {
	delete(c.st.owners, j.Value)
	j.Status, j.FinishedAt, j.Value = status, At(c.Now), ""
	if status == "failed" {
		j.work.failure = reason
	}
	j.pipeline.changed(false)
}

// maxUnzipped bounds what artifacts are when they are unpacked, in bytes.
const maxUnzipped = 64 << 20

// bringArtifacts keeps the files of an archive; reports are taken and not kept.
func bringArtifacts(c *Call) Answer {
	token := c.Request.Header.Get("Job-Token")
	if token == "" {
		token = c.Text("token")
	}
	return c.withRunning(token, func(j *Job) Answer {
		if c.Text("artifact_type") != "archive" && c.Text("artifact_type") != "" {
			return Created(Object{"message": "201 Created"})
		}
		files, err := unzipped(plainText(c.body["file"]))
		if err != nil {
			return BadRequest("Missing artifacts file")
		}
		j.Artifacts = files
		return Created(Object{"message": "201 Created"})
	})
}

func unzipped(archive string) (map[string]string, error) {
	z, err := zip.NewReader(strings.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, err
	}
	files, left := map[string]string{}, int64(maxUnzipped)
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		var text bytes.Buffer
		n, err := io.Copy(&text, io.LimitReader(r, left+1))
		r.Close()
		if left -= n; err != nil || left < 0 {
			return nil, fmt.Errorf("artifacts of more than %d bytes, or broken ones: %w", maxUnzipped, err)
		}
		files[f.Name] = text.String()
	}
	return files, nil
}

// fetchArtifacts gives a running job those of a job before it in its pipeline.
func fetchArtifacts(c *Call) Answer {
	j, known := c.st.owners[c.Request.Header.Get("Job-Token")].(*Job)
	if !known || j.Status != "running" {
		return Forbidden("")
	}
	for _, other := range j.pipeline.Jobs {
		if other.ID == c.PathID("job_id") && len(other.Artifacts) > 0 {
			return zipped(other)
		}
	}
	return NotFound("")
}
