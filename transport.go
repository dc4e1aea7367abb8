package tid

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// sharedTransport is the transport of all clients, so that they share its idle connections:
// they have the same host. It uses HTTP/1.1 only: four requests a second need no HTTP/2,
// and an HTTP/1.1 connection shows whether a request has been written.
var sharedTransport = sync.OnceValue(func() *http.Transport {
	const patience = 15 * time.Second
	dial := (&net.Dialer{Timeout: patience, KeepAlive: 30 * time.Second}).DialContext
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            quiet(dial),
		DialTLSContext:         quietTLS(dial, new(tls.Config), patience),
		Protocols:              protocols,
		MaxIdleConns:           256,
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    patience, // through a proxy
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}
})

// ownConn finds the module's own connection under conn; nil if there is none.
func ownConn(conn net.Conn) *quietConn {
	if secured, ok := conn.(*tls.Conn); ok { // through a proxy
		conn = secured.NetConn()
	}
	own, _ := conn.(*quietConn)
	return own
}

// oneShot is the body of every request, also of an empty one. It can be read only once, so
// that net/http cannot retry a request by itself: every transmission is an attempt that
// has passed the rate limit and the retry policy.
type oneShot struct {
	io.Reader
	read atomic.Bool
}

func (b *oneShot) Read(p []byte) (int, error) {
	b.read.Store(true)
	return b.Reader.Read(p)
}

func (b *oneShot) Close() error { return nil }

// setBody gives req the one-shot body with the given content, which may be empty.
func setBody(req *http.Request, content []byte) *oneShot {
	body := &oneShot{Reader: bytes.NewReader(content)}
	req.Body, req.ContentLength = body, int64(len(content))
	if len(content) == 0 {
		// With a body, net/http takes a length of 0 as unknown, and would send chunks.
		// HTTP/1.1 writes this spelling of the header as it is, HTTP/2 leaves it out.
		req.TransferEncoding = []string{"identity"}
		if req.Method != http.MethodGet && req.Method != http.MethodDelete {
			req.Header["content-length"] = []string{"0"}
		}
	}
	return body
}

// errSecondConnection ends an attempt that the transport is about to send again.
var errSecondConnection = errors.New("the transport was about to send the request a second time")

// errLapsed ends an attempt whose permit has ended before anything was sent.
var errLapsed = errors.New("the permit of the rate limiter had ended before the request was sent")

// sending follows the transmission of one attempt, as far as the transport traces it.
type sending struct {
	permit Permit
	body   *oneShot
	abort  context.CancelCauseFunc

	mu        sync.Mutex
	asked     bool       // the transport looks for a connection, which shows that it traces
	connected bool       // it has one
	conn      *quietConn // the connection, if it is the module's own
	before    int64      // the bytes that had been written to conn before
	traced    bool       // the trace shows that the request is being written
	admitted  bool       // Sent of the permit has been called
	over      bool       // Done of the permit has been called
	lapsed    bool       // the permit ended before anything was written, and nothing will be
}

func (s *sending) hooks() *httptrace.ClientTrace {
	written := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.traced = true
	}
	return &httptrace.ClientTrace{
		GetConn: func(string) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.asked = true
		},
		GotConn:      s.gotConn,
		WroteHeaders: written,
		WroteRequest: func(httptrace.WroteRequestInfo) { written(); s.sent() },
	}
}

// gotConn notes the connection. It ends the attempt before anything is written to a second
// connection.
func (s *sending) gotConn(info httptrace.GotConnInfo) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.connected && (s.traced || s.body.read.Load()) && s.left() {
		s.abort(errSecondConnection)
		unused(info.Conn)
		return
	}
	s.connected, s.conn = true, ownConn(info.Conn)
	if s.conn != nil {
		s.before = s.conn.written.Load()
		s.conn.attempt.Store(s)
		return
	}
	if s.ends() {
		unused(info.Conn)
	}
}

// unused keeps the request of an attempt that has been ended off a connection: HTTP/2 checks
// its context before it writes, and HTTP/1.1 does not.
func unused(conn net.Conn) {
	if secured, ok := conn.(*tls.Conn); !ok || secured.ConnectionState().NegotiatedProtocol != "h2" {
		_ = conn.Close()
	}
}

// lapse ends the attempt if its permit has ended and nothing has been written, and reports
// that.
func (s *sending) lapse() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ends()
}

// ends is lapse; s.mu is held.
func (s *sending) ends() bool {
	if permit, ok := s.permit.(ExpiringPermit); ok && !s.admitted && !s.over && !permit.Valid() {
		s.lapsed = true
		s.abort(errLapsed)
	}
	return s.lapsed
}

func (s *sending) hasLapsed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lapsed
}

// left reports whether some of the request may have been written; s.mu is held.
func (s *sending) left() bool { return s.conn == nil || s.conn.written.Load() > s.before }

// out reports whether the request may have been sent; s.mu is held.
func (s *sending) out() bool { return !s.lapsed && (!s.asked || s.connected && s.left()) }

// reached reports whether the API may have executed a request that ended in err. It is
// false only if the trace shows that there was no connection or that nothing was written
// to it, or if the server said on this connection that it has not processed the request.
func (s *sending) reached(err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	bodyRead := s.body.read.Load()
	if s.lapsed {
		return false
	}
	if s.connected {
		return s.left() && !refusedStream(err) && (s.traced || bodyRead || !notBegun(err))
	}
	// If the body was read although no connection came up, it was read by a wrapper of
	// the transport, which may have sent it elsewhere without a trace.
	return !s.asked || bodyRead
}

// traces reports whether the transport has traced the attempt.
func (s *sending) traces() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// sent reports to the permit that the request has been sent.
func (s *sending) sent() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over && !s.lapsed {
		s.admitted = true
		s.permit.Sent()
	}
}

// done ends the permit. A request that may have been sent counts as sent, even if the trace
// has not shown it.
func (s *sending) done(status int, retryAfter time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	if !s.admitted && s.out() {
		s.permit.Sent()
	}
	s.over = true
	if s.conn != nil {
		s.conn.attempt.CompareAndSwap(s, nil)
	}
	s.permit.Done(status, retryAfter)
}

// refusedStream reports whether HTTP/2 says that the server has not processed the request
// (RFC 9113, section 8.7): by the error REFUSED_STREAM, or by a GOAWAY without the
// request's stream. net/http shows these only as texts.
func refusedStream(err error) bool {
	reason, ok := strings.CutPrefix(err.Error(), "http2: Transport: cannot retry err [")
	return ok && (strings.Contains(reason, "; REFUSED_STREAM; received from peer]") ||
		strings.HasPrefix(reason, "http2: Transport received Server's graceful shutdown GOAWAY]"))
}

// notBegun reports whether net/http gave up before it wrote anything. It fails with this
// text if a connection has no room for another HTTP/2 stream and the body, which it has
// closed then, cannot be rewound for the next connection.
func notBegun(err error) bool {
	return err.Error() == "net/http: cannot rewind body after connection loss"
}
