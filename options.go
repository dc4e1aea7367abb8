package tid

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Option changes how a [Client] works.
type Option func(*config) error

type config struct {
	baseURL    string
	http       *http.Client
	limiter    Limiter
	retry      retryPolicy
	log        *slog.Logger
	observer   func(context.Context, Event)
	wrap       func(http.RoundTripper) http.RoundTripper
	userAgent  string
	readAhead  int
	unchecked  bool
	writeCheck WriteCheck
	templates  map[string]string
}

// WithBaseURL sets another address, such as [BlikkBaseURL] or that of a fake server. It
// must be https, except for hosts of this machine.
func WithBaseURL(address string) Option {
	return func(c *config) error { c.baseURL = address; return nil }
}

// WithHTTPClient uses a copy of the given client, its transport and cookies
// included. Redirects are refused all the same, and a timeout of the client cuts
// downloads that take longer.
func WithHTTPClient(client *http.Client) Option {
	return func(c *config) error {
		if client == nil {
			return errors.New("tid: WithHTTPClient: the client is nil")
		}
		c.http = client
		return nil
	}
}

// WithLimiter puts another limiter in the place of [NewLimiter]'s; nil turns
// limiting off.
func WithLimiter(limiter Limiter) Option {
	return func(c *config) error {
		if limiter == nil {
			limiter = unlimited{}
		}
		c.limiter = limiter
		return nil
	}
}

// WithRetries sets the most retries of one call: 4 by default, 0 for none. Requests that
// the API refused before executing them, and those that never reached it, are retried
// whatever their method. After other failures only idempotent requests are: GET,
// [InvoicesService.SetSentToEconomySystem], and those of the methods given here, which
// can be PUT and DELETE. POST cannot be given, since a time report that is created twice
// is worse than an error.
func WithRetries(retries int, methods ...string) Option {
	return func(c *config) error {
		if retries < 0 {
			return fmt.Errorf("tid: WithRetries: %d retries", retries)
		}
		replayed := map[string]bool{http.MethodGet: true}
		for _, method := range methods {
			switch method = strings.ToUpper(method); method {
			case http.MethodGet, http.MethodPut, http.MethodDelete:
				replayed[method] = true
			default:
				return fmt.Errorf("tid: WithRetries: %s is not idempotent; only GET, PUT and DELETE are", method)
			}
		}
		c.retry.retries, c.retry.replayed = retries, replayed
		return nil
	}
}

// WithMaxWait sets the longest single wait that a call accepts, a minute by
// default. A Retry-After beyond it is returned at once as the error.
func WithMaxWait(wait time.Duration) Option {
	return func(c *config) error {
		if wait <= 0 {
			return fmt.Errorf("tid: WithMaxWait: %s is not a time to wait", wait)
		}
		c.retry.maxWait = wait
		return nil
	}
}

// WithLogger logs each request at debug level, and retries and pauses as
// warnings: operation, status, duration and attempt, never parameters, bodies or
// secrets.
func WithLogger(log *slog.Logger) Option {
	return func(c *config) error { c.log = log; return nil }
}

// WithTransport wraps the transport, for the spans or metrics of a telemetry library. wrap
// is called once, with the module's own transport or that of [WithHTTPClient], which keeps
// its connection pool. [OperationFrom] names the operation of a request. The transport
// that wrap returns must send each request once, and pass on its context. If it reads the
// body before it sends, a write whose connection never came up is not retried.
func WithTransport(wrap func(next http.RoundTripper) http.RoundTripper) Option {
	return func(c *config) error {
		if wrap == nil {
			return errors.New("tid: WithTransport: the function is nil")
		}
		inner := c.wrap
		c.wrap = func(next http.RoundTripper) http.RoundTripper {
			if inner != nil {
				next = inner(next)
			}
			return wrap(next)
		}
		return nil
	}
}

// WithObserver calls observe after each attempt, with the context of the call and in the
// goroutine that made the attempt. observe must be safe for concurrent use, and fast.
func WithObserver(observe func(context.Context, Event)) Option {
	return func(c *config) error { c.observer = observe; return nil }
}

// WithUserAgent puts the name of the integration, such as "payroll-export/2.1",
// before the module's own in the User-Agent header.
func WithUserAgent(product string) Option {
	return func(c *config) error {
		if strings.ContainsFunc(product, func(r rune) bool { return r < ' ' || r > '~' }) {
			return errors.New("tid: WithUserAgent: a header can have only printable ASCII")
		}
		c.userAgent = product
		return nil
	}
}

// WithReadAhead sets the most pages that All requests at the same time, 16 by default. It
// requests as many as it takes to use the rate limit at the latency of the network, and
// no more. 0 reads one page after the other.
func WithReadAhead(pages int) Option {
	return func(c *config) error {
		if pages < 0 {
			return fmt.Errorf("tid: WithReadAhead: %d pages", pages)
		}
		c.readAhead = pages
		return nil
	}
}

// WithoutWalkChecks reads each page of a list once, without the requests that find out
// whether the list has changed meanwhile. A row that is in the list all the time can then
// be missing without an error. Rows that come twice are still given once.
func WithoutWalkChecks() Option {
	return func(c *config) error { c.unchecked = true; return nil }
}

// WithPath sends an operation to another path. Many paths of the API are
// inferred from its conventions; a wrong one can be corrected without a release:
//
//	tid.WithPath("GET /v1/Core/Logs", "/v1/Core/LogEntries")
//
// The path must have the placeholders of the operation's own.
func WithPath(operation, template string) Option {
	return func(c *config) error {
		_, own, _ := strings.Cut(operation, " ")
		if _, known := operations[operation]; !known {
			return fmt.Errorf("tid: WithPath: no operation %q; docs/coverage.md lists them", operation)
		}
		if err := checkPath(template); err != nil {
			return fmt.Errorf("tid: WithPath: %w", err)
		}
		if !slices.Equal(slices.Sorted(slices.Values(placeholders(own))), slices.Sorted(slices.Values(placeholders(template)))) {
			return fmt.Errorf("tid: WithPath: %q must have the same placeholders as %q", template, own)
		}
		if c.templates == nil {
			c.templates = make(map[string]string)
		}
		c.templates[operation] = "/" + strings.TrimPrefix(template, "/")
		return nil
	}
}
