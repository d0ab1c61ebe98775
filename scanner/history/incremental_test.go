package history

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"nhiscan/scanner/detect"
)

// step changes a repository as its users do.
type step struct {
	name string
	do   func(t *testing.T, dir string, r *rand.Rand)
}

// commitOn adds a commit to a branch. An old time makes git list it among older ones.
func commitOn(t *testing.T, dir, branch, from string, at int, files map[string]string) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "commit refs/heads/%s\ncommitter Bob <bob@shop.example> %d +0000\ndata 1\nm\n", branch, at)
	for i, parent := range strings.Fields(from) {
		fmt.Fprintf(&b, "%s %s\n", []string{"from", "merge"}[min(i, 1)], parent)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&b, "M 100644 inline %s\ndata %d\n%s\n", name, len(files[name]), files[name])
	}
	git(t, b.String(), "-C", dir, "fast-import", "--quiet", "--force")
}

// sameSecret stands in several steps: known contents come under other paths, commits and branches.
func sameSecret(r *rand.Rand) string { return "token: " + token(r) + "\n" }

func steps() []step {
	known := sameSecret(rand.New(rand.NewPCG(5, 5)))
	return []step{
		{"nothing", func(*testing.T, string, *rand.Rand) {}},
		{"a commit more", func(t *testing.T, dir string, r *rand.Rand) {
			commitOn(t, dir, "main", "refs/heads/main^0", 1800000000, map[string]string{"more.txt": known, "b\t\"ü.txt": sameSecret(r)})
		}},
		{"a known content at another path, with an older date", func(t *testing.T, dir string, _ *rand.Rand) {
			commitOn(t, dir, "old", "refs/heads/main~3", 1600000000, map[string]string{"earlier.txt": known, "more.txt": known})
		}},
		{"a binary content and a large one", func(t *testing.T, dir string, _ *rand.Rand) {
			commitOn(t, dir, "main", "refs/heads/main^0", 1800000001, map[string]string{"z.bin": "\x00" + known, "large.txt": strings.Repeat(known, 4000)})
		}},
		{"a merge that changes something", func(t *testing.T, dir string, r *rand.Rand) {
			commitOn(t, dir, "main", "refs/heads/main^0 refs/heads/old", 1800000002, map[string]string{"merged.txt": sameSecret(r), "src/b.go": known})
		}},
		{"rewritten history", func(t *testing.T, dir string, r *rand.Rand) {
			commitOn(t, dir, "main", "refs/heads/main~2", 1800000003, map[string]string{"rewritten.txt": sameSecret(r)})
		}},
		{"a removed branch", func(t *testing.T, dir string, _ *rand.Rand) {
			git(t, "", "-C", dir, "update-ref", "-d", "refs/heads/old")
		}},
		{"an unrelated root", func(t *testing.T, dir string, r *rand.Rand) {
			commitOn(t, dir, "pages", "", 1500000000, map[string]string{"index.html": sameSecret(r), "more.txt": known})
		}},
		{"a content that only a tag names", func(t *testing.T, dir string, _ *rand.Rand) {
			file := filepath.Join(t.TempDir(), "f")
			if err := os.WriteFile(file, []byte(known), 0o600); err != nil {
				t.Fatal(err)
			}
			id, err := exec.Command("git", "-C", dir, "hash-object", "-w", file).Output()
			if err != nil {
				t.Fatal(err)
			}
			git(t, "", "-C", dir, "update-ref", "refs/tags/blob", strings.TrimSpace(string(id)))
		}},
	}
}

// undisturbed is a result without what tells runs apart: the order, and the key of fingerprints.
func undisturbed(t *testing.T, dir string, o Options) *Result {
	t.Helper()
	r := searched(t, open(t, dir), o)
	slices.SortFunc(r.Skipped, func(a, b Skipped) int { return strings.Compare(a.Path+a.Reason, b.Path+b.Reason) })
	return r
}

// TestGrownHistoriesAreSearchedRight holds each run with a cache to one without, while a repository changes between them.
func TestGrownHistoriesAreSearchedRight(t *testing.T) {
	dir := repository(t, 4, 25)
	cacheDir := filepath.Join(t.TempDir(), "cache")
	cached := func(dir string) *Result {
		t.Helper()
		c, err := OpenCache(cacheDir, theEngine().Version())
		if err != nil {
			t.Fatal(err)
		}
		return undisturbed(t, dir, Options{Cache: c, Jobs: 2, MaxBlob: 100_000})
	}
	cached(dir)
	r := rand.New(rand.NewPCG(21, 22))
	for _, s := range steps() {
		s.do(t, dir, r)
		want := undisturbed(t, dir, Options{MaxBlob: 100_000})
		if diff := gocmp.Diff(want, cached(dir)); diff != "" {
			t.Errorf("after %s: (-want +got):\n%s", s.name, diff)
		}
		forget(t, cacheDir) // the log and the contents alone must give the same
		if diff := gocmp.Diff(want, cached(dir)); diff != "" {
			t.Errorf("after %s, again: (-want +got):\n%s", s.name, diff)
		}
	}
	fork := filepath.Join(t.TempDir(), "fork.git")
	git(t, "", "clone", "-q", "--bare", "--single-branch", "--branch", "main", dir, fork)
	commitOn(t, fork, "main", "refs/heads/main^0", 1900000000, map[string]string{"forked.txt": sameSecret(r)})
	shallow := filepath.Join(t.TempDir(), "shallow.git")
	git(t, "", "clone", "-q", "--bare", "--branch", "main", "--depth", "12", "file://"+dir, shallow)
	for _, dir := range []string{fork, shallow, dir} {
		want := undisturbed(t, dir, Options{MaxBlob: 100_000})
		if diff := gocmp.Diff(want, cached(dir)); diff != "" || len(want.Places) == 0 {
			t.Errorf("%s: (-want +got):\n%s", filepath.Base(dir), diff)
		}
	}
}

// forget removes the results of whole histories.
func forget(t *testing.T, cacheDir string) {
	t.Helper()
	kept, err := filepath.Glob(filepath.Join(cacheDir, "*-history-*"))
	if err != nil || len(kept) == 0 {
		t.Fatalf("%v, %v: want a history", kept, err)
	}
	for _, k := range kept {
		if err := os.Remove(k); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKeptHistoriesNeedNoEngine searches twice; compiling the rules is most of what a second run could cost.
func TestKeptHistoriesNeedNoEngine(t *testing.T) {
	dir := repository(t, 3, 10)
	cacheDir := filepath.Join(t.TempDir(), "cache")
	for i := range 2 {
		c, err := OpenCache(cacheDir, detect.Version(detect.Options{}))
		if err != nil {
			t.Fatal(err)
		}
		made := 0
		o := Options{Cache: c, Engine: func() (*detect.Engine, error) { made++; return theEngine(), nil }}
		if _, err := Search(t.Context(), open(t, dir), o); err != nil {
			t.Fatal(err)
		}
		if made != 1-i {
			t.Errorf("run %d made %d engines, want %d", i+1, made, 1-i)
		}
	}
	if got, want := detect.Version(detect.Options{}), theEngine().Version(); got != want {
		t.Errorf("Version = %s, want the engine's %s", got, want)
	}
}
