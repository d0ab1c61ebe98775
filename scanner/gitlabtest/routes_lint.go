package gitlabtest

import "strings"

// lintRoutes answer what the server says about a pipeline configuration. The merged text is frozen data of the world.
func lintRoutes() []Route {
	return []Route{{
		Method: "GET", Path: "projects/:id/ci/lint", Role: Developer, Permission: "read_pipeline",
		Source: "https://docs.gitlab.com/api/lint/#validate-a-projects-cicd-configuration", Handle: lint,
	}}
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
