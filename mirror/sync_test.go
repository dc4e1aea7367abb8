package mirror

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// value is the one value of a query.
func value(t testing.TB, m *Mirror, query string) string {
	t.Helper()
	var text sql.NullString
	require.NoError(t, m.db.QueryRow(query).Scan(&text), query)
	return text.String
}

func reportOf(t testing.TB, report *Report, table string) ListReport {
	t.Helper()
	for _, l := range report.Lists {
		if l.Table == table {
			return l
		}
	}
	t.Fatalf("the report has no %s", table)
	return ListReport{}
}

func TestOnlyWhatHasChangedIsWritten(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		srv, client := company(t)
		m := newMirror(t, d)
		syncAll(t, m, client)
		project, invoice := srv.Projects.All()[0].ID, srv.Invoices.All()[0].ID
		srv.Projects.Update(project, func(p *tid.Project) { p.InvoiceText = "Märk: 17" })
		srv.Invoices.Update(invoice, func(i *tid.Invoice) { i.SentToEconomySystem = tid.NewDate(2026, 11, 27) })
		srv.TimeReports.Put(tid.TimeReport{User: &tid.Ref{ID: srv.Users.All()[0].ID}, Hours: tid.MustDecimal("7.5"), Date: tid.NewDate(2026, 11, 27)})

		report := syncAll(t, m, client)
		requireEqual(t, m, srv, "acme")
		for _, l := range report.Lists {
			switch l.Table {
			case "projects":
				assert.Equal(t, 1, l.Written, l.Table)
				assert.Equal(t, 2, l.Requests, "the list and one detail")
			case "invoices", "time_reports":
				assert.Equal(t, 1, l.Written, l.Table)
			default:
				assert.Zero(t, l.Written, l.Table)
			}
		}
	})
}

func TestDeletedRowsStayAndAreMarked(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		srv, client := company(t)
		m := newMirror(t, d)
		contact := srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{Name: "Ny kund", ContactType: tid.ContactCompany}})
		project := srv.Projects.Put(tid.Project{ProjectSummary: tid.ProjectSummary{Title: "Nytt projekt"}})
		task := srv.Tasks.Put(tid.Task{Title: "Ring kunden"})
		offer := srv.Offers.Put(tid.Offer{Title: "Offert"})
		log := srv.Logs.Put(tid.Log{Text: "Något hände"})
		syncAll(t, m, client)

		report, material := srv.TimeReports.All()[3].ID, srv.MaterialReports.All()[1].ID
		require.True(t, srv.TimeReports.Delete(report))
		require.True(t, srv.MaterialReports.Delete(material))
		require.True(t, srv.Contacts.Delete(contact))
		require.True(t, srv.Projects.Delete(project))
		require.True(t, srv.Tasks.Delete(task))
		require.True(t, srv.Offers.Delete(offer))
		require.True(t, srv.Logs.Delete(log))
		did := syncAll(t, m, client)
		requireEqual(t, m, srv, "acme")
		for _, table := range []string{"time_reports", "material_reports", "contacts", "projects", "tasks", "offers", "logs"} {
			assert.Equal(t, 1, reportOf(t, did, table).Deleted, table)
			assert.Equal(t, "1", value(t, m, "SELECT count(*) FROM "+table+" WHERE deleted_at IS NOT NULL"), table)
		}
		for _, l := range syncAll(t, m, client).Lists {
			assert.Zero(t, l.Deleted, "%s: found once", l.Table)
		}
	})
}

func TestARowThatComesBackIsNotMarkedAsDeletedAnyMore(t *testing.T) {
	srv, client := company(t)
	m := newMirror(t, SQLite)
	syncAll(t, m, client)
	task, offer := srv.Tasks.All()[0], srv.Offers.All()[0]
	for _, deleted := range []bool{true, false} {
		if deleted {
			srv.Tasks.Delete(task.ID)
			srv.Offers.Delete(offer.ID)
		} else {
			srv.Tasks.Put(task)
			srv.Offers.Put(offer) // with its old stamps: it is not among the changes
		}
		syncAll(t, m, client)
		syncAll(t, m, client) // that there are more rows than are known counts when it is seen twice
		requireEqual(t, m, srv, "acme")
	}
}

