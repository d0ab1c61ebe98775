package detect

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// cleaned stands where a value was.
const cleaned = "[secret]"

// Clean makes text fit to be stored: values that a detector or a secret's name points at become [secret], and URLs
// lose their user information and the values of their queries. found are the findings in text as it came, sorted by
// offset. Cleaning what is clean changes nothing.
func (e *Engine) Clean(text string) (string, []Finding) {
	found := e.Scan("", []byte(text))
	out := cutAssignments(cutURLs([]byte(text)))
	if len(found) == 0 && string(out) == text {
		return text, nil
	}
	// One replacement may bring together what is found only then; the text shrinks towards markers, so few turns do.
	for range 4 {
		before := out
		out = replace(out, e.spans(out))
		out = cutAssignments(cutURLs(out))
		if bytes.Equal(before, out) {
			break
		}
	}
	return string(out), found
}

func (e *Engine) spans(text []byte) []span {
	var spans []span
	for _, h := range e.scored("", text) {
		if (h.rank < rankGuess || h.confidence >= DefaultConfidence) && string(text[h.start:h.end]) != cleaned {
			spans = append(spans, span{h.start, h.end})
		}
	}
	return spans
}

// replace puts the marker in place of the spans, which may overlap.
func replace(text []byte, spans []span) []byte {
	if len(spans) == 0 {
		return text
	}
	slices.SortFunc(spans, func(a, b span) int { return a.start - b.start })
	var out []byte
	at := 0
	for _, s := range spans {
		if s.start >= at {
			out = append(append(out, text[at:s.start]...), cleaned...)
		}
		at = max(at, s.end)
	}
	return append(out, text[at:]...)
}

// cutURLs removes user information and query values from every URL in text.
func cutURLs(text []byte) []byte {
	var out []byte
	done := 0
	for {
		at := bytes.Index(text[done:], []byte(urlMark))
		if at < 0 {
			return append(out, text[done:]...)
		}
		at += done
		start := at + len(urlMark)
		out = append(out, text[done:start]...)
		rest := text[start:urlEnd(text, start)]
		done = start + len(rest)
		if schemeStart(text, at) == at {
			out = append(out, rest...)
			continue
		}
		out = append(out, cutQuery(rest[userInfoEnd(rest):])...)
	}
}

// urlEnd is where a URL in running text ends: at space, control characters, quotes and angle brackets. Before an "@"
// quotes may be part of a password that nobody encoded.
func urlEnd(text []byte, start int) int {
	end := func(stops string) int {
		n := bytes.IndexFunc(text[start:], func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(stops, r) })
		if n < 0 {
			return len(text)
		}
		return start + n
	}
	plain := end("\"'`<>")
	authority := end("/?#")
	if plain < authority {
		if at := bytes.LastIndexByte(text[plain:authority], '@'); at >= 0 {
			start = plain + at
			return end("\"'`<>")
		}
	}
	return plain
}

// userInfoEnd is where the host begins in what follows "://". A password with an unencoded slash ends at the last "@",
// told from a path with an "@" by what stands before the slash: a port is a number.
func userInfoEnd(rest []byte) int {
	authority := rest
	if n := bytes.IndexAny(rest, "/?#"); n >= 0 {
		authority = rest[:n]
	}
	if last := bytes.LastIndexByte(authority, '@'); last >= 0 {
		return last + 1
	}
	if colon := bytes.LastIndexByte(authority, ':'); colon >= 0 && len(authority) < len(rest) && !isPort(authority[colon+1:]) {
		return bytes.LastIndexByte(rest, '@') + 1
	}
	return 0
}

func isPort(b []byte) bool {
	for _, c := range b {
		if (c < '0' || c > '9') && c != '$' && c != '{' && c != '}' && c != '_' && !isLetter(c) || isLetter(c) && b[0] != '$' {
			return false
		}
	}
	return len(b) <= 64
}

// cutQuery keeps the names in a query, and in a fragment that is written like one. What has no name is a value.
func cutQuery(url []byte) []byte {
	base, fragment, hasFragment := bytes.Cut(url, []byte("#"))
	base, query, hasQuery := bytes.Cut(base, []byte("?"))
	out := slices.Clone(base)
	if hasQuery {
		out = append(append(out, '?'), cutPairs(query)...)
	}
	if hasFragment {
		if bytes.ContainsRune(fragment, '=') {
			fragment = cutPairs(fragment)
		}
		out = append(append(out, '#'), fragment...)
	}
	return out
}

func cutPairs(query []byte) []byte {
	var names [][]byte
	for pair := range bytes.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
		if name, _, ok := bytes.Cut(pair, []byte("=")); ok {
			names = append(names, append(slices.Clone(name), '='))
		}
	}
	return bytes.Join(names, []byte("&"))
}

// assignment patterns: group 1 is a name, where there is one, the last group the value.
var (
	assigned = regexp.MustCompile(`([\w.-]{1,64})["']?\s{0,3}([=:])\s{0,3}["']?([^\s"'&;,]{4,})`)
	flagged  = regexp.MustCompile(`(?:^|\s)--?([A-Za-z][\w-]{0,40})\s+["']?([^\s"']{4,})`)
	header   = regexp.MustCompile(`(?i)\b(?:bearer|basic)\s+([\w+/=.~-]{12,})`)
	curlUser = regexp.MustCompile(`(?:^|\s)(?:-u|--user)[\s=]{0,2}["']?[^\s:"']+:([^\s"']+)`)
)

// cutAssignments replaces values by the name beside them, more freely than a detector may: what is stored needs no
// value, and a word too many costs little.
func cutAssignments(text []byte) []byte {
	var spans []span
	for _, m := range assigned.FindAllSubmatchIndex(text, -1) {
		value := string(text[m[6]:m[7]])
		certain := text[m[4]] == '=' || looksSecret(value)
		if certain && SecretKey(string(text[m[2]:m[3]])) && !isPlaceholder(value) {
			spans = append(spans, span{m[6], m[7]})
		}
	}
	for _, m := range flagged.FindAllSubmatchIndex(text, -1) {
		if SecretKey(string(text[m[2]:m[3]])) && !isPlaceholder(string(text[m[4]:m[5]])) && text[m[4]] != '-' {
			spans = append(spans, span{m[4], m[5]})
		}
	}
	for _, m := range header.FindAllSubmatchIndex(text, -1) {
		if bytes.ContainsAny(text[m[2]:m[3]], "0123456789=") {
			spans = append(spans, span{m[2], m[3]})
		}
	}
	for _, m := range curlUser.FindAllSubmatchIndex(text, -1) {
		if !isPlaceholder(string(text[m[2]:m[3]])) {
			spans = append(spans, span{m[2], m[3]})
		}
	}
	return replace(text, spans)
}
