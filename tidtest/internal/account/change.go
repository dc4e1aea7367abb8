package account

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/vismatid/tid/tidtest/internal/schema"
)

// A Change is a request body on its way to a new version of an object.
type Change struct {
	*Account
	Res     *Resource
	Parent  int64
	Old     *schema.Record  // nil on create
	Ignored map[string]bool // properties of the body that a distortion passes over
	Clear   []string        // properties of the object that a distortion clears

	New   *schema.Record
	Given map[string][]byte // the properties of the body that are known and not null
	Wrong schema.Problems
	After []func() // what happens once the new version is stored
}

// Has says whether the body gives a property.
func (ch *Change) Has(prop string) bool { return ch.Given[prop] != nil }

// Num returns what the new version holds in a numeric field, packed.
func (ch *Change) Num(field string) int64 { return ch.New.Num(ch.Res.Schema.Field(field)) }

// SetNum sets a numeric field of the new version.
func (ch *Change) SetNum(field string, n int64) { ch.New.SetNum(ch.Res.Schema.Field(field), n) }

// Text returns the text of a field of the new version.
func (ch *Change) Text(field string) string { return ch.New.Text(ch.Res.Schema.Field(field)) }

// SetText sets the text of a field of the new version.
func (ch *Change) SetText(field, s string) {
	ch.New.SetOther(ch.Res.Schema.Field(field), ch.keep(s))
}

// Target returns the object that a reference of the new version points to, or nil.
func (ch *Change) Target(field string) *schema.Record {
	f := ch.Res.Schema.Field(field)
	if id := ch.New.Num(f); id != schema.None {
		return ch.Resource(f.Target).Referred(id)
	}
	return nil
}

// Read reads a body and builds the new version of an object, on which prepare, if there is one, has been called before.
// Nothing is stored yet.
func (ch *Change) Read(body []byte, prepare func(*Change)) error {
	if err := schema.ValidJSON(body); err != nil {
		return Fail(http.StatusBadRequest, "The request body cannot be read: %v.", err)
	}
	ch.Given, ch.Wrong = map[string][]byte{}, schema.Problems{}
	known := map[string]Prop{} // names are compared without case, as paths are
	for _, p := range ch.Res.Write {
		if !ch.Ignored[p.Name] {
			known[strings.ToLower(p.Name)] = p
		}
	}
	err := schema.Members(bytes.TrimSpace(body), func(name string, value []byte) error {
		if p, ok := known[strings.ToLower(name)]; ok && (!schema.IsNull(value) || p.As.Kind == schema.JSON) {
			ch.Given[p.Name] = value
		}
		return nil
	})
	if err != nil {
		return Fail(http.StatusBadRequest, "The request body %v.", err)
	}

	ch.New = ch.Res.Schema.NewRecord()
	if ch.Old != nil {
		ch.New = ch.Old.Clone()
	}
	if prepare != nil {
		prepare(ch)
	}
	ch.fill()
	ch.checkReferences()
	if ch.Res.Rules != nil && len(ch.Wrong) == 0 {
		ch.Res.Rules(ch)
	}
	if len(ch.Wrong) > 0 {
		return Invalid(ch.Wrong)
	}
	ch.New.Parent = ch.Parent
	return nil
}

// fill sets every property that can be written: to what the body gives, and to nothing if the body leaves it out.
func (ch *Change) fill() {
	d := &reader{account: ch.Account, request: true, ignored: ch.Ignored, problems: ch.Wrong}
	written := map[string]bool{}
	for _, p := range ch.Res.Write {
		raw, given := ch.Given[p.Name]
		if !given {
			switch ignored := ch.Ignored[p.Name]; {
			case ch.Old != nil && (p.Stays || ignored):
				continue
			case p.Required && !ignored:
				ch.Wrong.Add(p.Name, "is required")
			}
		}
		if given && len(p.Sets) == 0 {
			scratch := schema.New(p.As.Copy())
			if err := d.value(scratch.Fields[0], scratch.NewRecord(), raw, p.Name); err != nil {
				ch.Wrong.Add(p.Name, "%v", err)
			}
			continue
		}
		for i, name := range p.Sets {
			f := ch.Res.Schema.Field(name)
			if !given {
				if !written[name] {
					f.Clear(ch.New)
				}
				if p.AtFirst && ch.Old == nil {
					ch.New.SetNum(f, 1)
				}
				continue
			}
			written[name] = true
			if err := d.value(f, ch.New, raw, p.Name); err != nil {
				if i == 0 {
					ch.Wrong.Add(p.Name, "%v", err)
				}
				continue
			}
			if p.Required && f.Kind == schema.Text && ch.New.Text(f) == "" {
				ch.Wrong.Add(p.Name, "is required")
			}
			ch.keepIgnored(f, p.Name)
		}
	}
}

