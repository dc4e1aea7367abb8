package tidtest

import (
	"math"
	"slices"
	"strings"
)

// A field is one property of the objects of a resource, as responses have it.
type field struct {
	name    string
	kind    kind
	null    bool       // may be null
	detail  bool       // left out of the rows of a list
	aka     string     // another name that the property has been met under
	values  []string   // the words of an enum, the first one being the default
	target  resourceID // of a reference
	shows   []shown    // of a reference: what it shows of its target besides the id
	object  string     // of a nested object: its objectName
	of      *schema    // of a nested object: its fields
	created bool       // stamped when the object is created
	updated bool       // stamped whenever the object changes
	kept    bool       // kept by the server and never shown
	quoted  bool       // an integer that details show as a string
	words   bool       // references that have been met as bare strings

	when    [2]string                                         // the enum field and its word with which alone the property exists
	compute func(r *record) (num int64, other any) // not stored but worked out

	slot int
}

// shown is a property of a reference, and the field of the target it comes from ("" for its display name).
type shown struct{ name, from string }

// A schema is the list of fields of a kind of object.
type schema struct {
	fields []*field
	byName map[string]*field
	nums   []int64 // what a new record holds as numbers
	others int     // how many other values it holds
}

func newSchema(fields ...*field) *schema {
	s := &schema{fields: fields, byName: make(map[string]*field, len(fields))}
	for _, f := range fields {
		s.place(f)
	}
	return s
}

// place gives a field its name and its slot.
func (s *schema) place(f *field) {
	if s.byName[f.name] != nil {
		panic("tidtest: two fields of the name " + f.name)
	}
	s.byName[f.name] = f
	if f.aka != "" {
		s.byName[f.aka] = f
	}
	if f.kind.numeric() {
		f.slot = len(s.nums)
		s.nums = append(s.nums, f.zero())
	} else {
		f.slot = s.others
		s.others++
	}
}

// field returns the field of a name that the table itself uses.
func (s *schema) field(name string) *field {
	if f := s.byName[name]; f != nil && f.name == name {
		return f
	}
	panic("tidtest: no field " + name)
}

// fold finds a field whose name differs from the given one in nothing but case.
func (s *schema) fold(name string) *field {
	for _, f := range s.fields {
		if strings.EqualFold(f.name, name) {
			return f
		}
	}
	return nil
}

// zero is what a numeric field holds when nothing has been said.
func (f *field) zero() int64 {
	if f.null {
		return none
	}
	switch f.kind {
	case kindDate, kindDateTime, kindClock, kindRef:
		return none
	}
	return 0
}

// A record is a stored object: the values of its fields, numbers apart from the others so that many fit into little memory.
// A record in the store never changes: a change puts another one in its place.
type record struct {
	id, parent int64
	nums       []int64
	others     []any // string, []string, []int64, *record, []*record, anyJSON, or nil
}

// anyJSON is the text of a JSON value that is kept as it came.
type anyJSON string

func (s *schema) newRecord() *record {
	return &record{nums: slices.Clone(s.nums), others: make([]any, s.others)}
}

func (r *record) clone() *record {
	c := *r
	c.nums, c.others = slices.Clone(r.nums), slices.Clone(r.others)
	return &c
}

func (r *record) num(f *field) int64    { return r.nums[f.slot] }
func (r *record) isNull(f *field) bool  { return f.get(r) == nil }
func (r *record) text(f *field) string  { s, _ := r.others[f.slot].(string); return s }
func (r *record) refs(f *field) []int64 { ids, _ := r.others[f.slot].([]int64); return ids }
func (r *record) setNum(f *field, n int64) {
	r.nums[f.slot] = n
}

// other returns a value that is not held as a number. A record may be older than a field that a test has added.
func (r *record) other(f *field) any {
	if f.slot < len(r.others) {
		return r.others[f.slot]
	}
	return nil
}

func (r *record) setOther(f *field, v any) {
	if missing := f.slot + 1 - len(r.others); missing > 0 {
		r.others = append(r.others, make([]any, missing)...)
	}
	r.others[f.slot] = v
}

// part returns the nested object of a field, or nil.
func (r *record) part(f *field) *record { nested, _ := r.other(f).(*record); return nested }

// get returns what is stored, nil for null. It is for the few places that treat all kinds alike.
func (f *field) get(r *record) any {
	if !f.kind.numeric() {
		return r.other(f)
	}
	if n := r.nums[f.slot]; n != none {
		return n
	}
	return nil
}

// set stores what get has returned for the same field of another record.
func (f *field) set(r *record, from *record) {
	if f.kind.numeric() {
		r.nums[f.slot] = from.nums[f.slot]
	} else {
		r.setOther(f, from.other(f))
	}
}

