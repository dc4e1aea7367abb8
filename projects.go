package tid

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"iter"
)

// ProjectsService reads and writes projects. No operation that deletes one is
// known.
type ProjectsService struct {
	service
	// Comments are what users have written about a project.
	Comments *ProjectCommentsService
}

// InvoiceType is how a project is invoiced.
type InvoiceType string

// The ways to invoice a project.
const (
	InvoiceTypeOngoing    InvoiceType = "ongoing"
	InvoiceTypeFixedPrice InvoiceType = "fixedPrice"
	InvoiceTypeNone       InvoiceType = "none"
)

var invoiceTypes = enumOf(InvoiceTypeOngoing, InvoiceTypeFixedPrice, InvoiceTypeNone)

func (InvoiceType) values() enum { return invoiceTypes }

// UnmarshalText reads a type in any case and keeps an unknown one.
func (t *InvoiceType) UnmarshalText(text []byte) error {
	return invoiceTypes.decode((*string)(t), text)
}

// ProjectSort is a key that projects can be sorted by.
type ProjectSort string

// The sort keys of projects.
const (
	ProjectsByOrderNumber ProjectSort = "orderNumber"
	ProjectsByTitle       ProjectSort = "title"
	ProjectsByCreatedDate ProjectSort = "createdDate"
	ProjectsByUpdatedDate ProjectSort = "updatedDate"
)

var projectSorts = enumOf(ProjectsByOrderNumber, ProjectsByTitle, ProjectsByCreatedDate, ProjectsByUpdatedDate)

func (ProjectSort) values() enum { return projectSorts }

// ProjectSummary is a project as the list has it.
type ProjectSummary struct {
	ID                int64             `json:"id"`
	OrderNumber       string            `json:"orderNumber,omitzero"`
	Title             string            `json:"title"`
	Status            *ProjectStatusRef `json:"status,omitzero"`
	Category          *CategoryRef      `json:"category,omitzero"`
	SalesResponsible  *Ref              `json:"salesResponsible,omitzero"`
	ProjectManager    *Ref              `json:"projectManager,omitzero"`
	Customer          *Ref              `json:"customer,omitzero"`
	StartDate         Date              `json:"startDate,omitzero"`
	EndDate           Date              `json:"endDate,omitzero"`
	InvoiceType       InvoiceType       `json:"invoiceType,omitzero"`
	Location          *Location         `json:"location,omitzero"`
	ProjectCollection *NumberRef        `json:"projectCollection,omitzero"`
	Tags              []Tag             `json:"tags,omitzero"`
	CostCenter        *CostCenterRef    `json:"costCenter,omitzero"`
	CreatedBy         *Ref              `json:"createdBy,omitzero"`
	UpdatedBy         *Ref              `json:"updatedBy,omitzero"`
	Created           DateTime          `json:"created,omitzero"`
	Updated           DateTime          `json:"updated,omitzero"`
	ObjectName        string            `json:"objectName,omitzero"`
}

// Project is a project as the detail has it.
type Project struct {
	ProjectSummary
	Description              string           `json:"description,omitzero"`
	WorkSiteAddress          *WorkSiteAddress `json:"workSiteAddress,omitzero"`
	YourReference            string           `json:"yourReference,omitzero"`
	OurReference             string           `json:"ourReference,omitzero"`
	CustomerReferenceMarking string           `json:"customerReferenceMarking,omitzero"`
	InvoiceText              string           `json:"invoiceText,omitzero"`
	ReadyForInvoice          bool             `json:"readyForInvoice"`
	// AllIsMember says that every user may report time on the project.
	AllIsMember    bool `json:"allIsMember"`
	BookingProject *Ref `json:"bookingProject,omitzero"` // inferred
	Responsible    *Ref `json:"responsible,omitzero"`
	// Extra is what the answer had beyond these fields: of one object alone, not in lists.
	Extra Extra `json:"-"`

	answered answered
}

// ProjectStatusRef points at a project status.
type ProjectStatusRef struct {
	ID   int64  `json:"id"`
	Name string `json:"name,omitzero"`
	// IsCompletedStatus says that projects with this status are finished.
	IsCompletedStatus bool   `json:"isCompletedStatus"`
	ObjectName        string `json:"objectName,omitzero"`
}

// CategoryRef points at a project category.
type CategoryRef struct {
	ID         int64  `json:"id"`
	Name       string `json:"name,omitzero"`
	Color      string `json:"color,omitzero"`
	ObjectName string `json:"objectName,omitzero"`
}

// CostCenterRef points at a cost centre.
type CostCenterRef struct {
	ID         int64  `json:"id"`
	Name       string `json:"name,omitzero"`
	Code       string `json:"code,omitzero"`
	ObjectName string `json:"objectName,omitzero"`
}

// Location is where a project is, as the list has it.
type Location struct {
	// Longitude is degrees.
	Longitude float64 `json:"longitude"`
	// Latitude is degrees.
	Latitude      float64 `json:"latitude"`
	StreetAddress string  `json:"streetAddress,omitzero"`
	PostalCode    string  `json:"postalCode,omitzero"`
	City          string  `json:"city,omitzero"`
	CountryName   string  `json:"countryName,omitzero"`
	ObjectName    string  `json:"objectName,omitzero"`
}

// WorkSiteAddress is where the work of a project is done.
type WorkSiteAddress struct {
	StreetAddress string `json:"streetAddress,omitzero"`
	PostalCode    string `json:"postalCode,omitzero"`
	City          string `json:"city,omitzero"`
	// Longitude is degrees.
	Longitude float64 `json:"longitude,omitzero"`
	// Latitude is degrees.
	Latitude   float64 `json:"latitude,omitzero"`
	ObjectName string  `json:"objectName,omitzero"`
}

// ProjectInput is all that can be written of a project. An update replaces the
// project: what is left out is cleared.
type ProjectInput struct {
	// ID is filled in by Update.
	ID                  int64   `json:"id,omitzero" held:"-"`
	Title               string  `json:"title" tid:"required"`
	ProjectCollectionID int64   `json:"projectCollectionId,omitzero"`
	StartDate           Date    `json:"startDate,omitzero"`
	EndDate             Date    `json:"endDate,omitzero"`
	TagIDs              []int64 `json:"tagIds,omitzero"`
	// ContactID is the project's Customer.
	ContactID int64 `json:"contactId,omitzero" read:"customerId"`
	// ResponsibleID is the project's Responsible, or its ProjectManager where it has none.
	ResponsibleID            int64            `json:"responsibleId,omitzero" read:"projectManagerId"`
	SalesResponsibleID       int64            `json:"salesResponsibleId,omitzero"`
	Description              string           `json:"description,omitzero"`
	StatusID                 int64            `json:"statusId,omitzero"`
	ReadyForInvoice          bool             `json:"readyForInvoice,omitzero"`
	CostCenterID             int64            `json:"costCenterId,omitzero"`
	BookingProjectID         int64            `json:"bookingProjectId,omitzero"`
	CategoryID               int64            `json:"categoryId,omitzero" held:"perhaps"`
	InvoiceText              string           `json:"invoiceText,omitzero"`
	YourReference            string           `json:"yourReference,omitzero"`
	OurReference             string           `json:"ourReference,omitzero"`
	CustomerReferenceMarking string           `json:"customerReferenceMarking,omitzero"`
	AllIsMember              bool             `json:"allIsMember,omitzero"`
	WorkSiteAddress          *WorkSiteAddress `json:"workSiteAddress,omitzero"`
	// InvoiceType counts in updates only: a project is always created as ongoing.
	InvoiceType InvoiceType `json:"invoiceType,omitzero"` // inferred
	// Extra are further properties; see [Extra].
	Extra Extra `json:"-"`

	carried carried
}

// withID returns a copy with the id of the path, which the API expects in the body too.
func (in *ProjectInput) withID(id int64) any {
	copied := *in
	copied.ID = id
	return &copied
}

// Input returns all that can be written of p, unchanged.
func (p *Project) Input() *ProjectInput {
	in := &ProjectInput{
		ID:                       p.ID,
		Title:                    p.Title,
		ProjectCollectionID:      refID(p.ProjectCollection),
		StartDate:                p.StartDate,
		EndDate:                  p.EndDate,
		TagIDs:                   tagIDs(p.Tags),
		ContactID:                refID(p.Customer),
		ResponsibleID:            refID(p.Responsible),
		SalesResponsibleID:       refID(p.SalesResponsible),
		Description:              p.Description,
		StatusID:                 refID(p.Status),
		ReadyForInvoice:          p.ReadyForInvoice,
		CostCenterID:             refID(p.CostCenter),
		BookingProjectID:         refID(p.BookingProject),
		CategoryID:               refID(p.Category),
		InvoiceText:              p.InvoiceText,
		YourReference:            p.YourReference,
		OurReference:             p.OurReference,
		CustomerReferenceMarking: p.CustomerReferenceMarking,
		AllIsMember:              p.AllIsMember,
		WorkSiteAddress:          clone(p.WorkSiteAddress),
		InvoiceType:              p.InvoiceType,
	}
	in.Extra, in.carried = handOn(p.Extra, p.answered, in)
	in.ResponsibleID = cmp.Or(in.ResponsibleID, refID(p.ProjectManager))
	return in
}

