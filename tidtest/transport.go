package tidtest

import (
	"net/http"

	"github.com/vismatid/tid/internal/fakehttp"
)

// Transport is the http.RoundTripper that calls a server in memory. It has connections as http.Transport has them for HTTP/1.1,
// and shows them to httptrace: a new one takes the time that WithConnectTime says, an idle one is used again. It never sends a
// request twice.
type Transport struct{ memory *fakehttp.Transport }

// Transport returns what calls the server in memory: every call is over when it returns, no goroutine is left behind. A
// server that listens has none and returns nil.
func (s *Server) Transport() http.RoundTripper {
	if s.memory == nil {
		return nil
	}
	return s.memory
}

// RoundTrip sends a request to the server and waits for the answer, as long as its context lets it. Other hosts than that of
// the server cannot be found.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	return t.memory.RoundTrip(req)
}

// CloseIdleConnections forgets the connections that no request uses, so that the next one needs a new one.
func (t *Transport) CloseIdleConnections() { t.memory.CloseIdleConnections() }
