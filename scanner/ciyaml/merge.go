package ciyaml

import (
	"cmp"
	"slices"
)

// deepMerge lays over upon base: mappings are merged, anything else is replaced. Where over may or may not apply, for
// the include that brought it has rules, what it replaces is kept beside it, and a mapping stays where it was.
// Source: https://docs.gitlab.com/ci/yaml/includes/#merge-method-for-include
func (r *reader) deepMerge(base, over *value, may bool) *value {
	if base == nil || over == nil || !r.spend() {
		return cmp.Or(over, base)
	}
	if !base.is(mapping) || !over.is(mapping) {
		if !may {
			return over
		}
		out := *over
		out.otherwise = base
		return &out
	}
	at := over
	if may {
		at = base
	}
	out := &value{kind: mapping, line: at.line, column: at.column, source: at.source, entries: slices.Clone(base.entries)}
	index := indexOf(out.entries)
	r.left -= len(base.entries) + len(over.entries)
	for _, e := range over.entries {
		i, ok := index[e.key]
		if !ok {
			out.entries = append(out.entries, e)
			continue
		}
		both := r.deepMerge(out.entries[i].value, e.value, may)
		if may && both.is(mapping) {
			out.entries[i].value = both
		} else {
			out.entries[i] = entry{e.key, e.line, e.column, both}
		}
	}
	return out
}
