package tid_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/vismatid/tid"
)

const (
	no    = time.Duration(-1) // not retried
	first = 250 * time.Millisecond
)

// decisions are what comes of an outcome at the first attempt, with a jitter of 0.
var decisions = []struct {
	name      string
	outcome   tid.Outcome
	read      time.Duration // the wait for methods that may be retried
	write     time.Duration // and for those that may not
	unbounded bool          // the wait does not grow with the attempts
}{
	{"429", tid.Outcome{Status: 429, RetryAfter: 2 * time.Second, Reached: true}, 2 * time.Second, 2 * time.Second, true},
	{"429 at once", tid.Outcome{Status: 429, Reached: true}, 0, 0, true},
	{"429 of a minute", tid.Outcome{Status: 429, RetryAfter: time.Minute, Reached: true}, time.Minute, time.Minute, true},
	{"429 over the longest wait", tid.Outcome{Status: 429, RetryAfter: time.Minute + 1, Reached: true}, no, no, true},
	{"429 of a year", tid.Outcome{Status: 429, RetryAfter: 365 * 24 * time.Hour, Reached: true}, no, no, true},
	{"401 with a newer token", tid.Outcome{Status: 401, Reached: true, Renewable: true}, 0, 0, true},
	{"401 without", tid.Outcome{Status: 401, Reached: true}, no, no, true},
	{"no connection", tid.Outcome{}, first, first, false},
	{"no connection, for good", tid.Outcome{Hopeless: true}, no, no, true},
	{"broken connection", tid.Outcome{Reached: true, Broken: true}, first, no, false},
	{"cut-off body", tid.Outcome{Status: 200, Reached: true, Broken: true}, first, no, false},
	{"cut-off body, for good", tid.Outcome{Status: 200, Reached: true, Broken: true, Hopeless: true}, no, no, true},
	{"unreadable body", tid.Outcome{Status: 200, Reached: true}, no, no, true},
	{"500", tid.Outcome{Status: 500, Reached: true}, first, no, false},
	{"502", tid.Outcome{Status: 502, Reached: true}, first, no, false},
	{"503", tid.Outcome{Status: 503, Reached: true}, first, no, false},
	{"503 with Retry-After", tid.Outcome{Status: 503, Reached: true, RetryAfter: 30 * time.Second}, 30 * time.Second, no, true},
	{"503 with a shorter Retry-After", tid.Outcome{Status: 503, Reached: true, RetryAfter: 1}, first, no, false},
	{"503 over the longest wait", tid.Outcome{Status: 503, Reached: true, RetryAfter: time.Hour}, no, no, true},
	{"504", tid.Outcome{Status: 504, Reached: true}, first, no, false},
	{"400", tid.Outcome{Status: 400, Reached: true}, no, no, true},
	{"403", tid.Outcome{Status: 403, Reached: true}, no, no, true},
	{"404", tid.Outcome{Status: 404, Reached: true}, no, no, true},
	{"405", tid.Outcome{Status: 405, Reached: true}, no, no, true},
	{"409", tid.Outcome{Status: 409, Reached: true}, no, no, true},
	{"302", tid.Outcome{Status: 302, Reached: true}, no, no, true},
	{"501", tid.Outcome{Status: 501, Reached: true}, no, no, true},
}

var policy = tid.RetryPolicy{Retries: 4, MaxWait: time.Minute, Replayed: []string{"GET"}}

func TestRetryDecisions(t *testing.T) {
	every := policy
	every.Replayed = []string{"GET", "PUT", "DELETE"}
	for _, d := range decisions {
		t.Run(d.name, func(t *testing.T) {
			for method, wants := range map[string][2]time.Duration{
				"GET": {d.read, d.read}, "PUT": {d.write, d.read}, "DELETE": {d.write, d.read}, "POST": {d.write, d.write}, "PATCH": {d.write, d.write},
			} {
				for i, p := range []tid.RetryPolicy{policy, every} {
					wait, again := p.Next(method, d.outcome, 1, 0)
					if wants[i] == no {
						assert.False(t, again, "%s is sent once", method)
						assert.Zero(t, wait)
						continue
					}
					assert.True(t, again, "%s is retried", method)
					assert.Equal(t, wants[i], wait, method)
				}
			}
		})
	}
}

func TestRetriesEnd(t *testing.T) {
	for _, d := range decisions {
		for attempt := 1; attempt <= 10; attempt++ {
			for _, retries := range []int{0, 1, 4} {
				p := policy
				p.Retries = retries
				_, again := p.Next("GET", d.outcome, attempt, 0.5)
				assert.Equal(t, attempt <= retries && d.read != no, again, "%s, attempt %d of %d", d.name, attempt, retries)
			}
		}
	}
}

func TestNoWaitIsBegunThatTheDeadlineWouldCut(t *testing.T) {
	for _, d := range decisions {
		if d.read == no {
			continue
		}
		for _, test := range []struct {
			budget time.Duration
			again  bool
		}{{d.read + 1, true}, {d.read, false}, {d.read - 1, false}, {-time.Second, false}} {
			p := policy
			p.Budget = &test.budget
			wait, again := p.Next("GET", d.outcome, 1, 0)
			assert.Equal(t, test.again, again, "%s with %s left", d.name, test.budget)
			if again {
				assert.Equal(t, d.read, wait, "the wait is not shortened")
			}
		}
	}
}

