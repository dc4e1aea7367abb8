package tidtest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// embed serves a server as a handler among others.
func embed(t *testing.T, opts ...tidtest.Option) *api {
	t.Helper()
	mux := http.NewServeMux()
	desk := httptest.NewUnstartedServer(mux)
	desk.Config.ConnContext = tidtest.ConnContext
	desk.Start()
	t.Cleanup(desk.Close)
	srv := tidtest.NewServer(t, append([]tidtest.Option{tidtest.AsHandler(desk.URL), tidtest.WithRateLimit(0)}, opts...)...)
	mux.Handle("/v1/", srv)
	client := desk.Client()
	client.Timeout = time.Minute
	return &api{t: t, srv: srv, client: client, token: srv.StaticToken}
}

func TestAServerIsAHandlerAmongOthers(t *testing.T) {
	a := embed(t)
	id := a.srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{Name: "Acme"}})
	got, err := a.srv.Client().Contacts.Get(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, "Acme", got.Name)
}

func TestConnectionsOfAHandlerBreakAsThoseOfAListenerDo(t *testing.T) {
	for name, effect := range map[string]tidtest.Effect{
		"before": tidtest.DropBefore(), "after": tidtest.DropAfter(), "cut": tidtest.CutBody(5), "refused": tidtest.Refuse(),
	} {
		for range 4 { // a connection is closed or reset, at random
			a := embed(t)
			fault := a.srv.Inject(tidtest.Fault{Effect: effect})
			_, err := a.send(a.request("GET", "/v1/Core/Contacts", ""))
			require.Error(t, err, name)
			assert.Equal(t, 1, fault.Hits(), name)
			assert.Equal(t, http.StatusOK, a.get("/v1/Core/Contacts").status, name)
		}
	}
}

func TestAHandlerKnowsAConnectionThatHasBeenUsed(t *testing.T) {
	a := embed(t)
	a.srv.Inject(tidtest.Fault{Effect: tidtest.DropIdle()})
	require.Equal(t, http.StatusOK, a.post("/v1/Core/Contacts", `{"contactType":"company","name":"A"}`).status, "a new connection is left alone")
	_, err := a.send(a.request("POST", "/v1/Core/Contacts", `{"contactType":"company","name":"B"}`))
	require.Error(t, err)
	assert.Equal(t, 1, a.srv.Contacts.Len(), "the request did not arrive")
}

// ended is what WithAfterRequest tells.
type ended struct {
	tidtest.Request
	tidtest.Response
}

func TestAFunctionHearsWhatBecameOfEachRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var heard []ended
		a := open(t, tidtest.WithLatency(tidtest.Latency{RoundTrip: 2 * time.Second}), tidtest.WithLog(0),
			tidtest.WithAfterRequest(func(_ *tidtest.Server, r tidtest.Request, res tidtest.Response) { heard = append(heard, ended{r, res}) }))
		a.srv.Inject(tidtest.Fault{Skip: 1, Effect: tidtest.Delay(time.Minute)})
		a.srv.Inject(tidtest.Fault{Skip: 1, Effect: tidtest.DropBefore()})

		made := a.post("/v1/Core/Contacts", `{"contactType":"company","name":"A"}`)
		a.get("/v1/Core/Nothing")
		_, err := a.send(a.request("GET", "/v1/Core/Contacts", ""))
		require.Error(t, err)
		req := a.request("GET", "/v1/Core/Contacts", "")
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		_, err = a.send(req.WithContext(ctx))
		require.Error(t, err)

		require.Len(t, heard, 4)
		assert.Equal(t, "POST /v1/Core/Contacts", heard[0].Operation)
		assert.JSONEq(t, `{"contactType":"company","name":"A"}`, string(heard[0].Request.Body))
		assert.Equal(t, made.text, string(heard[0].Response.Body))
		assert.Equal(t, time.Second, heard[0].Took, "the way back")
		assert.Equal(t, []int{200, 404, 0, 0}, []int{heard[0].Status, heard[1].Status, heard[2].Status, heard[3].Status})
		assert.Equal(t, time.Minute+time.Second, heard[1].Took)
		assert.Empty(t, heard[2].Response.Body)
		assert.Empty(t, heard[3].Response.Body, "the caller has gone")
		assert.Empty(t, a.srv.Requests())
		for _, h := range heard {
			assert.Empty(t, h.Request.Header.Values("Authorization"))
		}
	})
}

func TestASampleHasAsManyMonthsAsAreAskedFor(t *testing.T) {
	until := tid.NewDate(2026, time.March, 20)
	for months, since := range map[int]tid.Date{
		0: tid.NewDate(2026, time.March, 1), 1: tid.NewDate(2026, time.March, 1), 2: tid.NewDate(2026, time.February, 1), 15: tid.NewDate(2025, time.January, 1),
	} {
		c := tidtest.SampleMonths(1, 2, months, until)
		assert.Equal(t, since, c.Since)
		assert.Equal(t, since.Month(), c.TimeReports[0].Date.Month())
		assert.NotPanics(t, func() { tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithCompany(c)) })
	}
	assert.Equal(t, tidtest.SampleUntil(1, 2, until), tidtest.SampleMonths(1, 2, 3, until))

	saturday := tid.NewDate(2026, time.August, 1)
	c := tidtest.SampleMonths(1, 2, 1, saturday)
	assert.Equal(t, tid.NewDate(2026, time.July, 1), c.Since, "a month without a working day is not enough")
}

func TestTheIDsOfAListLeadToItsObjects(t *testing.T) {
	a := open(t, tidtest.WithCompany(tidtest.Sample(1, 4)), tidtest.WithDrift(tidtest.Drift{Operation: listContacts, Moved: "elsewhere"}))
	ids := a.srv.IDs(contactsPath)
	require.Len(t, ids, a.srv.Contacts.Len())
	assert.IsIncreasing(t, ids)
	for _, id := range ids {
		assert.Contains(t, a.srv.GetJSON(contactsPath+"/"+jsonOf(id)), `"id":`+jsonOf(id))
	}
	project := a.srv.IDs("v1/Core/Projects")[0]
	assert.Len(t, a.srv.IDs("v1/Core/Projects/"+jsonOf(project)+"/Comments"), a.srv.ProjectComments.Of(project).Len())
	assert.Panics(t, func() { a.srv.IDs("v1/Core/Planning/GetPlanningSummaries/Users") })
}
