package mirror

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

func TestThePlanIsWhatTheRunCosts(t *testing.T) {
	srv, client := company(t)
	for range 500 {
		srv.Tasks.Put(tid.Task{Title: "Ring kunden"})
		srv.ProjectCollections.Put(tid.ProjectCollection{Name: "Samling"})
	}
	m := newMirror(t, SQLite)
	opts := Options{Account: "acme"}
	plan, err := m.Plan(t.Context(), client, opts)
	require.NoError(t, err)
	for i, did := range syncAll(t, m, client).Lists {
		planned := plan[i]
		assert.Equal(t, did.Table, planned.Table)
		assert.True(t, planned.First, planned.Table)
		assert.Equal(t, did.Written, planned.Rows, planned.Table)
		// People among the contacts have no details, and the token is one more request.
		assert.LessOrEqual(t, did.Requests, planned.Requests+1, planned.Table)
		if did.Table != "contacts" {
			assert.GreaterOrEqual(t, did.Requests, planned.Requests-2, planned.Table)
		}
	}
	srv.ResetRequests()
	plan, err = m.Plan(t.Context(), client, opts)
	require.NoError(t, err)
	assert.Empty(t, srv.Requests(), "the plan of what was read before costs nothing")
	for i, did := range syncAll(t, m, client).Lists {
		assert.False(t, plan[i].First, did.Table)
		assert.Equal(t, did.Requests, plan[i].Requests, did.Table)
	}
	opts.Whole = true
	plan, err = m.Plan(t.Context(), client, opts)
	require.NoError(t, err)
	report, err := m.Sync(t.Context(), client, opts)
	require.NoError(t, err)
	for i, did := range report.Lists {
		assert.InDelta(t, did.Requests, plan[i].Requests, 1, did.Table)
	}
}

func TestAPlanTellsWhatMayNotBeRead(t *testing.T) {
	srv, client := company(t)
	m := newMirror(t, SQLite)
	srv.Inject(tidtest.Fault{Operation: "GET /v1/Core/Invoices", Share: 1, Effect: tidtest.Answer(403, "")})
	plan, err := m.Plan(t.Context(), client, Options{Account: "acme", Only: []string{"invoices", "logs"}})
	require.NoError(t, err)
	require.Len(t, plan, 2)
	assert.Contains(t, plan[0].Error, "403")
	assert.Empty(t, plan[1].Error)
	assert.Equal(t, srv.Logs.Len(), plan[1].Rows)
	_, err = m.Plan(t.Context(), (*tid.Client)(nil), Options{Account: "acme"})
	require.ErrorContains(t, err, "client is nil")
}
