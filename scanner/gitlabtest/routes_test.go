package gitlabtest

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
)

// TestClientGo reads every list through GitLab's own client.
func TestClientGo(t *testing.T) {
	s := newServer(t, Options{Prefix: "/gitlab"})
	base, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	client := func(label string) *gitlab.Client {
		c, err := gitlab.NewClient(s.Token(label), gitlab.WithBaseURL(base), gitlab.WithCustomRetryMax(0))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for name, count := range clientCalls(client("admin"), client("maintainer")) {
		what, number, _ := cutLast(name, " ")
		want, _ := strconv.Atoi(number)
		if got, err := count(); err != nil || got != want {
			t.Errorf("%s = %d, %v; want %d", what, got, err, want)
		}
	}
	if u := s.Unknown(); u != nil {
		t.Errorf("Unknown() = %q", u)
	}
}

// clientCalls are calls of the client; the number behind the name is what each must give: a count or an ID.
func clientCalls(admin, maintainer *gitlab.Client) map[string]func() (int, error) {
	with := gitlab.WithContext(context.Background())
	return map[string]func() (int, error){
		"metadata 1": func() (int, error) { m, _, err := admin.Metadata.GetMetadata(with); return len(m.Version) - 8, err },
		"user 4":     func() (int, error) { u, _, err := maintainer.Users.CurrentUser(with); return int(u.ID), err },
		"users 15":   func() (int, error) { r, _, err := admin.Users.ListUsers(nil, with); return len(r), err },
		"settings 365": func() (int, error) {
			r, _, err := admin.Settings.GetSettings(with)
			return int(r.MaxPersonalAccessTokenLifetime), err
		},
		"tokens 20": func() (int, error) {
			r, _, err := admin.PersonalAccessTokens.ListPersonalAccessTokens(nil, with)
			return len(r), err
		},
		"self 1": func() (int, error) {
			r, _, err := maintainer.PersonalAccessTokens.GetSinglePersonalAccessToken(with)
			return len(r.Name) - len("deploy helper") + 1, err
		},
		"projects 8": func() (int, error) { r, _, err := admin.Projects.ListProjects(nil, with); return len(r), err },
		"project 1000": func() (int, error) {
			r, _, err := maintainer.Projects.GetProject("acme/shop/cart", nil, with)
			return int(r.ID), err
		},
		"groups 4": func() (int, error) { r, _, err := admin.Groups.ListGroups(nil, with); return len(r), err },
		"group 101": func() (int, error) {
			r, _, err := maintainer.Groups.GetGroup("acme/shop", nil, with)
			return int(r.ID), err
		},
		"descendants 2": func() (int, error) {
			r, _, err := admin.Groups.ListDescendantGroups("acme", nil, with)
			return len(r), err
		},
		"subgroups 1": func() (int, error) { r, _, err := admin.Groups.ListSubGroups("acme", nil, with); return len(r), err },
		"group projects 6": func() (int, error) {
			r, _, err := admin.Groups.ListGroupProjects("acme", &gitlab.ListGroupProjectsOptions{IncludeSubGroups: gitlab.Ptr(true)}, with)
			return len(r), err
		},
		"members 4": func() (int, error) {
			r, _, err := maintainer.ProjectMembers.ListProjectMembers(1000, nil, with)
			return len(r), err
		},
		"all members 10": func() (int, error) {
			r, _, err := maintainer.ProjectMembers.ListAllProjectMembers(1000, nil, with)
			return len(r), err
		},
		"project tokens 3": func() (int, error) {
			r, _, err := maintainer.ProjectAccessTokens.ListProjectAccessTokens(1000, nil, with)
			return len(r), err
		},
		"group tokens 1": func() (int, error) {
			r, _, err := admin.GroupAccessTokens.ListGroupAccessTokens("acme", nil, with)
			return len(r), err
		},
		"all deploy tokens 4": func() (int, error) { r, _, err := admin.DeployTokens.ListAllDeployTokens(with); return len(r), err },
		"deploy tokens 3": func() (int, error) {
			r, _, err := maintainer.DeployTokens.ListProjectDeployTokens(1000, nil, with)
			return len(r), err
		},
		"applications 1": func() (int, error) { r, _, err := admin.Applications.ListApplications(nil, with); return len(r), err },
	}
}

func TestGroupProjectsDefaults(t *testing.T) {
	s := newServer(t, Options{})
	tests := map[string]string{
		"groups/acme/projects?order_by=id&sort=asc":                                                        "1003 1004",
		"groups/acme/projects?order_by=id&sort=asc&include_subgroups=true&archived=false":                  "1000 1002 1003 1004",
		"groups/acme/projects?order_by=id&sort=asc&include_subgroups=true":                                 "1000 1001 1002 1003 1004",
		"projects?order_by=id&sort=asc&membership=true":                                                    "1000 1001 1002 1003 1004 1007",
		"projects?order_by=id&sort=desc&min_access_level=50&archived=false&visibility=public&search=WEBSI": "1003",
		"projects?order_by=id&sort=asc&id_after=1002":                                                      "1003 1004 1007",
	}
	for path, want := range tests {
		var got []string
		for _, id := range ids(list(t, get(t, s, "group-owner", path))) {
			got = append(got, strconv.Itoa(id))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s = %v, want %s", path, got, want)
		}
	}
	off := Default()
	off.Version = "18.11" // before enforcement, so that partners answers
	old := newServer(t, Options{Profile: off})
	shared := ids(list(t, get(t, old, "admin", "groups/partners/projects?order_by=id&sort=asc")))
	own := ids(list(t, get(t, old, "admin", "groups/partners/projects?with_shared=false")))
	if !slices.Equal(shared, []int{1000, 1007}) || !slices.Equal(own, []int{1007}) {
		t.Errorf("projects of partners: %v, without shared ones %v", shared, own)
	}
}

func TestRevokeAndRotate(t *testing.T) {
	s := newServer(t, Options{})
	self := object(t, get(t, s, "service-account", "personal_access_tokens/self"))
	old := s.Token("service-account")
	w := call(t, s, "POST", "service-account", "personal_access_tokens/self/rotate", "")
	fresh := object(t, w)
	if fresh["expires_at"] != "2026-11-29" || fresh["id"] == self["id"] || fresh["last_used_at"] != nil || fresh["token"] == old {
		t.Errorf("rotated token = %v", fresh)
	}
	if w := get(t, s, "service-account", "user"); w.Code != 401 {
		t.Errorf("the old value after a rotation = %d, want 401", w.Code)
	}
	// Rotating the dead one again revokes the living one.
	id := strconv.Itoa(int(self["id"].(float64)))
	if w := call(t, s, "POST", "admin-write", "personal_access_tokens/"+id+"/rotate", ""); w.Code != 400 {
		t.Errorf("rotating a revoked token = %d, want 400", w.Code)
	}
	again := object(t, get(t, s, "admin", "personal_access_tokens/"+strconv.Itoa(int(fresh["id"].(float64)))))
	if again["revoked"] != true {
		t.Errorf("reuse was not detected: %v", again)
	}
	events := s.st.w.AuditEvents
	last := events[len(events)-1]
	if last.Event != "personal_access_token_revoked" || last.Author != "root" || last.Entity != "user:service_account_group_acme_deployer" {
		t.Errorf("last audit event = %+v", last)
	}
}

func TestCreateProjectToken(t *testing.T) {
	s := newServer(t, Options{})
	w := call(t, s, "POST", "maintainer-write", "projects/1000/access_tokens", "name=new&scopes[]=read_api&access_level=30&expires_at=2027-01-01")
	if w.Code != 201 {
		t.Fatalf("create = %d %s", w.Code, w.Body)
	}
	made := object(t, w)
	user := object(t, get(t, s, "admin", "users/"+strconv.Itoa(int(made["user_id"].(float64)))))
	by, _ := user["created_by"].(map[string]any)
	if !strings.HasPrefix(user["username"].(string), "project_1000_bot_") || user["bot"] != true || by["username"] != "mark" {
		t.Errorf("bot = %v", user)
	}
	if n := len(list(t, get(t, s, "maintainer", "projects/1000/access_tokens"))); n != 4 {
		t.Errorf("%d tokens, want 4", n)
	}
	if w := call(t, s, "POST", "maintainer-write", "projects/1000/access_tokens", "name=new&scopes[]=api&access_level=50"); w.Code != 400 {
		t.Errorf("a maintainer made an owner's token: %d", w.Code)
	}
}

func TestTokenFilters(t *testing.T) {
	s := newServer(t, Options{})
	for query, want := range map[string]int{
		"": 3, "state=active": 2, "state=inactive": 1, "revoked=true": 1, "search=CHANGE": 1,
		"created_before=2025-12-01": 1, "expires_after=2026-12-31": 1, "last_used_before=2026-10-02": 1, "last_used_after=2026-11-01": 1,
	} {
		if n := len(list(t, get(t, s, "maintainer", "projects/1000/access_tokens?"+query))); n != want {
			t.Errorf("%q gives %d tokens, want %d", query, n, want)
		}
	}
	if w := get(t, s, "maintainer", "projects/1000/access_tokens?state=dead"); w.Code != 400 {
		t.Errorf("unknown state = %d", w.Code)
	}
	rows := list(t, get(t, s, "maintainer", "projects/1000/access_tokens?sort=created_desc"))
	if got := ids(rows); !(got[0] != got[1] && rows[0]["created_at"].(string) > rows[1]["created_at"].(string)) {
		t.Errorf("created_desc = %v", rows)
	}
}

// TestWriteNeedsAPI: read_api reads, and no more.
func TestWriteNeedsAPI(t *testing.T) {
	s := newServer(t, Options{})
	if w := call(t, s, "DELETE", "maintainer", "projects/1000/deploy_tokens/2", ""); w.Code != 403 || !strings.Contains(w.Body.String(), `"scope":"api"`) {
		t.Errorf("delete with read_api = %d %s", w.Code, w.Body)
	}
}

func TestArchiveAndDelete(t *testing.T) {
	s := newServer(t, Options{})
	if w := call(t, s, "POST", "group-owner-write", "projects/1000/archive", ""); w.Code != 201 || object(t, w)["archived"] != true {
		t.Errorf("archive = %d %s", w.Code, w.Body)
	}
	if w := call(t, s, "DELETE", "group-owner-write", "projects/1000?permanently_remove=true", ""); w.Code != 400 {
		t.Errorf("removing an unmarked project = %d, want 400", w.Code)
	}
	call(t, s, "DELETE", "group-owner-write", "projects/1000", "")
	if got := object(t, get(t, s, "maintainer", "projects/1000"))["marked_for_deletion_on"]; got != "2026-11-22" {
		t.Errorf("marked_for_deletion_on = %v", got)
	}
	call(t, s, "DELETE", "group-owner-write", "projects/1000?permanently_remove=true", "")
	if w := get(t, s, "maintainer", "projects/1000"); w.Code != 404 {
		t.Errorf("a removed project = %d", w.Code)
	}
	if w := get(t, s, "project-bot", "user"); w.Code != 401 {
		t.Errorf("the token of a removed project = %d", w.Code)
	}
}

func TestApplicationsWithoutOwnerOnly(t *testing.T) {
	s := newServer(t, Options{})
	rows := list(t, get(t, s, "admin", "applications"))
	if len(rows) != 1 || rows[0]["application_name"] != "Deploy portal" {
		t.Errorf("applications = %v", rows)
	}
	w := call(t, s, "POST", "admin-write", "applications/1/renew-secret", "")
	if secret, _ := object(t, w)["secret"].(string); !strings.HasPrefix(secret, "gloas-") || secret == s.Token("oauth-app") {
		t.Errorf("renewed secret %q", secret)
	}
}
