package tid_test

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/vismatid/tid"
)

// A strangeness is a way in which a server departs from the golden files.
type strangeness struct {
	name string
	// sent is what the server sends in the place of a value that is decoded into
	// the type: of a whole list, of each object and of each scalar in it.
	sent func(value any, typ reflect.Type) any
	// harmless is whether all that the golden file says must be left of it.
	harmless bool
	// kept is what must be left otherwise; nil stands for what is sent.
	kept func(value any, typ reflect.Type) any
}

var strangenesses = []strangeness{
	{name: "nothing", harmless: true, sent: same},
	{name: "nulls everywhere", sent: scalars(func(any, reflect.Type) any { return nil })},
	{name: "empty texts", sent: scalars(func(any, reflect.Type) any { return "" }),
		kept: scalars(func(any, reflect.Type) any { return nil })},
	{name: "unknown properties", harmless: true, sent: objects(func(o map[string]any) {
		o["somethingNew"] = map[string]any{"deep": []any{nil, true, "x", json.Number("1.5")}}
	})},
	{name: "properties in PascalCase", harmless: true, sent: objects(func(o map[string]any) {
		for _, key := range keysOf(o) {
			value := o[key]
			delete(o, key)
			o[pascal(key)] = value
		}
	})},
	{name: "unknown enum values", sent: enums(func(string) string { return "Something_New-7" })},
	{name: "PascalCase enum values", harmless: true, sent: enums(pascal)},
	{name: "enum values in capitals", harmless: true, sent: enums(strings.ToUpper)},
	{name: "numbers as strings", harmless: true, sent: scalars(func(value any, _ reflect.Type) any {
		if n, ok := value.(json.Number); ok {
			return n.String()
		}
		return value
	})},
	{name: "booleans as strings", harmless: true, sent: scalars(func(value any, _ reflect.Type) any {
		if value == true {
			return "True"
		}
		return value
	})},
	{name: "strings as numbers", sent: texts(json.Number("4711.50")), kept: texts("4711.50")},
	{name: "times with a T", harmless: true, sent: times(func(text string) string { return strings.Replace(text, " ", "T", 1) })},
	{name: "times with an offset", sent: times(func(text string) string { return strings.Replace(text, " ", "T", 1) + "+02:00" })},
	{name: "days alone", sent: times(func(text string) string { return text[:len("2026-10-01")] })},
}

// everyStrangeness has them one by one, and the harmless ones together.
func everyStrangeness() []strangeness {
	together := strangeness{name: "together", harmless: true, sent: same}
	for _, s := range strangenesses {
		if s.kept == nil || reflect.ValueOf(s.kept).Pointer() != reflect.ValueOf(same).Pointer() {
			continue
		}
		before := together.sent
		together.sent = func(value any, typ reflect.Type) any { return s.sent(before(value, typ), typ) }
	}
	return append(slices.Clone(strangenesses), together)
}

// TestStrangeServersAreRead sends every golden file in a page, in every strange
// way, through ListAs of its type.
func TestStrangeServersAreRead(t *testing.T) {
	for _, name := range goldenNames() {
		if name == "Token" {
			continue
		}
		for _, s := range everyStrangeness() {
			s.test(t, name, func(c *tid.Client) (any, error) { return goldens[name].list(t.Context(), c) })
		}
	}
}

// TestStrangeServersAreReadByEveryMethod does so through every method that
// returns a page.
func TestStrangeServersAreReadByEveryMethod(t *testing.T) {
	lists := 0
	for _, m := range serviceMethods(t) {
		if !m.page {
			continue
		}
		lists++
		for _, s := range everyStrangeness() {
			s.test(t, goldenName(t, m.item), func(c *tid.Client) (any, error) { return m.callList(t, c) })
		}
	}
	if lists < 30 {
		t.Errorf("only %d methods return a page", lists)
	}
}

// TestRowsWithoutAPropertyAreRead has one property at a time, at any depth,
// null and then left out, and in the end all of them.
func TestRowsWithoutAPropertyAreRead(t *testing.T) {
	for _, name := range goldenNames() {
		if name == "Token" {
			continue
		}
		check := func(what string, sent, kept any) {
			t.Helper()
			page, err := goldens[name].list(t.Context(), answering(t, map[string]any{"items": []any{sent}}))
			if err != nil {
				t.Errorf("%s without %s: %v", name, what, err)
				return
			}
			for _, loss := range losses("", []any{kept}, itemsOf(t, page)) {
				t.Errorf("%s without %s: %s", name, what, loss)
			}
		}
		object := readGolden(t, name+".json").(map[string]any)
		var each func(at string, value any)
		each = func(at string, value any) {
			switch value := value.(type) {
			case []any:
				for _, element := range value {
					each(at, element)
				}
			case map[string]any:
				for _, key := range keysOf(value) {
					left := value[key]
					value[key] = nil
					null := json.RawMessage(encodeTree(t, object))
					delete(value, key)
					check(at+key+", null", null, object)
					check(at+key, object, object)
					value[key] = left
					each(at+key+".", left)
				}
			}
		}
		each("", object)
		check("anything", map[string]any{}, map[string]any{})
	}
}

// TestRowsOfNullAreLeftOut has rows that are null around another.
func TestRowsOfNullAreLeftOut(t *testing.T) {
	for _, m := range serviceMethods(t) {
		if !m.page {
			continue
		}
		row := readGolden(t, goldenName(t, m.item)+".json")
		page := pageOf(row)
		page["items"] = []any{nil, row, nil}
		got, err := m.callList(t, answering(t, page))
		if err != nil {
			t.Errorf("%s: %v", m.name, err)
			continue
		}
		for _, loss := range losses(m.name, []any{row}, itemsOf(t, got)) {
			t.Error(loss)
		}
	}
}

