package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The kinds of evidence that this command knows.
const (
	observed = "observed"
	inferred = "inferred"
)

// A description is the text of api/openapi.yaml, its nodes, and what is to be changed in the text.
type description struct {
	raw   []byte
	root  node
	edits []edit
}

// A node is a place in the description.
type node struct {
	*yaml.Node
	root *yaml.Node
}

// An edit puts a word in the place of another.
type edit struct {
	line, column int
	from, to     string
}

func readDescription(file string) (*description, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	root := doc.Content[0]
	return &description{raw: raw, root: node{root, root}}, nil
}

// at follows keys, and references to components.
func (n node) at(keys ...string) node {
	for _, key := range keys {
		n = n.follow()
		next := node{root: n.root}
		if n.Node != nil && n.Kind == yaml.MappingNode {
			for i := 0; i+1 < len(n.Content); i += 2 {
				if n.Content[i].Value == key {
					next.Node = n.Content[i+1]
				}
			}
		}
		n = next
	}
	return n
}

func (n node) follow() node {
	if n.Node == nil || n.Kind != yaml.MappingNode {
		return n
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "$ref" {
			path := strings.TrimPrefix(n.Content[i+1].Value, "#/")
			return node{n.root, n.root}.at(strings.Split(path, "/")...).follow()
		}
	}
	return n
}

// own is a key of the mapping itself, not of what it refers to.
func (n node) own(key string) node {
	if n.Node != nil && n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				return node{n.Content[i+1], n.root}
			}
		}
	}
	return node{root: n.root}
}

func (n node) items() []node {
	var all []node
	if n.Node != nil {
		for _, item := range n.Content {
			all = append(all, node{item, n.root})
		}
	}
	return all
}

func (n node) text() string {
	if n.Node == nil {
		return ""
	}
	return n.Value
}

// operation is the node of one, such as "GET /v1/Core/Contacts".
func (d *description) operation(name string) node {
	method, path, _ := strings.Cut(name, " ")
	return d.root.at("paths", path, strings.ToLower(method))
}

// evidence are the nodes of the evidence for the names of an operation, by the names that reports give them.
func (d *description) evidence(operation string) map[string][]node {
	found := map[string][]node{}
	_, path, _ := strings.Cut(operation, " ")
	op := d.operation(operation)
	for _, list := range []node{d.root.at("paths", path, "parameters"), op.at("parameters")} {
		for _, p := range list.items() {
			p = p.follow()
			key := p.at("in").text() + " " + p.at("name").text()
			found[key] = append(found[key], p.own("x-evidence"))
		}
	}
	collect(found, "body ", op.at("requestBody", "content", "application/json", "schema"))
	collect(found, "answer ", op.at("responses", "200", "content", "application/json", "schema"))
	return found
}

// collect adds the evidence for the properties of a schema, and of those in them.
func collect(found map[string][]node, path string, schema node) {
	schema = schema.follow()
	for _, key := range []string{"allOf", "anyOf", "oneOf"} {
		for _, part := range schema.own(key).items() {
			collect(found, path, part)
		}
	}
	if items := schema.own("items"); items.Node != nil {
		collect(found, path, items)
	}
	properties := schema.own("properties")
	if properties.Node == nil {
		return
	}
	for i := 0; i+1 < len(properties.Content); i += 2 {
		name, property := properties.Content[i].Value, node{properties.Content[i+1], schema.root}
		found[path+name] = append(found[path+name], property.own("x-evidence"))
		collect(found, path+name+".", property)
	}
}

// set replaces a word of evidence.
func (d *description) set(n node, to string) bool {
	if n.Node == nil || n.Value == to {
		return false
	}
	e := edit{n.Line, n.Column, n.Value, to}
	if slices.Contains(d.edits, e) {
		return false
	}
	d.edits = append(d.edits, e)
	return true
}

// text is the description with the edits: nothing but these words changes.
func (d *description) text() []byte {
	lines := strings.Split(string(d.raw), "\n")
	slices.SortFunc(d.edits, func(a, b edit) int { // from the end, so that columns stay
		return cmp.Or(cmp.Compare(b.line, a.line), cmp.Compare(b.column, a.column))
	})
	for _, e := range d.edits {
		line, i := lines[e.line-1], e.column-1
		lines[e.line-1] = line[:i] + e.to + strings.TrimPrefix(line[i:], e.from)
	}
	return []byte(strings.Join(lines, "\n"))
}

// together are operations that one method of the client calls, one for each kind: their paths are known together or not.
func together(operation string) string {
	for _, method := range []string{"POST", "PUT"} {
		if strings.HasPrefix(operation, method+" /v1/Admin/Articles/") {
			return method
		}
	}
	return operation
}

// learn marks what a report has seen, and counts it.
func (d *description) learn(r *report) (paths, names int) {
	answered, missed := map[string]bool{}, map[string]bool{}
	for _, o := range r.Operations {
		answered[o.Operation] = o.Result == "works" || o.Result == "empty"
		if !answered[o.Operation] {
			missed[together(o.Operation)] = true
		}
	}
	for _, o := range r.Operations {
		op := d.operation(o.Operation)
		if op.Node == nil {
			continue
		}
		known := op.at("x-evidence", "path")
		if known.text() == inferred && answered[o.Operation] && !missed[together(o.Operation)] && d.set(known, observed) {
			paths++
		}
		evidence := d.evidence(o.Operation)
		for _, name := range o.Names {
			for _, n := range evidence[name] {
				if n.text() == inferred && d.set(n, observed) {
					names++
				}
			}
		}
	}
	return paths, names
}
