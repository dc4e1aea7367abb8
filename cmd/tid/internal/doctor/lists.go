package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/vismatid/tid/cmd/tid/internal/description"
)

const wholePage = 100

// list reads the first page of a list that needs no parameters, sorted by its first key.
func (r *run) list(ctx context.Context, s *state) {
	query := page(wholePage)
	if keys := s.op.SortKeys(); len(keys) > 0 {
		s.sorted = keys[0]
		query.Set("sortBy", s.sorted)
		query.Set("sortOrder", "descending")
	}
	r.firstPage(ctx, s, query)
}

func page(size int) url.Values {
	return url.Values{"page": {"1"}, "pageSize": {strconv.Itoa(size)}}
}

func (r *run) firstPage(ctx context.Context, s *state, query url.Values) {
	v, ok := r.locate(ctx, s, s.fill, query, func(v any) bool { _, _, list := rowsOf(v); return list })
	if !ok {
		return
	}
	s.take(v)
	if s.total == 0 {
		r.find(Empty, s.op.String(), "", "there is no row: nothing can be said of its names, filters and sort keys")
	}
}

// fill puts the id of the parent into a template.
func (s *state) fill(template string) string {
	if s.parent == "" {
		return template
	}
	return put(template, s.parent)
}

// put fills the placeholders of a template.
func put(template string, values ...string) string {
	parts := strings.Split(template, "/")
	for i, part := range parts {
		if strings.HasPrefix(part, "{") && len(values) > 0 {
			parts[i], values = url.PathEscape(values[0]), values[1:]
		}
	}
	return strings.Join(parts, "/")
}

// take keeps the rows of a list's first page.
func (s *state) take(v any) {
	s.survey.visit("", s.op.Answer, v)
	s.rows, s.total, _ = rowsOf(v)
	if s.result != Moved {
		s.result = Works
	}
	if s.total == 0 && s.result == Works {
		s.result = NoRows
	}
	for _, p := range s.op.Parameters {
		if p.In == "path" {
			s.names = append(s.names, "path "+p.Name)
		}
	}
}

// rowsOf are the rows of a page, and how many there are on all pages.
func rowsOf(v any) (rows []map[string]any, total int, list bool) {
	page, _ := v.(map[string]any)
	items, list := page["items"].([]any)
	for _, item := range items {
		if row, ok := item.(map[string]any); ok {
			rows = append(rows, row)
		}
	}
	n, _ := page["totalItemCount"].(json.Number)
	total, err := strconv.Atoi(string(n))
	if err != nil {
		total = len(items)
	}
	return rows, total, list
}

// span reads a list that requires the days to read: up to the newest time report, or else up to today.
func (r *run) span(ctx context.Context, s *state) {
	last := time.Now()
	for op, reports := range r.states {
		if op.String() != "GET /v1/Core/TimeReports" {
			continue
		}
		for i, row := range reports.rows {
			if day, ok := dayOf(row["date"]); ok && (i == 0 || day.After(last)) {
				last = day
			}
		}
	}
	s.window = url.Values{}
	for _, p := range required(s.op) {
		day := last
		if begins(p) {
			day = last.AddDate(0, 0, 1-days)
		}
		s.window.Set(p.Name, day.Format(time.DateOnly))
	}
	query := page(wholePage)
	for name, values := range s.window {
		query[name] = values
	}
	if r.firstPage(ctx, s, query); s.lost {
		return
	}
	for _, p := range required(s.op) {
		s.names = append(s.names, "query "+p.Name)
	}
}

// begins reports whether a filter of days is about the first one.
func begins(p *description.Parameter) bool {
	name := strings.TrimPrefix(p.Name, "filter.")
	return strings.HasPrefix(name, "from") || strings.HasSuffix(name, "From") || strings.HasSuffix(name, "Since")
}

func dayOf(v any) (time.Time, bool) {
	text, _ := v.(string)
	day, err := time.Parse(time.DateOnly, text[:min(len(text), 10)])
	return day, err == nil
}

// nested reads a list that belongs to an object: of the first one found that has rows, from all over the list above.
func (r *run) nested(ctx context.Context, s *state) {
	above := r.above(s.op.Path)
	if above == nil || len(above.rows) == 0 {
		s.why, s.lost = "there is no object to ask for", true
		return
	}
	tries := min(parents, len(above.rows))
	for i := 0; i < tries && !s.lost && s.total == 0; i++ {
		id, ok := above.rows[i*len(above.rows)/tries]["id"].(json.Number)
		if !ok {
			continue
		}
		s.parent = string(id)
		v, found := r.locate(ctx, s, s.fill, page(wholePage), func(v any) bool { _, _, list := rowsOf(v); return list })
		if found {
			s.take(v)
		}
	}
	if !s.lost && s.total == 0 {
		r.find(Empty, s.op.String(), "", "there is no row: nothing can be said of its names and sort keys")
	}
}

