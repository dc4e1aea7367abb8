package tid_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// pager is a list of n items with the ids 1 to n. It counts requests, and edit
// may change an answer on its way.
type pager struct {
	n        int
	edit     func(page int, body string) string
	requests atomic.Int32
}

func (p *pager) RoundTrip(req *http.Request) (*http.Response, error) {
	p.requests.Add(1)
	page, size := number(req, "page"), number(req, "pageSize")
	if page < 1 || size < 1 || size > 100 {
		return answer(req, 400, `{"message":"PageSize must be between 1 and 100"}`), nil
	}
	var items []string
	for id := (page-1)*size + 1; id <= min(page*size, p.n); id++ {
		items = append(items, fmt.Sprintf(`{"id":%d,"name":"Kund %d","isActive":true,"tags":[{"id":1,"title":"VIP"}]}`, id, id))
	}
	body := fmt.Sprintf(`{"objectName":"core.contacts","page":%d,"pageSize":%d,"itemCount":%d,"totalItemCount":%d,"totalPages":%d,"items":[%s]}`,
		page, size, len(items), p.n, (p.n+size-1)/size, strings.Join(items, ","))
	if p.edit != nil {
		body = p.edit(page, body)
	}
	return answer(req, 200, body), nil
}

func number(req *http.Request, name string) int {
	n, _ := strconv.Atoi(req.URL.Query().Get(name))
	return n
}

func ids[T any](t testing.TB, seq func(func(*T, error) bool), id func(*T) int64) []int64 {
	t.Helper()
	var all []int64
	for item, err := range seq {
		require.NoError(t, err)
		all = append(all, id(item))
	}
	return all
}

func contactID(c *tid.ContactSummary) int64 { return c.ID }

func upTo(n int) []int64 {
	all := make([]int64, n)
	for i := range all {
		all[i] = int64(i + 1)
	}
	return all
}

// free is a client without a rate limit, for what is not about time.
func free(t testing.TB, transport http.RoundTripper, opts ...tid.Option) *tid.Client {
	return client(t, transport, append([]tid.Option{tid.WithLimiter(nil)}, opts...)...)
}

func TestAllGivesEveryItemOnceInOrderWithoutARequestTooMany(t *testing.T) {
	for _, readAhead := range []int{0, 1, 4, 16} {
		for n, requests := range map[int]int32{0: 1, 1: 1, 99: 1, 100: 1, 101: 2, 198: 2, 200: 3, 1000: 11, 1234: 14} {
			t.Run(fmt.Sprintf("%d items, %d ahead", n, readAhead), func(t *testing.T) {
				p := &pager{n: n}
				got := ids(t, free(t, p, tid.WithReadAhead(readAhead)).Contacts.All(t.Context(), nil), contactID)
				assert.Equal(t, upTo(n), append([]int64{}, got...))
				assert.Equal(t, requests, p.requests.Load())
			})
		}
	}
}

func TestCountersDecideTheEnd(t *testing.T) {
	without := func(names ...string) func(int, string) string {
		return func(_ int, body string) string {
			var object map[string]any
			_ = json.Unmarshal([]byte(body), &object)
			for _, name := range names {
				delete(object, name)
			}
			text, _ := json.Marshal(object)
			return string(text)
		}
	}
	for _, c := range []struct {
		name     string
		edit     func(int, string) string
		n        int
		requests int32
	}{
		{"all counters", nil, 250, 3},
		{"totalPages is 0", func(_ int, b string) string { return strings.Replace(b, `"totalPages":3`, `"totalPages":0`, 1) }, 250, 3},
		{"no totalPages", without("totalPages"), 200, 3},
		{"no totals: a short page ends it", without("totalPages", "totalItemCount"), 250, 3},
		{"no totals: an empty page ends it", without("totalPages", "totalItemCount"), 200, 3},
		{"only items", without("totalPages", "totalItemCount", "page", "pageSize", "itemCount"), 250, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &pager{n: c.n, edit: c.edit}
			assert.Equal(t, upTo(c.n), ids(t, free(t, p, tid.WithReadAhead(0)).Contacts.All(t.Context(), nil), contactID))
			assert.Equal(t, c.requests, p.requests.Load())
		})
	}
}

