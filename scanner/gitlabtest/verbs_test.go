package gitlabtest

import (
	"net/http"
	"strings"
	"testing"
)

// verb is one state-changing request and what must be different after it.
type verb struct {
	name   string
	as     string
	call   string // METHOD path
	form   string
	status int
	event  string // the audit event that it writes, "" for none
	// look and shows are a request of the administrator and a text that its answer must hold; "!" in front: must not.
	look, shows string
}

// verbs run in this order on one server: the whole life of each kind of credential.
func verbs() []verb {
	const p, g = "projects/1000", "groups/100"
	return []verb{
		{"personal_token_for_somebody", "admin-write", "POST users/5/personal_access_tokens", "name=made&scopes[]=read_api", 201, "personal_access_token_created", "personal_access_tokens?user_id=5&search=made", `"active":true`},
		{"impersonation_token", "admin-write", "POST users/5/impersonation_tokens", "name=support&scopes[]=api&expires_at=2026-12-01", 201, "", "users/5/impersonation_tokens", `"name":"support"`},
		{"impersonation_token_ends", "admin-write", "DELETE users/4/impersonation_tokens/12", "", 204, "", "users/4/impersonation_tokens", `"revoked":true`},
		{"ssh_key", "maintainer-write", "POST user/keys", "title=new&key=ssh-ed25519+AAAA", 201, "add_ssh_key", "users/4/keys", `"title":"new"`},
		{"service_account", "group-owner-write", "POST groups/100/service_accounts", "name=Builder", 201, "user_created", g + "/service_accounts", `"name":"Builder"`},
		{"service_account_token", "group-owner-write", "POST groups/100/service_accounts/9/personal_access_tokens", "name=second&scopes[]=read_api", 201, "personal_access_token_created", "personal_access_tokens?user_id=9", `"name":"second"`},
		{"service_account_ends", "group-owner-write", "DELETE groups/100/service_accounts/9", "", 204, "user_destroyed", "users?username=service_account_group_acme_deployer", "[]"},
		{"service_account_of_another_home", "group-owner-write", "DELETE groups/100/service_accounts/10", "", 404, "", "", ""},

		{"member_joins", "maintainer-write", "POST " + p + "/members", "user_id=8&access_level=30", 201, "member_created", p + "/members", `"username":"otto"`},
		{"member_rises", "maintainer-write", "PUT " + p + "/members/8", "access_level=40", 200, "member_updated", p + "/members/8", `"access_level":40`},
		{"member_above_the_caller", "maintainer-write", "PUT " + p + "/members/8", "access_level=50", 400, "", "", ""},

		{"trigger", "maintainer-write", "POST " + p + "/triggers", "description=from+the+form", 201, "", p + "/triggers", "from the form"},
		{"schedule", "maintainer-write", "POST " + p + "/pipeline_schedules", "description=hourly&ref=main&cron=0+*+*+*+*", 201, "", p + "/pipeline_schedules", `"description":"hourly"`},
		{"schedule_of_somebody_else", "developer", "PUT " + p + "/pipeline_schedules/1", "active=false", 403, "", "", ""},
		{"schedule_stops", "maintainer-write", "PUT " + p + "/pipeline_schedules/1", "active=false", 200, "", p + "/pipeline_schedules/1", `"active":false`},
		{"schedule_variable", "maintainer-write", "POST " + p + "/pipeline_schedules/1/variables", "key=EXTRA&value=EXAMPLE", 201, "", p + "/pipeline_schedules/1", `"key":"EXTRA"`},
		{"schedule_variable_ends", "maintainer-write", "DELETE " + p + "/pipeline_schedules/1/variables/EXTRA", "", 202, "", p + "/pipeline_schedules/1", `!"key":"EXTRA"`},
		{"schedule_taken_over", "group-owner-write", "POST " + p + "/pipeline_schedules/1/take_ownership", "", 201, "", p + "/pipeline_schedules/1", `"username":"olivia"`},
		{"secure_file", "maintainer-write", "POST " + p + "/secure_files", "name=new.p12&file=EXAMPLE", 201, "", p + "/secure_files", `"name":"new.p12"`},
		{"secure_file_ends", "maintainer-write", "DELETE " + p + "/secure_files/1", "", 204, "", p + "/secure_files", `!"id":1,`},
		{"job_token_project", "maintainer-write", "POST " + p + "/job_token_scope/allowlist", "target_project_id=1003", 201, "secure_ci_job_token_project_added", p + "/job_token_scope/allowlist", `"id":1003`},
		{"job_token_project_again", "maintainer-write", "POST " + p + "/job_token_scope/allowlist", "target_project_id=1003", 400, "", "", ""},
		{"job_token_project_ends", "maintainer-write", "DELETE " + p + "/job_token_scope/allowlist/1003", "", 204, "secure_ci_job_token_project_removed", p + "/job_token_scope/allowlist", `!"id":1003`},
		{"job_token_group", "maintainer-write", "POST " + p + "/job_token_scope/groups_allowlist", "target_group_id=100", 201, "secure_ci_job_token_group_added", p + "/job_token_scope/groups_allowlist", `"id":100`},
		{"job_token_gate_opens", "maintainer-write", "PATCH " + p + "/job_token_scope", "enabled=false", 204, "secure_ci_job_token_inbound_disabled", p + "/job_token_scope", `"inbound_enabled":false`},
		{"instance_variable", "admin-write", "POST admin/ci/variables", "key=NEW_PROXY&value=EXAMPLE", 201, "ci_instance_variable_created", "admin/ci/variables", "NEW_PROXY"},
		{"instance_variable_ends", "admin-write", "DELETE admin/ci/variables/NEW_PROXY", "", 204, "ci_instance_variable_deleted", "admin/ci/variables", "!NEW_PROXY"},

		{"runner", "maintainer-write", "POST user/runners", "runner_type=project_type&project_id=1000&description=fresh", 201, "ci_runner_created", p + "/runners", `"description":"fresh"`},
		{"runner_token_reset", "maintainer-write", "POST runners/3/reset_authentication_token", "", 201, "ci_runner_token_reset", "", ""},
		{"runner_ends", "maintainer-write", "DELETE runners/3", "", 204, "ci_runner_unregistered", "runners/all", `!under the desk`},
		{"registration_token_reset", "maintainer-write", "POST " + p + "/runners/reset_registration_token", "", 201, "", "", ""},

		{"webhook", "maintainer-write", "POST " + p + "/hooks", "url=https://new.acme.example&token=EXAMPLE", 201, "webhook_created", p + "/hooks", `https://new.acme.example`},
		{"webhook_header", "maintainer-write", "PUT " + p + "/hooks/3/custom_headers/X-New", "value=EXAMPLE", 204, "", p + "/hooks/3", "X-New"},
		{"webhook_ends", "maintainer-write", "DELETE " + p + "/hooks/3", "", 204, "webhook_destroyed", p + "/hooks", `!"id":3,`},
		{"group_webhook", "group-owner-write", "POST " + g + "/hooks", "url=https://group.acme.example", 201, "webhook_created", g + "/hooks", "https://group.acme.example"},
		{"integration", "maintainer-write", "PUT " + p + "/integrations/jira", "url=https://jira.acme.example&password=EXAMPLE", 200, "", p + "/integrations/jira", `!EXAMPLE`},
		{"integration_ends", "maintainer-write", "DELETE " + p + "/integrations/jira", "", 204, "", p + "/integrations", "!jira"},

		{"deploy_key", "maintainer-write", "POST " + p + "/deploy_keys", "title=new+key&key=ssh-ed25519+AAAANEW&can_push=true", 201, "deploy_key_added", p + "/deploy_keys", `"title":"new key"`},
		{"deploy_key_of_another_project", "group-owner-write", "POST projects/1003/deploy_keys", "title=again&key=ssh-ed25519+AAAANEW", 201, "deploy_key_added", "projects/1003/deploy_keys", `"title":"new key"`},
		{"agent", "maintainer-write", "POST " + p + "/cluster_agents", "name=staging", 201, "cluster_agent_created", p + "/cluster_agents", `"name":"staging"`},
		{"agent_token", "maintainer-write", "POST " + p + "/cluster_agents/1/tokens", "name=second", 201, "cluster_agent_token_created", p + "/cluster_agents/1/tokens", `"name":"second"`},
		{"agent_token_third", "maintainer-write", "POST " + p + "/cluster_agents/1/tokens", "name=third", 400, "", "", ""},
		{"agent_ends", "maintainer-write", "DELETE " + p + "/cluster_agents/1", "", 204, "cluster_agent_deleted", p + "/cluster_agents", `!"id":1,`},
		{"push_mirror", "maintainer-write", "POST " + p + "/remote_mirrors", "url=https://u:EXAMPLE@git.partner.example/x.git&enabled=true", 201, "", p + "/remote_mirrors", "https://*****:*****@git.partner.example/x.git"},
		{"push_mirror_ends", "maintainer-write", "DELETE " + p + "/remote_mirrors/1", "", 204, "", p + "/remote_mirrors", `!"id":1,`},
		{"pull_mirror", "maintainer-write", "PUT projects/1001/mirror/pull", "url=https://up.example/y.git&enabled=true", 200, "", "projects/1001/mirror/pull", "up.example"},
		{"application", "admin-write", "POST applications", "name=New&redirect_uri=https://x.example&scopes=read_api", 201, "oauth_application_created", "applications", `"application_name":"New"`},
	}
}

