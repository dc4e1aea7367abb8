package tid

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/go-querystring/query"
)

// call is one request, encoded once and sent as often as it takes.
type call struct {
	op     string // the operation, "GET /v1/Core/Contacts/{id}"
	method string
	path   string // escaped, what the operation's template became
	query  url.Values
	body   []byte       // JSON, or nil for none
	accept string       // the content types that are understood
	basic  string       // base64 credentials in the place of a bearer token
	free   bool         // the path is the caller's own, not an operation's
	replay bool         // repeating it does no harm, whatever its method
	failed func(*Error) // learns of each attempt that fails; nil for none

	notApplied []string // properties that the last answer does not hold as they were sent

	token string        // what the last attempt was authorized with
	took  time.Duration // how long the last attempt took, without waiting for the gate
}

// newCall encodes an operation. args fill the braces of its template in order;
// params is nil, url.Values or a struct with url tags.
func (c *Client) newCall(ctx context.Context, op string, args []any, params, body any) (*call, error) {
	method, template, _ := strings.Cut(op, " ")
	call := &call{op: op, method: method, accept: "application/json"}
	var err error
	if call.path, err = expand(op, template, c.templates[op], args); err != nil {
		return nil, err
	}
	return call, c.located(call, call.encode(ctx, params, body))
}

// located puts the path into the error of a call that was refused: it tells which
// of many objects is meant.
func (c *Client) located(call *call, err error) error {
	if e, ok := err.(*Error); ok {
		e.Path = c.pathOf(call)
	}
	return err
}

// encode checks and encodes what goes into the query and the body.
func (call *call) encode(ctx context.Context, params, body any) (err error) {
	if call.query, err = encodeQuery(ctx, call.op, params); err != nil || body == nil {
		return err
	}
	var origin any
	if e, ok := body.(edited); ok {
		body, origin = e.input, e.origin
	}
	if _, raw := body.([]byte); raw {
		return invalid(call.op, "the body is bytes: make it a json.RawMessage if it is JSON")
	}
	if v := reflect.ValueOf(body); v.Kind() == reflect.Pointer && v.IsNil() {
		return invalid(call.op, "there is nothing to send: the input is nil")
	}
	if err = checkAgainst(ctx, call.op, body, origin); err != nil {
		return err
	}
	if in, ok := body.(writable); ok && call.method == http.MethodPut && ctx.Value(withoutChecks{}) == nil {
		if _, came := in.beyond(); came.listed {
			return invalid(call.op, "the input was made from a row of a list, which may lack what the object has, and what it lacks "+
				"would be cleared: use Modify, or the Input of what Get returns; tid.WithoutChecks(ctx) sends it all the same")
		}
	}
	call.body, err = encodeBody(call.op, body)
	return err
}

// expand fills the braces of an operation's template, or of the one that the
// caller put in its place, with escaped path elements.
func expand(op, template, instead string, args []any) (string, error) {
	if len(args) == 0 && instead == "" {
		return template, nil
	}
	values := make(map[string]string, len(args))
	for i, name := range placeholders(template) {
		switch arg := args[i].(type) {
		case int64:
			if arg < 1 {
				return "", invalid(op, "%s must be 1 or more, not %d", name, arg)
			}
			values[name] = strconv.FormatInt(arg, 10)
		case string:
			if strings.TrimSpace(arg) == "" || arg == "." || arg == ".." {
				return "", invalid(op, "%s must not be %s", name, strconv.Quote(arg))
			}
			values[name] = url.PathEscape(arg)
		}
	}
	if instead != "" {
		template = instead
	}
	for name, value := range values {
		template = strings.Replace(template, "{"+name+"}", value, 1)
	}
	if slices.ContainsFunc(strings.Split(template, "/"), isDots) { // an element of the caller's, made of two parts
		return "", invalid(op, "the path leaves its place")
	}
	return escapePath(template), nil
}

// placeholders lists the names in the braces of a template.
func placeholders(template string) (names []string) {
	for _, part := range strings.Split(template, "{")[1:] {
		name, _, _ := strings.Cut(part, "}")
		names = append(names, name)
	}
	return names
}

func encodeQuery(ctx context.Context, op string, params any) (url.Values, error) {
	if values, ok := params.(url.Values); ok {
		copied := make(url.Values, len(values))
		for k, v := range values {
			copied[k] = append([]string(nil), v...)
		}
		return copied, nil
	}
	if err := check(ctx, op, params); err != nil {
		return nil, err
	}
	values, err := query.Values(params)
	if err != nil {
		return nil, invalid(op, "the options cannot be written as query parameters: %v", err)
	}
	return values, nil
}

