package mirror

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/internal/scan"
	"github.com/vismatid/tid/internal/tap"
)

// Options choose what a run of [Mirror.Sync] does.
type Options struct {
	// Account names the account in the mirror, in the column account of every table. It is
	// required: a text in UTF-8 without NUL.
	Account string
	// Only are the lists to read, as [Tables] names them, with _ or with -. If it is empty,
	// they are all but those that Nested is about.
	Only []string
	// Nested reads the comments of projects, and the comments, checklists and attachments
	// of tasks as well, of those lists that are read. The API has a list of them for each
	// project and task: the first run sends as many requests, and each one after it one
	// for each project or task that is new or has changed, and for the one that was read
	// longest ago. Where a new comment does not change its project, it shows when it is its
	// turn, and with Whole at once.
	Nested bool
	// Fingerprint tells one company from another, see [Fingerprint]. An account that was
	// mirrored with another one before is refused with ErrOtherCompany. If it is empty,
	// nothing is compared.
	Fingerprint string
	// Rebind takes Fingerprint in the place of another one: the company has a new application
	// or token. If the credentials are of another company all the same, the rows of the one
	// before are marked as deleted.
	Rebind bool
	// Whole compares every list with the API's as a whole, a request for each hundred rows,
	// so that changes of old rows and deletions that other runs find later are found at
	// once.
	Whole bool
	// Progress is called when a list begins, and after each page that was read and each
	// batch that was written, one call at a time. It must be fast.
	Progress func(Progress)
	// IfOlderThan is for processes that share out accounts: it refuses a run that is not due
	// with a NotDueError, before any request. A run is due when this time has passed since
	// the last complete one began, whichever process did that; after a run that failed, half a
	// minute after it began, twice that after each more, and IfOlderThan at most; after one
	// that was interrupted or died, at once. In PostgreSQL the time is that of its own clock.
	// 0 is always due.
	IfOlderThan time.Duration
	// Now is the clock of first_seen, changed and deleted_at, and in SQLite of the lease and
	// of IfOlderThan; time.Now if nil.
	Now func() time.Time
}

// Fingerprint makes a fingerprint of what belongs to one company alone, such as the id of
// its API application. It does not show what it was made of.
func Fingerprint(of string) string {
	sum := sha256.Sum256([]byte("vismatid mirror " + of))
	return hex.EncodeToString(sum[:8])
}

// Progress is how far a list has come.
type Progress struct {
	// Table is the list.
	Table string `json:"table"`
	// Total is the number of rows that the API counts in the list, 0 if it does not.
	Total int `json:"total"`
	// Read is the number of rows that were read so far, unchanged ones included.
	Read int `json:"read"`
	// Requests, Written and Deleted are those of the list so far, as in [ListReport].
	Requests int `json:"requests"`
	Written  int `json:"written"`
	Deleted  int `json:"deleted"`
}

// Report is what a run has done.
type Report struct {
	Account string `json:"account"`
	// Lists are the lists that were read, in that order.
	Lists []ListReport `json:"lists"`
	// Took is how long the run took.
	Took time.Duration `json:"took"`
}

// ListReport is what a run has done with one list.
type ListReport struct {
	Table string `json:"table"`
	// Requests are the requests that were sent, retries included.
	Requests int `json:"requests"`
	// Written are the rows that were new or had changed.
	Written int `json:"written"`
	// Deleted are the rows that were found to be deleted.
	Deleted int `json:"deleted"`
	// Took is how long it took.
	Took time.Duration `json:"took"`
	// Error is what went wrong, "" if nothing did. Skipped says that the application has no
	// permission to read the list.
	Error   string `json:"error,omitempty"`
	Skipped bool   `json:"skipped,omitempty"`
}

const (
	batchRows   = 1000
	batchDetail = 50 // of lists with details, each of which is a request
	detailsOnce = 4  // details that are requested at the same time
)

// Sync brings the copy of an account up to date: all of it the first time, then what has
// changed and what was deleted. Rows and how far they go are written in one transaction, so
// that a run that is ended in any way is continued by the next one.
//
// A list that cannot be read is named in the report and in the error, and the others are
// read all the same; errors.Is finds tid.ErrForbidden where a permission is missing. Errors
// of the database, of ctx and of the credentials end the run. The report is never nil
// unless the run did not begin: ErrBusy while another process writes the account,
// ErrOtherCompany as it says, NotDueError as [Options.IfOlderThan] says.
func (m *Mirror) Sync(ctx context.Context, client *tid.Client, opts Options) (report *Report, err error) {
	which, err := chosen(opts)
	switch {
	case err != nil:
		return nil, err
	case client == nil:
		return nil, errors.New("mirror: the client is nil")
	}
	opts.Now = clockOf(opts)
	if err := m.sameCompany(ctx, m.db, opts); err != nil {
		return nil, err
	}
	if err := m.due(ctx, m.db, which, opts); err != nil {
		return nil, err
	}
	held, err := m.lease(ctx, opts.Account, opts.Now)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, held.release(ctx)) }()
	var at time.Time // by the clock by which runs are due
	err = held.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if err := m.due(ctx, tx, which, opts); err != nil { // another process was first
			return err
		}
		if at, err = m.clock(ctx, tx, opts); err != nil {
			return err
		}
		return m.bind(ctx, tx, opts)
	})
	if err != nil {
		return nil, err
	}
	began := time.Now()
	report = &Report{Account: opts.Account}
	var failures []error
	failed := make(map[*list]error)
	for i, l := range which {
		r := &run{m: m, client: client, opts: opts, lease: held, list: l, raw: make(map[weak.Pointer[byte]][]byte)}
		listReport, err := r.sync(ctx)
		report.Lists, report.Took = append(report.Lists, listReport), time.Since(began)
		if err == nil {
			continue
		}
		failures = append(failures, fmt.Errorf("%s: %w", l.table.name, err))
		failed[l] = err
		var refused *tid.Error
		goesOn := errors.As(err, &refused) && !errors.Is(err, tid.ErrUnauthorized) || errors.Is(err, errNoFit)
		if !goesOn || ctx.Err() != nil {
			for _, l := range which[i:] {
				failed[l] = err
			}
			break
		}
	}
	if ctx.Err() == nil {
		err := held.write(ctx, func(ctx context.Context, tx *sql.Tx) error { return m.ended(ctx, tx, opts.Account, at, which, failed) })
		if err != nil && len(failures) == 0 { // else it is of the same cause
			failures = append(failures, err)
		}
	}
	return report, errors.Join(failures...)
}

// sameCompany compares the fingerprint with that of the runs before.
func (m *Mirror) sameCompany(ctx context.Context, q querier, opts Options) error {
	var before string
	err := q.QueryRowContext(ctx, "SELECT fingerprint FROM mirror_accounts WHERE account = "+placeholder(m.dialect, 1), opts.Account).Scan(&before)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("mirror: the database cannot be read: %w", m.explain(err))
	case before != "" && opts.Fingerprint != "" && before != opts.Fingerprint && !opts.Rebind:
		return fmt.Errorf("mirror: the account %q: %w. Give another company another name of an account. If the same company has a new application or token, run once with Rebind (tid mirror --rebind)", opts.Account, ErrOtherCompany)
	}
	return nil
}

// bind notes the fingerprint of an account.
func (m *Mirror) bind(ctx context.Context, tx *sql.Tx, opts Options) error {
	if err := m.sameCompany(ctx, tx, opts); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO mirror_accounts (account, fingerprint) VALUES ("+placeholder(m.dialect, 1)+", "+placeholder(m.dialect, 2)+
		") ON CONFLICT (account) DO UPDATE SET fingerprint = excluded.fingerprint WHERE excluded.fingerprint <> ''", opts.Account, opts.Fingerprint)
	return err
}

// run reads one list.
type run struct {
	m      *Mirror
	client *tid.Client
	opts   Options
	lease  *lease
	list   *list

	requests         atomic.Int64
	written, deleted int

	mu    sync.Mutex
	raw   map[weak.Pointer[byte]][]byte // the JSON of rows and details that have not been written; not all rows that are read come
	kept  int                           // the length of raw when it was last cleared of rows that will not come
	total int                           // rows of the list, as the last answer counts them
	moved bool                          // another answer has counted them differently
	read  int                           // rows that were read
}

