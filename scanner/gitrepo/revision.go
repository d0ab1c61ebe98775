package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"nhiscan/inventory/secret"
)

// ErrNoCommit says that the repository holds no such commit: the name is wrong, or the clone too shallow.
var ErrNoCommit = errors.New("the repository holds no such commit")

// ErrAmbiguous says that a name means several commits: the error that wraps it names them.
var ErrAmbiguous = errors.New("the name means several commits")

// Commit returns the id of the commit that revision names, in any way in which git lets one be named: main, HEAD~2, an
// id. The text is the caller's own, never one from a repository. ErrNoCommit, ErrAmbiguous.
func (r *Repo) Commit(ctx context.Context, revision string) (string, error) {
	if revision == "" || strings.ContainsAny(revision, "\x00\n") {
		return "", fmt.Errorf("%w: %q", ErrNoCommit, printable(revision, 100))
	}
	if err := r.unambiguous(ctx, revision); err != nil {
		return "", err
	}
	return r.verify(ctx, revision+"^{commit}")
}

// unambiguous refuses a name that refs of different commits have. To git a tag "origin/main" comes before the remote's
// branch main: whoever may push tags would choose what the caller compares with.
func (r *Repo) unambiguous(ctx context.Context, revision string) error {
	name, _, _ := strings.Cut(revision, "@{")
	if i := strings.IndexAny(name, "~^:"); i >= 0 {
		name = name[:i]
	}
	if isObjectID(name) || name == "" || strings.HasSuffix(name, "HEAD") && !strings.Contains(name, "/") {
		return nil // to git these come before any ref
	}
	// Source: gitrevisions(7), <refname>.
	may := []string{"refs/" + name, "refs/tags/" + name, "refs/heads/" + name, "refs/remotes/" + name, "refs/remotes/" + name + "/HEAD"}
	out, err := r.git.output(ctx, r.call(append([]string{"for-each-ref", "--format=%(objectname) %(*objectname) %(refname)"}, may...)...), 1<<20)
	if err != nil {
		return err
	}
	ids, names := map[string]bool{}, []string(nil)
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line) // of an annotated tag the second is the commit
		if ref := f[len(f)-1]; slices.Contains(may, ref) {
			ids[f[len(f)-2]] = true
			names = append(names, ref)
		}
	}
	if len(ids) > 1 {
		return fmt.Errorf("%w: %s", ErrAmbiguous, printable(strings.Join(names, ", "), 300))
	}
	return nil
}

func (r *Repo) verify(ctx context.Context, revision string) (string, error) {
	out, err := r.git.output(ctx, r.call("rev-parse", "--verify", "--quiet", "--end-of-options", revision), 1<<10)
	if id := strings.TrimSpace(string(out)); err == nil && isObjectID(id) {
		return id, nil
	}
	if ctx.Err() != nil {
		return "", err
	}
	return "", fmt.Errorf("%w: %s", ErrNoCommit, printable(strings.TrimSuffix(revision, "^{commit}"), 100))
}

// Named returns the commit of the first name that is there, each read as a full ref name only, and which it was;
// empty texts when there is none.
func (r *Repo) Named(ctx context.Context, names ...string) (commit, name string, err error) {
	for _, n := range names {
		id, err := r.resolve(ctx, n)
		if err != nil {
			return "", "", err
		}
		if id != "" {
			if id, err = r.Commit(ctx, id); err == nil {
				return id, n, nil
			}
		}
	}
	return "", "", ctx.Err()
}

// MergeBase returns the best common ancestor of two commits; empty when the repository knows none.
func (r *Repo) MergeBase(ctx context.Context, a, b string) (string, error) {
	out, err := r.git.output(ctx, r.call("merge-base", a, b), 1<<10)
	if id := strings.TrimSpace(string(out)); err == nil || exitStatus(err) == 1 {
		return id, nil
	}
	return "", err
}

// IsAncestor reports whether commit b reaches commit a.
func (r *Repo) IsAncestor(ctx context.Context, a, b string) (bool, error) {
	err := r.git.run(ctx, r.call("merge-base", "--is-ancestor", a, b))
	if exitStatus(err) == 1 {
		return false, nil
	}
	return err == nil, err
}

