package fix

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// edit puts text in the place of the bytes from start to end of a file.
type edit struct {
	start, end int
	text       string
}

// edits are changes of one file: they do not overlap, and those at one place apply in the order in which they were
// added.
type edits []edit

// add records a change. Where it lies within one that was recorded already, as a line of an entry that is deleted, that
// one holds; so does a change that stands already.
func (e *edits) add(start, end int, text string) {
	for _, o := range *e {
		if o.start == start && o.end == end && o.text == text || o.start < o.end && start < end && o.start <= start && end <= o.end {
			return
		}
	}
	*e = append(slices.DeleteFunc(*e, func(o edit) bool { return start < end && o.start < o.end && start <= o.start && o.end <= end }), edit{start, end, text})
}

// sorted returns the edits in the order of the file.
func (e edits) sorted() edits {
	out := slices.Clone(e)
	slices.SortStableFunc(out, func(a, b edit) int { // what goes in before a line comes before what becomes of it
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(min(1, a.end-a.start), min(1, b.end-b.start)))
	})
	return out
}

// apply returns the text with the edits made. It fails where two overlap.
func (e edits) apply(text []byte) ([]byte, error) {
	var out bytes.Buffer
	at := 0
	for _, c := range e.sorted() {
		if c.start < at || c.end > len(text) {
			return nil, fmt.Errorf("two changes meet in one line")
		}
		out.Write(text[at:c.start])
		out.WriteString(c.text)
		at = c.end
	}
	out.Write(text[at:])
	return out.Bytes(), nil
}

// around is how many lines a hunk shows around what changes.
const around = 3

// change is lines of a file, from the first to before the last, and what takes their place.
type change struct {
	first, last int
	lines       []string
}

// diff writes the edits as a unified diff for git apply. path is within the repository, with slashes.
func (e edits) diff(text []byte, path string) string {
	lines := splitLines(text)
	changes := e.changes(text, lines)
	if len(changes) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "--- %s\n+++ %s\n", quoted("a/"+path), quoted("b/"+path))
	shift := 0
	for len(changes) > 0 {
		n := 1
		for n < len(changes) && changes[n].first-changes[n-1].last <= 2*around {
			n++
		}
		shift = hunk(&b, lines, changes[:n], shift)
		changes = changes[n:]
	}
	return b.String()
}

// changes are the edits as whole lines, in order and apart.
func (e edits) changes(text []byte, lines []string) []change {
	starts := make([]int, len(lines)+1)
	for i, l := range lines {
		starts[i+1] = starts[i] + len(l)
	}
	lineOf := func(offset int) int {
		i, exact := slices.BinarySearch(starts, offset)
		if exact && (i < len(lines) || bytes.HasSuffix(text, []byte("\n"))) {
			return i
		}
		return i - 1
	}
	var out []change
	sorted := e.sorted()
	for i := 0; i < len(sorted); {
		first, last := span(sorted[i], lineOf, starts)
		j := i + 1
		for j < len(sorted) { // edits that touch the same lines, or follow each other without a line between
			f, l := span(sorted[j], lineOf, starts)
			if f > last {
				break
			}
			last = max(last, l)
			j++
		}
		part := slices.Clone(sorted[i:j])
		for k := range part {
			part[k].start -= starts[first]
			part[k].end -= starts[first]
		}
		after, err := edits(part).apply(text[starts[first]:starts[last]])
		if err == nil {
			out = append(out, trimmed(lines, change{first, last, splitLines(after)}))
		}
		i = j
	}
	return slices.DeleteFunc(out, func(c change) bool { return c.first == c.last && len(c.lines) == 0 })
}

// span is the lines that an edit touches: none where it inserts whole lines before one.
func span(c edit, lineOf func(int) int, starts []int) (first, last int) {
	first = lineOf(c.start)
	if c.start == c.end && starts[first] == c.start && strings.HasSuffix(c.text, "\n") {
		return first, first
	}
	last = lineOf(c.end)
	if starts[last] < c.end || c.start == c.end {
		last++
	}
	return first, min(last, len(starts)-1)
}

// trimmed leaves lines out of a change that stay as they are.
func trimmed(lines []string, c change) change {
	for c.first < c.last && len(c.lines) > 0 && lines[c.first] == c.lines[0] {
		c.first, c.lines = c.first+1, c.lines[1:]
	}
	for c.first < c.last && len(c.lines) > 0 && lines[c.last-1] == c.lines[len(c.lines)-1] {
		c.last, c.lines = c.last-1, c.lines[:len(c.lines)-1]
	}
	return c
}

// hunk writes one hunk. shift is how many lines those before it have added; the result is that with its own.
func hunk(b *strings.Builder, lines []string, changes []change, shift int) int {
	first := max(0, changes[0].first-around)
	last := min(len(lines), changes[len(changes)-1].last+around)
	added := 0
	for _, c := range changes {
		added += len(c.lines) - (c.last - c.first)
	}
	fmt.Fprintf(b, "@@ -%s +%s @@\n", lineRange(first, last-first), lineRange(first+shift, last-first+added))
	at := first
	for _, c := range changes {
		write(b, ' ', lines[at:c.first])
		write(b, '-', lines[c.first:c.last])
		write(b, '+', c.lines)
		at = c.last
	}
	write(b, ' ', lines[at:last])
	return shift + added
}

func lineRange(first, n int) string {
	if n == 0 {
		return fmt.Sprintf("%d,0", first)
	}
	return fmt.Sprintf("%d,%d", first+1, n)
}

func write(b *strings.Builder, mark byte, lines []string) {
	for _, l := range lines {
		b.WriteByte(mark)
		b.WriteString(l)
		if !strings.HasSuffix(l, "\n") {
			b.WriteString("\n\\ No newline at end of file\n")
		}
	}
}

// splitLines cuts a text into lines that keep their ends.
func splitLines(text []byte) []string {
	return slices.Collect(strings.Lines(string(text)))
}

// quoted writes a file's name as git does: in quotes where it holds what would end it, and with a tab behind a space.
// Source: https://git-scm.com/docs/git-config#Documentation/git-config.txt-corequotePath
func quoted(name string) string {
	special := func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r == 0x7f }
	if strings.ContainsFunc(name, special) {
		var b strings.Builder
		b.WriteByte('"')
		for i := range len(name) {
			switch c := name[i]; {
			case c == '"' || c == '\\':
				b.WriteString("\\" + string(c))
			case c < ' ' || c == 0x7f:
				fmt.Fprintf(&b, "\\%03o", c)
			default:
				b.WriteByte(c)
			}
		}
		b.WriteByte('"')
		return b.String()
	}
	if strings.Contains(name, " ") {
		return name + "\t"
	}
	return name
}
