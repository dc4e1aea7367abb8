package replay

import (
	"bytes"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// end is one end of a connection in memory. Unlike that of [net.Pipe] it has
// buffers, as a socket has, and can be reset.
type end struct {
	in, out *stream
	address net.Addr
}

// pipe returns the client's and the server's end of a new connection.
func pipe() (client, server *end) {
	up, down := newStream(), newStream()
	address := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}
	return &end{down, up, address}, &end{up, down, address}
}

func (e *end) Read(p []byte) (int, error)  { return e.in.read(p) }
func (e *end) Write(p []byte) (int, error) { return e.out.write(p) }

// Close sends what was written, and then the end.
func (e *end) Close() error {
	e.out.close()
	e.in.end(net.ErrClosed, true)
	return nil
}

// reset drops what is under way and fails both ends.
func (e *end) reset() {
	e.out.end(syscall.ECONNRESET, true)
	e.in.end(net.ErrClosed, true)
}

// deafen fails the next write of the other end, after so many of its bytes, and
// resets the connection with it.
func (e *end) deafen(after int) { e.in.failNext(after, e.out) }

func (e *end) LocalAddr() net.Addr              { return e.address }
func (e *end) RemoteAddr() net.Addr             { return e.address }
func (e *end) SetDeadline(time.Time) error      { return nil }
func (e *end) SetReadDeadline(time.Time) error  { return nil }
func (e *end) SetWriteDeadline(time.Time) error { return nil }

// stream is one direction of a connection.
type stream struct {
	mu      sync.Mutex
	changed *sync.Cond
	buf     bytes.Buffer
	ended   error // what the reader gets after buf
	closed  bool  // by the writer
	closing *int  // how many bytes of the next write come through
	back    *stream
}

func newStream() *stream {
	s := new(stream)
	s.changed = sync.NewCond(&s.mu)
	return s
}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.buf.Len() == 0 && s.ended == nil {
		s.changed.Wait()
	}
	switch {
	case s.buf.Len() > 0:
		return s.buf.Read(p)
	case s.ended == io.EOF:
		return 0, io.EOF
	}
	return 0, failed("read", s.ended)
}

func failed(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Err: err}
}

// write takes what comes, as a socket does, also after the other end has closed
// the connection: only a reset makes it known.
func (s *stream) write(p []byte) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return 0, failed("write", net.ErrClosed)
	case s.closing != nil && s.ended == nil:
		n = max(0, min(*s.closing, len(p)-1))
		s.buf.Write(p[:n])
		s.closing, s.ended = nil, io.EOF
		s.changed.Broadcast()
		go s.back.end(syscall.ECONNRESET, true)
		return n, failed("write", syscall.ECONNRESET)
	case s.ended == syscall.ECONNRESET:
		return 0, failed("write", syscall.EPIPE)
	case s.ended == nil:
		s.buf.Write(p)
		s.changed.Broadcast()
	}
	return len(p), nil
}

func (s *stream) end(err error, drop bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended == nil || s.ended == io.EOF {
		s.ended = err
	}
	if drop {
		s.buf.Reset()
	}
	s.changed.Broadcast()
}

func (s *stream) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.end(io.EOF, false)
}

func (s *stream) failNext(after int, back *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing, s.back = &after, back
}
