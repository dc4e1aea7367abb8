package tid_test

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// collectGone is what Gone yields, in order.
func collectGone(t testing.TB, seq iter.Seq2[int64, error]) []int64 {
	t.Helper()
	found := []int64{}
	for id, err := range seq {
		require.NoError(t, err)
		found = append(found, id)
	}
	slices.Sort(found)
	return found
}

func TestGoneCostsWhatIsGoneAndNotWhatThereIs(t *testing.T) {
	for _, same := range []int{1, 20, 3000} {
		srv, c := account(t)
		reports := make([]tid.TimeReport, 100_000)
		known := map[int64]tid.DateTime{}
		for i := range reports {
			reports[i] = reportsChangedAt(1, at(t, "2026-01-01 08:00:00").Add(time.Duration(i/same*same)*30*time.Second))[0]
			reports[i].ID = int64(i + 1)
			known[int64(i+1)] = reports[i].CreatedDate
		}
		srv.Load(&tidtest.Company{TimeReports: reports})
		ask := func() (gone []int64, requests int) {
			srv.ResetRequests()
			gone = collectGone(t, c.TimeReports.Gone(t.Context(), maps.All(known)))
			for _, r := range srv.Requests() {
				if r.Method == http.MethodGet {
					requests++
				}
			}
			t.Logf("%d rows in a moment: %d gone, %d requests", same, len(gone), requests)
			return gone, requests
		}
		gone, requests := ask()
		assert.Empty(t, gone)
		if same < 50 {
			assert.Equal(t, 1, requests)
		}
		for range 250 { // rows that are not known do not hide those that are gone
			report := reportsChangedAt(1, at(t, "2026-11-20 08:00:00"))[0]
			report.ID = 0
			srv.TimeReports.Put(report)
		}
		gone, requests = ask()
		assert.Empty(t, gone)
		if same < 50 {
			assert.LessOrEqual(t, requests, 1)
		}
		deleted := []int64{17, 60_123, 99_990}
		for _, id := range deleted {
			srv.TimeReports.Delete(id)
		}
		gone, requests = ask()
		assert.Equal(t, deleted, gone)
		if same < 50 {
			assert.LessOrEqual(t, requests, 60)
		} else {
			assert.LessOrEqual(t, requests, 200)
		}
	}
}

// Each list is asked in its own way.
func TestGoneFindsWhatIsDeletedInEachList(t *testing.T) {
	for _, opts := range [][]tidtest.Option{nil, {tidtest.WithShuffledTies()}} {
		srv, c := account(t, append(opts, tidtest.WithCompany(tidtest.Sample(1, 4)))...)
		for name, list := range map[string]struct {
			known func() (map[int64]tid.DateTime, error)
			gone  func(iter.Seq2[int64, tid.DateTime]) iter.Seq2[int64, error]
			drop  func(int64) bool
		}{
			"TimeReports": {func() (map[int64]tid.DateTime, error) {
				return stampsOf(c.TimeReports.All(t.Context(), nil), func(r *tid.TimeReport) (int64, tid.DateTime) { return r.ID, r.CreatedDate })
			}, func(known iter.Seq2[int64, tid.DateTime]) iter.Seq2[int64, error] {
				return c.TimeReports.Gone(t.Context(), known)
			}, srv.TimeReports.Delete},
			"Contacts": {func() (map[int64]tid.DateTime, error) {
				return stampsOf(c.Contacts.All(t.Context(), nil), func(r *tid.ContactSummary) (int64, tid.DateTime) { return r.ID, r.Created })
			}, func(known iter.Seq2[int64, tid.DateTime]) iter.Seq2[int64, error] {
				return c.Contacts.Gone(t.Context(), known)
			}, srv.Contacts.Delete},
			"Projects": {func() (map[int64]tid.DateTime, error) {
				return stampsOf(c.Projects.All(t.Context(), nil), func(r *tid.ProjectSummary) (int64, tid.DateTime) { return r.ID, r.Created })
			}, func(known iter.Seq2[int64, tid.DateTime]) iter.Seq2[int64, error] {
				return c.Projects.Gone(t.Context(), known)
			}, srv.Projects.Delete},
			"MaterialReports": {func() (map[int64]tid.DateTime, error) {
				return stampsOf(c.MaterialReports.All(t.Context(), nil), func(r *tid.MaterialReport) (int64, tid.DateTime) { return r.ID, r.CreatedDate })
			}, func(known iter.Seq2[int64, tid.DateTime]) iter.Seq2[int64, error] {
				return c.MaterialReports.Gone(t.Context(), known)
			}, srv.MaterialReports.Delete},
			"Tasks": {func() (map[int64]tid.DateTime, error) {
				return stampsOf(c.Tasks.All(t.Context(), nil), func(r *tid.Task) (int64, tid.DateTime) { return r.ID, r.CreatedDate })
			}, func(known iter.Seq2[int64, tid.DateTime]) iter.Seq2[int64, error] {
				return c.Tasks.Gone(t.Context(), known)
			}, srv.Tasks.Delete},
		} {
			t.Run(name, func(t *testing.T) {
				known, err := list.known()
				require.NoError(t, err)
				assert.Empty(t, collectGone(t, list.gone(maps.All(known))))
				all := slices.Sorted(maps.Keys(known))
				require.Greater(t, len(all), 4)
				deleted := []int64{all[0], all[len(all)/2], all[len(all)-1]}
				for _, id := range deleted {
					require.True(t, list.drop(id))
				}
				assert.Equal(t, deleted, collectGone(t, list.gone(maps.All(known))))
			})
		}
	}
}

