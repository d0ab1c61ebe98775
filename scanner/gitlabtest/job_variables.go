package gitlabtest

import (
	"net"
	"slices"
	"strings"
)

// jobVariables are what a runner puts into a job's environment, the weaker before the stronger: what GitLab says of the
// job, the variables of its configuration, those of the instance, groups and project, and those of the run.
// Source: https://docs.gitlab.com/ci/variables/#cicd-variable-precedence
func (c *Call) jobVariables(j *Job) []Object {
	out := c.predefined(j)
	give := func(key, value string, secret, file, raw bool) {
		out = append(out, Object{"key": key, "value": value, "public": false, "masked": secret, "file": file, "raw": raw})
	}
	for _, v := range j.work.variables {
		out = append(out, Object{"key": v.Key, "value": v.Value, "public": true, "masked": false, "file": false, "raw": false})
	}
	protected := j.pipeline.onProtected(j.project)
	homes := [][]*Variable{j.project.Variables}
	for g := j.project.group; g != nil; g = g.parent {
		homes = append(homes, g.Variables)
	}
	homes = append(homes, c.st.w.Variables)
	for _, list := range slices.Backward(homes) {
		list = slices.Clone(list)
		slices.SortStableFunc(list, func(x, y *Variable) int { return len(strings.Trim(x.Scope, "*")) - len(strings.Trim(y.Scope, "*")) })
		for _, v := range list {
			if (!v.Protected || protected) && (v.Scope == "*" || j.Environment != "" && fits(v.Scope, j.Environment)) {
				give(v.Key, v.Value, v.Masked, v.Type == "file", v.Raw)
			}
		}
	}
	for _, v := range j.pipeline.Variables {
		give(v.Key, v.Value, false, v.Type == "file", v.Raw)
	}
	return out
}

// predefined are the variables that GitLab sets, as far as a world knows them.
// Source: https://docs.gitlab.com/ci/variables/predefined_variables/
func (c *Call) predefined(j *Job) []Object {
	l, p, user := j.pipeline, j.project, c.st.userByName(j.pipeline.User)
	host, port, err := net.SplitHostPort(c.Request.Host)
	if err != nil {
		host, port = c.Request.Host, "80"
	}
	refKey := "CI_COMMIT_BRANCH"
	if l.Tag {
		refKey = "CI_COMMIT_TAG"
	}
	pairs := []string{
		"CI", "true", "GITLAB_CI", "true", "CI_SERVER", "yes", "CI_SERVER_NAME", "GitLab", "CI_SERVER_URL", c.URL(""), "CI_SERVER_HOST", host, "CI_SERVER_PORT", port,
		"CI_SERVER_PROTOCOL", "http", "CI_SERVER_VERSION", c.Profile.full(), "CI_API_V4_URL", c.URL("/api/v4"), "CI_API_GRAPHQL_URL", c.URL("/api/graphql"),
		"CI_PROJECT_ID", itoa(p.ID), "CI_PROJECT_NAME", lastSegment(p.Path), "CI_PROJECT_TITLE", p.Name, "CI_PROJECT_PATH", p.Path, "CI_PROJECT_PATH_SLUG", refSlug(p.Path),
		"CI_PROJECT_NAMESPACE", parentPath(p.Path), "CI_PROJECT_ROOT_NAMESPACE", strings.Split(p.Path, "/")[0], "CI_PROJECT_URL", c.URL("/" + p.Path), "CI_PROJECT_VISIBILITY", p.Visibility,
		"CI_DEFAULT_BRANCH", p.Repository.branch(), "CI_PIPELINE_ID", itoa(l.ID), "CI_PIPELINE_IID", itoa(int64(p.iid(l))), "CI_PIPELINE_SOURCE", l.Source,
		"CI_PIPELINE_URL", c.URL("/" + p.Path + "/-/pipelines/" + itoa(l.ID)), "CI_JOB_ID", itoa(j.ID), "CI_JOB_NAME", j.Name, "CI_JOB_STAGE", j.Stage,
		"CI_JOB_URL", c.URL("/" + p.Path + "/-/jobs/" + itoa(j.ID)), "CI_COMMIT_SHA", l.SHA, "CI_COMMIT_SHORT_SHA", l.SHA[:min(8, len(l.SHA))], "CI_COMMIT_REF_NAME", l.Ref,
		"CI_COMMIT_REF_SLUG", refSlug(l.Ref), refKey, l.Ref, "CI_COMMIT_REF_PROTECTED", map[bool]string{true: "true", false: "false"}[l.onProtected(p)],
		"CI_RUNNER_ID", itoa(j.work.runner.ID), "CI_RUNNER_DESCRIPTION", j.work.runner.Description,
	}
	if j.Environment != "" {
		pairs = append(pairs, "CI_ENVIRONMENT_NAME", j.Environment, "CI_ENVIRONMENT_SLUG", slug(j.Environment))
	}
	if user != nil {
		pairs = append(pairs, "GITLAB_USER_ID", itoa(user.ID), "GITLAB_USER_LOGIN", user.Username, "GITLAB_USER_NAME", user.Name, "GITLAB_USER_EMAIL", user.Email)
	}
	var out []Object
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, Object{"key": pairs[i], "value": pairs[i+1], "public": true, "masked": false, "file": false, "raw": true})
	}
	for _, pair := range [][2]string{{"CI_JOB_TOKEN", j.Value}, {"CI_REPOSITORY_URL", c.cloneURL(j)}} {
		out = append(out, Object{"key": pair[0], "value": pair[1], "public": false, "masked": true, "file": false, "raw": true})
	}
	return out
}

// refSlug is a branch, a tag or a path as it may stand in a host name. That of an environment is slug.
// Source: https://docs.gitlab.com/ci/variables/predefined_variables/, CI_COMMIT_REF_SLUG
func refSlug(name string) string {
	plain := hostLetters(name)
	return strings.Trim(plain[:min(63, len(plain))], "-")
}
