package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Problems are what is wrong with a request body or an object, by field.
type Problems map[string][]string

// Add says what is wrong with a field.
func (p Problems) Add(field, format string, args ...any) {
	p[field] = append(p[field], fmt.Sprintf(format, args...))
}

// String lists the problems by field.
func (p Problems) String() string {
	var lines []string
	for _, field := range slices.Sorted(maps.Keys(p)) {
		lines = append(lines, field+" "+strings.Join(p[field], ", "))
	}
	return strings.Join(lines, "; ")
}
