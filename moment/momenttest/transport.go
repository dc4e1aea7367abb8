package momenttest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
)

// maxBody bounds the body of a request.
const maxBody = 16 << 20

// jsonReply is an answer in JSON, under the media type that the API perhaps has.
func jsonReply(status int, body any) reply {
	data, err := json.Marshal(body)
	if err != nil {
		panic("momenttest: " + err.Error()) // all that is answered can be written
	}
	return reply{status: status, header: http.Header{"Content-Type": {"application/hal+json"}}, body: data}
}

// ServeHTTP answers a request. Where the connection is to break it panics with
// http.ErrAbortHandler, which net/http knows.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	rep := s.exchange(inbound{r.Method, r.URL, r.Header, body})
	if rep.dropped {
		panic(http.ErrAbortHandler)
	}
	for name, values := range rep.header {
		w.Header()[name] = values
	}
	w.WriteHeader(rep.status)
	_, _ = w.Write(rep.body) // there is nobody to tell
}

// Transport returns what calls the server in memory. A server that listens has
// none and returns nil.
func (s *Server) Transport() http.RoundTripper {
	if s.transport == nil {
		return nil
	}
	return s.transport
}

type transport struct {
	server *Server
	closed atomic.Bool
}

// RoundTrip sends a request to the server, which answers before it returns.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close()
	}
	ctx := req.Context()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	trace := httptrace.ContextClientTrace(ctx)
	if trace != nil && trace.GetConn != nil {
		trace.GetConn(req.URL.Host)
	}
	if t.closed.Load() || "https://"+req.URL.Host != t.server.URL {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	}
	if trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(io.LimitReader(req.Body, maxBody+1)); err != nil {
			return nil, err
		}
		if len(body) > maxBody {
			return nil, errors.New("momenttest: the request body is too large")
		}
	}
	if trace != nil && trace.WroteRequest != nil {
		trace.WroteRequest(httptrace.WroteRequestInfo{})
	}
	rep := t.server.exchange(inbound{req.Method, req.URL, req.Header, body})
	if rep.dropped {
		return nil, io.EOF
	}
	return &http.Response{
		Status:     strconv.Itoa(rep.status) + " " + http.StatusText(rep.status),
		StatusCode: rep.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        rep.header.Clone(),
		ContentLength: int64(len(rep.body)),
		Body:          io.NopCloser(bytes.NewReader(rep.body)),
		Request:       req,
	}, nil
}
