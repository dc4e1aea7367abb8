package fleet

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/mirror"
	"github.com/vismatid/tid/tidtest"
)

// machine is a fleet of accounts in a file, as one of several machines has it.
func machine(t *testing.T, file string, accounts []Account) *Fleet {
	m, err := mirror.Open(t.Context(), "sqlite:"+file)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, m.Close()) })
	return &Fleet{Mirror: m, Accounts: accounts, Parallel: 2}
}

func TestMachinesShareOutTheAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const accounts, machines = 9, 3
		hours := 4
		if testing.Short() {
			hours = 2
		}
		var all []Account
		for n := range accounts {
			srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithRateLimit(0), tidtest.WithCompany(tidtest.Sample(1, 1)),
				tidtest.WithLatency(tidtest.Latency{RoundTrip: 5 * time.Second})) // a run takes a while
			all = append(all, Account{Name: fmt.Sprint("account ", n), Client: srv.Client(tid.WithLimiter(nil))})
		}
		file := filepath.Join(t.TempDir(), "tid.db")
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(hours)*time.Hour)
		defer cancel()
		var mu sync.Mutex
		began := map[string][]time.Time{}
		share := make([]int, machines)
		var wait sync.WaitGroup
		for n := range machines {
			f := machine(t, file, all)
			f.Only, f.Every = []string{"time_codes", "activities"}, 5*time.Minute
			f.Done = func(o Outcome) {
				mu.Lock()
				defer mu.Unlock()
				if ctx.Err() == nil {
					assert.Empty(t, o.Error)
				}
				assert.False(t, o.Busy, "that another machine does it is nothing to tell of")
				began[o.Account] = append(began[o.Account], o.Began)
				share[n]++
			}
			wait.Go(func() { f.Run(ctx) })
		}
		wait.Wait()
		runs := 0
		for _, account := range all {
			times := began[account.Name]
			runs += len(times)
			assert.InDelta(t, hours*12, len(times), float64(hours), "%s: one run each five minutes, by all machines", account.Name)
			for i := 1; i < len(times); i++ {
				assert.InDelta(t, 5*time.Minute, times[i].Sub(times[i-1]), float64(45*time.Second))
			}
		}
		for n := range machines {
			assert.InDelta(t, runs/machines, share[n], float64(runs)/10, "the machine %d takes its share", n)
		}
	})
}

// The machine is gone as kill -9 leaves it: its lease stays in the file, and nothing renews it.
func TestAnAccountOfAMachineThatDiedIsTakenOverWithinAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		dead, died := filepath.Join(dir, "tid.db"), make(chan time.Time, 1)
		ctx, cancel := context.WithCancel(t.Context())
		requests := 0
		var mu sync.Mutex
		srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithRateLimit(0), tidtest.WithCompany(tidtest.Sample(1, 3)),
			tidtest.WithBeforeRequest(func(*tidtest.Server, tidtest.Request) {
				mu.Lock()
				defer mu.Unlock()
				if requests++; requests == 20 {
					for _, suffix := range []string{"", "-wal"} {
						content, err := os.ReadFile(dead + suffix)
						assert.NoError(t, err)
						assert.NoError(t, os.WriteFile(filepath.Join(dir, "left.db"+suffix), content, 0o600))
					}
					died <- time.Now()
					cancel()
				}
			}))
		accounts := []Account{{Name: "acme", Client: srv.Client(tid.WithLimiter(nil), tid.WithReadAhead(0))}}
		f := machine(t, dead, accounts)
		f.Every = time.Hour
		f.Run(ctx)
		at := <-died

		ctx, cancel = context.WithCancel(t.Context())
		f = machine(t, filepath.Join(dir, "left.db"), accounts)
		f.Every = time.Hour
		var began, ended time.Time
		f.Begin = func(string) { began = time.Now() }
		f.Done = func(o Outcome) {
			assert.Empty(t, o.Error)
			ended = time.Now()
			cancel()
		}
		f.Run(ctx)
		assert.False(t, ended.IsZero())
		assert.Greater(t, began.Sub(at), 25*time.Second, "not while it may live")
		assert.LessOrEqual(t, began.Sub(at), time.Minute)
	})
}

func TestAnAccountThatFailsIsTriedLessAndLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, servers := newFleet(t)
		servers[0].Inject(tidtest.Fault{Share: 1, Effect: tidtest.Answer(500, "")})
		f.Accounts, f.Every = f.Accounts[:1], time.Hour
		var at []time.Time
		f.Done = func(o Outcome) { at = append(at, o.Began) }
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		f.Run(ctx)
		require.Greater(t, len(at), 10)
		assert.Less(t, len(at), 35)
		assert.Less(t, at[1].Sub(at[0]), time.Minute)
		for i := 2; i < len(at); i++ {
			assert.LessOrEqual(t, at[i].Sub(at[i-1]), 67*time.Minute)
			if i < 7 {
				assert.Equal(t, 2*at[i-1].Sub(at[i-2]), at[i].Sub(at[i-1]))
			}
		}
	})
}

func TestAMirrorThatFailsIsNotAskedInATightLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, servers := newFleet(t)
		f.Every = time.Hour
		f.Accounts = f.Accounts[:1]
		f.Accounts[0].Fingerprint = mirror.Fingerprint("one")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		f.Run(ctx)
		cancel()
		servers[0].ResetRequests()
		f.Accounts[0].Fingerprint = mirror.Fingerprint("another")
		tried := 0
		f.Begin = func(string) { t.Error("no run begins") }
		f.Done = func(o Outcome) { tried++; assert.Contains(t, o.Error, "of another company") }
		ctx, cancel = context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		f.Run(ctx)
		assert.Less(t, tried, 35)
		assert.Greater(t, tried, 20)
		assert.Empty(t, servers[0].Requests())
	})
}

func TestHealthIsThatOfTheMirrorWhicheverMachineKeepsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _ := newFleet(t)
		f.Run(t.Context())
		other := &Fleet{Mirror: f.Mirror, Accounts: f.Accounts, Only: f.Only, Every: time.Minute}
		status, _ := ask(other, "/healthz")
		assert.Equal(t, 200, status)
		require.NoError(t, f.Mirror.Close())
		status, body := ask(other, "/healthz")
		assert.Equal(t, 503, status)
		assert.Contains(t, body, "the database")
	})
}
