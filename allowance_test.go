package tid_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// paused is a transport whose goroutine stops for a while before it sends, as in a
// garbage collection or a container without a processor.
type paused struct {
	next http.RoundTripper
	most time.Duration

	mu  sync.Mutex
	rng *rand.Rand
}

func (p *paused) RoundTrip(req *http.Request) (*http.Response, error) {
	p.mu.Lock()
	d := time.Duration(0)
	if p.rng.IntN(10) == 0 {
		d = time.Duration(p.rng.Int64N(int64(p.most)))
	}
	p.mu.Unlock()
	time.Sleep(d)
	return p.next.RoundTrip(req)
}

// mostInASecond is the largest number of times within any sliding second.
func mostInASecond(times []time.Time) (most int) {
	first := 0
	for i, at := range times {
		for at.Sub(times[first]) >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// The limit holds at the server, and not only at the gate: a request counts when it
// arrives there, however long its connection took to come up, whatever the token
// source was doing meanwhile, and whichever requests died on their way.
func TestNeverMoreThanFourReachTheServerInASecond(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name    string
		latency time.Duration // of a round trip, constant
		connect tidtest.Latency
		life    time.Duration // of tokens; 0 is a static token
		renewal time.Duration // how long an exchange takes
		dying   float64       // the share of reused connections that turn out dead
		pauses  time.Duration
	}{
		{name: "connections at once", latency: 10 * ms},
		{name: "connections in 0.4 s", latency: 10 * ms, connect: tidtest.Latency{RoundTrip: 400 * ms}},
		{name: "connections in 1.5 s", latency: 10 * ms, connect: tidtest.Latency{RoundTrip: 1500 * ms}, dying: 0.2},
		{name: "connections in 3 s", latency: 10 * ms, connect: tidtest.Latency{RoundTrip: 3 * time.Second}, dying: 0.2},
		{name: "connections in 5 s", latency: 250 * ms, connect: tidtest.Latency{RoundTrip: 5 * time.Second}, dying: 0.2},
		{name: "connections in 0 to 5 s", latency: 250 * ms, connect: tidtest.Latency{Uniform: 5 * time.Second}, dying: 0.3},
		{name: "slow answers", latency: 1500 * ms, connect: tidtest.Latency{Uniform: 2 * time.Second}, dying: 0.3},
		{name: "tokens that end", latency: 10 * ms, life: 30 * time.Second, renewal: 4 * time.Second},
		{name: "tokens that end, connections in 0 to 5 s", latency: 100 * ms, connect: tidtest.Latency{Uniform: 5 * time.Second},
			life: 30 * time.Second, renewal: 4 * time.Second, dying: 0.3},
		{name: "pauses", latency: 50 * ms, pauses: 5 * time.Second},
		{name: "everything", latency: 500 * ms, connect: tidtest.Latency{Uniform: 5 * time.Second},
			life: 30 * time.Second, renewal: 4 * time.Second, dying: 0.3, pauses: 5 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				opts := []tidtest.Option{tidtest.InMemory(), tidtest.WithLatency(tidtest.Latency{RoundTrip: c.latency}), tidtest.WithConnectTime(c.connect)}
				if c.life > 0 {
					opts = append(opts, tidtest.WithTokenLifetime(c.life))
				}
				srv := tidtest.NewServer(t, opts...)
				source := tid.StaticToken(srv.StaticToken)
				if c.life > 0 {
					source = tid.AppCredentials(srv.AppID, srv.AppSecret)
					srv.Inject(tidtest.Fault{Operation: "POST /v1/Auth/Token", Share: 1, Effect: tidtest.Delay(c.renewal)})
				}
				if c.dying > 0 {
					srv.Inject(tidtest.Fault{Share: c.dying, Effect: tidtest.DropIdle()})
				}
				transport := srv.Transport()
				if c.pauses > 0 {
					transport = &paused{next: transport, most: c.pauses, rng: rand.New(rand.NewPCG(1, 2))}
				}
				client, err := tid.NewClient(source, tid.WithBaseURL(srv.URL), tid.WithHTTPClient(&http.Client{Transport: transport}))
				require.NoError(t, err)

				length := 10 * time.Minute
				if raceDetector { // which takes twenty times as long
					length = time.Minute
				}
				begin := time.Now()
				if c.life > 0 {
					var killing sync.WaitGroup
					defer killing.Wait()
					killing.Go(func() { // tokens that stop working before they end
						for time.Since(begin) < length {
							time.Sleep(47 * time.Second)
							srv.KillTokens()
						}
					})
				}
				id := srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{Name: "Kund", ContactType: tid.ContactCompany}})
				calls := []func(context.Context){
					func(ctx context.Context) { _, _ = client.Contacts.Get(ctx, id) },
					func(ctx context.Context) { _, _ = client.Contacts.List(ctx, nil) },
					func(ctx context.Context) {
						_, _ = client.Contacts.Create(ctx, &tid.ContactInput{Name: "Ny", ContactType: tid.ContactPerson})
					},
					func(ctx context.Context) {
						_, _ = client.Contacts.Update(ctx, id, &tid.ContactInput{Name: "Kund", ContactType: tid.ContactCompany})
					},
					func(ctx context.Context) { _ = client.Contacts.Delete(ctx, 1_000_000) },
					func(ctx context.Context) {
						_ = client.Invoices.SetSentToEconomySystem(ctx, 1, tid.NewDate(2026, 10, 1), "1")
					},
				}
				var wg sync.WaitGroup
				for worker := range 16 {
					wg.Go(func() {
						for i := worker; time.Since(begin) < length; i++ {
							calls[i%len(calls)](t.Context())
						}
					})
				}
				wg.Wait()

				var arrived []time.Time
				limited := 0
				for _, r := range srv.Requests() {
					arrived = append(arrived, r.Time)
					if r.RateLimited {
						limited++
					}
				}
				t.Logf("%d requests, %d in the busiest second, %d refused", len(arrived), mostInASecond(arrived), limited)
				assert.LessOrEqual(t, mostInASecond(arrived), 4, "requests in a second, exchanges of tokens included")
				assert.Zero(t, limited, "refused for the rate limit")
				assert.Greater(t, len(arrived), int(length.Seconds()), "requests in all")
			})
		})
	}
}

