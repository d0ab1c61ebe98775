package gitrepo

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestKeptLogIsTheLog reads one history from git, from an empty folder and from the file, and after damage to it.
func TestKeptLogIsTheLog(t *testing.T) {
	dir := bare(t, stream(
		change{files: [][2]string{{"a.txt", "one"}, {`"b\tc"`, "two"}, {"120000 link", "a.txt"}}},
		change{author: "Eve <eve@shop.example>", files: [][2]string{{"a.txt", "D"}, {"d/e", "one"}}},
		change{branch: "refs/heads/side", from: "refs/heads/main", files: [][2]string{{"f", "three"}}},
		change{merge: []string{"refs/heads/side"}, files: [][2]string{{"f", "three"}, {"g", "four"}}},
	))
	r, logs := open(t, dir), t.TempDir()
	want := walkAll(t, r, WalkOptions{})
	same := func(when string) {
		t.Helper()
		got := walkAll(t, r, WalkOptions{LogDir: logs})
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(got)); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", when, diff)
		}
	}
	same("first")
	files, err := filepath.Glob(filepath.Join(logs, KeptLogPrefix+"*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v: want one log", files, err)
	}
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	same("again")
	for name, text := range map[string][]byte{"cut": whole[:len(whole)/2], "empty": nil, "flipped": append(bytes.Clone(whole[:len(whole)-1]), whole[len(whole)-1]^1)} {
		if err := os.WriteFile(files[0], text, 0o600); err != nil {
			t.Fatal(err)
		}
		if loadKeptLog(files[0], 0) != nil {
			t.Errorf("%s: a damaged log was loaded", name)
		}
		same(name)
		if again, err := os.ReadFile(files[0]); err != nil || !bytes.Equal(again, whole) {
			t.Errorf("%s: the log was not made anew (%v)", name, err)
		}
	}
}
