package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// fitHelp breaks help texts and flags for a terminal, which itself breaks words.
func fitHelp(root *cobra.Command, width int) {
	template := root.UsageTemplate()
	for _, flags := range []string{".LocalFlags", ".InheritedFlags"} {
		template = strings.ReplaceAll(template, flags+".FlagUsages", fmt.Sprintf("(%s.FlagUsagesWrapped %d)", flags, width))
	}
	root.SetUsageTemplate(template)
	for _, c := range append(root.Commands(), root) {
		c.Long = broken(c.Long, width)
	}
}

// broken breaks the lines of text that are longer than width at spaces. Paragraphs, with a blank line between them, are
// filled anew; one whose lines all fit stays as it is.
func broken(text string, width int) string {
	paragraphs := strings.Split(text, "\n\n")
	for i, p := range paragraphs {
		long := false
		for line := range strings.Lines(p) {
			long = long || len([]rune(strings.TrimSuffix(line, "\n"))) > width
		}
		if !long {
			continue
		}
		var b strings.Builder
		column := 0
		for _, word := range strings.Fields(p) {
			n := len([]rune(word))
			switch {
			case column > 0 && column+1+n > width:
				b.WriteByte('\n')
				column = 0
			case column > 0:
				b.WriteByte(' ')
				column++
			}
			b.WriteString(word)
			column += n
		}
		paragraphs[i] = b.String()
	}
	return strings.Join(paragraphs, "\n\n")
}
