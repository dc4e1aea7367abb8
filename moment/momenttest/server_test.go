package momenttest_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/moment"
	"github.com/vismatid/tid/moment/momenttest"
)

// send sends a request without the help of the client, and returns the status and the body of the answer.
func send(t *testing.T, srv *momenttest.Server, method, path, body string, edit ...func(*http.Request)) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+"/api/1.0/companies/"+srv.CompanyCode+path, strings.NewReader(body))
	require.NoError(t, err)
	if body == "" {
		req.Body = nil
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	req.SetBasicAuth("apikey", srv.APIKey)
	for _, e := range edit {
		e(req)
	}
	client := &http.Client{Transport: srv.Transport()}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(answer)
}

// company is a server with an object of each entity, all of id 1 but for a second project and role.
func company(t *testing.T, opts ...momenttest.Option) *momenttest.Server {
	srv := momenttest.NewServer(t, append(opts, momenttest.InMemory())...)
	srv.PutJSON("customers", `{"id":1,"name":"Kunde","customerNumber":"10001"}`)
	srv.PutJSON("projects", `{"id":1,"name":"Tak","projectNumber":"1042","projectState":"inProgress","customerId":1}`)
	srv.PutJSON("projects", `{"id":2,"name":"Gulv"}`)
	srv.PutJSON("projectExtensions", `{"id":1,"name":"Riving","projectId":1}`)
	srv.PutJSON("projectMemberships", `{"id":1,"projectId":1,"userAccountId":1,"projectMembershipState":"active"}`)
	srv.PutJSON("userAccounts", `{"id":1,"email":"kari@example.com"}`)
	srv.PutJSON("tasks", `{"id":1,"name":"Bære","taskNumber":"7","taskState":"open","projectExtensionId":1,"projectId":1}`)
	srv.PutJSON("offers", `{"id":1,"name":"Offer 1","issueDate":"2018-01-01","currencyCode":"USD","customerId":1}`)
	srv.PutJSON("invoices", `{"id":1,"invoiceNumber":1,"customer":{"id":1,"customerNumber":"10001"},"project":{"id":1,"projectNumber":"1042"}}`)
	srv.PutJSON("timeRecords", `{"id":1,"projectId":1,"projectExtensionId":1,"userAccountId":1,"timeRecordDate":"2026-10-19","minutes":90,"description":"a","taskId":1,"internalNote":"b"}`)
	srv.SetMetadata("offers", "overviewPage", json.RawMessage(`{"totalSumInCompanyCurrency":1726.50}`))
	return srv
}

