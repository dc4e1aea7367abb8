package momenttest

import (
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/moment"
)

// Server is a fake of the API for one company. It is an http.Handler, and safe
// for concurrent use.
type Server struct {
	// URL is the address of the server, without a path.
	URL string
	// CompanyCode and APIKey are what the server takes.
	CompanyCode, APIKey string

	// The objects of the company; [StoreOf] has those of other entities.
	Claims             *Store[moment.Claim]
	Customers          *Store[moment.Customer]
	Invoices           *Store[moment.Invoice]
	Offers             *Store[moment.Offer]
	ProjectExtensions  *Store[moment.ProjectExtension]
	ProjectMemberships *Store[moment.ProjectMembership]
	Projects           *Store[moment.Project]
	Tasks              *Store[moment.Task]
	TimeRecords        *Store[moment.TimeRecord]
	UserAccounts       *Store[moment.UserAccount]

	config    config
	schemas   map[string]*schema
	transport *transport // nil for a server that listens
	listening *http.Server
	done      chan struct{}

	mu     sync.Mutex // of all below
	tables map[string]*table
	faults []*injected
	log    []Request
}

// NewServer starts a server that is closed at the end of the test.
func NewServer(t testing.TB, opts ...Option) *Server {
	t.Helper()
	s := Start(opts...)
	t.Cleanup(s.Close)
	return s
}

// Start starts a server, on a free port of this machine unless it is [InMemory].
// It panics if it cannot listen. The caller closes it.
func Start(opts ...Option) *Server {
	c := config{company: "example", key: "key-of-momenttest", ceiling: 30_000}
	for _, opt := range opts {
		opt(&c)
	}
	s := &Server{CompanyCode: c.company, APIKey: c.key, config: c, schemas: schemasWith(c.further), tables: map[string]*table{}}
	s.Claims = StoreOf[moment.Claim](s, "claims")
	s.Customers = StoreOf[moment.Customer](s, "customers")
	s.Invoices = StoreOf[moment.Invoice](s, "invoices")
	s.Offers = StoreOf[moment.Offer](s, "offers")
	s.ProjectExtensions = StoreOf[moment.ProjectExtension](s, "projectExtensions")
	s.ProjectMemberships = StoreOf[moment.ProjectMembership](s, "projectMemberships")
	s.Projects = StoreOf[moment.Project](s, "projects")
	s.Tasks = StoreOf[moment.Task](s, "tasks")
	s.TimeRecords = StoreOf[moment.TimeRecord](s, "timeRecords")
	s.UserAccounts = StoreOf[moment.UserAccount](s, "userAccounts")
	if c.inMemory {
		s.URL, s.transport = "https://moment.example", &transport{server: s}
		return s
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic("momenttest: cannot listen: " + err.Error())
	}
	s.URL = "http://" + listener.Addr().String()
	s.listening = &http.Server{Handler: s, ErrorLog: log.New(io.Discard, "", 0)}
	s.done = make(chan struct{})
	go func() {
		defer close(s.done)
		_ = s.listening.Serve(listener) // ends when the server is closed
	}()
	return s
}

// Close ends the server and all connections to it. A second call does nothing.
func (s *Server) Close() {
	if s.transport != nil {
		s.transport.closed.Store(true)
		return
	}
	_ = s.listening.Close() // there is nobody to tell
	<-s.done
}

// Client returns a client of the server; the options come after its own. It
// panics if they are not valid.
func (s *Server) Client(opts ...tid.Option) *moment.Client {
	own := []tid.Option{tid.WithBaseURL(s.URL)}
	if s.transport != nil {
		own = append(own, tid.WithHTTPClient(&http.Client{Transport: s.transport}))
	}
	c, err := moment.NewClient(s.CompanyCode, s.APIKey, append(own, opts...)...)
	if err != nil {
		panic("momenttest: " + err.Error())
	}
	return c
}

// Request is what the log of a server tells about a request. The Authorization
// header is never in it.
type Request struct {
	Method    string
	Path      string // as it came, escaped
	Operation string // such as "GET /offers/{id}/include/{parts}"; empty for a path that the API does not have
	Query     url.Values
	Header    http.Header
	Body      []byte
	Status    int  // of the answer; 0 if the connection broke before one was sent
	Faulty    bool // a Fault was at work
	Performed bool // the server did what it was asked to
}

// maxLog is how many requests are remembered.
const maxLog = 10_000

// Requests returns what has arrived, in order: the latest 10,000 requests.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// ResetRequests empties the log.
func (s *Server) ResetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = nil
}

// reply is an answer on its way out.
type reply struct {
	status  int
	header  http.Header
	body    []byte
	dropped bool // the connection breaks in the place of an answer
}

// inbound is a request as it came.
type inbound struct {
	method string
	url    *url.URL
	header http.Header
	body   []byte
}

// exchange answers a request, and writes it into the log.
func (s *Server) exchange(in inbound) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	entry := Request{Method: in.method, Path: in.url.EscapedPath(), Query: in.url.Query(), Body: in.body, Header: in.header.Clone()}
	entry.Header.Del("Authorization")
	c, refused := s.route(in)
	if c != nil {
		entry.Operation = c.operation
	}
	var rep reply
	switch effect := s.faultFor(entry.Operation, refused); {
	case refused != nil:
		rep = refused.reply()
	case effect == nil:
		rep = c.perform()
		entry.Performed = rep.status < 300
	default:
		entry.Faulty = true
		rep = effect.reply
		if effect.after {
			entry.Performed = c.perform().status < 300
		}
	}
	entry.Status = rep.status
	if s.log = append(s.log, entry); len(s.log) > maxLog {
		s.log = slices.Clone(s.log[len(s.log)-maxLog:])
	}
	return rep
}

// authorized reports whether a request carries the key.
func (s *Server) authorized(header http.Header) bool {
	scheme, credentials, _ := strings.Cut(header.Get("Authorization"), " ")
	decoded, err := base64.StdEncoding.DecodeString(credentials)
	return scheme == "Basic" && err == nil && string(decoded) == "apikey:"+s.APIKey
}

// failure is a request that is refused.
type failure struct {
	status           int
	message, details string
}

func fail(status int, format string, args ...any) *failure {
	return &failure{status: status, message: fmt.Sprintf(format, args...)}
}

func (f *failure) reply() reply {
	body := map[string]string{"message": f.message}
	if f.details != "" {
		body["details"] = f.details
	}
	return jsonReply(f.status, body)
}
