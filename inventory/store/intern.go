package store

import (
	"reflect"
	"slices"

	"nhiscan/inventory"
)

// interner keeps one copy of strings that recur: a home's ID stands in every row of that home.
type interner map[string]string

func (p interner) bytes(b []byte) string {
	if s, ok := p[string(b)]; ok {
		return s
	}
	s := string(b)
	p[s] = s
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
