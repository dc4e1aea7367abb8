package tid_test

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/time/rate"

	"github.com/vismatid/tid"
)

// window is a server that allows four requests in any sliding second, at the end
// of a network with latency: a request travels half of it and the answer the rest.
type window struct {
	latency func() time.Duration // one way
	retry   time.Duration        // what Retry-After says

	mu       sync.Mutex
	accepted []time.Time
	rejected []time.Time
}

func (w *window) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := travel(req.Context(), w.latency()); err != nil {
		return nil, err
	}
	resp := w.answer(req)
	if err := travel(req.Context(), w.latency()); err != nil {
		return nil, err
	}
	return resp, nil
}

func (w *window) answer(req *http.Request) *http.Response {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	recent := 0
	for _, at := range w.accepted {
		if now.Sub(at) < time.Second {
			recent++
		}
	}
	resp := &http.Response{StatusCode: 200, Header: http.Header{}, Request: req,
		Body: io.NopCloser(strings.NewReader(`{"id":1}`)), ContentLength: -1}
	if recent >= 4 {
		w.rejected = append(w.rejected, now)
		resp.StatusCode = 429
		resp.Header.Set("Retry-After", strconv.Itoa(int(w.retry/time.Second)))
		return resp
	}
	w.accepted = append(w.accepted, now)
	return resp
}

func travel(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// perSecond is the rate of the accepted requests from the first to the last.
func (w *window) perSecond() float64 {
	first, last := w.accepted[0], w.accepted[len(w.accepted)-1]
	return float64(len(w.accepted)-1) / last.Sub(first).Seconds()
}

func client(t testing.TB, transport http.RoundTripper, opts ...tid.Option) *tid.Client {
	t.Helper()
	opts = append([]tid.Option{tid.WithHTTPClient(&http.Client{Transport: transport})}, opts...)
	c, err := tid.NewClient(tid.StaticToken("pk_test.pa_test"), opts...)
	require.NoError(t, err)
	return c
}

// calls makes n calls from the given number of goroutines.
func calls(t testing.TB, c *tid.Client, goroutines, n int) {
	var wg sync.WaitGroup
	work := make(chan struct{}, n)
	for range n {
		work <- struct{}{}
	}
	close(work)
	for range goroutines {
		wg.Go(func() {
			for range work {
				assert.NoError(t, c.Do(context.Background(), "GET", "v1/Core/Contacts/1", nil, nil, nil))
			}
		})
	}
	wg.Wait()
}

func uniform(low, high time.Duration, seed uint64) func() time.Duration {
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(seed, 1))
	return func() time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return low + time.Duration(r.Int64N(int64(high-low)+1))
	}
}

func exponential(base, mean time.Duration, seed uint64) func() time.Duration {
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(seed, 1))
	return func() time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return base + time.Duration(r.ExpFloat64()*float64(mean))
	}
}

// Sixteen goroutines share the allowance: it is used up, and hardly ever exceeded.
func TestGateUsesTheAllowanceAndDoesNotExceedIt(t *testing.T) {
	for _, c := range []struct {
		name    string
		latency func() time.Duration
		calls   int
		atLeast float64 // a second
		refused float64 // share at the most
	}{
		{"5ms", uniform(5*time.Millisecond, 5*time.Millisecond, 1), 1000, 3.9, 0},
		{"0-20ms", uniform(0, 20*time.Millisecond, 1), 1000, 3.8, 0.002},
		{"20+E20", exponential(20*time.Millisecond, 20*time.Millisecond, 1), 4000, 3.65, 0.005},
		{"50+E60", exponential(50*time.Millisecond, 60*time.Millisecond, 1), 4000, 3.25, 0.005},
		{"150+E10", exponential(150*time.Millisecond, 10*time.Millisecond, 1), 4000, 3.75, 0.005},
		{"500+E30", exponential(500*time.Millisecond, 30*time.Millisecond, 1), 4000, 3.35, 0.005},
		{"1250+E30", exponential(1250*time.Millisecond, 30*time.Millisecond, 1), 4000, 3.35, 0.005},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &window{latency: c.latency, retry: time.Second}
				calls(t, client(t, w), 16, c.calls)
				t.Logf("%.2f/s, %d refused", w.perSecond(), len(w.rejected))
				assert.GreaterOrEqual(t, w.perSecond(), c.atLeast)
				assert.LessOrEqual(t, float64(len(w.rejected))/float64(c.calls), c.refused)
			})
		})
	}
}

func TestAnEventTellsHowBusyTheGateWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &window{latency: func() time.Duration { return 10 * time.Millisecond }}
		var mu sync.Mutex
		var states []tid.GateState
		client, err := tid.NewClient(tid.StaticToken("token"), tid.WithHTTPClient(&http.Client{Transport: w}), tid.WithObserver(func(_ context.Context, e tid.Event) {
			mu.Lock()
			defer mu.Unlock()
			states = append(states, e.Gate)
		}))
		require.NoError(t, err)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { _ = client.Do(t.Context(), "GET", "v1/Core/Whatever", nil, nil, nil) })
			synctest.Wait()
		}
		for range 3 {
			wg.Go(func() { _ = client.Do(t.Context(), "GET", "v1/Core/Whatever", nil, nil, nil) })
		}
		wg.Wait()
		require.Len(t, states, 7)
		assert.ElementsMatch(t, []tid.GateState{{InUse: 1}, {InUse: 2}, {InUse: 3}, {InUse: 4}}, states[:4])
		waiting := []int{states[4].Waiting, states[5].Waiting, states[6].Waiting}
		assert.ElementsMatch(t, []int{2, 1, 0}, waiting)
	})
}

func TestNoLimiterSendsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		w := &window{latency: uniform(0, 0, 1)}
		c := client(t, w, tid.WithLimiter(nil))
		calls(t, c, 4, 4)
		assert.Zero(t, time.Since(begin))
	})
}

// One 429 stops every caller that uses the token, not just the one that met it.
func TestOneRefusalPausesEveryCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent []time.Duration
		begin := time.Now()
		var mu sync.Mutex
		c := client(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, time.Since(begin))
			if len(sent) == 1 {
				return answer(req, 429, `{"waitInSeconds":5}`, "Retry-After", "5"), nil
			}
			return answer(req, 200, `{}`), nil
		}))
		calls(t, c, 1, 1) // meets the 429, and is retried after the pause
		assert.Equal(t, []time.Duration{0, 5 * time.Second}, sent)

		sent, begin = nil, time.Now()
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { calls(t, c, 1, 1) })
		}
		wg.Wait()
		require.Len(t, sent, 21, "one of twenty was refused")
		for _, at := range sent[4:] { // the first four were on their way together
			assert.GreaterOrEqual(t, at, 5*time.Second)
		}
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client(t, &window{latency: uniform(0, 0, 1), retry: time.Second})
		calls(t, c, 4, 4)
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(100*time.Millisecond, cancel)
		begin := time.Now()
		err := c.Do(ctx, "GET", "v1/Core/Contacts/1", nil, nil, nil)
		assert.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, 100*time.Millisecond, time.Since(begin))
	})
}

func TestWaitThatWouldPassTheDeadlineIsNotBegun(t *testing.T) {
	for _, c := range []struct {
		name    string
		limiter func() tid.Limiter
		before  int // calls already waiting
	}{
		{"next in turn", tid.NewLimiter, 0},
		{"far back in the queue", tid.NewLimiter, 40},
		{"x/time/rate", func() tid.Limiter { return tid.RateLimiter(rate.NewLimiter(1, 4)) }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := client(t, &window{latency: uniform(0, 0, 1), retry: time.Second}, tid.WithLimiter(c.limiter()))
				calls(t, client, 4, 4)
				wait := 500 * time.Millisecond
				var wg sync.WaitGroup
				for range c.before {
					wg.Go(func() { calls(t, client, 1, 1) })
				}
				if c.before > 0 {
					wait = 9 * time.Second // the forty take ten
				}
				synctest.Wait()
				begin := time.Now()
				ctx, cancel := context.WithTimeout(context.Background(), wait)
				defer cancel()
				err := client.Do(ctx, "GET", "v1/Core/Contacts/1", nil, nil, nil)
				assert.ErrorIs(t, err, context.DeadlineExceeded)
				assert.ErrorContains(t, err, "would pass the deadline")
				assert.Zero(t, time.Since(begin))
				wg.Wait()
			})
		})
	}
}

