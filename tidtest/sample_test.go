package tidtest_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

func TestTheSameSeedMakesTheSameCompany(t *testing.T) {
	assert.Equal(t, jsonOf(tidtest.Sample(7, 12)), jsonOf(tidtest.Sample(7, 12)))
	assert.NotEqual(t, jsonOf(tidtest.Sample(7, 12).Users), jsonOf(tidtest.Sample(8, 12).Users))
}

func TestACompanyOfAnySizeIsWhole(t *testing.T) {
	for _, size := range []int{0, 1, 2, 5, 60} {
		c := tidtest.Sample(3, size)
		assert.Len(t, c.Users, max(1, size))
		assert.NotEmpty(t, c.TimeReports)
		assert.NotEmpty(t, c.Projects)
		assert.NotEmpty(t, c.Contacts)
		srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithCompany(c))
		assert.Equal(t, len(c.TimeReports), srv.TimeReports.Len())
		assert.Equal(t, len(c.Invoices), srv.Invoices.Len())
		assert.Equal(t, len(c.Tasks), srv.Tasks.Len())
		got := srv.TimeReports.All()
		require.Len(t, got, len(c.TimeReports))
		for i := range got {
			if g, w := got[i], c.TimeReports[i]; g.ID != w.ID || !g.Hours.Equal(w.Hours) || g.User.Name != w.User.Name || g.UpdatedDate != w.UpdatedDate {
				assert.Equal(t, w, g)
			}
		}
	}
}

func TestThereIsSomethingOfEverything(t *testing.T) {
	for seed := range uint64(20) {
		somethingOfEverything(t, tidtest.Sample(seed, 1))
	}
}

func somethingOfEverything(t *testing.T, c *tidtest.Company) {
	t.Helper()
	srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithRateLimit(0), tidtest.WithCompany(c))
	a := open(t)
	a.srv, a.client.Transport, a.token = srv, srv.Transport(), srv.StaticToken
	project, task := "", ""
	for _, p := range srv.Projects.All() {
		if srv.ProjectComments.Of(p.ID).Len() > 0 {
			project = jsonOf(p.ID)
		}
	}
	has := func(id int64) bool {
		return srv.TaskComments.Of(id).Len() > 0 && srv.TaskChecklists.Of(id).Len() > 0 && srv.TaskAttachments.Of(id).Len() > 0
	}
	for _, v := range srv.Tasks.All() {
		if has(v.ID) {
			task = jsonOf(v.ID)
		}
	}
	require.NotEmpty(t, task)
	for _, op := range tidtest.Operations() {
		path, isGet := strings.CutPrefix(op, "GET ")
		path = strings.NewReplacer("{projectId}", project, "{taskId}", task).Replace(path)
		if !isGet || strings.Contains(path, "{") || strings.HasSuffix(path, "NextProjectNumber") {
			continue
		}
		var query []string
		if strings.HasSuffix(path, "UserDayStatistics") {
			query = []string{"filter.from=2026-09-01", "filter.to=2026-09-30"}
		}
		assert.NotEmpty(t, a.list(path, query...).items(t, "id"), op)
	}
}

func TestTheFiguresOfACompanyAreBelievable(t *testing.T) {
	const size = 200
	c := tidtest.Sample(5, size)
	assert.Equal(t, "2026-08-01", c.Since.String())
	assert.Equal(t, "2026-10-31", c.Until.String())
	assert.InDelta(t, 130, float64(len(c.TimeReports))/size, 5, "reports of a user")

	states, kinds := map[tid.AttestState]int{}, map[tid.ProjectType]int{}
	days := map[string]tid.Decimal{}
	var hours, invoiceable tid.Decimal
	for _, r := range c.TimeReports {
		states[r.Attest()]++
		kinds[r.Kind()]++
		hours, invoiceable = hours.Add(r.Hours), invoiceable.Add(r.InvoiceableHours)
		key := r.User.Name + jsonOf(r.User.ID) + r.Date.String()
		days[key] = days[key].Add(r.Hours)
		assert.False(t, r.Date.Before(c.Since) || r.Date.After(c.Until))
		assert.True(t, r.Hours.GreaterThan(tid.Decimal{}))
		assert.False(t, r.InvoiceableHours.GreaterThan(r.Hours))
		assert.False(t, r.AttestedDate.Date().After(c.Until) || r.SentToAttestDate.Date().After(c.Until), "nothing of the future")
		if !r.ClockStart.IsZero() {
			span := r.ClockEnd.SinceMidnight() - r.ClockStart.SinceMidnight() - time.Duration(r.BreakMinutes)*time.Minute
			assert.InDelta(t, span.Hours(), r.Hours.InexactFloat64(), 0.006, "hours are net of the break")
		}
	}
	share := func(n int) float64 { return float64(n) / float64(len(c.TimeReports)) }
	assert.InDelta(t, 0.5, share(states[tid.AttestAttested]), 0.1)
	assert.Greater(t, share(states[tid.AttestSent]), 0.1)
	assert.Greater(t, share(states[tid.AttestNotSent]), 0.1)
	assert.InDelta(t, 0.07, share(kinds[tid.ProjectTypeAbsence]), 0.04)
	assert.InDelta(t, 0.08, share(kinds[tid.ProjectTypeInternal]), 0.04)
	assert.InDelta(t, 500, hours.InexactFloat64()/size, 40, "hours of a user")
	assert.InDelta(t, 0.65, invoiceable.InexactFloat64()/hours.InexactFloat64(), 0.1)
	for day, sum := range days {
		assert.Less(t, sum.InexactFloat64(), 14.0, day)
	}
}

