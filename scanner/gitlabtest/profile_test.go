package gitlabtest

import (
	"strings"
	"testing"
)

// TestProfileFields: each field is there exactly where the version, tier or role has it.
func TestProfileFields(t *testing.T) {
	old := Profile{Version: "17.11", Tier: Ultimate, Offering: SelfManaged, AdminMode: true}
	mid := Profile{Version: "18.11", Tier: Free, Offering: SelfManaged, AdminMode: true}
	tests := []struct {
		name    string
		profile Profile
		label   string
		path    string
		field   string
		there   bool
	}{
		{"ips_now", Default(), "maintainer", "personal_access_tokens/self", "last_used_ips", true},
		{"no_ips_in_17_11", old, "maintainer", "personal_access_tokens/self", "last_used_ips", false},
		{"granular_in_18_11", mid, "maintainer", "personal_access_tokens/self", "granular", true},
		{"no_granular_in_17_11", old, "maintainer", "personal_access_tokens/self", "granular", false},
		{"granular_scopes_of_a_granular_token", Default(), "granular", "personal_access_tokens/self", "granular_scopes", true},
		{"no_granular_scopes_of_a_classic_token", Default(), "maintainer", "personal_access_tokens/self", "granular_scopes", false},
		{"created_by_for_admins", Default(), "admin", "users/5", "created_by", true},
		{"created_by_absent_for_others", Default(), "maintainer", "users/5", "created_by", false},
		{"is_admin_absent_for_others", Default(), "maintainer", "user", "is_admin", false},
		{"is_admin_of_oneself", Default(), "admin-no-mode", "user", "is_admin", true},
		{"auditor_flag_needs_premium", mid, "admin", "users/2", "is_auditor", false},
		{"auditor_flag", Default(), "admin", "users/2", "is_auditor", true},
		{"runners_token_for_maintainers", Default(), "maintainer", "projects/1000", "runners_token", true},
		{"runners_token_absent_for_developers", Default(), "developer", "projects/1000", "runners_token", false},
		{"fork_parent", Default(), "maintainer", "projects/1006", "forked_from_project", true},
		{"lifetime_setting_is_ultimate", mid, "admin", "application/settings", "max_personal_access_token_lifetime", false},
		{"granular_setting_is_young", old, "admin", "application/settings", "enforce_granular_tokens", false},
		{"proxy_url_in_metadata", Default(), "maintainer", "metadata", "kas", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := object(t, get(t, newServer(t, Options{Profile: tt.profile}), tt.label, tt.path))
			if _, there := o[tt.field]; there != tt.there {
				t.Errorf("%s in %s: there = %v, want %v", tt.field, tt.path, there, tt.there)
			}
		})
	}
}

func TestProfileRoutes(t *testing.T) {
	p := Default()
	p.Offering = SaaS
	saas := newServer(t, Options{Profile: p})
	if w := get(t, saas, "admin", "applications"); w.Code != 404 {
		t.Errorf("applications on .com = %d, want 404", w.Code)
	}
	if u := saas.Unknown(); u != nil {
		t.Errorf("a route that this offering lacks counts as unknown: %q", u)
	}
	if w := get(t, saas, "revoked", "applications"); w.Code != 401 {
		t.Errorf("a dead token on an absent route = %d, want 401", w.Code)
	}
	p.Tier = Free
	if w := get(t, newServer(t, Options{Profile: p}), "maintainer", "projects/1000/access_tokens"); w.Code != 404 {
		t.Errorf("project access tokens on .com free = %d, want 404", w.Code)
	}
	old := Profile{Version: "16.9", Tier: Premium, Offering: SelfManaged}
	if w := get(t, newServer(t, Options{Profile: old}), "maintainer", "personal_access_tokens/self/associations"); w.Code != 404 {
		t.Errorf("associations in 16.9 = %d, want 404", w.Code)
	}
}

func TestProfileIsChecked(t *testing.T) {
	for _, p := range []Profile{{Version: "new", Offering: SaaS}, {Version: "19.6"}} {
		if _, err := New(smallWorld(t), Options{Profile: p}); err == nil {
			t.Errorf("profile %+v was taken", p)
		}
	}
}

func TestVersionsCompare(t *testing.T) {
	p := Profile{Version: "18.11"}
	for v, want := range map[string]bool{"": true, "9.5": true, "18.2": true, "18.11": true, "18.12": false, "19.0": false} {
		if p.Has(v) != want {
			t.Errorf("18.11 has %q = %v, want %v", v, !want, want)
		}
	}
}

// TestRouteTable: the table is sane before anybody asks anything.
func TestRouteTable(t *testing.T) {
	root := &tree{}
	table := routes()
	for i, r := range table {
		where := r.Method + " " + r.Path
		if !root.plant(&table[i]) {
			t.Errorf("%s stands twice", where)
		}
		if r.Handle == nil {
			t.Errorf("%s has no handler", where)
		}
		if r.Role > NoRole && !strings.HasPrefix(r.Path, "projects/:id") && !strings.HasPrefix(r.Path, "groups/:id") {
			t.Errorf("%s asks for a role without a home", where)
		}
		if r.Admin && (r.Role > NoRole || r.Anonymous) {
			t.Errorf("%s asks for an administrator and for less", where)
		}
		if r.Since != "" && versionNumber(r.Since) == 0 || r.Until != "" && versionNumber(r.Until) == 0 {
			t.Errorf("%s: version %q or %q", where, r.Since, r.Until)
		}
		if r.Paging != NoPaging && r.Method != "GET" {
			t.Errorf("%s pages", where)
		}
		for _, s := range r.Scopes {
			if !contains(tokenScopes(), s) {
				t.Errorf("%s: scope %q", where, s)
			}
		}
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func TestRouteMatching(t *testing.T) {
	root := &tree{}
	for _, p := range []string{"projects/:id", "projects/:id/files/*path/raw", "projects/:id/members/all", "projects/:id/members/:user_id", "/*repo/info/refs"} {
		root.plant(&Route{Method: "GET", Path: p})
	}
	tests := []struct{ path, route, vals string }{
		{"api/v4/projects/a%2Fb", "projects/:id", "a/b"},
		{"api/v4/projects/a/b", "", ""},
		{"api/v4/projects/1/files/x%2Fy.txt/raw", "projects/:id/files/*path/raw", "1 x/y.txt"},
		{"api/v4/projects/1/files/x/y.txt/raw", "projects/:id/files/*path/raw", "1 x/y.txt"},
		{"api/v4/projects/1/members/all", "projects/:id/members/all", "1"},
		{"api/v4/projects/1/members/7", "projects/:id/members/:user_id", "1 7"},
		{"g/s/p.git/info/refs", "/*repo/info/refs", "g/s/p.git"},
		{"api/v4/projects/", "", ""},
	}
	for _, tt := range tests {
		methods, vals := root.find(strings.Split(tt.path, "/"), nil)
		got := ""
		if methods != nil {
			got = methods["GET"].route.Path
		}
		if got != tt.route || strings.Join(vals, " ") != tt.vals {
			t.Errorf("find(%s) = %q %q, want %q %q", tt.path, got, vals, tt.route, tt.vals)
		}
	}
}
