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

// ErrNotApplied is an update that the API accepted without holding what was sent: it
// ignored a property, such as one whose inferred name is wrong, or cleared another one.
// [Error.Fields] names each with what was sent and what is held, and the object as it is
// now is returned with the error. The write was made: retrying it changes nothing. See
// [WithWriteCheck].
var ErrNotApplied = errors.New("not applied as sent")

// WriteCheck is what is done when the API holds something else than what was sent.
type WriteCheck int

// What is done about an update that was not applied as sent.
const (
	// WriteCheckFail returns [ErrNotApplied], with the object.
	WriteCheckFail WriteCheck = iota
	// WriteCheckWarn writes to the log. Of a created object this is always done: an error
	// would look as if nothing had been created.
	WriteCheckWarn
	// WriteCheckOff compares nothing.
	WriteCheckOff
)

// WithWriteCheck sets what is done when an Update or a Modify of a type that has an
// Input was not applied as sent; the default is [WriteCheckFail]. What was sent is
// compared with the object in the answer, without a further request. Where the answer is
// empty or lacks something, the object is read once and compared. If that fails, its
// error is returned, with the object as far as the answer had it.
//
// Differences of spelling do not count: trailing zeros, the case of enumerations, space
// around text, the order of lists of up to a hundred, how a day is written. What the API
// is known to leave out of its answers is not compared. What a Modify sends back unchanged is only
// compared for being there.
func WithWriteCheck(check WriteCheck) Option {
	return func(c *config) error {
		if check < WriteCheckFail || check > WriteCheckOff {
			return fmt.Errorf("tid: WithWriteCheck: there is no check %d", check)
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
	e, modified := sent.(edited)
	if modified {
		sent = e.input
	}
	in, _ := sent.(writable)
	d, _ := detailIn(reflect.ValueOf(held))
	if in == nil || d == nil || c.writeCheck == WriteCheckOff {
		return found
	}
	is := d.input()
	s, h, now := reflect.ValueOf(in).Elem(), reflect.ValueOf(is).Elem(), reflect.ValueOf(d).Elem()
	o := reflect.Zero(s.Type())
	if modified {
		o = reflect.ValueOf(e.origin).Elem()
	}
	found.fields("", s, h, o)
	found.extra(in, is, now)
	if modified {
		found.removed(in, is, e.origin.(writable))
		found.beside(s, o, reflect.ValueOf(e.before).Elem(), now)
	}
	return found
}

// beside adds what an edited object had before the update and lacks after it although no
// input can write it: the update cleared it. Nothing is added where the edit has set
// another reference, object or kind, since such a loss can follow from that.
func (d *comparison) beside(in, origin, was, is reflect.Value) {
	writes := shapeOf(in.Type())
	for _, p := range writes.fields {
		decides := strings.HasSuffix(p.name, "Id") || p.object != nil || p.typ.Implements(reflect.TypeFor[enumerated]())
		if decides && !reflect.DeepEqual(in.FieldByIndex(p.index).Interface(), origin.FieldByIndex(p.index).Interface()) {
			return
		}
	}
	for name, p := range shapeOf(was.Type()).fields {
		if name != p.name || isMaintained(name) || writes.field([]byte(name)) != nil || writes.field([]byte(name+"Id")) != nil || name == "tags" {
			continue
		}
		had, has := jsonOf(was.FieldByIndex(p.index)), is.FieldByIndex(p.index)
		if !isVoid(had) && has.IsZero() && p.typ.Kind() != reflect.Bool {
			d.note(name, had, nil)
		}
	}
}

// missing is the number of properties of which nothing is held; another answer may have
// them.
func (d *comparison) missing() (n int) {
	for _, f := range d.differ {
		if f.missing {
			n++
		}
	}
	return n
}

// names are those of the properties that differ.
func (d *comparison) names() []string { return slices.Sorted(maps.Keys(d.differ)) }

func (d *comparison) note(name string, sent, held json.RawMessage) {
	if d.differ == nil {
		d.differ = make(map[string]difference)
	}
	d.differ[name] = difference{bounded(sent), bounded(held), isVoid(held)}
}

// fields compares the fields of two structs of one type, by reflection, so that no field
// that is added later is forgotten. origin holds the values before the edit: a field that
// the edit cleared is not sent, and only origin shows it. The tag held of a field says
// whether an answer has it: "-" never, "perhaps" not always.
func (d *comparison) fields(prefix string, sent, held, origin reflect.Value) {
	for i := range sent.NumField() {
		f := sent.Type().Field(i)
		name, gives := wireName(f), f.Tag.Get("held")
		s, h, o := sent.Field(i), held.Field(i), origin.Field(i)
		if name == "" || name == "objectName" || !f.IsExported() || gives == "-" || gives == "perhaps" && isEmpty(h) {
			continue
		}
		switch _, opt := s.Interface().(optional); {
		case !isEmpty(s):
			d.values(prefix+name, s, h, o)
		case !opt && !isEmpty(o) && !isEmpty(h):
			d.note(prefix+name, nil, jsonOf(h))
		}
	}
}

// isEmpty reports a field that holds nothing: its zero, which it has as well where the
// answer lacks it, a list without elements, and an object that has nothing but the API's
// name for it.
func isEmpty(v reflect.Value) bool {
	switch {
	case v.IsZero():
		return true
	case v.Kind() == reflect.Slice:
		return v.Len() == 0
	case v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.Struct:
		inner := reflect.New(v.Type().Elem()).Elem()
		inner.Set(v.Elem())
		if name := inner.FieldByName("ObjectName"); name.IsValid() {
			name.SetZero()
		}
		return inner.IsZero()
	}
	return false
}

func (d *comparison) values(name string, sent, held, origin reflect.Value) {
	s, h := bare(sent), bare(held)
	equal := false
	switch {
	case !s.IsValid() || !h.IsValid(): // null, or nothing
		equal = (!s.IsValid() || isEmpty(s)) && (!h.IsValid() || isEmpty(h))
	case s.Kind() == reflect.Struct && !reflect.PointerTo(s.Type()).Implements(jsonUnmarshaler) && !reflect.PointerTo(s.Type()).Implements(textUnmarshaler):
		d.fields(name+".", s, h, like(s, bare(origin)))
		return
	case s.Kind() == reflect.String:
		a, b := spelt(s.String()), spelt(h.String())
		_, enum := s.Interface().(enumerated)
		equal = a == b || enum && strings.EqualFold(a, b)
	default:
		equal = sameJSON(asJSON(sent.Interface()), asJSON(held.Interface()))
	}
	if equal {
		d.same++
	} else {
		d.note(name, jsonOf(sent), jsonOf(held))
	}
}

// extra compares the properties without a field. One that was sent back unchanged must
// only be there: its value may be one that the API computes.
func (d *comparison) extra(sent, held writable, detail reflect.Value) {
	in, is := handedTo(sent), handedTo(held)
	for name, raw := range in.extra {
		carried := in.came.has(name, raw)
		parent, child := splitPath(name)
		base, isID := strings.CutSuffix(name, "Id")
		switch {
		case in.stale(name), isID && carried && bytes.HasPrefix(in.extra[base], object): // not sent, or compared as the object
			continue
		case parent != "" && (isMaintained(child) || !in.givesBack(parent)):
			continue
		}
		h, ok := is.extra[name]
		if !ok && parent == "" {
			h, ok = heldBy(detail, is.extra, child)
		}
		empty := isVoid(raw) || slices.Contains([]string{"0", "false"}, string(raw))
		if ok && (carried && !isVoid(h) || sameJSON(raw, h)) || empty && (!ok || isVoid(h)) {
			d.same++
		} else {
			d.note(name, raw, h)
		}
	}
}

// removed compares the properties that the caller has deleted from Extra.
func (d *comparison) removed(sent, held, origin writable) {
	in, is, was := handedTo(sent), handedTo(held), handedTo(origin)
	for name := range was.extra {
		base, isID := strings.CutSuffix(name, "Id")
		_, stays := in.extra[name]
		if h := is.extra[name]; !stays && !isVoid(h) && !(isID && bytes.HasPrefix(was.extra[base], object)) {
			d.note(name, nil, h)
		}
	}
}

// givesBack reports whether answers have a nested object of the input.
func (in handed) givesBack(path string) bool {
	first, _, _ := strings.Cut(path, ".")
	p := in.shape.field([]byte(first))
	return p == nil || in.value.Type().FieldByIndex(p.index).Tag.Get("held") != "-"
}

// heldBy looks for a property that was sent among the fields of the detail: under its
// name, or an id in a reference and ids in a list of references.
func heldBy(detail reflect.Value, extra Extra, name string) (json.RawMessage, bool) {
	s := shapeOf(detail.Type())
	if p := s.field([]byte(name)); p != nil {
		return asJSON(detail.FieldByIndex(p.index).Interface()), true
	}
	for other, raw := range extra { // in another case
		if strings.EqualFold(other, name) {
			return raw, true
		}
	}
	if base, ok := strings.CutSuffix(name, "Id"); ok {
		if p := s.field([]byte(base)); p != nil && p.object != nil {
			return asJSON(rawID(asJSON(detail.FieldByIndex(p.index).Interface()))), true
		}
	}
	if base, ok := strings.CutSuffix(name, "Ids"); ok {
		raw := extra[base+"s"]
		if p := s.field([]byte(base + "s")); p != nil {
			raw = asJSON(detail.FieldByIndex(p.index).Interface())
		}
		var list []json.RawMessage
		if raw != nil && json.Unmarshal(raw, &list) == nil {
			ids := make([]int64, len(list))
			for i, element := range list {
				ids[i] = rawID(element)
			}
			return asJSON(ids), true
		}
	}
	return nil, false
}

func asJSON(v any) json.RawMessage {
	raw, _ := encodeJSON(v)
	return raw
}

// jsonOf is what a field holds, as JSON; nil for nothing.
func jsonOf(v reflect.Value) json.RawMessage {
	if isEmpty(v) {
		return nil
	}
	return asJSON(v.Interface())
}

// bounded is JSON for an error, cut where it is long.
func bounded(raw json.RawMessage) string {
	if isVoid(raw) {
		return "nothing"
	}
	text := tidy(string(raw))
	if runes := []rune(text); len(runes) > 60 {
		text = string(runes[:60]) + "…"
	}
	return text
}

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

// notApplied logs which properties were not applied as sent.
func (l logger) notApplied(ctx context.Context, op string, names []string) {
	if l.slog != nil && len(names) > 0 {
		l.slog.LogAttrs(ctx, slog.LevelWarn, "tid: the API holds something else than what was sent",
			slog.String("operation", op), slog.Any("properties", names[:min(len(names), maxErrorFields)]))
	}
}
