package mirror

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
)

// fill puts rows into a table.
func fill[T any](t testing.TB, m *Mirror, name string, items ...T) {
	t.Helper()
	var rows []row
	for i := range items {
		raw, err := json.Marshal(items[i])
		require.NoError(t, err)
		rows = append(rows, row{id: int64(i + 1), item: &items[i], raw: raw})
	}
	require.NoError(t, m.transaction(t.Context(), m.db, func(tx *sql.Tx) error {
		return m.put(t.Context(), tx, listNamed(t, name).table, "acme", 0, rows, stamp(time.Now()))
	}))
}

// ask are the rows of a query, their values with | between them; decimals without zeros at
// their ends.
func ask(t testing.TB, m *Mirror, query string) (all []string) {
	t.Helper()
	rows, err := m.db.Query(query)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	columns, err := rows.Columns()
	require.NoError(t, err)
	for rows.Next() {
		texts := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range texts {
			into[i] = &texts[i]
		}
		require.NoError(t, rows.Scan(into...))
		var values []string
		for _, text := range texts {
			value := text.String
			if n, err := tid.ParseDecimal(value); err == nil && strings.Contains(value, ".") {
				value = n.String()
				if strings.Contains(value, ".") {
					value = strings.TrimSuffix(strings.TrimRight(value, "0"), ".")
				}
			}
			values = append(values, value)
		}
		all = append(all, strings.Join(values, "|"))
	}
	require.NoError(t, rows.Err())
	return all
}

