// Quickstart prints the time reports of a month: hours, invoiceable hours and
// attest state by user and by project.
//
//	go run ./examples/quickstart -month 2026-10 -csv october.csv
//
// It reads the account that the VISMATID_ variables name; without them, a made-up
// company on a fake server.
package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/examples/demo"
	"github.com/vismatid/tid/tidtest"
)

func main() { demo.Main(run) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := demo.Flags("quickstart", "Quickstart prints the time reports of a month: hours, invoiceable hours and attest\nstate by user and by project.")
	month := flags.String("month", "", "the `month` to report, such as 2026-10 (default: the last whole month)")
	since := flags.String("since", "", "the first `day` of another span, such as 2026-10-12")
	until := flags.String("until", "", "the last `day` of another span")
	csvFile := flags.String("csv", "", "write every row to this `file`, for payroll")
	if err := demo.Parse(flags, args, stdout); err != nil {
		return err
	}
	from, to, err := span(*month, *since, *until, tid.Today(time.Local))
	if err != nil {
		return err
	}
	client, done, err := demo.Open(stdout, func() *tidtest.Company { return tidtest.SampleUntil(1, 12, to) })
	if err != nil {
		return err
	}
	defer done()

	byUser, byProject := make(totals), make(totals)
	read := func(rows *csv.Writer) error {
		progress := newProgress(stderr)
		defer progress.end()
		opts := &tid.TimeReportListOptions{From: from, To: to, SortBy: tid.TimeReportsByDate}
		opts.SortOrder, opts.Progress = tid.Ascending, progress.page
		for report, err := range client.TimeReports.All(ctx, opts) {
			if err != nil {
				return err
			}
			byUser.add(user(report), report)
			byProject.add(project(report), report)
			if err := rows.Write(row(report)); err != nil {
				return err
			}
		}
		rows.Flush()
		return rows.Error()
	}
	if *csvFile == "" {
		err = read(csv.NewWriter(io.Discard))
	} else {
		err = demo.WriteFile(*csvFile, func(w io.Writer) error {
			rows := csv.NewWriter(w)
			if err := rows.Write(header); err != nil {
				return err
			}
			return read(rows)
		})
	}
	if err != nil {
		return err
	}

	fmt.Fprintf(stdout, "Time reports from %s to %s\n\n", from, to)
	demo.Table(stdout, byUser.table("User"))
	fmt.Fprintln(stdout)
	demo.Table(stdout, byProject.table("Project"))
	return nil
}

// span works out the first and the last day to report.
func span(month, since, until string, today tid.Date) (from, to tid.Date, err error) {
	switch {
	case month != "" && (since != "" || until != ""):
		return from, to, fmt.Errorf("give either -month, or -since and -until")
	case since != "" && until != "":
		if from, err = tid.ParseDate(since); err != nil {
			return from, to, fmt.Errorf("-since: %w", err)
		}
		if to, err = tid.ParseDate(until); err != nil {
			return from, to, fmt.Errorf("-until: %w", err)
		}
		if to.Before(from) {
			return from, to, fmt.Errorf("-until %s is before -since %s", to, from)
		}
		return from, to, nil
	case since != "" || until != "":
		return from, to, fmt.Errorf("-since and -until go together")
	case month == "":
		from = tid.NewDate(today.Year(), today.Month()-1, 1)
	default:
		first, err := time.Parse("2006-01", month)
		if err != nil {
			return from, to, fmt.Errorf("-month: %q is not a month such as 2026-10", month)
		}
		from = tid.DateOf(first)
	}
	return from, tid.NewDate(from.Year(), from.Month()+1, 0), nil
}

// subject is what totals are made of: a name for people, and an id since two can
// have the same name.
type subject struct {
	name string
	id   int64
}

func user(r *tid.TimeReport) subject {
	if r.User == nil {
		return subject{name: "(no user)"}
	}
	return subject{r.User.Name, r.User.ID}
}

