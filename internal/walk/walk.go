// Package walk reads lists page by page while others write: it decides which pages
// are read, and which of their rows are new.
package walk

import (
	"errors"
	"fmt"
)

const (
	// maxShort is the most pages of a list whose windows all overlap. Up to here that
	// costs one more request; for a list of forty pages it would cost six.
	maxShort = 10
	// lookEvery is the number of pages of a long list between two looks back.
	lookEvery = 20
	// A list that keeps changing is read so many times.
	maxPasses, maxLongPasses = 5, 4
)

// Window is a page of some size, which is all that a list can be asked for. Pages count
// from 1.
type Window struct{ Page, Size int }

// Begin is the position of the first row of the window, from 0.
func (w Window) Begin() int { return (w.Page - 1) * w.Size }

// End is the position after its last row.
func (w Window) End() int { return w.Page * w.Size }

// Step is a window to be read: a new one or, if After is not 0, a look back at one that was
// read before, after the pages up to After.
type Step struct {
	Window
	After int
}

// Answer is what a window showed. What a server does not say is 0.
type Answer struct {
	IDs                []int64 // of the rows, in order; 0 is a row without an id
	Rows               int     // the number of rows, with those that are null
	Size, Total, Pages int     // of the list, by the server's counters
	Wanted             int     // wanted rows; if fewer than IDs, nothing after them is wanted
	Fresh              bool    // a row has been written since the walk began
}

// Walk decides which windows of a list are read, and which of their rows are new. It sends
// no requests: Next is the window to be read, Ahead those that follow it if the list does
// not change, and Take takes what a window showed.
//
// It proves that no row was stepped over as follows. The rows before end are covered: each
// row that is in the list during the whole walk, and comes before one of them, has been
// given. Rows that stay keep their order. So a window that shows a covered row covers the
// rows that follow in it, whatever was added and removed, and whenever it was read. Each
// window therefore begins before end. If it shows no covered row it proves nothing, and
// one further back is read. The last window must reach the end of the list by the list's
// own counters.
//
// A row that moves does not keep its order: it can move from the part that is still to be
// read to the part that has been read. Then there is one row more before a covered row, and
// one less after it. Unless other changes between the same two requests make up for both,
// one of the two shows in the position of the covered row and in the total. The front is
// then read again until the row is found. A short list is read again completely after any
// change.
type Walk struct {
	first     Window
	largest   int  // the largest size of a window
	low, high int  // the sizes that windows may have
	chained   bool // windows must show a covered row
	fixed     bool // the server has a page size of its own, whatever is asked for
	anonymous bool // rows have no ids
	long      bool // the list has more than maxShort pages
	Unchecked bool // nothing is verified
	Moving    bool // rows that are changed move to the front
	Overlap   bool // windows always overlap, for a few requests more
	cut       bool // the wanted rows end before the list does

	seen     rowSet
	given    int
	end      int  // rows before this position are covered
	total    int  // as the last window counted it
	margin   int  // how far before end the next window begins at least
	want     Step // to be read next
	done     bool
	began    bool
	counted  int  // the total of the first answer; -1 once an answer has another one
	asked    int  // how often want was read without a usable answer
	claimed  int  // the total of the last of these answers
	odd      bool // the server's number of pages is wrong, and not used
	tries    int  // how many windows in a row have shown no covered row
	verified int  // rows before this position were in place at the last look back

	pass, windows int
	signs
	search  int // the number of rows that the pass looks for; 0 is for any up to until
	until   int // where the pass may end; 0 is at the end of the list
	arrived int // rows that may have been added to a part that is not read again
	last    int // where the pass before ended
	lowest  int // the lowest total since the last window that was taken
	buf     []int
}

// signs are the changes that a pass has seen.
type signs struct {
	rows    int  // rows that were seen, each counted once
	same    bool // each row had the position of the pass before
	changed bool // something has changed since the walk began
	entered int  // rows that were added to the covered part without being seen there
	moved   int  // those of them that are missing after the covered part
	fewer   int  // rows that left the part after the covered one
	repeats int  // covered rows that were met again further back
	doubt   int  // the position before which all this happened
}

