package tid

import (
	"context"
	"errors"
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

// loading is a Load in progress, or a pass over the changes, newest first: then its stamps
// are those of the changes, and rows that change meanwhile are met the next time. A group
// is the rows with one stamp. It sends no requests: window is the page to be read, take
// chooses its rows, and settle moves on when these have been given.
type loading struct {
	*Load
	newest    bool // the newest row comes first
	low, high int  // the sizes that pages may have
	fixed     bool // the server has a page size of its own, whatever is asked for

	next   int      // a position that the page shows
	within bool     // it is in a large group, and the beginning of that is known
	sure   bool     // nothing has been removed since the beginning was seen
	passes int      // over the group
	seen   idRanges // rows of the group that were seen since a row was removed

	tries, step int
	behind      int  // the last known position of a row that has been passed; -1 is none
	beyond      int  // the first known position of a row that has not; -1 is none
	seam        seam // the end of the last page with nothing but passed rows

	then   finding
	end    int  // of the page that has been taken
	closes bool // the page ends the list
}

// seam is the border of two pages on a server with a page size of its own. If exactly the
// rows before it have been given, no page shows both sides of it.
type seam struct {
	at, total int
	last      int64 // the id of the row in front
}

// finding is what a page showed.
type finding int

const (
	elsewhere finding = iota // the next rows are on another page
	goesOn                   // all rows up to the end of the page are given
	opens                    // the page shows the beginning of a group, and ends within it
	inside                   // the whole page is within a group
	unproven                 // the group has been read, but may have more rows
)

func newLoading(l *Load, newest bool, size int) *loading {
	p := &loading{Load: l, newest: newest, high: max(size, 20)}
	p.low = (p.high + 1) / 2
	p.seek()
	return p
}

// compare compares stamps in the order of the list.
func (p *loading) compare(a, b DateTime) int {
	if a.IsZero() != b.IsZero() && !p.UndatedFirst || a.IsZero() == b.IsZero() && p.newest {
		return b.Compare(a)
	}
	return a.Compare(b)
}

// passed reports whether a row comes before all rows that have not been given.
func (p *loading) passed(row stamped) bool {
	return len(p.Given) > 0 && p.compare(row.at, p.Created) < 0
}

// current reports whether a row has the stamp of the row that was given last.
func (p *loading) current(row stamped) bool {
	return len(p.Given) > 0 && p.compare(row.at, p.Created) == 0
}

// pass notes that the row at a position has been given; first is the position of
// the first row with its stamp.
func (p *loading) pass(row stamped, position, first int) {
	if !p.current(row) {
		p.Created, p.Given, p.First, p.Recount = row.at, nil, first, false
	}
	p.Given = idRanges(p.Given).with(row.id)
	p.At = max(p.At, position+1)
}

// seek begins to look for the page that begins before the rows that have not been given.
func (p *loading) seek() {
	p.within, p.tries, p.step, p.behind, p.beyond = false, 0, p.low, -1, -1
	p.next = max(0, p.First-1)
}

func (p *loading) window() walk.Window {
	if p.within {
		if w := walk.Showing(max(0, p.next-groupOverlap), p.low, p.high); w.End() > p.next {
			return w
		}
	}
	return walk.Showing(p.next, p.low, p.high)
}

// take returns the indexes of the rows of a page that are to be given now. ends says that
// the page reaches the end of the list.
func (p *loading) take(w walk.Window, rows []stamped, total int, ends bool) (give []int, err error) {
	if len(p.Given) == 0 && len(rows) > 0 {
		p.UndatedFirst = rows[0].at.IsZero()
	}
	if err := p.check(rows); err != nil {
		return nil, err
	}
	if total < p.Total && len(p.Given) > 0 {
		p.sure, p.Recount, p.seen = false, true, nil
	}
	p.Total, p.end, p.closes = total, w.Begin()+len(rows), ends
	starts := w.Begin() == 0 || len(rows) > 0 && p.passed(rows[0])
	p.within = p.within && !starts
	first := 0 // the first row that is not passed
	for first < len(rows) && p.passed(rows[first]) {
		first++
	}
	if !p.within && (!starts || first == len(rows) && !ends) {
		p.then = elsewhere
		return nil, p.lookElsewhere(w, rows, starts)
	}
	last, fresh := first, 0 // the end of the group, and its new rows
	for ; last < len(rows) && p.current(rows[last]); last++ {
		if !idRanges(p.Given).has(rows[last].id) {
			give = append(give, last)
			fresh++
		}
	}
	open := last == len(rows) && !ends
	if !p.within {
		if open && p.First != w.Begin()+first {
			p.Recount, p.seen = true, nil
		}
		p.First, p.sure = w.Begin()+first, true
	}
	counted := idRanges(p.Given).count() + fresh
	if p.Recount {
		for _, row := range rows[first:last] {
			p.seen = p.seen.with(row.id)
		}
		counted = p.seen.count()
	}
	there := w.Begin() + last - p.First
	switch {
	case open && p.within:
		p.then = inside
	case open:
		p.then = opens
	case p.within && (!p.sure || counted != there):
		p.then = unproven
		if counted > there {
			p.Recount, p.seen = true, nil
		}
	default:
		p.then = goesOn
		for i := last; i < len(rows); i++ {
			give = append(give, i)
		}
	}
	return give, nil
}

// check refuses rows that cannot be recognized later, or are not in the order of the load.
func (p *loading) check(rows []stamped) error {
	for i, row := range rows {
		if row.id == 0 {
			return errors.New("a row has no id, and could not be recognized later: read the list with All")
		}
		if i > 0 && p.compare(rows[i-1].at, row.at) > 0 {
			return fmt.Errorf("the API did not sort the list by %s, so it is not known which rows come next", p.key())
		}
	}
	return nil
}

// lookElsewhere plans the next window after one in which the load cannot continue.
func (p *loading) lookElsewhere(w walk.Window, rows []stamped, starts bool) error {
	if p.fixed && starts && len(rows) > 0 {
		here := seam{w.Begin() + len(rows), p.Total, rows[len(rows)-1].id}
		if p.beyond == here.at && p.seam == here { // unchanged since the page after it was read
			p.within, p.sure, p.Recount = true, true, false
			p.next, p.First = here.at, here.at-idRanges(p.Given).count()
			return nil
		}
		p.seam = here
	}
	return p.search(w.Begin(), len(rows), starts)
}

// key names the order of the list, for errors.
func (p *loading) key() string {
	if p.newest {
		return "its updates"
	}
	return "when its rows were created"
}

// search chooses the next page after one that did not show where to continue.
func (p *loading) search(begin, rows int, starts bool) error {
	if p.tries++; p.tries > maxSeek {
		return fmt.Errorf("%d pages in a row have not shown where the list continues: it changes faster than it can be read, or is not sorted by %s", maxSeek, p.key())
	}
	if starts { // all rows of the page are passed
		p.behind = begin + rows - 1
		if p.beyond <= p.behind {
			p.beyond = -1
		}
	} else {
		p.beyond = begin
		if p.behind >= begin {
			p.behind = -1
		}
	}
	switch near := p.beyond-p.behind <= p.low; {
	case p.behind < 0:
		p.next = max(0, p.beyond-p.step)
		p.step *= 4
	case p.beyond < 0 && p.tries == 1 || p.beyond >= 0 && near:
		p.next = p.behind
	case p.beyond < 0:
		p.next = p.behind + p.step
		p.step *= 4
	default:
		p.next = (p.behind + p.beyond) / 2
	}
	return nil
}

// settle moves on when the rows of a page have been given.
func (p *loading) settle() (done bool, err error) {
	switch p.then {
	case goesOn:
		p.passes, p.At = 0, p.end
		if p.seek(); p.fixed { // pages cannot overlap
			p.within, p.next = true, p.end
		}
		return p.closes, nil
	case opens:
		if p.passes > 0 || p.Recount {
			p.At = p.end
		}
		fallthrough
	case inside:
		p.At = max(p.At, p.end)
		p.within, p.next = true, p.At
	case unproven:
		if p.passes++; p.passes == maxGroupPasses {
			return false, fmt.Errorf("the rows with the stamp %s have been read %d times, and each time rows changed places or were removed meanwhile, so that some may be missing: follow the list again",
				p.Created, p.passes)
		}
		p.seek()
	}
	return false, nil
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
