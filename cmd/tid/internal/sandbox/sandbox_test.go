package sandbox_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/cmd/tid/internal/description"
	"github.com/vismatid/tid/cmd/tid/internal/doctor"
	"github.com/vismatid/tid/cmd/tid/internal/sandbox"
	"github.com/vismatid/tid/tidtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// box is a sandbox that listens, and a client that speaks to it.
type box struct {
	t    *testing.T
	info sandbox.Info
	http *http.Client
	stop func() // ends the sandbox, and waits for its end
}

// run runs a small sandbox until the end of the test.
func run(t *testing.T, opts sandbox.Options) *box {
	t.Helper()
	if opts.Addr == "" {
		opts.Addr = "127.0.0.1:0"
	}
	opts.Users, opts.Months, opts.RateLimit = 3, 1, -1
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan sandbox.Info, 1), make(chan error, 1)
	go func() { ended <- sandbox.Run(ctx, opts, func(i sandbox.Info) { ready <- i }) }()
	transport := &http.Transport{}
	stop := sync.OnceFunc(func() {
		cancel()
		assert.NoError(t, <-ended)
		transport.CloseIdleConnections()
	})
	t.Cleanup(stop)
	select {
	case info := <-ready:
		return &box{t, info, &http.Client{Transport: transport, Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, stop}
	case err := <-ended:
		ended <- nil
		require.NoError(t, err)
		return nil
	}
}

// answer is what came back.
type answer struct {
	*http.Response
	text string
}

func (b *box) request(method, path, body string, headers ...string) *http.Request {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.info.BaseURL+path, strings.NewReader(body))
	require.NoError(b.t, err)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return req
}

func (b *box) send(req *http.Request) answer {
	b.t.Helper()
	res, err := b.http.Do(req)
	require.NoError(b.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(b.t, err)
	return answer{res, string(text)}
}

// api asks the API, with the static token.
func (b *box) api(method, path, body string) answer {
	b.t.Helper()
	return b.send(b.request(method, path, body, "Authorization", "Bearer "+b.info.StaticToken))
}

func (b *box) page(path string) answer { b.t.Helper(); return b.send(b.request("GET", path, "")) }

// act submits a form as the page's script does.
func (b *box) act(name string, fields ...string) answer {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return b.send(b.request("POST", "/sandbox/"+name, form.Encode(), "Content-Type", "application/x-www-form-urlencoded",
		"Accept", "application/json", "Sec-Fetch-Site", "same-origin", "Origin", b.info.BaseURL))
}

// objects searches the account.
func (b *box) objects(resource, text string) (matched int, paths []string) {
	b.t.Helper()
	got := b.page("/sandbox/objects?" + url.Values{"resource": {resource}, "q": {text}}.Encode())
	require.Equal(b.t, http.StatusOK, got.StatusCode, got.text)
	var found struct {
		Matched int
		Rows    []struct{ Path string }
	}
	require.NoError(b.t, json.Unmarshal([]byte(got.text), &found))
	for _, row := range found.Rows {
		paths = append(paths, row.Path)
	}
	return found.Matched, paths
}

const contacts = "/v1/Core/Contacts"

func TestItListensBeforeItSaysSo(t *testing.T) {
	b := run(t, sandbox.Options{})
	assert.Equal(t, http.StatusOK, b.page("/").StatusCode)
	assert.Equal(t, b.info.BaseURL+"/", b.info.PageURL)
	assert.Empty(t, b.info.Warning)

	conn, err := net.Dial("tcp", strings.TrimPrefix(b.info.BaseURL, "http://"))
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	err = sandbox.Run(t.Context(), sandbox.Options{Addr: strings.TrimPrefix(b.info.BaseURL, "http://")}, func(sandbox.Info) { t.Error("it has not listened") })
	assert.ErrorContains(t, err, "cannot listen")
}

func TestClientsReachTheAPIAtTheAddressOfThePage(t *testing.T) {
	b := run(t, sandbox.Options{})
	c, err := tid.NewClient(tid.AppCredentials(b.info.AppID, b.info.AppSecret), tid.WithBaseURL(b.info.BaseURL), tid.WithHTTPClient(b.http))
	require.NoError(t, err)
	users, err := c.Users.List(t.Context(), nil)
	require.NoError(t, err)
	assert.Len(t, users.Items, 3)
	assert.Equal(t, http.StatusOK, b.api("GET", "/V1/core/contacts", "").StatusCode)
	for _, odd := range []string{"//v1/Core/Contacts", "/v1/../v1/Core/Contacts", "/sandbox"} {
		assert.Equal(t, http.StatusNotFound, b.api("GET", odd, "").StatusCode, "the API answers, and not a redirect: %s", odd)
	}
}

func TestNoPathOfTheAPIIsShadowed(t *testing.T) {
	for _, op := range tidtest.Operations() {
		_, path, _ := strings.Cut(op, " ")
		assert.True(t, strings.HasPrefix(path, "/v1/"), op)
	}
	err := sandbox.Run(t.Context(), sandbox.Options{Drift: []tidtest.Drift{{Operation: "GET /v1/Core/Logs", Moved: "/sandbox/logs"}}}, nil)
	assert.ErrorContains(t, err, "the page of the sandbox is there")
}

func TestOthersReachItOnlyIfThatIsAllowed(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0"} {
		err := sandbox.Run(t.Context(), sandbox.Options{Addr: addr}, func(sandbox.Info) { t.Error("it listens at", addr) })
		assert.ErrorContains(t, err, "others can reach")
	}
	b := run(t, sandbox.Options{Addr: "0.0.0.0:0", AllowRemote: true})
	assert.Contains(t, b.info.Warning, "can use the sandbox")
	got := b.page("/")
	assert.Equal(t, http.StatusOK, got.StatusCode)
	assert.Contains(t, got.text, "can use the sandbox")
}

