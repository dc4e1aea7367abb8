package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/examples/demo/demotest"
	"github.com/vismatid/tid/tidtest"
)

const (
	opGet  = "GET /v1/Core/Invoices/{id}"
	opMark = "PATCH /v1/Core/Invoices/{id}/SetSentToEconomySystem"
)

var dec = tid.MustDecimal

// newInvoice is one with two sold rows among rows that are not sold.
func newInvoice(sum string) tid.Invoice {
	invoice := tid.Invoice{Rows: []tid.InvoiceRow{
		{ID: 1, IsHeader: true, Comment: "Projekt 1001"},
		{ID: 2, ArticleNumber: "T1", Article: "Arbete", Value: dec("7.25"), Rate: dec("695.5"), Discount: dec("10"), Sum: dec("4538.14")},
		{ID: 3, ArticleNumber: "M1", Article: "Kabel 5G1,5", Comment: "svart,\r\n \"mjuk\"", Value: dec("3"), Rate: dec("0.1"), Sum: dec("0.3")},
		{ID: 4, IsSumRow: true, Comment: "Summa", Sum: dec("4538.44")},
	}}
	invoice.InvoiceDate = tid.NewDate(2026, time.October, 6)
	invoice.Customer = &tid.Ref{ID: 7, Name: "Plommonhult Bygg AB"}
	invoice.Sum = dec(sum)
	return invoice
}

// account is a server with so many unsent invoices, and one that is sent.
func account(t *testing.T, unsent int, opts ...tidtest.Option) *tidtest.Server {
	srv := demotest.Server(t, opts...)
	sent := newInvoice("4538.44")
	sent.SentToEconomySystem = tid.NewDate(2026, time.October, 7)
	srv.Invoices.Put(sent)
	for range unsent {
		srv.Invoices.Put(newInvoice("4538.44"))
	}
	return srv
}

// check holds what has been exported to a directory, and marked in the account,
// against the invoices that had to be: each of them once, and nothing else.
func check(t *testing.T, srv *tidtest.Server, dir string) {
	t.Helper()
	exported := map[int64]int{} // rows
	for name, content := range demotest.Files(t, dir) {
		require.Regexp(t, `^invoices-\d+-\d+\.csv$`, name)
		all, err := csv.NewReader(strings.NewReader(content)).ReadAll()
		require.NoError(t, err)
		require.Equal(t, header, all[0])
		inFile := map[int64]bool{}
		for _, line := range all[1:] {
			id, err := strconv.ParseInt(line[0], 10, 64)
			require.NoError(t, err)
			require.True(t, inFile[id] || exported[id] == 0, "invoice %d is in two files", id)
			inFile[id] = true
			exported[id]++
		}
	}
	marks := map[string]map[string]bool{} // a lost answer is asked for again, with the same values
	for _, r := range srv.Requests() {
		if r.Operation == opMark && r.Performed {
			if marks[r.Path] == nil {
				marks[r.Path] = map[string]bool{}
			}
			marks[r.Path][r.Query.Encode()] = true
		}
	}
	unsent := srv.Invoices.All()[1:]
	for _, invoice := range unsent {
		require.Equal(t, len(invoice.SoldRows()), exported[invoice.ID], "rows of invoice %d", invoice.ID)
		require.Len(t, marks[fmt.Sprintf("/v1/Core/Invoices/%d/SetSentToEconomySystem", invoice.ID)], 1, "marks of invoice %d", invoice.ID)
		require.True(t, invoice.IsSent())
		require.Equal(t, fmt.Sprint(invoice.ID), srv.EconomySystemInvoiceNumber(invoice.ID))
	}
	require.Len(t, exported, len(unsent))
	require.Len(t, marks, len(unsent))
}

