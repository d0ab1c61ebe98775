package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// defaultMaxBlob is the largest blob read when WalkOptions name none, in bytes.
const defaultMaxBlob = 32 << 20

// WalkOptions narrow a walk. The zero value reads everything up to 32 MiB.
type WalkOptions struct {
	// Known says that a content was read before: the blob is delivered with its places but without its content. May be nil.
	Known func(oid string, paths []Place) bool
	// Listed is told the oldest commit that brought a blob, when all blobs are known and before Kept is asked. Forks share
	// it. Empty when no commit could be read, and of a shallow clone, in which it is another one after each fetch. May be nil.
	Listed func(oldest string)
	// Kept says that nothing more is wanted of a blob, before the repository is asked whether it holds it: nobody notices
	// when it is missing, and it is not delivered. The blob has no size and no content yet, and its Paths are valid during
	// the call only. Asked about all blobs before any is delivered. May be nil.
	Kept func(b Blob) bool
	// Again is called when all blobs were delivered. What it returns is asked about every one of them once more: kept, as
	// Kept, whether its content is not wanted; then read gets the contents. It returns nil where none is. May be nil.
	Again func() (kept func(b Blob) bool, read func(b Blob) error)
	// LogDir is a folder that keeps what commits changed, so that only commits that no walk saw are logged. It holds
	// paths and authors. A walk that cannot use it does without. Empty for none.
	LogDir string
	// MaxBlob is the largest content read, in bytes; zero means 32 MiB.
	MaxBlob int64
	// Head is the default branch (name or full ref) whose files are flagged; empty means HEAD.
	Head string
}

// Blob is one distinct content and all the places where the history has it.
type Blob struct {
	OID     string // lower-case hexadecimal, SHA-1 or SHA-256
	Size    int64  // bytes; 0 when missing
	Content []byte // valid during the call only; nil when Known or Skipped
	Known   bool   // WalkOptions.Known said so
	Binary  bool   // a NUL is among the first 8 KB; text in UTF-16 has them too
	Skipped string // why it was not read, one of the Skipped constants; empty otherwise

	// Paths are where the blob ever was, oldest first, each path once, at most 100.
	// Empty for one that a broken log did not show.
	Paths []Place
	// HeadPaths are where it is at the head, in the tree's order, at most 100; empty: not there.
	HeadPaths []string
	// MorePaths says that Paths or HeadPaths were cut.
	MorePaths bool
}

// Why a blob was not read.
const (
	SkippedSize    = "larger than the limit"
	SkippedMissing = "missing from the repository" // or so damaged that git does not see it
	SkippedBroken  = "cannot be read from the repository"
)

// Place is a path and the first commit that put the blob there.
type Place struct {
	// Path is relative to the repository, with slashes: any bytes but NUL, not always UTF-8, cut at 4096 bytes.
	// Empty for a blob that a tag names without a tree.
	Path string
	// Commit is the commit's id; empty for what no commit reaches, which leaves Author and Date empty too.
	Commit string
	// Order places the commit in the history: it grows from the oldest on, and a commit comes after its ancestors. -1
	// without commit. It compares places of one walk only.
	Order int
	// Author is "Name <address>" as the commit claims, printable, at most about 256 bytes.
	Author string
	// Date is the author date in UTC; zero when it is malformed or beyond the year 9999.
	Date time.Time
}

// Stats sum up a walk.
type Stats struct {
	Commits int    // commits in the log
	Blobs   int    // distinct blobs, delivered in one way or another
	Known   int    // of them, known before
	Skipped int    // of them, larger than the limit
	Missing int    // objects, blobs or not, that are not there or cannot be read
	Bytes   int64  // of contents delivered
	Head    string // the object id of the head; empty when there is no such branch or no commit
	// Shallow says that the repository holds only the end of its history.
	Shallow bool
	// Broken tells why the log could not be read to its end; empty normally. Every blob present was delivered all
	// the same, reachable or not, those after the break without places.
	Broken string
}

