package main

import (
	"context"
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/examples/demo"
	"github.com/vismatid/tid/examples/demo/demotest"
	"github.com/vismatid/tid/tidtest"
)

// TestMain lets the test's binary be the program, as a process that can be killed.
func TestMain(m *testing.M) {
	if file := os.Getenv("FOLLOW_DB"); file != "" {
		demo.Options = []tid.Option{tid.WithLimiter(nil)}
		os.Exit(demo.Code(run(context.Background(), []string{"-db", file}, os.Stdout, os.Stderr), os.Stderr))
	}
	os.Exit(m.Run())
}

// fill puts n reports into an account, one created every quarter of an hour.
func fill(srv *tidtest.Server, n int) {
	reports := make([]tid.TimeReport, n)
	for i := range reports {
		stamp := tid.DateTimeOfWall(time.Date(2026, 1, 1, 8, 15*i, 0, 0, time.UTC))
		reports[i] = tid.TimeReport{ID: int64(i + 1), Date: stamp.Date(), Hours: tid.MustDecimal("8"), User: &tid.Ref{ID: 1, Name: "Eva Kvist"},
			InternalProject: &tid.Ref{ID: 1, Name: "Lager"}, CreatedDate: stamp, UpdatedDate: stamp}
	}
	srv.Load(&tidtest.Company{TimeReports: reports})
}

// comments are what the database has of each report.
func comments(t *testing.T, file string) map[int64]string {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	rows, err := db.QueryContext(t.Context(), `SELECT id, comment FROM reports`)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	stored := map[int64]string{}
	for rows.Next() {
		var id int64
		var comment string
		require.NoError(t, rows.Scan(&id, &comment))
		stored[id] = comment
	}
	require.NoError(t, rows.Err())
	return stored
}

// The process is killed again and again, and each time goes on where it was.
func TestAKilledRunIsGoneOnWith(t *testing.T) {
	const reports = 2000
	var requests atomic.Int64
	var process atomic.Pointer[os.Process]
	srv := tidtest.NewServer(t, tidtest.WithRateLimit(0), tidtest.WithBeforeRequest(func(_ *tidtest.Server, r tidtest.Request) {
		if r.Operation == "GET /v1/Core/TimeReports" && requests.Add(1)%6 == 0 {
			_ = process.Load().Kill()
		}
	}))
	fill(srv, reports)
	file := filepath.Join(t.TempDir(), "reports.db")
	deaths, before := 0, 0
	for {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), "FOLLOW_DB="+file, "VISMATID_APP_ID="+srv.AppID, "VISMATID_APP_SECRET="+srv.AppSecret,
			"VISMATID_TOKEN=", "VISMATID_BASE_URL="+srv.URL)
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &out
		require.NoError(t, cmd.Start())
		process.Store(cmd.Process)
		err := cmd.Wait()
		if err == nil {
			assert.Contains(t, out.String(), "reports written, 0 deleted")
			break
		}
		require.Equal(t, -1, cmd.ProcessState.ExitCode(), "killed, and nothing else: %s", out.String())
		now := len(comments(t, file))
		require.Greater(t, now, before, "a life brings the load forward")
		deaths, before = deaths+1, now
	}
	assert.GreaterOrEqual(t, deaths, 3)
	assert.Len(t, comments(t, file), reports)
	t.Logf("%d deaths, %d requests", deaths, requests.Load())
	assert.Less(t, requests.Load(), int64(2*reports/100+4), "no life begins again at the beginning")
}

func TestWhatChangesIsFollowed(t *testing.T) {
	now := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	srv := demotest.Server(t, tidtest.WithClock(func() time.Time { return now }))
	fill(srv, 250)
	file := filepath.Join(t.TempDir(), "reports.db")
	follow := func() demotest.Result { return demotest.Run(t.Context(), run, "-db", file) }
	assert.Equal(t, demotest.Result{Stdout: "250 reports written, 0 deleted\n"}, follow())
	assert.Equal(t, demotest.Result{Stdout: "0 reports written, 0 deleted\n"}, follow())
	srv.TimeReports.Update(7, func(r *tid.TimeReport) { r.Comment = "Ny" })
	srv.TimeReports.Delete(100)
	assert.Equal(t, demotest.Result{Stdout: "1 reports written, 1 deleted\n"}, follow())
	stored := comments(t, file)
	assert.Len(t, stored, 249)
	assert.Equal(t, "Ny", stored[7])
	assert.NotContains(t, stored, int64(100))
}

func TestFailures(t *testing.T) {
	file := filepath.Join(t.TempDir(), "reports.db")
	demotest.Help(t, run, 1, "-db file")
	demotest.Fail(t, run, 1, "-db", file)
}

func TestWithoutAnAccountAMadeUpCompanyIsFollowed(t *testing.T) {
	demotest.NoAccount(t)
	demotest.Options(t, tid.WithLimiter(nil))
	got := demotest.Run(t.Context(), run, "-db", filepath.Join(t.TempDir(), "reports.db"))
	assert.Zero(t, got.Code)
	assert.Regexp(t, `made-up company.*\n\d+ reports written, 0 deleted\n$`, got.Stdout)
}
