package tidtest

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/vismatid/tid"
)

// AddProperties gives the objects of a list, such as "v1/Core/Contacts", properties that the API is not known to have. Each
// may hold any JSON value; one of a nested object goes by its path, "invoiceAddress.careOf".
//
// Creates and updates keep them as they come, and an update that leaves one out clears it. Details and answers to writes have
// those that an object has, rows of lists do not. It panics if there is no such list, or if it knows a property already.
//
//	srv.AddProperties("v1/Core/Contacts", "creditLimit", "invoiceAddress.careOf")
func (s *Server) AddProperties(path string, names ...string) {
	op, _ := s.listAt(path)
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	for _, name := range names {
		if err := op.res.addProperty(name); err != "" {
			panic("tidtest: " + path + " cannot have a property " + name + ": " + err)
		}
	}
}

func (res *resource) addProperty(path string) (wrong string) {
	in, name := res.schema, path
	if parent, child, nested := strings.Cut(path, "."); nested {
		f := in.byName[parent]
		if f == nil || f.kind != kindObject {
			return parent + " is no nested object"
		}
		in, name = f.of, child
	}
	taken := func(other string) bool { return strings.EqualFold(other, name) }
	switch {
	case name == "" || strings.Contains(name, "."):
		return "that is no name"
	case taken("objectName"), slices.ContainsFunc(slices.Collect(maps.Keys(in.byName)), taken),
		in == res.schema && slices.ContainsFunc(res.write, func(p prop) bool { return taken(p.name) }):
		return "it has one already"
	}
	f := &field{name: name, kind: kindJSON, detail: true}
	in.place(f)
	in.fields = append(in.fields, f)
	if in == res.schema {
		res.write = append(res.write, prop{name: name, sets: []string{name}, as: f})
	}
	return ""
}

// lookUp returns the field of a path, such as "email" or "invoiceAddress.city", and the field of the object that it is in,
// nil for one of the object itself.
func (s *schema) lookUp(path string) (f, in *field) {
	if parent, child, nested := strings.Cut(path, "."); nested {
		if in = s.byName[parent]; in == nil || in.kind != kindObject {
			return nil, nil
		}
		return in.of.byName[child], in
	}
	return s.byName[path], nil
}

// extra is what a record has of properties that have been added.
func (s *schema) extra(r *record) tid.Extra {
	var extra tid.Extra
	add := func(name string, raw json.RawMessage) {
		if extra == nil {
			extra = tid.Extra{}
		}
		extra[name] = raw
	}
	for _, f := range s.fields {
		switch f.kind {
		case kindJSON:
			if raw, ok := r.other(f).(anyJSON); ok {
				add(f.name, json.RawMessage(raw))
			}
		case kindObject:
			if nested := r.part(f); nested != nil {
				for name, raw := range f.of.extra(nested) {
					add(f.name+"."+name, raw)
				}
			}
		}
	}
	return extra
}

// extra reads what extra gives.
func (d *reader) extra(s *schema, r *record, extra tid.Extra) {
	for path, raw := range extra {
		f, in := s.lookUp(path)
		switch {
		case f == nil || f.kind != kindJSON:
			d.problems.add(path, "is not a property that has been added: see Server.AddProperties")
			continue
		case !json.Valid(raw):
			d.problems.add(path, "is not valid JSON")
			continue
		case in != nil && r.part(in) == nil:
			r.setOther(in, in.of.newRecord())
		}
		to := r
		if in != nil {
			to = r.part(in)
		}
		to.setOther(f, anyJSON(bytes.TrimSpace(raw)))
	}
}