func encodeBody(op string, body any) ([]byte, error) {
	encoded, err := encodeJSON(body)
	if err != nil {
		return nil, invalid(op, "the body cannot be written as JSON: %v", err)
	}
	if in, ok := body.(writable); ok {
		if encoded, err = withExtra(op, encoded, in); err != nil {
			return nil, err
		}
	}
	return encoded, checkText(op, encoded)
}

// receive takes a successful answer. An error that wraps errBroken means that
// the answer did not arrive whole.
type receive func(*http.Response) error

var errBroken = errors.New("the answer was cut off")

const lookFirst = "the request may have been carried out: look before repeating it"

// do sends the call until the retry policy is content, and hands the successful
// answer to receive.
func (c *Client) do(ctx context.Context, call *call, receive receive) (err error) {
	defer func() {
		if e, ok := err.(*Error); ok {
			e.Err = redactedErr(e.Err, call.token)
		}
	}()
	ctx = withOperation(ctx, call.op)
	policy := c.retry
	if call.replay {
		policy.replayed = map[string]bool{call.method: true}
	}
	mayHaveExecuted, renewed := false, false
	var before *Error
	for attempt := 1; ; attempt++ {
		result, failure := c.attempt(ctx, call, attempt, receive)
		switch {
		case failure == nil:
			return nil
		case result.unsent && before != nil:
			// What the last attempt came to still holds.
			before.add(&because{"not retried: " + failure.reason(), []error{failure}})
			return before
		case result.unsent:
			return failure
		}
		over := ctx.Err() != nil
		if over && result.status == 0 && before != nil { // the last attempt came to nothing: likewise
			before.Attempts = attempt
			failure = before
		}
		if call.method != http.MethodGet && call.basic == "" {
			refusedByAPI := result.status >= 400 && result.status <= 498 && result.status != http.StatusRequestTimeout // 499 is a proxy's own
			mayHaveExecuted = mayHaveExecuted || result.reached && !refusedByAPI
			if mayHaveExecuted && !failure.MayHaveExecuted && !call.replay {
				failure.advise(lookFirst)
			}
			failure.MayHaveExecuted = mayHaveExecuted
		}
		if call.failed != nil {
			own := *failure
			call.failed(&own)
		}
		if over {
			failure.Err = ended(ctx, failure.Err)
			return failure
		}
		if result.status == http.StatusUnauthorized && call.basic == "" && !renewed {
			newer, err := c.source.Token(ctx, call.token)
			var renewal *Error
			switch {
			case errors.As(err, &renewal): // what is wrong is the exchange, not the credentials
				own := *renewal
				own.Attempts, own.MayHaveExecuted = max(own.Attempts, attempt), mayHaveExecuted
				own.add(errors.New("a new token was needed, since the last one had been refused"))
				if mayHaveExecuted && !call.replay {
					own.advise(lookFirst)
				}
				return &own
			case err != nil:
				failure.add(fmt.Errorf("no new token: %w", err))
			}
			result.renewable, renewed = err == nil && newer != call.token, true
		}
		if deadline, ok := ctx.Deadline(); ok {
			policy.hasBudget, policy.budget = true, time.Until(deadline)
		}
		wait, verdict := policy.next(call.method, result, attempt, rand.Float64())
		switch verdict {
		case stop:
			return failure
		case late:
			failure.add(deadlineFirst)
			return failure
		}
		c.log.retry(ctx, failure, wait)
		if wait > 0 && sleep(ctx, wait) != nil {
			failure.add(ended(ctx, nil))
			return failure
		}
		before = failure
	}
}

// authorization returns the token to send: the base64 credentials for the token
// request itself. The error is the caller's own, also where an exchange that
// others waited for as well has failed.
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

