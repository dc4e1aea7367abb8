package tid_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

func TestTheErrorOfAnOptionNamesTheOption(t *testing.T) {
	for name, opts := range map[string][]tid.Option{
		"WithHTTPClient": {tid.WithHTTPClient(nil)},
		"WithRetries":    {tid.WithRetries(-1), tid.WithRetries(1, "POST")},
		"WithMaxWait":    {tid.WithMaxWait(0)},
		"WithTransport": {tid.WithTransport(nil),
			tid.WithTransport(func(http.RoundTripper) http.RoundTripper { return nil })},
		"WithUserAgent":  {tid.WithUserAgent("a\nb")},
		"WithReadAhead":  {tid.WithReadAhead(-1)},
		"WithPath":       {tid.WithPath("GET /x", "/y"), tid.WithPath("GET /v1/Core/Logs", "/v1/../y")},
		"WithWriteCheck": {tid.WithWriteCheck(-1), tid.WithWriteCheck(9)},
	} {
		for _, opt := range opts {
			_, err := tid.NewClient(tid.StaticToken("pk_1.pa_1"), opt)
			require.Error(t, err, name)
			assert.True(t, strings.HasPrefix(err.Error(), "tid: "+name+": "), err)
		}
	}
}

func TestNewClientRefusesWhatCannotWork(t *testing.T) {
	good := tid.StaticToken("pk_a.pa_b")
	for _, c := range []struct {
		name   string
		source tid.TokenSource
		opt    tid.Option
		want   string
	}{
		{"no source", nil, nil, "no token source"},
		{"no id", tid.AppCredentials("", "secret"), nil, "application id is empty"},
		{"no secret", tid.AppCredentials("ap_1", ""), nil, "application secret is empty"},
		{"a colon in the id", tid.AppCredentials("ap:1", "secret"), nil, "must not contain a colon"},
		{"a line break in the secret", tid.AppCredentials("ap_1", "secret\n"), nil, "line break"},
		{"no token", tid.StaticToken(""), nil, "static token is empty"},
		{"a space in the token", tid.StaticToken("pk a"), nil, "contains a space"},
		{"no password", tid.BasicAuth("user", ""), nil, "password is empty"},
		{"plain http", good, tid.WithBaseURL("http://api.example"), "must be https"},
		{"not a URL", good, tid.WithBaseURL("publicapi"), "must look like https://"},
		{"another scheme", good, tid.WithBaseURL("ftp://api.example"), "must be https"},
		{"a user in the URL", good, tid.WithBaseURL("https://a:b@api.example"), "no user, query or fragment"},
		{"a query in the URL", good, tid.WithBaseURL("https://api.example?x=1"), "no user, query or fragment"},
		{"a host that only looks like this machine", good, tid.WithBaseURL("http://localhost.example"), "must be https"},
		{"no http.Client", good, tid.WithHTTPClient(nil), "client is nil"},
		{"base URL with the version", good, tid.WithBaseURL("https://publicapi.example/v1/"), "must end before /v1"},
		{"negative retries", good, tid.WithRetries(-1), "-1 retries"},
		{"retried POST", good, tid.WithRetries(3, http.MethodPost), "POST is not idempotent"},
		{"no time to wait", good, tid.WithMaxWait(0), "not a time to wait"},
		{"negative reading ahead", good, tid.WithReadAhead(-1), "-1 pages"},
		{"a line break in the user agent", good, tid.WithUserAgent("a\r\nb"), "printable ASCII"},
		{"a path for no operation", good, tid.WithPath("GET /v1/Core/Contact", "/v1/x"), `no operation "GET /v1/Core/Contact"`},
		{"a path without its id", good, tid.WithPath("GET /v1/Core/Contacts/{id}", "/v1/x"), "same placeholders"},
		{"a path to elsewhere", good, tid.WithPath("GET /v1/Core/Contacts", "https://elsewhere.example/x"), "not a path"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, err := tid.NewClient(c.source, c.opt)
			assert.Nil(t, client)
			assert.ErrorContains(t, err, c.want)
			assert.NotContains(t, fmt.Sprint(err), "secret\n")
		})
	}
	for _, address := range []string{"http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost:8080/base/", "https://api.example", tid.BlikkBaseURL} {
		_, err := tid.NewClient(good, tid.WithBaseURL(address))
		assert.NoError(t, err, address)
	}
}

