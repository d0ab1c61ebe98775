package detect

import (
	"context"
	"iter"
	"sync"
)

// ScanAll applies scan, which uses an Engine, to every item of in and gives the results in the order of the items.
// Up to workers of them run at a time, and no more than twice as many items and results are held. in is read in a
// goroutine of its own, which has ended when the loop over the results has. It stops early when ctx is done.
func ScanAll[T, R any](ctx context.Context, in iter.Seq[T], workers int, scan func(T) R) iter.Seq[R] {
	workers = max(workers, 1)
	return func(yield func(R) bool) {
		type job struct {
			item T
			out  chan R
		}
		ctx, cancel := context.WithCancel(ctx)
		jobs := make(chan job)
		order := make(chan chan R, workers) // results to come, in order
		var all sync.WaitGroup
		defer all.Wait()
		defer cancel()
		for range workers {
			all.Go(func() {
				for j := range jobs {
					j.out <- scan(j.item)
				}
			})
		}
		all.Go(func() {
			defer close(order)
			defer close(jobs)
			for item := range in {
				j := job{item, make(chan R, 1)}
				select {
				case order <- j.out:
				case <-ctx.Done():
					return
				}
				jobs <- j // a worker takes it: none waits for more than its own scan
			}
		})
		for out := range order {
			if !yield(<-out) {
				return
			}
		}
	}
}
