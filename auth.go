package tid

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode"
)

// TokenSource gives the access token for each request. Implement it to share a
// token between processes; [ExchangeToken] is the exchange itself.
//
// It must be safe for concurrent use, and its Token must return as soon as ctx ends.
// After a long wait for the rate limit Token is called with a context that has ended
// already: it must then return the token that it has, or an error, without waiting.
type TokenSource interface {
	// Token returns the token to send as "Authorization: Bearer". refused is "" or a
	// token that the API has just answered with 401: if that is still the current one,
	// get another; if there is no other, return the same one, and the call fails with
	// the 401.
	Token(ctx context.Context, refused string) (string, error)
}

// Token is an access token from [ExchangeToken]. Nothing prints its value: not
// fmt, slog or an encoder, not even as an unexported field of another struct.
type Token struct {
	value secret
	// Expires is when the token ends, by this machine's clock. Tokens have been seen to
	// stop working earlier.
	Expires time.Time
}

// NewToken is a token that was stored before, see [TokenCache].
func NewToken(value string, expires time.Time) Token {
	return Token{value: conceal(value), Expires: expires}
}

// Value returns the token, which requests carry as "Authorization: Bearer"; "" for the
// zero Token. Nothing else shows it: to store a Token, store this text and Expires.
func (t Token) Value() string {
	if t.value == nil {
		return ""
	}
	return t.value()
}

// Format prints a placeholder, so that the token ends up in no log.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.placeholder()) }

// LogValue is the same placeholder for slog.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.placeholder()) }

// MarshalText is the same placeholder for JSON, XML and the like.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.placeholder()), nil }

// GobEncode is the same placeholder for gob.
func (t Token) GobEncode() ([]byte, error) { return t.MarshalText() }

// UnmarshalText fails: what MarshalText writes is no token.
func (t *Token) UnmarshalText([]byte) error { return errTokenUnread }

// GobDecode fails: what GobEncode writes is no token.
func (t *Token) GobDecode([]byte) error { return errTokenUnread }

var errTokenUnread = errors.New("tid: a Token is not encoded with its value: keep Token.Value() and Token.Expires")

func (t Token) placeholder() string {
	return "tid.Token(…, expires " + t.Expires.Format(time.RFC3339) + ")"
}

// secret is a text that no formatting shows. It is a func, since fmt prints unexported
// fields without calling their methods, and prints only the address of a func.
type secret func() string

func conceal(s string) secret { return func() string { return s } }

// StaticToken is a token from the administration page that never expires.
func StaticToken(token string) TokenSource { return &staticToken{conceal(token)} }

type staticToken struct{ token secret }

func (s *staticToken) Token(context.Context, string) (string, error) { return s.token(), nil }
func (s *staticToken) Format(f fmt.State, _ rune)                    { _, _ = io.WriteString(f, "tid.StaticToken(…)") }

// AppCredentials gets tokens for an API application with its id and secret. Each Client
// has a token of its own, which is renewed before it ends. Nothing is sent before the
// first call.
func AppCredentials(id, secret string) TokenSource { return &appCredentials{id, conceal(secret)} }

type appCredentials struct {
	id     string
	secret secret
}

// Token is an error: the source needs a client, which has the address.
func (a *appCredentials) Token(context.Context, string) (string, error) {
	return "", errors.New("tid: AppCredentials give tokens through a Client; use ExchangeToken outside of one")
}

func (a *appCredentials) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "tid.AppCredentials("+a.id+", …)")
}

// TokenCache keeps the token of an application for several clients, as a rule in several
// processes.
type TokenCache interface {
	// Fetch returns a token whose value is not old: the one that is kept, or else one that
	// exchange gets from the API, which it keeps. exchange goes through the client, with
	// its address, transport, rate limit and retries; its errors are to be returned as they
	// are. A client calls it at its first request, after a 401, and shortly before a token
	// ends, and goes on with the old one meanwhile if that is good; one call at a time.
	Fetch(ctx context.Context, old string, exchange func(context.Context) (Token, error)) (Token, error)
}

// CachedCredentials are [AppCredentials] whose tokens are those of a cache.
func CachedCredentials(id, secret string, cache TokenCache) TokenSource {
	return &cachedCredentials{appCredentials{id, conceal(secret)}, cache}
}

