package importer

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

func TestALedgerIsForItsOwnerAloneAndForOneRun(t *testing.T) {
	name := filepath.Join(t.TempDir(), "hours.csv.ledger")
	l, err := OpenLedger(name, mine, false)
	require.NoError(t, err)
	info, err := os.Stat(name)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	_, err = OpenLedger(name, mine, false)
	require.ErrorIs(t, err, ErrBusy)
	_, err = ReadLedger(name, mine, false)
	require.NoError(t, err, "to look is allowed")
	require.NoError(t, l.Close())
	l, err = OpenLedger(name, mine, false)
	require.NoError(t, err)
	require.NoError(t, l.Close())
}

func TestALedgerOfAnotherAccountIsRefused(t *testing.T) {
	name := filepath.Join(t.TempDir(), "hours.csv.ledger")
	l, err := OpenLedger(name, Account{"https://one.example", "pk_secret.pa_secret"}, false)
	require.NoError(t, err)
	require.NoError(t, l.Close())
	for _, other := range []Account{{"https://two.example", "pk_secret.pa_secret"}, {"https://one.example", "ap_2"}} {
		_, err = OpenLedger(name, other, false)
		require.ErrorIs(t, err, ErrAccount)
		assert.ErrorContains(t, err, "https://one.example")
		_, err = ReadLedger(name, other, false)
		require.ErrorIs(t, err, ErrAccount)
	}
	l, err = OpenLedger(name, Account{"https://one.example", "ap_2"}, true)
	require.NoError(t, err, "other credentials of the same account")
	require.NoError(t, l.Close())
	for _, known := range []Account{{"https://one.example", "pk_secret.pa_secret"}, {"https://one.example", "ap_2"}} {
		_, err = ReadLedger(name, known, false)
		require.NoError(t, err)
	}
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "secret")
}

func TestDamagedLedgersAreRefused(t *testing.T) {
	head := `{"kind":"header","version":1,"account":"` + mine.hash() + `","address":"https://api.example"}` + "\n"
	intent := `{"kind":"intent","hash":"x","n":1,"line":2,"report":{"userId":"1","date":"2026-10-01"}}` + "\n"
	for name, c := range map[string]struct{ text, want string }{
		"a later version":      {`{"kind":"header","version":2}` + "\n", "version 2"},
		"no header":            {intent, "does not begin as a ledger does"},
		"another file":         {"userId,date\n1,2026-10-01\n", "line 1 of the ledger"},
		"a line that is cut":   {head + intent[:20] + "\n" + intent, "line 2 of the ledger"},
		"an unknown kind":      {head + intent + `{"kind":"gone","hash":"x","n":1}` + "\n", `kind "gone"`},
		"an outcome of no one": {head + `{"kind":"created","hash":"x","n":1,"id":1}` + "\n", "never sent"},
		"no line":              {head + `{"kind":"created","id":1}` + "\n", "has no line"},
		"no report":            {head + strings.Replace(intent, `"1"`, `"one"`, 1), "no id"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "ledger")
			require.NoError(t, os.WriteFile(file, []byte(c.text), 0o600))
			_, err := OpenLedger(file, mine, false)
			require.ErrorContains(t, err, c.want)
			after, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, c.text, string(after), "it is left as it is")
		})
	}
	for name, torn := range map[string]string{"cut": `{"kind":"int`, "without its end": strings.TrimSpace(intent), "zeros": "\x00\x00\x00", "zeros with an end": "\x00\x00\n"} {
		t.Run("a last entry that is "+name+" never was", func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "ledger")
			require.NoError(t, os.WriteFile(file, []byte(head+torn), 0o600))
			l, err := OpenLedger(file, mine, false)
			require.NoError(t, err)
			assert.Empty(t, l.Uncertain())
			require.NoError(t, l.Close())
			after, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, head, string(after))
		})
	}
}

// failing is a ledger on a disk that is full after so many writes, or that fails to sync.
type failing struct {
	*ledgerDisk
	writes, syncs int
}

