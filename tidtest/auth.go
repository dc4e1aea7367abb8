package tidtest

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/vismatid/tid/tidtest/internal/account"
	"github.com/vismatid/tid/tidtest/internal/operations"
)

// guid returns a random one: credentials of two servers never meet.
func guid() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func newToken() string { return "pk_" + guid() + ".pa_" + guid() }

// tokens are the access tokens that a server has given out.
type tokens struct {
	mu    sync.Mutex
	all   map[string]*token
	given int
}

type token struct {
	expires time.Time // zero for a token without an end
	limiter limiter
}

// issue makes a token valid.
func (t *tokens) issue(name string, expires time.Time) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all[name] = &token{expires: expires}
	t.given++
	return name
}

// find returns a token that is valid at a time, or nil.
func (t *tokens) find(name string, now time.Time) *token {
	t.mu.Lock()
	defer t.mu.Unlock()
	tok := t.all[name]
	if tok == nil || !tok.expires.IsZero() && !now.Before(tok.expires) {
		return nil
	}
	return tok
}

// kill ends one token.
func (t *tokens) kill(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.all, name)
}

// killIssued ends every token that has an end.
func (t *tokens) killIssued() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, tok := range t.all {
		if !tok.expires.IsZero() {
			delete(t.all, name)
		}
	}
}

// credential returns what follows the scheme in the only Authorization header of a request.
func credential(h http.Header, scheme string) (string, bool) {
	values := h.Values("Authorization")
	if len(values) != 1 {
		return "", false
	}
	given, rest, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(given, scheme) || rest == "" || strings.ContainsAny(rest, " ,\t") {
		return "", false
	}
	return rest, true
}

// exchangeToken answers a valid application id and secret with a new token.
func (s *Server) exchangeToken(c *operations.Call) (reply, error) {
	given, ok := credential(c.Header, "Basic")
	plain, err := base64.StdEncoding.DecodeString(given)
	if !ok || err != nil || string(plain) != s.AppID+":"+s.AppSecret {
		return reply{}, account.Fail(http.StatusUnauthorized, "The application id or its secret is wrong.")
	}
	expires := s.now().Add(s.config.lifetime)
	name := s.tokens.issue(newToken(), expires)
	body := fmt.Appendf(nil, `{"objectName":"auth.token","accessToken":%q`, name)
	if text, ok := s.style().Expiry(expires.UTC()); ok {
		body = fmt.Appendf(body, `,"expires":%q`, text)
	}
	return operations.RawJSON(http.StatusOK, append(body, '}')), nil
}

// authenticate finds the token of a request.
func (s *Server) authenticate(h http.Header) (name string, tok *token) {
	name, ok := credential(h, "Bearer")
	if !ok {
		return "", nil
	}
	return name, s.tokens.find(name, s.now())
}

// KillTokens ends every token that was given out by an exchange, as if the service had forgotten them before their time.
// StaticToken stays valid.
func (s *Server) KillTokens() { s.tokens.killIssued() }

// TokensIssued is the number of tokens that have been given out by exchanges.
func (s *Server) TokensIssued() int {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	return s.tokens.given - 1 // the static one
}
