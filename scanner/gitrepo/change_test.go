package gitrepo

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nhiscan/inventory/secret"
)

// id is the object id of a revision or path.
func id(t testing.TB, dir, revision string) string {
	t.Helper()
	return sh(t, dir, "rev-parse", revision)
}

func TestStepsAreWhatARangeAdds(t *testing.T) {
	dir := bare(t, stream(
		change{files: [][2]string{{"a", "one"}, {"kept", "k"}}},
		change{branch: "refs/heads/feature", from: "refs/heads/main", files: [][2]string{{"a", "two"}, {`"b \n\t:"`, "b"}}},
		change{branch: "refs/heads/feature", files: [][2]string{{"a", "D"}, {"160000 module", strings.Repeat("1", 40)}, {"120000 link", "a"}}},
	))
	r := open(t, dir)
	main, feature := id(t, dir, "main"), id(t, dir, "feature")
	got, err := r.Steps(t.Context(), []string{feature}, []string{main}, false)
	if err != nil {
		t.Fatal(err)
	}
	first := id(t, dir, "feature~1")
	step := func(rev string, parent string, changes ...Changed) Step {
		return Step{Commit: id(t, dir, rev), Tree: id(t, dir, rev+"^{tree}"), Author: "Ada <ada@shop.example>", Date: time.Unix(1700000000, 0).UTC(), Parents: []string{parent}, Changes: changes}
	}
	want := []Step{
		step("feature~1", main,
			Changed{"a", []string{id(t, dir, "main:a")}, id(t, dir, "feature~1:a")},
			Changed{"b \n\t:", []string{""}, id(t, dir, "feature~1:b \n\t:")}),
		step("feature", first,
			Changed{"a", []string{id(t, dir, "feature~1:a")}, ""},
			Changed{"link", []string{""}, id(t, dir, "feature:link")},
			Changed{"module", []string{""}, ""}),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Steps (-want +got):\n%s", diff)
	}
	if all, err := r.Steps(t.Context(), []string{feature}, nil, true); err != nil || len(all) != 0 {
		t.Errorf("Steps without what refs reach = %d, %v; want none", len(all), err)
	}
	if all, err := r.Steps(t.Context(), []string{feature}, nil, false); err != nil || len(all) != 3 || len(all[0].Parents) != 0 || all[0].Changes[0].Old[0] != "" {
		t.Errorf("Steps from the root = %+v, %v; want 3, the first without a parent", all, err)
	}
	if _, err := r.Steps(t.Context(), []string{strings.Repeat("2", 40)}, nil, false); err == nil {
		t.Error("Steps of a commit that is not there = nil, want an error")
	}
}

func TestStepsOfAMergeAreWhatItAddsItself(t *testing.T) {
	dir := bare(t, stream(
		change{files: [][2]string{{"a", "one"}, {"b", "one"}}},
		change{branch: "refs/heads/side", from: "refs/heads/main", files: [][2]string{{"b", "two"}}},
		change{files: [][2]string{{"a", "two"}}},
		change{merge: []string{"refs/heads/side"}, files: [][2]string{{"b", "two"}, {"evil", "e"}}},
	))
	got, err := open(t, dir).Steps(t.Context(), []string{id(t, dir, "main")}, []string{id(t, dir, "main~1"), id(t, dir, "side")}, false)
	if err != nil || len(got) != 1 || len(got[0].Parents) != 2 {
		t.Fatalf("Steps = %+v, %v; want the merge", got, err)
	}
	want := []Changed{{"evil", []string{"", ""}, id(t, dir, "main:evil")}}
	if diff := cmp.Diff(want, got[0].Changes); diff != "" {
		t.Errorf("changes of the merge (-want +got):\n%s", diff)
	}
}

