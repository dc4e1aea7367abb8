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

// Load is how far the first load of a [Cursor] has come. It is saved with the
// cursor, and is nobody else's to write.
//
// The rows are read in the order in which they were created. That never changes,
// so a row passes none but those that were created in the same moment. All rows of
// the list that were created before Created have been given, and of those created
// in that moment those whose ids are in Given. So a page proves by itself what it is
// good for, whatever has been added and removed since the page before: one whose
// first row was created before Created shows everything from there to its own end.
//
// Rows that were created in the same moment and do not fit into a page, as after a
// large import, are read until as many have been seen as there are by their
// positions, again if need be, and from the beginning when a row is removed.
type Load struct {
	// Since is when the load began, by the API's own stamps: changes from there on
	// come after it.
	Since DateTime `json:"since"`
	// Created is when the row was created that was given last.
	Created DateTime `json:"created"`
	// Given are the ids of those given that were created in that moment: a number of ranges,
	// each from a first id to a last one.
	Given [][2]int64 `json:"given,omitzero"`
	// First is the number of rows of the list that come before those of that moment.
	First int `json:"first"`
	// At is the number of rows of the list that have been looked at.
	At int `json:"at"`
	// Total is the number of rows that the list has; 0 if the API does not tell.
	Total int `json:"total,omitzero"`
	// Recount tells that rows have been removed, so that Given cannot be counted.
	Recount bool `json:"recount,omitzero"`
	// UndatedFirst tells that rows which do not say when they were created come
	// before all others, and not after them.
	UndatedFirst bool `json:"undatedFirst,omitzero"`
}

const (
	// maxGroupPasses is how often rows that were created in the same moment are read
	// at the most: where they come in another order each time, every pass misses a
	// third of those that were missed so far.
	maxGroupPasses = 24
	// maxSeek is how many pages in a row may show nothing of use.
	maxSeek = 40
	// groupOverlap is by how many rows the pages of a large group overlap.
	groupOverlap = 3
)

// stamped is what a load knows of a row.
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

// loading is a Load on its way, or a walk along the changes, newest first: then it
// has their stamps in the place of those of creation, and rows that change meanwhile
// go where they are met the next time. It knows nothing of requests: window is the
// page to be read, take says what it is good for, and settle goes on when that is
// done.
type loading struct {
	*Load
	newest    bool // first
	low, high int  // the sizes that pages may have
	fixed     bool // the server has pages of its own, and no others

	next   int      // a position that the page shows
	within bool     // it lies within a large group, whose beginning is known
	sure   bool     // nothing has been removed since the beginning was seen
	passes int      // through the group
	seen   idRanges // of the group since a row was removed

	tries, step int
	behind      int  // the last position known of a row that was passed; -1 is none
	beyond      int  // the first one known of a row that was not; -1 is none
	seam        seam // the end of the last page whose rows were all passed

	then   finding
	end    int // of the page that has been taken
	closes bool
}

// seam is where a page ends of a server with pages of its own: where exactly the rows
// in front of it have been given, no page shows both sides of it.
type seam struct {
	at, total int
	last      int64 // the id of the row in front
}

// finding is what a page came to.
type finding int

const (
	elsewhere finding = iota // what is looked for is on another page
	goesOn                   // all up to the end of the page is settled
	opens                    // the page ends within a group whose beginning it shows
	inside                   // the page lies within a group
	unproven                 // the group has been read, but may have more rows
)

func newLoading(l *Load, newest bool, size int) *loading {
	p := &loading{Load: l, newest: newest, high: max(size, 20)}
	p.low = (p.high + 1) / 2
	p.seek()
	return p
}

// compare orders stamps as the list does.
func (p *loading) compare(a, b DateTime) int {
	if a.IsZero() != b.IsZero() && !p.UndatedFirst || a.IsZero() == b.IsZero() && p.newest {
		return b.Compare(a)
	}
	return a.Compare(b)
}

// passed reports a row that comes before all that have not been given.
func (p *loading) passed(row stamped) bool {
	return len(p.Given) > 0 && p.compare(row.at, p.Created) < 0
}

