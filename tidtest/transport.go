package tidtest

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
	"sync/atomic"
	"syscall"
	"time"
)

// Transport is the http.RoundTripper that calls a server in memory.
type Transport struct {
	srv    *Server
	conn   net.Conn // shown to httptrace
	used   atomic.Bool
	closed atomic.Bool
}

func newTransport(s *Server) *Transport {
	conn, _ := net.Pipe()
	return &Transport{srv: s, conn: conn}
}

func (t *Transport) close() { t.closed.Store(true) }

// Transport returns what calls the server in memory: every call is over when it returns, no goroutine is left behind. A
// server that listens has none and returns nil.
func (s *Server) Transport() http.RoundTripper {
	if s.memory == nil {
		return nil
	}
	return s.memory
}

// dialError is what a connection that does not come about ends with.
func dialError(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }

// RoundTrip sends a request to the server and waits for the answer, as long as its context lets it. Other hosts than that of
// the server cannot be found.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close()
	}
	ctx := req.Context()
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	trace := httptrace.ContextClientTrace(ctx)
	if trace == nil {
		trace = &httptrace.ClientTrace{}
	}
	host := req.URL.Host
	if req.URL.Port() == "" {
		host += ":443"
	}
	if trace.GetConn != nil {
		trace.GetConn(host)
	}
	switch {
	case !t.srv.isOwnHost(req.URL):
		return nil, dialError(&net.DNSError{Err: "no such host", Name: req.URL.Hostname(), IsNotFound: true})
	case t.closed.Load() || t.srv.refuses(req):
		return nil, dialError(os.NewSyscallError("connect", syscall.ECONNREFUSED))
	}
	if trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{Conn: t.conn, Reused: t.used.Swap(true)})
	}
	body, err := readBody(req)
	if err != nil {
		return nil, err
	}
	if trace.WroteHeaders != nil {
		trace.WroteHeaders()
	}
	if trace.WroteRequest != nil {
		trace.WroteRequest(httptrace.WroteRequestInfo{})
	}
	rep, err := t.srv.exchange(ctx, inbound{req.Method, req.URL, req.Header, body})
	if err != nil {
		return nil, context.Cause(ctx)
	}
	switch rep.broken {
	case brokenClosed:
		return nil, io.EOF
	case brokenReset:
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	}
	if trace.GotFirstResponseByte != nil {
		trace.GotFirstResponseByte()
	}
	return rep.response(req), nil
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
		return nil, errors.New("tidtest: the request body is too large")
	case req.ContentLength > 0 && req.ContentLength != int64(len(body)):
		return nil, fmt.Errorf("http: ContentLength=%d with Body length %d", req.ContentLength, len(body))
	}
	return body, nil
}

// response is the reply as a client gets it.
func (rep reply) response(req *http.Request) *http.Response {
	header := rep.header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	if rep.status != http.StatusNoContent && rep.status != http.StatusNotModified {
		header.Set("Content-Length", fmt.Sprint(len(rep.body)))
	}
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", rep.status, http.StatusText(rep.status)),
		StatusCode:    rep.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		ContentLength: int64(len(rep.body)),
		Body:          newReplyBody(req.Context(), rep),
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
	closed bool
}

func newReplyBody(ctx context.Context, rep reply) *replyBody {
	b := &replyBody{ctx: ctx, end: io.EOF, piece: rep.piece, pause: rep.pause}
	content := rep.body
	if rep.broken == brokenCut {
		content, b.end = content[:rep.cut], io.ErrUnexpectedEOF
	}
	b.rest = bytes.NewReader(content)
	return b
}

// Read reads from the body.
func (b *replyBody) Read(p []byte) (int, error) {
	switch {
	case b.closed:
		return 0, errors.New("http: read on closed response body")
	case b.ctx.Err() != nil:
		return 0, context.Cause(b.ctx)
	case b.rest.Len() == 0:
		return 0, b.end
	}
	if b.piece > 0 {
		if b.left == 0 {
			if err := sleep(b.ctx, b.pause); err != nil {
				return 0, context.Cause(b.ctx)
			}
			b.left = b.piece
		}
		p = p[:min(len(p), b.left)]
		b.left -= len(p)
	}
	n, _ := b.rest.Read(p) // there is something left
	return n, nil
}

// Close ends the body.
func (b *replyBody) Close() error { b.closed = true; return nil }
