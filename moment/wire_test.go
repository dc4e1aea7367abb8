package moment_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/moment"
)

// sent is a request as it came over the wire.
type sent struct{ line, body string }

// wire is a server that answers the same to everything and remembers what came.
type wire struct {
	mu   sync.Mutex
	got  []sent
	auth []string
}

func (w *wire) last(t *testing.T) sent {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	require.NotEmpty(t, w.got, "nothing was sent")
	return w.got[len(w.got)-1]
}

func (w *wire) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.got)
}

// replay returns a client of a server that gives the answers in turn, and the
// last of them for ever.
func replay(t *testing.T, status int, answers ...string) (*moment.Client, *wire) {
	t.Helper()
	w := new(wire)
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		w.mu.Lock()
		w.got = append(w.got, sent{r.Method + " " + r.RequestURI, string(body)})
		w.auth = append(w.auth, r.Header.Get("Authorization"))
		answer := answers[min(len(w.got), len(answers))-1]
		w.mu.Unlock()
		assert.Equal(t, "application/json", r.Header.Get("Accept"))
		rw.Header().Set("Content-Type", "application/hal+json")
		rw.WriteHeader(status)
		_, _ = io.WriteString(rw, answer)
	}))
	t.Cleanup(srv.Close)
	c, err := moment.NewClient("acme", "s3cret", tid.WithBaseURL(srv.URL), tid.WithRetries(0))
	require.NoError(t, err)
	return c, w
}

const companyPath = "/api/1.0/companies/acme"

func TestTheListQuotedInTheContractIsAskedForAndReadExactlySo(t *testing.T) {
	c, w := replay(t, 200, `{"content":[{"id":1,"name":"Offer 1","issueDate":"2018-01-01","currencyCode":"USD"}],"metadata":{"totalSumInCompanyCurrency":1726.50}}`)

	page, err := c.Offers.List(t.Context(), nil, moment.Include("base", "currencyCode", "metadata.overviewPage"))
	require.NoError(t, err)
	assert.Equal(t, sent{"GET " + companyPath + "/offers/include/base+currencyCode+metadata.overviewPage", ""}, w.last(t))
	assert.Equal(t, "Basic "+base64.StdEncoding.EncodeToString([]byte("apikey:s3cret")), w.auth[0])

	assert.Equal(t, []*moment.Offer{{ID: 1, Name: "Offer 1", IssueDate: moment.DayOf(tid.NewDate(2018, 1, 1)), CurrencyCode: "USD"}}, page.Items)
	var sums moment.OfferMetadata
	require.NoError(t, page.DecodeMetadata(&sums))
	assert.Equal(t, "1726.5", sums.TotalSumInCompanyCurrency.String())

	c, w = replay(t, 200, `{"content":[{"id":1,"name":"Offer 1","issueDate":"2018-01-01","currencyCode":"USD"}],"metadata":{"totalSumInCompanyCurrency":1726.50}}`)
	for o, err := range c.Offers.All(t.Context(), nil, moment.Include("base", "currencyCode")) {
		require.NoError(t, err)
		assert.Equal(t, "Offer 1", o.Name)
	}
	assert.Equal(t, 1, w.count(), "without page in the answer, one request is all")
}

func TestTheUpdateQuotedInTheContractIsSentAndReadExactlySo(t *testing.T) {
	inputs := map[string]any{
		"a struct": &moment.OfferInput{CustomerID: tid.Set[int64](3333777)},
		"a map":    map[string]any{"customerId": 3333777},
	}
	for name, in := range inputs {
		t.Run(name, func(t *testing.T) {
			c, w := replay(t, 200, `{"id":666999,"customerId":3333777,"customerName":"Richest AS"}`)
			o, err := c.Offers.Update(t.Context(), 666999, in, moment.Include("customer.id", "customer.name"))
			require.NoError(t, err)
			assert.Equal(t, sent{"PUT " + companyPath + "/offers/666999/include/customer.id+customer.name", `{"customerId":3333777}`}, w.last(t))
			assert.Equal(t, &moment.Offer{ID: 666999, CustomerID: 3333777, CustomerName: "Richest AS"}, o)
		})
	}
}

