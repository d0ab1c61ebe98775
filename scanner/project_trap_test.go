package scanner

import (
	"context"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"nhiscan/inventory"
	"nhiscan/scanner/gitlabtest"
)

// projectSources are the sources whose tests stand here.
func projectSources() []Source {
	return []Source{
		runner, deployKey, registrationToken, trigger, pipelineSchedule, variable, secureFile, jobTokenScope, agent, webhook, integration, mirror,
		errorTrackingKey, alertIntegration, pagesDomain, terraformState, protectedBranch, protectedTag, environment,
	}
}

// rows returns all rows of a scan as text, and one row by its ID.
func (s *scanned) rowsOf(t *testing.T) (all []string, one func(id string) string) {
	t.Helper()
	if s.Err != nil {
		t.Fatal(s.Err)
	}
	byID := map[string]string{}
	for _, o := range mergeVisits(s.visits, func(v inventory.Visit) bool { return true }) {
		text := rowText(o)
		all = append(all, text)
		kind, id := o.Row()
		byID[string(kind)+" "+id] = text
	}
	return all, func(id string) string { return byID[id] }
}

func (s *scanned) covered(source, ref string) inventory.Coverage {
	return s.coverage[inventory.Visit{Source: source, Home: testInstance + "/home/" + ref}]
}

func (s *scanned) asked(method, path string) int {
	n := 0
	for _, r := range s.Server.Requests() {
		if r.Method == method && r.Path == path {
			n++
		}
	}
	return n
}

func want(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %s\nwant %s", what, got, want)
	}
}

// fields picks "name=value" parts out of a row's text, which no value of these tests breaks.
func fields(row string, names ...string) string {
	var out []string
	for _, part := range strings.Fields(row) {
		name, _, ok := strings.Cut(part, "=")
		if ok && slices.Contains(names, name) {
			out = append(out, part)
		}
	}
	return strings.Join(out, " ")
}

// Trap 7: a hidden variable has no value, and a masked one says nothing about its.
func TestTrapHiddenVariable(t *testing.T) {
	_, one := setup{Role: "maintainer", Sources: []Source{variable}}.scan(t).rowsOf(t)
	row := one("location test/variable/project:1000/SIGNING_KEY/%2A")
	want(t, "hidden variable", fields(row, "hidden", "masked", "secret_like", "fingerprint", "hint"), "hidden=true masked=true secret_like=true")
}

// Several scopes of one key are several variables.
func TestTrapOneKeyManyScopes(t *testing.T) {
	_, one := setup{Role: "maintainer", Sources: []Source{variable}}.scan(t).rowsOf(t)
	a, b := one("location test/variable/project:1000/STRIPE_KEY/production"), one("location test/variable/project:1000/STRIPE_KEY/staging")
	if a == "" || b == "" || fields(a, "fingerprint") == fields(b, "fingerprint") {
		t.Errorf("scopes of one key: %s\n%s\nwant two places with two values", a, b)
	}
}

// Before 17.4 no variable is hidden, and before 19.0 nothing tells of a webhook's token: absent is not false.
func TestTrapAbsentIsNotFalse(t *testing.T) {
	old := gitlabtest.Default()
	old.Version = "17.3"
	_, one := setup{Sources: []Source{webhook}, Options: gitlabtest.Options{Profile: old}}.scan(t).rowsOf(t)
	if row := one("identity test/identity/webhook/2"); strings.Contains(row, "token_present") || one("credential test/credential/webhook-secret/2") != "" {
		t.Errorf("webhook of an old version = %s, want nothing said of its token", row)
	}
	_, one = setup{Sources: []Source{variable}, Options: gitlabtest.Options{
		Profile: old, Faults: []gitlabtest.Fault{{Kind: gitlabtest.ServerError, Status: 404, Path: "/api/graphql"}},
	}}.scan(t).rowsOf(t)
	want(t, "hidden", fields(one("location test/variable/project:1000/LOG_LEVEL/%2A"), "hidden", "masked"), "masked=false")
}

// A credential typed into a webhook's address comes back in clear: it is an exposure, and leaves no trace.
func TestTrapCredentialInWebhookURL(t *testing.T) {
	s := setup{Role: "maintainer", Sources: []Source{webhook}}.scan(t)
	all, _ := s.rowsOf(t)
	text := strings.Join(all, "\n")
	if !strings.Contains(text, `surface="url"`) {
		t.Errorf("no exposure in the address of a webhook:\n%s", text)
	}
	noSecrets(t, s, text)
}

