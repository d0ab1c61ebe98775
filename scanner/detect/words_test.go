//lint:file-ignore SA1019 GOROOT finds texts of a known sort

package detect

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

var rewriteWords = flag.Bool("words", false, "rewrite words.txt from the comments of Go's own sources")

// TestWords holds the form of words.txt: lower case, sorted, unique. With -words it makes the list: words of 3 to 12 letters
// that stand in the comments of at least 9 files of Go's own sources, parts of camelCase names counted by themselves.
func TestWords(t *testing.T) {
	if *rewriteWords {
		writeWords(t)
	}
	words := strings.Fields(wordList)
	if len(words) < 5000 || !slices.IsSorted(words) || len(slices.Compact(slices.Clone(words))) != len(words) {
		t.Errorf("words.txt has %d words, want over 5,000, sorted and unique", len(words))
	}
}

func writeWords(t *testing.T) {
	files := map[string]int{}
	err := filepath.WalkDir(filepath.Join(runtime.GOROOT(), "src"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		seen := map[string]bool{}
		for line := range strings.Lines(string(text)) {
			if _, comment, ok := strings.Cut(line, "//"); ok {
				for _, w := range nameWords(comment) {
					seen[w] = true
				}
			}
		}
		for w := range seen {
			files[w]++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for w, n := range files {
		plain := len(w) >= 3 && len(w) <= 12 && strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") == ""
		if plain && (n >= 9 || n >= 5 && len(w) > 5) {
			words = append(words, w)
		}
	}
	slices.Sort(words)
	if err := os.WriteFile("words.txt", []byte(strings.Join(words, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	wordList = strings.Join(words, "\n")
}
