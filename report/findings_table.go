package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// advice is what to do about any secret that was found.
const advice = "Revoke or rotate the credential at its issuer, then remove it from the file; a value that was ever committed stays readable in the history."

// describe is one sentence on a finding, for formats with room for one.
func describe(f Finding) string {
	text := orUnknown(strings.TrimSuffix(f.Title, "."))
	if f.Hint != "" {
		text += " (" + f.Hint + ")"
	}
	text += fmt.Sprintf(", confidence %.2f", f.Confidence)
	if len(f.Reasons) > 0 {
		text += ": " + strings.Join(f.Reasons, ", ")
	}
	return text + "."
}

// skippedShown is how many paths the table names for each reason.
const skippedShown = 5

func writeFindingsTable(w io.Writer, f *Findings, o FindingsOptions) error {
	t := &page{w: w, v: partView(&Document{}, o.Options, nil)}
	for i := range f.Findings {
		t.finding(&f.Findings[i])
	}
	if len(f.Findings) > 0 {
		t.raw("")
	}
	t.found(f)
	t.skipped(f)
	return t.err
}

// finding is a block of two to four lines: where, what, since when, why.
func (t *page) finding(f *Finding) {
	t.raw(t.v.styled(bold, fmt.Sprintf("%s:%d:%d", clean(f.Path, nameMax), f.Line, f.Column)))
	what := clean(f.Detector, nameMax)
	if f.Hint != "" {
		what += " " + clean(f.Hint, 40)
	}
	t.line("  %s  %s", t.confidence(f.Confidence), what)
	if f.Commit != "" {
		day, _, _ := strings.Cut(f.Date, "T")
		t.line("        commit %.12s%s%s", f.Commit, spaced(clean(day, 20)), spaced(clean(f.Author, nameMax)))
	}
	if len(f.Reasons) > 0 {
		t.line("        %s", clean(strings.Join(f.Reasons, "; "), textMax))
	}
}

func spaced(s string) string {
	if s == "" {
		return ""
	}
	return ", " + s
}

func (t *page) confidence(c float64) string {
	text := fmt.Sprintf("%.2f", c)
	if severityOf(c) == "critical" {
		return t.v.styled(boldRed, text)
	}
	return text
}

// found is the summary: what was found in how much, and what the list leaves out.
func (t *page) found(f *Findings) {
	t.line("%s in %s.", count(len(f.Findings), "secret", "secrets"), f.Scanned.text())
	if f.Hidden > 0 {
		t.line("%s below confidence %.2f not shown; --min-confidence 0 shows all.", count(f.Hidden, "finding", "findings"), f.Threshold)
	}
}

func (s *Scanned) text() string {
	var parts []string
	if s.Files > 0 || s.Blobs == 0 {
		parts = append(parts, count(s.Files, "file", "files"))
	}
	if s.Blobs > 0 {
		parts = append(parts, count(s.Blobs, "content of the history", "contents of the history"))
	}
	return strings.Join(parts, " and ") + ", " + size(s.Bytes)
}

func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%d kB", n>>10)
	}
	return count(int(n), "byte", "bytes")
}

// skipped lists what was not searched, by reason, the most frequent first.
func (t *page) skipped(f *Findings) {
	if !f.Complete {
		t.line("%s: something that was asked for could not be read.", t.v.styled(boldRed, "Incomplete"))
	}
	if len(f.Scanned.Skipped) == 0 {
		return
	}
	paths := map[string][]string{}
	var reasons []string
	for _, s := range f.Scanned.Skipped {
		if len(paths[s.Reason]) == 0 {
			reasons = append(reasons, s.Reason)
		}
		paths[s.Reason] = append(paths[s.Reason], s.Path)
	}
	slices.SortStableFunc(reasons, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(paths[b]), len(paths[a])), cmp.Compare(a, b))
	})
	t.line("%s not searched:", number(len(f.Scanned.Skipped)))
	for _, r := range reasons {
		all := paths[r]
		var names []string
		for _, p := range all[:min(len(all), skippedShown)] {
			names = append(names, clean(p, nameMax))
		}
		if more := len(all) - len(names); more > 0 {
			names = append(names, "and "+number(more)+" more")
		}
		t.line("  %s %s: %s", number(len(all)), clean(r, textMax), strings.Join(names, ", "))
	}
}
