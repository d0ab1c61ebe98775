package filetree

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"pgregory.net/rapid"
)

// read returns what a walk of standard input delivers.
func read(t testing.TB, r io.Reader) []Content {
	return slices.Collect(Walk(t.Context(), []string{Stdin}, Options{Stdin: r}))
}

// TestPartsAreTheWhole puts the parts of a stream together again: each byte is in the core of one part, with its line
// and column.
func TestPartsAreTheWhole(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		size := rapid.IntRange(0, 3*partSize).Draw(r, "size")
		every := rapid.SampledFrom([]int{7, 1000, 1 << 30}).Draw(r, "newline every")
		text := bytes.Repeat([]byte("x"), size)
		for i := every; i < size; i += every {
			text[i] = '\n'
		}
		var got []byte
		var total int64
		for i, c := range read(t, bytes.NewReader(text)) {
			before := text[:len(got)-c.From]
			if line := bytes.Count(before, []byte("\n")); c.Line != line {
				r.Fatalf("part %d begins after %d newlines, want %d", i, c.Line, line)
			}
			if column := len(before) - 1 - bytes.LastIndexByte(before, '\n'); c.Column != column {
				r.Fatalf("part %d begins in column %d, want %d", i, c.Column, column)
			}
			if c.First != (i == 0) || len(c.Bytes) > partBefore+partSize+partAfter {
				r.Fatalf("part %d: first %t, %d bytes", i, c.First, len(c.Bytes))
			}
			got = append(got, c.Bytes[c.From:c.To]...)
			total += c.Size
		}
		if !bytes.Equal(got, text) || total != int64(size) {
			r.Fatalf("%d bytes in parts, %d counted, want %d", len(got), total, size)
		}
	})
}

func TestUTF16IsReadAsText(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		text := strings.ReplaceAll(rapid.StringMatching(`[ -~]{8,40}`).Draw(r, "start")+rapid.String().Draw(r, "text"), "\x00", "")
		big, mark := rapid.Bool().Draw(r, "big"), rapid.Bool().Draw(r, "mark")
		if !mark {
			text = text[:8] // without a mark only Latin is told from binary
		}
		var packed []byte
		units := utf16.Encode([]rune(text))
		if mark {
			units = append([]uint16{0xfeff}, units...)
		}
		for _, u := range units {
			if big {
				packed = append(packed, byte(u>>8), byte(u))
			} else {
				packed = append(packed, byte(u), byte(u>>8))
			}
		}
		got := read(t, iotest.OneByteReader(bytes.NewReader(packed)))
		if len(got) != 1 || string(got[0].Bytes) != text {
			r.Fatalf("read(%q) = %+v", text, got)
		}
	})
}

// TestErrorAfterText keeps what was read before a stream broke.
func TestErrorAfterText(t *testing.T) {
	for _, size := range []int{100, 20_000} {
		got := read(t, io.MultiReader(strings.NewReader(strings.Repeat("x", size)), iotest.ErrReader(os.ErrDeadlineExceeded)))
		if len(got) != 2 || len(got[0].Bytes) != size || !got[1].Unread || !strings.HasPrefix(got[1].Skipped, "cannot be read") {
			t.Errorf("%d contents, the last %+v, want %d bytes of text and the error", len(got), got[len(got)-1], size)
		}
	}
}

// FuzzArchive feeds what looks like archives.
func FuzzArchive(f *testing.F) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = w.Write(bytes.Repeat([]byte("a"), 2000))
	_ = w.Close()
	f.Add(z.Bytes())
	f.Add(z.Bytes()[:20])
	f.Add([]byte("PK\x03\x04 and then nothing"))
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Add(append(bytes.Repeat([]byte{'1'}, 257), append([]byte("ustar\x0000"), bytes.Repeat([]byte{'7'}, 400)...)...))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, c := range read(t, bytes.NewReader(text)) {
			if c.From > c.To || c.To > len(c.Bytes) || c.Path == "" || c.Skipped != "" && c.Bytes != nil {
				t.Errorf("content %+v", c)
			}
		}
	})
}

// TestNestedGzipEnds unpacks no archive that holds itself again and again.
func TestNestedGzipEnds(t *testing.T) {
	text := []byte("text")
	for range maxDepth + 1 {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(text)
		_ = z.Close()
		text = b.Bytes()
	}
	got := read(t, bytes.NewReader(text))
	if len(got) != 1 || !got[0].Unread {
		t.Errorf("%+v, want one that is nested too deep", got)
	}
}