type cachedCredentials struct {
	appCredentials
	cache TokenCache
}

// BasicAuth sends a user name and a password with every request, for APIs and
// gateways that take no access token.
func BasicAuth(user, password string) TokenSource { return &basicAuth{user, conceal(password)} }

type basicAuth struct {
	user     string
	password secret
}

// Token returns what follows "Basic" in the header.
func (b *basicAuth) Token(context.Context, string) (string, error) {
	return basic(b.user, b.password()), nil
}

func (b *basicAuth) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "tid.BasicAuth("+b.user+", …)")
}

func basic(user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
}

// checkSource refuses credentials that cannot be right.
func checkSource(source TokenSource) error {
	switch s := source.(type) {
	case nil:
		return errors.New("tid: no token source; use tid.AppCredentials or tid.StaticToken")
	case *staticToken:
		if token := s.token(); token != "" && !isToken(token) {
			return errors.New("tid: the static token contains a space, a line break or another character that it cannot have")
		}
		return checkSecret("the static token", s.token())
	case *basicAuth:
		if strings.Contains(s.user, ":") {
			return errors.New("tid: the user name must not contain a colon")
		}
		return errors.Join(checkSecret("the user name", s.user), checkSecret("the password", s.password()))
	case *cachedCredentials:
		if s.cache == nil {
			return errors.New("tid: CachedCredentials need a cache")
		}
		return checkSource(&s.appCredentials)
	case *appCredentials:
		if strings.Contains(s.id, ":") {
			return errors.New("tid: the application id must not contain a colon")
		}
		return errors.Join(checkSecret("the application id", s.id), checkSecret("the application secret", s.secret()))
	}
	return nil
}

func checkSecret(what, s string) error {
	switch {
	case s == "":
		return fmt.Errorf("tid: %s is empty", what)
	case s != strings.TrimSpace(s) || strings.ContainsFunc(s, unicode.IsControl):
		return fmt.Errorf("tid: %s has a line break or a space around it", what)
	}
	return nil
}

// isToken reports whether s can be sent in a header: visible ASCII only.
func isToken(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}

// ExchangeToken exchanges an application's id and secret for an access token, for a
// [TokenSource] of your own. The options are those of [NewClient].
//
// API: POST /v1/Auth/Token
func ExchangeToken(ctx context.Context, id, secret string, opts ...Option) (Token, error) {
	credentials := &appCredentials{id, conceal(secret)}
	c, err := NewClient(credentials, opts...)
	if err != nil {
		return Token{}, err
	}
	return c.exchange(ctx, credentials, nil)
}

const (
	// assumedLifetime is for an answer that does not say when the token ends.
	assumedLifetime = time.Hour
	// maxToken is more than any server takes in a header.
	maxToken = 16 << 10
	// A token is renewed this long before its end, or after nine tenths of a short
	// lifetime, but not before minLifetime, in case a clock is wrong. A token that ends
	// earlier is renewed after its 401.
	renewBefore = time.Minute
	minLifetime = 10 * time.Second
)

type tokenAnswer struct {
	ObjectName  string `json:"objectName,omitzero"`
	AccessToken string `json:"accessToken"`
	Expires     string `json:"expires,omitzero"`
}

// exchange gets a token; failed, if it is not nil, is called for each attempt that fails.
func (c *Client) exchange(ctx context.Context, credentials *appCredentials, failed func(*Error)) (Token, error) {
	call, err := c.newCall(ctx, opToken, nil, nil, nil)
	if err != nil {
		return Token{}, err
	}
	call.basic, call.replay, call.failed = basic(credentials.id, credentials.secret()), true, failed
	var answer tokenAnswer
	var header http.Header
	var received time.Time
	err = c.do(ctx, call, func(resp *http.Response) error {
		header, received = resp.Header, time.Now()
		return readJSON(resp, &answer)
	})
	if err != nil {
		return Token{}, err
	}
	if !isToken(answer.AccessToken) || len(answer.AccessToken) > maxToken {
		return Token{}, &Error{Operation: opToken, Path: c.pathOf(call), StatusCode: http.StatusOK, Attempts: 1,
			Message: "the answer holds no usable access token"}
	}
	return Token{
		value:   conceal(answer.AccessToken),
		Expires: received.Add(tokenLifetime(answer.Expires, header.Get("Date"), received)),
	}, nil
}

