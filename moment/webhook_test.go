package moment_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/moment"
	"github.com/vismatid/tid/moment/momenttest"
)

const quotedWebhook = `{"event":"CREATE_NEW","invoice":{"id":106939080,"invoiceNumber":1,"customer":{"id":62788973,"customerNumber":"10001"},"project":{"id":62788980,"projectNumber":"1"}}}`

func post(body string) *http.Request {
	return httptest.NewRequest(http.MethodPost, "/hook", strings.NewReader(body))
}

func TestTheWebhookQuotedInTheContractIsRead(t *testing.T) {
	hook, err := moment.ParseWebhook(post(quotedWebhook))
	require.NoError(t, err)
	assert.Equal(t, "CREATE_NEW", hook.Event)
	assert.Equal(t, "invoice", hook.Kind)
	assert.EqualValues(t, 106939080, hook.ID)
	assert.JSONEq(t, `{"id":106939080,"invoiceNumber":1,"customer":{"id":62788973,"customerNumber":"10001"},"project":{"id":62788980,"projectNumber":"1"}}`, string(hook.Object))
}

func TestWebhooksOfTheOtherKindsAreRead(t *testing.T) {
	for _, kind := range []string{"claim", "customer", "offer", "project", "somethingNew"} {
		hook, err := moment.ParseWebhook(post(`{"sent":"2026-10-19","` + kind + `":{"id":7},"event":"UPDATE","by":{"name":"x"}}`))
		require.NoError(t, err)
		assert.Equal(t, moment.WebhookObject{Kind: kind, ID: 7, Object: []byte(`{"id":7}`)}, hook.WebhookObject)
		assert.Equal(t, "UPDATE", hook.Event)
		assert.Empty(t, hook.Further)
	}
}

func TestWhatIsNoWebhookIsRefused(t *testing.T) {
	tests := map[string]struct{ body, text string }{
		"nothing":               {"", "no JSON object"},
		"a list":                {"[]", "no JSON object"},
		"a null":                {"null", "no JSON object"},
		"two values":            {`{"event":"A","offer":{"id":1}} {}`, "no JSON object"},
		"no event":              {`{"invoice":{"id":1}}`, "names no event"},
		"an empty event":        {`{"event":"","invoice":{"id":1}}`, "names no event"},
		"an event that is none": {`{"event":1,"invoice":{"id":1}}`, "names no event"},
		"no object":             {`{"event":"A"}`, "no object with an id"},
		"an object without id":  {`{"event":"A","offer":{}}`, "no object with an id"},
		"an id of letters":      {`{"event":"A","offer":{"id":"x1"}}`, "no object with an id"},
		"a body cut off":        {`{"event":"A","offer":{"id":1}`, "no JSON object"},
		"an id of 0":            {`{"event":"A","offer":{"id":0}}`, "no object with an id"},
		"an id beyond numbers":  {`{"event":"A","offer":{"id":1e30}}`, "no object with an id"},
		"too much":              {`{"event":"A","offer":{"id":1},"x":"` + strings.Repeat("x", 64<<10) + `"}`, "larger than 64 KiB"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := moment.ParseWebhook(post(tt.body))
			require.ErrorIs(t, err, tid.ErrInvalidInput)
			var e *tid.Error
			require.ErrorAs(t, err, &e)
			assert.Contains(t, errors.Join(err, e.Err).Error(), tt.text)
			assert.Less(t, len(err.Error()), 300)
		})
	}
	_, err := moment.ParseWebhook(httptest.NewRequest(http.MethodGet, "/hook", nil))
	require.ErrorIs(t, err, tid.ErrInvalidInput)
	_, err = moment.ParseWebhook(&http.Request{Method: http.MethodPost})
	require.ErrorIs(t, err, tid.ErrInvalidInput)
	broken := errors.New("broken")
	_, err = moment.ParseWebhook(httptest.NewRequest(http.MethodPost, "/hook", iotest.ErrReader(broken)))
	require.ErrorIs(t, err, broken)
}

