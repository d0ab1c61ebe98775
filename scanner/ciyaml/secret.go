package ciyaml

import (
	"cmp"
	"slices"
	"strings"
)

// Source for both: https://docs.gitlab.com/ci/yaml/#id_tokens and #secrets.
func (r *reader) idTokens(v *value) []IDToken {
	var out []IDToken
	r.eachEntry(v, func(e entry) {
		out = append(out, IDToken{Name: e.key, Aud: r.texts(e.value.get("aud")), Line: e.line})
	})
	slices.SortFunc(out, func(a, b IDToken) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// notProviders are the keys of a secret that say how it is handed over.
var notProviders = []string{"file", "token"}

func (r *reader) secrets(v *value) []ExternalSecret {
	var out []ExternalSecret
	r.eachEntry(v, func(e entry) {
		s := ExternalSecret{Name: e.key, Line: e.line}
		r.eachEntry(e.value, func(p entry) {
			switch {
			case p.key == "token":
				s.Token = strings.Trim(r.text(p.value), "${}")
			case !slices.Contains(notProviders, p.key):
				s.Provider, s.Path = p.key, r.secretPath(p.value)
			}
		})
		out = append(out, s)
	})
	slices.SortFunc(out, func(a, b ExternalSecret) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// secretPath writes the long form of a provider's path as the short form of vault has it: path/field@engine.
func (r *reader) secretPath(v *value) string {
	v, leave := r.follow(v)
	defer leave()
	if v.is(scalar) {
		return v.text
	}
	path := cmp.Or(r.text(v.get("path")), r.text(v.get("name")), r.text(v.get("secret_id")))
	if field := r.text(v.get("field")); field != "" {
		path += "/" + field
	}
	if engine := r.named(v.get("engine"), "path"); engine != "" {
		path += "@" + engine
	}
	return path
}
