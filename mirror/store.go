package mirror

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/vismatid/tid"
)

// row is a row of a list, as it is to be written.
type row struct {
	id   int64
	item any            // a pointer to the model of the table
	raw  []byte         // the JSON as it came
	sum  [sumBytes]byte // a hash of the row in the list, where rows are compared
}

// field is a column as it is written: its name, and its type in an array of PostgreSQL.
type field struct {
	name string
	kind kind
	cast string // the type in PostgreSQL, if the array is of text
}

// fields are the columns of a table that are written, in the order of values.
func (t *table) fields(d Dialect) []field {
	all := []field{{"account", text, ""}}
	for _, key := range t.keys() {
		all = append(all, field{key, integer, ""})
	}
	for _, c := range t.columns {
		f := field{c.stored(d), c.kind, ""}
		switch c.kind {
		case decimal, day, moment:
			f.cast = "::" + sqlTypes[Postgres][c.kind]
		}
		all = append(all, f)
	}
	if t.parent == "" {
		at := "::" + sqlTypes[Postgres][moment]
		all = append(all, field{"raw", text, "::json"}, field{"first_seen", text, at}, field{"changed", text, at})
	}
	if t.hashed {
		all = append(all, field{"row_hash", text, ""})
	}
	return all
}

var arrays = map[kind]string{integer: "bigint[]", boolean: "boolean[]", float: "double precision[]"}

// insert is the statement that writes rows: one in SQLite, and any number, as arrays, in
// PostgreSQL.
func (t *table) insert(d Dialect) string {
	fields := t.fields(d)
	var names, values, params, sets []string
	for i, f := range fields {
		name := quote(f.name)
		names = append(names, name)
		if d == SQLite {
			values = append(values, "?") // the driver looks numbered ones up by name
		} else {
			array, ok := arrays[f.kind]
			if !ok {
				array = "text[]"
			}
			params = append(params, placeholder(d, i+1)+"::"+array)
			values = append(values, fmt.Sprintf("c%d%s", i, f.cast))
		}
		switch {
		case f.name == "account", f.name == "first_seen", slices.Contains(t.keys(), f.name):
		case f.name == "changed":
			same, given := t.name+".raw", "excluded.raw"
			if d == Postgres { // json has no =
				same, given = same+"::text", given+"::text"
			}
			sets = append(sets, fmt.Sprintf("changed = CASE WHEN %s = %s AND %s.deleted_at IS NULL THEN %s.changed ELSE excluded.changed END", same, given, t.name, t.name))
		default:
			sets = append(sets, name+" = excluded."+name)
		}
	}
	query := "INSERT INTO " + t.name + " (" + strings.Join(names, ", ") + ")"
	if d == SQLite {
		query += " VALUES (" + strings.Join(values, ", ") + ")"
	} else {
		columns := make([]string, len(fields))
		for i := range columns {
			columns[i] = fmt.Sprintf("c%d", i)
		}
		query += " SELECT " + strings.Join(values, ", ") + " FROM unnest(" + strings.Join(params, ", ") + ") AS given(" + strings.Join(columns, ", ") + ")"
	}
	if t.parent == "" {
		query += " ON CONFLICT (account, " + strings.Join(t.keys(), ", ") + ") DO UPDATE SET " + strings.Join(sets, ", ") + ", deleted_at = NULL"
	}
	return query
}

// of is the condition that rows of a nested list belong to a row of the other list.
func (t *table) of(owner int64) string {
	if t.owner == "" {
		return ""
	}
	return fmt.Sprintf(" AND %s = %d", t.owner, owner)
}

