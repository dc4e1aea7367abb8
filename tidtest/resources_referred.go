package tidtest

import (
	"github.com/vismatid/tid/tidtest/internal/query"
	"github.com/vismatid/tid/tidtest/internal/schema"
)

// hiddenResources are the kinds of objects that have no endpoint of their own: they are seen where others refer to them.
func hiddenResources(st *state) []*resource {
	named := func(id schema.ResourceID, name, object string, more ...*schema.Field) *resource {
		return &resource{
			id: id, name: name, object: object, named: []string{"name"},
			schema: schema.New(fields(number("id"), text("name"), more)...),
		}
	}
	return []*resource{
		{
			id: tags, name: "tags", object: "core.tag", named: []string{"title"},
			schema: schema.New(number("id"), text("title"), text("color")),
		},
		named(categories, "categories", "core.category", text("color")),
		named(costCenters, "cost centers", "core.costCenter", text("code")),
		named(departments, "departments", "admin.department"),
		named(units, "units", "admin.unit"),
		named(schedules, "schedules", "admin.schedule"),
		named(timeReportingProfiles, "time reporting profiles", "admin.timeReportingProfile"),
		named(taskBoardColumns, "task board columns", "core.taskBoardColumn", number("taskCount").From(bound(st, countTasks))),
		{
			id: unhandledInvoices, name: "unhandled supplier invoices", object: "core.unhandledSupplierInvoice",
			schema: schema.New(fields(supplierInvoiceFields(), text("supplierName").OrNull())...),
			write: props(
				same("invoiceNumber", "invoiceDate"), sets("supplierId", "supplier"), same("supplierName", "title", "description", "totalAmount"),
				sets("projectId", "project"),
			),
			rules: unhandledInvoiceRules,
		},
		{
			id: travelReports, name: "travel reports", object: "core.travelReport",
			schema: schema.New(append(fields(number("id")), travelFields()...)...),
		},
		{
			id: plannings, name: "plannings", object: "core.planning",
			schema: schema.New(
				number("id"), ref("user", users), ref("project", projects), ref("internalProject", internalProjects),
				ref("absenceProject", absenceProjects), date("fromDate"), date("toDate"), exact("hours"),
			),
		},
	}
}

// travelFields describe a journey that is reported together with time.
func travelFields() []*schema.Field {
	return fields(
		text("place"), exact("distance"), exact("invoiceableDistance"), boolean("toSalary"),
		object("companyCar", "core.companyCar",
			number("id"), exact("tripStart"), exact("tripEnd"), text("addressStart"), text("addressGoal"), text("addressEnd"),
		),
	)
}

func countTasks(st *state, column *schema.Record) (int64, any) {
	of := st.resource(tasks)
	in, n := of.schema.Field("boardColumn"), int64(0)
	for _, task := range of.sorted {
		if task.Num(in) == column.ID {
			n++
		}
	}
	return n, nil
}

// derivedResources are lists whose rows are worked out from other objects.
func derivedResources() []*resource {
	listed := verbs(list)
	return []*resource{
		{
			id: timeCalculations, name: "time calculations", object: "core.timeCalculation",
			schema: schema.New(
				hidden(number("id")), exact("total"), boolean("isTotal"), boolean("isByActivity"), boolean("isByActivityAndUser"),
			),
		},
		{
			id: dayStatistics, name: "user day statistics", object: "core.userDayStatistic",
			path: "v1/Core/TimeReports/UserDayStatistics", verbs: listed,
			schema: schema.New(
				number("userId"), text("name"), ref("department", departments),
				objects("dates", "core.userDayStatisticDate",
					date("date"), exact("reportedHours"), exact("scheduledHours"), dateTime("lockedDate").OrNull(), dateTime("attestedDate").OrNull(),
				),
			),
			sorts: sorts("name"),
			filters: filters(
				noted("from", schema.Date).Must(), noted("to", schema.Date).Must(), noted("userIds", schema.Refs),
			),
			gather: gatherDayStatistics,
		},
		{
			id: planningUsers, name: "users with resource planning", object: "core.planningUser",
			path: "v1/Core/Planning/HasResourcePlanning/Users", verbs: listed, bare: true,
			schema: schema.New(number("id"), text("employmentNumber"), text("firstName"), text("lastName")),
			filters: filters(
				noted("fromDate", schema.Date), noted("toDate", schema.Date),
				noted("excludeDeleted", schema.Bool), noted("excludeRestricted", schema.Bool),
			),
			gather: gatherPlanningUsers,
		},
		planningSums(planningProjectSums, "Projects", filters(
			noted("userId", schema.Int), noted("excludeProjects", schema.Bool), noted("excludeAbsence", schema.Bool), noted("excludeInternal", schema.Bool),
		)),
		planningSums(planningUserSums, "Users", filters(noted("projectId", schema.Int))),
	}
}

func planningSums(id schema.ResourceID, by string, more []query.Filter) *resource {
	return &resource{
		id: id, name: "planning summaries", object: "core.planningSummary",
		path: "v1/Core/Planning/GetPlanningSummaries/" + by, verbs: verbs(list), bare: true,
		schema: schema.New(
			ref("project", projects), hidden(ref("internalProject", internalProjects)), hidden(ref("absenceProject", absenceProjects)),
			ref("user", users), date("fromDate"), date("toDate"), exact("hours"),
		),
		filters: filters(noted("fromDate", schema.Date), noted("toDate", schema.Date), more),
		gather:  gatherPlanningSums,
	}
}
