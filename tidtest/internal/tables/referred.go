package tables

import (
	"github.com/vismatid/tid/tidtest/internal/account"
	"github.com/vismatid/tid/tidtest/internal/schema"
)

// hiddenResources are the kinds of objects that have no endpoint of their own: they are seen where others refer to them.
func hiddenResources(acct *account.Account) []*account.Resource {
	named := func(id schema.ResourceID, name, object string, more ...*schema.Field) *account.Resource {
		return &account.Resource{
			ID: id, Name: name, Object: object,
			Named: []string{"name"},
			Schema: properties(
				number("id"),
				text("name"),
				more,
			),
		}
	}
	return []*account.Resource{
		{
			ID: Tags, Name: "tags", Object: "core.tag",
			Named: []string{"title"},
			Schema: properties(
				number("id"),
				text("title"),
				text("color"),
			),
		},
		named(Categories, "categories", "core.category", text("color")),
		named(CostCenters, "cost centers", "core.costCenter", text("code")),
		named(Departments, "departments", "admin.department"),
		named(Units, "units", "admin.unit"),
		named(Schedules, "schedules", "admin.schedule"),
		named(TimeReportingProfiles, "time reporting profiles", "admin.timeReportingProfile"),
		named(TaskBoardColumns, "task board columns", "core.taskBoardColumn", number("taskCount").From(bound(acct, countTasks))),
		{
			ID: UnhandledInvoices, Name: "unhandled supplier invoices", Object: "core.unhandledSupplierInvoice",
			Schema: properties(
				supplierInvoiceFields(),
				text("supplierName").OrNull(),
			),
			Write: props(
				"invoiceNumber",
				"invoiceDate",
				sets("supplierId", "supplier"),
				"supplierName",
				"title",
				"description",
				"totalAmount",
				sets("projectId", "project"),
			),
			Rules: unhandledInvoiceRules,
		},
		{
			ID: TravelReports, Name: "travel reports", Object: "core.travelReport",
			Schema: properties(
				number("id"),
				travelFields(),
			),
		},
		{
			ID: Plannings, Name: "plannings", Object: "core.planning",
			Schema: properties(
				number("id"),
				ref("user", Users),
				ref("project", Projects),
				ref("internalProject", InternalProjects),
				ref("absenceProject", AbsenceProjects),
				date("fromDate"),
				date("toDate"),
				exact("hours"),
			),
		},
	}
}

// travelFields describe a journey that is reported together with time.
func travelFields() []*schema.Field {
	return fields(
		text("place"),
		exact("distance"),
		exact("invoiceableDistance"),
		boolean("toSalary"),
		object("companyCar", "core.companyCar",
			number("id"),
			exact("tripStart"),
			exact("tripEnd"),
			text("addressStart"),
			text("addressGoal"),
			text("addressEnd"),
		),
	)
}

func countTasks(acct *account.Account, column *schema.Record) (int64, any) {
	of := acct.Resource(Tasks)
	in, n := of.Schema.Field("boardColumn"), int64(0)
	for _, task := range of.Sorted {
		if task.Num(in) == column.ID {
			n++
		}
	}
	return n, nil
}

// derivedResources are lists whose rows are worked out from other objects.
func derivedResources() []*account.Resource {
	return []*account.Resource{
		{
			ID: TimeCalculations, Name: "time calculations", Object: "core.timeCalculation",
			Schema: properties(
				hidden(number("id")),
				exact("total"),
				boolean("isTotal"),
				boolean("isByActivity"),
				boolean("isByActivityAndUser"),
			),
		},
		{
			ID: DayStatistics, Name: "user day statistics", Object: "core.userDayStatistic",
			Path: "v1/Core/TimeReports/UserDayStatistics", Verbs: verbs(list),
			Schema: properties(
				number("userId"),
				text("name"),
				ref("department", Departments),
				objects("dates", "core.userDayStatisticDate",
					date("date"),
					exact("reportedHours"),
					exact("scheduledHours"),
					dateTime("lockedDate").OrNull(),
					dateTime("attestedDate").OrNull(),
				),
			),
			Sorts: sorts("name"),
			Filters: filters(
				noted("from", schema.Date).Must(),
				noted("to", schema.Date).Must(),
				noted("userIds", schema.Refs),
			),
			Gather: gatherDayStatistics,
		},
		{
			ID: PlanningUsers, Name: "users with resource planning", Object: "core.planningUser",
			Path: "v1/Core/Planning/HasResourcePlanning/Users", Verbs: verbs(list), Bare: true,
			Schema: properties(
				number("id"),
				text("employmentNumber"),
				text("firstName"),
				text("lastName"),
			),
			Filters: filters(
				noted("fromDate", schema.Date),
				noted("toDate", schema.Date),
				noted("excludeDeleted", schema.Bool),
				noted("excludeRestricted", schema.Bool),
			),
			Gather: gatherPlanningUsers,
		},
		{
			ID: PlanningProjectSums, Name: "planning summaries", Object: "core.planningSummary",
			Path: "v1/Core/Planning/GetPlanningSummaries/Projects", Verbs: verbs(list), Bare: true,
			Schema: properties(
				ref("project", Projects),
				hidden(ref("internalProject", InternalProjects)),
				hidden(ref("absenceProject", AbsenceProjects)),
				ref("user", Users),
				date("fromDate"),
				date("toDate"),
				exact("hours"),
			),
			Filters: filters(
				noted("fromDate", schema.Date),
				noted("toDate", schema.Date),
				noted("userId", schema.Int),
				noted("excludeProjects", schema.Bool),
				noted("excludeAbsence", schema.Bool),
				noted("excludeInternal", schema.Bool),
			),
			Gather: gatherPlanningSums,
		},
		{
			ID: PlanningUserSums, Name: "planning summaries", Object: "core.planningSummary",
			Path: "v1/Core/Planning/GetPlanningSummaries/Users", Verbs: verbs(list), Bare: true,
			Schema: properties(
				ref("project", Projects),
				hidden(ref("internalProject", InternalProjects)),
				hidden(ref("absenceProject", AbsenceProjects)),
				ref("user", Users),
				date("fromDate"),
				date("toDate"),
				exact("hours"),
			),
			Filters: filters(
				noted("fromDate", schema.Date),
				noted("toDate", schema.Date),
				noted("projectId", schema.Int),
			),
			Gather: gatherPlanningSums,
		},
	}
}
