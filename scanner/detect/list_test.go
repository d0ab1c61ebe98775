package detect

import (
	"slices"
	"testing"
)

func TestDetectors_lists_each_once(t *testing.T) {
	all, err := Detectors()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	kinds := map[string]int{}
	for _, d := range all {
		if seen[d.ID] || d.Title == "" {
			t.Errorf("%q stands twice, or has no title", d.ID)
		}
		seen[d.ID] = true
		kinds[d.Kind]++
	}
	if kinds["gitlab"] < 14 || kinds["format"] < 150 || kinds["catalogue"] < 180 || !slices.IsSortedFunc(all, func(a, b Described) int { return compareText(a.ID, b.ID) }) {
		t.Errorf("%v, want GitLab's own, our formats and the catalogue, sorted", kinds)
	}
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
