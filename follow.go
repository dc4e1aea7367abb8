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

// defaultOverlap is how far behind the newest change a Cursor looks again.
const defaultOverlap = clockChange + 5*time.Minute

// Cursor remembers how far a reader has come with one list. It is saved as JSON,
// best in the same transaction as the rows, and survives restarts:
//
//	for report, err := range client.TimeReports.Follow(ctx, &cursor, nil) {
//		if err != nil {
//			return err
//		}
//		// … store the report, and the cursor with it
//	}
//
// The zero Cursor begins with everything there is: Follow first gives the rows in
// the order in which they were created, a page at a time, and the cursor notes how
// far it is (see Load), so that a restart goes on from there. Then, and from then
// on, it gives what has changed since, and holds that in memory. A Cursor with no
// more than Newest set begins with the changes from there on. As JSON a cursor has
// some hundred bytes, sixty for each row that has changed within Overlap, and of
// rows that were created in the same moment the ranges of their ids.
//
// Its rules:
//   - Changes come oldest first. The cursor moves past one when the loop asks for
//     the next: a row whose handling was broken out of comes again. Follow can be
//     ended after any row, and goes on with the next.
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
//     look at the item's properties, where a change must not be missed. A cursor
//     belongs to one list with one filter.
//   - A list that is not sorted as it was asked for is an error.
//   - Deleted items do not show: the Gone methods find them.
type Cursor struct {
	// Newest is when the newest change was made that has been handled; it is not
	// set before the first load is done.
	Newest DateTime `json:"newest"`
	// Given are the changes that have been handled and lie within Overlap of
	// Newest, by the id of the item.
	Given map[int64]Given `json:"given,omitzero"`
	// Overlap is how far behind Newest to look again; 65 minutes when it is 0.
	Overlap time.Duration `json:"overlap,omitzero"`
	// Load is how far the first load has come; nil before and after it.
	Load *Load `json:"load,omitzero"`

	kept int // of Given when it was last cleared of what is no longer needed
}

// Given is one change that a [Cursor] has passed.
type Given struct {
	// At is when the item was changed.
	At DateTime `json:"at"`
	// Sum tells the item's content from any other.
	Sum string `json:"sum"`
}

// Since returns where to begin reading changes.
func (c *Cursor) Since() DateTime { return c.behind(c.Newest) }

// behind is where to look again from, given the newest change.
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
