package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// A Violation is one way in which a request or a response departs from the
// description.
type Violation struct {
	Where   string // such as "query filter.query" or "body /items/0/id"
	Problem string
}

// String is the violation in one line.
func (v Violation) String() string { return v.Where + ": " + v.Problem }

// Find is the operation that a method and an escaped path reach, with the
// values of the path parameters, or nil. Literal path elements win over
// parameters; case matters.
func (s *Spec) Find(method, escapedPath string) (*Operation, map[string]string) {
	var found *Operation
	var values map[string]string
	for _, o := range s.operations {
		if o.Method != method {
			continue
		}
		if v, ok := match(o.Path, escapedPath); ok && (found == nil || len(v) < len(values)) {
			found, values = o, v
		}
	}
	return found, values
}

func match(template, escapedPath string) (map[string]string, bool) {
	want, got := strings.Split(template, "/"), strings.Split(escapedPath, "/")
	if len(want) != len(got) {
		return nil, false
	}
	values := map[string]string{}
	for i := range want {
		value, err := url.PathUnescape(got[i])
		if err != nil {
			return nil, false
		}
		if name, ok := strings.CutPrefix(want[i], "{"); ok {
			values[strings.TrimSuffix(name, "}")] = value
		} else if value != want[i] {
			return nil, false
		}
	}
	return values, true
}

// CheckRequest holds a request against the operation that it reaches, which
// is nil when there is none. It leaves r.Body alone: the body comes apart.
func (s *Spec) CheckRequest(r *http.Request, body []byte) (*Operation, []Violation) {
	o, values := s.Find(r.Method, r.URL.EscapedPath())
	if o == nil {
		return nil, []Violation{{"path", r.Method + " " + r.URL.EscapedPath() + " is not described"}}
	}
	var found []Violation
	if scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " "); !strings.EqualFold(scheme, o.security) {
		found = append(found, Violation{"header Authorization", fmt.Sprintf("the scheme is %q, not %q", scheme, o.security)})
	}
	for _, p := range o.Parameters {
		if p.In == "path" {
			found = append(found, p.check(values[p.Name])...)
		}
	}
	found = append(found, o.checkQuery(r.URL.RawQuery)...)
	switch {
	case o.body == nil && len(body) > 0:
		found = append(found, Violation{"body", "none is described"})
	case o.body != nil && len(body) == 0:
		found = append(found, Violation{"body", "missing"})
	case o.body != nil:
		if t := mediaType(r.Header); t != "application/json" {
			found = append(found, Violation{"header Content-Type", fmt.Sprintf("%q is not described", t)})
		}
		found = append(found, checkJSON(o.body, body)...)
	}
	return o, found
}

func (o *Operation) checkQuery(raw string) []Violation {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return []Violation{{"query", err.Error()}}
	}
	var found []Violation
	for _, name := range slices.Sorted(maps.Keys(query)) {
		p := o.parameter("query", name)
		switch {
		case p == nil:
			found = append(found, Violation{"query " + name, "not described"})
		case len(query[name]) > 1:
			found = append(found, Violation{"query " + name, "given more than once"})
		default:
			found = append(found, p.check(query[name][0])...)
		}
	}
	for _, p := range o.Parameters {
		if p.In == "query" && p.Required && !query.Has(p.Name) {
			found = append(found, Violation{"query " + p.Name, "missing"})
		}
	}
	return found
}

// check holds the text of a parameter against its schema.
func (p *Parameter) check(text string) []Violation {
	var value any
	if p.kind == "array" {
		var items []any
		for item := range strings.SplitSeq(text, ",") {
			items = append(items, typed(p.itemKind, item))
		}
		value = items
	} else {
		value = typed(p.kind, text)
	}
	return checkValue(p.schema, value, p.In+" "+p.Name)
}

// typed is a text as a value of the wanted type. A text that does not look
// like one stays a text, for the schema to refuse.
func typed(kind, text string) any {
	switch kind {
	case "integer":
		if i, err := strconv.ParseInt(text, 10, 64); err == nil && strconv.FormatInt(i, 10) == text {
			return json.Number(text)
		}
	case "boolean":
		switch text {
		case "true":
			return true
		case "false":
			return false
		}
	}
	return text
}

// CheckResponse holds the answer to an operation against the description. Of
// a body that is not JSON only its presence and its type matter.
func (o *Operation) CheckResponse(status int, header http.Header, body []byte) []Violation {
	content, ok := o.responses[strconv.Itoa(status)]
	switch {
	case !ok:
		return []Violation{{"status", strconv.Itoa(status) + " is not described"}}
	case len(body) == 0 && (len(content) == 0 || status >= 400):
		return nil
	case len(body) == 0 && slices.Contains([]string{"PUT", "PATCH", "DELETE"}, o.Method):
		return nil // writes may answer nothing
	case len(body) == 0:
		return []Violation{{"body", "missing"}}
	case len(content) == 0:
		return []Violation{{"body", "none is described"}}
	}
	t := mediaType(header)
	schema, ok := content[t]
	if !ok {
		schema, ok = content["*/*"]
	}
	switch {
	case !ok:
		return []Violation{{"header Content-Type", fmt.Sprintf("%q is not described", t)}}
	case t != "application/json":
		return nil
	}
	return checkJSON(schema, body)
}

// CheckSchema holds JSON against the component schema of this name.
func (s *Spec) CheckSchema(name string, body []byte) []Violation {
	schema := s.schemas[name]
	if schema == nil {
		return []Violation{{"schema " + name, "not described"}}
	}
	return checkJSON(schema, body)
}

func mediaType(h http.Header) string {
	t, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return h.Get("Content-Type")
	}
	return t
}

func checkJSON(schema *jsonschema.Schema, body []byte) []Violation {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return []Violation{{"body", err.Error()}}
	}
	return checkValue(schema, value, "body")
}

func checkValue(schema *jsonschema.Schema, value any, where string) []Violation {
	err := schema.Validate(value)
	if err == nil {
		return nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return []Violation{{where, err.Error()}}
	}
	var found []Violation
	for _, leaf := range leaves(invalid) {
		at := where
		if len(leaf.InstanceLocation) > 0 {
			at += " /" + strings.Join(leaf.InstanceLocation, "/")
		}
		if v := (Violation{at, leaf.ErrorKind.LocalizedString(english)}); !slices.Contains(found, v) {
			found = append(found, v)
		}
	}
	return found
}

var english = message.NewPrinter(language.English)

// leaves are the errors at the bottom of an error: those above only say that
// something below them failed.
func leaves(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	var all []*jsonschema.ValidationError
	for _, cause := range e.Causes {
		all = append(all, leaves(cause)...)
	}
	return all
}
