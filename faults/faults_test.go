package faults

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

func TestMain(m *testing.M) {
	schedules := "500"
	if n := os.Getenv("FAULTS_SCHEDULES"); n != "" {
		schedules = n
	}
	_ = flag.Set("rapid.checks", schedules) // unless the command line says otherwise
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
		case errors.Is(e, tid.ErrNotApplied):
			met[string(c.kind)+" not applied"]++
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
	{"a write is performed once, unless its method may be retried", func(r *run) string {
		return r.each(func(c *call) string {
			n, method := r.performed(c), methods[c.kind]
			if n > 1 && !slices.Contains(r.retried, method) {
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
			if e, ok := c.err.(*tid.Error); ok && e.MayHaveExecuted && !r.reached(c) && !c.isOver() { // what a context cuts off in the same instant is not known
				return "cannot have been performed"
			}
			return ""
		}, create, modify, remove, get, walk)
	}},
	{"a modification without an error leaves every unknown property as it was", func(r *run) string {
		return r.each(func(c *call) string {
			if c.err == nil && !maps.EqualFunc(c.before, c.after, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }) {
				return fmt.Sprintf("of %s there is %s", c.before, c.after)
			}
			return ""
		}, modify)
	}},
	{"a modification whose property was ignored ends in an error, and ErrNotApplied names it", func(r *run) string {
		return r.each(func(c *call) string {
			e, ok := c.err.(*tid.Error)
			for _, name := range []string{"importantInformation", note} {
				switch ignored := slices.ContainsFunc(r.distortions, func(d tidtest.Distortion) bool { return slices.Contains(d.Ignore, name) }); {
				case !ignored:
				case !ok:
					return "no error"
				case errors.Is(e, tid.ErrNotApplied) && e.Fields[name] == nil:
					return fmt.Sprintf("names %v", slices.Sorted(maps.Keys(e.Fields)))
				}
			}
			return ""
		}, modify)
	}},
	{"a modification that was applied, and that no other write came between, is not taken for one that was not", func(r *run) string {
		return r.each(func(c *call) string {
			harmless := !slices.ContainsFunc(r.distortions, func(d tidtest.Distortion) bool { return len(d.Ignore)+len(d.Clear) > 0 })
			if harmless && len(r.workers) == 1 && len(r.changes) == 0 && errors.Is(c.err, tid.ErrNotApplied) {
				return fmt.Sprintf("differ %v", c.err.(*tid.Error).Fields)
			}
			return ""
		}, modify)
	}},
	{"a walk gives every contact that is there from its beginning to its end, and each once, or ends in an error", func(r *run) string {
		return r.each(func(c *call) string {
			given := c.ids()
			slices.Sort(given)
			switch {
			case c.more:
				return "something followed the error"
			case len(slices.Compact(given)) != len(c.given):
				return fmt.Sprintf("given %v", c.ids())
			case !c.whole:
				return ""
			}
			for _, p := range r.residents {
				_, found := slices.BinarySearch(given, p.id)
				if !found && p.from.Before(c.began) && (p.to.IsZero() || p.to.After(c.ended)) {
					return fmt.Sprintf("%d is missing in %v", p.id, c.ids())
				}
			}
			return ""
		}, walk)
	}},
	{"a walk gives a list that does not change in order", func(r *run) string {
		return r.each(func(c *call) string {
			if !r.disturbed(c) && !slices.IsSortedFunc(c.given, r.order.compare) {
				return fmt.Sprintf("given %v", c.ids())
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
	{"at constant latency four requests at the most arrive in any second", func(r *run) string {
		if r.latency.Uniform > 0 {
			return ""
		}
		for i := 4; i < len(r.arrived); i++ {
			if d := r.arrived[i].Time.Sub(r.arrived[i-4].Time); d < time.Second {
				return fmt.Sprintf("five within %s", d)
			}
		}
		return ""
	}},
	{"every attempt that was sent is told of, and no other", func(r *run) string {
		sent := make(map[key]int)
		for _, x := range r.wire.sent {
			sent[x.key]++
		}
		if maps.Equal(sent, r.events) {
			return ""
		}
		return fmt.Sprintf("sent %v, told of %v", sent, r.events)
	}},
	{"an error counts the attempts of its call", func(r *run) string {
		return r.each(func(c *call) string {
			e, ok := c.err.(*tid.Error)
			if !ok {
				return ""
			}
			own := len(r.wire.of(key{c, operations[c.kind]}))
			switch {
			case e.Operation == operations[c.kind] && e.Attempts != own,
				e.Operation != operations[c.kind] && e.Operation != "POST /v1/Auth/Token" && own > 0: // a token can be needed again
				return fmt.Sprintf("sent %d times, %d attempts", own, e.Attempts)
			}
			return ""
		}, create, remove, get)
	}},
	{"an error has the status of the last answer", func(r *run) string {
		return r.each(func(c *call) string {
			sent := r.wire.of(key{c, operations[c.kind]})
			e, ok := c.err.(*tid.Error)
			if !ok || len(sent) == 0 || e.Operation == "POST /v1/Auth/Token" { // that of the exchange
				return ""
			}
			last := sent[len(sent)-1]
			if e.StatusCode == last.status {
				return ""
			}
			if brokenOff := c.isOver() && last.status == 0 && !last.back.Before(c.until); brokenOff && len(sent) > 1 && e.StatusCode == sent[len(sent)-2].status {
				return "" // which came to nothing
			}
			return fmt.Sprintf("status %d after an answer of %d", e.StatusCode, last.status)
		}, create, remove, get)
	}},
	{"an error that the context brought about matches the context's", func(r *run) string {
		return r.each(func(c *call) string {
			switch {
			case c.err == nil:
			case c.isOver() && !r.answered(c.ended) && !errors.Is(c.err, c.ending()):
				return "the context had ended"
			case errors.Is(c.err, context.Canceled) && !(c.isOver() && c.cancel):
				return "it was not cancelled"
			case errors.Is(c.err, context.DeadlineExceeded) && (c.limit == 0 || c.cancel) && c.err.(*tid.Error).Operation != exchangeOp:
				return "there was no deadline"
			}
			return ""
		}, create, modify, remove, get, walk)
	}},
	{"an error of the limiter is ErrNoTurn, and says how long the wait would have been", func(r *run) string {
		return r.each(func(c *call) string {
			e, ok := c.err.(*tid.Error)
			switch unsent := len(r.wire.of(key{c, operations[c.kind]})) == 0; {
			case !ok:
			case errors.Is(e, tid.ErrNoTurn) && (c.limit == 0 || c.cancel || c.isOver() || unsent && e.RetryAfter <= 0):
				return fmt.Sprintf("ErrNoTurn, and a wait of %s", e.RetryAfter)
			case unsent && e.Operation == operations[c.kind] && !c.isOver() && !errors.Is(e, tid.ErrNoTurn):
				return "another error"
			}
			return ""
		}, create, remove, get)
	}},
	{"a read that can be retried is given up for a deadline, a long wait or the lack of a token alone", func(r *run) string {
		return r.each(func(c *call) string {
			sent := r.wire.of(key{c, operations[c.kind]})
			if c.err == nil || c.isOver() || len(sent) == 0 || len(sent) > r.retries || isOfExchange(c.err) {
				return ""
			}
			last := sent[len(sent)-1]
			if slices.Contains([]int{0, 429, 500, 502, 503, 504}, last.status) && asked(last) <= time.Minute && !errors.Is(c.err, context.DeadlineExceeded) {
				return fmt.Sprintf("%d attempts of %d", len(sent), r.retries+1)
			}
			return ""
		}, get)
	}},
	{"every call ends, and with its context", func(r *run) string {
		return r.each(func(c *call) string {
			switch {
			case c.ended.IsZero():
				return "has not ended"
			case !c.until.IsZero() && c.ended.After(c.until):
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

// operations are those of the actions that are one call.
var operations = map[kind]string{create: "POST /v1/Core/Contacts", remove: "DELETE /v1/Core/Contacts/{id}", get: "GET /v1/Core/Contacts/{id}"}

const updateOp = "PUT /v1/Core/Contacts/{id}"

const exchangeOp = "POST /v1/Auth/Token"

// isOfExchange reports whether no token could be had.
func isOfExchange(err error) bool {
	if e, ok := err.(*tid.Error); ok && e.Operation == exchangeOp {
		return true
	}
	switch err := err.(type) {
	case interface{ Unwrap() error }:
		return isOfExchange(err.Unwrap())
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(err.Unwrap(), isOfExchange)
	}
	return false
}

// isOver reports whether the context had ended when the call did.
func (c *call) isOver() bool { return !c.until.IsZero() && !c.ended.Before(c.until) }

// ending is the error of its context.
func (c *call) ending() error {
	if c.cancel {
		return context.Canceled
	}
	return context.DeadlineExceeded
}

// ids are those of what a walk gave.
func (c *call) ids() (ids []int64) {
	for _, item := range c.given {
		ids = append(ids, item.ID)
	}
	return ids
}

// performed is how often the server has performed the write of a call.
func (r *run) performed(c *call) (n int) {
	for _, req := range r.arrived {
		is := c.kind == remove && strings.HasSuffix(req.Path, "/"+strconv.FormatInt(c.id, 10)) || bytes.Contains(req.Body, []byte(c.mark))
		if req.Performed && req.Method == methods[c.kind] && is {
			n++
		}
	}
	return n
}

// reached reports whether the server may have performed the write of a call, as
// far as the client can know.
func (r *run) reached(c *call) bool {
	return slices.ContainsFunc(r.wire.sent, func(x *exchange) bool {
		return x.call == c && x.method == methods[c.kind] && x.connected && x.status/100 != 4
	})
}

// answered reports whether an answer or a failure came back in one instant.
func (r *run) answered(at time.Time) bool {
	return slices.ContainsFunc(r.wire.sent, func(x *exchange) bool { return x.back.Equal(at) && !x.cutShort })
}

// disturbed reports whether the list may have changed during a walk.
func (r *run) disturbed(c *call) bool {
	during := func(from, to time.Time) bool { return !from.After(c.ended) && !to.Before(c.began) }
	return slices.ContainsFunc(r.changed, func(at time.Time) bool { return during(at, at) }) ||
		slices.ContainsFunc(r.wire.sent, func(x *exchange) bool {
			return x.method != http.MethodGet && x.op != exchangeOp && during(x.left, x.back)
		})
}

// compare is how the list is sorted.
func (o order) compare(a, b *tid.ContactSummary) int {
	n := cmp.Compare(a.ID, b.ID)
	switch o.by {
	case tid.ContactsByName:
		n = strings.Compare(a.Name, b.Name)
	case tid.ContactsByUpdated:
		n = a.Updated.In(time.UTC).Compare(b.Updated.In(time.UTC))
	}
	if o.sort == tid.Descending {
		return -n
	}
	return n
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