// above is the list whose objects stand in a path: of their last placeholder but those of the list itself.
func (r *run) above(path string) *state {
	before, _, ok := strings.Cut(path, "/{")
	if !ok {
		return nil
	}
	before = strings.TrimSuffix(before, "/ByBookingNumber")
	for op, s := range r.states {
		if op.Path == before && op.Item() != nil {
			return s
		}
	}
	return nil
}

// detail reads an operation that is no list, for the first objects of the list above it.
func (r *run) detail(ctx context.Context, s *state) {
	targets := r.targets(s)
	if len(targets) == 0 {
		s.why, s.lost = "there is no object to ask for", true
		return
	}
	for i, target := range targets {
		fill := func(template string) string { return put(template, target...) }
		var v any
		var found bool
		if i+1 < len(targets) { // a 404 may be about the object: another one is asked for before paths are
			var status int
			if v, status = r.get(ctx, fill(s.path), nil, s.op.File); status == http.StatusNotFound {
				continue
			}
			found = status == http.StatusOK
		}
		if !found && s.result != Works {
			v, found = r.locate(ctx, s, fill, nil, func(v any) bool { return s.like(v) })
		}
		if s.lost || !found {
			return
		}
		if object, ok := v.(map[string]any); ok && len(object) == 0 {
			continue // a deleted user
		}
		if s.result != Moved {
			s.result = Works
		}
		s.survey.visit("", s.op.Answer, v)
		for _, p := range s.op.PathParameters() {
			s.names = append(s.names, "path "+p.Name)
		}
	}
}

// like reports whether an answer may be that of the operation: that it has one of its properties.
func (s *state) like(v any) bool {
	object, ok := v.(map[string]any)
	if !ok {
		return s.op.Answer != nil && s.op.Answer.Is(kindOf(v))
	}
	for name := range object {
		if name != "objectName" && s.op.Answer.Property(name) != nil {
			return true
		}
	}
	return false
}

// targets are the values of the placeholders in the path of an operation, for the first objects that have what it asks for.
func (r *run) targets(s *state) [][]string {
	placeholders := s.op.PathParameters()
	if len(placeholders) == 0 {
		return [][]string{nil}
	}
	list, prefix := r.above(s.op.Path), []string(nil)
	if len(placeholders) == 2 { // such as an attachment of a task
		path := s.op.Path[:strings.LastIndex(s.op.Path, "/{")]
		for op, other := range r.states {
			if op.Path == path && op.Item() != nil {
				list, prefix = other, []string{other.parent}
			}
		}
	}
	if list == nil {
		return nil
	}
	var targets [][]string
	kinds := map[string]bool{}
	add := func(row map[string]any) {
		name := placeholders[len(placeholders)-1].Name
		if strings.HasSuffix(name, "Id") {
			name = "id"
		}
		if v := fmt.Sprint(row[name]); row[name] != nil && v != "" {
			targets = append(targets, append(prefix[:len(prefix):len(prefix)], v))
		}
	}
	rest := list.rows[:0:0]
	for _, row := range list.rows { // one of each kind first: companies have what persons lack
		kind := fmt.Sprint(row["contactType"], row["articleType"])
		switch {
		case s.op.File && !downloadable(row):
		case !kinds[kind]:
			kinds[kind] = true
			add(row)
		default:
			rest = append(rest, row)
		}
	}
	for _, row := range rest {
		add(row)
	}
	most := details
	if s.op.File {
		most = 1
	}
	return targets[:min(most, len(targets))]
}

// downloadable reports whether an offer or an attachment has a file of its own.
func downloadable(row map[string]any) bool {
	if has, ok := row["hasPdf"].(bool); ok {
		return has
	}
	return row["provider"] == nil
}

// pageSizes asks the longest list for pages of other sizes.
func (r *run) pageSizes(ctx context.Context) {
	var longest *state
	for _, op := range r.operations {
		if s := r.states[op]; s.window == nil && s.parent == "" && (longest == nil || s.total > longest.total) {
			longest = s
		}
	}
	if longest == nil || longest.total == 0 {
		return
	}
	judge := func(size, rows, status int) {
		said := fmt.Sprintf("status %d", status)
		switch {
		case status == noTurn || status == noAnswer:
			return
		case status == http.StatusOK && rows == min(size, longest.total):
			said = "works"
		case status == http.StatusOK:
			said = fmt.Sprintf("%d rows came", rows)
		}
		r.report.PageSizes[strconv.Itoa(size)] = said
	}
	judge(wholePage, len(longest.rows), http.StatusOK)
	for _, size := range []int{1, 50} {
		v, status := r.get(ctx, longest.path, page(size), false)
		rows, _, _ := rowsOf(v)
		judge(size, len(rows), status)
	}
}
