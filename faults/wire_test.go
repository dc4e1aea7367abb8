package faults

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// echo, in the body of an answer, is replaced by the Authorization header of the
// request: servers have been seen to tell what they did not like.
const echo = "{authorization}"

// wire is the network as the client sees it. It notes what leaves and what comes
// back, and counts the bodies that nobody has closed.
type wire struct {
	next http.RoundTripper

	mu      sync.Mutex
	sent    []*exchange
	open    int
	secrets map[string]bool
}

// exchange is one request and what came back.
type exchange struct {
	method, path string
	body         string
	left, back   time.Time
	status       int // 0 without an answer
	header       http.Header
	answer       []byte // of an error
	reached      bool   // a connection came about
}

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	x := &exchange{method: req.Method, path: req.URL.Path, left: time.Now()}
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		_ = req.Body.Close()
		if err != nil {
			return nil, err
		}
		x.body = string(body)
		req = req.Clone(req.Context())
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	_, secret, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	w.mu.Lock()
	w.sent = append(w.sent, x)
	w.secrets[secret] = true
	w.mu.Unlock()

	resp, err := w.next.RoundTrip(req)
	w.mu.Lock()
	defer w.mu.Unlock()
	x.back = time.Now()
	if err != nil {
		x.reached = !strings.Contains(err.Error(), "connection refused")
		return nil, err
	}
	x.status, x.header, x.reached = resp.StatusCode, resp.Header, true
	if resp.StatusCode >= 300 {
		x.answer, _ = io.ReadAll(resp.Body)
		x.answer = bytes.ReplaceAll(x.answer, []byte(echo), []byte(req.Header.Get("Authorization")))
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(x.answer)), int64(len(x.answer))
	}
	w.open++
	resp.Body = &closing{ReadCloser: resp.Body, wire: w}
	return resp, nil
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
