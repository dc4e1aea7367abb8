package cli_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/cmd/tid/internal/cli"
	"github.com/vismatid/tid/mirror"
	"github.com/vismatid/tid/tidtest"
)

// query is the only value of the only row of a query.
func query[T any](t *testing.T, file, text string, args ...any) (value T) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	require.NoError(t, db.QueryRow(text, args...).Scan(&value), text)
	return value
}

// live is the number of rows of a table that an account has.
func live(t *testing.T, file, table, account string) int {
	return query[int](t, file, "SELECT count(*) FROM "+table+" WHERE deleted_at IS NULL AND account = ?", account)
}

// runs are the lines of --json.
func runs(t *testing.T, text string) (all []run) {
	t.Helper()
	for line := range strings.Lines(text) {
		var one run
		require.NoError(t, json.Unmarshal([]byte(line), &one), line)
		all = append(all, one)
	}
	return all
}

type run struct {
	Account string
	Began   time.Time
	Took    time.Duration
	Lists   []mirror.ListReport
	Busy    bool
	Error   string
}

func (r run) list(name string) (l mirror.ListReport) {
	for _, l := range r.Lists {
		if l.Table == name {
			return l
		}
	}
	return l
}

func TestTheMirrorIsMadeAndKeptUpToDate(t *testing.T) {
	d := newDesk(t)
	file := filepath.Join(t.TempDir(), "tid.db")
	first := d.must("mirror", "--to", "sqlite:"+file)
	assert.Regexp(t, `^default: 24 lists, \d+ rows written, 0 deleted, \d+ requests, `, first)
	assert.Regexp(t, fmt.Sprintf(`\n  time_reports +%d +0 +\d+\n`, len(d.srv.TimeReports.All())), first)
	assert.Equal(t, len(d.srv.TimeReports.All()), live(t, file, "time_reports", "default"))
	assert.Equal(t, len(d.srv.Contacts.All()), live(t, file, "contacts", "default"))

	contact := d.srv.Contacts.All()[0]
	d.must("contacts", "update", jsonOf(t, contact.ID), "--set", "name=Nytt", "--yes")
	report := d.srv.TimeReports.All()[0]
	d.srv.TimeReports.Delete(report.ID)
	again := runs(t, d.must("mirror", "--to", "sqlite:"+file, "--json"))
	require.Len(t, again, 1)
	assert.Equal(t, "default", again[0].Account)
	assert.Equal(t, 1, again[0].list("contacts").Written)
	assert.Equal(t, 1, again[0].list("time_reports").Deleted)
	assert.Equal(t, "Nytt", query[string](t, file, "SELECT name FROM contacts WHERE id = ?", contact.ID))
	assert.Equal(t, 1, query[int](t, file, "SELECT count(*) FROM time_reports WHERE id = ? AND deleted_at IS NOT NULL", report.ID))

	d.srv.ResetRequests()
	some := runs(t, d.must("mirror", "--to", "sqlite:"+file, "--only", "time-reports,projects", "--json"))
	assert.Len(t, some[0].Lists, 2)
	for _, r := range d.sent() {
		assert.Contains(t, []string{"GET /v1/Core/TimeReports", "GET /v1/Core/Projects"}, r.Operation)
	}
}

func TestThePlanIsShownAndNothingIsCopied(t *testing.T) {
	d := newDesk(t)
	to := "sqlite:" + filepath.Join(t.TempDir(), "tid.db")
	text := d.must("mirror", "--to", to, "--plan")
	assert.Regexp(t, fmt.Sprintf(`\n  time_reports +%d +\d+ +read for the first time\n`, len(d.srv.TimeReports.All())), text)
	assert.Regexp(t, `\n  in all +\d+ +\d`, text)
	var plan struct {
		Account string
		Plan    []mirror.PlannedList
	}
	require.NoError(t, json.Unmarshal([]byte(d.must("mirror", "--to", to, "--plan", "--json", "--only", "contacts")), &plan))
	require.Len(t, plan.Plan, 1)
	assert.True(t, plan.Plan[0].First, "the plan before has copied nothing")
	d.must("mirror", "--to", to, "--only", "contacts")
	require.NoError(t, json.Unmarshal([]byte(d.must("mirror", "--to", to, "--plan", "--json", "--only", "contacts")), &plan))
	assert.False(t, plan.Plan[0].First)
	assert.Equal(t, 1, plan.Plan[0].Requests)
	assert.Equal(t, cli.Wrong, d.run("mirror", "--to", to, "--plan", "--every", "5m"))
}

