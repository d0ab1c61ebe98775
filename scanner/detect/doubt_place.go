package detect

import "bytes"

// inAction reports whether a value stands in an action of a template, between {{ and }}: whatever has no quotes there is
// an expression.
// Source: https://pkg.go.dev/text/template#hdr-Actions
func (c *suspect) inAction() bool {
	line := c.content[max(0, c.hit.start-lineContext):c.hit.start]
	line = line[bytes.LastIndexByte(line, '\n')+1:]
	open := bytes.LastIndex(line, []byte("{{"))
	return open >= 0 && !bytes.Contains(line[open:], []byte("}}"))
}

// fingerprint reports whether a value has the length of an OpenPGP key's fingerprint or id and stands where such keys are
// fetched, trusted or named. Both are public.
// Source: RFC 9580, section 5.5.4
func (c *suspect) fingerprint(v []byte) bool {
	v = bytes.TrimPrefix(v, []byte("0x"))
	if n := len(v); n != 8 && n != 16 && n != 40 || len(bytes.Trim(v, "0123456789abcdefABCDEF")) > 0 {
		return false
	}
	before := bytes.ToLower(c.content[max(0, c.hit.start-96):c.hit.start])
	before = before[bytes.LastIndexByte(before, '\n')+1:]
	for _, word := range []string{"gpg", "pgp", "recv-key", "keyserver", "apt-key", "repo_key", "repo-key", "signingkey"} { // the last is Git's
		if bytes.Contains(before, []byte(word)) {
			return true
		}
	}
	return false
}
