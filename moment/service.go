package moment

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/vismatid/tid"
)

// Service reads and writes the objects of one entity as values of type T: a
// struct with json tags, a map, or [json.RawMessage].
type Service[T any] struct {
	client *Client
	entity string
}

// Of returns the service of any entity, by its name in the API's paths, for rows of any
// type: for an entity that this module does not know, or a row type of your own.
//
//	claims := moment.Of[Claim](c, "claims")
//	rows := moment.Of[OfferRow](c, "offers")
func Of[T any](c *Client, entity string) *Service[T] { return &Service[T]{c, entity} }

// Get returns one object, or tid.ErrNotFound.
//
// API: GET /{entity}/{id}, GET /{entity}/{id}/include/{parts} (inferred)
func (s *Service[T]) Get(ctx context.Context, id int64, includes ...Includes) (*T, error) {
	return fetchObject[T](ctx, s.at().object(id).include(s.parts(includes, false)), http.MethodGet, id)
}

// Create adds an object and returns it. in is an input struct, a row, or a map; of a
// row, an id and decimals that are zero are left out.
//
// API: POST /{entity}, POST /{entity}/include/{parts}
func (s *Service[T]) Create(ctx context.Context, in any, includes ...Includes) (*T, error) {
	return fetchObject[T](ctx, s.at().include(s.parts(includes, false)).carry(in), http.MethodPost, 0)
}

// Update changes what in sets and nothing else, and returns the object. in is an
// input struct, a row, or a map; one that sets nothing is refused. Of a row, its own id
// and decimals that are zero are left out: a zero is set by a [tid.Opt].
//
// API: PATCH /{entity}/{id}, PUT /{entity}/{id}/include/{parts}
func (s *Service[T]) Update(ctx context.Context, id int64, in any, includes ...Includes) (*T, error) {
	a := s.at().object(id).include(s.parts(includes, false)).carryChange(in, id)
	method := http.MethodPatch
	if a.included { // PATCH is not documented to take includes
		method = http.MethodPut
	}
	return fetchObject[T](ctx, a, method, id)
}

// Delete removes an object. The API may answer nothing; an answer that is about another
// object, or says something, is an error with MayHaveExecuted.
//
// API: DELETE /{entity}/{id}
func (s *Service[T]) Delete(ctx context.Context, id int64) error {
	out := answered[json.RawMessage]{check: func(_ *json.RawMessage, text json.RawMessage) error {
		if said := words(text); said != "" || shapeOf(rawMessage).id(&text) != 0 {
			return isObject(text, id)
		}
		return nil
	}}
	return s.at().object(id).send(ctx, http.MethodDelete, nil, &out)
}

// request is the path and the body of a request. It fails with the first problem that is
// found.
type request struct {
	client   *Client
	entity   string
	path     string // below the company
	template string // the same without ids, for the operation's name
	included bool
	body     any // nil or a json.RawMessage
	problem  string
}

func (s *Service[T]) at() request {
	r := request{client: s.client, entity: s.entity, path: "/" + s.entity, template: "/" + s.entity}
	if !isElement(s.entity) {
		r.problem = fmt.Sprintf("the entity must be one element of a path, such as timeRecords, not %q", clip(s.entity))
	}
	return r
}

func (r request) fail(problem string) request {
	if r.problem == "" {
		r.problem = problem
	}
	return r
}

func (r request) object(id int64) request {
	r.path, r.template = r.path+"/"+strconv.FormatInt(id, 10), r.template+"/{id}"
	return r.fail(checkID(id))
}

func checkID(id int64) string {
	if id < 1 {
		return fmt.Sprintf("id must be 1 or more, not %d", id)
	}
	return ""
}

// include asks for parts, as [Service.parts] gives them.
func (r request) include(joined, problem string) request {
	if joined != "" {
		r.path, r.template, r.included = r.path+"/include/"+joined, r.template+"/include/"+joined, true
	}
	return r.fail(problem)
}

func (r request) carry(in any) request {
	body, problem := r.encode(in, 0)
	r.body = body
	return r.fail(problem)
}

func (r request) carryChange(in any, id int64) request {
	body, problem := r.encode(in, id)
	r.body = body
	return r.fail(problem)
}

// operation names the request as package tid does.
func (r request) operation(method string) string { return method + " " + r.client.path(r.template) }

func (r request) send(ctx context.Context, method string, query, out any) error {
	if r.problem != "" {
		return invalid(r.operation(method), "not sent: %s", r.problem)
	}
	return r.client.Do(ctx, method, r.path, query, r.body, out)
}

