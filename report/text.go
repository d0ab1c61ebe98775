package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"nhiscan/inventory"
)

// nameMax is the longest name that a report for people shows whole, in characters. GitLab's own limits lie below it
// for paths of usual depth; what is longer is hostile or useless.
const nameMax = 200

// textMax is the same for messages and reasons, which quote several names.
const textMax = 400

// clean makes text from GitLab safe to print on one line (see inventory.Printable). Of text longer than limit
// characters the middle is left out and counted: the end of a path or message matters as much as its beginning.
// A limit of 0 is none.
func clean(s string, limit int) string {
	if limit > 0 && len(s) > limit {
		if r := []rune(s); len(r) > limit {
			tail := limit / 4
			s = string(r[:limit-tail]) + fmt.Sprintf("…[%s characters]…", number(len(r)-limit)) + string(r[len(r)-tail:])
		}
	}
	if !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		return s // most names: nothing to copy
	}
	return inventory.Printable(s, 0)
}

// number writes n with a comma between thousands.
func number(n int) string {
	s := strconv.Itoa(n)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(s) - 3; i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// count writes "1 project", "2 projects".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

// percentFrom is the smallest denominator that is printed as a percentage: of fewer, a share says nothing.
const percentFrom = 20

// share writes "691 of 743 (93 %), 19 unknown": never a bare percentage.
func share(n, of, unknown int) string {
	s := number(n) + " of " + number(of)
	if p := percent(n, of); p != "" {
		s += " (" + p + ")"
	}
	if unknown > 0 {
		s += ", " + number(unknown) + " unknown"
	}
	return s
}

// percent is empty under percentFrom. It never rounds to 0 % or 100 % what is not.
func percent(n, of int) string {
	if of < percentFrom {
		return ""
	}
	p := 100 * float64(n) / float64(of)
	switch r := math.Round(p); {
	case r == 0 && n > 0:
		return "under 1 %"
	case r == 100 && n < of:
		return "over 99 %"
	default:
		return fmt.Sprintf("%.0f %%", r)
	}
}

// confidence writes a confidence as reports do, two digits with a space in front; nothing for zero.
func confidence(c float64) string {
	if c <= 0 {
		return ""
	}
	return fmt.Sprintf(" %.2f", c)
}

// date writes the day of a moment, "never" or "unknown".
func date(w inventory.When) string {
	t, ok := w.Time()
	switch {
	case ok:
		return t.Format(time.DateOnly)
	case w.IsNever():
		return "never"
	}
	return "unknown"
}

// distance writes how far a moment lies from now: "in 6 d", "today", "19 d ago"; nothing for unknown and never.
func distance(w inventory.When, now time.Time) string {
	t, ok := w.Time()
	if !ok || now.IsZero() {
		return ""
	}
	day := 24 * time.Hour
	days := int(t.Truncate(day).Sub(now.UTC().Truncate(day)) / day)
	switch {
	case days > 0:
		return fmt.Sprintf("in %s d", number(days))
	case days < 0:
		return fmt.Sprintf("%s d ago", number(-days))
	}
	return "today"
}

// dated writes date and distance: "2026-11-28 in 6 d".
func dated(w inventory.When, now time.Time) string {
	return strings.TrimSuffix(date(w)+" "+distance(w, now), " ")
}

// minute writes a moment for people, in UTC.
func minute(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// needsText says what would show what was not seen; empty when nothing is known to.
func needsText(n inventory.Needs) string {
	var parts []string
	if n.Role != "" {
		parts = append(parts, "role "+n.Role)
	}
	if n.Scope != "" {
		parts = append(parts, "scope "+n.Scope)
	}
	if n.Tier != "" {
		parts = append(parts, "GitLab "+n.Tier)
	}
	if n.Version != "" {
		parts = append(parts, "GitLab "+n.Version+" or newer")
	}
	return clean(strings.Join(parts, ", "), textMax)
}

// levelName returns GitLab's name of an access level.
// Source: https://docs.gitlab.com/api/access_requests/#valid-access-levels
func levelName(level int) string {
	switch level {
	case 0:
		return ""
	case 5:
		return "Minimal"
	case 10:
		return "Guest"
	case 15:
		return "Planner"
	case 20:
		return "Reporter"
	case 25:
		return "Security Manager"
	case 30:
		return "Developer"
	case 40:
		return "Maintainer"
	case 50:
		return "Owner"
	case 60:
		return "Administrator"
	}
	return strconv.Itoa(level)
}

// orUnknown returns s, or the word when it is empty.
func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
