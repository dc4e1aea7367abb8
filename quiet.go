package tid

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// quiet returns a dial whose connections end where an answer is followed by surplus bytes.
// net/http would print those with the standard logger, which may be a secret in a log, or
// take them as the answer to the next request.
func quiet(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &quietConn{Conn: conn}, nil
	}
}

// quietTLS is quiet above TLS, where the answers can be read. Its connections
// speak HTTP/1.1.
func quietTLS(dial dialFunc, config *tls.Config, timeout time.Duration) dialFunc {
	return quiet(func(ctx context.Context, network, address string) (net.Conn, error) {
		plain, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			_ = plain.Close()
			return nil, err
		}
		trace := httptrace.ContextClientTrace(ctx)
		if trace != nil && trace.TLSHandshakeStart != nil {
			trace.TLSHandshakeStart()
		}
		own := config.Clone()
		own.ServerName, own.NextProtos = host, []string{"http/1.1"}
		conn := tls.Client(plain, own)
		limited, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		err = conn.HandshakeContext(limited)
		if trace != nil && trace.TLSHandshakeDone != nil {
			trace.TLSHandshakeDone(conn.ConnectionState(), err)
		}
		if err != nil {
			_ = plain.Close()
			return nil, err
		}
		return conn, nil
	})
}

// quietConn is a connection with one HTTP/1.1 answer for each request, and nothing else: it
// is closed at the first surplus byte. It counts the bytes that may have been written, so
// that it is known if a request never left on a dead connection, and reports to its
// attempt when they have been written.
type quietConn struct {
	net.Conn
	written atomic.Int64
	attempt atomic.Pointer[sending]

	mu     sync.Mutex
	asked  bool // a request has been written, and its answer has not begun
	answer framing
	ended  bool
}

func (c *quietConn) Write(p []byte) (int, error) {
	attempt := c.attempt.Load()
	if attempt != nil && attempt.lapse() {
		_ = c.Conn.Close()
		return 0, errLapsed
	}
	c.mu.Lock()
	switch {
	case bytes.HasPrefix(p, []byte("CONNECT ")): // through a proxy: what follows is TLS
		c.answer.part = untilClose
	case c.answer.part == complete:
		c.asked = true
	}
	c.mu.Unlock()
	c.written.Add(int64(len(p))) // before the write, since the attempt may end while it blocks
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n - len(p)))
	if attempt != nil {
		attempt.sent()
	}
	return n, err
}

func (c *quietConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return 0, io.EOF
	}
	if n == 0 {
		return n, err
	}
	if c.asked {
		c.asked, c.answer = false, framing{part: statusLine}
	}
	if own := c.answer.advance(p[:n]); own < n {
		c.ended = true
		_ = c.Conn.Close()
		return own, io.EOF
	}
	return n, err
}

// framing finds the end of an HTTP/1.1 answer (RFC 9112, 6). If it cannot read one, it
// takes everything as the answer: net/http closes such a connection.
type framing struct {
	part    part
	line    []byte
	version string
	status  int
	chunked bool
	left    int64 // bytes of the body or the chunk; -1 if unknown
}

type part uint8

const (
	complete part = iota // the zero framing: no answer is expected
	statusLine
	headers
	sized
	chunkSize
	chunk
	chunkEnd
	trailers
	untilClose
)

// maxLine is how much of a line is read: no line that matters is longer.
const maxLine = 256

// advance reads what has arrived, and returns how much of it belongs to the answer.
func (f *framing) advance(p []byte) int {
	at := 0
	for at < len(p) {
		switch f.part {
		case complete:
			return at
		case untilClose:
			return len(p)
		case sized, chunk:
			n := min(f.left, int64(len(p)-at))
			at, f.left = at+int(n), f.left-n
			if f.left == 0 && f.part == sized {
				f.part = complete
			} else if f.left == 0 {
				f.part = chunkEnd
			}
		default:
			c := p[at]
			at++
			if c != '\n' {
				if len(f.line) < maxLine {
					f.line = append(f.line, c)
				}
				continue
			}
			line := string(bytes.TrimSuffix(f.line, []byte("\r")))
			f.line = f.line[:0]
			f.part = f.next(line)
		}
	}
	return at
}

// next is the part that follows a line.
func (f *framing) next(line string) part {
	switch f.part {
	case statusLine:
		version, rest, _ := strings.Cut(line, " ")
		status, _, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
		code, err := strconv.Atoi(status)
		if err != nil || version != "HTTP/1.1" && version != "HTTP/1.0" {
			return untilClose
		}
		*f = framing{line: f.line, version: version, status: code, left: -1}
		return headers
	case headers:
		if line == "" {
			return f.body()
		}
		name, value, ok := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch {
		case !ok || strings.ContainsAny(name, " \t"): // folded, or malformed
			return untilClose
		case strings.EqualFold(name, "Transfer-Encoding"):
			f.chunked = f.version == "HTTP/1.1"
		case strings.EqualFold(name, "Content-Length"):
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil || n < 0 {
				return untilClose
			}
			f.left = n
		}
		return headers
	case chunkSize:
		size, _, _ := strings.Cut(line, ";")
		n, err := strconv.ParseInt(strings.TrimSpace(size), 16, 64)
		switch f.left = n; {
		case err != nil || n < 0:
			return untilClose
		case n == 0:
			return trailers
		}
		return chunk
	case chunkEnd:
		return chunkSize
	case trailers:
		if line != "" {
			return trailers
		}
	}
	return complete
}

// body is the part that follows the headers.
func (f *framing) body() part {
	switch {
	case f.status == 101:
		return untilClose
	case f.status < 200:
		return statusLine
	case f.status == 204 || f.status == 304:
		return complete
	case f.chunked:
		return chunkSize
	case f.left < 0:
		return untilClose
	case f.left == 0:
		return complete
	}
	return sized
}
