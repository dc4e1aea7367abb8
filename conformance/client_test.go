package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vismatid/tid"
)

// What follows calls the client's methods without knowing them: what there is
// to call comes from reflection, and what to call it with from the description.

// newClient returns a client whose requests all go through the transport,
// once and at once.
func newClient(t *testing.T, transport http.RoundTripper, opts ...tid.Option) *tid.Client {
	t.Helper()
	opts = append([]tid.Option{
		tid.WithHTTPClient(&http.Client{Transport: transport}), tid.WithLimiter(nil), tid.WithRetries(0),
	}, opts...)
	client, err := tid.NewClient(tid.StaticToken("token"), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// A method is one of a service.
type method struct {
	name string // such as "Tasks.Comments.Create"
	decl string // such as "TaskCommentsService.Create"
	fn   reflect.Value
}

// methods are all methods of all services of the client.
func methods(t *testing.T, client *tid.Client) []method {
	t.Helper()
	var found []method
	var visit func(prefix string, service reflect.Value)
	visit = func(prefix string, owner reflect.Value) {
		for i := range owner.Elem().NumField() {
			field := owner.Elem().Type().Field(i)
			if !field.IsExported() {
				continue
			}
			name, service := prefix+field.Name, owner.Elem().Field(i)
			if !strings.HasSuffix(service.Type().String(), "Service") || service.IsNil() {
				t.Fatalf("%s is no service", name)
			}
			for j := range service.NumMethod() {
				own := "." + service.Type().Method(j).Name
				found = append(found, method{name + own, service.Type().Elem().Name() + own, service.Method(j)})
			}
			visit(name+".", service)
		}
	}
	visit("", reflect.ValueOf(client))
	return found
}

// stamp is a moment that a caller knows of.
var stamp = tid.DateTimeOfWall(time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC))

// articleKinds are the kinds that articles are written as.
var articleKinds = []string{"Addition", "Allowance", "Equipment", "Material", "Time"}

// operations are the ids of what a method sends, in order. A method with an
// article kind among its parameters sends another operation for each.
func (m method) operations() [][]string {
	service, last := m.name[:strings.LastIndex(m.name, ".")], m.name[strings.LastIndex(m.name, ".")+1:]
	switch {
	case takes[tid.ArticleType](m):
		var each [][]string
		for _, kind := range articleKinds {
			each = append(each, []string{m.name + "." + kind})
		}
		return each
	case last == "Modify":
		return [][]string{{service + ".Get", service + ".Update"}}
	case last == "All", last == "ChangedSince", last == "Follow", m.name == "Invoices.Unsent":
		return [][]string{{service + ".List"}}
	case m.name == "Tasks.Gone": // for want of a Get
		return [][]string{{service + ".List", service + ".List"}}
	case last == "Gone":
		return [][]string{{service + ".List", service + ".Get"}}
	case strings.HasPrefix(last, "All"):
		return [][]string{{service + "." + strings.TrimPrefix(last, "All")}}
	}
	return [][]string{{m.name}}
}

func takes[T any](m method) bool {
	for i := range m.fn.Type().NumIn() {
		if m.fn.Type().In(i) == reflect.TypeFor[T]() {
			return true
		}
	}
	return false
}

// chooses are the parameters that the method sets by itself, and takes from
// nobody.
func (m method) chooses() []string {
	if strings.HasSuffix(m.name, ".ChangedSince") || strings.HasSuffix(m.name, ".Follow") {
		return []string{"page", "sortBy", "sortOrder"}
	}
	return nil
}

// input is the type of the options or of the input that the method takes, or
// nil.
func (m method) input() reflect.Type {
	if n := m.fn.Type().NumIn(); n > 0 {
		switch last := m.fn.Type().In(n - 1); last.Kind() {
		case reflect.Pointer:
			return last.Elem()
		case reflect.Func:
			if in := last.In(0); in.Kind() == reflect.Pointer {
				return in.Elem()
			}
		}
	}
	return nil
}

// An invocation is a method with what it is called with.
type invocation struct {
	method
	spec       *Spec
	operations []*Operation
	// id gives the value of a path parameter, or of a property that is an id.
	id func(name string) int64
	// minimal is whether to leave out what is not required.
	minimal bool
	// zero is the index of an argument to leave zero, if it is not 0.
	zero int
	// edit changes the options or the input before the call; it may be nil.
	edit func(in any)
	// untouched is whether to leave an input as it is that the method reads itself.
	untouched bool
}

// invocations are the ways to call all methods of the client: each with everything
// set and with nothing but what must be.
func invocations(t *testing.T, spec *Spec, client *tid.Client) []invocation {
	t.Helper()
	var all []invocation
	for _, m := range methods(t, client) {
		for _, ids := range m.operations() {
			call := invocation{method: m, spec: spec, id: func(string) int64 { return 4711 }}
			for _, id := range ids {
				o := spec.Operation(id)
				if o == nil {
					t.Errorf("%s: the description has no operation %s", m.name, id)
					continue
				}
				call.operations = append(call.operations, o)
			}
			if len(call.operations) < len(ids) {
				continue
			}
			for _, call.edit = range variants(m.input()) {
				for _, call.minimal = range []bool{false, true} {
					all = append(all, call)
				}
			}
		}
	}
	return all
}

// variants are the inputs that it takes to set every property once, where not
// all can be set at once.
func variants(input reflect.Type) []func(in any) {
	switch input {
	case reflect.TypeFor[tid.ContactInput]():
		as := func(kind tid.ContactType) func(any) {
			return func(in any) {
				c := in.(*tid.ContactInput)
				if c.ContactType == tid.ContactPerson {
					c.ContactType = kind
				}
				if c.ContactType == tid.ContactCompany {
					c.CompanyID = 0
				} else {
					c.ParentCompanyID = 0
				}
			}
		}
		return []func(any){as(tid.ContactPerson), as(tid.ContactCompany)}
	case reflect.TypeFor[tid.TimeReportInput]():
		on := func(kind int) func(any) {
			return func(in any) {
				r := in.(*tid.TimeReportInput)
				for i, id := range []*int64{&r.ProjectID, &r.InternalProjectID, &r.AbsenceProjectID} {
					if i != kind {
						*id = 0
					}
				}
			}
		}
		return []func(any){on(0), on(1), on(2)}
	}
	return []func(any){nil}
}

// String names the method, and its operation where that has another name.
func (c invocation) String() string {
	if c.main().ID == c.name {
		return c.name
	}
	return c.name + " (" + c.main().ID + ")"
}

// main is the operation that the arguments are for: the last one.
func (c invocation) main() *Operation { return c.operations[len(c.operations)-1] }

// do calls the method and uses up what it returns.
func (c invocation) do(t *testing.T) ([]reflect.Value, error) {
	t.Helper()
	f := filler{t: t, inputs: c.spec.inputs(c.main()), id: c.id, all: !c.minimal,
		some: append(c.spec.required(c.main()), c.spec.choices(c.main())...)}
	path := c.pathParameters()
	var args []reflect.Value
	for i := range c.fn.Type().NumIn() {
		arg := reflect.New(c.fn.Type().In(i)).Elem()
		switch {
		case i > 0 && i == c.zero:
		case arg.Type() == reflect.TypeFor[context.Context]():
			arg.Set(reflect.ValueOf(t.Context()))
		case arg.Type() == reflect.TypeFor[tid.ArticleType]():
			arg.SetString(strings.ToLower(c.main().ID[strings.LastIndex(c.main().ID, ".")+1:]))
		case arg.Kind() == reflect.Int64:
			arg.SetInt(c.id(path[0]))
			path = path[1:]
		case arg.Type() == reflect.TypeFor[*tid.Cursor]():
			arg.Set(reflect.ValueOf(&tid.Cursor{Newest: stamp}))
		case arg.Type() == reflect.TypeFor[iter.Seq2[int64, tid.DateTime]]():
			arg.Set(reflect.ValueOf(maps.All(map[int64]tid.DateTime{4711: stamp})))
		case arg.Kind() == reflect.Pointer:
			arg.Set(c.filled(f, arg.Type().Elem()))
		case arg.Kind() == reflect.Func:
			in := c.filled(f, arg.Type().In(0).Elem())
			arg.Set(reflect.MakeFunc(arg.Type(), func(args []reflect.Value) []reflect.Value {
				if !c.untouched {
					args[0].Elem().Set(in.Elem())
				}
				return []reflect.Value{reflect.Zero(reflect.TypeFor[error]())}
			}))
		default:
			f.fill("", arg)
		}
		args = append(args, arg)
	}
	return use(c.fn.Call(args))
}

// filled is an input, or nil for options of which none is required.
func (c invocation) filled(f filler, input reflect.Type) reflect.Value {
	in := reflect.New(input)
	f.fill("", in.Elem())
	for _, name := range c.chooses() {
		set(f.t, in.Interface(), name, nil)
	}
	if c.edit != nil {
		c.edit(in.Interface())
	}
	if c.minimal && in.Elem().IsZero() && c.main().body == nil {
		return reflect.Zero(in.Type())
	}
	return in
}

// pathParameters are the names of the parameters in the path, in order.
func (c invocation) pathParameters() []string {
	var names []string
	for element := range strings.SplitSeq(c.main().Path, "/") {
		if strings.HasPrefix(element, "{") {
			names = append(names, strings.Trim(element, "{}"))
		}
	}
	return names
}

// use goes through a sequence, reads a file, and takes the error from the
// end of the results.
func use(results []reflect.Value) ([]reflect.Value, error) {
	last := results[len(results)-1]
	if last.Kind() == reflect.Func {
		var items []reflect.Value
		for item, err := range last.Seq2() {
			if !err.IsNil() {
				return items, err.Interface().(error)
			}
			items = append(items, item)
		}
		return items, nil
	}
	if err, _ := last.Interface().(error); err != nil {
		return nil, err
	}
	if file, ok := results[0].Interface().(*tid.File); ok {
		_, err := io.Copy(io.Discard, file.Body)
		return results, errors.Join(err, file.Body.Close())
	}
	return results[:len(results)-1], nil
}

// A filler sets the fields of what goes into an operation to values that the
// description allows.
type filler struct {
	t      *testing.T
	inputs map[string]node // of the operation
	id     func(name string) int64
	all    bool     // whether to set every property of an input,
	some   []string // or only these
}

// fill sets the value that goes by this name in the request.
func (f filler) fill(name string, v reflect.Value) {
	f.t.Helper()
	if v.Type() == reflect.TypeFor[tid.DateOrTime]() {
		v.Set(reflect.ValueOf(tid.NewDate(2026, 10, 1)))
		return
	}
	switch v.Interface().(type) {
	case tid.Date:
		v.Set(reflect.ValueOf(tid.NewDate(2026, 10, 1)))
		return
	case tid.DateTime: // after everything in the examples
		v.Set(reflect.ValueOf(tid.DateTimeOfWall(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))))
		return
	case tid.ClockTime:
		v.Set(reflect.ValueOf(tid.NewClockTime(7, 30)))
		return
	case tid.Decimal:
		v.Set(reflect.ValueOf(tid.NewDecimal(725, -2)))
		return
	case interface{ IsNull() bool }: // an Opt
		value := reflect.New(v.MethodByName("Get").Type().Out(0))
		f.fill(name, value.Elem())
		assign(f.t, v, value.Interface())
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for field, value := range fields(v) {
			if wire := wireName(field); f.all || slices.Contains(f.some, wire) {
				f.fill(wire, value)
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(name, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			f.fill(name, v.Index(i))
		}
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		if strings.HasSuffix(strings.ToLower(strings.TrimSuffix(name, "s")), "id") {
			v.SetInt(f.id(name))
		} else {
			v.SetInt(50)
		}
	case reflect.Float64:
		v.SetFloat(18.0625)
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() {
			v.SetString("Å/1 ?&%")
			return
		}
		values := inner(f.inputs[name]).texts("enum")
		if len(values) == 0 {
			f.t.Errorf("the description knows no values of %q, a %s", name, v.Type())
			return
		}
		v.SetString(values[0])
	default:
		f.t.Errorf("nothing is known to set %s to, a %s", name, v.Type())
	}
}

// assign gives v, or the only element of a list, a value by way of JSON.
func assign(t *testing.T, v reflect.Value, value any) {
	t.Helper()
	if v.SetZero(); value == nil {
		return
	}
	if v.Kind() == reflect.Slice {
		value = []any{value}
	}
	data, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(data, v.Addr().Interface())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// fields are the exported fields of a struct, those of embedded ones included.
func fields(v reflect.Value) iter.Seq2[reflect.StructField, reflect.Value] {
	return func(yield func(reflect.StructField, reflect.Value) bool) {
		for _, field := range reflect.VisibleFields(v.Type()) {
			if field.IsExported() && !field.Anonymous && wireName(field) != "-" && !yield(field, v.FieldByIndex(field.Index)) {
				return
			}
		}
	}
}

// set gives the field that goes by this name in the request a value, or none
// if it is nil.
func set(t *testing.T, in any, name string, value any) {
	t.Helper()
	for f, v := range fields(reflect.ValueOf(in).Elem()) {
		if wireName(f) == name {
			assign(t, v, value)
			return
		}
	}
	t.Errorf("%T has no field for %s", in, name)
}

func wireName(f reflect.StructField) string {
	tag := f.Tag.Get("url")
	if tag == "" {
		tag = f.Tag.Get("json")
	}
	name, _, _ := strings.Cut(tag, ",")
	return name
}
