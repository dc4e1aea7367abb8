package cli_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/cmd/tid/internal/cli"
)

// endless answers every page of a list of that many rows, and looks at the memory now and then.
type endless struct {
	rows  int
	pages atomic.Int64
	most  atomic.Uint64
}

func (e *endless) RoundTrip(req *http.Request) (*http.Response, error) {
	query := req.URL.Query()
	page, _ := strconv.Atoi(query.Get("page"))
	size, _ := strconv.Atoi(query.Get("pageSize"))
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"page":%d,"pageSize":%d,"totalItemCount":%d,"totalPages":%d,"items":[`, page, size, e.rows, (e.rows+size-1)/size)
	for i := (page - 1) * size; i < min(page*size, e.rows); i++ {
		if i%size > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":%d,"date":"2026-10-31 00:00:00","hours":7.25,"invoiceableHours":7.25,"comment":"row %[1]d","user":{"id":5,"name":"Kim"},"project":{"id":9,"name":"Tak","number":"2001"},"createdDate":"2026-10-31 17:00:00"}`, i+1)
	}
	b.WriteString(`]}`)
	if e.pages.Add(1)%200 == 0 {
		e.most.Store(max(e.most.Load(), heapInUse()))
	}
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(&b), ContentLength: int64(b.Len()), Request: req}, nil
}

// heapInUse is how much memory is in use.
func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestAnExportOf200000RowsNeedsLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("it exports 200,000 rows in four formats")
	}
	for _, format := range []string{"jsonl", "json", "csv", "xlsx"} {
		t.Run(format, func(t *testing.T) {
			list := &endless{rows: 200_000}
			var stderr bytes.Buffer
			before := heapInUse() // cobra keeps the commands of the tests before
			start := time.Now()
			code := cli.Run(t.Context(), []string{"time-reports", "list", "-f", filepath.Join(t.TempDir(), "rows."+format)}, cli.Env{
				Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: &stderr, ConfigDir: t.TempDir(),
				Getenv:  func(name string) string { return map[string]string{"VISMATID_TOKEN": "made-up"}[name] },
				Options: []tid.Option{tid.WithHTTPClient(&http.Client{Transport: list}), tid.WithLimiter(nil)},
			})
			require.Equal(t, cli.Done, code, stderr.String())
			assert.Contains(t, stderr.String(), "200000 rows")
			more := int64(list.most.Load()) - int64(before)
			assert.Less(t, more, int64(96<<20), "bytes of live heap")
			t.Logf("%.1f MiB of live heap at the most, %s", float64(more)/(1<<20), time.Since(start).Round(time.Second))
		})
	}
}
