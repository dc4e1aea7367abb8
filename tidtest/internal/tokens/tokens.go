// Package tokens keeps the access tokens that a server has issued, and the rate limit of each.
package tokens

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// GUID returns a random one: credentials of two servers never meet.
func GUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// New is a name for a token.
func New() string { return "pk_" + GUID() + ".pa_" + GUID() }

// Tokens are the access tokens that a server has given out.
type Tokens struct {
	mu    sync.Mutex
	all   map[string]*Token
	given int
}

// A Token is an access token that is valid.
type Token struct {
	expires time.Time // zero for a token without an end
	limiter
}

// Issue makes a token valid.
func (t *Tokens) Issue(name string, expires time.Time) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all == nil {
		t.all = map[string]*Token{}
	}
	t.all[name] = &Token{expires: expires}
	t.given++
	return name
}

// Find returns a token that is valid at a time, or nil.
func (t *Tokens) Find(name string, now time.Time) *Token {
	t.mu.Lock()
	defer t.mu.Unlock()
	tok := t.all[name]
	if tok == nil || !tok.expires.IsZero() && !now.Before(tok.expires) {
		return nil
	}
	return tok
}

// Kill ends one token.
func (t *Tokens) Kill(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.all, name)
}

// KillIssued ends every token that has an end.
func (t *Tokens) KillIssued() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, tok := range t.all {
		if !tok.expires.IsZero() {
			delete(t.all, name)
		}
	}
}

// Issued is the number of tokens that have been given out.
func (t *Tokens) Issued() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.given
}

// Credential returns what follows the scheme in the only Authorization header of a request.
func Credential(h http.Header, scheme string) (string, bool) {
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