func TestCompareTrees(t *testing.T) {
	dir := bare(t, stream(
		change{files: [][2]string{{"a", "one"}, {"d/b", "b"}}},
		change{files: [][2]string{{"a", "two"}}},
		change{files: [][2]string{{"a", "one"}}},
		change{files: [][2]string{{"d/b", "D"}, {"c", "c"}}},
	))
	r := open(t, dir)
	trees := []string{id(t, dir, "main~2^{tree}"), id(t, dir, "main~1^{tree}"), id(t, dir, "main^{tree}")}
	got, order := map[string][]Changed{}, []string(nil)
	each := func(tree string, changes []Changed) error {
		got[tree] = changes
		order = append(order, tree)
		return nil
	}
	base := id(t, dir, "main~3")
	if err := r.Compare(t.Context(), base, trees, each); err != nil {
		t.Fatal(err)
	}
	want := map[string][]Changed{
		trees[0]: {{"a", []string{id(t, dir, base+":a")}, id(t, dir, "main~2:a")}},
		trees[1]: nil,
		trees[2]: {{"c", []string{""}, id(t, dir, "main:c")}, {"d/b", []string{id(t, dir, base+":d/b")}, ""}},
	}
	if diff := cmp.Diff(want, got); diff != "" || !slices.Equal(order, trees) {
		t.Errorf("Compare (-want +got):\n%s\norder %v, want %v", diff, order, trees)
	}
	got, order = map[string][]Changed{}, nil
	if err := r.Compare(t.Context(), "", trees[:1], each); err != nil || len(got[trees[0]]) != 2 || got[trees[0]][0].Old[0] != "" {
		t.Errorf("Compare with nothing = %v, %v; want both files added", got, err)
	}
	stop := errors.New("stop")
	if err := r.Compare(t.Context(), base, trees, func(string, []Changed) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("Compare = %v, want the caller's error", err)
	}
}