func TestOptionsThatMakeNoSenseAreAnError(t *testing.T) {
	for says, opts := range map[string]sandbox.Options{
		"-1 users":           {Users: -1},
		"100000 users":       {Users: 100_000},
		"61 months":          {Months: 61},
		"2000 users and 60":  {Users: 2000, Months: 60},
		"a drift of no oper": {Addr: "127.0.0.1:0", Drift: []tidtest.Drift{{Operation: "GET /x"}}},
		"cannot listen":      {Addr: "127.0.0.1:http:1"},
	} {
		assert.ErrorContains(t, sandbox.Run(t.Context(), opts, nil), says)
	}
}

func TestThePageIsKeptFromScriptsAndFramesOfOthers(t *testing.T) {
	b := run(t, sandbox.Options{})
	for _, path := range []string{"/", "/sandbox/reference", "/sandbox/style.css", "/sandbox/script.js", "/sandbox/icon.svg", "/sandbox/objects", "/sandbox/nothing"} {
		h := b.page(path).Header
		assert.Equal(t, "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			h.Get("Content-Security-Policy"), path)
		assert.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), path)
		assert.Equal(t, "same-origin", h.Get("Referrer-Policy"), path)
	}
	for _, path := range []string{"/", "/sandbox/reference"} {
		text := b.page(path).text
		for _, bad := range []string{"<style", "style=", " onclick=", "<script>", "https://cdn"} {
			assert.NotContains(t, text, bad, "nothing that the policy forbids: %s", path)
		}
		assert.NotRegexp(t, `(src|href)="(https?:)?//`, text, "nothing from elsewhere")
	}
}

