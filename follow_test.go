package tid_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// restarted is the cursor as another process finds it.
func restarted(t testing.TB, saved tid.Cursor) tid.Cursor {
	t.Helper()
	text, err := json.Marshal(&saved)
	require.NoError(t, err)
	var cursor tid.Cursor
	require.NoError(t, json.Unmarshal(text, &cursor))
	return cursor
}

// underRace is how often something is done, and how often under the race detector.
func underRace(times, less int) int {
	if raceDetector {
		return less
	}
	return times
}

// ledger is a list of contacts that tell when they were created and changed.
type ledger struct {
	mu       sync.Mutex
	rows     []entry
	requests int
	shuffled *rand.Rand // rows with equal keys come in any order
	nulls    int        // where rows come that do not tell: -1 first, 1 last
	totals   func(n int) int
	size     int // the server's own, if it is not 0
	before   func(request int)
	edit     func(page, size int, body string) string
	unsorted bool
}

type entry struct {
	id               int64
	created, updated int // minutes, -1 is none
	name             int
}

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func minute(n int) string {
	if n < 0 {
		return "null"
	}
	return epoch.Add(time.Duration(n) * time.Minute).Format(`"2006-01-02 15:04:05"`)
}

func (l *ledger) RoundTrip(req *http.Request) (*http.Response, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests++
	if l.before != nil {
		l.before(l.requests)
	}
	page, size := number(req, "page"), number(req, "pageSize")
	if l.size > 0 {
		size = l.size
	}
	if l.shuffled != nil {
		l.shuffled.Shuffle(len(l.rows), func(i, j int) { l.rows[i], l.rows[j] = l.rows[j], l.rows[i] })
	}
	changes := req.URL.Query().Get("sortBy") == "updated"
	if !l.unsorted {
		slices.SortStableFunc(l.rows, func(a, b entry) int {
			if l.shuffled == nil && a.created == b.created && a.updated == b.updated {
				return cmp.Compare(a.id, b.id)
			}
			if changes {
				return cmp.Compare(b.updated, a.updated)
			}
			if l.nulls > 0 && min(a.created, b.created) < 0 {
				return cmp.Compare(b.created, a.created)
			}
			return cmp.Compare(a.created, b.created)
		})
	}
	n := len(l.rows)
	var items []string
	for _, r := range l.rows[min((page-1)*size, n):min(page*size, n)] {
		items = append(items, fmt.Sprintf(`{"id":%d,"name":"%d","created":%s,"updated":%s}`, r.id, r.name, minute(r.created), minute(r.updated)))
	}
	total := n
	if l.totals != nil {
		total = l.totals(n)
	}
	body := fmt.Sprintf(`{"page":%d,"pageSize":%d,"itemCount":%d,"totalItemCount":%d,"items":[%s]}`, page, size, len(items), total, strings.Join(items, ","))
	if l.edit != nil {
		body = l.edit(page, size, body)
	}
	return answer(req, 200, body), nil
}

// bookedEvery is a list of n rows of which so many were created in the same minute.
func bookedEvery(n, same int) *ledger {
	l := &ledger{}
	for i := range n {
		l.rows = append(l.rows, entry{id: int64(i + 1), created: i / same, updated: i / same})
	}
	return l
}

