package tid

import (
	"context"
	"iter"
)

// The small lists of the administration, of which only reading is known.

// AbsenceProjectsService reads the reasons for absence that time is reported on.
type AbsenceProjectsService service

// AbsenceProjectSort is a key that absence projects can be sorted by.
type AbsenceProjectSort string

// AbsenceProjectsByName is the only sort key of absence projects.
const AbsenceProjectsByName AbsenceProjectSort = "name"

var absenceProjectSorts = enumOf(AbsenceProjectsByName)

func (AbsenceProjectSort) values() enum { return absenceProjectSorts }

// AbsenceProject is a reason for absence.
type AbsenceProject struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	IsActive bool   `json:"isActive"`
	// CommentRequiredWhenTimeReporting says that a time report needs a comment.
	CommentRequiredWhenTimeReporting bool   `json:"commentRequiredWhenTimeReporting"`
	ObjectName                       string `json:"objectName,omitzero"`
}

// AbsenceProjectListOptions choose and order absence projects. All filters are
// inferred.
type AbsenceProjectListOptions struct {
	ListOptions
	SortBy   AbsenceProjectSort `url:"sortBy,omitempty"`
	Query    string             `url:"filter.query,omitempty"`
	IsActive Opt[bool]          `url:"filter.isActive,omitempty"`
}

// List returns one page of the absence projects.
//
// API: GET /v1/Admin/AbsenceProjects
func (s *AbsenceProjectsService) List(ctx context.Context, opts *AbsenceProjectListOptions) (*Page[AbsenceProject], error) {
	return list[AbsenceProject](ctx, s.client, "GET /v1/Admin/AbsenceProjects", opts)
}

// All yields every absence project.
//
// API: GET /v1/Admin/AbsenceProjects
func (s *AbsenceProjectsService) All(ctx context.Context, opts *AbsenceProjectListOptions) iter.Seq2[*AbsenceProject, error] {
	return all[AbsenceProject](ctx, s.client, "GET /v1/Admin/AbsenceProjects", opts)
}

// ActivitiesService reads activities: the kinds of work that time is reported on.
type ActivitiesService service

// ActivitySort is a key that activities can be sorted by.
type ActivitySort string

// The sort keys of activities.
const (
	ActivitiesByName        ActivitySort = "name"
	ActivitiesByCreatedDate ActivitySort = "createdDate"
	ActivitiesByUpdatedDate ActivitySort = "updatedDate"
)

var activitySorts = enumOf(ActivitiesByName, ActivitiesByCreatedDate, ActivitiesByUpdatedDate)

func (ActivitySort) values() enum { return activitySorts }

// Activity is a kind of work.
type Activity struct {
	ID          int64    `json:"id"`
	Name        string   `json:"name"`
	IsActive    bool     `json:"isActive"`             // inferred
	CreatedDate DateTime `json:"createdDate,omitzero"` // inferred
	UpdatedDate DateTime `json:"updatedDate,omitzero"` // inferred
	ObjectName  string   `json:"objectName,omitzero"`
}

// ActivityListOptions choose and order activities. All filters are inferred.
type ActivityListOptions struct {
	ListOptions
	SortBy   ActivitySort `url:"sortBy,omitempty"`
	Query    string       `url:"filter.query,omitempty"`
	IsActive Opt[bool]    `url:"filter.isActive,omitempty"`
}

// List returns one page of the activities.
//
// API: GET /v1/Admin/Activities
func (s *ActivitiesService) List(ctx context.Context, opts *ActivityListOptions) (*Page[Activity], error) {
	return list[Activity](ctx, s.client, "GET /v1/Admin/Activities", opts)
}

// All yields every activity.
//
// API: GET /v1/Admin/Activities
func (s *ActivitiesService) All(ctx context.Context, opts *ActivityListOptions) iter.Seq2[*Activity, error] {
	return all[Activity](ctx, s.client, "GET /v1/Admin/Activities", opts)
}

// ChangedSince yields the activities that were changed at since or later, newest
// first; see [ListOptions]. ErrInvalidInput where opts set a Page or another order.
//
// API: GET /v1/Admin/Activities
func (s *ActivitiesService) ChangedSince(ctx context.Context, since DateTime, opts *ActivityListOptions) iter.Seq2[*Activity, error] {
	return changedSince[Activity](ctx, s.client, "GET /v1/Admin/Activities", since, string(ActivitiesByUpdatedDate), opts)
}

// Follow yields the activities that cursor has not passed yet: first all of them,
// oldest first, then those that have changed; see [Cursor] and [ListOptions].
// ErrInvalidInput without a cursor, or where opts set a Page or another order.
//
// API: GET /v1/Admin/Activities
func (s *ActivitiesService) Follow(ctx context.Context, cursor *Cursor, opts *ActivityListOptions) iter.Seq2[*Activity, error] {
	return follow[Activity](ctx, s.client, "GET /v1/Admin/Activities", cursor, string(ActivitiesByUpdatedDate), string(ActivitiesByCreatedDate), opts)
}

// InternalProjectsService reads internal projects: work without a customer that
// time is reported on.
type InternalProjectsService service

// InternalProject is work without a customer.
type InternalProject struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	IsActive bool   `json:"isActive"`
	// CommentRequiredWhenTimeReporting says that a time report needs a comment.
	CommentRequiredWhenTimeReporting bool   `json:"commentRequiredWhenTimeReporting"`
	ObjectName                       string `json:"objectName,omitzero"`
}

// InternalProjectListOptions choose a page of the internal projects. No sort key
// and no filter of this list is known.
type InternalProjectListOptions struct{ ListOptions }

// List returns one page of the internal projects.
//
// API: GET /v1/Admin/InternalProjects
func (s *InternalProjectsService) List(ctx context.Context, opts *InternalProjectListOptions) (*Page[InternalProject], error) {
	return list[InternalProject](ctx, s.client, "GET /v1/Admin/InternalProjects", opts)
}

// All yields every internal project.
//
// API: GET /v1/Admin/InternalProjects
func (s *InternalProjectsService) All(ctx context.Context, opts *InternalProjectListOptions) iter.Seq2[*InternalProject, error] {
	return all[InternalProject](ctx, s.client, "GET /v1/Admin/InternalProjects", opts)
}

// ProjectStatusesService reads the statuses that projects can have.
type ProjectStatusesService service

// ProjectStatus is a status that projects can have.
type ProjectStatus struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	// Color is "#RRGGBB".
	Color string `json:"color,omitzero"`
	// IsCompletedStatus says that projects with this status are finished.
	IsCompletedStatus bool   `json:"isCompletedStatus"`
	ObjectName        string `json:"objectName,omitzero"`
}

// ProjectStatusListOptions choose a page of the project statuses. No sort key and
// no filter of this list is known.
type ProjectStatusListOptions struct{ ListOptions }

// List returns one page of the project statuses.
//
// API: GET /v1/Admin/ProjectStatuses
func (s *ProjectStatusesService) List(ctx context.Context, opts *ProjectStatusListOptions) (*Page[ProjectStatus], error) {
	return list[ProjectStatus](ctx, s.client, "GET /v1/Admin/ProjectStatuses", opts)
}

// All yields every project status.
//
// API: GET /v1/Admin/ProjectStatuses
func (s *ProjectStatusesService) All(ctx context.Context, opts *ProjectStatusListOptions) iter.Seq2[*ProjectStatus, error] {
	return all[ProjectStatus](ctx, s.client, "GET /v1/Admin/ProjectStatuses", opts)
}

// TimeCodesService reads time codes.
type TimeCodesService service

