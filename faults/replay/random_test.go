package replay

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"pgregory.net/rapid"

	"github.com/vismatid/tid"
)

// schedule is everything that one run of the random test does, and everything
// that befalls it.
type schedule struct {
	network  network
	own      roundTripper
	script   []reaction
	streams  uint32
	settings time.Duration
	gate     bool
	exchange bool // credentials are exchanged for a token, instead of a static one
	retries  int
	retried  []string
	workers  [][]action
}

type action struct {
	method string
	size   int
	pause  time.Duration // before it
	limit  time.Duration // after which it is cancelled; 0 is never
}

// GoString is what rapid prints.
func (s schedule) GoString() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, RoundTripper %v, %d streams a connection, SETTINGS after %s, gate %t, exchange %t, retries %d %v\n",
		s.network, s.own, s.streams, s.settings, s.gate, s.exchange, s.retries, s.retried)
	for i, r := range s.script {
		fmt.Fprintf(&b, "\trequest %d: %v\n", i+1, r)
	}
	for i, actions := range s.workers {
		fmt.Fprintf(&b, "\tgoroutine %d: %+v\n", i, actions)
	}
	return b.String()
}

var schedules = rapid.Custom(func(t *rapid.T) schedule {
	s := schedule{
		network:  rapid.SampledFrom([]network{http2Memory, http2Memory, http1Memory}).Draw(t, "network"),
		own:      rapid.OneOf(rapid.Just(roundTripper{name: "of net/http", wrap: plain}), rapid.SampledFrom(roundTrippers)).Draw(t, "RoundTripper"),
		streams:  rapid.SampledFrom([]uint32{0, 0, 1, 2}).Draw(t, "streams"),
		settings: milliseconds(0, 0, 5, 3_000).Draw(t, "settings"),
		gate:     rapid.Bool().Draw(t, "gate"),
		exchange: rapid.Bool().Draw(t, "exchange"),
		retries:  rapid.IntRange(0, 5).Draw(t, "retries"),
		retried:  rapid.SampledFrom([][]string{nil, {http.MethodPut}, {http.MethodDelete, http.MethodPut}}).Draw(t, "retried"),
		workers:  rapid.SliceOfN(rapid.SliceOfN(actions, 1, 5), 1, 3).Draw(t, "workers"),
	}
	reactions := reactionsOf(s.network, rapid.SampledFrom([]bool{false, false, false, true}).Draw(t, "lies"))
	s.script = rapid.SliceOfN(reactions, 0, 30).Draw(t, "script")
	return s
})

var actions = rapid.Custom(func(t *rapid.T) action {
	return action{
		method: rapid.SampledFrom(methods).Draw(t, "method"),
		size:   rapid.SampledFrom([]int{0, 0, 40, 40, 100_000}).Draw(t, "size"),
		pause:  milliseconds(0, 0, 1, 1_500, 100_000).Draw(t, "pause"),
		limit:  milliseconds(0, 0, 0, 0, 1, 700, 5_000).Draw(t, "limit"),
	}
})

func milliseconds(of ...int) *rapid.Generator[time.Duration] {
	return rapid.Map(rapid.SampledFrom(of), func(n int) time.Duration { return time.Duration(n) * time.Millisecond })
}

// reactionsOf are those of a server that speaks one protocol. One that lies
// executes what it says it has refused.
func reactionsOf(n network, lies bool) *rapid.Generator[reaction] {
	return rapid.Custom(func(t *rapid.T) reaction {
		r := reaction{
			pause:  milliseconds(0, 0, 0, 1, 300, 2_000).Draw(t, "pause"),
			refuse: rapid.SampledFrom([]int{0, 0, 0, 1, 2, 6}).Draw(t, "refuse"),
			early:  rapid.SampledFrom([]bool{false, false, true}).Draw(t, "early"),
		}
		executes := !r.early && rapid.Bool().Draw(t, "execute")
		if rapid.Bool().Draw(t, "interim") {
			r.steps = append(r.steps, do(interim))
		}
		code := rapid.Map(rapid.IntRange(0, int(http2.ErrCodeHTTP11Required)), func(n int) http2.ErrCode { return http2.ErrCode(n) })
		ends := rapid.SampledFrom([]kind{hangUp, abort})
		kinds := []string{"answer", "answer", "answer", "close", "half", "cut"}
		if n.isHTTP2() {
			kinds = append(kinds, "reset", "reset", "GOAWAY", "GOAWAY", "refusal", "refusal", "refusal")
		}
		switch rapid.SampledFrom(kinds).Draw(t, "reaction") {
		case "answer":
			status := rapid.SampledFrom([]int{200, 200, 200, 200, 400, 401, 408, 429, 500, 503}).Draw(t, "status")
			switch {
			case status == 200: // never said of what was not executed
				r.early, executes = false, true
			case status < 500 && status != 408: // the API has refused
				executes = false
			}
			if n.isHTTP2() && rapid.Bool().Draw(t, "GOAWAY first") {
				r.steps = append(r.steps, away(rapid.SampledFrom([]lastStream{at, above}).Draw(t, "last")))
			}
			r.steps = append(r.steps, step{kind: answer, status: status})
			r.steps = append(r.steps, rapid.SampledFrom(idle(n, lies)).Draw(t, "afterwards")...)
		case "close":
			r.steps = append(r.steps, do(ends.Draw(t, "end")))
		case "half":
			r.steps = append(r.steps, do(half), do(ends.Draw(t, "end")))
		case "cut": // it has begun to say 200
			r.early, executes = false, true
			r.steps = append(r.steps, do(cut))
			if n.isHTTP2() && rapid.Bool().Draw(t, "reset") {
				r.steps = append(r.steps, rst(code.Draw(t, "code")))
				break
			}
			r.steps = append(r.steps, do(ends.Draw(t, "end")))
		case "reset":
			r.steps = append(r.steps, rst(rapid.OneOf(code, rapid.SampledFrom([]http2.ErrCode{http2.ErrCodeRefusedStream, http2.ErrCodeProtocol})).Draw(t, "code")))
		case "refusal":
			r.steps = append(r.steps, rapid.SampledFrom([][]step{{rst(http2.ErrCodeRefusedStream)}, {away(below)},
				{away(below), do(hangUp)}, {away(above), away(below), do(hangUp)}}).Draw(t, "refusal")...)
		case "GOAWAY":
			s := step{kind: goAway, code: code.Draw(t, "code"), last: rapid.SampledFrom([]lastStream{zero, below, below, at, above}).Draw(t, "last")}
			if rapid.Bool().Draw(t, "graceful") {
				s.code = http2.ErrCodeNo
			}
			if rapid.Bool().Draw(t, "in two steps") {
				r.steps = append(r.steps, away(above))
			}
			r.steps = append(r.steps, s)
			if !s.refuses() || rapid.Bool().Draw(t, "ends") {
				r.steps = append(r.steps, do(ends.Draw(t, "end")))
			}
		}
		r.execute = executes && (lies || !r.refuses())
		return r
	})
}

