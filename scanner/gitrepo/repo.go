package gitrepo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ErrNoFile says that the ref has no such file, or that there is no such ref.
var ErrNoFile = errors.New("no such file")

// Repo is a repository on disk. Its methods may run at the same time.
type Repo struct {
	git     *Git
	dir     string // the git directory, absolute
	suspect func() error
	close   func() error
}

// Open opens the repository that dir is or lies in, bare or with a work tree, for reading.
// git refuses one that belongs to another user, and so does Open.
func (g *Git) Open(ctx context.Context, dir string) (*Repo, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, err
	} else if !info.IsDir() {
		return nil, &fs.PathError{Op: "open repository", Path: dir, Err: errors.New("not a folder")}
	}
	out, err := g.output(ctx, call{args: []string{"rev-parse", "--absolute-git-dir"}, dir: dir}, 64<<10)
	if err != nil {
		return nil, fmt.Errorf("open repository %s: %w", printable(dir, 300), err)
	}
	return &Repo{git: g, dir: filepath.Clean(strings.TrimSuffix(string(out), "\n"))}, nil
}

// Refs returns the SHA-256 of all refs, of what HEAD names, and of where a shallow clone is cut off, in hexadecimal: the
// same digest means the same contents, as long as none was lost.
func (r *Repo) Refs(ctx context.Context) (string, error) {
	sum := sha256.New()
	err := r.git.stream(ctx, r.call("for-each-ref", "--format=%(objectname) %(refname)"), func(out io.Reader) error {
		_, err := io.Copy(sum, out)
		return err
	})
	if err != nil {
		return "", err
	}
	head, err := r.resolve(ctx, "HEAD")
	if err != nil {
		return "", err
	}
	io.WriteString(sum, "HEAD "+head)
	cut, err := r.ShallowCommits(ctx)
	if err != nil {
		return "", err
	}
	for _, commit := range slices.Sorted(slices.Values(cut)) {
		io.WriteString(sum, "\nshallow "+commit)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// Close frees the mirror for others. The Repo must not be used afterwards.
func (r *Repo) Close() error {
	if r.close == nil {
		return nil
	}
	return r.close()
}

// File returns the content of path as it stands at ref: a branch, a tag, a full ref name, an object id, or empty
// for HEAD. A symbolic link is its target's name. ErrNoFile, or ErrTooLarge beyond max bytes.
func (r *Repo) File(ctx context.Context, ref, path string, max int64) ([]byte, error) {
	if path == "" || strings.HasSuffix(path, "/") || strings.ContainsRune(path, 0) {
		return nil, fmt.Errorf("%w: %s", ErrNoFile, printable(path, 200))
	}
	commit, err := r.resolve(ctx, ref)
	if err != nil {
		return nil, err
	}
	if commit == "" {
		return nil, fmt.Errorf("%w: there is no ref %s", ErrNoFile, printable(ref, 200))
	}
	out, err := r.git.output(ctx, r.call("ls-tree", "-z", "-l", "--full-tree", commit, "--", path), 64<<10)
	if err != nil {
		return nil, err
	}
	// <mode> SP <type> SP <object> SP+ <size> TAB <path> NUL
	meta, name, _ := strings.Cut(string(out), "\t")
	f := strings.Fields(meta)
	if len(f) != 4 || f[1] != "blob" || name != path+"\x00" { // "." would be the first file there is
		return nil, fmt.Errorf("%w: %s at %s", ErrNoFile, printable(path, 200), printable(ref, 200))
	}
	size, err := strconv.ParseInt(f[3], 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%s at %s is missing from the repository", printable(path, 200), printable(ref, 200))
	}
	if size > max {
		return nil, fmt.Errorf("%s at %s: %w: %d bytes, at most %d", printable(path, 200), printable(ref, 200), ErrTooLarge, size, max)
	}
	return r.git.output(ctx, r.call("cat-file", "blob", f[2]), max)
}

// resolve returns the object id of ref, empty when there is none. It reads ref as a name only, never as git's
// revision syntax, in which names can search messages and reflogs.
func (r *Repo) resolve(ctx context.Context, ref string) (string, error) {
	names := []string{"refs/heads/" + ref, "refs/tags/" + ref}
	switch {
	case ref == "", ref == "HEAD":
		names = []string{"HEAD"}
	case strings.HasPrefix(ref, "refs/"):
		names = []string{ref}
	case isObjectID(ref):
		return ref, nil
	}
	for _, name := range names {
		out, err := r.git.output(ctx, r.call("show-ref", "--verify", "--hash", "--", name), 1<<10)
		if err == nil {
			return strings.TrimSpace(string(out)), nil
		}
		if ctx.Err() != nil {
			return "", err
		}
	}
	return "", nil
}

func (r *Repo) call(args ...string) call { return call{args: args, gitDir: r.dir, dir: r.dir} }

func isObjectID(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// Names lists the paths of all files at ref, in the tree's order, as git has them. ErrNoFile when there is no such ref;
// an error, too, when the list is longer than max bytes.
func (r *Repo) Names(ctx context.Context, ref string, max int64) ([]string, error) {
	commit, err := r.resolve(ctx, ref)
	if err != nil {
		return nil, err
	}
	if commit == "" {
		return nil, fmt.Errorf("%w: there is no ref %s", ErrNoFile, printable(ref, 200))
	}
	out, err := r.git.output(ctx, r.call("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit), max)
	if err != nil {
		return nil, err
	}
	names := strings.Split(string(out), "\x00")
	return names[:len(names)-1], nil // each name ends with a NUL
}
