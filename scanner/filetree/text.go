package filetree

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// encoding is how a content's bytes are text.
type encoding int

const (
	plain  encoding = iota // UTF-8 or anything like it
	little                 // UTF-16, low byte first
	big                    // UTF-16, high byte first
	binary
)

// sniff tells from the first bytes of a content what it is: binary as git decides it, by a NUL, but for UTF-16 with a
// byte order mark or, without one, where every second byte is a NUL.
func sniff(head []byte) encoding {
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe, 0, 0}): // UTF-32
		return binary
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return little
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return big
	case bytes.IndexByte(head, 0) < 0:
		return plain
	}
	even, odd := 0, 0
	for i, b := range head {
		if b == 0 && i%2 == 0 {
			even++
		} else if b == 0 {
			odd++
		}
	}
	// Nine in ten: text in UTF-16 holds a few characters that are not Latin.
	switch half := len(head) / 2; {
	case len(head) >= 8 && even == 0 && odd*10 >= half*9:
		return little
	case len(head) >= 8 && odd == 0 && even*10 >= half*9:
		return big
	}
	return binary
}

// utf16Reader turns UTF-16 into UTF-8. A byte order mark is left out.
type utf16Reader struct {
	r     io.Reader
	big   bool
	in    [8 << 10]byte
	n     int    // bytes in in
	out   []byte // decoded, not yet read
	begun bool
	err   error
}

func (u *utf16Reader) Read(b []byte) (int, error) {
	for len(u.out) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		u.decode()
	}
	n := copy(b, u.out)
	u.out = u.out[n:]
	return n, nil
}

// decode fills u.out. A half of a pair of surrogates at the end of in waits for the other.
func (u *utf16Reader) decode() {
	n, err := u.r.Read(u.in[u.n:])
	u.n += n
	last := errors.Is(err, io.EOF)
	u.err = err
	var out []byte
	at := 0
	for at+1 < u.n {
		c := u.unit(at)
		if utf16.IsSurrogate(c) {
			if at+3 >= u.n && !last {
				break
			}
			if at+3 < u.n {
				if r := utf16.DecodeRune(c, u.unit(at+2)); r != utf8.RuneError {
					out = utf8.AppendRune(out, r)
					at += 4
					continue
				}
			}
			c = utf8.RuneError
		}
		if u.begun || c != 0xfeff {
			out = utf8.AppendRune(out, c)
		}
		u.begun = true
		at += 2
	}
	u.n = copy(u.in[:], u.in[at:u.n])
	u.out = out
}

func (u *utf16Reader) unit(at int) rune {
	if u.big {
		return rune(u.in[at])<<8 | rune(u.in[at+1])
	}
	return rune(u.in[at+1])<<8 | rune(u.in[at])
}
