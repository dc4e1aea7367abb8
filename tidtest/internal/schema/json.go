package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/vismatid/tid/internal/scan"
)

// The functions here read JSON that has already been found valid, and keep what a decoder smooths over: whether a number was
// written as a string, and whether a property was null or left out.

// ValidJSON says what is wrong with data as a JSON text in UTF-8.
func ValidJSON(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("the text is not UTF-8")
	}
	if !json.Valid(data) {
		return errors.New("the text is not valid JSON")
	}
	return nil
}

// JSONKind is the kind of a value as a message would name it.
func JSONKind(raw []byte) string {
	switch raw[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	return "number"
}

// IsNull says whether a value is null.
func IsNull(raw []byte) bool { return raw[0] == 'n' }

// WrongKind is the error of a value that is not of the wanted kind.
func WrongKind(want string, raw []byte) error {
	text := string(raw)
	if len(text) > 40 {
		text = text[:40] + "…"
	}
	return fmt.Errorf("must be %s, not the %s %s", want, JSONKind(raw), text)
}

// Members calls fn for every property of a JSON object, in order.
func Members(raw []byte, fn func(name string, value []byte) error) (err error) {
	if raw[0] != '{' {
		return WrongKind("an object", raw)
	}
	scan.Members(raw, func(name, value []byte) bool {
		err = fn(string(name), value)
		return err == nil
	})
	return err
}

// Elements calls fn for every element of a JSON array, in order.
func Elements(raw []byte, fn func(value []byte) error) (err error) {
	if raw[0] != '[' {
		return WrongKind("an array", raw)
	}
	scan.Elements(raw, func(value []byte) bool {
		err = fn(value)
		return err == nil
	})
	return err
}

// StringOf reads a JSON string.
func StringOf(raw []byte) (string, error) {
	if raw[0] != '"' {
		return "", WrongKind("a string", raw)
	}
	inner := raw[1 : len(raw)-1]
	for _, b := range inner {
		if b == '\\' {
			var s string
			err := json.Unmarshal(raw, &s)
			return s, err
		}
	}
	return string(inner), nil
}

// IntOf reads a JSON number that is an integer.
func IntOf(raw []byte) (int64, error) {
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		return 0, WrongKind("an integer", raw)
	}
	return n, nil
}

// BoolOf reads true or false.
func BoolOf(raw []byte) (bool, error) {
	switch string(raw) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, WrongKind("true or false", raw)
}

// AppendString adds s as a JSON string.
func AppendString(dst []byte, s string) []byte {
	plain := strings.IndexFunc(s, func(r rune) bool {
		return r < 0x20 || r == '"' || r == '\\' || r == utf8.RuneError || r == '\u2028' || r == '\u2029'
	}) < 0
	if plain {
		dst = append(dst, '"')
		dst = append(dst, s...)
		return append(dst, '"')
	}
	quoted, _ := json.Marshal(s) // a string always encodes
	return append(dst, quoted...)
}

// Separate adds a comma, unless nothing has been added since start.
func Separate(dst []byte, start int) []byte {
	if len(dst) > start {
		return append(dst, ',')
	}
	return dst
}
