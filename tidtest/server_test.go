package tidtest_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

func TestThereAreNinetyOperations(t *testing.T) {
	assert.Len(t, tidtest.Operations(), 90)
}

func (a *api) exchange(credentials string) answer {
	a.t.Helper()
	req := a.request("POST", "/v1/Auth/Token", "")
	req.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(credentials)))
	got, err := a.send(req)
	require.NoError(a.t, err)
	return got
}

func TestTokensAreExchangedAndExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t, tidtest.WithTokenLifetime(time.Minute))
		got := a.exchange(a.srv.AppID + ":" + a.srv.AppSecret)
		require.Equal(t, 200, got.status)
		body := got.object(t)
		assert.Equal(t, "auth.token", body["objectName"])
		assert.Regexp(t, `^pk_[0-9a-f-]{36}\.pa_[0-9a-f-]{36}$`, body["accessToken"])
		assert.Equal(t, time.Now().UTC().Add(time.Minute).Format("2006-01-02 15:04:05 +00:00"), body["expires"])

		a.token = body["accessToken"].(string)
		assert.Equal(t, 200, a.list("/v1/Core/Contacts").status)
		time.Sleep(time.Minute - time.Nanosecond)
		assert.Equal(t, 200, a.list("/v1/Core/Contacts").status)
		time.Sleep(time.Nanosecond)
		assert.Equal(t, 401, a.get("/v1/Core/Contacts?page=1&pageSize=1").status)
		assert.Equal(t, 1, a.srv.TokensIssued())
	})
}

func TestWrongCredentialsGetNothing(t *testing.T) {
	a := open(t)
	for name, credentials := range map[string]string{
		"wrong secret": a.srv.AppID + ":x", "wrong id": "x:" + a.srv.AppSecret, "swapped": a.srv.AppSecret + ":" + a.srv.AppID, "empty": ":",
	} {
		assert.Equal(t, 401, a.exchange(credentials).status, name)
	}
}

func TestOneBearerTokenIsRequired(t *testing.T) {
	a := open(t)
	for name, values := range map[string][]string{
		"none":         nil,
		"unknown":      {"Bearer pk_x.pa_y"},
		"other scheme": {"Basic " + a.srv.StaticToken},
		"bare":         {a.srv.StaticToken},
		"two":          {"Bearer " + a.srv.StaticToken, "Bearer " + a.srv.StaticToken},
		"two in one":   {"Bearer " + a.srv.StaticToken + ", Bearer " + a.srv.StaticToken},
		"empty":        {"Bearer "},
	} {
		req := a.request("GET", "/v1/Core/Contacts?page=1&pageSize=1", "")
		req.Header["Authorization"] = values
		got, err := a.send(req)
		require.NoError(t, err)
		assert.Equal(t, 401, got.status, name)
	}
	for _, r := range a.srv.Requests() {
		assert.Empty(t, r.Header.Values("Authorization"), "no secret is in the log")
	}
}

func TestKilledTokensAreRefused(t *testing.T) {
	a := open(t)
	static := a.token
	a.token = a.exchange(a.srv.AppID + ":" + a.srv.AppSecret).object(t)["accessToken"].(string)
	a.srv.KillTokens()
	assert.Equal(t, 401, a.get("/v1/Core/Contacts?page=1&pageSize=1").status)
	a.token = static
	assert.Equal(t, 200, a.list("/v1/Core/Contacts").status, "a static token lives on")
}

func TestAFifthRequestInASlidingSecondIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t, tidtest.WithRateLimit(4))
		status := func() int { return a.get("/v1/Core/Contacts?page=1&pageSize=1").status }
		for range 3 {
			require.Equal(t, 200, status())
		}
		time.Sleep(900 * time.Millisecond)
		require.Equal(t, 200, status())
		got := a.get("/v1/Core/Contacts?page=1&pageSize=1")
		assert.Equal(t, 429, got.status)
		assert.Equal(t, "1", got.header.Get("Retry-After"))
		assert.JSONEq(t, `{"waitInSeconds":1}`, got.text)
		time.Sleep(100*time.Millisecond - time.Nanosecond)
		assert.Equal(t, 429, status(), "a nanosecond too early, and the refused one has not counted")
		time.Sleep(time.Nanosecond)
		for range 3 {
			assert.Equal(t, 200, status(), "exactly one second after the first three")
		}
		assert.Equal(t, 429, status(), "the fourth was later")

		other := *a
		other.token = a.exchange(a.srv.AppID + ":" + a.srv.AppSecret).object(t)["accessToken"].(string)
		assert.Equal(t, 200, other.get("/v1/Core/Contacts?page=1&pageSize=1").status, "another token has a limit of its own")
	})
}

