package output

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"
)

// A sheet takes rows of cells in the order of its columns.
type sheet interface {
	head(columns []string) error
	row(values []json.RawMessage) error
	end() error
}

// sample is how many rows are held back to find the columns that the description lacks.
const sample = 100

// grid turns rows into cells. Its columns are those that were asked for, or those of the description and, after them, what
// the first rows have beyond it.
type grid struct {
	sheet   sheet
	note    func(string)
	columns []string
	index   map[string]int
	held    []cells
	chosen  bool            // the columns were asked for
	begun   bool            // the columns are settled
	left    map[string]bool // what later rows had beyond the columns
}

func newGrid(o Options, s sheet) *grid {
	g := &grid{sheet: s, note: o.Note, columns: slices.Clone(o.Columns), chosen: len(o.Columns) > 0, left: map[string]bool{}}
	if !g.chosen {
		g.columns = columnsOf(o.Schema)
	}
	return g
}

func (g *grid) Write(row json.RawMessage) error {
	cells, err := flatten(row)
	if err != nil {
		return err
	}
	if g.begun {
		return g.put(cells)
	}
	if g.held = append(g.held, cells); len(g.held) == sample {
		return g.begin()
	}
	return nil
}

// begin settles the columns and writes what was held back.
func (g *grid) begin() error {
	g.begun = true
	known := map[string]bool{}
	for _, column := range g.columns {
		known[column] = true
	}
	for _, cells := range g.held {
		for _, c := range cells {
			if !g.chosen && !known[c.name] && !isObjectName(c.name) && !emptyParent(c, g.columns) {
				known[c.name] = true
				g.columns = append(g.columns, c.name)
			}
		}
	}
	g.index = make(map[string]int, len(g.columns))
	for i, column := range g.columns {
		g.index[column] = i
	}
	if err := g.sheet.head(g.columns); err != nil {
		return err
	}
	for _, cells := range g.held {
		if err := g.put(cells); err != nil {
			return err
		}
	}
	g.held = nil
	return nil
}

// emptyParent reports whether a cell is the null in the place of an object whose parts are columns.
func emptyParent(c cell, columns []string) bool {
	return text(c.value) == "" && slices.ContainsFunc(columns, func(column string) bool {
		return strings.HasPrefix(column, c.name+".")
	})
}

func isObjectName(name string) bool {
	return name == "objectName" || strings.HasSuffix(name, ".objectName")
}

func (g *grid) put(row cells) error {
	values := make([]json.RawMessage, len(g.columns))
	for _, c := range row {
		if i, ok := g.index[c.name]; ok {
			values[i] = c.value
		} else if !g.chosen && !isObjectName(c.name) && !emptyParent(c, g.columns) {
			g.left[c.name] = true
		}
	}
	if g.chosen { // an object that was asked for as a whole
		for i, column := range g.columns {
			if values[i] == nil {
				values[i] = row.raw(column)
			}
		}
	}
	return g.sheet.row(values)
}

func (g *grid) Close() error {
	if !g.begun {
		if err := g.begin(); err != nil {
			return err
		}
	}
	if len(g.left) > 0 {
		g.note(fmt.Sprintf("columns that only later rows have are left out: %s; --columns names them", strings.Join(slices.Sorted(maps.Keys(g.left)), ", ")))
	}
	return g.sheet.end()
}

// csvSheet writes csv, as RFC 4180 has it or as Excel reads it where commas are decimal.
type csvSheet struct {
	w     *csv.Writer
	excel bool
	out   io.Writer
}

func newCSV(w io.Writer, dialect string) *csvSheet {
	s := &csvSheet{w: csv.NewWriter(w), out: w, excel: dialect == "excel"}
	if s.excel {
		s.w.Comma, s.w.UseCRLF = ';', true
	}
	return s
}

func (s *csvSheet) head(columns []string) error {
	if s.excel { // Excel takes a file without the mark for one in an older encoding
		if _, err := io.WriteString(s.out, "\ufeff"); err != nil {
			return err
		}
	}
	return s.w.Write(columns)
}

func (s *csvSheet) row(values []json.RawMessage) error {
	record := make([]string, len(values))
	for i, value := range values {
		record[i] = text(value)
		switch {
		case !s.excel:
		case isNumber(value):
			record[i] = strings.Replace(record[i], ".", ",", 1)
		case isFormula(record[i]):
			record[i] = "'" + record[i]
		}
	}
	if len(record) == 1 && record[0] == "" { // a line with nothing in it is no row to those who read it
		line := "\"\"\n"
		if s.excel {
			line = "\"\"\r\n"
		}
		s.w.Flush()
		_, err := io.WriteString(s.out, line)
		return errors.Join(s.w.Error(), err)
	}
	return s.w.Write(record)
}

