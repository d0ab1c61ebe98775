package detect

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestOrdered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.SampledFrom([]int{1, 63, 64, 65, 4096, 4097, 300_000}).Draw(t, "size")
		all := rapid.SliceOfN(rapid.IntRange(0, size-1), 0, 40).Draw(t, "numbers")
		p := newOrdered(size)
		for _, n := range all {
			p.add(n)
		}
		slices.Sort(all)
		for _, n := range append(rapid.SliceOfN(rapid.IntRange(0, size), 1, 20).Draw(t, "asked"), append(all, 0, size)...) {
			from, before := -1, -1
			for _, m := range all {
				if m < n {
					before = m
				} else if from < 0 {
					from = m
				}
			}
			if got := p.from(n); got != from {
				t.Fatalf("first from %d of %v: %d, want %d", n, all, got, from)
			}
			if got := p.before(n); got != before {
				t.Fatalf("last before %d of %v: %d, want %d", n, all, got, before)
			}
		}
	})
}
