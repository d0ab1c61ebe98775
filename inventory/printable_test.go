package inventory

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestPrintable(t *testing.T) {
	for _, c := range []struct {
		name, in string
		max      int
		want     string
	}{
		{"plain_stays", "registry-pull", 80, "registry-pull"},
		{"letters_of_any_script_stay", "Schlüssel 鍵", 80, "Schlüssel 鍵"},
		{"newline_and_escape_sequence", "a\n\x1b[31mb", 80, `a\n\u001b[31mb`},
		{"right_to_left_override", "safe\u202Eexe", 80, `safe\u202eexe`},
		{"zero_width", "a\u200bb\ufeff", 80, `a\u200bb\ufeff`},
		{"tag_characters", "a\U000e0041", 80, `a\U000e0041`},
		{"not_utf8", "a\xffb", 80, `a\xffb`},
		{"cut", "abcdef", 4, "abc…"},
		{"exactly_long_enough", "abcd", 4, "abcd"},
		{"an_escape_is_not_split", "ab\x00", 4, "ab…"},
		{"zero_cuts_nothing", "abcdef", 0, "abcdef"},
		{"empty", "", 4, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Printable(c.in, c.max); got != c.want {
				t.Errorf("Printable(%q, %d) = %q, want %q", c.in, c.max, got, c.want)
			}
		})
	}
}

func TestPrintableIsShortAndVisible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in, max := rapid.String().Draw(t, "in"), rapid.IntRange(1, 40).Draw(t, "max")
		got := Printable(in, max)
		if n := utf8.RuneCountInString(got); n > max {
			t.Fatalf("Printable(%q, %d) = %q: %d characters", in, max, got, n)
		}
		for _, r := range got {
			if !unicode.IsPrint(r) {
				t.Fatalf("Printable(%q, %d) = %q: %U is not visible", in, max, got, r)
			}
		}
	})
}
