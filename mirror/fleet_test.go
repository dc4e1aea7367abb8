package mirror

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid/tidtest"
)

var fleetTime = flag.Duration("fleet", 30*time.Second, "how `long` a process that keeps many accounts is killed each ten seconds")

// event is a request that an account has seen of a process, or a transaction of the process
// that has written the account.
type event struct {
	account, process string
	run              int // of that process and account
	from, to         time.Time
}

// TestThreeProcessesKeepFortyAccountsWhileOneIsKilledEachTenSeconds finds out which process
// writes an account without the lease: from the requests, which have an address of their own
// in each process, and from triggers of PostgreSQL that tell of each write.
func TestThreeProcessesKeepFortyAccountsWhileOneIsKilledEachTenSeconds(t *testing.T) {
	const accounts, processes, parallel = 40, 3, 8
	const every = 20 * time.Second
	if testing.Short() {
		t.Skip("it takes a while")
	}
	database := emptyDatabase(t, Postgres)
	m := open(t, database)
	watchWrites(t, m)
	program := filepath.Join(t.TempDir(), "tid")
	told, err := exec.Command("go", "build", "-C", "../cmd/tid", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, "%s", told)

	rnd := rand.New(rand.NewPCG(1, 2))
	var all []*account
	for n := range accounts {
		srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithRateLimit(0), tidtest.WithCompany(tidtest.Sample(uint64(n), 2)))
		all = append(all, &account{srv: srv, rnd: rand.New(rand.NewPCG(uint64(n), 1))})
	}
	var mu sync.Mutex
	var events []event
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var process, n int
		_, err := fmt.Sscanf(r.URL.Path, "/%d/%d/", &process, &n)
		if !assert.NoError(t, err, r.URL.Path) {
			return
		}
		at := time.Now()
		mu.Lock()
		events = append(events, event{account: fmt.Sprint(n), process: fmt.Sprint(process), from: at, to: at})
		mu.Unlock()
		http.StripPrefix(fmt.Sprintf("/%d/%d", process, n), all[n].srv).ServeHTTP(w, r)
	}))
	defer front.Close()

	var started []*process
	start := func() *process {
		p := &process{name: fmt.Sprint(len(started)), ended: make(chan struct{})}
		started = append(started, p)
		dir := t.TempDir()
		u, err := url.Parse(database)
		require.NoError(t, err)
		query := u.Query()
		query.Set("application_name", p.name)
		u.RawQuery = query.Encode()
		var list strings.Builder
		env := append(os.Environ(), "TID_CONFIG_DIR="+dir)
		for n, a := range all {
			fmt.Fprintf(&list, "- {name: '%d', token_env: TOKEN_%d, base_url: %s/%s/%d}\n", n, n, front.URL, p.name, n)
			env = append(env, fmt.Sprintf("TOKEN_%d=%s", n, a.srv.StaticToken))
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, "accounts.yaml"), []byte(list.String()), 0o600))
		p.cmd = exec.Command(program, "mirror", "--to", u.String(), "--accounts", filepath.Join(dir, "accounts.yaml"), "--every", every.String(),
			"--parallel", fmt.Sprint(parallel), "--json")
		p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = env, &p.stdout, &p.stderr
		require.NoError(t, p.cmd.Start())
		go func() { _ = p.cmd.Wait(); close(p.ended) }() // its status is in the cmd
		return p
	}
	var running []*process
	for range processes {
		running = append(running, start())
	}
	defer func() {
		for _, p := range running {
			_ = p.cmd.Process.Kill() // it has ended, unless the test has failed
			<-p.ended
		}
	}()
	begun := time.Now()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	now := func() string {
		return value(t, m, "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')")
	}
	quiet := ""
	for kills := 0; time.Since(begun) < *fleetTime; <-ticker.C {
		if time.Since(begun) < *fleetTime*2/3 {
			a := all[rnd.IntN(accounts)]
			a.change(a.srv)
		} else if quiet == "" {
			quiet = now()
		}
		if time.Since(begun) >= time.Duration(kills+1)*10*time.Second {
			kills++
			i := rnd.IntN(processes)
			p := running[i]
			require.NoError(t, p.cmd.Process.Kill())
			<-p.ended
			p.killed = time.Now()
			running[i] = start()
		}
		var connections int
		require.NoError(t, m.db.QueryRow(`SELECT coalesce(max(n), 0) FROM
			(SELECT count(*) AS n FROM pg_stat_activity WHERE application_name ~ '^[0-9]+$' GROUP BY application_name) AS each`).Scan(&connections))
		assert.LessOrEqual(t, connections, 2*parallel+1, "of one process")
	}
	for _, since := range []string{quiet, now()} { // a row that was created while a list was read hides a deleted one until the next run
		require.Eventually(t, func() bool {
			return value(t, m, "SELECT count(*) FROM mirror_lists WHERE synced >= '"+since+"'") == fmt.Sprint(accounts*len(lists))
		}, 3*time.Minute, 100*time.Millisecond, "not all accounts are fresh")
	}
	for n := range accounts {
		age, complete, err := m.Age(t.Context(), Options{Account: fmt.Sprint(n)})
		require.NoError(t, err)
		assert.True(t, complete)
		assert.Less(t, age, every+time.Minute)
	}
	for _, p := range running {
		require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	}
	for _, p := range running {
		<-p.ended
		assert.Zero(t, p.cmd.ProcessState.ExitCode(), "a signal is the usual end")
	}
	for n, a := range all {
		requireEqual(t, m, a.srv, fmt.Sprint(n))
	}

	kills, runs, takenOver := 0, 0, 0
	for _, p := range started {
		runs += p.read(t)
		if !p.killed.IsZero() {
			kills++
		}
	}
	assert.NotZero(t, kills)
	mu.Lock()
	defer mu.Unlock()
	events = append(events, writes(t, m)...)
	byAccount := map[string][]event{}
	for _, e := range events {
		var n int
		_, err := fmt.Sscan(e.process, &n)
		require.NoError(t, err)
		p := started[n]
		if !p.killed.IsZero() && e.from.After(p.killed) { // a request was on its way
			e.from, e.to = p.killed, p.killed
		}
		for _, ended := range p.ends[e.account] {
			if !e.from.Before(ended) {
				e.run++
			}
		}
		byAccount[e.account] = append(byAccount[e.account], e)
	}
	for account, events := range byAccount {
		whole := wholeRuns(events)
		for i, run := range whole {
			var next *event
			if i+1 < len(whole) {
				next = &whole[i+1]
				assert.True(t, next.from.After(run.to), "the account %s: run %d of the process %s and run %d of %s are at the same time: %s to %s, from %s",
					account, run.run, run.process, next.run, next.process, run.from, run.to, next.from)
			}
			var n int
			_, err := fmt.Sscan(run.process, &n)
			require.NoError(t, err)
			if p := started[n]; !p.killed.IsZero() && run.run == len(p.ends[account]) { // it was killed in this run
				takenOver++
				require.NotNil(t, next)
				assert.Less(t, next.from.Sub(p.killed), time.Minute, "the account %s is taken over", account)
			}
		}
	}
	assert.NotZero(t, takenOver)
	t.Logf("%d requests and transactions in %d runs that ended, %d processes killed, %d runs taken over", len(events), runs, kills, takenOver)
}

// process is a process of tid mirror.
type process struct {
	name           string
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	ended          chan struct{}
	killed         time.Time
	ends           map[string][]time.Time // when the runs of each account ended
}

// read reads what the process has told of its runs, and returns how many that are.
func (p *process) read(t *testing.T) (runs int) {
	t.Helper()
	assert.Empty(t, p.stderr.String())
	p.ends = map[string][]time.Time{}
	for line := range strings.Lines(p.stdout.String()) {
		var outcome struct {
			Account, Error string
			Began          time.Time
			Took           time.Duration
		}
		err := json.Unmarshal([]byte(line), &outcome)
		if !p.killed.IsZero() && err != nil { // it was killed while it wrote the line
			continue
		}
		require.NoError(t, err)
		interrupted := strings.Contains(outcome.Error, "context canceled") || strings.Contains(outcome.Error, "signal received")
		if !interrupted {
			assert.Empty(t, outcome.Error)
		}
		p.ends[outcome.Account] = append(p.ends[outcome.Account], outcome.Began.Add(outcome.Took))
		runs++
	}
	return runs
}

// wholeRuns are the runs that events belong to, in the order in which they began.
func wholeRuns(events []event) (runs []event) {
	type key struct {
		process string
		run     int
	}
	at := map[key]int{}
	slices.SortFunc(events, func(a, b event) int { return a.from.Compare(b.from) })
	for _, e := range events {
		k := key{e.process, e.run}
		i, ok := at[k]
		if !ok {
			at[k] = len(runs)
			runs = append(runs, e)
			continue
		}
		if e.to.After(runs[i].to) {
			runs[i].to = e.to
		}
	}
	return runs
}

// watchWrites makes triggers that note each write of a row.
func watchWrites(t *testing.T, m *Mirror) {
	t.Helper()
	statements := []string{
		"CREATE TABLE seen (account text, process text, session integer, began timestamptz, at timestamptz)",
		`CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO seen VALUES (NEW.account, current_setting('application_name'), pg_backend_pid(), now(), clock_timestamp());
			RETURN NULL;
		END $$`,
	}
	for _, table := range append(Tables(), "mirror_lists") {
		statements = append(statements, "CREATE TRIGGER see AFTER INSERT OR UPDATE ON "+table+" FOR EACH ROW EXECUTE FUNCTION see()")
	}
	for _, statement := range statements {
		_, err := m.db.Exec(statement)
		require.NoError(t, err, statement)
	}
}

// writes are the transactions that the triggers have seen.
func writes(t *testing.T, m *Mirror) (all []event) {
	t.Helper()
	require.NoError(t, m.each(t.Context(), "SELECT account, process, began, max(at) FROM seen GROUP BY account, process, session, began", nil, func(rows *sql.Rows) error {
		var e event
		err := rows.Scan(&e.account, &e.process, &e.from, &e.to)
		all = append(all, e)
		return err
	}))
	return all
}