// admit gets a token, and passes the limiter with it. After a long wait the token
// may have ended meanwhile: where getting another takes time, the permit is given
// back first.
func (c *Client) admit(ctx context.Context, call *call) (permit Permit, waited time.Duration, failure *Error) {
	for before := ""; ; before = call.token {
		if call.token, failure = c.authorization(ctx, call); failure != nil {
			return nil, waited, failure
		}
		begin := time.Now()
		permit, err := c.limiter.Wait(ctx)
		wait := time.Since(begin)
		waited += wait
		if err == nil && permit == nil {
			err = errors.New("the limiter gave no Permit")
		}
		if err == nil && ctx.Err() != nil {
			permit.Done(0, 0)
			err = ctx.Err()
		}
		if err != nil {
			return nil, waited, c.noTurn(ctx, call, err)
		}
		if wait <= time.Second || call.token == before { // a source that never has it at hand
			return permit, waited, nil
		}
		now, cancel := context.WithCancel(ctx)
		cancel()
		if token, notAtHand := c.authorization(now, call); notAtHand == nil {
			call.token = token
			return permit, waited, nil
		}
		permit.Done(0, 0)
	}
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
	case errors.Is(err, context.DeadlineExceeded): // a limiter that says less
		failure.Err = &because{err.Error(), []error{err, ErrNoTurn}}
	}
	return failure
}

// attempt gets a token, passes the gate, and sends the call once.
func (c *Client) attempt(ctx context.Context, call *call, n int, receive receive) (result outcome, failure *Error) {
	permit, waited, failure := c.admit(ctx, call)
	if failure != nil {
		failure.Attempts = max(failure.Attempts, n-1)
	}
	event := Event{Operation: call.op, Attempt: n, Wait: waited}
	defer func() {
		event.Status, event.NotApplied = result.status, call.notApplied
		if failure != nil {
			failure.Err = redactedErr(failure.Err, call.token)
			copied := *failure // the call still adds to its own
			event.Err = &copied
		}
		c.log.attempt(ctx, event)
		if c.observer != nil {
			c.observer(ctx, event)
		}
	}()
	if failure != nil {
		return outcome{unsent: true}, failure
	}
	begin := time.Now()
	defer func() {
		event.Duration = time.Since(begin)
		call.took = event.Duration
	}()
	fail := func(err error) (outcome, *Error) {
		return result, &Error{Operation: call.op, Path: c.pathOf(call), StatusCode: result.status,
			RetryAfter: result.retryAfter, Attempts: n, Err: err}
	}

	attemptCtx, cancel := context.WithCancelCause(ctx)
	stalled := time.AfterFunc(stallTimeout, func() { cancel(errStalled) })
	trace := &sending{permit: permit, abort: cancel}
	defer trace.done(0, 0) // where the transport panics
	req := c.request(httptrace.WithClientTrace(attemptCtx, trace.hooks()), call)
	trace.body = setBody(req, call.body)
	if c.untraced.Load() {
		trace.sent()
	}
	resp, err := c.http.Do(req)
	if err == nil || trace.traces() {
		c.untraced.Store(!trace.traces())
	}
	if err != nil {
		stalled.Stop()
		cancel(nil)
		trace.done(0, 0)
		err = cause(attemptCtx, err)
		result.reached = trace.reached(err)
		result.broken, result.hopeless = result.reached, hopeless(err)
		return fail(err)
	}
	stalled.Stop() // from here on each Read watches for itself
	result.status, result.reached = resp.StatusCode, true
	body := &countedBody{body: resp.Body, stalled: stalled, release: func() { stalled.Stop(); cancel(nil) },
		explain: func(err error) error { return redactedErr(cause(attemptCtx, err), call.token) }}
	resp.Body = body
	defer func() { event.Bytes = body.read.Load() }()
	switch {
	case result.status < 200: // another protocol, whose connection knows no context
		trace.done(result.status, 0)
		_ = resp.Body.Close()
		return fail(errors.New("the answer switches to another protocol"))
	case result.status > 299:
		told := headerRetryAfter(resp.Header) > 0 || result.status != http.StatusTooManyRequests
		if told { // a slow body must not hold up the pause
			trace.done(result.status, min(retryAfter(resp, nil), c.retry.maxWait))
		}
		answer, _ := io.ReadAll(io.LimitReader(inTime(resp.Body, maxErrorTime), maxErrorBody))
		drain(resp.Body)
		result.retryAfter = retryAfter(resp, answer)
		if !told {
			trace.done(result.status, min(result.retryAfter, c.retry.maxWait))
		}
		_, failure = fail(nil)
		echo := redactorOf(call.token)
		failure.Body, failure.hint = []byte(echo.blank(string(answer))), c.hint(call, result)
		failure.Message, failure.Fields = readErrorBody(answer, echo)
		if to, err := resp.Location(); err == nil {
			failure.advise("it led to " + echo.blank(tidy(to.Host)))
		}
		return result, failure
	}
	trace.done(result.status, 0)
	if err := receive(resp); err != nil {
		_ = resp.Body.Close()
		result.broken = errors.Is(err, errBroken)
		var body []byte
		if u, ok := err.(*unreadable); ok {
			err, body = u.error, u.body
		}
		_, failure = fail(err)
		failure.Body = []byte(redactorOf(call.token).blank(string(body)))
		return result, failure
	}
	return result, nil
}

