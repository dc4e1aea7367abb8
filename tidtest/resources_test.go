package tidtest_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// furnish puts one object of everything that others refer to into the account, each with the id 5.
func furnish(a *api) {
	for path, object := range map[string]string{
		"v1/Admin/Users":               `{"id":5,"firstName":"Test","lastName":"Testsson","employeeNumber":"5"}`,
		"v1/Admin/AbsenceProjects":     `{"id":5,"name":"Sjuk","isActive":true}`,
		"v1/Admin/InternalProjects":    `{"id":5,"name":"Möte","isActive":true,"commentRequiredWhenTimeReporting":true}`,
		"v1/Admin/Activities":          `{"id":5,"name":"Arbete","isActive":true}`,
		"v1/Admin/Articles":            `{"id":5,"name":"Timme","articleNumber":"T5","articleType":"time","price":650.50}`,
		"v1/Admin/BookingProjects":     `{"id":5,"name":"Bokning","bookingNumber":"B/5"}`,
		"v1/Admin/ProjectStatuses":     `{"id":5,"name":"Pågår","color":"#00aa00"}`,
		"v1/Admin/Timecodes":           `{"id":5,"name":"Normal","code":"N"}`,
		"v1/Admin/OpportunityStatuses": `{"id":5,"name":"Ny","color":"#0000aa"}`,
		"v1/Admin/OpportunityTags":     `{"id":5,"title":"Stor","color":"#0000aa"}`,
		"v1/Core/Contacts":             `{"id":5,"name":"Bygg & Co","contactType":"company"}`,
		"v1/Core/ProjectCollections":   `{"id":5,"name":"Alla","number":"A"}`,
		"v1/Core/Projects":             `{"id":5,"title":"Tak","orderNumber":"1001"}`,
		"v1/Core/TaskBoards":           `{"id":5,"name":"Tavla","columns":[{"id":5,"name":"Att göra"}]}`,
		"v1/Core/Tasks":                `{"id":5,"title":"Ring","project":{"id":5}}`,
		"v1/Core/Opportunities":        `{"id":5,"title":"Chans"}`,
	} {
		a.srv.PutJSON(path, object)
	}
	a.srv.Tags.Put(tid.Tag{ID: 5, Title: "VIP", Color: "#ff0000"})
	a.srv.Categories.Put(tid.CategoryRef{ID: 5, Name: "Tak", Color: "#ffffff"})
	a.srv.CostCenters.Put(tid.CostCenterRef{ID: 5, Name: "Nord", Code: "N1"})
	a.srv.Units.Put(tid.Ref{ID: 5, Name: "st"})
}

const theRef = `"id":5,"name":`