// A first load of 200 pages that is killed on every page: the program stores rows
// and saves its cursor every hundred rows, and dies somewhere on the way to the next
// hundred, while others write.
func TestAFirstLoadGoesOnWhereItWasKilled(t *testing.T) {
	rows := underRace(20_000, 2_000)
	for _, c := range []struct {
		name   string
		opts   []tidtest.Option
		same   int // rows with one stamp
		others bool
	}{
		{"at rest", nil, 1, false},
		{"while others write", nil, 1, true},
		{"with shuffled ties, while others write", []tidtest.Option{tidtest.WithShuffledTies()}, 7, true},
		{"with shuffled ties that nearly fill a page", []tidtest.Option{tidtest.WithShuffledTies()}, 80, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			now := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
			var live []int64
			stored := map[int64]string{}
			times := map[int64]int{}
			loading, edited := true, map[int64]int{}
			write := func(srv *tidtest.Server, req tidtest.Request) {
				now = now.Add(250 * time.Millisecond)
				if !c.others || !loading || req.Operation != "GET /v1/Core/TimeReports" || rng.IntN(2) == 0 {
					return
				}
				switch at := rng.IntN(len(live)); rng.IntN(3) {
				case 0:
					srv.TimeReports.Delete(live[at])
					live = slices.Delete(live, at, at+1)
				case 1:
					report := reportsChangedAt(1, tid.DateTime{})[0]
					report.ID = 0
					live = append(live, srv.TimeReports.Put(report))
				default:
					edited[live[at]]++
					srv.TimeReports.Update(live[at], func(r *tid.TimeReport) { r.Comment += "!" })
				}
			}
			srv, client := account(t, append(c.opts, tidtest.WithClock(func() time.Time { return now }), tidtest.WithBeforeRequest(write), tidtest.WithLog(1))...)
			reports := make([]tid.TimeReport, rows)
			for i := range reports {
				stamp := at(t, "2026-01-01 08:00:00").Add(time.Duration(i/c.same*c.same) * time.Minute)
				reports[i] = reportsChangedAt(1, stamp)[0]
				reports[i].ID = int64(i + 1)
				live = append(live, reports[i].ID)
			}
			srv.Load(&tidtest.Company{TimeReports: reports})

			var saved tid.Cursor
			deaths, largest := 0, 0
			for done := false; !done; {
				cursor := restarted(t, saved)
				n, dies := 0, 101+rng.IntN(99)
				done = true
				for report, err := range client.TimeReports.Follow(t.Context(), &cursor, nil) {
					require.NoError(t, err)
					if n%100 == 0 && n > 0 {
						saved = restarted(t, cursor)
						text, _ := json.Marshal(&saved)
						largest = max(largest, len(text))
					}
					stored[report.ID] = report.Comment
					times[report.ID]++
					if n++; n == dies && saved.Newest.IsZero() {
						done = false
						deaths++
						break
					}
				}
				if done {
					saved = restarted(t, cursor)
				}
			}
			loading = false // and what has happened last is followed, too
			cursor := restarted(t, saved)
			for report, err := range client.TimeReports.Follow(t.Context(), &cursor, nil) {
				require.NoError(t, err)
				stored[report.ID] = report.Comment
				times[report.ID]++
			}
			missed, stale, twice := 0, 0, 0
			for _, id := range live {
				report, _ := srv.TimeReports.Get(id)
				comment, ok := stored[id]
				switch {
				case !ok:
					missed++
				case comment != report.Comment:
					stale++
				}
			}
			for id, n := range times {
				twice += max(0, n-1-edited[id])
			}
			t.Logf("%d deaths, %d missed, %d stale, %d rows twice, cursor of %d bytes at the most", deaths, missed, stale, twice, largest)
			assert.GreaterOrEqual(t, deaths, rows/100-5)
			assert.Zero(t, missed)
			assert.Zero(t, stale)
			assert.LessOrEqual(t, twice, deaths*99, "what the last save did not have")
			if !c.others {
				assert.Less(t, largest, 500)
			}
		})
	}
}

// inSteps follows the contacts until nothing more comes. It breaks off after so many
// rows each time, and goes on with the cursor as it was saved.
func inSteps(t *testing.T, c *tid.Client, step int) (given []int64) {
	var cursor tid.Cursor
	for n := -1; n != len(given); {
		n = len(given)
		for contact, err := range c.Contacts.Follow(t.Context(), &cursor, nil) {
			require.NoError(t, err)
			if len(given) == n+step {
				break
			}
			given = append(given, contact.ID)
		}
		cursor = restarted(t, cursor)
	}
	return given
}

