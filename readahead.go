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

// pages yields the pages of a list in order. It keeps as many requests under way
// as it takes to use up the rate limit at the latency that it observes, and holds
// one page more than that at the most: who takes pages slowly has few waiting.
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
		for number, allowed := l.page, firstReadAhead; ; number, allowed = number+1, allowed*readAheadGrowth {
			result := <-ahead[0]
			ahead = ahead[1:]
			if result.err != nil {
				yield(nil, result.err)
				return
			}
			latency = max(result.took, latency*7/8)
			if !yield(result.page, nil) || !result.page.more(number) {
				return
			}
			allowed = min(allowed, l.client.readAhead)
			for len(ahead) == 0 || len(ahead) < min(allowed, wanted(latency)) && result.page.more(next-1) {
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
