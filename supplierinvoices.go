package tid

import (
	"context"
	"iter"
)

// SupplierInvoicesService reads the invoices of suppliers, and adds unhandled ones.
type SupplierInvoicesService service

// SupplierInvoiceSort is a key that supplier invoices can be sorted by.
type SupplierInvoiceSort string

// The sort keys of supplier invoices.
const (
	SupplierInvoicesByInvoiceNumber       SupplierInvoiceSort = "invoiceNumber"
	SupplierInvoicesByInvoiceDate         SupplierInvoiceSort = "invoiceDate"
	SupplierInvoicesByTotalAmount         SupplierInvoiceSort = "totalAmount"
	SupplierInvoicesByInvoiceCostAddition SupplierInvoiceSort = "invoiceCostAddition"
	SupplierInvoicesByCost                SupplierInvoiceSort = "cost"
	SupplierInvoicesByCreatedDate         SupplierInvoiceSort = "createdDate"
	SupplierInvoicesByUpdatedDate         SupplierInvoiceSort = "updatedDate"
)

var supplierInvoiceSorts = enumOf(SupplierInvoicesByInvoiceNumber, SupplierInvoicesByInvoiceDate,
	SupplierInvoicesByTotalAmount, SupplierInvoicesByInvoiceCostAddition, SupplierInvoicesByCost,
	SupplierInvoicesByCreatedDate, SupplierInvoicesByUpdatedDate)

func (SupplierInvoiceSort) values() enum { return supplierInvoiceSorts }

// SupplierInvoice is an invoice from a supplier.
type SupplierInvoice struct {
	ID            int64  `json:"id"`
	InvoiceNumber string `json:"invoiceNumber"`
	InvoiceDate   Date   `json:"invoiceDate,omitzero"`
	Title         string `json:"title,omitzero"`
	Description   string `json:"description,omitzero"`
	// TotalAmount is money: the total of the invoice; with or without VAT is
	// unknown.
	TotalAmount Decimal `json:"totalAmount"`
	// Cost is money; with or without VAT is unknown, as is which part of
	// TotalAmount it is.
	Cost Decimal `json:"cost"`
	// InvoiceCostAddition is what is added to the cost; whether it is money or
	// per cent, to what it is added, and with or without VAT, is unknown.
	InvoiceCostAddition Decimal  `json:"invoiceCostAddition"`
	ToBeInvoiced        bool     `json:"toBeInvoiced"`
	InvoiceID           int64    `json:"invoiceId,omitzero"`
	Project             *Ref     `json:"project,omitzero"`
	Supplier            *Ref     `json:"supplier,omitzero"`
	CreatedDate         DateTime `json:"createdDate,omitzero"`
	UpdatedDate         DateTime `json:"updatedDate,omitzero"`
	ObjectName          string   `json:"objectName,omitzero"`
}

// SupplierInvoiceInput is an unhandled supplier invoice to add. All names are
// inferred.
type SupplierInvoiceInput struct {
	InvoiceNumber string `json:"invoiceNumber" tid:"required?"`
	InvoiceDate   Date   `json:"invoiceDate,omitzero"`
	SupplierID    int64  `json:"supplierId,omitzero"`
	SupplierName  string `json:"supplierName,omitzero"`
	Title         string `json:"title,omitzero"`
	Description   string `json:"description,omitzero"`
	// TotalAmount is money: the total of the invoice; with or without VAT is
	// unknown.
	TotalAmount Decimal `json:"totalAmount,omitzero"`
	ProjectID   int64   `json:"projectId,omitzero"`
}

// SupplierInvoiceListOptions choose and order supplier invoices.
type SupplierInvoiceListOptions struct {
	ListOptions
	SortBy    SupplierInvoiceSort `url:"sortBy,omitempty"`
	ProjectID int64               `url:"filter.projectId,omitempty"`
	// From and to a day or a time. Whether a To that is a day includes that day is
	// unknown.
	InvoiceDateFrom DateOrTime `url:"filter.invoiceDateFrom,omitempty"`
	InvoiceDateTo   DateOrTime `url:"filter.invoiceDateTo,omitempty"`
}

// List returns one page of the supplier invoices.
//
// API: GET /v1/Core/SupplierInvoices
func (s *SupplierInvoicesService) List(ctx context.Context, opts *SupplierInvoiceListOptions) (*Page[SupplierInvoice], error) {
	return list[SupplierInvoice](ctx, s.client, "GET /v1/Core/SupplierInvoices", opts)
}

// All yields every supplier invoice.
//
// API: GET /v1/Core/SupplierInvoices
func (s *SupplierInvoicesService) All(ctx context.Context, opts *SupplierInvoiceListOptions) iter.Seq2[*SupplierInvoice, error] {
	return all[SupplierInvoice](ctx, s.client, "GET /v1/Core/SupplierInvoices", opts)
}

// ChangedSince yields the supplier invoices that were changed at since or later,
// newest first; see [ListOptions]. ErrInvalidInput where opts set a Page or another
// order.
//
// API: GET /v1/Core/SupplierInvoices
func (s *SupplierInvoicesService) ChangedSince(ctx context.Context, since DateTime, opts *SupplierInvoiceListOptions) iter.Seq2[*SupplierInvoice, error] {
	return changedSince[SupplierInvoice](ctx, s.client, "GET /v1/Core/SupplierInvoices", since, string(SupplierInvoicesByUpdatedDate), opts)
}

// Follow yields the supplier invoices that cursor has not passed yet: first all of
// them, oldest first, then those that have changed; see [Cursor] and [ListOptions].
// ErrInvalidInput without a cursor, or where opts set a Page or another order.
//
// API: GET /v1/Core/SupplierInvoices
func (s *SupplierInvoicesService) Follow(ctx context.Context, cursor *Cursor, opts *SupplierInvoiceListOptions) iter.Seq2[*SupplierInvoice, error] {
	return follow[SupplierInvoice](ctx, s.client, "GET /v1/Core/SupplierInvoices", cursor, string(SupplierInvoicesByUpdatedDate), string(SupplierInvoicesByCreatedDate), opts)
}

// AddUnhandled adds a supplier invoice that is still to be handled, and returns it.
// ErrInvalidInput without an invoice number.
//
// API: POST /v1/Core/SupplierInvoices/Unhandled (inferred)
func (s *SupplierInvoicesService) AddUnhandled(ctx context.Context, in *SupplierInvoiceInput) (*SupplierInvoice, error) {
	out := new(SupplierInvoice) // whether the answer has an id is not known
	return out, s.client.exec(ctx, "POST /v1/Core/SupplierInvoices/Unhandled", nil, in, out)
}
