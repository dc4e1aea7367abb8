package doctor

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vismatid/tid/cmd/tid/internal/description"
)

// A verdict is what came of a filter or a sort key.
type verdict struct {
	known   bool // it does what it is for, or the API has at least read it
	ignored Kind // the finding, if it does not
	detail  string
}

// settle takes note of a verdict.
func (r *run) settle(s *state, name string, v verdict) {
	operation := s.op.String()
	name, isSort := strings.CutPrefix(name, "sortBy=")
	switch {
	case v.ignored != "":
		r.find(v.ignored, operation, name, v.detail)
	case !v.known:
		if isSort {
			name = "sortBy " + name
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.report.Unsettled[operation] = append(r.report.Unsettled[operation], name)
	case !isSort:
		r.mu.Lock()
		defer r.mu.Unlock()
		s.names = append(s.names, "query "+name)
	}
}

// Values that nothing has.
const (
	noID   = "2147483646" // the greatest that fits everywhere, and one less
	noText = "zqxtiddoctorxqz"
)

var (
	longAhead = time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC)
	longAgo   = time.Date(1901, 1, 1, 0, 0, 0, 0, time.UTC)
)

// filter judges whether a filter chooses rows. A parameter that the API does not know is ignored, and everything comes.
func (r *run) filter(ctx context.Context, s *state, p *description.Parameter) verdict {
	if s.total == 0 {
		return verdict{}
	}
	schema := p.Schema
	if schema.Is("array") && schema.Items != nil {
		schema = schema.Items
	}
	switch {
	case p.Required:
		return r.spanFilter(ctx, s, p)
	case len(schema.Enum) > 0:
		return r.enumFilter(ctx, s, p, schema.Enum)
	case schema.Is("boolean"):
		return r.flagFilter(ctx, s, p)
	case schema.Is("integer"), schema.Is("number"):
		return r.nothingFilter(ctx, s, p, noID)
	case schema.Format == "date" || schema.Name == "FilterDate" || schema.Name == "QueryDate":
		day := longAgo
		if begins(p) {
			day = longAhead
		}
		return r.nothingFilter(ctx, s, p, day.Format(time.DateOnly))
	}
	return r.nothingFilter(ctx, s, p, noText)
}

// ask reads a page of a list with more parameters than its own.
func (r *run) ask(ctx context.Context, s *state, size int, more ...string) (rows []map[string]any, total, status int) {
	query := page(size)
	for name, values := range s.window {
		query[name] = values
	}
	for i := 0; i+1 < len(more); i += 2 {
		query.Set(more[i], more[i+1])
	}
	v, status := r.get(ctx, s.fill(s.path), query, false)
	rows, total, _ = rowsOf(v)
	return rows, total, status
}

// refused judges by a status other than 200. A parameter that makes a request invalid has been read.
func refused(status int) verdict {
	return verdict{known: status == http.StatusBadRequest || status == http.StatusNotFound || status == http.StatusUnprocessableEntity}
}

func ignored(detail string, args ...any) verdict {
	return verdict{ignored: FilterIgnored, detail: fmt.Sprintf(detail, args...)}
}

// nothingFilter asks for what no row has: the list has to be empty.
func (r *run) nothingFilter(ctx context.Context, s *state, p *description.Parameter, value string) verdict {
	_, total, status := r.ask(ctx, s, 1, p.Name, value)
	switch {
	case status != http.StatusOK:
		return refused(status)
	case total > 0:
		return ignored("a value that nothing has leaves %d of %d rows", total, s.total)
	}
	return verdict{known: true}
}

// flagFilter asks for both values: they have to differ. What includes or excludes rows may have none to include or exclude.
func (r *run) flagFilter(ctx context.Context, s *state, p *description.Parameter) verdict {
	for _, value := range []string{"true", "false"} {
		_, total, status := r.ask(ctx, s, 1, p.Name, value)
		switch {
		case status != http.StatusOK:
			return refused(status)
		case total != s.total:
			return verdict{known: true}
		}
	}
	if name := strings.TrimPrefix(p.Name, "filter."); strings.HasPrefix(name, "include") || strings.HasPrefix(name, "exclude") {
		return verdict{}
	}
	return ignored("true and false both give all %d rows", s.total)
}