func (r *run) sync(ctx context.Context) (ListReport, error) {
	began := time.Now()
	ctx = tap.With(ctx, &tap.Tap{Attempt: func() { r.requests.Add(1) }, Answer: r.answer})
	read := r.compare
	switch {
	case r.list.parents != nil:
		read = r.nested
	case r.list.follow != nil:
		read = r.follow
	}
	r.mu.Lock()
	r.progress()
	r.mu.Unlock()
	err := read(ctx)
	report := ListReport{Table: r.list.table.name, Requests: int(r.requests.Load()), Written: r.written, Deleted: r.deleted, Took: time.Since(began)}
	if err != nil {
		report.Error, report.Skipped = err.Error(), errors.Is(err, tid.ErrForbidden)
	}
	return report, err
}

// answer keeps the JSON of what the API has answered.
func (r *run) answer(out any, body []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := reflect.ValueOf(out).Elem()
	items := v.FieldByName("Items")
	if !items.IsValid() {
		r.keep(reflect.ValueOf(out), body)
		return
	}
	total := int(v.FieldByName("TotalItemCount").Int())
	r.moved = r.moved || r.total != 0 && r.total != total
	r.total = total
	at := 0
	scan.Members(body, func(name, value []byte) bool {
		if !strings.EqualFold(string(name), "items") {
			return true
		}
		scan.Elements(value, func(element []byte) bool {
			if string(element) != "null" && at < items.Len() {
				r.keep(items.Index(at), element)
				at++
			}
			return true
		})
		return true
	})
	r.progress()
}

// keep keeps the JSON of an item as long as there is the item. Calls come with r.mu held.
func (r *run) keep(item reflect.Value, raw []byte) {
	r.raw[weak.Make((*byte)(item.UnsafePointer()))] = raw
	if len(r.raw) >= 2*r.kept {
		maps.DeleteFunc(r.raw, func(item weak.Pointer[byte], _ []byte) bool { return item.Value() == nil })
		r.kept = max(len(r.raw), 10*pageRows)
	}
}

// progress reports how far the list has come. Calls come one at a time: with r.mu held.
func (r *run) progress() {
	if r.opts.Progress != nil {
		total := r.total
		if r.list.parents != nil { // it is that of one of many lists
			total = 0
		}
		r.opts.Progress(Progress{Table: r.list.table.name, Total: total, Read: r.read, Requests: int(r.requests.Load()), Written: r.written, Deleted: r.deleted})
	}
}

// count is the number of rows of the list, as the last answer has it.
func (r *run) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.total
}

// take returns the JSON of an item and forgets it.
func (r *run) take(item any) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := weak.Make((*byte)(reflect.ValueOf(item).UnsafePointer()))
	raw, ok := r.raw[at]
	delete(r.raw, at)
	if !ok {
		raw, _ = json.Marshal(item) // the answer was not the JSON that it was decoded from, but for example mended
	}
	return raw
}

// next makes a row of an item of the list.
func (r *run) next(item any) (row, error) {
	one := row{id: reflect.ValueOf(item).Elem().FieldByName("ID").Int(), item: item, raw: r.take(item)}
	r.mu.Lock()
	r.read++
	r.mu.Unlock()
	if one.id < 1 {
		return one, fmt.Errorf("mirror: %w: a row of the list %s has the id %d", errNoFit, r.list.table.name, one.id)
	}
	if r.list.table.hashed {
		sum := sha256.Sum256(one.raw)
		one.sum = [sumBytes]byte(sum[:])
	}
	return one, nil
}

func (r *run) batch() int {
	if r.list.get != nil {
		return batchDetail
	}
	return batchRows
}

func (r *run) now() string { return stamp(r.opts.Now()) }

// follow reads what has changed, and finds what was deleted.
func (r *run) follow(ctx context.Context) error {
	var cursor tid.Cursor
	compared, err := r.position(ctx, &cursor)
	if err != nil {
		return err
	}
	whole := r.opts.Whole && !cursor.Newest.IsZero()
	var rows []row
	var failure error
	for item, err := range r.list.follow(ctx, r.client, &cursor) {
		if err != nil {
			failure = err
			break
		}
		if len(rows) == r.batch() { // the cursor has passed these, and not the one that comes
			if err := r.write(ctx, rows, &cursor); err != nil {
				return err
			}
			rows = rows[:0]
		}
		one, err := r.next(item)
		if err != nil {
			return err
		}
		rows = append(rows, one)
	}
	if ctx.Err() != nil && failure != nil {
		return failure
	}
	if err := r.write(ctx, rows, &cursor); err != nil || failure != nil {
		return errors.Join(failure, err)
	}
	clear(r.raw)
	if whole {
		return r.sweep(ctx, compared)
	}
	return r.deletions(ctx, compared)
}

