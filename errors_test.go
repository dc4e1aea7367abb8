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
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
)

// answers is a transport that answers every request alike.
type answers struct {
	status int
	header http.Header
	body   string
	err    error
}

func (a answers) RoundTrip(req *http.Request) (*http.Response, error) {
	if a.err != nil {
		return nil, a.err
	}
	header := a.header.Clone()
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{StatusCode: a.status, Header: header, Request: req,
		Body: io.NopCloser(strings.NewReader(a.body)), ContentLength: int64(len(a.body))}, nil
}

const secretToken = "pk_8f14e45f.pa_c9f0f895"

// failing is the error of one call that is sent once and answered so.
func failing(t testing.TB, a answers, op string) *tid.Error {
	t.Helper()
	c, err := tid.NewClient(tid.StaticToken(secretToken), tid.WithHTTPClient(&http.Client{Transport: a}),
		tid.WithLimiter(nil), tid.WithRetries(0))
	require.NoError(t, err)
	method, path, _ := strings.Cut(op, " ")
	var e *tid.Error
	require.ErrorAs(t, c.Do(context.Background(), method, path, nil, nil, nil), &e)
	return e
}

func TestTheMessageOfAnErrorBodyIsFound(t *testing.T) {
	for _, test := range []struct {
		name, body, want string
		fields           map[string][]string
	}{
		{"message", `{"message":"PageSize must be between 1 and 100"}`, "PageSize must be between 1 and 100", nil},
		{"Message", `{"Message":"An error has occurred."}`, "An error has occurred.", nil},
		{"error string", `{"error":"invalid_grant"}`, "invalid_grant", nil},
		{"error object", `{"error":{"code":7,"message":"No such user"}}`, "No such user", nil},
		{"message before error", `{"error":"E17","message":"No such user"}`, "No such user", nil},
		{"empty message, then error", `{"message":"","error":"E17"}`, "E17", nil},
		{"null message, then title", `{"message":null,"title":"Bad"}`, "Bad", nil},
		{"error_description", `{"error_description":"wrong secret"}`, "wrong secret", nil},
		{"detail", `{"type":"about:blank","detail":"Hours are required","status":400}`, "Hours are required", nil},
		{"title and errors", `{"title":"One or more validation errors occurred.","errors":{"Title":["is required","is short"],"Hours":["is negative"]}}`,
			"One or more validation errors occurred.", map[string][]string{"Title": {"is required", "is short"}, "Hours": {"is negative"}}},
		{"errors as strings", `{"title":"Bad","errors":{"Title":"is required"}}`, "Bad", map[string][]string{"Title": {"is required"}}},
		{"errors as a list", `{"errors":["Hours are required","Date is required"]}`, "Hours are required, Date is required", nil},
		{"errors as a list of objects", `{"message":"Bad","errors":[{"field":"hours","message":"is negative"},{"propertyName":"Date","errorMessage":"is required"},{"x":1}]}`,
			"Bad", map[string][]string{"hours": {"is negative"}, "Date": {"is required"}}},
		{"errorMessage", `{"errorMessage":"down"}`, "down", nil},
		{"error and its description", `{"error":"invalid_client","error_description":"wrong secret"}`, "invalid_client: wrong secret", nil},
		{"errors as one string", `{"errors":"Hours are required"}`, "Hours are required", nil},
		{"errors as a list beside a message", `{"message":"Bad","errors":["x"]}`, "Bad", nil},
		{"errors of another shape", `{"title":"Bad","errors":{"Title":{"x":1},"Hours":null,"Date":[],"User":[1]}}`, "Bad", nil},
		{"modelState", `{"message":"The request is invalid.","modelState":{"in.Title":["is required"]}}`,
			"The request is invalid.", map[string][]string{"in.Title": {"is required"}}},
		{"bare string", `"Åtkomst nekad"`, "Åtkomst nekad", nil},
		{"bare string with escapes", `"line\r\none\ttwo\u0000"`, "line one two", nil},
		{"plain text", "Service Unavailable\r\n", "Service Unavailable", nil},
		{"plain text after a byte order mark", "\ufeffdown", "down", nil},
		{"object after a byte order mark", "\ufeff{\"message\":\"down\"}", "down", nil},
		{"HTML with a title", "<!DOCTYPE html>\n<html><head><TITLE>502 Bad&nbsp;Gateway</TITLE><style>p{}</style></head><body><h1>x</h1></body></html>", "502 Bad Gateway", nil},
		{"HTML without a title", "<html><head><STYLE\ntype='text/css'>p { color: red }</STYLE></head><header>The</header><body><script>if (a<b) alert('x')</script><h1>Service</h1><p>down &amp; out</p></body></html>", "The Service down & out", nil},
		{"HTML with an empty title", "<html><head><title> </title></head><body>down</body></html>", "down", nil},
		{"XML", `<?xml version="1.0"?><Error><Message>down</Message></Error>`, "down", nil},
		{"empty", "", "", nil},
		{"blank", " \r\n\t", "", nil},
		{"only a byte order mark", "\ufeff", "", nil},
		{"empty object", "{}", "", nil},
		{"null", "null", "", nil},
		{"list", `["a"]`, `["a"]`, nil},
		{"binary", "\x89PNG\r\n\x1a\n\x00\x00\xff\xfe", "PNG", nil},
		{"cut-off JSON", `{"message":"PageSize must be betw`, `{"message":"PageSize must be betw`, nil},
		{"cut-off string", `"PageSize must`, `"PageSize must`, nil},
		{"JSON and more", `{"message":"a"}{"message":"b"}`, `{"message":"a"}{"message":"b"}`, nil},
		{"bidirectional and invisible characters", "a\u202eb\u200bc\u2028d", "a b c d", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			message, fields := tid.ReadErrorBody([]byte(test.body))
			assert.Equal(t, test.want, message)
			assert.Equal(t, test.fields, fields)
		})
	}
}

