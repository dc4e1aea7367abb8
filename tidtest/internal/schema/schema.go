// Package schema describes objects by their fields, keeps them as records of small values, and reads and writes single values as
// JSON has them.
package schema

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
)

// ResourceID is the number of a resource, the kind of object that a reference points to. The first is 1.
type ResourceID int

// A Field is one property of the objects of a resource, as responses have it.
type Field struct {
	Name    string
	Kind    Kind
	Null    bool       // may be null
	Detail  bool       // left out of the rows of a list
	Alias   string     // another name that the property has been met under
	Values  []string   // the words of an enum, the first one being the default
	Target  ResourceID // of a reference
	Shows   []Shown    // of a reference: what it shows of its target besides the id
	Object  string     // of a nested object: its objectName
	Of      *Schema    // of a nested object: its fields
	Created bool       // stamped when the object is created
	Updated bool       // stamped whenever the object changes
	Kept    bool       // kept by the server and never shown
	Quoted  bool       // an integer that details show as a string
	Words   bool       // references that have been met as bare strings

	Compute func(r *Record) (num int64, other any) // not stored but worked out

	when [2]string // the enum field and its word with which alone the property exists
	slot int
}

// Shown is a property of a reference, and the field of the target it comes from ("" for its display name).
type Shown struct{ Name, From string }

// A Schema is the list of fields of a kind of object.
type Schema struct {
	Fields []*Field
	ByName map[string]*Field // by other names that they have been met under as well
	nums   []int64           // what a new record holds as numbers
	others int               // how many other values it holds
}

// New makes the schema of such fields.
func New(fields ...*Field) *Schema {
	s := &Schema{ByName: make(map[string]*Field, len(fields))}
	for _, f := range fields {
		s.Add(f)
	}
	return s
}

// Add adds a field. Records that are older do not hold it.
func (s *Schema) Add(f *Field) {
	if s.ByName[f.Name] != nil {
		panic("tidtest: two fields of the name " + f.Name)
	}
	s.Fields = append(s.Fields, f)
	s.ByName[f.Name] = f
	if f.Alias != "" {
		s.ByName[f.Alias] = f
	}
	if f.Kind.Numeric() {
		f.slot = len(s.nums)
		s.nums = append(s.nums, f.Zero())
	} else {
		f.slot = s.others
		s.others++
	}
}

// Field returns the field of a name that the table itself uses.
func (s *Schema) Field(name string) *Field {
	if f := s.ByName[name]; f != nil && f.Name == name {
		return f
	}
	panic("tidtest: no field " + name)
}

// Fold finds a field whose name differs from the given one in nothing but case.
func (s *Schema) Fold(name string) *Field {
	for _, f := range s.Fields {
		if strings.EqualFold(f.Name, name) {
			return f
		}
	}
	return nil
}

// Zero is what a numeric field holds when nothing has been said.
func (f *Field) Zero() int64 {
	if f.Null {
		return None
	}
	switch f.Kind {
	case Date, DateTime, Clock, Ref:
		return None
	}
	return 0
}

// A Record is a stored object: the values of its fields, numbers apart from the others so that many fit into little memory.
// A record in the store never changes: a change puts another one in its place.
type Record struct {
	ID, Parent int64
	nums       []int64
	others     []any // string, []string, []int64, *Record, []*Record, AnyJSON, or nil
}

// AnyJSON is the text of a JSON value that is kept as it came.
type AnyJSON string

// NewRecord is a record in which nothing has been said.
func (s *Schema) NewRecord() *Record {
	return &Record{nums: slices.Clone(s.nums), others: make([]any, s.others)}
}

// Clone is a record that can be changed.
func (r *Record) Clone() *Record {
	c := *r
	c.nums, c.others = slices.Clone(r.nums), slices.Clone(r.others)
	return &c
}

// HoldsSame says whether two records of one schema hold the same.
func (r *Record) HoldsSame(other *Record) bool {
	return slices.Equal(r.nums, other.nums) && slices.Equal(r.others, other.others)
}

// Num returns the value of a numeric field, packed; None is null.
func (r *Record) Num(f *Field) int64 { return r.nums[f.slot] }

// SetNum stores the value of a numeric field.
func (r *Record) SetNum(f *Field, n int64) { r.nums[f.slot] = n }

// IsNull says whether a field holds nothing.
func (r *Record) IsNull(f *Field) bool { return f.Get(r) == nil }

// Text returns the text of a field, empty for null.
func (r *Record) Text(f *Field) string { s, _ := r.others[f.slot].(string); return s }

// Refs returns the ids that an array of references holds.
func (r *Record) Refs(f *Field) []int64 { ids, _ := r.others[f.slot].([]int64); return ids }

// Other returns a value that is not held as a number. A record may be older than a field that a test has added.
func (r *Record) Other(f *Field) any {
	if f.slot < len(r.others) {
		return r.others[f.slot]
	}
	return nil
}