// tickets is a limiter that lets so many requests be under way at once.
type tickets chan struct{}

func (l tickets) Wait(ctx context.Context) (tid.Permit, error) {
	select {
	case l <- struct{}{}:
		return l, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (tickets) Sent() {}

func (l tickets) Done(int, time.Duration) { <-l }

// An exchange of tokens passes the limiter like every request, so a call must not
// hold a permit while it waits for its token.
func TestALimiterOfConcurrencyIsNotHeldWhileATokenIsFetched(t *testing.T) {
	for _, most := range []int{1, 2, 4} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithTokenLifetime(time.Minute), tidtest.WithRateLimit(0),
					tidtest.WithLatency(tidtest.Latency{RoundTrip: 2 * time.Second}))
				limiter := make(tickets, most)
				client := srv.Client(tid.WithLimiter(limiter))
				var wg sync.WaitGroup
				for range 16 {
					wg.Go(func() {
						for range 5 {
							_, err := client.Contacts.List(t.Context(), nil)
							assert.NoError(t, err)
						}
					})
				}
				wg.Wait()
				assert.Empty(t, limiter, "permits that have not come back")
			})
		})
	}
}

// A transport that panics does not keep its slot: four of them would stop the client.
func TestAPanickingTransportGivesItsSlotBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		panics := 0
		c := client(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if panics++; panics <= 8 {
				panic("a fault of the transport")
			}
			return answer(req, 200, `{}`), nil
		}))
		for range 8 {
			assert.PanicsWithValue(t, "a fault of the transport", func() {
				_ = c.Do(t.Context(), "GET", "v1/Core/Contacts/1", nil, nil, nil)
			})
		}
		assert.NoError(t, c.Do(t.Context(), "GET", "v1/Core/Contacts/1", nil, nil, nil))
	})
}