// position reads how far the list was read before into cursor, which stays as it is if that
// is unknown.
func (r *run) position(ctx context.Context, cursor any) (compared string, err error) {
	var text sql.NullString
	err = r.m.db.QueryRowContext(ctx, "SELECT cursor, coalesce(compared, '') FROM mirror_lists WHERE account = "+placeholder(r.m.dialect, 1)+" AND list = "+placeholder(r.m.dialect, 2),
		r.opts.Account, r.list.table.name).Scan(&text, &compared)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err == nil && text.Valid {
		err = json.Unmarshal([]byte(text.String), cursor)
	}
	if err != nil {
		err = fmt.Errorf("mirror: how far the list %s was read cannot be read from the database: %w", r.list.table.name, r.m.explain(err))
	}
	return compared, err
}

// note notes something of the list, in a column of mirror_lists.
func (r *run) note(ctx context.Context, tx *sql.Tx, column, value string) error {
	d := r.m.dialect
	_, err := tx.ExecContext(ctx, "INSERT INTO mirror_lists (account, list, "+column+") VALUES ("+placeholder(d, 1)+", "+placeholder(d, 2)+", "+placeholder(d, 3)+
		") ON CONFLICT (account, list) DO UPDATE SET "+column+" = excluded."+column, r.opts.Account, r.list.table.name, value)
	return err
}

// reached notes how far the list was read.
func (r *run) reached(ctx context.Context, tx *sql.Tx, cursor any) error {
	text, err := json.Marshal(cursor)
	if err != nil {
		return err
	}
	return r.note(ctx, tx, "cursor", string(text))
}

// write writes rows, and the cursor that has passed them if there is one: a *tid.Cursor, or
// a turn.
func (r *run) write(ctx context.Context, rows []row, cursor any) error {
	if err := r.details(ctx, rows); err != nil {
		return err
	}
	err := r.lease.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := r.m.put(ctx, tx, r.list.table, r.opts.Account, 0, rows, r.now()); err != nil || cursor == nil {
			return err
		}
		return r.reached(ctx, tx, cursor)
	})
	if err == nil && len(rows) > 0 {
		r.mu.Lock()
		r.written += len(rows)
		r.progress()
		r.mu.Unlock()
	}
	return err
}

// details puts the details of rows in the place of the rows, as far as they have any. A row
// that was deleted meanwhile stays as it was listed.
func (r *run) details(ctx context.Context, rows []row) error {
	if r.list.get == nil {
		return nil
	}
	return several(ctx, len(rows), func(ctx context.Context, i int) error {
		one := &rows[i]
		listed := one.item
		whole := reflect.New(r.list.table.model)
		whole.Elem().Field(0).Set(reflect.ValueOf(listed).Elem())
		one.item = whole.Interface()
		if !r.list.needs(listed) {
			return nil
		}
		detail, err := r.list.get(ctx, r.client, one.id)
		switch {
		case errors.Is(err, tid.ErrNotFound):
		case err != nil:
			return err
		default:
			one.raw = r.take(detail)
			if p, ok := detail.(*tid.Project); ok && p.Category == nil { // the API leaves it out of some details
				p.Category = listed.(*tid.ProjectSummary).Category
			}
			one.item = detail
		}
		return nil
	})
}

// several calls do for each of n, some at the same time, until one fails.
func several(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	turns := make(chan struct{}, detailsOnce)
	var wait sync.WaitGroup
	for i := range n {
		turns <- struct{}{}
		wait.Go(func() {
			defer func() { <-turns }()
			if ctx.Err() != nil {
				return
			}
			if err := do(ctx, i); err != nil {
				cancel(err)
			}
		})
	}
	wait.Wait()
	return context.Cause(ctx)
}

// deletions finds rows that were deleted, and those that have come back, if the API counts
// another number of rows than the mirror has. A row that was created meanwhile makes up for
// a deleted one until the next run.
func (r *run) deletions(ctx context.Context, compared string) error {
	live, err := r.m.live(ctx, r.m.db, r.list.table, r.opts.Account)
	more := r.count() - live
	switch {
	case err != nil, more == accepted(compared):
		return err
	case more > 0 && compared != soon(more): // probably created meanwhile: the next run tells
		return r.lease.write(ctx, func(ctx context.Context, tx *sql.Tx) error { return r.note(ctx, tx, "compared", soon(more)) })
	case more < 0 && r.list.gone != nil:
		return r.gone(ctx, compared)
	}
	return r.sweep(ctx, compared)
}

