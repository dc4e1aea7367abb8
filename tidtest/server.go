package tidtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/internal/fakehttp"
	"github.com/vismatid/tid/tidtest/internal/account"
	"github.com/vismatid/tid/tidtest/internal/operations"
	"github.com/vismatid/tid/tidtest/internal/shapes"
	"github.com/vismatid/tid/tidtest/internal/tables"
	"github.com/vismatid/tid/tidtest/internal/tokens"
)

// Server is a fake of the API for one account. It is an http.Handler, and safe for concurrent use.
type Server struct {
	// URL is the address of the server, without a path.
	URL string
	// AppID and AppSecret are the credentials of an application that may do everything.
	AppID, AppSecret string
	// StaticToken is an access token that never expires.
	StaticToken string

	// The objects of the account.
	AbsenceProjects     *Store[tid.AbsenceProject]
	Activities          *Store[tid.Activity]
	Articles            *Store[tid.Article]
	BookingProjects     *Store[tid.BookingProject]
	Contacts            *Store[tid.Contact]
	InternalProjects    *Store[tid.InternalProject]
	Invoices            *Store[tid.Invoice]
	Logs                *Store[tid.Log]
	MaterialReports     *Store[tid.MaterialReport]
	Offers              *Store[tid.Offer]
	Opportunities       *Store[tid.Opportunity]
	OpportunityStatuses *Store[tid.OpportunityStatus]
	OpportunityTags     *Store[tid.OpportunityTag]
	PaymentPlans        *Store[tid.PaymentPlan]
	ProjectCollections  *Store[tid.ProjectCollection]
	ProjectComments     NestedStore[tid.Comment]
	ProjectStatuses     *Store[tid.ProjectStatus]
	Projects            *Store[tid.Project]
	SupplierInvoices    *Store[tid.SupplierInvoice]
	TaskAttachments     NestedStore[tid.Attachment]
	TaskBoards          *Store[tid.TaskBoard]
	TaskChecklists      NestedStore[tid.Checklist]
	TaskComments        NestedStore[tid.Comment]
	Tasks               *Store[tid.Task]
	TimeCodes           *Store[tid.TimeCode]
	TimeReports         *Store[tid.TimeReport]
	Users               *Store[tid.User]
	VacationRequests    *Store[tid.VacationRequest]

	// Objects that no operation reads or lists. Most of them are seen where others refer to them, and putting an object that
	// refers to one makes it known as well.
	Categories                *Store[tid.CategoryRef]
	CostCenters               *Store[tid.CostCenterRef]
	Departments               *Store[tid.Ref]
	Plannings                 *Store[Planning]
	Schedules                 *Store[tid.Ref]
	Tags                      *Store[tid.Tag]
	TimeReportingProfiles     *Store[tid.Ref]
	TravelReports             *Store[tid.TravelReportInput]
	UnhandledSupplierInvoices *Store[UnhandledSupplierInvoice]
	Units                     *Store[tid.Ref]

	config      config
	account     *account.Account
	operations  []*operations.Operation
	router      *operations.Router
	tokens      tokens.Tokens
	faults      fakehttp.Faults[Effect]
	log         fakehttp.Log[Request]
	distortions []*Distortion // guarded by the lock of the account
	drift       atomic.Pointer[drift]

	randomMu sync.Mutex
	rng      *rand.Rand

	endpoint fakehttp.Endpoint
	memory   *Transport // nil for a server that listens
}

// NewServer starts a server that is closed at the end of the test.
func NewServer(t testing.TB, opts ...Option) *Server {
	t.Helper()
	s := Start(opts...)
	t.Cleanup(s.Close)
	return s
}

// Start starts a server, on a free port of this machine unless it is InMemory. It panics if it cannot listen. The caller
// closes it.
func Start(opts ...Option) *Server {
	c := newConfig(opts)
	s := newServer(c)
	if c.address != "" {
		s.URL = c.address
		return s
	}
	if c.inMemory {
		const host = "tid.example"
		s.URL, s.memory = "https://"+host, &Transport{s.endpoint.InMemory(host)}
		return s
	}
	var err error
	if s.URL, err = s.endpoint.ListenLocally(); err != nil {
		panic("tidtest: cannot listen: " + err.Error())
	}
	return s
}