// Trap 13: the instance list is whole for an administrator only; without Admin Mode each project is asked.
func TestTrapDeployKeysWithoutAdminMode(t *testing.T) {
	admin, mode := setup{Sources: []Source{deployKey}}.scan(t), setup{Role: "group-owner", Sources: []Source{deployKey}}.scan(t)
	if n := admin.asked("GET", "/api/v4/projects/1000/deploy_keys"); n != 0 {
		t.Errorf("an administrator asked %d times for one project's keys, want the instance list only", n)
	}
	if n := mode.asked("GET", "/api/v4/deploy_keys"); n != 0 {
		t.Errorf("a group owner asked %d times for the instance list", n)
	}
	_, one := admin.rowsOf(t)
	if row := one("credential test/credential/deploy-key/5"); !strings.Contains(row, `"public":"true"`) {
		t.Errorf("public key = %s, want public", row)
	}
	grants, _ := admin.rowsOf(t)
	others, _ := mode.rowsOf(t)
	pick := func(rows []string) (out []string) {
		for _, r := range rows {
			if strings.HasPrefix(r, "grant test/grant/deploy-key") {
				out = append(out, r)
			}
		}
		return out
	}
	if diff := gocmp.Diff(pick(grants), pick(others)); diff != "" {
		t.Errorf("grants by instance list and by project (-admin +owner):\n%s", diff)
	}
}

// A version whose instance list does not name read-only projects leaves them to the projects' own lists.
func TestTrapDeployKeysReadOnlyNotTold(t *testing.T) {
	tests := map[string]bool{`{"id":1,"projects_with_write_access":[]}`: false, `{"id":1,"projects_with_readonly_access":[]}`: true}
	for body, want := range tests {
		v := visitOf(t, cannedServer(t, "["+body+"]"))
		all, err := listDeployKeys(context.Background(), v)
		if err != nil || all.readOnlyShown != want {
			t.Errorf("instance list %s = %+v, %v; want read-only projects shown %t", body, all, err, want)
		}
	}
}

// Trap 14: the REST list of agent tokens holds active ones, without their last use: the item adds it.
func TestTrapAgentTokensByREST(t *testing.T) {
	s := setup{Role: "developer", Sources: []Source{agent}, Options: gitlabtest.Options{
		Faults: []gitlabtest.Fault{{Kind: gitlabtest.ServerError, Status: 404, Path: "/api/graphql"}},
	}}.scan(t)
	_, one := s.rowsOf(t)
	want(t, "last use", fields(one("credential test/credential/agent-token/1"), "last_used_at", "state"), `last_used_at="2026-11-22T07:58:00Z" state="active"`)
	if row := one("credential test/credential/agent-token/2"); row != "" {
		t.Errorf("revoked token = %s, want none: REST does not list it", row)
	}
}

// An item that fails leaves the row as the list has it, and makes the visit partial.
func TestTrapItemFails(t *testing.T) {
	s := setup{Role: "maintainer", Sources: []Source{agent, pipelineSchedule, integration, runner}, Options: gitlabtest.Options{Faults: []gitlabtest.Fault{
		{Kind: gitlabtest.ServerError, Status: 404, Path: "/api/graphql"},
		{Kind: gitlabtest.ServerError, Status: 403, Path: "/api/v4/projects/1000/cluster_agents/1/tokens/1"},
		{Kind: gitlabtest.ServerError, Status: 403, Path: "/api/v4/projects/1000/pipeline_schedules/1"},
		{Kind: gitlabtest.ServerError, Status: 403, Path: "/api/v4/projects/1000/integrations/jira"},
		{Kind: gitlabtest.ServerError, Status: 403, Path: "/api/v4/runners/3"},
	}}}.scan(t)
	_, one := s.rowsOf(t)
	for source, row := range map[string]string{
		"agent": "credential test/credential/agent-token/1", "pipeline-schedule": "identity test/identity/schedule/1",
		"integration": "identity test/identity/integration/2", "runner": "identity test/identity/runner/3",
	} {
		if c := s.covered(source, "project:1000"); c.State != inventory.Partial || c.Reason == "" {
			t.Errorf("%s = %s (%s), want partial with a reason", source, c.State, c.Reason)
		}
		if one(row) == "" {
			t.Errorf("%s: row %s is lost", source, row)
		}
	}
	if row := one("credential test/credential/agent-token/1"); strings.Contains(row, "last_used_at") {
		t.Errorf("agent token = %s, want its last use unknown", row)
	}
}

// Trap 15: inherited integrations count once, where they are made; inactive ones are not listed.
func TestTrapInheritedIntegration(t *testing.T) {
	all, _ := setup{Sources: []Source{integration}}.scan(t).rowsOf(t)
	var names []string
	for _, r := range all {
		if strings.HasPrefix(r, "identity test/identity/integration/") {
			names = append(names, fields(r, "home"))
		}
	}
	if diff := gocmp.Diff([]string{`home="test/home/group:100"`, `home="test/home/project:1000"`}, names); diff != "" {
		t.Errorf("integrations (-want +got):\n%s", diff)
	}
}