func TestAFixedWindowBeginsAnewWithEverySecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t, tidtest.WithRateLimit(2), tidtest.WithFixedWindow())
		status := func() int { return a.get("/v1/Core/Contacts?page=1&pageSize=1").status }
		time.Sleep(900 * time.Millisecond)
		assert.Equal(t, []int{200, 200, 429}, []int{status(), status(), status()})
		time.Sleep(100 * time.Millisecond)
		assert.Equal(t, []int{200, 200, 429}, []int{status(), status(), status()})
	})
}

func TestPathsIgnoreCaseAndUnknownOnesAreNotFound(t *testing.T) {
	a := open(t)
	assert.Equal(t, 200, a.list("/V1/core/CONTACTS").status)
	for _, path := range []string{"/", "/v1/Core", "/v1/Core/Nothing", "/v1/Core/Contacts/", "/v1/Core/Contacts/x", "/v1/Core/Contacts/0", "/v1/Core/Contacts/1/More"} {
		assert.Equal(t, 404, a.get(path+"?page=1&pageSize=1").status, path)
	}
	assert.Equal(t, 404, a.delete("/v1/Core/Projects/1").status, "a method that the path does not have")
	assert.Equal(t, 404, a.do("PATCH", "/v1/Core/Contacts/1", "").status)
}

func TestABodyIsJSONWhereOneIsNeededAndIgnoredElsewhere(t *testing.T) {
	a := open(t)
	for _, body := range []string{"", "[]", "{", "null", `{"name":"\xff"}`, "{}{}"} {
		assert.Equal(t, 400, a.post("/v1/Core/Contacts", body).status, body)
	}
	for _, kind := range []string{"", "text/plain", "application/json; charset=utf-8"} {
		req := a.request("POST", "/v1/Core/Contacts", `{"name":"x","contactType":"person"}`)
		req.Header.Set("Content-Type", kind)
		got, err := a.send(req)
		require.NoError(t, err)
		assert.Equal(t, 200, got.status, kind)
	}
	assert.Equal(t, 200, a.do("GET", "/v1/Core/Contacts?page=1&pageSize=1", "{}").status)
	invoice := a.srv.PutJSON("v1/Core/Invoices", `{}`)
	assert.Equal(t, 200, a.do("PATCH", fmt.Sprintf("/v1/Core/Invoices/%d/SetSentToEconomySystem?date=2026-03-01", invoice), "{}").status)
	assert.Equal(t, 200, a.do("DELETE", fmt.Sprintf("/v1/Core/Contacts/%d", a.srv.Contacts.Put(tid.Contact{})), "{}").status)
	for _, scheme := range []string{"Basic ", "basic "} {
		req := a.request("POST", "/v1/Auth/Token", `{"grantType":"x"}`)
		req.Header.Set("Authorization", scheme+base64.StdEncoding.EncodeToString([]byte(a.srv.AppID+":"+a.srv.AppSecret)))
		got, err := a.send(req)
		require.NoError(t, err)
		assert.Equal(t, 200, got.status, scheme)
	}
}

func TestAnAuthorizationSchemeIsReadWithoutCase(t *testing.T) {
	a := open(t)
	req := a.request("GET", "/v1/Core/Contacts", "")
	req.Header.Set("Authorization", "bearer "+a.srv.StaticToken)
	got, err := a.send(req)
	require.NoError(t, err)
	assert.Equal(t, 200, got.status)
}