func TestClientFromTheEnvironment(t *testing.T) {
	for _, c := range []struct {
		name string
		env  map[string]string
		want string // "" is a client
	}{
		{"credentials", map[string]string{"APP_ID": "ap_1", "APP_SECRET": "s"}, ""},
		{"a token", map[string]string{"TOKEN": "pk"}, ""},
		{"nothing", nil, "set VISMATID_APP_ID and VISMATID_APP_SECRET, or VISMATID_TOKEN"},
		{"no secret", map[string]string{"APP_ID": "ap_1"}, "VISMATID_APP_SECRET is not"},
		{"no id", map[string]string{"APP_SECRET": "s"}, "VISMATID_APP_ID is not"},
		{"both", map[string]string{"APP_ID": "ap_1", "APP_SECRET": "s", "TOKEN": "pk"}, "not both"},
		{"another address", map[string]string{"TOKEN": "pk", "BASE_URL": "http://127.0.0.1:1"}, ""},
		{"a bad address", map[string]string{"TOKEN": "pk", "BASE_URL": "http://api.example"}, "must be https"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, name := range []string{"APP_ID", "APP_SECRET", "TOKEN", "BASE_URL"} {
				t.Setenv("VISMATID_"+name, c.env[name])
			}
			client, err := tid.NewClientFromEnv()
			if c.want != "" {
				assert.ErrorContains(t, err, c.want)
				return
			}
			require.NoError(t, err)
			if address := c.env["BASE_URL"]; address != "" {
				assert.Contains(t, client.String(), address)
			}
		})
	}
	t.Run("NewClient does not look at it", func(t *testing.T) {
		t.Setenv("VISMATID_BASE_URL", "http://api.example")
		client, err := tid.NewClient(tid.StaticToken("pk"))
		require.NoError(t, err)
		assert.Contains(t, client.String(), tid.DefaultBaseURL)
	})
}

func TestTheCallersHTTPClientIsNotChanged(t *testing.T) {
	own := &http.Client{Timeout: time.Minute}
	before := *own
	_, err := tid.NewClient(tid.StaticToken("pk"), tid.WithHTTPClient(own))
	require.NoError(t, err)
	assert.Equal(t, before.Timeout, own.Timeout)
	assert.Nil(t, own.CheckRedirect)
	assert.Nil(t, own.Transport)
}

func TestClientsAreSmallAndShareTheirConnections(t *testing.T) {
	const n = 200
	clients := make([]*tid.Client, n)
	goroutines := runtime.NumGoroutine()
	var before, after runtime.MemStats
	for range 3 { // what has a cleanup takes more than one collection
		runtime.GC()
	}
	runtime.ReadMemStats(&before)
	for i := range clients {
		clients[i], _ = tid.NewClient(tid.AppCredentials("ap_1", "secret"))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	assert.Less(t, (after.HeapAlloc-before.HeapAlloc)/n, uint64(8<<10), "bytes a client")
	assert.LessOrEqual(t, runtime.NumGoroutine(), goroutines)
	runtime.KeepAlive(clients)
}

func TestAllowanceIsUsedUpAndNotExceeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := tidtest.NewServer(t, tidtest.InMemory(),
			tidtest.WithLatency(tidtest.Latency{Uniform: 20 * time.Millisecond}))
		srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{ID: 1, Name: "Berg", ContactType: tid.ContactCompany}})
		calls(t, srv.Client(), 16, 60)
		refused := 0
		var accepted []time.Time
		for _, r := range srv.Requests() {
			switch {
			case r.RateLimited:
				refused++
			case r.Operation != "POST /v1/Auth/Token":
				accepted = append(accepted, r.Time)
			}
		}
		require.Len(t, accepted, 60)
		assert.LessOrEqual(t, refused, 1)
		assert.GreaterOrEqual(t, 59/accepted[59].Sub(accepted[0]).Seconds(), 3.6)
		for i := range accepted[4:] {
			assert.GreaterOrEqual(t, accepted[i+4].Sub(accepted[i]), time.Second, "five within a second")
		}
	})
}

func TestAllCallersWaitForOneExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithRateLimit(0), tidtest.WithTokenLifetime(time.Hour),
			tidtest.WithLatency(tidtest.Latency{RoundTrip: time.Second}), tidtest.WithCompany(tidtest.Sample(1, 1)))
		c := srv.Client(tid.WithLimiter(nil))
		id := srv.Contacts.All()[0].ID
		_, err := c.Contacts.Get(t.Context(), id)
		require.NoError(t, err)
		time.Sleep(2 * time.Hour) // the token has expired
		require.Equal(t, 1, srv.TokensIssued())

		var wg sync.WaitGroup
		first, cancel := context.WithCancel(t.Context())
		for i := range 50 {
			ctx := t.Context()
			if i == 0 {
				ctx = first
			}
			wg.Go(func() {
				begin := time.Now()
				_, err := c.Contacts.Get(ctx, id)
				if ctx == first {
					assert.ErrorIs(t, err, context.Canceled)
					assert.Equal(t, 100*time.Millisecond, time.Since(begin), "the caller that asked first leaves at once")
					return
				}
				assert.NoError(t, err, "and no other caller fails")
			})
			if i == 0 {
				synctest.Wait()
			}
		}
		time.Sleep(100 * time.Millisecond)
		cancel()
		wg.Wait()
		assert.Equal(t, 2, srv.TokensIssued())
	})
}

func TestTokensAreRenewedBeforeTheyEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithCompany(tidtest.Sample(1, 1)))
		c := srv.Client()
		for range 48 { // a day
			_, err := c.Users.List(t.Context(), nil)
			require.NoError(t, err)
			time.Sleep(30 * time.Minute)
		}
		for _, r := range srv.Requests() {
			assert.NotEqual(t, 401, r.Status)
		}
		assert.InDelta(t, 24, srv.TokensIssued(), 24)
	})
}

func TestTokenThatDiesEarlyIsRenewedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithRateLimit(0), tidtest.WithCompany(tidtest.Sample(1, 1)))
		c := srv.Client(tid.WithLimiter(nil))
		_, err := c.Users.List(t.Context(), nil)
		require.NoError(t, err)
		srv.KillTokens()
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				_, err := c.TimeReports.List(t.Context(), nil)
				assert.NoError(t, err)
			})
		}
		wg.Wait()
		assert.Equal(t, 2, srv.TokensIssued())
	})
}

