package replay

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"github.com/vismatid/tid"
)

// observing is the option that counts attempts.
func observing(observe func(tid.Event)) tid.Option {
	return tid.WithObserver(func(_ context.Context, e tid.Event) { observe(e) })
}

// network is how a client reaches its server.
type network string

const (
	http1       network = "HTTP/1.1"
	http1Own    network = "HTTP/1.1, the module's own transport"
	http1TLS    network = "HTTP/1.1, TLS"
	http2TLS    network = "HTTP/2, TLS"
	http1Memory network = "HTTP/1.1 in memory"
	http2Memory network = "HTTP/2 in memory"
)

func (n network) isHTTP2() bool { return n == http2TLS || n == http2Memory }

// patience is how long a call may take that is retried without end.
func (n network) patience() time.Duration {
	if n == http1Memory || n == http2Memory {
		return 10 * time.Minute
	}
	return 5 * time.Second
}

// between makes the caller's own RoundTripper of the one below it.
type between func(http.RoundTripper) http.RoundTripper

// plain is none.
func plain(next http.RoundTripper) http.RoundTripper { return next }

// world is a client, and the server that it speaks to.
type world struct {
	*origin
	client    *tid.Client
	base      string
	transport *http.Transport

	counting sync.Mutex
	events   map[string]int // by operation
}

// tester is what the tests of both kinds have.
type tester interface {
	require.TestingT
	Cleanup(func())
}

// connect builds the world. What is in memory must be called in a bubble of
// testing/synctest, and closed before it ends.
func connect(t tester, n network, o *origin, source tid.TokenSource, wrap between, opts ...tid.Option) *world {
	w := &world{origin: o, events: make(map[string]int), transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	w.base = "http://127.0.0.1:80"
	o.attempts = func(method, path string) int {
		return w.attemptsOf(method + " " + strings.Replace(path, "/7", "/{id}", 1))
	}
	switch n {
	case http1Memory:
		w.transport.DialContext = o.dialPipe
	case http2Memory:
		w.transport.DialContext = o.dialPipe
		w.transport.Protocols = new(http.Protocols)
		w.transport.Protocols.SetUnencryptedHTTP2(true)
	default:
		w.base = "http://" + w.listen(t, n)
		if n == http1TLS || n == http2TLS {
			w.base = "https" + w.base[len("http"):]
		}
	}
	w.client = w.newClient(t, source, append(over(n, wrap(w.transport)), opts...)...)
	return w
}

// over is the option to use a transport, none where the module's own is to be used.
func over(n network, transport http.RoundTripper) []tid.Option {
	if n == http1Own {
		return nil
	}
	return []tid.Option{tid.WithHTTPClient(&http.Client{Transport: transport})}
}

func (w *world) newClient(t tester, source tid.TokenSource, opts ...tid.Option) *tid.Client {
	client, err := tid.NewClient(source, append([]tid.Option{
		tid.WithBaseURL(w.base),
		tid.WithLimiter(nil),
		observing(func(e tid.Event) {
			if err, ok := e.Err.(*tid.Error); ok && err.Attempts < e.Attempt {
				return // it was not sent
			}
			w.counting.Lock()
			defer w.counting.Unlock()
			w.events[e.Operation]++
		}),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

func (w *world) attemptsOf(op string) int {
	w.counting.Lock()
	defer w.counting.Unlock()
	return w.events[op]
}

func (w *world) close() {
	w.transport.CloseIdleConnections()
	w.origin.close()
}

// listen takes connections on a socket, until the test ends.
func (w *world) listen(t tester, n network) (address string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var protected *tls.Config
	if n == http1TLS || n == http2TLS {
		cert := certificate(t)
		protected = &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}}
		roots := x509.NewCertPool()
		roots.AddCert(cert.Leaf)
		w.transport.TLSClientConfig = &tls.Config{RootCAs: roots}
		if n == http2TLS {
			protected.NextProtos = []string{"h2"}
			w.transport.ForceAttemptHTTP2 = true
		}
	}
	w.transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if err := w.refuseDial(); err != nil {
			return nil, err
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	address = listener.Addr().String()
	var mu sync.Mutex // of listener and ended
	var ended bool
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if w.once { // gone, and back in a moment
				_ = listener.Close()
			}
			if protected != nil {
				conn = tls.Server(conn, protected)
			}
			w.serve(conn)
			if !w.once {
				continue
			}
			time.Sleep(100 * time.Millisecond)
			mu.Lock()
			over := ended
			if !over {
				listener, err = net.Listen("tcp", address)
			}
			mu.Unlock()
			if err != nil || over {
				return
			}
		}
	})
	t.Cleanup(func() {
		mu.Lock()
		ended = true
		_ = listener.Close()
		mu.Unlock()
		accepting.Wait()
	})
	return address
}

// certificate is one for the servers of these tests, signed by itself.
func certificate(t tester) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:         true, BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(raw)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key, Leaf: leaf}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// buffered returns what makes copies of req that can be sent, as callers do that
// send a request more than once.
func buffered(req *http.Request) func(context.Context) *http.Request {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
		_ = req.Body.Close()
	}
	return func(ctx context.Context) *http.Request {
		copied := req.Clone(ctx)
		copied.Body, copied.GetBody, copied.ContentLength = http.NoBody, nil, int64(len(body))
		if len(body) > 0 {
			copied.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
			copied.Body, _ = copied.GetBody()
		}
		return copied
	}
}

