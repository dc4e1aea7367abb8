package main

import (
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// otherSchema is the schema of a type that has another name.
var otherSchema = map[string]string{"SupplierInvoiceInput": "UnhandledSupplierInvoiceInput"}

// comments takes "inferred" out of the client's source wherever the description does not say so any more.
func comments(root string, d *description) error {
	files, err := filepath.Glob(filepath.Join(root, "*.go"))
	if err != nil {
		return err
	}
	options := map[string]string{} // the operations that options belong to
	sources := map[string]*source{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		s, err := readSource(file)
		if err != nil {
			return err
		}
		sources[file] = s
		for _, decl := range s.tree.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv != nil {
				for _, p := range f.Type.Params.List {
					if star, ok := p.Type.(*ast.StarExpr); ok {
						if op := lastOperation(f.Doc.Text()); op != "" && options[fmt.Sprint(star.X)] == "" {
							options[fmt.Sprint(star.X)] = op
						}
					}
				}
			}
		}
	}
	for file, s := range sources {
		if filepath.Base(file) == "operations.go" {
			s.operations(d)
		}
		for _, decl := range s.tree.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				s.method(d, decl)
			case *ast.GenDecl:
				s.structs(d, decl, options)
			}
		}
		if err := s.write(file); err != nil {
			return err
		}
	}
	return nil
}

// A source is a Go file and what is to be changed in it.
type source struct {
	raw   []byte
	set   *token.FileSet
	tree  *ast.File
	edits []replacement
}

type replacement struct {
	from, to int
	text     string
}

func readSource(file string) (*source, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, file, raw, parser.ParseComments)
	return &source{raw: raw, set: set, tree: tree}, err
}

func (s *source) offset(p token.Pos) int { return s.set.Position(p).Offset }

func (s *source) replace(from, to token.Pos, text string) {
	s.edits = append(s.edits, replacement{s.offset(from), s.offset(to), text})
}

func (s *source) write(file string) error {
	if len(s.edits) == 0 {
		return nil
	}
	slices.SortFunc(s.edits, func(a, b replacement) int { return b.from - a.from })
	raw := string(s.raw)
	for _, e := range s.edits {
		raw = raw[:e.from] + e.text + raw[e.to:]
	}
	text, err := format.Source([]byte(raw))
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, text, 0o644)
}

// operations changes the evidence in the client's own list.
func (s *source) operations(d *description) {
	ast.Inspect(s.tree, func(n ast.Node) bool {
		entry, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		key, isText := entry.Key.(*ast.BasicLit)
		value, isName := entry.Value.(*ast.Ident)
		if !isText || !isName {
			return true
		}
		operation, err := strconv.Unquote(key.Value)
		if known := d.operation(operation).at("x-evidence", "path").text(); err == nil && known != "" && known != value.Name {
			s.replace(value.Pos(), value.End(), known)
		}
		return true
	})
}

var operationName = regexp.MustCompile(`(?:GET|POST|PUT|PATCH|DELETE) /v1/[\w/{}]+`)

