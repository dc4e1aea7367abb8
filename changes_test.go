package tid_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// account is a fake server in memory, without a rate limit, and a client for it.
func account(t testing.TB, opts ...tidtest.Option) (*tidtest.Server, *tid.Client) {
	t.Helper()
	srv := tidtest.NewServer(t, append([]tidtest.Option{tidtest.InMemory(), tidtest.WithRateLimit(0)}, opts...)...)
	return srv, srv.Client(tid.WithLimiter(nil))
}

func at(t testing.TB, s string) tid.DateTime {
	t.Helper()
	dt, err := tid.ParseDateTime(s)
	require.NoError(t, err)
	return dt
}

func reportsChangedAt(n int, times ...tid.DateTime) []tid.TimeReport {
	reports := make([]tid.TimeReport, n)
	for i := range reports {
		reports[i] = tid.TimeReport{ID: int64(i + 1), Date: tid.NewDate(2026, 10, 1+i%28), Hours: tid.MustDecimal("8"),
			User: &tid.Ref{ID: 1, Name: "Eva Kvist"}, InternalProject: &tid.Ref{ID: 1, Name: "Lager"},
			CreatedDate: times[i%len(times)], UpdatedDate: times[i%len(times)]}
	}
	return reports
}

func TestChangesCostWhatHasChangedAndNotWhatThereIs(t *testing.T) {
	srv, c := account(t)
	reports := reportsChangedAt(100_000, at(t, "2026-10-01 12:00:00"))
	for i := range 50 {
		reports[i*1999].UpdatedDate = at(t, "2026-11-20 08:00:00").Add(time.Duration(i) * time.Minute)
	}
	srv.Load(&tidtest.Company{TimeReports: reports})
	srv.ResetRequests()
	changed, err := tid.Collect(c.TimeReports.ChangedSince(t.Context(), at(t, "2026-11-20 08:00:00"), nil), 0)
	require.NoError(t, err)
	assert.Len(t, changed, 50)
	assert.Equal(t, at(t, "2026-11-20 08:49:00"), changed[0].UpdatedDate, "newest first")
	lists := slices.DeleteFunc(srv.Requests(), func(r tidtest.Request) bool { return r.Operation != "GET /v1/Core/TimeReports" })
	assert.LessOrEqual(t, len(lists), 2)
}

func TestCursorGivesEachChangeOnceAcrossRestarts(t *testing.T) {
	now := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	srv, c := account(t, tidtest.WithClock(func() time.Time { return now }))
	var ids []int64
	for _, name := range []string{"Berg", "Dal", "Ek", "Fors", "Gran"} {
		ids = append(ids, srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{Name: name,
			ContactType: tid.ContactCompany, Updated: at(t, "2026-11-01 08:00:00")}}))
	}
	var saved []byte
	// follow reads the changes as a new process would, with what the last one saved.
	follow := func(stopAfter int) (given []int64) {
		var cursor tid.Cursor
		if saved != nil {
			require.NoError(t, json.Unmarshal(saved, &cursor))
		} else {
			cursor.Newest = at(t, "2026-11-20 07:59:00")
		}
		for contact, err := range c.Contacts.Follow(t.Context(), &cursor, nil) {
			require.NoError(t, err)
			if len(given) == stopAfter {
				break // without handling it
			}
			given = append(given, contact.ID)
		}
		var err error
		saved, err = json.Marshal(&cursor)
		require.NoError(t, err)
		return given
	}
	rename := func(id int64, name string) {
		_, err := c.Contacts.Modify(t.Context(), id, func(in *tid.ContactInput) error { in.Name = name; return nil })
		require.NoError(t, err)
	}

	assert.Empty(t, follow(-1))
	rename(ids[0], "A")
	rename(ids[1], "B")
	assert.ElementsMatch(t, ids[:2], follow(-1))
	assert.Empty(t, follow(-1), "nothing is repeated")

	rename(ids[2], "C") // in the second of the newest change
	assert.Equal(t, ids[2:3], follow(-1), "the edge second is not missed")
	rename(ids[2], "C again")
	assert.Equal(t, ids[2:3], follow(-1), "nor is a second change within it")

	now = now.Add(10 * time.Minute)
	rename(ids[3], "D")
	now = now.Add(-20 * time.Second) // another server, whose clock is behind
	rename(ids[0], "A again")
	assert.Equal(t, []int64{ids[0], ids[3]}, follow(-1), "oldest first")
	rename(ids[1], "B again")
	assert.Equal(t, ids[1:2], follow(-1), "a change with an earlier stamp is not missed")

	now = now.Add(time.Hour)
	rename(ids[0], "A 3")
	now = now.Add(time.Minute)
	rename(ids[1], "B 3")
	assert.Equal(t, ids[:1], follow(1), "interrupted after one")
	assert.Equal(t, ids[1:2], follow(-1), "the other comes next time")
	assert.Empty(t, follow(-1))
}

