package replay

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/vismatid/tid"
)

// request is one call of the client's, as the server sees it.
type request struct {
	name         string
	op           string
	method, path string
	size         int  // of the body; 0 is none
	idempotent   bool // retried after anything
	source       tid.TokenSource
	send         func(context.Context, *tid.Client) error
}

func (r request) String() string { return r.name }

// is reports whether a request on the wire is of this call.
func (r request) is(method, path string) bool { return method == r.method && path == r.path }

// isWrite reports whether the server does something that must not be done twice.
func (r request) isWrite() bool { return r.method != http.MethodGet && !r.idempotent }

// free is a request of Client.Do.
func free(method, path string, size int) request {
	var body any
	name := method
	if size > 0 {
		const around = len(`{"text":""}`)
		size = max(size, around)
		body = map[string]string{"text": strings.Repeat("x", size-around)}
		name = fmt.Sprintf("%s of %d bytes", method, size)
	}
	return request{
		name: name, op: method + " /" + path, method: method, path: "/" + path, size: size,
		source: tid.StaticToken("token"),
		send: func(ctx context.Context, c *tid.Client) error {
			return c.Do(ctx, method, path, nil, body, nil)
		},
	}
}

// token is the exchange of credentials for a token, a POST without a body; the
// request that needs the token is none of these tests' business.
func token() request {
	return request{
		name: "token exchange", op: "POST /v1/Auth/Token", method: http.MethodPost, path: "/v1/Auth/Token", idempotent: true,
		source: tid.AppCredentials("id", "secret"),
		send: func(ctx context.Context, c *tid.Client) error {
			return c.Do(ctx, http.MethodGet, "v1/Core/Other", nil, nil, nil)
		},
	}
}

var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// requests are all kinds: every method with and without a body, some of the
// typed ones, and the exchange of a token.
func requests() (all []request) {
	for _, method := range methods {
		all = append(all, free(method, "v1/Core/Whatever", 0), free(method, "v1/Core/Whatever", 40))
	}
	all = append(all, free(http.MethodPost, "v1/Core/Whatever", 200_000))
	source := tid.StaticToken("token")
	return append(all, token(),
		request{
			name: "Contacts.Create", op: "POST /v1/Core/Contacts", method: http.MethodPost, path: "/v1/Core/Contacts", size: -1, source: source,
			send: func(ctx context.Context, c *tid.Client) error {
				_, err := c.Contacts.Create(ctx, &tid.ContactInput{Name: "A", ContactType: tid.ContactPerson})
				return err
			},
		},
		request{
			name: "Contacts.Delete", op: "DELETE /v1/Core/Contacts/{id}", method: http.MethodDelete, path: "/v1/Core/Contacts/7", source: source,
			send: func(ctx context.Context, c *tid.Client) error { return c.Contacts.Delete(ctx, 7) },
		},
		request{
			name: "Contacts.Get", op: "GET /v1/Core/Contacts/{id}", method: http.MethodGet, path: "/v1/Core/Contacts/7", source: source,
			send: func(ctx context.Context, c *tid.Client) error {
				_, err := c.Contacts.Get(ctx, 7)
				return err
			},
		})
}

// few are those that differ most, for the tests that take their time.
var few = []request{token(), free("GET", "v1/Core/Whatever", 0), free("POST", "v1/Core/Whatever", 0),
	free("POST", "v1/Core/Whatever", 40), free("DELETE", "v1/Core/Whatever", 0)}

// result is what came of one call.
type result struct {
	request
	network  network
	err      error
	attempts int // as the observer counts them
	received []transmission
	lied     bool // the server has, about what it has carried out
	resends  bool // the caller's RoundTripper sends more than once
	untraced bool // the client cannot see all that it does
	canceled bool // the call's context ended
}

func (w *world) resultOf(r request, n network, err error) result {
	return result{request: r, network: n, err: err, attempts: w.attemptsOf(r.op), received: w.concern(r.method, r.path),
		lied: slices.ContainsFunc(w.script, reaction.lies)}
}

func (r result) count(which func(transmission) bool) (n int) {
	for _, t := range r.received {
		if which(t) {
			n++
		}
	}
	return n
}

func (r result) executions() int { return r.count(func(t transmission) bool { return t.executed }) }

func (r result) String() string {
	return fmt.Sprintf("%s over %s: transmissions=%d executed=%d attempts=%d err=%v",
		r.name, r.network, len(r.received), r.executions(), r.attempts, r.err)
}

// claims are what has to be true of every call. A check reports whether it is.
var claims = []struct {
	text  string
	check func(result) bool
}{
	{"every transmission is an attempt", func(r result) bool { return r.unseen() || len(r.received) <= r.attempts }},
	{"every execution is an attempt", func(r result) bool { return r.unseen() || r.executions() <= r.attempts }},
	{"a write is executed once", func(r result) bool {
		return r.unseen() || r.lied || !r.isWrite() || r.executions() <= 1
	}},
	{"a write is not attempted again after an execution", func(r result) bool {
		return r.lied || r.misled() || !r.isWrite() || r.count(func(t transmission) bool { return t.executed && t.attempt < r.attempts }) == 0
	}},
	{"a call without an error was executed", func(r result) bool { return r.lied || r.err != nil || r.executions() > 0 }},
	{"a write that failed and was executed may have been", func(r result) bool {
		return r.lied || r.misled() || !r.isWrite() || r.err == nil || r.executions() == 0 || r.mayHaveExecuted()
	}},
	{"a call that the server refused each time has not been executed", func(r result) bool {
		refused := r.count(func(t transmission) bool { return t.refused })
		return r.err == nil || r.canceled || r.resends || r.untraced || refused != r.attempts || refused != len(r.received) || !r.mayHaveExecuted()
	}},
	{"a read is never said to have been executed", func(r result) bool {
		return r.method != http.MethodGet || !r.mayHaveExecuted()
	}},
	{"an error tells how many attempts there were", func(r result) bool {
		e, ok := r.err.(*tid.Error)
		return r.err == nil || ok && (e.Attempts == r.attempts || e.Operation != r.op)
	}},
	{"a request with a body has its length, one without is told to have none, and nothing is chunked", func(r result) bool {
		for _, t := range r.received {
			bodyless := t.method == http.MethodGet || t.method == http.MethodDelete
			length, err := strconv.Atoi(t.length)
			switch {
			case t.chunked,
				r.size < 0 && (err != nil || length == 0),
				r.size > 0 && (err != nil || length != r.size),
				r.size == 0 && bodyless && t.length != "" && t.length != "0",
				r.size == 0 && !bodyless && !r.network.isHTTP2() && t.length != "0":
				return false
			}
		}
		return true
	}},
}

// unseen reports whether the client cannot see what is sent more than once.
func (r result) unseen() bool { return r.resends && r.untraced }

// misled reports whether an answer to a request that was sent again unseen hides
// what became of the first.
func (r result) misled() bool {
	return r.unseen() && r.count(func(t transmission) bool { return t.failed }) > 0
}

func (r result) mayHaveExecuted() bool {
	e, ok := r.err.(*tid.Error)
	return ok && e.MayHaveExecuted
}

// wrong returns the claims that do not hold.
func (r result) wrong() (texts []string) {
	for _, claim := range claims {
		if !claim.check(r) {
			texts = append(texts, claim.text)
		}
	}
	return texts
}
