package gitrepo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxRecords bounds the changed paths read of one log or tree: a few small trees that hold each other can name
// billions of files. The Linux kernel's whole history has about four million.
const maxRecords = 100_000_000

var errEndless = fmt.Errorf("the history names more than %d paths", maxRecords)

// logFormat is commit, author's name, address and time; each ends with NUL.
const logFormat = "--format=%H%x00%an%x00%ae%x00%at%x00"

// readLog fills h from one log of everything that any ref or HEAD reaches, oldest commit first, and returns the
// number of commits. The combined form of merges (-c) shows what differs from every parent, which is just what a
// merge adds itself; -m would repeat the whole difference for each parent. Type changes (T) matter: a link that
// becomes a file brings a content. By date and never before an ancestor: parallel lines then keep their order
// when others grow, so that the first commit of a content stays the same.
// kept, if not nil, gets a copy.
func (r *Repo) readLog(ctx context.Context, h *history, kept *keptLog) (commits int, err error) {
	c := r.call(logCommand("--all", "--reverse", "--date-order")...)
	err = r.git.stream(ctx, c, func(out io.Reader) error {
		commits, err = parseLog(out, h, kept)
		return err
	})
	return commits, err
}

func logCommand(which ...string) []string {
	return append([]string{"log", "--raw", "-c", "--no-abbrev", "-z", "--no-renames", "--encoding=UTF-8",
		"--no-color", "--no-ext-diff", "--no-textconv", "-O" + os.DevNull, logFormat}, which...)
}

// parseLog reads the output of logCommand by position, so that no name can pass for structure.
func parseLog(out io.Reader, h *history, kept *keptLog) (commits int, err error) {
	t := newTokens(out)
	var header commit
	at := int32(-1) // header's number in h.commits once it has brought a blob
	for records := 0; records < maxRecords; {
		token, err := t.next()
		if errors.Is(err, io.EOF) {
			return commits, nil
		}
		if err != nil {
			return commits, err
		}
		token = bytes.TrimLeft(token, "\n")
		switch {
		case len(token) == 0:
		case token[0] == ':':
			records++
			blob, ok, err := parseRaw(token, h)
			if err != nil {
				return commits, err
			}
			path, err := t.next()
			if err != nil {
				return commits, endsEarly(err)
			}
			if !ok {
				continue
			}
			if at < 0 {
				at = int32(len(h.commits)) //nolint:gosec // maxRecords is far below
				h.commits = append(h.commits, header)
			}
			h.add(&h.seen[blob], path, at)
			kept.addChange(h.ids[blob], path)
		default:
			if header, err = parseHeader(token, t, h); err != nil {
				return commits, err
			}
			kept.addCommit(header, h.authors.list[header.author])
			commits, at = commits+1, -1
		}
	}
	return commits, errEndless
}

func parseHeader(id []byte, t *tokens, h *history) (c commit, err error) {
	var ok bool
	if c.id, ok = h.parse(id); !ok {
		return c, fmt.Errorf("git log: unexpected output %q", printable(string(id), 80))
	}
	var field [3]string
	for i := range field {
		token, err := t.next()
		if err != nil {
			return c, endsEarly(err)
		}
		field[i] = string(token)
	}
	c.author = h.authors.number(author([]byte(field[0]), []byte(field[1])))
	c.at = seconds([]byte(field[2]))
	return c, nil
}

// parseRaw reads ":100644 100644 <old> <new> M", or with two and more parents "::100644 100644 100644 <old> <old> <new> MM".
// ok is false for what brings no blob: a deletion, a submodule.
func parseRaw(token []byte, h *history) (blob int32, ok bool, err error) {
	fields := bytes.Fields(bytes.TrimLeft(token, ":"))
	parents := len(token) - len(bytes.TrimLeft(token, ":"))
	if len(fields) != 2*parents+3 {
		return 0, false, fmt.Errorf("git log: unexpected output %q", printable(string(token), 80))
	}
	if !isBlobMode(fields[parents]) {
		return 0, false, nil
	}
	blob, ok = h.blob(fields[2*parents+1])
	return blob, ok, nil
}

// isBlobMode accepts files and symbolic links. Submodules (160000) name a commit of another repository.
func isBlobMode(mode []byte) bool {
	return bytes.HasPrefix(mode, []byte("100")) || bytes.HasPrefix(mode, []byte("120"))
}

