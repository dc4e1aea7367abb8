// Package output writes rows of JSON in the formats of the command, one row after the other, so that a list of any length
// needs little memory. Numbers are written as the API wrote them.
package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/vismatid/tid/cmd/tid/internal/description"
)

// Formats are the names of all formats.
func Formats() []string { return []string{"table", "json", "jsonl", "yaml", "csv", "xlsx"} }

// Dialects are the ways to write csv: as RFC 4180 has it, and as Excel reads it in Sweden.
func Dialects() []string { return []string{"standard", "excel"} }

// Options say how rows are written.
type Options struct {
	Format  string
	Dialect string   // of csv
	Columns []string // dotted names; all if there are none
	Schema  *description.Schema
	Single  bool // one object, not a list
	Width   int  // of the terminal, for a table; 0 is no limit
	// Note is told what the result does not show.
	Note func(string)
}

// A Writer takes rows. Close ends what has been written, and Discard gives it up.
type Writer interface {
	Write(row json.RawMessage) error
	Close() error
}

// New returns a writer of the format.
func New(w io.Writer, o Options) (Writer, error) {
	if o.Note == nil {
		o.Note = func(string) {}
	}
	switch o.Format {
	case "json":
		return &jsonWriter{w: w, single: o.Single, columns: o.Columns}, nil
	case "jsonl":
		return &linesWriter{w: w, columns: o.Columns}, nil
	case "yaml":
		return &yamlWriter{w: w, single: o.Single, columns: o.Columns}, nil
	case "csv":
		return newGrid(o, newCSV(w, o.Dialect)), nil
	case "xlsx":
		sheet, err := newXLSX(w)
		return newGrid(o, sheet), err
	case "table":
		return newTable(w, o), nil
	}
	return nil, fmt.Errorf("there is no format %q: use one of %s", o.Format, strings.Join(Formats(), ", "))
}

// Discard gives up a writer in the place of Close.
func Discard(w Writer) {
	if g, ok := w.(*grid); ok {
		if s, ok := g.sheet.(*xlsxSheet); ok {
			_ = s.file.Close() // it takes its temporary file away
		}
	}
}

// jsonWriter writes an array, or a single value.
type jsonWriter struct {
	w       io.Writer
	single  bool
	columns []string
	rows    int
}

func (j *jsonWriter) Write(row json.RawMessage) error {
	row, err := selected(row, j.columns)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	prefix := "  "
	switch {
	case j.single:
		prefix = ""
	case j.rows == 0:
		b.WriteString("[\n  ")
	default:
		b.WriteString(",\n  ")
	}
	j.rows++
	if err := json.Indent(&b, row, prefix, "  "); err != nil {
		return err
	}
	_, err = j.w.Write(b.Bytes())
	return err
}

func (j *jsonWriter) Close() error {
	end := "\n"
	switch {
	case j.single:
	case j.rows == 0:
		end = "[]\n"
	default:
		end = "\n]\n"
	}
	_, err := io.WriteString(j.w, end)
	return err
}

// linesWriter writes one value on each line.
type linesWriter struct {
	w       io.Writer
	columns []string
}

func (l *linesWriter) Write(row json.RawMessage) error {
	row, err := selected(row, l.columns)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := json.Compact(&b, row); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err = l.w.Write(b.Bytes())
	return err
}

func (l *linesWriter) Close() error { return nil }

// selected returns an object with the given columns alone, under their dotted names; the row itself if there are none.
func selected(row json.RawMessage, columns []string) (json.RawMessage, error) {
	if len(columns) == 0 {
		return row, nil
	}
	cells, err := flatten(row)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for i, column := range columns {
		if i > 0 {
			b.WriteByte(',')
		}
		name, _ := json.Marshal(column) // a string always has a text
		b.Write(name)
		b.WriteByte(':')
		b.Write(cells.raw(column))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// A cell is a value of a row under its dotted name.
type cell struct {
	name  string
	value json.RawMessage
}

// cells are what flatten makes of a row.
type cells []cell

// flatten takes the objects in a row apart: "user.name". Arrays stay whole. A row that is no object has one cell, "value".
func flatten(row json.RawMessage) (cells, error) {
	row = bytes.TrimSpace(row)
	if len(row) == 0 || row[0] != '{' {
		return cells{{"value", row}}, nil
	}
	var all cells
	err := appendCells(&all, "", row)
	return all, err
}

func appendCells(all *cells, prefix string, object json.RawMessage) error {
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		name := prefix + fmt.Sprint(token)
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		if value[0] == '{' {
			if err := appendCells(all, name+".", value); err != nil {
				return err
			}
			continue
		}
		*all = append(*all, cell{name, value})
	}
	return nil
}

// raw is the value under a name: null if there is none, and an object again for a name that objects were taken apart under.
func (c cells) raw(name string) json.RawMessage {
	var inside cells
	for _, cell := range c {
		if cell.name == name {
			return cell.value
		}
		if rest, ok := strings.CutPrefix(cell.name, name+"."); ok {
			inside = append(inside, cell)
			inside[len(inside)-1].name = rest
		}
	}
	if inside == nil {
		return json.RawMessage("null")
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for i, cell := range inside {
		if i > 0 {
			b.WriteByte(',')
		}
		label, _ := json.Marshal(cell.name) // a string always has a text
		b.Write(label)
		b.WriteByte(':')
		b.Write(cell.value)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// text is a value as people read it: strings without quotes, null as nothing, the elements of an array with commas between.
func text(value json.RawMessage) string {
	value = bytes.TrimSpace(value)
	if len(value) == 0 {
		return ""
	}
	switch value[0] {
	case '"':
		var s string
		_ = json.Unmarshal(value, &s) // the row was read before
		return s
	case 'n':
		return ""
	case '[':
		var items []json.RawMessage
		_ = json.Unmarshal(value, &items) // the row was read before
		words := make([]string, len(items))
		for i, item := range items {
			words[i] = label(item)
		}
		return strings.Join(words, ", ")
	}
	return string(value)
}

// label is an element of an array: a reference or a tag by its name.
func label(item json.RawMessage) string {
	if len(item) > 0 && item[0] == '{' {
		cells, _ := flatten(item) // the row was read before
		for _, name := range []string{"name", "title"} {
			if i := slices.IndexFunc(cells, func(c cell) bool { return c.name == name }); i >= 0 {
				return text(cells[i].value)
			}
		}
		return string(item)
	}
	return text(item)
}

// isNumber reports whether a value is a number of JSON.
func isNumber(value json.RawMessage) bool {
	return len(value) > 0 && (value[0] == '-' || value[0] >= '0' && value[0] <= '9')
}

// columnsOf are the columns that the description gives: scalars and arrays, and those in the objects.
func columnsOf(s *description.Schema) []string {
	var names []string
	var add func(prefix string, s *description.Schema, depth int)
	add = func(prefix string, s *description.Schema, depth int) {
		for _, p := range s.Properties {
			switch {
			case p.Name == "objectName":
			case len(p.Properties) > 0 && depth < 2:
				add(prefix+p.Name+".", p.Schema, depth+1)
			default:
				names = append(names, prefix+p.Name)
			}
		}
	}
	if s != nil {
		add("", s, 0)
	}
	return names
}