// Rows come back, or into view of an application with a new permission, with the stamps that
// they had: they are not among the changes.
func TestRowsWithOldStampsShowAfterTwoRuns(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		srv, client := company(t)
		contact := srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{Name: "Ny kund", ContactType: tid.ContactCompany}})
		project := srv.Projects.Put(tid.Project{ProjectSummary: tid.ProjectSummary{Title: "Nytt projekt"}})
		srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{Name: "Den nyaste", ContactType: tid.ContactCompany}})
		srv.Projects.Put(tid.Project{ProjectSummary: tid.ProjectSummary{Title: "Det nyaste"}})
		m := newMirror(t, d)
		syncAll(t, m, client)
		contacts, projects, reports, materials := srv.Contacts.All(), srv.Projects.All(), srv.TimeReports.All(), srv.MaterialReports.All()
		srv.Contacts.Delete(contact)
		srv.Projects.Delete(project)
		srv.TimeReports.Delete(reports[0].ID)
		srv.MaterialReports.Delete(materials[0].ID)
		syncAll(t, m, client)
		requireEqual(t, m, srv, "acme")

		srv.Contacts.PutAll(contacts)
		srv.Projects.PutAll(projects)
		srv.TimeReports.PutAll(reports)
		srv.MaterialReports.PutAll(materials)
		offer, report := srv.Offers.All()[0], reports[1]
		offer.ID, report.ID = 1_000_000, 1_000_000
		srv.Offers.Put(offer)
		srv.TimeReports.Put(report)
		syncAll(t, m, client)
		syncAll(t, m, client) // that there are more rows than are known counts when it is seen twice
		requireEqual(t, m, srv, "acme")
		for _, l := range syncAll(t, m, client).Lists {
			assert.LessOrEqual(t, l.Requests, 2, "%s: found once", l.Table)
		}
	})
}

func TestWholeShowsRowsWithOldStampsAtOnce(t *testing.T) {
	srv, m, run := manyTasks(t, SQLite)
	project, report := srv.Projects.All()[0], srv.TimeReports.All()[0]
	project.ID, report.ID = 1_000_000, 1_000_000
	srv.Projects.Put(project)
	srv.TimeReports.Put(report)
	assert.Equal(t, 1, reportOf(t, run(true), "time_reports").Written)
	requireEqual(t, m, srv, "acme")
}

// TestARowThatIsDeletedAfterItWasReadIsFoundByTheNextRun deletes a row of the first page
// while the second one is read, once with a new row in its place.
func TestARowThatIsDeletedAfterItWasReadIsFoundByTheNextRun(t *testing.T) {
	for _, replaced := range []bool{false, true} {
		at, pages := time.Unix(1_795_780_800, 0), -1
		var second func()
		srv, _ := company(t, tidtest.WithClock(func() time.Time { at = at.Add(time.Second); return at }), tidtest.WithBeforeRequest(func(*tidtest.Server, tidtest.Request) {
			if pages--; pages == 0 {
				second()
			}
		}))
		client := srv.Client(tid.WithLimiter(nil), tid.WithReadAhead(0))
		for range 450 {
			srv.Tasks.Put(tid.Task{Title: "Ring kunden"})
			srv.Offers.Put(tid.Offer{Title: "Offert"})
		}
		for _, list := range []string{"tasks", "offers"} {
			m := newMirror(t, SQLite)
			run := func(whole bool) ListReport {
				report, err := m.Sync(t.Context(), client, Options{Account: "acme", Only: []string{list}, Whole: whole})
				require.NoError(t, err)
				return report.Lists[0]
			}
			run(false)
			run(false)
			deleted := "0"
			second = func() {
				if list == "tasks" {
					deleted = fmt.Sprint(srv.Tasks.All()[1].ID)
					srv.Tasks.Delete(srv.Tasks.All()[1].ID)
				} else {
					deleted = fmt.Sprint(srv.Offers.All()[1].ID)
					srv.Offers.Delete(srv.Offers.All()[1].ID)
				}
				if replaced {
					srv.Tasks.Put(tid.Task{Title: "Fakturera"})
					srv.Offers.Put(tid.Offer{Title: "Ny offert"})
				}
			}
			pages = 2
			if list == "offers" { // after the request for the changes
				pages = 3
			}
			run(true)
			require.Negative(t, pages)
			run(false)
			run(false)
			want := srv.Tasks.Len()
			if list == "offers" {
				want = srv.Offers.Len()
			}
			assert.Equal(t, fmt.Sprint(want), value(t, m, "SELECT count(*) FROM "+list+" WHERE deleted_at IS NULL"), list)
			assert.Equal(t, deleted, value(t, m, "SELECT min(id) FROM "+list+" WHERE deleted_at IS NOT NULL"), list)
		}
	}
}

