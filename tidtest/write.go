package tidtest

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest/internal/schema"
)

// A change is a request body on its way to a new version of an object.
type change struct {
	*state
	res     *resource
	parent  int64
	old     *schema.Record  // nil on create
	ignored map[string]bool // properties of the body that a distortion passes over
	clear   []string        // properties of the object that a distortion clears

	new   *schema.Record
	given map[string][]byte // the properties of the body that are known and not null
	wrong schema.Problems
	after []func()
}

// has says whether the body gives a property.
func (ch *change) has(prop string) bool { return ch.given[prop] != nil }

func (ch *change) num(field string) int64       { return ch.new.Num(ch.res.schema.Field(field)) }
func (ch *change) setNum(field string, n int64) { ch.new.SetNum(ch.res.schema.Field(field), n) }

func (ch *change) text(field string) string { return ch.new.Text(ch.res.schema.Field(field)) }
func (ch *change) setText(field, s string) {
	ch.new.SetOther(ch.res.schema.Field(field), ch.keep(s))
}

// target returns the object that a reference of the new version points to, or nil.
func (ch *change) target(field string) *schema.Record {
	f := ch.res.schema.Field(field)
	if id := ch.new.Num(f); id != schema.None {
		return ch.resource(f.Target).referred(id)
	}
	return nil
}

// read reads a body and builds the new version of an object, on which prepare, if there is one, has been called before.
// Nothing is stored yet.
func (ch *change) read(body []byte, prepare func(*change)) error {
	if err := schema.ValidJSON(body); err != nil {
		return fail(http.StatusBadRequest, "The request body cannot be read: %v.", err)
	}
	ch.given, ch.wrong = map[string][]byte{}, schema.Problems{}
	known := map[string]prop{} // names are compared without case, as paths are
	for _, p := range ch.res.write {
		if !ch.ignored[p.name] {
			known[strings.ToLower(p.name)] = p
		}
	}
	err := schema.Members(bytes.TrimSpace(body), func(name string, value []byte) error {
		if p, ok := known[strings.ToLower(name)]; ok && (!schema.IsNull(value) || p.as.Kind == schema.JSON) {
			ch.given[p.name] = value
		}
		return nil
	})
	if err != nil {
		return fail(http.StatusBadRequest, "The request body %v.", err)
	}

	ch.new = ch.res.schema.NewRecord()
	if ch.old != nil {
		ch.new = ch.old.Clone()
	}
	if prepare != nil {
		prepare(ch)
	}
	ch.fill()
	ch.checkReferences()
	if ch.res.rules != nil && len(ch.wrong) == 0 {
		ch.res.rules(ch)
	}
	if len(ch.wrong) > 0 {
		return invalid(ch.wrong)
	}
	ch.new.Parent = ch.parent
	return nil
}

// fill sets every property that can be written: to what the body gives, and to nothing if the body leaves it out.
func (ch *change) fill() {
	d := &reader{st: ch.state, request: true, ignored: ch.ignored, problems: ch.wrong}
	written := map[string]bool{}
	for _, p := range ch.res.write {
		raw, given := ch.given[p.name]
		if !given {
			switch ignored := ch.ignored[p.name]; {
			case ch.old != nil && (p.stays || ignored):
				continue
			case p.required && !ignored:
				ch.wrong.Add(p.name, "is required")
			}
		}
		if given && len(p.sets) == 0 {
			scratch := schema.New(p.as.Copy())
			if err := d.value(scratch.Fields[0], scratch.NewRecord(), raw, p.name); err != nil {
				ch.wrong.Add(p.name, "%v", err)
			}
			continue
		}
		for i, name := range p.sets {
			f := ch.res.schema.Field(name)
			if !given {
				if !written[name] {
					f.Clear(ch.new)
				}
				if p.atFirst && ch.old == nil {
					ch.new.SetNum(f, 1)
				}
				continue
			}
			written[name] = true
			if err := d.value(f, ch.new, raw, p.name); err != nil {
				if i == 0 {
					ch.wrong.Add(p.name, "%v", err)
				}
				continue
			}
			if p.required && f.Kind == schema.Text && ch.new.Text(f) == "" {
				ch.wrong.Add(p.name, "is required")
			}
			ch.keepIgnored(f, p.name)
		}
	}
}