func TestAnswersAreThoseOfTheContract(t *testing.T) {
	tests := map[string]struct{ method, path, body, want string }{
		"the quoted list": {"GET", "/offers/include/base+currencyCode+metadata.overviewPage", "",
			`{"content":[{"id":1,"name":"Offer 1","issueDate":"2018-01-01","currencyCode":"USD"}],"metadata":{"totalSumInCompanyCurrency":1726.50}}`},
		"an update with inner fields": {"PUT", "/offers/1/include/customer.id+customer.name", `{"customerId":1}`,
			`{"id":1,"customerId":1,"customerName":"Kunde"}`},
		"base of co-workers without email": {"GET", "/userAccounts/1/include/base", "", `{"id":1,"timeLockDate":null}`},
		"email where it is asked for":      {"GET", "/userAccounts/include/base+email", "", `{"content":[{"id":1,"timeLockDate":null,"email":"kari@example.com"}]}`},
		"a time record with what it refers to": {"GET", "/timeRecords/1", "",
			`{"id":1,"projectId":1,"projectName":"Tak","projectExtensionId":1,"projectExtensionName":"Riving","userAccountId":1,` +
				`"timeRecordDate":"2026-10-19","minutes":90,"description":"a","taskId":1,"taskName":"Bære","taskNumber":"7","taskState":"open"}`},
		"what is only written, where it is asked for": {"GET", "/timeRecords/1/include/internalNote+projectMembershipId", "", `{"id":1,"internalNote":"b","projectMembershipId":null}`},
		"inner objects as they are":                   {"GET", "/invoices/1", "", `{"id":1,"invoiceNumber":1,"customer":{"id":1,"customerNumber":"10001"},"project":{"id":1,"projectNumber":"1042"}}`},
		"fields of inner objects, held or referred to": {"GET", "/invoices/1/include/customer.id+customer.customerNumber+project.name", "",
			`{"id":1,"customerId":1,"customerCustomerNumber":"10001","projectName":"Tak"}`},
		"a reference to nothing":            {"GET", "/projects/2/include/customer.id+customer.name", "", `{"id":2,"customerId":null,"customerName":null}`},
		"the id alone":                      {"GET", "/projects/2/include/id", "", `{"id":2}`},
		"a part given twice":                {"GET", "/projects/2/include/name+base+name", "", `{"id":2,"name":"Gulv","projectNumber":null,"projectState":null,"customerId":null}`},
		"a page":                            {"GET", "/projects/include/name?page=1&size=1", "", `{"content":[{"id":2,"name":"Gulv"}],"page":{"number":1,"size":1,"totalElements":2,"totalPages":2}}`},
		"a page beyond the end":             {"GET", "/projects?page=9", "", `{"content":[],"page":{"number":9,"size":500,"totalElements":2,"totalPages":1}}`},
		"sorted by a text":                  {"GET", "/projects/include/name?sort=name,asc", "", `{"content":[{"id":2,"name":"Gulv"},{"id":1,"name":"Tak"}]}`},
		"sorted by a number, nothing first": {"GET", "/projects/include/id?sort=customerId,asc", "", `{"content":[{"id":2},{"id":1}]}`},
		"sorted by id":                      {"GET", "/projects/include/id?sort=id,desc", "", `{"content":[{"id":2},{"id":1}]}`},
		"filtered":                          {"GET", "/tasks/include/name?projectId=1&projectExtensionId=1", "", `{"content":[{"id":1,"name":"Bære"}]}`},
		"filtered away":                     {"GET", "/projectMemberships?projectMembershipState=ended", "", `{"content":[]}`},
		"without a limit":                   {"GET", "/projects/include/id?noLimit=true", "", `{"content":[{"id":1},{"id":2}]}`},
		"a path with a slash at the end":    {"GET", "/customers/", "", `{"content":[{"id":1,"name":"Kunde","customerNumber":"10001"}]}`},
		"a change by PATCH":                 {"PATCH", "/customers/1", `{"name":"B"}`, `{"id":1,"name":"B","customerNumber":"10001"}`},
		"a change by PUT":                   {"PUT", "/customers/1", `{"name":null}`, `{"id":1,"name":null,"customerNumber":"10001"}`},
		"a creation with includes":          {"POST", "/projects/include/customer.name", `{"customerId":1}`, `{"id":3,"customerName":"Kunde"}`},
		"a batch of everything": {"POST", "/projects/batch", `{"create":[{"name":"A"},{"name":"B"}],"update":{"1":{"name":"C"}},"delete":[2]}`,
			`{"createOrderIntact":true,"created":[{"id":3,"name":"A","projectNumber":null,"projectState":null,"customerId":null},{"id":4,"name":"B","projectNumber":null,"projectState":null,"customerId":null}],` +
				`"updated":[{"id":1,"name":"C","projectNumber":"1042","projectState":"inProgress","customerId":1}]}`},
		"an entity that is not known": {"POST", "/claims", `{"b":1,"a":[2]}`, `{"id":1,"a":[2],"b":1}`},
		"and its list":                {"GET", "/claims?state=open", "", `{"content":[]}`},
		"and its fields":              {"POST", "/claims/include/anything+customer.name", `{"customerId":1}`, `{"id":1,"anything":null,"customerName":"Kunde"}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status, answer := send(t, company(t), tt.method, tt.path, tt.body)
			assert.Less(t, status, 300)
			assert.Equal(t, tt.want, answer)
		})
	}
}

func TestWhatIsNotKnownToWorkIsRefused(t *testing.T) {
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	tests := map[string]struct {
		method, path, body string
		status             int
		text               string
		edit               func(*http.Request)
	}{
		"no key":                         {"GET", "/projects", "", 401, "apikey", func(r *http.Request) { r.Header.Del("Authorization") }},
		"another key":                    {"GET", "/projects", "", 401, "apikey", func(r *http.Request) { r.SetBasicAuth("apikey", "x") }},
		"another user":                   {"GET", "/projects", "", 401, "apikey", func(r *http.Request) { r.SetBasicAuth("kari", "key-of-momenttest") }},
		"a token":                        {"GET", "/projects", "", 401, "apikey", header("Authorization", "Bearer x")},
		"another company":                {"GET", "", "", 404, "", func(r *http.Request) { r.URL.Path = "/api/1.0/companies/other/projects" }},
		"no entity":                      {"GET", "/", "", 404, "", nil},
		"an object that is not there":    {"GET", "/projects/99", "", 404, "projects has no object 99", nil},
		"a change of what is not there":  {"PATCH", "/projects/99", "{}", 404, "projects has no object 99", nil},
		"a deletion of what is not":      {"DELETE", "/projects/99", "", 404, "projects has no object 99", nil},
		"an id of text":                  {"GET", "/projects/x", "", 404, "", nil},
		"a path that goes on":            {"GET", "/projects/1/members", "", 404, "", nil},
		"PATCH with includes":            {"PATCH", "/projects/1/include/base", "{}", 405, "", nil},
		"DELETE of a list":               {"DELETE", "/projects", "", 405, "", nil},
		"GET of a batch":                 {"GET", "/projects/batch", "", 405, "", nil},
		"another media type asked for":   {"GET", "/projects", "", 406, "", header("Accept", "text/html")},
		"another media type sent":        {"POST", "/projects", "{}", 415, "", header("Content-Type", "text/plain")},
		"a body in a read":               {"GET", "/projects", "{}", 400, "GET has no body", nil},
		"a parameter in a read of one":   {"GET", "/projects/1?page=0", "", 400, "Only lists have parameters", nil},
		"parts joined with a comma":      {"GET", "/projects/include/base,name", "", 400, "joined with +", nil},
		"parts joined with an escape":    {"GET", "/projects/include/base%2Bname", "", 400, "joined with +", nil},
		"base of time records":           {"GET", "/timeRecords/include/base", "", 400, "timeRecords does not support the part base", nil},
		"a part that is not known":       {"GET", "/projects/include/nome", "", 400, `projects has no part \"nome\"`, nil},
		"an empty part":                  {"GET", "/projects/include/base+", "", 400, `no part`, nil},
		"a field of another object":      {"GET", "/projects/include/customer.nome", "", 400, "no part", nil},
		"an object that it has not":      {"GET", "/projects/include/task.name", "", 400, "no part", nil},
		"a field of a field":             {"GET", "/tasks/include/project.customer.name", "", 400, "no part", nil},
		"metadata that there is not":     {"GET", "/offers/include/metadata.other", "", 400, "no part", nil},
		"metadata of one object":         {"GET", "/offers/1/include/metadata.overviewPage", "", 400, "no part", nil},
		"a misspelt filter":              {"GET", "/timeRecords?from=2026-10-19", "", 400, `timeRecords has no filter \"from\"`, nil},
		"a filter of another entity":     {"GET", "/projects?userAccountId=1", "", 400, "no filter", nil},
		"a filter twice":                 {"GET", "/tasks?projectId=1&projectId=2", "", 400, "more than once", nil},
		"an empty filter":                {"GET", "/tasks?projectId=", "", 400, "empty", nil},
		"parameters that are none":       {"GET", "/tasks?projectId=%zz", "", 400, "cannot be read", nil},
		"a day that is none":             {"GET", "/timeRecords?fromDate=2026-02-30", "", 400, "fromDate must be a day", nil},
		"a day with a time":              {"GET", "/timeRecords?toDate=2026-10-19+00:00:00", "", 400, "toDate must be a day", nil},
		"a page of text":                 {"GET", "/projects?page=one", "", 400, "page must be", nil},
		"a page below 0":                 {"GET", "/projects?page=-1", "", 400, "page must be", nil},
		"a size of 0":                    {"GET", "/projects?size=0", "", 400, "size must be", nil},
		"a size over 500":                {"GET", "/projects?size=501", "", 400, "size must be", nil},
		"noLimit of something":           {"GET", "/projects?noLimit=yes", "", 400, "noLimit must be true", nil},
		"a sort without a direction":     {"GET", "/projects?sort=name", "", 400, "sort must be", nil},
		"a sort by what is not there":    {"GET", "/projects?sort=nome,asc", "", 400, "sort must be", nil},
		"a body that is no object":       {"POST", "/projects", "[]", 400, "one JSON object", nil},
		"an update that is no object":    {"PUT", "/projects/1", "null", 400, "one JSON object", nil},
		"a property that is not known":   {"POST", "/projects", `{"nome":"A"}`, 400, `there is no field \"nome\"`, nil},
		"an id in the body":              {"PATCH", "/projects/1", `{"id":2}`, 400, "the id is not for the body", nil},
		"a text for a number":            {"PATCH", "/timeRecords/1", `{"minutes":"90"}`, 400, "minutes must be a whole number", nil},
		"hours for minutes":              {"PATCH", "/timeRecords/1", `{"minutes":1.5}`, 400, "minutes must be a whole number", nil},
		"a number for a text":            {"PATCH", "/projects/1", `{"projectNumber":1}`, 400, "projectNumber must be a text", nil},
		"a day with a time in a body":    {"PATCH", "/timeRecords/1", `{"timeRecordDate":"2026-10-19 00:00:00"}`, 400, "timeRecordDate must be a day", nil},
		"a text for an object":           {"PATCH", "/invoices/1", `{"customer":"Kunde"}`, 400, "customer must be an object", nil},
		"a state that is not known":      {"PATCH", "/tasks/1", `{"taskState":"done"}`, 400, "taskState must be one of open, closed", nil},
		"what follows from a reference":  {"PATCH", "/timeRecords/1", `{"projectName":"A"}`, 400, "projectName follows from project.name", nil},
		"a reference to what is not":     {"PATCH", "/timeRecords/1", `{"projectId":99}`, 400, "projects has no object 99", nil},
		"a record without minutes":       {"POST", "/timeRecords", `{"timeRecordDate":"2026-10-19"}`, 400, "minutes is required", nil},
		"a record without a day":         {"POST", "/timeRecords", `{"minutes":1}`, 400, "timeRecordDate is required", nil},
		"an empty batch":                 {"POST", "/projects/batch", `{"create":[],"delete":[]}`, 400, "The batch is empty", nil},
		"a batch of something else":      {"POST", "/projects/batch", `{"creat":[{}]}`, 400, "A batch has create, update and delete", nil},
		"a batch that changes what not":  {"POST", "/projects/batch", `{"update":{"x":{}}}`, 400, "update x: there is no such object", nil},
		"a batch that deletes one twice": {"POST", "/projects/batch", `{"delete":[1,1]}`, 400, "delete[1]: there is no object 1", nil},
		"a batch whose entry is no good": {"POST", "/projects/batch", `{"create":[{"name":"A"},{"id":3}]}`, 400, "create[1]: the id is not for the body", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			srv := company(t)
			before := map[string]any{"p": srv.Projects.All(), "r": srv.TimeRecords.All(), "o": srv.Offers.All(), "t": srv.Tasks.All(), "i": srv.Invoices.All()}
			edit := tt.edit
			if edit == nil {
				edit = func(*http.Request) {}
			}
			status, answer := send(t, srv, tt.method, tt.path, tt.body, edit)
			assert.Equal(t, tt.status, status, answer)
			assert.Contains(t, answer, tt.text)
			assert.Contains(t, answer, `"message":`)
			assert.Equal(t, before, map[string]any{"p": srv.Projects.All(), "r": srv.TimeRecords.All(), "o": srv.Offers.All(), "t": srv.Tasks.All(), "i": srv.Invoices.All()})
			require.Len(t, srv.Requests(), 1)
			assert.False(t, srv.Requests()[0].Performed)
		})
	}
}

