package gate

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNewIsWhatTheBaseDoesNotHold(t *testing.T) {
	for _, c := range []struct {
		name    string
		nodes   []node
		without []string
		want    []string
	}{
		{"nothing", []node{{files: files{"a": "{A}"}}}, nil, nil},
		{"added", []node{{files: files{"a": "x"}}, {files: files{"a": "x\n{A}"}}}, nil, []string{"A a:2@c1"}},
		{"added_and_removed_again", []node{{files: files{"a": "x"}}, {files: files{"a": "{A}"}}, {files: files{"a": "x"}}}, nil, []string{"A a:1@c1"}},
		{"kept_while_its_file_changes", []node{{files: files{"a": "{A}"}}, {files: files{"a": "x\n{A}\ny"}}}, nil, nil},
		{"renamed", []node{{files: files{"a": "{A}"}}, {files: files{"b": "{A}"}}}, nil, nil},
		{"renamed_and_changed", []node{{files: files{"a": "{A}"}}, {files: files{"b": "x\n\n{A}\n{B}"}}}, nil, []string{"B b:4@c1"}},
		{"moved_within_its_file", []node{{files: files{"a": "{A}\nx"}}, {files: files{"a": "x\ny\n{A}"}}}, nil, nil},
		{"moved_to_another_file", []node{{files: files{"a": "{A}\nx", "b": "y"}}, {files: files{"a": "x", "b": "y\n{A}"}}}, nil, nil},
		{"moved_in_two_commits", []node{{files: files{"a": "{A}"}}, {files: files{}}, {files: files{"b": "{A}"}}}, nil, nil},
		{"copied_to_another_file", []node{{files: files{"a": "{A}"}}, {files: files{"a": "{A}", "b": "{A}"}}}, nil, []string{"A b:1@c1"}},
		{"copied_within_its_file", []node{{files: files{"a": "{A}"}}, {files: files{"a": "{A}\n{A}"}}}, nil, []string{"A a:1@c1 a:2@c1"}},
		{"copied_then_first_removed", []node{{files: files{"a": "{A}"}}, {files: files{"a": "{A}", "b": "{A}"}}, {files: files{"b": "{A}"}}}, nil, []string{"A b:1@c1"}},
		{"changed_value_on_its_line", []node{{files: files{"a": "{A}"}}, {files: files{"a": "{B}"}}}, nil, []string{"B a:1@c1"}},
		{"two_values_in_two_commits", []node{{files: files{}}, {files: files{"a": "{A}"}}, {files: files{"a": "{A}", "b": "{B}"}}}, nil, []string{"A a:1@c1", "B b:1@c2"}},
		{"one_value_in_two_commits", []node{{files: files{}}, {files: files{"a": "{A}"}}, {files: files{"a": "{A}", "b": "{A}"}}}, nil, []string{"A a:1@c1 b:1@c2"}},
		{"removed_twice_and_added_once", []node{{files: files{"a": "{A}", "b": "{A}"}}, {files: files{"c": "{A}"}}}, nil, nil},
		{"utf_16", []node{{files: files{}}, {files: files{"a": utf16le("x\n{A}\n")}}}, nil, []string{"A a:2@c1"}},
		{"in_a_merge_itself", []node{
			{id: "main", files: files{"a": "x"}}, {id: "side", files: files{"a": "x", "b": "y"}}, {id: "main2", parents: []string{"main"}, files: files{"a": "z"}},
			{id: "merge", parents: []string{"side", "main2"}, files: files{"a": "z {A}", "b": "y"}},
		}, []string{"main2"}, []string{"A a:1@merge"}},
		{"merged_from_the_target", []node{
			{id: "fork", files: files{"a": "{A}"}}, {id: "side", files: files{"a": "{A}", "b": "y"}},
			{id: "target", parents: []string{"fork"}, files: files{"c": "{B}"}},
			{id: "merge", parents: []string{"side", "target"}, files: files{"b": "y", "c": "{B}"}},
		}, []string{"fork"}, nil},
		{"copies_that_a_merge_brings_together", []node{
			{id: "fork", files: files{}}, {id: "side", files: files{"b": "{A}"}},
			{id: "target", parents: []string{"fork"}, files: files{"a": "{A}"}},
			{id: "merge", parents: []string{"side", "target"}, files: files{"a": "{A}", "b": "{A}"}},
		}, []string{"fork"}, []string{"A b:1@side"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, base := newMemory(c.nodes...), "c0"
			for _, id := range []string{"target", "main"} {
				if _, ok := m.commits[id]; ok {
					base = id
					break
				}
			}
			r := check(t, m, m.change(base, c.without...), nil)
			if got := said(r.New); !slices.Equal(got, c.want) {
				t.Errorf("new = %q, want %q", got, c.want)
			}
			if len(r.Incomplete) > 0 {
				t.Errorf("incomplete: %q", r.Incomplete)
			}
		})
	}
}

