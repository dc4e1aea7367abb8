package cli_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
	"go.uber.org/goleak"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/cmd/tid/internal/cli"
	"github.com/vismatid/tid/cmd/tid/internal/description"
	"github.com/vismatid/tid/tidtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// desk is a command line before a fake server.
type desk struct {
	t      *testing.T
	srv    *tidtest.Server
	vars   map[string]string
	dir    string
	ring   ring
	stdin  string
	typed  io.Reader // in the place of stdin
	screen io.Writer // in the place of stdout
	stdout string
	stderr string
}

func newDesk(t *testing.T, opts ...tidtest.Option) *desk {
	srv := tidtest.NewServer(t, append([]tidtest.Option{tidtest.InMemory(), tidtest.WithRateLimit(0), tidtest.WithCompany(tidtest.Sample(1, 5))}, opts...)...)
	return &desk{t: t, srv: srv, dir: t.TempDir(), ring: ring{},
		vars: map[string]string{"VISMATID_BASE_URL": srv.URL, "VISMATID_APP_ID": srv.AppID, "VISMATID_APP_SECRET": srv.AppSecret}}
}

// ring is a keyring in memory.
type ring map[string]string

func (r ring) Set(_, user, secret string) error   { r[user] = secret; return nil }
func (r ring) Get(_, user string) (string, error) { return r[user], nil }
func (r ring) Delete(_, user string) error        { delete(r, user); return nil }

// run types a command, and returns its exit status.
func (d *desk) run(args ...string) int { return d.runContext(d.t.Context(), args...) }

func (d *desk) runContext(ctx context.Context, args ...string) int {
	d.t.Helper()
	var stdout, stderr bytes.Buffer
	code := cli.Run(ctx, args, cli.Env{
		Stdin: cmp.Or(d.typed, io.Reader(strings.NewReader(d.stdin))), Stdout: cmp.Or(d.screen, io.Writer(&stdout)), Stderr: &stderr, ConfigDir: d.dir, Keyring: d.ring,
		Getenv:  func(name string) string { return d.vars[name] },
		Options: []tid.Option{tid.WithHTTPClient(&http.Client{Transport: d.srv.Transport()}), tid.WithLimiter(nil), tid.WithRetries(0)},
	})
	d.stdout, d.stderr = stdout.String(), stderr.String()
	for _, secret := range []string{d.srv.AppSecret, d.srv.StaticToken} {
		assert.NotContains(d.t, d.stdout+d.stderr, secret, "no secret is shown")
	}
	return code
}

// must types a command that is to succeed, and returns what it shows.
func (d *desk) must(args ...string) string {
	d.t.Helper()
	require.Zero(d.t, d.run(args...), d.stderr)
	return d.stdout
}

// sent are the requests that the server saw, but those for tokens.
func (d *desk) sent() []tidtest.Request {
	var all []tidtest.Request
	for _, r := range d.srv.Requests() {
		if r.Operation != "POST /v1/Auth/Token" {
			all = append(all, r)
		}
	}
	return all
}

func TestHelpFitsAScreen(t *testing.T) {
	text := newDesk(t).must("--help")
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	assert.LessOrEqual(t, len(lines), 24)
	for _, line := range lines {
		assert.LessOrEqual(t, utf8.RuneCountInString(line), 80, line)
	}
	assert.Contains(t, text, "supplier-invoices")
}

func TestTheCommandsOfTheREADMEAreThere(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	d := newDesk(t)
	lines := regexp.MustCompile(`(?m)^tid ([^#\n]*)`).FindAllStringSubmatch(string(text), -1)
	require.Greater(t, len(lines), 10)
	for _, line := range lines {
		args := regexp.MustCompile(`(?:'[^']*'|[^\s'])+`).FindAllString(line[1], -1)
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "'", "")
		}
		d.must(append(args, "--help")...)
	}
}

