package tidtest

import (
	"slices"

	"github.com/vismatid/tid/tidtest/internal/query"
	"github.com/vismatid/tid/tidtest/internal/schema"
)

// coreResources are the tables of the resources below v1/Core.
func coreResources(st *state) []*resource {
	return slices.Concat(
		[]*resource{contactTable(st), projectTable(), timeReportTable(), materialReportTable()},
		salesTables(), taskTables(), otherCoreTables(),
	)
}

var everyVerb = verbs(list, get, create, update, remove)

func contactTable(st *state) *resource {
	return &resource{
		id: contacts, name: "contacts", object: "core.contact", path: "v1/Core/Contacts", verbs: everyVerb,
		named: []string{"name"},
		schema: schema.New(fields(
			number("id"), enum("contactType", "person", "company"), text("name"), text("customerNumber").OrNull(),
			text("organizationalOrSocialSecurityNumber").OrNull(), text("email").OrNull(), text("invoiceEmail").OrNull(),
			text("phoneNumber").OrNull(), text("cellPhoneNumber").OrNull(), ref("company", contacts), ref("parentCompany", contacts),
			ref("responsible", users), tagList(), boolean("isActive"), text("importantInformation").OrNull(),
			enums("relations", "customer", "supplier", "wholesale", "retail", "subcontractor", "partner"),
			text("website").OrNull(), text("vatNumber").OrNull(),
			object("visitAddress", "core.address", addressFields()...), object("postalAddress", "core.address", addressFields()...), object("invoiceAddress", "core.address", addressFields()...),
			stamps("created", "updated"),
			inDetail(objects("contactPersons", "core.contactPerson", number("id"), text("name"), boolean("isPrimary")).OnlyIf("contactType", "company").From(bound(st, contactPersons))),
		)...),
		sorts: sorts("name", "customerNumber", "created", "updated"),
		filters: filters(
			queryOf("name", "customerNumber"), equals("contactType", "contactType"), anyOf("relations", "relations"),
		),
		write: props(
			same("contactType", "name", "customerNumber", "organizationalOrSocialSecurityNumber", "email", "invoiceEmail", "phoneNumber", "cellPhoneNumber"),
			sets("companyId", "company"), sets("parentCompanyId", "parentCompany"), sets("responsibleId", "responsible"), sets("tagIds", "tags"),
			same("isActive", "importantInformation", "relations", "website", "vatNumber", "visitAddress", "postalAddress", "invoiceAddress"),
		),
		rules: contactRules,
	}
}

func projectTable() *resource {
	return &resource{
		id: projects, name: "projects", object: "core.project", path: "v1/Core/Projects",
		verbs: verbs(list, get, create, update), named: []string{"title"},
		schema: schema.New(fields(
			number("id"), text("orderNumber"), text("title"), ref("status", projectStatuses, shown("isCompletedStatus", "isCompletedStatus")),
			ref("category", categories, shown("color", "color")), ref("salesResponsible", users), ref("projectManager", users),
			ref("customer", contacts), date("startDate").OrNull(), date("endDate").OrNull(), enum("invoiceType", "ongoing", "fixedPrice", "none"),
			object("location", "core.location",
				float("longitude"), float("latitude"), text("streetAddress"), text("postalCode"), text("city"), text("countryName"),
			).OrNull(),
			ref("projectCollection", projectCollections, shown("number", "number")), tagList(),
			ref("costCenter", costCenters, shown("code", "code")), ref("createdBy", users), ref("updatedBy", users), stamps("created", "updated"),
			inDetail(
				text("description").OrNull(),
				object("workSiteAddress", "core.workSiteAddress", text("streetAddress"), text("postalCode"), text("city"), float("longitude"), float("latitude")).OrNull(),
				text("yourReference").OrNull(), text("ourReference").OrNull(), text("customerReferenceMarking").OrNull(),
				text("invoiceText").OrNull(), boolean("readyForInvoice"), boolean("allIsMember"), ref("bookingProject", bookingProjects),
				ref("responsible", users),
			),
		)...),
		sorts: sorts("orderNumber", "title", by("createdDate", "created"), by("updatedDate", "updated")),
		filters: filters(
			queryOf("orderNumber"), anyOf("statusIds", "status"), anyOf("categoryIds", "category"), anyOf("tagIds", "tags"),
			anyOf("projectManagerIds", "projectManager"), equals("customerId", "customer"), equals("projectCollectionId", "projectCollection"),
			equals("costCenterId", "costCenter"), between("createdDate", "created"), between("updatedDate", "updated"),
			equals("invoiceType", "invoiceType"),
		),
		write: props(
			required(sets("title", "title")), sets("projectCollectionId", "projectCollection"), same("startDate", "endDate"),
			sets("tagIds", "tags"), sets("contactId", "customer"), sets("responsibleId", "projectManager", "responsible"),
			sets("salesResponsibleId", "salesResponsible"), same("description"), sets("statusId", "status"), same("readyForInvoice"),
			sets("costCenterId", "costCenter"), sets("bookingProjectId", "bookingProject"), sets("categoryId", "category"),
			same("invoiceText", "yourReference", "ourReference", "customerReferenceMarking", "allIsMember", "workSiteAddress", "invoiceType"),
		),
		rules: projectRules,
	}
}

