package moment_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/moment"
	"github.com/vismatid/tid/moment/momenttest"
)

// living is a server of one list that others change while it is read.
type living struct {
	rows   []int64
	next   int64
	always map[int64]bool // the rows that have been there since the first request

	counters string // which are answered: all, anonymous (no number), total, pages or none
	own      int    // rows of a page, whatever is asked for; 0 is what is asked for
	deaf     bool   // every answer is the whole list
	cut      int    // rows of a list at the most; 0 is any
	flagged  bool   // and limitWasExceeded says so

	meanwhile func(*living) // after each request
	instead   func(request int, page string) string
	requests  []string
	parts     func(id int64, parts []string) map[string]any
}

func list(n int) *living {
	l := &living{next: int64(n), always: map[int64]bool{}, counters: "all"}
	for i := range n {
		l.rows = append(l.rows, int64(i+1))
		l.always[int64(i+1)] = true
	}
	return l
}

func (l *living) remove(at int) {
	delete(l.always, l.rows[at])
	l.rows = slices.Delete(l.rows, at, at+1)
}

func (l *living) insert(at int) {
	l.next++
	l.rows = slices.Insert(l.rows, at, l.next)
}

func (l *living) RoundTrip(r *http.Request) (*http.Response, error) {
	l.requests = append(l.requests, r.URL.Path+"?"+r.URL.RawQuery)
	_, included, _ := strings.Cut(r.URL.Path, "/include/")
	body := l.answer(r.URL.Query().Get("page"), r.URL.Query().Get("size"), strings.Split(included, "+"))
	if l.meanwhile != nil {
		l.meanwhile(l)
	}
	return &http.Response{StatusCode: 200, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: -1}, nil
}

func (l *living) answer(page, size string, parts []string) string {
	number, _ := strconv.Atoi(page)
	asked, _ := strconv.Atoi(size)
	rows, answer := l.rows, map[string]any{}
	if l.cut > 0 && len(rows) > l.cut {
		rows = rows[:l.cut]
		if l.flagged {
			answer["limitWasExceeded"] = true
		}
	}
	if l.own > 0 {
		asked = l.own
	}
	if asked == 0 || l.deaf {
		number, asked = 0, max(1, len(rows))
	}
	counts := map[string]any{"number": number, "size": asked, "totalElements": len(rows), "totalPages": (len(rows) + asked - 1) / asked}
	kept := map[string][]string{"all": {"number", "size", "totalElements", "totalPages"}, "anonymous": {"size", "totalElements", "totalPages"},
		"total": {"totalElements"}, "pages": {"size", "totalPages"}}[l.counters]
	maps.DeleteFunc(counts, func(name string, _ any) bool { return !slices.Contains(kept, name) })
	if l.counters != "none" {
		answer["page"] = counts
	}
	content := []any{}
	for _, id := range rows[min(number*asked, len(rows)):min((number+1)*asked, len(rows))] {
		row := map[string]any{"id": id}
		if l.parts != nil {
			row = l.parts(id, parts)
		}
		content = append(content, row)
	}
	answer["content"] = content
	encoded, _ := json.Marshal(answer)
	if l.instead != nil {
		if other := l.instead(len(l.requests), string(encoded)); other != "" {
			return other
		}
	}
	return string(encoded)
}

// client returns a client of the list.
func (l *living) client(t testing.TB) *moment.Client {
	c, err := moment.NewClient("acme", "s3cret", tid.WithRetries(0), tid.WithHTTPClient(&http.Client{Transport: l}))
	require.NoError(t, err)
	return c
}

// read gives the ids of rows of any type, and the error that they end in.
func read[T any](t testing.TB, rows iter.Seq2[*T, error]) (given []int64, failed error) {
	for row, err := range rows {
		if err != nil {
			return given, err
		}
		given = append(given, idOf(t, row))
	}
	return given, nil
}

func idOf(t testing.TB, row any) int64 {
	encoded, err := json.Marshal(row)
	require.NoError(t, err)
	var object struct{ ID int64 }
	require.NoError(t, json.Unmarshal(encoded, &object))
	return object.ID
}

// whole claims that all rows that were there all along were given, and none twice.
func (l *living) whole(t testing.TB, given []int64, what string) {
	t.Helper()
	seen := map[int64]bool{}
	for _, id := range given {
		require.False(t, seen[id], "%s: row %d came twice", what, id)
		seen[id] = true
	}
	for id := range l.always {
		require.True(t, seen[id], "%s: row %d is missing", what, id)
	}
}

const wideRow = `{"id":%d,"projectId":4711000%d,"projectName":"New roof, phase %d","projectExtensionId":8800%d,"projectExtensionName":"Carpentry",` +
	`"userAccountId":%d,"timeRecordDate":"2026-%02d-%02d","minutes":%d,"description":"Scaffolding, and \"more\"","taskId":%d,"taskName":"Beams",` +
	`"taskNumber":"T-%d","taskState":"open","internalNote":"none","projectMembershipId":%d}`

