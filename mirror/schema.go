package mirror

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/vismatid/tid"
)

// Dialect is a kind of database.
type Dialect string

// The kinds of databases.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// kind is the kind of a column's values.
type kind int

const (
	integer kind = iota
	text
	boolean
	decimal
	float
	day
	moment
	clock
)

// column is a property of a model.
type column struct {
	name  string
	kind  kind
	index []int // of the field, through embedded structs and pointers
	zero  bool  // the zero value is a value, and not NULL
}

// table is a list of the API, or an array within its rows.
type table struct {
	name     string
	model    reflect.Type
	columns  []*column // without the id of a list
	children []*table
	hashed   bool // the rows of the list are compared by their hashes

	// owner is the column for the id of the row to which the API's list belongs; "" of a
	// list of the account.
	owner string
	// Of a child: the column for the id of the row that it belongs to, and the index of
	// the array.
	parent string
	array  []int
}

// singular are the names of a row of the tables that have child tables.
var singular = map[string]string{
	"contacts": "contact", "invoices": "invoice", "opportunities": "opportunity", "projects": "project",
	"task_boards": "task_board", "task_checklists": "task_checklist", "tasks": "task", "users": "user",
}

// childName names the table of an array: invoice_rows, contact_tags, contact_persons.
func childName(one, array string) string {
	name := one + "_" + strings.TrimPrefix(array, one+"_")
	if name == "opportunity_tags" { // is a list of the API
		name = "opportunity_tag_assignments"
	}
	return name
}

func newTable(name, owner string, model reflect.Type) *table {
	t := &table{name: name, owner: owner, model: model}
	t.add(t.model, "", nil)
	return t
}

// add adds the fields of a struct as columns.
func (t *table) add(model reflect.Type, prefix string, at []int) {
	for i := range model.NumField() {
		f := model.Field(i)
		index := append(at[:len(at):len(at)], i)
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			t.add(f.Type, prefix, index)
			continue
		case name == "-" || !f.IsExported() || name == "objectName":
			continue
		case name == "id" && prefix == "" && t.parent == "":
			continue
		}
		c := &column{name: prefix + snake(name), index: index, zero: !strings.Contains(option, "omitzero")}
		typ := f.Type
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
			if typ.Kind() == reflect.Struct {
				t.add(typ, c.name+"_", index)
				continue
			}
			c.zero = true // nil is NULL
		}
		switch {
		case typ == reflect.TypeFor[tid.Decimal]():
			c.kind = decimal
		case typ == reflect.TypeFor[tid.Date]():
			c.kind = day
		case typ == reflect.TypeFor[tid.DateTime]():
			c.kind = moment
		case typ == reflect.TypeFor[tid.ClockTime]():
			c.kind = clock
		case typ.Kind() == reflect.String:
			c.kind = text
		case typ.Kind() == reflect.Bool:
			c.kind = boolean
		case typ.Kind() == reflect.Int64 || typ.Kind() == reflect.Int:
			c.kind = integer
		case typ.Kind() == reflect.Float64:
			c.kind = float
		case typ.Kind() == reflect.Slice:
			one := singular[t.name]
			child := &table{name: childName(one, c.name), owner: t.owner, parent: one + "_id", array: index, model: typ.Elem()}
			if child.model.Kind() == reflect.Struct {
				child.add(child.model, "", nil)
			} else {
				child.columns = []*column{{name: "value", kind: text, zero: true}}
			}
			t.children = append(t.children, child)
			continue
		default:
			panic(fmt.Sprintf("mirror: no column can hold %s.%s, a %s", model, f.Name, f.Type))
		}
		t.columns = append(t.columns, c)
	}
}