func timeReportTable() *resource {
	return &resource{
		id: timeReports, name: "time reports", object: "core.timeReport", path: "v1/Core/TimeReports", verbs: everyVerb,
		schema: schema.New(fields(
			number("id"), date("date"), clock("clockStart").OrNull(), clock("clockEnd").OrNull(), exact("hours"), exact("invoiceableHours"),
			number("breakMinutes"), exact("cost"), exact("rate"), exact("discount"), text("comment"), text("internalComment"),
			dateTime("sentToAttestDate").OrNull(), dateTime("attestedDate").OrNull(), ref("user", users),
			ref("project", projects, shown("number", "orderNumber")), ref("internalProject", internalProjects),
			ref("absenceProject", absenceProjects), ref("contact", contacts), ref("activity", activities), ref("timeCode", timeCodes),
			ref("timeArticle", articles), ref("costCenter", costCenters), number("invoiceId").OrNull(), dateTime("invoicedDate").OrNull(),
			number("invoiceDraftId").OrNull(), number("travelReportId").OrNull(), number("allowanceReportId").OrNull(), number("taskId").OrNull(),
			boolean("hasAdditions"), boolean("hasEquipment"), stamps("createdDate", "updatedDate"), ref("createdBy", users), ref("updatedBy", users),
		)...),
		sorts: sorts(
			"date", by("userName", "user"), "hours", "invoiceableHours", "sentToAttestDate", "attestedDate", "createdDate", "updatedDate",
		),
		filters: filters(
			from("from", "date"), to("to", "date"), anyOf("userIds", "user"), equals("projectId", "project"),
			isSet("isSentToAttest", "sentToAttestDate"), isSet("isAttested", "attestedDate"),
			whichOf("projectType", "project", "internalProject", "absenceProject"),
		),
		write: props(
			required(sets("userId", "user"), sets("date", "date")),
			sets("projectId", "project"), sets("internalProjectId", "internalProject"), sets("absenceProjectId", "absenceProject"),
			sets("activityId", "activity"), sets("timeCodeId", "timeCode"), sets("timeArticleId", "timeArticle"),
			same("clockStart", "clockEnd", "hours", "invoiceableHours", "breakMinutes", "comment", "internalComment"),
			checked(object("travelReport", "core.travelReport", travelFields()...)),
		),
		rules: timeReportRules,
	}
}