func TestAListWithoutASizeHasAHundredRowsToAPage(t *testing.T) {
	a := open(t)
	for range 101 {
		a.srv.Contacts.Put(tid.Contact{})
	}
	for query, want := range map[string][3]float64{
		"": {1, 100, 100}, "page=2": {2, 100, 1}, "pageSize=7": {1, 7, 7}, "PAGE=2&pagesize=60": {2, 60, 41}, "page=&pageSize=": {1, 100, 100},
		"page=2&page=1&pageSize=10": {2, 10, 10}, "SortBy=Name&SORTORDER=Descending": {1, 100, 100}, "sortBy=&sortOrder=": {1, 100, 100}, "%zz&;=1": {1, 100, 100},
	} {
		got := a.get("/v1/Core/Contacts?" + query)
		require.Equal(t, 200, got.status, "%s: %s", query, got.text)
		list := got.object(t)
		assert.Equal(t, want, [3]float64{list["page"].(float64), list["pageSize"].(float64), list["itemCount"].(float64)}, query)
	}
}

func TestAPageOrASizeThatCannotBeIsRefused(t *testing.T) {
	a := open(t)
	for query, field := range map[string]string{
		"page=0": "page", "page=-1": "page", "page=one": "page", "pageSize=ten": "pageSize", "sortBy=x": "sortBy", "sortOrder=up": "sortOrder",
	} {
		assert.Equal(t, []string{field}, a.get("/v1/Core/Contacts?"+query).wrong(t), query)
	}
	for _, size := range []string{"0", "101", "-1"} {
		got := a.get("/v1/Core/Contacts?page=1&pageSize=" + size)
		assert.Equal(t, 400, got.status)
		assert.Equal(t, "PageSize must be between 1 and 100", got.object(t)["message"])
	}
}

func TestListsArePaged(t *testing.T) {
	a := open(t)
	for range 7 {
		a.srv.Contacts.Put(tid.Contact{})
	}
	type counts struct{ page, size, items, total, pages float64 }
	for want := range map[counts]bool{{1, 3, 3, 7, 3}: true, {3, 3, 1, 7, 3}: true, {4, 3, 0, 7, 3}: true, {9e9, 3, 0, 7, 3}: true, {1, 7, 7, 7, 1}: true} {
		path := "/v1/Core/Contacts?page=" + jsonOf(int64(want.page)) + "&pageSize=" + jsonOf(int64(want.size))
		got := a.get(path).object(t)
		assert.Equal(t, want, counts{
			got["page"].(float64), got["pageSize"].(float64), got["itemCount"].(float64), got["totalItemCount"].(float64), got["totalPages"].(float64),
		})
		assert.Len(t, got["items"], int(want.items))
	}
	empty := open(t).list("/v1/Core/Projects").object(t)
	assert.Equal(t, []any{}, empty["items"])
	assert.Equal(t, 0.0, empty["totalPages"])
}

func TestFaultsTakeTheRequestsTheyNameAndNoOthers(t *testing.T) {
	a := open(t)
	contacts, projects := "/v1/Core/Contacts?page=1&pageSize=1", "/v1/Core/Projects?page=1&pageSize=1"
	fault := a.srv.Inject(tidtest.Fault{Operation: "GET /v1/Core/Contacts", Skip: 1, Times: 2, Effect: tidtest.Answer(503, "<html>maintenance</html>", "Retry-After", "3")})
	assert.Equal(t, 200, a.get(contacts).status, "skipped")
	assert.Equal(t, 200, a.get(projects).status, "not named")
	got := a.get(contacts)
	assert.Equal(t, 503, got.status)
	assert.Equal(t, "<html>maintenance</html>", got.text)
	assert.Equal(t, "3", got.header.Get("Retry-After"))
	assert.Equal(t, 503, a.get(contacts).status)
	assert.Equal(t, 200, a.get(contacts).status, "used up")
	assert.Equal(t, 2, fault.Hits())

	fault = a.srv.Inject(tidtest.Fault{Operation: "GET", Share: 0.3, Effect: tidtest.Answer(500, "")})
	for range 200 {
		a.get(contacts)
	}
	assert.InDelta(t, 60, fault.Hits(), 25)
	fault.Remove()
	hits := fault.Hits()
	assert.Equal(t, 200, a.get(contacts).status)
	assert.Equal(t, hits, fault.Hits())
	assert.Panics(t, func() { a.srv.Inject(tidtest.Fault{Operation: "GET /v1/Core/Contact"}) })
}

