package tidtest_test

import (
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// words are valid values of the SDK's enums.
var words = map[string]string{
	"ArticleType": "allowance", "AttachmentProvider": "oneDrive", "ContactRelation": "supplier", "ContactType": "company",
	"InvoiceType": "fixedPrice", "LogType": "project_Updated", "OfferState": "acceptedSigned", "OpportunityState": "won",
	"ProjectCollectionType": "internal", "VacationRequestState": "denied", "Text": "3",
}

// twins are fields that repeat another one under another name, or that the API does not have.
var twins = map[string]bool{
	"Comment.Comment": true, "Comment.CreatedBy": true, "Tag.Name": true, "Member.UserID": true, "Member.UserName": true,
	"OpportunityStatus.Title": true, "OpportunityTag.Name": true, "TaskBoardColumn.TaskCount": true,
}

// fill sets everything in v.
func fill(t *testing.T, v reflect.Value) {
	switch value := v.Addr().Interface().(type) {
	case *tid.Date:
		*value = tid.NewDate(2026, 10, 5)
		return
	case *tid.DateTime:
		*value = tid.DateTimeOfWall(time.Date(2026, 10, 5, 14, 15, 16, 0, time.UTC))
		return
	case *tid.ClockTime:
		require.NoError(t, value.UnmarshalText([]byte("07:30")))
		return
	case *tid.Decimal:
		*value = tid.MustDecimal("12345.6789")
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.Name != "ObjectName" && f.Name != "Extra" && f.IsExported() && !twins[v.Type().Name()+"."+f.Name] {
				fill(t, v.Field(i))
			}
		}
		if id := v.FieldByName("ID"); strings.HasSuffix(v.Type().Name(), "Ref") {
			id.SetInt(43) // nothing refers to itself
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	case reflect.String:
		word := "text"
		if v.Type().Name() != "string" {
			word = words[v.Type().Name()]
			require.NotEmpty(t, word, "%s", v.Type())
		}
		v.SetString(word)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(41)
	case reflect.Float64:
		v.SetFloat(59.25)
	default:
		require.Fail(t, "a kind of field that is new here", "%s", v.Type())
	}
}

// forget empties every ObjectName in v, which the server sets.
func forget(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.Name == "ObjectName" {
				v.Field(i).SetZero()
			} else if f.IsExported() {
				forget(v.Field(i))
			}
		}
	case reflect.Pointer:
		if !v.IsNil() {
			forget(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			forget(v.Index(i))
		}
	}
}

func TestEveryFieldOfTheSDKComesBackFromItsStore(t *testing.T) {
	stores := 0
	for i := range reflect.TypeFor[tidtest.Server]().NumField() {
		srv := reflect.ValueOf(open(t).srv).Elem()
		store, name := srv.Field(i), srv.Type().Field(i).Name
		if strings.HasPrefix(store.Type().Name(), "NestedStore[") {
			srv.FieldByName("Projects").MethodByName("Put").Call([]reflect.Value{reflect.ValueOf(tid.Project{ProjectSummary: tid.ProjectSummary{ID: 41}})})
			srv.FieldByName("Tasks").MethodByName("Put").Call([]reflect.Value{reflect.ValueOf(tid.Task{ID: 41})})
			store = store.MethodByName("Of").Call([]reflect.Value{reflect.ValueOf(int64(41))})[0]
		}
		if store.Kind() != reflect.Pointer || !strings.HasPrefix(store.Type().Elem().Name(), "Store[") {
			continue
		}
		stores++
		t.Run(name, func(t *testing.T) {
			put := store.MethodByName("Put")
			want := reflect.New(put.Type().In(0)).Elem()
			fill(t, want)
			id := put.Call([]reflect.Value{want})[0]
			got := reflect.New(want.Type()).Elem()
			got.Set(store.MethodByName("Get").Call([]reflect.Value{id})[0])
			forget(got)
			assert.Equal(t, jsonOf(want.Interface()), jsonOf(got.Interface()))
		})
	}
	assert.Equal(t, 38, stores)
}

