package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// print writes what render makes to standard output. When ctx is done it stops, whether or not somebody reads there.
func (a *app) print(ctx context.Context, render func(io.Writer) error) error {
	return buffered(&waitingWriter{ctx: ctx, open: func() (io.Writer, error) { return a.stdout, nil }}, render)
}

// writeFile writes beside path and renames, so that a full disk leaves no half report. Mode 0600: a report tells an
// attacker where to look. Into a device or pipe it writes as print does.
func writeFile(ctx context.Context, path string, render func(io.Writer) error) error {
	if isDevice(path) {
		return writeDevice(ctx, path, render)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	if err = buffered(f, render); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// isDevice reports whether path is a device or pipe, which must not be replaced: /dev/stdout, for instance. A link to
// one counts only where the system keeps such links: another may have come with a repository, and lead to a disk.
func isDevice(path string) bool {
	info, err := os.Lstat(path)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if abs, err := filepath.Abs(path); err != nil || !strings.HasPrefix(abs, "/dev/") && !strings.HasPrefix(abs, "/proc/") {
			return false
		}
		info, err = os.Stat(path)
	}
	return err == nil && !info.Mode().IsRegular() && !info.IsDir()
}

func writeDevice(ctx context.Context, path string, render func(io.Writer) error) error {
	var f *os.File
	w := &waitingWriter{ctx: ctx, open: func() (_ io.Writer, err error) {
		f, err = os.OpenFile(path, os.O_WRONLY, 0) // a named pipe opens only when somebody reads it
		return f, err
	}}
	err := buffered(w, render)
	if f == nil || w.lost {
		return err
	}
	return errors.Join(err, f.Close())
}

func buffered(to io.Writer, render func(io.Writer) error) error {
	w := bufio.NewWriter(to)
	if err := render(w); err != nil {
		return err
	}
	return w.Flush()
}

// waitingWriter writes to what may keep a writer waiting for ever: a pipe that nobody reads. When ctx is done its Write
// returns, though the one below may not. open is called by the first Write.
type waitingWriter struct {
	ctx  context.Context
	open func() (io.Writer, error)
	w    io.Writer
	lost bool // a Write below goes on, with w
}

func (w *waitingWriter) Write(b []byte) (int, error) {
	if w.lost || w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	text := bytes.Clone(b) // the caller's again when this returns
	var n int
	var err error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if w.w == nil {
			if w.w, err = w.open(); err != nil {
				return
			}
		}
		n, err = w.w.Write(text)
	}()
	select {
	case <-ended:
		return n, err
	case <-w.ctx.Done():
		w.lost = true
		return 0, context.Cause(w.ctx)
	}
}