// A connection that has to be set up first delays the request: its slot must not
// be free again before a second has passed since it really went out.
// A margin that has grown is no reason to refuse: an answer can make the slot free before.
func TestALargeMarginRefusesNoWaitThatCanEndInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := tid.NewLimiter()
		for range 20 {
			p, err := l.Wait(t.Context())
			require.NoError(t, err)
			p.Sent()
			p.Done(http.StatusTooManyRequests, 0)
			time.Sleep(2 * time.Second)
		}
		for range 4 {
			p, err := l.Wait(t.Context())
			require.NoError(t, err)
			p.Sent()
			time.AfterFunc(100*time.Millisecond, func() { p.Done(200, 0) })
		}
		ctx, cancel := context.WithTimeout(t.Context(), 1200*time.Millisecond)
		defer cancel()
		began := time.Now()
		p, err := l.Wait(ctx)
		require.NoError(t, err)
		assert.Equal(t, 1100*time.Millisecond, time.Since(began))
		p.Done(0, 0)
	})
}

func TestSlotIsCountedFromTheSending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &window{latency: uniform(time.Millisecond, time.Millisecond, 1), retry: time.Second}
		var dialled atomic.Bool
		c := client(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if dialled.CompareAndSwap(false, true) {
				time.Sleep(400 * time.Millisecond)
			}
			httptrace.ContextClientTrace(req.Context()).WroteRequest(httptrace.WroteRequestInfo{})
			time.Sleep(100 * time.Millisecond)
			return w.RoundTrip(req)
		}))
		calls(t, c, 8, 40)
		assert.Empty(t, w.rejected)
	})
}

func TestRetryAfterBeyondTheCapEndsTheCallAndTheNextOnesTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		year := strconv.Itoa(365 * 24 * 3600)
		sent := 0
		c := client(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			sent++
			return answer(req, 429, ``, "Retry-After", year), nil
		}))
		begin := time.Now()
		err := c.Do(context.Background(), "GET", "v1/Core/Contacts/1", nil, nil, nil)
		var e *tid.Error
		require.ErrorAs(t, err, &e)
		assert.ErrorIs(t, err, tid.ErrRateLimited)
		assert.Equal(t, 365*24*time.Hour, e.RetryAfter)
		assert.Equal(t, 1, e.Attempts)
		assert.Zero(t, time.Since(begin))

		err = c.Do(context.Background(), "GET", "v1/Core/Contacts/1", nil, nil, nil)
		assert.ErrorIs(t, err, tid.ErrRateLimited)
		assert.Equal(t, time.Minute, time.Since(begin), "the pause is no longer than the longest accepted wait")
		assert.Equal(t, 2, sent)
	})
}

func TestNoGoroutineIsLeft(t *testing.T) {
	defer goleak.VerifyNone(t)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{}`) }))
	defer srv.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	c := client(t, transport, tid.WithBaseURL(srv.URL))
	calls(t, c, 4, 4)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	assert.Error(t, c.Do(ctx, "GET", "v1/Core/Contacts/1", nil, nil, nil))
}

// roundTrip is a transport made of a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// answer makes a response; headers come in pairs.
func answer(req *http.Request, status int, body string, headers ...string) *http.Response {
	resp := &http.Response{StatusCode: status, Header: http.Header{}, Request: req,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
	for i := 0; i < len(headers); i += 2 {
		resp.Header.Set(headers[i], headers[i+1])
	}
	return resp
}
