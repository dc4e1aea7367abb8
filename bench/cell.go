package main

import (
	"context"
	"encoding/json"
	"os"
	"runtime/metrics"
	"sync/atomic"
	"time"

	"github.com/vismatid/tid"
)

// cell is one walk to be measured.
type cell struct {
	URL, ID, Secret string
	Reader          string
	Pages           int
	Latency         time.Duration
}

// measured is what came of a walk. Times count from its beginning, before there
// was a token or a connection.
type measured struct {
	FirstItem, FirstPage, LastPage time.Duration
	Arrived                        int // pages
	Requests, Refused              int64
	PeakHeap                       uint64
}

// rate is the pages a second, counted from the arrival of the first one.
func (m measured) rate() float64 {
	return float64(m.Arrived-1) / (m.LastPage - m.FirstPage).Seconds()
}

// readers are the ways to walk. Those that read one page after the other read
// fewer of them: their rate is the same all the way.
var readers = []struct {
	name  string
	pages int
	walk  func(context.Context, cell, *walk) error
}{
	{"SDK", 200, func(ctx context.Context, c cell, w *walk) error { return withSDK(ctx, c, w) }},
	{"SDK, no read-ahead", 40, func(ctx context.Context, c cell, w *walk) error { return withSDK(ctx, c, w, tid.WithReadAhead(0)) }},
	{"naive", 40, naive},
}

// walk takes down what a reader does.
type walk struct {
	begin             time.Time
	measured          measured
	requests, refused atomic.Int64
}

// item notes that the n-th item (from 1) has come.
func (w *walk) item(n int) {
	switch {
	case n == 1:
		w.measured.FirstItem = time.Since(w.begin)
		w.measured.FirstPage = w.measured.FirstItem
		w.measured.Arrived = 1
	case n%pageSize == 1: // the first of a page: it has just arrived
		w.measured.LastPage = time.Since(w.begin)
		w.measured.Arrived++
	}
}

const pageSize = 100

// measureCell walks as standard input says, and writes what it has measured.
func measureCell(ctx context.Context) error {
	var c cell
	if err := json.NewDecoder(os.Stdin).Decode(&c); err != nil {
		return err
	}
	done, peak := make(chan struct{}), make(chan uint64)
	go func() { peak <- peakHeap(done) }()
	w := &walk{begin: time.Now()}
	for _, r := range readers {
		if r.name == c.Reader {
			if err := r.walk(ctx, c, w); err != nil {
				return err
			}
		}
	}
	close(done)
	w.measured.PeakHeap = <-peak
	w.measured.Requests, w.measured.Refused = w.requests.Load(), w.refused.Load()
	return json.NewEncoder(os.Stdout).Encode(w.measured)
}

// withSDK walks as a user of this SDK does.
func withSDK(ctx context.Context, c cell, w *walk, opts ...tid.Option) error {
	client, err := tid.NewClient(tid.AppCredentials(c.ID, c.Secret), append(opts, tid.WithBaseURL(c.URL),
		tid.WithObserver(func(_ context.Context, e tid.Event) {
			w.requests.Add(1)
			if e.Status == 429 {
				w.refused.Add(1)
			}
		}))...)
	if err != nil {
		return err
	}
	n := 0
	for _, err := range client.TimeReports.All(ctx, nil) {
		if err != nil {
			return err
		}
		n++
		w.item(n)
		if n == c.Pages*pageSize {
			break
		}
	}
	return nil
}

// peakHeap looks every few milliseconds how much the objects on the heap take up,
// those that the next collection will find dead included.
func peakHeap(done <-chan struct{}) (peak uint64) {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		metrics.Read(sample)
		peak = max(peak, sample[0].Value.Uint64())
		select {
		case <-tick.C:
		case <-done:
			return peak
		}
	}
}
