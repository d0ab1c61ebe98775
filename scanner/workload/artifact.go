package workload

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"nhiscan/scanner/ciyaml"
)

// Pipeline reads the jobs of one configuration. It remembers what jobs leave for others, so that this is read once.
type Pipeline struct {
	config  *ciyaml.Config
	left    map[string]*leftover // by job
	calls   int                  // that may still be followed to tell what jobs leave
	stages  map[string]*handover // by stage: to jobs that do not say whose artifacts they get
	leaving map[string][]string  // by stage: the jobs that may leave something
}

// handover is what jobs get of earlier ones: files in artifacts, and variables of dotenv reports.
type handover struct{ files, variables map[string]value }

// Of returns the pipeline of a configuration.
func Of(config *ciyaml.Config) *Pipeline {
	return &Pipeline{config: config, left: map[string]*leftover{}, calls: maxCalls, stages: map[string]*handover{}}
}

// leftover is what a job leaves for later ones.
type leftover struct {
	files     map[string]value // of its artifacts, those with a credential in them
	variables map[string]value // of its dotenv reports
	kept      []Kept
}

// Kept is a secret that a job puts where it outlives the job.
type Kept struct {
	Name  string // of the variable, or where the value comes from
	Place string // artifact, dotenv or cache
	Path  string // of the file
}

// String is "NAME in PLACE PATH".
func (k Kept) String() string { return fmt.Sprintf("%s in %s %s", k.Name, k.Place, k.Path) }

// Kept lists the secrets that a job puts into its artifacts, dotenv reports and caches, as far as its script tells, sorted;
// at most 20.
func (p *Pipeline) Kept(job ciyaml.Job, files Files) []Kept {
	if files == nil {
		files = func(string) ([]byte, bool) { return nil, false }
	}
	if left := p.leftBy(job, files, 0); left != nil {
		return left.kept
	}
	return nil
}

// maxChain is how many jobs may hand on a file that an earlier one made.
const maxChain = 4

// maxHanded is how many files, and how many variables, a job gets.
const maxHanded = 1000

// handed is what a job gets of earlier ones.
// Source: https://docs.gitlab.com/ci/yaml/#dependencies, #needsartifacts and #artifactsreportsdotenv
func (p *Pipeline) handed(job ciyaml.Job, files Files, depth int) handover {
	if depth > maxChain {
		return handover{}
	}
	if givers, said := givers(job); said {
		return p.handedBy(givers, job.Name, files, depth)
	}
	if known := p.stages[job.Stage]; known != nil {
		return *known
	}
	got := p.handedBy(p.before(job.Stage), job.Name, files, depth)
	p.stages[job.Stage] = &got
	return got
}

func (p *Pipeline) handedBy(givers []string, to string, files Files, depth int) handover {
	got := handover{map[string]value{}, map[string]value{}}
	for _, name := range givers {
		at, found := slices.BinarySearchFunc(p.config.Jobs, name, func(j ciyaml.Job, name string) int { return cmp.Compare(j.Name, name) })
		if !found || name == to {
			continue
		}
		if left := p.leftBy(p.config.Jobs[at], files, depth+1); left != nil {
			add(got.files, left.files)
			add(got.variables, left.variables)
		}
	}
	return got
}

// add puts values in place, the later ones over the earlier.
func add(to, from map[string]value) {
	for _, name := range slices.Sorted(maps.Keys(from)) {
		if _, known := to[name]; known || len(to) < maxHanded {
			to[name] = from[name]
		}
	}
}

// givers are the jobs whose artifacts a job says that it gets: those of dependencies, else of needs. said is false where
// it gets those of all earlier stages.
func givers(job ciyaml.Job) (names []string, said bool) {
	if job.Dependencies != nil {
		return job.Dependencies, true
	}
	needs := slices.Clone(job.Needs)
	for _, r := range job.Rules {
		needs = append(needs, r.Needs...)
	}
	for _, n := range needs {
		if n.Project == "" && n.Pipeline == "" && !n.NoArtifacts {
			names = append(names, n.Job)
		}
	}
	return names, job.Needs != nil || len(needs) > 0
}