// A cursor that is saved with every row gives none of them again.
func TestACursorThatIsSavedWithEachRowGivesNoneAgain(t *testing.T) {
	list := bookedEvery(1000, 3)
	c := free(t, list)
	given := inSteps(t, c, 37)
	assert.Equal(t, upTo(1000), given, "in the order in which they were created")
}

func TestAFirstLoadCostsLittleMoreThanReading(t *testing.T) {
	for _, same := range []int{1, 2, 10} {
		list := bookedEvery(20_000, same)
		given, err := tid.Collect(free(t, list).Contacts.Follow(t.Context(), new(tid.Cursor), nil), 0)
		require.NoError(t, err)
		assert.Len(t, given, 20_000)
		t.Logf("%d rows in a moment: %d requests", same, list.requests)
		assert.LessOrEqual(t, list.requests, 235+same*4)
	}
}

// Rows that were created in the same moment and do not fit into a page.
func TestLargeImportsAreLoadedWhole(t *testing.T) {
	for _, c := range []struct {
		name     string
		n, same  int
		shuffled bool
		write    bool
		requests int
	}{
		{"one moment, in order", 5_000, 5_000, false, false, 180},
		{"three moments, in order", 5_000, 1_700, false, false, 195},
		{"one moment, shuffled", 2_000, 2_000, true, false, 1500},
		{"some moments, shuffled", 2_000, 300, true, false, 900},
		{"just over a page, shuffled", 1_010, 101, true, false, 300},
		{"one moment, shuffled, others write", 2_000, 2_000, true, true, 3000},
		{"one moment, in order, others write", 5_000, 5_000, false, true, 900},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, kill := range []int{0, 150} {
				list := bookedEvery(c.n, c.same)
				rng := rand.New(rand.NewPCG(3, 4))
				if c.shuffled {
					list.shuffled = rng
				}
				next := 1_000_000
				list.before = func(request int) {
					if c.write && request%20 == 0 && request < 200 {
						at := rng.IntN(len(list.rows))
						list.rows = slices.Delete(list.rows, at, at+1)
						next++
						list.rows = append(list.rows, entry{id: int64(next), created: next, updated: next})
					}
				}
				client := free(t, list)
				times := map[int64]int{}
				var cursor tid.Cursor
				largest := 0
				for done := false; !done; {
					n := 0
					done = list.requests > 200 || !c.write // nothing writes any more
					cursor = restarted(t, cursor)
					for contact, err := range client.Contacts.Follow(t.Context(), &cursor, nil) {
						require.NoError(t, err)
						if n++; n == kill {
							done = false
							text, _ := json.Marshal(&cursor)
							largest = max(largest, len(text))
							break
						}
						times[contact.ID]++
					}
				}
				missed := 0
				for _, row := range list.rows {
					if times[row.id] == 0 {
						missed++
					}
				}
				for _, n := range times {
					require.Equal(t, 1, n)
				}
				t.Logf("ended after %d rows: %d requests, %d missed, cursor of %d bytes at the most", kill, list.requests, missed, largest)
				assert.Zero(t, missed)
				if kill == 0 {
					assert.LessOrEqual(t, list.requests, c.requests)
				}
			}
		})
	}
}