func TestTheViewsAnswerWhatTheySay(t *testing.T) {
	eachDialect(t, func(t *testing.T, d Dialect) {
		m := newMirror(t, d)
		dec := tid.MustDecimal
		anna, bo := &tid.Ref{ID: 1, Name: "Anna"}, &tid.Ref{ID: 2, Name: "Bo"}
		roof, sick := &tid.NumberRef{ID: 7, Name: "Taket"}, &tid.Ref{ID: 3, Name: "Sjuk"}
		at := func(text string) tid.DateTime { dt, err := tid.ParseDateTime(text); require.NoError(t, err); return dt }
		fill(t, m, "time_reports",
			tid.TimeReport{User: anna, Project: roof, Date: tid.NewDate(2026, 10, 1), Hours: dec("7.5"), InvoiceableHours: dec("7.25"), Cost: dec("310.10"), Rate: dec("695.50"), Discount: dec("10"), InvoiceID: 5, AttestedDate: at("2026-10-04 23:59:00")},
			tid.TimeReport{User: anna, Project: roof, Date: tid.NewDate(2026, 10, 31), Hours: dec("0.1"), InvoiceableHours: dec("0.2"), Cost: dec("310.10"), Rate: dec("695.50"), AttestedDate: at("2026-11-01 00:00:00")},
			tid.TimeReport{User: anna, AbsenceProject: sick, Date: tid.NewDate(2026, 10, 5), Hours: dec("4")},
			tid.TimeReport{User: anna, AbsenceProject: sick, Date: tid.NewDate(2026, 10, 5), Hours: dec("4")},
			tid.TimeReport{User: bo, Project: roof, Date: tid.NewDate(2026, 11, 2), Hours: dec("8"), InvoiceableHours: dec("8"), Cost: dec("250"), Rate: dec("600")},
			tid.TimeReport{User: bo, Project: roof, Date: tid.NewDate(2026, 11, 3), Hours: dec("99")}, // will be deleted
		)
		require.NoError(t, m.transaction(t.Context(), m.db, func(tx *sql.Tx) error {
			_, err := m.remove(t.Context(), tx, listNamed(t, "time_reports").table, "acme", 0, []int64{6}, stamp(time.Now()))
			return err
		}))
		project := tid.Project{ProjectSummary: tid.ProjectSummary{OrderNumber: "1007", Title: "Taket"}}
		fill(t, m, "projects", make([]tid.Project, 6)...)
		fillAt(t, m, "projects", 7, &project)
		fill(t, m, "material_reports",
			tid.MaterialReport{Project: &tid.Ref{ID: 7}, ConsumedUnits: dec("3"), CostPerUnit: dec("19.90"), TotalAmount: dec("89.70"), InvoiceID: 5},
			tid.MaterialReport{Project: &tid.Ref{ID: 7}, ConsumedUnits: dec("1.5"), CostPerUnit: dec("100"), TotalAmount: dec("200")})
		fill(t, m, "supplier_invoices", tid.SupplierInvoice{Project: &tid.Ref{ID: 7}, Cost: dec("1200.45"), TotalAmount: dec("1500")})
		fill(t, m, "payment_plans",
			tid.PaymentPlan{Project: &tid.Ref{ID: 7}, Price: dec("5000"), Units: dec("1.5"), InvoiceID: 6},
			tid.PaymentPlan{Project: &tid.Ref{ID: 7}, Price: dec("5000"), Units: dec("1")})

		assert.Equal(t, []string{"1|Anna|2026-10|4|15.6|7.45", "2|Bo|2026-11|1|8|8"},
			ask(t, m, "SELECT user_id, user_name, month, reports, hours, invoiceable_hours FROM hours_by_user_month ORDER BY 1, 3"))
		// 7.25 × 695.50 × 0.9 = 4538.1375; 0.2 × 695.50 = 139.10; 8 × 600 = 4800.
		assert.Equal(t, []string{"7|Taket|2026-10|7.45|7.25|4677.2375|4538.1375", "7|Taket|2026-11|8|0|4800|0"},
			ask(t, m, "SELECT project_id, project_name, month, invoiceable_hours, invoiced_hours, invoiceable_amount, invoiced_amount FROM invoiceable_and_invoiced ORDER BY 3"))
		// Time: 7.6 × 310.10 + 8 × 250 = 4356.76. Material: 3 × 19.90 + 1.5 × 100 = 209.70.
		// Invoiced: 4538.1375 + 89.70 + 7500 = 12127.8375. Result: less 4356.76, 209.70, 1200.45.
		assert.Equal(t, []string{"7|1007|Taket|4356.76|209.7|1200.45|12127.8375|6360.9275"},
			ask(t, m, "SELECT project_id, order_number, title, time_cost, material_cost, supplier_cost, invoiced, result FROM project_result WHERE project_id = 7"))
		assert.Equal(t, []string{"0|0|0|0|0"}, ask(t, m, "SELECT time_cost, material_cost, supplier_cost, invoiced, result FROM project_result WHERE project_id = 1"), "nothing has happened in it")
		// 3 days and 1 day; two reports of absence and that of Bo are not attested.
		assert.Equal(t, []string{"1|Anna|2026-10|4|2|2|2|3", "2|Bo|2026-11|1|0|1||"},
			ask(t, m, "SELECT user_id, user_name, month, reports, attested, not_attested, mean_days, longest_days FROM attest_lag ORDER BY 1"))
		assert.Equal(t, []string{"1|Anna|2026-10|3|Sjuk|1|8"},
			ask(t, m, "SELECT user_id, user_name, month, absence_project_id, absence_project_name, days, hours FROM absence"))
	})
}

func fillAt(t testing.TB, m *Mirror, name string, id int64, item any) {
	t.Helper()
	require.NoError(t, m.transaction(t.Context(), m.db, func(tx *sql.Tx) error {
		return m.put(t.Context(), tx, listNamed(t, name).table, "acme", 0, []row{{id: id, item: item, raw: []byte("{}")}}, stamp(time.Now()))
	}))
}

func TestTheSchemaHasEachTableAndView(t *testing.T) {
	for _, d := range []Dialect{SQLite, Postgres} {
		ddl := Schema(d)
		for _, tbl := range everyTable() {
			assert.Contains(t, ddl, "CREATE TABLE IF NOT EXISTS "+tbl.name+" (")
		}
		for _, v := range Views() {
			assert.Contains(t, ddl, "VIEW "+v.Name+" AS\n"+v.Query(d))
			assert.NotEmpty(t, v.About)
		}
	}
}

func ExampleTables() {
	fmt.Println(strings.Join(Tables()[:4], " "))
	// Output: users absence_projects internal_projects project_statuses
}
