// Package importer creates time reports from a CSV file, each line once, however often it is killed and started again.
// [Check] finds what is wrong with the file before anything is sent, and [Import.Run] creates what its [Ledger] lacks.
package importer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/vismatid/tid"
)

// What a file may have at the most.
const (
	MaxBytes = 16 << 20
	MaxLines = 100_000
	maxCell  = 64 << 10
)

// Key tells lines apart by what they mean, wherever in the file they are: the hash of that, and which one of several equal
// lines it is, from 1.
type Key struct {
	Hash string `json:"hash"`
	N    int    `json:"n"`
}

// Line is one that can be sent.
type Line struct {
	Key
	Number int // in the file, from 1
	Input  *tid.TimeReportInput
	User   string // as the file has it
}

// Note is what is to be said of a line.
type Note struct {
	Line int
	Text string
}

func (n Note) String() string { return fmt.Sprintf("line %d: %s", n.Line, n.Text) }

// File is one that has been checked.
type File struct {
	Lines    []Line
	Problems []Note // with any of these nothing may be sent
	Warnings []Note
}

// Check reads a CSV file in UTF-8, with or without a byte order mark, separated by commas, semicolons or tabs. Names are
// looked up with client where the file has columns for them; the error is the API's. duplicates lets equal lines pass.
func Check(ctx context.Context, client *tid.Client, content []byte, duplicates bool) (*File, error) {
	f := &File{}
	rows := f.read(content)
	if len(rows) == 0 {
		return f, nil
	}
	cols, wrong := columns(rows[0].cells)
	for _, err := range wrong {
		f.problem(rows[0].number, "%w", err)
	}
	if len(wrong) > 0 {
		return f, nil
	}
	dir := &directory{client: client, ids: map[*names]map[string][]int64{}}
	for _, c := range cols {
		if c.names != nil {
			if err := dir.load(ctx, c.names); err != nil {
				return nil, err
			}
		}
	}
	sdk, err := unsending()
	if err != nil {
		return nil, err
	}
	seen := map[string][]int{} // the numbers of equal lines
	perDay := map[day]tid.Decimal{}
	for _, row := range rows[1:] {
		in, user, ok := f.input(dir, cols, row)
		if !ok || !f.validate(ctx, sdk, row.number, in) {
			continue
		}
		hash := hashOf(spelling(in))
		if first := seen[hash]; len(first) > 0 && !duplicates {
			f.problem(row.number, "it is the same as line %d; --allow-duplicates creates both", first[0])
		}
		seen[hash] = append(seen[hash], row.number)
		f.Lines = append(f.Lines, Line{Key{hash, len(seen[hash])}, row.number, in, user})
		f.doubt(row.number, in, perDay)
	}
	if len(f.Lines) == 0 && len(f.Problems) == 0 {
		f.problem(1, "there is no line below the header")
	}
	slices.SortStableFunc(f.Problems, func(a, b Note) int { return a.Line - b.Line })
	return f, nil
}

func (f *File) problem(line int, format string, args ...any) {
	f.Problems = append(f.Problems, Note{line, fmt.Errorf(format, args...).Error()})
}

// row is one of the file.
type row struct {
	number int
	cells  []string
}

// read takes the file apart; the header is the first row.
func (f *File) read(content []byte) []row {
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	header, _, _ := bytes.Cut(content, []byte("\n"))
	switch {
	case len(content) > MaxBytes:
		f.problem(1, "the file has more than %d MiB: divide it", MaxBytes>>20)
		return nil
	case len(bytes.TrimSpace(content)) == 0:
		f.problem(1, "the file is empty")
		return nil
	case bytes.IndexByte(header, 0) >= 0:
		f.problem(1, "it is no text in UTF-8: save it as CSV UTF-8")
		return nil
	}
	r := csv.NewReader(bytes.NewReader(content))
	r.FieldsPerRecord = -1
	for _, separator := range ";\t" {
		if bytes.Count(header, []byte(string(separator))) > bytes.Count(header, []byte(string(r.Comma))) {
			r.Comma = separator
		}
	}
	var rows []row
	for {
		cells, err := r.Read()
		var wrong *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return rows
		case errors.As(err, &wrong):
			f.problem(wrong.StartLine, "%w", wrong.Err)
			if len(rows) == 0 {
				return nil
			}
			continue
		case err != nil:
			f.problem(1, "%w", err)
			return nil
		}
		number, _ := r.FieldPos(0)
		if strings.TrimSpace(strings.Join(cells, "")) == "" {
			continue // as spreadsheets leave behind
		}
		if len(rows) > MaxLines {
			f.problem(number, "the file has more than %d lines: divide it", MaxLines)
			return nil
		}
		rows = append(rows, row{number, cells})
	}
}

