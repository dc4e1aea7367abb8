package tid_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
)

// hostile is a client of a server on this machine, over the real transport.
func hostile(t testing.TB, handler http.HandlerFunc, opts ...tid.Option) *tid.Client {
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	return clientOf(t, srv.URL, opts...)
}

func clientOf(t testing.TB, url string, opts ...tid.Option) *tid.Client {
	opts = append([]tid.Option{tid.WithBaseURL(url), tid.WithLimiter(nil), tid.WithRetries(0)}, opts...)
	c, err := tid.NewClient(tid.StaticToken("pk_test.pa_test"), opts...)
	require.NoError(t, err)
	return c
}

// raw is a server that sends bytes to each connection, which need not be HTTP.
func raw(t testing.TB, speak func(net.Conn)) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				speak(conn)
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

// heard reads a request up to its empty line.
func heard(conn net.Conn) {
	for lines := bufio.NewScanner(conn); lines.Scan() && lines.Text() != ""; {
	}
}

// costs runs f, which must be over soon and allocate little.
func costs(t testing.TB, most uint64, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begin := time.Now()
	f()
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, most, "bytes allocated")
	assert.Less(t, time.Since(begin), time.Minute)
}

const mib = 1 << 20

// forever writes until the client has had enough.
func forever(w io.Writer, first, again string) {
	if _, err := io.WriteString(w, first); err != nil {
		return
	}
	chunk := strings.Repeat(again, 1+64<<10/len(again))
	for {
		if _, err := io.WriteString(w, chunk); err != nil {
			return
		}
	}
}

// squeezed is text in gzip; several of them in a row are one file.
func squeezed(text string) string {
	var b strings.Builder
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.String()
}

func TestAnswersWithoutEndAreCutShort(t *testing.T) {
	list := func(first, again string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { forever(w, first, again) }
	}
	zipped := func(status int, first, again string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.WriteHeader(status)
			forever(w, squeezed(first), squeezed(strings.Repeat(again, mib/len(again))))
		}
	}
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
		most   uint64
	}{
		{"a list", list(`{"items":[`, `{"id":1},`), "the answer is larger than 64 MiB", 1024 * mib},
		{"spaces", list("", " "), "the answer is larger than 64 MiB", 1024 * mib},
		{"a gzip bomb", zipped(200, `{"items":[`, `{},`), "the answer is larger than 64 MiB", 1024 * mib},
		{"65 MiB that were announced", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(65*mib))
			_, _ = io.WriteString(w, strings.Repeat(" ", 65*mib))
		}, "the answer is larger than 64 MiB", 1024 * mib},
		{"an error", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(500)
			forever(w, "Something went wrong. ", "Very wrong. ")
		}, "500 Internal Server Error: Something went wrong. Very wrong.", 8 * mib},
		{"a zipped error", zipped(502, "Bad ", "gateway. "), "502 Bad Gateway: Bad gateway.", 8 * mib},
		{"10 MB of HTML", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(503)
			_, _ = io.WriteString(w, "<html><head><title>Underhåll pågår</title></head><body>"+strings.Repeat("<p>Lorem ipsum</p>", 10_000_000/18))
		}, "503 Service Unavailable: Underhåll pågår", 40 * mib},
	} {
		t.Run(c.name, func(t *testing.T) {
			costs(t, c.most, func() {
				_, err := hostile(t, c.answer).Contacts.List(t.Context(), nil)
				var e *tid.Error
				require.ErrorAs(t, err, &e)
				assert.ErrorContains(t, err, c.want)
				assert.Less(t, len(err.Error()), 1000)
				assert.LessOrEqual(t, len(e.Body), 64<<10)
			})
		})
	}
}

