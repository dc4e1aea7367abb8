package tid

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// Bounds of an answer. They hold for any server, since a fault or an attacker may send
// anything.
const (
	maxJSON      = 64 << 20
	maxValues    = 250_000 // each can take far more memory than its text; see tooMany
	maxDrain     = 256 << 10
	stallTimeout = 2 * time.Minute
	maxJSONTime  = 10 * time.Minute
	maxErrorTime = 10 * time.Second // of the body of an error
	maxDrainTime = time.Second
)

var (
	errStalled  = errors.New("nothing has arrived for two minutes")
	errSlow     = errors.New("the answer was not complete after ten minutes")
	errTooLarge = fmt.Errorf("the answer is larger than %d MiB", maxJSON>>20)
	errTooMany  = fmt.Errorf("the answer holds more than %d values", maxValues)
)

// receive takes a successful answer. An error that wraps errBroken means that the answer
// was incomplete.
type receive func(*http.Response) error

var errBroken = errors.New("the answer was cut off")

// countedBody counts the bytes that are read, and ends a Read that stalls.
type countedBody struct {
	body    io.ReadCloser
	stalled *time.Timer
	release func()
	read    atomic.Int64
	explain func(error) error
}

func (b *countedBody) Read(p []byte) (int, error) {
	b.stalled.Reset(stallTimeout) // only the time within Read counts
	n, err := b.body.Read(p)
	b.stalled.Stop()
	b.read.Add(int64(n))
	if err != nil && err != io.EOF {
		err = b.explain(err)
	}
	return n, err
}

func (b *countedBody) Close() error {
	err := b.body.Close()
	b.release()
	return err
}

// drain reads a little of what is left, so that the connection can be used
// again, and closes the body.
func drain(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, inTime(body, maxDrainTime), maxDrain)
	_ = body.Close()
}

// inTime reads from r until so much time has passed. stallTimeout alone does not end an
// answer that arrives a few bytes at a time.
func inTime(r io.Reader, most time.Duration) io.Reader {
	until := time.Now().Add(most)
	return readFunc(func(p []byte) (int, error) {
		if time.Now().After(until) {
			return 0, errSlow
		}
		return r.Read(p)
	})
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// readBody reads a whole JSON body, bounded in size and time.
func readBody(resp *http.Response) ([]byte, error) {
	defer drain(resp.Body)
	var buf bytes.Buffer
	if n := resp.ContentLength; n > 0 {
		buf.Grow(int(min(n, maxDrain)) + bytes.MinRead)
	}
	switch _, err := buf.ReadFrom(io.LimitReader(inTime(resp.Body, maxJSONTime), maxJSON+1)); {
	case err == errSlow:
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errBroken, err)
	}
	if buf.Len() > maxJSON {
		return nil, errTooLarge
	}
	return bytes.TrimPrefix(buf.Bytes(), utf8BOM), nil
}
