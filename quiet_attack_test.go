package tid_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
)

// attacks are what a server says to a request with the number ‹n›, which the right
// answer repeats. It is said before the body of the request has been read.
var attacks = map[string]string{
	"sized":                           "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"id\":‹n›}",
	"in chunks with extensions":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=\"b;c\"\r\n{\"id\r\n7;x\r\n\":‹n›}\r\n0;last\r\nX-After: y\r\n\r\n",
	"until the connection closes":     "HTTP/1.1 200 OK\r\n\r\n{\"id\":‹n›}",
	"HTTP/1.0":                        "HTTP/1.0 200 OK\r\n\r\n{\"id\":‹n›}",
	"HTTP/1.0, kept":                  "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 11\r\n\r\n{\"id\":‹n›}",
	"HTTP/1.0, in chunks":             "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{\"id\":‹n›}",
	"interim answers":                 "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"id\":‹n›}",
	"an interim answer with a body":   "HTTP/1.1 103 x\r\nContent-Length: 11\r\n\r\n{\"id\":6666}HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"id\":‹n›}",
	"204 with a body":                 "HTTP/1.1 204 x\r\nContent-Length: 11\r\n\r\n{\"id\":6666}",
	"304 with a body":                 "HTTP/1.1 304 x\r\nContent-Length: 11\r\n\r\n{\"id\":6666}",
	"garbage":                         "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"id\":‹n›}garbage " + bearerToken + "\r\n\r\n",
	"line breaks":                     "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"id\":‹n›}\r\n\r\n",
	"a second answer":                 "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"id\":‹n›}HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"id\":6666}",
	"a second answer behind chunks":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n{\"id\":‹n›}\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"id\":6666}",
	"a second answer behind an error": "HTTP/1.1 500 x\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"id\":6666}",
	"length and chunks":               "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n{\"id\":‹n›}\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"id\":6666}",
	"two lengths":                     "HTTP/1.1 200 OK\r\nContent-Length: 11\r\nContent-Length: 49\r\n\r\n{\"id\":‹n›}HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"id\":6666}",
	"one length twice":                "HTTP/1.1 200 OK\r\nContent-Length: 11\r\nContent-Length: 11\r\n\r\n{\"id\":‹n›}HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"id\":6666}",
	"a long header":                   "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 100_000) + "\r\nContent-Length: 11\r\n\r\n{\"id\":‹n›}HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"id\":6666}",
	"a header without end":            "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 300_000),
	"a length behind long zeros":      "HTTP/1.1 200 OK\r\nContent-Length: " + strings.Repeat("0", 300) + "11\r\n\r\n{\"id\":‹n›}HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"id\":6666}",
	"a length with a sign":            "HTTP/1.1 200 OK\r\nContent-Length: +11\r\n\r\n{\"id\":‹n›}",
}

// TestNoRequestGetsTheAnswerOfAnother has each of three requests of a client answered
// in the ways of attacks, straight and through a proxy: it gets its own answer, or fails.
func TestNoRequestGetsTheAnswerOfAnother(t *testing.T) {
	var told bytes.Buffer
	log.SetOutput(&told)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	for name, attack := range attacks {
		address := raw(t, func(conn net.Conn) {
			requests := bufio.NewReader(conn)
			for {
				req, err := http.ReadRequest(requests)
				if err != nil {
					return
				}
				number := req.URL.Path[len(req.URL.Path)-4:]
				said := strings.ReplaceAll(attack, "‹n›", number)
				_, _ = io.WriteString(conn, said)
				if _, err = io.Copy(io.Discard, req.Body); err != nil ||
					!strings.Contains(said, "Content-Length") && !strings.Contains(said, "HTTP/1.1 200 OK\r\nTransfer") {
					return
				}
			}
		})
		for _, through := range []string{"", address} {
			own := tid.SharedTransport().Clone()
			if through != "" {
				proxy, err := url.Parse(through)
				require.NoError(t, err)
				own.Proxy = http.ProxyURL(proxy)
				address = "http://127.0.0.1:9"
			}
			c := clientOf(t, address, tid.WithHTTPClient(&http.Client{Transport: own}))
			for n := 1001; n <= 1003; n++ {
				var out struct{ ID int }
				body := map[string]string{"text": strings.Repeat("x", 200_000)}
				err := c.Do(t.Context(), "POST", fmt.Sprintf("v1/%d", n), nil, body, &out)
				if err == nil && out.ID != 0 {
					assert.Equal(t, n, out.ID, "%s, through %q", name, through)
				}
				if strings.HasPrefix(name, "sized") || strings.HasPrefix(name, "in chunks") || name == "interim answers" {
					assert.NoError(t, err, name)
				}
			}
			own.CloseIdleConnections()
		}
	}
	assert.Empty(t, told.String(), "the standard logger")
}
