// Follow keeps a copy of all time reports in a SQLite database: the first run
// loads everything, each run after it what has changed, and what was deleted goes.
//
//	go run . -db reports.db
//
// A run may end at any moment, by Ctrl-C, a crash or a power cut: the rows and the
// cursor that tells how far they go are written in one transaction, so that the next
// run goes on exactly there. It is a module of its own, so that the database driver
// stays out of the SDK.
//
// It reads the account that the VISMATID_ variables name; without them, a made-up
// company on a fake server.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"

	_ "modernc.org/sqlite"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/examples/demo"
	"github.com/vismatid/tid/tidtest"
)

func main() { demo.Main(run) }

const schema = `
CREATE TABLE IF NOT EXISTS reports (id INTEGER PRIMARY KEY, created TEXT, day TEXT, hours TEXT, user TEXT, comment TEXT);
CREATE TABLE IF NOT EXISTS cursors (list TEXT PRIMARY KEY, cursor TEXT NOT NULL);`

func run(ctx context.Context, args []string, stdout, _ io.Writer) (err error) {
	flags := demo.Flags("follow", "Follow keeps a copy of all time reports in a SQLite database.")
	file := flags.String("db", "reports.db", "the database `file`")
	if err := demo.Parse(flags, args, stdout); err != nil {
		return err
	}
	client, done, err := demo.Open(stdout, func() *tidtest.Company { return tidtest.Sample(1, 12) })
	if err != nil {
		return err
	}
	defer done()
	db, err := sql.Open("sqlite", *file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return err
	}
	changed, err := follow(ctx, client, db)
	if err != nil {
		return err
	}
	deleted, err := sweep(ctx, client, db)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%d reports written, %d deleted\n", changed, deleted)
	return err
}

// batch is how many reports are written in one transaction.
const batch = 100

// follow writes what has changed since the last run.
func follow(ctx context.Context, client *tid.Client, db *sql.DB) (changed int, err error) {
	cursor, err := load(ctx, db)
	if err != nil {
		return 0, err
	}
	var reports []*tid.TimeReport
	for report, err := range client.TimeReports.Follow(ctx, &cursor, nil) {
		if err != nil {
			return changed, err
		}
		if len(reports) == batch { // the cursor has passed these, and not the one that comes
			if err := save(ctx, db, reports, &cursor); err != nil {
				return changed, err
			}
			changed, reports = changed+len(reports), reports[:0]
		}
		reports = append(reports, report)
	}
	return changed + len(reports), save(ctx, db, reports, &cursor)
}

func load(ctx context.Context, db *sql.DB) (cursor tid.Cursor, err error) {
	var text string
	err = db.QueryRowContext(ctx, `SELECT cursor FROM cursors WHERE list = 'TimeReports'`).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return cursor, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &cursor)
	}
	return cursor, err
}

// save writes reports, and the cursor that has passed them, in one transaction.
func save(ctx context.Context, db *sql.DB, reports []*tid.TimeReport, cursor *tid.Cursor) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // without effect after the Commit
	for _, r := range reports {
		user := ""
		if r.User != nil {
			user = r.User.Name
		}
		if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO reports VALUES (?, ?, ?, ?, ?, ?)`,
			r.ID, r.CreatedDate, r.Date, r.Hours.String(), user, r.Comment); err != nil {
			return err
		}
	}
	text, err := json.Marshal(cursor)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO cursors VALUES ('TimeReports', ?)`, string(text)); err != nil {
		return err
	}
	return tx.Commit()
}

// sweep removes what has been deleted.
func sweep(ctx context.Context, client *tid.Client, db *sql.DB) (deleted int, err error) {
	known, err := stored(ctx, db)
	if err != nil {
		return 0, err
	}
	for id, err := range client.TimeReports.Gone(ctx, maps.All(known)) {
		if err != nil {
			return deleted, err
		}
		if _, err := db.ExecContext(ctx, `DELETE FROM reports WHERE id = ?`, id); err != nil {
			return deleted, err
		}
		deleted++
	}
	return deleted, nil
}

// stored is when each report that is stored was created, by its id.
func stored(ctx context.Context, db *sql.DB) (known map[int64]tid.DateTime, err error) {
	rows, err := db.QueryContext(ctx, `SELECT id, created FROM reports`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	known = make(map[int64]tid.DateTime)
	for rows.Next() {
		var id int64
		var created tid.DateTime
		if err := rows.Scan(&id, &created); err != nil {
			return nil, err
		}
		known[id] = created
	}
	return known, rows.Err()
}
