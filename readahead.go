package tid

import (
	"context"
	"iter"
	"math"
	"sync"
	"time"
)

const (
	// defaultReadAhead is enough for the whole rate limit up to about three seconds of latency.
	defaultReadAhead = 16
	// Nothing is read ahead before the first page has been taken, so that whoever
	// breaks out of it has caused one request; then firstReadAhead pages may be
	// under way, and readAheadGrowth times as many after each page taken.
	firstReadAhead  = 2
	readAheadGrowth = 4
)

// pages yields the pages of a list in order, one of them again when rows have been
// removed in front of it. It keeps as many requests under way as it takes to use up
// the rate limit at the latency that it observes, and holds one page more than that
// at the most: who takes pages slowly has few waiting.
func pages[T any](ctx context.Context, l *listing) iter.Seq2[*Page[T], error] {
	return func(yield func(*Page[T], error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var fetches sync.WaitGroup
		defer fetches.Wait()
		defer cancel()

		var ahead []<-chan fetched[T] // under way or waiting, in order
		next := l.page                // the first page that is not
		start := func() {
			number, done := next, make(chan fetched[T], 1)
			fetches.Go(func() {
				page, took, err := get[T](ctx, l, number)
				done <- fetched[T]{page, took, err}
			})
			ahead = append(ahead, done)
			next++
		}
		start()
		var latency time.Duration
		identify := identity[T]()
		total, identified, stepped := 0, false, 0
		for number, allowed := l.page, firstReadAhead; ; number, allowed = number+1, allowed*readAheadGrowth {
			result := <-ahead[0]
			ahead = ahead[1:]
			if result.err != nil {
				yield(nil, result.err)
				return
			}
			latency = max(result.took, latency*7/8)
			page := result.page
			shrunk := page.TotalItemCount < total && (page.TotalItemCount > 0 || len(page.Items) == 0)
			if shrunk && identified && number != stepped {
				// Rows have been removed, and those that were to come have moved up onto
				// the page before: it is read again. What comes twice is known by its id.
				stepped, ahead, next = number, nil, number-1
				start()
				total, number = page.TotalItemCount, number-2
				continue
			}
			total = page.TotalItemCount
			if len(page.Items) > 0 {
				_, identified = identify(page.Items[0])
			}
			if !yield(page, nil) || !page.more(number) {
				return
			}
			allowed = min(allowed, l.client.readAhead, math.MaxInt/readAheadGrowth)
			for len(ahead) == 0 || len(ahead) < min(allowed, wanted(latency)) && page.more(next-1) {
				start()
			}
		}
	}
}

// fetched is what came of one page.
type fetched[T any] struct {
	page *Page[T]
	took time.Duration
	err  error
}

// wanted is how many requests have to be under way to use up the rate limit at
// the given latency, with a little for its jitter.
func wanted(latency time.Duration) int {
	return 1 + int(math.Ceil(1.25*requestsPerSecond*latency.Seconds()))
}
