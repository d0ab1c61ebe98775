package gitlabtest

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestAuthMatrix is the heart of the simulator: who gets what, with the bodies that GitLab writes.
func TestAuthMatrix(t *testing.T) {
	const (
		none      = `{"message":"401 Unauthorized"}`
		forbidden = `{"message":"403 Forbidden"}`
	)
	tests := []struct {
		name, label, path string
		status            int
		body              string // substring
	}{
		{"no_token", "", "user", 401, none},
		{"public_project_needs_no_token", "", "projects/acme%2Fwebsite", 200, `"path_with_namespace":"acme/website"`},
		{"private_project_hides_from_anonymous", "", "projects/1000", 404, `{"message":"404 Project Not Found"}`},
		{"revoked", "revoked", "user", 401, `"error":"invalid_token","error_description":"Token was revoked.`},
		{"expired_on_the_day_itself", "expired", "user", 401, `"error_description":"Token is expired.`},
		{"blocked_user", "blocked", "user", 403, `{"message":"403 Forbidden - Your account has been blocked."}`},
		{"scope_too_small", "read-user", "projects", 403, `"error":"insufficient_scope"`},
		{"scope_is_named", "read-user", "projects", 403, `"scope":"api read_api"`},
		{"read_user_reads_user", "read-user", "user", 200, `"username":"dana"`},
		{"any_scope_knows_itself", "read-repository", "personal_access_tokens/self", 200, `"name":"clone only"`},
		{"member_by_group", "developer", "projects/1000", 200, `"id":1000`},
		{"member_role_too_low", "developer", "projects/1000/deploy_tokens", 403, forbidden},
		{"maintainer_by_group", "maintainer", "projects/1000/deploy_tokens", 200, `"username":"cart-pull"`},
		{"owner_inherits_downwards", "group-owner", "projects/1000/deploy_tokens", 200, `cart-pull`},
		{"outsider_sees_nothing", "outsider", "projects/1000/deploy_tokens", 404, `404 Project Not Found`},
		{"outsider_on_public_project", "outsider", "projects/1003/deploy_tokens", 403, forbidden},
		{"external_user_on_internal_project", "outsider", "projects/1002", 404, `404 Project Not Found`},
		{"member_elsewhere_on_internal_project", "reporter", "projects/1002", 200, `"visibility":"internal"`},
		{"group_is_visible_from_below", "developer", "groups/acme", 200, `"full_path":"acme"`},
		{"group_role_does_not_rise", "maintainer", "groups/acme/deploy_tokens", 403, forbidden},
		{"group_owner", "group-owner", "groups/acme/deploy_tokens", 200, `"name":"cluster pull"`},
		{"group_unknown", "group-owner", "groups/nope", 404, `{"message":"404 Group Not Found"}`},
		{"admin_route_for_user", "maintainer", "application/settings", 403, forbidden},
		{"admin_route_for_admin", "admin", "application/settings", 200, `"max_personal_access_token_lifetime":365`},
		{"admin_without_admin_mode", "admin-no-mode", "application/settings", 403, forbidden},
		{"admin_sees_every_project", "admin", "projects/1006", 200, `"kind":"user"`},
		{"admin_without_mode_is_a_stranger", "admin-no-mode", "projects/1006", 404, `404 Project Not Found`},
		{"auditor_reads_deploy_tokens", "auditor", "projects/1000/deploy_tokens", 200, `cart-pull`},
		{"auditor_is_no_admin", "auditor", "application/settings", 403, forbidden},
		{"project_bot_in_its_project", "project-bot", "projects/1000/access_tokens", 200, `"access_level":40`},
		{"project_bot_elsewhere", "project-bot", "projects/1001", 404, `404 Project Not Found`},
		{"group_bot_reaches_below", "group-bot", "projects/1000/access_tokens", 200, `"name":"release bot"`},
		{"enforced_group_refuses_classic_tokens", "group-owner", "groups/partners", 404, `404 Group Not Found`},
		{"enforced_group_refuses_below_too", "group-owner", "projects/1007", 404, `404 Project Not Found`},
		{"granular_inside_its_boundary", "granular", "projects/1000/deploy_tokens", 200, `cart-pull`},
		{"granular_outside_its_boundary", "granular", "projects/1003", 403, `"error":"insufficient_granular_scope"`},
		{"granular_without_the_permission", "granular", "groups/acme%2Fshop/projects", 200, `acme/shop/cart`},
		{"granular_knows_itself", "granular", "personal_access_tokens/self", 200, `"granular":true`},
		{"pending_deletion_is_gone", "admin", "projects/1005", 404, `404 Project Not Found`},
		{"job_token_is_no_private_token", "job", "user", 401, none},
		{"deploy_token_is_no_api_token", "project-deploy", "projects", 401, none},
	}
	s := newServer(t, Options{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := get(t, s, tt.label, tt.path)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.body) {
				t.Errorf("GET %s as %q = %d %.300s, want %d with %s", tt.path, tt.label, w.Code, w.Body, tt.status, tt.body)
			}
		})
	}
	if u := s.Unknown(); u != nil {
		t.Errorf("Unknown() = %q", u)
	}
}