// enumFilter asks for the words that fewest rows have. Two words cannot both give everything.
func (r *run) enumFilter(ctx context.Context, s *state, p *description.Parameter, words []string) verdict {
	name := strings.TrimPrefix(p.Name, "filter.")
	seen := map[string]int{}
	for _, row := range s.rows {
		for _, word := range wordsOf(row[name]) {
			seen[word]++
		}
	}
	words = slices.DeleteFunc(slices.Clone(words), func(word string) bool { return strings.HasSuffix(strings.ToLower(word), "all") })
	slices.SortStableFunc(words, func(a, b string) int { return cmp.Compare(seen[strings.ToLower(a)], seen[strings.ToLower(b)]) })
	for _, word := range words[:min(2, len(words))] {
		rows, total, status := r.ask(ctx, s, 50, p.Name, word)
		switch {
		case status != http.StatusOK:
			return refused(status)
		case total != s.total:
			return verdict{known: true}
		}
		if !slices.ContainsFunc(rows, func(row map[string]any) bool { return !slices.Contains(wordsOf(row[name]), strings.ToLower(word)) }) &&
			seen[strings.ToLower(word)] < len(s.rows) {
			return verdict{known: true} // as many as before, and others
		}
	}
	return ignored("two of its values both give all %d rows", s.total)
}

// wordsOf are the words of a property, in lower case.
func wordsOf(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{strings.ToLower(v)}
	case []any:
		var words []string
		for _, word := range v {
			words = append(words, wordsOf(word)...)
		}
		return words
	}
	return nil
}

// spanFilter asks for the second or the first half of the days that a list requires: those of the other half must not come.
func (r *run) spanFilter(ctx context.Context, s *state, p *description.Parameter) verdict {
	end, err := time.Parse(time.DateOnly, s.window.Get(p.Name))
	if err != nil {
		return verdict{}
	}
	half, outside := end.AddDate(0, 0, days/2), func(day time.Time, half time.Time) bool { return day.Before(half) }
	if !begins(p) {
		half, outside = end.AddDate(0, 0, -days/2), func(day time.Time, half time.Time) bool { return day.After(half) }
	}
	count := func(rows []map[string]any) (n int) {
		for _, row := range rows {
			for _, value := range row {
				list, _ := value.([]any)
				for _, element := range list {
					object, _ := element.(map[string]any)
					if day, ok := dayOf(object["date"]); ok && outside(day, half) {
						n++
					}
				}
			}
		}
		return n
	}
	if count(s.rows) == 0 {
		return verdict{}
	}
	rows, _, status := r.ask(ctx, s, wholePage, p.Name, half.Format(time.DateOnly))
	switch {
	case status != http.StatusOK:
		return refused(status)
	case count(rows) > 0:
		return ignored("half of the days leaves %d days of the other half", count(rows))
	}
	return verdict{known: true}
}

// sortedBy are properties that go by another name than the keys that sort by them.
var sortedBy = map[string]string{"createdDate": "created", "updatedDate": "updated", "userName": "user", "projectNumber": "number"}

// sortKey judges whether a key sorts. Rows are asked for in the order that they have not come in before.
func (r *run) sortKey(ctx context.Context, s *state, key string) verdict {
	if s.total < 2 {
		return verdict{}
	}
	before := valuesOf(s.rows, key)
	if key == s.sorted {
		if v, sure := judge(before, true); sure {
			return v
		}
	}
	up, _ := breaks(before, false)
	down, _ := breaks(before, true)
	descending := up < down
	var flat []value
	for range 2 {
		order := map[bool]string{false: "ascending", true: "descending"}[descending]
		rows, _, status := r.ask(ctx, s, 50, "sortBy", key, "sortOrder", order)
		switch {
		case status == http.StatusBadRequest:
			return verdict{ignored: SortIgnored, detail: "the API refuses it with 400"}
		case status != http.StatusOK:
			return verdict{}
		}
		values := valuesOf(rows, key)
		if v, sure := judge(values, descending); sure {
			return v
		}
		if flat != nil && len(values) > 0 && flat[0] != values[0] { // the least on one end, the greatest on the other
			least, greatest := flat[0], values[0]
			if !descending {
				least, greatest = greatest, least
			}
			for _, v := range before {
				if !inOrder([]value{least, v, greatest}, false) {
					return verdict{ignored: SortIgnored, detail: "neither end of the list has the least of its values"}
				}
			}
			return verdict{known: true}
		}
		if len(values) == 0 || len(rows) == s.total {
			break // all are alike
		}
		flat, descending = values, !descending // the other end
	}
	return verdict{}
}

// judge tells whether values are sorted; it is not sure if they are all alike.
func judge(values []value, descending bool) (v verdict, sure bool) {
	switch {
	case len(slices.Compact(slices.Clone(values))) < 2:
		return verdict{}, false
	case inOrder(values, descending):
		return verdict{known: true}, true
	}
	return verdict{ignored: SortIgnored, detail: fmt.Sprintf("%d rows are not in its order", len(values))}, true
}

// A value is what rows are compared by.
type value struct {
	kind string
	text string
}

// valuesOf are the values of a sort key in rows; none if a row has no such property.
func valuesOf(rows []map[string]any, key string) []value {
	var all []value
	for _, row := range rows {
		v, ok := row[key]
		if !ok {
			if v, ok = row[sortedBy[key]]; !ok {
				return nil
			}
		}
		if object, ref := v.(map[string]any); ref {
			if v, ok = object["name"]; !ok {
				v = object["title"]
			}
		}
		all = append(all, valueOf(v))
	}
	if slices.ContainsFunc(all, func(v value) bool { return v.kind == "number" }) { // then texts are numbers that are quoted
		for i, v := range all {
			if v.kind == "text" {
				all[i] = valueOf(json.Number(v.text))
			}
		}
	}
	return all
}

