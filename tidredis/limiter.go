package tidredis

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/vismatid/tid"
)

const (
	// tokenOperation is the operation that goes before all others, see [tid.Limiter].
	tokenOperation = "POST /v1/Auth/Token"
	// permitTime is how long a permit may wait for its request to be sent. It is made
	// longer while a connection comes up.
	permitTime = 500 * time.Millisecond
	// sentAfter is how long a request may go without an answer until it is reported as sent:
	// as a rule the answer tells.
	sentAfter = 250 * time.Millisecond
	// tryTime is how long one command may take.
	tryTime = time.Second
	// patience is how long Redis may not answer until calls end with an error.
	patience = 5 * time.Second
	second   = time.Second
)

//go:embed gate.lua
var gateScript string

var gate = redis.NewScript(gateScript)

// Limiter is the rate limiter that all processes share which name the same application id. It
// gives as many permits as the one of [tid.NewLimiter] gives to one process. rdb stays the
// caller's, and must not be closed before the last call has ended. Mistakes in the arguments
// are errors of the first call.
func Limiter(rdb redis.UniversalClient, id string, opts ...Option) tid.Limiter {
	c := configured(rdb, id, opts)
	named, _ := keys(id)
	l := &limiter{
		config: c, rdb: rdb, keys: named, member: c.name + "#" + rand.Text()[:8],
		normal: queue{turn: make(chan struct{}, 1)}, urgent: queue{turn: make(chan struct{}, 1)},
	}
	l.urgent.suffix = "!"
	l.away.limiter = l
	return l
}

// Static is [Limiter] for the processes that share a static token:
//
//	client, err := tid.NewClient(tid.StaticToken(token), tid.WithLimiter(tidredis.Static(rdb, token)))
func Static(rdb redis.UniversalClient, token string, opts ...Option) tid.Limiter {
	return Limiter(rdb, token, opts...)
}

type limiter struct {
	config
	rdb    redis.UniversalClient
	keys   []string
	member string // this process in the queue
	away   away

	mu             sync.Mutex
	normal, urgent queue
	permits        int
	paused         time.Time // by a 429 of this process
	failure        error     // why Redis gave no answer the last time; nil if it did
	failed         time.Time // when that was
	failing        time.Time // since when it gives none
}

// queue are the callers of this process that wait. The first of them stands in Redis' queue
// for all of them.
type queue struct {
	turn    chan struct{} // held by the first; Go queues the others in order
	suffix  string        // of the member
	waiting int
	queued  bool // the first may stand in Redis' queue
}

func (l *limiter) Wait(ctx context.Context) (tid.Permit, error) {
	if l.err != nil {
		return nil, l.err
	}
	q := &l.normal
	if tid.OperationFrom(ctx) == tokenOperation {
		q = &l.urgent
	}
	if err := l.join(ctx, q); err != nil {
		return nil, err
	}
	joined := time.Now()
	defer func() {
		l.mu.Lock()
		q.waiting--
		l.mu.Unlock()
		l.leave(context.WithoutCancel(ctx), q)
	}()
	select {
	case q.turn <- struct{}{}:
		defer func() { <-q.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return l.next(ctx, q, joined)
}

// leave takes this process out of Redis' queue if none of its callers waits any more.
func (l *limiter) leave(ctx context.Context, q *queue) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if q.queued && q.waiting == 0 {
		q.queued = false
		go func() { _, _ = l.run(ctx, "leave", l.member+q.suffix) }()
	}
}

// inQueue notes whether this process may stand in Redis' queue.
func (l *limiter) inQueue(q *queue, may bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	q.queued = may
}

// join counts the caller as waiting, unless its deadline comes before its turn even if no
// other process asks for permits.
func (l *limiter) join(ctx context.Context, q *queue) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	least := max(time.Until(l.paused), 0) + time.Duration(q.waiting/4)*second
	if err := fits(ctx, least); err != nil {
		return err
	}
	q.waiting++
	return nil
}

// fits refuses a wait that would end after the deadline.
func fits(ctx context.Context, wait time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && wait > 0 && time.Until(deadline) < wait {
		return &tid.NoTurnError{Wait: wait}
	}
	return nil
}

