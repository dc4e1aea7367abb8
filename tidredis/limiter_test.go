package tidredis_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidredis"
	"github.com/vismatid/tid/tidtest"
)

// use takes a permit and uses it, with an answer after some time.
func use(t *testing.T, l tid.Limiter, answer time.Duration) {
	p, err := l.Wait(t.Context())
	require.NoError(t, err)
	p.Sent()
	time.Sleep(answer)
	p.Done(http.StatusOK, 0)
}

// settle lets what is reported arrive.
func settle() { time.Sleep(time.Minute) }

func TestAPermitIsOneRoundTripWhileNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := inMemory(t)
		rdb := connect(t, m)
		l := tidredis.Limiter(rdb, "ap_1")
		use(t, l, time.Millisecond)
		settle()
		var sent counter
		rdb.AddHook(&sent)
		for n := range 4 {
			p, err := l.Wait(t.Context())
			require.NoError(t, err)
			assert.EqualValues(t, n+1, sent.commands.Load())
			assert.True(t, p.(tid.ExpiringPermit).Valid())
			assert.Equal(t, tid.GateState{InUse: n + 1}, p.(tid.StatefulPermit).State())
			defer p.Done(0, 0)
		}
	})
}

func TestANewGateGivesNothingForASecondAndAHalf(t *testing.T) {
	for what, lose := range map[string]func(context.Context, *redis.Client) error{
		"everything is lost": func(ctx context.Context, rdb *redis.Client) error { return rdb.FlushAll(ctx).Err() },
		"the gate is lost": func(ctx context.Context, rdb *redis.Client) error {
			names, err := rdb.Keys(ctx, "*:gate").Result()
			if err != nil {
				return err
			}
			return rdb.Del(ctx, names...).Err()
		},
		"it is another server": func(ctx context.Context, rdb *redis.Client) error {
			names, err := rdb.Keys(ctx, "*:gate").Result()
			if err != nil {
				return err
			}
			return rdb.HSet(ctx, names[0], "run", "of-another").Err()
		},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := inMemory(t)
				rdb := connect(t, m)
				l := tidredis.Limiter(rdb, "ap_1")
				use(t, l, time.Millisecond)
				settle()
				require.NoError(t, lose(t.Context(), rdb))
				began := time.Now()
				for range 4 {
					use(t, l, 0)
				}
				assert.InDelta(t, 1530, time.Since(began).Milliseconds(), 5, "half a second for a permit, a second, and the margin")
				settle()
			})
		})
	}
}

func TestAProcessThatDiesWithPermitsKeepsTheirSlotsForTheirOwnTime(t *testing.T) {
	for what, c := range map[string]struct {
		after time.Duration
		sent  bool
	}{
		"before it sends":          {},
		"after it has sent":        {sent: true},
		"after it has sent, later": {400 * time.Millisecond, true},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := inMemory(t)
				mortal, other := connect(t, m), tidredis.Limiter(connect(t, m), "ap_1")
				cut := &network{rnd: newRand(1)}
				mortal.AddHook(cut)
				l := tidredis.Limiter(mortal, "ap_1")
				use(t, other, 0)
				settle()
				began := time.Now()
				var permits []tid.Permit
				for range 4 {
					p, err := l.Wait(t.Context())
					require.NoError(t, err)
					permits = append(permits, p)
				}
				cut.set(true)
				time.Sleep(c.after)
				for _, p := range permits {
					if c.sent {
						p.Sent()
					}
				}
				use(t, other, 0)
				assert.LessOrEqual(t, time.Since(began), 1530*time.Millisecond+50*time.Millisecond)
				settle()
			})
		})
	}
}

func TestAPermitEndsUnlessItIsUsedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := inMemory(t)
		rdb := connect(t, m)
		lossy := &network{rnd: newRand(1)}
		rdb.AddHook(lossy)
		l := tidredis.Limiter(rdb, "ap_1")
		use(t, l, 0)
		settle()

		// While a connection comes up it is made longer.
		p, err := l.Wait(t.Context())
		require.NoError(t, err)
		time.Sleep(30 * time.Second)
		assert.True(t, p.(tid.ExpiringPermit).Valid())

		// Without Redis it ends, and stays ended.
		lossy.mu.Lock()
		lossy.cut = true
		lossy.mu.Unlock()
		time.Sleep(time.Second)
		assert.False(t, p.(tid.ExpiringPermit).Valid())
		lossy.mu.Lock()
		lossy.cut = false
		lossy.mu.Unlock()
		time.Sleep(time.Second)
		assert.False(t, p.(tid.ExpiringPermit).Valid())
		p.Done(0, 0)
		settle()
	})
}

func TestARefusalPausesEveryProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := inMemory(t)
		one, other := tidredis.Limiter(connect(t, m), "ap_1"), tidredis.Limiter(connect(t, m), "ap_1")
		use(t, one, 0)
		use(t, other, 0)
		settle()
		p, err := one.Wait(t.Context())
		require.NoError(t, err)
		p.Sent()
		p.Done(http.StatusTooManyRequests, 30*time.Second)
		time.Sleep(10 * time.Millisecond)
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err = other.Wait(ctx)
		var late *tid.NoTurnError
		require.ErrorAs(t, err, &late)
		assert.InDelta(t, 30, late.Wait.Seconds(), 0.1)
		assert.Zero(t, time.Since(began), "it is not begun")
		use(t, other, 0)
		assert.InDelta(t, 30, time.Since(began).Seconds(), 0.1)
		settle()
		stats, err := tidredis.ReadStats(t.Context(), connect(t, m), "ap_1")
		require.NoError(t, err)
		assert.InDelta(t, 45*time.Millisecond, stats.Margin, float64(time.Millisecond), "the margin has grown by half")
	})
}

// waiting starts so many calls that wait for permits until ctx ends, and use each.
func waiting(ctx context.Context, t *testing.T, l tid.Limiter, wg *sync.WaitGroup, n int) {
	for range n {
		wg.Go(func() {
			p, err := l.Wait(ctx)
			if err != nil {
				assert.ErrorIs(t, err, context.Canceled)
				return
			}
			p.Sent()
			p.Done(http.StatusOK, 0)
		})
	}
	synctest.Wait()
}

func TestAWaitThatWouldPassTheDeadlineIsNotBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := inMemory(t)
		busy, idle := tidredis.Limiter(connect(t, m), "ap_1"), tidredis.Limiter(connect(t, m), "ap_1")
		use(t, busy, 0)
		settle()
		var wg sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		waiting(ctx, t, busy, &wg, 44)
		began := time.Now()
		for l, least := range map[tid.Limiter]time.Duration{busy: 9 * time.Second, idle: 900 * time.Millisecond} {
			short, stop := context.WithTimeout(t.Context(), least-100*time.Millisecond)
			_, err := l.Wait(short)
			stop()
			var late *tid.NoTurnError
			require.ErrorAs(t, err, &late)
			assert.GreaterOrEqual(t, late.Wait, least-100*time.Millisecond)
			assert.Zero(t, time.Since(began))
		}
		// A process that has one call to make does not stand behind all calls of another.
		short, stop := context.WithTimeout(t.Context(), 3*time.Second)
		p, err := idle.Wait(short)
		stop()
		require.NoError(t, err)
		p.Done(0, 0)
		cancel()
		wg.Wait()
		settle()
	})
}

func TestACancelledCallLeavesItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := inMemory(t)
		rdb := connect(t, m)
		l := tidredis.Limiter(rdb, "ap_1", tidredis.Name("worker"))
		use(t, l, 0)
		settle()
		p, err := l.Wait(t.Context())
		require.NoError(t, err)
		p.Sent()
		p.Done(http.StatusTooManyRequests, time.Minute)
		time.Sleep(10 * time.Millisecond)
		other := tidredis.Limiter(rdb, "ap_1", tidredis.Name("other"))
		first, cancelFirst := context.WithCancel(t.Context())
		second, cancelSecond := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		waiting(first, t, other, &wg, 1)
		waiting(second, t, other, &wg, 1)
		waits := func() []tidredis.Waiter {
			time.Sleep(time.Second)
			stats, err := tidredis.ReadStats(t.Context(), rdb, "ap_1")
			require.NoError(t, err)
			assert.InDelta(t, 58, stats.Paused.Seconds(), 2)
			return stats.Waiting
		}
		there := waits()
		require.Len(t, there, 1)
		assert.Equal(t, "other", there[0].Process)
		assert.InDelta(t, time.Second, there[0].For, float64(10*time.Millisecond))
		cancelFirst()
		assert.Len(t, waits(), 1, "the next call of the process has the place")
		cancelSecond()
		assert.Empty(t, waits())
		wg.Wait()
		settle()
	})
}

func TestTheTokenRequestGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := inMemory(t)
		srv := tidtest.NewServer(t, tidtest.InMemory())
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		use(t, tidredis.Limiter(connect(t, m), srv.AppID), 0)
		for range 8 {
			waiting(ctx, t, tidredis.Limiter(connect(t, m), srv.AppID), &wg, 10)
		}
		began := time.Now()
		_, err := tid.ExchangeToken(t.Context(), srv.AppID, srv.AppSecret, tid.WithBaseURL(srv.URL), tid.WithHTTPClient(&http.Client{Transport: srv.Transport()}),
			tid.WithLimiter(tidredis.Limiter(connect(t, m), srv.AppID)))
		require.NoError(t, err)
		assert.Less(t, time.Since(began), 1600*time.Millisecond)
		cancel()
		wg.Wait()
		settle()
	})
}

