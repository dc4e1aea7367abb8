package mirror

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/vismatid/tid"
)

// list is a list of the API, and how it is read.
type list struct {
	table *table
	// follow yields what has changed; nil where the API does not sort the list by updates.
	follow func(context.Context, *tid.Client, *tid.Cursor) iter.Seq2[any, error]
	all    func(context.Context, *tid.Client) iter.Seq2[any, error]
	// page reads a page, from 1, in the order of the list or in the opposite one, and tells
	// whether more follow.
	page func(ctx context.Context, c *tid.Client, number int, order tid.SortOrder) (items []any, more bool, err error)
	// created says that the list is in the order in which its rows were created, and
	// appends that its rows do not change, either.
	created, appends bool
	// gone finds deleted rows; nil where the SDK has no method for it.
	gone func(context.Context, *tid.Client, iter.Seq2[int64, tid.DateTime]) iter.Seq2[int64, error]
	// get reads the detail of a row; nil where the row is all there is. needs says whether
	// a row has one.
	get   func(context.Context, *tid.Client, int64) (any, error)
	needs func(row any) bool
	// Of a list that the API has for each row of another list: that list, and what belongs
	// to one of its rows.
	parents *list
	within  func(ctx context.Context, c *tid.Client, parent int64) iter.Seq2[any, error]
}

// lists are the lists of the API, in the order in which they are read: what others refer to
// comes first.
var lists = []*list{
	read("users", func(c *tid.Client) *tid.UsersService { return c.Users }, tid.UserListOptions{IncludeRestricted: true}).
		detail(reflect.TypeFor[tid.User](), getter(func(c *tid.Client) *tid.UsersService { return c.Users }), nil),
	read("absence_projects", func(c *tid.Client) *tid.AbsenceProjectsService { return c.AbsenceProjects }, tid.AbsenceProjectListOptions{}),
	read("internal_projects", func(c *tid.Client) *tid.InternalProjectsService { return c.InternalProjects }, tid.InternalProjectListOptions{}),
	read("project_statuses", func(c *tid.Client) *tid.ProjectStatusesService { return c.ProjectStatuses }, tid.ProjectStatusListOptions{}),
	read("time_codes", func(c *tid.Client) *tid.TimeCodesService { return c.TimeCodes }, tid.TimeCodeListOptions{}),
	read("opportunity_statuses", func(c *tid.Client) *tid.OpportunityStatusesService { return c.OpportunityStatuses }, tid.OpportunityStatusListOptions{}),
	read("opportunity_tags", func(c *tid.Client) *tid.OpportunityTagsService { return c.OpportunityTags }, tid.OpportunityTagListOptions{}),
	read("project_collections", func(c *tid.Client) *tid.ProjectCollectionsService { return c.ProjectCollections }, tid.ProjectCollectionListOptions{}),
	followed("activities", func(c *tid.Client) *tid.ActivitiesService { return c.Activities }, tid.ActivityListOptions{}),
	followed("articles", func(c *tid.Client) *tid.ArticlesService { return c.Articles }, tid.ArticleListOptions{ArticleType: tid.ArticleAll}),
	followed("booking_projects", func(c *tid.Client) *tid.BookingProjectsService { return c.BookingProjects }, tid.BookingProjectListOptions{}),
	followed("contacts", func(c *tid.Client) *tid.ContactsService { return c.Contacts }, tid.ContactListOptions{}).
		detail(reflect.TypeFor[tid.Contact](), getter(func(c *tid.Client) *tid.ContactsService { return c.Contacts }), func(row any) bool {
			return row.(*tid.ContactSummary).ContactType != tid.ContactPerson // only companies have contact persons
		}),
	followed("projects", func(c *tid.Client) *tid.ProjectsService { return c.Projects }, tid.ProjectListOptions{}).
		detail(reflect.TypeFor[tid.Project](), getter(func(c *tid.Client) *tid.ProjectsService { return c.Projects }), nil),
	followed("opportunities", func(c *tid.Client) *tid.OpportunitiesService { return c.Opportunities }, tid.OpportunityListOptions{}).
		detail(reflect.TypeFor[tid.Opportunity](), getter(func(c *tid.Client) *tid.OpportunitiesService { return c.Opportunities }), nil),
	followed("offers", func(c *tid.Client) *tid.OffersService { return c.Offers }, tid.OfferListOptions{}),
	followed("task_boards", func(c *tid.Client) *tid.TaskBoardsService { return c.TaskBoards }, tid.TaskBoardListOptions{}),
	read("tasks", func(c *tid.Client) *tid.TasksService { return c.Tasks }, tid.TaskListOptions{SortBy: tid.TasksByCreatedDate}).
		byCreation(),
	followed("vacation_requests", func(c *tid.Client) *tid.VacationRequestsService { return c.VacationRequests }, tid.VacationRequestListOptions{}),
	followed("payment_plans", func(c *tid.Client) *tid.PaymentPlansService { return c.PaymentPlans }, tid.PaymentPlanListOptions{}),
	followed("supplier_invoices", func(c *tid.Client) *tid.SupplierInvoicesService { return c.SupplierInvoices }, tid.SupplierInvoiceListOptions{}),
	followed("material_reports", func(c *tid.Client) *tid.MaterialReportsService { return c.MaterialReports }, tid.MaterialReportListOptions{}),
	followed("time_reports", func(c *tid.Client) *tid.TimeReportsService { return c.TimeReports }, tid.TimeReportListOptions{}),
	read("invoices", func(c *tid.Client) *tid.InvoicesService { return c.Invoices }, tid.InvoiceListOptions{SortBy: tid.InvoicesByCreatedDate}).
		byCreation().
		detail(reflect.TypeFor[tid.Invoice](), getter(func(c *tid.Client) *tid.InvoicesService { return c.Invoices }), nil),
	read("logs", func(c *tid.Client) *tid.LogsService { return c.Logs }, tid.LogListOptions{SortBy: tid.LogsByCreatedDate}).
		byCreation().
		appended(),
}

