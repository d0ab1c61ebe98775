package ciyaml

import (
	"slices"
	"strings"
)

// maxExtends is how many levels of extends are an error for GitLab: more than ten ancestors.
// Source: lib/gitlab/ci/config/extendable/entry.rb.
const maxExtends = 11

// extended is a top-level value with its parents below it, and how many levels of them there are.
type extended struct {
	value  *value
	levels int
}

// extendAll applies extends to every top-level mapping that has it.
func (r *reader) extendAll() {
	r.extended = map[string]extended{}
	root := *r.root
	root.entries = slices.Clone(root.entries)
	for i, e := range root.entries {
		root.entries[i].value = r.extend(e.key, nil).value
	}
	r.root = &root
}

// extend returns a top-level value with its parents. chain are the names that led here.
func (r *reader) extend(name string, chain []string) extended {
	if done, ok := r.extended[name]; ok {
		return done
	}
	v := r.root.get(name)
	parents := v.get("extends")
	if !v.is(mapping) || parents == nil {
		return extended{value: v}
	}
	chain = append(slices.Clone(chain), name)
	var out extended
	for _, parent := range r.texts(parents) {
		if slices.Contains(chain, parent) {
			r.incomplete(parents.line, "%q extends itself", short(parent))
			continue
		}
		if !r.root.get(parent).is(mapping) {
			r.incomplete(parents.line, "%q extends %q, which is not in this file", short(name), short(parent))
			continue
		}
		var base extended
		if len(chain) < maxExtends {
			base = r.extend(parent, chain)
		}
		if base.value == nil || base.levels+1 >= maxExtends {
			r.incomplete(parents.line, "%q extends more than %d levels", short(name), maxExtends-1)
			continue
		}
		out.value = r.deepMerge(out.value, base.value)
		out.levels = max(out.levels, base.levels+1)
	}
	out.value = r.deepMerge(out.value, v)
	r.extended[name] = out
	return out
}

// deepMerge lays over upon base: mappings are merged, anything else is replaced.
func (r *reader) deepMerge(base, over *value) *value {
	if !base.is(mapping) || !over.is(mapping) || !r.spend() {
		return over
	}
	out := &value{kind: mapping, line: over.line, entries: slices.Clone(base.entries)}
	at := indexOf(out.entries)
	r.left -= len(base.entries) + len(over.entries)
	for _, e := range over.entries {
		if i, ok := at[e.key]; ok {
			out.entries[i] = entry{e.key, e.line, r.deepMerge(out.entries[i].value, e.value)}
		} else {
			out.entries = append(out.entries, e)
		}
	}
	return out
}

// maxReferences is how deep !reference may lead through others.
const maxReferences = 10

// follow resolves a value that is a !reference; any other comes back as it is. It returns nil where there is nothing.
func (r *reader) follow(v *value) (_ *value, leave func()) {
	depth := len(r.following)
	leave = func() { r.following = r.following[:depth] }
	for v != nil && v.reference && r.spend() {
		var path []string
		for _, i := range v.items {
			path = append(path, i.text)
		}
		name := strings.Join(path, "\x00")
		if slices.Contains(r.following, name) || len(r.following) >= maxReferences {
			r.incomplete(v.line, "!reference leads in a circle, or through more than %d others", maxReferences)
			return nil, leave
		}
		r.following = append(r.following, name)
		target := r.root
		for _, key := range path {
			if target != nil && target.reference {
				target, _ = r.follow(target)
			}
			target = target.get(key)
		}
		if target == nil || len(path) == 0 {
			r.incomplete(v.line, "!reference to %q, which is not in this file", short(strings.Join(path, ", ")))
			return nil, leave
		}
		v = target
	}
	return v, leave
}

// eachItem calls do for v, or for the items of v and of lists in it: the way GitLab flattens scripts and rules.
func (r *reader) eachItem(v *value, do func(*value)) {
	v, leave := r.follow(v)
	defer leave()
	if v == nil || v.kind == null || !r.spend() {
		return
	}
	if v.kind != list {
		do(v)
		return
	}
	for _, i := range v.items {
		r.eachItem(i, do)
	}
}

// texts returns the texts of a scalar or list.
func (r *reader) texts(v *value) []string {
	var out []string
	r.eachItem(v, func(i *value) {
		if i.kind == scalar {
			out = append(out, i.text)
		}
	})
	return out
}

// text returns a scalar's text; empty for all else.
func (r *reader) text(v *value) string {
	v, leave := r.follow(v)
	defer leave()
	if !v.is(scalar) {
		return ""
	}
	return v.text
}

// eachEntry calls do for the entries of a mapping.
func (r *reader) eachEntry(v *value, do func(entry)) {
	v, leave := r.follow(v)
	defer leave()
	if v == nil {
		return
	}
	for _, e := range v.entries {
		if !r.spend() {
			return
		}
		do(e)
	}
}

// named returns a text that may stand alone or under a key of a mapping, as image and environment do.
func (r *reader) named(v *value, key string) string {
	v, leave := r.follow(v)
	defer leave()
	if v.is(mapping) {
		return r.text(v.get(key))
	}
	return r.text(v)
}