func TestEveryOperationHasACommandWithAllItsParameters(t *testing.T) {
	d := newDesk(t)
	operations, err := description.Operations()
	require.NoError(t, err)
	require.Len(t, operations, len(tidtest.Operations()))
	for _, o := range operations {
		if o.ID == "Auth.Token" {
			continue
		}
		help := d.must(append(command(o.ID), "--help")...)
		assert.Contains(t, help, "API: "+o.String()+"\n")
		assert.Equal(t, o.PathKnown == description.Inferred, strings.Contains(help, "The path is inferred"), o.ID)
		for _, p := range o.Filters() {
			flag := "--" + kebab(strings.TrimPrefix(p.Name, "filter."))
			assert.Regexp(t, flag+`\b`, help, o.ID)
			line := lineWith(help, flag+" ")
			assert.Equal(t, p.Evidence == description.Inferred, strings.Contains(line, "name inferred"), o.ID+" "+line)
			for _, word := range p.Schema.Enum {
				assert.Contains(t, line, word, o.ID)
			}
		}
		for _, key := range o.SortKeys() {
			assert.Contains(t, lineWith(help, "--sort-by "), key, o.ID)
		}
	}
}

func command(id string) []string {
	parts := strings.Split(id, ".")
	for i := range parts {
		parts[i] = kebab(parts[i])
	}
	return parts
}

// kebab is the tests' own, after the rule: a dash before each capital but the first.
func kebab(name string) string {
	var b strings.Builder
	for i, r := range name {
		if r >= 'A' && r <= 'Z' {
			if i > 0 {
				b.WriteByte('-')
			}
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

func lineWith(text, part string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			return line
		}
	}
	return ""
}

func TestFlagsBecomeTheQueryOfTheDescription(t *testing.T) {
	d := newDesk(t)
	d.must("time-reports", "list", "--from", "2026-10-01", "--to", "2026-10-31", "--user-ids", "5,21", "--sort-by", "DATE", "--sort-order", "descending",
		"--is-attested=no", "--page-size", "7", "--limit", "3")
	require.Len(t, d.sent(), 1)
	assert.Equal(t, map[string][]string{
		"filter.from": {"2026-10-01"}, "filter.to": {"2026-10-31"}, "filter.userIds": {"5,21"}, "filter.isAttested": {"false"},
		"sortBy": {"date"}, "sortOrder": {"descending"}, "page": {"1"}, "pageSize": {"3"},
	}, map[string][]string(d.sent()[0].Query))
}

func TestRowsComeInEachFormat(t *testing.T) {
	d := newDesk(t)
	all := d.srv.Contacts.All()
	jsonl := d.must("contacts", "list")
	assert.Equal(t, len(all), strings.Count(jsonl, "\n"), "jsonl in a pipe, a line for each row")

	var rows []map[string]any
	require.NoError(t, json.Unmarshal([]byte(d.must("contacts", "list", "-o", "json")), &rows))
	assert.Len(t, rows, len(all))
	assert.Equal(t, len(all)+1, strings.Count(d.must("contacts", "list", "-o", "csv", "--columns", "id,customerNumber"), "\n"))
	assert.Equal(t, len(all), strings.Count(d.must("contacts", "list", "--jq", ".id"), "\n"))
	assert.Equal(t, 2, strings.Count(d.must("contacts", "list", "--limit", "2", "-o", "yaml", "--columns", "id"), "- id: "))

	file := filepath.Join(t.TempDir(), "rows.xlsx")
	d.must("contacts", "list", "-f", file)
	f, err := excelize.OpenFile(file)
	require.NoError(t, err)
	defer f.Close()
	sheet, err := f.GetRows("Sheet1")
	require.NoError(t, err)
	assert.Len(t, sheet, len(all)+1, "the ending of a file says its format")
}

func TestALimitDoesNotMoveThePages(t *testing.T) {
	d := newDesk(t)
	rows := strings.Split(strings.TrimSpace(d.must("time-reports", "list", "--columns", "id")), "\n")
	require.Greater(t, len(rows), 102)
	assert.Equal(t, strings.Join(rows[100:102], "\n")+"\n", d.must("time-reports", "list", "--columns", "id", "--page", "2", "--limit", "2"))
	assert.Equal(t, strings.Join(rows[10:12], "\n")+"\n", d.must("time-reports", "list", "--columns", "id", "--page", "2", "--page-size", "10", "--limit", "2"))
	d.srv.ResetRequests()
	d.must("time-reports", "list", "--limit", "2")
	assert.Equal(t, []string{"2"}, d.sent()[0].Query["pageSize"], "no row is asked for in vain")
}

func TestTheEndingOfAFileIsItsFormatInEitherCase(t *testing.T) {
	d := newDesk(t)
	for ending, begin := range map[string]string{"CSV": "id,", "Xlsx": "PK", "yml": "- ", "JSON": "["} {
		file := filepath.Join(t.TempDir(), "rows."+ending)
		d.must("contacts", "list", "--limit", "1", "-f", file)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(string(text), begin), ending)
	}
}

func TestAFileThatIsReplacedKeepsItsMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("its files have no such modes")
	}
	d := newDesk(t)
	file := filepath.Join(t.TempDir(), "hours.csv")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	d.must("time-reports", "list", "--limit", "1", "-f", file)
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestNumbersStayExactThroughAFilter(t *testing.T) {
	d := newDesk(t)
	d.srv.AddProperties("v1/Core/Contacts", "big")
	d.srv.PutJSON("v1/Core/Contacts", `{"id": 1, "name": "Ny", "contactType": "company", "big": 12345678901234567890.123456789}`)
	assert.Contains(t, d.must("contacts", "get", "1"), `"big": 12345678901234567890.123456789`)
	assert.Equal(t, "12345678901234567890.123456789\n", d.must("contacts", "get", "1", "--jq", ".big"))
}

func TestOneObjectIsShown(t *testing.T) {
	d := newDesk(t)
	contact := d.srv.Contacts.All()[0]
	id := json.Number(jsonOf(t, contact.ID)).String()
	var object map[string]any
	require.NoError(t, json.Unmarshal([]byte(d.must("contacts", "get", id)), &object))
	assert.Equal(t, contact.Name, object["name"])
	assert.Regexp(t, `name +`+contact.Name, d.must("contacts", "get", id, "-o", "table"))
	assert.NotEmpty(t, d.must("projects", "next-number"))
	assert.Contains(t, d.must("booking-projects", "get-by-number", d.srv.BookingProjects.All()[0].BookingNumber), "bookingNumber")
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

func TestTheExitStatusTellsWhatHappened(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	_, port, err := net.SplitHostPort(taken.Addr().String())
	require.NoError(t, err)
	nothing := filepath.Join(t.TempDir(), "nothing.json")
	require.NoError(t, os.WriteFile(nothing, []byte("{ }\n"), 0o600))
	for name, c := range map[string]struct {
		args  []string
		fault *tidtest.Fault
		code  int
		says  string
	}{
		"done":                   {args: []string{"contacts", "list"}, code: cli.Done},
		"the API failed":         {args: []string{"contacts", "list"}, fault: &tidtest.Fault{Effect: tidtest.Answer(500, "")}, code: cli.Failed, says: "500"},
		"the network failed":     {args: []string{"contacts", "list"}, fault: &tidtest.Fault{Effect: tidtest.DropBefore(), Times: 9}, code: cli.Failed},
		"an unknown command":     {args: []string{"contcts"}, code: cli.Wrong, says: "did you mean contacts?"},
		"an unknown subcommand":  {args: []string{"contacts", "lst"}, code: cli.Wrong, says: "list"},
		"an unknown flag":        {args: []string{"contacts", "list", "--qurey", "x"}, code: cli.Wrong, says: "--qurey"},
		"a value that is none":   {args: []string{"contacts", "list", "--contact-type", "robot"}, code: cli.Wrong, says: "person, company"},
		"a day that is none":     {args: []string{"time-reports", "list", "--from", "yesterday"}, code: cli.Wrong, says: "2026-10-31"},
		"a number that is none":  {args: []string{"time-reports", "list", "--user-ids", "5,x"}, code: cli.Wrong, says: `"x"`},
		"a missing filter":       {args: []string{"time-reports", "user-day-statistics"}, code: cli.Wrong, says: "required"},
		"an id that is none":     {args: []string{"contacts", "get", "seven"}, code: cli.Wrong, says: "seven"},
		"too few arguments":      {args: []string{"contacts", "get"}, code: cli.Wrong, says: "tid contacts get ID"},
		"an ending that is none": {args: []string{"contacts", "list", "-f", "rows.pdf"}, code: cli.Wrong, says: "xlsx"},
		"a format that is none":  {args: []string{"contacts", "list", "-o", "pdf"}, code: cli.Wrong, says: "xlsx"},
		"a page size beyond 100": {args: []string{"contacts", "list", "--page-size", "101"}, code: cli.Wrong, says: "100"},
		"an address of none":     {args: []string{"login", "--app-id", "x", "--base-url", "example"}, code: cli.Wrong, says: "base URL"},
		"a port that is none":    {args: []string{"sandbox", "--port", "99999"}, code: cli.Wrong, says: "port"},
		"too few users":          {args: []string{"sandbox", "--users", "-4"}, code: cli.Wrong, says: "-4 users"},
		"a port that is taken":   {args: []string{"sandbox", "--port", port}, code: cli.Failed, says: "cannot listen"},
		"a filter of jq":         {args: []string{"contacts", "list", "--jq", ".["}, code: cli.Wrong, says: "--jq"},
		"not found":              {args: []string{"contacts", "get", "7"}, code: cli.NotFound, says: "404"},
		"not found by hand":      {args: []string{"api", "GET", "v1/Core/Nothing"}, code: cli.NotFound, says: "404"},
		"forbidden":              {args: []string{"contacts", "list"}, fault: &tidtest.Fault{Operation: "GET /v1/Core/Contacts", Effect: tidtest.Answer(403, "")}, code: cli.NotAllowed, says: "403"},
		"unauthorized":           {args: []string{"contacts", "list"}, fault: &tidtest.Fault{Operation: "GET /v1/Core/Contacts", Times: 9, Effect: tidtest.Answer(401, "")}, code: cli.NotAllowed},
		"nothing to create":      {args: []string{"contacts", "create", "--input", nothing}, code: cli.Wrong, says: "nothing to send"},
		"no file to send":        {args: []string{"contacts", "create", "--input", nothing + "x"}, code: cli.Wrong, says: "no such file"},
		"nothing to change":      {args: []string{"contacts", "update", "7"}, code: cli.Wrong, says: "--set"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.stdin = "secret\n"
			if c.fault != nil {
				c.fault.Operation = "GET /v1/Core/Contacts"
				d.srv.Inject(*c.fault)
			}
			assert.Equal(t, c.code, d.run(c.args...), d.stderr)
			assert.Contains(t, d.stderr, c.says)
			if c.code != cli.Done {
				assert.Equal(t, 1, strings.Count(d.stderr, "\n"), "an error is one line")
				assert.True(t, strings.HasPrefix(d.stderr, "tid: "), d.stderr)
			}
		})
	}
}

