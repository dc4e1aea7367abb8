package tidtest_test

import (
	"fmt"
	"net/http"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid/tidtest"
)

// BenchmarkLoad puts about 100,000 time reports into a store and tells how much memory they take there.
func BenchmarkLoad(b *testing.B) {
	reports := tidtest.Sample(1, 770).TimeReports
	heap := func() float64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	for b.Loop() {
		before := heap()
		srv := tidtest.Start(tidtest.InMemory())
		srv.TimeReports.PutAll(reports)
		b.ReportMetric((heap()-before)/float64(len(reports)), "heap-B/report")
		b.ReportMetric(float64(len(reports)), "reports")
		srv.Close()
	}
	runtime.KeepAlive(reports)
}

// BenchmarkPage reads pages of 100 out of about 100,000 time reports, sorted and filtered.
func BenchmarkPage(b *testing.B) {
	srv := tidtest.Start(tidtest.InMemory(), tidtest.WithRateLimit(0))
	srv.TimeReports.PutAll(tidtest.Sample(1, 770).TimeReports)
	client := &http.Client{Transport: srv.Transport()}
	page := 0
	for b.Loop() {
		page = page%600 + 1
		req, err := http.NewRequest("GET", fmt.Sprintf("%s/v1/Core/TimeReports?page=%d&pageSize=100&sortBy=userName&filter.from=2026-09-01", srv.URL, page), nil)
		require.NoError(b, err)
		req.Header.Set("Authorization", "Bearer "+srv.StaticToken)
		res, err := client.Do(req)
		require.NoError(b, err)
		require.NoError(b, res.Body.Close())
	}
}
