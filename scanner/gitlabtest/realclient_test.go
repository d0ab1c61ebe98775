package gitlabtest

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestPythonGitlab drives the simulator with Debian's python-gitlab: every list with pages of two, keyset, a token's
// life, and the verbs of its other managers.
func TestPythonGitlab(t *testing.T) {
	const python = "/usr/bin/python3" // the one that Debian's package belongs to
	if err := exec.Command(python, "-c", "import gitlab").Run(); err != nil {
		t.Skip("python3-gitlab is not installed")
	}
	s := newServer(t, Options{RepoDir: t.TempDir()})
	base, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "testdata/python_gitlab.py")
	cmd.Env = append(os.Environ(), "GITLAB_URL="+base, "READ_TOKEN="+s.Token("admin"), "WRITE_TOKEN="+s.Token("admin-write"), "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("python-gitlab: %v\n%s", err, errs.String())
	}
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("output %q: %v", out.String(), err)
	}
	if diff := cmp.Diff(pythonSaw(t), got); diff != "" {
		t.Errorf("what python-gitlab saw (-want +got):\n%s", diff)
	}
	if u := s.Unknown(); u != nil {
		t.Errorf("Unknown() = %q", u)
	}
}

// pythonSaw counts the same lists on a fresh server, without pages.
func pythonSaw(t *testing.T) map[string]any {
	s := newServer(t, Options{RepoDir: t.TempDir()})
	want := map[string]any{"version": "19.6.0-ee", "bot": true, "after revocation": 401.0, "blocked": true, "unblocked": true, "missing": 404.0, "push rule": true, "approvals": true,
		"compared": 0.0, "license": "Acme", "languages": []any{}, "pipeline variables": 1.0}
	for name, path := range map[string]string{
		"projects": "projects", "keyset projects": "projects", "groups": "groups", "users": "users", "personal tokens": "personal_access_tokens", "deploy tokens": "deploy_tokens",
		"deploy keys": "deploy_keys", "applications": "applications", "system hooks": "hooks", "instance variables": "admin/ci/variables", "audit events": "audit_events",
		"pages domains": "pages/domains", "all runners": "runners/all",
		"project tokens": "projects/1000/access_tokens", "project deploy tokens": "projects/1000/deploy_tokens", "project keys": "projects/1000/deploy_keys",
		"project variables": "projects/1000/variables", "project hooks": "projects/1000/hooks", "project runners": "projects/1000/runners",
		"schedules": "projects/1000/pipeline_schedules", "triggers": "projects/1000/triggers", "members": "projects/1000/members", "all members": "projects/1000/members/all",
		"push mirrors": "projects/1000/remote_mirrors", "protected branches": "projects/1000/protected_branches", "protected tags": "projects/1000/protected_tags",
		"environments": "projects/1000/environments", "services": "projects/1000/integrations",
		"group tokens": "groups/100/access_tokens", "group deploy tokens": "groups/100/deploy_tokens", "group variables": "groups/100/variables", "group hooks": "groups/100/hooks",
		"group runners": "groups/100/runners", "group members": "groups/100/members", "group projects": "groups/100/projects", "subgroups": "groups/100/subgroups",
		"descendants": "groups/100/descendant_groups", "ssh keys": "users/4/keys", "impersonation tokens": "users/4/impersonation_tokens",
		"namespaces": "namespaces", "features": "features", "branches": "projects/1000/repository/branches", "tags": "projects/1000/repository/tags",
		"commits": "projects/1000/repository/commits", "pipelines": "projects/1000/pipelines", "jobs": "projects/1000/jobs", "releases": "projects/1000/releases",
		"snippets": "projects/1000/snippets", "wiki": "projects/1000/wikis", "forks": "projects/1000/forks", "project people": "projects/1000/users",
		"approval rules": "projects/1000/approval_rules", "protected environments": "projects/1000/protected_environments", "billable members": "groups/100/billable_members",
		"memberships": "users/4/memberships", "saml links": "groups/100/saml_group_links", "ldap links": "groups/100/ldap_group_links", "user activities": "user/activities",
		"tree": "projects/1000/repository/tree?recursive=true&",
	} {
		want[name] = float64(len(list(t, get(t, s, "admin", strings.TrimSuffix(path, "&")+map[bool]string{true: "&", false: "?"}[strings.HasSuffix(path, "&")]+"per_page=100"))))
	}
	want["schedule variables"] = float64(len(s.st.projects[1000].Schedules[0].Variables))
	return want
}