// assertOneLine says that text is fit for a line of a log.
func assertOneLine(t testing.TB, text string, most int) {
	t.Helper()
	assert.True(t, utf8.ValidString(text), "%q", text)
	assert.NotContains(t, text, "\ufffd")
	assert.Equal(t, -1, strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }), "%q", text)
	assert.LessOrEqual(t, utf8.RuneCountInString(text), most)
}

func TestAHugeErrorBodyMakesAShortMessage(t *testing.T) {
	for name, body := range map[string]string{
		"text":          strings.Repeat("Å", 1<<20),
		"words":         strings.Repeat("oj ", 1<<20),
		"HTML":          "<html><body>" + strings.Repeat("<p>oj</p>", 1<<18),
		"open tags":     strings.Repeat("<", 1<<20),
		"open script":   strings.Repeat("<script>", 1<<17),
		"title":         "<title>" + strings.Repeat("oj ", 1<<20) + "</title>",
		"message":       `{"message":"` + strings.Repeat("å", 1<<20) + `"}`,
		"error object":  `{"error":{"message":"` + strings.Repeat("å", 1<<20) + `"}}`,
		"list":          `{"errors":["` + strings.Repeat(`oj","`, 1<<18) + `"]}`,
		"binary":        strings.Repeat("\xff\x00a", 1<<20),
		"deep nesting":  strings.Repeat(`{"a":`, 1<<18),
		"deep brackets": `{"message":` + strings.Repeat("[", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			message, _ := tid.ReadErrorBody([]byte(body[:64<<10])) // all that is ever kept
			assertOneLine(t, message, tid.MaxErrorMessage+1)
			e := failing(t, answers{status: 400, body: body}, "GET /v1/Core/Contacts")
			assertOneLine(t, e.Error(), tid.MaxErrorMessage+200)
			assert.LessOrEqual(t, len(e.Body), 64<<10)
			assert.Less(t, time.Since(begin), 10*time.Second, "one pass takes milliseconds; a pass from each tag, half a minute")
		})
	}
}

func TestAThousandFieldsKeepTheTextBounded(t *testing.T) {
	fields := make(map[string][]string)
	for i := range 1000 {
		fields[fmt.Sprintf("field%03d", i)] = []string{"is wrong"}
	}
	e := &tid.Error{Operation: "POST /v1/Core/Projects", StatusCode: 400, Message: "Bad", Fields: fields}
	assertOneLine(t, e.Error(), 4*tid.MaxErrorMessage)
	assert.Contains(t, e.Error(), "field000: is wrong; field001: is wrong")
	assert.Contains(t, e.Error(), "; and 990 more")
	assert.Len(t, e.Fields, 1000, "Fields has them all")

	long := strings.Repeat("å", 10_000)
	e.Fields = map[string][]string{long: {long, long}, long + "b": {long}, long + "c": {long}, "\n": {"\x00"}}
	assertOneLine(t, e.Error(), 10*tid.MaxErrorMessage)
	e.Err = errors.New("a\nb" + long)
	e.Fields = nil
	assertOneLine(t, e.Error(), 2*tid.MaxErrorMessage)
}

func TestTheFieldsOfAnErrorAreSorted(t *testing.T) {
	e := &tid.Error{Operation: "POST /v1/Core/Projects", Path: "/v1/Core/Projects", StatusCode: 400, Message: "Bad",
		Fields: map[string][]string{"title": {"is required", "is short"}, "endDate": {"is before startDate"}, "Åre": {"x"}}}
	for range 20 {
		require.Equal(t, "tid: POST /v1/Core/Projects: 400 Bad Request: Bad: endDate: is before startDate; "+
			"title: is required, is short; Åre: x", e.Error())
	}
}

func TestTheTextOfAnErrorSaysWhatWasAskedAndWhatCameOfIt(t *testing.T) {
	for _, test := range []struct {
		err  *tid.Error
		want string
	}{
		{&tid.Error{Operation: "GET /v1/Core/Contacts/{id}"}, "tid: GET /v1/Core/Contacts/{id}"},
		{&tid.Error{Operation: "GET /v1/Core/Contacts/{id}", Path: "/v1/Core/Contacts/7", StatusCode: 404, Attempts: 1},
			"tid: GET /v1/Core/Contacts/7: 404 Not Found"},
		{&tid.Error{Operation: "GET /x", StatusCode: 599, Attempts: 5}, "tid: GET /x: 599 (after 5 attempts)"},
		{&tid.Error{Operation: "GET /x", Path: "/x", Err: context.DeadlineExceeded, Attempts: 1}, "tid: GET /x: context deadline exceeded"},
		{&tid.Error{Operation: "POST /x", Message: "not sent", Err: tid.ErrInvalidInput, Fields: map[string][]string{"title": {"is required"}}},
			"tid: POST /x: not sent: title: is required"},
		{&tid.Error{}, "tid: "},
	} {
		assert.Equal(t, test.want, test.err.Error())
	}
}

func TestTheJSONOfAnErrorHasItsCauseAndNotItsBody(t *testing.T) {
	e := failing(t, answers{err: errors.New("the network said " + secretToken)}, "GET /v1/Core/Contacts/7")
	e.Body = []byte("body")
	for _, v := range []any{e, *e, struct{ Err error }{e}} {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		assert.Contains(t, string(text), `"Operation":"GET /v1/Core/Contacts/{id}"`)
		assert.Contains(t, string(text), `"Err":"the network said …"`)
		assert.NotContains(t, string(text), "body")
	}
	refused := failing(t, answers{status: 404, body: `{"message":"No such contact"}`}, "GET /v1/Core/Contacts/7")
	text, err := json.Marshal(refused)
	require.NoError(t, err)
	assert.JSONEq(t, `{"Operation":"GET /v1/Core/Contacts/{id}","Path":"/v1/Core/Contacts/7","StatusCode":404,
		"Message":"No such contact","Fields":null,"RetryAfter":0,"Attempts":1,"MayHaveExecuted":false}`, string(text))
	text, err = json.Marshal((*tid.Error)(nil))
	require.NoError(t, err)
	assert.Equal(t, "null", string(text))
}

