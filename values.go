package tid

import (
	"cmp"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/google/go-querystring/query"
)

// Opt is a property of a request for which leaving it out, sending null and sending a zero
// value mean different things. The zero Opt is left out; [Set] sends a value and [Null]
// sends null.
type Opt[T any] struct {
	value T
	state optState
}

type optState uint8

const (
	optAbsent optState = iota
	optNull
	optSet
)

// Set returns an Opt that sends v, zero values included.
func Set[T any](v T) Opt[T] { return Opt[T]{value: v, state: optSet} }

// Null returns an Opt that sends null.
func Null[T any]() Opt[T] { return Opt[T]{state: optNull} }

// Get returns the value, and whether one is set.
func (o Opt[T]) Get() (v T, ok bool) { return o.value, o.state == optSet }

// IsNull reports whether o sends null.
func (o Opt[T]) IsNull() bool { return o.state == optNull }

// IsZero reports whether o is left out.
func (o Opt[T]) IsZero() bool { return o.state == optAbsent }

// MarshalJSON writes the value, or null.
func (o Opt[T]) MarshalJSON() ([]byte, error) {
	if o.state != optSet {
		return []byte("null"), nil
	}
	return json.Marshal(o.value)
}

// UnmarshalJSON reads a value, or null.
func (o *Opt[T]) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*o = Null[T]()
		return nil
	}
	var v T
	if err := unmarshal(data, &v); err != nil {
		return err
	}
	*o = Set(v)
	return nil
}

// EncodeValues writes a filter: nothing when absent or null, the bare value otherwise.
func (o Opt[T]) EncodeValues(key string, v *url.Values) error {
	if o.state != optSet {
		return nil
	}
	if e, ok := any(o.value).(query.Encoder); ok {
		return e.EncodeValues(key, v)
	}
	data, err := json.Marshal(o.value)
	if err != nil {
		return err
	}
	var text string
	if json.Unmarshal(data, &text) != nil {
		text = string(data)
	}
	v.Set(key, text)
	return nil
}

// optional is any Opt.
type optional interface{ inner() (v any, ok bool) }

func (o Opt[T]) inner() (v any, ok bool) { return o.value, o.state == optSet }

// enum holds the values of an enumeration in the spelling of the documentation.
type enum []string

func enumOf[E ~string](values ...E) enum {
	all := make(enum, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return all
}

// enumerated is any enumeration of this package, sort keys included.
type enumerated interface{ values() enum }

// decode sets *v to the documented spelling of text, or to text unchanged
// when the value is not known.
func (e enum) decode(v *string, text []byte) error {
	for _, known := range e {
		if strings.EqualFold(known, string(text)) {
			*v = known
			return nil
		}
	}
	*v = string(text)
	return nil
}

// SortOrder is the direction of a list.
type SortOrder string

// The directions of a list; the API's own default is not documented.
const (
	Ascending  SortOrder = "ascending"
	Descending SortOrder = "descending"
)

var sortOrders = enumOf(Ascending, Descending)

func (SortOrder) values() enum { return sortOrders }

// Ref points at another object of the account. A nil *Ref is what the API calls null.
type Ref struct {
	ID         int64  `json:"id"`
	Name       string `json:"name,omitzero"`
	ObjectName string `json:"objectName,omitzero"`
}

// String returns the name, or "" for a nil reference.
func (r *Ref) String() string {
	if r == nil {
		return ""
	}
	return r.Name
}

// refID is the id that a reference of any kind points at, 0 for null.
func refID[T any](ref *T) int64 {
	if ref == nil {
		return 0
	}
	return identity(ref)
}

// TitleRef points at an object that has a title in the place of a name: an
// opportunity, or the project of an opportunity.
type TitleRef struct {
	ID         int64  `json:"id"`
	Title      string `json:"title,omitzero"`
	ObjectName string `json:"objectName,omitzero"`
}

// String returns the title, or "" for a nil reference.
func (r *TitleRef) String() string {
	if r == nil {
		return ""
	}
	return r.Title
}

// NumberRef points at an object that has a number as well as a name: a project,
// or a project collection.
type NumberRef struct {
	ID         int64  `json:"id"`
	Name       string `json:"name,omitzero"`
	Number     string `json:"number,omitzero"`
	ObjectName string `json:"objectName,omitzero"`
}

// String returns the name, or "" for a nil reference.
func (r *NumberRef) String() string {
	if r == nil {
		return ""
	}
	return r.Name
}

// Tag is a label on a contact, a project, a task, a user and the like.
type Tag struct {
	ID         int64  `json:"id,omitzero"`
	Title      string `json:"title,omitzero"`
	Name       string `json:"name,omitzero"` // as sent, where the API sent a name; Title is then the same
	Color      string `json:"color,omitzero"`
	ObjectName string `json:"objectName,omitzero"`
}

// UnmarshalJSON reads an object with a title or a name, or a bare string.
func (t *Tag) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		*t = Tag{}
		return json.Unmarshal(data, &t.Title)
	}
	type plain Tag
	if err := unmarshal(data, (*plain)(t)); err != nil {
		return err
	}
	t.Title = cmp.Or(t.Title, t.Name)
	return nil
}

// tagIDs are the ids of tags; nil if one has none: the tags are then sent back unchanged.
func tagIDs(tags []Tag) []int64 {
	var ids []int64
	for _, t := range tags {
		if t.ID == 0 {
			return nil
		}
		ids = append(ids, t.ID)
	}
	return ids
}

// Member is a user who takes part in a task or a task board.
type Member struct {
	ID         int64  `json:"id"`
	Name       string `json:"name,omitzero"`
	UserID     int64  `json:"userId,omitzero"`   // as sent, where the API sent a userId; ID is then the same
	UserName   string `json:"userName,omitzero"` // as sent, where the API sent a userName; Name is then the same
	ObjectName string `json:"objectName,omitzero"`
}

// UnmarshalJSON reads id and name under either of the keys that have been seen.
func (m *Member) UnmarshalJSON(data []byte) error {
	type plain Member
	if err := unmarshal(data, (*plain)(m)); err != nil {
		return err
	}
	m.ID, m.Name = cmp.Or(m.ID, m.UserID), cmp.Or(m.Name, m.UserName)
	return nil
}

// Text is a string that the API sends as a string in one place and as a number
// in another. It is always written as a string.
type Text string

// UnmarshalJSON reads a string or the digits of a number; null leaves t as it is.
func (t *Text) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && (data[0] == '"' || string(data) == "null") {
		return json.Unmarshal(data, (*string)(t))
	}
	var n json.Number
	if err := json.Unmarshal(data, &n); err != nil {
		return err
	}
	*t = Text(n)
	return nil
}

// Address is a postal address.
type Address struct {
	StreetAddress     string `json:"streetAddress,omitzero"`
	AdditionalAddress string `json:"additionalAddress,omitzero"`
	PostalCode        string `json:"postalCode,omitzero"`
	City              string `json:"city,omitzero"`
	State             string `json:"state,omitzero"`
	CountryID         int64  `json:"countryId,omitzero"`
	CountryName       string `json:"countryName,omitzero" held:"-"` // that of CountryID
	ObjectName        string `json:"objectName,omitzero"`
}

// clone copies what v points at, so that an input shares nothing with its object.
func clone[T any](v *T) *T {
	if v == nil {
		return nil
	}
	copied := *v
	return &copied
}

// either sets the empty one of two fields for the same property from the other.
func either[T comparable](a, b *T) {
	*a, *b = cmp.Or(*a, *b), cmp.Or(*b, *a)
}
