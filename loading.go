package tid

import (
	"errors"
	"fmt"

	"github.com/vismatid/tid/internal/walk"
)

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
