package fleet

import (
	"container/heap"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidredis"
	"github.com/vismatid/tid/tidtest"
)

var simulate = flag.Bool("simulate", false, "simulate up to 1,000 processes and 10,000 accounts, which takes minutes, in the place of a few")

// TestSimulateProcesses lets more and more processes share one account. It runs the code itself,
// with a Redis in memory and in virtual time.
func TestSimulateProcesses(t *testing.T) {
	type run struct {
		processes, goroutines int
	}
	runs := []run{{1, 16}, {30, 2}}
	length := 30 * time.Second
	if *simulate {
		runs = []run{{1, 1}, {1, 16}, {1, 1000}, {10, 4}, {100, 4}, {1000, 4}}
		length = 5 * time.Minute
	}
	for _, r := range runs {
		for _, shared := range []bool{false, true} {
			if !shared && r.processes > 1 {
				continue // that is eight local gates in TestEightProcesses…
			}
			synctest.Test(t, func(t *testing.T) {
				srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithLatency(tidtest.Latency{RoundTrip: 50 * time.Millisecond}), tidtest.WithLog(100_000))
				m := inMemory(t)
				var sent counter
				var wg sync.WaitGroup
				began := time.Now()
				for n := range r.processes {
					limiter := tid.NewLimiter()
					if shared {
						rdb := connect(t, m)
						rdb.AddHook(&sent)
						limiter = tidredis.Limiter(rdb, "ap_1")
					}
					work(t, srv, fmt.Sprint("process-", n), limiter, &wg, r.goroutines, length)
				}
				time.Sleep(length)
				f := measure(srv.Requests(), time.Since(began))
				commands := float64(sent.commands.Load()) / time.Since(began).Seconds()
				wg.Wait()
				time.Sleep(time.Minute) // what is still reported
				t.Logf("%4d processes of %4d goroutines, shared %-5v: %s, %.1f commands/s", r.processes, r.goroutines, shared, f, commands)
				assert.Greater(t, f.rate, 3.5)
				assert.Less(t, f.share, 0.005)
			})
		}
	}
}

// accounts is a simulation of machines that run tid mirror --every with one list of accounts. It
// is a model: each machine looks at each account after at most 25 seconds whether it is due and
// free, runs at most so many at the same time, and a lease of a machine that died ends after
// half a minute.
type accounts struct {
	machines, accounts, parallel int
	every                        time.Duration
	takes                        func(*rand.Rand) time.Duration // a run
	kill                         time.Duration                  // between two deaths of a machine; it is back after five minutes
	length                       time.Duration
}

// staleness is what is wanted: how old the copies are.
type staleness struct {
	runs                 int // complete ones, in the second half
	median, p99, longest time.Duration
}

