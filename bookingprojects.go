package tid

import (
	"context"
	"iter"
)

// BookingProjectsService reads booking projects, and adds new ones.
type BookingProjectsService service

// BookingProjectSort is a key that booking projects can be sorted by.
type BookingProjectSort string

// The sort keys of booking projects.
const (
	BookingProjectsByName          BookingProjectSort = "name"
	BookingProjectsByBookingNumber BookingProjectSort = "bookingNumber"
	BookingProjectsByIsActive      BookingProjectSort = "isActive"
	BookingProjectsByStartDate     BookingProjectSort = "startDate"
	BookingProjectsByEndDate       BookingProjectSort = "endDate"
	BookingProjectsByCreatedDate   BookingProjectSort = "createdDate"
	BookingProjectsByUpdatedDate   BookingProjectSort = "updatedDate"
)

var bookingProjectSorts = enumOf(BookingProjectsByName, BookingProjectsByBookingNumber,
	BookingProjectsByIsActive, BookingProjectsByStartDate, BookingProjectsByEndDate,
	BookingProjectsByCreatedDate, BookingProjectsByUpdatedDate)

func (BookingProjectSort) values() enum { return bookingProjectSorts }

// BookingProject is a project of the bookkeeping.
type BookingProject struct {
	ID            int64    `json:"id"` // inferred
	Name          string   `json:"name"`
	BookingNumber string   `json:"bookingNumber,omitzero"`
	IsActive      bool     `json:"isActive"`
	StartDate     Date     `json:"startDate,omitzero"`
	EndDate       Date     `json:"endDate,omitzero"`
	CreatedDate   DateTime `json:"createdDate,omitzero"`
	UpdatedDate   DateTime `json:"updatedDate,omitzero"`
	ObjectName    string   `json:"objectName,omitzero"`
}

// BookingProjectInput is all that can be written of a booking project. All names
// but IsActive are inferred.
type BookingProjectInput struct {
	Name          string `json:"name" tid:"required?"`
	BookingNumber string `json:"bookingNumber,omitzero"`
	// IsActive is true unless set.
	IsActive  Opt[bool] `json:"isActive,omitzero"`
	StartDate Date      `json:"startDate,omitzero"`
	EndDate   Date      `json:"endDate,omitzero"`
}

// BookingProjectListOptions choose and order booking projects. All filters are
// inferred.
type BookingProjectListOptions struct {
	ListOptions
	SortBy   BookingProjectSort `url:"sortBy,omitempty"`
	Query    string             `url:"filter.query,omitempty"`
	IsActive Opt[bool]          `url:"filter.isActive,omitempty"`
}

// List returns one page of the booking projects.
//
// API: GET /v1/Admin/BookingProjects (inferred)
func (s *BookingProjectsService) List(ctx context.Context, opts *BookingProjectListOptions) (*Page[BookingProject], error) {
	return list[BookingProject](ctx, s.client, "GET /v1/Admin/BookingProjects", opts)
}

// All yields every booking project.
//
// API: GET /v1/Admin/BookingProjects (inferred)
func (s *BookingProjectsService) All(ctx context.Context, opts *BookingProjectListOptions) iter.Seq2[*BookingProject, error] {
	return all[BookingProject](ctx, s.client, "GET /v1/Admin/BookingProjects", opts)
}

// ChangedSince yields the booking projects that were changed at since or later,
// newest first; see [ListOptions]. ErrInvalidInput where opts set a Page or another
// order.
//
// API: GET /v1/Admin/BookingProjects (inferred)
func (s *BookingProjectsService) ChangedSince(ctx context.Context, since DateTime, opts *BookingProjectListOptions) iter.Seq2[*BookingProject, error] {
	return changedSince[BookingProject](ctx, s.client, "GET /v1/Admin/BookingProjects", since, string(BookingProjectsByUpdatedDate), opts)
}

// Follow yields the booking projects that cursor has not passed yet: first all of
// them, oldest first, then those that have changed; see [Cursor] and [ListOptions].
// ErrInvalidInput without a cursor, or where opts set a Page or another order.
//
// API: GET /v1/Admin/BookingProjects (inferred)
func (s *BookingProjectsService) Follow(ctx context.Context, cursor *Cursor, opts *BookingProjectListOptions) iter.Seq2[*BookingProject, error] {
	return follow[BookingProject](ctx, s.client, "GET /v1/Admin/BookingProjects", cursor, string(BookingProjectsByUpdatedDate), string(BookingProjectsByCreatedDate), opts)
}

// Get returns one booking project, or ErrNotFound.
//
// API: GET /v1/Admin/BookingProjects/{id} (inferred)
func (s *BookingProjectsService) Get(ctx context.Context, id int64) (*BookingProject, error) {
	return detail[BookingProject](ctx, s.client, "GET /v1/Admin/BookingProjects/{id}", id)
}

// GetByNumber returns the booking project with the given booking number, which may
// be any text, or ErrNotFound. ErrInvalidInput without a number.
//
// API: GET /v1/Admin/BookingProjects/ByBookingNumber/{bookingNumber} (inferred)
func (s *BookingProjectsService) GetByNumber(ctx context.Context, bookingNumber string) (*BookingProject, error) {
	return detail[BookingProject](ctx, s.client, "GET /v1/Admin/BookingProjects/ByBookingNumber/{bookingNumber}", bookingNumber)
}

// Create adds a booking project and returns it. ErrInvalidInput without a name.
//
// API: POST /v1/Admin/BookingProjects (inferred)
func (s *BookingProjectsService) Create(ctx context.Context, in *BookingProjectInput) (*BookingProject, error) {
	return fetch[BookingProject](ctx, s.client, "POST /v1/Admin/BookingProjects", nil, in)
}
