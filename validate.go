package tid

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// checker is an options or input type with rules about several fields.
type checker interface{ check(*problems) }

// problems collects what is wrong with an input, by property.
type problems struct {
	fields   map[string][]string
	inferred []string // properties that an inferred rule has refused
	passed   bool     // inferred rules are not applied
}

// add reports a property that breaks a known rule.
func (p *problems) add(property, format string, args ...any) {
	p.addBy(rule{}, property, format, args...)
}

// addBy reports a property that breaks a rule.
func (p *problems) addBy(r rule, property, format string, args ...any) {
	if r.inferred {
		if p.passed {
			return
		}
		p.inferred = append(p.inferred, property)
	}
	if p.fields == nil {
		p.fields = make(map[string][]string)
	}
	p.fields[property] = append(p.fields[property], fmt.Sprintf(format, args...))
}

// rule is a rule for inputs.
type rule struct {
	value    string // the text after the =
	inferred bool
}

// inferredRule is an inferred rule about several fields.
var inferredRule = rule{inferred: true}

// ruleIn finds a rule in the tag of a field.
func ruleIn(tag, name string) (r rule, ok bool) {
	for text := range strings.SplitSeq(tag, ",") {
		text, r.inferred = strings.CutSuffix(text, "?")
		text, r.value, _ = strings.Cut(text, "=")
		if text == name {
			return r, true
		}
	}
	return rule{}, false
}

type withoutChecks struct{}

// WithoutChecks returns a context in which calls send input that an inferred rule would
// refuse. Input is checked before it is sent, and a few of the rules are inferred, so that
// they may be wrong. Their errors name WithoutChecks, so that they cannot stop valid input
// for good. They are
//
//   - of an article: that it has a name, and the limits of its number, price, name,
//     description and cost, which the vendor gives without naming their properties
//   - of a contact: that it has a type and a name, the values of its relations, that
//     a company has no companyId and a person no parentCompanyId
//   - that a booking project has a name, a comment a text, a material report a
//     project, an opportunity a title, a supplier invoice a number
//   - that the probability of an opportunity is from 0 to 100
//
// All other rules stay. Some are documented or have been observed: what a project, a
// task, a time report and the day statistics require, one project for each time report,
// 31 days of statistics, the values of enumerations and the bounds of pages. Others follow
// from the call itself: an input that is nil, an id below 1, a span that ends before it
// begins, an empty list as a filter, a value that cannot be written, a travel report that
// an update would clear.
func WithoutChecks(ctx context.Context) context.Context {
	return context.WithValue(ctx, withoutChecks{}, true)
}

// check refuses an options or input struct that the API cannot take. The rules for a single
// field follow from its type and its tag
//
//	tid:"required"   must not be zero
//	tid:"max=50"     at most so many characters
//	tid:"cents"      at most two decimals
//	tid:"values?"    the values of its enumeration are inferred
//
// and rules about several fields are in the type's own check. A question mark is for an
// inferred rule, which [WithoutChecks] turns off.
//
// By reflection, so that each rule is at its field, and types of the caller's are checked
// as well.
func check(ctx context.Context, op string, input any) error {
	return checkAgainst(ctx, op, input, nil)
}

// checkAgainst is check for an input that was made from an object of the API, origin: values
// of enumerations that came from there may go back, also unknown ones.
func checkAgainst(ctx context.Context, op string, input, origin any) error {
	v := reflect.ValueOf(input)
	if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil
	}
	p := problems{passed: ctx.Value(withoutChecks{}) != nil}
	if v = reflect.Indirect(v); v.Kind() == reflect.Struct {
		o := reflect.Zero(v.Type())
		if origin != nil {
			o = reflect.Indirect(reflect.ValueOf(origin))
		}
		p.walk(v, o)
	}
	if c, ok := input.(checker); ok {
		c.check(&p)
	}
	if p.fields == nil {
		return nil
	}
	e := invalid(op, "")
	e.Fields = p.fields
	if p.inferred != nil {
		slices.Sort(p.inferred)
		e.hint = fmt.Sprintf("refused by an inferred rule: %s; if the API takes it, send it with tid.WithoutChecks(ctx)",
			strings.Join(slices.Compact(p.inferred), ", "))
	}
	return e
}

// walk checks the fields of v; o holds their original values.
func (p *problems) walk(v, o reflect.Value) {
	for i := range v.NumField() {
		field, value := v.Type().Field(i), v.Field(i)
		if field.Anonymous {
			if inner := reflect.Indirect(value); inner.Kind() == reflect.Struct {
				p.walk(inner, like(inner, reflect.Indirect(o.Field(i))))
			}
			continue
		}
		name := wireName(field)
		if name == "" || !field.IsExported() {
			continue
		}
		if _, filter := field.Tag.Lookup("url"); filter {
			p.checkFilter(name, v, value)
		}
		p.checkValue(name, field.Tag.Get("tid"), value, o.Field(i))
	}
}

