package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/examples/demo/demotest"
	"github.com/vismatid/tid/tidtest"
)

func TestMadeUpCompany(t *testing.T) {
	demotest.NoAccount(t)
	got := demotest.Run(t.Context(), run)
	require.Zero(t, got.Code, "%+v", got)
	assert.Empty(t, got.Stderr)
	assert.Regexp(t, `^No VISMATID_ variables are set: `, got.Stdout)
	assert.Regexp(t, `The last of \d+ log entries:\n  2026-\d\d-\d\d \d\d:\d\d:\d\d  project_\w+  \S`, got.Stdout)
	assert.Contains(t, got.Stdout, "\n  Dimskär Handel AB: 25000.00\n")
	assert.Contains(t, got.Stdout, "\n  Bruksnora Fastigheter AB: none\n")
	assert.Contains(t, got.Stdout, "\nFrom v1/Core/Departments:\n  4001  Bygg\n  4002  El\n")
}

// An account has none of what is new on the fake server.
func TestAccount(t *testing.T) {
	srv := demotest.Server(t, tidtest.WithCompany(tidtest.Sample(1, 3)))
	got := demotest.Run(t.Context(), run)
	require.Zero(t, got.Code, "%+v", got)
	assert.Contains(t, got.Stdout, "The last of ")
	assert.NotContains(t, got.Stdout, ".00\n")
	assert.Contains(t, got.Stdout, "\nThis API has no v1/Core/Departments: name another path with -departments.\n")

	got = demotest.Run(t.Context(), run, "-departments", "v1/Admin/Activities")
	require.Zero(t, got.Code, "%+v", got)
	assert.Contains(t, got.Stdout, "From v1/Admin/Activities:\n")
	for _, activity := range srv.Activities.All() {
		assert.Contains(t, got.Stdout, activity.Name)
	}

	got = demotest.Run(t.Context(), run, "-logs", "v1/Core/LogEntries")
	assert.Equal(t, 1, got.Code)
	assert.Contains(t, got.Stderr, "GET /v1/Core/LogEntries: 404 Not Found")
}

// The wrapped server still is one: what is not new behaves as ever.
func TestNewer(t *testing.T) {
	srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithRateLimit(0), tidtest.WithCompany(tidtest.Sample(1, 3)))
	listening := httptest.NewServer(newer(srv))
	defer listening.Close()
	connect := func(token string) *tid.Client {
		client, err := tid.NewClient(tid.StaticToken(token), tid.WithBaseURL(listening.URL), tid.WithLimiter(nil))
		require.NoError(t, err)
		return client
	}
	client := connect(srv.StaticToken)
	_, err := client.Users.List(t.Context(), nil)
	require.NoError(t, err)
	_, err = client.Logs.List(t.Context(), nil)
	require.ErrorIs(t, err, tid.ErrNotFound)
	assert.ErrorContains(t, err, "tid.WithPath", "the error says what to do")
	contacts, err := client.Contacts.List(t.Context(), nil)
	require.NoError(t, err)
	assert.Len(t, contacts.Items, srv.Contacts.Len())
	_, err = connect("wrong").Contacts.List(t.Context(), nil)
	assert.ErrorIs(t, err, tid.ErrUnauthorized)
}

func TestUsage(t *testing.T) {
	demotest.Help(t, run, 1, "-departments path", "-logs path")
	demotest.Server(t)
	got := demotest.Run(t.Context(), run, "-logs", "../secrets")
	assert.Equal(t, 1, got.Code)
	assert.Contains(t, got.Stderr, "must not have . or .. as an element")
}

func TestFailures(t *testing.T) {
	demotest.Fail(t, run, 1)
	for name, skip := range map[string]int{"contacts": 2, "departments": 3} {
		t.Run(name, func(t *testing.T) {
			srv := demotest.Server(t)
			srv.Inject(tidtest.Fault{Skip: skip, Effect: tidtest.Answer(http.StatusForbidden, "")})
			got := demotest.Run(t.Context(), run)
			assert.Equal(t, 1, got.Code)
			assert.Contains(t, got.Stderr, "403 Forbidden")
		})
	}
}

func TestInterrupted(t *testing.T) {
	srv := demotest.Server(t)
	got := demotest.Run(demotest.CancelAt(t, srv, http.MethodGet, 2), run)
	assert.Equal(t, 1, got.Code)
	assert.Regexp(t, `^\S+: interrupted\n$`, got.Stderr)
}
