package mirror

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

var schemas atomic.Int64

// emptyDatabase is the address of a database with nothing in it.
func emptyDatabase(t testing.TB, d Dialect) string {
	t.Helper()
	if d == SQLite {
		return "sqlite:" + filepath.Join(t.TempDir(), "tid 100%?.db")
	}
	server := os.Getenv("MIRROR_POSTGRES")
	if server == "" {
		t.Skip("MIRROR_POSTGRES is not set")
	}
	db, err := sql.Open("pgx", server)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	name := fmt.Sprintf("mirror_%d_%d", os.Getpid(), schemas.Add(1))
	_, err = db.Exec("CREATE SCHEMA " + name)
	require.NoError(t, err)
	t.Cleanup(func() {
		db, err := sql.Open("pgx", server)
		require.NoError(t, err)
		_, err = db.Exec("DROP SCHEMA " + name + " CASCADE")
		require.NoError(t, err)
		require.NoError(t, db.Close())
	})
	u, err := url.Parse(server)
	require.NoError(t, err)
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	return u.String()
}

// eachDialect runs a test on every database there is.
func eachDialect(t *testing.T, test func(t *testing.T, d Dialect)) {
	for _, d := range []Dialect{SQLite, Postgres} {
		t.Run(string(d), func(t *testing.T) { test(t, d) })
	}
}

func open(t testing.TB, database string) *Mirror {
	t.Helper()
	m, err := Open(t.Context(), database)
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.Close() })
	return m
}

func newMirror(t testing.TB, d Dialect) *Mirror {
	t.Helper()
	return open(t, emptyDatabase(t, d))
}

// company is an account with a row in every list, and its client, which does not wait.
func company(t testing.TB, opts ...tidtest.Option) (*tidtest.Server, *tid.Client) {
	srv := tidtest.NewServer(t, append([]tidtest.Option{tidtest.InMemory(), tidtest.WithRateLimit(0), tidtest.WithCompany(tidtest.Sample(1, 6))}, opts...)...)
	return srv, srv.Client(tid.WithLimiter(nil))
}

func syncAll(t testing.TB, m *Mirror, client *tid.Client) *Report {
	t.Helper()
	report, err := m.Sync(t.Context(), client, Options{Account: "acme"})
	require.NoError(t, err)
	return report
}

// stores are the objects of the fake, by the names of the tables.
func stores(srv *tidtest.Server) map[string]any {
	return map[string]any{
		"users": srv.Users.All(), "absence_projects": srv.AbsenceProjects.All(), "internal_projects": srv.InternalProjects.All(),
		"project_statuses": srv.ProjectStatuses.All(), "time_codes": srv.TimeCodes.All(), "opportunity_statuses": srv.OpportunityStatuses.All(),
		"opportunity_tags": srv.OpportunityTags.All(), "project_collections": srv.ProjectCollections.All(), "activities": srv.Activities.All(),
		"articles": srv.Articles.All(), "booking_projects": srv.BookingProjects.All(), "contacts": srv.Contacts.All(), "projects": srv.Projects.All(),
		"opportunities": srv.Opportunities.All(), "offers": srv.Offers.All(), "task_boards": srv.TaskBoards.All(), "tasks": srv.Tasks.All(),
		"vacation_requests": srv.VacationRequests.All(), "payment_plans": srv.PaymentPlans.All(), "supplier_invoices": srv.SupplierInvoices.All(),
		"material_reports": srv.MaterialReports.All(), "time_reports": srv.TimeReports.All(), "invoices": srv.Invoices.All(), "logs": srv.Logs.All(),
	}
}

// expected are the rows of a table and of its child tables as they follow from the JSON of
// the objects, found without what the mirror itself derives from the models: by the keys
// of the rows, with the texts of their values by the names of their columns.
func expected(t testing.TB, tbl *table, objects any) map[string]map[string]map[string]string {
	t.Helper()
	want := map[string]map[string]map[string]string{tbl.name: {}}
	tables := map[string]string{"opportunity_tags": "opportunity_tag_assignments", "contact_contact_persons": "contact_persons"}
	for _, child := range tbl.children {
		want[child.name] = map[string]map[string]string{}
	}
	encoded, err := json.Marshal(objects)
	require.NoError(t, err)
	dec := json.NewDecoder(strings.NewReader(string(encoded)))
	dec.UseNumber()
	var all []map[string]any
	require.NoError(t, dec.Decode(&all))
	for _, object := range all {
		id := fmt.Sprint(object["id"])
		values := map[string]string{}
		flatten(object, "", values, func(name string, array []any) {
			table := cmp.Or(tables[singular[tbl.name]+"_"+name], singular[tbl.name]+"_"+name)
			require.NotNil(t, want[table], "a table for %s of %s", name, tbl.name)
			for i, element := range array {
				own := map[string]string{}
				if o, ok := element.(map[string]any); ok {
					flatten(o, "", own, nil)
				} else {
					own["value"] = fmt.Sprint(element)
				}
				want[table][id+"/"+fmt.Sprint(i)] = own
			}
		})
		if strings.HasPrefix(tbl.name, "opportunity_") { // the API uses either key
			values["title"] = cmp.Or(values["title"], values["name"])
			values["name"] = values["title"]
		}
		want[tbl.name][id] = values
	}
	return want
}

