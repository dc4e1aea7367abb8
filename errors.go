package tid

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The kinds of errors, for errors.Is. Every error of a call is an [*Error]. It matches the
// one of these that belongs to the status of the last answer; one that matches none is
// about another status, the network, the context or an answer that could not be read.
var (
	// ErrInvalidInput is a request that was refused before anything was sent.
	ErrInvalidInput = errors.New("invalid input")
	// ErrBadRequest is 400: the API found the request invalid; see [Error.Fields].
	ErrBadRequest = errors.New("bad request")
	// ErrUnauthorized is 401: the id, the secret or the token is not accepted.
	ErrUnauthorized = errors.New("unauthorized")
	// ErrForbidden is 403: a permission is missing, or the address is not allowed.
	ErrForbidden = errors.New("forbidden")
	// ErrNotFound is 404, and a detail that the API answered without an id, as
	// it does for deleted users.
	ErrNotFound = errors.New("not found")
	// ErrRateLimited is 429 after the allowed retries; see [Error.RetryAfter].
	ErrRateLimited = errors.New("rate limited")
	// ErrServer is 500, 502, 503 or 504.
	ErrServer = errors.New("server error")
	// ErrNoTurn is a request that was not sent because its deadline comes before its
	// turn at the rate limit: too many requests are waiting, while the API may be in
	// order. [Error.RetryAfter] is the wait that it would have taken.
	// context.DeadlineExceeded matches as well.
	ErrNoTurn = errors.New("no turn before the deadline")
)

var sentinels = map[int]error{
	http.StatusBadRequest:          ErrBadRequest,
	http.StatusUnauthorized:        ErrUnauthorized,
	http.StatusForbidden:           ErrForbidden,
	http.StatusNotFound:            ErrNotFound,
	http.StatusTooManyRequests:     ErrRateLimited,
	http.StatusInternalServerError: ErrServer,
	http.StatusBadGateway:          ErrServer,
	http.StatusServiceUnavailable:  ErrServer,
	http.StatusGatewayTimeout:      ErrServer,
}

// Error is the error of every call. Its text names the request, what the API
// said and what to do; it never holds a body, a token or a secret.
type Error struct {
	// Operation is what was asked, such as "GET /v1/Core/Contacts/{id}".
	Operation string
	// Path is the path that was asked, without the query; "" when there was none yet.
	Path string
	// StatusCode is the last status that the API answered; 0 when it answered none.
	StatusCode int
	// Message is what the API said, or what was wrong with the input.
	Message string
	// Fields are the messages about single properties, where there are any; with
	// [ErrNotApplied] what was sent and what is held of each, which no text shows.
	Fields map[string][]string
	// RetryAfter is how long the API asked to wait, or with [ErrNoTurn] how long the
	// wait for the rate limit would have taken; 0 when there was no such wait.
	RetryAfter time.Duration
	// Attempts is how many requests the call sent.
	Attempts int
	// MayHaveExecuted reports that a write may have been carried out although
	// the call failed: look before retrying it. It is false for reads, and
	// whenever the API is known to have refused or never to have been reached.
	MayHaveExecuted bool
	// Body is the body of the last answer, at most 64 KiB of it, without the
	// credentials of the request where the answer repeats them.
	Body []byte `json:"-"`
	// Err is the cause, such as an error of the context or the network.
	Err error `json:"-"`

	hint string
}

// Error says what was asked, what the result was, and what to do.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("tid: ")
	b.WriteString(e.asked())
	if e.StatusCode != 0 {
		fmt.Fprintf(&b, ": %d", e.StatusCode)
		if text := http.StatusText(e.StatusCode); text != "" {
			b.WriteString(" " + text)
		}
	}
	if e.Message != "" {
		b.WriteString(": " + strings.TrimSuffix(e.Message, "."))
	}
	separator := ": "
	for i, field := range slices.Sorted(maps.Keys(e.Fields)) {
		if i == maxErrorFields || b.Len() > 4*maxErrorMessage {
			fmt.Fprintf(&b, "; and %d more", len(e.Fields)-i)
			break
		}
		fmt.Fprintf(&b, "%s%s", separator, tidy(field))
		separator = "; "
		if e.Err == ErrNotApplied { // the values are data of the account
			separator = ", "
			continue
		}
		fmt.Fprintf(&b, ": %s", strings.TrimSuffix(tidy(strings.Join(e.Fields[field], ", ")), "."))
	}
	if e.Err != nil && e.Err != ErrNotApplied && !errors.Is(e.Err, ErrInvalidInput) {
		b.WriteString(": " + tidy(e.Err.Error()))
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " (after %d attempts)", e.Attempts)
	}
	if e.hint != "" {
		b.WriteString("; " + e.hint)
	}
	return b.String()
}

// asked is the request in a line: the method and the path sent, else the operation.
func (e *Error) asked() string {
	if method, _, ok := strings.Cut(e.Operation, " "); ok && e.Path != "" {
		return method + " " + e.Path
	}
	return e.Operation
}