func TestStagedIsTheIndexAgainstHEAD(t *testing.T) {
	dir := t.TempDir()
	sh(t, dir, "init", "-q")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a", "one")
	sh(t, dir, "add", "a")
	write("a", "not staged")
	r := open(t, dir)
	got, err := r.Staged(t.Context())
	want := Step{Changes: []Changed{{"a", []string{""}, id(t, dir, ":a")}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("Staged before the first commit: %v (-want +got):\n%s", err, diff)
	}
	sh(t, dir, "commit", "-qm", "m")
	sh(t, dir, "add", "a")
	got, err = r.Staged(t.Context())
	want = Step{Parents: []string{id(t, dir, "HEAD")}, Changes: []Changed{{"a", []string{id(t, dir, "HEAD:a")}, id(t, dir, ":a")}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("Staged: %v (-want +got):\n%s", err, diff)
	}
}

func TestStagedInAMergeLeavesOutTheOtherSide(t *testing.T) {
	dir := t.TempDir()
	sh(t, dir, "init", "-q")
	commit := func(files ...[2]string) {
		t.Helper()
		for _, f := range files {
			if err := os.WriteFile(filepath.Join(dir, f[0]), []byte(f[1]), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		sh(t, dir, "add", ".")
		sh(t, dir, "commit", "-qm", "m")
	}
	commit([2]string{"a", "base"})
	sh(t, dir, "checkout", "-qb", "side")
	commit([2]string{"a", "theirs"}, [2]string{"b", "theirs"})
	sh(t, dir, "checkout", "-q", "main")
	commit([2]string{"a", "ours"})
	sh(t, dir, "merge", "-q", "--no-commit", "-s", "ours", "side") // leaves MERGE_HEAD
	sh(t, dir, "checkout", "side", "--", "b")
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("both"), 0o600); err != nil {
		t.Fatal(err)
	}
	sh(t, dir, "add", ".")
	got, err := open(t, dir).Staged(t.Context())
	want := Step{Parents: []string{id(t, dir, "HEAD")}, Changes: []Changed{{"a", []string{id(t, dir, "HEAD:a"), id(t, dir, "side:a")}, id(t, dir, ":a")}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("Staged: %v (-want +got):\n%s", err, diff)
	}
}

func TestHooksIndexAndObjectsAreSeen(t *testing.T) {
	dir := t.TempDir()
	sh(t, dir, "init", "-q")
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	sh(t, dir, "add", "a")
	if err := os.Rename(filepath.Join(dir, ".git/index"), filepath.Join(dir, ".git/other")); err != nil {
		t.Fatal(err)
	}
	objects := filepath.Join(t.TempDir(), "objects")
	if err := os.Rename(filepath.Join(dir, ".git/objects"), objects); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, ".git/objects"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	env := append(testEnv(), "GIT_INDEX_FILE=.git/other", "GIT_OBJECT_DIRECTORY=.git/objects", "GIT_ALTERNATE_OBJECT_DIRECTORIES="+objects, "GIT_DIR=/nowhere")
	for hook, want := range map[bool]string{true: "one", false: ""} {
		g, err := Find(t.Context(), Options{Env: env, Hook: hook})
		if err != nil {
			t.Fatal(err)
		}
		r, err := g.Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		s, err := r.Staged(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, c := range s.Changes {
			ids = append(ids, c.New)
		}
		text := ""
		err = r.Contents(t.Context(), ids, 100, func(_ string, content []byte, skipped string) error {
			text += string(content) + skipped
			return nil
		})
		if err != nil || text != want {
			t.Errorf("hook %t: staged contents = %q, %v; want %q", hook, text, err, want)
		}
	}
}

func TestRevisions(t *testing.T) {
	dir := bare(t, stream(change{files: [][2]string{{"a", "one"}}}, change{files: [][2]string{{"a", "two"}}},
		change{branch: "refs/heads/lone", files: [][2]string{{"l", "l"}}}))
	r, ctx := open(t, dir), t.Context()
	main := id(t, dir, "main")
	for rev, want := range map[string]string{"main": main, "main~1": id(t, dir, "main~1"), main[:8]: main, "refs/heads/main": main, "": "", "nowhere": "", "main:a": "", "--all": "", "a\nb": ""} {
		got, err := r.Commit(ctx, rev)
		if got != want || (want == "") != errors.Is(err, ErrNoCommit) {
			t.Errorf("Commit(%q) = %q, %v; want %q", rev, got, err, want)
		}
	}
	sh(t, dir, "update-ref", "refs/tags/main", "lone")
	for _, rev := range []string{"main", "main~1", "main@{0}", "heads/main"} {
		got, err := r.Commit(ctx, rev)
		if want := rev != "heads/main"; errors.Is(err, ErrAmbiguous) != want {
			t.Errorf("Commit(%q) beside a tag main = %q, %v; want it refused: %t", rev, got, err, want)
		}
	}
	sh(t, dir, "update-ref", "-d", "refs/tags/main")
	if got, name, err := r.Named(ctx, "refs/heads/nowhere", "refs/heads/main"); got != main || name != "refs/heads/main" || err != nil {
		t.Errorf("Named = %s %s, %v", got, name, err)
	}
	if got, err := r.MergeBase(ctx, "main~1", "main"); got != id(t, dir, "main~1") || err != nil {
		t.Errorf("MergeBase = %q, %v", got, err)
	}
	if got, err := r.MergeBase(ctx, "lone", "main"); got != "" || err != nil {
		t.Errorf("MergeBase of strangers = %q, %v; want none", got, err)
	}
	for pair, want := range map[[2]string]bool{{"main~1", "main"}: true, {"main", "main~1"}: false} {
		if got, err := r.IsAncestor(ctx, pair[0], pair[1]); got != want || err != nil {
			t.Errorf("IsAncestor(%v) = %t, %v", pair, got, err)
		}
	}
	if got, err := r.ShallowCommits(ctx); len(got) != 0 || err != nil {
		t.Errorf("ShallowCommits of a whole repository = %v, %v", got, err)
	}
	clone := filepath.Join(t.TempDir(), "clone")
	sh(t, filepath.Dir(clone), "clone", "-q", "--depth=1", "-b", "main", "file://"+dir, clone)
	if got, err := open(t, clone).ShallowCommits(ctx); !slices.Equal(got, []string{main}) || err != nil {
		t.Errorf("ShallowCommits = %v, %v; want %s", got, err, main)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := r.Commit(ended, "main"); errors.Is(err, ErrNoCommit) || err == nil {
		t.Errorf("Commit when cancelled = %v, want the cancellation", err)
	}
}

func TestHoldingFindsFilesWithAText(t *testing.T) {
	dir := bare(t, stream(change{files: [][2]string{{"a", "x EXAMPLE.1* y\n"}, {"d/b", "BEGIN\nEXAMPLE-long-line\n"}, {"n", "EXAMPLE 1"}, {"z", "\x00EXAMPLE.1*"}}}))
	r, main := open(t, dir), id(t, dir, "main")
	for _, c := range []struct{ texts, want []string }{
		{[]string{"EXAMPLE.1*"}, []string{"a", "z"}},
		{[]string{"B\nEXAMPLE-long-line\nE", "EXAMPLE.1*"}, []string{"a", "d/b", "z"}},
		{[]string{"nowhere"}, nil},
		{[]string{"\n"}, nil},
		{nil, nil},
	} {
		var texts []secret.Value
		for _, text := range c.texts {
			texts = append(texts, secret.New(text))
		}
		got, err := r.Holding(t.Context(), main, texts)
		if !slices.Equal(got, c.want) || err != nil {
			t.Errorf("Holding(%q) = %q, %v; want %q", c.texts, got, err, c.want)
		}
	}
	if _, err := r.Holding(t.Context(), strings.Repeat("1", 40), []secret.Value{secret.New("x")}); err == nil {
		t.Error("Holding of a commit that is not there = nil, want an error")
	}
	tree, err := r.Tree(t.Context(), main)
	if want := map[string]string{"a": id(t, dir, "main:a"), "d/b": id(t, dir, "main:d/b"), "n": id(t, dir, "main:n"), "z": id(t, dir, "main:z")}; err != nil || !cmp.Equal(tree, want) {
		t.Errorf("Tree = %v, %v; want %v", tree, err, want)
	}
}

func TestContentsTellsWhatItDoesNotRead(t *testing.T) {
	dir := bare(t, stream(change{files: [][2]string{{"a", "one"}, {"big", strings.Repeat("x", 100)}}}))
	got := map[string]string{}
	gone := strings.Repeat("1", 40)
	ids := []string{id(t, dir, "main:a"), gone, id(t, dir, "main:big"), id(t, dir, "main:a"), id(t, dir, "main^{tree}"), "no id"}
	err := open(t, dir).Contents(t.Context(), ids, 99, func(oid string, content []byte, skipped string) error {
		got[oid] += string(content) + skipped
		return nil
	})
	want := map[string]string{ids[0]: "one", gone: SkippedMissing, ids[2]: SkippedSize, ids[4]: SkippedBroken}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("Contents: %v (-want +got):\n%s", err, diff)
	}
}

func TestAnotherUsersRepositoryIsReadWhenAsked(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a repository away")
	}
	dir := bare(t, stream(change{files: [][2]string{{"a", "one"}}}))
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err == nil {
			err = os.Chown(path, 12345, 12345)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for asked, want := range map[bool]bool{false: false, true: true} {
		g, err := Find(t.Context(), Options{Env: testEnv(), AnyOwner: asked})
		if err != nil {
			t.Fatal(err)
		}
		r, err := g.Open(t.Context(), dir)
		if err == nil {
			_, err = r.Commit(t.Context(), "main")
		}
		if (err == nil) != want {
			t.Errorf("asked %t: %v", asked, err)
		}
	}
}

func FuzzParseChanges(f *testing.F) {
	a, b := strings.Repeat("a", 40), strings.Repeat("b", 40)
	raw := ":100644 100644 " + a + " " + b + " M\x00path\x00"
	f.Add(a + "\x00" + b + "\x00" + b + "\x00Ada\x00ada@shop.example\x001700000000\x00\n\x00" + raw)
	f.Add(b + " " + a + "\n" + raw + b + " " + b + "\n" + raw)
	f.Add("::100644 100644 100644 " + a + " " + a + " " + b + " MM\x00p\x00")
	f.Add(raw)
	f.Fuzz(func(t *testing.T, text string) {
		steps, err := parseSteps(strings.NewReader(text))
		for _, s := range steps {
			if err != nil || !isObjectID(s.Commit) {
				t.Errorf("step %+v, %v", s, err)
			}
		}
		_, _ = parseChanges(newTokens(strings.NewReader(text)))
		trees, told := []string{a, b}, 0
		err = parseCompared(newTokens(strings.NewReader(text)), trees, func(tree string, _ []Changed) error {
			if tree != trees[told] {
				t.Errorf("tree %s, want %s", tree, trees[told])
			}
			told++
			return nil
		})
		if (err == nil) != (told == len(trees)) {
			t.Errorf("parseCompared(%q) = %v after %d trees", text, err, told)
		}
	})
}
