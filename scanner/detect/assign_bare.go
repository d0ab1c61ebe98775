package detect

import (
	"bytes"
	"strings"
)

// bare reads a value without quotes at i.
func (s *source) bare(a assignment, n word, i int) (assignment, bool) {
	limit := min(len(s.content), i+maxValue)
	lineEnds := limit == len(s.content)
	if nl := bytes.IndexByte(s.content[i:limit], '\n'); nl >= 0 && a.op != opElement {
		limit, lineEnds = i+nl, true
	}
	text := s.content[i:limit]
	if c := bytes.IndexByte(text, '}'); c >= 0 && s.inExpansion(n) {
		text = text[:c]
	}
	if len(text) < leastValue || text[0] == '#' && isSpace(s.at(i-1)) && (s.genre.syntax == syntaxYAML || s.genre.syntax == syntaxConf) {
		return a, false // empty, with a comment behind
	}
	if s.genre.syntax == syntaxShell && text[0] == '(' {
		return a, false // an expression of PowerShell, or a list
	}
	if s.genre.syntax == syntaxYAML && a.op == opColon && text[0] == '{' && text[1] != '{' {
		return a, false // a mapping, whose own keys are read
	}
	var end int
	// A line that goes on behind the longest value is no value: thousands of names may stand on it.
	switch wholeLine := lineEnds && (s.genre.syntax == syntaxYAML || s.genre.syntax == syntaxConf); {
	case a.op == opElement:
		end = bytes.IndexByte(text, '<')
	case a.op == opCell:
		end = bytes.IndexByte(text, '|')
	case wholeLine && (a.where == inData || a.where == inComment && s.genre.syntax == syntaxConf) && (a.op == opColon || a.op == opAssign && s.genre.syntax == syntaxConf):
		end = s.lineValue(text, n) // in YAML what follows "=" is a part of a command
	case text[0] == '<' && bytes.IndexByte(text, '>') > 0: // <your password>
		end = bytes.IndexByte(text, '>') + 1
	default:
		end = stopAt(text, s.stops(a))
		if end < len(text) && text[end] == '<' {
			if n := bytes.IndexByte(text[end:], '>'); n > 0 && bracketed.Match(text[end:end+n+1]) {
				end += n + 1
			}
		}
	}
	if end < 0 {
		return a, false
	}
	a.start, a.end = s.trimmed(i, i+end)
	for a.end > a.start && a.op == opCell && s.content[a.start] == '`' && s.content[a.end-1] == '`' {
		a.start, a.end = a.start+1, a.end-1
	}
	for a.end > a.start && strings.IndexByte(",;\\", s.content[a.end-1]) >= 0 {
		a.end--
	}
	if a.where == inProse || a.where == inComment {
		for a.end > a.start && strings.IndexByte(".:", s.content[a.end-1]) >= 0 {
			a.end--
		}
	}
	a.start, a.end = s.trimmed(a.start, a.end)
	a.start = s.scheme(a.start, a.end)
	return a, a.end-a.start >= leastValue && !s.onlyScheme(a.start, a.end)
}

// stops are the bytes that end a bare value, besides white space.
func (s *source) stops(a assignment) string {
	switch {
	case s.genre.syntax == syntaxShell && a.where == inData:
		return "\"'`;&|<>()"
	case a.op == opFlag:
		return "\"'`|<>"
	}
	return "\"'`<>&,;)]}|\\"
}

func stopAt(text []byte, stops string) int {
	for i, b := range text {
		if b <= ' ' || i > 0 && strings.IndexByte(stops, b) >= 0 {
			return i
		}
	}
	return len(text)
}

// lineValue returns the length of a value that goes to the end of its line: without a comment, and up to the comma
// where the pair stands in brackets.
func (s *source) lineValue(text []byte, n word) int {
	end := len(text)
	if c := bytes.Index(text, []byte(" #")); c >= 0 {
		end = c
	}
	line := s.stateAt(n.start)
	if bytes.IndexByte(s.content[line.start:n.start], '{') >= 0 {
		if c := bytes.IndexAny(text[:end], ",}"); c >= 0 {
			end = c
		}
	}
	return end
}