// Lists that change at random between any two requests, with restarts in between.
func TestAnyFirstLoadIsWhole(t *testing.T) {
	histories := underRace(400, 40)
	for _, shuffled := range []bool{false, true} {
		t.Run(fmt.Sprintf("shuffled %t", shuffled), func(t *testing.T) {
			lost, stale, failed := 0, 0, 0
			for i := range histories {
				rng := rand.New(rand.NewPCG(uint64(i), 7))
				n, same := 1+rng.IntN(200), 1+rng.IntN(12)
				list := bookedEvery(n, same)
				if shuffled {
					list.shuffled = rng
				}
				clock, next := 100_000, int64(10_000)
				busy := 1 + rng.IntN(6)
				var cursor tid.Cursor
				list.before = func(int) {
					clock++
					if !cursor.Newest.IsZero() || rng.IntN(busy) > 0 {
						return
					}
					most := 3
					if shuffled { // an addition in the same moment would hide a removal from the count
						most = 1
					}
					for range 1 + rng.IntN(most) {
						switch m := len(list.rows); {
						case m == 0 || rng.IntN(3) == 0:
							next++
							list.rows = append(list.rows, entry{id: next, created: clock, updated: clock})
						case rng.IntN(2) == 0:
							at := rng.IntN(m)
							list.rows = slices.Delete(list.rows, at, at+1)
						default:
							at := rng.IntN(m)
							list.rows[at].updated, list.rows[at].name = clock, list.rows[at].name+1
						}
					}
				}
				client := free(t, list)
				stored := map[int64]string{}
				opts := &tid.ContactListOptions{ListOptions: tid.ListOptions{PageSize: 20}}
				for lives := 0; lives < 1000; lives++ {
					n, dies := 0, 1+rng.IntN(60)
					last := true
					cursor = restarted(t, cursor)
					for contact, err := range client.Contacts.Follow(t.Context(), &cursor, opts) {
						if err != nil {
							failed++
							t.Logf("history %d: %v", i, err)
							lives = 1000
							break
						}
						if n++; n == dies {
							last = false
							break
						}
						stored[contact.ID] = contact.Name
					}
					if last {
						break
					}
				}
				for _, row := range list.rows {
					name, ok := stored[row.id]
					if !ok {
						lost++
					} else if name != fmt.Sprint(row.name) {
						stale++
					}
				}
			}
			t.Logf("%d histories: %d rows lost, %d stale, %d ended in an error", histories, lost, stale, failed)
			assert.Zero(t, lost)
			assert.Zero(t, stale)
			assert.LessOrEqual(t, failed, histories/100)
		})
	}
}

func TestAFirstLoadHoldsLittleInMemory(t *testing.T) {
	const rows = 200_000
	c := free(t, roundTrip(func(req *http.Request) (*http.Response, error) {
		page, size := number(req, "page"), number(req, "pageSize")
		first, step := (page-1)*size, 1
		if req.URL.Query().Get("sortBy") == "updatedDate" {
			first, step = rows-1-first, -1
		}
		var body strings.Builder
		fmt.Fprintf(&body, `{"page":%d,"pageSize":%d,"totalItemCount":%d,"items":[`, page, size, rows)
		for i, at := 0, first; i < size && at >= 0 && at < rows; i, at = i+1, at+step {
			if i > 0 {
				body.WriteByte(',')
			}
			stamp := epoch.Add(time.Duration(at) * 2 * time.Minute).Format(time.DateTime)
			fmt.Fprintf(&body, `{"id":%d,"date":%q,"hours":8,"comment":"Arbete på plats","user":{"id":1,"name":"Eva Kvist"},"createdDate":%q,"updatedDate":%q}`,
				at+1, stamp[:10], stamp, stamp)
		}
		body.WriteString("]}")
		return answer(req, 200, body.String(), "Date", time.Now().AddDate(100, 0, 0).UTC().Format(http.TimeFormat)), nil
	}))
	live := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most, n := live(), uint64(0), 0
	var cursor tid.Cursor
	for _, err := range c.TimeReports.Follow(t.Context(), &cursor, nil) {
		require.NoError(t, err)
		if n++; n%5000 == 0 {
			most = max(most, live())
		}
	}
	assert.Equal(t, rows, n)
	t.Logf("%d KiB above %d KiB", (int64(most)-int64(before))/1024, before/1024)
	assert.Less(t, int64(most)-int64(before), int64(8<<20))
	text, err := json.Marshal(&cursor)
	require.NoError(t, err)
	assert.Less(t, len(text), 10_000)
}

func TestRowsThatDoNotTellWhenTheyWereCreatedAreLoaded(t *testing.T) {
	for name, nulls := range map[string]int{"first": -1, "last": 1} {
		for undated := range map[int]bool{0: true, 30: true, 250: true, 500: true} {
			t.Run(fmt.Sprintf("%d of 500, %s", undated, name), func(t *testing.T) {
				list := bookedEvery(500, 1)
				list.nulls = nulls
				for i := range undated {
					list.rows[i].created = -1
				}
				client := free(t, list)
				given := inSteps(t, client, 70)
				slices.Sort(given)
				assert.Equal(t, upTo(500), given)
			})
		}
	}
}

