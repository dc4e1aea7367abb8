package tid

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Version is the version of this module, as the User-Agent header tells it.
const Version = "0.1.0"

// The addresses of the API. Both serve the same API, each to its own customers.
const (
	// DefaultBaseURL is the address for Visma Tid and Spiris Tid.
	DefaultBaseURL = "https://publicapi.tid.vismaspcs.se"
	// BlikkBaseURL is the address for Blikk.
	BlikkBaseURL = "https://publicapi.blikk.com"
)

// Client speaks to the API for one account. It is safe for concurrent use, holds
// no goroutine, and costs a few kilobytes: make one for each account, and keep
// it, since the rate limit and the token belong to it.
type Client struct {
	// AbsenceProjects are the reasons for absence that time is reported on.
	AbsenceProjects *AbsenceProjectsService
	// Activities are the kinds of work that time is reported on.
	Activities *ActivitiesService
	// Articles are what is sold and what is reported.
	Articles *ArticlesService
	// BookingProjects are projects of the bookkeeping.
	BookingProjects *BookingProjectsService
	// Contacts are customers, suppliers and the people who work for them.
	Contacts *ContactsService
	// InternalProjects are work without a customer that time is reported on.
	InternalProjects *InternalProjectsService
	// Invoices are read here, and marked as sent to an economy system.
	Invoices *InvoicesService
	// Logs tell what has happened to projects.
	Logs *LogsService
	// MaterialReports are the material that projects have used.
	MaterialReports *MaterialReportsService
	// Offers are what customers have been offered.
	Offers *OffersService
	// Opportunities are sales that may come about.
	Opportunities *OpportunitiesService
	// OpportunityStatuses are the statuses that opportunities can have.
	OpportunityStatuses *OpportunityStatusesService
	// OpportunityTags are the tags that opportunities can have.
	OpportunityTags *OpportunityTagsService
	// PaymentPlans are what is to be invoiced, and when.
	PaymentPlans *PaymentPlansService
	// Planning tells who is planned for what, and for how many hours.
	Planning *PlanningService
	// ProjectCollections are the collections that projects belong to.
	ProjectCollections *ProjectCollectionsService
	// Projects are what time is reported on.
	Projects *ProjectsService
	// ProjectStatuses are the statuses that projects can have.
	ProjectStatuses *ProjectStatusesService
	// SupplierInvoices are the invoices of suppliers.
	SupplierInvoices *SupplierInvoicesService
	// TaskBoards are what tasks are arranged on.
	TaskBoards *TaskBoardsService
	// Tasks are things to do.
	Tasks *TasksService
	// TimeCodes are the codes that time is reported under.
	TimeCodes *TimeCodesService
	// TimeReports are hours worked.
	TimeReports *TimeReportsService
	// Users are the co-workers who have an account.
	Users *UsersService
	// VacationRequests are requests for days off.
	VacationRequests *VacationRequestsService

	base       *url.URL
	scheme     string // of the Authorization header
	http       *http.Client
	source     TokenSource
	limiter    Limiter
	retry      retryPolicy
	log        logger
	observer   func(context.Context, Event)
	untraced   *atomic.Bool // the transport has been seen not to trace with httptrace
	userAgent  string
	readAhead  int  // pages under way at once, at the most
	unchecked  bool // lists are read without checks for changes
	writeCheck WriteCheck
	templates  map[string]string // paths in the place of the operations' own
}

// service is what every service is made of.
type service struct{ client *Client }

