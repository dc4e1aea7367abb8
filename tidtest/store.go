package tidtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest/internal/account"
	"github.com/vismatid/tid/tidtest/internal/operations"
	"github.com/vismatid/tid/tidtest/internal/schema"
	"github.com/vismatid/tid/tidtest/internal/shapes"
	"github.com/vismatid/tid/tidtest/internal/tables"
)

// A Store holds the objects of one resource. T is the SDK's type of them. All its methods work on the server's own objects at
// once, without a request, and are safe for concurrent use.
//
// What is put into a store is checked against the server's own description of the resource: a property that the API does not
// have, or a value of the wrong kind, is a panic that says so. Where T has an Extra, that holds what Server.AddProperties has
// added.
type Store[T any] struct {
	account *account.Account
	res     *account.Resource
	parent  int64
}

// A NestedStore holds the objects of a resource that belong to those of another one, such as the comments of projects.
type NestedStore[T any] struct {
	account *account.Account
	res     *account.Resource
}

// Of returns the store of those that belong to the object of the given id.
func (n NestedStore[T]) Of(parentID int64) *Store[T] { return &Store[T]{n.account, n.res, parentID} }

// Put stores an object as it would be read, in the place of the one that had its id, and returns the id: a new one if the
// object has none. Stamps that are not set become now. What the object refers to need not be there; a request that
// introduces a reference to something that is not there is refused all the same.
func (s *Store[T]) Put(v T) int64 { return s.PutAll([]T{v})[0] }

// PutAll is Put for many objects at once.
func (s *Store[T]) PutAll(vs []T) []int64 {
	ids := make([]int64, len(vs))
	const batch = 256
	texts := make([][]byte, 0, batch)
	for i := 0; i < len(vs); i += batch {
		texts = texts[:0]
		for _, v := range vs[i:min(i+batch, len(vs))] {
			texts = append(texts, encode(v))
		}
		s.account.Lock()
		for j, text := range texts {
			var extra tid.Extra
			if e := extraOf(&vs[i+j]); e != nil {
				extra = *e
			}
			id, err := s.account.PutJSON(s.res, s.parent, 0, text, extra)
			if err != nil {
				s.account.Unlock()
				panic(fmt.Sprintf("tidtest: an object of the %s cannot be stored: %v", s.res.Name, err))
			}
			ids[i+j] = id
		}
		s.account.Unlock()
	}
	return ids
}

// Get returns an object in full.
func (s *Store[T]) Get(id int64) (v T, ok bool) {
	s.account.RLock()
	r := s.find(id)
	var text []byte
	var extra tid.Extra
	if r != nil {
		text, extra = s.text(r)
	}
	s.account.RUnlock()
	if r != nil {
		v = decode[T](text, extra)
	}
	return v, r != nil
}

// All returns all objects in full, in the order of their ids.
func (s *Store[T]) All() []T {
	s.account.RLock()
	rows := slices.Clone(s.res.Children(s.parent))
	s.account.RUnlock()
	all := make([]T, len(rows))
	for i, r := range rows {
		s.account.RLock()
		text, extra := s.text(r)
		s.account.RUnlock()
		all[i] = decode[T](text, extra)
	}
	return all
}

// Len returns the number of objects.
func (s *Store[T]) Len() int {
	s.account.RLock()
	defer s.account.RUnlock()
	return len(s.res.Children(s.parent))
}

// Update changes an object by a function, as if it had been edited elsewhere: it counts as updated now, unless the function
// sets that stamp itself. It says whether there was such an object.
func (s *Store[T]) Update(id int64, edit func(*T)) bool {
	s.account.RLock()
	old := s.find(id)
	var text []byte
	var extra tid.Extra
	if old != nil {
		text, extra = s.text(old)
	}
	s.account.RUnlock()
	if old == nil {
		return false
	}
	v := decode[T](text, extra)
	edit(&v)
	text = encode(v)
	if e := extraOf(&v); e != nil { // else it is kept as it was
		extra = *e
	}
	s.account.Lock()
	defer s.account.Unlock()
	if s.find(id) == nil {
		return false
	}
	if _, err := s.account.PutJSON(s.res, s.parent, id, text, extra); err != nil {
		panic(fmt.Sprintf("tidtest: an object of the %s cannot be stored: %v", s.res.Name, err))
	}
	touched := s.find(id).Clone()
	for _, f := range s.res.Schema.Fields {
		if f.Updated && touched.Num(f) == old.Num(f) {
			touched.SetNum(f, s.account.Stamp())
		}
	}
	s.res.Put(touched)
	return true
}

// Delete removes an object and all that belongs to it, and says whether there was one.
func (s *Store[T]) Delete(id int64) bool {
	s.account.Lock()
	defer s.account.Unlock()
	return s.find(id) != nil && s.account.Delete(s.res, id)
}

func (s *Store[T]) find(id int64) *schema.Record {
	r := s.res.Find(id)
	if r == nil || s.res.Parent != 0 && r.Parent != s.parent {
		return nil
	}
	return r
}

