package tid_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
)

// TestSurplusBytesAreNotLogged has a server send more than the answer:
// with it, and a while after it.
func TestSurplusBytesAreNotLogged(t *testing.T) {
	var told bytes.Buffer
	log.SetOutput(&told)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	sized := "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n" + `{"id":1}`
	chunked := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n" + `{"id":1}` + "\r\n0\r\n\r\n"
	certified := httptest.NewTLSServer(nil)
	certified.Close()
	roots := x509.NewCertPool()
	roots.AddCert(certified.Certificate())
	dial := new(net.Dialer).DialContext
	transport := &http.Transport{DialContext: tid.Quiet(dial),
		DialTLSContext: tid.QuietTLS(dial, &tls.Config{RootCAs: roots}, time.Second)}
	defer transport.CloseIdleConnections()
	for _, scheme := range []string{"http", "https"} {
		for name, answers := range map[string][]string{
			"with the answer":                {sized + "surplus " + bearerToken},
			"with the answer, in chunks":     {chunked + "surplus " + bearerToken},
			"after the answer":               {sized, "surplus " + bearerToken},
			"another answer":                 {sized + sized},
			"after an answer without a body": {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"},
		} {
			ended := make(chan struct{})
			address := raw(t, func(conn net.Conn) {
				if scheme == "https" {
					conn = tls.Server(conn, &tls.Config{Certificates: certified.TLS.Certificates})
				}
				requests := bufio.NewReader(conn)
				if _, err := http.ReadRequest(requests); err != nil {
					return
				}
				for i, text := range answers {
					if i > 0 {
						time.Sleep(50 * time.Millisecond) // on the wire, where no clock can be injected
					}
					_, _ = io.WriteString(conn, text)
				}
				_, _ = io.Copy(io.Discard, requests) // the request's body, and whatever comes until the end
				close(ended)
			})
			c := clientOf(t, strings.Replace(address, "http:", scheme+":", 1), tid.WithHTTPClient(&http.Client{Transport: transport}))
			require.NoError(t, c.Contacts.Delete(t.Context(), 1), "%s, %s", scheme, name)
			select {
			case <-ended:
			case <-time.After(10 * time.Second):
				assert.Fail(t, "the connection stays open", "%s, %s", scheme, name)
			}
		}
	}
	assert.Empty(t, told.String())
}

// TestQuietConnectionsAreKept has as many connections as callers at once, whatever
// the shape of the answers.
func TestQuietConnectionsAreKept(t *testing.T) {
	var opened atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := strings.Repeat(" ", int(opened.Load())*5000) + `{"id":1}`
		switch r.URL.Path {
		case "/v1/1":
			w.Header().Set("Content-Length", "0")
		case "/v1/2":
			w.WriteHeader(http.StatusNoContent)
		case "/v1/3":
			w.Header().Set("Trailer", "X-After")
			_, _ = io.WriteString(w, body)
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, "  ")
			w.Header().Set("X-After", "x")
		case "/v1/4":
			w.WriteHeader(http.StatusEarlyHints)
			_, _ = io.WriteString(w, body)
		default:
			_, _ = io.WriteString(w, body)
		}
	}))
	srv.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	c := clientOf(t, srv.URL)
	for range 20 {
		for _, path := range []string{"v1/1", "v1/2", "v1/3", "v1/4", "v1/5"} {
			require.NoError(t, c.Do(t.Context(), "PUT", path, nil, nil, new(struct{})), path)
		}
	}
	assert.EqualValues(t, 1, opened.Load())
}

func FuzzFraming(f *testing.F) {
	seed(f,
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}surplus",
		"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\nX: y\r\n\r\nsurplus",
		"HTTP/1.1 103 x\r\n\r\nHTTP/1.1 204 x\r\nContent-Length: 7\r\n\r\nsurplus",
		"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}",
		"HTTP/1.1 304 x\r\n\r\n", "HTTP/1.1 200 OK\n\n{}", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}x")
	f.Fuzz(func(t *testing.T, answer string) {
		text := []byte(answer)
		length, _ := tid.Framed(text)
		assert.LessOrEqual(t, length, len(text))
		in := bufio.NewReaderSize(bytes.NewReader(text), len(text)+16)
		for {
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				return
			}
			if _, err = io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode == 101 {
				return
			}
			if resp.StatusCode >= 200 {
				break
			}
		}
		assert.GreaterOrEqual(t, length, len(text)-in.Buffered(), "nothing that net/http reads is held back")
	})
}