// put writes rows, those of child tables as well. owner is the row that the rows of a
// nested list belong to.
func (m *Mirror) put(ctx context.Context, tx *sql.Tx, t *table, account string, owner int64, rows []row, now string) error {
	if len(rows) == 0 {
		return nil
	}
	last := make(map[int64]int, len(rows))
	for i, r := range rows {
		last[r.id] = i
	}
	var ids []int64
	var values [][]any
	nested := make([][][]any, len(t.children))
	for i, r := range rows {
		if last[r.id] != i { // the row came twice
			continue
		}
		ids = append(ids, r.id)
		v := reflect.ValueOf(r.item).Elem()
		fields, err := t.values(v, m.dialect, account, owner, r.id)
		if err != nil {
			return err
		}
		fields = append(fields, cleaned(string(r.raw), m.dialect), now, now)
		if t.hashed {
			fields = append(fields, hex.EncodeToString(r.sum[:]))
		}
		values = append(values, fields)
		for c, child := range t.children {
			array := v.FieldByIndex(child.array)
			for at := range array.Len() {
				fields, err := child.values(array.Index(at), m.dialect, account, owner, r.id, int64(at))
				if err != nil {
					return err
				}
				nested[c] = append(nested[c], fields)
			}
		}
	}
	for _, child := range t.children {
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+child.name+" WHERE account = "+placeholder(m.dialect, 1)+child.of(owner)+" AND "+child.parent+m.among(2), account, m.ids(ids)); err != nil {
			return t.failed(err)
		}
	}
	if err := m.insert(ctx, tx, t, values); err != nil {
		return t.failed(err)
	}
	for c, child := range t.children {
		if err := m.insert(ctx, tx, child, nested[c]); err != nil {
			return child.failed(err)
		}
	}
	return nil
}

func (t *table) failed(err error) error {
	return fmt.Errorf("mirror: rows could not be written to the table %s: %w", t.name, err)
}

// values are the values of a row: its keys, and those of its columns.
func (t *table) values(v reflect.Value, d Dialect, account string, owner int64, keys ...int64) ([]any, error) {
	values := make([]any, 0, len(t.columns)+8)
	values = append(values, account)
	if t.owner != "" {
		values = append(values, owner)
	}
	for _, key := range keys {
		values = append(values, key)
	}
	for _, c := range t.columns {
		value, err := c.value(v, d)
		if err != nil {
			return nil, fmt.Errorf("mirror: %s.%s of the row with the id %d %w: %v", t.name, c.name, keys[0], errNoFit, err)
		}
		values = append(values, value)
	}
	return values, nil
}

func (m *Mirror) insert(ctx context.Context, tx *sql.Tx, t *table, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	query := t.insert(m.dialect)
	if m.dialect == SQLite {
		stmt, err := tx.PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		for _, values := range rows {
			if _, err := stmt.ExecContext(ctx, values...); err != nil {
				return err
			}
		}
		return stmt.Close()
	}
	columns := make([]any, len(rows[0]))
	for i, f := range t.fields(m.dialect) {
		switch f.kind {
		case integer:
			columns[i] = array[int64](rows, i)
		case boolean:
			columns[i] = array[bool](rows, i)
		case float:
			columns[i] = array[float64](rows, i)
		default:
			columns[i] = array[string](rows, i)
		}
	}
	_, err := tx.ExecContext(ctx, query, columns...)
	return err
}

// array is a column of rows, with nil for NULL.
func array[T any](rows [][]any, column int) []*T {
	all := make([]*T, len(rows))
	values := make([]T, len(rows))
	for i, row := range rows {
		if row[column] != nil {
			values[i] = row[column].(T)
			all[i] = &values[i]
		}
	}
	return all
}

// among is the condition that a column is one of the ids in a parameter, and ids that
// parameter.
func (m *Mirror) among(n int) string {
	if m.dialect == Postgres {
		return " = ANY(" + placeholder(m.dialect, n) + "::bigint[])"
	}
	return " IN (SELECT value FROM json_each(" + placeholder(m.dialect, n) + "))"
}

func (m *Mirror) ids(ids []int64) any {
	if m.dialect == Postgres {
		return ids
	}
	text, _ := json.Marshal(ids) // integers can be written
	return string(text)
}

// remove marks rows as deleted, and returns how many were not before.
func (m *Mirror) remove(ctx context.Context, tx *sql.Tx, t *table, account string, owner int64, ids []int64, now string) (int, error) {
	if len(ids) == 0 {
		return 0, nil
	}
	return m.mark(ctx, tx, t, account, now, "id"+m.among(3)+t.of(owner), m.ids(ids))
}