func TestOfTheLogOnlyWhatIsNewIsRead(t *testing.T) {
	at := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	srv, _ := company(t, tidtest.WithClock(func() time.Time { return at }))
	client := srv.Client(tid.WithLimiter(nil), tid.WithReadAhead(0))
	m := newMirror(t, SQLite)
	for range 1000 {
		srv.Logs.Put(tid.Log{Text: "Något hände"})
	}
	only := Options{Account: "acme", Only: []string{"logs"}}
	logs := func() ListReport {
		report, err := m.Sync(t.Context(), client, only)
		require.NoError(t, err)
		same(t, listNamed(t, "logs").table, expected(t, listNamed(t, "logs").table, srv.Logs.All())["logs"], held(t, m, listNamed(t, "logs").table, "acme"))
		return report.Lists[0]
	}
	assert.Equal(t, srv.Logs.Len(), logs().Written)
	assert.Equal(t, 1, logs().Requests, "nothing is new")
	at = at.Add(time.Minute)
	for range 3 {
		srv.Logs.Put(tid.Log{Text: "Något hände igen"})
	}
	report := logs()
	assert.Equal(t, 3, report.Written)
	assert.Equal(t, 2, report.Requests, "the first page, and one that ends with a hundred known rows")
	srv.Logs.Delete(srv.Logs.All()[10].ID)
	assert.Equal(t, 1, logs().Deleted)
}

// manyTasks is an account with 550 tasks and users, and its mirror.
func manyTasks(t *testing.T, d Dialect) (*tidtest.Server, *Mirror, func(whole bool) *Report) {
	var second atomic.Int64
	srv, client := company(t, tidtest.WithClock(func() time.Time { return time.Unix(1_795_780_800+second.Add(1), 0) }))
	for srv.Tasks.Len() < 550 {
		srv.Tasks.Put(tid.Task{Title: "Ring kunden"})
	}
	for srv.Users.Len() < 550 {
		srv.Users.Put(tid.User{UserSummary: tid.UserSummary{FirstName: "Ny"}})
	}
	m := newMirror(t, d)
	syncAll(t, m, client)
	return srv, m, func(whole bool) *Report {
		report, err := m.Sync(t.Context(), client, Options{Account: "acme", Whole: whole})
		require.NoError(t, err)
		return report
	}
}

func TestAChangeOfAnOldRowShowsAfterAsManyRunsAsTheListHasPages(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		srv, m, run := manyTasks(t, d)
		rnd := rand.New(rand.NewPCG(1, 1))
		for range 3 {
			for range 20 {
				srv.Tasks.Update(pick(rnd, srv.Tasks.All()).ID, func(t *tid.Task) { t.Description = fmt.Sprint(rnd.Int()) })
				srv.Users.Update(pick(rnd, srv.Users.All()).ID, func(u *tid.User) { u.EmployeeNumber = fmt.Sprint(rnd.Int()) })
			}
			for range 6 {
				report := run(false)
				assert.LessOrEqual(t, reportOf(t, report, "tasks").Requests, 2)
				assert.Zero(t, reportOf(t, report, "tasks").Deleted+reportOf(t, report, "users").Deleted)
			}
			requireEqual(t, m, srv, "acme")
		}
	})
}

