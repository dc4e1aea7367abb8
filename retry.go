package tid

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const lookFirst = "the request may have been carried out: look before retrying it"

// do sends the call until it succeeds or the retry policy stops it, and passes the
// successful answer to receive.
func (c *Client) do(ctx context.Context, call *call, receive receive) (err error) {
	defer func() {
		if e, ok := err.(*Error); ok {
			e.Err = redactedErr(e.Err, call.token)
		}
	}()
	ctx = withOperation(ctx, call.op)
	policy := c.retry
	if call.replay {
		policy.replayed = map[string]bool{call.method: true}
	}
	mayHaveExecuted, renewed := false, false
	var before *Error
	for attempt := 1; ; attempt++ {
		result, failure := c.attempt(ctx, call, attempt, receive)
		switch {
		case failure == nil:
			return nil
		case result.unsent && before != nil:
			// The failure of the attempt before is still the reason.
			before.add(&because{"not retried: " + failure.reason(), []error{failure}})
			return before
		case result.unsent:
			return failure
		}
		over := ctx.Err() != nil
		if over && result.status == 0 && before != nil { // the last attempt had no answer: the same
			before.Attempts = attempt
			failure = before
		}
		mayHaveExecuted = call.executed(result, failure, mayHaveExecuted)
		if call.failed != nil {
			own := *failure
			call.failed(&own)
		}
		if over {
			failure.Err = ended(ctx, failure.Err)
			return failure
		}
		if result.status == http.StatusUnauthorized && call.basic == "" && !renewed {
			renewed = true
			var failed *Error
			if result.renewable, failed = c.renew(ctx, call, attempt, failure); failed != nil {
				return failed
			}
		}
		if deadline, ok := ctx.Deadline(); ok {
			policy.hasBudget, policy.budget = true, time.Until(deadline)
		}
		wait, verdict := policy.next(call.method, result, attempt, rand.Float64())
		switch verdict {
		case stop:
			return failure
		case late:
			failure.add(deadlineFirst)
			return failure
		}
		c.log.retry(ctx, failure, wait)
		if wait > 0 && sleep(ctx, wait) != nil {
			failure.add(ended(ctx, nil))
			return failure
		}
		before = failure
	}
}

// executed reports whether the API may have carried out a write, in this attempt or in one
// before, and sets it in the failure.
func (call *call) executed(result outcome, failure *Error, before bool) bool {
	if call.method == http.MethodGet || call.basic != "" {
		return false
	}
	refusedByAPI := result.status >= 400 && result.status <= 498 && result.status != http.StatusRequestTimeout // 499 is of a proxy
	may := before || result.reached && !refusedByAPI
	if may && !failure.MayHaveExecuted && !call.replay {
		failure.advise(lookFirst)
	}
	failure.MayHaveExecuted = may
	return may
}

// renew asks for a newer token after a 401, and reports whether there is one. If the
// exchange fails, the call ends in failed: the 401 says little then.
func (c *Client) renew(ctx context.Context, call *call, attempt int, failure *Error) (newer bool, failed *Error) {
	token, err := c.source.Token(ctx, call.token)
	var exchange *Error
	switch {
	case errors.As(err, &exchange):
		own := *exchange
		own.Attempts, own.MayHaveExecuted = max(own.Attempts, attempt), failure.MayHaveExecuted
		own.add(errors.New("a new token was needed, since the last one had been refused"))
		if own.MayHaveExecuted && !call.replay {
			own.advise(lookFirst)
		}
		return false, &own
	case err != nil:
		failure.add(fmt.Errorf("no new token: %w", err))
	}
	return err == nil && token != call.token, nil
}

// outcome is the result of one attempt.
type outcome struct {
	status     int           // of the answer; 0 when there was none
	retryAfter time.Duration // the wait that a 429 or 503 asked for; 0 for none
	reached    bool          // the request may have been written, so the API may have acted
	broken     bool          // the connection broke, or the body was cut off
	unsent     bool          // there was no token, or no turn at the rate limit
	hopeless   bool          // it would fail again, as with a bad certificate
	renewable  bool          // 401, and there is a newer token than the refused one
}

// retryPolicy decides which attempts are retried. It is a pure function of the outcome, so
// that it can be read and tested as a table.
type retryPolicy struct {
	retries   int             // the most of one call
	maxWait   time.Duration   // the longest single wait that is accepted
	replayed  map[string]bool // methods that are retried although the API may have acted
	hasBudget bool            // the context has a deadline
	budget    time.Duration   // the time that is left until then
}

const (
	defaultRetries = 4
	defaultMaxWait = time.Minute
	firstBackoff   = 500 * time.Millisecond
	maxBackoff     = 10 * time.Second
	// defaultRetryAfter is for a 429 whose Retry-After is missing or unreadable.
	defaultRetryAfter = time.Second
)

// verdict is what happens to a call after a failed attempt.
type verdict uint8

const (
	stop  verdict = iota
	again         // retry after a wait
	late          // no retry, only because the deadline comes first
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
	case o.status == http.StatusUnauthorized: // refused before it was executed
		wait, allowed = 0, o.renewable
	case o.status == 0 && !o.reached: // it never reached the API
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

// headerRetryAfter is the wait that the header of an answer asks for. A date in it is by
// the server's clock.
func headerRetryAfter(header http.Header) time.Duration {
	now := time.Now()
	if at, err := http.ParseTime(header.Get("Date")); err == nil {
		now = at
	}
	return parseRetryAfter(header.Get("Retry-After"), now)
}

// retryAfter is the wait that an answer asks for: in its header, else for a 429 in a
// property of its body, else a second for a 429.
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

// parseRetryAfter reads a Retry-After header: seconds or an HTTP date. It is 0 for what
// cannot be read or is in the past.
func parseRetryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	const most = 1 << 31 // seconds, which a Duration can hold
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
