package tid

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/vismatid/tid/internal/walk"
)

// Load is how far the first load of a [Cursor] has come. It is saved with the cursor.
// Only Follow writes it.
//
// The rows are read in the order in which they were created. This order never changes,
// except among rows that were created in the same moment. All rows that were created
// before Created have been given, and of the rows created in that moment those with an id
// in Given. So each page proves by itself that nothing was stepped over, whatever was
// added and removed since the page before: if its first row was created before Created, it
// shows everything from there to its own end.
//
// Rows that were created in the same moment and do not fit into a page, as after a large
// import, are read until as many have been seen as there are by their positions; several
// times if necessary, and from their beginning when a row is removed.
type Load struct {
	// Since is the beginning of the load, by the API's own stamps. Changes from then on
	// are given after the load.
	Since DateTime `json:"since"`
	// Created is the time at which the row that was given last was created.
	Created DateTime `json:"created"`
	// Given are the ids of the rows that were created in that moment and have been given: a
	// number of ranges, each from a first id to a last one.
	Given [][2]int64 `json:"given,omitzero"`
	// First is the number of rows of the list that come before those of that moment.
	First int `json:"first"`
	// At is the number of rows of the list that have been looked at.
	At int `json:"at"`
	// Total is the number of rows that the list has; 0 if the API does not say.
	Total int `json:"total,omitzero"`
	// Recount says that rows have been removed, so that the ids in Given may be more than
	// the rows that are left.
	Recount bool `json:"recount,omitzero"`
	// UndatedFirst says that rows without a time of creation come before all others, and
	// not after them.
	UndatedFirst bool `json:"undatedFirst,omitzero"`
}

const (
	// maxGroupPasses is the most passes over rows that were created in the same moment:
	// if they come in another order each time, every pass misses a third of the rows that
	// have not been seen before.
	maxGroupPasses = 24
	// maxSeek is the most pages in a row that do not show where to continue.
	maxSeek = 40
	// groupOverlap is the number of rows by which pages of a large group overlap.
	groupOverlap = 3
)

// stamped is a row by its id and its stamp.
type stamped struct {
	id int64
	at DateTime
}

func (l *Load) clone() *Load {
	if l == nil {
		return nil
	}
	own := *l
	own.Given = slices.Clone(l.Given)
	return &own
}

// load gives all rows, and reports whether it has reached the end.
func (f *follower[T]) load(ctx context.Context, yield func(*T, error) bool) bool {
	cursor := f.cursor
	if cursor.Load == nil {
		since, total, err := f.present(ctx)
		if err != nil {
			yield(nil, err)
			return false
		}
		if since.IsZero() { // the list is empty, or its rows have no time of change
			return true
		}
		cursor.Load = &Load{Since: since, Total: total}
	}
	recent := cursor.behind(cursor.Load.Since).surely()
	p := newLoading(cursor.Load, false, f.created.first.Size)
	done, err := f.walk(ctx, f.created, p, DateTime{}, func(item *T, _ time.Time) bool {
		if !yield(item, nil) {
			return false
		}
		if at := updatedAt(item); !at.IsZero() && at.Compare(recent) >= 0 { // it is among the changes as well
			cursor.pass(identity(item), Given{At: at, Sum: fingerprint(item)})
		}
		return true
	})
	if err != nil {
		yield(nil, err)
	}
	if done {
		cursor.Newest, cursor.Load = p.Since, nil
	}
	return done
}

// walk gives the rows of a list that p has not passed, up to the first one that is older
// than since, and reports whether it has reached that. now is the API's own clock when the
// row was read.
func (f *follower[T]) walk(ctx context.Context, l *listing, p *loading, since DateTime, give func(item *T, now time.Time) bool) (done bool, err error) {
	stamp := createdAt
	if p.newest {
		stamp = updatedAt
	}
	for {
		w := p.window()
		page, now, ends, err := f.page(ctx, l, p, w)
		if err != nil {
			return false, err
		}
		if page == nil {
			continue // the server has a page size of its own
		}
		rows := make([]stamped, 0, len(page.Items))
		old := false
		for _, item := range page.Items {
			at := stamp(item)
			switch old = old || !at.IsZero() && at.Compare(since) < 0; {
			case !old:
				rows = append(rows, stamped{identity(item), at.surely()})
			case !at.IsZero() && at.Compare(since.Add(clockChange)) > 0:
				return false, l.fails(fmt.Errorf("the API did not sort the list by %s, so it is not known which rows have changed", p.key()))
			}
		}
		ends = ends || old
		wanted, err := p.take(w, rows, page.TotalItemCount, ends)
		if err != nil {
			return false, l.fails(err)
		}
		for _, i := range wanted {
			if !give(page.Items[i], now) {
				return false, nil
			}
			first := slices.IndexFunc(rows, func(row stamped) bool { return row.at == rows[i].at })
			p.pass(rows[i], w.Begin()+i, w.Begin()+first)
		}
		if done, err = p.settle(); err != nil {
			return false, l.fails(err)
		}
		if l.progress != nil {
			l.progress(p.At, p.Total)
		}
		if done {
			return true, nil
		}
	}
}