func TestVerbsChangeTheState(t *testing.T) {
	s := newServer(t, Options{RepoDir: t.TempDir()})
	runVerbs(t, s, verbs())
	runVerbs(t, s, setupVerbs())
	if u := s.Unknown(); u != nil {
		t.Errorf("Unknown() = %q", u)
	}
}

func runVerbs(t *testing.T, s *Server, list []verb) {
	t.Helper()
	for _, v := range list {
		t.Run(v.name, func(t *testing.T) {
			before := len(s.st.w.AuditEvents)
			method, path, _ := strings.Cut(v.call, " ")
			w := call(t, s, method, v.as, path, v.form)
			if w.Code != v.status {
				t.Fatalf("%s as %s = %d %s, want %d", v.call, v.as, w.Code, w.Body, v.status)
			}
			events := ""
			for _, e := range s.st.w.AuditEvents[before:] {
				events += e.Event
			}
			if events != v.event {
				t.Errorf("%s wrote the audit events %q, want %q", v.call, events, v.event)
			}
			if v.look == "" {
				return
			}
			body := get(t, s, "admin", v.look).Body.String()
			text, absent := strings.CutPrefix(v.shows, "!")
			if strings.Contains(body, text) == absent {
				t.Errorf("after it %s = %s; want %q: %v", v.look, body, text, !absent)
			}
		})
	}
}

