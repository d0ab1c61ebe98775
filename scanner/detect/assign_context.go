package detect

import "bytes"

// lineState is what a line holds up to an offset: kept, so that a long line with many names is read once.
type lineState struct {
	start, at int  // of the line, and up to where it was read
	quote     byte // of the open string, or 0
	from      int  // where that string's text begins
	comment   bool
}

// contextOf says what a name stands in.
func (s *source) contextOf(n word) setting {
	switch s.genre.syntax {
	case syntaxDocs, syntaxText, syntaxMarkup:
		return inProse
	}
	l := s.stateAt(n.start)
	outer := inCode
	if s.genre.syntax != syntaxCode {
		outer = inData
	}
	if l.comment {
		return inComment
	}
	if l.quote != 0 && (l.from != n.start || s.at(n.end) != l.quote) {
		return inString
	}
	return outer
}

// lookBack bounds what is read of a line before a name.
const lookBack = 2 << 10

func (s *source) stateAt(at int) lineState {
	if s.line.at == 0 || at < s.line.at || bytes.IndexByte(s.content[s.line.at:at], '\n') >= 0 {
		start := max(0, at-lookBack)
		if n := bytes.LastIndexByte(s.content[start:at], '\n'); n >= 0 {
			start += n + 1
		}
		s.line = lineState{start: start, at: start}
		s.line.comment = s.commentLine(start)
	}
	for s.line.at < at && !s.line.comment {
		s.step()
	}
	s.line.at = at
	return s.line
}

// commentLine reports whether a line is the middle of a block comment.
func (s *source) commentLine(i int) bool {
	i = s.blank(i)
	return s.genre.syntax == syntaxCode && s.at(i) == '*' && (isSpace(s.at(i+1)) || s.at(i+1) == '\n')
}

// step reads one byte of a line, or an escaped pair.
func (s *source) step() {
	l := &s.line
	b := s.at(l.at)
	switch {
	case b == '\\' && l.quote != 0:
		l.at++
	case l.quote != 0:
		if b == l.quote {
			l.quote = 0
		}
	case isQuote(b):
		if b != '\'' || !isWordByte(s.at(l.at-1)) || s.at(l.at-2) == ' ' { // not an apostrophe, but b'x'
			l.quote, l.from = b, l.at+1
		}
	default:
		l.comment = s.beginsComment(l.at, b)
	}
	l.at++
}

func (s *source) beginsComment(i int, b byte) bool {
	next := s.at(i + 1)
	switch b {
	case '/':
		return s.genre.syntax == syntaxCode && (next == '/' || next == '*') && s.at(i-1) != ':'
	case '#':
		switch s.genre.lang {
		case "go", "js", "jvm", "dotnet", "native", "json", "sql":
			return false
		}
		before := s.at(i - 1)
		return isSpace(before) || before == '\n'
	case '-':
		return s.genre.syntax == syntaxSQL && next == '-'
	case '<':
		return next == '!' && s.at(i+2) == '-'
	case ';':
		return s.genre.lang == "ini" && s.firstOnLine(i)
	}
	return false
}
