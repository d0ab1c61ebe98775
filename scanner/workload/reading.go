package workload

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"nhiscan/scanner/ciyaml"
)

// reading is one pass through the script of a job, with one value for each variable.
type reading struct {
	config *ciyaml.Config
	job    ciyaml.Job
	files  Files
	calls  int // that may still be followed
	depth  int

	env       map[string]value
	changed   map[string]*value  // what the variables were that a branch sets; nil: they were not set. See alternatives
	lists     map[string][]value // arrays; @: what the function or the script got
	exported  map[string]bool    // names that the script or the YAML sets
	written   map[string]value
	functions map[string]*syntax.Stmt

	at     Evidence
	origin int    // line of the script entry in which lines are counted
	multi  bool   // its lines are lines of the file
	remote string // host on which commands run; empty: the job's own
	local  bool   // a cluster runs inside the job
	agent  bool   // the cluster is reached through a GitLab agent
	inside bool   // a file of the repository is read
	hidden bool   // something ran that cannot be read

	registries registries
	keys       keyring
	remotes    map[string]value // git remote -> URL
	claimed    map[string]bool  // names that some use has
	implied    map[string]bool  // names that are a tool's defaults
	followed   map[string]bool  // scripts that were read or told as opaque
	guessed    map[string]bool  // credentials of which only the name of a file tells

	naked []string // names that the script exports as they are
	given []string // names that it exports with a value
	names []string // see mentioned
	all   string   // see text

	uses []Use
}

func newReading(config *ciyaml.Config, job ciyaml.Job, files Files, variant int) *reading {
	r := &reading{
		config: config, job: job, files: files, hidden: len(job.Missing) > 0,
		env: map[string]value{}, lists: map[string][]value{}, exported: map[string]bool{}, written: map[string]value{}, functions: map[string]*syntax.Stmt{},
		remotes: map[string]value{}, claimed: map[string]bool{}, implied: map[string]bool{}, followed: map[string]bool{}, guessed: map[string]bool{},
	}
	r.setVariables(variant)
	return r
}

// setVariables gives the environment what the YAML sets. Of several values of one variable the variant says which.
func (r *reading) setVariables(variant int) {
	raw, left := map[string][]string{}, map[string][]string{}
	var order []string
	add := func(to map[string][]string, name, text string) {
		if !slices.Contains(order, name) {
			order = append(order, name)
		}
		to[name] = append(to[name], text)
	}
	for _, v := range r.job.Globals {
		add(raw, v.Name, v.Value)
	}
	for _, v := range r.job.Variables {
		if v.Where != "matrix" {
			add(left, v.Name, v.Value)
		}
	}
	for name, list := range left { // the job's own win
		raw[name] = list
	}
	if n := len(r.job.Matrix); n > 0 {
		row := variant % n
		if n > maxVariants { // rows from the whole length
			row = variant * n / maxVariants
		}
		for _, v := range r.job.Matrix[row] {
			add(raw, v.Name, v.Value)
			raw[v.Name] = []string{v.Value}
		}
	}
	one := map[string]string{}
	for name, list := range raw {
		one[name] = list[variant%len(list)]
	}
	for _, name := range order {
		r.env[name] = r.expandVariable(name, one, nil)
		r.exported[name] = true
	}
}

// expandVariable resolves a variable of the YAML through the others. A name that stands for itself is the variable of
// the level below: project, group or instance.
func (r *reading) expandVariable(name string, raw map[string]string, chain []string) value {
	text, ok := raw[name]
	given := ok && text == "" && (isSecret(name) || isUser(name)) // left empty for the settings or the run to fill in
	if !ok || given || slices.Contains(chain, name) {
		return value{text: "${" + name + "}", names: []string{name}}
	}
	if len(chain) > maxDepth {
		return value{text: unknown}
	}
	out := expandText(text, func(n string) value { return r.expandVariable(n, raw, append(slices.Clone(chain), name)) })
	if len(out.names) == 0 && out.text != "" {
		out.names = []string{literalPrefix + name}
	}
	return out
}

// expandText replaces $NAME, ${NAME} and %NAME% in a text that is no script.
func expandText(text string, look func(string) value) value {
	if len(text) > maxText {
		text = text[:maxText]
	}
	out := value{}
	done := 0
	for _, m := range variablePattern.FindAllStringSubmatchIndex(text, -1) {
		out = out.with(value{text: text[done:m[0]]})
		done = m[1]
		if text[m[0]:m[1]] == "$$" {
			out = out.with(value{text: "$"})
			continue
		}
		for g := 2; g < len(m); g += 2 {
			if m[g] >= 0 {
				out = out.with(look(text[m[g]:m[g+1]]))
			}
		}
	}
	return out.with(value{text: text[done:]})
}

// look returns a variable as the script sees it at this place.
func (r *reading) look(name string) value {
	if v, ok := r.env[name]; ok {
		return v
	}
	return value{text: "${" + name + "}", names: []string{name}}
}

// set assigns a variable.
func (r *reading) set(name string, v value) {
	if _, seen := r.changed[name]; r.changed != nil && !seen {
		r.changed[name] = nil
		if old, ok := r.env[name]; ok {
			r.changed[name] = &old
		}
	}
	r.env[name] = v
	r.exported[name] = true
}

