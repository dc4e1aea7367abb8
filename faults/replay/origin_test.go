package replay

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// reaction is what a server does with one request.
type reaction struct {
	early   bool          // as soon as the header has come; else when the whole request has
	pause   time.Duration // before it
	execute bool          // carry out the request first, which takes the whole of it
	steps   []step
	refuse  int // so many dials fail from then on
}

func (r reaction) String() string {
	text := fmt.Sprint(r.steps)
	switch {
	case r.execute:
		text = "execute, then " + text
	case r.early:
		text = "after the header " + text
	}
	if r.pause > 0 {
		text = fmt.Sprintf("in %s %s", r.pause, text)
	}
	if r.refuse > 0 {
		text += fmt.Sprintf(", then refuse %d dials", r.refuse)
	}
	return text
}

// step is one thing that is written to a connection, or done to it.
type step struct {
	kind   kind
	status int           // of answer
	code   http2.ErrCode // of reset and goAway
	last   lastStream    // of goAway
	text   string        // of raw
	bytes  int           // of deafen
}

func (s step) String() string {
	switch s.kind {
	case answer:
		return fmt.Sprintf("answer %d", s.status)
	case raw:
		return fmt.Sprintf("write %q", s.text)
	case reset:
		return fmt.Sprintf("RST_STREAM %v", s.code)
	case goAway:
		return fmt.Sprintf("GOAWAY %v, last stream %s", s.code, s.last)
	case deafen:
		return fmt.Sprintf("break the next write after %d bytes", s.bytes)
	}
	return string(s.kind)
}

type kind string

const (
	answer  kind = "answer"           // the whole of it
	interim kind = "interim answer"   // 100 on HTTP/1.1, 103 on HTTP/2
	half    kind = "half a header"    // of an answer
	cut     kind = "half an answer"   // its header and a part of its body
	raw     kind = "raw"              // HTTP/1.1 only
	reset   kind = "RST_STREAM"       // HTTP/2 only
	goAway  kind = "GOAWAY"           // HTTP/2 only
	hangUp  kind = "close"            // the connection
	abort   kind = "abort"            // the connection, with a TCP reset
	deafen  kind = "break next write" // of the client, in memory only
)

// lastStream is the last stream id of a GOAWAY, seen from the request that it reacts to.
type lastStream string

const (
	zero  lastStream = "0"     // nothing on this connection has been carried out
	below lastStream = "below" // this one and later ones have not been
	at    lastStream = "at"    // later ones have not been
	above lastStream = "2^31-1"
)

// refuses reports whether the reaction tells that the request was not carried
// out (RFC 9113, 8.7).
func (r reaction) refuses() bool {
	for _, s := range r.steps {
		switch {
		case s.refuses():
			return true
		case s.kind != interim && s.kind != goAway:
			return false
		}
	}
	return false
}

func (s step) refuses() bool {
	return s.kind == reset && s.code == http2.ErrCodeRefusedStream || s.kind == goAway && (s.last == zero || s.last == below)
}

// fails reports whether the request is answered, but not with success.
func (r reaction) fails() bool {
	return slices.ContainsFunc(r.steps, func(s step) bool { return s.kind == answer && s.status != http.StatusOK })
}

// lies reports a reaction that carries out a request and says that it did not, or
// answers what was not asked: on HTTP/1.1 that may be taken for the next answer.
func (r reaction) lies() bool {
	answers := 0
	for i, s := range r.steps {
		closes := i+1 < len(r.steps) && r.steps[i+1].kind == hangUp
		if s.kind == answer && !(answers > 0 && s.status == http.StatusRequestTimeout && closes) {
			answers++
		}
	}
	return r.execute && r.refuses() || answers > 1
}

// transmission is one request whose header has arrived.
type transmission struct {
	method, path string
	length       string // its Content-Length; "" for none
	chunked      bool
	at           time.Time
	attempt      int // of the client's, in which it came
	executed     bool
	refused      bool // the client was told that it was not executed
	failed       bool // it was answered, but not with success
}

// origin is a server that follows a script.
type origin struct {
	concerns func(method, path string) bool // the requests that the script is for; others are answered
	script   []reaction                     // one for each request
	forever  bool                           // the last of it again and again, for so many requests at the most:
	most     int                            // then they are answered, so that a client that retries without end comes to one
	streams  uint32                         // MAX_CONCURRENT_STREAMS; 0 is not to say
	settings time.Duration                  // how long SETTINGS take
	attempts func(method, path string) int  // how many attempts the client has behind it
	once     bool                           // the listener closes after each connection for a while, on a socket

	mu       sync.Mutex
	received []*transmission
	scripted int
	refusing int // dials
	dials    int
	conns    map[net.Conn]bool
	closed   bool
	serving  sync.WaitGroup
}

// refuseDial fails a dial that the script wants to fail.
func (o *origin) refuseDial() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.dials++
	if o.refusing > 0 && o.dials < 100 {
		o.refusing--
		return failed("dial", syscall.ECONNREFUSED)
	}
	return nil
}

