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
		for v := base; v != nil; v = v.otherwise {
			if r.alike(v, over) {
				return base
			}
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

// alike reports whether two values say the same, wherever they stand: a file may be included under several rules.
func (r *reader) alike(a, b *value) bool {
	if a == b {
		return true
	}
	if !r.spend() || a == nil || b == nil || a.kind != b.kind || a.text != b.text || a.reference != b.reference ||
		len(a.items) != len(b.items) || len(a.entries) != len(b.entries) {
		return false
	}
	for i := range a.items {
		if !r.alike(a.items[i], b.items[i]) {
			return false
		}
	}
	for i := range a.entries {
		if a.entries[i].key != b.entries[i].key || !r.alike(a.entries[i].value, b.entries[i].value) {
			return false
		}
	}
	return true
}
