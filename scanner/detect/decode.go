package detect

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// decodeDepth is how often what was decoded is decoded again.
	decodeDepth = 2
	// decodeBudget bounds the bytes that are made from one content by decoding, in all depths.
	decodeBudget = 4 << 20
	// leastRun is the shortest run of base64 or hex that is decoded, in characters: shorter ones hold no name and value.
	leastRun = 24
)

// encodedPart is a part of a content that stands for other bytes.
type encodedPart struct {
	start, end int
	how        string
	plain      []byte
}

// decoder finds what is encoded in a content, within a budget.
type decoder struct {
	content []byte
	budget  *int // bytes that may still be made, in all depths
}

// decoded returns what is found in the encoded parts of a content. Each hit covers the whole encoded part.
func (e *Engine) decoded(content []byte, depth int, budget *int) []hit {
	d := &decoder{content: content, budget: budget}
	var out []hit
	visit := func(p encodedPart) {
		for _, h := range e.scoredPlain("", p.plain) {
			if h.confidence >= explained {
				out = append(out, d.outer(p, h))
			}
		}
		if depth > 1 && *d.budget > 0 {
			for _, h := range e.decoded(p.plain, depth-1, d.budget) {
				out = append(out, d.outer(p, h))
			}
		}
	}
	d.wide(visit)
	d.runs(visit)
	d.escapes(visit)
	return out
}

// outer maps a hit in decoded bytes to where they came from.
func (d *decoder) outer(p encodedPart, h hit) hit {
	if p.how == "UTF-16" {
		start := wideOffset(d.content, p.start, p.plain[:h.start])
		h.start, h.end = start, wideOffset(d.content, start, p.plain[h.start:h.end])
	} else {
		h.start, h.end = p.start, p.end
	}
	h.from, h.assigned = h.start, nil
	h.reasons = append([]string{"inside " + p.how}, h.reasons...)
	return h
}

// baseByte are the characters of base64 in both alphabets.
var baseByte = func() (t [256]bool) {
	for b := range 256 {
		c := byte(b)
		t[b] = isWordByte(c) || c == '+' || c == '/' || c == '-' || c == '_'
	}
	return t
}()

// runs visits base64 and hex.
func (d *decoder) runs(visit func(encodedPart)) {
	c := d.content
	for from := 0; ; {
		start, end := longRun(c, from)
		if start < 0 || *d.budget <= 0 {
			return
		}
		if plain, how := d.plain(c[start:end]); plain != nil {
			for end < len(c) && c[end] == '=' {
				end++
			}
			visit(encodedPart{start, end, how, plain})
		}
		from = end
	}
}

// longRun returns the first run of at least leastRun characters of base64 in c that begins at from or later; -1 when
// there is none. Whatever is so long covers a whole block of eight bytes among those that begin every sixteen, and the
// block before or behind it: most blocks hold a space or a sign, which one comparison of all eight shows.
func longRun(c []byte, from int) (start, end int) {
	const block, stride = 8, leastRun - 8
	for i := from; i+block <= len(c); {
		if anySign(c, i) || anySign(c, i-block) && anySign(c, i+block) {
			i += stride
			continue
		}
		for end = i; end < len(c) && baseByte[c[end]]; {
			end++
		}
		if end < i+block {
			i = end + 1 // no run of that length ends before end
			continue
		}
		for start = i; start > from && baseByte[c[start-1]]; {
			start--
		}
		if end-start >= leastRun {
			return start, end
		}
		i = end + 1
	}
	return -1, -1
}

// anySign reports whether one of the eight bytes at i is below "+", above ASCII or a full stop: no character of base64. So
// are bytes outside c.
func anySign(c []byte, i int) bool {
	if i < 0 || i+8 > len(c) {
		return true
	}
	const each = 0x0101010101010101
	b := binary.LittleEndian.Uint64(c[i:])
	below := (b - '+'*each) &^ b
	stops := b ^ '.'*each
	return (below|b|(stops-each)&^stops)&(0x80*each) != 0
}

// plain decodes a run where it stands for text, or for gzip of text.
func (d *decoder) plain(run []byte) (plain []byte, how string) {
	var head [leastRun / 4 * 3]byte
	if _, err := hex.Decode(head[:], run[:leastRun]); err == nil && len(run)%2 == 0 {
		if isText(head[:leastRun/2]) {
			if plain, err = hex.DecodeString(string(run[:min(len(run), 2**d.budget)])); err == nil && isText(plain) {
				*d.budget -= len(plain)
				return plain, "hex"
			}
		}
		return nil, ""
	}
	encoding := base64.RawStdEncoding
	if bytes.IndexByte(run, '-') >= 0 || bytes.IndexByte(run, '_') >= 0 {
		encoding = base64.RawURLEncoding
	}
	if _, err := encoding.Decode(head[:], run[:leastRun]); err != nil {
		return nil, ""
	}
	zipped := head[0] == 0x1f && head[1] == 0x8b
	if !zipped && !isText(head[:]) {
		return nil, ""
	}
	run = run[:min(len(run), *d.budget)]
	plain, _ = encoding.DecodeString(string(run[:len(run)-len(run)%4+leftover(len(run)%4)]))
	*d.budget -= len(plain)
	if zipped {
		return d.unzip(plain), "gzip in base64"
	}
	if !isText(plain) {
		return nil, ""
	}
	return plain, "base64"
}

// leftover is how many characters after the last four still make a byte.
func leftover(n int) int {
	if n == 1 {
		return 0
	}
	return n
}

func (d *decoder) unzip(packed []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil
	}
	plain, _ := io.ReadAll(io.LimitReader(z, int64(max(0, *d.budget))))
	*d.budget -= len(plain)
	if len(plain) == 0 || !isText(plain[:min(len(plain), 512)]) {
		return nil
	}
	return plain
}

// isText reports whether bytes are text: nearly no control characters, and no broken UTF-8.
func isText(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	odd := 0
	for _, c := range b {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c >= 0x7f {
			odd++
		}
	}
	return odd*16 <= len(b) || odd*3 <= len(b) && utf8.Valid(b)
}

// wide visits a content in UTF-16, told by its mark or by the zeros beside ASCII letters.
func (d *decoder) wide(visit func(encodedPart)) {
	c := d.content
	if len(c) < 8 {
		return
	}
	start, big := 0, false
	switch {
	case c[0] == 0xff && c[1] == 0xfe:
		start = 2
	case c[0] == 0xfe && c[1] == 0xff:
		start, big = 2, true
	default:
		var zeros [2]int
		head := c[:min(len(c), 512)]
		for i, b := range head {
			if b == 0 {
				zeros[i%2]++
			}
		}
		if zeros[0]+zeros[1] < len(head)*2/5 || zeros[0] > 0 && zeros[1] > 0 {
			return
		}
		big = zeros[0] > 0
	}
	plain := make([]byte, 0, min(len(c)/2, *d.budget))
	for i := start; i+1 < len(c) && len(plain) < *d.budget; i += 2 {
		unit := rune(c[i]) | rune(c[i+1])<<8
		if big {
			unit = rune(c[i])<<8 | rune(c[i+1])
		}
		if utf16.IsSurrogate(unit) {
			unit = utf8.RuneError // a half counts as a character: offsets go on by two bytes
		}
		plain = utf8.AppendRune(plain, unit)
	}
	*d.budget -= len(plain)
	visit(encodedPart{start, len(c), "UTF-16", plain})
}

// wideOffset returns the offset in UTF-16 after what plain came from, which began at start.
func wideOffset(content []byte, start int, plain []byte) int {
	return min(len(content), start+2*utf8.RuneCount(plain))
}
