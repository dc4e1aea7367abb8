package mirror

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"path"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
)

// millions is an API with one list, of which it makes each page when it is asked for it:
// the rows from 1 to n, created a second after each other, without those that were deleted.
type millions struct {
	n       int
	deleted int
	row     string // a format for the id and the time
}

func (api millions) at(id int) string {
	return time.Date(2020, 1, 1, 0, 0, id, 0, time.UTC).Format("2006-01-02T15:04:05")
}

func (api millions) RoundTrip(req *http.Request) (*http.Response, error) {
	answer := func(status int, body string) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}},
			Body: io.NopCloser(bytes.NewReader([]byte(body))), Request: req}, nil
	}
	if id, err := strconv.Atoi(path.Base(req.URL.Path)); err == nil {
		if id == api.deleted {
			return answer(404, "")
		}
		return answer(200, fmt.Sprintf(api.row, id, api.at(id)))
	}
	query, total := req.URL.Query(), api.n
	if api.deleted > 0 {
		total--
	}
	page, _ := strconv.Atoi(query.Get("page"))
	size, _ := strconv.Atoi(query.Get("pageSize"))
	var body bytes.Buffer
	fmt.Fprintf(&body, `{"page":%d,"pageSize":%d,"totalItemCount":%d,"totalPages":%d,"items":[`, page, size, total, (total+size-1)/size)
	for i := (page - 1) * size; i < min(page*size, total); i++ {
		id := i + 1
		if query.Get("sortOrder") == "descending" {
			id = total - i
		}
		if api.deleted > 0 && id >= api.deleted {
			id++
		}
		if i > (page-1)*size {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, api.row, id, api.at(id))
	}
	body.WriteString("]}")
	return answer(200, body.String())
}

// TestAMillionRowsTakeLessThan64MiB brings mirrors of a million rows up to date, of which
// one was deleted, and looks at the live heap all the time.
func TestAMillionRowsTakeLessThan64MiB(t *testing.T) {
	if !*large {
		t.Skip("-large is not set")
	}
	const n = 1_000_000
	eachDialect(t, func(t *testing.T, d Dialect) {
		for table, row := range map[string]string{
			"time_reports": `{"id":%d,"hours":7.5,"createdDate":"%[2]s","updatedDate":"%[2]s"}`,
			"tasks":        `{"id":%d,"title":"Ring kunden","createdDate":"%[2]s","updatedDate":"%[2]s"}`,
			"offers":       `{"id":%d,"title":"Offert","createdDate":"%[2]s","updatedDate":"%[2]s"}`,
		} {
			t.Run(table, func(t *testing.T) {
				m := newMirror(t, d)
				run := func(api millions) (ListReport, float64) {
					client, err := tid.NewClient(tid.StaticToken("pk_test.pa_test"), tid.WithLimiter(nil), tid.WithHTTPClient(&http.Client{Transport: api}))
					require.NoError(t, err)
					stop := highest()
					began := time.Now()
					report, err := m.Sync(t.Context(), client, Options{Account: "acme", Only: []string{table}})
					live := stop()
					require.NoError(t, err)
					t.Logf("%d requests, %d rows written, %d deleted in %s with %.1f MiB", report.Lists[0].Requests, report.Lists[0].Written, report.Lists[0].Deleted, time.Since(began).Round(time.Second), live)
					return report.Lists[0], live
				}
				first, live := run(millions{n: n, row: row})
				assert.Equal(t, n, first.Written)
				assert.Less(t, live, 64.0)
				again, live := run(millions{n: n, row: row, deleted: 654_321})
				assert.Equal(t, 1, again.Deleted)
				assert.Zero(t, again.Written)
				assert.Less(t, live, 64.0)
				assert.Equal(t, "654321", value(t, m, "SELECT id FROM "+table+" WHERE deleted_at IS NOT NULL"))
			})
		}
	})
}

// highest watches the heap that was live after each collection, which come often, until
// stop, which returns the most in MiB.
func highest() (stop func() float64) {
	before := debug.SetGCPercent(10)
	runtime.GC() // what was live before does not count
	done := make(chan struct{})
	var most uint64
	var wait sync.WaitGroup
	wait.Go(func() {
		sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				metrics.Read(sample)
				most = max(most, sample[0].Value.Uint64())
			}
		}
	})
	return func() float64 {
		close(done)
		wait.Wait()
		debug.SetGCPercent(before)
		return float64(most) / (1 << 20)
	}
}
