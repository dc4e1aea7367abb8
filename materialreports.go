package tid

import (
	"context"
	"iter"
)

// MaterialReportsService reads and writes material reports.
type MaterialReportsService service

// MaterialReportSort is a key that material reports can be sorted by.
type MaterialReportSort string

// The sort keys of material reports.
const (
	MaterialReportsBySortOrder     MaterialReportSort = "sortOrder"
	MaterialReportsByArticleNumber MaterialReportSort = "articleNumber"
	MaterialReportsByTitle         MaterialReportSort = "title"
	MaterialReportsByCreatedDate   MaterialReportSort = "createdDate"
	MaterialReportsByUpdatedDate   MaterialReportSort = "updatedDate"
)

var materialReportSorts = enumOf(MaterialReportsBySortOrder, MaterialReportsByArticleNumber,
	MaterialReportsByTitle, MaterialReportsByCreatedDate, MaterialReportsByUpdatedDate)

func (MaterialReportSort) values() enum { return materialReportSorts }

// MaterialReport is the material of one kind that a project has used.
type MaterialReport struct {
	ID            int64  `json:"id"`
	SortOrder     int    `json:"sortOrder,omitzero"`
	ArticleNumber string `json:"articleNumber,omitzero"`
	Title         string `json:"title,omitzero"`
	Description   string `json:"description,omitzero"`
	// ConsumedUnits are units of what UnitText names.
	ConsumedUnits Decimal `json:"consumedUnits"`
	// InvoiceableUnits are units of what UnitText names.
	InvoiceableUnits Decimal `json:"invoiceableUnits"`
	UnitText         string  `json:"unitText,omitzero"`
	// CostPerUnit is money for one unit; with or without VAT is unknown.
	CostPerUnit Decimal `json:"costPerUnit"`
	// PricePerUnit is money for one unit; with or without VAT is unknown.
	PricePerUnit Decimal `json:"pricePerUnit"`
	// DiscountPercentage is per cent.
	DiscountPercentage Decimal `json:"discountPercentage"`
	// TotalAmount is money for all units; with or without VAT is unknown, as is
	// how it follows from units, price and discount.
	TotalAmount    Decimal  `json:"totalAmount"`
	ToBeInvoiced   bool     `json:"toBeInvoiced"`
	InvoiceID      int64    `json:"invoiceId,omitzero"`
	InvoicedDate   DateTime `json:"invoicedDate,omitzero"`
	InvoiceDraftID int64    `json:"invoiceDraftId,omitzero"`
	Project        *Ref     `json:"project,omitzero"`
	TimeReportID   int64    `json:"timeReportId,omitzero"`
	CreatedDate    DateTime `json:"createdDate,omitzero"`
	UpdatedDate    DateTime `json:"updatedDate,omitzero"`
	ObjectName     string   `json:"objectName,omitzero"`
	// Extra is what the answer had beyond these fields: of one object alone, not in lists.
	Extra Extra `json:"-"`

	answered answered
}

// MaterialReportInput is all that can be written of a material report. An update
// replaces the report: what is left out is cleared. All names are inferred.
type MaterialReportInput struct {
	ProjectID int64 `json:"projectId" tid:"required?"`
	// ArticleID or ArticleNumber says what was used. Answers of the API have only the
	// number.
	ArticleID     int64  `json:"articleId,omitzero" held:"-"`
	ArticleNumber string `json:"articleNumber,omitzero"`
	Title         string `json:"title,omitzero"`
	Description   string `json:"description,omitzero"`
	// ConsumedUnits are units of what UnitText names.
	ConsumedUnits Decimal `json:"consumedUnits,omitzero"`
	// InvoiceableUnits are units of what UnitText names, and left to the API
	// unless set; Set(Decimal{}) is none.
	InvoiceableUnits Opt[Decimal] `json:"invoiceableUnits,omitzero"`
	UnitText         string       `json:"unitText,omitzero"`
	// CostPerUnit is money for one unit; with or without VAT is unknown. It is
	// left to the API, which may take that of the article, unless set;
	// Set(Decimal{}) is free of charge.
	CostPerUnit Opt[Decimal] `json:"costPerUnit,omitzero"`
	// PricePerUnit is money for one unit; with or without VAT is unknown. It is
	// left to the API as CostPerUnit is.
	PricePerUnit Opt[Decimal] `json:"pricePerUnit,omitzero"`
	// DiscountPercentage is per cent.
	DiscountPercentage Decimal `json:"discountPercentage,omitzero"`
	// ToBeInvoiced is left to the API unless set; Set(false) keeps it off invoices.
	ToBeInvoiced Opt[bool] `json:"toBeInvoiced,omitzero"`
	TimeReportID int64     `json:"timeReportId,omitzero"`
	SortOrder    int       `json:"sortOrder,omitzero"`
	// Extra are further properties; see [Extra].
	Extra Extra `json:"-"`

	carried carried
}

// Input returns all that can be written of r, unchanged. The API does not
// send the article's id, so that the input has only its number.
func (r *MaterialReport) Input() *MaterialReportInput {
	in := &MaterialReportInput{
		ProjectID:          refID(r.Project),
		ArticleNumber:      r.ArticleNumber,
		Title:              r.Title,
		Description:        r.Description,
		ConsumedUnits:      r.ConsumedUnits,
		InvoiceableUnits:   had(r.answered, "invoiceableUnits", r.InvoiceableUnits),
		UnitText:           r.UnitText,
		CostPerUnit:        had(r.answered, "costPerUnit", r.CostPerUnit),
		PricePerUnit:       had(r.answered, "pricePerUnit", r.PricePerUnit),
		DiscountPercentage: r.DiscountPercentage,
		ToBeInvoiced:       had(r.answered, "toBeInvoiced", r.ToBeInvoiced),
		TimeReportID:       r.TimeReportID,
		SortOrder:          r.SortOrder,
	}
	in.Extra, in.carried = handOn(r.Extra, r.answered, in)
	return in
}

