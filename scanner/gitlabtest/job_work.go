package gitlabtest

import (
	"cmp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// jobWork is what a runner is told of a job, and how the job stands in its pipeline. Jobs of a world have none: they
// ran long ago.
type jobWork struct {
	script, after []string
	image         string
	variables     []*RunVariable
	artifacts     []Object
	when          string // on_success, on_failure, always, manual
	allowFailure  bool
	stage         int // place of its stage among the pipeline's
	runner        *Runner
	failure       string // reason, where it failed
}

// jobsOf reads the jobs of a configuration's own text: what rules, includes and extends make of them, only GitLab knows.
func jobsOf(text []byte) ([]*Job, string) {
	var config map[string]any
	if err := yaml.Unmarshal(text, &config); err != nil {
		return nil, "Invalid configuration format"
	}
	stages := append(append([]string{".pre"}, yamlTexts(config["stages"])...), ".post")
	if config["stages"] == nil {
		stages = []string{".pre", "build", "test", "deploy", ".post"}
	}
	defaults, _ := config["default"].(map[string]any)
	var jobs []*Job
	for name, v := range config {
		job, _ := v.(map[string]any)
		if job["script"] == nil && job["trigger"] == nil && job["run"] == nil || strings.HasPrefix(name, ".") {
			continue
		}
		j := &Job{Name: name, Stage: cmp.Or(yamlText(job["stage"]), "test"), Tags: yamlTexts(job["tags"])}
		if environment, ok := job["environment"].(map[string]any); ok {
			j.Environment = yamlText(environment["name"])
		} else {
			j.Environment = yamlText(job["environment"])
		}
		j.work = &jobWork{stage: slices.Index(stages, j.Stage), when: cmp.Or(yamlText(job["when"]), "on_success")}
		j.work.fill(config, defaults, job)
		jobs = append(jobs, j)
	}
	slices.SortFunc(jobs, func(x, y *Job) int {
		return cmp.Or(cmp.Compare(x.work.stage, y.work.stage), strings.Compare(x.Name, y.Name))
	})
	if len(jobs) == 0 && config["include"] == nil {
		return nil, "jobs config should contain at least one visible job"
	}
	return jobs, ""
}

// fill takes what a job says, else what stands under default, else at the top.
func (w *jobWork) fill(config, defaults, job map[string]any) {
	said := func(name string) any {
		for _, in := range []map[string]any{job, defaults, config} {
			if v, ok := in[name]; ok {
				return v
			}
		}
		return nil
	}
	if job["script"] != nil {
		w.script = append(yamlTexts(said("before_script")), yamlTexts(job["script"])...)
	}
	w.after = yamlTexts(said("after_script"))
	switch image := said("image").(type) {
	case map[string]any:
		w.image = yamlText(image["name"])
	default:
		w.image = yamlText(image)
	}
	w.allowFailure, _ = job["allow_failure"].(bool)
	if _, said := job["allow_failure"]; !said {
		w.allowFailure = w.when == "manual"
	}
	for _, in := range []map[string]any{config, job} {
		set, _ := in["variables"].(map[string]any)
		for key, v := range set {
			if o, ok := v.(map[string]any); ok {
				v = o["value"]
			}
			w.variables = append(w.variables, &RunVariable{Key: key, Value: yamlText(v)})
		}
	}
	slices.SortStableFunc(w.variables, func(x, y *RunVariable) int { return strings.Compare(x.Key, y.Key) })
	if artifacts, _ := job["artifacts"].(map[string]any); artifacts["paths"] != nil {
		w.artifacts = []Object{{"name": artifacts["name"], "paths": yamlTexts(artifacts["paths"]), "when": cmp.Or(yamlText(artifacts["when"]), "on_success"),
			"expire_in": cmp.Or(yamlText(artifacts["expire_in"]), "30 days"), "artifact_type": "archive", "artifact_format": "zip"}}
	}
}

// yamlText is a scalar as text, "" where it is none.
func yamlText(v any) string {
	switch v.(type) {
	case nil, []any, map[string]any:
		return ""
	}
	text, err := yaml.Marshal(v)
	if s, ok := v.(string); ok {
		return s
	}
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// yamlTexts is a text, or a list of texts and lists of them, as script lines may stand.
func yamlTexts(v any) []string {
	list, ok := v.([]any)
	if !ok {
		if text := yamlText(v); text != "" {
			return []string{text}
		}
		return nil
	}
	var out []string
	for _, one := range list {
		out = append(out, yamlTexts(one)...)
	}
	return out
}

// begin sets the states of a fresh pipeline's jobs: those of the first stage wait for a runner, the others for them.
func (l *Pipeline) begin() {
	for _, j := range l.Jobs {
		j.Status = "created"
	}
	l.advance()
}

// advance lets the jobs go whose stage has come, and sets the pipeline's state.
// Source: https://docs.gitlab.com/ci/pipelines/, https://docs.gitlab.com/ci/yaml/#when
func (l *Pipeline) advance() {
	failed, ran := false, false
	for stage := range stages(l.Jobs) {
		for _, j := range stage {
			if j.Status == "created" {
				j.Status = j.work.turn(failed)
			}
			ran = ran || j.Status == "running" || j.Status == "success" || j.Status == "failed"
		}
		waiting := slices.ContainsFunc(stage, func(j *Job) bool { return j.Status == "pending" || j.Status == "running" })
		failed = failed || slices.ContainsFunc(stage, func(j *Job) bool { return j.Status == "failed" && !j.work.allowFailure })
		if waiting {
			l.Status = map[bool]string{true: "running", false: "pending"}[ran]
			return
		}
	}
	switch {
	case failed:
		l.Status = "failed"
	case slices.ContainsFunc(l.Jobs, func(j *Job) bool { return j.Status == "canceled" }):
		l.Status = "canceled"
	case !ran && slices.ContainsFunc(l.Jobs, func(j *Job) bool { return j.Status == "manual" }):
		l.Status = "manual"
	default:
		l.Status = "success"
	}
}

// changed follows what was done to a job of a pipeline that was started here: those of a world stand as they are.
func (l *Pipeline) changed(again bool) {
	if len(l.Jobs) == 0 || l.Jobs[0].work == nil {
		return
	}
	for _, j := range l.Jobs {
		if again && j.Status == "skipped" {
			j.Status = "created"
		}
	}
	l.advance()
}

// turn is the state of a job whose stage has come. One that starts another pipeline, or runs steps, is for no runner here.
func (w *jobWork) turn(failed bool) string {
	switch {
	case w.script == nil, w.when == "on_failure" && !failed, (w.when == "on_success" || w.when == "manual") && failed:
		return "skipped"
	case w.when == "manual":
		return "manual"
	}
	return "pending"
}

// stages yields the jobs of each stage, in order; they are sorted by it.
func stages(jobs []*Job) func(func([]*Job) bool) {
	return func(yield func([]*Job) bool) {
		for len(jobs) > 0 {
			n := 1
			for n < len(jobs) && jobs[n].work.stage == jobs[0].work.stage {
				n++
			}
			if !yield(jobs[:n]) {
				return
			}
			jobs = jobs[n:]
		}
	}
}
