package tid

import (
	"context"
	"iter"
	"strings"
)

// UsersService reads the co-workers who have an account. Whether users can be
// written is not known.
type UsersService service

// UserSummary is a user as the list has it.
type UserSummary struct {
	ID                   int64    `json:"id"`
	FirstName            string   `json:"firstName,omitzero"`
	LastName             string   `json:"lastName,omitzero"`
	Email                string   `json:"email,omitzero"`
	StartDate            Date     `json:"startDate,omitzero"`
	EndDate              Date     `json:"endDate,omitzero"`
	EmployeeNumber       string   `json:"employeeNumber,omitzero"`
	TimeReportingProfile *Ref     `json:"timeReportingProfile,omitzero"`
	Department           *Ref     `json:"department,omitzero"`
	CostCenter           *Ref     `json:"costCenter,omitzero"`
	License              string   `json:"license,omitzero"`
	Permissions          []string `json:"permissions,omitzero"`
	// SalaryType is a number in the list and a string in the detail.
	SalaryType  Text     `json:"salaryType,omitzero"`
	CreatedBy   *Ref     `json:"createdBy,omitzero"`
	UpdatedBy   *Ref     `json:"updatedBy,omitzero"`
	CreatedDate DateTime `json:"createdDate,omitzero"`
	UpdatedDate DateTime `json:"updatedDate,omitzero"`
	ObjectName  string   `json:"objectName,omitzero"`
}

// Name returns the first and the last name.
func (u *UserSummary) Name() string { return strings.TrimSpace(u.FirstName + " " + u.LastName) }

// User is a user as the detail has it.
type User struct {
	UserSummary
	SocialSecurityNumber string `json:"socialSecurityNumber,omitzero"`
	MobilePhoneNumber    string `json:"mobilePhoneNumber,omitzero"`
	WorkPhoneNumber      string `json:"workPhoneNumber,omitzero"`
	Note                 string `json:"note,omitzero"`
	// CostPerHour is money for one hour; with or without VAT is unknown.
	CostPerHour          Decimal  `json:"costPerHour"`
	SettlementAccount    string   `json:"settlementAccount,omitzero"`
	Address              *Address `json:"address,omitzero"`
	NextOfKin            string   `json:"nextOfKin,omitzero"`
	NextOfKinRelation    string   `json:"nextOfKinRelation,omitzero"`
	NextOfKinPhoneNumber string   `json:"nextOfKinPhoneNumber,omitzero"`
	Manager              *Ref     `json:"manager,omitzero"`
	Schedule             *Ref     `json:"schedule,omitzero"`
	StandardTimeArticle  *Ref     `json:"standardTimeArticle,omitzero"`
	StandardActivity     *Ref     `json:"standardActivity,omitzero"`
	TimeBankEnabled      bool     `json:"timeBankEnabled"`
	// CurrentTimeBank is what the time bank holds; its unit is unknown.
	CurrentTimeBank Decimal `json:"currentTimeBank"`
	// PlanningCapacityInPercent is per cent; of what is unknown.
	PlanningCapacityInPercent Decimal `json:"planningCapacityInPercent"`
	IsRestricted              bool    `json:"isRestricted"`
	Tags                      []Tag   `json:"tags,omitzero"`
}

// UserListOptions choose users. No sort key of this list is known.
type UserListOptions struct {
	ListOptions
	// IncludeRestricted also lists users whose access is restricted.
	IncludeRestricted bool `url:"filter.includeRestricted,omitempty"` // inferred
}

// List returns one page of the users.
//
// API: GET /v1/Admin/Users
func (s *UsersService) List(ctx context.Context, opts *UserListOptions) (*Page[UserSummary], error) {
	return list[UserSummary](ctx, s.client, "GET /v1/Admin/Users", opts)
}

// All yields every user.
//
// API: GET /v1/Admin/Users
func (s *UsersService) All(ctx context.Context, opts *UserListOptions) iter.Seq2[*UserSummary, error] {
	return all[UserSummary](ctx, s.client, "GET /v1/Admin/Users", opts)
}

// Get returns one user, or ErrNotFound, for a deleted user too.
//
// API: GET /v1/Admin/Users/{id}
func (s *UsersService) Get(ctx context.Context, id int64) (*User, error) {
	return detail[User](ctx, s.client, "GET /v1/Admin/Users/{id}", id)
}
