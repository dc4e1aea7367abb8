package conformance

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestFindPrefersLiteralPaths(t *testing.T) {
	spec := load(t)
	for _, c := range []struct{ method, path, id, value string }{
		{"GET", "/v1/Core/Projects/NextProjectNumber", "Projects.NextNumber", ""},
		{"GET", "/v1/Core/Projects/4711", "Projects.Get", "4711"},
		{"PUT", "/v1/Core/Projects/4711", "Projects.Update", "4711"},
		{"GET", "/v1/Core/TimeReports/UserDayStatistics", "TimeReports.UserDayStatistics", ""},
		{"GET", "/v1/Admin/BookingProjects/ByBookingNumber/B%2F2026%2014", "BookingProjects.GetByNumber", "B/2026 14"},
		{"GET", "/v1/Admin/BookingProjects/ByBookingNumber/B/2026", "", ""},
		{"GET", "/v1/core/projects", "", ""},
		{"DELETE", "/v1/Core/Projects/4711", "", ""},
	} {
		o, values := spec.Find(c.method, c.path)
		if o == nil {
			o = &Operation{}
		}
		if o.ID != c.id {
			t.Errorf("%s %s is %q, not %q", c.method, c.path, o.ID, c.id)
		}
		for name, value := range values {
			if value != c.value {
				t.Errorf("%s %s: %s is %q, not %q", c.method, c.path, name, value, c.value)
			}
		}
	}
}

