package detect

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// leastEscapes is how many escapes a part holds at least that is decoded.
const leastEscapes = 3

// maxEscaped bounds an escaped part, in bytes.
const maxEscaped = 8 << 10

// escapes visits parts with percent encoding, and runs of \u0070 or \x70.
func (d *decoder) escapes(visit func(encodedPart)) {
	d.escaped('%', isURLByte, func(part []byte) ([]byte, int) { return unescape(part, '%', "") }, "percent encoding", visit)
	d.escaped('\\', isEscapeByte, func(part []byte) ([]byte, int) { return unescape(part, '\\', "ux") }, "escapes", visit)
}

func isURLByte(b byte) bool {
	return isWordByte(b) || bytes.IndexByte([]byte("%+-._~&=?/:@!*()$,;"), b) >= 0
}

func isEscapeByte(b byte) bool { return isWordByte(b) || b == '\\' }

// escaped visits the parts of bytes that belong, around each mark with escapes enough.
func (d *decoder) escaped(mark byte, belongs func(byte) bool, decode func([]byte) ([]byte, int), how string, visit func(encodedPart)) {
	c := d.content
	for i := 0; i < len(c) && *d.budget > 0; {
		n := bytes.IndexByte(c[i:], mark)
		if n < 0 {
			return
		}
		at := i + n
		if !begins(c[at:], mark) {
			i = at + 1
			continue
		}
		start, end := at, at+1
		for start > i && at-start < 256 && belongs(c[start-1]) {
			start--
		}
		for end < len(c) && end-start < maxEscaped && belongs(c[end]) {
			end++
		}
		if bytes.Count(c[at:end], []byte{mark}) >= leastEscapes {
			if plain, escapes := decode(c[start:end]); escapes >= leastEscapes && isText(plain) {
				*d.budget -= len(plain)
				visit(encodedPart{start, end, how, plain})
			}
		}
		i = end
	}
}

// begins reports whether an escape begins at the mark.
func begins(c []byte, mark byte) bool {
	if mark == '%' {
		return len(c) > 2 && isHex(c[1]) && isHex(c[2])
	}
	return len(c) > 3 && (c[1] == 'u' || c[1] == 'x') && isHex(c[2]) && isHex(c[3])
}

func isHex(b byte) bool { return '0' <= b && b <= '9' || 'a' <= b|0x20 && b|0x20 <= 'f' }

// unescape replaces the escapes of a part and counts them.
func unescape(part []byte, mark byte, letters string) (plain []byte, escapes int) {
	plain = make([]byte, 0, len(part))
	for i := 0; i < len(part); {
		if part[i] != mark {
			plain = append(plain, part[i])
			i++
			continue
		}
		from, width := i+1, 2
		if letters != "" && from < len(part) {
			if part[from] == 'u' {
				width = 4
			}
			from++
		}
		code, err := uint64(0), strconv.ErrSyntax
		if begins(part[i:], mark) && from+width <= len(part) {
			code, err = strconv.ParseUint(string(part[from:from+width]), 16, 32)
		}
		if err != nil {
			plain = append(plain, part[i])
			i++
			continue
		}
		if mark == '%' {
			plain = append(plain, byte(code))
		} else {
			plain = utf8.AppendRune(plain, rune(code))
		}
		escapes++
		i = from + width
	}
	return plain, escapes
}
