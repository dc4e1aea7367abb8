package tid

import (
	"cmp"
	"context"
	"iter"
	"strings"
)

// PlanningService reads the resource planning: which users are planned for which projects,
// and for how many hours. No sort key of its lists is known.
type PlanningService service

// PlanningUser is a user who has resource planning.
type PlanningUser struct {
	ID int64 `json:"id"`
	// EmploymentNumber is what other answers call the employee number.
	EmploymentNumber string `json:"employmentNumber,omitzero"`
	FirstName        string `json:"firstName,omitzero"`
	LastName         string `json:"lastName,omitzero"`
	ObjectName       string `json:"objectName,omitzero"`
}

// Name returns the first and the last name.
func (u *PlanningUser) Name() string { return strings.TrimSpace(u.FirstName + " " + u.LastName) }

// PlanningUserListOptions choose the users who have resource planning.
type PlanningUserListOptions struct {
	ListOptions
	// FromDate and ToDate are the first and the last day.
	FromDate          Date `url:"fromDate,omitempty"`
	ToDate            Date `url:"toDate,omitempty"`
	ExcludeDeleted    bool `url:"excludeDeleted,omitempty"`
	ExcludeRestricted bool `url:"excludeRestricted,omitempty"`
}

// Users returns one page of the users who have resource planning.
//
// API: GET /v1/Core/Planning/HasResourcePlanning/Users
func (s *PlanningService) Users(ctx context.Context, opts *PlanningUserListOptions) (*Page[PlanningUser], error) {
	return list[PlanningUser](ctx, s.client, "GET /v1/Core/Planning/HasResourcePlanning/Users", opts)
}

// AllUsers yields every user who has resource planning.
//
// API: GET /v1/Core/Planning/HasResourcePlanning/Users
func (s *PlanningService) AllUsers(ctx context.Context, opts *PlanningUserListOptions) iter.Seq2[*PlanningUser, error] {
	return all[PlanningUser](ctx, s.client, "GET /v1/Core/Planning/HasResourcePlanning/Users", opts)
}

// PlanningSummary is the time that is planned for one user, one project or one
// user on one project. All names are inferred.
type PlanningSummary struct {
	// Project is there where the API names it; ProjectID is its id in any case.
	Project   *Ref  `json:"project,omitzero"`
	ProjectID int64 `json:"projectId,omitzero"`
	// User is there where the API names it; UserID is its id in any case.
	User     *Ref  `json:"user,omitzero"`
	UserID   int64 `json:"userId,omitzero"`
	FromDate Date  `json:"fromDate,omitzero"`
	ToDate   Date  `json:"toDate,omitzero"`
	// Hours are the hours planned from FromDate to ToDate.
	Hours      Decimal `json:"hours"`
	ObjectName string  `json:"objectName,omitzero"`
}

func (s *PlanningSummary) normalize() {
	s.ProjectID = cmp.Or(s.ProjectID, refID(s.Project))
	s.UserID = cmp.Or(s.UserID, refID(s.User))
}

// ProjectPlanningListOptions choose the summaries by project.
type ProjectPlanningListOptions struct {
	ListOptions
	// FromDate and ToDate are the first and the last day.
	FromDate        Date  `url:"fromDate,omitempty"`
	ToDate          Date  `url:"toDate,omitempty"`
	UserID          int64 `url:"userId,omitempty"`
	ExcludeProjects bool  `url:"excludeProjects,omitempty"`
	ExcludeAbsence  bool  `url:"excludeAbsence,omitempty"`
	ExcludeInternal bool  `url:"excludeInternal,omitempty"`
}

// ProjectSummaries returns one page of the planned time by project.
//
// API: GET /v1/Core/Planning/GetPlanningSummaries/Projects
func (s *PlanningService) ProjectSummaries(ctx context.Context, opts *ProjectPlanningListOptions) (*Page[PlanningSummary], error) {
	return list[PlanningSummary](ctx, s.client, "GET /v1/Core/Planning/GetPlanningSummaries/Projects", opts)
}

// AllProjectSummaries yields all of the planned time by project.
//
// API: GET /v1/Core/Planning/GetPlanningSummaries/Projects
func (s *PlanningService) AllProjectSummaries(ctx context.Context, opts *ProjectPlanningListOptions) iter.Seq2[*PlanningSummary, error] {
	return all[PlanningSummary](ctx, s.client, "GET /v1/Core/Planning/GetPlanningSummaries/Projects", opts)
}

// UserPlanningListOptions choose the summaries by user.
type UserPlanningListOptions struct {
	ListOptions
	// FromDate and ToDate are the first and the last day.
	FromDate  Date  `url:"fromDate,omitempty"`
	ToDate    Date  `url:"toDate,omitempty"`
	ProjectID int64 `url:"projectId,omitempty"` // inferred
}

// UserSummaries returns one page of the planned time by user.
//
// API: GET /v1/Core/Planning/GetPlanningSummaries/Users
func (s *PlanningService) UserSummaries(ctx context.Context, opts *UserPlanningListOptions) (*Page[PlanningSummary], error) {
	return list[PlanningSummary](ctx, s.client, "GET /v1/Core/Planning/GetPlanningSummaries/Users", opts)
}

// AllUserSummaries yields all of the planned time by user.
//
// API: GET /v1/Core/Planning/GetPlanningSummaries/Users
func (s *PlanningService) AllUserSummaries(ctx context.Context, opts *UserPlanningListOptions) iter.Seq2[*PlanningSummary, error] {
	return all[PlanningSummary](ctx, s.client, "GET /v1/Core/Planning/GetPlanningSummaries/Users", opts)
}