// text is an object as JSON, and what it has of properties that a test has added.
func (s *Store[T]) text(r *schema.Record) ([]byte, tid.Extra) {
	return (&shapes.Writer{Account: s.account, Detail: true}).Record(nil, s.res, r), s.res.Schema.Extra(r)
}

func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("tidtest: a %T does not become JSON: %v", v, err))
	}
	return text
}

func decode[T any](text []byte, extra tid.Extra) (v T) {
	if err := json.Unmarshal(text, &v); err != nil {
		panic(fmt.Sprintf("tidtest: a %T cannot be made of %s: %v", v, text, err))
	}
	if e := extraOf(&v); e != nil {
		*e = extra
	}
	return v
}

// extraOf returns the Extra of the struct that v points to, nil if its type has none.
func extraOf(v any) *tid.Extra {
	field := reflect.ValueOf(v).Elem().FieldByName("Extra")
	if !field.IsValid() {
		return nil
	}
	return field.Addr().Interface().(*tid.Extra)
}

// PutJSON stores an object, written as a response shows it, under the path of a list, such as "v1/Core/Contacts" or
// "v1/Core/Projects/4711/Comments". It returns the id and panics like Put.
func (s *Server) PutJSON(path, object string) int64 {
	op, args := s.listAt(path)
	err := schema.ValidJSON([]byte(object))
	var id int64
	if err == nil {
		s.account.Lock()
		defer s.account.Unlock()
		id, err = s.account.PutJSON(op.Resource, op.ParentID(args), 0, []byte(object), nil)
	}
	if err != nil {
		panic(fmt.Sprintf("tidtest: the object cannot be stored at %s: %v", path, err))
	}
	return id
}

// listAt returns the operation that lists what is kept at a path.
func (s *Server) listAt(path string) (op *operations.Operation, args []string) {
	op, args = s.router.Find(http.MethodGet, path)
	if op == nil || op.Resource.Gather != nil || op.Path != op.Resource.Path {
		panic("tidtest: nothing is kept at " + path)
	}
	return op, args
}

// GetJSON returns an object, written as a response shows it, or "" if there is none. The path is that of a list with an id
// at its end, even where the API itself has no such operation.
func (s *Server) GetJSON(path string) string {
	cut := max(0, strings.LastIndexByte(path, '/'))
	list, last := path[:cut], path[min(cut+1, len(path)):]
	op, args := s.router.Find(http.MethodGet, list)
	id, err := operations.ParseID(last)
	if op == nil || err != nil {
		return ""
	}
	s.account.RLock()
	defer s.account.RUnlock()
	r := op.Resource.Find(id)
	if r == nil || r.Parent != op.ParentID(args) {
		return ""
	}
	return string((&shapes.Writer{Account: s.account, Detail: true}).Record(nil, op.Resource, r))
}

// Client returns a client of the server, made with AppID and AppSecret; further options come after its own. It panics if they
// are not valid.
func (s *Server) Client(opts ...tid.Option) *tid.Client {
	own := []tid.Option{tid.WithBaseURL(s.URL)}
	if s.memory != nil {
		own = append(own, tid.WithHTTPClient(&http.Client{Transport: s.memory}))
	}
	c, err := tid.NewClient(tid.AppCredentials(s.AppID, s.AppSecret), append(own, opts...)...)
	if err != nil {
		panic("tidtest: " + err.Error())
	}
	return c
}

func storeOf[T any](s *Server, id schema.ResourceID) *Store[T] {
	return &Store[T]{account: s.account, res: s.account.Resource(id)}
}

func nestedOf[T any](s *Server, id schema.ResourceID) NestedStore[T] {
	return NestedStore[T]{s.account, s.account.Resource(id)}
}

