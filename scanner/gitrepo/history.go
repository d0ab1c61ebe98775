package gitrepo

import (
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxPlaces bounds the paths kept for one blob: an empty file or a licence may stand at thousands.
const maxPlaces = 100

// maxPath bounds a path in bytes. Trees may hold longer ones, work trees mostly cannot.
const maxPath = 4096

// maxPaths bounds all distinct paths together, in bytes: each of a million contents may stand at 100 paths of 4 KB. The
// Linux kernel's whole history has 10 MB of them.
const maxPaths = 256 << 20

// maxAuthor bounds an author's name and address together, in bytes.
const maxAuthor = 256

// oid is an object id, SHA-1 or SHA-256; the former leaves the end zero.
type oid [32]byte

// history knows every blob that the log showed, in the order of first appearance, and where. All places lie in one
// slice, linked by index: a history of a million blobs must fit in memory.
type history struct {
	width   int // bytes of an object id, 0 before the first
	ids     []oid
	index   map[oid]int32
	seen    []list // by blob: where it ever was
	head    []list // by blob: where it is at the head
	nodes   []node
	paths   names
	authors names
	commits []commit
	listed  map[oid]int32 // what is known to be a commit; nil where nobody listed them
}

// list is a chain of nodes; first is -1 when it is empty.
type list struct {
	first, last, size int32
	cut               bool // there were more than maxPlaces
}

type node struct{ path, commit, next int32 }

type commit struct {
	id     oid
	author int32
	at     int64  // seconds since 1970, -1 unknown
	hex    string // of id, once it was asked for: many places share it
}

var emptyList = list{first: -1, last: -1}

func newHistory() *history {
	return &history{index: map[oid]int32{}, paths: newNames(), authors: newNames()}
}

// blob returns the number of the blob with this hexadecimal id, which it adds if need be; false if id is none.
func (h *history) blob(id []byte) (int32, bool) {
	o, ok := h.parse(id)
	if !ok || o == (oid{}) {
		return 0, false
	}
	return h.number(o), true
}

func (h *history) number(o oid) int32 {
	n, ok := h.index[o]
	if !ok {
		n = int32(len(h.ids)) //nolint:gosec // maxRecords is far below
		h.index[o] = n
		h.ids = append(h.ids, o)
		h.seen = append(h.seen, emptyList)
		h.head = append(h.head, emptyList)
	}
	return n
}

func (h *history) parse(id []byte) (o oid, ok bool) {
	if len(id) != 40 && len(id) != 64 {
		return o, false
	}
	n, err := hex.Decode(o[:], id)
	if err != nil || h.width != 0 && h.width != n {
		return o, false
	}
	h.width = n
	return o, true
}

func (h *history) id(blob int32) string { return hex.EncodeToString(h.ids[blob][:h.width]) }

// add appends a path to l unless it is there; c is the commit that brought it, or -1.
func (h *history) add(l *list, path []byte, c int32) {
	path = path[:min(len(path), maxPath)]
	n, known := h.paths.index[string(path)]
	if !known {
		if l.size == maxPlaces || h.paths.bytes+len(path) > maxPaths {
			l.cut = true
			return
		}
		n = h.paths.number(string(path))
	}
	h.addNumbered(l, n, c)
}

// has reports whether a list holds a path.
func (h *history) has(l *list, path int32) bool {
	for at := l.first; at >= 0; at = h.nodes[at].next {
		if h.nodes[at].path == path {
			return true
		}
	}
	return false
}

// addNumbered is add for a path that has a number.
func (h *history) addNumbered(l *list, path, c int32) {
	if h.has(l, path) {
		return
	}
	if l.size == maxPlaces {
		l.cut = true
		return
	}
	at := int32(len(h.nodes)) //nolint:gosec // maxRecords is far below
	h.nodes = append(h.nodes, node{path: path, commit: c, next: -1})
	if l.first < 0 {
		l.first = at
	} else {
		h.nodes[l.last].next = at
	}
	l.last = at
	l.size++
}

// oldest returns the id of the first commit that brought a blob; empty when there is none.
func (h *history) oldest() string {
	if len(h.commits) == 0 {
		return ""
	}
	return hex.EncodeToString(h.commits[0].id[:h.width])
}

// places appends where the blob ever was, oldest first.
func (h *history) places(all []Place, blob int32) []Place {
	all = slices.Grow(all, int(h.seen[blob].size))
	for at := h.seen[blob].first; at >= 0; at = h.nodes[at].next {
		p := Place{Path: h.paths.list[h.nodes[at].path], Order: -1}
		if c := h.nodes[at].commit; c >= 0 {
			by := &h.commits[c]
			if by.hex == "" {
				by.hex = hex.EncodeToString(by.id[:h.width])
			}
			p.Order, p.Commit = int(c), by.hex
			p.Author, p.Date = h.authors.list[by.author], date(by.at)
		}
		all = append(all, p)
	}
	return all
}

// headPaths returns where the blob is at the head, in the tree's order.
func (h *history) headPaths(blob int32) []string {
	if h.head[blob].size == 0 {
		return nil
	}
	all := make([]string, 0, h.head[blob].size)
	for at := h.head[blob].first; at >= 0; at = h.nodes[at].next {
		all = append(all, h.paths.list[h.nodes[at].path])
	}
	return all
}

// names gives strings numbers.
type names struct {
	index map[string]int32
	list  []string
	bytes int
}

func newNames() names { return names{index: map[string]int32{}} }

func (s *names) number(name string) int32 {
	n, ok := s.index[name]
	if !ok {
		n = int32(len(s.list)) //nolint:gosec // maxRecords is far below
		s.index[name] = n
		s.list = append(s.list, name)
		s.bytes += len(name)
	}
	return n
}

// author joins what git calls a person's name and address, both of which anybody may set to anything.
func author(name, mail []byte) string {
	s := strings.TrimSpace(string(name))
	if m := strings.TrimSpace(string(mail)); m != "" {
		s = strings.TrimSpace(s + " <" + m + ">")
	}
	return printable(s, maxAuthor)
}

// lastSecond is 9999-12-31T23:59:59Z, the last moment RFC 3339 can write.
const lastSecond = 253402300799

func seconds(text []byte) int64 {
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || n < 0 || n > lastSecond {
		return -1
	}
	return n
}

func date(at int64) time.Time {
	if at < 0 {
		return time.Time{}
	}
	return time.Unix(at, 0).UTC()
}
