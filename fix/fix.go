// Package fix writes what replaces a static credential of a pipeline by a better one: a patch of the pipeline file, the
// trust policy on the other side, and a checklist. It is pure: it applies nothing, asks nobody and never holds the value
// of a credential, only its name.
//
// Patches are made from rules about tools, each with its source. A patch is given only where the patched file resolves
// again and no job in it uses the credential any more; where that cannot be reached, the plan says why.
package fix

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"nhiscan/inventory"
	"nhiscan/scanner/ciyaml"
	"nhiscan/scanner/workload"
)

// Pipeline is the root file of a pipeline.
type Pipeline struct {
	Text    []byte         // as it stands in the working tree
	Path    string         // within the repository, with slashes; it goes into the patch
	Options ciyaml.Options // how its includes are read
	Files   workload.Files // scripts of the repository that jobs call; nil: none is followed

	// Withhold says why a patch may not be shown, as where it holds a secret beside the change; nil: each may be.
	Withhold func(patch string) error
}

// Target is the credential that is to be replaced, and what is known of its surroundings. Only Name must be given.
type Target struct {
	Name    string  // of the variable, as jobs name it
	Host    string  // of GitLab, "gitlab.example.com"; empty: a placeholder stands in the texts
	Project string  // full path of the project; empty: a placeholder
	Branch  string  // the only one whose jobs are trusted; empty: main
	Scopes  string  // that a GitLab token has, space-separated; empty is unknown
	Places  []Place // where the variable is defined; nil is unknown
}

// Place is one definition of a variable.
type Place struct {
	Kind        inventory.HomeKind // of what it belongs to
	Home        string             // full path of that; empty for the instance
	Environment string             // scope
	Masked      inventory.Tri
	Hidden      inventory.Tri
	Protected   inventory.Tri
}

// Method is what takes the place of a credential.
type Method string

// The methods, from the one without any stored secret to the one that keeps it.
const (
	Nothing       Method = "nothing"        // the credential is not needed
	IDTokens      Method = "id_tokens"      // OpenID Connect tokens of the job, which live for minutes
	JobToken      Method = "job_token"      // CI_JOB_TOKEN, which dies with the job
	RotatingToken Method = "rotating_token" // an expiring token of a service account that rotates itself
	Protect       Method = "protect"        // the credential stays, out of reach of what does not need it
)

// Plan is how a credential is replaced. Texts may hold names as the pipeline has them; control characters are escaped.
type Plan struct {
	Name        string
	Credentials []string // names of the variables that go, or stay, together; sorted
	Method      Method
	Patch       string   // unified diff; empty: see NoPatch
	Patched     []byte   // the file with the patch applied; nil without one
	NoPatch     string   // why there is no patch; empty where there is one
	Jobs        []Use    // that use it; in the order of the file's jobs
	Elsewhere   []string // files other than the pipeline's in which it is used, or whose jobs use it; sorted, unique
	Policies    []Policy // to be set up on the other side; may be empty
	Checklist   []Step   // in the order in which they are done; never empty
}

// Use is one use of the credential by a job.
type Use struct {
	Job, System, Operation string
	Least                  string // the smallest credential that would do; empty is unknown
	File                   string
	Line                   int // 1-based; 0 is unknown
}

// Policy is a text that the other side needs.
type Policy struct {
	Title  string
	Format string // json, shell or text
	Text   string
	Source string // page that describes it
}

// Step is one step of a checklist.
type Step struct {
	Text     string
	Commands []string // for a shell, with placeholders in capitals; may be empty
}

// maxName bounds what one foreign name takes of a text, in characters.
const maxName = 120

func clean(s string) string { return inventory.Printable(s, maxName) }

// Make plans how the target is replaced in a pipeline. It fails where the file cannot be resolved, and when ctx ends; a
// target that nothing uses is no failure.
func Make(ctx context.Context, p Pipeline, t Target) (*Plan, error) {
	if !isName(t.Name) {
		return nil, fmt.Errorf("%q is no name of a variable: letters, digits and underscores", clean(t.Name))
	}
	config, err := ciyaml.Resolve(ctx, p.Text, p.Path, p.Options)
	if err != nil {
		return nil, err
	}
	t = t.withDefaults()
	f := &fixing{ctx: ctx, pipeline: p, target: t, config: config}
	f.find()
	plan := &Plan{Name: t.Name, Credentials: f.names, Method: Protect, Jobs: f.shown(), Elsewhere: f.elsewhere()}
	if err := f.choose(); err != nil {
		plan.NoPatch = err.Error()
	}
	if len(f.recipes) > 0 {
		plan.Method = f.recipes[0].method
	}
	if plan.Method == Protect && f.needless() {
		plan.Method = Nothing
	}
	if plan.NoPatch == "" {
		var err error
		plan.Patched, plan.Patch, err = f.patch()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			plan.Patched, plan.Patch, plan.NoPatch = nil, "", err.Error()
		}
	}
	f.describe(plan)
	return plan, nil
}

// fixing is one run of Make.
type fixing struct {
	ctx      context.Context
	pipeline Pipeline
	target   Target
	config   *ciyaml.Config
	uses     []use
	names    []string // that go together: the halves of a key, a user and its password; sorted
	secrets  []string // those of them that must be gone
	recipes  []recipe // one for each family of systems, in the order of uses
}

// use is one use of the target by a job.
type use struct {
	job ciyaml.Job
	workload.Use
}