// Trap 17: shared and group runners appear in each project's list, and are not the project's.
func TestTrapSharedRunners(t *testing.T) {
	for name, faults := range map[string][]gitlabtest.Fault{
		"graphql": nil, "rest": {{Kind: gitlabtest.ServerError, Status: 404, Path: "/api/graphql"}},
	} {
		s := setup{Role: "maintainer", Sources: []Source{runner}, Options: gitlabtest.Options{Faults: faults}}.scan(t)
		all, _ := s.rowsOf(t)
		for _, r := range all {
			if strings.Contains(r, "runner/1") || strings.HasPrefix(r, "grant test/grant/runner/identity%2Frunner%2F2") {
				t.Errorf("%s: %s, want no shared runner attributed to a project", name, r)
			}
		}
	}
}

// A token's expiry that is null says "never" only to somebody who may see it.
func TestTrapRunnerExpiryHidden(t *testing.T) {
	_, one := setup{Role: "maintainer", Sources: []Source{runner}}.scan(t).rowsOf(t)
	want(t, "group runner's expiry to a Maintainer", fields(one("credential test/credential/runner-token/2"), "expires_at"), "")
	_, one = setup{Role: "group-owner", Sources: []Source{runner}}.scan(t).rowsOf(t)
	want(t, "group runner's expiry to its Owner", fields(one("credential test/credential/runner-token/2"), "expires_at"), `expires_at="2027-03-01T08:00:00Z"`)
}

// The whole value of a trigger token is shown to its owner; four characters are no value.
func TestTrapForeignTriggerToken(t *testing.T) {
	s := setup{Role: "maintainer", Sources: []Source{trigger}}.scan(t)
	all, one := s.rowsOf(t)
	if fields(one("credential test/credential/trigger-token/1"), "fingerprint") == "" {
		t.Error("own trigger token has no fingerprint")
	}
	want(t, "foreign trigger token", fields(one("credential test/credential/trigger-token/2"), "fingerprint", "hint"), "")
	noSecrets(t, s, strings.Join(all, "\n"))
}

// Mirrors' addresses are scrubbed: that a credential exists is told, and a user without a password is none.
func TestTrapScrubbedMirror(t *testing.T) {
	s := setup{Sources: []Source{mirror}, Change: func(w *gitlabtest.World) {
		w.Projects[0].PushMirrors = append(w.Projects[0].PushMirrors, &gitlabtest.PushMirror{URL: "https://open.example/cart.git"})
	}}.scan(t)
	all, one := s.rowsOf(t)
	for _, id := range []string{"push-1", "push-2", "pull-1"} {
		if one("credential test/credential/mirror-password/"+id) == "" {
			t.Errorf("mirror %s: want a credential", id)
		}
	}
	if row := one("credential test/credential/mirror-password/push-3"); row != "" {
		t.Errorf("a mirror without user info = %s, want no credential", row)
	}
	if strings.Contains(strings.Join(all, "\n"), "*****") {
		t.Error("scrubbed user info is kept")
	}
	if n := s.asked("GET", "/api/v4/projects/1000/mirror/pull"); n != 0 {
		t.Errorf("asked %d times for a pull mirror that the project says it lacks", n)
	}
}

// Switched-off CI/CD answers 403 whatever the role: it is not asked.
func TestTrapBuildsDisabled(t *testing.T) {
	s := setup{Role: "maintainer", Sources: []Source{variable, trigger, pipelineSchedule, secureFile, environment}, Change: func(w *gitlabtest.World) {
		w.Projects[0].Settings["builds_access_level"] = "disabled"
	}}.scan(t)
	for _, source := range []string{"variable", "trigger", "pipeline-schedule", "secure-file", "environment"} {
		if c := s.covered(source, "project:1000"); c.State != inventory.NotAsked || c.Requests != 0 {
			t.Errorf("%s = %s after %d requests, want not-asked after none", source, c.State, c.Requests)
		}
	}
}

// Registration tokens that the instance has switched off are known not to be there, and cost no request.
func TestTrapRegistrationSwitchedOff(t *testing.T) {
	off := func(w *gitlabtest.World) { w.Settings["allow_runner_registration_token"] = false }
	s := setup{Sources: []Source{registrationToken}, Change: off}.scan(t)
	if c := s.covered("registration-token", "project:1000"); c.State != inventory.Complete || s.asked("GET", "/api/v4/projects/1000") != 0 {
		t.Errorf("coverage = %+v, want complete without asking the project", c)
	}
	s = setup{Role: "maintainer", Sources: []Source{registrationToken}, Change: off}.scan(t)
	if c := s.covered("registration-token", "project:1000"); c.State != inventory.Complete || c.Seen != 0 {
		t.Errorf("coverage = %+v, want complete: the item says null", c)
	}
}

