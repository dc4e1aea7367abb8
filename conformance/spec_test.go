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
		{"{operation: documented, path: observed, names: observed}", "{operation: documented, path: observed}", `names: evidence ""`},
		{"{operation: documented, path: observed, names: observed}", "{operation: documented, path: guessed, names: observed}", `path: evidence "guessed"`},
		{"{operation: documented, path: observed, names: observed}", "{operation: documented, path: observed, names: inferred}", "but the weakest of its names is observed"},
		{"{operation: observed, ", "{operation: documented, ", "81 documented operations, not 80"},
		{"\n    UserBase:\n", "\n    PageSize:\n      type: integer\n    UserBase:\n", "PageSize is the name of two components"},
		{"      description: What has happened to projects, an entry each.\n", "", "Logs.List: no description"},
		{"{anyOf: [{type: string}, {type: \"null\"}], x-evidence: observed}", "{type: [string, \"null\"], x-evidence: observed}", "more than one type"},
		{"{type: integer, format: int64, minimum: 1, x-evidence: observed}", "{type: integer, format: int64, x-evidence: observed}", "an id without a minimum"},
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
	documented := 0
	seen := map[string]bool{}
	for _, o := range s.operations {
		evidence(o.ID+" operation", o.Evidence.Operation)
		evidence(o.ID+" path", o.Evidence.Path)
		evidence(o.ID+" names", o.Evidence.Names)
		if o.Evidence.Operation == Documented {
			documented++
		}
		if o.Evidence.Names != o.Weakest() {
			problem("%s: names %s, but the weakest of its names is %s", o.ID, o.Evidence.Names, o.Weakest())
		}
		if s.at(o).text("description") == "" {
			problem("%s: no description", o.ID)
		}
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
		if o.parameter("query", "page") == nil {
			continue
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

	if documented != 80 {
		problem("%d documented operations, not 80", documented)
	}

	// Generators name types after components, and whether they tell two apart that
	// differ in case alone is up to their language.
	components := map[string]bool{}
	for _, kind := range s.root.child("components").keys() {
		for _, name := range s.root.child("components", kind).keys() {
			if components[strings.ToLower(name)] {
				problem("%s is the name of two components", name)
			}
			components[strings.ToLower(name)] = true
		}
	}

	var visit func(n node)
	visit = func(n node) {
		if len(n.child("type").list()) > 0 {
			problem("%s: more than one type", n.pointer())
		}
		if n.text("format") == "int64" && n.child("minimum").value == nil {
			problem("%s: an id without a minimum", n.pointer())
		}
		for _, name := range n.child("properties").keys() {
			p := n.child("properties", name)
			evidence(p.pointer(), evidenceOf(p))
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
