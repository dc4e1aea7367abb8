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

// Of returns the service of any entity, by its name in the API's paths, for any
// type: one that this module does not know, or a row of one's own.
//
//	claims := moment.Of[Claim](c, "claims")
//	rows := moment.Of[OfferRow](c, "offers")
func Of[T any](c *Client, entity string) *Service[T] { return &Service[T]{c, entity} }

// Get returns one object, or tid.ErrNotFound.
//
// API: GET /{entity}/{id}, GET /{entity}/{id}/include/{parts} (inferred)
func (s *Service[T]) Get(ctx context.Context, id int64, includes ...Includes) (*T, error) {
	return fetch[T](ctx, s.at().object(id).include(includes), http.MethodGet, nil)
}

// Create adds an object and returns it. in is an input struct or a map.
//
// API: POST /{entity}, POST /{entity}/include/{parts}
func (s *Service[T]) Create(ctx context.Context, in any, includes ...Includes) (*T, error) {
	return fetch[T](ctx, s.at().include(includes).carry(in), http.MethodPost, nil)
}

// Update changes what in sets and nothing else, and returns the object. in is an
// input struct or a map; one that sets nothing is refused.
//
// API: PATCH /{entity}/{id}, PUT /{entity}/{id}/include/{parts}
func (s *Service[T]) Update(ctx context.Context, id int64, in any, includes ...Includes) (*T, error) {
	a := s.at().object(id).include(includes).carryChange(in)
	method := http.MethodPatch
	if a.included { // PATCH is not documented to take includes
		method = http.MethodPut
	}
	return fetch[T](ctx, a, method, nil)
}

// Delete removes an object.
//
// API: DELETE /{entity}/{id}
func (s *Service[T]) Delete(ctx context.Context, id int64) error {
	return s.at().object(id).send(ctx, http.MethodDelete, nil, nil)
}

// request is where a request goes and what it carries; the first problem that
// comes up on the way is what it fails with.
type request struct {
	client   *Client
	path     string // below the company
	template string // the same without ids, for the operation's name
	included bool
	body     any // nil or a json.RawMessage
	problem  string
}

func (s *Service[T]) at() request {
	r := request{client: s.client, path: "/" + s.entity, template: "/" + s.entity}
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

func (r request) include(includes []Includes) request {
	joined, problem := join(includes)
	if joined != "" {
		r.path, r.template, r.included = r.path+"/include/"+joined, r.template+"/include/"+joined, true
	}
	return r.fail(problem)
}

func (r request) carry(in any) request {
	body, problem := encode(in)
	r.body = body
	return r.fail(problem)
}

func (r request) carryChange(in any) request {
	body, problem := encodeChange(in)
	r.body = body
	return r.fail(problem)
}

// operation names the request as the engine does.
func (r request) operation(method string) string { return method + " " + r.client.path(r.template) }

func (r request) send(ctx context.Context, method string, query, out any) error {
	if r.problem != "" {
		return invalid(r.operation(method), "not sent: %s", r.problem)
	}
	return r.client.Do(ctx, method, r.path, query, r.body, out)
}

// fetch sends a request whose answer must hold a T.
func fetch[T any](ctx context.Context, r request, method string, query any) (*T, error) {
	var out *T
	if err := r.send(ctx, method, query, &out); err != nil {
		return nil, err
	}
	if out == nil {
		return nil, unusable(r.operation(method), method != http.MethodGet, "the answer is empty")
	}
	return out, nil
}

// encode writes the body of a request: one JSON object.
func encode(in any) (body json.RawMessage, problem string) {
	if v := reflect.ValueOf(in); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, "there is nothing to send: the input is nil"
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
	if name := dateIn(reflect.ValueOf(in), ""); name != "" {
		return nil, name + " is a tid.Date, which is written with a time of day: use moment.DayOf"
	}
	return body, ""
}

// encodeChange is encode for an update, which must change something.
func encodeChange(in any) (body json.RawMessage, problem string) {
	body, problem = encode(in)
	if string(body) == "{}" {
		return nil, "there is nothing to change: the input sets no field"
	}
	return body, problem
}

var (
	date      = reflect.TypeFor[tid.Date]()
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
		return "" // such as a Day, which knows how to write itself
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
