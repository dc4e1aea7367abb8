package doctor

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/vismatid/tid"
)

// A Meter measures how quickly the API answers. Its Observe is for tid.WithObserver of the client that Run is given. The zero
// Meter is ready to use.
type Meter struct {
	mu      sync.Mutex
	took    []time.Duration
	tooMany int
}

// Observe takes note of an attempt.
func (m *Meter) Observe(_ context.Context, e tid.Event) {
	if e.Status == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.took = append(m.took, e.Duration)
	if e.Status == http.StatusTooManyRequests {
		m.tooMany++
	}
}

// speed sums up what has been seen; nil if that is nothing.
func (m *Meter) speed() *Speed {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(m.took)
	if n == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(m.took))
	at := func(percent int) int { return int(sorted[(n-1)*percent/100].Milliseconds()) }
	return &Speed{Attempts: n, Median: at(50), P95: at(95), TooMany: m.tooMany}
}
