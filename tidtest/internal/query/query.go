// Package query reads the parameters of a list, and chooses and orders its rows.
package query

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/vismatid/tid/tidtest/internal/schema"
)

// Test is how a filter compares.
type Test uint8

// The tests.
const (
	Equals   Test = iota // the field is the value
	In                   // the field is, or one of its elements is, in the comma-joined list
	From                 // the field is the value or later
	To                   // the field is the value or earlier, the whole day included if the value is a day
	After                // the field is greater than the value
	Contains             // one of the text fields contains the value, whatever the case
	IsSet                // true: the field is not null; false: it is
	EndsOn               // the span of two fields ends on the value or later
	Begins               // the span of two fields begins on the value or earlier
	WhichOf              // which one of the fields is not null, by its name
	Shown                // true: everything; false, or left out: only rows in which the field is false
	Noted                // parsed, and left to what gathers the rows
)

// A Filter is a parameter of a list that chooses rows.
type Filter struct {
	Name     string
	Test     Test
	Fields   []string
	Unset    string      // the value that stands for a missing parameter
	As       schema.Kind // of Noted
	all      string      // the value that chooses everything
	Required bool
}

// Or makes a filter that has a value which chooses everything.
func (f Filter) Or(all string) Filter { f.all = all; return f }

// IfMissing makes a filter whose parameter, if missing, is as good as that value.
func (f Filter) IfMissing(value string) Filter { f.Unset = value; return f }

// Must makes a filter whose parameter is required.
func (f Filter) Must() Filter { f.Required = true; return f }

// Parameter is the name of the filter in the query.
func (f Filter) Parameter(bare bool) string {
	if bare {
		return f.Name
	}
	return "filter." + f.Name
}

// An Argument is the value of a filter, as read from the query.
type Argument struct {
	text  string
	Nums  []int64
	Yes   bool
	Begin int64 // the first and the last millisecond of a date, as the wall clock shows it
	End   int64
}

// parse reads the value of a filter on the given schema.
func (f Filter) parse(s *schema.Schema, text string) (a Argument, err error) {
	a.text = text
	switch f.Test {
	case Contains:
		a.text = strings.ToLower(text)
		return a, nil
	case IsSet, Shown:
		a.Yes, err = parseBool(text)
		return a, err
	case WhichOf:
		n, err := parseOne(schema.Enum, f.Fields, text)
		a.Nums = []int64{n}
		return a, err
	}
	as, values := f.As, []string(nil)
	if f.Test != Noted {
		of := s.Field(f.Fields[0])
		as, values = of.Kind, of.Values
	}
	switch as {
	case schema.Text:
	case schema.Date, schema.DateTime:
		n, err := schema.ParseWall(text)
		if a.Begin, a.End = schema.Millis(n), schema.Millis(n); len(text) == len(schema.LayoutDay) {
			a.End += schema.DayMillis - 1
		}
		return a, err
	default:
		if f.list() {
			for _, part := range listed(text) {
				n, err := parseOne(as, values, part)
				if err != nil {
					return a, err
				}
				a.Nums = append(a.Nums, n)
			}
			return a, nil
		}
		var n int64
		n, err = parseOne(as, values, text)
		a.Nums, a.Yes = []int64{n}, n != 0
	}
	return a, err
}

func parseOne(as schema.Kind, values []string, text string) (int64, error) {
	switch as {
	case schema.Bool:
		yes, err := parseBool(text)
		if yes {
			return 1, err
		}
		return 0, err
	case schema.Enum, schema.Enums:
		if i := schema.IndexFold(values, text); i >= 0 {
			return int64(i), nil
		}
		return 0, fmt.Errorf("must be one of %s, not %q", strings.Join(values, ", "), text)
	case schema.Decimal:
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			return 0, fmt.Errorf("%q is not a number", text)
		}
		return schema.ParseDecimal([]byte(text))
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not an integer", text)
	}
	return n, nil
}

func parseBool(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, fmt.Errorf("%q is not true or false", text)
}