func (r *MaterialReport) input() writable             { return r.Input() }
func (r *MaterialReport) beyond() (*Extra, *answered) { return &r.Extra, &r.answered }

func (in *MaterialReportInput) beyond() (Extra, carried) { return in.Extra, in.carried }

// MaterialReportListOptions choose and order material reports. No filter on dates
// is known.
type MaterialReportListOptions struct {
	ListOptions
	SortBy    MaterialReportSort `url:"sortBy,omitempty"`
	ProjectID int64              `url:"filter.projectId,omitempty"`
}

// List returns one page of the material reports.
//
// API: GET /v1/Core/MaterialReports
func (s *MaterialReportsService) List(ctx context.Context, opts *MaterialReportListOptions) (*Page[MaterialReport], error) {
	return list[MaterialReport](ctx, s.client, "GET /v1/Core/MaterialReports", opts)
}

// All yields every material report.
//
// API: GET /v1/Core/MaterialReports
func (s *MaterialReportsService) All(ctx context.Context, opts *MaterialReportListOptions) iter.Seq2[*MaterialReport, error] {
	return all[MaterialReport](ctx, s.client, "GET /v1/Core/MaterialReports", opts)
}

// ChangedSince yields the material reports that were changed at since or later,
// newest first; see [ListOptions]. ErrInvalidInput where opts set a Page or another
// order.
//
// API: GET /v1/Core/MaterialReports
func (s *MaterialReportsService) ChangedSince(ctx context.Context, since DateTime, opts *MaterialReportListOptions) iter.Seq2[*MaterialReport, error] {
	return changedSince[MaterialReport](ctx, s.client, "GET /v1/Core/MaterialReports", since, string(MaterialReportsByUpdatedDate), opts)
}

// Follow yields the material reports that cursor has not passed yet: first all of
// them, oldest first, then those that have changed; see [Cursor] and [ListOptions].
// ErrInvalidInput without a cursor, or where opts set a Page or another order.
//
// API: GET /v1/Core/MaterialReports
func (s *MaterialReportsService) Follow(ctx context.Context, cursor *Cursor, opts *MaterialReportListOptions) iter.Seq2[*MaterialReport, error] {
	return follow[MaterialReport](ctx, s.client, "GET /v1/Core/MaterialReports", cursor, string(MaterialReportsByUpdatedDate), string(MaterialReportsByCreatedDate), opts)
}

// Gone yields the ids of those material reports in known that the API does not have
// any more. known gives ids, each with its CreatedDate; see
// [TimeReportsService.Gone]. ErrInvalidInput where known is nil, or has an id below
// 1.
//
// API: GET /v1/Core/MaterialReports, then GET /v1/Core/MaterialReports/{id} (inferred)
func (s *MaterialReportsService) Gone(ctx context.Context, known iter.Seq2[int64, DateTime]) iter.Seq2[int64, error] {
	return findGone[MaterialReport](ctx, s.client, "GET /v1/Core/MaterialReports", string(MaterialReportsByCreatedDate), known, func(ctx context.Context, id int64) error {
		_, err := s.Get(ctx, id)
		return err
	})
}

// Get returns one material report, or ErrNotFound.
//
// API: GET /v1/Core/MaterialReports/{id} (inferred)
func (s *MaterialReportsService) Get(ctx context.Context, id int64) (*MaterialReport, error) {
	return detail[MaterialReport](ctx, s.client, "GET /v1/Core/MaterialReports/{id}", id)
}

// Create adds a material report and returns it. ErrInvalidInput without a project.
//
// API: POST /v1/Core/MaterialReports (inferred)
func (s *MaterialReportsService) Create(ctx context.Context, in *MaterialReportInput) (*MaterialReport, error) {
	return fetch[MaterialReport](ctx, s.client, "POST /v1/Core/MaterialReports", nil, in)
}

// Update replaces a material report: what in leaves out is cleared.
// [MaterialReportsService.Modify] changes a part of one.
//
// API: PUT /v1/Core/MaterialReports/{id} (inferred)
func (s *MaterialReportsService) Update(ctx context.Context, id int64, in *MaterialReportInput) (*MaterialReport, error) {
	return put(ctx, s.client, "PUT /v1/Core/MaterialReports/{id}", in, s.Get, id)
}

// Modify reads a material report, lets edit change it, and writes the whole back.
// When edit returns an error nothing is written, and Modify returns that error.
//
// API: GET, then PUT /v1/Core/MaterialReports/{id} (inferred)
func (s *MaterialReportsService) Modify(ctx context.Context, id int64, edit func(*MaterialReportInput) error) (*MaterialReport, error) {
	return modify(ctx, s.client, "PUT /v1/Core/MaterialReports/{id}", id, s.Get, (*MaterialReport).Input, edit)
}

// Delete removes a material report.
//
// API: DELETE /v1/Core/MaterialReports/{id} (inferred)
func (s *MaterialReportsService) Delete(ctx context.Context, id int64) error {
	return s.client.exec(ctx, "DELETE /v1/Core/MaterialReports/{id}", nil, nil, nil, id)
}
