package mirror

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"weak"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/internal/tap"
)

// PlannedList is what a run would do with one list.
type PlannedList struct {
	Table string `json:"table"`
	// First says that the list has not been read to its end before.
	First bool `json:"first"`
	// Rows are the rows that the list has: as the API counts them before the first run, and
	// in the mirror after it. Before the first run it is 0 of lists that the API has for
	// each project or task.
	Rows int `json:"rows"`
	// Requests are the requests that a run sends: about that many before the first run, of
	// which Details are for details. After it, that many if nothing has changed.
	Requests int `json:"requests"`
	Details  int `json:"details"`
	// Error is what went wrong when the API was asked for the number of rows.
	Error string `json:"error,omitempty"`
}

// pageRows is the number of rows on a page.
const pageRows = 100

// Plan tells what a run with these options would do, and what it would cost. It writes
// nothing, and asks the API for the number of rows of each list that was not read before: a
// request for each, which may read a little ahead.
func (m *Mirror) Plan(ctx context.Context, client *tid.Client, opts Options) ([]PlannedList, error) {
	which, err := chosen(opts)
	if err == nil && client == nil {
		err = errors.New("mirror: the client is nil")
	}
	if err == nil {
		err = m.sameCompany(ctx, m.db, opts)
	}
	if err != nil {
		return nil, err
	}
	var plan []PlannedList
	for _, l := range which {
		r := &run{m: m, client: client, opts: opts, list: l, raw: make(map[weak.Pointer[byte]][]byte)}
		var parents *PlannedList
		if i := slices.IndexFunc(plan, func(p PlannedList) bool { return l.parents != nil && p.Table == l.parents.table.name }); i >= 0 {
			parents = &plan[i]
		}
		planned, err := r.plan(ctx, parents)
		if err != nil {
			return plan, fmt.Errorf("%s: %w", l.table.name, err)
		}
		plan = append(plan, planned)
	}
	return plan, nil
}

func (r *run) plan(ctx context.Context, parents *PlannedList) (PlannedList, error) {
	planned := PlannedList{Table: r.list.table.name}
	var cursor tid.Cursor
	var at turn
	var position any = &at
	if r.list.follow != nil {
		position = &cursor
	}
	if _, err := r.position(ctx, position); err != nil {
		return planned, err
	}
	live, err := r.m.live(ctx, r.m.db, r.list.table, r.opts.Account)
	if err != nil {
		return planned, err
	}
	if r.list.parents != nil {
		planned.Rows = live
		return r.planNested(ctx, planned, parents)
	}
	planned.First = at.Page == 0
	if r.list.follow != nil {
		planned.First = cursor.Newest.IsZero()
	}
	if !planned.First {
		whole := max(1, pages(live))
		planned.Rows = live
		switch {
		case r.list.follow != nil && r.opts.Whole:
			planned.Requests = 1 + whole
		case r.opts.Whole, at.Again:
			planned.Requests = whole
		case r.list.follow != nil, r.list.appends:
			planned.Requests = 1
		default:
			planned.Requests = min(whole, turnPages)
		}
		return planned, nil
	}
	for _, err := range r.list.all(tap.With(ctx, &tap.Tap{Attempt: func() {}, Answer: r.answer}), r.client) {
		var refused *tid.Error
		if errors.As(err, &refused) && ctx.Err() == nil && !errors.Is(err, tid.ErrUnauthorized) {
			planned.Error = err.Error()
		} else if err != nil {
			return planned, err
		}
		break
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	planned.Rows = r.total
	planned.Requests = max(1, pages(r.total))
	if r.list.follow != nil {
		planned.Requests += 2 // the newest change before the load, and what has changed after it
	}
	if r.list.get != nil {
		planned.Details = r.total - live
	}
	planned.Requests += planned.Details
	return planned, nil
}

func pages(rows int) int { return (rows + pageRows - 1) / pageRows }