func TestExport(t *testing.T) {
	srv := account(t, 3)
	odd := newInvoice("0")
	odd.Customer, odd.Rows, odd.InvoiceDate = nil, odd.Rows[:1], tid.Date{}
	last := srv.Invoices.Put(odd)
	first := last - 3
	dir := t.TempDir()
	got := demotest.Run(t.Context(), run, "-mark", "-dir", dir)
	require.Zero(t, got.Code, "%+v", got)
	assert.Empty(t, got.Stderr)
	name := fmt.Sprintf("invoices-%d-%d.csv", first, last)
	assert.Contains(t, got.Stdout, filepath.Join(dir, name)+": 4 invoices, 4 of them marked now.\n")

	var want strings.Builder
	fmt.Fprintln(&want, strings.Join(header, ","))
	for id := first; id < last; id++ {
		fmt.Fprintf(&want, "%d,2026-10-06,7,Plommonhult Bygg AB,4538.44,0,T1,Arbete,,7.25,695.5,10,4538.14\n", id)
		fmt.Fprintf(&want, "%d,2026-10-06,7,Plommonhult Bygg AB,4538.44,0,M1,\"Kabel 5G1,5\",\"svart, \"\"mjuk\"\"\",3,0.1,0,0.3\n", id)
	}
	fmt.Fprintf(&want, "%d,,,,0,0,,,,,,,\n", last)
	assert.Equal(t, map[string]string{name: want.String()}, demotest.Files(t, dir))
	for _, invoice := range srv.Invoices.All()[1:] {
		assert.Equal(t, tid.Today(time.Local), invoice.SentToEconomySystem)
		assert.Equal(t, fmt.Sprint(invoice.ID), srv.EconomySystemInvoiceNumber(invoice.ID))
	}

	srv.ResetRequests()
	again := demotest.Run(t.Context(), run, "-mark", "-dir", dir)
	assert.Equal(t, demotest.Result{Stdout: "There is nothing to export.\n"}, again)
	assert.Equal(t, map[string]string{name: want.String()}, demotest.Files(t, dir))
	for _, r := range srv.Requests() {
		assert.NotEqual(t, "PATCH", r.Method)
	}
}

func TestDryRun(t *testing.T) {
	for name, args := range map[string][]string{"by default": nil, "asked for": {"-dry-run"}} {
		t.Run(name, func(t *testing.T) {
			srv := account(t, 2)
			dir := t.TempDir()
			got := demotest.Run(t.Context(), run, append(args, "-dir", dir)...)
			require.Zero(t, got.Code, "%+v", got)
			ids := srv.Invoices.All()[1:]
			assert.Equal(t, fmt.Sprintf(""+
				"Customer             Invoice        Date  Rows      Sum  Difference\n"+
				"Plommonhult Bygg AB    %d  2026-10-06     2  4538.44        0.00\n"+
				"Plommonhult Bygg AB    %d  2026-10-06     2  4538.44        0.00\n"+
				"Total                                        4  9076.88        0.00\n"+
				"\nNothing has been written: -mark exports and marks them.\n", ids[0].ID, ids[1].ID), got.Stdout)
			assert.Empty(t, demotest.Files(t, dir))
			for _, r := range srv.Requests() {
				assert.NotEqual(t, "PATCH", r.Method)
			}
		})
	}
}

func TestDifferenceIsReported(t *testing.T) {
	srv := account(t, 1)
	id := srv.Invoices.Put(newInvoice("4538.445"))
	dir := t.TempDir()
	got := demotest.Run(t.Context(), run, "-mark", "-dir", dir)
	require.Zero(t, got.Code, "%+v", got)
	assert.Equal(t, fmt.Sprintf("invoice %d: its rows come to 4538.44 and it says 4538.445, a difference of 0.005\n", id), got.Stderr)
	assert.Regexp(t, `Total .* 0\.005\n`, got.Stdout)
	for _, content := range demotest.Files(t, dir) {
		assert.Equal(t, 2, strings.Count(content, ",4538.445,0.005,"), content)
	}
}

func TestSince(t *testing.T) {
	srv := account(t, 1)
	old := newInvoice("4538.44")
	old.CreatedDate = tid.DateTimeOfWall(time.Date(2020, 5, 1, 8, 0, 0, 0, time.UTC))
	id := srv.Invoices.Put(old)
	got := demotest.Run(t.Context(), run, "-since", "2020-05-02")
	require.Zero(t, got.Code, "%+v", got)
	assert.NotContains(t, got.Stdout, fmt.Sprint(id))
	got = demotest.Run(t.Context(), run, "-since", "2020-05-01")
	assert.Contains(t, got.Stdout, fmt.Sprint(id))
}