func (c *Client) services() {
	s := &service{c}
	c.AbsenceProjects = (*AbsenceProjectsService)(s)
	c.Activities = (*ActivitiesService)(s)
	c.Articles = (*ArticlesService)(s)
	c.BookingProjects = (*BookingProjectsService)(s)
	c.Contacts = (*ContactsService)(s)
	c.InternalProjects = (*InternalProjectsService)(s)
	c.Invoices = (*InvoicesService)(s)
	c.Logs = (*LogsService)(s)
	c.MaterialReports = (*MaterialReportsService)(s)
	c.Offers = (*OffersService)(s)
	c.Opportunities = (*OpportunitiesService)(s)
	c.OpportunityStatuses = (*OpportunityStatusesService)(s)
	c.OpportunityTags = (*OpportunityTagsService)(s)
	c.PaymentPlans = (*PaymentPlansService)(s)
	c.Planning = (*PlanningService)(s)
	c.ProjectCollections = (*ProjectCollectionsService)(s)
	c.Projects = &ProjectsService{service: *s, Comments: (*ProjectCommentsService)(s)}
	c.ProjectStatuses = (*ProjectStatusesService)(s)
	c.SupplierInvoices = (*SupplierInvoicesService)(s)
	c.TaskBoards = (*TaskBoardsService)(s)
	c.Tasks = &TasksService{service: *s, Comments: (*TaskCommentsService)(s),
		Checklists: (*TaskChecklistsService)(s), Attachments: (*TaskAttachmentsService)(s)}
	c.TimeCodes = (*TimeCodesService)(s)
	c.TimeReports = (*TimeReportsService)(s)
	c.Users = (*UsersService)(s)
	c.VacationRequests = (*VacationRequestsService)(s)
}

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

// WithBaseURL speaks to another address, such as [BlikkBaseURL] or that of a
// fake server. It must be https, except for hosts of this machine.
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