// Each write body in full, and what the answer makes of it.
var writes = []struct {
	list   string
	body   string
	parts  []string // of the answer
	only   string   // the least that is accepted
	update bool
}{
	{
		"/v1/Core/Contacts",
		`{"contactType":"company","name":"Ny","customerNumber":"K1","organizationalOrSocialSecurityNumber":"000000-0000","email":"a@example.com",
		"invoiceEmail":"b@example.com","phoneNumber":"1","cellPhoneNumber":"2","parentCompanyId":5,"responsibleId":5,"tagIds":[5],"isActive":true,
		"importantInformation":"!","relations":["customer","partner"],"website":"https://example.com","vatNumber":"SE0",
		"visitAddress":{"streetAddress":"Gatan 1","additionalAddress":"c/o","postalCode":"1","city":"Staden","state":"S","countryId":1,"countryName":"Sverige"}}`,
		[]string{
			`"contactType":"company","name":"Ny","customerNumber":"K1"`, `"parentCompany":{"objectName":"core.contact","id":5,"name":"Bygg & Co"}`,
			`"responsible":{"objectName":"admin.user","id":5,"name":"Test Testsson"}`, `"tags":[{"objectName":"core.tag","id":5,"title":"VIP","color":"#ff0000"}]`,
			`"relations":["customer","partner"]`, `"visitAddress":{"objectName":"core.address","streetAddress":"Gatan 1"`, `"invoiceAddress":{"objectName":"core.address","streetAddress":"","additionalAddress":"","postalCode":"","city":"","state":"","countryId":0,"countryName":""}`, `"contactPersons":[]`,
		},
		`{"contactType":"person","name":"Ny"}`, true,
	},
	{
		"/v1/Core/Projects",
		`{"title":"Nytt","projectCollectionId":5,"startDate":"2026-03-01 00:00:00","endDate":"2026-04-01 00:00:00","tagIds":[5],"contactId":5,
		"responsibleId":5,"salesResponsibleId":5,"description":"D","statusId":5,"readyForInvoice":true,"costCenterId":5,"categoryId":5,"invoiceText":"I",
		"yourReference":"Y","ourReference":"O","customerReferenceMarking":"M","allIsMember":true,
		"workSiteAddress":{"streetAddress":"Gatan 1","postalCode":"1","city":"Staden","longitude":17.5,"latitude":59.25}}`,
		[]string{
			`"orderNumber":"1001"`, `"customer":{"objectName":"core.contact",` + theRef + `"Bygg & Co"}`, `"status":{"objectName":"admin.projectStatus",` + theRef + `"Pågår","isCompletedStatus":false}`,
			`"category":{"objectName":"core.category",` + theRef + `"Tak","color":"#ffffff"}`, `"projectManager":{"objectName":"admin.user",` + theRef + `"Test Testsson"}`,
			`"responsible":{"objectName":"admin.user",` + theRef + `"Test Testsson"}`, `"salesResponsible":{"objectName":"admin.user",` + theRef + `"Test Testsson"}`,
			`"projectCollection":{"objectName":"core.projectCollection",` + theRef + `"Alla","number":"A"}`, `"costCenter":{"objectName":"core.costCenter",` + theRef + `"Nord","code":"N1"}`,
			`"startDate":"2026-03-01"`, `"invoiceType":"ongoing"`, `"bookingProject":null`,
			`"location":{"objectName":"core.location","longitude":17.5,"latitude":59.25,"streetAddress":"Gatan 1","postalCode":"1","city":"Staden","countryName":""}`,
			`"workSiteAddress":{"objectName":"core.workSiteAddress","streetAddress":"Gatan 1","postalCode":"1","city":"Staden","longitude":17.5,"latitude":59.25}`,
		},
		`{"title":"Nytt"}`, true,
	},
	{
		"/v1/Core/TimeReports",
		`{"userId":5,"date":"2026-03-02 00:00:00","projectId":5,"activityId":5,"timeCodeId":5,"timeArticleId":5,"clockStart":"07:30","clockEnd":"16:00",
		"hours":7.5,"invoiceableHours":7.25,"breakMinutes":60,"comment":"C","internalComment":"I",
		"travelReport":{"place":"P","distance":12.5,"invoiceableDistance":10,"toSalary":true,"companyCar":{"id":1,"tripStart":1,"tripEnd":2,"addressStart":"A","addressGoal":"B","addressEnd":"C"}}}`,
		[]string{
			`"date":"2026-03-02","clockStart":"07:30","clockEnd":"16:00","hours":7.50,"invoiceableHours":7.25,"breakMinutes":60`,
			`"project":{"objectName":"core.project",` + theRef + `"Tak","number":"1001"}`, `"internalProject":null`, `"timeArticle":{"objectName":"admin.article",` + theRef + `"Timme"}`,
			`"timeCode":{"objectName":"admin.timeCode",` + theRef + `"Normal"}`, `"sentToAttestDate":null`,
		},
		`{"userId":5,"date":"2026-03-02 00:00:00","absenceProjectId":5}`, true,
	},
	{
		"/v1/Core/MaterialReports",
		`{"projectId":5,"articleNumber":"A","title":"Skruv","description":"D","consumedUnits":3,"invoiceableUnits":3,"unitText":"st","costPerUnit":1,
		"pricePerUnit":19.99,"discountPercentage":10,"toBeInvoiced":true,"sortOrder":2}`,
		[]string{`"articleNumber":"A"`, `"totalAmount":53.97`, `"project":{"objectName":"core.project",` + theRef + `"Tak"}`},
		`{"projectId":5}`, true,
	},
	{
		"/v1/Core/Opportunities",
		`{"title":"Ny","description":"D","turnover":125000,"probability":60,"userId":5,"customerId":5,"contactId":5,"statusId":5,
		"estimatedClosingDate":"2026-12-01 00:00:00","opportunityState":"open","tagIds":[5]}`,
		[]string{`"turnover":125000.00`, `"contact":{"objectName":"core.contact",` + theRef + `"Bygg & Co"}`, `"tags":[{"objectName":"admin.opportunityTag","id":5,"title":"Stor"`},
		`{"title":"Ny"}`, true,
	},
	{
		"/v1/Core/Tasks",
		`{"title":"Ny","description":"D","projectId":5,"taskBoardId":5,"taskBoardColumnId":5,"startDate":"2026-03-01 00:00:00","startTime":"08:00",
		"endDate":"2026-03-02 00:00:00","endTime":"17:00","userIds":[5],"tagIds":[5]}`,
		[]string{
			`"members":[{"objectName":"admin.user",` + theRef + `"Test Testsson"}]`, `"board":{"objectName":"core.taskBoard",` + theRef + `"Tavla"}`,
			`"boardColumn":{"objectName":"core.taskBoardColumn",` + theRef + `"Att göra"}`, `"startTime":"08:00"`,
		},
		`{"title":"Ny"}`, true,
	},
	{"/v1/Core/Projects/5/Comments", `{"text":"Hej","comment":"Hej"}`, []string{`"text":"Hej"`}, `{"text":"Hej","comment":"Hej"}`, true},
	{"/v1/Core/Tasks/5/Comments", `{"text":"Hej","comment":"Hej"}`, []string{`"text":"Hej"`}, `{"text":"Hej","comment":"Hej"}`, true},
	{
		"/v1/Core/Tasks/5/Checklists", `{"name":"Lista","items":[{"text":"Ett","isCompleted":true,"sortOrder":1},{"text":"Två","sortOrder":2}]}`,
		[]string{`"items":[{"objectName":"core.checklistItem","id":1,"text":"Ett","isCompleted":true,"sortOrder":1},{"objectName":"core.checklistItem","id":2,"text":"Två","isCompleted":false,"sortOrder":2}]`}, `{"name":"Lista"}`, true,
	},
	{
		"/v1/Core/Tasks/5/Attachments", `{"name":"Ritning","provider":"dropbox","url":"https://files.example/1"}`,
		[]string{`"provider":"dropbox"`, `"url":"https://files.example/1"`}, `{"name":"Ritning"}`, true,
	},
	{
		"/v1/Admin/BookingProjects", `{"name":"Ny","bookingNumber":"9","isActive":false,"startDate":"2026-01-01 00:00:00","endDate":"2026-12-31 00:00:00"}`,
		[]string{`"bookingNumber":"9","isActive":false,"startDate":"2026-01-01"`}, `{"name":"Ny"}`, false,
	},
	{
		"/v1/Core/SupplierInvoices/Unhandled",
		`{"invoiceNumber":"F1","invoiceDate":"2026-01-01 00:00:00","supplierId":5,"title":"T","description":"D","totalAmount":99.5,"projectId":5}`,
		[]string{`"supplierName":"Bygg & Co"`, `"totalAmount":99.50`}, `{"invoiceNumber":"F1"}`, false,
	},
}

