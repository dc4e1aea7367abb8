package tid

import (
	"context"
	"iter"
	"slices"
)

// TimeReportsService reads and writes time reports.
type TimeReportsService service

// TimeReportSort is a key that time reports can be sorted by.
type TimeReportSort string

// The sort keys of time reports.
const (
	TimeReportsByDate             TimeReportSort = "date"
	TimeReportsByUserName         TimeReportSort = "userName"
	TimeReportsByHours            TimeReportSort = "hours"
	TimeReportsByInvoiceableHours TimeReportSort = "invoiceableHours"
	TimeReportsBySentToAttestDate TimeReportSort = "sentToAttestDate"
	TimeReportsByAttestedDate     TimeReportSort = "attestedDate"
	TimeReportsByCreatedDate      TimeReportSort = "createdDate"
	TimeReportsByUpdatedDate      TimeReportSort = "updatedDate"
)

var timeReportSorts = enumOf(TimeReportsByDate, TimeReportsByUserName, TimeReportsByHours,
	TimeReportsByInvoiceableHours, TimeReportsBySentToAttestDate, TimeReportsByAttestedDate,
	TimeReportsByCreatedDate, TimeReportsByUpdatedDate)

func (TimeReportSort) values() enum { return timeReportSorts }

// ProjectType is the kind of project that time is reported on.
type ProjectType string

// The kinds of projects that time is reported on.
const (
	ProjectTypeProject  ProjectType = "project"
	ProjectTypeInternal ProjectType = "internalProject"
	ProjectTypeAbsence  ProjectType = "absenceProject"
)

var projectTypes = enumOf(ProjectTypeProject, ProjectTypeInternal, ProjectTypeAbsence)

func (ProjectType) values() enum { return projectTypes }

// UnmarshalText reads a kind in any case and keeps an unknown one.
func (t *ProjectType) UnmarshalText(text []byte) error {
	return projectTypes.decode((*string)(t), text)
}

// AttestState is how far a time report has come on its way to payroll and invoice.
type AttestState string

// The attest states; they follow from a report's two attest dates.
const (
	AttestNotSent  AttestState = "notSent"
	AttestSent     AttestState = "sent"
	AttestAttested AttestState = "attested"
)

// TimeReport is the time that one user has worked on one day on one thing.
type TimeReport struct {
	ID int64 `json:"id"`
	// Date is the day of the work.
	Date       Date      `json:"date,omitzero"`
	ClockStart ClockTime `json:"clockStart,omitzero"`
	ClockEnd   ClockTime `json:"clockEnd,omitzero"`
	// Hours are hours worked, net of the break.
	Hours Decimal `json:"hours"`
	// InvoiceableHours are hours to invoice; see [TimeReport.Amount].
	InvoiceableHours Decimal `json:"invoiceableHours"`
	// BreakMinutes are minutes of break, which Hours do not include.
	BreakMinutes int `json:"breakMinutes"`
	// Cost is money for one hour and not for all Hours, which is inferred; with
	// or without VAT is unknown.
	Cost Decimal `json:"cost"`
	// Rate is money for one invoiceable hour, which is inferred; with or without
	// VAT is unknown.
	Rate Decimal `json:"rate"`
	// Discount is per cent off the Rate, as that of an invoice row, which is
	// inferred.
	Discount         Decimal  `json:"discount"`
	Comment          string   `json:"comment,omitzero"`
	InternalComment  string   `json:"internalComment,omitzero"`
	SentToAttestDate DateTime `json:"sentToAttestDate,omitzero"`
	AttestedDate     DateTime `json:"attestedDate,omitzero"`
	User             *Ref     `json:"user,omitzero"`
	// One of Project, InternalProject and AbsenceProject is set.
	Project           *NumberRef `json:"project,omitzero"`
	InternalProject   *Ref       `json:"internalProject,omitzero"`
	AbsenceProject    *Ref       `json:"absenceProject,omitzero"`
	Contact           *Ref       `json:"contact,omitzero"`
	Activity          *Ref       `json:"activity,omitzero"`
	TimeCode          *Ref       `json:"timeCode,omitzero"`
	TimeArticle       *Ref       `json:"timeArticle,omitzero"`
	CostCenter        *Ref       `json:"costCenter,omitzero"`
	InvoiceID         int64      `json:"invoiceId,omitzero"`
	InvoicedDate      DateTime   `json:"invoicedDate,omitzero"`
	InvoiceDraftID    int64      `json:"invoiceDraftId,omitzero"`
	TravelReportID    int64      `json:"travelReportId,omitzero"`
	AllowanceReportID int64      `json:"allowanceReportId,omitzero"`
	TaskID            int64      `json:"taskId,omitzero"`
	HasAdditions      bool       `json:"hasAdditions"`
	HasEquipment      bool       `json:"hasEquipment"`
	CreatedDate       DateTime   `json:"createdDate,omitzero"`
	UpdatedDate       DateTime   `json:"updatedDate,omitzero"`
	CreatedBy         *Ref       `json:"createdBy,omitzero"`
	UpdatedBy         *Ref       `json:"updatedBy,omitzero"`
	ObjectName        string     `json:"objectName,omitzero"`
	// Extra is what the answer had beyond these fields: of one object alone, not in lists.
	Extra Extra `json:"-"`

	answered answered
}

