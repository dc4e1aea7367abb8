package tid

import (
	"context"
	"log/slog"
	"time"
)

// Event is one attempt of a call, for metrics and tracing. It holds no
// parameters, bodies or secrets.
type Event struct {
	// Operation is what was asked, such as "GET /v1/Core/Contacts/{id}". It has few
	// distinct values, so that it can be a label of a metric.
	Operation string
	// Attempt counts the attempts of the call from 1.
	Attempt int
	// Status is what the API answered; 0 when there was no answer.
	Status int
	// Wait is the time spent waiting for the limiter.
	Wait time.Duration
	// Gate is how busy the limiter was when it gave the permit, if it tells, as that of
	// [NewLimiter] does.
	Gate GateState
	// Duration is the time from sending to the end of the answer, or to the
	// beginning of a download.
	Duration time.Duration
	// Bytes is how much of the answer's body was read.
	Bytes int64
	// NotApplied names the properties of a write that the object in its answer does not
	// hold as they were sent; see [WithWriteCheck].
	NotApplied []string
	// Err is the *Error of an attempt that failed, else nil.
	Err error
}

type operationKey struct{}

func withOperation(ctx context.Context, op string) context.Context {
	return context.WithValue(ctx, operationKey{}, op)
}

// OperationFrom returns the operation that a call's context is for, such as "GET
// /v1/Core/Contacts/{id}", or "" outside of one: for the names of spans and the
// labels of metrics in a transport, a [Limiter], a [TokenSource] or an observer.
func OperationFrom(ctx context.Context) string {
	op, _ := ctx.Value(operationKey{}).(string)
	return op
}

// logger writes what a Client does; its zero value writes nothing.
type logger struct{ slog *slog.Logger }

func (l logger) attempt(ctx context.Context, e Event) {
	if l.slog == nil {
		return
	}
	l.slog.LogAttrs(ctx, slog.LevelDebug, "tid: request",
		slog.String("operation", e.Operation), slog.Int("status", e.Status),
		slog.Duration("duration", e.Duration), slog.Int("attempt", e.Attempt))
}

func (l logger) retry(ctx context.Context, failure *Error, wait time.Duration) {
	if l.slog == nil {
		return
	}
	message := "tid: retrying"
	if failure.Is(ErrRateLimited) {
		message = "tid: pausing, the rate limit was exceeded"
	}
	l.slog.LogAttrs(ctx, slog.LevelWarn, message,
		slog.String("operation", failure.Operation), slog.Int("status", failure.StatusCode),
		slog.Duration("wait", wait), slog.Int("attempt", failure.Attempts))
}