// Servers that do not count, count wrongly, or have pages of their own.
func TestFirstLoadsFromStrangeServersAreWhole(t *testing.T) {
	once := func(page int, lie func(body string) string) func(int, int, string) string {
		told := false
		return func(p, _ int, body string) string {
			if p == page && !told {
				told = true
				return lie(body)
			}
			return body
		}
	}
	for name, c := range map[string]struct {
		list *ledger
		same int
	}{
		"no totals":               {&ledger{totals: func(int) int { return 0 }}, 1},
		"no totals, one moment":   {&ledger{totals: func(int) int { return 0 }}, 1000},
		"pages of 25":             {&ledger{size: 25}, 1},
		"pages of 25, one moment": {&ledger{size: 25}, 1000},
		"pages of 250":            {&ledger{size: 250}, 1},
		"everything at once":      {&ledger{size: 100_000}, 1},
		"a total that is too low for once": {&ledger{edit: once(4, func(body string) string {
			return strings.Replace(body, `"totalItemCount":1000`, `"totalItemCount":400`, 1)
		})}, 1},
		"an empty page for once": {&ledger{edit: once(4, func(string) string { return `{"items":[],"totalItemCount":1000}` })}, 1},
		"no total for once":      {&ledger{edit: once(4, func(string) string { return `{"items":[],"totalItemCount":0}` })}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			list := bookedEvery(1000, c.same)
			list.totals, list.size, list.edit = c.list.totals, c.list.size, c.list.edit
			client := free(t, list)
			given := inSteps(t, client, 170)
			assert.Equal(t, upTo(1000), given)
			t.Logf("%d requests", list.requests)
		})
	}
}

func TestAFirstLoadOfWhatIsNotSortedIsAnError(t *testing.T) {
	list := bookedEvery(1000, 1)
	list.unsorted = true
	slices.Reverse(list.rows)
	_, err := tid.Collect(free(t, list).Contacts.Follow(t.Context(), new(tid.Cursor), nil), 0)
	assert.ErrorContains(t, err, "did not sort the list by when its rows were created")
}

func TestFollowIsRefusedWhatItCannotDo(t *testing.T) {
	srv, c := account(t)
	for name, opts := range map[string]*tid.ContactListOptions{
		"another key":  {SortBy: tid.ContactsByName},
		"oldest first": {ListOptions: tid.ListOptions{SortOrder: tid.Ascending}},
		"a later page": {ListOptions: tid.ListOptions{Page: 2}},
	} {
		_, err := tid.Collect(c.Contacts.Follow(t.Context(), new(tid.Cursor), opts), 0)
		assert.ErrorIs(t, err, tid.ErrInvalidInput, name)
	}
	_, err := tid.Collect(c.Contacts.Follow(t.Context(), nil, nil), 0)
	assert.ErrorIs(t, err, tid.ErrInvalidInput)
	assert.Empty(t, srv.Requests())
}

// What 0.1.0 has saved goes on with the changes.
func TestACursorOfTheFirstVersionStillWorks(t *testing.T) {
	srv, c := account(t)
	srv.TimeReports.PutAll(reportsChangedAt(300, at(t, "2026-10-01 08:00:00")))
	srv.TimeReports.Update(7, func(r *tid.TimeReport) { r.UpdatedDate = at(t, "2026-11-20 08:00:00") })
	var cursor tid.Cursor
	require.NoError(t, json.Unmarshal([]byte(`{"newest":"2026-11-20 07:30:00","given":{"9":{"at":"2026-11-20 07:30:00","sum":"00"}}}`), &cursor))
	given := ids(t, c.TimeReports.Follow(t.Context(), &cursor, nil), func(r *tid.TimeReport) int64 { return r.ID })
	assert.Equal(t, []int64{7}, given)
	assert.Nil(t, cursor.Load)
}