// readHead notes the paths of commit's tree.
func (r *Repo) readHead(ctx context.Context, h *history, commit string) error {
	return r.git.stream(ctx, r.call("ls-tree", "-r", "-z", "--full-tree", commit), func(out io.Reader) error {
		t := newTokens(out)
		for range maxRecords {
			token, err := t.next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			// <mode> SP <type> SP <object> TAB <path>
			meta, path, _ := bytes.Cut(token, []byte("\t"))
			fields := bytes.Fields(meta)
			if len(fields) != 3 {
				return fmt.Errorf("git ls-tree: unexpected output %q", printable(string(token), 80))
			}
			if string(fields[1]) != "blob" {
				continue
			}
			if blob, ok := h.blob(fields[2]); ok {
				h.add(&h.head[blob], path, -1)
			}
		}
		return errEndless
	})
}

// readOddRefs notes the blobs that refs reach without a commit: tags of files and trees, which the log passes over.
// It returns how many objects are missing there.
func (r *Repo) readOddRefs(ctx context.Context, h *history) (missing int, err error) {
	var names []string // of the refs in question; none for all
	if h.listed != nil {
		if names, err = r.refsBesides(ctx, h); err != nil || len(names) == 0 {
			return 0, err
		}
		if len(names) > maxRefNames {
			names = nil
		}
	}
	var odd strings.Builder
	c := r.call(append([]string{"for-each-ref", "--format=%(objecttype) %(objectname) %(*objecttype)", "--"}, names...)...)
	err = r.git.stream(ctx, c, func(out io.Reader) error {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			f := strings.Fields(lines.Text())
			if len(f) >= 2 && f[0] != "commit" && f[len(f)-1] != "commit" {
				odd.WriteString(f[1] + "\n")
			}
		}
		return lines.Err()
	})
	if err != nil || odd.Len() == 0 {
		return 0, err
	}
	c = r.call("rev-list", "--objects", "--missing=print", "--stdin")
	c.stdin = strings.NewReader(odd.String())
	return missing, r.git.stream(ctx, c, func(out io.Reader) error {
		t := newLines(out)
		for range maxRecords {
			line, err := t.next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if bytes.HasPrefix(line, []byte("?")) {
				missing++
				continue
			}
			id, path, _ := bytes.Cut(line, []byte(" "))
			// Trees and commits come along; reading their types drops them.
			if blob, ok := h.blob(id); ok && h.seen[blob].size == 0 {
				h.add(&h.seen[blob], path, -1)
			}
		}
		return errEndless
	})
}

// maxRefNames bounds the refs that are named to git one by one.
const maxRefNames = 200

// refsBesides returns the names of the refs to anything but commits of the log: to tell of what type that is, git opens it.
func (r *Repo) refsBesides(ctx context.Context, h *history) (names []string, err error) {
	c := r.call("for-each-ref", "--format=%(objectname) %(refname)")
	err = r.git.stream(ctx, c, func(out io.Reader) error {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			id, name, _ := strings.Cut(lines.Text(), " ")
			if o, ok := h.parse([]byte(id)); ok {
				if _, known := h.listed[o]; known {
					continue
				}
			}
			names = append(names, name)
		}
		return lines.Err()
	})
	return names, err
}

func endsEarly(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// tokens reads strings that each end with one byte. Of a token longer than tokenSize only the start is returned.
type tokens struct {
	r   *bufio.Reader
	end byte
	cut []byte
}

const tokenSize = 64 << 10

func newTokens(r io.Reader) *tokens { return &tokens{r: bufio.NewReaderSize(r, tokenSize)} }

func newLines(r io.Reader) *tokens {
	return &tokens{r: bufio.NewReaderSize(r, tokenSize), end: '\n'}
}

// next returns the next token without its end, valid until the call after.
func (t *tokens) next() ([]byte, error) {
	b, err := t.r.ReadSlice(t.end)
	if errors.Is(err, bufio.ErrBufferFull) {
		t.cut = append(t.cut[:0], b...)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = t.r.ReadSlice(t.end)
		}
		b = append(t.cut, t.end)
	}
	if errors.Is(err, io.EOF) && len(b) > 0 {
		return b, nil
	}
	if err != nil {
		return nil, err
	}
	return b[:len(b)-1], nil
}