func TestTheLargestDocumentedListIsReadInLittleMemory(t *testing.T) {
	const n = 29_000
	var body bytes.Buffer
	body.WriteString(`{"content":[`)
	for i := 1; i <= n; i++ {
		if i > 1 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, wideRow, i, i%7, i%9, i%5, i%40+1, i%12+1, i%28+1, i%480+1, i, i, i%90+1)
	}
	body.WriteString(`]}`)
	answer := body.Bytes()
	c, err := moment.NewClient("acme", "s3cret", tid.WithHTTPClient(&http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(answer)), ContentLength: int64(len(answer)), Request: r}, nil
	})}))
	require.NoError(t, err)
	opts := &moment.TimeRecordListOptions{From: tid.NewDate(2026, 1, 1), To: tid.NewDate(2026, 12, 31)}
	all := func(rows iter.Seq2[*moment.TimeRecord, error]) (kept []any, err error) {
		for row, err := range rows {
			if err != nil {
				return nil, err
			}
			kept = append(kept, row)
		}
		return kept, nil
	}
	for name, read := range map[string]func() ([]any, error){
		"List": func() (kept []any, err error) {
			page, err := c.TimeRecords.List(t.Context(), opts)
			if err == nil {
				for _, row := range page.Items {
					kept = append(kept, row)
				}
			}
			return kept, err
		},
		"All":       func() ([]any, error) { return all(c.TimeRecords.All(t.Context(), nil)) },
		"AllByDate": func() ([]any, error) { return all(c.TimeRecords.AllByDate(t.Context(), opts)) },
		"maps": func() (kept []any, err error) {
			for row, err := range moment.Of[map[string]any](c, "timeRecords").All(t.Context(), opts) {
				if err != nil {
					return nil, err
				}
				kept = append(kept, row)
			}
			return kept, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			live := func() int64 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				return int64(m.HeapAlloc)
			}
			before := live()
			rows, err := read()
			require.NoError(t, err)
			assert.Less(t, live()-before, int64(200<<20))
			require.Len(t, rows, n)
			runtime.KeepAlive(rows)
		})
	}
}

func TestAListIsReadToItsEndWhateverItCounts(t *testing.T) {
	for _, counters := range []string{"all", "anonymous", "total", "pages", "none"} {
		for _, n := range []int{0, 1, 3, 499, 500, 501, 999, 1000, 1200, 5500} {
			for _, own := range []int{0, 100, 500, 700} {
				l := list(n)
				l.counters, l.own = counters, own
				given, err := read(t, l.client(t).Projects.All(t.Context(), nil))
				what := fmt.Sprintf("%d rows, pages of %d, counters: %s", n, own, counters)
				if err != nil && own > 0 && counters == "total" { // pages of an unknown size
					require.ErrorContains(t, err, "although the answer counts", what)
					continue
				}
				if own > 0 && own < 500 && counters == "none" { // a short page is the last one of a list that is not counted
					require.NoError(t, err, what)
					continue
				}
				require.NoError(t, err, what)
				l.whole(t, given, what)
			}
		}
	}
}

func TestAListWithoutCountersCanBeginWithALaterPage(t *testing.T) {
	for _, opts := range []moment.ListOptions{{Page: 1}, {Page: 2, Size: 100}} {
		l := list(1200)
		l.counters = "none"
		given, err := read(t, l.client(t).Projects.All(t.Context(), &opts))
		require.NoError(t, err)
		first := opts.Page * max(opts.Size, 100)
		if opts.Size == 0 {
			first = opts.Page * 500
		}
		assert.Equal(t, l.rows[first:], given)
	}
}

func TestAServerThatHeedsNeitherPageNorSizeGivesItsListOnce(t *testing.T) {
	for _, n := range []int{1, 499, 500, 501, 1200} {
		l := list(n)
		l.counters, l.deaf = "none", true
		given, err := read(t, l.client(t).Projects.All(t.Context(), nil))
		require.NoError(t, err, n)
		l.whole(t, given, fmt.Sprint(n))
		assert.Len(t, given, n)

		_, err = read(t, l.client(t).Projects.All(t.Context(), &moment.ListOptions{Page: 1}))
		require.ErrorContains(t, err, "the API gives the whole list whatever is asked for", n)
		_, err = l.client(t).Projects.List(t.Context(), &moment.ListOptions{Page: 1})
		require.ErrorContains(t, err, "give a Size too", n)
	}
	type nameless struct {
		Name string `json:"name"`
	}
	l := list(700)
	l.counters, l.deaf = "none", true
	l.parts = func(id int64, _ []string) map[string]any { return map[string]any{"name": fmt.Sprint(id)} }
	n := 0
	for _, err := range moment.Of[nameless](l.client(t), "claims").All(t.Context(), nil) {
		require.NoError(t, err)
		n++
	}
	assert.Equal(t, 700, n)
}

