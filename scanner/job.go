package scanner

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"nhiscan/inventory"
	"nhiscan/scanner/ciyaml"
	"nhiscan/scanner/detect"
	"nhiscan/scanner/workload"
)

const (
	maxJobRows = 50_000 // rows that one configuration may bring
	maxName    = 255    // characters of a name in a pipeline, as GitLab's own limit for job names
)

// emitConfig emits the jobs of a configuration, and those of the child pipelines that they start.
func (v *Visit) emitConfig(c *ciyaml.Config, files *projectFiles) {
	v.emitJobs(c, files, "", childDepth)
}

// childDepth is how deep child pipelines may start others, as for GitLab.
const childDepth = 2

func (v *Visit) emitJobs(c *ciyaml.Config, files *projectFiles, prefix string, depth int) {
	p := workload.Of(c)
	for _, j := range c.Jobs {
		if len(v.rows) > maxJobRows {
			v.Incomplete("the configuration names more jobs and variables than are listed")
			return
		}
		v.emitJob(c, p, j, files, prefix)
		if j.Trigger != nil && j.Trigger.Child != nil && depth > 0 {
			v.emitJobs(j.Trigger.Child, files, prefix+j.Name+" / ", depth-1)
		}
	}
}

// emitJob emits a job as an identity, with what it uses. Every text in it is the author's choice. prefix names the jobs
// that started its pipeline.
func (v *Visit) emitJob(c *ciyaml.Config, p *workload.Pipeline, j ciyaml.Job, files *projectFiles, prefix string) {
	name, inID := v.storedName(prefix+j.Name, maxName)
	text := func(s string) string { return v.printable(s, maxName) }
	opened := openedFiles{files: files.script, texts: map[string]string{}}
	uses := p.Read(j, opened.open)
	job := inventory.Identity{
		ID: inventory.WorkloadID(v.Self.Instance, v.Home.Number, inID), Kind: "workload", Home: v.Home.ID, Name: name, State: inventory.Active,
		Environment: text(j.Environment.Name), Attributes: v.jobFacts(c, j, uses, p.Kept(j, files.script), opened.texts),
	}
	for _, t := range j.Tags {
		job.Tags = append(job.Tags, text(t))
	}
	if len(j.IDTokens) > 0 {
		job.Subject = v.subject()
	}
	v.Emit(job)
	for _, u := range usagesOf(c, j, uses) {
		u.Home, u.Workload, u.Job = v.Home.ID, job.ID, name
		u.Path = text(firstOf(u.Path, v.shownConfigPath()))
		var nameInID string
		u.Name, nameInID = v.storedName(u.Name, maxName)
		u.System, u.Operation, u.Style, u.LeastScope = text(u.System), text(u.Operation), text(u.Style), text(u.LeastScope)
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

// usagesOf lists what a job uses: what its configuration declares, what the reading of its scripts told, and the other
// variables that it names; each name once for each system, at the first line that is known.
func usagesOf(c *ciyaml.Config, j ciyaml.Job, uses []workload.Use) []inventory.Usage {
	l := usageList{at: map[[2]string]int{}, used: map[string]bool{}}
	for _, t := range j.IDTokens {
		l.add(inventory.Usage{Name: t.Name, Kind: inventory.UseIDToken, System: strings.Join(t.Aud, " "), Path: t.File, Line: t.Line, Confidence: "high"})
	}
	for _, s := range j.Secrets {
		l.add(inventory.Usage{Name: s.Name, Kind: inventory.UseExternal, System: s.Provider, Operation: "read", Path: s.File, Line: s.Line, Confidence: "high"})
	}
	for _, u := range uses {
		l.addUse(u)
	}
	inYAML := map[string]bool{}
	for _, v := range slices.Concat(c.Variables, j.Variables) {
		inYAML[v.Name] = true
	}
	for _, r := range j.References {
		kind, confidence := referenceKind(r.Name, inYAML[r.Name])
		switch {
		case kind == "" || given(j, r.Name):
		case l.used[r.Name]:
			l.named(r.Name, confidence)
		default:
			l.add(inventory.Usage{Name: r.Name, Kind: kind, Path: r.File, Line: r.Line, Confidence: confidence})
		}
	}
	return l.all
}

type usageList struct {
	all  []inventory.Usage
	at   map[[2]string]int // by name, and system or kind: as in the ID
	used map[string]bool   // names whose system is known
}

func (l *usageList) add(u inventory.Usage) {
	key := [2]string{u.Name, firstOf(u.System, u.Kind)}
	i, ok := l.at[key]
	if !ok {
		l.at[key] = len(l.all)
		l.all = append(l.all, u)
		return
	}
	old := &l.all[i]
	if u.Line > 0 && (old.Line == 0 || u.Path == old.Path && u.Line < old.Line) {
		old.Line, old.Path = u.Line, u.Path
	}
	if u.Operation != "" && !strings.Contains(old.Operation, u.Operation) {
		old.Operation = strings.TrimPrefix(old.Operation+"; "+u.Operation, "; ")
	}
	old.Style, old.LeastScope = firstOf(old.Style, u.Style), firstOf(old.LeastScope, u.LeastScope)
}

// named makes the use of a variable of which no system is told as sure as that the job names it.
func (l *usageList) named(name, confidence string) {
	at, ok := l.at[[2]string{name, "other-service"}]
	if ok && workload.Confidence(confidence).AtLeast(workload.Confidence(l.all[at].Confidence)) {
		l.all[at].Confidence = confidence
	}
}

// useKinds are the inventory's words for workload's.
var useKinds = map[workload.Kind]string{
	workload.Variable: inventory.UseVariable, workload.Predefined: inventory.UsePredefined, workload.IDToken: inventory.UseIDToken,
	workload.VaultSecret: inventory.UseExternal, workload.Fetched: inventory.UseFetched, workload.Implicit: inventory.UseImplicit,
	workload.Ambient: inventory.UseAmbient, workload.Artifact: inventory.UseArtifact, workload.Trigger: inventory.UseTrigger,
	workload.Literal: inventory.UseLiteral, workload.None: inventory.UseNone, workload.Unknown: inventory.UseUnknown,
}

// addUse adds a row for each credential of a use; one without a name where none was seen.
func (l *usageList) addUse(u workload.Use) {
	row := inventory.Usage{
		Kind: useKinds[u.Kind], System: u.System, Operation: u.Operation, Style: u.AuthStyle, LeastScope: u.Least,
		Path: u.Evidence.File, Line: u.Evidence.Line, Confidence: string(u.Confidence),
	}
	if len(u.Credentials) == 0 {
		l.add(row)
	}
	for _, name := range u.Credentials {
		l.used[name] = true
		row.Name = name
		l.add(row)
	}
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
			return inventory.UsePredefined, "medium"
		}
		return "", ""
	case (inYAML || strings.ToLower(name) == name) && !detect.SecretKey(name): // small letters are the shell's own
		return "", ""
	case inYAML:
		return inventory.UseVariable, "low"
	}
	return inventory.UseVariable, "medium"
}

// predefinedCredentials are the variables into which GitLab puts a credential by itself.
// Source: https://docs.gitlab.com/ci/variables/predefined_variables/
var predefinedCredentials = []string{
	"CI_BUILD_TOKEN", "CI_DEPENDENCY_PROXY_PASSWORD", "CI_DEPLOY_PASSWORD", "CI_JOB_JWT", "CI_JOB_JWT_V1", "CI_JOB_JWT_V2", "CI_JOB_TOKEN",
	"CI_REGISTRY_PASSWORD", "CI_REPOSITORY_URL",
}
