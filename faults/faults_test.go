package faults

import (
	"bytes"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/vismatid/tid"
)

func TestMain(m *testing.M) {
	_ = flag.Set("rapid.checks", "1000") // unless the command line says otherwise
	os.Exit(m.Run())
}

func TestNothingIsLostWhateverFails(t *testing.T) {
	met := make(map[string]int)
	t.Cleanup(func() { t.Logf("met: %v", met) })
	rapid.Check(t, func(t *rapid.T) {
		s := schedules.Draw(t, "schedule")
		rapid.SyncTest(t, func(t *rapid.T) {
			r := s.carryOut()
			r.count(met)
			for _, claim := range claims {
				if wrong := claim.check(r); wrong != "" {
					for _, c := range r.calls {
						t.Logf("%s: %v: id %d, %d items: %v", c.mark, c.action, c.id, len(c.given), c.err)
					}
					t.Logf("%s", wrong)
					t.Fatalf("it is not true that %s", claim.text)
				}
			}
		})
	})
}

// count adds up what a run has met, to be seen with -v: a claim about something
// that never happens would be worth nothing.
func (r *run) count(met map[string]int) {
	for _, c := range r.calls {
		e, _ := c.err.(*tid.Error)
		switch {
		case e == nil:
			met[string(c.kind)+" done"]++
		case e.MayHaveExecuted:
			met[string(c.kind)+" unknown"]++
		default:
			met[string(c.kind)+" failed"]++
		}
	}
	for _, x := range r.wire.sent {
		met[fmt.Sprintf("status %d", x.status)]++
	}
	met["tokens"] += r.srv.TokensIssued()
}

// claims are what has to be true of every run. A check returns what is not.
var claims = []struct {
	text  string
	check func(*run) string
}{
	{"a write is performed once, unless its method may be repeated", func(r *run) string {
		return r.each(func(c *call) string {
			n, method := r.performed(c), methods[c.kind]
			if n > 1 && !slices.Contains(r.repeated, method) {
				return fmt.Sprintf("performed %d times", n)
			}
			return ""
		}, create, modify, remove)
	}},
	{"a call without an error was performed", func(r *run) string {
		return r.each(func(c *call) string {
			if c.err == nil && r.performed(c) == 0 {
				return "not performed"
			}
			if contact, there := r.srv.Contacts.Get(c.id); c.kind == create && c.err == nil && c.id != 0 && (!there || contact.Name != c.mark) {
				return "not in the store"
			}
			return ""
		}, create, modify, remove)
	}},
	{"a call that cannot have been performed was not", func(r *run) string {
		return r.each(func(c *call) string {
			if e, ok := c.err.(*tid.Error); ok && !e.MayHaveExecuted && r.performed(c) > 0 {
				return "performed"
			}
			return ""
		}, create, modify, remove)
	}},
	{"a call may have been performed only when a request of it was neither refused nor lost on its way out", func(r *run) string {
		return r.each(func(c *call) string {
			if e, ok := c.err.(*tid.Error); ok && e.MayHaveExecuted && !r.reached(c) {
				return "cannot have been performed"
			}
			return ""
		}, create, modify, remove, get, walk)
	}},
	{"a walk gives every item once, whatever is added and removed meanwhile, or ends in an error", func(r *run) string {
		return r.each(func(c *call) string {
			given := slices.Sorted(slices.Values(c.given))
			switch {
			case c.more:
				return "something followed the error"
			case len(slices.Compact(given)) != len(c.given):
				return fmt.Sprintf("given %v", c.given)
			case c.whole && slices.ContainsFunc(r.stay, func(id int64) bool { return !slices.Contains(c.given, id) }):
				return fmt.Sprintf("given %v of %v", c.given, r.stay)
			}
			return ""
		}, walk)
	}},
	{"every error is a *tid.Error that names its operation", func(r *run) string {
		return r.each(func(c *call) string {
			if e, ok := c.err.(*tid.Error); c.err != nil && (!ok || e.Operation == "") {
				return fmt.Sprintf("a %T", c.err)
			}
			return ""
		}, create, modify, remove, get, walk)
	}},
	{"no secret is in any error or in the log", func(r *run) string {
		if text := r.log.String(); r.revealing(text) {
			return text
		}
		return r.each(func(c *call) string {
			if c.err == nil {
				return ""
			}
			var b bytes.Buffer
			slog.New(slog.NewJSONHandler(&b, nil)).Error("failed", "err", c.err)
			fmt.Fprintf(&b, "%v %+v %#v %q %d", c.err, c.err, c.err, c.err, c.err)
			if r.revealing(b.String()) {
				return b.String()
			}
			return ""
		}, create, modify, remove, get, walk)
	}},
	{"no request leaves during a pause, and five at the most are refused in one", (*run).storm},
	{"a call ends with its context", func(r *run) string {
		return r.each(func(c *call) string {
			if !c.until.IsZero() && c.ended.After(c.until) {
				return "ended later"
			}
			return ""
		}, create, modify, remove, get, walk)
	}},
	{"every body is closed", func(r *run) string {
		if r.wire.open != 0 {
			return strconv.Itoa(r.wire.open) + " are open"
		}
		return ""
	}},
	{"no goroutine is left but that of a token exchange", func(r *run) string {
		return strings.Join(r.left, "\n\n")
	}},
}