// before lists the jobs of earlier stages that may leave something.
func (p *Pipeline) before(stage string) []string {
	if p.leaving == nil {
		p.leaving = map[string][]string{}
		for i := range p.config.Jobs {
			if j := &p.config.Jobs[i]; mayLeave(j) {
				p.leaving[j.Stage] = append(p.leaving[j.Stage], j.Name)
			}
		}
	}
	stages := p.config.Stages
	if stages == nil {
		stages = []string{"build", "test", "deploy"}
	}
	stages = slices.Concat([]string{".pre"}, stages, []string{".post"})
	var out []string
	for _, s := range stages[:max(slices.Index(stages, stage), 0)] {
		out = append(out, p.leaving[s]...)
	}
	return out
}

func mayLeave(job *ciyaml.Job) bool {
	return len(job.Artifacts.Paths)+len(job.Artifacts.Dotenv)+len(job.Cache) > 0 || job.Artifacts.Untracked
}

// leftBy reads what a job leaves; nil where that is nothing.
func (p *Pipeline) leftBy(job ciyaml.Job, files Files, depth int) *leftover {
	if left, done := p.left[job.Name]; done {
		return left
	}
	p.left[job.Name] = nil // ends a circle
	if !mayLeave(&job) {
		return nil
	}
	r := newReading(p.config, job, files, 0)
	r.calls = p.calls
	got := p.handed(job, files, depth)
	if len(got.files)+len(got.variables)+len(job.Artifacts.Dotenv) > 0 || namesSecrets(job) {
		r.take(got)
		r.read()
		p.calls = max(r.calls, 0)
	}
	left := &leftover{files: map[string]value{}, variables: map[string]value{}}
	r.leave(left)
	slices.SortFunc(left.kept, func(a, b Kept) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Place, b.Place), cmp.Compare(a.Name, b.Name))
	})
	left.kept = slices.Compact(left.kept)
	left.kept = left.kept[:min(len(left.kept), maxLeaks)]
	p.left[job.Name] = left
	return left
}

// namesSecrets reports whether a job handles a credential by name, so that its files may hold one.
func namesSecrets(job ciyaml.Job) bool {
	return len(job.IDTokens)+len(job.Secrets) > 0 ||
		slices.ContainsFunc(job.References, func(ref ciyaml.Reference) bool { return isSecret(ref.Name) })
}