// entities are the entities of the types of this package: an input is sent to no other one.
var entities = map[reflect.Type]string{
	reflect.TypeFor[Claim]():                  claims,
	reflect.TypeFor[Customer]():               "customers",
	reflect.TypeFor[CustomerInput]():          "customers",
	reflect.TypeFor[Invoice]():                "invoices",
	reflect.TypeFor[InvoiceInput]():           "invoices",
	reflect.TypeFor[Offer]():                  "offers",
	reflect.TypeFor[OfferInput]():             "offers",
	reflect.TypeFor[Project]():                "projects",
	reflect.TypeFor[ProjectInput]():           "projects",
	reflect.TypeFor[ProjectExtension]():       projectExtensions,
	reflect.TypeFor[ProjectExtensionInput]():  projectExtensions,
	reflect.TypeFor[ProjectMembership]():      projectMemberships,
	reflect.TypeFor[ProjectMembershipInput](): projectMemberships,
	reflect.TypeFor[Task]():                   tasks,
	reflect.TypeFor[TaskInput]():              tasks,
	reflect.TypeFor[TimeRecord]():             timeRecords,
	reflect.TypeFor[TimeRecordInput]():        timeRecords,
	reflect.TypeFor[UserAccount]():            "userAccounts",
	reflect.TypeFor[UserAccountInput]():       "userAccounts",
}

// encode writes the body of a request, one JSON object, and says what is wrong with it. id
// is the object to change, or 0 for a creation.
func (r request) encode(in any, id int64) (body json.RawMessage, problem string) {
	v := reflect.ValueOf(in)
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if !v.IsValid() {
		return nil, "there is nothing to send: the input is nil"
	}
	if of := entities[v.Type()]; of != "" && of != r.entity {
		return nil, fmt.Sprintf("the input is a %s, which is for %s", v.Type(), of)
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(in); err != nil {
		return nil, fmt.Sprintf("the body cannot be written as JSON: %v", err)
	}
	body = bytes.TrimSpace(buf.Bytes())
	if body[0] != '{' {
		return nil, fmt.Sprintf("the input must be a struct or a map, not a %T", in)
	}
	if name := dateIn(v, ""); name != "" {
		return nil, name + " is a tid.Date, which is written with a time of day: use moment.DayOf"
	}
	if body, problem = withoutZeros(body, v, id); problem == "" && id != 0 && string(body) == "{}" {
		problem = "there is nothing to change: the input sets no field"
	}
	return body, problem
}

// withoutZeros removes what the body of a row has although nothing was set: an id, and days
// and decimals that would be written as null and 0.
func withoutZeros(body json.RawMessage, v reflect.Value, id int64) (json.RawMessage, string) {
	s := shapeOf(v.Type())
	if own := s.id(v.Interface()); own != 0 && own != id {
		if id == 0 {
			return nil, fmt.Sprintf("the input has the id %d: a new object is given its own", own)
		}
		return nil, fmt.Sprintf("the input has the id %d, and %d is to be changed", own, id)
	}
	zero := map[string]bool{"id": true}
	if s.fields["id"] != nil && !s.open {
		for name, index := range s.fields {
			if f, err := v.FieldByIndexErr(index); err == nil && f.IsZero() && (f.Type() == decimal || f.Type() == day) {
				zero[name] = true
			}
		}
	} else if !bytes.Contains(body, []byte(`"id"`)) {
		return body, ""
	}
	kept := []byte{'{'}
	dec := json.NewDecoder(bytes.NewReader(body))
	_, _ = dec.Token() // it has just been written, so that nothing here fails
	for dec.More() {
		var value json.RawMessage
		token, _ := dec.Token()
		_ = dec.Decode(&value)
		name, _ := token.(string)
		if zero[strings.ToLower(name)] {
			continue
		}
		if len(kept) > 1 {
			kept = append(kept, ',')
		}
		quoted, _ := json.Marshal(name)
		kept = append(append(append(kept, quoted...), ':'), value...)
	}
	return append(kept, '}'), ""
}

var (
	date      = reflect.TypeFor[tid.Date]()
	day       = reflect.TypeFor[Day]()
	decimal   = reflect.TypeFor[tid.Decimal]()
	optDate   = reflect.TypeFor[tid.Opt[tid.Date]]()
	marshaler = reflect.TypeFor[json.Marshaler]()
)

// dateIn gives the name of a property that is a tid.Date, or "".
func dateIn(v reflect.Value, name string) string {
	switch {
	case !v.IsValid():
		return ""
	case v.Type() == date || v.Type() == optDate:
		if v.IsZero() {
			return ""
		}
		return name
	case v.Type().Implements(marshaler):
		return "" // such as a Day, which has its own format
	}
	found := ""
	look := func(v reflect.Value, name string) {
		if found == "" {
			found = dateIn(v, name)
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		look(v.Elem(), name)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			look(v.Index(i), name)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			look(v.MapIndex(key), fmt.Sprint(key))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name != "-" && (f.IsExported() || f.Anonymous) {
				look(v.Field(i), cmp.Or(name, f.Name))
			}
		}
	}
	return found
}
