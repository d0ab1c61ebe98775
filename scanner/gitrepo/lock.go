package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
)

// lock is one mirror's lock file, held. Its text is the size of the finished mirror in bytes, empty while there is
// none; its modification time is the mirror's last use, set by the system at each write.
type lock struct{ file *os.File }

const lockPoll = 50 * time.Millisecond

// acquire waits until the lock at path is free or ctx ends.
func acquire(ctx context.Context, path string) (*lock, error) {
	for {
		l, err := tryAcquire(path)
		if l != nil || err != nil {
			return l, err
		}
		timer := time.NewTimer(lockPoll)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, fmt.Errorf("wait for the mirror's lock: %w", context.Cause(ctx))
		}
	}
}

// tryAcquire returns nil and no error when somebody else holds the lock.
func tryAcquire(path string) (*lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	ok, err := lockFile(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	// Between open and lock the last holder may have removed the file: then this lock is on a file nobody else sees.
	mine, err1 := f.Stat()
	there, err2 := os.Stat(path)
	if !ok || err1 != nil || err2 != nil || !os.SameFile(mine, there) {
		_ = f.Close()
		if err2 != nil && !errors.Is(err2, fs.ErrNotExist) {
			return nil, err2
		}
		return nil, err1
	}
	return &lock{f}, nil
}

// size returns the size written last; false means that there is no finished mirror.
func (l *lock) size() (int64, bool) {
	b := make([]byte, 32)
	n, err := l.file.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, false
	}
	return parseSize(string(b[:n]))
}

func parseSize(text string) (int64, bool) {
	line, _, whole := strings.Cut(text, "\n")
	size, err := strconv.ParseInt(line, 10, 64)
	return size, err == nil && whole && size >= 0
}

// finish records a finished mirror of size bytes, and its use.
func (l *lock) finish(size int64) error {
	if err := l.unfinish(); err != nil {
		return err
	}
	_, err := l.file.WriteAt([]byte(strconv.FormatInt(size, 10)+"\n"), 0)
	return err
}

// unfinish records that there is no mirror to trust.
func (l *lock) unfinish() error { return l.file.Truncate(0) }

func (l *lock) release() error { return l.file.Close() }
