package sandbox

import (
	"bytes"
	"encoding/json"
	"iter"
	"strconv"
	"strings"

	"github.com/vismatid/tid/internal/scan"
	"github.com/vismatid/tid/tidtest"
)

// A resource is a kind of object that an account has.
type resource struct {
	Path    string // of its list; that of nested objects has the placeholder of the parent
	Title   string
	columns []string // what is shown of an object, the first of the alternatives that it has
}

// An object is one of an account, with the path at which it is.
type object struct {
	path string
	json []byte
}

// lists are the paths of the lists of a resource: one, or one for each parent.
func (res *resource) lists(s *tidtest.Server) []string {
	parent, _, nested := strings.Cut(res.Path, "/{")
	if !nested {
		return []string{res.Path}
	}
	ids := s.IDs(parent)
	lists := make([]string, len(ids))
	for i, id := range ids {
		lists[i] = fill(res.Path, strconv.FormatInt(id, 10))
	}
	return lists
}

func (res *resource) count(s *tidtest.Server) (n int) {
	for _, list := range res.lists(s) {
		n += len(s.IDs(list))
	}
	return n
}

// all yields the objects of a resource.
func (res *resource) all(s *tidtest.Server) iter.Seq[object] {
	return func(yield func(object) bool) {
		for _, list := range res.lists(s) {
			for _, id := range s.IDs(list) {
				path := list + "/" + strconv.FormatInt(id, 10)
				text := s.GetJSON(path)
				if text != "" && !yield(object{path, []byte(text)}) { // one may have been deleted by now
					return
				}
			}
		}
	}
}

// resources are all of an account, in the order of the page.
var resources = []*resource{
	{"v1/Core/Contacts", "Contacts", columns("name", "contactType", "customerNumber|company.name", "email")},
	{"v1/Core/Projects", "Projects", columns("orderNumber", "title", "customer.name", "status.name")},
	{"v1/Core/Projects/{projectId}/Comments", "Comments of projects", columns("text", "user.name", "createdDate")},
	{"v1/Core/TimeReports", "Time reports", columns("date", "user.name", "hours", "project.name|internalProject.name|absenceProject.name")},
	{"v1/Core/MaterialReports", "Material reports", columns("title", "consumedUnits", "unitText", "project.name")},
	{"v1/Core/Tasks", "Tasks", columns("title", "board.name", "boardColumn.name", "startDate")},
	{"v1/Core/Tasks/{taskId}/Comments", "Comments of tasks", columns("text", "user.name", "createdDate")},
	{"v1/Core/Tasks/{taskId}/Checklists", "Checklists", columns("name")},
	{"v1/Core/Tasks/{taskId}/Attachments", "Attachments", columns("name", "contentType|provider", "size|url")},
	{"v1/Core/TaskBoards", "Task boards", columns("name", "project.name")},
	{"v1/Core/Opportunities", "Opportunities", columns("title", "customer.name", "opportunityState", "turnover")},
	{"v1/Core/Offers", "Offers", columns("offerNumber", "title", "customer.name", "offerState")},
	{"v1/Core/Invoices", "Invoices", columns("invoiceNumber", "invoiceDate", "customer.name|contact.name", "sentToEconomySystem")},
	{"v1/Core/PaymentPlans", "Payment plans", columns("description", "date", "price", "project.name")},
	{"v1/Core/SupplierInvoices", "Supplier invoices", columns("invoiceNumber", "invoiceDate", "supplier.name", "totalAmount")},
	{"v1/Core/VacationRequests", "Vacation requests", columns("user.name", "fromDate", "toDate", "state")},
	{"v1/Core/ProjectCollections", "Project collections", columns("number", "name", "projectCollectionType")},
	{"v1/Core/Logs", "Logs", columns("createdDate", "logType", "project.name", "text")},
	{"v1/Admin/Users", "Users", columns("firstName", "lastName", "employeeNumber", "department.name")},
	{"v1/Admin/AbsenceProjects", "Absence projects", columns("name", "isActive")},
	{"v1/Admin/Activities", "Activities", columns("name", "isActive")},
	{"v1/Admin/Articles", "Articles", columns("articleNumber", "name", "articleType", "price")},
	{"v1/Admin/BookingProjects", "Booking projects", columns("bookingNumber", "name", "isActive")},
	{"v1/Admin/InternalProjects", "Internal projects", columns("name", "isActive")},
	{"v1/Admin/OpportunityStatuses", "Opportunity statuses", columns("name", "color")},
	{"v1/Admin/OpportunityTags", "Opportunity tags", columns("title", "color")},
	{"v1/Admin/ProjectStatuses", "Project statuses", columns("name", "color", "isCompletedStatus")},
	{"v1/Admin/Timecodes", "Time codes", columns("code", "name", "billable")},
}