func (s accounts) run(seed uint64) staleness {
	const look, lease, repair = 25 * time.Second, 30 * time.Second, 5 * time.Minute
	rnd := rand.New(rand.NewPCG(seed, 1))
	type state struct {
		last  time.Duration // when the last complete run began
		owner int           // the machine that runs it, -1 if none does
		until time.Duration // of the lease of a dead machine
	}
	type machine struct {
		running, life int
		dead          bool
		waiting       []int           // accounts that are due, and for which there is no turn
		every         []time.Duration // of each account, with a jitter that is new after each run
	}
	all, machines := make([]state, s.accounts), make([]machine, s.machines)
	for i := range all {
		all[i].last, all[i].owner = -2*s.every, -1
	}
	var events queue
	at := func(when time.Duration, do func(now time.Duration)) { heap.Push(&events, event{when, do}) }
	result := staleness{}
	var ages []time.Duration
	jitter := func() time.Duration { return s.every - s.every/10 + time.Duration(rnd.Int64N(int64(s.every/5))) }
	var visit func(m, life, a int) func(time.Duration)
	begin := func(now time.Duration, m, a int) {
		life := machines[m].life
		all[a].owner = m
		machines[m].running++
		at(now+s.takes(rnd), func(end time.Duration) {
			if machines[m].life != life { // it died meanwhile
				return
			}
			all[a].owner, all[a].last = -1, now
			machines[m].every[a] = jitter()
			if now >= s.length/2 {
				result.runs++
			}
			machines[m].running--
			at(end+look-time.Duration(rnd.Int64N(int64(look/5))), visit(m, life, a))
			for len(machines[m].waiting) > 0 && machines[m].running < s.parallel {
				next := machines[m].waiting[0]
				machines[m].waiting = machines[m].waiting[1:]
				visit(m, life, next)(end)
			}
		})
	}
	visit = func(m, life, a int) func(time.Duration) {
		return func(now time.Duration) {
			if machines[m].life != life || machines[m].dead {
				return
			}
			soon := look - time.Duration(rnd.Int64N(int64(look/5)))
			due := all[a].last + machines[m].every[a] - now
			switch {
			case all[a].owner >= 0 || now < all[a].until:
				at(now+soon, visit(m, life, a))
			case due > 0:
				at(now+min(soon, due), visit(m, life, a))
			case machines[m].running >= s.parallel:
				machines[m].waiting = append(machines[m].waiting, a)
			default:
				begin(now, m, a)
			}
		}
	}
	start := func(now time.Duration, m int) {
		machines[m].every = make([]time.Duration, s.accounts)
		for a := range s.accounts {
			machines[m].every[a] = jitter()
		}
		for _, a := range rnd.Perm(s.accounts) {
			at(now+time.Duration(rnd.Int64N(int64(time.Second))), visit(m, machines[m].life, a))
		}
	}
	end := func(m int, now time.Duration) { // what a machine was running is free after the lease
		for a := range all {
			if all[a].owner == m {
				all[a].owner, all[a].until = -1, now+lease
			}
		}
	}
	for m := range machines {
		start(0, m)
	}
	if s.kill > 0 {
		var die func(time.Duration)
		die = func(now time.Duration) {
			m := rnd.IntN(s.machines)
			if !machines[m].dead {
				machines[m] = machine{life: machines[m].life + 1, dead: true}
				end(m, now)
				at(now+repair, func(now time.Duration) { machines[m].dead = false; start(now, m) })
			}
			at(now+s.kill, die)
		}
		at(s.kill, die)
	}
	for now := s.length / 2; now < s.length; now += time.Minute { // the first half is the first load
		at(now, func(now time.Duration) {
			for _, a := range all {
				ages = append(ages, now-a.last)
			}
		})
	}
	for events.Len() > 0 && events[0].at < s.length {
		e := heap.Pop(&events).(event)
		e.do(e.at)
	}
	slices.Sort(ages)
	result.median, result.p99, result.longest = ages[len(ages)/2], ages[len(ages)*99/100], ages[len(ages)-1]
	return result
}

type event struct {
	at time.Duration
	do func(now time.Duration)
}

type queue []event

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].at < q[j].at }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(event)) }
func (q *queue) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	*q = (*q)[:last]
	return e
}

func TestSimulateAccounts(t *testing.T) {
	minutes := func(d time.Duration) string { return fmt.Sprintf("%.1f min", d.Minutes()) }
	// A run of an account without changes is 26 requests at four a second, and some have many.
	takes := func(rnd *rand.Rand) time.Duration {
		requests := 26 + int(rnd.ExpFloat64()*20)
		return time.Duration(requests) * time.Second / 4
	}
	sizes := []accounts{{machines: 3, accounts: 40, parallel: 4, every: 10 * time.Minute, kill: 5 * time.Minute}}
	if *simulate {
		sizes = nil
		for _, n := range []int{100, 1000, 10_000} {
			for _, machines := range []int{1, 4} {
				for _, kill := range []time.Duration{0, 10 * time.Minute} {
					if machines == 1 && kill > 0 {
						continue
					}
					sizes = append(sizes, accounts{machines: machines, accounts: n, parallel: n / 100, every: time.Hour, kill: kill})
				}
			}
		}
	}
	for _, s := range sizes {
		s.takes, s.length = takes, 4*s.every
		found := s.run(1)
		t.Logf("%5d accounts, %d machines × %3d at once, one dies every %v: age %s in the middle, %s of 99 %%, %s at most; %.2f runs of each in %v",
			s.accounts, s.machines, s.parallel, s.kill, minutes(found.median), minutes(found.p99), minutes(found.longest),
			float64(found.runs)/float64(s.accounts)/2, s.every)
		assert.Less(t, found.longest, s.every*3/2+5*time.Minute)
	}
}
