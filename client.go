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
	"strings"
	"sync/atomic"
)

// Version is the version of this module, which the User-Agent header has.
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
	// Logs are the log of what has happened to projects.
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
	// Planning reads which users are planned for which projects, and for how many hours.
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
	untraced   *atomic.Bool // the transport does not trace with httptrace
	userAgent  string
	readAhead  int  // pages under way at once, at the most
	unchecked  bool // lists are read without checking them for changes
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
		c.source = &exchanger{fetch: func(ctx context.Context, _ string, failed func(*Error)) (Token, error) {
			return c.exchange(ctx, source, failed)
		}}
	case *cachedCredentials:
		c.source = &exchanger{fetch: func(ctx context.Context, old string, failed func(*Error)) (Token, error) {
			return source.cache.Fetch(ctx, old, func(ctx context.Context) (Token, error) {
				return c.exchange(ctx, &source.appCredentials, failed)
			})
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
		return nil, fmt.Errorf("tid: the base URL must be https, not %s://%s: the token would be sent unencrypted", u.Scheme, u.Host)
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	if strings.HasSuffix(strings.ToLower(u.Path), "/v1") {
		return nil, errors.New("tid: the base URL must end before /v1, which the operations begin with")
	}
	return u, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// Do sends a request to any path of the API, for what this module does not
// know, with the same token, rate limit, retries and errors as every other call.
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

// checkOut refuses an out that cannot be decoded into, before anything is sent.
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
