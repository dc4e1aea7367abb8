package moment_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/moment"
	"github.com/vismatid/tid/moment/momenttest"
)

// ids reads a sequence to its end.
func ids(records iter.Seq2[*moment.TimeRecord, error]) (ids []int64, err error) {
	for r, err := range records {
		if err != nil {
			return ids, err
		}
		ids = append(ids, r.ID)
	}
	return ids, nil
}

// fill puts n records into the store, spread over the given number of days, and
// returns the span.
func fill(srv *momenttest.Server, n, days int) *moment.TimeRecordListOptions {
	from := tid.NewDate(2026, 1, 1)
	for i := range n {
		srv.TimeRecords.Put(moment.TimeRecord{TimeRecordDate: moment.DayOf(from.AddDays(i % days)), Minutes: 1})
	}
	return &moment.TimeRecordListOptions{From: from, To: from.AddDays(days - 1)}
}

func TestThirtyFiveThousandRecordsAreReadByDateEachOnce(t *testing.T) {
	const n = 35_000
	srv := momenttest.NewServer(t, momenttest.InMemory())
	opts := fill(srv, n, 300)
	c := srv.Client()

	got, err := ids(c.TimeRecords.All(t.Context(), opts))
	var limit *moment.LimitError
	require.ErrorAs(t, err, &limit)
	assert.Empty(t, got, "the first answer tells")
	assert.True(t, limit.Exceeded)
	assert.Equal(t, []string{"fromDate", "toDate", "userAccountId"}, limit.Filters)
	for _, advice := range []string{"narrow the filter (fromDate, toDate, userAccountId)", "TimeRecords.AllByDate", "AllowTruncation"} {
		require.ErrorContains(t, err, advice)
	}
	var e *tid.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "GET /api/1.0/companies/example/timeRecords", e.Operation)
	assert.NotErrorIs(t, err, tid.ErrInvalidInput)
	text, err := json.Marshal(limit)
	require.NoError(t, err)
	assert.Contains(t, string(text), `"Exceeded":true`)
	assert.Contains(t, string(text), `"Operation":"GET /api/1.0/companies/example/timeRecords"`)

	got, err = ids(c.TimeRecords.AllByDate(t.Context(), opts))
	require.NoError(t, err)
	seen := make(map[int64]bool, n)
	for _, id := range got {
		assert.False(t, seen[id], "record %d came twice", id)
		seen[id] = true
	}
	assert.Len(t, seen, n)
}

func TestALimitIsNeverSilent(t *testing.T) {
	list := func(ctx context.Context, c *moment.Client) error { _, err := c.Projects.List(ctx, nil); return err }
	all := func(ctx context.Context, c *moment.Client) error { return drained(c.Projects.All(ctx, nil)) }
	tasks := func(ctx context.Context, c *moment.Client) error { return drained(c.Tasks.All(ctx, nil)) }
	unlimited := func(ctx context.Context, c *moment.Client) error {
		return drained(c.Projects.All(ctx, &moment.ListOptions{NoLimit: true}))
	}
	crowd := `{"content":[` + strings.Repeat(`{"id":1},`, moment.MaxRows-1) + `{"id":2}]}`
	tests := map[string]struct {
		call   func(context.Context, *moment.Client) error
		answer string
		text   string
		rows   int
	}{
		"said by the answer":              {list, `{"content":[{"id":1}],"limitWasExceeded":true}`, "limit was exceeded: narrow the filter, try NoLimit, or accept", 1},
		"said in the page":                {all, `{"content":[{"id":1}],"page":{"totalElements":9,"totalPages":1,"limitWasExceeded":true}}`, "limit was exceeded", 9},
		"said in the metadata":            {all, `{"content":[{"id":1}],"metadata":{"limitWasExceeded":true}}`, "limit was exceeded", 1},
		"said although NoLimit was asked": {unlimited, `{"content":[{"id":1}],"limitWasExceeded":true}`, "limit was exceeded: narrow the filter, or accept", 1},
		"30,000 counted":                  {list, `{"content":[{"id":1}],"page":{"size":500,"totalElements":30000,"totalPages":60}}`, "30000 rows, and a list has 30000 at the most: narrow the filter, or accept", 30000},
		"more counted":                    {all, `{"content":[{"id":1}],"page":{"size":500,"totalElements":35000,"totalPages":70}}`, "35000 rows", 35000},
		"30,000 sent and not counted":     {all, crowd, "30000 rows", 30000},
		"with the filters of the entity":  {tasks, crowd, "narrow the filter (projectId, projectExtensionId)", 30000},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, w := replay(t, 200, tt.answer)
			err := tt.call(t.Context(), c)
			var limit *moment.LimitError
			require.ErrorAs(t, err, &limit)
			require.ErrorContains(t, err, tt.text)
			assert.Equal(t, tt.rows, limit.Rows)
			assert.Equal(t, 1, w.count())
		})
	}
}