func init() {
	for _, kind := range []string{"Addition", "Allowance", "Equipment", "Material", "Time"} {
		writes = append(writes, writes[0])
		w := &writes[len(writes)-1]
		w.list = "/v1/Admin/Articles/" + kind
		w.body = `{"isActive":false,"articleNumber":"A1","price":10.5,"name":"Ny","description":"D","cost":1,"unitId":5}`
		w.parts = []string{`"articleNumber":"A1"`, `"price":10.50`, `"isActive":false`, `"unit":{"objectName":"admin.unit",` + theRef + `"st"}`}
		w.only = `{"name":"Ny"}`
		w.update = true
	}
}

func TestEveryWriteBodyIsUnderstoodAndAnsweredWithNestedReferences(t *testing.T) {
	for _, w := range writes {
		t.Run(w.list, func(t *testing.T) {
			a := open(t)
			furnish(a)
			got := a.post(w.list, w.body)
			require.Equal(t, 200, got.status, "%s", got.text)
			id := got.object(t)["id"]
			assert.NotZero(t, id)
			assert.NotEmpty(t, got.object(t)["objectName"])
			for _, part := range w.parts {
				assert.Contains(t, got.text, part)
			}
		})
	}
}

// ordinal is an id in a path.
func ordinal(v any) string { return fmt.Sprintf("%.0f", v) }

func TestPutReplacesTheWholeObject(t *testing.T) {
	for _, w := range writes {
		if !w.update {
			continue
		}
		t.Run(w.list, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := open(t)
				furnish(a)
				bare := a.post(w.list, w.only)
				require.Equal(t, 200, bare.status, "%s", bare.text)
				full := a.post(w.list, w.body)
				require.Equal(t, 200, full.status, "%s", full.text)
				first, second := bare.object(t), full.object(t)
				time.Sleep(time.Hour)

				body := `{"id":` + ordinal(second["id"]) + `,` + w.only[1:]
				got := a.put(w.list+"/"+ordinal(second["id"]), body)
				require.Equal(t, 200, got.status, "%s", got.text)
				for name, value := range got.object(t) {
					switch name {
					case "id", "created", "createdDate":
						assert.Equal(t, second[name], value, name)
					case "updated", "updatedDate":
						assert.NotEqual(t, second[name], value, name)
					case "orderNumber": // kept by the server
						assert.Equal(t, second[name], value, name)
					case "isActive": // of articles: left out of an update it stays
						if second["articleType"] != nil {
							assert.Equal(t, second[name], value, name)
							continue
						}
						assert.Equal(t, first[name], value, name)
					default:
						assert.Equal(t, first[name], value, "%s is as if it had never been set", name)
					}
				}
			})
		})
	}
}