// tokenLifetime is how long the token is valid. It is counted by the server's clock where
// the answer has it, so that a wrong local clock does no harm.
func tokenLifetime(expires, serverTime string, now time.Time) time.Duration {
	if at, err := http.ParseTime(serverTime); err == nil {
		now = at
	}
	end, ok := scanDateTime(strings.TrimSpace(expires))
	if !ok {
		return assumedLifetime
	}
	return end.In(time.UTC).Sub(now)
}

// exchanger is the token source of one Client with application credentials. There is one
// exchange at a time; callers wait for it until their contexts end.
type exchanger struct {
	// fetch gets a token other than old.
	fetch func(ctx context.Context, old string, failed func(*Error)) (Token, error)

	mu       sync.Mutex
	token    secret    // the current one; nil before the first exchange
	renew    time.Time // when it is to be renewed
	expires  time.Time
	pending  *exchange
	panicked *exchange // ended in a panic that has not been raised in a caller yet
}

type exchange struct {
	done     chan struct{}
	token    secret
	err      error
	panicked any

	mu   sync.Mutex
	last *Error // of the attempts so far
}

func (x *exchanger) Token(ctx context.Context, refused string) (string, error) {
	x.mu.Lock()
	if lost := x.panicked; lost != nil {
		x.panicked = nil
		x.mu.Unlock()
		panic(lost.panicked)
	}
	usable := func(until time.Time) bool {
		return x.token != nil && x.token() != refused && time.Now().Before(until)
	}
	if usable(x.renew) {
		defer x.mu.Unlock()
		return x.token(), nil
	}
	running := x.pending
	if running == nil {
		running = &exchange{done: make(chan struct{})}
		x.pending = running
		// The exchange serves all callers that wait, so it outlives the first of them.
		old := ""
		if x.token != nil {
			old = x.token()
		}
		go x.run(context.WithoutCancel(ctx), old, running)
	}
	if usable(x.expires) { // the token is still good, so do not wait for its renewal
		defer x.mu.Unlock()
		return x.token(), nil
	}
	x.mu.Unlock()

	select {
	case <-running.done:
	case <-ctx.Done():
		return "", running.abandoned(ctx)
	}
	if running.panicked != nil {
		x.mu.Lock()
		if x.panicked == running {
			x.panicked = nil
		}
		x.mu.Unlock()
		panic(running.panicked)
	}
	if running.err != nil {
		return "", running.err
	}
	return running.token(), nil
}

// abandoned is the error of a caller whose context ends before the exchange does. It has
// the last failure of the exchange so far.
func (e *exchange) abandoned(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.last == nil {
		return ended(ctx, nil)
	}
	own := *e.last
	own.add(ended(ctx, nil))
	return &own
}

// run makes the exchange. A panic in it, of an observer or a transport, is raised
// again in the goroutine of a caller.
func (x *exchanger) run(ctx context.Context, old string, e *exchange) {
	ctx, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	token, err := Token{}, errors.New("the token exchange was aborted")
	defer func() {
		e.panicked = recover()
		e.token, e.err = token.value, err
		x.mu.Lock()
		switch {
		case e.panicked != nil:
			x.panicked = e
		case err == nil:
			now := time.Now()
			life := token.Expires.Sub(now)
			x.token, x.expires = e.token, token.Expires
			x.renew = now.Add(max(life-min(renewBefore, life/10), minLifetime))
		default: // while the old token is good, not each call tries again
			if again := time.Now().Add(minLifetime); again.Before(x.expires) {
				x.renew = later(x.renew, again)
			}
		}
		x.pending = nil
		x.mu.Unlock()
		close(e.done)
	}()
	token, err = x.fetch(ctx, old, func(failure *Error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.last = failure
	})
}

// exchangeTimeout bounds an exchange, retries and waits included, since it is
// detached from the contexts of the callers that wait for it.
const exchangeTimeout = 5 * time.Minute