// checkFilter refuses filters that would give everything, or nothing at all.
func (p *problems) checkFilter(name string, options, value reflect.Value) {
	if value.Kind() == reflect.Slice && !value.IsNil() && value.Len() == 0 {
		p.add(name, "is an empty list, which would filter nothing: leave it nil for everything")
	}
	if value.Kind() == reflect.Interface && !value.IsNil() && !bare(value).IsValid() {
		p.add(name, "is a nil pointer: leave it out for everything")
		return
	}
	start := spanStart.Replace(name)
	to, ok := boundOf(value)
	if !ok || start == name {
		return
	}
	for i := range options.NumField() {
		if field := options.Type().Field(i); field.IsExported() && wireName(field) == start {
			if from, ok := boundOf(options.Field(i)); ok && reversed(from, to) {
				p.add(name, "%s is before %s, %s", to, start, from)
			}
		}
	}
}

// boundOf is the bound that a filter sets, if it sets one.
func boundOf(value reflect.Value) (bound DateOrTime, ok bool) {
	if value = bare(value); !value.IsValid() {
		return nil, false
	}
	bound, ok = value.Interface().(DateOrTime)
	return bound, ok && !bound.IsZero()
}

// spanStart changes the name of the end of a span to the name of its beginning.
var spanStart = strings.NewReplacer("To", "From", "to", "from")

// checkValue checks what a field holds. A zero behind a pointer or in an Opt was set on
// purpose, and is checked.
func (p *problems) checkValue(name, tag string, value, origin reflect.Value) {
	if given := bare(value); !value.IsZero() && given.IsValid() {
		p.checkGiven(name, tag, given, bare(origin))
	} else if r, ok := ruleIn(tag, "required"); ok {
		p.addBy(r, name, "is required")
	}
}

// checkGiven checks a bare value of a field, or of a list in it.
func (p *problems) checkGiven(name, tag string, value, origin reflect.Value) {
	origin = like(value, origin)
	if r, ok := ruleIn(tag, "max"); ok && value.Kind() == reflect.String {
		most, _ := strconv.Atoi(r.value)
		if n := utf8.RuneCountInString(value.String()); n > most {
			p.addBy(r, name, "has %d characters, and at most %d are allowed", n, most)
		}
	}
	switch x := value.Interface().(type) {
	case interface{ text() (string, error) }: // a date or a time of day
		if _, err := x.text(); err != nil {
			p.add(name, "%v", err)
		}
		return
	case Decimal:
		if r, ok := ruleIn(tag, "cents"); ok && !x.Equal(x.Round(2)) {
			p.addBy(r, name, "has more than two decimals: %s", x)
		}
		return
	case enumerated:
		if !slices.Contains(x.values(), value.String()) && value.String() != origin.String() {
			r, _ := ruleIn(tag, "values")
			p.addBy(r, name, "%s is not one of %s", strconv.Quote(value.String()), strings.Join(x.values(), ", "))
		}
		return
	}
	if reflect.PointerTo(value.Type()).Implements(textUnmarshaler) {
		return // it is sent as one text, not as its fields
	}
	switch value.Kind() {
	case reflect.Int64:
		if isID(name) && value.Int() < 1 {
			p.add(name, "must be 1 or more, not %d", value.Int())
		}
	case reflect.Slice:
		for i := range value.Len() {
			if element := bare(value.Index(i)); element.IsValid() {
				p.checkGiven(name, tag, element, originIn(origin, i, element))
			}
		}
	case reflect.Struct:
		p.walk(value, origin)
	}
}

// originIn is the original value of an element: the same if the original list has it
// anywhere, since it may have moved, else the value at its index.
func originIn(list reflect.Value, i int, element reflect.Value) (origin reflect.Value) {
	for j := range list.Len() {
		was := bare(list.Index(j))
		if element.Comparable() && was.IsValid() && was.Equal(element) {
			return element
		}
		if j == i {
			origin = was
		}
	}
	return origin
}

// bare is the value in pointers, interfaces and Opts; not valid for nil and null.
func bare(v reflect.Value) reflect.Value {
	for v.IsValid() {
		if v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
			v = v.Elem()
			continue
		}
		o, ok := v.Interface().(optional)
		if !ok {
			break
		}
		inner, set := o.inner()
		if !set {
			return reflect.Value{}
		}
		v = reflect.ValueOf(inner)
	}
	return v
}

// like returns the origin of a value, or a zero if it has none of its type.
func like(value, origin reflect.Value) reflect.Value {
	if !origin.IsValid() || origin.Type() != value.Type() {
		return reflect.Zero(value.Type())
	}
	return origin
}

// wireName is the name of a field in the request.
func wireName(f reflect.StructField) string {
	tag, ok := f.Tag.Lookup("url")
	if !ok {
		tag = f.Tag.Get("json")
	}
	name, _, _ := strings.Cut(tag, ",")
	return strings.TrimPrefix(name, "-")
}

func isID(name string) bool {
	return name == "id" || strings.HasSuffix(name, "Id") || strings.HasSuffix(name, "Ids")
}
