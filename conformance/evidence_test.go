package conformance

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vismatid/tid"
)

// TestCommentsMarkWhatIsInferred holds the fields of everything that methods take
// and return against the description: a field whose name is inferred there is
// marked in its comment, and no other one is.
func TestCommentsMarkWhatIsInferred(t *testing.T) {
	spec := load(t)
	described := describedFields(t, spec)
	marked := markedFields(t, "..")
	for _, field := range slices.Sorted(maps.Keys(described)) {
		if inferred := described[field] == Inferred; inferred != marked[field] {
			t.Errorf("%s is %s in the description; marked as inferred in its comment: %t", field, described[field], marked[field])
		}
	}
	for _, field := range slices.Sorted(maps.Keys(marked)) {
		if _, ok := described[field]; !ok {
			t.Errorf("%s is marked as inferred, but no method takes or returns it", field)
		}
	}
}

// describedFields are the fields of all structs that methods take and return, such
// as "ContactSummary.Website", with the evidence for their names.
func describedFields(t *testing.T, spec *Spec) map[string]Evidence {
	t.Helper()
	found := map[string]Evidence{}
	for _, c := range invocations(t, spec, newClient(t, http.DefaultTransport)) {
		o := c.main()
		if input := c.input(); input != nil {
			names := map[string]node{}
			for _, p := range spec.at(o).child("parameters").list() {
				names[p.follow().text("name")] = p.follow()
			}
			body, _ := objectOf(spec.bodySchema(o))
			maps.Copy(names, body)
			describe(t, found, input, names)
		}
		if output := c.fn.Type().Out(0); output.Kind() == reflect.Pointer && output != reflect.TypeFor[*tid.File]() {
			answer := spec.at(o).child("responses", "200").follow().child("content", "application/json", "schema")
			names, _ := objectOf(answer.follow())
			describe(t, found, output.Elem(), names)
		}
	}
	return found
}

// describe adds the evidence for the fields of a struct, and of the structs in it.
// names are what the description has by these names.
func describe(t *testing.T, found map[string]Evidence, of reflect.Type, names map[string]node) {
	t.Helper()
	for i := range of.NumField() {
		f := of.Field(i)
		if f.Anonymous {
			describe(t, found, f.Type, names)
			continue
		}
		if name := wireName(f); f.IsExported() && name != "" && name != "-" {
			typ, _, _ := strings.Cut(of.Name(), "[")
			where := typ + "." + f.Name
			n, ok := names[name]
			if !ok {
				t.Errorf("%s: the description has no %s", where, name)
				continue
			}
			if before, ok := found[where]; ok && before != evidenceOf(n) {
				t.Errorf("%s is both %s and %s in the description", where, before, evidenceOf(n))
			}
			found[where] = evidenceOf(n)
			if inside, _ := objectOf(inner(n)); len(inside) > 0 {
				describe(t, found, element(f.Type), inside)
			}
		}
	}
}

// element is what a pointer points at, what a list consists of, what an Opt holds.
func element(t reflect.Type) reflect.Type {
	switch {
	case t.Kind() == reflect.Pointer, t.Kind() == reflect.Slice:
		return element(t.Elem())
	case t.Implements(reflect.TypeFor[interface{ IsNull() bool }]()):
		return element(reflect.New(t).MethodByName("Get").Type().Out(0))
	}
	return t
}

// allInferred is the sentence in the comment of a type that marks all its fields at
// once, or all its filters, but for those that it excepts.
var allInferred = regexp.MustCompile(`All (names|filters)(?: but ([\w, ]+))? are inferred\.`)

// markedFields are the fields of the structs in a directory that are marked as
// inferred: by an "// inferred" of their own, or by a sentence as in allInferred,
// which does not mean objectName, since that is on every object.
func markedFields(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	marked := map[string]bool{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			d, ok := decl.(*ast.GenDecl)
			if !ok || d.Tok != token.TYPE {
				continue
			}
			spec := d.Specs[0].(*ast.TypeSpec)
			s, ok := spec.Type.(*ast.StructType)
			if !ok {
				continue
			}
			sentence := allInferred.FindStringSubmatch(strings.Join(strings.Fields(d.Doc.Text()), " "))
			meant := func(name, tag string) bool {
				return sentence != nil && !strings.Contains(tag, `"objectName,`) &&
					(sentence[1] == "names" || strings.Contains(tag, `"filter.`)) &&
					!slices.Contains(regexp.MustCompile(`\w+`).FindAllString(sentence[2], -1), name)
			}
			for _, field := range s.Fields.List {
				if len(field.Names) == 0 || field.Tag == nil || strings.Contains(field.Tag.Value, `json:"-"`) {
					continue
				}
				name := field.Names[0].Name
				if strings.TrimSpace(field.Comment.Text()) == "inferred" || meant(name, field.Tag.Value) {
					marked[spec.Name.Name+"."+name] = true
				}
			}
		}
	}
	return marked
}

// TestOperationsHaveTheEvidenceForTheirPaths holds the client's own list of
// operations against the description.
func TestOperationsHaveTheEvidenceForTheirPaths(t *testing.T) {
	spec := load(t)
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "operations.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]Evidence{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if entry, ok := n.(*ast.KeyValueExpr); ok {
			operation := spec.Operation("Auth.Token").String() // has a name of its own in the list
			if literal, ok := entry.Key.(*ast.BasicLit); ok {
				operation = strings.Trim(literal.Value, `"`)
			}
			listed[operation] = Evidence(entry.Value.(*ast.Ident).Name)
		}
		return true
	})
	for _, o := range spec.Operations() {
		if listed[o.String()] != o.Evidence.Path {
			t.Errorf("%s is %q in operations.go, and its path %s in the description", o, listed[o.String()], o.Evidence.Path)
		}
		delete(listed, o.String())
	}
	for operation := range listed {
		t.Errorf("%s is not described", operation)
	}
}