// New plans a walk that begins with a window; largest is the largest size of a window.
func New(first Window, largest int) *Walk {
	return &Walk{first: first, largest: largest, low: first.Size, high: first.Size,
		want: Step{Window: first}, pass: 1, margin: 1}
}

// Given is the number of rows that were new so far.
func (w *Walk) Given() int { return w.given }

// Total is the number of rows in the list by the last window.
func (w *Walk) Total() int { return w.total }

// Changed reports whether the list is known to have changed since the walk began; Fresh does
// not matter any more then.
func (w *Walk) Changed() bool { return w.changed }

// Next returns the next step; there is none when all has been read.
func (w *Walk) Next() (Step, bool) { return w.want, !w.done }

// Ahead returns the step that follows another if the list does not change.
func (w *Walk) Ahead(s Step) (Step, bool) {
	if !w.began {
		return Step{}, false
	}
	if w.chained {
		if w.total > 0 && s.End() >= w.total || w.until > 0 && s.End() >= w.until {
			return Step{}, false
		}
		return Step{Window: w.following(s.End())}, true
	}
	page := s.Page
	if s.After > 0 {
		page = s.After
	} else if look, ok := w.look(s); ok {
		return look, true
	}
	here := Window{page, s.Size}
	if w.total > 0 && here.End() >= w.total {
		return Step{}, false
	}
	return Step{Window: Window{page + 1, s.Size}}, true
}

// look returns the look back after a page: every twenty pages and at the end, at the middle
// of the pages since the last one.
func (w *Walk) look(s Step) (Step, bool) {
	read := s.Page - w.first.Page + 1
	since := (read-1)%lookEvery + 1
	last := w.total > 0 && s.End() >= w.total
	if w.Unchecked || w.anonymous || w.fixed || read < 2 || since < lookEvery && !last {
		return Step{}, false
	}
	return Step{Window: Window{s.Page - max(1, since/2), s.Size}, After: s.Page}, true
}

// following is the window that covers the most rows after end.
func (w *Walk) following(end int) Window {
	for _, margin := range []int{w.margin, 1} {
		if best := w.showing(max(0, end-margin)); best.End() > end {
			return best
		}
	}
	return Window{end/w.high + 1, w.high}
}

// showing is the window with a position in it that reaches furthest.
func (w *Walk) showing(position int) Window { return Showing(position, w.low, w.high) }

// Showing is the window of low to high rows with a position in it that reaches furthest.
func Showing(position, low, high int) (best Window) {
	for size := low; size <= high; size++ {
		if at := (Window{position/size + 1, size}); at.End() > best.End() {
			best = at
		}
	}
	return best
}

// Take takes what a step showed, and plans the next one. give are the indexes of the rows
// that have not been given yet.
func (w *Walk) Take(s Step, a Answer) (give []int, err error) {
	w.windows++
	if limit := 30 + 4*max(w.total, w.given)/max(1, w.low); w.windows > limit {
		return nil, fmt.Errorf("%d pages have been read, and the last of them have brought nothing new: the list does not come to an end", limit)
	}
	if w.Unchecked {
		return w.takeUnchecked(s, a), nil
	}
	if a.Total > 0 && (w.lowest == 0 || a.Total < w.lowest) {
		w.lowest = a.Total
	}
	if again, err := w.verify(&s, &a); again || err != nil {
		return nil, err
	}
	if !w.began {
		w.begin(a)
	}
	if a.Total != w.counted {
		w.counted = -1
	}
	w.changed = w.changed || a.Fresh
	switch {
	case w.chained:
		return w.takeChained(s, a)
	case w.fixed && !w.anonymous:
		return w.takeFixed(s, a)
	case s.After > 0:
		return nil, w.takeLook(s, a)
	}
	return w.takeInTurn(s, a)
}

