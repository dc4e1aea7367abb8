package moment

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"reflect"

	"github.com/vismatid/tid"
)

// timeRecordDate is the day of a time record.
const timeRecordDate = "timeRecordDate"

// TimeRecordsService reads and writes time records.
type TimeRecordsService struct{ *Service[TimeRecord] }

// TimeRecord is time that a co-worker has registered on a project.
type TimeRecord struct {
	ID                   int64  `json:"id,omitzero"`
	ProjectID            int64  `json:"projectId,omitzero"`
	ProjectName          string `json:"projectName,omitzero"`
	ProjectExtensionID   int64  `json:"projectExtensionId,omitzero"`
	ProjectExtensionName string `json:"projectExtensionName,omitzero"`
	UserAccountID        int64  `json:"userAccountId,omitzero"`
	TimeRecordDate       Day    `json:"timeRecordDate,omitzero"`
	// Minutes is the time registered: whole minutes, not hours.
	Minutes     int    `json:"minutes,omitzero"`
	Description string `json:"description,omitzero"`
	// The task is not set on every record.
	TaskID     int64     `json:"taskId,omitzero"`
	TaskName   string    `json:"taskName,omitzero"`
	TaskNumber string    `json:"taskNumber,omitzero"`
	TaskState  TaskState `json:"taskState,omitzero"`
	// These come when they are asked for, by names such as "internalNote".
	InternalNote        string `json:"internalNote,omitzero"`
	ProjectMembershipID int64  `json:"projectMembershipId,omitzero"`
}

// TimeRecordInput is what can be written of a time record.
type TimeRecordInput struct {
	ProjectID          int64          `json:"projectId,omitzero"`
	ProjectExtensionID tid.Opt[int64] `json:"projectExtensionId,omitzero"`
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

func (o *TimeRecordListOptions) days() (from, to tid.Date) { return o.From, o.To }

// List returns one page as the API gives it, which may hold records of days
// outside From and To: [TimeRecordsService.All] leaves those out.
//
// API: GET /timeRecords, GET /timeRecords/include/{parts}
func (s *TimeRecordsService) List(ctx context.Context, opts *TimeRecordListOptions, includes ...Includes) (*Page[TimeRecord], error) {
	return s.Service.List(ctx, opts, includes...)
}

// All yields the records of the days from From to To, each once; see [Service.All].
// More than the API gives in one list end in a [*LimitError]: see [Service.AllByDate].
//
// API: GET /timeRecords, GET /timeRecords/include/{parts}
func (s *TimeRecordsService) All(ctx context.Context, opts *TimeRecordListOptions, includes ...Includes) iter.Seq2[*TimeRecord, error] {
	return s.Service.All(ctx, opts, includes...)
}

// withDay adds the day of the record, by which records are chosen, to includes.
func withDay(includes []Includes) []Includes {
	if anything, dated := asks(includes, timeRecordDate); !anything || dated {
		return includes
	}
	return append(includes[:len(includes):len(includes)], Include(timeRecordDate))
}

// between leaves out the records before from and after to, either of which may be zero. A
// record without a day is an error.
func between[T any](from, to tid.Date, l *listing, records iter.Seq2[*T, error]) iter.Seq2[*T, error] {
	rows := shapeOf(reflect.TypeFor[T]())
	return func(yield func(*T, error) bool) {
		for r, err := range records {
			if err == nil {
				day, ok := rows.day(r, timeRecordDate)
				switch {
				case !ok:
					yield(nil, l.unusable(http.MethodGet, "record %d has no timeRecordDate, so it is not known whether it is of the days asked for", rows.id(r)))
					return
				case !from.IsZero() && day.Before(from), !to.IsZero() && day.After(to):
					continue
				}
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// AllByDate yields the time records of the days from From to To, both required, each
// once, however many there are: where the API would cut the list off, the span of
// days is halved until each part fits. A single day that does not fit ends in a
// [*LimitError], unless AllowTruncation accepts it. Other entities have no AllByDate.
//
// API: GET /timeRecords, GET /timeRecords/include/{parts}
func (s *Service[T]) AllByDate(ctx context.Context, opts *TimeRecordListOptions, includes ...Includes) iter.Seq2[*T, error] {
	var o TimeRecordListOptions
	if opts != nil {
		o = *opts
	}
	return func(yield func(*T, error) bool) {
		problem := ""
		switch {
		case s.entity != timeRecords:
			problem = "AllByDate is for timeRecords, whose days are known"
		case o.From.IsZero() || o.To.IsZero():
			problem = "AllByDate needs From and To"
		case o.From.Year() < 1 || o.To.Year() < 1:
			problem = "From and To must be in the years 1 to 9999"
		case o.To.Before(o.From):
			problem = "From is after To"
		case o.Page != 0:
			problem = "AllByDate reads every page, and has no use for Page"
		}
		if problem != "" {
			yield(nil, invalid(s.at().operation(http.MethodGet), "not sent: %s", problem))
			return
		}
		rows, given, seen := shapeOf(reflect.TypeFor[T]()), 0, make(map[int64]bool)
		var read func(from, to tid.Date) bool
		read = func(from, to tid.Date) bool {
			part := o
			part.From, part.To = from, to
			part.AllowTruncation = o.AllowTruncation && from == to
			before := given
			for r, err := range s.All(ctx, &part, includes...) {
				var limit *LimitError
				if errors.As(err, &limit) && from.Before(to) && (rows.shows("id") || given == before) {
					middle := from.AddDays(to.DaysSince(from) / 2)
					return read(from, middle) && read(middle.AddDays(1), to)
				}
				if err == nil && rows.shows("id") {
					id := rows.id(r)
					if seen[id] {
						continue // given before its part turned out to be too large
					}
					seen[id] = true
				}
				if !yield(r, err) || err != nil {
					return false
				}
				given++
			}
			return true
		}
		read(o.From, o.To)
	}
}