func TestAnInterruptLeavesAWholeFileOrNone(t *testing.T) {
	d := newDesk(t)
	dir := t.TempDir()
	for _, format := range []string{"csv", "json", "jsonl", "yaml", "xlsx", "table"} {
		ctx, cancel := context.WithCancel(t.Context())
		d.srv.Inject(tidtest.Fault{Operation: "GET /v1/Core/TimeReports", Skip: 1, Effect: tidtest.Delay(time.Hour)})
		file := filepath.Join(dir, "rows."+format)
		before := []byte("what was there")
		require.NoError(t, os.WriteFile(file, before, 0o600))
		go func() {
			for len(d.sent()) < 2 {
				time.Sleep(time.Millisecond)
			}
			cancel()
		}()
		assert.Equal(t, cli.Interrupted, d.runContext(ctx, "time-reports", "list", "-o", format, "-f", file, "--page-size", "10"), format)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, before, text)
		cancel()
		d.srv.ResetRequests()
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	require.NoError(t, err)
	assert.Empty(t, left, "and nothing beside it")
}

func TestAnInterruptEndsWhatWaitsForInputOrReckonsForEver(t *testing.T) {
	for _, args := range [][]string{
		{"login"}, {"login", "--app-id", "x"}, {"api", "POST", "v1/Core/Contacts", "--input", "-"}, {"contacts", "create", "--input", "-"},
		{"contacts", "list", "--jq", "def f: f; f"}, {"contacts", "list", "--jq", "repeat(1) | empty"},
	} {
		d := newDesk(t)
		silence, end := io.Pipe()
		t.Cleanup(func() { _ = end.Close() })
		d.typed = silence
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		assert.Equal(t, cli.Interrupted, d.runContext(ctx, args...), args)
		assert.Equal(t, "tid: interrupted\n", d.stderr)
		cancel()
	}
}

