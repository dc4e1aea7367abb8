package momenttest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/internal/fakehttp"
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
	endpoint  fakehttp.Endpoint
	transport *fakehttp.Transport // nil for a server that listens
	faults    fakehttp.Faults[Effect]
	log       fakehttp.Log[Request]

	mu     sync.Mutex // of the tables
	tables map[string]*table
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
	s.log.Most = 10_000
	s.endpoint.Exchange = func(_ context.Context, in fakehttp.Inbound) (fakehttp.Reply, error) { return s.exchange(in), nil }
	if c.inMemory {
		const host = "moment.example"
		s.URL, s.transport = "https://"+host, s.endpoint.InMemory(host)
		return s
	}
	var err error
	if s.URL, err = s.endpoint.ListenLocally(); err != nil {
		panic("momenttest: cannot listen: " + err.Error())
	}
	return s
}

// Close ends the server and all connections to it. A second call does nothing.
func (s *Server) Close() { s.endpoint.Close() }

// ServeHTTP answers a request. Where the connection is to break it panics with
// http.ErrAbortHandler, which net/http knows.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.endpoint.ServeHTTP(w, r) }

// Transport returns what calls the server in memory. A server that listens has
// none and returns nil.
func (s *Server) Transport() http.RoundTripper {
	if s.transport == nil {
		return nil
	}
	return s.transport
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

// Requests returns what has arrived, in order: the latest 10,000 requests.
func (s *Server) Requests() []Request { return s.log.All() }

// ResetRequests empties the log.
func (s *Server) ResetRequests() { s.log.Reset() }

// exchange answers a request, and writes it into the log.
func (s *Server) exchange(in fakehttp.Inbound) fakehttp.Reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	entry := Request{Method: in.Method, Path: in.URL.EscapedPath(), Query: in.URL.Query(), Body: in.Body, Header: in.Header.Clone()}
	entry.Header.Del("Authorization")
	c, refused := s.route(in)
	if c != nil {
		entry.Operation = c.operation
	}
	var rep fakehttp.Reply
	var effect Effect
	if refused == nil {
		effect = s.faults.Take(entry.Operation, func(Effect) bool { return true })
	}
	switch {
	case refused != nil:
		rep = refused.reply()
	case effect.reply == nil:
		rep = c.perform()
		entry.Performed = rep.Status < 300
	default:
		entry.Faulty = true
		rep = *effect.reply
		if effect.after {
			entry.Performed = c.perform().Status < 300
		}
	}
	entry.Status = rep.Status
	s.log.Add(entry)
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

func (f *failure) reply() fakehttp.Reply {
	body := map[string]string{"message": f.message}
	if f.details != "" {
		body["details"] = f.details
	}
	return jsonReply(f.status, body)
}

// jsonReply is an answer in JSON, under the media type that the API perhaps has.
func jsonReply(status int, body any) fakehttp.Reply {
	data, err := json.Marshal(body)
	if err != nil {
		panic("momenttest: " + err.Error()) // all that is answered can be written
	}
	return fakehttp.Reply{Status: status, Header: http.Header{"Content-Type": {"application/hal+json"}}, Body: data}
}