func TestACountThatDoesNotMatchIsAnError(t *testing.T) {
	three := `{"content":[{"id":1},{"id":2},{"id":3}],"page":{%s}}`
	for counters, want := range map[string]string{
		`"totalElements":700`: "page 0 has 3 rows, although the answer counts 700 in all",
		`"number":0,"size":500,"totalElements":700,"totalPages":2`:   "page 0 has 3 rows, although the answer counts 700 in all",
		`"number":0,"size":500,"totalElements":3,"totalPages":3`:     "page 0 counts 3 rows in all, which are not 3 pages of 500",
		`"size":500,"totalPages":2`:                                  "page 0 has 3 rows, although the answer counts 501 in all",
		`"number":0,"size":3,"totalElements":700,"totalPages":234`:   "the answer is page 0, and page 1 was asked for",
		`"size":3,"totalElements":700,"totalPages":234`:              "rows changed places meanwhile",
		`"number":0,"size":1000,"totalElements":700,"totalPages":70`: "page 0 has 3 rows, although the answer counts 700 in all",
	} {
		c, _ := replay(t, 200, fmt.Sprintf(three, counters))
		_, err := read(t, c.Projects.All(t.Context(), nil))
		var e *tid.Error
		require.ErrorAs(t, err, &e)
		assert.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, "GET "+companyPath+"/projects")
	}
	c, _ := replay(t, 200, fmt.Sprintf(three, `"number":0,"size":500,"totalElements":700,"totalPages":2`))
	_, err := c.Projects.List(t.Context(), nil)
	require.ErrorContains(t, err, "page 0 has 3 rows, although the answer counts 700 in all")

	l := list(700)
	l.instead = func(request int, _ string) string {
		if request == 1 {
			return fmt.Sprintf(three, `"number":0,"size":500,"totalElements":700,"totalPages":2`)
		}
		return ""
	}
	given, err := read(t, l.client(t).Projects.All(t.Context(), nil))
	require.NoError(t, err, "it may have changed while it was put together, and is read again")
	l.whole(t, given, "700")
}

func TestARowThatIsDeletedMeanwhileHidesNoOther(t *testing.T) {
	for _, counters := range []string{"all", "none"} {
		l := list(1200)
		l.counters = counters
		l.meanwhile = func(l *living) {
			if len(l.requests) == 1 {
				l.remove(0)
			}
		}
		given, err := read(t, l.client(t).Projects.All(t.Context(), nil))
		require.NoError(t, err)
		l.whole(t, given, counters)
		assert.Contains(t, given, int64(501))
	}
}

func TestAPageThatWasAskedForIsGivenHoweverLongTheList(t *testing.T) {
	l := list(35_000)
	c := l.client(t)
	for _, opts := range []moment.ListOptions{{Size: 1}, {Size: 500}, {Page: 58, Size: 500}} {
		page, err := c.Projects.List(t.Context(), &opts)
		require.NoError(t, err)
		assert.Len(t, page.Items, opts.Size)
		assert.Equal(t, 35_000, page.TotalElements)
	}
	var limit *moment.LimitError
	for _, opts := range []moment.ListOptions{{}, {Page: 59, Size: 500}, {Page: 60, Size: 500}} {
		_, err := c.Projects.List(t.Context(), &opts)
		require.ErrorAs(t, err, &limit, "what may have been cut off: %+v", opts)
	}
	require.ErrorAs(t, drained(c.Projects.All(t.Context(), &moment.ListOptions{Size: 1})), &limit)
	page, err := list(10).client(t).Projects.List(t.Context(), &moment.ListOptions{Page: 99, Size: 500})
	require.NoError(t, err)
	assert.Empty(t, page.Items)
}