func TestStoresKeepWhatIsPutIntoThem(t *testing.T) {
	a := open(t)
	store := a.srv.Contacts
	first, second := store.Put(tid.Contact{ContactSummary: tid.ContactSummary{Name: "B"}}), store.Put(tid.Contact{ContactSummary: tid.ContactSummary{Name: "A"}})
	assert.Equal(t, first+1, second)
	low := store.Put(tid.Contact{ContactSummary: tid.ContactSummary{ID: 3, Name: "C"}})
	assert.Equal(t, int64(3), low)
	var names []string
	for _, c := range store.All() {
		names = append(names, c.Name)
	}
	assert.Equal(t, []string{"C", "B", "A"}, names, "in the order of the ids")
	assert.Equal(t, 3, store.Len())
	store.Put(tid.Contact{ContactSummary: tid.ContactSummary{ID: 3, Name: "D"}})
	assert.Equal(t, 3, store.Len())
	got, ok := store.Get(3)
	assert.True(t, ok)
	assert.Equal(t, "D", got.Name)
	assert.True(t, store.Delete(3))
	assert.False(t, store.Delete(3))
	_, ok = store.Get(3)
	assert.False(t, ok)
	assert.False(t, store.Update(3, func(*tid.Contact) {}))
}

func TestAStoresUpdateCountsAsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t)
		id := a.srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{Name: "x"}})
		before, _ := a.srv.Contacts.Get(id)
		time.Sleep(time.Hour)
		a.srv.Contacts.Update(id, func(c *tid.Contact) { c.Name = "y" })
		after, _ := a.srv.Contacts.Get(id)
		assert.Equal(t, before.Created, after.Created)
		assert.Equal(t, before.Updated.In(time.UTC).Add(time.Hour), after.Updated.In(time.UTC))
		stamp := tid.DateTimeOfWall(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
		a.srv.Contacts.Update(id, func(c *tid.Contact) { c.Updated = stamp })
		after, _ = a.srv.Contacts.Get(id)
		assert.Equal(t, stamp, after.Updated)
	})
}

func TestWhatTheAPIDoesNotHaveCannotBePut(t *testing.T) {
	a := open(t)
	for name, c := range map[string]struct{ path, object, says string }{
		"unknown property":   {"v1/Core/Contacts", `{"nickname":"x"}`, "nickname is not a property"},
		"hidden property":    {"v1/Core/Invoices", `{"economySystemInvoiceNumber":"x"}`, "economySystemInvoiceNumber is not a property"},
		"wrong kind":         {"v1/Core/Contacts", `{"name":7}`, "name must be a string, not the number 7"},
		"quoted number":      {"v1/Core/TimeReports", `{"hours":"7.5"}`, `hours must be a number, not the string "7.5"`},
		"unknown word":       {"v1/Core/Contacts", `{"contactType":"robot"}`, "contactType must be one of person, company"},
		"flat id":            {"v1/Core/Projects", `{"customer":5}`, "customer must be an object"},
		"reference":          {"v1/Core/Projects", `{"customer":{"id":5,"title":"x"}}`, "customer has no property title"},
		"reference to 0":     {"v1/Core/Projects", `{"customer":{"name":"x"}}`, "customer has no id"},
		"a day with a time":  {"v1/Core/Projects", `{"startDate":"2026-01-01 10:00:00"}`, "startDate is a day and has a time"},
		"too many digits":    {"v1/Core/TimeReports", `{"hours":12345678901234567890.5}`, "hours has more digits"},
		"two names, two":     {"v1/Core/Projects/5/Comments", `{"text":"a","comment":"b"}`, "says something else"},
		"no parent":          {"v1/Core/Projects/6/Comments", `{"text":"a"}`, "there is no core.project with the id 6"},
		"not JSON":           {"v1/Core/Contacts", `{`, "not valid JSON"},
		"not an object":      {"v1/Core/Contacts", `[]`, "must be an object"},
		"part of an object":  {"v1/Core/Contacts", `{"visitAddress":{"zip":"1"}}`, "visitAddress.zip is not a property"},
		"no such list":       {"v1/Core/Nothing", `{}`, "nothing is kept at"},
		"nothing is kept":    {"v1/Core/TimeReports/UserDayStatistics", `{}`, "nothing is kept at"},
		"not a path of many": {"v1/Core/Contacts/5", `{}`, "nothing is kept at"},
	} {
		a.srv.Projects.Put(tid.Project{ProjectSummary: tid.ProjectSummary{ID: 5}})
		t.Run(name, func(t *testing.T) {
			defer func() { assert.Contains(t, recover(), c.says) }()
			a.srv.PutJSON(c.path, c.object)
		})
	}
	assert.Equal(t, 0, a.srv.Contacts.Len())
}

