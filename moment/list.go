package moment

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/google/go-querystring/query"

	"github.com/vismatid/tid/internal/walk"
)

const (
	// pageSize is what [Service.All] asks for, a size that the API has been seen to accept.
	pageSize = 500
	// minSize is the size of pages that can overlap wherever they begin.
	minSize = 20
)

// Options choose and order the rows of a list: nil, a [*ListOptions], one of the
// types that embed it such as [*TimeRecordListOptions], or a pointer to a struct
// of the caller's that does, with url tags on its filters:
//
//	type ClaimListOptions struct {
//		moment.ListOptions
//		State string `url:"claimState,omitempty"`
//	}
type Options interface {
	list() *ListOptions
	entity() string // the entity that the options are for; "" for any
}

// ListOptions is what every list takes.
type ListOptions struct {
	// Page is the page to begin with, from 0.
	Page int `url:"page,omitempty"`
	// Size is the number of rows on a page. 500 is known to be accepted, and the default
	// of All; List leaves it to the API. All asks for smaller pages as well, so that they
	// overlap, but for no less than 20 rows if it begins with the first page.
	Size int `url:"size,omitempty"`
	// Sort is a field and a direction, such as "timeRecordDate,asc" (inferred).
	Sort string `url:"sort,omitempty"`
	// NoLimit asks for more rows than the API gives by default. Nothing lifts
	// [MaxRows], and one integration has seen NoLimit without effect.
	NoLimit bool `url:"noLimit,omitempty"`
	// AllowTruncation accepts a list that the API has cut off, instead of a [*LimitError].
	AllowTruncation bool `url:"-"`
}

func (o *ListOptions) list() *ListOptions { return o }
func (*ListOptions) entity() string       { return "" }

// Page is one page of a list, as the API gives it.
type Page[T any] struct {
	// Items are the rows of this page, in order.
	Items []*T
	// Number is the number of this page, from 0.
	Number int
	// Size is the number of rows that a full page has. It and the totals are 0
	// when the answer does not count pages: then it is the whole list.
	Size          int
	TotalElements int
	TotalPages    int
	// LimitWasExceeded reports that the API left rows out; see AllowTruncation in
	// [ListOptions].
	LimitWasExceeded bool
	// Metadata is what was asked for by parts such as "metadata.overviewPage",
	// and nil when the answer has none.
	Metadata json.RawMessage

	asked request
	rows  int  // with those that are null
	paged bool // the answer counts pages
}

// DecodeMetadata decodes the metadata into a type of the caller's, such as an
// [OfferMetadata].
func (p *Page[T]) DecodeMetadata(into any) error {
	if len(p.Metadata) == 0 {
		return p.asked.unusable(http.MethodGet, `the answer has no metadata; ask for it as in moment.Include("metadata.overviewPage")`)
	}
	if err := json.Unmarshal(p.Metadata, into); err != nil {
		e := p.asked.unusable(http.MethodGet, "the metadata cannot be decoded")
		e.Err = err
		return e
	}
	return nil
}

// answer is a list as the API sends it. Where it has limitWasExceeded is not known.
type answer[T any] struct {
	Content []*T `json:"content"`
	Page    *struct {
		Number        *int `json:"number"`
		Size          int  `json:"size"`
		TotalElements int  `json:"totalElements"`
		TotalPages    int  `json:"totalPages"`
		exceeded
	} `json:"page"`
	Metadata json.RawMessage `json:"metadata"`
	exceeded
}

type exceeded struct {
	LimitWasExceeded bool `json:"limitWasExceeded"`
}

func (a *answer[T]) limitWasExceeded() bool {
	var in exceeded
	_ = json.Unmarshal(a.Metadata, &in)
	return a.LimitWasExceeded || a.Page != nil && a.Page.LimitWasExceeded || in.LimitWasExceeded
}

// check says what is wrong with an answer. The id of each row always comes.
func (a *answer[T]) check(text json.RawMessage) error {
	if a.Content == nil && (a.Page == nil || words(text) != "") {
		return fmt.Errorf("it is no list%s", words(text))
	}
	rows := shapeOf(reflect.TypeFor[T]())
	for i, row := range a.Content {
		if row != nil && rows.shows("id") && rows.id(row) == 0 {
			return fmt.Errorf("row %d of the list has no id", i+1)
		}
	}
	return nil
}

// listing is a list that is being read, its options encoded once for all pages.
type listing struct {
	ListOptions
	request
	query  url.Values
	all    bool // every page of it is wanted
	report bool
	paged  bool // an answer has counted its pages
}

func (s *Service[T]) listing(at request, opts Options) (*listing, error) {
	l := &listing{request: at}
	if v := reflect.ValueOf(opts); v.IsValid() && (v.Kind() != reflect.Pointer || !v.IsNil()) {
		if o := opts.list(); o != nil {
			l.ListOptions = *o
		}
		if of := opts.entity(); of != "" && of != s.entity {
			l.request = l.fail("these options are for " + of)
		}
		var err error
		if l.query, err = query.Values(opts); err != nil {
			l.request = l.fail("the options cannot be written as query parameters: " + err.Error())
		}
	}
	if l.Page < 0 || l.Size < 0 {
		l.request = l.fail("page and size must not be negative")
	}
	for name := range l.query {
		if strings.HasSuffix(name, "Id") && strings.HasPrefix(l.query.Get(name), "-") {
			l.request = l.fail(name + " must be 1 or more, not " + clip(l.query.Get(name)))
		}
	}
	return l, l.refused()
}

