package detect

import (
	"bytes"
	"strings"
)

// operator reads what joins a name to a value. closed says that a quote or bracket follows the name.
func (s *source) operator(n word, i int, closed bool) (op operator, next int, ok bool) {
	at := s.blank(i)
	spaced := at > i
	b, b1 := s.at(at), s.at(at+1)
	switch b {
	case '=':
		switch {
		case b1 == '=':
			return opCompare, s.skip(at, '='), true
		case b1 == '>':
			return opArrow, at + 2, true
		case b1 == '~':
			return 0, 0, false
		}
		return s.assignOrQuery(n), at + 1, true
	case ':':
		return s.colon(n, at)
	case '!':
		if b1 == '=' {
			return opCompare, s.skip(at+1, '='), true
		}
	case '?', '+', '.', '|':
		return s.orElse(at)
	case '-':
		if b1 == '>' {
			return opArrow, at + 2, true
		}
	case ',':
		if next, ok := s.field(n, at); ok {
			return opValue, next, true
		}
		return opComma, at + 1, closed && (s.firstInBrackets(n.start) || s.inBuild(n))
	case '>':
		if s.at(n.start-1) == '<' || closed && s.genre.syntax == syntaxMarkup && s.inNaming(n) {
			return opElement, at + 1, true
		}
	case '<':
		if bytes.HasPrefix(s.content[at:], []byte("</key>")) {
			if end := bytes.IndexByte(s.content[at+6:min(len(s.content), at+70)], '>'); end >= 0 {
				return opElement, at + 6 + end + 1, true
			}
		}
	case '\n', '\r', '{':
		if next, ok := s.field(n, at); ok && (s.isValue(n) || b == '{') {
			return opValue, next, true
		}
	default:
		if spaced {
			return s.spaced(n, at, closed)
		}
	}
	return 0, 0, false
}

// colon reads what begins with one.
func (s *source) colon(n word, at int) (op operator, next int, ok bool) {
	b1 := s.at(at + 1)
	if b1 == '=' {
		return opAssign, at + 2, true
	}
	if b1 == ':' {
		end := s.skip(at, ':') // ::= and :::= of make
		return opAssign, end + 1, s.at(end) == '='
	}
	if s.inExpansion(n) {
		return opAssign, at + 2, b1 == '-' || b1 == '='
	}
	if next, typed := s.typed(at + 1); typed {
		return opAssign, next, true
	}
	if next, ok := s.field(n, at); ok && s.isValue(n) {
		return opValue, next, true
	}
	return opColon, at + 1, true
}

// orElse reads an operator that adds to a value, or gives one where there is none: process.env.TOKEN || "…", ?= of make.
func (s *source) orElse(at int) (op operator, next int, ok bool) {
	b, b1 := s.at(at), s.at(at+1)
	switch {
	case b1 == '=':
		return opAssign, at + 2, true
	case b == '|' && b1 == '|' && s.at(at+2) == '=':
		return opAssign, at + 3, true
	case b == '|' && b1 == '|' && s.quoteAt(s.blank(at+2)) > 0, b == '?' && (b1 == '?' || b1 == ':') && s.quoteAt(s.blank(at+2)) > 0:
		return opAssign, at + 2, true
	case b == '|' && (s.genre.syntax == syntaxDocs || s.genre.syntax == syntaxText):
		return opCell, at + 1, true
	}
	return 0, 0, false
}

// inExpansion reports whether a name is that of a shell's variable with a rule behind it: ${TOKEN:-default}, where a value
// stands in, and ${TOKEN:?message}, where none does.
// Source: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_06_02
func (s *source) inExpansion(n word) bool {
	return s.at(n.start-1) == '{' && s.at(n.start-2) == '$' && s.at(n.end) == ':'
}

func (s *source) skip(i int, b byte) int {
	for s.at(i) == b {
		i++
	}
	return i
}

func (s *source) assignOrQuery(n word) operator {
	if b := s.at(n.start - 1); b == '?' || b == '&' {
		return opQuery
	}
	return opAssign
}

// isValue reports whether a name is itself what another field says: name: DB_PASSWORD.
func (s *source) isValue(n word) bool {
	i := n.start - 1
	for i > 0 && n.start-i < 8 && (isSpace(s.at(i)) || isQuote(s.at(i)) || s.at(i) == '\\') {
		i--
	}
	b := s.at(i)
	return b == ':' || b == '='
}

// firstInBrackets reports whether a quoted name is the first in brackets: one of a longer list is a word among others.
func (s *source) firstInBrackets(i int) bool {
	for i--; i > 0 && (isSpace(s.at(i)) || isQuote(s.at(i)) || s.at(i) == '\\' || isLetter(s.at(i)) && isQuote(s.at(i+1))); {
		i--
	}
	b := s.at(i)
	return b == '(' || b == '{' || b == '['
}

// inBuild reports whether a name is that of a constant which Gradle writes into an Android program: buildConfigField
// "String", "API_KEY", "…".
// Source: https://developer.android.com/build/gradle-tips#share-custom-fields-and-resource-values-with-your-app-code
func (s *source) inBuild(n word) bool {
	if s.genre.lang != "jvm" && s.genre.syntax != syntaxText && s.genre.syntax != syntaxDocs {
		return false
	}
	before := s.content[max(0, n.start-64):n.start]
	before = before[bytes.LastIndexByte(before, '\n')+1:]
	return bytes.Contains(before, []byte("buildConfigField")) || bytes.Contains(before, []byte("resValue"))
}