// WithRetries sets how often one call is repeated at the most; 4 by default, 0
// never repeats. Requests that the API refused before executing them, and those
// that never reached it, are repeated whatever their method; after other
// failures only GET and [InvoicesService.SetSentToEconomySystem] are, and the
// methods given here: PUT and DELETE do no harm twice. POST cannot be given, since a time report created twice is worse than
// an error.
func WithRetries(retries int, methods ...string) Option {
	return func(c *config) error {
		if retries < 0 {
			return fmt.Errorf("tid: WithRetries: %d repeats", retries)
		}
		replayed := map[string]bool{http.MethodGet: true}
		for _, method := range methods {
			switch method = strings.ToUpper(method); method {
			case http.MethodGet, http.MethodPut, http.MethodDelete:
				replayed[method] = true
			default:
				return fmt.Errorf("tid: WithRetries: %s is not safe to repeat; only GET, PUT and DELETE are", method)
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

// WithLogger logs each request at debug level, and repeats and pauses as
// warnings: operation, status, duration and attempt, never parameters, bodies or
// secrets.
func WithLogger(log *slog.Logger) Option {
	return func(c *config) error { c.log = log; return nil }
}

// WithTransport puts a layer around the transport, such as the spans or metrics of
// a telemetry library: wrap is called once, with the module's own transport or that
// of [WithHTTPClient], and keeps its connection pool. [OperationFrom] tells a layer
// what a request is for. A layer must send each request once and pass on its
// context; behind one that reads the body first, a write whose connection never came
// up is not retried.
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

// WithObserver calls observe after each attempt, with the context of the call and
// in the goroutine that made the attempt; it must be safe for concurrent use and quick.
func WithObserver(observe func(context.Context, Event)) Option {
	return func(c *config) error { c.observer = observe; return nil }
}

// WithUserAgent puts the name of the integration, such as "payroll-export/2.1",
// before the module's own in the User-Agent header.
func WithUserAgent(product string) Option {
	return func(c *config) error {
		if strings.ContainsFunc(product, func(r rune) bool { return r < ' ' || r > '~' }) {
			return errors.New("tid: WithUserAgent: only printable ASCII can stand in a header")
		}
		c.userAgent = product
		return nil
	}
}

// WithReadAhead sets how many pages All may have under way at once, 16 by
// default: as many as the latency asks for to use up the rate limit, and no more.
// 0 reads one page after the other.
func WithReadAhead(pages int) Option {
	return func(c *config) error {
		if pages < 0 {
			return fmt.Errorf("tid: WithReadAhead: %d pages", pages)
		}
		c.readAhead = pages
		return nil
	}
}

// WithoutWalkChecks reads each page of a list once, as it comes, without the
// requests that find out whether others have changed the list meanwhile: a row that
// is in it all the time can then be missing without an error. Rows that come again
// are left out all the same.
func WithoutWalkChecks() Option {
	return func(c *config) error { c.unchecked = true; return nil }
}

// WithPath sends an operation to another path. Many paths of the API are
// inferred from its conventions; who finds one wrong need not wait for a release:
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

// checkPath refuses what is not a plain path below the base URL, however often a
// server on the way unescapes it.
func checkPath(path string) error {
	if strings.ContainsAny(path, "?#") {
		return fmt.Errorf("%s is more than a path: parameters go into the query", quote(path))
	}
	elements := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, element := range elements {
		plain, err := url.PathUnescape(element)
		if err != nil || element == "" && (i == 0 || i < len(elements)-1) {
			return fmt.Errorf("%s is not a path such as v1/Core/Contacts", quote(path))
		}
		for before := element; err == nil && plain != before; {
			before = plain
			plain, err = url.PathUnescape(before)
			if err != nil {
				plain = before
			}
		}
		for _, part := range strings.FieldsFunc(plain, func(r rune) bool { return r == '/' || r == '\\' }) {
			if part, _, _ = strings.Cut(part, ";"); isDots(strings.TrimSpace(part)) {
				return fmt.Errorf("%s leaves its place", quote(path))
			}
		}
	}
	return nil
}

// isDots reports an element that means another place than its own.
func isDots(element string) bool { return element == "." || element == ".." }

// escapePath escapes what cannot stand in a path. net/url would otherwise take the
// path apart and escape it anew, and what was escaped in it would become plain.
func escapePath(path string) string {
	var b strings.Builder
	for i := range len(path) {
		if c := path[i]; isAlphanumeric(c) || strings.IndexByte("-._~!$&'()*+,;=:@/%", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// NewClient returns a client that authenticates with [AppCredentials] or a
// [StaticToken]. It checks its arguments and sends nothing.
func NewClient(source TokenSource, opts ...Option) (*Client, error) {
	if err := checkSource(source); err != nil {
		return nil, err
	}
	cfg := config{
		baseURL:   DefaultBaseURL,
		http:      &http.Client{Transport: sharedTransport()},
		limiter:   NewLimiter(),
		readAhead: defaultReadAhead,
		retry: retryPolicy{retries: defaultRetries, maxWait: defaultMaxWait,
			replayed: map[string]bool{http.MethodGet: true}},
	}
	for _, opt := range opts {
		if opt == nil {
			continue
		}
		if err := opt(&cfg); err != nil {
			return nil, err
		}
	}
	base, err := parseBaseURL(cfg.baseURL)
	if err != nil {
		return nil, err
	}
	copied := *cfg.http
	if copied.Transport == nil {
		copied.Transport = sharedTransport()
	}
	if cfg.wrap != nil {
		if copied.Transport = cfg.wrap(copied.Transport); copied.Transport == nil {
			return nil, errors.New("tid: WithTransport: the function returned nil")
		}
	}
	copied.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c := &Client{
		base:       base,
		scheme:     "Bearer",
		http:       &copied,
		source:     source,
		limiter:    cfg.limiter,
		retry:      cfg.retry,
		log:        logger{cfg.log},
		observer:   cfg.observer,
		untraced:   new(atomic.Bool),
		userAgent:  strings.TrimSpace(cfg.userAgent + " tid-go/" + Version),
		readAhead:  cfg.readAhead,
		unchecked:  cfg.unchecked,
		writeCheck: cfg.writeCheck,
		templates:  cfg.templates,
	}
	switch source := source.(type) {
	case *appCredentials:
		c.source = &exchanger{fetch: func(ctx context.Context, failed func(*Error)) (Token, error) {
			return c.exchange(ctx, source, failed)
		}}
	case *basicAuth:
		c.scheme = "Basic"
	}
	c.services()
	return c, nil
}

// NewClientFromEnv is [NewClient] with VISMATID_APP_ID and VISMATID_APP_SECRET,
// or VISMATID_TOKEN for a static token, and VISMATID_BASE_URL where it is set.
func NewClientFromEnv(opts ...Option) (*Client, error) {
	id, secret, token := os.Getenv("VISMATID_APP_ID"), os.Getenv("VISMATID_APP_SECRET"), os.Getenv("VISMATID_TOKEN")
	if address := os.Getenv("VISMATID_BASE_URL"); address != "" {
		opts = append([]Option{WithBaseURL(address)}, opts...)
	}
	switch {
	case token != "" && (id != "" || secret != ""):
		return nil, errors.New("tid: set either VISMATID_TOKEN or VISMATID_APP_ID and VISMATID_APP_SECRET, not both")
	case token != "":
		return NewClient(StaticToken(token), opts...)
	case id == "" && secret == "":
		return nil, errors.New("tid: set VISMATID_APP_ID and VISMATID_APP_SECRET, or VISMATID_TOKEN")
	case id == "":
		return nil, errors.New("tid: VISMATID_APP_SECRET is set, but VISMATID_APP_ID is not")
	case secret == "":
		return nil, errors.New("tid: VISMATID_APP_ID is set, but VISMATID_APP_SECRET is not")
	}
	return NewClient(AppCredentials(id, secret), opts...)
}

func parseBaseURL(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case (err != nil || u.Hostname() == "") && !strings.Contains(address, "@"):
		return nil, fmt.Errorf("tid: the base URL must look like %s, not %s", DefaultBaseURL, quote(address))
	case err != nil || u.Hostname() == "":
		return nil, errors.New("tid: the base URL must look like " + DefaultBaseURL)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("tid: the base URL must have no user, query or fragment")
	case u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())):
		return nil, fmt.Errorf("tid: the base URL must be https, not %s://%s: the token would travel in the clear", u.Scheme, u.Host)
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	return u, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// Do sends a request to any path of the API, for what this module does not
// know, with the same token, limit, repeats and errors as every other call.
//
// path is relative to the base URL ("v1/Core/Whatever/7"), its elements escaped.
// query is nil, [url.Values] or a struct with url tags; body is nil or encoded as
// JSON. The answer is decoded into out, which may be nil, a *[json.RawMessage],
// or an [io.Writer] that the raw body is streamed into.
func (c *Client) Do(ctx context.Context, method, path string, query, body, out any) error {
	call, err := c.callPath(ctx, strings.ToUpper(method), path, query, body)
	if err != nil {
		return err
	}
	if err := checkOut(call.op, out); err != nil {
		return err
	}
	return c.do(ctx, call, receiveInto(out))
}

// checkOut refuses what no answer can go into, before anything is sent.
func checkOut(op string, out any) error {
	_, writer := out.(io.Writer)
	switch v := reflect.ValueOf(out); v.Kind() {
	case reflect.Invalid: // no out
		return nil
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Slice, reflect.Chan:
		if !v.IsNil() && (writer || v.Kind() == reflect.Pointer) {
			return nil
		}
	default:
		if writer {
			return nil
		}
	}
	return invalid(op, "out must be a pointer or an io.Writer that is not nil, not %T", out)
}

// callPath encodes a request to a path that is no operation of this module.
func (c *Client) callPath(ctx context.Context, method, path string, query, body any) (*call, error) {
	path = "/" + strings.TrimPrefix(path, "/")
	op := method + " " + anonymous(path)
	if !slices.Contains([]string{"GET", "POST", "PUT", "PATCH", "DELETE"}, method) {
		return nil, invalid(op, "%s is not a method of the API", quote(method))
	}
	if err := checkPath(path); err != nil {
		return nil, invalid(op, "%v", err)
	}
	call := &call{op: op, method: method, path: escapePath(path), accept: "application/json", free: true}
	return call, c.located(call, call.encode(ctx, query, body))
}

// anonymous puts {id} in the place of numbers, so that the operations of
// [Client.Do] are as few as those of the services.
func anonymous(path string) string {
	elements := strings.Split(path, "/")
	for i, element := range elements {
		if _, ok := digits(element); ok {
			elements[i] = "{id}"
		}
	}
	return strings.Join(elements, "/")
}

// String names the client without its credentials.
func (c *Client) String() string {
	if c.base == nil { // not made by NewClient
		return "tid.Client()"
	}
	return "tid.Client(" + c.base.String() + ")"
}

// Format prints what String gives, for every verb.
func (c Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue is the same for slog.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }
