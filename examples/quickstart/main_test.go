package main

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"os"
	"path/filepath"
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

// october fills an account with the time of three people, two of them of the same
// name, and with reports just outside the month.
func october(t *testing.T) *tidtest.Server {
	srv := demotest.Server(t)
	eva, other, bo := &tid.Ref{ID: 11, Name: "Eva Ek"}, &tid.Ref{ID: 12, Name: "Eva Ek"}, &tid.Ref{ID: 13, Name: "Åke Öberg"}
	roof := srv.Projects.Put(tid.Project{ProjectSummary: tid.ProjectSummary{OrderNumber: "1001", Title: "Tak"}})
	leave, meeting := srv.AbsenceProjects.Put(tid.AbsenceProject{Name: "Semester"}), srv.InternalProjects.Put(tid.InternalProject{Name: "Möte"})
	at := tid.DateTimeOfWall(time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC))
	dec := tid.MustDecimal
	for _, r := range []tid.TimeReport{
		{User: eva, Date: tid.NewDate(2026, 10, 1), Hours: dec("0.1"), InvoiceableHours: dec("0.1"), Project: &tid.NumberRef{ID: roof},
			ClockStart: tid.NewClockTime(7, 0), ClockEnd: tid.NewClockTime(7, 36), BreakMinutes: 30, Comment: "Montage, plan \"2\""},
		{User: eva, Date: tid.NewDate(2026, 10, 31), Hours: dec("0.2"), InvoiceableHours: dec("0.05"), Project: &tid.NumberRef{ID: roof}, SentToAttestDate: at},
		{User: other, Date: tid.NewDate(2026, 10, 15), Hours: dec("8"), AbsenceProject: &tid.Ref{ID: leave}, SentToAttestDate: at, AttestedDate: at},
		{User: bo, Date: tid.NewDate(2026, 10, 16), Hours: dec("1000.25"), InternalProject: &tid.Ref{ID: meeting}},
		{Date: tid.NewDate(2026, 10, 17), Hours: dec("1")},
		{User: bo, Date: tid.NewDate(2026, 9, 30), Hours: dec("1")},
		{User: bo, Date: tid.NewDate(2026, 11, 1), Hours: dec("1")},
	} {
		srv.TimeReports.Put(r)
	}
	return srv
}

const octoberReport = `Time reports from 2026-10-01 to 2026-10-31

User         Hours  Invoiceable  Not sent  Sent  Attested
(no user)     1.00         0.00      1.00  0.00      0.00
Eva Ek        0.30         0.15      0.10  0.20      0.00
Eva Ek        8.00         0.00      0.00  0.00      8.00
Åke Öberg  1000.25         0.00   1000.25  0.00      0.00
Total      1009.55         0.15   1001.35  0.20      8.00

Project              Hours  Invoiceable  Not sent  Sent  Attested
(no project)          1.00         0.00      1.00  0.00      0.00
1001 Tak              0.30         0.15      0.10  0.20      0.00
absence: Semester     8.00         0.00      0.00  0.00      8.00
internal: Möte     1000.25         0.00   1000.25  0.00      0.00
Total              1009.55         0.15   1001.35  0.20      8.00
`

func TestReport(t *testing.T) {
	for name, args := range map[string][]string{
		"a month": {"-month", "2026-10"},
		"a span":  {"-since", "2026-10-01", "-until", "2026-10-31"},
	} {
		t.Run(name, func(t *testing.T) {
			october(t)
			got := demotest.Run(t.Context(), run, args...)
			assert.Equal(t, demotest.Result{Stdout: octoberReport}, got)
		})
	}
	t.Run("a span of a day", func(t *testing.T) {
		october(t)
		got := demotest.Run(t.Context(), run, "-since", "2026-10-15", "-until", "2026-10-15")
		assert.Regexp(t, `(?m)^Total +8\.00`, got.Stdout)
	})
	t.Run("nothing", func(t *testing.T) {
		october(t)
		got := demotest.Run(t.Context(), run, "-month", "2020-02")
		assert.Zero(t, got.Code)
		assert.Contains(t, got.Stdout, "Time reports from 2020-02-01 to 2020-02-29\n")
		assert.Regexp(t, `(?m)^Total +0\.00`, got.Stdout)
	})
}

func TestCSV(t *testing.T) {
	srv := october(t)
	name := filepath.Join(t.TempDir(), "october.csv")
	require.NoError(t, os.WriteFile(name, []byte("that of yesterday"), 0o600))
	got := demotest.Run(t.Context(), run, "-month", "2026-10", "-csv", name)
	assert.Equal(t, demotest.Result{Stdout: octoberReport}, got)
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	rows, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 6)
	assert.Equal(t, header, rows[0])
	first := srv.TimeReports.All()[0]
	assert.Equal(t, row(&first), rows[1])
	assert.Equal(t, []string{"2026-10-01", "11", "Eva Ek", "project", "1001", "Tak", "", "", "07:00", "07:36", "30", "0.1", "0.1", "notSent",
		`Montage, plan "2"`}, rows[1][1:])
	var kinds, states []string
	for _, row := range rows[1:] {
		kinds, states = append(kinds, row[4]), append(states, row[14])
	}
	assert.Equal(t, []string{"project", "absenceProject", "internalProject", "", "project"}, kinds, "by date")
	assert.Equal(t, []string{"notSent", "attested", "notSent", "notSent", "sent"}, states)
}

// The sums of many pages are those of the store.
func TestManyPages(t *testing.T) {
	company := tidtest.Sample(3, 8)
	srv := demotest.Server(t, tidtest.WithCompany(company))
	name := filepath.Join(t.TempDir(), "all.csv")
	got := demotest.Run(t.Context(), run, "-since", company.Since.String(), "-until", company.Until.String(), "-csv", name)
	require.Zero(t, got.Code, "%+v", got)
	var hours, invoiceable tid.Decimal
	for _, r := range srv.TimeReports.All() {
		hours, invoiceable = hours.Add(r.Hours), invoiceable.Add(r.InvoiceableHours)
	}
	assert.Regexp(t, `(?m)^Total +`+hours.StringFixed(2)+` +`+invoiceable.StringFixed(2)+` `, got.Stdout)
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, 1+srv.TimeReports.Len(), bytes.Count(content, []byte("\n")))
}