func TestNamesOfReferencesFollowTheirTarget(t *testing.T) {
	a := open(t)
	id := a.srv.Projects.Put(tid.Project{ProjectSummary: tid.ProjectSummary{Customer: &tid.Ref{ID: 8, Name: "Gammalt"}, Category: &tid.CategoryRef{ID: 9, Name: "Tak", Color: "#111111"}}})
	project := func() tid.Project { p, _ := a.srv.Projects.Get(id); return p }
	assert.Equal(t, "Gammalt", project().Customer.Name, "known by reference only")
	a.srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{ID: 8, Name: "Nytt"}})
	assert.Equal(t, "Nytt", project().Customer.Name)
	category, ok := a.srv.Categories.Get(9)
	assert.True(t, ok, "what has no endpoint is made known by reference")
	assert.Equal(t, "#111111", category.Color)
	a.srv.Categories.Update(9, func(c *tid.CategoryRef) { c.Name = "Golv" })
	assert.Equal(t, "Golv", project().Category.Name)
	assert.Equal(t, "#111111", project().Category.Color)
}

func TestTheClientOfAServerWorks(t *testing.T) {
	for name, opts := range map[string][]tidtest.Option{"listening": nil, "in memory": {tidtest.InMemory()}} {
		t.Run(name, func(t *testing.T) {
			srv := tidtest.NewServer(t, opts...)
			c := srv.Client()
			got, err := c.Contacts.Create(t.Context(), &tid.ContactInput{ContactType: tid.ContactPerson, Name: "x"})
			require.NoError(t, err)
			kept, ok := srv.Contacts.Get(got.ID)
			assert.True(t, ok)
			assert.Equal(t, "x", kept.Name)
			assert.Equal(t, 1, srv.TokensIssued())
		})
	}
	assert.Panics(t, func() { tidtest.NewServer(t).Client(tid.WithMaxWait(-1)) })
}

func TestTimeCalculationsAndDownloadsCanBeSet(t *testing.T) {
	a := open(t)
	furnish(a)
	got := a.get("/v1/Core/Projects/5/TimeCalculation").object(t)
	assert.Equal(t, 0.0, got["total"])
	assert.Equal(t, true, got["isTotal"])
	a.srv.SetTimeCalculation(5, tid.TimeCalculation{Total: tid.MustDecimal("120.5"), IsByActivity: true})
	got = a.get("/v1/Core/Projects/5/TimeCalculation").object(t)
	assert.Equal(t, 120.5, got["total"])
	assert.Equal(t, true, got["isByActivity"])

	id := a.srv.Offers.Put(tid.Offer{Title: "x"})
	path := "v1/Core/Offers/" + jsonOf(id) + "/Download"
	a.srv.SetDownload(path, "../offert å.pdf", "application/x-test", []byte("abc"))
	file := a.get("/" + path)
	assert.Equal(t, "abc", file.text)
	assert.Equal(t, "application/x-test", file.header.Get("Content-Type"))
	assert.Equal(t, "attachment; filename*=utf-8''..%2Foffert%20%C3%A5.pdf", file.header.Get("Content-Disposition"))
	assert.Panics(t, func() { a.srv.SetDownload("v1/Core/Offers/7", "", "", nil) })
}

func TestWhatIsWrittenAsideCanBeLookedAt(t *testing.T) {
	a := open(t)
	furnish(a)
	id := int64(a.post("/v1/Core/TimeReports", `{"userId":5,"date":"2026-03-02 00:00:00","projectId":5,"travelReport":{"distance":12.5,"companyCar":{"id":3}}}`).object(t)["id"].(float64))
	report, _ := a.srv.TimeReports.Get(id)
	journey, ok := a.srv.TravelReports.Get(report.TravelReportID)
	assert.True(t, ok)
	assert.True(t, journey.Distance.Equal(tid.MustDecimal("12.5")))
	assert.Equal(t, int64(3), journey.CompanyCar.ID)

	invoice := a.srv.Invoices.Put(tid.Invoice{})
	assert.Empty(t, a.srv.EconomySystemInvoiceNumber(invoice))
	a.do("PATCH", "/v1/Core/Invoices/"+jsonOf(invoice)+"/SetSentToEconomySystem?date=2026-01-01&economySystemInvoiceNumber=F%2F1", "")
	assert.Equal(t, "F/1", a.srv.EconomySystemInvoiceNumber(invoice))
	a.srv.Invoices.Update(invoice, func(i *tid.Invoice) { i.Sum = tid.MustDecimal("1") })
	assert.Equal(t, "F/1", a.srv.EconomySystemInvoiceNumber(invoice), "an edit does not lose it")

	a.post("/v1/Core/SupplierInvoices/Unhandled", `{"invoiceNumber":"L1","totalAmount":10.25}`)
	assert.Equal(t, "L1", a.srv.UnhandledSupplierInvoices.All()[0].InvoiceNumber)
	assert.Empty(t, a.list("/v1/Core/SupplierInvoices").items(t, "id"))
}
