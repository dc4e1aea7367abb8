package tidtest

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/vismatid/tid"
)

// A change is a request body on its way to a new version of an object.
type change struct {
	*state
	res   *resource
	old   *record // nil on create
	new   *record
	given map[string][]byte // the properties of the body that are known and not null
	wrong problems
	after []func()

	ignored map[string]bool // properties of the body that a Distortion passes over
}

// has says whether the body gives a property.
func (ch *change) has(prop string) bool { return ch.given[prop] != nil }

func (ch *change) num(field string) int64       { return ch.new.num(ch.res.schema.field(field)) }
func (ch *change) setNum(field string, n int64) { ch.new.setNum(ch.res.schema.field(field), n) }

func (ch *change) text(field string) string { return ch.new.text(ch.res.schema.field(field)) }
func (ch *change) setText(field, s string) {
	ch.new.others[ch.res.schema.field(field).slot] = ch.keep(s)
}

// target returns the object that a reference of the new version points to, or nil.
func (ch *change) target(field string) *record {
	f := ch.res.schema.field(field)
	if id := ch.new.num(f); id != none {
		return ch.resource(f.target).referred(id)
	}
	return nil
}

func createOne(c *call) (reply, error) { return c.store(nil, nil) }

func updateOne(c *call) (reply, error) {
	old, err := c.target()
	if err != nil {
		return reply{}, err
	}
	return c.store(old, nil)
}

// store makes a new version of an object out of the body and answers with it.
func (c *call) store(old *record, prepare func(*change)) (reply, error) {
	if err := c.checkParent(); err != nil {
		return reply{}, err
	}
	c.distortion = c.srv.distortion(c.op)
	ch, err := c.read(c.op.res, old, prepare)
	if err != nil {
		return reply{}, err
	}
	c.commit(ch)
	return c.distorted(ch), nil
}

// read checks a body and builds the new version of an object. Nothing is stored yet.
func (c *call) read(res *resource, old *record, prepare func(*change)) (*change, error) {
	if err := validJSON(c.body); err != nil {
		return nil, fail(http.StatusBadRequest, "The request body cannot be read: %v.", err)
	}
	ch := &change{state: c.state, res: res, old: old, given: map[string][]byte{}, wrong: problems{}, ignored: c.distortion.ignored()}
	known := map[string]prop{} // names are compared without case, as paths are
	for _, p := range res.write {
		if !ch.ignored[p.name] {
			known[strings.ToLower(p.name)] = p
		}
	}
	err := members(bytes.TrimSpace(c.body), func(name string, value []byte) error {
		if p, ok := known[strings.ToLower(name)]; ok && (!isNull(value) || p.as.kind == kindJSON) {
			ch.given[p.name] = value
		}
		return nil
	})
	if err != nil {
		return nil, fail(http.StatusBadRequest, "The request body %v.", err)
	}

	ch.new = res.schema.newRecord()
	if old != nil {
		ch.new = old.clone()
	}
	if prepare != nil {
		prepare(ch)
	}
	ch.fill()
	ch.checkReferences()
	if res.rules != nil && len(ch.wrong) == 0 {
		res.rules(ch)
	}
	if len(ch.wrong) > 0 {
		return nil, invalid(ch.wrong)
	}
	ch.new.parent = c.parent()
	return ch, nil
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
				ch.wrong.add(p.name, "is required")
			}
		}
		if given && len(p.sets) == 0 {
			scratch := newSchema(p.as.copy())
			if err := d.value(scratch.fields[0], scratch.newRecord(), raw, p.name); err != nil {
				ch.wrong.add(p.name, "%v", err)
			}
			continue
		}
		for i, name := range p.sets {
			f := ch.res.schema.field(name)
			if !given {
				if !written[name] {
					f.clear(ch.new)
				}
				if p.unset == "true" && ch.old == nil {
					ch.new.setNum(f, 1)
				}
				continue
			}
			written[name] = true
			if err := d.value(f, ch.new, raw, p.name); err != nil {
				if i == 0 {
					ch.wrong.add(p.name, "%v", err)
				}
				continue
			}
			if p.required && f.kind == kindText && ch.new.text(f) == "" {
				ch.wrong.add(p.name, "is required")
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
		switch p.as.kind {
		case kindRef:
			id, _ := intOf(raw)
			ids = []int64{id}
			if ch.old != nil && len(p.sets) > 0 {
				already = []int64{ch.old.num(p.as)}
			}
		case kindRefs:
			ids = ch.new.refs(p.as)
			if ch.old != nil {
				already = ch.old.refs(p.as)
			}
		}
		target := p.as.target
		for _, id := range ids {
			if ch.resource(target).find(id) == nil && !slices.Contains(already, id) {
				ch.wrong.add(p.name, "is %d, and there is no %s with that id", id, ch.resource(target).object)
			}
		}
	}
}

