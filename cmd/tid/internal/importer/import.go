package importer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/vismatid/tid"
)

// ErrUnsure is a line of which it cannot be told whether it has been created.
var ErrUnsure = errors.New("it cannot be told whether it has been created")

// Unsure says what to do with a line that may have been created, where all that is found is a report which is new, on the
// same project, and different from it.
type Unsure string

// What to do with such a line.
const (
	UnsureStop Unsure = "stop" // with ErrUnsure
	UnsureSkip Unsure = "skip" // it counts as created
	UnsureSend Unsure = "send" // it is sent again
)

// What is allowed for a line.
const (
	attempts = 3                // that may have been carried out, and were not
	grace    = 10 * time.Second // to end a line after the context has ended
)

// Import creates lines.
type Import struct {
	Client *tid.Client
	Ledger *Ledger
	// Settle is how long the API is given to carry out a request whose answer was lost, before the line counts as not created.
	Settle time.Duration
	// Unsure is UnsureStop if it is not set.
	Unsure Unsure
	// Progress is told of every line that is done.
	Progress func(done, all int)

	fresh map[day]bool // whose reports of before are those of this run
}

// Result is what has become of the lines.
type Result struct {
	Lines   int // of the file
	Before  int // created by earlier runs
	Created int // by this run, with those that were found
	Found   int // of those that an earlier run or a lost request had sent
	Refused []Note
}

// Left is how many lines are not created.
func (r Result) Left() int { return r.Lines - r.Before - r.Created }

// Run creates the lines that the ledger does not know as created. A line that the API does not take is told in the result, and
// the others go on; every other error ends the run, and the next run goes on from there. When ctx ends the run ends after the
// line that is under way.
func (i *Import) Run(ctx context.Context, lines []Line) (result Result, err error) {
	i.fresh = map[day]bool{}
	result.Lines = len(lines)
	for _, r := range i.Ledger.uncertain() {
		there, err := i.lookFor(ctx, r)
		if err != nil {
			result.Before = i.Ledger.Created(lines) - result.Created
			return result, fmt.Errorf("an earlier run has sent line %d, and %w", r.line, i.unknown(err))
		}
		if there && slices.ContainsFunc(lines, func(l Line) bool { return l.Key == r.Key }) {
			result.Created++
			result.Found++
		}
	}
	result.Before = i.Ledger.Created(lines) - result.Created
	done := result.Before + result.Created
	for _, line := range lines {
		if i.Ledger.IsCreated(line.Key) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return result, err
		}
		refusal, found, err := i.create(ctx, line)
		switch {
		case err != nil:
			return result, fmt.Errorf("stopped at line %d: %w", line.Number, err)
		case refusal != "":
			result.Refused = append(result.Refused, Note{line.Number, refusal})
		default:
			result.Created++
		}
		if found {
			result.Found++
		}
		if done++; i.Progress != nil {
			i.Progress(done, len(lines))
		}
	}
	return result, nil
}

// unknown says in an error that the outcome of a line is not known.
func (i *Import) unknown(err error) error {
	if errors.Is(err, ErrUnsure) {
		return err
	}
	return fmt.Errorf("whether it was created is not known yet, which the next run finds out: %w", err)
}

// create sends a line: the ledger has an intent before and an outcome after it.
func (i *Import) create(ctx context.Context, line Line) (refusal string, found bool, err error) {
	for attempt := 1; ; attempt++ {
		if d := dayOf(line.Input); !i.fresh[d] {
			reports, err := i.reports(ctx, d)
			if err == nil {
				err = i.remember(d, reports)
			}
			if err != nil {
				return "", false, err
			}
		}
		intent := entry{Kind: kindIntent, Key: &line.Key, Line: line.Number, Report: spelling(line.Input)}
		if err := i.Ledger.write(intent); err != nil {
			return "", false, err
		}
		created, err := i.send(ctx, line.Input)
		var failure *tid.Error
		switch {
		case err == nil:
			if created.ID == 0 {
				i.fresh[dayOf(line.Input)] = false // it has to be among those that are there before the next
			}
			return "", false, i.Ledger.write(entry{Kind: kindCreated, Key: &line.Key, ID: created.ID})
		case !errors.As(err, &failure):
			return "", false, i.unknown(err) // none of the client's: nothing is known of the request
		case isRefusal(failure):
			return err.Error(), false, i.Ledger.write(entry{Kind: kindRefused, Key: &line.Key, Text: err.Error()})
		case !failure.MayHaveExecuted:
			return "", false, errors.Join(err, i.Ledger.write(entry{Kind: kindUnsent, Key: &line.Key}))
		}
		found, lookErr := i.lookFor(ctx, i.Ledger.lines[line.Key])
		switch {
		case lookErr != nil:
			return "", false, i.unknown(fmt.Errorf("%w; %w", lookErr, err))
		case found:
			return "", true, nil
		case attempt == attempts:
			return "", false, err
		}
	}
}

