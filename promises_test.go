package tid_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// restless gives another token whenever one is refused.
type restless struct{ given int }

func (r *restless) Token(_ context.Context, refused string) (string, error) {
	if refused != "" {
		r.given++
	}
	return fmt.Sprintf("pk_%d", r.given), nil
}

func TestA401IsRetriedOnceWhateverTheSourceGives(t *testing.T) {
	sent := 0
	c, err := tid.NewClient(new(restless), tid.WithLimiter(nil), tid.WithHTTPClient(&http.Client{
		Transport: roundTrip(func(req *http.Request) (*http.Response, error) { sent++; return answer(req, 401, ``), nil })}))
	require.NoError(t, err)
	_, err = c.Contacts.Get(t.Context(), 1)
	assert.ErrorIs(t, err, tid.ErrUnauthorized)
	assert.Equal(t, 2, sent)
}

func TestATokenIsRenewedAMinuteBeforeItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithTokenLifetime(time.Hour))
		c := srv.Client()
		for _, at := range []struct {
			after  time.Duration
			issued int
		}{{0, 1}, {time.Hour - 61*time.Second, 1}, {2 * time.Second, 2}} {
			time.Sleep(at.after)
			_, err := c.Users.List(t.Context(), nil)
			require.NoError(t, err)
			synctest.Wait() // the renewal is not waited for
			assert.Equal(t, at.issued, srv.TokensIssued(), "after another %s", at.after)
		}
	})
}

func TestARenewalThatFailsIsNotTriedAgainByEachCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithTokenLifetime(10*time.Minute))
		c := srv.Client()
		call := func() {
			_, err := c.Users.List(t.Context(), nil)
			require.NoError(t, err)
		}
		call()
		time.Sleep(9*time.Minute + 5*time.Second)
		srv.Inject(tidtest.Fault{Operation: "POST /v1/Auth/Token", Times: 1000, Effect: tidtest.Answer(403, "")})
		before := len(srv.Requests())
		for range 50 {
			call()
			time.Sleep(time.Second)
		}
		assert.LessOrEqual(t, len(srv.Requests())-before, 50+6, "one in ten seconds")
		srv.ClearFaults()
		time.Sleep(time.Minute)
		call()
		assert.Equal(t, 2, srv.TokensIssued())
	})
}

func TestTheExchangeGoesAheadOfTheRequestsThatWaitForItsToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := tidtest.NewServer(t, tidtest.InMemory(),
			tidtest.WithLatency(tidtest.Latency{RoundTrip: 200 * time.Millisecond}))
		c := srv.Client()
		_, err := c.Users.List(t.Context(), nil)
		require.NoError(t, err)
		time.Sleep(2 * time.Second)
		srv.KillTokens()
		for range 40 {
			go func() { _, _ = c.Users.List(t.Context(), nil) }()
		}
		time.Sleep(time.Minute)
		refused := 0
		for _, r := range srv.Requests() {
			if r.Status == http.StatusUnauthorized {
				refused++
			}
		}
		assert.LessOrEqual(t, refused, 8, "of 40 that were waiting")
	})
}

func TestTheEnvironmentsCredentialsAreTheOnesThatAreSent(t *testing.T) {
	var sent []string
	transport := roundTrip(func(req *http.Request) (*http.Response, error) {
		sent = append(sent, req.Header.Get("Authorization"))
		return answer(req, 200, `{"id":1,"accessToken":"pk_9"}`), nil
	})
	ask := func(env map[string]string) []string {
		for _, name := range []string{"APP_ID", "APP_SECRET", "TOKEN", "BASE_URL"} {
			t.Setenv("VISMATID_"+name, env[name])
		}
		sent = nil
		c, err := tid.NewClientFromEnv(tid.WithHTTPClient(&http.Client{Transport: transport}))
		require.NoError(t, err)
		_, err = c.Contacts.Get(t.Context(), 1)
		require.NoError(t, err)
		return sent
	}
	assert.Equal(t, []string{"Bearer pk_1"}, ask(map[string]string{"TOKEN": "pk_1"}))
	assert.Equal(t, []string{"Basic " + base64.StdEncoding.EncodeToString([]byte("ap_1:s3cret")), "Bearer pk_9"},
		ask(map[string]string{"APP_ID": "ap_1", "APP_SECRET": "s3cret"}))
}

func TestTheDefaultTransportGoesThroughTheProxyOfTheEnvironment(t *testing.T) {
	if os.Getenv("TID_TEST_BEHIND_A_PROXY") != "" {
		c, err := tid.NewClient(tid.StaticToken("pk_1"), tid.WithRetries(0))
		require.NoError(t, err)
		_, err = c.Contacts.Get(t.Context(), 1)
		require.Error(t, err)
		return
	}
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.Host)
		w.WriteHeader(http.StatusForbidden)
	}))
	defer proxy.Close()
	again := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$") // net/http reads the environment once in a process
	again.Env = append(os.Environ(), "TID_TEST_BEHIND_A_PROXY=1", "HTTPS_PROXY="+proxy.URL, "https_proxy=", "NO_PROXY=", "no_proxy=")
	out, err := again.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Equal(t, []string{"CONNECT publicapi.tid.vismaspcs.se:443"}, asked)
}

