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

// A Fleet is several accounts in one mirror. Other processes may keep the same accounts in it: they share them out, each account
// to one at a time. The functions are called one at a time, and may be nil.
type Fleet struct {
	Mirror   *mirror.Mirror
	Accounts []Account
	Only     []string // lists, see mirror.Options
	Whole    bool     // see mirror.Options, as the next two
	Nested   bool
	Rebind   bool
	Parallel int // how many accounts are read at the same time
	// Every is the time from the beginning of a complete run of an account to that of the next one, less or more by a tenth at
	// random, whichever process does them; 0 is one run. mirror.Options.IfOlderThan tells when other runs are followed by one.
	Every time.Duration

	// Begin is called when a run has its account, Progress as mirror.Options says, and Done with each run that is over; with
	// Every, an account that another process writes is no run.
	Begin    func(account string)
	Progress func(account string, p mirror.Progress)
	Done     func(Outcome)
	// Redact takes out of a text what must not be shown.
	Redact func(string) string

	calling sync.Mutex
	metrics metrics
}

// look is the longest time between two looks whether an account is due and no other process has it. Together with the time after
// which the lease of a process that died ends, half a minute, it is less than a minute.
const look = 25 * time.Second

// Run runs each account, until the context ends if Every is set. What fails is in the outcomes, and keeps no other account from
// being run.
func (f *Fleet) Run(ctx context.Context) {
	accounts := slices.Clone(f.Accounts)
	rand.Shuffle(len(accounts), func(i, j int) { accounts[i], accounts[j] = accounts[j], accounts[i] }) // not all processes try the same one first
	turns := make(chan struct{}, max(f.Parallel, 1))
	var wait sync.WaitGroup
	for _, account := range accounts {
		wait.Go(func() {
			k := keeper{Fleet: f, account: account, every: jitter(f.Every)}
			for {
				select {
				case turns <- struct{}{}:
				case <-ctx.Done():
					return
				}
				var next time.Duration
				if ctx.Err() == nil { // both may have been ready
					next = k.run(ctx)
				}
				<-turns
				if f.Every == 0 || !pause(ctx, next) {
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

// keeper keeps one account up to date.
type keeper struct {
	*Fleet
	account  Account
	every    time.Duration // Every, with a jitter of its own after each run of any process, so that all take their share
	left     time.Duration // at the last look, until a run was due
	failures int           // of runs that could not begin
}

// run runs the account if that is due and no other process does it, and returns the time after which to look again.
func (k *keeper) run(ctx context.Context) (next time.Duration) {
	began := time.Now()
	begin := sync.OnceFunc(func() {
		if k.Begin != nil {
			k.Begin(k.account.Name)
		}
	})
	report, err := k.Mirror.Sync(ctx, k.account.Client, mirror.Options{
		Account: k.account.Name, Only: k.Only, Whole: k.Whole, Nested: k.Nested, Rebind: k.Rebind, Fingerprint: k.account.Fingerprint, IfOlderThan: k.every,
		Progress: func(p mirror.Progress) {
			k.call(func() {
				begin()
				if k.Progress != nil {
					k.Progress(k.account.Name, p)
				}
			})
		},
	})
	soon := look - rand.N(look/5)
	var notDue *mirror.NotDueError
	if errors.As(err, &notDue) {
		due := notDue.Due
		if due > k.left { // another process has run it
			every := jitter(k.Every)
			due = max(0, due+every-k.every)
			k.every = every
		}
		k.left = due
		return min(soon, due)
	}
	outcome := Outcome{Account: k.account.Name, Began: began, Took: time.Since(began), Lists: []mirror.ListReport{}, Busy: report == nil && errors.Is(err, mirror.ErrBusy)}
	if report != nil {
		outcome.Lists = slices.Clone(report.Lists)
	}
	for i := range outcome.Lists {
		outcome.Lists[i].Error = k.text(outcome.Lists[i].Error)
	}
	if err != nil && !outcome.Busy {
		outcome.Error = k.text(err.Error())
	}
	k.metrics.add(outcome)
	if outcome.Busy && k.Every > 0 {
		return soon
	}
	k.call(func() {
		if k.Done != nil {
			k.Done(outcome)
		}
	})
	if report == nil {
		k.failures++
		return min(k.every, soon<<min(k.failures-1, 20))
	}
	k.failures, k.every = 0, jitter(k.Every)
	k.left = k.every
	return min(soon, max(0, k.every-time.Since(began)))
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