func TestAWebhookIsAHintAndTheObjectIsFetched(t *testing.T) {
	srv := momenttest.NewServer(t)
	srv.Invoices.Put(moment.Invoice{ID: 106939080, InvoiceNumber: 42, Customer: &moment.InvoiceCustomer{ID: 9, CustomerNumber: "900"}})
	c := srv.Client(tid.WithRetries(0))
	var got []*moment.Invoice
	var unknown, result error
	handler := moment.WebhookHandler(c.Invoices, func(_ context.Context, hook *moment.Webhook, invoice *moment.Invoice, err error) error {
		assert.NotEmpty(t, hook.Event)
		got, unknown = append(got, invoice), err
		return result
	})
	serve := func(r *http.Request) *httptest.ResponseRecorder {
		got = nil
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, r)
		assert.Empty(t, rec.Body.String())
		return rec
	}

	rec := serve(post(quotedWebhook))
	assert.Equal(t, http.StatusNoContent, rec.Code)
	require.Len(t, got, 1)
	assert.EqualValues(t, 42, got[0].InvoiceNumber, "what the API says, not what the sender said")

	rec = serve(post(`{"event":"DELETE","invoice":{"id":7}}`))
	assert.Equal(t, http.StatusNoContent, rec.Code)
	assert.Equal(t, []*moment.Invoice{{}}, got, "an object that is not there is never nil")
	require.ErrorIs(t, unknown, tid.ErrNotFound)

	result = errors.New("no room")
	assert.Equal(t, http.StatusInternalServerError, serve(post(quotedWebhook)).Code)

	n := len(srv.Requests())
	rec = serve(httptest.NewRequest(http.MethodGet, "/hook", nil))
	assert.Equal(t, http.StatusMethodNotAllowed, rec.Code)
	assert.Equal(t, "POST", rec.Header().Get("Allow"))
	assert.Equal(t, http.StatusBadRequest, serve(post(`{}`)).Code)
	assert.Equal(t, http.StatusBadRequest, serve(post(`{"event":"A","offer":{"id":7}}`)).Code, "another kind of object")
	assert.Equal(t, http.StatusRequestEntityTooLarge, serve(post(strings.Repeat(" ", 1<<20))).Code)
	assert.Empty(t, got)
	assert.Len(t, srv.Requests(), n, "nothing is fetched for what is no webhook")

	srv.Inject(momenttest.Fault{Effect: momenttest.Answer(503, "")})
	assert.Equal(t, http.StatusBadGateway, serve(post(quotedWebhook)).Code)
	assert.Empty(t, got)
}

func TestAWebhookFetchesWhatTheIncludesAskFor(t *testing.T) {
	srv := momenttest.NewServer(t)
	srv.Customers.Put(moment.Customer{ID: 5, Name: "Kunde"})
	srv.Offers.Put(moment.Offer{ID: 1, CustomerID: 5})
	handler := moment.WebhookHandler(moment.Of[OfferRow](srv.Client(), "offers"),
		func(_ context.Context, _ *moment.Webhook, offer *OfferRow, err error) error {
			assert.NoError(t, err)
			assert.Equal(t, "Kunde", offer.CustomerName)
			return nil
		}, moment.Include("customer.name"))
	rec := httptest.NewRecorder()
	handler.ServeHTTP(rec, post(`{"event":"UPDATE","offer":{"id":1}}`))
	assert.Equal(t, http.StatusNoContent, rec.Code)
}

func TestAWebhookMayHoldMoreThanItsObject(t *testing.T) {
	srv := momenttest.NewServer(t)
	srv.Invoices.Put(moment.Invoice{ID: 2, InvoiceNumber: 42})
	var hook *moment.Webhook
	handler := moment.WebhookHandler(srv.Client().Invoices, func(_ context.Context, h *moment.Webhook, invoice *moment.Invoice, err error) error {
		assert.NoError(t, err)
		assert.EqualValues(t, 42, invoice.InvoiceNumber)
		hook = h
		return nil
	})
	for name, body := range map[string]string{
		"further objects before it": `{"customer":{"id":1},"invoice":{"id":2},"event":"A"}`,
		"further objects after it":  `{"event":"A","invoice":{"id":2},"customer":{"id":1},"by":{"id":"x"}}`,
		"an id of digits":           `{"event":"A","invoice":{"id":"2"},"customer":{"id":"1"}}`,
		"a byte order mark":         "\ufeff" + `{"event":"A","invoice":{"id":2},"customer":{"id":1}}`,
	} {
		t.Run(name, func(t *testing.T) {
			rec := httptest.NewRecorder()
			handler.ServeHTTP(rec, post(body))
			require.Equal(t, http.StatusNoContent, rec.Code)
			assert.Equal(t, "invoice", hook.Kind)
			assert.EqualValues(t, 2, hook.ID)
			require.Len(t, hook.Further, 1)
			assert.Equal(t, "customer", hook.Further[0].Kind)
		})
	}
}

// FuzzParseWebhook claims that whatever is posted is read, bounded, or refused.
func FuzzParseWebhook(f *testing.F) {
	for _, seed := range []string{quotedWebhook, `{"event":"A","offer":{"id":1}}`, `{"event":null,"a":null}`, `{"a":{}}`, `[`, ``} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		hook, err := moment.ParseWebhook(post(body))
		if err != nil {
			require.ErrorIs(t, err, tid.ErrInvalidInput)
			assert.Nil(t, hook)
			assert.Less(t, len(err.Error()), 300)
			return
		}
		assert.NotEmpty(t, hook.Event)
		assert.Positive(t, hook.ID)
		assert.LessOrEqual(t, len(hook.Object), len(body))
	})
}