// snake is a name of JSON as one of SQL: bookingNumber is booking_number.
func snake(name string) string {
	var b strings.Builder
	for _, r := range name {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// Money, hours and quantities are exact. PostgreSQL has numeric. SQLite has no decimals: a
// table has the millionths as an integer, and a column with the plain name that divides
// it. The quotient of two integers below 2^53 is the float nearest to the decimal, so that
// it shows and compares as the decimal does; sums of the integers are exact.
const (
	scale       = 6
	scaleSuffix = "_e6"
)

var sqlTypes = map[Dialect]map[kind]string{
	SQLite:   {integer: "INTEGER", text: "TEXT", boolean: "INTEGER", float: "REAL", day: "TEXT", moment: "TEXT", clock: "TEXT"},
	Postgres: {integer: "bigint", text: "text", boolean: "boolean", decimal: "numeric", float: "double precision", day: "date", moment: "timestamp", clock: "text"},
}

// stored is the name of the column that is written.
func (c *column) stored(d Dialect) string {
	if c.kind == decimal && d == SQLite {
		return c.name + scaleSuffix
	}
	return c.name
}

// definitions are the columns in the database for one property.
func (c *column) definitions(d Dialect) [][2]string {
	if c.kind == decimal && d == SQLite {
		stored := c.stored(d)
		return [][2]string{
			{stored, "INTEGER"},
			{c.name, fmt.Sprintf("REAL GENERATED ALWAYS AS (%s / 1e%d) VIRTUAL", quote(stored), scale)},
		}
	}
	return [][2]string{{c.name, sqlTypes[d][c.kind]}}
}

// keys are the columns of the primary key after the account.
func (t *table) keys() (keys []string) {
	if t.owner != "" {
		keys = append(keys, t.owner)
	}
	if t.parent != "" {
		return append(keys, t.parent, "position")
	}
	return append(keys, "id")
}

// definitions are all columns of a table, and its primary key.
func (t *table) definitions(d Dialect) (columns [][2]string, key string) {
	number, stamp, raw := sqlTypes[d][integer], sqlTypes[d][moment], "TEXT"
	if d == Postgres {
		raw = "json"
	}
	columns = [][2]string{{"account", sqlTypes[d][text] + " NOT NULL"}}
	for _, key := range t.keys() {
		columns = append(columns, [2]string{key, number + " NOT NULL"})
	}
	key = "account, " + strings.Join(t.keys(), ", ")
	for _, c := range t.columns {
		columns = append(columns, c.definitions(d)...)
	}
	if t.parent == "" {
		columns = append(columns, [2]string{"raw", raw + " NOT NULL"}, [2]string{"first_seen", stamp + " NOT NULL"},
			[2]string{"changed", stamp + " NOT NULL"}, [2]string{"deleted_at", stamp})
	}
	if t.hashed {
		columns = append(columns, [2]string{"row_hash", sqlTypes[d][text]})
	}
	return columns, key
}

func (t *table) ddl(d Dialect) string {
	columns, key := t.definitions(d)
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE IF NOT EXISTS %s (\n", t.name)
	for _, c := range columns {
		fmt.Fprintf(&b, "\t%s %s,\n", quote(c[0]), c[1])
	}
	fmt.Fprintf(&b, "\tPRIMARY KEY (%s)\n)", key)
	if d == SQLite && t.parent != "" {
		b.WriteString(" WITHOUT ROWID")
	}
	return b.String()
}

// ownTables are the tables that the mirror keeps for itself.
var ownTables = []string{
	`CREATE TABLE IF NOT EXISTS mirror_meta (
	name TEXT PRIMARY KEY,
	value TEXT NOT NULL
)`, `CREATE TABLE IF NOT EXISTS mirror_accounts (
	account TEXT PRIMARY KEY,
	fingerprint TEXT NOT NULL
)`, `CREATE TABLE IF NOT EXISTS mirror_lists (
	account TEXT NOT NULL,
	list TEXT NOT NULL,
	cursor TEXT,
	compared TEXT,
	tried TEXT,
	synced TEXT,
	failures INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (account, list)
)`, `CREATE TABLE IF NOT EXISTS mirror_parents (
	account TEXT NOT NULL,
	list TEXT NOT NULL,
	parent BIGINT NOT NULL,
	changed TEXT NOT NULL,
	checked TEXT NOT NULL,
	PRIMARY KEY (account, list, parent)
)`, `CREATE TABLE IF NOT EXISTS mirror_leases (
	account TEXT PRIMARY KEY,
	owner TEXT NOT NULL,
	until TEXT NOT NULL
)`,
}

// everyTable are the tables of all lists, and their child tables.
func everyTable() []*table {
	var all []*table
	for _, l := range everyList() {
		all = append(append(all, l.table), l.table.children...)
	}
	return all
}

// Schema is the DDL of a mirror: its tables, indexes and views.
func Schema(d Dialect) string {
	var b strings.Builder
	for _, statement := range statements(d) {
		b.WriteString(statement + ";\n\n")
	}
	return b.String()
}

func statements(d Dialect) []string {
	all := append([]string(nil), ownTables...)
	for _, t := range everyTable() {
		all = append(all, t.ddl(d))
	}
	for _, v := range Views() {
		all = append(all, v.ddl(d)...)
	}
	return all
}

func quote(name string) string { return `"` + name + `"` }

// value is the value of a column as the driver takes it, nil for NULL.
func (c *column) value(v reflect.Value, d Dialect) (any, error) {
	for _, i := range c.index {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return nil, nil
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil, nil
		}
		v = v.Elem()
	}
	if !c.zero && v.IsZero() {
		return nil, nil
	}
	switch c.kind {
	case integer:
		return v.Int(), nil
	case text:
		return cleaned(v.String(), d), nil
	case boolean:
		return v.Bool(), nil
	case float:
		return v.Float(), nil
	case decimal:
		return number(v.Addr().Interface().(*tid.Decimal), d)
	case day:
		return nullable(v.Addr().Interface().(*tid.Date).String()), nil
	case moment:
		return nullable(wall(*v.Addr().Interface().(*tid.DateTime))), nil
	default:
		return nullable(v.Addr().Interface().(*tid.ClockTime).String()), nil
	}
}

func nullable(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// number is a decimal: its millionths in SQLite, its text in PostgreSQL.
func number(n *tid.Decimal, d Dialect) (any, error) {
	if d == Postgres {
		return n.String(), nil
	}
	coefficient, exp := n.Coefficient(), n.Exponent()+scale
	if coefficient.IsInt64() && exp >= 0 && exp <= 18 {
		value := coefficient.Int64()
		for range exp {
			if value > maxInt/10 || value < -maxInt/10 {
				return nil, fmt.Errorf("%s is too large: SQLite can hold decimals up to %d", n, maxInt/1_000_000)
			}
			value *= 10
		}
		return value, nil
	}
	shifted := n.Shift(scale)
	if !shifted.IsInteger() {
		return nil, fmt.Errorf("%s has more than %d decimals, which SQLite cannot hold", n, scale)
	}
	if !shifted.BigInt().IsInt64() {
		return nil, fmt.Errorf("%s is too large: SQLite can hold decimals up to %d", n, maxInt/1_000_000)
	}
	return shifted.IntPart(), nil
}

const maxInt = 1<<63 - 1

// wall is the wall clock of a time, without its offset.
func wall(at tid.DateTime) string {
	text := at.String()
	if _, zoned := at.Offset(); zoned && text != "" {
		text = text[:len(text)-len("+00:00")]
	}
	return text
}

// cleaned is a text that the database can hold: PostgreSQL has no NUL, and only UTF-8.
func cleaned(s string, d Dialect) string {
	if d == Postgres {
		if strings.IndexByte(s, 0) >= 0 {
			s = strings.ReplaceAll(s, "\x00", "\uFFFD")
		}
		if !utf8.ValidString(s) {
			s = strings.ToValidUTF8(s, "\uFFFD")
		}
	}
	return s
}

func placeholder(d Dialect, n int) string {
	if d == Postgres {
		return "$" + strconv.Itoa(n)
	}
	return "?" + strconv.Itoa(n)
}