// read goes through the job.
func (r *reading) read() {
	r.keywords()
	left := maxScript
	for _, c := range r.job.Script {
		if left -= len(c.Text); left < 0 {
			r.opaque("script longer than is read")
			break
		}
		r.entry(c)
	}
	r.finish()
}

// entry reads one entry of the script.
func (r *reading) entry(c ciyaml.Command) {
	r.origin, r.multi = c.Line, strings.Contains(strings.TrimSpace(c.Text), "\n")
	r.at = Evidence{File: c.File, Line: c.Line}
	r.script(c.Text)
}

// line tells where the reading is.
func (r *reading) line(within uint) {
	if r.multi && within > 0 {
		r.at.Line = r.origin + int(within) - 1
	}
}

// write records what a file of the job holds.
func (r *reading) write(name string, v value, more bool) {
	name = cleanPath(name)
	if name == "" || strings.HasPrefix(name, "/dev/") {
		return
	}
	v = r.contents(name, v)
	if more {
		v = r.written[name].with(value{text: "\n"}, v)
	}
	r.written[name] = v
	r.wrote(name, v)
}

// claim says that names are no credentials here, whatever their words.
func (r *reading) claim(names []string) {
	for _, n := range names {
		r.claimed[plain(n)] = true
	}
}

// file returns what the job wrote to a file before, or got with an artifact.
func (r *reading) file(name string) (value, bool) {
	v, ok := r.written[cleanPath(name)]
	return v, ok
}

// cleanPath gives paths of one file one name, as far as their text tells.
func cleanPath(name string) string {
	if name == "" || name == unknown {
		return ""
	}
	name = strings.ReplaceAll(name, `\`, "/")
	for _, home := range []string{"${HOME}/", "/root/", "$HOME/", "/home/gitlab-runner/"} {
		if rest, ok := strings.CutPrefix(name, home); ok {
			name = "~/" + rest
		}
	}
	name = strings.TrimPrefix(name, "${CI_PROJECT_DIR}/")
	name = strings.TrimPrefix(name, "${PWD}/")
	return path.Clean(name)
}

// use records a use. names are as they flowed in; what is no credential among them was left out by the caller.
func (r *reading) use(u Use, names []string) {
	u.Evidence = r.at
	if r.remote != "" {
		if len(names) == 0 {
			return // the remote host's own
		}
		u.AuthStyle = forwarded
	}
	if sure := keep(names, func(n string) bool { return !r.guessed[n] }); len(secrets(sure)) > 0 {
		names = sure
	} else if len(names) > len(sure) && cmp.Or(u.Confidence, High) == High {
		u.Confidence = Medium
	}
	for _, n := range names {
		if name := plain(n); name != n && !isSecret(name) {
			continue // a text of the YAML that is no secret by its name: a user, a host
		}
		if ciyaml.Predefined(n) && !predefined.MatchString(n) && n != "KUBECONFIG" {
			continue // GitLab's own, and no credential: who runs the pipeline, a path
		}
		u.Credentials = append(u.Credentials, plain(n))
		r.claimed[plain(n)] = true
	}
	slices.Sort(u.Credentials)
	u.Credentials = slices.Compact(u.Credentials)
	if u.Kind == "" {
		u.Kind = r.kind(names)
	}
	if u.Confidence == "" {
		u.Confidence = High
	}
	if u.Confidence == High && (u.Kind == Implicit || u.Kind == Ambient) { // nobody names the credential
		u.Confidence = Medium
	}
	if u.Least == "" {
		u.Least = least(u)
	}
	r.uses = append(r.uses, u)
}

// forwarded is the style of credentials that are handed to a remote host.
const forwarded = "forwarded"

// kind is that of the most telling of the names: the secret half before the user.
func (r *reading) kind(names []string) Kind {
	ordered := append(keep(names, isSecret), names...)
	order := []Kind{Fetched, VaultSecret, IDToken, Artifact, Variable, Implicit, Predefined, Literal}
	best := None
	for i, n := range ordered {
		k := r.kindOf(n)
		if i >= len(ordered)-len(names) && best != None {
			break
		}
		if best == None || slices.Index(order, k) < slices.Index(order, best) {
			best = k
		}
	}
	return best
}

func (r *reading) kindOf(name string) Kind {
	switch {
	case strings.HasPrefix(name, literalPrefix):
		return Literal
	case strings.HasPrefix(name, ArtifactPrefix):
		return Artifact
	case r.implied[name]:
		return Implicit
	case strings.Contains(name, ":"):
		return Fetched
	case slices.ContainsFunc(r.job.IDTokens, func(t ciyaml.IDToken) bool { return t.Name == name }):
		return IDToken
	case slices.ContainsFunc(r.job.Secrets, func(s ciyaml.ExternalSecret) bool { return s.Name == name }):
		return VaultSecret
	case strings.HasPrefix(name, "CI_JOB_JWT"):
		return IDToken
	case predefined.MatchString(name):
		return Predefined
	}
	return Variable
}

// opaque says that something runs whose use of credentials cannot be told.
func (r *reading) opaque(what string) {
	if r.remote != "" {
		return
	}
	r.uses = append(r.uses, Use{
		System: "opaque-script", Operation: what, Kind: Unknown, AuthStyle: "unknown", Confidence: Low, Evidence: r.at,
	})
}