// What is noted as compared is how many rows more the API counts than the mirror has. If
// the whole list was compared and that is not 0, the counts may not mean the same, or rows
// were deleted when they had been read: it is accepted only if the next run finds the same.

// accepted is the number of rows that the API counts and the mirror does not have, for all
// that is known.
func accepted(compared string) int {
	more, _ := strconv.Atoi(compared) // 0 of what is not accepted yet
	return more
}

func soon(more int) string { return fmt.Sprintf("soon %d", more) }

// gone finds deleted rows by the method of the SDK.
func (r *run) gone(ctx context.Context, compared string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	known := func(yield func(int64, tid.DateTime) bool) {
		if err := r.m.known(ctx, r.list.table, r.opts.Account, yield); err != nil {
			cancel(err)
		}
	}
	var ids []int64
	var failure error
	for id, err := range r.list.gone(ctx, r.client, known) {
		if failure = err; err == nil {
			ids = append(ids, id)
		}
		if len(ids) == batchRows {
			if err := r.remove(ctx, ids, nil); err != nil {
				return err
			}
			ids = ids[:0]
		}
	}
	clear(r.raw)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if failure != nil {
		return errors.Join(failure, r.remove(ctx, ids, nil))
	}
	return r.remove(ctx, ids, func(ctx context.Context, tx *sql.Tx) error { return r.counted(ctx, tx, compared) })
}

func (r *run) remove(ctx context.Context, ids []int64, also func(context.Context, *sql.Tx) error) error {
	removed := 0
	err := r.lease.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if removed, err = r.m.remove(ctx, tx, r.list.table, r.opts.Account, 0, ids, r.now()); err != nil || also == nil {
			return err
		}
		return also(ctx, tx)
	})
	if err == nil && removed > 0 {
		r.mu.Lock()
		r.deleted += removed
		r.progress()
		r.mu.Unlock()
	}
	return err
}

// sweep reads the whole list, and compares its ids with those that are known. A row that is
// not known, though the changes have been read, has come back or into view with old stamps.
func (r *run) sweep(ctx context.Context, compared string) error {
	known, err := r.m.ledger(ctx, r.list.table, r.opts.Account, 0)
	if err != nil {
		return err
	}
	there := make(map[int64]bool) // rows that are not known
	var rows []row
	for item, err := range r.list.all(ctx, r.client) {
		if err != nil {
			return err
		}
		id := reflect.ValueOf(item).Elem().FieldByName("ID").Int()
		if entry := known.find(id); entry != nil || there[id] {
			if entry != nil {
				entry.seen = true
			}
			r.take(item)
			continue
		}
		one, err := r.next(item)
		if err != nil {
			return err
		}
		there[id] = true
		if rows = append(rows, one); len(rows) == r.batch() {
			if err := r.write(ctx, rows, nil); err != nil {
				return err
			}
			rows = rows[:0]
		}
	}
	if err := r.write(ctx, rows, nil); err != nil {
		return err
	}
	return r.remove(ctx, known.unseen(), func(ctx context.Context, tx *sql.Tx) error { return r.counted(ctx, tx, compared) })
}

// counted notes that the whole list was compared, with what the counts are then.
func (r *run) counted(ctx context.Context, tx *sql.Tx, compared string) error {
	live, err := r.m.live(ctx, tx, r.list.table, r.opts.Account)
	if err != nil {
		return err
	}
	more := r.count() - live
	text := strconv.Itoa(more)
	if more != accepted(compared) && compared != soon(more) {
		text = soon(more)
	}
	return r.note(ctx, tx, "compared", text)
}

// turn is where a list stands that the API does not sort by updates. It is noted when the
// list has been compared as a whole.
type turn struct {
	Page  int  `json:"page"`           // the page that is to be compared next
	Again bool `json:"again,omitzero"` // the list changed while it was compared as a whole
}

