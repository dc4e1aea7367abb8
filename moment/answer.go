package moment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/vismatid/tid"
)

// answered decodes an answer into a T, and checks it within package tid, so that what is
// wrong ends in an error of the call like any other.
type answered[T any] struct {
	value *T // nil for null, and for nothing
	check func(v *T, text json.RawMessage) error
}

// UnmarshalJSON decodes as leniently as package tid does.
func (a *answered[T]) UnmarshalJSON(text []byte) error {
	a.value = nil
	if string(text) == "null" {
		return nil
	}
	var decoded tid.Opt[T]
	if err := decoded.UnmarshalJSON(text); err != nil {
		return err
	}
	v, _ := decoded.Get()
	a.value = &v
	return a.check(a.value, text)
}

// fetch sends a request whose answer must hold a T that passes the check.
func fetch[T any](ctx context.Context, r request, method string, query any, check func(*T, json.RawMessage) error) (*T, error) {
	a := answered[T]{check: check}
	if err := r.send(ctx, method, query, &a); err != nil {
		return nil, err
	}
	if a.value == nil {
		return nil, r.unusable(method, "the answer is empty")
	}
	return a.value, nil
}

// fetchObject fetches the object of an id, or for id 0 one that is new.
func fetchObject[T any](ctx context.Context, r request, method string, id int64) (*T, error) {
	return fetch(ctx, r, method, nil, func(_ *T, text json.RawMessage) error { return isObject(text, id) })
}

func isObject(text json.RawMessage, id int64) error {
	switch got := shapeOf(rawMessage).id(&text); {
	case got == 0:
		return fmt.Errorf("it is no object with an id%s", words(text))
	case id != 0 && got != id:
		return fmt.Errorf("it is object %d, and %d was asked for", got, id)
	}
	return nil
}

// saying is the message of an answer.
type saying struct {
	Message json.RawMessage `json:"message"`
	Details json.RawMessage `json:"details"`
}

// words is the message of an answer, for the end of an error.
func words(text json.RawMessage) string {
	var s saying
	if json.Unmarshal(text, &s) != nil {
		return ""
	}
	said := ""
	for _, raw := range []json.RawMessage{s.Message, s.Details} {
		if words := inWords(raw); words != "" {
			said += ": " + words
		}
	}
	return said
}

// inWords writes a JSON value on one line: the entries of lists, and the properties of
// objects with their names.
func inWords(raw json.RawMessage) string {
	var list []json.RawMessage
	var object map[string]json.RawMessage
	var parts []string
	text := ""
	switch {
	case json.Unmarshal(raw, &text) == nil:
	case json.Unmarshal(raw, &list) == nil:
		for _, entry := range list {
			parts = append(parts, inWords(entry))
		}
		text = strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "; ")
	case json.Unmarshal(raw, &object) == nil:
		for name, value := range object {
			if value := inWords(value); value != "" {
				parts = append(parts, name+": "+value)
			}
		}
		slices.Sort(parts)
		text = strings.Join(parts, ", ")
	default:
		text = string(raw) // a number or a boolean
	}
	return line(text)
}

// line makes foreign text fit for an error: printable, on one line, bounded.
func line(text string) string {
	const most = 500
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text[:min(len(text), 8*most)])
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return text
}

// withDetails adds details that the API gives as a list or an object to the message of an
// error; those in a text are in it already.
func withDetails(err error) error {
	var e *tid.Error
	var said saying
	if !errors.As(err, &e) || e.StatusCode < 300 || json.Unmarshal(e.Body, &said) != nil || len(said.Details) == 0 || said.Details[0] == '"' {
		return err
	}
	if details := inWords(said.Details); details != "" && !strings.Contains(e.Message, details) {
		if e.Message != "" {
			details = strings.TrimSuffix(e.Message, ".") + ": " + details
		}
		e.Message = details
	}
	return err
}

// unusable is the error of an answer that is not what was asked for.
func (r request) unusable(method, format string, args ...any) *tid.Error {
	e := &tid.Error{Operation: r.operation(method), Path: r.client.base + r.client.path(r.path), StatusCode: http.StatusOK,
		Attempts: 1, MayHaveExecuted: method != http.MethodGet, Message: fmt.Sprintf(format, args...)}
	if e.MayHaveExecuted {
		e.Message += "; the request may have been carried out: look before retrying it"
	}
	return e
}

// mayHaveExecuted reports whether a call that ended in err may have been carried out.
func mayHaveExecuted(err error) bool {
	var e *tid.Error
	return err == nil || errors.As(err, &e) && e.MayHaveExecuted
}