// TestBlockedUserStops follows one leaver: his tokens die, his schedules and jobs stop, and unblocking starts none.
func TestBlockedUserStops(t *testing.T) {
	s := newServer(t, Options{})
	active := func() string { return get(t, s, "admin", "projects/1000/pipeline_schedules/1").Body.String() }
	if !strings.Contains(active(), `"active":true`) {
		t.Fatalf("the world's schedule is off: %s", active())
	}
	if w := call(t, s, http.MethodPost, "admin-write", "users/4/block", ""); w.Code != 201 || w.Body.String() != "true" {
		t.Fatalf("block = %d %s", w.Code, w.Body)
	}
	if w := get(t, s, "maintainer", "user"); w.Code != 403 {
		t.Errorf("token of a blocked user = %d, want 403", w.Code)
	}
	if got := active(); !strings.Contains(got, `"active":false`) || !strings.Contains(got, `"next_run_at":null`) {
		t.Errorf("schedule of a blocked user = %s", got)
	}
	call(t, s, http.MethodPost, "admin-write", "users/4/unblock", "")
	if w := get(t, s, "maintainer", "user"); w.Code != 200 {
		t.Errorf("token after unblocking = %d, want 200", w.Code)
	}
	if got := active(); !strings.Contains(got, `"active":false`) {
		t.Errorf("unblocking started the schedule: %s", got)
	}
	for path, want := range map[string]int{"users/1/block": 403, "users/12/block": 403, "users/999/block": 404, "users/4/activate": 201, "users/7/deactivate": 403, "users/7/activate": 403} {
		if w := call(t, s, http.MethodPost, "admin-write", path, ""); w.Code != want {
			t.Errorf("POST %s = %d %s, want %d", path, w.Code, w.Body, want)
		}
	}
	if w := call(t, s, http.MethodPost, "maintainer-write", "users/5/block", ""); w.Code != 403 {
		t.Errorf("block by a maintainer = %d, want 403", w.Code)
	}
}

