package tid

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/vismatid/tid/internal/scan"
)

// Extra holds properties that a type has no field for, as JSON, by their names. A property
// of a nested object that has a type is named by its path, "invoiceAddress.careOf"; a dot
// in a name itself is written \.
//
// The Extra of a detail has the properties of the answer without a field. Its Input copies
// them, so that a PUT, which clears what it leaves out, sends them back unchanged:
//
//   - A property that the input has a field for, such as "categoryId", sets that field
//     if it would be zero.
//   - A reference is sent back unchanged, and its id as <name>Id. Neither is sent once
//     the caller has set another id. Tags without ids are sent back unchanged.
//   - A nested property is sent with its object: not if the caller has cleared the
//     object. An object that the caller sets instead gets the property.
//   - What the API maintains by itself is not sent back: id, objectName and names that
//     begin with created or updated.
//
// Set adds any other property to an input. The rows of lists have no Extra. In a type of
// the caller's that embeds a detail, Extra has all that the detail has no field for, also
// where the caller's type has one.
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

// detailed is a detail that can be written back: each of those in details.
type detailed interface {
	beyond() (*Extra, *answered)
	input() writable
}

// writable is an input that can be made from a detail.
type writable interface {
	beyond() (Extra, carried)
}

// details are the types that can be written back, and their inputs.
var details = map[reflect.Type]reflect.Type{
	reflect.TypeFor[Article]():        reflect.TypeFor[ArticleInput](),
	reflect.TypeFor[Contact]():        reflect.TypeFor[ContactInput](),
	reflect.TypeFor[MaterialReport](): reflect.TypeFor[MaterialReportInput](),
	reflect.TypeFor[Opportunity]():    reflect.TypeFor[OpportunityInput](),
	reflect.TypeFor[Project]():        reflect.TypeFor[ProjectInput](),
	reflect.TypeFor[TimeReport]():     reflect.TypeFor[TimeReportInput](),
}

// detailIn finds the detail that v is or embeds; at is its index in the struct v.
func detailIn(v reflect.Value) (d detailed, at []int) {
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return nil, nil
	}
	if details[v.Type()] != nil {
		return v.Addr().Interface().(detailed), nil
	}
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.Anonymous && f.IsExported() {
			if d, at := detailIn(v.Field(i)); d != nil {
				return d, append([]int{i}, at...)
			}
		}
	}
	return nil, nil
}

// holdsDetail reports whether a type is a detail, or has one embedded.
func holdsDetail(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || details[t] != nil {
		return details[t] != nil
	}
	for i := range t.NumField() {
		if f := t.Field(i); f.Anonymous && f.IsExported() && f.Type != t && holdsDetail(f.Type) {
			return true
		}
	}
	return false
}

// answered is what an input must know of the answer that a detail was read from.
type answered struct {
	absent []string // properties that are an Opt in the input, and that it lacked or had as null
	listed bool     // it was a row of a list
}

// had sets a property that the answer had, or that the caller has set since.
func had[T any](a answered, name string, value T) Opt[T] {
	if slices.Contains(a.absent, name) && reflect.ValueOf(value).IsZero() {
		return Opt[T]{}
	}
	return Set(value)
}

// carried is what an input got from the detail that it was made from.
type carried struct {
	extra  Extra
	listed bool
}

// has reports whether a property is unchanged.
func (c carried) has(name string, raw json.RawMessage) bool {
	came, ok := c.extra[name]
	return ok && bytes.Equal(came, raw)
}

var object = []byte("{")

// step is an element of a path.
func step(name []byte) string { return strings.ReplaceAll(string(name), ".", `\.`) }

// splitPath takes the last element off a path: parent is "" for a property of the object
// itself.
func splitPath(name string) (parent, child string) {
	at := -1
	for i := range len(name) {
		if name[i] == '.' && (i == 0 || name[i-1] != '\\') {
			at = i
		}
	}
	if at >= 0 {
		parent = name[:at]
	}
	return parent, strings.ReplaceAll(name[at+1:], `\.`, ".")
}

// unknown calls found for each property of raw that type t has no field for, also in
// nested objects.
func unknown(t reflect.Type, at string, raw json.RawMessage, found func(path string, raw json.RawMessage)) {
	s := shapeOf(t)
	scan.Members(raw, func(name, value []byte) bool {
		switch p := s.field(name); {
		case p == nil:
			found(at+step(name), bytes.Clone(value))
		case p.object != nil && value[0] == '{':
			unknown(p.object, at+p.name+".", value, found)
		}
		return true
	})
}

// keepBeyond sets the Extra of a detail to the properties of the answer without a field.
func keepBeyond(data []byte, out any) {
	v := reflect.ValueOf(out)
	d, at := detailIn(v)
	if d == nil {
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
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	own := reflect.ValueOf(d).Elem()
	s := shapeOf(own.Type())
	var outer *shape // of a type around the detail, which may hide fields of it
	if at != nil {
		outer = shapeOf(v.Type())
	}
	there := make([]string, 0, 8) // properties of the answer that are an Opt in the input
	scan.Members(data, func(name, raw []byte) bool {
		p := s.field(name)
		if p == nil || outer != nil && !slices.Equal(outer.field(name).index, append(slices.Clone(at), p.index...)) {
			keep(step(name), bytes.Clone(raw))
			return true
		}
		in := p.writes
		switch field := own.FieldByIndex(p.index); {
		case in != nil && in.opt && raw[0] != 'n':
			there = append(there, in.name)
		case raw[0] == '{':
			findID(field, raw)
			if in != nil && in.object != nil {
				unknown(in.object, in.name+".", raw, keep)
			}
		case raw[0] == '[' && in == nil && !haveIDs(field):
			keep(step(name), bytes.Clone(raw))
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
	if ref.Kind() != reflect.Pointer || ref.IsNil() {
		return
	}
	if id, ok := idIn(ref.Elem()); ok && id.IsZero() {
		id.SetInt(rawID(raw))
	}
}

// haveIDs reports whether each element of a list that could have an id has one.
func haveIDs(list reflect.Value) bool {
	for i := range list.Len() {
		if id, ok := idIn(list.Index(i)); ok && id.IsZero() {
			return false
		}
	}
	return true
}

// rawID is the id of an object in JSON: its id or, where it has none, its only
// property that is named like one; 0 if there is none.
func rawID(raw json.RawMessage) int64 {
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

// encodeJSON is json.Marshal without escaping the characters of HTML.
func encodeJSON(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(buf.Bytes(), "\n"), nil
}

// carriedBy names the properties that an input sends back unchanged.
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