// killed is the end of a program: nothing of it runs, and nothing of it is sent,
// from one request on. What it has left in its directory is kept.
type killed struct {
	t      *testing.T
	srv    *tidtest.Server
	dir    string
	cancel context.CancelFunc

	mu       sync.Mutex
	requests int
	at       int  // the request that is the last one; 0 is none
	answered bool // it is carried out, but its answer is never seen
	left     map[string]string
}

func (k *killed) RoundTrip(r *http.Request) (*http.Response, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.left != nil {
		return nil, errors.New("killed")
	}
	k.requests++
	if k.requests != k.at {
		return k.srv.Transport().RoundTrip(r)
	}
	if k.answered {
		answer, err := k.srv.Transport().RoundTrip(r)
		require.NoError(k.t, err)
		_ = answer.Body.Close()
	}
	k.left = demotest.Files(k.t, k.dir)
	k.cancel()
	return nil, errors.New("killed")
}

// runKilled runs the example until its at'th request, and says whether it came
// so far. What it did afterwards, to tidy up, is undone.
func runKilled(t *testing.T, srv *tidtest.Server, dir string, at int, answered bool) bool {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	k := &killed{t: t, srv: srv, dir: dir, cancel: cancel, at: at, answered: answered}
	demotest.Through(t, k)
	got := demotest.Run(ctx, run, "-mark", "-dir", dir)
	if k.left == nil {
		require.Zero(t, got.Code, "%+v", got)
		return false
	}
	require.NotZero(t, got.Code)
	for name := range demotest.Files(t, dir) {
		require.NotContains(t, name, ".part", "an interrupted run tidies up")
		require.NoError(t, os.Remove(filepath.Join(dir, name)))
	}
	for name, content := range k.left {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	return true
}

func TestKilledAtEveryRequest(t *testing.T) {
	for _, answered := range []bool{false, true} {
		for at := 1; ; at++ {
			srv := account(t, 3)
			dir := t.TempDir()
			wasKilled := runKilled(t, srv, dir, at, answered)
			if wasKilled {
				require.False(t, runKilled(t, srv, dir, 0, false))
			}
			check(t, srv, dir)
			if !wasKilled {
				assert.Greater(t, at, 2+3*3, "it was killed at every one")
				break
			}
		}
	}
}

func TestKilledAgainAndAgain(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			srv := account(t, 1+random.IntN(120), tidtest.WithLog(100_000))
			dir := t.TempDir()
			for range 12 {
				runKilled(t, srv, dir, 1+random.IntN(80), random.IntN(2) == 0)
				if random.IntN(3) == 0 {
					srv.Invoices.Put(newInvoice("4538.44"))
				}
			}
			runKilled(t, srv, dir, 0, false)
			check(t, srv, dir)
		})
	}
}

// A server that fails, and a connection that breaks, at any request.
func TestFaultAtEveryRequest(t *testing.T) {
	effects := map[string]tidtest.Effect{
		"unavailable": tidtest.Answer(http.StatusServiceUnavailable, ""), "carried out all the same": tidtest.AnswerAfter(http.StatusBadGateway, ""),
		"drop before": tidtest.DropBefore(), "drop after": tidtest.DropAfter(), "cut": tidtest.CutBody(3), "not found": tidtest.Answer(http.StatusNotFound, ""),
		"token dies": tidtest.KillToken(), "too many": tidtest.TooMany(time.Second), "refused": tidtest.Refuse(),
	}
	for name, effect := range effects {
		t.Run(name, func(t *testing.T) {
			for skip := 0; ; skip++ {
				srv := account(t, 2)
				dir := t.TempDir()
				fault := srv.Inject(tidtest.Fault{Skip: skip, Effect: effect})
				synctest.Test(t, func(t *testing.T) { // in which the backoff before retries takes no time
					got := demotest.Run(t.Context(), run, "-mark", "-dir", dir)
					require.LessOrEqual(t, got.Code, 1)
					srv.ClearFaults()
					again := demotest.Run(t.Context(), run, "-mark", "-dir", dir)
					require.Zero(t, again.Code, "%d: %+v, then %+v", skip, got, again)
				})
				check(t, srv, dir)
				if fault.Hits() == 0 {
					break
				}
			}
		})
	}
}