// take puts in place what earlier jobs have left. A file that only lies there is no use yet.
func (r *reading) take(got handover) {
	for name, v := range got.variables {
		if _, set := r.env[name]; !set || len(v.names) > 0 {
			r.env[name] = v
		}
	}
	for name, v := range got.files {
		r.written[name] = v
		if slices.Contains(v.names, ArtifactPrefix+name) {
			r.guessed[ArtifactPrefix+name] = true
		}
		if folder := r.env["DOCKER_CONFIG"]; folder.text != "" && name == cleanPath(folder.text+"/config.json") {
			r.dockerConfig(strings.ReplaceAll(unmark(v.text), `\`, ""), v.names)
			for _, l := range r.registries.logins {
				l.handed = true
			}
		}
	}
}

// handedAs tells how a job sees credentials that were left for it: the first of several in the order of their names, and a
// file before a variable. Nil where there is none.
func handedAs(credentials []string, got handover) map[string]string {
	var out map[string]string
	for _, c := range credentials {
		if !strings.HasPrefix(c, ArtifactPrefix) {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[c] = cmp.Or(prefixed(ArtifactPrefix, bearer(c, got.files)), bearer(c, got.variables), c)
	}
	return out
}

// bearer is the first name under which something with the credential was left; empty for none.
func bearer(credential string, left map[string]value) string {
	for _, name := range slices.Sorted(maps.Keys(left)) {
		if slices.Contains(left[name].names, credential) {
			return name
		}
	}
	return ""
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// leave tells what of the files that the job wrote outlives it, and who gets it.
func (r *reading) leave(to *leftover) {
	for _, pattern := range r.job.Artifacts.Paths {
		// What a tool writes is not seen; a file of such a name holds a credential all the same.
		if name := r.place(pattern); credentialFile.MatchString(name) && !strings.ContainsAny(name, "*?[") && r.written[name].text == "" {
			to.files[name] = value{text: unknown, names: []string{ArtifactPrefix + name}}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.written)) {
		v := r.written[name]
		names := secrets(v.names)
		artifact := r.carries(r.job.Artifacts.Paths, name) && !r.carries(r.job.Artifacts.Exclude, name) || r.job.Artifacts.Untracked && !path.IsAbs(name) && name[0] != '~'
		switch {
		case artifact && len(names) > 0:
			to.files[name] = value{text: v.text, names: artifacts(names)}
		case artifact && credentialFile.MatchString(name):
			to.files[name] = value{text: v.text, names: []string{ArtifactPrefix + name}}
		}
		if artifact {
			to.keep(names, "artifact", name)
		}
		if r.carries(r.job.Artifacts.Dotenv, name) {
			dotenv(v, to, name)
		}
		for _, c := range r.job.Cache {
			if c.Policy != "pull" && r.carries(c.Paths, name) {
				to.keep(names, "cache", name)
			}
		}
	}
}

func (l *leftover) keep(names []string, place, name string) {
	for _, n := range names {
		l.kept = append(l.kept, Kept{Name: strings.TrimPrefix(plain(n), ArtifactPrefix), Place: place, Path: name})
	}
}

// artifacts marks names as coming by an artifact.
func artifacts(names []string) []string {
	var out []string
	for _, n := range names {
		out = append(out, ArtifactPrefix+strings.TrimPrefix(plain(n), ArtifactPrefix))
	}
	return out
}

// dotenv reads a report, in which each line sets a variable.
// Source: https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsdotenv
func dotenv(file value, to *leftover, name string) {
	for line := range strings.SplitSeq(file.text, "\n") {
		key, text, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || !isName(key) {
			continue
		}
		v := expandText(unmark(text), func(n string) value { return value{text: "${" + n + "}", names: []string{n}} })
		names := secrets(v.names)
		switch {
		case len(names) > 0:
		case strings.Contains(text, unknown) && len(secrets(file.names)) > 0 && isSecret(key): // the output of a command that was given one
			names = secrets(file.names)
		case isSecret(key) && text != "":
			names = []string{key}
		case !strings.Contains(text, unknown) && len(v.names) == 0:
			to.variables[key] = value{text: v.text}
			continue
		default:
			continue
		}
		to.variables[key] = value{text: "${" + key + "}", names: artifacts(names)}
		to.keep(names, "dotenv", name)
	}
}

// credentialFile matches files that hold a credential by their name, whatever made them.
var credentialFile = regexp.MustCompile(`(?i)(^|/)(\.docker/config\.json|\.npmrc|\.netrc|\.pypirc|\.git-credentials|\.vault-token|[\w.-]*kube_?config(\.ya?ml)?|\.kube/config|\.aws/credentials|` +
	`id_(rsa|ed25519|ecdsa)|[\w.-]*\.(pem|key|kubeconfig|p12|pfx|jks)|[\w-]*service[-_]account[\w-]*\.json|credentials(\.json)?|auth\.json|terraform\.tfstate)$`)

// place is a path of artifacts as files of the job are known by.
func (r *reading) place(pattern string) string {
	return cleanPath(strings.TrimPrefix(expandText(pattern, r.look).text, "./"))
}

// carries reports whether patterns take in a file: by its name, by a folder above, or by wildcards.
func (r *reading) carries(patterns []string, name string) bool {
	if path.IsAbs(name) || strings.HasPrefix(name, "~") || strings.HasPrefix(name, "../") {
		return false // outside the project's folder
	}
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		p := r.place(pattern)
		if !strings.Contains(p, "*") {
			return p == "." || p == name || strings.HasPrefix(name, p+"/")
		}
		if rest, ok := strings.CutSuffix(p, "/**"); ok && strings.HasPrefix(name, rest+"/") {
			return true
		}
		return len(ciyaml.Matches(p, []string{name}))+len(ciyaml.Matches(strings.ReplaceAll(p, "**/", ""), []string{name})) > 0
	})
}
