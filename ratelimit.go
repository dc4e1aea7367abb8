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

// Limiter decides when a request may be sent. Every attempt of every call waits for it,
// retries and token requests too. A Limiter must be safe for concurrent use. One that is
// shared between processes gives all of them one allowance.
type Limiter interface {
	// Wait returns when a request may be sent, with a Permit that is not nil. It returns
	// early with an error that wraps ctx.Err() when ctx ends, and at once with a
	// [*NoTurnError] when the deadline of ctx comes before the turn. [OperationFrom]
	// names the operation: the token exchange, "POST /v1/Auth/Token", should go ahead of
	// the requests that wait for its token.
	Wait(ctx context.Context) (Permit, error)
}

// Permit is the permission of a [Limiter] to send one request. Its place in the allowance
// is taken from Wait on, however long a connection takes to come up.
type Permit interface {
	// Sent is called when the request has been written or, if the transport does not
	// trace with httptrace, when it is handed to the transport. It can be called again;
	// the last time counts.
	Sent()
	// Done is called exactly once: when the header of the answer has arrived, or with
	// status 0 if there will be none. If Sent was not called before, nothing has been
	// sent, and the place is free again. retryAfter is the pause that a 429 asked for.
	Done(status int, retryAfter time.Duration)
}

// ExpiringPermit is a [Permit] that has to be used in time, as one of an allowance that is
// shared between processes. A process can stand still between Wait and the request.
type ExpiringPermit interface {
	Permit
	// Valid is called right before the request is written. If it is false, nothing is
	// sent, Done(0, 0) is called, and the call waits for another permit.
	Valid() bool
}

// GateState is how busy a [Limiter] was when it gave a permit.
type GateState struct {
	// InUse are the requests of the last second, as the limiter counts them, with the one
	// that got the permit.
	InUse int
	// Waiting are the callers that were still waiting. A limiter that is shared between
	// processes counts each process that has any as one.
	Waiting int
}

// StatefulPermit is a [Permit] that knows how busy its limiter was, for [Event].
type StatefulPermit interface {
	Permit
	State() GateState
}

// The allowance of the API: this many requests of one access token in a second.
const requestsPerSecond = 4

// The margin of the gate is added to the second after which a slot is free again, since a
// request may take longer to arrive than the next one.
const (
	initialMargin = 30 * time.Millisecond
	minMargin     = 10 * time.Millisecond
	maxMargin     = time.Second
	marginGrowth  = 1.5    // on a pause
	marginDecay   = 0.9995 // on a success
)

// NewLimiter returns the limiter that a Client has by default: at most four requests reach
// the API in any second, sliding or fixed, and a 429 pauses all requests until its
// Retry-After has passed, or the time of [WithMaxWait]. Clients with the same static token
// should share one; clients with application credentials each get a token of their own.
func NewLimiter() Limiter {
	return &gate{turn: make(chan struct{}, 1), changed: make(chan struct{}), margin: initialMargin}
}

// gate has a slot for each request that the API allows in a second. A slot is taken while
// its request has not been sent. It is free again one second and the margin after sending,
// or one second after the answer if that is earlier: the API has counted the request
// before it answered.
type gate struct {
	turn chan struct{} // held by the next waiter; Go queues the others in order

	mu      sync.Mutex
	changed chan struct{}              // closed, and replaced, when a slot's time has changed
	slots   [requestsPerSecond]*permit // nil where free
	margin  time.Duration
	paused  time.Time // no request is sent before
	waiting int
	urgent  int // waiting requests for a token, which go before all others
}

type permit struct {
	gate     *gate
	state    GateState
	sent     time.Time // zero while the request has not been sent
	answered time.Time
}

// freeAt is the time when the slot is free again; ok is false while that is not known.
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

// soonest is the earliest time when the slot can be free again: the permit may be given back,
// and the answer may come at once.
func (p *permit) soonest(margin time.Duration, now time.Time) time.Time {
	at, known := p.freeAt(margin)
	answered := now.Add(time.Second)
	switch {
	case !known:
		return now
	case p.answered.IsZero() && at.After(answered):
		return answered
	}
	return at
}

func (p *permit) State() GateState { return p.state }

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
		if !now.Before(g.paused) { // requests that are refused together count once
			g.margin = min(time.Duration(float64(g.margin)*marginGrowth), maxMargin)
		}
		if until := now.Add(retryAfter); until.After(g.paused) {
			g.paused = until
		}
	case status != 0:
		g.margin = max(time.Duration(float64(g.margin)*marginDecay), minMargin)
	case p.sent.IsZero(): // nothing has been sent
		if i := slices.Index(g.slots[:], p); i >= 0 {
			g.slots[i] = nil
		}
	}
	if status != 0 {
		p.answered = now
	}
}

func (g *gate) Wait(ctx context.Context) (Permit, error) {
	if OperationFrom(ctx) == opToken { // before all requests that wait for the token
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

// hurry counts the waiting requests for a token.
func (g *gate) hurry(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.urgent += n
	g.change()
}

// next waits for a free slot and takes it, whether or not it is the caller's turn.
func (g *gate) next(ctx context.Context, urgent bool) (Permit, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p, free, soonest, changed := g.take(urgent)
		if p != nil {
			return p, nil
		}
		wait := time.Hour // no slot's time is known: wait for changed
		if !free.IsZero() {
			wait = time.Until(free)
		}
		if err := fits(ctx, time.Until(soonest)); err != nil {
			return nil, err
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

// join counts the caller as waiting, unless its deadline comes before its turn even if the
// callers before it take no longer than they must.
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
		if p != nil {
			free[i] = later(free[i], p.soonest(g.margin, now))
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

// take takes a free slot. If there is none, it returns the time when the next one is free,
// zero while that is not known, the earliest time when it can be, and a channel that is closed
// when that changes.
func (g *gate) take(urgent bool) (p *permit, free, soonest time.Time, changed <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.urgent > 0 && !urgent {
		return nil, time.Time{}, time.Time{}, g.changed
	}
	now, next := time.Now(), -1
	for i, p := range g.slots {
		at, known, least := now, true, now
		if p != nil {
			at, known = p.freeAt(g.margin)
			least = p.soonest(g.margin, now)
		}
		if known && (next < 0 || at.Before(free)) {
			next, free = i, at
		}
		if i == 0 || least.Before(soonest) {
			soonest = least
		}
	}
	soonest = later(soonest, g.paused)
	if next < 0 {
		return nil, time.Time{}, soonest, g.changed
	}
	if free = later(free, g.paused); free.After(now) {
		return nil, free, soonest, g.changed
	}
	p = &permit{gate: g}
	g.slots[next] = p
	p.state.Waiting = max(g.waiting+g.urgent-1, 0)
	for _, s := range g.slots {
		if s == nil {
			continue
		}
		if at, known := s.freeAt(g.margin); !known || at.After(now) {
			p.state.InUse++
		}
	}
	return p, free, soonest, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// NoTurnError is the error of a [Limiter] when the deadline of the context comes before
// the turn. It matches [ErrNoTurn] and context.DeadlineExceeded.
type NoTurnError struct {
	// Wait is the least time that the turn would have taken.
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

// sleep waits, or returns the error of ctx as soon as ctx ends.
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

// RateLimiter makes a [rate.Limiter] a Limiter, for a fixed share of the allowance. A token
// bucket admits a burst at once, and its refills in the same second: to stay within four
// requests in any second, burst and rate must not add up to more than four. A 429 pauses
// only the call that it answers.
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
