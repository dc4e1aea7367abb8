package doctor_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/cmd/tid/internal/description"
	"github.com/vismatid/tid/cmd/tid/internal/doctor"
	"github.com/vismatid/tid/tidtest"
)

var operations = sync.OnceValues(description.Operations)

func described(t *testing.T) []*description.Operation {
	t.Helper()
	all, err := operations()
	require.NoError(t, err)
	return slices.Clone(all)
}

// sample is the account that most tests look at.
var sample = tidtest.WithCompany(tidtest.Sample(1, 8))

// examine runs doctor in a bubble of virtual time, on a server that prepare may change.
func examine(t *testing.T, opts doctor.Options, prepare func(*tidtest.Server), server ...tidtest.Option) (report *doctor.Report, took time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		srv := tidtest.NewServer(t, append([]tidtest.Option{tidtest.InMemory()}, server...)...)
		if prepare != nil {
			prepare(srv)
		}
		began := time.Now()
		var err error
		report, err = doctor.Run(t.Context(), srv.Client(), described(t), opts)
		require.NoError(t, err)
		took = time.Since(began)
	})
	return report, took
}

func text(t *testing.T, r *doctor.Report) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, r.WriteText(&b))
	return b.String()
}

func TestTheAPIAsDescribedGivesNoFinding(t *testing.T) {
	for seed := range uint64(3) {
		report, took := examine(t, doctor.Options{Requests: doctor.NoLimit}, nil, tidtest.WithCompany(tidtest.Sample(seed+1, 12)))
		assert.Empty(t, report.Findings)
		assert.Zero(t, report.Untried)
		assert.Less(t, report.Requests, 250)
		assert.Less(t, took, 65*time.Second)
		for _, o := range report.Operations {
			if strings.HasPrefix(o.Operation, "GET ") && !strings.HasSuffix(o.Operation, "Attachments/{id}/Download") { // it may have links alone
				assert.Equal(t, doctor.Works, o.Result, o.Operation)
				assert.NotEmpty(t, o.Names, o.Operation)
			}
		}
		assert.Contains(t, text(t, report), "The API is as described")
		assert.Equal(t, map[string]string{"1": "works", "50": "works", "100": "works"}, report.PageSizes)
	}
}

// The API has been met in these shapes, and the description allows for them. An unknown property it does not.
func TestShapesThatAreDescribedGiveNoFinding(t *testing.T) {
	written := tidtest.ShapeDates | tidtest.ShapePascalCase | tidtest.ShapeQuotedNumbers | tidtest.ShapeOtherNames | tidtest.ShapeNoTotals | tidtest.ShapeEmptyAnswers
	lost := tidtest.ShapeMissingFields | tidtest.ShapeNulls | tidtest.ShapeUnknownWords
	report, _ := examine(t, doctor.Options{Requests: doctor.NoLimit}, nil, sample, tidtest.WithStrangeShapes(written))
	within(t, nil, nil, report)
	for seed := range uint64(5) { // what is hidden at random looks unsorted: names and types alone
		report, _ = examine(t, doctor.Options{Requests: 64}, nil, sample, tidtest.WithStrangeShapes(written|lost), tidtest.WithSeed(seed))
		within(t, nil, nil, report, seed)
	}

	report, _ = examine(t, doctor.Options{}, nil, sample, tidtest.WithStrangeShapes(tidtest.ShapeUnknownFields))
	require.NotEmpty(t, report.Findings)
	for _, f := range report.Findings {
		assert.Equal(t, doctor.UnknownProperty, f.Kind)
		assert.Contains(t, f.Name, "xNew")
	}
}

func TestTheRequestsAreLimitedAndCounted(t *testing.T) {
	for _, limit := range []int{1, 30, 72, 0} {
		synctest.Test(t, func(t *testing.T) {
			srv := tidtest.NewServer(t, tidtest.InMemory(), sample)
			var meter doctor.Meter
			last := 0
			report, err := doctor.Run(t.Context(), srv.Client(tid.WithObserver(meter.Observe)), described(t), doctor.Options{
				Requests: limit, Meter: &meter,
				Progress: func(done, total int) {
					assert.Equal(t, last+1, done)
					assert.LessOrEqual(t, done, total)
					last = done
				},
				Exchange: func(ctx context.Context) (tid.Token, error) {
					return tid.ExchangeToken(ctx, srv.AppID, srv.AppSecret, tid.WithBaseURL(srv.URL), tid.WithHTTPClient(&http.Client{Transport: srv.Transport()}))
				},
			})
			require.NoError(t, err)
			if limit == 0 {
				limit = doctor.DefaultRequests
			}
			assert.Equal(t, limit, report.Requests)
			assert.Equal(t, limit, last)
			assert.Empty(t, report.Findings)
			assert.NotZero(t, report.Untried)
			assert.Equal(t, 60, report.TokenMinutes)
			assert.GreaterOrEqual(t, report.Speed.Attempts, limit)
			assert.Zero(t, report.Speed.TooMany, "the limiter of the client is kept to")
			for _, r := range srv.Requests() {
				assert.Contains(t, []string{"GET", "POST"}, r.Method)
				if r.Method == "POST" {
					assert.Equal(t, "/v1/Auth/Token", r.Path)
				}
			}
		})
	}
}

