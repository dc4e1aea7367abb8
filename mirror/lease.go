package mirror

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// A lease makes a process the only writer of an account.
//
// In PostgreSQL it is an advisory lock of the session through which everything is written:
// when the process or the connection dies, the lock goes, and nothing can be written through
// that connection any more. The session is marked as well: a pooler that gives its clients
// any session, transaction by transaction, would share the lock among them, so that each
// transaction that writes checks the mark. In SQLite it is a row that its owner renews: each
// transaction that writes checks that row first.

const (
	leaseTime = 30 * time.Second // after which another process takes over from one that has died
	renewal   = 10 * time.Second // how often a lease is renewed
)

// lease is held until release.
type lease struct {
	m       *Mirror
	account string
	owner   string
	now     func() time.Time
	conn    *sql.Conn // of PostgreSQL
	stop    context.CancelFunc
	stopped chan struct{}
}

// lockKey is the key of an advisory lock.
func lockKey(name string) int64 {
	sum := sha256.Sum256([]byte("vismatid mirror " + name))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

func (m *Mirror) lease(ctx context.Context, account string, now func() time.Time) (*lease, error) {
	l := &lease{m: m, account: account, owner: rand.Text(), now: now, stop: func() {}, stopped: make(chan struct{})}
	if m.dialect == Postgres {
		close(l.stopped)
		return l, l.lock(ctx)
	}
	err := m.transaction(ctx, m.db, func(tx *sql.Tx) error {
		var until string
		err := tx.QueryRowContext(ctx, "SELECT until FROM mirror_leases WHERE account = ?1", account).Scan(&until)
		// One that ends later than a lease lasts was renewed last by a clock that was wrong.
		if err == nil && until > stamp(now()) && until <= stamp(now().Add(leaseTime)) {
			return ErrBusy
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO mirror_leases (account, owner, until) VALUES (?1, ?2, ?3)
			ON CONFLICT (account) DO UPDATE SET owner = excluded.owner, until = excluded.until`, account, l.owner, stamp(now().Add(leaseTime)))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("mirror: the account %q: %w", account, err)
	}
	renewing, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	go l.renew(renewing)
	return l, nil
}

// lock gets the advisory lock.
func (l *lease) lock(ctx context.Context) (err error) {
	if l.conn, err = l.m.db.Conn(ctx); err != nil {
		return fmt.Errorf("mirror: %w", err)
	}
	var got bool
	err = l.conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1)", lockKey("account "+l.account)).Scan(&got)
	if err == nil && !got {
		err = fmt.Errorf("the account %q: %w", l.account, ErrBusy)
	}
	if err != nil {
		return fmt.Errorf("mirror: %w", errors.Join(err, l.conn.Close()))
	}
	// For a machine that is gone without closing the connection: the keepalives, in seconds,
	// end one that is silent, and the timeout, in milliseconds, one that acknowledges nothing.
	_, err = l.conn.ExecContext(ctx, `SELECT set_config('mirror.lease', $1, false), set_config('tcp_keepalives_idle', '10', false),
		set_config('tcp_keepalives_interval', '5', false), set_config('tcp_keepalives_count', '3', false), set_config('tcp_user_timeout', '25000', false)`, l.owner)
	var other string
	if err == nil {
		err = l.m.db.QueryRowContext(ctx, "SELECT "+mark).Scan(&other)
	}
	if err == nil && other == l.owner {
		err = errPooler
	}
	if err != nil {
		return fmt.Errorf("mirror: the account %q: %w", l.account, errors.Join(err, l.release(ctx)))
	}
	return nil
}

// mark is the owner of the lease that the session of PostgreSQL holds.
const mark = "coalesce(current_setting('mirror.lease', true), '')"

var errPooler = errors.New("the connection to PostgreSQL changes its session, as through a pooler in transaction mode, which holds no lease. Connect to PostgreSQL itself, or to a pooler in pool mode session")

// renew renews the lease until release: a run can wait longer than the lease lasts, for a
// rate limit or an API that is being restarted.
func (l *lease) renew(ctx context.Context) {
	defer close(l.stopped)
	ticker := time.NewTicker(renewal)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			// A failure is left to the next transaction, which checks the lease as well.
			_ = l.m.transaction(ctx, l.m.db, func(tx *sql.Tx) error { return l.check(ctx, tx) })
		}
	}
}

// check makes sure in a transaction that the lease is held, and renews it.
func (l *lease) check(ctx context.Context, tx *sql.Tx) error {
	if l.m.dialect == Postgres { // the transaction is on the connection that got the lock
		var owner string
		err := tx.QueryRowContext(ctx, "SELECT "+mark).Scan(&owner)
		if err == nil && owner != l.owner {
			err = fmt.Errorf("mirror: the account %q: %w", l.account, errPooler)
		}
		return err
	}
	result, err := tx.ExecContext(ctx, "UPDATE mirror_leases SET until = ?1 WHERE account = ?2 AND owner = ?3", stamp(l.now().Add(leaseTime)), l.account, l.owner)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, fmt.Errorf("mirror: the account %q was taken over after a pause: %w", l.account, ErrBusy))
	}
	return nil
}

// grace is how long a transaction that has begun may go on when its context has ended.
const grace = 10 * time.Second

// write calls do in a transaction that only the holder of the lease can commit. If ctx ends
// meanwhile, the transaction is finished: do gets a context that ends later.
func (l *lease) write(ctx context.Context, do func(context.Context, *sql.Tx) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	ended := ctx
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ended, func() { time.AfterFunc(grace, cancel) })()
	var on beginner = l.m.db
	if l.conn != nil {
		on = l.conn
	}
	return l.m.transaction(ctx, on, func(tx *sql.Tx) error {
		if err := l.check(ctx, tx); err != nil {
			return err
		}
		return do(ctx, tx)
	})
}

// release gives the account to others.
func (l *lease) release(ctx context.Context) error {
	l.stop()
	<-l.stopped
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if l.m.dialect == SQLite {
		_, err := l.m.db.ExecContext(ctx, "DELETE FROM mirror_leases WHERE account = ?1 AND owner = ?2", l.account, l.owner)
		return err
	}
	if _, err := l.conn.ExecContext(ctx, "SELECT pg_advisory_unlock($1), set_config('mirror.lease', '', false)", lockKey("account "+l.account)); err != nil {
		_ = l.conn.Raw(func(any) error { return driver.ErrBadConn }) // closes it, and the lock goes
	}
	_ = l.conn.Close() // it may be closed already
	return nil
}

// stamp is a moment as the mirror writes it: UTC, in microseconds.
func stamp(at time.Time) string { return at.UTC().Format(stampLayout) }

const stampLayout = "2006-01-02 15:04:05.000000"
