package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// maxChanged bounds the changed paths read of one range of commits, for the reason of maxRecords.
const maxChanged = 5_000_000

var errHuge = fmt.Errorf("the change names more than %d paths", maxChanged)

// Step is one commit, or the index beside HEAD, with what it changes.
type Step struct {
	Commit  string // id; empty for the index
	Tree    string // id of its tree; empty for the index
	Author  string // as Place has it; empty for the index
	Date    time.Time
	Parents []string
	// Changes are the paths that differ from every parent, in the tree's order. A file that a merge takes over from one
	// of its parents is not among them.
	Changes []Changed
}

// Changed is one path whose content a step changes.
type Changed struct {
	Path string   // as Place.Path
	Old  []string // blob ids, one for each parent; empty text where a parent has no file there. One for a root, too
	New  string   // blob id; empty when the file is gone or no file
}

// stepFormat is commit, tree, parents, author's name, address and time; each ends with NUL.
const stepFormat = "--format=%H%x00%T%x00%P%x00%an%x00%ae%x00%at%x00"

// Steps returns the commits that one of heads reaches and none of without, a commit after its ancestors. All are commit
// ids; with allRefs, what a ref of the repository reaches is left out too.
func (r *Repo) Steps(ctx context.Context, heads, without []string, allRefs bool) ([]Step, error) {
	args := []string{"log", "--raw", "-c", "--no-abbrev", "-z", "--no-renames", "--reverse", "--date-order", "--encoding=UTF-8",
		"--no-color", "--no-ext-diff", "--no-textconv", "-O" + os.DevNull, stepFormat, "--stdin"}
	c := r.call(args...)
	var in strings.Builder
	for _, h := range heads {
		in.WriteString(h + "\n")
	}
	for _, w := range without {
		in.WriteString("^" + w + "\n")
	}
	if allRefs {
		c.args = append(c.args, "--not", "--all")
	}
	c.stdin = strings.NewReader(in.String())
	var steps []Step
	err := r.git.stream(ctx, c, func(out io.Reader) (err error) {
		steps, err = parseSteps(out)
		return err
	})
	return steps, err
}

func parseSteps(out io.Reader) (steps []Step, err error) {
	t := newTokens(out)
	for records := 0; records < maxChanged; {
		token, err := t.next()
		if errors.Is(err, io.EOF) {
			return steps, nil
		}
		if err != nil {
			return nil, err
		}
		token = bytes.TrimLeft(token, "\n")
		switch {
		case len(token) == 0:
		case token[0] != ':':
			s, err := parseStep(token, t)
			if err != nil {
				return nil, err
			}
			steps = append(steps, s)
		case len(steps) == 0:
			return nil, fmt.Errorf("git log: unexpected output %q", printable(string(token), 80))
		default:
			records++
			changed, err := parseChanged(token, t)
			if err != nil {
				return nil, err
			}
			last := &steps[len(steps)-1]
			last.Changes = append(last.Changes, changed)
		}
	}
	return nil, errHuge
}

func parseStep(id []byte, t *tokens) (Step, error) {
	s := Step{Commit: string(id)}
	if !isObjectID(s.Commit) {
		return s, fmt.Errorf("git log: unexpected output %q", printable(s.Commit, 80))
	}
	var field [5]string
	for i := range field {
		token, err := t.next()
		if err != nil {
			return s, endsEarly(err)
		}
		field[i] = string(token)
	}
	s.Tree, s.Parents = field[0], strings.Fields(field[1])
	s.Author, s.Date = author([]byte(field[2]), []byte(field[3])), date(seconds([]byte(field[4])))
	return s, nil
}

// parseChanged reads ":<mode> <mode> <old> <new> M" and the path behind it, in the form for merges too.
func parseChanged(token []byte, t *tokens) (Changed, error) {
	parents := len(token) - len(bytes.TrimLeft(token, ":"))
	f := strings.Fields(string(token[parents:]))
	if len(f) != 2*parents+3 {
		return Changed{}, fmt.Errorf("git: unexpected output %q", printable(string(token), 80))
	}
	path, err := t.next()
	if err != nil {
		return Changed{}, endsEarly(err)
	}
	c := Changed{Path: string(path[:min(len(path), maxPath)])}
	modes, ids := f[:parents+1], f[parents+1:2*parents+2]
	for i := range parents {
		c.Old = append(c.Old, blobID(modes[i], ids[i]))
	}
	c.New = blobID(modes[parents], ids[parents])
	return c, nil
}