func TestDaysAreGivenWithOneMoreOnEitherSide(t *testing.T) {
	srv := momenttest.NewServer(t, momenttest.InMemory())
	for day := 10; day < 20; day++ {
		srv.TimeRecords.Put(moment.TimeRecord{ID: int64(day), TimeRecordDate: moment.DayOf(tid.NewDate(2026, 10, day))})
	}
	for query, want := range map[string]string{
		"fromDate=2026-10-14&toDate=2026-10-15": `[{"id":13},{"id":14},{"id":15},{"id":16}]`,
		"fromDate=2026-10-19":                   `[{"id":18},{"id":19}]`,
		"toDate=2026-10-10":                     `[{"id":10},{"id":11}]`,
	} {
		_, answer := send(t, srv, "GET", "/timeRecords/include/id?"+query, "")
		assert.Equal(t, `{"content":`+want+`}`, answer)
	}
}

func TestLimitsLeaveRowsOutAndSaySo(t *testing.T) {
	srv := company(t, momenttest.WithLimit(2), momenttest.WithCeiling(3))
	for range 3 {
		srv.Projects.Put(moment.Project{})
	}
	for query, want := range map[string]string{
		"":                     `{"content":[{"id":1},{"id":2}],"limitWasExceeded":true}`,
		"?noLimit=true":        `{"content":[{"id":1},{"id":2},{"id":3}],"limitWasExceeded":true}`,
		"?size=1":              `{"content":[{"id":1}],"limitWasExceeded":true,"page":{"number":0,"size":1,"totalElements":2,"totalPages":2}}`,
		"?size=2&page=1":       `{"content":[],"limitWasExceeded":true,"page":{"number":1,"size":2,"totalElements":2,"totalPages":1}}`,
		"?sort=id,desc&size=1": `{"content":[{"id":5}],"limitWasExceeded":true,"page":{"number":0,"size":1,"totalElements":2,"totalPages":2}}`,
	} {
		_, answer := send(t, srv, "GET", "/projects/include/id"+query, "")
		assert.Equal(t, want, answer)
	}
	assert.Panics(t, func() { momenttest.Start(momenttest.WithLimit(0)) })
	assert.Panics(t, func() { momenttest.Start(momenttest.WithCeiling(-1)) })
}

