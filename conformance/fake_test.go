package conformance

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// The fake server of the client's users knows the API by tables of its own:
// what follows holds those against the description.

func TestFakeHasTheOperations(t *testing.T) {
	var described []string
	for _, o := range load(t).Operations() {
		described = append(described, o.String())
	}
	slices.Sort(described)
	if fake := tidtest.Operations(); !slices.Equal(fake, described) {
		t.Errorf("the fake has %q,\nthe description %q", fake, described)
	}
}

// TestFakeAnswersAsDescribed calls every method against the fake, as it
// answers by itself and in the strange shapes that lose nothing.
func TestFakeAnswersAsDescribed(t *testing.T) {
	spec := load(t)
	answered := map[string]bool{}
	for name, shapes := range map[string]tidtest.Shape{
		"plain": 0,
		"strange": tidtest.ShapeDates | tidtest.ShapePascalCase | tidtest.ShapeQuotedNumbers | tidtest.ShapeOtherNames |
			tidtest.ShapeNoTotals | tidtest.ShapeEmptyAnswers,
	} {
		t.Run(name, func(t *testing.T) {
			company := tidtest.Sample(1, 6)
			opts := []tidtest.Option{tidtest.InMemory(), tidtest.WithRateLimit(0), tidtest.WithCompany(company)}
			if shapes != 0 {
				opts = append(opts, tidtest.WithStrangeShapes(shapes))
			}
			server := tidtest.NewServer(t, opts...)
			recorder := &Recorder{Spec: spec, Base: &watcher{base: server.Transport(), spec: spec, answered: answered}}
			client := server.Client(tid.WithHTTPClient(&http.Client{Transport: recorder}), tid.WithLimiter(nil), tid.WithRetries(0))
			callAll(t, spec, client, company)
			for _, call := range recorder.Calls() {
				for _, v := range slices.Concat(call.Request, call.Response) {
					t.Errorf("%s %s: %s", call.Method, call.URL, v)
				}
			}
			for _, o := range recorder.Unreached() {
				t.Errorf("%s is not reached", o)
			}
		})
	}

	described := map[string]bool{}
	for _, schema := range spec.ResponseTypes() {
		properties, _ := objectOf(spec.root.child("components", "schemas", schema))
		for name := range properties {
			described[schema+"."+name] = true
		}
	}
	for property := range described {
		if !answered[property] && !fakeDiffers[property] && !strings.HasSuffix(property, ".objectName") {
			t.Errorf("%s is never answered", property)
		}
	}
	for property := range answered {
		if !described[property] && !fakeDiffers[property] {
			t.Errorf("%s is not described", property)
		}
	}
}

// fakeDiffers has the properties that the fake and the description do not have
// in common.
var fakeDiffers = map[string]bool{
	// Ids alone are described too, but the fake always answers the objects.
	"PlanningSummary.projectId":    true,
	"PlanningSummary.userId":       true,
	"SupplierInvoice.supplierName": true, // of an unhandled one
	"ProjectStatus.title":          true, // for its name, among the strange shapes
}

// callAll calls every method with what the company has.
func callAll(t *testing.T, spec *Spec, client *tid.Client, company *tidtest.Company) {
	t.Helper()
	all := invocations(t, spec, client)
	slices.SortStableFunc(all, func(a, b invocation) int { // what has been created is deleted in the end
		return cmp.Compare(strings.Count(a.name, "Delete"), strings.Count(b.name, "Delete"))
	})
	created := map[string]int64{}
	for _, c := range all {
		if c.minimal && c.input() == nil {
			continue // the same again
		}
		kind := strings.NewReplacer(".Create", "", ".Update", "", ".Modify", "", ".Delete", "").Replace(c.main().ID)
		c.untouched = true
		c.id = func(name string) int64 {
			if id := created[kind]; name == "id" && id != 0 {
				return id
			}
			return idIn(t, company, client, c.main(), name)
		}
		results, err := c.do(t)
		if err != nil {
			t.Errorf("%s: %v", c, err)
		} else if strings.HasSuffix(c.name, ".Create") {
			created[kind] = results[0].Elem().FieldByName("ID").Int()
		}
	}
}

