package mirror

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"modernc.org/sqlite"               // the driver "sqlite", too
	sqlite3 "modernc.org/sqlite/lib"
)

// schemaVersion is raised when an older program could not keep a newer database right.
const schemaVersion = 1

var (
	// ErrNotMirror is a database that has something else in it. Nothing was written.
	ErrNotMirror = errors.New("the database is no mirror")
	// ErrNewer is a mirror that a newer version of this package has made. Nothing was
	// written.
	ErrNewer = errors.New("the mirror was made by a newer version")
	// ErrBusy is an account that another process keeps at present, or has taken over.
	ErrBusy = errors.New("another process writes this account")
	// ErrOtherCompany is an account that was mirrored with another fingerprint before, and
	// without Options.Rebind now. Nothing was written.
	ErrOtherCompany = errors.New("the credentials are of another company than before")
)

// Mirror is a database that holds copies of accounts. It is safe for concurrent use.
type Mirror struct {
	db      *sql.DB
	dialect Dialect
	name    string // of the database, for errors: the URL may have a password
}

// busyTimeout is how long a locked SQLite file is waited for.
var busyTimeout = 10 * time.Second

// Open opens a mirror, and makes it in a database that is empty. The database is
// "sqlite:" and the name of a file, or a URL such as "postgres://user@host/database", of
// which the mirror has the current schema. A mirror of an older version gets the columns
// that the models have now; nothing is dropped. ErrNotMirror and ErrNewer as they say.
func Open(ctx context.Context, database string) (*Mirror, error) {
	m, err := connect(database)
	if err != nil {
		return nil, err
	}
	if err := m.prepare(ctx); err != nil {
		return nil, errors.Join(err, m.db.Close())
	}
	return m, nil
}

func connect(database string) (*Mirror, error) {
	scheme, rest, _ := strings.Cut(database, ":")
	switch {
	case scheme == "sqlite" && rest != "":
		if strings.HasPrefix(rest, ":") { // SQLite keeps :memory: in memory, each connection its own
			rest = "./" + rest
		}
		file, err := os.OpenFile(rest, os.O_RDWR|os.O_CREATE, 0o600) // it holds personal data
		if err == nil {
			err = file.Close()
		}
		if err != nil {
			return nil, fmt.Errorf("mirror: %w", err)
		}
		name := (&url.URL{Path: rest}).EscapedPath()
		db, err := sql.Open("sqlite", "file:"+name+fmt.Sprintf("?_pragma=busy_timeout(%d)", busyTimeout.Milliseconds())+"&_pragma=synchronous(NORMAL)&_pragma=wal_autocheckpoint(4000)&_pragma=cache_size(-16000)&_txlock=immediate")
		if err != nil {
			return nil, fmt.Errorf("mirror: %w", err)
		}
		return &Mirror{db: db, dialect: SQLite, name: "the file " + rest}, nil
	case scheme == "postgres" || scheme == "postgresql":
		authority, _, _ := strings.Cut(strings.TrimPrefix(rest, "//"), "/")
		authority, _, _ = strings.Cut(authority, "?")
		if strings.Count(authority, "@") > 1 { // the driver would look up the rest of the password as a host
			return nil, errors.New("mirror: the URL of the PostgreSQL database has more than one @ before the host: in a password it is written %40")
		}
		db, err := sql.Open("pgx", database)
		if err != nil {
			return nil, errors.New("mirror: the URL of the PostgreSQL database cannot be read") // the cause may show a password
		}
		return &Mirror{db: db, dialect: Postgres, name: "the PostgreSQL server"}, nil
	}
	return nil, errors.New(`mirror: a database is "sqlite:" and the name of a file, or a URL that begins with "postgres://"`)
}

// Close closes the database.
func (m *Mirror) Close() error { return m.db.Close() }

// DB is the database, for queries.
func (m *Mirror) DB() *sql.DB { return m.db }

// Dialect is the kind of the database.
func (m *Mirror) Dialect() Dialect { return m.dialect }

// prepare checks that the database is a mirror or empty, and brings its schema up to date,
// all in one transaction.
func (m *Mirror) prepare(ctx context.Context) error {
	current := schemaSum(m.dialect)
	if known, err := m.check(ctx, m.db); err != nil || known == current {
		return err
	}
	if m.dialect == SQLite { // stays with the file; not before it is known that the file is ours
		if _, err := m.db.ExecContext(ctx, "PRAGMA journal_mode = WAL"); err != nil {
			return fmt.Errorf("mirror: the database cannot be written: %w", m.explain(err))
		}
	}
	err := m.transaction(ctx, m.db, func(tx *sql.Tx) error {
		if m.dialect == Postgres {
			if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", lockKey("schema")); err != nil {
				return err
			}
		}
		if known, err := m.check(ctx, tx); err != nil || known == current { // another process was first
			return err
		}
		return m.migrate(ctx, tx, current)
	})
	if err != nil && !errors.Is(err, ErrNotMirror) && !errors.Is(err, ErrNewer) {
		return fmt.Errorf("mirror: the schema could not be brought up to date: %w", err)
	}
	return err
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	QueryRowContext(context.Context, string, ...any) *sql.Row
}

