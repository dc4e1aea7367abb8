package tid

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// ErrNotApplied is an update that the API has taken, and that holds something else
// than what was sent: a property did not take, such as one whose inferred name is
// wrong, or was cleared beside. [Error.Fields] names each with what was sent and what
// is held, and the object as it now stands is returned beside the error. The write
// was made: retrying it changes nothing. See [WithWriteCheck].
var ErrNotApplied = errors.New("not applied as sent")

// WriteCheck is what is done when the API holds something else than what was sent.
type WriteCheck int

// What is done about an update that was not applied as sent.
const (
	// WriteCheckFail returns [ErrNotApplied], with the object.
	WriteCheckFail WriteCheck = iota
	// WriteCheckWarn tells the logger and [Event.NotApplied], as is always done for
	// an object that was created: it must not look like a failed call.
	WriteCheckWarn
	// WriteCheckOff compares nothing.
	WriteCheckOff
)

// WithWriteCheck sets what is done when an Update or a Modify of a type that has an
// Input turns out not to be applied as sent; without it, [WriteCheckFail]. What was
// sent is compared with the object in the answer, which costs nothing; where the
// answer is empty, or lacks something, the object is read once. Spelling does not
// count: trailing zeros, the case of enumerations, space around text, the order of
// lists, how a day is written. Nor does what the API is known not to give back.
func WithWriteCheck(check WriteCheck) Option {
	return func(c *config) error {
		if check < WriteCheckFail || check > WriteCheckOff {
			return fmt.Errorf("there is no write check %d", check)
		}
		c.writeCheck = check
		return nil
	}
}

// difference is a property that is not held as it was sent.
type difference struct {
	sent, held string // bounded, as JSON
	missing    bool   // nothing is held
}

// comparison is what became of an input that was sent.
type comparison struct {
	differ map[string]difference // by property
	same   int                   // properties that are held as they were sent
}

// compare compares what was sent with the object that is held; it finds nothing where
// either has no input, or nothing is to be compared.
func (c *Client) compare(sent, held any) (found comparison) {
	var origin any
	if e, ok := sent.(edited); ok {
		sent, origin = e.input, e.origin
	}
	in, _ := sent.(writable)
	d, _ := held.(detailed)
	if in == nil || d == nil || c.writeCheck == WriteCheckOff {
		return found
	}
	is := d.input()
	s, h := reflect.ValueOf(in).Elem(), reflect.ValueOf(is).Elem()
	o := reflect.Zero(s.Type())
	if origin != nil {
		o = reflect.ValueOf(origin).Elem()
	}
	found.fields("", s, h, o)
	found.extra(in, is)
	return found
}

// undecided reports that something is missing, which another answer may have.
func (d *comparison) undecided() bool {
	for _, f := range d.differ {
		if f.missing {
			return true
		}
	}
	return false
}

// names are those of the properties that differ.
func (d *comparison) names() []string { return slices.Sorted(maps.Keys(d.differ)) }

func (d *comparison) note(name string, sent, held any) {
	if d.differ == nil {
		d.differ = make(map[string]difference)
	}
	d.differ[name] = difference{bounded(sent), bounded(held), isNothing(held)}
}

// fields compares the fields of two structs of one type; origin holds what they were
// before the caller changed them, since what was cleared is not sent.
func (d *comparison) fields(prefix string, sent, held, origin reflect.Value) {
	for i := range sent.NumField() {
		f := sent.Type().Field(i)
		name := wireName(f)
		if name == "" || !f.IsExported() || f.Tag.Get("held") == "-" { // which the API is known not to give back
			continue
		}
		s, h := sent.Field(i), held.Field(i)
		switch _, opt := s.Interface().(optional); {
		case !s.IsZero():
			d.values(prefix+name, s, h, origin.Field(i))
		case !opt && !origin.Field(i).IsZero() && !h.IsZero():
			d.note(prefix+name, nil, h.Interface())
		}
	}
}

