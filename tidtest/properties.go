package tidtest

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest/internal/schema"
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
		f := in.ByName[parent]
		if f == nil || f.Kind != schema.Object {
			return parent + " is no nested object"
		}
		in, name = f.Of, child
	}
	taken := func(other string) bool { return strings.EqualFold(other, name) }
	switch {
	case name == "" || strings.Contains(name, "."):
		return "that is no name"
	case taken("objectName"), slices.ContainsFunc(slices.Collect(maps.Keys(in.ByName)), taken),
		in == res.schema && slices.ContainsFunc(res.write, func(p prop) bool { return taken(p.name) }):
		return "it has one already"
	}
	f := &schema.Field{Name: name, Kind: schema.JSON, Detail: true}
	in.Add(f)
	if in == res.schema {
		res.write = append(res.write, prop{name: name, sets: []string{name}, as: f})
	}
	return ""
}

// extra reads what extra gives.
func (d *reader) extra(s *schema.Schema, r *schema.Record, extra tid.Extra) {
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
