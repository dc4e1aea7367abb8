package tid

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/vismatid/tid/internal/walk"
)

// findGone yields the ids of the known rows that the API does not have any more. exists
// asks for one of them; it is nil where the API has no operation for that, and the whole
// list decides.
func findGone[T any](ctx context.Context, c *Client, op, key string, known iter.Seq2[int64, DateTime], exists func(ctx context.Context, id int64) error) iter.Seq2[int64, error] {
	call, err := c.newCall(ctx, op, nil, nil, nil)
	if err == nil && known == nil {
		err = invalid(op, "known is nil")
	}
	l, err := newListing(c, call, nil, err)
	if err == nil {
		l = l.sortedBy(key, Ascending)
	}
	return func(yield func(int64, error) bool) {
		if err != nil {
			yield(0, err)
			return
		}
		rows, err := inOrder(op, known)
		if err != nil {
			yield(0, err)
			return
		}
		g := &gone{known: rows, asked: make(map[int64]bool)}
		confirm := func(id int64) error {
			err := exists(ctx, id)
			switch {
			case errors.Is(err, ErrNotFound) && !yield(id, nil):
				return errEnough
			case errors.Is(err, ErrNotFound):
				return nil
			}
			return err
		}
		var missing []int64
		g.read = readGone[T](ctx, l)
		g.found = confirm
		if exists == nil {
			g.found = func(id int64) error { missing = append(missing, id); return nil }
		}
		err = g.search()
		if err == errNoOrder {
			for _, row := range g.known {
				if !g.asked[row.id] {
					missing = append(missing, row.id)
				}
			}
			err = nil
		}
		if err == nil && len(missing) > 0 {
			var there map[int64]bool
			there, err = idsOf[T](ctx, c, l.call)
			for _, id := range missing {
				switch {
				case err != nil || there[id]:
				case exists != nil:
					err = confirm(id)
				case !yield(id, nil):
					err = errEnough
				}
			}
		}
		if err != nil && err != errEnough {
			yield(0, err)
		}
	}
}

// inOrder returns the known objects, each once, in the order in which they were created.
func inOrder(op string, known iter.Seq2[int64, DateTime]) (rows []stamped, err error) {
	for id, at := range known {
		if id < 1 {
			return nil, invalid(op, "an id that is known must be 1 or more, not %d", id)
		}
		rows = append(rows, stamped{id, second(at)})
	}
	slices.SortFunc(rows, func(a, b stamped) int { return cmp.Compare(a.id, b.id) })
	rows = slices.CompactFunc(rows, func(a, b stamped) bool { return a.id == b.id })
	slices.SortFunc(rows, func(a, b stamped) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.id, b.id)) })
	return rows, nil
}

// idsOf reads a whole list, and returns the ids in it.
func idsOf[T any](ctx context.Context, c *Client, call *call) (map[int64]bool, error) {
	ids := make(map[int64]bool)
	for item, err := range allCall[T](ctx, c, call, nil, nil) {
		if err != nil {
			return nil, err
		}
		ids[identity(item)] = true
	}
	return ids, nil
}

var (
	errEnough  = errors.New("the loop was left")
	errNoOrder = errors.New("the list cannot be read by when its rows were created")
)

// second is a stamp without its fraction, since the caller may have stored whole seconds.
func second(at DateTime) DateTime {
	at.nano = 0
	return at.surely()
}

// readGone reads pages of a list that is sorted by when its rows were created.
func readGone[T any](ctx context.Context, l *listing) func(walk.Window) ([]stamped, int, error) {
	return func(w walk.Window) ([]stamped, int, error) {
		page, _, _, err := get[T](ctx, l, w)
		if err != nil {
			return nil, 0, err
		}
		own := page.rows > w.Size || page.size > 0 && page.size != w.Size
		rows := make([]stamped, len(page.Items))
		for i, item := range page.Items {
			rows[i] = stamped{identity(item), second(createdAt(item))}
			if own || rows[i].at.IsZero() || i > 0 && rows[i-1].at.Compare(rows[i].at) > 0 {
				return nil, 0, errNoOrder
			}
		}
		return rows, page.TotalItemCount, nil
	}
}

// gone looks for known rows that a list does not have any more. It compares the number of
// rows in the list that were created before some moment with the number of known ones. If
// as many are missing before the beginning of a span as before its end, none is missing
// within it. Other spans are halved until a page shows them.
type gone struct {
	read  func(walk.Window) (rows []stamped, total int, err error)
	known []stamped            // by their stamps
	found func(id int64) error // is called for a row that is not in its place
	asked map[int64]bool       // the rows that found was called for
}

// edge is a moment, and the number of rows in the list that were created before it.
type edge struct {
	at  DateTime
	pos int
}

func (e edge) before(other edge) bool { return e.at.Compare(other.at) < 0 }

// rank is how many of the known rows come before an edge.
func (g *gone) rank(e edge) int {
	return sort.Search(len(g.known), func(i int) bool { return g.known[i].at.Compare(e.at) >= 0 })
}

// since is the moment after the newest known row: rows that were created later do not
// matter.
func (g *gone) since() DateTime { return g.known[len(g.known)-1].at.Add(time.Second) }

