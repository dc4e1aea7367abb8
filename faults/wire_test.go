package faults

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"

	"github.com/vismatid/tid"
)

// echo, in the body of an answer, is replaced by the Authorization header of the
// request: servers have been seen to tell what they did not like.
const echo = "{authorization}"

// wire is the network as the client sees it. It notes what leaves and what comes
// back, and counts the bodies that have not been closed.
type wire struct {
	next http.RoundTripper

	mu      sync.Mutex
	sent    []*exchange
	open    int
	secrets map[string]bool
}

// exchange is one request and what came back.
type exchange struct {
	key
	method, path string
	left, back   time.Time
	status       int // 0 without an answer
	header       http.Header
	answer       []byte // of an error
	connected    bool   // a connection came about
	cutShort     bool   // by its context
}

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	x := &exchange{key: key{callOf(req.Context()), tid.OperationFrom(req.Context())}, method: req.Method, path: req.URL.Path, left: time.Now()}
	_, secret, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	w.mu.Lock()
	w.sent = append(w.sent, x)
	w.secrets[secret] = true
	w.mu.Unlock()

	req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { x.connected = true },
	}))
	resp, err := w.next.RoundTrip(req)
	w.mu.Lock()
	defer w.mu.Unlock()
	x.back = time.Now()
	x.cutShort = errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	if err != nil {
		return nil, err
	}
	x.status, x.header = resp.StatusCode, resp.Header
	if resp.StatusCode >= 300 {
		x.answer, _ = io.ReadAll(resp.Body)
		x.answer = bytes.ReplaceAll(x.answer, []byte(echo), []byte(req.Header.Get("Authorization")))
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(x.answer)), int64(len(x.answer))
	}
	w.open++
	resp.Body = &closing{ReadCloser: resp.Body, wire: w}
	return resp, nil
}

// of returns the exchanges of a call that were of one operation.
func (w *wire) of(k key) (some []*exchange) {
	for _, x := range w.sent {
		if x.key == k {
			some = append(some, x)
		}
	}
	return some
}

// closing is a body that tells when it is closed.
type closing struct {
	io.ReadCloser
	wire *wire
	once sync.Once
}

func (c *closing) Close() error {
	c.once.Do(func() {
		c.wire.mu.Lock()
		c.wire.open--
		c.wire.mu.Unlock()
	})
	return c.ReadCloser.Close()
}