func TestFaultsHappenBeforeOrAfterTheServerActs(t *testing.T) {
	const body = `{"name":"Bygg","contactType":"company"}`
	for name, c := range map[string]struct {
		effect tidtest.Effect
		stored bool
		fails  bool
	}{
		"answer":       {tidtest.Answer(503, ""), false, false},
		"answer after": {tidtest.AnswerAfter(500, ""), true, false},
		"too many":     {tidtest.TooMany(2 * time.Second), false, false},
		"redirect":     {tidtest.Redirect("https://elsewhere.example/"), false, true},
		"drop before":  {tidtest.DropBefore(), false, true},
		"drop after":   {tidtest.DropAfter(), true, true},
		"refuse":       {tidtest.Refuse(), false, true},
		"cut":          {tidtest.CutBody(10), true, true},
		"malformed":    {tidtest.Malformed(), true, false},
		"slow":         {tidtest.SlowBody(100, time.Second), true, false},
		"delay":        {tidtest.Delay(time.Minute), true, false},
		"kill":         {tidtest.KillToken(), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := open(t)
				a.srv.Inject(tidtest.Fault{Effect: c.effect})
				_, err := a.send(a.request("POST", "/v1/Core/Contacts", body))
				assert.Equal(t, c.fails, err != nil, "%v", err)
				assert.Equal(t, c.stored, a.srv.Contacts.Len() == 1)
			})
		})
	}
}

func TestAListeningServerBreaksRealConnections(t *testing.T) {
	srv := tidtest.NewServer(t, tidtest.WithRateLimit(0))
	a := &api{t: t, srv: srv, client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, token: srv.StaticToken}
	for name, effect := range map[string]tidtest.Effect{
		"drop before": tidtest.DropBefore(), "drop after": tidtest.DropAfter(), "refuse": tidtest.Refuse(), "cut": tidtest.CutBody(20),
	} {
		for range 5 { // a drop is an end or a reset, at random
			srv.Inject(tidtest.Fault{Effect: effect})
			_, err := a.send(a.request("GET", "/v1/Core/Contacts?page=1&pageSize=1", ""))
			assert.Error(t, err, name)
		}
	}
	srv.Inject(tidtest.Fault{Effect: tidtest.SlowBody(30, time.Millisecond)})
	assert.Equal(t, 200, a.list("/v1/Core/Contacts").status)
	srv.Inject(tidtest.Fault{Effect: tidtest.Malformed()})
	got := a.get("/v1/Core/Contacts?page=1&pageSize=1")
	assert.Equal(t, 200, got.status)
	assert.NotEmpty(t, got.text)
	srv.Close()
	_, err := a.send(a.request("GET", "/v1/Core/Contacts?page=1&pageSize=1", ""))
	assert.Error(t, err)
}

func TestLatencyIsSplitBetweenTheTwoWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t, tidtest.WithLatency(tidtest.Latency{RoundTrip: 2 * time.Second}))
		start := time.Now()
		a.list("/v1/Core/Contacts")
		assert.Equal(t, 2*time.Second, time.Since(start))
		assert.Equal(t, time.Second, a.srv.Requests()[0].Time.Sub(start))

		for name, timeout := range map[string]time.Duration{"before it arrives": 500 * time.Millisecond, "on the way back": 1500 * time.Millisecond} {
			a.srv.ResetRequests()
			a.client.Timeout = timeout
			start = time.Now()
			_, err := a.send(a.request("POST", "/v1/Core/Contacts", `{"name":"x","contactType":"person"}`))
			assert.Error(t, err)
			assert.Equal(t, timeout, time.Since(start), name)
			assert.Equal(t, strings.HasPrefix(name, "on"), len(a.srv.Requests()) == 1, name)
		}
		assert.Equal(t, 1, a.srv.Contacts.Len())
	})
}

