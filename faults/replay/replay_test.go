package replay

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"github.com/vismatid/tid"
)

// scene is a script and where it can be played.
type scene struct {
	name     string
	refusing int // dials, at first
	script   []reaction
	forever  bool
	reused   bool // a request before it has set up the connection
	only     string
}

const (
	onlyHTTP1 = "HTTP/1.1"
	onlyHTTP2 = "HTTP/2"
)

func (s scene) isFor(n network) bool {
	return s.only == "" || (s.only == onlyHTTP2) == n.isHTTP2()
}

func ok() step                       { return step{kind: answer, status: 200} }
func rst(code http2.ErrCode) step    { return step{kind: reset, code: code} }
func away(last lastStream) step      { return step{kind: goAway, last: last} }
func do(k kind) step                 { return step{kind: k} }
func execute(steps ...step) reaction { return reaction{execute: true, steps: steps} }
func ignore(steps ...step) reaction  { return reaction{steps: steps} }
func early(steps ...step) reaction   { return reaction{early: true, steps: steps} }

func then(r reaction, refuse int) reaction {
	r.refuse = refuse
	return r
}

// scenes are all that a server can do to one call.
func scenes() (all []scene) {
	add := func(only, name string, script ...reaction) {
		all = append(all,
			scene{name: name + ", once", script: append(script, execute(ok())), only: only},
			scene{name: name + ", for ever", script: script, forever: true, only: only},
			scene{name: name + ", for ever, on a reused connection", script: script, forever: true, only: only, reused: true})
	}
	for code := http2.ErrCodeNo; code <= http2.ErrCodeHTTP11Required; code++ {
		add(onlyHTTP2, fmt.Sprintf("executed, then RST_STREAM %v", code), execute(rst(code)))
		add(onlyHTTP2, fmt.Sprintf("not executed, RST_STREAM %v", code), ignore(rst(code)))
	}
	for _, code := range []http2.ErrCode{http2.ErrCodeNo, http2.ErrCodeProtocol, http2.ErrCodeInternal, http2.ErrCodeRefusedStream, http2.ErrCodeCancel} {
		add(onlyHTTP2, fmt.Sprintf("RST_STREAM %v before the body", code), early(rst(code)))
		add(onlyHTTP2, fmt.Sprintf("executed, then RST_STREAM %v, then a refused dial", code), then(execute(rst(code), do(hangUp)), 1))
	}
	for _, last := range []lastStream{zero, below, at, above} {
		for _, code := range []http2.ErrCode{http2.ErrCodeNo, http2.ErrCodeEnhanceYourCalm} {
			goAway := step{kind: goAway, code: code, last: last}
			name := fmt.Sprintf("%v", goAway)
			add(onlyHTTP2, "executed, then "+name+" and close", execute(goAway, do(hangUp)))
			add(onlyHTTP2, "not executed, "+name+" and close", ignore(goAway, do(hangUp)))
			add(onlyHTTP2, name+" and close before the body", early(goAway, do(hangUp)))
			add(onlyHTTP2, "executed, then "+name+" and a refused dial", then(execute(goAway, do(hangUp)), 1))
			if last == at || last == above {
				add(onlyHTTP2, "executed, then "+name+", answer and close", execute(goAway, ok(), do(hangUp)))
			} else {
				add(onlyHTTP2, "not executed, "+name+", the connection left open", ignore(goAway))
			}
		}
	}
	add(onlyHTTP2, "shut down in two steps, with the answer", execute(away(above), ok(), away(at), do(hangUp)))
	add(onlyHTTP2, "shut down in two steps, without the request", ignore(away(above), away(below), do(hangUp)))
	add(onlyHTTP2, "half an answer, then RST_STREAM", execute(do(cut), rst(http2.ErrCodeProtocol)))
	add(onlyHTTP2, "answered before the body, then RST_STREAM NO_ERROR", early(step{kind: answer, status: 403}, rst(http2.ErrCodeNo)))
	for _, end := range []kind{hangUp, abort} {
		add("", fmt.Sprintf("not executed, %s", end), ignore(do(end)))
		add("", fmt.Sprintf("%s before the body", end), early(do(end)))
		add("", fmt.Sprintf("executed, then %s", end), execute(do(end)))
		add("", fmt.Sprintf("executed, then %s, then a refused dial", end), then(execute(do(end)), 1))
		all = append(all, scene{name: fmt.Sprintf("a refused dial, then executed, then %s", end), refusing: 1, script: []reaction{execute(do(end)), execute(ok())}})
		add("", fmt.Sprintf("executed, then an interim answer and %s", end), execute(do(interim), do(end)))
		add("", fmt.Sprintf("executed, then half a header and %s", end), execute(do(half), do(end)))
		add("", fmt.Sprintf("executed, then half an answer and %s", end), execute(do(cut), do(end)))
		add("", fmt.Sprintf("executed and answered, then %s", end), execute(ok(), do(end)))
	}
	all = append(all, scene{name: "a refused dial", refusing: 1, script: []reaction{execute(ok())}},
		scene{name: "a refused dial, then executed, then REFUSED_STREAM", refusing: 1, script: []reaction{execute(do(hangUp)), ignore(rst(http2.ErrCodeRefusedStream)), execute(ok())}, only: onlyHTTP2},
		scene{name: "executed, then close, then REFUSED_STREAM", script: []reaction{execute(do(hangUp)), ignore(rst(http2.ErrCodeRefusedStream)), execute(ok())}, only: onlyHTTP2},
		scene{name: "executed, then close, then GOAWAY", script: []reaction{execute(do(hangUp)), ignore(away(zero), do(hangUp)), execute(ok())}, only: onlyHTTP2})
	add("", "executed, after an interim answer", execute(do(interim), ok()))
	add(onlyHTTP1, "executed, then 408", execute(step{kind: answer, status: 408}, do(hangUp)))
	add(onlyHTTP1, "not executed, 408", ignore(step{kind: answer, status: 408}, do(hangUp)))
	add(onlyHTTP1, "executed and answered, then 408 on the idle connection", execute(ok(), step{kind: answer, status: 408}, do(hangUp)))
	add(onlyHTTP1, "executed and answered, then an answer to nothing", execute(ok(), ok()))
	add(onlyHTTP1, "executed and answered, then bytes", execute(ok(), step{kind: raw, text: "\r\n\x00nonsense"}))
	return all
}

