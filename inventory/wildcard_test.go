package inventory

import (
	"strings"
	"testing"
)

func TestWildcard(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"main", "main", true},
		{"main", "main2", false},
		{"*", "", true},
		{"*", "feature/a", true},
		{"release/*", "release/1/2", true},
		{"release/*", "release", false},
		{"*-stable", "17-10-stable", true},
		{"*-stable", "17-10-stable-ee", false},
		{"a*b*c", "a-b-b-c", true},
		{"a*b*c", "acb", false},
		{"a*a", "a", false},
		{"", "", true},
		{"", "a", false},
		{"production-[1]", "production-1", false},
	} {
		if got := Wildcard(c.pattern, c.name); got != c.want {
			t.Errorf("Wildcard(%q, %q) = %v, want %v", c.pattern, c.name, got, c.want)
		}
	}
	// A hostile pattern must not take exponential time.
	if Wildcard(strings.Repeat("*a", 2000)+"b", strings.Repeat("a", 4000)) {
		t.Error("a pattern that ends in b matched a name that does not")
	}
}
