package ciyaml

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Job is one job after extends, default and references are applied, as far as they could be.
type Job struct {
	Name        string
	Stage       string // "test" when the job names none, as for GitLab
	Image       string
	Services    []Service // in order
	Tags        []string  // in order
	Environment Environment
	References  []Reference      // sorted by name, where, origin; unique
	IDTokens    []IDToken        // sorted by name
	Secrets     []ExternalSecret // sorted by name
	Identity    string           // of a cloud, by identity: google_cloud
	Trigger     *Trigger         // nil: the job runs on a runner
	Variables   []Variable       // its own; sorted by name, origin
	Globals     []Variable       // the configuration's that it inherits; sorted by name, origin
	Matrix      [][]Variable     // of each job that parallel:matrix makes; at most 200
	Extends     []string         // in order, as written
	Missing     []string         // parents and references from which more of its script may come, and which no file has; in order, unique
	Script      []Command        // all that it runs, in order: hooks, before_script, script or run, after_script
	Steps       []Step           // of run; in order
	Rules       []Rule           // in order
	When        string           // on_success, manual, …; empty is on_success
	MayFail     bool             // allow_failure, of the job or of any of its rules
	Timeout     time.Duration    // 0 is not set, or not readable
	Only        []string         // refs and keywords of the older way, in order
	Except      []string
	Needs       []Need // in order
	// Dependencies are the jobs whose artifacts it gets, in order; nil where it has none of the keyword: those of its needs,
	// else of all jobs in earlier stages. Empty: of none.
	Dependencies []string
	Artifacts    Artifacts
	Cache        []Cache  // in order
	Release      *Release // that GitLab makes when the job has run
	Pages        bool     // its artifacts become a website
	// Conditional: includes with rules bring the job. Where such an include replaces something of a job, both stand in
	// lists such as Script, what it brings first.
	Conditional bool
	Origin
}

// Environment is where a job deploys. The zero Environment is none. All may hold variables.
type Environment struct {
	Name   string
	Action string // start, prepare, stop, verify, access; empty means start
	Tier   string // production, staging, testing, development, other; empty: GitLab guesses from the name
	URL    string
	Agent  string // of kubernetes: path/of/project:name
}

// Service is a container that runs beside the job. It is given the job's variables, and its own.
// Source: https://docs.gitlab.com/ci/services/
type Service struct {
	Name      string
	Aliases   []string   // by which the job reaches it beside the names that follow from its image; in order
	Variables []Variable // for it alone, never handed to the job; in order
	Origin
}

// Need is a job that has to be done before.
type Need struct {
	Job         string
	Project     string // empty: this one
	Ref         string // of Project
	Pipeline    string // of which the artifacts come; empty: this one
	NoArtifacts bool   // artifacts: false, so that only the order counts
	Optional    bool   // it may be missing
}

// Artifacts are the files that a job leaves for others.
type Artifacts struct {
	Paths     []string // in order
	Exclude   []string // what of them is left out; in order
	Untracked bool     // all files that git does not track, too
	Dotenv    []string // files whose variables later jobs get; in order
	Access    string   // all, developer, maintainer, none; "all" also for public: true; empty is all
}

// Cache is files that jobs keep for later pipelines.
type Cache struct {
	Key    string // empty: default
	Paths  []string
	Policy string // pull, push; empty is both
}

// Release is what the keyword release makes, with the job token.
// Source: https://docs.gitlab.com/ci/yaml/#release
type Release struct {
	Tag string
	Ref string // from which the tag is made where it is not there
	Origin
}