// play lets one call meet one scene.
func play(t tester, n network, s scene, r request, wrap between, opts ...tid.Option) result {
	o := &origin{script: s.script, forever: s.forever, refusing: s.refusing, concerns: r.is}
	w := connect(t, n, o, r.source, wrap, opts...)
	defer w.close()
	ctx, cancel := context.WithTimeout(context.Background(), n.patience())
	defer cancel()
	if s.reused {
		before := w.newClient(t, tid.StaticToken("token"), over(n, w.transport)...)
		require.NoError(t, before.Do(ctx, "GET", "v1/Core/Before", nil, nil, nil))
	}
	got := w.resultOf(r, n, r.send(ctx, w.client))
	got.canceled = ctx.Err() != nil
	return got
}

// playInMemory does so in virtual time.
func playInMemory(t *testing.T, n network, s scene, r request, wrap between, opts ...tid.Option) (got result) {
	synctest.Test(t, func(t *testing.T) { got = play(t, n, s, r, wrap, opts...) })
	return got
}

func TestEveryTransmissionIsAnAttemptWhateverTheServerDoes(t *testing.T) {
	for _, n := range []network{http1Memory, http2Memory} {
		for _, s := range scenes() {
			if !s.isFor(n) {
				continue
			}
			t.Run(string(n)+"/"+s.name, func(t *testing.T) {
				for _, r := range requests() {
					got := playInMemory(t, n, s, r, plain)
					assert.Empty(t, got.wrong(), "%v", got)
				}
			})
		}
	}
}

func TestEveryTransmissionIsAnAttemptOnSockets(t *testing.T) {
	for _, n := range []network{http1, http1Own, http1TLS, http2TLS} {
		for _, s := range scenes() {
			if !s.isFor(n) || s.forever && !s.reused || n == http1Own && s.script[0].refuse+s.refusing > 0 {
				continue
			}
			t.Run(string(n)+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				for _, r := range few {
					got := play(t, n, s, r, plain, tid.WithRetries(1))
					assert.Empty(t, got.wrong(), "%v", got)
				}
			})
		}
	}
}