// TimeCode is a code that time is reported under.
type TimeCode struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	Code     string `json:"code,omitzero"`
	IsActive bool   `json:"isActive"`
	// Billable is nil when the API does not say.
	Billable   *bool  `json:"billable,omitzero"`
	ObjectName string `json:"objectName,omitzero"`
}

// TimeCodeListOptions choose a page of the time codes. No sort key and no filter
// of this list is known.
type TimeCodeListOptions struct{ ListOptions }

// List returns one page of the time codes.
//
// API: GET /v1/Admin/Timecodes
func (s *TimeCodesService) List(ctx context.Context, opts *TimeCodeListOptions) (*Page[TimeCode], error) {
	return list[TimeCode](ctx, s.client, "GET /v1/Admin/Timecodes", opts)
}

// All yields every time code.
//
// API: GET /v1/Admin/Timecodes
func (s *TimeCodesService) All(ctx context.Context, opts *TimeCodeListOptions) iter.Seq2[*TimeCode, error] {
	return all[TimeCode](ctx, s.client, "GET /v1/Admin/Timecodes", opts)
}

// OpportunityStatusesService reads the statuses that opportunities can have.
type OpportunityStatusesService service

// OpportunityStatus is a status that opportunities can have.
type OpportunityStatus struct {
	ID int64 `json:"id"`
	// Name and Title are the same: the API uses either key.
	Name       string `json:"name,omitzero"`
	Title      string `json:"title,omitzero"`
	Color      string `json:"color,omitzero"`
	ObjectName string `json:"objectName,omitzero"`
}

func (s *OpportunityStatus) normalize() { either(&s.Name, &s.Title) }

// OpportunityStatusListOptions choose a page of the opportunity statuses. No sort
// key and no filter of this list is known.
type OpportunityStatusListOptions struct{ ListOptions }

// List returns one page of the opportunity statuses.
//
// API: GET /v1/Admin/OpportunityStatuses
func (s *OpportunityStatusesService) List(ctx context.Context, opts *OpportunityStatusListOptions) (*Page[OpportunityStatus], error) {
	return list[OpportunityStatus](ctx, s.client, "GET /v1/Admin/OpportunityStatuses", opts)
}

// All yields every opportunity status.
//
// API: GET /v1/Admin/OpportunityStatuses
func (s *OpportunityStatusesService) All(ctx context.Context, opts *OpportunityStatusListOptions) iter.Seq2[*OpportunityStatus, error] {
	return all[OpportunityStatus](ctx, s.client, "GET /v1/Admin/OpportunityStatuses", opts)
}

// OpportunityTagsService reads the tags that opportunities can have.
type OpportunityTagsService service

// OpportunityTag is a tag that opportunities can have.
type OpportunityTag struct {
	ID int64 `json:"id"`
	// Name and Title are the same: the API uses either key.
	Name       string `json:"name,omitzero"`
	Title      string `json:"title,omitzero"`
	Color      string `json:"color,omitzero"`
	ObjectName string `json:"objectName,omitzero"`
}

func (t *OpportunityTag) normalize() { either(&t.Name, &t.Title) }

// OpportunityTagListOptions choose a page of the opportunity tags. No sort key and
// no filter of this list is known.
type OpportunityTagListOptions struct{ ListOptions }

// List returns one page of the opportunity tags.
//
// API: GET /v1/Admin/OpportunityTags
func (s *OpportunityTagsService) List(ctx context.Context, opts *OpportunityTagListOptions) (*Page[OpportunityTag], error) {
	return list[OpportunityTag](ctx, s.client, "GET /v1/Admin/OpportunityTags", opts)
}

// All yields every opportunity tag.
//
// API: GET /v1/Admin/OpportunityTags
func (s *OpportunityTagsService) All(ctx context.Context, opts *OpportunityTagListOptions) iter.Seq2[*OpportunityTag, error] {
	return all[OpportunityTag](ctx, s.client, "GET /v1/Admin/OpportunityTags", opts)
}
