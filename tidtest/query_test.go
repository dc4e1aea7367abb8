package tidtest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/vismatid/tid/tidtest"
)

// lists are rows with the ids 1, 2, 3 …, and which of them a filter chooses.
var lists = map[string]struct {
	rows    []string
	filters map[string]string // to the ids, in the order of the list
	wrong   []string          // filters that are refused
}{
	"v1/Core/Contacts": {
		rows: []string{
			`"name":"Bygg AB","contactType":"company","customerNumber":"A100","relations":["customer","partner"]`,
			`"name":"Öberg","contactType":"person","customerNumber":"B200","relations":["supplier"]`,
			`"name":"berg","contactType":"person"`,
		},
		filters: map[string]string{
			"filter.query=BERG": "2 3", "filter.query=%C3%96": "2", "filter.query=b200": "2", "filter.query=": "1 2 3", "filter.contactType=person": "2 3",
			"filter.relations=customer": "1", "filter.relations=supplier,partner": "1 2", "filter.query=berg&filter.relations=supplier": "2",
			"filter.name=x": "1 2 3", "query=x": "1 2 3", "filter.Query=berg": "2 3",
			"filter.contactType=Person": "2 3", "filter.contactType=": "1 2 3", "filter.relations=customer,": "1", "filter.relations=Supplier,%20PARTNER": "1 2",
			"filter.relations=customer&filter.relations=supplier": "1 2", "FILTER.RELATIONS=customer&filter.relations=supplier": "1 2", "filter.relations=,": "1 2 3",
			"filter.contactType=person&filter.contactType=company": "2 3",
		},
		wrong: []string{"filter.contactType=robot", "filter.relations=friend", "filter.relations=customer,friend"},
	},
	"v1/Core/Invoices": {
		rows:    []string{`"createdDate":"2026-01-01 10:00:00","customer":{"id":5}`, `"createdDate":"2026-02-01 10:00:00","customer":{"id":6}`, `"createdDate":"2026-03-01 10:00:00"`},
		filters: map[string]string{"filter.customerId=6": "2", "filter.createdSince=2026-02-01": "2 3", "filter.createdSince=2026-02-01%2010:00:01": "3", "filter.sinceId=1": "2 3", "filter.sinceId=3": ""},
		wrong:   []string{"filter.customerId=x", "filter.customerId=5,6", "filter.createdSince=1/2/2026", "filter.createdSince=2026-02-30", "filter.sinceId=1.5"},
	},
	"v1/Core/Logs": {
		rows:    []string{`"logType":"project_Created","createdDate":"2026-01-01 10:00:00","project":{"id":5}`, `"logType":"project_Deleted","createdDate":"2026-01-02 00:00:00"`},
		filters: map[string]string{"filter.logType=project_All": "1 2", "filter.logType=project_Deleted": "2", "filter.from=2026-01-02": "2", "filter.to=2026-01-01": "1", "filter.projectId=5": "1"},
		wrong:   []string{"filter.logType=all", "filter.from=yesterday"},
	},
	"v1/Core/Offers": {
		rows: []string{
			`"offerNumber":7,"createdDate":"2026-01-01 10:00:00","updatedDate":"2026-01-05 10:00:00","offerState":"draft","opportunity":{"id":5}`,
			`"offerNumber":8,"createdDate":"2026-01-02 10:00:00","updatedDate":"2026-01-02 10:00:00","offerState":"acceptedSigned"`,
		},
		filters: map[string]string{
			"filter.offerNumber=8": "2", "filter.createdDateFrom=2026-01-02": "2", "filter.createdDateTo=2026-01-01": "1", "filter.updatedDateFrom=2026-01-03": "1",
			"filter.updatedDateTo=2026-01-02%2010:00:00": "2", "filter.updatedDateTo=2026-01-02%2009:59:59": "", "filter.offerState=draft": "1", "filter.opportunityId=5": "1",
		},
		wrong: []string{"filter.offerState=open", "filter.offerNumber=x"},
	},
	"v1/Core/Opportunities": {
		rows: []string{
			`"createdDate":"2026-01-01","updatedDate":"2026-01-03","hasOffers":true,"status":{"id":5},"tags":[{"id":5},{"id":6}],"opportunityState":"open","estimatedClosingDate":"2026-06-01"`,
			`"createdDate":"2026-01-02","updatedDate":"2026-01-02","closedDate":"2026-01-09","status":{"id":6},"tags":[{"id":7}],"opportunityState":"won"`,
		},
		filters: map[string]string{
			"filter.createdDateFrom=2026-01-02": "2", "filter.createdDateTo=2026-01-01": "1", "filter.updatedDateFrom=2026-01-03": "1", "filter.updatedDateTo=2026-01-02": "2",
			"filter.closedDateFrom=2026-01-09": "2", "filter.closedDateTo=2026-01-08": "", "filter.estimatedClosingDateFrom=2026-01-01": "1",
			"filter.estimatedClosingDateTo=2026-06-01": "1", "filter.hasOffers=true": "1", "filter.hasOffers=True": "1", "filter.hasOffers=false": "2", "filter.opportunityStatusIds=5": "1",
			"filter.opportunityStatusIds=6,5": "1 2", "filter.opportunityTagIds=6,9": "1", "filter.opportunityTagIds=7,5": "1 2", "filter.opportunityState=won": "2",
		},
		wrong: []string{"filter.hasOffers=1", "filter.opportunityState=closed", "filter.opportunityTagIds=a"},
	},
	"v1/Core/ProjectCollections": {
		rows:    []string{`"name":"Kund","number":"1"`, `"name":"Borta","number":"2","projectCollectionType":"absence"`},
		filters: map[string]string{"filter.query=kun": "1", "filter.query=2": "2", "filter.projectCollectionType=absence": "1 2"},
	},
	"v1/Core/Projects": {
		rows: []string{
			`"orderNumber":"1001","status":{"id":5},"category":{"id":5},"tags":[{"id":5}],"projectManager":{"id":5},"customer":{"id":5},"projectCollection":{"id":5},"costCenter":{"id":5},"created":"2026-01-01","updated":"2026-01-02"`,
			`"orderNumber":"1012","status":{"id":6},"title":"1001","created":"2026-01-02","updated":"2026-01-03","invoiceType":"fixedPrice"`,
		},
		filters: map[string]string{
			"filter.query=100": "1", "filter.query=10": "1 2", "filter.statusIds=6": "2", "filter.statusIds=6,5": "1 2", "filter.statusIds=6&filter.statusIds=5": "1 2", "filter.statusIds=": "1 2", "filter.categoryIds=5": "1", "filter.tagIds=5": "1",
			"filter.projectManagerIds=5,6": "1", "filter.customerId=5": "1", "filter.projectCollectionId=5": "1", "filter.costCenterId=5": "1", "filter.costCenterId=6": "",
			"filter.createdDateFrom=2026-01-02": "2", "filter.createdDateTo=2026-01-01": "1", "filter.updatedDateFrom=2026-01-03": "2",
			"filter.updatedDateTo=2026-01-02": "1", "filter.invoiceType=fixedPrice": "2", "filter.invoiceType=FixedPrice": "2",
			"filter.createdDateFrom=2026-01-01%2000:00:01": "2", "filter.createdDateFrom=2026-01-01T00:00:01": "2", "filter.createdDateFrom=2026-01-01T00:00:01%2B00:00": "2",
		},
		wrong: []string{"filter.statusIds=5%3B6", "filter.invoiceType=hourly"},
	},
	"v1/Core/TaskBoards": {
		rows:    []string{`"name":"Tavla","project":{"id":5}`, `"name":"Annan"`},
		filters: map[string]string{"filter.query=tav": "1", "filter.projectId=5": "1"},
	},
	"v1/Core/Tasks": {
		rows: []string{
			`"board":{"id":5},"startDate":"2026-01-01","endDate":"2026-01-10","members":[{"id":5}]`, `"endDate":"2026-01-05","project":{"id":5}`,
			`"startDate":"2026-01-20"`, `"title":"utan datum"`,
		},
		filters: map[string]string{
			"filter.taskBoardId=5": "1", "filter.from=2026-01-06": "1 3", "filter.to=2026-01-19": "1 2", "filter.from=2026-01-05&filter.to=2026-01-06": "1 2",
			"filter.from=2026-02-01": "", "filter.projectId=5": "2", "filter.userIds=4,5": "1",
		},
		wrong: []string{"filter.from=monday", "filter.userIds=a"},
	},
	"v1/Core/VacationRequests": {
		rows:    []string{`"state":"attested","user":{"id":5},"fromDate":"2026-01-01","toDate":"2026-01-10"`, `"state":"denied","user":{"id":6},"fromDate":"2026-02-01","toDate":"2026-02-02"`},
		filters: map[string]string{"filter.state=denied": "2", "filter.userIds=5": "1", "filter.from=2026-01-10": "1 2", "filter.from=2026-01-11": "2", "filter.to=2026-01-31": "1"},
		wrong:   []string{"filter.state=open"},
	},
	"v1/Core/MaterialReports": {rows: []string{`"project":{"id":5}`, `"title":"x"`}, filters: map[string]string{"filter.projectId=5": "1", "filter.from=2026-01-01": "1 2"}},
	"v1/Core/PaymentPlans":    {rows: []string{`"project":{"id":5}`, `"description":"x"`}, filters: map[string]string{"filter.projectId=5": "1"}},
	"v1/Core/SupplierInvoices": {
		rows:    []string{`"project":{"id":5},"invoiceDate":"2026-01-01"`, `"invoiceDate":"2026-01-02"`},
		filters: map[string]string{"filter.projectId=5": "1", "filter.invoiceDateFrom=2026-01-02": "2", "filter.invoiceDateTo=2026-01-01": "1"},
	},
	"v1/Core/TimeReports": {
		rows: []string{
			`"date":"2026-01-01","user":{"id":5},"project":{"id":5}`, `"date":"2026-01-02","user":{"id":6},"internalProject":{"id":5},"sentToAttestDate":"2026-01-05"`,
			`"date":"2026-01-03","user":{"id":7},"absenceProject":{"id":5},"sentToAttestDate":"2026-01-05","attestedDate":"2026-01-06"`,
		},
		filters: map[string]string{
			"filter.from=2026-01-02": "2 3", "filter.to=2026-01-02": "1 2", "filter.from=2026-01-02&filter.to=2026-01-02": "2", "filter.userIds=5,7": "1 3", "filter.userIds=5,,7": "1 3", "filter.userIds=5&filter.userIds=7": "1 3",
			"filter.projectId=5": "1", "filter.isSentToAttest=true": "2 3", "filter.isSentToAttest=false": "1", "filter.isAttested=true": "3",
			"filter.isAttested=false": "1 2", "filter.projectType=project": "1", "filter.projectType=internalProject": "2", "filter.projectType=absenceProject": "3",
			"from=2026-01-03": "1 2 3",
		},
		wrong: []string{"filter.projectType=internal", "filter.isAttested=yes", "filter.userIds=5,x,7", "filter.from=20260101"},
	},
	"v1/Admin/AbsenceProjects": {rows: []string{`"name":"Sjuk","isActive":true`, `"name":"Ledig"`}, filters: map[string]string{"filter.query=sj": "1", "filter.isActive=false": "2"}},
	"v1/Admin/Activities":      {rows: []string{`"name":"Montage","isActive":true`, `"name":"Resa"`}, filters: map[string]string{"filter.query=mont": "1", "filter.isActive=true": "1"}},
	"v1/Admin/Articles": {
		rows:    []string{`"name":"Skruv","articleNumber":"S1","articleType":"material"`, `"name":"Timme","articleNumber":"T1","articleType":"time"`, `"name":"Bult","articleNumber":"S2"`},
		filters: map[string]string{"": "1 3", "filter.articleType=all": "1 2 3", "filter.articleType=time": "2", "filter.articleType=Time": "2", "filter.articleType=ALL": "1 2 3", "filter.articleType=": "1 3", "filter.query=bult": "3", "filter.query=s1": "1", "filter.articleType=all&filter.query=t": "2 3"},
		wrong:   []string{"filter.articleType=hours"},
	},
	"v1/Admin/BookingProjects": {
		rows:    []string{`"name":"Entreprenad","bookingNumber":"B1","isActive":true`, `"name":"Service","bookingNumber":"B2"`},
		filters: map[string]string{"filter.query=b2": "2", "filter.query=ENT": "1", "filter.isActive=true": "1"},
	},
	"v1/Admin/Users": {
		rows:    []string{`"firstName":"A"`, `"firstName":"B","isRestricted":true`},
		filters: map[string]string{"": "1", "filter.includeRestricted=true": "1 2", "filter.includeRestricted=false": "1"},
		wrong:   []string{"filter.includeRestricted=both"},
	},
	"v1/Core/Tasks/5/Attachments": {
		rows:    []string{`"name":"a","provider":"dropbox"`, `"name":"b"`},
		filters: map[string]string{"filter.provider=dropbox": "1 2"},
	},
}