// Amount returns InvoiceableHours × Rate, less Discount per cent of it, exactly and
// not rounded: money for the time of the report, without its additions, equipment
// and travel. That Rate is for an hour and Discount per cent is inferred, and the
// API gives no amount to hold it against; with or without VAT is unknown.
func (r *TimeReport) Amount() Decimal {
	full := r.InvoiceableHours.Mul(r.Rate)
	return full.Sub(full.Mul(r.Discount).Mul(NewDecimal(1, -2)))
}

// Attest returns how far r has come.
func (r *TimeReport) Attest() AttestState {
	switch {
	case !r.AttestedDate.IsZero():
		return AttestAttested
	case !r.SentToAttestDate.IsZero():
		return AttestSent
	}
	return AttestNotSent
}

// Kind returns what kind of project r is about; "" when the API names none.
func (r *TimeReport) Kind() ProjectType {
	switch {
	case r.Project != nil:
		return ProjectTypeProject
	case r.InternalProject != nil:
		return ProjectTypeInternal
	case r.AbsenceProject != nil:
		return ProjectTypeAbsence
	}
	return ""
}

// TimeReportInput is all that can be written of a time report. An update replaces
// the report: what is left out is cleared.
type TimeReportInput struct {
	UserID int64 `json:"userId" tid:"required"`
	Date   Date  `json:"date" tid:"required"`
	// Exactly one of the three projects must be set.
	ProjectID         int64 `json:"projectId,omitzero"`
	InternalProjectID int64 `json:"internalProjectId,omitzero"`
	AbsenceProjectID  int64 `json:"absenceProjectId,omitzero"`
	ActivityID        int64 `json:"activityId,omitzero"`
	TimeCodeID        int64 `json:"timeCodeId,omitzero"`
	// TimeArticleID is required by the API in practice.
	TimeArticleID int64 `json:"timeArticleId,omitzero"`
	// ClockStart and ClockEnd are required by some accounts.
	ClockStart ClockTime `json:"clockStart,omitzero"`
	ClockEnd   ClockTime `json:"clockEnd,omitzero"`
	// Hours are hours worked, net of the break.
	Hours Decimal `json:"hours,omitzero"`
	// InvoiceableHours are hours to invoice, and left to the API unless set;
	// Set(Decimal{}) is none.
	InvoiceableHours Opt[Decimal] `json:"invoiceableHours,omitzero"`
	// BreakMinutes are minutes of break, which Hours do not include.
	BreakMinutes int `json:"breakMinutes,omitzero"`
	// Comment is required by projects that say so.
	Comment         string             `json:"comment,omitzero"`
	InternalComment string             `json:"internalComment,omitzero"`
	TravelReport    *TravelReportInput `json:"travelReport,omitzero" held:"-"`
	// Extra are further properties; see [Extra].
	Extra Extra `json:"-"`

	carried carried
	// travelReportID is that of the report which Input was made from.
	travelReportID int64
}

// TravelReportInput is a journey that belongs to a time report.
type TravelReportInput struct {
	Place string `json:"place,omitzero"`
	// Distance is how far it was; whether in kilometres or Swedish miles (mil) is
	// unknown.
	Distance Decimal `json:"distance,omitzero"`
	// InvoiceableDistance is how far of it to invoice, in the unknown unit of
	// Distance.
	InvoiceableDistance Decimal          `json:"invoiceableDistance,omitzero"`
	ToSalary            bool             `json:"toSalary,omitzero"`
	CompanyCar          *CompanyCarInput `json:"companyCar,omitzero"`
}

