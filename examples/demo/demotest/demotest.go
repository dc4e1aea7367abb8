// Package demotest runs the examples against a fake server. Like package demo it
// is there for the examples alone.
package demotest

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/examples/demo"
	"github.com/vismatid/tid/tidtest"
)

// Result is what a run of an example came to.
type Result struct {
	Code           int
	Stdout, Stderr string
}

// Run runs an example as its program would.
func Run(ctx context.Context, run demo.Run, args ...string) Result {
	var stdout, stderr bytes.Buffer
	code := demo.Code(run(ctx, args, &stdout, &stderr), &stderr)
	return Result{code, stdout.String(), stderr.String()}
}

// NoAccount takes the VISMATID_ variables of the machine away.
func NoAccount(t testing.TB) {
	t.Helper()
	for _, name := range []string{"APP_ID", "APP_SECRET", "TOKEN", "BASE_URL"} {
		t.Setenv("VISMATID_"+name, "")
	}
}

// Server starts a server in memory, without a rate limit, and makes it the account.
func Server(t testing.TB, opts ...tidtest.Option) *tidtest.Server {
	t.Helper()
	srv := tidtest.NewServer(t, append([]tidtest.Option{tidtest.InMemory(), tidtest.WithRateLimit(0)}, opts...)...)
	Account(t, srv)
	return srv
}

// Account makes a server in memory the account that the VISMATID_ variables name,
// and takes the gate of the clients away.
func Account(t testing.TB, srv *tidtest.Server) {
	t.Helper()
	NoAccount(t)
	t.Setenv("VISMATID_APP_ID", srv.AppID)
	t.Setenv("VISMATID_APP_SECRET", srv.AppSecret)
	t.Setenv("VISMATID_BASE_URL", srv.URL)
	Options(t, tid.WithLimiter(nil))
	Through(t, srv.Transport())
}

// Through sends all requests of the clients through a transport.
func Through(t testing.TB, transport http.RoundTripper) {
	t.Helper()
	Options(t, append(demo.Options, tid.WithHTTPClient(&http.Client{Transport: transport}))...)
}

// Options sets those of the clients until the end of the test.
func Options(t testing.TB, opts ...tid.Option) {
	t.Helper()
	before := demo.Options
	demo.Options = opts
	t.Cleanup(func() { demo.Options = before })
}

// ClosedPort makes an address without a listener the account.
func ClosedPort(t testing.TB) {
	t.Helper()
	NoAccount(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	t.Setenv("VISMATID_TOKEN", "static")
	t.Setenv("VISMATID_BASE_URL", "http://"+listener.Addr().String())
	Options(t, tid.WithLimiter(nil), tid.WithRetries(0))
}

// Transport is a function that sends a request.
type Transport func(*http.Request) (*http.Response, error)

// RoundTrip calls f.
func (f Transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// CancelAt returns a context that is cancelled when the n'th request, from 1, of
// the given method is about to be sent.
func CancelAt(t testing.TB, srv *tidtest.Server, method string, n int) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	var sent atomic.Int64
	Through(t, Transport(func(r *http.Request) (*http.Response, error) {
		if r.Method == method && sent.Add(1) == int64(n) {
			cancel()
		}
		return srv.Transport().RoundTrip(r)
	}))
	return ctx
}

// Files returns the contents of the files in a directory, by name.
func Files(t testing.TB, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	files := make(map[string]string)
	for _, entry := range entries {
		content, err := os.ReadFile(dir + "/" + entry.Name())
		require.NoError(t, err)
		files[entry.Name()] = string(content)
	}
	return files
}

// Failures are the failures that every example meets in the same way: what to set
// up, and the line that it ends with.
var Failures = map[string]struct {
	Given func(t testing.TB)
	Says  string
}{
	"wrong secret": {func(t testing.TB) {
		Server(t)
		t.Setenv("VISMATID_APP_SECRET", "wrong")
	}, "401 Unauthorized"},
	"half of the credentials": {func(t testing.TB) {
		NoAccount(t)
		t.Setenv("VISMATID_APP_ID", "ap_1")
	}, "VISMATID_APP_SECRET is not"},
	"no network":    {ClosedPort, "connection refused"},
	"no permission": {func(t testing.TB) { inject(t, tidtest.Answer(http.StatusForbidden, `{"message":"No."}`)) }, "403 Forbidden: No"},
	"no list":       {func(t testing.TB) { inject(t, tidtest.Answer(http.StatusOK, `{}`)) }, "the answer is no list"},
	"not over https": {func(t testing.TB) {
		NoAccount(t)
		t.Setenv("VISMATID_TOKEN", "x")
		t.Setenv("VISMATID_BASE_URL", "http://tid.example")
	}, "must be https"},
}

func inject(t testing.TB, effect tidtest.Effect) {
	t.Helper()
	Server(t).Inject(tidtest.Fault{Operation: "GET", Times: 1000, Effect: effect})
}

// Fail runs an example through all Failures, each of which must be reported in
// one line and end with the given status.
func Fail(t *testing.T, run demo.Run, code int, args ...string) {
	for name, failure := range Failures {
		t.Run(name, func(t *testing.T) {
			failure.Given(t)
			got := Run(t.Context(), run, args...)
			require.Equal(t, code, got.Code, "%+v", got)
			require.Contains(t, got.Stderr, failure.Says)
			require.Regexp(t, `^\S+: [^\n]+\n$`, got.Stderr, "one line")
		})
	}
}

// Help checks that -h explains on stdout, and that wrong flags are one line.
func Help(t *testing.T, run demo.Run, usage int, mentions ...string) {
	NoAccount(t)
	got := Run(t.Context(), run, "-h")
	require.Zero(t, got.Code)
	require.Empty(t, got.Stderr)
	for _, text := range append(mentions, "VISMATID_") {
		require.Contains(t, got.Stdout, text)
	}
	for _, args := range [][]string{{"-nonsense"}, {"file"}} {
		got := Run(t.Context(), run, args...)
		require.Equal(t, usage, got.Code)
		require.Empty(t, got.Stdout)
		require.Regexp(t, `^\S+: [^\n]+\n$`, got.Stderr)
	}
}