func (f *failing) Write(p []byte) (int, error) {
	if f.writes--; f.writes < 0 {
		n, _ := f.ledgerDisk.Write(p[:len(p)/2+2])
		return n, errors.New("no space left on device")
	}
	return f.ledgerDisk.Write(p)
}

func (f *failing) Sync() error {
	if f.syncs--; f.syncs < 0 {
		return errors.New("input/output error")
	}
	return f.ledgerDisk.Sync()
}

func TestNothingIsSentThatTheLedgerCouldNotHold(t *testing.T) {
	for _, broken := range []failing{{writes: 2, syncs: 99}, {writes: 99, syncs: 2}, {writes: 3, syncs: 99}, {writes: 99, syncs: 3}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 1)
			broken.ledgerDisk = &ledgerDisk{world: w}
			l, err := openLedger(&broken, "ledger", mine, false)
			require.NoError(t, err)
			f, err := Check(t.Context(), nil, []byte(header+three[0]+three[2]), true)
			require.NoError(t, err)
			posts := 0
			client := w.srv.Client(tid.WithLimiter(nil), tid.WithObserver(func(_ context.Context, e tid.Event) {
				if e.Operation == post {
					posts++
				}
			}))
			_, err = (&Import{Client: client, Ledger: l}).Run(t.Context(), f.Lines)
			require.ErrorContains(t, err, "the ledger cannot be written")
			assert.Equal(t, posts, w.srv.TimeReports.Len())
			assert.LessOrEqual(t, posts, 1)
			w.disk, w.cache = append(w.disk, w.cache...), nil
			_, err, _ = w.run(header+three[0]+three[2], 0, UnsureStop)
			require.NoError(t, err)
			assert.Equal(t, 2, w.srv.TimeReports.Len())
		})
	}
}

// An answer that is lost, and what is found afterwards.
func TestWhatIsFoundDecidesAboutALostAnswer(t *testing.T) {
	line := lineOf(1, first, 1, "7.5", "", "")
	equalOne := reportOf(1, first, 1, "7.5", "", "")
	for name, c := range map[string]struct {
		lost    tidtest.Effect
		others  []tid.TimeReport // made after the line was sent
		unsure  Unsure
		reports int // at the end, with theirs
		found   int
		err     error
	}{
		"it is there":                          {lost: tidtest.DropAfter(), reports: 1, found: 1},
		"it is not there":                      {lost: tidtest.DropBefore(), reports: 1},
		"another project's is there":           {lost: tidtest.DropBefore(), others: []tid.TimeReport{reportOf(1, first, 2, "7.5", "", "")}, reports: 2},
		"another user's is there":              {lost: tidtest.DropBefore(), others: []tid.TimeReport{reportOf(2, first, 1, "7.5", "", "")}, reports: 2},
		"another day's is there":               {lost: tidtest.DropBefore(), others: []tid.TimeReport{reportOf(1, first.AddDays(1), 1, "7.5", "", "")}, reports: 2},
		"an equal one from elsewhere is there": {lost: tidtest.DropBefore(), others: []tid.TimeReport{equalOne}, reports: 1, found: 1},
		"both are there":                       {lost: tidtest.DropAfter(), others: []tid.TimeReport{equalOne}, reports: 2, found: 1},
		"one that is like it is there":         {lost: tidtest.DropBefore(), others: []tid.TimeReport{reportOf(1, first, 1, "8", "", "")}, reports: 1, err: ErrUnsure},
		"one with a comment is there":          {lost: tidtest.DropBefore(), others: []tid.TimeReport{reportOf(1, first, 1, "7.5", "x", "")}, reports: 1, err: ErrUnsure},
		"one that is like it, and is it":       {lost: tidtest.DropBefore(), others: []tid.TimeReport{reportOf(1, first, 1, "8", "", "")}, unsure: UnsureSkip, reports: 1, found: 1},
		"one that is like it, and is not it":   {lost: tidtest.DropBefore(), others: []tid.TimeReport{reportOf(1, first, 1, "8", "", "")}, unsure: UnsureSend, reports: 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 1)
				w.srv.Inject(tidtest.Fault{Operation: post, Effect: c.lost})
				sent := false
				w.before = func(r *http.Request) {
					if sent && r.Method == http.MethodGet {
						w.srv.TimeReports.PutAll(c.others)
						c.others = nil
					}
					sent = sent || r.Method == http.MethodPost
				}
				result, err, _ := w.run(header+line, 0, c.unsure)
				assert.ErrorIs(t, err, c.err)
				assert.Equal(t, c.reports, w.srv.TimeReports.Len())
				assert.Equal(t, c.found, result.Found)
				if c.err != nil {
					assert.ErrorContains(t, err, "line 2")
					return
				}
				again, err, _ := w.run(header+line, 0, UnsureStop)
				require.NoError(t, err)
				assert.Equal(t, Result{Lines: 1, Before: 1}, again)
				assert.Equal(t, c.reports, w.srv.TimeReports.Len())
			})
		})
	}
}

func TestALineThatIsRefusedDoesNotStopTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		file := header + lineOf(1, first, 99, "1", "", "") + lineOf(1, first, 1, "2", "", "")
		for range 2 {
			result, err, _ := w.run(file, 0, UnsureStop)
			require.NoError(t, err)
			require.Len(t, result.Refused, 1)
			assert.Contains(t, result.Refused[0].String(), "line 2: tid: POST /v1/Core/TimeReports: 400")
			assert.Equal(t, 1, result.Left())
			assert.Equal(t, 1, w.srv.TimeReports.Len())
		}
		w.srv.Projects.Put(tid.Project{ProjectSummary: tid.ProjectSummary{ID: 99}})
		result, err, _ := w.run(file, 0, UnsureStop)
		require.NoError(t, err)
		assert.Equal(t, Result{Lines: 2, Before: 1, Created: 1}, result, "what is mended is created by the next run")
	})
}

func TestWhatEveryLineWouldMeetStopsTheRun(t *testing.T) {
	for name, effect := range map[string]tidtest.Effect{"401": tidtest.Answer(401, ""), "403": tidtest.Answer(403, ""), "404": tidtest.Answer(404, ""),
		"429": tidtest.TooMany(time.Second), "no connection": tidtest.Refuse(), "500": tidtest.Answer(500, "")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 1)
				fault := w.srv.Inject(tidtest.Fault{Operation: post, Times: 50, Effect: effect})
				file := header + strings.Join(three, "")
				result, err, _ := w.run(file, 0, UnsureStop)
				var failure *tid.Error
				require.ErrorAs(t, err, &failure)
				assert.ErrorContains(t, err, "stopped at line 2")
				assert.Equal(t, 3, result.Left())
				assert.LessOrEqual(t, fault.Hits(), 3, "of one line")
				fault.Remove()
				_, err, _ = w.run(file, 0, UnsureStop)
				require.NoError(t, err)
				assert.Equal(t, 3, w.srv.TimeReports.Len())
			})
		})
	}
}

func TestALookupThatFailsLeavesTheLineForTheNextRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.srv.Inject(tidtest.Fault{Operation: post, Effect: tidtest.DropAfter()})
		w.srv.Inject(tidtest.Fault{Operation: list, Skip: 1, Times: 9, Effect: tidtest.Answer(500, "")})
		_, err, _ := w.run(header+three[0], 0, UnsureStop)
		require.ErrorIs(t, err, tid.ErrServer)
		assert.ErrorContains(t, err, "stopped at line 2: whether it was created is not known yet, which the next run finds out")
		w.srv.ClearFaults()
		result, err, _ := w.run(header+three[0], 0, UnsureStop)
		require.NoError(t, err)
		assert.Equal(t, Result{Lines: 1, Created: 1, Found: 1}, result)
		assert.Equal(t, 1, w.srv.TimeReports.Len())
	})
}

