package tid

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// checker is an options or input type with rules that concern several fields.
type checker interface{ check(*problems) }

// problems collects what is wrong with an input, by property.
type problems struct{ fields map[string][]string }

func (p *problems) add(field, format string, args ...any) {
	if p.fields == nil {
		p.fields = make(map[string][]string)
	}
	p.fields[field] = append(p.fields[field], fmt.Sprintf(format, args...))
}

// check refuses an options or input struct that the API cannot take. What is
// wrong with a single field follows from its type and its tag
//
//	tid:"required"   must not be zero
//	tid:"max=50"     at most so many characters
//	tid:"cents"      at most two decimals
//
// and what concerns several from the type's own check.
func check(op string, input any) error {
	return checkAgainst(op, input, nil)
}

// checkAgainst is check for an input that was read from the API before it was
// changed: values of enumerations that came from there may go back.
func checkAgainst(op string, input, origin any) error {
	v := reflect.ValueOf(input)
	if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil
	}
	var p problems
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
	e := invalid(op, "not sent")
	e.Fields = p.fields
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
		p.add(name, "is a pointer to nothing: leave it out for everything")
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

// boundOf returns the bound that a filter sets, if it sets one.
func boundOf(value reflect.Value) (bound DateOrTime, ok bool) {
	if value = bare(value); !value.IsValid() {
		return nil, false
	}
	bound, ok = value.Interface().(DateOrTime)
	return bound, ok && !bound.IsZero()
}

// spanStart turns the name of the last day of a span into that of its first.
var spanStart = strings.NewReplacer("To", "From", "to", "from")

func (p *problems) checkValue(name, rules string, value, origin reflect.Value) {
	if value.IsZero() {
		if hasRule(rules, "required") {
			p.add(name, "is required")
		}
		return
	}
	value = bare(value)
	if !value.IsValid() {
		if hasRule(rules, "required") {
			p.add(name, "is required")
		}
		return
	}
	origin = like(value, bare(origin))
	if rule, ok := ruleValue(rules, "max"); ok && value.Kind() == reflect.String {
		if n := utf8.RuneCountInString(value.String()); n > rule {
			p.add(name, "has %d characters, and at most %d are allowed", n, rule)
		}
	}
	switch x := value.Interface().(type) {
	case Decimal:
		if hasRule(rules, "cents") && !x.Equal(x.Round(2)) {
			p.add(name, "has more than two decimals: %s", x)
		}
		return
	case enumerated:
		if !slices.Contains(x.values(), value.String()) && value.String() != origin.String() {
			p.add(name, "%s is not one of %s", strconv.Quote(value.String()), strings.Join(x.values(), ", "))
		}
		return
	}
	if reflect.PointerTo(value.Type()).Implements(textUnmarshaler) {
		return // a value of this package: whole in itself
	}
	switch value.Kind() {
	case reflect.Int64:
		if isID(name) && value.Int() < 1 {
			p.add(name, "must be 1 or more, not %d", value.Int())
		}
	case reflect.Slice:
		for i := range value.Len() {
			element := value.Index(i)
			if element.Kind() == reflect.Int64 {
				if isID(name) && element.Int() < 1 {
					p.add(name, "must all be 1 or more, not %d", element.Int())
				}
				continue
			}
			from := reflect.Zero(element.Type())
			if i < origin.Len() {
				from = origin.Index(i)
			}
			for j := range origin.Len() { // it may have moved
				if element.Comparable() && origin.Index(j).Equal(element) {
					from = element
				}
			}
			if element.Kind() == reflect.Struct && element.IsZero() {
				p.walk(element, from)
				continue
			}
			p.checkValue(name, "", element, from)
		}
	case reflect.Struct:
		p.walk(value, origin)
	}
}

// bare takes pointers, interfaces and Opts off a value; nothing is left of what is
// nil or null.
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

// like returns the origin of a value, or a zero in its place where it has none.
func like(value, origin reflect.Value) reflect.Value {
	if !origin.IsValid() || origin.Type() != value.Type() {
		return reflect.Zero(value.Type())
	}
	return origin
}

// wireName is the name that a field has in the request.
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

func hasRule(rules, rule string) bool {
	return slices.Contains(strings.Split(rules, ","), rule)
}

func ruleValue(rules, rule string) (n int, ok bool) {
	for _, r := range strings.Split(rules, ",") {
		if text, found := strings.CutPrefix(r, rule+"="); found {
			n, err := strconv.Atoi(text)
			return n, err == nil
		}
	}
	return 0, false
}