func TestEveryStatusHasItsSentinel(t *testing.T) {
	all := []error{tid.ErrInvalidInput, tid.ErrBadRequest, tid.ErrUnauthorized, tid.ErrForbidden, tid.ErrNotFound, tid.ErrRateLimited, tid.ErrServer}
	for status, want := range map[int]error{
		400: tid.ErrBadRequest, 401: tid.ErrUnauthorized, 403: tid.ErrForbidden, 404: tid.ErrNotFound, 429: tid.ErrRateLimited,
		500: tid.ErrServer, 502: tid.ErrServer, 503: tid.ErrServer, 504: tid.ErrServer,
		302: nil, 304: nil, 402: nil, 405: nil, 409: nil, 418: nil, 501: nil, 599: nil,
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			var err error = failing(t, answers{status: status, body: `{"message":"no"}`}, "GET /v1/Core/Contacts/7")
			err = fmt.Errorf("nightly export: %w", err)
			for _, sentinel := range all {
				assert.Equal(t, sentinel == want, errors.Is(err, sentinel), "%v", sentinel)
			}
			var e *tid.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, status, e.StatusCode)
			assert.Equal(t, "no", e.Message)
			assert.Equal(t, "GET /v1/Core/Contacts/{id}", e.Operation)
			assert.Equal(t, "/v1/Core/Contacts/7", e.Path)
			assert.Equal(t, 1, e.Attempts)
			assert.Equal(t, `{"message":"no"}`, string(e.Body))
			assert.Nil(t, e.Unwrap())
		})
	}
	var err error = &tid.Error{Operation: "GET /x"}
	for _, sentinel := range all {
		assert.NotErrorIs(t, err, sentinel, "an error without a status matches none")
	}
}

func TestTheCauseOfAnErrorIsReached(t *testing.T) {
	cause := errors.New("connection reset by peer")
	for _, want := range []error{cause, context.Canceled, context.DeadlineExceeded, io.ErrUnexpectedEOF} {
		e := failing(t, answers{err: fmt.Errorf("read tcp: %w", want)}, "POST /v1/Core/Contacts")
		assert.ErrorIs(t, e, want)
		assert.Contains(t, e.Error(), want.Error())
		assert.Zero(t, e.StatusCode)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	c, err := tid.NewClient(tid.StaticToken(secretToken), tid.WithHTTPClient(&http.Client{Transport: answers{status: 200}}))
	require.NoError(t, err)
	err = c.Do(ctx, "GET", "v1/Core/Contacts", nil, nil, nil)
	assert.ErrorIs(t, err, context.Canceled)
	var e *tid.Error
	require.ErrorAs(t, err, &e)
	assert.Zero(t, e.Attempts, "nothing was sent")
}

func TestErrorsShowNeitherBodyNorSecret(t *testing.T) {
	// A server that echoes the request, as a debugging proxy does.
	const private = "19851017-2387"
	a := answers{status: 400, header: http.Header{"X-Echo": {secretToken}},
		body: `{"message":"bad header: Bearer ` + secretToken + `","errors":{"` + secretToken + `":["` + secretToken + `"]},"echo":"` + private + `"}`}
	var text, js bytes.Buffer
	textLog := slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))
	jsonLog := slog.New(slog.NewJSONHandler(&js, &slog.HandlerOptions{Level: slog.LevelDebug}))

	c, err := tid.NewClient(tid.StaticToken(secretToken), tid.WithHTTPClient(&http.Client{Transport: a}),
		tid.WithLimiter(nil), tid.WithLogger(textLog), tid.WithObserver(func(_ context.Context, e tid.Event) { jsonLog.Info("event", "event", e) }))
	require.NoError(t, err)
	err = c.Do(context.Background(), "POST", "v1/Core/Contacts", url.Values{"q": {private}}, map[string]string{"ssn": private}, nil)
	var e *tid.Error
	require.ErrorAs(t, err, &e)
	require.NotEmpty(t, e.Body)

	outputs := map[string]string{"Error": e.Error(), "wrapped": fmt.Errorf("export: %w", err).Error()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%20v", "%T%v"} {
		if verb == "%T%v" {
			outputs[verb] = fmt.Sprintf(verb, e, e)
			continue
		}
		outputs[verb] = fmt.Sprintf(verb, e)
	}
	outputs["in a struct"] = fmt.Sprintf("%+v %#v", struct{ Err error }{e}, struct{ Err error }{e})
	outputs["by value"] = fmt.Sprintf("%v %+v %#v %s", *e, *e, *e, *e)
	outputs["joined"] = errors.Join(e, e).Error()
	marshaled, err := json.Marshal(e)
	require.NoError(t, err)
	outputs["json"] = string(marshaled)
	for _, log := range []*slog.Logger{textLog, jsonLog} {
		log.Error("failed", "err", e, "client", c, "source", tid.StaticToken(secretToken), "group", slog.GroupValue(slog.Any("err", e)))
		log.Error("failed", slog.Any("wrapped", fmt.Errorf("export: %w", e)))
	}
	outputs["slog text"], outputs["slog JSON"] = text.String(), js.String()
	for name, output := range outputs {
		assert.NotEmpty(t, output, name)
		assert.NotContains(t, output, secretToken, name)
		assert.NotContains(t, output, private, name)
		assert.NotContains(t, output, "c9f0f895", name)
	}
	assert.Contains(t, outputs["%+v"], "bad header: Bearer …", "the rest of the message is there")
	assert.Contains(t, outputs["slog JSON"], `"operation":"POST /v1/Core/Contacts","status":400`)
	assert.Contains(t, outputs["slog text"], `err.operation="POST /v1/Core/Contacts" err.status=400 err.attempts=1`)
	assert.Contains(t, outputs["json"], `"Operation":"POST /v1/Core/Contacts"`)
}

