package tidtest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

const (
	listContacts = "GET /v1/Core/Contacts"
	getContact   = "GET /v1/Core/Contacts/{id}"
)

// acme is a contact in an account whose API drifts.
func acme(t *testing.T, drifts ...tidtest.Drift) (a *api, path string) {
	t.Helper()
	a = open(t, tidtest.WithDrift(drifts...))
	a.srv.PutJSON(contactsPath, `{"id":7,"contactType":"company","name":"Acme","customerNumber":"12","tags":[{"id":3,"title":"A"},{"id":4,"title":"B"}],"postalAddress":{"city":"X"}}`)
	return a, "/v1/Core/Contacts/7"
}

// row is the first row of the contacts.
func (a *api) row() map[string]any {
	a.t.Helper()
	return a.list("/" + contactsPath).object(a.t)["items"].([]any)[0].(map[string]any)
}

func TestAMovedOperationAnswersAtItsNewPathOnly(t *testing.T) {
	a, path := acme(t, tidtest.Drift{Operation: getContact, Moved: "/v2/Contact/{id}/Show"})
	assert.Equal(t, http.StatusNotFound, a.get(path).status)
	assert.Equal(t, "Acme", a.get("/v2/contact/7/show").object(t)["name"], "paths are compared without case")
	assert.Equal(t, http.StatusOK, a.delete(path).status, "the other methods of its path have not moved")

	log := a.srv.Requests()
	require.Len(t, log, 3)
	assert.Equal(t, []string{"", getContact, "DELETE /v1/Core/Contacts/{id}"}, []string{log[0].Operation, log[1].Operation, log[2].Operation})
	assert.Equal(t, "/v2/contact/7/show", log[1].Path, "the log has what came")
}

func TestWithPathMendsAMovedPath(t *testing.T) {
	a, _ := acme(t, tidtest.Drift{Operation: getContact, Moved: "v2/Contact/{id}"})
	_, err := a.srv.Client().Contacts.Get(t.Context(), 7)
	require.ErrorIs(t, err, tid.ErrNotFound)
	got, err := a.srv.Client(tid.WithPath(getContact, "/v2/Contact/{id}")).Contacts.Get(t.Context(), 7)
	require.NoError(t, err)
	assert.Equal(t, "Acme", got.Name)
}

func TestOperationsCanChangePlaces(t *testing.T) {
	a, _ := acme(t,
		tidtest.Drift{Operation: listContacts, Moved: "v1/Core/Projects"},
		tidtest.Drift{Operation: "GET /v1/Core/Projects", Moved: "v1/Core/Contacts"},
	)
	assert.Equal(t, []any{"Acme"}, a.list("/v1/Core/Projects").items(t, "name"))
	assert.Empty(t, a.list("/v1/Core/Contacts").items(t, "name"))
}

func TestAFaultFindsAMovedOperation(t *testing.T) {
	a, _ := acme(t, tidtest.Drift{Operation: getContact, Moved: "v2/Contact/{id}"})
	a.srv.Inject(tidtest.Fault{Operation: getContact, Effect: tidtest.Answer(503, "")})
	assert.Equal(t, 503, a.get("/v2/Contact/7").status)
}

func TestPropertiesOfAListDrift(t *testing.T) {
	a, path := acme(t, tidtest.Drift{
		Operation: listContacts,
		Renamed:   map[string]string{"items.customerNumber": "number", "totalPages": "pages"},
		Missing:   []string{"items.email", "items.postalAddress.city"},
		Added:     map[string]string{"items.creditLimit": "5000.00", "items.tags.weight": "1e2", "nextPage": "null"},
		Retyped:   map[string]string{"items.isActive": "string", "items.tags.id": "string"},
	})
	row := a.row()
	assert.Equal(t, "12", row["number"])
	assert.NotContains(t, row, "customerNumber")
	assert.NotContains(t, row, "email")
	assert.NotContains(t, row["postalAddress"], "city")
	assert.Contains(t, row["postalAddress"], "postalCode")
	assert.Equal(t, "false", row["isActive"])
	assert.Equal(t, "4", row["tags"].([]any)[1].(map[string]any)["id"])

	list := a.list("/" + contactsPath)
	assert.Contains(t, list.text, `"creditLimit":5000.00}`, "numbers as they are written, and what is new at the end")
	assert.Contains(t, list.text, `"weight":1e2}`)
	assert.Contains(t, list.text, `"pages":1,"items":[`, "in the same place")
	assert.Contains(t, list.text, `"nextPage":null}`)
	assert.Equal(t, "12", a.get(path).object(t)["customerNumber"], "the detail is another operation")
	assert.Contains(t, a.srv.GetJSON("v1/Core/Contacts/7"), `"customerNumber":"12"`, "the account has not changed")
}