// The histories of lists: whatever others do and whatever is answered, the caller gets
// every row that was there all along, and each once, or an error.
func TestEveryRowThatWasThereAllAlongComesOrAnError(t *testing.T) {
	failed, histories := 0, 1000
	for seed := range histories {
		rng := rand.New(rand.NewPCG(uint64(seed), 10))
		pick := func(of ...string) string { return of[rng.IntN(len(of))] }
		size := 1 + rng.IntN(40)
		l := list(rng.IntN(120))
		l.counters = pick("all", "all", "anonymous", "total", "pages", "none", "none")
		switch rng.IntN(6) {
		case 0:
			l.own = 1 + rng.IntN(50)
			if l.counters == "none" { // where a short page is the last one
				l.own = max(l.own, size, 20)
			}
		case 1:
			l.counters, l.deaf = "none", true
		case 2:
			l.cut, l.flagged = 1+rng.IntN(80), true
		}
		change := rng.Float64()
		kinds := []string{"remove"}
		if rng.IntN(2) == 0 {
			kinds = append(kinds, "insert", "append", "clear")
		}
		l.meanwhile = func(l *living) {
			for rng.Float64() < change*0.7 {
				switch n := len(l.rows); pick(kinds...) {
				case "remove":
					if n > 0 {
						l.remove(rng.IntN(n))
					}
				case "insert":
					l.insert(rng.IntN(n + 1))
				case "append":
					l.insert(n)
				case "clear":
					for range rng.IntN(n+1) / 2 {
						l.remove(0)
					}
				}
			}
		}
		if rng.IntN(4) == 0 {
			wrong := 1 + rng.IntN(4)
			l.instead = func(request int, answer string) string {
				if request%4 != wrong%4 {
					return ""
				}
				return pick(`{}`, `{"message":"Try again"}`, `{"id":7}`, `[]`, `null`, `"ok"`, answer[:len(answer)/2], `{"content":[{}]}`,
					`{"content":null,"details":["x"]}`, `{"error":"busy"}`)
			}
		}
		entity := pick("projects", "tasks", "claims", "things", "timeRecords")
		c := l.client(t)
		opts := &moment.ListOptions{Size: size}
		var given []int64
		var err error
		switch rng.IntN(3) {
		case 0:
			given, err = read(t, moment.Of[map[string]any](c, entity).All(t.Context(), opts))
		case 1:
			given, err = read(t, moment.Of[json.RawMessage](c, entity).All(t.Context(), opts))
		default:
			given, err = read(t, moment.Of[struct{ ID int64 }](c, entity).All(t.Context(), opts))
		}
		what := fmt.Sprintf("history %d: %s, own %d, deaf %v, size %d", seed, l.counters, l.own, l.deaf, size)
		require.Less(t, len(l.requests), 1000, what)
		if err != nil {
			var e *tid.Error
			require.ErrorAs(t, err, &e, what)
			failed++
			continue
		}
		if l.cut > 0 {
			require.LessOrEqual(t, len(l.always), l.cut, what)
		}
		l.whole(t, given, what)
	}
	assert.Less(t, failed, histories/2, "most end well")
}

func TestAListThatIsCutOffAtItsMostIsAnErrorWithCountersAndWithout(t *testing.T) {
	for _, counters := range []string{"all", "total", "none"} {
		for _, flagged := range []bool{true, false} {
			l := list(moment.MaxRows + 5)
			l.counters, l.cut, l.flagged = counters, moment.MaxRows, flagged
			var limit *moment.LimitError
			require.ErrorAs(t, drained(l.client(t).Projects.All(t.Context(), nil)), &limit, counters)
			l.deaf = true
			require.ErrorAs(t, drained(l.client(t).Projects.All(t.Context(), nil)), &limit, counters)

			l.deaf = false
			given, err := read(t, l.client(t).Projects.All(t.Context(), &moment.ListOptions{AllowTruncation: true}))
			require.NoError(t, err, counters)
			assert.Len(t, given, moment.MaxRows, counters)
		}
	}
}

// Whatever parts are asked for, of any entity and with any type of row: each is in the
// row, or the call was refused before anything was sent.
func TestARequestedPartIsInTheRowOrTheCallIsRefused(t *testing.T) {
	value := func(name string) any {
		switch {
		case strings.HasSuffix(name, "Id"), name == "minutes", strings.HasSuffix(name, "invoiceNumber"):
			return 7
		case strings.HasSuffix(name, "Date"):
			return "2026-10-19"
		}
		return "x"
	}
	parts := []string{"base", "id", "name", "minutes", "internalNote", "projectMembershipId", "customer.id", "customer.name", "project.name",
		"currencyCode", "issueDate", "timeLockDate", "email", "taskState", "project.projectNumber", "customer.vatNumber", "anything"}
	flat := func(part string) string {
		outer, inner, dotted := strings.Cut(part, ".")
		if !dotted {
			return part
		}
		return outer + strings.ToUpper(inner[:1]) + inner[1:]
	}
	refused, held := 0, 0
	for seed := range 500 {
		rng := rand.New(rand.NewPCG(uint64(seed), 11))
		asked := make([]string, 1+rng.IntN(4))
		for i := range asked {
			asked[i] = parts[rng.IntN(len(parts))]
		}
		l := list(2)
		l.parts = func(id int64, parts []string) map[string]any {
			row := map[string]any{"id": id}
			for _, part := range parts {
				if part != "id" && part != "base" {
					row[flat(part)] = value(flat(part))
				}
			}
			return row
		}
		c := l.client(t)
		var rows []any
		var err error
		switch rng.IntN(7) {
		case 0:
			rows, err = kept(moment.Of[map[string]any](c, "things").All(t.Context(), nil, moment.Include(asked...)))
		case 1:
			rows, err = kept(c.TimeRecords.All(t.Context(), nil, moment.Include(asked...)))
		case 2:
			rows, err = kept(c.Offers.All(t.Context(), nil, moment.Include(asked...)))
		case 3:
			rows, err = kept(c.Projects.All(t.Context(), nil, moment.Include(asked...)))
		case 4:
			rows, err = kept(c.Invoices.All(t.Context(), nil, moment.Include(asked...)))
		case 5:
			rows, err = kept(c.UserAccounts.All(t.Context(), nil, moment.Include(asked...)))
		default:
			rows, err = kept(moment.Of[OfferRow](c, "offers").All(t.Context(), nil, moment.Include(asked...)))
		}
		if err != nil {
			require.ErrorIs(t, err, tid.ErrInvalidInput)
			require.Empty(t, l.requests)
			refused++
			continue
		}
		held++
		require.Len(t, rows, 2)
		for _, part := range asked {
			if part == "base" || part == "id" {
				continue
			}
			encoded, err := json.Marshal(rows[0])
			require.NoError(t, err)
			require.Contains(t, string(encoded), fmt.Sprintf("%q:", flat(part)), "%T", rows[0])
		}
	}
	assert.Greater(t, refused, 50)
	assert.Greater(t, held, 50)
}

