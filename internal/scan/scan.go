// Package scan walks over JSON that has already been found valid. It reads faster than
// a decode into maps, and keeps what a decoder smooths over: how a number was written,
// and whether a property was null or left out.
package scan

import (
	"bytes"
	"encoding/json"
)

// Members calls fn for each property of a JSON object in order, with its name and its
// value as they are written; the name of one whose quotes hold an escape is decoded. It
// does nothing with any other value, and ends where fn returns false.
func Members(object []byte, fn func(name, value []byte) bool) {
	if i := Space(object, 0); i == len(object) || object[i] != '{' {
		return
	}
	for i := Space(object, Space(object, 0)+1); object[i] != '}'; {
		end := text(object, i)
		name := object[i+1 : end-1]
		if bytes.IndexByte(name, '\\') >= 0 {
			var decoded string
			_ = json.Unmarshal(object[i:end], &decoded)
			name = []byte(decoded)
		}
		i = Space(object, Space(object, end)+1) // past the colon
		end = Value(object, i)
		if !fn(name, object[i:end]) {
			return
		}
		if i = Space(object, end); object[i] == ',' {
			i = Space(object, i+1)
		}
	}
}

// Elements calls fn for each element of a JSON array in order. It does nothing with any
// other value, and ends where fn returns false.
func Elements(array []byte, fn func(value []byte) bool) {
	if i := Space(array, 0); i == len(array) || array[i] != '[' {
		return
	}
	for i := Space(array, Space(array, 0)+1); array[i] != ']'; {
		end := Value(array, i)
		if !fn(array[i:end]) {
			return
		}
		if i = Space(array, end); array[i] == ',' {
			i = Space(array, i+1)
		}
	}
}

// Space returns the index after the white space that begins at i.
func Space(raw []byte, i int) int {
	for i < len(raw) && (raw[i] == ' ' || raw[i] == '\n' || raw[i] == '\t' || raw[i] == '\r') {
		i++
	}
	return i
}

// text returns the index after the string that begins at i.
func text(raw []byte, i int) int {
	for i++; raw[i] != '"'; i++ {
		if raw[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// Value returns the index after the value that begins at i.
func Value(raw []byte, i int) int {
	switch raw[i] {
	case '"':
		return text(raw, i)
	case '{', '[':
		for depth := 0; ; {
			switch raw[i] {
			case '"':
				i = text(raw, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
	}
	for i < len(raw) && bytes.IndexByte([]byte(" \n\t\r,}]"), raw[i]) < 0 {
		i++
	}
	return i
}
