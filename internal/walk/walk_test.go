package walk

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var histories = flag.Int("histories", 10_000, "how many random histories TestWalksKeepTheirPromise goes through")

// model is a list that others change while it is read.
type model struct {
	rows    []int64
	next    int64
	always  map[int64]bool // the rows that have been there all the time
	rng     *rand.Rand
	own     int // the page size, whatever is asked for; 0 is what is asked for
	ties    int // so many neighbours have equal sort keys, and change places from request to request
	noSum   bool
	lie     func(Window, *Answer)
	stamped bool           // rows tell when they have been written
	written map[int64]bool // since the walk began
}

func newModel(n int, rng *rand.Rand) *model {
	m := &model{next: int64(n), rng: rng, always: map[int64]bool{}, written: map[int64]bool{}}
	for i := range n {
		m.rows = append(m.rows, int64(i+1))
	}
	return m
}

func (m *model) insert(at int) {
	m.next++
	m.rows = slices.Insert(m.rows, at, m.next)
	m.written[m.next] = true
}

func (m *model) remove(at int) int64 {
	id := m.rows[at]
	m.rows = slices.Delete(m.rows, at, at+1)
	return id
}

func (m *model) move(from, to int) {
	id := m.remove(from)
	m.rows = slices.Insert(m.rows, to, id)
	m.written[id] = true
}

// change is one change of the list.
func (m *model) change(kind string) {
	n := len(m.rows)
	switch {
	case kind == "insert":
		m.insert(m.rng.IntN(n + 1))
	case kind == "append":
		m.insert(n)
	case kind == "prepend":
		m.insert(0)
	case n == 0:
	case kind == "remove":
		delete(m.always, m.remove(m.rng.IntN(n)))
	case kind == "replace":
		m.change("remove")
		m.change("insert")
	case kind == "move":
		m.move(m.rng.IntN(n), m.rng.IntN(n))
	case kind == "touch":
		m.move(m.rng.IntN(n), 0)
	case kind == "bulk insert":
		at := m.rng.IntN(n + 1)
		for range m.rng.IntN(max(1, min(2*n, 500-n))) {
			m.insert(at)
		}
	case kind == "bulk remove":
		at := m.rng.IntN(n)
		for range m.rng.IntN(n - at) {
			delete(m.always, m.remove(at))
		}
	}
}

// show is what a server answers now.
func (m *model) show(w Window) Answer {
	rows := m.rows
	if m.ties > 1 {
		rows = slices.Clone(rows)
		for i := 0; i < len(rows); i += m.ties {
			group := rows[i:min(i+m.ties, len(rows))]
			m.rng.Shuffle(len(group), func(i, j int) { group[i], group[j] = group[j], group[i] })
		}
	}
	n := len(rows)
	if m.own > 0 {
		w.Size = m.own
	}
	a := Answer{Size: w.Size, Total: n, Pages: (n + w.Size - 1) / w.Size,
		IDs: slices.Clone(rows[min(w.Begin(), n):min(w.End(), n)])}
	a.Rows, a.Wanted = len(a.IDs), len(a.IDs)
	if m.stamped {
		a.Fresh = slices.ContainsFunc(a.IDs, func(id int64) bool { return m.written[id] })
	}
	if m.noSum {
		a.Total, a.Pages = 0, 0
	}
	if m.lie != nil {
		m.lie(w, &a)
	}
	return a
}

// walked is what came of a walk.
type walked struct {
	given    []int64
	requests int
	err      error
}

// read walks through a model, with so many requests under way at once; between any
// two requests, meanwhile may change it.
func (m *model) read(w *Walk, ahead int, meanwhile func()) (o walked) {
	type request struct {
		step Step
		Answer
	}
	for _, id := range m.rows {
		m.always[id] = true
	}
	var queue []request
	send := func(s Step) {
		if o.requests > 0 {
			meanwhile()
		}
		o.requests++
		queue = append(queue, request{s, m.show(s.Window)})
	}
	for s, more := w.Next(); more; s, more = w.Next() {
		if len(queue) == 0 || queue[0].step != s {
			queue = nil
			send(s)
		}
		for len(queue) < ahead {
			next, ok := w.Ahead(queue[len(queue)-1].step)
			if !ok {
				break
			}
			send(next)
		}
		var give []int
		if give, o.err = w.Take(s, queue[0].Answer); o.err != nil {
			return o
		}
		for _, i := range give {
			o.given = append(o.given, queue[0].IDs[i])
		}
		queue = queue[1:]
		if o.requests > 100_000 {
			panic("no end")
		}
	}
	return o
}