// Is matches the sentinel of the status.
func (e *Error) Is(target error) bool {
	return e.StatusCode != 0 && sentinels[e.StatusCode] == target
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Format prints the text of [Error.Error] for every verb, %#v included.
func (e Error) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.Error()) }

// MarshalJSON writes the fields of e without its body, and the cause as its text.
func (e Error) MarshalJSON() ([]byte, error) {
	type fields Error // without this method
	cause := ""
	if e.Err != nil {
		cause = tidy(e.Err.Error())
	}
	return json.Marshal(struct {
		fields
		Err string `json:",omitzero"`
	}{fields(e), cause})
}

// LogValue gives slog the fields of e without its body.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("operation", e.Operation)}
	if e.StatusCode != 0 {
		attrs = append(attrs, slog.Int("status", e.StatusCode))
	}
	if e.RetryAfter != 0 {
		attrs = append(attrs, slog.Duration("retryAfter", e.RetryAfter))
	}
	attrs = append(attrs,
		slog.Int("attempts", e.Attempts),
		slog.Bool("mayHaveExecuted", e.MayHaveExecuted),
		slog.String("error", e.Error()))
	return slog.GroupValue(attrs...)
}

// because is a cause with its own text and the errors that it matches.
type because struct {
	text string
	are  []error
}

func (b *because) Error() string   { return b.text }
func (b *because) Unwrap() []error { return b.are }

// reason is the text of e as a part of another error.
func (e *Error) reason() string {
	if e.StatusCode == 0 && e.Err != nil {
		return e.Err.Error()
	}
	return e.Error()
}

// add puts a cause after the one that e has.
func (e *Error) add(cause error) {
	if e.Err != nil {
		cause = &because{e.Err.Error() + "; " + cause.Error(), []error{e.Err, cause}}
	}
	e.Err = cause
}

// advise puts a hint after those that e has.
func (e *Error) advise(hint string) {
	if e.hint != "" {
		hint = e.hint + "; " + hint
	}
	e.hint = hint
}

// deadlineFirst is the cause when there is no retry since its wait would have passed the
// deadline.
var deadlineFirst = &because{"not retried: the deadline comes first", []error{context.DeadlineExceeded}}

// ended is the error of a context that has ended. It matches ctx.Err(), the cause of the
// context, and err.
func ended(ctx context.Context, err error) error {
	are := []error{ctx.Err(), context.Cause(ctx)}
	text := ctx.Err().Error()
	if are[0] != are[1] {
		text += ": " + are[1].Error()
	}
	if err != nil && !errors.Is(err, are[0]) && !errors.Is(err, are[1]) {
		text, are = text+": "+err.Error(), append(are, err)
	}
	return &because{text, are}
}

// invalid is the error of a request that was refused before it was sent. The format may
// be "" where the fields say what is wrong.
func invalid(op, format string, args ...any) *Error {
	message := "not sent: " + fmt.Sprintf(format, args...)
	return &Error{Operation: op, Message: strings.TrimSuffix(message, ": "), Err: ErrInvalidInput}
}

// hint says what to do about an answer, for the kind of credentials that c has.
func (c *Client) hint(call *call, result outcome) string {
	status := result.status
	if _, ok := c.source.(*basicAuth); ok {
		switch status {
		case http.StatusUnauthorized:
			return "check the user name and the password or key"
		case http.StatusForbidden:
			return "check what this user may do"
		}
	}
	if status == http.StatusNotFound && call.free {
		return ""
	}
	return hintFor(call.op, status, result.retryAfter)
}

// hintFor says what to do about an answer to a request with a token.
func hintFor(op string, status int, retryAfter time.Duration) string {
	switch status {
	case http.StatusUnauthorized:
		return "check the application id and secret, or the static token"
	case http.StatusForbidden:
		return "check the permissions and allowed IP addresses of the API application (Integrationer, API-applikationer)"
	case http.StatusNotFound:
		if operations[op] == inferred {
			return fmt.Sprintf("the path of this operation is inferred, not documented: if the object exists, "+
				"name the right path with tid.WithPath(%q, …)", op)
		}
	case http.StatusTooManyRequests:
		if retryAfter > 0 {
			return fmt.Sprintf("the API asks to wait %s", retryAfter)
		}
	case http.StatusBadGateway, http.StatusServiceUnavailable:
		return "the API is restarting or under planned maintenance"
	}
	if status >= 300 && status < 400 {
		return "redirects are refused, so that the token reaches no other host; check the base URL"
	}
	return ""
}

// tidy makes foreign text fit for one line of an error: bounded, printable,
// single spaces.
func tidy(s string) string {
	if len(s) > 8*maxErrorMessage {
		s = s[:8*maxErrorMessage]
	}
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > maxErrorMessage {
		s = string(runes[:maxErrorMessage]) + "…"
	}
	return s
}