// ShallowCommits returns the commits at which a shallow clone is cut off: they have parents that are not there.
func (r *Repo) ShallowCommits(ctx context.Context) ([]string, error) {
	out, err := r.git.output(ctx, r.call("rev-parse", "--git-path", "shallow"), 64<<10)
	if err != nil {
		return nil, err
	}
	path := strings.TrimSuffix(string(out), "\n")
	if !filepath.IsAbs(path) {
		path = filepath.Join(r.dir, path)
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return strings.Fields(string(text)), err
}

// Root returns the folder of the work tree that dir lies in.
func (g *Git) Root(ctx context.Context, dir string) (string, error) {
	out, err := g.output(ctx, call{args: []string{"rev-parse", "--show-toplevel"}, dir: dir}, 64<<10)
	return strings.TrimSuffix(string(out), "\n"), err
}

// Tree returns the blobs of a commit's files by path.
func (r *Repo) Tree(ctx context.Context, commit string) (map[string]string, error) {
	h := newHistory()
	if err := r.readHead(ctx, h, commit); err != nil {
		return nil, err
	}
	files := map[string]string{}
	for n := range h.ids {
		for _, path := range h.headPaths(int32(n)) { //nolint:gosec // maxRecords is far below
			files[path] = h.id(int32(n)) //nolint:gosec // as above
		}
	}
	return files, nil
}

// Contents hands the blobs with these ids to each, every distinct one once: first those that are not read, with the
// reason (a Skipped constant), then the contents, which are valid during the call only.
func (r *Repo) Contents(ctx context.Context, ids []string, max int64, each func(id string, content []byte, skipped string) error) error {
	h := newHistory()
	var all, read []int32
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		if n, ok := h.blob([]byte(id)); ok {
			all = append(all, n)
		}
	}
	err := r.ask(ctx, "--batch-check", h, all, func(n int32, a answer) error {
		switch {
		case a.missing:
			return each(h.id(n), nil, SkippedMissing)
		case a.broken || a.kind != "blob":
			return each(h.id(n), nil, SkippedBroken)
		case a.size > max:
			return each(h.id(n), nil, SkippedSize)
		}
		read = append(read, n)
		return nil
	})
	if err != nil {
		return err
	}
	var buf []byte
	return r.ask(ctx, "--batch", h, read, func(n int32, a answer) (err error) {
		if a.missing || a.broken {
			return each(h.id(n), nil, SkippedBroken)
		}
		if buf, err = a.readBody(buf); err != nil {
			return err
		}
		return each(h.id(n), buf, "")
	})
}

// Holding returns the paths of a commit's files in which a line of one of the texts stands, in the tree's order. Of a
// text of several lines the longest is looked for.
func (r *Repo) Holding(ctx context.Context, commit string, texts []secret.Value) ([]string, error) {
	c := r.call("grep", "-z", "-l", "-a", "-F", "--no-color", "--full-name", "-f", "-", commit)
	var in bytes.Buffer
	for _, text := range texts {
		longest := ""
		for line := range strings.FieldsFuncSeq(text.Reveal(), func(c rune) bool { return c == '\n' || c == '\r' || c == 0 }) {
			if len(line) > len(longest) {
				longest = line
			}
		}
		if longest != "" {
			in.WriteString(longest + "\n")
		}
	}
	if in.Len() == 0 {
		return nil, nil
	}
	c.stdin = &in
	var paths []string
	err := r.git.stream(ctx, c, func(out io.Reader) error {
		t := newTokens(out)
		for range maxRecords {
			token, err := t.next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			paths = append(paths, strings.TrimPrefix(string(token), commit+":"))
		}
		return errEndless
	})
	if exitStatus(err) == 1 {
		return nil, nil
	}
	return paths, err
}

// exitStatus is what a failed command exited with; 0 for other errors and none.
func exitStatus(err error) int {
	var f *fault
	var exit *exec.ExitError
	if errors.As(err, &f) && errors.As(f.exit, &exit) {
		return exit.ExitCode()
	}
	return 0
}