// lost are the rows that were there all the time from the position on, and were not given.
func (m *model) lost(initial []int64, given []int64) (lost []int64) {
	has := map[int64]bool{}
	for _, id := range given {
		has[id] = true
	}
	for _, id := range initial {
		if m.always[id] && !has[id] {
			lost = append(lost, id)
		}
	}
	return lost
}

func twice(given []int64) bool {
	seen := map[int64]bool{}
	for _, id := range given {
		if seen[id] {
			return true
		}
		seen[id] = true
	}
	return false
}

// world is a kind of history.
type world struct {
	name                      string
	kinds                     []string
	most                      int     // changes in one gap
	chance                    float64 // of a change in a gap
	ties                      int
	lies, noSum, stamped, own bool
	// Which share of the walks may end in an error, and in which a row may be lost
	// without one, through changes in one gap that make up for each other.
	short, long limits
}

type limits struct{ errors, lost float64 }

// atMost is a share of the walks, with room for chance where it is not none.
func atMost(share float64, walks int) int {
	return int(math.Ceil(share*float64(walks) + 2*math.Sqrt(share*float64(walks))))
}

var (
	addsAndRemovals = []string{"insert", "append", "prepend", "remove", "remove"}
	everything      = []string{"insert", "append", "prepend", "remove", "remove", "replace", "move", "touch", "bulk insert", "bulk remove"}
)

var worlds = []world{
	{name: "quiet"},
	{name: "one addition or removal at a time", kinds: addsAndRemovals, most: 1, chance: 0.3, short: limits{0.001, 0}},
	{name: "one addition or removal in each gap", kinds: addsAndRemovals, most: 1, chance: 1, short: limits{0.001, 0}},
	{name: "several additions and removals", kinds: addsAndRemovals, most: 4, chance: 0.7, short: limits{0.002, 0}, long: limits{0.75, 0.002}},
	{name: "appends", kinds: []string{"append"}, most: 3, chance: 1},
	{name: "replacements", kinds: []string{"replace"}, most: 1, chance: 0.5, short: limits{0.003, 0}, long: limits{0.1, 0.25}},
	{name: "replacements, stamped", kinds: []string{"replace"}, most: 1, chance: 0.5, stamped: true, short: limits{0.004, 0}, long: limits{0.1, 0.05}},
	{name: "bulk", kinds: []string{"bulk insert", "bulk remove"}, most: 1, chance: 0.2, short: limits{0.002, 0}, long: limits{0.02, 0}},
	{name: "one move at a time", kinds: []string{"move", "touch"}, most: 1, chance: 0.3, long: limits{0.02, 0}},
	{name: "one change at a time", kinds: everything, most: 1, chance: 0.3, short: limits{0.004, 0}, long: limits{0.3, 0.01}},
	{name: "one change at a time, stamped", kinds: everything, most: 1, chance: 0.3, stamped: true, short: limits{0.004, 0}, long: limits{0.3, 0.01}},
	{name: "everything", kinds: everything, most: 4, chance: 0.5, short: limits{0.1, 0.002}, long: limits{0.5, 0.005}},
	{name: "everything, stamped", kinds: everything, most: 4, chance: 0.5, stamped: true, short: limits{0.1, 0}, long: limits{0.5, 0.005}},
	{name: "ties", ties: 5, short: limits{0.001, 0}, long: limits{0.05, 0}},
	{name: "ties, and one change at a time", ties: 5, kinds: everything, most: 1, chance: 0.1, short: limits{0.1, 0.0005}, long: limits{0.95, 0.002}},
	{name: "all tied", ties: 1 << 20, short: limits{0.01, 0}, long: limits{0.3, 0}},
	{name: "lies", kinds: addsAndRemovals, most: 1, chance: 0.1, lies: true, short: limits{0.005, 0}, long: limits{0.1, 0.003}},
	{name: "no totals", kinds: addsAndRemovals, most: 2, chance: 0.3, noSum: true},
	{name: "no totals, one change at a time", kinds: everything, most: 1, chance: 0.1, noSum: true, short: limits{0, 0.0002}, long: limits{0, 0.003}},
	{name: "pages of its own", own: true},
	{name: "pages of its own, one change at a time", kinds: everything, most: 1, chance: 0.1, own: true, short: limits{0.2, 0.015}, long: limits{0.8, 0.015}},
	{name: "pages of its own, no totals, one change at a time", kinds: everything, most: 1, chance: 0.1, own: true, noSum: true, short: limits{0.5, 0}, long: limits{0.95, 0}},
}