// isFormula reports whether Excel would work out a text instead of showing it.
func isFormula(s string) bool { return s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) }

func (s *csvSheet) end() error { s.w.Flush(); return s.w.Error() }

// What a sheet of Excel holds.
const (
	maxSheetRows = 1_048_576
	maxSheetText = 32767 // units of UTF-16 in a cell
)

// xlsxSheet writes a workbook with one sheet. Its rows go through a file, not through memory.
type xlsxSheet struct {
	out       io.Writer
	file      *excelize.File
	stream    *excelize.StreamWriter
	columns   []string
	rows      int
	day, time int // styles
}

func newXLSX(w io.Writer) (*xlsxSheet, error) {
	s := &xlsxSheet{out: w, file: excelize.NewFile()}
	var err error
	if s.stream, err = s.file.NewStreamWriter("Sheet1"); err != nil {
		return nil, err
	}
	day, second := "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
	if s.day, err = s.file.NewStyle(&excelize.Style{CustomNumFmt: &day}); err != nil {
		return nil, err
	}
	s.time, err = s.file.NewStyle(&excelize.Style{CustomNumFmt: &second})
	return s, err
}

func (s *xlsxSheet) head(columns []string) error {
	bold, err := s.file.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	if len(columns) > 0 {
		if err := s.stream.SetColWidth(1, len(columns), 18); err != nil {
			return err
		}
	}
	if err := s.stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	s.columns = columns
	values := make([]any, len(columns))
	for i, column := range columns {
		values[i] = excelize.Cell{StyleID: bold, Value: column}
	}
	return s.set(values)
}

func (s *xlsxSheet) set(values []any) error {
	s.rows++
	if s.rows > maxSheetRows {
		return fmt.Errorf("a sheet of Excel holds %d rows: choose fewer, or another format", maxSheetRows)
	}
	return s.stream.SetRow("A"+strconv.Itoa(s.rows), values)
}

func (s *xlsxSheet) row(values []json.RawMessage) error {
	row := make([]any, len(values))
	for i, value := range values {
		row[i] = s.value(value)
		if words, ok := row[i].(string); ok && len(words) > maxSheetText && len(utf16.Encode([]rune(words))) > maxSheetText {
			return fmt.Errorf("a cell of Excel holds %d characters, and %s in row %d has more: choose another format, or other columns", maxSheetText, s.columns[i], s.rows+1)
		}
	}
	return s.set(row)
}

// wall is how the API writes days and times; an offset is not shown, and the wall clock kept.
var wall = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(?:\.\d+)? ?(?:Z|[+-]\d\d:\d\d)?)?$`)

// value is what a cell holds: a number if Excel can hold it exactly, a day or time as such, else text.
func (s *xlsxSheet) value(value json.RawMessage) any {
	words := text(value)
	switch {
	case words == "":
		return nil
	case isNumber(value):
		if digits(words) <= 15 {
			if n, err := strconv.ParseFloat(words, 64); err == nil {
				return n
			}
		}
		return words
	case string(value) == "true", string(value) == "false":
		return string(value) == "true"
	}
	parts := wall.FindStringSubmatch(words)
	if parts == nil {
		return words
	}
	clock, style := parts[2], s.time
	if clock == "" || clock == "00:00:00" {
		clock, style = "00:00:00", s.day
	}
	t, err := time.Parse(time.DateTime, parts[1]+" "+clock)
	if err != nil || t.Year() < 1900 || t.Year() > 9999 {
		return words
	}
	return excelize.Cell{StyleID: style, Value: t}
}

// digits counts the significant digits of a number of JSON; an exponent makes it more than Excel can hold.
func digits(number string) int {
	if strings.ContainsAny(number, "eE") {
		return 99
	}
	plain := strings.TrimLeft(strings.Replace(strings.TrimPrefix(number, "-"), ".", "", 1), "0")
	return len(plain)
}

func (s *xlsxSheet) end() (err error) {
	defer func() { err = errors.Join(err, s.file.Close()) }()
	if err := s.stream.Flush(); err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(s.out, 1<<16)
	if err := s.file.Write(buffered); err != nil {
		return err
	}
	return buffered.Flush()
}
