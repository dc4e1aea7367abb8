package tidredis_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
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

func (n *network) set(cut bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut = cut
}

// behind is a client of Redis whose network the test can cut.
func behind(t *testing.T, rdb *redis.Client) (redis.UniversalClient, *network) {
	n := &network{rnd: newRand(1)}
	rdb.AddHook(n)
	return rdb, n
}

func TestFailClosedSendsNothingWithoutRedisAndSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := tidtest.NewServer(t, tidtest.InMemory())
		rdb, n := behind(t, connect(t, inMemory(t)))
		p := newProcess(t, srv, 1, tidredis.Static(rdb, srv.StaticToken, tidredis.FailClosed))
		call(t, p.client)
		settle()
		n.set(true)
		began := time.Now()
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				_, err := p.client.TimeCodes.List(t.Context(), nil)
				assert.ErrorIs(t, err, tidredis.ErrAway)
				assert.ErrorContains(t, err, "no permit without Redis: ")
				var e *tid.Error
				assert.ErrorAs(t, err, &e)
				assert.False(t, e.MayHaveExecuted)
			})
		}
		wg.Wait()
		assert.InDelta(t, 5, time.Since(began).Seconds(), 1.5)
		require.Len(t, srv.Requests(), 1)

		// A call ends with its own deadline before.
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		began = time.Now()
		_, err := p.client.TimeCodes.List(ctx, nil)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 2*time.Second, time.Since(began))

		// Redis that is away for a moment is not noticed.
		time.AfterFunc(3*time.Second, func() { n.set(false) })
		call(t, p.client)
		settle()
	})
}

func TestShareGoesOnWithAPartOfTheAllowanceAndComesBackByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := inMemory(t)
		srv := tidtest.NewServer(t, tidtest.InMemory())
		var nets []*network
		var wg sync.WaitGroup
		began := time.Now()
		for i := range 8 {
			rdb, n := behind(t, connect(t, m))
			nets = append(nets, n)
			newProcess(t, srv, i, tidredis.Static(rdb, srv.StaticToken, tidredis.Share(8))).work(t, &wg, 4, 3*time.Minute)
		}
		at := func(d time.Duration) time.Time { return began.Add(d) }
		time.Sleep(time.Minute)
		for _, n := range nets {
			n.set(true)
		}
		time.Sleep(time.Minute)
		for _, n := range nets {
			n.set(false)
		}
		wg.Wait()
		settle()
		count := func(from, to time.Time) (n int, refused int) {
			for _, r := range srv.Requests() {
				if !r.Time.Before(from) && r.Time.Before(to) {
					n++
					if r.RateLimited {
						refused++
					}
				}
			}
			return n, refused
		}
		before, refusedBefore := count(at(0), at(time.Minute))
		while, refusedWhile := count(at(65*time.Second), at(2*time.Minute))
		after, refusedAfter := count(at(2*time.Minute+5*time.Second), at(3*time.Minute))
		t.Logf("%.2f requests a second with Redis, %.2f without, %d refused, %.2f after it came back", float64(before)/60, float64(while)/55, refusedWhile, float64(after)/55)
		assert.GreaterOrEqual(t, before, 60*36/10)
		assert.Zero(t, refusedBefore)
		assert.InDelta(t, 55*3, while, 55)
		assert.GreaterOrEqual(t, after, 55*36/10)
		assert.Zero(t, refusedAfter)
	})
}

func TestARefusalHalvesTheShareOfAProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rdb, n := behind(t, connect(t, inMemory(t)))
		n.set(true)
		l := tidredis.Limiter(rdb, "ap_1", tidredis.Share(2))
		take := func() tid.Permit {
			p, err := l.Wait(t.Context())
			require.NoError(t, err)
			p.Sent()
			return p
		}
		take().Done(200, 0)
		began := time.Now()
		take().Done(200, 0)
		assert.Equal(t, 500*time.Millisecond, time.Since(began))
		take().Done(http.StatusTooManyRequests, 3*time.Second)
		began = time.Now()
		take().Done(200, 0)
		assert.Equal(t, 3*time.Second, time.Since(began))
		began = time.Now()
		take().Done(200, 0)
		assert.Equal(t, time.Second, time.Since(began))
		settle()
	})
}

func TestMistakesOfTheConnectionToRedisAreToldAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := inMemory(t)
		rdb := connect(t, m)
		l := tidredis.Limiter(rdb, "ap_1")
		for _, answer := range []string{"NOAUTH Authentication required.", "WRONGPASS invalid username-password pair or user is disabled.", "NOPERM this user has no permissions to run the 'evalsha' command"} {
			m.SetError(answer)
			began := time.Now()
			_, err := l.Wait(t.Context())
			assert.ErrorIs(t, err, tidredis.ErrAway)
			assert.ErrorContains(t, err, answer)
			assert.Less(t, time.Since(began), time.Second)
		}
		for _, passing := range []string{"LOADING Redis is loading the dataset in memory", "ERR max number of clients reached",
			"ERR Error running script (call to f_1): @user_script:37: @user_script: 37: -READONLY You can't write against a read only replica."} {
			m.SetError(passing)
			time.AfterFunc(2*time.Second, func() { m.SetError("") })
			use(t, l, 0)
		}
		settle()
		require.NoError(t, rdb.Close())
		_, err := l.Wait(t.Context())
		assert.ErrorIs(t, err, redis.ErrClosed)
	})
}