func TestNoWaitIsLongerThanTheCallerAccepts(t *testing.T) {
	for _, d := range decisions {
		if d.read <= 0 {
			continue
		}
		p := policy
		p.MaxWait = d.read
		_, again := p.Next("GET", d.outcome, 1, 0)
		assert.True(t, again, d.name)
		p.MaxWait--
		_, again = p.Next("GET", d.outcome, 1, 0)
		assert.False(t, again, d.name)
	}
}

func TestBackoffGrowsAndIsSpread(t *testing.T) {
	p := policy
	p.Retries = 1 << 30
	o := tid.Outcome{Status: 500, Reached: true}
	for i, want := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 10 * time.Second, 10 * time.Second} {
		least, again := p.Next("GET", o, i+1, 0)
		assert.True(t, again)
		assert.Equal(t, want/2, least)
		middle, _ := p.Next("GET", o, i+1, 0.5)
		assert.Equal(t, want*3/4, middle)
		most, _ := p.Next("GET", o, i+1, 0.999999)
		assert.InDelta(t, want, most, float64(time.Millisecond))
		assert.LessOrEqual(t, most, want)
	}
	for _, attempt := range []int{63, 64, 65, 1000, 1<<30 - 1} {
		wait, again := p.Next("GET", o, attempt, 0)
		assert.True(t, again)
		assert.Equal(t, 5*time.Second, wait, "no overflow at attempt %d", attempt)
	}
}

func TestRetryAfterIsReadInEveryShape(t *testing.T) {
	now := time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		header string
		want   time.Duration
	}{
		{"1", time.Second},
		{"120", 2 * time.Minute},
		{" 3 ", 3 * time.Second},
		{"0.5", 500 * time.Millisecond},
		{"1.25", 1250 * time.Millisecond},
		{"0", 0},
		{"-1", 0},
		{"-0", 0},
		{"-9999999999999999999999", 0},
		{"", 0},
		{" ", 0},
		{"soon", 0},
		{"1s", 0},
		{"1,5", 0},
		{"NaN", 0},
		{"-Inf", 0},
		{"31536000", 365 * 24 * time.Hour},
		{"99999999999999999999", 1 << 31 * time.Second},
		{"Inf", 1 << 31 * time.Second},
		{"1e9", 1e9 * time.Second},
		{strings.Repeat("9", 10000), 0},
		{"Fri, 01 Mar 2024 12:00:07 GMT", 7 * time.Second},
		{"Friday, 01-Mar-24 12:00:07 GMT", 7 * time.Second},
		{"Fri Mar  1 12:00:07 2024", 7 * time.Second},
		{"Fri, 01 Mar 2024 12:00:00 GMT", 0},
		{"Fri, 01 Mar 2024 11:59:00 GMT", 0},
		{"Thu, 01 Jan 1970 00:00:00 GMT", 0},
		{"Mon, 01 Jan 0001 00:00:00 GMT", 0},
		{"Sat, 01 Mar 2025 12:00:00 GMT", 365 * 24 * time.Hour},
		{"Fri, 31 Dec 9999 23:59:59 GMT", 1<<63 - 1},
		{"Fri, 32 Mar 2024 12:00:07 GMT", 0},
		{"2024-03-01T12:00:07Z", 0},
	} {
		t.Run(fmt.Sprintf("%.40s", test.header), func(t *testing.T) {
			assert.Equal(t, test.want, tid.ParseRetryAfter(test.header, now))
		})
	}
}

func TestA429AlwaysSaysHowLongToWait(t *testing.T) {
	for _, test := range []struct {
		name, header, body string
		status             int
		want               time.Duration
	}{
		{"header", "3", "", 429, 3 * time.Second},
		{"header before body", "3", `{"waitInSeconds":7}`, 429, 3 * time.Second},
		{"body", "", `{"waitInSeconds":7}`, 429, 7 * time.Second},
		{"body with a string", "", `{"waitInSeconds":"7"}`, 429, 7 * time.Second},
		{"body with a fraction", "", `{"waitInSeconds":0.5}`, 429, 500 * time.Millisecond},
		{"body in another case", "", `{"WaitInSeconds":7}`, 429, 7 * time.Second},
		{"body where the header is of no use", "soon", `{"waitInSeconds":7}`, 429, 7 * time.Second},
		{"body where the header is 0", "0", `{"waitInSeconds":7}`, 429, 7 * time.Second},
		{"nothing", "", "", 429, time.Second},
		{"0", "0", "", 429, time.Second},
		{"negative", "-5", `{"waitInSeconds":-5}`, 429, time.Second},
		{"null", "", `{"waitInSeconds":null}`, 429, time.Second},
		{"garbage", "soon", `{"waitInSeconds":"soon"}`, 429, time.Second},
		{"HTML", "", `<html>`, 429, time.Second},
		{"huge", "", `{"waitInSeconds":1e300}`, 429, 1 << 31 * time.Second},
		{"503 with header", "30", "", 503, 30 * time.Second},
		{"503 without", "", `{"waitInSeconds":7}`, 503, 0},
		{"400", "", "", 400, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			resp := &http.Response{StatusCode: test.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(""))}
			if test.header != "" {
				resp.Header.Set("Retry-After", test.header)
			}
			assert.Equal(t, test.want, tid.RetryAfter(resp, []byte(test.body)))
		})
	}
}