func TestRefusedCredentialsSaySo(t *testing.T) {
	srv, _ := account(t)
	http := &http.Client{Transport: srv.Transport()}
	for name, source := range map[string]tid.TokenSource{
		"a wrong secret": tid.AppCredentials(srv.AppID, "wrong"),
		"a wrong token":  tid.StaticToken("pk_wrong"),
	} {
		t.Run(name, func(t *testing.T) {
			srv.ResetRequests()
			c, err := tid.NewClient(source, tid.WithBaseURL(srv.URL), tid.WithHTTPClient(http))
			require.NoError(t, err)
			_, err = c.Users.List(t.Context(), nil)
			assert.ErrorIs(t, err, tid.ErrUnauthorized)
			assert.ErrorContains(t, err, "check the application id and secret")
			assert.Len(t, srv.Requests(), 1, "and nothing is retried")
		})
	}
}

// What becomes of a POST and of a GET when things go wrong: a POST is never sent
// twice when the first may have been carried out.
func TestWhatIsRetried(t *testing.T) {
	effects := map[string]struct {
		effect    tidtest.Effect
		post      bool // is retried, and succeeds
		performed bool // the POST may have been, as far as the client can know
	}{
		"429":                              {tidtest.TooMany(time.Second), true, false},
		"401":                              {tidtest.KillToken(), true, false},
		"no connection":                    {tidtest.Refuse(), true, false},
		"503":                              {tidtest.Answer(503, ""), false, true},
		"500":                              {tidtest.Answer(500, ""), false, true},
		"502":                              {tidtest.Answer(502, "<html>Bad gateway</html>"), false, true},
		"503 after it was carried out":     {tidtest.AnswerAfter(503, ""), false, true},
		"dropped before":                   {tidtest.DropBefore(), false, true},
		"dropped after it was carried out": {tidtest.DropAfter(), false, true},
		"a cut-off answer":                 {tidtest.CutBody(10), false, true},
		"403":                              {tidtest.Answer(403, `{"message":"no"}`), false, false},
	}
	for name, c := range effects {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithCompany(tidtest.Sample(1, 1)))
				client := srv.Client()
				user, project := srv.Users.All()[0].ID, srv.InternalProjects.All()[0].ID
				before := srv.TimeReports.Len()

				srv.Inject(tidtest.Fault{Operation: "POST /v1/Core/TimeReports", Effect: c.effect})
				report, err := client.TimeReports.Create(t.Context(), &tid.TimeReportInput{UserID: user, InternalProjectID: project,
					Date: tid.NewDate(2026, 11, 2), Hours: tid.MustDecimal("7.75")})
				sent, performed := 0, 0
				for _, r := range srv.Requests() {
					if r.Operation == "POST /v1/Core/TimeReports" {
						sent++
						if r.Performed {
							performed++
						}
					}
				}
				assert.Equal(t, performed, srv.TimeReports.Len()-before)
				var e *tid.Error
				if c.post {
					require.NoError(t, err)
					assert.NotZero(t, report.ID)
					assert.Equal(t, 1, performed)
				} else if assert.ErrorAs(t, err, &e) {
					assert.Equal(t, 1, sent)
					assert.Equal(t, c.performed, e.MayHaveExecuted)
					assert.Equal(t, c.performed, strings.Contains(e.Error(), "may have been carried out"))
				}

				srv.Inject(tidtest.Fault{Operation: "GET /v1/Core/TimeReports/{id}", Effect: c.effect})
				got, err := client.TimeReports.Get(t.Context(), srv.TimeReports.All()[0].ID)
				if name == "403" {
					assert.ErrorIs(t, err, tid.ErrForbidden)
					return
				}
				require.NoError(t, err, "a GET recovers")
				assert.NotZero(t, got.ID)
			})
		})
	}
}

func TestPutAndDeleteAreRetriedOnlyWhenAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithCompany(tidtest.Sample(1, 1)))
		id := srv.Contacts.All()[0].ID
		rename := func(in *tid.ContactInput) error { in.Name = "Berg & Dal"; return nil }
		srv.Inject(tidtest.Fault{Operation: "PUT", Effect: tidtest.DropAfter()})
		_, err := srv.Client().Contacts.Modify(t.Context(), id, rename)
		var e *tid.Error
		require.ErrorAs(t, err, &e)
		assert.True(t, e.MayHaveExecuted)
		assert.Equal(t, "PUT /v1/Core/Contacts/{id}", e.Operation)

		srv.Inject(tidtest.Fault{Operation: "PUT", Times: 2, Effect: tidtest.DropAfter()})
		contact, err := srv.Client(tid.WithRetries(4, http.MethodPut)).Contacts.Modify(t.Context(), id, rename)
		require.NoError(t, err)
		assert.Equal(t, "Berg & Dal", contact.Name)
	})
}

