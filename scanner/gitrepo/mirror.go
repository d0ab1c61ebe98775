package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// mirror is one repository being brought up to date, under its lock.
type mirror struct {
	cache    *Cache
	remote   Remote
	dir      string
	fresh    string
	lock     *lock
	progress func(bytes int64)
}

// manyPacks is when the packs of many fetches are made one: git reads through all of them.
const manyPacks = 50

// update fetches into the finished mirror or clones.
func (m *mirror) update(ctx context.Context) error {
	before, finished := m.lock.size()
	if err := os.RemoveAll(m.fresh); err != nil { // left by a process that was killed
		return err
	}
	if finished {
		err := m.fetch(ctx)
		if err != nil && !m.worthCloning(ctx, err) {
			return err
		}
		finished = err == nil
	}
	if !finished {
		if err := m.clone(ctx); err != nil {
			return err
		}
	}
	size := folderSize(m.dir)
	m.cache.account(size - before)
	if m.cache.max > 0 && size > m.cache.max {
		return errors.Join(m.tooLarge(), m.drop(size))
	}
	return m.lock.finish(size)
}

// worthCloning tells an error of the mirror from one of the remote, which a clone would meet again.
func (m *mirror) worthCloning(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	for _, remote := range []error{ErrAuth, ErrNoRepo, ErrRedirect, ErrTooLarge} {
		if errors.Is(err, remote) {
			return false
		}
	}
	return true
}

// clone makes the mirror beside the old one and then puts it in its place.
func (m *mirror) clone(ctx context.Context) error {
	c := m.remote.dress(m.cache.call("clone", "--mirror", "--quiet", m.remote.URL, m.fresh))
	if err := m.receive(ctx, c, m.fresh, func() error { return os.RemoveAll(m.fresh) }); err != nil {
		return errors.Join(err, os.RemoveAll(m.fresh))
	}
	if err := m.lock.unfinish(); err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(m.dir), os.Rename(m.fresh, m.dir))
}

func (m *mirror) fetch(ctx context.Context) error {
	c := m.remote.dress(m.cache.call("fetch", "--quiet", "--prune", "--force", "--no-tags", "--no-write-fetch-head", m.remote.URL, "+refs/*:refs/*"))
	c.gitDir = m.dir
	if err := m.receive(ctx, c, m.dir, m.removePartial); err != nil {
		return errors.Join(err, m.removePartial())
	}
	if len(m.packFiles(func(name string) bool { return strings.HasSuffix(name, ".pack") })) < manyPacks {
		return nil
	}
	tidy := m.cache.call("gc", "--quiet", "--prune=now")
	tidy.gitDir = m.dir
	return m.cache.git.run(ctx, tidy)
}

// receive runs c with git's consistency check of what arrives, and once more without when that is what refused it:
// old histories often fail it, nothing is checked out, and an unread history helps nobody.
func (m *mirror) receive(ctx context.Context, c call, dir string, again func() error) error {
	checked := c
	checked.config = append(checked.config[:len(checked.config):len(checked.config)], setting{"fetch.fsckObjects", "true"})
	err := m.watch(ctx, dir, func(ctx context.Context) error { return m.cache.git.run(ctx, checked) })
	if !errors.Is(err, errFsck) {
		return err
	}
	if err := again(); err != nil {
		return err
	}
	return m.watch(ctx, dir, func(ctx context.Context) error { return m.cache.git.run(ctx, c) })
}

const watchEvery = 200 * time.Millisecond

// watch reports how many bytes of objects run adds to dir, and cancels it when they exceed the bound.
func (m *mirror) watch(ctx context.Context, dir string, run func(context.Context) error) error {
	ctx, late := context.WithTimeoutCause(ctx, maxMirrorTime, errSlow)
	defer late()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// All objects, not packs alone: over the old protocol without server support a clone fetches them one by one.
	objects := filepath.Join(dir, "objects")
	before := folderSize(objects)
	look := func() {
		size := folderSize(objects)
		if m.progress != nil {
			m.progress(max(0, size-before))
		}
		if m.cache.max > 0 && size > m.cache.max {
			cancel(m.tooLarge())
		}
	}
	done := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				look()
			case <-done:
				return
			}
		}
	})
	err := run(ctx)
	close(done)
	watcher.Wait()
	if err == nil {
		look()
	}
	return err
}

func (m *mirror) tooLarge() error {
	return fmt.Errorf("mirror of %s: %w: the cache may hold %d bytes; allow more", printable(m.remote.URL, 200), ErrTooLarge, m.cache.max)
}

// removePartial removes what a fetch that was stopped left behind; whole packs stay.
func (m *mirror) removePartial() error {
	var errs []error
	for _, path := range m.packFiles(func(name string) bool { return strings.HasPrefix(name, "tmp_") }) {
		errs = append(errs, os.Remove(path))
	}
	return errors.Join(errs...)
}

// packFiles lists what lies among the packs under a name that is wanted; filepath.Glob would read patterns into dir.
func (m *mirror) packFiles(wanted func(name string) bool) []string {
	entries, _ := os.ReadDir(packs(m.dir)) // no folder, no packs: git says so itself
	var all []string
	for _, e := range entries {
		if wanted(e.Name()) {
			all = append(all, filepath.Join(packs(m.dir), e.Name()))
		}
	}
	return all
}

// drop removes the mirror of size bytes.
func (m *mirror) drop(size int64) error {
	m.cache.account(-size)
	return errors.Join(m.lock.unfinish(), os.RemoveAll(m.dir))
}

func packs(dir string) string { return filepath.Join(dir, "objects", "pack") }

// folderSize sums the files below dir. What vanishes meanwhile counts nothing.
func folderSize(dir string) int64 {
	var sum int64
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // a file that git has just renamed
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() && !strings.HasSuffix(path, lockExt) {
			sum += info.Size()
		}
		return nil
	})
	return sum
}
