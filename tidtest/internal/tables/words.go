package tables

import (
	"fmt"

	"github.com/vismatid/tid/tidtest/internal/account"
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

// properties makes the schema of single fields and lists of them.
func properties(parts ...any) *schema.Schema { return schema.New(fields(parts...)...) }

// fields joins single fields and lists of them.
func fields(parts ...any) []*schema.Field { return join[*schema.Field](parts) }

// join joins single values and lists of them.
func join[T any](parts []any) []T {
	var all []T
	for _, part := range parts {
		switch part := part.(type) {
		case T:
			all = append(all, part)
		case []T:
			all = append(all, part...)
		default:
			panic(fmt.Sprintf("tidtest: %T in a list of %T", part, all))
		}
	}
	return all
}

func filter(name string, test query.Test, fields ...string) query.Filter {
	return query.Filter{Name: name, Test: test, Fields: fields}
}

func equals(name, field string) query.Filter { return filter(name, query.Equals, field) }
func anyOf(name, field string) query.Filter  { return filter(name, query.In, field) }
func from(name, field string) query.Filter   { return filter(name, query.From, field) }
func to(name, field string) query.Filter     { return filter(name, query.To, field) }
func after(name, field string) query.Filter  { return filter(name, query.After, field) }
func isSet(name, field string) query.Filter  { return filter(name, query.IsSet, field) }

// queryOf is the filter query, which looks for a text in some of the fields.
func queryOf(fields ...string) query.Filter { return filter("query", query.Contains, fields...) }

// whichOf asks which one of several fields is not null, by their names.
func whichOf(name string, fields ...string) query.Filter {
	return filter(name, query.WhichOf, fields...)
}

// hiddenUnless leaves rows in which a field is true out unless they are asked for.
func hiddenUnless(name, field string) query.Filter {
	return filter(name, query.Shown, field).IfMissing("false")
}

// noted is a filter that is left to what gathers the rows.
func noted(name string, as schema.Kind) query.Filter {
	return query.Filter{Name: name, Test: query.Noted, As: as}
}

// span are the filters from and to over objects that last from one field to another.
func span(begin, end string) []query.Filter {
	return []query.Filter{filter("from", query.EndsOn, begin, end), filter("to", query.Begins, begin, end)}
}

// between are the filters …From and …To of a date.
func between(name, field string) []query.Filter {
	return []query.Filter{from(name+"From", field), to(name+"To", field)}
}

// filters joins single filters and lists of them.
func filters(parts ...any) []query.Filter { return join[query.Filter](parts) }

// sorts joins sort keys: names of fields, and keys that have another name than their field.
func sorts(parts ...any) []query.SortKey {
	for i, part := range parts {
		if name, ok := part.(string); ok {
			parts[i] = by(name, name)
		}
	}
	return join[query.SortKey](parts)
}

// by is a sort key that has another name than its field.
func by(name, field string) query.SortKey { return query.SortKey{Name: name, Field: field} }

// sets is a property that becomes fields of other names.
func sets(name string, fields ...string) account.Prop { return account.Prop{Name: name, Sets: fields} }

// checked is a property that the rules of its resource look at.
func checked(as *schema.Field) account.Prop { return account.Prop{Name: as.Name, As: as} }

// required is a property without which a request is refused.
func required(part any) account.Prop {
	p := props(part)[0]
	p.Required = true
	return p
}

// trueAtFirst is a property that is true if a create leaves it out.
func trueAtFirst(name string) account.Prop {
	return account.Prop{Name: name, Sets: []string{name}, AtFirst: true}
}

// stays makes a property that an update may leave out without a change.
func stays(p account.Prop) account.Prop { p.Stays = true; return p }

// props joins properties of request bodies: names of fields, and properties that are more than that.
func props(parts ...any) []account.Prop {
	for i, part := range parts {
		if name, ok := part.(string); ok {
			parts[i] = sets(name, name)
		}
	}
	return join[account.Prop](parts)
}

// bound gives a function that works a property out the account that it looks at.
func bound(acct *account.Account, f func(*account.Account, *schema.Record) (int64, any)) func(*schema.Record) (int64, any) {
	return func(r *schema.Record) (int64, any) { return f(acct, r) }
}

// The verbs.
const (
	list   = account.List
	get    = account.Get
	create = account.Create
	update = account.Update
	remove = account.Delete
)

func verbs(all ...account.Verb) []account.Verb { return all }