func TestErrorsSayWhatTheAPISaidWhenTheDeadlineComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithCompany(tidtest.Sample(1, 1)))
		c := srv.Client()
		_, err := c.Users.List(t.Context(), nil)
		require.NoError(t, err)
		srv.Inject(tidtest.Fault{Times: 10, Effect: tidtest.TooMany(20 * time.Second)})
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		begin := time.Now()
		_, err = c.Users.List(ctx, nil)
		var e *tid.Error
		require.ErrorAs(t, err, &e)
		assert.ErrorIs(t, err, tid.ErrRateLimited)
		assert.Equal(t, 20*time.Second, e.RetryAfter)
		assert.Equal(t, 2, e.Attempts)
		assert.Equal(t, 20*time.Second, time.Since(begin), "the second wait is not begun")
	})
}

func TestModifyKeepsWhatTheCallerDidNotTouch(t *testing.T) {
	srv, c := account(t, tidtest.WithCompany(tidtest.Sample(1, 5)))
	for _, before := range srv.Projects.All() {
		project, err := c.Projects.Modify(t.Context(), before.ID, func(in *tid.ProjectInput) error {
			in.Title += " (ny)"
			return nil
		})
		require.NoError(t, err)
		after, ok := srv.Projects.Get(before.ID)
		require.True(t, ok)
		assert.Equal(t, after.Title, project.Title)
		before.Title += " (ny)"
		before.Updated, before.UpdatedBy = after.Updated, after.UpdatedBy
		assert.Equal(t, before, after)
	}
	for _, before := range srv.Contacts.All() {
		_, err := c.Contacts.Modify(t.Context(), before.ID, func(in *tid.ContactInput) error { in.PhoneNumber = "08-5550199"; return nil })
		require.NoError(t, err)
		after, _ := srv.Contacts.Get(before.ID)
		before.PhoneNumber, before.Updated = "08-5550199", after.Updated
		assert.Equal(t, before, after)
	}
	for _, before := range srv.TimeReports.All() {
		_, err := c.TimeReports.Modify(t.Context(), before.ID, func(in *tid.TimeReportInput) error { in.Comment = "rättad"; return nil })
		require.NoError(t, err)
		after, _ := srv.TimeReports.Get(before.ID)
		before.Comment, before.UpdatedDate, before.UpdatedBy = "rättad", after.UpdatedDate, after.UpdatedBy
		require.Equal(t, before, after)
	}
}

// The API does not give a travel report back, so writing the rest would clear it.
func TestModifyDoesNotLoseATravelReport(t *testing.T) {
	srv, c := account(t, tidtest.WithCompany(tidtest.Sample(1, 1)))
	report := srv.TimeReports.All()[0]
	created, err := c.TimeReports.Create(t.Context(), &tid.TimeReportInput{UserID: report.User.ID, Date: report.Date,
		InternalProjectID: srv.InternalProjects.All()[0].ID,
		TravelReport:      &tid.TravelReportInput{Place: "Umeå", Distance: tid.MustDecimal("12.5")}})
	require.NoError(t, err)
	require.NotZero(t, created.TravelReportID)
	comment := func(in *tid.TimeReportInput) error { in.Comment = "rättad"; return nil }
	_, err = c.TimeReports.Modify(t.Context(), created.ID, comment)
	assert.ErrorIs(t, err, tid.ErrInvalidInput)
	assert.ErrorContains(t, err, "the report has a travel report")
	_, err = c.TimeReports.Modify(t.Context(), created.ID, func(in *tid.TimeReportInput) error {
		in.TravelReport = &tid.TravelReportInput{Place: "Umeå", Distance: tid.MustDecimal("12.5")}
		return comment(in)
	})
	assert.NoError(t, err)
}

func TestModifyWritesNothingWhenTheEditFails(t *testing.T) {
	srv, c := account(t, tidtest.WithCompany(tidtest.Sample(1, 1)))
	changed := errors.New("changed my mind")
	_, err := c.Projects.Modify(t.Context(), srv.Projects.All()[0].ID, func(*tid.ProjectInput) error { return changed })
	assert.Equal(t, changed, err)
	for _, r := range srv.Requests() {
		assert.NotEqual(t, "PUT", r.Method)
	}
}

func TestSumsAreExact(t *testing.T) {
	srv, c := account(t, tidtest.WithCompany(tidtest.Sample(7, 80)))
	require.GreaterOrEqual(t, srv.TimeReports.Len(), 10_000)
	var want, got tid.Decimal
	for _, r := range srv.TimeReports.All() {
		want = want.Add(r.Hours)
	}
	n := 0
	for r, err := range c.TimeReports.All(t.Context(), nil) {
		require.NoError(t, err)
		got = got.Add(r.Hours)
		n++
	}
	assert.Equal(t, srv.TimeReports.Len(), n)
	assert.Equal(t, want.String(), got.String())
}

func TestDeletedUsersAreNotFound(t *testing.T) {
	srv, c := account(t, tidtest.WithCompany(tidtest.Sample(1, 3)))
	id := srv.Users.All()[0].ID
	user, err := c.Users.Get(t.Context(), id)
	require.NoError(t, err)
	assert.NotEmpty(t, user.Name())
	require.True(t, srv.Users.Delete(id))
	_, err = c.Users.Get(t.Context(), id)
	assert.ErrorIs(t, err, tid.ErrNotFound)
	assert.ErrorContains(t, err, "without an id")
	_, err = c.Contacts.Get(t.Context(), 999_999)
	assert.ErrorIs(t, err, tid.ErrNotFound)
}

