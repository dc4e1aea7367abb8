// Attest tells whose time of a month is not attested yet: what they have not sent
// to attest, and what they have sent and is not attested.
//
//	go run ./examples/attest -month 2026-10
//
// It is made for a scheduler. The exit status is 0 when everything is attested, 1
// when something is pending, 2 when the arguments are wrong, and 3 when the account
// could not be read.
//
// It reads the account that the VISMATID_ variables name; without them, a made-up
// company on a fake server.
package main

import (
	"cmp"
	"context"
	"encoding/json"
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

const about = `Attest tells whose time of a month is not attested yet. The exit status is 0 when
everything is attested, 1 when something is pending, 2 when the arguments are wrong,
and 3 when the account could not be read.`

const (
	statusPending = 1
	statusUsage   = 2
	statusFailed  = 3
)

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := demo.Flags("attest", about)
	month := flags.String("month", "", "the `month` to look at, such as 2026-10 (default: this month)")
	asJSON := flags.Bool("json", false, "print JSON instead of a table")
	if err := demo.Parse(flags, args, stdout); err != nil {
		return demo.Status{Code: statusUsage, Err: err}
	}
	first := time.Now()
	if *month != "" {
		var err error
		if first, err = time.Parse("2006-01", *month); err != nil {
			return demo.Status{Code: statusUsage, Err: fmt.Errorf("-month: %q is not a month such as 2026-10", *month)}
		}
	}
	from, to := tid.NewDate(first.Year(), first.Month(), 1), tid.NewDate(first.Year(), first.Month()+1, 0)

	note := stdout
	if *asJSON {
		note = stderr // stdout is for a program
	}
	client, done, err := demo.Open(note, func() *tidtest.Company { return tidtest.SampleUntil(1, 12, to) })
	if err != nil {
		return demo.Status{Code: statusFailed, Err: err}
	}
	defer done()
	pending, err := read(ctx, client, from, to)
	if err != nil {
		return demo.Status{Code: statusFailed, Err: err}
	}

	switch {
	case *asJSON:
		out := json.NewEncoder(stdout)
		out.SetIndent("", "  ")
		err = out.Encode(report{Month: from.String()[:len("2026-10")], AllAttested: len(pending) == 0, Pending: pending})
	case len(pending) == 0:
		_, err = fmt.Fprintf(stdout, "All time from %s to %s is attested.\n", from, to)
	default:
		fmt.Fprintf(stdout, "Time from %s to %s that is not attested\n\n", from, to)
		demo.Table(stdout, table(pending))
	}
	switch {
	case err != nil:
		return demo.Status{Code: statusFailed, Err: err}
	case len(pending) > 0:
		return demo.Status{Code: statusPending}
	}
	return nil
}

// report is what -json prints.
type report struct {
	Month       string    `json:"month"`
	AllAttested bool      `json:"allAttested"`
	Pending     []*person `json:"pending"`
}

// person is a user whose time is not all attested.
type person struct {
	UserID  int64   `json:"userId"`
	Name    string  `json:"name"`
	NotSent portion `json:"notSent"`
	Sent    portion `json:"sentAndNotAttested"`
}

// portion is a part of a user's time reports.
type portion struct {
	Reports int         `json:"reports"`
	Hours   tid.Decimal `json:"hours"`
	Since   string      `json:"since,omitempty"` // the earliest day
}

func (p *portion) add(more portion) {
	if p.Reports == 0 || more.Reports > 0 && more.Since < p.Since {
		p.Since = more.Since
	}
	p.Reports += more.Reports
	p.Hours = p.Hours.Add(more.Hours)
}

func (p *portion) cells() []string {
	if p.Reports == 0 {
		return []string{"", "", ""}
	}
	return []string{strconv.Itoa(p.Reports), p.Hours.StringFixed(2), p.Since}
}

// read returns the users with time reports that are not attested, by name. The
// API leaves out the attested ones.
func read(ctx context.Context, client *tid.Client, from, to tid.Date) ([]*person, error) {
	byID := make(map[int64]*person)
	opts := &tid.TimeReportListOptions{From: from, To: to, IsAttested: tid.Set(false), SortBy: tid.TimeReportsByDate}
	for r, err := range client.TimeReports.All(ctx, opts) {
		if err != nil {
			return nil, err
		}
		if r.Attest() == tid.AttestAttested {
			continue // in the meantime
		}
		user := tid.Ref{Name: "(no user)"}
		if r.User != nil {
			user = *r.User
		}
		if byID[user.ID] == nil {
			byID[user.ID] = &person{UserID: user.ID, Name: user.Name}
		}
		one := portion{1, r.Hours, r.Date.String()}
		if r.Attest() == tid.AttestSent {
			byID[user.ID].Sent.add(one)
		} else {
			byID[user.ID].NotSent.add(one)
		}
	}
	people := slices.SortedFunc(maps.Values(byID), func(a, b *person) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.UserID, b.UserID))
	})
	return append([]*person{}, people...), nil // not nil: JSON is to have an empty list
}

func table(people []*person) [][]string {
	rows := [][]string{{"", "Not sent", "Hours", "Since", "Not attested", "Hours", "Since"}}
	var notSent, sent portion
	for _, p := range people {
		rows = append(rows, slices.Concat([]string{p.Name}, p.NotSent.cells(), p.Sent.cells()))
		notSent.add(p.NotSent)
		sent.add(p.Sent)
	}
	return append(rows, slices.Concat([]string{"Total"}, notSent.cells(), sent.cells()))
}