// dialPipe connects to the server without a network.
func (o *origin) dialPipe(ctx context.Context, _, _ string) (net.Conn, error) {
	if err := o.refuseDial(); err != nil {
		return nil, err
	}
	client, server := pipe()
	o.serve(server)
	return client, ctx.Err()
}

// serve speaks the protocol that the client begins with.
func (o *origin) serve(conn net.Conn) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		_ = conn.Close()
		return
	}
	if o.conns == nil {
		o.conns = make(map[net.Conn]bool)
	}
	o.conns[conn] = true
	o.serving.Go(func() {
		defer conn.Close()
		r := bufio.NewReader(conn)
		if begin, err := r.Peek(3); err == nil && string(begin) == "PRI" {
			o.serveHTTP2(conn, r)
		} else if err == nil {
			o.serveHTTP1(conn, r)
		}
	})
}

// close ends all connections, and waits for what serves them.
func (o *origin) close() {
	o.mu.Lock()
	o.closed = true
	for conn := range o.conns {
		_ = conn.Close()
	}
	o.mu.Unlock()
	o.serving.Wait()
}

// arrived notes a request and takes its reaction from the script.
func (o *origin) arrived(method, path, length string, chunked bool) (*transmission, reaction) {
	before := o.attempts(method, path)
	o.mu.Lock()
	defer o.mu.Unlock()
	t := &transmission{method: method, path: path, length: length, chunked: chunked, at: time.Now(), attempt: before + 1}
	o.received = append(o.received, t)
	r := reaction{execute: true, steps: []step{{kind: answer, status: 200}}}
	if o.concerns != nil && !o.concerns(method, path) {
		return t, r
	}
	n := o.scripted
	o.scripted++
	if o.forever {
		n = min(n, len(o.script)-1)
	}
	if n < len(o.script) && o.scripted <= cmp.Or(o.most, 60) {
		r = o.script[n]
	}
	return t, r
}

// concern returns what arrived of one kind of request.
func (o *origin) concern(method, path string) (of []transmission) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, t := range o.received {
		if t.method == method && t.path == path {
			of = append(of, *t)
		}
	}
	return of
}

// body is one that every request of these tests understands.
const body = `{"id":7,"accessToken":"token-1"}`

func (o *origin) serveHTTP1(conn net.Conn, r *bufio.Reader) {
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		t, react := o.arrived(req.Method, req.URL.Path, req.Header.Get("Content-Length"), len(req.TransferEncoding) > 0)
		if !react.early {
			if _, err := io.Copy(io.Discard, req.Body); err != nil {
				return
			}
		}
		time.Sleep(react.pause)
		o.mu.Lock()
		t.executed, t.failed = react.execute, react.fails()
		o.refusing += react.refuse
		o.mu.Unlock()
		for _, s := range react.steps {
			var text string
			switch s.kind {
			case answer:
				text = fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Length: %d\r\n\r\n%s", s.status, http.StatusText(s.status), len(body), body)
			case interim:
				text = "HTTP/1.1 100 Continue\r\n\r\n"
			case half:
				text = "HTTP/1.1 20"
			case cut:
				text = fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body[:9])
			case raw:
				text = s.text
			default:
				if endConnection(conn, s) {
					return
				}
			}
			if _, err := io.WriteString(conn, text); err != nil {
				return
			}
		}
		if react.early {
			if _, err := io.Copy(io.Discard, req.Body); err != nil {
				return
			}
		}
	}
}

// endConnection does what concerns the connection alone, and reports whether it is over.
func endConnection(conn net.Conn, s step) bool {
	switch s.kind {
	case hangUp:
		_ = conn.Close()
		return true
	case abort:
		if lingers, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS
			conn = lingers.NetConn()
		}
		switch conn := conn.(type) {
		case *net.TCPConn:
			_ = conn.SetLinger(0)
			_ = conn.Close()
		case *end:
			conn.reset()
		}
		return true
	case deafen:
		conn.(*end).deafen(s.bytes)
	}
	return false
}

// http2Conn is the server's side of one HTTP/2 connection.
type http2Conn struct {
	origin *origin
	conn   net.Conn

	mu       sync.Mutex // of what is written, and of the following
	framer   *http2.Framer
	limit    uint32 // the last stream id of a GOAWAY: later ones are ignored
	graceful bool   // of that GOAWAY
	executed uint32 // the highest stream that was carried out
	streams  map[uint32]*http2Stream
	told     []*transmission // of what was refused
	broken   bool            // what was written last may not come through
}

type http2Stream struct {
	id    uint32
	t     *transmission
	react reaction
}

