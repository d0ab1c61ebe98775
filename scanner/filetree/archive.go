package filetree

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// The budget of one archive with all that is nested in it.
const (
	maxDepth   = 3        // archives in archives
	maxEntries = 100_000  // members
	maxBytes   = 1 << 30  // unpacked
	maxRatio   = 250      // unpacked to packed; text packs 5 to 50 times smaller
	ratioFrom  = 16 << 20 // unpacked bytes from which the ratio counts
	maxNested  = 64 << 20 // a zip inside an archive is held in memory
)

// archive is the state of unpacking one outermost archive.
type archive struct {
	w       *walk
	depth   int
	entries int
	bytes   int64
	packed  int64 // size of the outermost archive; 0 where it is not known
}

// errBudget says that an archive unpacks to more than its budget.
type errBudget struct{ reason string }

func (e errBudget) Error() string { return e.reason }

// source is a content to be read: r, with at when it can be read anywhere.
type source struct {
	r    io.Reader
	at   io.ReaderAt
	size int64 // -1 unknown
}

// content reads a file.
func (w *walk) content(name string, f interface {
	io.Reader
	io.ReaderAt
}, size int64) bool {
	a := &archive{w: w, packed: size}
	return a.read(name, source{f, f, size})
}

// stream reads what has no size.
func (w *walk) stream(name string, r io.Reader) bool {
	a := &archive{w: w}
	return a.read(name, source{r: r, size: -1})
}

// read delivers a content: unpacked when it is an archive, as text when it is text.
func (a *archive) read(name string, s source) bool {
	first := sniffed
	if s.size >= sniffed && s.size < smallFile {
		first = int(s.size) + 1 // one more, to see the end
	}
	head, err := fill(a.w.buffers.take(first), s.r, first)
	if err != nil && !errors.Is(err, io.EOF) && len(head) == 0 {
		return a.w.fail(name, err)
	}
	rest := s.r
	if err != nil {
		rest = ended{err}
	}
	if errors.Is(err, io.EOF) {
		s.size = int64(len(head))
	}
	if kind := kindOf(head); kind != nil {
		if a.depth == maxDepth {
			return a.w.unread(name, fmt.Sprintf("nested deeper than %d archives", maxDepth))
		}
		a.depth++
		defer func() { a.depth-- }()
		return kind(a, name, head, rest, s)
	}
	switch sniff(head[:min(len(head), sniffed)]) {
	case binary:
		a.w.buffers.give(head)
		return a.w.emit(Content{Path: name, Binary: true, First: true}) && a.w.skip(name, skippedBinary)
	case little:
		return a.w.parts(name, nil, &utf16Reader{r: io.MultiReader(bytes.NewReader(head), rest)}, -1)
	case big:
		return a.w.parts(name, nil, &utf16Reader{r: io.MultiReader(bytes.NewReader(head), rest), big: true}, -1)
	}
	return a.w.parts(name, head, rest, s.size)
}

// ended is a reader at its end, which need not be a good one.
type ended struct{ err error }

func (e ended) Read([]byte) (int, error) { return 0, e.err }

// fail tells why the rest of a content is not read. A damaged archive is no text that was missed.
func (w *walk) fail(name string, err error) bool {
	var over errBudget
	switch {
	case errors.As(err, &over):
		return w.unread(name, over.reason)
	case isDamage(err):
		return w.skip(name, "damaged archive: "+err.Error())
	}
	return w.unread(name, reasonOf(err))
}

func isDamage(err error) bool {
	text := err.Error()
	return errors.Is(err, io.ErrUnexpectedEOF) || strings.HasPrefix(text, "zip: ") || strings.HasPrefix(text, "gzip: ") ||
		strings.HasPrefix(text, "flate: ") || strings.HasPrefix(text, "archive/tar: ")
}

// kindOf tells an archive by its first bytes, for names lie.
func kindOf(head []byte) func(a *archive, name string, head []byte, rest io.Reader, s source) bool {
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return (*archive).zip
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b, 8}):
		return (*archive).gzip
	case isTar(head):
		return (*archive).tar
	}
	return nil
}

func isTar(head []byte) bool { return len(head) >= 512 && string(head[257:262]) == "ustar" }