func TestEventsAndLogsNameTheOperationAndNotTheObject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logs bytes.Buffer
		var events []tid.Event
		srv := tidtest.NewServer(t, tidtest.InMemory())
		c := srv.Client(tid.WithObserver(func(_ context.Context, e tid.Event) { events = append(events, e) }),
			tid.WithLogger(slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))))
		srv.Inject(tidtest.Fault{Operation: "GET", Effect: tidtest.Answer(503, `{"message":"hemligt"}`)})
		_, err := c.Contacts.Get(t.Context(), 471147)
		require.ErrorIs(t, err, tid.ErrNotFound)
		_, err = c.Contacts.List(t.Context(), &tid.ContactListOptions{Query: "hemligt"})
		require.NoError(t, err)
		_, err = c.Contacts.Create(t.Context(), &tid.ContactInput{Name: "hemligt", ContactType: tid.ContactCompany})
		require.NoError(t, err)

		var operations []string
		for _, e := range events {
			operations = append(operations, e.Operation)
		}
		assert.Equal(t, []string{"POST /v1/Auth/Token", "GET /v1/Core/Contacts/{id}", "GET /v1/Core/Contacts/{id}",
			"GET /v1/Core/Contacts", "POST /v1/Core/Contacts"}, operations)
		assert.Contains(t, logs.String(), "level=WARN")
		for _, private := range []string{"471147", "hemligt"} {
			assert.NotContains(t, logs.String(), private)
		}
	})
}

func TestAWriteThatMayHaveBeenDoneOnceMayHaveBeenDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := tidtest.NewServer(t, tidtest.InMemory())
		c := srv.Client(tid.WithRetries(4, http.MethodPut))
		id := srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{Name: "Berg", ContactType: tid.ContactCompany}})
		srv.Inject(tidtest.Fault{Operation: "PUT", Effect: tidtest.DropAfter()})
		srv.Inject(tidtest.Fault{Operation: "PUT", Effect: tidtest.Answer(403, "")})
		_, err := c.Contacts.Update(t.Context(), id, &tid.ContactInput{Name: "Dal", ContactType: tid.ContactCompany})
		var e *tid.Error
		require.ErrorAs(t, err, &e)
		assert.ErrorIs(t, err, tid.ErrForbidden)
		assert.Equal(t, 2, e.Attempts)
		assert.True(t, e.MayHaveExecuted, "the last attempt was refused, the one before was carried out")
	})
}

func TestHeadersAreBounded(t *testing.T) {
	for size, refused := range map[int]bool{100 << 10: false, 600 << 10: true} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("x", size))
			_, _ = w.Write([]byte(`{"id":1}`))
		}))
		defer srv.Close()
		c, err := tid.NewClient(tid.StaticToken("pk_1"), tid.WithBaseURL(srv.URL), tid.WithRetries(0))
		require.NoError(t, err)
		_, err = c.Contacts.Get(t.Context(), 1)
		assert.Equal(t, refused, err != nil, "%d bytes: %v", size, err)
	}
}

func TestMendingHasABoundOfSizeAndOneOfNumber(t *testing.T) {
	long := func(n int) string { return `{"id":"1","name":"` + strings.Repeat("x", n) + `"}` }
	many := func(n int) string { return `{"id":"1","tags":[` + strings.Repeat(`{},`, n) + `{}]}` }
	for _, c := range []struct {
		name, body string
		read       bool
	}{
		{"a megabyte less a little", long(1<<20 - 100), true},
		{"a megabyte", long(1 << 20), false},
		{"19,000 values", many(19_000), true},
		{"21,000 values", many(21_000), false},
	} {
		_, err := free(t, roundTrip(func(req *http.Request) (*http.Response, error) { return answer(req, 200, c.body), nil })).
			Contacts.Get(t.Context(), 1)
		assert.Equal(t, c.read, err == nil, "%s: %v", c.name, err)
	}
}

func TestOptionsOfRetriesAndLimitsApply(t *testing.T) {
	attempts := func(t *testing.T, effect tidtest.Effect, opts ...tid.Option) (sent int, took time.Duration) {
		srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithRateLimit(0))
		c := srv.Client(opts...)
		srv.Inject(tidtest.Fault{Operation: "GET", Times: 99, Effect: effect})
		begin := time.Now()
		_, err := c.Users.List(t.Context(), nil)
		var e *tid.Error
		require.ErrorAs(t, err, &e)
		return e.Attempts, time.Since(begin)
	}
	synctest.Test(t, func(t *testing.T) {
		for retries := range 3 {
			sent, _ := attempts(t, tidtest.Answer(503, ""), tid.WithRetries(retries))
			assert.Equal(t, 1+retries, sent)
		}
		sent, took := attempts(t, tidtest.TooMany(10*time.Second), tid.WithMaxWait(9*time.Second))
		assert.Equal(t, 1, sent)
		assert.Zero(t, took, "what is over WithMaxWait is not waited for")
		sent, took = attempts(t, tidtest.TooMany(10*time.Second), tid.WithMaxWait(10*time.Second))
		assert.Equal(t, 5, sent)
		assert.GreaterOrEqual(t, took, 40*time.Second)

		srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithRateLimit(0))
		begin := time.Now()
		calls := srv.Client(tid.WithLimiter(nil))
		for range 20 {
			_, err := calls.Users.List(t.Context(), nil)
			require.NoError(t, err)
		}
		assert.Zero(t, time.Since(begin), "without a limiter nothing waits")
	})
}

func TestWithTransportWrapsTheTransportOfTheCallersClient(t *testing.T) {
	var passed []string
	own := roundTrip(func(req *http.Request) (*http.Response, error) {
		passed = append(passed, "own")
		return answer(req, 200, `{"id":1}`), nil
	})
	c, err := tid.NewClient(tid.StaticToken("pk_1"), tid.WithHTTPClient(&http.Client{Transport: own}),
		tid.WithTransport(func(next http.RoundTripper) http.RoundTripper {
			return roundTrip(func(req *http.Request) (*http.Response, error) {
				passed = append(passed, "layer")
				return next.RoundTrip(req)
			})
		}))
	require.NoError(t, err)
	_, err = c.Contacts.Get(t.Context(), 1)
	require.NoError(t, err)
	assert.Equal(t, []string{"layer", "own"}, passed)
}
