package gitrepo

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// entry is one mirror as its lock file describes it.
type entry struct {
	name string // path without extension
	size int64
	done bool // false: a clone was broken off, or the mirror is not to be trusted
	used time.Time
}

func (c *Cache) account(bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used += bytes
}

// trim removes the least recently used mirrors until the rest fits, and what was broken off. It reads the folder only when the bound seems
// to be passed, for a cache may hold many thousand mirrors, and before anything is known.
func (c *Cache) trim() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.max <= 0 || c.used > 0 && c.used <= c.max {
		return nil
	}
	all, err := c.entries()
	if err != nil {
		return err
	}
	c.used = 0
	for _, e := range all {
		c.used += e.size
	}
	for _, e := range all {
		if c.used <= c.max && e.done {
			continue
		}
		gone, err := e.remove()
		if err != nil {
			return err
		}
		if gone {
			c.used -= e.size
		}
	}
	return nil
}

// entries lists the mirrors, least recently used first.
func (c *Cache) entries() ([]entry, error) {
	files, err := os.ReadDir(c.dir)
	if err != nil {
		return nil, err
	}
	var all []entry
	for _, f := range files {
		name, ok := strings.CutSuffix(filepath.Join(c.dir, f.Name()), lockExt)
		if !ok {
			continue
		}
		info, err := f.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // another process has removed it
		}
		if err != nil {
			return nil, err
		}
		text, err := os.ReadFile(name + lockExt)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		size, done := parseSize(string(text))
		all = append(all, entry{name, size, done, info.ModTime()})
	}
	slices.SortFunc(all, func(a, b entry) int {
		if d := a.used.Compare(b.used); d != 0 {
			return d
		}
		return strings.Compare(a.name, b.name)
	})
	return all, nil
}

// remove deletes the mirror unless somebody uses it. The lock file goes last, while it is still held.
func (e entry) remove() (bool, error) {
	l, err := tryAcquire(e.name + lockExt)
	if l == nil {
		return false, err
	}
	err = errors.Join(l.unfinish(), os.RemoveAll(e.name+repoExt), os.RemoveAll(e.name+freshExt), os.Remove(e.name+lockExt))
	return err == nil, errors.Join(err, l.release())
}
