package tid

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limiter decides when a request may be sent. Every attempt of every call passes
// it, repeats and token requests too. A Limiter must be safe for concurrent use;
// one that is shared between processes lets a fleet share one budget.
type Limiter interface {
	// Wait returns when a request may be sent. It returns early with an error
	// that wraps ctx.Err() when ctx ends, and at once with one that wraps
	// context.DeadlineExceeded when the deadline of ctx comes before the turn.
	Wait(ctx context.Context) (Permit, error)
}

// Permit is one admission by a [Limiter]. The client tells it how the request
// went: Sent as the request goes out, again if that was later than thought (a
// connection had to be set up first), then Done exactly once.
type Permit interface {
	Sent()
	// Done reports that the response's header has arrived, or with status 0 that
	// there will be none. retryAfter is the pause that a 429 asked for.
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
	return &gate{turn: make(chan struct{}, 1), changed: make(chan struct{}, 1), margin: initialMargin}
}

// gate has a slot for each request that the API allows in a second. A slot is
// free again one second after the response (when the API must have counted the
// request by then, always safe) or one second and the margin after sending,
// whichever is earlier.
type gate struct {
	turn    chan struct{} // held by the one waiter that is next; Go queues the rest in order
	changed chan struct{} // told when a slot may have become free earlier, or later

	mu      sync.Mutex
	slots   [requestsPerSecond]*permit // nil before the first use
	margin  time.Duration
	paused  time.Time // nobody passes before
	waiting int
}

type permit struct {
	gate     *gate
	sent     time.Time
	answered time.Time
}

func (p *permit) freeAt(margin time.Duration) time.Time {
	free := p.sent.Add(time.Second + margin)
	if safe := p.answered.Add(time.Second); !p.answered.IsZero() && safe.Before(free) {
		return safe
	}
	return free
}

func (p *permit) Sent() {
	p.gate.mu.Lock()
	p.sent = time.Now()
	p.gate.mu.Unlock()
}

func (p *permit) Done(status int, retryAfter time.Duration) {
	g, now := p.gate, time.Now()
	g.mu.Lock()
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
	}
	if status != 0 {
		p.answered = now
	}
	g.mu.Unlock()
	select {
	case g.changed <- struct{}{}:
	default:
	}
}

func (g *gate) Wait(ctx context.Context) (Permit, error) {
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
	return g.next(ctx)
}

// next takes the next slot that is free, without regard to whose turn it is.
func (g *gate) next(ctx context.Context) (Permit, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p, wait := g.take()
		if p != nil {
			return p, nil
		}
		if err := fits(ctx, wait); err != nil {
			return nil, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-g.changed:
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
	free := g.freeTimes(now)
	slices.SortFunc(free[:], time.Time.Compare)
	turn := free[g.waiting%requestsPerSecond].Add(time.Duration(g.waiting/requestsPerSecond) * time.Second)
	if err := fits(ctx, turn.Sub(now)); err != nil {
		return err
	}
	g.waiting++
	return nil
}

// take gives a free slot to the caller, or says how long the next one takes.
func (g *gate) take() (*permit, time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	free := g.freeTimes(now)
	next := 0
	for i, at := range free {
		if at.Before(free[next]) {
			next = i
		}
	}
	if wait := free[next].Sub(now); wait > 0 {
		return nil, wait
	}
	p := &permit{gate: g, sent: now}
	g.slots[next] = p
	return p, 0
}

// freeTimes returns when each slot may be used next, not before now.
func (g *gate) freeTimes(now time.Time) (free [requestsPerSecond]time.Time) {
	for i, p := range g.slots {
		free[i] = now
		if p != nil && p.freeAt(g.margin).After(now) {
			free[i] = p.freeAt(g.margin)
		}
		if g.paused.After(free[i]) {
			free[i] = g.paused
		}
	}
	return free
}

// fits refuses a wait that would end after the deadline of ctx.
func fits(ctx context.Context, wait time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && wait > 0 && time.Until(deadline) < wait {
		return fmt.Errorf("the wait of %s for the rate limit would pass the deadline: %w",
			wait.Round(time.Millisecond), context.DeadlineExceeded)
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

// RateLimiter makes a [rate.Limiter] a Limiter, for a caller who takes a fixed
// share of the allowance. A token bucket lets a burst through at once, and its
// refills beside it: to stay within four requests in any second, burst and rate
// must not add up to more than four. It shares no pause after a 429.
func RateLimiter(l *rate.Limiter) Limiter { return rateLimiter{l} }

type rateLimiter struct{ limiter *rate.Limiter }

func (r rateLimiter) Wait(ctx context.Context) (Permit, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
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