// Complete reports that every reachable object was seen. Skipped ones were seen, but not read.
func (s Stats) Complete() bool { return s.Missing == 0 && !s.Shallow && s.Broken == "" }

// Walk hands every distinct blob that a ref or HEAD reaches to fn, once: first those that are not read (known,
// too large, missing), then the contents, each in the order of first appearance in the history, oldest first. Memory
// holds one content at a time, and about 200 bytes for each blob. An error of fn ends the walk and is returned unchanged.
func (r *Repo) Walk(ctx context.Context, o WalkOptions, fn func(Blob) error) (Stats, error) {
	if o.MaxBlob <= 0 {
		o.MaxBlob = defaultMaxBlob
	}
	w := &walk{repo: r, options: o, fn: fn, h: newHistory()}
	err := w.findBlobs(ctx)
	if err == nil && o.Listed != nil {
		oldest := ""
		if !w.stats.Shallow {
			oldest = w.h.oldest()
		}
		o.Listed(oldest)
	}
	if err == nil {
		err = w.deliver(ctx)
	}
	if err == nil && o.Again != nil {
		err = w.again(ctx)
	}
	if err == nil && w.stats.Broken != "" {
		w.countMissing(ctx)
	}
	if err == nil && r.suspect != nil && (w.stats.Missing > 0 || w.stats.Broken != "") {
		err = r.suspect() // a server sends whole histories: the mirror has been damaged and is to be made anew
	}
	return w.stats, err
}

type walk struct {
	repo    *Repo
	options WalkOptions
	fn      func(Blob) error
	h       *history
	stats   Stats
}

// findBlobs fills w.h. What cannot be read makes the walk incomplete; only a repository that is none, or a cancelled
// context, is an error.
func (w *walk) findBlobs(ctx context.Context) error {
	out, err := w.repo.git.output(ctx, w.repo.call("rev-parse", "--is-shallow-repository"), 1<<10)
	if err != nil {
		return err
	}
	w.stats.Shallow = strings.TrimSpace(string(out)) == "true"
	if w.options.LogDir == "" || w.stats.Shallow {
		w.stats.Commits, err = w.repo.readLog(ctx, w.h, nil)
	} else {
		w.stats.Commits, err = w.repo.readKeptLog(ctx, w.h, w.options.LogDir)
	}
	w.note(err)
	missing, err := w.repo.readOddRefs(ctx, w.h)
	w.stats.Missing += missing
	w.note(err)
	if w.stats.Head, err = w.repo.resolve(ctx, w.options.Head); err == nil && w.stats.Head != "" {
		err = w.repo.readHead(ctx, w.h, w.stats.Head)
	}
	w.note(err)
	if w.stats.Broken != "" && ctx.Err() == nil {
		w.note(w.addPresent(ctx))
	}
	if ctx.Err() != nil {
		return fmt.Errorf("read history: %w", context.Cause(ctx))
	}
	return nil
}

// note keeps the first reason why the history could not be read whole.
func (w *walk) note(err error) {
	if err != nil && w.stats.Broken == "" {
		w.stats.Broken = err.Error()
	}
}

// addPresent adds every object that the repository holds; deliver drops those that are no blobs.
func (w *walk) addPresent(ctx context.Context) error {
	c := w.repo.call("cat-file", "--batch-all-objects", "--batch-check=%(objectname)", "--buffer")
	return w.repo.git.stream(ctx, c, func(out io.Reader) error {
		t := newLines(out)
		for {
			line, err := t.next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			w.h.blob(line)
		}
	})
}

// countMissing counts the commits and trees that are gone; deliver has counted the blobs. Where git cannot even
// list them, one stands for all.
func (w *walk) countMissing(ctx context.Context) {
	c := w.repo.call("rev-list", "--objects", "--all", "--missing=print", "--no-object-names")
	err := w.repo.git.stream(ctx, c, func(out io.Reader) error {
		t := newLines(out)
		for {
			line, err := t.next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if bytes.HasPrefix(line, []byte("?")) {
				if o, ok := w.h.parse(line[1:]); ok {
					if _, blob := w.h.index[o]; !blob {
						w.stats.Missing++
					}
				}
			}
		}
	})
	if err != nil && w.stats.Missing == 0 {
		w.stats.Missing++
	}
}

