package tidtest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// problems are what is wrong with a request body or an object, by field.
type problems map[string][]string

func (p problems) add(field, format string, args ...any) {
	p[field] = append(p[field], fmt.Sprintf(format, args...))
}

func (p problems) String() string {
	var lines []string
	for _, field := range slices.Sorted(maps.Keys(p)) {
		lines = append(lines, field+" "+strings.Join(p[field], ", "))
	}
	return strings.Join(lines, "; ")
}

// A reader turns JSON into records. It reads two shapes: objects as responses show them, for tests that put them into a
// store, where everything unknown is a problem; and the bodies of requests, where unknown properties are passed over,
// references are bare ids, and names are compared without case.
type reader struct {
	st       *state
	request  bool
	ignored  map[string]bool // properties of nested objects that are passed over, by their paths
	problems problems
}

// object reads a JSON object into r.
func (d *reader) object(s *schema, r *record, raw []byte, path string) {
	err := members(raw, func(name string, value []byte) error {
		f := s.byName[name]
		if f == nil && d.request {
			f = s.fold(name)
		}
		switch {
		case f != nil && f.kept:
			f = nil
		case f == nil && name == "objectName", f != nil && d.ignored[path+f.name]:
			return nil
		}
		if f == nil {
			if !d.request {
				d.problems.add(path+name, "is not a property that the API has here")
			}
			return nil
		}
		before := f.get(r)
		if err := d.value(f, r, value, path+name); err != nil {
			d.problems.add(path+name, "%v", err)
		}
		if f.aka != "" && !d.request && before != nil && before != any("") && before != f.get(r) {
			d.problems.add(path+name, "says something else than its other name, of %s and %s", f.name, f.aka)
		}
		return nil
	})
	if err != nil {
		d.problems.add(strings.TrimSuffix(path, "."), "%v", err)
	}
}

// value reads the value of one field.
func (d *reader) value(f *field, r *record, raw []byte, path string) error {
	if isNull(raw) && f.kind != kindJSON {
		f.clear(r)
		return nil
	}
	if f.kind.numeric() {
		n, err := d.number(f, raw, path)
		if err == nil {
			r.nums[f.slot] = n
		}
		return err
	}
	v, err := d.other(f, raw, path)
	if err == nil {
		r.setOther(f, v)
	}
	return err
}

// number reads a value that is held as a number.
func (d *reader) number(f *field, raw []byte, path string) (int64, error) {
	switch f.kind {
	case kindInt:
		if f.quoted && raw[0] == '"' {
			raw = raw[1 : len(raw)-1]
			if len(raw) == 0 {
				return 0, nil
			}
		}
		return intOf(raw)
	case kindBool:
		v, err := boolOf(raw)
		if v {
			return 1, err
		}
		return 0, err
	case kindDecimal:
		return parseDecimal(raw)
	case kindFloat:
		v, err := strconv.ParseFloat(string(raw), 64)
		if err != nil {
			return 0, wrongKind("a number", raw)
		}
		return floatBits(v), nil
	case kindRef:
		if d.request {
			return d.id(f.target, raw)
		}
		return d.reference(f, raw, path)
	}
	s, err := stringOf(raw)
	if err != nil {
		return 0, err
	}
	switch f.kind {
	case kindClock:
		return parseClock(s)
	case kindEnum:
		if n, ok := f.word(s); ok {
			return n, nil
		}
		if s == "" && !d.request {
			return f.zero(), nil
		}
		return 0, fmt.Errorf("must be one of %s, not %q", strings.Join(f.values, ", "), s)
	}
	n, err := parseWall(s)
	switch day := packWall(dayOf(n)); {
	case err != nil || f.kind != kindDate || n == day:
	case !d.request:
		return 0, fmt.Errorf("is a day and has a time: %q", s)
	default: // the first ten characters count, whatever follows them
		n = day
	}
	return n, err
}

// other reads a value that is not held as a number.
func (d *reader) other(f *field, raw []byte, path string) (any, error) {
	switch f.kind {
	case kindText:
		s, err := stringOf(raw)
		if err != nil {
			return nil, err
		}
		return d.st.keep(s), nil
	case kindJSON:
		return anyJSON(raw), nil
	case kindObject:
		if raw[0] != '{' {
			return nil, wrongKind("an object", raw)
		}
		r := f.of.newRecord()
		d.object(f.of, r, raw, path+".")
		return r, nil
	}
	var (
		words []string
		ids   []int64
		list  []*record
		i     int
	)
	err := elements(raw, func(value []byte) error {
		at := fmt.Sprintf("%s[%d]", path, i)
		i++
		switch f.kind {
		case kindObjects:
			if value[0] != '{' {
				return wrongKind("an object", value)
			}
			r := f.of.newRecord()
			d.object(f.of, r, value, at+".")
			list = append(list, r)
			return nil
		case kindRefs:
			read := d.reference
			if d.request {
				read = func(f *field, raw []byte, _ string) (int64, error) { return d.id(f.target, raw) }
			}
			id, err := read(f, value, at)
			ids = append(ids, id)
			return err
		}
		s, err := stringOf(value)
		if err != nil {
			return err
		}
		if f.kind == kindEnums {
			n, ok := f.word(s)
			if !ok {
				return fmt.Errorf("may hold %s, not %q", strings.Join(f.values, ", "), s)
			}
			s = f.values[n]
		}
		words = append(words, s)
		return nil
	})
	switch {
	case err != nil || i == 0:
		return nil, err
	case f.kind == kindObjects:
		return list, nil
	case f.kind == kindRefs:
		return ids, nil
	}
	return words, nil
}

// id reads a bare id. Whether there is such an object is seen to when the whole body has been read.
func (d *reader) id(target resourceID, raw []byte) (int64, error) {
	id, err := intOf(raw)
	if err != nil {
		return 0, wrongKind("an id", raw)
	}
	if id < 1 {
		return 0, fmt.Errorf("must be the id of one of the %s, not %d", d.st.resource(target).name, id)
	}
	return id, nil
}

// reference reads a nested reference and learns the name of its target.
func (d *reader) reference(f *field, raw []byte, path string) (int64, error) {
	if raw[0] != '{' {
		return 0, wrongKind("an object", raw)
	}
	target := d.st.resource(f.target)
	var (
		id     int64
		learnt *record // what the reference tells, unless the target is described elsewhere
	)
	err := members(raw, func(name string, value []byte) (err error) {
		if name == "id" {
			id, err = intOf(value)
		}
		return err
	})
	switch known := target.referred(id); {
	case err != nil:
		return 0, err
	case id < 1:
		return 0, fmt.Errorf("has no id")
	case known != nil && target.path != "":
	case known != nil:
		learnt = known.clone()
	default:
		learnt = target.schema.newRecord()
		learnt.id = id
		learnt.setNum(target.schema.field("id"), id)
	}
	err = members(raw, func(name string, value []byte) error {
		if name == "id" || name == "objectName" {
			return nil
		}
		for _, show := range f.shows {
			if show.name != name {
				continue
			}
			from := show.from
			if from == "" {
				from = target.named[0]
			}
			of := target.schema.field(from)
			if of.compute != nil || learnt == nil {
				return nil
			}
			if err := d.value(of, learnt, value, path+"."+name); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		}
		return fmt.Errorf("has no property %s", name)
	})
	if err != nil {
		return 0, err
	}
	if learnt != nil {
		target.learn(learnt)
	}
	return id, nil
}
