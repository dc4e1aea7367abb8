package tid

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Extra holds properties that a type has no field for, as JSON, by their names; one
// of a nested object that has a type itself by its path, "invoiceAddress.careOf".
//
// A detail has here what its answer had beyond its fields. Its Input hands that on,
// so that a PUT, which clears what it leaves out, carries it as it came:
//
//   - A property that the input has a field for, such as "categoryId", fills that
//     field where it would be zero.
//   - A reference goes back as it came, and as <name>Id.
//   - What the API maintains by itself does not go back: id, objectName and what
//     begins with created or updated.
//
// Set adds to an input any other property that the API takes. The rows of lists have
// no Extra.
type Extra map[string]json.RawMessage

// Get decodes a property into a pointer, and reports whether there is one.
func (e Extra) Get(name string, into any) (ok bool, err error) {
	raw, ok := e[name]
	if !ok {
		return false, nil
	}
	if err := unmarshal(raw, into); err != nil {
		return true, fmt.Errorf("tid: the property %s: %w", quote(name), err)
	}
	return true, nil
}

// Set sets a property to a value, which is written as JSON. One that cannot be
// written is an error here, and again when the input is sent.
func (e *Extra) Set(name string, value any) error {
	if *e == nil {
		*e = make(Extra)
	}
	raw, err := encodeJSON(value)
	(*e)[name] = raw
	if err != nil {
		return fmt.Errorf("tid: the property %s cannot be written as JSON: %w", quote(name), err)
	}
	return nil
}

// detailed is a detail that can be written back.
type detailed interface {
	beyond() (*Extra, *answered)
	input() any
}

// writable is an input that can be made from a detail.
type writable interface {
	beyond() (Extra, carried)
}

// answered is what an input has to know of the answer that a detail came in.
type answered struct {
	absent []string // properties that it lacked, or had as null, and that an Opt stands for
	listed bool     // it was a row of a list
}

// had sets a property that the answer had.
func had[T any](a answered, name string, value T) Opt[T] {
	if slices.Contains(a.absent, name) {
		return Opt[T]{}
	}
	return Set(value)
}

// carried is what an input was given by the detail that it was made from.
type carried struct {
	extra  Extra
	listed bool
}

// has reports a property that is as it came.
func (c carried) has(name string, raw json.RawMessage) bool {
	came, ok := c.extra[name]
	return ok && bytes.Equal(came, raw)
}

// shape is what a struct has fields for.
type shape struct {
	fields map[string][]int // the index of each property, by its name in lower case
	opts   []string         // properties that an Opt stands for
	nested map[string]nest  // objects that have a type, by their names in lower case
}

// nest is an object within an input.
type nest struct {
	name string // as it is written
	*shape
}

var object = []byte("{")

var shapes sync.Map // *shape by reflect.Type

func shapeOf(t reflect.Type) *shape {
	if known, ok := shapes.Load(t); ok {
		return known.(*shape)
	}
	s := &shape{fields: make(map[string][]int), nested: make(map[string]nest)}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || !f.IsExported() || f.Anonymous && name == "" {
			continue
		}
		name = cmp.Or(name, f.Name)
		lower := strings.ToLower(name)
		if other, taken := s.fields[lower]; taken && len(other) <= len(f.Index) {
			continue
		}
		s.fields[lower] = f.Index
		switch {
		case f.Type.Implements(reflect.TypeFor[optional]()):
			s.opts = append(s.opts, name)
		case f.Type.Kind() == reflect.Pointer && f.Type.Elem().Kind() == reflect.Struct:
			s.nested[lower] = nest{name, shapeOf(f.Type.Elem())}
		}
	}
	shapes.Store(t, s)
	return s
}

// unknown calls found for each property of a nested object that it has no field for.
func (n nest) unknown(raw json.RawMessage, found func(path string, raw json.RawMessage)) {
	var properties map[string]json.RawMessage
	_ = json.Unmarshal(raw, &properties)
	for name, raw := range properties {
		if n.fields[strings.ToLower(name)] == nil {
			found(n.name+"."+name, raw)
		}
	}
}

// keepBeyond gives a detail what its answer had beyond its fields.
func keepBeyond(data []byte, out any) {
	d, ok := out.(detailed)
	if !ok {
		return
	}
	var properties map[string]json.RawMessage
	if json.Unmarshal(data, &properties) != nil {
		return
	}
	extra, answer := d.beyond()
	*extra, *answer = nil, answered{}
	keep := func(name string, raw json.RawMessage) {
		if *extra == nil {
			*extra = make(Extra)
		}
		(*extra)[name] = raw
	}
	v := reflect.ValueOf(out).Elem()
	own, input := shapeOf(v.Type()), shapeOf(reflect.TypeOf(d.input()).Elem())
	there := make(map[string]bool, len(properties))
	for name, raw := range properties {
		lower := strings.ToLower(name)
		there[lower] = string(raw) != "null"
		field, known := own.fields[lower]
		switch {
		case !known:
			keep(name, raw)
		case bytes.HasPrefix(raw, object):
			findID(v.FieldByIndex(field), raw)
			if nested, ok := input.nested[lower]; ok {
				nested.unknown(raw, keep)
			}
		}
	}
	for _, name := range input.opts {
		if !there[strings.ToLower(name)] {
			answer.absent = append(answer.absent, name)
		}
	}
}

