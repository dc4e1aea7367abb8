// Package account keeps the objects of an account by resource, and changes them by the JSON of a request or a test.
package account

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vismatid/tid/tidtest/internal/schema"
)

// Account is everything that the server keeps: the rows of every resource, under one lock.
type Account struct {
	sync.RWMutex
	All      []*Resource // by id, of which the first is 1
	Contents map[schema.ResourceID]map[int64]File
	Pick     func(n int) int // a number below n, if rows with equal sort keys change places
	Needed   []string        // fields without which this account refuses a time report

	now   func() time.Time
	ahead atomic.Int64   // by which the server's clock is ahead of now
	known map[string]any // short texts, each held once
}

// New makes an account that has no resources yet; now is its clock.
func New(now func() time.Time) *Account {
	return &Account{now: now, known: map[string]any{}, Contents: map[schema.ResourceID]map[int64]File{}}
}

// Resource returns the resource of an id.
func (a *Account) Resource(id schema.ResourceID) *Resource { return a.All[id-1] }

// Clock is the time on the server.
func (a *Account) Clock() time.Time { return a.now().Add(time.Duration(a.ahead.Load())) }

// Stamp is the server's clock as a date-time: whole seconds, in UTC.
func (a *Account) Stamp() int64 { return schema.PackWall(a.Clock().UTC().Truncate(time.Second)) }

// CatchUp puts the server's clock past every stamp, so that what changes from now on is newer than what is there.
func (a *Account) CatchUp() {
	a.RLock()
	defer a.RUnlock()
	newest := int64(schema.None)
	for _, res := range a.All {
		for _, f := range res.Schema.Fields {
			if !f.Created && !f.Updated {
				continue
			}
			for _, r := range res.Sorted {
				newest = max(newest, r.Num(f))
			}
		}
	}
	if late := schema.Millis(newest) - schema.Millis(a.Stamp()); newest != schema.None && late >= 0 {
		a.ahead.Add(int64(time.Duration(late)*time.Millisecond + time.Second))
	}
}

// keep returns s as a value to store; equal short texts share their memory.
func (a *Account) keep(s string) any {
	if v, ok := a.known[s]; ok {
		return v
	}
	v := any(strings.Clone(s))
	if len(s) <= 64 && len(a.known) < 1<<14 {
		a.known[v.(string)] = v
	}
	return v
}

// rows are the objects of a resource.
type rows struct {
	Sorted  []*schema.Record         // by id
	Ghosts  map[int64]*schema.Record // deleted, or only known by reference: they have a name but cannot be read
	Deleted map[int64]bool           // ids of objects that have been deleted
	last    int64                    // the highest id there has been
	version uint64                   // grows with every change
	cache   listCache
}

func byID(r *schema.Record, id int64) int { return cmp.Compare(r.ID, id) }

// Find returns the object of an id, or nil.
func (t *rows) Find(id int64) *schema.Record {
	if i, ok := slices.BinarySearchFunc(t.Sorted, id, byID); ok {
		return t.Sorted[i]
	}
	return nil
}

// Put stores a record under its id.
func (t *rows) Put(r *schema.Record) {
	t.version++
	delete(t.Ghosts, r.ID)
	delete(t.Deleted, r.ID)
	if r.ID > t.last {
		t.last = r.ID
		t.Sorted = append(t.Sorted, r)
		return
	}
	i, found := slices.BinarySearchFunc(t.Sorted, r.ID, byID)
	if found {
		t.Sorted[i] = r
	} else {
		t.Sorted = slices.Insert(t.Sorted, i, r)
	}
}

// remove takes an object away; what refers to it still knows its name.
func (t *rows) remove(id int64) bool {
	i, found := slices.BinarySearchFunc(t.Sorted, id, byID)
	if !found {
		return false
	}
	t.haunt(t.Sorted[i])
	if t.Deleted == nil {
		t.Deleted = map[int64]bool{}
	}
	t.Deleted[id] = true
	t.Sorted = slices.Delete(t.Sorted, i, i+1)
	return true
}

// haunt remembers a record that can be referred to and not be read.
func (t *rows) haunt(r *schema.Record) {
	t.version++
	if t.Ghosts == nil {
		t.Ghosts = map[int64]*schema.Record{}
	}
	t.Ghosts[r.ID] = r
}

// learn takes in what a reference tells of its target. Where the target has an endpoint, that is where it is described, and
// the reference counts only until it is there.
func (res *Resource) learn(r *schema.Record) {
	if res.Path != "" {
		res.haunt(r)
		return
	}
	if known := res.Find(r.ID); known == nil || !known.HoldsSame(r) {
		res.Put(r)
	}
}

// Referred returns the target of a reference, be it there or not, or nil.
func (t *rows) Referred(id int64) *schema.Record {
	if r := t.Find(id); r != nil {
		return r
	}
	return t.Ghosts[id]
}

// nextID is the id that the next new object gets. No two resources begin at the same id, so that an id used for the wrong
// kind of object is not found instead of found by chance.
func (res *Resource) nextID() int64 {
	return max(res.last, int64(res.ID)*1000) + 1
}

// Children returns the rows of a parent; those of a resource without parents are all its rows.
func (res *Resource) Children(parent int64) []*schema.Record {
	if res.Parent == 0 {
		return res.Sorted
	}
	var of []*schema.Record
	for _, r := range res.Sorted {
		if r.Parent == parent {
			of = append(of, r)
		}
	}
	return of
}

// DisplayName is the name that references to an object show.
func (a *Account) DisplayName(target schema.ResourceID, id int64) string {
	res := a.Resource(target)
	if r := res.Referred(id); r != nil {
		return res.Display(r)
	}
	return ""
}

// Display is the name of an object in references to it.
func (res *Resource) Display(r *schema.Record) string {
	name := r.Text(res.Schema.Field(res.Named[0]))
	for _, more := range res.Named[1:] {
		name += " " + r.Text(res.Schema.Field(more))
	}
	return strings.TrimSpace(name)
}

// Delete removes an object and what belongs to it.
func (a *Account) Delete(res *Resource, id int64) bool {
	if !res.remove(id) {
		return false
	}
	for _, child := range a.All {
		if child.Parent != res.ID {
			continue
		}
		for _, r := range child.Children(id) {
			a.Delete(child, r.ID)
		}
	}
	return true
}

// A File is what a download answers.
type File struct {
	Name, ContentType string
	Content           []byte
}

// SetContent keeps a file for the download of an object.
func (a *Account) SetContent(of schema.ResourceID, id int64, f File) {
	if a.Contents[of] == nil {
		a.Contents[of] = map[int64]File{}
	}
	f.Content = append([]byte(nil), f.Content...)
	a.Contents[of][id] = f
}

// NewEntry is a new record of a resource, with its id.
func (res *Resource) NewEntry() *schema.Record {
	r := res.Schema.NewRecord()
	r.ID = res.nextID()
	r.SetNum(res.Schema.Field("id"), r.ID)
	return r
}