func TestThePayrollQueryOfTheReadmeAnswers(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, text, _ := strings.Cut(string(readme), "```sql\n")
	text, _, _ = strings.Cut(text, "```")
	const lastMonth = "strftime('%Y-%m', 'now', 'start of month', '-1 day')"
	require.Contains(t, text, lastMonth)

	d := newDesk(t)
	file := filepath.Join(t.TempDir(), "tid.db")
	d.must("mirror", "--to", "sqlite:"+file)
	month := d.srv.TimeReports.All()[0].Date.String()[:len("2026-10")]
	hours, absence := map[string]tid.Decimal{}, map[string]tid.Decimal{}
	for _, r := range d.srv.TimeReports.All() {
		if !strings.HasPrefix(r.Date.String(), month) {
			continue
		}
		hours[r.User.Name] = hours[r.User.Name].Add(r.Hours)
		if r.AbsenceProject != nil {
			absence[r.User.Name] = absence[r.User.Name].Add(r.Hours)
		}
	}
	db, err := sql.Open("sqlite", file)
	require.NoError(t, err)
	defer db.Close()
	rows, err := db.Query(strings.Replace(text, lastMonth, "'"+month+"'", 1))
	require.NoError(t, err)
	defer rows.Close()
	answered := 0
	for ; rows.Next(); answered++ {
		var number, name, of string
		var worked, absent float64
		require.NoError(t, rows.Scan(&number, &name, &of, &worked, &absent))
		assert.NotEmpty(t, number)
		assert.Equal(t, month, of)
		assert.Equal(t, hours[name].InexactFloat64(), worked, name)
		assert.Equal(t, absence[name].InexactFloat64(), absent, name)
	}
	require.NoError(t, rows.Err())
	assert.Equal(t, len(hours), answered)
	assert.NotEmpty(t, absence)
}

func TestWhatMayNotBeReadIsToldAndTheRestIsThere(t *testing.T) {
	d := newDesk(t)
	d.srv.Inject(tidtest.Fault{Operation: "GET /v1/Core/Invoices", Times: 99, Effect: tidtest.Answer(403, "")})
	file := filepath.Join(t.TempDir(), "tid.db")
	assert.Equal(t, cli.Failed, d.run("mirror", "--to", "sqlite:"+file))
	assert.Contains(t, d.stdout, "invoices could not be read, a permission is missing: ")
	assert.Equal(t, "tid: not everything could be read into the mirror: see what is said of default\n", d.stderr)
	assert.Zero(t, live(t, file, "invoices", "default"))
	assert.Equal(t, len(d.srv.TimeReports.All()), live(t, file, "time_reports", "default"))
	assert.Equal(t, len(d.srv.Logs.All()), live(t, file, "logs", "default"), "lists after it are read, too")
}

func TestSeveralAccountsAreInOneMirror(t *testing.T) {
	d := newDesk(t)
	d.stdin = d.srv.StaticToken + "\n"
	d.must("login", "--profile", "acme", "--static-token", "--base-url", d.srv.URL)
	d.vars = map[string]string{"BYGG_ID": d.srv.AppID, "BYGG_SECRET": d.srv.AppSecret, "WRONG": "pk_wrong.pa_wrong"}
	dir := t.TempDir()
	file, list := filepath.Join(dir, "tid.db"), filepath.Join(dir, "accounts.yaml")
	require.NoError(t, os.WriteFile(list, []byte(`
- name: wrong
  token_env: WRONG
  base_url: `+d.srv.URL+`
- name: Acme AB
  profile: acme
- name: bygg
  app_id_env: BYGG_ID
  app_secret_env: BYGG_SECRET
  base_url: `+d.srv.URL+`
`), 0o600))
	assert.Equal(t, cli.Failed, d.run("mirror", "--to", "sqlite:"+file, "--accounts", list, "--parallel", "1", "--json", "--log", "json"))
	all := runs(t, d.stdout)
	require.Len(t, all, 3)
	for _, r := range all {
		assert.Equal(t, r.Account == "wrong", r.Error != "", "the error of one account does not stop the others: %s", r.Error)
	}
	assert.Contains(t, d.stderr, "see what is said of wrong\n")
	assert.NotContains(t, d.stdout+d.stderr, "pa_wrong")
	for _, account := range []string{"Acme AB", "bygg"} {
		assert.Equal(t, len(d.srv.TimeReports.All()), live(t, file, "time_reports", account))
	}
	var begun, ended int
	for line := range strings.Lines(d.stderr) {
		var entry struct {
			Level, Msg, Account string
			Written             int
		}
		if json.Unmarshal([]byte(line), &entry) != nil {
			continue
		}
		switch entry.Msg {
		case "run begins":
			begun++
		case "run ended":
			ended++
			assert.Equal(t, entry.Account == "wrong", entry.Level == "ERROR")
			assert.Equal(t, entry.Account != "wrong", entry.Written > 0)
		}
	}
	assert.Equal(t, []int{3, 3}, []int{begun, ended}, d.stderr)
}