// full is where nothing more can be written.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestWhatCannotBeShownHasFailed(t *testing.T) {
	d := newDesk(t)
	d.stdin = d.srv.AppSecret + "\n"
	d.must("login", "--app-id", d.srv.AppID)
	d.screen = full{}
	for _, line := range []string{"version", "profiles", "contacts list", "contacts list -o xlsx", "api GET v1/Core/Contacts"} {
		assert.Equal(t, cli.Failed, d.run(strings.Fields(line)...), line)
		assert.Equal(t, "tid: no space left\n", d.stderr)
	}
}

func TestAnUpdateChangesWhatIsSetAndNothingElse(t *testing.T) {
	d := newDesk(t)
	before := d.srv.Contacts.All()[0]
	id := jsonOf(t, before.ID)

	assert.Equal(t, cli.Wrong, d.run("contacts", "update", id, "--set", "name=Nytt"))
	assert.Contains(t, d.stderr, "--yes", "without a terminal no question can be asked")
	d.must("contacts", "update", id, "--set", "name=Nytt", "--dry-run")
	assert.Contains(t, d.stderr, `name: "`+before.Name+`" -> "Nytt"`)
	for _, r := range d.sent() {
		assert.Equal(t, http.MethodGet, r.Method, "nothing was written")
	}

	d.must("contacts", "update", id, "--set", "name=Nytt", "--set", "tagIds:=[]", "--set", "isActive=no", "--yes")
	assert.Contains(t, d.stderr, `name: "`+before.Name+`" -> "Nytt"`, "what --yes agrees to is shown")
	after, ok := d.srv.Contacts.Get(before.ID)
	require.True(t, ok)
	assert.Equal(t, "Nytt", after.Name)
	assert.False(t, after.IsActive)
	after.Name, after.IsActive, after.Updated, after.Tags = before.Name, before.IsActive, before.Updated, before.Tags
	assert.Equal(t, jsonOf(t, before), jsonOf(t, after))

	d.must("contacts", "update", id, "--set", "name=Nytt", "--yes")
	assert.Contains(t, d.stderr, "nothing was sent", "what is like that already needs no request")
	assert.Equal(t, cli.Wrong, d.run("contacts", "update", id, "--set", "nam=x", "--yes"))
	assert.Contains(t, d.stderr, "customerNumber", "the properties that there are")
}

func TestAnObjectThatIsSetIsReplacedAndOneThatIsSetWithinIsNot(t *testing.T) {
	d := newDesk(t)
	id := jsonOf(t, d.srv.Contacts.All()[0].ID)
	d.must("contacts", "update", id, "--set", `visitAddress:={"streetAddress":"Gatan 1","city":"Umeå"}`, "--yes")
	d.must("contacts", "update", id, "--set", "visitAddress.city=Luleå", "--dry-run")
	assert.Contains(t, d.stderr, `"streetAddress":"Gatan 1","city":"Luleå"`)
	d.must("contacts", "update", id, "--set", `visitAddress:={"city":"Kiruna"}`, "--dry-run")
	assert.Contains(t, d.stderr, `-> {"city":"Kiruna"}`)
	d.must("contacts", "update", id, "--set", "name:=null", "--dry-run")
	assert.Contains(t, d.stderr, `-> ""`)
	assert.Equal(t, cli.Wrong, d.run("contacts", "update", id, "--set", `visitAddress:={"town":"Kiruna"}`, "--dry-run"))
	assert.Contains(t, d.stderr, `"visitAddress.town"`)
}

func TestObjectsAreCreatedAndDeleted(t *testing.T) {
	d := newDesk(t)
	var created struct{ ID int64 }
	text := d.must("contacts", "create", "--name", "Ny kund", "--contact-type", "Company", "--visit-address.city", "Lund")
	require.NoError(t, json.Unmarshal([]byte(text), &created))
	contact, ok := d.srv.Contacts.Get(created.ID)
	require.True(t, ok)
	assert.Equal(t, "Ny kund", contact.Name)
	assert.Equal(t, "Lund", contact.VisitAddress.City)

	d.stdin = `{"name": "Andra", "contactType": "person"}`
	d.must("contacts", "create", "--input", "-", "--yes")
	d.stdin = `{"name": "Tredje", "kind": "person"}`
	assert.Equal(t, cli.Wrong, d.run("contacts", "create", "--input", "-", "--yes"))
	assert.Contains(t, d.stderr, `"kind"`, "a name that the API would ignore is refused")

	n := len(d.sent())
	d.must("contacts", "create", "--name", "x", "--contact-type", "company", "--dry-run")
	assert.Len(t, d.sent(), n)

	id := jsonOf(t, created.ID)
	assert.Equal(t, cli.Wrong, d.run("contacts", "delete", id))
	d.must("contacts", "delete", id, "--yes")
	_, ok = d.srv.Contacts.Get(created.ID)
	assert.False(t, ok)

	invoice := d.srv.Invoices.All()[0]
	d.must("invoices", "set-sent-to-economy-system", jsonOf(t, invoice.ID), "--date", "2026-10-31", "--economy-system-invoice-number", "F-77", "--yes")
	assert.Equal(t, "F-77", d.srv.EconomySystemInvoiceNumber(invoice.ID))

	d.must("articles", "create", "material", "--name", "Spik", "--article-number", "S1")
	task := jsonOf(t, d.srv.Tasks.All()[0].ID)
	d.must("tasks", "comments", "create", task, "--text", "Klart")
	assert.Contains(t, d.must("tasks", "comments", "list", task), "Klart")
}

