package account

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/vismatid/tid/tidtest/internal/schema"
)

// A reader turns JSON into records. It reads two shapes: objects as responses show them, for tests that put them into a
// store, where everything unknown is a problem; and the bodies of requests, where unknown properties are passed over,
// references are bare ids, and names are compared without case.
type reader struct {
	account  *Account
	request  bool
	ignored  map[string]bool // properties of nested objects that are passed over, by their paths
	problems schema.Problems
}

// object reads a JSON object into r.
func (d *reader) object(s *schema.Schema, r *schema.Record, raw []byte, path string) {
	err := schema.Members(raw, func(name string, value []byte) error {
		f := s.ByName[name]
		if f == nil && d.request {
			f = s.Fold(name)
		}
		switch {
		case f != nil && f.Kept:
			f = nil
		case f == nil && name == "objectName", f != nil && d.ignored[path+f.Name]:
			return nil
		}
		if f == nil {
			if !d.request {
				d.problems.Add(path+name, "is not a property that the API has here")
			}
			return nil
		}
		before := f.Get(r)
		if err := d.value(f, r, value, path+name); err != nil {
			d.problems.Add(path+name, "%v", err)
		}
		if f.Alias != "" && !d.request && before != nil && before != any("") && before != f.Get(r) {
			d.problems.Add(path+name, "says something else than its other name, of %s and %s", f.Name, f.Alias)
		}
		return nil
	})
	if err != nil {
		d.problems.Add(strings.TrimSuffix(path, "."), "%v", err)
	}
}

// value reads the value of one field.
func (d *reader) value(f *schema.Field, r *schema.Record, raw []byte, path string) error {
	if schema.IsNull(raw) && f.Kind != schema.JSON {
		f.Clear(r)
		return nil
	}
	if f.Kind.Numeric() {
		n, err := d.number(f, raw, path)
		if err == nil {
			r.SetNum(f, n)
		}
		return err
	}
	v, err := d.other(f, raw, path)
	if err == nil {
		r.SetOther(f, v)
	}
	return err
}

// number reads a value that is held as a number.
func (d *reader) number(f *schema.Field, raw []byte, path string) (int64, error) {
	switch f.Kind {
	case schema.Int:
		if f.Quoted && raw[0] == '"' {
			raw = raw[1 : len(raw)-1]
			if len(raw) == 0 {
				return 0, nil
			}
		}
		return schema.IntOf(raw)
	case schema.Bool:
		v, err := schema.BoolOf(raw)
		if v {
			return 1, err
		}
		return 0, err
	case schema.Decimal:
		return schema.ParseDecimal(raw)
	case schema.Float:
		v, err := strconv.ParseFloat(string(raw), 64)
		if err != nil {
			return 0, schema.WrongKind("a number", raw)
		}
		return schema.FloatBits(v), nil
	case schema.Ref:
		if d.request {
			return d.id(f.Target, raw)
		}
		return d.reference(f, raw, path)
	}
	s, err := schema.StringOf(raw)
	if err != nil {
		return 0, err
	}
	switch f.Kind {
	case schema.Clock:
		return schema.ParseClock(s)
	case schema.Enum:
		if n, ok := f.Word(s); ok {
			return n, nil
		}
		if s == "" && !d.request {
			return f.Zero(), nil
		}
		return 0, fmt.Errorf("must be one of %s, not %q", strings.Join(f.Values, ", "), s)
	}
	n, err := schema.ParseWall(s)
	switch day := schema.PackWall(schema.DayOf(n)); {
	case err != nil || f.Kind != schema.Date || n == day:
	case !d.request:
		return 0, fmt.Errorf("is a day and has a time: %q", s)
	default: // the first ten characters count, whatever follows them
		n = day
	}
	return n, err
}

