package tid

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limiter decides when a request may be sent. Every attempt of every call passes
// it, retries and token requests too. A Limiter must be safe for concurrent use;
// one that is shared between processes lets a fleet share one budget.
type Limiter interface {
	// Wait returns when a request may be sent, with a Permit that is not nil. It returns early with an error
	// that wraps ctx.Err() when ctx ends, and at once with a [*NoTurnError] when
	// the deadline of ctx comes before the turn. [OperationFrom] tells what ctx is
	// for: the token exchange, "POST /v1/Auth/Token", goes ahead of all that wait
	// for its token.
	Wait(ctx context.Context) (Permit, error)
}

// Permit is one admission by a [Limiter]. Its place in the allowance is taken
// from Wait until Sent, however long a connection takes to come up.
type Permit interface {
	// Sent reports that the request has just gone out: when it has been written,
	// or, where the transport does not trace with httptrace, as it is handed over.
	// It can come again; the last time counts.
	Sent()
	// Done comes exactly once: when the response's header has arrived, or with
	// status 0 when there will be none. Without a Sent before it nothing has gone
	// out, and the place is free again. retryAfter is the pause that a 429 asked for.
	Done(status int, retryAfter time.Duration)
}

// The allowance of the API: this many requests of one access token in a second.
const requestsPerSecond = 4

// The margin of the gate: how long after a second has passed since sending a
// slot is taken to be free, since a request may spend longer on its way than
// the one after it.
const (
	initialMargin = 30 * time.Millisecond
	minMargin     = 10 * time.Millisecond
	maxMargin     = time.Second
	marginGrowth  = 1.5    // on a pause
	marginDecay   = 0.9995 // on a success
)

// NewLimiter returns the limiter that a Client has by default: at most four
// requests reach the API in any second, sliding or fixed, and a 429 pauses
// everyone until its Retry-After has passed, or the time of [WithMaxWait]. Clients that use the same static
// token should share one; clients with application credentials get a token each.
func NewLimiter() Limiter {
	return &gate{turn: make(chan struct{}, 1), changed: make(chan struct{}), margin: initialMargin}
}

// gate has a slot for each request that the API allows in a second. A slot is
// taken until its request has gone out, and free again one second after the
// response (when the API must have counted the request by then, always safe) or
// one second and the margin after sending, whichever is earlier.
type gate struct {
	turn chan struct{} // held by the one waiter that is next; Go queues the rest in order

	mu      sync.Mutex
	changed chan struct{}              // closed, and replaced, when a slot's time has changed
	slots   [requestsPerSecond]*permit // nil where free
	margin  time.Duration
	paused  time.Time // nobody passes before
	waiting int
	urgent  int // requests for a token that wait: nobody else passes before them
}

type permit struct {
	gate     *gate
	sent     time.Time // zero while the request has not gone out
	answered time.Time
}

// freeAt is when the slot can be used again; ok is false while that is not known.
func (p *permit) freeAt(margin time.Duration) (free time.Time, ok bool) {
	sent, answered := p.sent.Add(time.Second+margin), p.answered.Add(time.Second)
	switch {
	case p.sent.IsZero():
		return answered, !p.answered.IsZero()
	case !p.answered.IsZero() && answered.Before(sent):
		return answered, true
	}
	return sent, true
}

func (p *permit) Sent() {
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	p.sent = time.Now()
	p.gate.change()
}

// change wakes the callers that wait for a slot; g.mu is held.
func (g *gate) change() {
	close(g.changed)
	g.changed = make(chan struct{})
}

func (p *permit) Done(status int, retryAfter time.Duration) {
	g, now := p.gate, time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	defer g.change()
	switch {
	case status == http.StatusTooManyRequests:
		if !now.Before(g.paused) { // of several requests refused together the first one tells
			g.margin = min(time.Duration(float64(g.margin)*marginGrowth), maxMargin)
		}
		if until := now.Add(retryAfter); until.After(g.paused) {
			g.paused = until
		}
	case status != 0:
		g.margin = max(time.Duration(float64(g.margin)*marginDecay), minMargin)
	case p.sent.IsZero(): // nothing has gone out
		if i := slices.Index(g.slots[:], p); i >= 0 {
			g.slots[i] = nil
		}
	}
	if status != 0 {
		p.answered = now
	}
}