// matches says whether a row passes the filter.
func (f Filter) matches(s *schema.Schema, r *schema.Record, a Argument) bool {
	field := func(i int) *schema.Field { return s.Field(f.Fields[i]) }
	switch f.Test {
	case Contains:
		for i := range f.Fields {
			if strings.Contains(strings.ToLower(r.Text(field(i))), a.text) {
				return true
			}
		}
		return false
	case IsSet:
		return !r.IsNull(field(0)) == a.Yes
	case Shown:
		return a.Yes || r.Num(field(0)) == 0
	case WhichOf:
		return !r.IsNull(field(int(a.Nums[0])))
	case Noted:
		return true
	case EndsOn, Begins:
		first, last := r.Num(field(0)), r.Num(field(1))
		if first == schema.None {
			first = last
		}
		if last == schema.None {
			last = first
		}
		switch {
		case first == schema.None:
			return false
		case f.Test == EndsOn:
			return schema.Millis(last) >= a.Begin
		}
		return schema.Millis(first) <= a.End
	}
	of := field(0)
	num, other := of.Value(r)
	switch list := other.(type) {
	case []int64:
		return slices.ContainsFunc(list, func(id int64) bool { return slices.Contains(a.Nums, id) })
	case []string:
		return slices.ContainsFunc(list, func(word string) bool {
			n, ok := of.Word(word)
			return ok && slices.Contains(a.Nums, n)
		})
	case string:
		return list == a.text
	}
	if !of.Kind.Numeric() || num == schema.None {
		return false
	}
	switch f.Test {
	case From:
		return schema.Millis(num) >= a.Begin
	case To:
		return schema.Millis(num) <= a.End
	case After:
		return num > a.Nums[0]
	}
	if of.Kind == schema.Date || of.Kind == schema.DateTime {
		return schema.Millis(num) >= a.Begin && schema.Millis(num) <= a.End
	}
	return slices.Contains(a.Nums, num)
}

// A SortKey is a value of sortBy and the field it sorts by.
type SortKey struct{ Name, Field string }

// Listing is a list request after its parameters have been read.
type Listing struct {
	Page, PageSize int
	Key            string // distinguishes listings: what the parameters other than the page come to

	schema     *schema.Schema
	sort       SortKey // empty: by id
	descending bool
	filters    []Filter
	arguments  []Argument
}

// Argument returns the value of a filter, if it was given.
func (l *Listing) Argument(name string) (Argument, bool) {
	for i, f := range l.filters {
		if f.Name == name {
			return l.arguments[i], true
		}
	}
	return Argument{}, false
}

// Parameters are those of a query, by their names in lower case: names are compared without case, as paths are. A parameter
// that is empty is as good as none.
type Parameters map[string][]string

// NewParameters sorts out a query.
func NewParameters(q url.Values) Parameters {
	p := Parameters{}
	for _, name := range slices.Sorted(maps.Keys(q)) {
		for _, value := range q[name] {
			if value != "" {
				p[strings.ToLower(name)] = append(p[strings.ToLower(name)], value)
			}
		}
	}
	return p
}

