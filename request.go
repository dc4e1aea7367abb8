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
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"reflect"
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
	body   []byte // JSON, or nil for none
	accept string // the content types that are understood
	basic  string // base64 credentials in the place of a bearer token
	free   bool   // the path is the caller's own, not an operation's
	replay bool   // repeating it does no harm, whatever its method

	token string        // what the last attempt was authorized with
	took  time.Duration // how long the last attempt took, without waiting for the gate
}

// newCall encodes an operation. args fill the braces of its template in order;
// params is nil, url.Values or a struct with url tags.
func (c *Client) newCall(op string, args []any, params, body any) (*call, error) {
	method, template, _ := strings.Cut(op, " ")
	call := &call{op: op, method: method, accept: "application/json"}
	var err error
	if call.path, err = expand(op, template, c.templates[op], args); err != nil {
		return nil, err
	}
	return call, call.encode(params, body)
}

// encode checks and encodes what goes into the query and the body.
func (call *call) encode(params, body any) (err error) {
	if call.query, err = encodeQuery(call.op, params); err != nil || body == nil {
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
	if err = checkAgainst(call.op, body, origin); err != nil {
		return err
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
	return template, nil
}

// placeholders lists the names in the braces of a template.
func placeholders(template string) (names []string) {
	for _, part := range strings.Split(template, "{")[1:] {
		name, _, _ := strings.Cut(part, "}")
		names = append(names, name)
	}
	return names
}

func encodeQuery(op string, params any) (url.Values, error) {
	if values, ok := params.(url.Values); ok {
		copied := make(url.Values, len(values))
		for k, v := range values {
			copied[k] = append([]string(nil), v...)
		}
		return copied, nil
	}
	if err := check(op, params); err != nil {
		return nil, err
	}
	values, err := query.Values(params)
	if err != nil {
		return nil, invalid(op, "the options cannot be written as query parameters: %v", err)
	}
	return values, nil
}

func encodeBody(op string, body any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		return nil, invalid(op, "the body cannot be written as JSON: %v", err)
	}
	return bytes.TrimRight(buf.Bytes(), "\n"), nil
}

// receive takes a successful answer. An error that wraps errBroken means that
// the answer did not arrive whole.
type receive func(*http.Response) error

var errBroken = errors.New("the answer was cut off")

// do sends the call until the retry policy is content, and hands the successful
// answer to receive.
func (c *Client) do(ctx context.Context, call *call, receive receive) error {
	policy := c.retry
	if call.replay {
		policy.replayed = map[string]bool{call.method: true}
	}
	mayHaveExecuted, renewed := false, false
	var before *Error
	for attempt := 1; ; attempt++ {
		result, failure := c.try(ctx, call, attempt, receive)
		switch {
		case failure == nil:
			return nil
		case result.unsent && before != nil:
			before.Err = failure // what the last attempt came to still holds
			return before
		case result.unsent:
			return failure
		}
		if call.method != http.MethodGet && !call.replay {
			refusedByAPI := result.status >= 400 && result.status <= 499 && result.status != http.StatusRequestTimeout
			mayHaveExecuted = mayHaveExecuted || result.reached && !refusedByAPI
			failure.MayHaveExecuted = mayHaveExecuted
			if mayHaveExecuted && failure.hint == "" {
				failure.hint = "the request may have been carried out: look before repeating it"
			}
		}
		if ctx.Err() != nil {
			return failure
		}
		if result.status == http.StatusUnauthorized && call.basic == "" && !renewed {
			newer, err := c.source.Token(ctx, call.token)
			if err != nil {
				failure.Err = fmt.Errorf("no new token: %v", err)
				if ctx.Err() != nil {
					failure.Err = fmt.Errorf("no new token: %w", ctx.Err())
				}
			}
			result.renewable, renewed = err == nil && newer != call.token, true
		}
		if deadline, ok := ctx.Deadline(); ok {
			policy.hasBudget, policy.budget = true, time.Until(deadline)
		}
		wait, again := policy.next(call.method, result, attempt, rand.Float64())
		if !again {
			return failure
		}
		c.log.retry(ctx, failure, wait)
		if wait > 0 {
			if err := sleep(ctx, wait); err != nil {
				failure.Err = err
				return failure
			}
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
		return "", &Error{Operation: call.op, Message: "no access token", Err: err}
	case !isToken(token):
		return "", &Error{Operation: call.op, Message: "the token source gave a token with characters that it cannot have"}
	}
	return token, nil
}

// try gets a token and makes one attempt.
func (c *Client) try(ctx context.Context, call *call, n int, receive receive) (outcome, *Error) {
	var noToken *Error
	if call.token, noToken = c.authorization(ctx, call); noToken != nil {
		return outcome{unsent: true}, noToken
	}
	return c.attempt(ctx, call, n, receive)
}

// attempt passes the gate and sends the call once.
func (c *Client) attempt(ctx context.Context, call *call, n int, receive receive) (result outcome, failure *Error) {
	begin := time.Now()
	event := Event{Operation: call.op, Attempt: n}
	fail := func(err error) (outcome, *Error) {
		return result, &Error{Operation: call.op, Path: call.path, StatusCode: result.status,
			RetryAfter: result.retryAfter, Attempts: n, Err: err}
	}
	defer func() {
		event.Status = result.status
		if failure != nil {
			copied := *failure // the call still adds to its own
			event.Err = &copied
		}
		c.log.attempt(ctx, event)
		if c.observer != nil {
			c.observer(event)
		}
	}()

	wait := c.limiter.Wait
	if gate, ok := c.limiter.(*gate); ok && call.op == opToken {
		wait = gate.next // ahead of all those who wait for the token
	}
	permit, err := wait(ctx)
	event.Wait = time.Since(begin)
	if err == nil && ctx.Err() != nil {
		permit.Done(0, 0)
		err = ctx.Err()
	}
	if err != nil {
		result.unsent = true
		_, failure = fail(err)
		failure.Message, failure.Attempts = "not sent", n-1
		return result, failure
	}
	if event.Wait > time.Second { // the token may have been renewed meanwhile
		if newer, noToken := c.authorization(ctx, call); noToken == nil {
			call.token = newer
		}
	}
	begin = time.Now()
	defer func() {
		event.Duration = time.Since(begin)
		call.took = event.Duration
	}()

	attemptCtx, cancel := context.WithCancelCause(ctx)
	stalled := time.AfterFunc(stallTimeout, func() { cancel(errStalled) })
	trace := &sending{permit: permit}
	req := c.request(httptrace.WithClientTrace(attemptCtx, trace.hooks()), call)
	permit.Sent()
	resp, err := c.http.Do(req)
	if err != nil {
		stalled.Stop()
		cancel(nil)
		permit.Done(0, 0)
		result.reached = trace.reached() && !neverConnected(err)
		result.broken, result.hopeless = result.reached, hopeless(err)
		return fail(cause(attemptCtx, err))
	}
	stalled.Stop() // from here on each Read watches for itself
	result.status, result.reached = resp.StatusCode, true
	body := &countedBody{body: resp.Body, stalled: stalled, release: func() { stalled.Stop(); cancel(nil) }}
	resp.Body = body
	defer func() { event.Bytes = body.read.Load() }()
	if result.status < 200 || result.status > 299 {
		told := headerRetryAfter(resp.Header) > 0 || result.status != http.StatusTooManyRequests
		if told { // a slow body must not hold up the pause
			permit.Done(result.status, min(retryAfter(resp, nil), c.retry.maxWait))
		}
		answer, _ := io.ReadAll(io.LimitReader(inTime(resp.Body, maxErrorTime), maxErrorBody))
		drain(resp.Body)
		result.retryAfter = retryAfter(resp, answer)
		if !told {
			permit.Done(result.status, min(result.retryAfter, c.retry.maxWait))
		}
		_, failure = fail(nil)
		failure.Body, failure.hint = answer, c.hint(call, result)
		failure.Message, failure.Fields = saidWithout(call.token, answer)
		return result, failure
	}
	permit.Done(result.status, 0)
	if err := receive(resp); err != nil {
		_ = resp.Body.Close()
		result.broken = errors.Is(err, errBroken)
		return fail(cause(attemptCtx, err))
	}
	return result, nil
}

func (c *Client) request(ctx context.Context, call *call) *http.Request {
	u := *c.base
	u.RawPath = c.base.EscapedPath() + call.path
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
		req.ContentLength = int64(len(call.body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(call.body)), nil }
		req.Body, _ = req.GetBody()
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
// with its query, and names a stall or a lost connection for what it is.
func cause(ctx context.Context, err error) error {
	if context.Cause(ctx) == errStalled {
		return errStalled
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
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &certificate) || errors.As(err, &dns) && dns.IsNotFound
}

// neverConnected reports an error from before there was a connection, for
// transports that do not trace.
func neverConnected(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// sending follows one request on its way out.
type sending struct {
	permit    Permit
	asked     atomic.Bool // the transport looks for a connection, and traces
	connected atomic.Bool
}

func (s *sending) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:      func(string) { s.asked.Store(true) },
		GotConn:      func(httptrace.GotConnInfo) { s.connected.Store(true) },
		WroteRequest: func(httptrace.WroteRequestInfo) { s.permit.Sent() },
	}
}

// reached reports whether the API may have seen the request.
func (s *sending) reached() bool { return s.connected.Load() || !s.asked.Load() }

// countedBody counts what is read, and keeps the watch for a stall at bay.
type countedBody struct {
	body    io.ReadCloser
	stalled *time.Timer
	release func()
	read    atomic.Int64
}

func (b *countedBody) Read(p []byte) (int, error) {
	b.stalled.Reset(stallTimeout) // the time that the reader takes is his
	n, err := b.body.Read(p)
	b.stalled.Stop()
	b.read.Add(int64(n))
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
	if _, raw := out.(*json.RawMessage); !raw && tooMany(data) {
		return errTooMany
	}
	if err := unmarshal(data, out); err != nil {
		return describe(err, data)
	}
	return nil
}

// tooMany reports JSON of more values than any answer has: two bytes of an array
// can become a struct of a kilobyte.
func tooMany(data []byte) bool {
	if len(data) <= maxValues {
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
	return values > maxValues
}

// describe says what is wrong with an answer without showing what is in it.
func describe(err error, data []byte) error {
	var syntax *json.SyntaxError
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(data)):
		return fmt.Errorf("%w: it ends in the middle of its JSON", errBroken)
	case errors.As(err, &syntax):
		return fmt.Errorf("the answer is not JSON (at byte %d)", syntax.Offset)
	case errors.As(err, &mismatch):
		kind, _, _ := strings.Cut(mismatch.Value, " ") // without the value itself
		return fmt.Errorf("the answer has a %s where %s is expected (%s, at byte %d)",
			kind, mismatch.Type, mismatch.Field, mismatch.Offset)
	}
	return fmt.Errorf("the answer cannot be decoded: %w", err)
}

// fetch sends an operation and decodes its answer.
func fetch[T any](ctx context.Context, c *Client, op string, params, body any, args ...any) (*T, error) {
	out := new(T)
	if err := c.exec(ctx, op, params, body, out, args...); err != nil {
		return nil, err
	}
	return out, nil
}

// exec sends an operation and decodes its answer into out, which may be nil.
func (c *Client) exec(ctx context.Context, op string, params, body, out any, args ...any) error {
	call, err := c.newCall(op, args, params, body)
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
			drain(resp.Body)
			return nil
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

// detail reads one object. One without an id is what the API answers for some
// that are deleted.
func detail[T any](ctx context.Context, c *Client, op string, args ...any) (*T, error) {
	call, err := c.newCall(op, args, nil, nil)
	if err != nil {
		return nil, err
	}
	out := new(T)
	if err := c.do(ctx, call, receiveInto(out)); err != nil {
		return nil, err
	}
	if _, ok := identity[T]()(out); !ok {
		return nil, &Error{Operation: op, Path: call.path, StatusCode: http.StatusOK, Attempts: 1,
			Message: "the API answered without an id, as it does for deleted objects", Err: ErrNotFound}
	}
	return out, nil
}

// put replaces one object, and returns it as the API has it afterwards. The
// answer may be empty: then the object is read with get or, where the API has no
// such operation, holds nothing but its id.
func put[T any](ctx context.Context, c *Client, op string, body any, get func(context.Context, int64) (*T, error), args ...any) (*T, error) {
	id := args[len(args)-1].(int64)
	out, err := fetch[T](ctx, c, op, nil, withID(body, id), args...)
	if err != nil {
		return nil, err
	}
	if _, ok := identity[T]()(out); ok {
		return out, nil
	}
	if get == nil {
		return out, json.Unmarshal(fmt.Appendf(nil, `{"id":%d}`, id), out)
	}
	out, err = get(ctx, id)
	var e *Error
	if errors.As(err, &e) {
		e.MayHaveExecuted = true
		e.hint = "the change itself was made; only reading it back has failed"
	}
	return out, err
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
// PUT clears what it leaves out.
func modify[T, In any](ctx context.Context, c *Client, op string, id int64, get func(context.Context, int64) (*T, error),
	input func(*T) *In, edit func(*In) error) (*T, error) {
	current, err := get(ctx, id)
	if err != nil {
		return nil, err
	}
	in := input(current)
	if err := edit(in); err != nil {
		return nil, err
	}
	return put(ctx, c, op, edited{in, input(current)}, get, id)
}