func flatten(object map[string]any, prefix string, into map[string]string, array func(string, []any)) {
	for name, value := range object {
		var words strings.Builder
		for _, r := range name {
			if r >= 'A' && r <= 'Z' {
				words.WriteByte('_')
			}
			words.WriteString(strings.ToLower(string(r)))
		}
		column := prefix + words.String()
		switch value := value.(type) {
		case nil:
		case map[string]any:
			flatten(value, column+"_", into, array)
		case []any:
			array(column, value)
		default:
			if name != "objectName" {
				into[column] = fmt.Sprint(value)
			}
		}
	}
}

// held are the rows of a table as they stand in the database, with the texts of the values
// of those columns that follow from the model.
func held(t testing.TB, m *Mirror, tbl *table, account string) map[string]map[string]string {
	t.Helper()
	var columns, key []string
	if tbl.parent == "" {
		key = []string{"id"}
	} else {
		key = []string{tbl.parent, "position"}
	}
	columns = append(columns, key...)
	for _, c := range tbl.columns {
		columns = append(columns, c.name)
	}
	var selected []string
	for i, c := range columns {
		expr := quote(c)
		if i >= len(key) {
			switch k := tbl.columns[i-len(key)].kind; {
			case k == decimal && m.dialect == SQLite:
				expr = quote(c + "_e6")
			case k == boolean && m.dialect == SQLite:
				expr = "CASE " + expr + " WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"
			case k == boolean:
				expr += "::text"
			case m.dialect == Postgres:
				expr += "::text"
			}
		}
		selected = append(selected, expr)
	}
	if tbl.owner != "" { // stands before the key in the ids of the rows
		selected[0] = tbl.owner + " || '/' || " + selected[0]
	}
	where := " WHERE account = '" + account + "'"
	switch {
	case tbl.parent == "":
		where += " AND deleted_at IS NULL"
	case tbl.owner != "":
		where += " AND (" + tbl.owner + ", " + tbl.parent + ") IN (SELECT " + tbl.owner + ", id FROM " + parentOf(tbl) + " WHERE deleted_at IS NULL AND account = '" + account + "')"
	default:
		where += " AND " + tbl.parent + " IN (SELECT id FROM " + parentOf(tbl) + " WHERE deleted_at IS NULL AND account = '" + account + "')"
	}
	got := make(map[string]map[string]string)
	rows, err := m.db.Query("SELECT " + strings.Join(selected, ", ") + " FROM " + tbl.name + where)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	for rows.Next() {
		texts := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range texts {
			into[i] = &texts[i]
		}
		require.NoError(t, rows.Scan(into...))
		values := map[string]string{}
		for i := len(key); i < len(columns); i++ {
			if !texts[i].Valid {
				continue
			}
			value := texts[i].String
			if c := tbl.columns[i-len(key)]; c.kind == decimal && m.dialect == SQLite {
				n := tid.MustDecimal(value)
				value = tid.Decimal{Decimal: n.Shift(-6)}.String()
			}
			values[columns[i]] = value
		}
		id := texts[0].String
		if len(key) > 1 {
			id += "/" + texts[1].String
		}
		got[id] = values
	}
	require.NoError(t, rows.Err())
	return got
}

func parentOf(child *table) string {
	for _, l := range everyList() {
		for _, c := range l.table.children {
			if c == child {
				return l.table.name
			}
		}
	}
	return ""
}

// requireEqual requires that the mirror has what the stores of the fake have, row for row
// and value for value.
func requireEqual(t testing.TB, m *Mirror, srv *tidtest.Server, account string) (rows int) {
	t.Helper()
	all := stores(srv)
	require.Len(t, all, len(lists))
	for _, l := range lists {
		want := expected(t, l.table, all[l.table.name])
		for _, tbl := range append([]*table{l.table}, l.table.children...) {
			got := held(t, m, tbl, account)
			same(t, tbl, want[tbl.name], got)
			rows += len(got)
		}
	}
	return rows
}

func same(t testing.TB, tbl *table, want, got map[string]map[string]string) {
	t.Helper()
	kinds := map[string]kind{}
	for _, c := range tbl.columns {
		kinds[c.name] = c.kind
	}
	require.Equal(t, len(want), len(got), "the rows of %s", tbl.name)
	for id, values := range want {
		there, ok := got[id]
		require.True(t, ok, "the row %s of %s", id, tbl.name)
		delete(values, "id")
		if tbl.parent != "" {
			delete(there, "id")
		}
		if reflect.DeepEqual(values, there) {
			continue
		}
		for name, value := range values {
			other, ok := there[name]
			require.True(t, ok, "%s.%s of %s", tbl.name, name, id)
			if k := kinds[name]; k == decimal || k == float {
				require.True(t, tid.MustDecimal(value).Equal(tid.MustDecimal(other)), "%s.%s of %s is %s and not %s", tbl.name, name, id, other, value)
				continue
			}
			if kinds[name] == day { // bodies carry a day with a time
				value = value[:len("2006-01-02")]
			}
			require.Equal(t, value, other, "%s.%s of %s", tbl.name, name, id)
		}
		for name := range there {
			require.Contains(t, values, name, "%s.%s of %s is %s", tbl.name, name, id, there[name])
		}
	}
}

