package gitrepo

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// Each check of the property makes a repository; the command line still overrides this.
	if err := flag.Set("rapid.checks", "30"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

func testEnv() []string { return []string{"PATH=" + os.Getenv("PATH")} }

// find returns the git under test.
func find(t testing.TB) *Git {
	t.Helper()
	g, err := Find(t.Context(), Options{Env: testEnv(), AllowFile: true})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// sh runs git in dir as a user would and returns its output.
func sh(t testing.TB, dir string, args ...string) string {
	t.Helper()
	return shIn(t, dir, "", args...)
}

func shIn(t testing.TB, dir, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = append(testEnv(), "HOME="+t.TempDir(), "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@shop.example", "GIT_AUTHOR_DATE=1700000000 +0000",
		"GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@shop.example", "GIT_COMMITTER_DATE=1700000000 +0000",
		"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=protocol.file.allow", "GIT_CONFIG_VALUE_0=always",
		"GIT_CONFIG_KEY_1=init.defaultBranch", "GIT_CONFIG_VALUE_1=main")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return strings.TrimSuffix(string(out), "\n")
}

// bare makes a bare repository from a fast-import stream, which may be empty.
func bare(t testing.TB, stream string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "repo.git")
	sh(t, filepath.Dir(dir), "init", "-q", "--bare", dir)
	imports(t, dir, stream)
	return dir
}

func imports(t testing.TB, dir, stream string) {
	t.Helper()
	if stream != "" {
		shIn(t, dir, stream, "fast-import", "--quiet", "--force", "--date-format=raw-permissive")
	}
}

// change is one commit for fast-import. Without from it starts the branch, or follows what the stream put there.
type change struct {
	branch, from, author, date string
	merge                      []string
	files                      [][2]string // path as fast-import quotes it, content; "120000 path" makes a link
}

func stream(changes ...change) string {
	var b strings.Builder
	for _, c := range changes {
		if c.branch == "" {
			c.branch = "refs/heads/main"
		}
		if c.author == "" {
			c.author = "Ada <ada@shop.example>"
		}
		if c.date == "" {
			c.date = "1700000000 +0000"
		}
		fmt.Fprintf(&b, "commit %s\nauthor %s %s\ncommitter Bot <bot@shop.example> 1700000001 +0000\ndata 1\nm\n", c.branch, c.author, c.date)
		if c.from != "" {
			fmt.Fprintf(&b, "from %s\n", c.from)
		}
		for _, m := range c.merge {
			fmt.Fprintf(&b, "merge %s\n", m)
		}
		for _, f := range c.files {
			mode, path, ok := strings.Cut(f[0], " ")
			if !ok || len(mode) != 6 {
				mode, path = "100644", f[0]
			}
			switch {
			case f[1] == "D":
				fmt.Fprintf(&b, "D %s\n", path)
			case mode == "160000":
				fmt.Fprintf(&b, "M 160000 %s %s\n", f[1], path)
			default:
				fmt.Fprintf(&b, "M %s inline %s\ndata %d\n%s\n", mode, path, len(f[1]), f[1])
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// got is what a walk delivered.
type got struct {
	stats   Stats
	byText  map[string]Blob // read blobs by content
	skipped []Blob
	order   []string // contents as they came
}

func walkAll(t testing.TB, r *Repo, o WalkOptions) got {
	t.Helper()
	g := got{byText: map[string]Blob{}}
	stats, err := r.Walk(t.Context(), o, func(b Blob) error {
		if b.Skipped != "" || b.Known {
			g.skipped = append(g.skipped, b)
			return nil
		}
		text := string(b.Content)
		if _, twice := g.byText[text]; twice {
			t.Errorf("Walk delivered %.40q twice", text)
		}
		b.Content = nil
		g.byText[text] = b
		g.order = append(g.order, text)
		return nil
	})
	if err != nil {
		t.Fatalf("Walk = %v", err)
	}
	g.stats = stats
	return g
}

func open(t testing.TB, dir string) *Repo {
	t.Helper()
	r, err := find(t).Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// token makes a value that no scanner knows from before.
func token(t testing.TB) string {
	t.Helper()
	b := make([]byte, 12)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return "EXAMPLE" + hex.EncodeToString(b)
}