func materialReportTable() *resource {
	return &resource{
		id: materialReports, name: "material reports", object: "core.materialReport", path: "v1/Core/MaterialReports", verbs: everyVerb,
		schema: schema.New(fields(
			number("id"), number("sortOrder"), text("articleNumber").OrNull(), text("title"), text("description").OrNull(),
			exact("consumedUnits"), exact("invoiceableUnits"), text("unitText").OrNull(), exact("costPerUnit"), exact("pricePerUnit"),
			exact("discountPercentage"), exact("totalAmount"), boolean("toBeInvoiced"), number("invoiceId").OrNull(),
			dateTime("invoicedDate").OrNull(), number("invoiceDraftId").OrNull(), ref("project", projects), number("timeReportId").OrNull(),
			stamps("createdDate", "updatedDate"),
		)...),
		sorts:   sorts("sortOrder", "articleNumber", "title", "createdDate", "updatedDate"),
		filters: filters(equals("projectId", "project")),
		write: props(
			sets("projectId", "project"), checked(ref("articleId", articles)),
			same("articleNumber", "title", "description", "consumedUnits", "invoiceableUnits", "unitText", "costPerUnit", "pricePerUnit",
				"discountPercentage", "toBeInvoiced", "timeReportId", "sortOrder"),
		),
		rules: materialReportRules,
	}
}

// salesTables are those of offers, opportunities and invoices.
func salesTables() []*resource {
	return []*resource{
		{
			id: invoices, name: "invoices", object: "core.invoice", path: "v1/Core/Invoices", verbs: verbs(list, get),
			schema: schema.New(fields(
				number("id"), date("invoiceDate").OrNull(), createdStamp("createdDate"), date("fromDate").OrNull(), date("toDate").OrNull(),
				exact("sum"), ref("customer", contacts), date("sentToEconomySystem").OrNull(), hidden(text("economySystemInvoiceNumber")),
				inDetail(objects("rows", "core.invoiceRow",
					number("id"), boolean("isHeader"), boolean("isSumRow"), text("articleNumber").OrNull(), text("article").OrNull(),
					text("comment").OrNull(), exact("value"), exact("rate"), exact("discount"), exact("sum"), number("sortOrder"),
				)),
			)...),
			sorts:   sorts("createdDate", "invoiceDate", "customer", "sum", "sentToEconomySystem"),
			filters: filters(equals("customerId", "customer"), from("createdSince", "createdDate"), after("sinceId", "id")),
		},
		{
			id: offers, name: "offers", object: "core.offer", path: "v1/Core/Offers", verbs: verbs(list),
			schema: schema.New(fields(
				number("id"), number("offerNumber").OrNull(), number("version"), text("title"), exact("offerValue"),
				enum("offerState", "draft", "locked", "sentToCustomer", "openedByCustomer", "accepted", "acceptedSigned", "denied"),
				boolean("hasPdf"), ref("user", users), ref("customer", contacts), titled("opportunity", opportunities),
				stamps("createdDate", "updatedDate"),
			)...),
			sorts: sorts("title", "offerNumber", "createdDate", "updatedDate"),
			filters: filters(
				equals("offerNumber", "offerNumber"), between("createdDate", "createdDate"), between("updatedDate", "updatedDate"),
				equals("offerState", "offerState"), equals("opportunityId", "opportunity"),
			),
		},
		{
			id: opportunities, name: "opportunities", object: "core.opportunity", path: "v1/Core/Opportunities",
			verbs: verbs(list, get, create, update), named: []string{"title"},
			schema: schema.New(fields(
				number("id"), text("title"), exact("turnover").OrNull(), boolean("hasOffers"), ref("user", users), ref("customer", contacts),
				ref("contact", contacts), enum("opportunityState", "open", "won", "lost"), dateTime("closedDate").OrNull(),
				date("estimatedClosingDate").OrNull(), ref("status", opportunityStatuses),
				refs("tags", opportunityTags, display("title"), shown("color", "color")), stamps("createdDate", "updatedDate"),
				inDetail(number("probability").OrNull(), text("description").OrNull(), titled("project", projects)),
			)...),
			sorts: sorts("title", "createdDate", "updatedDate"),
			filters: filters(
				between("createdDate", "createdDate"), between("updatedDate", "updatedDate"), between("closedDate", "closedDate"),
				between("estimatedClosingDate", "estimatedClosingDate"), equals("hasOffers", "hasOffers"),
				anyOf("opportunityStatusIds", "status"), anyOf("opportunityTagIds", "tags"), equals("opportunityState", "opportunityState"),
			),
			write: props(
				same("title", "description", "turnover", "probability"), sets("userId", "user"),
				sets("customerId", "customer"), sets("contactId", "contact"), sets("statusId", "status"),
				same("estimatedClosingDate", "opportunityState"), sets("tagIds", "tags"),
			),
			rules: opportunityRules,
		},
	}
}

