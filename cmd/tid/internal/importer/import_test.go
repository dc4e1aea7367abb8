package importer

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

var (
	histories = flag.Int("histories", 200, "how many random histories to run")
	stride    = flag.Int("stride", 9, "of the histories with two kills, run one in so many")
)

const (
	post = "POST /v1/Core/TimeReports"
	list = "GET /v1/Core/TimeReports"
)

var (
	dec    = tid.MustDecimal
	first  = tid.NewDate(2026, time.October, 1)
	mine   = Account{"https://api.example", "ap_1"}
	header = "userId;date;projectId;hours;comment;internalComment\n"
)

// killed is what a run that is killed panics with.
type killed struct{}

// world is what outlives a run: the account, and what is on the disk.
type world struct {
	t      *testing.T
	srv    *tidtest.Server
	rng    *rand.Rand
	disk   []byte // what a kill leaves
	cache  []byte // what the machine has not written yet
	kill   int    // how many steps are left; 0 is no kill
	steps  int
	crash  bool // the machine loses power: what is not on the disk is lost in part
	before func(*http.Request)
	late   func(*http.Request) bool // the request is carried out, but later than its failure
	settle time.Duration
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, rng: rand.New(rand.NewPCG(seed, 1)), settle: 10 * time.Second}
	w.srv = tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithRateLimit(0), tidtest.WithLog(0))
	for id := int64(1); id <= 3; id++ {
		w.srv.Users.Put(tid.User{UserSummary: tid.UserSummary{ID: id}})
		w.srv.Projects.Put(tid.Project{ProjectSummary: tid.ProjectSummary{ID: id}})
	}
	return w
}

// step is a moment at which a run can be killed.
func (w *world) step() {
	w.steps++
	if w.kill--; w.kill == 0 {
		panic(killed{})
	}
}

// ledgerDisk is the file of the ledger.
type ledgerDisk struct {
	*world
	read int
}

