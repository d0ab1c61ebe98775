package ciyaml

import (
	"cmp"
	"slices"
	"strings"
)

// keywords are the top-level names that are not jobs.
// Source: https://docs.gitlab.com/ci/yaml/#keywords and lib/gitlab/ci/config/entry/root.rb.
var keywords = []string{
	"default", "include", "stages", "types", "variables", "workflow", "spec",
	"image", "services", "cache", "before_script", "after_script", "true", "false", "nil",
}

// inherited are the keywords that default gives to a job which lacks them.
// Source: lib/gitlab/ci/config/entry/default.rb.
var inherited = []string{
	"before_script", "after_script", "hooks", "cache", "image", "services", "interruptible", "timeout", "retry", "tags", "artifacts", "id_tokens",
}

// globalSpelling are those of them that may stand at the top level, the older spelling.
var globalSpelling = []string{"image", "services", "cache", "before_script", "after_script"}

// globals reads the variables of all jobs.
func (r *reader) globals() {
	all := r.variables(r.root.get("variables"), "variables")
	r.eachItem(r.root.get("workflow").get("rules"), func(rule *value) {
		all = append(all, r.variables(rule.get("variables"), "rules")...)
	})
	r.config.Variables = sortVariables(all)
	r.global = map[string][]Variable{}
	for _, v := range all {
		r.global[v.Name] = append(r.global[v.Name], v)
	}
}

func (r *reader) jobs() {
	for _, e := range r.root.entries {
		if r.left <= 0 {
			return
		}
		if strings.HasPrefix(e.key, ".") || slices.Contains(keywords, e.key) {
			continue
		}
		v, leave := r.follow(e.value)
		if v.is(mapping) {
			r.config.Jobs = append(r.config.Jobs, r.job(e.key, e.line, v))
		} else {
			r.note(e.line, "%q is neither a job nor a keyword", short(e.key))
		}
		leave()
	}
	slices.SortFunc(r.config.Jobs, func(a, b Job) int { return cmp.Compare(a.Name, b.Name) })
}

func (r *reader) job(name string, line int, own *value) Job {
	v := r.withDefaults(own)
	job := Job{
		Name: name, Line: line,
		Stage:    cmp.Or(r.text(v.get("stage")), "test"),
		Image:    r.named(v.get("image"), "name"),
		Tags:     r.texts(v.get("tags")),
		Trigger:  r.trigger(v.get("trigger")),
		Extends:  r.texts(v.get("extends")),
		IDTokens: r.idTokens(v.get("id_tokens")),
		Secrets:  r.secrets(v.get("secrets")),
	}
	r.eachItem(v.get("services"), func(s *value) { job.Services = append(job.Services, r.named(s, "name")) })
	job.Environment = r.environment(v.get("environment"))
	job.Variables = r.jobVariables(v)
	for _, where := range []string{"before_script", "script", "after_script"} {
		r.eachItem(v.get(where), func(c *value) {
			if c.kind == scalar {
				job.Script = append(job.Script, Command{Text: c.text, Line: firstLine(c), Where: where})
			}
		})
	}
	job.References = r.references(v)
	if job.Trigger == nil && v.get("script") == nil && v.get("run") == nil && v.get("extends") == nil {
		r.note(line, "%q has neither script, run nor trigger", short(name))
	}
	return job
}

// withDefaults gives a job the defaults that it lacks and does not refuse. Jobs with trigger take none.
func (r *reader) withDefaults(job *value) *value {
	if job.get("trigger") != nil {
		return job
	}
	out := *job
	out.entries, out.index = slices.Clone(job.entries), nil
	for _, key := range inherited {
		if job.get(key) != nil || !r.inherits(job, "default", key) {
			continue
		}
		v := r.root.get("default").get(key)
		if v == nil && slices.Contains(globalSpelling, key) {
			v = r.root.get(key)
		}
		if v != nil && r.spend() {
			out.entries = append(out.entries, entry{key, v.line, v})
		}
	}
	return &out
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
	return v.text != "false"
}

func (r *reader) environment(v *value) Environment {
	v, leave := r.follow(v)
	defer leave()
	if v.is(scalar) {
		return Environment{Name: v.text}
	}
	return Environment{Name: r.text(v.get("name")), Action: r.text(v.get("action")), Tier: r.text(v.get("deployment_tier"))}
}

// jobVariables are those of variables, of rules and of a matrix.
func (r *reader) jobVariables(job *value) []Variable {
	all := r.variables(job.get("variables"), "variables")
	r.eachItem(job.get("rules"), func(rule *value) {
		all = append(all, r.variables(rule.get("variables"), "rules")...)
	})
	r.eachItem(job.get("parallel").get("matrix"), func(row *value) {
		r.eachEntry(row, func(e entry) {
			r.eachItem(e.value, func(v *value) {
				all = append(all, Variable{Name: e.key, Value: r.text(v), Line: e.line, Where: "matrix"})
			})
		})
	})
	return sortVariables(all)
}

func (r *reader) variables(v *value, where string) []Variable {
	var out []Variable
	r.eachEntry(v, func(e entry) {
		out = append(out, Variable{Name: e.key, Value: r.named(e.value, "value"), Line: e.line, Where: where})
	})
	return out
}

func sortVariables(all []Variable) []Variable {
	slices.SortStableFunc(all, func(a, b Variable) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Line, b.Line)) })
	return all
}