// expression reads code after an operator: a literal inside a call, or one that stands in when something is not set.
// A bare word is a variable, unless it cannot be one.
func (s *source) expression(out []assignment, a assignment, i int) []assignment {
	limit := min(len(s.content), i+240)
	text := s.content[i:limit]
	if nl := bytes.IndexAny(text, "\n;"); nl >= 0 {
		text = text[:nl]
	}
	depth, args, open := 0, 0, 0 // open is behind the last bracket
	for j := 0; j < len(text); j++ {
		switch b := text[j]; {
		case b == '(' || b == '[':
			depth, args, open = depth+1, 0, j+1
		case b == ')' || b == ']':
			depth--
			if depth < 0 {
				return out
			}
		case b == '{' || b == '}':
			return out
		case b == ',' && depth == 0:
			return s.bareCode(out, a, i, i+j)
		case b == ',':
			args++
		case isQuote(b) || b == '\\':
			v, next, ok := s.quotedValue(a, i+j)
			if next <= i+j {
				return out
			}
			if ok && s.standsIn(text[:j], text[:open], args, depth) && s.at(s.blank(next)) != ',' {
				v.wrapped = true
				return append(out, v)
			}
			j = next - i - 1
		}
	}
	return s.bareCode(out, a, i, i+len(text))
}

// standsIn reports whether a literal after the given code is a value: the only argument of a call that reads nothing
// from elsewhere, the second of one that does, or an alternative. caller is the code up to the bracket of the call.
func (s *source) standsIn(before, caller []byte, args, depth int) bool {
	before = bytes.TrimRight(before, " \t")
	if depth == 0 {
		for _, op := range []string{"||", "??", "?:", "or", ":", "?"} {
			if bytes.HasSuffix(before, []byte(op)) {
				return true
			}
		}
		return false
	}
	call := strings.ToLower(string(caller[max(0, len(caller)-48):]))
	if n := strings.LastIndexAny(strings.TrimRight(call, "("), "() ,"); n >= 0 {
		call = call[n+1:] // of a chain the last: getDecoder().decode(
	}
	call = strings.ReplaceAll(call, "getbytes", "") // of .NET and Java: it turns a text into bytes
	reads := false
	for _, w := range []string{"env", "get", "fetch", "config", "param", "lookup", "find", "read", "prompt", "argument", "option", "require", "import", "query", "select", "load", "field", "column", "key(", "t("} {
		reads = reads || strings.Contains(call, w)
	}
	if reads {
		return args == 1
	}
	return args == 0 && bytes.HasSuffix(before, []byte("("))
}

// bareCode appends a bare word of code that cannot be a name: a number, or something with signs or digits first.
func (s *source) bareCode(out []assignment, a assignment, start, end int) []assignment {
	start, end = s.trimmed(start, end)
	word := s.content[start:end]
	if len(word) < leastValue || bytes.ContainsAny(word, " \t()[]\"'`?") {
		return out
	}
	if b := word[0]; isLetter(b) || b == '_' || b == '$' || b == '@' || b == '&' || b == '*' || b == '!' || b == '-' || b == ':' {
		return out
	}
	a.start, a.end = start, end
	return append(out, a)
}

// credential reads what follows a scheme.
func (s *source) credential(a assignment, i int) (assignment, bool) {
	end := i
	for end < len(s.content) && end-i < maxValue && (isWordByte(s.content[end]) || strings.IndexByte("+/=._~-%:$!@", s.content[end]) >= 0) {
		end++
	}
	for end > i && strings.IndexByte(".:", s.content[end-1]) >= 0 {
		end--
	}
	a.start, a.end = i, end
	return a, end-i >= 6
}
