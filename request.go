package tid

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

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
	free   bool         // the path was given to Do and the like, and is no operation's
	replay bool         // idempotent, whatever its method
	failed func(*Error) // is called for each attempt that fails; may be nil

	notApplied []string // properties that the last answer does not hold as they were sent

	token string        // of the last attempt
	took  time.Duration // how long the last attempt took, without the wait for the limiter
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

// located sets the path in the error of a call that was refused, which shows which object
// is meant.
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

// expand fills the placeholders of an operation's template, or of the one that replaces it
// (WithPath), with escaped path elements.
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
	if strings.Contains(template, "/.") && slices.ContainsFunc(strings.Split(template, "/"), isDots) { // made of two placeholders of a WithPath
		return "", invalid(op, "the path must not have . or .. as an element")
	}
	return escapePath(template), nil
}

// placeholders lists the names in the braces of a template.
func placeholders(template string) (names []string) {
	for {
		_, rest, more := strings.Cut(template, "{")
		if !more {
			return names
		}
		name, after, _ := strings.Cut(rest, "}")
		names, template = append(names, name), after
	}
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
	if err := checkText(op, encoded); err != nil {
		return nil, err
	}
	if in, ok := body.(writable); ok {
		return withExtra(op, encoded, in)
	}
	return encoded, nil
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

// checkText refuses a body with U+FFFD. encoding/json silently reads and writes bytes that
// are not UTF-8, and half of a surrogate pair, as U+FFFD, and a PUT would store that in the
// account.
func checkText(op string, encoded []byte) error {
	if !bytes.Contains(encoded, []byte("\uFFFD")) && !bytes.Contains(encoded, []byte(`\ufffd`)) {
		return nil
	}
	fields := make(map[string][]string)
	damaged(json.NewDecoder(bytes.NewReader(encoded)), "body", fields)
	if len(fields) == 0 {
		return nil
	}
	e := invalid(op, "")
	e.Fields = fields
	return e
}

// damaged reads one value with a name, and notes the damaged texts in it.
func damaged(dec *json.Decoder, name string, fields map[string][]string) {
	token, err := dec.Token()
	if err != nil {
		return
	}
	switch token := token.(type) {
	case string:
		if strings.ContainsRune(token, utf8.RuneError) {
			fields[name] = []string{"holds U+FFFD, which stands for bytes that are not UTF-8 and are lost: set the text anew"}
		}
	case json.Delim:
		for dec.More() {
			if token == '{' {
				key, _ := dec.Token()
				name, _ = key.(string)
			}
			damaged(dec, name, fields)
		}
		_, _ = dec.Token()
	}
}

// callPath encodes a request to a path of the caller's.
func (c *Client) callPath(ctx context.Context, method, path string, query, body any) (*call, error) {
	path = "/" + strings.TrimPrefix(path, "/")
	op := method + " " + anonymous(path)
	if !slices.Contains([]string{"GET", "POST", "PUT", "PATCH", "DELETE"}, method) {
		return nil, invalid(op, "%s is not a method of the API", quote(method))
	}
	if err := checkPath(path); err != nil {
		return nil, invalid(op, "%v", err)
	}
	call := &call{op: op, method: method, path: escapePath(path), accept: "application/json", free: true}
	return call, c.located(call, call.encode(ctx, query, body))
}

// anonymous replaces numbers by {id}, so that the operations of [Client.Do] are as few as
// those of the services.
func anonymous(path string) string {
	elements := strings.Split(path, "/")
	for i, element := range elements {
		if _, ok := digits(element); ok {
			elements[i] = "{id}"
		}
	}
	return strings.Join(elements, "/")
}

// checkPath refuses what is not a plain path below the base URL, also if proxies unescape
// it several times.
func checkPath(path string) error {
	if strings.ContainsAny(path, "?#") {
		return fmt.Errorf("%s is more than a path: parameters go into the query", quote(path))
	}
	elements := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, element := range elements {
		plain, err := url.PathUnescape(element)
		if err != nil || element == "" && (i == 0 || i < len(elements)-1) {
			return fmt.Errorf("%s is not a path such as v1/Core/Contacts", quote(path))
		}
		for before := element; err == nil && plain != before; {
			before = plain
			plain, err = url.PathUnescape(before)
			if err != nil {
				plain = before
			}
		}
		for _, part := range strings.FieldsFunc(plain, func(r rune) bool { return r == '/' || r == '\\' }) {
			if part, _, _ = strings.Cut(part, ";"); isDots(strings.TrimSpace(part)) {
				return fmt.Errorf("%s must not have . or .. as an element", quote(path))
			}
		}
	}
	return nil
}

// isDots reports whether an element leads to another folder.
func isDots(element string) bool { return element == "." || element == ".." }

// escapePath escapes the characters that a path cannot have. net/url would otherwise
// unescape the whole path and escape it again, and escaped slashes would become plain.
func escapePath(path string) string {
	plain := func(c byte) bool { return isAlphanumeric(c) || strings.IndexByte("-._~!$&'()*+,;=:@/%", c) >= 0 }
	var b strings.Builder
	done := 0 // what has been written
	for i := range len(path) {
		if c := path[i]; !plain(c) {
			fmt.Fprintf(&b, "%s%%%02X", path[done:i], c)
			done = i + 1
		}
	}
	if done == 0 {
		return path
	}
	b.WriteString(path[done:])
	return b.String()
}