// other reads a value that is not held as a number.
func (d *reader) other(f *schema.Field, raw []byte, path string) (any, error) {
	switch f.Kind {
	case schema.Text:
		s, err := schema.StringOf(raw)
		if err != nil {
			return nil, err
		}
		return d.account.keep(s), nil
	case schema.JSON:
		return schema.AnyJSON(raw), nil
	case schema.Object:
		if raw[0] != '{' {
			return nil, schema.WrongKind("an object", raw)
		}
		r := f.Of.NewRecord()
		d.object(f.Of, r, raw, path+".")
		return r, nil
	}
	var (
		words []string
		ids   []int64
		list  []*schema.Record
		i     int
	)
	err := schema.Elements(raw, func(value []byte) error {
		at := fmt.Sprintf("%s[%d]", path, i)
		i++
		switch f.Kind {
		case schema.Objects:
			if value[0] != '{' {
				return schema.WrongKind("an object", value)
			}
			r := f.Of.NewRecord()
			d.object(f.Of, r, value, at+".")
			list = append(list, r)
			return nil
		case schema.Refs:
			read := d.reference
			if d.request {
				read = func(f *schema.Field, raw []byte, _ string) (int64, error) { return d.id(f.Target, raw) }
			}
			id, err := read(f, value, at)
			ids = append(ids, id)
			return err
		}
		s, err := schema.StringOf(value)
		if err != nil {
			return err
		}
		if f.Kind == schema.Enums {
			n, ok := f.Word(s)
			if !ok {
				return fmt.Errorf("may hold %s, not %q", strings.Join(f.Values, ", "), s)
			}
			s = f.Values[n]
		}
		words = append(words, s)
		return nil
	})
	switch {
	case err != nil || i == 0:
		return nil, err
	case f.Kind == schema.Objects:
		return list, nil
	case f.Kind == schema.Refs:
		return ids, nil
	}
	return words, nil
}

// id reads a bare id. Whether there is such an object is seen to when the whole body has been read.
func (d *reader) id(target schema.ResourceID, raw []byte) (int64, error) {
	id, err := schema.IntOf(raw)
	if err != nil {
		return 0, schema.WrongKind("an id", raw)
	}
	if id < 1 {
		return 0, fmt.Errorf("must be the id of one of the %s, not %d", d.account.Resource(target).Name, id)
	}
	return id, nil
}

// reference reads a nested reference and learns the name of its target.
func (d *reader) reference(f *schema.Field, raw []byte, path string) (int64, error) {
	if raw[0] != '{' {
		return 0, schema.WrongKind("an object", raw)
	}
	target := d.account.Resource(f.Target)
	var (
		id     int64
		learnt *schema.Record // what the reference tells, unless the target is described elsewhere
	)
	err := schema.Members(raw, func(name string, value []byte) (err error) {
		if name == "id" {
			id, err = schema.IntOf(value)
		}
		return err
	})
	switch known := target.Referred(id); {
	case err != nil:
		return 0, err
	case id < 1:
		return 0, fmt.Errorf("has no id")
	case known != nil && target.Path != "":
	case known != nil:
		learnt = known.Clone()
	default:
		learnt = target.Schema.NewRecord()
		learnt.ID = id
		learnt.SetNum(target.Schema.Field("id"), id)
	}
	err = schema.Members(raw, func(name string, value []byte) error {
		if name == "id" || name == "objectName" {
			return nil
		}
		for _, show := range f.Shows {
			if show.Name != name {
				continue
			}
			from := show.From
			if from == "" {
				from = target.Named[0]
			}
			of := target.Schema.Field(from)
			if of.Compute != nil || learnt == nil {
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

// extra reads what extra gives.
func (d *reader) extra(s *schema.Schema, r *schema.Record, extra map[string]json.RawMessage) {
	for path, raw := range extra {
		f, in := s.LookUp(path)
		switch {
		case f == nil || f.Kind != schema.JSON:
			d.problems.Add(path, "is not a property that has been added: see Server.AddProperties")
			continue
		case !json.Valid(raw):
			d.problems.Add(path, "is not valid JSON")
			continue
		case in != nil && r.Part(in) == nil:
			r.SetOther(in, in.Of.NewRecord())
		}
		to := r
		if in != nil {
			to = r.Part(in)
		}
		to.SetOther(f, schema.AnyJSON(bytes.TrimSpace(raw)))
	}
}
