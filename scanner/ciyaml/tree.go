package ciyaml

import "strconv"

// kind is what a value is.
type kind uint8

const (
	null kind = iota
	scalar
	list
	mapping
)

// value is a node of the tree. Aliases share values, so the tree may be a graph without cycles.
type value struct {
	kind      kind
	literal   bool   // a block scalar whose lines are lines of the file
	reference bool   // tagged !reference
	tag       string // of a scalar: !!str, !!int, !!bool, …
	text      string // of a scalar
	line      int
	column    int
	source    *source
	items     []*value       // of a list
	entries   []entry        // of a mapping: unique keys in order
	index     map[string]int // key -> index in entries, made by get where there are many
	otherwise *value         // what stands here where the include that brought this value does not apply
}

type entry struct {
	key          string
	line, column int
	value        *value
}

// get returns the value under a key; nil where v is no mapping or has no such key.
func (v *value) get(key string) *value {
	if v == nil {
		return nil
	}
	if len(v.entries) > 16 && v.index == nil {
		v.index = indexOf(v.entries)
	}
	if v.index != nil {
		if i, ok := v.index[key]; ok {
			return v.entries[i].value
		}
		return nil
	}
	for i := range v.entries {
		if v.entries[i].key == key {
			return v.entries[i].value
		}
	}
	return nil
}

// at is get, or the item of a list with that number, from 0.
func (v *value) at(key string) *value {
	if !v.is(list) {
		return v.get(key)
	}
	if n, err := strconv.Atoi(key); err == nil && n >= 0 && n < len(v.items) {
		return v.items[n]
	}
	return nil
}

func indexOf(entries []entry) map[string]int {
	at := make(map[string]int, len(entries))
	for i, e := range entries {
		at[e.key] = i
	}
	return at
}

func (v *value) is(k kind) bool { return v != nil && v.kind == k }

// specified reports whether a key has a value: null is as good as no key.
// Source: lib/gitlab/config/entry/factory.rb.
func (v *value) specified() bool { return v != nil && v.kind != null }

func (v *value) origin() Origin {
	if v == nil {
		return Origin{}
	}
	return v.source.at(v.line, v.column)
}

// origin is where the key stands, which is in the file of its value.
func (e entry) origin() Origin { return e.value.source.at(e.line, e.column) }
