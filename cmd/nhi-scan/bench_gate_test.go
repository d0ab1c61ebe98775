package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// BenchmarkGate judges a change of 200 files of Go's own sources, in a repository of all of src/runtime and src/net, once
// clean and once with a secret: script/bench prints it. The target is a second; it includes reading the rules, which each
// run of the program does.
func BenchmarkGate(b *testing.B) {
	dir := b.TempDir()
	git := func(args ...string) {
		b.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=Ada", "-c", "user.email=ada@shop.example"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	git("init", "-q", "-b", "main")
	files := copySources(b, dir)
	git("add", ".")
	git("commit", "-qm", "base")
	git("checkout", "-qb", "feature")
	var size int64
	for _, path := range files[:min(200, len(files))] {
		size += int64(appendText(b, path, "// A line more.\n"))
	}
	git("commit", "-qam", "change")
	for _, secret := range []bool{false, true} {
		if secret {
			appendText(b, files[0], fmt.Sprintf("// token = %q\n", tokenNamed("bench")))
			git("commit", "-qam", "secret")
		}
		b.Run(fmt.Sprintf("secret=%t", secret), func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				var out bytes.Buffer
				a := &app{args: []string{"gate", dir}, stdout: &out, stderr: &out, env: os.Environ(), now: time.Now}
				if code := run(context.Background(), a); (code == exitGaps) != secret || code > exitGaps {
					b.Fatalf("exit status %d\n%s", code, out.String())
				}
			}
		})
	}
}

// copySources copies Go files from the toolchain and returns their paths.
func copySources(b *testing.B, dir string) []string {
	b.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		b.Skip("there is no go command: ", err)
	}
	var files []string
	for _, name := range []string{"runtime", "net"} {
		root := filepath.Join(strings.TrimSpace(string(out)), "src")
		err := filepath.WalkDir(filepath.Join(root, name), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
				return err
			}
			relative, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			to := filepath.Join(dir, relative)
			if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
				return err
			}
			files = append(files, to)
			return os.WriteFile(to, text, 0o600)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	if len(files) == 0 {
		b.Skip("the toolchain comes without its sources")
	}
	return files
}

// appendText adds to a file and returns its size.
func appendText(b *testing.B, path, text string) int {
	b.Helper()
	old, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(path, append(old, text...), 0o600); err != nil {
		b.Fatal(err)
	}
	return len(old) + len(text)
}