func kept[T any](rows iter.Seq2[*T, error]) (all []any, err error) {
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, nil
}

func TestAPartThatNothingHoldsIsRefused(t *testing.T) {
	l := list(1)
	c := l.client(t)
	in := &moment.OfferInput{Name: tid.Set("a")}
	_, get := c.Offers.Get(t.Context(), 1, moment.Include("project.projectNumber"))
	_, create := c.Offers.Create(t.Context(), in, moment.Include("base", "reference"))
	_, update := c.Offers.Update(t.Context(), 1, in, moment.Include("customer.vatNumber"))
	_, page := c.Offers.List(t.Context(), nil, moment.Fields[struct{ Reference string }]())
	_, metadata := c.Offers.Get(t.Context(), 1, moment.Include("metadata.overviewPage"))
	for want, err := range map[string]error{
		"project.projectNumber comes back as projectProjectNumber, which moment.Offer has no field for": get,
		"reference comes back as reference":                                    create,
		"customer.vatNumber comes back as customerVatNumber":                   update,
		"Reference comes back as Reference":                                    page,
		"metadata.overviewPage comes back as metadata":                         metadata,
		"metadata comes with a page, and All gives rows: use List":             drained(c.Offers.All(t.Context(), nil, moment.Include("metadata.overviewPage"))),
		"struct { ID int64 } has no field for timeRecordDate, which All needs": drained(moment.Of[struct{ ID int64 }](c, "timeRecords").All(t.Context(), &moment.TimeRecordListOptions{From: tid.NewDate(2026, 1, 1)})),
	} {
		require.ErrorIs(t, err, tid.ErrInvalidInput)
		require.ErrorContains(t, err, want)
	}
	assert.Empty(t, l.requests)
}

func TestWhatIsOnlyGivenWhereItIsAskedForCanBeRead(t *testing.T) {
	srv := momenttest.NewServer(t, momenttest.InMemory())
	c := srv.Client()
	customer := srv.Customers.Put(moment.Customer{Name: "Fjord Bakery"})
	project := srv.Projects.Put(moment.Project{Name: "Roof", CustomerID: customer})
	srv.TimeRecords.Put(moment.TimeRecord{TimeRecordDate: moment.DayOf(tid.NewDate(2026, 10, 19)), Minutes: 5, InternalNote: "late", ProjectMembershipID: 9})

	record, err := c.TimeRecords.Get(t.Context(), 1, moment.Include("internalNote", "projectMembershipId"))
	require.NoError(t, err)
	assert.Equal(t, &moment.TimeRecord{ID: 1, InternalNote: "late", ProjectMembershipID: 9}, record)
	roof, err := c.Projects.Get(t.Context(), project, moment.Include("customer.name"))
	require.NoError(t, err)
	assert.Equal(t, "Fjord Bakery", roof.CustomerName)

	made, err := c.Invoices.Create(t.Context(), &moment.InvoiceInput{InvoiceNumber: tid.Set[int64](7), CustomerID: tid.Set(customer), ProjectID: tid.Set(project)},
		moment.Include("base", "customer.name", "project.name", "customer.id"))
	require.NoError(t, err)
	assert.Equal(t, "Fjord Bakery", made.CustomerName)
	assert.Equal(t, "Roof", made.ProjectName)
	assert.Equal(t, customer, made.Customer.ID)
}