// blobID returns id, or empty text for what is no file: nothing, or a submodule.
func blobID(mode, id string) string {
	if !isBlobMode([]byte(mode)) || strings.Trim(id, "0") == "" {
		return ""
	}
	return id
}

// Staged returns what the index changes against HEAD, or against nothing where there is no commit yet. In the middle of
// a merge, what the other side has too is left out, and every change has the other side's blob as a second Old.
// Files of a merge that is not resolved are not in the index yet and not among them.
func (r *Repo) Staged(ctx context.Context) (Step, error) {
	head, err := r.Commit(ctx, "HEAD")
	s := Step{Parents: []string{head}}
	if errors.Is(err, ErrNoCommit) {
		s.Parents = nil
		head, err = r.emptyTree(ctx)
	}
	if err != nil {
		return s, err
	}
	c := r.call("diff-index", "--cached", "--raw", "--no-abbrev", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", head, "--")
	err = r.git.stream(ctx, c, func(out io.Reader) (err error) {
		s.Changes, err = parseChanges(newTokens(out))
		return err
	})
	if err == nil {
		err = r.addMerged(ctx, &s)
	}
	return s, err
}

// addMerged adds the other side of a merge to what the index changes, if there is one under way.
func (r *Repo) addMerged(ctx context.Context, s *Step) error {
	merged, err := r.Commit(ctx, "MERGE_HEAD")
	if errors.Is(err, ErrNoCommit) {
		return nil
	}
	if err != nil {
		return err
	}
	theirs, err := r.Tree(ctx, merged)
	if err != nil {
		return err
	}
	s.Changes = slices.DeleteFunc(s.Changes, func(c Changed) bool { return c.New == theirs[c.Path] })
	for i, c := range s.Changes {
		s.Changes[i].Old = append(c.Old, theirs[c.Path])
	}
	return nil
}

func parseChanges(t *tokens) (all []Changed, err error) {
	for range maxChanged {
		token, err := t.next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if len(token) == 0 || token[0] != ':' {
			return nil, fmt.Errorf("git: unexpected output %q", printable(string(token), 80))
		}
		c, err := parseChanged(token, t)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return nil, errHuge
}

// emptyTree returns the id of the tree without files, which every repository knows.
func (r *Repo) emptyTree(ctx context.Context) (string, error) {
	out, err := r.git.output(ctx, r.call("hash-object", "-t", "tree", "--stdin"), 1<<10)
	return strings.TrimSpace(string(out)), err
}

// Compare hands each what differs between the tree of commit base, or the empty tree if base is empty, and each of
// the trees, which are ids, in their order. Every change has one Old.
func (r *Repo) Compare(ctx context.Context, base string, trees []string, each func(tree string, changes []Changed) error) error {
	if len(trees) == 0 {
		return nil
	}
	from, err := r.emptyTree(ctx)
	if base != "" && err == nil {
		from, err = r.verify(ctx, base+"^{tree}")
	}
	if err != nil {
		return err
	}
	c := r.call("diff-tree", "--stdin", "-r", "--raw", "--no-abbrev", "-z", "--no-renames", "--no-ext-diff", "--no-textconv")
	var in strings.Builder
	for _, t := range trees {
		in.WriteString(from + " " + t + "\n")
	}
	c.stdin = strings.NewReader(in.String())
	return r.git.stream(ctx, c, func(out io.Reader) error { return parseCompared(newTokens(out), trees, each) })
}

// parseCompared reads for each tree a line "<base> <tree>" and then the changes, each of two NUL-ended tokens. The
// line ends with a newline, so it is the beginning of the first token behind it, with the lines of trees that are equal.
func parseCompared(t *tokens, trees []string, each func(tree string, changes []Changed) error) error {
	at, changes := -1, []Changed(nil)
	flush := func() error {
		if at < 0 {
			return nil
		}
		all := changes
		changes = nil
		return each(trees[at], all)
	}
	for range maxChanged {
		token, err := t.next()
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		for len(token) > 0 && token[0] != ':' {
			line, rest, _ := bytes.Cut(token, []byte("\n"))
			if at+1 >= len(trees) || !bytes.HasSuffix(line, []byte(" "+trees[at+1])) {
				return fmt.Errorf("git diff-tree: unexpected output %q", printable(string(line), 80))
			}
			if err := flush(); err != nil {
				return err
			}
			at, token = at+1, rest
		}
		if err != nil {
			if at+1 < len(trees) {
				return io.ErrUnexpectedEOF
			}
			return flush()
		}
		if len(token) == 0 {
			continue
		}
		c, err := parseChanged(token, t)
		if err != nil {
			return err
		}
		changes = append(changes, c)
	}
	return errHuge
}
