package tid_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// What net/http writes is looked at byte by byte: a body that cannot be replayed
// must not change the framing of a request.
func TestRequestsAreFramedByTheirLength(t *testing.T) {
	for _, c := range []struct {
		method string
		body   any
		want   []string // of the header lines that frame the body
	}{
		{"GET", nil, nil},
		{"DELETE", nil, nil},
		{"POST", nil, []string{"content-length: 0"}},
		{"PUT", nil, []string{"content-length: 0"}},
		{"PATCH", nil, []string{"content-length: 0"}},
		{"POST", map[string]int{"a": 1}, []string{"content-length: 7"}},
		{"PUT", map[string]int{"a": 1}, []string{"content-length: 7"}},
	} {
		name := c.method
		if c.body != nil {
			name += " with a body"
		}
		t.Run(name, func(t *testing.T) {
			heads := make(chan []string, 1)
			address := raw(t, func(conn net.Conn) {
				var framing []string
				lines := bufio.NewScanner(conn)
				for lines.Scan() && lines.Text() != "" {
					line := strings.ToLower(lines.Text())
					if strings.HasPrefix(line, "content-length:") || strings.HasPrefix(line, "transfer-encoding:") {
						framing = append(framing, line)
					}
				}
				heads <- framing
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
			})
			require.NoError(t, clientOf(t, address).Do(t.Context(), c.method, "v1/Core/Whatever", nil, c.body, nil))
			assert.Equal(t, c.want, <-heads)
		})
	}
	t.Run("the exchange of tokens", func(t *testing.T) {
		heads := make(chan string, 1)
		address := raw(t, func(conn net.Conn) {
			req, err := http.ReadRequest(bufio.NewReader(conn))
			if assert.NoError(t, err) {
				heads <- req.Header.Get("Content-Length") + " " + strings.Join(req.TransferEncoding, " ")
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"accessToken\":\"pk\"}")
		})
		token, err := tid.ExchangeToken(t.Context(), "ap_1", "secret", tid.WithBaseURL(address))
		require.NoError(t, err)
		assert.NotZero(t, token.Expires)
		assert.Equal(t, "0 ", <-heads)
	})
}

// The module's transport offers HTTP/1.1 alone, also to a server that prefers HTTP/2.
func TestTheOwnTransportSpeaksHTTP11(t *testing.T) {
	var protocol string
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protocol = r.Proto
		_, _ = io.WriteString(w, "{}")
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	trusting := func(next http.RoundTripper) http.RoundTripper {
		own := next.(*http.Transport).Clone()
		own.TLSClientConfig = srv.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
		own.TLSClientConfig.NextProtos, own.DialTLSContext = nil, nil
		return own
	}
	c := clientOf(t, srv.URL, tid.WithTransport(trusting))
	require.NoError(t, c.Do(t.Context(), "GET", "v1/Core/Whatever", nil, nil, nil))
	assert.Equal(t, "HTTP/1.1", protocol)
}

// A transport that turns to a second server by itself would send a write twice.
func TestATransportThatFailsOverIsStopped(t *testing.T) {
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		t.Run(method, func(t *testing.T) {
			var mu sync.Mutex
			executed := 0
			srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				executed++
				panic(http.ErrAbortHandler) // after it has been executed
			}))
			defer srv.Close()
			failingOver := func(http.RoundTripper) http.RoundTripper {
				next := &http.Transport{}
				return roundTrip(func(req *http.Request) (*http.Response, error) {
					resp, err := next.RoundTrip(req)
					if err != nil {
						resp, err = next.RoundTrip(req.Clone(req.Context()))
					}
					return resp, err
				})
			}
			c := clientOf(t, srv.URL, tid.WithTransport(failingOver))
			err := c.Do(t.Context(), method, "v1/Core/Whatever", nil, nil, nil)
			var e *tid.Error
			require.ErrorAs(t, err, &e)
			mu.Lock()
			defer mu.Unlock()
			assert.Equal(t, 1, executed)
			assert.Equal(t, 1, e.Attempts)
			assert.Equal(t, method != "GET", e.MayHaveExecuted, err)
		})
	}
}

// A failed redial says nothing about the request that went out before it.
func TestAFailedDialDoesNotHideAnExecution(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer srv.Close()
	failingOver := func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(req *http.Request) (*http.Response, error) {
			_, _ = next.RoundTrip(req)
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
		})
	}
	c := clientOf(t, srv.URL, tid.WithTransport(failingOver))
	_, err := c.Contacts.Create(t.Context(), &tid.ContactInput{Name: "Kund", ContactType: tid.ContactCompany})
	var e *tid.Error
	require.ErrorAs(t, err, &e)
	assert.True(t, e.MayHaveExecuted)
}

