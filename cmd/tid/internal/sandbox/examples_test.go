package sandbox

import (
	"encoding/json"
	"go/format"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// openDesk makes a desk behind a listener.
func openDesk(t *testing.T) (*desk, Info) {
	t.Helper()
	opts := Options{Users: 8, RateLimit: -1}.withDefaults()
	var d *desk
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { d.ServeHTTP(w, r) }))
	t.Cleanup(srv.Close)
	info := Info{BaseURL: srv.URL, AppID: opts.AppID, AppSecret: opts.AppSecret, StaticToken: opts.StaticToken}
	var err error
	d, err = newDesk(opts, info)
	require.NoError(t, err)
	return d, info
}

func TestEveryExampleIsAnsweredWithASuccess(t *testing.T) {
	d, info := openDesk(t)
	all := d.samples(info)
	require.Len(t, all, 90)
	for _, s := range all {
		req, err := http.NewRequestWithContext(t.Context(), s.op.Method, s.url(), strings.NewReader(s.body))
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+info.StaticToken)
		if s.exchange() {
			req.SetBasicAuth(info.AppID, info.AppSecret)
		}
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		var text json.RawMessage
		_ = json.NewDecoder(res.Body).Decode(&text) // a file is none
		res.Body.Close()
		assert.Equal(t, 200, res.StatusCode, "%s %s %s: %s", s.op, s.url(), s.body, text)
		assert.NotContains(t, s.path, "{", s.op)
		require.NoError(t, d.reset()) // examples that delete things leave nothing for others
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestExamplesInGoAreFormattedAndComplete(t *testing.T) {
	d, info := openDesk(t)
	for _, s := range d.samples(info) {
		code := s.golang()
		formatted, err := format.Source([]byte(code))
		require.NoError(t, err, code)
		assert.Equal(t, string(formatted), code)
	}
	typed := 0
	for _, s := range d.samples(info) {
		if s.typed() != "" {
			typed++
		}
	}
	assert.Greater(t, typed, 70, "most operations have a method of their name")
}

// TestExamplesRunAsShown runs some of them in the languages that are there.
func TestExamplesRunAsShown(t *testing.T) {
	d, info := openDesk(t)
	runs := func(program string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Dir = t.TempDir()
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s\n%s", args, out)
		assert.NotContains(t, string(out), `"message"`, "no error")
	}
	for _, s := range d.samples(info) {
		switch s.op.ID {
		case "Auth.Token", "Contacts.List", "Contacts.Create", "TimeReports.Update", "Offers.Download", "TimeReports.UserDayStatistics", "Tasks.Comments.Delete":
		default:
			continue
		}
		if _, err := exec.LookPath("python3"); err == nil {
			runs("python3", "-c", s.python())
		}
		require.NoError(t, d.reset())
		if _, err := exec.LookPath("curl"); err == nil {
			runs("sh", "-c", s.curl())
		}
		require.NoError(t, d.reset())
	}
}

func TestAnExampleInGoRunsAsShown(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a program")
	}
	d, info := openDesk(t)
	for _, s := range d.samples(info) {
		if s.op.ID != "TimeReports.Update" && s.op.ID != "Offers.Download" && s.op.ID != "Auth.Token" {
			continue
		}
		dir, err := os.MkdirTemp(".", "testdata-") // within the module, so that its dependencies are known
		require.NoError(t, err)
		t.Cleanup(func() { os.RemoveAll(dir) })
		require.NoError(t, os.WriteFile(dir+"/main.go", []byte(s.golang()), 0o600))
		cmd := exec.CommandContext(t.Context(), "go", "run", "main.go")
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
}

func TestAReaderThatIsTooSlowIsLetGo(t *testing.T) {
	h := newHub()
	slow, _ := h.join()
	quick, _ := h.join()
	for range backlog + 1 {
		h.request(entry{})
		<-quick
	}
	n := 0
	for range slow {
		n++
	}
	assert.Equal(t, backlog, n, "the channel is closed when it is full")
	h.leave(slow) // once more does nothing
	h.request(entry{})
	<-quick
	assert.Len(t, h.readers, 1)
	h.leave(quick)
	assert.False(t, h.read())
}

func TestQuotesEndNoExample(t *testing.T) {
	d, info := openDesk(t)
	s := d.samples(info)[0]
	s.info.AppSecret, s.info.StaticToken, s.body = `it's "$(x)`, `it's "$(x)`, `{"name":"it's"}`
	assert.Contains(t, s.curl(), `'ap_sandbox:it'\''s "$(x)'`)
	assert.Contains(t, s.powershell(), `'ap_sandbox:it''s "$(x)'`)
	assert.Contains(t, s.python(), `b'{"name":"it\'s"}'`)
}