func TestWholeShowsEveryChangeAtOnce(t *testing.T) {
	srv, m, run := manyTasks(t, SQLite)
	for _, task := range srv.Tasks.All() {
		srv.Tasks.Update(task.ID, func(t *tid.Task) { t.Description = "Före fredag" })
	}
	assert.Equal(t, srv.Tasks.Len(), reportOf(t, run(true), "tasks").Written)
	requireEqual(t, m, srv, "acme")
}

// TestADeletedRowThatIsHiddenByANewOneIsFoundByWhole deletes a row and makes another that
// the list does not show as new: the API counts as many rows as the mirror has.
func TestADeletedRowThatIsHiddenByANewOneIsFoundByWhole(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		srv, m, run := manyTasks(t, d)
		offer := srv.Offers.All()[0]
		srv.Offers.Delete(offer.ID)
		offer.ID = 1_000_000
		srv.Offers.Put(offer) // with its old stamps: it is not among the changes
		assert.Zero(t, reportOf(t, run(false), "offers").Deleted)
		assert.Equal(t, 1, reportOf(t, run(true), "offers").Deleted)
		assert.Equal(t, "1", value(t, m, "SELECT count(*) FROM offers WHERE deleted_at IS NOT NULL"))
	})
}

func TestNewAndDeletedRowsOfAListThatIsNotFollowedShowAtOnce(t *testing.T) {
	srv, m, run := manyTasks(t, SQLite)
	for range 250 {
		srv.Tasks.Put(tid.Task{Title: "Fakturera"})
		srv.Users.Put(tid.User{UserSummary: tid.UserSummary{FirstName: "Ännu en"}})
	}
	assert.Equal(t, 250, reportOf(t, run(false), "tasks").Written)
	requireEqual(t, m, srv, "acme")
	srv.Tasks.Delete(srv.Tasks.All()[300].ID)
	srv.Users.Delete(srv.Users.All()[300].ID)
	srv.Tasks.Put(tid.Task{Title: "Fakturera"}) // there are as many as before
	report := run(false)
	assert.Equal(t, 1, reportOf(t, report, "tasks").Deleted)
	assert.Equal(t, 1, reportOf(t, report, "users").Deleted)
	requireEqual(t, m, srv, "acme")
}

func TestAListThatMayNotBeReadIsSkippedAndTold(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		srv, client := company(t)
		m := newMirror(t, d)
		srv.Inject(tidtest.Fault{Operation: "GET /v1/Core/Invoices", Share: 1, Effect: tidtest.Answer(403, "")})
		report, err := m.Sync(t.Context(), client, Options{Account: "acme"})
		require.ErrorIs(t, err, tid.ErrForbidden)
		assert.ErrorContains(t, err, "invoices")
		require.Len(t, report.Lists, len(lists))
		for _, l := range report.Lists {
			assert.Equal(t, l.Table == "invoices", l.Skipped, l.Table)
			assert.Equal(t, l.Table == "invoices", l.Error != "", l.Table)
		}
		assert.NotEqual(t, "0", value(t, m, "SELECT count(*) FROM logs"), "the list after it was read")
		srv.ClearFaults()
		syncAll(t, m, client)
		requireEqual(t, m, srv, "acme")
	})
}

func TestWhatHasNoColumnStandsInRaw(t *testing.T) {
	srv, client := company(t)
	srv.AddProperties("v1/Core/Contacts", "creditLimit")
	id := srv.PutJSON("v1/Core/Contacts", `{"name":"Ny kund","contactType":"company","creditLimit":12345.60}`)
	m := newMirror(t, SQLite)
	syncAll(t, m, client)
	var raw string
	require.NoError(t, m.db.QueryRow("SELECT raw FROM contacts WHERE id = ?", id).Scan(&raw))
	assert.Contains(t, raw, `"creditLimit":12345.6`)
}

