package store

import (
	"reflect"
	"slices"

	"nhiscan/inventory"
)

// interner keeps one copy of strings that recur: a home's ID stands in every row of that home.
type interner struct {
	kept map[string]string
	most int // how many are kept at once; 0 is all
}

func newInterner() *interner { return &interner{kept: map[string]string{}} }

// newRecent returns an interner for rows that nobody keeps: it holds what their neighbours have in common.
func newRecent() *interner { return &interner{kept: map[string]string{}, most: 4096} }

func (p *interner) bytes(b []byte) string {
	if s, ok := p.kept[string(b)]; ok {
		return s
	}
	if p.most > 0 && len(p.kept) == p.most {
		clear(p.kept)
	}
	s := string(b)
	p.kept[s] = s
	return s
}

// recurs reports whether the values of a field recur in other rows. IDs recur where other rows name them.
func recurs(t reflect.Type, name string) bool {
	switch t {
	case reflect.TypeFor[inventory.Location]():
		return !slices.Contains([]string{"id", "key", "description"}, name)
	case reflect.TypeFor[inventory.Usage](), reflect.TypeFor[inventory.Grant]():
		return name != "id"
	}
	return !slices.Contains([]string{"name", "username", "path", "url", "description", "created_at", "expires_at", "last_used_at"}, name)
}
