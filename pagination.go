package tid

import (
	"context"
	"errors"
	"iter"
	"maps"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/vismatid/tid/internal/tap"
	"github.com/vismatid/tid/internal/walk"
)

// Page sizes that the API accepts, and the one that is asked for by default.
const (
	minPageSize     = 1
	maxPageSize     = 100
	defaultPageSize = 100
)

// ListOptions is what every list takes. The zero value, like nil in the place of any
// options, is the first page, of 100 items, in the API's own order. A list has some of
// the methods
//
//   - List: one page, with the API's counters.
//   - All: every item from Page on, in order.
//   - ChangedSince: the items that were changed at since or later, newest first. It
//     reads no further than that, so that it costs what has changed. since is by the
//     API's own clock: take it from a time that the API has sent.
//   - Follow: the items that a [Cursor] has not passed yet. After a break or an
//     error, it continues from there the next time.
//   - Gone: the ids of items that have been deleted; see [TimeReportsService.Gone].
//
// All, ChangedSince and Follow send requests while they are ranged over, and none after
// break. An error comes with a nil item, and is the last.
//
// ChangedSince and Follow choose page and order themselves: opts must leave Page, SortBy
// and SortOrder unset. Filter them by what never changes: an item that ceases to match a
// filter does not show.
type ListOptions struct {
	// Page is the page to begin with, from 1.
	Page int `url:"page,omitempty"`
	// PageSize is the number of items on a page, from 1 to 100.
	PageSize int `url:"pageSize,omitempty"`
	// SortOrder is the direction of the sort key.
	SortOrder SortOrder `url:"sortOrder,omitempty"`
	// Progress is called for each page, by All and ChangedSince before its items are
	// given and by Follow after that, in the goroutine of the caller. read is the number
	// of items so far, with those of this page, and total is the number that the API
	// counts, 0 if it does not. It is no part of the request.
	Progress func(read, total int) `url:"-"`
}

func (o ListOptions) progress() func(read, total int) { return o.Progress }

// Page is one page of a list, as the API gives it.
type Page[T any] struct {
	// Items are the items of this page, in order.
	Items []*T `json:"items"`
	// Page is the number of this page, from 1.
	Page int `json:"page"`
	// PageSize is the number of items that a full page has.
	PageSize int `json:"pageSize"`
	// ItemCount is the number of items on this page.
	ItemCount int `json:"itemCount"`
	// TotalItemCount is the number of items on all pages.
	TotalItemCount int `json:"totalItemCount"`
	// TotalPages is the number of pages; some answers have 0 although there are items.
	TotalPages int `json:"totalPages"`
	// ObjectName is what the API calls this list.
	ObjectName string `json:"objectName,omitzero"`

	rows int // the number of rows in the answer, with those that are null
	size int // the page size in the answer; 0 if it has none
}

// more reports whether the counters say that a page follows the given one.
func (p *Page[T]) more(number int) bool {
	switch {
	case p.TotalPages > 0:
		return number < p.TotalPages
	case p.TotalItemCount > 0 && p.PageSize > 0:
		return number*p.PageSize < p.TotalItemCount
	}
	return len(p.Items) > 0 && len(p.Items) >= p.PageSize
}

// listing is a list operation, with its options encoded once for all pages.
type listing struct {
	client    *Client
	call      *call
	first     walk.Window
	readAhead int  // the most pages to request at the same time
	moving    bool // its rows move while others write
	progress  func(read, total int)
}

func newListing(c *Client, call *call, opts any, err error) (*listing, error) {
	if err != nil {
		return nil, err
	}
	l := &listing{client: c, call: call, readAhead: c.readAhead}
	if l.first.Page, err = pageParam(call, "page", 1, 1<<31-1); err != nil {
		return nil, err
	}
	if l.first.Size, err = pageParam(call, "pageSize", defaultPageSize, maxPageSize); err != nil {
		return nil, err
	}
	if v := reflect.ValueOf(opts); v.IsValid() && !(v.Kind() == reflect.Pointer && v.IsNil()) {
		if o, ok := opts.(interface{ progress() func(read, total int) }); ok {
			l.progress = o.progress()
		}
	}
	return l, nil
}

// sortedBy is the same list in another order.
func (l *listing) sortedBy(key string, order SortOrder) *listing {
	sorted, call := *l, *l.call
	call.query = maps.Clone(call.query)
	call.query.Set("sortBy", key)
	call.query.Set("sortOrder", string(order))
	sorted.call = &call
	return &sorted
}

// walk makes the plan by which the list is read.
func (l *listing) walk() *walk.Walk {
	w := walk.New(l.first, maxPageSize)
	w.Moving, w.Unchecked = l.moving, l.client.unchecked
	return w
}

// pageParam reads page or pageSize from the query, and sets it, since some lists fail
// without it.
func pageParam(call *call, name string, fallback, most int) (int, error) {
	text := call.query.Get(name)
	n, err := strconv.Atoi(text)
	switch {
	case text == "":
		n = fallback
	case err != nil || n < 1 || n > most:
		if name == "page" {
			return 0, invalid(call.op, "page must be 1 or more, not %s", text)
		}
		return 0, invalid(call.op, "pageSize must be between %d and %d, not %s", minPageSize, maxPageSize, text)
	}
	call.query.Set(name, strconv.Itoa(n))
	return n, nil
}

