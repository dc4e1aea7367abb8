package moment

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/google/go-querystring/query"
)

// pageSize is what [Service.All] asks for, a size that the API has been seen to accept.
const pageSize = 500

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
	entity() string // whose options they are; "" for any
}

// ListOptions is what every list takes.
type ListOptions struct {
	// Page is the page to begin with, from 0.
	Page int `url:"page,omitempty"`
	// Size is the number of rows on a page. 500 is known to be accepted, and what
	// All asks for by default; List leaves it to the API.
	Size int `url:"size,omitempty"`
	// Sort is a field and a direction, such as "timeRecordDate,asc" (inferred).
	Sort string `url:"sort,omitempty"`
	// NoLimit asks for more rows than the API gives by default. Nothing lifts
	// [MaxRows], and one integration has seen NoLimit without effect.
	NoLimit bool `url:"noLimit,omitempty"`
	// AllowTruncation accepts a list that the API has cut off, in the place of a
	// [*LimitError].
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

	operation string
}

// DecodeMetadata decodes the metadata into a type of the caller's, such as an
// [OfferMetadata].
func (p *Page[T]) DecodeMetadata(into any) error {
	if len(p.Metadata) == 0 {
		return unusable(p.operation, false, `the answer has no metadata; ask for it as in moment.Include("metadata.overviewPage")`)
	}
	if err := json.Unmarshal(p.Metadata, into); err != nil {
		e := unusable(p.operation, false, "the metadata cannot be decoded")
		e.Err = err
		return e
	}
	return nil
}

// more reports whether the counters say that another page follows.
func (p *Page[T]) more() bool {
	pages := p.TotalPages
	if pages == 0 && p.Size > 0 {
		pages = p.TotalElements / p.Size
		if p.TotalElements%p.Size > 0 {
			pages++
		}
	}
	return p.Number < pages-1
}

// answer is a list as it comes. Where limitWasExceeded stands is not known.
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

// listing is a list that is being read, its options encoded once for all pages.
type listing struct {
	ListOptions
	request
	entity string
	query  url.Values
	rows   int // those before the next page
}

func (s *Service[T]) listing(opts Options, includes []Includes) (*listing, error) {
	l := &listing{entity: s.entity, request: s.at().include(includes)}
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
	if l.problem != "" {
		return nil, invalid(l.operation(http.MethodGet), "not sent: %s", l.problem)
	}
	return l, nil
}

// List returns one page. Without options nothing is asked for but the list, and
// the API chooses the page.
//
// API: GET /{entity}, GET /{entity}/include/{parts}
func (s *Service[T]) List(ctx context.Context, opts Options, includes ...Includes) (*Page[T], error) {
	l, err := s.listing(opts, includes)
	if err != nil {
		return nil, err
	}
	return readPage[T](ctx, l)
}

// All yields every row from the page on that opts ask for, each once. A page that
// fails ends it with that error, and a list that the API has cut off with a
// [*LimitError].
//
// API: GET /{entity}, GET /{entity}/include/{parts}
func (s *Service[T]) All(ctx context.Context, opts Options, includes ...Includes) iter.Seq2[*T, error] {
	first, err := s.listing(opts, includes)
	return func(yield func(*T, error) bool) {
		if err != nil {
			yield(nil, err)
			return
		}
		l := *first
		if l.Size == 0 {
			l.Size = pageSize
		}
		l.rows = l.Page * l.Size
		id, seen := identity[T](), make(map[int64]bool)
		for ; ; l.Page++ {
			l.query = paged(l.query, l.Page, l.Size)
			page, err := readPage[T](ctx, &l)
			if err != nil {
				yield(nil, err)
				return
			}
			repeated := 0
			for _, row := range page.Items {
				// Rows shift between pages while others write: one can come twice.
				n := id(row)
				if n != 0 && seen[n] {
					repeated++
					continue
				}
				seen[n] = true
				if !yield(row, nil) {
					return
				}
			}
			l.rows += len(page.Items)
			if len(page.Items) == 0 || !page.more() || l.rows >= MaxRows {
				return
			}
			if repeated == len(page.Items) {
				yield(nil, unusable(page.operation, false, "page %d holds nothing but rows of the pages before", l.Page))
				return
			}
		}
	}
}

func paged(values url.Values, page, size int) url.Values {
	copied := url.Values{"page": {strconv.Itoa(page)}, "size": {strconv.Itoa(size)}}
	for name, value := range values {
		if name != "page" && name != "size" {
			copied[name] = value
		}
	}
	return copied
}

// readPage reads the page that l has come to.
func readPage[T any](ctx context.Context, l *listing) (*Page[T], error) {
	operation := l.operation(http.MethodGet)
	a, err := fetch[answer[T]](ctx, l.request, http.MethodGet, l.query)
	if err != nil {
		return nil, err
	}
	if a.Content == nil && a.Page == nil {
		return nil, unusable(operation, false, "the answer is no list")
	}
	p := &Page[T]{Number: l.Page, LimitWasExceeded: a.limitWasExceeded(), Metadata: a.Metadata, operation: operation}
	for _, row := range a.Content {
		if row != nil {
			p.Items = append(p.Items, row)
		}
	}
	number := 0
	if a.Page != nil {
		p.Size, p.TotalElements, p.TotalPages = a.Page.Size, a.Page.TotalElements, a.Page.TotalPages
		number = l.Page
		if a.Page.Number != nil {
			number = *a.Page.Number
		}
	}
	rows := p.TotalElements
	if len(p.Items) > 0 {
		rows = max(rows, l.rows+len(p.Items))
	}
	switch {
	case !l.AllowTruncation && (p.LimitWasExceeded || rows >= MaxRows):
		return nil, newLimitError(operation, l.entity, rows, p.LimitWasExceeded, l.NoLimit)
	case number != l.Page: // an answer that does not count pages is the whole list
		return nil, unusable(operation, false, "the answer is page %d, and page %d was asked for", number, l.Page)
	case !l.AllowTruncation && len(p.Items) == 0 && (p.more() || p.Number == 0 && p.TotalElements > 0):
		return nil, unusable(operation, false, "page %d is empty, although the answer counts %d rows on %d pages",
			p.Number, p.TotalElements, p.TotalPages)
	}
	return p, nil
}

// identity finds out how a T tells its id; 0 is none.
func identity[T any]() func(*T) int64 {
	if t := reflect.TypeFor[T](); t.Kind() == reflect.Struct {
		for _, f := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name != "id" || f.Type.Kind() != reflect.Int64 {
				continue
			}
			return func(row *T) int64 {
				v, err := reflect.ValueOf(row).Elem().FieldByIndexErr(f.Index)
				if err != nil {
					return 0
				}
				return v.Int()
			}
		}
	}
	return func(*T) int64 { return 0 }
}
