package tid

import (
	"context"
	"iter"
)

// OffersService reads offers, and downloads them as PDF.
type OffersService service

// OfferState is how far an offer has come.
type OfferState string

// The states of offers.
const (
	OfferDraft            OfferState = "draft"
	OfferLocked           OfferState = "locked"
	OfferSentToCustomer   OfferState = "sentToCustomer"
	OfferOpenedByCustomer OfferState = "openedByCustomer"
	OfferAccepted         OfferState = "accepted"
	OfferAcceptedSigned   OfferState = "acceptedSigned"
	OfferDenied           OfferState = "denied"
)

var offerStates = enumOf(OfferDraft, OfferLocked, OfferSentToCustomer, OfferOpenedByCustomer,
	OfferAccepted, OfferAcceptedSigned, OfferDenied)

func (OfferState) values() enum { return offerStates }

// UnmarshalText reads a state in any case and keeps an unknown one.
func (s *OfferState) UnmarshalText(text []byte) error {
	return offerStates.decode((*string)(s), text)
}

// OfferSort is a key that offers can be sorted by.
type OfferSort string

// The sort keys of offers.
const (
	OffersByTitle       OfferSort = "title"
	OffersByOfferNumber OfferSort = "offerNumber"
	OffersByCreatedDate OfferSort = "createdDate"
	OffersByUpdatedDate OfferSort = "updatedDate"
)

var offerSorts = enumOf(OffersByTitle, OffersByOfferNumber, OffersByCreatedDate, OffersByUpdatedDate)

func (OfferSort) values() enum { return offerSorts }

// Offer is one version of an offer.
type Offer struct {
	ID int64 `json:"id"`
	// OfferNumber is the same for all versions of an offer; 0 when there is none.
	OfferNumber int64  `json:"offerNumber,omitzero"`
	Version     int    `json:"version,omitzero"`
	Title       string `json:"title,omitzero"`
	// OfferValue is money for the whole offer; with or without VAT is unknown.
	OfferValue Decimal    `json:"offerValue"`
	OfferState OfferState `json:"offerState,omitzero"`
	// HasPDF says that there is something for [OffersService.Download].
	HasPDF bool `json:"hasPdf"`
	// User is responsible for the offer.
	User        *Ref      `json:"user,omitzero"`
	Customer    *Ref      `json:"customer,omitzero"`
	Opportunity *TitleRef `json:"opportunity,omitzero"`
	CreatedDate DateTime  `json:"createdDate,omitzero"`
	UpdatedDate DateTime  `json:"updatedDate,omitzero"`
	ObjectName  string    `json:"objectName,omitzero"`
}

// OfferListOptions choose and order offers.
type OfferListOptions struct {
	ListOptions
	SortBy      OfferSort `url:"sortBy,omitempty"`
	OfferNumber int64     `url:"filter.offerNumber,omitempty"`
	// The dates of creation and of the last update: from and to a day, or a time.
	// Whether a To that is a day includes that day is unknown.
	CreatedDateFrom DateOrTime `url:"filter.createdDateFrom,omitempty"`
	CreatedDateTo   DateOrTime `url:"filter.createdDateTo,omitempty"`
	UpdatedDateFrom DateOrTime `url:"filter.updatedDateFrom,omitempty"`
	UpdatedDateTo   DateOrTime `url:"filter.updatedDateTo,omitempty"`
	OfferState      OfferState `url:"filter.offerState,omitempty"`
	OpportunityID   int64      `url:"filter.opportunityId,omitempty"`
}

// List returns one page of the offers: every version of each offer number.
//
// API: GET /v1/Core/Offers
func (s *OffersService) List(ctx context.Context, opts *OfferListOptions) (*Page[Offer], error) {
	return list[Offer](ctx, s.client, "GET /v1/Core/Offers", opts)
}

// All yields every version of every offer.
//
// API: GET /v1/Core/Offers
func (s *OffersService) All(ctx context.Context, opts *OfferListOptions) iter.Seq2[*Offer, error] {
	return all[Offer](ctx, s.client, "GET /v1/Core/Offers", opts)
}

// ChangedSince yields the offers that were changed at since or later, newest first;
// see [ListOptions]. ErrInvalidInput where opts set a Page or another order.
//
// API: GET /v1/Core/Offers
func (s *OffersService) ChangedSince(ctx context.Context, since DateTime, opts *OfferListOptions) iter.Seq2[*Offer, error] {
	return changedSince[Offer](ctx, s.client, "GET /v1/Core/Offers", since, string(OffersByUpdatedDate), opts)
}

// Follow yields the offers that cursor has not passed yet: first all of them, oldest
// first, then those that have changed; see [Cursor] and [ListOptions].
// ErrInvalidInput without a cursor, or where opts set a Page or another order.
//
// API: GET /v1/Core/Offers
func (s *OffersService) Follow(ctx context.Context, cursor *Cursor, opts *OfferListOptions) iter.Seq2[*Offer, error] {
	return follow[Offer](ctx, s.client, "GET /v1/Core/Offers", cursor, string(OffersByUpdatedDate), string(OffersByCreatedDate), opts)
}

// Download starts the download of an offer as PDF, or gives ErrNotFound. The
// caller closes the file's Body.
//
// API: GET /v1/Core/Offers/{id}/Download (inferred)
func (s *OffersService) Download(ctx context.Context, id int64) (*File, error) {
	return download(ctx, s.client, "GET /v1/Core/Offers/{id}/Download", id)
}
