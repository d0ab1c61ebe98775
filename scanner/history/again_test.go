package history

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// opaque is a value that only its name tells.
func opaque(seed uint64) string {
	r := rand.New(rand.NewPCG(seed, 11))
	b := make([]byte, 24)
	for i := range b {
		b[i] = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"[r.IntN(56)]
	}
	return string(b)
}

// TestFurtherPlaces lists a value wherever the history has it, and with a cache as without one, whichever of its places
// comes first.
func TestFurtherPlaces(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "repo.git")
	git(t, "", "init", "-q", "--bare", dir)
	one, two := opaque(1), opaque(2)
	filler := strings.Repeat("a line that says nothing of note, as most lines do\n", 100)
	at := 1_700_000_000
	commit := func(branch, from string, files map[string]string) {
		at += 1000
		commitOn(t, dir, branch, from, at, files)
	}
	commit("main", "", map[string]string{"notes.md": filler + "Type " + one + " when asked.\n", "log.txt": "with " + two + " at last\n" + filler})
	commit("main", "refs/heads/main^0", map[string]string{"app.env": filler + "DB_PASSWORD=\"" + one + "\"\n# was " + one + "\n", "notes.md": filler})
	commit("side", "refs/heads/main~1", map[string]string{"other.txt": filler + one + "\n" + one + "x\n"})

	cacheDir := filepath.Join(t.TempDir(), "cache")
	check := func(when string, want ...string) {
		t.Helper()
		plain := searched(t, open(t, dir), Options{Jobs: 2})
		var got []string
		for _, p := range plain.Places {
			if p.Confidence >= 0.5 {
				got = append(got, fmt.Sprintf("%s:%d", p.Path, p.Line))
			}
			for _, r := range p.Reasons {
				if strings.Contains(r, one) || strings.Contains(r, two) {
					t.Errorf("%s: a reason holds the value", when)
				}
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: places %q, want %q", when, got, want)
		}
		for _, run := range []string{"fresh cache or an older one", "the same again"} {
			c, err := OpenCache(cacheDir, theEngine().Version())
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(plain, searched(t, open(t, dir), Options{Cache: c, Jobs: 2})); diff != "" {
				t.Errorf("%s, %s (-without +with cache):\n%s", when, run, diff)
			}
		}
	}
	check("one value", "app.env:101", "app.env:102", "notes.md:101", "other.txt:101")
	commit("main", "refs/heads/main^0", map[string]string{"more.txt": "also " + one + "\n"})
	check("a further place", "app.env:101", "app.env:102", "more.txt:1", "notes.md:101", "other.txt:101")
	commit("main", "refs/heads/main^0", map[string]string{"b.env": "API_PASSWORD='" + two + "'\n"})
	check("a further value", "app.env:101", "app.env:102", "b.env:1", "log.txt:1", "more.txt:1", "notes.md:101", "other.txt:101")
	commit("main", "refs/heads/main^0", map[string]string{"none.txt": "nothing\n"})
	check("nothing further", "app.env:101", "app.env:102", "b.env:1", "log.txt:1", "more.txt:1", "notes.md:101", "other.txt:101")
}
