// Package description reads the API's description into a table of operations: what the commands, their flags and the
// checks of doctor are made from.
package description

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/vismatid/tid/api"
)

// Evidence says where a piece of the description comes from: documented, observed or inferred.
type Evidence string

// Inferred is the evidence of what may be wrong.
const Inferred Evidence = "inferred"

// An Operation is one method on one path.
type Operation struct {
	ID          string // such as "Tasks.Comments.List"
	Method      string
	Path        string // the template, such as "/v1/Core/Contacts/{id}"
	Summary     string
	Description string
	// Exists, PathKnown and Names say how well it is known that there is such an operation, its path, and the weakest of the
	// names that it sends and answers.
	Exists, PathKnown, Names Evidence
	Parameters               []*Parameter
	Body                     *Schema // nil if it sends none
	Answer                   *Schema // nil if it answers none, or a file
	File                     bool    // it answers a file
}

// String is the operation's name, such as "GET /v1/Core/Contacts".
func (o *Operation) String() string { return o.Method + " " + o.Path }

// Item is the schema of a row of a list, nil for an operation that is no list.
func (o *Operation) Item() *Schema {
	if o.Method != "GET" || o.Answer == nil || o.Answer.Property("totalItemCount") == nil {
		return nil
	}
	return o.Answer.Property("items").Items
}

// Filters are the query parameters but those for paging and sorting.
func (o *Operation) Filters() []*Parameter {
	var filters []*Parameter
	for _, p := range o.Parameters {
		switch p.Name {
		case "page", "pageSize", "sortBy", "sortOrder":
			continue
		}
		if p.In == "query" {
			filters = append(filters, p)
		}
	}
	return filters
}

// SortKeys are the values that sortBy takes.
func (o *Operation) SortKeys() []string {
	for _, p := range o.Parameters {
		if p.Name == "sortBy" {
			return p.Schema.Enum
		}
	}
	return nil
}

// PathParameters are the parameters in the path, in its order.
func (o *Operation) PathParameters() []*Parameter {
	var in []*Parameter
	for _, part := range strings.Split(o.Path, "/") {
		for _, p := range o.Parameters {
			if p.In == "path" && part == "{"+p.Name+"}" {
				in = append(in, p)
			}
		}
	}
	return in
}

// A Parameter stands in the path or in the query of an operation.
type Parameter struct {
	Name        string
	In          string // "path" or "query"
	Description string
	Required    bool
	Evidence    Evidence
	Schema      *Schema
}

// A Schema says what a value may be. References, allOf and the alternatives of anyOf are already put together.
type Schema struct {
	Name        string   // of the component, such as "ContactSummary"; empty for one without a name
	Types       []string // of JSON, such as "string", "null"
	Format      string
	Description string
	Enum        []string
	Open        bool // other values than those of Enum are possible
	Items       *Schema
	Properties  []*Property // in their order
	Required    []string
}

// A Property is a named value of an object.
type Property struct {
	Name     string
	Text     string // what is said of the property itself, not of its type
	Evidence Evidence
	*Schema
}

