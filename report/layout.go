package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// narrowest is the least width of a column that has to give way.
const narrowest = 10

// grid is a table for a terminal: its cells wrap and are never cut.
type grid struct {
	header []string
	right  []bool // numbers
	keep   []bool // columns that never wrap, as dates
	rows   [][]string
	bare   bool // without its header
}

func (g *grid) add(cells ...string) { g.rows = append(g.rows, cells) }

// write lays the grid out in width columns, two of them the left margin.
func (g *grid) write(w io.Writer, width int) error {
	if len(g.rows) == 0 {
		return nil
	}
	const gap = 2
	fit := g.fit(width - 2 - gap*(len(g.header)-1))
	align := make([]tw.Align, len(g.header))
	for i := range align {
		align[i] = tw.AlignLeft
		if at(g.right, i) {
			align[i] = tw.AlignRight
		}
	}
	var b bytes.Buffer
	t := tablewriter.NewTable(&b,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders: tw.BorderNone, Symbols: tw.NewSymbols(tw.StyleASCII),
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		})),
		tablewriter.WithHeaderAutoFormat(tw.Off), tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone), tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithHeaderAlignmentConfig(tw.CellAlignment{PerColumn: align}),
		tablewriter.WithRowAlignmentConfig(tw.CellAlignment{PerColumn: align}),
		tablewriter.WithPadding(tw.Padding{Left: "", Right: "  ", Overwrite: true}),
	)
	if !g.bare {
		t.Header(g.wrapped(g.header, fit))
	}
	for _, r := range g.rows {
		if err := t.Append(g.wrapped(r, fit)); err != nil {
			return fmt.Errorf("lay out a table: %w", err)
		}
	}
	if err := t.Render(); err != nil {
		return fmt.Errorf("lay out a table: %w", err)
	}
	for line := range strings.Lines(b.String()) {
		if _, err := io.WriteString(w, strings.TrimRight("  "+line, " \n")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

func at(flags []bool, i int) bool { return i < len(flags) && flags[i] }

func (g *grid) wrapped(cells []string, fit []int) []string {
	out := make([]string, len(cells))
	for i, c := range cells {
		out[i] = strings.Join(wrap(c, fit[i]), "\n")
	}
	return out
}

// fit gives every column its natural width and, as long as that is too much, takes from the widest.
func (g *grid) fit(width int) []int {
	fit := make([]int, len(g.header))
	total := 0
	for i, h := range g.header {
		fit[i] = twwidth.Width(h)
		for _, r := range g.rows {
			fit[i] = max(fit[i], twwidth.Width(r[i]))
		}
		total += fit[i]
	}
	for ; total > width; total-- {
		widest := 0
		for i := range fit {
			if !at(g.keep, i) && (fit[i] > fit[widest] || at(g.keep, widest)) {
				widest = i
			}
		}
		if fit[widest] <= narrowest || at(g.keep, widest) {
			break
		}
		fit[widest]--
	}
	return fit
}

// wrap breaks text into lines of at most width columns: at blanks, else after a slash, hyphen or comma, else anywhere.
// Text without blanks is mostly a path or an ID, whose end matters as much as its beginning. A coloured cell is
// never longer than its column, so that no sequence is broken.
func wrap(s string, width int) []string {
	if twwidth.Width(s) <= width {
		return []string{s}
	}
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		switch {
		case line == "":
			line = word
		case twwidth.Width(line)+1+twwidth.Width(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
		for twwidth.Width(line) > width {
			cut := breakAt(line, width)
			lines, line = append(lines, line[:cut]), line[cut:]
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// breakAt returns the byte after which a word is broken; it is greater than 0 and leaves whole characters.
func breakAt(word string, width int) int {
	fits, nice, used := 0, 0, 0
	for i, r := range word {
		used += twwidth.Width(string(r))
		if used > width && fits > 0 {
			break
		}
		fits = i + len(string(r))
		if strings.ContainsRune("/-,:=_@", r) && used > width/2 {
			nice = fits
		}
	}
	if nice > 0 && fits < len(word) {
		return nice
	}
	return fits
}

// The styles of terminal text. They carry nothing alone: the word says it too.
const (
	bold     = "\x1b[1m"
	boldRed  = "\x1b[1;31m"
	inverse  = "\x1b[1;7;31m"
	faint    = "\x1b[2m"
	styleEnd = "\x1b[0m"
)

func (v *view) styled(style, s string) string {
	if !v.color || s == "" {
		return s
	}
	return style + s + styleEnd
}
