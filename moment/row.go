package moment

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	"github.com/vismatid/tid"
)

// shape is where a type of rows holds the properties of an object. It is found by
// reflection, since rows may be of any type of the caller's.
type shape struct {
	dynamic bool             // by name: the type is a map or raw JSON
	open    bool             // anywhere: it is dynamic, or decodes itself
	fields  map[string][]int // in fields, by the JSON name in lower case
}

var rawMessage = reflect.TypeFor[json.RawMessage]()

func shapeOf(t reflect.Type) shape {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s := shape{fields: make(map[string][]int)}
	if t.Kind() != reflect.Struct {
		s.open, s.dynamic = true, true
		return s
	}
	s.open = reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]())
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		embedded := f.Anonymous && name == "" && deref(f.Type).Kind() == reflect.Struct
		if name == "-" || !f.IsExported() || embedded {
			continue
		}
		if name == "" {
			name = f.Name
		}
		name = strings.ToLower(name)
		if before, known := s.fields[name]; !known || len(f.Index) < len(before) { // the outer one counts
			s.fields[name] = f.Index
		}
	}
	return s
}

// holds reports whether an object keeps the property of that name.
func (s shape) holds(name string) bool { return s.open || s.fields[strings.ToLower(name)] != nil }

// shows reports whether text finds the property of that name.
func (s shape) shows(name string) bool { return s.dynamic || s.fields[strings.ToLower(name)] != nil }

// text returns a property of a row, which is a pointer to a value of the shape, as
// its JSON has it, without quotes; "" is none, or null.
func (s shape) text(row any, name string) string {
	v := reflect.ValueOf(row)
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v = v.Elem(); !v.IsValid() {
			return ""
		}
	}
	switch {
	case v.Type() == rawMessage:
		var object map[string]json.RawMessage
		if json.Unmarshal(v.Bytes(), &object) != nil {
			return ""
		}
		return bare(object[name])
	case v.Kind() == reflect.Map && v.Type().Key().Kind() == reflect.String:
		v = v.MapIndex(reflect.ValueOf(name).Convert(v.Type().Key()))
	case v.Kind() == reflect.Struct:
		index := s.fields[strings.ToLower(name)]
		if index == nil {
			return ""
		}
		var err error
		if v, err = v.FieldByIndexErr(index); err != nil { // an embedded pointer that is nil
			return ""
		}
	default:
		return ""
	}
	if !v.IsValid() {
		return ""
	}
	switch value := v.Interface().(type) { // the usual ones, without encoding them
	case int64:
		return strconv.FormatInt(value, 10)
	case string:
		return value
	case Day:
		return value.String()
	}
	encoded, err := json.Marshal(v.Interface())
	if err != nil {
		return ""
	}
	return bare(encoded)
}

// bare is a JSON value without quotes; null is none.
func bare(raw json.RawMessage) string {
	if string(raw) == "null" {
		return ""
	}
	return strings.Trim(string(raw), `"`)
}

// id returns the id of a row; 0 is none.
func (s shape) id(row any) int64 {
	id, err := strconv.ParseInt(s.text(row, "id"), 10, 64)
	if err != nil || id < 1 {
		return 0
	}
	return id
}

// day returns the day of a row that a property names.
func (s shape) day(row any, name string) (day tid.Date, ok bool) {
	day, err := tid.ParseDate(s.text(row, name))
	return day, err == nil && !day.IsZero()
}