func TestCheckRequest(t *testing.T) {
	const (
		contacts = "GET /v1/Core/Contacts?page=1&pageSize=100"
		reports  = "GET /v1/Core/TimeReports?page=1&pageSize=100"
		newTime  = "POST /v1/Core/TimeReports"
		sent     = "PATCH /v1/Core/Invoices/7/SetSentToEconomySystem"
	)
	spec := load(t)
	for _, c := range []struct {
		request string
		body    string
		want    []string // the beginnings of the violations
	}{
		// what is right
		{contacts, "", nil},
		{contacts + "&filter.contactType=company&filter.relations=customer,supplier&sortBy=name&sortOrder=descending", "", nil},
		{reports + "&filter.from=2026-10-01&filter.userIds=5,21,46&filter.isAttested=false", "", nil},
		{"GET /v1/Core/Planning/HasResourcePlanning/Users?page=1&pageSize=100&fromDate=2026-10-01", "", nil},
		{sent + "?date=2026-10-01&economySystemInvoiceNumber=F%201", "", nil},
		{sent + "?date=2026-10-01", "", nil},
		{"GET /v1/Core/Contacts", "", nil},
		{reports + "&filter.from=2026-10-01%2014:00:00", "", nil},
		{newTime, `{"userId":1,"date":"2026-10-01","projectId":2}`, nil},
		{newTime, `{"userId":1,"date":"2026-10-01T00:00:00+00:00","projectId":2}`, nil},
		{"POST /v1/Core/Projects/7/Comments", `{"text":"x"}`, nil},
		{"POST /v1/Core/Projects/7/Comments", `{"comment":"x"}`, nil},
		{newTime, `{"userId":1,"date":"2026-10-01 00:00:00","projectId":2,"hours":7.33,"clockStart":"07:30"}`, nil},
		{"POST /v1/Core/Projects", `{"title":"Tak","startDate":null}`, nil},
		{"PUT /v1/Core/Projects/7", `{"id":7,"title":"Tak"}`, nil},
		{"POST /v1/Core/Contacts", `{"contactType":"person","name":"A","visitAddress":{"city":"Norrvik"}}`, nil},
		{"POST /v1/Admin/Articles/Time", `{"name":"` + strings.Repeat("å", 200) + `","price":1249.55}`, nil},

		// paths
		{"GET /v1/Core/Nothing", "", []string{"path: GET /v1/Core/Nothing is not described"}},
		{"GET /v1/Core/Contacts/x", "", []string{"path id: got string, want integer"}},

		// queries
		{contacts + "&filter.contacttype=person", "", []string{"query filter.contacttype: not described"}},
		{contacts + "&contactType=person", "", []string{"query contactType: not described"}},
		{contacts + "&filter.contactType=Person", "", []string{"query filter.contactType: value must be one of 'person', 'company'"}},
		{contacts + "&filter.relations=customer,foe", "", []string{"query filter.relations /1: value must be one of"}},
		{contacts + "&sortBy=id", "", []string{"query sortBy: value must be one of"}},
		{contacts + "&page=2", "", []string{"query page: given more than once"}},
		{"GET /v1/Core/Contacts?page=0&pageSize=101", "", []string{"query page: minimum: got 0, want 1", "query pageSize: maximum: got 101, want 100"}},
		{reports + "&filter.userIds=5,x", "", []string{"query filter.userIds /1: got string, want integer"}},
		{reports + "&filter.userIds=5&filter.userIds=6", "", []string{"query filter.userIds: given more than once"}},
		{reports + "&filter.isAttested=1", "", []string{"query filter.isAttested: got string, want boolean"}},
		{reports + "&filter.from=2026-10-01T00:00:00", "", []string{"query filter.from: "}},
		{reports + "&filter.from=2026-02-30", "", []string{"query filter.from: "}},
		{reports + "&filter.from=2028-02-29&filter.to=2026-02-29", "", []string{"query filter.to: "}},
		{sent + "?date=2026-02-30", "", []string{"query date: '2026-02-30' is not valid date"}},
		{sent + "?date=2026-10-01%2014:00:00", "", []string{"query date: "}},
		{"GET /v1/Core/Planning/HasResourcePlanning/Users?page=1&pageSize=100&filter.fromDate=2026-10-01", "", []string{"query filter.fromDate: not described"}},
		{sent + "?economySystemInvoiceNumber=F", "", []string{"query date: missing"}},

		// bodies
		{contacts, "{}", []string{"body: none is described"}},
		{newTime, "", []string{"body: missing"}},
		{newTime, "{", []string{"body: "}},
		{newTime, `{"userId":1,"date":"2026-10-01 00:00:00"}`, []string{"body: "}},
		{newTime, `{"userId":1,"date":"2026-10-01 00:00:00","projectId":2,"absenceProjectId":3}`, []string{"body: 'oneOf' failed"}},
		{newTime, `{"userId":1,"date":"2026-11-31 00:00:00","projectId":2}`, []string{"body /date: '2026-11-31 00:00:00' does not match pattern"}},
		{newTime, `{"userId":1,"date":"2026-09-30 22:00:00","projectId":2}`, []string{"body /date: "}},
		{newTime, `{"userId":1,"date":"2026-10-01 00:00:00","projectId":2,"hours":"7.5"}`, []string{"body /hours: got string, want number"}},
		{newTime, `{"userId":1,"date":"2026-10-01 00:00:00","projectId":2,"coment":"x"}`, []string{"body: additional properties 'coment' not allowed"}},
		{newTime, `{"userId":1,"date":"2026-10-01 00:00:00","projectId":2,"travelReport":{"companyCar":{"km":1}}}`, []string{"body /travelReport"}},
		{"POST /v1/Core/Contacts", `{"contactType":"Person","name":"A"}`, []string{"body /contactType: value must be one of"}},
		{"POST /v1/Core/Contacts", `{"contactType":"person","name":"A","visitAddress":{"town":"Norrvik"}}`, []string{"body /visitAddress"}},
		{"POST /v1/Core/Projects", `{"id":7,"title":"Tak"}`, []string{"body: "}},
		{"PUT /v1/Core/Projects/7", `{"title":"Tak"}`, []string{"body: missing property 'id'"}},
		{"POST /v1/Core/Projects/7/Comments", `{}`, []string{"body: missing property 'text'"}},
		{"POST /v1/Admin/Articles/Time", `{"name":"` + strings.Repeat("å", 201) + `","price":"1"}`, []string{"body /name: maxLength", "body /price: got string, want number"}},
	} {
		method, target, _ := strings.Cut(c.request, " ")
		r := httptest.NewRequest(method, target, nil)
		r.Header.Set("Authorization", "Bearer token")
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
		_, got := spec.CheckRequest(r, []byte(c.body))
		same(t, c.request+" "+c.body, got, c.want)
	}
}

