package tid

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
)

// put replaces one object, and returns it as the API has it afterwards. If the answer is
// empty or lacks something that was sent, the object is read with get; if get is nil since
// the API has no such operation, an object of an empty answer has only its id. An object
// that is not as it was sent is returned with ErrNotApplied.
func put[T any](ctx context.Context, c *Client, op string, body any, get func(context.Context, int64) (*T, error), args ...any) (*T, error) {
	id := args[len(args)-1].(int64)
	call, err := c.newCall(ctx, op, args, nil, withID(body, id))
	if err != nil {
		return nil, err
	}
	out := new(T)
	var found comparison
	err = c.do(ctx, call, func(resp *http.Response) error {
		if err := receiveInto(out)(resp); err != nil {
			return err
		}
		if found = c.compare(body, out); found.missing() == 0 {
			call.notApplied = found.names()
		}
		return nil
	})
	if err != nil {
		return nil, withCarried(err, body)
	}
	is := identity(out)
	held := is != 0 && (is == id || c.writeCheck == WriteCheckOff)
	switch {
	case get == nil && held:
		return out, nil
	case get == nil:
		if own, ok := idIn(reflect.ValueOf(out).Elem()); ok {
			own.SetInt(id)
		}
		return out, nil
	case !held || found.missing() > 0:
		fresh, err := get(ctx, id)
		var e *Error
		switch {
		case err == nil:
			out, found = fresh, c.compare(body, fresh)
		case held && c.writeCheck == WriteCheckWarn:
			c.log.notApplied(ctx, op, found.names())
			return out, nil
		case errors.As(err, &e):
			e.MayHaveExecuted = true
			e.hint = "the change itself was made; only reading it back has failed"
		}
		if err != nil && held {
			return out, err
		}
		if err != nil {
			return nil, err
		}
	}
	switch {
	case len(found.differ) == 0:
		return out, nil
	case c.writeCheck == WriteCheckWarn:
		c.log.notApplied(ctx, op, found.names())
		return out, nil
	}
	return out, c.notApplied(call, found)
}

// withCarried adds to the error of a request that the API found invalid which properties it
// sent back unchanged.
func withCarried(err error, body any) error {
	if e, ok := body.(edited); ok {
		body = e.input
	}
	in, ok := body.(writable)
	var e *Error
	if !ok || !errors.As(err, &e) || e.StatusCode != http.StatusBadRequest {
		return err
	}
	if names := carriedBy(in); len(names) > 0 {
		e.advise("the request sent back, unchanged, properties that this module does not know: " +
			tidy(strings.Join(names, ", ")) + "; in.Extra = nil leaves them out")
	}
	return err
}

// withID returns the input as the API wants it: some updates have the id in the body as
// well, and creations have none.
func withID(body any, id int64) any {
	if e, ok := body.(edited); ok {
		return edited{withID(e.input, id), e.origin, e.before}
	}
	in, ok := body.(interface{ withID(int64) any })
	if ok && !reflect.ValueOf(body).IsNil() {
		return in.withID(id)
	}
	return body
}

// edited is an input with its original, before the edit, and the object that both were made
// from.
type edited struct{ input, origin, before any }

// modify reads an object, lets edit change its input, and writes the whole input, since a
// PUT clears what it leaves out. An edit that changes nothing sends nothing.
func modify[T, In any](ctx context.Context, c *Client, op string, id int64, get func(context.Context, int64) (*T, error),
	input func(*T) *In, edit func(*In) error) (*T, error) {
	if edit == nil {
		return nil, invalid(op, "the function that edits is nil")
	}
	current, err := get(ctx, id)
	if err != nil {
		return nil, err
	}
	in, origin := input(current), input(current)
	if err := edit(in); err != nil {
		return nil, err
	}
	if reflect.DeepEqual(in, origin) {
		return current, nil
	}
	return put(ctx, c, op, edited{in, origin, current}, get, id)
}
