package tid

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// outcome is what one attempt came to.
type outcome struct {
	status     int           // of the answer; 0 when there was none
	retryAfter time.Duration // what a 429 or 503 asked for; 0 when it did not
	reached    bool          // the request may have been written, so the API may have acted
	broken     bool          // the connection broke, or the body was cut off
	unsent     bool          // there was no token for it, or the limiter did not let it pass
	hopeless   bool          // the same would happen again, as with a bad certificate
	renewable  bool          // 401, and a newer token than the refused one can be had
}

// retryPolicy decides which attempts are repeated. It is a pure function of what
// happened, so that it can be read, and tested, as a table.
type retryPolicy struct {
	retries   int             // repeats of one call at the most
	maxWait   time.Duration   // the longest single wait that is accepted
	replayed  map[string]bool // methods repeated although the API may have acted
	hasBudget bool            // whether the context has a deadline
	budget    time.Duration   // what is left until then
}

const (
	defaultRetries = 4
	defaultMaxWait = time.Minute
	firstBackoff   = 500 * time.Millisecond
	maxBackoff     = 10 * time.Second
	// defaultRetryAfter is for a 429 whose Retry-After is missing or unreadable.
	defaultRetryAfter = time.Second
)

// verdict is what becomes of a call after a failed attempt.
type verdict uint8

const (
	stop  verdict = iota
	again         // after a wait
	late          // again, but for the deadline that comes before
)

// next says whether the attempt'th attempt (from 1) is followed by another, and
// after how long. jitter is a random number in [0, 1).
func (p retryPolicy) next(method string, o outcome, attempt int, jitter float64) (wait time.Duration, v verdict) {
	if attempt > p.retries || o.hopeless {
		return 0, stop
	}
	backoff := min(firstBackoff<<min(attempt-1, 10), maxBackoff)
	backoff = backoff/2 + time.Duration(jitter*float64(backoff/2))
	allowed := false
	switch {
	case o.status == http.StatusTooManyRequests: // refused before it was executed
		wait, allowed = o.retryAfter, true
	case o.status == http.StatusUnauthorized: // likewise
		wait, allowed = 0, o.renewable
	case o.status == 0 && !o.reached: // the API has seen nothing of it
		wait, allowed = backoff, true
	case o.broken:
		wait, allowed = backoff, p.replayed[method]
	case sentinels[o.status] == ErrServer:
		wait, allowed = max(backoff, o.retryAfter), p.replayed[method]
	}
	switch {
	case !allowed || wait > p.maxWait:
		return 0, stop
	case p.hasBudget && wait >= p.budget:
		return 0, late
	}
	return wait, again
}

// headerRetryAfter is how long the header of an answer asks to wait. A date in it
// is by the server's clock.
func headerRetryAfter(header http.Header) time.Duration {
	now := time.Now()
	if at, err := http.ParseTime(header.Get("Date")); err == nil {
		now = at
	}
	return parseRetryAfter(header.Get("Retry-After"), now)
}

// retryAfter is how long an answer asks to wait: by its header, else by the
// property that a 429 carries in its body, else a second for a 429.
func retryAfter(resp *http.Response, body []byte) time.Duration {
	wait := headerRetryAfter(resp.Header)
	if wait > 0 || resp.StatusCode != http.StatusTooManyRequests {
		return wait
	}
	var answer struct {
		WaitInSeconds json.Number `json:"waitInSeconds"`
	}
	if json.Unmarshal(body, &answer) == nil {
		wait = parseRetryAfter(answer.WaitInSeconds.String(), time.Now())
	}
	if wait == 0 {
		wait = defaultRetryAfter
	}
	return wait
}

// parseRetryAfter reads a Retry-After header: whole seconds or an HTTP date.
// What cannot be read, or lies in the past, is 0.
func parseRetryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	const most = 1 << 31 // seconds; keeps the product within a Duration
	if seconds, err := strconv.ParseFloat(header, 64); err == nil {
		if seconds > 0 {
			return time.Duration(min(seconds, most) * float64(time.Second))
		}
		return 0
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