func TestProcessesWaitInTurnHoweverManyCallsTheyHave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := inMemory(t)
		srv := tidtest.NewServer(t, tidtest.InMemory())
		var wg sync.WaitGroup
		for n, goroutines := range []int{1, 100} {
			newProcess(t, srv, n, tidredis.Static(connect(t, m), srv.StaticToken)).work(t, &wg, goroutines, time.Minute)
		}
		wg.Wait()
		by := map[string]int{}
		for _, r := range srv.Requests() {
			if r.Time.Sub(srv.Requests()[0].Time) < time.Minute {
				by[r.Header.Get("User-Agent")]++
			}
		}
		assert.GreaterOrEqual(t, 1.5*float64(by["process-0 tid-go/"+tid.Version]), float64(by["process-1 tid-go/"+tid.Version]),
			"the process with one goroutine does not wait while its request is on the way")
		settle()
	})
}

func TestWaitersThatDiedKeepNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := inMemory(t)
		use(t, tidredis.Limiter(connect(t, m), "ap_1"), 0)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 40 {
			mortal := connect(t, m)
			n := &network{rnd: newRand(1)}
			mortal.AddHook(n)
			l := tidredis.Limiter(mortal, "ap_1")
			for range 3 {
				wg.Go(func() { _, _ = l.Wait(ctx) })
			}
			synctest.Wait()
			n.mu.Lock()
			n.cut = true
			n.mu.Unlock()
		}
		began := time.Now()
		l := tidredis.Limiter(connect(t, m), "ap_1")
		for range 8 {
			use(t, l, 0)
		}
		assert.Less(t, time.Since(began), 15*time.Second)
		cancel()
		wg.Wait()
		settle()
	})
}

func TestKeysShowNoIdAndExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := inMemory(t)
		rdb := connect(t, m)
		l := tidredis.Limiter(rdb, "ap_1234567890")
		use(t, l, 0)
		names := m.Keys()
		require.NotEmpty(t, names)
		for _, name := range names {
			assert.True(t, strings.HasPrefix(name, "tid:{"), name)
			assert.NotContains(t, name, "ap_12")
		}
		assert.NotContains(t, m.Dump(), "ap_12")
		time.Sleep(25 * time.Hour)
		assert.Empty(t, m.Keys())
	})
}

func TestBadArgumentsAreErrorsOfTheFirstCall(t *testing.T) {
	rdb := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	defer func() { _ = rdb.Close() }()
	for want, l := range map[string]tid.Limiter{
		"the Redis client is nil":                  tidredis.Limiter(nil, "ap_1"),
		"the application id or token is empty":     tidredis.Limiter(rdb, ""),
		"the number of processes must be at least": tidredis.Limiter(rdb, "ap_1", tidredis.Share(0)),
		`the name "a b" of a process`:              tidredis.Limiter(rdb, "ap_1", tidredis.Name("a b")),
	} {
		_, err := l.Wait(t.Context())
		assert.ErrorContains(t, err, want)
	}
	client, err := tid.NewClient(tidredis.Credentials(nil, "ap_1", "secret"))
	require.NoError(t, err)
	_, err = client.Contacts.Get(t.Context(), 1)
	assert.ErrorContains(t, err, "the Redis client is nil")
	_, err = tid.NewClient(tidredis.Credentials(rdb, "ap_1", ""))
	assert.ErrorContains(t, err, "the application secret is empty")
}

func TestAClockOfRedisThatGoesBackStopsNobody(t *testing.T) {
	for what, wait := range map[string]time.Duration{"between calls": 0, "during a pause": 10 * time.Second} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := inMemory(t)
				l := tidredis.Limiter(connect(t, m), "ap_1")
				for range 5 {
					use(t, l, 0)
				}
				if wait > 0 {
					p, err := l.Wait(t.Context())
					require.NoError(t, err)
					p.Sent()
					p.Done(http.StatusTooManyRequests, wait)
				}
				time.Sleep(20 * time.Millisecond)
				over := make(chan struct{})
				var wg sync.WaitGroup
				wg.Go(func() {
					for {
						m.SetTime(time.Now().Add(-time.Hour))
						select {
						case <-over:
							return
						case <-time.After(time.Millisecond):
						}
					}
				})
				time.Sleep(2 * time.Millisecond)
				began := time.Now()
				other := tidredis.Limiter(connect(t, m), "ap_1")
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				_, err := other.Wait(ctx)
				cancel()
				assert.NoError(t, err)
				assert.Less(t, time.Since(began), max(wait, 1500*time.Millisecond)+100*time.Millisecond)
				assert.Greater(t, time.Since(began), max(wait, 1500*time.Millisecond))
				close(over)
				wg.Wait()
				settle()
			})
		})
	}
}