func TestInvoicesAddUp(t *testing.T) {
	c := tidtest.Sample(5, 40)
	unsent, billed := 0, map[int64]tid.Decimal{}
	for _, inv := range c.Invoices {
		var sum tid.Decimal
		kinds := map[string]bool{}
		for _, r := range inv.Rows {
			switch {
			case r.IsHeader:
				kinds["header"] = true
			case r.IsSumRow:
				kinds["sum"] = true
			default:
				kinds["sold"] = true
				sum = sum.Add(r.Sum)
				if strings.HasPrefix(r.ArticleNumber, "T") && strings.HasPrefix(r.Comment, "Avser") {
					billed[inv.ID] = billed[inv.ID].Add(r.Value)
				}
			}
		}
		assert.True(t, sum.Equal(inv.Sum), "%s is not %s", sum, inv.Sum)
		assert.Len(t, kinds, 3, "headers, sums and goods")
		if inv.SentToEconomySystem.IsZero() {
			unsent++
		}
	}
	assert.InDelta(t, len(c.Invoices)/2, unsent, float64(len(c.Invoices))/3)
	reported := map[int64]tid.Decimal{}
	for _, r := range c.TimeReports {
		if r.InvoiceID != 0 {
			reported[r.InvoiceID] = reported[r.InvoiceID].Add(r.InvoiceableHours)
		}
	}
	assert.NotEmpty(t, reported)
	for id, hours := range reported {
		assert.True(t, hours.Equal(billed[id]), "the hours of invoice %d are those of its time reports", id)
	}
}

func TestNothingInACompanyIsReal(t *testing.T) {
	c := tidtest.Sample(9, 50)
	addresses := regexp.MustCompile(`@(example\.com|[a-z0-9]+\.example)$`)
	for _, u := range c.Users {
		assert.Regexp(t, addresses, u.Email)
		assert.Regexp(t, `^000000-`, u.SocialSecurityNumber, "no such day")
		assert.Regexp(t, `^070-174 06 (0[5-9]|[1-9]\d)$`, u.MobilePhoneNumber, "kept free for fiction")
	}
	for _, contact := range c.Contacts {
		assert.Regexp(t, addresses, contact.Email)
		if contact.OrganizationalOrSocialSecurityNumber != "" {
			assert.Regexp(t, `^000000-`, contact.OrganizationalOrSocialSecurityNumber)
		}
	}
}

