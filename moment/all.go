package moment

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"reflect"
	"slices"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/internal/walk"
)

// All yields every row from the page on that opts ask for, each once, or ends in an error.
// It yields all rows that are in the list from the first request to the last, while others
// add and remove rows. Pages overlap, or are read again where something has changed.
// Answers that contradict each other or their own counters are an error, and so is a list
// that the API has cut off: a [*LimitError]. With From or To in [TimeRecordListOptions],
// records of other days are left out, and timeRecordDate is always included. Metadata
// comes with a page: see [Service.List].
//
// API: GET /{entity}, GET /{entity}/include/{parts}
func (s *Service[T]) All(ctx context.Context, opts Options, includes ...Includes) iter.Seq2[*T, error] {
	var from, to tid.Date
	if o, ok := opts.(interface{ days() (from, to tid.Date) }); ok && !reflect.ValueOf(opts).IsZero() {
		from, to = o.days()
	}
	dated := !from.IsZero() || !to.IsZero()
	if dated {
		includes = withDay(includes)
	}
	at := s.at()
	for _, in := range includes {
		if slices.ContainsFunc(in.parts, ofPage) {
			at = at.fail("metadata comes with a page, and All gives rows: use List")
		}
	}
	if dated && !shapeOf(reflect.TypeFor[T]()).shows(timeRecordDate) {
		at = at.fail(fmt.Sprintf("%s has no field for timeRecordDate, which All needs to leave out records of other days", reflect.TypeFor[T]()))
	}
	l, err := s.listing(at.include(s.parts(includes, true)), opts)
	rows := func(yield func(*T, error) bool) {
		if err != nil {
			yield(nil, err)
			return
		}
		own := *l
		readAll(ctx, &own, yield)
	}
	if !dated {
		return rows
	}
	return between(from, to, l, rows)
}

// readAll reads a list page by page, as the plan of a walk says. The walk counts pages
// from 1, and the API from 0.
func readAll[T any](ctx context.Context, l *listing, yield func(*T, error) bool) {
	if l.all = true; l.Size == 0 {
		l.Size = pageSize
	}
	if l.Page == 0 {
		l.Size = max(l.Size, minSize)
	}
	first := walk.Window{Page: l.Page + 1, Size: l.Size}
	plan := walk.New(first, max(l.Size, minSize))
	plan.Overlap = true
	rows := shapeOf(reflect.TypeFor[T]())
	begun, own := false, false // own: the server has a page size of its own
	for step, more := plan.Next(); more; step, more = plan.Next() {
		page, err := readPage[T](ctx, l, step.Window)
		if err != nil {
			yield(nil, err)
			return
		}
		if !begun && !page.paged && page.rows > 0 && (page.rows >= step.Size || first.Page > 1) {
			begun = true
			switch pages, err := pagesOf(ctx, l, rows, first, page); {
			case err != nil:
				yield(nil, err)
				return
			case pages == whole:
				yieldOnce(page.Items, rows, yield)
				return
			case pages == ownPages && page.rows == first.Size: // the sizes are the same by chance, and the walk would not see it
				plan = walk.New(walk.Window{Page: first.Page, Size: first.Size - 1}, max(l.Size, minSize))
				continue
			}
		}
		begun = true
		cut := l.AllowTruncation && (page.LimitWasExceeded || page.TotalElements >= MaxRows)
		if cut && page.rows == 0 {
			return
		}
		a := walk.Answer{Rows: page.rows, Size: page.Size, Total: page.TotalElements, Pages: page.TotalPages}
		// Pages of the server's own size cannot overlap, and a total that stays the same can
		// hide a replaced row; without a total, the walk reads until nothing changes.
		own = own || page.Size > 0 && page.Size != step.Size || page.rows > step.Size
		if cut || own { // the counters may be those of the list before it was cut off
			a.Total, a.Pages = 0, 0
		}
		for _, row := range page.Items {
			a.IDs = append(a.IDs, rows.id(row))
		}
		a.Wanted = len(a.IDs)
		give, err := plan.Take(step, a)
		for _, i := range give {
			if !yield(page.Items[i], nil) {
				return
			}
		}
		if err != nil {
			e := l.unusable(http.MethodGet, "")
			e.Err = err
			yield(nil, e)
			return
		}
	}
}

// What a server does with page and size.
const (
	pagesAsked = iota // it heeds them
	ownPages          // it heeds page, and has a size of its own
	whole             // it heeds neither: every answer is the whole list
)

// pagesOf finds out what a server that does not count does with page and size, if its first
// answer, page, is full or was not the first page.
func pagesOf[T any](ctx context.Context, l *listing, rows shape, first walk.Window, page *Page[T]) (int, error) {
	if page.rows <= first.Size && first.Page == 1 {
		less := walk.Window{Page: 1, Size: first.Size - 1}
		switch shorter, err := readPage[T](ctx, l, less); {
		case err != nil:
			return 0, err
		case shorter.rows <= less.Size:
			return pagesAsked, nil
		}
	}
	const tries = 3 // the list may change between two requests
	other := walk.Window{Page: first.Page + 1, Size: first.Size}
	if first.Page > 1 {
		other.Page = 1
	}
	for try := range tries {
		var err error
		if try > 0 {
			if page, err = readPage[T](ctx, l, first); err != nil {
				return 0, err
			}
		}
		next, err := readPage[T](ctx, l, other)
		if err != nil {
			return 0, err
		}
		common := inCommon(rows, page.Items, next.Items)
		equal := common == len(page.Items) && common == len(next.Items)
		switch {
		case common == 0 && first.Page > 1:
			return pagesAsked, nil
		case common == 0:
			return ownPages, nil
		case equal && first.Page > 1:
			return 0, l.unusable(http.MethodGet, "page %d is the same as page 0: the API gives the whole list whatever is asked for, so begin with page 0", l.Page)
		case equal:
			return whole, nil
		}
	}
	return 0, l.unusable(http.MethodGet, "the answers count no pages, and pages %d and %d have rows in common: read it again", first.Page-1, other.Page-1)
}

// inCommon counts the rows that two answers have in common. Rows without ids are the same if
// they are equal and have the same index.
func inCommon[T any](rows shape, a, b []*T) (n int) {
	if !rows.shows("id") {
		for i := range min(len(a), len(b)) {
			if reflect.DeepEqual(a[i], b[i]) {
				n++
			}
		}
		return n
	}
	ids := make(map[int64]bool, len(a))
	for _, row := range a {
		ids[rows.id(row)] = true
	}
	for _, row := range b {
		if ids[rows.id(row)] {
			n++
		}
	}
	return n
}

// yieldOnce yields rows, each once.
func yieldOnce[T any](items []*T, rows shape, yield func(*T, error) bool) {
	seen := make(map[int64]bool, len(items))
	for _, row := range items {
		id := rows.id(row)
		if id != 0 && seen[id] {
			continue
		}
		if seen[id] = true; !yield(row, nil) {
			return
		}
	}
}