// A RoundTripper of the caller's may do more than it is asked for.
func TestEveryTransmissionIsAnAttemptWhateverTheRoundTripperDoes(t *testing.T) {
	for _, own := range roundTrippers {
		for _, n := range []network{http1Memory, http2Memory} {
			for _, s := range scenes() {
				if !s.isFor(n) || s.forever && !s.reused {
					continue
				}
				t.Run(own.name+"/"+string(n)+"/"+s.name, func(t *testing.T) {
					for _, r := range few {
						got := playInMemory(t, n, s, r, own.wrap)
						got.resends, got.untraced = own.resends, own.untraced
						assert.Empty(t, got.wrong(), "%v", got)
					}
				})
			}
		}
	}
}

// What a server says not to have executed is sent again, a POST as well.
func TestARefusedRequestIsRetriedUntilTheServerRecovers(t *testing.T) {
	for _, refusal := range []struct {
		name  string
		steps []step
	}{
		{"REFUSED_STREAM", []step{rst(http2.ErrCodeRefusedStream)}},
		{"GOAWAY(0)", []step{away(zero)}},
		{"GOAWAY(0) and close", []step{away(zero), do(hangUp)}},
		{"GOAWAY(below)", []step{away(below)}},
		{"GOAWAY(below) and close", []step{away(below), do(hangUp)}},
		{"GOAWAY in two steps", []step{away(above), away(below), do(hangUp)}},
	} {
		for _, reused := range []bool{false, true} {
			for times := 1; times <= 4; times++ {
				t.Run(fmt.Sprintf("%s/%d times, reused %t", refusal.name, times, reused), func(t *testing.T) {
					for _, r := range requests() {
						for _, react := range []func(...step) reaction{ignore, early} {
							s := scene{script: append(slices.Repeat([]reaction{react(refusal.steps...)}, times), execute(ok())), reused: reused}
							got := playInMemory(t, http2Memory, s, r, plain)
							assert.NoError(t, got.err, "%v", got)
							assert.Equal(t, times+1, got.attempts, "%v", got)
							assert.Len(t, got.received, times+1, "%v", got)
							assert.Equal(t, 1, got.executions(), "%v", got)
							assert.Empty(t, got.wrong(), "%v", got)
						}
					}
				})
			}
		}
	}
}

func TestARetryPassesTheRateLimit(t *testing.T) {
	for name, script := range map[string][]reaction{
		"REFUSED_STREAM":       {ignore(rst(http2.ErrCodeRefusedStream)), execute(ok())},
		"GOAWAY(0) and close":  {ignore(away(zero), do(hangUp)), execute(ok())},
		"PROTOCOL_ERROR":       {ignore(rst(http2.ErrCodeProtocol)), execute(ok())},
		"closed when reused":   {execute(ok()), ignore(do(hangUp))},
		"aborted when reused":  {execute(ok()), ignore(do(abort))},
		"closed after answers": {execute(ok(), do(hangUp))},
	} {
		for _, n := range []network{http1Memory, http2Memory} {
			for _, method := range methods {
				t.Run(fmt.Sprintf("%s/%s/%s", n, name, method), func(t *testing.T) {
					var arrivals []time.Time
					synctest.Test(t, func(t *testing.T) {
						o := &origin{script: slices.Repeat(script, 20)}
						w := connect(t, n, o, tid.StaticToken("token"), plain, tid.WithLimiter(tid.NewLimiter()))
						defer w.close()
						var calls sync.WaitGroup
						for i := range 12 {
							calls.Go(func() { _ = w.client.Do(t.Context(), method, fmt.Sprintf("v1/Core/Call%c", 'A'+i), nil, nil, nil) })
						}
						calls.Wait()
						for _, received := range o.received {
							arrivals = append(arrivals, received.at)
						}
					})
					assert.Zero(t, crowded(arrivals), "five requests came in a second: %v", arrivals)
				})
			}
		}
	}
}

// crowded counts the seconds in which more than four requests came.
func crowded(arrivals []time.Time) (n int) {
	slices.SortFunc(arrivals, time.Time.Compare)
	for i := 4; i < len(arrivals); i++ {
		if arrivals[i].Sub(arrivals[i-4]) < time.Second {
			n++
		}
	}
	return n
}