func TestWholeListsCommentsAndNewCredentialsAreMirroredOnRequest(t *testing.T) {
	d := newDesk(t)
	file := filepath.Join(t.TempDir(), "tid.db")
	to := []string{"mirror", "--to", "sqlite:" + file, "--json", "--only"}
	quick := runs(t, d.must(append(to, "time-reports")...))
	require.Len(t, quick[0].Lists, 1)
	whole := runs(t, d.must(append(to, "time-reports", "--whole")...))
	assert.Greater(t, whole[0].list("time_reports").Requests, len(d.srv.TimeReports.All())/100)
	nested := runs(t, d.must(append(to, "projects", "--nested")...))
	require.Len(t, nested[0].Lists, 2)
	assert.Equal(t, "project_comments", nested[0].Lists[1].Table)
	assert.Contains(t, d.must("mirror", "--to", "sqlite:"+file, "--plan", "--nested"), "task_checklists")

	d.stdin = d.srv.StaticToken + "\n"
	d.must("login", "--profile", "new", "--static-token", "--base-url", d.srv.URL)
	to = []string{"mirror", "--to", "sqlite:" + file, "--account", "default", "--profile", "new", "--only", "time-codes"}
	assert.Equal(t, cli.Failed, d.run(to...))
	assert.Contains(t, d.stdout+d.stderr, "--rebind")
	d.must(append(to, "--rebind")...)
	d.must(to...)
}

func TestAnAccountThatAnotherProcessWritesIsPassedOver(t *testing.T) {
	d := newDesk(t)
	file := filepath.Join(t.TempDir(), "tid.db")
	m, err := mirror.Open(t.Context(), "sqlite:"+file)
	require.NoError(t, err)
	defer m.Close()
	soon := time.Now().UTC().Add(25 * time.Second).Format("2006-01-02 15:04:05.000000") // as long as a lease lasts
	_, err = m.DB().Exec("INSERT INTO mirror_leases (account, owner, until) VALUES ('default', 'another', ?)", soon)
	require.NoError(t, err)
	assert.Equal(t, "default: passed over, another process writes it\n", d.must("mirror", "--to", "sqlite:"+file))
	assert.True(t, runs(t, d.must("mirror", "--to", "sqlite:"+file, "--json"))[0].Busy)
	assert.Empty(t, d.sent())
}

func TestTheFileOfAccountsIsChecked(t *testing.T) {
	const secret = "as_Vqf4tP9sX1"
	for name, c := range map[string]struct{ text, says string }{
		"a secret":             {"- name: a\n  app_id: ap_1\n  app_secret: " + secret, "credentials do not belong in this file"},
		"a token":              {"- {name: a, token: " + secret + "}", "credentials do not belong in this file"},
		"a secret as a name":   {"- {name: a, token_env: pk_1." + secret + "}", "token_env is to be the name of an environment variable"},
		"a secret as another":  {"- {name: a, token_env: " + secret + "}", "the environment variable that its token_env names is not set"},
		"an unknown key":       {"- {name: a, profle: a}", `no key "profle"; there are name, profile, app_id_env`},
		"no account":           {"", "a list of accounts"},
		"an empty list":        {"[]", "a list of accounts"},
		"no list":              {"name: a\nprofile: a", "a list of accounts"},
		"a list of names":      {"- a\n- b", "the account in line 1"},
		"no YAML":              {"- {name: a, token: " + secret, "cannot be read as YAML"},
		"no name":              {"- {token_env: A}", "the name of an account"},
		"an unprintable name":  {`- {name: "a\nb", token_env: A}`, "the name of an account"},
		"a name twice":         {"- {name: a, token_env: A}\n- {name: a, token_env: A}", "the account in line 2: another one has the same name"},
		"a key twice":          {"- {name: a, token_env: A, token_env: A}", "twice"},
		"nothing to open it":   {"- name: a", "profile, or app_id_env"},
		"half of it":           {"- {name: a, app_id_env: A}", "app_id_env and app_secret_env"},
		"two ways":             {"- {name: a, profile: a, token_env: A}", "leave the other keys out"},
		"no such profile":      {"- {name: a, profile: b}", "tid login --profile b"},
		"an unset variable":    {"- {name: a, app_id_env: A, app_secret_env: B}", "its app_secret_env names is not set"},
		"a value that is none": {"- {name: a, token_env: [" + secret + "]}", "token_env is to be a text"},
		"an address":           {"- {name: a, token_env: A, base_url: x}", "x"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.vars["A"] = "made-up"
			dir := t.TempDir()
			list := filepath.Join(dir, "accounts.yaml")
			require.NoError(t, os.WriteFile(list, []byte(c.text), 0o600))
			assert.Equal(t, cli.Wrong, d.run("mirror", "--to", "sqlite:"+filepath.Join(dir, "tid.db"), "--accounts", list))
			assert.Contains(t, d.stderr, c.says)
			assert.NotContains(t, d.stderr, secret)
			assert.Equal(t, 1, strings.Count(d.stderr, "\n"), "an error is one line")
			assert.NoFileExists(t, filepath.Join(dir, "tid.db"), "it is checked before anything is made")
			assert.Empty(t, d.srv.Requests())
		})
	}
}

