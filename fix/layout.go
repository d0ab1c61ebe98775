package fix

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// layout is where things stand in the text of a pipeline file: what a change of the text needs and the resolved
// configuration no longer has.
type layout struct {
	text   []byte
	lines  []string
	starts []int // offset of each line, and of the end
	root   *yaml.Node
	lists  []*list
}

// list is a sequence that may be the script of jobs.
type list struct {
	node   *yaml.Node
	holder *yaml.Node // mapping in which it stands, under key; nil for a list in a list
	key    *yaml.Node
	top    string // top-level key below which it stands
	flow   bool
	items  []item
}

// item is one entry of a list, on the lines from first to before last (0-based).
type item struct {
	node        *yaml.Node
	first, last int
}

// maxDepth is how deep lists and mappings are looked at.
const maxDepth = 100

var errForeign = errors.New("the file is laid out in a way that is not changed by program")

// newLayout reads a file that ciyaml has read, so that its size and depth are bounded.
func newLayout(text []byte) (*layout, error) {
	l := &layout{text: text, lines: splitLines(text), starts: []int{0}}
	for _, line := range l.lines {
		l.starts = append(l.starts, l.starts[len(l.starts)-1]+len(line))
	}
	loader, err := yaml.NewLoader(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	var documents []*yaml.Node
	for {
		var n yaml.Node
		err := loader.Load(&n)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		documents = append(documents, &n)
	}
	// A first document with spec is a header, and the last one then the configuration.
	for i, d := range documents {
		if len(d.Content) == 1 && d.Content[0].Kind == yaml.MappingNode && (i == 0 && entryOf(d.Content[0], "spec") == nil || i > 0 && i == len(documents)-1 && l.root == nil) {
			l.root = d.Content[0]
		}
	}
	if l.root == nil {
		return nil, errForeign
	}
	for i := 0; i+1 < len(l.root.Content); i += 2 {
		l.collect(l.root, l.root.Content[i], l.root.Content[i+1], l.root.Content[i].Value, 0)
	}
	return l, nil
}

// entryOf is the value under a key of a mapping, written in it; nil where there is none.
func entryOf(mapping *yaml.Node, key string) *yaml.Node {
	if i := indexOf(mapping, key); i >= 0 {
		return mapping.Content[i+1]
	}
	return nil
}

// indexOf is where the last key of this name stands in a mapping; -1: nowhere.
func indexOf(mapping *yaml.Node, key string) int {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return -1
	}
	for i := len(mapping.Content) - 2; i >= 0; i -= 2 {
		if mapping.Content[i].Value == key {
			return i
		}
	}
	return -1
}

func (l *layout) collect(holder, key, n *yaml.Node, top string, depth int) {
	if depth > maxDepth {
		return
	}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			l.collect(n, n.Content[i], n.Content[i+1], top, depth+1)
		}
	case yaml.SequenceNode:
		if n.Tag == "!reference" {
			return
		}
		s := &list{node: n, holder: holder, key: key, top: top, flow: n.Style&yaml.FlowStyle != 0}
		l.lists = append(l.lists, s)
		for _, c := range n.Content {
			s.items = append(s.items, l.item(s, c))
			l.collect(nil, nil, c, top, depth+1)
		}
	}
}

// item finds the lines of an entry: to the next line that is not indented deeper than the dash.
func (l *layout) item(s *list, n *yaml.Node) item {
	first := min(max(n.Line-1, 0), len(l.lines)-1)
	if s.flow {
		return item{n, first, first + 1}
	}
	last := first + 1
	for last < len(l.lines) && (blank(l.lines[last]) || indent(l.lines[last]) >= s.node.Column) {
		last++
	}
	for last > first+1 && blank(l.lines[last-1]) {
		last--
	}
	return item{n, first, last}
}

// script finds the entry of a list that a command of a job stands in.
func (l *layout) script(line, column int) (*list, int) {
	for _, s := range l.lists {
		for i, it := range s.items {
			n := it.node
			at, col := n.Line, n.Column
			if n.Style&yaml.LiteralStyle != 0 {
				at, col = at+1, 0
			}
			if n.Kind == yaml.ScalarNode && at == line && (col == column || column == 0) {
				return s, i
			}
		}
	}
	return nil, 0
}

// dashed reports whether an entry of a block list begins at its dash.
func (l *layout) dashed(s *list, it item) bool {
	line := l.lines[it.first]
	at := s.node.Column - 1
	return !s.flow && len(line) > at && line[at] == '-' && strings.TrimLeft(line[:at], " ") == ""
}

// removeItem is the edit that takes an entry out of a block list.
func (l *layout) removeItem(e *edits, s *list, it item) error {
	if !l.dashed(s, it) {
		return errForeign
	}
	e.add(l.starts[it.first], l.starts[it.last], "")
	return nil
}

// removeEntry takes a key with its value out of a block mapping.
func (l *layout) removeEntry(e *edits, mapping *yaml.Node, i int) error {
	if mapping.Style&yaml.FlowStyle != 0 {
		return errForeign
	}
	key := mapping.Content[i]
	first := key.Line - 1
	if indent(l.lines[first]) != key.Column-1 {
		return errForeign
	}
	last := first + 1
	dash := mapping.Content[i+1].Kind == yaml.SequenceNode // its dashes may stand below the key
	for last < len(l.lines) {
		line := l.lines[last]
		if !blank(line) && indent(line) < key.Column && !(dash && indent(line) == key.Column-1 && strings.HasPrefix(strings.TrimLeft(line, " "), "- ")) {
			break
		}
		last++
	}
	for last > first+1 && blank(l.lines[last-1]) {
		last--
	}
	e.add(l.starts[first], l.starts[last], "")
	return nil
}

// before is the line at which something goes in before a key or entry, above the comments that belong to it.
func (l *layout) before(line, column int) int {
	at := line - 1
	for at > 0 && strings.HasPrefix(strings.TrimLeft(l.lines[at-1], " "), "#") && indent(l.lines[at-1]) == column-1 {
		at--
	}
	return at
}

// insertLines puts lines before a line of the file, with its indentation in columns and its way to end lines.
func (l *layout) insertLines(e *edits, at, column int, lines []string) {
	end := "\n"
	if strings.HasSuffix(l.lines[at], "\r\n") || at > 0 && strings.HasSuffix(l.lines[at-1], "\r\n") && !strings.HasSuffix(l.lines[at], "\n") {
		end = "\r\n"
	}
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(strings.Repeat(" ", column-1) + line + end)
	}
	e.add(l.starts[at], l.starts[at], b.String())
}

// offset is that of a place, column in characters.
func (l *layout) offset(line, column int) (int, error) {
	if line < 1 || line > len(l.lines) {
		return 0, errForeign
	}
	text, at := l.lines[line-1], 0
	for range column - 1 {
		if at >= len(text) {
			return 0, errForeign
		}
		_, n := utf8.DecodeRuneInString(text[at:])
		at += n
	}
	return l.starts[line-1] + at, nil
}

// insertItems puts entries at the beginning of a list.
func (l *layout) insertItems(e *edits, s *list, entries []string) error {
	if s.flow {
		if len(s.items) == 0 {
			return errForeign
		}
		at, err := l.offset(s.items[0].node.Line, s.items[0].node.Column)
		if err != nil {
			return err
		}
		var b strings.Builder
		for _, entry := range entries {
			b.WriteString(flowText(entry) + ", ")
		}
		e.add(at, at, b.String())
		return nil
	}
	if len(s.items) == 0 || indent(l.lines[s.node.Line-1]) != s.node.Column-1 {
		return errForeign
	}
	var lines []string
	for _, entry := range entries {
		lines = append(lines, "- "+blockText(entry))
	}
	l.insertLines(e, l.before(s.node.Line, s.node.Column), s.node.Column, lines)
	return nil
}

// insertEntry puts a key into a mapping, before one of its keys that are named, or else before its first. inline is the
// key and its value in flow style, lines the same in block style, where %s stands for a step of indentation.
func (l *layout) insertEntry(e *edits, mapping *yaml.Node, inline string, lines []string, before ...string) error {
	if len(mapping.Content) == 0 {
		return errForeign
	}
	key := mapping.Content[0]
	for _, name := range before {
		if i := indexOf(mapping, name); i >= 0 {
			key = mapping.Content[i]
			break
		}
	}
	if mapping.Style&yaml.FlowStyle != 0 {
		at, err := l.offset(key.Line, key.Column)
		if err != nil {
			return err
		}
		e.add(at, at, inline+", ")
		return nil
	}
	if indent(l.lines[key.Line-1]) != key.Column-1 {
		return errForeign
	}
	step := strings.Repeat(" ", max(2, min(8, l.step())))
	var out []string
	for _, line := range lines {
		out = append(out, strings.ReplaceAll(line, "\t", step))
	}
	l.insertLines(e, l.before(key.Line, key.Column), key.Column, out)
	return nil
}

// step is how deep the file indents the keys of its first job.
func (l *layout) step() int {
	for i := 1; i < len(l.root.Content); i += 2 {
		n := l.root.Content[i]
		if n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle == 0 && len(n.Content) > 0 {
			return n.Content[0].Column - l.root.Content[i-1].Column
		}
	}
	return 2
}

func blank(line string) bool { return strings.TrimSpace(line) == "" }

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// blockText writes a text as a scalar of a block list, plain where it can be.
func blockText(s string) string {
	if !strings.ContainsFunc(s, unicode.IsControl) && !strings.ContainsAny(s[:1], "!&*?|>%@`'\"#,[]{}:- ") && !strings.Contains(s, ": ") && !strings.Contains(s, " #") && !strings.HasSuffix(s, ":") {
		return s
	}
	return flowText(s)
}

// flowText writes a text as a quoted scalar.
func flowText(s string) string {
	if strings.ContainsFunc(s, unicode.IsControl) {
		if text, err := json.Marshal(s); err == nil { // YAML reads JSON's texts
			return string(text)
		}
	}
	if !strings.Contains(s, "'") {
		return "'" + s + "'"
	}
	return fmt.Sprintf(`"%s"`, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s))
}