// isRefusal reports that the API does not take a line, where it may take others.
func isRefusal(e *tid.Error) bool {
	switch e.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusProxyAuthRequired,
		http.StatusRequestTimeout, http.StatusTooManyRequests:
		return false
	}
	return !e.MayHaveExecuted && (e.StatusCode >= 400 && e.StatusCode < 500 || errors.Is(e, tid.ErrInvalidInput))
}

// send sends a report, to the end also when ctx ends meanwhile: its outcome would be unknown. That takes some time at the most.
func (i *Import) send(ctx context.Context, in *tid.TimeReportInput) (*tid.TimeReport, error) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		if sleep(longer, grace) == nil {
			cancel()
		}
	})
	defer stop()
	return i.Client.TimeReports.Create(longer, in)
}

// reports lists what a user has reported on a day.
func (i *Import) reports(ctx context.Context, d day) ([]*tid.TimeReport, error) {
	const most = 10_000 // a filter that did nothing would give the whole account
	all, err := tid.Collect(i.Client.TimeReports.All(ctx, &tid.TimeReportListOptions{From: d.date, To: d.date, UserIDs: []int64{d.user}}), most)
	switch {
	case err != nil:
		return nil, err
	case len(all) == most:
		return nil, fmt.Errorf("the API lists %d time reports and more for user %d on %s: it does not seem to filter them", most, d.user, d.date)
	}
	return slices.DeleteFunc(all, func(r *tid.TimeReport) bool {
		return r.Date != d.date || r.User != nil && r.User.ID != d.user
	}), nil
}

// remember writes down which reports a user has on a day: none of them can come from what is sent afterwards.
func (i *Import) remember(d day, reports []*tid.TimeReport) error {
	ids := make([]int64, len(reports))
	for n, r := range reports {
		ids[n] = r.ID
	}
	slices.Sort(ids)
	i.fresh[d] = true
	return i.Ledger.write(entry{Kind: kindBefore, User: d.user, Date: d.date, IDs: ids})
}

// lookFor finds out what has become of a line that may have been created, and writes it down. It is there when a report like
// it is there that was not before its intent, and that is no other line's. It is not there when there is no such report after
// the time to settle either. An equal report that was made elsewhere since is taken for it.
func (i *Import) lookFor(ctx context.Context, r *record) (there bool, err error) {
	d := dayOf(r.report)
	settled := false
	for {
		reports, err := i.reports(ctx, d)
		if err != nil {
			return false, err
		}
		var equals, likes []int64
		for _, report := range reports {
			if r.before[report.ID] || i.Ledger.ours[report.ID] {
				continue
			}
			switch compare(r.report, report) {
			case equal:
				equals = append(equals, report.ID)
			case alike:
				likes = append(likes, report.ID)
			}
		}
		switch {
		case len(equals) > 0:
			return true, i.Ledger.write(entry{Kind: kindCreated, Key: &r.Key, ID: slices.Min(equals), Found: true})
		case !settled:
			if err := sleep(ctx, i.Settle); err != nil {
				return false, err
			}
			settled = true
			continue
		case len(likes) == 0 || i.Unsure == UnsureSend:
			if err := i.remember(d, reports); err != nil {
				return false, err
			}
			return false, i.Ledger.write(entry{Kind: kindUnsent, Key: &r.Key})
		case i.Unsure == UnsureSkip:
			i.fresh[d] = false
			return true, i.Ledger.write(entry{Kind: kindCreated, Key: &r.Key, Found: true})
		}
		return false, fmt.Errorf("%w: time report %d of %s is new, on the same project, and not like it; look at it, and say with "+
			"--unsure skip that it is the line, or with --unsure send that it is not", ErrUnsure, slices.Min(likes), describe(r.report))
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
