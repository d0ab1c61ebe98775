package detect

import (
	"bytes"
	"regexp"
	"strings"
)

// columnList is the list of columns that was read last: kept, so that a long list with many names is read once.
type columnList struct {
	known      bool
	insert     bool // those of a statement that puts rows in a table
	at, commas int  // up to where the list was read, and how many commas that holds
}

const (
	maxColumns = 2 << 10  // bytes of a list of columns
	maxRows    = 1000     // of one statement
	maxRow     = 64 << 10 // bytes
	// rowEffort bounds what the rows of all statements may cost, in bytes for each byte of the content: each column
	// with the name of a secret reads them again.
	rowEffort = 8
)

// columns appends the values that a statement of SQL puts into the column that a name stands for:
// INSERT INTO t (id, password) VALUES (1, 'x'), (2, 'y'). ok is false where the name stands in no such list.
func (s *source) columns(out []assignment, n word, name string) (found []assignment, ok bool) {
	i := n.end
	for stop := i + maxBlank; i < stop && i < len(s.content) && (s.content[i] <= ' ' || s.content[i] == ']' || isQuote(s.content[i]) || s.content[i] == '\\'); {
		i++
	}
	if b := s.at(i); b != ',' && b != ')' {
		return out, false
	}
	column, ok := s.columnOf(n)
	if !ok {
		return out, false
	}
	if factsOf(name).class == "" || s.rows > rowEffort*len(s.content) {
		return out, true
	}
	for stop := min(len(s.content), i+maxColumns); i < stop && isColumnByte(s.content[i]); {
		i++
	}
	if s.at(i) != ')' {
		return out, true
	}
	i = s.between(i + 1)
	word := strings.ToUpper(string(s.content[i:min(len(s.content), i+len("VALUES"))]))
	a := assignment{name: name, op: opCell, given: true, where: s.contextOf(n)}
	switch {
	case word == "SELECT":
		out, _ = s.row(out, a, i+len(word), column)
	case strings.HasPrefix(word, "VALUE"):
		i += len("VALUE")
		if s.at(i)|0x20 == 's' {
			i++
		}
		for range maxRows {
			i = s.between(i)
			if s.at(i) != '(' || s.rows > rowEffort*len(s.content) {
				break
			}
			out, i = s.row(out, a, i+1, column)
			if i = s.between(i + 1); s.at(i) != ',' {
				break
			}
			i++
		}
	}
	return out, true
}

// columnOf returns the number of a column, from zero, by its name in the list of a statement that inserts.
func (s *source) columnOf(n word) (column int, ok bool) {
	l := &s.table
	if !l.known || n.start < l.at || !isColumns(s.content[l.at:n.start]) {
		open := n.start
		for open > 0 && n.start-open < maxColumns && isColumnByte(s.content[open-1]) {
			open--
		}
		*l = columnList{known: true, at: open, insert: s.at(open-1) == '(' && inserts(s.content[max(0, open-200):max(0, open-1)])}
	}
	l.commas += bytes.Count(s.content[l.at:n.start], []byte(","))
	l.at = n.start
	return l.commas, l.insert
}

// inserts reports whether text ends as a statement does before its list of columns: INSERT INTO t, INSERT [dbo].[t] of
// SQL Server, REPLACE INTO t.
func inserts(text []byte) bool {
	words := bytes.Fields(text)
	if len(words) < 2 {
		return false
	}
	verb := string(bytes.TrimLeft(words[len(words)-2], "\"'`(;"))
	return strings.EqualFold(verb, "into") || strings.EqualFold(verb, "insert")
}

func isColumnByte(b byte) bool {
	return isWordByte(b) || b == '_' || b == '.' || b == ',' || b <= ' ' || b == '[' || b == ']' || b == '\\' || b == '$' || b == '#' || isQuote(b)
}

func isColumns(text []byte) bool {
	for _, b := range text {
		if !isColumnByte(b) {
			return false
		}
	}
	return true
}

// between skips what may stand between the parts of a statement: white space, and the ends of strings that a program joins.
func (s *source) between(i int) int {
	for stop := i + maxBlank; i < stop && i < len(s.content) && (s.content[i] <= ' ' || strings.IndexByte("\"+\\", s.content[i]) >= 0); {
		i++
	}
	return i
}

// row appends the literal in one cell of a row that begins at i. end is where the row ends, at its bracket.
func (s *source) row(out []assignment, a assignment, i, column int) (found []assignment, end int) {
	from, first, depth := i, true, 0 // first: of a cell
	stop := min(len(s.content), i+maxRow)
	for ; i < stop && depth >= 0; i++ {
		b := s.content[i]
		if first && b > ' ' {
			first = false
			if column == 0 {
				if v, next, ok := s.hashed(a, i); ok {
					out = append(out, v)
					i = next - 1
					continue
				}
			}
		}
		switch {
		case b == '\'' || b == '"':
			i = s.quoteEnds(i, stop)
		case b == '(':
			depth++
		case b == ')':
			depth--
		case b == ';' && depth == 0:
			depth = -1
		case b == ',' && depth == 0:
			column, first = column-1, true
		}
	}
	s.rows += i - from
	return out, i - 1
}

// quoteEnds returns where the string of SQL ends that begins at i, or stop: a quote in it is doubled, or follows a backslash.
func (s *source) quoteEnds(i, stop int) int {
	quote := s.content[i]
	for i++; i < stop; i++ {
		switch s.content[i] {
		case '\\':
			i++
		case quote:
			if s.at(i+1) != quote {
				return i
			}
			i++
		}
	}
	return stop
}

// hashed reads the literal at i, or that of a function around it: 'x', N'x', MD5('x').
func (s *source) hashed(a assignment, i int) (v assignment, next int, ok bool) {
	for range 2 {
		if at := s.prefix(i); s.quoteAt(at) > 0 {
			return s.quotedValue(a, at)
		}
		from := i
		for i-from < 24 && (isWordByte(s.at(i)) || s.at(i) == '_') {
			i++
		}
		if i == from || s.at(i) != '(' {
			break
		}
		a.wrapped = true
		i = s.blank(i + 1)
	}
	return a, i, false
}

// identified returns where the clause goes on whose first word, IDENTIFIED, ends at i: behind BY, or behind the plugin
// that WITH names and BY.
// Source: https://dev.mysql.com/doc/refman/9.0/en/create-user.html
func (s *source) identified(i int) int {
	clause := s.content[i:min(len(s.content), i+96)]
	if m := identifiedBy.FindIndex(clause); m != nil {
		return i + m[1]
	}
	return i
}

var identifiedBy = regexp.MustCompile(`^(?i:(?:[ ]+with[ ]+['"` + "`" + `]?\w+['"` + "`" + `]?)?[ ]+by)`)
