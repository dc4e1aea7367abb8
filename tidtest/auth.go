package tidtest

import (
	"encoding/base64"
	"fmt"
	"net/http"

	"github.com/vismatid/tid/tidtest/internal/account"
	"github.com/vismatid/tid/tidtest/internal/operations"
	"github.com/vismatid/tid/tidtest/internal/tokens"
)

// exchangeToken answers a valid application id and secret with a new token.
func (s *Server) exchangeToken(c *operations.Call) (reply, error) {
	given, ok := tokens.Credential(c.Header, "Basic")
	plain, err := base64.StdEncoding.DecodeString(given)
	if !ok || err != nil || string(plain) != s.AppID+":"+s.AppSecret {
		return reply{}, account.Fail(http.StatusUnauthorized, "The application id or its secret is wrong.")
	}
	expires := s.now().Add(s.config.lifetime)
	name := s.tokens.Issue(tokens.New(), expires)
	body := fmt.Appendf(nil, `{"objectName":"auth.token","accessToken":%q`, name)
	if text, ok := s.style().Expiry(expires.UTC()); ok {
		body = fmt.Appendf(body, `,"expires":%q`, text)
	}
	return operations.RawJSON(http.StatusOK, append(body, '}')), nil
}

// authenticate finds the token of a request.
func (s *Server) authenticate(h http.Header) (name string, tok *tokens.Token) {
	name, ok := tokens.Credential(h, "Bearer")
	if !ok {
		return "", nil
	}
	return name, s.tokens.Find(name, s.now())
}

// KillTokens ends every token that was given out by an exchange, as if the service had forgotten them before their time.
// StaticToken stays valid.
func (s *Server) KillTokens() { s.tokens.KillIssued() }

// TokensIssued is the number of tokens that have been given out by exchanges.
func (s *Server) TokensIssued() int { return s.tokens.Issued() - 1 } // without the static one
