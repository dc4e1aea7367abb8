package tid_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
)

// sends is a client that counts what it sends, and is answered with body.
func sends(t testing.TB, body string, opts ...tid.Option) (c *tid.Client, sent *[]*http.Request) {
	sent = new([]*http.Request)
	opts = append([]tid.Option{tid.WithHTTPClient(&http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		*sent = append(*sent, req)
		return answer(req, 200, body), nil
	})}), tid.WithLimiter(nil)}, opts...)
	c, err := tid.NewClient(tid.StaticToken("pk_1.pa_1"), opts...)
	require.NoError(t, err)
	return c, sent
}

const byNumber = "GET /v1/Admin/BookingProjects/ByBookingNumber/{bookingNumber}"

func TestTemplatesOfAnyAlphabetKeepWhatIsEscaped(t *testing.T) {
	for template, want := range map[string]string{
		"/v1/Övrigt/{bookingNumber}":   "/v1/%C3%96vrigt/..%2F..%2FUsers%2F1",
		"/v1/a b/{bookingNumber}":      "/v1/a%20b/..%2F..%2FUsers%2F1",
		`/v1/a"b/{bookingNumber}`:      "/v1/a%22b/..%2F..%2FUsers%2F1",
		"/v1/a|b^c/{bookingNumber}":    "/v1/a%7Cb%5Ec/..%2F..%2FUsers%2F1",
		"/v1/%C3%96vr/{bookingNumber}": "/v1/%C3%96vr/..%2F..%2FUsers%2F1",
		"/v1/[x]/{bookingNumber}":      "/v1/%5Bx%5D/..%2F..%2FUsers%2F1",
	} {
		c, sent := sends(t, `{"id":1}`, tid.WithPath(byNumber, template))
		_, err := c.BookingProjects.GetByNumber(t.Context(), "../../Users/1")
		require.NoError(t, err, template)
		assert.Equal(t, want, (*sent)[0].URL.RequestURI(), template)
	}
}

func TestPathsThatLeaveTheirPlaceAreRefused(t *testing.T) {
	for _, path := range []string{
		"..", "a/../b", "/a/./b", "a/%2e%2e/b", "a/%2E./b", "a/%252e%252e/b", "a/..%2fb", "a/..%252fb", "a/b%2f..%2fc",
		`a/..\b`, "a/..%5cb", "a/..;x/b", "a/..%3bx/b", "a/.. /b", "a/%2e%2e%20/b", "a//b", "//host/a", "", "/", "a/%zz", "a?b", "a#b",
	} {
		c, sent := sends(t, `{}`)
		assert.ErrorIs(t, c.Do(t.Context(), "GET", path, nil, nil, nil), tid.ErrInvalidInput, path)
		assert.Empty(t, *sent, path)
		_, err := tid.NewClient(tid.StaticToken("pk_1.pa_1"), tid.WithPath("GET /v1/Core/Logs", path))
		assert.Error(t, err, path)
	}
	c, sent := sends(t, `{"id":1}`, tid.WithPath(byNumber, "/v1/.{bookingNumber}"))
	_, err := c.BookingProjects.GetByNumber(t.Context(), "x")
	assert.NoError(t, err)
	assert.Equal(t, "/v1/.x", (*sent)[0].URL.RequestURI())
}

// FuzzPaths claims that what is sent stays below the base path, and that unescaping
// it any number of times does not lead away from there.
func FuzzPaths(f *testing.F) {
	f.Add("v1/Övrigt/{bookingNumber}", "../../Users/1")
	f.Add("v1/%2e/{bookingNumber}", ".")
	f.Add("v1/.{bookingNumber}", ";x")
	f.Fuzz(func(t *testing.T, path, number string) {
		var sent []string
		transport := roundTrip(func(req *http.Request) (*http.Response, error) {
			sent = append(sent, req.URL.RequestURI())
			return answer(req, 200, `{"id":1}`), nil
		})
		opts := []tid.Option{tid.WithHTTPClient(&http.Client{Transport: transport}), tid.WithLimiter(nil),
			tid.WithBaseURL("https://example.com/base")}
		c, err := tid.NewClient(tid.StaticToken("pk_1.pa_1"), opts...)
		require.NoError(t, err)
		_ = c.Do(t.Context(), "GET", path, nil, nil, nil)
		for _, uri := range sent {
			plain := uri
			for again := ""; plain != again; {
				again = plain
				if next, err := url.PathUnescape(plain); err == nil {
					plain = next
				}
			}
			for _, element := range strings.FieldsFunc(plain, func(r rune) bool { return r == '/' || r == '\\' }) {
				assert.NotContains(t, []string{".", ".."}, element, uri)
			}
		}
		sent = nil
		c, err = tid.NewClient(tid.StaticToken("pk_1.pa_1"), append(opts, tid.WithPath(byNumber, path))...)
		if err != nil {
			return
		}
		_, _ = c.BookingProjects.GetByNumber(t.Context(), number)
		for _, uri := range sent {
			assert.True(t, strings.HasPrefix(uri, "/base/"), uri)
			assert.Equal(t, strings.Count(strings.TrimPrefix(path, "/"), "/")+2, strings.Count(uri, "/"), "the number adds no element: %s", uri)
			for _, element := range strings.Split(uri, "/") {
				plain, err := url.PathUnescape(element)
				assert.NoError(t, err)
				assert.NotContains(t, []string{".", ".."}, plain, uri)
			}
		}
	})
}

type valueWriter struct{ *bytes.Buffer }

func TestWhatCannotTakeTheAnswerIsRefusedBeforeAnythingIsSent(t *testing.T) {
	var buffer *bytes.Buffer
	var number *int
	var writer io.Writer = buffer
	for _, out := range []any{buffer, number, writer, (*json.RawMessage)(nil), 7, map[string]any{}, struct{}{}} {
		c, sent := sends(t, `{}`)
		assert.ErrorIs(t, c.Do(t.Context(), "POST", "v1/x", nil, nil, out), tid.ErrInvalidInput, "%T", out)
		assert.Empty(t, *sent)
	}
	for _, out := range []any{nil, new(bytes.Buffer), valueWriter{new(bytes.Buffer)}, new(int), new(any)} {
		c, _ := sends(t, `1`)
		assert.NoError(t, c.Do(t.Context(), "POST", "v1/x", nil, nil, out), "%T", out)
	}
}

func TestDaysThatCannotBeWrittenAreSentByNoRequest(t *testing.T) {
	for _, d := range []tid.Date{
		tid.NewDate(67562, 10, 1), tid.NewDate(10000, 1, 1), tid.NewDate(0, 1, 1), tid.NewDate(-5, 1, 1),
		tid.NewDate(math.MaxInt32, 1, 1), tid.NewDate(2024, 1, math.MaxInt32), tid.NewDate(2024, math.MinInt32, 1),
		tid.NewDate(9999, 12, 31).AddDays(1), tid.DateOf(time.Date(70000, 1, 1, 0, 0, 0, 0, time.UTC)),
	} {
		assert.False(t, d.IsZero())
		c, sent := sends(t, `{"id":1}`)
		_, err := c.TimeReports.List(t.Context(), &tid.TimeReportListOptions{From: d})
		assert.ErrorIs(t, err, tid.ErrInvalidInput)
		assert.ErrorContains(t, err, "years 1 to 9999")
		_, err = c.Projects.Create(t.Context(), &tid.ProjectInput{Title: "Tak", StartDate: d})
		assert.ErrorIs(t, err, tid.ErrInvalidInput)
		assert.Empty(t, *sent)
	}
	for _, dt := range []tid.DateTime{tid.DateTimeOf(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)),
		tid.DateTimeOfWall(time.Date(9999, 12, 31, 23, 0, 0, 0, time.UTC)).Add(time.Hour)} {
		_, err := json.Marshal(dt)
		assert.ErrorContains(t, err, "years 1 to 9999")
		assert.ErrorContains(t, dt.EncodeValues("x", new(url.Values)), "years 1 to 9999")
	}
	for _, clock := range []tid.ClockTime{tid.NewClockTime(1193046, 28), tid.NewClockTime(-1, 0), tid.NewClockTime(25, 0)} {
		_, err := json.Marshal(clock)
		assert.ErrorContains(t, err, "between 00:00 and 24:00")
		assert.ErrorContains(t, clock.EncodeValues("x", new(url.Values)), "between 00:00 and 24:00")
	}
	assert.Equal(t, "9999-12-31", tid.NewDate(9999, 12, 31).String())
}

func TestTheEmptyDateOfDotNetIsNone(t *testing.T) {
	for _, text := range []string{"0001-01-01", "0001-01-01T00:00:00", "0001-01-01 00:00:00", "0001-01-01T00:00:00Z",
		"0001-01-01T00:00:00+01:00", "0001-01-01 00:00:00 +00:00"} {
		d, err := tid.ParseDate(text)
		require.NoError(t, err)
		assert.True(t, d.IsZero(), text)
		dt, err := tid.ParseDateTime(text)
		require.NoError(t, err)
		assert.Equal(t, tid.DateTime{}, dt, text)
		var report tid.TimeReport
		require.NoError(t, json.Unmarshal([]byte(`{"attestedDate":"`+text+`","sentToAttestDate":"`+text+`"}`), &report))
		assert.NotEqual(t, tid.AttestAttested, report.Attest(), text)
		assert.True(t, report.SentToAttestDate.IsZero())
	}
	assert.True(t, tid.DateOf(time.Time{}).IsZero())
	assert.True(t, tid.DateTimeOf(time.Time{}).IsZero())
}

func TestAnErrorWithTheStatusOfASuccessIsNone(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":"no time article"}`:                           "the answer reports an error although its status is a success: no time article",
		`{"errors":{"hours":["too many"]}}`:                     "the answer reports an error although its status is a success: hours: too many",
		`{"Error":{"Message":"closed"},"objectName":"x"}`:       "the answer reports an error although its status is a success: closed",
		`{"error":null,"message":"failed","errors":["broken"]}`: "the answer reports an error although its status is a success: failed",
	} {
		c, _ := sends(t, body)
		for name, err := range map[string]error{
			"create": errOf(c.TimeReports.Create(t.Context(), &tid.TimeReportInput{UserID: 1, Date: tid.NewDate(2026, 10, 1), ProjectID: 1})),
			"update": errOf(c.Contacts.Update(t.Context(), 1, &tid.ContactInput{Name: "A", ContactType: tid.ContactPerson})),
			"delete": c.Contacts.Delete(t.Context(), 1),
			"patch":  c.Invoices.SetSentToEconomySystem(t.Context(), 1, tid.NewDate(2026, 10, 1), "7"),
			"do":     c.Do(t.Context(), "POST", "v1/x", nil, nil, new(struct{ Name string })),
		} {
			require.ErrorContains(t, err, want, "%s: %s", name, body)
			var e *tid.Error
			require.True(t, errors.As(err, &e))
			if name != "patch" {
				assert.True(t, e.MayHaveExecuted, name)
			}
		}
		_, err := c.Contacts.Get(t.Context(), 1)
		assert.ErrorContains(t, err, want)
	}
	for _, body := range []string{``, `{}`, `{"id":1,"error":null}`, `{"id":1,"errors":[]}`, `null`} {
		c, _ := sends(t, body)
		_, err := c.Projects.Comments.Create(t.Context(), 1, &tid.CommentInput{Text: "Hej"})
		assert.NoError(t, err, body)
		assert.NoError(t, c.Contacts.Delete(t.Context(), 1), body)
	}
	c, _ := sends(t, `{"name":"A"}`)
	_, err := c.Contacts.Create(t.Context(), &tid.ContactInput{Name: "A", ContactType: tid.ContactPerson})
	var e *tid.Error
	require.ErrorAs(t, err, &e)
	assert.ErrorContains(t, err, "it has no id")
	assert.True(t, e.MayHaveExecuted)
	var own struct{ Error string }
	c, _ = sends(t, `{"error":"mine"}`)
	require.NoError(t, c.Do(t.Context(), "POST", "v1/x", nil, nil, &own))
	assert.Equal(t, "mine", own.Error)
}

