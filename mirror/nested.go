package mirror

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/vismatid/tid"
)

// parent is a row of a list, and the state in which the list that belongs to it is.
type parent struct {
	id      int64
	changed string
	due     bool // its list was not read since the row has changed
	checked string

	rows    []row   // that differ from those known
	gone    []int64 // that are not there any more
	missing error   // what says that the API has no such row, or no such list
}

// parents are the rows of the other list that are not deleted.
func (r *run) parents(ctx context.Context) (all []*parent, err error) {
	d := r.m.dialect
	err = r.m.each(ctx, "SELECT p.id, CAST(p.changed AS TEXT), coalesce(n.changed, ''), coalesce(n.checked, '') FROM "+r.list.parents.table.name+
		" p LEFT JOIN mirror_parents n ON n.account = p.account AND n.parent = p.id AND n.list = "+placeholder(d, 1)+
		" WHERE p.account = "+placeholder(d, 2)+" AND p.deleted_at IS NULL ORDER BY p.id", []any{r.list.table.name, r.opts.Account}, func(rows *sql.Rows) error {
		p := new(parent)
		var read string
		if err := rows.Scan(&p.id, &p.changed, &read, &p.checked); err != nil {
			return err
		}
		p.due = read != p.changed || r.opts.Whole
		all = append(all, p)
		return nil
	})
	return all, err
}

// due are the parents of which the lists are to be read: those that are new or have
// changed, and the one whose list was read longest ago.
func (r *run) due(ctx context.Context) ([]*parent, error) {
	all, err := r.parents(ctx)
	if err != nil {
		return nil, err
	}
	var oldest *parent
	for _, p := range all {
		if !p.due && (oldest == nil || p.checked < oldest.checked) {
			oldest = p
		}
	}
	return slices.DeleteFunc(all, func(p *parent) bool { return !p.due && p != oldest }), nil
}

// nested brings the lists that belong to the rows of another list up to date.
func (r *run) nested(ctx context.Context) error {
	if err := r.orphans(ctx); err != nil {
		return err
	}
	due, err := r.due(ctx)
	if err != nil {
		return err
	}
	var missing error
	there := len(due) == 0
	for some := range slices.Chunk(due, batchDetail) {
		if err := several(ctx, len(some), func(ctx context.Context, i int) error { return r.within(ctx, some[i]) }); err != nil {
			return err
		}
		if err := r.lease.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			for _, p := range some {
				if err := r.settle(ctx, tx, p); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
		r.mu.Lock()
		for _, p := range some {
			missing = cmp.Or(missing, p.missing)
			there = there || p.missing == nil || p.checked != ""
			r.written, r.deleted = r.written+len(p.rows), r.deleted+len(p.gone)
			p.rows, p.gone = nil, nil
		}
		r.progress()
		r.mu.Unlock()
	}
	if !there { // not one, ever: the path may be wrong
		return missing
	}
	return nil
}

// within reads the list of a row, and compares it with what is known.
func (r *run) within(ctx context.Context, p *parent) error {
	known, err := r.m.ledger(ctx, r.list.table, r.opts.Account, p.id)
	if err != nil {
		return err
	}
	there := make(map[int64]bool)
	for item, err := range r.list.within(ctx, r.client, p.id) {
		if errors.Is(err, tid.ErrNotFound) { // the row was deleted meanwhile
			p.missing = err
			break
		}
		if err != nil {
			return err
		}
		one, err := r.next(item)
		if err != nil {
			return err
		}
		entry := known.find(one.id)
		if entry != nil {
			entry.seen = true
		}
		if !there[one.id] && (entry == nil || entry.sum != one.sum) {
			p.rows = append(p.rows, one)
		}
		there[one.id] = true
	}
	p.gone = known.unseen()
	return nil
}

// settle writes what was found of the list of a row, and that it was read.
func (r *run) settle(ctx context.Context, tx *sql.Tx, p *parent) error {
	t, now := r.list.table, r.now()
	if err := r.m.put(ctx, tx, t, r.opts.Account, p.id, p.rows, now); err != nil {
		return err
	}
	if _, err := r.m.remove(ctx, tx, t, r.opts.Account, p.id, p.gone, now); err != nil {
		return err
	}
	d := r.m.dialect
	if p.missing != nil { // it is looked for in each run as long as the mirror has the row, and keeps no other from its turn
		_, err := tx.ExecContext(ctx, "UPDATE mirror_parents SET changed = '' WHERE account = "+placeholder(d, 1)+" AND list = "+placeholder(d, 2)+" AND parent = "+placeholder(d, 3),
			r.opts.Account, t.name, p.id)
		return err
	}
	_, err := tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO mirror_parents (account, list, parent, changed, checked) VALUES (%s, %s, %s, %s, %s)"+
		" ON CONFLICT (account, list, parent) DO UPDATE SET changed = excluded.changed, checked = excluded.checked",
		placeholder(d, 1), placeholder(d, 2), placeholder(d, 3), placeholder(d, 4), placeholder(d, 5)), r.opts.Account, t.name, p.id, p.changed, now)
	return err
}

// orphans marks the rows that belong to a deleted row as deleted.
func (r *run) orphans(ctx context.Context) error {
	t, removed := r.list.table, 0
	err := r.lease.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		removed, err = r.m.mark(ctx, tx, t, r.opts.Account, r.now(),
			t.owner+" IN (SELECT id FROM "+r.list.parents.table.name+" WHERE account = "+placeholder(r.m.dialect, 2)+" AND deleted_at IS NOT NULL)")
		return err
	})
	r.mu.Lock()
	r.deleted += removed
	r.mu.Unlock()
	return err
}

// planNested plans the reading of a nested list. parents is the plan of the list that it
// belongs to, nil if that is not read.
func (r *run) planNested(ctx context.Context, planned PlannedList, parents *PlannedList) (PlannedList, error) {
	due, err := r.due(ctx)
	if err != nil {
		return planned, err
	}
	planned.Requests = len(due)
	if parents != nil && parents.First {
		planned.Requests = parents.Rows
	}
	planned.First = !slices.ContainsFunc(due, func(p *parent) bool { return p.checked != "" })
	return planned, nil
}