func TestPropertiesOfADetailAndOfTheAnswerToAWriteDrift(t *testing.T) {
	a, path := acme(t,
		tidtest.Drift{Operation: getContact, Renamed: map[string]string{"name": "Name"}, Missing: []string{"postalAddress"}},
		tidtest.Drift{Operation: "PUT /v1/Core/Contacts/{id}", Retyped: map[string]string{"id": "string"}},
	)
	got := a.get(path).object(t)
	assert.Equal(t, "Acme", got["Name"])
	assert.NotContains(t, got, "name")
	assert.NotContains(t, got, "postalAddress")
	assert.Equal(t, "7", a.put(path, `{"contactType":"company","name":"Acme"}`).object(t)["id"])
}

func TestEveryTypeCanBecomeEveryOther(t *testing.T) {
	for from, kinds := range map[string]map[string]string{
		"id":             {"string": `"7"`, "boolean": `true`, "array": `[7]`, "object": `{"value":7}`, "null": `null`},
		"customerNumber": {"number": `12`, "boolean": `true`, "array": `["12"]`, "object": `{"value":"12"}`, "null": `null`},
		"name":           {"number": `0`},
		"isActive":       {"number": `0`, "string": `"false"`, "array": `[false]`},
		"tags":           {"number": `2`, "boolean": `true`, "object": `{"value":[`, "null": `null`},
		"company":        {"number": `null`},
		"postalAddress":  {"number": `0`, "array": `[{"`, "string": `"{\"objectName`},
		"tags.title":     {"null": `null`},
	} {
		for to, want := range kinds {
			a, path := acme(t, tidtest.Drift{Operation: getContact, Retyped: map[string]string{from: to}})
			got := a.get(path)
			require.True(t, json.Valid([]byte(got.text)), got.text)
			name := from[strings.LastIndex(from, ".")+1:]
			assert.Contains(t, got.text, `"`+name+`":`+want, "%s to %s", from, to)
		}
	}
}

func TestAReferenceCanBecomeItsID(t *testing.T) {
	a, _ := acme(t, tidtest.Drift{Operation: listContacts, Retyped: map[string]string{"items.company": "number"}})
	a.srv.PutJSON(contactsPath, `{"id":6,"contactType":"person","name":"P","company":{"id":7}}`)
	assert.EqualValues(t, 7, a.row()["company"])
}

func TestADeafFilterAndADeafSortKeyAreIgnored(t *testing.T) {
	a := open(t, tidtest.WithDrift(tidtest.Drift{Operation: listContacts, DeafFilters: []string{"filter.query"}, DeafSorts: []string{"name"}}))
	for _, contact := range []string{
		`{"contactType":"company","name":"B","customerNumber":"1"}`, `{"contactType":"company","name":"A","customerNumber":"2"}`,
		`{"contactType":"person","name":"C","customerNumber":"0"}`,
	} {
		a.srv.PutJSON(contactsPath, contact)
	}
	names := func(query ...string) []any { return a.list("/"+contactsPath, query...).items(t, "name") }
	assert.Equal(t, []any{"B", "A", "C"}, names("FILTER.query=A", "sortBy=NAME"))
	assert.Equal(t, []any{"C", "A", "B"}, names("sortBy=name&sortOrder=descending"), "the order of the ids is turned round")
	assert.Equal(t, []any{"C", "B", "A"}, names("sortBy=customerNumber"), "the other keys are heard")
	assert.Equal(t, []any{"B", "A"}, names("filter.contactType=company"), "and the other filters")
	assert.Equal(t, "A", a.srv.Requests()[0].Query.Get("FILTER.query"), "the log has what came")
}

func TestErrorsAndFilesDoNotDrift(t *testing.T) {
	a, _ := acme(t, tidtest.Drift{Operation: getContact, Added: map[string]string{"message2": "1"}})
	got := a.get("/v1/Core/Contacts/8")
	assert.Equal(t, 404, got.status)
	assert.NotContains(t, got.text, "message2")
}

func TestAFaultCutsWhatHasDrifted(t *testing.T) {
	a, path := acme(t, tidtest.Drift{Operation: getContact, Renamed: map[string]string{"objectName": "o"}})
	a.srv.Inject(tidtest.Fault{Effect: tidtest.CutBody(10)})
	got, err := a.send(a.request("GET", path, ""))
	require.Error(t, err)
	assert.Equal(t, `{"o":"core`, got.text)
}

func TestSetDriftReplacesWhatWasSet(t *testing.T) {
	a, path := acme(t, tidtest.Drift{Operation: getContact, Missing: []string{"name"}})
	a.srv.SetDrift(tidtest.Drift{Operation: getContact, Missing: []string{"email"}})
	assert.Contains(t, a.get(path).object(t), "name")
	a.srv.SetDrift()
	assert.Contains(t, a.get(path).object(t), "email")
}

func TestSeveralDriftsOfOneOperationAddUp(t *testing.T) {
	a, path := acme(t,
		tidtest.Drift{Operation: getContact, Missing: []string{"name"}},
		tidtest.Drift{Operation: getContact, Retyped: map[string]string{"id": "string"}},
		tidtest.Drift{Operation: getContact, Renamed: map[string]string{"id": "key"}},
	)
	got := a.get(path).object(t)
	assert.Equal(t, "7", got["key"])
	assert.NotContains(t, got, "name")
}

