package tid_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// canned answers every request from memory.
type canned []byte

func (c canned) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Request: req,
		Body: io.NopCloser(bytes.NewReader(c)), ContentLength: int64(len(c))}, nil
}

// recorded is what the fake server answers to a path and a query.
func recorded(b *testing.B, srv *tidtest.Server, address string) canned {
	req, err := http.NewRequest("GET", srv.URL+address, nil)
	require.NoError(b, err)
	req.Header.Set("Authorization", "Bearer "+srv.StaticToken)
	resp, err := srv.Transport().RoundTrip(req)
	require.NoError(b, err)
	require.Equal(b, 200, resp.StatusCode)
	body, err := io.ReadAll(resp.Body)
	require.NoError(b, err)
	return body
}

// company is a server with twenty people, and some 2,600 time reports of theirs.
func company(b *testing.B) *tidtest.Server {
	return tidtest.NewServer(b, tidtest.InMemory(), tidtest.WithRateLimit(0), tidtest.WithCompany(tidtest.Sample(1, 20)))
}

// bare is a call as one writes it without an SDK: net/http and encoding/json.
func bare(ctx context.Context, client *http.Client, address string, out any) error {
	req, err := http.NewRequestWithContext(ctx, "GET", tid.DefaultBaseURL+address, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer pk_test.pa_test")
	req.Header.Set("Accept", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(out)
}

// measure runs f, and reports its allocations for each of the items that it decodes.
func measure(b *testing.B, items int, f func() error) {
	b.ReportAllocs()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for b.Loop() {
		if err := f(); err != nil {
			b.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(b.N*items), "allocs/item")
}

// BenchmarkContact reads one contact, beside bare net/http.
func BenchmarkContact(b *testing.B) {
	srv := company(b)
	address := fmt.Sprintf("/v1/Core/Contacts/%d", srv.Contacts.All()[0].ID)
	transport := recorded(b, srv, address)
	b.Run("tid", func(b *testing.B) {
		c := free(b, transport)
		measure(b, 1, func() error { _, err := c.Contacts.Get(b.Context(), 1); return err })
	})
	b.Run("bare", func(b *testing.B) {
		c := &http.Client{Transport: transport}
		measure(b, 1, func() error { return bare(b.Context(), c, address, new(tid.Contact)) })
	})
}

// BenchmarkPage reads a page of a hundred time reports, beside bare net/http.
func BenchmarkPage(b *testing.B) {
	const address = "/v1/Core/TimeReports?page=1&pageSize=100"
	transport := recorded(b, company(b), address)
	b.Run("tid", func(b *testing.B) {
		c := free(b, transport)
		measure(b, 100, func() error { _, err := c.TimeReports.List(b.Context(), nil); return err })
	})
	b.Run("bare", func(b *testing.B) {
		c := &http.Client{Transport: transport}
		measure(b, 100, func() error { return bare(b.Context(), c, address, new(tid.Page[tid.TimeReport])) })
	})
}

// BenchmarkWalk goes through 2,000 time reports, beside reading their twenty
// pages with bare net/http.
func BenchmarkWalk(b *testing.B) {
	const pages = 20
	srv := company(b)
	answers := make(map[string]canned, pages)
	for page := 1; page <= pages; page++ {
		body := recorded(b, srv, fmt.Sprintf("/v1/Core/TimeReports?page=%d&pageSize=100", page))
		total := fmt.Sprintf(`"totalItemCount":%d,"totalPages":%d`, srv.TimeReports.Len(), (srv.TimeReports.Len()+99)/100)
		require.Contains(b, string(body), total)
		answers[fmt.Sprint(page)] = canned(strings.Replace(string(body), total, fmt.Sprintf(`"totalItemCount":%d,"totalPages":%d`, 100*pages, pages), 1))
	}
	transport := roundTrip(func(req *http.Request) (*http.Response, error) {
		return answers[req.URL.Query().Get("page")].RoundTrip(req)
	})
	for _, readAhead := range []int{16, 0} {
		b.Run(fmt.Sprintf("tid, %d ahead", readAhead), func(b *testing.B) {
			c := free(b, transport, tid.WithReadAhead(readAhead))
			measure(b, 100*pages, func() error {
				n := 0
				for _, err := range c.TimeReports.All(b.Context(), nil) {
					if err != nil {
						return err
					}
					n++
				}
				if n != 100*pages {
					return fmt.Errorf("%d items", n)
				}
				return nil
			})
		})
	}
	b.Run("bare", func(b *testing.B) {
		c := &http.Client{Transport: transport}
		measure(b, 100*pages, func() error {
			for page := 1; page <= pages; page++ {
				var out tid.Page[tid.TimeReport]
				if err := bare(b.Context(), c, fmt.Sprintf("/v1/Core/TimeReports?page=%d&pageSize=100", page), &out); err != nil {
					return err
				}
			}
			return nil
		})
	})
}