// clear makes the field what it is when nothing has been said.
func (f *field) clear(r *record) {
	if f.kind.numeric() {
		r.nums[f.slot] = f.zero()
	} else {
		r.setOther(f, nil)
	}
}

// value returns the value to show, stored or worked out.
func (f *field) value(r *record) (num int64, other any) {
	switch {
	case f.compute != nil:
		return f.compute(r)
	case f.kind.numeric():
		return r.nums[f.slot], nil
	}
	return 0, r.other(f)
}

// word returns the number of a word of an enum, whatever its case.
func (f *field) word(s string) (int64, bool) {
	i := indexFold(f.values, s)
	return int64(i), i >= 0
}

func indexFold(words []string, s string) int {
	return slices.IndexFunc(words, func(word string) bool { return strings.EqualFold(word, s) })
}

// The constructors below make the tables of resources read like the description of an API.

func number(name string) *field   { return &field{name: name, kind: kindInt} }
func boolean(name string) *field  { return &field{name: name, kind: kindBool} }
func exact(name string) *field    { return &field{name: name, kind: kindDecimal} }
func float(name string) *field    { return &field{name: name, kind: kindFloat} }
func text(name string) *field     { return &field{name: name, kind: kindText} }
func texts(name string) *field    { return &field{name: name, kind: kindTexts} }
func date(name string) *field     { return &field{name: name, kind: kindDate} }
func dateTime(name string) *field { return &field{name: name, kind: kindDateTime} }
func clock(name string) *field    { return &field{name: name, kind: kindClock} }

func enum(name string, values ...string) *field {
	return &field{name: name, kind: kindEnum, values: values}
}

func enums(name string, values ...string) *field {
	return &field{name: name, kind: kindEnums, values: values}
}

// ref is a reference that shows a name; further properties are given as pairs of a name and the target's field.
func ref(name string, target resourceID, more ...shown) *field {
	return &field{name: name, kind: kindRef, null: true, target: target, shows: append([]shown{{name: "name"}}, more...)}
}

// titled is a reference that shows a title and no name.
func titled(name string, target resourceID, more ...shown) *field {
	return &field{name: name, kind: kindRef, null: true, target: target, shows: append([]shown{{name: "title"}}, more...)}
}

// refs is an array of references.
func refs(name string, target resourceID, shows ...shown) *field {
	return &field{name: name, kind: kindRefs, target: target, shows: shows}
}

// object is a nested object, and objects an array of them; objectName is what each of them calls itself.
func object(name, objectName string, fields ...*field) *field {
	return &field{name: name, kind: kindObject, object: objectName, of: newSchema(fields...)}
}

func objects(name, objectName string, fields ...*field) *field {
	return &field{name: name, kind: kindObjects, object: objectName, of: newSchema(fields...)}
}

func (f *field) orNull() *field { f.null = true; return f }

func (f *field) textInDetail() *field { f.quoted = true; return f }

func (f *field) orWords() *field { f.words = true; return f }

func (f *field) alias(name string) *field { f.aka = name; return f }

// onlyIf makes a property that exists only in objects in which an enum has a certain value.
func (f *field) onlyIf(enum, word string) *field { f.when = [2]string{enum, word}; return f }

// exists says whether an object has the property.
func (f *field) exists(s *schema, r *record) bool {
	switch {
	case f.kind == kindJSON:
		return r.other(f) != nil
	case f.when[0] == "":
		return true
	}
	on := s.field(f.when[0])
	n := r.num(on)
	return n != none && on.values[n] == f.when[1]
}

func (f *field) from(compute func(*record) (int64, any)) *field {
	f.compute = compute
	return f
}

// inDetail marks fields that the rows of a list do not have.
func inDetail(fields ...*field) []*field {
	for _, f := range fields {
		f.detail = true
	}
	return fields
}

// stamps are the two date-times that the server keeps of every object of a resource.
func stamps(created, updated string) []*field {
	c, u := dateTime(created), dateTime(updated)
	c.created, u.updated = true, true
	return []*field{c, u}
}

func createdStamp(name string) *field {
	f := dateTime(name)
	f.created = true
	return f
}

func hidden(f *field) *field { f.kept = true; return f }

// fields joins single fields and lists of them.
func fields(parts ...any) []*field {
	var all []*field
	for _, part := range parts {
		switch part := part.(type) {
		case *field:
			all = append(all, part)
		case []*field:
			all = append(all, part...)
		default:
			panic("tidtest: not a field")
		}
	}
	return all
}

func floatBits(v float64) int64 {
	n := int64(math.Float64bits(v))
	if n == none { // minus zero
		return 0
	}
	return n
}

func bitsFloat(n int64) float64 { return math.Float64frombits(uint64(n)) }