// findID fills in the id of a reference that has it under another key, "userId".
func findID(ref reflect.Value, raw json.RawMessage) {
	if ref.Kind() != reflect.Pointer || ref.IsNil() || ref.Elem().Kind() != reflect.Struct {
		return
	}
	if id := ref.Elem().FieldByName("ID"); id.IsValid() && id.Kind() == reflect.Int64 && id.IsZero() {
		id.SetInt(idIn(raw))
	}
}

// idIn is the id of an object in JSON: its id or, where it has none, its only
// property that is named like one; 0 if there is none.
func idIn(raw json.RawMessage) int64 {
	var properties map[string]json.RawMessage
	if json.Unmarshal(raw, &properties) != nil {
		return 0
	}
	var id, other int64
	others := 0
	for name, raw := range properties {
		lower := strings.ToLower(name)
		var n int64
		if !strings.HasSuffix(lower, "id") || unmarshal(raw, &n) != nil || n < 1 {
			continue
		}
		if lower == "id" {
			id = n
			continue
		}
		other, others = n, others+1
	}
	if id == 0 && others == 1 {
		return other
	}
	return id
}

// handOn gives an input what a detail has beyond its fields.
func handOn(extra Extra, answer answered, in writable) (Extra, carried) {
	v := reflect.ValueOf(in).Elem()
	s := shapeOf(v.Type())
	handed := make(Extra, len(extra))
	hand := func(name string, raw json.RawMessage) { handed[name] = raw }
	for name, raw := range extra {
		if isMaintained(name) {
			continue
		}
		lower := strings.ToLower(name)
		if index, ok := s.fields[lower]; ok {
			f := v.FieldByIndex(index)
			if !f.IsZero() {
				continue
			}
			if unmarshal(raw, f.Addr().Interface()) != nil {
				f.SetZero()
				hand(name, raw)
			} else if nested, ok := s.nested[lower]; ok {
				nested.unknown(raw, hand)
			}
			continue
		}
		hand(name, raw)
		if !bytes.HasPrefix(raw, object) || strings.Contains(name, ".") {
			continue
		}
		id := idIn(raw)
		if _, flat := extra[name+"Id"]; id == 0 || flat {
			continue
		}
		if index, ok := s.fields[lower+"id"]; !ok {
			hand(name+"Id", strconv.AppendInt(nil, id, 10))
		} else if f := v.FieldByIndex(index); f.Kind() == reflect.Int64 && f.IsZero() {
			f.SetInt(id)
		}
	}
	if len(handed) == 0 {
		handed = nil
	}
	return handed, carried{maps.Clone(handed), answer.listed}
}

// isMaintained reports a property that the API sets by itself.
func isMaintained(name string) bool {
	name = strings.ToLower(name)
	return name == "id" || name == "objectname" || strings.HasPrefix(name, "created") || strings.HasPrefix(name, "updated")
}

// withExtra adds to an encoded input what it has beyond its fields.
func withExtra(op string, encoded []byte, in writable) ([]byte, error) {
	extra, came := in.beyond()
	if len(extra) == 0 {
		return encoded, nil
	}
	properties := make(map[string]json.RawMessage)
	if err := json.Unmarshal(encoded, &properties); err != nil {
		return nil, err
	}
	s := shapeOf(reflect.TypeOf(in).Elem())
	refused := make(map[string][]string)
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		raw := extra[name]
		parent, child, _ := strings.Cut(name, ".")
		nested, within := s.nested[strings.ToLower(parent)]
		fields := s.fields
		if within = within && child != ""; within {
			fields = nested.fields
		} else {
			child = name
		}
		_, taken := properties[name]
		switch {
		case child == "" || !json.Valid(raw):
			refused[name] = []string{"is no JSON: set it with Extra.Set"}
		case fields[strings.ToLower(child)] != nil && (taken || !came.has(name, raw)):
			refused[name] = []string{"has a field of its own, which Extra cannot stand for"}
		case !within:
			properties[name] = raw
		case len(properties[nested.name]) == 0 || string(properties[nested.name]) == "null":
			if !came.has(name, raw) { // else it went with the object that it came in
				properties[nested.name], _ = encodeJSON(map[string]json.RawMessage{child: raw})
			}
		default:
			var inner map[string]json.RawMessage
			if err := json.Unmarshal(properties[nested.name], &inner); err != nil {
				return nil, err
			}
			inner[child] = raw
			properties[nested.name], _ = encodeJSON(inner)
		}
	}
	if len(refused) > 0 {
		e := invalid(op, "")
		e.Fields = refused
		return nil, e
	}
	return encodeJSON(properties)
}

// encodeJSON is json.Marshal that leaves the characters of HTML as they are.
func encodeJSON(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(buf.Bytes(), "\n"), nil
}

// carriedBy names what an input sends as it came.
func carriedBy(in writable) (names []string) {
	extra, came := in.beyond()
	for name, raw := range extra {
		if came.has(name, raw) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