func TestARefusalIsHeardThoughItsReportIsLostAtFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := inMemory(t)
		rdb, n := behind(t, connect(t, m))
		one, other := tidredis.Limiter(rdb, "ap_1"), tidredis.Limiter(connect(t, m), "ap_1")
		use(t, one, 0)
		settle()
		p, err := one.Wait(t.Context())
		require.NoError(t, err)
		p.Sent()
		n.set(true)
		p.Done(http.StatusTooManyRequests, 30*time.Second)
		time.Sleep(time.Second)
		n.set(false)
		time.Sleep(2 * time.Second)
		began := time.Now()
		use(t, other, 0)
		assert.InDelta(t, 27, time.Since(began).Seconds(), 0.5)
		settle()
	})
}

func TestAPermitThatComesAsTheCallEndsIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := inMemory(t)
		use(t, tidredis.Limiter(connect(t, m), "ap_1"), 0)
		settle()
		rdb := connect(t, m)
		ended := func() {}
		rdb.AddHook(failing{func(_ context.Context, what string, next func() error) error {
			err := next()
			if what == "take" {
				ended()
			}
			return err
		}})
		l := tidredis.Limiter(rdb, "ap_1")
		for range 20 {
			ctx, cancel := context.WithCancel(t.Context())
			ended = cancel
			p, err := l.Wait(ctx)
			if err == nil {
				p.Done(0, 0)
			}
			time.Sleep(10 * time.Millisecond)
			stats, err := tidredis.ReadStats(t.Context(), rdb, "ap_1")
			require.NoError(t, err)
			require.Empty(t, stats.Slots)
		}
		settle()
	})
}

func TestCallsThatAreCancelledTogetherLeaveTheirPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := inMemory(t)
		rdb := connect(t, m)
		l := tidredis.Limiter(rdb, "ap_1")
		use(t, l, 0)
		settle()
		p, err := l.Wait(t.Context())
		require.NoError(t, err)
		p.Sent()
		p.Done(http.StatusTooManyRequests, 10*time.Minute)
		time.Sleep(10 * time.Millisecond)
		for range 50 {
			other := tidredis.Limiter(rdb, "ap_1")
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			waiting(ctx, t, other, &wg, 3)
			time.Sleep(10 * time.Millisecond)
			cancel()
			wg.Wait()
			time.Sleep(10 * time.Millisecond)
			stats, err := tidredis.ReadStats(t.Context(), rdb, "ap_1")
			require.NoError(t, err)
			require.Empty(t, stats.Waiting)
		}
		settle()
	})
}

func TestStatsShowNoProcessThatHasDiedWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := inMemory(t)
		rdb, n := behind(t, connect(t, m))
		l := tidredis.Limiter(rdb, "ap_1")
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		waiting(ctx, t, l, &wg, 1)
		n.set(true)
		cancel()
		wg.Wait()
		settle()
		stats, err := tidredis.ReadStats(t.Context(), connect(t, m), "ap_1")
		require.NoError(t, err)
		assert.Empty(t, stats.Waiting)
	})
}

func TestALargeMarginKeepsNobodyFromASlotThatAnAnswerMakesFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := inMemory(t)
		l := tidredis.Limiter(connect(t, m), "ap_1")
		use(t, l, 0)
		for range 10 {
			p, err := l.Wait(t.Context())
			require.NoError(t, err)
			p.Sent()
			p.Done(http.StatusTooManyRequests, time.Millisecond)
			time.Sleep(3 * time.Second)
		}
		stats, err := tidredis.ReadStats(t.Context(), connect(t, m), "ap_1")
		require.NoError(t, err)
		require.Equal(t, time.Second, stats.Margin)
		for range 4 {
			go use(t, l, 50*time.Millisecond)
		}
		time.Sleep(time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		p, err := l.Wait(ctx) // the answers come in time, although a second and the margin would be too late
		cancel()
		require.NoError(t, err)
		p.Done(0, 0)
		settle()

		began, n := time.Now(), 0
		var wg sync.WaitGroup
		var mu sync.Mutex
		for range 8 {
			wg.Go(func() {
				for time.Since(began) < time.Minute {
					use(t, l, 50*time.Millisecond)
					mu.Lock()
					n++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		assert.Greater(t, n, 60*34/10)
		settle()
	})
}

func TestANameThatWouldBreakTheGateOfAllIsRefused(t *testing.T) {
	for _, name := range []string{"a\vb", "a\fb", "a\u00a0b", "a\x00b", "a b", "a#b", ""} {
		_, err := tidredis.Limiter(connect(t, inMemory(t)), "ap_1", tidredis.Name(name)).Wait(t.Context())
		assert.ErrorContains(t, err, "of a process must have no space", "%q", name)
	}
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
