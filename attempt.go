package tid

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"time"

	"github.com/vismatid/tid/internal/tap"
)

// attempt is one transmission of a call, or a failure before it.
type attempt struct {
	client  *Client
	call    *call
	n       int // counts the attempts of the call from 1
	receive receive
	ctx     context.Context

	// What a step leaves for the next steps and the retry policy.
	outcome
	permit Permit   // of the limiter
	trace  *sending // of the transmission; nil before it
	began  time.Time
	resp   *http.Response
	body   *countedBody
	event  Event
}

// steps are the steps of an attempt, in order; the first that fails ends it. What happens
// once for each call is around them: newCall in request.go encodes it, and do in retry.go
// decides after each attempt whether there is another.
var steps = []func(*attempt) *Error{
	(*attempt).admit,    // a token (auth.go), and with it a turn at the rate limit (ratelimit.go)
	(*attempt).send,     // one transmission, traced (transport.go, quiet.go)
	(*attempt).classify, // a success, or what the API said (errors.go, errorbody.go)
	(*attempt).read,     // the answer, bounded (body.go), becomes a value (answer.go)
}

// attempt takes the steps once, and reports the result to the log and the observer.
func (c *Client) attempt(ctx context.Context, call *call, n int, receive receive) (result outcome, failure *Error) {
	a := &attempt{client: c, call: call, n: n, receive: receive, ctx: ctx, event: Event{Operation: call.op, Attempt: n}}
	defer func() { a.end(failure) }()
	for failure = a.take(); failure != nil && a.trace != nil && a.trace.hasLapsed(); { // in the same attempt: nothing was sent
		a.outcome, a.trace = outcome{}, nil
		failure = a.take()
	}
	return a.outcome, failure
}

// take takes the steps until one fails.
func (a *attempt) take() *Error {
	for _, step := range steps {
		if failure := step(a); failure != nil {
			return failure
		}
	}
	return nil
}

// end releases what the attempt still holds, also after a panic, and reports the attempt.
func (a *attempt) end(failure *Error) {
	if a.trace != nil {
		a.trace.done(0, 0)
		a.event.Duration = time.Since(a.began)
		a.call.took = a.event.Duration
	}
	if a.body != nil {
		a.event.Bytes = a.body.read.Load()
	}
	a.event.Status, a.event.NotApplied = a.status, a.call.notApplied
	if failure != nil {
		failure.Err = redactedErr(failure.Err, a.call.token)
		copied := *failure // the call may still change its own
		a.event.Err = &copied
	}
	a.client.log.attempt(a.ctx, a.event)
	tap.Attempt(a.ctx)
	if a.client.observer != nil {
		a.client.observer(a.ctx, a.event)
	}
}

// fail is the error of an attempt that was sent.
func (a *attempt) fail(err error) *Error {
	return &Error{Operation: a.call.op, Path: a.client.pathOf(a.call), StatusCode: a.status,
		RetryAfter: a.retryAfter, Attempts: a.n, Err: err}
}

// admit gets a token and waits for the limiter. After a long wait the token may have
// expired: if another one is not at hand, the permit is returned before one is fetched,
// so that no slot of the rate limit is held during the exchange.
func (a *attempt) admit() *Error {
	c, ctx, call := a.client, a.ctx, a.call
	refuse := func(failure *Error) *Error {
		a.unsent = true
		failure.Attempts = max(failure.Attempts, a.n-1)
		return failure
	}
	for before := ""; ; before = call.token {
		var failure *Error
		if call.token, failure = c.authorization(ctx, call); failure != nil {
			return refuse(failure)
		}
		begin := time.Now()
		permit, err := c.limiter.Wait(ctx)
		wait := time.Since(begin)
		a.event.Wait += wait
		if err == nil && permit == nil {
			err = errors.New("the limiter gave no Permit")
		}
		if err == nil && ctx.Err() != nil {
			permit.Done(0, 0)
			err = ctx.Err()
		}
		if err != nil {
			return refuse(c.noTurn(ctx, call, err))
		}
		a.permit = permit
		if p, ok := permit.(StatefulPermit); ok {
			a.event.Gate = p.State()
		}
		if wait <= time.Second || call.token == before { // a source that cannot give one without waiting
			return nil
		}
		now, cancel := context.WithCancel(ctx)
		cancel()
		if token, notAtHand := c.authorization(now, call); notAtHand == nil {
			call.token = token
			return nil
		}
		permit.Done(0, 0)
	}
}

// authorization returns the token to send, or the base64 credentials for the token
// request itself. The error is a copy for this caller: several may have waited for one
// exchange.
func (c *Client) authorization(ctx context.Context, call *call) (string, *Error) {
	if call.basic != "" {
		return call.basic, nil
	}
	token, err := c.source.Token(ctx, "")
	if known, ok := err.(*Error); ok {
		own := *known
		return "", &own
	}
	switch {
	case err != nil:
		if ctx.Err() != nil {
			err = ended(ctx, err)
		}
		return "", &Error{Operation: call.op, Message: "no access token", Err: err}
	case token == "":
		return "", &Error{Operation: call.op, Message: "the token source gave an empty token"}
	case !isToken(token):
		return "", &Error{Operation: call.op, Message: "the token source gave a token with characters that it cannot have"}
	}
	return token, nil
}

