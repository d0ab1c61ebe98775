package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestWaitingIsInterrupted gives pipes that nobody writes to, or reads: the first signal ends the program all the same.
func TestWaitingIsInterrupted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe, unread, owners := filepath.Join(dir, "pipe"), filepath.Join(dir, "unread"), filepath.Join(dir, "owners-config.yaml")
	for _, p := range []string{pipe, unread} {
		if err := makeFIFO(p); errors.Is(err, errors.ErrUnsupported) {
			t.Skip(err)
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(owners, []byte("owners: pipe\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	repo := filepath.Join(dir, "repo")
	for _, args := range [][]string{{"init", "-q", repo}, {"-C", repo, "-c", "user.name=a", "-c", "user.email=a@shop.example", "commit", "-q", "--allow-empty", "-m", "first"}} {
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	for name, args := range map[string][]string{
		"configuration": {"detect", "--config", pipe, owners},
		"owners":        {"detect", "--config", owners, owners},
		"rules":         {"detect", "--rules", pipe, owners},
		"token":         {"scan", "--gitlab", "http://127.0.0.1:1", "--token-file", pipe},
		"authorities":   {"scan", "--gitlab", "https://127.0.0.1:1", "--ca-file", pipe, "--db", filepath.Join(dir, "a.db")},
		"baseline":      {"gate", "--quiet", "--base", "HEAD", "--baseline", pipe, repo},
		"workloads":     {"workloads", pipe},
		"fix":           {"fix", "--file", pipe, "AWS_SECRET_ACCESS_KEY"},
		"stdin":         {"detect", "-"},
		"push":          {"gate", "--push", "-", repo},
		"out":           {"detect", "--format", "json", "--out", unread, owners},
		"report":        {"gate", "--quiet", "--base", "HEAD", "--report", "json=" + unread, repo},
		"stdout":        {"detect", "--format", "json", owners},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			stdin, writer := io.Pipe()
			defer writer.Close()
			ended := make(chan int)
			var errs bytes.Buffer
			var stdout io.Writer = io.Discard
			if name == "stdout" {
				_, stdout = io.Pipe()
			}
			go func() {
				ended <- run(ctx, &app{args: args, stdin: stdin, stdout: stdout, stderr: &errs, now: time.Now,
					env: []string{"PATH=" + os.Getenv("PATH"), "NHI_SCAN_TOKEN=EXAMPLE", "NHI_SCAN_KEY=" + testKey}})
			}()
			select {
			case code := <-ended:
				t.Fatalf("exit status %d before anything was written: %s", code, errs.String())
			case <-time.After(500 * time.Millisecond):
			}
			cancel()
			select {
			case code := <-ended:
				if code != exitCannotRun || errs.String() != "nhi-scan: error: interrupted\n" {
					t.Errorf("exit status %d, %q; want %d and that it was interrupted", code, errs.String(), exitCannotRun)
				}
			case <-time.After(20 * time.Second):
				t.Error("the program goes on waiting")
			}
		})
	}
}

// TestLinksToDevicesAreReplaced has a link as a repository may hold one where a job writes its report.
func TestLinksToDevicesAreReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.json")
	if err := os.Symlink("/dev/null", path); err != nil {
		t.Skip(err)
	}
	err := writeFile(t.Context(), path, func(w io.Writer) error {
		_, err := io.WriteString(w, "text")
		return err
	})
	info, lstatErr := os.Lstat(path)
	if err := errors.Join(err, lstatErr); err != nil || !info.Mode().IsRegular() || info.Size() != 4 {
		t.Errorf("%v, %v; want a file in place of the link", info, err)
	}
}

func TestReadInput(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path string
		most int64
		want string // of the error
	}{
		{file, 10, ""}, {file, 9, "file has over 0 kB, which is more than is read"}, {dir, 10, "is a folder, want a file"},
		{filepath.Join(dir, "none"), 10, "none: no such file or directory"}, {"/dev/zero", 1 << 20, "/dev/zero has over 1 MB, which is more than is read"},
	} {
		if _, err := os.Stat(c.path); c.path == "/dev/zero" && err != nil {
			continue
		}
		text, err := readInput(t.Context(), c.path, c.most)
		if c.want == "" && (err != nil || string(text) != "0123456789") || c.want != "" && (err == nil || !strings.HasSuffix(err.Error(), c.want)) {
			t.Errorf("readInput(%s, %d) = %q, %v; want %q", filepath.Base(c.path), c.most, text, err, c.want)
		}
	}
}

// TestWaitingReader gives out what is read below, byte for byte, and then its error.
func TestWaitingReader(t *testing.T) {
	want := strings.Repeat("0123456789abcdef", 20_000)
	r := waiting(t.Context(), func() (io.Reader, error) {
		return io.MultiReader(strings.NewReader(want), &failing{}), nil
	})
	var got []byte
	var err error
	for n, b := 0, make([]byte, 1000); err == nil; {
		n, err = r.Read(b)
		got = append(got, b[:n]...)
	}
	if string(got) != want || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%d bytes and %v, want %d and the error", len(got), err, len(want))
	}
}

type failing struct{}

func (*failing) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }
