package tidtest

import (
	"strconv"
	"strings"
	"time"
)

// A writer turns records into JSON as responses show it.
type writer struct {
	st     *state
	style  *style // nil for the plain shapes
	detail bool   // with the properties that rows of a list do not have
}

// record adds an object of a resource.
func (w *writer) record(dst []byte, res *resource, r *record) []byte {
	return w.object(dst, res.object, res.schema, r)
}

func (w *writer) object(dst []byte, objectName string, s *schema, r *record) []byte {
	dst = append(dst, '{')
	start := len(dst)
	if objectName != "" {
		dst = append(dst, `"objectName":`...)
		dst = appendString(dst, objectName)
	}
	for _, f := range s.fields {
		if f.kept || f.detail && !w.detail || !f.exists(s, r) || w.style.omits(f) {
			continue
		}
		dst = separate(dst, start)
		dst = appendString(dst, w.style.nameOf(f))
		dst = append(dst, ':')
		dst = w.field(dst, f, r)
	}
	if len(dst) > start {
		dst = w.style.extra(dst)
	}
	return append(dst, '}')
}

func separate(dst []byte, start int) []byte {
	if len(dst) > start {
		return append(dst, ',')
	}
	return dst
}

// field adds the value of a field.
func (w *writer) field(dst []byte, f *field, r *record) []byte {
	num, other := f.value(r)
	if f.kind.numeric() {
		return w.number(dst, f, num)
	}
	switch f.kind {
	case kindText:
		s, ok := other.(string)
		if !ok && f.null || f.null && w.style.hides() {
			return append(dst, "null"...)
		}
		return appendString(dst, w.style.text(s))
	case kindObject:
		nested, ok := other.(*record)
		switch {
		case f.null && (!ok || w.style.hides()):
			return append(dst, "null"...)
		case !ok:
			nested = f.of.newRecord()
		}
		return w.object(dst, f.object, f.of, nested)
	case kindJSON:
		return append(dst, w.style.json(other.(anyJSON))...)
	}
	dst = append(dst, '[')
	start := len(dst)
	switch list := other.(type) {
	case []string:
		spell := w.style.text
		if f.kind == kindEnums {
			spell = w.style.word
		}
		for _, s := range ordered(w.style, list) {
			dst = appendString(separate(dst, start), spell(s))
		}
	case []int64:
		bare := w.style.bareWords(f)
		for _, id := range ordered(w.style, list) {
			if bare {
				dst = appendString(separate(dst, start), w.st.displayName(f.target, id))
				continue
			}
			dst = w.reference(separate(dst, start), f, id)
		}
	case []*record:
		for _, nested := range ordered(w.style, list) {
			dst = w.object(separate(dst, start), f.object, f.of, nested)
		}
	}
	return append(dst, ']')
}

// number adds a value that is held as a number.
func (w *writer) number(dst []byte, f *field, n int64) []byte {
	if n == none || f.null && w.style.hides() {
		return append(dst, "null"...)
	}
	switch f.kind {
	case kindInt:
		if f.quoted && w.detail {
			return append(strconv.AppendInt(append(dst, '"'), n, 10), '"')
		}
		return strconv.AppendInt(dst, n, 10)
	case kindBool:
		return strconv.AppendBool(dst, n != 0)
	case kindDecimal:
		if w.style.quotes() {
			return append(w.style.zeros(appendDecimal(append(dst, '"'), n)), '"')
		}
		return w.style.zeros(appendDecimal(dst, n))
	case kindFloat:
		return strconv.AppendFloat(dst, bitsFloat(n), 'f', -1, 64)
	case kindRef:
		return w.reference(dst, f, n)
	case kindClock:
		return appendString(dst, w.style.clock(n))
	case kindEnum:
		return appendString(dst, w.style.word(f.values[n]))
	}
	dst = append(dst, '"')
	dst = w.style.appendTime(dst, n, f.kind == kindDate)
	return append(dst, '"')
}

// reference adds a nested reference.
func (w *writer) reference(dst []byte, f *field, id int64) []byte {
	target := w.st.resource(f.target)
	r := target.referred(id)
	if r == nil {
		r = target.schema.newRecord()
	}
	dst = append(dst, `{"objectName":`...)
	dst = appendString(dst, target.object)
	idName, shows := w.style.reference(f)
	dst = append(dst, `,"`...)
	dst = append(dst, idName...)
	dst = append(dst, `":`...)
	dst = strconv.AppendInt(dst, id, 10)
	for i, show := range shows {
		dst = append(dst, ',')
		dst = appendString(dst, show)
		dst = append(dst, ':')
		from := f.shows[i].from
		if from == "" {
			dst = appendString(dst, target.display(r))
			continue
		}
		if of := target.schema.field(from); of.kind == kindText { // never null here
			dst = appendString(dst, r.text(of))
		} else {
			dst = w.field(dst, of, r)
		}
	}
	return append(dst, '}')
}

// appendPlainTime writes a day or a time as the API does most of the time.
func appendPlainTime(dst []byte, n int64, day bool) []byte {
	t := wallOf(n)
	if day {
		return t.AppendFormat(dst, layoutDay)
	}
	minutes, zoned := offsetOf(n)
	if !zoned {
		dst = t.AppendFormat(dst, layoutDateTime)
		return appendFraction(dst, t)
	}
	dst = t.AppendFormat(dst, "2006-01-02T15:04:05")
	dst = appendFraction(dst, t)
	return appendOffset(dst, minutes)
}

func appendFraction(dst []byte, t time.Time) []byte {
	if t.Nanosecond() == 0 {
		return dst
	}
	return t.AppendFormat(dst, ".000")
}

func appendOffset(dst []byte, minutes int) []byte {
	sign := byte('+')
	if minutes < 0 {
		sign, minutes = '-', -minutes
	}
	return append(append(dst, sign), formatClock(int64(minutes))...)
}

// pascal is a word of an enum as some answers have it: with a capital.
func pascal(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
