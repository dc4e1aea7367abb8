package tid

import (
	"context"
	"iter"
)

// PaymentPlansService reads payment plans: what is to be invoiced, and when.
type PaymentPlansService service

// PaymentPlanSort is a key that payment plans can be sorted by.
type PaymentPlanSort string

// The sort keys of payment plans.
const (
	PaymentPlansByDescription PaymentPlanSort = "description"
	PaymentPlansByCreatedDate PaymentPlanSort = "createdDate"
	PaymentPlansByUpdatedDate PaymentPlanSort = "updatedDate"
)

var paymentPlanSorts = enumOf(PaymentPlansByDescription, PaymentPlansByCreatedDate, PaymentPlansByUpdatedDate)

func (PaymentPlanSort) values() enum { return paymentPlanSorts }

// PaymentPlan is one planned payment of a project.
type PaymentPlan struct {
	ID            int64  `json:"id"`
	ArticleNumber string `json:"articleNumber,omitzero"`
	Description   string `json:"description,omitzero"`
	// Price is money for one unit; with or without VAT is unknown. See
	// [PaymentPlan.Amount].
	Price Decimal `json:"price"`
	// Units is a number of units; which unit is unknown.
	Units   Decimal `json:"units"`
	BatchID int64   `json:"batchId,omitzero"`
	// Date is the day on which the invoice is planned.
	Date           Date     `json:"date,omitzero"`
	InvoiceID      int64    `json:"invoiceId,omitzero"`
	InvoicedDate   DateTime `json:"invoicedDate,omitzero"`
	InvoiceDraftID int64    `json:"invoiceDraftId,omitzero"`
	Project        *Ref     `json:"project,omitzero"`
	CreatedDate    DateTime `json:"createdDate,omitzero"`
	UpdatedDate    DateTime `json:"updatedDate,omitzero"`
	ObjectName     string   `json:"objectName,omitzero"`
}

// Amount returns Price × Units, exactly and not rounded: money, of which with or
// without VAT is unknown.
func (p *PaymentPlan) Amount() Decimal { return p.Price.Mul(p.Units) }

// PaymentPlanListOptions choose and order payment plans.
type PaymentPlanListOptions struct {
	ListOptions
	SortBy    PaymentPlanSort `url:"sortBy,omitempty"`
	ProjectID int64           `url:"filter.projectId,omitempty"`
}

// List returns one page of the payment plans.
//
// API: GET /v1/Core/PaymentPlans
func (s *PaymentPlansService) List(ctx context.Context, opts *PaymentPlanListOptions) (*Page[PaymentPlan], error) {
	return list[PaymentPlan](ctx, s.client, "GET /v1/Core/PaymentPlans", opts)
}

// All yields every payment plan.
//
// API: GET /v1/Core/PaymentPlans
func (s *PaymentPlansService) All(ctx context.Context, opts *PaymentPlanListOptions) iter.Seq2[*PaymentPlan, error] {
	return all[PaymentPlan](ctx, s.client, "GET /v1/Core/PaymentPlans", opts)
}

// ChangedSince yields the payment plans that were changed at since or later, newest
// first; see [ListOptions]. ErrInvalidInput where opts set a Page or another order.
//
// API: GET /v1/Core/PaymentPlans
func (s *PaymentPlansService) ChangedSince(ctx context.Context, since DateTime, opts *PaymentPlanListOptions) iter.Seq2[*PaymentPlan, error] {
	return changedSince[PaymentPlan](ctx, s.client, "GET /v1/Core/PaymentPlans", since, string(PaymentPlansByUpdatedDate), opts)
}

// Follow yields the payment plans that cursor has not passed yet: first all of them,
// oldest first, then those that have changed; see [Cursor] and [ListOptions].
// ErrInvalidInput without a cursor, or where opts set a Page or another order.
//
// API: GET /v1/Core/PaymentPlans
func (s *PaymentPlansService) Follow(ctx context.Context, cursor *Cursor, opts *PaymentPlanListOptions) iter.Seq2[*PaymentPlan, error] {
	return follow[PaymentPlan](ctx, s.client, "GET /v1/Core/PaymentPlans", cursor, string(PaymentPlansByUpdatedDate), string(PaymentPlansByCreatedDate), opts)
}