func TestNoErrorPrintsAsNil(t *testing.T) {
	var none *tid.Error
	assert.Equal(t, "<nil> <nil>", fmt.Sprintf("%v %+v", none, none))
}

func TestAnErrorToldToSlogHasItsFields(t *testing.T) {
	e := &tid.Error{Operation: "POST /x", Path: "/x", StatusCode: 429, RetryAfter: 3 * time.Second, Attempts: 2, MayHaveExecuted: true}
	got := map[string]any{}
	for _, attr := range e.LogValue().Group() {
		got[attr.Key] = attr.Value.Any()
	}
	assert.Equal(t, map[string]any{"operation": "POST /x", "status": int64(429), "retryAfter": 3 * time.Second,
		"attempts": int64(2), "mayHaveExecuted": true, "error": e.Error()}, got)
}

func TestErrorsSayWhatToDo(t *testing.T) {
	for _, test := range []struct {
		op     string
		status int
		wait   time.Duration
		want   string
	}{
		{"GET /v1/Core/Projects", 401, 0, "application id and secret"},
		{"GET /v1/Core/Projects", 403, 0, "permissions and allowed IP addresses"},
		{"POST /v1/Core/Contacts", 404, 0, `tid.WithPath("POST /v1/Core/Contacts", …)`},
		{"GET /v1/Core/Projects", 404, 0, ""},
		{"GET /v1/Core/Unknown", 404, 0, ""},
		{"GET /v1/Core/Projects", 429, 90 * time.Second, "wait 1m30s"},
		{"GET /v1/Core/Projects", 429, 0, ""},
		{"GET /v1/Core/Projects", 302, 0, "redirects are refused"},
		{"GET /v1/Core/Projects", 500, 0, ""},
	} {
		hint := tid.HintFor(test.op, test.status, test.wait)
		if test.want == "" {
			assert.Empty(t, hint, "%v", test)
			continue
		}
		assert.Contains(t, hint, test.want)
		e := failing(t, answers{status: test.status, header: http.Header{"Retry-After": {"90"}}}, test.op)
		if test.status == 404 { // the call went to a path of the caller's own, which WithPath does not change
			assert.NotContains(t, e.Error(), hint)
			continue
		}
		assert.Contains(t, e.Error(), "; "+hint)
	}
}
