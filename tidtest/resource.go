package tidtest

import (
	"maps"
	"slices"
	"strings"

	"github.com/vismatid/tid/tidtest/internal/query"
	"github.com/vismatid/tid/tidtest/internal/schema"
)

// A resource is a kind of object: how it looks, how it is listed and written, and the objects themselves.
type resource struct {
	id     schema.ResourceID
	name   string            // in messages
	object string            // the objectName
	path   string            // of the list; empty if there is none
	verbs  []verb            // what its endpoints do
	parent schema.ResourceID // whose objects the objects belong to, if they belong to any
	schema *schema.Schema
	named  []string // the fields that make up the name that references show

	sorts   []query.SortKey
	filters []query.Filter
	bare    bool // the list's parameters are not prefixed with filter.

	write []prop
	rules func(*change) // checks and completes a new version of an object

	gather func(*state, *resource, *query.Listing) ([]*schema.Record, error) // where the rows of a list come from, if not from the store
	erased bool                                                              // reading a deleted object answers an empty object

	depends []schema.ResourceID // whose changes may change the order or the choice of rows

	rows
}

// verb is one of the operations that many resources have.
type verb uint8

const (
	verbList verb = iota
	verbGet
	verbCreate
	verbUpdate
	verbDelete
)

// A prop is a property of a request body.
type prop struct {
	name     string
	sets     []string // the fields that it becomes, the first one giving its kind
	required bool
	atFirst  bool          // true on create if left out
	stays    bool          // left out of an update it stays as it was
	as       *schema.Field // the kind of a property that is checked and not kept as it is
}

// describe gives an account its resources. It panics if their tables do not fit together.
func (st *state) describe(tables ...[]*resource) {
	list := slices.Concat(tables...)
	st.all = make([]*resource, len(list))
	for _, res := range list {
		if st.all[res.id-1] != nil {
			panic("tidtest: two tables for " + res.name)
		}
		st.all[res.id-1] = res
	}
	for _, res := range st.all {
		res.check()
		for _, f := range res.schema.Fields {
			if f.Kind == schema.Ref || f.Kind == schema.Refs {
				res.depends = append(res.depends, f.Target)
			}
		}
		if res.gather != nil {
			for _, other := range st.all {
				res.depends = append(res.depends, other.id)
			}
		}
	}
}

// check panics if the table refers to fields that it does not have.
func (res *resource) check() {
	for _, key := range res.sorts {
		res.schema.Field(key.Field)
	}
	for _, f := range res.filters {
		for _, name := range f.Fields {
			res.schema.Field(name)
		}
	}
	for i, p := range res.write {
		for _, name := range p.sets {
			res.schema.Field(name)
		}
		if p.as == nil {
			res.write[i].as = res.schema.Field(p.sets[0])
		}
	}
	for _, name := range res.named {
		res.schema.Field(name)
	}
}

// addProperty adds a property to the objects of a resource and to the bodies that write them, and says what is wrong with it.
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
