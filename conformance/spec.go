package conformance

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// DefaultPath leads from the directory of this module to the description.
const DefaultPath = "../api/openapi.yaml"

// Evidence says where a piece of the description comes from.
type Evidence string

// The kinds of evidence.
const (
	Documented Evidence = "documented" // by the vendor
	Observed   Evidence = "observed"   // in running integrations
	Inferred   Evidence = "inferred"   // from the conventions of the API
)

// A Spec is the description, ready to hold traffic against. It is safe for
// concurrent use.
type Spec struct {
	root       node
	operations []*Operation
	schemas    map[string]*jsonschema.Schema
}

// An Operation is one method on one path.
type Operation struct {
	ID         string // the Go method, such as "Contacts.List"
	Method     string
	Path       string // the template, such as "/v1/Core/Contacts/{id}"
	Tag        string
	Summary    string
	Evidence   OperationEvidence
	Parameters []*Parameter
	// Names are the evidence for the name of every parameter, and of every property
	// that is sent or answered, by where it stands.
	Names map[string]Evidence

	security  string // the scheme in the Authorization header
	body      *jsonschema.Schema
	responses map[string]media // by status
}

// OperationEvidence is what is known of an operation, each by itself.
type OperationEvidence struct {
	Operation Evidence // that there is one
	Path      Evidence // its method and path
	Names     Evidence // the weakest of its Names
}

// Weakest is the weakest evidence among the operation's Names.
func (o *Operation) Weakest() Evidence {
	for _, e := range []Evidence{Inferred, Observed, Documented} {
		if o.Count(e) > 0 {
			return e
		}
	}
	return ""
}

// Count is how many of the operation's Names have this evidence.
func (o *Operation) Count(e Evidence) int {
	n := 0
	for _, known := range o.Names {
		if known == e {
			n++
		}
	}
	return n
}

// A Parameter stands in the path or in the query of an operation.
type Parameter struct {
	Name     string
	In       string // "path" or "query"
	Required bool
	Evidence Evidence
	Values   []string // the values it takes, where they are known

	kind, itemKind string // types of JSON schema
	schema         *jsonschema.Schema
}

// media are the schemas of a body by content type.
type media map[string]*jsonschema.Schema

// Load reads a description in YAML and compiles its schemas.
func Load(path string) (*Spec, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	spec, err := parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return spec, nil
}

// Operations are all operations, in the order of their tags, then by path.
func (s *Spec) Operations() []*Operation { return slices.Clone(s.operations) }

// Operation is the one with this id, or nil.
func (s *Spec) Operation(id string) *Operation {
	for _, o := range s.operations {
		if o.ID == id {
			return o
		}
	}
	return nil
}

// String is the operation without its Go method: "GET /v1/Core/Contacts".
func (o *Operation) String() string { return o.Method + " " + o.Path }

// Area is the family of paths that the operation belongs to: Auth, Core or
// Admin.
func (o *Operation) Area() string { return strings.Split(o.Path, "/")[2] }

// Filters are the query parameters but those for paging and sorting.
func (o *Operation) Filters() []*Parameter {
	var filters []*Parameter
	for _, p := range o.Parameters {
		if p.In == "query" && !slices.Contains([]string{"page", "pageSize", "sortBy", "sortOrder"}, p.Name) {
			filters = append(filters, p)
		}
	}
	return filters
}

// SortKeys are the values that sortBy takes.
func (o *Operation) SortKeys() []string {
	if p := o.parameter("query", "sortBy"); p != nil {
		return p.Values
	}
	return nil
}

func (o *Operation) parameter(in, name string) *Parameter {
	for _, p := range o.Parameters {
		if p.In == in && p.Name == name {
			return p
		}
	}
	return nil
}

func parse(raw []byte) (*Spec, error) {
	var doc any
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return nil, err
	}
	// By way of JSON, where numbers stay exact: 0.01 is not a float there.
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	if doc, err = jsonschema.UnmarshalJSON(bytes.NewReader(raw)); err != nil {
		return nil, err
	}

	l := &loader{compiler: jsonschema.NewCompiler()}
	l.compiler.AssertFormat()
	if err := l.compiler.AddResource(resource, doc); err != nil {
		return nil, err
	}
	s := &Spec{root: node{root: doc, value: doc}, schemas: map[string]*jsonschema.Schema{}}
	schemas := s.root.child("components", "schemas")
	for _, name := range schemas.keys() {
		s.schemas[name] = l.compile(schemas.child(name))
	}
	paths := s.root.child("paths")
	for _, path := range paths.keys() {
		for _, method := range []string{"get", "post", "put", "patch", "delete"} {
			if paths.child(path, method).value != nil {
				s.operations = append(s.operations, l.operation(paths.child(path), method, path))
			}
		}
	}
	rank := map[string]int{}
	for i, tag := range s.root.child("tags").list() {
		rank[tag.text("name")] = i
	}
	slices.SortStableFunc(s.operations, func(a, b *Operation) int {
		return cmp.Compare(rank[a.Tag], rank[b.Tag])
	})
	return s, l.err
}

// resource is the name of the description inside the schema compiler.
const resource = "openapi.json"

// A loader turns nodes of the description into operations. The first schema
// that does not compile ends up in err.
type loader struct {
	compiler *jsonschema.Compiler
	err      error
}

func (l *loader) compile(n node) *jsonschema.Schema {
	if n.value == nil || l.err != nil {
		return nil
	}
	schema, err := l.compiler.Compile(resource + n.pointer())
	if err != nil {
		l.err = err
	}
	return schema
}

func (l *loader) operation(item node, method, path string) *Operation {
	n := item.child(method)
	o := &Operation{
		ID:        n.text("operationId"),
		Method:    strings.ToUpper(method),
		Path:      path,
		Tag:       strings.Join(n.texts("tags"), ", "),
		Summary:   n.text("summary"),
		Evidence:  OperationEvidence{evidenceOf(n, "operation"), evidenceOf(n, "path"), evidenceOf(n, "names")},
		Names:     map[string]Evidence{},
		security:  scheme(n),
		body:      l.compile(n.child("requestBody", "content", "application/json", "schema")),
		responses: map[string]media{},
	}
	collect(o.Names, "body ", n.child("requestBody", "content", "application/json", "schema"))
	collect(o.Names, "answer ", n.child("responses", "200").follow().child("content", "application/json", "schema"))
	for _, p := range slices.Concat(item.child("parameters").list(), n.child("parameters").list()) {
		parameter := l.parameter(p.follow())
		o.Parameters = append(o.Parameters, parameter)
		o.Names[parameter.In+" "+parameter.Name] = parameter.Evidence
	}
	for _, status := range n.child("responses").keys() {
		content := n.child("responses", status).follow().child("content")
		o.responses[status] = media{}
		for _, t := range content.keys() {
			o.responses[status][t] = l.compile(content.child(t, "schema"))
		}
	}
	return o
}

func (l *loader) parameter(n node) *Parameter {
	schema := n.child("schema").follow()
	items := schema.child("items").follow()
	required, _ := n.child("required").value.(bool)
	return &Parameter{
		Name:     n.text("name"),
		In:       n.text("in"),
		Required: required,
		Evidence: evidenceOf(n),
		Values:   append(schema.texts("enum"), items.texts("enum")...),
		kind:     schema.text("type"),
		itemKind: items.text("type"),
		schema:   l.compile(n.child("schema")),
	}
}

func evidenceOf(n node, keys ...string) Evidence {
	e, _ := n.child("x-evidence").child(keys...).value.(string)
	return Evidence(e)
}

// collect adds the evidence for the names of all properties of a schema, and of
// those in them, by their paths.
func collect(names map[string]Evidence, path string, schema node) {
	schema = schema.follow()
	for _, key := range []string{"allOf", "anyOf", "oneOf"} {
		for _, part := range schema.child(key).list() {
			collect(names, path, part)
		}
	}
	if items := schema.child("items"); items.value != nil {
		collect(names, path, items)
	}
	for _, name := range schema.child("properties").keys() {
		property := schema.child("properties", name)
		names[path+name] = evidenceOf(property)
		collect(names, path+name+".", property)
	}
}

// scheme is the HTTP authentication that the operation asks for: its own, or
// that of the whole description.
func scheme(n node) string {
	security := n.child("security")
	if security.value == nil {
		security = node{root: n.root, value: n.root}.child("security")
	}
	for _, alternative := range security.list() {
		for _, name := range alternative.keys() {
			return node{root: n.root, value: n.root}.child("components", "securitySchemes", name).text("scheme")
		}
	}
	return ""
}