func TestTheTokenIsExchangedByEachProcessWhileRedisIsAwayIfTheyShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := tidtest.NewServer(t, tidtest.InMemory())
		rdb, n := behind(t, connect(t, inMemory(t)))
		n.set(true)
		call(t, sharing(t, srv, rdb, srv.AppSecret, tidredis.Share(2)))
		_, err := sharing(t, srv, rdb, srv.AppSecret).TimeCodes.List(t.Context(), nil)
		assert.ErrorIs(t, err, tidredis.ErrAway)
		assert.Equal(t, 1, exchanges(srv))
		settle()
	})
}

func TestNothingHangsWhileRedisDoesNotAnswer(t *testing.T) {
	for what, opts := range map[string][]tidredis.Option{"FailClosed": nil, "Share": {tidredis.Share(4)}} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := inMemory(t)
				rdb := connect(t, m)
				srv := tidtest.NewServer(t, tidtest.InMemory())
				silent := make(chan struct{})
				rdb.AddHook(silence{silent})
				p := newProcess(t, srv, 1, tidredis.Static(rdb, srv.StaticToken, opts...))
				began := time.Now()
				var wg sync.WaitGroup
				for range 4 {
					wg.Go(func() { _, _ = p.client.TimeCodes.List(t.Context(), nil) })
				}
				wg.Wait()
				assert.Less(t, time.Since(began), time.Minute)
				close(silent)
				settle()
			})
		})
	}
}

// silence is a connection on which nothing comes back, whatever the context says, until the
// channel is closed.
type silence struct{ until chan struct{} }

func (s silence) DialHook(next redis.DialHook) redis.DialHook { return next }
func (s silence) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
func (s silence) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(context.Context, redis.Cmder) error { <-s.until; return errors.New("nothing came back") }
}

func TestShareGoesOnWhileRedisHasNoMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rdb := connect(t, inMemory(t))
		rdb.AddHook(failing{func(_ context.Context, what string, next func() error) error {
			if what == "take" || what == "report" {
				return redisErr("OOM command not allowed when used memory > 'maxmemory'.")
			}
			return next() // as Redis does: to leave needs no memory
		}})
		l := tidredis.Limiter(rdb, "ap_1", tidredis.Share(2))
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		n := 0
		for {
			p, err := l.Wait(ctx)
			if err != nil {
				break
			}
			p.Sent()
			p.Done(200, 0)
			n++
		}
		assert.Greater(t, n, 40)
		settle()
	})
}

func TestAllCallsOfAProcessEndFiveSecondsAfterRedisWentAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rdb, n := behind(t, connect(t, inMemory(t)))
		l := tidredis.Limiter(rdb, "ap_1")
		use(t, l, 0)
		settle()
		n.set(true)
		began := time.Now()
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				_, err := l.Wait(t.Context())
				assert.ErrorIs(t, err, tidredis.ErrAway)
			})
		}
		wg.Wait()
		assert.InDelta(t, 5, time.Since(began).Seconds(), 1.5)
		settle()
	})
}

func TestAnExchangeDoesNotHangOnASilentRedis(t *testing.T) {
	for what, opts := range map[string][]tidredis.Option{"FailClosed": nil, "Share": {tidredis.Share(4)}} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := tidtest.NewServer(t, tidtest.InMemory())
				rdb := connect(t, inMemory(t))
				silent := make(chan struct{})
				rdb.AddHook(silence{silent})
				client, err := tid.NewClient(tidredis.Credentials(rdb, srv.AppID, srv.AppSecret, opts...), tid.WithBaseURL(srv.URL),
					tid.WithHTTPClient(&http.Client{Transport: srv.Transport()}))
				require.NoError(t, err)
				began := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				_, err = client.TimeCodes.List(ctx, nil)
				if opts == nil {
					assert.ErrorIs(t, err, tidredis.ErrAway)
					assert.InDelta(t, 5, time.Since(began).Seconds(), 1.5)
				} else {
					assert.NoError(t, err)
					assert.Less(t, time.Since(began), 4*time.Second)
				}
				close(silent)
				settle()
			})
		})
	}
}

// failing is a Redis that answers some commands of the script with an error, or not at all.
type failing struct {
	hook func(ctx context.Context, what string, next func() error) error
}

func (f failing) DialHook(next redis.DialHook) redis.DialHook { return next }
func (f failing) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
func (f failing) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		args := cmd.Args()
		what := ""
		if name := fmt.Sprint(args[0]); strings.HasPrefix(name, "eval") {
			what = fmt.Sprint(args[3+args[2].(int)])
		}
		err := f.hook(ctx, what, func() error { return next(ctx, cmd) })
		if err != nil && cmd.Err() == nil {
			cmd.SetErr(err)
		}
		return err
	}
}

type redisErr string

func (e redisErr) Error() string { return string(e) }
func (redisErr) RedisError()     {}