// begin chooses the way of reading after the first window.
func (w *Walk) begin(a Answer) {
	w.began, w.total, w.counted = true, a.Total, a.Total
	w.end, w.verified = w.first.Begin(), w.first.End()
	w.long = a.Total-w.first.Begin() > maxShort*w.first.Size
	w.anonymous = len(a.IDs) > 0
	for _, id := range a.IDs {
		w.anonymous = w.anonymous && id == 0
	}
	if w.chained = !w.fixed && !w.anonymous && (w.Moving || w.Overlap || !w.long || w.first.Size <= w.largest*4/5); !w.fixed {
		w.high = min(w.largest, max(2*w.first.Size, 20))
		w.low = (w.high + 1) / 2
	}
	w.long = a.Total-w.first.Begin() > maxShort*w.high
}

// verify requests an answer again that contradicts itself or the answers before, and decides
// what to believe if it stays the same.
func (w *Walk) verify(s *Step, a *Answer) (again bool, err error) {
	reached := s.Begin() + a.Rows
	ends := a.Total > 0 && reached >= a.Total
	whole := s.Begin() == 0 && a.Total > 0 && a.Rows == a.Total // then its other counters do not matter
	var why string
	switch {
	case !whole && (!w.fixed && a.Size > 0 && a.Size != s.Size || a.Rows > s.Size):
		why = "size"
	case a.Total > 0 && a.Rows < s.Size && reached < a.Total:
		why = "short"
	case a.Total > 0 && a.Rows > 0 && reached > a.Total:
		why = "over"
	case a.Total == 0 && w.total > 0:
		why = "none"
	case !w.odd && a.Total > 0 && a.Pages > 0 && a.Size > 0 && a.Pages != (a.Total-1)/a.Size+1:
		why = "pages"
	case w.began && ends && a.Total < w.total && s.After == 0:
		why = "ends"
	default:
		w.asked = 0
		return false, nil
	}
	w.asked++
	if w.asked == 1 || why == "ends" && a.Total != w.claimed && w.asked < 5 {
		w.claimed = a.Total
		return true, nil
	}
	w.asked = 0
	switch {
	case why == "size" || why == "short" && !w.began && a.Rows > 0:
		size := a.Size
		if why == "short" || size < a.Rows {
			size = a.Rows
		}
		w.fixed, w.low, w.high = true, size, size
		if w.began { // read it from the beginning; the rows that were given are known
			w.first = Window{w.first.Begin()/size + 1, size}
			w.began = false
			return true, w.restart(0, 0)
		}
		w.first.Size = size
		w.want.Window = w.first
		if *s = w.want; a.Total > 0 && a.Rows < size && s.Begin()+a.Rows < a.Total {
			return false, w.short(s.Window, *a)
		}
	case why == "short":
		return false, w.short(s.Window, *a)
	case why == "over":
		a.Total = 0
	case why == "pages":
		w.odd = true
	}
	return false, nil
}

func (w *Walk) short(s Window, a Answer) error {
	if a.Rows == 0 {
		return EmptyPage(s.Page, a.Total, a.Pages)
	}
	return fmt.Errorf("page %d has %d of %d items, although the answer counts %d in all", s.Page, a.Rows, s.Size, a.Total)
}

// EmptyPage is the error of a page without rows that should have some.
func EmptyPage(page, total, pages int) error {
	return fmt.Errorf("page %d is empty, although the answer counts %d items on %d pages", page, total, pages)
}

// ended reports whether a window reaches the end of the list.
func (w *Walk) ended(s Window, a Answer) bool {
	if a.Wanted < len(a.IDs) {
		return true
	}
	if a.Total > 0 {
		return s.Begin()+a.Rows >= a.Total
	}
	return a.Rows < s.Size
}

// takeUnchecked takes a page without verification.
func (w *Walk) takeUnchecked(s Step, a Answer) []int {
	give := w.record(s.Window, a, func(int) bool { return true })
	w.began, w.total = true, a.Total
	switch {
	case a.Pages > 0:
		w.done = s.Page >= a.Pages
	case a.Total > 0 && a.Size > 0:
		w.done = s.Page*a.Size >= a.Total
	default:
		w.done = a.Rows < s.Size
	}
	w.done = w.done || a.Wanted < len(a.IDs)
	w.want = Step{Window: Window{s.Page + 1, s.Size}}
	return give
}