// taskTables are those of task boards, tasks and what belongs to a task, and of the comments of projects.
func taskTables() []*resource {
	nested := verbs(list, create, update, remove)
	comments := func(id, parent schema.ResourceID, name, path string, keys []query.SortKey) *resource {
		return &resource{
			id: id, name: name, object: "core.comment", path: path, verbs: nested, parent: parent,
			schema: schema.New(fields(
				number("id"), text("text").AlsoCalled("comment"), ref("user", users).AlsoCalled("createdBy"), stamps("createdDate", "updatedDate"),
			)...),
			sorts: keys,
			write: props(sets("text", "text"), checked(text("comment"))),
			rules: commentRules,
		}
	}
	return []*resource{
		comments(projectComments, projects, "comments of projects", "v1/Core/Projects/{projectId}/Comments", sorts("createdDate", "updatedDate")),
		comments(taskComments, tasks, "comments of tasks", "v1/Core/Tasks/{taskId}/Comments", sorts("createdDate")),
		{
			id: taskBoards, name: "task boards", object: "core.taskBoard", path: "v1/Core/TaskBoards", verbs: verbs(list),
			named: []string{"name"},
			schema: schema.New(fields(
				number("id"), text("name"), ref("project", projects),
				refs("columns", taskBoardColumns, display("name"), shown("taskCount", "taskCount")),
				tagList(), refs("members", users, display("name")), stamps("createdDate", "updatedDate"),
			)...),
			sorts:   sorts("createdDate", "updatedDate", "name"),
			filters: filters(queryOf("name"), equals("projectId", "project")),
		},
		{
			id: tasks, name: "tasks", object: "core.task", path: "v1/Core/Tasks", verbs: nested, named: []string{"title"},
			schema: schema.New(fields(
				number("id"), text("title"), text("description").OrNull(), date("startDate").OrNull(), clock("startTime").OrNull(),
				date("endDate").OrNull(), clock("endTime").OrNull(), dateTime("completedDate").OrNull(), dateTime("archivedDate").OrNull(),
				refs("members", users, display("name")), tagList(), ref("board", taskBoards), ref("boardColumn", taskBoardColumns),
				ref("project", projects), ref("opportunity", opportunities), stamps("createdDate", "updatedDate"),
			)...),
			sorts: sorts("createdDate", "title", "startDate", "endDate"),
			filters: filters(
				equals("taskBoardId", "board"), span("startDate", "endDate"), equals("projectId", "project"), anyOf("userIds", "members"),
			),
			write: props(
				required(sets("title", "title")), same("description"), sets("projectId", "project"), sets("taskBoardId", "board"),
				sets("taskBoardColumnId", "boardColumn"), same("startDate", "startTime", "endDate", "endTime"), sets("userIds", "members"),
				sets("tagIds", "tags"),
			),
		},
		{
			id: taskChecklists, name: "checklists", object: "core.checklist", path: "v1/Core/Tasks/{taskId}/Checklists", verbs: nested, parent: tasks,
			schema: schema.New(
				number("id"), text("name"), objects("items", "core.checklistItem", number("id"), text("text"), boolean("isCompleted"), number("sortOrder")),
			),
			sorts: sorts("name"),
			write: same("name", "items"),
		},
		{
			id: taskAttachments, name: "attachments", object: "core.attachment", path: "v1/Core/Tasks/{taskId}/Attachments", verbs: nested, parent: tasks,
			schema: schema.New(
				number("id"), text("name"), enum("provider", "googleDrive", "dropbox", "oneDrive").OrNull(), text("url").OrNull(),
				number("size").OrNull(), text("contentType").OrNull(), createdStamp("createdDate"), ref("createdBy", users),
			),
			sorts: sorts("name"),
			write: same("name", "provider", "url"),
		},
	}
}