// ReadPart reads a nested object of the body, which has been found right, into a record of its own.
func (ch *Change) ReadPart(s *schema.Schema, r *schema.Record, raw []byte) {
	d := &reader{account: ch.Account, request: true, problems: schema.Problems{}}
	d.object(s, r, raw, "")
}

// checkReferences looks for ids that no object has. What the object refers to already is not asked about again.
func (ch *Change) checkReferences() {
	for _, p := range ch.Res.Write {
		raw, given := ch.Given[p.Name]
		if !given || ch.Wrong[p.Name] != nil {
			continue
		}
		var ids []int64
		var already []int64
		switch p.As.Kind {
		case schema.Ref:
			id, _ := schema.IntOf(raw)
			ids = []int64{id}
			if ch.Old != nil && len(p.Sets) > 0 {
				already = []int64{ch.Old.Num(p.As)}
			}
		case schema.Refs:
			ids = ch.New.Refs(p.As)
			if ch.Old != nil {
				already = ch.Old.Refs(p.As)
			}
		}
		target := p.As.Target
		for _, id := range ids {
			if ch.Resource(target).Find(id) == nil && !slices.Contains(already, id) {
				ch.Wrong.Add(p.Name, "is %d, and there is no %s with that id", id, ch.Resource(target).Object)
			}
		}
	}
}

// keepIgnored lets a nested object that has been written have what it had of the properties that are passed over.
func (ch *Change) keepIgnored(f *schema.Field, path string) {
	nested := ch.New.Part(f)
	if nested == nil || f.Kind != schema.Object || ch.Old == nil || ch.Old.Part(f) == nil {
		return
	}
	for _, inner := range f.Of.Fields {
		if ch.Ignored[path+"."+inner.Name] {
			inner.Set(nested, ch.Old.Part(f))
		}
	}
}

// Commit stores the new version: it gets its id and its stamps.
func (ch *Change) Commit() {
	if ch.Old == nil {
		ch.New.ID = ch.Res.nextID()
		ch.SetNum("id", ch.New.ID)
	}
	ch.StampRecord(ch.Res, ch.New, ch.Old == nil)
	numberParts(ch.Res, ch.New, ch.Old)
	for _, path := range ch.Clear {
		ch.Res.Schema.ClearPath(ch.New, path)
	}
	ch.Res.Put(ch.New)
	for _, do := range ch.After {
		do()
	}
}

// StampRecord sets when an object was created and changed.
func (a *Account) StampRecord(res *Resource, r *schema.Record, created bool) {
	now := a.Stamp()
	for _, f := range res.Schema.Fields {
		if f.Updated || f.Created && created {
			r.SetNum(f, now)
		}
	}
}

// numberParts gives ids to the parts of an object that have ids of their own, such as the items of a checklist.
func numberParts(res *Resource, r, old *schema.Record) {
	for _, f := range res.Schema.Fields {
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
func (a *Account) complete(res *Resource, r *schema.Record) {
	now := a.Stamp()
	for _, f := range res.Schema.Fields {
		if (f.Created || f.Updated) && r.Num(f) == schema.None {
			r.SetNum(f, now)
		}
	}
}

// PutJSON stores an object, given as valid JSON in the shape of responses, and what it has beside, under the given id, or if
// that is 0 under the object's own, or a new one.
func (a *Account) PutJSON(res *Resource, parent, id int64, raw []byte, extra map[string]json.RawMessage) (int64, error) {
	d := &reader{account: a, problems: schema.Problems{}}
	r := res.Schema.NewRecord()
	if raw = bytes.TrimSpace(raw); raw[0] != '{' {
		return 0, schema.WrongKind("an object", raw)
	}
	d.object(res.Schema, r, raw, "")
	d.extra(res.Schema, r, extra)
	if len(d.problems) > 0 {
		return 0, fmt.Errorf("%s", d.problems)
	}
	idField := res.Schema.Field("id")
	if id == 0 {
		id = r.Num(idField)
	}
	if id < 0 || id > 1<<53 {
		return 0, fmt.Errorf("id is %d", id)
	}
	if res.Parent != 0 {
		if a.Resource(res.Parent).Find(parent) == nil {
			return 0, fmt.Errorf("there is no %s with the id %d", a.Resource(res.Parent).Object, parent)
		}
		r.Parent = parent
	}
	if id == 0 {
		id = res.nextID()
	}
	r.ID = id
	r.SetNum(idField, id)
	old := res.Find(id)
	if old != nil {
		for _, f := range res.Schema.Fields {
			if f.Kept {
				f.Set(r, old)
			}
		}
	}
	numberParts(res, r, old)
	a.complete(res, r)
	res.Put(r)
	return r.ID, nil
}