func project(r *tid.TimeReport) subject {
	switch r.Kind() {
	case tid.ProjectTypeProject:
		return subject{r.Project.Number + " " + r.Project.Name, r.Project.ID}
	case tid.ProjectTypeInternal:
		return subject{"internal: " + r.InternalProject.Name, r.InternalProject.ID}
	case tid.ProjectTypeAbsence:
		return subject{"absence: " + r.AbsenceProject.Name, r.AbsenceProject.ID}
	}
	return subject{name: "(no project)"}
}

// total is what has been reported on one thing.
type total struct {
	hours, invoiceable tid.Decimal
	byState            map[tid.AttestState]tid.Decimal
}

func (t *total) add(r *tid.TimeReport) {
	t.hours = t.hours.Add(r.Hours)
	t.invoiceable = t.invoiceable.Add(r.InvoiceableHours)
	if t.byState == nil {
		t.byState = make(map[tid.AttestState]tid.Decimal)
	}
	t.byState[r.Attest()] = t.byState[r.Attest()].Add(r.Hours)
}

func (t *total) cells(name string) []string {
	return []string{name, t.hours.StringFixed(2), t.invoiceable.StringFixed(2),
		t.byState[tid.AttestNotSent].StringFixed(2), t.byState[tid.AttestSent].StringFixed(2),
		t.byState[tid.AttestAttested].StringFixed(2)}
}

// totals are the totals of everything; the zero subject is the grand total.
type totals map[subject]*total

func (t totals) add(s subject, r *tid.TimeReport) {
	for _, s := range []subject{s, {}} {
		if t[s] == nil {
			t[s] = new(total)
		}
		t[s].add(r)
	}
}

func (t totals) table(what string) [][]string {
	rows := [][]string{{what, "Hours", "Invoiceable", "Not sent", "Sent", "Attested"}}
	subjects := slices.SortedFunc(maps.Keys(t), func(a, b subject) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.id, b.id))
	})
	for _, s := range subjects {
		if s != (subject{}) {
			rows = append(rows, t[s].cells(s.name))
		}
	}
	grand := t[subject{}]
	if grand == nil {
		grand = new(total)
	}
	return append(rows, grand.cells("Total"))
}

var header = []string{"id", "date", "userId", "user", "kind", "projectNumber", "project", "activity", "timeCode",
	"start", "end", "breakMinutes", "hours", "invoiceableHours", "attest", "comment"}

// row is a report in a line of the CSV file; see header.
func row(r *tid.TimeReport) []string {
	var userID, number, name string
	if r.User != nil {
		userID = strconv.FormatInt(r.User.ID, 10)
	}
	switch r.Kind() {
	case tid.ProjectTypeProject:
		number, name = r.Project.Number, r.Project.Name
	case tid.ProjectTypeInternal:
		name = r.InternalProject.Name
	case tid.ProjectTypeAbsence:
		name = r.AbsenceProject.Name
	}
	return []string{strconv.FormatInt(r.ID, 10), r.Date.String(), userID, r.User.String(), string(r.Kind()), number, name,
		r.Activity.String(), r.TimeCode.String(), r.ClockStart.String(), r.ClockEnd.String(),
		strconv.Itoa(r.BreakMinutes), r.Hours.String(), r.InvoiceableHours.String(), string(r.Attest()), r.Comment}
}

// progress shows on a terminal how far the reading has come.
type progress struct {
	to    io.Writer // nil when it is not a terminal
	begin time.Time
}

func newProgress(stderr io.Writer) *progress {
	if !demo.IsTerminal(stderr) {
		return &progress{}
	}
	return &progress{to: stderr, begin: time.Now()}
}

// page is told of each page.
func (p *progress) page(read, total int) {
	if p.to == nil || read == 0 {
		return
	}
	left := time.Since(p.begin) * time.Duration(max(0, total-read)) / time.Duration(read)
	fmt.Fprintf(p.to, "\r%d of %d rows, %d seconds left \x1b[K", read, total, int(left.Round(time.Second).Seconds()))
}

// end leaves the line empty for what comes next.
func (p *progress) end() {
	if p.to != nil {
		fmt.Fprint(p.to, "\r\x1b[K")
	}
}
