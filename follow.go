package tid

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"iter"
	"maps"
	"time"
)

// defaultOverlap is how far behind the newest change a Cursor reads again.
const defaultOverlap = clockChange + 5*time.Minute

// Cursor notes how far Follow has come with one list. Save it as JSON, best in the same
// transaction as the rows, and the next run continues from it:
//
//	for report, err := range client.TimeReports.Follow(ctx, &cursor, nil) {
//		if err != nil {
//			return err
//		}
//		// … store the report, and the cursor with it
//	}
//
// The zero Cursor begins with the whole list: Follow first gives all rows, in the order in
// which they were created, a page at a time, and the cursor notes how far it is (see
// Load), so that a restart continues there. From then on Follow gives what has changed
// since, and holds that in memory. A Cursor with only Newest set begins with the changes
// from there on. As JSON a cursor has some hundred bytes, sixty for each row that has
// changed within Overlap, and the ranges of the ids of rows that were created in the same
// moment.
//
// Its rules:
//   - Changes come oldest first. The cursor moves past a row when the loop asks for the
//     next one: a row at which the loop is left by break comes again.
//   - Only the API's own timestamps count; the clock of this machine does not matter.
//   - The last hour and five minutes before the newest change (see Overlap) are read
//     again, without giving what was given already and has not changed. So a second
//     change within the same second is not missed, nor is one with a timestamp up to
//     Overlap behind a change that was given, because a server's clock was behind or
//     clocks were set back.
//   - A row that changes while the list is read is given as it was read, and again next
//     time.
//   - The cursor never moves past the API's own present, by the Date header of the
//     answers. A row with a stamp in the future is given, and given again when it changes,
//     and hides no later change. A stamp without an offset is compared as UTC; if the API
//     means Swedish time, up to two hours more are read again.
//   - With a filter, a row that ceases to match does not show: a time report is not in
//     the list of attested ones any more when its attestation is withdrawn. Filter by what
//     never changes, such as the created date, or the project of a material report if
//     your account never moves one. Where no change may be missed, follow without a
//     filter and look at the properties of each row. A cursor belongs to one list with
//     one filter.
//   - A list that is not sorted as it was asked for is an error.
//   - Deleted rows do not show: the Gone methods find them.
type Cursor struct {
	// Newest is the time of the newest change that has been handled; it is not set before
	// the first load is done.
	Newest DateTime `json:"newest"`
	// Given are the changes that have been handled and lie within Overlap of
	// Newest, by the id of the item.
	Given map[int64]Given `json:"given,omitzero"`
	// Overlap is how far behind Newest to read again; 65 minutes when it is 0.
	Overlap time.Duration `json:"overlap,omitzero"`
	// Load is how far the first load has come; nil before and after it.
	Load *Load `json:"load,omitzero"`

	kept int // the length of Given when it was last cleared of old changes
}

// Given is one change that a [Cursor] has passed.
type Given struct {
	// At is when the item was changed.
	At DateTime `json:"at"`
	// Sum is a checksum of the item.
	Sum string `json:"sum"`
}

// Since returns where to begin reading changes.
func (c *Cursor) Since() DateTime { return c.behind(c.Newest) }

// behind is the time from which changes are read again, given the newest change.
func (c *Cursor) behind(newest DateTime) DateTime {
	overlap := c.Overlap
	if overlap <= 0 {
		overlap = defaultOverlap
	}
	return newest.Add(-overlap)
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
		c.forget() // only when Given has doubled, so that the cost is linear
	}
}

// forget removes changes that will not be read again.
func (c *Cursor) forget() {
	since := c.Since()
	for id, given := range c.Given {
		if given.At.Compare(since) < 0 {
			delete(c.Given, id)
		}
	}
	c.kept = max(len(c.Given), 100)
}

// follower follows one list.
type follower[T any] struct {
	cursor  *Cursor
	changed *listing // newest change first
	created *listing // in the order of creation
}

// follow gives the rows of a list that the cursor has not passed yet: all of them
// first, then those that have changed.
func follow[T any](ctx context.Context, c *Client, op string, cursor *Cursor, updatedKey, createdKey string, opts any, args ...any) iter.Seq2[*T, error] {
	changed, err := changesOf(ctx, c, op, updatedKey, opts, args)
	if err == nil && cursor == nil {
		err = invalid(op, "the cursor is nil: Follow notes in it how far it has come")
	}
	f := &follower[T]{cursor: cursor, changed: changed}
	if err == nil {
		f.created = changed.sortedBy(createdKey, Ascending)
	}
	return func(yield func(*T, error) bool) {
		if err != nil {
			yield(nil, err)
			return
		}
		cursor.Given, cursor.Load = maps.Clone(cursor.Given), cursor.Load.clone() // copies of the cursor stay as they are
		if cursor.Newest.IsZero() && !f.load(ctx, yield) {
			return
		}
		f.follow(ctx, yield)
	}
}

// follow gives what has changed.
func (f *follower[T]) follow(ctx context.Context, yield func(*T, error) bool) {
	type change struct {
		item  *T
		ahead bool // its stamp was later than the API's own clock when it was read
	}
	var found []change
	since := f.cursor.Since().surely()
	p := newLoading(new(Load), true, f.changed.first.Size)
	_, err := f.walk(ctx, f.changed, p, since, func(item *T, now time.Time) bool {
		found = append(found, change{item, updatedAt(item).later(now)})
		return true
	})
	if err != nil {
		yield(nil, err)
		return
	}
	for i := len(found) - 1; i >= 0; i-- {
		item := found[i].item
		at := updatedAt(item)
		if at.IsZero() {
			if !yield(item, nil) {
				return
			}
			continue
		}
		id := identity(item)
		change := Given{At: at, Sum: fingerprint(item)}
		given := f.cursor.Given[id] == change
		if !given && !yield(item, nil) {
			return
		}
		if !found[i].ahead {
			f.cursor.reach(at)
		}
		if !given {
			f.cursor.pass(id, change)
		}
	}
	f.cursor.forget()
}

func fingerprint(item any) string {
	text, err := json.Marshal(item)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}