// openStores makes the stores of a new server.
func (s *Server) openStores() {
	s.AbsenceProjects = storeOf[tid.AbsenceProject](s, tables.AbsenceProjects)
	s.Activities = storeOf[tid.Activity](s, tables.Activities)
	s.Articles = storeOf[tid.Article](s, tables.Articles)
	s.BookingProjects = storeOf[tid.BookingProject](s, tables.BookingProjects)
	s.Contacts = storeOf[tid.Contact](s, tables.Contacts)
	s.InternalProjects = storeOf[tid.InternalProject](s, tables.InternalProjects)
	s.Invoices = storeOf[tid.Invoice](s, tables.Invoices)
	s.Logs = storeOf[tid.Log](s, tables.Logs)
	s.MaterialReports = storeOf[tid.MaterialReport](s, tables.MaterialReports)
	s.Offers = storeOf[tid.Offer](s, tables.Offers)
	s.Opportunities = storeOf[tid.Opportunity](s, tables.Opportunities)
	s.OpportunityStatuses = storeOf[tid.OpportunityStatus](s, tables.OpportunityStatuses)
	s.OpportunityTags = storeOf[tid.OpportunityTag](s, tables.OpportunityTags)
	s.PaymentPlans = storeOf[tid.PaymentPlan](s, tables.PaymentPlans)
	s.ProjectCollections = storeOf[tid.ProjectCollection](s, tables.ProjectCollections)
	s.ProjectComments = nestedOf[tid.Comment](s, tables.ProjectComments)
	s.ProjectStatuses = storeOf[tid.ProjectStatus](s, tables.ProjectStatuses)
	s.Projects = storeOf[tid.Project](s, tables.Projects)
	s.SupplierInvoices = storeOf[tid.SupplierInvoice](s, tables.SupplierInvoices)
	s.TaskAttachments = nestedOf[tid.Attachment](s, tables.TaskAttachments)
	s.TaskBoards = storeOf[tid.TaskBoard](s, tables.TaskBoards)
	s.TaskChecklists = nestedOf[tid.Checklist](s, tables.TaskChecklists)
	s.TaskComments = nestedOf[tid.Comment](s, tables.TaskComments)
	s.Tasks = storeOf[tid.Task](s, tables.Tasks)
	s.TimeCodes = storeOf[tid.TimeCode](s, tables.TimeCodes)
	s.TimeReports = storeOf[tid.TimeReport](s, tables.TimeReports)
	s.Users = storeOf[tid.User](s, tables.Users)
	s.VacationRequests = storeOf[tid.VacationRequest](s, tables.VacationRequests)

	s.Categories = storeOf[tid.CategoryRef](s, tables.Categories)
	s.CostCenters = storeOf[tid.CostCenterRef](s, tables.CostCenters)
	s.Departments = storeOf[tid.Ref](s, tables.Departments)
	s.Plannings = storeOf[Planning](s, tables.Plannings)
	s.Schedules = storeOf[tid.Ref](s, tables.Schedules)
	s.Tags = storeOf[tid.Tag](s, tables.Tags)
	s.TimeReportingProfiles = storeOf[tid.Ref](s, tables.TimeReportingProfiles)
	s.TravelReports = storeOf[tid.TravelReportInput](s, tables.TravelReports)
	s.UnhandledSupplierInvoices = storeOf[UnhandledSupplierInvoice](s, tables.UnhandledInvoices)
	s.Units = storeOf[tid.Ref](s, tables.Units)
}

// A Planning is time that a user is planned for: what the lists below v1/Core/Planning add up.
type Planning struct {
	ID   int64    `json:"id"`
	User *tid.Ref `json:"user,omitzero"`
	// One of Project, InternalProject and AbsenceProject is set.
	Project         *tid.Ref    `json:"project,omitzero"`
	InternalProject *tid.Ref    `json:"internalProject,omitzero"`
	AbsenceProject  *tid.Ref    `json:"absenceProject,omitzero"`
	FromDate        tid.Date    `json:"fromDate,omitzero"`
	ToDate          tid.Date    `json:"toDate,omitzero"`
	Hours           tid.Decimal `json:"hours"`
	ObjectName      string      `json:"objectName,omitzero"`
}

// An UnhandledSupplierInvoice is a supplier invoice that has been added through the API and has not been handled yet. The API
// does not list them.
type UnhandledSupplierInvoice struct {
	tid.SupplierInvoice
	// SupplierName is there for a supplier that is not among the contacts.
	SupplierName string `json:"supplierName,omitzero"`
}

// SetTimeCalculation sets what the time calculation of a project answers.
func (s *Server) SetTimeCalculation(projectID int64, v tid.TimeCalculation) {
	text := encode(v)
	s.account.Lock()
	defer s.account.Unlock()
	if _, err := s.account.PutJSON(s.account.Resource(tables.TimeCalculations), 0, projectID, text, nil); err != nil {
		panic(fmt.Sprintf("tidtest: the time calculation cannot be stored: %v", err))
	}
}

// EconomySystemInvoiceNumber returns the number that an invoice has been given when it was marked as sent to the economy
// system, which the API does not show.
func (s *Server) EconomySystemInvoiceNumber(invoiceID int64) string {
	s.account.RLock()
	defer s.account.RUnlock()
	res := s.account.Resource(tables.Invoices)
	if r := res.Find(invoiceID); r != nil {
		return r.Text(res.Schema.Field("economySystemInvoiceNumber"))
	}
	return ""
}

// SetDownload sets what a download answers; the path is that of the operation, such as "v1/Core/Offers/7/Download". Without
// it an offer that has a PDF answers a small one, and an attachment that is no link as many bytes as its size says.
func (s *Server) SetDownload(path, name, contentType string, content []byte) {
	op, args := s.router.Find(http.MethodGet, path)
	if op == nil || !strings.HasSuffix(op.Path, "/Download") {
		panic("tidtest: nothing can be downloaded at " + path)
	}
	id, err := operations.ParseID(args[len(args)-1])
	if err != nil {
		panic("tidtest: " + err.Error())
	}
	s.account.Lock()
	defer s.account.Unlock()
	s.account.SetContent(op.Resource.ID, id, account.File{Name: name, ContentType: contentType, Content: content})
}
