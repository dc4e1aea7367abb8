package tid

import (
	"context"
	"iter"
)

// VacationRequestsService reads requests for vacation.
type VacationRequestsService service

// VacationRequestState is what has become of a vacation request.
type VacationRequestState string

// The states of vacation requests.
const (
	VacationRequestAttested       VacationRequestState = "attested"
	VacationRequestAwaitingAttest VacationRequestState = "awaitingAttest"
	VacationRequestDenied         VacationRequestState = "denied"
)

var vacationRequestStates = enumOf(VacationRequestAttested, VacationRequestAwaitingAttest, VacationRequestDenied)

func (VacationRequestState) values() enum { return vacationRequestStates }

// UnmarshalText reads a state in any case and keeps an unknown one.
func (s *VacationRequestState) UnmarshalText(text []byte) error {
	return vacationRequestStates.decode((*string)(s), text)
}

// VacationRequestSort is a key that vacation requests can be sorted by.
type VacationRequestSort string

// The sort keys of vacation requests.
const (
	VacationRequestsByFromDate     VacationRequestSort = "fromDate"
	VacationRequestsByToDate       VacationRequestSort = "toDate"
	VacationRequestsByCreatedDate  VacationRequestSort = "createdDate"
	VacationRequestsByUpdatedDate  VacationRequestSort = "updatedDate"
	VacationRequestsByAttestedDate VacationRequestSort = "attestedDate"
	VacationRequestsByDeniedDate   VacationRequestSort = "deniedDate"
)

var vacationRequestSorts = enumOf(VacationRequestsByFromDate, VacationRequestsByToDate,
	VacationRequestsByCreatedDate, VacationRequestsByUpdatedDate, VacationRequestsByAttestedDate,
	VacationRequestsByDeniedDate)

func (VacationRequestSort) values() enum { return vacationRequestSorts }

// VacationRequest is one user's request for days off. All names but FromDate,
// ToDate, AttestedDate, DeniedDate, CreatedDate and UpdatedDate are inferred.
type VacationRequest struct {
	ID             int64 `json:"id"`
	User           *Ref  `json:"user,omitzero"`
	AbsenceProject *Ref  `json:"absenceProject,omitzero"`
	// FromDate and ToDate are the first and the last day.
	FromDate     Date                 `json:"fromDate,omitzero"`
	ToDate       Date                 `json:"toDate,omitzero"`
	Comment      string               `json:"comment,omitzero"`
	State        VacationRequestState `json:"state,omitzero"`
	AttestedDate DateTime             `json:"attestedDate,omitzero"`
	AttestedBy   *Ref                 `json:"attestedBy,omitzero"`
	DeniedDate   DateTime             `json:"deniedDate,omitzero"`
	DeniedBy     *Ref                 `json:"deniedBy,omitzero"`
	CreatedDate  DateTime             `json:"createdDate,omitzero"`
	UpdatedDate  DateTime             `json:"updatedDate,omitzero"`
	ObjectName   string               `json:"objectName,omitzero"`
}

// VacationRequestListOptions choose and order vacation requests. All filters are
// inferred.
type VacationRequestListOptions struct {
	ListOptions
	SortBy  VacationRequestSort  `url:"sortBy,omitempty"`
	State   VacationRequestState `url:"filter.state,omitempty"`
	UserIDs []int64              `url:"filter.userIds,comma,omitempty"`
	// From and To are compared with the days of the vacation. Whether To includes
	// its day is unknown.
	From DateOrTime `url:"filter.from,omitempty"`
	To   DateOrTime `url:"filter.to,omitempty"`
}

// List returns one page of the vacation requests.
//
// API: GET /v1/Core/VacationRequests (inferred)
func (s *VacationRequestsService) List(ctx context.Context, opts *VacationRequestListOptions) (*Page[VacationRequest], error) {
	return list[VacationRequest](ctx, s.client, "GET /v1/Core/VacationRequests", opts)
}

// All yields every vacation request.
//
// API: GET /v1/Core/VacationRequests (inferred)
func (s *VacationRequestsService) All(ctx context.Context, opts *VacationRequestListOptions) iter.Seq2[*VacationRequest, error] {
	return all[VacationRequest](ctx, s.client, "GET /v1/Core/VacationRequests", opts)
}

// ChangedSince yields the vacation requests that were changed at since or later,
// newest first; see [ListOptions]. ErrInvalidInput where opts set a Page or another
// order.
//
// API: GET /v1/Core/VacationRequests (inferred)
func (s *VacationRequestsService) ChangedSince(ctx context.Context, since DateTime, opts *VacationRequestListOptions) iter.Seq2[*VacationRequest, error] {
	return changedSince[VacationRequest](ctx, s.client, "GET /v1/Core/VacationRequests", since, string(VacationRequestsByUpdatedDate), opts)
}

// Follow yields the vacation requests that cursor has not passed yet: first all of
// them, oldest first, then those that have changed; see [Cursor] and [ListOptions].
// ErrInvalidInput without a cursor, or where opts set a Page or another order.
//
// API: GET /v1/Core/VacationRequests (inferred)
func (s *VacationRequestsService) Follow(ctx context.Context, cursor *Cursor, opts *VacationRequestListOptions) iter.Seq2[*VacationRequest, error] {
	return follow[VacationRequest](ctx, s.client, "GET /v1/Core/VacationRequests", cursor, string(VacationRequestsByUpdatedDate), string(VacationRequestsByCreatedDate), opts)
}