// next asks Redis for a permit until it gives one.
func (l *limiter) next(ctx context.Context, q *queue, joined time.Time) (tid.Permit, error) {
	if err := l.seen(joined); err != nil {
		return nil, err
	}
	id := l.permit(q)
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if p, err := l.away.wait(ctx, q); p != nil || err != nil {
			return p, err
		}
		if paused := l.pausedFor(); paused > 0 {
			if err := fits(ctx, paused); err != nil {
				return nil, err
			}
			if err := sleep(ctx, paused); err != nil {
				return nil, err
			}
			continue
		}
		began := time.Now()
		answer, err := l.take(ctx, q, id, began)
		l.inQueue(q, err != nil || answer.what == queued)
		if err != nil && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		since := l.answered(err, began, joined)
		if err != nil {
			id = l.permit(q) // the answer to the last one may still come, and give it back
			if err := l.away.failed(err, since); err != nil {
				return nil, err
			}
			if err := sleep(ctx, min(time.Since(since)/4+10*time.Millisecond, tryTime/2)); err != nil {
				return nil, err
			}
			continue
		}
		switch answer.what {
		case granted:
			p := newPermit(l, id, began, answer)
			if ctx.Err() == nil && p.Valid() {
				return p, nil
			}
			p.Done(0, 0)
			id = l.permit(q)
		case noTurn:
			return nil, &tid.NoTurnError{Wait: answer.wait}
		default:
			if err := fits(ctx, answer.wait); err != nil {
				return nil, err
			}
			if err := sleep(ctx, time.Until(began.Add(answer.wait))); err != nil {
				return nil, err
			}
		}
	}
}

// answered notes whether Redis has answered, and returns since when it has not for a caller
// that came at joined.
func (l *limiter) answered(err error, began, joined time.Time) (since time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failure == nil {
		l.failing = began
	}
	l.failure, l.failed = err, time.Now()
	return later(l.failing, joined)
}

// seen is the error of a caller that came at joined, if the callers before it have seen since
// that Redis is away: they are one after the other, and each is to wait no longer than if it
// were alone.
func (l *limiter) seen(joined time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.share > 0 || l.failure == nil || !l.failed.After(joined) {
		return nil
	}
	return l.away.failed(l.failure, later(l.failing, joined))
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// permit is a new name of a permit.
func (l *limiter) permit(q *queue) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.permits++
	return l.member + q.suffix + "#" + strconv.Itoa(l.permits)
}

// taken is the answer to take.
type taken struct {
	what  int64
	wait  time.Duration
	state tid.GateState
}

const (
	queued = iota
	granted
	noTurn
)

// take asks for the permit, which it can do again if the answer is lost. If the caller goes
// away before the answer comes, the permit is given back.
func (l *limiter) take(ctx context.Context, q *queue, id string, began time.Time) (taken, error) {
	budget := int64(-1)
	if deadline, ok := ctx.Deadline(); ok {
		budget = max(deadline.Sub(began).Microseconds(), 0)
	}
	urgent := "0"
	if q == &l.urgent {
		urgent = "1"
	}
	type result struct {
		taken
		err error
	}
	done, gone := make(chan result), make(chan struct{})
	defer close(gone)
	detached := context.WithoutCancel(ctx)
	go func() {
		answer, err := l.run(detached, "take", l.member+q.suffix, id, permitTime.Microseconds(), budget, urgent)
		r := result{err: err}
		if err == nil {
			r.what = answer[0]
			if r.what == granted {
				r.state = tid.GateState{InUse: int(answer[1]), Waiting: int(answer[2])}
			} else {
				r.wait = time.Duration(answer[1]) * time.Microsecond
			}
		}
		select {
		case done <- r:
		case <-gone:
			switch {
			case err != nil:
			case r.what == granted:
				_, _ = l.run(detached, "report", id, -1, -1, "unsent", 0)
			case r.what == queued: // after the caller has left, it may be
				l.inQueue(q, true)
				l.leave(detached, q)
			}
		}
	}()
	timer := time.NewTimer(tryTime)
	defer timer.Stop()
	select {
	case r := <-done:
		return r.taken, r.err
	case <-timer.C:
		return taken{}, fmt.Errorf("no answer within %s", tryTime)
	case <-ctx.Done():
		return taken{}, ctx.Err()
	}
}