func TestNextNumbersAreReadInEveryShape(t *testing.T) {
	for _, shape := range []string{
		`{"number": "2026-15"}`, `{"nextProjectNumber": "2026-15"}`, `{"objectName": "x", "Number": "2026-15", "new": {}}`,
		`{"number": null, "nextProjectNumber": "2026-15"}`, `"2026-15"`, `{"number": 15}`, `{"nextProjectNumber": 15}`, `15`, ` 15 `,
	} {
		want := "15"
		if strings.Contains(shape, "2026") {
			want = "2026-15"
		}
		c := answering(t, json.RawMessage(shape))
		if got, err := c.Projects.NextNumber(t.Context()); err != nil || got != want {
			t.Errorf("%s is %q, %v", shape, got, err)
		}
		if got, err := c.ProjectCollections.NextProjectNumber(t.Context(), 7); err != nil || got != want {
			t.Errorf("%s of a collection is %q, %v", shape, got, err)
		}
	}
}

// test reads a page with a golden file, as the strange server sends it.
func (s strangeness) test(t *testing.T, name string, list func(*tid.Client) (any, error)) {
	t.Helper()
	// The page itself is strange as well.
	page := func(change func(any, reflect.Type) any) any {
		return alter(pageOf(readGolden(t, name+".json")), goldens[name].page, change)
	}
	sent := page(s.sent)
	kept := sent
	switch {
	case s.harmless:
		kept = page(same)
	case s.kept != nil:
		kept = page(s.kept)
	}
	got, err := list(answering(t, sent))
	if err != nil {
		t.Errorf("%s, %s: %v", name, s.name, err)
		return
	}
	for _, loss := range losses("", kept.(map[string]any)["items"], itemsOf(t, got)) {
		t.Errorf("%s, %s: %s", name, s.name, loss)
	}
}

// alter changes JSON that is decoded into the type, from the inside out.
func alter(value any, typ reflect.Type, change func(any, reflect.Type) any) any {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch value := value.(type) {
	case map[string]any:
		types := map[string]reflect.Type{}
		for _, field := range reflect.VisibleFields(typ) {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			types[name] = field.Type
		}
		for key := range value {
			value[key] = alter(value[key], types[key], change)
		}
	case []any:
		for i := range value {
			value[i] = alter(value[i], typ.Elem(), change)
		}
	}
	return change(value, typ)
}

func same(value any, _ reflect.Type) any { return value }

// scalars changes what is neither an object nor a list.
func scalars(change func(any, reflect.Type) any) func(any, reflect.Type) any {
	return func(value any, typ reflect.Type) any {
		switch value.(type) {
		case map[string]any, []any:
			return value
		}
		return change(value, typ)
	}
}

func objects(change func(map[string]any)) func(any, reflect.Type) any {
	return func(value any, _ reflect.Type) any {
		if object, ok := value.(map[string]any); ok {
			change(object)
		}
		return value
	}
}

func enums(change func(string) string) func(any, reflect.Type) any {
	return scalars(func(value any, typ reflect.Type) any {
		if text, ok := value.(string); ok && isEnum(typ) {
			return change(text)
		}
		return value
	})
}

// texts has the same value in the place of every text.
func texts(instead any) func(any, reflect.Type) any {
	return scalars(func(value any, typ reflect.Type) any {
		if _, text := value.(string); text && typ.Kind() == reflect.String && !isEnum(typ) {
			return instead
		}
		return value
	})
}

func times(change func(string) string) func(any, reflect.Type) any {
	return scalars(func(value any, typ reflect.Type) any {
		if typ == reflect.TypeFor[tid.Date]() || typ == reflect.TypeFor[tid.DateTime]() {
			return change(value.(string))
		}
		return value
	})
}

// isEnum reports whether the type is an enumeration of the package.
func isEnum(typ reflect.Type) bool {
	return typ.Kind() == reflect.String && reflect.PointerTo(typ).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

func pascal(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

func keysOf(object map[string]any) []string {
	keys := make([]string, 0, len(object))
	for key := range object {
		keys = append(keys, key)
	}
	return keys
}

// goldenName is the golden file of a type.
func goldenName(t *testing.T, typ reflect.Type) string {
	t.Helper()
	for _, name := range goldenNames() {
		if goldens[name].typ == typ {
			return name
		}
	}
	t.Fatalf("%s has no golden file", typ)
	return ""
}

// callList calls a method that returns a page, with nothing but what it needs.
func (m serviceMethod) callList(t *testing.T, c *tid.Client) (any, error) {
	t.Helper()
	fn := m.fn(c)
	args := []reflect.Value{reflect.ValueOf(t.Context())}
	for i := 1; i < fn.Type().NumIn(); i++ {
		arg := reflect.New(fn.Type().In(i)).Elem()
		switch arg.Kind() {
		case reflect.Int64:
			arg.SetInt(7)
		case reflect.Pointer:
			arg.Set(reflect.New(arg.Type().Elem()))
			for _, field := range reflect.VisibleFields(arg.Type().Elem()) {
				if field.Tag.Get("tid") == "required" && field.Type == reflect.TypeFor[tid.Date]() {
					arg.Elem().FieldByIndex(field.Index).Set(reflect.ValueOf(tid.NewDate(2026, 10, 1)))
				}
			}
		}
		args = append(args, arg)
	}
	results := fn.Call(args)
	err, _ := results[1].Interface().(error)
	return results[0].Interface(), err
}