func (d *comparison) values(name string, sent, held, origin reflect.Value) {
	s, h := bare(sent), bare(held)
	switch {
	case !s.IsValid() && !h.IsValid():
		d.same++
		return
	case !s.IsValid() || !h.IsValid():
		if s.IsValid() && s.IsZero() || h.IsValid() && h.IsZero() {
			d.same++ // nothing, and a zero
			return
		}
	case s.Kind() == reflect.Struct && !reflect.PointerTo(s.Type()).Implements(jsonUnmarshaler) && !reflect.PointerTo(s.Type()).Implements(textUnmarshaler):
		d.fields(name+".", s, h, like(s, bare(origin)))
		return
	case s.Kind() == reflect.String:
		a, b := spelt(s.String()), spelt(h.String())
		if _, enum := s.Interface().(enumerated); a == b || enum && strings.EqualFold(a, b) {
			d.same++
			return
		}
	}
	if sameJSON(asJSON(sent.Interface()), asJSON(held.Interface())) {
		d.same++
	} else {
		d.note(name, sent.Interface(), held.Interface())
	}
}

// extra compares what is beyond the fields.
func (d *comparison) extra(sent, held writable) {
	in := handedTo(sent)
	is, _ := held.beyond()
	for name, raw := range in.extra {
		if base, ok := strings.CutSuffix(name, "Id"); in.stale(name) || ok && bytes.HasPrefix(in.extra[base], object) && in.came.has(name, raw) {
			continue // not sent, or the id of a reference, which is compared itself
		}
		if h, ok := is[name]; !ok && !isNothing(raw) || ok && !sameJSON(raw, h) {
			d.note(name, raw, h)
		} else {
			d.same++
		}
	}
}

func asJSON(v any) json.RawMessage {
	raw, _ := encodeJSON(v)
	return raw
}

func isNothing(v any) bool {
	if raw, ok := v.(json.RawMessage); ok {
		return len(raw) == 0 || slices.Contains([]string{"null", `""`, "[]", "{}"}, string(raw))
	}
	return v == nil || reflect.ValueOf(v).IsZero()
}

// bounded is a value as JSON, cut where it is long.
func bounded(v any) string {
	raw, ok := v.(json.RawMessage)
	if !ok && v != nil {
		raw = asJSON(v)
	}
	if isNothing(v) || isNothing(raw) {
		return "nothing"
	}
	text := tidy(string(raw))
	if runes := []rune(text); len(runes) > 60 {
		text = string(runes[:60]) + "…"
	}
	return text
}

// sameJSON compares two values but for their spelling.
func sameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y any
	for raw, into := range map[*json.RawMessage]*any{&a: &x, &b: &y} {
		dec := json.NewDecoder(bytes.NewReader(*raw))
		dec.UseNumber()
		if dec.Decode(into) != nil {
			return false
		}
	}
	return same(x, y)
}

func same(a, b any) bool {
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		b = slices.Clone(b)
		for _, x := range a { // in any order
			i := slices.IndexFunc(b, func(y any) bool { return same(x, y) })
			if i < 0 {
				return false
			}
			b = slices.Delete(b, i, i+1)
		}
		return true
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok {
			return false
		}
		if a["id"] != nil && b["id"] != nil {
			return same(a["id"], b["id"])
		}
		for name, x := range a {
			if y, ok := b[name]; x != nil && !(ok && same(x, y)) {
				return false
			}
		}
		return true
	case nil, bool:
		return a == b
	}
	s, t := spelt(fmt.Sprint(a)), spelt(fmt.Sprint(b))
	if s == t {
		return true
	}
	if d, err := ParseDecimal(s); err == nil {
		other, err := ParseDecimal(t)
		return err == nil && d.Equal(other)
	}
	day, err := ParseDate(s)
	other, otherErr := ParseDate(t)
	return err == nil && otherErr == nil && day == other
}

// spelt is a text without what does not count.
func spelt(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }

// notApplied is the error of an update that was not applied as sent.
func (c *Client) notApplied(call *call, found comparison) *Error {
	e := &Error{Operation: call.op, Path: c.pathOf(call), StatusCode: http.StatusOK, Attempts: 1, MayHaveExecuted: true, Err: ErrNotApplied,
		Message: "the write was made, but the API holds something else than what was sent",
		hint: "look at the object that is returned before writing again: Fields has what was sent and what is held; " +
			"tid.WithWriteCheck turns this off"}
	e.Fields = make(map[string][]string, len(found.differ))
	for name, d := range found.differ {
		e.Fields[name] = []string{"sent " + d.sent, "held " + d.held}
	}
	return e
}

// notApplied tells the log of what was not applied as sent.
func (l logger) notApplied(ctx context.Context, op string, names []string) {
	if l.slog != nil && len(names) > 0 {
		l.slog.LogAttrs(ctx, slog.LevelWarn, "tid: the API holds something else than what was sent",
			slog.String("operation", op), slog.Any("properties", names))
	}
}
