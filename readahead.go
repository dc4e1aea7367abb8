package tid

import (
	"context"
	"iter"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/vismatid/tid/internal/walk"
)

const (
	// defaultReadAhead is enough for the whole rate limit up to about three seconds of latency.
	defaultReadAhead = 16
	// There is no read-ahead before the first page has been taken, so that a loop that is
	// left there has caused one request. Then firstReadAhead pages may be requested, and
	// readAheadGrowth times as many after each page.
	firstReadAhead  = 2
	readAheadGrowth = 4
)

// batch holds the new items of one page.
type batch[T any] struct {
	items []*T
}

// batches reads a list. It has as many requests in progress as it takes to use the rate
// limit at the observed latency, and holds at most one page more than that, so that a slow
// caller keeps few pages in memory. until, if it is not nil, returns how many items of a
// page are wanted: the first item that is not wanted ends the list.
func batches[T any](ctx context.Context, l *listing, until func([]*T) (int, error)) iter.Seq2[batch[T], error] {
	return func(yield func(batch[T], error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		ahead := readAhead[T]{list: l}
		defer ahead.fetches.Wait()
		defer cancel()

		plan := l.walk()
		var began time.Time // by the API's own clock
		var latency time.Duration
		allowed, under := firstReadAhead, 1
		for next, more := plan.Next(); more; next, more = plan.Next() {
			f := ahead.take(ctx, plan, next, under)
			if f.err != nil {
				yield(batch[T]{}, f.err)
				return
			}
			latency = max(f.took, latency*7/8)
			if began.IsZero() {
				began = f.now
			}
			b, err := f.tell(plan, began, until)
			if err != nil {
				yield(b, l.fails(err))
				return
			}
			if l.progress != nil {
				l.progress(plan.Given(), plan.Total())
			}
			if !yield(b, nil) {
				return
			}
			under = min(allowed, l.readAhead, wanted(latency))
			allowed = min(allowed*readAheadGrowth, math.MaxInt/readAheadGrowth)
		}
	}
}

// readAhead holds the requests that are in progress or done, in order.
type readAhead[T any] struct {
	list    *listing
	queue   []*fetching[T]
	fetches sync.WaitGroup
}

// take waits for the request of a step, and has up to under requests in progress meanwhile:
// those that the plan expects next. A step that it did not expect cancels them.
func (r *readAhead[T]) take(ctx context.Context, plan *walk.Walk, next walk.Step, under int) *fetching[T] {
	if len(r.queue) > 0 && r.queue[0].step != next { // the list has changed
		for _, f := range r.queue {
			f.cancel()
		}
		r.queue = nil
	}
	if len(r.queue) == 0 {
		r.start(ctx, next)
	}
	for more := true; more && len(r.queue) < under; {
		var s walk.Step
		if s, more = plan.Ahead(r.queue[len(r.queue)-1].step); more {
			r.start(ctx, s)
		}
	}
	f := r.queue[0]
	r.queue = r.queue[1:]
	<-f.done
	f.cancel()
	f.raise()
	return f
}

func (r *readAhead[T]) start(ctx context.Context, s walk.Step) {
	ctx, cancel := context.WithCancel(ctx)
	f := &fetching[T]{step: s, cancel: cancel, done: make(chan struct{})}
	r.queue = append(r.queue, f)
	r.fetches.Go(func() { f.run(ctx, r.list) })
}

// fetching is the request of a page, and its result.
type fetching[T any] struct {
	step   walk.Step
	cancel context.CancelFunc
	done   chan struct{}
	page   *Page[T]
	took   time.Duration
	now    time.Time
	err    error

	left     bool // run was left by a panic, or by runtime.Goexit
	panicked any
}

// tell tells the plan what the page showed, and returns the items that are new and wanted.
func (f *fetching[T]) tell(plan *walk.Walk, began time.Time, until func([]*T) (int, error)) (batch[T], error) {
	page := f.page
	ids := make([]int64, 0, len(page.Items))
	for _, item := range page.Items {
		ids = append(ids, identity(item))
	}
	a := walk.Answer{IDs: ids, Rows: page.rows, Size: page.size, Total: page.TotalItemCount, Pages: page.TotalPages, Wanted: len(ids)}
	if !plan.Changed() {
		a.Fresh = slices.ContainsFunc(page.Items, func(item *T) bool { return writtenWithin(item, began, f.now) })
	}
	var disorder error
	if until != nil {
		a.Wanted, disorder = until(page.Items)
	}
	give, err := plan.Take(f.step, a)
	if err == nil {
		err = disorder
	}
	b := batch[T]{items: page.Items[:0]}
	for _, i := range give {
		if i < a.Wanted {
			b.items = append(b.items, page.Items[i])
		}
	}
	return b, err
}

func (f *fetching[T]) run(ctx context.Context, l *listing) {
	f.left = true
	defer func() {
		if f.left {
			f.panicked = recover()
		}
		close(f.done)
	}()
	f.page, f.took, f.now, f.err = get[T](ctx, l, f.step.Window)
	f.left = false
}

// raise raises a panic or Goexit of the request again, in the caller's goroutine.
func (f *fetching[T]) raise() {
	if f.left && f.panicked == nil {
		runtime.Goexit()
	}
	if f.left {
		panic(f.panicked)
	}
}

// writtenWithin reports whether an item was created or changed between two moments, by its
// stamps. Without an offset these may be in UTC or in Swedish time, summer or winter: each
// is tried, since the moments are so close to each other that few other stamps fit.
func writtenWithin(item any, from, to time.Time) bool {
	for _, at := range []DateTime{updatedAt(item), createdAt(item)} {
		for zone := time.Duration(0); !at.IsZero() && zone <= 2*time.Hour; zone += time.Hour {
			if t := at.In(time.UTC).Add(-zone); t.After(from) && t.Before(to.Add(time.Second)) { // a Date is whole seconds
				return true
			}
		}
	}
	return false
}

// wanted is the number of requests in progress that uses the rate limit at the given
// latency, with a little for its jitter.
func wanted(latency time.Duration) int {
	return 1 + int(math.Ceil(1.25*requestsPerSecond*latency.Seconds()))
}
