package mirror

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// later makes the mirror look as if everything of it had happened earlier by d, whatever
// the clock.
func later(t *testing.T, m *Mirror, d time.Duration) {
	t.Helper()
	ago := fmt.Sprintf("strftime('%%Y-%%m-%%d %%H:%%M:%%f000', %%[1]s, '-%f seconds')", d.Seconds())
	if m.dialect == Postgres {
		ago = fmt.Sprintf("to_char(%%[1]s::timestamp - interval '%f seconds', 'YYYY-MM-DD HH24:MI:SS.US')", d.Seconds())
	}
	_, err := m.db.Exec(fmt.Sprintf("UPDATE mirror_lists SET tried = "+ago+", synced = ", "tried") + fmt.Sprintf(ago, "synced"))
	require.NoError(t, err)
}

func TestARunThatAnotherProcessHasDoneIsNotDoneAgain(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		database := emptyDatabase(t, d)
		m, other := open(t, database), open(t, database)
		srv, client := company(t)
		opts := Options{Account: "acme", Only: []string{"activities", "time_codes"}, IfOlderThan: time.Hour}
		_, complete, err := other.Age(t.Context(), opts)
		require.NoError(t, err)
		assert.False(t, complete)
		_, err = m.Sync(t.Context(), client, opts)
		require.NoError(t, err)
		srv.ResetRequests()

		var notDue *NotDueError
		_, err = other.Sync(t.Context(), client, opts)
		require.ErrorAs(t, err, &notDue)
		assert.Equal(t, "acme", notDue.Account)
		assert.InDelta(t, time.Hour, notDue.Due, float64(time.Minute))
		assert.Empty(t, srv.Requests())
		age, complete, err := other.Age(t.Context(), opts)
		require.NoError(t, err)
		assert.True(t, complete)
		assert.Less(t, age, time.Minute)

		all := opts
		all.Only = append(all.Only, "articles")
		_, err = other.Sync(t.Context(), client, all)
		require.NoError(t, err, "a list that was not read before is due")
		one := opts
		one.Account = "other"
		_, err = other.Sync(t.Context(), client, one)
		require.NoError(t, err, "another account")
		later(t, m, time.Hour)
		_, err = other.Sync(t.Context(), client, opts)
		require.NoError(t, err, "an hour later")
		opts.IfOlderThan = 0
		_, err = m.Sync(t.Context(), client, opts)
		require.NoError(t, err, "a run that does not ask for it")
		opts.IfOlderThan = time.Hour
		later(t, m, -24*time.Hour)
		_, err = m.Sync(t.Context(), client, opts)
		require.NoError(t, err, "a run in the future is one of a clock that was wrong")
	})
}

func TestOfManyAtTheSameTimeOneRuns(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		database := emptyDatabase(t, d)
		srv, client := company(t)
		var wait sync.WaitGroup
		results := make([]error, 10)
		for i := range results {
			m := open(t, database)
			wait.Go(func() {
				_, results[i] = m.Sync(context.Background(), client, Options{Account: "acme", Only: []string{"time_codes"}, IfOlderThan: time.Hour})
			})
		}
		wait.Wait()
		ran := 0
		for _, err := range results {
			var notDue *NotDueError
			if err == nil {
				ran++
				continue
			}
			assert.True(t, errors.Is(err, ErrBusy) || errors.As(err, &notDue), "%v", err)
		}
		assert.Equal(t, 1, ran)
		assert.Len(t, srv.Requests(), 2, "for the token and the list")
	})
}

// With a wrong clock of one machine, the clock of PostgreSQL counts for all.
func TestWhenARunIsDueIsToldByTheClockOfPostgreSQL(t *testing.T) {
	m := newMirror(t, Postgres)
	_, client := company(t)
	opts := Options{Account: "acme", Only: []string{"time_codes"}, IfOlderThan: time.Hour}
	_, err := m.Sync(t.Context(), client, opts)
	require.NoError(t, err)
	for _, wrong := range []time.Duration{-48 * time.Hour, 48 * time.Hour} {
		opts.Now = func() time.Time { return time.Now().Add(wrong) }
		var notDue *NotDueError
		_, err = m.Sync(t.Context(), client, opts)
		require.ErrorAs(t, err, &notDue)
	}
}