func TestTextsOfAnyKindAreHeld(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		srv, client := company(t)
		odd := "Å'\"; DROP TABLE contacts; -- 😀\n\t\\u0000"
		id := srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{Name: odd, ContactType: tid.ContactPerson}})
		nul := srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{Name: "a\x00b", ContactType: tid.ContactPerson}})
		m := newMirror(t, d)
		syncAll(t, m, client)
		assert.Equal(t, odd, value(t, m, fmt.Sprintf("SELECT name FROM contacts WHERE id = %d", id)))
		want := "a\x00b"
		if d == Postgres { // which has no NUL
			want = "a\uFFFDb"
		}
		assert.Equal(t, want, value(t, m, fmt.Sprintf("SELECT name FROM contacts WHERE id = %d", nul)))
		srv.Contacts.Delete(id)
		assert.Equal(t, 1, reportOf(t, syncAll(t, m, client), "contacts").Deleted)
	})
}

// escapes puts a text of escapes into the comments of what is answered.
type escapes struct{ next http.RoundTripper }

func (e escapes) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := e.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	body = bytes.ReplaceAll(body, []byte(`"escapes"`), []byte(`"\u0000 \\u0000 \\\ud83d \ud83d\ude00 \udc00 \\"`))
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, errors.Join(err, resp.Body.Close())
}

func TestDeletedRowsAreFoundBesideTextsWithEveryEscape(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		srv, _ := company(t)
		client := srv.Client(tid.WithLimiter(nil), tid.WithTransport(func(next http.RoundTripper) http.RoundTripper { return escapes{next} }))
		odd, deleted := srv.TimeReports.All()[1].ID, srv.TimeReports.All()[0].ID
		srv.TimeReports.Update(odd, func(r *tid.TimeReport) { r.Comment = "escapes" })
		m := newMirror(t, d)
		syncAll(t, m, client)
		assert.Contains(t, value(t, m, fmt.Sprintf("SELECT raw FROM time_reports WHERE id = %d", odd)), `\\\ud83d`)
		srv.TimeReports.Delete(deleted)
		assert.Equal(t, 1, reportOf(t, syncAll(t, m, client), "time_reports").Deleted)
		assert.Equal(t, fmt.Sprint(deleted), value(t, m, "SELECT max(id) FROM time_reports WHERE deleted_at IS NOT NULL"))
	})
}

func TestAnAccountWithoutANameThatTheDatabaseCanHoldIsRefused(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		srv, client := company(t)
		m := newMirror(t, d)
		for _, name := range []string{"", "a\x00b", "a\xffb"} {
			opts := Options{Account: name}
			_, err := m.Sync(t.Context(), client, opts)
			assert.ErrorContains(t, err, "must name the account")
			_, err = m.Plan(t.Context(), client, opts)
			assert.ErrorContains(t, err, "must name the account")
			_, _, err = m.Age(t.Context(), opts)
			assert.ErrorContains(t, err, "must name the account")
		}
		assert.Empty(t, srv.Requests())
		_, err := m.Sync(t.Context(), client, Options{Account: `o'brien "Ö" \ %`, Only: []string{"time_codes"}})
		require.NoError(t, err)
	})
}

func TestAValueThatDoesNotFitIsAnErrorThatNamesIt(t *testing.T) {
	srv, client := company(t)
	id := srv.SupplierInvoices.Put(tid.SupplierInvoice{InvoiceNumber: "F 1", TotalAmount: tid.MustDecimal("0.1234567")})
	m := newMirror(t, SQLite)
	report, err := m.Sync(t.Context(), client, Options{Account: "acme"})
	require.ErrorContains(t, err, "supplier_invoices.total_amount of the row with the id")
	require.ErrorContains(t, err, "0.1234567 has more than 6 decimals")
	assert.Equal(t, "0", value(t, m, "SELECT count(*) FROM supplier_invoices"), "nothing of the batch was written")
	assert.Zero(t, reportOf(t, report, "supplier_invoices").Written)
	srv.SupplierInvoices.Update(id, func(i *tid.SupplierInvoice) { i.TotalAmount = tid.MustDecimal("9223372036855") })
	_, err = m.Sync(t.Context(), client, Options{Account: "acme"})
	require.ErrorContains(t, err, "9223372036855 is too large")
	srv.SupplierInvoices.Update(id, func(i *tid.SupplierInvoice) { i.TotalAmount = tid.MustDecimal("-9223372036854.775") })
	syncAll(t, m, client)
	requireEqual(t, m, srv, "acme")
}

