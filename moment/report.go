package moment

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/internal/walk"
)

// Report reads a report of the entity. The vendor names two:
//
//	moment.Of[Row](c, "projects").Report(ctx, "projectRegisteredHoursReport", query)
//	moment.Of[Row](c, "timeRecords").Report(ctx, "getReport", query)
//
// Their rows and parameters are not known: query is nil, [url.Values], a struct with url
// tags, or options as for [Service.List]. The answer must be a list like those of the
// entities, or a plain array (inferred), with the limits of lists: one that was cut off
// ends in a [*LimitError], and one of several pages in an error unless a page was asked
// for. [Client.Do] reads any other answer.
//
// API: GET /{entity}/{name}
func (s *Service[T]) Report(ctx context.Context, name string, query any) (*Page[T], error) {
	at := s.at()
	at.path, at.template = at.path+"/"+name, at.template+"/"+name
	if !isElement(name) {
		at = at.fail(fmt.Sprintf("the report must be one element of a path, such as getReport, not %q", clip(name)))
	}
	opts, _ := query.(Options)
	l, err := s.listing(at, opts)
	if err != nil {
		return nil, err
	}
	if l.report = true; opts != nil {
		query = l.query
	}
	a, err := fetch(ctx, l.request, http.MethodGet, query, func(r *report[T], text json.RawMessage) error {
		if r.Content == nil {
			return fmt.Errorf("it is no list%s; Client.Do reads answers of any kind", words(text))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	w := walk.Window{Page: l.Page + 1, Size: l.Size}
	p, err := newPage(l, w, &a.answer)
	switch {
	case err != nil || l.AllowTruncation:
		return p, err
	case l.Page == 0 && l.Size == 0 && p.TotalPages > 1:
		return nil, l.unusable(http.MethodGet, "the report has %d pages, and this is the first: ask for each with a ListOptions", p.TotalPages)
	}
	if problem := contradiction(l, w, p); problem != "" {
		return nil, l.unusable(http.MethodGet, "%s", problem)
	}
	return p, nil
}

// report is an answer that may be a plain array of rows.
type report[T any] struct{ answer[T] }

func (r *report[T]) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '[' {
		var rows tid.Opt[[]*T]
		err := rows.UnmarshalJSON(text)
		r.Content, _ = rows.Get()
		return err
	}
	var object tid.Opt[answer[T]]
	err := object.UnmarshalJSON(text)
	r.answer, _ = object.Get()
	return err
}
