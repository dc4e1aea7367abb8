package mirror

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/vismatid/tid"
)

// NotDueError is a run that was not due, see [Options.IfOlderThan]. Nothing was requested
// and nothing written.
type NotDueError struct {
	Account string
	// Due is the time until a run is due.
	Due time.Duration
}

func (e *NotDueError) Error() string {
	return fmt.Sprintf("mirror: the account %q: a run is due in %s", e.Account, e.Due.Round(time.Second))
}

// retryAfter is when a run is due after one that failed; twice that after each more.
const retryAfter = 30 * time.Second

// clock is the clock by which runs are due: that of PostgreSQL, which all machines have in
// common; for a file that of this machine.
func (m *Mirror) clock(ctx context.Context, q querier, opts Options) (now time.Time, err error) {
	if m.dialect == SQLite {
		return opts.Now(), nil
	}
	err = q.QueryRowContext(ctx, "SELECT clock_timestamp()").Scan(&now)
	return now, err
}

func clockOf(opts Options) func() time.Time {
	if opts.Now == nil {
		return time.Now
	}
	return opts.Now
}

// Age is the time since the beginning of the last run that was complete: since then, every
// chosen list was read to its end, or refused for want of a permission. complete is false
// if there was none. Of the options, Account and Only count, and Now in SQLite.
func (m *Mirror) Age(ctx context.Context, opts Options) (age time.Duration, complete bool, err error) {
	which, err := chosen(opts)
	if err != nil {
		return 0, false, err
	}
	opts.Now = clockOf(opts)
	err = m.runs(ctx, m.db, which, opts, func(now time.Time, _, synced time.Time, _ int) bool {
		complete = !synced.IsZero()
		age = max(age, now.Sub(synced))
		return complete
	})
	if err != nil || !complete {
		age = 0
	}
	return age, complete, err
}

// due returns a NotDueError if no list is due.
func (m *Mirror) due(ctx context.Context, q querier, which []*list, opts Options) error {
	if opts.IfOlderThan <= 0 {
		return nil
	}
	left, due := opts.IfOlderThan, false
	err := m.runs(ctx, q, which, opts, func(now, tried, _ time.Time, failures int) bool {
		wait := opts.IfOlderThan
		if failures > 0 {
			wait = min(wait, retryAfter<<min(failures-1, 20))
		}
		age := now.Sub(tried)
		left = min(left, wait-age)
		due = left <= 0 || age < 0 // a run in the future is one of a clock that was wrong
		return !due
	})
	if err != nil || due {
		return err
	}
	return &NotDueError{Account: opts.Account, Due: left}
}

// runs calls do for each list, until it returns false, with the time, when the last run
// that ended by itself began, when the last one that was complete did, and how many have
// failed since. The times are zero if there was none.
func (m *Mirror) runs(ctx context.Context, q querier, which []*list, opts Options, do func(now, tried, synced time.Time, failures int) bool) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("mirror: when the account %q was read cannot be read from the database: %w", opts.Account, err)
		}
	}()
	now, err := m.clock(ctx, q, opts)
	if err != nil {
		return err
	}
	type last struct {
		tried, synced time.Time
		failures      int
	}
	known := make(map[string]last)
	rows, err := q.QueryContext(ctx, "SELECT list, coalesce(tried, ''), coalesce(synced, ''), failures FROM mirror_lists WHERE account = "+placeholder(m.dialect, 1), opts.Account)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var list, tried, synced string
		var l last
		if err := rows.Scan(&list, &tried, &synced, &l.failures); err != nil {
			return err
		}
		l.tried, _ = time.Parse(stampLayout, tried) // a text that is no time is none
		l.synced, _ = time.Parse(stampLayout, synced)
		known[list] = l
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, l := range which {
		if at := known[l.table.name]; !do(now, at.tried, at.synced, at.failures) {
			break
		}
	}
	return nil
}

// ended notes what a run has done with each list: failures has the errors, by list.
func (m *Mirror) ended(ctx context.Context, tx *sql.Tx, account string, began time.Time, which []*list, failures map[*list]error) error {
	var values []string
	args := []any{account, stamp(began)}
	add := func(value any) string {
		args = append(args, value)
		return placeholder(m.dialect, len(args))
	}
	for _, l := range which {
		row := "(" + placeholder(m.dialect, 1) + ", " + add(l.table.name) + ", " + placeholder(m.dialect, 2)
		if err := failures[l]; err != nil && !errors.Is(err, tid.ErrForbidden) {
			row += ", NULL, 1)"
		} else {
			row += ", " + placeholder(m.dialect, 2) + ", 0)"
		}
		values = append(values, row)
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO mirror_lists (account, list, tried, synced, failures) VALUES "+strings.Join(values, ", ")+`
		ON CONFLICT (account, list) DO UPDATE SET tried = excluded.tried, synced = coalesce(excluded.synced, mirror_lists.synced),
			failures = CASE WHEN excluded.failures = 0 THEN 0 ELSE mirror_lists.failures + 1 END`, args...)
	return err
}
