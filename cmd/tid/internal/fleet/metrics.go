package fleet

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vismatid/tid/mirror"
)

// metrics are the counts of all runs. The zero value has none.
type metrics struct {
	mu       sync.Mutex
	accounts map[string]*counts
}

type counts struct {
	runs  map[string]int // by their result
	lists map[string]*listCounts
}

type listCounts struct {
	written, deleted, requests int
	seconds                    float64   // of the last run
	success                    time.Time // the end of the last run without an error
}

func (m *metrics) add(o Outcome) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.accounts == nil {
		m.accounts = make(map[string]*counts)
	}
	c := m.accounts[o.Account]
	if c == nil {
		c = &counts{runs: make(map[string]int), lists: make(map[string]*listCounts)}
		m.accounts[o.Account] = c
	}
	now := o.Began.Add(o.Took)
	switch {
	case o.Busy:
		c.runs["busy"]++
	case o.Error != "":
		c.runs["failed"]++
	default:
		c.runs["ok"]++
	}
	for _, l := range o.Lists {
		of := c.lists[l.Table]
		if of == nil {
			of = &listCounts{}
			c.lists[l.Table] = of
		}
		of.written += l.Written
		of.deleted += l.Deleted
		of.requests += l.Requests
		of.seconds = l.Took.Seconds()
		if l.Error == "" {
			of.success = now
		}
	}
}

// Handler answers /healthz and /metrics. The accounts are healthy while the last complete run of each,
// whichever process did it, began less than twice Every ago.
func (f *Fleet) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		stale := f.stale(r.Context())
		if len(stale) > 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, strings.Join(stale, "\n")+"\n") // the client may be gone
			return
		}
		_, _ = io.WriteString(w, "ok\n")
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		f.metrics.write(w)
	})
	return mux
}

// stale are the accounts without a recent run, and since when.
func (f *Fleet) stale(ctx context.Context) (stale []string) {
	for _, account := range f.Accounts {
		age, complete, err := f.Mirror.Age(ctx, mirror.Options{Account: account.Name, Only: f.Only, Nested: f.Nested})
		switch {
		case err != nil:
			return append(stale, f.text(err.Error()))
		case !complete:
			stale = append(stale, account.Name+": no run has been complete yet")
		case age >= 2*f.Every:
			stale = append(stale, account.Name+": the last complete run began at "+time.Now().Add(-age).UTC().Format(time.RFC3339))
		}
	}
	return stale
}

// write writes the text format of Prometheus.
func (m *metrics) write(w io.Writer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var b strings.Builder
	names := slices.Sorted(maps.Keys(m.accounts))
	fmt.Fprint(&b, "# HELP tid_mirror_runs_total Runs, by their result.\n# TYPE tid_mirror_runs_total counter\n")
	for _, name := range names {
		for _, result := range []string{"ok", "failed", "busy"} {
			fmt.Fprintf(&b, "tid_mirror_runs_total{account=%s,result=%q} %d\n", label(name), result, m.accounts[name].runs[result])
		}
	}
	for _, metric := range []struct {
		name, kind, help string
		value            func(*listCounts) float64
	}{
		{"rows_written_total", "counter", "Rows that were new or had changed.", func(l *listCounts) float64 { return float64(l.written) }},
		{"rows_deleted_total", "counter", "Rows that were found to be deleted.", func(l *listCounts) float64 { return float64(l.deleted) }},
		{"requests_total", "counter", "Requests to the API, retries included.", func(l *listCounts) float64 { return float64(l.requests) }},
		{"last_run_seconds", "gauge", "How long the last run took.", func(l *listCounts) float64 { return l.seconds }},
		{"last_success_timestamp_seconds", "gauge", "When the last run without an error ended; 0 is never.", func(l *listCounts) float64 {
			if l.success.IsZero() {
				return 0
			}
			return float64(l.success.UnixMilli()) / 1000
		}},
	} {
		fmt.Fprintf(&b, "# HELP tid_mirror_%[1]s %[3]s\n# TYPE tid_mirror_%[1]s %[2]s\n", metric.name, metric.kind, metric.help)
		for _, name := range names {
			lists := m.accounts[name].lists
			for _, list := range slices.Sorted(maps.Keys(lists)) {
				fmt.Fprintf(&b, "tid_mirror_%s{account=%s,list=%s} %s\n", metric.name, label(name), label(list),
					strconv.FormatFloat(metric.value(lists[list]), 'f', -1, 64))
			}
		}
	}
	_, _ = io.WriteString(w, b.String()) // the client may be gone
}

// label is a value of a label as Prometheus quotes it.
func label(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