func TestCheckRequestHeaders(t *testing.T) {
	spec := load(t)
	for _, c := range []struct {
		request, authorization, contentType, body string
		want                                      []string
	}{
		{"POST /v1/Auth/Token", "Basic aTpz", "", "", nil},
		{"POST /v1/Auth/Token", "Bearer token", "", "", []string{`header Authorization: the scheme is "Bearer", not "basic"`}},
		{"GET /v1/Core/Contacts/1", "", "", "", []string{`header Authorization: the scheme is "", not "bearer"`}},
		{"POST /v1/Core/Tasks", "Bearer token", "text/plain", `{"title":"x"}`, []string{`header Content-Type: "text/plain" is not described`}},
	} {
		method, target, _ := strings.Cut(c.request, " ")
		r := httptest.NewRequest(method, target, nil)
		r.Header.Set("Authorization", c.authorization)
		r.Header.Set("Content-Type", c.contentType)
		_, got := spec.CheckRequest(r, []byte(c.body))
		same(t, c.request, got, c.want)
	}
}

func TestCheckResponse(t *testing.T) {
	const tag = `{"id":1,"title":"x","color":"#fff","unknown":{}}`
	spec := load(t)
	for _, c := range []struct {
		id, contentType string
		status          int
		body            string
		want            []string
	}{
		{"Contacts.Get", "application/json; charset=utf-8", 200, `{"id":1,"contactType":"Person","created":"2026-10-01T08:30:00+02:00","responsible":null,"tags":[` + tag + `],"new":1}`, nil},
		{"Contacts.Get", "application/json", 200, `{"id":1,"created":"2028-02-29 08:30:00","updated":"2026-02-29 08:30:00"}`, []string{"body /updated: "}},
		{"Contacts.Get", "application/json", 200, `{"id":0}`, []string{"body /id: minimum: got 0, want 1"}},
		{"Contacts.Get", "application/json", 200, `{}`, []string{"body: missing property 'id'"}},
		{"Contacts.Get", "application/json", 200, `{"id":"1","created":"yesterday"}`, []string{"body /created", "body /id: got string, want integer"}},
		{"Contacts.Get", "application/json", 200, ``, []string{"body: missing"}},
		{"Contacts.Get", "text/html", 200, `<p>`, []string{`header Content-Type: "text/html" is not described`}},
		{"Contacts.Get", "application/json", 302, ``, []string{"status: 302 is not described"}},
		{"Contacts.Get", "text/html", 502, `<p>`, nil},
		{"Contacts.Get", "", 503, ``, nil},
		{"Contacts.Get", "application/json", 429, `{"waitInSeconds":1}`, nil},
		{"Contacts.Get", "application/json", 400, `"bad"`, nil},
		{"Contacts.Get", "application/json", 429, `{"waitInSeconds":-1}`, []string{"body"}},
		{"Contacts.List", "application/json", 200, `{"page":1,"totalPages":0,"items":[{"id":1}]}`, nil},
		{"Contacts.List", "application/json", 200, `{"page":1,"items":[{}]}`, []string{"body /items/0: missing property 'id'"}},
		{"Contacts.Update", "", 200, ``, nil},
		{"Contacts.Update", "", 204, ``, nil},
		{"Contacts.Delete", "", 200, ``, nil},
		{"Contacts.Delete", "application/json", 200, `{}`, []string{"body: none is described"}},
		{"Users.Get", "application/json", 200, `{}`, nil},
		{"Users.Get", "application/json", 200, `{"id":1,"salaryType":"x","tags":["a",{"id":2}],"costPerHour":"12.50"}`, nil},
		{"Users.Get", "application/json", 200, `{"firstName":"x"}`, []string{"body"}},
		{"Projects.NextNumber", "application/json", 200, `"2026-15"`, nil},
		{"Projects.NextNumber", "application/json", 200, `{"nextProjectNumber":15}`, nil},
		{"Offers.Download", "application/pdf", 200, `%PDF`, nil},
		{"Offers.Download", "application/json", 200, `{}`, []string{`header Content-Type: "application/json" is not described`}},
		{"Tasks.Attachments.Download", "image/png", 200, `x`, nil},
	} {
		got := spec.Operation(c.id).CheckResponse(c.status, http.Header{"Content-Type": {c.contentType}}, []byte(c.body))
		same(t, c.id+" "+c.body, got, c.want)
	}
}

// same fails unless there is a violation for each beginning that is wanted,
// and none if none is.
func same(t *testing.T, what string, got []Violation, want []string) {
	t.Helper()
	if len(want) == 0 && len(got) > 0 {
		t.Errorf("%s: got %q", what, got)
	}
	for _, w := range want {
		if !slices.ContainsFunc(got, func(v Violation) bool { return strings.HasPrefix(v.String(), w) }) {
			t.Errorf("%s: want %q, got %q", what, w, got)
		}
	}
}