func TestBadInputIsRefusedBeforeAnythingIsSent(t *testing.T) {
	srv, c := account(t)
	ctx := t.Context()
	day := tid.NewDate(2026, 10, 1)
	statistics := func(from, to tid.Date) error {
		_, err := c.TimeReports.UserDayStatistics(ctx, &tid.UserDayStatisticsOptions{From: from, To: to})
		return err
	}
	report := func(in tid.TimeReportInput) error { _, err := c.TimeReports.Create(ctx, &in); return err }
	for name, err := range map[string]error{
		"an id of 0":                errOf(c.Contacts.Get(ctx, 0)),
		"a negative id":             errOf(c.Projects.TimeCalculation(ctx, -1)),
		"a negative id in a list":   errOf(c.TimeReports.List(ctx, &tid.TimeReportListOptions{UserIDs: []int64{1, -2}})),
		"a misspelt sort key":       errOf(c.Projects.List(ctx, &tid.ProjectListOptions{SortBy: "titel"})),
		"a misspelt order":          errOf(c.Projects.List(ctx, &tid.ProjectListOptions{ListOptions: tid.ListOptions{SortOrder: "desc"}})),
		"an unknown type":           errOf(c.Contacts.List(ctx, &tid.ContactListOptions{ContactType: "alien"})),
		"statistics without a span": errOf(c.TimeReports.UserDayStatistics(ctx, nil)),
		"statistics without an end": statistics(day, tid.Date{}),
		"a reversed span":           statistics(day, day.AddDays(-1)),
		"a span of 32 days":         statistics(day, day.AddDays(31)),
		"a report without a user":   report(tid.TimeReportInput{Date: day, ProjectID: 1}),
		"a report without a date":   report(tid.TimeReportInput{UserID: 1, ProjectID: 1}),
		"a report on nothing":       report(tid.TimeReportInput{UserID: 1, Date: day}),
		"a report on two projects":  report(tid.TimeReportInput{UserID: 1, Date: day, ProjectID: 1, AbsenceProjectID: 2}),
		"a project without a title": errOf(c.Projects.Create(ctx, &tid.ProjectInput{})),
		"a contact without a type":  errOf(c.Contacts.Create(ctx, &tid.ContactInput{Name: "Berg"})),
		"a company of a company":    errOf(c.Contacts.Create(ctx, &tid.ContactInput{Name: "Berg", ContactType: tid.ContactCompany, CompanyID: 7})),
		"nothing at all":            errOf(c.Contacts.Create(ctx, nil)),
		"an unknown method":         c.Do(ctx, "BREW", "v1/Core/Contacts", nil, nil, nil),
		"a path that climbs":        c.Do(ctx, "GET", "v1/Core/%2e%2e/Admin", nil, nil, nil),
		"a comment without a text":  errOf(c.Projects.Comments.Create(ctx, 1, &tid.CommentInput{})),
	} {
		t.Run(name, func(t *testing.T) {
			assert.ErrorIs(t, err, tid.ErrInvalidInput)
			var e *tid.Error
			require.ErrorAs(t, err, &e)
			assert.NotEmpty(t, e.Operation)
			t.Log(err)
		})
	}
	assert.Empty(t, srv.Requests())
	assert.NoError(t, func() error {
		_, err := c.TimeReports.UserDayStatistics(ctx, &tid.UserDayStatisticsOptions{From: day, To: day.AddDays(30)})
		return err
	}())
}

func errOf(_ any, err error) error { return err }

func TestLongStatisticsAreReadInPartsAndJoined(t *testing.T) {
	srv, c := account(t, tidtest.WithCompany(tidtest.Sample(1, 3)))
	opts := &tid.UserDayStatisticsOptions{From: tid.NewDate(2026, 8, 1), To: tid.NewDate(2026, 10, 31)}
	seq := c.TimeReports.AllUserDayStatistics(t.Context(), opts)
	for range 2 {
		users, err := tid.Collect(seq, 0)
		require.NoError(t, err)
		assert.Len(t, users, 3)
		for _, user := range users {
			var reported, stored tid.Decimal
			require.Len(t, user.Dates, 92)
			for i, day := range user.Dates {
				assert.Equal(t, opts.From.AddDays(i), day.Date)
				reported = reported.Add(day.ReportedHours)
			}
			for _, r := range srv.TimeReports.All() {
				if r.User.ID == user.UserID {
					stored = stored.Add(r.Hours)
				}
			}
			assert.Equal(t, stored.String(), reported.String())
		}
	}
}

func TestDoDecodesIntoAnything(t *testing.T) {
	srv, c := account(t, tidtest.WithCompany(tidtest.Sample(1, 1)))
	id := srv.Contacts.All()[0].ID
	path := fmt.Sprintf("v1/Core/Contacts/%d", id)
	var raw json.RawMessage
	var text bytes.Buffer
	var contact tid.Contact
	var object map[string]any
	for _, out := range []any{&raw, &text, &contact, &object, nil} {
		require.NoError(t, c.Do(t.Context(), "GET", path, nil, nil, out))
	}
	assert.JSONEq(t, string(raw), text.String())
	assert.Equal(t, id, contact.ID)
	assert.EqualValues(t, id, object["id"])
	err := c.Do(t.Context(), "get", "v1/Core/Nothing/7", nil, nil, &raw)
	assert.ErrorIs(t, err, tid.ErrNotFound)
	var e *tid.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "GET /v1/Core/Nothing/{id}", e.Operation)
	assert.Contains(t, e.Error(), "GET /v1/Core/Nothing/7: 404 Not Found")
}

func TestWrongInferredPathCanBeCorrected(t *testing.T) {
	var paths []string
	api := roundTrip(func(req *http.Request) (*http.Response, error) {
		paths = append(paths, req.Method+" "+req.URL.EscapedPath())
		if strings.HasPrefix(req.URL.Path, "/v2/") {
			return answer(req, 200, `{"id":7}`), nil
		}
		return answer(req, 404, ``), nil
	})
	_, err := free(t, api).Contacts.Update(t.Context(), 7, &tid.ContactInput{Name: "Berg", ContactType: tid.ContactCompany})
	assert.ErrorIs(t, err, tid.ErrNotFound)
	assert.ErrorContains(t, err, `tid.WithPath("PUT /v1/Core/Contacts/{id}"`)
	_, err = free(t, api).Contacts.Get(t.Context(), 7)
	assert.NotContains(t, err.Error(), "WithPath", "this path has been observed")

	c := free(t, api, tid.WithPath("PUT /v1/Core/Contacts/{id}", "v2/Contact/{id}/Replace"), tid.WithWriteCheck(tid.WriteCheckOff))
	_, err = c.Contacts.Update(t.Context(), 7, &tid.ContactInput{Name: "Berg", ContactType: tid.ContactCompany})
	require.NoError(t, err)
	assert.Equal(t, "PUT /v2/Contact/7/Replace", paths[len(paths)-1])
}

func TestEventsTellWhatHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logs bytes.Buffer
		var events []tid.Event
		srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithCompany(tidtest.Sample(1, 1)),
			tidtest.WithLatency(tidtest.Latency{RoundTrip: 200 * time.Millisecond}))
		c := srv.Client(tid.WithObserver(func(_ context.Context, e tid.Event) { events = append(events, e) }),
			tid.WithLogger(slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))))
		srv.Inject(tidtest.Fault{Operation: "GET /v1/Admin/Users", Effect: tidtest.Answer(503, `{"message":"restarting"}`)})
		_, err := c.Users.List(t.Context(), &tid.UserListOptions{})
		require.NoError(t, err)

		require.Len(t, events, 3)
		assert.Equal(t, "POST /v1/Auth/Token", events[0].Operation)
		assert.Equal(t, "GET /v1/Admin/Users", events[1].Operation)
		assert.Equal(t, []int{1, 2}, []int{events[1].Attempt, events[2].Attempt})
		assert.Equal(t, []int{200, 503, 200}, []int{events[0].Status, events[1].Status, events[2].Status})
		assert.ErrorIs(t, events[1].Err, tid.ErrServer)
		assert.NoError(t, events[2].Err)
		assert.Equal(t, 200*time.Millisecond, events[2].Duration)
		assert.Positive(t, events[2].Bytes)
		assert.Equal(t, 3, strings.Count(logs.String(), "level=DEBUG"))
		assert.Equal(t, 1, strings.Count(logs.String(), "level=WARN"))
		assert.NotContains(t, logs.String(), "restarting", "what the API says stays out of the log")
	})
}

func TestCallersAreToldApart(t *testing.T) {
	var agent string
	c := free(t, roundTrip(func(req *http.Request) (*http.Response, error) {
		agent = req.Header.Get("User-Agent")
		return answer(req, 200, `{"id":1}`), nil
	}), tid.WithUserAgent("payroll/2.1"))
	_, err := c.Contacts.Get(t.Context(), 1)
	require.NoError(t, err)
	assert.Equal(t, "payroll/2.1 tid-go/"+tid.Version, agent)
}

// A server that answers writes without a body: what was written is read back.
func TestEmptyAnswersToWrites(t *testing.T) {
	srv, c := account(t, tidtest.WithCompany(tidtest.Sample(1, 2)))
	project := srv.Projects.All()[0]
	srv.Inject(tidtest.Fault{Operation: "PUT", Times: 2, Effect: tidtest.AnswerAfter(200, "")})
	updated, err := c.Projects.Modify(t.Context(), project.ID, func(in *tid.ProjectInput) error { in.Title = "Nytt tak"; return nil })
	require.NoError(t, err)
	assert.Equal(t, "Nytt tak", updated.Title)
	assert.Equal(t, project.OrderNumber, updated.OrderNumber)

	comment := srv.ProjectComments.Of(project.ID).Put(tid.Comment{Text: "Hej"})
	written, err := c.Projects.Comments.Update(t.Context(), project.ID, comment, &tid.CommentInput{Text: "Hej då"})
	require.NoError(t, err)
	assert.Equal(t, comment, written.ID)

	srv.Inject(tidtest.Fault{Operation: "PUT", Effect: tidtest.AnswerAfter(200, "")})
	srv.Inject(tidtest.Fault{Operation: "GET /v1/Core/Projects/{id}", Skip: 1, Effect: tidtest.Answer(403, "")})
	_, err = c.Projects.Modify(t.Context(), project.ID, func(in *tid.ProjectInput) error { in.Title = "Gammalt tak"; return nil })
	var e *tid.Error
	require.ErrorAs(t, err, &e)
	assert.True(t, e.MayHaveExecuted)
	assert.ErrorContains(t, err, "the change itself was made")
}