// again sends a request up to three times, without knowing what it does.
func again(next http.RoundTripper) http.RoundTripper {
	return roundTrip(func(req *http.Request) (resp *http.Response, err error) {
		send := buffered(req)
		for range 3 {
			if resp, err = next.RoundTrip(send(req.Context())); err == nil {
				break
			}
		}
		return resp, err
	})
}

// failover sends to another host what has failed at the first, through another
// transport.
func failover(second between) between {
	return func(first http.RoundTripper) http.RoundTripper {
		second := second(first)
		return roundTrip(func(req *http.Request) (*http.Response, error) {
			send := buffered(req)
			resp, err := first.RoundTrip(send(req.Context()))
			if err != nil {
				again := send(req.Context())
				url := *again.URL
				url.Host = "127.0.0.2:80"
				again.URL = &url
				resp, err = second.RoundTrip(again)
			}
			return resp, err
		})
	}
}

// onceEach takes away what net/http could rewind a body with.
func onceEach(next http.RoundTripper) http.RoundTripper {
	return roundTrip(func(req *http.Request) (*http.Response, error) {
		req = req.Clone(req.Context())
		req.GetBody, req.Body = nil, struct{ io.ReadCloser }{req.Body}
		return next.RoundTrip(req)
	})
}

// untraced hides the trace from what is below.
func untraced(next http.RoundTripper) http.RoundTripper {
	return roundTrip(func(req *http.Request) (*http.Response, error) {
		return next.RoundTrip(req.WithContext(silent{req.Context()}))
	})
}

// ofXNet replaces the transport by the HTTP/2 one of golang.org/x/net, where it
// can take its place.
func ofXNet(next http.RoundTripper) http.RoundTripper {
	standard, ok := next.(*http.Transport)
	if !ok || standard.Protocols == nil {
		return next
	}
	return &http2.Transport{AllowHTTP: true, DialTLSContext: func(ctx context.Context, network, address string, _ *tls.Config) (net.Conn, error) {
		return standard.DialContext(ctx, network, address)
	}}
}

// silent is a context without its values.
type silent struct{ context.Context }

func (silent) Value(any) any { return nil }

// roundTripper is one that a caller may have, over that of net/http.
type roundTripper struct {
	name     string
	wrap     between
	resends  bool // it sends a request more than once
	untraced bool // the client cannot see all that it does
}

func (r roundTripper) String() string { return r.name }

var roundTrippers = []roundTripper{
	{name: "sends again", wrap: again, resends: true},
	{name: "fails over", wrap: failover(plain), resends: true},
	{name: "of golang.org/x/net", wrap: ofXNet},
	{name: "does not trace", wrap: untraced, untraced: true},
	{name: "sends again, does not trace", wrap: through(again, untraced), resends: true, untraced: true},
	{name: "sends again what can be read once, does not trace", wrap: through(again, through(onceEach, untraced)), resends: true, untraced: true},
	{name: "fails over, does not trace", wrap: through(failover(plain), untraced), resends: true, untraced: true},
	{name: "fails over to one that does not trace", wrap: failover(untraced), resends: true, untraced: true},
}

// through puts one RoundTripper over another.
func through(upper, lower between) between {
	return func(next http.RoundTripper) http.RoundTripper { return upper(lower(next)) }
}
