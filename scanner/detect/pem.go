package detect

import (
	"bytes"
	"encoding/base64"
)

// wholeKey reports whether the body of a private key in PEM is one: base64 of a DER sequence of just that length, or of
// an OpenSSH key. The text may be a string of a language, with newlines and slashes escaped.
// Source: RFC 7468; PROTOCOL.key of OpenSSH.
func wholeKey(text []byte) bool {
	der := keyBody(text)
	if bytes.HasPrefix(der, []byte("openssh-key-v1\x00")) {
		return true
	}
	length := sequenceLength(der)
	return length > 0 && len(der) >= length-2 && len(der) <= length+2
}

// cutKey reports whether a private key in PEM has an end, and of many lines the first alone: one to look at.
func cutKey(text []byte) bool {
	der := keyBody(text)
	return bytes.Contains(text, []byte("-----END")) && len(der) <= lineBytes && sequenceLength(der) > 2*lineBytes
}

// lineBytes is what a line of 64 characters of base64 holds.
const lineBytes = 48

// keyBody is the body of a private key in PEM, nil where there is none or next to nothing.
func keyBody(text []byte) []byte {
	head := bytes.Index(text, []byte("KEY-----"))
	if head < 0 {
		return nil
	}
	body := text[head+len("KEY-----"):]
	if n := bytes.Index(body, []byte("-----END")); n >= 0 {
		body = body[:n]
	}
	body = bytes.ReplaceAll(body, []byte(`\n`), nil)
	body = bytes.ReplaceAll(body, []byte(`\r`), nil)
	var clean []byte
	for _, b := range body {
		if isWordByte(b) || b == '+' || b == '/' {
			clean = append(clean, b)
		}
	}
	der, _ := base64.RawStdEncoding.DecodeString(string(clean[:len(clean)-len(clean)%4]))
	if len(der) < 16 {
		return nil
	}
	return der
}

// sequenceLength is how many bytes a sequence in DER has by its head, 0 where none begins.
func sequenceLength(der []byte) int {
	if len(der) < 5 || der[0] != 0x30 {
		return 0
	}
	length, at := int(der[1]), 2
	if length >= 0x80 {
		n := length & 0x7f
		if n < 1 || n > 3 {
			return 0
		}
		length = 0
		for i := range n {
			length = length<<8 | int(der[2+i])
		}
		at += n
	}
	return at + length
}

// leastBody is the shortest line of base64 that the body of a private key has, in characters: lines have 64 (RFC 7468), and
// all of an Ed25519 key in PKCS #8 is as long.
const leastBody = 32

// hasBody reports whether there is base64 behind the head of a private key: code that strips the head, and text that
// speaks of it, have none.
func hasBody(text []byte) bool {
	head := bytes.Index(text, []byte("KEY-----"))
	if head < 0 {
		return true // of another form
	}
	run := 0
	for _, b := range text[head+len("KEY-----"):] {
		if !isWordByte(b) && b != '+' && b != '/' {
			run = 0
			continue
		}
		if run++; run >= leastBody {
			return true
		}
	}
	return false
}

// sealed reports whether a private key in the form of OpenSSH is protected by a passphrase: the name of a cipher other
// than "none" follows the form's name.
// Source: PROTOCOL.key of OpenSSH.
func sealed(text []byte) bool {
	at := bytes.Index(text, []byte("b3BlbnNzaC1rZXktdjEA"))
	if at < 0 {
		return false
	}
	head := make([]byte, 27) // the form's name with its zero, a length in four bytes, and the beginning of the name
	n, _ := base64.StdEncoding.Decode(head, text[at:min(len(text), at+36)])
	return n >= 23 && string(head[19:23]) != "none"
}
