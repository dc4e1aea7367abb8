package tid

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"reflect"
	"strconv"
	"sync"
	"time"
)

// Page sizes that the API accepts, and the one that is asked for by default.
const (
	minPageSize     = 1
	maxPageSize     = 100
	defaultPageSize = 100
)

// ListOptions is what every list takes. The zero value is the first page, of 100
// items, in the API's own order.
type ListOptions struct {
	// Page is the page to begin with, from 1.
	Page int `url:"page,omitempty"`
	// PageSize is the number of items on a page, from 1 to 100.
	PageSize int `url:"pageSize,omitempty"`
	// SortOrder is the direction of the sort key.
	SortOrder SortOrder `url:"sortOrder,omitempty"`
}

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

// listing is a list operation whose options are encoded once for all pages.
type listing struct {
	client *Client
	call   *call
	page   int // the first
	size   int
}

func newListing(c *Client, call *call, err error) (*listing, error) {
	if err != nil {
		return nil, err
	}
	l := &listing{client: c, call: call}
	if l.page, err = pageParam(call, "page", 1, 1<<31-1); err != nil {
		return nil, err
	}
	if l.size, err = pageParam(call, "pageSize", defaultPageSize, maxPageSize); err != nil {
		return nil, err
	}
	return l, nil
}

// pageParam reads page or pageSize from the query; it is always sent, since some
// lists fail without.
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

// get reads one page, and tells how long its last attempt took.
func get[T any](ctx context.Context, l *listing, number int) (page *Page[T], took time.Duration, err error) {
	call := *l.call
	call.query = maps.Clone(l.call.query)
	call.query.Set("page", strconv.Itoa(number))
	err = l.client.do(ctx, &call, func(resp *http.Response) error {
		page = &Page[T]{Page: number, PageSize: l.size}
		return readPage(resp, page, number)
	})
	return page, call.took, err
}

// readPage decodes a page, and refuses what is no list at all.
func readPage[T any](resp *http.Response, page *Page[T], number int) error {
	page.ItemCount, page.TotalItemCount = -1, -1
	if err := readJSON(resp, page); err != nil {
		return err
	}
	if page.Items == nil && page.ItemCount < 0 && page.TotalItemCount < 0 {
		return errors.New("the answer is no list")
	}
	given := page.Items[:0]
	for _, item := range page.Items {
		if item == nil {
			continue
		}
		if n, ok := any(item).(normalizer); ok {
			n.normalize()
		}
		given = append(given, item)
	}
	page.Items = given
	page.ItemCount = max(page.ItemCount, 0)
	page.TotalItemCount = max(page.TotalItemCount, 0)
	if len(given) == 0 && page.more(number) {
		return fmt.Errorf("page %d is empty, although the answer counts %d items on %d pages",
			number, page.TotalItemCount, page.TotalPages)
	}
	return nil
}

// list reads the page that opts ask for.
func list[T any](ctx context.Context, c *Client, op string, opts any, args ...any) (*Page[T], error) {
	call, err := c.newCall(ctx, op, args, opts, nil)
	return listCall[T](ctx, c, call, err)
}

func listCall[T any](ctx context.Context, c *Client, call *call, err error) (*Page[T], error) {
	l, err := newListing(c, call, err)
	if err != nil {
		return nil, err
	}
	page, _, err := get[T](ctx, l, l.page)
	if err != nil {
		return nil, err
	}
	return page, nil
}

// all yields every item from the page on that opts ask for. The options are
// encoded before it returns, so that the caller may change his.
func all[T any](ctx context.Context, c *Client, op string, opts any, args ...any) iter.Seq2[*T, error] {
	call, err := c.newCall(ctx, op, args, opts, nil)
	return allCall[T](ctx, c, call, err)
}

