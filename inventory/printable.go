package inventory

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable makes a name that comes from GitLab safe to print on one line: control, bidirectional, zero-width and
// other invisible characters and bytes that are no UTF-8 become escapes (`\n`, `\u202e`, `\xff`), so that a name can
// neither hide itself nor rewrite the line around it. At most max characters are returned, the last of them "…" when
// something was cut; a max of 0 or less cuts nothing. A backslash stays as it is: the text is for reading, not for parsing.
func Printable(s string, max int) string {
	var b strings.Builder
	count := 0
	keep := 0 // bytes that still leave room for the "…"
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		part := printableRune(r, s[:size])
		s = s[size:]
		count += utf8.RuneCountInString(part)
		if max > 0 && count > max {
			return b.String()[:keep] + "…"
		}
		b.WriteString(part)
		if count < max {
			keep = b.Len()
		}
	}
	return b.String()
}

func printableRune(r rune, raw string) string {
	switch {
	case r == utf8.RuneError && len(raw) == 1:
		return fmt.Sprintf(`\x%02x`, raw[0])
	case unicode.IsPrint(r):
		return raw
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r > 0xffff:
		return fmt.Sprintf(`\U%08x`, r)
	}
	return fmt.Sprintf(`\u%04x`, r)
}
