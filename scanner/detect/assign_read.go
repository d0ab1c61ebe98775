package detect

import (
	"bytes"
	"strings"
)

// read appends what the text from a name on assigns to it.
func (s *source) read(out []assignment, n word) []assignment {
	name := string(s.content[n.start:n.end])
	if found, ok := s.command(out, n, name); ok {
		return found
	}
	if found, ok := s.columns(out, n, name); ok {
		return found
	}
	if s.isPath(n) {
		return out
	}
	a := assignment{name: name}
	i := n.end
	if strings.EqualFold(name, "identified") { // IDENTIFIED BY 'x', of SQL
		a.name, i = "password", s.identified(i)
	}
	if name == "private" && isSpace(s.at(i)) { // a word of Java, C# and others: what it stands before has its own name
		return out
	}
	if scheme, ok := schemes[strings.ToLower(name)]; ok && (scheme != "token" || s.isValue(n) || n.quoted) && (isSpace(s.at(i)) || strings.HasPrefix(string(s.content[i:min(len(s.content), i+3)]), "%20")) {
		a.op, a.name = opScheme, scheme
		if s.at(i) == '%' {
			i += 3
		}
		a.where = s.contextOf(n)
		if found, ok := s.credential(a, s.blank(i)); ok {
			return append(out, found)
		}
		if n.quoted && s.quoteAt(s.blank(i)) > 0 { // the end of its string: "Basic " + pair
			return out
		}
	}
	if i = s.closers(i); i == n.end && s.at(i) == '(' {
		a.op = opCall
		a.name = name[strings.LastIndexByte(name, '.')+1:]
		if before := strings.TrimSuffix(name, "."+a.name); before != name && comparisons[a.name] {
			a.name, a.op = before, opCompare
			return s.values(out, a, n, i+1)
		}
		p, ok := parameters[strings.ToLower(a.name)]
		if !ok {
			p, ok = parameters[strings.ToLower(name)]
		}
		if ok {
			a.name, a.given = p.judged, true
			return s.parameter(out, a, n, i+1, p.index)
		}
		return s.values(out, a, n, i+1)
	}
	closed := i > n.end
	op, next, ok := s.operator(n, i, closed)
	if !ok {
		return out
	}
	if (op == opColon || op == opCell || op == opSpace) && name == "PASS" { // what test runners print
		return out
	}
	if strings.EqualFold(name, "pass") && s.sentence(n, op) {
		return out
	}
	a.op = op
	if lower := strings.ToLower(name); s.genre.syntax == syntaxShell && op == opSpace && (lower == "pass" || strings.HasSuffix(lower, "_pass")) {
		return out // a function that prints a test's outcome
	}
	if directives[strings.ToLower(name)] {
		return out
	}
	if op == opColon || s.genre.syntax == syntaxDocs || s.genre.syntax == syntaxText {
		a.name = s.phrase(n, a.name)
	}
	return s.values(out, a, n, next)
}

// comparisons are methods that compare what they belong to with their argument: password.equals("…").
var comparisons = set("equals Equals equalsIgnoreCase contentEquals isEqualTo localeCompare")

// schemes are the words before credentials in a header, with the name under which the value is judged.
// Source: https://www.iana.org/assignments/http-authschemes/
var schemes = map[string]string{"bearer": "bearer", "basic": "basic", "ntlm": "bearer", "token": "token", "apikey": "token"}

// closers skips what may stand between a name and its operator: the quote after the name, brackets of an index, marks
// of emphasis. It returns i where there is none.
func (s *source) closers(i int) int {
	for stop := i + 24; i < stop; {
		if n := s.quoteAt(i); n > 0 {
			i += n
			continue
		}
		switch s.at(i) {
		case ']', ')', '*', '?', '}':
			i++
		case '[': // password[] in forms, names[0]
			end := bytes.IndexByte(s.content[i:min(len(s.content), i+6)], ']')
			if end < 0 {
				return i
			}
			i += end + 1
		default:
			return i
		}
	}
	return i
}

// quoteAt returns the length of the quote at i: one character, one escaped in a string, or one written as an entity.
func (s *source) quoteAt(i int) int {
	switch b := s.at(i); {
	case isQuote(b):
		return 1
	case b == '\\':
		n := 1
		for n < 4 && s.at(i+n) == '\\' {
			n++
		}
		if isQuote(s.at(i + n)) {
			return n + 1
		}
	case b == '&':
		for _, e := range quoteEntities {
			if bytes.HasPrefix(s.content[i:], e) {
				return len(e)
			}
		}
	case b == 0xe2 && s.at(i+1) == 0x80 && 0x98 <= s.at(i+2) && s.at(i+2) <= 0x9d: // curly
		return 3
	}
	return 0
}

var quoteEntities = [][]byte{[]byte("&quot;"), []byte("&#39;"), []byte("&#34;"), []byte("&apos;"), []byte("&#x27;"), []byte("&#039;")}

func isWordByte(b byte) bool { return isLetter(b) || '0' <= b && b <= '9' }

// phrase puts the word before a name to it, where the two are words of a text: Consumer Key, API key.
func (s *source) phrase(n word, name string) string {
	if len(name) > 12 || strings.ContainsAny(name, "_-.$") || s.at(n.start-1) != ' ' {
		return name
	}
	i := n.start - 1
	for i > 0 && n.start-i < 20 && isLetter(s.at(i-1)) {
		i--
	}
	if i == n.start-1 {
		return name
	}
	before := string(s.content[i : n.start-1])
	switch strings.ToLower(before) {
	case "var", "let", "const", "string", "val", "final", "static", "set", "export", "define", "def", "auto", "char", "str", "the", "a", "your", "my", "and", "or", "if", "assert", "return", "new", "private", "public", "protected", "local":
		return name
	}
	return before + " " + name
}
