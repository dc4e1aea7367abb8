package tidtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vismatid/tid"
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
	state       *state
	operations  []*operation
	router      *router
	tokens      tokens
	faults      faults
	log         requestLog
	distortions []*Distortion // guarded by the lock of the state

	randomMu sync.Mutex
	rng      *rand.Rand

	listening *http.Server
	done      chan struct{}
	memory    *Transport
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
	if c.inMemory {
		s.URL = "https://tid.example"
		s.memory = &Transport{srv: s}
		return s
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic("tidtest: cannot listen: " + err.Error())
	}
	s.listen(listener)
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
	s.listen(listener)
	defer s.Close()
	<-ctx.Done()
	return nil
}

// newServer makes a server that nobody can reach yet.
func newServer(c config) *Server {
	s := &Server{
		AppID:     c.appID,
		AppSecret: c.appSecret,
		config:    c,
		state:     newState(c.now),
		tokens:    tokens{all: map[string]*token{}},
		log:       requestLog{most: c.keep},
		rng:       rand.New(rand.NewPCG(c.seed, 0x7469642d74657374)),
	}
	s.state.needed = c.needed
	if c.ties {
		s.state.pick = s.pick
	}
	for _, name := range c.needed {
		s.state.resource(timeReports).schema.field(name)
	}
	s.StaticToken = s.tokens.issue(c.staticToken, time.Time{})
	s.operations = operations(s.state.all)
	s.router = newRouter(s.operations)
	s.openStores()
	if c.company != nil {
		s.Load(c.company)
	}
	return s
}

// listen answers at a listener until Close.
func (s *Server) listen(listener net.Listener) {
	s.URL = "http://" + listener.Addr().String()
	s.listening = &http.Server{
		Handler:  s,
		ErrorLog: log.New(io.Discard, "", 0),
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			return context.WithValue(ctx, served{}, new(atomic.Int64))
		},
	}
	s.done = make(chan struct{})
	go func() {
		defer close(s.done)
		_ = s.listening.Serve(listener) // ends when the server is closed
	}()
}

// Close ends the server and all connections to it. A second call does nothing.
func (s *Server) Close() {
	if s.listening != nil {
		_ = s.listening.Close() // there is nobody to tell
		<-s.done
		return
	}
	s.memory.close()
}

func (s *Server) now() time.Time { return s.state.clock() }

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

// style is that of the answer to one request, nil if answers have their plain shapes.
func (s *Server) style() *style {
	if s.config.shapes == 0 {
		return nil
	}
	s.randomMu.Lock()
	defer s.randomMu.Unlock()
	return &style{rng: rand.New(rand.NewPCG(s.rng.Uint64(), s.rng.Uint64())), shapes: s.config.shapes}
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

type requestLog struct {
	mu   sync.Mutex
	all  []Request
	most int
}

func (l *requestLog) add(r Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.most == 0 {
		return
	}
	if len(l.all) >= 2*l.most {
		l.all = slices.Clone(l.all[len(l.all)-l.most+1:])
	}
	l.all = append(l.all, r)
}

// Requests returns what has arrived, in the order of arrival: the latest 10,000 requests, or as many as WithLog says.
func (s *Server) Requests() []Request {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return slices.Clone(s.log.all[max(0, len(s.log.all)-s.log.most):])
}

// ResetRequests empties the log.
func (s *Server) ResetRequests() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.all = nil
}

// inbound is a request without its connection.
type inbound struct {
	method string
	url    *url.URL
	header http.Header
	body   []byte
}

// reply is an answer, and how it travels.
type reply struct {
	status int
	header http.Header
	body   []byte

	broken brokenKind
	cut    int           // bytes of the body that arrive before the connection breaks
	piece  int           // size of the pieces of a slow body
	pause  time.Duration // before each piece
}

// brokenKind is how a connection breaks.
type brokenKind uint8

const (
	brokenNot    brokenKind = iota
	brokenClosed            // closed before an answer
	brokenReset             // reset before an answer
	brokenCut               // closed within the body
)

// exchange takes a request to the server and an answer back. The error is that of the context.
func (s *Server) exchange(ctx context.Context, in inbound) (reply, error) {
	if err := s.travel(ctx); err != nil {
		return reply{}, err
	}
	op, args := s.router.find(in.method, in.url.EscapedPath())
	entry := Request{Time: time.Now(), Method: in.method, Path: in.url.Path, Header: in.header.Clone(), Body: in.body}
	entry.Query, _ = url.ParseQuery(in.url.RawQuery)
	entry.Header.Del("Authorization")
	if op != nil {
		entry.Operation = op.name
	}
	if s.config.before != nil {
		s.config.before(s, entry)
	}
	rep, delay := s.handle(op, args, in, &entry)
	if rep.broken != brokenClosed && rep.broken != brokenReset {
		entry.Status = rep.status
	}
	if rep.header == nil {
		rep.header = http.Header{}
	}
	rep.header.Set("Date", s.now().UTC().Format(http.TimeFormat))
	s.log.add(entry)
	if err := sleep(ctx, delay); err != nil {
		return reply{}, err
	}
	return rep, s.travel(ctx)
}