// keepIgnored lets a nested object that has been written have what it had of the properties that are passed over.
func (ch *change) keepIgnored(f *field, path string) {
	nested := ch.new.part(f)
	if nested == nil || f.kind != kindObject || ch.old == nil || ch.old.part(f) == nil {
		return
	}
	for _, inner := range f.of.fields {
		if ch.ignored[path+"."+inner.name] {
			inner.set(nested, ch.old.part(f))
		}
	}
}

// commit stores the new version: it gets its id and its stamps.
func (c *call) commit(ch *change) {
	if ch.old == nil {
		ch.new.id = ch.res.nextID()
		ch.setNum("id", ch.new.id)
	}
	c.stampRecord(ch.res, ch.new, ch.old == nil)
	numberParts(ch.res, ch.new, ch.old)
	for _, path := range c.distortion.Clear {
		ch.res.schema.clear(ch.new, path)
	}
	ch.res.put(ch.new)
	for _, do := range ch.after {
		do()
	}
}

// stampRecord sets when an object was created and changed.
func (st *state) stampRecord(res *resource, r *record, created bool) {
	now := st.stamp()
	for _, f := range res.schema.fields {
		if f.updated || f.created && created {
			r.setNum(f, now)
		}
	}
}

// numberParts gives ids to the parts of an object that have ids of their own, such as the items of a checklist.
func numberParts(res *resource, r, old *record) {
	for _, f := range res.schema.fields {
		if f.kind != kindObjects || f.of.byName["id"] == nil {
			continue
		}
		id := f.of.field("id")
		parts, _ := r.others[f.slot].([]*record)
		last := int64(0)
		for _, part := range parts {
			last = max(last, part.num(id))
		}
		if old != nil {
			before, _ := old.others[f.slot].([]*record)
			for _, part := range before {
				last = max(last, part.num(id))
			}
		}
		for _, part := range parts {
			if part.num(id) == 0 {
				last++
				part.setNum(id, last)
			}
		}
	}
}

// copy is the field without its place in a schema.
func (f *field) copy() *field { c := *f; return &c }

// complete adds what a test left out of an object that it puts into a store.
func (st *state) complete(res *resource, r *record) {
	now := st.stamp()
	for _, f := range res.schema.fields {
		if (f.created || f.updated) && r.num(f) == none {
			r.setNum(f, now)
		}
	}
}

// putJSON stores an object, given as valid JSON in the shape of responses, and what it has beside, under the given id, or if
// that is 0 under the object's own, or a new one.
func (st *state) putJSON(res *resource, parent, id int64, raw []byte, extra tid.Extra) (int64, error) {
	d := &reader{st: st, problems: problems{}}
	r := res.schema.newRecord()
	if raw = bytes.TrimSpace(raw); raw[0] != '{' {
		return 0, wrongKind("an object", raw)
	}
	d.object(res.schema, r, raw, "")
	d.extra(res.schema, r, extra)
	if len(d.problems) > 0 {
		return 0, fmt.Errorf("%s", d.problems)
	}
	idField := res.schema.field("id")
	if id == 0 {
		id = r.num(idField)
	}
	if id < 0 || id > 1<<53 {
		return 0, fmt.Errorf("id is %d", id)
	}
	if res.parent != noResource {
		if st.resource(res.parent).find(parent) == nil {
			return 0, fmt.Errorf("there is no %s with the id %d", st.resource(res.parent).object, parent)
		}
		r.parent = parent
	}
	if id == 0 {
		id = res.nextID()
	}
	r.id = id
	r.setNum(idField, id)
	old := res.find(id)
	if old != nil {
		for _, f := range res.schema.fields {
			if f.kept {
				f.set(r, old)
			}
		}
	}
	numberParts(res, r, old)
	st.complete(res, r)
	res.put(r)
	return r.id, nil
}