func (p *Project) input() writable             { return p.Input() }
func (p *Project) beyond() (*Extra, *answered) { return &p.Extra, &p.answered }

func (in *ProjectInput) beyond() (Extra, carried) { return in.Extra, in.carried }

// ProjectListOptions choose and order projects. All filters but Query are
// inferred.
type ProjectListOptions struct {
	ListOptions
	SortBy ProjectSort `url:"sortBy,omitempty"`
	// Query matches the order number.
	Query               string  `url:"filter.query,omitempty"`
	StatusIDs           []int64 `url:"filter.statusIds,comma,omitempty"`
	CategoryIDs         []int64 `url:"filter.categoryIds,comma,omitempty"`
	TagIDs              []int64 `url:"filter.tagIds,comma,omitempty"`
	ProjectManagerIDs   []int64 `url:"filter.projectManagerIds,comma,omitempty"`
	CustomerID          int64   `url:"filter.customerId,omitempty"`
	ProjectCollectionID int64   `url:"filter.projectCollectionId,omitempty"`
	CostCenterID        int64   `url:"filter.costCenterId,omitempty"`
	// The dates of creation and of the last update: from and to a day, or a time.
	// Whether a To that is a day includes that day is unknown.
	CreatedDateFrom DateOrTime  `url:"filter.createdDateFrom,omitempty"`
	CreatedDateTo   DateOrTime  `url:"filter.createdDateTo,omitempty"`
	UpdatedDateFrom DateOrTime  `url:"filter.updatedDateFrom,omitempty"`
	UpdatedDateTo   DateOrTime  `url:"filter.updatedDateTo,omitempty"`
	InvoiceType     InvoiceType `url:"filter.invoiceType,omitempty"`
}

// List returns one page of the projects.
//
// API: GET /v1/Core/Projects
func (s *ProjectsService) List(ctx context.Context, opts *ProjectListOptions) (*Page[ProjectSummary], error) {
	return list[ProjectSummary](ctx, s.client, "GET /v1/Core/Projects", opts)
}

// All yields every project.
//
// API: GET /v1/Core/Projects
func (s *ProjectsService) All(ctx context.Context, opts *ProjectListOptions) iter.Seq2[*ProjectSummary, error] {
	return all[ProjectSummary](ctx, s.client, "GET /v1/Core/Projects", opts)
}

// ChangedSince yields the projects that were changed at since or later, newest first;
// see [ListOptions]. ErrInvalidInput where opts set a Page or another order.
//
// API: GET /v1/Core/Projects
func (s *ProjectsService) ChangedSince(ctx context.Context, since DateTime, opts *ProjectListOptions) iter.Seq2[*ProjectSummary, error] {
	return changedSince[ProjectSummary](ctx, s.client, "GET /v1/Core/Projects", since, string(ProjectsByUpdatedDate), opts)
}

// Follow yields the projects that cursor has not passed yet: first all of them,
// oldest first, then those that have changed; see [Cursor] and [ListOptions].
// ErrInvalidInput without a cursor, or where opts set a Page or another order.
//
// API: GET /v1/Core/Projects
func (s *ProjectsService) Follow(ctx context.Context, cursor *Cursor, opts *ProjectListOptions) iter.Seq2[*ProjectSummary, error] {
	return follow[ProjectSummary](ctx, s.client, "GET /v1/Core/Projects", cursor, string(ProjectsByUpdatedDate), string(ProjectsByCreatedDate), opts)
}

// Gone yields the ids of those projects in known that the API does not have any more.
// known gives ids, each with its Created; see [TimeReportsService.Gone].
// ErrInvalidInput where known is nil, or has an id below 1.
//
// API: GET /v1/Core/Projects, then GET /v1/Core/Projects/{id}
func (s *ProjectsService) Gone(ctx context.Context, known iter.Seq2[int64, DateTime]) iter.Seq2[int64, error] {
	return findGone[ProjectSummary](ctx, s.client, "GET /v1/Core/Projects", string(ProjectsByCreatedDate), known, func(ctx context.Context, id int64) error {
		_, err := s.Get(ctx, id)
		return err
	})
}