// liar answers wrongly now and then, each time in another way.
func liar(rng *rand.Rand) func(Window, *Answer) {
	first := true
	return func(w Window, a *Answer) {
		if first || rng.IntN(15) > 0 {
			first = false // the first answer alone does not show it
			return
		}
		switch rng.IntN(6) {
		case 0:
			a.Total, a.Pages = 0, 0
		case 1:
			a.IDs, a.Rows, a.Wanted, a.Total, a.Pages = nil, 0, 0, 0, 0
		case 2:
			a.IDs = a.IDs[:len(a.IDs)*2/5]
			a.Rows, a.Wanted = len(a.IDs), len(a.IDs)
		case 3:
			a.Pages = 3
		case 4:
			a.Total = max(1, a.Total/2)
		case 5:
			a.Size = max(1, a.Size/2)
			a.IDs = a.IDs[:min(len(a.IDs), a.Size)]
			a.Rows, a.Wanted = len(a.IDs), len(a.IDs)
		}
	}
}

// TestWalksKeepTheirPromise goes through random histories: what is in the list from
// the beginning of a walk to its end is given, and given once, or there is an error.
func TestWalksKeepTheirPromise(t *testing.T) {
	for k, world := range worlds {
		for _, long := range []bool{false, true} {
			for _, ahead := range []int{1, 5} {
				name, allowed, share := "overlapping", world.short, 9
				if long {
					name, allowed, share = "long", world.long, 1
				}
				t.Run(fmt.Sprintf("%s, %s, %d under way", world.name, name, ahead), func(t *testing.T) {
					t.Parallel()
					walks := max(1, *histories*share/(20*len(worlds)))
					errs, lost, requests, pages, example := 0, 0, 0, 0, ""
					for i := range walks {
						rng := rand.New(rand.NewPCG(uint64(k), uint64(i)))
						size := 1 + rng.IntN(12)
						largest, most := 100, 8
						if long { // as a page of 100 rows is, in small
							size = 10 + rng.IntN(10)
							largest, most = size, 45
						}
						m := newModel(rng.IntN(size*most), rng)
						m.ties, m.noSum, m.stamped = world.ties, world.noSum, world.stamped
						if world.own {
							m.own = 1 + rng.IntN(size)
						}
						if world.lies {
							m.lie = liar(rng)
						}
						initial := slices.Clone(m.rows)
						o := m.read(New(Window{1, size}, largest), ahead, func() {
							if rng.Float64() < world.chance {
								for range 1 + rng.IntN(world.most) {
									m.change(world.kinds[rng.IntN(len(world.kinds))])
								}
							}
						})
						requests, pages = requests+o.requests, pages+max(1, (len(initial)+size-1)/size)
						require.False(t, twice(o.given), "history %d", i)
						switch missing := m.lost(initial, o.given); {
						case o.err != nil:
							errs++
						case len(missing) > 0:
							lost++
							example = fmt.Sprintf("; in history %d %d rows of %d, such as %d", i, len(missing), len(initial), missing[0])
						}
					}
					t.Logf("%d walks, %d (%.3f %%) ended in an error, %d (%.4f %%) lost a row, %.2f requests a page%s", walks,
						errs, 100*float64(errs)/float64(walks), lost, 100*float64(lost)/float64(walks), float64(requests)/float64(pages), example)
					assert.LessOrEqual(t, errs, atMost(allowed.errors, walks))
					assert.LessOrEqual(t, lost, atMost(allowed.lost, walks))
				})
			}
		}
	}
}