func TestAnAccountWithTheCredentialsOfAnotherCompanyIsRefused(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		srv, client := company(t)
		m := newMirror(t, d)
		of := func(company string) Options {
			return Options{Account: "acme", Only: []string{"time-codes"}, Fingerprint: Fingerprint(company)}
		}
		_, err := m.Sync(t.Context(), client, of("ap_1"))
		require.NoError(t, err)
		srv.TimeCodes.Put(tid.TimeCode{Name: "Ny"})
		before := value(t, m, "SELECT count(*) FROM time_codes")
		srv.ResetRequests()
		_, err = m.Sync(t.Context(), client, of("ap_2"))
		require.ErrorIs(t, err, ErrOtherCompany)
		assert.Empty(t, srv.Requests())
		assert.Equal(t, before, value(t, m, "SELECT count(*) FROM time_codes"))
		_, err = m.Sync(t.Context(), client, of("ap_1"))
		require.NoError(t, err)
		other := of("ap_2")
		other.Account = "other"
		_, err = m.Sync(t.Context(), client, other)
		require.NoError(t, err, "another account of the same mirror")
		assert.NotContains(t, value(t, m, "SELECT fingerprint FROM mirror_accounts WHERE account = 'acme'"), "ap_1")
	})
}

func TestACompanyWithANewApplicationIsBoundAgainOnRequest(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		_, client := company(t)
		m := newMirror(t, d)
		run := func(application string, rebind bool) error {
			_, err := m.Sync(t.Context(), client, Options{Account: "acme", Only: []string{"time-codes"}, Fingerprint: Fingerprint(application), Rebind: rebind})
			return err
		}
		require.NoError(t, run("ap_1", false))
		err := run("ap_2", false)
		require.ErrorIs(t, err, ErrOtherCompany)
		require.ErrorContains(t, err, "--rebind")
		_, err = m.Plan(t.Context(), client, Options{Account: "acme", Fingerprint: Fingerprint("ap_2"), Rebind: true})
		require.NoError(t, err)
		require.ErrorIs(t, run("ap_2", false), ErrOtherCompany, "a plan writes nothing")
		require.NoError(t, run("ap_2", true))
		require.NoError(t, run("ap_2", false))
		require.ErrorIs(t, run("ap_1", false), ErrOtherCompany)
		_, err = m.Sync(t.Context(), client, Options{Account: "acme", Only: []string{"time-codes"}, Rebind: true})
		require.NoError(t, err)
		require.ErrorIs(t, run("ap_1", false), ErrOtherCompany, "no fingerprint takes the place of none")
	})
}

func TestAnAccountHasOneWriterAtATime(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		database := emptyDatabase(t, d)
		m, other := open(t, database), open(t, database)
		var tried bool
		srv, client := company(t, tidtest.WithBeforeRequest(func(srv *tidtest.Server, r tidtest.Request) {
			if tried || !strings.Contains(r.Path, "TimeCodes") && !strings.Contains(r.Path, "Timecodes") {
				return
			}
			tried = true
			_, err := other.Sync(context.Background(), srv.Client(), Options{Account: "acme"})
			assert.ErrorIs(t, err, ErrBusy)
			_, err = other.Sync(context.Background(), srv.Client(tid.WithLimiter(nil)), Options{Account: "other", Only: []string{"activities"}})
			assert.NoError(t, err, "another account")
		}))
		_, err := m.Sync(t.Context(), client, Options{Account: "acme", Only: []string{"time_codes"}})
		require.NoError(t, err)
		require.True(t, tried)
		_, err = other.Sync(t.Context(), srv.Client(tid.WithLimiter(nil)), Options{Account: "acme", Only: []string{"time_codes"}})
		require.NoError(t, err, "the account is free after the run")
	})
}