func TestFaultsTakeTheRequestsThatTheyName(t *testing.T) {
	status := func(srv *momenttest.Server, method, path, body string) int {
		got, _ := send(t, srv, method, path, body)
		return got
	}
	srv := company(t)
	srv.Inject(momenttest.Fault{Operation: "GET /projects/{id}", Skip: 1, Times: 2, Effect: momenttest.Answer(503, "busy", "X-Reason", "test")})
	assert.Equal(t, 200, status(srv, "GET", "/projects", ""))
	for _, want := range []int{200, 503, 503, 200} {
		assert.Equal(t, want, status(srv, "GET", "/projects/1", ""))
	}
	srv.Inject(momenttest.Fault{Operation: "POST", Effect: momenttest.TooMany(1500 * time.Millisecond)})
	assert.Equal(t, 404, status(srv, "GET", "/projects/99", ""))
	assert.Equal(t, 429, status(srv, "POST", "/projects", `{"name":"A"}`))
	assert.Equal(t, 201, status(srv, "POST", "/projects", `{"name":"A"}`))

	log := srv.Requests()
	assert.True(t, log[2].Faulty)
	assert.False(t, log[2].Performed)
	assert.True(t, log[1].Performed)

	for effect, acted := range map[string]bool{"before": false, "after": true} {
		t.Run("a connection that breaks "+effect, func(t *testing.T) {
			for _, opts := range [][]momenttest.Option{nil, {momenttest.InMemory()}} {
				srv := momenttest.NewServer(t, opts...)
				srv.Inject(momenttest.Fault{Effect: map[string]momenttest.Effect{"before": momenttest.DropBefore(), "after": momenttest.DropAfter()}[effect]})
				_, err := srv.Client(tid.WithRetries(0)).Customers.Create(t.Context(), map[string]any{})
				require.Error(t, err)
				assert.Equal(t, acted, srv.Customers.Len() == 1)
				last := srv.Requests()[0]
				assert.Equal(t, acted, last.Performed)
				assert.Zero(t, last.Status)
			}
		})
	}
}

