package importer

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/vismatid/tid"
)

// property is one of a time report: how it is read from a cell, and how its value is spelt where two are compared.
type property struct {
	name string
	set  func(in *tid.TimeReportInput, text string) error
	// get returns the one spelling that a value has, "" for what is not sent. It goes into the hashes of ledgers: another
	// spelling would make all their lines new ones.
	get func(in *tid.TimeReportInput) string
}

// properties are those that a file can have, in the order in which they are hashed.
var properties = []property{
	id("userId", func(in *tid.TimeReportInput) *int64 { return &in.UserID }),
	{"date", func(in *tid.TimeReportInput, text string) (err error) {
		if day, ok := strings.CutSuffix(text, "00:00:00"); ok && len(day) == len("2026-10-01 ") { // as spreadsheets add it
			text = day[:len(day)-1]
		}
		if in.Date, err = tid.ParseDate(text); err != nil || len(text) != len("2026-10-01") {
			return fmt.Errorf("%s is no day such as 2026-10-31", quoted(text))
		}
		return nil
	}, func(in *tid.TimeReportInput) string { return in.Date.String() }},
	id("projectId", func(in *tid.TimeReportInput) *int64 { return &in.ProjectID }),
	id("internalProjectId", func(in *tid.TimeReportInput) *int64 { return &in.InternalProjectID }),
	id("absenceProjectId", func(in *tid.TimeReportInput) *int64 { return &in.AbsenceProjectID }),
	id("activityId", func(in *tid.TimeReportInput) *int64 { return &in.ActivityID }),
	id("timeCodeId", func(in *tid.TimeReportInput) *int64 { return &in.TimeCodeID }),
	id("timeArticleId", func(in *tid.TimeReportInput) *int64 { return &in.TimeArticleID }),
	clock("clockStart", func(in *tid.TimeReportInput) *tid.ClockTime { return &in.ClockStart }),
	clock("clockEnd", func(in *tid.TimeReportInput) *tid.ClockTime { return &in.ClockEnd }),
	{"hours", func(in *tid.TimeReportInput, text string) (err error) {
		in.Hours, err = decimal(text)
		return err
	}, func(in *tid.TimeReportInput) string {
		if in.Hours.IsZero() {
			return "" // it is not sent
		}
		return in.Hours.String()
	}},
	{"invoiceableHours", func(in *tid.TimeReportInput, text string) error {
		d, err := decimal(text)
		in.InvoiceableHours = tid.Set(d)
		return err
	}, func(in *tid.TimeReportInput) string {
		if d, ok := in.InvoiceableHours.Get(); ok {
			return d.String()
		}
		return ""
	}},
	{"breakMinutes", func(in *tid.TimeReportInput, text string) error {
		minutes, err := strconv.Atoi(text)
		if err != nil || minutes < 0 || minutes > 24*60 {
			return fmt.Errorf("%s is no number of minutes", quoted(text))
		}
		in.BreakMinutes = minutes
		return nil
	}, func(in *tid.TimeReportInput) string {
		if in.BreakMinutes == 0 {
			return ""
		}
		return strconv.Itoa(in.BreakMinutes)
	}},
	text("comment", func(in *tid.TimeReportInput) *string { return &in.Comment }),
	text("internalComment", func(in *tid.TimeReportInput) *string { return &in.InternalComment }),
}

func id(name string, of func(*tid.TimeReportInput) *int64) property {
	return property{name, func(in *tid.TimeReportInput, text string) error {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 1 {
			return fmt.Errorf("%s is no id; a column %s takes names", quoted(text), strings.TrimSuffix(name, "Id"))
		}
		*of(in) = n
		return nil
	}, func(in *tid.TimeReportInput) string {
		if *of(in) == 0 {
			return ""
		}
		return strconv.FormatInt(*of(in), 10)
	}}
}

