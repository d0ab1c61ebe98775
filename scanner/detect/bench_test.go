//lint:file-ignore SA1019 gitleaks is compared by the API that its pinned version has; GOROOT finds texts of a known sort

package detect

import (
	"os"
	"path/filepath"
	"runtime"
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

func BenchmarkClean(b *testing.B) {
	e := engine(b)
	for b.Loop() {
		e.Clean("docker login -u $CI_REGISTRY_USER -p $CI_REGISTRY_PASSWORD https://registry.acme.example/v2/?service=api")
	}
}