func allCall[T any](ctx context.Context, c *Client, call *call, err error) iter.Seq2[*T, error] {
	l, err := newListing(c, call, err)
	return func(yield func(*T, error) bool) {
		if err != nil {
			yield(nil, err)
			return
		}
		seen := newRecent[T]()
		stale, turn := 0, 0
		for page, err := range pages[T](ctx, l) {
			if err != nil {
				yield(nil, err)
				return
			}
			turn++
			stale++
			for _, item := range page.Items {
				if !seen.add(item, turn) {
					continue
				}
				if stale = 0; !yield(item, nil) {
					return
				}
			}
			if stale >= maxStale && stale*l.size >= maxPageSize {
				yield(nil, &Error{Operation: call.op, Path: call.path, StatusCode: http.StatusOK, Attempts: 1,
					Message: fmt.Sprintf("%d pages in a row have brought nothing that had not come before", stale)})
				return
			}
		}
	}
}

// maxStale is how many pages in a row may bring nothing new, and more of them when
// they are small: rows shift while a list is read, but a list that keeps repeating
// itself would never end.
const maxStale = 3

// ListAs reads one page of any list into any type: one of this package with more
// fields around it, one of the caller's, or [json.RawMessage]. path is relative
// to the base URL, its elements escaped; opts is nil, [url.Values], or an options
// struct of this package or of the caller's with url tags.
func ListAs[T any](ctx context.Context, c *Client, path string, opts any) (*Page[T], error) {
	call, err := c.callPath(ctx, http.MethodGet, path, opts, nil)
	return listCall[T](ctx, c, call, err)
}

// AllAs yields every item of any list; see [ListAs] for its arguments. A page
// that fails ends it with that error.
func AllAs[T any](ctx context.Context, c *Client, path string, opts any) iter.Seq2[*T, error] {
	call, err := c.callPath(ctx, http.MethodGet, path, opts, nil)
	return allCall[T](ctx, c, call, err)
}

// recentIDs is how many ids are remembered: rows shift by the few that others
// write while a list is read, not by pages of them.
const recentIDs = 4 * maxPageSize

// recent remembers the ids of the last items given and the pages they were on,
// since rows shift between pages while others write, and the same row can come twice.
type recent[T any] struct {
	id   func(*T) (int64, bool)
	page map[int64]int
	ring []int64
	next int
}

func newRecent[T any]() *recent[T] {
	return &recent[T]{id: identity[T](), page: make(map[int64]int)}
}

// add reports whether the item was not on an earlier page; one without an id never was.
func (r *recent[T]) add(item *T, page int) bool {
	id, ok := r.id(item)
	if !ok {
		return true
	}
	if at, seen := r.page[id]; seen {
		return at == page
	}
	if len(r.ring) < recentIDs {
		r.ring = append(r.ring, id)
	} else {
		delete(r.page, r.ring[r.next])
		r.ring[r.next] = id
		r.next = (r.next + 1) % recentIDs
	}
	r.page[id] = page
	return true
}

// identities are what identity has found out, since finding out takes longer than
// decoding: func(*T) (int64, bool) by the type of T.
var identities sync.Map

// keyed is a model that has no id, and is known by another property instead.
type keyed interface{ key() int64 }

// identity finds out how an item of type T tells its id: by the field of that
// JSON name, by its key, or in the raw JSON.
func identity[T any]() func(*T) (int64, bool) {
	t := reflect.TypeFor[T]()
	if known, ok := identities.Load(t); ok {
		return known.(func(*T) (int64, bool))
	}
	wide, plain := property[T, int64]("id"), property[T, int]("id")
	find := func(item *T) (int64, bool) {
		if id, ok := wide(item); ok {
			return id, true
		}
		id, ok := plain(item)
		return int64(id), ok
	}
	if _, ok := any(new(T)).(keyed); ok {
		find = func(item *T) (int64, bool) {
			id := any(item).(keyed).key()
			return id, id != 0
		}
	}
	if t == reflect.TypeFor[json.RawMessage]() {
		find = func(item *T) (int64, bool) {
			var object struct {
				ID int64 `json:"id"`
			}
			err := json.Unmarshal(*any(item).(*json.RawMessage), &object)
			return object.ID, err == nil && object.ID != 0
		}
	}
	identities.Store(t, find)
	return find
}
