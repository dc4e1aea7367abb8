package tidtest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vismatid/tid/tidtest/internal/schema"
	"github.com/vismatid/tid/tidtest/internal/tables"
)

// Shape is a way in which answers of the API have been seen, or have to be expected, to differ from its plain shapes.
type Shape uint

// The shapes. ShapeMissingFields, ShapeNulls and ShapeUnknownWords lose values; the others only write them differently.
const (
	ShapeDates         Shape = 1 << iota // days and times in every spelling there is; expires of a token too
	ShapePascalCase                      // enums with a capital: FixedPrice
	ShapeQuotedNumbers                   // decimals as strings: "7.50"
	ShapeOtherNames                      // name for title, comment for text, createdBy for user, and the like
	ShapeUnknownFields                   // properties that nobody has heard of
	ShapeMissingFields                   // properties left out
	ShapeNulls                           // null wherever null is possible
	ShapeUnknownWords                    // enum values that nobody has heard of
	ShapeNoTotals                        // totalPages of 0 in lists
	ShapeEmptyAnswers                    // nothing in answer to PUT, and 204 for 200

	shapeAll = 1<<iota - 1
)

// A style makes the answer to one request strange. Its methods do nothing on a nil style.
type style struct {
	rng     *rand.Rand
	shapes  Shape
	respelt bool // every value is spelt in another way than usual
}

// sometimes is true for one in n, if the shape is wanted.
func (y *style) sometimes(shape Shape, n int) bool {
	return y != nil && y.shapes&shape != 0 && y.rng.IntN(n) == 0
}

// omits leaves out a property. An id is always there, and so is whatever says to whom a row belongs.
func (y *style) omits(f *schema.Field) bool {
	return f.Name != "id" && f.Name != "userId" && y.sometimes(ShapeMissingFields, 6)
}

func (y *style) hides() bool { return y.sometimes(ShapeNulls, 3) }

func (y *style) quotes() bool { return y.sometimes(ShapeQuotedNumbers, 2) }

// nameOf is the name that a property goes by.
func (y *style) nameOf(f *schema.Field) string {
	if f.Alias != "" && y.sometimes(ShapeOtherNames, 2) {
		return f.Alias
	}
	return f.Name
}

// word is the spelling of a value of an enum.
func (y *style) word(s string) string {
	switch {
	case s == "":
		return s
	case y.sometimes(ShapeUnknownWords, 8):
		return "somethingNew"
	case y.respells() || y.sometimes(ShapePascalCase, 2):
		return schema.Pascal(s)
	}
	return s
}

func (y *style) respells() bool { return y != nil && y.respelt }

// text is the spelling of a text.
func (y *style) text(s string) string {
	if s == "" || !y.respells() {
		return s
	}
	return " " + s + " "
}

// zeros ends the digits of a decimal.
func (y *style) zeros(dst []byte) []byte {
	if y.respells() {
		dst = append(dst, "00"...)
	}
	return dst
}

// clock is the spelling of a time of day.
func (y *style) clock(minutes int64) string {
	if y.respells() {
		return schema.FormatClock(minutes) + ":00"
	}
	return schema.FormatClock(minutes)
}

// ordered is the order in which a list is written.
func ordered[E any](y *style, list []E) []E {
	if y.respells() {
		list = slices.Clone(list)
		slices.Reverse(list)
	}
	return list
}

// json is the spelling of a value that a test has added.
func (y *style) json(raw schema.AnyJSON) []byte {
	if !y.respells() {
		return []byte(raw)
	}
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	var v any
	_ = dec.Decode(&v) // which has been found to be valid
	text, _ := json.Marshal(y.respell(v))
	return text
}