func TestTextThatIsDamagedIsNotWrittenBack(t *testing.T) {
	for name, text := range map[string]string{"no UTF-8": "R\xe4ksm\xf6rg\xe5s", "half a pair": `Tak \ud83d`, "the other half": `\ude00 Tak`} {
		var wrote bool
		c, err := tid.NewClient(tid.StaticToken("pk_1.pa_1"), tid.WithWriteCheck(tid.WriteCheckOff), tid.WithHTTPClient(&http.Client{
			Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
				wrote = wrote || req.Method != http.MethodGet
				return answer(req, 200, `{"id":1,"name":"A","contactType":"person","importantInformation":"`+text+`"}`), nil
			})}))
		require.NoError(t, err)
		_, err = c.Contacts.Modify(t.Context(), 1, func(in *tid.ContactInput) error { in.Email = "a@example.com"; return nil })
		var e *tid.Error
		require.ErrorAs(t, err, &e, name)
		assert.ErrorIs(t, err, tid.ErrInvalidInput)
		assert.Contains(t, e.Fields, "importantInformation")
		assert.False(t, wrote, name)
		_, err = c.Contacts.Modify(t.Context(), 1, func(in *tid.ContactInput) error { in.ImportantInformation = "Räksmörgås 😀"; return nil })
		assert.NoError(t, err, "set anew: %s", name)
	}
	c, sent := sends(t, `{"id":1}`)
	_, err := c.Projects.Create(t.Context(), &tid.ProjectInput{Title: "Tak \xff"})
	assert.ErrorContains(t, err, "not sent: title: holds U+FFFD")
	assert.Empty(t, *sent)
	_, err = c.Projects.Create(t.Context(), &tid.ProjectInput{Title: `literally \ufffd`})
	assert.NoError(t, err)
}

func TestMendingASmallAnswerStaysCheap(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		most uint64
	}{
		"rows and tags": {`{"items":[{}` + strings.Repeat(`,{"id":"1","tags":[{},{}],"isActive":true}`, 60_000) + `]}`, 400 * mib},
		"empty rows":    {`{"items":[{"id":"1"}` + strings.Repeat(`,{}`, 240_000) + `]}`, 200 * mib},
		"other objects": {`{"items":[{"id":"1","x":[{"a":1}` + strings.Repeat(`,{"a":1}`, 240_000) + `]}]}`, 50 * mib},
	} {
		t.Run(name, func(t *testing.T) {
			zipped := squeezed(c.body)
			require.Less(t, len(zipped), 12<<10)
			client := hostile(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Encoding", "gzip")
				_, _ = io.WriteString(w, zipped)
			})
			costs(t, c.most, func() {
				_, err := client.Contacts.List(t.Context(), nil)
				assert.Error(t, err)
			})
		})
	}
}

func TestWhatIsRefusedSaysThatItWasNotSent(t *testing.T) {
	c, sent := sends(t, `{}`)
	for _, err := range []error{
		errOf(c.Contacts.Get(t.Context(), 0)),
		errOf(c.Contacts.List(t.Context(), &tid.ContactListOptions{ListOptions: tid.ListOptions{PageSize: 101}})),
		errOf(c.Contacts.List(t.Context(), &tid.ContactListOptions{ListOptions: tid.ListOptions{Page: -1}})),
		errOf(c.Contacts.Create(t.Context(), nil)),
		errOf(c.Contacts.Create(t.Context(), &tid.ContactInput{})),
		errOf(c.BookingProjects.GetByNumber(t.Context(), " ")),
		errOf(c.Articles.Create(t.Context(), "none", &tid.ArticleInput{})),
		c.Do(t.Context(), "BREW", "v1/x", nil, nil, nil),
		c.Do(t.Context(), "GET", "../x", nil, nil, nil),
		c.Do(t.Context(), "PUT", "v1/x", nil, []byte("x"), nil),
		c.Do(t.Context(), "PUT", "v1/x", nil, func() {}, nil),
		c.Do(t.Context(), "GET", "v1/x", nil, nil, 7),
	} {
		require.ErrorIs(t, err, tid.ErrInvalidInput)
		assert.Equal(t, 1, strings.Count(err.Error(), ": not sent: "), err.Error())
	}
	assert.Empty(t, *sent)
}
