package detect

import (
	"bytes"
	"strings"
)

// values appends the literals that begin at i or a little after: one, or those of a list or of a call.
func (s *source) values(out []assignment, a assignment, n word, i int) []assignment {
	i = s.lineBreak(a, s.blank(i))
	if s.at(i) == '\n' {
		return out
	}
	switch s.at(i) {
	case '[', '{', '(':
		if inner := s.openings(i); s.literal(inner) {
			a.where = s.contextOf(n)
			return s.list(out, a, inner)
		}
		if a.op == opCall {
			return out
		}
	}
	if bytes.HasPrefix(s.content[i:], goBytes) && s.literal(i+len(goBytes)) {
		i += len(goBytes)
	}
	if s.endsString(n, i) {
		return out
	}
	if at := s.prefix(i); s.quoteAt(at) > 0 {
		if a.op == opCall || a.op == opComma {
			a.where = s.contextOf(n)
			return s.list(out, a, at)
		}
		if v, _, ok := s.quotedValue(a, at); ok {
			v.where = s.contextOf(n)
			return append(out, v)
		}
		return out
	}
	if a.op == opComma || a.op == opCall {
		return out
	}
	if s.genre.syntax == syntaxSQL {
		if v, _, ok := s.hashed(a, i); ok {
			v.where = s.contextOf(n)
			return append(out, v)
		}
	}
	if code, b := s.genre.syntax == syntaxCode, s.at(i); code && !isWordByte(b) && s.at(n.start-1) != '"' && strings.IndexByte("$<#^*!@%~", b) < 0 {
		return out
	}
	a.where = s.contextOf(n)
	if a.where == inCode && a.op != opElement && a.op != opCell {
		return s.expression(out, a, i)
	}
	if v, ok := s.bare(a, n, i); ok {
		return append(out, v)
	}
	return out
}

// endsString reports whether the quote at i ends the string that a name stands in: "password=" + value.
func (s *source) endsString(n word, i int) bool {
	if s.genre.syntax != syntaxCode || !isQuote(s.at(i)) {
		return false
	}
	l := s.stateAt(n.start)
	quote := s.at(i)
	if l.comment || l.quote != quote || bytes.IndexByte(s.content[n.end:i], quote) >= 0 {
		return false
	}
	return s.at(l.from-2) != quote // of three quotes, which hold others
}

// goBytes begins a literal of bytes in Go.
var goBytes = []byte("[]byte(")

// lineBreak goes on to the next line where the value stands there: after an operator of a language, in an element, in
// a list or block of YAML.
func (s *source) lineBreak(a assignment, i int) int {
	yaml := s.genre.syntax == syntaxYAML && a.op == opColon
	if b := s.at(i); yaml && (b == '|' || b == '>') {
		j := i + 1
		if s.at(j) == '-' || s.at(j) == '+' {
			j++
		}
		if s.at(j) == '\r' {
			j++
		}
		if s.at(j) != '\n' {
			return i
		}
		i = j
	}
	if s.at(i) == '\r' && s.at(i+1) == '\n' {
		i++
	}
	if s.at(i) != '\n' || i >= len(s.content) {
		return i
	}
	switch {
	case yaml:
		j := s.blank(i + 1)
		if s.at(j) == '-' && s.at(j+1) == ' ' {
			return s.blank(j + 2)
		}
		if b := s.at(i - 1); b == '|' || b == '>' || b == '-' {
			return j
		}
	case s.genre.syntax == syntaxText && (a.op == opColon || a.op == opAssign):
		if j := s.blank(i + 1); s.quoteAt(j) > 0 {
			return j
		}
	case a.op == opElement, s.genre.syntax == syntaxCode && a.op != opComma:
		return s.blank(i + 1)
	}
	return i
}

// openings skips brackets, blanks and one newline.
func (s *source) openings(i int) int {
	for stop := i + maxBlank; i < stop && strings.IndexByte("[{( \t\r\n", s.at(i)) >= 0 && i < len(s.content); {
		i++
	}
	return i
}

func (s *source) literal(i int) bool { return s.quoteAt(s.prefix(i)) > 0 }