// Serve runs a server at an address of this machine, such as "127.0.0.1:8480", until the context ends: a sandbox for programs
// in any language. They know its credentials beforehand, since they do not differ from run to run: WithCredentials sets them;
// without it the application id is "ap_sandbox", its secret "sandbox" and the static token "pk_sandbox.pa_sandbox". It
// returns nil at the end, and an error if it cannot listen, or the address is one that others can reach.
func Serve(ctx context.Context, addr string, opts ...Option) error {
	at, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return fmt.Errorf("tidtest: cannot listen: %w", err)
	}
	if !at.IP.IsLoopback() {
		return fmt.Errorf("tidtest: %s is not an address of this machine alone, such as 127.0.0.1:8480", addr)
	}
	listener, err := net.ListenTCP("tcp", at)
	if err != nil {
		return fmt.Errorf("tidtest: cannot listen: %w", err)
	}
	s := newServer(newConfig(append([]Option{WithCredentials("ap_sandbox", "sandbox", "pk_sandbox.pa_sandbox")}, opts...)))
	s.URL = "http://" + listener.Addr().String()
	s.endpoint.Listen(listener)
	defer s.Close()
	<-ctx.Done()
	return nil
}

// newServer makes a server that cannot be reached yet.
func newServer(c config) *Server {
	s := &Server{
		AppID:     c.appID,
		AppSecret: c.appSecret,
		config:    c,
		account:   tables.Open(c.now),
		log:       fakehttp.Log[Request]{Most: c.keep},
		rng:       rand.New(rand.NewPCG(c.seed, 0x7469642d74657374)),
	}
	s.faults.Random = s.random
	s.endpoint = fakehttp.Endpoint{
		Exchange: s.exchange, Refuses: s.refuses, ClosesIdle: s.closesIdle, Pick: s.pick,
		ConnectTime: func() time.Duration { return s.oneWay(c.connect) + s.oneWay(c.connect) },
	}
	s.account.Needed = c.needed
	if c.ties {
		s.account.Pick = s.pick
	}
	for _, name := range c.needed {
		s.account.Resource(tables.TimeReports).Schema.Field(name)
	}
	s.StaticToken = s.tokens.Issue(c.staticToken, time.Time{})
	s.operations = operations.All(s.account.All, s.exchangeToken)
	s.router = operations.NewRouter(s.operations)
	s.openStores()
	s.SetDrift(c.drift...)
	if c.company != nil {
		s.Load(c.company)
	}
	return s
}

// Close ends the server and all connections to it. A second call does nothing.
func (s *Server) Close() { s.endpoint.Close() }

func (s *Server) now() time.Time { return s.account.Clock() }

// random returns a number from 0 up to 1.
func (s *Server) random() float64 {
	s.randomMu.Lock()
	defer s.randomMu.Unlock()
	return s.rng.Float64()
}

func (s *Server) pick(n int) int {
	s.randomMu.Lock()
	defer s.randomMu.Unlock()
	return s.rng.IntN(n)
}

// Operations returns the names of all the operations that a server has, in the form "GET /v1/Core/Contacts/{id}".
func Operations() []string {
	var names []string
	for _, op := range operations.All(tables.Open(time.Now).All, nil) {
		names = append(names, op.Name)
	}
	slices.Sort(names)
	return names
}

// style is that of the answer to one request, nil if answers have their plain shapes.
func (s *Server) style() *shapes.Style {
	if s.config.shapes == 0 {
		return nil
	}
	s.randomMu.Lock()
	defer s.randomMu.Unlock()
	return shapes.NewStyle(rand.New(rand.NewPCG(s.rng.Uint64(), s.rng.Uint64())), s.config.shapes)
}

// A Request is what the log of a server tells about a request. The Authorization header is never in it.
type Request struct {
	Time        time.Time // when it arrived
	Method      string
	Path        string
	Operation   string // such as "GET /v1/Core/Contacts/{id}"; empty for a path that the API does not have
	Query       url.Values
	Header      http.Header
	Body        []byte
	Status      int  // of the answer; 0 if the connection broke before one was sent
	RateLimited bool // refused because of the rate limit
	Faulty      bool // a Fault was at work
	Performed   bool // the server did what it was asked to
}

// Requests returns what has arrived, in the order of arrival: the latest 10,000 requests, or as many as WithLog says.
func (s *Server) Requests() []Request { return s.log.All() }

// ResetRequests empties the log.
func (s *Server) ResetRequests() { s.log.Reset() }

