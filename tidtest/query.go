package tidtest

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/vismatid/tid/tidtest/internal/schema"
)

// test is how a filter compares.
type test uint8

const (
	testEquals test = iota // the field is the value
	testIn                 // the field is, or one of its elements is, in the comma-joined list
	testFrom               // the field is the value or later
	testTo                 // the field is the value or earlier, the whole day included if the value is a day
	testAfter              // the field is greater than the value
	testQuery              // one of the text fields contains the value, whatever the case
	testSet                // true: the field is not null; false: it is
	testEndsOn             // the span of two fields ends on the value or later
	testBegins             // the span of two fields begins on the value or earlier
	testKind               // which one of the fields is not null, by the words of the filter
	testShown              // true: everything; false, or left out: only rows in which the field is false
	testNoted              // parsed, and left to what gathers the rows
)

// A filter is a parameter of a list that chooses rows.
type filter struct {
	name     string
	test     test
	fields   []string
	words    []string // the values of testKind
	all      string   // the value that chooses everything
	unset    string   // the value that stands for a missing parameter
	required bool
	as       schema.Kind // of testNoted
}

func equals(name, field string) filter {
	return filter{name: name, test: testEquals, fields: in(field)}
}
func anyOf(name, field string) filter { return filter{name: name, test: testIn, fields: in(field)} }
func from(name, field string) filter  { return filter{name: name, test: testFrom, fields: in(field)} }
func to(name, field string) filter    { return filter{name: name, test: testTo, fields: in(field)} }
func after(name, field string) filter { return filter{name: name, test: testAfter, fields: in(field)} }
func isSet(name, field string) filter { return filter{name: name, test: testSet, fields: in(field)} }
func query(in ...string) filter       { return filter{name: "query", test: testQuery, fields: in} }
func noted(name string, as schema.Kind) filter {
	return filter{name: name, test: testNoted, as: as}
}

func in(fields ...string) []string { return fields }

// span are the filters from and to over objects that last from one field to another.
func span(begin, end string) []filter {
	return []filter{
		{name: "from", test: testEndsOn, fields: in(begin, end)},
		{name: "to", test: testBegins, fields: in(begin, end)},
	}
}

// between are the filters …From and …To of a date.
func between(name, field string) []filter {
	return []filter{from(name+"From", field), to(name+"To", field)}
}

// filters joins single filters and lists of them.
func filters(parts ...any) []filter {
	var all []filter
	for _, part := range parts {
		switch part := part.(type) {
		case filter:
			all = append(all, part)
		case []filter:
			all = append(all, part...)
		default:
			panic("tidtest: not a filter")
		}
	}
	return all
}

func (f filter) or(all string) filter          { f.all = all; return f }
func (f filter) ifMissing(value string) filter { f.unset = value; return f }
func (f filter) oneOf(words ...string) filter  { f.words = words; return f }
func (f filter) must() filter                  { f.required = true; return f }

// parameter is the name of the filter in the query.
func (f filter) parameter(bare bool) string {
	if bare {
		return f.name
	}
	return "filter." + f.name
}

// a value of a filter, as read from the query.
type argument struct {
	text  string
	nums  []int64
	yes   bool
	begin int64 // the first and the last millisecond of a date, as the wall clock shows it
	end   int64
}

