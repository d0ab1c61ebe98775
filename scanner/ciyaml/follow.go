package ciyaml

import (
	"slices"
	"strings"
)

// maxReferences is how deep !reference may lead through others; GitLab knows no limit but maxNesting.
const maxReferences = 100

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
			r.incomplete(v.origin(), "!reference leads in a circle, or through more than %d others", maxReferences)
			return nil, leave
		}
		r.following = append(r.following, name)
		target := r.root
		for _, key := range path {
			if target != nil && target.reference {
				target, _ = r.follow(target)
			}
			target = target.at(key)
		}
		if target == nil || len(path) == 0 {
			r.incomplete(v.origin(), "!reference to %q, which is not there", short(strings.Join(path, ", ")))
			r.lost = append(r.lost, strings.Join(path, " "))
			return nil, leave
		}
		v = target
	}
	return v, leave
}

// maxNesting is how deep lists may lie in the lists of scripts and rules.
// Source: lib/gitlab/ci/config/entry/commands.rb, MAX_NESTING_LEVEL.
const maxNesting = 10

// eachItem calls do for v, or for the items of v and of lists in it: the way GitLab flattens scripts and rules. What
// else may stand in their place follows.
func (r *reader) eachItem(v *value, do func(*value)) { r.flatten(v, 0, do) }

func (r *reader) flatten(v *value, level int, do func(*value)) {
	if v == nil || !r.spend() {
		return
	}
	target, leave := r.follow(v)
	switch {
	case target != v:
		r.flatten(target, level, do)
	case v.kind == list:
		if level == maxNesting+1 {
			r.note(v.origin(), "lists lie more than %d deep in lists, which GitLab refuses", maxNesting)
		}
		for _, i := range v.items {
			r.flatten(i, level+1, do)
		}
	case v.kind != null:
		do(v)
	}
	leave()
	r.flatten(v.otherwise, level, do)
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
	for ; v != nil; v = v.otherwise {
		for _, e := range v.entries {
			if !r.spend() {
				return
			}
			do(e)
		}
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

// plain writes a value as text: a scalar as it is, a list or mapping in YAML's flow style, cut where it is long.
func (r *reader) plain(v *value) string {
	var out strings.Builder
	r.write(&out, v)
	return out.String()
}

// maxPlain is where a value's text is cut, in bytes.
const maxPlain = 4096

func (r *reader) write(out *strings.Builder, v *value) {
	v, leave := r.follow(v)
	defer leave()
	if v == nil || out.Len() > maxPlain || !r.spend() {
		return
	}
	switch v.kind {
	case scalar:
		out.WriteString(v.text)
	case list:
		out.WriteByte('[')
		for i, item := range v.items {
			if i > 0 {
				out.WriteString(", ")
			}
			r.write(out, item)
		}
		out.WriteByte(']')
	case mapping:
		out.WriteByte('{')
		for i, e := range v.entries {
			if i > 0 {
				out.WriteString(", ")
			}
			out.WriteString(e.key + ": ")
			r.write(out, e.value)
		}
		out.WriteByte('}')
	}
}
