package gitrepo

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Cache is a folder of mirrors, each under a name made by hash and a lock of its own, so that several processes
// may share the folder. Safe for concurrent use. The mirrors hold whatever the repositories hold, secrets included.
type Cache struct {
	git *Git
	dir string
	max int64

	mu   sync.Mutex
	used int64 // bytes of all mirrors as far as this process knows; trim corrects it
}

// tagFile marks a cache folder for backup programs and for us. Source: https://bford.info/cachedir/
const (
	tagFile = "CACHEDIR.TAG"
	tagText = "Signature: 8a477f597d28d172789f06886806bc55\n# This folder holds mirrors of git repositories made by nhi-scan.\n"
)

// OpenCache opens the cache in dir, which it makes with mode 0700 if there is none, and takes over if it is empty.
// Another non-empty folder is refused. max is in bytes: no mirror may be larger, and when all together are, the least
// recently used leave; those being read or written do not count. Zero or less means no bound.
func OpenCache(g *Git, dir string, max int64) (*Cache, error) {
	dir, err := filepath.Abs(dir)
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("open cache: %w", err)
	}
	// In a folder of somebody else's, what lies there may have been put there for us to read.
	if info, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("open cache: %w", err)
	} else if !ours(info) {
		return nil, fmt.Errorf("open cache: %s belongs to another user; give it a folder of its own", dir)
	}
	if err := tag(dir); err != nil {
		return nil, fmt.Errorf("open cache: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a folder needs its x bit
		return nil, fmt.Errorf("open cache: %w", err)
	}
	c := &Cache{git: g, dir: dir, max: max}
	return c, c.trim()
}

// tag marks dir as a cache. It refuses a folder that holds other things, since trim deletes.
func tag(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	name := filepath.Join(dir, tagFile)
	if len(entries) == 0 {
		return os.WriteFile(name, []byte(tagText), 0o600)
	}
	// The tag is the first file of a cache, so it is there even when another process made the cache while this one
	// listed the folder.
	if _, err := os.Stat(name); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s is not empty and not a cache; give it a folder of its own", dir)
	}
	return nil
}

// Refs asks for the remote's ref list. digest is the SHA-256 of it, default branch included, in hexadecimal: the same
// digest means the same contents. empty means that there is no ref at all.
func (c *Cache) Refs(ctx context.Context, r Remote) (digest string, empty bool, err error) {
	if err := r.check(c.git.files); err != nil {
		return "", false, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, maxRefsTime, errSlow)
	defer cancel()
	sum := sha256.New()
	var n int64
	err = c.git.stream(ctx, r.dress(c.call("ls-remote", "--symref", r.URL)), func(out io.Reader) (err error) {
		n, err = io.Copy(sum, bufio.NewReader(out))
		return err
	})
	if err != nil {
		return "", false, err
	}
	return hex.EncodeToString(sum.Sum(nil)), n == 0, nil
}

// Mirror brings the mirror of r up to date, or makes it, and returns it locked: nobody else can use it until
// Repo.Close. progress may be nil; it gets the bytes received so far, about five times a second and never twice
// at a time. A mirror that cannot be updated is made anew; the old one stays until that has worked.
// Errors are ErrAuth, ErrNoRepo, ErrRedirect, ErrTooLarge, or others.
func (c *Cache) Mirror(ctx context.Context, r Remote, progress func(bytes int64)) (*Repo, error) {
	if err := r.check(c.git.files); err != nil {
		return nil, err
	}
	name := c.mirrorName(r)
	l, err := acquire(ctx, name+lockExt)
	if err != nil {
		return nil, err
	}
	m := &mirror{cache: c, remote: r, dir: name + repoExt, fresh: name + freshExt, lock: l, progress: progress}
	if err := m.update(ctx); err != nil {
		return nil, errors.Join(err, l.release())
	}
	if err := c.trim(); err != nil {
		return nil, errors.Join(err, l.release())
	}
	return &Repo{
		git: c.git, dir: m.dir,
		suspect: l.unfinish,
		close:   func() error { return errors.Join(l.release(), c.trim()) },
	}, nil
}

// A server that sends a byte now and then keeps git waiting for ever: these bound what one repository may take.
const (
	maxRefsTime   = 10 * time.Minute
	maxMirrorTime = 12 * time.Hour
)

var errSlow = errors.New("the server takes too long")

// call runs where no repository's configuration can be found.
func (c *Cache) call(args ...string) call {
	return call{args: args, dir: c.dir, ceil: filepath.Dir(c.dir)}
}

const (
	lockExt  = ".lock"
	repoExt  = ".git"
	freshExt = ".new" // a clone that is not finished
)