func TestKilledBetweenRequests(t *testing.T) {
	t.Run("while writing", func(t *testing.T) {
		srv := account(t, 2)
		dir := t.TempDir()
		part := filepath.Join(dir, ".invoices.unfinished.1.part")
		require.NoError(t, os.WriteFile(part, []byte("invoice,invo"), 0o600))
		require.Zero(t, demotest.Run(t.Context(), run, "-mark", "-dir", dir).Code)
		require.NoError(t, os.Remove(part))
		check(t, srv, dir)
	})
	t.Run("a dry run looks, and leaves the rest to be done", func(t *testing.T) {
		srv := account(t, 2)
		dir := t.TempDir()
		require.True(t, runKilled(t, srv, dir, 2+2+3, false))
		fresh := srv.Invoices.Put(newInvoice("4538.44"))
		demotest.Through(t, srv.Transport())
		before := demotest.Files(t, dir)
		got := demotest.Run(t.Context(), run, "-dir", dir)
		require.Zero(t, got.Code)
		assert.Contains(t, got.Stdout, "An earlier run exported 2 invoices and did not mark them all: -mark will.\n")
		assert.Contains(t, got.Stdout, fmt.Sprint(fresh))
		assert.NotContains(t, got.Stdout, fmt.Sprint(fresh-1))
		assert.Equal(t, before, demotest.Files(t, dir))
	})
}

func TestInterrupted(t *testing.T) {
	for name, c := range map[string]struct {
		method string
		at     int
		left   []string
	}{
		"before the token":         {"POST", 1, nil},
		"while reading the list":   {"GET", 1, nil},
		"while reading an invoice": {"GET", 3, nil},
		"while marking":            {"PATCH", 2, []string{"invoices.unfinished"}},
	} {
		t.Run(name, func(t *testing.T) {
			srv := account(t, 3)
			dir := t.TempDir()
			got := demotest.Run(demotest.CancelAt(t, srv, c.method, c.at), run, "-mark", "-dir", dir)
			assert.Equal(t, 1, got.Code)
			assert.Regexp(t, `^\S+: interrupted\n$`, got.Stderr)
			var left []string
			for name := range demotest.Files(t, dir) {
				left = append(left, name)
			}
			assert.Equal(t, c.left, left)
			demotest.Through(t, srv.Transport())
			require.Zero(t, demotest.Run(t.Context(), run, "-mark", "-dir", dir).Code)
			check(t, srv, dir)
		})
	}
}

func TestNotMarkedUnlessAsExported(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, srv *tidtest.Server, id int64, dir string){
		"the invoice has changed": func(_ *testing.T, srv *tidtest.Server, id int64, _ string) {
			srv.Invoices.Update(id, func(i *tid.Invoice) { i.Sum = dec("1") })
		},
		"a row has changed": func(_ *testing.T, srv *tidtest.Server, id int64, _ string) {
			srv.Invoices.Update(id, func(i *tid.Invoice) { i.Rows[1].Value = dec("8") })
		},
		"the invoice is gone": func(_ *testing.T, srv *tidtest.Server, id int64, _ string) { srv.Invoices.Delete(id) },
		"the account is another one": func(t *testing.T, _ *tidtest.Server, id int64, _ string) {
			other := demotest.Server(t)
			invoice := newInvoice("4538.44")
			invoice.ID, invoice.Customer = id, &tid.Ref{ID: 8, Name: "Ömsinge Hotell AB"}
			other.Invoices.Put(invoice)
		},
		"the account is empty": func(t *testing.T, _ *tidtest.Server, _ int64, _ string) { demotest.Server(t) },
		"the file is cut": func(t *testing.T, _ *tidtest.Server, _ int64, dir string) {
			require.NoError(t, os.WriteFile(unfinishedName(dir), []byte("invoice"), 0o600))
		},
		"the file is empty": func(t *testing.T, _ *tidtest.Server, _ int64, dir string) {
			require.NoError(t, os.WriteFile(unfinishedName(dir), nil, 0o600))
		},
		"the file is something else": func(t *testing.T, _ *tidtest.Server, _ int64, dir string) {
			text := strings.Join(header, ",") + "\nx,,,,,,,,,,,,\n"
			require.NoError(t, os.WriteFile(unfinishedName(dir), []byte(text), 0o600))
		},
		"the finished file is there": func(t *testing.T, _ *tidtest.Server, id int64, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("invoices-%d-%d.csv", id, id)), nil, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv := account(t, 1)
			dir := t.TempDir()
			require.True(t, runKilled(t, srv, dir, 5, false)) // token, list, invoice, invoice again, mark
			demotest.Through(t, srv.Transport())
			id := srv.Invoices.All()[1].ID
			change(t, srv, id, dir)
			before := demotest.Files(t, dir)
			require.Contains(t, before, "invoices.unfinished")
			got := demotest.Run(t.Context(), run, "-mark", "-dir", dir)
			assert.Equal(t, 1, got.Code)
			assert.Regexp(t, `^\S+: [^\n]+\n$`, got.Stderr)
			assert.Equal(t, before, demotest.Files(t, dir), "nothing is thrown away")
			if invoice, ok := srv.Invoices.Get(id); ok {
				assert.False(t, invoice.IsSent())
			}
		})
	}
}