func (o *origin) serveHTTP2(conn net.Conn, r *bufio.Reader) {
	if _, err := io.ReadFull(r, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	c := &http2Conn{origin: o, conn: conn, framer: http2.NewFramer(conn, r), limit: math.MaxInt32, streams: make(map[uint32]*http2Stream)}
	c.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	var reacting sync.WaitGroup
	defer reacting.Wait()
	reacting.Go(func() {
		time.Sleep(o.settings)
		c.mu.Lock()
		defer c.mu.Unlock()
		if o.streams > 0 {
			_ = c.framer.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: o.streams})
		} else {
			_ = c.framer.WriteSettings()
		}
	})
	for {
		frame, err := c.framer.ReadFrame()
		if err != nil {
			_ = conn.Close()
			return
		}
		var complete bool
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				c.mu.Lock()
				_ = c.framer.WriteSettingsAck()
				c.mu.Unlock()
			}
		case *http2.PingFrame:
			if !frame.IsAck() {
				c.mu.Lock()
				_ = c.framer.WritePing(true, frame.Data)
				c.mu.Unlock()
			}
		case *http2.MetaHeadersFrame:
			var length string
			for _, f := range frame.RegularFields() {
				if f.Name == "content-length" {
					length = f.Value
				}
			}
			path, _, _ := strings.Cut(frame.PseudoValue("path"), "?")
			s := &http2Stream{id: frame.StreamID}
			s.t, s.react = o.arrived(frame.PseudoValue("method"), path, length, false)
			c.mu.Lock()
			c.streams[s.id] = s
			if s.id > c.limit { // the client knows, or will
				c.refused(s, c.graceful)
				s.react = reaction{}
			}
			c.mu.Unlock()
			complete = frame.StreamEnded()
			if s.react.early {
				reacting.Go(func() { c.carryOut(s) })
			}
		case *http2.DataFrame:
			if n := uint32(len(frame.Data())); n > 0 {
				c.mu.Lock()
				_ = c.framer.WriteWindowUpdate(0, n)
				_ = c.framer.WriteWindowUpdate(frame.StreamID, n)
				c.mu.Unlock()
			}
			complete = frame.StreamEnded()
		}
		if !complete {
			continue
		}
		c.mu.Lock()
		s := c.streams[frame.Header().StreamID]
		c.mu.Unlock()
		if s != nil && !s.react.early {
			reacting.Go(func() { c.carryOut(s) })
		}
	}
}

// refused notes that the client was told that s is not carried out. A GOAWAY
// with another code than NO_ERROR tells it too, but net/http does not pass that on.
func (c *http2Conn) refused(s *http2Stream, plainly bool) {
	c.origin.mu.Lock()
	s.t.refused = plainly && !c.broken
	c.told = append(c.told, s.t)
	c.origin.mu.Unlock()
}

// breaks notes that the connection ends here, and unless it is closed in good
// order, that what the client was told on it may not have come through.
func (c *http2Conn) breaks(how kind) {
	c.origin.mu.Lock()
	defer c.origin.mu.Unlock()
	c.broken = true
	if how == hangUp {
		return
	}
	for _, t := range c.told {
		t.refused = false
	}
}

func (c *http2Conn) carryOut(s *http2Stream) {
	time.Sleep(s.react.pause)
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.id > c.limit {
		return
	}
	defer delete(c.streams, s.id)
	c.origin.mu.Lock()
	s.t.executed, s.t.failed = s.react.execute, s.react.fails()
	c.origin.refusing += s.react.refuse
	c.origin.mu.Unlock()
	if s.react.execute {
		c.executed = max(c.executed, s.id)
	}
	for _, step := range s.react.steps {
		switch step.kind {
		case answer:
			c.header(s, step.status, len(body))
			_ = c.framer.WriteData(s.id, true, []byte(body))
		case interim:
			c.header(s, http.StatusEarlyHints, -1)
		case half:
			_, _ = c.conn.Write([]byte{0, 0, 9, byte(http2.FrameHeaders)})
		case cut:
			c.header(s, http.StatusOK, len(body))
			_ = c.framer.WriteData(s.id, false, []byte(body[:9]))
		case reset:
			if s.react.refuses() {
				c.refused(s, step.code == http2.ErrCodeRefusedStream)
			}
			_ = c.framer.WriteRSTStream(s.id, step.code)
		case goAway:
			c.goAway(s, step)
		default:
			c.breaks(step.kind)
			if endConnection(c.conn, step) {
				return
			}
		}
	}
}

// goAway tells which requests are not carried out, and keeps to it: where a
// later one has been already, this one is refused alone.
func (c *http2Conn) goAway(s *http2Stream, step step) {
	last := uint32(0)
	switch step.last {
	case at:
		last = max(s.id, c.executed)
	case above:
		last = math.MaxInt32
	case below:
		if last = c.executed; last > s.id {
			c.refused(s, true)
			_ = c.framer.WriteRSTStream(s.id, http2.ErrCodeRefusedStream)
			return
		}
		if s.react.execute { // which is a lie
			last = s.id - 1
		}
	}
	c.limit, c.graceful = last, step.code == http2.ErrCodeNo
	for _, other := range c.streams {
		if other.id > last {
			c.refused(other, c.graceful)
		}
	}
	_ = c.framer.WriteGoAway(last, step.code, nil)
}

func (c *http2Conn) header(s *http2Stream, status, length int) {
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	_ = enc.WriteField(hpack.HeaderField{Name: ":status", Value: fmt.Sprint(status)})
	if length >= 0 {
		_ = enc.WriteField(hpack.HeaderField{Name: "content-length", Value: fmt.Sprint(length)})
	}
	_ = c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: s.id, BlockFragment: block.Bytes(), EndHeaders: true})
}