// search looks through the whole list.
func (g *gone) search() error {
	n := len(g.known)
	switch {
	case n == 0:
		return nil
	case g.known[0].at.IsZero():
		return errNoOrder
	}
	last := edge{at: g.since()}
	for position, low, high := n-1, 0, 0; ; position = low + (high-low)/2 {
		s, err := g.look(position)
		if err != nil {
			return err
		}
		if i := len(s.edges) - 1; i >= 0 && s.edges[i].at.Compare(last.at) == 0 {
			return g.between(edge{}, s.edges[i], s.edges)
		}
		if high == 0 {
			high = s.total
		}
		switch {
		case high == 0: // the API does not count rows
			last.pos = math.MaxInt
			return g.list(edge{}, last)
		case s.newer:
			high = min(high, s.begin)
		default:
			low = max(low, s.end)
		}
		if low >= high { // the newest known row ends a page
			last.pos = high
			return g.between(edge{}, last, nil)
		}
	}
}

// sight is what a page shows: every row between its first edge and its last.
type sight struct {
	begin, end, total int
	newer             bool // its rows are newer than all known ones, or it has none
	edges             []edge
}

// look reads a page that shows a position, and reports the rows that are missing on it.
func (g *gone) look(position int) (s sight, err error) {
	w := walk.Showing(max(0, position), maxPageSize/2, maxPageSize)
	rows, total, err := g.read(w)
	if err != nil {
		return s, err
	}
	s = sight{begin: w.Begin(), end: w.Begin() + len(rows), total: total}
	since := g.since()
	s.newer = len(rows) == 0 || rows[0].at.Compare(since) >= 0
	there := make(map[int64]bool, len(rows))
	for i, row := range rows {
		there[row.id] = true
		newer := row.at.Compare(since) >= 0
		if newer {
			row.at = since
		}
		if s.begin+i == 0 {
			s.edges = append(s.edges, edge{})
		}
		if i > 0 && row.at.Compare(rows[i-1].at) != 0 || newer && s.begin+i == 0 {
			s.edges = append(s.edges, edge{row.at, s.begin + i})
		}
		if newer {
			break
		}
	}
	ends := total > 0 && s.end >= total || total == 0 && len(rows) < w.Size
	if len(rows) > 0 && ends && rows[len(rows)-1].at.Compare(since) < 0 {
		s.edges = append(s.edges, edge{since, s.end})
	}
	if n := len(s.edges); n > 1 {
		err = g.tell(s.edges[0], s.edges[n-1], there)
	}
	return s, err
}

// tell reports the known rows between two edges that are not in there.
func (g *gone) tell(from, to edge, there map[int64]bool) error {
	for _, row := range g.known[g.rank(from):g.rank(to)] {
		if there[row.id] || g.asked[row.id] {
			continue
		}
		g.asked[row.id] = true
		if err := g.found(row.id); err != nil {
			return err
		}
	}
	return nil
}

// between searches the span between two edges. seen are the edges of a page that has been
// read.
func (g *gone) between(from, to edge, seen []edge) error {
	if begin, end := g.rank(from), g.rank(to); begin >= end || begin-from.pos == end-to.pos {
		return nil
	}
	split := func(edges []edge) (done bool, err error) {
		edges = slices.DeleteFunc(edges, func(e edge) bool { return e.before(from) || to.before(e) })
		if len(edges) == 0 {
			return false, nil
		}
		first, last := edges[0], edges[len(edges)-1]
		if !first.before(last) && !(from.before(first) && first.before(to)) {
			return false, nil // the page shows nothing new
		}
		if err := g.between(from, first, nil); err != nil {
			return true, err
		}
		return true, g.between(last, to, nil)
	}
	if done, err := split(seen); done {
		return err
	}
	for _, position := range g.places(from, to) {
		s, err := g.look(position)
		if err != nil {
			return err
		}
		if done, err := split(s.edges); done {
			return err
		}
	}
	return g.list(from, to)
}

// places are positions at which to look for an edge within a span: where the edge of a
// moment in its middle should be, then its middle, then positions closer and closer to
// its ends, in case the rows around the middle all have one stamp. A long span with a
// single stamp has none.
func (g *gone) places(from, to edge) (all []int) {
	const near = maxPageSize / 2
	if to.pos-from.pos < near {
		return []int{from.pos - 1}
	}
	begin, end := g.rank(from), g.rank(to)
	moment := g.known[begin+(end-begin)/2].at
	at := g.rank(edge{at: moment})
	if at == begin {
		for at < end && g.known[at].at.Compare(moment) == 0 {
			at++
		}
	}
	if at == end {
		return nil
	}
	before, until := begin-from.pos, end-to.pos // the numbers of rows that are missing
	if before-until < near && until-before < near {
		all = append(all, at-max(before, until)-1)
	}
	middle := from.pos + (to.pos-from.pos)/2
	all = append(all, middle)
	for at := middle; at-from.pos > near; {
		at = from.pos + (at-from.pos)/2
		all = append(all, at)
	}
	for at := middle; to.pos-at > near; {
		at += (to.pos - at) / 2
		all = append(all, at)
	}
	return append(all, from.pos-1)
}

// list reads a span with too many rows of one stamp, until it has seen as many rows as
// there are.
func (g *gone) list(from, to edge) error {
	there := make(map[int64]bool)
	for range maxGroupPasses {
		for pos := max(0, from.pos-1); pos < to.pos; {
			w := walk.Showing(pos, maxPageSize/2, maxPageSize)
			rows, total, err := g.read(w)
			if err != nil {
				return err
			}
			for _, row := range rows {
				if at := (edge{at: row.at}); !at.before(from) && at.before(to) {
					there[row.id] = true
				}
			}
			if pos = w.Begin() + len(rows); len(rows) < w.Size || total > 0 && pos >= total {
				to.pos = min(to.pos, pos)
			}
		}
		if len(there) >= to.pos-from.pos {
			return g.tell(from, to, there)
		}
	}
	return errNoOrder
}