// travel waits as long as a request or an answer is on its way.
func (s *Server) travel(ctx context.Context) error { return sleep(ctx, s.oneWay(s.config.latency)) }

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

// sleep waits unless the context ends first.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// handle lets a request in, makes it go wrong if a fault says so, and performs it.
func (s *Server) handle(op *operation, args []string, in inbound, entry *Request) (rep reply, delay time.Duration) {
	var bearer string
	if op == nil || !op.open {
		name, tok := s.authenticate(in.header)
		if tok == nil {
			return jsonReply(http.StatusUnauthorized, map[string]string{"message": "The access token is missing, wrong or no longer valid."}), 0
		}
		if ok, wait := tok.limiter.allow(time.Now(), s.config.rate, s.config.fixed); !ok {
			seconds := wholeSeconds(wait)
			rep = jsonReply(http.StatusTooManyRequests, map[string]int{"waitInSeconds": seconds})
			rep.header.Set("Retry-After", strconv.Itoa(seconds))
			entry.RateLimited = true
			return rep, 0
		}
		bearer = name
	}
	effect := s.effect(op)
	entry.Faulty = effect.kind != effectNothing
	if effect.kind == effectKill {
		s.tokens.kill(bearer)
		return jsonReply(http.StatusUnauthorized, map[string]string{"message": "The access token is no longer valid."}), 0
	}
	if effect.kind == effectNothing || effect.acts {
		rep = s.perform(op, args, in)
		entry.Performed = rep.status/100 == 2
	}
	if effect.kind == effectDelay {
		delay = effect.pause
	}
	return effect.apply(s, rep), delay
}

// perform does what a request asks for.
func (s *Server) perform(op *operation, args []string, in inbound) reply {
	c := &call{state: s.state, srv: s, op: op, args: args, header: in.header, body: in.body}
	rep, err := c.run(in)
	var f *failure
	switch {
	case err == nil:
		return s.style().empties(in.method, rep)
	case errors.As(err, &f):
		return f.reply()
	}
	return jsonReply(http.StatusInternalServerError, map[string]string{"message": err.Error()})
}

// run checks the outside of a request and runs its operation under the lock of the state.
func (c *call) run(in inbound) (reply, error) {
	op := c.op
	if op == nil {
		return reply{}, notFound("There is nothing at %s %s.", in.method, in.url.Path)
	}
	query, _ := url.ParseQuery(in.url.RawQuery) // what cannot be read of it is as good as unknown
	c.query = newParameters(query)
	if op.method == http.MethodGet {
		c.mu.RLock()
		defer c.mu.RUnlock()
	} else {
		c.mu.Lock()
		defer c.mu.Unlock()
	}
	return op.run(c)
}

// served is the key of the number of requests that have come over a connection.
type served struct{}

// mostBody is the largest request body that the server reads.
const mostBody = 16 << 20

// ServeHTTP answers a request. Where the connection is to break it panics with http.ErrAbortHandler, which net/http knows.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if n, ok := r.Context().Value(served{}).(*atomic.Int64); ok && n.Add(1) > 1 && s.closesIdle(r) {
		panic(http.ErrAbortHandler)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	if err != nil {
		http.Error(w, "The request body cannot be read.", http.StatusRequestEntityTooLarge)
		return
	}
	rep, err := s.exchange(r.Context(), inbound{r.Method, r.URL, r.Header, body})
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	switch rep.broken {
	case brokenClosed:
		panic(http.ErrAbortHandler)
	case brokenReset:
		reset(w)
		return
	}
	for name, values := range rep.header {
		w.Header()[name] = values
	}
	if rep.status != http.StatusNoContent && rep.status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(len(rep.body)))
	}
	w.WriteHeader(rep.status)
	flusher := http.NewResponseController(w)
	send := func(piece []byte) {
		if _, err := w.Write(piece); err != nil {
			panic(http.ErrAbortHandler)
		}
		_ = flusher.Flush() // where nothing can be flushed nothing is kept back
	}
	switch {
	case rep.broken == brokenCut:
		send(rep.body[:rep.cut])
		panic(http.ErrAbortHandler)
	case rep.piece > 0:
		for piece := range slices.Chunk(rep.body, rep.piece) {
			if sleep(r.Context(), rep.pause) != nil {
				panic(http.ErrAbortHandler)
			}
			send(piece)
		}
	case len(rep.body) > 0:
		_, _ = w.Write(rep.body) // whoever asked has gone
	}
}

// reset breaks a connection so that the client sees a reset and not an end.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the client sees an end
	}
	_ = conn.Close()
}

// isOwnHost says whether an address is that of the server in memory.
func (s *Server) isOwnHost(u *url.URL) bool {
	return u.Scheme == "https" && strings.EqualFold(u.Host, strings.TrimPrefix(s.URL, "https://"))
}