// Property returns the property of a name, or nil.
func (s *Schema) Property(name string) *Property {
	for _, p := range s.Properties {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// Is reports whether a value may have a type of JSON.
func (s *Schema) Is(kind string) bool {
	for _, t := range s.Types {
		if t == kind || t == "number" && kind == "integer" {
			return true
		}
	}
	return false
}

// Operations reads the description that the module carries.
func Operations() ([]*Operation, error) { return parse([]byte(api.OpenAPI())) }

var methods = []string{"get", "post", "put", "patch", "delete"}

func parse(text []byte) ([]*Operation, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("the description cannot be read: %w", err)
	}
	l := &loader{root: doc.Content[0], named: map[string]*Schema{}}
	var all []*Operation
	for path, item := range pairs(child(l.root, "paths")) {
		for _, method := range methods {
			if n := child(item, method); n != nil {
				all = append(all, l.operation(path, method, item, n))
			}
		}
	}
	return all, nil
}

// loader keeps the schemas that have been read.
type loader struct {
	root  *yaml.Node
	named map[string]*Schema
}

func (l *loader) operation(path, method string, item, n *yaml.Node) *Operation {
	known := child(n, "x-evidence")
	o := &Operation{
		ID: value(n, "operationId"), Method: strings.ToUpper(method), Path: path,
		Summary: value(n, "summary"), Description: value(n, "description"),
		Exists: Evidence(value(known, "operation")), PathKnown: Evidence(value(known, "path")), Names: Evidence(value(known, "names")),
	}
	for _, from := range []*yaml.Node{item, n} {
		if list := child(from, "parameters"); list != nil {
			for _, p := range list.Content {
				o.Parameters = append(o.Parameters, l.parameter(l.follow(p)))
			}
		}
	}
	if body := child(n, "requestBody", "content", "application/json", "schema"); body != nil {
		o.Body = l.schema(body)
	}
	for kind, content := range pairs(child(l.follow(child(n, "responses", "200")), "content")) {
		if kind == "application/json" {
			o.Answer = l.schema(child(content, "schema"))
		} else {
			o.File = true
		}
	}
	return o
}

func (l *loader) parameter(n *yaml.Node) *Parameter {
	return &Parameter{
		Name: value(n, "name"), In: value(n, "in"), Description: value(n, "description"),
		Required: value(n, "required") == "true", Evidence: Evidence(value(n, "x-evidence")), Schema: l.schema(child(n, "schema")),
	}
}

// follow returns what a node refers to, or the node itself.
func (l *loader) follow(n *yaml.Node) *yaml.Node {
	ref := value(n, "$ref")
	if ref == "" {
		return n
	}
	return l.follow(child(l.root, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...))
}

const components = "#/components/schemas/"

func (l *loader) schema(n *yaml.Node) *Schema {
	if name, ok := strings.CutPrefix(value(n, "$ref"), components); ok {
		s := l.named[name]
		if s == nil {
			s = &Schema{}
			l.named[name] = s // before its parts, which may refer to it
			*s = *l.schema(l.follow(n))
			s.Name = name
		}
		if text := value(n, "description"); text != "" {
			described := *s
			described.Description = text
			return &described
		}
		return s
	}
	s := &Schema{Format: value(n, "format"), Description: value(n, "description"), Enum: texts(child(n, "enum")), Required: texts(child(n, "required"))}
	if t := child(n, "type"); t != nil {
		s.Types = append(texts(t), s.Types...)
	}
	if items := child(n, "items"); items != nil {
		s.Items = l.schema(items)
	}
	for name, property := range pairs(child(n, "properties")) {
		s.Properties = append(s.Properties, &Property{Name: name, Text: value(property, "description"), Evidence: Evidence(value(property, "x-evidence")), Schema: l.schema(property)})
	}
	for _, key := range []string{"allOf", "anyOf", "oneOf"} {
		if parts := child(n, key); parts != nil {
			for _, part := range parts.Content {
				s.add(l.schema(part), key == "allOf")
			}
		}
	}
	return s
}

// add joins another schema to this one: every part of an allOf, or one more alternative.
func (s *Schema) add(part *Schema, all bool) {
	if !all && len(part.Enum) == 0 && part.Is("string") && len(s.Enum) > 0 {
		s.Open = true
	}
	for _, t := range part.Types {
		if !s.Is(t) {
			s.Types = append(s.Types, t)
		}
	}
	if s.Format == "" {
		s.Format = part.Format
	}
	if s.Description == "" {
		s.Description = part.Description
	}
	if s.Name == "" {
		s.Name = part.Name
	}
	if s.Items == nil {
		s.Items = part.Items
	}
	s.Enum = append(s.Enum, part.Enum...)
	s.Open = s.Open || part.Open
	if all {
		s.Required = append(s.Required, part.Required...)
	}
	for _, p := range part.Properties {
		if s.Property(p.Name) == nil {
			s.Properties = append(s.Properties, p)
		}
	}
}

// pairs yields the keys and values of a mapping, in their order.
func pairs(n *yaml.Node) func(func(string, *yaml.Node) bool) {
	return func(yield func(string, *yaml.Node) bool) {
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i].Value, n.Content[i+1]) {
				return
			}
		}
	}
}

// child follows keys into mappings; nil where there is nothing.
func child(n *yaml.Node, keys ...string) *yaml.Node {
next:
	for _, key := range keys {
		for k, v := range pairs(n) {
			if k == key {
				n = v
				continue next
			}
		}
		return nil
	}
	return n
}

// value is the text of a scalar under a key, "" if there is none.
func value(n *yaml.Node, key string) string {
	if v := child(n, key); v != nil && v.Kind == yaml.ScalarNode {
		return v.Value
	}
	return ""
}

// texts are the elements of a list of scalars, or the one scalar.
func texts(n *yaml.Node) []string {
	switch {
	case n == nil:
		return nil
	case n.Kind == yaml.ScalarNode:
		return []string{n.Value}
	}
	var all []string
	for _, item := range n.Content {
		all = append(all, item.Value)
	}
	return all
}