func clock(name string, of func(*tid.TimeReportInput) *tid.ClockTime) property {
	return property{name, func(in *tid.TimeReportInput, text string) error {
		padded := text
		if len(text) > 1 && text[1] == ':' { // as spreadsheets write it
			padded = "0" + text
		}
		t, err := tid.ParseClockTime(padded)
		if err != nil {
			return fmt.Errorf("%s is no time of day such as 07:30", quoted(text))
		}
		*of(in) = t
		return nil
	}, func(in *tid.TimeReportInput) string { return of(in).String() }}
}

func text(name string, of func(*tid.TimeReportInput) *string) property {
	return property{name, func(in *tid.TimeReportInput, text string) error {
		*of(in) = text
		return nil
	}, func(in *tid.TimeReportInput) string {
		return strings.TrimSpace(strings.ReplaceAll(*of(in), "\r\n", "\n")) // as the API is known to spell it otherwise
	}}
}

var plain = regexp.MustCompile(`^-?\d{1,15}([.,]\d{1,15})?$`)

// decimal reads a number with a decimal comma or point, and nothing between thousands.
func decimal(text string) (tid.Decimal, error) {
	if !plain.MatchString(text) {
		return tid.Decimal{}, fmt.Errorf("%s is no number such as 7.5 or 7,5", quoted(text))
	}
	return tid.ParseDecimal(strings.Replace(text, ",", ".", 1))
}

// quoted shows a cell, cut where it is long.
func quoted(text string) string {
	if r := []rune(text); len(r) > 40 {
		text = string(r[:40]) + "…"
	}
	return strconv.Quote(text)
}

// column is one of a file: what its cells are of a time report.
type column struct {
	property property
	names    *names // that its cells are looked up in; nil where they are values
}

// columns reads the header of a file. What is wrong with it is an error for each.
func columns(header []string) ([]column, []error) {
	known := map[string]column{}
	var spelling []string
	for _, p := range properties {
		known[squeezed(p.name)] = column{property: p}
		spelling = append(spelling, p.name)
	}
	for i := range lookups {
		n := &lookups[i]
		at := slices.IndexFunc(properties, func(p property) bool { return p.name == n.of })
		known[squeezed(n.column)] = column{properties[at], n}
		spelling = append(spelling, n.column)
	}
	var all []column
	var wrong []error
	taken := map[string]string{} // by property
	for _, cell := range header {
		cell = strings.TrimSpace(cell)
		c, ok := known[squeezed(cell)]
		switch first := taken[c.property.name]; {
		case cell == "":
			wrong = append(wrong, errors.New("a column has no name"))
		case !ok:
			wrong = append(wrong, fmt.Errorf("there is no column %s%s", quoted(cell), suggestion(cell, spelling)))
		case strings.EqualFold(first, cell):
			wrong = append(wrong, fmt.Errorf("the column %s is there twice", cell))
		case first != "":
			wrong = append(wrong, fmt.Errorf("the columns %s and %s are the same property: leave one of them out", first, cell))
		}
		if ok {
			taken[c.property.name] = cell
		}
		all = append(all, c)
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	for _, needed := range [][]string{{"userId"}, {"date"}, {"projectId", "internalProjectId", "absenceProjectId"}} {
		if !slices.ContainsFunc(needed, func(name string) bool { return taken[name] != "" }) {
			wrong = append(wrong, fmt.Errorf("there is no column %s", strings.Join(needed, ", nor ")))
		}
	}
	return all, wrong
}

// squeezed is a name without what does not count: user-id, User ID and userId are one.
func squeezed(name string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(name))
}

// suggestion proposes those of some names that are like what was written.
func suggestion(written string, of []string) string {
	const most = 3
	var like []string
	for _, name := range of {
		a, b := squeezed(written), squeezed(name)
		if distance(a, b) <= min(2, len(a)/2) || len(a) > 2 && strings.HasPrefix(b, a) {
			like = append(like, name)
		}
	}
	if len(like) == 0 {
		return ""
	}
	return ": did you mean " + strings.Join(like[:min(len(like), most)], " or ") + "?"
}

// distance is how many letters must be added, removed or changed to make one word of another.
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, s := range to {
			cost := diagonal
			if r != s {
				cost = min(diagonal, row[j], row[j+1]) + 1
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(to)]
}