// Get returns one project, or ErrNotFound.
//
// API: GET /v1/Core/Projects/{id}
func (s *ProjectsService) Get(ctx context.Context, id int64) (*Project, error) {
	return detail[Project](ctx, s.client, "GET /v1/Core/Projects/{id}", id)
}

// Create adds a project and returns it. Whatever in says, it has no booking
// project and is invoiced as ongoing; both can be changed afterwards.
// ErrInvalidInput without a title.
//
// API: POST /v1/Core/Projects (inferred)
func (s *ProjectsService) Create(ctx context.Context, in *ProjectInput) (*Project, error) {
	return fetch[Project](ctx, s.client, "POST /v1/Core/Projects", nil, withID(in, 0))
}

// Update replaces a project: what in leaves out is cleared. [ProjectsService.Modify]
// changes a part of one.
//
// API: PUT /v1/Core/Projects/{id}
func (s *ProjectsService) Update(ctx context.Context, id int64, in *ProjectInput) (*Project, error) {
	return put(ctx, s.client, "PUT /v1/Core/Projects/{id}", in, s.Get, id)
}

// Modify reads a project, lets edit change it, and writes the whole back. When
// edit returns an error nothing is written, and Modify returns that error.
//
// API: GET, then PUT /v1/Core/Projects/{id}
func (s *ProjectsService) Modify(ctx context.Context, id int64, edit func(*ProjectInput) error) (*Project, error) {
	return modify(ctx, s.client, "PUT /v1/Core/Projects/{id}", id, s.Get, (*Project).Input, edit)
}

// NextNumber returns the order number that the API suggests for the next project.
// Nothing is reserved: another project may take it first.
//
// API: GET /v1/Core/Projects/NextProjectNumber (inferred)
func (s *ProjectsService) NextNumber(ctx context.Context) (string, error) {
	var n nextNumber
	err := s.client.exec(ctx, "GET /v1/Core/Projects/NextProjectNumber", nil, nil, &n)
	return string(n), err
}

// nextNumber reads the answer about the next number in each of its likely
// shapes: {"number": …}, {"nextProjectNumber": …}, a string or a number.
type nextNumber Text

func (n *nextNumber) UnmarshalJSON(data []byte) error {
	var object struct{ Number, NextProjectNumber Text }
	var out any = &object
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		out = &object.Number
	}
	if err := json.Unmarshal(data, out); err != nil {
		return err
	}
	if *n = nextNumber(cmp.Or(object.Number, object.NextProjectNumber)); *n == "" {
		return errors.New("it holds no number")
	}
	return nil
}

// TimeCalculation is the time that is planned for a project. The API also gives
// rows by activity and user whose names are not known: read them with
// [Client.Do] where they are needed.
type TimeCalculation struct {
	// Total is the number of hours planned.
	Total               Decimal `json:"total"`
	IsTotal             bool    `json:"isTotal"`
	IsByActivity        bool    `json:"isByActivity"`
	IsByActivityAndUser bool    `json:"isByActivityAndUser"`
	ObjectName          string  `json:"objectName,omitzero"`
}

// TimeCalculation returns the time that is planned for a project.
//
// API: GET /v1/Core/Projects/{id}/TimeCalculation
func (s *ProjectsService) TimeCalculation(ctx context.Context, id int64) (*TimeCalculation, error) {
	return fetch[TimeCalculation](ctx, s.client, "GET /v1/Core/Projects/{id}/TimeCalculation", nil, nil, id)
}

// ProjectCommentsService reads and writes the comments of a project.
type ProjectCommentsService service

// ProjectCommentSort is a key that project comments can be sorted by.
type ProjectCommentSort string

// The sort keys of project comments.
const (
	ProjectCommentsByCreatedDate ProjectCommentSort = "createdDate"
	ProjectCommentsByUpdatedDate ProjectCommentSort = "updatedDate"
)

var projectCommentSorts = enumOf(ProjectCommentsByCreatedDate, ProjectCommentsByUpdatedDate)

func (ProjectCommentSort) values() enum { return projectCommentSorts }

// ProjectCommentListOptions order the comments of a project.
type ProjectCommentListOptions struct {
	ListOptions
	SortBy ProjectCommentSort `url:"sortBy,omitempty"`
}