// CompanyCarInput is the company car that was used for a journey.
type CompanyCarInput struct {
	ID int64 `json:"id,omitzero"`
	// TripStart is where the trip began; whether it is a meter reading or a time
	// is unknown.
	TripStart Decimal `json:"tripStart,omitzero"`
	// TripEnd is where the trip ended; whether it is a meter reading or a time is
	// unknown.
	TripEnd      Decimal `json:"tripEnd,omitzero"`
	AddressStart string  `json:"addressStart,omitzero"`
	AddressGoal  string  `json:"addressGoal,omitzero"`
	AddressEnd   string  `json:"addressEnd,omitzero"`
}

func (in *TimeReportInput) check(p *problems) {
	projects := 0
	for _, id := range []int64{in.ProjectID, in.InternalProjectID, in.AbsenceProjectID} {
		if id != 0 {
			projects++
		}
	}
	if projects != 1 {
		p.add("projectId", "exactly one of projectId, internalProjectId and absenceProjectId must be set, not %d", projects)
	}
	if in.travelReportID != 0 && in.TravelReport == nil {
		p.add("travelReport", "the report has a travel report (id %d), which the API does not give back and a PUT "+
			"without it would clear: set TravelReport, or write a new TimeReportInput to drop it", in.travelReportID)
	}
}

// Input returns all that can be written of r, unchanged. The API does not
// send a travel report: the input of a report that has one is refused until its
// TravelReport is set.
func (r *TimeReport) Input() *TimeReportInput {
	in := &TimeReportInput{
		UserID:            refID(r.User),
		Date:              r.Date,
		ProjectID:         refID(r.Project),
		InternalProjectID: refID(r.InternalProject),
		AbsenceProjectID:  refID(r.AbsenceProject),
		ActivityID:        refID(r.Activity),
		TimeCodeID:        refID(r.TimeCode),
		TimeArticleID:     refID(r.TimeArticle),
		ClockStart:        r.ClockStart,
		ClockEnd:          r.ClockEnd,
		Hours:             r.Hours,
		InvoiceableHours:  had(r.answered, "invoiceableHours", r.InvoiceableHours),
		BreakMinutes:      r.BreakMinutes,
		Comment:           r.Comment,
		InternalComment:   r.InternalComment,
		travelReportID:    r.TravelReportID,
	}
	in.Extra, in.carried = handOn(r.Extra, r.answered, in)
	return in
}

func (r *TimeReport) input() writable             { return r.Input() }
func (r *TimeReport) beyond() (*Extra, *answered) { return &r.Extra, &r.answered }

func (in *TimeReportInput) beyond() (Extra, carried) { return in.Extra, in.carried }

// TimeReportListOptions choose and order time reports.
type TimeReportListOptions struct {
	ListOptions
	SortBy TimeReportSort `url:"sortBy,omitempty"`
	// From and To are the first and the last day, both included. By the vendor they
	// may be times; what those are compared with is unknown, as a report has a day.
	From           DateOrTime  `url:"filter.from,omitempty"`
	To             DateOrTime  `url:"filter.to,omitempty"`
	UserIDs        []int64     `url:"filter.userIds,comma,omitempty"`
	ProjectID      int64       `url:"filter.projectId,omitempty"`
	IsSentToAttest Opt[bool]   `url:"filter.isSentToAttest,omitempty"` // inferred
	IsAttested     Opt[bool]   `url:"filter.isAttested,omitempty"`     // inferred
	ProjectType    ProjectType `url:"filter.projectType,omitempty"`    // inferred
}

// List returns one page of the time reports.
//
// API: GET /v1/Core/TimeReports
func (s *TimeReportsService) List(ctx context.Context, opts *TimeReportListOptions) (*Page[TimeReport], error) {
	return list[TimeReport](ctx, s.client, "GET /v1/Core/TimeReports", opts)
}

// All yields every time report.
//
// API: GET /v1/Core/TimeReports
func (s *TimeReportsService) All(ctx context.Context, opts *TimeReportListOptions) iter.Seq2[*TimeReport, error] {
	return all[TimeReport](ctx, s.client, "GET /v1/Core/TimeReports", opts)
}

// ChangedSince yields the time reports that were changed at since or later, newest
// first; see [ListOptions]. ErrInvalidInput where opts set a Page or another order.
//
// API: GET /v1/Core/TimeReports
func (s *TimeReportsService) ChangedSince(ctx context.Context, since DateTime, opts *TimeReportListOptions) iter.Seq2[*TimeReport, error] {
	return changedSince[TimeReport](ctx, s.client, "GET /v1/Core/TimeReports", since, string(TimeReportsByUpdatedDate), opts)
}