func TestAnyTypeOfTimeRecordsIsChosenByItsDay(t *testing.T) {
	type row struct {
		ID   int64  `json:"id"`
		Date string `json:"timeRecordDate"`
	}
	type dateRow struct {
		ID   int64     `json:"id"`
		Date *tid.Date `json:"timeRecordDate"`
	}
	type nameless struct {
		Day moment.Day `json:"timeRecordDate"`
	}
	type options struct {
		moment.TimeRecordListOptions
		Approved string `url:"approved,omitempty"`
	}
	srv := momenttest.NewServer(t, momenttest.InMemory(), momenttest.WithLimit(31))
	opts := fill(srv, 100, 10)
	c := srv.Client()
	part := &moment.TimeRecordListOptions{From: opts.From, To: opts.From}
	check := func(of string, part, byDate int, err1, err2 error) {
		t.Helper()
		require.NoError(t, err1, of)
		require.NoError(t, err2, of)
		assert.Equal(t, 10, part, of)
		assert.Equal(t, 100, byDate, of)
	}
	count := func(rows []any, err error) (int, error) { return len(rows), err }
	a, err1 := count(kept(moment.Of[row](c, "timeRecords").All(t.Context(), part, moment.Fields[row]())))
	b, err2 := count(kept(moment.Of[row](c, "timeRecords").AllByDate(t.Context(), opts, moment.Fields[row]())))
	check("a struct", a, b, err1, err2)
	a, err1 = count(kept(moment.Of[dateRow](c, "timeRecords").All(t.Context(), part)))
	b, err2 = count(kept(moment.Of[dateRow](c, "timeRecords").AllByDate(t.Context(), opts)))
	check("a struct with a tid.Date", a, b, err1, err2)
	a, err1 = count(kept(moment.Of[nameless](c, "timeRecords").All(t.Context(), part)))
	b, err2 = count(kept(moment.Of[nameless](c, "timeRecords").AllByDate(t.Context(), opts)))
	check("a struct without an id", a, b, err1, err2)
	a, err1 = count(kept(moment.Of[json.RawMessage](c, "timeRecords").All(t.Context(), part)))
	b, err2 = count(kept(moment.Of[map[string]any](c, "timeRecords").AllByDate(t.Context(), opts)))
	check("JSON and maps", a, b, err1, err2)

	got, err := kept(moment.Of[any](c, "timeRecords").All(t.Context(), &options{TimeRecordListOptions: *part}))
	require.NoError(t, err)
	assert.Len(t, got, 10, "options of the caller's")

	require.ErrorContains(t, drained(c.Projects.AllByDate(t.Context(), opts)), "AllByDate is for timeRecords")
	srv.PutJSON("timeRecords", `{"id":999,"minutes":1}`)
	l := list(1)
	require.ErrorContains(t, drained(l.client(t).TimeRecords.All(t.Context(), part)), "record 1 has no timeRecordDate")
}

func TestAnAnswerThatIsNotWhatWasAskedForIsAnError(t *testing.T) {
	ctx := t.Context()
	in := &moment.ProjectInput{Name: tid.Set("a")}
	calls := map[string]func(*moment.Client) error{
		"get":    func(c *moment.Client) error { _, err := c.Projects.Get(ctx, 7); return err },
		"create": func(c *moment.Client) error { _, err := c.Projects.Create(ctx, in); return err },
		"update": func(c *moment.Client) error { _, err := c.Projects.Update(ctx, 7, in); return err },
		"delete": func(c *moment.Client) error { return c.Projects.Delete(ctx, 7) },
		"list":   func(c *moment.Client) error { _, err := c.Projects.List(ctx, nil); return err },
		"all":    func(c *moment.Client) error { return drained(c.Projects.All(ctx, nil)) },
		"batch":  func(c *moment.Client) error { _, err := c.Projects.Batch().Create(in, in).Do(ctx); return err },
		"change": func(c *moment.Client) error {
			_, err := c.Projects.Batch().Update(7, in).Update(8, in).Do(ctx)
			return err
		},
		"report": func(c *moment.Client) error {
			_, err := c.Projects.Report(ctx, "projectRegisteredHoursReport", nil)
			return err
		},
	}
	tests := map[string]struct {
		answer string
		of     string // the calls
		text   string
	}{
		"nothing in it":          {`{}`, "get create update list all batch change report", "it is no"},
		"a message":              {`{"message":"You may not"}`, "get create update delete list all batch change report", "You may not"},
		"details":                {`{"details":[{"field":"name","error":"taken"}]}`, "get create update delete list all batch change report", "error: taken, field: name"},
		"another object":         {`{"id":8}`, "get update delete", "it is object 8, and 7 was asked for"},
		"an object for a list":   {`{"id":7}`, "list all batch change report", "it is no"},
		"a list for an object":   {`{"content":[{"id":7}]}`, "get create update batch change", "it is no"},
		"an error":               {`{"error":"busy"}`, "get create update delete list all batch change report", "busy"},
		"a text":                 {`"ok"`, "get create update list all batch change report", ""},
		"a page of the browser":  {`<html>Sign in</html>`, "get create update delete list all batch change report", "web page"},
		"null":                   {`null`, "get create update list all batch change report", "the answer is empty"},
		"a row without an id":    {`{"content":[{"id":1},{"name":"a"}]}`, "list all", "row 2 of the list has no id"},
		"a message in a batch":   {`{"created":[],"updated":[],"message":"No role"}`, "batch change", "No role"},
		"a batch of nulls":       {`{"created":null,"updated":null,"deleted":null,"createOrderIntact":null}`, "batch change", "no result of a batch"},
		"fewer than were sent":   {`{"created":[{"id":1}],"createOrderIntact":true}`, "batch", "it holds 1 created objects, and 2 were sent"},
		"more than were sent":    {`{"created":[{"id":1},{"id":2},{"id":3}]}`, "batch", "it holds 3 created objects, and 2 were sent"},
		"one of them twice":      {`{"created":[{"id":1},{"id":1}]}`, "batch", "object 1 twice"},
		"one of them without id": {`{"created":[{"id":1},{}]}`, "batch", "an object without an id"},
		"one changed of two":     {`{"updated":[{"id":7}]}`, "change", "it holds 1 updated objects, and 2 were sent"},
		"another one changed":    {`{"updated":[{"id":7},{"id":9}]}`, "change", "object 9 as updated"},
	}
	for name, tt := range tests {
		for _, call := range strings.Fields(tt.of) {
			t.Run(call+" answered with "+name, func(t *testing.T) {
				c, w := replay(t, 200, tt.answer)
				err := calls[call](c)
				var e *tid.Error
				require.ErrorAs(t, err, &e)
				require.ErrorContains(t, err, tt.text)
				assert.LessOrEqual(t, strings.Count(err.Error(), cmp.Or(tt.text, "-")), 1, "it is said once")
				assert.NotErrorIs(t, err, tid.ErrNotFound)
				assert.Equal(t, slices.Contains([]string{"create", "update", "delete", "batch", "change"}, call), e.MayHaveExecuted)
				assert.Equal(t, 1, w.count())
			})
		}
	}
	for _, answer := range []string{``, `{}`, `null`, `{"id":7}`, `true`, `{"id":"7","details":"x"}`} {
		c, _ := replay(t, 200, answer)
		require.NoError(t, calls["delete"](c), "a deletion may be answered with %q", answer)
	}
	c, _ := replay(t, 200, `{"message":"The key s3cret may not"}`)
	err := calls["get"](c)
	require.ErrorContains(t, err, "The key … may not")
}

