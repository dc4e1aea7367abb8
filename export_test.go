package tid

import (
	"context"
	"time"
)

// What the external tests reach of the package's inside.
var (
	Unmarshal       = unmarshal
	Describe        = describe
	HintFor         = hintFor
	CheckIn         = check
	WireName        = wireName
	RetryAfter      = retryAfter
	ParseRetryAfter = parseRetryAfter
	FileName        = fileName
	TokenLifetime   = tokenLifetime
	Quiet           = quiet
	SharedTransport = sharedTransport
	QuietTLS        = quietTLS
)

// ReadErrorBody reads what was said to a request with no credentials worth blanking.
func ReadErrorBody(body []byte) (message string, fields map[string][]string) {
	return readErrorBody(body, redactorOf(""))
}

// Blank is what is left of a text that came back to a request with the given credentials.
func Blank(sent, text string) string { return redactorOf(sent).blank(text) }

// Framed is how much of the text is the answer to one request, and whether it is whole.
func Framed(text []byte) (length int, whole bool) {
	f := framing{part: statusLine}
	length = f.advance(text)
	return length, f.part == complete
}

const (
	MaxErrorMessage = maxErrorMessage
	MaxErrorFields  = maxErrorFields
	MaxFileName     = maxFileName
)

// Check is check without anything in the context.
func Check(op string, input any) error { return check(context.Background(), op, input) }

// CheckAgainst is checkAgainst, likewise.
func CheckAgainst(op string, input, origin any) error {
	return checkAgainst(context.Background(), op, input, origin)
}

// HasCheck reports whether an input has rules about several fields.
func HasCheck(input any) bool { _, ok := input.(checker); return ok }

// Outcome is outcome, with fields that external tests can set.
type Outcome struct {
	Status                               int
	RetryAfter                           time.Duration
	Reached, Broken, Hopeless, Renewable bool
}

// RetryPolicy is retryPolicy; no budget is none.
type RetryPolicy struct {
	Retries  int
	MaxWait  time.Duration
	Replayed []string
	Budget   *time.Duration
}

// Next is the decision under test.
func (p RetryPolicy) Next(method string, o Outcome, attempt int, jitter float64) (time.Duration, bool) {
	policy := retryPolicy{retries: p.Retries, maxWait: p.MaxWait, replayed: map[string]bool{}}
	for _, m := range p.Replayed {
		policy.replayed[m] = true
	}
	if p.Budget != nil {
		policy.hasBudget, policy.budget = true, *p.Budget
	}
	wait, v := policy.next(method, outcome{status: o.Status, retryAfter: o.RetryAfter, reached: o.Reached,
		broken: o.Broken, hopeless: o.Hopeless, renewable: o.Renewable}, attempt, jitter)
	return wait, v == again
}