// pathOf is the whole path of a call, with that of the base URL.
func (c *Client) pathOf(call *call) string { return c.base.EscapedPath() + call.path }

func (c *Client) request(ctx context.Context, call *call) *http.Request {
	u := *c.base
	u.RawPath = c.pathOf(call)
	u.Path, _ = url.PathUnescape(u.RawPath)
	u.RawQuery = call.query.Encode()
	req := (&http.Request{
		Method: call.method, URL: &u, Host: u.Host, Header: make(http.Header, 4),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	scheme := c.scheme
	if call.basic != "" {
		scheme = "Basic"
	}
	req.Header["Authorization"] = []string{scheme + " " + call.token}
	req.Header["Accept"] = []string{call.accept}
	req.Header["User-Agent"] = []string{c.userAgent}
	if call.body != nil {
		req.Header["Content-Type"] = []string{"application/json; charset=utf-8"}
	}
	return req
}

// What an answer may cost, whoever it comes from.
const (
	maxJSON      = 64 << 20
	maxValues    = 250_000 // since each can take up far more memory than its text
	maxDrain     = 256 << 10
	stallTimeout = 2 * time.Minute
	maxJSONTime  = 10 * time.Minute
	maxErrorTime = 10 * time.Second // of the body of an error
	maxDrainTime = time.Second
)

var (
	errStalled  = errors.New("nothing has arrived for two minutes")
	errSlow     = errors.New("the answer had not arrived whole after ten minutes")
	errTooLarge = fmt.Errorf("the answer is larger than %d MiB", maxJSON>>20)
	errTooMany  = fmt.Errorf("the answer holds more than %d values", maxValues)
)

// cause strips what net/http wraps around an error, since it repeats the URL
// with its query, and names what ended the attempt for what it is: a stall, a
// second connection, or the end of the call's context.
func cause(ctx context.Context, err error) error {
	switch by := context.Cause(ctx); {
	case by == errStalled || by == errSecondConnection:
		return by
	case ctx.Err() != nil && by != context.Canceled: // the attempt's own end is a plain Canceled
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

// countedBody counts what is read, and keeps the watch for a stall at bay.
type countedBody struct {
	body    io.ReadCloser
	stalled *time.Timer
	release func()
	read    atomic.Int64
	explain func(error) error
}

func (b *countedBody) Read(p []byte) (int, error) {
	b.stalled.Reset(stallTimeout) // the time that the reader takes does not count
	n, err := b.body.Read(p)
	b.stalled.Stop()
	b.read.Add(int64(n))
	if err != nil && err != io.EOF {
		err = b.explain(err)
	}
	return n, err
}

func (b *countedBody) Close() error {
	err := b.body.Close()
	b.release()
	return err
}

// drain reads a little of what is left, so that the connection can be used
// again, and closes the body.
func drain(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, inTime(body, maxDrainTime), maxDrain)
	_ = body.Close()
}

// inTime reads from r until so much time has passed: a trickle never stalls.
func inTime(r io.Reader, most time.Duration) io.Reader {
	until := time.Now().Add(most)
	return readFunc(func(p []byte) (int, error) {
		if time.Now().After(until) {
			return 0, errSlow
		}
		return r.Read(p)
	})
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// readBody reads a whole JSON body, bounded in size and time.
func readBody(resp *http.Response) ([]byte, error) {
	defer drain(resp.Body)
	var buf bytes.Buffer
	if n := resp.ContentLength; n > 0 {
		buf.Grow(int(min(n, maxDrain)) + bytes.MinRead)
	}
	switch _, err := buf.ReadFrom(io.LimitReader(inTime(resp.Body, maxJSONTime), maxJSON+1)); {
	case err == errSlow:
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errBroken, err)
	}
	if buf.Len() > maxJSON {
		return nil, errTooLarge
	}
	return bytes.TrimPrefix(buf.Bytes(), utf8BOM), nil
}

// readJSON decodes a whole body into out. A body may be absent or empty; then
// out stays as it is, and for a read that is an error.
func readJSON(resp *http.Response, out any) error {
	data, err := readBody(resp)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(data)) == 0 {
		if resp.Request != nil && resp.Request.Method == http.MethodGet {
			return errors.New("the answer is empty")
		}
		return nil
	}
	if _, raw := out.(*json.RawMessage); !raw && tooMany(data, maxValues) {
		return errTooMany
	}
	if err := refusal(resp, data, out); err != nil {
		return err
	}
	if err := unmarshal(data, out); err != nil {
		return &unreadable{describe(err, data), data[:min(len(data), maxErrorBody)]}
	}
	keepBeyond(data, out)
	return nil
}

// unreadable is an answer that could not be decoded, and the beginning of it. It
// is taken apart before it gets into an Error: no cause may hold a body.
type unreadable struct {
	error
	body []byte
}

func (u *unreadable) Unwrap() error { return u.error }

// tooMany reports JSON of more values than any answer has: two bytes of an array
// can become a struct of a kilobyte.
func tooMany(data []byte, most int) bool {
	if len(data) <= most {
		return false
	}
	values, quoted := 1, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++
		case c == ',' && !quoted:
			values++
		}
	}
	return values > most
}