func TestTheBatchQuotedInTheContractIsSentAndReadExactlySo(t *testing.T) {
	type entry struct {
		ID                  int64  `json:"id,omitzero"`
		ProjectID           int64  `json:"projectId,omitzero"`
		Name                string `json:"name"`
		ProjectMembershipID *int64 `json:"projectMembershipId,omitzero"`
	}
	c, w := replay(t, 200, `{"created":[{"projectId":4598,"name":"First entry","projectMembershipId":null,"id":11321}],"updated":[],"createOrderIntact":true}`)
	first := entry{ProjectID: 4598, Name: "First entry"}

	res, err := moment.Of[entry](c, "entries").Batch().Create(first).Do(t.Context())
	require.NoError(t, err)
	assert.Equal(t, sent{"POST " + companyPath + "/entries/batch", `{"create":[{"projectId":4598,"name":"First entry"}]}`}, w.last(t))
	made := &entry{ID: 11321, ProjectID: 4598, Name: "First entry"}
	assert.True(t, res.CreateOrderIntact)
	assert.Equal(t, []*entry{made}, res.Created)
	assert.Empty(t, res.Updated)
	assert.Equal(t, []moment.BatchPair[entry]{{Input: first, Created: made}}, res.Pairs)

	c, w = replay(t, 200, `{"created":[{"id":1},{"id":2}],"updated":[],"createOrderIntact":true}`)
	_, err = moment.Of[entry](c, "entries").Batch().
		Create(entry{Name: "a"}, entry{Name: "b"}).
		Update(11362, entry{Name: "c"}).Update(11363, entry{Name: "d"}).
		Delete(11357, 11358).Do(t.Context())
	require.NoError(t, err)
	assert.Equal(t, `{"create":[{"name":"a"},{"name":"b"}],"update":{"11362":{"name":"c"},"11363":{"name":"d"}},"delete":[11357,11358]}`, w.last(t).body)
}

func TestEveryOperationGoesWhereTheContractSays(t *testing.T) {
	in := &moment.TimeRecordInput{Minutes: tid.Set(30)}
	with := moment.Include("minutes", "project.name")
	const suffix = "/include/minutes+project.name"
	tests := map[string]struct {
		call func(*testing.T, *moment.Client) error
		want sent
	}{
		"create": {func(t *testing.T, c *moment.Client) error {
			_, err := c.TimeRecords.Create(t.Context(), in)
			return err
		},
			sent{"POST /timeRecords", `{"minutes":30}`}},
		"read one": {func(t *testing.T, c *moment.Client) error { _, err := c.TimeRecords.Get(t.Context(), 7); return err },
			sent{"GET /timeRecords/7", ""}},
		"list": {func(t *testing.T, c *moment.Client) error { _, err := c.TimeRecords.List(t.Context(), nil); return err },
			sent{"GET /timeRecords", ""}},
		"update": {func(t *testing.T, c *moment.Client) error {
			_, err := c.TimeRecords.Update(t.Context(), 7, in)
			return err
		}, sent{"PATCH /timeRecords/7", `{"minutes":30}`}},
		"delete": {func(t *testing.T, c *moment.Client) error { return c.TimeRecords.Delete(t.Context(), 7) },
			sent{"DELETE /timeRecords/7", ""}},
		"batch": {func(t *testing.T, c *moment.Client) error {
			_, err := c.TimeRecords.Batch().Delete(7).Do(t.Context())
			return err
		}, sent{"POST /timeRecords/batch", `{"delete":[7]}`}},
		"list with includes": {func(t *testing.T, c *moment.Client) error {
			_, err := c.TimeRecords.List(t.Context(), nil, with)
			return err
		}, sent{"GET /timeRecords" + suffix, ""}},
		"create with includes": {func(t *testing.T, c *moment.Client) error {
			_, err := c.TimeRecords.Create(t.Context(), in, with)
			return err
		}, sent{"POST /timeRecords" + suffix, `{"minutes":30}`}},
		"update with includes": {func(t *testing.T, c *moment.Client) error {
			_, err := c.TimeRecords.Update(t.Context(), 7, in, with)
			return err
		}, sent{"PUT /timeRecords/7" + suffix, `{"minutes":30}`}},
		"read one with includes": {func(t *testing.T, c *moment.Client) error {
			_, err := c.TimeRecords.Get(t.Context(), 7, with)
			return err
		}, sent{"GET /timeRecords/7" + suffix, ""}},
		"email of co-workers": {func(t *testing.T, c *moment.Client) error {
			_, err := c.UserAccounts.List(t.Context(), nil, moment.Include("base"), moment.Include("email", "base"))
			return err
		}, sent{"GET /userAccounts/include/base+email", ""}},
		"an entity that has no name here": {func(t *testing.T, c *moment.Client) error {
			_, err := moment.Of[map[string]any](c, "claims").Get(t.Context(), 7)
			return err
		}, sent{"GET /claims/7", ""}},
		"anything else": {func(t *testing.T, c *moment.Client) error {
			return c.Do(t.Context(), "post", "claims/7/approve", nil, map[string]int{"a": 1}, nil)
		}, sent{"POST /claims/7/approve", `{"a":1}`}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, w := replay(t, 200, `{"id":7,"content":[],"created":[]}`)
			require.NoError(t, tt.call(t, c))
			method, path, _ := strings.Cut(tt.want.line, " ")
			assert.Equal(t, sent{method + " " + companyPath + path, tt.want.body}, w.last(t))
		})
	}
}