func TestThe429SaysHowLongToWait(t *testing.T) {
	for wait, want := range map[time.Duration]string{1500 * time.Millisecond: "2", time.Minute: "60", 0: ""} {
		srv := company(t)
		srv.Inject(momenttest.Fault{Effect: momenttest.TooMany(wait)})
		req, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL+"/api/1.0/companies/example/projects", nil)
		require.NoError(t, err)
		req.Header.Set("Accept", "application/json")
		req.SetBasicAuth("apikey", srv.APIKey)
		resp, err := srv.Transport().RoundTrip(req)
		require.NoError(t, err)
		assert.Equal(t, 429, resp.StatusCode)
		assert.Equal(t, want, resp.Header.Get("Retry-After"))
	}
}

func TestTheLogHoldsWhatCameAndNoSecret(t *testing.T) {
	srv := momenttest.NewServer(t)
	_, err := srv.Client().Customers.Create(t.Context(), &moment.CustomerInput{Name: tid.Set("Kunde")}, moment.Include("base", "name"))
	require.NoError(t, err)
	_, err = srv.Client().Projects.List(t.Context(), &moment.ListOptions{Size: 3})
	require.NoError(t, err)

	log := srv.Requests()
	require.Len(t, log, 2)
	assert.Equal(t, "/api/1.0/companies/example/customers/include/base+name", log[0].Path)
	assert.Equal(t, "POST /customers/include/{parts}", log[0].Operation)
	assert.Equal(t, `{"name":"Kunde"}`, string(log[0].Body))
	assert.Equal(t, 201, log[0].Status)
	assert.True(t, log[0].Performed)
	assert.Equal(t, "3", log[1].Query.Get("size"))
	for _, r := range log {
		assert.NotContains(t, r.Header, "Authorization")
		assert.NotEmpty(t, r.Header.Get("User-Agent"))
	}
	srv.ResetRequests()
	assert.Empty(t, srv.Requests())
}

