package gitlabtest

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// runnersConfig has a stage that may fail, one with an artifact, and jobs that wait for both.
const runnersConfig = `stages: [build, deploy]
default:
  before_script: [echo before]
variables: {GREETING: hello}
make:
  stage: build
  script: [make, [make check]]
  after_script: echo after
  artifacts: {paths: [dist]}
lint:
  stage: build
  script: lint
  allow_failure: true
  tags: [linux]
ship:
  stage: deploy
  script: ship
  environment: {name: production}
cleanup:
  stage: deploy
  script: rm
  when: on_failure
ask:
  stage: deploy
  script: ask
  when: manual
`

// ci is a project with a configuration, a pipeline of it, and a runner.
type ci struct {
	t      *testing.T
	s      *Server
	runner string // token
}

func newCI(t *testing.T, config string) *ci {
	t.Helper()
	s := newServer(t, Options{RepoDir: t.TempDir()})
	body, _ := json.Marshal(map[string]string{"branch": "main", "commit_message": "ci", "content": config})
	for _, step := range []struct{ path, kind, body string }{
		{"projects", form, "path=ci&namespace_id=100&initialize_with_readme=true"},
		{"projects/acme%2Fci/repository/files/.gitlab-ci.yml", "application/json", string(body)},
		{"projects/acme%2Fci/variables", form, "key=DEPLOY_KEY&value=EXAMPLE-deploy&protected=true&masked=true"},
		{"projects/acme%2Fci/variables", form, "key=ONLY_LIVE&value=EXAMPLE-live&environment_scope=prod*"},
		{"projects/acme%2Fci/pipeline", form, "ref=main&variables[][key]=GREETING&variables[][value]=moin"},
	} {
		if w := send(s, "POST", "group-owner-write", step.path, step.kind, step.body); w.Code != http.StatusCreated {
			t.Fatalf("POST %s = %d %s", step.path, w.Code, w.Body)
		}
	}
	w := call(t, s, "POST", "group-owner-write", "user/runners", "runner_type=group_type&group_id=100&run_untagged=true&description=shell")
	return &ci{t: t, s: s, runner: object(t, w)["token"].(string)}
}

const form = "application/x-www-form-urlencoded"