type inbound = fakehttp.Inbound // a request without its connection

type reply = fakehttp.Reply // an answer, and how it travels

// exchange takes a request to the server and an answer back. The error is that of the context.
func (s *Server) exchange(ctx context.Context, in inbound) (reply, error) {
	if err := s.travel(ctx); err != nil {
		return reply{}, err
	}
	op, args := s.route(in.Method, in.URL.EscapedPath())
	entry := Request{Time: time.Now(), Method: in.Method, Path: in.URL.Path, Header: in.Header.Clone(), Body: in.Body}
	entry.Query, _ = url.ParseQuery(in.URL.RawQuery)
	entry.Header.Del("Authorization")
	if op != nil {
		entry.Operation = op.Name
	}
	if s.config.before != nil {
		s.config.before(s, entry)
	}
	rep, delay := s.handle(op, args, in, &entry)
	if rep.Broken != fakehttp.BrokenClosed && rep.Broken != fakehttp.BrokenReset {
		entry.Status = rep.Status
	}
	if rep.Header == nil {
		rep.Header = http.Header{}
	}
	rep.Header.Set("Date", s.now().UTC().Format(http.TimeFormat))
	s.log.Add(entry)
	err := fakehttp.Sleep(ctx, delay)
	if err == nil {
		err = s.travel(ctx)
	}
	s.tell(entry, rep, err)
	return rep, err
}

// travel waits as long as a request or an answer is on its way.
func (s *Server) travel(ctx context.Context) error {
	return fakehttp.Sleep(ctx, s.oneWay(s.config.latency))
}

// oneWay is how long one of two ways takes.
func (s *Server) oneWay(l Latency) time.Duration {
	d := l.RoundTrip / 2
	s.randomMu.Lock()
	defer s.randomMu.Unlock()
	if l.Uniform > 0 {
		d += time.Duration(s.rng.Int64N(int64(l.Uniform) + 1))
	}
	if l.Exponential > 0 {
		d += time.Duration(s.rng.ExpFloat64() * float64(l.Exponential))
	}
	return d
}

// handle lets a request in, makes it go wrong if a fault says so, and performs it.
func (s *Server) handle(op *operations.Operation, args []string, in inbound, entry *Request) (rep reply, delay time.Duration) {
	var bearer string
	if op == nil || !op.Open {
		name, tok := s.authenticate(in.Header)
		if tok == nil {
			return operations.JSON(http.StatusUnauthorized, map[string]string{"message": "The access token is missing, wrong or no longer valid."}), 0
		}
		if ok, wait := tok.Allow(time.Now(), s.config.rate, s.config.fixed); !ok {
			seconds := tokens.WholeSeconds(wait)
			rep = operations.JSON(http.StatusTooManyRequests, map[string]int{"waitInSeconds": seconds})
			rep.Header.Set("Retry-After", strconv.Itoa(seconds))
			entry.RateLimited = true
			return rep, 0
		}
		bearer = name
	}
	effect := s.effect(op)
	entry.Faulty = effect.kind != effectNothing
	if effect.kind == effectKill {
		s.tokens.Kill(bearer)
		return operations.JSON(http.StatusUnauthorized, map[string]string{"message": "The access token is no longer valid."}), 0
	}
	if effect.kind == effectNothing || effect.acts {
		rep = s.drifted(op, args, in)
		entry.Performed = rep.Status/100 == 2
	}
	if effect.kind == effectDelay {
		delay = effect.pause
	}
	return effect.apply(s, rep), delay
}

// perform does what a request asks for.
func (s *Server) perform(op *operations.Operation, args []string, in inbound) reply {
	c := &operations.Call{
		Account: s.account, Op: op, Args: args, Header: in.Header, Body: in.Body,
		Style: s.style, Distort: func() operations.Distortion { return s.distortion(op) },
	}
	rep, err := c.Run(in)
	var f *account.Failure
	switch {
	case err == nil:
		if status, yes := s.style().Empties(in.Method); yes {
			return reply{Status: status, Header: http.Header{}}
		}
		return rep
	case errors.As(err, &f):
		return operations.Failed(f)
	}
	return operations.JSON(http.StatusInternalServerError, map[string]string{"message": err.Error()})
}

// ServeHTTP answers a request. Where the connection is to break it panics with http.ErrAbortHandler, which net/http knows.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.endpoint.ServeHTTP(w, r) }