// TestDeletedUserLeavesNoCredential: tokens, triggers, memberships and personal projects go; schedules stay ownerless.
func TestDeletedUserLeavesNoCredential(t *testing.T) {
	s := newServer(t, Options{})
	if w := call(t, s, http.MethodDelete, "admin-write", "users/4", ""); w.Code != 204 {
		t.Fatalf("delete = %d %s", w.Code, w.Body)
	}
	if w := get(t, s, "maintainer", "user"); w.Code != 401 {
		t.Errorf("his token = %d, want 401", w.Code)
	}
	for path, absent := range map[string]string{
		"projects/1000/triggers": `"username":"mark"`, "projects/1000/members": `"username":"mark"`, "projects": `"path_with_namespace":"mark/cart"`,
		"personal_access_tokens?per_page=100": `"user_id":4,`, "users": `"username":"mark"`,
	} {
		if body := get(t, s, "admin", path).Body.String(); strings.Contains(body, absent) {
			t.Errorf("%s still holds %s", path, absent)
		}
	}
	if got := object(t, get(t, s, "admin", "projects/1000/pipeline_schedules/1")); got["owner"] != nil || got["active"] != false {
		t.Errorf("his schedule = %v", got)
	}
}

// TestRevokeWhateverItIs ends found values without knowing their kind.
func TestRevokeWhateverItIs(t *testing.T) {
	s := newServer(t, Options{})
	for _, label := range []string{"developer", "project-bot", "group-deploy", "trigger-lena", "agent", "runner-project", "oauth-app"} {
		value := s.Token(label)
		if w := call(t, s, http.MethodDelete, "admin-write", "admin/token", "token="+value); w.Code != 204 {
			t.Errorf("revoke %s = %d %s", label, w.Code, w.Body)
		}
	}
	for label, want := range map[string]int{"trigger-lena": 404, "agent": 404, "runner-project": 404, "oauth-app": 404, "developer": 200} {
		if w := call(t, s, http.MethodPost, "admin-write", "admin/token", "token="+s.Token(label)); w.Code != want {
			t.Errorf("look up %s afterwards = %d, want %d", label, w.Code, want)
		}
	}
	if w := get(t, s, "developer", "user"); w.Code != 401 {
		t.Errorf("a revoked token = %d, want 401", w.Code)
	}
	if w := call(t, s, http.MethodDelete, "admin-write", "admin/token", "token=glpat-EXAMPLE"); w.Code != 404 {
		t.Errorf("an unknown value = %d, want 404", w.Code)
	}
	if w := call(t, s, http.MethodPost, "group-owner-write", "groups/100/tokens/revoke", "token="+s.Token("group-bot")); w.Code != 200 || object(t, w)["revoked"] != true {
		t.Errorf("group revocation = %d %s", w.Code, w.Body)
	}
	if w := call(t, s, http.MethodPost, "group-owner-write", "groups/100/tokens/revoke", "token="+s.Token("outsider")); w.Code != 422 {
		t.Errorf("group revocation of a stranger's token = %d, want 422", w.Code)
	}
}