// Follow yields the time reports that cursor has not passed yet: first all of them,
// oldest first, then those that have changed; see [Cursor] and [ListOptions].
// ErrInvalidInput without a cursor, or where opts set a Page or another order.
//
// API: GET /v1/Core/TimeReports
func (s *TimeReportsService) Follow(ctx context.Context, cursor *Cursor, opts *TimeReportListOptions) iter.Seq2[*TimeReport, error] {
	return follow[TimeReport](ctx, s.client, "GET /v1/Core/TimeReports", cursor, string(TimeReportsByUpdatedDate), string(TimeReportsByCreatedDate), opts)
}

// Gone yields the ids of those time reports in known that the API does not have any
// more. known gives ids, each with the CreatedDate that the API gave; [maps.All] makes
// that of a map. ErrInvalidInput where known is nil, or has an id below 1. After an
// error, which comes with the id 0, nothing follows.
//
// Gone compares numbers: how many reports were created before a moment, in the list and
// in known. That takes one request when none is gone, and some ten for each that is. Get
// confirms each that it finds. Where a CreatedDate is missing, the whole list is read.
//
// Reports that were created after the newest in known do not matter. What is deleted
// while Gone runs may only be found the next time. known must be a whole copy, as Follow
// gives it: a report of the list that is missing in it can make up for one that is gone.
//
// API: GET /v1/Core/TimeReports, then GET /v1/Core/TimeReports/{id}
func (s *TimeReportsService) Gone(ctx context.Context, known iter.Seq2[int64, DateTime]) iter.Seq2[int64, error] {
	return findGone[TimeReport](ctx, s.client, "GET /v1/Core/TimeReports", string(TimeReportsByCreatedDate), known, func(ctx context.Context, id int64) error {
		_, err := s.Get(ctx, id)
		return err
	})
}

// Get returns one time report, or ErrNotFound.
//
// API: GET /v1/Core/TimeReports/{id}
func (s *TimeReportsService) Get(ctx context.Context, id int64) (*TimeReport, error) {
	return detail[TimeReport](ctx, s.client, "GET /v1/Core/TimeReports/{id}", id)
}

// Create adds a time report and returns it. It is sent again only when the API is
// known not to have executed it. ErrInvalidInput without a user, a date and
// exactly one project; ErrBadRequest where the account also wants clock times, or
// the project a comment.
//
// API: POST /v1/Core/TimeReports
func (s *TimeReportsService) Create(ctx context.Context, in *TimeReportInput) (*TimeReport, error) {
	return fetch[TimeReport](ctx, s.client, "POST /v1/Core/TimeReports", nil, in)
}

// Update replaces a time report: what in leaves out is cleared.
// [TimeReportsService.Modify] changes a part of one.
//
// API: PUT /v1/Core/TimeReports/{id}
func (s *TimeReportsService) Update(ctx context.Context, id int64, in *TimeReportInput) (*TimeReport, error) {
	return put(ctx, s.client, "PUT /v1/Core/TimeReports/{id}", in, s.Get, id)
}

// Modify reads a time report, lets edit change it, and writes the whole back.
// When edit returns an error nothing is written, and Modify returns that error. A
// report with a travel report needs its TravelReport set by edit; see
// [TimeReport.Input].
//
// API: GET, then PUT /v1/Core/TimeReports/{id}
func (s *TimeReportsService) Modify(ctx context.Context, id int64, edit func(*TimeReportInput) error) (*TimeReport, error) {
	return modify(ctx, s.client, "PUT /v1/Core/TimeReports/{id}", id, s.Get, (*TimeReport).Input, edit)
}

// Delete removes a time report; ErrNotFound when it is gone already.
//
// API: DELETE /v1/Core/TimeReports/{id}
func (s *TimeReportsService) Delete(ctx context.Context, id int64) error {
	return s.client.exec(ctx, "DELETE /v1/Core/TimeReports/{id}", nil, nil, nil, id)
}

// UserDayStatisticsSort is a key that day statistics can be sorted by.
type UserDayStatisticsSort string

// UserDayStatisticsByName is the only sort key of day statistics.
const UserDayStatisticsByName UserDayStatisticsSort = "name"

var userDayStatisticsSorts = enumOf(UserDayStatisticsByName)