// checkReferences looks for ids that no object has. What the object refers to already is not asked about again.
func (ch *change) checkReferences() {
	for _, p := range ch.res.write {
		raw, given := ch.given[p.name]
		if !given || ch.wrong[p.name] != nil {
			continue
		}
		var ids []int64
		var already []int64
		switch p.as.Kind {
		case schema.Ref:
			id, _ := schema.IntOf(raw)
			ids = []int64{id}
			if ch.old != nil && len(p.sets) > 0 {
				already = []int64{ch.old.Num(p.as)}
			}
		case schema.Refs:
			ids = ch.new.Refs(p.as)
			if ch.old != nil {
				already = ch.old.Refs(p.as)
			}
		}
		target := p.as.Target
		for _, id := range ids {
			if ch.resource(target).find(id) == nil && !slices.Contains(already, id) {
				ch.wrong.Add(p.name, "is %d, and there is no %s with that id", id, ch.resource(target).object)
			}
		}
	}
}

// keepIgnored lets a nested object that has been written have what it had of the properties that are passed over.
func (ch *change) keepIgnored(f *schema.Field, path string) {
	nested := ch.new.Part(f)
	if nested == nil || f.Kind != schema.Object || ch.old == nil || ch.old.Part(f) == nil {
		return
	}
	for _, inner := range f.Of.Fields {
		if ch.ignored[path+"."+inner.Name] {
			inner.Set(nested, ch.old.Part(f))
		}
	}
}

// commit stores the new version: it gets its id and its stamps.
func (ch *change) commit() {
	if ch.old == nil {
		ch.new.ID = ch.res.nextID()
		ch.setNum("id", ch.new.ID)
	}
	ch.stampRecord(ch.res, ch.new, ch.old == nil)
	numberParts(ch.res, ch.new, ch.old)
	for _, path := range ch.clear {
		ch.res.schema.ClearPath(ch.new, path)
	}
	ch.res.put(ch.new)
	for _, do := range ch.after {
		do()
	}
}

// stampRecord sets when an object was created and changed.
func (st *state) stampRecord(res *resource, r *schema.Record, created bool) {
	now := st.stamp()
	for _, f := range res.schema.Fields {
		if f.Updated || f.Created && created {
			r.SetNum(f, now)
		}
	}
}

// numberParts gives ids to the parts of an object that have ids of their own, such as the items of a checklist.
func numberParts(res *resource, r, old *schema.Record) {
	for _, f := range res.schema.Fields {
		if f.Kind != schema.Objects || f.Of.ByName["id"] == nil {
			continue
		}
		id := f.Of.Field("id")
		parts, _ := r.Other(f).([]*schema.Record)
		last := int64(0)
		for _, part := range parts {
			last = max(last, part.Num(id))
		}
		if old != nil {
			before, _ := old.Other(f).([]*schema.Record)
			for _, part := range before {
				last = max(last, part.Num(id))
			}
		}
		for _, part := range parts {
			if part.Num(id) == 0 {
				last++
				part.SetNum(id, last)
			}
		}
	}
}

// complete adds what a test left out of an object that it puts into a store.
func (st *state) complete(res *resource, r *schema.Record) {
	now := st.stamp()
	for _, f := range res.schema.Fields {
		if (f.Created || f.Updated) && r.Num(f) == schema.None {
			r.SetNum(f, now)
		}
	}
}

// putJSON stores an object, given as valid JSON in the shape of responses, and what it has beside, under the given id, or if
// that is 0 under the object's own, or a new one.
func (st *state) putJSON(res *resource, parent, id int64, raw []byte, extra tid.Extra) (int64, error) {
	d := &reader{st: st, problems: schema.Problems{}}
	r := res.schema.NewRecord()
	if raw = bytes.TrimSpace(raw); raw[0] != '{' {
		return 0, schema.WrongKind("an object", raw)
	}
	d.object(res.schema, r, raw, "")
	d.extra(res.schema, r, extra)
	if len(d.problems) > 0 {
		return 0, fmt.Errorf("%s", d.problems)
	}
	idField := res.schema.Field("id")
	if id == 0 {
		id = r.Num(idField)
	}
	if id < 0 || id > 1<<53 {
		return 0, fmt.Errorf("id is %d", id)
	}
	if res.parent != 0 {
		if st.resource(res.parent).find(parent) == nil {
			return 0, fmt.Errorf("there is no %s with the id %d", st.resource(res.parent).object, parent)
		}
		r.Parent = parent
	}
	if id == 0 {
		id = res.nextID()
	}
	r.ID = id
	r.SetNum(idField, id)
	old := res.find(id)
	if old != nil {
		for _, f := range res.schema.Fields {
			if f.Kept {
				f.Set(r, old)
			}
		}
	}
	numberParts(res, r, old)
	st.complete(res, r)
	res.put(r)
	return r.ID, nil
}
