package fleet

import (
	"context"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/mirror"
	"github.com/vismatid/tid/tidtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newFleet is a fleet of two accounts, each with a server of its own.
func newFleet(t *testing.T) (f *Fleet, servers []*tidtest.Server) {
	m, err := mirror.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "tid.db"))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, m.Close()) })
	f = &Fleet{Mirror: m, Parallel: 2, Only: []string{"contacts"}}
	for _, name := range []string{"acme", `by"gg`} {
		srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithRateLimit(0), tidtest.WithCompany(tidtest.Sample(1, 3)))
		servers = append(servers, srv)
		f.Accounts = append(f.Accounts, Account{Name: name, Client: srv.Client(tid.WithLimiter(nil), tid.WithRetries(0))})
	}
	return f, servers
}

func ask(f *Fleet, path string) (int, string) {
	answer := httptest.NewRecorder()
	f.Handler().ServeHTTP(answer, httptest.NewRequest("GET", path, nil))
	return answer.Code, answer.Body.String()
}

func TestAccountsAreHealthyForTwiceTheTimeBetweenRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, servers := newFleet(t)
		f.Every = time.Minute
		status, body := ask(f, "/healthz")
		assert.Equal(t, 503, status)
		assert.Equal(t, "acme: no run has been complete yet\nby\"gg: no run has been complete yet\n", body)

		f.Every = 0
		f.Run(t.Context())
		f.Every = time.Minute
		status, _ = ask(f, "/healthz")
		assert.Equal(t, 200, status)
		time.Sleep(2*time.Minute - time.Second)
		status, _ = ask(f, "/healthz")
		assert.Equal(t, 200, status)
		time.Sleep(time.Second)
		status, _ = ask(f, "/healthz")
		assert.Equal(t, 503, status)

		servers[0].Inject(tidtest.Fault{Effect: tidtest.Answer(500, "")})
		servers[1].Inject(tidtest.Fault{Operation: "GET /v1/Core/Contacts", Effect: tidtest.Answer(403, "")})
		f.Every = 0
		f.Run(t.Context())
		f.Every = time.Minute
		status, body = ask(f, "/healthz")
		assert.Equal(t, 503, status)
		assert.Regexp(t, `^acme: the last complete run began at \S+\n$`, body, "a permission that is missing is no lack of health")
	})
}

func TestMetricsCountEachAccountAndList(t *testing.T) {
	f, servers := newFleet(t)
	f.Run(t.Context())
	servers[0].Contacts.Delete(servers[0].Contacts.All()[0].ID)
	f.Run(t.Context())
	status, text := ask(f, "/metrics")
	assert.Equal(t, 200, status)
	assert.Contains(t, text, "\ntid_mirror_rows_deleted_total{account=\"acme\",list=\"contacts\"} 1\n")
	assert.Contains(t, text, "\ntid_mirror_rows_deleted_total{account=\"by\\\"gg\",list=\"contacts\"} 0\n")
	assert.Contains(t, text, "\ntid_mirror_runs_total{account=\"acme\",result=\"ok\"} 2\n")
	status, _ = ask(f, "/")
	assert.Equal(t, 404, status)
}

func TestAnAccountThatIsSlowKeepsNoOtherWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, servers := newFleet(t)
		servers[0].Inject(tidtest.Fault{Times: 1_000_000, Effect: tidtest.Delay(25 * time.Second)})
		f.Every, f.Only = time.Minute, nil
		ran := map[string]int{}
		f.Done = func(o Outcome) { ran[o.Account]++ }
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
		defer cancel()
		f.Run(ctx)
		assert.LessOrEqual(t, ran["acme"], 3)
		assert.InDelta(t, 30, ran[`by"gg`], 4)
	})
}
