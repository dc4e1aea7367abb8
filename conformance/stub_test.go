package conformance

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A stub is a transport that answers every operation with an example of what
// is described, and keeps what the last one sent.
type stub struct {
	t    *testing.T
	spec *Spec

	query url.Values
	body  any
}

func (s *stub) RoundTrip(r *http.Request) (*http.Response, error) {
	s.query, s.body = r.URL.Query(), nil
	if r.Body != nil {
		if err := json.NewDecoder(r.Body).Decode(&s.body); err != nil && err != io.EOF { // EOF: a body that is empty
			s.t.Error(err)
		}
	}
	answer := http.Response{StatusCode: 404, Header: http.Header{}, Body: http.NoBody, Request: r}
	if o, _ := s.spec.Find(r.Method, r.URL.EscapedPath()); o != nil {
		contentType, body := s.spec.answer(o, s.query)
		answer.StatusCode = 200
		answer.Header.Set("Content-Type", contentType)
		answer.Body = io.NopCloser(strings.NewReader(body))
	}
	return &answer, nil
}

// at is where an operation is described.
func (s *Spec) at(o *Operation) node {
	return s.root.child("paths", o.Path, strings.ToLower(o.Method))
}

// answer is an example of a successful answer to an operation; a page is the last,
// of the number and the size that the query asks for.
func (s *Spec) answer(o *Operation, query url.Values) (contentType, body string) {
	content := s.at(o).child("responses", "200").follow().child("content")
	if len(content.keys()) == 0 {
		return "", ""
	}
	contentType = content.keys()[0]
	if contentType != "application/json" {
		return strings.ReplaceAll(contentType, "*/*", "image/png"), "content"
	}
	value := (&maker{used: map[string]int{}}).value(content.child(contentType, "schema"), "", "")
	if page, ok := value.(map[string]any); ok && o.parameter("query", "page") != nil {
		n := len(page["items"].([]any))
		number, _ := strconv.Atoi(query.Get("page"))
		size, _ := strconv.Atoi(query.Get("pageSize"))
		maps.Copy(page, map[string]any{"page": number, "pageSize": size, "itemCount": n,
			"totalItemCount": max(0, number-1)*size + n, "totalPages": number})
	}
	data, _ := json.Marshal(value) // it consists of maps, lists and scalars
	return contentType, string(data)
}

// inputs are the schemas of what goes into an operation: parameters of its
// query by their names, and properties of its body by their paths, such as
// "travelReport.companyCar.id".
func (s *Spec) inputs(o *Operation) map[string]node {
	inputs := properties(s.bodySchema(o))
	for _, p := range s.at(o).child("parameters").list() {
		if p = p.follow(); p.text("in") == "query" {
			inputs[p.text("name")] = p.child("schema")
		}
	}
	return inputs
}

// properties are the schemas of the properties of an object, and of those in
// it, by their paths.
func properties(object node) map[string]node {
	found := map[string]node{}
	var visit func(prefix string, n node)
	visit = func(prefix string, n node) {
		own, _ := objectOf(n)
		for name, property := range own {
			if !slices.Contains(n.child("not").texts("required"), name) {
				found[prefix+name] = property
				visit(prefix+name+".", inner(property))
			}
		}
	}
	visit("", object)
	return found
}

// paths adds the paths of all properties in JSON.
func paths(to map[string]bool, prefix string, value any) {
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			paths(to, prefix, element)
		}
	case map[string]any:
		for name, inner := range value {
			to[prefix+name] = true
			paths(to, prefix+name+".", inner)
		}
	}
}

// bodySchema is the schema of the body of an operation.
func (s *Spec) bodySchema(o *Operation) node {
	return inner(s.at(o).child("requestBody", "content", "application/json", "schema"))
}

// required are the parameters of the query and the properties of the body that
// an operation must have, but for those that the client itself sees to.
func (s *Spec) required(o *Operation) []string {
	body := s.bodySchema(o)
	names := body.texts("required")
	for _, part := range body.child("allOf").list() {
		names = append(names, part.follow().texts("required")...)
	}
	for _, p := range o.Parameters {
		if p.In == "query" && p.Required {
			names = append(names, p.Name)
		}
	}
	own := []string{"id", "comment", "page", "pageSize"}
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(own, name) })
}

// choices are the properties of the body of which an operation must have one.
func (s *Spec) choices(o *Operation) []string {
	var names []string
	body := s.bodySchema(o)
	for _, choice := range append(body.child("oneOf").list(), body.child("anyOf").list()...) {
		names = append(names, choice.texts("required")...)
	}
	return names
}

// inner is the schema of a value that is not null, or of the elements of one
// that is a list. Alternatives beside a type do not stand for it: they restrict it.
func inner(n node) node {
	n = n.follow()
	if alternatives := n.child("anyOf").list(); len(alternatives) > 0 && n.text("type") == "" {
		return inner(alternatives[0])
	}
	if items := n.child("items"); items.value != nil {
		return inner(items)
	}
	return n
}
