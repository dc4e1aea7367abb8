package tid_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
)

const (
	testSecret = "s3cr3t-of-the-application"
	testToken  = "pk_11111111.pa_22222222"
)

func TestNothingPrintsASecret(t *testing.T) {
	var logs bytes.Buffer
	log := slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	echo := roundTrip(func(req *http.Request) (*http.Response, error) {
		if strings.HasSuffix(req.URL.Path, "/Token") {
			return answer(req, 200, `{"accessToken":"`+testToken+`","expires":"2099-01-01 00:00:00 +00:00"}`), nil
		}
		return answer(req, 400, `{"message":"bad header `+req.Header.Get("Authorization")+`","body":"`+testToken+`"}`), nil
	})
	credentials := tid.AppCredentials("ap_1", testSecret)
	c, err := tid.NewClient(credentials, tid.WithHTTPClient(&http.Client{Transport: echo}), tid.WithLogger(log))
	require.NoError(t, err)
	_, failed := c.Contacts.Get(t.Context(), 7)
	require.ErrorIs(t, failed, tid.ErrBadRequest)
	token, err := tid.ExchangeToken(t.Context(), "ap_1", testSecret, tid.WithHTTPClient(&http.Client{Transport: echo}))
	require.NoError(t, err)
	assert.Equal(t, testToken, token.Value())

	var e *tid.Error
	require.ErrorAs(t, failed, &e)
	static := tid.StaticToken(testToken)
	type holder struct {
		hidden tid.TokenSource
		client *tid.Client
		Shown  tid.TokenSource
		Token  tid.Token
		Err    error
	}
	log.Info("all", "client", c, "credentials", credentials, "static", static, "token", token, "error", failed)
	slog.New(slog.NewJSONHandler(&logs, nil)).Info("all", "client", c, "credentials", credentials, "static", static, "error", failed, "struct", e)
	for _, value := range []any{c, *c, credentials, static, tid.BasicAuth("user", testSecret), token, &token, failed, *e,
		holder{credentials, c, static, token, failed}, &holder{static, c, credentials, token, failed}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&logs, verb+"\n", value)
		}
	}
	for _, secret := range []string{testSecret, testToken, fmt.Sprintf("%x", testToken), fmt.Sprintf("%x", testSecret)} {
		assert.NotContains(t, logs.String(), secret)
	}
	assert.Contains(t, logs.String(), "GET /v1/Core/Contacts/{id}")
}

func TestRedirectsNeverCarryTheTokenAway(t *testing.T) {
	var elsewhere []*http.Request
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { elsewhere = append(elsewhere, r) }))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, status)
		}))
		defer api.Close()
		for _, own := range []*http.Client{{}, {CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}} {
			c, err := tid.NewClient(tid.StaticToken(testToken), tid.WithBaseURL(api.URL), tid.WithHTTPClient(own))
			require.NoError(t, err)
			_, err = c.Contacts.Get(t.Context(), 1)
			assert.ErrorContains(t, err, "redirects are refused")
		}
	}
	assert.Empty(t, elsewhere)
}

func TestCertificatesAreVerified(t *testing.T) {
	asked := false
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	srv.StartTLS()
	defer srv.Close()
	c, err := tid.NewClient(tid.StaticToken(testToken), tid.WithBaseURL(srv.URL))
	require.NoError(t, err)
	_, err = c.Contacts.Get(t.Context(), 1)
	assert.ErrorContains(t, err, "certificate")
	var e *tid.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, 1, e.Attempts, "another attempt would meet the same certificate")
	assert.False(t, asked)
}

func TestPathElementsStayInTheirPlace(t *testing.T) {
	for number, want := range map[string]string{
		"BP 1/2":      "/v1/Admin/BookingProjects/ByBookingNumber/BP%201%2F2",
		"../Users":    "/v1/Admin/BookingProjects/ByBookingNumber/..%2FUsers",
		"a?b=c#d":     "/v1/Admin/BookingProjects/ByBookingNumber/a%3Fb=c%23d",
		"%2e%2e":      "/v1/Admin/BookingProjects/ByBookingNumber/%252e%252e",
		"{id}":        "/v1/Admin/BookingProjects/ByBookingNumber/%7Bid%7D",
		"åäö":         "/v1/Admin/BookingProjects/ByBookingNumber/%C3%A5%C3%A4%C3%B6",
		"\r\nHost: x": "/v1/Admin/BookingProjects/ByBookingNumber/%0D%0AHost:%20x",
		"":            "",
		" ":           "",
		".":           "",
		"..":          "",
	} {
		path := ""
		c := free(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			path = req.URL.RequestURI()
			return answer(req, 200, `{"id":1}`), nil
		}))
		_, err := c.BookingProjects.GetByNumber(t.Context(), number)
		assert.Equal(t, want, path, "%q", number)
		if want == "" {
			assert.ErrorIs(t, err, tid.ErrInvalidInput, "%q", number)
		}
	}
}

func TestSecretsThatComeBackEscapedAreBlanked(t *testing.T) {
	const token = "pk+1/2.pa_3"
	for _, body := range []string{
		`{"message":"bad header Bearer pk\u002B1\/2.pa_3"}`,
		`{"title":"bad","errors":{"Authorization":["Bearer pk\u002b1/2.pa_3"]}}`,
		`<html><body>Bearer pk&#43;1/2.pa_3</body></html>`,
	} {
		c, err := tid.NewClient(tid.StaticToken(token), tid.WithHTTPClient(&http.Client{
			Transport: roundTrip(func(req *http.Request) (*http.Response, error) { return answer(req, 400, body), nil })}))
		require.NoError(t, err)
		_, err = c.Contacts.Get(t.Context(), 1)
		assert.NotContains(t, err.Error(), token)
		assert.Contains(t, err.Error(), "…")
	}
}