func TestOtherHostsAreNotAnswered(t *testing.T) {
	b := run(t, sandbox.Options{Hosts: []string{"tid.test"}})
	port := b.info.BaseURL[strings.LastIndex(b.info.BaseURL, ":"):]
	for host, want := range map[string]int{
		"evil.example": 421, "evil.example" + port: 421, "localhost.evil.example": 421, "192.168.1.1": 421, "": 421, "127.0.0.1.evil.example" + port: 421,
		"localhost" + port: 200, "LOCALHOST": 200, "127.0.0.1" + port: 200, "[::1]" + port: 200, "tid.test" + port: 200,
	} {
		for _, path := range []string{"/", contacts} {
			req := b.request("GET", path, "", "Authorization", "Bearer "+b.info.StaticToken)
			req.Host = host
			if host == "" { // which a client replaces
				req.Host = "."
			}
			assert.Equal(t, want, b.send(req).StatusCode, "%s for %q", path, host)
		}
	}
}

func TestPagesOfOthersChangeNothing(t *testing.T) {
	b := run(t, sandbox.Options{})
	for _, path := range []string{"faults", "faults/clear", "drift", "reset"} {
		for name, headers := range map[string][]string{
			"another site": {"Sec-Fetch-Site", "cross-site"}, "another port": {"Sec-Fetch-Site", "same-site"},
			"an old browser": {"Origin", "http://evil.example"}, "no origin": {"Origin", "null"},
			"a form": {"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"},
		} {
			headers = append(headers, "Content-Type", "application/x-www-form-urlencoded")
			assert.Equal(t, http.StatusForbidden, b.send(b.request("POST", "/sandbox/"+path, "kind=503", headers...)).StatusCode, "%s from %s", path, name)
		}
		assert.Equal(t, http.StatusMethodNotAllowed, b.page("/sandbox/"+path).StatusCode, "a link does nothing")
	}
	assert.Equal(t, http.StatusOK, b.api("GET", contacts, "").StatusCode, "no fault has been made")
	for _, path := range []string{"objects", "requests", "script.js"} {
		assert.Equal(t, http.StatusForbidden, b.send(b.request("GET", "/sandbox/"+path, "", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors")).StatusCode)
	}
}

func TestAFaultMakesTheNextRequestGoWrong(t *testing.T) {
	b := run(t, sandbox.Options{})
	status := func() int { return b.api("GET", contacts, "").StatusCode }
	require.Equal(t, http.StatusOK, b.act("faults", "kind", "503").StatusCode)
	assert.Equal(t, []int{503, 200}, []int{status(), status()})

	b.act("faults", "kind", "429", "times", "2")
	got := b.api("GET", contacts, "")
	assert.Equal(t, 429, got.StatusCode)
	assert.Equal(t, "5", got.Header.Get("Retry-After"))
	assert.Equal(t, []int{429, 200}, []int{status(), status()})

	b.act("faults", "kind", "503", "operation", "GET /v1/Core/Logs")
	assert.Equal(t, []int{200, 503}, []int{status(), b.api("GET", "/v1/Core/Logs", "").StatusCode})

	for _, kind := range []string{"cut", "drop"} {
		b.act("faults", "kind", kind)
		res, err := b.http.Do(b.request("POST", contacts, `{"contactType":"company","name":"A"}`, "Authorization", "Bearer "+b.info.StaticToken))
		if err == nil {
			_, err = io.ReadAll(res.Body)
			res.Body.Close()
		}
		assert.Error(t, err, kind)
	}
	b.act("faults", "kind", "malformed")
	assert.False(t, json.Valid([]byte(b.api("GET", contacts, "").text)))
	b.act("faults", "kind", "503", "times", "9")
	b.act("faults/clear")
	assert.Equal(t, 200, status())
}

func TestKilledTokensAreExchangedAgain(t *testing.T) {
	b := run(t, sandbox.Options{})
	exchange := b.request("POST", "/v1/Auth/Token", "")
	exchange.SetBasicAuth(b.info.AppID, b.info.AppSecret)
	var token struct{ AccessToken string }
	require.NoError(t, json.Unmarshal([]byte(b.send(exchange).text), &token))
	status := func() int {
		return b.send(b.request("GET", contacts, "", "Authorization", "Bearer "+token.AccessToken)).StatusCode
	}
	require.Equal(t, 200, status())
	require.Equal(t, 200, b.act("faults", "kind", "tokens").StatusCode)
	assert.Equal(t, 401, status())
	assert.Equal(t, 200, b.api("GET", contacts, "").StatusCode, "the static token lives on")
}

func TestFaultsThatCannotBeAreRefused(t *testing.T) {
	b := run(t, sandbox.Options{})
	for says, fields := range map[string][]string{
		"no fault of that name": {"kind", "nothing"},
		"no operation GET /x":   {"kind", "503", "operation", "GET /x"},
		"from 1 to 1000 times":  {"kind", "503", "times", "100000"},
	} {
		got := b.act("faults", fields...)
		assert.Equal(t, http.StatusUnprocessableEntity, got.StatusCode)
		assert.Contains(t, got.text, says)
	}
	for range 20 {
		require.Equal(t, 200, b.act("faults", "kind", "503").StatusCode)
	}
	assert.Contains(t, b.act("faults", "kind", "503").text, "clear them first", "there is a bound")
	assert.Equal(t, 400, b.send(b.request("POST", "/sandbox/faults", strings.Repeat("x", 1<<20), "Content-Type", "application/x-www-form-urlencoded")).StatusCode)
}

func TestTheButtonsWorkWithoutAScript(t *testing.T) {
	b := run(t, sandbox.Options{})
	got := b.send(b.request("POST", "/sandbox/faults", "kind=503&times=2", "Content-Type", "application/x-www-form-urlencoded", "Origin", b.info.BaseURL))
	assert.Equal(t, http.StatusSeeOther, got.StatusCode)
	assert.Equal(t, "/", got.Header.Get("Location"))
	assert.Contains(t, b.page("/").text, "503 Service Unavailable: any operation, 2 to go")
}

func TestTheAccountDriftsAsChosenAndBack(t *testing.T) {
	b := run(t, sandbox.Options{})
	numbers := func() bool { return strings.Contains(b.api("GET", contacts, "").text, `"customerNumber"`) }
	logs := func(path string) int { return b.api("GET", path, "").StatusCode }
	b.act("drift", "name", "renamed", "on", "true")
	require.Equal(t, 200, b.act("drift", "name", "moved", "on", "true").StatusCode)
	assert.False(t, numbers())
	assert.Equal(t, []int{404, 200}, []int{logs("/v1/Core/Logs"), logs("/v1/Core/LogEntries")})
	assert.Contains(t, b.page("/").text, `data-drift="moved" aria-pressed="true"`)
	b.act("drift", "name", "moved", "on", "false")
	assert.Equal(t, []int{200, 404}, []int{logs("/v1/Core/Logs"), logs("/v1/Core/LogEntries")})
	assert.False(t, numbers(), "one is switched off, and not the other")
	assert.Equal(t, 422, b.act("drift", "name", "nothing", "on", "true").StatusCode)
}

func TestEveryDriftCanBeChosenTogetherAndTheDoctorFindsIt(t *testing.T) {
	b := run(t, sandbox.Options{})
	page := b.page("/").text
	n := 0
	for part := range strings.SplitSeq(page, `data-drift="`) {
		if name, _, ok := strings.Cut(part, `" aria-pressed`); ok && !strings.Contains(name, "<") {
			require.Equal(t, 200, b.act("drift", "name", name, "on", "true").StatusCode, name)
			n++
		}
	}
	assert.Equal(t, 7, n)

	client, err := tid.NewClient(tid.StaticToken(b.info.StaticToken), tid.WithBaseURL(b.info.BaseURL), tid.WithLimiter(nil), tid.WithHTTPClient(b.http))
	require.NoError(t, err)
	operations, err := description.Operations()
	require.NoError(t, err)
	report, err := doctor.Run(t.Context(), client, operations, doctor.Options{})
	require.NoError(t, err)
	found := map[doctor.Kind]bool{}
	for _, finding := range report.Findings {
		found[finding.Kind] = true
	}
	for _, kind := range []doctor.Kind{doctor.PathFound, doctor.UnknownProperty, doctor.MissingProperty, doctor.TypeDiffers, doctor.FilterIgnored, doctor.SortIgnored} {
		assert.True(t, found[kind], "the doctor finds %s", kind)
	}
}

func TestDoctorFindsEveryDriftThatCanBeChosen(t *testing.T) {
	b := run(t, sandbox.Options{})
	operations, err := description.Operations()
	require.NoError(t, err)
	client, err := tid.NewClient(tid.StaticToken(b.info.StaticToken), tid.WithBaseURL(b.info.BaseURL), tid.WithHTTPClient(b.http), tid.WithLimiter(nil))
	require.NoError(t, err)
	findings := func() []doctor.Finding {
		report, err := doctor.Run(t.Context(), client, operations, doctor.Options{Requests: doctor.NoLimit})
		require.NoError(t, err)
		return report.Findings
	}
	assert.Empty(t, findings())
	for name, want := range map[string]doctor.Kind{
		"moved": doctor.PathFound, "renamed": doctor.UnknownProperty, "missing": doctor.MissingProperty, "added": doctor.UnknownProperty,
		"retyped": doctor.TypeDiffers, "deaf-filter": doctor.FilterIgnored, "deaf-sort": doctor.SortIgnored,
	} {
		require.Equal(t, 200, b.act("drift", "name", name, "on", "true").StatusCode)
		assert.Contains(t, kinds(findings()), want, name)
		require.Equal(t, 200, b.act("drift", "name", name, "on", "false").StatusCode)
	}
}

func kinds(findings []doctor.Finding) (all []doctor.Kind) {
	for _, f := range findings {
		all = append(all, f.Kind)
	}
	return all
}

func TestResetMakesAFreshAccount(t *testing.T) {
	own := tidtest.Drift{Operation: "GET /v1/Core/Contacts", Added: map[string]string{"items.mine": "1"}}
	b := run(t, sandbox.Options{Drift: []tidtest.Drift{own}})
	before, _ := b.objects("v1/Core/Contacts", "")
	require.Contains(t, b.api("GET", contacts, "").text, `"mine":1`)
	b.api("POST", contacts, `{"contactType":"company","name":"Mine"}`)
	b.act("faults", "kind", "503", "times", "5")
	b.act("drift", "name", "own", "on", "false")
	b.act("drift", "name", "missing", "on", "true")
	require.Equal(t, 200, b.act("reset").StatusCode)

	after, _ := b.objects("v1/Core/Contacts", "")
	assert.Equal(t, before, after)
	text := b.api("GET", contacts, "").text
	assert.Contains(t, text, `"mine":1`, "what it was started with")
	assert.Contains(t, text, `"email"`)
}

func TestSearchFindsObjectsByTheirValues(t *testing.T) {
	b := run(t, sandbox.Options{})
	made := b.api("POST", contacts, `{"contactType":"company","name":"Zebra Åkeri AB","customerNumber":"4711"}`)
	var contact struct{ ID json.Number }
	require.NoError(t, json.Unmarshal([]byte(made.text), &contact))
	want := "v1/Core/Contacts/" + contact.ID.String()
	for _, text := range []string{"zebra", "ÅKERI", " 4711 ", contact.ID.String()} {
		for _, in := range []string{"", "v1/Core/Contacts"} {
			_, paths := b.objects(in, text)
			assert.Equal(t, []string{want}, paths, "%s in %s", text, in)
		}
	}
	_, paths := b.objects("v1/Core/Projects", "zebra")
	assert.Empty(t, paths)
	matched, _ := b.objects("v1/Core/Contacts", "customerNumber")
	assert.Zero(t, matched, "the names of properties are not searched")
	matched, paths = b.objects("", "")
	assert.Greater(t, matched, 200)
	assert.Len(t, paths, 100, "and not more")
	assert.JSONEq(t, made.text, b.page("/sandbox/object?path="+want).text, "an object is shown as the API shows it")
	assert.Equal(t, 404, b.page("/sandbox/object?path=v1/Core/Contacts/1").StatusCode)
	assert.Equal(t, 404, b.page("/sandbox/objects?resource=v1/x").StatusCode)
}

func TestEveryResourceHasObjectsThatCanBeSeen(t *testing.T) {
	b := run(t, sandbox.Options{})
	page := b.page("/").text
	n := 0
	for part := range strings.SplitSeq(page, `<option value="v1/`) {
		path, _, _ := strings.Cut(part, `"`)
		if strings.Contains(path, "<") {
			continue
		}
		n++
		_, paths := b.objects("v1/"+path, "")
		if assert.NotEmpty(t, paths, path) {
			got := b.page("/sandbox/object?path=" + paths[0])
			assert.Equal(t, 200, got.StatusCode, paths[0])
		}
	}
	assert.Equal(t, 28, n)
}

func TestWhatComesFromClientsIsTextAndNotHTML(t *testing.T) {
	b := run(t, sandbox.Options{})
	stream := b.stream()
	const script = `<script>alert(1)</script>`
	b.api("POST", contacts, `{"contactType":"company","name":"`+script+`"}`)
	b.send(b.request("GET", "/v1/"+url.PathEscape(script), ""))
	assert.NotContains(t, b.page("/sandbox/objects?q=alert").text, "<script>")
	assert.Contains(t, b.page("/sandbox/objects?q=alert").Header.Get("Content-Type"), "application/json")
	for range 2 {
		assert.NotContains(t, string(stream.until("request")), "<script>")
	}
	for _, path := range []string{"/", "/sandbox/reference"} {
		assert.NotContains(t, b.page(path).text, "alert(1)")
	}
	host := b.request("GET", "/", "")
	host.Host = `localhost:"><script>`
	assert.NotContains(t, b.send(host).text, "<script>")
}

// stream reads server-sent events.
type stream struct {
	t     *testing.T
	lines *bufio.Scanner
}

func (b *box) stream() *stream {
	b.t.Helper()
	res, err := b.http.Do(b.request("GET", "/sandbox/requests", ""))
	require.NoError(b.t, err)
	b.t.Cleanup(func() { res.Body.Close() })
	require.Equal(b.t, http.StatusOK, res.StatusCode)
	require.Contains(b.t, res.Header.Get("Content-Type"), "text/event-stream")
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	return &stream{b.t, lines}
}

// until returns the next event of a kind.
func (s *stream) until(kind string) []byte {
	s.t.Helper()
	for s.lines.Scan() {
		if s.lines.Text() == "event: "+kind {
			require.True(s.t, s.lines.Scan())
			return []byte(strings.TrimPrefix(s.lines.Text(), "data: "))
		}
	}
	s.t.Fatal("the stream ended before an event "+kind, s.lines.Err())
	return nil
}

// shown is a request as the page gets it.
type shown struct {
	Method, Path, Query, Operation, Wait string
	Status                               int
	Took                                 float64
	Faulty                               bool
	Request, Response                    struct {
		Text string
		Size int
		Cut  bool
	}
}

func (s *stream) request() (r shown) {
	s.t.Helper()
	require.NoError(s.t, json.Unmarshal(s.until("request"), &r))
	return r
}

func TestThePageIsToldOfRequestsAsTheyCome(t *testing.T) {
	b := run(t, sandbox.Options{})
	b.api("GET", contacts+"?page=1", "")
	s := b.stream()
	s.until("clear")
	r := s.request()
	assert.Equal(t, []string{"GET", contacts, "page=1", "GET /v1/Core/Contacts"}, []string{r.Method, r.Path, r.Query, r.Operation}, "what came before")
	var now struct {
		Counts map[string]int
		Faults []struct{ Left int }
	}
	require.NoError(t, json.Unmarshal(s.until("state"), &now))
	before := now.Counts["v1/Core/Contacts"]

	b.api("POST", contacts, `{"contactType":"company","name":"A"}`)
	r = s.request()
	assert.Equal(t, 200, r.Status)
	assert.JSONEq(t, `{"contactType":"company","name":"A"}`, r.Request.Text)
	assert.Contains(t, r.Response.Text, `"name":"A"`)
	assert.Positive(t, r.Took)
	require.NoError(t, json.Unmarshal(s.until("state"), &now))
	assert.Equal(t, before+1, now.Counts["v1/Core/Contacts"])

	b.act("faults", "kind", "429")
	require.NoError(t, json.Unmarshal(s.until("state"), &now))
	assert.Equal(t, 1, now.Faults[0].Left)
	b.api("GET", contacts, "")
	r = s.request()
	assert.True(t, r.Faulty)
	assert.Equal(t, "5", r.Wait)
	require.NoError(t, json.Unmarshal(s.until("state"), &now))
	assert.Empty(t, now.Faults)

	b.act("reset")
	s.until("clear")
}

func TestBodiesThatAreShownAreCut(t *testing.T) {
	b := run(t, sandbox.Options{})
	s := b.stream()
	b.api("POST", contacts, `{"contactType":"company","name":"`+strings.Repeat("å", 10_000)+`"}`)
	r := s.request()
	assert.Greater(t, r.Request.Size, 20_000)
	assert.LessOrEqual(t, len(r.Request.Text), 4096)
	assert.True(t, r.Request.Cut)
	assert.NotContains(t, r.Request.Text, "\uFFFD", "between characters")

	_, offers := b.objects("v1/Core/Offers", "")
	for _, offer := range offers {
		b.api("GET", "/"+offer+"/Download", "")
		if r = s.request(); r.Status == 200 {
			break
		}
	}
	assert.Positive(t, r.Response.Size)
	b.api("GET", "/v1/"+strings.Repeat("x", 5000), "")
	assert.LessOrEqual(t, len(s.request().Path), 1024)
}

func TestTheLogForgetsTheOldest(t *testing.T) {
	b := run(t, sandbox.Options{})
	for range 450 {
		b.send(b.request("GET", "/v1/old", ""))
	}
	b.send(b.request("GET", "/v1/last", ""))
	s := b.stream()
	for range 199 {
		require.Equal(t, "/v1/old", s.request().Path)
	}
	assert.Equal(t, "/v1/last", s.request().Path)
}

func TestOnlySoManyPagesCanLook(t *testing.T) {
	b := run(t, sandbox.Options{})
	for range 16 {
		b.stream()
	}
	assert.Equal(t, http.StatusServiceUnavailable, b.page("/sandbox/requests").StatusCode)
}

func TestItEndsWhilePagesLookAndAnswersAreSlow(t *testing.T) {
	b := run(t, sandbox.Options{})
	s := b.stream()
	b.act("faults", "kind", "slow")
	answered := make(chan error, 1)
	req := b.request("GET", contacts, "", "Authorization", "Bearer "+b.info.StaticToken)
	go func() {
		res, err := b.http.Do(req)
		if err == nil {
			res.Body.Close()
		}
		answered <- err
	}()
	for strings.Contains(b.page("/").text, "Slow: any operation") { // until the fault has taken the request
	}
	b.stop()
	assert.Error(t, <-answered, "the answer has not been waited for")
	for s.lines.Scan() { // to the end of the stream
	}
}

func TestTheReferenceHasEveryOperation(t *testing.T) {
	b := run(t, sandbox.Options{})
	got := b.page("/sandbox/reference")
	require.Equal(t, 200, got.StatusCode)
	for _, op := range tidtest.Operations() {
		assert.Contains(t, got.text, `data-name="`+op+`"`)
	}
	assert.Contains(t, got.text, b.info.BaseURL+"/v1/Core/Contacts")
	assert.Equal(t, 90*4, strings.Count(got.text, `<code id="`))
	assert.True(t, strings.HasSuffix(strings.TrimSpace(got.text), "</html>"), "the whole of it")
}
