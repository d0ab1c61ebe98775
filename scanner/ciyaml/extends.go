package ciyaml

import "slices"

// maxExtends is how many levels of extends are an error for GitLab: more than ten ancestors.
// Source: lib/gitlab/ci/config/extendable/entry.rb.
const maxExtends = 11

// extended is a top-level value with its parents below it, how many levels of them there are, and which are not there.
type extended struct {
	value   *value
	levels  int
	missing []string
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
		r.use(name, parent)
		if slices.Contains(chain, parent) {
			r.incomplete(parents.origin(), "%q extends itself", short(parent))
			continue
		}
		if !r.root.get(parent).is(mapping) {
			r.incomplete(parents.origin(), "%q extends %q, which is not there", short(name), short(parent))
			out.missing = append(out.missing, parent)
			continue
		}
		var base extended
		if len(chain) < maxExtends {
			base = r.extend(parent, chain)
		}
		if base.value == nil || base.levels+1 >= maxExtends {
			r.incomplete(parents.origin(), "%q extends more than %d levels", short(name), maxExtends-1)
			continue
		}
		out.value = r.deepMerge(out.value, base.value, false)
		out.levels = max(out.levels, base.levels+1)
		out.missing = append(out.missing, base.missing...)
	}
	out.value = r.deepMerge(out.value, v, false)
	r.extended[name] = out
	return out
}
