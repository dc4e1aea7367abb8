package fleet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/stretchr/testify/assert"
	"golang.org/x/time/rate"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidredis"
	"github.com/vismatid/tid/tidtest"
)

// gcra is redis_rate, which tells when to ask again.
type gcra struct{ limiter *redis_rate.Limiter }

func (g gcra) Wait(ctx context.Context) (tid.Permit, error) {
	for {
		result, err := g.limiter.Allow(ctx, "tid", redis_rate.PerSecond(4))
		if err != nil {
			return nil, err
		}
		if result.Allowed > 0 {
			return nothing{}, nil
		}
		select {
		case <-time.After(result.RetryAfter):
		case <-ctx.Done():
			return nil, errors.New("the context ended")
		}
	}
}

type nothing struct{}

func (nothing) Sent()                   {}
func (nothing) Done(int, time.Duration) {}

// TestEightProcessesUseTheAllowanceAndDoNotExceedIt measures eight processes of 16 goroutines
// each against a server that admits four requests in any sliding second, and beside tidredis
// the other ways to share.
func TestEightProcessesUseTheAllowanceAndDoNotExceedIt(t *testing.T) {
	const length = time.Minute
	ways := []struct {
		name    string
		limiter func(t *testing.T) func() tid.Limiter // of one run, for each process
	}{
		{"tidredis", func(t *testing.T) func() tid.Limiter {
			m := inMemory(t)
			return func() tid.Limiter { return tidredis.Limiter(connect(t, m), "ap_1") }
		}},
		{"the local gate in each", func(*testing.T) func() tid.Limiter { return tid.NewLimiter }},
		{"0.5/s for each", func(*testing.T) func() tid.Limiter {
			return func() tid.Limiter { return tid.RateLimiter(rate.NewLimiter(0.5, 1)) }
		}},
		{"redis_rate", func(t *testing.T) func() tid.Limiter {
			m := inMemory(t)
			return func() tid.Limiter { return gcra{redis_rate.NewLimiter(connect(t, m))} }
		}},
	}
	for _, c := range []struct {
		latency tidtest.Latency
		least   float64 // requests a second
		refused float64 // the most, as a share
	}{
		{tidtest.Latency{RoundTrip: 5 * time.Millisecond}, 3.6, 0.005},
		{tidtest.Latency{RoundTrip: 50 * time.Millisecond}, 3.6, 0.005},
		{tidtest.Latency{RoundTrip: 250 * time.Millisecond}, 3.6, 0.005},
		{tidtest.Latency{RoundTrip: time.Second}, 3.2, 0.005},
		// The margin has to learn how much the network varies.
		{tidtest.Latency{RoundTrip: 20 * time.Millisecond, Exponential: 20 * time.Millisecond}, 3.2, 0.03},
		{tidtest.Latency{RoundTrip: 200 * time.Millisecond, Exponential: 50 * time.Millisecond}, 2.8, 0.05},
	} {
		for _, way := range ways {
			name := fmt.Sprintf("%s+E%s, %s", c.latency.RoundTrip, c.latency.Exponential, way.name)
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithLatency(c.latency), tidtest.WithLog(100_000))
					limiter := way.limiter(t)
					var wg sync.WaitGroup
					began := time.Now()
					for n := range 8 {
						work(t, srv, fmt.Sprint("process-", n), limiter(), &wg, 16, length)
					}
					wg.Wait()
					f := measure(srv.Requests(), time.Since(began))
					time.Sleep(time.Minute) // what is still reported
					t.Log(f)
					if way.name != "tidredis" {
						return
					}
					assert.GreaterOrEqual(t, f.rate, c.least)
					assert.Less(t, f.share, c.refused)
					assert.Equal(t, 8, f.processes)
					assert.LessOrEqual(t, float64(f.most), 1.5*float64(f.least))
				})
			})
		}
	}
}