func TestFailedReadingLeavesTheCursor(t *testing.T) {
	for name, begin := range map[string]tid.Cursor{
		"at the very first": {},
		"among the changes": {Newest: at(t, "2026-11-20 07:00:00")},
		"in the middle of a load": {Load: &tid.Load{Since: at(t, "2026-11-20 07:00:00"), Created: at(t, "2026-11-10 07:00:00"),
			Given: [][2]int64{{7, 9}}, First: 3, At: 6, Total: 20}},
	} {
		t.Run(name, func(t *testing.T) {
			srv, c := account(t)
			srv.TimeReports.PutAll(reportsChangedAt(250, at(t, "2026-11-20 08:00:00")))
			srv.Inject(tidtest.Fault{Operation: "GET /v1/Core/TimeReports", Effect: tidtest.Answer(403, "")})
			cursor, errs := begin, 0
			for report, err := range c.TimeReports.Follow(t.Context(), &cursor, nil) {
				assert.Nil(t, report)
				assert.ErrorIs(t, err, tid.ErrForbidden)
				errs++
			}
			assert.Equal(t, 1, errs)
			assert.Equal(t, begin, cursor)
		})
	}
}

func TestChangesAreRefusedWhenTheyCannotBeTold(t *testing.T) {
	t.Run("the API does not sort", func(t *testing.T) {
		c := free(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			var items []string
			for _, day := range []int{20, 19, 21} {
				items = append(items, fmt.Sprintf(`{"id":%d,"updated":"2026-11-%d 08:00:00"}`, day, day))
			}
			return answer(req, 200, `{"items":[`+strings.Join(items, ",")+`],"totalItemCount":3,"totalPages":1}`), nil
		}))
		given, err := tid.Collect(c.Contacts.ChangedSince(t.Context(), at(t, "2026-11-01"), nil), 0)
		assert.Len(t, given, 2)
		assert.ErrorContains(t, err, "did not sort")
	})
	for name, opts := range map[string]*tid.ContactListOptions{
		"another key":  {SortBy: tid.ContactsByName},
		"oldest first": {ListOptions: tid.ListOptions{SortOrder: tid.Ascending}},
		"a later page": {ListOptions: tid.ListOptions{Page: 2}},
		"a bad filter": {ContactType: "alien"},
		"a bad page":   {ListOptions: tid.ListOptions{PageSize: 101}},
	} {
		t.Run(name, func(t *testing.T) {
			srv, c := account(t)
			_, err := tid.Collect(c.Contacts.ChangedSince(t.Context(), at(t, "2026-11-01"), opts), 0)
			assert.ErrorIs(t, err, tid.ErrInvalidInput)
			assert.Empty(t, srv.Requests())
		})
	}
}

func TestCollectStopsAtItsBound(t *testing.T) {
	for most, want := range map[int]struct{ items, requests int }{0: {250, 3}, -1: {250, 3}, 1: {1, 1}, 100: {100, 1}, 1000: {250, 3}} {
		p := &pager{n: 250}
		items, err := tid.Collect(free(t, p).Contacts.All(t.Context(), nil), most)
		require.NoError(t, err)
		assert.Len(t, items, want.items)
		assert.EqualValues(t, want.requests, p.requests.Load(), "at most %d", most)
	}
}