// prefix skips what some languages put before a quote: b”, r"", f"", @"", $"", N”.
func (s *source) prefix(i int) int {
	for n := range 3 {
		b := s.at(i + n)
		if s.quoteAt(i+n) > 0 {
			return i + n
		}
		if strings.IndexByte("bBrRuUfFLNEx@$", b) < 0 {
			break
		}
	}
	return i
}

// maxList bounds the literals that are taken from one list or call.
const maxList = 8

// list appends the quoted values of a list or call that begin at i. Of a call with several the first is a name.
func (s *source) list(out []assignment, a assignment, i int) []assignment {
	var found []assignment
	for range maxList {
		v, next, ok := s.quotedValue(a, s.prefix(i))
		if next <= i {
			break
		}
		after := s.blank(next)
		b := s.at(after)
		if b == ':' || b == '=' {
			break // the name of the next pair
		}
		if ok {
			found = append(found, v)
		}
		if a.op == opComma && b == ',' {
			found = nil // of three and more each is a word among others
		}
		if b != ',' || a.op == opComma {
			break
		}
		i = after + 1
		for stop := i + maxBlank; i < stop && (isSpace(s.at(i)) || s.at(i) == '\n' && i < len(s.content) || s.at(i) == '\r'); {
			i++
		}
		if !s.literal(i) {
			break
		}
	}
	if a.op == opCall && len(found) > 1 {
		found = found[1:2]
	}
	return append(out, found...)
}

// quotedValue reads the string at i. next is after it.
func (s *source) quotedValue(a assignment, i int) (v assignment, next int, ok bool) {
	n := s.quoteAt(i)
	if n == 0 {
		return a, i, false
	}
	quote := s.content[i : i+n]
	start := i + n
	lines := quote[0] == '`'
	if n == 1 && s.at(start) == quote[0] && s.at(start+1) == quote[0] {
		quote, start, lines = s.content[i:i+3], i+3, true // """x""", ``x`` has two
	} else if n == 1 && s.at(start) == quote[0] {
		if quote[0] != '`' {
			return a, start + 1, false // empty
		}
		quote, start = s.content[i:i+2], i+2
	}
	end := s.closing(quote, start, lines)
	if end < 0 {
		return a, i, false
	}
	next = end + len(quote)
	a.quoted = true
	a.start, a.end = s.trimmed(start, end)
	if inner := a.end - 1; inner > a.start && isQuote(s.at(a.start)) && s.at(inner) == s.at(a.start) { // '"x"', a literal for another language
		a.start, a.end = a.start+1, inner
	}
	a.start = s.scheme(a.start, a.end)
	return a, next, a.end-a.start >= leastValue && !s.onlyScheme(a.start, a.end)
}

// leastValue is the shortest value, in bytes, that is judged.
const leastValue = 3

// closing returns where a string ends that begins at start, or -1.
func (s *source) closing(quote []byte, start int, lines bool) int {
	limit := min(len(s.content), start+maxValue)
	if quote[0] == 0xe2 {
		quote = []byte{0xe2, 0x80, quote[2] | 1}
	}
	for i := start; i < limit; i++ {
		b := s.content[i]
		switch {
		case b == '\n' && !lines:
			return -1
		case b == quote[0] && bytes.HasPrefix(s.content[i:], quote):
			return i
		case b == '\\' && quote[0] != '\\' && quote[0] != '`':
			i++
		case b == '\\' && quote[0] == '\\' && isQuote(s.at(i+1)):
			return -1
		}
	}
	return -1
}

func (s *source) trimmed(start, end int) (int, int) {
	for start < end && s.content[start] <= ' ' {
		start++
	}
	for end > start && s.content[end-1] <= ' ' {
		end--
	}
	return start, end
}

// onlyScheme reports whether a value is the scheme alone, and the credential is put to it elsewhere: "Bearer " + token.
func (s *source) onlyScheme(start, end int) bool {
	if end-start > 8 {
		return false
	}
	_, ok := schemes[strings.ToLower(string(s.content[start:end]))]
	return ok
}

// scheme skips the scheme before a credential: Authorization: "Bearer x".
func (s *source) scheme(start, end int) int {
	n := bytes.IndexByte(s.content[start:end], ' ')
	if n > 0 && n <= 8 {
		if _, ok := schemes[strings.ToLower(string(s.content[start:start+n]))]; ok {
			return start + n + 1
		}
	}
	return start
}