// noTurn is the error of a request that its limiter did not let pass.
func (c *Client) noTurn(ctx context.Context, call *call, err error) *Error {
	failure := &Error{Operation: call.op, Path: c.pathOf(call), Message: "not sent", Err: err}
	var late *NoTurnError
	switch {
	case ctx.Err() != nil:
		failure.Err = ended(ctx, err)
	case errors.As(err, &late):
		failure.RetryAfter = late.Wait
	case errors.Is(err, context.DeadlineExceeded): // a limiter without NoTurnError
		failure.Err = &because{err.Error(), []error{err, ErrNoTurn}}
	}
	return failure
}

// send writes the request once, and waits for the head of the answer.
func (a *attempt) send() *Error {
	c := a.client
	a.began = time.Now()
	ctx, cancel := context.WithCancelCause(a.ctx)
	stalled := time.AfterFunc(stallTimeout, func() { cancel(errStalled) })
	a.trace = &sending{permit: a.permit, abort: cancel}
	req := c.request(httptrace.WithClientTrace(ctx, a.trace.hooks()), a.call)
	a.trace.body = setBody(req, a.call.body)
	var resp *http.Response
	err := errLapsed
	if !a.trace.lapse() { // the process may have stood still since the permit was given
		if c.untraced.Load() {
			a.trace.sent()
		}
		resp, err = c.http.Do(req)
	}
	if err == nil || a.trace.traces() {
		c.untraced.Store(!a.trace.traces())
	}
	stalled.Stop() // from here on each Read sets the timer
	if err != nil {
		cancel(nil)
		a.trace.done(0, 0)
		err = cause(ctx, err)
		a.reached = a.trace.reached(err)
		a.broken, a.hopeless = a.reached, hopeless(err)
		return a.fail(err)
	}
	a.resp, a.status, a.reached = resp, resp.StatusCode, true
	a.body = &countedBody{body: resp.Body, stalled: stalled, release: func() { stalled.Stop(); cancel(nil) },
		explain: func(err error) error { return redactedErr(cause(ctx, err), a.call.token) }}
	resp.Body = a.body
	return nil
}

// classify passes a success on, and makes an error of any other answer.
func (a *attempt) classify() *Error {
	resp, longest := a.resp, a.client.retry.maxWait
	if a.status >= 200 && a.status <= 299 {
		a.trace.done(a.status, 0)
		return nil
	}
	if a.status < 200 { // a switch of protocols: its connection would not end with the context
		a.trace.done(a.status, 0)
		_ = resp.Body.Close()
		return a.fail(errors.New("the answer switches to another protocol"))
	}
	told := headerRetryAfter(resp.Header) > 0 || a.status != http.StatusTooManyRequests
	if told { // do not wait for a slow body before the pause begins
		a.trace.done(a.status, min(retryAfter(resp, nil), longest))
	}
	answer, _ := io.ReadAll(io.LimitReader(inTime(resp.Body, maxErrorTime), maxErrorBody))
	drain(resp.Body)
	a.retryAfter = retryAfter(resp, answer)
	if !told {
		a.trace.done(a.status, min(a.retryAfter, longest))
	}
	failure := a.fail(nil)
	echo := redactorOf(a.call.token)
	failure.Body, failure.hint = []byte(echo.blank(string(answer))), a.client.hint(a.call, a.outcome)
	failure.Message, failure.Fields = readErrorBody(answer, echo)
	if to, err := resp.Location(); err == nil {
		failure.advise("it redirects to " + echo.blank(tidy(to.Host)))
	}
	return failure
}

// read hands a success to the caller.
func (a *attempt) read() *Error {
	err := a.receive(a.resp)
	if err == nil {
		return nil
	}
	_ = a.resp.Body.Close()
	a.broken = errors.Is(err, errBroken)
	var body []byte
	if u, ok := err.(*unreadable); ok {
		err, body = u.error, u.body
	}
	failure := a.fail(err)
	failure.Body = []byte(redactorOf(a.call.token).blank(string(body)))
	return failure
}

// cause removes the wrapper of net/http, which shows the URL with its query, and replaces
// the error of a cancelled attempt by the reason: a stall, a second connection, or the
// end of the call's context.
func cause(ctx context.Context, err error) error {
	switch by := context.Cause(ctx); {
	case by == errStalled || by == errSecondConnection || by == errLapsed:
		return by
	case ctx.Err() != nil && by != context.Canceled: // send itself cancels without a cause
		return ended(ctx, nil)
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if err == io.EOF {
		return fmt.Errorf("the connection was closed without an answer: %w", err)
	}
	return err
}

// hopeless reports an error that the next attempt would meet again.
func hopeless(err error) bool {
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &certificate) || errors.Is(err, errSecondConnection)
}
