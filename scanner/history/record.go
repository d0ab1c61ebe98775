package history

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
)

// What is kept lies in files as numbers and texts. A section is such a record behind its SHA-256 and its length, so that
// nothing that was cut short or damaged is believed.

// recordWriter writes records.
type recordWriter struct{ text []byte }

func (w *recordWriter) int(n int64) { w.text = binary.AppendVarint(w.text, n) }

func (w *recordWriter) string(s string) {
	w.int(int64(len(s)))
	w.text = append(w.text, s...)
}

func (w *recordWriter) bool(b bool) {
	n := int64(0)
	if b {
		n = 1
	}
	w.int(n)
}

func (w *recordWriter) fact(f fact) {
	w.string(f.detector)
	w.string(f.title)
	w.text = binary.BigEndian.AppendUint64(w.text, math.Float64bits(f.confidence))
	w.int(int64(len(f.reasons)))
	for _, reason := range f.reasons {
		w.string(reason)
	}
	w.string(f.hint)
	w.string(f.fingerprint)
}

// spots writes spots of facts that the reader knows by the same numbers.
func (w *recordWriter) spots(all []spot) {
	last := int32(0)
	for _, s := range all {
		w.int(int64(s.fact))
		w.int(int64(s.line) - int64(last))
		w.int(int64(s.column))
		w.int(int64(s.endLine) - int64(s.line))
		w.int(int64(s.endColumn))
		last = s.line
	}
}

// recordReader reads what recordWriter wrote. Its strings are parts of the text. Once something is not as it was
// written, broken is set and what is read means nothing.
type recordReader struct {
	text   string
	broken bool
}

func (r *recordReader) fail() { r.text, r.broken = "", true }

func (r *recordReader) int() int64 {
	var n uint64
	for i := range min(len(r.text), binary.MaxVarintLen64) {
		b := r.text[i]
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			r.text = r.text[i+1:]
			return int64(n>>1) ^ -int64(n&1) //nolint:gosec // as binary.Varint
		}
	}
	r.fail()
	return 0
}

// below reads a number from 0 to one below a bound.
func (r *recordReader) below(bound int) int32 {
	n := r.int()
	if n < 0 || n >= int64(min(bound, math.MaxInt32)) {
		r.fail()
		return 0
	}
	return int32(n) //nolint:gosec // checked
}

func (r *recordReader) int32() int32 {
	n := r.int()
	if n < 0 || n > math.MaxInt32 {
		r.fail()
		return 0
	}
	return int32(n) //nolint:gosec // checked
}

// count reads how many records follow, each of which has a byte at least.
func (r *recordReader) count() int { return int(r.below(len(r.text) + 1)) }

func (r *recordReader) take(n int) string {
	if n > len(r.text) {
		r.fail()
		return ""
	}
	s := r.text[:n]
	r.text = r.text[n:]
	return s
}

func (r *recordReader) string() string { return r.take(r.count()) }

func (r *recordReader) bool() bool { return r.int() == 1 }

func (r *recordReader) fact() (f fact) {
	f.detector, f.title = r.string(), r.string()
	bits := r.take(8)
	if r.broken {
		return f
	}
	f.confidence = math.Float64frombits(binary.BigEndian.Uint64([]byte(bits)))
	for range r.count() {
		f.reasons = append(f.reasons, r.string())
	}
	f.hint, f.fingerprint = r.string(), r.string()
	return f
}

// spots reads to the end; there are as many facts as that.
func (r *recordReader) spots(facts int) []spot {
	all := make([]spot, 0, len(r.text)/5) // of five bytes at least
	last := int64(0)
	for r.text != "" {
		s := spot{fact: r.below(facts)}
		line := last + r.int()
		s.column = r.int32()
		endLine := line + r.int()
		s.endColumn = r.int32()
		if min(line, endLine) < 0 || max(line, endLine) > math.MaxInt32 {
			r.fail()
		}
		s.line, s.endLine = int32(line), int32(endLine) //nolint:gosec // checked
		all, last = append(all, s), line
	}
	return all
}

const sectionHead = sha256.Size + 8

// sectionOf returns the head of a record.
func sectionOf(record []byte) []byte {
	size := binary.BigEndian.AppendUint64(nil, uint64(len(record)))
	sum := sha256.New()
	sum.Write(size)
	sum.Write(record)
	return append(sum.Sum(nil), size...)
}

// readSection returns the first record of a text, and what stands behind it.
func readSection(text []byte) (record string, rest []byte, ok bool) {
	if len(text) < sectionHead {
		return "", nil, false
	}
	size := binary.BigEndian.Uint64(text[sha256.Size:])
	if size > uint64(len(text)-sectionHead) {
		return "", nil, false
	}
	end := sectionHead + int(size) //nolint:gosec // checked
	if sum := sha256.Sum256(text[sha256.Size:end]); string(sum[:]) != string(text[:sha256.Size]) {
		return "", nil, false
	}
	return string(text[sectionHead:end]), text[end:], true
}
