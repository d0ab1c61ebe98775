package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// The most that is read of a small file that the caller names, in bytes: far more than any that is meant.
const (
	maxConfig = 1 << 20
	maxOwners = 16 << 20
	maxCAFile = 8 << 20 // the system's own bundle has 0.3 MB
	maxRules  = 8 << 20 // gitleaks' own has 0.1 MB
)

// readInput reads a file that the caller names, of at most most bytes. It may be a pipe or a device, such as a shell
// makes of <(…): that is waited for until ctx is done, and no longer.
func readInput(ctx context.Context, path string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		if at := (*fs.PathError)(nil); errors.As(err, &at) {
			at.Op = "open"
		}
		return nil, err
	}
	var r io.ReadCloser
	switch mode := info.Mode(); {
	case mode.IsDir():
		return nil, fmt.Errorf("%s is a folder, want a file", path)
	case mode&(fs.ModeNamedPipe|fs.ModeCharDevice) != 0:
		r = waiting(ctx, func() (io.Reader, error) { return os.Open(path) })
	case !mode.IsRegular():
		return nil, fmt.Errorf("%s is neither a file nor a pipe", path)
	default:
		if r, err = os.Open(path); err != nil {
			return nil, err
		}
	}
	defer func() { _ = r.Close() }() // it was only read
	return readAll(r, path, most)
}

func readAll(r io.Reader, name string, most int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(text)) > most:
		return nil, fmt.Errorf("%s has over %s, which is more than is read", name, sizeText(most))
	}
	return text, nil
}

// readStdin reads standard input, of at most most bytes.
func readStdin(r io.Reader, most int64) ([]byte, error) {
	if r == nil {
		return nil, errors.New("there is no standard input")
	}
	return readAll(r, "standard input", most)
}

// input is standard input, until ctx is done; nil where there is none.
func (a *app) input(ctx context.Context) io.Reader {
	if a.stdin == nil {
		return nil
	}
	return waiting(ctx, func() (io.Reader, error) { return a.stdin, nil })
}

func sizeText(n int64) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%d MB", n>>20)
	}
	return fmt.Sprintf("%d kB", n>>10)
}

// waiting reads what may keep a reader waiting for ever: a pipe whose writer does nothing, a terminal. When ctx is done
// its Read returns, though the one below may not; what that would still read is lost. open is called by the first Read,
// for a named pipe opens only when somebody writes to it.
func waiting(ctx context.Context, open func() (io.Reader, error)) io.ReadCloser {
	return &waitingReader{ctx: ctx, open: open}
}

type waitingReader struct {
	ctx  context.Context
	open func() (io.Reader, error)
	r    io.Reader
	buf  []byte
	left []byte // of buf, not yet given out
	err  error  // comes after left
	lost bool   // a Read below goes on, with r and buf
}

func (w *waitingReader) Read(b []byte) (int, error) {
	switch {
	case w.lost:
		return 0, context.Cause(w.ctx)
	case len(w.left) == 0 && w.err != nil:
		return 0, w.err
	case len(w.left) == 0:
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			w.fill()
		}()
		select {
		case <-ended:
		case <-w.ctx.Done():
			w.lost = true
			return 0, context.Cause(w.ctx)
		}
	}
	n := copy(b, w.left)
	w.left = w.left[n:]
	return n, nil
}

func (w *waitingReader) fill() {
	if w.r == nil {
		if w.r, w.err = w.open(); w.err != nil {
			return
		}
		w.buf = make([]byte, 64<<10)
	}
	var n int
	n, w.err = w.r.Read(w.buf)
	w.left = w.buf[:n]
}

// Close closes what is open, unless a Read still waits there.
func (w *waitingReader) Close() error {
	if w.lost {
		return nil
	}
	if c, ok := w.r.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
