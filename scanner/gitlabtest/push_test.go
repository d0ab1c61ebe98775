package gitlabtest

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// workTree is a clone of a simulated project, in which a test runs git as a developer would.
type workTree struct {
	t   *testing.T
	dir string
}

func (w workTree) git(args ...string) (string, error) {
	w.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = w.dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + w.dir, "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@acme.example",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@acme.example"}, gitEnv...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (w workTree) must(args ...string) {
	w.t.Helper()
	if out, err := w.git(args...); err != nil {
		w.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// commit writes a file and commits it.
func (w workTree) commit(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.must("add", name)
	w.must("commit", "--quiet", "-m", name)
}

// cloneOf clones with a token's value.
func cloneOf(t *testing.T, base, token, path string) workTree {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "work")
	if out, err := cloneAs(base, "oauth2", token, path, dir); err != nil {
		t.Fatalf("git clone %s: %v\n%s", path, err, out)
	}
	return workTree{t, dir}
}

// writeToken makes a token that may push, for a user of the small world.
func writeToken(t *testing.T, s *Server, user string) string {
	t.Helper()
	w := call(t, s, "POST", "admin-write", "users/"+user+"/personal_access_tokens", "name=push&scopes[]=write_repository")
	return object(t, w)["token"].(string)
}

// TestGitPush runs git itself. Each push is one of the small world's people trying one thing.
func TestGitPush(t *testing.T) {
	s := newServer(t, Options{RepoDir: t.TempDir()})
	base, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	const path = "acme/shop/cart"
	hook := filepath.Join(s.gitDir(s.st.projects[1000]), "hooks", "pre-receive")
	ran := filepath.Join(t.TempDir(), "ran")
	if err := os.MkdirAll(filepath.Dir(hook), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(hook, []byte("#!/bin/sh\ntouch "+ran+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.st.projects[1000].ProtectedBranches[1].Merge = []*AccessRule{{Role: NoRole}} // release/* is closed to all
	maintainer, developer := s.Token("maintainer-write"), writeToken(t, s, "5")
	one := cloneOf(t, base, maintainer, path)
	two := cloneOf(t, base, developer, path)
	one.commit("one.txt", "one")
	two.must("switch", "--quiet", "-c", "topic")
	two.commit("two.txt", "two")
	steps := []struct {
		name string
		who  workTree
		args string
		want string // in git's output; empty is success
	}{
		{"developer_to_a_branch_of_his", two, "push origin topic", ""},
		{"developer_to_the_protected_branch", two, "push origin topic:main", "GitLab: You are not allowed to push code to protected branches on this project."},
		{"maintainer_to_the_protected_branch", one, "push origin main", ""},
		{"maintainer_to_a_branch_for_nobody", one, "push origin main:release/1", "You are not allowed to create protected branches on this project"},
		{"developer_makes_a_protected_tag", two, "push origin topic:refs/tags/v9", "You are not allowed to create this tag as it is protected."},
		{"maintainer_makes_a_protected_tag", one, "push origin main:refs/tags/v9", ""},
		{"protected_tag_moves", one, "push --force origin main~1:refs/tags/v9", "Protected tags cannot be updated."},
		{"tag_deletion_by_push_rule", one, "push origin :refs/tags/v1.0", "You cannot delete a tag"},
		{"protected_branch_goes", one, "push origin :main", "The default branch of a project cannot be deleted."},
		{"history_of_the_protected_branch", one, "push --force origin main~1:main", "non-fast-forward"},
		{"history_of_a_branch", two, "push --force origin topic~1:topic", ""},
		{"hidden_ref", one, "push origin main:refs/merge-requests/1/head", "You are not allowed to update the ref"},
		{"name_like_a_hash", one, "push origin main:refs/heads/" + strings.Repeat("ab", 20), "You are not allowed to update the ref"},
		{"branch_goes", two, "push origin :topic", ""},
	}
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) {
			out, err := step.who.git(strings.Fields(step.args)...)
			if (err == nil) != (step.want == "") || !strings.Contains(out, step.want) {
				t.Errorf("git %s = %v\n%s\nwant %q", step.args, err, out, step.want)
			}
		})
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a hook of the repository ran")
	}
	if got := get(t, s, "maintainer", "projects/1000/repository/files/one.txt/raw").Body.String(); got != "one" {
		t.Errorf("the API shows %q of what was pushed", got)
	}
	if u := s.Unknown(); u != nil {
		t.Errorf("Unknown() = %q", u)
	}
}

// TestGitPushIsRefused lists who cannot push at all.
func TestGitPushIsRefused(t *testing.T) {
	s := newServer(t, Options{RepoDir: t.TempDir()})
	base, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	work := cloneOf(t, base, s.Token("maintainer"), "acme/shop/cart")
	work.commit("x", "x")
	for name, test := range map[string]struct{ user, token, path, want string }{
		"scope_for_reading":   {"oauth2", s.Token("maintainer"), "acme/shop/cart", "403"},
		"reporter":            {"oauth2", writeToken(t, s, "6"), "acme/shop/cart", "403"},
		"outsider":            {"oauth2", writeToken(t, s, "8"), "acme/shop/cart", "not found"},
		"deploy_token":        {"cart-pull", s.Token("project-deploy"), "acme/shop/cart", "403"},
		"job_of_the_project":  {"gitlab-ci-token", s.Token("job"), "acme/shop/cart", "403"},
		"archived_project":    {"oauth2", s.Token("maintainer-write"), "acme/shop/legacy", "403"},
		"nobody_to_a_public":  {"", "", "acme/website", "could not read Username"},
		"no_such_project":     {"oauth2", s.Token("maintainer-write"), "acme/none", "not found"},
		"nobody_knows_its_id": {"oauth2", "glpat-EXAMPLE", "acme/shop/cart", "Authentication failed"},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := url.Parse(base + "/" + test.path + ".git")
			if err != nil {
				t.Fatal(err)
			}
			if test.user != "" {
				u.User = url.UserPassword(test.user, test.token)
			}
			if out, err := work.git("push", u.String(), "HEAD:topic"); err == nil || !strings.Contains(out, test.want) {
				t.Errorf("git push = %v\n%s\nwant %q", err, out, test.want)
			}
		})
	}
}

