package mirror

import (
	"fmt"
	"strings"
)

// View is a view of the mirror: the answer to a question that is asked often.
type View struct {
	Name string
	// About says what a row is, and what the columns are.
	About string
	query func(syntax) string
}

// Query is the query behind the view.
func (v View) Query(d Dialect) string { return v.query(syntax{d}) }

func (v View) ddl(d Dialect) []string {
	if d == Postgres {
		return []string{"CREATE OR REPLACE VIEW " + v.Name + " AS\n" + v.Query(d)}
	}
	return []string{"DROP VIEW IF EXISTS " + v.Name, "CREATE VIEW " + v.Name + " AS\n" + v.Query(d)}
}

// syntax writes what the dialects write differently.
type syntax struct{ Dialect }

// sum is the exact sum of a decimal column over the rows that meet a condition.
func (s syntax) sum(column, when string) string {
	if s.Dialect == SQLite {
		return fmt.Sprintf("coalesce(sum(CASE WHEN %s THEN %s%s END), 0) / 1e%d", when, column, scaleSuffix, scale)
	}
	return fmt.Sprintf("coalesce(sum(CASE WHEN %s THEN %s END), 0)", when, column)
}

// money is the sum of a product over the rows that meet a condition. In SQLite each product
// is rounded to a millionth, and the sum of these is exact.
func (s syntax) money(product, when string) string {
	if s.Dialect == SQLite {
		return fmt.Sprintf("coalesce(sum(CASE WHEN %s THEN CAST(round((%s) * 1e%d) AS INTEGER) END), 0) / 1e%d", when, product, scale, scale)
	}
	return fmt.Sprintf("coalesce(sum(CASE WHEN %s THEN %s END), 0)", when, product)
}

// month is the month of a day, "2026-10".
func (s syntax) month(column string) string {
	if s.Dialect == SQLite {
		return "substr(" + column + ", 1, 7)"
	}
	return "to_char(" + column + ", 'YYYY-MM')"
}

// days is the number of days from a day to the day of a time.
func (s syntax) days(from, to string) string {
	if s.Dialect == SQLite {
		return fmt.Sprintf("CAST(julianday(substr(%s, 1, 10)) - julianday(%s) AS INTEGER)", to, from)
	}
	return fmt.Sprintf("(%s::date - %s)", to, from)
}

// amount is the money for the time of a report, as [tid.TimeReport.Amount] has it.
const amount = "invoiceable_hours * rate * (100 - discount) / 100"

// Views are the views of a mirror. Deleted rows do not count in them.
func Views() []View {
	return []View{
		{"hours_by_user_month", "Hours worked and hours to invoice of each user in each month.", func(s syntax) string {
			return `SELECT account, user_id, max(user_name) AS user_name, ` + s.month("date") + ` AS month,
	count(*) AS reports,
	` + s.sum("hours", "true") + ` AS hours,
	` + s.sum("invoiceable_hours", "true") + ` AS invoiceable_hours
FROM time_reports
WHERE deleted_at IS NULL
GROUP BY account, user_id, ` + s.month("date")
		}},
		{"invoiceable_and_invoiced", "Hours to invoice of each project in each month, those of them that are invoiced, and the money for both: invoiceable hours × rate, less the discount. Internal and absence projects are left out.", func(s syntax) string {
			return `SELECT account, project_id, max(project_name) AS project_name, ` + s.month("date") + ` AS month,
	` + s.sum("invoiceable_hours", "true") + ` AS invoiceable_hours,
	` + s.sum("invoiceable_hours", "invoice_id IS NOT NULL") + ` AS invoiced_hours,
	` + s.money(amount, "true") + ` AS invoiceable_amount,
	` + s.money(amount, "invoice_id IS NOT NULL") + ` AS invoiced_amount
FROM time_reports
WHERE deleted_at IS NULL AND project_id IS NOT NULL
GROUP BY account, project_id, ` + s.month("date")
		}},
		{"project_result", "What each project has cost and what of it has been invoiced. time_cost is hours × cost, material_cost is consumed units × cost per unit, supplier_cost is the cost of supplier invoices; invoiced is the money for the time, material and payment plans that stand on an invoice, without supplier invoices, and result is that less the costs. Invoices do not name their projects: they are found by the rows that name the invoice.", projectResult},
		{"attest_lag", "How long it takes until the time of each user in each month is attested: the mean and the longest, in days from the day of the work, and how many reports are not attested yet.", func(s syntax) string {
			lag := s.days("date", "attested_date")
			return `SELECT account, user_id, max(user_name) AS user_name, ` + s.month("date") + ` AS month,
	count(*) AS reports,
	count(attested_date) AS attested,
	count(*) - count(attested_date) AS not_attested,
	round(avg(` + lag + `), 2) AS mean_days,
	max(` + lag + `) AS longest_days
FROM time_reports
WHERE deleted_at IS NULL
GROUP BY account, user_id, ` + s.month("date")
		}},
		{"absence", "Hours of absence of each user in each month, by reason, and the number of days with any.", func(s syntax) string {
			return `SELECT account, user_id, max(user_name) AS user_name, ` + s.month("date") + ` AS month,
	absence_project_id, max(absence_project_name) AS absence_project_name,
	count(DISTINCT date) AS days,
	` + s.sum("hours", "true") + ` AS hours
FROM time_reports
WHERE deleted_at IS NULL AND absence_project_id IS NOT NULL
GROUP BY account, user_id, absence_project_id, ` + s.month("date")
		}},
	}
}

func projectResult(s syntax) string {
	part := func(name, table, columns string) string {
		return name + " AS (\n\tSELECT account, project_id,\n\t\t" + columns + "\n\tFROM " + table +
			"\n\tWHERE deleted_at IS NULL AND project_id IS NOT NULL\n\tGROUP BY account, project_id\n)"
	}
	const invoiced = "invoice_id IS NOT NULL"
	parts := []string{
		part("worked", "time_reports", s.money("hours * cost", "true")+" AS cost,\n\t\t"+s.money(amount, invoiced)+" AS invoiced"),
		part("used", "material_reports", s.money("consumed_units * cost_per_unit", "true")+" AS cost,\n\t\t"+s.sum("total_amount", invoiced)+" AS invoiced"),
		part("bought", "supplier_invoices", s.sum("cost", "true")+" AS cost"),
		part("planned", "payment_plans", s.money("price * units", invoiced)+" AS invoiced"),
	}
	zero := func(column string) string { return "coalesce(" + column + ", 0)" }
	total := zero("t.invoiced") + " + " + zero("m.invoiced") + " + " + zero("pp.invoiced")
	costs := zero("t.cost") + " - " + zero("m.cost") + " - " + zero("s.cost")
	result := total + " - " + costs
	if s.Dialect == SQLite { // sums of a few floats
		total, result = "round("+total+", 6)", "round("+result+", 6)"
	}
	return "WITH " + strings.Join(parts, ", ") + `
SELECT p.account, p.id AS project_id, p.order_number, p.title,
	` + zero("t.cost") + ` AS time_cost,
	` + zero("m.cost") + ` AS material_cost,
	` + zero("s.cost") + ` AS supplier_cost,
	` + total + ` AS invoiced,
	` + result + ` AS result
FROM projects p
LEFT JOIN worked t ON t.account = p.account AND t.project_id = p.id
LEFT JOIN used m ON m.account = p.account AND m.project_id = p.id
LEFT JOIN bought s ON s.account = p.account AND s.project_id = p.id
LEFT JOIN planned pp ON pp.account = p.account AND pp.project_id = p.id
WHERE p.deleted_at IS NULL`
}