func TestWhatIsForbiddenIsAResult(t *testing.T) {
	report, _ := examine(t, doctor.Options{}, func(srv *tidtest.Server) {
		srv.Inject(tidtest.Fault{Operation: "GET /v1/Core/TimeReports", Times: 100, Effect: tidtest.Answer(403, "")})
	}, sample)
	assert.Subset(t, []string{"empty GET /v1/Core/TimeReports/UserDayStatistics"}, told(report))
	for _, o := range report.Operations {
		switch o.Operation {
		case "GET /v1/Core/TimeReports":
			assert.Equal(t, doctor.Forbidden, o.Result)
		case "GET /v1/Core/TimeReports/{id}":
			assert.Equal(t, doctor.NotTried, o.Result)
		case "GET /v1/Core/Contacts":
			assert.Equal(t, doctor.Works, o.Result)
		}
	}
	assert.Contains(t, text(t, report), "need a permission")
}

func TestAnEmptyAccountGivesNoVerdict(t *testing.T) {
	report, _ := examine(t, doctor.Options{Requests: doctor.NoLimit}, nil)
	assert.Len(t, report.Findings, 28)
	for _, f := range report.Findings {
		assert.Equal(t, doctor.Empty, f.Kind)
	}
	assert.Less(t, report.Requests, 40)
	assert.Contains(t, text(t, report), "run it again on an account that has such objects")
}

func TestARunThatCannotWorkEndsInAnError(t *testing.T) {
	for name, test := range map[string]struct {
		fault tidtest.Effect
		says  string
	}{
		"nothing is there":        {tidtest.Answer(404, ""), "base URL"},
		"credentials are refused": {tidtest.Answer(401, ""), "401"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := tidtest.NewServer(t, tidtest.InMemory(), sample)
				srv.Inject(tidtest.Fault{Operation: "GET", Times: 1000, Effect: test.fault})
				_, err := doctor.Run(t.Context(), srv.Client(), described(t), doctor.Options{})
				require.Error(t, err)
				assert.Contains(t, err.Error(), test.says)
			})
		})
	}
}

// Everything in this account is marked: texts, numbers, ids and the names inside of values that the description lacks.
func TestNoValueOfTheAccountIsInTheReport(t *testing.T) {
	company := tidtest.Sample(1, 8)
	var raw any
	encoded, err := json.Marshal(company)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(encoded, &raw))
	words := map[string]bool{}
	collect(words, raw)
	drifts := []tidtest.Drift{}
	for _, op := range reads(t) {
		if op.Item() != nil {
			drifts = append(drifts, tidtest.Drift{Operation: op.String(), Added: map[string]string{
				"items.shown": `{"annaAndersson":{"bertBergman":"ceciliaCeder"}}`, "items.Dora Dahl": "1", "items.eva@example": "2", "items.19121212-1212": `"x"`,
			}})
		}
	}
	opts := doctor.Options{Requests: doctor.NoLimit, Writes: true, WritesKept: true}
	report, _ := examine(t, opts, nil, tidtest.WithCompany(company), tidtest.WithDrift(drifts...))
	out, err := json.Marshal(report)
	require.NoError(t, err)
	all := string(out) + text(t, report)
	assert.Contains(t, all, "shown", "a name of the API is told")
	for _, name := range []string{"anna", "Andersson", "bert", "cecilia", "Dora", "eva@", "191212", "ap_", "pa_"} {
		assert.NotContains(t, all, name)
	}
	require.Greater(t, len(words), 500)
	for word := range words {
		assert.NotContains(t, all, word)
	}
}

// collect adds the values that could not be anything else: ids, and texts that are no words of the API.
func collect(words map[string]bool, v any) {
	switch v := v.(type) {
	case []any:
		for _, element := range v {
			collect(words, element)
		}
	case map[string]any:
		for _, value := range v {
			collect(words, value)
		}
	case float64:
		if v > 1000 {
			words[strconv.FormatFloat(v, 'f', -1, 64)] = true
		}
	case string:
		if strings.ContainsAny(v, " @åäö-") {
			words[v] = true
		}
	}
}
