package moment

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/vismatid/tid"
)

// MaxRows is the most rows that one list gives, whatever its options. A list with so many
// rows may have more.
const MaxRows = 30_000

// LimitError is the error of a list that the API has cut off, or that has reached
// [MaxRows]: rows may be missing. Narrow the filter, or accept it with AllowTruncation in
// [ListOptions]. It is also a [*tid.Error].
type LimitError struct {
	// Rows is the number of rows that the API counted or, if it did not count, sent.
	Rows int
	// Exceeded reports that the API said so itself (limitWasExceeded). A limit
	// below MaxRows may be lifted by NoLimit in [ListOptions].
	Exceeded bool
	// Filters are the filters that the entity is known to have.
	Filters []string

	err *tid.Error
}

// filters are the filters of each entity that have been seen to work.
var filters = map[string][]string{
	projectExtensions:  {"projectId"},
	projectMemberships: {"userAccountId", "projectMembershipState"},
	tasks:              {"projectId", "projectExtensionId"},
	timeRecords:        {"fromDate", "toDate", "userAccountId"},
}

func newLimitError(l *listing, rows int, exceeded bool) *LimitError {
	e := &LimitError{Rows: rows, Exceeded: exceeded, Filters: filters[l.request.entity]}
	message := fmt.Sprintf("%d rows, and a list has %d at the most", rows, MaxRows)
	if exceeded {
		message = "rows were left out, the limit was exceeded"
	}
	message += ": narrow the filter"
	if len(e.Filters) > 0 {
		message += " (" + strings.Join(e.Filters, ", ") + ")"
	}
	if l.request.entity == timeRecords && !l.report {
		message += ", read with TimeRecords.AllByDate"
	}
	if rows < MaxRows && !l.NoLimit {
		message += ", try NoLimit"
	}
	e.err = l.unusable(http.MethodGet, "%s, or accept fewer rows with AllowTruncation", message)
	return e
}

// Error says what was asked, and what to narrow.
func (e *LimitError) Error() string { return e.err.Error() }

// MarshalJSON writes the fields of e, and what was asked as Err.
func (e LimitError) MarshalJSON() ([]byte, error) {
	type fields LimitError // without this method
	return json.Marshal(struct {
		fields
		Err *tid.Error
	}{fields(e), e.err})
}

// Unwrap returns the error as a [*tid.Error].
func (e *LimitError) Unwrap() error { return e.err }
