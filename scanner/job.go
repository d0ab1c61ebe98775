package scanner

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"nhiscan/inventory"
	"nhiscan/scanner/ciyaml"
	"nhiscan/scanner/detect"
)

const (
	maxJobRows = 50_000 // rows that one configuration may bring
	maxName    = 255    // characters of a name in a pipeline, as GitLab's own limit for job names
)

func (v *Visit) emitConfig(c *ciyaml.Config) {
	path := v.shownConfigPath()
	for _, j := range c.Jobs {
		if len(v.rows) > maxJobRows {
			v.Incomplete("the configuration names more jobs and variables than are listed")
			return
		}
		v.emitJob(c, j, path)
	}
}

// emitJob emits a job as an identity, with what it uses. Every text in it is the author's choice.
func (v *Visit) emitJob(c *ciyaml.Config, j ciyaml.Job, path string) {
	name, inID := v.storedName(j.Name, maxName)
	text := func(s string) string { return v.printable(s, maxName) }
	job := inventory.Identity{
		ID: inventory.WorkloadID(v.Self.Instance, v.Home.Number, inID), Kind: "workload", Home: v.Home.ID, Name: name, State: inventory.Active,
		Environment: text(j.Environment.Name),
		Attributes: attributes("image", text(j.Image), "stage", text(j.Stage), "environment_action", text(j.Environment.Action),
			"deployment_tier", text(j.Environment.Tier)),
	}
	for _, t := range j.Tags {
		job.Tags = append(job.Tags, text(t))
	}
	if len(j.IDTokens) > 0 {
		job.Subject = v.subject()
	}
	v.Emit(job)
	for _, u := range usagesOf(c, j) {
		u.Home, u.Workload, u.Job, u.Path = v.Home.ID, job.ID, name, path
		var nameInID string
		u.Name, nameInID = v.storedName(u.Name, maxName)
		u.System = text(u.System)
		u.ID = inventory.UsageID(v.Self.Instance, v.Home.Number, inID, firstOf(u.System, u.Kind), nameInID)
		v.Emit(u)
	}
}

// subject is the sub claim of ID tokens on the default branch; empty where the project composes it otherwise.
// Source: https://docs.gitlab.com/ci/secrets/id_token_authentication/#token-payload
func (v *Visit) subject() string {
	var parts []string
	if text := v.Home.Settings["ci_id_token_sub_claim_components"]; text != "" && text != "null" {
		if json.Unmarshal([]byte(text), &parts) != nil || !slices.Equal(parts, []string{"project_path", "ref_type", "ref"}) {
			return ""
		}
	}
	return fmt.Sprintf("project_path:%s:ref_type:branch:ref:%s", v.Home.Path, v.Home.Default)
}

// usagesOf lists what a job uses, each name of a kind once, at the first line that is known.
func usagesOf(c *ciyaml.Config, j ciyaml.Job) []inventory.Usage {
	var all []inventory.Usage
	at := map[[3]string]int{}
	add := func(u inventory.Usage) {
		key := [3]string{u.Kind, u.Name, u.System}
		i, ok := at[key]
		if !ok {
			at[key] = len(all)
			all = append(all, u)
			return
		}
		if line := &all[i].Line; u.Line > 0 && (*line == 0 || u.Line < *line) {
			*line = u.Line
		}
	}
	for _, t := range j.IDTokens {
		add(inventory.Usage{Name: t.Name, Kind: "id-token", System: strings.Join(t.Aud, " "), Line: t.Line, Confidence: "high"})
	}
	for _, s := range j.Secrets {
		add(inventory.Usage{Name: s.Name, Kind: "external-secret", System: s.Provider, Operation: "read", Line: s.Line, Confidence: "high"})
	}
	inYAML := map[string]bool{}
	for _, v := range slices.Concat(c.Variables, j.Variables) {
		inYAML[v.Name] = true
	}
	for _, r := range j.References {
		if kind, confidence := referenceKind(r.Name, inYAML[r.Name]); kind != "" && !given(j, r.Name) {
			add(inventory.Usage{Name: r.Name, Kind: kind, Line: r.Line, Confidence: confidence})
		}
	}
	return all
}

// given reports whether a name stands for an ID token or external secret of the job itself.
func given(j ciyaml.Job, name string) bool {
	return slices.ContainsFunc(j.IDTokens, func(t ciyaml.IDToken) bool { return t.Name == name }) ||
		slices.ContainsFunc(j.Secrets, func(s ciyaml.ExternalSecret) bool { return s.Name == name })
}

// referenceKind says what a variable that a job names is; empty when it is no credential. A variable of the project
// beats one of the same name in the configuration, which often is a mere placeholder: so a name that sounds like a
// secret counts even where the configuration sets it.
// Source: https://docs.gitlab.com/ci/variables/#cicd-variable-precedence
func referenceKind(name string, inYAML bool) (kind, confidence string) {
	switch {
	case ciyaml.Predefined(name):
		if slices.Contains(predefinedCredentials, name) {
			return "predefined", "medium"
		}
		return "", ""
	case (inYAML || strings.ToLower(name) == name) && !detect.SecretKey(name): // small letters are the shell's own
		return "", ""
	case inYAML:
		return "ci-variable", "low"
	}
	return "ci-variable", "medium"
}

// predefinedCredentials are the variables into which GitLab puts a credential by itself.
// Source: https://docs.gitlab.com/ci/variables/predefined_variables/
var predefinedCredentials = []string{
	"CI_BUILD_TOKEN", "CI_DEPENDENCY_PROXY_PASSWORD", "CI_DEPLOY_PASSWORD", "CI_JOB_JWT", "CI_JOB_JWT_V1", "CI_JOB_JWT_V2", "CI_JOB_TOKEN",
	"CI_REGISTRY_PASSWORD", "CI_REPOSITORY_URL",
}
