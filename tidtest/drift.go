package tidtest

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/vismatid/tid/internal/scan"
	"github.com/vismatid/tid/tidtest/internal/operations"
	"github.com/vismatid/tid/tidtest/internal/query"
	"github.com/vismatid/tid/tidtest/internal/schema"
	"github.com/vismatid/tid/tidtest/internal/tables"
)

// A Drift is an API whose operation differs from its description, as one does that has changed since, or that has been
// described wrongly:
//
//	srv.SetDrift(tidtest.Drift{Operation: "GET /v1/Core/Contacts", Renamed: map[string]string{"items.vatNumber": "vat"}})
//
// Properties go by their path in the answer: "items.name" in the rows of a list, "totalPages" of the list itself,
// "company.name" and "tags.title" in nested objects and lists of them. Only answers that tell of a success are changed, and
// what the server keeps never is. Numbers stay as they are written, and properties in their order.
type Drift struct {
	// Operation is the name of the operation that differs, as Operations gives them.
	Operation string
	// Moved is the template of the path at which it answers instead, with the same placeholders in the same order. At its own
	// path there is nothing then.
	Moved string
	// Renamed gives properties another name: {"items.name": "title"} for a row's name.
	Renamed map[string]string
	// Missing names properties that are left out.
	Missing []string
	// Added are properties that are not described, with the JSON of their value: {"items.creditLimit": "5000.00"}.
	Added map[string]string
	// Retyped gives properties another type of JSON: "string", "number", "boolean", "array", "object" or "null". A number
	// becomes a string of its digits, a text that is no number becomes 0 and an object its id, an array its length; a boolean
	// is false for what is 0 or empty; anything becomes an array that holds it, an object with it as its value. Null stays.
	Retyped map[string]string
	// DeafFilters names parameters of a list that are passed over: "filter.query".
	DeafFilters []string
	// DeafSorts names sort keys of a list by which it does not sort: sortBy is passed over.
	DeafSorts []string
}

// WithDrift starts a server that drifts. See Server.SetDrift.
func WithDrift(drifts ...Drift) Option {
	return func(c *config) { c.drift = append(c.drift, drifts...) }
}

// SetDrift makes operations differ from the description from now on, in the place of all that an earlier call has set; without
// arguments nothing does. Several drifts may concern one operation, and then all of them do. It panics if there is no such
// operation, property, filter or sort key, or if they contradict each other.
func (s *Server) SetDrift(drifts ...Drift) {
	if len(drifts) == 0 {
		s.drift.Store(nil)
		return
	}
	all := &drift{operations: map[string]*drifting{}}
	moved := map[string]string{}
	for _, d := range drifts {
		i := slices.IndexFunc(s.operations, func(op *operations.Operation) bool { return op.Name == d.Operation })
		if i < 0 {
			panic("tidtest: a drift of no operation " + d.Operation)
		}
		op := s.operations[i]
		to := all.operations[op.Name]
		if to == nil {
			to = &drifting{answer: &shift{}}
			all.operations[op.Name] = to
		}
		if d.Moved != "" {
			if _, twice := moved[op.Name]; twice {
				panic("tidtest: two paths for " + op.Name)
			}
			moved[op.Name] = movedTo(op, d.Moved)
		}
		if wrong := to.add(op, s.answered(op), d); wrong != "" {
			panic("tidtest: " + op.Name + " cannot drift: " + wrong)
		}
	}
	all.router = s.moved(moved)
	s.drift.Store(all)
}

// drift is what all drifts together come to.
type drift struct {
	router     *operations.Router
	operations map[string]*drifting // by name
}

// drifting is an operation that differs.
type drifting struct {
	answer  *shift
	filters []string
	sorts   []string
}

// A shift is how a value of an answer changes, and what is inside it.
type shift struct {
	inside  map[string]*shift
	name    string // the new one
	retype  string
	missing bool
	added   []member
}

type member struct{ name, value string }

// at returns the shift of a path.
func (sh *shift) at(path []string) *shift {
	for _, name := range path {
		if sh.inside == nil {
			sh.inside = map[string]*shift{}
		}
		if sh.inside[name] == nil {
			sh.inside[name] = &shift{}
		}
		sh = sh.inside[name]
	}
	return sh
}