func TestNothingIsMissingFromARefusal(t *testing.T) {
	wrong := func(list, body string, fields ...string) {
		t.Helper()
		a := open(t)
		furnish(a)
		assert.ElementsMatch(t, fields, a.post(list, body).wrong(t), "%s %s", list, body)
	}
	const reports = "/v1/Core/TimeReports"
	wrong(reports, `{}`, "userId", "date")
	wrong(reports, `{"userId":5,"date":"2026-03-02 00:00:00"}`, "projectId")
	wrong(reports, `{"userId":5,"date":"2026-03-02 00:00:00","projectId":5,"absenceProjectId":5}`, "projectId")
	wrong(reports, `{"userId":6,"date":"2026-03-02 00:00:00","projectId":7}`, "userId", "projectId")
	wrong(reports, `{"userId":5,"date":"2026-03-02 00:00:00","internalProjectId":5}`, "comment")
	wrong(reports, `{"userId":"5","date":"2 mars","projectId":[5],"hours":"7.5","clockStart":"half past seven","breakMinutes":1.5,"comment":7}`,
		"userId", "date", "projectId", "hours", "clockStart", "breakMinutes", "comment")
	wrong(reports, `{"userId":5,"date":"2026-03-02","projectId":5,"travelReport":{"distance":"far","companyCar":[]}}`, "travelReport.distance", "travelReport.companyCar")
	wrong("/v1/Core/Contacts", `{"contactType":"robot","name":"x"}`, "contactType")
	wrong("/v1/Core/Contacts", `{"contactType":"person","name":"x","tagIds":[5,6],"relations":["friend"],"visitAddress":"Gatan 1","isActive":"yes"}`, "tagIds", "relations", "visitAddress", "isActive")
	wrong("/v1/Core/Projects", `{"title":""}`, "title")
	wrong("/v1/Core/Tasks", `{}`, "title")
	wrong("/v1/Core/MaterialReports", `{"projectId":5,"timeReportId":1,"articleId":9}`, "articleId")
}

// Nothing is refused that is not known to be refused.
func TestWhatIsNotKnownToBeRefusedIsTaken(t *testing.T) {
	const report = `"userId":5,"projectId":5`
	long := func(n int) string { return jsonOf(strings.Repeat("å", n)) }
	for _, w := range writes {
		a := open(t)
		furnish(a)
		assert.Equal(t, 200, a.post(w.list, `{"somethingElse":{},`+w.only[1:]).status, "%s: unknown properties are ignored", w.list)
		id := a.post(w.list, w.only).object(t)["id"]
		if w.update {
			assert.Equal(t, 200, a.put(w.list+"/"+ordinal(id), w.only).status, "%s: an update without the id in its body", w.list)
			got := a.put(w.list+"/"+ordinal(id), `{"id":9,`+w.only[1:])
			assert.Equal(t, id, got.object(t)["id"], "%s: the id of the path counts", w.list)
		}
	}
	for name, c := range map[string]struct {
		list, body string
		answers    string // part of the answer
	}{
		"a day with a time":               {"/v1/Core/TimeReports", `{` + report + `,"date":"2026-03-02 00:00:00"}`, `"date":"2026-03-02"`},
		"a day with an offset":            {"/v1/Core/Projects", `{"title":"x","startDate":"2026-03-02T00:00:00+00:00"}`, `"startDate":"2026-03-02"`},
		"a day as it is":                  {"/v1/Core/Tasks", `{"title":"x","endDate":"2026-11-02"}`, `"endDate":"2026-11-02"`},
		"a day in the evening":            {"/v1/Core/TimeReports", `{` + report + `,"date":"2026-03-02T23:30:00+01:00"}`, `"date":"2026-03-02"`},
		"a comment as text":               {"/v1/Core/Projects/5/Comments", `{"text":"x"}`, `"text":"x"`},
		"a comment as comment":            {"/v1/Core/Projects/5/Comments", `{"comment":"x"}`, `"text":"x"`},
		"a comment as both":               {"/v1/Core/Tasks/5/Comments", `{"text":"x","comment":"x"}`, `"text":"x"`},
		"a comment of a task":             {"/v1/Core/Tasks/5/Comments", `{"comment":"x"}`, `"text":"x"`},
		"an enum with a capital":          {"/v1/Core/Contacts", `{"contactType":"Company","name":"x","relations":["Customer"]}`, `"relations":["customer"]`},
		"names in another case":           {"/v1/Core/Contacts", `{"ContactType":"company","NAME":"x","VisitAddress":{"City":"Ort"}}`, `"city":"Ort"`},
		"a contact without a name":        {"/v1/Core/Contacts", `{}`, `"name":""`},
		"a person with a parent":          {"/v1/Core/Contacts", `{"contactType":"person","name":"x","parentCompanyId":5}`, `"parentCompany":null`},
		"a company with a company":        {"/v1/Core/Contacts", `{"contactType":"company","name":"x","companyId":5}`, `"company":null`},
		"an end before a start":           {"/v1/Core/Projects", `{"title":"x","startDate":"2026-03-02","endDate":"2026-03-01"}`, `"endDate":"2026-03-01"`},
		"a column without a board":        {"/v1/Core/Tasks", `{"title":"x","taskBoardColumnId":5}`, `"name":"Att göra"`},
		"a probability over one":          {"/v1/Core/Opportunities", `{"title":"x","probability":101}`, `"probability":101`},
		"an opportunity without a title":  {"/v1/Core/Opportunities", `{}`, `"title":""`},
		"material for no project":         {"/v1/Core/MaterialReports", `{"title":"x"}`, `"project":null`},
		"an article of any length":        {"/v1/Admin/Articles/Time", `{"name":` + long(201) + `,"articleNumber":` + long(51) + `,"description":` + long(501) + `}`, `"articleType":"time"`},
		"an article of any price":         {"/v1/Admin/Articles/Time", `{"price":1.005,"cost":0.001}`, `"price":1.005`},
		"a booking project without name":  {"/v1/Admin/BookingProjects", `{}`, `"isActive":true`},
		"a clock time with seconds":       {"/v1/Core/TimeReports", `{` + report + `,"date":"2026-03-02","clockStart":"7:30","clockEnd":"16:00:00"}`, `"clockStart":"07:30","clockEnd":"16:00"`},
		"an invoice that has not a thing": {"/v1/Core/SupplierInvoices/Unhandled", `{}`, `"invoiceNumber":""`},
	} {
		a := open(t)
		furnish(a)
		got := a.post(c.list, c.body)
		assert.Equal(t, 200, got.status, "%s: %s", name, got.text)
		assert.Contains(t, got.text, c.answers, name)
	}
}

