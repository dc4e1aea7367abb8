package moment

import (
	"context"
	"errors"
	"iter"
	"net/http"

	"github.com/vismatid/tid"
)

// TimeRecordsService reads and writes time records.
type TimeRecordsService struct{ *Service[TimeRecord] }

// TimeRecord is time that a co-worker has registered on a project.
type TimeRecord struct {
	ID                   int64  `json:"id"`
	ProjectID            int64  `json:"projectId,omitzero"`
	ProjectName          string `json:"projectName,omitzero"`
	ProjectExtensionID   int64  `json:"projectExtensionId,omitzero"`
	ProjectExtensionName string `json:"projectExtensionName,omitzero"`
	UserAccountID        int64  `json:"userAccountId,omitzero"`
	TimeRecordDate       Day    `json:"timeRecordDate,omitzero"`
	// Minutes is the time registered: whole minutes, not hours.
	Minutes     int    `json:"minutes"`
	Description string `json:"description,omitzero"`
	// The task is not set on every record.
	TaskID     int64     `json:"taskId,omitzero"`
	TaskName   string    `json:"taskName,omitzero"`
	TaskNumber string    `json:"taskNumber,omitzero"`
	TaskState  TaskState `json:"taskState,omitzero"`
}

// TimeRecordInput is what can be written of a time record.
type TimeRecordInput struct {
	ProjectID          int64 `json:"projectId,omitzero"`
	ProjectExtensionID int64 `json:"projectExtensionId,omitzero"`
	// ProjectMembershipID is needed when the co-worker has several roles on the project.
	ProjectMembershipID tid.Opt[int64]  `json:"projectMembershipId,omitzero"`
	UserAccountID       int64           `json:"userAccountId,omitzero"`
	TimeRecordDate      Day             `json:"timeRecordDate,omitzero"`
	Minutes             tid.Opt[int]    `json:"minutes,omitzero"`
	Description         tid.Opt[string] `json:"description,omitzero"`
	InternalNote        tid.Opt[string] `json:"internalNote,omitzero"`
	TaskID              tid.Opt[int64]  `json:"taskId,omitzero"`
}

// TimeRecordListOptions choose time records.
type TimeRecordListOptions struct {
	ListOptions
	UserAccountID int64 `url:"userAccountId,omitempty"`
	// From and To are the first day and the last. The API gives records outside
	// them as well; All and AllByDate leave those out.
	From tid.Date `url:"fromDate,omitempty"`
	To   tid.Date `url:"toDate,omitempty"`
}

func (*TimeRecordListOptions) entity() string { return timeRecords }

// covers reports whether the record is of one of the days asked for.
func (o *TimeRecordListOptions) covers(r *TimeRecord) bool {
	d := r.TimeRecordDate
	return (o.From.IsZero() || !d.Before(o.From)) && (o.To.IsZero() || !d.After(o.To))
}

// List returns one page as the API gives it, which may hold records of days
// outside From and To: [TimeRecordsService.All] leaves those out.
//
// API: GET /timeRecords, GET /timeRecords/include/{parts}
func (s *TimeRecordsService) List(ctx context.Context, opts *TimeRecordListOptions, includes ...Includes) (*Page[TimeRecord], error) {
	return s.Service.List(ctx, opts, includes...)
}

// All yields the records of the days from From to To, each once. More than the
// API gives in one list end in a [*LimitError]: see [TimeRecordsService.AllByDate].
// With From or To, timeRecordDate is included whether asked for or not.
//
// API: GET /timeRecords, GET /timeRecords/include/{parts}
func (s *TimeRecordsService) All(ctx context.Context, opts *TimeRecordListOptions, includes ...Includes) iter.Seq2[*TimeRecord, error] {
	if opts == nil || opts.From.IsZero() && opts.To.IsZero() {
		return s.Service.All(ctx, opts, includes...)
	}
	if anything, dated := asks(includes, "timeRecordDate"); anything && !dated {
		includes = append(includes[:len(includes):len(includes)], Include("timeRecordDate"))
	}
	o := *opts
	records := s.Service.All(ctx, &o, includes...)
	return func(yield func(*TimeRecord, error) bool) {
		for r, err := range records {
			if (err != nil || o.covers(r)) && !yield(r, err) {
				return
			}
		}
	}
}

// AllByDate yields the records of the days from From to To, both required, each
// once, however many there are: where the API would cut the list off, the span of
// days is halved until each part fits. A single day that does not fit ends in a
// [*LimitError], unless AllowTruncation accepts it.
//
// API: GET /timeRecords, GET /timeRecords/include/{parts}
func (s *TimeRecordsService) AllByDate(ctx context.Context, opts *TimeRecordListOptions, includes ...Includes) iter.Seq2[*TimeRecord, error] {
	var o TimeRecordListOptions
	if opts != nil {
		o = *opts
	}
	return func(yield func(*TimeRecord, error) bool) {
		problem := ""
		switch {
		case o.From.IsZero() || o.To.IsZero():
			problem = "AllByDate needs From and To"
		case o.To.Before(o.From):
			problem = "From is after To"
		case o.Page != 0:
			problem = "AllByDate reads every page, and has no use for Page"
		}
		if problem != "" {
			yield(nil, invalid(s.at().operation(http.MethodGet), "not sent: %s", problem))
			return
		}
		seen := make(map[int64]bool)
		var read func(from, to tid.Date) bool
		read = func(from, to tid.Date) bool {
			part := o
			part.From, part.To = from, to
			part.AllowTruncation = o.AllowTruncation && from == to
			for r, err := range s.All(ctx, &part, includes...) {
				var limit *LimitError
				if errors.As(err, &limit) && from.Before(to) {
					middle := from.AddDays(to.DaysSince(from) / 2)
					return read(from, middle) && read(middle.AddDays(1), to)
				}
				if err == nil && seen[r.ID] {
					continue // given before its part turned out to be too large
				}
				if !yield(r, err) || err != nil {
					return false
				}
				seen[r.ID] = true
			}
			return true
		}
		read(o.From, o.To)
	}
}
