package history

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"nhiscan/inventory/secret"
	"nhiscan/scanner/detect"
	"nhiscan/scanner/gitrepo"
)

var theEngine = sync.OnceValue(func() *detect.Engine {
	e, err := detect.New(detect.Options{})
	if err != nil {
		panic(err)
	}
	return e
})

func token(r *rand.Rand) string {
	b := []byte("glp" + "at-")
	for range 20 {
		b = append(b, "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"[r.IntN(57)])
	}
	return string(b)
}

func pem(r *rand.Rand) string {
	var b strings.Builder
	b.WriteString("-----BEGIN RSA PRIVATE" + " KEY-----\n")
	for range 12 {
		for range 64 {
			b.WriteByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[r.IntN(64)])
		}
		b.WriteByte('\n')
	}
	return b.String() + "-----END RSA PRIVATE" + " KEY-----\n"
}

// repository makes one of n commits that change lines of a few files, some of them secrets that come, move and go.
func repository(t *testing.T, seed uint64, n int) string {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 2))
	files := map[string][]string{"a.txt": nil, "src/b.go": nil, "conf/c.yml": nil, "vendor/d.txt": nil}
	for name := range files {
		for i := range 120 {
			files[name] = append(files[name], fmt.Sprintf("line %d of %s says nothing of note\n", i, name))
		}
	}
	names := []string{"a.txt", "src/b.go", "conf/c.yml", "vendor/d.txt"}
	secrets := []string{"token: " + token(r) + "\n", "key = \"" + token(r) + "\"\n", pem(r), pem(r), token(r) + "\n"}
	var b strings.Builder
	for i := range n {
		name := names[r.IntN(len(names))]
		f := files[name]
		at := r.IntN(len(f))
		switch r.IntN(5) {
		case 0:
			f = slices.Insert(f, at, secrets[r.IntN(len(secrets))])
		case 1:
			f = slices.Delete(slices.Clone(f), at, min(len(f)-1, at+r.IntN(9)))
		default:
			f[at] = fmt.Sprintf("changed in commit %d\n", i)
		}
		files[name] = f
		text := strings.Join(f, "")
		fmt.Fprintf(&b, "commit refs/heads/main\ncommitter Ada <ada@shop.example> %d +0000\ndata 1\nm\nM 100644 inline %s\ndata %d\n%s\n", 1700000000+i, name, len(text), text)
	}
	dir := filepath.Join(t.TempDir(), "repo.git")
	git(t, "", "init", "-q", "--bare", dir)
	git(t, b.String(), "-C", dir, "fast-import", "--quiet")
	return dir
}