// each checks the calls of the given kinds, and returns what the first wrong one says.
func (r *run) each(check func(*call) string, kinds ...kind) string {
	for _, c := range r.calls {
		if !slices.Contains(kinds, c.kind) {
			continue
		}
		if wrong := check(c); wrong != "" {
			return c.mark + ": " + wrong
		}
	}
	return ""
}

var methods = map[kind]string{create: http.MethodPost, modify: http.MethodPut, remove: http.MethodDelete}

// isOf reports whether a request is the write of a call.
func (c *call) isOf(method, path, body string) bool {
	switch {
	case method != methods[c.kind]:
		return false
	case c.kind == remove:
		return strings.HasSuffix(path, "/"+strconv.FormatInt(c.id, 10))
	}
	return strings.Contains(body, c.mark)
}

// performed is how often the server has performed the write of a call.
func (r *run) performed(c *call) (n int) {
	for _, req := range r.srv.Requests() {
		if req.Performed && c.isOf(req.Method, req.Path, string(req.Body)) {
			n++
		}
	}
	return n
}

// reached reports whether the server may have performed the write of a call, as
// far as the client can know.
func (r *run) reached(c *call) bool {
	return slices.ContainsFunc(r.wire.sent, func(x *exchange) bool {
		return x.reached && x.status/100 != 4 && c.isOf(x.method, x.path, x.body)
	})
}

func (r *run) revealing(text string) bool {
	for secret := range r.wire.secrets {
		if strings.Contains(text, secret) {
			return true
		}
	}
	return false
}

// storm looks for requests that left although a 429 had asked for a pause.
func (r *run) storm() string {
	refused := slices.DeleteFunc(slices.Clone(r.wire.sent), func(x *exchange) bool { return x.status != http.StatusTooManyRequests })
	slices.SortStableFunc(refused, func(a, b *exchange) int { return a.back.Compare(b.back) })
	var until time.Time
	n := 0
	for _, x := range refused {
		if !x.back.Before(until) {
			n = 0
		}
		if n++; n > 5 {
			return "more than five requests were refused in one pause"
		}
		end := x.back.Add(min(asked(x), time.Minute))
		for _, other := range r.wire.sent {
			if other.left.After(x.back) && other.left.Before(end) {
				return fmt.Sprintf("%s %s left %s before the end of a pause", other.method, other.path, end.Sub(other.left))
			}
		}
		if end.After(until) {
			until = end
		}
	}
	return ""
}

// asked is the pause that a 429 asks for, as the contract has it.
func asked(x *exchange) time.Duration {
	if n, err := strconv.Atoi(x.header.Get("Retry-After")); err == nil && n > 0 {
		return time.Duration(n) * time.Second
	}
	var n int
	if _, err := fmt.Sscanf(string(x.answer), `{"waitInSeconds":%d}`, &n); err == nil && n > 0 {
		return time.Duration(n) * time.Second
	}
	return time.Second
}