// idle is what may become of a connection after an answer.
func idle(n network, lies bool) [][]step {
	all := [][]step{nil, nil, nil, {do(hangUp)}, {do(abort)}, {{kind: deafen, bytes: 0}}, {{kind: deafen, bytes: 20}}, {{kind: deafen, bytes: 1 << 20}}}
	if n.isHTTP2() {
		return append(all, []step{away(at)}, []step{away(at), do(hangUp)}, []step{away(above), away(at), do(hangUp)})
	}
	if lies {
		all = append(all, []step{{kind: answer, status: 408}}, []step{ok()})
	}
	return append(all, []step{{kind: answer, status: 408}, do(hangUp)}, []step{{kind: raw, text: "\x00"}})
}

// carryOut runs a schedule in a bubble of testing/synctest, and returns what
// came of its calls and when the requests arrived.
func (s schedule) carryOut(t *rapid.T) (results []result, arrivals []time.Time) {
	o := &origin{script: s.script, streams: s.streams, settings: s.settings}
	var source tid.TokenSource = tid.StaticToken("token")
	if s.exchange {
		source = tid.AppCredentials("id", "secret")
	}
	opts := []tid.Option{tid.WithRetries(s.retries, s.retried...)}
	if s.gate {
		opts = append(opts, tid.WithLimiter(tid.NewLimiter()))
	}
	w := connect(t, s.network, o, source, s.own.wrap, opts...)
	var mu sync.Mutex
	var workers sync.WaitGroup
	for i, actions := range s.workers {
		workers.Go(func() {
			for j, a := range actions {
				time.Sleep(a.pause)
				ctx, cancel := context.Background(), func() {}
				if a.limit > 0 {
					ctx, cancel = context.WithCancel(ctx)
					time.AfterFunc(a.limit, cancel)
				}
				r := free(a.method, fmt.Sprintf("v1/Core/Call%c%c", 'A'+i, 'A'+j), a.size)
				r.idempotent = slices.Contains(s.retried, a.method)
				got := w.resultOf(r, s.network, r.send(ctx, w.client))
				got.resends, got.untraced, got.canceled = s.own.resends, s.own.untraced, ctx.Err() != nil
				cancel()
				mu.Lock()
				results = append(results, got)
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	time.Sleep(10 * time.Minute) // an exchange of tokens outlives the callers that wait for it
	w.close()
	for i, r := range results { // what has come late counts too
		results[i].received, results[i].attempts = o.concern(r.method, r.path), w.attemptsOf(r.op)
	}
	if !s.own.resends || !s.own.untraced {
		for _, received := range o.received {
			arrivals = append(arrivals, received.at)
		}
		for r := token(); len(o.concern(r.method, r.path)) > w.attemptsOf(r.op); {
			t.Fatalf("the exchange of a token was transmitted %d times in %d attempts", len(o.concern(r.method, r.path)), w.attemptsOf(r.op))
		}
	}
	return results, arrivals
}

func TestEveryTransmissionIsAnAttemptWhateverHappens(t *testing.T) {
	met := make(map[string]int)
	t.Cleanup(func() { t.Logf("met: %v", met) })
	rapid.Check(t, func(t *rapid.T) {
		s := schedules.Draw(t, "schedule")
		rapid.SyncTest(t, func(t *rapid.T) {
			results, arrivals := s.carryOut(t)
			met["schedules"]++
			for _, r := range results {
				met["calls"]++
				met["attempts"] += r.attempts
				met["transmissions"] += len(r.received)
				met["executions"] += r.executions()
				met["refused"] += r.count(func(t transmission) bool { return t.refused })
				if r.err != nil {
					met["failed"]++
				}
				if r.mayHaveExecuted() {
					met["may have been executed"]++
				}
				if wrong := r.wrong(); len(wrong) > 0 {
					t.Errorf("%v\nit is not true that %s", r, strings.Join(wrong, "; or that "))
				}
			}
			if s.gate && crowded(arrivals) > 0 {
				t.Errorf("five requests came in a second: %v", arrivals)
			}
		})
	})
}