// A watcher is a transport that notes which properties the answers have.
type watcher struct {
	base http.RoundTripper
	spec *Spec

	mu       sync.Mutex
	answered map[string]bool // such as "Contact.name", by the name of the schema
}

func (w *watcher) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := w.base.RoundTrip(r)
	if err != nil || mediaType(resp.Header) != "application/json" || resp.StatusCode != http.StatusOK {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(bytes.NewReader(body))
	var value any
	if json.Unmarshal(body, &value) == nil {
		if o, _ := w.spec.Find(r.Method, r.URL.EscapedPath()); o != nil {
			ok := w.spec.at(o).child("responses", "200").follow()
			w.mu.Lock()
			defer w.mu.Unlock()
			w.note(inner(ok.child("content", "application/json", "schema")), value)
		}
	}
	return resp, err
}

// note takes down the properties of objects whose schema has a name.
func (w *watcher) note(n node, value any) {
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			w.note(n, element)
		}
	case map[string]any:
		properties, _ := objectOf(n)
		for name, inside := range value {
			if slices.Contains(n.at, "schemas") {
				w.answered[n.name()+"."+name] = true
			}
			if property, ok := properties[name]; ok {
				w.note(inner(property), inside)
			}
		}
	}
}

// idIn is an id that a parameter or a property of an operation can have in the
// company.
func idIn(t *testing.T, company *tidtest.Company, client *tid.Client, o *Operation, name string) int64 {
	t.Helper()
	service := o.ID[:strings.IndexByte(o.ID, '.')]
	switch name = strings.TrimSuffix(name, "s"); o.ID + " " + name {
	case "Offers.Download id":
		return find(company.Offers, func(o tid.Offer) bool { return o.HasPDF }).ID
	case "Tasks.Attachments.Download id":
		_, file := uploaded(company)
		return file.ID
	}
	switch service + " " + strings.TrimPrefix(name, "filter.") {
	case "Opportunities statusId", "Opportunities opportunityStatusId":
		return company.OpportunityStatuses[0].ID
	case "Opportunities tagId", "Opportunities opportunityTagId":
		return company.OpportunityTags[0].ID
	}
	switch name {
	case "projectId", "filter.projectId":
		return slices.Min(slices.Collect(maps.Keys(company.ProjectComments)))
	case "taskId":
		id, _ := uploaded(company)
		return id
	case "userId", "filter.userId", "responsibleId", "salesResponsibleId", "filter.projectManagerId":
		return company.Users[0].ID
	case "contactId", "customerId", "filter.customerId", "supplierId", "companyId", "parentCompanyId":
		return find(company.Contacts, func(c tid.Contact) bool { return c.ContactType == tid.ContactCompany }).ID
	case "internalProjectId":
		return find(company.InternalProjects, func(p tid.InternalProject) bool { return !p.CommentRequiredWhenTimeReporting }).ID
	case "absenceProjectId":
		return find(company.AbsenceProjects, func(p tid.AbsenceProject) bool { return !p.CommentRequiredWhenTimeReporting }).ID
	case "activityId":
		return company.Activities[0].ID
	case "timeCodeId":
		return company.TimeCodes[0].ID
	case "timeArticleId":
		return find(company.Articles, func(a tid.Article) bool { return a.ArticleType == tid.ArticleTime }).ID
	case "articleId":
		return find(company.Articles, func(a tid.Article) bool { return a.ArticleType == tid.ArticleMaterial }).ID
	case "timeReportId":
		return company.TimeReports[0].ID
	case "tagId", "filter.tagId":
		return company.Tags[0].ID
	case "statusId", "filter.statusId":
		return company.ProjectStatuses[0].ID
	case "categoryId", "filter.categoryId":
		return company.Categories[0].ID
	case "costCenterId", "filter.costCenterId":
		return company.CostCenters[0].ID
	case "projectCollectionId", "filter.projectCollectionId":
		return company.ProjectCollections[0].ID
	case "bookingProjectId":
		return company.BookingProjects[0].ID
	case "taskBoardId", "filter.taskBoardId":
		return company.TaskBoards[0].ID
	case "taskBoardColumnId":
		return company.TaskBoards[0].Columns[0].ID
	case "unitId":
		return company.Units[0].ID
	case "id":
		return firstOf(t, client, service)
	}
	return 1
}