// record notes the positions of the rows of a window, and returns those that are new and
// wanted.
func (w *Walk) record(s Window, a Answer, wanted func(int) bool) []int {
	w.buf = w.buf[:0]
	for i, id := range a.IDs {
		if id == 0 && wanted(i) {
			w.buf = append(w.buf, i)
		} else if id != 0 && wanted(i) {
			if _, known := w.seen.get(id); !known {
				w.buf = append(w.buf, i)
			}
		}
	}
	for i, id := range a.IDs {
		if before, known := w.seen.find(id); id != 0 && (known || wanted(i)) {
			if !known || before.pass() != w.pass {
				w.rows++
			}
			w.seen.put(id, marked(s.Begin()+i, w.pass))
		}
	}
	w.given += len(w.buf)
	return w.buf
}

// takeInTurn takes the next page of a list that has not changed so far.
func (w *Walk) takeInTurn(s Step, a Answer) ([]int, error) {
	begins := s.Window == w.first
	quiet := begins || a.Total == w.total && s.Begin() == w.end
	far := false
	if a.Fresh && !begins && !w.anonymous { // there may be other changes, anywhere
		quiet, far = false, true
	}
	if !begins {
		for _, id := range a.IDs {
			if at, known := w.seen.get(id); known && (w.pass == 1 || at < w.end) {
				quiet, far = false, far || at < w.end-s.Size
			}
		}
	}
	switch {
	case quiet:
	case w.anonymous:
		return nil, fmt.Errorf("the list changed from %d to %d rows while it was read, and its rows have no ids, so that those already given cannot be recognized: read it again", w.total, a.Total)
	default:
		if w.chained = true; far {
			w.end = min(w.end, w.verified)
		}
		w.want = Step{Window: w.following(w.end)}
		return nil, nil
	}
	give := w.record(s.Window, a, func(int) bool { return true })
	w.end = s.Begin() + a.Rows
	if a.Total > 0 {
		w.total, w.lowest = a.Total, a.Total
	}
	if a.Wanted < len(a.IDs) {
		w.done = true
		return give, nil
	}
	return give, w.proceed(s, a)
}

// takeFixed takes the next page of a server with a page size of its own: its pages cannot
// overlap. If the total stays the same, a pass that sees as many rows has seen them all;
// without a total, a pass that sees the same rows as the one before.
func (w *Walk) takeFixed(s Step, a Answer) ([]int, error) {
	begins := s.Window == w.first
	if begins {
		w.same = w.pass > 1
	} else if a.Total != w.total || w.lowest != w.total || a.Fresh {
		return nil, w.restart(0, 0)
	}
	for i, id := range a.IDs {
		before, known := w.seen.find(id)
		if known && before.pass() == w.pass {
			return nil, w.restart(0, 0)
		}
		w.same = w.same && before == marked(s.Begin()+i, w.pass-1)
	}
	give := w.record(s.Window, a, func(int) bool { return true })
	w.end, w.total, w.lowest = s.Begin()+a.Rows, a.Total, a.Total
	switch {
	case a.Wanted < len(a.IDs):
		w.done = true
	case !w.ended(s.Window, a):
		w.want = Step{Window: Window{s.Page + 1, s.Size}}
	case begins, w.total > 0 && w.rows == w.total-w.first.Begin(), w.total == 0 && w.same && w.end == w.last:
		w.done = true
	default:
		w.last = w.end
		return give, w.restart(0, 0)
	}
	return give, nil
}

// proceed plans the step after one that was as expected.
func (w *Walk) proceed(s Step, a Answer) error {
	next, more := w.Ahead(s)
	switch {
	case more && (a.Total > 0 || s.After > 0 || a.Rows >= s.Size):
		w.want = next
	case w.total > 0 && w.given < w.total-w.first.Begin() && !w.anonymous:
		w.chained = true // a row came twice, and another one did not come
		return w.restart(0, 0)
	default:
		w.done = true
	}
	return nil
}