func git(t *testing.T, stdin string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GIT_CONFIG_NOSYSTEM=1"}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

func open(t *testing.T, dir string) *gitrepo.Repo {
	t.Helper()
	g, err := gitrepo.Find(t.Context(), gitrepo.Options{Env: []string{"PATH=" + os.Getenv("PATH")}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := g.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func searched(t *testing.T, repo *gitrepo.Repo, o Options) *Result {
	t.Helper()
	o.Engine = func() (*detect.Engine, error) { return theEngine(), nil }
	got, err := Search(t.Context(), repo, o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range got.Places {
		got.Places[i].Fingerprint = "" // of a key of each run
	}
	return got
}

// TestLinesFindWhatContentsHold holds the search by lines to one that matches every content whole.
func TestLinesFindWhatContentsHold(t *testing.T) {
	for seed := range uint64(2) {
		repo := open(t, repository(t, seed, 80))
		facts := newFacts()
		places := newPlaces(facts, 0)
		var c *Cache
		key, err := c.fingerprintKey()
		if err != nil {
			t.Fatal(err)
		}
		_, err = repo.Walk(t.Context(), gitrepo.WalkOptions{}, func(b gitrepo.Blob) error {
			for _, p := range b.Paths {
				var found []spot
				for _, f := range theEngine().Scan(p.Path, b.Content) {
					found = append(found, facts.spot(Finding{
						Detector: f.Detector, Title: f.Description, Line: f.Line, Column: f.Column, EndLine: f.EndLine, EndColumn: f.EndColumn,
						Confidence: f.Confidence, Reasons: f.Reasons, Hint: secret.Hint(f.Secret), Fingerprint: key.Fingerprint(f.Secret),
					}))
				}
				places.add(p, found, false)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var whole Result
		whole.fill(places, places.listed(0))
		want := whole.Places
		for i := range want {
			want[i].Fingerprint = ""
		}
		got := searched(t, repo, Options{Jobs: 3})
		if diff := gocmp.Diff(want, got.Places); diff != "" || len(want) < 5 {
			t.Errorf("seed %d: %d places, want %d (-want +got):\n%s", seed, len(got.Places), len(want), diff)
		}
	}
}

// TestKeptResultsAreTheSame searches once, again, with the results of contents alone as for a fork that moved, and after
// a further commit.
func TestKeptResultsAreTheSame(t *testing.T) {
	dir := repository(t, 9, 40)
	want := searched(t, open(t, dir), Options{})
	cacheDir := filepath.Join(t.TempDir(), "cache")
	run := func(repo *gitrepo.Repo) *Result {
		t.Helper()
		c, err := OpenCache(cacheDir, theEngine().Version())
		if err != nil {
			t.Fatal(err)
		}
		return searched(t, repo, Options{Cache: c, Jobs: 2})
	}
	for _, when := range []string{"first", "again", "contents only"} {
		if when == "contents only" {
			kept, _ := filepath.Glob(filepath.Join(cacheDir, "*-history-*"))
			if len(kept) != 1 {
				t.Fatalf("%v: want one history", kept)
			}
			if err := os.Remove(kept[0]); err != nil {
				t.Fatal(err)
			}
		}
		if diff := gocmp.Diff(want, run(open(t, dir))); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", when, diff)
		}
	}
	r := rand.New(rand.NewPCG(77, 77))
	text := "token: " + token(r) + "\n"
	git(t, fmt.Sprintf("commit refs/heads/main\ncommitter Ada <ada@shop.example> 1800000000 +0000\ndata 1\nm\nfrom refs/heads/main^0\nM 100644 inline more.txt\ndata %d\n%s\n", len(text), text),
		"-C", dir, "fast-import", "--quiet")
	got := run(open(t, dir))
	if len(got.Places) != len(want.Places)+1 {
		t.Errorf("%d places after a commit, want one more than %d", len(got.Places), len(want.Places))
	}
	files, err := filepath.Glob(filepath.Join(cacheDir, "*"))
	if err != nil || len(files) < 3 {
		t.Fatalf("%v, %v: want results and a key", files, err)
	}
	for _, f := range files {
		if b, _ := os.ReadFile(f); bytes.Contains(b, []byte(text[7:27])) {
			t.Errorf("%s holds a value", f)
		}
	}
}

// TestExcerptsHaveTheFreshLines holds the pieces of an excerpt to the lines that they are said to be.
func TestExcerptsHaveTheFreshLines(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		set, seed, s := newSeen(), maphash.MakeSeed(), splitter{}
		known := map[string]bool{}
		for range 5 {
			lines := rapid.SliceOfN(rapid.SampledFrom([]string{"first line", "second line", "third line", "x", "", "-----BEGIN A KEY-----", "-----END A KEY-----",
				strings.Repeat("long", 200), strings.Repeat("more", 300), "another line", "one of the others"}), 1, 40).Draw(r, "lines")
			content := []byte(strings.Join(lines, "\n"))
			e := s.excerpt(set, seed, 0, content)
			text := strings.Split(strings.TrimSuffix(string(e.text), "\n"), "\n")
			shown := map[string]bool{}
			for i, p := range e.pieces {
				end := len(text)
				if i+1 < len(e.pieces) {
					end = e.pieces[i+1].row - 1 - len(gap)
				}
				for row := p.row - 1; row < end && len(e.text) > 0; row++ {
					line := p.line + row - (p.row - 1) - 1
					if line < len(lines) && text[row] != lines[line] {
						r.Fatalf("row %d is %q, want line %d, %q", row, text[row], line, lines[line])
					}
					shown[text[row]] = true
				}
			}
			for i, l := range lines {
				last := i == len(lines)-1 // has another key, for it ends without a newline
				if len(l) >= shortLine && !known[l] && !last && !shown[l] {
					r.Fatalf("%q is not to be matched", l)
				}
				if !last {
					known[l] = true
				}
			}
		}
	})
}