func TestARunThatIsInterruptedEndsTheLineThatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		ctx, cancel := context.WithCancel(t.Context())
		w.before = func(r *http.Request) {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/TimeReports") {
				cancel()
				time.Sleep(grace / 2)
			}
		}
		client := w.srv.Client(tid.WithLimiter(nil), tid.WithTransport(func(http.RoundTripper) http.RoundTripper { return transport{w} }))
		l, err := openLedger(&ledgerDisk{world: w}, "ledger", mine, false)
		require.NoError(t, err)
		f, err := Check(t.Context(), nil, []byte(header+strings.Join(three, "")), true)
		require.NoError(t, err)
		result, err := (&Import{Client: client, Ledger: l}).Run(ctx, f.Lines)
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, 1, result.Created)
		assert.Empty(t, l.Uncertain())
		assert.Equal(t, 1, w.srv.TimeReports.Len())
	})
}

func TestAnUncertainLineThatTheFileHasNoMoreIsLookedForAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.srv.Inject(tidtest.Fault{Operation: post, Effect: tidtest.DropAfter()})
		w.srv.Inject(tidtest.Fault{Operation: list, Skip: 1, Times: 9, Effect: tidtest.Answer(500, "")})
		_, err, _ := w.run(header+three[0], 0, UnsureStop)
		require.ErrorIs(t, err, tid.ErrServer)
		w.srv.ClearFaults()
		result, err, _ := w.run(header+three[2], 0, UnsureStop)
		require.NoError(t, err)
		assert.Equal(t, Result{Lines: 1, Created: 1}, result)
		l := newLedger()
		_, err = l.load(w.disk)
		require.NoError(t, err)
		f, err := Check(t.Context(), nil, []byte(header+three[2]), true)
		require.NoError(t, err)
		gone := l.Gone(f.Lines)
		require.Len(t, gone, 1)
		assert.Contains(t, gone[0].String(), "line 2: user 1 on 2026-10-01, 7.5 hours, time report")
		back, err, _ := w.run(header+three[2]+three[0], 0, UnsureStop)
		require.NoError(t, err)
		assert.Equal(t, Result{Lines: 2, Before: 2}, back, "and it is not created again when it comes back")
	})
}

func TestALedgerCostsOneListForEachUserAndDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		requests := map[string]int{}
		w.before = func(r *http.Request) { requests[r.Method]++ }
		_, err, _ := w.run(header+strings.Join(three, "")+lineOf(1, first.AddDays(1), 1, "1", "", ""), 0, UnsureStop)
		require.NoError(t, err)
		assert.Equal(t, map[string]int{"GET": 3, "POST": 4}, requests)
	})
}

// A report whose id is not known must not be taken for the next line.
func TestAReportWithoutAKnownIDIsNoOtherLines(t *testing.T) {
	t.Run("the API tells no id", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 1)
			w.srv.DistortWrites(tidtest.Distortion{Operation: post, Answer: tidtest.AnswerEmpty})
			w.srv.Inject(tidtest.Fault{Operation: post, Skip: 1, Effect: tidtest.DropBefore()})
			result, err, _ := w.run(header+three[0]+three[1], 0, UnsureStop)
			require.NoError(t, err)
			assert.Equal(t, Result{Lines: 2, Created: 2}, result)
			assert.Equal(t, 2, w.srv.TimeReports.Len())
		})
	})
	t.Run("it differs from what was sent", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 1)
			w.srv.DistortWrites(tidtest.Distortion{Operation: post, Ignore: []string{"comment"}})
			w.srv.Inject(tidtest.Fault{Operation: post, Effect: tidtest.DropAfter()})
			lost := w.srv.Inject(tidtest.Fault{Operation: post, Effect: tidtest.DropBefore()})
			result, err, _ := w.run(header+lineOf(1, first, 1, "8", "x", "")+lineOf(1, first, 1, "8", "", ""), 0, UnsureSkip)
			require.NoError(t, err)
			assert.Equal(t, 1, lost.Hits())
			assert.Equal(t, Result{Lines: 2, Created: 2, Found: 1}, result)
			assert.Equal(t, 2, w.srv.TimeReports.Len())
		})
	})
}