func TestAProjectIsCreatedOngoingAndWithoutABookingProject(t *testing.T) {
	a := open(t)
	furnish(a)
	const body = `"title":"x","invoiceType":"fixedPrice","bookingProjectId":5}`
	got := a.post("/v1/Core/Projects", `{`+body).object(t)
	assert.Equal(t, "ongoing", got["invoiceType"])
	assert.Nil(t, got["bookingProject"])
	id := ordinal(got["id"])
	got = a.put("/v1/Core/Projects/"+id, `{"id":`+id+`,`+body).object(t)
	assert.Equal(t, "fixedPrice", got["invoiceType"])
	assert.Equal(t, "Bokning", got["bookingProject"].(map[string]any)["name"])
}

func TestWhatAnObjectRefersToAlreadyIsNotQuestioned(t *testing.T) {
	a := open(t)
	id := a.srv.Projects.Put(tid.Project{ProjectSummary: tid.ProjectSummary{Title: "x", Customer: &tid.Ref{ID: 77, Name: "Borta"}}})
	path := fmt.Sprintf("/v1/Core/Projects/%d", id)
	got := a.put(path, fmt.Sprintf(`{"id":%d,"title":"y","contactId":77}`, id))
	require.Equal(t, 200, got.status, "%s", got.text)
	assert.Contains(t, got.text, `"customer":{"objectName":"core.contact","id":77,"name":"Borta"}`)
	assert.Equal(t, []string{"contactId"}, a.put(path, fmt.Sprintf(`{"id":%d,"title":"y","contactId":78}`, id)).wrong(t))
	assert.Equal(t, 404, a.get("/v1/Core/Contacts/77").status)
}

func TestArticlesBelongToTheirKind(t *testing.T) {
	a := open(t)
	id := ordinal(a.post("/v1/Admin/Articles/Time", `{"name":"x"}`).object(t)["id"])
	assert.Equal(t, 404, a.put("/v1/Admin/Articles/Material/"+id, `{"name":"y"}`).status)
	assert.Empty(t, a.list("/v1/Admin/Articles").items(t, "id"), "material if no kind is asked for")
	assert.Len(t, a.list("/v1/Admin/Articles", "filter.articleType=all").items(t, "id"), 1)
	assert.Len(t, a.list("/v1/Admin/Articles", "filter.articleType=time").items(t, "id"), 1)
	assert.Equal(t, true, a.get("/v1/Admin/Articles/" + id).object(t)["isActive"], "active if not said otherwise")
}