func TestAnyRequestCanBeSent(t *testing.T) {
	d := newDesk(t)
	assert.Contains(t, d.must("api", "get", "v1/Core/Contacts", "--query", "pageSize=1", "--query", "filter.query=a"), `"items"`)
	assert.Equal(t, []string{"a"}, d.sent()[0].Query["filter.query"])
	d.stdin = `{"name": "Ny", "contactType": "company"}`
	assert.Contains(t, d.must("api", "POST", "v1/Core/Contacts", "--input", "-", "--jq", ".name"), "Ny")
	assert.Equal(t, cli.Wrong, d.run("api", "GET", "v1/Core/Contacts", "--query", "x"))

	file := filepath.Join(t.TempDir(), "ids.csv")
	d.must("api", "GET", "v1/Core/Contacts", "--query", "pageSize=3", "--jq", ".items[] | {id}", "-f", file)
	assert.Equal(t, file+": 3 rows\n", d.stderr, "the rows of the file")
}

func TestFilesAreDownloaded(t *testing.T) {
	d := newDesk(t)
	var id string
	for _, o := range d.srv.Offers.All() {
		if o.HasPDF {
			id = jsonOf(t, o.ID)
		}
	}
	require.NotEmpty(t, id)
	d.srv.SetDownload("v1/Core/Offers/"+id+"/Download", "../../x.pdf", "application/pdf", []byte("%PDF-made-up"))
	t.Chdir(t.TempDir())
	d.must("offers", "download", id)
	d.srv.SetDownload("v1/Core/Offers/"+id+"/Download", "", "application/pdf", []byte("%PDF-made-up"))
	d.must("offers", "download", id)
	assert.FileExists(t, "offers-download-"+id, "without a name of the API's")
	text, err := os.ReadFile("x.pdf")
	require.NoError(t, err, "a name chooses no folder")
	assert.Equal(t, "%PDF-made-up", string(text))
	assert.Equal(t, cli.Wrong, d.run("offers", "download", id), "a file that is there is not replaced unasked")
	assert.Equal(t, "%PDF-made-up", d.must("offers", "download", id, "-f", "-"))
}

func TestProfilesKeepWhatLeadsToAnAccount(t *testing.T) {
	d := newDesk(t)
	d.vars = map[string]string{}
	assert.Equal(t, cli.Wrong, d.run("contacts", "list"))
	assert.Contains(t, d.stderr, "tid login")

	d.stdin = d.srv.AppID + "\n" + d.srv.AppSecret + "\n"
	d.must("login", "--base-url", d.srv.URL)
	d.must("contacts", "list", "--limit", "1")
	d.stdin = d.srv.StaticToken + "\n"
	d.must("login", "--profile", "test", "--static-token", "--base-url", d.srv.URL, "--test-account")
	d.must("contacts", "list", "--limit", "1", "--profile", "test")
	assert.Contains(t, d.must("profiles"), "test\t"+d.srv.URL+"\tstatic token\ttest account\n")

	d.stdin = "ap_x\nas_wrong\n"
	assert.Equal(t, cli.NotAllowed, d.run("login", "--profile", "other", "--base-url", d.srv.URL), "credentials are tried before they are kept")
	assert.NotContains(t, d.stderr, "as_wrong")
	assert.NotContains(t, d.must("profiles"), "other")

	d.vars = map[string]string{"VISMATID_TOKEN": "wrong", "VISMATID_BASE_URL": d.srv.URL}
	assert.Equal(t, cli.NotAllowed, d.run("contacts", "list"), "variables come before the default profile")
	d.must("contacts", "list", "--limit", "1", "--profile", "default")
	d.vars["VISMATID_APP_ID"] = "ap_x"
	assert.Equal(t, cli.Wrong, d.run("contacts", "list"))

	d.vars = map[string]string{}
	d.must("logout", "--profile", "test")
	assert.Equal(t, cli.Wrong, d.run("contacts", "list", "--profile", "test"))
	files, err := filepath.Glob(filepath.Join(d.dir, "*"))
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.NotContains(t, string(text), d.srv.AppSecret, file)
	}
}