// A connection that has room for one request after all gives the others back,
// before it has written anything of them.
func TestAHundredCallsOnConnectionsOfOneStream(t *testing.T) {
	for _, n := range []network{http2Memory, http2TLS} {
		for _, settings := range []time.Duration{0, 300 * time.Millisecond} {
			for _, method := range methods {
				t.Run(fmt.Sprintf("%s/%s/SETTINGS after %s", n, method, settings), func(t *testing.T) {
					rounds := 5 // which of the calls come first is up to the scheduler
					if n == http2TLS {
						rounds = 1
					}
					for range rounds {
						o := &origin{settings: settings, streams: 1, most: 1000, forever: true,
							script: []reaction{{execute: true, pause: 2 * time.Millisecond, steps: []step{ok()}}}}
						var results []result
						if n == http2Memory {
							synctest.Test(t, func(t *testing.T) { results = hundred(t, n, o, method) })
						} else {
							results = hundred(t, n, o, method)
						}
						failed, executed := 0, 0
						for _, got := range results {
							assert.Empty(t, got.wrong(), "%v", got)
							executed += got.executions()
							if got.err != nil {
								failed++
								t.Log(got)
							}
						}
						assert.Zero(t, failed, "of 100 calls")
						assert.Equal(t, 100, executed)
					}
				})
			}
		}
	}
}

// hundred makes as many calls at once, with and without a body.
func hundred(t tester, n network, o *origin, method string) []result {
	w := connect(t, n, o, tid.StaticToken("token"), plain)
	defer w.close()
	results := make([]result, 100)
	var calls sync.WaitGroup
	for i := range results {
		calls.Go(func() {
			r := free(method, fmt.Sprintf("v1/Core/Call%c%c", 'A'+i/10, 'A'+i%10), i%2*40)
			results[i] = w.resultOf(r, n, r.send(context.Background(), w.client))
		})
	}
	calls.Wait()
	return results
}

// The server has gone after it has executed a write, and comes back.
func TestAWriteIsExecutedOnceWhenTheServerComesBack(t *testing.T) {
	for _, n := range []network{http1, http1Own, http1TLS, http2TLS} {
		for _, end := range [][]step{{rst(http2.ErrCodeProtocol), do(hangUp)}, {do(hangUp)}, {do(abort)}} {
			for _, r := range []request{free("POST", "v1/Core/Whatever", 0), free("POST", "v1/Core/Whatever", 40), free("PATCH", "v1/Core/Whatever", 0)} {
				t.Run(fmt.Sprintf("%s/%v/%v", n, end, r), func(t *testing.T) {
					t.Parallel()
					o := &origin{script: []reaction{execute(end...)}, forever: true, concerns: r.is, once: true}
					w := connect(t, n, o, r.source, plain)
					defer w.close()
					got := w.resultOf(r, n, r.send(t.Context(), w.client))
					assert.Empty(t, got.wrong(), "%v", got)
				})
			}
		}
	}
}

// A request may be on its way when its context ends.
func TestACancelledWriteThatWasExecutedMayHaveBeen(t *testing.T) {
	for _, n := range []network{http1, http1Own, http1TLS, http2TLS} {
		t.Run(string(n), func(t *testing.T) {
			t.Parallel()
			o := &origin{script: []reaction{{execute: true, pause: 100 * time.Microsecond, steps: []step{ok()}}}, forever: true, most: 1 << 20}
			w := connect(t, n, o, tid.StaticToken("token"), plain)
			defer w.close()
			executed := 0
			for i := range 1000 {
				r := free("POST", fmt.Sprintf("v1/Core/Call%c%c%c", 'A'+i/100, 'A'+i/10%10, 'A'+i%10), i%2*40)
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%50)*10*time.Microsecond)
				err := r.send(ctx, w.client)
				cancel()
				if err == nil {
					continue
				}
				time.Sleep(time.Millisecond) // what was under way arrives
				got := w.resultOf(r, n, err)
				got.canceled = true
				executed += got.executions()
				assert.Empty(t, got.wrong(), "%v", got)
			}
			t.Logf("%d executed of those that were cancelled", executed)
		})
	}
}
