package gate

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"nhiscan/scanner/detect"
)

// TextOptions say how to print a result.
type TextOptions struct {
	Base     string // the merge base, for commands
	Staged   bool   // the change is not committed yet
	Pushed   bool   // the change is a push that has not been taken yet
	Baseline string // the baseline's path in the repository
	Program  string // how this program is called in commands
}

// maxShown is how many secrets are printed: nobody reads more in a job's log.
const maxShown = 20

// WriteText prints what a developer needs to act: at most 20 secrets, each with its place, why it counts, and what to do.
func (r *Result) WriteText(w io.Writer, o TextOptions) error {
	b := &strings.Builder{}
	for i, s := range r.New {
		if i == maxShown {
			fmt.Fprintf(b, "… and %d more; --format json lists all\n\n", len(r.New)-maxShown)
			break
		}
		writeSecret(b, i+1, s, o)
	}
	if len(r.New) > 0 {
		r.writeHelp(b, o)
	}
	for _, s := range r.Accepted {
		fmt.Fprintf(b, "accepted: %s in %s (%s)\n", s.Detector, s.Places[0].text(), safe(s.Accepted.String(), 300))
	}
	b.WriteString(r.summary())
	_, err := io.WriteString(w, b.String())
	return err
}

func writeSecret(b *strings.Builder, number int, s Secret, o TextOptions) {
	first := s.Places[0]
	fmt.Fprintf(b, "%d. %s: %s\n", number, first.text(), safe(s.Description, 200))
	line := func(name, text string) { fmt.Fprintf(b, "   %-9s %s\n", name, text) }
	what := s.Detector
	if s.Hint != "" {
		what += " " + s.Hint
	}
	line("what", fmt.Sprintf("%s, confidence %.2f, finding %s", what, s.Confidence, first.ID[:12]))
	if first.Commit != "" {
		line("commit", fmt.Sprintf("%s %s, %s", abbreviate(first.Commit), first.Date.Format("2006-01-02"), safe(first.Author, 100)))
	}
	line("why", safe(strings.Join(s.Why(first.Finding), "; "), 400))
	for i, p := range s.Places[1:] {
		if i == 4 {
			line("also", fmt.Sprintf("%d more places", len(s.Places)-5+s.More))
			break
		}
		line("also", p.text()+" "+abbreviate(p.Commit))
	}
	if s.Exempted != "" {
		line("note", safe(s.Exempted+" does not count: it must stand at the merge base already", 300))
	}
	if s.Accepted != nil {
		line("note", safe(fmt.Sprintf("was accepted and has expired: %s", s.Accepted), 300))
	}
	for i, step := range remedy(s.Detector) {
		name := ""
		if i == 0 {
			name = "rotate"
		}
		line(name, step)
	}
	b.WriteString("\n")
}

// Why lists the reasons of one of its findings, and why the value counts as new.
func (s Secret) Why(f detect.Finding) []string {
	return append(slices.Clone(f.Reasons), s.newness())
}

// newness says why the value counts as new.
func (s Secret) newness() string {
	if s.Before == 0 {
		return "the merge base does not hold it"
	}
	return fmt.Sprintf("a further copy: the merge base holds it %s, this change %s", times(s.Before), times(s.After))
}

func (p Place) text() string {
	return fmt.Sprintf("%s:%d:%d", safe(p.Path, 200), p.Finding.Line, p.Finding.Column)
}

func (r *Result) summary() string {
	text := fmt.Sprintf("%s in %s, %s; %s",
		count(len(r.New), "new secret"), count(r.Scanned.Commits, "commit"), count(r.Scanned.Files, "changed file"), count(len(r.Accepted), "accepted secret"))
	n := 0
	for _, s := range r.Scanned.Skipped {
		if s.Path != wholeChange {
			n++
		}
	}
	if n > 0 {
		text += fmt.Sprintf("; %s not searched whole", count(n, "file"))
	}
	return text + "\n"
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func abbreviate(id string) string { return id[:min(len(id), 12)] }

// safe makes text from a repository fit for a terminal: without control characters, and cut.
func safe(s string, limit int) string {
	s = strings.Map(func(c rune) rune {
		if c == utf8.RuneError || !unicode.IsPrint(c) {
			return '\uFFFD'
		}
		return c
	}, s)
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return s
}