func TestStrangeListsEndInAnErrorNotInSilence(t *testing.T) {
	for _, c := range []struct {
		name, body, want string
	}{
		{"an object that is no list", `{}`, "no list"},
		{"a detail", `{"id":7,"name":"Kund"}`, "no list"},
		{"items of another type", `{"items":7,"totalItemCount":1}`, "where []*tid.ContactSummary is expected"},
		{"items are objects", `{"items":{"a":1},"totalItemCount":1}`, "where []*tid.ContactSummary is expected"},
		{"null items that are counted", `{"items":null,"page":1,"pageSize":100,"totalItemCount":300,"totalPages":3}`, "page 1 is empty"},
		{"an array", `[]`, "where tid.Page"},
		{"HTML", `<html>login</html>`, "not JSON"},
		{"nothing", ``, "empty"},
		{"cut off", `{"items":[{"id":`, "cut off"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // cut-off answers are read again, after a while
				client := free(t, roundTrip(func(req *http.Request) (*http.Response, error) { return answer(req, 200, c.body), nil }))
				items, errs := 0, 0
				for item, err := range client.Contacts.All(t.Context(), nil) {
					if err != nil {
						errs++
						assert.ErrorContains(t, err, c.want)
						assert.Nil(t, item)
						continue
					}
					items++
				}
				assert.Equal(t, []int{0, 1}, []int{items, errs})
			})
		})
	}
	t.Run("null items of an empty list", func(t *testing.T) {
		client := free(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			return answer(req, 200, `{"items":null,"page":1,"pageSize":100,"itemCount":0,"totalItemCount":0,"totalPages":0}`), nil
		}))
		assert.Empty(t, ids(t, client.Contacts.All(t.Context(), nil), contactID))
	})
}

func TestFailedPageEndsTheIterationWithItsError(t *testing.T) {
	for _, readAhead := range []int{0, 16} {
		p := &pager{n: 1000}
		c := free(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if number(req, "page") == 4 {
				return answer(req, 403, `{"message":"Contact_Read is missing"}`), nil
			}
			return p.RoundTrip(req)
		}), tid.WithReadAhead(readAhead))
		var got []int64
		var failed error
		for item, err := range c.Contacts.All(t.Context(), nil) {
			require.NoError(t, failed, "nothing follows the error")
			if failed = err; err == nil {
				got = append(got, item.ID)
			}
		}
		assert.Equal(t, upTo(294), got)
		assert.ErrorIs(t, failed, tid.ErrForbidden)
		assert.ErrorContains(t, failed, "Contact_Read is missing")
	}
}

func TestBreakingOutSendsNothingMore(t *testing.T) {
	p := &pager{n: 100_000}
	c := free(t, p)
	items := 0
	for _, err := range c.Contacts.All(t.Context(), nil) {
		require.NoError(t, err)
		if items++; items == 10 {
			break
		}
	}
	assert.EqualValues(t, 1, p.requests.Load())
}

func TestOptionsAreReadWhenAllIsCalled(t *testing.T) {
	var queries []string
	p := &pager{n: 150}
	c := free(t, roundTrip(func(req *http.Request) (*http.Response, error) {
		queries = append(queries, req.URL.RawQuery)
		return p.RoundTrip(req)
	}), tid.WithReadAhead(0))
	opts := &tid.ContactListOptions{Query: "bygg"}
	seq := c.Contacts.All(t.Context(), opts)
	opts.Query, opts.PageSize = "changed", 7
	for range 2 { // a sequence can be walked again
		assert.Len(t, ids(t, seq, contactID), 150)
	}
	assert.Equal(t, []string{
		"filter.query=bygg&page=1&pageSize=100", "filter.query=bygg&page=2&pageSize=99",
		"filter.query=bygg&page=1&pageSize=100", "filter.query=bygg&page=2&pageSize=99"}, queries)
}

