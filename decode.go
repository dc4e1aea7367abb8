package tid

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
)

var utf8BOM = []byte("\ufeff")

// The most that is mended: a page has a hundred rows, and a row some fifty properties. As
// a tree of values it takes many times its size in memory, and it may have been sent
// compressed to a thousandth of its size.
const (
	maxMended       = 1 << 20
	maxMendedValues = 20_000
)

// unmarshal is json.Unmarshal, lenient about one thing: some accounts answer with numbers
// in strings, and strings as numbers. Only if decoding fails for that reason, the value is
// decoded into a tree, mended, and decoded again.
func unmarshal(data []byte, v any) error {
	data = bytes.TrimPrefix(data, utf8BOM)
	err := json.Unmarshal(data, v)
	var mismatch *json.UnmarshalTypeError
	if !errors.As(err, &mismatch) || len(data) > maxMended || tooMany(data, maxMendedValues) {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var tree any
	if dec.Decode(&tree) != nil {
		return err
	}
	mended, mendErr := json.Marshal(mend(tree, reflect.TypeOf(v)))
	if mendErr != nil || json.Unmarshal(mended, v) != nil {
		return err
	}
	return nil
}

var (
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// mend returns the decoded value with its scalars in the kinds that t decodes from. By
// reflection, since models have no decoding of their own: a type around one would lose
// it, and the caller's own fields are mended as well.
func mend(value any, t reflect.Type) any {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	pointer := reflect.PointerTo(t)
	if pointer.Implements(jsonUnmarshaler) {
		return value
	}
	kind := t.Kind()
	if pointer.Implements(textUnmarshaler) {
		kind = reflect.String
	}
	switch value := value.(type) {
	case json.Number:
		if kind == reflect.String && t != reflect.TypeFor[json.Number]() {
			return value.String()
		}
	case bool:
		if kind == reflect.String {
			return strconv.FormatBool(value)
		}
	case string:
		return mendString(value, kind)
	case []any:
		if kind == reflect.Slice || kind == reflect.Array {
			for i := range value {
				value[i] = mend(value[i], t.Elem())
			}
		}
	case map[string]any:
		switch kind {
		case reflect.Map:
			for k := range value {
				value[k] = mend(value[k], t.Elem())
			}
		case reflect.Struct:
			for k := range value {
				if field := shapeOf(t).field([]byte(k)); field != nil {
					value[k] = mend(value[k], field.typ)
				}
			}
		}
	}
	return value
}

// mendString turns the text of a number or a boolean into one; the empty text
// becomes null, which leaves the target at its zero.
func mendString(s string, kind reflect.Kind) any {
	switch kind {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64:
		if s == "" {
			return nil
		}
		if json.Valid([]byte(s)) {
			return json.Number(s)
		}
	case reflect.Bool:
		if s == "" {
			return nil
		}
		if b, err := strconv.ParseBool(strings.ToLower(s)); err == nil {
			return b
		}
	}
	return s
}
