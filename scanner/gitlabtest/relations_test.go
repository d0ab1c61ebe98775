package gitlabtest

import (
	"strings"
	"testing"
)

// TestRelations reads what the contract's paths do not reach: lists that are empty there, and what another offering has.
func TestRelations(t *testing.T) {
	saas := Default()
	saas.Offering = SaaS
	tests := map[string]struct {
		profile     Profile
		label, path string
		want        string
	}{
		"saml identity":                    {saas, "group-owner", "groups/100/saml/identities", `[{"extern_uid":"olivia@acme.example","user_id":3}]`},
		"scim identity":                    {saas, "group-owner", "groups/100/scim/identities", `[{"active":true,"extern_uid":"8f2c1d","user_id":3}]`},
		"no groups of a provider at home":  {Default(), "admin", "groups/100/saml/identities", `{"error":"404 Not Found"}`},
		"namespaces of a maintainer":       {Default(), "maintainer", "namespaces?search=mark", `"full_path":"mark"`},
		"namespace of somebody else":       {Default(), "maintainer", "namespaces/olivia", `{"message":"404 Namespace Not Found"}`},
		"free path":                        {Default(), "maintainer", "namespaces/brand-new/exists", `{"exists":false,"suggests":[]}`},
		"taken path":                       {Default(), "maintainer", "namespaces/shop/exists?parent_id=100", `{"exists":true,"suggests":["shop1"]}`},
		"push rule of none":                {Default(), "admin", "projects/1001/push_rule", "null"},
		"group's push rule of none":        {Default(), "admin", "groups/101/push_rule", `{"message":"404 Not Found"}`},
		"push rule without a licence":      {Profile{Version: "19.6", Offering: SelfManaged}, "admin-no-mode", "projects/1000/push_rule", `{"error":"404 Not Found"}`},
		"unknown fingerprint":              {Default(), "admin", "keys?fingerprint=SHA256:EXAMPLE", `{"message":"404 Key Not Found"}`},
		"key of a deploy key":              {Default(), "admin", "keys/4", `"deploy_keys_projects":[{`},
		"fingerprint by a maintainer":      {Default(), "maintainer", "keys?fingerprint=SHA256:EXAMPLE", `{"message":"403 Forbidden"}`},
		"groups above":                     {Default(), "maintainer", "projects/1000/groups", `"full_path":"acme"`},
		"forks":                            {Default(), "admin", "projects/1000/forks", `"path_with_namespace":"mark/cart"`},
		"associations of somebody else":    {Default(), "maintainer", "users/3/associations_count", `{"message":"403 Forbidden"}`},
		"repository without a folder":      {Default(), "maintainer", "projects/1000/repository/tree", `{"message":"503 Service Unavailable"}`},
		"file without a folder":            {Default(), "maintainer", "projects/1000/repository/files/VERSION?ref=main", `"content":"MS4wCg=="`},
		"run's variables by a developer":   {Default(), "developer", "projects/1000/pipelines/5000/variables", `{"message":"403 Forbidden"}`},
		"events of another home by number": {Default(), "group-owner", "projects/1000/audit_events/3", `{"message":"404 Audit Event Not Found"}`},
	}
	for name, test := range tests {
		s := newServer(t, Options{Profile: test.profile})
		if w := get(t, s, test.label, test.path); !strings.Contains(w.Body.String(), test.want) {
			t.Errorf("%s: GET %s = %d %s; want %s", name, test.path, w.Code, w.Body, test.want)
		}
	}
}

// TestFits reads the wildcards of protections.
func TestFits(t *testing.T) {
	for _, test := range []struct {
		pattern, name string
		want          bool
	}{
		{"main", "main", true}, {"main", "mainly", false}, {"release/*", "release/1", true}, {"release/*", "release", false}, {"*-stable", "1-stable", true},
		{"*-stable", "1-stable-x", false}, {"*", "any/thing", true}, {"a*b*c", "a--b--c", true}, {"a*b*c", "acb", false}, {"a*a", "a", false},
	} {
		if got := fits(test.pattern, test.name); got != test.want {
			t.Errorf("fits(%q, %q) = %v, want %v", test.pattern, test.name, got, test.want)
		}
	}
}

// TestRefName takes what git takes, and no name that reads like a hash.
func TestRefName(t *testing.T) {
	for name, want := range map[string]bool{
		"main": true, "topic/one": true, "v1.0": true, "feature@2": true, "": false, "-x": false, "a..b": false, "a b": false, "a.lock": false, "/a": false, "a/": false,
		".a": false, "a//b": false, "refs/heads/a": false, "HEAD": false, "a@{1}": false, "a\x01": false, strings.Repeat("0a", 20): false, strings.Repeat("0g", 20): true,
	} {
		if got := refName(name); got != want {
			t.Errorf("refName(%q) = %v, want %v", name, got, want)
		}
	}
}

// TestForm reads nested parameters as Rack does.
func TestForm(t *testing.T) {
	s := newServer(t, Options{RepoDir: t.TempDir()})
	form := "branch=main&commit_message=x&actions[][action]=create&actions[][file_path]=a&actions[][content]=1&actions[][action]=create&actions[][file_path]=b&actions[][content]=2"
	if w := call(t, s, "POST", "maintainer-write", "projects/1000/repository/commits", form); w.Code != 201 {
		t.Fatalf("commit = %d %s", w.Code, w.Body)
	}
	for name, want := range map[string]string{"a": "1", "b": "2"} {
		if got := get(t, s, "maintainer", "projects/1000/repository/files/"+name+"/raw").Body.String(); got != want {
			t.Errorf("file %s = %q, want %q", name, got, want)
		}
	}
}

// FuzzForm: no form panics the reader.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{"", "a=1", "a[]=1&a[]=2", "a[b]=1", "a[][b]=1&a[][b]=2", "a[b][c]=1", "a[=1", "[]=1", "a[][=2", "a=1&a[b]=2"} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, raw string) {
		if pairs, err := formPairs(raw); err == nil {
			addPairs(map[string]any{}, pairs)
		}
	})
}
