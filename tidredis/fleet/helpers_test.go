package fleet

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// inMemory is a Redis in the process, which works in virtual time.
func inMemory(t testing.TB) *miniredis.Miniredis {
	m := miniredis.NewMiniRedis()
	m.ClockTTL(true)
	t.Cleanup(m.Close)
	return m
}

// connect is a client of that Redis.
func connect(t testing.TB, m *miniredis.Miniredis) *redis.Client {
	rdb := redis.NewClient(&redis.Options{
		Addr:                  "127.0.0.1:6379", // nothing is looked up
		Dialer:                func(context.Context, string, string) (net.Conn, error) { return m.Dial() },
		ContextTimeoutEnabled: true,
	})
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// counter counts commands.
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

// work is a process that calls from so many goroutines until the time is over.
func work(t testing.TB, srv *tidtest.Server, name string, limiter tid.Limiter, wg *sync.WaitGroup, goroutines int, length time.Duration) {
	client, err := tid.NewClient(tid.StaticToken(srv.StaticToken), tid.WithBaseURL(srv.URL), tid.WithHTTPClient(&http.Client{Transport: srv.Transport()}),
		tid.WithLimiter(limiter), tid.WithUserAgent(name))
	require.NoError(t, err)
	end := time.Now().Add(length)
	for range goroutines {
		wg.Go(func() {
			for time.Now().Before(end) {
				_, _ = client.TimeCodes.List(t.Context(), nil)
			}
		})
	}
}

// figures are what a server has seen.
type figures struct {
	requests, refused int
	rate              float64 // of requests that were not refused, a second
	share             float64 // of requests that were refused
	least, most       int     // of a process
	processes         int
	inASecond         int // the most in any sliding second
}

func measure(requests []tidtest.Request, length time.Duration) (f figures) {
	by := map[string]int{}
	var times []time.Time
	for _, r := range requests {
		f.requests++
		times = append(times, r.Time)
		if r.RateLimited {
			f.refused++
			continue
		}
		by[r.Header.Get("User-Agent")]++
	}
	f.rate, f.share, f.processes = float64(f.requests-f.refused)/length.Seconds(), float64(f.refused)/float64(f.requests), len(by)
	f.least = f.requests
	for _, n := range by {
		f.least, f.most = min(f.least, n), max(f.most, n)
	}
	f.inASecond = mostWithin(times, time.Second)
	return f
}

// mostWithin is the largest number of times within any sliding span.
func mostWithin(times []time.Time, span time.Duration) (most int) {
	slices.SortFunc(times, time.Time.Compare)
	first := 0
	for i, at := range times {
		for at.Sub(times[first]) >= span {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

func (f figures) String() string {
	return fmt.Sprintf("%5.2f requests/s, %5.1f %% refused, %d to %d for each of %d processes", f.rate, 100*f.share, cmp.Or(f.least, 0), f.most, f.processes)
}
