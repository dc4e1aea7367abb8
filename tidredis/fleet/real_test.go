package fleet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidredis"
	"github.com/vismatid/tid/tidtest"
)

var seconds = flag.Int("seconds", 20, "how many `seconds` real processes work against each other")

// server is a real Redis on a port of its own.
type server struct {
	port int
	cmd  *exec.Cmd
	dir  string
}

// startRedis starts a real Redis. Without one the test is left out, or fails if
// REQUIRE_REDIS is set.
func startRedis(t testing.TB) *server {
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("REQUIRE_REDIS") != "" {
			t.Fatal("redis-server is not installed")
		}
		t.Skip("redis-server is not installed")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &server{port: l.Addr().(*net.TCPAddr).Port, dir: t.TempDir()}
	require.NoError(t, l.Close())
	s.start(t)
	t.Cleanup(func() { s.kill(t) })
	return s
}

func (s *server) address() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

func (s *server) start(t testing.TB) {
	s.cmd = exec.Command("redis-server", "--port", fmt.Sprint(s.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.dir)
	require.NoError(t, s.cmd.Start())
	rdb := redis.NewClient(&redis.Options{Addr: s.address()})
	defer func() { _ = rdb.Close() }()
	require.Eventually(t, func() bool { return rdb.Ping(context.Background()).Err() == nil }, 10*time.Second, 20*time.Millisecond)
}

func (s *server) kill(t testing.TB) {
	assert.NoError(t, s.cmd.Process.Kill())
	_ = s.cmd.Wait() // killed
}

// proxy is a network to Redis that can be cut: nothing arrives any more on connections that
// stay open, until it is mended, when they break.
type proxy struct {
	listener net.Listener
	to       string

	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]bool
}

func newProxy(t testing.TB, to string) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{listener: l, to: to, conns: map[net.Conn]bool{}}
	t.Cleanup(func() { _ = l.Close(); p.set(false) })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(conn)
		}
	}()
	return p
}

func (p *proxy) serve(from net.Conn) {
	to, err := net.Dial("tcp", p.to)
	if err != nil {
		_ = from.Close()
		return
	}
	p.mu.Lock()
	p.conns[from], p.conns[to] = true, true
	p.mu.Unlock()
	var both sync.WaitGroup
	for _, pair := range [][2]net.Conn{{from, to}, {to, from}} {
		both.Go(func() {
			buffer := make([]byte, 32<<10)
			for {
				n, err := pair[0].Read(buffer)
				p.mu.Lock()
				cut := p.cut
				p.mu.Unlock()
				if err != nil && !cut {
					break
				}
				if !cut {
					_, err = pair[1].Write(buffer[:n])
				}
				if err != nil {
					break
				}
			}
			_ = pair[0].Close()
			_ = pair[1].Close()
		})
	}
	both.Wait()
	p.mu.Lock()
	delete(p.conns, from)
	delete(p.conns, to)
	p.mu.Unlock()
}

// set cuts the network, or mends it.
func (p *proxy) set(cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = cut
	if !cut {
		for conn := range p.conns {
			_ = conn.Close()
		}
	}
}

// task is what a process does: it calls the servers, each with so many goroutines, until its
// standard input ends.
type task struct {
	Redis, Name string
	Goroutines  int
	Servers     []target
}

type target struct{ URL, Token string }

// result is what it has seen.
type result struct {
	Calls   int
	Errors  map[string]int
	Longest time.Duration // of a call
}

func TestMain(m *testing.M) {
	if text := os.Getenv("FLEET_TASK"); text != "" {
		if err := child(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func child(text string) error {
	var do task
	if err := json.Unmarshal([]byte(text), &do); err != nil {
		return err
	}
	rdb := redis.NewClient(&redis.Options{Addr: do.Redis, ContextTimeoutEnabled: true})
	ctx, end := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		end()
	}()
	var mu sync.Mutex
	seen := result{Errors: map[string]int{}}
	var wg sync.WaitGroup
	for _, to := range do.Servers {
		client, err := tid.NewClient(tid.StaticToken(to.Token), tid.WithBaseURL(to.URL), tid.WithUserAgent(do.Name),
			tid.WithLimiter(tidredis.Static(rdb, to.Token+to.URL, tidredis.Name(do.Name))))
		if err != nil {
			return err
		}
		for range do.Goroutines {
			wg.Go(func() {
				for ctx.Err() == nil {
					began := time.Now()
					_, err := client.TimeCodes.List(ctx, nil)
					if ctx.Err() != nil {
						return
					}
					mu.Lock()
					seen.Calls++
					seen.Longest = max(seen.Longest, time.Since(began))
					if err != nil {
						kind := err.Error()
						if errors.Is(err, tidredis.ErrAway) {
							kind = "away"
						}
						seen.Errors[kind]++
					}
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
	return json.NewEncoder(os.Stdout).Encode(seen)
}

// worker is a process.
type worker struct {
	cmd   *exec.Cmd
	stdin io.Closer
	out   bytes.Buffer
}

func startWorker(t testing.TB, do task) *worker {
	text, err := json.Marshal(do)
	require.NoError(t, err)
	w := &worker{cmd: exec.Command(os.Args[0])}
	w.cmd.Env = append(os.Environ(), "FLEET_TASK="+string(text))
	w.cmd.Stdout, w.cmd.Stderr = &w.out, os.Stderr
	w.stdin, err = w.cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, w.cmd.Start())
	return w
}

// end lets the process finish, and returns what it has seen.
func (w *worker) end(t testing.TB) (seen result) {
	require.NoError(t, w.stdin.Close())
	require.NoError(t, w.cmd.Wait())
	require.NoError(t, json.Unmarshal(w.out.Bytes(), &seen))
	return seen
}

func (w *worker) kill(t testing.TB) {
	require.NoError(t, w.cmd.Process.Kill())
	_ = w.cmd.Wait() // killed
}

// tolerance is how much the machine that runs the tests may delay a request on its way, which
// in virtual time nothing does.
const tolerance = 60 * time.Millisecond

func TestRealProcessesUseTheAllowanceOfARealRedis(t *testing.T) {
	rdb := startRedis(t)
	latencies := []time.Duration{5 * time.Millisecond, 50 * time.Millisecond, 250 * time.Millisecond, time.Second}
	var servers []*tidtest.Server
	var targets []target
	for _, latency := range latencies {
		srv := tidtest.NewServer(t, tidtest.WithLatency(tidtest.Latency{RoundTrip: latency}), tidtest.WithLog(100_000))
		servers, targets = append(servers, srv), append(targets, target{srv.URL, srv.StaticToken})
	}
	var workers []*worker
	for n := range 8 {
		workers = append(workers, startWorker(t, task{rdb.address(), fmt.Sprint("process-", n), 16, targets}))
	}
	time.Sleep(3 * time.Second) // all have begun
	began := time.Now()
	length := time.Duration(*seconds) * time.Second
	time.Sleep(length)
	ended := time.Now()
	for _, w := range workers {
		seen := w.end(t)
		assert.Empty(t, seen.Errors)
	}
	for i, srv := range servers {
		var in []tidtest.Request
		for _, r := range srv.Requests() {
			if !r.Time.Before(began) && r.Time.Before(ended) {
				in = append(in, r)
			}
		}
		f := measure(in, length)
		t.Logf("%s: %s", latencies[i], f)
		least := 3.6
		if latencies[i] == time.Second {
			least = 3.2
		}
		assert.GreaterOrEqual(t, f.rate, least)
		assert.LessOrEqual(t, f.refused, max(1, len(in)/200), "half a per cent, or one of few")
		assert.Equal(t, 8, f.processes)
		assert.LessOrEqual(t, float64(f.most), 1.5*float64(f.least))
	}
}

// TestProcessesAndRedisDieAndTheAllowanceHolds kills one of eight processes every two seconds
// and starts another, restarts Redis empty, stops it for three seconds, and cuts the network
// to it for three seconds.
func TestProcessesAndRedisDieAndTheAllowanceHolds(t *testing.T) {
	rdb := startRedis(t)
	network := newProxy(t, rdb.address())
	srv := tidtest.NewServer(t, tidtest.WithLatency(tidtest.Latency{RoundTrip: 20 * time.Millisecond}), tidtest.WithLog(100_000))
	started := 0
	start := func() *worker {
		started++
		return startWorker(t, task{network.listener.Addr().String(), fmt.Sprint("process-", started), 16, []target{{srv.URL, srv.StaticToken}}})
	}
	var workers []*worker
	for range 8 {
		workers = append(workers, start())
	}
	var faults sync.WaitGroup
	var restarted time.Time
	faults.Go(func() {
		for _, fault := range []func(){
			func() { rdb.kill(t); rdb.start(t); restarted = time.Now() },
			func() {
				assert.NoError(t, rdb.cmd.Process.Signal(syscall.SIGSTOP))
				time.Sleep(3 * time.Second)
				assert.NoError(t, rdb.cmd.Process.Signal(syscall.SIGCONT))
			},
			func() { network.set(true); time.Sleep(3 * time.Second); network.set(false) },
		} {
			time.Sleep(5 * time.Second)
			fault()
		}
		time.Sleep(5 * time.Second)
	})
	killed := 0
	over := make(chan struct{})
	go func() { faults.Wait(); close(over) }()
	for ticker := time.NewTicker(2 * time.Second); ; {
		select {
		case <-ticker.C:
			workers[killed%8].kill(t)
			workers[killed%8] = start()
			killed++
			continue
		case <-over:
			ticker.Stop()
		}
		break
	}
	calls := 0
	for _, w := range workers {
		seen := w.end(t)
		calls += seen.Calls
		for text := range seen.Errors {
			assert.Equal(t, "away", text)
		}
		assert.Less(t, seen.Longest, 30*time.Second)
	}
	assert.GreaterOrEqual(t, killed, 8)
	var times []time.Time
	refused, soon := 0, 0
	for _, r := range srv.Requests() {
		times = append(times, r.Time)
		if r.RateLimited {
			refused++
		}
		if after := r.Time.Sub(restarted); after > 20*time.Millisecond && after < time.Second {
			soon++
		}
	}
	t.Logf("%d requests of %d calls that ended in %d processes, %d refused, %d killed", len(times), calls, started, refused, killed)
	assert.LessOrEqual(t, mostWithin(times, time.Second-tolerance), 4)
	assert.Zero(t, soon, "requests within the first second after Redis had lost everything")
	assert.Greater(t, len(times), 20)
}

// TestAnOlderStateOfRedisIsNotTrusted restarts Redis with a state that it wrote earlier, which
// knows nothing of the last requests.
func TestAnOlderStateOfRedisIsNotTrusted(t *testing.T) {
	s := startRedis(t)
	rdb := redis.NewClient(&redis.Options{Addr: s.address()})
	defer func() { _ = rdb.Close() }()
	l := tidredis.Limiter(rdb, "ap_1")
	use := func() {
		p, err := l.Wait(t.Context())
		require.NoError(t, err)
		p.Sent()
		p.Done(200, 0)
	}
	use()
	require.NoError(t, rdb.Save(t.Context()).Err())
	_, err := os.Stat(filepath.Join(s.dir, "dump.rdb"))
	require.NoError(t, err)
	for range 8 {
		use()
	}
	s.kill(t)
	began := time.Now()
	s.start(t)
	names, err := rdb.Keys(t.Context(), "tid:*").Result()
	require.NoError(t, err)
	require.NotEmpty(t, strings.Join(names, " "), "the older state is there")
	use()
	assert.GreaterOrEqual(t, time.Since(began), 1500*time.Millisecond)
}

// BenchmarkCall measures what a call costs beside its request: in time, in commands, and in
// the time that Redis works for it.
func BenchmarkCall(b *testing.B) {
	s := startRedis(b)
	rdb := redis.NewClient(&redis.Options{Addr: s.address()})
	defer func() { _ = rdb.Close() }()
	var sent counter
	rdb.AddHook(&sent)
	worked := func() (usec float64) {
		text, err := rdb.InfoMap(b.Context(), "commandstats").Result()
		require.NoError(b, err)
		for name, stat := range text["Commandstats"] {
			if name == "cmdstat_evalsha" {
				_, err := fmt.Sscanf(stat[strings.Index(stat, "usec="):], "usec=%f", &usec)
				require.NoError(b, err)
			}
		}
		return usec
	}
	// Each call is of an application of its own, so that none waits.
	limiters := make([]tid.Limiter, b.N)
	for i := range limiters {
		limiters[i] = tidredis.Limiter(rdb, fmt.Sprint("ap_", i))
		short, cancel := context.WithTimeout(b.Context(), 100*time.Millisecond) // makes the gate
		_, err := limiters[i].Wait(short)
		cancel()
		require.Error(b, err)
	}
	time.Sleep(1600 * time.Millisecond)
	before, commands := worked(), sent.commands.Load()
	b.ResetTimer()
	for _, l := range limiters {
		p, err := l.Wait(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		p.Sent()
		p.Done(200, 0)
	}
	b.StopTimer()
	for sent.commands.Load() < commands+int64(2*b.N) { // the reports
		time.Sleep(time.Millisecond)
	}
	b.ReportMetric(float64(sent.commands.Load()-commands)/float64(b.N), "commands/op")
	b.ReportMetric((worked()-before)/float64(b.N), "redis-µs/op")
}
