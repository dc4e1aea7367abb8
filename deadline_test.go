package tid_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// A deadline never hides what went wrong before it: status, sentinel and attempts
// are those of the last real failure, and both causes are found.
func TestADeadlineDoesNotHideTheCause(t *testing.T) {
	for _, c := range []struct {
		name     string
		fault    tidtest.Fault
		limit    time.Duration
		is       error
		status   int
		attempts int
		text     string
	}{
		{"a token endpoint that is out of order", tidtest.Fault{Operation: "POST /v1/Auth/Token", Share: 1, Effect: tidtest.Answer(503, "")},
			3 * time.Second, tid.ErrServer, 503, 3, "POST /v1/Auth/Token: 503 Service Unavailable"},
		{"a token endpoint that drops connections", tidtest.Fault{Operation: "POST /v1/Auth/Token", Share: 1, Effect: tidtest.DropBefore()},
			3 * time.Second, nil, 0, 3, "POST /v1/Auth/Token"},
		{"a long Retry-After", tidtest.Fault{Operation: "GET", Share: 1, Effect: tidtest.TooMany(30 * time.Second)},
			10 * time.Second, tid.ErrRateLimited, 429, 1, "not retried: the deadline comes first"},
		{"a server that is out of order", tidtest.Fault{Operation: "GET", Share: 1, Effect: tidtest.Answer(503, "")},
			3 * time.Second, tid.ErrServer, 503, 3, "not retried: the deadline comes first"},
		{"a connection that breaks", tidtest.Fault{Operation: "GET", Share: 1, Effect: tidtest.DropBefore()},
			3 * time.Second, nil, 0, 3, "not retried: the deadline comes first"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := tidtest.NewServer(t, tidtest.InMemory())
				srv.Inject(c.fault)
				ctx, cancel := context.WithTimeout(t.Context(), c.limit)
				defer cancel()
				_, err := srv.Client().Contacts.Get(ctx, 1)
				var e *tid.Error
				require.ErrorAs(t, err, &e)
				assert.ErrorIs(t, err, context.DeadlineExceeded)
				if c.is != nil {
					assert.ErrorIs(t, err, c.is)
				}
				assert.Equal(t, c.status, e.StatusCode)
				assert.InDelta(t, c.attempts, e.Attempts, 1, "attempts")
				assert.Positive(t, e.Attempts)
				assert.ErrorContains(t, err, c.text)
				assert.NotErrorIs(t, err, tid.ErrNoTurn)
				time.Sleep(10 * time.Minute) // the exchange serves others too, and goes on for a while
			})
		})
	}
}

// "My queue is too long" is told from "the API is out of order" by one sentinel.
func TestAnAttemptThatTheContextCutsShortKeepsTheFailureBeforeIt(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(context.Context) (context.Context, context.CancelFunc)
		is   error
	}{
		{"a deadline", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 2*time.Second)
		}, context.DeadlineExceeded},
		{"cancelled", func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(2*time.Second, cancel)
			return ctx, cancel
		}, context.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := tidtest.NewServer(t, tidtest.InMemory())
				id := srv.Contacts.Put(tid.Contact{})
				srv.Inject(tidtest.Fault{Operation: "DELETE", Effect: tidtest.AnswerAfter(502, "")})
				srv.Inject(tidtest.Fault{Operation: "DELETE", Effect: tidtest.Delay(time.Minute)})
				ctx, cancel := c.end(t.Context())
				defer cancel()
				err := srv.Client(tid.WithRetries(4, http.MethodDelete)).Contacts.Delete(ctx, id)
				var e *tid.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, 502, e.StatusCode)
				assert.ErrorIs(t, err, tid.ErrServer)
				assert.ErrorIs(t, err, c.is)
				assert.Equal(t, 2, e.Attempts)
				assert.True(t, e.MayHaveExecuted)
				assert.Equal(t, 1, strings.Count(err.Error(), "look before retrying it"), err.Error())
			})
		})
	}
}

