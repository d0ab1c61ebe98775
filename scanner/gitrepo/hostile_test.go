package gitrepo

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"
)

// Paths are kept once and not without bound.
func TestPathsAreBounded(t *testing.T) {
	h := newHistory()
	h.paths.bytes = maxPaths - 10
	n, _ := h.blob([]byte(strings.Repeat("ab", 20)))
	h.add(&h.seen[n], []byte("short"), -1)
	h.add(&h.seen[n], []byte("longer than what is left"), -1)
	if l := h.seen[n]; l.size != 1 || !l.cut {
		t.Errorf("list = %+v, want one path and cut", l)
	}
}

// A server without git's own program lets its objects be fetched one by one: the bound holds there too.
func TestSizeBoundOfLooseObjects(t *testing.T) {
	dir := bare(t, "")
	var entries strings.Builder
	for i := range 60 {
		noise := make([]byte, 100<<10)
		_, _ = rand.Read(noise)
		path := filepath.Join(t.TempDir(), "noise")
		if err := os.WriteFile(path, noise, 0o600); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&entries, "100644 blob %s\tf%02d\n", sh(t, dir, "hash-object", "-w", path), i)
	}
	sh(t, dir, "update-ref", "refs/heads/main", sh(t, dir, "commit-tree", "-m", "m", shIn(t, dir, entries.String(), "mktree")))
	sh(t, dir, "update-server-info")
	var sent atomic.Int64
	files := http.StripPrefix("/repo.git", http.FileServer(http.Dir(dir)))
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/objects/") {
			sent.Add(1)
			time.Sleep(100 * time.Millisecond)
		}
		files.ServeHTTP(w, r)
	}))
	c := openCache(t, t.TempDir(), 500<<10)
	if _, err := c.Mirror(t.Context(), Remote{URL: s.URL + "/repo.git"}, nil); !errors.Is(err, ErrTooLarge) {
		t.Errorf("Mirror = %v, want ErrTooLarge", err)
	}
	if n := sent.Load(); n > 50 {
		t.Errorf("%d of 62 objects were fetched before the bound was noticed", n)
	}
	if size := folderSize(c.dir); size > 1000 {
		t.Errorf("%d bytes left behind", size)
	}
}

// What a server makes git say is shown as one plain line.
func TestServerMessagesArePlain(t *testing.T) {
	packet := func(s string) string { return fmt.Sprintf("%04x%s", len(s)+4, s) }
	evil := "\x1b]0;x\x07\x1b[2J\u202e\u009b31m\rok http://eve:EXAMPLEpw@h.example/?t=EXAMPLEq " + strings.Repeat("é", 1000)
	answers := map[string]func(w http.ResponseWriter){
		"error_packet": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
			_, _ = w.Write([]byte(packet("# service=git-upload-pack\n") + "0000" + packet("ERR "+evil)))
		},
		"plain_text": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(500)
			_, _ = w.Write([]byte(evil))
		},
		"odd_refs": func(w http.ResponseWriter) {
			_, _ = w.Write([]byte(strings.Repeat("a", 40) + "\trefs/heads/" + evil + "\n"))
		},
		"nonsense": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
			_, _ = w.Write([]byte(evil))
		},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w) }))
			c := openCache(t, t.TempDir(), 0)
			r := Remote{URL: s.URL + "/repo.git"}
			_, _, err1 := c.Refs(t.Context(), r)
			_, err2 := c.Mirror(t.Context(), r, nil)
			for _, err := range []error{err1, err2} {
				if err == nil {
					continue // no ref is an answer too
				}
				text := err.Error()
				if len(text) > 1000 || strings.Contains(text, "EXAMPLE") || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
					t.Errorf("error is %q", text)
				}
			}
		})
	}
}

// Names of branches and files are the repository's choice: none is an option, a pattern, or a place outside.
func TestNamesAreOnlyNames(t *testing.T) {
	dir := bare(t, stream(change{files: [][2]string{{"a", "content"}, {"-v", "dash"}}}))
	r := open(t, dir)
	mark := filepath.Join(t.TempDir(), "mark")
	for _, name := range []string{
		"--upload-pack=touch " + mark, "-", "--", "--output=" + mark, "--exec=touch " + mark, "../../etc/passwd", "/etc/passwd", ".", "..", "*", ":(top)a",
		":/m", "main@{0}", "main^{tree}", "main:a", "a\x00b", "\n", strings.Repeat("x", 200_000), "@", "\xff\xfe", "refs/heads/../../HEAD", "HEAD^",
	} {
		if text, err := r.File(t.Context(), "main", name, 100); err == nil {
			t.Errorf("file %.40q is %q", name, text)
		}
		if text, err := r.File(t.Context(), name, "a", 100); err == nil {
			t.Errorf("a at branch %.40q is %q", name, text)
		} else if strings.ContainsFunc(err.Error(), func(r rune) bool { return !unicode.IsPrint(r) }) || len(err.Error()) > 1000 {
			t.Errorf("branch %.40q: error is %.200q", name, err)
		}
		if stats, err := r.Walk(t.Context(), WalkOptions{Head: name}, func(Blob) error { return nil }); err != nil || stats.Blobs != 2 {
			t.Errorf("Walk with head %.40q = %+v, %v", name, stats, err)
		}
	}
	if text, err := r.File(t.Context(), "main", "-v", 100); err != nil || string(text) != "dash" {
		t.Errorf("file -v is %q, %v", text, err)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("a name was run")
	}
}

// A folder of somebody else's is no cache of ours.
func TestOpenCacheOfAnotherUser(t *testing.T) {
	dir := "/" // root's
	if os.Geteuid() == 0 {
		dir = t.TempDir()
		if err := os.Chown(dir, 12345, 12345); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := OpenCache(find(t), dir, 0); err == nil || !strings.Contains(err.Error(), "another user") {
		t.Errorf("OpenCache = %v, want a refusal", err)
	}
}