func TestFilesThatChange(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log.txt")
	write := func(text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	var got []Content
	for c := range Walk(t.Context(), []string{name}, Options{}) {
		got = append(got, c)
		write("one and more") // between reading and looking again
	}
	if len(got) != 2 || string(got[0].Bytes) != "one" || got[1].Skipped != changed || !got[1].Unread {
		t.Errorf("%+v, want the content and that it changed", got)
	}
}

func TestWalkStops(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "c"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for range Walk(ctx, []string{dir}, Options{}) {
		n++
		cancel()
	}
	if n != 1 {
		t.Errorf("%d contents after the end of its context, want 1", n)
	}
}

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		glob, path string
		want       bool
	}{
		{"*.min.js", "a/b/x.min.js", true}, {"*.min.js", "x.min.js.map", false}, {"testdata", "a/testdata/b/c.txt", true},
		{"testdata/", "testdata", true}, {"docs/**", "docs/a/b", true}, {"docs/**", "a/docs/b", false}, {"docs/**/*.pdf", "docs/x.pdf", true},
		{"docs/**/*.pdf", "docs/a/b/x.pdf", true}, {"docs/*.pdf", "docs/a/x.pdf", false}, {"/top.txt", "top.txt", true}, {"/top.txt", "a/top.txt", false},
		{"[a-c].txt", "b.txt", true}, {"[^a-c].txt", "b.txt", false}, {"a?c", "abc", true}, {`\*`, "*", true}, {`\*`, "x", false}, {"a.b", "axb", false},
	} {
		p, err := ParsePatterns([]string{c.glob})
		if err != nil {
			t.Errorf("ParsePatterns(%q): %v", c.glob, err)
		} else if got := p.Match(c.path); got != c.want {
			t.Errorf("%q matches %q: %t, want %t", c.glob, c.path, got, c.want)
		}
	}
	for _, bad := range []string{"[", "", "/", `\`} {
		if _, err := ParsePatterns([]string{bad}); err == nil {
			t.Errorf("ParsePatterns(%q): no error", bad)
		}
	}
}

func FuzzPatterns(f *testing.F) {
	for _, g := range []string{"*.js", "a/**/b", "[a-z]", `[\]a]`, "[]-a]", "**"} {
		f.Add(g)
	}
	f.Fuzz(func(_ *testing.T, glob string) {
		if p, err := ParsePatterns([]string{glob}); err == nil {
			p.Match("a/b.txt")
		}
	})
}

// FuzzParts delivers a text in parts: put together by what each says of itself, they are the text, and every position in
// a part is the one in the text.
func FuzzParts(f *testing.F) {
	f.Add(int64(1), uint16(3), uint8(40))
	f.Add(int64(2), uint16(0), uint8(200))
	f.Fuzz(func(t *testing.T, seed int64, every uint16, parts uint8) {
		size := int(parts%3)*partSize + int(seed&0xfffff)
		text := bytes.Repeat([]byte("x"), size)
		for i := int(every); every > 0 && i < size; i += int(every) * int(every) {
			text[i] = '\n'
		}
		var whole []byte
		var sum int64
		for c := range Walk(t.Context(), []string{Stdin}, Options{Stdin: bytes.NewReader(text)}) {
			at := len(whole) - c.From
			if c.Skipped != "" || at < 0 || !bytes.Equal(c.Bytes, text[at:at+len(c.Bytes)]) {
				t.Fatalf("a part of %d bytes at %d is none of the text: %q", len(c.Bytes), at, c.Skipped)
			}
			if lines := bytes.Count(text[:at], []byte("\n")); c.Line != lines || c.Column != at-1-bytes.LastIndexByte(text[:at], '\n') {
				t.Fatalf("the part at %d is said to begin at %d:%d, not %d", at, c.Line, c.Column, lines)
			}
			whole = append(whole, c.Bytes[c.From:c.To]...)
			sum += c.Size
		}
		if !bytes.Equal(whole, text) || sum != int64(size) {
			t.Fatalf("%d of %d bytes, counted %d", len(whole), size, sum)
		}
	})
}

// TestLinksAreNotFollowed reads what a root names through a link, and nothing else.
func TestLinksAreNotFollowed(t *testing.T) {
	if noFollow == 0 {
		t.Skip("links cannot be told when they are opened")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "b")
	if err := os.Symlink("a", link); err != nil {
		t.Skip(err)
	}
	w := &walk{ctx: t.Context()}
	var got []Content
	w.yield = func(c Content) bool { got = append(got, c); return true }
	w.file(link, "b", noFollow) // it has become a link since its folder was read
	if len(got) != 1 || got[0].Skipped != changed || !got[0].Unread {
		t.Errorf("%+v, want that it changed", got)
	}
	got = slices.Collect(Walk(t.Context(), []string{link}, Options{}))
	if len(got) != 1 || string(got[0].Bytes) != "text" {
		t.Errorf("%+v, want what the root links to", got)
	}
}

// TestSizesMayLie reads what has more than it says: files of the kernel are of no bytes.
func TestSizesMayLie(t *testing.T) {
	for _, size := range []int64{0, 10, sniffed, smallFile - 1} {
		text := bytes.Repeat([]byte("text\n"), smallFile)
		var got []Content
		w := &walk{ctx: t.Context(), yield: func(c Content) bool { got = append(got, c); return true }}
		w.content("a", bytes.NewReader(text), size)
		if len(got) != 1 || !bytes.Equal(got[0].Bytes, text) {
			t.Errorf("%d contents of a file that says it has %d bytes, want its text", len(got), size)
		}
		var z bytes.Buffer
		packed := gzip.NewWriter(&z)
		_, _ = packed.Write([]byte("text"))
		_ = packed.Close()
		got = nil
		w.content("a.gz", bytes.NewReader(z.Bytes()), size)
		if len(got) != 1 || string(got[0].Bytes) != "text" {
			t.Errorf("%+v of an archive that says it has %d bytes, want its text", got, size)
		}
	}
}