func find[T any](items []T, ok func(T) bool) T { return items[slices.IndexFunc(items, ok)] }

// uploaded is an attachment that can be downloaded, and the task that it
// belongs to.
func uploaded(company *tidtest.Company) (task int64, file tid.Attachment) {
	for _, task := range slices.Sorted(maps.Keys(company.TaskAttachments)) {
		for _, file := range company.TaskAttachments[task] {
			if file.Provider == "" && file.URL == "" {
				return task, file
			}
		}
	}
	return 0, tid.Attachment{}
}

// firstOf is the id of the first row of a service's list.
func firstOf(t *testing.T, client *tid.Client, service string) int64 {
	t.Helper()
	list := reflect.ValueOf(client).Elem().FieldByName(service).MethodByName("List")
	results := list.Call([]reflect.Value{reflect.ValueOf(t.Context()), reflect.Zero(list.Type().In(1))})
	if err, _ := results[1].Interface().(error); err != nil {
		t.Fatal(err)
	}
	return results[0].Elem().FieldByName("Items").Index(0).Elem().FieldByName("ID").Int()
}

// TestFakeTakesTheParameters asks every list of the fake for each value that
// is described, and for one that is not: that it refuses, and says what it takes.
func TestFakeTakesTheParameters(t *testing.T) {
	spec := load(t)
	company := tidtest.Sample(1, 6)
	server := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithRateLimit(0), tidtest.WithCompany(company))
	client := server.Client(tid.WithLimiter(nil))
	for _, o := range spec.Operations() {
		if o.parameter("query", "page") == nil {
			continue
		}
		path, query := o.Path, url.Values{"page": {"1"}, "pageSize": {"1"}}
		for _, p := range o.Parameters {
			switch {
			case p.In == "path":
				path = strings.ReplaceAll(path, "{"+p.Name+"}", fmt.Sprint(idIn(t, company, client, o, p.Name)))
			case p.Required && !query.Has(p.Name):
				query.Set(p.Name, "2026-10-01")
			}
		}
		ask := func(name, value string) (*tid.Error, error) {
			asked := maps.Clone(query)
			asked.Set(name, value)
			err := client.Do(t.Context(), "GET", path, asked, nil, nil)
			var refused *tid.Error
			errors.As(err, &refused)
			return refused, err
		}
		for _, p := range o.Parameters {
			if p.In != "query" || p.kind == "string" && len(p.Values) == 0 && p.schema.Format == nil {
				continue // anything goes
			}
			for _, value := range p.Values {
				if _, err := ask(p.Name, value); err != nil {
					t.Errorf("%s refuses %s=%s: %v", o, p.Name, value, err)
				}
			}
			refused, err := ask(p.Name, "invented")
			if refused == nil || refused.StatusCode != http.StatusBadRequest {
				t.Errorf("%s takes %s=invented: %v", o, p.Name, err)
				continue
			}
			for _, value := range listed(refused.Fields[p.Name]) {
				if !slices.Contains(p.Values, value) {
					t.Errorf("%s takes %s=%s, which is not described", o, p.Name, value)
				}
			}
		}
	}
}

// listed are the values that a message names: "must be one of a, b, not …".
func listed(messages []string) []string {
	message := strings.Join(messages, " ")
	_, values, ok := strings.Cut(message, "one of ")
	values, _, cut := strings.Cut(values, ", not ")
	if !ok || !cut {
		return nil
	}
	return strings.Split(values, ", ")
}