// mark marks the rows of an account that meet a condition as deleted, and returns how many
// were not before. The parameters of the condition begin with the third.
func (m *Mirror) mark(ctx context.Context, tx *sql.Tx, t *table, account, now, condition string, args ...any) (int, error) {
	at := placeholder(m.dialect, 1)
	if m.dialect == Postgres {
		at += "::timestamp"
	}
	result, err := tx.ExecContext(ctx, "UPDATE "+t.name+" SET deleted_at = "+at+", changed = "+at+
		" WHERE account = "+placeholder(m.dialect, 2)+" AND deleted_at IS NULL AND "+condition, append([]any{now, account}, args...)...)
	if err != nil {
		return 0, t.failed(err)
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// live is the number of rows that are not deleted.
func (m *Mirror) live(ctx context.Context, q querier, t *table, account string) (n int, err error) {
	err = q.QueryRowContext(ctx, "SELECT count(*) FROM "+t.name+" WHERE account = "+placeholder(m.dialect, 1)+" AND deleted_at IS NULL", account).Scan(&n)
	return n, m.explain(err)
}

// known yields when each row that is not deleted was created, with the offset that the
// column does not have.
func (m *Mirror) known(ctx context.Context, t *table, account string, yield func(int64, tid.DateTime) bool) error {
	name, property := "created_date", "createdDate"
	for _, c := range t.columns {
		if c.name == "created" {
			name, property = "created", "created"
		}
	}
	query := "SELECT id, coalesce(json_extract(raw, '$." + property + "'), " + name + ", '') FROM "
	if m.dialect == Postgres {
		// PostgreSQL reads no property of a JSON text that has \u0000 anywhere, or half of a
		// surrogate pair: without these, and with each escaped backslash as it is.
		query = `SELECT id, coalesce(CASE WHEN strpos(raw::text, '\u') = 0 THEN raw
			ELSE regexp_replace(raw::text, '(\\\\)|\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})', '\1', 'g')::json END->>'` + property + `', ` + name + `::text, '') FROM `
	}
	return m.each(ctx, query+t.name+" WHERE account = "+placeholder(m.dialect, 1)+" AND deleted_at IS NULL", []any{account}, func(rows *sql.Rows) error {
		var id int64
		var text string
		if err := rows.Scan(&id, &text); err != nil {
			return err
		}
		at, _ := tid.ParseDateTime(text) // without a time, Gone looks in the whole list
		if !yield(id, at) {
			return errors.New("not all rows were wanted")
		}
		return nil
	})
}

// sumBytes is the length of a row's hash.
const sumBytes = 12

// ledger are the rows of a list that the mirror has, in the order of their ids. A million
// take 24 MB.
type ledger []entry

type entry struct {
	id   int64
	sum  [sumBytes]byte
	seen bool
}

// find returns the entry of a row, nil if the row is not known.
func (l ledger) find(id int64) *entry {
	i, ok := slices.BinarySearchFunc(l, id, func(e entry, id int64) int { return cmp.Compare(e.id, id) })
	if !ok {
		return nil
	}
	return &l[i]
}

// unseen are the ids of rows that were not seen.
func (l ledger) unseen() (ids []int64) {
	for _, e := range l {
		if !e.seen {
			ids = append(ids, e.id)
		}
	}
	return ids
}

// ledger reads the ledger of a list, or the part of it with some ids. It is without deleted
// rows, which have changed when they are met.
func (m *Mirror) ledger(ctx context.Context, t *table, account string, owner int64, ids ...int64) (l ledger, err error) {
	hash := "''"
	if t.hashed {
		hash = "coalesce(row_hash, '')"
	}
	where, args := " WHERE account = "+placeholder(m.dialect, 1)+t.of(owner)+" AND deleted_at IS NULL", []any{account}
	switch {
	case t.owner != "": // a few
	case ids != nil:
		where, args = where+" AND id"+m.among(2), append(args, m.ids(ids))
		l = make(ledger, 0, len(ids))
	default:
		n, err := m.live(ctx, m.db, t, account)
		if err != nil {
			return nil, err
		}
		l = make(ledger, 0, n)
	}
	err = m.each(ctx, "SELECT id, "+hash+" FROM "+t.name+where+" ORDER BY id", args, func(rows *sql.Rows) error {
		var e entry
		var hash sql.RawBytes
		if err := rows.Scan(&e.id, &hash); err != nil {
			return err
		}
		if len(hash) == hex.EncodedLen(sumBytes) {
			_, _ = hex.Decode(e.sum[:], hash) // what is no hash differs from every row
		}
		l = append(l, e)
		return nil
	})
	return l, err
}

func (m *Mirror) each(ctx context.Context, query string, args []any, do func(*sql.Rows) error) (err error) {
	defer func() { err = m.explain(err) }()
	rows, err := m.db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := do(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