func TestFiltersChooseRows(t *testing.T) {
	for path, list := range lists {
		t.Run(path, func(t *testing.T) {
			a := open(t)
			if strings.Contains(path, "/5/") {
				a.srv.PutJSON("v1/Core/Tasks", `{"id":5}`)
			}
			for i, row := range list.rows {
				a.srv.PutJSON(path, fmt.Sprintf(`{"id":%d,%s}`, i+1, row))
			}
			for query, want := range list.filters {
				got := a.list("/"+path, query)
				assert.Equal(t, want, idsOf(got.items(t, "id")), query)
				assert.EqualValues(t, len(strings.Fields(want)), got.object(t)["totalItemCount"], query)
			}
			for _, query := range list.wrong {
				name, _, _ := strings.Cut(query, "=")
				assert.Equal(t, []string{name}, a.get("/"+path+"?page=1&pageSize=10&"+query).wrong(t), query)
			}
		})
	}
}

func idsOf(ids []any) string {
	var parts []string
	for _, id := range ids {
		parts = append(parts, ordinal(id))
	}
	return strings.Join(parts, " ")
}

func TestRowsAreSortedByEveryKeyOfTheirList(t *testing.T) {
	// Two rows of which the second comes first by the key.
	for path, keys := range map[string]map[string][2]string{
		"v1/Core/Contacts": {
			"name": {`"name":"ö"`, `"name":"Å"`}, "customerNumber": {`"customerNumber":"2"`, `"customerNumber":"1"`},
			"created": {`"created":"2026-01-02"`, `"created":"2026-01-01"`}, "updated": {`"updated":"2026-01-02"`, `"updated":"2026-01-01"`},
		},
		"v1/Core/Invoices": {
			"createdDate": {`"createdDate":"2026-01-01 10:00:01"`, `"createdDate":"2026-01-01 10:00:00"`}, "invoiceDate": {`"invoiceDate":"2026-01-02"`, `"sum":1`},
			"customer": {`"customer":{"id":5,"name":"b"}`, `"customer":{"id":6,"name":"A"}`}, "sum": {`"sum":10`, `"sum":9.99`},
			"sentToEconomySystem": {`"sentToEconomySystem":"2026-01-01"`, `"sum":1`},
		},
		"v1/Core/Logs": {"createdDate": {`"createdDate":"2026-01-02"`, `"createdDate":"2026-01-01"`}},
		"v1/Core/Offers": {
			"title": {`"title":"B"`, `"title":"a"`}, "offerNumber": {`"offerNumber":10`, `"offerNumber":9`},
			"createdDate": {`"createdDate":"2026-01-02"`, `"createdDate":"2026-01-01"`}, "updatedDate": {`"updatedDate":"2026-01-02"`, `"updatedDate":"2026-01-01"`},
		},
		"v1/Core/Opportunities": {
			"title": {`"title":"B"`, `"title":"a"`}, "createdDate": {`"createdDate":"2026-01-02"`, `"createdDate":"2026-01-01"`}, "updatedDate": {`"updatedDate":"2026-01-02"`, `"updatedDate":"2026-01-01"`},
		},
		"v1/Core/ProjectCollections": {"name": {`"name":"B"`, `"name":"a"`}, "projectNumber": {`"number":"2"`, `"number":"1"`}},
		"v1/Core/Projects": {
			"orderNumber": {`"orderNumber":"2"`, `"orderNumber":"10"`}, "title": {`"title":"B"`, `"title":"a"`},
			"createdDate": {`"created":"2026-01-02"`, `"created":"2026-01-01"`}, "updatedDate": {`"updated":"2026-01-02"`, `"updated":"2026-01-01"`},
		},
		"v1/Core/Projects/5/Comments": {
			"createdDate": {`"createdDate":"2026-01-02"`, `"createdDate":"2026-01-01"`}, "updatedDate": {`"updatedDate":"2026-01-02"`, `"updatedDate":"2026-01-01"`},
		},
		"v1/Core/TaskBoards": {
			"name": {`"name":"B"`, `"name":"a"`}, "createdDate": {`"createdDate":"2026-01-02"`, `"createdDate":"2026-01-01"`}, "updatedDate": {`"updatedDate":"2026-01-02"`, `"updatedDate":"2026-01-01"`},
		},
		"v1/Core/Tasks": {
			"title": {`"title":"B"`, `"title":"a"`}, "createdDate": {`"createdDate":"2026-01-02"`, `"createdDate":"2026-01-01"`},
			"startDate": {`"startDate":"2026-01-02"`, `"startDate":"2026-01-01"`}, "endDate": {`"endDate":"2026-01-02"`, `"endDate":"2026-01-01"`},
		},
		"v1/Core/Tasks/5/Comments":    {"createdDate": {`"createdDate":"2026-01-02"`, `"createdDate":"2026-01-01"`}},
		"v1/Core/Tasks/5/Checklists":  {"name": {`"name":"B"`, `"name":"a"`}},
		"v1/Core/Tasks/5/Attachments": {"name": {`"name":"B"`, `"name":"a"`}},
		"v1/Core/VacationRequests": {
			"fromDate": {`"fromDate":"2026-01-02"`, `"fromDate":"2026-01-01"`}, "toDate": {`"toDate":"2026-01-02"`, `"toDate":"2026-01-01"`},
			"createdDate": {`"createdDate":"2026-01-02"`, `"createdDate":"2026-01-01"`}, "updatedDate": {`"updatedDate":"2026-01-02"`, `"updatedDate":"2026-01-01"`},
			"attestedDate": {`"attestedDate":"2026-01-02"`, `"comment":""`}, "deniedDate": {`"deniedDate":"2026-01-02"`, `"comment":""`},
		},
		"v1/Core/MaterialReports": {
			"sortOrder": {`"sortOrder":2`, `"sortOrder":1`}, "articleNumber": {`"articleNumber":"2"`, `"articleNumber":"1"`}, "title": {`"title":"B"`, `"title":"a"`},
			"createdDate": {`"createdDate":"2026-01-02"`, `"createdDate":"2026-01-01"`}, "updatedDate": {`"updatedDate":"2026-01-02"`, `"updatedDate":"2026-01-01"`},
		},
		"v1/Core/PaymentPlans": {
			"description": {`"description":"B"`, `"description":"a"`},
			"createdDate": {`"createdDate":"2026-01-02"`, `"createdDate":"2026-01-01"`}, "updatedDate": {`"updatedDate":"2026-01-02"`, `"updatedDate":"2026-01-01"`},
		},
		"v1/Core/SupplierInvoices": {
			"invoiceNumber": {`"invoiceNumber":"2"`, `"invoiceNumber":"1"`}, "invoiceDate": {`"invoiceDate":"2026-01-02"`, `"invoiceDate":"2026-01-01"`},
			"totalAmount": {`"totalAmount":100.10`, `"totalAmount":100.1e-1`}, "invoiceCostAddition": {`"invoiceCostAddition":0`, `"invoiceCostAddition":-1.5`},
			"cost": {`"cost":0.001`, `"cost":0`}, "createdDate": {`"createdDate":"2026-01-02"`, `"createdDate":"2026-01-01"`}, "updatedDate": {`"updatedDate":"2026-01-02"`, `"updatedDate":"2026-01-01"`},
		},
		"v1/Core/TimeReports": {
			"date": {`"date":"2026-01-02"`, `"date":"2026-01-01"`}, "userName": {`"user":{"id":5,"name":"b"}`, `"user":{"id":6,"name":"A"}`}, "hours": {`"hours":10`, `"hours":2.25`},
			"invoiceableHours": {`"invoiceableHours":10`, `"invoiceableHours":2.25`}, "sentToAttestDate": {`"sentToAttestDate":"2026-01-01"`, `"comment":""`},
			"attestedDate": {`"attestedDate":"2026-01-01"`, `"comment":""`},
			"createdDate":  {`"createdDate":"2026-01-02"`, `"createdDate":"2026-01-01"`}, "updatedDate": {`"updatedDate":"2026-01-02"`, `"updatedDate":"2026-01-01"`},
		},
		"v1/Admin/AbsenceProjects": {"name": {`"name":"B"`, `"name":"a"`}},
		"v1/Admin/Activities": {
			"name": {`"name":"B"`, `"name":"a"`}, "createdDate": {`"createdDate":"2026-01-02"`, `"createdDate":"2026-01-01"`}, "updatedDate": {`"updatedDate":"2026-01-02"`, `"updatedDate":"2026-01-01"`},
		},
		"v1/Admin/Articles": {
			"name": {`"name":"B"`, `"name":"a"`}, "articleNumber": {`"articleNumber":"2"`, `"articleNumber":"1"`},
			"createdDate": {`"createdDate":"2026-01-02"`, `"createdDate":"2026-01-01"`}, "updatedDate": {`"updatedDate":"2026-01-02"`, `"updatedDate":"2026-01-01"`},
		},
		"v1/Admin/BookingProjects": {
			"name": {`"name":"B"`, `"name":"a"`}, "bookingNumber": {`"bookingNumber":"2"`, `"bookingNumber":"1"`}, "isActive": {`"isActive":true`, `"isActive":false`},
			"startDate": {`"startDate":"2026-01-02"`, `"startDate":"2026-01-01"`}, "endDate": {`"endDate":"2026-01-02"`, `"endDate":"2026-01-01"`},
			"createdDate": {`"createdDate":"2026-01-02"`, `"createdDate":"2026-01-01"`}, "updatedDate": {`"updatedDate":"2026-01-02"`, `"updatedDate":"2026-01-01"`},
		},
	} {
		for key, rows := range keys {
			a := open(t)
			if strings.Contains(path, "/5/") {
				a.srv.PutJSON("v1/Core/Tasks", `{"id":5}`)
				a.srv.PutJSON("v1/Core/Projects", `{"id":5}`)
			}
			for i, row := range []string{rows[0], rows[1], rows[1]} {
				a.srv.PutJSON(path, fmt.Sprintf(`{"id":%d,%s}`, i+1, row))
			}
			assert.Equal(t, "2 3 1", idsOf(a.list("/"+path, "sortBy="+key).items(t, "id")), "%s by %s", path, key)
			assert.Equal(t, "2 3 1", idsOf(a.list("/"+path, "sortBy="+key, "sortOrder=ascending").items(t, "id")), "%s by %s", path, key)
			assert.Equal(t, "1 2 3", idsOf(a.list("/"+path, "sortBy="+key, "sortOrder=descending").items(t, "id")), "%s by %s: equal rows stay in the order of their ids", path, key)
		}
	}
}

