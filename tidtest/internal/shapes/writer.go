// Package shapes writes objects as JSON in the shapes that the API's answers have, the plain ones and the strange ones.
package shapes

import (
	"strconv"

	"github.com/vismatid/tid/tidtest/internal/account"
	"github.com/vismatid/tid/tidtest/internal/schema"
)

// A Writer turns records into JSON as responses show it.
type Writer struct {
	Account *account.Account
	Style   *Style // nil for the plain shapes
	Detail  bool   // with the properties that rows of a list do not have
}

// Respell makes every value be spelt in another way than usual.
func (w *Writer) Respell() {
	if w.Style == nil {
		w.Style = &Style{}
	}
	w.Style.respelt = true
}

// Record adds an object of a resource.
func (w *Writer) Record(dst []byte, res *account.Resource, r *schema.Record) []byte {
	return w.object(dst, res.Object, res.Schema, r)
}

func (w *Writer) object(dst []byte, objectName string, s *schema.Schema, r *schema.Record) []byte {
	dst = append(dst, '{')
	start := len(dst)
	if objectName != "" {
		dst = append(dst, `"objectName":`...)
		dst = schema.AppendString(dst, objectName)
	}
	for _, f := range s.Fields {
		if f.Kept || f.Detail && !w.Detail || !f.Exists(s, r) || w.Style.omits(f) {
			continue
		}
		dst = schema.Separate(dst, start)
		dst = schema.AppendString(dst, w.Style.nameOf(f))
		dst = append(dst, ':')
		dst = w.field(dst, f, r)
	}
	if len(dst) > start {
		dst = w.Style.extra(dst)
	}
	return append(dst, '}')
}

// field adds the value of a field.
func (w *Writer) field(dst []byte, f *schema.Field, r *schema.Record) []byte {
	num, other := f.Value(r)
	if f.Kind.Numeric() {
		return w.number(dst, f, num)
	}
	switch f.Kind {
	case schema.Text:
		s, ok := other.(string)
		if !ok && f.Null || f.Null && w.Style.hides() {
			return append(dst, "null"...)
		}
		return schema.AppendString(dst, w.Style.text(s))
	case schema.Object:
		nested, ok := other.(*schema.Record)
		switch {
		case f.Null && (!ok || w.Style.hides()):
			return append(dst, "null"...)
		case !ok:
			nested = f.Of.NewRecord()
		}
		return w.object(dst, f.Object, f.Of, nested)
	case schema.JSON:
		return append(dst, w.Style.json(other.(schema.AnyJSON))...)
	}
	dst = append(dst, '[')
	start := len(dst)
	switch list := other.(type) {
	case []string:
		spell := w.Style.text
		if f.Kind == schema.Enums {
			spell = w.Style.word
		}
		for _, s := range ordered(w.Style, list) {
			dst = schema.AppendString(schema.Separate(dst, start), spell(s))
		}
	case []int64:
		bare := w.Style.bareWords(f)
		for _, id := range ordered(w.Style, list) {
			if bare {
				dst = schema.AppendString(schema.Separate(dst, start), w.Account.DisplayName(f.Target, id))
				continue
			}
			dst = w.reference(schema.Separate(dst, start), f, id)
		}
	case []*schema.Record:
		for _, nested := range ordered(w.Style, list) {
			dst = w.object(schema.Separate(dst, start), f.Object, f.Of, nested)
		}
	}
	return append(dst, ']')
}

// number adds a value that is held as a number.
func (w *Writer) number(dst []byte, f *schema.Field, n int64) []byte {
	if n == schema.None || f.Null && w.Style.hides() {
		return append(dst, "null"...)
	}
	switch f.Kind {
	case schema.Int:
		if f.Quoted && w.Detail {
			return append(strconv.AppendInt(append(dst, '"'), n, 10), '"')
		}
		return strconv.AppendInt(dst, n, 10)
	case schema.Bool:
		return strconv.AppendBool(dst, n != 0)
	case schema.Decimal:
		if w.Style.quotes() {
			return append(w.Style.zeros(schema.AppendDecimal(append(dst, '"'), n)), '"')
		}
		return w.Style.zeros(schema.AppendDecimal(dst, n))
	case schema.Float:
		return strconv.AppendFloat(dst, schema.BitsFloat(n), 'f', -1, 64)
	case schema.Ref:
		return w.reference(dst, f, n)
	case schema.Clock:
		return schema.AppendString(dst, w.Style.clock(n))
	case schema.Enum:
		return schema.AppendString(dst, w.Style.word(f.Values[n]))
	}
	dst = append(dst, '"')
	dst = w.Style.appendTime(dst, n, f.Kind == schema.Date)
	return append(dst, '"')
}

// reference adds a nested reference.
func (w *Writer) reference(dst []byte, f *schema.Field, id int64) []byte {
	target := w.Account.Resource(f.Target)
	r := target.Referred(id)
	if r == nil {
		r = target.Schema.NewRecord()
	}
	dst = append(dst, `{"objectName":`...)
	dst = schema.AppendString(dst, target.Object)
	idName, shows := w.Style.reference(f)
	dst = append(dst, `,"`...)
	dst = append(dst, idName...)
	dst = append(dst, `":`...)
	dst = strconv.AppendInt(dst, id, 10)
	for i, show := range shows {
		dst = append(dst, ',')
		dst = schema.AppendString(dst, show)
		dst = append(dst, ':')
		from := f.Shows[i].From
		if from == "" {
			dst = schema.AppendString(dst, target.Display(r))
			continue
		}
		if of := target.Schema.Field(from); of.Kind == schema.Text { // never null here
			dst = schema.AppendString(dst, r.Text(of))
		} else {
			dst = w.field(dst, of, r)
		}
	}
	return append(dst, '}')
}