func TestDownloadsStream(t *testing.T) {
	srv, c := account(t, tidtest.WithCompany(tidtest.Sample(1, 2)))
	offer := srv.Offers.All()[0]
	srv.SetDownload(fmt.Sprintf("/v1/Core/Offers/%d/Download", offer.ID), `..\..\Offert 7.pdf`, "application/pdf", []byte("%PDF-1.7"))
	file, err := c.Offers.Download(t.Context(), offer.ID)
	require.NoError(t, err)
	content, err := io.ReadAll(file.Body)
	require.NoError(t, err)
	require.NoError(t, file.Body.Close())
	assert.Equal(t, "%PDF-1.7", string(content))
	assert.Equal(t, "Offert 7.pdf", file.Name)
	assert.Equal(t, "application/pdf", file.ContentType)
	_, err = c.Offers.Download(t.Context(), 999_999)
	assert.ErrorIs(t, err, tid.ErrNotFound)
}

func TestUsersWhoComeTwiceAreCountedOnce(t *testing.T) {
	c := free(t, roundTrip(func(req *http.Request) (*http.Response, error) {
		return answer(req, 200, `{"page":1,"pageSize":100,"totalItemCount":3,"totalPages":1,"items":[
			{"userId":1,"dates":[{"date":"2026-10-01","reportedHours":8}]},{"userId":2,"dates":[]},{"userId":3,"dates":[]}]}`), nil
	}))
	for _, days := range []int{5, 40} {
		users, err := tid.Collect(c.TimeReports.AllUserDayStatistics(t.Context(),
			&tid.UserDayStatisticsOptions{From: tid.NewDate(2026, 10, 1), To: tid.NewDate(2026, 10, days)}), 0)
		require.NoError(t, err)
		require.Len(t, users, 3)
		assert.Len(t, users[0].Dates, (days+30)/31, "one from each part of the span")
	}
}

func TestFiltersThatGiveEverythingOrNothingAreRefused(t *testing.T) {
	srv, c := account(t)
	later, earlier := tid.NewDate(2026, 10, 2), tid.NewDate(2026, 10, 1)
	for name, err := range map[string]error{
		"an empty list of users": errOf(c.TimeReports.List(t.Context(), &tid.TimeReportListOptions{UserIDs: []int64{}})),
		"a reversed span":        errOf(c.TimeReports.List(t.Context(), &tid.TimeReportListOptions{From: later, To: earlier})),
		"a reversed range":       errOf(c.Projects.List(t.Context(), &tid.ProjectListOptions{CreatedDateFrom: later, CreatedDateTo: earlier})),
		"reversed planning":      errOf(c.Planning.Users(t.Context(), &tid.PlanningUserListOptions{FromDate: later, ToDate: earlier})),
	} {
		assert.ErrorIs(t, err, tid.ErrInvalidInput, name)
	}
	assert.Empty(t, srv.Requests())
	_, err := c.TimeReports.List(t.Context(), &tid.TimeReportListOptions{From: earlier, To: earlier})
	assert.NoError(t, err)
}

func TestTheNumberInTheEconomySystemIsOptional(t *testing.T) {
	var sent []string
	c, err := tid.NewClient(tid.StaticToken("pk_a.pa_b"), tid.WithLimiter(nil), tid.WithHTTPClient(&http.Client{
		Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
			sent = append(sent, r.Method+" "+r.URL.RequestURI())
			return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody, Request: r}, nil
		})}))
	require.NoError(t, err)
	day := tid.NewDate(2026, 10, 1)
	require.NoError(t, c.Invoices.SetSentToEconomySystem(t.Context(), 7, day, ""))
	require.NoError(t, c.Invoices.SetSentToEconomySystem(t.Context(), 7, day, "F/1"))
	require.ErrorIs(t, c.Invoices.SetSentToEconomySystem(t.Context(), 7, tid.Date{}, "F/1"), tid.ErrInvalidInput)
	assert.Equal(t, []string{
		"PATCH /v1/Core/Invoices/7/SetSentToEconomySystem?date=2026-10-01",
		"PATCH /v1/Core/Invoices/7/SetSentToEconomySystem?date=2026-10-01&economySystemInvoiceNumber=F%2F1",
	}, sent)
}

func TestMarkingAnInvoiceIsRetriedLikeARead(t *testing.T) {
	const mark = "PATCH /v1/Core/Invoices/{id}/SetSentToEconomySystem"
	day := tid.NewDate(2026, 10, 1)
	for name, effect := range map[string]tidtest.Effect{"an error": tidtest.AnswerAfter(503, ""), "a lost answer": tidtest.DropAfter()} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv, c := account(t)
				id := srv.Invoices.Put(tid.Invoice{})
				srv.Inject(tidtest.Fault{Operation: mark, Times: 2, Effect: effect})
				require.NoError(t, c.Invoices.SetSentToEconomySystem(t.Context(), id, day, "F1"))
				invoice, _ := srv.Invoices.Get(id)
				assert.Equal(t, day, invoice.SentToEconomySystem)

				srv.Inject(tidtest.Fault{Operation: mark, Times: 9, Effect: effect})
				err := c.Invoices.SetSentToEconomySystem(t.Context(), id, day, "F1")
				var e *tid.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, 5, e.Attempts)
				assert.True(t, e.MayHaveExecuted, "it is a write all the same")
				assert.NotContains(t, err.Error(), "look before retrying it", "once more does no harm")
			})
		})
	}
}

