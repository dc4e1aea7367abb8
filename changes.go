package tid

import (
	"context"
	"errors"
	"iter"
	"time"
)

// changedSince yields the items that were changed at since or later, newest first. It
// stops at the first item that is older, so that it costs what has changed and not the
// whole list. An item that is changed meanwhile moves to the front: after more than one
// page, the front is read again.
func changedSince[T any](ctx context.Context, c *Client, op string, since DateTime, key string, opts any, args ...any) iter.Seq2[*T, error] {
	l, err := changesOf(ctx, c, op, key, opts, args)
	since = since.surely()
	// until returns how many of the items of a page have changed since.
	until := func(items []*T) (int, error) {
		var last DateTime
		for i, item := range items {
			switch at := updatedAt(item); {
			case at.IsZero(): // it may have changed
			case !last.IsZero() && at.Compare(last.Add(clockChange)) > 0:
				return i, errUnsortedChanges
			case at.Compare(since) < 0:
				for _, later := range items[i:] {
					if at := updatedAt(later); at.Compare(since.Add(clockChange)) > 0 {
						return i, errUnsortedChanges
					}
				}
				return i, nil
			default:
				last = at
			}
		}
		return len(items), nil
	}
	return func(yield func(*T, error) bool) {
		if err != nil {
			yield(nil, err)
			return
		}
		for b, err := range batches(ctx, l, until) {
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

var errUnsortedChanges = errors.New("the API did not sort the list by its updates, so it is not known what has changed")

// changesOf is a list by its updates, newest first.
func changesOf(ctx context.Context, c *Client, op, key string, opts any, args []any) (*listing, error) {
	call, err := c.newCall(ctx, op, args, opts, nil)
	if err == nil {
		if by := call.query.Get("sortBy"); by != "" && by != key || call.query.Get("sortOrder") == string(Ascending) || call.query.Get("page") != "" {
			err = invalid(op, "changes are read from the first page by %s, newest first: leave SortBy, SortOrder and Page unset", key)
		}
		call.query.Set("sortBy", key)
		call.query.Set("sortOrder", string(Descending))
	}
	l, err := newListing(c, call, opts, err)
	if l != nil {
		l.readAhead, l.moving = 0, true
	}
	return l, err
}

// surely is dt, or the beginning of the hour that occurs twice if dt lies in it: in
// Sweden from 02:00 to 03:00 on the last Sunday of October. Without an offset, a stamp in
// that hour may be later than one that shows a later time.
func (dt DateTime) surely() DateTime {
	wall := dt.In(time.UTC)
	if _, zoned := dt.Offset(); zoned || wall.Month() != time.October || wall.Day() < 25 || wall.Weekday() != time.Sunday || wall.Hour() != 2 {
		return dt
	}
	return DateTimeOfWall(wall.Truncate(time.Hour))
}

// later reports whether a stamp lies after the given moment. A stamp without an offset is
// taken as UTC: Swedish time is ahead of UTC, so that no future stamp is missed.
func (dt DateTime) later(now time.Time) bool {
	return !now.IsZero() && dt.In(time.UTC).After(now)
}

// clockChange is how far wall clocks are set back when summer time ends.
const clockChange = time.Hour

// Collect returns the items of a sequence such as that of All: the first most of them, or
// all if most is 0. It sends no request for further items. On an error it returns the
// items before it as well.
func Collect[T any](seq iter.Seq2[*T, error], most int) ([]*T, error) {
	var items []*T
	for item, err := range seq {
		if err != nil {
			return items, err
		}
		items = append(items, item)
		if len(items) == most {
			break
		}
	}
	return items, nil
}