func TestWhatCannotBeMirroredIsWrongUsage(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no database":                  {nil, "--to is a database"},
		"another database":             {[]string{"--to", "mysql://root:geheim99@h/x"}, "--to is a database"},
		"a database without its flag":  {[]string{"postgres://tid:geheim99@h/x"}, "--to names the database"},
		"an unknown list":              {[]string{"--to", "sqlite:x", "--only", "time-report"}, "time-reports"},
		"a pause that is too short":    {[]string{"--to", "sqlite:x", "--every", "5ms"}, "--every"},
		"no account at a time":         {[]string{"--to", "sqlite:x", "--parallel", "0"}, "--parallel"},
		"an address without a process": {[]string{"--to", "sqlite:x", "--listen", "127.0.0.1:0"}, "--listen needs --every"},
		"no address":                   {[]string{"--to", "sqlite:" + filepath.Join(t.TempDir(), "x"), "--every", "5m", "--listen", "9090"}, "127.0.0.1:9090"},
		"a format of logs":             {[]string{"--to", "sqlite:x", "--log", "xml"}, "text or json"},
		"a file and a name":            {[]string{"--to", "sqlite:x", "--accounts", "x", "--account", "y"}, "--account"},
		"no such file":                 {[]string{"--to", "sqlite:x", "--accounts", "nowhere.yaml"}, "nowhere.yaml"},
		"an unknown subcommand":        {[]string{"shema"}, "--to names the database"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			assert.Equal(t, cli.Wrong, d.run(append([]string{"mirror"}, c.args...)...), d.stderr)
			assert.Contains(t, d.stderr, c.says)
			assert.NotContains(t, d.stderr, "geheim99")
			assert.Empty(t, d.srv.Requests())
		})
	}
}

func TestEveryRunsAgainWithJitterUntilItIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		file := filepath.Join(t.TempDir(), "tid.db")
		d.srv.Inject(tidtest.Fault{Operation: "GET /v1/Core/TimeReports", Skip: 40, Effect: tidtest.Answer(500, "")})
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Hour+time.Second)
		defer cancel()
		assert.Equal(t, cli.Done, d.runContext(ctx, "mirror", "--to", "sqlite:"+file, "--every", "5m", "--json"), "an interrupt is the usual end")
		assert.Empty(t, d.stderr)
		all := runs(t, d.stdout)
		assert.InDelta(t, 8*12, len(all), 5)
		gaps, failed := map[time.Duration]bool{}, 0
		for i, r := range all {
			if r.Error != "" {
				failed++
			}
			if i > 0 {
				gap := r.Began.Sub(all[i-1].Began)
				gaps[gap] = true
				if all[i-1].Error == "" {
					assert.InDelta(t, 5*time.Minute, gap, float64(31*time.Second))
				} else {
					assert.InDelta(t, 30*time.Second, gap, float64(time.Second), "after a failure it is tried again soon")
				}
			}
		}
		assert.Greater(t, len(gaps), 10, "machines that were started together drift apart")
		assert.Equal(t, 1, failed, "a run that fails is not the last one")
	})
}