// current reports a row with the stamp of the last one given.
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

// seek looks for the page that begins in front of what has not been given.
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

// take returns the indexes of the rows of a page that are to be given now. The page
// reaches the end of the list if it ends it.
func (p *loading) take(w walk.Window, rows []stamped, total int, ends bool) (give []int, err error) {
	if len(p.Given) == 0 && len(rows) > 0 {
		p.UndatedFirst = rows[0].at.IsZero()
	}
	for i, row := range rows {
		if row.id == 0 {
			return nil, errors.New("a row has no id, by which it would be known again: read the list with All")
		}
		if i > 0 && p.compare(rows[i-1].at, row.at) > 0 {
			return nil, fmt.Errorf("the API did not sort the list by %s, so it is not known which rows come next", p.key())
		}
	}
	if total < p.Total && len(p.Given) > 0 {
		p.sure, p.Recount, p.seen = false, true, nil
	}
	p.Total, p.end, p.closes = total, w.Begin()+len(rows), ends
	starts := w.Begin() == 0 || len(rows) > 0 && p.passed(rows[0])
	p.within = p.within && !starts
	first := 0 // of those that are not passed
	for first < len(rows) && p.passed(rows[first]) {
		first++
	}
	if !p.within && (!starts || first == len(rows) && !ends) {
		p.then = elsewhere
		if p.fixed && starts && len(rows) > 0 {
			here := seam{w.Begin() + len(rows), total, rows[len(rows)-1].id}
			if p.beyond == here.at && p.seam == here { // as it was before the page behind it was seen
				p.within, p.sure, p.Recount = true, true, false
				p.next, p.First = here.at, here.at-idRanges(p.Given).count()
				return nil, nil
			}
			p.seam = here
		}
		return nil, p.search(w.Begin(), len(rows), starts)
	}
	last, fresh := first, 0 // after the group, and how many of it are new
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

// key is what the list is sorted by.
func (p *loading) key() string {
	if p.newest {
		return "its updates"
	}
	return "when its rows were created"
}

// search decides which page to look at after one that was of no use.
func (p *loading) search(begin, rows int, starts bool) error {
	if p.tries++; p.tries > maxSeek {
		return fmt.Errorf("%d pages in a row have not shown where the list goes on: it changes faster than it can be read, or is not sorted by %s", maxSeek, p.key())
	}
	if starts { // and all of its rows are passed
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

// settle goes on when the rows of a page have been given.
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

// load gives all rows, and reports whether it has come to the end.
func (f *follower[T]) load(ctx context.Context, yield func(*T, error) bool) bool {
	cursor := f.cursor
	if cursor.Load == nil {
		since, total, err := f.present(ctx)
		if err != nil {
			yield(nil, err)
			return false
		}
		if since.IsZero() { // nothing is there, or nothing tells when it has changed
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
		if at := updatedAt(item); !at.IsZero() && at.Compare(recent) >= 0 { // it will come again among the changes
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

// walk gives the rows of a list that p has not passed, up to the first one that is
// older than since, and reports whether it has come that far. now is the API's own
// clock when the row was read.
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
			continue // the server has pages of another size
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

// present is the newest stamp of the list that does not lie in the API's future, and how
// many rows the list has; of one that does not tell, there is one at least.
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

// page reads a page, and tells whether it reaches the end of the list. An answer
// that contradicts itself or those before is asked for again. The page is nil when
// the server turns out to have pages of its own.
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
		case total == 0 && page.rows == 0 && (p.Total > 0 || !p.newest && w.Begin() == 0) && asked < 3: // has it been emptied?
			continue
		case total == 0 && page.rows == 0 && p.Total > 0 && p.fixed && w.Begin() > 0: // and nothing would notice
			wrong = walk.EmptyPage(w.Page, p.Total, page.TotalPages)
		case total > 0 && page.rows > 0 && reached > total:
			page.TotalItemCount, ends = 0, page.rows < w.Size
		case ends && total < p.Total && total != claimed && asked < 5: // is that so?
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

// idRanges are ids in order, as ranges from a first one to a last one.
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

// with adds an id, in place where it can.
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