// What changes while the first load is under way comes after it, oldest first.
func TestChangesOfTheFirstLoadComeAfterIt(t *testing.T) {
	list := bookedEvery(300, 1)
	c := free(t, list)
	var cursor tid.Cursor
	var given []int64
	for contact, err := range c.Contacts.Follow(t.Context(), &cursor, nil) {
		require.NoError(t, err)
		if given = append(given, contact.ID); len(given) == 150 {
			for i, id := range []int64{20, 290, 10} { // one of them is not read yet
				at := slices.IndexFunc(list.rows, func(r entry) bool { return r.id == id })
				list.rows[at].updated, list.rows[at].name = 1000+i, 1
			}
			list.rows = append(list.rows, entry{id: 301, created: 1010, updated: 1010})
		}
	}
	assert.Equal(t, append(upTo(301), 20, 10), given)
	assert.Empty(t, ids(t, c.Contacts.Follow(t.Context(), &cursor, nil), contactID))
}

// A copy of a cursor stays as it is, to go back to.
func TestFollowLeavesCopiesOfTheCursorAlone(t *testing.T) {
	list := bookedEvery(300, 100)
	c := free(t, list)
	var cursor tid.Cursor
	for range 3 {
		copied := cursor
		before, err := json.Marshal(&copied)
		require.NoError(t, err)
		_, err = tid.Collect(c.Contacts.Follow(t.Context(), &cursor, nil), 130)
		require.NoError(t, err)
		after, err := json.Marshal(&copied)
		require.NoError(t, err)
		assert.Equal(t, string(before), string(after))
	}
}

// Every list that tells its changes can be followed.
func TestEachListIsFollowed(t *testing.T) {
	_, c := account(t, tidtest.WithCompany(tidtest.Sample(1, 8)), tidtest.WithShuffledTies())
	ctx := t.Context()
	projects, err := c.Projects.List(ctx, nil)
	require.NoError(t, err)
	project := projects.Items[0].ID
	for i := range 30 {
		_, err := c.Projects.Comments.Create(ctx, project, &tid.CommentInput{Text: fmt.Sprintf("Rad %d", i)})
		require.NoError(t, err)
	}
	for name, list := range map[string][3]iter.Seq[int64]{
		"Activities":      lists(t, c.Activities.All(ctx, nil), c.Activities.Follow, nil),
		"Articles":        lists(t, c.Articles.All(ctx, nil), c.Articles.Follow, nil),
		"BookingProjects": lists(t, c.BookingProjects.All(ctx, nil), c.BookingProjects.Follow, nil),
		"Contacts":        lists(t, c.Contacts.All(ctx, nil), c.Contacts.Follow, nil),
		"MaterialReports": lists(t, c.MaterialReports.All(ctx, nil), c.MaterialReports.Follow, nil),
		"Offers":          lists(t, c.Offers.All(ctx, nil), c.Offers.Follow, nil),
		"Opportunities":   lists(t, c.Opportunities.All(ctx, nil), c.Opportunities.Follow, nil),
		"PaymentPlans":    lists(t, c.PaymentPlans.All(ctx, nil), c.PaymentPlans.Follow, nil),
		"Projects":        lists(t, c.Projects.All(ctx, nil), c.Projects.Follow, nil),
		"Projects.Comments": lists(t, c.Projects.Comments.All(ctx, project, nil), func(ctx context.Context, cursor *tid.Cursor, opts *tid.ProjectCommentListOptions) iter.Seq2[*tid.Comment, error] {
			return c.Projects.Comments.Follow(ctx, project, cursor, opts)
		}, nil),
		"SupplierInvoices": lists(t, c.SupplierInvoices.All(ctx, nil), c.SupplierInvoices.Follow, nil),
		"TaskBoards":       lists(t, c.TaskBoards.All(ctx, nil), c.TaskBoards.Follow, nil),
		"TimeReports":      lists(t, c.TimeReports.All(ctx, nil), c.TimeReports.Follow, nil),
		"VacationRequests": lists(t, c.VacationRequests.All(ctx, nil), c.VacationRequests.Follow, nil),
	} {
		t.Run(name, func(t *testing.T) {
			all := slices.Sorted(list[0])
			assert.NotEmpty(t, all)
			assert.Equal(t, all, slices.Sorted(list[1]), "everything, once")
			assert.Empty(t, slices.Collect(list[2]), "and then what has changed, which is nothing")
		})
	}
}

