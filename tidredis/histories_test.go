package tidredis_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidredis"
	"github.com/vismatid/tid/tidtest"
)

var histories = flag.Int("histories", 60, "how many random `histories` of deaths, pauses and losses")

// network is the connection of one process to Redis, which can be slow, cut, or lose answers.
type network struct {
	mu      sync.Mutex
	rnd     *rand.Rand
	cut     bool
	slow    time.Duration // the most that a command waits
	lose    float64       // the share of commands that are carried out and not answered
	stalled time.Time     // the process stands still until then
}

var errCut = &net.OpError{Op: "read", Err: errors.New("cut")}

func (n *network) DialHook(next redis.DialHook) redis.DialHook { return next }
func (n *network) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
func (n *network) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		n.mu.Lock()
		cut, lost, wait, stalled := n.cut, n.rnd.Float64() < n.lose, time.Duration(0), n.stalled
		if n.slow > 0 {
			wait = rand.N(n.slow)
		}
		n.mu.Unlock()
		time.Sleep(time.Until(stalled) + wait)
		if cut {
			time.Sleep(300 * time.Millisecond)
			return errCut
		}
		err := next(ctx, cmd)
		time.Sleep(wait)
		if lost {
			time.Sleep(time.Second)
			cmd.SetErr(errCut)
			return errCut
		}
		return err
	}
}

// stall is a transport that stands still with its process.
type stall struct {
	next http.RoundTripper
	net  *network
}

func (s *stall) RoundTrip(req *http.Request) (*http.Response, error) {
	s.net.mu.Lock()
	dead, until := s.net.cut && s.net.stalled.IsZero(), s.net.stalled
	s.net.mu.Unlock()
	if dead && req.Context().Err() != nil {
		return nil, req.Context().Err()
	}
	time.Sleep(time.Until(until))
	return s.next.RoundTrip(req)
}

// TestNeverMoreThanFourInASecondWhateverHappensToProcessesAndRedis lets processes die with
// their permits, stand still, lose their connection to Redis and the answers on it, and Redis
// lose everything, while as many calls wait as can.
func TestNeverMoreThanFourInASecondWhateverHappensToProcessesAndRedis(t *testing.T) {
	n := *histories
	if testing.Short() {
		n = min(n, 5)
	}
	for seed := range n {
		synctest.Test(t, func(t *testing.T) { history(t, uint64(seed)) })
		if t.Failed() {
			t.Fatalf("the history %d", seed)
		}
	}
}

func history(t *testing.T, seed uint64) {
	rnd := newRand(seed)
	latency := time.Duration(rnd.IntN(400)) * time.Millisecond
	srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithSeed(seed), tidtest.WithLatency(tidtest.Latency{RoundTrip: latency}),
		tidtest.WithConnectTime(tidtest.Latency{Uniform: time.Duration(rnd.IntN(3000)) * time.Millisecond}))
	m := inMemory(t)
	var wg sync.WaitGroup
	defer wg.Wait()
	until := time.Now().Add(2 * time.Minute)
	processes := 0
	start := func() (stop context.CancelFunc, network_ *network) {
		processes++
		n := &network{rnd: newRand(seed + uint64(processes))}
		rdb := connect(t, m)
		rdb.AddHook(n)
		p := newProcess(t, srv, processes, tidredis.Limiter(rdb, "ap_1", tidredis.Name(fmt.Sprint("p", processes))),
			tid.WithHTTPClient(&http.Client{Transport: &stall{srv.Transport(), n}}))
		ctx, cancel := context.WithCancel(t.Context())
		for range 1 + rnd.IntN(8) {
			wg.Go(func() {
				for ctx.Err() == nil && time.Now().Before(until) {
					limited, stop := ctx, context.CancelFunc(func() {})
					if rand.IntN(4) == 0 {
						limited, stop = context.WithTimeout(ctx, time.Duration(rand.IntN(5000))*time.Millisecond)
					}
					_, err := p.client.TimeCodes.List(limited, nil)
					stop()
					if err != nil {
						assert.NotErrorIs(t, err, tid.ErrRateLimited)
						time.Sleep(10 * time.Millisecond)
					}
				}
			})
		}
		return cancel, n
	}
	type running struct {
		stop context.CancelFunc
		net  *network
	}
	var all []running
	for range 2 + rnd.IntN(6) {
		stop, n := start()
		all = append(all, running{stop, n})
	}
	for time.Now().Before(until) {
		time.Sleep(time.Duration(rnd.IntN(3000)) * time.Millisecond)
		one := &all[rnd.IntN(len(all))]
		one.net.mu.Lock()
		switch rnd.IntN(7) {
		case 0: // dies: nothing that it does reaches anybody any more
			one.net.cut, one.net.lose, one.net.slow = true, 0, 0
			one.stop()
			one.net.mu.Unlock()
			stop, n := start()
			*one = running{stop, n}
			continue
		case 1:
			one.net.stalled = time.Now().Add(time.Duration(rnd.IntN(4000)) * time.Millisecond)
		case 2:
			one.net.cut = !one.net.cut
		case 3:
			one.net.slow = time.Duration(rnd.IntN(400)) * time.Millisecond
		case 4:
			one.net.lose = rnd.Float64() / 2
		case 5:
			m.FlushAll()
		case 6:
			one.net.cut, one.net.slow, one.net.lose = false, 0, 0
		}
		one.net.mu.Unlock()
	}
	for _, r := range all {
		r.net.mu.Lock()
		r.net.cut = false
		r.net.mu.Unlock()
		r.stop()
	}
	wg.Wait()
	time.Sleep(time.Minute) // what is still reported ends
	var arrived []time.Time
	for _, r := range srv.Requests() {
		arrived = append(arrived, r.Time)
		assert.False(t, r.RateLimited, "%s: %s", r.Header.Get("User-Agent"), r.Path)
	}
	require.NotEmpty(t, arrived)
	assert.LessOrEqual(t, mostInASecond(arrived), 4)

}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }
