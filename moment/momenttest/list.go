package momenttest

import (
	"cmp"
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vismatid/tid/internal/fakehttp"
)

// maxSize is the largest size of a page that is known to be accepted.
const maxSize = 500

// list answers the rows that the parameters choose.
func (c *call) list() (fakehttp.Reply, *failure) {
	params, err := url.ParseQuery(c.in.URL.RawQuery)
	if err != nil {
		return fakehttp.Reply{}, fail(http.StatusBadRequest, "The parameters cannot be read.")
	}
	q := query{table: c.table, size: maxSize}
	for name, values := range params {
		if problem := q.read(name, values); problem != "" {
			return fakehttp.Reply{}, fail(http.StatusBadRequest, "%s", problem)
		}
	}
	answer := map[string]any{}
	rows := limited(c.server.config, q.rows(), q.noLimit, answer)
	if q.paged {
		answer["page"] = map[string]int{"number": q.page, "size": q.size, "totalElements": len(rows),
			"totalPages": (len(rows) + q.size - 1) / q.size}
		first := min(q.page*q.size, len(rows))
		rows = rows[first:min(first+q.size, len(rows))]
	}
	answer["content"] = c.showAll(rows)
	if c.chosen != nil && len(c.chosen.metadata) > 0 {
		metadata := object{}
		for _, part := range c.chosen.metadata {
			var members object
			if json.Unmarshal(c.table.metadata[part], &members) == nil {
				maps.Copy(metadata, members)
			}
		}
		answer["metadata"] = metadata
	}
	return jsonReply(http.StatusOK, answer), nil
}

// limited cuts off what is more than a list gives, and has the answer say so.
func limited[T any](cfg config, rows []T, noLimit bool, answer map[string]any) []T {
	limit := cfg.ceiling
	if cfg.limit > 0 && !noLimit {
		limit = min(limit, cfg.limit)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		answer["limitWasExceeded"] = true
	}
	return rows
}

// report answers rows that were set, with the limits of lists.
func (c *call) report(rows []json.RawMessage) fakehttp.Reply {
	answer := map[string]any{}
	answer["content"] = limited(c.server.config, rows, c.in.URL.Query().Get("noLimit") == "true", answer)
	return jsonReply(http.StatusOK, answer)
}

// query is what the parameters of a list ask for.
type query struct {
	table      *table
	paged      bool
	page, size int
	noLimit    bool
	sort       string
	descending bool
	from, to   string // of timeRecordDate
	filters    []filter
}

type filter struct{ field, value string }

// read takes a parameter, and says what is wrong with it.
func (q *query) read(name string, values []string) (problem string) {
	value := values[0]
	if len(values) > 1 || value == "" {
		return name + " is given empty, or more than once."
	}
	var err error
	switch {
	case name == "page":
		q.paged = true
		if q.page, err = strconv.Atoi(value); err != nil || q.page < 0 || q.page > math.MaxInt32 {
			return "page must be 0 or more."
		}
	case name == "size":
		q.paged = true
		if q.size, err = strconv.Atoi(value); err != nil || q.size < 1 || q.size > maxSize {
			return "size must be between 1 and 500."
		}
	case name == "noLimit":
		if q.noLimit = value == "true"; !q.noLimit {
			return "noLimit must be true."
		}
	case name == "sort":
		return q.order(value)
	case q.table.schema != nil && !slices.Contains(q.table.schema.filters, name):
		return q.table.entity + " has no filter " + strconv.Quote(name) + "."
	case name == "fromDate" || name == "toDate":
		day, err := time.Parse(time.DateOnly, value)
		if err != nil {
			return name + " must be a day such as 2026-10-19."
		}
		// The API gives rows of days outside: here, of one more on either side.
		if name == "fromDate" {
			q.from = day.AddDate(0, 0, -1).Format(time.DateOnly)
		} else {
			q.to = day.AddDate(0, 0, 1).Format(time.DateOnly)
		}
	default:
		q.filters = append(q.filters, filter{name, value})
	}
	return ""
}

func (q *query) order(value string) (problem string) {
	field, direction, _ := strings.Cut(value, ",")
	known := q.table.schema == nil || field == "id" || q.table.schema.field(field) != nil
	if !known || direction != "asc" && direction != "desc" {
		return "sort must be a field and asc or desc, such as id,asc."
	}
	q.sort, q.descending = field, direction == "desc"
	return ""
}

// rows gives the ids of the rows, in order.
func (q *query) rows() (rows []int64) {
	for _, id := range q.table.ids {
		if q.takes(q.table.objects[id]) {
			rows = append(rows, id)
		}
	}
	if q.sort != "" {
		slices.SortStableFunc(rows, func(a, b int64) int {
			order := cmp.Compare(a, b)
			if q.sort != "id" {
				order = compare(q.table.objects[a][q.sort], q.table.objects[b][q.sort])
			}
			if q.descending {
				return -order
			}
			return order
		})
	}
	return rows
}

func (q *query) takes(o object) bool {
	for _, f := range q.filters {
		if bare(o[f.field]) != f.value {
			return false
		}
	}
	if q.from == "" && q.to == "" {
		return true
	}
	day := bare(o["timeRecordDate"])
	return day >= q.from && (q.to == "" || day <= q.to)
}

// bare is a value as a parameter has it.
func bare(raw json.RawMessage) string { return strings.Trim(string(raw), `"`) }

// compare orders values: nothing first, numbers by size, others as text.
func compare(a, b json.RawMessage) int {
	var x, y float64
	if json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(bare(a), bare(b))
}
