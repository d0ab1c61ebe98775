package gitrepo

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// unpack turns a repository's packs into loose objects, which a test can then damage one by one.
func unpack(t *testing.T, dir string) {
	t.Helper()
	packs, _ := filepath.Glob(filepath.Join(dir, "objects/pack/*.pack"))
	for _, pack := range packs {
		data, err := os.ReadFile(pack)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(strings.TrimSuffix(pack, "pack") + "idx"); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(pack); err != nil {
			t.Fatal(err)
		}
		shIn(t, dir, string(data), "unpack-objects", "-q")
	}
}

func object(dir, id string) string { return filepath.Join(dir, "objects", id[:2], id[2:]) }

func TestWalkDamaged(t *testing.T) {
	history := stream(
		change{files: [][2]string{{"a", "one"}, {"d/b", "two"}}},
		change{files: [][2]string{{"a", "three"}}},
		change{files: [][2]string{{"d/b", "four"}}})
	tests := []struct {
		name    string
		object  string // what to damage
		corrupt bool   // else remove
		read    []string
		skipped string
		broken  bool
	}{
		{name: "missing_blob", object: "main~2:a", read: []string{"two", "three", "four"}, skipped: SkippedMissing},
		{name: "corrupt_blob", object: "main~2:a", corrupt: true, read: []string{"two", "three", "four"}, skipped: SkippedMissing},
		{name: "missing_tree", object: "main~1^{tree}", read: []string{"one", "two", "three", "four"}, broken: true},
		{name: "corrupt_tree", object: "main~1:d", corrupt: true, read: []string{"one", "two", "three", "four"}, broken: true},
		{name: "missing_commit", object: "main~1", read: []string{"one", "two", "three", "four"}, broken: true},
		{name: "missing_tip", object: "main", read: []string{"one", "two", "three", "four"}, broken: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := bare(t, history)
			unpack(t, dir)
			path := object(dir, sh(t, dir, "rev-parse", tt.object))
			err := os.Remove(path)
			if tt.corrupt {
				err = os.WriteFile(path, []byte("x\x9cnot zlib at all"), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			g := walkAll(t, open(t, dir), WalkOptions{})
			for _, text := range tt.read {
				if _, ok := g.byText[text]; !ok {
					t.Errorf("%q was not read", text)
				}
			}
			if g.stats.Complete() || g.stats.Missing != 1 || (g.stats.Broken != "") != tt.broken {
				t.Errorf("Stats = %+v, want one missing, broken %v", g.stats, tt.broken)
			}
			if tt.skipped != "" && (len(g.skipped) != 1 || g.skipped[0].Skipped != tt.skipped || len(g.skipped[0].Paths) != 1 || g.skipped[0].Paths[0].Path != "a") {
				t.Errorf("skipped = %+v, want a as %q", g.skipped, tt.skipped)
			}
		})
	}
}

// A content that breaks while it is read is told as broken, and those behind it are still read.
func TestWalkCorruptInside(t *testing.T) {
	dir := bare(t, "")
	sh(t, dir, "config", "core.compression", "0")
	imports(t, dir, stream(change{files: [][2]string{{"a", strings.Repeat("A", 300_000)}, {"b", "fine"}}}))
	unpack(t, dir)
	path := object(dir, sh(t, dir, "rev-parse", "main:a"))
	data, err := os.ReadFile(path)
	if err == nil {
		err = os.Chmod(path, 0o600)
	}
	if err == nil {
		err = os.WriteFile(path, data[:len(data)/2], 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	g := walkAll(t, open(t, dir), WalkOptions{})
	if _, ok := g.byText["fine"]; !ok || len(g.byText) != 1 || len(g.skipped) != 1 || g.skipped[0].Skipped != SkippedBroken || g.stats.Missing != 1 {
		t.Errorf("Walk = %+v, skipped %+v, want b read and a broken", g.stats, g.skipped)
	}
}

func TestWalkShallow(t *testing.T) {
	dir := bare(t, tinyCommits(5))
	work := filepath.Join(t.TempDir(), "w")
	sh(t, t.TempDir(), "clone", "-q", "--depth=2", "file://"+dir, work)
	g := walkAll(t, open(t, work), WalkOptions{})
	if !g.stats.Shallow || g.stats.Complete() || g.stats.Commits != 2 {
		t.Errorf("Stats of a shallow clone = %+v", g.stats)
	}
}

// Whatever the shape of a history, Walk reads exactly the blobs that its refs reach.
func TestWalkReadsWhatIsReachable(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		branches := []string{"refs/heads/main", "refs/heads/b", "refs/merge-requests/1/head"}
		paths := []string{"a", "b", "d/a", "d/e/f", "120000 l"}
		made := map[string]bool{}
		var changes []change
		for range rapid.IntRange(1, 12).Draw(rt, "commits") {
			c := change{branch: rapid.SampledFrom(branches).Draw(rt, "branch")}
			for _, m := range branches {
				if made[m] && m != c.branch && rapid.IntRange(0, 3).Draw(rt, "merge") == 0 {
					c.merge = append(c.merge, m)
				}
			}
			if len(c.merge) > 0 && !made[c.branch] {
				c.merge = nil
			}
			for range rapid.IntRange(0, 3).Draw(rt, "files") {
				c.files = append(c.files, [2]string{rapid.SampledFrom(paths).Draw(rt, "path"), rapid.SampledFrom([]string{"0", "1", "2", "3", "4", "5", "D"}).Draw(rt, "content")})
			}
			made[c.branch] = true
			changes = append(changes, c)
		}
		dir := bare(t, stream(changes...))
		want := map[string]bool{}
		for line := range strings.Lines(sh(t, dir, "rev-list", "--objects", "--all", "--filter=object:type=blob", "--filter-provided-objects", "--no-object-names")) {
			want[strings.TrimSpace(line)] = true
		}
		have := map[string]bool{}
		for text, b := range walkAll(t, open(t, dir), WalkOptions{}).byText {
			have[b.OID] = true
			if len(b.Paths) == 0 {
				rt.Errorf("%q has no place", text)
			}
		}
		if diff := cmp.Diff(want, have); diff != "" {
			rt.Fatalf("blobs (-reachable +walked):\n%s", diff)
		}
	})
}
