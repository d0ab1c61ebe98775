package gitrepo

import (
	"fmt"
	"strings"
	"testing"
)

// A few trees that hold each other name ten billion files. git may not take all memory for them, and every content is
// delivered all the same.
func TestTreeBomb(t *testing.T) {
	dir := bare(t, stream(change{files: [][2]string{{"a", "at the head"}}}))
	blob := shIn(t, dir, "in the bomb", "hash-object", "-w", "--stdin")
	entries := func(format, id string) string {
		var b strings.Builder
		for i := range 10 {
			fmt.Fprintf(&b, format, id, i)
		}
		return shIn(t, dir, b.String(), "mktree")
	}
	tree := entries("100644 blob %s\tf%d\n", blob)
	for range 9 {
		tree = entries("040000 tree %s\td%d\n", tree)
	}
	sh(t, dir, "update-ref", "refs/heads/bomb", sh(t, dir, "commit-tree", "-m", "m", tree))
	r := open(t, dir)
	r.git.memory = 128 << 20
	g := walkAll(t, r, WalkOptions{Head: "main"})
	if g.stats.Broken == "" || g.stats.Complete() {
		t.Errorf("Walk = %+v, want a history that could not be read to its end", g.stats)
	}
	for _, text := range []string{"at the head", "in the bomb"} {
		if _, ok := g.byText[text]; !ok {
			t.Errorf("the content %q was not delivered", text)
		}
	}
}
