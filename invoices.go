package tid

import (
	"context"
	"iter"
	"slices"
)

// InvoicesService reads invoices, and marks them as sent to an economy system.
type InvoicesService service

// InvoiceSort is a key that invoices can be sorted by.
type InvoiceSort string

// The sort keys of invoices.
const (
	InvoicesByCreatedDate         InvoiceSort = "createdDate"
	InvoicesByInvoiceDate         InvoiceSort = "invoiceDate"
	InvoicesByCustomer            InvoiceSort = "customer"
	InvoicesBySum                 InvoiceSort = "sum"
	InvoicesBySentToEconomySystem InvoiceSort = "sentToEconomySystem"
)

var invoiceSorts = enumOf(InvoicesByCreatedDate, InvoicesByInvoiceDate, InvoicesByCustomer,
	InvoicesBySum, InvoicesBySentToEconomySystem)

func (InvoiceSort) values() enum { return invoiceSorts }

// InvoiceSummary is an invoice as the list has it. No property is known that holds
// its number, its due date, its currency, its VAT or its sum with VAT.
type InvoiceSummary struct {
	ID          int64    `json:"id"`
	InvoiceDate Date     `json:"invoiceDate,omitzero"`
	CreatedDate DateTime `json:"createdDate,omitzero"`
	FromDate    Date     `json:"fromDate,omitzero"`
	ToDate      Date     `json:"toDate,omitzero"`
	// Sum is money: the whole invoice without VAT.
	Sum      Decimal `json:"sum"`
	Customer *Ref    `json:"customer,omitzero"`
	// SentToEconomySystem is the day of the handover; zero until then.
	SentToEconomySystem Date   `json:"sentToEconomySystem,omitzero"`
	ObjectName          string `json:"objectName,omitzero"`
}

// IsSent reports whether the invoice is marked as sent to the economy system.
func (i *InvoiceSummary) IsSent() bool { return !i.SentToEconomySystem.IsZero() }

// Invoice is an invoice as the detail has it.
type Invoice struct {
	InvoiceSummary
	// Rows are all rows, headers and sums included; see [Invoice.SoldRows].
	Rows []InvoiceRow `json:"rows,omitzero"`
}

// InvoiceRow is one row of an invoice.
type InvoiceRow struct {
	ID            int64  `json:"id"`
	IsHeader      bool   `json:"isHeader"`
	IsSumRow      bool   `json:"isSumRow"`
	ArticleNumber string `json:"articleNumber,omitzero"`
	Article       string `json:"article,omitzero"`
	Comment       string `json:"comment,omitzero"`
	// Value is the quantity, as a number of units; which unit is unknown.
	Value Decimal `json:"value"`
	// Rate is money for one unit; with or without VAT is unknown.
	Rate Decimal `json:"rate"`
	// Discount is per cent.
	Discount Decimal `json:"discount"`
	// Sum is money for the row; with or without VAT is unknown, as is whether the
	// Discount is off it.
	Sum        Decimal `json:"sum"`
	SortOrder  int     `json:"sortOrder,omitzero"`
	ObjectName string  `json:"objectName,omitzero"`
}

// SoldRows returns the rows that are sold goods: neither headers nor sums.
func (i *Invoice) SoldRows() []InvoiceRow {
	return slices.DeleteFunc(slices.Clone(i.Rows), func(r InvoiceRow) bool { return r.IsHeader || r.IsSumRow })
}

// InvoiceListOptions choose and order invoices.
type InvoiceListOptions struct {
	ListOptions
	SortBy     InvoiceSort `url:"sortBy,omitempty"`
	CustomerID int64       `url:"filter.customerId,omitempty"`
	// CreatedSince is a day or a time of creation, and SinceID an invoice: what came
	// before is left out.
	CreatedSince DateOrTime `url:"filter.createdSince,omitempty"`
	SinceID      int64      `url:"filter.sinceId,omitempty"`
}

// List returns one page of the invoices.
//
// API: GET /v1/Core/Invoices
func (s *InvoicesService) List(ctx context.Context, opts *InvoiceListOptions) (*Page[InvoiceSummary], error) {
	return list[InvoiceSummary](ctx, s.client, "GET /v1/Core/Invoices", opts)
}

// All yields every invoice.
//
// API: GET /v1/Core/Invoices
func (s *InvoicesService) All(ctx context.Context, opts *InvoiceListOptions) iter.Seq2[*InvoiceSummary, error] {
	return all[InvoiceSummary](ctx, s.client, "GET /v1/Core/Invoices", opts)
}

// Unsent yields every invoice that is not yet marked as sent to the economy
// system. No such filter is known, so all invoices that opts choose are read.
// A loop that marks them must not sort by [InvoicesBySentToEconomySystem],
// since rows would move between the pages that are still to come.
//
// API: GET /v1/Core/Invoices
func (s *InvoicesService) Unsent(ctx context.Context, opts *InvoiceListOptions) iter.Seq2[*InvoiceSummary, error] {
	invoices := s.All(ctx, opts)
	return func(yield func(*InvoiceSummary, error) bool) {
		for invoice, err := range invoices {
			if (err != nil || !invoice.IsSent()) && !yield(invoice, err) {
				return
			}
		}
	}
}

// Get returns one invoice with its rows, or ErrNotFound.
//
// API: GET /v1/Core/Invoices/{id}
func (s *InvoicesService) Get(ctx context.Context, id int64) (*Invoice, error) {
	return detail[Invoice](ctx, s.client, "GET /v1/Core/Invoices/{id}", id)
}

// handover is what an economy system says of an invoice that it has taken.
type handover struct {
	Date   Date   `url:"date" tid:"required"`
	Number string `url:"economySystemInvoiceNumber,omitempty"`
}

// SetSentToEconomySystem marks an invoice as sent to the economy system on the
// given day, under the number that it has there; "" sends no number. The API does
// not give the number back. The call is retried as a read is, since the same
// values twice do no harm. ErrInvalidInput without a day.
//
// API: PATCH /v1/Core/Invoices/{id}/SetSentToEconomySystem
func (s *InvoicesService) SetSentToEconomySystem(ctx context.Context, id int64, date Date, economySystemInvoiceNumber string) error {
	params := handover{date, economySystemInvoiceNumber}
	call, err := s.client.newCall(ctx, "PATCH /v1/Core/Invoices/{id}/SetSentToEconomySystem", []any{id}, params, nil)
	if err != nil {
		return err
	}
	call.replay = true
	return s.client.do(ctx, call, receiveInto(nil))
}