func otherCoreTables() []*resource {
	listed := verbs(list)
	events := []string{
		"project_Created", "project_Updated", "project_Added_Note", "project_Deleted", "project_Mentioned", "project_Changed_Status",
		"project_Updated_StartDate", "project_Updated_EndDate", "project_Removed_StartDate", "project_Removed_EndDate",
	}
	return []*resource{
		{
			id: logs, name: "logs", object: "core.log", path: "v1/Core/Logs", verbs: listed,
			schema: schema.New(
				number("id"), enum("logType", events...), text("text").OrNull(), ref("project", projects), ref("user", users), createdStamp("createdDate"),
			),
			sorts: sorts("createdDate"),
			filters: filters(
				equals("logType", "logType").Or("project_All"), from("from", "createdDate"), to("to", "createdDate"), equals("projectId", "project"),
			),
		},
		{
			id: projectCollections, name: "project collections", object: "core.projectCollection", path: "v1/Core/ProjectCollections",
			verbs: verbs(list, get), named: []string{"name"},
			schema: schema.New(
				number("id"), text("name"), text("number").OrNull(), enum("projectCollectionType", "normal", "absence", "internal"), boolean("isActive"),
			),
			sorts:   sorts("name", by("projectNumber", "number")),
			filters: filters(queryOf("name", "number")),
		},
		{
			id: vacationRequests, name: "vacation requests", object: "core.vacationRequest", path: "v1/Core/VacationRequests", verbs: listed,
			schema: schema.New(fields(
				number("id"), ref("user", users), ref("absenceProject", absenceProjects), date("fromDate"), date("toDate"), text("comment").OrNull(),
				enum("state", "awaitingAttest", "attested", "denied"), dateTime("attestedDate").OrNull(), ref("attestedBy", users),
				dateTime("deniedDate").OrNull(), ref("deniedBy", users), stamps("createdDate", "updatedDate"),
			)...),
			sorts:   sorts("fromDate", "toDate", "createdDate", "updatedDate", "attestedDate", "deniedDate"),
			filters: filters(equals("state", "state"), anyOf("userIds", "user"), span("fromDate", "toDate")),
		},
		{
			id: paymentPlans, name: "payment plans", object: "core.paymentPlan", path: "v1/Core/PaymentPlans", verbs: listed,
			schema: schema.New(fields(
				number("id"), text("articleNumber").OrNull(), text("description"), exact("price"), exact("units"), number("batchId").OrNull(),
				date("date").OrNull(), number("invoiceId").OrNull(), dateTime("invoicedDate").OrNull(), number("invoiceDraftId").OrNull(),
				ref("project", projects), stamps("createdDate", "updatedDate"),
			)...),
			sorts:   sorts("description", "createdDate", "updatedDate"),
			filters: filters(equals("projectId", "project")),
		},
		{
			id: supplierInvoices, name: "supplier invoices", object: "core.supplierInvoice", path: "v1/Core/SupplierInvoices", verbs: listed,
			schema:  schema.New(supplierInvoiceFields()...),
			sorts:   sorts("invoiceNumber", "invoiceDate", "totalAmount", "invoiceCostAddition", "cost", "createdDate", "updatedDate"),
			filters: filters(equals("projectId", "project"), between("invoiceDate", "invoiceDate")),
		},
	}
}

func supplierInvoiceFields() []*schema.Field {
	return fields(
		number("id"), text("invoiceNumber"), date("invoiceDate"), text("title").OrNull(), text("description").OrNull(), exact("totalAmount"),
		exact("cost"), exact("invoiceCostAddition"), boolean("toBeInvoiced"), number("invoiceId").OrNull(), ref("project", projects),
		ref("supplier", contacts), stamps("createdDate", "updatedDate"),
	)
}