// lastOperation is the operation that the comment of a method ends with.
func lastOperation(doc string) string {
	_, line, _ := strings.Cut(doc, "API: ")
	all := operationName.FindAllString(line, -1)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// method takes the mark out of the last line of a comment.
func (s *source) method(d *description, f *ast.FuncDecl) {
	if f.Doc == nil {
		return
	}
	operation := lastOperation(f.Doc.Text())
	if operation == "" || d.operation(operation).at("x-evidence", "path").text() == inferred {
		return
	}
	last := f.Doc.List[len(f.Doc.List)-1]
	if text, ok := strings.CutSuffix(last.Text, " (inferred)"); ok {
		s.replace(last.Pos(), last.End(), text)
	}
}

// sentence marks all fields of a type at once, or all its filters.
var sentence = regexp.MustCompile(`All (names|filters)(?: but ([\w, ]+))? are inferred\.`)

// structs takes the marks out of the comments of a type and of its fields.
func (s *source) structs(d *description, decl *ast.GenDecl, options map[string]string) {
	if decl.Tok != token.TYPE {
		return
	}
	spec := decl.Specs[0].(*ast.TypeSpec)
	of, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	known := d.fields(spec.Name.Name, options[spec.Name.Name])
	if len(known) == 0 {
		return
	}
	var exceptions, marked []string
	words := strings.Join(strings.Fields(decl.Doc.Text()), " ")
	said := sentence.FindStringSubmatch(words)
	if said != nil && said[2] != "" {
		exceptions = regexp.MustCompile(`\w+`).FindAllString(strings.ReplaceAll(said[2], " and ", ", "), -1)
	}
	changed := false
	for _, field := range of.Fields.List {
		if len(field.Names) == 0 || field.Tag == nil {
			continue
		}
		name, wire := field.Names[0].Name, wireName(field.Tag.Value)
		stays := known[wire] == inferred
		if strings.TrimSpace(field.Comment.Text()) == inferred && !stays {
			s.replace(field.Tag.End(), field.Comment.End(), "")
		}
		if said == nil || wire == "objectName" || said[1] == "filters" && !strings.HasPrefix(wire, "filter.") || slices.Contains(exceptions, name) {
			continue
		}
		if stays {
			marked = append(marked, name)
		} else if known[wire] != "" {
			exceptions, changed = append(exceptions, name), true
		}
	}
	if !changed {
		return
	}
	text := ""
	if len(marked) > 0 {
		text = "All " + said[1] + " but " + enumerate(exceptions) + " are inferred."
	}
	s.reword(decl.Doc, said[0], text)
}

// fields is the evidence for the properties of the schema of a type, or for the parameters of the operation of options.
func (d *description) fields(name, operation string) map[string]string {
	found := map[string]string{}
	if other := otherSchema[name]; other != "" {
		name = other
	}
	evidence := map[string][]node{}
	if schema := d.root.at("components", "schemas", name); schema.Node != nil {
		collect(evidence, "", schema)
	} else if operation != "" {
		for key, nodes := range d.evidence(operation) {
			if key, ok := strings.CutPrefix(key, "query "); ok {
				evidence[key] = nodes
			}
		}
	}
	for key, nodes := range evidence {
		found[key] = nodes[len(nodes)-1].text()
	}
	return found
}

func wireName(tag string) string {
	text, _ := strconv.Unquote(tag)
	for _, key := range []string{"json", "url"} {
		if name, _, _ := strings.Cut(reflect.StructTag(text).Get(key), ","); name != "" {
			return name
		}
	}
	return ""
}

func enumerate(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// width is that of comments that are written anew.
const width = 80

// reword replaces a sentence of a comment, and wraps its paragraph.
func (s *source) reword(doc *ast.CommentGroup, old, text string) {
	for first := 0; first < len(doc.List); {
		last := first
		var words []string
		for ; last < len(doc.List) && doc.List[last].Text != "//"; last++ {
			words = append(words, strings.Fields(strings.TrimPrefix(doc.List[last].Text, "//"))...)
		}
		if paragraph := strings.Join(words, " "); strings.Contains(paragraph, old) {
			paragraph = strings.Join(strings.Fields(strings.Replace(paragraph, old, text, 1)), " ")
			s.replace(doc.List[first].Pos(), doc.List[last-1].End(), wrap(paragraph))
			return
		}
		first = last + 1
	}
}

func wrap(paragraph string) string {
	var b strings.Builder
	length := width
	for _, word := range strings.Fields(paragraph) {
		if length+1+len(word) > width {
			if b.Len() > 0 {
				b.WriteByte('\n')
			}
			b.WriteString("//")
			length = 2
		}
		b.WriteString(" " + word)
		length += 1 + len(word)
	}
	return b.String()
}
