package tidtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vismatid/tid/internal/fakehttp"
	"github.com/vismatid/tid/tidtest/internal/operations"
	"github.com/vismatid/tid/tidtest/internal/tokens"
)

// A Fault makes requests go wrong. It says which ones, and what becomes of them:
//
//	srv.Inject(tidtest.Fault{Operation: "POST /v1/Core/TimeReports", Times: 2, Effect: tidtest.Answer(503, "")})
//
// Faults are for requests that the server would otherwise act on: those without a valid token, and those beyond the rate
// limit, are refused as always and use up no fault. The exchange of tokens can be made to fail like everything else.
type Fault struct {
	// Operation is the name of the operation that goes wrong, as Operations gives them; a method alone, such as "GET", is
	// every operation of that method; empty is every operation.
	Operation string
	// Skip lets the first matching requests pass.
	Skip int
	// Times is how many requests go wrong; 0 is one of them, or with Share every one that the share takes.
	Times int
	// Share, between 0 and 1, takes that part of the matching requests, at random; 0 takes each of them.
	Share float64
	// Effect is what goes wrong.
	Effect Effect
}

// An Effect is what a Fault does to a request.
type Effect struct {
	kind   effectKind
	status int
	header http.Header
	body   string
	size   int
	pause  time.Duration
	acts   bool // the server does what it was asked to
}

type effectKind uint8

const (
	effectNothing effectKind = iota
	effectAnswer
	effectDrop
	effectRefuse
	effectDropIdle
	effectCut
	effectMalformed
	effectSlow
	effectDelay
	effectKill
)

// Answer answers with a status and a body of its own; the server does nothing. Headers are given as names and values in turn.
// A body that begins with { or [ is declared as JSON, any other as text.
func Answer(status int, body string, headers ...string) Effect {
	h := http.Header{"Content-Type": {"text/plain; charset=utf-8"}}
	switch {
	case body == "":
		h.Del("Content-Type")
	case strings.HasPrefix(body, "{") || strings.HasPrefix(body, "["):
		h.Set("Content-Type", "application/json; charset=utf-8")
	case strings.HasPrefix(body, "<"):
		h.Set("Content-Type", "text/html; charset=utf-8")
	}
	if len(headers)%2 != 0 {
		panic("tidtest: Answer needs a value for every header")
	}
	for i := 0; i < len(headers); i += 2 {
		h.Add(headers[i], headers[i+1])
	}
	return Effect{kind: effectAnswer, status: status, header: h, body: body}
}

// AnswerAfter is Answer after the server has done what it was asked to: the answer does not tell what happened.
func AnswerAfter(status int, body string, headers ...string) Effect {
	e := Answer(status, body, headers...)
	e.acts = true
	return e
}

// TooMany answers 429 and asks to wait that long, without regard to the rate limit.
func TooMany(wait time.Duration) Effect {
	seconds := tokens.WholeSeconds(wait)
	return Answer(http.StatusTooManyRequests, fmt.Sprintf(`{"waitInSeconds":%d}`, seconds), "Retry-After", strconv.Itoa(seconds))
}

// Redirect answers 302 with that Location.
func Redirect(location string) Effect { return Answer(http.StatusFound, "", "Location", location) }

// DropBefore breaks the connection before the server has done anything.
func DropBefore() Effect { return Effect{kind: effectDrop} }

// DropAfter breaks the connection when the server has done what it was asked to, before it has answered.
func DropAfter() Effect { return Effect{kind: effectDrop, acts: true} }

// Refuse lets no connection come about. Only a server in memory can do it; one that listens drops the connection instead.
func Refuse() Effect { return Effect{kind: effectRefuse} }

// DropIdle breaks a connection that has been used before, so that the next request on it meets a closed one and does not
// arrive; requests on new connections are left alone. A server in memory makes the client notice before it has written the
// request, or after.
func DropIdle() Effect { return Effect{kind: effectDropIdle} }

// CutBody breaks the connection when that many bytes of the answer's body have been sent.
func CutBody(after int) Effect { return Effect{kind: effectCut, size: after, acts: true} }

