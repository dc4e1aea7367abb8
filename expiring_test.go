package tid_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
)

// expiring gives permits that end when the test says so.
type expiring struct {
	end func(n int) bool // whether the nth permit, from 1, has ended

	mu    sync.Mutex
	given []*expiringPermit
}

type expiringPermit struct {
	limiter *expiring
	n       int
	sent    bool
	done    []int
}

func (l *expiring) Wait(ctx context.Context) (tid.Permit, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := &expiringPermit{limiter: l, n: len(l.given) + 1}
	l.given = append(l.given, p)
	return p, ctx.Err()
}

func (p *expiringPermit) Valid() bool          { return !p.limiter.end(p.n) }
func (p *expiringPermit) State() tid.GateState { return tid.GateState{InUse: p.n, Waiting: 7} }

func (p *expiringPermit) Sent() {
	p.limiter.mu.Lock()
	defer p.limiter.mu.Unlock()
	p.sent = true
}

func (p *expiringPermit) Done(status int, _ time.Duration) {
	p.limiter.mu.Lock()
	defer p.limiter.mu.Unlock()
	p.done = append(p.done, status)
}

// A process can stand still after it has got its permit, and a connection can take long to
// come up: whatever the transport is, and whenever the permit ends, the request is not sent
// with it, and is sent once with the next one.
func TestARequestWhosePermitHasEndedWaitsForAnother(t *testing.T) {
	for _, transport := range []string{"the module's", "the module's, TLS", "HTTP/1.1", "TLS", "HTTP/2", "without a trace"} {
		for _, when := range []string{"before sending", "while the connection comes up", "on an idle connection"} {
			if transport == "without a trace" && when != "before sending" {
				continue // it does not show its connections
			}
			t.Run(transport+", "+when, func(t *testing.T) {
				var requests, dialed atomic.Int32
				srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					requests.Add(1)
					w.WriteHeader(http.StatusCreated)
					_, _ = w.Write([]byte(`{"id":1}`))
				}))
				defer srv.Close()
				switch transport {
				case "the module's, TLS", "TLS":
					srv.StartTLS()
				case "HTTP/2":
					srv.EnableHTTP2 = true
					srv.StartTLS()
				default:
					srv.Start()
				}
				dial := func(ctx context.Context, network, address string) (net.Conn, error) {
					dialed.Add(1)
					return new(net.Dialer).DialContext(ctx, network, address)
				}
				var rt http.RoundTripper
				insecure := &tls.Config{InsecureSkipVerify: true} // the server is this test's
				switch transport {
				case "the module's":
					rt = &http.Transport{DialContext: tid.Quiet(dial)}
				case "the module's, TLS":
					rt = &http.Transport{DialTLSContext: tid.QuietTLS(dial, insecure, time.Minute)}
				case "without a trace":
					plain := &http.Transport{DialContext: dial}
					rt = roundTrip(func(req *http.Request) (*http.Response, error) {
						again, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), req.Method, req.URL.String(), req.Body)
						require.NoError(t, err)
						return plain.RoundTrip(again)
					})
					defer plain.CloseIdleConnections()
				default:
					rt = &http.Transport{DialContext: dial, TLSClientConfig: insecure, ForceAttemptHTTP2: transport == "HTTP/2"}
				}
				if own, ok := rt.(*http.Transport); ok {
					defer own.CloseIdleConnections()
				}

				begin := int32(0) // connections before the permit
				first := 1        // the permit that ends
				l := &expiring{}
				l.end = func(n int) bool {
					switch {
					case n != first:
						return false
					case when == "while the connection comes up":
						return dialed.Load() > begin
					}
					return true
				}
				var event tid.Event
				client, err := tid.NewClient(tid.StaticToken("token"), tid.WithBaseURL(srv.URL), tid.WithHTTPClient(&http.Client{Transport: rt}),
					tid.WithLimiter(l), tid.WithRetries(0), tid.WithObserver(func(_ context.Context, e tid.Event) { event = e }))
				require.NoError(t, err)
				if when == "on an idle connection" {
					first = 0
					require.NoError(t, client.Do(t.Context(), "GET", "v1/Core/Whatever", nil, nil, nil))
					requests.Store(0)
					l.given, first = nil, 1
				}
				require.NoError(t, client.Do(t.Context(), "POST", "v1/Core/Whatever", nil, map[string]int{"a": 1}, nil))

				assert.EqualValues(t, 1, requests.Load())
				require.Len(t, l.given, 2)
				assert.False(t, l.given[0].sent)
				assert.Equal(t, []int{0}, l.given[0].done)
				assert.True(t, l.given[1].sent)
				assert.Equal(t, []int{http.StatusCreated}, l.given[1].done)
				assert.Equal(t, 1, event.Attempt, "a permit that has ended is no attempt")
				assert.Equal(t, tid.GateState{InUse: 2, Waiting: 7}, event.Gate)
			})
		}
	}
}

// fixedCache is a cache whose answers the test makes.
type fixedCache func(ctx context.Context, old string, exchange func(context.Context) (tid.Token, error)) (tid.Token, error)

func (f fixedCache) Fetch(ctx context.Context, old string, exchange func(context.Context) (tid.Token, error)) (tid.Token, error) {
	return f(ctx, old, exchange)
}

func TestACacheGivesTokensThatAreNotTheOldOne(t *testing.T) {
	current := "first"
	var exchanged, sent []string
	transport := roundTrip(func(req *http.Request) (*http.Response, error) {
		if user, _, ok := req.BasicAuth(); ok {
			exchanged = append(exchanged, user)
			return answer(req, 200, `{"accessToken":"third","expires":"2099-01-01T00:00:00Z"}`), nil
		}
		sent = append(sent, req.Header.Get("Authorization"))
		if req.Header.Get("Authorization") != "Bearer "+current {
			return answer(req, 401, ""), nil
		}
		return answer(req, 200, `{"id":1}`), nil
	})
	var olds []string
	kept := "first"
	source := tid.CachedCredentials("ap_1", "secret", fixedCache(func(ctx context.Context, old string, exchange func(context.Context) (tid.Token, error)) (tid.Token, error) {
		olds = append(olds, old)
		if kept != old {
			return tid.NewToken(kept, time.Now().Add(time.Hour)), nil
		}
		return exchange(ctx)
	}))
	client, err := tid.NewClient(source, tid.WithHTTPClient(&http.Client{Transport: transport}), tid.WithLimiter(nil))
	require.NoError(t, err)
	call := func() { require.NoError(t, client.Do(t.Context(), "GET", "v1/Core/Whatever", nil, nil, nil)) }
	call()
	call()
	assert.Equal(t, []string{"Bearer first", "Bearer first"}, sent)
	current, kept = "second", "second" // another process has exchanged
	call()
	current = "third"
	call()
	assert.Equal(t, []string{"", "first", "second"}, olds)
	assert.Equal(t, []string{"ap_1"}, exchanged)

	_, err = tid.NewClient(tid.CachedCredentials("ap_1", "secret", nil))
	assert.ErrorContains(t, err, "need a cache")
	_, err = tid.NewClient(tid.CachedCredentials("ap_1", "", fixedCache(nil)))
	assert.ErrorContains(t, err, "the application secret is empty")
}
