package momenttest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// kind is the kind of a field's value. Every value may be null.
type kind uint8

const (
	text    kind = iota
	integer      // ids and minutes
	day          // YYYY-MM-DD
	inner        // an object
	anything
)

// field is a field of an entity besides its id.
type field struct {
	name    string
	kind    kind
	asked   bool     // comes only when it is asked for
	derived string   // worked out from a reference, as in "project.name"
	oneOf   []string // the values that are known, where all are
}

// schema is what is known of an entity.
type schema struct {
	fields  []field
	filters []string
	noBase  bool // include/base is not supported
}

func (sc *schema) field(name string) *field {
	if i := slices.IndexFunc(sc.fields, func(f field) bool { return f.name == name }); i >= 0 {
		return &sc.fields[i]
	}
	return nil
}

func texts(names ...string) (fields []field) {
	for _, name := range names {
		fields = append(fields, field{name: name})
	}
	return fields
}

func ids(names ...string) (fields []field) {
	for _, name := range names {
		fields = append(fields, field{name: name, kind: integer})
	}
	return fields
}

// schemas are the entities that are known. One that is not here takes anything; see
// [WithFields].
var schemas = map[string]*schema{
	"timeRecords": {
		fields: []field{
			{name: "projectId", kind: integer},
			{name: "projectName", derived: "project.name"},
			{name: "projectExtensionId", kind: integer},
			{name: "projectExtensionName", derived: "projectExtension.name"},
			{name: "userAccountId", kind: integer},
			{name: "timeRecordDate", kind: day},
			{name: "minutes", kind: integer},
			{name: "description"},
			{name: "taskId", kind: integer},
			{name: "taskName", derived: "task.name"},
			{name: "taskNumber", derived: "task.taskNumber"},
			{name: "taskState", derived: "task.taskState"},
			{name: "internalNote", asked: true},
			{name: "projectMembershipId", kind: integer, asked: true},
		},
		filters: []string{"userAccountId", "fromDate", "toDate"},
		noBase:  true,
	},
	"projects": {
		fields: slices.Concat(texts("name", "projectNumber", "projectState"), ids("customerId"),
			[]field{{name: "customerName", asked: true, derived: "customer.name"}}),
	},
	"projectExtensions": {
		fields:  slices.Concat(texts("name"), ids("projectId"), texts("projectExtensionState")),
		filters: []string{"projectId"},
	},
	"projectMemberships": {
		fields:  slices.Concat(ids("projectId", "userAccountId"), texts("projectMembershipRoleName", "projectMembershipState")),
		filters: []string{"userAccountId", "projectMembershipState"},
	},
	"userAccounts": {
		fields: []field{{name: "email", asked: true}, {name: "timeLockDate", kind: day}},
	},
	"tasks": {
		fields: slices.Concat(texts("name", "taskNumber"), []field{{name: "taskState", oneOf: []string{"open", "closed"}}},
			ids("projectExtensionId", "projectId")),
		filters: []string{"projectId", "projectExtensionId"},
	},
	"offers": {
		fields: []field{
			{name: "name"},
			{name: "issueDate", kind: day},
			{name: "currencyCode", asked: true},
			{name: "customerId", kind: integer, asked: true},
			{name: "customerName", asked: true, derived: "customer.name"},
		},
	},
	"invoices": {
		fields: []field{
			{name: "invoiceNumber", kind: integer},
			{name: "customer", kind: inner},
			{name: "project", kind: inner},
			{name: "customerId", kind: integer, asked: true},
			{name: "customerName", asked: true, derived: "customer.name"},
			{name: "projectId", kind: integer, asked: true},
			{name: "projectName", asked: true, derived: "project.name"},
		},
	},
	"customers": {
		fields: texts("name", "customerNumber"),
	},
}

// schemasWith are the schemas with further fields, by their entities.
func schemasWith(further map[string][]string) map[string]*schema {
	all := maps.Clone(schemas)
	for entity, names := range further {
		own := schema{}
		known := all[entity] != nil
		if known {
			own = *all[entity]
			own.fields = slices.Clone(own.fields)
		}
		for _, name := range names {
			if own.field(name) == nil {
				own.fields = append(own.fields, field{name: name, kind: anything, asked: known})
			}
		}
		all[entity] = &own
	}
	return all
}

// target is the entity that an inner object, or the id of one, belongs to.
func target(inner string) string { return inner + "s" }

// check says what is wrong with a value, or nothing.
func (f *field) check(raw json.RawMessage) string {
	var err error
	var word string
	switch {
	case isNull(raw), f.kind == anything:
	case f.kind == integer:
		var n int64
		err = json.Unmarshal(raw, &n)
	case f.kind == day:
		if err = json.Unmarshal(raw, &word); err == nil {
			_, err = time.Parse(time.DateOnly, word)
		}
	case f.kind == inner:
		var o object
		err = json.Unmarshal(raw, &o)
	default:
		err = json.Unmarshal(raw, &word)
		if err == nil && f.oneOf != nil && !slices.Contains(f.oneOf, word) {
			return fmt.Sprintf("%s must be one of %s", f.name, strings.Join(f.oneOf, ", "))
		}
	}
	if err != nil {
		return fmt.Sprintf("%s must be %s", f.name, [...]string{"a text", "a whole number", "a day such as 2026-10-19", "an object"}[f.kind])
	}
	return ""
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }
