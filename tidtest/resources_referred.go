package tidtest

// hiddenResources are the kinds of objects that have no endpoint of their own: they are seen where others refer to them.
func hiddenResources(st *state) []*resource {
	named := func(id resourceID, name, object string, more ...*field) *resource {
		return &resource{
			id: id, name: name, object: object, parent: noResource, named: []string{"name"},
			schema: newSchema(fields(number("id"), text("name"), more)...),
		}
	}
	return []*resource{
		{
			id: tags, name: "tags", object: "core.tag", parent: noResource, named: []string{"title"},
			schema: newSchema(number("id"), text("title"), text("color")),
		},
		named(categories, "categories", "core.category", text("color")),
		named(costCenters, "cost centers", "core.costCenter", text("code")),
		named(departments, "departments", "admin.department"),
		named(units, "units", "admin.unit"),
		named(schedules, "schedules", "admin.schedule"),
		named(timeReportingProfiles, "time reporting profiles", "admin.timeReportingProfile"),
		named(taskBoardColumns, "task board columns", "core.taskBoardColumn", number("taskCount").from(st.countTasks)),
		{
			id: unhandledInvoices, name: "unhandled supplier invoices", object: "core.unhandledSupplierInvoice", parent: noResource,
			schema: newSchema(fields(supplierInvoiceFields(), text("supplierName").orNull())...),
			write: props(
				same("invoiceNumber", "invoiceDate"), sets("supplierId", "supplier"), same("supplierName", "title", "description", "totalAmount"),
				sets("projectId", "project"),
			),
			rules: unhandledInvoiceRules,
		},
		{
			id: travelReports, name: "travel reports", object: "core.travelReport", parent: noResource,
			schema: newSchema(append(fields(number("id")), travelFields()...)...),
		},
		{
			id: plannings, name: "plannings", object: "core.planning", parent: noResource,
			schema: newSchema(
				number("id"), ref("user", users), ref("project", projects), ref("internalProject", internalProjects),
				ref("absenceProject", absenceProjects), date("fromDate"), date("toDate"), exact("hours"),
			),
		},
	}
}

// travelFields describe a journey that is reported together with time.
func travelFields() []*field {
	return fields(
		text("place"), exact("distance"), exact("invoiceableDistance"), boolean("toSalary"),
		object("companyCar", "core.companyCar",
			number("id"), exact("tripStart"), exact("tripEnd"), text("addressStart"), text("addressGoal"), text("addressEnd"),
		),
	)
}

func (st *state) countTasks(column *record) (int64, any) {
	of := st.resource(tasks)
	in, n := of.schema.field("boardColumn"), int64(0)
	for _, task := range of.sorted {
		if task.num(in) == column.id {
			n++
		}
	}
	return n, nil
}

// derivedResources are lists whose rows are worked out from other objects.
func derivedResources() []*resource {
	listed := []verb{verbList}
	return []*resource{
		{
			id: timeCalculations, name: "time calculations", object: "core.timeCalculation", parent: noResource,
			schema: newSchema(
				hidden(number("id")), exact("total"), boolean("isTotal"), boolean("isByActivity"), boolean("isByActivityAndUser"),
			),
		},
		{
			id: dayStatistics, name: "user day statistics", object: "core.userDayStatistic", parent: noResource,
			path: "v1/Core/TimeReports/UserDayStatistics", verbs: listed,
			schema: newSchema(
				number("userId"), text("name"), ref("department", departments),
				objects("dates", "core.userDayStatisticDate",
					date("date"), exact("reportedHours"), exact("scheduledHours"), dateTime("lockedDate").orNull(), dateTime("attestedDate").orNull(),
				),
			),
			sorts: sorts("name"),
			filters: filters(
				noted("from", kindDate).must(), noted("to", kindDate).must(), noted("userIds", kindRefs),
			),
			gather: gatherDayStatistics,
		},
		{
			id: planningUsers, name: "users with resource planning", object: "core.planningUser", parent: noResource,
			path: "v1/Core/Planning/HasResourcePlanning/Users", verbs: listed, bare: true,
			schema: newSchema(number("id"), text("employmentNumber"), text("firstName"), text("lastName")),
			filters: filters(
				noted("fromDate", kindDate), noted("toDate", kindDate),
				noted("excludeDeleted", kindBool), noted("excludeRestricted", kindBool),
			),
			gather: gatherPlanningUsers,
		},
		planningSums(planningProjectSums, "Projects", filters(
			noted("userId", kindInt), noted("excludeProjects", kindBool), noted("excludeAbsence", kindBool), noted("excludeInternal", kindBool),
		)),
		planningSums(planningUserSums, "Users", filters(noted("projectId", kindInt))),
	}
}

func planningSums(id resourceID, by string, more []filter) *resource {
	return &resource{
		id: id, name: "planning summaries", object: "core.planningSummary", parent: noResource,
		path: "v1/Core/Planning/GetPlanningSummaries/" + by, verbs: []verb{verbList}, bare: true,
		schema: newSchema(
			ref("project", projects), hidden(ref("internalProject", internalProjects)), hidden(ref("absenceProject", absenceProjects)),
			ref("user", users), date("fromDate"), date("toDate"), exact("hours"),
		),
		filters: filters(noted("fromDate", kindDate), noted("toDate", kindDate), more),
		gather:  gatherPlanningSums,
	}
}
