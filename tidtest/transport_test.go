package tidtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

func TestATraceSeesTheStepsOfACallInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t, tidtest.WithLatency(tidtest.Latency{RoundTrip: 2 * time.Second}))
		start := time.Now()
		var steps []string
		step := func(name string) { steps = append(steps, fmt.Sprintf("%s %s", name, time.Since(start))) }
		trace := &httptrace.ClientTrace{
			GetConn: func(host string) { step("get " + host) },
			GotConn: func(i httptrace.GotConnInfo) {
				step(fmt.Sprintf("got, used %t", i.Reused))
				assert.NotNil(t, i.Conn.RemoteAddr())
			},
			WroteHeaders:         func() { step("headers") },
			WroteRequest:         func(httptrace.WroteRequestInfo) { step("wrote") },
			GotFirstResponseByte: func() { step("first byte") },
		}
		for range 2 {
			req := a.request("GET", "/v1/Core/Contacts?page=1&pageSize=1", "")
			_, err := a.send(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
			require.NoError(t, err)
		}
		assert.Equal(t, []string{
			"get tid.example:443 0s", "got, used false 0s", "headers 0s", "wrote 0s", "first byte 2s",
			"get tid.example:443 2s", "got, used true 2s", "headers 2s", "wrote 2s", "first byte 4s",
		}, steps)

		steps = nil
		a.srv.Inject(tidtest.Fault{Effect: tidtest.Refuse()})
		req := a.request("GET", "/v1/Core/Contacts?page=1&pageSize=1", "")
		_, err := a.send(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
		assert.ErrorIs(t, err, syscall.ECONNREFUSED)
		assert.Equal(t, []string{"get tid.example:443 4s"}, steps, "no connection, nothing written")
	})
}

// traced sends a list request and returns what httptrace saw, with the time of each step since start.
func (a *api) traced(ctx context.Context, method, body string, start time.Time) ([]string, error) {
	var mu sync.Mutex
	var steps []string
	step := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		steps = append(steps, fmt.Sprintf(format, args...)+" "+time.Since(start).String())
	}
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { step("get") },
		ConnectStart: func(string, string) { step("connect") },
		ConnectDone:  func(_, _ string, err error) { step("connected, error %t", err != nil) },
		GotConn: func(i httptrace.GotConnInfo) {
			step("got, reused %t, idle %t %s", i.Reused, i.WasIdle, i.IdleTime)
		},
		WroteHeaders:         func() { step("headers") },
		WroteRequest:         func(i httptrace.WroteRequestInfo) { step("wrote, error %t", i.Err != nil) },
		GotFirstResponseByte: func() { step("first byte") },
	})
	_, err := a.send(a.request(method, "/v1/Core/Contacts?page=1&pageSize=1", body).WithContext(ctx))
	mu.Lock()
	defer mu.Unlock()
	return slices.Clone(steps), err
}

func TestANewConnectionTakesItsTimeAndIsUsedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t, tidtest.WithConnectTime(tidtest.Latency{RoundTrip: 3 * time.Second}), tidtest.WithLatency(tidtest.Latency{RoundTrip: 2 * time.Second}))
		start := time.Now()
		steps, err := a.traced(t.Context(), "GET", "", start)
		require.NoError(t, err)
		assert.Equal(t, []string{"get 0s", "connect 0s", "connected, error false 3s", "got, reused false, idle false 0s 3s",
			"headers 3s", "wrote, error false 3s", "first byte 5s"}, steps)
		time.Sleep(time.Second)
		steps, err = a.traced(t.Context(), "GET", "", start)
		require.NoError(t, err)
		assert.Equal(t, []string{"get 6s", "got, reused true, idle true 1s 6s", "headers 6s", "wrote, error false 6s", "first byte 8s"}, steps)

		a.client.CloseIdleConnections()
		steps, err = a.traced(t.Context(), "GET", "", start)
		require.NoError(t, err)
		assert.Equal(t, "got, reused false, idle false 0s 11s", steps[3])
	})
}

func TestAConnectionIsBusyUntilItsAnswerHasBeenRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t, tidtest.WithConnectTime(tidtest.Latency{RoundTrip: time.Second}))
		start := time.Now()
		ask := func() *http.Response {
			res, err := a.client.Do(a.request("GET", "/v1/Core/Contacts?page=1&pageSize=1", ""))
			require.NoError(t, err)
			return res
		}
		held, dropped := ask(), ask()
		assert.Equal(t, 2*time.Second, time.Since(start), "the first connection is not free for the second request")
		require.NoError(t, dropped.Body.Close())
		_, err := io.ReadAll(ask().Body)
		require.NoError(t, err)
		assert.Equal(t, 3*time.Second, time.Since(start), "an answer that was not read to its end takes its connection with it")
		_, err = io.ReadAll(held.Body)
		require.NoError(t, err)
		a.get("/v1/Core/Contacts")
		a.get("/v1/Core/Contacts")
		assert.Equal(t, 3*time.Second, time.Since(start))
	})
}

func TestARequestTakesTheConnectionThatComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t, tidtest.WithConnectTime(tidtest.Latency{RoundTrip: 3 * time.Second}), tidtest.WithLatency(tidtest.Latency{RoundTrip: time.Second}))
		start := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() { a.get("/v1/Core/Contacts") }) // done after 4 s
		time.Sleep(2500 * time.Millisecond)
		steps, err := a.traced(t.Context(), "GET", "", start) // its own connection is there after 5.5 s
		require.NoError(t, err)
		assert.Equal(t, []string{"get 2.5s", "connect 2.5s", "got, reused true, idle false 0s 4s", "headers 4s", "wrote, error false 4s", "first byte 5s"}, steps)
		wg.Wait()

		time.Sleep(time.Second)
		both := make(chan string, 2)
		for range 2 { // the connection that was dialled for nothing is kept
			wg.Go(func() {
				steps, err := a.traced(t.Context(), "GET", "", start)
				assert.NoError(t, err)
				both <- steps[1]
			})
		}
		wg.Wait()
		assert.ElementsMatch(t, []string{"got, reused true, idle true 1s 6s", "got, reused true, idle true 500ms 6s"}, []string{<-both, <-both})
	})
}

func TestADialGoesOnWhenItsRequestIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t, tidtest.WithConnectTime(tidtest.Latency{RoundTrip: 3 * time.Second}))
		start := time.Now()
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("enough"))
		defer cancel()
		steps, err := a.traced(ctx, "GET", "", start)
		assert.ErrorContains(t, err, "enough")
		assert.Equal(t, []string{"get 0s", "connect 0s"}, steps)
		assert.Empty(t, a.srv.Requests())
		a.get("/v1/Core/Contacts")
		assert.Equal(t, 3*time.Second, time.Since(start))
	})
}

func TestADroppedIdleConnectionBringsNothingToTheServer(t *testing.T) {
	const contact = `{"name":"x","contactType":"person"}`
	a := open(t)
	fault := a.srv.Inject(tidtest.Fault{Times: 60, Effect: tidtest.DropIdle()})
	texts := map[string]int{}
	for range 60 {
		_, err := a.traced(t.Context(), "POST", contact, time.Now())
		require.NoError(t, err, "a new connection is whole")
		steps, err := a.traced(t.Context(), "POST", contact, time.Now())
		require.Error(t, err)
		require.Contains(t, steps[1], "got, reused true")
		wrote := len(steps) == 4
		texts[fmt.Sprintf("%v, written %t", errors.Unwrap(err), wrote)]++
	}
	assert.Equal(t, 60, fault.Hits())
	assert.Len(t, a.srv.Requests(), 60)
	assert.Equal(t, 60, a.srv.Contacts.Len())
	assert.Len(t, texts, 3)
	for _, text := range []string{"http: server closed idle connection, written false", "EOF, written true", "read tcp: read: connection reset by peer, written true"} {
		assert.Positive(t, texts[text], "%s: %v", text, texts)
	}
}

func TestAListeningServerDropsIdleConnectionsToo(t *testing.T) {
	srv := tidtest.NewServer(t, tidtest.WithRateLimit(0))
	a := &api{t: t, srv: srv, client: &http.Client{Transport: &http.Transport{}}, token: srv.StaticToken}
	defer a.client.CloseIdleConnections()
	fault := srv.Inject(tidtest.Fault{Effect: tidtest.DropIdle()})
	for range 2 { // the second is sent again by net/http, on a connection of its own
		_, err := a.traced(t.Context(), "GET", "", time.Now())
		require.NoError(t, err)
	}
	assert.Equal(t, 1, fault.Hits())
	assert.Len(t, srv.Requests(), 2)
	fault = srv.Inject(tidtest.Fault{Effect: tidtest.DropIdle()})
	_, err := a.traced(t.Context(), "POST", `{"name":"x","contactType":"person"}`, time.Now())
	assert.ErrorIs(t, err, io.EOF)
	assert.Equal(t, 1, fault.Hits())
	assert.Zero(t, srv.Contacts.Len())
}

func TestARequestThatCannotBeReadIsNotWritten(t *testing.T) {
	a := open(t)
	req := a.request("POST", "/v1/Core/Contacts", `{}`)
	req.Body = io.NopCloser(iotest.ErrReader(errors.New("torn")))
	var wrote error
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{WroteRequest: func(i httptrace.WroteRequestInfo) { wrote = i.Err }})
	_, err := a.client.Do(req.WithContext(ctx))
	assert.ErrorContains(t, err, "torn")
	assert.ErrorContains(t, wrote, "torn")
	assert.Empty(t, a.srv.Requests())
}