func TestPageBounds(t *testing.T) {
	for _, c := range []struct {
		page, size int
		want       string
	}{
		{-1, 0, "page must be 1 or more, not -1"},
		{0, -1, "pageSize must be between 1 and 100, not -1"},
		{0, 101, "pageSize must be between 1 and 100, not 101"},
		{1, 1, ""}, {0, 0, ""}, {7, 100, ""},
	} {
		p := &pager{n: 1000}
		_, err := free(t, p).Contacts.List(t.Context(), &tid.ContactListOptions{ListOptions: tid.ListOptions{Page: c.page, PageSize: c.size}})
		if c.want == "" {
			assert.NoError(t, err)
			continue
		}
		assert.ErrorIs(t, err, tid.ErrInvalidInput)
		assert.ErrorContains(t, err, c.want)
		assert.Zero(t, p.requests.Load(), "nothing is sent")
	}
}

// slowPager is a pager behind a strict rate limit and a slow network.
func slowPager(n int, latency func() time.Duration) (http.RoundTripper, *window) {
	p, w := &pager{n: n}, &window{latency: latency, retry: time.Second}
	return roundTrip(func(req *http.Request) (*http.Response, error) {
		resp, err := w.RoundTrip(req)
		if err != nil || resp.StatusCode != 200 {
			return resp, err
		}
		return p.RoundTrip(req)
	}), w
}

func TestAllUsesUpTheAllowanceWhateverTheLatency(t *testing.T) {
	for _, c := range []struct {
		latency time.Duration
		pages   float64 // a second, looks back included, counted from the arrival of the first page
	}{
		{5 * time.Millisecond, 3.8},
		{50 * time.Millisecond, 3.7},
		{250 * time.Millisecond, 3.6},
		{time.Second, 3.4},
		{2500 * time.Millisecond, 3.2},
	} {
		t.Run(c.latency.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				oneWay := uniform(c.latency/2, c.latency/2+10*time.Millisecond, 1)
				transport, w := slowPager(20_100, oneWay)
				begin := time.Now()
				var first, last time.Duration
				for _, err := range client(t, transport).Contacts.All(t.Context(), nil) {
					require.NoError(t, err)
					if first == 0 {
						first = time.Since(begin)
					}
					last = time.Since(begin)
				}
				rate := float64(len(w.accepted)-1) / (last - first).Seconds()
				t.Logf("%.2f requests a second, %d of %d refused, first item after %s", rate, len(w.rejected), len(w.accepted), first)
				assert.GreaterOrEqual(t, rate, c.pages)
				assert.LessOrEqual(t, len(w.accepted), 201+11)
				assert.Less(t, float64(len(w.rejected)), 0.005*201)
				assert.LessOrEqual(t, first, c.latency+20*time.Millisecond, "the first item comes after one request's time")
			})
		})
	}
}

func TestReadAheadGrowsWithWhatIsTaken(t *testing.T) {
	for taken, most := range map[int]int32{1: 1, 10: 1, 100: 1, 101: 3, 201: 10, 1000: 25} {
		synctest.Test(t, func(t *testing.T) {
			p := &pager{n: 100_000}
			sent := atomic.Int32{}
			c := free(t, roundTrip(func(req *http.Request) (*http.Response, error) {
				sent.Add(1)
				if err := travel(req.Context(), 2*time.Second); err != nil {
					return nil, err
				}
				return p.RoundTrip(req)
			}))
			n := 0
			for _, err := range c.Contacts.All(t.Context(), nil) {
				require.NoError(t, err)
				if n++; n == taken {
					break
				}
			}
			assert.LessOrEqual(t, sent.Load(), most, "%d items taken", taken)
		})
	}
}

func TestSlowReaderHoldsFewPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pager{n: 10_000}
		c := client(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if err := travel(req.Context(), 50*time.Millisecond); err != nil {
				return nil, err
			}
			return p.RoundTrip(req)
		}))
		n := 0
		for _, err := range c.Contacts.All(t.Context(), nil) {
			require.NoError(t, err)
			if n++; n%100 == 50 {
				time.Sleep(time.Minute)
				assert.LessOrEqual(t, int(p.requests.Load()), n/100+1+2+n/2000, "at this latency two pages ahead are enough")
			}
		}
	})
}

func TestCancelledContextEndsAllAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport, _ := slowPager(100_000, uniform(time.Second, time.Second, 1))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Second+time.Millisecond, cancel)
		begin := time.Now()
		var failed error
		for _, err := range client(t, transport).Contacts.All(ctx, nil) {
			failed = err
		}
		assert.ErrorIs(t, failed, context.Canceled)
		assert.Equal(t, 20*time.Second+time.Millisecond, time.Since(begin))
	}) // the bubble itself fails when a goroutine is left
}

func TestWalkingALongListKeepsTheHeapSmall(t *testing.T) {
	const n = 200_000
	c := free(t, &pager{n: n})
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	page, err := c.Contacts.List(t.Context(), nil)
	require.NoError(t, err)
	before := heap()
	kept, err := c.Contacts.List(t.Context(), nil)
	require.NoError(t, err)
	onePage := heap() - before
	runtime.KeepAlive(page)
	runtime.KeepAlive(kept)

	begin, most, seen := heap(), uint64(0), 0
	for _, err := range c.Contacts.All(t.Context(), nil) {
		require.NoError(t, err)
		if seen++; seen%20_000 == 150 {
			most = max(most, heap())
		}
	}
	assert.Equal(t, n, seen)
	assert.Less(t, most, begin+4*max(onePage, 64<<10)+24*n, "a page is %d bytes, and what remembers a row 24 at the most", onePage)
}

func TestListAsAndAllAsReadAnyType(t *testing.T) {
	type mine struct {
		tid.Contact
		VAT string `json:"vatNumber"`
	}
	p := &pager{n: 2, edit: func(_ int, body string) string {
		return strings.ReplaceAll(body, `"isActive"`, `"vatNumber":"SE55","isActive"`)
	}}
	c := free(t, p)
	page, err := tid.ListAs[mine](t.Context(), c, "v1/Core/Contacts", &tid.ContactListOptions{Query: "k"})
	require.NoError(t, err)
	require.Len(t, page.Items, 2)
	assert.Equal(t, "SE55", page.Items[0].VAT)
	assert.Equal(t, "Kund 1", page.Items[0].Name)
	assert.Equal(t, 2, page.TotalItemCount)
	assert.Equal(t, []int64{1, 2}, ids(t, tid.AllAs[mine](t.Context(), c, "/v1/Core/Contacts", nil), func(m *mine) int64 { return m.ID }))

	for _, path := range []string{"", "/", "../v1", "v1/Core/../../x", "https://elsewhere.example/v1", "//elsewhere.example/v1", "v1/Core?x=1"} {
		_, err := tid.ListAs[mine](t.Context(), c, path, nil)
		assert.ErrorIs(t, err, tid.ErrInvalidInput, path)
	}
}

func TestRowsThatMoveUpAreNotMissed(t *testing.T) {
	for _, readAhead := range []int{0, 16} {
		for _, removed := range []int{1, 40, 100} {
			t.Run(fmt.Sprintf("%d removed, %d ahead", removed, readAhead), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithLatency(tidtest.Latency{RoundTrip: 300 * time.Millisecond}))
					want := map[int64]bool{}
					for i := range 1000 {
						want[srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{
							Name: fmt.Sprintf("Kund %04d", i), ContactType: tid.ContactCompany}})] = true
					}
					first := srv.Contacts.All()[:removed]
					n := 0
					for contact, err := range srv.Client(tid.WithReadAhead(readAhead)).Contacts.All(t.Context(), &tid.ContactListOptions{SortBy: tid.ContactsByName}) {
						require.NoError(t, err)
						delete(want, contact.ID)
						if n++; n == 250 {
							for _, gone := range first {
								srv.Contacts.Delete(gone.ID)
							}
						}
					}
					assert.Empty(t, want)
				})
			})
		}
	}
}
