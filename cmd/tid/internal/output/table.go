package output

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// table writes columns of text. The first rows settle how wide they are, and how many of them fit a terminal.
type table struct {
	w       io.Writer
	width   int
	note    func(string)
	widths  []int
	right   []bool
	columns []string
	held    [][]string
	left    int // columns that do not fit
	begun   bool
}

func newTable(w io.Writer, o Options) Writer {
	t := &table{w: w, width: o.Width, note: o.Note}
	if len(o.Columns) > 0 {
		t.width = 0 // what was asked for is shown
	}
	if o.Single {
		return &card{w: w, columns: o.Columns}
	}
	return newGrid(o, t)
}

func (t *table) head(columns []string) error {
	t.columns = columns
	t.widths, t.right = make([]int, len(columns)), make([]bool, len(columns))
	for i := range t.right {
		t.right[i] = true
	}
	t.held = append(t.held, columns)
	return nil
}

func (t *table) row(values []json.RawMessage) error {
	row := make([]string, len(values))
	for i, value := range values {
		row[i] = shown(text(value))
		if row[i] != "" && !isNumber(value) {
			t.right[i] = false
		}
	}
	if t.begun {
		return t.line(row)
	}
	if t.held = append(t.held, row); len(t.held) > sample {
		return t.begin()
	}
	return nil
}

// maxCell is how wide a column gets where the width is limited.
const maxCell = 32

// begin settles the widths and writes what was held back. Columns that have nothing in the first rows are left out of a
// table of limited width.
func (t *table) begin() error {
	t.begun = true
	for _, row := range t.held {
		for i, cell := range row {
			t.widths[i] = max(t.widths[i], runewidth.StringWidth(cell))
		}
	}
	if t.width > 0 {
		total := 0
		for i := range t.widths {
			t.widths[i] = min(t.widths[i], maxCell)
			empty := len(t.held) > 1 && !slices.ContainsFunc(t.held[1:], func(row []string) bool { return row[i] != "" })
			if empty || total+t.widths[i] > t.width {
				t.widths[i] = 0
				t.left++
				continue
			}
			total += t.widths[i] + 2
		}
	}
	for _, row := range t.held {
		if err := t.line(row); err != nil {
			return err
		}
	}
	t.held = nil
	return nil
}

func (t *table) line(row []string) error {
	var b strings.Builder
	for i, cell := range row {
		width := t.widths[i]
		if width == 0 {
			continue
		}
		if t.width > 0 {
			cell = runewidth.Truncate(cell, width, "…")
		}
		if b.Len() > 0 {
			b.WriteString("  ")
		}
		space := strings.Repeat(" ", max(0, width-runewidth.StringWidth(cell)))
		if t.right[i] {
			b.WriteString(space + cell)
		} else {
			b.WriteString(cell + space)
		}
	}
	_, err := io.WriteString(t.w, strings.TrimRight(b.String(), " ")+"\n")
	return err
}

func (t *table) end() error {
	if !t.begun {
		if err := t.begin(); err != nil {
			return err
		}
	}
	if t.left > 0 {
		t.note("not all columns fit or have values: --columns chooses, -o json shows all")
	}
	return nil
}

// shown takes what would move the cursor or change colours out of a text.
func shown(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s)
}

// card shows one object, a line for each value.
type card struct {
	w       io.Writer
	columns []string
}

func (c *card) Write(row json.RawMessage) error {
	cells, err := flatten(row)
	if err != nil {
		return err
	}
	names := c.columns
	if len(names) == 0 {
		for _, cell := range cells {
			if !isObjectName(cell.name) {
				names = append(names, cell.name)
			}
		}
	}
	widest := 0
	for _, name := range names {
		widest = max(widest, runewidth.StringWidth(name))
	}
	for _, name := range names {
		if value := shown(text(cells.raw(name))); value != "" || len(c.columns) > 0 {
			if _, err := io.WriteString(c.w, shown(name)+strings.Repeat(" ", widest-runewidth.StringWidth(name)+2)+value+"\n"); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *card) Close() error { return nil }
