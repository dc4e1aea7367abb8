package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/examples/demo"
	"github.com/vismatid/tid/moment"
	"github.com/vismatid/tid/moment/momenttest"
)

// report runs the program with the given arguments and returns what it printed,
// its exit status and its message.
func report(t *testing.T, ctx context.Context, args ...string) (stdout string, status int, stderr string) {
	t.Helper()
	var out, message bytes.Buffer
	status = demo.Code(run(ctx, args, &out, io.Discard), &message)
	return out.String(), status, message.String()
}

// account is a server that the environment names, with the records of a week.
func account(t *testing.T) *momenttest.Server {
	srv := momenttest.NewServer(t)
	t.Setenv("MOMENT_COMPANY", srv.CompanyCode)
	t.Setenv("MOMENT_API_KEY", srv.APIKey)
	t.Setenv("MOMENT_BASE_URL", srv.URL)
	roof := srv.Projects.Put(moment.Project{Name: "Roof"})
	person := srv.UserAccounts.Put(moment.UserAccount{Email: "liv@example.com"})
	for i, minutes := range []int{999, 450, 60, 999} { // Sunday to Sunday
		day := tid.NewDate(2026, 10, 18).AddDays([]int{0, 1, 7, 8}[i])
		srv.TimeRecords.Put(moment.TimeRecord{UserAccountID: person, ProjectID: roof, TimeRecordDate: moment.DayOf(day), Minutes: minutes})
	}
	srv.TimeRecords.Put(moment.TimeRecord{UserAccountID: 77, TimeRecordDate: moment.DayOf(tid.NewDate(2026, 10, 20)), Minutes: 5})
	return srv
}

func TestTheMinutesOfAWeekAreSummedByPersonAndProject(t *testing.T) {
	account(t)
	want := `Time registered from 2026-10-19 to 2026-10-25

Person and project  Minutes  Hours
liv@example.com         510   8:30
  Roof                  510   8:30
user 77                   5   0:05
  (no project)            5   0:05
Total                   515   8:35
`
	for _, args := range [][]string{{"-week", "2026-W43"}, {"-from", "2026-10-19", "-to", "2026-10-25"}} {
		stdout, status, stderr := report(t, t.Context(), args...)
		assert.Equal(t, want, stdout)
		assert.Zero(t, status)
		assert.Empty(t, stderr)
	}
}

func TestWithoutCredentialsItReportsAMadeUpCompanyAndSaysSo(t *testing.T) {
	t.Setenv("MOMENT_COMPANY", "")
	t.Setenv("MOMENT_API_KEY", "")
	for _, args := range [][]string{nil, {"-week", "2026-W43"}} {
		stdout, status, _ := report(t, t.Context(), args...)
		assert.Zero(t, status)
		first, rest, _ := strings.Cut(stdout, "\n")
		assert.Contains(t, first, "made-up company on a fake server")
		assert.Contains(t, rest, "astrid@example.com")
		assert.Contains(t, rest, "Total                  9000  150:00", "four people, five days of 450 minutes")
	}
}

func TestMistakesAreOneLineAndAStatus(t *testing.T) {
	tests := map[string]struct {
		args   []string
		status int
		text   string
	}{
		"no week":              {[]string{"-week", "43"}, 2, `-week: "43" is not a week such as 2026-W43`},
		"a week too many":      {[]string{"-week", "2027-W53"}, 2, "is not a week"},
		"a week of 0":          {[]string{"-week", "2026-W00"}, 2, "is not a week"},
		"a day that is none":   {[]string{"-from", "2026-02-30", "-to", "2026-03-01"}, 2, "-from: "},
		"an end that is none":  {[]string{"-from", "2026-02-01", "-to", "x"}, 2, "-to: "},
		"a span backwards":     {[]string{"-from", "2026-03-02", "-to", "2026-03-01"}, 2, "is before -from"},
		"a span without end":   {[]string{"-from", "2026-03-02"}, 2, "-from and -to go together"},
		"two spans":            {[]string{"-week", "2026-W43", "-to", "2026-03-01"}, 2, "give either -week, or -from and -to"},
		"an unknown flag":      {[]string{"-month", "2026-10"}, 2, "-month"},
		"an argument too many": {[]string{"2026-W43"}, 2, "2026-W43"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			stdout, status, stderr := report(t, t.Context(), tt.args...)
			assert.Empty(t, stdout)
			assert.Equal(t, tt.status, status)
			assert.Contains(t, stderr, tt.text)
			assert.Equal(t, 1, strings.Count(stderr, "\n"))
		})
	}

	t.Run("half of the credentials", func(t *testing.T) {
		t.Setenv("MOMENT_COMPANY", "example")
		t.Setenv("MOMENT_API_KEY", "")
		_, status, stderr := report(t, t.Context())
		assert.Equal(t, 1, status)
		assert.Contains(t, stderr, "set MOMENT_COMPANY and MOMENT_API_KEY")
	})
	t.Run("a key that is not accepted", func(t *testing.T) {
		account(t)
		t.Setenv("MOMENT_API_KEY", "other")
		_, status, stderr := report(t, t.Context())
		assert.Equal(t, 1, status)
		assert.Contains(t, stderr, "401")
		assert.Equal(t, 1, strings.Count(stderr, "\n"))
	})
	t.Run("fewer records than are counted", func(t *testing.T) {
		account(t).Inject(momenttest.Fault{Operation: "GET /timeRecords", Times: 2, Effect: momenttest.Answer(200,
			`{"content":[{"id":1,"timeRecordDate":"2026-10-19","minutes":450}],"page":{"number":0,"size":500,"totalElements":700,"totalPages":2}}`)})
		stdout, status, stderr := report(t, t.Context(), "-week", "2026-W43")
		assert.Equal(t, 1, status)
		assert.Contains(t, stderr, "page 0 has 1 rows, although the answer counts 700 in all")
		assert.Empty(t, stdout)
	})
	t.Run("records that cannot be read", func(t *testing.T) {
		account(t).Inject(momenttest.Fault{Operation: "GET /timeRecords", Effect: momenttest.Answer(403, "")})
		_, status, stderr := report(t, t.Context(), "-week", "2026-W43")
		assert.Equal(t, 1, status)
		assert.Contains(t, stderr, "403")
	})
}

func TestHelpExplains(t *testing.T) {
	stdout, status, stderr := report(t, t.Context(), "-h")
	assert.Zero(t, status)
	assert.Empty(t, stderr)
	for _, word := range []string{"MOMENT_COMPANY", "-week", "-from", "-to", "2026-W43"} {
		assert.Contains(t, stdout, word)
	}
}

func TestAnInterruptStopsIt(t *testing.T) {
	srv := account(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, status, stderr := report(t, ctx)
	assert.Equal(t, 1, status)
	assert.Contains(t, stderr, "interrupted")
	require.Empty(t, srv.Requests())
}

func TestWeeksBeginOnTheMondayOfTheStandard(t *testing.T) {
	for week, want := range map[string]string{
		"2026-W01": "2025-12-29", "2026-W43": "2026-10-19", "2026-W53": "2026-12-28", "2021-W01": "2021-01-04",
	} {
		got, err := monday(week)
		require.NoError(t, err)
		assert.Equal(t, want, got.String())
	}
	from, to, err := span("", "", "", tid.NewDate(2026, 10, 26))
	require.NoError(t, err)
	assert.Equal(t, "2026-10-19 2026-10-25", from.String()+" "+to.String())
}