// describe says what is wrong with an answer without showing what is in it.
func describe(err error, data []byte) error {
	var syntax *json.SyntaxError
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(data)):
		return fmt.Errorf("%w: it ends in the middle of its JSON", errBroken)
	case errors.As(err, &syntax) && bytes.HasPrefix(bytes.TrimSpace(data), []byte("<")):
		return errors.New("the answer is a web page and not JSON: check the base URL")
	case errors.As(err, &syntax):
		return fmt.Errorf("the answer is not JSON (at byte %d)", syntax.Offset)
	case errors.As(err, &mismatch):
		kind, _, _ := strings.Cut(mismatch.Value, " ") // without the value itself
		place := mismatch.Field
		if mismatch.Offset > 0 { // a field's own decoding does not know it
			place = strings.TrimPrefix(fmt.Sprintf("%s, at byte %d", place, mismatch.Offset), ", ")
		}
		return fmt.Errorf("the answer has %s %s where %s is expected (%s)", articleOf(kind), kind, mismatch.Type, place)
	}
	return fmt.Errorf("the answer cannot be decoded: %w", err)
}

func articleOf(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an"
	}
	return "a"
}

// fetch sends an operation and decodes its answer. What was created is compared
// with what was sent, as far as the answer has it.
func fetch[T any](ctx context.Context, c *Client, op string, params, body any, args ...any) (*T, error) {
	call, err := c.newCall(ctx, op, args, params, body)
	if err != nil {
		return nil, err
	}
	out := new(T)
	err = c.do(ctx, call, func(resp *http.Response) error {
		if err := receiveInto(out)(resp); err != nil {
			return err
		}
		if found := c.compare(body, out); found.same > 0 {
			call.notApplied = found.names()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	c.log.notApplied(ctx, op, call.notApplied)
	return out, checkCreated(op, out)
}

// exec sends an operation and decodes its answer into out, which may be nil.
func (c *Client) exec(ctx context.Context, op string, params, body, out any, args ...any) error {
	call, err := c.newCall(ctx, op, args, params, body)
	if err != nil {
		return err
	}
	return c.do(ctx, call, receiveInto(out))
}

// receiveInto decodes the answer into out, or streams it when out is a writer.
func receiveInto(out any) receive {
	return func(resp *http.Response) error {
		switch out := out.(type) {
		case nil:
			data, _ := io.ReadAll(io.LimitReader(inTime(resp.Body, maxErrorTime), maxErrorBody))
			drain(resp.Body)
			return refusal(resp, data, nil)
		case io.Writer:
			defer drain(resp.Body)
			_, err := io.Copy(out, resp.Body)
			return err
		}
		if err := readJSON(resp, out); err != nil {
			return err
		}
		if n, ok := out.(normalizer); ok {
			n.normalize()
		}
		return nil
	}
}

// normalizer is a model that settles, after decoding, which of several known
// keys the API has used. It is unexported so that a model can be embedded.
type normalizer interface{ normalize() }

// detail reads one object.
func detail[T any](ctx context.Context, c *Client, op string, args ...any) (*T, error) {
	call, err := c.newCall(ctx, op, args, nil, nil)
	if err != nil {
		return nil, err
	}
	return readDetail[T](ctx, c, call)
}

// readDetail reads one object. One without an id is what the API answers for some that
// are deleted.
func readDetail[T any](ctx context.Context, c *Client, call *call) (*T, error) {
	out := new(T)
	if err := c.do(ctx, call, receiveInto(out)); err != nil {
		return nil, err
	}
	t := reflect.TypeFor[T]()
	if _, ok := identity[T]()(out); !ok && t.Kind() == reflect.Struct && shapeOf(t).fields["id"] != nil {
		return nil, &Error{Operation: call.op, Path: c.pathOf(call), StatusCode: http.StatusOK, Attempts: 1,
			Message: "the API answered without an id, as it does for deleted objects", Err: ErrNotFound}
	}
	return out, nil
}

// put replaces one object, and returns it as the API has it afterwards. The answer may
// be empty, or lack something that was sent: then the object is read with get or, where
// the API has no such operation, holds no more than its id. With an object that is not
// as it was sent comes ErrNotApplied.
func put[T any](ctx context.Context, c *Client, op string, body any, get func(context.Context, int64) (*T, error), args ...any) (*T, error) {
	id := args[len(args)-1].(int64)
	call, err := c.newCall(ctx, op, args, nil, withID(body, id))
	if err != nil {
		return nil, err
	}
	out := new(T)
	var found comparison
	err = c.do(ctx, call, func(resp *http.Response) error {
		if err := receiveInto(out)(resp); err != nil {
			return err
		}
		if found = c.compare(body, out); !found.undecided() {
			call.notApplied = found.names()
		}
		return nil
	})
	if err != nil {
		return nil, withCarried(err, body)
	}
	_, held := identity[T]()(out)
	switch {
	case get == nil && held:
		return out, nil
	case get == nil:
		return out, json.Unmarshal(fmt.Appendf(nil, `{"id":%d}`, id), out)
	case !held || found.undecided():
		out, err = get(ctx, id)
		var e *Error
		if errors.As(err, &e) {
			e.MayHaveExecuted = true
			e.hint = "the change itself was made; only reading it back has failed"
		}
		if err != nil {
			return out, err
		}
		found = c.compare(body, out)
	}
	switch {
	case len(found.differ) == 0:
		return out, nil
	case c.writeCheck == WriteCheckWarn:
		c.log.notApplied(ctx, op, found.names())
		return out, nil
	}
	return out, c.notApplied(call, found)
}

// withCarried says in the error of a request that the API found invalid what it carried
// as it came.
func withCarried(err error, body any) error {
	if e, ok := body.(edited); ok {
		body = e.input
	}
	in, ok := body.(writable)
	var e *Error
	if !ok || !errors.As(err, &e) || e.StatusCode != http.StatusBadRequest {
		return err
	}
	if names := carriedBy(in); len(names) > 0 {
		e.advise("the request carried, as they came, properties that this module does not know: " +
			tidy(strings.Join(names, ", ")) + "; in.Extra = nil leaves them out")
	}
	return err
}

// withID returns the input as the API wants it: some updates repeat the id, and
// nothing that is created has one.
func withID(body any, id int64) any {
	if e, ok := body.(edited); ok {
		return edited{withID(e.input, id), e.origin}
	}
	in, ok := body.(interface{ withID(int64) any })
	if ok && !reflect.ValueOf(body).IsNil() {
		return in.withID(id)
	}
	return body
}

// edited is an input together with what it was before the caller changed it.
type edited struct{ input, origin any }

// modify reads an object, lets edit change it, and puts the whole back, since a
// PUT clears what it leaves out. An edit that changes nothing sends nothing.
func modify[T, In any](ctx context.Context, c *Client, op string, id int64, get func(context.Context, int64) (*T, error),
	input func(*T) *In, edit func(*In) error) (*T, error) {
	if edit == nil {
		return nil, invalid(op, "the function that edits is nil")
	}
	current, err := get(ctx, id)
	if err != nil {
		return nil, err
	}
	in, origin := input(current), input(current)
	if err := edit(in); err != nil {
		return nil, err
	}
	if reflect.DeepEqual(in, origin) {
		return current, nil
	}
	return put(ctx, c, op, edited{in, origin}, get, id)
}