// movedTo checks the new template of an operation.
func movedTo(op *operations.Operation, template string) string {
	placeholders := func(path string) (all []string) {
		for part := range strings.SplitSeq(path, "/") {
			if strings.ContainsAny(part, "{}") {
				all = append(all, part)
			}
		}
		return all
	}
	path := strings.TrimPrefix(template, "/")
	if u, err := url.Parse("/" + path); err != nil || u.RawQuery != "" || slices.Contains(strings.Split(path, "/"), "") {
		panic("tidtest: " + op.Name + " cannot drift to " + template + ": that is not a path")
	}
	if !slices.Equal(placeholders(path), placeholders(op.Path)) {
		panic("tidtest: " + op.Name + " cannot drift to " + template + ": it needs the same placeholders in the same order")
	}
	return path
}

// moved routes requests with some operations at other paths.
func (s *Server) moved(to map[string]string) *operations.Router {
	taken, ops := map[string]string{}, slices.Clone(s.operations)
	for i, op := range ops {
		if path, ok := to[op.Name]; ok {
			moved := *op
			moved.Path = path
			ops[i], op = &moved, &moved
		}
		parts := strings.Split(strings.ToLower(op.Path), "/")
		for i, part := range parts {
			if strings.HasPrefix(part, "{") {
				parts[i] = "{}"
			}
		}
		at := op.Method + " /" + strings.Join(parts, "/")
		if other := taken[at]; other != "" {
			panic("tidtest: two operations at one path: " + other + " and " + op.Name)
		}
		taken[at] = op.Name
	}
	return operations.NewRouter(ops)
}

// add takes up what one drift says, and tells what is wrong with it; answer has the properties of the answer and their types.
func (dr *drifting) add(op *operations.Operation, answer map[string]string, d Drift) (wrong string) {
	for _, step := range []func(map[string]string, Drift) string{dr.rename, dr.retype, dr.omit, dr.extend} {
		if wrong := step(answer, d); wrong != "" {
			return wrong
		}
	}
	if path := dr.answer.contradiction(""); path != "" {
		return path + " is missing and yet changed"
	}
	for _, name := range d.DeafFilters {
		i := slices.IndexFunc(op.Resource.Filters, func(f query.Filter) bool { return f.Parameter(op.Resource.Bare) == name })
		switch {
		case i < 0 || !lists(op):
			return "it has no filter " + name
		case op.Resource.Filters[i].Required:
			return "the filter " + name + " is required"
		}
	}
	for _, name := range d.DeafSorts {
		if !lists(op) || !slices.ContainsFunc(op.Resource.Sorts, func(k query.SortKey) bool { return k.Name == name }) {
			return "it has no sort key " + name
		}
	}
	dr.filters, dr.sorts = append(dr.filters, d.DeafFilters...), append(dr.sorts, d.DeafSorts...)
	return ""
}

func noProperty(path string) string { return "its answers have no property " + path }

func (dr *drifting) rename(answer map[string]string, d Drift) (wrong string) {
	for _, path := range slices.Sorted(maps.Keys(d.Renamed)) {
		name, sh := d.Renamed[path], dr.answer.at(strings.Split(path, "."))
		_, known := answer[path]
		switch {
		case !known:
			return noProperty(path)
		case strings.Contains(name, "."):
			return name + " is no name"
		case sh.name != "":
			return path + " is renamed twice"
		}
		if wrong := dr.taken(answer, path[:strings.LastIndex(path, ".")+1]+name, path); wrong != "" {
			return wrong
		}
		sh.name = name
	}
	return ""
}

func (dr *drifting) retype(answer map[string]string, d Drift) (wrong string) {
	for _, path := range slices.Sorted(maps.Keys(d.Retyped)) {
		to, sh := d.Retyped[path], dr.answer.at(strings.Split(path, "."))
		kind, known := answer[path]
		switch {
		case !known:
			return noProperty(path)
		case !slices.Contains([]string{"string", "number", "boolean", "array", "object", "null"}, to):
			return to + " is no type of JSON"
		case to == kind:
			return path + " is of that type: " + to
		case sh.retype != "":
			return path + " is retyped twice"
		}
		sh.retype = to
	}
	return ""
}

func (dr *drifting) omit(answer map[string]string, d Drift) (wrong string) {
	for _, path := range d.Missing {
		if _, known := answer[path]; !known {
			return noProperty(path)
		}
		dr.answer.at(strings.Split(path, ".")).missing = true
	}
	return ""
}

func (dr *drifting) extend(answer map[string]string, d Drift) (wrong string) {
	for _, path := range slices.Sorted(maps.Keys(d.Added)) {
		if !json.Valid([]byte(d.Added[path])) {
			return "the value of " + path + " is not valid JSON"
		}
		if wrong := dr.taken(answer, path, ""); wrong != "" {
			return wrong
		}
		parts := strings.Split(path, ".")
		in := dr.answer.at(parts[:len(parts)-1])
		in.added = append(in.added, member{parts[len(parts)-1], d.Added[path]})
	}
	return ""
}

// taken tells why a path is not free for a property, which may be there instead of another one.
func (dr *drifting) taken(answer map[string]string, path, instead string) (why string) {
	name := path[strings.LastIndex(path, ".")+1:]
	parent := strings.TrimSuffix(strings.TrimSuffix(path, name), ".")
	if kind := answer[parent]; name == "" || kind != "object" && kind != "array" {
		return "its answers have no place for " + path
	}
	for other := range answer {
		if strings.EqualFold(other, path) && other != instead {
			return "its answers have a property " + other
		}
	}
	in := dr.answer.at(split(parent))
	for _, other := range in.inside {
		if strings.EqualFold(other.name, name) {
			return path + " is there twice"
		}
	}
	if slices.ContainsFunc(in.added, func(m member) bool { return strings.EqualFold(m.name, name) }) {
		return path + " is there twice"
	}
	return ""
}

func split(path string) []string {
	if path == "" {
		return nil
	}
	return strings.Split(path, ".")
}

// contradiction is the path of a property that is missing and has another change, or one inside it.
func (sh *shift) contradiction(path string) string {
	if sh.missing && (sh.name != "" || sh.retype != "" || len(sh.added) > 0 || len(sh.inside) > 0) {
		return strings.TrimPrefix(path, ".")
	}
	for _, name := range slices.Sorted(maps.Keys(sh.inside)) {
		if found := sh.inside[name].contradiction(path + "." + name); found != "" {
			return found
		}
	}
	return ""
}

// lists says whether an operation answers the rows of a list.
func lists(op *operations.Operation) bool {
	return op.Method == http.MethodGet && op.Path == op.Resource.Path
}

// answered are the properties of the answer of an operation by their paths, with their types; "" is the answer itself. It is
// empty for one that answers nothing, or a file.
func (s *Server) answered(op *operations.Operation) map[string]string {
	all := map[string]string{}
	last := op.Path[strings.LastIndex(op.Path, "/")+1:]
	switch {
	case op.Method == http.MethodDelete || op.Method == http.MethodPatch || last == "Download":
		return all
	case op.Open:
		maps.Copy(all, map[string]string{"objectName": "string", "accessToken": "string", "expires": "string"})
	case last == "NextProjectNumber":
		maps.Copy(all, map[string]string{"objectName": "string", "number": "string"})
	case last == "TimeCalculation":
		s.paths(s.account.Resource(tables.TimeCalculations).Schema, "", true, all)
	case lists(op):
		for _, name := range []string{"page", "pageSize", "itemCount", "totalItemCount", "totalPages"} {
			all[name] = "number"
		}
		all["objectName"], all["items"] = "string", "array"
		s.paths(op.Resource.Schema, "items.", false, all)
	default:
		s.paths(op.Resource.Schema, "", true, all)
	}
	all[""] = "object"
	return all
}

// paths adds the properties that an object of a schema is shown with.
func (s *Server) paths(of *schema.Schema, prefix string, detail bool, all map[string]string) {
	all[prefix+"objectName"] = "string"
	for _, f := range of.Fields {
		if f.Kept || f.Detail && !detail {
			continue
		}
		path := prefix + f.Name
		kind := "string"
		switch f.Kind {
		case schema.Int, schema.Decimal, schema.Float:
			if kind = "number"; f.Quoted && detail {
				kind = "string"
			}
		case schema.Bool:
			kind = "boolean"
		case schema.Ref, schema.Refs:
			kind = "object"
			all[path+".objectName"], all[path+".id"] = "string", "number"
			for _, show := range f.Shows {
				all[path+"."+show.Name] = "string"
				if show.From != "" && s.account.Resource(f.Target).Schema.Field(show.From).Kind == schema.Bool {
					all[path+"."+show.Name] = "boolean"
				}
			}
		case schema.Object, schema.Objects:
			kind = "object"
			s.paths(f.Of, path+".", detail, all)
		case schema.JSON:
			kind = "" // any
		}
		if f.Kind == schema.Refs || f.Kind == schema.Objects || f.Kind == schema.Texts || f.Kind == schema.Enums {
			kind = "array"
		}
		all[path] = kind
	}
}

