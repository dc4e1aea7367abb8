package tidtest

import (
	"github.com/vismatid/tid/tidtest/internal/query"
	"github.com/vismatid/tid/tidtest/internal/schema"
)

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

func equals(name, field string) query.Filter {
	return query.Filter{Name: name, Test: query.Equals, Fields: in(field)}
}
func anyOf(name, field string) query.Filter {
	return query.Filter{Name: name, Test: query.In, Fields: in(field)}
}
func from(name, field string) query.Filter {
	return query.Filter{Name: name, Test: query.From, Fields: in(field)}
}
func to(name, field string) query.Filter {
	return query.Filter{Name: name, Test: query.To, Fields: in(field)}
}
func after(name, field string) query.Filter {
	return query.Filter{Name: name, Test: query.After, Fields: in(field)}
}
func isSet(name, field string) query.Filter {
	return query.Filter{Name: name, Test: query.IsSet, Fields: in(field)}
}
func queryOf(in ...string) query.Filter {
	return query.Filter{Name: "query", Test: query.Contains, Fields: in}
}

// whichOf asks which one of several fields is not null, by their names.
func whichOf(name string, fields ...string) query.Filter {
	return query.Filter{Name: name, Test: query.WhichOf, Fields: fields}
}

// hiddenUnless leaves rows in which a field is true out unless they are asked for.
func hiddenUnless(name, field string) query.Filter {
	return query.Filter{Name: name, Test: query.Shown, Fields: in(field), Unset: "false"}
}

// noted is a filter that is left to what gathers the rows.
func noted(name string, as schema.Kind) query.Filter {
	return query.Filter{Name: name, Test: query.Noted, As: as}
}

func in(fields ...string) []string { return fields }

// span are the filters from and to over objects that last from one field to another.
func span(begin, end string) []query.Filter {
	return []query.Filter{
		{Name: "from", Test: query.EndsOn, Fields: in(begin, end)},
		{Name: "to", Test: query.Begins, Fields: in(begin, end)},
	}
}

// between are the filters …From and …To of a date.
func between(name, field string) []query.Filter {
	return []query.Filter{from(name+"From", field), to(name+"To", field)}
}

// filters joins single filters and lists of them.
func filters(parts ...any) []query.Filter {
	var all []query.Filter
	for _, part := range parts {
		switch part := part.(type) {
		case query.Filter:
			all = append(all, part)
		case []query.Filter:
			all = append(all, part...)
		default:
			panic("tidtest: not a filter")
		}
	}
	return all
}

// sorts joins sort keys, those that have the name of their field being given by that alone.
func sorts(parts ...any) []query.SortKey {
	var keys []query.SortKey
	for _, part := range parts {
		switch part := part.(type) {
		case string:
			keys = append(keys, by(part, part))
		case query.SortKey:
			keys = append(keys, part)
		default:
			panic("tidtest: not a sort key")
		}
	}
	return keys
}

// by is a sort key that has another name than its field.
func by(name, field string) query.SortKey { return query.SortKey{Name: name, Field: field} }
