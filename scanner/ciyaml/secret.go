package ciyaml

import (
	"cmp"
	"slices"
	"strings"
)

// IDToken is an OpenID Connect token that GitLab makes for the job.
type IDToken struct {
	Name string
	Aud  []string // in order
	Origin
}

// ExternalSecret is a secret that the runner fetches from a secrets manager.
type ExternalSecret struct {
	Name     string
	Provider string // GitLab's keyword: vault, azure_key_vault, gcp_secret_manager, aws_secrets_manager, …
	Path     string // as the provider names it; for vault path/field@engine
	Token    string // the ID token that it is fetched with; empty: the job's only one
	Role     string // that the runner assumes to read it, of aws_secrets_manager; empty: the one in AWS_ROLE_ARN, if any
	Value    bool   // file: false, so that the variable holds the secret itself and not the path of a file with it
	Origin
}

// Source for both: https://docs.gitlab.com/ci/yaml/#id_tokens and #secrets.
func (r *reader) idTokens(v *value) []IDToken {
	var out []IDToken
	r.eachEntry(v, func(e entry) {
		out = append(out, IDToken{Name: e.key, Aud: r.texts(e.value.get("aud")), Origin: e.origin()})
	})
	slices.SortFunc(out, func(a, b IDToken) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func (r *reader) secrets(v *value) []ExternalSecret {
	var out []ExternalSecret
	r.eachEntry(v, func(e entry) {
		s := ExternalSecret{Name: e.key, Origin: e.origin()}
		r.eachEntry(e.value, func(p entry) {
			switch {
			case p.key == "token":
				s.Token = strings.Trim(r.text(p.value), "${}")
			case p.key == "file":
				s.Value = r.text(p.value) == "false"
			default:
				s.Provider, s.Path, s.Role = p.key, r.secretPath(p.value), r.text(p.value.get("role_arn"))
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