func TestTheMirrorEqualsTheAccountRowForRowAndValueForValue(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		srv, client := company(t)
		m := newMirror(t, d)
		syncAll(t, m, client)
		rows := requireEqual(t, m, srv, "acme")
		assert.Greater(t, rows, 1000)
		for _, l := range lists {
			assert.NotEmpty(t, held(t, m, l.table, "acme"), "the sample has some of each: %s", l.table.name)
		}
	})
}

func TestAnotherRunWithoutChangesWritesNothing(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		_, client := company(t)
		m := newMirror(t, d)
		syncAll(t, m, client)
		report := syncAll(t, m, client)
		require.Len(t, report.Lists, len(lists))
		for _, l := range report.Lists {
			assert.Zero(t, l.Written, l.Table)
			assert.Zero(t, l.Deleted, l.Table)
			assert.LessOrEqual(t, l.Requests, 2, l.Table)
		}
	})
}

// TestAnUnchangedListCostsTwoRequestsAtMost counts what a run costs when nothing has
// changed: one request for a list that is followed and for the log, at most two for the
// others, and with Whole as many as a list has pages.
func TestAnUnchangedListCostsTwoRequestsAtMost(t *testing.T) {
	if testing.Short() {
		t.Skip("mirrors a thousand users with their details")
	}
	srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithRateLimit(0), tidtest.WithCompany(tidtest.Sample(1, 40)))
	for range 1000 {
		srv.Tasks.Put(tid.Task{Title: "Ring kunden"})
		srv.Users.Put(tid.User{UserSummary: tid.UserSummary{FirstName: "Ny"}})
		srv.Logs.Put(tid.Log{Text: "Något hände"})
	}
	client := srv.Client(tid.WithLimiter(nil))
	m := newMirror(t, SQLite)
	syncAll(t, m, client)
	for range 2 {
		for _, l := range syncAll(t, m, client).Lists {
			want := 1
			if rows := reflect.ValueOf(stores(srv)[l.Table]).Len(); !listNamed(t, l.Table).appends && listNamed(t, l.Table).follow == nil {
				want = min(2, max(1, (rows+99)/100))
			}
			assert.Equal(t, want, l.Requests, l.Table)
			assert.Zero(t, l.Written, l.Table)
		}
	}
	report, err := m.Sync(t.Context(), client, Options{Account: "acme", Whole: true})
	require.NoError(t, err)
	for _, l := range report.Lists {
		want := max(1, (reflect.ValueOf(stores(srv)[l.Table]).Len()+99)/100)
		if listNamed(t, l.Table).follow != nil {
			want++
		}
		assert.InDelta(t, want, l.Requests, 1+float64(want)/10, "%s: a few pages are checked", l.Table)
	}
	assert.Greater(t, srv.TimeReports.Len(), 3000)
}

func TestNoTwoTablesAndNoTwoColumnsOfATableHaveOneName(t *testing.T) {
	names := make(map[string]bool)
	for _, tbl := range everyTable() {
		assert.False(t, names[tbl.name], tbl.name)
		names[tbl.name] = true
		for _, d := range []Dialect{SQLite, Postgres} {
			columns := make(map[string]bool)
			all, _ := tbl.definitions(d)
			for _, c := range all {
				assert.False(t, columns[c[0]], "%s.%s", tbl.name, c[0])
				columns[c[0]] = true
			}
		}
	}
}

func TestAFileOfAnyNameIsAFile(t *testing.T) {
	t.Chdir(t.TempDir())
	_, client := company(t)
	for _, name := range []string{":memory:", "a#b?c%20d.db", "-x.db"} {
		m := open(t, "sqlite:"+name)
		_, err := m.Sync(t.Context(), client, Options{Account: "acme", Only: []string{"time_codes"}})
		require.NoError(t, err, name)
		require.NoError(t, m.Close())
		m = open(t, "sqlite:"+name)
		assert.Equal(t, "1", value(t, m, "SELECT count(*) FROM mirror_accounts"), name)
	}
}

func TestNoPartOfAPasswordIsShownOrLookedUpAsAHost(t *testing.T) {
	for _, password := range []string{"hem@ligt", "hem@ligt@", "hem%zzligt", "hem/ligt", "hem ligt"} {
		_, err := Open(t.Context(), "postgres://tid:"+password+"@127.0.0.1:1/tid")
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "ligt", password)
	}
}

func TestTheFileIsForItsOwnerAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have other modes there")
	}
	name := filepath.Join(t.TempDir(), "tid.db")
	m, err := Open(t.Context(), "sqlite:"+name)
	require.NoError(t, err)
	require.NoError(t, m.Close())
	info, err := os.Stat(name)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "it holds personal data")
}