func (UserDayStatisticsSort) values() enum { return userDayStatisticsSorts }

// UserDayStatistics are the days of one user, with what was reported and what the
// schedule asks for.
type UserDayStatistics struct {
	UserID     int64     `json:"userId"`
	Name       string    `json:"name,omitzero"`
	Department *Ref      `json:"department,omitzero"`
	Dates      []UserDay `json:"dates,omitzero"`
	ObjectName string    `json:"objectName,omitzero"`
}

func (u *UserDayStatistics) key() int64 { return u.UserID }

// UserDay is one day of one user.
type UserDay struct {
	Date Date `json:"date,omitzero"`
	// ReportedHours are the hours that are reported on the day.
	ReportedHours Decimal `json:"reportedHours"`
	// ScheduledHours are the hours that the schedule asks for.
	ScheduledHours Decimal  `json:"scheduledHours"`
	LockedDate     DateTime `json:"lockedDate,omitzero"`
	AttestedDate   DateTime `json:"attestedDate,omitzero"`
	ObjectName     string   `json:"objectName,omitzero"`
}

// UserDayStatisticsOptions choose days and users. From and To are required.
type UserDayStatisticsOptions struct {
	ListOptions
	SortBy UserDayStatisticsSort `url:"sortBy,omitempty"`
	// From and To are the first and the last day, both included: at most 31 days.
	From    Date    `url:"filter.from,omitempty" tid:"required"`
	To      Date    `url:"filter.to,omitempty" tid:"required"`
	UserIDs []int64 `url:"filter.userIds,comma,omitempty"`
}

// maxStatisticsDays is the longest span of days that one request may ask for.
const maxStatisticsDays = 31

func (o *UserDayStatisticsOptions) check(p *problems) {
	if o.From.IsZero() || o.To.IsZero() {
		return
	}
	if days := o.To.DaysSince(o.From) + 1; days > maxStatisticsDays {
		p.add("filter.to", "%s to %s is %d days, and at most %d are allowed: AllUserDayStatistics takes any span",
			o.From, o.To, days, maxStatisticsDays)
	}
}

// UserDayStatistics returns one page of the users with their days. ErrInvalidInput
// for a span that lacks an end, is reversed or is longer than 31 days.
//
// API: GET /v1/Core/TimeReports/UserDayStatistics
func (s *TimeReportsService) UserDayStatistics(ctx context.Context, opts *UserDayStatisticsOptions) (*Page[UserDayStatistics], error) {
	if opts == nil {
		opts = new(UserDayStatisticsOptions)
	}
	return list[UserDayStatistics](ctx, s.client, "GET /v1/Core/TimeReports/UserDayStatistics", opts)
}

// AllUserDayStatistics yields every user with all days of the span, which may be
// of any length: it is read in parts of at most 31 days, and each user's days are
// joined before the first one is yielded.
//
// API: GET /v1/Core/TimeReports/UserDayStatistics
func (s *TimeReportsService) AllUserDayStatistics(ctx context.Context, opts *UserDayStatisticsOptions) iter.Seq2[*UserDayStatistics, error] {
	span := UserDayStatisticsOptions{}
	if opts != nil {
		span = *opts
		span.UserIDs = slices.Clone(opts.UserIDs)
	}
	read := func(from, to Date) iter.Seq2[*UserDayStatistics, error] {
		part := span
		part.From, part.To = from, to
		return all[UserDayStatistics](ctx, s.client, "GET /v1/Core/TimeReports/UserDayStatistics", &part)
	}
	if span.From.IsZero() || span.To.IsZero() || span.To.DaysSince(span.From) < maxStatisticsDays {
		return read(span.From, span.To)
	}
	return func(yield func(*UserDayStatistics, error) bool) {
		var users []*UserDayStatistics
		byID := make(map[int64]*UserDayStatistics)
		for from := span.From; !from.After(span.To); from = from.AddDays(maxStatisticsDays) {
			last := from.AddDays(maxStatisticsDays - 1)
			if last.After(span.To) {
				last = span.To
			}
			for user, err := range read(from, last) {
				if err != nil {
					yield(nil, err)
					return
				}
				if known := byID[user.UserID]; known != nil {
					known.Dates = append(known.Dates, user.Dates...)
					continue
				}
				byID[user.UserID] = user
				users = append(users, user)
			}
		}
		for _, user := range users {
			if !yield(user, nil) {
				return
			}
		}
	}
}
