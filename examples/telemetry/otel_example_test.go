package telemetry_test

import (
	"context"
	"fmt"
	"net/http"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// OpenTelemetry: every attempt is a span, named by its operation, beneath the span
// of the caller. The layer is around the SDK's own transport, so that its
// connections are kept; a path with an id in it never becomes a name.
func Example_openTelemetry() {
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))

	srv := tidtest.Start() // in the place of the API
	defer srv.Close()
	client, err := tid.NewClient(tid.AppCredentials(srv.AppID, srv.AppSecret), tid.WithBaseURL(srv.URL),
		tid.WithTransport(func(next http.RoundTripper) http.RoundTripper {
			return otelhttp.NewTransport(next,
				otelhttp.WithTracerProvider(provider),
				otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string {
					return tid.OperationFrom(r.Context())
				}))
		}))
	if err != nil {
		fmt.Println(err)
		return
	}

	ctx, nightly := provider.Tracer("payroll").Start(context.Background(), "nightly export")
	_, err = client.TimeReports.List(ctx, nil)
	nightly.End()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, span := range spans.Ended() {
		fmt.Println(span.Name())
	}
	// Output:
	// POST /v1/Auth/Token
	// GET /v1/Core/TimeReports
	// nightly export
}