func TestAReportHasTheLimitsOfLists(t *testing.T) {
	type hours struct {
		Project string      `json:"project"`
		Hours   tid.Decimal `json:"hours"`
	}
	srv := momenttest.NewServer(t, momenttest.WithLimit(2))
	rows := []map[string]any{{"project": "Roof", "hours": 7.5}, {"project": "Floor", "hours": 1}}
	srv.SetReport("projects", "projectRegisteredHoursReport", rows)
	c := srv.Client()
	report := func(c *moment.Client, query any) (*moment.Page[hours], error) {
		return moment.Of[hours](c, "projects").Report(t.Context(), "projectRegisteredHoursReport", query)
	}
	page, err := report(c, map[string][]string(nil))
	require.Error(t, err, "a query is url.Values or a struct")
	require.Nil(t, page)
	page, err = report(c, nil)
	require.NoError(t, err)
	assert.Equal(t, "7.5", page.Items[0].Hours.String())
	assert.Equal(t, "GET /projects/projectRegisteredHoursReport", srv.Requests()[len(srv.Requests())-1].Operation)

	srv.SetReport("projects", "projectRegisteredHoursReport", append(rows, rows...))
	var limit *moment.LimitError
	_, err = report(c, nil)
	require.ErrorAs(t, err, &limit)
	_, err = report(c, &moment.ListOptions{NoLimit: true})
	require.NoError(t, err)
	page, err = report(c, &moment.ListOptions{AllowTruncation: true})
	require.NoError(t, err)
	assert.True(t, page.LimitWasExceeded)

	bare, _ := replay(t, 200, `[{"project":"Roof","hours":"7.5"}]`)
	page, err = report(bare, nil)
	require.NoError(t, err)
	assert.Equal(t, []*hours{{"Roof", tid.MustDecimal("7.5")}}, page.Items)
	several, _ := replay(t, 200, `{"content":[{}],"page":{"number":0,"size":1,"totalElements":3,"totalPages":3}}`)
	_, err = report(several, nil)
	require.ErrorContains(t, err, "the report has 3 pages")
	many, _ := replay(t, 200, `[{}`+strings.Repeat(`,{}`, moment.MaxRows)+`]`)
	_, err = report(many, nil)
	require.ErrorAs(t, err, &limit)
	_, err = c.Projects.Report(t.Context(), "a/b", nil)
	require.ErrorIs(t, err, tid.ErrInvalidInput)
}

func TestTypedInputsGoIntoABatch(t *testing.T) {
	srv := momenttest.NewServer(t, momenttest.InMemory())
	c := srv.Client()
	inputs := []*moment.CustomerInput{{Name: tid.Set("A")}, {Name: tid.Set("B")}}
	res, err := c.Customers.Batch().Create(inputs).Create([]moment.CustomerInput{{Name: tid.Set("C")}}, &moment.CustomerInput{Name: tid.Set("D")}).Do(t.Context())
	require.NoError(t, err)
	require.Len(t, res.Pairs, 4)
	assert.Equal(t, inputs[1], res.Pairs[1].Input)
	assert.Equal(t, "D", res.Pairs[3].Created.Name)
	_, err = c.Customers.Batch().Create([]*moment.CustomerInput{}).Do(t.Context())
	require.ErrorContains(t, err, "the batch is empty")
}