// TestAMergeBringsNothingBack has a merge that takes a file as it was before a secret was removed from it at the base:
// what a merge takes over from a parent is not among its changes.
func TestAMergeBringsNothingBack(t *testing.T) {
	for _, c := range []struct {
		name  string
		nodes []node
		want  []string
	}{
		{"old_parent", []node{{id: "merge", parents: []string{"base", "old"}, files: files{"a": "{A}"}}}, []string{"A a:1@merge"}},
		{"with_a_commit_on_top", []node{
			{id: "merge", parents: []string{"base", "old"}, files: files{"a": "{A}"}},
			{id: "top", files: files{"a": "{A}", "b": "y"}},
		}, []string{"A a:1@top"}},
		{"own_side_of_a_conflict", []node{
			{id: "side", parents: []string{"old"}, files: files{"a": "{A}", "b": "y"}},
			{id: "merge", parents: []string{"side", "base"}, files: files{"a": "{A}", "b": "y"}},
		}, []string{"A a:1@merge"}},
		{"merged_as_it_should", []node{
			{id: "side", parents: []string{"old"}, files: files{"a": "{A}", "b": "y"}},
			{id: "merge", parents: []string{"side", "base"}, files: files{"a": "x", "b": "y"}},
		}, nil},
		{"moved_at_the_base", []node{
			{id: "side", parents: []string{"old"}, files: files{"a": "{A}", "b": "y"}},
			{id: "merge", parents: []string{"side", "base"}, files: files{"c": "{B}", "b": "y"}},
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMemory(append([]node{{id: "old", files: files{"a": "{A}"}}, {id: "base", files: files{"a": "x", "d": "{B}"}}}, c.nodes...)...)
			change := m.change("base", "old")
			change.Whole = true
			if got := said(check(t, m, change, nil).New); !slices.Equal(got, c.want) {
				t.Errorf("new = %q, want %q", got, c.want)
			}
		})
	}
}

func utf16le(s string) string {
	b := []byte{0xff, 0xfe}
	for _, c := range []byte(text(s)) {
		b = append(b, c, 0)
	}
	return string(b)
}

// TestValuesInAnotherForm has a value that the engine reads out of a longer text: a URL's password.
func TestValuesInAnotherForm(t *testing.T) {
	url := func(host string) string { return "db = https://shop:{A}@" + host + "/x\n" }
	for _, c := range []struct {
		name       string
		base, next files
		want       int
	}{
		{"added", files{}, files{"a": url("db.example")}, 1},
		{"moved_to_another_host", files{"a": url("db.example")}, files{"b": url("db2.example")}, 0},
		{"copied", files{"a": url("db.example")}, files{"a": url("db.example") + url("db2.example")}, 1},
	} {
		m := newMemory(node{files: c.base}, node{files: c.next})
		if got := check(t, m, m.change("c0"), nil).New; len(got) != c.want {
			t.Errorf("%s: new = %q, want %d", c.name, said(got), c.want)
		}
	}
}

func TestWithoutABaseEverythingIsNew(t *testing.T) {
	m := newMemory(node{files: files{"a": "{A}"}}, node{files: files{"b": "{A}"}})
	if got := said(check(t, m, m.change(""), nil).New); !slices.Equal(got, []string{"A a:1@c0"}) {
		t.Errorf("new = %q, want the first place", got)
	}
}

func TestAnIndexIsJudgedByItsOwnChanges(t *testing.T) {
	m := newMemory(node{files: files{"a": "{A}"}}, node{files: files{"b": "{A}\n{B}"}})
	c := m.change("c0")
	c.Steps[0].Commit, c.Steps[0].Tree = "", ""
	if got := said(check(t, m, c, nil).New); !slices.Equal(got, []string{"B b:2@"}) {
		t.Errorf("new = %q, want the second line", got)
	}
}

func TestAnIndexInAMergeHasTwoSides(t *testing.T) {
	m := newMemory(node{id: "head", files: files{"a": "{A}"}}, node{id: "theirs", files: files{"a": "{B}"}}, node{id: "index", files: files{"a": "{A}\n{B}\n{C}"}})
	c := Change{Base: "head", Trusted: "head", Steps: []Step{{Parents: []string{"head"}, Changes: m.diff("index", "head", "theirs")}}}
	if got := said(check(t, m, c, nil).New); !slices.Equal(got, []string{"C a:3@"}) {
		t.Errorf("new = %q, want what neither side has", got)
	}
}

func TestWhatIsNotSearchedIsTold(t *testing.T) {
	m := newMemory(node{files: files{}}, node{files: files{"big": strings.Repeat("x", 200), "gone": "y", "bin": "\x00{A}", "a": "{A}"}})
	delete(m.blobs, blobName("y"))
	r := check(t, m, m.change("c0"), func(o *Options) { o.MaxBlob = 100 })
	want := []string{"big was not searched: too large", "gone was not searched: missing"}
	slices.Sort(r.Incomplete)
	if !slices.Equal(r.Incomplete, want) {
		t.Errorf("incomplete = %q, want %q", r.Incomplete, want)
	}
	if got := said(r.New); !slices.Equal(got, []string{"A a:1@c1 bin:1@c1"}) || len(r.Scanned.Skipped) != 3 || r.Scanned.Files != 4 || r.Scanned.Blobs != 2 {
		t.Errorf("new = %q, scanned = %+v", got, r.Scanned)
	}
	c := m.change("c0")
	c.Cut = []string{"history"}
	if r := check(t, m, c, nil); !slices.Contains(r.Incomplete, "history") {
		t.Errorf("incomplete = %q, want what the change says itself", r.Incomplete)
	}
}

