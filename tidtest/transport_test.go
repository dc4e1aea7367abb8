package tidtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"syscall"
	"testing"
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