// lines calls a function with each line that is written.
type lines struct {
	mu   sync.Mutex
	part []byte
	to   func(string)
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.part = append(l.part, p...)
	for {
		line, rest, ok := bytes.Cut(l.part, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		l.to(string(line))
		l.part = rest
	}
}

func TestHealthAndMetricsCanBeAskedFor(t *testing.T) {
	d := newDesk(t)
	d.srv.Inject(tidtest.Fault{Operation: "GET /v1/Core/Invoices", Times: 1, Effect: tidtest.Answer(403, "")})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	get := func(address, path string) (int, string) {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		res, err := client.Get(address + path)
		if !assert.NoError(t, err) {
			return 0, ""
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		assert.NoError(t, err)
		return res.StatusCode, string(body)
	}
	var address string
	stderr := &lines{to: func(line string) {
		_, address, _ = strings.Cut(line, "/healthz and /metrics are at ")
	}}
	stdout := &lines{to: func(line string) {
		if !strings.HasPrefix(line, "default: ") {
			return
		}
		status, body := get(address, "/healthz")
		assert.Equal(t, http.StatusOK, status, "all is read that may be: %s", body)
		_, text := get(address, "/metrics")
		assert.Contains(t, text, "# TYPE tid_mirror_requests_total counter\n")
		assert.Contains(t, text, fmt.Sprintf("\ntid_mirror_rows_written_total{account=\"default\",list=\"time_reports\"} %d\n", len(d.srv.TimeReports.All())))
		assert.Contains(t, text, "\ntid_mirror_last_success_timestamp_seconds{account=\"default\",list=\"invoices\"} 0\n")
		assert.Regexp(t, regexp.MustCompile(`\ntid_mirror_last_success_timestamp_seconds{account="default",list="logs"} \d{10}`), text)
		assert.Contains(t, text, "\ntid_mirror_runs_total{account=\"default\",result=\"failed\"} 1\n")
		cancel()
	}}
	code := cli.Run(ctx, []string{"mirror", "--to", "sqlite:" + filepath.Join(t.TempDir(), "tid.db"), "--every", "5m", "--listen", ":0"}, cli.Env{
		Stdin: strings.NewReader(""), Stdout: stdout, Stderr: stderr, ConfigDir: d.dir, Keyring: d.ring, Getenv: func(name string) string { return d.vars[name] },
		Options: []tid.Option{tid.WithHTTPClient(&http.Client{Transport: d.srv.Transport()}), tid.WithLimiter(nil), tid.WithRetries(0)},
	})
	assert.Equal(t, cli.Done, code)
	assert.Regexp(t, `^http://127\.0\.0\.1:\d+$`, address, "this machine alone")
	_, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
	assert.Error(t, err, "it does not listen any longer")
}

func TestAnInterruptedMirrorIsContinued(t *testing.T) {
	d := newDesk(t)
	file := filepath.Join(t.TempDir(), "tid.db")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	d.srv.Inject(tidtest.Fault{Operation: "GET /v1/Core/MaterialReports", Effect: tidtest.Delay(time.Hour)})
	go func() {
		for {
			for _, r := range d.sent() {
				if r.Operation == "GET /v1/Core/MaterialReports" {
					cancel()
					return
				}
			}
			time.Sleep(time.Millisecond)
		}
	}()
	assert.Equal(t, cli.Interrupted, d.runContext(ctx, "mirror", "--to", "sqlite:"+file))
	assert.Equal(t, "tid: interrupted\n", d.stderr)
	assert.Equal(t, len(d.srv.Contacts.All()), live(t, file, "contacts", "default"))
	assert.Zero(t, live(t, file, "time_reports", "default"))

	rest := runs(t, d.must("mirror", "--to", "sqlite:"+file, "--json"))
	assert.Zero(t, rest[0].list("contacts").Written, "nothing is read twice")
	assert.Equal(t, len(d.srv.TimeReports.All()), live(t, file, "time_reports", "default"))
	assert.Equal(t, len(d.srv.MaterialReports.All()), live(t, file, "material_reports", "default"))
}

func TestThePasswordOfADatabaseIsNotShown(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	refused := listener.Addr().String()
	require.NoError(t, listener.Close())
	for name, to := range map[string]string{
		"refused":             "postgres://tid:hemlig%%2F4711@" + refused + "/tid",
		"of two hosts":        "postgres://tid:hemlig4711@" + refused + "," + refused + "/tid",
		"in the query":        "postgres://tid@" + refused + "/tid?password=hemlig4711",
		"of a wrong port":     "postgres://tid:hemlig4711@127.0.0.1:port/tid",
		"a wrong escape":      "postgres://tid:hemlig4711%%zz@" + refused + "/tid",
		"with another @":      "postgres://tid:x@hemlig4711@" + refused + "/tid",
		"of a wrong setting":  "postgres://tid:hemlig4711@" + refused + "/tid?sslmode=perhaps",
		"of a URL like no":    "postgres:tid:hemlig4711@" + refused,
		"of a short password": "postgres://tid:q7@" + refused + "/tid",
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			for _, log := range []string{"text", "json"} {
				assert.Equal(t, cli.Failed, d.run("mirror", "--to", strings.ReplaceAll(to, "%%", "%"), "--log", log, "--json"))
				assert.NotContains(t, d.stdout+d.stderr, "hemlig")
				assert.NotContains(t, d.stdout+d.stderr, "q7")
				assert.Equal(t, 1, strings.Count(d.stderr, "\n"), d.stderr)
			}
		})
	}
}

