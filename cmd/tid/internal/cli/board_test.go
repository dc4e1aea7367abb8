package cli

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/vismatid/tid/mirror"
)

// screen is what stands on a terminal after a text was written to it.
func screen(text string) []string {
	lines, at := []string{""}, 0
	for _, part := range regexp.MustCompile(`\x1b\[\d+A|\x1b\[J|\r|\n|[^\x1b\r\n]+`).FindAllString(text, -1) {
		switch {
		case part == "\r":
		case part == "\n":
			if at++; at == len(lines) {
				lines = append(lines, "")
			}
		case part == "\x1b[J":
			lines = append(lines[:at], "")
		case strings.HasPrefix(part, "\x1b["):
			up := 0
			for _, digit := range part[2 : len(part)-1] {
				up = up*10 + int(digit-'0')
			}
			at -= up
		default:
			lines[at] += part
		}
	}
	return lines
}

func TestEachAccountHasALineWithItsListAndTheTimeThatIsLeft(t *testing.T) {
	var out strings.Builder
	at := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	b := &board{w: &out, width: func() int { return 100 }, now: func() time.Time { return at }, accounts: 3}
	b.set("acme", mirror.Progress{Table: "contacts"})
	at = at.Add(time.Second)
	b.set("bygg ab", mirror.Progress{Table: "time_reports"})
	at = at.Add(59 * time.Second)
	b.set("acme", mirror.Progress{Table: "contacts", Read: 500, Total: 2000})
	at = at.Add(time.Second)
	b.set("bygg ab", mirror.Progress{Table: "time_reports", Read: 100, Total: 100_000})
	assert.Equal(t, []string{
		"acme     contacts              [#####---------------]  25 %  500 of 2000    3m3s left",
		"bygg ab  time_reports          [--------------------]   0 %  100 of 100000  16h39m0s left",
		"0 of 3 accounts are done",
		"",
	}, screen(out.String()))

	at = at.Add(time.Second)
	b.set("acme", mirror.Progress{Table: "projects", Total: 30})
	assert.Equal(t, "acme     projects              [--------------------]   0 %  0 of 30", screen(out.String())[0], "the next list begins anew")
	b.done("acme")
	assert.Equal(t, []string{""}, screen(out.String()), "the lines make room for what is written when a run is over")
	at = at.Add(time.Second)
	b.set("bygg ab", mirror.Progress{Table: "time_reports", Read: 100_100, Total: 100_000})
	assert.Equal(t, []string{
		"bygg ab  time_reports          [####################] 100 %  100100 of 100000",
		"1 of 3 accounts are done",
		"",
	}, screen(out.String()))
}

func TestProgressIsDrawnTenTimesASecondAtMostAndFitsTheTerminal(t *testing.T) {
	var out strings.Builder
	at := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	b := &board{w: &out, width: func() int { return 30 }, now: func() time.Time { return at }, accounts: 1}
	for n := range 1000 {
		at = at.Add(time.Millisecond)
		b.set("åäö", mirror.Progress{Table: "time_reports", Read: n, Total: 1000})
	}
	assert.LessOrEqual(t, strings.Count(out.String(), "\x1b[J"), 11)
	assert.Equal(t, []string{"åäö  time_reports          [#", ""}, screen(out.String()))
	(&board{}).set("acme", mirror.Progress{}) // without a terminal nothing is shown
}
