// Package fleet keeps the copies of accounts in a mirror up to date: once, or again and again.
package fleet

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/mirror"
)

// An Account is kept up to date under its name.
type Account struct {
	Name        string
	Client      *tid.Client
	Fingerprint string // see mirror.Fingerprint
}

// An Outcome is what became of a run of one account.
type Outcome struct {
	Account string        `json:"account"`
	Began   time.Time     `json:"began"`
	Took    time.Duration `json:"took"` // in nanoseconds
	// Lists are those that were read.
	Lists []mirror.ListReport `json:"lists"`
	// Busy says that another process writes the account: it was passed over.
	Busy bool `json:"busy,omitempty"`
	// Error is what went wrong, in one line; empty if nothing did, or if the account was passed over.
	Error string `json:"error,omitempty"`
}

// Complete reports whether the account is as fresh as it can be: everything was read that the application may read, or another
// process does that.
func (o Outcome) Complete() bool {
	skipped := false
	for _, l := range o.Lists {
		if l.Error != "" && !l.Skipped {
			return false
		}
		skipped = skipped || l.Skipped
	}
	return o.Error == "" || skipped
}

// A Fleet is several accounts in one mirror. The functions are called one at a time, and may be nil.
type Fleet struct {
	Mirror   *mirror.Mirror
	Accounts []Account
	Only     []string // lists, see mirror.Options
	Parallel int      // how many accounts are read at the same time
	// Every is the time from the beginning of a run of an account to that of the next one, less or more by a tenth at random;
	// 0 is one run.
	Every time.Duration

	Begin    func(account string)
	Progress func(account string, p mirror.Progress)
	Done     func(Outcome)
	// Redact takes out of a text what must not be shown.
	Redact func(string) string

	calling sync.Mutex
	metrics metrics
}

// Run runs each account, until the context ends if Every is set. What fails is in the outcomes, and keeps no other account from
// being run.
func (f *Fleet) Run(ctx context.Context) {
	turns := make(chan struct{}, max(f.Parallel, 1))
	var wait sync.WaitGroup
	for _, account := range f.Accounts {
		wait.Go(func() {
			for {
				select {
				case turns <- struct{}{}:
				case <-ctx.Done():
					return
				}
				began := time.Now()
				if ctx.Err() == nil { // both may have been ready
					f.run(ctx, account, began)
				}
				<-turns
				if f.Every == 0 || !pause(ctx, jitter(f.Every)-time.Since(began)) {
					return
				}
			}
		})
	}
	wait.Wait()
}

// jitter is a duration, less or more by a tenth at most, so that many machines do not ask at the same time.
func jitter(d time.Duration) time.Duration {
	return d - d/10 + rand.N(d/5+1)
}

// pause waits, and reports whether it was not interrupted.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

func (f *Fleet) run(ctx context.Context, account Account, began time.Time) {
	f.call(func() {
		if f.Begin != nil {
			f.Begin(account.Name)
		}
	})
	report, err := f.Mirror.Sync(ctx, account.Client, mirror.Options{
		Account: account.Name, Only: f.Only, Fingerprint: account.Fingerprint,
		Progress: func(p mirror.Progress) {
			f.call(func() {
				if f.Progress != nil {
					f.Progress(account.Name, p)
				}
			})
		},
	})
	outcome := Outcome{Account: account.Name, Began: began, Took: time.Since(began), Lists: []mirror.ListReport{}, Busy: errors.Is(err, mirror.ErrBusy)}
	if report != nil {
		outcome.Lists = slices.Clone(report.Lists)
	}
	for i := range outcome.Lists {
		outcome.Lists[i].Error = f.text(outcome.Lists[i].Error)
	}
	if err != nil && !outcome.Busy {
		outcome.Error = f.text(err.Error())
	}
	f.metrics.add(outcome)
	f.call(func() {
		if f.Done != nil {
			f.Done(outcome)
		}
	})
}

func (f *Fleet) call(do func()) {
	f.calling.Lock()
	defer f.calling.Unlock()
	do()
}

// text is the text of an error in one line that may be shown.
func (f *Fleet) text(s string) string {
	if f.Redact != nil {
		s = f.Redact(s)
	}
	return strings.Join(strings.Fields(s), " ")
}