// No protected branch is an empty list, which differs from a list that was not shown.
func TestTrapNothingProtected(t *testing.T) {
	s := setup{Role: "maintainer", Sources: []Source{protectedBranch, protectedTag, environment}}.scan(t)
	for _, o := range s.visits[inventory.Visit{Source: "protected-branch", Home: "test/home/project:1001"}] {
		if h, ok := o.(inventory.Home); !ok || h.Branches == nil || len(h.Branches) != 0 || h.Tags != nil || h.Environments != nil {
			t.Errorf("patch = %#v, want an empty list of branches and nothing else", o)
		}
	}
}

// A group's protection of a tier holds in the projects below; where it cannot be read, "not protected" is not said.
func TestTrapGroupProtectsTier(t *testing.T) {
	change := func(w *gitlabtest.World) { w.Projects[0].ProtectedEnvs = nil }
	for role, want := range map[string]string{"group-owner": `"name":"production","protected":true`, "maintainer": `"name":"production","protected":null`} {
		_, one := setup{Role: role, Sources: []Source{environment}, Change: change}.scan(t).rowsOf(t)
		if row := one("home test/home/project:1000"); !strings.Contains(row, want) {
			t.Errorf("as %s: %s, want %s", role, row, want)
		}
	}
}

// An Enterprise binary without a licence answers 404 for protected environments: to a Maintainer that says "none".
func TestTrapUnlicensed(t *testing.T) {
	_, one := setup{Sources: []Source{environment}, Options: gitlabtest.Options{Faults: []gitlabtest.Fault{
		{Kind: gitlabtest.ServerError, Status: 403, Path: "/api/graphql"},
		{Kind: gitlabtest.ServerError, Status: 404, Path: "/api/v4/projects/*/protected_environments"},
		{Kind: gitlabtest.ServerError, Status: 404, Path: "/api/v4/groups/*/protected_environments"},
	}}}.scan(t).rowsOf(t)
	if row := one("home test/home/project:1000"); !strings.Contains(row, `"name":"production","protected":false`) {
		t.Errorf("home = %s, want production not protected", row)
	}
}

// An Owner learns from GraphQL who may deploy; the project's and the groups' own lists, which others read, say the same.
func TestProtectedEnvironmentsByGraphQL(t *testing.T) {
	for _, role := range []string{"admin", "group-owner"} {
		graph := setup{Role: role, Sources: []Source{environment}}.scan(t)
		rest := setup{Role: role, Sources: []Source{environment}, Options: gitlabtest.Options{Faults: []gitlabtest.Fault{
			{Kind: gitlabtest.ServerError, Status: 403, Path: "/api/graphql"},
		}}}.scan(t)
		_, one := graph.rowsOf(t)
		_, other := rest.rowsOf(t)
		if a, b := one("home test/home/project:1000"), other("home test/home/project:1000"); environmentsIn(a) != environmentsIn(b) {
			t.Errorf("as %s: by GraphQL %s\nby REST %s", role, environmentsIn(a), environmentsIn(b))
		}
		if n := graph.asked("GET", "/api/v4/projects/1000/protected_environments"); n > 0 {
			t.Errorf("as %s: the project's list was asked for too", role)
		}
	}
}

// environmentsIn cuts the environments out of a home's text.
func environmentsIn(home string) string {
	_, rest, _ := strings.Cut(home, "environments=")
	list, _, _ := strings.Cut(rest, " kind=")
	return list
}

// Trap 18: a project below a group that takes fine-grained tokens only is hidden, and is asked once.
func TestTrapHiddenProjectAskedOnce(t *testing.T) {
	s := setup{Sources: []Source{variable, pipelineSchedule, agent, environment, terraformState, alertIntegration}}.scan(t)
	if c := s.covered("variable", "project:1007"); c.State != inventory.Denied || c.Status != 404 {
		t.Errorf("coverage = %+v, want denied with 404", c)
	}
	n := 0
	for _, r := range s.Server.Requests() {
		if strings.HasPrefix(r.Path, "/api/v4/projects/1007/") {
			n++
		}
	}
	if n != 0 {
		t.Errorf("%d REST requests for a project that GraphQL said is hidden", n)
	}
}

// A secure file whose format GitLab does not parse has no known expiry: null is not "never".
func TestTrapSecureFileExpiry(t *testing.T) {
	_, one := setup{Role: "maintainer", Sources: []Source{secureFile}, Change: func(w *gitlabtest.World) {
		w.Projects[0].SecureFiles = append(w.Projects[0].SecureFiles, &gitlabtest.SecureFile{Name: "upload.jks", Content: "EXAMPLE"})
	}}.scan(t).rowsOf(t)
	want(t, "keystore", fields(one("credential test/credential/secure-file/2"), "expires_at", "state"), `state="active"`)
}