// takeLook compares a page with what it was.
func (w *Walk) takeLook(s Step, a Answer) error {
	same := true
	for i, id := range a.IDs {
		at, known := w.seen.get(id)
		same = same && (id == 0 || known && at == s.Begin()+i)
	}
	switch {
	case same:
		w.verified = max(w.verified, s.End())
		return w.proceed(s, a)
	default:
		if w.chained = true; a.Total == w.total || w.end >= w.total {
			w.end = w.verified // a row was removed and another one added, without a change of the total
		}
		w.want = Step{Window: w.following(w.end)}
	}
	return nil
}

// takeChained takes a window that must show a covered row.
func (w *Walk) takeChained(s Step, a Answer) ([]int, error) {
	link, at, firstKnown := -1, -1, len(a.IDs)
	for i, id := range a.IDs {
		if p, known := w.seen.find(id); known {
			firstKnown = min(firstKnown, i)
			if (p.pass() == w.pass || w.first.Begin() > 0) && p.position() < w.end && p.position() > at {
				link, at = i, p.position()
			}
		}
	}
	begins := s.Begin() == 0 && w.first.Begin() == 0 || w.given == 0
	change := 0
	if a.Total > 0 && w.total > 0 {
		change = a.Total - w.total
	}
	if link < 0 && !begins {
		return nil, w.stepBack(change)
	}
	w.noteChanges(s, a, link, at, change)
	give := w.record(s.Window, a, func(i int) bool {
		if a.IDs[i] == 0 {
			return i > link
		}
		return w.first.Begin() == 0 || w.given == 0 || i > firstKnown
	})
	w.end, w.tries = s.Begin()+a.Rows, 0
	if a.Total > 0 {
		w.total, w.lowest = a.Total, a.Total
	}
	found := false
	if w.pass > 1 {
		w.arrived = max(0, w.arrived-len(give))
		found = w.search > 0 && w.search <= len(give)
		w.search = max(0, w.search-len(give))
	}
	w.cut = w.cut || a.Wanted < len(a.IDs)
	allNew := w.Moving && w.pass > 1 && len(give) == len(a.IDs)
	if !found && !w.ended(s.Window, a) && (w.until == 0 || w.end < w.until || allNew) {
		w.want = Step{Window: w.following(w.end)}
		return give, nil
	}
	return give, w.finish()
}

// noteChanges notes the signs of changes in a window. link is the index of its last covered
// row, which was at the position at; -1 if the window begins the pass. change is that of the
// total.
func (w *Walk) noteChanges(s Step, a Answer, link, at, change int) {
	if link < 0 {
		if w.pass > 1 || w.end > 0 {
			w.arrived += max(0, change)
			if w.search > 0 {
				w.search += max(0, change)
			}
		}
		return
	}
	fresh := 0 // new rows before the link
	for _, id := range a.IDs[:link] {
		if _, known := w.seen.get(id); !known {
			fresh++
		}
	}
	shift := s.Begin() + link - at
	entered, fewer := max(0, shift-fresh), max(0, shift-change)
	w.changed = w.changed || shift != 0 || change != 0 || w.lowest < w.total
	if a.Total == 0 || w.total == 0 {
		fewer = 0
	}
	w.entered += entered
	w.moved += min(entered, fewer)
	w.fewer += max(0, fewer-fresh)
	if entered > 0 || fewer > fresh {
		w.doubt = max(w.doubt, s.Begin()+link+1)
	}
	if w.pass > 1 {
		w.arrived += max(0, change)
	} else {
		w.arrived += entered - min(entered, fewer)
	}
	for _, id := range a.IDs[link+1:] {
		if p, known := w.seen.find(id); known && p.pass() == w.pass {
			w.repeats++
			w.doubt = max(w.doubt, s.Begin())
		}
	}
}

// stepBack looks for a covered row when the window showed none: first where the last of them
// should be by the total, then further and further back.
func (w *Walk) stepBack(change int) error {
	w.margin = min(w.high/4+1, 4*w.margin)
	position := w.end - 1 + min(change, 0)
	switch {
	case w.tries == 0 && change > 0:
		position += change
	case w.tries > 0 || change == 0:
		position -= w.margin << (2 * w.tries)
	}
	w.tries++
	if position-w.margin <= 0 {
		if w.first.Begin() > 0 && w.want.Begin() == 0 {
			return errors.New("none of the rows that were read first is in the list any more, so it is not known where to continue: read it again")
		}
		position = 0
	}
	w.want = Step{Window: w.showing(max(0, position-w.margin))}
	return nil
}