// refused is the error of a list that must not be requested.
func (l *listing) refused() error {
	if l.problem == "" {
		return nil
	}
	return invalid(l.operation(http.MethodGet), "not sent: %s", l.problem)
}

// List returns one page. Without options nothing is asked for but the list, and
// the API chooses the page. One that its own counters contradict is an error, and so
// is one that the API has cut off: a [*LimitError].
//
// API: GET /{entity}, GET /{entity}/include/{parts}
func (s *Service[T]) List(ctx context.Context, opts Options, includes ...Includes) (*Page[T], error) {
	l, err := s.listing(s.at().include(s.parts(includes, true)), opts)
	if err != nil {
		return nil, err
	}
	p, err := readPage[T](ctx, l, walk.Window{Page: l.Page + 1, Size: l.Size})
	if err == nil && !p.paged && l.Page > 0 && p.rows > l.Size {
		return nil, l.unusable(http.MethodGet, "the answer counts no pages, so that it may be the whole list, and page %d was asked for: give a Size too", l.Page)
	}
	return p, err
}

// readPage reads a page, and a second time if it contradicts itself: the list may have
// changed while the API made the page.
func readPage[T any](ctx context.Context, l *listing, w walk.Window) (*Page[T], error) {
	for again := false; ; again = true {
		p, err := fetchPage[T](ctx, l, w)
		if err != nil {
			return nil, err
		}
		switch problem := contradiction(l, w, p); {
		case problem == "" || l.AllowTruncation && (p.LimitWasExceeded || p.TotalElements >= MaxRows):
			l.paged = l.paged || p.paged
			return p, nil
		case again:
			return nil, l.unusable(http.MethodGet, "%s", problem)
		}
	}
}

// contradiction says where the rows of an answer do not fit its counters, or those of
// the answers before.
func contradiction[T any](l *listing, w walk.Window, p *Page[T]) string {
	size := cmp.Or(p.Size, w.Size)
	least := p.TotalElements // of the rows that there are
	if least == 0 && p.TotalPages > 1 {
		least = (p.TotalPages-1)*size + 1
	}
	begin := p.Number * size
	switch {
	case l.paged && !p.paged:
		return fmt.Sprintf("page %d does not count the rows, and an answer before did", p.Number)
	case p.rows == 0 && begin < least:
		return fmt.Sprintf("page %d is empty, although the answer counts %d rows on %d pages", p.Number, p.TotalElements, p.TotalPages)
	case begin+p.rows < least && (p.rows < size || size == 0 && p.TotalPages < 2):
		return fmt.Sprintf("page %d has %d rows, although the answer counts %d in all", p.Number, p.rows, least)
	case p.TotalElements > 0 && p.TotalElements <= (p.TotalPages-1)*size:
		return fmt.Sprintf("page %d counts %d rows in all, which are not %d pages of %d", p.Number, p.TotalElements, p.TotalPages, size)
	}
	return ""
}

// fetchPage reads a page once. A Size of 0 is left to the API.
func fetchPage[T any](ctx context.Context, l *listing, w walk.Window) (*Page[T], error) {
	values := l.query
	if l.all {
		values = url.Values{"page": {strconv.Itoa(w.Page - 1)}, "size": {strconv.Itoa(min(w.Size, max(l.Size, minSize)))}}
		for name, value := range l.query {
			if name != "page" && name != "size" {
				values[name] = value
			}
		}
	}
	a, err := fetch(ctx, l.request, http.MethodGet, values, (*answer[T]).check)
	if err != nil {
		return nil, err
	}
	return newPage(l, w, a)
}

// newPage makes a page of an answer. It refuses another page than was asked for, and one
// that was cut off.
func newPage[T any](l *listing, w walk.Window, a *answer[T]) (*Page[T], error) {
	p := &Page[T]{Number: w.Page - 1, LimitWasExceeded: a.limitWasExceeded(), Metadata: a.Metadata, asked: l.request, rows: len(a.Content)}
	for _, row := range a.Content {
		if row != nil {
			p.Items = append(p.Items, row)
		}
	}
	number := p.Number
	if p.paged = a.Page != nil; p.paged {
		p.TotalElements, p.TotalPages = max(0, a.Page.TotalElements), max(0, a.Page.TotalPages)
		if a.Page.Size <= MaxRows { // a larger one is not real
			p.Size = max(0, a.Page.Size)
		}
		if a.Page.Number != nil {
			number = *a.Page.Number
		}
	}
	begin := p.Number * cmp.Or(p.Size, w.Size)
	reached := begin+len(p.Items) >= MaxRows && len(p.Items) > 0
	if p.TotalElements >= MaxRows { // a page before the limit may be requested, but not the whole list
		reached = reached || begin >= MaxRows || l.all || w.Size == 0 && p.Number == 0
	}
	switch {
	case !l.AllowTruncation && (p.LimitWasExceeded || reached):
		return nil, newLimitError(l, max(p.TotalElements, begin+len(p.Items)), p.LimitWasExceeded)
	case number != p.Number:
		return nil, l.unusable(http.MethodGet, "the answer is page %d, and page %d was asked for", number, p.Number)
	}
	return p, nil
}
