package moment_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/moment"
	"github.com/vismatid/tid/moment/momenttest"
)

func TestNewClientRefusesWhatCannotBeRight(t *testing.T) {
	tests := map[string]struct{ code, key, text string }{
		"no company":                {"", "key", "company code"},
		"a path":                    {"a/b", "key", "company code"},
		"a way out of the path":     {"..", "key", "company code"},
		"an escape":                 {"a%2Fb", "key", "company code"},
		"a parameter":               {"a?b", "key", "company code"},
		"a long text":               {strings.Repeat("ø", 1000), "key", "company code"},
		"no key":                    {"acme", "", "the API key is empty"},
		"a key with a line break":   {"acme", "s3cret\n", "the API key contains"},
		"a key with another letter": {"acme", "s3crøt", "the API key contains"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := moment.NewClient(tt.code, tt.key)
			assert.Nil(t, c)
			require.ErrorIs(t, err, tid.ErrInvalidInput)
			require.ErrorContains(t, err, tt.text)
			assert.NotContains(t, err.Error(), "s3c")
			assert.Less(t, len(err.Error()), 300)
		})
	}
	_, err := moment.NewClient("acme", "key", tid.WithBaseURL("http://moment.example"))
	require.ErrorContains(t, err, "must be https")
}

func TestNewClientFromEnvReadsTheThreeVariables(t *testing.T) {
	srv := momenttest.NewServer(t)
	t.Setenv("MOMENT_COMPANY", srv.CompanyCode)
	t.Setenv("MOMENT_API_KEY", "")
	t.Setenv("MOMENT_BASE_URL", srv.URL)
	_, err := moment.NewClientFromEnv()
	require.ErrorIs(t, err, tid.ErrInvalidInput)
	require.ErrorContains(t, err, "set MOMENT_COMPANY and MOMENT_API_KEY")

	t.Setenv("MOMENT_API_KEY", srv.APIKey)
	c, err := moment.NewClientFromEnv()
	require.NoError(t, err)
	_, err = c.Projects.List(t.Context(), nil)
	require.NoError(t, err)
}

// transportFunc is a function as a transport.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTheDefaultAddressIsThatOfTheContract(t *testing.T) {
	var address string
	c, err := moment.NewClient("acme", "key", tid.WithHTTPClient(&http.Client{Transport: transportFunc(
		func(r *http.Request) (*http.Response, error) {
			address = r.URL.String()
			return nil, context.Canceled
		})}), tid.WithRetries(0))
	require.NoError(t, err)
	_, err = c.Projects.Get(t.Context(), 7)
	require.Error(t, err)
	assert.Equal(t, "https://app.moment.team/api/1.0/companies/acme/projects/7", address)
}

func TestTheKeyIsShownNowhere(t *testing.T) {
	c, err := moment.NewClient("acme", "s3cret")
	require.NoError(t, err)
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("made", "client", c)
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s %q %d", c, c, c, c, c, c), log.String(), fmt.Sprint(c.Offers, c.TimeRecords)} {
		assert.NotContains(t, text, "s3cret")
	}
	assert.Contains(t, log.String(), "moment.Client(acme)")
}

func TestAKeyThatIsNotAcceptedSaysSo(t *testing.T) {
	srv := momenttest.NewServer(t)
	c, err := moment.NewClient(srv.CompanyCode, "s3cret", tid.WithBaseURL(srv.URL))
	require.NoError(t, err)
	_, err = c.Projects.List(t.Context(), nil)
	require.ErrorIs(t, err, tid.ErrUnauthorized)
	require.ErrorContains(t, err, "check the user name and the password or key")
	assert.NotContains(t, err.Error(), "s3cret")
	assert.Len(t, srv.Requests(), 1, "another try would be refused as well")
}

func TestAKeyThatAnAnswerEchoesIsNotInTheError(t *testing.T) {
	c, _ := replay(t, 403, `{"message":"The key s3cret of apikey:s3cret (`+base64.StdEncoding.EncodeToString([]byte("apikey:s3cret"))+`) may not"}`)
	_, err := c.Projects.List(t.Context(), nil)
	require.ErrorIs(t, err, tid.ErrForbidden)
	require.ErrorContains(t, err, "The key … of apikey:… (…) may not")
}

