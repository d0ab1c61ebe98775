package gitrepo

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	idA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	idB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	id0 = "0000000000000000000000000000000000000000"
)

// nul writes what git writes with NUL where the text has a bar.
func nul(s string) string { return strings.ReplaceAll(s, "|", "\x00") }

func TestParseLog(t *testing.T) {
	header := idA + "|Ada|a@x.example|5||\n\n"
	tests := []struct {
		name    string
		text    string
		paths   []string // of all blobs, in order
		commits int
		fails   bool
	}{
		{name: "empty"},
		{name: "added", text: header + ":000000 100644 " + id0 + " " + idB + " A|a b|", paths: []string{"a b"}, commits: 1},
		{name: "commit_without_changes", text: header + "|" + header, commits: 2},
		{name: "merge", text: header + "::100644 100644 100755 " + idA + " " + idA + " " + idB + " MM|p|", paths: []string{"p"}, commits: 1},
		{name: "deleted", text: header + ":100644 000000 " + idB + " " + id0 + " D|p|", commits: 1},
		{name: "submodule", text: header + ":000000 160000 " + id0 + " " + idB + " A|p|", commits: 1},
		{name: "path_like_a_record", text: header + ":000000 100644 " + id0 + " " + idB + " A|:1|" + header, paths: []string{":1"}, commits: 2},
		{name: "endless_path", text: header + ":000000 100644 " + id0 + " " + idB + " A|" + strings.Repeat("p", 3*tokenSize) + "|" + header,
			paths: []string{strings.Repeat("p", maxPath)}, commits: 2},
		{name: "ends_in_header", text: idA + "|Ada", fails: true},
		{name: "ends_before_path", text: header + ":000000 100644 " + id0 + " " + idB + " A", fails: true, commits: 1},
		{name: "too_few_fields", text: header + ":000000 100644 " + id0 + " A|p|", fails: true, commits: 1},
		{name: "no_commit", text: "fatal: what|", fails: true},
		{name: "ids_of_two_lengths", text: header + ":000000 100644 " + id0 + " " + idB + " A|p|" + idA + idA[:24] + "|a|b|1|", paths: []string{"p"}, fails: true, commits: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHistory()
			commits, err := parseLog(strings.NewReader(nul(tt.text)), h, nil)
			if (err != nil) != tt.fails || commits != tt.commits {
				t.Errorf("parseLog = %d, %v, want %d, an error: %v", commits, err, tt.commits, tt.fails)
			}
			var paths []string
			for blob := range h.ids {
				for _, p := range h.places(nil, int32(blob)) { //nolint:gosec // a handful
					paths = append(paths, p.Path)
				}
			}
			if diff := cmp.Diff(tt.paths, paths); diff != "" {
				t.Errorf("paths (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParseLog(f *testing.F) {
	f.Add([]byte(nul(idA + "|Ada|a@x.example|5||\n\n:000000 100644 " + id0 + " " + idB + " A|a|")))
	f.Add([]byte(nul(idA + "||||\n\n::100644 100644 120000 " + idA + " " + idA + " " + idB + " MM|\n|")))
	f.Fuzz(func(t *testing.T, text []byte) {
		h := newHistory()
		commits, err := parseLog(strings.NewReader(string(text)), h, nil)
		if err == nil && commits == 0 && len(h.ids) > 0 {
			t.Error("blobs without a commit")
		}
		for blob := range h.ids {
			if n := len(h.places(nil, int32(blob))); n == 0 || n > maxPlaces { //nolint:gosec // a handful
				// A path that is cut off by the end of the input leaves its blob without a place.
				if n != 0 || err == nil {
					t.Errorf("blob has %d places", n)
				}
			}
		}
	})
}