func TestSmallAnswersDoNotBecomeHuge(t *testing.T) {
	times := func(first, again string, n int, last string) string { return first + strings.Repeat(again, n) + last }
	for _, c := range []struct {
		name, body, want string
	}{
		{"a million items on a page", times(`{"items":[`, `{},`, 1e6, `{}]}`), "the answer holds more than 250000 values"},
		{"many numbers for items", times(`{"items":[`, `1,`, 16e6, `1]}`), "the answer holds more than 250000 values"},
		{"many nulls for items", times(`{"items":[`, `null,`, 8e6, `null]}`), "the answer holds more than 250000 values"},
		{"many tags of one item", times(`{"items":[{"id":1,"tags":[`, `{},`, 8e6, `{}]}]}`), "the answer holds more than 250000 values"},
		{"many empty lists", times(`{"items":[`, `[],`, 1e6, `[]]}`), "the answer holds more than 250000 values"},
		{"many objects by their names", times(`{"items":[{"tags":{`, `"a":{},`, 3e5, `"a":{}}}]}`), "the answer holds more than 250000 values"},
		{"many unknown properties", times(`{"items":[]`, `,"x":1`, 1e6, `}`), "the answer holds more than 250000 values"},
		{"deep arrays", times(`{"items":[{"tags":`, `[`, 100_000, ``) + strings.Repeat("]", 100_000) + `}]}`, "the answer is not JSON"},
		{"deep objects", times(`{"items":[`, `{"company":`, 100_000, `1`) + strings.Repeat("}", 100_000) + `]}`, "the answer is not JSON"},
		{"deep and cut off", times(`{"items":`, `[`, 100_000, ``), "the answer is not JSON"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := hostile(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, c.body) })
			costs(t, 10*uint64(len(c.body))+16*mib, func() {
				_, err := h.Contacts.List(t.Context(), nil)
				assert.ErrorContains(t, err, c.want)
			})
		})
	}
	t.Run("thirty thousand rows of plain properties are no bomb", func(t *testing.T) {
		row := `{"id":1` + strings.Repeat(`,"property":"value, or \"[{\""`, 14) + `}`
		h := hostile(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, times(`{"content":[`, row+",", 29_999, row+"]}"))
		})
		var out struct {
			Content []struct{ ID int64 }
		}
		require.NoError(t, h.Do(t.Context(), "GET", "rows", nil, nil, &out))
		assert.Len(t, out.Content, 30_000)
	})
	t.Run("commas in texts are no values", func(t *testing.T) {
		c := hostile(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"id":1,"name":"\"`+strings.Repeat(",", 300_000)+`"}`)
		})
		contact, err := c.Contacts.Get(t.Context(), 1)
		require.NoError(t, err)
		assert.Len(t, contact.Name, 300_001)
	})
}

// counts answers every page with its own counters.
func counts(t testing.TB, items func(page int) string, totalPages func(page int) int) (*tid.Client, *atomic.Int32) {
	requests := new(atomic.Int32)
	return free(t, roundTrip(func(req *http.Request) (*http.Response, error) {
		requests.Add(1)
		page := number(req, "page")
		return answer(req, 200, fmt.Sprintf(`{"page":%d,"pageSize":100,"itemCount":1,"totalItemCount":%d,"totalPages":%d,"items":[%s]}`,
			page, 100*totalPages(page), totalPages(page), items(page))), nil
	})), requests
}

func TestListsThatLieAboutTheirLengthEnd(t *testing.T) {
	one := func(page int) string { return fmt.Sprintf(`{"id":%d}`, page) }
	for _, c := range []struct {
		name     string
		items    func(page int) string
		pages    func(page int) int
		given    int
		want     string // nothing for an end without an error
		requests int32
	}{
		{"a billion pages, and nothing after the third", func(page int) string {
			if page > 3 {
				return ""
			}
			return one(page)
		}, func(int) int { return 1e9 }, 3, "page 4 is empty, although the answer counts 100000000000 items on 1000000000 pages", 8},
		{"a billion pages, all the same", func(int) string { return `{"id":7},{"id":8}` }, func(int) int { return 1e9 }, 2,
			"rows changed places meanwhile", 20},
		{"one page more each time, all the same", func(int) string { return `{"id":7}` }, func(page int) int { return page + 1 }, 1,
			"rows changed places meanwhile", 20},
		{"one page more each time, all empty", func(int) string { return "" }, func(page int) int { return page + 1 }, 0, "page 1 is empty", 2},
		{"two pages that take turns", func(page int) string { return one(1 + page%2) }, func(int) int { return 1e9 }, 2, "rows changed places meanwhile", 20},
		{"fewer pages each time", one, func(page int) int { return 11 - page }, 1, "rows changed places meanwhile", 20},
		{"no pages after all", one, func(page int) int { return max(0, 3-2*page) }, 1, "rows changed places meanwhile", 24},
		{"negative counters", one, func(int) int { return -5 }, 1, "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, requests := counts(t, c.items, c.pages)
			given := 0
			var failed error
			for _, err := range client.Contacts.All(t.Context(), nil) {
				if failed = err; err == nil {
					given++
				}
			}
			assert.Equal(t, c.given, given)
			assert.LessOrEqual(t, requests.Load(), c.requests)
			if c.want == "" {
				assert.NoError(t, failed)
				return
			}
			assert.ErrorContains(t, failed, c.want)
			var e *tid.Error
			require.ErrorAs(t, failed, &e)
			assert.Equal(t, "GET /v1/Core/Contacts", e.Operation)
		})
	}
}

func TestAPauseOfAYearIsNotWaitedFor(t *testing.T) {
	for _, c := range []struct {
		retryAfter string
		waits      time.Duration // before the retry; 0 is none
	}{
		{"31536000", 0}, {"1e300", 0}, {"Fri, 31 Dec 9999 23:59:59 GMT", 0},
		{"-31536000", time.Second}, {"0", time.Second}, {"soon", time.Second}, {"", time.Second}, {"\x00", time.Second},
		{strings.Repeat("9", 100_000), time.Second}, {"Thu, 01 Jan 1970 00:00:00 GMT", time.Second},
	} {
		t.Run(fmt.Sprintf("%.30q", c.retryAfter), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				requests := 0
				client := client(t, roundTrip(func(req *http.Request) (*http.Response, error) {
					if requests++; requests == 1 {
						return answer(req, 429, "", "Retry-After", c.retryAfter), nil
					}
					return answer(req, 200, `{"id":1}`), nil
				}))
				begin := time.Now()
				_, err := client.Contacts.Get(t.Context(), 1)
				assert.Equal(t, c.waits, time.Since(begin))
				if c.waits > 0 {
					assert.NoError(t, err)
					return
				}
				assert.ErrorIs(t, err, tid.ErrRateLimited)
				assert.ErrorContains(t, err, "the API asks to wait ")
				_, err = client.Contacts.Get(t.Context(), 1)
				assert.NoError(t, err, "other calls try again")
				assert.LessOrEqual(t, time.Since(begin), time.Minute)
			})
		})
	}
}

func TestHostileTokensGoNowhere(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   string
	}{
		{"a line break", 200, `{"accessToken":"pk_a.pa_b\r\nX-Evil: 1"}`, "the answer holds no usable access token"},
		{"a space", 200, `{"accessToken":"pk_a pa_b"}`, "the answer holds no usable access token"},
		{"another alphabet", 200, `{"accessToken":"pk_å.pa_ö"}`, "the answer holds no usable access token"},
		{"none", 200, `{"objectName":"auth.token","expires":"2099-01-01 00:00:00 +00:00"}`, "the answer holds no usable access token"},
		{"null", 200, `{"accessToken":null}`, "the answer holds no usable access token"},
		{"an object", 200, `{"accessToken":{"value":"pk_a.pa_b"}}`, "the answer has an object where string is expected"},
		{"a list", 200, `["pk_a.pa_b"]`, "the answer has an array where"},
		{"a page", 200, `<html>Sign in</html>`, "the answer is a web page and not JSON"},
		{"a bare token", 200, `pk_a.pa_b`, "the answer is not JSON"},
		{"nothing", 204, ``, "the answer holds no usable access token"},
		{"a megabyte of it", 200, `{"accessToken":"` + strings.Repeat("a", mib) + `"}`, "the answer holds no usable access token"},
		{"65 MiB of it", 200, `{"accessToken":"` + strings.Repeat("a", 65*mib) + `"}`, "the answer is larger than 64 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			others := 0
			client, err := tid.NewClient(tid.AppCredentials("ap_id", "as_secret"), tid.WithLimiter(nil), tid.WithRetries(0),
				tid.WithHTTPClient(&http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
					if !strings.HasSuffix(req.URL.Path, "/Auth/Token") {
						others++
					}
					return answer(req, c.status, c.body), nil
				})}))
			require.NoError(t, err)
			_, err = client.Contacts.Get(t.Context(), 1)
			assert.ErrorContains(t, err, "POST /v1/Auth/Token")
			assert.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), "pk_a")
			assert.Less(t, len(err.Error()), 1000)
			assert.Zero(t, others, "nothing is sent without a token")
		})
	}
}

// A server that answers in bytes a minute never stalls, and never ends.
func TestATrickleIsGivenUp(t *testing.T) {
	trickle := func(status int) http.RoundTripper {
		return roundTrip(func(req *http.Request) (*http.Response, error) {
			resp := answer(req, status, "")
			resp.ContentLength, resp.Body = -1, io.NopCloser(&drip{ctx: req.Context(), every: time.Minute})
			return resp, nil
		})
	}
	for _, c := range []struct {
		name   string
		status int
		want   string
		most   time.Duration
	}{
		{"a list", 200, "the answer was not complete after ten minutes", 12 * time.Minute},
		{"an error", 500, "500 Internal Server Error", 5 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				_, err := free(t, trickle(c.status), tid.WithRetries(0)).Contacts.List(t.Context(), nil)
				assert.ErrorContains(t, err, c.want)
				assert.LessOrEqual(t, time.Since(begin), c.most)
			})
		})
	}
	t.Run("silence", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			silent := free(t, roundTrip(func(req *http.Request) (*http.Response, error) {
				<-req.Context().Done()
				return nil, req.Context().Err()
			}), tid.WithRetries(0))
			begin := time.Now()
			_, err := silent.Contacts.List(t.Context(), nil)
			assert.ErrorContains(t, err, "nothing has arrived for two minutes")
			assert.Equal(t, 2*time.Minute, time.Since(begin))
		})
	})
	t.Run("a download may take its time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var out strings.Builder
			client := free(t, roundTrip(func(req *http.Request) (*http.Response, error) {
				resp := answer(req, 200, "")
				resp.Body = io.NopCloser(io.LimitReader(&drip{ctx: req.Context(), every: time.Minute}, 60))
				return resp, nil
			}))
			require.NoError(t, client.Do(t.Context(), "GET", "v1/Core/Offers/1/Download", nil, nil, &out))
			assert.Len(t, out.String(), 60)
		})
	})
}

// drip is a body that gives a byte at a time.
type drip struct {
	ctx   context.Context
	every time.Duration
}

func (d *drip) Read(p []byte) (int, error) {
	if err := travel(d.ctx, d.every); err != nil {
		return 0, err
	}
	p[0] = ' '
	return 1, nil
}

func TestServersThatDoNotSpeakHTTPEndInAClearError(t *testing.T) {
	for _, c := range []struct {
		name  string
		speak func(net.Conn)
		want  string
	}{
		// A reset or an end, as the system likes; before or after the request was written.
		{"closed at once", func(net.Conn) {}, ""},
		{"closed after the request", heard, "the connection was closed without an answer"},
		{"headers without end", func(conn net.Conn) {
			heard(conn)
			forever(conn, "HTTP/1.1 200 OK\r\n", "X-More: and more\r\n")
		}, "server response headers exceeded 262144 bytes"},
		{"a header without end", func(conn net.Conn) {
			heard(conn)
			forever(conn, "HTTP/1.1 200 OK\r\nX-Long: ", "longer and ")
		}, "server response headers exceeded 262144 bytes"},
		{"interim answers without end", func(conn net.Conn) {
			heard(conn)
			forever(conn, "", "HTTP/1.1 103 Early Hints\r\n\r\n")
		}, "server response headers exceeded 262144 bytes"},
		{"another protocol", func(conn net.Conn) {
			heard(conn)
			_, _ = io.WriteString(conn, "SSH-2.0-OpenSSH_9.6\r\n")
		}, "malformed HTTP response"},
		{"a body shorter than announced", func(conn net.Conn) {
			heard(conn)
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":1}")
		}, "the answer was cut off"},
		{"chunks that are none", func(conn net.Conn) {
			heard(conn)
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a size\r\n")
		}, "the answer was cut off"},
		{"gzip that is none", func(conn net.Conn) {
			heard(conn)
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 8\r\n\r\n{\"id\":1}")
		}, "the answer was cut off"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := clientOf(t, raw(t, c.speak))
			costs(t, 16*mib, func() {
				_, err := client.Contacts.Get(t.Context(), 1)
				assert.ErrorContains(t, err, c.want)
				assert.Less(t, len(err.Error()), 1000)
				_, err = client.Contacts.Create(t.Context(), &tid.ContactInput{Name: "Kund", ContactType: tid.ContactCompany})
				var e *tid.Error
				require.ErrorAs(t, err, &e)
				if c.want != "" {
					assert.True(t, e.MayHaveExecuted, "it is not known what it has done: %v", err)
				}
			})
		})
	}
}

func TestRedirectsEndWhereTheyBegin(t *testing.T) {
	var reached atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, location := range []string{elsewhere.URL + "/v1/Core/Contacts", "/v1/Core/Contacts", "", "//" + strings.TrimPrefix(elsewhere.URL, "http://")} {
			var requests atomic.Int32
			client := hostile(t, func(w http.ResponseWriter, _ *http.Request) {
				requests.Add(1)
				w.Header().Set("Location", location)
				w.WriteHeader(status)
			})
			_, err := client.Contacts.List(t.Context(), nil)
			assert.ErrorContains(t, err, fmt.Sprintf("%d %s", status, http.StatusText(status)))
			assert.ErrorContains(t, err, "redirects are refused")
			_, err = client.Contacts.Create(t.Context(), &tid.ContactInput{Name: "Kund", ContactType: tid.ContactCompany})
			assert.ErrorContains(t, err, "redirects are refused")
			assert.EqualValues(t, 2, requests.Load(), "each was sent once")
		}
	}
	assert.Zero(t, reached.Load(), "the other host has seen nothing")
}

// A write that may have been carried out stays one when there is no token for its retry.
func TestAnExchangeThatFailsDoesNotHideWhatHappenedBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exchanges := 0
		client, err := tid.NewClient(tid.AppCredentials("ap_id", "as_secret"), tid.WithRetries(4, http.MethodDelete),
			tid.WithHTTPClient(&http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
				switch {
				case req.Method == http.MethodDelete:
					return answer(req, 503, "", "Retry-After", "30"), nil
				case exchanges > 0:
					return answer(req, 401, `{"message":"The secret has been changed"}`), nil
				}
				exchanges++
				return answer(req, 200, `{"accessToken":"pk_a.pa_b","expires":"2000-01-01 00:00:12 +00:00"}`), nil
			})}))
		require.NoError(t, err)
		err = client.Contacts.Delete(t.Context(), 7)
		var e *tid.Error
		require.True(t, errors.As(err, &e))
		assert.Equal(t, "DELETE /v1/Core/Contacts/{id}", e.Operation)
		assert.True(t, e.MayHaveExecuted)
		assert.ErrorIs(t, err, tid.ErrServer)
		assert.ErrorIs(t, err, tid.ErrUnauthorized)
		assert.ErrorContains(t, err, "The secret has been changed")
	})
}