// present is the newest stamp of the list that is not in the API's future, and the number
// of rows that the list has.
func (f *follower[T]) present(ctx context.Context) (since DateTime, total int, err error) {
	page, _, now, err := get[T](ctx, f.changed, f.changed.first)
	if err != nil {
		return DateTime{}, 0, err
	}
	if total = page.TotalItemCount; len(page.Items) == 0 && page.more(1) {
		return DateTime{}, 0, f.changed.fails(walk.EmptyPage(1, page.TotalItemCount, page.TotalPages))
	}
	var newest DateTime
	for _, item := range page.Items {
		at := updatedAt(item)
		switch {
		case at.IsZero():
		case !at.later(now):
			return at, total, nil
		case newest.IsZero():
			newest = DateTimeOfWall(now.UTC())
		}
	}
	return newest, total, nil
}

// page reads a page, and reports whether it reaches the end of the list. If an answer
// contradicts itself or those before, the page is read again. The page is nil when the
// server turns out to have a page size of its own.
func (f *follower[T]) page(ctx context.Context, l *listing, p *loading, w walk.Window) (page *Page[T], now time.Time, ends bool, err error) {
	claimed := -1
	for asked := 1; ; asked++ {
		page, _, now, err = get[T](ctx, l, w)
		if err != nil {
			return nil, now, false, err
		}
		total, reached := page.TotalItemCount, w.Begin()+page.rows
		own := max(page.rows, page.size)
		if ends = reached >= total; total == 0 {
			ends = page.rows < w.Size
		}
		var wrong error
		switch {
		case !p.fixed && (page.rows > w.Size || page.size > 0 && page.size != w.Size) && (total == 0 || page.rows < total):
			if claimed == own || asked == 5 {
				p.fixed, p.low, p.high = true, own, own
				p.seek()
				return nil, now, false, nil
			}
			claimed = own
			continue
		case page.rows > w.Size && w.Begin() > 0:
			wrong = fmt.Errorf("page %d has %d items, although it can have %d", w.Page, page.rows, w.Size)
		case total > 0 && page.rows < w.Size && reached < total:
			wrong = fmt.Errorf("page %d has %d of %d items, although the answer counts %d in all", w.Page, page.rows, w.Size, total)
		case total == 0 && page.rows == 0 && (p.Total > 0 || !p.newest && w.Begin() == 0) && asked < 3: // read again: is the list empty now?
			continue
		case total == 0 && page.rows == 0 && p.Total > 0 && p.fixed && w.Begin() > 0: // no other check would see this
			wrong = walk.EmptyPage(w.Page, p.Total, page.TotalPages)
		case total > 0 && page.rows > 0 && reached > total:
			page.TotalItemCount, ends = 0, page.rows < w.Size
		case ends && total < p.Total && total != claimed && asked < 5: // read again: has it become shorter?
			claimed = total
			continue
		}
		switch {
		case wrong == nil:
			return page, now, ends, nil
		case asked > 1:
			return nil, now, false, l.fails(wrong)
		}
	}
}

// idRanges is a set of ids, as sorted ranges from a first id to a last one.
type idRanges [][2]int64

// find returns the index of the first range that ends at an id or later.
func (r idRanges) find(id int64) int {
	return sort.Search(len(r), func(i int) bool { return r[i][1] >= id })
}

func (r idRanges) has(id int64) bool {
	i := r.find(id)
	return i < len(r) && r[i][0] <= id
}

func (r idRanges) count() int {
	n := 0
	for _, ids := range r {
		n += int(ids[1] - ids[0] + 1)
	}
	return n
}

// with adds an id, in place if possible.
func (r idRanges) with(id int64) idRanges {
	i := r.find(id)
	if i < len(r) && r[i][0] <= id {
		return r
	}
	after := i > 0 && r[i-1][1] == id-1
	before := i < len(r) && r[i][0] == id+1
	switch {
	case after && before:
		r[i-1][1] = r[i][1]
		return slices.Delete(r, i, i+1)
	case after:
		r[i-1][1] = id
	case before:
		r[i][0] = id
	default:
		return slices.Insert(r, i, [2]int64{id, id})
	}
	return r
}
