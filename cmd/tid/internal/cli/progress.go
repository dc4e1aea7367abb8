package cli

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows on a terminal how far a command is: how many, of how many, and how long it takes yet.
type progress struct{ bar *progressbar.ProgressBar }

// progress begins to show it; without a terminal nothing is shown.
func (a *app) progress(what string) *progress {
	if a.terminal(a.env.Stderr) < 0 {
		return &progress{}
	}
	return &progress{progressbar.NewOptions(-1, progressbar.OptionSetWriter(a.env.Stderr), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish())}
}

// set shows how many are done of a total, which is 0 where it is not known.
func (p *progress) set(done, total int) {
	if p.bar == nil {
		return
	}
	if total > 0 && p.bar.GetMax() != total {
		p.bar.ChangeMax(total)
	}
	_ = p.bar.Set(done) // nothing depends on what it shows
}

// end takes it away.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Clear() // nothing depends on what it shows
	}
}