func TestAProfileCorrectsAPath(t *testing.T) {
	d := newDesk(t)
	d.vars = map[string]string{}
	d.stdin = d.srv.StaticToken + "\n"
	d.must("login", "--static-token", "--base-url", d.srv.URL)
	d.must("profiles", "set-path", "GET /v1/Core/Logs", "/v1/Core/TimeReports")
	d.srv.ResetRequests()
	d.must("logs", "list", "--limit", "1")
	assert.Equal(t, "/v1/Core/TimeReports", d.sent()[0].Path)
	assert.Equal(t, cli.Wrong, d.run("profiles", "set-path", "GET /v1/Core/Lgs", "/x"))
	d.must("profiles", "set-path", "GET /v1/Core/Logs", "")
	d.srv.ResetRequests()
	d.must("logs", "list", "--limit", "1")
	assert.Equal(t, "/v1/Core/Logs", d.sent()[0].Path)
}

func TestDoctorFailsForWhatDiffersAndNotForWhatIsEmpty(t *testing.T) {
	d := newDesk(t, tidtest.WithCompany(nil))
	assert.Contains(t, d.must("doctor"), "empty")
	d.srv.Load(tidtest.Sample(1, 5))
	d.srv.SetDrift(tidtest.Drift{Operation: "GET /v1/Core/Logs", Moved: "v1/Core/LogEntries"})
	assert.Equal(t, cli.Failed, d.run("doctor"))
	assert.Contains(t, d.stdout, `tid.WithPath("GET /v1/Core/Logs", "/v1/Core/LogEntries")`)
	assert.NotContains(t, d.stdout, "set-path", "there is no profile to correct")
	assert.Empty(t, d.stderr, "a finding is no error of the command")
	var report struct {
		Findings []struct{ Kind, Operation, Name string }
	}
	file := filepath.Join(t.TempDir(), "report.json")
	assert.Equal(t, cli.Failed, d.run("doctor", "--json", "--file", file))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &report))
	require.NotEmpty(t, report.Findings)
	assert.Equal(t, "path-found", report.Findings[0].Kind)
	assert.Equal(t, cli.Wrong, d.run("doctor", "--writes"), "variables name no test account")

	d.vars, d.stdin = map[string]string{}, d.srv.StaticToken
	d.must("login", "--static-token", "--base-url", d.srv.URL)
	assert.Equal(t, cli.Failed, d.run("doctor"))
	assert.Contains(t, d.stdout, `tid profiles set-path --profile default "GET /v1/Core/Logs" /v1/Core/LogEntries`)
	assert.Equal(t, cli.Wrong, d.run("doctor", "--writes"), "the profile is no test account")
	d.must("profiles", "set-path", "GET /v1/Core/Logs", "/v1/Core/LogEntries")
	d.must("logs", "list")
}

func TestShellsAreHelped(t *testing.T) {
	d := newDesk(t)
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		assert.NotEmpty(t, d.must("completion", shell))
	}
	assert.Contains(t, d.must("__complete", "contacts", "list", "--contact-type", ""), "company")
	assert.Contains(t, d.must("__complete", "time-r"), "time-reports")
	d.stdin = d.srv.StaticToken
	d.must("login", "--profile", "acme", "--static-token", "--base-url", d.srv.URL)
	assert.Contains(t, d.must("__complete", "contacts", "list", "--profile", ""), "acme")
	assert.Equal(t, d.must("version"), "tid "+tid.Version+"\n")
	assert.Contains(t, d.must("--version"), tid.Version)
}