var dayTime = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d(?:\.\d+)?))?`)

// valueOf makes values that are spelt differently alike: days and times in four shapes, and numbers.
func valueOf(v any) value {
	switch v := v.(type) {
	case nil:
		return value{kind: "null"}
	case json.Number:
		if n, ok := exact(string(v)); ok {
			return value{"number", n.RatString()}
		}
	case string:
		if m := dayTime.FindStringSubmatch(v); m != nil {
			clock := cmp.Or(m[2], "00:00:00")
			if strings.Contains(clock, ".") {
				clock = strings.TrimSuffix(strings.TrimRight(clock, "0"), ".")
			}
			return value{"time", m[1] + "T" + clock}
		}
		return value{"text", strings.TrimSpace(v)}
	}
	return value{kindOf(v), fmt.Sprint(v)}
}

// exact reads a number. One with an exponent may be of any length, and is not compared.
func exact(text string) (*big.Rat, bool) {
	if strings.ContainsAny(text, "eE") {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

// inOrder reports whether values ascend or descend. How the API sorts texts is not known: one pair in five may be in another
// order than in those tried here, where without sorting it would be half of them.
func inOrder(values []value, descending bool) bool {
	least, ofTexts := breaks(values, descending)
	if least == 0 {
		return true
	}
	distinct := len(slices.Compact(slices.Clone(values)))
	return ofTexts && 5*least < distinct
}

// breaks counts the neighbours that are in the wrong order, in the order that has fewest of them.
func breaks(values []value, descending bool) (least int, ofTexts bool) {
	least = len(values)
	for _, compare := range orders {
		for _, nullsLast := range []bool{false, true} {
			n := 0
			for i := 1; i < len(values); i++ {
				a, b := values[i-1], values[i]
				if descending {
					a, b = b, a
				}
				if a.compare(b, compare, nullsLast) > 0 {
					n++
				}
				ofTexts = ofTexts || a.kind == "text"
			}
			least = min(least, n)
		}
	}
	return least, ofTexts
}

func (v value) compare(other value, texts func(a, b string) int, nullsLast bool) int {
	switch {
	case v.kind == "null" || other.kind == "null":
		n := cmp.Compare(btoi(other.kind == "null"), btoi(v.kind == "null"))
		if nullsLast {
			n = -n
		}
		return n
	case v.kind == "number" && other.kind == "number":
		x, _ := new(big.Rat).SetString(v.text)
		y, _ := new(big.Rat).SetString(other.text)
		return x.Cmp(y)
	case v.kind == "time" && other.kind == "time":
		return cmp.Compare(v.text, other.text)
	}
	return texts(v.text, other.text)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// orders are those that databases have for texts. Which one the API has is not known.
var orders = []func(a, b string) int{
	cmp.Compare[string],
	by(strings.ToLower),
	by(swedish),
	by(func(s string) string { return plain(strings.ToLower(s)) }),
	by(func(s string) string { return letters(swedish(s)) }),
	by(func(s string) string { return letters(plain(strings.ToLower(s))) }),
	natural,
}

func by(key func(string) string) func(a, b string) int {
	return func(a, b string) int { return cmp.Compare(key(a), key(b)) }
}

var (
	swedishLetters = strings.NewReplacer("å", "{", "ä", "|", "æ", "|", "ö", "}", "ø", "}", "é", "e", "è", "e", "ü", "y", "w", "v")
	plainLetters   = strings.NewReplacer("å", "a", "ä", "a", "ö", "o", "é", "e", "è", "e", "ü", "u")
)

// swedish puts å, ä and ö after z.
func swedish(s string) string { return swedishLetters.Replace(strings.ToLower(s)) }

// plain takes them for a and o.
func plain(s string) string { return plainLetters.Replace(s) }

// letters leaves out what some collations pass over.
func letters(s string) string {
	return strings.Map(func(c rune) rune {
		if c == '-' || c == '\'' || c == ' ' {
			return -1
		}
		return c
	}, s)
}

var digits = regexp.MustCompile(`\d+|\D+`)

// natural compares the numbers in texts as numbers.
func natural(a, b string) int {
	x, y := digits.FindAllString(swedish(a), -1), digits.FindAllString(swedish(b), -1)
	return slices.CompareFunc(x, y, func(a, b string) int {
		n, errA := strconv.ParseUint(a, 10, 64)
		m, errB := strconv.ParseUint(b, 10, 64)
		if errA == nil && errB == nil {
			return cmp.Compare(n, m)
		}
		return cmp.Compare(a, b)
	})
}
