package tid

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// shape is what a struct has fields for. It is found out by reflection, since lists and
// details are read into types of the caller's as well (AllAs, GetAs), which may hide or
// add fields, and since a method of a model would be lost, or would count for the whole,
// where such a type embeds it.
type shape struct {
	fields map[string]*wireField // by their names, and by those in lower case
	opts   []string              // properties that an Opt stands for, of a detail in its input

	id, created, updated *wireField // by which an item is known again; nil where it has none
}

// wireField is a field of a struct, as it is written.
type wireField struct {
	name   string
	index  []int
	typ    reflect.Type
	opt    bool         // an Opt stands for it
	object reflect.Type // of the object that it points to, if it is one
	writes *wireField   // that of the input, for a detail that has one
}

var shapes sync.Map // *shape by reflect.Type: finding out takes longer than decoding

func shapeOf(t reflect.Type) *shape {
	if known, ok := shapes.Load(t); ok {
		return known.(*shape)
	}
	s := &shape{fields: make(map[string]*wireField)}
	s.add(t, nil, make(map[reflect.Type]bool))
	isID := func(t reflect.Type) bool { return t.Kind() == reflect.Int64 || t.Kind() == reflect.Int }
	isTime := func(t reflect.Type) bool { return t == reflect.TypeFor[DateTime]() }
	s.id = s.outermost(isID, "id")
	s.created, s.updated = s.outermost(isTime, "createdDate", "created"), s.outermost(isTime, "updatedDate", "updated")
	if in := details[t]; in != nil {
		written := shapeOf(in)
		s.opts = written.opts
		for name, p := range s.fields {
			p.writes = written.fields[name]
		}
	}
	shapes.Store(t, s)
	return s
}

// add adds the fields of a struct that stands at an index. An outer field hides an inner
// one of the same JSON name, whatever their names in Go.
func (s *shape) add(t reflect.Type, at []int, within map[reflect.Type]bool) {
	if within[t] {
		return
	}
	within[t] = true
	defer delete(within, t)
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(slices.Clone(at), i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			if inner := deref(f.Type); inner.Kind() == reflect.Struct {
				s.add(inner, index, within)
				continue
			}
		}
		if name == "-" || !f.IsExported() {
			continue
		}
		name = cmp.Or(name, f.Name)
		lower := strings.ToLower(name)
		if other := s.fields[lower]; other != nil && len(other.index) <= len(index) {
			continue
		}
		p := &wireField{name: name, index: index, typ: f.Type, opt: f.Type.Implements(reflect.TypeFor[optional]())}
		if inner := deref(f.Type); inner != f.Type && inner.Kind() == reflect.Struct {
			p.object = inner
		}
		if p.opt {
			s.opts = append(s.opts, name)
		}
		s.fields[name], s.fields[lower] = p, p
		if read := f.Tag.Get("read"); read != "" { // the name that an answer has it by
			s.fields[read], s.fields[strings.ToLower(read)] = p, p
		}
	}
}

func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// outermost is the field that stands for one of several properties; nil where there is
// none of such a type.
func (s *shape) outermost(such func(reflect.Type) bool, names ...string) (found *wireField) {
	for _, name := range names {
		if p := s.fields[name]; p != nil && such(p.typ) && (found == nil || len(p.index) < len(found.index)) {
			found = p
		}
	}
	return found
}

// field is that of a property; nil if there is none.
func (s *shape) field(name []byte) *wireField {
	if p, ok := s.fields[string(name)]; ok {
		return p
	}
	return s.fields[strings.ToLower(string(name))]
}

// keyed is a model that has no id, and is known by another property instead.
type keyed interface{ key() int64 }

// identity is the id of an item, which is a pointer: its key, or that of its JSON; 0
// where it has none.
func identity(item any) int64 {
	switch item := item.(type) {
	case keyed:
		return item.key()
	case *json.RawMessage:
		var object struct {
			ID int64 `json:"id"`
		}
		_ = json.Unmarshal(*item, &object)
		return object.ID
	}
	if id, ok := idIn(reflect.ValueOf(item).Elem()); ok {
		return id.Int()
	}
	return 0
}

// idIn is the field of a struct that is its id.
func idIn(v reflect.Value) (id reflect.Value, ok bool) {
	return fieldIn(v, func(s *shape) *wireField { return s.id })
}

// updatedAt is when an item was last changed, as far as it tells.
func updatedAt(item any) DateTime {
	return stamp(item, func(s *shape) *wireField { return s.updated })
}

// createdAt is when an item was created, as far as it tells.
func createdAt(item any) DateTime {
	return stamp(item, func(s *shape) *wireField { return s.created })
}

func stamp(item any, which func(*shape) *wireField) DateTime {
	if at, ok := fieldIn(reflect.ValueOf(item).Elem(), which); ok {
		return *at.Addr().Interface().(*DateTime)
	}
	return DateTime{}
}

// fieldIn is a field of v, which may be of any kind; not ok where there is none, or where
// it stands in an embedded pointer that is nil.
func fieldIn(v reflect.Value, which func(*shape) *wireField) (field reflect.Value, ok bool) {
	if v.Kind() != reflect.Struct {
		return field, false
	}
	p := which(shapeOf(v.Type()))
	if p == nil {
		return field, false
	}
	field, err := v.FieldByIndexErr(p.index)
	return field, err == nil
}