// route finds the operation that a request is for.
func (s *Server) route(method, path string) (*operations.Operation, []string) {
	if d := s.drift.Load(); d != nil {
		return d.router.Find(method, path)
	}
	return s.router.Find(method, path)
}

// drifted performs a request as an API does that differs from its description.
func (s *Server) drifted(op *operations.Operation, args []string, in inbound) reply {
	d := s.drift.Load()
	if d == nil || op == nil || d.operations[op.Name] == nil {
		return s.perform(op, args, in)
	}
	dr := d.operations[op.Name]
	in.URL = dr.deafen(in.URL)
	rep := s.perform(op, args, in)
	if rep.Status/100 == 2 && strings.HasPrefix(rep.Header.Get("Content-Type"), "application/json") && len(rep.Body) > 0 {
		rep.Body = dr.answer.appendTo(nil, rep.Body)
	}
	return rep
}

// deafen takes the parameters that are passed over out of a query.
func (dr *drifting) deafen(u *url.URL) *url.URL {
	if len(dr.filters)+len(dr.sorts) == 0 {
		return u
	}
	values, _ := url.ParseQuery(u.RawQuery)
	sort := query.NewParameters(values).First("sortBy")
	maps.DeleteFunc(values, func(name string, _ []string) bool {
		return schema.IndexFold(dr.filters, name) >= 0 || strings.EqualFold(name, "sortBy") && schema.IndexFold(dr.sorts, sort) >= 0
	})
	deaf := *u
	deaf.RawQuery = values.Encode()
	return &deaf
}

// appendTo adds a value as it is after the shift.
func (sh *shift) appendTo(dst, raw []byte) []byte {
	if len(sh.inside)+len(sh.added) == 0 {
		return retyped(dst, raw, sh.retype)
	}
	start := len(dst)
	switch raw[0] {
	case '[':
		dst = append(dst, '[')
		inner := *sh
		inner.retype = ""
		first := len(dst)
		scan.Elements(raw, func(value []byte) bool {
			dst = inner.appendTo(schema.Separate(dst, first), value)
			return true
		})
		dst = append(dst, ']')
	case '{':
		dst = append(dst, '{')
		first := len(dst)
		scan.Members(raw, func(name, value []byte) bool {
			of := sh.inside[string(name)]
			switch {
			case of == nil:
				dst = append(append(schema.AppendString(schema.Separate(dst, first), string(name)), ':'), value...)
			case !of.missing:
				to := string(name)
				if of.name != "" {
					to = of.name
				}
				dst = of.appendTo(append(schema.AppendString(schema.Separate(dst, first), to), ':'), value)
			}
			return true
		})
		for _, m := range sh.added {
			dst = append(append(schema.AppendString(schema.Separate(dst, first), m.name), ':'), m.value...)
		}
		dst = append(dst, '}')
	default:
		dst = append(dst, raw...)
	}
	if sh.retype == "" {
		return dst
	}
	return retyped(dst[:start], slices.Clone(dst[start:]), sh.retype)
}

// retyped adds a value as one of another type of JSON.
func retyped(dst, raw []byte, to string) []byte {
	kind := schema.JSONKind(raw)
	if to == "" || kind == to || kind == "null" {
		return append(dst, raw...)
	}
	switch to {
	case "string":
		return schema.AppendString(dst, string(raw))
	case "number":
		return append(dst, numberOf(raw)...)
	case "boolean":
		switch string(raw) {
		case "0", `""`, `"false"`, "[]", "{}":
			return append(dst, "false"...)
		}
		return append(dst, "true"...)
	case "array":
		return append(append(append(dst, '['), raw...), ']')
	case "object":
		return append(append(append(dst, `{"value":`...), raw...), '}')
	}
	return append(dst, "null"...)
}

// numberOf is a value as a number.
func numberOf(raw []byte) []byte {
	number := []byte("0")
	switch raw[0] {
	case 't':
		return []byte("1")
	case '"':
		if inner := raw[1 : len(raw)-1]; json.Valid(inner) && schema.JSONKind(inner) == "number" {
			return inner
		}
	case '[':
		n := 0
		scan.Elements(raw, func([]byte) bool { n++; return true })
		return strconv.AppendInt(nil, int64(n), 10)
	case '{':
		scan.Members(raw, func(name, value []byte) bool {
			if string(name) == "id" && schema.JSONKind(value) == "number" {
				number = value
			}
			return true
		})
	}
	return number
}