// compare finds what has changed in a list that the API does not sort by updates, with two
// requests if nothing has: for the newest rows if it sorts the list by when they were
// created, and for one page after the other, of those a page or two in each run. If the
// number of rows does not agree then, the whole list is compared.
func (r *run) compare(ctx context.Context) error {
	var at turn
	compared, err := r.position(ctx, &at)
	if err != nil {
		return err
	}
	live, err := r.m.live(ctx, r.m.db, r.list.table, r.opts.Account)
	if err != nil {
		return err
	}
	if r.opts.Whole || at.Page == 0 || at.Again || live <= turnPages*pageRows && !r.list.appends {
		return r.whole(ctx, at, compared)
	}
	left := turnPages
	if r.list.created {
		left--
		for number := 1; ; number++ {
			rows, added, more, err := r.differing(ctx, number, tid.Descending)
			if err != nil {
				return err
			}
			if err := r.write(ctx, rows, nil); err != nil {
				return err
			}
			if added == 0 || !more {
				break
			}
		}
	}
	for range left {
		if r.list.appends {
			break
		}
		rows, _, more, err := r.differing(ctx, at.Page, tid.Ascending)
		if err != nil {
			return err
		}
		if at.Page++; !more {
			at.Page = 1
		}
		if err := r.write(ctx, rows, at); err != nil {
			return err
		}
	}
	live, err = r.m.live(ctx, r.m.db, r.list.table, r.opts.Account)
	if err != nil || r.count()-live == accepted(compared) && (r.count() > 0 || live == 0) {
		return err
	}
	return r.whole(ctx, at, compared)
}

// turnPages is how many pages of a list are compared in each run.
const turnPages = 2

// differing reads a page, and returns the rows that are not in the mirror as they are, and
// how many of them are not in it at all.
func (r *run) differing(ctx context.Context, number int, order tid.SortOrder) (rows []row, added int, more bool, err error) {
	items, more, err := r.list.page(ctx, r.client, number, order)
	if err != nil {
		return nil, 0, false, err
	}
	ids := make([]int64, len(items))
	for i, item := range items {
		one, err := r.next(item)
		if err != nil {
			return nil, 0, false, err
		}
		ids[i] = one.id
		rows = append(rows, one)
	}
	known, err := r.m.ledger(ctx, r.list.table, r.opts.Account, 0, ids...)
	rows = slices.DeleteFunc(rows, func(one row) bool {
		entry := known.find(one.id)
		if entry == nil {
			added++
		}
		return entry != nil && entry.sum == one.sum
	})
	return rows, added, more, err
}

// whole reads a whole list, and writes the rows that differ from those known.
func (r *run) whole(ctx context.Context, at turn, compared string) error {
	known, err := r.m.ledger(ctx, r.list.table, r.opts.Account, 0)
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.total, r.moved = 0, false
	r.mu.Unlock()
	there := make(map[int64]bool) // rows that are not known
	var rows []row
	for item, err := range r.list.all(ctx, r.client) {
		if err != nil {
			return err
		}
		one, err := r.next(item)
		if err != nil {
			return err
		}
		entry := known.find(one.id)
		if there[one.id] || entry != nil && entry.seen { // it has moved to the next page
			continue
		}
		if entry == nil {
			there[one.id] = true
		} else if entry.seen = true; entry.sum == one.sum {
			continue
		}
		if rows = append(rows, one); len(rows) == r.batch() {
			if err := r.write(ctx, rows, nil); err != nil {
				return err
			}
			rows = rows[:0]
		}
	}
	if err := r.write(ctx, rows, nil); err != nil {
		return err
	}
	missing := known.unseen()
	if r.list.get != nil { // rows move between pages while the list is read
		var failure error
		missing = slices.DeleteFunc(missing, func(id int64) bool {
			if failure != nil {
				return true
			}
			detail, err := r.list.get(ctx, r.client, id)
			if err == nil {
				r.take(detail)
			} else if !errors.Is(err, tid.ErrNotFound) {
				failure = err
			}
			return err == nil
		})
		if failure != nil {
			return failure
		}
	}
	return r.remove(ctx, missing, func(ctx context.Context, tx *sql.Tx) error {
		r.mu.Lock()
		at = turn{Page: max(1, at.Page), Again: r.moved}
		r.mu.Unlock()
		return errors.Join(r.reached(ctx, tx, at), r.counted(ctx, tx, compared))
	})
}

// errNoFit is a row that the mirror cannot hold.
var errNoFit = errors.New("does not fit")
