package conformance

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"slices"
	"sync"
)

// A Recorder is a transport that holds every request and its response against
// the description, and remembers what it found. It changes neither.
type Recorder struct {
	Spec *Spec
	Base http.RoundTripper // http.DefaultTransport if nil

	mu    sync.Mutex
	calls []Call
}

// A Call is what a Recorder remembers of one request.
type Call struct {
	Operation *Operation // nil if the description has none
	Method    string
	URL       string
	Status    int // 0 if there was no response
	Request   []Violation
	Response  []Violation
}

// RoundTrip implements [http.RoundTripper].
func (r *Recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil && req.Body != http.NoBody {
		var err error
		body, err = io.ReadAll(req.Body)
		req.Body.Close()
		if err != nil {
			return nil, err
		}
		req = req.Clone(req.Context())
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	call := Call{Method: req.Method, URL: req.URL.String()}
	call.Operation, call.Request = r.Spec.CheckRequest(req, body)

	base := r.Base
	if base == nil {
		base = http.DefaultTransport
	}
	resp, err := base.RoundTrip(req)
	if err == nil {
		call.Status = resp.StatusCode
		if call.Operation != nil {
			call.Response = check(call.Operation, resp)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, call)
	return resp, err
}

// check holds a response against the operation. It reads JSON to its end and
// of any other body one byte, and puts back what it has read.
func check(o *Operation, resp *http.Response) []Violation {
	reader := bufio.NewReader(resp.Body)
	seen, err := reader.Peek(1)
	rest := io.Reader(reader)
	if mediaType(resp.Header) == "application/json" {
		seen, err = io.ReadAll(reader)
		rest = bytes.NewReader(seen)
		if err != nil {
			rest = io.MultiReader(rest, failing{err})
		}
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{rest, resp.Body}
	if err != nil && err != io.EOF {
		return []Violation{{"body", err.Error()}}
	}
	return o.CheckResponse(resp.StatusCode, resp.Header, seen)
}

// failing is a reader that has nothing but an error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// Calls are all calls so far, in the order in which they ended.
func (r *Recorder) Calls() []Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

// Unreached are the operations that no call has reached with success.
func (r *Recorder) Unreached() []*Operation {
	reached := map[*Operation]bool{}
	for _, c := range r.Calls() {
		if c.Status >= 200 && c.Status < 300 {
			reached[c.Operation] = true
		}
	}
	return slices.DeleteFunc(r.Spec.Operations(), func(o *Operation) bool { return reached[o] })
}