// nestedLists are the lists that the API has for each project or task.
var nestedLists = []*list{
	nested("project_comments", "projects", "project_id", func(c *tid.Client) *tid.ProjectCommentsService { return c.Projects.Comments }, tid.ProjectCommentListOptions{}),
	nested("task_comments", "tasks", "task_id", func(c *tid.Client) *tid.TaskCommentsService { return c.Tasks.Comments }, tid.TaskCommentListOptions{}),
	nested("task_checklists", "tasks", "task_id", func(c *tid.Client) *tid.TaskChecklistsService { return c.Tasks.Checklists }, tid.ChecklistListOptions{}),
	nested("task_attachments", "tasks", "task_id", func(c *tid.Client) *tid.TaskAttachmentsService { return c.Tasks.Attachments }, tid.AttachmentListOptions{}),
}

// everyList are all lists, those that others belong to first.
func everyList() []*list { return append(lists[:len(lists):len(lists)], nestedLists...) }

// Tables are the names of the lists, as [Options.Only] takes them, in the order in which
// they are read. The last ones are those that [Options.Nested] is about.
func Tables() []string {
	var names []string
	for _, l := range everyList() {
		names = append(names, l.table.name)
	}
	return names
}

// chosen are the lists of these names, which may have hyphens, and all lists if there are
// none, of options that name an account. Nested lists are among them if they are named, or wanted with those they belong to.
func chosen(opts Options) ([]*list, error) {
	if opts.Account == "" || strings.ContainsRune(opts.Account, 0) || !utf8.ValidString(opts.Account) {
		return nil, errors.New("mirror: Options.Account must name the account, in UTF-8 and without NUL")
	}
	wanted := make(map[string]bool)
	for _, name := range opts.Only {
		name = strings.ReplaceAll(strings.TrimSpace(name), "-", "_")
		if !slices.Contains(Tables(), name) {
			return nil, fmt.Errorf("mirror: there is no list %q; there are %s", name, strings.Join(Tables(), ", "))
		}
		wanted[name] = true
	}
	var some []*list
	for _, l := range everyList() {
		of := l
		if l.parents != nil && opts.Nested {
			of = l.parents
		}
		if wanted[l.table.name] || wanted[of.table.name] || len(wanted) == 0 && of.parents == nil {
			some = append(some, l)
		}
	}
	return some, nil
}

type goner interface {
	Gone(context.Context, iter.Seq2[int64, tid.DateTime]) iter.Seq2[int64, error]
}