// Comment is what a user has written about a project or a task.
type Comment struct {
	ID int64 `json:"id"`
	// Text and Comment are the same: the API uses either key.
	Text    string `json:"text,omitzero"`
	Comment string `json:"comment,omitzero"`
	// User and CreatedBy are the same: the API uses either key.
	User        *Ref     `json:"user,omitzero"`
	CreatedBy   *Ref     `json:"createdBy,omitzero"`
	CreatedDate DateTime `json:"createdDate,omitzero"`
	UpdatedDate DateTime `json:"updatedDate,omitzero"`
	ObjectName  string   `json:"objectName,omitzero"`
}

func (c *Comment) normalize() {
	either(&c.Text, &c.Comment)
	either(&c.User, &c.CreatedBy)
}

// CommentInput is the body of a comment.
type CommentInput struct {
	Text string `json:"text" tid:"required?"`
}

// MarshalJSON writes the text under both of the keys that the API may look for.
func (in CommentInput) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Text    string `json:"text"`
		Comment string `json:"comment"`
	}{in.Text, in.Text})
}

// List returns one page of the comments of a project.
//
// API: GET /v1/Core/Projects/{projectId}/Comments
func (s *ProjectCommentsService) List(ctx context.Context, projectID int64, opts *ProjectCommentListOptions) (*Page[Comment], error) {
	return list[Comment](ctx, s.client, "GET /v1/Core/Projects/{projectId}/Comments", opts, projectID)
}

// All yields every comment of a project.
//
// API: GET /v1/Core/Projects/{projectId}/Comments
func (s *ProjectCommentsService) All(ctx context.Context, projectID int64, opts *ProjectCommentListOptions) iter.Seq2[*Comment, error] {
	return all[Comment](ctx, s.client, "GET /v1/Core/Projects/{projectId}/Comments", opts, projectID)
}

// ChangedSince yields the comments of a project that were changed at since or later,
// newest first; see [ListOptions]. ErrInvalidInput where opts set a Page or another
// order.
//
// API: GET /v1/Core/Projects/{projectId}/Comments
func (s *ProjectCommentsService) ChangedSince(ctx context.Context, projectID int64, since DateTime, opts *ProjectCommentListOptions) iter.Seq2[*Comment, error] {
	return changedSince[Comment](ctx, s.client, "GET /v1/Core/Projects/{projectId}/Comments", since, string(ProjectCommentsByUpdatedDate), opts, projectID)
}

// Follow yields the comments of a project that cursor has not passed yet: first all
// of them, oldest first, then those that have changed; see [Cursor] and
// [ListOptions]. ErrInvalidInput without a cursor, or where opts set a Page or
// another order.
//
// API: GET /v1/Core/Projects/{projectId}/Comments
func (s *ProjectCommentsService) Follow(ctx context.Context, projectID int64, cursor *Cursor, opts *ProjectCommentListOptions) iter.Seq2[*Comment, error] {
	return follow[Comment](ctx, s.client, "GET /v1/Core/Projects/{projectId}/Comments", cursor, string(ProjectCommentsByUpdatedDate), string(ProjectCommentsByCreatedDate), opts, projectID)
}

// Create adds a comment to a project. ErrInvalidInput without a text.
//
// API: POST /v1/Core/Projects/{projectId}/Comments
func (s *ProjectCommentsService) Create(ctx context.Context, projectID int64, in *CommentInput) (*Comment, error) {
	return fetch[Comment](ctx, s.client, "POST /v1/Core/Projects/{projectId}/Comments", nil, in, projectID)
}

// Update replaces the text of a comment. Where the API answers without a body
// the returned comment has nothing but its id.
//
// API: PUT /v1/Core/Projects/{projectId}/Comments/{id} (inferred)
func (s *ProjectCommentsService) Update(ctx context.Context, projectID, id int64, in *CommentInput) (*Comment, error) {
	return put[Comment](ctx, s.client, "PUT /v1/Core/Projects/{projectId}/Comments/{id}", in, nil, projectID, id)
}

// Delete removes a comment of a project.
//
// API: DELETE /v1/Core/Projects/{projectId}/Comments/{id} (inferred)
func (s *ProjectCommentsService) Delete(ctx context.Context, projectID, id int64) error {
	return s.client.exec(ctx, "DELETE /v1/Core/Projects/{projectId}/Comments/{id}", nil, nil, nil, projectID, id)
}