func TestDeletedObjectsAreGoneAndKeepTheirNames(t *testing.T) {
	for list, body := range map[string]string{
		"/v1/Core/Contacts": `{"name":"x","contactType":"person"}`, "/v1/Core/Tasks": `{"title":"x"}`, "/v1/Core/MaterialReports": `{"projectId":5}`,
		"/v1/Core/TimeReports":         `{"userId":5,"date":"2026-03-02 00:00:00","projectId":5}`,
		"/v1/Core/Projects/5/Comments": `{"text":"x","comment":"x"}`, "/v1/Core/Tasks/5/Comments": `{"text":"x","comment":"x"}`,
		"/v1/Core/Tasks/5/Checklists": `{"name":"x"}`, "/v1/Core/Tasks/5/Attachments": `{"name":"x"}`,
	} {
		a := open(t)
		furnish(a)
		before := len(a.list(list).items(t, "id"))
		path := list + "/" + ordinal(a.post(list, body).object(t)["id"])
		got := a.delete(path)
		assert.Equal(t, 200, got.status, path)
		assert.Empty(t, got.text)
		assert.Equal(t, 404, a.delete(path).status, path)
		assert.Equal(t, 404, a.put(path, body).status, path)
		assert.Len(t, a.list(list).items(t, "id"), before)
	}
	a := open(t)
	furnish(a)
	project := `{"id":5,"title":"x","contactId":5}`
	a.put("/v1/Core/Projects/5", project)
	a.delete("/v1/Core/Contacts/5")
	assert.Contains(t, a.get("/v1/Core/Projects/5").text, `"customer":{"objectName":"core.contact","id":5,"name":"Bygg & Co"}`)
}

func TestADeletedUserIsAnEmptyObject(t *testing.T) {
	a := open(t)
	furnish(a)
	assert.True(t, a.srv.Users.Delete(5))
	got := a.get("/v1/Admin/Users/5")
	assert.Equal(t, 200, got.status)
	assert.Equal(t, "{}", got.text)
	assert.Equal(t, 404, a.get("/v1/Admin/Users/6").status)
	assert.Empty(t, a.list("/v1/Admin/Users").items(t, "id"))
}

func TestNestedObjectsBelongToTheirParent(t *testing.T) {
	a := open(t)
	furnish(a)
	a.srv.PutJSON("v1/Core/Projects", `{"id":6,"title":"Annat"}`)
	id := ordinal(a.post("/v1/Core/Projects/5/Comments", `{"text":"x","comment":"x"}`).object(t)["id"])
	assert.Len(t, a.list("/v1/Core/Projects/5/Comments").items(t, "id"), 1)
	assert.Empty(t, a.list("/v1/Core/Projects/6/Comments").items(t, "id"))
	assert.Equal(t, 404, a.delete("/v1/Core/Projects/6/Comments/"+id).status)
	assert.Equal(t, 404, a.get("/v1/Core/Projects/7/Comments?page=1&pageSize=1").status)
	assert.Equal(t, 404, a.post("/v1/Core/Projects/7/Comments", `{"text":"x","comment":"x"}`).status)
	assert.Equal(t, 1, a.srv.ProjectComments.Of(5).Len())
	assert.Equal(t, 0, a.srv.ProjectComments.Of(6).Len())
}

func TestInvoicesAreMarkedAsSentByTheQuery(t *testing.T) {
	a := open(t)
	id := a.srv.PutJSON("v1/Core/Invoices", `{"sum":100.10,"rows":[{"id":1,"value":1,"rate":100.1,"sum":100.1}]}`)
	path := fmt.Sprintf("/v1/Core/Invoices/%d", id)
	send := path + "/SetSentToEconomySystem"
	assert.Equal(t, []string{"date"}, a.do("PATCH", send, "").wrong(t))
	assert.Equal(t, []string{"date"}, a.do("PATCH", send+"?date=soon&economySystemInvoiceNumber=F1", "").wrong(t))
	assert.Nil(t, a.get(path).object(t)["sentToEconomySystem"])
	got := a.do("PATCH", send+"?date=2026-03-01&economySystemInvoiceNumber=F1", "")
	assert.Equal(t, 200, got.status)
	assert.Empty(t, got.text)
	assert.Equal(t, "2026-03-01", a.get(path).object(t)["sentToEconomySystem"])
	for query, number := range map[string]string{"?date=2026-03-01": "", "?date=2026-03-01&economySystemInvoiceNumber=": "", "?Date=2026-03-01%2000:00:00&economysysteminvoicenumber=F2": "F2"} {
		assert.Equal(t, 200, a.do("PATCH", send+query, "").status, query)
		assert.Equal(t, number, a.srv.EconomySystemInvoiceNumber(id), query)
	}
	assert.Equal(t, 404, a.do("PATCH", "/v1/Core/Invoices/1/SetSentToEconomySystem?date=2026-03-01&economySystemInvoiceNumber=F1", "").status)
}

