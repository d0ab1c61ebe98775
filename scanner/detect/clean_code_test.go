//lint:file-ignore SA1019 GOROOT finds texts of a known sort

package detect

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// TestCleanCode prints what is found in Go's own sources at the default confidence: nearly all of it should be the keys of
// tests.
func TestCleanCode(t *testing.T) {
	if !*quality {
		t.Skip("figures, not a test: -quality prints them")
	}
	e, size, found, all, candidates := engine(t), 0, 0, 0, map[string]int{}
	root := filepath.Join(runtime.GOROOT(), "src")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		size += len(content)
		name, _ := filepath.Rel(root, path)
		for _, f := range e.Scan(name, content) {
			all++
			if f.Confidence < DefaultConfidence {
				continue
			}
			found++
			candidates[f.Detector]++
			if *show == "clean" {
				line := surroundingLine(content, f.Start, f.Start)
				fmt.Printf("%.2f %s %s:%d | %.150s\n", f.Confidence, f.Detector, name, f.Line, line)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("Go's sources: %d findings at %.1f in %.1f MB, %.0f per 100 MB (%d of any confidence): %v\n", found, DefaultConfidence, float64(size)/1e6, float64(found)/float64(size)*1e8, all, candidates)
}
