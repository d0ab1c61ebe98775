package filetree

import (
	"bytes"
	"errors"
	"io"
)

const (
	// partSize is how much of a large file is held at once, in bytes, besides its context.
	partSize = 4 << 20
	// partBefore and partAfter are the context of a part: word boundaries and keys stand before a secret, and the
	// longest secrets run on for some kilobytes.
	partBefore = 4 << 10
	partAfter  = 64 << 10
	// sniffed is how much decides what a content is, as git does it.
	sniffed = 8 << 10
	// smallFile is what is read at once before it is known what it is, in bytes.
	smallFile = 64 << 10
)

// parts delivers what r holds as one or more contents. size is what r is believed to hold, a hint; head is what was
// read of it before, in a buffer that parts may keep.
func (w *walk) parts(name string, head []byte, r io.Reader, size int64) bool {
	hint := int64(wholePart)
	if size >= 0 {
		hint = min(size+1, wholePart) // one more, to see the end
	}
	buf := head
	if cap(buf) < int(hint) {
		buf = append(w.buffers.take(int(hint)), head...)
		w.buffers.give(head)
	}
	c := Content{Path: name, First: true}
	for {
		var err error
		if buf, err = fill(buf, r, wholePart); err != nil && !errors.Is(err, io.EOF) {
			c.Bytes, c.To, c.Size = buf, len(buf), int64(len(buf)-c.From)
			return w.emit(c) && w.fail(name, err) // what was read before the error counts
		}
		c.Bytes, c.To = buf, len(buf)
		if err != nil { // the end
			c.Size = int64(len(buf) - c.From)
			return w.emit(c)
		}
		c.To = len(buf) - partAfter
		c.Size = int64(c.To - c.From)
		next := append(w.buffers.take(wholePart), buf[c.To-partBefore:]...)
		gone := buf[:c.To-partBefore]
		lines, column := bytes.Count(gone, []byte("\n")), len(gone)+c.Column
		if lines > 0 {
			column = len(gone) - 1 - bytes.LastIndexByte(gone, '\n')
		}
		if !w.emit(c) {
			return false
		}
		c = Content{Path: name, Line: c.Line + lines, Column: column, From: partBefore}
		buf = next
	}
}

// fill reads until buf holds most bytes or r ends, which is io.EOF.
func fill(buf []byte, r io.Reader, most int) ([]byte, error) {
	for idle := 0; len(buf) < most; {
		if len(buf) == cap(buf) {
			grown := make([]byte, len(buf), min(2*cap(buf)+512, most))
			copy(grown, buf)
			buf = grown
		}
		n, err := r.Read(buf[len(buf):min(cap(buf), most)])
		buf = buf[:len(buf)+n]
		if err != nil {
			return buf, err
		}
		if idle++; n > 0 {
			idle = 0
		} else if idle > 100 {
			return buf, io.ErrNoProgress
		}
	}
	return buf, nil
}