func TestOptionsOfTheEngineApply(t *testing.T) {
	srv := momenttest.NewServer(t)
	var events []tid.Event
	var log bytes.Buffer
	waits := 0
	c := srv.Client(
		tid.WithObserver(func(_ context.Context, e tid.Event) { events = append(events, e) }),
		tid.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		tid.WithLimiter(limiterFunc(func() { waits++ })),
		tid.WithUserAgent("payroll/1"),
	)
	srv.Projects.Put(moment.Project{ID: 7, Name: "Tak"})
	_, err := c.Projects.Get(t.Context(), 7)
	require.NoError(t, err)

	require.Len(t, events, 1)
	assert.Equal(t, "GET /api/1.0/companies/example/projects/{id}", events[0].Operation)
	assert.Contains(t, log.String(), "status=200")
	assert.Equal(t, 1, waits)
	assert.Contains(t, srv.Requests()[0].Header.Get("User-Agent"), "payroll/1")
}

// limiterFunc is a limiter that lets everyone pass, and counts.
type limiterFunc func()

func (f limiterFunc) Wait(context.Context) (tid.Permit, error) { f(); return f, nil }
func (limiterFunc) Sent()                                      {}
func (limiterFunc) Done(int, time.Duration)                    {}

func TestA429IsWaitedFor(t *testing.T) {
	tests := map[string]struct {
		wait time.Duration
		want time.Duration
	}{
		"as long as it asks":         {7 * time.Second, 7 * time.Second},
		"a while if it does not ask": {0, time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := momenttest.NewServer(t, momenttest.InMemory())
				srv.Inject(momenttest.Fault{Operation: "POST /customers", Effect: momenttest.TooMany(tt.wait)})
				begin := time.Now()
				_, err := srv.Client().Customers.Create(t.Context(), &moment.CustomerInput{Name: tid.Set("Kunde")})
				require.NoError(t, err)
				assert.Equal(t, tt.want, time.Since(begin))
				assert.Equal(t, 1, srv.Customers.Len(), "what was refused may be retried, a POST too")
			})
		})
	}
}

func TestNothingIsLimitedBeforeItIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := momenttest.NewServer(t, momenttest.InMemory())
		c := srv.Client()
		begin := time.Now()
		for range 100 {
			_, err := c.Projects.List(t.Context(), nil)
			require.NoError(t, err)
		}
		assert.Zero(t, time.Since(begin))
	})
}

func TestWhatMayHaveBeenDoneIsNotDoneAgain(t *testing.T) {
	customer := &moment.CustomerInput{Name: tid.Set("Kunde")}
	calls := map[string]func(context.Context, *moment.Client) error{
		"POST /customers": func(ctx context.Context, c *moment.Client) error {
			_, err := c.Customers.Create(ctx, customer)
			return err
		},
		"POST /customers/batch": func(ctx context.Context, c *moment.Client) error {
			_, err := c.Customers.Batch().Create(customer).Do(ctx)
			return err
		},
		"PATCH /customers/{id}": func(ctx context.Context, c *moment.Client) error {
			_, err := c.Customers.Update(ctx, 1, customer)
			return err
		},
	}
	effects := map[string]momenttest.Effect{
		"503":                      momenttest.Answer(503, ""),
		"a connection that broke":  momenttest.DropBefore(),
		"an answer that was lost":  momenttest.DropAfter(),
		"an answer that is no use": momenttest.Answer(200, "{"),
	}
	for operation, call := range calls {
		for name, effect := range effects {
			t.Run(operation+" after "+name, func(t *testing.T) {
				for _, opts := range [][]momenttest.Option{nil, {momenttest.InMemory()}} {
					srv := momenttest.NewServer(t, opts...)
					srv.Customers.Put(moment.Customer{ID: 1})
					srv.Inject(momenttest.Fault{Operation: operation, Effect: effect})
					err := call(t.Context(), srv.Client())
					var e *tid.Error
					require.ErrorAs(t, err, &e)
					assert.True(t, e.MayHaveExecuted)
					assert.Len(t, srv.Requests(), 1)
				}
			})
		}
	}
}

func TestAReadIsRetried(t *testing.T) {
	for name, effect := range map[string]momenttest.Effect{
		"503": momenttest.Answer(503, ""), "a connection that broke": momenttest.DropBefore(),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := momenttest.NewServer(t, momenttest.InMemory())
				srv.Customers.Put(moment.Customer{ID: 1, Name: "Kunde"})
				srv.Inject(momenttest.Fault{Operation: "GET", Times: 2, Effect: effect})
				got, err := srv.Client().Customers.Get(t.Context(), 1)
				require.NoError(t, err)
				assert.Equal(t, "Kunde", got.Name)
				assert.Len(t, srv.Requests(), 3)
			})
		})
	}
}
