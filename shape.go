package tid

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// shape holds the fields of a struct by their JSON names. They are found by reflection,
// since lists and details are read into types of the caller's as well (AllAs, GetAs),
// which may hide fields of a model or add some. Methods of the models could not see these.
type shape struct {
	fields map[string]*wireField // by their names, and by their names in lower case
	opts   []string              // properties that are an Opt; of a detail, those of its input

	id, created, updated *wireField // nil where it has none
}

// wireField is a field of a struct, as it is written.
type wireField struct {
	name   string
	index  []int
	typ    reflect.Type
	opt    bool         // it is an Opt
	object reflect.Type // the struct that it points to; nil if it is no pointer to one
	writes *wireField   // for a detail, the field of its input with the same name
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

// add adds the fields of a struct at an index. An outer field hides an inner one of the
// same JSON name, whatever their names in Go.
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
		if read := f.Tag.Get("read"); read != "" { // the name that it has in an answer
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

// outermost is the outermost field of such a type with one of several names; nil if there
// is none.
func (s *shape) outermost(such func(reflect.Type) bool, names ...string) (found *wireField) {
	for _, name := range names {
		if p := s.fields[name]; p != nil && such(p.typ) && (found == nil || len(p.index) < len(found.index)) {
			found = p
		}
	}
	return found
}

// field is the field of a property, in any case; nil if there is none.
func (s *shape) field(name []byte) *wireField {
	if p, ok := s.fields[string(name)]; ok {
		return p
	}
	return s.fields[strings.ToLower(string(name))]
}

// keyed is a model that is identified by another property than an id.
type keyed interface{ key() int64 }

// identity is the id of an item, which is a pointer: its key, or the id in its field or its
// raw JSON; 0 if it has none.
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

// updatedAt is the time at which an item was last changed; zero if it has none.
func updatedAt(item any) DateTime {
	return stamp(item, func(s *shape) *wireField { return s.updated })
}

// createdAt is the time at which an item was created; zero if it has none.
func createdAt(item any) DateTime {
	return stamp(item, func(s *shape) *wireField { return s.created })
}

func stamp(item any, which func(*shape) *wireField) DateTime {
	if at, ok := fieldIn(reflect.ValueOf(item).Elem(), which); ok {
		return *at.Addr().Interface().(*DateTime)
	}
	return DateTime{}
}

// fieldIn is a field of v, which may be of any kind; not ok if there is none, or if it is in
// an embedded pointer that is nil.
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