// run runs the script. The time limit holds only if the Redis client minds contexts
// (redis.Options.ContextTimeoutEnabled): else its own time limits end the command.
func (l *limiter) run(ctx context.Context, args ...any) ([]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	answer, err := gate.Run(ctx, l.rdb, l.keys, args...).Int64Slice()
	if err == nil && len(answer) < 1 {
		err = errors.New("an empty answer")
	}
	return answer, err
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

// permit is a slot of the gate.
type permit struct {
	limiter *limiter
	id      string
	asked   time.Time // by the clock of this machine, not after it was granted by that of Redis
	state   tid.GateState

	mu    sync.Mutex
	until time.Time // when it ends, if nothing has been sent
	sent  time.Time
	over  bool
	timer *time.Timer
}

func newPermit(l *limiter, id string, asked time.Time, answer taken) *permit {
	p := &permit{limiter: l, id: id, asked: asked, state: answer.state, until: asked.Add(permitTime)}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = time.AfterFunc(permitTime/2, p.hold)
	return p
}

func (p *permit) State() tid.GateState { return p.state }

func (p *permit) Valid() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.over && time.Now().Before(p.until)
}

// hold makes the permit last longer while its request has not been sent: its connection is
// not up yet. A permit that has ended stays ended.
func (p *permit) hold() {
	asked := time.Now()
	p.mu.Lock()
	stop := p.over || !p.sent.IsZero() || !asked.Before(p.until)
	p.mu.Unlock()
	if stop {
		return
	}
	answer, err := p.limiter.run(context.Background(), "hold", p.id, permitTime.Microseconds())
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over || !p.sent.IsZero() || !time.Now().Before(p.until) || err == nil && answer[0] == 0 {
		return
	}
	if err == nil {
		p.until = asked.Add(permitTime)
	}
	p.timer.Reset(max(time.Until(p.until)/2, time.Millisecond))
}

func (p *permit) Sent() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = time.Now()
	p.timer.Stop()
	if !p.over {
		p.timer = time.AfterFunc(sentAfter, func() { p.report(-1, "none", 0) })
	}
}

func (p *permit) Done(status int, retryAfter time.Duration) {
	now := time.Now()
	p.mu.Lock()
	p.over = true
	p.timer.Stop()
	outcome, answered := "answered", now.Sub(p.asked)
	switch {
	case status == http.StatusTooManyRequests:
		outcome = "refused"
	case status == 0 && p.sent.IsZero():
		outcome, answered = "unsent", -1
	case status == 0:
		outcome, answered = "none", -1
	}
	p.mu.Unlock()
	if outcome == "refused" {
		p.limiter.pause(now.Add(retryAfter))
	}
	go p.report(answered, outcome, retryAfter)
}

// report tells the gate what is known of the request. If that fails, its slot is free as late
// as it can be; but a refusal is told again until its pause is over, since the other processes
// are to hear of it.
func (p *permit) report(answered time.Duration, outcome string, pause time.Duration) {
	until := time.Now().Add(pause)
	p.mu.Lock()
	sent := time.Duration(-1)
	if !p.sent.IsZero() {
		sent = p.sent.Sub(p.asked)
	}
	p.mu.Unlock()
	ctx := context.Background()
	for again := 50 * time.Millisecond; ; again = min(2*again, tryTime) {
		_, err := p.limiter.run(ctx, "report", p.id, micros(sent), micros(answered), outcome, micros(max(time.Until(until), 0)))
		if err == nil || outcome != "refused" || errors.Is(err, redis.ErrClosed) || time.Until(until) < again {
			return
		}
		_ = sleep(ctx, again) // ctx does not end
	}
}

// micros are the microseconds of a time, rounded up, and up once more since those of Redis'
// clock are rounded down; -1 of a negative one.
func micros(d time.Duration) int64 {
	if d < 0 {
		return -1
	}
	return (d + time.Microsecond - 1).Microseconds() + 1
}

func (l *limiter) pausedFor() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Until(l.paused)
}

// pause is for this process, whether or not Redis hears of it.
func (l *limiter) pause(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until.After(l.paused) {
		l.paused = until
	}
}