// curl runs the command-line client and returns the answer's header lines by lower-case name, and its body.
func curl(t *testing.T, args ...string) (status string, header map[string]string, body string) {
	t.Helper()
	out, err := exec.Command("curl", append([]string{"--silent", "--show-error", "--noproxy", "*", "--include"}, args...)...).Output()
	if err != nil {
		t.Fatalf("curl: %v", err)
	}
	head, body, _ := strings.Cut(string(out), "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	header = map[string]string{}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		header[strings.ToLower(name)] = value
	}
	return strings.TrimPrefix(lines[0], "HTTP/1.1 "), header, body
}

// TestCurlHeaders checks what clients steer by: paging, limits, the forms of refusals.
func TestCurlHeaders(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	s := newServer(t, Options{RatePerSecond: 0.1, Wall: func() time.Time { return now }}) // six a minute
	base, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	api, token := base+"/api/v4/", "PRIVATE-TOKEN: "+s.Token("admin")

	status, h, _ := curl(t, "-H", token, api+"projects?per_page=3&page=2&order_by=id&sort=asc")
	want := map[string]string{"x-page": "2", "x-per-page": "3", "x-next-page": "3", "x-prev-page": "1", "x-total": "8", "x-total-pages": "3",
		"content-type": "application/json", "ratelimit-limit": "6", "ratelimit-observed": "1", "ratelimit-remaining": "5"}
	for name, value := range want {
		if h[name] != value {
			t.Errorf("offset page (%s): %s = %q, want %q", status, name, h[name], value)
		}
	}
	for _, rel := range []string{"prev", "next", "first", "last"} {
		if !strings.Contains(h["link"], `rel="`+rel+`"`) {
			t.Errorf("Link %q has no %s", h["link"], rel)
		}
	}
	_, h, _ = curl(t, "-H", token, api+"projects?pagination=keyset&order_by=id&sort=asc&per_page=3")
	if h["x-page"] != "" || h["x-total"] != "" || strings.Count(h["link"], "rel=") != 1 || !strings.Contains(h["link"], `rel="next"`) {
		t.Errorf("keyset page: x-page %q, x-total %q, link %q", h["x-page"], h["x-total"], h["link"])
	}
	if status, _, body := curl(t, "-H", "PRIVATE-TOKEN: glpat-EXAMPLE", api+"user"); status != "401 Unauthorized" || body != `{"message":"401 Unauthorized"}` {
		t.Errorf("wrong token: %s %s", status, body)
	}
	if status, _, body := curl(t, "-H", "Authorization: Bearer "+s.Token("read-user"), api+"projects/1000/variables"); status != "403 Forbidden" || !strings.Contains(body, "insufficient_scope") {
		t.Errorf("thin scope: %s %s", status, body)
	}
	for range 4 {
		curl(t, "-H", token, api+"version")
	}
	status, h, body := curl(t, "-H", token, api+"version")
	if status != "429 Too Many Requests" || strings.TrimSpace(body) != "Retry later" || !strings.HasPrefix(h["content-type"], "text/plain") || h["retry-after"] != "60" {
		t.Errorf("over the limit: %s, %s, retry-after %q, body %q", status, h["content-type"], h["retry-after"], body)
	}
}

// TestMemoForgets: a list that is read again after a change shows the change, and each caller has his own.
func TestMemoForgets(t *testing.T) {
	s := newServer(t, Options{})
	count := func(label string) int { return len(list(t, get(t, s, label, "personal_access_tokens?per_page=100"))) }
	all, own := count("admin"), count("maintainer")
	if all <= own || count("admin") != all {
		t.Fatalf("an administrator sees %d tokens, a maintainer %d", all, own)
	}
	w := call(t, s, "POST", "admin-write", "users/4/personal_access_tokens", "name=more&scopes[]=api")
	if w.Code != 201 {
		t.Fatalf("create = %d %s", w.Code, w.Body)
	}
	if count("admin") != all+1 || count("maintainer") != own+1 {
		t.Errorf("after one more token: %d and %d, want %d and %d", count("admin"), count("maintainer"), all+1, own+1)
	}
	projects := len(list(t, get(t, s, "admin", "projects")))
	call(t, s, "POST", "admin-write", "projects/1003/archive", "")
	if n := len(list(t, get(t, s, "admin", "projects?archived=false"))); n >= projects {
		t.Errorf("archiving left %d of %d projects", n, projects)
	}
}