func (r *reader) job(e entry, own *value) Job {
	v := r.withDefaults(own)
	r.lost = nil
	script := r.script(v)
	missing := r.missing(e.key, own)
	job := Job{
		Name: e.key, Origin: e.origin(), Conditional: own.source != nil && own.source.conditional,
		Stage:       cmp.Or(r.text(v.get("stage")), "test"),
		Image:       r.named(v.get("image"), "name"),
		Tags:        r.texts(v.get("tags")),
		Environment: r.environment(v.get("environment")),
		Identity:    r.text(v.get("identity")),
		Trigger:     r.trigger(v.get("trigger")),
		Extends:     r.texts(v.get("extends")),
		IDTokens:    r.idTokens(v.get("id_tokens")),
		Secrets:     r.secrets(v.get("secrets")),
		Globals:     r.globalsOf(v),
		Matrix:      r.matrix(v.get("parallel").get("matrix")),
		Script:      script,
		Missing:     missing,
		Steps:       r.steps(v.get("run")),
		Rules:       r.rules(v.get("rules")),
		When:        r.text(v.get("when")),
		MayFail:     r.mayFail(v),
		Timeout:     timeout(r.text(v.get("timeout"))),
		Only:        r.refs(v.get("only")),
		Except:      r.refs(v.get("except")),
		Needs:       r.needs(v.get("needs")),
		Artifacts:   r.artifacts(v.get("artifacts")),
		Cache:       r.cache(v.get("cache")),
		Release:     r.release(v.get("release")),
	}
	job.Pages = r.isPages(e.key, v.get("pages"))
	job.Services = r.services(v.get("services"))
	job.Dependencies = r.dependencies(v.get("dependencies"))
	job.Variables = r.jobVariables(v, job)
	job.References = r.references(v)
	return job
}

