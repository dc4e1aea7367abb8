package tidtest

import "github.com/vismatid/tid/tidtest/internal/schema"

// The constructors below make the tables of resources read like the description of an API.

func number(name string) *schema.Field   { return &schema.Field{Name: name, Kind: schema.Int} }
func boolean(name string) *schema.Field  { return &schema.Field{Name: name, Kind: schema.Bool} }
func exact(name string) *schema.Field    { return &schema.Field{Name: name, Kind: schema.Decimal} }
func float(name string) *schema.Field    { return &schema.Field{Name: name, Kind: schema.Float} }
func text(name string) *schema.Field     { return &schema.Field{Name: name, Kind: schema.Text} }
func texts(name string) *schema.Field    { return &schema.Field{Name: name, Kind: schema.Texts} }
func date(name string) *schema.Field     { return &schema.Field{Name: name, Kind: schema.Date} }
func dateTime(name string) *schema.Field { return &schema.Field{Name: name, Kind: schema.DateTime} }
func clock(name string) *schema.Field    { return &schema.Field{Name: name, Kind: schema.Clock} }

func enum(name string, values ...string) *schema.Field {
	return &schema.Field{Name: name, Kind: schema.Enum, Values: values}
}

func enums(name string, values ...string) *schema.Field {
	return &schema.Field{Name: name, Kind: schema.Enums, Values: values}
}

// display is the name of its target as a reference shows it, and shown another of the target's fields.
func display(name string) schema.Shown { return schema.Shown{Name: name} }

func shown(name, from string) schema.Shown { return schema.Shown{Name: name, From: from} }

// ref is a reference that shows a name; further properties are given as pairs of a name and the target's field.
func ref(name string, target schema.ResourceID, more ...schema.Shown) *schema.Field {
	return &schema.Field{Name: name, Kind: schema.Ref, Null: true, Target: target, Shows: append([]schema.Shown{display("name")}, more...)}
}

// titled is a reference that shows a title and no name.
func titled(name string, target schema.ResourceID, more ...schema.Shown) *schema.Field {
	return &schema.Field{Name: name, Kind: schema.Ref, Null: true, Target: target, Shows: append([]schema.Shown{display("title")}, more...)}
}

// refs is an array of references.
func refs(name string, target schema.ResourceID, shows ...schema.Shown) *schema.Field {
	return &schema.Field{Name: name, Kind: schema.Refs, Target: target, Shows: shows}
}

// object is a nested object, and objects an array of them; objectName is what each of them calls itself.
func object(name, objectName string, fields ...*schema.Field) *schema.Field {
	return &schema.Field{Name: name, Kind: schema.Object, Object: objectName, Of: schema.New(fields...)}
}

func objects(name, objectName string, fields ...*schema.Field) *schema.Field {
	return &schema.Field{Name: name, Kind: schema.Objects, Object: objectName, Of: schema.New(fields...)}
}

// inDetail marks fields that the rows of a list do not have.
func inDetail(fields ...*schema.Field) []*schema.Field {
	for _, f := range fields {
		f.Detail = true
	}
	return fields
}

// stamps are the two date-times that the server keeps of every object of a resource.
func stamps(created, updated string) []*schema.Field {
	c, u := dateTime(created), dateTime(updated)
	c.Created, u.Updated = true, true
	return []*schema.Field{c, u}
}

func createdStamp(name string) *schema.Field {
	f := dateTime(name)
	f.Created = true
	return f
}

func hidden(f *schema.Field) *schema.Field { f.Kept = true; return f }

// fields joins single fields and lists of them.
func fields(parts ...any) []*schema.Field {
	var all []*schema.Field
	for _, part := range parts {
		switch part := part.(type) {
		case *schema.Field:
			all = append(all, part)
		case []*schema.Field:
			all = append(all, part...)
		default:
			panic("tidtest: not a field")
		}
	}
	return all
}
