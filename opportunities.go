package tid

import (
	"context"
	"iter"
)

// OpportunitiesService reads and writes opportunities: sales that may come about.
// No operation that deletes one is known.
type OpportunitiesService service

// OpportunityState is how an opportunity has ended, if it has.
type OpportunityState string

// The states of opportunities.
const (
	OpportunityOpen OpportunityState = "open"
	OpportunityWon  OpportunityState = "won"
	OpportunityLost OpportunityState = "lost"
)

var opportunityStates = enumOf(OpportunityOpen, OpportunityWon, OpportunityLost)

func (OpportunityState) values() enum { return opportunityStates }

// UnmarshalText reads a state in any case and keeps an unknown one.
func (s *OpportunityState) UnmarshalText(text []byte) error {
	return opportunityStates.decode((*string)(s), text)
}

// OpportunitySort is a key that opportunities can be sorted by.
type OpportunitySort string

// The sort keys of opportunities.
const (
	OpportunitiesByTitle       OpportunitySort = "title"
	OpportunitiesByCreatedDate OpportunitySort = "createdDate"
	OpportunitiesByUpdatedDate OpportunitySort = "updatedDate"
)

var opportunitySorts = enumOf(OpportunitiesByTitle, OpportunitiesByCreatedDate, OpportunitiesByUpdatedDate)

func (OpportunitySort) values() enum { return opportunitySorts }

// OpportunitySummary is an opportunity as the list has it.
type OpportunitySummary struct {
	ID    int64  `json:"id"`
	Title string `json:"title"`
	// Turnover is money for the whole opportunity; with or without VAT is
	// unknown. It is 0 when none is stated.
	Turnover             Decimal          `json:"turnover"`
	HasOffers            bool             `json:"hasOffers"`
	User                 *Ref             `json:"user,omitzero"`
	Customer             *Ref             `json:"customer,omitzero"`
	Contact              *Ref             `json:"contact,omitzero"`
	OpportunityState     OpportunityState `json:"opportunityState,omitzero"`
	ClosedDate           DateTime         `json:"closedDate,omitzero"`
	EstimatedClosingDate Date             `json:"estimatedClosingDate,omitzero"`
	Status               *Ref             `json:"status,omitzero"`
	Tags                 []Tag            `json:"tags,omitzero"`
	CreatedDate          DateTime         `json:"createdDate,omitzero"`
	UpdatedDate          DateTime         `json:"updatedDate,omitzero"`
	ObjectName           string           `json:"objectName,omitzero"`
}

// Opportunity is an opportunity as the detail has it.
type Opportunity struct {
	OpportunitySummary
	// Probability is per cent, 0 to 100; nil when none is stated.
	Probability *int      `json:"probability,omitzero"`
	Description string    `json:"description,omitzero"`
	Project     *TitleRef `json:"project,omitzero"`
	// Extra is what the answer had beyond these fields: of one object alone, not in lists.
	Extra Extra `json:"-"`

	answered answered
}

// OpportunityInput is all that can be written of an opportunity. An update
// replaces the opportunity: what is left out is cleared. All names are inferred.
type OpportunityInput struct {
	Title       string `json:"title" tid:"required?"`
	Description string `json:"description,omitzero"`
	// Turnover is money for the whole opportunity; with or without VAT is
	// unknown.
	Turnover Decimal `json:"turnover,omitzero"`
	// Probability is per cent, 0 to 100. Set(0) is no chance at all; left out,
	// none is stated.
	Probability          Opt[int]         `json:"probability,omitzero"`
	UserID               int64            `json:"userId,omitzero"`
	CustomerID           int64            `json:"customerId,omitzero"`
	ContactID            int64            `json:"contactId,omitzero"`
	StatusID             int64            `json:"statusId,omitzero"`
	EstimatedClosingDate Date             `json:"estimatedClosingDate,omitzero"`
	OpportunityState     OpportunityState `json:"opportunityState,omitzero"`
	TagIDs               []int64          `json:"tagIds,omitzero"`
	// Extra are further properties; see [Extra].
	Extra Extra `json:"-"`

	carried carried
}

func (in *OpportunityInput) check(p *problems) {
	if percent, ok := in.Probability.Get(); ok && (percent < 0 || percent > 100) {
		p.addBy(inferredRule, "probability", "must be between 0 and 100, not %d", percent)
	}
}

// Input returns all that can be written of o, unchanged.
func (o *Opportunity) Input() *OpportunityInput {
	in := &OpportunityInput{
		Title:                o.Title,
		Description:          o.Description,
		Turnover:             o.Turnover,
		UserID:               refID(o.User),
		CustomerID:           refID(o.Customer),
		ContactID:            refID(o.Contact),
		StatusID:             refID(o.Status),
		EstimatedClosingDate: o.EstimatedClosingDate,
		OpportunityState:     o.OpportunityState,
		TagIDs:               tagIDs(o.Tags),
	}
	if o.Probability != nil {
		in.Probability = Set(*o.Probability)
	}
	in.Extra, in.carried = handOn(o.Extra, o.answered, in)
	return in
}

func (o *Opportunity) input() writable             { return o.Input() }
func (o *Opportunity) beyond() (*Extra, *answered) { return &o.Extra, &o.answered }

