package shapes

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

// Shape is a set of ways in which answers can differ from their plain shapes.
type Shape uint

// The shapes are those of the package tidtest, where they are described, with the same values.
const (
	Dates Shape = 1 << iota
	PascalCase
	QuotedNumbers
	OtherNames
	UnknownFields
	MissingFields
	Nulls
	UnknownWords
	NoTotals
	EmptyAnswers

	All = 1<<iota - 1
)

// A Style makes the answer to one request strange. Its methods do nothing on a nil style.
type Style struct {
	rng     *rand.Rand
	shapes  Shape
	respelt bool // every value is spelt in another way than usual
}

// NewStyle makes a style of its own for one answer.
func NewStyle(rng *rand.Rand, shapes Shape) *Style { return &Style{rng: rng, shapes: shapes} }

// sometimes is true for one in n, if the shape is wanted.
func (y *Style) sometimes(sh Shape, n int) bool {
	return y != nil && y.shapes&sh != 0 && y.rng.IntN(n) == 0
}

// omits leaves out a property. An id is always there, and so is the user that a row belongs to.
func (y *Style) omits(f *schema.Field) bool {
	return f.Name != "id" && f.Name != "userId" && y.sometimes(MissingFields, 6)
}

func (y *Style) hides() bool { return y.sometimes(Nulls, 3) }

func (y *Style) quotes() bool { return y.sometimes(QuotedNumbers, 2) }

// nameOf is the name that a property goes by.
func (y *Style) nameOf(f *schema.Field) string {
	if f.Alias != "" && y.sometimes(OtherNames, 2) {
		return f.Alias
	}
	return f.Name
}

// word is the spelling of a value of an enum.
func (y *Style) word(s string) string {
	switch {
	case s == "":
		return s
	case y.sometimes(UnknownWords, 8):
		return "somethingNew"
	case y.respells() || y.sometimes(PascalCase, 2):
		return schema.Pascal(s)
	}
	return s
}

func (y *Style) respells() bool { return y != nil && y.respelt }

// text is the spelling of a text.
func (y *Style) text(s string) string {
	if s == "" || !y.respells() {
		return s
	}
	return " " + s + " "
}

// zeros ends the digits of a decimal.
func (y *Style) zeros(dst []byte) []byte {
	if y.respells() {
		dst = append(dst, "00"...)
	}
	return dst
}

// clock is the spelling of a time of day.
func (y *Style) clock(minutes int64) string {
	if y.respells() {
		return schema.FormatClock(minutes) + ":00"
	}
	return schema.FormatClock(minutes)
}

// ordered is the order in which a list is written.
func ordered[E any](y *Style, list []E) []E {
	if y.respells() {
		list = slices.Clone(list)
		slices.Reverse(list)
	}
	return list
}

// json is the spelling of a value that a test has added.
func (y *Style) json(raw schema.AnyJSON) []byte {
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

func (y *Style) respell(v any) any {
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

// extra adds a property that is not described.
func (y *Style) extra(dst []byte) []byte {
	if y.sometimes(UnknownFields, 2) {
		dst = append(dst, `,"xNew":{"items":[1,"two",null,{"three":3.0}],"on":true}`...)
	}
	return dst
}

// reference gives the names under which a reference shows its id and what else it shows.
func (y *Style) reference(f *schema.Field) (id string, shows []string) {
	id, shows = "id", make([]string, len(f.Shows))
	for i, show := range f.Shows {
		shows[i] = show.Name
	}
	if len(shows) == 0 || f.Kind != schema.Refs || !y.sometimes(OtherNames, 2) {
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
func (y *Style) bareWords(f *schema.Field) bool { return f.Words && y.sometimes(OtherNames, 2) }

// Pages is totalPages.
func (y *Style) Pages(n int) int {
	if y.sometimes(NoTotals, 2) {
		return 0
	}
	return n
}

// Empties is the status of an empty answer to a change, if its answer is to be empty.
func (y *Style) Empties(method string) (status int, empty bool) {
	if method != http.MethodPut && method != http.MethodPatch && method != http.MethodDelete || !y.sometimes(EmptyAnswers, 2) {
		return 0, false
	}
	if y.rng.IntN(2) == 0 {
		return http.StatusNoContent, true
	}
	return http.StatusOK, true
}

// ProjectNumber is the answer to a question for the next number.
func (y *Style) ProjectNumber(number string) []byte {
	choice := 0
	if y != nil && y.shapes&OtherNames != 0 {
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
func (y *Style) appendTime(dst []byte, n int64, day bool) []byte {
	_, zoned := schema.OffsetOf(n)
	t := schema.WallOf(n)
	switch {
	case !zoned && y.respells():
		return schema.AppendFraction(t.AppendFormat(dst, "2006-01-02T15:04:05"), t)
	case zoned || y == nil || y.shapes&Dates == 0:
		return schema.AppendPlainTime(dst, n, day)
	}
	layouts := []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02T15:04:05.000", "2006-01-02T15:04:05+00:00"}
	if day {
		layouts = append(layouts, "2006-01-02")
	}
	return t.AppendFormat(dst, layouts[y.rng.IntN(len(layouts))])
}

// Expiry is the end of a token as its exchange tells it, or nothing.
func (y *Style) Expiry(t time.Time) (string, bool) {
	layouts := []string{
		"2006-01-02 15:04:05 +00:00", "2006-01-02 15:04:05", "2006-01-02T15:04:05Z", "2006-01-02T15:04:05.0000000+00:00", "2006-01-02T15:04:05+00:00", "",
	}
	if y == nil || y.shapes&Dates == 0 {
		return t.Format(layouts[0]), true
	}
	layout := layouts[y.rng.IntN(len(layouts))]
	return t.Format(layout), layout != ""
}