func (y *style) respell(v any) any {
	switch v := v.(type) {
	case string:
		return y.text(v)
	case json.Number:
		if s := string(v); strings.Contains(s, ".") && !strings.ContainsAny(s, "eE") {
			return json.Number(y.zeros([]byte(s)))
		}
	case []any:
		for i := range v {
			v[i] = y.respell(v[i])
		}
		return ordered(y, v)
	case map[string]any:
		for name := range v {
			v[name] = y.respell(v[name])
		}
	}
	return v
}

// extra adds a property that nobody knows.
func (y *style) extra(dst []byte) []byte {
	if y.sometimes(ShapeUnknownFields, 2) {
		dst = append(dst, `,"xNew":{"items":[1,"two",null,{"three":3.0}],"on":true}`...)
	}
	return dst
}

// reference gives the names under which a reference shows its id and what else it shows.
func (y *style) reference(f *schema.Field) (id string, shows []string) {
	id, shows = "id", make([]string, len(f.Shows))
	for i, show := range f.Shows {
		shows[i] = show.Name
	}
	if len(shows) == 0 || f.Kind != schema.Refs || !y.sometimes(ShapeOtherNames, 2) {
		return id, shows
	}
	switch {
	case f.Target == tables.Users:
		return "userId", []string{"userName"}
	case shows[0] == "title":
		shows[0] = "name"
	}
	return id, shows
}

// bareWords says that an array of references is written as an array of their names.
func (y *style) bareWords(f *schema.Field) bool { return f.Words && y.sometimes(ShapeOtherNames, 2) }

// pages is totalPages.
func (y *style) pages(n int) int {
	if y.sometimes(ShapeNoTotals, 2) {
		return 0
	}
	return n
}

// empties makes the answer to a change empty.
func (y *style) empties(method string, rep reply) reply {
	if method != http.MethodPut && method != http.MethodPatch && method != http.MethodDelete || !y.sometimes(ShapeEmptyAnswers, 2) {
		return rep
	}
	rep = empty()
	if y.rng.IntN(2) == 0 {
		rep.Status = http.StatusNoContent
	}
	return rep
}

// projectNumber is the answer to a question for the next number.
func (y *style) projectNumber(number string) []byte {
	choice := 0
	if y != nil && y.shapes&ShapeOtherNames != 0 {
		choice = y.rng.IntN(4)
	}
	switch choice {
	case 1:
		return fmt.Appendf(nil, `{"nextProjectNumber":%q}`, number)
	case 2:
		return strconv.AppendQuote(nil, number)
	case 3:
		if n, err := strconv.Atoi(number); err == nil {
			return strconv.AppendInt(nil, int64(n), 10)
		}
	}
	return fmt.Appendf(nil, `{"objectName":"core.nextProjectNumber","number":%q}`, number)
}

// appendTime adds a day or a time.
func (y *style) appendTime(dst []byte, n int64, day bool) []byte {
	_, zoned := schema.OffsetOf(n)
	t := schema.WallOf(n)
	switch {
	case !zoned && y.respells():
		return schema.AppendFraction(t.AppendFormat(dst, "2006-01-02T15:04:05"), t)
	case zoned || y == nil || y.shapes&ShapeDates == 0:
		return schema.AppendPlainTime(dst, n, day)
	}
	layouts := []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02T15:04:05.000", "2006-01-02T15:04:05+00:00"}
	if day {
		layouts = append(layouts, "2006-01-02")
	}
	return t.AppendFormat(dst, layouts[y.rng.IntN(len(layouts))])
}

// expiry is the end of a token as its exchange tells it, or nothing.
func (y *style) expiry(t time.Time) (string, bool) {
	layouts := []string{
		"2006-01-02 15:04:05 +00:00", "2006-01-02 15:04:05", "2006-01-02T15:04:05Z", "2006-01-02T15:04:05.0000000+00:00", "2006-01-02T15:04:05+00:00", "",
	}
	if y == nil || y.shapes&ShapeDates == 0 {
		return t.Format(layouts[0]), true
	}
	layout := layouts[y.rng.IntN(len(layouts))]
	return t.Format(layout), layout != ""
}
