package tid

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// sameJSON compares two values regardless of their spelling.
func sameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, err := decodeNumbers(a)
	y, otherErr := decodeNumbers(b)
	return err == nil && otherErr == nil && same(x, y)
}

func decodeNumbers(raw json.RawMessage) (v any, err error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	err = dec.Decode(&v)
	return v, err
}

// maxUnordered is the length up to which lists are compared without their order.
const maxUnordered = 100

func same(a, b any) bool {
	switch a := a.(type) {
	case nil:
		return isVoid(b)
	case bool:
		return a == b
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return isVoid(a) && isVoid(b)
		}
		return slices.EqualFunc(a, b, same) || len(a) <= maxUnordered && sameElements(a, b)
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && sameObjects(a, b) || isVoid(a) && isVoid(b)
	case json.Number:
		return sameNumbers(a.String(), b)
	}
	text := a.(string)
	switch b := b.(type) {
	case json.Number:
		return sameNumbers(text, b)
	case string:
		return spelt(text) == spelt(b) || sameDays(text, b)
	}
	return text == "" && isVoid(b)
}

// isVoid reports JSON that holds nothing, raw or decoded: null, and an empty text, list
// or object. Unlike the zero of a field, for which there is isEmpty, 0 and false hold
// something: the API has sent them.
func isVoid(v any) bool {
	switch v := v.(type) {
	case json.RawMessage:
		return len(v) == 0 || slices.Contains([]string{"null", `""`, "[]", "{}"}, string(v))
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return v == nil
}

// sameElements compares lists without their order.
func sameElements(a, b []any) bool {
	left := slices.Clone(b)
	for _, x := range a {
		i := slices.IndexFunc(left, func(y any) bool { return same(x, y) })
		if i < 0 {
			return false
		}
		left = slices.Delete(left, i, i+1)
	}
	return true
}

// sameObjects compares the properties of the first object. References are compared by
// their ids.
func sameObjects(a, b map[string]any) bool {
	reference := a["id"] != nil && b["id"] != nil
	for name := range a {
		reference = reference && slices.Contains([]string{"id", "name", "objectName"}, name)
	}
	if reference {
		return same(a["id"], b["id"])
	}
	for name, x := range a {
		if y, ok := b[name]; !(ok && same(x, y) || !ok && isVoid(x)) {
			return false
		}
	}
	return true
}

func sameNumbers(text string, b any) bool {
	x, err := ParseDecimal(spelt(text))
	y, otherErr := ParseDecimal(spelt(fmt.Sprint(b)))
	return err == nil && otherErr == nil && x.Equal(y)
}

// sameDays compares two spellings of a day, each without a time or with midnight.
func sameDays(a, b string) bool {
	x, err := ParseDate(a)
	y, otherErr := ParseDate(b)
	bare := func(s string) bool { return len(s) == len("2006-01-02") || strings.Contains(s, "T00:00:00") }
	return err == nil && otherErr == nil && x == y && bare(a) && bare(b)
}

// spelt is a text without the differences that do not count.
func spelt(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }
