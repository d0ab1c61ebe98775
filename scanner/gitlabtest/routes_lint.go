package gitlabtest

import (
	"net/http"
	"strings"
)

// lintRoutes answer what the server says about a pipeline configuration. The merged text is frozen data of the world.
func lintRoutes() []Route {
	const source, path = "https://docs.gitlab.com/api/lint/#validate-a-projects-cicd-configuration", "projects/:id/ci/lint"
	return []Route{
		{Method: "GET", Path: path, Role: Developer, Permission: "read_pipeline", Source: source, Handle: lint},
		{Method: "POST", Path: path, Role: Developer, Reads: true, Permission: "read_pipeline", Source: "https://docs.gitlab.com/api/lint/#validate-sample-cicd-configuration", Handle: lintText},
	}
}

// lintText judges a text as far as its own jobs go: includes are not followed here.
func lintText(c *Call) Answer {
	if lacks := c.blank("content"); lacks != "" {
		return Refuse(http.StatusBadRequest, lacks)
	}
	text := c.Text("content")
	out := Object{"valid": true, "errors": []string{}, "warnings": []string{}, "merged_yaml": text, "includes": []any{}}
	jobs, wrong := jobsOf([]byte(text))
	if wrong != "" {
		out.Merge(Object{"valid": false, "errors": []string{wrong}})
	}
	if include, _ := c.Bool("include_jobs"); include {
		out["jobs"] = renderAll(jobs, func(j *Job) Object {
			return Object{"name": j.Name, "stage": j.Stage, "before_script": []any{}, "script": []any{}, "after_script": []any{}, "tag_list": []any{}, "only": nil, "except": nil,
				"environment": nil, "when": "on_success", "allow_failure": false, "needs": nil}
		})
	}
	return OK(out)
}

func lint(c *Call) Answer {
	p := c.Project
	ci := p.CI
	if ci != nil && ci.Denied {
		return Forbidden("")
	}
	merged := p.rootConfig()
	if ci != nil && ci.MergedYAML != "" {
		merged = ci.MergedYAML
	}
	out := Object{"valid": true, "errors": []string{}, "warnings": []string{}, "merged_yaml": merged, "includes": []any{}}
	switch {
	case ci != nil && len(ci.Errors) > 0:
		out.Merge(Object{"valid": false, "errors": ci.Errors})
	case merged == "":
		out.Merge(Object{"valid": false, "merged_yaml": nil, "errors": []string{"Please provide content of .gitlab-ci.yml"}})
	}
	if ci != nil && ci.Includes != nil {
		out["includes"] = ci.Includes
	}
	if ci != nil && ci.Warnings != nil {
		out["warnings"] = ci.Warnings
	}
	if include, _ := c.Bool("include_jobs"); include {
		out["jobs"] = []any{}
		if ci != nil && ci.Jobs != nil {
			out["jobs"] = ci.Jobs
		}
	}
	return OK(out)
}

// rootConfig is the configuration file at the head of the default branch. Without includes it is its own merged text.
func (p *Project) rootConfig() string {
	if p.Repository == nil {
		return ""
	}
	path := ".gitlab-ci.yml"
	if p.CI != nil && p.CI.Path != "" {
		path = p.CI.Path
	}
	text, _ := p.Repository.fileAtHead(path)
	if strings.Contains("\n"+text, "\ninclude:") {
		return "" // its merged text is data that the world has to give
	}
	return text
}
