package account

import (
	"maps"
	"slices"
	"strings"

	"github.com/vismatid/tid/tidtest/internal/query"
	"github.com/vismatid/tid/tidtest/internal/schema"
)

// A Resource is a kind of object: how it looks, how it is listed and written, and the objects themselves.
type Resource struct {
	ID     schema.ResourceID
	Name   string            // in messages
	Object string            // the objectName
	Path   string            // of the list; empty if there is none
	Verbs  []Verb            // what its endpoints do
	Parent schema.ResourceID // whose objects the objects belong to, if they belong to any
	Schema *schema.Schema
	Named  []string // the fields that make up the name that references show

	Sorts   []query.SortKey
	Filters []query.Filter
	Bare    bool // the list's parameters are not prefixed with filter.

	Write []Prop
	Rules func(*Change) // checks and completes a new version of an object

	Gather func(*Account, *Resource, *query.Listing) ([]*schema.Record, error) // where the rows of a list come from, if not from the store
	Erased bool                                                                // reading a deleted object answers an empty object

	depends []schema.ResourceID // whose changes may change the order or the choice of rows

	rows
}

// Verb is one of the operations that many resources have.
type Verb uint8

// The verbs.
const (
	List Verb = iota
	Get
	Create
	Update
	Delete
)

// A Prop is a property of a request body.
type Prop struct {
	Name     string
	Sets     []string // the fields that it becomes, the first one giving its kind
	Required bool
	AtFirst  bool          // true on create if left out
	Stays    bool          // left out of an update it stays as it was
	As       *schema.Field // the kind of a property that is checked and not kept as it is
}

// Describe gives an account its resources. It panics if their tables do not fit together.
func (a *Account) Describe(tables ...[]*Resource) {
	list := slices.Concat(tables...)
	a.All = make([]*Resource, len(list))
	for _, res := range list {
		if a.All[res.ID-1] != nil {
			panic("tidtest: two tables for " + res.Name)
		}
		a.All[res.ID-1] = res
	}
	for _, res := range a.All {
		res.check()
		for _, f := range res.Schema.Fields {
			if f.Kind == schema.Ref || f.Kind == schema.Refs {
				res.depends = append(res.depends, f.Target)
			}
		}
		if res.Gather != nil {
			for _, other := range a.All {
				res.depends = append(res.depends, other.ID)
			}
		}
	}
}

// check panics if the table refers to fields that it does not have.
func (res *Resource) check() {
	for _, key := range res.Sorts {
		res.Schema.Field(key.Field)
	}
	for _, f := range res.Filters {
		for _, name := range f.Fields {
			res.Schema.Field(name)
		}
	}
	for i, p := range res.Write {
		for _, name := range p.Sets {
			res.Schema.Field(name)
		}
		if p.As == nil {
			res.Write[i].As = res.Schema.Field(p.Sets[0])
		}
	}
	for _, name := range res.Named {
		res.Schema.Field(name)
	}
}

// AddProperty adds a property to the objects of a resource and to the bodies that write them, and says what is wrong with it.
func (res *Resource) AddProperty(path string) (wrong string) {
	in, name := res.Schema, path
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
		in == res.Schema && slices.ContainsFunc(res.Write, func(p Prop) bool { return taken(p.Name) }):
		return "it has one already"
	}
	f := &schema.Field{Name: name, Kind: schema.JSON, Detail: true}
	in.Add(f)
	if in == res.Schema {
		res.Write = append(res.Write, Prop{Name: name, Sets: []string{name}, As: f})
	}
	return ""
}