func TestAListIsFilteredToTheSecond(t *testing.T) {
	srv, c := account(t)
	for i, updated := range []string{"2026-10-01 13:59:59", "2026-10-01 14:00:00", "2026-10-01 14:00:01"} {
		srv.Projects.Put(tid.Project{ProjectSummary: tid.ProjectSummary{ID: int64(i + 1), Title: "Tak", Updated: at(t, updated)}})
	}
	ids := func(from, to tid.DateOrTime) (ids []int64) {
		for p, err := range c.Projects.All(t.Context(), &tid.ProjectListOptions{UpdatedDateFrom: from, UpdatedDateTo: to}) {
			require.NoError(t, err)
			ids = append(ids, p.ID)
		}
		return ids
	}
	two := at(t, "2026-10-01 14:00:00")
	assert.Equal(t, []int64{2, 3}, ids(two, nil))
	assert.Equal(t, []int64{1, 2}, ids(nil, two))
	assert.Equal(t, []int64{2}, ids(two, two))
	assert.Equal(t, []int64{1, 2, 3}, ids(two.Date(), two.Date()))
	assert.Equal(t, []int64{2, 3}, ids(two, two.Date()))
}

func TestTheAPIsErrorSurvivesTheGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := tidtest.NewServer(t, tidtest.InMemory())
		c := srv.Client()
		_, err := c.Users.List(t.Context(), nil)
		require.NoError(t, err)
		time.Sleep(2 * time.Second)
		srv.Inject(tidtest.Fault{Operation: "GET /v1/Core/Contacts", Times: 9, Effect: tidtest.Answer(503, `{"message":"restarting"}`)})
		ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
		defer cancel()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { _, _ = c.Users.List(t.Context(), nil) })
		}
		synctest.Wait()
		_, err = c.Contacts.List(ctx, nil)
		assert.ErrorIs(t, err, tid.ErrServer)
		assert.ErrorContains(t, err, "restarting")
		wg.Wait()
	})
}

func TestRenewalIsNotWaitedForWhileTheTokenServes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := tidtest.NewServer(t, tidtest.InMemory())
		c := srv.Client()
		_, err := c.Users.List(t.Context(), nil)
		require.NoError(t, err)
		time.Sleep(time.Hour - 50*time.Second)
		srv.Inject(tidtest.Fault{Operation: "POST /v1/Auth/Token", Times: 100, Effect: tidtest.Answer(503, "")})
		begin := time.Now()
		_, err = c.Users.List(t.Context(), nil)
		assert.NoError(t, err)
		assert.Zero(t, time.Since(begin))
		time.Sleep(time.Minute) // the exchange in the background gives up
	})
}

func TestBacklogThatOutlivesATokenIsNotRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithTokenLifetime(5*time.Minute))
		srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{ID: 1, Name: "Berg", ContactType: tid.ContactCompany}})
		calls(t, srv.Client(), 2400, 2400)
		refused := 0
		for _, r := range srv.Requests() {
			if r.Status == 401 {
				refused++
			}
		}
		assert.LessOrEqual(t, refused, 4)
	})
}

func TestDownloadsMayBeReadLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithCompany(tidtest.Sample(1, 1)))
		file, err := srv.Client().Offers.Download(t.Context(), srv.Offers.All()[0].ID)
		require.NoError(t, err)
		defer file.Body.Close()
		time.Sleep(10 * time.Minute)
		_, err = file.Body.Read(make([]byte, 4))
		assert.NoError(t, err)
	})
}

func TestNothingIsSentThatCouldNotBeReceived(t *testing.T) {
	srv, c := account(t)
	for _, out := range []any{tid.Contact{}, (*tid.Contact)(nil), 7} {
		assert.ErrorIs(t, c.Do(t.Context(), "POST", "v1/Core/Contacts", nil, &tid.ContactInput{Name: "Berg", ContactType: tid.ContactCompany}, out), tid.ErrInvalidInput)
	}
	assert.ErrorIs(t, c.Do(t.Context(), "POST", "v1/Core/Contacts", nil, []byte(`{}`), nil), tid.ErrInvalidInput)
	assert.Empty(t, srv.Requests())
}

func TestAClientOfTheCallersWithoutATransportSharesTheConnections(t *testing.T) {
	var mu sync.Mutex
	connections := map[string]bool{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		connections[r.RemoteAddr] = true
		mu.Unlock()
		_, _ = w.Write([]byte(`{"id":1}`))
	}))
	defer srv.Close()
	c, err := tid.NewClient(tid.StaticToken("pk"), tid.WithBaseURL(srv.URL), tid.WithLimiter(nil),
		tid.WithHTTPClient(&http.Client{Timeout: time.Minute}))
	require.NoError(t, err)
	for range 10 {
		calls(t, c, 8, 8)
	}
	assert.LessOrEqual(t, len(connections), 16)
}