func TestEveryServiceHasItsEntity(t *testing.T) {
	c, w := replay(t, 200, `{"content":[]}`)
	list := func(entity string, err error) {
		t.Helper()
		require.NoError(t, err)
		assert.Equal(t, "GET "+companyPath+"/"+entity, w.last(t).line)
	}
	ctx := t.Context()
	_, err := c.TimeRecords.List(ctx, nil)
	list("timeRecords", err)
	_, err = c.Projects.List(ctx, nil)
	list("projects", err)
	_, err = c.ProjectExtensions.List(ctx, nil)
	list("projectExtensions", err)
	_, err = c.ProjectMemberships.List(ctx, nil)
	list("projectMemberships", err)
	_, err = c.UserAccounts.List(ctx, nil)
	list("userAccounts", err)
	_, err = c.Tasks.List(ctx, nil)
	list("tasks", err)
	_, err = c.Offers.List(ctx, nil)
	list("offers", err)
	_, err = c.Invoices.List(ctx, nil)
	list("invoices", err)
	_, err = c.Customers.List(ctx, nil)
	list("customers", err)
	_, err = c.Claims.List(ctx, nil)
	list("claims", err)
}

func TestListOptionsBecomeTheParametersThatHaveBeenSeen(t *testing.T) {
	type claimOptions struct {
		moment.ListOptions
		State string `url:"claimState,omitempty"`
	}
	c, w := replay(t, 200, `{"content":[],"page":{}}`)
	ctx := t.Context()
	tests := map[string]struct {
		list func() error
		want string
	}{
		"time records": {func() error {
			_, err := c.TimeRecords.List(ctx, &moment.TimeRecordListOptions{UserAccountID: 5,
				From: tid.NewDate(2026, 10, 19), To: tid.NewDate(2026, 10, 25)})
			return err
		}, "/timeRecords?fromDate=2026-10-19&toDate=2026-10-25&userAccountId=5"},
		"roles": {func() error {
			_, err := c.ProjectMemberships.List(ctx, &moment.ProjectMembershipListOptions{UserAccountID: 5, ProjectMembershipState: "active"})
			return err
		}, "/projectMemberships?projectMembershipState=active&userAccountId=5"},
		"activities": {func() error {
			_, err := c.ProjectExtensions.List(ctx, &moment.ProjectExtensionListOptions{ProjectID: 6})
			return err
		}, "/projectExtensions?projectId=6"},
		"tasks": {func() error {
			_, err := c.Tasks.List(ctx, &moment.TaskListOptions{ProjectID: 6, ProjectExtensionID: 7})
			return err
		}, "/tasks?projectExtensionId=7&projectId=6"},
		"what every list has": {func() error {
			_, err := c.Projects.List(ctx, &moment.ListOptions{Page: 2, Size: 500, Sort: "name,asc", NoLimit: true, AllowTruncation: true})
			return err
		}, "/projects?noLimit=true&page=2&size=500&sort=name%2Casc"},
		"options of the caller's": {func() error {
			_, err := moment.Of[map[string]any](c, "claims").List(ctx, &claimOptions{moment.ListOptions{Size: 10}, "open"})
			return err
		}, "/claims?claimState=open&size=10"},
		"no options": {func() error {
			_, err := c.TimeRecords.List(ctx, nil)
			return err
		}, "/timeRecords"},
		"options with nothing in them": {func() error {
			_, err := c.Tasks.List(ctx, (*moment.TaskListOptions)(nil))
			return err
		}, "/tasks"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, tt.list())
			assert.Equal(t, "GET "+companyPath+tt.want, w.last(t).line)
		})
	}
}

