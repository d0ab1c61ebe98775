package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var published = time.Unix(1700000000, 0).UTC()

func TestWalkAttributesEachBlobOnce(t *testing.T) {
	dir := bare(t, stream(
		change{files: [][2]string{{"a.txt", "one"}, {"120000 link", "a.txt"}}},
		change{author: "Bob <bob@shop.example>", date: "1710000000 +0200", files: [][2]string{{"b.txt", "one"}, {"a.txt", "two"}}},
		change{files: [][2]string{{"b.txt", "D"}}},
	))
	first, second := sh(t, dir, "rev-parse", "main~2"), sh(t, dir, "rev-parse", "main~1")
	g := walkAll(t, open(t, dir), WalkOptions{Head: "main"})

	ada := Place{Commit: first, Author: "Ada <ada@shop.example>", Date: published}
	bob := Place{Commit: second, Author: "Bob <bob@shop.example>", Date: time.Unix(1710000000, 0).UTC(), Order: 1}
	at := func(p Place, path string) Place { p.Path = path; return p }
	want := map[string]Blob{
		"one":   {Size: 3, Paths: []Place{at(ada, "a.txt"), at(bob, "b.txt")}},
		"two":   {Size: 3, Paths: []Place{at(bob, "a.txt")}, HeadPaths: []string{"a.txt"}},
		"a.txt": {Size: 5, Paths: []Place{at(ada, "link")}, HeadPaths: []string{"link"}},
	}
	for text, b := range want {
		b.OID = shIn(t, dir, text, "hash-object", "--stdin")
		want[text] = b
	}
	if diff := cmp.Diff(want, g.byText); diff != "" {
		t.Errorf("Walk delivered (-want +got):\n%s", diff)
	}
	wantStats := Stats{Commits: 3, Blobs: 3, Bytes: 11, Head: sh(t, dir, "rev-parse", "main")}
	if diff := cmp.Diff(wantStats, g.stats); diff != "" {
		t.Errorf("Stats (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"one", "a.txt", "two"}, g.order); diff != "" {
		t.Errorf("order of first appearance (-want +got):\n%s", diff)
	}
}

// TestWalkFinds holds what a repository can do to keep a content from being seen.
func TestWalkFinds(t *testing.T) {
	plain := change{files: [][2]string{{"f", "base"}}}
	tests := []struct {
		name   string
		stream string
		then   func(t *testing.T, dir string)
		want   []string // contents, sorted by nothing
	}{
		{name: "blob_added_by_merge_only", want: []string{"base", "left", "right", "evil"}, stream: stream(plain,
			change{branch: "refs/heads/side", from: "refs/heads/main", files: [][2]string{{"f", "left"}}},
			change{files: [][2]string{{"f", "right"}}},
			change{merge: []string{"refs/heads/side"}, files: [][2]string{{"f", "evil"}}})},
		{name: "blob_added_by_octopus", want: []string{"base", "1", "2", "3", "new"}, stream: stream(plain,
			change{branch: "refs/heads/s1", from: "refs/heads/main", files: [][2]string{{"a", "1"}}},
			change{branch: "refs/heads/s2", from: "refs/heads/main", files: [][2]string{{"b", "2"}}},
			change{branch: "refs/heads/s3", from: "refs/heads/main", files: [][2]string{{"c", "3"}}},
			change{merge: []string{"refs/heads/s1", "refs/heads/s2", "refs/heads/s3"}, files: [][2]string{{"d/e", "new"}}})},
		{name: "link_becomes_file", want: []string{"base", "target", "content"}, stream: stream(plain,
			change{files: [][2]string{{"120000 l", "target"}}}, change{files: [][2]string{{"l", "content"}}})},
		{name: "refs_of_gitlab", want: []string{"base", "kept", "merge request", "environment"}, stream: stream(plain,
			change{branch: "refs/keep-around/1", files: [][2]string{{"k", "kept"}}},
			change{branch: "refs/merge-requests/1/head", files: [][2]string{{"m", "merge request"}}},
			change{branch: "refs/environments/prod/deployments/1", files: [][2]string{{"e", "environment"}}})},
		{name: "submodule_is_no_blob", want: []string{"base"}, stream: stream(plain,
			change{files: [][2]string{{"160000 sub", strings.Repeat("ab", 20)}}})},
		{name: "attributes_and_lfs_are_data", want: []string{"base", "* filter=lfs diff=evil\n", "version https://git-lfs.github.com/spec/v1\n"},
			stream: stream(plain, change{files: [][2]string{{".gitattributes", "* filter=lfs diff=evil\n"}, {"big", "version https://git-lfs.github.com/spec/v1\n"}}})},
		{name: "tag_of_a_file", want: []string{"base", "tagged"}, stream: stream(plain), then: func(t *testing.T, dir string) {
			sh(t, dir, "tag", "-a", "-m", "m", "t", shIn(t, dir, "tagged", "hash-object", "-w", "--stdin"))
			sh(t, dir, "tag", "-a", "-m", "m", "tt", "t")
		}},
		{name: "ref_to_a_tree", want: []string{"base", "in tree"}, stream: stream(plain), then: func(t *testing.T, dir string) {
			id := shIn(t, dir, "in tree", "hash-object", "-w", "--stdin")
			sh(t, dir, "update-ref", "refs/odd/tree", shIn(t, dir, "100644 blob "+id+"\tx\n", "mktree"))
		}},
		{name: "only_a_ref_to_a_file", want: []string{"alone"}, then: func(t *testing.T, dir string) {
			sh(t, dir, "update-ref", "refs/odd/blob", shIn(t, dir, "alone", "hash-object", "-w", "--stdin"))
		}},
		{name: "replacement_hides_nothing", want: []string{"hidden", "shown"}, stream: stream(change{files: [][2]string{{"f", "hidden"}}}),
			then: func(t *testing.T, dir string) {
				imports(t, dir, stream(change{branch: "refs/heads/fake", files: [][2]string{{"f", "shown"}}}))
				sh(t, dir, "replace", "main", "fake")
			}},
		{name: "detached_head", want: []string{"base", "detached"}, stream: stream(plain), then: func(t *testing.T, dir string) {
			imports(t, dir, stream(change{branch: "refs/heads/gone", from: "refs/heads/main", files: [][2]string{{"d", "detached"}}}))
			id := sh(t, dir, "rev-parse", "gone")
			sh(t, dir, "update-ref", "--no-deref", "HEAD", id)
			sh(t, dir, "update-ref", "-d", "refs/heads/gone")
		}},
		{name: "unreachable_is_not_read", want: []string{"base"}, stream: stream(plain), then: func(t *testing.T, dir string) {
			shIn(t, dir, "loose", "hash-object", "-w", "--stdin")
		}},
		{name: "no_commits", want: nil},
		{name: "empty_file", want: []string{"", "base"}, stream: stream(plain, change{files: [][2]string{{"e", ""}}})},
		{name: "hostile_configuration", want: []string{"base", "s"}, stream: stream(plain, change{files: [][2]string{{"s", "s"}}}),
			then: func(t *testing.T, dir string) {
				mark := filepath.Join(t.TempDir(), "ran")
				// A signature is what makes log.showSignature run something.
				raw := strings.Replace(sh(t, dir, "cat-file", "commit", "main"), "\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n", 1)
				sh(t, dir, "update-ref", "refs/heads/main", shIn(t, dir, raw+"\n", "hash-object", "-t", "commit", "-w", "--stdin"))
				tool := filepath.Join(t.TempDir(), "tool")
				if err := os.WriteFile(tool, []byte("#!/bin/sh\ntouch "+mark+"\n"), 0o700); err != nil { //nolint:gosec // it must run
					t.Fatal(err)
				}
				for _, kv := range [][2]string{
					{"log.showSignature", "true"}, {"gpg.program", tool}, {"core.pager", tool}, {"pager.log", "true"},
					{"diff.external", tool}, {"core.fsmonitor", tool}, {"diff.orderFile", "/nowhere"},
					{"log.follow", "true"}, {"log.showRoot", "false"}, {"diff.renames", "copies"}, {"color.ui", "always"}, {"log.diffMerges", "off"},
				} {
					sh(t, dir, "config", kv[0], kv[1])
				}
				t.Cleanup(func() {
					if _, err := os.Stat(mark); err == nil {
						t.Error("a program of the repository's configuration ran")
					}
				})
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := bare(t, tt.stream)
			if tt.then != nil {
				tt.then(t, dir)
			}
			g := walkAll(t, open(t, dir), WalkOptions{})
			want, have := map[string]bool{}, map[string]bool{}
			for _, text := range tt.want {
				want[text] = true
			}
			for text, b := range g.byText {
				have[text] = true
				if len(b.Paths) == 0 {
					t.Errorf("%q has no place", text)
				}
			}
			if diff := cmp.Diff(want, have); diff != "" {
				t.Errorf("contents (-want +got):\n%s", diff)
			}
			if !g.stats.Complete() || len(g.skipped) > 0 {
				t.Errorf("Stats = %+v, skipped %+v, want complete", g.stats, g.skipped)
			}
		})
	}
}

func TestWalkForeignNames(t *testing.T) {
	tests := []struct {
		name         string
		quoted, path string
		author, date string
		want         Place
	}{
		{name: "not_utf8", quoted: `"caf\351"`, path: "caf\xe9"},
		{name: "newline_quote_tab", quoted: `"a\n:100644 \"b\"\tc"`, path: "a\n:100644 \"b\"\tc"},
		{name: "like_a_commit", quoted: strings.Repeat("ab", 20), path: strings.Repeat("ab", 20)},
		{name: "glob", quoted: `"*[x]?"`, path: "*[x]?"},
		{name: "control_characters_in_author", quoted: "f", path: "f", author: "E\x1b[31m\x01vil\x7f <e\x07@x.example>",
			want: Place{Author: "E\uFFFD[31m\uFFFDvil\uFFFD <e\uFFFD@x.example>"}},
		{name: "author_not_utf8", quoted: "f", path: "f", author: "Andr\xe9 <a@x.example>", want: Place{Author: "Andr\uFFFD <a@x.example>"}},
		{name: "no_author_name", quoted: "f", path: "f", author: "<a@x.example>", want: Place{Author: "<a@x.example>"}},
		{name: "long_author", quoted: "f", path: "f", author: strings.Repeat("x", 5000) + " <a@x.example>", want: Place{Author: strings.Repeat("x", maxAuthor) + "…"}},
		{name: "year_1970", quoted: "f", path: "f", date: "0 +0000", want: Place{Date: time.Unix(0, 0).UTC()}},
		{name: "year_2106", quoted: "f", path: "f", date: "4294967296 +0000", want: Place{Date: time.Unix(4294967296, 0).UTC()}},
		{name: "year_beyond_9999", quoted: "f", path: "f", date: "999999999999999 +0000", want: Place{Date: time.Time{}.Add(1)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := bare(t, stream(change{author: tt.author, date: tt.date, files: [][2]string{{tt.quoted, "content"}}}))
			want := tt.want
			want.Path, want.Commit = tt.path, sh(t, dir, "rev-parse", "main")
			if want.Author == "" {
				want.Author = "Ada <ada@shop.example>"
			}
			switch want.Date {
			case time.Time{}:
				want.Date = published
			case time.Time{}.Add(1):
				want.Date = time.Time{}
			}
			r := open(t, dir)
			b := walkAll(t, r, WalkOptions{}).byText["content"]
			if diff := cmp.Diff([]Place{want}, b.Paths); diff != "" {
				t.Errorf("Paths (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{tt.path}, b.HeadPaths); diff != "" {
				t.Errorf("HeadPaths (-want +got):\n%s", diff)
			}
			if text, err := r.File(t.Context(), "main", tt.path, 100); err != nil || string(text) != "content" {
				t.Errorf("File(main, %q) = %q, %v, want content", tt.path, text, err)
			}
		})
	}
}

// A commit may claim any encoding; one that turns its text into NULs must not shift the fields behind it.
func TestWalkForeignEncoding(t *testing.T) {
	for _, encoding := range []string{"UTF-16", "UTF-16LE", "UTF-7", "ISO-8859-1", "nonsense"} {
		dir := bare(t, stream(change{files: [][2]string{{"f", "base"}}}))
		raw := strings.Replace(sh(t, dir, "cat-file", "commit", "main"), "\n\n", "\nencoding "+encoding+"\n\n", 1)
		id := shIn(t, dir, raw+"\n", "hash-object", "-t", "commit", "-w", "--stdin")
		sh(t, dir, "update-ref", "refs/heads/main", id)
		g := walkAll(t, open(t, dir), WalkOptions{})
		b, ok := g.byText["base"]
		if !ok || !g.stats.Complete() || len(b.Paths) != 1 || b.Paths[0].Commit != id || b.Paths[0].Path != "f" {
			t.Errorf("%s: Walk = %+v, %+v", encoding, b, g.stats)
		}
	}
}

func TestWalkLimits(t *testing.T) {
	var many []string
	files := [][2]string{{"big", strings.Repeat("x", 2000)}, {"bin", "a\x00b"}, {"late", strings.Repeat("y", binaryPrefix) + "\x00"}}
	for i := range maxPlaces + 20 {
		files = append(files, [2]string{fmt.Sprintf("copy/%03d", i), "same"})
		many = append(many, fmt.Sprintf("copy/%03d", i))
	}
	dir := bare(t, stream(change{files: files}))
	g := walkAll(t, open(t, dir), WalkOptions{MaxBlob: binaryPrefix + 1})
	same := g.byText["same"]
	if diff := cmp.Diff(many[:maxPlaces], same.HeadPaths); diff != "" || !same.MorePaths || len(same.Paths) != maxPlaces {
		t.Errorf("blob with many paths: %d paths, more %v, head paths (-want +got):\n%s", len(same.Paths), same.MorePaths, diff)
	}
	if !g.byText["a\x00b"].Binary || g.byText[files[2][1]].Binary || same.Binary {
		t.Error("Binary is wrong")
	}

	known := same.OID
	g = walkAll(t, open(t, dir), WalkOptions{MaxBlob: 1000, Known: func(oid string, _ []Place) bool { return oid == known }})
	if len(g.byText) != 1 || len(g.skipped) != 3 || g.stats.Known != 1 || g.stats.Skipped != 2 || g.stats.Bytes != 3 {
		t.Errorf("Walk = %+v, skipped %d, want one read, one known, two over the limit", g.stats, len(g.skipped))
	}
	for _, b := range g.skipped {
		if b.Content != nil || b.Size == 0 || len(b.Paths) == 0 || b.Known != (b.OID == known) || !b.Known && b.Skipped != SkippedSize {
			t.Errorf("skipped blob = %+v", b)
		}
	}
}

func TestWalkHead(t *testing.T) {
	dir := bare(t, stream(
		change{files: [][2]string{{"m", "on main"}}},
		change{branch: "refs/heads/release/1.0-rc", files: [][2]string{{"r", "on release"}}}))
	for head, want := range map[string]string{"": "on main", "main": "on main", "release/1.0-rc": "on release", "refs/heads/main": "on main",
		"gone": "", "main^{/m}": "", "-x": "", "@{-1}": ""} {
		g := walkAll(t, open(t, dir), WalkOptions{Head: head})
		for text, b := range g.byText {
			if (len(b.HeadPaths) > 0) != (text == want) {
				t.Errorf("Head %q: %q has head paths %q", head, text, b.HeadPaths)
			}
		}
		if (g.stats.Head == "") != (want == "") || !g.stats.Complete() {
			t.Errorf("Head %q: Stats = %+v", head, g.stats)
		}
	}
}

func TestWalkStops(t *testing.T) {
	dir := bare(t, tinyCommits(300))
	r := open(t, dir)
	stop := errors.New("enough")
	n := 0
	if _, err := r.Walk(t.Context(), WalkOptions{}, func(Blob) error { n++; return stop }); !errors.Is(err, stop) || n != 1 {
		t.Errorf("Walk = %v after %d calls, want the callback's error after one", err, n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := r.Walk(ctx, WalkOptions{}, func(Blob) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Walk = %v, want cancelled", err)
	}
}

func TestWalkSHA256(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "r.git")
	sh(t, t.TempDir(), "init", "-q", "--bare", "--object-format=sha256", dir)
	imports(t, dir, stream(change{files: [][2]string{{"f", "base"}}}))
	g := walkAll(t, open(t, dir), WalkOptions{})
	if b := g.byText["base"]; len(b.OID) != 64 || len(b.Paths) != 1 || len(b.Paths[0].Commit) != 64 {
		t.Errorf("Walk of a SHA-256 repository = %+v, %+v", b, g.stats)
	}
}

func TestFile(t *testing.T) {
	dir := bare(t, stream(change{files: [][2]string{{".gitlab-ci.yml", "job: {}\n"}, {"d/f", "x"}, {"120000 l", "d/f"}}}))
	sh(t, dir, "tag", "-a", "-m", "m", "v1", "main")
	r := open(t, dir)
	tests := []struct {
		ref, path, want string
		err             error
	}{
		{"main", ".gitlab-ci.yml", "job: {}\n", nil},
		{"", ".gitlab-ci.yml", "job: {}\n", nil},
		{"v1", "d/f", "x", nil},
		{"refs/heads/main", "l", "d/f", nil},
		{sh(t, dir, "rev-parse", "main"), "d/f", "x", nil},
		{"main", "d", "", ErrNoFile},
		{"main", "d/", "", ErrNoFile},
		{"main", "", "", ErrNoFile},
		{"main", "gone.yml", "", ErrNoFile},
		{"gone", ".gitlab-ci.yml", "", ErrNoFile},
		{"main:d", "f", "", ErrNoFile},
		{"--all", ".gitlab-ci.yml", "", ErrNoFile},
	}
	for _, tt := range tests {
		got, err := r.File(t.Context(), tt.ref, tt.path, 8)
		if string(got) != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("File(%q, %q) = %q, %v, want %q, %v", tt.ref, tt.path, got, err, tt.want, tt.err)
		}
	}
	if _, err := r.File(t.Context(), "main", ".gitlab-ci.yml", 7); !errors.Is(err, ErrTooLarge) {
		t.Errorf("File of 8 bytes with a limit of 7 = %v, want ErrTooLarge", err)
	}
}

// tinyCommits is the stream of n commits that each change one of 50 files.
func tinyCommits(n int) string {
	var b strings.Builder
	for i := range n {
		text := fmt.Sprintf("line %d\n", i)
		fmt.Fprintf(&b, "commit refs/heads/main\nauthor Ada <ada@shop.example> %d +0000\ncommitter Ada <ada@shop.example> %d +0000\ndata 1\nm\nM 100644 inline dir%d/f%d\ndata %d\n%s\n",
			1700000000+i, 1700000000+i, i%7, i%50, len(text), text)
	}
	return b.String()
}
