package detect

import (
	"bytes"
)

// urlMark is what every URL with an authority contains.
const urlMark = "://"

// maxAuthority is the longest authority that is looked at, in bytes.
const maxAuthority = 1 << 10

// urlCredentials reports the password in a URL's user information, or the user where it stands alone and looks like
// a token (the key of an error tracker, for instance). at is the place of "://".
func urlCredentials(content []byte, at int) (hit, bool) {
	from := schemeStart(content, at)
	start := at + len(urlMark)
	if from == at {
		return hit{}, false
	}
	info, ok := userInfo(content[start:min(len(content), start+maxAuthority)])
	if !ok {
		return hit{}, false
	}
	h := hit{
		detector: "url-credentials", description: "Credentials in the user part of a URL.",
		from: from, rank: rankNamed, confidence: 0.7, reasons: []string{"user information of a URL"},
	}
	user, password, both := bytes.Cut(info, []byte(":"))
	value := password
	if !both {
		value = user
	}
	h.end = start + len(info)
	h.start = h.end - len(value)
	h.entropy = entropy(value)
	if isReference(string(value)) || string(value) == cleaned || !both && (len(value) < 20 || h.entropy < 3) {
		return hit{}, false
	}
	if both && bytes.Equal(user, password) {
		h.confidence = 0.3
		h.reasons = append(h.reasons, "the password is the user name")
	}
	return h, true
}

// schemeStart returns where the scheme before "://" begins; at itself when there is none.
func schemeStart(content []byte, at int) int {
	from := at
	for from > 0 && at-from < 32 && isSchemeByte(content[from-1]) {
		from--
	}
	for from < at && !isLetter(content[from]) {
		from++
	}
	return from
}

func isSchemeByte(b byte) bool {
	return isLetter(b) || '0' <= b && b <= '9' || b == '+' || b == '-' || b == '.'
}

func isLetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }

// userInfo returns what stands before the last "@" of an authority.
func userInfo(text []byte) ([]byte, bool) {
	end := bytes.IndexFunc(text, func(r rune) bool {
		return r <= ' ' || r == '/' || r == '?' || r == '#' || r == '"' || r == '\'' || r == '`' || r == '<' || r == '>' || r == '\\' || r == 0x7f
	})
	if end < 0 {
		end = len(text)
	}
	last := bytes.LastIndexByte(text[:end], '@')
	if last <= 0 {
		return nil, false
	}
	return text[:last], true
}