// First is the value of a parameter, the first one if it is given again.
func (p Parameters) First(name string) string {
	if values := p[strings.ToLower(name)]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// all are the values of a parameter, joined by commas.
func (p Parameters) all(name string) string { return strings.Join(p[strings.ToLower(name)], ",") }

// list says whether a filter takes a list of values.
func (f Filter) list() bool { return f.Test == In || f.As == schema.Refs }

// listed are the elements of a comma-joined list.
func listed(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// A List is what a list can be asked for.
type List struct {
	Schema  *schema.Schema
	Sorts   []SortKey
	Filters []Filter
	Bare    bool // the parameters are not prefixed with filter.
}

// Read reads the parameters of a request. The problems are those of parameters, by their names; the error is one of all.
func (of List) Read(q Parameters) (*Listing, schema.Problems, error) {
	l, wrong := &Listing{Page: 1, PageSize: mostRows, schema: of.Schema}, schema.Problems{}
	for name, value := range map[string]*int{"page": &l.Page, "pageSize": &l.PageSize} {
		if text := q.First(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || name == "page" && n < 1 {
				wrong.Add(name, "must be an integer from 1, not %q", text)
			}
			*value = n
		}
	}
	if wrong["pageSize"] == nil && (l.PageSize < 1 || l.PageSize > mostRows) {
		return nil, nil, fmt.Errorf("PageSize must be between 1 and %d", mostRows)
	}

	key := []string{}
	if by := q.First("sortBy"); by != "" && len(of.Sorts) > 0 {
		i := slices.IndexFunc(of.Sorts, func(k SortKey) bool { return strings.EqualFold(k.Name, by) })
		if i < 0 {
			var names []string
			for _, k := range of.Sorts {
				names = append(names, k.Name)
			}
			wrong.Add("sortBy", "must be one of %s, not %q", strings.Join(names, ", "), by)
		} else {
			l.sort = of.Sorts[i]
		}
		key = append(key, l.sort.Name)
	}
	switch order := q.First("sortOrder"); strings.ToLower(order) {
	case "", "ascending":
	case "descending":
		l.descending = true
		key = append(key, "-")
	default:
		wrong.Add("sortOrder", "must be ascending or descending, not %q", order)
	}

	for _, f := range of.Filters {
		name := f.Parameter(of.Bare)
		text := q.First(name)
		if f.list() {
			text = q.all(name)
		}
		if text == "" {
			text = f.Unset
			if f.Required {
				wrong.Add(name, "is required")
			}
		}
		if text == "" || strings.EqualFold(text, f.all) || f.list() && len(listed(text)) == 0 {
			continue
		}
		a, err := f.parse(of.Schema, text)
		if err != nil {
			wrong.Add(name, "%v", err)
			continue
		}
		l.filters, l.arguments = append(l.filters, f), append(l.arguments, a)
		key = append(key, f.Name, text)
	}
	l.Key = strings.Join(key, "\x00")
	return l, wrong, nil
}

// mostRows is the largest size of a page, and the size of one whose size is not said.
const mostRows = 100

// Rows chooses among rows that are in the order of their ids, and orders them. Rows with equal keys stay in that order, or
// change places if there is a function that picks a number below n. References are ordered by what the other function says
// that their targets are called.
func (l *Listing) Rows(all []*schema.Record, nameOf func(target schema.ResourceID, id int64) string, pick func(n int) int) []*schema.Record {
	chosen := make([]*schema.Record, 0, len(all))
	for _, r := range all {
		passes := true
		for i := 0; passes && i < len(l.filters); i++ {
			passes = l.filters[i].matches(l.schema, r, l.arguments[i])
		}
		if passes {
			chosen = append(chosen, r)
		}
	}
	l.order(chosen, nameOf, pick)
	return chosen
}

func (l *Listing) order(chosen []*schema.Record, nameOf func(target schema.ResourceID, id int64) string, pick func(n int) int) {
	if l.sort.Name == "" {
		if l.descending {
			slices.Reverse(chosen)
		}
		return
	}
	type keyed struct {
		num  int64
		text string
		row  *schema.Record
	}
	by := l.schema.Field(l.sort.Field)
	keys := make([]keyed, len(chosen))
	for i, r := range chosen {
		num, other := by.Value(r)
		k := keyed{num: num, row: r}
		switch by.Kind {
		case schema.Ref:
			if k.text = ""; num != schema.None {
				k.text = schema.Sortable(nameOf(by.Target, num))
			}
		case schema.Text:
			s, _ := other.(string)
			k.text = schema.Sortable(s)
		}
		keys[i] = k
	}
	compare := func(a, b keyed) int { return cmp.Compare(a.num, b.num) }
	switch by.Kind {
	case schema.Ref, schema.Text:
		compare = func(a, b keyed) int { return strings.Compare(a.text, b.text) }
	case schema.Decimal:
		compare = func(a, b keyed) int { return schema.CompareDecimals(a.num, b.num) }
	}
	if l.descending {
		ascending := compare
		compare = func(a, b keyed) int { return ascending(b, a) }
	}
	if pick != nil {
		for i := len(keys) - 1; i > 0; i-- {
			j := pick(i + 1)
			keys[i], keys[j] = keys[j], keys[i]
		}
	}
	slices.SortStableFunc(keys, compare)
	for i, k := range keys {
		chosen[i] = k.row
	}
}
