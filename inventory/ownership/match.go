package ownership

import (
	"strings"

	"nhiscan/inventory"
)

// subject is what an owner is looked for: one credential, or one identity.
type subject struct {
	id, identity string // of the credential or identity; the identity behind a credential
	kind         string
	home         string
	names        []string // its own and its identity's
	descriptions []string // likewise
	keys         []string // of the variables that hold its value
}

// rule returns the most specific rule for a subject in one of the given home paths, or nil. Of equally specific ones the later
// wins. A named identity is more specific than a variable's key, that more than a path, that more than a kind; of two
// patterns of a sort the one with more literal characters.
func (f *File) rule(s subject, paths []string) *Rule {
	var best *Rule
	var bestScore [4]int
	if f == nil {
		return nil
	}
	for i := range f.Rules {
		r := &f.Rules[i]
		if !r.matches(s, paths) {
			continue
		}
		if score := r.specificity(); best == nil || !less(score, bestScore) {
			best, bestScore = r, score
		}
	}
	return best
}

func (r *Rule) matches(s subject, paths []string) bool {
	if r.Identity != "" && r.Identity != s.id && r.Identity != s.identity {
		return false
	}
	if r.Kind != "" && r.Kind != s.kind {
		return false
	}
	return anyMatch(r.Path, paths) && anyMatch(r.Variable, s.keys)
}

// anyMatch reports whether a pattern matches any of the names; no pattern matches always.
func anyMatch(pattern string, names []string) bool {
	if pattern == "" {
		return true
	}
	for _, n := range names {
		if inventory.Wildcard(pattern, n) {
			return true
		}
	}
	return false
}

func (r *Rule) specificity() [4]int {
	literal := func(pattern string) int { return len(pattern) - strings.Count(pattern, "*") }
	return [4]int{literal(r.Identity), literal(r.Variable), literal(r.Path), literal(r.Kind)}
}

func less(a, b [4]int) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}