func TestChangesThatMoveUpAreNotMissed(t *testing.T) {
	srv, c := account(t)
	reports := reportsChangedAt(250, at(t, "2026-11-20 08:00:00"))
	srv.TimeReports.PutAll(reports)
	given := map[int64]bool{}
	for report, err := range c.TimeReports.ChangedSince(t.Context(), at(t, "2026-11-20 08:00:00"), nil) {
		require.NoError(t, err)
		assert.False(t, given[report.ID])
		given[report.ID] = true
		if len(given) == 50 {
			srv.TimeReports.Delete(report.ID)
		}
	}
	assert.Len(t, given, 250)
}

func TestClocksThatAreSetBackAreNoDisorder(t *testing.T) {
	c := free(t, roundTrip(func(req *http.Request) (*http.Response, error) {
		var items []string
		for id, clock := range []string{"03:10", "02:10", "02:50", "02:05", "01:50"} {
			items = append(items, fmt.Sprintf(`{"id":%d,"updated":"2026-10-25 %s:00"}`, id+1, clock))
		}
		return answer(req, 200, `{"items":[`+strings.Join(items, ",")+`],"totalItemCount":5,"totalPages":1}`), nil
	}))
	cursor := tid.Cursor{Newest: at(t, "2026-10-25 02:50:00")}
	changed, err := tid.Collect(c.Contacts.Follow(t.Context(), &cursor, nil), 0)
	require.NoError(t, err)
	assert.Len(t, changed, 5)
}

func TestLargeImportsAreFollowedInGoodTime(t *testing.T) {
	srv, c := account(t)
	reports := reportsChangedAt(20_000, at(t, "2026-11-20 08:00:00"))
	srv.Load(&tidtest.Company{TimeReports: reports})
	cursor := tid.Cursor{Newest: at(t, "2026-11-20 08:00:00")}
	for _, want := range []int{20_000, 0} {
		given, err := tid.Collect(c.TimeReports.Follow(t.Context(), &cursor, nil), 0)
		require.NoError(t, err)
		assert.Len(t, given, want)
		assert.Len(t, cursor.Given, 20_000, "all of them lie at the edge")
	}
}

// One stamp in the future must not hide what is changed after it.
func TestTheCursorNeverMovesPastTheAPIsPresent(t *testing.T) {
	now := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	srv, c := account(t, tidtest.WithClock(func() time.Time { return now }))
	var ids []int64
	for i := range 50 {
		ids = append(ids, srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{Name: fmt.Sprintf("Kund %d", i),
			ContactType: tid.ContactCompany, Updated: at(t, "2026-11-01 08:00:00")}}))
	}
	var cursor tid.Cursor
	follow := func() (given []int64) {
		for contact, err := range c.Contacts.Follow(t.Context(), &cursor, nil) {
			require.NoError(t, err)
			given = append(given, contact.ID)
		}
		saved, err := json.Marshal(&cursor)
		require.NoError(t, err)
		cursor = tid.Cursor{}
		require.NoError(t, json.Unmarshal(saved, &cursor))
		return given
	}
	edit := func(id int64, updated string) {
		require.True(t, srv.Contacts.Update(id, func(contact *tid.Contact) {
			contact.Name += " AB"
			if updated != "" {
				contact.Updated = at(t, updated)
			}
		}))
	}
	assert.Len(t, follow(), 50)
	edit(ids[0], "2027-11-20 08:00:00")
	assert.Equal(t, ids[:1], follow(), "the row that is ahead is given")
	assert.Equal(t, at(t, "2026-11-01 08:00:00"), cursor.Newest)
	edits := 0
	for _, id := range ids[1:] {
		now = now.Add(10 * time.Minute)
		edit(id, "")
		edits += len(follow())
	}
	assert.Equal(t, 49, edits)
	edit(ids[0], "2027-11-20 08:00:01")
	assert.Equal(t, ids[:1], follow(), "it is given again when it changes")
	assert.Empty(t, follow())
	assert.Less(t, len(cursor.Given), 15, "what lies behind the overlap is forgotten")
}
