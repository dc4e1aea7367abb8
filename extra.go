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

	"github.com/vismatid/tid/internal/scan"
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
	beyond() (*Extra, *answered) // nil where it is embedded by a pointer that is
	input() writable
	inputType() reflect.Type
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

// handed is what an input has beyond its fields.
type handed struct {
	value reflect.Value
	extra Extra
	came  carried
}

func handedTo(in writable) handed {
	extra, came := in.beyond()
	return handed{reflect.ValueOf(in).Elem(), extra, came}
}

// has reports a property that is as it came.
func (c carried) has(name string, raw json.RawMessage) bool {
	came, ok := c.extra[name]
	return ok && bytes.Equal(came, raw)
}

// shape is what a struct has fields for.
type shape struct {
	fields map[string]*wireField // by their names, and by those in lower case
	opts   []string              // properties that an Opt stands for, in the input where there is one
}

// wireField is a field of a struct, as it is written.
type wireField struct {
	name   string // as it is written
	index  []int
	opt    bool // an Opt stands for it, in the input where there is one
	typ    reflect.Type
	object reflect.Type // of an object that can be written, if it is one
}

var object = []byte("{")

var shapes sync.Map // *shape by reflect.Type

func shapeOf(t reflect.Type) *shape {
	if known, ok := shapes.Load(t); ok {
		return known.(*shape)
	}
	s := &shape{fields: make(map[string]*wireField)}
	s.add(t, nil, make(map[reflect.Type]bool))
	if d, ok := reflect.New(t).Interface().(detailed); ok {
		input := shapeOf(d.inputType())
		s.opts = input.opts
		for name, p := range s.fields {
			p.opt, p.object = false, nil
			if in := input.fields[name]; in != nil {
				p.opt, p.object = in.opt, in.object
			}
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
	}
}

func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// field is that of a property; nil if there is none.
func (s *shape) field(name []byte) *wireField {
	if p, ok := s.fields[string(name)]; ok {
		return p
	}
	return s.fields[strings.ToLower(string(name))]
}

// unknown calls found for each property of an object that p has no field for.
func (p *wireField) unknown(raw json.RawMessage, found func(path string, raw json.RawMessage)) {
	scan.Members(raw, func(name, value []byte) bool {
		if shapeOf(p.object).field(name) == nil {
			found(p.name+"."+string(name), bytes.Clone(value))
		}
		return true
	})
}

// keepBeyond gives a detail what its answer had beyond its fields.
func keepBeyond(data []byte, out any) {
	d, ok := out.(detailed)
	if !ok {
		return
	}
	extra, answer := d.beyond()
	if extra == nil {
		return
	}
	*extra, *answer = nil, answered{}
	keep := func(name string, raw json.RawMessage) {
		if *extra == nil {
			*extra = make(Extra)
		}
		(*extra)[name] = raw
	}
	v := reflect.ValueOf(out).Elem()
	s := shapeOf(v.Type())
	var there []string // of what an Opt stands for
	scan.Members(data, func(name, raw []byte) bool {
		p := s.field(name)
		switch {
		case p == nil:
			keep(string(name), bytes.Clone(raw))
		case p.opt && raw[0] != 'n':
			there = append(there, p.name)
		case raw[0] == '{':
			findID(v.FieldByIndex(p.index), raw)
			if p.object != nil {
				p.unknown(raw, keep)
			}
		}
		return true
	})
	for _, opt := range s.opts {
		if !slices.Contains(there, opt) {
			answer.absent = append(answer.absent, opt)
		}
	}
}

// findID fills in the id of a reference that has it under another key, "userId".
func findID(ref reflect.Value, raw json.RawMessage) {
	if ref.Kind() != reflect.Pointer || ref.IsNil() || ref.Elem().Kind() != reflect.Struct {
		return
	}
	p := shapeOf(ref.Type().Elem()).fields["id"]
	if p == nil {
		return
	}
	if id := ref.Elem().FieldByIndex(p.index); id.Kind() == reflect.Int64 && id.IsZero() {
		id.SetInt(idIn(raw))
	}
}

// idIn is the id of an object in JSON: its id or, where it has none, its only
// property that is named like one; 0 if there is none.
func idIn(raw json.RawMessage) int64 {
	var id, other int64
	others := 0
	scan.Members(raw, func(name, value []byte) bool {
		lower := strings.ToLower(string(name))
		var n int64
		switch {
		case !strings.HasSuffix(lower, "id") || unmarshal(value, &n) != nil || n < 1:
		case lower == "id":
			id = n
		default:
			other, others = n, others+1
		}
		return true
	})
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
		if p := s.field([]byte(name)); p != nil {
			f := v.FieldByIndex(p.index)
			if !f.IsZero() {
				continue
			}
			if unmarshal(raw, f.Addr().Interface()) != nil {
				f.SetZero()
				hand(name, raw)
			} else if p.object != nil {
				p.unknown(raw, hand)
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
		if p := s.field([]byte(name + "Id")); p == nil {
			hand(name+"Id", strconv.AppendInt(nil, id, 10))
		} else if f := v.FieldByIndex(p.index); f.Kind() == reflect.Int64 && f.IsZero() {
			f.SetInt(id)
		}
	}
	if len(handed) == 0 {
		handed = nil
	}
	return handed, carried{maps.Clone(handed), answer.listed}
}

// stale reports a property that an input was given and that does not go back: it went
// with the object that it was in, or is the id of a reference that is another now.
func (in handed) stale(name string) bool {
	if !in.came.has(name, in.extra[name]) {
		return false
	}
	if parent, _, nested := strings.Cut(name, "."); nested {
		p := shapeOf(in.value.Type()).field([]byte(parent))
		return p != nil && in.value.FieldByIndex(p.index).IsZero()
	}
	base, isID := strings.CutSuffix(name, "Id")
	return isID && bytes.HasPrefix(in.came.extra[base], object) && !in.came.has(base, in.extra[base])
}

// isMaintained reports a property that the API sets by itself.
func isMaintained(name string) bool {
	name = strings.ToLower(name)
	return name == "id" || name == "objectname" || strings.HasPrefix(name, "created") || strings.HasPrefix(name, "updated")
}

// withExtra adds to an encoded input what it has beyond its fields.
func withExtra(op string, encoded []byte, w writable) ([]byte, error) {
	in := handedTo(w)
	if len(in.extra) == 0 {
		return encoded, nil
	}
	properties := make(map[string]json.RawMessage)
	if err := json.Unmarshal(encoded, &properties); err != nil {
		return nil, err
	}
	s := shapeOf(in.value.Type())
	refused := make(map[string][]string)
	for _, name := range slices.Sorted(maps.Keys(in.extra)) {
		raw, own, child, within := in.extra[name], s, name, ""
		if parent, inner, _ := strings.Cut(name, "."); inner != "" {
			if p := s.field([]byte(parent)); p != nil && p.object != nil {
				own, child, within = shapeOf(p.object), inner, p.name
			}
		}
		_, taken := properties[name]
		switch {
		case in.stale(name):
		case child == "" || !json.Valid(raw):
			refused[name] = []string{"is no JSON: set it with Extra.Set"}
		case own.field([]byte(child)) != nil && (taken || !in.came.has(name, raw)):
			refused[name] = []string{"has a field of its own, which Extra cannot stand for"}
		case within == "":
			properties[name] = raw
		default:
			inner := make(map[string]json.RawMessage)
			if raw := properties[within]; bytes.HasPrefix(raw, object) {
				_ = json.Unmarshal(raw, &inner)
			}
			inner[child] = raw
			properties[within], _ = encodeJSON(inner)
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
func carriedBy(w writable) (names []string) {
	in := handedTo(w)
	for name, raw := range in.extra {
		if in.came.has(name, raw) && !in.stale(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