func send(s *Server, method, label, path, kind, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/api/v4/"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	if label != "" {
		r.Header.Set("Private-Token", s.Token(label))
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// next asks for a job; nil where there is none.
func (c *ci) next() map[string]any {
	c.t.Helper()
	w := send(c.s, "POST", "", "jobs/request", "application/json", fmt.Sprintf(`{"token":%q,"system_id":"s_1","info":{"version":"18.5.0"}}`, c.runner))
	if w.Code == http.StatusNoContent {
		return nil
	}
	if w.Code != http.StatusCreated {
		c.t.Fatalf("jobs/request = %d %s", w.Code, w.Body)
	}
	return object(c.t, w)
}

func (c *ci) end(job map[string]any, state string) *httptest.ResponseRecorder {
	return send(c.s, "PUT", "", fmt.Sprintf("jobs/%v", job["id"]), "application/json", fmt.Sprintf(`{"token":%q,"state":%q,"failure_reason":"script_failure"}`, job["token"], state))
}

// states are those of all jobs and, under "", of the pipeline.
func (c *ci) states() map[string]string {
	p := c.s.st.projPath["acme/ci"]
	out := map[string]string{"": p.Pipelines[0].Status}
	for _, j := range p.Pipelines[0].Jobs {
		out[j.Name] = j.Status
	}
	return out
}

func (c *ci) want(states string) {
	c.t.Helper()
	var got []string
	all := c.states()
	for _, name := range []string{"make", "lint", "ship", "cleanup", "ask", ""} {
		got = append(got, all[name])
	}
	if text := strings.Join(got, " "); text != states {
		c.t.Errorf("make, lint, ship, cleanup, ask, pipeline are %q, want %q", text, states)
	}
}

// value is the last variable of that name that a job gets, as the runner takes it.
func value(job map[string]any, key string) any {
	for _, v := range slices.Backward(job["variables"].([]any)) {
		if v := v.(map[string]any); v["key"] == key {
			return v["value"]
		}
	}
	return nil
}

// A runner works a pipeline off, stage by stage, with what each job may know.
func TestRunnerWorksAPipelineOff(t *testing.T) {
	c := newCI(t, runnersConfig)
	c.want("pending pending created created created pending")
	job := c.next()
	c.want("running pending created created created running")
	steps := fmt.Sprint(job["steps"].([]any)[0].(map[string]any)["script"], job["steps"].([]any)[1].(map[string]any)["script"])
	if steps != "[echo before make make check] [echo after]" {
		t.Errorf("steps are %s", steps)
	}
	for key, want := range map[string]any{"GREETING": "moin", "CI_JOB_NAME": "make", "CI_PROJECT_PATH": "acme/ci", "CI_JOB_TOKEN": job["token"], "DEPLOY_KEY": "EXAMPLE-deploy", "ONLY_LIVE": nil} {
		if got := value(job, key); got != want {
			t.Errorf("%s = %v, want %v", key, got, want)
		}
	}
	if more := c.next(); more != nil {
		t.Errorf("a runner without tags got %v", more["job_info"])
	}
	c.s.st.w.Runners[len(c.s.st.w.Runners)-1].Tags = []string{"linux", "go"}
	lint := c.next()
	c.end(lint, "failed")
	c.want("running failed created created created running")
	c.bring(job)
	if w := c.end(job, "success"); w.Code != http.StatusOK || w.Header().Get("Job-Status") != "success" {
		t.Errorf("end = %d, job is %s", w.Code, w.Header().Get("Job-Status"))
	}
	c.want("success failed pending skipped manual running")
	ship := c.next()
	if value(ship, "ONLY_LIVE") != "EXAMPLE-live" || fmt.Sprint(ship["dependencies"].([]any)[0].(map[string]any)["name"]) != "make" {
		t.Errorf("the last job gets %v and %v", value(ship, "ONLY_LIVE"), ship["dependencies"])
	}
	r := httptest.NewRequest("GET", fmt.Sprintf("/api/v4/jobs/%v/artifacts", job["id"]), nil)
	r.Header.Set("Job-Token", ship["token"].(string))
	w := httptest.NewRecorder()
	c.s.ServeHTTP(w, r)
	if files, err := unzipped(w.Body.String()); err != nil || files["dist/app"] != "EXAMPLE" {
		t.Errorf("artifacts of the stage before = %d, %v, %v", w.Code, files, err)
	}
	c.end(ship, "success")
	c.want("success failed success skipped manual success")
}

// bring sends an archive of one file.
func (c *ci) bring(job map[string]any) {
	c.t.Helper()
	var archive, body bytes.Buffer
	z := zip.NewWriter(&archive)
	f, err := z.Create("dist/app")
	if err != nil {
		c.t.Fatal(err)
	}
	_, _ = f.Write([]byte("EXAMPLE"))
	_ = z.Close()
	m := multipart.NewWriter(&body)
	part, err := m.CreateFormFile("file", "artifacts.zip")
	if err != nil {
		c.t.Fatal(err)
	}
	_, _ = part.Write(archive.Bytes())
	_ = m.Close()
	r := httptest.NewRequest("POST", fmt.Sprintf("/api/v4/jobs/%v/artifacts?artifact_format=zip&artifact_type=archive", job["id"]), &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Job-Token", job["token"].(string))
	w := httptest.NewRecorder()
	c.s.ServeHTTP(w, r)
	if w.Code != http.StatusCreated {
		c.t.Fatalf("artifacts = %d %s", w.Code, w.Body)
	}
}

// A failure skips what was to follow, lets go what waits for it, and a retry brings the rest back.
func TestRunnerFailsAPipeline(t *testing.T) {
	c := newCI(t, strings.Replace(runnersConfig, "  tags: [linux]\n", "", 1))
	lint, job := c.next(), c.next()
	c.end(lint, "success")
	c.end(job, "failed")
	c.want("failed success skipped pending skipped running")
	c.end(c.next(), "success")
	c.want("failed success skipped success skipped failed")
	if w := call(t, c.s, "POST", "group-owner-write", fmt.Sprintf("projects/acme%%2Fci/jobs/%v/retry", job["id"]), ""); w.Code != http.StatusCreated {
		t.Fatalf("retry = %d %s", w.Code, w.Body)
	}
	c.want("pending success created success created running")
	c.end(c.next(), "success")
	c.want("success success pending success manual running")
}

// A log grows piece by piece, each where the last one ended; a job that is canceled takes no more.
func TestRunnerSendsTheLog(t *testing.T) {
	c := newCI(t, runnersConfig)
	job := c.next()
	patch := func(span, text string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("PATCH", fmt.Sprintf("/api/v4/jobs/%v/trace", job["id"]), strings.NewReader(text))
		r.Header.Set("Job-Token", job["token"].(string))
		r.Header.Set("Content-Range", span)
		w := httptest.NewRecorder()
		c.s.ServeHTTP(w, r)
		return w
	}
	for _, step := range []struct {
		span, text, kept string
		code             int
	}{{"0-5", "hello\n", "0-6", 202}, {"6-10", "world", "0-11", 202}, {"6-10", "again", "0-11", 416}, {"", "x", "", 400}} {
		if w := patch(step.span, step.text); w.Code != step.code || w.Header().Get("Range") != step.kept {
			t.Errorf("PATCH %q = %d, %q; want %d, %q", step.span, w.Code, w.Header().Get("Range"), step.code, step.kept)
		}
	}
	path := fmt.Sprintf("projects/acme%%2Fci/jobs/%v", job["id"])
	if w := get(t, c.s, "group-owner-write", path+"/trace"); w.Body.String() != "hello\nworld" {
		t.Errorf("trace = %q", w.Body)
	}
	call(t, c.s, "POST", "group-owner-write", path+"/cancel", "")
	if w := patch("11-12", "x"); w.Code != http.StatusForbidden || w.Header().Get("Job-Status") != "canceled" {
		t.Errorf("PATCH after the cancellation = %d, %q", w.Code, w.Header().Get("Job-Status"))
	}
	if w := c.end(job, "success"); w.Code != http.StatusForbidden {
		t.Errorf("PUT after the cancellation = %d", w.Code)
	}
	if u := c.s.Unknown(); u != nil {
		t.Errorf("Unknown() = %q", u)
	}
}

// No runner gets what is not for it.
func TestRunnersGetTheirOwnJobsOnly(t *testing.T) {
	for name, change := range map[string]func(*Runner){
		"paused":       func(r *Runner) { r.Paused = true },
		"other_group":  func(r *Runner) { r.Group = "acme/shop" },
		"tagged_only":  func(r *Runner) { r.RunUntagged = false },
		"without_tags": func(r *Runner) { r.Tags = []string{"go"}; r.RunUntagged = false },
	} {
		c := newCI(t, runnersConfig)
		change(c.s.st.w.Runners[len(c.s.st.w.Runners)-1])
		if job := c.next(); job != nil {
			t.Errorf("%s: got %v", name, job["job_info"])
		}
	}
	c := newCI(t, runnersConfig)
	c.s.st.projPath["acme/ci"].ProtectedBranches = nil
	if job := c.next(); value(job, "DEPLOY_KEY") != nil || value(job, "CI_COMMIT_REF_PROTECTED") != "false" {
		t.Error("a job of an unprotected branch gets a protected variable")
	}
	c.s.st.w.Runners[len(c.s.st.w.Runners)-1].AccessLevel = "ref_protected"
	c.s.st.projPath["acme/ci"].Pipelines[0].Jobs[0].Tags = nil
	if job := c.next(); job != nil {
		t.Error("a runner for protected refs got a job of another one")
	}
}

func TestRefSlug(t *testing.T) {
	for name, want := range map[string]string{
		"main": "main", "feature/A--b_1": "feature-a--b-1", "-x-": "x", "ü": "", strings.Repeat("a", 62) + "/b": strings.Repeat("a", 62),
	} {
		if got := refSlug(name); got != want {
			t.Errorf("refSlug(%q) = %q, want %q", name, got, want)
		}
	}
}
