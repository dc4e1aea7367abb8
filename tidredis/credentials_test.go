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

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidredis"
	"github.com/vismatid/tid/tidtest"
)

// sharing is a process that shares token and limiter.
func sharing(t *testing.T, srv *tidtest.Server, rdb redis.UniversalClient, secret string, opts ...tidredis.Option) *tid.Client {
	client, err := tid.NewClient(tidredis.Credentials(rdb, srv.AppID, secret, opts...), tid.WithBaseURL(srv.URL), tid.WithHTTPClient(&http.Client{Transport: srv.Transport()}),
		tid.WithLimiter(tidredis.Limiter(rdb, srv.AppID, opts...)), tid.WithMaxWait(2*time.Minute))
	require.NoError(t, err)
	return client
}

// exchanges are the token requests that the server got.
func exchanges(srv *tidtest.Server) (n int) {
	for _, r := range srv.Requests() {
		if strings.HasSuffix(r.Path, "/Token") {
			n++
		}
	}
	return n
}

func call(t *testing.T, c *tid.Client) {
	_, err := c.TimeCodes.List(t.Context(), nil)
	require.NoError(t, err)
}

func TestEightProcessesExchangeOnceForEachTokenLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := inMemory(t)
		const life = 10 * time.Minute
		srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithTokenLifetime(life), tidtest.WithLog(20_000))
		var wg sync.WaitGroup
		began := time.Now()
		for range 8 {
			client := sharing(t, srv, connect(t, m), srv.AppSecret)
			for range 2 {
				wg.Go(func() {
					for time.Since(began) < time.Hour {
						call(t, client)
						time.Sleep(5 * time.Second)
					}
				})
			}
		}
		wg.Wait()
		settle()
		// Each is renewed a minute before it ends, so that there are seven in the hour.
		assert.Equal(t, 7, exchanges(srv))
		for _, r := range srv.Requests() {
			assert.NotEqual(t, http.StatusUnauthorized, r.Status)
			assert.False(t, r.RateLimited)
		}
	})
}

func TestOthersGoOnWithTheOldTokenWhileOneProcessRenews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := inMemory(t)
		srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithTokenLifetime(10*time.Minute))
		one, other := sharing(t, srv, connect(t, m), srv.AppSecret), sharing(t, srv, connect(t, m), srv.AppSecret)
		call(t, one)
		call(t, other)
		require.Equal(t, 1, exchanges(srv))
		time.Sleep(9*time.Minute + 10*time.Second)
		srv.Inject(tidtest.Fault{Operation: "POST /v1/Auth/Token", Effect: tidtest.Delay(20 * time.Second)})
		for _, c := range []*tid.Client{one, other, one, other} {
			began := time.Now()
			call(t, c)
			assert.Less(t, time.Since(began), 2*time.Second)
		}
		settle()
		call(t, one)
		call(t, other)
		assert.Equal(t, 2, exchanges(srv))
	})
}

func TestARefusedTokenIsExchangedOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := inMemory(t)
		srv := tidtest.NewServer(t, tidtest.InMemory())
		var all []*tid.Client
		for range 8 {
			all = append(all, sharing(t, srv, connect(t, m), srv.AppSecret))
		}
		var wg sync.WaitGroup
		for round := range 3 {
			for _, c := range all {
				for range 3 {
					wg.Go(func() { call(t, c) })
				}
			}
			wg.Wait()
			assert.Equal(t, round+1, exchanges(srv))
			srv.KillTokens()
		}
		settle()
	})
}

func TestAnotherProcessExchangesInThePlaceOfOneThatDied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := inMemory(t)
		srv := tidtest.NewServer(t, tidtest.InMemory())
		dying := connect(t, m)
		n := &network{rnd: newRand(1)}
		dying.AddHook(n)
		srv.Inject(tidtest.Fault{Operation: "POST /v1/Auth/Token", Effect: tidtest.Delay(time.Minute)})
		mortal := sharing(t, srv, dying, srv.AppSecret)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = mortal.TimeCodes.List(ctx, nil) })
		time.Sleep(5 * time.Second)
		n.mu.Lock()
		n.cut = true
		n.mu.Unlock()
		began := time.Now()
		call(t, sharing(t, srv, connect(t, m), srv.AppSecret))
		assert.Less(t, time.Since(began), 15*time.Second)
		wg.Wait()
		time.Sleep(5 * time.Minute)
	})
}

func TestWhatIsInRedisShowsNoToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := inMemory(t)
		srv := tidtest.NewServer(t, tidtest.InMemory())
		rdb := connect(t, m)
		client := sharing(t, srv, rdb, srv.AppSecret, tidredis.Name("worker"))
		call(t, client)
		token := ""
		spy, err := tid.NewClient(tidredis.Credentials(rdb, srv.AppID, srv.AppSecret), tid.WithBaseURL(srv.URL), tid.WithLimiter(nil),
			tid.WithHTTPClient(&http.Client{Transport: seeing(func(req *http.Request) { token = req.Header.Get("Authorization") }, srv.Transport())}))
		require.NoError(t, err)
		call(t, spy)
		token = strings.TrimPrefix(token, "Bearer ")
		require.NotEmpty(t, token)
		require.Equal(t, 1, exchanges(srv))
		kept, name := "", ""
		for _, key := range m.Keys() {
			if strings.Contains(key, ":token:") {
				name = key
				kept, _ = m.Get(key)
			}
			assert.NotContains(t, key, token)
			assert.NotContains(t, key, srv.AppID)
		}
		require.NotEmpty(t, kept)
		assert.NotContains(t, m.Dump(), token)
		assert.NotContains(t, m.Dump(), srv.AppSecret)
		assert.InDelta(t, time.Hour, m.TTL(name), float64(24*time.Hour), "it expires")
		assert.Positive(t, m.TTL(name))

		// What was changed, or put there under another key, is not used.
		for what, forged := range map[string]string{"cut": kept[:len(kept)-1], "changed": kept[:20] + "x" + kept[21:], "plain": token, "empty": ""} {
			before := exchanges(srv)
			require.NoError(t, m.Set(name, forged))
			m.SetTTL(name, time.Hour)
			call(t, sharing(t, srv, rdb, srv.AppSecret))
			assert.Equal(t, before+1, exchanges(srv), what)
		}
		settle()
	})
}

func TestAReplacedSecretHasATokenOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := inMemory(t)
		srv := tidtest.NewServer(t, tidtest.InMemory())
		call(t, sharing(t, srv, connect(t, m), srv.AppSecret))
		_, err := sharing(t, srv, connect(t, m), "another-secret").TimeCodes.List(t.Context(), nil)
		assert.ErrorIs(t, err, tid.ErrUnauthorized)
		var e *tid.Error
		require.ErrorAs(t, err, &e)
		assert.NotContains(t, err.Error(), "another-secret")
		call(t, sharing(t, srv, connect(t, m), srv.AppSecret))
		settle()
	})
}

func TestATokenAtHandNeedsNoRedis(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := inMemory(t)
		srv := tidtest.NewServer(t, tidtest.InMemory())
		rdb := connect(t, m)
		n := &network{rnd: newRand(1)}
		rdb.AddHook(n)
		client, err := tid.NewClient(tidredis.Credentials(rdb, srv.AppID, srv.AppSecret), tid.WithBaseURL(srv.URL),
			tid.WithHTTPClient(&http.Client{Transport: srv.Transport()}))
		require.NoError(t, err)
		call(t, client)
		n.mu.Lock()
		n.cut = true
		n.mu.Unlock()
		call(t, client)
		srv.KillTokens()
		_, err = client.TimeCodes.List(t.Context(), nil)
		assert.ErrorIs(t, err, tid.ErrUnauthorized)
		assert.ErrorContains(t, err, "no token without Redis")
		settle()
		n.mu.Lock()
		n.cut = false
		n.mu.Unlock()
		call(t, client)
		assert.Equal(t, 2, exchanges(srv))
	})
}

// seeing is a transport that shows each request.
func seeing(see func(*http.Request), next http.RoundTripper) http.RoundTripper {
	return transport(func(req *http.Request) (*http.Response, error) { see(req); return next.RoundTrip(req) })
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestAProcessThatStartsAsTheTokenEndsSendsNoEndedToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := inMemory(t)
		srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithTokenLifetime(10*time.Minute))
		call(t, sharing(t, srv, connect(t, m), srv.AppSecret))
		time.Sleep(10*time.Minute - 6*time.Second)
		late := sharing(t, srv, connect(t, m), srv.AppSecret)
		for range 12 {
			call(t, late)
			time.Sleep(time.Second)
		}
		for _, r := range srv.Requests() {
			assert.NotEqual(t, http.StatusUnauthorized, r.Status)
		}
		settle()
	})
}

func TestARefusedSecretIsRefusedOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := inMemory(t)
		srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithLatency(tidtest.Latency{RoundTrip: 50 * time.Millisecond}))
		began := time.Now()
		var wg sync.WaitGroup
		for range 50 {
			client := sharing(t, srv, connect(t, m), "not-the-secret")
			wg.Go(func() {
				for time.Since(began) < time.Minute {
					asked := time.Now()
					_, err := client.TimeCodes.List(t.Context(), nil)
					assert.ErrorIs(t, err, tid.ErrUnauthorized)
					assert.NotContains(t, err.Error(), "not-the-secret")
					assert.Less(t, time.Since(asked), 5*time.Second)
					time.Sleep(time.Second)
				}
			})
		}
		wg.Wait()
		assert.LessOrEqual(t, exchanges(srv), 7, "once in ten seconds")
		assert.NotContains(t, m.Dump(), "Unauthorized")
		settle()

		// An error that may be over soon is told to none but the process that met it.
		srv.Inject(tidtest.Fault{Operation: "POST /v1/Auth/Token", Effect: tidtest.Answer(http.StatusNotImplemented, "")})
		_, err := sharing(t, srv, connect(t, m), srv.AppSecret).TimeCodes.List(t.Context(), nil)
		require.Error(t, err)
		call(t, sharing(t, srv, connect(t, m), srv.AppSecret))
		settle()
	})
}