func TestAnAccountIsTakenOverFromAProcessThatDied(t *testing.T) {
	m := newMirror(t, SQLite)
	at := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return at }
	dead, err := m.lease(t.Context(), "acme", clock)
	require.NoError(t, err)
	defer func() { require.NoError(t, dead.release(t.Context())) }()
	at = at.Add(leaseTime - time.Second)
	_, err = m.lease(t.Context(), "acme", clock)
	require.ErrorIs(t, err, ErrBusy)
	at = at.Add(2 * time.Second)
	heir, err := m.lease(t.Context(), "acme", clock)
	require.NoError(t, err)
	defer func() { require.NoError(t, heir.release(t.Context())) }()
	err = dead.write(t.Context(), func(context.Context, *sql.Tx) error { return errors.New("must not be called") })
	require.ErrorIs(t, err, ErrBusy, "the one that was thought dead writes nothing any more")
}

func TestALeaseOfAClockThatWasWrongEndsWithTheClock(t *testing.T) {
	m := newMirror(t, SQLite)
	_, client := company(t)
	held, err := m.lease(t.Context(), "acme", func() time.Time { return time.Now().AddDate(1, 0, 0) })
	require.NoError(t, err)
	held.stop() // the process dies
	<-held.stopped
	_, err = m.Sync(t.Context(), client, Options{Account: "acme", Only: []string{"time_codes"}})
	require.NoError(t, err)
	err = held.write(t.Context(), func(context.Context, *sql.Tx) error { return errors.New("must not be called") })
	require.ErrorIs(t, err, ErrBusy)
}

func TestALeaseEndsWithItsConnectionToPostgreSQL(t *testing.T) {
	database := emptyDatabase(t, Postgres)
	m, other := open(t, database), open(t, database)
	held, err := m.lease(t.Context(), "acme", time.Now)
	require.NoError(t, err)
	_, err = other.lease(t.Context(), "acme", time.Now)
	require.ErrorIs(t, err, ErrBusy)
	var pid int
	require.NoError(t, held.conn.QueryRowContext(t.Context(), "SELECT pg_backend_pid()").Scan(&pid))
	_, err = other.db.Exec("SELECT pg_terminate_backend($1, 5000)", pid)
	require.NoError(t, err)
	heir, err := other.lease(t.Context(), "acme", time.Now)
	require.NoError(t, err)
	require.Error(t, held.write(t.Context(), func(context.Context, *sql.Tx) error { return nil }), "the connection that held the lock is gone")
	require.NoError(t, held.release(t.Context()))
	require.NoError(t, heir.release(t.Context()))
}

func TestADatabaseThatIsNoMirrorIsRefusedAndNotTouched(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		for name, statement := range map[string]string{
			"another program's":      "CREATE TABLE customers (id INTEGER)",
			"a table of our names":   "CREATE TABLE contacts (id INTEGER)",
			"a table of the mirrors": "CREATE TABLE mirror_meta (name TEXT, value TEXT)",
		} {
			database := emptyDatabase(t, d)
			m, err := connect(database)
			require.NoError(t, err)
			_, err = m.db.Exec(statement)
			require.NoError(t, err)
			before := tablesOf(t, m)
			_, err = Open(t.Context(), database)
			require.ErrorIs(t, err, ErrNotMirror, name)
			assert.Equal(t, before, tablesOf(t, m), name)
			require.NoError(t, m.Close())
		}
	})
	t.Run("a file that is no database", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "notes.txt")
		text := []byte(strings.Repeat("not a database\n", 100))
		require.NoError(t, os.WriteFile(file, text, 0o600))
		_, err := Open(t.Context(), "sqlite:"+file)
		require.ErrorIs(t, err, ErrNotMirror)
		after, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, text, after)
	})
	for _, name := range []string{"", "sqlite:", "mysql://host/db", "tid.db"} {
		_, err := Open(t.Context(), name)
		assert.ErrorContains(t, err, `a database is "sqlite:"`, name)
	}
	_, err := Open(t.Context(), "postgres://user:secret@host:notaport/db")
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "secret")
}