// missing lists what a job's script may lack, once that was read. A parent that is not there adds nothing to a job that
// has a script and a before_script of its own.
func (r *reader) missing(name string, job *value) []string {
	if job.get("trigger") != nil {
		return nil
	}
	all := r.lost
	if !job.get("before_script").specified() || !job.get("script").specified() && !job.get("run").specified() {
		all = slices.Concat(r.extended[name].missing, all)
	}
	var out []string
	for _, m := range all {
		if !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}

func (r *reader) services(v *value) []Service {
	var out []Service
	r.eachItem(v, func(i *value) {
		s := Service{Name: r.named(i, "name"), Variables: r.variables(i.get("variables"), "services"), Origin: i.origin()}
		// Several stand in one text: https://docs.gitlab.com/ci/services/#available-settings-for-services
		if alias := r.text(i.get("alias")); alias != "" {
			s.Aliases = strings.FieldsFunc(alias, func(c rune) bool { return c == ',' || c == ' ' })
		}
		out = append(out, s)
	})
	return out
}

func (r *reader) dependencies(v *value) []string {
	if !v.specified() {
		return nil
	}
	return append([]string{}, r.texts(v)...)
}

// mayFail reports whether a failure of the job stops nothing; exit codes that may occur count too.
func (r *reader) mayFail(job *value) bool {
	allows := func(v *value) bool {
		v, leave := r.follow(v)
		defer leave()
		return v.is(mapping) || v.is(scalar) && v.text == "true"
	}
	out := allows(job.get("allow_failure"))
	r.eachItem(job.get("rules"), func(rule *value) { out = out || allows(rule.get("allow_failure")) })
	return out
}

// units are the words that GitLab's durations are written in.
var units = map[string]time.Duration{
	"s": time.Second, "sec": time.Second, "secs": time.Second, "second": time.Second, "seconds": time.Second,
	"m": time.Minute, "min": time.Minute, "mins": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"h": time.Hour, "hr": time.Hour, "hrs": time.Hour, "hour": time.Hour, "hours": time.Hour,
	"d": 24 * time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour, "w": 7 * 24 * time.Hour, "week": 7 * 24 * time.Hour, "weeks": 7 * 24 * time.Hour,
}

var durationPart = regexp.MustCompile(`^(\d{1,6})\s*([a-z]+)[\s,]*(?:and\s+)?`)

// timeout reads a duration as people write it, "3 hours 30 minutes" or "1h 10m"; a bare number is seconds. 0 is none.
// Source: https://docs.gitlab.com/ci/yaml/#timeout
func timeout(text string) time.Duration {
	rest := strings.TrimSpace(strings.ToLower(text))
	if n, err := strconv.Atoi(rest); err == nil && n > 0 && n < 1e8 {
		return time.Duration(n) * time.Second
	}
	total := time.Duration(0)
	for rest != "" {
		m := durationPart.FindStringSubmatch(rest)
		if m == nil || units[m[2]] == 0 {
			return 0
		}
		n, _ := strconv.Atoi(m[1]) // digits
		total += time.Duration(n) * units[m[2]]
		rest = rest[len(m[0]):]
	}
	return total
}

// jobVariables are those of variables, of rules and of a matrix.
func (r *reader) jobVariables(v *value, job Job) []Variable {
	all := r.variables(v.get("variables"), "variables")
	for _, rule := range job.Rules {
		all = append(all, rule.Variables...)
	}
	r.eachItem(v.get("parallel").get("matrix"), func(row *value) {
		r.eachEntry(row, func(e entry) {
			r.eachItem(e.value, func(v *value) {
				all = append(all, Variable{Name: e.key, Value: r.text(v), Where: "matrix", Origin: e.origin()})
			})
		})
	})
	return sortVariables(all)
}

func (r *reader) environment(v *value) Environment {
	v, leave := r.follow(v)
	defer leave()
	if v.is(scalar) {
		return Environment{Name: v.text}
	}
	return Environment{
		Name: r.text(v.get("name")), Action: r.text(v.get("action")), Tier: r.text(v.get("deployment_tier")),
		URL: r.text(v.get("url")), Agent: r.text(v.get("kubernetes").get("agent")),
	}
}

// refs are the refs of only and except, which may stand alone or below a key.
func (r *reader) refs(v *value) []string {
	v, leave := r.follow(v)
	defer leave()
	if v.is(mapping) {
		return r.texts(v.get("refs"))
	}
	return r.texts(v)
}

func (r *reader) needs(v *value) []Need {
	var out []Need
	if v.specified() {
		out = []Need{}
	}
	r.eachItem(v, func(i *value) {
		if i.kind == scalar {
			out = append(out, Need{Job: i.text})
			return
		}
		out = append(out, Need{
			Job: r.text(i.get("job")), Project: r.text(i.get("project")), Ref: r.text(i.get("ref")), Pipeline: r.text(i.get("pipeline")),
			NoArtifacts: r.text(i.get("artifacts")) == "false", Optional: r.text(i.get("optional")) == "true",
		})
	})
	return out
}

func (r *reader) artifacts(v *value) Artifacts {
	v, leave := r.follow(v)
	defer leave()
	out := Artifacts{
		Paths: r.texts(v.get("paths")), Exclude: r.texts(v.get("exclude")), Untracked: r.text(v.get("untracked")) == "true",
		Dotenv: r.texts(v.get("reports").get("dotenv")), Access: r.text(v.get("access")),
	}
	switch r.text(v.get("public")) {
	case "true":
		out.Access = "all"
	case "false":
		out.Access = "developer"
	}
	return out
}

func (r *reader) cache(v *value) []Cache {
	var out []Cache
	r.eachItem(v, func(i *value) {
		if i.kind == mapping && len(i.entries) > 0 { // {} switches it off
			out = append(out, Cache{Key: r.plain(i.get("key")), Paths: r.texts(i.get("paths")), Policy: r.text(i.get("policy"))})
		}
	})
	return out
}

func (r *reader) release(v *value) *Release {
	v, leave := r.follow(v)
	defer leave()
	if !v.is(mapping) {
		return nil
	}
	return &Release{Tag: r.text(v.get("tag_name")), Ref: r.text(v.get("ref")), Origin: v.origin()}
}

// isPages reports whether a job publishes: by its name, or by its keyword.
// Source: https://docs.gitlab.com/ci/yaml/#pages
func (r *reader) isPages(name string, keyword *value) bool {
	keyword, leave := r.follow(keyword)
	defer leave()
	switch {
	case keyword == nil || keyword.kind == null:
		return name == "pages"
	case keyword.kind == scalar:
		return keyword.text == "true"
	}
	return true
}

// inherits reports what inherit:default or inherit:variables says about a key: a switch, or a list of keys.
func (r *reader) inherits(job *value, what, key string) bool {
	v := job.get("inherit").get(what)
	switch {
	case v == nil || v.kind == null:
		return true
	case v.kind == list:
		return slices.Contains(r.texts(v), key)
	}
	return !strings.EqualFold(v.text, "false")
}