func TestSpan(t *testing.T) {
	today := tid.NewDate(2026, 1, 15)
	for name, c := range map[string]struct{ month, since, until, from, to, err string }{
		"the last whole month": {from: "2025-12-01", to: "2025-12-31"},
		"a month":              {month: "2024-02", from: "2024-02-01", to: "2024-02-29"},
		"December":             {month: "2026-12", from: "2026-12-01", to: "2026-12-31"},
		"a span":               {since: "2026-01-31", until: "2026-02-01", from: "2026-01-31", to: "2026-02-01"},
		"a day":                {since: "2026-01-31", until: "2026-01-31", from: "2026-01-31", to: "2026-01-31"},
		"no month":             {month: "oktober", err: `-month: "oktober" is not a month such as 2026-10`},
		"month 13":             {month: "2026-13", err: `-month: "2026-13" is not a month such as 2026-10`},
		"a day for a month":    {month: "2026-10-01", err: `-month: "2026-10-01" is not a month such as 2026-10`},
		"month and span":       {month: "2026-10", since: "2026-10-01", err: "give either -month, or -since and -until"},
		"only since":           {since: "2026-10-01", err: "-since and -until go together"},
		"only until":           {until: "2026-10-01", err: "-since and -until go together"},
		"backwards":            {since: "2026-10-02", until: "2026-10-01", err: "-until 2026-10-01 is before -since 2026-10-02"},
		"no day":               {since: "2026-02-30", until: "2026-10-01", err: `-since: "2026-02-30" is not a date such as 2024-03-01`},
		"no last day":          {since: "2026-02-01", until: "x", err: `-until: "x" is not a date such as 2024-03-01`},
	} {
		t.Run(name, func(t *testing.T) {
			from, to, err := span(c.month, c.since, c.until, today)
			if c.err != "" {
				assert.EqualError(t, err, c.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.from+" "+c.to, from.String()+" "+to.String())
		})
	}
}

func TestMadeUpCompany(t *testing.T) {
	demotest.NoAccount(t)
	for month, args := range map[string][]string{"1999-12-01 to 1999-12-31": nil, "2026-10-01 to 2026-10-31": {"-month", "2026-10"}} {
		synctest.Test(t, func(t *testing.T) { // in which it is the year 2000
			got := demotest.Run(t.Context(), run, args...)
			require.Zero(t, got.Code, "%+v", got)
			assert.Empty(t, got.Stderr, "no progress without a terminal")
			assert.Regexp(t, `^No VISMATID_ variables are set: [^\n]+\nTime reports from `+month+`\n`, got.Stdout)
			assert.NotRegexp(t, `(?m)^Total +0\.00`, got.Stdout)
		})
	}
}

func TestUsage(t *testing.T) {
	demotest.Help(t, run, 1, "-month month", "-csv file", "-since day", "-until day")
	srv := october(t)
	dir := t.TempDir()
	for says, args := range map[string][]string{
		"is not a month such as":                    {"-month", "13"},
		"no/october.csv: no such file or directory": {"-csv", dir + "/no/october.csv"},
		"main.go/october.csv: not a directory":      {"-csv", "main.go/october.csv"},
		dir + ": it is not a regular file":          {"-csv", dir},
		"flag needs an argument: -month":            {"-month"},
	} {
		got := demotest.Run(t.Context(), run, args...)
		assert.Equal(t, 1, got.Code)
		assert.Contains(t, got.Stderr, says)
		assert.Regexp(t, `^\S+: [^\n]+\n$`, got.Stderr)
	}
	assert.Empty(t, srv.Requests())
	assert.Empty(t, demotest.Files(t, dir))
}

func TestFailures(t *testing.T) {
	dir := t.TempDir()
	demotest.Fail(t, run, 1, "-csv", filepath.Join(dir, "month.csv"))
	assert.Empty(t, demotest.Files(t, dir))
}

func TestInterrupted(t *testing.T) {
	for page := 1; page <= 3; page++ {
		srv := demotest.Server(t, tidtest.WithCompany(tidtest.Sample(1, 8)))
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "old.csv"), []byte("before"), 0o600))
		for _, name := range []string{"new.csv", "old.csv"} {
			ctx := demotest.CancelAt(t, srv, http.MethodGet, page)
			got := demotest.Run(ctx, run, "-month", "2026-10", "-csv", filepath.Join(dir, name))
			assert.Equal(t, 1, got.Code)
			assert.Empty(t, got.Stdout)
			assert.Regexp(t, `^\S+: interrupted\n$`, got.Stderr)
			assert.Equal(t, map[string]string{"old.csv": "before"}, demotest.Files(t, dir))
		}
	}
}

// A page that fails in the middle leaves no half of a file either.
func TestFailsHalfway(t *testing.T) {
	srv := demotest.Server(t, tidtest.WithCompany(tidtest.Sample(1, 8)))
	srv.Inject(tidtest.Fault{Operation: "GET", Skip: 2, Times: 100, Effect: tidtest.Answer(http.StatusForbidden, "")})
	dir := t.TempDir()
	got := demotest.Run(t.Context(), run, "-month", "2026-10", "-csv", filepath.Join(dir, "month.csv"))
	assert.Equal(t, 1, got.Code)
	assert.Contains(t, got.Stderr, "403 Forbidden")
	assert.Empty(t, demotest.Files(t, dir))
}

func TestProgress(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&out)
	p.page(100, 250)
	p.end()
	assert.Empty(t, out.String(), "it is not a terminal")

	synctest.Test(t, func(t *testing.T) {
		p = &progress{to: &out, begin: time.Now()}
		for _, read := range []int{100, 198, 250} {
			time.Sleep(time.Second)
			p.page(read, 250)
		}
		p.end()
	})
	assert.Equal(t, []string{"", "100 of 250 rows, 2 seconds left \x1b[K", "198 of 250 rows, 1 seconds left \x1b[K",
		"250 of 250 rows, 0 seconds left \x1b[K", "\x1b[K"}, strings.Split(out.String(), "\r"))
}