func tablesOf(t testing.TB, m *Mirror) []string {
	query := "SELECT type || name || coalesce(sql, '') FROM sqlite_master ORDER BY 1"
	if m.dialect == Postgres {
		query = "SELECT relname::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace ORDER BY 1"
	}
	names, err := firstColumn(t.Context(), m.db, query)
	require.NoError(t, err)
	return names
}

func TestAMirrorOfANewerVersionIsRefused(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		database := emptyDatabase(t, d)
		m := open(t, database)
		_, err := m.db.Exec("UPDATE mirror_meta SET value = '2' WHERE name = 'schema_version'")
		require.NoError(t, err)
		before := tablesOf(t, m)
		_, err = Open(t.Context(), database)
		require.ErrorIs(t, err, ErrNewer)
		assert.ErrorContains(t, err, "version 2")
		assert.Equal(t, before, tablesOf(t, m))
	})
}

func TestAModelThatGrowsGetsItsColumnsAndTheirValues(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		srv, client := company(t)
		database := emptyDatabase(t, d)
		m := open(t, database)
		syncAll(t, m, client)
		changed := value(t, m, "SELECT max(changed) FROM time_reports")
		// The mirror as a version has made it that knew fewer properties, and one more.
		for _, statement := range []string{
			"ALTER TABLE time_reports DROP COLUMN internal_comment", "ALTER TABLE time_reports DROP COLUMN break_minutes",
			"ALTER TABLE users DROP COLUMN next_of_kin", "ALTER TABLE users ADD COLUMN shoe_size INTEGER", "DROP TABLE invoice_rows",
			"UPDATE mirror_meta SET value = 'old' WHERE name = 'schema_sum'",
		} {
			_, err := m.db.Exec(statement)
			require.NoError(t, err, statement)
		}
		require.NoError(t, m.Close())
		m = open(t, database)
		syncAll(t, m, client)
		requireEqual(t, m, srv, "acme")
		assert.Equal(t, changed, value(t, m, "SELECT max(changed) FROM time_reports"), "the rows have not changed")
		assert.Equal(t, "", value(t, m, "SELECT max(shoe_size) FROM users"), "nothing is dropped")
	})
}

func TestAnUnknownListIsRefused(t *testing.T) {
	_, client := company(t)
	m := newMirror(t, SQLite)
	_, err := m.Sync(t.Context(), client, Options{Account: "acme", Only: []string{"timereports"}})
	require.ErrorContains(t, err, `no list "timereports"`)
	require.ErrorContains(t, err, "time_reports")
	_, err = m.Sync(t.Context(), client, Options{})
	require.ErrorContains(t, err, "Options.Account")
	_, err = m.Sync(t.Context(), nil, Options{Account: "acme"})
	require.ErrorContains(t, err, "client is nil")
}

func TestProgressIsReportedUpToTheWholeList(t *testing.T) {
	srv, client := company(t)
	m := newMirror(t, SQLite)
	var last Progress
	_, err := m.Sync(t.Context(), client, Options{Account: "acme", Only: []string{"time-reports"}, Progress: func(p Progress) {
		assert.GreaterOrEqual(t, p.Written, last.Written)
		last = p
	}})
	require.NoError(t, err)
	assert.Equal(t, Progress{Table: "time_reports", Total: srv.TimeReports.Len(), Read: srv.TimeReports.Len(), Requests: last.Requests, Written: srv.TimeReports.Len()}, last)
	assert.NotZero(t, last.Requests)
}
