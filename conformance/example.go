package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ResponseTypes are the names of the component schemas of objects that
// successful answers hold, sorted. A schema that others only build upon is
// not among them.
func (s *Spec) ResponseTypes() []string {
	seen := map[string]bool{}
	var visit func(n node, base bool)
	visit = func(n node, base bool) {
		if to := n.follow(); n.text("$ref") != "" {
			if _, object := objectOf(to); object && !base {
				if seen[to.name()] {
					return
				}
				seen[to.name()] = true
			}
			visit(to, base)
			return
		}
		for _, part := range n.child("allOf").list() {
			visit(part, true)
		}
		for _, part := range n.child("anyOf").list() {
			visit(part, false)
		}
		for _, name := range n.child("properties").keys() {
			visit(n.child("properties", name), false)
		}
		if items := n.child("items"); items.value != nil {
			visit(items, false)
		}
	}
	paths := s.root.child("paths")
	for _, o := range s.operations {
		ok := paths.child(o.Path, strings.ToLower(o.Method), "responses", "200").follow()
		visit(ok.child("content", "application/json", "schema"), false)
	}
	var names []string
	for _, name := range s.root.child("components", "schemas").keys() {
		if seen[name] {
			names = append(names, name)
		}
	}
	return names
}

// objectOf is what the schema of an object says of its properties, in all its
// parts.
func objectOf(n node) (map[string]node, bool) {
	properties := map[string]node{}
	object := n.text("type") == "object"
	for _, part := range n.child("allOf").list() {
		of, ok := objectOf(part.follow())
		object = object || ok
		for name, p := range of {
			properties[name] = p
		}
	}
	for _, name := range n.child("properties").keys() {
		properties[name] = n.child("properties", name)
	}
	return properties, object
}

// Example is an object of a component schema in which every property is set
// to a made-up value or, if nulls is true, every property that can be is null.
// It is the same each time.
func (s *Spec) Example(name string, nulls bool) []byte {
	m := &maker{kind: name, nulls: nulls, used: map[string]int{}}
	value := m.value(s.root.child("components", "schemas", name), "", "")
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(value); err != nil {
		panic(err) // it consists of maps, lists and scalars
	}
	return []byte(b.String())
}

// A maker makes up the values of one example.
type maker struct {
	kind  string // the schema of the whole
	nulls bool
	used  map[string]int // values taken so far, by key
}

// value makes up a value for the property of an object that is itself the
// value of the owner property.
func (m *maker) value(n node, owner, property string) any {
	schema := n.follow()
	if m.nulls && nullable(schema) {
		return nil
	}
	if alternatives := schema.child("anyOf").list(); len(alternatives) > 0 && schema.name() != "Decimal" { // scalar knows it by its name
		return m.value(alternatives[0], owner, property)
	}
	if properties, ok := objectOf(schema); ok {
		object := map[string]any{}
		// Sorted, because the values depend on the order.
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			if name == "objectName" {
				object[name] = "example." + strings.ToLower(schema.name()[:1]) + schema.name()[1:]
			} else {
				object[name] = m.value(properties[name], property, name)
			}
		}
		return object
	}
	if items := schema.child("items"); items.value != nil {
		return []any{m.value(items, owner, property), m.value(items, owner, property)}
	}
	if enum := schema.texts("enum"); len(enum) > 0 {
		return enum[m.next(schema.name())%len(enum)]
	}
	return m.scalar(schema, owner, property)
}

// next counts how often a key was asked for before.
func (m *maker) next(key string) int {
	m.used[key]++
	return m.used[key] - 1
}

// scalar makes up a value that is not a list nor an object.
func (m *maker) scalar(schema node, owner, property string) any {
	if owner == "" {
		owner = m.kind
	}
	for _, key := range []string{owner + "." + property, property} {
		if i := m.next(key); i < len(pools[key]) {
			return pools[key][i]
		}
	}
	switch component := schema.name(); component {
	case "Date", "DateInput":
		return fmt.Sprintf("2026-10-%02d 00:00:00", 1+m.next("Date")%31)
	case "DateTime":
		i := m.next(component)
		return fmt.Sprintf("2026-10-%02d 08:%02d:00", 1+i%31, 30+i%30)
	case "ClockTime":
		i := m.next(component)
		return fmt.Sprintf("%02d:%02d", 6+i%18, 15*(i%4))
	case "Decimal", "DecimalInput":
		return 1249.5 + 12.25*float64(m.next("Decimal"))
	}
	switch kinds := append(schema.texts("type"), schema.text("type")); {
	case slices.Contains(kinds, "boolean"):
		return true
	case slices.Contains(kinds, "integer"):
		return 4711 + m.next("integer")
	case slices.Contains(kinds, "number"):
		return 1.5 + float64(m.next("number"))
	}
	return fmt.Sprintf("Exempel %d", 1+m.next("string"))
}

// nullable tells whether the schema takes null.
func nullable(schema node) bool {
	if schema.text("type") == "null" || slices.Contains(schema.texts("type"), "null") {
		return true
	}
	return slices.ContainsFunc(schema.child("anyOf").list(), func(n node) bool { return nullable(n.follow()) })
}
