package tid

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
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

// handOn copies the Extra of a detail to its input, or into the input's fields.
func handOn(extra Extra, answer answered, in writable) (Extra, carried) {
	v := reflect.ValueOf(in).Elem()
	s := shapeOf(v.Type())
	handed := make(Extra, len(extra))
	hand := func(name string, raw json.RawMessage) { handed[name] = raw }
	names := slices.Sorted(maps.Keys(extra))
	slices.SortStableFunc(names, func(a, b string) int { // the name of a field before another name for it
		other := func(name string) int {
			if p := s.field([]byte(name)); p != nil && !strings.EqualFold(p.name, name) {
				return 1
			}
			return 0
		}
		return other(a) - other(b)
	})
	for _, name := range names {
		raw := extra[name]
		parent, child := splitPath(name)
		if isMaintained(child) && (parent == "" || strings.EqualFold(child, "objectName")) {
			continue
		}
		if parent != "" {
			hand(name, raw)
			continue
		}
		if p := s.field([]byte(child)); p != nil {
			f := v.FieldByIndex(p.index)
			if !f.IsZero() {
				continue
			}
			if unmarshal(raw, f.Addr().Interface()) != nil {
				f.SetZero()
				hand(name, raw)
			} else if p.object != nil {
				unknown(p.object, p.name+".", raw, hand)
			}
			continue
		}
		hand(name, raw)
		if !bytes.HasPrefix(raw, object) {
			continue
		}
		id := rawID(raw)
		if _, flat := extra[name+"Id"]; id == 0 || flat {
			continue
		}
		if p := s.field([]byte(child + "Id")); p == nil {
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

// isMaintained reports whether the API sets a property by itself.
func isMaintained(name string) bool {
	name = strings.ToLower(name)
	return name == "id" || name == "objectname" || strings.HasPrefix(name, "created") || strings.HasPrefix(name, "updated")
}

// handed is an input with its Extra.
type handed struct {
	value reflect.Value
	shape *shape
	extra Extra
	came  carried
}

func handedTo(in writable) handed {
	extra, came := in.beyond()
	v := reflect.ValueOf(in).Elem()
	return handed{v, shapeOf(v.Type()), extra, came}
}

// stale reports whether a copied property is not sent back: because the caller has cleared
// the object that it is in, or has set another id for its reference.
func (in handed) stale(name string) bool {
	raw := in.extra[name]
	if !in.came.has(name, raw) {
		return false
	}
	if parent, _ := splitPath(name); parent != "" {
		v := in.value
		for element := range strings.SplitSeq(parent, ".") {
			p := shapeOf(v.Type()).field([]byte(element))
			if p == nil || p.object == nil {
				return false
			}
			if v = v.FieldByIndex(p.index); v.IsZero() {
				return true
			}
			v = v.Elem()
		}
		return false
	}
	if base, isID := strings.CutSuffix(name, "Id"); isID && bytes.HasPrefix(in.came.extra[base], object) {
		return !in.came.has(base, in.extra[base])
	}
	if !bytes.HasPrefix(raw, object) {
		return false
	}
	if p := in.shape.field([]byte(name + "Id")); p != nil && p.typ.Kind() == reflect.Int64 {
		return in.value.FieldByIndex(p.index).Int() != rawID(raw)
	}
	_, came := in.came.extra[name+"Id"]
	return came && !in.came.has(name+"Id", in.extra[name+"Id"])
}

// tree holds the properties to add to an object and to its nested objects.
type tree struct {
	own    map[string]json.RawMessage
	within map[string]*tree
}

// at is the tree of a nested object.
func (t *tree) at(name string) *tree {
	if t.within == nil {
		t.within = make(map[string]*tree)
	}
	if t.within[name] == nil {
		t.within[name] = new(tree)
	}
	return t.within[name]
}

// addTo adds the tree to an encoded object, which is nil if it does not exist yet.
func (t *tree) addTo(encoded json.RawMessage) json.RawMessage {
	properties := make(map[string]json.RawMessage)
	if bytes.HasPrefix(encoded, object) {
		_ = json.Unmarshal(encoded, &properties)
	}
	maps.Copy(properties, t.own)
	for name, inner := range t.within {
		properties[name] = inner.addTo(properties[name])
	}
	whole, _ := encodeJSON(properties) // no error, since each of them is valid
	return whole
}

// withExtra adds the Extra of an input to its encoding.
func withExtra(op string, encoded []byte, w writable) ([]byte, error) {
	in := handedTo(w)
	if len(in.extra) == 0 {
		return encoded, nil
	}
	refused := make(map[string][]string)
	var added tree
	for name, raw := range in.extra {
		if in.stale(name) {
			continue
		}
		parent, child := splitPath(name)
		node, s, carried := &added, in.shape, in.came.has(name, raw)
		if parent != "" {
			for element := range strings.SplitSeq(parent, ".") {
				p := s.field([]byte(element))
				if p == nil || p.object == nil {
					refused[name] = []string{`is in something that is not an object of this input; a dot in a name itself is written \.`}
					break
				}
				node, s = node.at(p.name), shapeOf(p.object)
			}
		}
		p := s.field([]byte(child))
		switch {
		case refused[name] != nil:
			continue
		case child == "" && !carried || !json.Valid(raw):
			refused[name] = []string{"is no property: set one by its name, with Extra.Set"}
		case p != nil && !carried:
			refused[name] = []string{"has a field of its own, " + p.name + ", which Extra cannot stand for"}
		case !carried:
			damaged(json.NewDecoder(bytes.NewReader(raw)), name, refused)
		}
		if node.own == nil {
			node.own = make(map[string]json.RawMessage)
		}
		node.own[child] = raw
	}
	if len(refused) > 0 {
		e := invalid(op, "")
		e.Fields = refused
		return nil, e
	}
	return added.addTo(encoded), nil
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
