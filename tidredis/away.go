package tidredis

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/vismatid/tid"
)

const (
	shareAfter = time.Second            // that Redis has not answered
	probeEvery = 500 * time.Millisecond // while Redis is away
	slowest    = time.Minute            // between two requests of a process
	shareSpan  = second / 4             // between two requests of all processes
	backAfter  = second + 100*time.Millisecond
)

// away is the part of the allowance that this process has while Redis is away.
type away struct {
	limiter *limiter

	mu       sync.Mutex
	sharing  bool
	back     chan struct{} // closed when Redis answers again
	probed   time.Time     // when Redis was last asked whether it is back
	probing  bool
	interval time.Duration // between two requests
	next     time.Time     // when the next one may be sent
	sent     time.Time     // the last one
	urgent   int           // exchanges that wait
}

// failed is called when Redis has failed since the given time. It returns the error of a call
// that ends for that reason.
func (a *away) failed(err error, since time.Time) error {
	n := a.limiter.share
	switch {
	case n == 0 && (permanent(err) || time.Since(since) >= patience):
		return gone("no permit", err)
	case n == 0 || !permanent(err) && time.Since(since) < shareAfter:
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.sharing {
		a.sharing, a.back, a.probed = true, make(chan struct{}), time.Now()
		a.interval = time.Duration(n) * shareSpan
		// Permits that Redis gave just before may still be used, and the processes are to
		// begin at different times.
		a.next = time.Now().Add(permitTime + second + rand.N(a.interval))
	}
	return nil
}

// gone is the error of a call that needs Redis.
func gone(what string, err error) error {
	return &awayError{fmt.Sprintf("%s without Redis: %v", what, err), err}
}

type awayError struct {
	text string
	err  error
}

func (e *awayError) Error() string        { return e.text }
func (e *awayError) Unwrap() error        { return e.err }
func (e *awayError) Is(target error) bool { return target == ErrAway }

// permanent reports an error that another try would meet again.
func permanent(err error) bool {
	if errors.Is(err, redis.ErrClosed) {
		return true
	}
	var answer redis.Error
	if !errors.As(err, &answer) {
		return false
	}
	// Redis 6 and older wrap the error of a command of a script.
	for _, passing := range []string{"max number of clients", "-READONLY ", "-OOM ", "-MISCONF ", "-NOREPLICAS "} {
		if strings.Contains(answer.Error(), passing) {
			return false
		}
	}
	for _, code := range []string{"NOAUTH", "WRONGPASS", "NOPERM", "WRONGTYPE", "ERR"} {
		if strings.HasPrefix(answer.Error(), code+" ") {
			return true
		}
	}
	return false
}

// wait gives a permit of this process's own share while Redis is away, and nothing as soon as
// Redis is there.
func (a *away) wait(ctx context.Context, q *queue) (tid.Permit, error) {
	urgent := q == &a.limiter.urgent
	if urgent {
		a.mu.Lock()
		a.urgent++
		a.mu.Unlock()
		defer func() {
			a.mu.Lock()
			a.urgent--
			a.mu.Unlock()
		}()
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		a.mu.Lock()
		if !a.sharing {
			wait := time.Until(a.sent.Add(backAfter)) // Redis does not know of the last request
			a.mu.Unlock()
			if wait <= 0 {
				return nil, nil
			}
			if err := fits(ctx, wait); err != nil {
				return nil, err
			}
			if err := sleep(ctx, wait); err != nil {
				return nil, err
			}
			continue
		}
		now, back := time.Now(), a.back
		if !a.probing && now.Sub(a.probed) >= probeEvery {
			a.probing, a.probed = true, now
			go a.probe()
		}
		if a.urgent > 0 && !urgent {
			a.mu.Unlock()
			if err := a.sleep(ctx, probeEvery/10, back); err != nil {
				return nil, err
			}
			continue
		}
		if !now.Before(a.next) {
			a.next, a.sent = now.Add(a.interval), now
			p := &shared{away: a, state: tid.GateState{InUse: 1, Waiting: max(q.waits(a.limiter)-1, 0)}}
			a.mu.Unlock()
			return p, nil
		}
		wait := a.next.Sub(now)
		a.mu.Unlock()
		if err := fits(ctx, wait); err != nil {
			return nil, err
		}
		if err := a.sleep(ctx, min(wait, probeEvery), back); err != nil {
			return nil, err
		}
	}
}

// waits is the number of callers in the queue.
func (q *queue) waits(l *limiter) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return q.waiting
}

// sleep waits, until Redis is back at most.
func (a *away) sleep(ctx context.Context, d time.Duration, back chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-back:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// probe asks whether Redis is back: whether it gives permits, or says that it has none. One
// that it gives is given back.
func (a *away) probe() {
	ctx, l := context.Background(), a.limiter
	id := l.permit(&l.normal)
	answer, err := l.run(ctx, "take", l.member+"?", id, permitTime.Microseconds(), 0, "0")
	if err == nil && answer[0] == granted {
		_, _ = l.run(ctx, "report", id, -1, -1, "unsent", 0)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.probing = false
	if err == nil && a.sharing {
		a.sharing = false
		close(a.back)
	}
}

// shared is a permit of this process's own share.
type shared struct {
	away  *away
	state tid.GateState
}

func (p *shared) State() tid.GateState { return p.state }

func (p *shared) Sent() {
	p.away.mu.Lock()
	defer p.away.mu.Unlock()
	p.away.sent = time.Now()
	if next := p.away.sent.Add(p.away.interval); next.After(p.away.next) {
		p.away.next = next
	}
}

func (p *shared) Done(status int, retryAfter time.Duration) {
	if status != http.StatusTooManyRequests {
		return
	}
	now := time.Now()
	p.away.limiter.pause(now.Add(retryAfter))
	p.away.mu.Lock()
	defer p.away.mu.Unlock()
	p.away.interval = min(2*p.away.interval, slowest)
	if next := now.Add(max(retryAfter, p.away.interval)); next.After(p.away.next) {
		p.away.next = next
	}
}
