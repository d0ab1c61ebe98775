//lint:file-ignore SA1019 gitleaks is compared by the API that its pinned version has; GOROOT finds texts of a known sort

package detect

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := New(Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkScan(b *testing.B) {
	var files [][]byte
	size := int64(0)
	names, _ := filepath.Glob(filepath.Join(runtime.GOROOT(), "src/net/http/*.go"))
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		files, size = append(files, content), size+int64(len(content))
	}
	e := engine(b)
	b.SetBytes(size)
	for b.Loop() {
		for _, f := range files {
			e.Scan("a.go", f)
		}
	}
}

// BenchmarkTree reads all files below NHI_BENCH_TREE once and finds the secrets in them: for script/bench-detect.
func BenchmarkTree(b *testing.B) {
	tree := os.Getenv("NHI_BENCH_TREE")
	if tree == "" {
		b.Skip("NHI_BENCH_TREE names no folder")
	}
	e, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		paths := make(chan string)
		var group sync.WaitGroup
		var size, found atomic.Int64
		for range runtime.GOMAXPROCS(0) {
			group.Go(func() {
				for path := range paths {
					content, err := os.ReadFile(path)
					if err != nil {
						b.Error(err)
					}
					size.Add(int64(len(content)))
					found.Add(int64(len(e.Scan(strings.TrimPrefix(path, tree), content))))
				}
			})
		}
		_ = filepath.WalkDir(tree, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Type().IsRegular() {
				paths <- path
			}
			return err
		})
		close(paths)
		group.Wait()
		b.SetBytes(size.Load())
		b.ReportMetric(float64(found.Load()), "findings")
	}
}

func BenchmarkClean(b *testing.B) {
	e := engine(b)
	for b.Loop() {
		e.Clean("docker login -u $CI_REGISTRY_USER -p $CI_REGISTRY_PASSWORD https://registry.acme.example/v2/?service=api")
	}
}