func (a *archive) gzip(name string, head []byte, rest io.Reader, _ source) bool {
	z, err := gzip.NewReader(io.MultiReader(bytes.NewReader(head), rest))
	if err != nil {
		return a.w.fail(name, err)
	}
	// A packed tar is one archive, not two.
	begin, err := fill(make([]byte, 0, sniffed), &metered{a, z}, sniffed)
	if err != nil && !errors.Is(err, io.EOF) {
		return a.w.fail(name, err)
	}
	unpacked := io.MultiReader(bytes.NewReader(begin), z)
	if isTar(begin) {
		return a.tar(name, nil, &metered{a, unpacked}, source{})
	}
	inner := path.Base(strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".tgz"))
	return a.member(name, inner, unpacked, -1)
}

func (a *archive) tar(name string, head []byte, rest io.Reader, _ source) bool {
	t := tar.NewReader(io.MultiReader(bytes.NewReader(head), rest))
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return true
		}
		if err != nil {
			return a.w.fail(name, err)
		}
		if h.Typeflag != tar.TypeReg {
			continue // links and devices have no content of their own
		}
		if more, stop := a.counted(name); stop {
			return more
		}
		if !a.member(name, h.Name, t, h.Size) {
			return false
		}
	}
}

func (a *archive) zip(name string, head []byte, rest io.Reader, s source) bool {
	if s.at == nil || s.size < 0 {
		whole, err := fill(bytes.Clone(head), rest, maxNested)
		if err == nil {
			return a.w.unread(name, fmt.Sprintf("zip of over %d MB that cannot be read in place", maxNested>>20))
		} else if !errors.Is(err, io.EOF) {
			return a.w.fail(name, err)
		}
		s.at, s.size = bytes.NewReader(whole), int64(len(whole))
	}
	z, err := zip.NewReader(s.at, s.size)
	if err != nil {
		return a.w.fail(name, err)
	}
	for _, f := range z.File {
		if !f.Mode().IsRegular() {
			continue
		}
		if more, stop := a.counted(name); stop {
			return more
		}
		if f.Flags&1 != 0 {
			if !a.w.skip(below(name, f.Name), "encrypted") {
				return false
			}
			continue
		}
		r, err := f.Open()
		if err != nil {
			if !a.w.fail(below(name, f.Name), err) {
				return false
			}
			continue
		}
		more := a.member(name, f.Name, r, -1) // the size in the directory may lie
		_ = r.Close()
		if !more {
			return false
		}
	}
	return true
}

// counted counts a member; stop says that the budget is spent, and more what to return then.
func (a *archive) counted(name string) (more, stop bool) {
	a.entries++
	switch {
	case a.entries == maxEntries+1:
		return a.w.unread(name, fmt.Sprintf("archive of over %d members", maxEntries)), true
	case a.entries > maxEntries, a.spent() != nil:
		return true, true // said before
	}
	return true, false
}

// member reads one member of the archive.
func (a *archive) member(archive, inner string, r io.Reader, size int64) bool {
	name := below(archive, inner)
	if a.w.o.Exclude.Match(strings.TrimPrefix(path.Clean("/"+inner), "/")) {
		return a.w.skip(name, skippedExclude)
	}
	return a.read(name, source{r: &metered{a, r}, size: size})
}

// below is the path of a member. Names in archives may climb: they are text here, never opened.
func below(archive, inner string) string {
	return archive + "!" + path.Clean("/"+strings.ReplaceAll(inner, "\\", "/"))
}

// metered counts what an archive unpacks to, and ends when the budget is spent.
type metered struct {
	a *archive
	r io.Reader
}

func (m *metered) Read(b []byte) (int, error) {
	if err := m.a.spent(); err != nil {
		return 0, err
	}
	n, err := m.r.Read(b)
	m.a.bytes += int64(n)
	return n, err
}

func (a *archive) spent() error {
	switch {
	case a.bytes > maxBytes:
		return errBudget{fmt.Sprintf("archive unpacks to over %d MB", maxBytes>>20)}
	case a.packed > 0 && a.bytes > ratioFrom && a.bytes/a.packed > maxRatio:
		return errBudget{fmt.Sprintf("archive unpacks to over %d times its size", maxRatio)}
	}
	return nil
}