func TestEachCollectionHasItsOwnSeriesOfProjectNumbers(t *testing.T) {
	a := open(t)
	furnish(a)
	a.srv.PutJSON("v1/Core/ProjectCollections", `{"id":6,"name":"Service","number":"2"}`)
	next := func(path string) any { return a.get("/v1/Core/" + path + "/NextProjectNumber").object(t)["number"] }
	create := func(body string) any { return a.post("/v1/Core/Projects", body).object(t)["orderNumber"] }
	assert.Equal(t, []any{"1002", "1001", "2001"}, []any{next("Projects"), next("ProjectCollections/5"), next("ProjectCollections/6")})
	assert.Equal(t, "2001", create(`{"title":"x","projectCollectionId":6}`))
	assert.Equal(t, "2002", create(`{"title":"x","projectCollectionId":6}`))
	assert.Equal(t, []any{"2003", "1001", "2003"}, []any{next("Projects"), next("ProjectCollections/5"), next("ProjectCollections/6")})
	assert.Equal(t, "1001", create(`{"title":"x","projectCollectionId":5}`))
	assert.Equal(t, "2003", create(`{"title":"x"}`), "without a collection: one more than any")
	assert.Equal(t, "2003", create(`{"title":"x","projectCollectionId":6}`), "each has its own")
	assert.Equal(t, 404, a.get("/v1/Core/ProjectCollections/7/NextProjectNumber").status)
}

func TestBookingNumbersAreTextInAPath(t *testing.T) {
	a := open(t)
	furnish(a)
	assert.Equal(t, 5.0, a.get("/v1/Admin/BookingProjects/ByBookingNumber/B%2F5").object(t)["id"])
	assert.Equal(t, 404, a.get("/v1/Admin/BookingProjects/ByBookingNumber/B/5").status)
	assert.Equal(t, 404, a.get("/v1/Admin/BookingProjects/ByBookingNumber/5").status)
}

func TestDownloadsAnswerFiles(t *testing.T) {
	a := open(t)
	furnish(a)
	with := a.srv.PutJSON("v1/Core/Offers", `{"offerNumber":7,"version":2,"title":"Tak (blått)","hasPdf":true}`)
	without := a.srv.PutJSON("v1/Core/Offers", `{"offerNumber":8}`)
	got := a.get(fmt.Sprintf("/v1/Core/Offers/%d/Download", with))
	assert.Equal(t, 200, got.status)
	assert.Equal(t, "application/pdf", got.header.Get("Content-Type"))
	assert.Equal(t, `attachment; filename="Offert 7-2.pdf"`, got.header.Get("Content-Disposition"))
	assert.Regexp(t, `(?s)^%PDF-.*%%EOF\n$`, got.text)
	assert.Equal(t, 404, a.get(fmt.Sprintf("/v1/Core/Offers/%d/Download", without)).status)

	const files = "v1/Core/Tasks/5/Attachments"
	id := a.srv.PutJSON(files, `{"name":"ritning.txt","contentType":"text/plain","size":1001}`)
	got = a.get(fmt.Sprintf("/%s/%d/Download", files, id))
	assert.Len(t, got.text, 1001)
	assert.Equal(t, "text/plain", got.header.Get("Content-Type"))
	link := a.srv.PutJSON(files, `{"name":"ritning","provider":"dropbox","url":"https://files.example/1"}`)
	assert.Equal(t, 404, a.get(fmt.Sprintf("/%s/%d/Download", files, link)).status)
}