func TestACallWhoseTurnComesTooLateMatchesErrNoTurn(t *testing.T) {
	for name, limiter := range map[string]func() tid.Limiter{
		"the gate":       tid.NewLimiter,
		"a rate.Limiter": func() tid.Limiter { return tid.RateLimiter(rate.NewLimiter(4, 4)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := tidtest.NewServer(t, tidtest.InMemory())
				c, err := tid.NewClient(tid.StaticToken(srv.StaticToken), tid.WithBaseURL(srv.URL),
					tid.WithHTTPClient(&http.Client{Transport: srv.Transport()}), tid.WithLimiter(limiter()))
				require.NoError(t, err)
				for range 4 {
					_, err := c.Contacts.List(t.Context(), nil)
					require.NoError(t, err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
				defer cancel()
				begin := time.Now()
				_, err = c.Contacts.List(ctx, nil)
				assert.Zero(t, time.Since(begin), "a wait in vain")
				assert.ErrorIs(t, err, tid.ErrNoTurn)
				assert.ErrorIs(t, err, context.DeadlineExceeded)
				assert.NotErrorIs(t, err, tid.ErrServer)
				var e *tid.Error
				require.ErrorAs(t, err, &e)
				assert.Greater(t, e.RetryAfter, 100*time.Millisecond)
				assert.Zero(t, e.Attempts)
				assert.ErrorContains(t, err, "not sent: the wait of ")
			})
		})
	}
}

// plainLimiter says no more than that the deadline comes first.
type plainLimiter struct{}

func (plainLimiter) Wait(context.Context) (tid.Permit, error) { return nil, context.DeadlineExceeded }

func TestAnyLimitersDeadlineMatchesErrNoTurn(t *testing.T) {
	c := client(t, nil, tid.WithLimiter(plainLimiter{}))
	err := c.Do(t.Context(), "GET", "v1/Core/Whatever", nil, nil, nil)
	assert.ErrorIs(t, err, tid.ErrNoTurn)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

// A retry that gets no turn keeps the failure that it was to make good.
func TestARetryWithoutATurnKeepsItsFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			return answer(req, 503, `{"message":"Out of order."}`), nil
		}), tid.WithLimiter(&single{}))
		err := c.Do(t.Context(), "GET", "v1/Core/Whatever", nil, nil, nil)
		assert.ErrorIs(t, err, tid.ErrServer)
		assert.ErrorIs(t, err, tid.ErrNoTurn)
		assert.ErrorContains(t, err, "503 Service Unavailable: Out of order: not retried: the wait of 1m0s for the rate limit would pass the deadline")
		var e *tid.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, 1, e.Attempts)
	})
}

// single is a limiter that has one permit to give.
type single struct{ given bool }

func (o *single) Wait(ctx context.Context) (tid.Permit, error) {
	if o.given {
		return nil, &tid.NoTurnError{Wait: time.Minute}
	}
	o.given = true
	return make(tickets, 1).Wait(ctx)
}