func (in *OpportunityInput) beyond() (Extra, carried) { return in.Extra, in.carried }

// OpportunityListOptions choose and order opportunities.
type OpportunityListOptions struct {
	ListOptions
	SortBy OpportunitySort `url:"sortBy,omitempty"`
	// Of each date, from and to a day, or a time. Whether a To that is a day includes
	// that day is unknown.
	CreatedDateFrom          DateOrTime       `url:"filter.createdDateFrom,omitempty"`
	CreatedDateTo            DateOrTime       `url:"filter.createdDateTo,omitempty"`
	UpdatedDateFrom          DateOrTime       `url:"filter.updatedDateFrom,omitempty"`
	UpdatedDateTo            DateOrTime       `url:"filter.updatedDateTo,omitempty"`
	ClosedDateFrom           DateOrTime       `url:"filter.closedDateFrom,omitempty"`
	ClosedDateTo             DateOrTime       `url:"filter.closedDateTo,omitempty"`
	EstimatedClosingDateFrom DateOrTime       `url:"filter.estimatedClosingDateFrom,omitempty"`
	EstimatedClosingDateTo   DateOrTime       `url:"filter.estimatedClosingDateTo,omitempty"`
	HasOffers                Opt[bool]        `url:"filter.hasOffers,omitempty"`
	OpportunityStatusIDs     []int64          `url:"filter.opportunityStatusIds,comma,omitempty"`
	OpportunityTagIDs        []int64          `url:"filter.opportunityTagIds,comma,omitempty"`
	OpportunityState         OpportunityState `url:"filter.opportunityState,omitempty"`
}

// List returns one page of the opportunities.
//
// API: GET /v1/Core/Opportunities
func (s *OpportunitiesService) List(ctx context.Context, opts *OpportunityListOptions) (*Page[OpportunitySummary], error) {
	return list[OpportunitySummary](ctx, s.client, "GET /v1/Core/Opportunities", opts)
}

// All yields every opportunity.
//
// API: GET /v1/Core/Opportunities
func (s *OpportunitiesService) All(ctx context.Context, opts *OpportunityListOptions) iter.Seq2[*OpportunitySummary, error] {
	return all[OpportunitySummary](ctx, s.client, "GET /v1/Core/Opportunities", opts)
}

// ChangedSince yields the opportunities that were changed at since or later, newest
// first; see [ListOptions]. ErrInvalidInput where opts set a Page or another order.
//
// API: GET /v1/Core/Opportunities
func (s *OpportunitiesService) ChangedSince(ctx context.Context, since DateTime, opts *OpportunityListOptions) iter.Seq2[*OpportunitySummary, error] {
	return changedSince[OpportunitySummary](ctx, s.client, "GET /v1/Core/Opportunities", since, string(OpportunitiesByUpdatedDate), opts)
}

// Follow yields the opportunities that cursor has not passed yet: first all of them,
// oldest first, then those that have changed; see [Cursor] and [ListOptions].
// ErrInvalidInput without a cursor, or where opts set a Page or another order.
//
// API: GET /v1/Core/Opportunities
func (s *OpportunitiesService) Follow(ctx context.Context, cursor *Cursor, opts *OpportunityListOptions) iter.Seq2[*OpportunitySummary, error] {
	return follow[OpportunitySummary](ctx, s.client, "GET /v1/Core/Opportunities", cursor, string(OpportunitiesByUpdatedDate), string(OpportunitiesByCreatedDate), opts)
}

// Get returns one opportunity, or ErrNotFound.
//
// API: GET /v1/Core/Opportunities/{id}
func (s *OpportunitiesService) Get(ctx context.Context, id int64) (*Opportunity, error) {
	return detail[Opportunity](ctx, s.client, "GET /v1/Core/Opportunities/{id}", id)
}

// Create adds an opportunity and returns it. ErrInvalidInput without a title, or
// with a probability that is no percentage.
//
// API: POST /v1/Core/Opportunities (inferred)
func (s *OpportunitiesService) Create(ctx context.Context, in *OpportunityInput) (*Opportunity, error) {
	return fetch[Opportunity](ctx, s.client, "POST /v1/Core/Opportunities", nil, in)
}

// Update replaces an opportunity: what in leaves out is cleared.
// [OpportunitiesService.Modify] changes a part of one.
//
// API: PUT /v1/Core/Opportunities/{id} (inferred)
func (s *OpportunitiesService) Update(ctx context.Context, id int64, in *OpportunityInput) (*Opportunity, error) {
	return put(ctx, s.client, "PUT /v1/Core/Opportunities/{id}", in, s.Get, id)
}

// Modify reads an opportunity, lets edit change it, and writes the whole back.
// When edit returns an error nothing is written, and Modify returns that error.
//
// API: GET, then PUT /v1/Core/Opportunities/{id} (inferred)
func (s *OpportunitiesService) Modify(ctx context.Context, id int64, edit func(*OpportunityInput) error) (*Opportunity, error) {
	return modify(ctx, s.client, "PUT /v1/Core/Opportunities/{id}", id, s.Get, (*Opportunity).Input, edit)
}