// input makes a time report of a row, and returns the cell of its user.
func (f *File) input(dir *directory, cols []column, r row) (in *tid.TimeReportInput, user string, ok bool) {
	if len(r.cells) != len(cols) {
		f.problem(r.number, "it has %d cells, and the header has %d", len(r.cells), len(cols))
		return nil, "", false
	}
	in, ok = &tid.TimeReportInput{}, true
	for i, c := range cols {
		cell := strings.TrimSpace(r.cells[i])
		if cell == "" {
			continue
		}
		name := c.property.name
		if c.names != nil {
			name = c.names.column
		}
		if c.property.name == "userId" {
			user = cell
		}
		var err error
		switch {
		case !utf8.ValidString(cell):
			err = errors.New("is not UTF-8: save the file as CSV UTF-8")
		case len(cell) > maxCell:
			err = fmt.Errorf("has more than %d bytes", maxCell)
		case c.names != nil:
			var id int64
			if id, err = dir.find(c.names, cell); err == nil {
				err = c.property.set(in, fmt.Sprint(id))
			}
		default:
			err = c.property.set(in, cell)
		}
		if err != nil {
			f.problem(r.number, "%s: %w", name, err)
			ok = false
		}
	}
	return in, user, ok
}

// validate finds what the SDK would not send.
func (f *File) validate(ctx context.Context, sdk *tid.Client, number int, in *tid.TimeReportInput) bool {
	_, err := sdk.TimeReports.Create(ctx, in)
	var refused *tid.Error
	switch {
	case err == nil:
		return true
	case errors.As(err, &refused) && len(refused.Fields) > 0:
		for _, name := range slices.Sorted(maps.Keys(refused.Fields)) {
			f.problem(number, "%s: %s", name, strings.Join(refused.Fields[name], ", "))
		}
	default:
		f.problem(number, "%w", err)
	}
	return false
}

// doubt warns of what the API may take, and that is hardly meant.
func (f *File) doubt(number int, in *tid.TimeReportInput, perDay map[day]tid.Decimal) {
	warn := func(format string, args ...any) {
		f.Warnings = append(f.Warnings, Note{number, fmt.Sprintf(format, args...)})
	}
	full, before := tid.NewDecimal(24, 0), perDay[dayOf(in)]
	sum := before.Add(in.Hours)
	perDay[dayOf(in)] = sum
	switch {
	case in.Hours.IsNegative():
		warn("the hours are less than none: %s", in.Hours)
	case in.Hours.GreaterThan(full):
		warn("a day has no %s hours", in.Hours)
	case sum.GreaterThan(full) && !before.GreaterThan(full):
		warn("with it the user has %s hours on %s", sum, in.Date)
	case in.Hours.IsZero() && (in.ClockStart.IsZero() || in.ClockEnd.IsZero()):
		warn("it has neither hours nor clock times")
	}
}

// unsending is a client whose requests go nowhere: it finds what the SDK refuses.
func unsending() (*tid.Client, error) {
	return tid.NewClient(tid.StaticToken("none"), tid.WithLimiter(nil), tid.WithWriteCheck(tid.WriteCheckOff),
		tid.WithTransport(func(http.RoundTripper) http.RoundTripper { return nowhere{} }))
}

type nowhere struct{}

// RoundTrip answers that a report was created.
func (nowhere) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(`{"id":1}`)), Request: r}, nil
}

// day is one of a user.
type day struct {
	user int64
	date tid.Date
}

func dayOf(in *tid.TimeReportInput) day { return day{in.UserID, in.Date} }

// spelling is what a report means: the properties that are sent, in their one spelling.
func spelling(in *tid.TimeReportInput) map[string]string {
	all := map[string]string{}
	for _, p := range properties {
		if text := p.get(in); text != "" {
			all[p.name] = text
		}
	}
	return all
}

// hashOf is the hash of what a report means.
func hashOf(spelling map[string]string) string {
	h := sha256.New()
	for _, p := range properties {
		if text := spelling[p.name]; text != "" {
			fmt.Fprintf(h, "%s %d:%s\n", p.name, len(text), text)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// spelled is the report that a spelling means.
func spelled(all map[string]string) (*tid.TimeReportInput, error) {
	in := &tid.TimeReportInput{}
	for _, p := range properties {
		if text := all[p.name]; text != "" {
			if err := p.set(in, text); err != nil {
				return nil, err
			}
		}
	}
	return in, nil
}

// likeness is how far a report that is held is one that was sent.
type likeness int

const (
	other likeness = iota
	alike          // on the same project, or on none that can be seen, and different elsewhere
	equal
)

// compare compares a report that is held with one of the same user and day that was sent. What was not sent does not count,
// but for the comments: the API may fill it in.
func compare(sent *tid.TimeReportInput, held *tid.TimeReport) likeness {
	is := held.Input()
	is.InvoiceableHours = tid.Set(held.InvoiceableHours)
	s, h := spelling(rounded(sent)), spelling(rounded(is))
	found := equal
	for _, p := range properties[2:] {
		isProject := slices.Contains([]string{"projectId", "internalProjectId", "absenceProjectId"}, p.name)
		counts := s[p.name] != "" || isProject || p.name == "comment" || p.name == "internalComment"
		switch {
		case !counts || s[p.name] == h[p.name]:
		case isProject && held.Kind() != "":
			return other
		default:
			found = alike
		}
	}
	return found
}

// rounded is a report with the two decimals that the API is known to hold.
func rounded(in *tid.TimeReportInput) *tid.TimeReportInput {
	r := *in
	r.Hours = r.Hours.Round(2)
	if d, ok := r.InvoiceableHours.Get(); ok {
		r.InvoiceableHours = tid.Set(d.Round(2))
	}
	return &r
}