// An answer of 101 hands over the connection, which no context ends.
func TestASwitchOfProtocolsIsNotRead(t *testing.T) {
	address := raw(t, func(conn net.Conn) {
		heard(conn)
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: tls\r\nConnection: Upgrade\r\n\r\n")
		_, _ = io.Copy(io.Discard, conn) // until the client closes it
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := clientOf(t, address).Do(ctx, "POST", "v1/Core/Whatever", nil, map[string]int{}, nil)
	var e *tid.Error
	require.ErrorAs(t, err, &e)
	assert.NoError(t, ctx.Err())
	assert.Equal(t, 101, e.StatusCode)
	assert.True(t, e.MayHaveExecuted)
	assert.ErrorContains(t, err, "switches to another protocol")
}

func TestWithTransportWrapsTheOwnTransport(t *testing.T) {
	srv := tidtest.NewServer(t)
	var operations []string
	layer := func(name string) tid.Option {
		return tid.WithTransport(func(next http.RoundTripper) http.RoundTripper {
			require.NotNil(t, next)
			return roundTrip(func(req *http.Request) (*http.Response, error) {
				operations = append(operations, name+" "+tid.OperationFrom(req.Context()))
				return next.RoundTrip(req)
			})
		})
	}
	c, err := tid.NewClient(tid.AppCredentials(srv.AppID, srv.AppSecret), tid.WithBaseURL(srv.URL), layer("inner"), layer("outer"))
	require.NoError(t, err)
	_, err = c.Contacts.Get(t.Context(), 7)
	require.ErrorIs(t, err, tid.ErrNotFound)
	assert.Equal(t, []string{
		"outer POST /v1/Auth/Token", "inner POST /v1/Auth/Token",
		"outer GET /v1/Core/Contacts/{id}", "inner GET /v1/Core/Contacts/{id}",
	}, operations)

	for want, wrap := range map[string]func(http.RoundTripper) http.RoundTripper{
		"the function is nil":       nil,
		"the function returned nil": func(http.RoundTripper) http.RoundTripper { return nil },
	} {
		_, err := tid.NewClient(tid.StaticToken("pk"), tid.WithTransport(wrap))
		assert.ErrorContains(t, err, want)
	}
}

// watchful is a limiter, a token source and an observer that note what their context is for.
type watchful struct {
	mu   sync.Mutex
	seen []string
}

func (w *watchful) note(what string, ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, what+" "+tid.OperationFrom(ctx))
}

func (w *watchful) Wait(ctx context.Context) (tid.Permit, error) {
	w.note("limiter", ctx)
	return make(tickets, 1).Wait(ctx)
}

func (w *watchful) Token(ctx context.Context, _ string) (string, error) {
	w.note("source", ctx)
	return "pk_test.pa_test", nil
}

func TestEveryHookLearnsTheOperation(t *testing.T) {
	w := &watchful{}
	c, err := tid.NewClient(w, tid.WithLimiter(w), tid.WithObserver(func(ctx context.Context, _ tid.Event) { w.note("observer", ctx) }),
		tid.WithHTTPClient(&http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
			w.note("transport", req.Context())
			return answer(req, 200, `{"id":1}`), nil
		})}))
	require.NoError(t, err)
	_, err = c.Contacts.Get(t.Context(), 1)
	require.NoError(t, err)
	const op = " GET /v1/Core/Contacts/{id}"
	assert.Equal(t, []string{"source" + op, "limiter" + op, "transport" + op, "observer" + op}, w.seen)
	assert.Empty(t, tid.OperationFrom(t.Context()))
}

// What a caller's own part panics with in a goroutine of the client's is raised
// where the caller can recover it.
func TestAPanicInAnExchangeIsRaisedInTheCaller(t *testing.T) {
	for name, option := range map[string]func(panicking *bool) tid.Option{
		"observer": func(panicking *bool) tid.Option {
			return tid.WithObserver(func(ctx context.Context, _ tid.Event) {
				if *panicking && tid.OperationFrom(ctx) == "POST /v1/Auth/Token" {
					panic("a fault of the caller")
				}
			})
		},
		"transport": func(panicking *bool) tid.Option {
			return tid.WithTransport(func(next http.RoundTripper) http.RoundTripper {
				return roundTrip(func(req *http.Request) (*http.Response, error) {
					if *panicking && strings.HasSuffix(req.URL.Path, "/Token") {
						panic("a fault of the caller")
					}
					return next.RoundTrip(req)
				})
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := tidtest.NewServer(t, tidtest.InMemory())
				panicking := true
				c := srv.Client(option(&panicking))
				list := func() error { _, err := c.Contacts.List(t.Context(), nil); return err }
				var wg sync.WaitGroup
				for range 3 { // of one exchange
					wg.Go(func() {
						assert.PanicsWithValue(t, "a fault of the caller", func() { _ = list() })
					})
				}
				wg.Wait()
				panicking = false
				assert.NoError(t, list(), "the next exchange")

				time.Sleep(time.Hour - 30*time.Second) // renewed early, while no caller waits for it
				panicking = true
				assert.NoError(t, list(), "with the token that is still good")
				synctest.Wait()
				panicking = false
				assert.PanicsWithValue(t, "a fault of the caller", func() { _ = list() })
				assert.NoError(t, list())
				synctest.Wait() // for the renewal
			})
		})
	}
}

// A body that is read piece by piece ends with the call's context, whatever cause it has.
func TestADownloadEndsWithItsContext(t *testing.T) {
	reason := errors.New("the user has gone")
	began := make(chan struct{})
	c := hostile(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "%PDF-")
		_ = http.NewResponseController(w).Flush()
		close(began)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	file, err := c.Offers.Download(ctx, 1)
	require.NoError(t, err)
	defer file.Body.Close()
	<-began
	cancel(reason)
	_, err = io.ReadAll(file.Body)
	assert.ErrorIs(t, err, context.Canceled)
	assert.ErrorIs(t, err, reason)
}

func TestAModifyThatChangesNothingSendsNothing(t *testing.T) {
	srv := tidtest.NewServer(t)
	c := srv.Client()
	id := srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{Name: "Kund", ContactType: tid.ContactCompany}})
	contact, err := c.Contacts.Modify(t.Context(), id, func(in *tid.ContactInput) error { in.Name = "Kund"; return nil })
	require.NoError(t, err)
	assert.Equal(t, "Kund", contact.Name)
	assert.False(t, slices.ContainsFunc(srv.Requests(), func(r tidtest.Request) bool { return r.Method == "PUT" }))
}