func TestDayStatisticsNeedASpanOfAtMostThirtyOneDays(t *testing.T) {
	const path = "/v1/Core/TimeReports/UserDayStatistics"
	a := open(t)
	furnish(a)
	for query, field := range map[string]string{
		"": "filter.from", "&filter.from=2026-01-01": "filter.to", "&filter.from=2026-01-02&filter.to=2026-01-01": "filter.to",
		"&filter.from=2026-01-01&filter.to=2026-02-01": "filter.to", "&from=2026-01-01&to=2026-01-02": "filter.to", "&filter.from=&filter.to=2026-01-01": "filter.from", "&filter.from=x&filter.to=2026-01-01": "filter.from",
	} {
		assert.Contains(t, a.get(path+"?page=1&pageSize=10"+query).wrong(t), field, query)
	}
	a.srv.PutJSON("v1/Core/TimeReports", `{"date":"2026-03-02","hours":7.1,"user":{"id":5},"attestedDate":"2026-03-09"}`)
	a.srv.PutJSON("v1/Core/TimeReports", `{"date":"2026-03-02","hours":0.2,"user":{"id":5},"attestedDate":"2026-03-08"}`)
	a.srv.PutJSON("v1/Core/TimeReports", `{"date":"2026-03-03","hours":1,"user":{"id":5}}`)
	a.srv.PutJSON("v1/Core/TimeReports", `{"date":"2026-03-03","hours":1,"user":{"id":6}}`)
	got := a.list(path, "filter.from=2026-03-01", "filter.to=2026-03-31")
	assert.Equal(t, []any{5.0}, got.items(t, "userId"))
	assert.Equal(t, []any{"Test Testsson"}, got.items(t, "name"))
	days := got.items(t, "dates")[0].([]any)
	require.Len(t, days, 31)
	assert.Equal(t, map[string]any{"objectName": "core.userDayStatisticDate", "date": "2026-03-01", "reportedHours": 0.0, "scheduledHours": 0.0, "lockedDate": nil, "attestedDate": nil}, days[0])
	assert.Equal(t, map[string]any{"objectName": "core.userDayStatisticDate", "date": "2026-03-02", "reportedHours": 7.3, "scheduledHours": 8.0, "lockedDate": nil, "attestedDate": "2026-03-09 00:00:00"}, days[1])
	assert.Equal(t, map[string]any{"objectName": "core.userDayStatisticDate", "date": "2026-03-03", "reportedHours": 1.0, "scheduledHours": 8.0, "lockedDate": nil, "attestedDate": nil}, days[2])
	assert.Empty(t, a.list(path, "filter.from=2026-03-01", "filter.to=2026-03-31", "filter.userIds=6,7").items(t, "userId"))
}

func TestAccountsMayRequireMoreOfTimeReports(t *testing.T) {
	a := open(t, tidtest.RequireInTimeReports("clockStart", "clockEnd", "comment", "timeArticle"))
	furnish(a)
	assert.ElementsMatch(t, []string{"clockStart", "clockEnd", "comment", "timeArticleId"},
		a.post("/v1/Core/TimeReports", `{"userId":5,"date":"2026-03-02 00:00:00","projectId":5}`).wrong(t))
	assert.Equal(t, 200, a.post("/v1/Core/TimeReports",
		`{"userId":5,"date":"2026-03-02 00:00:00","projectId":5,"clockStart":"08:00","clockEnd":"09:00","comment":"x","timeArticleId":5}`).status)
}

func TestPersonsAreListedInTheirCompany(t *testing.T) {
	a := open(t)
	furnish(a)
	person := a.post("/v1/Core/Contacts", `{"contactType":"person","name":"Kontakt","companyId":5}`)
	assert.NotContains(t, person.text, "contactPersons")
	company := a.get("/v1/Core/Contacts/5").object(t)
	assert.Equal(t, []any{map[string]any{"objectName": "core.contactPerson", "id": person.object(t)["id"], "name": "Kontakt", "isPrimary": true}}, company["contactPersons"])
	assert.NotContains(t, a.list("/v1/Core/Contacts").text, "contactPersons", "lists do not show it")
}

func TestObjectsAreStampedByTheServersClock(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 678, time.FixedZone("", 3600))
	a := open(t, tidtest.WithClock(func() time.Time { return now }))
	got := a.post("/v1/Core/Contacts", `{"contactType":"person","name":"x","created":"1999-01-01 00:00:00"}`).object(t)
	assert.Equal(t, "2026-01-02 02:04:05", got["created"])
	assert.Equal(t, "2026-01-02 02:04:05", got["updated"])
	now = now.Add(time.Hour)
	got = a.put("/v1/Core/Contacts/"+ordinal(got["id"]), `{"contactType":"person","name":"y"}`).object(t)
	assert.Equal(t, "2026-01-02 02:04:05", got["created"])
	assert.Equal(t, "2026-01-02 03:04:05", got["updated"])
}

func TestChangesOfProjectsAreLogged(t *testing.T) {
	a := open(t)
	furnish(a)
	id := ordinal(a.post("/v1/Core/Projects", `{"title":"x"}`).object(t)["id"])
	a.put("/v1/Core/Projects/"+id, `{"id":`+id+`,"title":"x","statusId":5,"endDate":"2026-03-02 00:00:00"}`)
	a.post("/v1/Core/Projects/"+id+"/Comments", `{"text":"n","comment":"n"}`)
	assert.ElementsMatch(t, []any{"project_Created", "project_Updated", "project_Changed_Status", "project_Updated_EndDate", "project_Added_Note"},
		a.list("/v1/Core/Logs", "filter.projectId="+id, "filter.logType=project_All").items(t, "logType"))
	assert.Len(t, a.list("/v1/Core/Logs", "filter.logType=project_Created").items(t, "id"), 1)
}