func columns(alternatives ...string) []string { return alternatives }

// fill puts values in the places of the placeholders of a path, as many as there are.
func fill(path string, values ...string) string {
	for _, v := range values {
		begin, end := strings.IndexByte(path, '{'), strings.IndexByte(path, '}')
		if begin < 0 || end < begin {
			break
		}
		path = path[:begin] + v + path[end+1:]
	}
	return path
}

func resourceAt(path string) *resource {
	for _, res := range resources {
		if res.Path == path {
			return res
		}
	}
	return nil
}

func (o object) id() (id int64) {
	scan.Members(o.json, func(name, value []byte) bool {
		if string(name) == "id" {
			id, _ = strconv.ParseInt(string(value), 10, 64)
			return false
		}
		return true
	})
	return id
}

// cell is the text of the first of some alternatives that the object has.
func (o object) cell(column string) string {
	for path := range strings.SplitSeq(column, "|") {
		at := o.json
		for name := range strings.SplitSeq(path, ".") {
			var found []byte
			scan.Members(at, func(member, value []byte) bool {
				if string(member) == name {
					found = value
				}
				return found == nil
			})
			if at = found; at == nil {
				break
			}
		}
		if text := plain(at); text != "" {
			return text
		}
	}
	return ""
}

// plain is the text of a JSON value that is not composed of others.
func plain(raw []byte) string {
	switch {
	case len(raw) == 0 || raw[0] == '{' || raw[0] == '[' || raw[0] == 'n':
		return ""
	case raw[0] == '"':
		var s string
		_ = json.Unmarshal(raw, &s) // which has just been written
		return s
	}
	return string(raw)
}

// has says whether one of the values in a JSON text contains a text in lower case.
func has(raw []byte, text string) (found bool) {
	look := func(value []byte) bool { found = has(value, text); return !found }
	switch raw[0] {
	case '{':
		scan.Members(raw, func(_, value []byte) bool { return look(value) })
	case '[':
		scan.Elements(raw, look)
	case '"':
		return strings.Contains(strings.ToLower(plain(raw)), text)
	default:
		return bytes.Equal(raw, []byte(text))
	}
	return found
}

// mostRows is how many objects a search shows.
const mostRows = 100

// A search is what a part of an account looks like.
type search struct {
	Matched int         `json:"matched"`
	Columns []string    `json:"columns"`
	Rows    []searchRow `json:"rows"`
}

type searchRow struct {
	Path  string   `json:"path"`
	Cells []string `json:"cells"`
}

// find looks for objects of a resource, or of all of them for nil, in which a text occurs.
func find(s *tidtest.Server, in *resource, text string) search {
	text = strings.ToLower(strings.TrimSpace(text))
	found := search{Columns: []string{"resource", "object"}, Rows: []searchRow{}}
	within := resources
	if in != nil {
		within, found.Columns = []*resource{in}, nil
		for _, column := range in.columns {
			name, _, _ := strings.Cut(column, "|")
			found.Columns = append(found.Columns, strings.TrimSuffix(name, ".name"))
		}
	}
	for _, res := range within {
		for o := range res.all(s) {
			if text != "" && !has(o.json, text) {
				continue
			}
			if found.Matched++; found.Matched > mostRows {
				continue
			}
			row := searchRow{Path: o.path}
			for _, column := range res.columns {
				row.Cells = append(row.Cells, o.cell(column))
			}
			if in == nil {
				row.Cells = []string{res.Title, strings.Join(row.Cells, " · ")}
			}
			found.Rows = append(found.Rows, row)
		}
	}
	return found
}
