package fakehttp

import (
	"slices"
	"sync"
)

// Log remembers the latest requests, as many as Most. It is safe for concurrent use.
type Log[R any] struct {
	Most int

	mu  sync.Mutex
	all []R
}

// Add remembers a request.
func (l *Log[R]) Add(r R) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.Most == 0 {
		return
	}
	if len(l.all) >= 2*l.Most {
		l.all = slices.Clone(l.all[len(l.all)-l.Most+1:])
	}
	l.all = append(l.all, r)
}

// All returns what is remembered, in the order of Add.
func (l *Log[R]) All() []R {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.all[max(0, len(l.all)-l.Most):])
}

// Reset forgets everything.
func (l *Log[R]) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = nil
}