// lists are the ids that All gives, and those that two runs of Follow do.
func lists[T, O any](t *testing.T, all iter.Seq2[*T, error], follow func(context.Context, *tid.Cursor, *O) iter.Seq2[*T, error], opts *O) [3]iter.Seq[int64] {
	var cursor tid.Cursor
	idOf := func(seq iter.Seq2[*T, error]) iter.Seq[int64] {
		return func(yield func(int64) bool) {
			for item, err := range seq {
				require.NoError(t, err)
				if !yield(reflect.ValueOf(item).Elem().FieldByName("ID").Int()) {
					return
				}
			}
		}
	}
	run := idOf(follow(t.Context(), &cursor, opts))
	return [3]iter.Seq[int64]{idOf(all), run, run}
}

// A server with pages of its own never shows both sides of the place where one ends: a
// load that was killed exactly there goes on all the same, whatever has been removed.
func TestALoadGoesOnAtTheEndOfAPageOfTheServersOwn(t *testing.T) {
	for _, size := range []int{20, 30, 50} {
		for passed := size - 1; passed <= 2*size+1; passed++ {
			list := bookedEvery(200, 1)
			list.size = size
			c := free(t, list)
			var cursor tid.Cursor
			var got []int64
			for contact, err := range c.Contacts.Follow(t.Context(), &cursor, nil) {
				require.NoError(t, err)
				if len(got) == passed {
					break
				}
				got = append(got, contact.ID)
			}
			list.rows = slices.Delete(list.rows, passed-1, passed) // the one passed last
			cursor = restarted(t, cursor)
			for contact, err := range c.Contacts.Follow(t.Context(), &cursor, nil) {
				require.NoError(t, err, "pages of %d, %d passed", size, passed)
				got = append(got, contact.ID)
			}
			require.Len(t, got, 200, "pages of %d, %d passed", size, passed)
		}
	}
}

func TestAnEmptyAnswerDoesNotEndALoad(t *testing.T) {
	for lying := 1; lying <= 5; lying++ {
		list := bookedEvery(300, 1)
		list.edit = func(page, _ int, body string) string {
			if list.requests == lying {
				return fmt.Sprintf(`{"page":%d,"pageSize":100,"itemCount":0,"totalItemCount":0,"items":[]}`, page)
			}
			return body
		}
		var cursor tid.Cursor
		seen := make(map[int64]bool)
		for range 2 {
			for contact, err := range free(t, list).Contacts.Follow(t.Context(), &cursor, nil) {
				require.NoError(t, err)
				seen[contact.ID] = true
			}
		}
		assert.Len(t, seen, 300, "request %d lies", lying)
	}
}

func TestChangesThatAreNotSortedAreAnErrorWhereverTheyStand(t *testing.T) {
	list := bookedEvery(300, 1)
	list.unsorted = true
	list.rows[5].updated = 401
	list.rows = append(list.rows, entry{id: 301, created: 300, updated: 400})
	since, err := tid.ParseDateTime(strings.Trim(minute(299), `"`))
	require.NoError(t, err)
	cursor := tid.Cursor{Newest: since}
	_, err = tid.Collect(free(t, list).Contacts.Follow(t.Context(), &cursor, nil), 0)
	assert.ErrorContains(t, err, "did not sort")
	_, err = tid.Collect(free(t, list).Contacts.ChangedSince(t.Context(), since, nil), 0)
	assert.ErrorContains(t, err, "did not sort")
}
