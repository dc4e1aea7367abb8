// Package mirror keeps copies of accounts of Visma Tid in a database: SQLite in a file, or
// PostgreSQL. BI tools, spreadsheets and colleagues query the copy, which costs the API
// nothing.
//
//	m, err := mirror.Open(ctx, "sqlite:tid.db") // or "postgres://…"
//	…
//	report, err := m.Sync(ctx, client, mirror.Options{Account: "acme"})
//
// The first run reads everything; each run after it reads what has changed, and finds what
// was deleted. A run may end at any moment: rows and how far they go are written in one
// transaction, so that the next run goes on exactly there.
//
// # What stands in the database
//
// Each list of the API is a table, named as [Tables] names it. Its columns follow from the
// models of the SDK: the property customerNumber is the column customer_number, a
// reference such as user is user_id and user_name, and what lies in an object has its name
// in front, work_site_address_city. An array is a table of its own, with the id of the row
// that it belongs to and the position: invoice_rows, contact_tags. What a model leaves out
// when it is empty is NULL.
//
// Each table has as well: account, the name given to Sync; raw, the JSON as it came, with
// the properties that no column has; first_seen, changed and deleted_at, in UTC by the
// clock of this machine: when the mirror met the row first, when it last met it changed, and when it
// found that it was deleted. Deleted rows stay, and lose deleted_at when they come back.
//
// Days are dates. Times are the wall clock as the API has it; an offset stands in raw.
//
// Money, hours and quantities are exact. In PostgreSQL they are numeric. SQLite has no
// decimals, so each has two columns there: hours_e6 has the millionths as an integer, and
// hours is computed from it, the float that is nearest to the decimal. Read and compare
// hours; sum hours_e6 and divide by 1e6 for a sum that is exact. A value that does not fit,
// with more than six decimals or beyond nine trillions, is an error.
//
// [Schema] is the DDL, [Diagram] shows how the tables belong together, and [Views] are the views with the query behind each.
//
// # How it keeps up
//
// Lists that the API sorts by updates are followed (see tid.Cursor): an unchanged one
// costs one request. The API says with it how many rows the list has; only if that is not
// what the mirror has, deleted rows are looked for, or in the second run rows that have come
// back with old stamps. Of logs the newest are read.
//
// The other lists are users, tasks, invoices, project collections, and the short lists of
// the administration. Their rows are compared by a hash, first those of the whole list, and
// then two pages in each run: the newest rows of tasks and invoices and a page in rotation,
// or two pages in rotation. Only if the number of rows does not agree after that, the whole
// list is compared. So new and deleted rows show at once, and a change of an old row after
// as many runs as the list has pages of a hundred rows; of a list of at most two pages
// everything shows at once. [Options.Whole] compares every list as a whole, also those that
// are followed: a row that was deleted while another was added unseen is found, too.
//
// Details are read for rows that are new or have changed: users, projects, opportunities,
// invoices, and contacts that are companies.
//
// # Comments, checklists and attachments
//
// The API lists the comments of projects, and the comments, checklists and attachments of
// tasks, for one project or task at a time. They are mirrored with [Options.Nested]: the
// lists of the projects and tasks that are new or have changed, and of the one whose list
// was read longest ago. Rows that belong to a deleted project or task are marked as deleted.
//
// Not in the mirror are planning and statistics.
//
// # Many processes
//
// One process at a time writes an account; another gets ErrBusy. If a process dies, the
// account is free: in PostgreSQL when its connection ends, or its machine has answered
// nothing for 25 seconds; in SQLite after 30 seconds. A transaction commits only while its
// process has the account.
//
// Processes with the same accounts share them out with [Options.IfOlderThan]: a run is due
// that long after the last complete one began, whichever process did it, and else refused
// with a NotDueError. Call Sync for each account again and again, at least every half
// minute, and an account whose process died is taken over within a minute. PostgreSQL's
// clock counts, not those of the machines.
//
// A run needs a session of PostgreSQL: a pooler in transaction mode is refused.
package mirror