// pair adds the other half of an AWS key, where a script hands each half over by a command of its own.
func (f *fixing) pair() {
	for _, u := range f.uses {
		for _, n := range awsHalves(u) {
			if strings.HasPrefix(u.System, "aws") && isName(n) && !ciyaml.Predefined(n) && !slices.Contains(f.names, n) {
				f.names = append(f.names, n)
			}
		}
	}
}

var awsHalf = regexp.MustCompile(`(?i)\b(?:aws_access_key_id|aws_secret_access_key|aws_session_token)(?:\s+|\s*=\s*)["']?\$\{?(\w+)`)

// awsHalves are the variables that a job's script and variables give to AWS tools as parts of a key.
func awsHalves(u use) []string {
	var out []string
	for _, m := range awsHalf.FindAllStringSubmatch(script(u), -1) {
		out = append(out, m[1])
	}
	return out
}

// maxChildren is how deep child pipelines are read: GitLab's limit.
const maxChildren = 2

// find lists the uses of the target, and which names go with it.
func (f *fixing) find() {
	f.walk(f.config, 0)
	f.uses = slices.DeleteFunc(slices.Clone(f.uses), f.derived)
	f.names = []string{f.target.Name}
	for _, u := range f.uses {
		for _, n := range u.Credentials {
			if isName(n) && !ciyaml.Predefined(n) && !slices.Contains(f.names, n) {
				f.names = append(f.names, n)
			}
		}
	}
	f.pair()
	slices.Sort(f.names)
	for _, n := range f.names {
		if n == f.target.Name || !publicHalf.MatchString(n) {
			f.secrets = append(f.secrets, n)
		}
	}
}

// reads reports whether a job's script fills the variable itself, from what another command prints.
func reads(job ciyaml.Job, name string) bool {
	fills := regexp.MustCompile(`(?m)(?:^|[\s;&|])read\s(?:[^\n;&|<]*\s)?` + regexp.QuoteMeta(name) + `\b`)
	return slices.ContainsFunc(job.Script, func(c ciyaml.Command) bool { return fills.MatchString(c.Text) })
}

func (f *fixing) walk(config *ciyaml.Config, depth int) {
	pipeline := workload.Of(config)
	for _, job := range slices.Concat(config.Jobs, config.Hidden) {
		f.uses = append(f.uses, usesOf(pipeline, job, f.pipeline.Files, f.target.Name)...)
		if job.Trigger != nil && job.Trigger.Child != nil && depth < maxChildren {
			f.walk(job.Trigger.Child, depth+1)
		}
	}
}

// usesOf are the uses of a variable by a job. Where the job names it and nothing is known of what for, there is one use
// of no system.
func usesOf(pipeline *workload.Pipeline, job ciyaml.Job, files workload.Files, name string) []use {
	var out []use
	if reads(job, name) {
		return nil
	}
	for _, u := range pipeline.Read(job, files) {
		static := u.Kind == workload.Variable || u.Kind == workload.Implicit
		if static && slices.Contains(u.Credentials, name) {
			out = append(out, use{job, u})
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, ref := range job.References {
		if ref.Name == name {
			u := workload.Use{Operation: "named in " + ref.Where, Credentials: []string{name}, Kind: workload.Unknown, Confidence: workload.Low}
			u.Evidence = workload.Evidence{File: ref.File, Line: ref.Line}
			return []use{{job, u}}
		}
	}
	return nil
}

// derived reports whether a use is one of what the job made out of the credential on a cloud: the configuration of a
// cluster. It goes with the use of the cloud.
func (f *fixing) derived(u use) bool {
	return u.System == "kubernetes" && slices.ContainsFunc(f.uses, func(o use) bool {
		cloud := strings.HasPrefix(o.System, "aws") || strings.HasPrefix(o.System, "gcp") || strings.HasPrefix(o.System, "azure")
		return o.job.Name == u.job.Name && cloud
	})
}

func (f *fixing) shown() []Use {
	out := []Use{}
	for _, u := range f.uses {
		out = append(out, Use{
			Job: clean(u.job.Name), System: clean(u.System), Operation: clean(u.Operation), Least: u.Least,
			File: clean(u.Evidence.File), Line: u.Evidence.Line,
		})
	}
	return out
}

// needless reports whether the credential is used for nothing, as far as the jobs can be read: logins that no command
// needs.
func (f *fixing) needless() bool {
	return len(f.uses) > 0 && !slices.ContainsFunc(f.uses, func(u use) bool { return !strings.HasPrefix(u.Least, "none: ") })
}

func (f *fixing) elsewhere() []string {
	var out []string
	for _, u := range f.uses {
		for _, file := range []string{u.Evidence.File, u.job.File} {
			if file != "" && file != f.pipeline.Path {
				out = append(out, file)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// choose picks the recipes. It fails where some use has none.
func (f *fixing) choose() error {
	if len(f.uses) == 0 {
		return fmt.Errorf("no job of %s uses %s, as far as its scripts and includes can be read", clean(f.pipeline.Path), clean(f.target.Name))
	}
	var missing error
	for _, u := range f.uses {
		r, err := f.recipe(u)
		if err != nil {
			if missing == nil {
				missing = fmt.Errorf("job %s: %w", clean(u.job.Name), err)
			}
			continue
		}
		if !slices.ContainsFunc(f.recipes, func(o recipe) bool { return o.family == r.family }) {
			f.recipes = append(f.recipes, r)
		}
	}
	return missing
}