func TestAnInputOfAnotherEntityIsRefused(t *testing.T) {
	l := list(1)
	c := l.client(t)
	in := &moment.TaskInput{Name: tid.Set("a")}
	_, create := c.Projects.Create(t.Context(), in)
	_, update := c.Projects.Update(t.Context(), 7, *in)
	_, row := c.Projects.Update(t.Context(), 7, &moment.Task{Name: "a"})
	_, batch := c.Projects.Batch().Create([]*moment.TaskInput{in}).Do(t.Context())
	_, change := c.Projects.Batch().Update(7, in).Do(t.Context())
	for _, err := range []error{create, update, row, batch, change} {
		require.ErrorIs(t, err, tid.ErrInvalidInput)
		require.ErrorContains(t, err, "which is for tasks")
	}
	assert.Empty(t, l.requests)
}

func TestARowThatIsWrittenSendsNoZeros(t *testing.T) {
	type claim struct {
		ID    int64       `json:"id"`
		Title string      `json:"title"`
		Sum   tid.Decimal `json:"sum"`
		Day   moment.Day  `json:"day"`
		Rate  tid.Opt[tid.Decimal]
	}
	for want, write := range map[string]func(*moment.Client) error{
		`{"name":"A"}`: func(c *moment.Client) error {
			_, err := c.Customers.Create(t.Context(), moment.Customer{Name: "A"})
			return err
		},
		`{"title":"A & B","Rate":0}`: func(c *moment.Client) error {
			_, err := moment.Of[claim](c, "claims").Create(t.Context(), &claim{Title: "A & B", Rate: tid.Set(tid.Decimal{})})
			return err
		},
		`{"title":"","sum":1.5,"Rate":null}`: func(c *moment.Client) error {
			_, err := moment.Of[claim](c, "claims").Update(t.Context(), 7, claim{ID: 7, Sum: tid.MustDecimal("1.50")})
			return err
		},
		`{"description":"x"}`: func(c *moment.Client) error {
			_, err := c.TimeRecords.Update(t.Context(), 7, &moment.TimeRecord{ID: 7, Description: "x"})
			return err
		},
		`{"a":0}`: func(c *moment.Client) error {
			_, err := moment.Of[any](c, "claims").Update(t.Context(), 7, map[string]any{"id": 7, "a": 0})
			return err
		},
	} {
		c, w := replay(t, 200, `{"id":7}`)
		require.NoError(t, write(c))
		assert.Equal(t, want, w.last(t).body)
	}
	l := list(1)
	_, err := l.client(t).Customers.Create(t.Context(), moment.Customer{ID: 5, Name: "A"})
	require.ErrorContains(t, err, "the input has the id 5: a new object is given its own")
	_, err = moment.Of[any](l.client(t), "claims").Update(t.Context(), 7, struct {
		ID    int64
		Title string
	}{5, "A"})
	require.ErrorContains(t, err, "the input has the id 5, and 7 is to be changed")
	_, err = l.client(t).Customers.Update(t.Context(), 7, moment.Customer{ID: 5, Name: "A"})
	require.ErrorContains(t, err, "the input has the id 5, and 7 is to be changed")
	_, err = l.client(t).Customers.Update(t.Context(), 7, moment.Customer{ID: 7})
	require.ErrorContains(t, err, "there is nothing to change")
	assert.Empty(t, l.requests)
}

func TestDetailsOfAnyShapeAreInTheMessage(t *testing.T) {
	for body, want := range map[string]string{
		`{"message":"No.","details":["minutes is required","taskId is unknown"]}`: "400 Bad Request: No: minutes is required; taskId is unknown",
		`{"message":"No","details":{"minutes":"is required","a":{"b":[1,true]}}}`: "400 Bad Request: No: a: b: 1; true, minutes: is required",
		`{"details":[{"field":"minutes","error":"is\nrequired"}]}`:                "400 Bad Request: error: is required, field: minutes",
		`{"message":"No","details":[]}`:                                           "400 Bad Request: No",
		`{"message":"No","details":["the key s3cret"]}`:                           "400 Bad Request: No: the key …",
	} {
		c, _ := replay(t, 400, body)
		_, err := c.Projects.Get(t.Context(), 7)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, c.Do(t.Context(), "GET", "projects/7", nil, nil, nil), want)
		assert.NotContains(t, err.Error(), "s3cret")
		assert.Less(t, len(err.Error()), 1500)
	}
}

func TestABaseURLWithThePathThatIsAddedIsRefused(t *testing.T) {
	for _, path := range []string{"/api", "/api/", "/api/1.0", "/API/1.0/companies", "/api/1.0/companies/acme/", "/proxy/api/1.0"} {
		_, err := moment.NewClient("acme", "s3cret", tid.WithBaseURL("https://moment.example"+path))
		require.ErrorIs(t, err, tid.ErrInvalidInput, path)
		require.ErrorContains(t, err, "the base URL must be the host alone, such as https://app.moment.team: /api/1.0/companies/acme is added to it", path)
	}
	requests := 0
	limiter := limiterFunc(func() { requests++ })
	for _, path := range []string{"", "/", "/moment", "/gateway/api"} {
		_, err := moment.NewClient("acme", "s3cret", tid.WithBaseURL("https://moment.example"+path), tid.WithLimiter(limiter))
		require.NoError(t, err, path)
	}
	assert.Zero(t, requests, "nothing is sent to find out")
}