// Malformed answers with JSON that breaks off, as if it were whole.
func Malformed() Effect { return Effect{kind: effectMalformed, acts: true} }

// SlowBody sends the body in pieces of that many bytes, with a pause before each of them.
func SlowBody(piece int, pause time.Duration) Effect {
	return Effect{kind: effectSlow, size: max(1, piece), pause: pause, acts: true}
}

// Delay keeps the answer back.
func Delay(d time.Duration) Effect { return Effect{kind: effectDelay, pause: d, acts: true} }

// KillToken ends the token of the request, which is therefore answered with 401.
func KillToken() Effect { return Effect{kind: effectKill} }

// An Injection is a fault at work in a server.
type Injection struct {
	injection *fakehttp.Injection[Effect]
}

// Hits is how many requests the fault has made go wrong.
func (i *Injection) Hits() int { return i.injection.Hits() }

// Remove ends the fault.
func (i *Injection) Remove() { i.injection.Remove() }

// Inject makes requests go wrong from now on. It panics if the fault names an operation that does not exist.
func (s *Server) Inject(f Fault) *Injection {
	methods := []string{"", "GET", "POST", "PUT", "PATCH", "DELETE"}
	if !slices.Contains(methods, f.Operation) && !slices.ContainsFunc(s.operations, func(op *operations.Operation) bool { return op.Name == f.Operation }) {
		panic("tidtest: no operation " + f.Operation)
	}
	if f.Share < 0 || f.Share > 1 {
		panic(fmt.Sprintf("tidtest: a share of %v", f.Share))
	}
	return &Injection{s.faults.Inject(fakehttp.Fault[Effect](f))}
}

// ClearFaults ends all faults.
func (s *Server) ClearFaults() { s.faults.Clear() }

// stage is how far a request has come when a fault takes it.
type stage uint8

const (
	arrived    stage = iota
	connecting       // looking for a connection
	reusing          // about to be written to a connection that has been used before
)

// stage says when an effect sets in. A server that listens sees of a connection only what arrives on it.
func (s *Server) stage(e Effect) stage {
	switch {
	case e.kind == effectRefuse && s.memory != nil:
		return connecting
	case e.kind == effectDropIdle:
		return reusing
	}
	return arrived
}

// refuses says whether a fault lets no connection for a request come about.
func (s *Server) refuses(req *http.Request) bool { return s.before(req, connecting) }

// closesIdle says whether a fault has closed the connection that a request would use again.
func (s *Server) closesIdle(req *http.Request) bool { return s.before(req, reusing) }

// before says whether a fault keeps a request from arriving.
func (s *Server) before(req *http.Request, at stage) bool {
	op, _ := s.route(req.Method, req.URL.EscapedPath())
	return s.take(op, at).kind != effectNothing
}

// effect returns what goes wrong with a request for an operation (nil for an unknown path).
func (s *Server) effect(op *operations.Operation) Effect { return s.take(op, arrived) }

// take looks for a fault that takes a request at a stage.
func (s *Server) take(op *operations.Operation, at stage) Effect {
	name := ""
	if op != nil {
		name = op.Name
	}
	return s.faults.Take(name, func(e Effect) bool { return s.stage(e) == at })
}

// apply makes a reply go wrong.
func (e Effect) apply(s *Server, rep reply) reply {
	switch e.kind {
	case effectAnswer:
		return reply{Status: e.status, Header: e.header.Clone(), Body: []byte(e.body)}
	case effectDrop, effectRefuse:
		return reply{Broken: fakehttp.BrokenClosed + fakehttp.Broken(s.pick(2))}
	case effectCut:
		rep.Cut, rep.Broken = min(e.size, len(rep.Body)), fakehttp.BrokenCut
	case effectMalformed:
		if n := len(rep.Body); n > 0 {
			rep.Body = rep.Body[:n*2/3]
		} else {
			rep.Body = []byte("{")
			rep.Header.Set("Content-Type", "application/json; charset=utf-8")
		}
	case effectSlow:
		rep.Piece, rep.Pause = e.size, e.pause
	}
	return rep
}