// finish ends a pass. It ends the walk, or begins another pass if a row may have moved from
// the part that was still to be read to the part that had been.
func (w *Walk) finish() error {
	unseen := 0
	if w.total > 0 && !w.cut {
		unseen = max(0, w.total-w.first.Begin()-w.given-w.arrived)
	}
	certain := w.moved > 0 || unseen > 0
	if w.pass > 1 && w.counted > 0 && w.given == w.counted-w.first.Begin() {
		certain = false // all rows have been given
	}
	again := w.changed && !w.long && !w.Moving && w.first.Begin() == 0 // it costs little, and several changes can hide each other
	possible := again || w.entered > 0 || w.fewer > 0 || w.repeats > 0
	if !certain && (!possible || w.pass > 1) {
		if w.done = !w.Moving || w.pass > 1 || w.windows == 1; !w.done {
			return w.restart(0, 1)
		}
		return nil
	}
	search, until := w.entered, w.doubt
	if w.fewer > w.moved || w.repeats > 0 || w.counted < 0 {
		search = 0
	}
	if unseen > w.entered || again {
		search, until = 0, 0
	}
	if w.long && !certain {
		until = min(until, maxShort*w.high)
	}
	return w.restart(search, until)
}

// restart begins another pass.
func (w *Walk) restart(search, until int) error {
	most := maxPasses
	if w.long {
		most = maxLongPasses
	}
	if w.pass++; w.pass > most || w.anonymous {
		return fmt.Errorf("the list has been read %d times, and each time rows changed places meanwhile, so that some may be missing: "+
			"read it again, or sort it by what does not change", w.pass-1)
	}
	if until == 0 {
		w.arrived = 0 // the whole list is read again
	}
	w.signs, w.search, w.until, w.tries, w.windows, w.lowest = signs{}, search, until, 0, 0, 0
	w.margin = max(w.margin, w.high/3) // rows with equal sort keys fit into one window
	w.end, w.want = w.first.Begin(), Step{Window: w.first}
	if w.chained {
		if w.end > 0 {
			w.end = w.first.End()
		}
		w.want.Window = w.showing(w.first.Begin())
	}
	return nil
}

// rowSet holds the position of each row by its id, and the pass that saw it there, in less
// than 20 bytes for each row on average. An id of 0 is none.
type rowSet struct {
	ids []int64
	at  []mark
	n   int
}

// mark is a position, and the pass in its three lowest bits.
type mark uint32

func marked(position, pass int) mark { return mark(position<<3 | pass&7) }

func (m mark) position() int { return int(m >> 3) }
func (m mark) pass() int     { return int(m & 7) }

// slot is the index of an id, or the one for it.
func (r *rowSet) slot(id int64) int {
	hash := uint64(id) * 0x9e3779b97f4a7c15
	for i := int((hash >> 32) * uint64(len(r.ids)) >> 32); ; i++ {
		if i == len(r.ids) {
			i = 0
		}
		if r.ids[i] == id || r.ids[i] == 0 {
			return i
		}
	}
}

func (r *rowSet) get(id int64) (position int, ok bool) {
	at, ok := r.find(id)
	return at.position(), ok
}

func (r *rowSet) find(id int64) (at mark, ok bool) {
	if id == 0 || r.n == 0 {
		return 0, false
	}
	i := r.slot(id)
	return r.at[i], r.ids[i] == id
}

func (r *rowSet) put(id int64, at mark) {
	if r.n >= len(r.ids)*7/8 {
		old := *r
		r.ids, r.at = make([]int64, 128+len(old.ids)*3/2), make([]mark, 128+len(old.ids)*3/2)
		for i, id := range old.ids {
			if id != 0 {
				to := r.slot(id)
				r.ids[to], r.at[to] = id, old.at[i]
			}
		}
	}
	i := r.slot(id)
	if r.ids[i] == 0 {
		r.n++
	}
	r.ids[i], r.at[i] = id, at
}
