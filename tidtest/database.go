package tidtest

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vismatid/tid/tidtest/internal/schema"
)

// state is everything that the server keeps: the rows of every resource, under one lock.
type state struct {
	sync.RWMutex
	all      []*resource // by id, of which the first is 1
	now      func() time.Time
	ahead    atomic.Int64   // by which the server's clock is ahead of now
	known    map[string]any // short texts, each held once
	contents map[schema.ResourceID]map[int64]file
	pick     func(n int) int // a number below n, if rows with equal sort keys change places
	needed   []string        // fields without which this account refuses a time report
}

func newState(now func() time.Time) *state {
	return &state{now: now, known: map[string]any{}, contents: map[schema.ResourceID]map[int64]file{}}
}

func (st *state) resource(id schema.ResourceID) *resource { return st.all[id-1] }

// clock is the time on the server.
func (st *state) clock() time.Time { return st.now().Add(time.Duration(st.ahead.Load())) }

// stamp is the server's clock as a date-time: whole seconds, in UTC.
func (st *state) stamp() int64 { return schema.PackWall(st.clock().UTC().Truncate(time.Second)) }

// catchUp puts the server's clock past every stamp, so that what changes from now on is newer than what is there.
func (st *state) catchUp() {
	st.RLock()
	defer st.RUnlock()
	newest := int64(schema.None)
	for _, res := range st.all {
		for _, f := range res.schema.Fields {
			if !f.Created && !f.Updated {
				continue
			}
			for _, r := range res.sorted {
				newest = max(newest, r.Num(f))
			}
		}
	}
	if late := schema.Millis(newest) - schema.Millis(st.stamp()); newest != schema.None && late >= 0 {
		st.ahead.Add(int64(time.Duration(late)*time.Millisecond + time.Second))
	}
}

// keep returns s as a value to store; equal short texts share their memory.
func (st *state) keep(s string) any {
	if v, ok := st.known[s]; ok {
		return v
	}
	v := any(strings.Clone(s))
	if len(s) <= 64 && len(st.known) < 1<<14 {
		st.known[v.(string)] = v
	}
	return v
}

// rows are the objects of a resource.
type rows struct {
	sorted  []*schema.Record         // by id
	ghosts  map[int64]*schema.Record // deleted, or only known by reference: they have a name but cannot be read
	deleted map[int64]bool           // ids of objects that have been deleted
	last    int64                    // the highest id there has been
	version uint64                   // grows with every change
	cache   listCache
}

func byID(r *schema.Record, id int64) int { return cmp.Compare(r.ID, id) }

// find returns the object of an id, or nil.
func (t *rows) find(id int64) *schema.Record {
	if i, ok := slices.BinarySearchFunc(t.sorted, id, byID); ok {
		return t.sorted[i]
	}
	return nil
}

// put stores a record under its id.
func (t *rows) put(r *schema.Record) {
	t.version++
	delete(t.ghosts, r.ID)
	delete(t.deleted, r.ID)
	if r.ID > t.last {
		t.last = r.ID
		t.sorted = append(t.sorted, r)
		return
	}
	i, found := slices.BinarySearchFunc(t.sorted, r.ID, byID)
	if found {
		t.sorted[i] = r
	} else {
		t.sorted = slices.Insert(t.sorted, i, r)
	}
}

// remove takes an object away; what refers to it still knows its name.
func (t *rows) remove(id int64) bool {
	i, found := slices.BinarySearchFunc(t.sorted, id, byID)
	if !found {
		return false
	}
	t.haunt(t.sorted[i])
	if t.deleted == nil {
		t.deleted = map[int64]bool{}
	}
	t.deleted[id] = true
	t.sorted = slices.Delete(t.sorted, i, i+1)
	return true
}

// haunt remembers a record that can be referred to and not be read.
func (t *rows) haunt(r *schema.Record) {
	t.version++
	if t.ghosts == nil {
		t.ghosts = map[int64]*schema.Record{}
	}
	t.ghosts[r.ID] = r
}

// learn takes in what a reference tells of its target. Where the target has an endpoint, that is where it is described, and
// the reference counts only until it is there.
func (res *resource) learn(r *schema.Record) {
	if res.path != "" {
		res.haunt(r)
		return
	}
	if known := res.find(r.ID); known == nil || !known.HoldsSame(r) {
		res.put(r)
	}
}

// referred returns the target of a reference, be it there or not, or nil.
func (t *rows) referred(id int64) *schema.Record {
	if r := t.find(id); r != nil {
		return r
	}
	return t.ghosts[id]
}

// nextID is the id that the next new object gets. No two resources begin at the same id, so that an id used for the wrong
// kind of object is not found instead of found by chance.
func (res *resource) nextID() int64 {
	return max(res.last, int64(res.id)*1000) + 1
}

// children returns the rows of a parent; those of a resource without parents are all its rows.
func (res *resource) children(parent int64) []*schema.Record {
	if res.parent == 0 {
		return res.sorted
	}
	var of []*schema.Record
	for _, r := range res.sorted {
		if r.Parent == parent {
			of = append(of, r)
		}
	}
	return of
}

// displayName is the name that references to an object show.
func (st *state) displayName(target schema.ResourceID, id int64) string {
	res := st.resource(target)
	if r := res.referred(id); r != nil {
		return res.display(r)
	}
	return ""
}

// display is the name of an object in references to it.
func (res *resource) display(r *schema.Record) string {
	name := r.Text(res.schema.Field(res.named[0]))
	for _, more := range res.named[1:] {
		name += " " + r.Text(res.schema.Field(more))
	}
	return strings.TrimSpace(name)
}

// delete removes an object and what belongs to it.
func (st *state) delete(res *resource, id int64) bool {
	if !res.remove(id) {
		return false
	}
	for _, child := range st.all {
		if child.parent != res.id {
			continue
		}
		for _, r := range child.children(id) {
			st.delete(child, r.ID)
		}
	}
	return true
}

// A file is what a download answers.
type file struct {
	name, contentType string
	content           []byte
}

// setContent keeps a file for the download of an object.
func (st *state) setContent(of schema.ResourceID, id int64, f file) {
	if st.contents[of] == nil {
		st.contents[of] = map[int64]file{}
	}
	f.content = append([]byte(nil), f.content...)
	st.contents[of][id] = f
}

// newEntry is a new record of a resource, with its id.
func (res *resource) newEntry() *schema.Record {
	r := res.schema.NewRecord()
	r.ID = res.nextID()
	r.SetNum(res.schema.Field("id"), r.ID)
	return r
}
