package fakehttp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// Transport is the http.RoundTripper that calls a fake server in memory. It has connections as http.Transport has them for
// HTTP/1.1, and shows them to httptrace: a new one takes its ConnectTime, an idle one is used again. It never sends a request
// twice.
type Transport struct {
	endpoint *Endpoint
	host     string
	pool     pool
	closed   atomic.Bool
}

// CloseIdleConnections forgets the connections that no request uses, so that the next one needs a new one.
func (t *Transport) CloseIdleConnections() { t.pool.clear() }

// RoundTrip sends a request to the server and waits for the answer, as long as its context lets it. Other hosts than that of
// the server cannot be found.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close()
	}
	ctx := req.Context()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	trace := hooks(ctx)
	conn, err := t.connect(req, trace)
	if err != nil {
		return nil, err
	}
	lost := conn.reused && t.endpoint.closesIdle(req)
	if lost && t.endpoint.Pick(2) == 0 {
		return nil, errClosedIdle // noticed before anything is written
	}
	body, err := readBody(req)
	trace.WroteHeaders()
	trace.WroteRequest(httptrace.WroteRequestInfo{Err: err})
	switch {
	case err != nil:
		return nil, err
	case lost:
		return nil, [...]error{io.EOF, errReset}[t.endpoint.Pick(2)]
	}
	rep, err := t.endpoint.Exchange(ctx, Inbound{req.Method, req.URL, req.Header, body})
	if err != nil {
		return nil, context.Cause(ctx)
	}
	switch rep.Broken {
	case BrokenClosed:
		return nil, io.EOF
	case BrokenReset:
		return nil, errReset
	}
	trace.GotFirstResponseByte()
	return rep.response(req, func() {
		if !req.Close {
			t.pool.put(conn)
		}
	}), nil
}

var (
	errClosedIdle = errors.New("http: server closed idle connection")
	errReset      = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", resetErrno)}
	errRefused    = dialError(os.NewSyscallError("connect", refusedErrno))
)

// dialError is what a connection that does not come about ends with.
func dialError(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }

// hooks are those of the trace in a context, and for the rest such as do nothing.
func hooks(ctx context.Context) *httptrace.ClientTrace {
	all := &httptrace.ClientTrace{
		GetConn:              func(string) {},
		ConnectStart:         func(string, string) {},
		ConnectDone:          func(string, string, error) {},
		GotConn:              func(httptrace.GotConnInfo) {},
		WroteHeaders:         func() {},
		WroteRequest:         func(httptrace.WroteRequestInfo) {},
		GotFirstResponseByte: func() {},
	}
	return httptrace.ContextClientTrace(httptrace.WithClientTrace(ctx, all)) // which calls both
}

// connect finds an idle connection or sets a new one up.
func (t *Transport) connect(req *http.Request, trace *httptrace.ClientTrace) (*conn, error) {
	ctx, host := req.Context(), req.URL.Host
	if req.URL.Port() == "" {
		host += ":443"
	}
	trace.GetConn(host)
	switch {
	case req.URL.Scheme != "https" || !strings.EqualFold(req.URL.Host, t.host):
		return nil, dialError(&net.DNSError{Err: "no such host", Name: req.URL.Hostname(), IsNotFound: true})
	case t.closed.Load() || t.endpoint.refuses(req):
		trace.ConnectStart("tcp", host)
		trace.ConnectDone("tcp", host, errRefused)
		return nil, errRefused
	}
	c, wait := t.pool.take()
	if c == nil {
		trace.ConnectStart("tcp", host)
		connected := func() {
			trace.ConnectDone("tcp", host, nil)
			t.pool.dialled(wait, newConn())
		}
		if d := t.endpoint.connectTime(); d > 0 {
			time.AfterFunc(d, connected)
		} else {
			connected()
		}
		select {
		case c = <-wait:
		case <-ctx.Done():
			t.pool.giveUp(wait)
			return nil, context.Cause(ctx)
		}
	}
	info := httptrace.GotConnInfo{Conn: c.end, Reused: c.reused}
	if !c.idleAt.IsZero() {
		info.WasIdle, info.IdleTime = true, time.Since(c.idleAt)
	}
	trace.GotConn(info)
	return c, nil
}

// readBody reads the body of a request, which must be as long as its header says.
func readBody(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(req.Body, mostBody+1))
	switch {
	case err != nil:
		return nil, err
	case len(body) > mostBody:
		return nil, errors.New("http: the request body is too large")
	case req.ContentLength > 0 && req.ContentLength != int64(len(body)):
		return nil, fmt.Errorf("http: ContentLength=%d with Body length %d", req.ContentLength, len(body))
	}
	return body, nil
}

// response is the reply as a client gets it. It calls done when all of it has been read.
func (rep Reply) response(req *http.Request, done func()) *http.Response {
	header := rep.Header.Clone()
	if rep.Status != http.StatusNoContent && rep.Status != http.StatusNotModified {
		header.Set("Content-Length", fmt.Sprint(len(rep.Body)))
	}
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", rep.Status, http.StatusText(rep.Status)),
		StatusCode:    rep.Status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		ContentLength: int64(len(rep.Body)),
		Body:          newReplyBody(req.Context(), rep, done),
		Request:       req,
	}
}

// replyBody is the body of an answer. It ends with the context of its request, as one from a connection does.
type replyBody struct {
	ctx    context.Context
	rest   *bytes.Reader
	end    error
	piece  int
	left   int // of the current piece
	pause  time.Duration
	done   func()
	closed bool
}

func newReplyBody(ctx context.Context, rep Reply, done func()) *replyBody {
	b := &replyBody{ctx: ctx, end: io.EOF, piece: rep.Piece, pause: rep.Pause, done: done}
	content := rep.Body
	if rep.Broken == BrokenCut {
		content, b.end = content[:rep.Cut], io.ErrUnexpectedEOF
	}
	b.rest = bytes.NewReader(content)
	b.finish()
	return b
}

// finish lets go of the connection once nothing is left to read, and the connection is whole.
func (b *replyBody) finish() {
	if b.rest.Len() == 0 && b.end == io.EOF && b.done != nil {
		b.done()
		b.done = nil
	}
}

// Read reads from the body.
func (b *replyBody) Read(p []byte) (int, error) {
	switch {
	case b.closed:
		return 0, errors.New("http: read on closed response body")
	case b.rest.Len() == 0:
		return 0, b.end
	case b.ctx.Err() != nil:
		return 0, context.Cause(b.ctx)
	}
	if b.piece > 0 {
		if b.left == 0 {
			if err := Sleep(b.ctx, b.pause); err != nil {
				return 0, context.Cause(b.ctx)
			}
			b.left = b.piece
		}
		p = p[:min(len(p), b.left)]
		b.left -= len(p)
	}
	n, _ := b.rest.Read(p) // there is something left
	b.finish()
	return n, nil
}

// Close ends the body. A connection whose answer has not been read to its end is not used again.
func (b *replyBody) Close() error { b.closed = true; return nil }