func TestStoresAreOpenToTests(t *testing.T) {
	srv := momenttest.NewServer(t, momenttest.InMemory(), momenttest.WithCompanyCode("acme"))
	assert.Equal(t, "acme", srv.CompanyCode)
	ids := srv.Projects.PutAll([]moment.Project{{Name: "A"}, {ID: 7, Name: "B"}, {Name: "C"}})
	assert.Equal(t, []int64{1, 7, 8}, ids)
	assert.Equal(t, []moment.Project{{ID: 1, Name: "A"}, {ID: 7, Name: "B"}, {ID: 8, Name: "C"}}, srv.Projects.All())
	srv.Projects.Put(moment.Project{ID: 7, Name: "D"})
	got, ok := srv.Projects.Get(7)
	assert.True(t, ok)
	assert.Equal(t, "D", got.Name)
	assert.True(t, srv.Projects.Delete(7))
	assert.False(t, srv.Projects.Delete(7))
	_, ok = srv.Projects.Get(7)
	assert.False(t, ok)
	assert.Equal(t, 2, srv.Projects.Len())
	assert.Equal(t, int64(9), srv.Projects.Put(moment.Project{}), "ids are not used twice")

	assert.Equal(t, int64(1), srv.PutJSON("claims", `{"b":[1],"a":null}`))
	assert.Equal(t, `{"id":1,"a":null,"b":[1]}`, srv.GetJSON("claims", 1))
	assert.Empty(t, srv.GetJSON("claims", 2))
	claims := momenttest.StoreOf[struct{ B []int }](srv, "claims")
	assert.Equal(t, []int{1}, claims.All()[0].B)

	for name, misuse := range map[string]func(){
		"a field that is not known": func() { srv.PutJSON("projects", `{"nome":"A"}`) },
		"a value of another kind":   func() { srv.PutJSON("projects", `{"name":1}`) },
		"what is no object":         func() { srv.PutJSON("projects", `[]`) },
		"an id that is none":        func() { srv.PutJSON("projects", `{"id":-1}`) },
		"what cannot be written":    func() { momenttest.StoreOf[func()](srv, "claims").Put(nil) },
		"what cannot be read":       func() { momenttest.StoreOf[int](srv, "claims").All() },
		"metadata that is a number": func() { srv.SetMetadata("offers", "x", 1) },
		"options that are not good": func() { srv.Client(tid.WithBaseURL("x")) },
	} {
		assert.Panics(t, misuse, name)
	}
}

func TestFieldsAndEntitiesCanBeAdded(t *testing.T) {
	srv := company(t, momenttest.WithFields("projects", "budget"), momenttest.WithFields("customers", "orgNumber"), momenttest.WithFields("sites", "place", "area"))
	for _, step := range []struct{ method, path, body, want string }{
		{"PATCH", "/projects/1", `{"budget":12.5}`, `{"id":1,"name":"Tak","projectNumber":"1042","projectState":"inProgress","customerId":1}`},
		{"PATCH", "/customers/1", `{"orgNumber":"999"}`, `{"id":1,"name":"Kunde","customerNumber":"10001"}`},
		{"GET", "/projects/1/include/budget+customer.orgNumber", "", `{"id":1,"budget":12.5,"customerOrgNumber":"999"}`},
		{"POST", "/sites", `{"place":"Oslo"}`, `{"id":1,"place":"Oslo","area":null}`},
	} {
		_, answer := send(t, srv, step.method, step.path, step.body)
		assert.Equal(t, step.want, answer)
	}
	status, answer := send(t, srv, "POST", "/sites", `{"plac":"Oslo"}`)
	assert.Equal(t, 400, status)
	assert.Contains(t, answer, `there is no field \"plac\"`)
	status, _ = send(t, company(t), "GET", "/projects/1/include/budget", "")
	assert.Equal(t, 400, status, "of another server")
}

