package gitlabtest

import (
	"hash/crc32"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLoadRefuses(t *testing.T) {
	const head = "name: x\nnow: 2026-11-22\n"
	tests := []struct{ name, yaml, want string }{
		{"unknown_key", head + "userz: []\n", "userz"},
		{"unknown_key_deep", head + "users: [{username: a, pasword: b}]\n", "pasword"},
		{"no_clock", "name: x\n", "now is missing"},
		{"bad_time", "name: x\nnow: yesterday\n", "neither a date nor RFC 3339"},
		{"double_user", head + "users: [{username: a}, {username: A}]\n", `username "A"`},
		{"double_id", head + "users: [{username: a, id: 3}, {username: b, id: 3}]\n", "users: id 3 is given twice"},
		{"user_and_group_share_names", head + "users: [{username: a}]\ngroups: [{path: a}]\n", `group path "a"`},
		{"group_without_parent", head + "groups: [{path: a/b}]\n", `a/b parent: no group "a"`},
		{"project_without_namespace", head + "projects: [{path: a/b}]\n", `namespace "a"`},
		{"unknown_member", head + "groups: [{path: a, members: [{user: u, role: owner}]}]\n", `no user "u"`},
		{"unknown_role", head + "groups: [{path: a, members: [{user: u, role: boss}]}]\n", `unknown role`},
		{"unknown_scope", head + "users: [{username: a, access_tokens: [{name: t, scopes: [all]}]}]\n", `unknown scope "all"`},
		{"unknown_setting", head + "groups: [{path: a, settings: {colour: red}}]\n", `unknown setting "colour"`},
		{"double_label", head + "users: [{username: a, access_tokens: [{label: l}, {label: l}]}]\n", `label "l"`},
		{"bot_without_role", head + "groups: [{path: a, access_tokens: [{name: t}]}]\n", "needs an access_level"},
		{"secret_of_no_kind", head + "groups: [{path: a, description: '{{secret \"gold\" \"x\"}}'}]\n", "no such kind of secret"},
		{"token_of_no_label", head + "groups: [{path: a, description: '{{token \"x\"}}'}]\n", "no credential has this label"},
		{"runner_without_home", head + "runners: [{description: r, type: group_type}]\n", "does not fit"},
		{"hidden_but_not_masked", head + "variables: [{key: A, hidden: true}]\n", "hidden but not masked"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load([]byte(tt.yaml))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Load = %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestLoadReportsEverything(t *testing.T) {
	_, err := Load([]byte("name: x\nusers: [{username: a, state: odd}, {username: a}]\n"))
	for _, want := range []string{"now is missing", `"odd"`, `username "a"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Load = %v, want it to name %q too", err, want)
		}
	}
}

func TestEmbedded(t *testing.T) {
	for _, name := range EmbeddedNames() {
		if _, err := Embedded(name); err != nil {
			t.Errorf("Embedded(%q): %v", name, err)
		}
	}
	if _, err := Embedded("none"); err == nil || !strings.Contains(err.Error(), "small") {
		t.Errorf("Embedded(none) = %v, want an error that names the worlds", err)
	}
}

// TestSecretsAreDeterministic: the same seed gives the same values, another seed others.
func TestSecretsAreDeterministic(t *testing.T) {
	a, b, c := newServer(t, Options{}), newServer(t, Options{}), newServer(t, Options{Seed: "other"})
	if diff := cmp.Diff(a.Planted(), b.Planted()); diff != "" {
		t.Errorf("same seed, other secrets: %s", diff)
	}
	if a.Token("admin") != b.Token("admin") || a.Token("admin") == c.Token("admin") || a.Secret("mirror") != "" {
		t.Error("tokens do not follow the seed, or an ambiguous name has a value")
	}
	if a.Secret("password/mirror") == "" || a.Secret("password/mirror") == c.Secret("password/mirror") {
		t.Error("secrets do not follow the seed")
	}
}

func TestSecretForms(t *testing.T) {
	forms := map[string]string{
		"aws-access-key-id": `^AKIA[A-Z2-7]{16}$`, "aws-secret-access-key": `^[A-Za-z0-9+/]{40}$`, "github-pat": `^ghp_[0-9A-Za-z]{36}$`,
		"npm-token": `^npm_[0-9A-Za-z]{36}$`, "gitlab-pat-classic": `^glpat-[\w-]{20}$`, "google-api-key": `^AIza[\w-]{35}$`,
		"stripe-key": `^sk_live_[0-9A-Za-z]{24}$`, "uuid": `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`,
		"gitlab-pat":      `^(?:[\w-]+-)?gl(?:pat|rt|rtr|dt|ptt|agent|wt)-[0-9A-Za-z_-]{27,300}\.(?:[0-9a-z]{2}\.)?[0-9a-z]{9}$`,
		"ssh-private-key": `^-----BEGIN OPENSSH PRIVATE KEY-----\n`, "ssh-public-key": `^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5`,
	}
	for _, kind := range SecretKinds() {
		value, ok := makeSecret("seed", kind, "name")
		if !ok || value == "" {
			t.Errorf("%s: no value", kind)
		}
		if form := forms[kind]; form != "" && !regexp.MustCompile(form).MatchString(value) {
			t.Errorf("%s = %q, want %s", kind, value, form)
		}
		if other, _ := makeSecret("seed", kind, "other"); other == value {
			t.Errorf("%s: two names, one value", kind)
		}
	}
}

// TestRoutableToken checks length and checksum the way a scanner does, over every access token of the world.
func TestRoutableToken(t *testing.T) {
	s := newServer(t, Options{})
	for _, token := range s.st.tokens {
		if token.Classic {
			if !regexp.MustCompile(`^glpat-[\w-]{20}$`).MatchString(token.Value) {
				t.Errorf("classic token %q", token.Value)
			}
			continue
		}
		v := token.Value
		head, sum := v[:len(v)-7], v[len(v)-7:]
		n, err := strconv.ParseUint(sum, 36, 64)
		if err != nil || uint32(n) != crc32.ChecksumIEEE([]byte(head)) {
			t.Errorf("%s: checksum does not fit", v)
		}
		body, tail, _ := strings.Cut(strings.TrimPrefix(head, "glpat-"), ".")
		length, err := strconv.ParseUint(strings.TrimPrefix(tail, "01."), 36, 64)
		if err != nil || int(length) != len(body) {
			t.Errorf("%s: says %d, has %d characters", v, length, len(body))
		}
	}
}

func TestCloneIsDeep(t *testing.T) {
	a := smallWorld(t)
	b := clone(a)
	b.Projects[0].Variables[0].Value = "changed"
	b.Projects[0].Repository.Commits[0].Files["README.md"] = "changed"
	b.Groups[0].Settings["require_two_factor_authentication"] = false
	b.Projects[0].CI.Jobs[0]["name"] = "changed"
	if diff := cmp.Diff(smallWorld(t).Projects[0].Variables[0], a.Projects[0].Variables[0]); diff != "" {
		t.Error(diff)
	}
	if a.Projects[0].Repository.Commits[0].Files["README.md"] == "changed" || a.Projects[0].CI.Jobs[0]["name"] == "changed" ||
		a.Groups[0].Settings["require_two_factor_authentication"] == false {
		t.Error("a change of the copy reached the original")
	}
}

// TestSmallWorldHasEverything: routes that others write can be tested on this world, whatever they serve.
func TestSmallWorldHasEverything(t *testing.T) {
	seen := map[string]bool{}
	s := newServer(t, Options{})
	eachID(s.st.w, func(table string, id *int64) { seen[table] = *id > 0 })
	for _, table := range []string{"namespaces", "users", "keys", "gpg_keys", "access_tokens", "runners", "runner_managers",
		"runner_controllers", "runner_controller_tokens", "applications", "hooks", "hook_deliveries", "deploy_tokens", "integrations",
		"ssh_certificates", "schedules", "triggers", "secure_files", "pipelines", "jobs", "error_tracking_keys", "alert_integrations",
		"environments", "agents", "agent_tokens", "push_mirrors", "pull_mirrors", "terraform_states", "freeze_periods", "access_rules",
		"protected_branches", "projects", "audit_events"} {
		if !seen[table] {
			t.Errorf("the small world has no %s", table)
		}
	}
	for _, label := range []string{"admin", "admin-no-mode", "auditor", "group-owner", "maintainer", "developer", "reporter", "project-bot",
		"group-bot", "service-account", "read-user", "read-repository", "expired", "revoked", "blocked", "granular", "job"} {
		if s.Token(label) == "" {
			t.Errorf("the small world has no token %q", label)
		}
	}
	if got := s.st.projects[1000].Repository.Commits[2].Files["try.sh"]; !strings.Contains(got, s.Token("developer")) {
		t.Errorf("the leaked token is not in the repository: %q", got)
	}
}