func TestARunThatFailedIsDueSoonAndThenLessAndLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMirror(t, SQLite)
		srv, client := company(t)
		opts := Options{Account: "acme", Only: []string{"activities", "time_codes"}, IfOlderThan: 5 * time.Minute}
		due := func() time.Duration {
			var notDue *NotDueError
			_, err := m.Sync(t.Context(), client, opts)
			require.ErrorAs(t, err, &notDue)
			return notDue.Due
		}
		_, err := m.Sync(t.Context(), client, opts)
		require.NoError(t, err)
		srv.Inject(tidtest.Fault{Operation: "GET /v1/Admin/Activities", Share: 1, Effect: tidtest.Answer(400, "")})
		for _, wait := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 5 * time.Minute, 5 * time.Minute} {
			time.Sleep(due())
			_, err = m.Sync(t.Context(), client, opts)
			require.ErrorContains(t, err, "400")
			assert.Equal(t, wait, due())
		}
		age, complete, err := m.Age(t.Context(), opts)
		require.NoError(t, err)
		assert.True(t, complete)
		assert.Equal(t, 17*time.Minute+30*time.Second, age, "of the last run that was complete")
		srv.ClearFaults()
		srv.Inject(tidtest.Fault{Operation: "GET /v1/Admin/Activities", Effect: tidtest.Answer(403, "")})
		time.Sleep(due())
		_, err = m.Sync(t.Context(), client, opts)
		require.ErrorIs(t, err, tid.ErrForbidden)
		assert.Equal(t, 5*time.Minute, due(), "a permission that is missing makes no run incomplete")
	})
}

func TestARunThatWasInterruptedIsDueAtOnce(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		m := newMirror(t, d)
		ctx, cancel := context.WithCancel(t.Context())
		_, client := company(t, tidtest.WithBeforeRequest(func(_ *tidtest.Server, r tidtest.Request) {
			if r.Operation == "GET /v1/Admin/Articles" {
				cancel()
			}
		}))
		opts := Options{Account: "acme", Only: []string{"activities", "articles"}, IfOlderThan: time.Hour}
		_, err := m.Sync(ctx, client, opts)
		require.ErrorIs(t, err, context.Canceled)
		_, err = m.Sync(t.Context(), client, opts)
		require.NoError(t, err)
	})
}

func TestRunsAtTheSameTimeNeedAConnectionEachAndOneMore(t *testing.T) {
	const accounts = 6
	m := newMirror(t, Postgres)
	m.DB().SetMaxOpenConns(accounts + 1)
	_, client := company(t)
	var all, wait sync.WaitGroup
	all.Add(accounts)
	for n := range accounts {
		var once sync.Once
		wait.Go(func() {
			_, err := m.Sync(t.Context(), client, Options{Account: fmt.Sprint(n), Progress: func(Progress) {
				once.Do(func() { all.Done(); all.Wait() }) // each has its lease before any goes on
			}})
			assert.NoError(t, err)
		})
	}
	wait.Wait()
}

func TestPostgreSQLNoticesSoonThatAMachineIsGone(t *testing.T) {
	m := newMirror(t, Postgres)
	held, err := m.lease(t.Context(), "acme", time.Now)
	require.NoError(t, err)
	of := func(name string) (n int) {
		require.NoError(t, held.conn.QueryRowContext(t.Context(), "SELECT setting::int FROM pg_settings WHERE name = $1", name).Scan(&n))
		return n
	}
	assert.Equal(t, 25, of("tcp_keepalives_idle")+of("tcp_keepalives_interval")*of("tcp_keepalives_count"), "seconds of silence")
	assert.Equal(t, 25_000, of("tcp_user_timeout"), "milliseconds without an acknowledgement")
	require.NoError(t, held.release(t.Context()))
}

// A pooler such as PgBouncer in transaction mode gives each transaction any session.
func TestALeaseWhoseSessionAPoolerHasGivenAwayWritesNothing(t *testing.T) {
	m := newMirror(t, Postgres)
	held, err := m.lease(t.Context(), "acme", time.Now)
	require.NoError(t, err)
	_, err = held.conn.ExecContext(t.Context(), "RESET ALL")
	require.NoError(t, err)
	err = held.write(t.Context(), func(context.Context, *sql.Tx) error { return errors.New("must not be called") })
	require.ErrorContains(t, err, "pool mode session")
	require.NoError(t, held.release(t.Context()))
	_, client := company(t)
	_, err = m.Sync(t.Context(), client, Options{Account: "acme", Only: []string{"time_codes"}})
	require.NoError(t, err)
}

func TestATransactionThatHasBegunIsFinishedWhenTheContextEnds(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		m := newMirror(t, d)
		held, err := m.lease(t.Context(), "acme", time.Now)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		note := func(ctx context.Context, tx *sql.Tx) error {
			cancel()
			_, err := tx.ExecContext(ctx, "INSERT INTO mirror_accounts (account, fingerprint) VALUES ('acme', '')")
			return err
		}
		require.NoError(t, held.write(ctx, note))
		assert.Equal(t, "1", value(t, m, "SELECT count(*) FROM mirror_accounts"))
		require.ErrorIs(t, held.write(ctx, note), context.Canceled, "none begins after that")
		require.NoError(t, held.release(ctx))
	})
}