// read is a list of which the rows are compared.
func read[T, O any, S interface {
	All(context.Context, *O) iter.Seq2[*T, error]
	List(context.Context, *O) (*tid.Page[T], error)
}](name string, service func(*tid.Client) S, opts O) *list {
	l := &list{table: newTable(name, "", reflect.TypeFor[T]())}
	l.table.hashed = true
	l.all = func(ctx context.Context, c *tid.Client) iter.Seq2[any, error] {
		opts := opts
		l.ordered(&opts, tid.Ascending)
		return anything(service(c).All(ctx, &opts))
	}
	l.page = func(ctx context.Context, c *tid.Client, number int, order tid.SortOrder) (items []any, more bool, err error) {
		opts := opts
		l.ordered(&opts, order).Page = number
		page, err := service(c).List(ctx, &opts)
		if err != nil {
			return nil, false, err
		}
		for _, item := range page.Items {
			items = append(items, item)
		}
		last := page.TotalPages
		if last == 0 { // some answers have no number of pages
			last = pages(page.TotalItemCount)
		}
		return items, len(items) > 0 && number < last, nil
	}
	return l
}

// ordered sets the order in the options of a list that has one.
func (l *list) ordered(opts any, order tid.SortOrder) *tid.ListOptions {
	common := reflect.ValueOf(opts).Elem().FieldByName("ListOptions").Addr().Interface().(*tid.ListOptions)
	if l.created {
		common.SortOrder = order
	}
	return common
}

// followed is a list of which the changes are read.
func followed[T, O any, S interface {
	All(context.Context, *O) iter.Seq2[*T, error]
	List(context.Context, *O) (*tid.Page[T], error)
	Follow(context.Context, *tid.Cursor, *O) iter.Seq2[*T, error]
}](name string, service func(*tid.Client) S, opts O) *list {
	l := read(name, service, opts)
	l.table.hashed = false
	l.follow = func(ctx context.Context, c *tid.Client, cursor *tid.Cursor) iter.Seq2[any, error] {
		return anything(service(c).Follow(ctx, cursor, &opts))
	}
	var none S
	if _, ok := any(none).(goner); ok {
		l.gone = func(ctx context.Context, c *tid.Client, known iter.Seq2[int64, tid.DateTime]) iter.Seq2[int64, error] {
			return any(service(c)).(goner).Gone(ctx, known)
		}
	}
	return l
}

// detail is the list with the details of its rows, of a type that embeds that of the rows.
func (l *list) detail(model reflect.Type, get func(context.Context, *tid.Client, int64) (any, error), needs func(any) bool) *list {
	hashed := l.table.hashed
	l.table = newTable(l.table.name, "", model)
	l.table.hashed = hashed
	l.get, l.needs = get, needs
	if needs == nil {
		l.needs = func(any) bool { return true }
	}
	return l
}

// nested is a list that the API has for each row of another list, whose id is in the column
// owner.
func nested[T, O any, S interface {
	All(context.Context, int64, *O) iter.Seq2[*T, error]
}](name, parents, owner string, service func(*tid.Client) S, opts O) *list {
	l := &list{table: newTable(name, owner, reflect.TypeFor[T]())}
	l.table.hashed = true
	l.parents = lists[slices.IndexFunc(lists, func(l *list) bool { return l.table.name == parents })]
	l.within = func(ctx context.Context, c *tid.Client, parent int64) iter.Seq2[any, error] {
		return anything(service(c).All(ctx, parent, &opts))
	}
	return l
}

// byCreation is the list as one that its options sort by when its rows were created.
func (l *list) byCreation() *list {
	l.created = true
	return l
}

// appended is the list as one to which rows are only added.
func (l *list) appended() *list {
	l.appends = true
	return l
}

func getter[D any, S interface {
	Get(context.Context, int64) (*D, error)
}](service func(*tid.Client) S) func(context.Context, *tid.Client, int64) (any, error) {
	return func(ctx context.Context, c *tid.Client, id int64) (any, error) { return service(c).Get(ctx, id) }
}

func anything[T any](seq iter.Seq2[*T, error]) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		for item, err := range seq {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(item, nil) {
				return
			}
		}
	}
}
