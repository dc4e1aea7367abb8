package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/examples/demo/demotest"
	"github.com/vismatid/tid/tidtest"
)

// october fills an account with the time of two people called Eva Ek, of Bo Ahl,
// who is done, and with a report of September.
func october(t *testing.T) *tidtest.Server {
	srv := demotest.Server(t)
	eva, other, bo := &tid.Ref{ID: 11, Name: "Eva Ek"}, &tid.Ref{ID: 12, Name: "Eva Ek"}, &tid.Ref{ID: 13, Name: "Bo Ahl"}
	sent := tid.DateTimeOfWall(time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC))
	for _, r := range []tid.TimeReport{
		{User: eva, Date: tid.NewDate(2026, 10, 31), Hours: tid.MustDecimal("7.75")},
		{User: eva, Date: tid.NewDate(2026, 10, 2), Hours: tid.MustDecimal("0.1")},
		{User: eva, Date: tid.NewDate(2026, 10, 5), Hours: tid.MustDecimal("0.2"), SentToAttestDate: sent},
		{User: other, Date: tid.NewDate(2026, 10, 1), Hours: tid.MustDecimal("100"), SentToAttestDate: sent},
		{User: eva, Date: tid.NewDate(2026, 10, 6), Hours: tid.MustDecimal("8"), SentToAttestDate: sent, AttestedDate: sent},
		{User: bo, Date: tid.NewDate(2026, 10, 6), Hours: tid.MustDecimal("8"), SentToAttestDate: sent, AttestedDate: sent},
		{User: bo, Date: tid.NewDate(2026, 9, 30), Hours: tid.MustDecimal("8")},
	} {
		srv.TimeReports.Put(r)
	}
	return srv
}

func TestTable(t *testing.T) {
	october(t)
	got := demotest.Run(t.Context(), run, "-month", "2026-10")
	assert.Equal(t, demotest.Result{Code: 1, Stdout: "" +
		"Time from 2026-10-01 to 2026-10-31 that is not attested\n\n" +
		"        Not sent  Hours       Since  Not attested   Hours       Since\n" +
		"Eva Ek         2   7.85  2026-10-02             1    0.20  2026-10-05\n" +
		"Eva Ek                                          1  100.00  2026-10-01\n" +
		"Total          2   7.85  2026-10-02             2  100.20  2026-10-01\n"}, got)
}

func TestJSON(t *testing.T) {
	october(t)
	got := demotest.Run(t.Context(), run, "-month", "2026-10", "-json")
	assert.Equal(t, 1, got.Code)
	assert.Empty(t, got.Stderr)
	assert.JSONEq(t, `{"month": "2026-10", "allAttested": false, "pending": [
		{"userId": 11, "name": "Eva Ek",
			"notSent": {"reports": 2, "hours": 7.85, "since": "2026-10-02"},
			"sentAndNotAttested": {"reports": 1, "hours": 0.2, "since": "2026-10-05"}},
		{"userId": 12, "name": "Eva Ek",
			"notSent": {"reports": 0, "hours": 0},
			"sentAndNotAttested": {"reports": 1, "hours": 100, "since": "2026-10-01"}}]}`, got.Stdout)
}

func TestAllAttested(t *testing.T) {
	srv := october(t)
	got := demotest.Run(t.Context(), run, "-month", "2026-08")
	assert.Equal(t, demotest.Result{Stdout: "All time from 2026-08-01 to 2026-08-31 is attested.\n"}, got)
	got = demotest.Run(t.Context(), run, "-month", "2026-08", "-json")
	assert.Zero(t, got.Code)
	assert.JSONEq(t, `{"month": "2026-08", "allAttested": true, "pending": []}`, got.Stdout)
	for _, r := range srv.Requests() {
		if r.Method == http.MethodGet {
			assert.Equal(t, "false", r.Query.Get("filter.isAttested"), "what is attested is not even read")
		}
	}
}

// A server that does not know the filter, and a report without a user.
func TestFilterIsNotTrusted(t *testing.T) {
	srv := october(t)
	srv.TimeReports.Put(tid.TimeReport{Date: tid.NewDate(2026, 10, 7), Hours: tid.MustDecimal("1")})
	demotest.Through(t, demotest.Transport(func(r *http.Request) (*http.Response, error) {
		query := r.URL.Query()
		query.Del("filter.isAttested")
		r.URL.RawQuery = query.Encode()
		return srv.Transport().RoundTrip(r)
	}))
	got := demotest.Run(t.Context(), run, "-month", "2026-10")
	assert.Equal(t, 1, got.Code)
	assert.NotContains(t, got.Stdout, "Bo Ahl")
	assert.Contains(t, got.Stdout, "(no user)")
	assert.Regexp(t, `Total +3 +8\.85`, got.Stdout)
}

func TestThisMonth(t *testing.T) {
	demotest.NoAccount(t)
	for _, args := range [][]string{nil, {"-json"}} {
		synctest.Test(t, func(t *testing.T) { // in which it is the year 2000
			time.Sleep(31 * 24 * time.Hour)
			got := demotest.Run(t.Context(), run, args...)
			assert.Equal(t, 1, got.Code)
			const note = "No VISMATID_ variables are set: "
			if args == nil {
				assert.Empty(t, got.Stderr)
				assert.True(t, strings.HasPrefix(got.Stdout, note))
				assert.Contains(t, got.Stdout, "Time from 2000-02-01 to 2000-02-29 that is not attested\n")
				return
			}
			assert.True(t, strings.HasPrefix(got.Stderr, note), "stdout is for a program")
			var out report
			require.NoError(t, json.Unmarshal([]byte(got.Stdout), &out))
			assert.Equal(t, "2000-02", out.Month)
			assert.NotEmpty(t, out.Pending)
		})
	}
}

func TestUsage(t *testing.T) {
	demotest.Help(t, run, 2, "-month month", "-json", "exit status")
	srv := october(t)
	for _, month := range []string{"october", "2026", "2026-13", "2026-1", "2026-10-01", " "} {
		got := demotest.Run(t.Context(), run, "-month", month)
		assert.Equal(t, 2, got.Code)
		assert.Contains(t, got.Stderr, "is not a month such as 2026-10\n")
	}
	assert.Empty(t, srv.Requests())
}

func TestFailures(t *testing.T) {
	demotest.Fail(t, run, 3)
}

func TestInterrupted(t *testing.T) {
	srv := october(t)
	got := demotest.Run(demotest.CancelAt(t, srv, http.MethodGet, 1), run, "-month", "2026-10")
	assert.Equal(t, 3, got.Code)
	assert.Regexp(t, `^\S+: interrupted\n$`, got.Stderr)
	assert.Empty(t, got.Stdout)
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, http.ErrHandlerTimeout }

func TestOutputIsLost(t *testing.T) {
	october(t)
	err := run(t.Context(), []string{"-month", "2026-08", "-json"}, brokenPipe{}, brokenPipe{})
	assert.ErrorIs(t, err, http.ErrHandlerTimeout)
}