// inNaming reports whether a name is all of an attribute that says what its element holds: <string name="api_key">.
func (s *source) inNaming(n word) bool {
	before := s.content[max(0, n.start-24):n.start]
	before, assigned := bytes.CutSuffix(bytes.TrimRight(before, " \"'"), []byte("="))
	before = bytes.TrimRight(before, " ")
	word := before[bytes.LastIndexAny(before, " \t\r\n")+1:]
	return assigned && namingAttributes[strings.ToLower(string(word))]
}

var namingAttributes = set("name key id field property param parameter option setting var variable")

// fields are names of fields that hold the value beside a field that holds the name.
var fields = map[string]bool{"value": true, "val": true, "default": true, "defaultvalue": true, "stringvalue": true, "string_value": true, "content": true, "defaultvalue_": true, "newvalue": true}

// field returns where the value begins that a field beside the name's field holds: name: X, value: y. Fields that say
// type or description may stand between, each on its line.
func (s *source) field(n word, i int) (next int, ok bool) {
	for range 4 {
		for stop := i + 96; i < stop && strings.IndexByte(" \t\r\n,;{\"'`\\-:", s.at(i)) >= 0 && i < len(s.content); {
			i++
		}
		start := i
		for i < len(s.content) && i-start < 24 && isNameByte(s.content[i]) {
			i++
		}
		word := strings.ToLower(string(s.content[start:i]))
		at := s.blank(s.closers(i))
		if b := s.at(at); b != ':' && b != '=' {
			return 0, false
		}
		if fields[word] {
			if s.at(at+1) == '>' {
				at++
			}
			return at + 1, true
		}
		if word != "type" && word != "description" && word != "sensitive" && word != "required" && word != "enabled" {
			return 0, false
		}
		end := bytes.IndexByte(s.content[at:min(len(s.content), at+200)], '\n')
		if end < 0 {
			return 0, false
		}
		i = at + end
	}
	return 0, false
}

// typed reads ": type =", as between a name and its value in TypeScript, Python, Rust, Swift and Kotlin.
func (s *source) typed(i int) (next int, ok bool) {
	if s.genre.syntax != syntaxCode && s.genre.syntax != syntaxDocs && s.genre.syntax != syntaxText {
		return 0, false
	}
	i = s.blank(i)
	if !isLetter(s.at(i)) && s.at(i) != '&' {
		return 0, false
	}
	for stop := i + 40; i < stop; i++ {
		b := s.at(i)
		if b == '=' && s.at(i-1) == ' ' && s.at(i+1) != '>' && s.at(i+1) != '=' {
			return i + 1, true
		}
		if !isNameByte(b) && strings.IndexByte("<>[]?&' |", b) < 0 {
			return 0, false
		}
	}
	return 0, false
}

// spaced reads a value that only a space parts from its name: of a flag, a directive, an SQL clause, in prose, or in
// an attribute that follows.
func (s *source) spaced(n word, at int, closed bool) (operator, int, bool) {
	name := strings.ToLower(string(s.content[n.start:n.end]))
	if next, ok := s.field(n, at); ok && closed {
		return opValue, next, true
	}
	if next, ok := s.typed(at); ok && !closed { // of Go
		return opAssign, next, true
	}
	switch quoted := s.quoteAt(at) > 0; {
	case strings.HasPrefix(name, "-") && readsElsewhere(name): // --password-stdin
		return 0, 0, false
	case strings.HasPrefix(name, "-"):
		return opFlag, at, s.at(at) != '-' && s.at(at) != '|' && s.at(at) != '>'
	case name == "identified": // of SQL, not of a sentence
		return opSpace, at, s.genre.syntax == syntaxSQL || s.content[n.start] == 'I' || quoted && s.at(at) != '`' && s.ofUser(n.start)
	case bytes.HasPrefix(s.content[at:], []byte("is ")) && s.genre.syntax != syntaxCode:
		// "the password is x7", "the token is `x`"; of other words most go on with the sentence.
		return opSpace, at + 3, s.quoteAt(at+3) > 0 || s.numbered(at+3)
	case quoted && !closed:
		return opSpace, at, true
	}
	if s.genre.syntax != syntaxCode && !closed && s.generated(at) { // in prose: API key X7W8…
		return opSpace, at, true
	}
	// A directive: the name begins its line.
	first := n.start == 0 || s.at(n.start-1) == '\n' || s.firstOnLine(n.start)
	conf := s.genre.syntax == syntaxConf || s.genre.syntax == syntaxText
	return opSpace, at, first && !closed && conf && isWordByte(s.at(at))
}

// ofUser reports whether a statement of SQL about a user goes on at i: create user x identified by 'y'.
func (s *source) ofUser(i int) bool {
	before := bytes.ToLower(s.content[max(0, i-lineContext):i])
	before = before[bytes.LastIndexByte(before, '\n')+1:]
	return bytes.Contains(before, []byte("user ")) || bytes.Contains(before, []byte("grant "))
}

// generated reports whether a word in a text is no word, but a key that a program made.
func (s *source) generated(at int) bool {
	end := at
	for end < len(s.content) && end-at <= 150 && isNameByte(s.content[end]) {
		end++
	}
	word := bytes.TrimRight(s.content[at:end], ".-")
	if len(word) < 16 || !bytes.ContainsAny(word, "0123456789") {
		return false
	}
	shape := shapeOf(word)
	return shape.dense(word)
}

// numbered reports whether there is a digit or sign in the word at i.
func (s *source) numbered(i int) bool {
	for ; i < len(s.content) && s.content[i] > ' '; i++ {
		if b := s.content[i]; !isLetter(b) && b < 0x80 && strings.IndexByte(".,:;!?'\"()/-<", b) < 0 {
			return true
		}
	}
	return false
}

func (s *source) firstOnLine(i int) bool {
	for i--; i >= 0 && isSpace(s.content[i]); {
		i--
	}
	return s.at(i) == '\n'
}