func TestNeverExportsAgain(t *testing.T) {
	srv := account(t, 2)
	dir := t.TempDir()
	require.Zero(t, demotest.Run(t.Context(), run, "-mark", "-dir", dir).Code)
	before := demotest.Files(t, dir)
	for _, invoice := range srv.Invoices.All() {
		srv.Invoices.Update(invoice.ID, func(i *tid.Invoice) { i.SentToEconomySystem = tid.Date{} })
	}
	srv.Invoices.Delete(srv.Invoices.All()[0].ID)
	got := demotest.Run(t.Context(), run, "-mark", "-dir", dir)
	assert.Equal(t, 1, got.Code)
	assert.Contains(t, got.Stderr, "is there already, with invoices that the account calls unsent")
	assert.Equal(t, before, demotest.Files(t, dir))
}

// What others do between the list and the invoice itself.
func TestMeanwhile(t *testing.T) {
	for name, change := range map[string]func(*tidtest.Server, int64){
		"sent": func(srv *tidtest.Server, id int64) {
			srv.Invoices.Update(id, func(i *tid.Invoice) { i.SentToEconomySystem = tid.NewDate(2026, 10, 8) })
		},
		"deleted": func(srv *tidtest.Server, id int64) { srv.Invoices.Delete(id) },
	} {
		t.Run(name, func(t *testing.T) {
			srv := account(t, 2)
			id := srv.Invoices.All()[1].ID
			listed := false
			demotest.Through(t, demotest.Transport(func(r *http.Request) (*http.Response, error) {
				answer, err := srv.Transport().RoundTrip(r)
				if strings.HasSuffix(r.URL.Path, "/Invoices") && !listed {
					listed = true
					change(srv, id)
				}
				return answer, err
			}))
			dir := t.TempDir()
			got := demotest.Run(t.Context(), run, "-mark", "-dir", dir)
			require.Zero(t, got.Code, "%+v", got)
			assert.Contains(t, got.Stdout, fmt.Sprintf("invoices-%d-%d.csv: 1 invoices, 1 of them marked now.", id+1, id+1))
		})
	}
}

func TestUsage(t *testing.T) {
	demotest.Help(t, run, 1, "-mark", "-dry-run", "-dir directory", "-since day")
	for says, args := range map[string][]string{
		"give either -dry-run or -mark": {"-mark", "-dry-run"},
		`-since: "x" is not a date`:     {"-since", "x"},
		"no such file or directory":     {"-mark", "-dir", filepath.Join(t.TempDir(), "no")},
		"not a directory":               {"-mark", "-dir", "main.go"},
	} {
		t.Run(says, func(t *testing.T) {
			srv := account(t, 1)
			got := demotest.Run(t.Context(), run, args...)
			assert.Equal(t, 1, got.Code)
			assert.Contains(t, got.Stderr, says)
			assert.Empty(t, srv.Requests())
		})
	}
}

func TestFailures(t *testing.T) {
	dir := t.TempDir()
	demotest.Fail(t, run, 1, "-mark", "-dir", dir)
	assert.Empty(t, demotest.Files(t, dir))
}

func TestMadeUpCompany(t *testing.T) {
	demotest.NoAccount(t)
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		got := demotest.Run(t.Context(), run, "-mark", "-dir", dir)
		require.Zero(t, got.Code, "%+v", got)
		assert.Regexp(t, `^No VISMATID_ variables are set: [^\n]+\nCustomer `, got.Stdout)
		assert.Len(t, demotest.Files(t, dir), 1)
		assert.Empty(t, got.Stderr, "the invoices of the made-up company add up")
	})
}
