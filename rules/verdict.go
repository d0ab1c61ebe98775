package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"nhiscan/inventory"
)

// answer is what a rule says about one subject.
type answer uint8

const (
	unknown answer = iota // the zero answer: nothing was proved
	pass
	fail
	notApplicable
)

// String returns the answer as reports write it.
func (a answer) String() string {
	return [...]string{"unknown", "pass", "fail", "not-applicable"}[a]
}

// Verdict is a rule's answer on one subject. The zero Verdict is unknown without a reason.
type Verdict struct {
	answer   answer
	message  string // of a fail: what follows the subject's name
	evidence []string
	base     inventory.Severity // of a fail; 0 takes the rule's
	extra    []step             // of a fail, beside the common modifiers
	reason   reason             // of an unknown
}

// The answers that carry nothing else.
var (
	Ok            = Verdict{answer: pass}
	NotApplicable = Verdict{answer: notApplicable}
)

// reason says why an answer is unknown. Its place is kept apart, so that one reason counts once over many homes.
type reason struct{ before, place, after string }

func (r reason) String() string { return r.before + r.place + r.after }

// Unknown says that a fact the rule needs was not shown. Text arguments are made printable.
func Unknown(format string, args ...any) Verdict {
	return Verdict{reason: reason{before: fmt.Sprintf(format, printable(args)...)}}
}

// Fail says that the rule is not met. The text follows the subject's name ("never expires (policy: …); set …"),
// and holds the numbers that decided. Text arguments are made printable.
func Fail(format string, args ...any) Verdict {
	return Verdict{answer: fail, message: fmt.Sprintf(format, printable(args)...)}
}

// With adds evidence: a field, its value and the threshold. Text arguments are made printable.
func (v Verdict) With(format string, args ...any) Verdict {
	v.evidence = append(slices.Clip(v.evidence), fmt.Sprintf(format, printable(args)...))
	return v
}

// At replaces the rule's base severity.
func (v Verdict) At(base inventory.Severity) Verdict {
	v.base = base
	return v
}

// Raise adds one step of severity for a reason of the rule's own.
func (v Verdict) Raise(why string) Verdict {
	v.extra = append(slices.Clip(v.extra), step{1, why})
	return v
}

// safe is text that is printable already and must not be cut.
type safe string

// nameLength is how many characters of a foreign name a message shows.
const nameLength = 80

// printable makes every text argument safe to print: names come from GitLab and may hold anything.
func printable(args []any) []any {
	out := slices.Clone(args)
	for i, a := range out {
		if s, ok := a.(string); ok {
			out[i] = inventory.Printable(s, nameLength)
		}
	}
	return out
}

// few joins the first three of the given texts and counts the rest. The texts are sorted, so that the
// order of rows does not show.
func few(texts []string) safe {
	texts = slices.Clone(texts)
	slices.Sort(texts)
	texts = slices.Compact(texts)
	const shown = 3
	var b strings.Builder
	for i, t := range texts[:min(shown, len(texts))] {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(inventory.Printable(t, nameLength))
	}
	if more := len(texts) - shown; more > 0 {
		fmt.Fprintf(&b, " and %d more", more)
	}
	return safe(b.String())
}

// day writes a moment as its date. Messages say days, not how long ago they were: a gap that stays the same is the same row
// in every scan.
func day(w inventory.When) safe {
	t, ok := w.Time()
	if !ok {
		return safe(w.String())
	}
	return safe(t.Format(time.DateOnly))
}

// count writes a number with its noun: "1 project", "3 projects".
func count(n int, noun string) safe {
	if n == 1 {
		return safe("1 " + noun)
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok && !strings.HasSuffix(noun, "day") {
		return safe(fmt.Sprintf("%d %sies", n, stem))
	}
	return safe(fmt.Sprintf("%d %ss", n, noun))
}