// However a call is cancelled, and whatever it was doing, errors.Is finds both
// context.Canceled (or DeadlineExceeded) and the cause.
func TestCancellingMatchesContextAndCause(t *testing.T) {
	reason := errors.New("the user has gone")
	contexts := map[string]struct {
		make func(context.Context) (context.Context, func())
		is   []error
	}{
		"cancelled": {func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithCancel(ctx)
			return ctx, cancel
		}, []error{context.Canceled}},
		"cancelled with a cause": {func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithCancelCause(ctx)
			return ctx, func() { cancel(reason) }
		}, []error{context.Canceled, reason}},
		"timed out with a cause": {func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithTimeoutCause(ctx, 5*time.Second, reason)
			return ctx, func() { time.Sleep(time.Second); cancel() } // its time ends it
		}, []error{context.DeadlineExceeded, reason}},
	}
	forever := func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) }
	places := map[string]func(t *testing.T, ctx context.Context) error{
		"while it waits for the answer": func(t *testing.T, ctx context.Context) error {
			return client(t, roundTrip(func(req *http.Request) (*http.Response, error) {
				return nil, &url.Error{Op: "Get", URL: "https://api.example", Err: forever(req.Context())}
			})).Do(ctx, "GET", "v1/Core/Whatever", nil, nil, nil)
		},
		"within the body": func(t *testing.T, ctx context.Context) error {
			return client(t, roundTrip(func(req *http.Request) (*http.Response, error) {
				resp := answer(req, 200, "")
				resp.Body = io.NopCloser(readFunc(func([]byte) (int, error) { return 0, forever(req.Context()) }))
				return resp, nil
			})).Do(ctx, "GET", "v1/Core/Whatever", nil, nil, new(map[string]any))
		},
		"within the body of an error": func(t *testing.T, ctx context.Context) error {
			err := client(t, roundTrip(func(req *http.Request) (*http.Response, error) {
				resp := answer(req, 400, "")
				resp.Body = io.NopCloser(readFunc(func([]byte) (int, error) { return 0, forever(req.Context()) }))
				return resp, nil
			})).Do(ctx, "POST", "v1/Core/Whatever", nil, nil, nil)
			assert.ErrorIs(t, err, tid.ErrBadRequest)
			return err
		},
		"while it waits to retry": func(t *testing.T, ctx context.Context) error {
			if _, ok := ctx.Deadline(); ok {
				ctx = undated{ctx} // or the wait would not be begun
			}
			err := client(t, roundTrip(func(req *http.Request) (*http.Response, error) {
				return answer(req, 503, "", "Retry-After", "30"), nil
			})).Do(ctx, "GET", "v1/Core/Whatever", nil, nil, nil)
			assert.ErrorIs(t, err, tid.ErrServer)
			return err
		},
		"while it waits for its turn": func(t *testing.T, ctx context.Context) error {
			limiter := make(tickets, 1)
			limiter <- struct{}{}
			return client(t, nil, tid.WithLimiter(limiter)).Do(ctx, "GET", "v1/Core/Whatever", nil, nil, nil)
		},
		"while it waits for a token": func(t *testing.T, ctx context.Context) error {
			srv := tidtest.NewServer(t, tidtest.InMemory())
			srv.Inject(tidtest.Fault{Operation: "POST /v1/Auth/Token", Share: 1, Effect: tidtest.Delay(time.Minute)})
			_, err := srv.Client().Contacts.Get(ctx, 1)
			time.Sleep(10 * time.Minute) // the exchange serves others too, and goes on for a while
			return err
		},
	}
	for name, c := range contexts {
		for place, call := range places {
			t.Run(name+" "+place, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := c.make(t.Context())
					var wg sync.WaitGroup
					defer wg.Wait()
					wg.Go(func() { time.Sleep(5 * time.Second); cancel() })
					err := call(t, ctx)
					for _, is := range c.is {
						assert.ErrorIs(t, err, is)
					}
				})
			})
		}
	}
}

// undated is a context without its deadline.
type undated struct{ context.Context }

func (undated) Deadline() (time.Time, bool) { return time.Time{}, false }

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// A name that cannot be resolved is a connection that did not come up: the resolver
// of a container that has just started finds it a moment later.
func TestAHostThatIsNotFoundAtFirstIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lookups := 0
		c := client(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			trace := httptrace.ContextClientTrace(req.Context())
			trace.GetConn("api.example:443")
			if lookups++; lookups < 3 {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "api.example", IsNotFound: true}}
			}
			trace.GotConn(httptrace.GotConnInfo{})
			return answer(req, 200, `{}`), nil
		}))
		assert.NoError(t, c.Do(t.Context(), "POST", "v1/Core/Whatever", nil, map[string]int{}, nil))
		assert.Equal(t, 3, lookups)
	})
}