func TestBrokenConnectionsLookLikeRealOnes(t *testing.T) {
	a := open(t)
	seen := map[string]bool{}
	for range 30 {
		a.srv.Inject(tidtest.Fault{Effect: tidtest.DropAfter()})
		_, err := a.send(a.request("GET", "/v1/Core/Contacts?page=1&pageSize=1", ""))
		seen["end"] = seen["end"] || errors.Is(err, io.EOF)
		seen["reset"] = seen["reset"] || errors.Is(err, syscall.ECONNRESET)
		assert.Error(t, err)
	}
	assert.Equal(t, map[string]bool{"end": true, "reset": true}, seen)
	a.srv.Inject(tidtest.Fault{Effect: tidtest.CutBody(5)})
	got, err := a.send(a.request("GET", "/v1/Core/Contacts?page=1&pageSize=1", ""))
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Len(t, got.text, 5)
}

func TestASlowBodyTakesItsTimeAndEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t)
		size := len(a.get("/v1/Core/Contacts?page=1&pageSize=1").text)
		a.srv.Inject(tidtest.Fault{Times: 2, Effect: tidtest.SlowBody(10, time.Second)})
		start := time.Now()
		assert.Len(t, a.get("/v1/Core/Contacts?page=1&pageSize=1").text, size)
		assert.Equal(t, time.Duration((size+9)/10)*time.Second, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		start = time.Now()
		got, err := a.send(a.request("GET", "/v1/Core/Contacts?page=1&pageSize=1", "").WithContext(ctx))
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Len(t, got.text, 30)
		assert.Equal(t, 3500*time.Millisecond, time.Since(start))
	})
}

func TestACallThatIsOverBeforeItBeginsDoesNotArrive(t *testing.T) {
	a := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := a.send(a.request("GET", "/v1/Core/Contacts?page=1&pageSize=1", "").WithContext(ctx))
	assert.ErrorIs(t, err, context.Canceled)
	a.srv.Close()
	_, err = a.send(a.request("GET", "/v1/Core/Contacts?page=1&pageSize=1", ""))
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	assert.Empty(t, a.srv.Requests())
}

func TestARequestIsLeftAsItIs(t *testing.T) {
	a := open(t)
	req := a.request("POST", "/v1/Core/Contacts", `{"name":"x","contactType":"person"}`)
	closed := false
	req.Body = &watched{req.Body, &closed}
	before := req.Header.Clone()
	res, err := a.srv.Transport().RoundTrip(req)
	require.NoError(t, err)
	assert.Equal(t, before, req.Header)
	assert.True(t, closed)
	assert.Same(t, req, res.Request)
	assert.Equal(t, "200 OK", res.Status)
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.EqualValues(t, len(text), res.ContentLength)
	require.NoError(t, res.Body.Close())
	_, err = res.Body.Read(make([]byte, 1))
	assert.Error(t, err)
}

type watched struct {
	io.ReadCloser
	closed *bool
}

func (w *watched) Close() error { *w.closed = true; return w.ReadCloser.Close() }

func TestEverythingAtOnce(t *testing.T) {
	for name, opts := range map[string][]tidtest.Option{"listening": nil, "in memory": {tidtest.InMemory()}} {
		t.Run(name, func(t *testing.T) {
			srv := tidtest.NewServer(t, append(opts, tidtest.WithRateLimit(0), tidtest.WithStrangeShapes(tidtest.ShapeDates), tidtest.WithLatency(tidtest.Latency{Uniform: time.Millisecond}))...)
			a := &api{t: t, srv: srv, client: &http.Client{}, token: srv.StaticToken}
			if transport := srv.Transport(); transport != nil {
				a.client.Transport = transport
			}
			srv.Inject(tidtest.Fault{Operation: "GET", Share: 0.1, Effect: tidtest.Answer(503, "")})
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					for range 20 {
						created, err := a.send(a.request("POST", "/v1/Core/Contacts", `{"name":"x","contactType":"person"}`))
						if !assert.NoError(t, err) || !assert.Equal(t, 200, created.status) {
							return
						}
						id := made[tid.Contact](t, created.text).ID
						_, err = a.send(a.request("GET", "/v1/Core/Contacts?page=1&pageSize=5&sortBy=name", ""))
						assert.NoError(t, err)
						srv.Contacts.Update(id, func(c *tid.Contact) { c.Name = strings.Repeat("y", i) })
						if i%2 == 0 {
							srv.Contacts.Delete(id)
						}
						srv.Requests()
						srv.Contacts.All()
					}
				})
			}
			wg.Wait()
			assert.Equal(t, 80, srv.Contacts.Len())
		})
	}
}