func TestWaysToBringAToken(t *testing.T) {
	s := newServer(t, Options{})
	tests := []struct {
		name, header, value, path string
		status                    int
	}{
		{"bearer", "Authorization", "Bearer " + s.Token("maintainer"), "user", 200},
		{"private_token", "PRIVATE-TOKEN", s.Token("maintainer"), "user", 200},
		{"wrong", "PRIVATE-TOKEN", "glpat-EXAMPLE", "user", 401},
		{"job_token_where_allowed", "JOB-TOKEN", s.Token("job"), "projects/1000", 200},
		{"job_token_where_not_allowed", "JOB-TOKEN", s.Token("job"), "projects/1000/deploy_tokens", 401},
		{"job_token_on_a_closed_project", "JOB-TOKEN", s.Token("job"), "projects/1002", 404},
		{"job_token_on_an_open_project", "JOB-TOKEN", s.Token("job"), "projects/1001", 200},
		{"personal_token_as_job_token", "JOB-TOKEN", s.Token("maintainer"), "projects/1000", 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/api/v4/"+tt.path, nil)
			r.Header.Set(tt.header, tt.value)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Errorf("status %d %s, want %d", w.Code, w.Body, tt.status)
			}
		})
	}
}

// TestAdminModeTrap: without the scope, an administrator gets 200 and his own tokens only.
func TestAdminModeTrap(t *testing.T) {
	s := newServer(t, Options{})
	all := list(t, get(t, s, "admin", "personal_access_tokens?per_page=100"))
	own := list(t, get(t, s, "admin-no-mode", "personal_access_tokens?per_page=100"))
	if len(own) != 3 || len(all) < 20 {
		t.Errorf("with the scope %d tokens, without %d; want at least 20 and 3", len(all), len(own))
	}
	off := Default()
	off.AdminMode = false
	if n := len(list(t, get(t, newServer(t, Options{Profile: off}), "admin-no-mode", "personal_access_tokens?per_page=100"))); n != len(all) {
		t.Errorf("with Admin Mode off %d tokens, want %d", n, len(all))
	}
	if w := get(t, s, "maintainer", "personal_access_tokens?user_id=1"); w.Code != 401 {
		t.Errorf("another user's tokens = %d, want 401", w.Code)
	}
}

func TestLastUsedMoves(t *testing.T) {
	at := smallWorld(t).Now.Time
	s := newServer(t, Options{Clock: func() time.Time { return at }})
	used := func() any { return object(t, get(t, s, "reporter", "personal_access_tokens/self"))["last_used_at"] }
	first := used()
	at = at.Add(30 * time.Second)
	soon := used()
	at = at.Add(31 * time.Second)
	later := used()
	if first != "2026-11-22T08:00:00.000Z" || soon != first || later != "2026-11-22T08:01:01.000Z" {
		t.Errorf("last_used_at = %v, %v, %v", first, soon, later)
	}
}

func TestEnforceGranularInstance(t *testing.T) {
	p := Default()
	p.EnforceGranular = true
	s := newServer(t, Options{Profile: p})
	if w := get(t, s, "maintainer", "projects/1000"); w.Code != 404 {
		t.Errorf("classic personal token = %d, want 404", w.Code)
	}
	if w := get(t, s, "project-bot", "projects/1000"); w.Code != 200 {
		t.Errorf("project access token = %d, want 200", w.Code)
	}
}

func TestMovedProject(t *testing.T) {
	s := newServer(t, Options{})
	w := get(t, s, "developer", "projects/acme%2Fshop%2Fbasket/members?per_page=5")
	if want := "http://example.com/api/v4/projects/1000/members?per_page=5"; w.Code != 301 || w.Header().Get("Location") != want {
		t.Errorf("moved path = %d %q, want 301 %q", w.Code, w.Header().Get("Location"), want)
	}
	if w := get(t, s, "outsider", "projects/acme%2Fshop%2Fbasket"); w.Code != 404 {
		t.Errorf("moved path for an outsider = %d, want 404", w.Code)
	}
}
