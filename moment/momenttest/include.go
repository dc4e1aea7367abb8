package momenttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// column is a field of an answer: where its value comes from, and what it is
// called.
type column struct {
	name  string
	inner string // the inner object that it is a field of; "" for a field of the object itself
	field string
}

// selection is what an answer holds besides the id.
type selection struct {
	columns  []column
	metadata []string
}

// plain is what comes without includes, and with "base".
func (t *table) plain(o object) (columns []column) {
	if t.schema == nil {
		return t.stored(o)
	}
	for _, f := range t.schema.fields {
		if !f.asked {
			columns = append(columns, t.column(f.name))
		}
	}
	return columns
}

// stored is all that is known of an object.
func (t *table) stored(o object) (columns []column) {
	if t.schema == nil {
		for _, name := range slices.Sorted(maps.Keys(o)) {
			columns = append(columns, t.column(name))
		}
		return columns
	}
	for _, f := range t.schema.fields {
		columns = append(columns, t.column(f.name))
	}
	return columns
}

// column is the column of a field of the object itself.
func (t *table) column(name string) column {
	if t.schema != nil {
		if f := t.schema.field(name); f != nil && f.derived != "" {
			inner, field, _ := strings.Cut(f.derived, ".")
			return column{name: name, inner: inner, field: field}
		}
	}
	return column{name: name, field: name}
}

// choose reads the parts of an include, as they came: escaped.
func (s *Server) choose(t *table, escaped string, list bool) (*selection, *failure) {
	if strings.ContainsAny(escaped, ",%") {
		return nil, fail(http.StatusBadRequest, "The parts of an include are joined with +.")
	}
	chosen := &selection{columns: []column{}}
	for _, part := range strings.Split(escaped, "+") {
		outer, inner, dotted := strings.Cut(part, ".")
		switch {
		case part == "id":
		case part == "base" && t.schema != nil && t.schema.noBase:
			return nil, fail(http.StatusBadRequest, "%s does not support the part base.", t.entity)
		case part == "base":
			chosen.columns = append(chosen.columns, t.plain(nil)...)
		case outer == "metadata" && list && t.metadata[inner] != nil:
			chosen.metadata = append(chosen.metadata, inner)
		case dotted && s.hasInner(t, outer, inner):
			chosen.columns = append(chosen.columns, column{outer + strings.ToUpper(inner[:1]) + inner[1:], outer, inner})
		case !dotted && part != "" && (t.schema == nil || t.schema.field(part) != nil):
			chosen.columns = append(chosen.columns, t.column(part))
		default:
			return nil, fail(http.StatusBadRequest, "%s has no part %q.", t.entity, part)
		}
	}
	return chosen, nil
}

// hasInner reports whether the objects of an entity have an inner object with
// the given field.
func (s *Server) hasInner(t *table, outer, field string) bool {
	if field == "" || strings.Contains(field, ".") {
		return false
	}
	if t.schema != nil && t.schema.field(outer) == nil && t.schema.field(outer+"Id") == nil {
		return false
	}
	if of := s.schemas[target(outer)]; of != nil {
		return field == "id" || of.field(field) != nil
	}
	return t.schema == nil
}

// value is the value of a column.
func (s *Server) value(t *table, o object, c column) json.RawMessage {
	if c.inner == "" {
		if t.isInner(c.field) && isNull(o[c.field]) {
			return s.reference(o, c.field)
		}
		return o[c.field]
	}
	id, object := s.innerOf(o, c.inner)
	switch raw := object[c.field]; {
	case c.field == "id" && id != 0:
		return strconv.AppendInt(nil, id, 10)
	case raw != nil:
		return raw
	}
	return o[c.name]
}

func (t *table) isInner(name string) bool {
	if t.schema == nil {
		return false
	}
	f := t.schema.field(name)
	return f != nil && f.kind == inner
}

// reference writes the object that an id refers to as inner objects are known to be:
// with its number.
func (s *Server) reference(o object, name string) json.RawMessage {
	id, object := s.innerOf(o, name)
	if id == 0 {
		return nil
	}
	number := object[name+"Number"]
	if number == nil {
		number = json.RawMessage("null")
	}
	return fmt.Appendf(nil, `{"id":%d,%q:%s}`, id, name+"Number", number)
}

// innerOf returns an inner object: one that is held, or that an id refers to.
func (s *Server) innerOf(o object, name string) (int64, object) {
	if raw := o[name]; !isNull(raw) {
		id, held, err := split(raw)
		if err != nil {
			return 0, nil
		}
		all := object{}
		maps.Copy(all, s.table(target(name)).objects[id])
		maps.Copy(all, held)
		return id, all
	}
	var id int64
	if json.Unmarshal(o[name+"Id"], &id) != nil {
		return 0, nil
	}
	return id, s.table(target(name)).objects[id]
}

// render writes an object with the given columns, each once.
func (s *Server) render(t *table, id int64, o object, columns []column) json.RawMessage {
	var buf bytes.Buffer
	buf.WriteString(`{"id":` + strconv.FormatInt(id, 10))
	for i, c := range columns {
		if slices.Contains(columns[:i], c) {
			continue
		}
		raw := s.value(t, o, c)
		if raw == nil {
			raw = json.RawMessage("null")
		}
		buf.WriteString("," + strconv.Quote(c.name) + ":")
		buf.Write(raw)
	}
	buf.WriteByte('}')
	return buf.Bytes()
}

// show writes an object as the call asked for it.
func (c *call) show(id int64, o object) json.RawMessage {
	columns := c.table.plain(o)
	if c.chosen != nil {
		columns = c.chosen.columns
	}
	return c.server.render(c.table, id, o, columns)
}
