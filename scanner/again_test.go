package scanner

import (
	"math/rand/v2"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"nhiscan/scanner/gitlabtest"
)

// A value is listed where nothing tells that it is one, too: in the first scan, and in one that has the other contents'
// matches from the first.
func TestRepositoryFurtherPlaces(t *testing.T) {
	r := rand.New(rand.NewPCG(61, 62))
	b := make([]byte, 24)
	for i := range b {
		b[i] = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"[r.IntN(56)]
	}
	value := string(b)
	commits := []*gitlabtest.Commit{
		commit(0, "notes.md", "# how to\n\nType "+value+" when asked.\n", "other.txt", value+"x\n"), commit(1, "app.env", "DB_PASSWORD=\""+value+"\"\n# was "+value+"\n"),
		commit(2, "notes.md", "# how to\n"), on("dev", commit(3, "dev.log", "with "+value+"\n")),
	}
	want := []string{"file app.env:1 Ada 2026-01-02 value 1", "history dev.log:1 Ada 2026-01-04 value 1", "history notes.md:3 Ada 2026-01-01 value 1"}
	git := newClones(t)
	check := func(when string) {
		t.Helper()
		s := setup{Projects: []string{cart}, Sources: []Source{repositorySource}, Git: git, Change: history(cart, commits...)}.scan(t)
		if diff := gocmp.Diff(want, s.places(t, value)); diff != "" {
			t.Errorf("%s: locations differ (-want +got):\n%s", when, diff)
		}
	}
	check("first scan")
	check("nothing changed")
	commits = append(commits, on("more", commit(4, "a.txt", "it is "+value+"\n")))
	want = append([]string{"history a.txt:1 Ada 2026-01-05 value 1"}, want...)
	check("a commit more")
}
