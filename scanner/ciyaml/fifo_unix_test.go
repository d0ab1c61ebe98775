//go:build unix

package ciyaml

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Opening a pipe would wait for a writer for ever.
func TestDir_pipe(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.yml"), 0o600); err != nil {
		t.Skip("no pipes here:", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	c, err := Resolve(context.Background(), []byte("include: [pipe.yml, '*.yml']\nj: {script: [x]}\n"), "root.yml", Options{Fetch: Dir(root.FS())})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"local pipe.yml: is no regular file"}, reasons(c)); diff != "" {
		t.Errorf("unresolved (-want +got):\n%s", diff)
	}
}
