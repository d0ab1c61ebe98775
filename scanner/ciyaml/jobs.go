package ciyaml

import (
	"cmp"
	"slices"
	"strconv"
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
	"before_script", "after_script", "hooks", "cache", "identity", "image", "services", "interruptible", "timeout", "retry", "tags", "artifacts", "id_tokens",
}

// globalSpelling are those of them that may stand at the top level, the older spelling.
var globalSpelling = []string{"image", "services", "cache", "before_script", "after_script"}

// readAll reads what the merged tree holds.
func (r *reader) readAll() {
	r.config.Name = r.text(r.root.get("workflow").get("name"))
	r.config.Stages = r.texts(cmp.Or(r.root.get("stages"), r.root.get("types")))
	for _, key := range globalSpelling {
		if r.root.get(key) != nil && r.root.get("default").get(key) != nil {
			r.note(r.root.get(key).origin(), "%s stands at the top level and in default, which GitLab refuses", key)
		}
	}
	r.globals()
	var hidden []entry
	for _, e := range r.root.entries {
		switch {
		case r.left <= 0:
			return
		case strings.HasPrefix(e.key, "."):
			hidden = append(hidden, e)
		case !slices.Contains(keywords, e.key):
			r.config.Jobs = r.appendJob(r.config.Jobs, e)
		}
	}
	r.hidden(hidden)
	byName := func(a, b Job) int { return cmp.Compare(a.Name, b.Name) }
	slices.SortFunc(r.config.Jobs, byName)
	slices.SortFunc(r.config.Hidden, byName)
}

// hidden reads the hidden jobs that no visible job uses. As they never run, one that is too large spoils nothing else.
func (r *reader) hidden(all []entry) {
	used, left := r.used(), r.left
	for _, e := range all {
		if used[e.key] {
			r.taken[e.origin().place()] = true
		} else if hasWork(e.value) {
			r.config.Hidden = r.appendJob(r.config.Hidden, e)
		}
	}
	if r.left <= 0 && left > 0 && !r.ended() {
		r.left, r.config.Hidden = left, nil
		r.note(Origin{}, "hidden jobs that no other uses are too large to be read")
	}
}

// leaveTaken leaves out the hidden jobs that a visible job of another of the pipelines uses: parent and child may include
// one file.
func (r *reader) leaveTaken(c *Config, done map[*Config]bool) {
	if done[c] {
		return
	}
	done[c] = true
	c.Hidden = slices.DeleteFunc(c.Hidden, func(j Job) bool { return r.taken[j.Origin.place()] })
	for _, j := range c.Jobs {
		if j.Trigger != nil && j.Trigger.Child != nil {
			r.leaveTaken(j.Trigger.Child, done)
		}
	}
}

func (r *reader) appendJob(jobs []Job, e entry) []Job {
	v, leave := r.follow(e.value)
	defer leave()
	if !v.is(mapping) {
		r.note(e.origin(), "%q is neither a job nor a keyword", short(e.key))
		return jobs
	}
	if !strings.HasPrefix(e.key, ".") && v.get("trigger") == nil && v.get("script") == nil && v.get("run") == nil && v.get("extends") == nil {
		r.note(e.origin(), "%q has neither script, run nor trigger", short(e.key))
	}
	r.oneOf(v, strconv.Quote(short(e.key)), "script", "run", "trigger")
	return append(jobs, r.job(e, v))
}

// used lists the top-level keys from which a job that is not hidden takes something: by extends, !reference, an alias
// or a merge key, however many steps away.
func (r *reader) used() map[string]bool {
	out := map[string]bool{}
	var todo []string
	for _, e := range r.root.entries {
		if !strings.HasPrefix(e.key, ".") {
			todo = append(todo, e.key)
		}
	}
	for len(todo) > 0 {
		key := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for other := range r.uses[key] {
			if !out[other] {
				out[other] = true
				todo = append(todo, other)
			}
		}
	}
	return out
}

// hasWork reports whether a hidden job does something or holds a credential, so that it is more than a part of others.
func hasWork(v *value) bool {
	return slices.ContainsFunc([]string{
		"script", "before_script", "after_script", "run", "trigger", "hooks", "id_tokens", "secrets", "identity", "release",
	}, func(key string) bool { return v.get(key) != nil })
}

// withDefaults gives a job the defaults that it lacks and does not refuse. Jobs with trigger take none.
func (r *reader) withDefaults(job *value) *value {
	if job.get("trigger") != nil {
		return job
	}
	out := *job
	out.entries, out.index = slices.Clone(job.entries), nil
	for _, key := range inherited {
		if job.get(key).specified() || !r.inherits(job, "default", key) {
			continue
		}
		v := r.root.get("default").get(key)
		if !v.specified() && slices.Contains(globalSpelling, key) {
			v = r.root.get(key)
		}
		if v.specified() && r.spend() {
			out.entries = slices.DeleteFunc(out.entries, func(e entry) bool { return e.key == key })
			out.entries = append(out.entries, entry{key, v.line, v.column, v})
		}
	}
	return &out
}