func TestEveryAnswerHasThePropertiesThatCanDrift(t *testing.T) {
	c := tidtest.Sample(1, 3)
	a := open(t, tidtest.WithCompany(c), tidtest.WithDrift(
		tidtest.Drift{Operation: "POST /v1/Auth/Token", Renamed: map[string]string{"accessToken": "token"}},
		tidtest.Drift{Operation: "GET /v1/Core/Projects/NextProjectNumber", Retyped: map[string]string{"number": "number"}},
		tidtest.Drift{Operation: "GET /v1/Core/Projects/{id}/TimeCalculation", Missing: []string{"isTotal"}},
		tidtest.Drift{Operation: "POST /v1/Admin/Articles/Time", Missing: []string{"price"}},
	))
	assert.Contains(t, a.exchange(a.srv.AppID+":"+a.srv.AppSecret).object(t), "token")
	assert.IsType(t, 0.0, a.get("/v1/Core/Projects/NextProjectNumber").object(t)["number"])
	assert.NotContains(t, a.get("/v1/Core/Projects/"+jsonOf(c.Projects[0].ID)+"/TimeCalculation").object(t), "isTotal")
	assert.NotContains(t, a.post("/v1/Admin/Articles/Time", `{"name":"A"}`).object(t), "price")
}

func TestAClientMeetsDriftAsItWouldMeetItInTheAPI(t *testing.T) {
	a, _ := acme(t, tidtest.Drift{Operation: listContacts, Retyped: map[string]string{"items.customerNumber": "object"}})
	_, err := a.srv.Client().Contacts.List(context.Background(), nil)
	require.ErrorContains(t, err, "items.customerNumber")
	a.srv.SetDrift(tidtest.Drift{Operation: listContacts, Added: map[string]string{"items.new": `{"a":1}`}, Missing: []string{"items.customerNumber"}})
	page, err := a.srv.Client().Contacts.List(context.Background(), nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"Acme", ""}, []string{page.Items[0].Name, page.Items[0].CustomerNumber})
}

func TestDriftsThatCannotBeAreAPanic(t *testing.T) {
	a := open(t)
	renamed := func(from, to string) map[string]string { return map[string]string{from: to} }
	for says, drifts := range map[string][]tidtest.Drift{
		"a drift of no operation GET /v1/Core/Contact": {{Operation: "GET /v1/Core/Contact"}},
		"the same placeholders in the same order":      {{Operation: getContact, Moved: "/v1/Core/Contact"}},
		"x?y: that is not a path":                      {{Operation: listContacts, Moved: "x?y"}},
		"x//y: that is not a path":                     {{Operation: listContacts, Moved: "x//y"}},
		"two operations at one path: GET /v1/Core/":    {{Operation: listContacts, Moved: "/v1/core/projects"}},
		"two paths for GET /v1/Core/Contacts":          {{Operation: listContacts, Moved: "a"}, {Operation: listContacts, Moved: "b"}},
		"no property name":                             {{Operation: listContacts, Missing: []string{"name"}}},
		"no property items.contactPersons":             {{Operation: listContacts, Missing: []string{"items.contactPersons"}}},
		"no property company.city":                     {{Operation: getContact, Renamed: renamed("company.city", "x")}},
		"no property id":                               {{Operation: "DELETE /v1/Core/Contacts/{id}", Missing: []string{"id"}}},
		"have a property email":                        {{Operation: getContact, Renamed: renamed("name", "email")}},
		"have a property items.name":                   {{Operation: listContacts, Added: renamed("items.Name", "1")}},
		"a.b is no name":                               {{Operation: getContact, Renamed: renamed("name", "a.b")}},
		"x is there twice":                             {{Operation: getContact, Renamed: renamed("name", "x"), Added: renamed("x", "1")}},
		"name is renamed twice":                        {{Operation: getContact, Renamed: renamed("name", "x")}, {Operation: getContact, Renamed: renamed("name", "y")}},
		"no place for name.x":                          {{Operation: getContact, Added: renamed("name.x", "1")}},
		"the value of x is not valid JSON":             {{Operation: getContact, Added: renamed("x", "01")}},
		"float is no type of JSON":                     {{Operation: getContact, Retyped: renamed("name", "float")}},
		"name is of that type: string":                 {{Operation: getContact, Retyped: renamed("name", "string")}},
		"company is missing and yet changed":           {{Operation: getContact, Missing: []string{"company"}, Renamed: renamed("company.name", "x")}},
		"no filter query":                              {{Operation: listContacts, DeafFilters: []string{"query"}}},
		"no filter filter.query":                       {{Operation: getContact, DeafFilters: []string{"filter.query"}}},
		"the filter filter.from is required":           {{Operation: "GET /v1/Core/TimeReports/UserDayStatistics", DeafFilters: []string{"filter.from"}}},
		"no sort key email":                            {{Operation: listContacts, DeafSorts: []string{"email"}}},
	} {
		func() {
			defer func() { assert.Contains(t, recover(), says) }()
			a.srv.SetDrift(drifts...)
		}()
	}
}
