package mirror

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

var schedules = flag.Int("schedules", 50, "random `schedules` of changes, faults and kills on SQLite; on PostgreSQL a twentieth, but fifty if there are as many")

// TestAfterAnyScheduleOfChangesFaultsAndKillsTheMirrorEqualsTheAccount lets others change
// and delete objects between runs and within them, makes requests fail, and ends runs at
// any request: by their context, and as kill -9 does, by going on with the files as they
// are at that moment.
func TestAfterAnyScheduleOfChangesFaultsAndKillsTheMirrorEqualsTheAccount(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		n := *schedules
		if testing.Short() {
			n = min(n, 4)
		}
		if d == Postgres {
			n = min(n, max(50, n/20))
		}
		company := tidtest.Sample(3, 2)
		for seed := range n {
			database := emptyDatabase(t, d)
			synctest.Test(t, func(t *testing.T) { // the clock stands still while nothing waits
				schedule(t, database, d, company, uint64(seed))
			})
			if t.Failed() {
				t.Fatalf("the schedule %d", seed)
			}
		}
	})
}

func schedule(t *testing.T, database string, d Dialect, company *tidtest.Company, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	a := &account{rnd: rnd}
	kill := -1 // the request at which the run ends
	hard := false
	var end context.CancelFunc
	files := 0
	var mu sync.Mutex // details are requested several at a time
	srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithCompany(company), tidtest.WithSeed(seed), tidtest.WithBeforeRequest(func(srv *tidtest.Server, _ tidtest.Request) {
		mu.Lock()
		defer mu.Unlock()
		if rnd.IntN(20) == 0 {
			a.change(srv)
		}
		if kill--; kill == 0 {
			if hard {
				files++
				database = snapshot(t, database, files)
			}
			end()
		}
	}))
	a.srv = srv
	for range seed % 5 * 100 { // pages of tasks
		srv.Tasks.Put(tid.Task{Title: "Ring kunden"})
	}
	client := srv.Client(tid.WithReadAhead(1))
	m := open(t, database)
	for range 2 + rnd.IntN(4) {
		for range rnd.IntN(6) {
			a.change(srv)
		}
		for range rnd.IntN(3) {
			effects := []tidtest.Effect{tidtest.Answer(503, ""), tidtest.Answer(500, "down"), tidtest.DropBefore(), tidtest.DropAfter(), tidtest.CutBody(40), tidtest.TooMany(2 * time.Second), tidtest.KillToken(), tidtest.Answer(403, "")}
			srv.Inject(tidtest.Fault{Operation: "GET", Skip: rnd.IntN(60), Times: 1 + rnd.IntN(8), Effect: effects[rnd.IntN(len(effects))]})
		}
		ctx, cancel := context.WithCancel(t.Context())
		kill, hard, end = -1, d == SQLite && rnd.IntN(2) == 0, cancel
		if rnd.IntN(2) == 0 {
			kill = 1 + rnd.IntN(80)
		}
		killed := kill
		report, err := m.Sync(ctx, client, Options{Account: "acme"})
		cancel()
		if err != nil {
			require.NotNil(t, report, "%v", err)
		}
		if killed > 0 && kill <= 0 { // the process is gone
			require.NoError(t, m.Close())
			m = open(t, database)
			time.Sleep(leaseTime + time.Second)
		}
		time.Sleep(time.Duration(rnd.IntN(100)) * time.Minute)
	}
	srv.ClearFaults()
	kill = -1
	a.quiet = true
	runs, whole := 3, rnd.IntN(2) == 0 // a row that was created while a list was read hides a deleted one until the next run
	if !whole {
		runs += pages(srv.Tasks.Len()) // of the lists that are not followed the longest
	}
	for range runs {
		_, err := m.Sync(t.Context(), client, Options{Account: "acme", Whole: whole})
		require.NoError(t, err)
	}
	requireEqual(t, m, srv, "acme")
	require.NoError(t, m.Close())
}

