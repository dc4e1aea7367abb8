package tokens

import (
	"sync"
	"time"
)

// A limiter allows a number of requests in a second. A request that it turns down takes no slot.
type limiter struct {
	mu       sync.Mutex
	accepted []time.Time // the latest ones, as many as are allowed in a second
}

// Allow says whether a request that arrives now may pass, and if not, how long to wait.
func (l *limiter) Allow(now time.Time, most int, fixed bool) (ok bool, wait time.Duration) {
	if most <= 0 {
		return true, 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.accepted) == most {
		free := l.accepted[0].Add(time.Second)
		if fixed {
			free = l.accepted[0].Truncate(time.Second).Add(time.Second)
		}
		if wait := free.Sub(now); wait > 0 {
			return false, wait
		}
		l.accepted = l.accepted[:copy(l.accepted, l.accepted[1:])]
	}
	l.accepted = append(l.accepted, now)
	return true, 0
}

// WholeSeconds rounds a wait up, as Retry-After has it.
func WholeSeconds(wait time.Duration) int {
	return max(1, int((wait+time.Second-1)/time.Second))
}
