package scanner

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"nhiscan/scanner/gitlabtest"
	"nhiscan/scanner/gitrepo"
)

// clones is what scans keep of repositories: mirrors, and results by content.
type clones struct {
	dir   string
	cache *gitrepo.Cache
	store *contents
}

func newClones(t testing.TB) *clones {
	t.Helper()
	git, err := gitrepo.Find(context.Background(), gitrepo.Options{Env: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "cache")
	cache, err := gitrepo.OpenCache(git, dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	return &clones{dir, cache, &contents{rows: map[string][]byte{}}}
}

// contents is a Contents that counts. It is safe for concurrent use.
type contents struct {
	mu    sync.Mutex
	rows  map[string][]byte
	puts  int // contents that were matched
	again int // of them, those that were matched before
}

func (c *contents) Content(_ context.Context, keys []string) (map[string][]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := map[string][]byte{}
	for _, k := range keys {
		if row, ok := c.rows[k]; ok {
			found[k] = slices.Clone(row)
		}
	}
	return found, nil
}

func (c *contents) PutContent(_ context.Context, rows map[string][]byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, row := range rows {
		if strings.HasPrefix(k, "content ") {
			c.puts++
			if _, ok := c.rows[k]; ok {
				c.again++
			}
		}
		c.rows[k] = slices.Clone(row)
	}
	return nil
}

// matched returns how many contents were matched since the call before.
func (c *contents) matched() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.puts
	c.puts = 0
	return n
}

// text is all that is stored.
func (c *contents) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(c.rows)) {
		b.WriteString(k + "\n" + string(c.rows[k]) + "\n")
	}
	return b.String()
}

// cart is the project whose repository tests replace.
const cart = "acme/shop/cart"

// history gives a project of the small world another repository.
func history(path string, commits ...*gitlabtest.Commit) func(*gitlabtest.World) {
	return func(w *gitlabtest.World) {
		gitForAll(w)
		p := projectOf(w, path)
		p.Repository, p.CI = &gitlabtest.Repository{DefaultBranch: "main", Commits: commits}, nil
	}
}

// gitForAll lets the tokens of persons read repositories: in the small world few may.
func gitForAll(w *gitlabtest.World) {
	for _, u := range w.Users {
		for _, t := range u.AccessTokens {
			if slices.Contains([]string{"admin", "admin-no-mode", "auditor", "group-owner", "maintainer", "developer"}, t.Label) {
				t.Scopes = append(t.Scopes, "read_repository")
			}
		}
	}
}

func projectOf(w *gitlabtest.World, path string) *gitlabtest.Project {
	for _, p := range w.Projects {
		if p.Path == path {
			return p
		}
	}
	panic("no project " + path)
}

// commit is one on main by Ada, n days after the first of January.
func commit(n int, files ...string) *gitlabtest.Commit {
	c := &gitlabtest.Commit{Message: "m", Author: "Ada", Email: "ada@shop.example", Date: gitlabtest.At(day(n)), Files: map[string]string{}}
	for i := 0; i+1 < len(files); i += 2 {
		if files[i+1] == "" {
			c.Delete = append(c.Delete, files[i])
			continue
		}
		c.Files[files[i]] = files[i+1]
	}
	return c
}

// on puts a commit on another branch, which begins at main.
func on(branch string, c *gitlabtest.Commit) *gitlabtest.Commit {
	c.Branch, c.From = branch, "main"
	return c
}