func TestSchemaAndViewsAreSQL(t *testing.T) {
	d := newDesk(t)
	schema := d.must("mirror", "schema", "--to", "sqlite:")
	file := filepath.Join(t.TempDir(), "tid.db")
	db, err := sql.Open("sqlite", file)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec(schema)
	require.NoError(t, err)
	for _, table := range mirror.Tables() {
		_, err := db.Exec("SELECT account, id, raw, first_seen, changed, deleted_at FROM " + table)
		assert.NoError(t, err)
	}
	views := d.must("mirror", "views")
	assert.Contains(t, views, "-- hours_by_user_month\n-- ")
	_, err = db.Exec(views)
	assert.NoError(t, err)
	assert.Contains(t, d.must("mirror", "schema", "--to", "postgres:"), "numeric")
	assert.Contains(t, d.must("mirror", "views", "--to", "postgresql:"), "to_char")
	assert.Equal(t, mirror.Diagram(), d.must("mirror", "schema", "--er"))
	assert.Equal(t, cli.Wrong, d.run("mirror", "schema"))
	assert.Empty(t, d.srv.Requests())
}

// The program itself, ended as a terminal and a service manager end it.
func TestASignalEndsAMirrorAndGivesItsAccountToOthers(t *testing.T) {
	if testing.Short() || runtime.GOOS == "windows" {
		t.Skip("it builds the program and sends it signals")
	}
	program := filepath.Join(t.TempDir(), "tid")
	told, err := exec.Command("go", "build", "-o", program, "../..").CombinedOutput()
	require.NoError(t, err, "%s", told)
	for name, c := range map[string]struct {
		signal os.Signal
		every  []string
		code   int
		says   string
	}{
		"interrupted":  {os.Interrupt, nil, cli.Interrupted, "tid: interrupted\n"},
		"ended":        {syscall.SIGTERM, nil, cli.Interrupted, "tid: interrupted\n"},
		"again, again": {syscall.SIGTERM, []string{"--every", "5m"}, cli.Done, ""},
	} {
		t.Run(name, func(t *testing.T) {
			reached := make(chan struct{}, 100)
			srv := tidtest.NewServer(t, tidtest.WithRateLimit(0), tidtest.WithCompany(tidtest.Sample(1, 2)), tidtest.WithBeforeRequest(func(_ *tidtest.Server, r tidtest.Request) {
				if r.Operation == "GET /v1/Admin/Activities" {
					reached <- struct{}{}
				}
			}))
			srv.Inject(tidtest.Fault{Operation: "GET /v1/Admin/Activities", Share: 1, Effect: tidtest.Delay(time.Hour)})
			file := filepath.Join(t.TempDir(), "tid.db")
			cmd := exec.Command(program, append([]string{"mirror", "--to", "sqlite:" + file, "--only", "users,activities"}, c.every...)...)
			cmd.Env = []string{"TID_CONFIG_DIR=" + t.TempDir(), "VISMATID_TOKEN=" + srv.StaticToken, "VISMATID_BASE_URL=" + srv.URL}
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			require.NoError(t, cmd.Start())
			<-reached
			require.NoError(t, cmd.Process.Signal(c.signal))
			_ = cmd.Wait() // the status tells
			assert.Equal(t, c.code, cmd.ProcessState.ExitCode())
			assert.Equal(t, c.says, stderr.String())
			assert.Equal(t, 2, live(t, file, "users", "default"), "what was read before")
			assert.Zero(t, query[int](t, file, "SELECT count(*) FROM mirror_leases"))
		})
	}
}
