// Package fakehttp is what the fake servers tidtest and momenttest share below their operations: connections over a listener
// or in memory, injected faults, and the log of requests.
package fakehttp

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// Inbound is a request without its connection.
type Inbound struct {
	Method string
	URL    *url.URL
	Header http.Header
	Body   []byte
}

// Reply is an answer, and how it travels.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte

	Broken Broken
	Cut    int           // bytes of the body that arrive before the connection breaks
	Piece  int           // size of the pieces of a slow body
	Pause  time.Duration // before each piece
}

// Broken is how a connection breaks.
type Broken uint8

// The ways to break.
const (
	BrokenNot    Broken = iota
	BrokenClosed        // closed before an answer
	BrokenReset         // reset before an answer
	BrokenCut           // closed within the body
)

// An Endpoint is where clients reach a fake server. Of its functions only Exchange has to be set.
type Endpoint struct {
	// Exchange takes a request to the server and its answer back. The error is that of the context.
	Exchange func(context.Context, Inbound) (Reply, error)
	// Refuses says whether no connection for a request comes about. It is asked in memory only.
	Refuses func(*http.Request) bool
	// ClosesIdle says whether the connection that a request would use again has been closed. In memory Pick, which returns a
	// number below n, decides when the client notices.
	ClosesIdle func(*http.Request) bool
	Pick       func(n int) int
	// ConnectTime is how long it takes to set a connection up. It is asked in memory only.
	ConnectTime func() time.Duration

	listening *http.Server
	done      chan struct{}
	memory    *Transport
}

func (e *Endpoint) refuses(r *http.Request) bool { return e.Refuses != nil && e.Refuses(r) }

func (e *Endpoint) closesIdle(r *http.Request) bool { return e.ClosesIdle != nil && e.ClosesIdle(r) }

func (e *Endpoint) connectTime() time.Duration {
	if e.ConnectTime == nil {
		return 0
	}
	return e.ConnectTime()
}

// InMemory answers at https://host until Close, but only what comes through the Transport that it returns.
func (e *Endpoint) InMemory(host string) *Transport {
	e.memory = &Transport{endpoint: e, host: host}
	return e.memory
}

// ListenLocally answers on a free port of this machine until Close, and returns its URL.
func (e *Endpoint) ListenLocally() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	e.Listen(listener)
	return "http://" + listener.Addr().String(), nil
}

// Listen answers at a listener until Close.
func (e *Endpoint) Listen(listener net.Listener) {
	e.listening = &http.Server{
		Handler:     e,
		ErrorLog:    log.New(io.Discard, "", 0),
		ConnContext: ConnContext,
	}
	e.done = make(chan struct{})
	go func() {
		defer close(e.done)
		_ = e.listening.Serve(listener) // ends when the server is closed
	}()
}

// Close ends the endpoint and all connections to it. A second call does nothing.
func (e *Endpoint) Close() {
	if e.memory != nil {
		e.memory.closed.Store(true)
	}
	if e.listening != nil {
		_ = e.listening.Close() // nothing depends on it
		<-e.done
	}
}

// ConnContext lets an http.Server count the requests on each connection, for ClosesIdle.
func ConnContext(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, served{}, new(atomic.Int64))
}

// served is the key of the number of requests that have come over a connection.
type served struct{}

// mostBody is the largest request body that a server reads.
const mostBody = 16 << 20

// ServeHTTP answers a request. Where the connection is to break it panics with http.ErrAbortHandler, which net/http knows.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if n, ok := r.Context().Value(served{}).(*atomic.Int64); ok && n.Add(1) > 1 && e.closesIdle(r) {
		panic(http.ErrAbortHandler)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	if err != nil {
		http.Error(w, "The request body cannot be read.", http.StatusRequestEntityTooLarge)
		return
	}
	rep, err := e.Exchange(r.Context(), Inbound{r.Method, r.URL, r.Header, body})
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	switch rep.Broken {
	case BrokenClosed:
		panic(http.ErrAbortHandler)
	case BrokenReset:
		reset(w)
		return
	}
	for name, values := range rep.Header {
		w.Header()[name] = values
	}
	if rep.Status != http.StatusNoContent && rep.Status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(len(rep.Body)))
	}
	w.WriteHeader(rep.Status)
	flusher := http.NewResponseController(w)
	send := func(piece []byte) {
		if _, err := w.Write(piece); err != nil {
			panic(http.ErrAbortHandler)
		}
		_ = flusher.Flush() // where nothing can be flushed nothing is kept back
	}
	switch {
	case rep.Broken == BrokenCut:
		send(rep.Body[:rep.Cut])
		panic(http.ErrAbortHandler)
	case rep.Piece > 0:
		for piece := range slices.Chunk(rep.Body, rep.Piece) {
			if Sleep(r.Context(), rep.Pause) != nil {
				panic(http.ErrAbortHandler)
			}
			send(piece)
		}
	case len(rep.Body) > 0:
		_, _ = w.Write(rep.Body) // the client may have gone
	}
}

// reset breaks a connection so that the client sees a reset and not an end.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the client sees an end
	}
	_ = conn.Close()
}

// Sleep waits unless the context ends first; the error is that of the context.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