func (d *ledgerDisk) Read(p []byte) (int, error) {
	n := copy(p, d.disk[d.read:])
	if d.read += n; n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (d *ledgerDisk) Write(p []byte) (int, error) {
	d.step()
	for _, b := range [][]byte{p[:len(p)/2], p[len(p)/2 : len(p)-1], p[len(p)-1:]} {
		d.cache = append(d.cache, b...)
		d.step()
	}
	return len(p), nil
}

func (d *ledgerDisk) Sync() error {
	d.step()
	d.disk, d.cache = append(d.disk, d.cache...), nil
	d.step()
	return nil
}

func (d *ledgerDisk) Truncate(size int64) error {
	d.step()
	d.disk = d.disk[:size]
	d.step()
	return nil
}

func (d *ledgerDisk) Seek(offset int64, _ int) (int64, error) { return offset, nil }
func (d *ledgerDisk) Close() error                            { return nil }

// RoundTrip is a request; the run can be killed before it and after it.
func (w *world) roundTrip(r *http.Request) (*http.Response, error) {
	w.step()
	if w.before != nil {
		w.before(r)
	}
	if w.late != nil && w.late(r) {
		body, err := io.ReadAll(r.Body)
		require.NoError(w.t, err)
		again := r.Clone(context.Background())
		again.Body = io.NopCloser(bytes.NewReader(body))
		time.AfterFunc(w.settle/2, func() {
			if resp, err := w.srv.Transport().RoundTrip(again); err == nil {
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		})
		w.step()
		return nil, errors.New("the connection was reset")
	}
	resp, err := w.srv.Transport().RoundTrip(r)
	w.step()
	return resp, err
}

type transport struct{ *world }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t.roundTrip(r) }

// run is one start of the program, with a file. It is killed after so many steps; 0 is never.
func (w *world) run(file string, kill int, unsure Unsure) (result Result, err error, wasKilled bool) {
	w.kill, w.steps = kill, 0
	defer func() {
		if p := recover(); p != nil {
			if p != (killed{}) {
				panic(p)
			}
			lost := 0
			if w.crash {
				lost = w.rng.IntN(len(w.cache) + 1)
			}
			w.disk, w.cache = append(w.disk, w.cache[:len(w.cache)-lost]...), nil
			wasKilled = true
		}
	}()
	client, err := tid.NewClient(tid.StaticToken(w.srv.StaticToken), tid.WithBaseURL(w.srv.URL), tid.WithLimiter(nil), tid.WithRetries(1),
		tid.WithTransport(func(http.RoundTripper) http.RoundTripper { return transport{w} }))
	require.NoError(w.t, err)
	checked, err := Check(w.t.Context(), client, []byte(file), true)
	require.NoError(w.t, err)
	require.Empty(w.t, checked.Problems)
	ledger, err := openLedger(&ledgerDisk{world: w}, "hours.csv.ledger", mine, false)
	require.NoError(w.t, err, "%s", w.disk)
	job := &Import{Client: client, Ledger: ledger, Settle: w.settle, Unsure: unsure}
	result, err = job.Run(w.t.Context(), checked.Lines)
	return result, err, false
}

// meaning is a report as a line, with its user and its day.
func meaning(r tid.TimeReport, without ...string) string {
	all := spelling(r.Input())
	for _, name := range append(without, "invoiceableHours") { // which the fake fills in
		delete(all, name)
	}
	return hashOf(all)
}

// lineOf is a line of a file.
func lineOf(user int64, date tid.Date, project int64, hours, comment, internal string) string {
	return fmt.Sprintf("%d;%s;%d;%s;%s;%s\n", user, date, project, hours, comment, internal)
}

// reportOf is the report that a line asks for.
func reportOf(user int64, date tid.Date, project int64, hours, comment, internal string) tid.TimeReport {
	return tid.TimeReport{User: &tid.Ref{ID: user}, Date: date, Project: &tid.NumberRef{ID: project}, Hours: dec(hours), Comment: comment, InternalComment: internal}
}

// want is what a file asks for: how many reports there are to be of each meaning.
func want(t *testing.T, lines []string, without ...string) map[string]int {
	t.Helper()
	f, err := Check(t.Context(), nil, []byte(header+strings.Join(lines, "")), true)
	require.NoError(t, err)
	require.Empty(t, f.Problems)
	all := map[string]int{}
	for _, line := range f.Lines {
		s := spelling(line.Input)
		for _, name := range without {
			delete(s, name)
		}
		all[hashOf(s)]++
	}
	return all
}

// created counts the reports of the account by meaning, but for some.
func (w *world) created(but map[int64]tid.TimeReport, without ...string) map[string]int {
	all := map[string]int{}
	for _, r := range w.srv.TimeReports.All() {
		if _, known := but[r.ID]; !known {
			all[meaning(r, without...)]++
		}
	}
	return all
}

// three are lines, two of them equal.
var three = []string{lineOf(1, first, 1, "7.5", "", ""), lineOf(1, first, 1, "7.5", "", ""), lineOf(2, first, 1, "8", "x", "y")}

// Histories in which a run is killed at every step there is, and the next one at every step, or at some of them.
func TestNothingIsCreatedTwiceWhereverTwoRunsAreKilled(t *testing.T) {
	ran := 0
	for _, crash := range []bool{false, true} {
		for one := 1; ; one++ {
			more := false
			synctest.Test(t, func(t *testing.T) {
				for two := one % *stride; ; two += *stride { // 0 is no second kill
					w := newWorld(t, uint64(one<<16+two))
					w.crash = crash
					equalBefore := w.srv.TimeReports.Put(reportOf(1, first, 1, "7.5", "", ""))
					kept, _ := w.srv.TimeReports.Get(equalBefore)
					file := header + strings.Join(three, "")
					_, err, wasKilled := w.run(file, one, UnsureStop)
					if more = wasKilled; !more {
						require.NoError(t, err)
						return
					}
					_, err, again := w.run(file, two, UnsureStop)
					if !again {
						require.NoError(t, err)
					}
					result, err, _ := w.run(file, 0, UnsureStop)
					require.NoError(t, err)
					ran++
					require.Zero(t, result.Left())
					require.Equal(t, want(t, three), w.created(map[int64]tid.TimeReport{equalBefore: kept}), "killed at %d and %d", one, two)
					now, ok := w.srv.TimeReports.Get(equalBefore)
					require.True(t, ok)
					require.Equal(t, kept, now)
					if !again && two > 0 { // it came to its end before the kill
						return
					}
				}
			})
			if !more {
				break
			}
		}
	}
	t.Logf("%d histories", ran)
}

// One history: kills, faults, other writers, and a file that is reordered and grows, until all is created.
func TestEveryLineIsCreatedOnceWhateverHappens(t *testing.T) {
	runs, kills, faults, unsure, found := 0, 0, 0, 0, 0
	for seed := range uint64(*histories) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, seed)
			rng := w.rng
			w.crash = rng.IntN(2) == 0
			var without []string
			if rng.IntN(4) == 0 { // an API that does not hold all that it was sent
				without = []string{"internalComment"}
				w.srv.DistortWrites(tidtest.Distortion{Operation: post, Ignore: without})
			}
			if rng.IntN(4) == 0 { // or that does not tell the ids
				w.srv.DistortWrites(tidtest.Distortion{Operation: post, Answer: tidtest.AnswerEmpty})
			}
			random := func() (user int64, date tid.Date, project int64, hours, comment, internal string) {
				pick := func(texts ...string) string { return texts[rng.IntN(len(texts))] }
				return 1 + rng.Int64N(2), first.AddDays(rng.IntN(2)), 1 + rng.Int64N(2), pick("7.5", "8", "0.333"), pick("", "x"), pick("", "", "y")
			}
			var lines []string
			others := map[int64]tid.TimeReport{}
			for range 2 + rng.IntN(6) {
				lines = append(lines, lineOf(random()))
			}
			for range rng.IntN(4) { // others have been there before, equal ones too
				r := reportOf(random())
				r.ID = w.srv.TimeReports.Put(r)
				others[r.ID], _ = w.srv.TimeReports.Get(r.ID)
			}
			meddle, broken := rng.IntN(2) == 0, rng.IntN(3)
			w.before = func(r *http.Request) {
				if meddle && rng.IntN(8) == 0 { // others write meanwhile: elsewhere, or something else on the same project
					r := reportOf(random())
					if r.Hours = dec("1.25"); rng.IntN(2) == 0 {
						r.Project.ID = 3
					}
					id := w.srv.TimeReports.Put(r)
					others[id], _ = w.srv.TimeReports.Get(id)
				}
				if broken > 0 && rng.IntN(6) == 0 {
					faults++
					effects := []tidtest.Effect{tidtest.DropBefore(), tidtest.DropAfter(), tidtest.CutBody(rng.IntN(60)), tidtest.Malformed(), tidtest.Answer(503, ""),
						tidtest.Answer(500, ""), tidtest.AnswerAfter(502, ""), tidtest.AnswerAfter(504, ""), tidtest.TooMany(time.Second), tidtest.Answer(401, ""), tidtest.Refuse()}
					w.srv.ClearFaults()
					w.srv.Inject(tidtest.Fault{Effect: effects[rng.IntN(len(effects))]})
				}
			}
			w.late = func(r *http.Request) bool { return broken > 1 && r.Method == http.MethodPost && rng.IntN(12) == 0 }
			decision, shown := UnsureStop, 1+rng.IntN(len(lines))
			for n := 0; ; n++ {
				require.Less(t, n, 500, "it does not come to an end")
				runs++
				kill := 0
				switch {
				case n > 60:
					w.before, w.late = nil, nil
					w.srv.ClearFaults()
				case rng.IntN(8) > 0:
					kill = 1 + rng.IntN(90)
				}
				file := slices.Clone(lines[:shown])
				rng.Shuffle(len(file), func(i, j int) { file[i], file[j] = file[j], file[i] })
				result, err, wasKilled := w.run(header+strings.Join(file, ""), kill, decision)
				decision = UnsureStop
				found += result.Found
				switch {
				case wasKilled:
					kills++
					if rng.IntN(2) == 0 {
						time.Sleep(time.Duration(rng.IntN(20)) * time.Second) // in the bubble
					}
					continue
				case errors.Is(err, ErrUnsure):
					unsure++
					decision = w.truth(others)
					continue
				case err != nil:
					continue
				}
				require.Zero(t, result.Left())
				if shown < len(lines) {
					shown++
					continue
				}
				break
			}
			time.Sleep(time.Minute) // what is late has come
			require.Equal(t, want(t, lines, without...), w.created(others, without...), "seed %d", seed)
			for id, r := range others {
				now, ok := w.srv.TimeReports.Get(id)
				require.True(t, ok)
				require.Equal(t, r, now)
			}
		})
	}
	t.Logf("%d histories of %d runs, %d of them killed, %d faults, %d lines found, %d unsure", *histories, runs, kills, faults, found, unsure)
}

// truth is what the account shows: there is a report more than the ledger knows, or there is not.
func (w *world) truth(others map[int64]tid.TimeReport) Unsure {
	l := newLedger()
	_, err := l.load(w.disk)
	require.NoError(w.t, err)
	known := 0
	for _, r := range l.lines {
		if r.kind == kindCreated {
			known++
		}
	}
	if w.srv.TimeReports.Len()-len(others) > known {
		return UnsureSkip
	}
	return UnsureSend
}