// parse reads the value of a filter on the given schema.
func (f filter) parse(s *schema.Schema, text string) (a argument, err error) {
	a.text = text
	switch f.test {
	case testQuery:
		a.text = strings.ToLower(text)
		return a, nil
	case testSet, testShown:
		a.yes, err = parseBool(text)
		return a, err
	case testKind:
		n, err := parseOne(schema.Enum, f.words, text)
		a.nums = []int64{n}
		return a, err
	}
	as, values := f.as, []string(nil)
	if f.test != testNoted {
		of := s.Field(f.fields[0])
		as, values = of.Kind, of.Values
	}
	switch as {
	case schema.Text:
	case schema.Date, schema.DateTime:
		n, err := schema.ParseWall(text)
		if a.begin, a.end = schema.Millis(n), schema.Millis(n); len(text) == len(schema.LayoutDay) {
			a.end += dayMillis - 1
		}
		return a, err
	default:
		if f.list() {
			for _, part := range listed(text) {
				n, err := parseOne(as, values, part)
				if err != nil {
					return a, err
				}
				a.nums = append(a.nums, n)
			}
			return a, nil
		}
		var n int64
		n, err = parseOne(as, values, text)
		a.nums, a.yes = []int64{n}, n != 0
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
func (f filter) matches(s *schema.Schema, r *schema.Record, a argument) bool {
	field := func(i int) *schema.Field { return s.Field(f.fields[i]) }
	switch f.test {
	case testQuery:
		for i := range f.fields {
			if strings.Contains(strings.ToLower(r.Text(field(i))), a.text) {
				return true
			}
		}
		return false
	case testSet:
		return !r.IsNull(field(0)) == a.yes
	case testShown:
		return a.yes || r.Num(field(0)) == 0
	case testKind:
		return !r.IsNull(field(int(a.nums[0])))
	case testNoted:
		return true
	case testEndsOn, testBegins:
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
		case f.test == testEndsOn:
			return schema.Millis(last) >= a.begin
		}
		return schema.Millis(first) <= a.end
	}
	of := field(0)
	num, other := of.Value(r)
	switch list := other.(type) {
	case []int64:
		return slices.ContainsFunc(list, func(id int64) bool { return slices.Contains(a.nums, id) })
	case []string:
		return slices.ContainsFunc(list, func(word string) bool {
			n, ok := of.Word(word)
			return ok && slices.Contains(a.nums, n)
		})
	case string:
		return list == a.text
	}
	if !of.Kind.Numeric() || num == schema.None {
		return false
	}
	switch f.test {
	case testFrom:
		return schema.Millis(num) >= a.begin
	case testTo:
		return schema.Millis(num) <= a.end
	case testAfter:
		return num > a.nums[0]
	}
	if of.Kind == schema.Date || of.Kind == schema.DateTime {
		return schema.Millis(num) >= a.begin && schema.Millis(num) <= a.end
	}
	return slices.Contains(a.nums, num)
}

// listing is a list request after its parameters have been read.
type listing struct {
	page, pageSize int
	sort           sortKey // empty: by id
	descending     bool
	filters        []filter
	arguments      []argument
	key            string // what the parameters other than the page come to
}

// argument returns the value of a filter, if it was given.
func (l *listing) argument(name string) (argument, bool) {
	for i, f := range l.filters {
		if f.name == name {
			return l.arguments[i], true
		}
	}
	return argument{}, false
}

// parameters are those of a query, by their names in lower case: names are compared without case, as paths are. A parameter
// that is empty is as good as none.
type parameters map[string][]string

func newParameters(q url.Values) parameters {
	p := parameters{}
	for _, name := range slices.Sorted(maps.Keys(q)) {
		for _, value := range q[name] {
			if value != "" {
				p[strings.ToLower(name)] = append(p[strings.ToLower(name)], value)
			}
		}
	}
	return p
}

// first is the value of a parameter, the first one if it is given again.
func (p parameters) first(name string) string {
	if values := p[strings.ToLower(name)]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// all are the values of a parameter, joined by commas.
func (p parameters) all(name string) string { return strings.Join(p[strings.ToLower(name)], ",") }

// list says whether a filter takes a list of values.
func (f filter) list() bool { return f.test == testIn || f.as == schema.Refs }

// listed are the elements of a comma-joined list.
func listed(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// readListing reads the parameters of a list.
func readListing(res *resource, q parameters) (*listing, schema.Problems, error) {
	l, wrong := &listing{page: 1, pageSize: mostRows}, schema.Problems{}
	for name, value := range map[string]*int{"page": &l.page, "pageSize": &l.pageSize} {
		if text := q.first(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || name == "page" && n < 1 {
				wrong.Add(name, "must be an integer from 1, not %q", text)
			}
			*value = n
		}
	}
	if wrong["pageSize"] == nil && (l.pageSize < 1 || l.pageSize > mostRows) {
		return nil, nil, fmt.Errorf("PageSize must be between 1 and %d", mostRows)
	}

	key := []string{}
	if by := q.first("sortBy"); by != "" && len(res.sorts) > 0 {
		i := slices.IndexFunc(res.sorts, func(k sortKey) bool { return strings.EqualFold(k.name, by) })
		if i < 0 {
			var names []string
			for _, k := range res.sorts {
				names = append(names, k.name)
			}
			wrong.Add("sortBy", "must be one of %s, not %q", strings.Join(names, ", "), by)
		} else {
			l.sort = res.sorts[i]
		}
		key = append(key, l.sort.name)
	}
	switch order := q.first("sortOrder"); strings.ToLower(order) {
	case "", "ascending":
	case "descending":
		l.descending = true
		key = append(key, "-")
	default:
		wrong.Add("sortOrder", "must be ascending or descending, not %q", order)
	}

	for _, f := range res.filters {
		name := f.parameter(res.bare)
		text := q.first(name)
		if f.list() {
			text = q.all(name)
		}
		if text == "" {
			text = f.unset
			if f.required {
				wrong.Add(name, "is required")
			}
		}
		if text == "" || strings.EqualFold(text, f.all) || f.list() && len(listed(text)) == 0 {
			continue
		}
		a, err := f.parse(res.schema, text)
		if err != nil {
			wrong.Add(name, "%v", err)
			continue
		}
		l.filters, l.arguments = append(l.filters, f), append(l.arguments, a)
		key = append(key, f.name, text)
	}
	l.key = strings.Join(key, "\x00")
	return l, wrong, nil
}

// mostRows is the largest size of a page, and the size of one whose size is not said.
const mostRows = 100

// listCache remembers the rows that the last few queries came to, so that reading page after page of a long list does not
// filter and sort it again for each of them.
type listCache struct {
	mu      sync.Mutex
	version uint64
	rows    map[string][]*schema.Record
}

const cachedLists = 8

// choose returns the rows of a list in order, from the cache if nothing has changed.
func (st *state) choose(c *call, res *resource, l *listing) ([]*schema.Record, error) {
	version := res.version
	for _, id := range res.depends {
		version += st.resource(id).version
	}
	key := strconv.FormatInt(c.parent(), 10) + "\x00" + l.key
	cache := &res.cache
	cache.mu.Lock()
	defer cache.mu.Unlock()
	if cache.rows == nil || cache.version != version || len(cache.rows) >= cachedLists {
		cache.version, cache.rows = version, map[string][]*schema.Record{}
	}
	if rows, ok := cache.rows[key]; ok && st.pick == nil {
		return rows, nil
	}
	rows, err := st.compute(c, res, l)
	if err == nil {
		cache.rows[key] = rows
	}
	return rows, err
}

// compute filters and sorts the rows of a list.
func (st *state) compute(c *call, res *resource, l *listing) ([]*schema.Record, error) {
	all := res.children(c.parent())
	if res.gather != nil {
		var err error
		if all, err = res.gather(c); err != nil {
			return nil, err
		}
	}
	chosen := make([]*schema.Record, 0, len(all))
	for _, r := range all {
		passes := true
		for i := 0; passes && i < len(l.filters); i++ {
			passes = l.filters[i].matches(res.schema, r, l.arguments[i])
		}
		if passes {
			chosen = append(chosen, r)
		}
	}
	st.sort(res, l, chosen)
	return chosen, nil
}

// sort orders rows that are in the order of their ids. Rows with equal keys stay in that order,
// unless they are to change places.
func (st *state) sort(res *resource, l *listing, chosen []*schema.Record) {
	if l.sort.name == "" {
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
	by := res.schema.Field(l.sort.field)
	keys := make([]keyed, len(chosen))
	for i, r := range chosen {
		num, other := by.Value(r)
		k := keyed{num: num, row: r}
		switch by.Kind {
		case schema.Ref:
			if k.text = ""; num != schema.None {
				k.text = schema.Sortable(st.displayName(by.Target, num))
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
	if st.pick != nil {
		for i := len(keys) - 1; i > 0; i-- {
			j := st.pick(i + 1)
			keys[i], keys[j] = keys[j], keys[i]
		}
	}
	slices.SortStableFunc(keys, compare)
	for i, k := range keys {
		chosen[i] = k.row
	}
}
