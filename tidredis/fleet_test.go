package tidredis_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidredis"
	"github.com/vismatid/tid/tidtest"
)

// inMemory is a Redis in the process, which works in virtual time.
func inMemory(t *testing.T) *miniredis.Miniredis {
	m := miniredis.NewMiniRedis()
	m.ClockTTL(true)
	t.Cleanup(m.Close)
	return m
}

// connect is a client of that Redis.
func connect(t *testing.T, m *miniredis.Miniredis) *redis.Client {
	rdb := redis.NewClient(&redis.Options{
		Addr:                  "127.0.0.1:6379", // nothing is looked up
		Dialer:                func(context.Context, string, string) (net.Conn, error) { return m.Dial() },
		ContextTimeoutEnabled: true,
	})
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// counter counts the commands of clients.
type counter struct{ commands atomic.Int64 }

func (c *counter) DialHook(next redis.DialHook) redis.DialHook { return next }
func (c *counter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.commands.Add(1)
		return next(ctx, cmd)
	}
}
func (c *counter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// process is one of many that share an allowance.
type process struct {
	name   string
	client *tid.Client
}

func newProcess(t *testing.T, srv *tidtest.Server, n int, limiter tid.Limiter, opts ...tid.Option) process {
	name := fmt.Sprintf("process-%d", n)
	client, err := tid.NewClient(tid.StaticToken(srv.StaticToken), append([]tid.Option{tid.WithBaseURL(srv.URL), tid.WithHTTPClient(&http.Client{Transport: srv.Transport()}),
		tid.WithLimiter(limiter), tid.WithUserAgent(name)}, opts...)...)
	require.NoError(t, err)
	return process{name, client}
}

// work calls from so many goroutines until the time is over.
func (p process) work(t *testing.T, wg *sync.WaitGroup, goroutines int, length time.Duration) {
	end := time.Now().Add(length)
	for range goroutines {
		wg.Go(func() {
			for time.Now().Before(end) {
				if _, err := p.client.TimeCodes.List(t.Context(), nil); err != nil && t.Context().Err() == nil {
					assert.ErrorIs(t, err, tid.ErrRateLimited)
				}
			}
		})
	}
}

// mostInASecond is the largest number of times within any sliding second.
func mostInASecond(times []time.Time) (most int) {
	slices.SortFunc(times, time.Time.Compare)
	first := 0
	for i, at := range times {
		for at.Sub(times[first]) >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

func TestEightProcessesShareOneAllowance(t *testing.T) {
	for _, c := range []struct {
		roundTrip time.Duration
		least     float64 // requests a second
	}{{5 * time.Millisecond, 3.6}, {50 * time.Millisecond, 3.6}, {250 * time.Millisecond, 3.6}, {time.Second, 3.2}} {
		t.Run(c.roundTrip.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithLatency(tidtest.Latency{RoundTrip: c.roundTrip}))
				m := inMemory(t)
				length := 2 * time.Minute
				if testing.Short() {
					length = 20 * time.Second
				}
				var sent counter
				var wg sync.WaitGroup
				began := time.Now()
				for n := range 8 {
					rdb := connect(t, m)
					rdb.AddHook(&sent)
					newProcess(t, srv, n, tidredis.Limiter(rdb, "ap_1")).work(t, &wg, 16, length)
				}
				wg.Wait()
				took := time.Since(began)
				requests := srv.Requests()
				by := map[string]int{}
				refused := 0
				for _, r := range requests {
					by[r.Header.Get("User-Agent")]++
					if r.RateLimited {
						refused++
					}
				}
				rate := float64(len(requests)-refused) / took.Seconds()
				least, most := len(requests), 0
				for _, n := range by {
					least, most = min(least, n), max(most, n)
				}
				t.Logf("%.2f requests a second, %d of %d refused, %d to %d for each process, %.1f commands for each", rate, refused, len(requests), least, most, float64(sent.commands.Load())/float64(len(requests)))
				assert.GreaterOrEqual(t, rate, c.least)
				assert.Less(t, float64(refused), 0.005*float64(len(requests)))
				assert.Len(t, by, 8)
				assert.LessOrEqual(t, float64(most), 1.5*float64(least))
			})
		})
	}
}
