package history

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"nhiscan/scanner/detect"
)

// anyHistory is a repository whose branches grow, part, merge, are rewritten and go, in no order of time.
type anyHistory struct {
	dir      string
	r        *rand.Rand
	contents []string
	branches []string
	n        int
}

func newAnyHistory(t *testing.T, seed uint64) *anyHistory {
	t.Helper()
	h := &anyHistory{dir: filepath.Join(t.TempDir(), "repo.git"), r: rand.New(rand.NewPCG(seed, 8)), branches: []string{"main"}}
	git(t, "", "init", "-q", "--bare", h.dir)
	one, two := token(h.r), opaque(seed)
	filler := strings.Repeat("a line that says nothing of note, as most lines do\n", 50)
	for i := range 24 {
		h.contents = append(h.contents, []string{
			"token: " + one + "\n",
			fmt.Sprintf("password = \"%s%d\"\n", "changeit", i), // a guess
			filler + "DB_PASSWORD=\"" + two + "\"\n",
			"the value is " + two + "\n" + filler,
			filler + fmt.Sprintf("secret_key = 'example-%d-of-many'\n", i) + "token: " + one + "\n",
			"\x00" + two,
			pem(h.r),
			fmt.Sprintf("nothing %d\n", i),
		}[i%8])
	}
	return h
}

// grow makes a commit on some branch, most often on top of it.
func (h *anyHistory) grow(t *testing.T) {
	t.Helper()
	h.n++
	branch := h.branches[h.r.IntN(len(h.branches))]
	from := "refs/heads/" + branch + "^0"
	switch k := h.r.IntN(10); {
	case h.n == 1 || k == 0: // a root, which forgets what the branch was
		from = ""
	case k <= 2: // a branch more
		branch = fmt.Sprint("side-", h.n)
		h.branches = append(h.branches, branch)
	case k <= 4 && len(h.branches) > 1:
		from += " refs/heads/" + h.branches[h.r.IntN(len(h.branches))]
	}
	files := map[string]string{}
	for range 1 + h.r.IntN(3) {
		name := []string{"a.txt", "b.py", "src/c.go", "test/d.env", "e.min.js", "f.md"}[h.r.IntN(6)]
		files[name] = h.contents[h.r.IntN(len(h.contents))]
	}
	commitOn(t, h.dir, branch, from, 1_700_000_000+h.r.IntN(1000), files)
	if len(h.branches) > 3 && h.r.IntN(3) == 0 {
		git(t, "", "-C", h.dir, "update-ref", "-d", "refs/heads/"+h.branches[1])
		h.branches = slices.Delete(h.branches, 1, 2)
	}
}

// TestAnyHistoryIsSearchedAsWithoutCache holds each search with a cache to one without, of a repository that changes, of
// forks that lack branches and have commits of their own, and of shallow clones, whatever confidence is asked for.
func TestAnyHistoryIsSearchedAsWithoutCache(t *testing.T) {
	froms := []float64{0, 0.2, detect.DefaultConfidence, 0.85}
	for seed := range uint64(3) {
		h, cacheDir := newAnyHistory(t, seed), filepath.Join(t.TempDir(), "cache")
		check := func(what, dir string) {
			t.Helper()
			want := map[float64]*Result{}
			for _, from := range froms {
				want[from] = undisturbed(t, dir, Options{Jobs: 2, From: from})
			}
			if all := want[0]; len(all.Places) != len(want[0.85].Places)+want[0.85].Others || all.Others != 0 {
				t.Fatalf("%d places, of which %d are listed and %d are not", len(all.Places), len(want[0.85].Places), want[0.85].Others)
			}
			for range 3 {
				from := froms[h.r.IntN(len(froms))]
				c, err := OpenCache(cacheDir, theEngine().Version())
				if err != nil {
					t.Fatal(err)
				}
				if diff := gocmp.Diff(want[from], undisturbed(t, dir, Options{Cache: c, Jobs: 2, From: from})); diff != "" {
					t.Fatalf("seed %d, %s, from %v (-without +with cache):\n%s", seed, what, from, diff)
				}
			}
		}
		for round := range 4 {
			for range 4 {
				h.grow(t)
			}
			check(fmt.Sprint("round ", round), h.dir)
		}
		fork := filepath.Join(t.TempDir(), "fork.git")
		git(t, "", "clone", "-q", "--bare", "--single-branch", "--branch", h.branches[0], h.dir, fork)
		commitOn(t, fork, h.branches[0], "refs/heads/"+h.branches[0]+"^0", 1_700_000_500, map[string]string{"a.txt": "token: " + token(h.r) + "\n", "g.txt": h.contents[3]})
		check("fork", fork)
		shallow := filepath.Join(t.TempDir(), "shallow.git")
		git(t, "", "clone", "-q", "--bare", "--depth", "2", "--no-single-branch", "file://"+h.dir, shallow)
		check("shallow clone", shallow)
	}
}

// TestDamagedCache cuts and changes each file of a cache, at any byte: what it held is found out again.
func TestDamagedCache(t *testing.T) {
	dir, cacheDir := repository(t, 12, 12), filepath.Join(t.TempDir(), "cache")
	cached := func() *Result {
		c, err := OpenCache(cacheDir, theEngine().Version())
		if err != nil {
			t.Fatal(err)
		}
		return undisturbed(t, dir, Options{Cache: c})
	}
	want := cached()
	files, err := filepath.Glob(filepath.Join(cacheDir, "*-*"))
	if err != nil || len(files) != 3 {
		t.Fatalf("%v, %v: want a history, contents and a log", files, err)
	}
	whole := map[string][]byte{}
	for _, f := range files {
		if whole[f], err = os.ReadFile(f); err != nil {
			t.Fatal(err)
		}
	}
	r := rand.New(rand.NewPCG(3, 4))
	for round := range 12 {
		for _, f := range files {
			text := slices.Clone(whole[f])
			at := r.IntN(len(text))
			switch {
			case strings.Contains(f, historyInfix) && round%2 == 0: // else it hides the others
				text = nil
			case round%3 == 0:
				text = text[:at]
			default:
				text[at] ^= byte(1 + r.IntN(255))
			}
			if err := os.WriteFile(f, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if diff := gocmp.Diff(want, cached()); diff != "" {
			t.Errorf("round %d (-want +got):\n%s", round, diff)
		}
	}
}

// TestUnwritableCache gives the result and an error that says that it could not be kept.
func TestUnwritableCache(t *testing.T) {
	dir, cacheDir := repository(t, 13, 5), filepath.Join(t.TempDir(), "cache")
	want := undisturbed(t, dir, Options{})
	c, err := OpenCache(cacheDir, theEngine().Version())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(cacheDir); err != nil {
		t.Fatal(err)
	}
	got, err := Search(t.Context(), open(t, dir), Options{Engine: func() (*detect.Engine, error) { return theEngine(), nil }, Cache: c})
	if err == nil || got == nil || len(got.Places) != len(want.Places) {
		t.Errorf("Search = %+v, %v, want %d places and an error", got, err, len(want.Places))
	}
}

// TestShallowClonesShareContents searches a clone of each depth: a pipeline's has another oldest commit each time.
func TestShallowClonesShareContents(t *testing.T) {
	dir, cacheDir := repository(t, 14, 12), filepath.Join(t.TempDir(), "cache")
	for depth := range 3 {
		clone := filepath.Join(t.TempDir(), "clone.git")
		git(t, "", "clone", "-q", "--bare", "--depth", fmt.Sprint(depth+2), "file://"+dir, clone)
		c, err := OpenCache(cacheDir, theEngine().Version())
		if err != nil {
			t.Fatal(err)
		}
		undisturbed(t, clone, Options{Cache: c})
	}
	if kept, err := filepath.Glob(filepath.Join(cacheDir, contentsPrefix+"*")); err != nil || len(kept) != 1 {
		t.Errorf("%v, %v: want one file of contents", kept, err)
	}
}
