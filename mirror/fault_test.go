package mirror

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"modernc.org/sqlite"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// fullPages is the number of pages at which SQLite files are full; 0 is none.
var fullPages atomic.Int64

func init() {
	sqlite.RegisterConnectionHook(func(c sqlite.ExecQuerierContext, _ string) error {
		if n := fullPages.Load(); n > 0 {
			_, err := c.ExecContext(context.Background(), fmt.Sprintf("PRAGMA max_page_count = %d", n), nil)
			return err
		}
		return nil
	})
}

func TestAFullDiskLeavesNothingByHalfAndTheNextRunGoesOn(t *testing.T) {
	srv, client := company(t)
	database := emptyDatabase(t, SQLite)
	m := open(t, database)
	var empty, full int64
	require.NoError(t, m.db.QueryRow("PRAGMA page_count").Scan(&empty))
	require.NoError(t, m.Close())
	t.Cleanup(func() { fullPages.Store(0) })
	for n := range 4 {
		full = empty + int64(20+60*n)
		fullPages.Store(full)
		m = open(t, database)
		report, err := m.Sync(t.Context(), client, Options{Account: "acme"})
		require.ErrorContains(t, err, "tid 100%?.db has no space left. Make room and run again")
		last := report.Lists[len(report.Lists)-1]
		assert.Contains(t, last.Error, "no space left", "the run ended there")
		if n == 0 {
			for _, l := range report.Lists {
				assert.Equal(t, fmt.Sprint(l.Written), value(t, m, "SELECT count(*) FROM "+l.Table), l.Table)
			}
		}
		require.NoError(t, m.Close())
	}
	fullPages.Store(0)
	m = open(t, database)
	syncAll(t, m, client)
	requireEqual(t, m, srv, "acme")
	assert.Equal(t, "ok", value(t, m, "PRAGMA integrity_check"))
}

func TestALockedFileIsAnErrorThatNamesIt(t *testing.T) {
	before := busyTimeout
	busyTimeout = 100 * time.Millisecond
	t.Cleanup(func() { busyTimeout = before })
	_, client := company(t)
	database := emptyDatabase(t, SQLite)
	m := open(t, database)
	other, err := connect(database)
	require.NoError(t, err)
	defer func() { require.NoError(t, other.Close()) }()
	tx, err := other.db.Begin() // for writing
	require.NoError(t, err)
	_, err = m.Sync(t.Context(), client, Options{Account: "acme"})
	require.ErrorContains(t, err, "tid 100%?.db is locked by another program")
	require.NoError(t, tx.Rollback())
	syncAll(t, m, client)

	fresh := emptyDatabase(t, SQLite)
	another, err := connect(fresh)
	require.NoError(t, err)
	defer func() { require.NoError(t, another.Close()) }()
	tx, err = another.db.Begin()
	require.NoError(t, err)
	_, err = Open(t.Context(), fresh)
	require.ErrorContains(t, err, "tid 100%?.db is locked by another program")
	require.NoError(t, tx.Rollback())
}

// TestAfterTheServerWasRestartedTheNextRunGoesOn crashes PostgreSQL within runs.
func TestAfterTheServerWasRestartedTheNextRunGoesOn(t *testing.T) {
	database := emptyDatabase(t, Postgres)
	restart := os.Getenv("MIRROR_POSTGRES_RESTART")
	if restart == "" {
		t.Skip("MIRROR_POSTGRES_RESTART is not set")
	}
	var left atomic.Int64
	srv, _ := company(t, tidtest.WithBeforeRequest(func(*tidtest.Server, tidtest.Request) {
		if left.Add(-1) == 0 {
			out, err := exec.Command(restart).CombinedOutput()
			assert.NoError(t, err, "%s", out)
		}
	}))
	client := srv.Client(tid.WithLimiter(nil))
	for _, n := range []int64{20, 40} {
		m := open(t, database)
		left.Store(n)
		report, err := m.Sync(t.Context(), client, Options{Account: "acme"})
		require.ErrorContains(t, err, "the connection to the PostgreSQL server was lost. Run again")
		assert.Less(t, len(report.Lists), len(lists), "the run ended there")
		assert.NotContains(t, err.Error(), "postgres@")
	}
	left.Store(0)
	m := open(t, database)
	syncAll(t, m, client)
	requireEqual(t, m, srv, "acme")
}

// TestAfterTheConnectionWasEndedTheNextRunGoesOn ends connections as an administrator does.
func TestAfterTheConnectionWasEndedTheNextRunGoesOn(t *testing.T) {
	database := emptyDatabase(t, Postgres)
	other, err := sql.Open("pgx", os.Getenv("MIRROR_POSTGRES"))
	require.NoError(t, err)
	defer func() { require.NoError(t, other.Close()) }()
	var left atomic.Int64
	srv, _ := company(t, tidtest.WithBeforeRequest(func(*tidtest.Server, tidtest.Request) {
		if left.Add(-1) == 0 {
			_, err := other.Exec("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name = 'ended'")
			assert.NoError(t, err)
		}
	}))
	m := open(t, database+"&application_name=ended")
	for _, n := range []int64{3, 30} {
		left.Store(n)
		_, err := m.Sync(t.Context(), srv.Client(tid.WithLimiter(nil)), Options{Account: "acme"})
		require.ErrorContains(t, err, "the connection to the PostgreSQL server was lost")
		assert.Equal(t, 1, strings.Count(err.Error(), "Run again when"), "said once: %v", err)
	}
	left.Store(0)
	syncAll(t, m, srv.Client(tid.WithLimiter(nil)))
	requireEqual(t, m, srv, "acme")
}