func TestListsWithoutASortKeyAreInTheOrderOfTheIds(t *testing.T) {
	a := open(t)
	for range 3 {
		a.srv.PutJSON("v1/Admin/Timecodes", `{}`)
	}
	ascending := a.list("/v1/Admin/Timecodes").items(t, "id")
	descending := a.list("/v1/Admin/Timecodes", "sortOrder=descending").items(t, "id")
	assert.Len(t, ascending, 3)
	assert.Equal(t, []any{ascending[2], ascending[1], ascending[0]}, descending)
	assert.Equal(t, ascending, a.list("/v1/Admin/Timecodes", "sortBy=name").items(t, "id"), "no sort keys of the list are known")
}

func TestListsFollowEveryChange(t *testing.T) {
	a := open(t)
	furnish(a)
	names := func() []any { return a.list("/v1/Core/TimeReports", "sortBy=userName").items(t, "id") }
	first := a.srv.PutJSON("v1/Core/TimeReports", `{"user":{"id":5}}`)
	second := a.srv.PutJSON("v1/Core/TimeReports", `{"user":{"id":6,"name":"A"}}`)
	assert.Equal(t, []any{float64(second), float64(first)}, names())
	a.srv.PutJSON("v1/Admin/Users", `{"id":6,"firstName":"Z"}`)
	assert.Equal(t, []any{float64(first), float64(second)}, names(), "another resource has changed the order")
	a.delete(fmt.Sprintf("/v1/Core/TimeReports/%d", first))
	assert.Equal(t, []any{float64(second)}, names())
}