func TestTheDocumentedOffersListNeedsNoPreparation(t *testing.T) {
	srv := momenttest.NewServer(t, momenttest.InMemory())
	_, answer := send(t, srv, "GET", "/offers/include/base+currencyCode+metadata.overviewPage", "")
	assert.Equal(t, `{"content":[],"metadata":{"totalSumInCompanyCurrency":0}}`, answer)
}

func TestWebhooksAreSentToAHandler(t *testing.T) {
	srv := company(t)
	var got *moment.Webhook
	status := http.StatusNoContent
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hook, err := moment.ParseWebhook(r)
		assert.NoError(t, err)
		if got = hook; status != 0 {
			w.WriteHeader(status)
		}
	})
	assert.Equal(t, 204, srv.SendWebhook(handler, "CREATE_NEW", "invoices", 1))
	assert.Equal(t, "CREATE_NEW", got.Event)
	assert.Equal(t, "invoice", got.Kind)
	assert.JSONEq(t, `{"id":1,"invoiceNumber":1,"customer":{"id":1,"customerNumber":"10001"},"project":{"id":1,"projectNumber":"1042"}}`, string(got.Object))
	status = 0
	assert.Equal(t, 200, srv.SendWebhook(handler, "DELETE", "offers", 99))
	assert.Equal(t, `{"id":99}`, string(got.Object))
	for _, entity := range []string{"claims", "customers", "projects"} {
		srv.SendWebhook(handler, "UPDATE", entity, 1)
		assert.Equal(t, entity, got.Kind+"s")
	}
	assert.Panics(t, func() { srv.SendWebhook(handler, "UPDATE", "tasks", 1) })

	c := srv.Client()
	invoices := moment.WebhookHandler(c.Invoices, func(_ context.Context, _ *moment.Webhook, invoice *moment.Invoice, err error) error {
		assert.NoError(t, err)
		assert.EqualValues(t, 1, invoice.InvoiceNumber)
		return nil
	})
	assert.Equal(t, 204, srv.SendWebhook(invoices, "CREATE_NEW", "invoices", 1), "which asks this server")
}

func TestReportsAreThoseThatWereSet(t *testing.T) {
	srv := company(t, momenttest.WithLimit(1))
	status, _ := send(t, srv, "GET", "/timeRecords/getReport", "")
	assert.Equal(t, 404, status)
	srv.SetReport("timeRecords", "getReport", []any{1, "a"})
	_, answer := send(t, srv, "GET", "/timeRecords/getReport?noLimit=true&anything=7", "")
	assert.Equal(t, `{"content":[1,"a"]}`, answer)
	_, answer = send(t, srv, "GET", "/timeRecords/getReport", "")
	assert.Equal(t, `{"content":[1],"limitWasExceeded":true}`, answer)
	status, _ = send(t, srv, "POST", "/timeRecords/getReport", "{}")
	assert.Equal(t, 405, status)
	assert.Panics(t, func() { srv.SetReport("timeRecords", "getReport", 1) })
}

func TestAServerThatIsClosedIsNotReached(t *testing.T) {
	for _, opts := range [][]momenttest.Option{nil, {momenttest.InMemory()}} {
		srv := momenttest.Start(opts...)
		c := srv.Client(tid.WithRetries(0))
		srv.Close()
		srv.Close()
		_, err := c.Customers.Create(t.Context(), map[string]any{})
		var e *tid.Error
		require.ErrorAs(t, err, &e)
		assert.False(t, e.MayHaveExecuted)
	}
	assert.Nil(t, momenttest.NewServer(t).Transport())
}

func TestInMemoryACallEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	srv := momenttest.NewServer(t, momenttest.InMemory())
	_, err := srv.Client().Projects.List(ctx, nil)
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, srv.Requests())
}