// TestGitPushBeginsAProject: an empty project is cloned, its first branch becomes the default one and is protected, and
// what the world said of its pipeline configuration no longer holds.
func TestGitPushBeginsAProject(t *testing.T) {
	s := newServer(t, Options{RepoDir: t.TempDir()})
	base, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	if w := call(t, s, "POST", "group-owner-write", "projects", "path=begin&namespace_id=100"); w.Code != 201 || object(t, w)["empty_repo"] != true {
		t.Fatalf("create = %d %s", w.Code, w.Body)
	}
	work := cloneOf(t, base, s.Token("group-owner-write"), "acme/begin")
	work.must("switch", "--quiet", "-c", "trunk")
	work.commit(".gitlab-ci.yml", "build: {script: [make]}\n")
	work.must("push", "--quiet", "origin", "trunk")
	p := object(t, get(t, s, "group-owner", "projects/acme%2Fbegin"))
	if p["default_branch"] != "trunk" || p["empty_repo"] != false {
		t.Errorf("after the first push: default branch %v, empty %v", p["default_branch"], p["empty_repo"])
	}
	if rows := list(t, get(t, s, "group-owner", "projects/acme%2Fbegin/protected_branches")); len(rows) != 1 || rows[0]["name"] != "trunk" {
		t.Errorf("protected branches = %v", rows)
	}
	if w := get(t, s, "maintainer", "projects/1000/ci/lint"); w.Code != 200 {
		t.Fatalf("lint of the world's project = %d", w.Code)
	}
	w := call(t, s, "PUT", "maintainer-write", "projects/1000/repository/files/.gitlab-ci.yml", "branch=main&commit_message=new&content=test:+{script:+[make]}")
	if w.Code != 200 {
		t.Fatalf("change = %d %s", w.Code, w.Body)
	}
	if w := get(t, s, "maintainer", "projects/1000/ci/lint"); w.Code != 403 {
		t.Errorf("lint after a change of the file = %d, want 403: the merged text is of the old one", w.Code)
	}
}

// FuzzPushCommands: no bytes in front of a pack panic the reader, and what it reads names real hashes.
func FuzzPushCommands(f *testing.F) {
	zero, one := strings.Repeat("0", 40), strings.Repeat("1", 40)
	for _, seed := range []string{"", "0000", "0001", "fffe", "00zz", "0067" + zero + " " + one + " refs/heads/a\x00 report-status", "0035shallow " + one + "0000PACK"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		commands, _, err := pushCommands(body)
		for _, c := range commands {
			if err == nil && (!isHash(c.old) || !isHash(c.new)) {
				t.Errorf("pushCommands(%q) = %v", body, c)
			}
		}
	})
}