// snapshot copies the files of a database as they are, which a killed process leaves.
func snapshot(t *testing.T, database string, n int) string {
	from := strings.TrimPrefix(database, "sqlite:")
	to := fmt.Sprintf("%s.%d", from, n)
	for _, suffix := range []string{"", "-wal"} {
		in, err := os.Open(from + suffix)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		require.NoError(t, err)
		out, err := os.Create(to + suffix)
		require.NoError(t, err)
		_, err = io.Copy(out, in)
		require.NoError(t, errors.Join(err, in.Close(), out.Close()))
	}
	return "sqlite:" + to
}

// account changes the objects of an account, as its users do.
type account struct {
	srv   *tidtest.Server
	rnd   *rand.Rand
	quiet bool
	own   struct{ contacts, projects []int64 } // that nothing refers to
}

func pick[T any](rnd *rand.Rand, all []T) T { return all[rnd.IntN(len(all))] }

func (a *account) change(srv *tidtest.Server) {
	if a.quiet {
		return
	}
	rnd := a.rnd
	cents := func() tid.Decimal { return tid.NewDecimal(int64(rnd.IntN(1_000_000)), -2) }
	switch rnd.IntN(18) {
	case 0:
		report := pick(rnd, srv.TimeReports.All())
		report.ID, report.CreatedDate, report.UpdatedDate = 0, tid.DateTime{}, tid.DateTime{}
		srv.TimeReports.Put(report)
	case 1:
		srv.TimeReports.Update(pick(rnd, srv.TimeReports.All()).ID, func(r *tid.TimeReport) { r.Hours = cents() })
	case 2, 3:
		if all := srv.TimeReports.All(); len(all) > 5 {
			srv.TimeReports.Delete(pick(rnd, all).ID)
		}
	case 4:
		kind := tid.ContactCompany
		if rnd.IntN(2) == 0 {
			kind = tid.ContactPerson
		}
		a.own.contacts = append(a.own.contacts, srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{Name: "Ny kund", ContactType: kind}}))
	case 5:
		srv.Contacts.Update(pick(rnd, srv.Contacts.All()).ID, func(c *tid.Contact) { c.Email = fmt.Sprintf("%d@example.com", rnd.IntN(1000)) })
	case 6:
		if n := len(a.own.contacts); n > 0 {
			srv.Contacts.Delete(a.own.contacts[n-1])
			a.own.contacts = a.own.contacts[:n-1]
		}
	case 7:
		a.own.projects = append(a.own.projects, srv.Projects.Put(tid.Project{ProjectSummary: tid.ProjectSummary{Title: "Nytt projekt"}}))
	case 8:
		srv.Projects.Update(pick(rnd, srv.Projects.All()).ID, func(p *tid.Project) { p.InvoiceText = fmt.Sprint(rnd.IntN(1000)) })
	case 9:
		if n := len(a.own.projects); n > 0 {
			srv.Projects.Delete(a.own.projects[n-1])
			a.own.projects = a.own.projects[:n-1]
		}
	case 10:
		srv.Invoices.Update(pick(rnd, srv.Invoices.All()).ID, func(i *tid.Invoice) { i.SentToEconomySystem = tid.NewDate(2026, 11, 1+rnd.IntN(28)) })
	case 11:
		srv.Tasks.Update(pick(rnd, srv.Tasks.All()).ID, func(t *tid.Task) { t.Description = fmt.Sprint(rnd.IntN(1000)) })
	case 12:
		srv.Offers.Put(tid.Offer{Title: "Ny offert", OfferValue: cents()})
	case 13:
		if all := srv.Offers.All(); len(all) > 1 {
			srv.Offers.Delete(all[len(all)-1].ID)
		}
	case 14:
		srv.Logs.Put(tid.Log{Text: "Något hände"})
	case 16:
		srv.Tasks.Put(tid.Task{Title: "Ny uppgift"})
	case 17:
		if all := srv.Tasks.All(); len(all) > 5 {
			srv.Tasks.Delete(pick(rnd, all).ID)
		}
	case 15:
		if all := srv.MaterialReports.All(); len(all) > 1 {
			srv.MaterialReports.Delete(pick(rnd, all).ID)
		}
	}
}