// SetOther stores a value that is not held as a number.
func (r *Record) SetOther(f *Field, v any) {
	if missing := f.slot + 1 - len(r.others); missing > 0 {
		r.others = append(r.others, make([]any, missing)...)
	}
	r.others[f.slot] = v
}

// Part returns the nested object of a field, or nil.
func (r *Record) Part(f *Field) *Record { nested, _ := r.Other(f).(*Record); return nested }

// Get returns what is stored, nil for null. It is for the few places that treat all kinds alike.
func (f *Field) Get(r *Record) any {
	if !f.Kind.Numeric() {
		return r.Other(f)
	}
	if n := r.nums[f.slot]; n != None {
		return n
	}
	return nil
}

// Set stores what get has returned for the same field of another record.
func (f *Field) Set(r *Record, from *Record) {
	if f.Kind.Numeric() {
		r.nums[f.slot] = from.nums[f.slot]
	} else {
		r.SetOther(f, from.Other(f))
	}
}

// Clear makes the field what it is when nothing has been said.
func (f *Field) Clear(r *Record) {
	if f.Kind.Numeric() {
		r.nums[f.slot] = f.Zero()
	} else {
		r.SetOther(f, nil)
	}
}

// Value returns the value to show, stored or worked out.
func (f *Field) Value(r *Record) (num int64, other any) {
	switch {
	case f.Compute != nil:
		return f.Compute(r)
	case f.Kind.Numeric():
		return r.nums[f.slot], nil
	}
	return 0, r.Other(f)
}

// Word returns the number of a word of an enum, whatever its case.
func (f *Field) Word(s string) (int64, bool) {
	i := IndexFold(f.Values, s)
	return int64(i), i >= 0
}

// IndexFold is the place of a word in a list, whatever its case, or -1.
func IndexFold(words []string, s string) int {
	return slices.IndexFunc(words, func(word string) bool { return strings.EqualFold(word, s) })
}

// OrNull makes a property that may be null.
func (f *Field) OrNull() *Field { f.Null = true; return f }

// TextInDetail makes an integer that details show as a string.
func (f *Field) TextInDetail() *Field { f.Quoted = true; return f }

// OrWords makes references that have been met as bare strings.
func (f *Field) OrWords() *Field { f.Words = true; return f }

// AlsoCalled gives a property another name, under which it has been met.
func (f *Field) AlsoCalled(name string) *Field { f.Alias = name; return f }

// OnlyIf makes a property that exists only in objects in which an enum has a certain value.
func (f *Field) OnlyIf(enum, word string) *Field { f.when = [2]string{enum, word}; return f }

// Exists says whether an object has the property.
func (f *Field) Exists(s *Schema, r *Record) bool {
	switch {
	case f.Kind == JSON:
		return r.Other(f) != nil
	case f.when[0] == "":
		return true
	}
	on := s.Field(f.when[0])
	n := r.Num(on)
	return n != None && on.Values[n] == f.when[1]
}

// From makes a property that is not stored but worked out.
func (f *Field) From(compute func(*Record) (int64, any)) *Field {
	f.Compute = compute
	return f
}

// FloatBits packs a float.
func FloatBits(v float64) int64 {
	n := int64(math.Float64bits(v))
	if n == None { // minus zero
		return 0
	}
	return n
}

// BitsFloat unpacks a float.
func BitsFloat(n int64) float64 { return math.Float64frombits(uint64(n)) }

// LookUp returns the field of a path, such as "email" or "invoiceAddress.city", and the field of the object that it is in,
// nil for one of the object itself.
func (s *Schema) LookUp(path string) (f, in *Field) {
	if parent, child, nested := strings.Cut(path, "."); nested {
		if in = s.ByName[parent]; in == nil || in.Kind != Object {
			return nil, nil
		}
		return in.Of.ByName[child], in
	}
	return s.ByName[path], nil
}

// ClearPath clears the field of a path, if there is one.
func (s *Schema) ClearPath(r *Record, path string) {
	f, in := s.LookUp(path)
	switch {
	case f == nil:
	case in == nil:
		f.Clear(r)
	case r.Part(in) != nil:
		nested := r.Part(in).Clone()
		f.Clear(nested)
		r.SetOther(in, nested)
	}
}

// Copy is the field without its place in a schema.
func (f *Field) Copy() *Field { c := *f; return &c }

// Extra is what a record has of properties that have been added.
func (s *Schema) Extra(r *Record) map[string]json.RawMessage {
	var extra map[string]json.RawMessage
	add := func(name string, raw json.RawMessage) {
		if extra == nil {
			extra = map[string]json.RawMessage{}
		}
		extra[name] = raw
	}
	for _, f := range s.Fields {
		switch f.Kind {
		case JSON:
			if raw, ok := r.Other(f).(AnyJSON); ok {
				add(f.Name, json.RawMessage(raw))
			}
		case Object:
			if nested := r.Part(f); nested != nil {
				for name, raw := range f.Of.Extra(nested) {
					add(f.Name+"."+name, raw)
				}
			}
		}
	}
	return extra
}
