package moment

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Includes are the parts that an answer is to hold; see [Include] and [Fields].
type Includes struct {
	parts   []string
	named   []string     // the parts that are placed by a tag of the struct
	of      reflect.Type // the struct
	problem string
}

// Include asks for the given parts: a named part such as "base", a field, a field
// of an inner object such as "customer.name", or metadata such as
// "metadata.overviewPage". The id always comes with them.
//
// "base" is not known to every entity: timeRecords has none. Any other part must have
// a place in the type of the rows, or the call is refused: a field of the JSON name
// that the part comes back under. A map and [json.RawMessage] hold anything.
func Include(parts ...string) Includes { return Includes{parts: parts} }

// Fields asks for the fields of the struct T: by the JSON name of each, or by its tag
// include; nothing is asked for with include:"-". An inner field comes back flattened, so
// its JSON name must be the flattened one:
//
//	type OfferRow struct {
//		_            struct{} `include:"base"`
//		ID           int64    `json:"id"`
//		Name         string   `json:"name" include:"-"` // comes with base
//		CustomerName string   `json:"customerName" include:"customer.name"`
//	}
//
// The fields of an embedded struct count as well, unless the struct has a tag include. The
// tag of a blank field or of an embedded struct names a part that can come back under any
// names.
func Fields[T any]() Includes {
	t := reflect.TypeFor[T]()
	if t.Kind() != reflect.Struct {
		return Includes{problem: fmt.Sprintf("moment.Fields needs a struct, and %s is none", t)}
	}
	in := Includes{of: t}
	in.add(t)
	if len(in.parts) == 0 {
		in.parts = []string{"id"}
	}
	return in
}

// add asks for the fields of a struct type.
func (in *Includes) add(t reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		part, tagged := f.Tag.Lookup("include")
		switch embedded := deref(f.Type); {
		case part == "-":
			continue
		case !tagged && f.Anonymous && name == "" && embedded.Kind() == reflect.Struct:
			in.add(embedded)
			continue
		case !tagged && (name == "-" || !f.IsExported()):
			continue
		case !tagged && name == "":
			part = f.Name
		case !tagged:
			part = name
		}
		name = cmp.Or(name, f.Name)
		inner := strings.Contains(part, ".") && !ofPage(part)
		if inner && f.IsExported() && name != "-" && !strings.EqualFold(name, flattened(part)) {
			in.problem = fmt.Sprintf("the field %s of %s asks for %s, which comes back as %s: that must be its JSON name",
				f.Name, t, part, flattened(part))
		}
		if tagged && (f.Name == "_" || f.Anonymous || !inner && !strings.EqualFold(name, part)) {
			in.named = append(in.named, part)
		}
		if part != "id" && !slices.Contains(in.parts, part) {
			in.parts = append(in.parts, part)
		}
	}
}

func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// flattened is the name that an inner field comes back under.
func flattened(part string) string {
	names := strings.Split(part, ".")
	for i, name := range names[1:] {
		if name != "" {
			names[i+1] = strings.ToUpper(name[:1]) + name[1:]
		}
	}
	return strings.Join(names, "")
}

// parts joins the parts as the API takes them, each once, and says what is wrong with them.
// A part is refused if T, or for a list its page, has no field for it: it would be lost.
func (s *Service[T]) parts(includes []Includes, page bool) (joined, problem string) {
	var all []string
	rows := shapeOf(reflect.TypeFor[T]())
	for _, in := range includes {
		if in.problem != "" {
			return "", in.problem
		}
		for _, part := range in.parts {
			if problem := checkPart(part); problem != "" {
				return "", problem
			}
			name := flattened(part)
			if ofPage(part) {
				name = "metadata"
			}
			placed := part == "base" || part == "id" || page && ofPage(part) ||
				!ofPage(part) && in.of == reflect.TypeFor[T]() && slices.Contains(in.named, part)
			if !placed && !rows.holds(name) {
				return "", fmt.Sprintf("%s comes back as %s, which %s has no field for: ask with a type that has, such as a struct of yours and moment.Of",
					part, name, reflect.TypeFor[T]())
			}
			if !slices.Contains(all, part) {
				all = append(all, part)
			}
		}
	}
	return strings.Join(all, "+"), ""
}

// ofPage reports whether a part belongs to a page and not to its rows.
func ofPage(part string) bool { return strings.HasPrefix(part, "metadata.") }

func checkPart(part string) string {
	if strings.ContainsAny(part, "+, ") {
		return fmt.Sprintf("give each part of an include as an argument of its own, not %q", clip(part))
	}
	for _, name := range strings.Split(part, ".") {
		if name == "" || strings.ContainsFunc(name, func(r rune) bool { return !isWord(r) }) {
			return fmt.Sprintf("%q cannot be included: a part is a name such as base, or two such as customer.name", clip(part))
		}
	}
	return ""
}

// asks reports whether the includes ask for anything, and whether for the given part.
func asks(includes []Includes, part string) (anything, forPart bool) {
	for _, in := range includes {
		anything = anything || len(in.parts) > 0
		forPart = forPart || slices.Contains(in.parts, part)
	}
	return anything, forPart
}
