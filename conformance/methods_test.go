package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/vismatid/tid"
)

// TestMethodsKeepToTheDescription calls every method of every service and
// holds what it sends, and what it says it sends, against the description.
func TestMethodsKeepToTheDescription(t *testing.T) {
	spec := load(t)
	stub := &stub{t: t, spec: spec}
	recorder := &Recorder{Spec: spec, Base: stub}
	client := newClient(t, recorder, tid.WithWriteCheck(tid.WriteCheckOff)) // the examples hold nothing of what is sent

	sent := map[*Operation]map[string]bool{} // the names of parameters and properties
	for _, c := range invocations(t, spec, client) {
		before := len(recorder.Calls())
		if _, err := c.do(t); err != nil {
			t.Errorf("%s: %v", c, err)
		}
		reached := recorder.Calls()[before:]
		checkCalls(t, c.String(), reached, c.operations...)
		if c.main().parameter("query", "page") != nil && !(stub.query.Has("page") && stub.query.Has("pageSize")) {
			t.Errorf("%s: page and pageSize are not sent, without which some lists have failed", c)
		}
		if len(reached) > 0 {
			if sent[c.main()] == nil {
				sent[c.main()] = map[string]bool{}
			}
			for name := range stub.query {
				sent[c.main()][name] = true
			}
			paths(sent[c.main()], "", stub.body)
		}
	}
	for o, names := range sent {
		for name := range spec.inputs(o) {
			if !names[name] {
				t.Errorf("%s: %s is described, but no field sends it", o.ID, name)
			}
		}
	}

	exchanged := spec.Operation("Auth.Token")
	for what, exchange := range map[string]func() error{
		"ExchangeToken": func() error {
			_, err := tid.ExchangeToken(t.Context(), "ap_1", "secret", tid.WithHTTPClient(&http.Client{Transport: recorder}))
			return err
		},
		"AppCredentials": func() error {
			client, err := tid.NewClient(tid.AppCredentials("ap_1", "secret"), tid.WithHTTPClient(&http.Client{Transport: recorder}))
			if err != nil {
				return err
			}
			return client.Do(t.Context(), "DELETE", "v1/Core/Contacts/7", nil, nil, nil)
		},
	} {
		before := len(recorder.Calls())
		if err := exchange(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		checkCalls(t, what, recorder.Calls()[before:][:1], exchanged)
	}

	for _, o := range recorder.Unreached() {
		t.Errorf("%s: no method reaches %s", o.ID, o)
	}
}

// checkCalls fails unless the calls have reached these operations, without a
// violation.
func checkCalls(t *testing.T, what string, calls []Call, want ...*Operation) {
	t.Helper()
	var reached []*Operation
	for _, call := range calls {
		reached = append(reached, call.Operation)
		for _, v := range slices.Concat(call.Request, call.Response) {
			t.Errorf("%s: %s %s: %s", what, call.Method, call.URL, v)
		}
	}
	if !slices.Equal(reached, want) {
		t.Errorf("%s reaches %v, not %v", what, reached, want)
	}
}

// TestMethodsRefuseWhatIsNotDescribed changes one parameter or property at a
// time to what the description forbids, and to what it just allows.
func TestMethodsRefuseWhatIsNotDescribed(t *testing.T) {
	spec := load(t)
	stub := &stub{t: t, spec: spec}
	recorder := &Recorder{Spec: spec, Base: stub}
	client := newClient(t, recorder, tid.WithWriteCheck(tid.WriteCheckOff)) // the examples hold nothing of what is sent

	for _, c := range invocations(t, spec, client) {
		if c.minimal || c.input() == nil {
			continue
		}
		for name, limit := range limits(spec, c.main()) {
			if slices.Contains(c.chooses(), name) {
				continue
			}
			try := func(value any) error {
				call := c
				call.edit = func(in any) {
					set(t, in, name, value)
					if c.edit != nil {
						c.edit(in)
					}
				}
				_, err := call.do(t)
				return err
			}
			for _, value := range limit.allowed {
				if err := try(value); err != nil {
					t.Errorf("%s: %s = %v is refused: %v", c, name, value, err)
				}
			}
			for _, value := range limit.refused {
				before := len(recorder.Calls())
				err := try(value)
				if !errors.Is(err, tid.ErrInvalidInput) {
					t.Errorf("%s: %s = %v: %v", c, name, value, err)
					continue
				}
				if n := len(recorder.Calls()) - before; n > len(c.operations)-1 {
					t.Errorf("%s: %s = %v is sent before it is refused", c, name, value)
				}
				said, _, _ := strings.Cut(err.Error(), "; refused by an inferred rule")
				if value != nil && !strings.HasSuffix(said, limit.says) {
					t.Errorf("%s: %s = %v: %v; the description has %q", c, name, value, err, limit.says)
				}
			}
		}
	}
	for _, call := range recorder.Calls() {
		for _, v := range call.Request {
			t.Errorf("%s %s: %s", call.Method, call.URL, v)
		}
	}
}

// A limit is what a parameter or a property must be.
type limit struct {
	allowed, refused []any  // nil is none
	says             string // how a refusal of what is not nil ends
}

// limits are the limits of what goes into an operation, by name: what is
// required, the values of enumerations, lengths and bounds.
func limits(spec *Spec, o *Operation) map[string]limit {
	all := map[string]limit{}
	required := spec.required(o)
	for name, schema := range spec.inputs(o) {
		if strings.Contains(name, ".") && !strings.HasPrefix(name, "filter.") {
			continue // no limit is known of what lies deeper
		}
		var l limit
		if slices.Contains(required, name) {
			l.refused = append(l.refused, nil)
		}
		value := inner(schema)
		if values := value.texts("enum"); len(values) > 0 {
			for _, v := range values {
				l.allowed = append(l.allowed, v)
			}
			l.refused = append(l.refused, "invented")
			l.says = "is not one of " + strings.Join(values, ", ")
		}
		if n, ok := number(value, "maxLength"); ok {
			l.allowed = append(l.allowed, strings.Repeat("å", int(n)))
			l.refused = append(l.refused, strings.Repeat("å", int(n)+1))
		}
		if n, ok := number(value, "maximum"); ok {
			l.allowed = append(l.allowed, n)
			l.refused = append(l.refused, n+1)
		}
		if n, ok := number(value, "minimum"); ok && value.text("format") != "int64" { // the API finds out what is no id
			l.allowed = append(l.allowed, n)
			l.refused = append(l.refused, min(n-1, -1)) // a page 0 is none
		}
		if len(l.refused) > 0 {
			all[name] = l
		}
	}
	return all
}

// number is the number under the key of a schema.
func number(schema node, key string) (float64, bool) {
	n, ok := schema.child(key).value.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}

// TestMethodsRefuseEmptyArguments leaves out one argument at a time of those
// that are neither options nor an input: ids, numbers, days, kinds.
func TestMethodsRefuseEmptyArguments(t *testing.T) {
	spec := load(t)
	recorder := &Recorder{Spec: spec, Base: &stub{t: t, spec: spec}}
	for _, c := range invocations(t, spec, newClient(t, recorder, tid.WithWriteCheck(tid.WriteCheckOff))) {
		for c.zero = 1; c.zero < c.fn.Type().NumIn(); c.zero++ {
			switch arg := c.fn.Type().In(c.zero); {
			case arg.Kind() == reflect.Pointer, arg.Kind() == reflect.Func:
				continue
			case arg == reflect.TypeFor[tid.DateTime]():
				continue // everything has changed since
			case c.operations[0].ID == "Invoices.SetSentToEconomySystem" && arg.Kind() == reflect.String:
				continue // the number is optional
			}
			if _, err := c.do(t); !errors.Is(err, tid.ErrInvalidInput) {
				t.Errorf("%s without argument %d: %v", c, c.zero, err)
			}
		}
	}
	for _, call := range recorder.Calls() {
		t.Errorf("%s %s is sent", call.Method, call.URL)
	}
}

// TestHintsFollowTheEvidence answers every operation with 404: the client says
// that a path is inferred where, and only where, the description does.
func TestHintsFollowTheEvidence(t *testing.T) {
	spec := load(t)
	nowhere := &answer{status: 404, body: http.NoBody}
	check := func(what string, o *Operation, err error) {
		t.Helper()
		if !errors.Is(err, tid.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
			return
		}
		if hint := strings.Contains(err.Error(), "inferred"); hint != (o.Evidence.Path == Inferred) {
			t.Errorf("%s: %v; the description says %s", what, err, o.Evidence.Path)
		}
	}
	for _, c := range invocations(t, spec, newClient(t, nowhere)) {
		_, err := c.do(t)
		check(c.String(), c.operations[0], err)
	}
	_, err := tid.ExchangeToken(t.Context(), "ap_1", "secret", tid.WithHTTPClient(&http.Client{Transport: nowhere}))
	check("ExchangeToken", spec.Operation("Auth.Token"), err)
}

// TestCommentsNameTheOperation holds the last line of the comment of every
// method against the description: which operation it is, and how well known.
func TestCommentsNameTheOperation(t *testing.T) {
	spec := load(t)
	comments := comments(t, "..")
	for _, c := range invocations(t, spec, newClient(t, http.DefaultTransport)) {
		_, line, _ := strings.Cut(strings.Join(strings.Fields(comments[c.decl]), " "), "API: ")
		short := "…" + strings.TrimPrefix(c.main().Path, "/v1/Admin/Articles") // where there are several
		if !strings.Contains(line, c.main().String()) && !(strings.Contains(line, c.main().Method) && strings.Contains(line, short)) {
			t.Errorf("%s: the comment has %q, not %s", c.name, line, c.main())
		}
		if inferred := strings.Contains(line, "(inferred)"); inferred != (c.main().Evidence.Path == Inferred) {
			t.Errorf("%s: the comment has %q, the description says %s", c.name, line, c.main().Evidence.Path)
		}
	}
}

// comments are those of the methods in a directory, such as
// "ContactsService.List".
func comments(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv != nil {
				if star, ok := f.Recv.List[0].Type.(*ast.StarExpr); ok {
					found[fmt.Sprintf("%s.%s", star.X, f.Name)] = f.Doc.Text()
				}
			}
		}
	}
	return found
}