func TestQuietWalksCostFewRequests(t *testing.T) {
	for rows, want := range map[int]int{0: 1, 1: 1, 100: 1, 101: 2, 198: 2, 200: 3, 500: 6, 1000: 11, 2000: 21, 4000: 42, 20_000: 210} {
		for _, ahead := range []int{1, 16} {
			o := newModel(rows, nil).read(New(Window{1, 100}, 100), ahead, func() {})
			require.NoError(t, o.err)
			assert.Len(t, o.given, rows)
			assert.Equal(t, want, o.requests, "%d rows, %d ahead", rows, ahead)
		}
	}
}

// Rows that are added at the end while a long list is read cost what overlapping
// windows cost, and no more.
func TestAppendsDoNotDoubleALongWalk(t *testing.T) {
	for _, ahead := range []int{1, 16} {
		m := newModel(4000, rand.New(rand.NewPCG(1, 1)))
		initial := slices.Clone(m.rows)
		o := m.read(New(Window{1, 100}, 100), ahead, func() { m.change("append") })
		require.NoError(t, o.err)
		assert.Empty(t, m.lost(initial, o.given))
		assert.LessOrEqual(t, o.requests, 40*13/10+ahead)
	}
}

// A walk that begins at a later page gives what stood from there on at its
// beginning, and nothing that stood in front.
func TestWalksFromALaterPageStayBehindTheirBeginning(t *testing.T) {
	errs := 0
	for i := range 5000 {
		rng := rand.New(rand.NewPCG(3, uint64(i)))
		size := 2 + rng.IntN(10)
		m := newModel(rng.IntN(size*8), rng)
		initial := slices.Clone(m.rows)
		o := m.read(New(Window{3, size}, 100), 1+rng.IntN(5), func() {
			if rng.IntN(3) == 0 {
				m.change(addsAndRemovals[rng.IntN(len(addsAndRemovals))])
			}
		})
		front := min(2*size, len(initial))
		for _, id := range o.given {
			require.False(t, slices.Contains(initial[:front], id), "history %d gives row %d of %d", i, id, front)
		}
		if o.err != nil {
			errs++
			continue
		}
		require.Empty(t, m.lost(initial[front:], o.given), "history %d", i)
	}
	assert.LessOrEqual(t, errs, 50)
}

// TestNoTwoChangesHideARow makes two changes to a short list while it is read, of any
// kind and each between any two requests, a share of them in the same gap.
func TestNoTwoChangesHideARow(t *testing.T) {
	kinds := []string{"insert", "append", "prepend", "remove", "move", "touch"}
	for _, ahead := range []int{1, 5} {
		t.Run(fmt.Sprintf("%d under way", ahead), func(t *testing.T) {
			t.Parallel()
			errs := 0
			for i := range *histories / 5 {
				rng := rand.New(rand.NewPCG(7, uint64(i)))
				m := newModel(17+rng.IntN(50), rng)
				first, second := rng.IntN(7), rng.IntN(7)
				initial := slices.Clone(m.rows)
				gap := 0
				o := m.read(New(Window{1, 16}, 16), ahead, func() {
					for _, at := range []int{first, second} {
						if at == gap {
							m.change(kinds[rng.IntN(len(kinds))])
						}
					}
					gap++
				})
				if o.err != nil {
					errs++
					continue
				}
				require.False(t, twice(o.given), "history %d", i)
				require.Empty(t, m.lost(initial, o.given), "history %d", i)
			}
			assert.LessOrEqual(t, errs, atMost(0.001, *histories/5))
		})
	}
}
