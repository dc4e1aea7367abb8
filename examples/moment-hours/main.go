// Moment-hours prints the minutes that were registered in a week, by person and
// project.
//
//	go run ./examples/moment-hours -week 2026-W43
//
// It reads the company that MOMENT_COMPANY and MOMENT_API_KEY name; without them,
// a made-up company on a fake server. What it prints is of all records of the week:
// where the API gives fewer, it ends in an error and prints nothing.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/examples/demo"
	"github.com/vismatid/tid/moment"
	"github.com/vismatid/tid/moment/momenttest"
)

func main() { demo.Main(run) }

func run(ctx context.Context, args []string, stdout, _ io.Writer) error {
	flags := flag.NewFlagSet("moment-hours", flag.ContinueOnError)
	week := flags.String("week", "", "the `week` to report, such as 2026-W43 (default: the last whole week)")
	first := flags.String("from", "", "the first `day` of another span, such as 2026-10-19")
	last := flags.String("to", "", "the last `day` of another span")
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), "Moment-hours prints the minutes that were registered in a week, by person and project.\n"+
			"It reads the company that MOMENT_COMPANY and MOMENT_API_KEY name (at MOMENT_BASE_URL,\n"+
			"where it is set); without them, a made-up company on a fake server.\n\n")
		flags.PrintDefaults()
	}
	if err := demo.Parse(flags, args, stdout); err != nil {
		return usage(err)
	}
	from, to, err := span(*week, *first, *last, tid.Today(time.Local))
	if err != nil {
		return usage(err)
	}
	c, done, err := open(stdout, from, to)
	if err != nil {
		return err
	}
	defer done()

	people := make(map[int64]string)
	for u, err := range c.UserAccounts.All(ctx, nil, moment.Include("base", "email")) {
		if err != nil {
			return err
		}
		people[u.ID] = u.Email
	}
	minutes := make(map[key]int)
	for r, err := range c.TimeRecords.AllByDate(ctx, &moment.TimeRecordListOptions{From: from, To: to}) {
		if err != nil {
			return err
		}
		person := subject{cmp.Or(people[r.UserAccountID], fmt.Sprintf("user %d", r.UserAccountID)), r.UserAccountID}
		project := subject{cmp.Or(r.ProjectName, "(no project)"), r.ProjectID}
		for _, k := range []key{{}, {person: person}, {person, project}} {
			minutes[k] += r.Minutes
		}
	}

	fmt.Fprintf(stdout, "Time registered from %s to %s\n\n", from, to)
	demo.Table(stdout, table(minutes))
	return nil
}

// usage is an error in how the program was called.
func usage(err error) error {
	if errors.Is(err, flag.ErrHelp) {
		return err
	}
	return demo.Status{Code: 2, Err: err}
}

// open returns a client of the company that the environment names, or of a
// made-up one.
func open(note io.Writer, from, to tid.Date) (c *moment.Client, done func(), err error) {
	if os.Getenv("MOMENT_COMPANY") != "" || os.Getenv("MOMENT_API_KEY") != "" {
		c, err = moment.NewClientFromEnv()
		return c, func() {}, err
	}
	fmt.Fprintln(note, "MOMENT_COMPANY and MOMENT_API_KEY are not set: this is a made-up company on a fake server.")
	srv := momenttest.Start()
	sample(srv, from, to)
	return srv.Client(), srv.Close, nil
}

// subject is a person or a project: a name for people, and an id since two can
// have the same name.
type subject struct {
	name string
	id   int64
}

// key is what minutes are summed by: a person on a project, a person alone, or
// everything.
type key struct{ person, project subject }

// table has a row for each person, those of the projects below it, and the total
// at the end.
func table(minutes map[key]int) [][]string {
	rows := [][]string{{"Person and project", "Minutes", "Hours"}}
	row := func(name string, minutes int) {
		rows = append(rows, []string{name, strconv.Itoa(minutes), fmt.Sprintf("%d:%02d", minutes/60, minutes%60)})
	}
	compare := func(a, b subject) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.id, b.id)) }
	for _, k := range slices.SortedFunc(maps.Keys(minutes), func(a, b key) int {
		return cmp.Or(compare(a.person, b.person), compare(a.project, b.project))
	}) {
		switch {
		case k == key{}:
		case k.project == subject{}:
			row(k.person.name, minutes[k])
		default:
			row("  "+k.project.name, minutes[k])
		}
	}
	row("Total", minutes[key{}])
	return rows
}

// span works out the first and the last day to report.
func span(week, first, last string, today tid.Date) (from, to tid.Date, err error) {
	switch {
	case week != "" && (first != "" || last != ""):
		return from, to, errors.New("give either -week, or -from and -to")
	case week != "":
		if from, err = monday(week); err != nil {
			return from, to, fmt.Errorf("-week: %w", err)
		}
	case first != "" && last != "":
		if from, err = tid.ParseDate(first); err != nil {
			return from, to, fmt.Errorf("-from: %w", err)
		}
		if to, err = tid.ParseDate(last); err != nil {
			return from, to, fmt.Errorf("-to: %w", err)
		}
		if to.Before(from) {
			return from, to, fmt.Errorf("-to %s is before -from %s", to, from)
		}
		return from, to, nil
	case first != "" || last != "":
		return from, to, errors.New("-from and -to go together")
	default:
		from = mondayOf(today).AddDays(-7)
	}
	return from, from.AddDays(6), nil
}

// mondayOf is the day on which the week of d begins.
func mondayOf(d tid.Date) tid.Date { return d.AddDays(-((int(d.Weekday()) + 6) % 7)) }

var isoWeek = regexp.MustCompile(`^(\d{4})-W(\d{2})$`)

// monday is the first day of an ISO week.
func monday(week string) (tid.Date, error) {
	if m := isoWeek.FindStringSubmatch(week); m != nil {
		year, _ := strconv.Atoi(m[1])
		number, _ := strconv.Atoi(m[2])
		day := mondayOf(tid.NewDate(year, time.January, 4)).AddDays(7 * (number - 1)) // January 4 is always in week 1
		if y, n := day.In(time.UTC).ISOWeek(); y == year && n == number {
			return day, nil
		}
	}
	return tid.Date{}, fmt.Errorf("%q is not a week such as 2026-W43", week)
}
