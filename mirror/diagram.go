package mirror

import (
	"cmp"
	"fmt"
	"strings"
)

// references are the lists to whose rows the columns refer, by the names of the columns, or
// of a table and a column.
var references = map[string]string{
	"absence_project_id": "absence_projects", "activity_id": "activities", "attested_by_id": "users", "board_id": "task_boards",
	"booking_project_id": "booking_projects", "company_id": "contacts", "contact_id": "contacts", "created_by_id": "users",
	"customer_id": "contacts", "denied_by_id": "users", "internal_project_id": "internal_projects", "invoice_id": "invoices",
	"manager_id": "users", "opportunity_id": "opportunities", "parent_company_id": "contacts", "project_collection_id": "project_collections",
	"project_id": "projects", "project_manager_id": "users", "responsible_id": "users", "sales_responsible_id": "users",
	"standard_activity_id": "activities", "standard_time_article_id": "articles", "supplier_id": "contacts", "task_board_id": "task_boards",
	"task_checklist_id": "task_checklists", "task_id": "tasks", "time_article_id": "articles", "time_code_id": "time_codes",
	"time_report_id": "time_reports", "updated_by_id": "users", "user_id": "users",

	"opportunities.status_id": "opportunity_statuses", "projects.status_id": "project_statuses",
}

// unmirrored are columns with ids of what the API has no list of.
var unmirrored = []string{"allowance_report_id", "batch_id", "board_column_id", "category_id", "cost_center_id", "department_id", "invoice_draft_id",
	"schedule_id", "time_reporting_profile_id", "travel_report_id", "unit_id", "address_country_id", "visit_address_country_id",
	"postal_address_country_id", "invoice_address_country_id"}

// Diagram is the entity relationship diagram of a mirror, in the language of Mermaid: its
// tables with their primary keys, and the columns that refer to rows of other tables of
// the same account. The references follow from the names that the API gives them; the
// database does not enforce them.
func Diagram() string {
	var b, lines strings.Builder
	b.WriteString("erDiagram\n")
	for _, t := range everyTable() {
		fmt.Fprintf(&b, "    %s {\n        text account PK\n", t.name)
		for _, key := range t.keys() {
			mark := "PK"
			if t.refers(key) != "" {
				mark = "PK, FK"
			}
			fmt.Fprintf(&b, "        integer %s %s\n", key, mark)
		}
		for _, c := range t.columns {
			if t.refers(c.name) != "" {
				fmt.Fprintf(&b, "        integer %s FK\n", c.name)
			}
		}
		b.WriteString("    }\n")
		for _, key := range t.keys() {
			if to := t.refers(key); to != "" {
				fmt.Fprintf(&lines, "    %s ||--o{ %s : %s\n", to, t.name, key)
			}
		}
		for _, c := range t.columns {
			if to := t.refers(c.name); to != "" {
				fmt.Fprintf(&lines, "    %s |o--o{ %s : %s\n", to, t.name, c.name)
			}
		}
	}
	return b.String() + lines.String()
}

// refers is the list to whose rows a column refers, "" if there is none.
func (t *table) refers(column string) string {
	return cmp.Or(references[t.name+"."+column], references[column])
}
