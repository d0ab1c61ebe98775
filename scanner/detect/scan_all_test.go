package detect

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestScanAllKeepsTheOrder(t *testing.T) {
	defer goleak.VerifyNone(t)
	rapid.Check(t, func(r *rapid.T) {
		items := rapid.SliceOf(rapid.IntRange(0, 50)).Draw(r, "items")
		workers := rapid.IntRange(-1, 8).Draw(r, "workers")
		stop := rapid.IntRange(0, len(items)).Draw(r, "stop")
		slow := func(n int) int {
			for range n * 100 { // later items are often done first
				atomic.AddInt64(new(int64), 1)
			}
			return 2 * n
		}
		var got []int
		for n := range ScanAll(t.Context(), slices.Values(items), workers, slow) {
			if len(got) == stop {
				break
			}
			got = append(got, n)
		}
		for i, n := range got {
			if n != 2*items[i] {
				r.Fatalf("result %d = %d, want %d", i, n, 2*items[i])
			}
		}
		if len(got) != stop {
			r.Fatalf("%d results, want %d", len(got), stop)
		}
	})
}

func TestScanAllHoldsFewItems(t *testing.T) {
	const workers = 3
	var taken, given int64
	in := func(yield func(int) bool) {
		for i := range 1000 {
			if d := atomic.AddInt64(&taken, 1) - atomic.LoadInt64(&given); d > 2*workers+2 {
				t.Errorf("%d items are held", d)
			}
			if !yield(i) {
				return
			}
		}
	}
	for range ScanAll(t.Context(), in, workers, func(n int) int { return n }) {
		atomic.AddInt64(&given, 1)
	}
}

func TestScanAllStopsWithItsContext(t *testing.T) {
	defer goleak.VerifyNone(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	endless := func(yield func(int) bool) {
		for yield(1) {
		}
	}
	n := 0
	for range ScanAll(ctx, endless, 2, func(n int) int { return n }) {
		if n++; n == 10 {
			cancel()
		}
	}
	if n < 10 || n > 100 {
		t.Errorf("%d results, want few more than 10", n)
	}
}
