package store

import (
	"encoding/json"
	"reflect"
	"slices"

	"nhiscan/inventory"
)

// interner keeps one copy of strings that recur: a home's ID stands in every row of that home.
type interner struct {
	kept map[string]string
	most int // how many are kept at once; 0 is all

	maps map[string]map[string]string // by their JSON, at most recently many
}

// recently is how many values serve rows that stand near each other.
const recently = 4096

func newInterner() *interner {
	return &interner{kept: map[string]string{}, maps: map[string]map[string]string{}}
}

// newRecent returns an interner for rows that nobody keeps: it holds what their neighbours have in common.
func newRecent() *interner {
	p := newInterner()
	p.most = recently
	return p
}

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

// texts decodes a JSON object of texts. Rows with the same share one map, so that nobody may change it.
func (p *interner) texts(raw []byte) (map[string]string, error) {
	if m, ok := p.maps[string(raw)]; ok {
		return m, nil
	}
	if len(p.maps) == recently {
		clear(p.maps)
	}
	var m map[string]string
	err := json.Unmarshal(raw, &m)
	p.maps[string(raw)] = m
	return m, err
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
