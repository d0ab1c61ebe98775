package gitlabtest

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestGitClone runs git itself, unmodified.
func TestGitClone(t *testing.T) {
	s := newServer(t, Options{RepoDir: t.TempDir(), Prefix: "/gitlab"})
	base, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, tc := range []struct {
		name, user, label string
		want              string // in git's error; empty is success
	}{
		{"maintainer", "oauth2", "maintainer", ""},
		{"read_repository_only", "any", "read-repository", ""},
		{"read_api_is_no_scope_for_git", "oauth2", "project-bot", "403"},
		{"read_user_scope_only", "oauth2", "read-user", "403"},
		{"revoked", "oauth2", "revoked", "Authentication failed"},
		{"expired", "oauth2", "expired", "Authentication failed"},
		{"nobody", "", "", "could not read Username"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "clone")
			out, err := cloneAs(base, tc.user, s.Token(tc.label), "acme/shop/cart", dir)
			if tc.want != "" {
				if err == nil || !strings.Contains(out, tc.want) {
					t.Fatalf("git clone = %v\n%s\nwant an error with %q", err, out, tc.want)
				}
				return
			}
			if err != nil {
				t.Fatalf("git clone: %v\n%s", err, out)
			}
			if text, err := os.ReadFile(filepath.Join(dir, "README.md")); err != nil || !strings.Contains(string(text), "Cart") {
				t.Errorf("README.md = %q, %v", text, err)
			}
		})
	}
	if unknown := s.Unknown(); len(unknown) > 0 {
		t.Errorf("git asked for %v", unknown)
	}
}

func cloneAs(base, user, token, path, dir string) (string, error) {
	u, err := url.Parse(base + "/" + path + ".git")
	if err != nil {
		return "", err
	}
	if user != "" {
		u.User = url.UserPassword(user, token)
	}
	cmd := exec.Command("git", "clone", "--quiet", u.String(), dir)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Dir(dir)}, gitEnv...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestCommitsLater(t *testing.T) {
	w, err := Embedded("small")
	if err != nil {
		t.Fatal(err)
	}
	w.Later = []*Step{
		{At: At(w.Now.AddDate(0, 0, 7)), Project: "acme/shop/cart", Commit: &Commit{Author: "mark", Message: "more", Files: map[string]string{"odd \"name\"\n.txt": "x", "a/b.txt": "y"}}},
		{At: At(w.Now.AddDate(0, 0, 30)), Call: "POST /projects/acme%2Fshop%2Fcart/archive", As: "group-owner-write"},
	}
	s, err := New(w, Options{RepoDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Later(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := s.Now(), w.Now.AddDate(0, 0, 30); !got.Equal(want) {
		t.Errorf("Now() = %v, want %v", got, want)
	}
	p := s.st.projPath["acme/shop/cart"]
	out, err := git(s.gitDir(p), nil, "log", "--all", "--format=%s %ad", "--date=short")
	if err != nil || !strings.HasPrefix(string(out), "more 2026-11-29") {
		t.Errorf("git log = %q, %v", out, err)
	}
	if !p.Archived {
		t.Error("the project is not archived")
	}
}