func TestNothingInACompanyHappenedAfterItsLastDay(t *testing.T) {
	stamp := regexp.MustCompile(`"(\w+)":"(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)"`)
	for seed := range uint64(6) {
		for _, until := range []tid.Date{tid.NewDate(2026, time.October, 31), tid.NewDate(2026, time.March, 1), tid.NewDate(2024, time.February, 3)} {
			srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithCompany(tidtest.SampleUntil(seed, 30, until)))
			var all strings.Builder
			for _, texts := range []string{
				jsonOf(srv.TimeReports.All()), jsonOf(srv.Contacts.All()), jsonOf(srv.Projects.All()), jsonOf(srv.Tasks.All()), jsonOf(srv.Offers.All()),
				jsonOf(srv.Opportunities.All()), jsonOf(srv.SupplierInvoices.All()), jsonOf(srv.MaterialReports.All()), jsonOf(srv.PaymentPlans.All()),
				jsonOf(srv.Invoices.All()), jsonOf(srv.VacationRequests.All()), jsonOf(srv.Users.All()), jsonOf(srv.Logs.All()),
			} {
				all.WriteString(texts)
			}
			times := stamp.FindAllStringSubmatch(all.String(), -1)
			require.Greater(t, len(times), 1000)
			for _, m := range times {
				if m[2][:10] > until.String() && !strings.HasSuffix(m[2], "00:00:00") { // a day may lie ahead: a plan, an end
					assert.Fail(t, "later than "+until.String(), "%s %s", m[1], m[2])
				}
			}
			for _, inv := range srv.Invoices.All() {
				assert.False(t, inv.InvoiceDate.After(until) || inv.SentToEconomySystem.After(until))
			}
		}
	}
}

func TestTheServersClockIsAheadOfEveryStamp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it is the year 2000 in here
		for name, c := range map[string]struct {
			opts []tidtest.Option
			load func(*tidtest.Server)
		}{
			"from the start": {[]tidtest.Option{tidtest.WithCompany(tidtest.Sample(1, 5))}, func(*tidtest.Server) {}},
			"loaded later":   {nil, func(srv *tidtest.Server) { srv.Load(tidtest.Sample(1, 5)) }},
			"until today":    {[]tidtest.Option{tidtest.WithCompany(tidtest.SampleUntil(1, 5, tid.DateOf(time.Now())))}, func(*tidtest.Server) {}},
		} {
			a := open(t, c.opts...)
			c.load(a.srv)
			newest := a.list("/v1/Core/TimeReports", "sortBy=updatedDate", "sortOrder=descending").items(t, "updatedDate")[0].(string)
			a.put(fmt.Sprintf("/v1/Core/Contacts/%d", a.srv.Contacts.All()[0].ID), `{}`)
			got := a.list("/v1/Core/Contacts", "sortBy=updated", "sortOrder=descending")
			now := got.items(t, "updated")[0].(string)
			assert.Greater(t, now, newest, name)
			date, err := http.ParseTime(got.header.Get("Date"))
			require.NoError(t, err)
			assert.Equal(t, now, date.Format(time.DateTime), "%s: every answer tells the same time", name)
			time.Sleep(time.Hour)
			later, err := http.ParseTime(a.list("/v1/Core/Contacts").header.Get("Date"))
			require.NoError(t, err)
			assert.Equal(t, time.Hour, later.Sub(date), "and it goes on")

			token := a.exchange(a.srv.AppID + ":" + a.srv.AppSecret)
			at, err := http.ParseTime(token.header.Get("Date"))
			require.NoError(t, err)
			assert.Equal(t, at.Add(time.Hour).UTC().Format("2006-01-02 15:04:05 +00:00"), token.object(t)["expires"])
		}
	})
	past := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	a := open(t, tidtest.WithClock(func() time.Time { return past }), tidtest.WithCompany(tidtest.SampleUntil(1, 3, tid.NewDate(2019, 12, 31))))
	assert.Equal(t, "Thu, 02 Jan 2020 03:04:05 GMT", a.list("/v1/Core/Contacts").header.Get("Date"), "a clock that is right is left alone")
}

func TestAListeningServerTellsItsOwnTime(t *testing.T) {
	srv := tidtest.NewServer(t, tidtest.WithClock(func() time.Time { return time.Date(2031, 1, 2, 3, 4, 5, 0, time.UTC) }))
	a := &api{t: t, srv: srv, client: http.DefaultClient, token: srv.StaticToken}
	assert.Equal(t, []string{"Thu, 02 Jan 2031 03:04:05 GMT"}, a.list("/v1/Core/Contacts").header.Values("Date"))
}

func TestACompanyCanEndOnAnotherDay(t *testing.T) {
	c := tidtest.SampleUntil(1, 3, tid.NewDate(2025, time.January, 15))
	assert.Equal(t, "2024-11-01", c.Since.String())
	last := c.TimeReports[len(c.TimeReports)-1].Date
	assert.Equal(t, "2025-01-15", last.String())
	for _, r := range c.TimeReports {
		assert.NotContains(t, []string{"2024-12-24", "2024-12-25", "2024-12-26", "2025-01-01", "2025-01-06"}, r.Date.String())
	}
}