func TestPlanningListsAddUpWhatIsPlanned(t *testing.T) {
	a := open(t)
	furnish(a)
	a.srv.PutJSON("v1/Admin/Users", `{"id":6,"firstName":"R","isRestricted":true,"employeeNumber":"66"}`)
	a.srv.PutJSON("v1/Admin/Users", `{"id":7,"firstName":"D"}`)
	for _, p := range []tidtest.Planning{
		made[tidtest.Planning](t, `{"user":{"id":5},"project":{"id":5},"fromDate":"2026-01-01","toDate":"2026-01-05","hours":10.1}`),
		made[tidtest.Planning](t, `{"user":{"id":5},"project":{"id":5},"fromDate":"2026-01-08","toDate":"2026-01-12","hours":0.2}`),
		made[tidtest.Planning](t, `{"user":{"id":5},"absenceProject":{"id":5},"fromDate":"2026-01-06","toDate":"2026-01-06","hours":8}`),
		made[tidtest.Planning](t, `{"user":{"id":6},"project":{"id":5},"fromDate":"2026-01-06","toDate":"2026-01-06","hours":8}`),
		made[tidtest.Planning](t, `{"user":{"id":7},"internalProject":{"id":5},"fromDate":"2026-01-06","toDate":"2026-01-06","hours":4}`),
	} {
		a.srv.Plannings.Put(p)
	}
	a.srv.Users.Delete(7)

	const people, byProject, byUser = "/v1/Core/Planning/HasResourcePlanning/Users", "/v1/Core/Planning/GetPlanningSummaries/Projects", "/v1/Core/Planning/GetPlanningSummaries/Users"
	got := a.list(people)
	assert.Equal(t, "5 6 7", idsOf(got.items(t, "id")))
	assert.Equal(t, []any{"5", "66", ""}, got.items(t, "employmentNumber"))
	assert.Equal(t, "5 6", idsOf(a.list(people, "excludeDeleted=true").items(t, "id")))
	assert.Equal(t, "5", idsOf(a.list(people, "excludeDeleted=true&excludeRestricted=true").items(t, "id")))
	assert.Equal(t, "5", idsOf(a.list(people, "fromDate=2026-01-07&toDate=2026-01-31").items(t, "id")))
	assert.Equal(t, "5 6 7", idsOf(a.list(people, "filter.fromDate=2026-01-07").items(t, "id")), "the parameters have no prefix")

	got = a.list(byProject)
	assert.Equal(t, []any{10.3, 8.0, 4.0, 8.0}, got.items(t, "hours"), "by project: user 5, user 6; internal; absence")
	assert.Equal(t, "2026-01-01", got.items(t, "fromDate")[0])
	assert.Equal(t, "2026-01-12", got.items(t, "toDate")[0])
	assert.Equal(t, []any{10.3, 8.0}, a.list(byProject, "userId=5").items(t, "hours"))
	assert.Equal(t, []any{10.3}, a.list(byProject, "userId=5&excludeAbsence=true").items(t, "hours"))
	assert.Equal(t, []any{4.0}, a.list(byProject, "excludeAbsence=true&excludeProjects=true").items(t, "hours"))
	assert.Equal(t, []any{10.3, 8.0, 8.0}, a.list(byProject, "excludeInternal=true").items(t, "hours"))
	assert.Equal(t, []any{10.3, 8.0, 8.0, 4.0}, a.list(byUser).items(t, "hours"), "by user")
	assert.Equal(t, []any{10.3, 8.0}, a.list(byUser, "projectId=5").items(t, "hours"))
	assert.Equal(t, []string{"excludeDeleted"}, a.get(people+"?page=1&pageSize=1&excludeDeleted=x").wrong(t))
	assert.Equal(t, 400, a.get(people+"?pageSize=101").status, "they are paged like every list")
}