// entityOf is the entity that an input of the package is for.
func entityOf(in any) string {
	switch in.(type) {
	case *moment.CustomerInput:
		return "customers"
	case *moment.ProjectInput:
		return "projects"
	case *moment.ProjectExtensionInput:
		return "projectExtensions"
	case *moment.ProjectMembershipInput:
		return "projectMemberships"
	case *moment.TaskInput:
		return "tasks"
	case *moment.OfferInput:
		return "offers"
	case *moment.InvoiceInput:
		return "invoices"
	case *moment.UserAccountInput:
		return "userAccounts"
	}
	return "timeRecords"
}

func TestOnlyWhatIsSetIsSent(t *testing.T) {
	day := moment.DayOf(tid.NewDate(2026, 10, 19))
	tests := map[string]struct {
		in   any
		want string
	}{
		"nothing but a zero":      {&moment.TimeRecordInput{Minutes: tid.Set(0)}, `{"minutes":0}`},
		"nothing but a null":      {&moment.TimeRecordInput{TaskID: tid.Null[int64]()}, `{"taskId":null}`},
		"nothing but an empty":    {moment.TimeRecordInput{Description: tid.Set("")}, `{"description":""}`},
		"a day without a time":    {&moment.TimeRecordInput{TimeRecordDate: day}, `{"timeRecordDate":"2026-10-19"}`},
		"all of a customer":       {&moment.CustomerInput{tid.Set("a"), tid.Set("1")}, `{"name":"a","customerNumber":"1"}`},
		"a day in a map":          {map[string]any{"issueDate": day}, `{"issueDate":"2026-10-19"}`},
		"text as it stands":       {map[string]any{"name": "Tak & <Sønn>"}, `{"name":"Tak & <Sønn>"}`},
		"all of a project":        {&moment.ProjectInput{tid.Set("a"), tid.Set("1"), moment.ProjectInProgress, tid.Set[int64](4)}, `{"name":"a","projectNumber":"1","projectState":"inProgress","customerId":4}`},
		"all of an activity":      {&moment.ProjectExtensionInput{tid.Set("a"), 2, "open"}, `{"name":"a","projectId":2,"projectExtensionState":"open"}`},
		"all of a role":           {&moment.ProjectMembershipInput{2, 3, "active"}, `{"projectId":2,"userAccountId":3,"projectMembershipState":"active"}`},
		"all of a task":           {&moment.TaskInput{tid.Set("a"), tid.Set("1"), moment.TaskClosed, tid.Set[int64](2), 3}, `{"name":"a","taskNumber":"1","taskState":"closed","projectExtensionId":2,"projectId":3}`},
		"all of an offer":         {&moment.OfferInput{tid.Set("a"), tid.Set(day), tid.Set("NOK"), tid.Set[int64](4)}, `{"name":"a","issueDate":"2026-10-19","currencyCode":"NOK","customerId":4}`},
		"the notes of a record":   {&moment.TimeRecordInput{InternalNote: tid.Set("x"), ProjectMembershipID: tid.Set[int64](9)}, `{"projectMembershipId":9,"internalNote":"x"}`},
		"the places of a record":  {&moment.TimeRecordInput{ProjectID: 1, ProjectExtensionID: tid.Set[int64](2), UserAccountID: 3}, `{"projectId":1,"projectExtensionId":2,"userAccountId":3}`},
		"all of an invoice":       {&moment.InvoiceInput{tid.Set[int64](7), tid.Set[int64](8), tid.Set[int64](9)}, `{"invoiceNumber":7,"customerId":8,"projectId":9}`},
		"all of a co-worker":      {&moment.UserAccountInput{tid.Set("liv@example.com"), tid.Set(day)}, `{"email":"liv@example.com","timeLockDate":"2026-10-19"}`},
		"no activity any more":    {&moment.TimeRecordInput{ProjectExtensionID: tid.Null[int64]()}, `{"projectExtensionId":null}`},
		"no issue date any more":  {&moment.OfferInput{IssueDate: tid.Null[moment.Day]()}, `{"issueDate":null}`},
		"a struct of the callers": {struct{ A, B tid.Opt[int] }{A: tid.Set(1)}, `{"A":1,"B":null}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, w := replay(t, 200, `{"id":7}`)
			_, err := moment.Of[any](c, entityOf(tt.in)).Update(t.Context(), 7, tt.in)
			require.NoError(t, err)
			assert.Equal(t, tt.want, w.last(t).body)
		})
	}
}

func TestAnErrorCarriesWhatTheAPISaid(t *testing.T) {
	tests := map[string]struct{ body, text string }{
		"the text that is known":   {`{"message":"User has more than one role on the project"}`, "400 Bad Request: User has more than one role on the project"},
		"details beside a message": {`{"message":"The batch was rolled back","details":"create[1]: minutes is required"}`, "The batch was rolled back: create[1]: minutes is required"},
		"details alone":            {`{"details":"minutes is required"}`, "400 Bad Request: minutes is required"},
		"nothing that is known":    {`{"code":17}`, "400 Bad Request"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, _ := replay(t, 400, tt.body)
			_, err := c.TimeRecords.Create(t.Context(), &moment.TimeRecordInput{Minutes: tid.Set(30)})
			require.ErrorIs(t, err, tid.ErrBadRequest)
			require.ErrorContains(t, err, tt.text)
			var e *tid.Error
			require.ErrorAs(t, err, &e)
			assert.JSONEq(t, tt.body, string(e.Body))
			assert.Equal(t, "POST "+companyPath+"/timeRecords", e.Operation)
			assert.False(t, e.MayHaveExecuted)
		})
	}
}

func TestAnAnswerThatIsNoneIsAnError(t *testing.T) {
	ctx := t.Context()
	list := func(c *moment.Client) error { _, err := c.Projects.List(ctx, nil); return err }
	all := func(c *moment.Client) error {
		for _, err := range c.Projects.All(ctx, nil) {
			if err != nil {
				return err
			}
		}
		return nil
	}
	update := func(c *moment.Client) error {
		_, err := c.Projects.Update(ctx, 7, &moment.ProjectInput{Name: tid.Set("a")})
		return err
	}
	batch := func(c *moment.Client) error { _, err := c.Projects.Batch().Delete(7).Do(ctx); return err }
	const counted = `{"content":[{"id":1}],"page":{"size":1,"totalElements":2,"totalPages":2}}` + "\n" + `{"content":[{"id":2}]}`
	tests := map[string]struct {
		call     func(*moment.Client) error
		answer   string
		text     string
		executed bool
	}{
		"no list":                             {list, `{"id":7}`, "it is no list", false},
		"a null":                              {list, `null`, "the answer is empty", false},
		"nothing":                             {list, ``, "the answer is empty", false},
		"not JSON":                            {list, `<html>`, "not JSON", false},
		"another page":                        {list, `{"content":[],"page":{"number":3,"size":1,"totalElements":9,"totalPages":9}}`, "the answer is page 3, and page 0 was asked for", false},
		"the same page again":                 {all, `{"content":[{"id":1}],"page":{"number":0,"size":1,"totalElements":2,"totalPages":2}}`, "page 1 was asked for", false},
		"pages that are not counted any more": {all, counted, "page 0 does not count the rows, and an answer before did", false},
		"no rows although there are some":     {all, `{"page":{"totalElements":9,"totalPages":1}}`, "page 0 is empty, although the answer counts 9 rows on 1 pages", false},
		"the same rows again":                 {all, `{"content":[{"id":1}],"page":{"size":1,"totalElements":9,"totalPages":9}}`, "rows changed places meanwhile", false},
		"an empty page before others":         {all, `{"content":[],"page":{"totalElements":9,"totalPages":9}}`, "page 0 is empty, although the answer counts 9 rows on 9 pages", false},
		"an update without an object":         {update, ``, "the answer is empty", true},
		"a batch without an answer":           {batch, ``, "the answer is empty", true},
		"a batch that answers text":           {batch, `"ok"`, "where moment.BatchResult", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, _ := replay(t, 200, strings.Split(tt.answer, "\n")...)
			err := tt.call(c)
			var e *tid.Error
			require.ErrorAs(t, err, &e)
			require.ErrorContains(t, err, tt.text)
			assert.Equal(t, tt.executed, e.MayHaveExecuted)
		})
	}
}

func TestAnswersThatDifferALittleAreRead(t *testing.T) {
	t.Run("numbers as texts, and rows that are null", func(t *testing.T) {
		c, _ := replay(t, 200, `{"content":[null,{"id":"7","projectNumber":1042,"customerId":null}],"page":{"number":0,"size":"500","totalElements":1,"totalPages":1}}`)
		page, err := c.Projects.List(t.Context(), nil)
		require.NoError(t, err)
		assert.Equal(t, []*moment.Project{{ID: 7, ProjectNumber: "1042"}}, page.Items)
		assert.Equal(t, 500, page.Size)
	})
	t.Run("an answer about deleted objects of any shape", func(t *testing.T) {
		for _, deleted := range []string{`[11357]`, `[{"id":11357}]`, `1`, `null`, `{"11357":true}`} {
			c, _ := replay(t, 200, `{"created":[],"updated":[],"deleted":`+deleted+`}`)
			res, err := c.TimeRecords.Batch().Delete(11357).Do(t.Context())
			require.NoError(t, err)
			assert.Equal(t, deleted, string(res.Deleted))
		}
	})
	t.Run("an invoice and the objects in it", func(t *testing.T) {
		c, _ := replay(t, 200, `{"id":106939080,"invoiceNumber":1,"customer":{"id":62788973,"customerNumber":"10001"},"project":{"id":62788980,"projectNumber":"1"}}`)
		got, err := c.Invoices.Get(t.Context(), 106939080)
		require.NoError(t, err)
		assert.Equal(t, &moment.Invoice{ID: 106939080, InvoiceNumber: 1,
			Customer: &moment.InvoiceCustomer{ID: 62788973, CustomerNumber: "10001"},
			Project:  &moment.InvoiceProject{ID: 62788980, ProjectNumber: "1"}}, got)
	})
	t.Run("every field of a time record", func(t *testing.T) {
		c, _ := replay(t, 200, `{"id":1,"projectId":2,"projectName":"a","projectExtensionId":3,"projectExtensionName":"b","userAccountId":4,"timeRecordDate":"2026-10-19","minutes":90,"description":"c","taskId":5,"taskName":"d","taskNumber":"6","taskState":"open"}`)
		got, err := c.TimeRecords.Get(t.Context(), 1)
		require.NoError(t, err)
		assert.Equal(t, &moment.TimeRecord{ID: 1, ProjectID: 2, ProjectName: "a", ProjectExtensionID: 3, ProjectExtensionName: "b",
			UserAccountID: 4, TimeRecordDate: moment.DayOf(tid.NewDate(2026, 10, 19)), Minutes: 90, Description: "c",
			TaskID: 5, TaskName: "d", TaskNumber: "6", TaskState: moment.TaskOpen}, got)
	})
}
