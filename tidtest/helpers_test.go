package tidtest_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid/tidtest"
)

// api speaks to a server with nothing but net/http.
type api struct {
	t      *testing.T
	srv    *tidtest.Server
	client *http.Client
	token  string
}

// open starts a server in memory, without a rate limit, and uses its static token.
func open(t *testing.T, opts ...tidtest.Option) *api {
	t.Helper()
	opts = append([]tidtest.Option{tidtest.InMemory(), tidtest.WithRateLimit(0)}, opts...)
	srv := tidtest.NewServer(t, opts...)
	return &api{t: t, srv: srv, client: &http.Client{Transport: srv.Transport()}, token: srv.StaticToken}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	text   string
}

func (a answer) object(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	require.NoError(t, json.Unmarshal([]byte(a.text), &v), "%s", a.text)
	return v
}

// items are the values of a property of the rows of a list.
func (a answer) items(t *testing.T, property string) []any {
	t.Helper()
	list, _ := a.object(t)["items"].([]any)
	values := make([]any, len(list))
	for i, row := range list {
		values[i] = row.(map[string]any)[property]
	}
	return values
}

// request makes a request that the caller may still change.
func (a *api) request(method, path, body string) *http.Request {
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, a.srv.URL+path, content)
	require.NoError(a.t, err)
	req.Header.Set("Authorization", "Bearer "+a.token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return req
}

func (a *api) send(req *http.Request) (answer, error) {
	res, err := a.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(text)}, err
}

func (a *api) do(method, path, body string) answer {
	a.t.Helper()
	got, err := a.send(a.request(method, path, body))
	require.NoError(a.t, err)
	return got
}

func (a *api) get(path string) answer        { a.t.Helper(); return a.do("GET", path, "") }
func (a *api) post(path, body string) answer { a.t.Helper(); return a.do("POST", path, body) }
func (a *api) put(path, body string) answer  { a.t.Helper(); return a.do("PUT", path, body) }
func (a *api) delete(path string) answer     { a.t.Helper(); return a.do("DELETE", path, "") }

// list gets a first page of a hundred.
func (a *api) list(path string, query ...string) answer {
	a.t.Helper()
	got := a.get(path + "?page=1&pageSize=100&" + strings.Join(query, "&"))
	require.Equal(a.t, 200, got.status, "%s", got.text)
	return got
}

// wrong returns the fields that a 400 complains about.
func (a answer) wrong(t *testing.T) []string {
	t.Helper()
	require.Equal(t, 400, a.status, "%s", a.text)
	errors, _ := a.object(t)["errors"].(map[string]any)
	var fields []string
	for field := range errors {
		fields = append(fields, field)
	}
	return fields
}

func jsonOf(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// made is a T read from JSON.
func made[T any](t *testing.T, text string) (v T) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &v))
	return v
}
