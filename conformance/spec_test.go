package conformance

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

func load(t *testing.T) *Spec {
	t.Helper()
	spec, err := Load(DefaultPath)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func TestDescriptionIsValidOpenAPI(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile(DefaultPath)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1.") {
		t.Errorf("the version is %s, not 3.1", doc.OpenAPI)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestDescriptionKeepsItsPromises(t *testing.T) {
	for _, problem := range audit(load(t)) {
		t.Error(problem)
	}
}

// Every promise is worth something only if a description that breaks it is
// found out.
func TestBrokenPromisesAreFound(t *testing.T) {
	raw, err := os.ReadFile(DefaultPath)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{"    patch:\n", "    x-patch:\n", "89 operations"},
		{"operationId: Offers.List", "operationId: Contacts.List", "Contacts.List is used twice"},
		{"operationId: Offers.List", "operationId: listOffers", "listOffers is not a Go method"},
		{"      tags: [Logs]\n      x-evidence: inferred\n", "      tags: [Logs]\n", `Logs.List: evidence ""`},
		{"      tags: [Logs]\n      x-evidence: inferred\n", "      tags: [Logs]\n      x-evidence: guessed\n", `Logs.List: evidence "guessed"`},
		{"          schema: {type: boolean}\n          x-evidence: observed\n", "          schema: {type: boolean}\n", `Opportunities.List filter.hasOffers: evidence ""`},
		{"isHeader: {type: boolean, x-evidence: observed}", "isHeader: {type: boolean}", `InvoiceRow/properties/isHeader: evidence ""`},
		{"name: filter.logType", "name: logType", "Logs.List logType: a filter without prefix"},
		{"name: excludeDeleted", "name: filter.excludeDeleted", "Planning.Users filter.excludeDeleted: a filter with prefix"},
		{"      required: [title]\n      additionalProperties: false\n", "      required: [title]\n", "Input: open"},
		{"    Tag:\n", "    Tag:\n      additionalProperties: false\n", "Tag: closed"},
	} {
		broken := strings.Replace(string(raw), c.old, c.new, 1)
		if broken == string(raw) {
			t.Errorf("%q does not occur", c.old)
			continue
		}
		spec, err := parse([]byte(broken))
		if err != nil {
			t.Errorf("%s: %v", c.want, err)
			continue
		}
		if problems := audit(spec); !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, c.want) }) {
			t.Errorf("want %q, got %q", c.want, problems)
		}
	}
}

var goMethod = regexp.MustCompile(`^[A-Z][A-Za-z]+(\.[A-Z][A-Za-z]+){1,2}$`)

// audit is what the description promises beyond being valid, and breaks.
func audit(s *Spec) []string {
	var problems []string
	problem := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	evidence := func(where string, e Evidence) {
		if e != Documented && e != Observed && e != Inferred {
			problem("%s: evidence %q", where, e)
		}
	}

	if n := len(s.operations); n != 90 {
		problem("%d operations, not 90", n)
	}
	seen := map[string]bool{}
	for _, o := range s.operations {
		evidence(o.ID, o.Evidence)
		if seen[o.ID] {
			problem("%s is used twice", o.ID)
		}
		seen[o.ID] = true
		if !goMethod.MatchString(o.ID) {
			problem("%s is not a Go method", o.ID)
		}
		for _, p := range o.Parameters {
			evidence(o.ID+" "+p.Name, p.Evidence)
		}
		for _, status := range []string{"200", "400", "401", "403", "404", "429", "500", "502", "503"} {
			if _, ok := o.responses[status]; !ok {
				problem("%s: no answer %s", o.ID, status)
			}
		}
		page := o.parameter("query", "page")
		if page == nil {
			continue
		}
		if size := o.parameter("query", "pageSize"); !page.Required || size == nil || !size.Required {
			problem("%s: page and pageSize are not required", o.ID)
		}
		for _, f := range o.Filters() {
			switch prefixed, planning := strings.HasPrefix(f.Name, "filter."), o.Tag == "Planning"; {
			case prefixed && planning:
				problem("%s %s: a filter with prefix", o.ID, f.Name)
			case !prefixed && !planning:
				problem("%s %s: a filter without prefix", o.ID, f.Name)
			}
		}
	}

	var visit func(n node)
	visit = func(n node) {
		for _, name := range n.child("properties").keys() {
			p := n.child("properties", name)
			evidence(p.pointer(), Evidence(p.text("x-evidence")))
		}
		for _, key := range n.keys() {
			visit(n.child(key))
		}
		for _, item := range n.list() {
			visit(item)
		}
	}
	visit(s.root)

	// A misspelt property in a request is found; an unknown one in an answer
	// is welcome.
	schemas := s.root.child("components", "schemas")
	for _, name := range schemas.keys() {
		closed := schemas.child(name, "additionalProperties").value == false
		switch input := strings.HasSuffix(name, "Input"); {
		case input && !closed && schemas.child(name).text("type") == "object":
			problem("%s: open", name)
		case !input && closed:
			problem("%s: closed", name)
		}
	}
	return problems
}