// TestNothingHidesAValueKnownByItsForm holds that neither a file's name nor a few bytes beside it let a value pass.
func TestNothingHidesAValueKnownByItsForm(t *testing.T) {
	noise := strings.Repeat("\x00\x01\x02\x03", 100)
	for name, tree := range map[string]files{
		"picture":                 {"logo.svg": "x\n{A}\n"},
		"lock_file":               {"web/package-lock.json": "x\n{A}\n"},
		"sums":                    {"go.sum": "x\n{A}\n"},
		"nul_in_text":             {"a.env": "# \x00\n{A}\n"},
		"binary":                  {"a.bin": noise + "\n{A}\n" + noise},
		"utf_16_without_mark":     {"a.txt": strings.TrimPrefix(utf16le("x\n{A}\n"), "\xff\xfe")},
		"utf_16_big_without_mark": {"a.txt": "\x00" + strings.TrimSuffix(strings.TrimPrefix(utf16le("x\n{A}\n"), "\xff\xfe"), "\x00")},
		"picture_in_utf_16":       {"logo.svg": utf16le("x\n{A}\n")},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemory(node{files: files{"README": "x"}}, node{files: tree})
			if got := said(check(t, m, m.change("c0"), nil).New); len(got) != 1 || got[0][0] != 'A' {
				t.Errorf("new = %q, want A", got)
			}
			m = newMemory(node{files: tree}, node{files: files{"b": "{A}"}})
			if got := said(check(t, m, m.change("c0"), nil).New); len(got) != 0 {
				t.Errorf("moved from there: new = %q, want none", got)
			}
		})
	}
}

func TestGuessesDoNotCountWhereAllIsNoise(t *testing.T) {
	const guess = "password = \"example\"\n"
	for path, want := range map[string]int{"a.py": 1, "logo.svg": 0, "a.bin": 0} {
		content := guess
		if path == "a.bin" {
			content = strings.Repeat("\x00\x01", 500) + guess
		}
		m := newMemory(node{files: files{}}, node{files: files{path: content}})
		r := check(t, m, m.change("c0"), func(o *Options) { o.MinConfidence = 0 })
		if len(r.New) != want || len(r.Scanned.Skipped) != 1-want || len(r.Incomplete) != 0 {
			t.Errorf("%s: new = %q, skipped = %q, incomplete = %q; want %d new, and told where only in part searched",
				path, said(r.New), r.Scanned.Skipped, r.Incomplete, want)
		}
	}
}

func TestRulesOfTheCallersOwnLeaveFilesOut(t *testing.T) {
	m := newMemory(node{files: files{}}, node{files: files{"logo.svg": "{A}"}})
	if got := said(check(t, m, m.change("c0"), func(o *Options) { o.OwnRules = true }).New); len(got) != 0 {
		t.Errorf("new = %q, want none", got)
	}
}

func TestOnlySureFindingsCount(t *testing.T) {
	m := newMemory(node{files: files{}}, node{files: files{"a": "{A}"}})
	if r := check(t, m, m.change("c0"), func(o *Options) { o.MinConfidence = 1.1 }); len(r.New) != 0 {
		t.Errorf("new = %q, want none above the highest confidence", said(r.New))
	}
}

// TestMovesAreNeverNew deals lines of secrets out to files, over and over: as long as no value stands more often than
// at the base, nothing is new; one copy more, and just that value is.
func TestMovesAreNeverNew(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		letters := rapid.SliceOfN(rapid.ByteRange('A', 'E'), 1, 6).Draw(r, "letters")
		deal := func(letters []byte, name string) files {
			tree := files{}
			for _, l := range rapid.Permutation(letters).Draw(r, name) {
				tree[rapid.SampledFrom([]string{"a", "b", "c/d"}).Draw(r, "path")] += "{" + string(l) + "}\nx\n"
			}
			return tree
		}
		nodes := []node{{files: deal(letters, "base")}}
		for range rapid.IntRange(1, 3).Draw(r, "commits") {
			kept := rapid.IntRange(0, len(letters)).Draw(r, "kept")
			nodes = append(nodes, node{files: deal(letters[:kept], "commit")})
		}
		m := newMemory(nodes...)
		if got := said(check(t, m, m.change("c0"), nil).New); len(got) > 0 {
			r.Fatalf("new = %q, want none: %q", got, nodes)
		}
		extra := rapid.SampledFrom(letters).Draw(r, "copy")
		m = newMemory(append(nodes, node{files: deal(append(slices.Clone(letters), extra), "copy")})...)
		got := said(check(t, m, m.change("c0"), nil).New)
		if len(got) != 1 || got[0][0] != extra {
			r.Fatalf("new = %q, want %c: %q", got, extra, nodes)
		}
	})
}
