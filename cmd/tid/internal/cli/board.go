package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"

	"github.com/vismatid/tid/mirror"
)

// board shows on a terminal how far runs of accounts are: a line for each, with the list that is being read, how much of it has
// been, and how long that takes yet.
type board struct {
	w        io.Writer // nil if there is no terminal
	width    func() int
	now      func() time.Time
	accounts int // if more than one, how many of them are done is shown
	finished int

	lines []*boardLine
	drawn int // lines that stand on the terminal
	last  time.Time
}

type boardLine struct {
	account string
	began   time.Time // the list
	mirror.Progress
}

// board is for runs of so many accounts, or of as many as there are, again and again, if it is 0.
func (a *app) board(accounts int) *board {
	fd := a.terminal(a.env.Stderr)
	if fd < 0 || !ansi(fd) {
		return &board{}
	}
	return &board{w: a.env.Stderr, now: time.Now, accounts: accounts, width: func() int {
		width, _, err := term.GetSize(fd)
		if err != nil || width < 1 {
			return 80
		}
		return width
	}}
}

// set shows how far an account is.
func (b *board) set(account string, p mirror.Progress) {
	if b.w == nil {
		return
	}
	i := slices.IndexFunc(b.lines, func(l *boardLine) bool { return l.account == account })
	if i < 0 {
		i = len(b.lines)
		b.lines = append(b.lines, &boardLine{account: account})
	}
	line := b.lines[i]
	if line.Table != p.Table {
		line.began = b.now()
	}
	line.Progress = p
	if b.now().Sub(b.last) >= 100*time.Millisecond {
		b.draw()
	}
}

// done takes the account away, and the others until they come further, so that something else can be written.
func (b *board) done(account string) {
	if b.w == nil {
		return
	}
	b.finished++
	b.lines = slices.DeleteFunc(b.lines, func(l *boardLine) bool { return l.account == account })
	b.erase()
	b.last = time.Time{}
}

func (b *board) erase() {
	if b.drawn > 0 {
		fmt.Fprintf(b.w, "\x1b[%dA\r\x1b[J", b.drawn)
	}
	b.drawn = 0
}

func (b *board) draw() {
	b.last = b.now()
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, l := range b.lines {
		fmt.Fprintf(table, "%s\t%-*s\t", l.account, len("opportunity_statuses"), l.Table) // the longest name: the bars stay where they are
		if l.Total > 0 {
			part := min(1, float64(l.Read)/float64(l.Total))
			full := int(part * 20)
			fmt.Fprintf(table, "[%s%s] %3d %%\t%d of %d", strings.Repeat("#", full), strings.Repeat("-", 20-full), int(part*100), l.Read, l.Total)
			if left := float64(b.now().Sub(l.began)) * (1 - part) / cmp.Or(part, 1); l.Read > 0 && part < 1 {
				fmt.Fprintf(table, "\t%s left", time.Duration(left).Round(time.Second))
			}
		}
		fmt.Fprintln(table)
	}
	if b.accounts > 1 {
		fmt.Fprintf(table, "%d of %d accounts are done\n", b.finished, b.accounts)
	}
	_ = table.Flush() // to memory
	b.erase()
	for line := range strings.Lines(text.String()) {
		fmt.Fprintln(b.w, runewidth.Truncate(strings.TrimRight(line, " \n"), b.width()-1, ""))
		b.drawn++
	}
}