func drained[T any](rows iter.Seq2[*T, error]) error {
	for _, err := range rows {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestRowsAreCountedWhereTheAnswerDoesNotCountThem(t *testing.T) {
	// Pages of 20,000 rows without a total: the second one reaches the ceiling.
	var pages []string
	for page := range 2 {
		var rows []string
		for i := range 20_000 {
			rows = append(rows, fmt.Sprintf(`{"id":%d}`, 1+page*20_000+i))
		}
		pages = append(pages, `{"content":[`+strings.Join(rows, ",")+`],"page":{"totalPages":9}}`)
	}
	c, _ := replay(t, 200, pages...)
	read := 0
	for _, err := range c.Projects.All(t.Context(), nil) {
		if err != nil {
			var limit *moment.LimitError
			require.ErrorAs(t, err, &limit)
			assert.Equal(t, 40_000, limit.Rows)
			break
		}
		read++
	}
	assert.Equal(t, 20_000, read)
}

func TestTruncationCanBeAllowed(t *testing.T) {
	srv := momenttest.NewServer(t, momenttest.InMemory(), momenttest.WithLimit(10), momenttest.WithCeiling(20))
	for range 30 {
		srv.Projects.Put(moment.Project{})
	}
	c := srv.Client()
	count := func(opts *moment.ListOptions) (n int) {
		for _, err := range c.Projects.All(t.Context(), opts) {
			require.NoError(t, err)
			n++
		}
		return n
	}
	assert.Equal(t, 10, count(&moment.ListOptions{AllowTruncation: true, Size: 3}))
	assert.Equal(t, 20, count(&moment.ListOptions{AllowTruncation: true, Size: 3, NoLimit: true}))

	page, err := c.Projects.List(t.Context(), &moment.ListOptions{AllowTruncation: true, Size: 3})
	require.NoError(t, err)
	assert.True(t, page.LimitWasExceeded)

	t.Run("of more pages than there are rows for", func(t *testing.T) {
		c, w := replay(t, 200, `{"content":[{"id":1}],"page":{"size":1,"totalElements":35000,"totalPages":35000}}`, `{"content":[],"page":{"size":1,"totalElements":35000,"totalPages":35000}}`)
		require.NoError(t, drained(c.Projects.All(t.Context(), &moment.ListOptions{AllowTruncation: true})))
		assert.Equal(t, 2, w.count())
	})
}

func TestAllReadsEveryPageAndNoPageTooMany(t *testing.T) {
	srv := momenttest.NewServer(t)
	for range 1001 {
		srv.Projects.Put(moment.Project{})
	}
	tests := map[string]struct {
		opts  *moment.ListOptions
		rows  int
		first string
		pages int
	}{
		"by default":             {nil, 1001, "page=0&size=500", 3},
		"in pages that overlap":  {&moment.ListOptions{Size: 77}, 1001, "page=0&size=77", 15},
		"from a page on":         {&moment.ListOptions{Page: 2}, 1, "page=2&size=500", 1},
		"from beyond the end on": {&moment.ListOptions{Page: 99}, 0, "page=99&size=500", 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			srv.ResetRequests()
			n := 0
			for _, err := range srv.Client().Projects.All(t.Context(), tt.opts) {
				require.NoError(t, err)
				n++
			}
			assert.Equal(t, tt.rows, n)
			assert.Len(t, srv.Requests(), tt.pages)
			assert.Equal(t, tt.first, srv.Requests()[0].Query.Encode())
		})
	}
	t.Run("and stops with the caller", func(t *testing.T) {
		srv.ResetRequests()
		for _, err := range srv.Client().Projects.All(t.Context(), nil) {
			require.NoError(t, err)
			break
		}
		assert.Len(t, srv.Requests(), 1)
	})
	t.Run("and again when it is ranged over again", func(t *testing.T) {
		all := srv.Client().Projects.All(t.Context(), nil)
		for range 2 {
			n := 0
			for range all {
				n++
			}
			assert.Equal(t, 1001, n)
		}
	})
	t.Run("and ends with a page that fails", func(t *testing.T) {
		srv.Inject(momenttest.Fault{Operation: "GET /projects", Skip: 1, Effect: momenttest.Answer(403, "")})
		n := 0
		for _, err := range srv.Client().Projects.All(t.Context(), nil) {
			if n++; n > 500 {
				require.ErrorIs(t, err, tid.ErrForbidden)
				require.ErrorContains(t, err, "check what this user may do")
			}
		}
		assert.Equal(t, 501, n)
	})
}

func TestRecordsOutsideTheDaysAreLeftOut(t *testing.T) {
	srv := momenttest.NewServer(t)
	day := tid.NewDate(2026, 10, 19)
	for i := range 20 { // the ids follow the days
		srv.TimeRecords.Put(moment.TimeRecord{TimeRecordDate: moment.DayOf(day.AddDays(i)), Minutes: 30})
	}
	c := srv.Client()
	from, to := day.AddDays(7), day.AddDays(9)
	tests := map[string]struct {
		opts *moment.TimeRecordListOptions
		want []int64
	}{
		"both ends":  {&moment.TimeRecordListOptions{From: from, To: to}, []int64{8, 9, 10}},
		"a from":     {&moment.TimeRecordListOptions{From: day.AddDays(18)}, []int64{19, 20}},
		"a to":       {&moment.TimeRecordListOptions{To: day}, []int64{1}},
		"neither":    {nil, []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}},
		"in part":    {&moment.TimeRecordListOptions{From: to, To: to, ListOptions: moment.ListOptions{Size: 1}}, []int64{10}},
		"in no days": {&moment.TimeRecordListOptions{From: to, To: from}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ids(c.TimeRecords.All(t.Context(), tt.opts))
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
	t.Run("List gives the page as it is", func(t *testing.T) {
		page, err := c.TimeRecords.List(t.Context(), &moment.TimeRecordListOptions{From: from, To: to})
		require.NoError(t, err)
		assert.Len(t, page.Items, 5)
	})
	t.Run("the day is included whether asked for or not", func(t *testing.T) {
		for parts, want := range map[string]string{"minutes": "minutes+timeRecordDate", "timeRecordDate": "timeRecordDate"} {
			got, err := ids(c.TimeRecords.AllByDate(t.Context(), &moment.TimeRecordListOptions{From: from, To: to}, moment.Include(parts)))
			require.NoError(t, err)
			assert.Equal(t, []int64{8, 9, 10}, got)
			last := srv.Requests()[len(srv.Requests())-1]
			assert.Equal(t, "/api/1.0/companies/example/timeRecords/include/"+want, last.Path)
		}
	})
	t.Run("the options can be changed while they are in use", func(t *testing.T) {
		opts := &moment.TimeRecordListOptions{From: from, To: to}
		for name, records := range map[string]iter.Seq2[*moment.TimeRecord, error]{
			"All": c.TimeRecords.All(t.Context(), opts), "AllByDate": c.TimeRecords.AllByDate(t.Context(), opts),
		} {
			*opts = moment.TimeRecordListOptions{}
			got, err := ids(records)
			require.NoError(t, err, name)
			assert.Equal(t, []int64{8, 9, 10}, got, name)
			*opts = moment.TimeRecordListOptions{From: from, To: to}
		}
	})
}

func TestAllByDateHalvesUntilItFits(t *testing.T) {
	t.Run("a span that fits is one list", func(t *testing.T) {
		srv := momenttest.NewServer(t)
		opts := fill(srv, 100, 10)
		got, err := ids(srv.Client().TimeRecords.AllByDate(t.Context(), opts))
		require.NoError(t, err)
		assert.Len(t, got, 100)
		assert.Len(t, srv.Requests(), 1)
	})
	for _, limit := range []int{31, 40, 57, 99} {
		t.Run(fmt.Sprintf("a limit of %d rows", limit), func(t *testing.T) {
			srv := momenttest.NewServer(t, momenttest.WithLimit(limit))
			opts := fill(srv, 100, 10) // and the API gives a day more on either side
			opts.Size = 9
			got, err := ids(srv.Client().TimeRecords.AllByDate(t.Context(), opts))
			require.NoError(t, err)
			assert.Len(t, got, 100)
			assert.ElementsMatch(t, srvIDs(srv), got)
		})
	}
	t.Run("a day that does not fit is an error", func(t *testing.T) {
		srv := momenttest.NewServer(t, momenttest.WithLimit(5))
		opts := fill(srv, 100, 10)
		_, err := ids(srv.Client().TimeRecords.AllByDate(t.Context(), opts))
		var limit *moment.LimitError
		require.ErrorAs(t, err, &limit)
		require.ErrorContains(t, err, "userAccountId")
	})
	t.Run("unless truncation is allowed, which does not keep it from halving", func(t *testing.T) {
		srv := momenttest.NewServer(t, momenttest.WithLimit(5))
		opts := fill(srv, 100, 10)
		opts.AllowTruncation = true
		got, err := ids(srv.Client().TimeRecords.AllByDate(t.Context(), opts))
		require.NoError(t, err)
		assert.NotEmpty(t, got)
		assert.Equal(t, "2026-01-10", srv.Requests()[len(srv.Requests())-1].Query.Get("fromDate"))
	})
	t.Run("a part that turns out too large after rows of it were given", func(t *testing.T) {
		srv := momenttest.NewServer(t)
		opts := fill(srv, 100, 10)
		opts.Size = 30
		srv.Inject(momenttest.Fault{Skip: 1, Effect: momenttest.Answer(200, `{"content":[],"limitWasExceeded":true}`)})
		got, err := ids(srv.Client().TimeRecords.AllByDate(t.Context(), opts))
		require.NoError(t, err)
		assert.Len(t, got, 100)
		assert.ElementsMatch(t, srvIDs(srv), got)
	})
	t.Run("other errors end it", func(t *testing.T) {
		srv := momenttest.NewServer(t)
		opts := fill(srv, 10, 10)
		srv.Inject(momenttest.Fault{Effect: momenttest.Answer(403, "")})
		n := 0
		for _, err := range srv.Client().TimeRecords.AllByDate(t.Context(), opts) {
			require.ErrorIs(t, err, tid.ErrForbidden)
			n++
		}
		assert.Equal(t, 1, n)
	})
	t.Run("and so does the caller", func(t *testing.T) {
		srv := momenttest.NewServer(t, momenttest.WithLimit(31))
		opts := fill(srv, 100, 10)
		for range srv.Client().TimeRecords.AllByDate(t.Context(), opts) {
			break
		}
		n := len(srv.Requests())
		assert.Less(t, n, 5)
	})
}

func srvIDs(srv *momenttest.Server) (ids []int64) {
	for _, r := range srv.TimeRecords.All() {
		ids = append(ids, r.ID)
	}
	return ids
}