func stampsOf[T any](seq iter.Seq2[*T, error], of func(*T) (int64, tid.DateTime)) (map[int64]tid.DateTime, error) {
	known := map[int64]tid.DateTime{}
	for item, err := range seq {
		if err != nil {
			return nil, err
		}
		id, at := of(item)
		known[id] = at
	}
	return known, nil
}

// contactsOf is an API whose list is a ledger.
func contactsOf(list *ledger) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		var id int64
		if n, _ := fmt.Sscanf(req.URL.Path, "/v1/Core/Contacts/%d", &id); n == 0 {
			return list.RoundTrip(req)
		}
		if slices.ContainsFunc(list.rows, func(r entry) bool { return r.id == id }) {
			return answer(req, 200, fmt.Sprintf(`{"id":%d}`, id)), nil
		}
		return answer(req, 200, `{}`), nil // as for deleted users
	}
}

func TestGoneFindsAnyDeletions(t *testing.T) {
	for i := range underRace(800, 101) {
		rng := rand.New(rand.NewPCG(uint64(i), 9))
		list := bookedEvery(1+rng.IntN(1000), 1+rng.IntN(250))
		if i%4 == 1 {
			list.shuffled = rng
		}
		if i%8 == 2 {
			list.totals = func(int) int { return 0 }
		}
		if i%8 == 3 {
			list.size = 1 + rng.IntN(150)
		}
		if i%50 == 7 && list.shuffled == nil {
			list.unsorted = true
			rng.Shuffle(len(list.rows), func(i, j int) { list.rows[i], list.rows[j] = list.rows[j], list.rows[i] })
		}
		known := map[int64]tid.DateTime{}
		for _, row := range list.rows {
			known[row.id] = tid.DateTimeOfWall(epoch.Add(time.Duration(row.created) * time.Minute))
			if i%100 == 50 {
				known[row.id] = tid.DateTime{}
			}
		}
		deleted := []int64{}
		for range rng.IntN(5) {
			if n := len(list.rows); n > 0 {
				at := rng.IntN(n)
				deleted = append(deleted, list.rows[at].id)
				list.rows = slices.Delete(list.rows, at, at+1)
			}
		}
		if i%10 == 5 {
			for _, row := range list.rows {
				deleted = append(deleted, row.id)
			}
			list.rows = nil
		}
		for n := range rng.IntN(200) {
			list.rows = append(list.rows, entry{id: int64(5000 + n), created: 50_000, updated: 50_000})
		}
		slices.Sort(deleted)
		got := collectGone(t, free(t, contactsOf(list)).Contacts.Gone(t.Context(), maps.All(known)))
		require.Equal(t, deleted, got, "account %d", i)
	}
}

func TestGoneStopsWhereItsCallerDoes(t *testing.T) {
	list := bookedEvery(1000, 1)
	known := map[int64]tid.DateTime{}
	for _, row := range list.rows {
		known[row.id] = tid.DateTimeOfWall(epoch.Add(time.Duration(row.created) * time.Minute))
	}
	list.rows = list.rows[:500]
	n := 0
	for _, err := range free(t, contactsOf(list)).Contacts.Gone(t.Context(), maps.All(known)) {
		require.NoError(t, err)
		if n++; n == 3 {
			break
		}
	}
	assert.Equal(t, 3, n)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	errs := 0
	for id, err := range free(t, contactsOf(list)).Contacts.Gone(ctx, maps.All(known)) {
		assert.Zero(t, id)
		assert.ErrorIs(t, err, context.Canceled)
		errs++
	}
	assert.Equal(t, 1, errs)
	for _, err := range free(t, list).Contacts.Gone(t.Context(), maps.All(map[int64]tid.DateTime{0: at(t, "2026-01-01")})) {
		assert.ErrorIs(t, err, tid.ErrInvalidInput)
	}
}