// deliver asks for types and sizes first: a blob over the limit is never unpacked.
func (w *walk) deliver(ctx context.Context) error {
	var read []int32
	err := w.repo.ask(ctx, "--batch-check", w.h, w.dropKept(), func(n int32, a answer) error {
		if !a.missing && !a.broken && a.kind != "blob" {
			return nil
		}
		w.stats.Blobs++
		switch {
		case a.missing:
			w.stats.Missing++
			return w.pass(n, Blob{Skipped: SkippedMissing})
		case a.broken:
			w.stats.Missing++
			return w.pass(n, Blob{Skipped: SkippedBroken})
		case w.options.Known != nil && w.options.Known(w.h.id(n), w.h.places(nil, n)):
			w.stats.Known++
			return w.pass(n, Blob{Size: a.size, Known: true})
		case a.size > w.options.MaxBlob:
			w.stats.Skipped++
			return w.pass(n, Blob{Size: a.size, Skipped: SkippedSize})
		}
		read = append(read, n)
		return nil
	})
	if err != nil {
		return err
	}
	return w.readContents(ctx, read)
}

// dropKept returns the blobs of which something is wanted.
func (w *walk) dropKept() []int32 {
	rest := make([]int32, 0, len(w.h.ids))
	var b Blob
	for i := range w.h.ids {
		n := int32(i) //nolint:gosec // maxRecords is far below
		if w.options.Kept != nil {
			w.describe(n, &b)
		}
		if w.options.Kept != nil && w.options.Kept(b) {
			w.stats.Blobs++
			w.stats.Known++
			continue
		}
		rest = append(rest, n)
	}
	return rest
}

// again delivers contents a second time. What cannot be read has been told the first time.
func (w *walk) again(ctx context.Context) error {
	kept, read := w.options.Again()
	if read == nil {
		return nil
	}
	var ask, want []int32
	var b Blob
	for i := range w.h.ids {
		n := int32(i) //nolint:gosec // maxRecords is far below
		if w.describe(n, &b); !kept(b) {
			ask = append(ask, n)
		}
	}
	err := w.repo.ask(ctx, "--batch-check", w.h, ask, func(n int32, a answer) error {
		if !a.missing && !a.broken && a.kind == "blob" && a.size <= w.options.MaxBlob {
			want = append(want, n)
		}
		return nil
	})
	if err != nil {
		return err
	}
	w.fn = read
	stats := w.stats
	err = w.readContents(ctx, want)
	w.stats = stats
	return err
}

// binaryPrefix is how many bytes are searched for a NUL, as git itself does.
const binaryPrefix = 8 << 10

func (w *walk) readContents(ctx context.Context, read []int32) error {
	var buf []byte
	return w.repo.ask(ctx, "--batch", w.h, read, func(n int32, a answer) (err error) {
		if a.missing || a.broken {
			w.stats.Missing++
			return w.pass(n, Blob{Skipped: SkippedBroken})
		}
		if buf, err = a.readBody(buf); err != nil {
			return err
		}
		w.stats.Bytes += a.size
		binary := bytes.IndexByte(buf[:min(len(buf), binaryPrefix)], 0) >= 0
		return w.pass(n, Blob{Size: a.size, Content: buf, Binary: binary})
	})
}

// pass fills in the rest of b and delivers it.
func (w *walk) pass(n int32, b Blob) error {
	w.describe(n, &b)
	return w.fn(b)
}

// describe overwrites the id and the paths of b.
func (w *walk) describe(n int32, b *Blob) {
	b.OID = w.h.id(n)
	b.Paths, b.HeadPaths = w.h.places(b.Paths[:0], n), w.h.headPaths(n)
	b.MorePaths = w.h.seen[n].cut || w.h.head[n].cut
}
