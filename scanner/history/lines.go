package history

import (
	"bytes"
	"hash/maphash"
)

const (
	// wholeBelow is the size in bytes of contents that are matched whole: they cost little, and what stands far
	// apart in them is seen together.
	wholeBelow = 2 << 10
	// linesBefore and linesAfter are matched around a line that was not seen before.
	linesBefore, linesAfter = 1, 2
	// shortLine is the length in bytes under which a line holds no secret of its own.
	shortLine = 6
	// maxBlock is the longest block, in lines, that is matched whole when a line of it was not seen before.
	maxBlock = 300
)

// excerpt is what of a content is matched: pieces of it behind each other, and the keys of all its lines.
type excerpt struct {
	text   []byte
	pieces []piece
	keys   []uint64 // by line; 0 for lines that hold nothing
}

// piece is a run of lines.
type piece struct {
	at   int // where it begins in the text
	row  int // the line of the text, 1-based, that it begins with
	line int // the line of the content, 1-based
}

// line returns in which line of the content a finding lies. One that runs over the end of a piece is none.
func (e *excerpt) line(start, end, row int) (line int, ok bool) {
	i := len(e.pieces) - 1
	for i > 0 && e.pieces[i].at > start {
		i--
	}
	if i < 0 {
		return row, true // of a content that has only a path
	}
	if i+1 < len(e.pieces) && end > e.pieces[i+1].at {
		return 0, false
	}
	return e.pieces[i].line + row - e.pieces[i].row, true
}

// splitter makes excerpts; it keeps what it needs between them.
type splitter struct {
	starts []int // where lines begin, and the end
	fresh  []bool
}

// gap stands between pieces, so that no pattern takes them for neighbours.
var gap = []byte("\n\n\n")

// excerpt notes the lines of content as seen and returns what is to be matched.
func (s *splitter) excerpt(set *seen, seed maphash.Seed, class uint64, content []byte) excerpt {
	e := excerpt{}
	s.starts, s.fresh = s.starts[:0], s.fresh[:0]
	e.keys = make([]uint64, 0, bytes.Count(content, newline)+1)
	any := false
	for at := 0; at < len(content); {
		end := len(content)
		if n := bytes.IndexByte(content[at:], '\n'); n >= 0 {
			end = at + n + 1
		}
		key, fresh := uint64(0), false
		if end-at > shortLine {
			key = maphash.Bytes(seed, content[at:end]) ^ class
			fresh = set.add(key)
		}
		any = any || fresh
		s.starts, s.fresh, e.keys = append(s.starts, at), append(s.fresh, fresh), append(e.keys, key)
		at = end
	}
	s.starts = append(s.starts, len(content))
	switch {
	case !any:
		e.pieces = []piece{{line: 1, row: 1}}
	case len(content) < wholeBelow:
		e.text, e.pieces = bytes.Clone(content), []piece{{line: 1, row: 1}}
	default:
		s.cut(&e, content)
	}
	return e
}

var newline = []byte("\n")

// cut copies the fresh lines with what surrounds them.
func (s *splitter) cut(e *excerpt, content []byte) {
	row := 1
	blocks := s.blocks(content)
	lines := len(s.fresh)
	for i := 0; i < lines; {
		if !s.fresh[i] {
			i++
			continue
		}
		from, to := i, i
		for {
			from, to = max(0, min(from, i-linesBefore)), max(to, i+linesAfter+1)
			for len(blocks) > 0 && blocks[0].to <= i {
				blocks = blocks[1:]
			}
			if len(blocks) > 0 && blocks[0].from <= i {
				from, to = min(from, blocks[0].from), max(to, blocks[0].to)
			}
			to = min(to, lines)
			for i++; i < lines && !s.fresh[i]; i++ {
			}
			if i-linesBefore > to || i == lines {
				break
			}
		}
		if len(e.pieces) > 0 {
			e.text = append(e.text, gap...)
			row += len(gap)
		}
		e.pieces = append(e.pieces, piece{at: len(e.text), row: row, line: from + 1})
		e.text = append(e.text, content[s.starts[from]:s.starts[to]]...)
		row += to - from
	}
}

type span struct{ from, to int } // lines, 0-based; to is the one after

var (
	blockBegin = []byte("-----BEGIN ")
	blockEnd   = []byte("-----END ")
)

// blocks are the runs of lines that are a secret only together: keys in PEM.
func (s *splitter) blocks(content []byte) []span {
	if !bytes.Contains(content, blockBegin) {
		return nil
	}
	var all []span
	open := -1
	for i := range s.fresh {
		line := content[s.starts[i]:s.starts[i+1]]
		if bytes.Contains(line, blockBegin) {
			open = i
		}
		if open >= 0 && (bytes.Contains(line, blockEnd) || i-open == maxBlock || i == len(s.fresh)-1) {
			all = append(all, span{open, i + 1})
			open = -1
		}
	}
	return all
}

// seen is a set of the keys of lines.
type seen struct {
	slots []uint64 // open addressing; 0 is free
	n     int
}

// maxSeen bounds the set: 16 million lines, 256 MB at the most. Lines beyond are matched each time.
const maxSeen = 16 << 20

func newSeen() *seen { return &seen{slots: make([]uint64, 1<<12)} }

// add puts a key into the set and reports whether it was not there.
func (s *seen) add(key uint64) bool {
	if key == 0 {
		key = 1
	}
	mask := uint64(len(s.slots) - 1)
	i := key & mask
	for s.slots[i] != 0 {
		if s.slots[i] == key {
			return false
		}
		i = (i + 1) & mask
	}
	if s.n == maxSeen {
		return true
	}
	s.slots[i] = key
	if s.n++; 2*s.n > len(s.slots) && len(s.slots) < 2*maxSeen {
		old := s.slots
		s.slots = make([]uint64, 2*len(old))
		for _, k := range old {
			if k != 0 {
				s.place(k)
			}
		}
	}
	return true
}

func (s *seen) place(key uint64) {
	mask := uint64(len(s.slots) - 1)
	i := key & mask
	for s.slots[i] != 0 {
		i = (i + 1) & mask
	}
	s.slots[i] = key
}