func TestTheSameSeedGivesTheSameJitter(t *testing.T) {
	times := func(seed uint64) (all []time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			a := open(t, tidtest.WithSeed(seed), tidtest.WithLatency(tidtest.Latency{Uniform: time.Second, Exponential: time.Second}))
			for range 5 {
				start := time.Now()
				a.list("/v1/Core/Contacts")
				all = append(all, time.Since(start))
			}
		})
		return all
	}
	assert.Equal(t, times(3), times(3))
	assert.NotEqual(t, times(3), times(4))
}

func TestRequestsAreLogged(t *testing.T) {
	a := open(t, tidtest.WithLog(3))
	a.list("/v1/core/contacts", "filter.query=a%20b")
	got := a.srv.Requests()
	require.Len(t, got, 1)
	assert.Equal(t, "GET /v1/Core/Contacts", got[0].Operation)
	assert.Equal(t, "/v1/core/contacts", got[0].Path)
	assert.Equal(t, "a b", got[0].Query.Get("filter.query"))
	assert.Equal(t, 200, got[0].Status)
	assert.True(t, got[0].Performed)
	for range 20 {
		a.get("/nowhere")
	}
	assert.Len(t, a.srv.Requests(), 3)
	a.srv.ResetRequests()
	assert.Empty(t, a.srv.Requests())
}

func TestOthersCanWriteBetweenTwoRequests(t *testing.T) {
	var seen []string
	a := open(t, tidtest.WithBeforeRequest(func(srv *tidtest.Server, r tidtest.Request) {
		seen = append(seen, r.Operation+" "+r.Query.Get("page"))
		switch len(seen) {
		case 1:
			srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{ID: 1}})
		case 2:
			srv.Contacts.Delete(1)
			srv.Inject(tidtest.Fault{Skip: 1, Effect: tidtest.Answer(503, "")})
		}
	}))
	assert.Len(t, a.get("/v1/Core/Contacts?page=1&pageSize=9").items(t, "id"), 1)
	assert.Empty(t, a.get("/v1/Core/Contacts?page=2&pageSize=9").items(t, "id"))
	assert.Equal(t, 503, a.get("/nowhere").status)
	assert.Equal(t, []string{"GET /v1/Core/Contacts 1", "GET /v1/Core/Contacts 2", " "}, seen)
}

func TestServeRunsASandboxWithKnownCredentialsUntilItsContextEnds(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := free.Addr().String()
	require.NoError(t, free.Close())
	for _, c := range []struct {
		opts              []tidtest.Option
		id, secret, token string
	}{
		{nil, "ap_sandbox", "sandbox", "pk_sandbox.pa_sandbox"},
		{[]tidtest.Option{tidtest.WithCredentials("a", "b", "c")}, "a", "b", "c"},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- tidtest.Serve(ctx, addr, c.opts...) }()
		a := &api{t: t, srv: &tidtest.Server{URL: "http://" + addr}, client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, token: c.token}
		require.Eventually(t, func() bool {
			got, err := a.send(a.request("GET", "/v1/Core/Contacts", ""))
			return err == nil && got.status == 200
		}, 10*time.Second, 10*time.Millisecond)
		assert.Equal(t, 200, a.exchange(c.id+":"+c.secret).status)
		assert.Equal(t, 401, a.exchange(c.id+":wrong").status)
		cancel()
		assert.NoError(t, <-ended)
		_, err = a.send(a.request("GET", "/v1/Core/Contacts", ""))
		assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	}
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:80", "127.0.0.1", "127.0.0.1:x"} {
		assert.Error(t, tidtest.Serve(t.Context(), addr), addr)
	}
}

func TestOtherHostsCannotBeReachedInMemory(t *testing.T) {
	a := open(t)
	res, err := a.client.Get("https://elsewhere.example/v1/Core/Contacts")
	if err == nil {
		res.Body.Close()
	}
	assert.ErrorContains(t, err, "no such host")
}