func TestAServerThatRestartsSaysSo(t *testing.T) {
	for _, status := range []int{502, 503} {
		c := client(t, roundTrip(func(req *http.Request) (*http.Response, error) { return answer(req, status, ""), nil }), tid.WithRetries(0))
		err := c.Do(t.Context(), "GET", "v1/Core/Whatever", nil, nil, nil)
		assert.ErrorContains(t, err, "the API is restarting or under planned maintenance")
	}
}

// A renewal that fails is not a matter of the credentials.
func TestARenewalThatFailsIsToldForWhatItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := tidtest.NewServer(t, tidtest.InMemory())
		c := srv.Client(tid.WithRetries(1))
		_, err := c.Contacts.List(t.Context(), nil)
		require.NoError(t, err)
		srv.KillTokens()
		srv.Inject(tidtest.Fault{Operation: "POST /v1/Auth/Token", Times: 9, Effect: tidtest.TooMany(time.Hour)})
		_, err = c.Contacts.List(t.Context(), nil)
		assert.ErrorIs(t, err, tid.ErrRateLimited)
		assert.NotErrorIs(t, err, tid.ErrUnauthorized)
		assert.ErrorContains(t, err, "POST /v1/Auth/Token: 429 Too Many Requests: a new token was needed, since the last one had been refused")
		var e *tid.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, time.Hour, e.RetryAfter)
	})
}

// nothing is a limiter that accounts for nothing, and thinks that it needs no permit.
type nothing struct{}

func (nothing) Wait(context.Context) (tid.Permit, error) { return nil, nil }

func TestALimiterWithoutAPermitIsAnError(t *testing.T) {
	c := client(t, nil, tid.WithLimiter(nothing{}))
	assert.ErrorContains(t, c.Do(t.Context(), "GET", "v1/Core/Whatever", nil, nil, nil), "not sent: the limiter gave no Permit")
	c = client(t, nil, tid.WithLimiter(tid.RateLimiter(nil)))
	assert.ErrorContains(t, c.Do(t.Context(), "GET", "v1/Core/Whatever", nil, nil, nil), "not sent: the rate limiter is nil")
}

// What could not be read is kept, as the body of an error is.
func TestAnUnreadableAnswerIsKept(t *testing.T) {
	for body, want := range map[string]string{
		"<html><title>Log in</title></html>": "the answer is a web page and not JSON: check the base URL",
		`{"id":7,"hours":"7,5"}`:             "the answer has a string where tid.Decimal is expected (hours)",
		`[{"id":7}]`:                         "the answer has an array where tid.TimeReport is expected (at byte 1)",
	} {
		c := client(t, roundTrip(func(req *http.Request) (*http.Response, error) { return answer(req, 200, body), nil }))
		_, err := c.TimeReports.Get(t.Context(), 7)
		assert.ErrorContains(t, err, want)
		var e *tid.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, body, string(e.Body))
	}
}

func TestARefusalTellsWhichObjectIsMeant(t *testing.T) {
	c := client(t, nil, tid.WithBaseURL("https://api.example/base"))
	_, err := c.TimeReports.Update(t.Context(), 39001, &tid.TimeReportInput{})
	assert.ErrorContains(t, err, "PUT /base/v1/Core/TimeReports/39001: not sent: ")
	_, err = c.TimeReports.Modify(t.Context(), 39001, nil)
	assert.ErrorIs(t, err, tid.ErrInvalidInput)
}

func TestARefusedRedirectSaysWhereItLedTo(t *testing.T) {
	c := client(t, roundTrip(func(req *http.Request) (*http.Response, error) {
		return answer(req, 302, "", "Location", "https://new.example/v1?token=x"), nil
	}))
	err := c.Do(t.Context(), "GET", "v1/Core/Whatever", nil, nil, nil)
	assert.ErrorContains(t, err, "check the base URL; it redirects to new.example")
	assert.NotContains(t, err.Error(), "token=x")
}
