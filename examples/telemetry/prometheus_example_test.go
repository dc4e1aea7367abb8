package telemetry_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// metrics are what is worth an alert: how often the API is asked and how it
// answers, how long that takes, and how long calls wait for the rate limit.
type metrics struct {
	attempts *prometheus.CounterVec
	duration *prometheus.HistogramVec
	wait     prometheus.Histogram
}

func newMetrics(registry prometheus.Registerer) *metrics {
	m := &metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tid_attempts_total", Help: "Requests to Visma Tid; status 0 had no answer.",
		}, []string{"operation", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tid_attempt_seconds", Help: "Time from sending to the end of the answer.",
			Buckets: []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10},
		}, []string{"operation"}),
		wait: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tid_wait_seconds", Help: "Time spent waiting for the rate limit.",
			Buckets: []float64{0.01, 0.25, 1, 5, 15, 60},
		}),
	}
	registry.MustRegister(m.attempts, m.duration, m.wait)
	return m
}

// observe is for tid.WithObserver: an operation has few distinct values, and no
// label holds a parameter, an id or a name.
func (m *metrics) observe(_ context.Context, e tid.Event) {
	m.attempts.WithLabelValues(e.Operation, strconv.Itoa(e.Status)).Inc()
	m.duration.WithLabelValues(e.Operation).Observe(e.Duration.Seconds())
	m.wait.Observe(e.Wait.Seconds())
}

// Prometheus: attempts by operation and status, here with one answer of 503 that
// was retried.
func Example_prometheus() {
	registry := prometheus.NewPedanticRegistry()
	m := newMetrics(registry)

	srv := tidtest.Start() // in the place of the API
	defer srv.Close()
	client, err := tid.NewClient(tid.AppCredentials(srv.AppID, srv.AppSecret), tid.WithBaseURL(srv.URL), tid.WithObserver(m.observe))
	if err != nil {
		fmt.Println(err)
		return
	}
	srv.Inject(tidtest.Fault{Operation: "GET /v1/Core/TimeReports", Effect: tidtest.Answer(503, "")})
	if _, err := client.TimeReports.List(context.Background(), nil); err != nil {
		fmt.Println(err)
		return
	}

	const want = `
# HELP tid_attempts_total Requests to Visma Tid; status 0 had no answer.
# TYPE tid_attempts_total counter
tid_attempts_total{operation="GET /v1/Core/TimeReports",status="200"} 1
tid_attempts_total{operation="GET /v1/Core/TimeReports",status="503"} 1
tid_attempts_total{operation="POST /v1/Auth/Token",status="200"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "tid_attempts_total"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	fmt.Println("as expected")
	// Output: as expected
}
