package gitrepo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
)

// Reopen returns the mirror of r as the last Mirror left it, locked like that one, without asking the server.
// ErrNoRepo when there is none.
func (c *Cache) Reopen(ctx context.Context, r Remote) (*Repo, error) {
	if err := r.check(c.git.files); err != nil {
		return nil, err
	}
	name := c.mirrorName(r)
	l, err := acquire(ctx, name+lockExt)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(name+repoExt, "HEAD")); err != nil {
		return nil, errors.Join(ErrNoRepo, l.release())
	}
	return &Repo{git: c.git, dir: name + repoExt, suspect: l.unfinish, close: l.release}, nil
}

// mirrorName is where a remote's mirror lies, without extension. It tells nothing of the remote.
func (c *Cache) mirrorName(r Remote) string {
	sum := sha256.Sum256([]byte(r.key()))
	return filepath.Join(c.dir, hex.EncodeToString(sum[:20]))
}
