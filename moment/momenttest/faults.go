package momenttest

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/vismatid/tid/internal/fakehttp"
)

// Fault makes requests go wrong. It says which ones, and what becomes of them:
//
//	srv.Inject(momenttest.Fault{Operation: "POST /timeRecords", Times: 2, Effect: momenttest.Answer(503, "")})
//
// Faults are for requests that the server would otherwise act on: those without
// a valid key are refused as always, and use up no fault.
type Fault struct {
	// Operation is the operation that goes wrong, such as "GET /timeRecords" or
	// "PUT /offers/{id}/include/{parts}"; a method alone, such as "GET", is every
	// operation of that method; empty is every operation.
	Operation string
	// Skip lets the first matching requests pass.
	Skip int
	// Times is how many requests go wrong; 0 is one of them.
	Times int
	// Effect is what goes wrong.
	Effect Effect
}

// Effect is what a [Fault] does to a request.
type Effect struct {
	reply *fakehttp.Reply // nil for nothing
	after bool            // the server acts all the same
}

// Answer answers with a status and a body of its own; the server does nothing.
// Headers are given as names and values in turn.
func Answer(status int, body string, headers ...string) Effect {
	header := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i+1 < len(headers); i += 2 {
		header.Set(headers[i], headers[i+1])
	}
	return Effect{reply: &fakehttp.Reply{Status: status, Header: header, Body: []byte(body)}}
}

// TooMany answers 429 and asks to wait that long, in whole seconds; 0 does not
// say how long.
func TooMany(wait time.Duration) Effect {
	if wait <= 0 {
		return Answer(http.StatusTooManyRequests, "")
	}
	return Answer(http.StatusTooManyRequests, "", "Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
}

// DropBefore breaks the connection before the server has done anything.
func DropBefore() Effect { return Effect{reply: &fakehttp.Reply{Broken: fakehttp.BrokenClosed}} }

// DropAfter breaks the connection when the server has done what it was asked to,
// before it has answered.
func DropAfter() Effect {
	return Effect{reply: &fakehttp.Reply{Broken: fakehttp.BrokenClosed}, after: true}
}

// Inject makes requests go wrong from now on.
func (s *Server) Inject(f Fault) {
	s.faults.Inject(fakehttp.Fault[Effect]{Operation: f.Operation, Skip: f.Skip, Times: max(f.Times, 1), Effect: f.Effect})
}