func (g *gate) Wait(ctx context.Context) (Permit, error) {
	if OperationFrom(ctx) == opToken { // ahead of all callers that wait for the token
		g.hurry(1)
		defer g.hurry(-1)
		return g.next(ctx, true)
	}
	if err := g.join(ctx); err != nil {
		return nil, err
	}
	defer func() {
		g.mu.Lock()
		g.waiting--
		g.mu.Unlock()
	}()
	select {
	case g.turn <- struct{}{}:
		defer func() { <-g.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return g.next(ctx, false)
}

// hurry counts the requests for a token that wait.
func (g *gate) hurry(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.urgent += n
	g.change()
}

// next takes the next slot that is free, without regard to whose turn it is.
func (g *gate) next(ctx context.Context, urgent bool) (Permit, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p, free, changed := g.take(urgent)
		if p != nil {
			return p, nil
		}
		wait := time.Hour // while no slot's time is known: changed tells
		if !free.IsZero() {
			wait = time.Until(free)
			if err := fits(ctx, wait); err != nil {
				return nil, err
			}
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-changed:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// join counts the caller among the waiting, unless its deadline comes before
// its turn even if all goes well for those ahead of it.
func (g *gate) join(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	var free [requestsPerSecond]time.Time
	for i, p := range g.slots {
		free[i] = later(now, g.paused)
		if p == nil {
			continue
		}
		if at, known := p.freeAt(g.margin); known {
			free[i] = later(free[i], at)
		}
	}
	slices.SortFunc(free[:], time.Time.Compare)
	turn := free[g.waiting%requestsPerSecond].Add(time.Duration(g.waiting/requestsPerSecond) * time.Second)
	if err := fits(ctx, turn.Sub(now)); err != nil {
		return err
	}
	g.waiting++
	return nil
}

// take gives a free slot to the caller. Otherwise it says when the next one is
// free, zero while that is not known, and what is closed when that changes.
func (g *gate) take(urgent bool) (p *permit, free time.Time, changed <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.urgent > 0 && !urgent {
		return nil, time.Time{}, g.changed
	}
	now, next := time.Now(), -1
	for i, p := range g.slots {
		at, known := now, true
		if p != nil {
			at, known = p.freeAt(g.margin)
		}
		if known && (next < 0 || at.Before(free)) {
			next, free = i, at
		}
	}
	if next < 0 {
		return nil, time.Time{}, g.changed
	}
	if free = later(free, g.paused); free.After(now) {
		return nil, free, g.changed
	}
	p = &permit{gate: g}
	g.slots[next] = p
	return p, free, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// NoTurnError is what a [Limiter] gives when the deadline of the context comes
// before the turn. It matches [ErrNoTurn] and context.DeadlineExceeded.
type NoTurnError struct {
	// Wait is how long the turn would have taken at the least.
	Wait time.Duration
}

// Error says how long the wait would have been.
func (e *NoTurnError) Error() string {
	return fmt.Sprintf("the wait of %s for the rate limit would pass the deadline", e.Wait.Round(time.Millisecond))
}

// Is matches ErrNoTurn and context.DeadlineExceeded.
func (e *NoTurnError) Is(target error) bool {
	return target == ErrNoTurn || target == context.DeadlineExceeded
}

// fits refuses a wait that would end after the deadline of ctx.
func fits(ctx context.Context, wait time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && wait > 0 && time.Until(deadline) < wait {
		return &NoTurnError{Wait: wait}
	}
	return nil
}

// sleep waits, or returns the error of ctx as soon as it ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// RateLimiter makes a [rate.Limiter] a Limiter, for a caller that takes a fixed
// share of the allowance. A token bucket lets a burst through at once, and its
// refills beside it: to stay within four requests in any second, burst and rate
// must not add up to more than four. It shares no pause after a 429.
func RateLimiter(l *rate.Limiter) Limiter { return rateLimiter{l} }

type rateLimiter struct{ limiter *rate.Limiter }

func (r rateLimiter) Wait(ctx context.Context) (Permit, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r.limiter == nil {
		return nil, errors.New("the rate limiter is nil")
	}
	reservation := r.limiter.Reserve()
	if !reservation.OK() {
		return nil, fmt.Errorf("the rate limiter admits nothing: its burst is %d", r.limiter.Burst())
	}
	wait := reservation.Delay()
	err := fits(ctx, wait)
	if err == nil {
		err = sleep(ctx, wait)
	}
	if err != nil {
		reservation.Cancel()
		return nil, err
	}
	return unlimited{}, nil
}

// unlimited lets every request through at once.
type unlimited struct{}

func (unlimited) Wait(ctx context.Context) (Permit, error) { return unlimited{}, ctx.Err() }
func (unlimited) Sent()                                    {}
func (unlimited) Done(int, time.Duration)                  {}