// check returns the checksum of the schema that the mirror has, "" in an empty database.
func (m *Mirror) check(ctx context.Context, q querier) (sum string, err error) {
	names := `SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite\_%' ESCAPE '\'`
	if m.dialect == Postgres {
		names = `SELECT relname FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
			AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')` // what extensions have put there
	}
	there, err := firstColumn(ctx, q, names)
	switch {
	case err != nil && strings.Contains(err.Error(), "file is not a database"):
		return "", fmt.Errorf("mirror: %w: the file is no SQLite database", ErrNotMirror)
	case err != nil:
		return "", fmt.Errorf("mirror: the database cannot be read: %w", m.explain(err))
	case len(there) == 0:
		return "", nil
	}
	if !slices.Contains(there, "mirror_meta") {
		return "", fmt.Errorf("mirror: %w: it has %s and no table mirror_meta. Name an empty database or a file that does not exist yet", ErrNotMirror, there[0])
	}
	meta := make(map[string]string)
	for _, name := range []string{"schema_version", "schema_sum"} {
		var value string
		if err := q.QueryRowContext(ctx, "SELECT value FROM mirror_meta WHERE name = "+placeholder(m.dialect, 1), name).Scan(&value); err != nil {
			return "", fmt.Errorf("mirror: %w: its table mirror_meta cannot be read: %v", ErrNotMirror, err)
		}
		meta[name] = value
	}
	version, err := strconv.Atoi(meta["schema_version"])
	switch {
	case err != nil:
		return "", fmt.Errorf("mirror: %w: its schema_version is %q", ErrNotMirror, meta["schema_version"])
	case version > schemaVersion:
		return "", fmt.Errorf("mirror: %w: its schema has version %d, and this program knows %d. Update the program", ErrNewer, version, schemaVersion)
	}
	return meta["schema_sum"], nil
}

// firstColumn is the first column of a query.
func firstColumn(ctx context.Context, q querier, query string, args ...any) (all []string, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, rows.Err()
}

// migrate makes what is missing.
func (m *Mirror) migrate(ctx context.Context, tx *sql.Tx, sum string) error {
	exec := func(query string, args ...any) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	}
	for _, statement := range ownTables {
		if err := exec(statement); err != nil {
			return err
		}
	}
	for _, l := range everyList() {
		grown := false
		for _, t := range append([]*table{l.table}, l.table.children...) {
			there, err := m.columnsOf(ctx, tx, t.name)
			if err != nil {
				return err
			}
			if len(there) == 0 {
				grown = true
				if err := exec(t.ddl(m.dialect)); err != nil {
					return err
				}
				continue
			}
			columns, _ := t.definitions(m.dialect)
			for _, c := range columns {
				if there[c[0]] {
					continue
				}
				grown = true
				if err := exec("ALTER TABLE " + t.name + " ADD COLUMN " + quote(c[0]) + " " + c[1]); err != nil {
					return err
				}
			}
		}
		if grown { // the list is read again, for the values of the new columns
			for _, noted := range []string{"mirror_lists", "mirror_parents"} {
				if err := exec("DELETE FROM "+noted+" WHERE list = "+placeholder(m.dialect, 1), l.table.name); err != nil {
					return err
				}
			}
			if l.table.hashed {
				if err := exec("UPDATE " + l.table.name + " SET row_hash = NULL"); err != nil {
					return err
				}
			}
		}
	}
	for _, v := range Views() {
		for _, statement := range v.ddl(m.dialect) {
			if err := exec(statement); err != nil {
				return err
			}
		}
	}
	for _, meta := range [][2]string{{"schema_version", strconv.Itoa(schemaVersion)}, {"schema_sum", sum}} {
		if err := exec("INSERT INTO mirror_meta (name, value) VALUES ("+placeholder(m.dialect, 1)+", "+placeholder(m.dialect, 2)+
			") ON CONFLICT (name) DO UPDATE SET value = excluded.value", meta[0], meta[1]); err != nil {
			return err
		}
	}
	return nil
}

// columnsOf are the columns that a table has; none if there is no such table.
func (m *Mirror) columnsOf(ctx context.Context, q querier, table string) (map[string]bool, error) {
	query := "SELECT name FROM pragma_table_xinfo(?1)"
	if m.dialect == Postgres {
		query = "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1"
	}
	names, err := firstColumn(ctx, q, query, table)
	there := make(map[string]bool, len(names))
	for _, name := range names {
		there[name] = true
	}
	return there, err
}

func schemaSum(d Dialect) string {
	sum := sha256.Sum256([]byte(Schema(d)))
	return hex.EncodeToString(sum[:8])
}

// beginner begins transactions: a database, or one connection to it.
type beginner interface {
	BeginTx(context.Context, *sql.TxOptions) (*sql.Tx, error)
}

// transaction calls do in a transaction, which is rolled back on an error or a panic.
func (m *Mirror) transaction(ctx context.Context, on beginner, do func(*sql.Tx) error) (err error) {
	defer func() { err = m.explain(err) }()
	tx, err := on.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // without effect after the Commit
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// explain says of an error of the database what to do about it.
func (m *Mirror) explain(err error) error {
	var lite *sqlite.Error
	var server *pgconn.PgError
	code := 0
	if errors.As(err, &lite) {
		code = lite.Code() & 0xff // without the extended part
	}
	isServer := errors.As(err, &server)
	switch {
	case err == nil:
		return nil
	case code == sqlite3.SQLITE_FULL, isServer && server.Code == "53100":
		return fmt.Errorf("%s has no space left. Make room and run again: nothing was written by half, and the next run goes on from here: %w", m.name, err)
	case code == sqlite3.SQLITE_BUSY, code == sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("%s is locked by another program, and was for %s. End what it does there and run again: %w", m.name, busyTimeout, err)
	case isServer && strings.HasPrefix(server.Code, "57P"), m.dialect == Postgres && !isServer && lost(err):
		return fmt.Errorf("the connection to %s was lost. Run again when it is there: nothing was written by half, and the next run goes on from here: %w", m.name, err)
	}
	return err
}

// lost reports whether an error says that a connection has ended.
func lost(err error) bool {
	var network *net.OpError
	return errors.As(err, &network) || pgconn.SafeToRetry(err) || errors.Is(err, pgconn.ErrConnClosed) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone)
}
