package tid

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"iter"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"weak"
)

// changedSince yields what has changed at since or later, newest first: it stops
// at the first item that is older, so that its cost follows what has changed and
// not what there is. Rows move to the front while others write: what moves there
// from behind, while more than one page is read, is looked for there in the end.
func changedSince[T any](ctx context.Context, c *Client, op string, since DateTime, key string, opts any, args ...any) iter.Seq2[*T, error] {
	call, err := c.newCall(ctx, op, args, opts, nil)
	if err == nil {
		if by := call.query.Get("sortBy"); by != "" && by != key || call.query.Get("sortOrder") == string(Ascending) || call.query.Get("page") != "" {
			err = invalid(op, "changes are read from the first page by %s, newest first: leave SortBy, SortOrder and Page unset", key)
		}
		call.query.Set("sortBy", key)
		call.query.Set("sortOrder", string(Descending))
	}
	l, err := newListing(c, call, opts, err)
	since = since.surely()
	updated := updatedAt[T]()
	// until returns how many of the items of a page have changed since.
	until := func(items []*T) (int, error) {
		var last DateTime
		for i, item := range items {
			at, _ := updated(item)
			switch {
			case at.IsZero(): // nothing says that it has not changed
			case !last.IsZero() && at.Compare(last.Add(clockChange)) > 0:
				return i, errors.New("the API did not sort the list by its updates, so changes cannot be told from it")
			case at.Compare(since) < 0:
				return i, nil
			default:
				last = at
			}
		}
		return len(items), nil
	}
	if l != nil {
		l.readAhead, l.moving = 0, true
	}
	return func(yield func(*T, error) bool) {
		if err != nil {
			yield(nil, err)
			return
		}
		for b, err := range batches(ctx, l, until) {
			for _, item := range b.items {
				if at, _ := updated(item); at.later(b.now) {
					markAhead(item)
				}
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

// surely is dt, or the beginning of the hour that comes twice if dt lies in it: in
// Sweden from two to three o'clock on the last Sunday of October. Without an offset
// a stamp in that hour may be later than another that shows a later time.
func (dt DateTime) surely() DateTime {
	wall := dt.In(time.UTC)
	if _, zoned := dt.Offset(); zoned || wall.Month() != time.October || wall.Day() < 25 || wall.Weekday() != time.Sunday || wall.Hour() != 2 {
		return dt
	}
	return DateTimeOfWall(wall.Truncate(time.Hour))
}

// later reports a stamp that lies after the given moment. One without an offset is
// taken for UTC: Sweden is never behind, so that none is missed.
func (dt DateTime) later(now time.Time) bool {
	return !now.IsZero() && dt.In(time.UTC).After(now)
}

// ahead are the rows whose stamps were later than the API's own clock when they were
// read, by their weak pointers: Follow is given nothing but the rows.
var ahead sync.Map

func markAhead[T any](item *T) {
	key := weak.Make(item)
	ahead.Store(key, nil)
	runtime.AddCleanup(item, func(key weak.Pointer[T]) { ahead.Delete(key) }, key)
}

func isAhead[T any](item *T) bool {
	_, found := ahead.Load(weak.Make(item))
	return found
}

// updatedAt finds out how an item of type T tells when it was last changed.
func updatedAt[T any]() func(*T) (DateTime, bool) {
	return property[T, DateTime]("updatedDate", "updated")
}

// property finds the outermost field of a struct that has one of the given JSON names.
func property[T, F any](names ...string) func(*T) (F, bool) {
	var found reflect.StructField
	if t := reflect.TypeFor[T](); t.Kind() == reflect.Struct {
		for _, f := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if slices.Contains(names, name) && f.Type == reflect.TypeFor[F]() &&
				(found.Index == nil || len(f.Index) < len(found.Index)) {
				found = f
			}
		}
	}
	return func(item *T) (v F, ok bool) {
		if found.Index == nil {
			return v, false
		}
		field, err := reflect.ValueOf(item).Elem().FieldByIndexErr(found.Index)
		if err != nil || field.IsZero() {
			return v, false
		}
		return *field.Addr().Interface().(*F), true
	}
}

// clockChange is how far wall clocks may run backwards: by an hour, in the night
// when summer ends.
const clockChange = time.Hour

// defaultOverlap is how far behind the newest change a Cursor looks again.
const defaultOverlap = clockChange + 5*time.Minute

// Cursor remembers how far a reader has come with the changes of one list. It is
// saved as JSON, and survives restarts:
//
//	for report, err := range tid.Follow(&cursor, c.TimeReports.ChangedSince(ctx, cursor.Since(), nil)) {
//		if err != nil {
//			return err
//		}
//		// … handle the change, then save the cursor
//	}
//
// Its rules:
//   - Changes come oldest first. The cursor moves past one when the loop asks for
//     the next: a change whose handling was broken out of comes again.
//   - It counts by the API's own timestamps alone; the clock of this machine does
//     not matter.
//   - It looks again at the last hour and five minutes before the newest change
//     (see Overlap), and leaves out what it has given already and finds unaltered.
//     So a second change within the same second is not missed, nor is one whose
//     timestamp lies up to Overlap behind a change already given, be it for a
//     server whose clock is behind or for clocks that were set back.
//   - An item that changes while the list is read is given as it was read, and
//     again next time.
//   - It never moves past the API's own present, as the Date header of the answers
//     tells it: an item stamped in the future is given, and given again when it
//     changes, and hides nothing of what comes after. A stamp without an offset is
//     compared as if it were UTC, so that for an API that means Swedish time up to
//     two hours more are read again; what was given is left out all the same.
//   - With a filter an item that ceases to match does not show: a time report whose
//     attestation is withdrawn is not in the list of those that are attested. Filters
//     are safe on what never changes, such as the created date, or the project of a
//     material report if your account never moves one. Follow without a filter, and
//     look at the item's properties, where a change must not be missed.
//   - Deleted items do not show. The zero Cursor begins with everything there is,
//     and Follow holds what has changed in memory.
type Cursor struct {
	// Newest is when the newest change was made that has been handled.
	Newest DateTime `json:"newest"`
	// Given are the changes that have been handled and lie within Overlap of
	// Newest, by the id of the item.
	Given map[int64]Given `json:"given,omitzero"`
	// Overlap is how far behind Newest to look again; 65 minutes when it is 0.
	Overlap time.Duration `json:"overlap,omitzero"`

	kept int // of Given when it was last cleared of what is no longer needed
}

// Given is one change that a [Cursor] has passed.
type Given struct {
	// At is when the item was changed.
	At DateTime `json:"at"`
	// Sum tells the item's content from any other.
	Sum string `json:"sum"`
}

// Since returns where to begin reading.
func (c *Cursor) Since() DateTime {
	if c.Newest.IsZero() {
		return DateTime{}
	}
	return c.Newest.Add(-c.overlap())
}

func (c *Cursor) overlap() time.Duration {
	if c.Overlap > 0 {
		return c.Overlap
	}
	return defaultOverlap
}

// reach moves the cursor to a change.
func (c *Cursor) reach(at DateTime) {
	if at.Compare(c.Newest) > 0 {
		c.Newest = at
	}
}

// pass remembers a change.
func (c *Cursor) pass(id int64, change Given) {
	if c.Given == nil {
		c.Given = make(map[int64]Given)
	}
	c.Given[id] = change
	if len(c.Given) >= 2*c.kept {
		c.forget() // each change is looked at a few times, however many there are
	}
}

// forget clears what is no longer needed.
func (c *Cursor) forget() {
	since := c.Since()
	for id, given := range c.Given {
		if given.At.Compare(since) < 0 {
			delete(c.Given, id)
		}
	}
	c.kept = max(len(c.Given), 100)
}

// Follow yields the changes of a ChangedSince that the cursor has not passed yet,
// oldest first, and moves it past each; see [Cursor] for its rules. When reading
// them fails it yields that error alone, and the cursor stays where it is.
func Follow[T any](cursor *Cursor, changes iter.Seq2[*T, error]) iter.Seq2[*T, error] {
	identify, updated := identity[T](), updatedAt[T]()
	return func(yield func(*T, error) bool) {
		items, err := Collect(changes, 0)
		if err != nil {
			yield(nil, err)
			return
		}
		since := cursor.Since().surely()
		for i := len(items) - 1; i >= 0; i-- {
			id, _ := identify(items[i])
			at, dated := updated(items[i])
			if dated && at.Compare(since) < 0 { // passed long ago, and no longer remembered
				continue
			}
			if id == 0 || !dated {
				if !yield(items[i], nil) {
					return
				}
				continue
			}
			change := Given{At: at, Sum: fingerprint(items[i])}
			given := cursor.Given[id] == change
			if !given && !yield(items[i], nil) {
				return
			}
			if !isAhead(items[i]) {
				cursor.reach(at)
			}
			if !given {
				cursor.pass(id, change)
			}
		}
		cursor.forget()
	}
}

func fingerprint(item any) string {
	text, err := json.Marshal(item)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// Collect returns the items of a sequence such as All's, the first most of them
// when most is above 0, without a request for more than it returns. With an error
// it returns the items that came before.
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
