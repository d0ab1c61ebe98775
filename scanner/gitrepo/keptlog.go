package gitrepo

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// keptLog is what commits changed, as the log told it. A commit's id covers its tree and its parents, so that this never
// changes, whichever repository holds the commit: only commits that no walk has seen need be logged.
type keptLog struct {
	width   int // bytes of an object id
	index   map[oid]int32
	commits []keptCommit
	changes []keptChange // of all commits, in their order
	paths   names
	authors names
	full    bool // there was more than is kept
}

type keptCommit struct {
	commit         // author is a number of keptLog.authors
	from, to int32 // its changes
}

type keptChange struct {
	blob oid
	path int32
}

// maxKeptChanges bounds the commits, and the changes, kept of one history: 120 MB of memory.
const maxKeptChanges = 3_000_000

// newKeptLog expects about as many commits as room says.
func newKeptLog(width, room int) *keptLog {
	return &keptLog{
		width: width, index: make(map[oid]int32, room), commits: make([]keptCommit, 0, room), paths: newNames(), authors: newNames(),
	}
}

// addCommit begins a commit; addChange adds to it. A nil log keeps nothing.
func (k *keptLog) addCommit(c commit, author string) {
	if k == nil {
		return
	}
	if k.full = k.full || len(k.commits) >= maxKeptChanges; k.full {
		return
	}
	c.author = k.authors.number(author)
	at := int32(len(k.changes))           //nolint:gosec // maxKeptChanges is far below
	k.index[c.id] = int32(len(k.commits)) //nolint:gosec // maxKeptChanges is far below
	k.commits = append(k.commits, keptCommit{c, at, at})
}

func (k *keptLog) addChange(blob oid, path []byte) {
	if k == nil {
		return
	}
	path = path[:min(len(path), maxPath)]
	n, ok := k.paths.index[string(path)]
	if !ok {
		n = k.paths.number(string(path))
	}
	k.addNumbered(blob, n)
}

func (k *keptLog) addNumbered(blob oid, path int32) {
	if k.full = k.full || len(k.changes) >= maxKeptChanges || k.paths.bytes > maxPaths || len(k.commits) == 0; k.full {
		return
	}
	k.changes = append(k.changes, keptChange{blob, path})
	k.commits[len(k.commits)-1].to++
}

// replay adds commits to h, which is empty, as parseLog would.
func (k *keptLog) replay(ids []oid, h *history) {
	h.width = k.width
	blobs := len(k.changes) / 2 // some changes bring back what was there
	h.index = make(map[oid]int32, blobs)
	h.ids, h.seen, h.head = make([]oid, 0, blobs), make([]list, 0, blobs), make([]list, 0, blobs)
	h.nodes = make([]node, 0, len(k.changes))
	h.commits = make([]commit, 0, len(ids))
	numbers := make([]int32, len(k.paths.list)) // of paths in h, from 1 on
	for _, id := range ids {
		c := k.commits[k.index[id]]
		if c.from == c.to {
			continue
		}
		at := int32(len(h.commits)) //nolint:gosec // maxKeptChanges is far below
		c.author = h.authors.number(k.authors.list[c.author])
		h.commits = append(h.commits, c.commit)
		for _, ch := range k.changes[c.from:c.to] {
			path := &numbers[ch.path]
			if *path == 0 {
				*path = h.paths.number(k.paths.list[ch.path]) + 1
			}
			h.addNumbered(&h.seen[h.number(ch.blob)], *path-1, at)
		}
	}
}

// readKeptLog fills h as readLog does, from what dir keeps of an earlier walk where there is such a thing, and keeps what
// it read. Only a repository with its whole history may be read so: where one is cut off, a commit shows other changes.
func (r *Repo) readKeptLog(ctx context.Context, h *history, dir string) (commits int, err error) {
	ids, width, err := r.listCommits(ctx)
	if err != nil || len(ids) == 0 {
		return r.readLog(ctx, h, nil) // which tells what is wrong
	}
	file := filepath.Join(dir, KeptLogPrefix+hex.EncodeToString(ids[0][:width]))
	kept := loadKeptLog(file, len(ids))
	if kept == nil || kept.width != width {
		kept = newKeptLog(width, len(ids))
		if commits, err = r.readLog(ctx, h, kept); err == nil && !kept.full {
			_ = kept.save(file) // the next walk reads the log again
		}
		return commits, err
	}
	fresh := make([]oid, 0, 16)
	for _, id := range ids {
		if _, ok := kept.index[id]; !ok {
			fresh = append(fresh, id)
		}
	}
	if len(fresh) > 0 {
		if err := r.logCommits(ctx, fresh, kept); err != nil || kept.full {
			_ = os.Remove(file)
			return r.readLog(ctx, h, nil)
		}
		_ = kept.save(file)
	}
	kept.replay(ids, h)
	h.listed = kept.index
	return len(ids), nil
}

// KeptLogPrefix begins the names of the files in WalkOptions.LogDir; the rest is the oldest commit, which forks share.
const KeptLogPrefix = "log-"

// listCommits returns the commits of readLog in its order.
func (r *Repo) listCommits(ctx context.Context) (ids []oid, width int, err error) {
	h := newHistory()
	err = r.git.stream(ctx, r.call("rev-list", "--all", "--reverse", "--date-order"), func(out io.Reader) error {
		t := newLines(out)
		for range maxKeptChanges {
			line, err := t.next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			id, ok := h.parse(line)
			if !ok {
				return errEndless
			}
			ids = append(ids, id)
		}
		return errEndless
	})
	return ids, h.width, err
}

// logCommits adds commits to kept, and checks that git told of each.
func (r *Repo) logCommits(ctx context.Context, fresh []oid, kept *keptLog) error {
	var in strings.Builder
	for _, id := range fresh {
		in.WriteString(hex.EncodeToString(id[:kept.width]) + "\n")
	}
	c := r.call(append(logCommand("--no-walk=unsorted"), "--stdin")...)
	c.stdin = strings.NewReader(in.String())
	err := r.git.stream(ctx, c, func(out io.Reader) error {
		_, err := parseLog(out, newHistory(), kept)
		return err
	})
	for _, id := range fresh {
		if _, ok := kept.index[id]; !ok && err == nil {
			err = io.ErrUnexpectedEOF
		}
	}
	return err
}