// get reads one page. took is the time that its last attempt took, and now the clock of
// the API.
func get[T any](ctx context.Context, l *listing, w walk.Window) (page *Page[T], took time.Duration, now time.Time, err error) {
	call := *l.call
	call.query = maps.Clone(l.call.query)
	call.query.Set("page", strconv.Itoa(w.Page))
	call.query.Set("pageSize", strconv.Itoa(min(w.Size, maxPageSize)))
	err = l.client.do(ctx, &call, func(resp *http.Response) error {
		page = &Page[T]{Page: w.Page}
		now, _ = http.ParseTime(resp.Header.Get("Date"))
		return tap.Read(ctx, resp, page, func() error { return readPage(resp, page, w.Size) })
	})
	return page, call.took, now, err
}

// readPage decodes a page, and refuses an answer that is no list.
func readPage[T any](resp *http.Response, page *Page[T], size int) error {
	page.ItemCount, page.TotalItemCount = -1, -1
	if err := readJSON(resp, page); err != nil {
		return err
	}
	if page.Items == nil && page.ItemCount < 0 && page.TotalItemCount < 0 {
		return errors.New("the answer is no list")
	}
	page.rows, page.size = len(page.Items), page.PageSize
	if page.PageSize == 0 {
		page.PageSize = size
	}
	given, written := page.Items[:0], holdsDetail(reflect.TypeFor[T]())
	for _, item := range page.Items {
		if item == nil {
			continue
		}
		if n, ok := any(item).(normalizer); ok {
			n.normalize()
		}
		if written {
			if d, _ := detailIn(reflect.ValueOf(item)); d != nil {
				_, answer := d.beyond()
				answer.listed = true
			}
		}
		given = append(given, item)
	}
	page.Items = given
	page.ItemCount = max(page.ItemCount, 0)
	page.TotalItemCount = max(page.TotalItemCount, 0)
	return nil
}

// list reads the page that opts ask for.
func list[T any](ctx context.Context, c *Client, op string, opts any, args ...any) (*Page[T], error) {
	call, err := c.newCall(ctx, op, args, opts, nil)
	return listCall[T](ctx, c, call, opts, err)
}

func listCall[T any](ctx context.Context, c *Client, call *call, opts any, err error) (*Page[T], error) {
	l, err := newListing(c, call, opts, err)
	if err != nil {
		return nil, err
	}
	page, _, _, err := get[T](ctx, l, l.first)
	if err != nil {
		return nil, err
	}
	if len(page.Items) == 0 && page.more(l.first.Page) {
		return nil, l.fails(walk.EmptyPage(l.first.Page, page.TotalItemCount, page.TotalPages))
	}
	return page, nil
}

// fails is the error of answers that contradict each other or themselves.
func (l *listing) fails(err error) *Error {
	return &Error{Operation: l.call.op, Path: l.client.pathOf(l.call), StatusCode: http.StatusOK, Attempts: 1, Err: err}
}

// all yields every item from the page on that opts ask for. The options are encoded before
// it returns, so that the caller may change them afterwards.
func all[T any](ctx context.Context, c *Client, op string, opts any, args ...any) iter.Seq2[*T, error] {
	call, err := c.newCall(ctx, op, args, opts, nil)
	return allCall[T](ctx, c, call, opts, err)
}

func allCall[T any](ctx context.Context, c *Client, call *call, opts any, err error) iter.Seq2[*T, error] {
	l, err := newListing(c, call, opts, err)
	return func(yield func(*T, error) bool) {
		if err != nil {
			yield(nil, err)
			return
		}
		for b, err := range batches[T](ctx, l, nil) {
			for _, item := range b.items {
				if !yield(item, nil) {
					return
				}
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// ListAs reads one page of any list into any type: a struct that embeds a type of this
// package, another type of the caller's, or [json.RawMessage]. path is relative to the
// base URL, its elements escaped; opts is nil, [url.Values], or a struct with url tags, of
// this package or of the caller's.
func ListAs[T any](ctx context.Context, c *Client, path string, opts any) (*Page[T], error) {
	call, err := c.callPath(ctx, http.MethodGet, path, opts, nil)
	return listCall[T](ctx, c, call, opts, err)
}

// AllAs yields every item of any list; see [ListAs] for its arguments. The first error
// ends it.
func AllAs[T any](ctx context.Context, c *Client, path string, opts any) iter.Seq2[*T, error] {
	call, err := c.callPath(ctx, http.MethodGet, path, opts, nil)
	return allCall[T](ctx, c, call, opts, err)
}

// GetAs reads one object into any type: a struct that embeds a type of this package, or
// another type of the caller's. path is relative to the base URL, its elements escaped.
// It is ErrNotFound as well if T has a field for an id and the answer has none.
func GetAs[T any](ctx context.Context, c *Client, path string) (*T, error) {
	call, err := c.callPath(ctx, http.MethodGet, path, nil, nil)
	if err != nil {
		return nil, err
	}
	return readDetail[T](ctx, c, call)
}
