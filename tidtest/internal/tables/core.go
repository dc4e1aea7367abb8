package tables

import (
	"slices"

	"github.com/vismatid/tid/tidtest/internal/account"
	"github.com/vismatid/tid/tidtest/internal/query"
	"github.com/vismatid/tid/tidtest/internal/schema"
)

// coreResources are the tables of the resources below v1/Core.
func coreResources(st *account.Account) []*account.Resource {
	return slices.Concat(
		[]*account.Resource{contactTable(st), projectTable(), timeReportTable(), materialReportTable()},
		salesTables(), taskTables(), otherCoreTables(),
	)
}

var everyVerb = verbs(list, get, create, update, remove)

func contactTable(st *account.Account) *account.Resource {
	return &account.Resource{
		ID: Contacts, Name: "contacts", Object: "core.contact", Path: "v1/Core/Contacts", Verbs: everyVerb,
		Named: []string{"name"},
		Schema: schema.New(fields(
			number("id"), enum("contactType", "person", "company"), text("name"), text("customerNumber").OrNull(),
			text("organizationalOrSocialSecurityNumber").OrNull(), text("email").OrNull(), text("invoiceEmail").OrNull(),
			text("phoneNumber").OrNull(), text("cellPhoneNumber").OrNull(), ref("company", Contacts), ref("parentCompany", Contacts),
			ref("responsible", Users), tagList(), boolean("isActive"), text("importantInformation").OrNull(),
			enums("relations", "customer", "supplier", "wholesale", "retail", "subcontractor", "partner"),
			text("website").OrNull(), text("vatNumber").OrNull(),
			object("visitAddress", "core.address", addressFields()...), object("postalAddress", "core.address", addressFields()...), object("invoiceAddress", "core.address", addressFields()...),
			stamps("created", "updated"),
			inDetail(objects("contactPersons", "core.contactPerson", number("id"), text("name"), boolean("isPrimary")).OnlyIf("contactType", "company").From(bound(st, contactPersons))),
		)...),
		Sorts: sorts("name", "customerNumber", "created", "updated"),
		Filters: filters(
			queryOf("name", "customerNumber"), equals("contactType", "contactType"), anyOf("relations", "relations"),
		),
		Write: props(
			same("contactType", "name", "customerNumber", "organizationalOrSocialSecurityNumber", "email", "invoiceEmail", "phoneNumber", "cellPhoneNumber"),
			sets("companyId", "company"), sets("parentCompanyId", "parentCompany"), sets("responsibleId", "responsible"), sets("tagIds", "tags"),
			same("isActive", "importantInformation", "relations", "website", "vatNumber", "visitAddress", "postalAddress", "invoiceAddress"),
		),
		Rules: contactRules,
	}
}

func projectTable() *account.Resource {
	return &account.Resource{
		ID: Projects, Name: "projects", Object: "core.project", Path: "v1/Core/Projects",
		Verbs: verbs(list, get, create, update), Named: []string{"title"},
		Schema: schema.New(fields(
			number("id"), text("orderNumber"), text("title"), ref("status", ProjectStatuses, shown("isCompletedStatus", "isCompletedStatus")),
			ref("category", Categories, shown("color", "color")), ref("salesResponsible", Users), ref("projectManager", Users),
			ref("customer", Contacts), date("startDate").OrNull(), date("endDate").OrNull(), enum("invoiceType", "ongoing", "fixedPrice", "none"),
			object("location", "core.location",
				float("longitude"), float("latitude"), text("streetAddress"), text("postalCode"), text("city"), text("countryName"),
			).OrNull(),
			ref("projectCollection", ProjectCollections, shown("number", "number")), tagList(),
			ref("costCenter", CostCenters, shown("code", "code")), ref("createdBy", Users), ref("updatedBy", Users), stamps("created", "updated"),
			inDetail(
				text("description").OrNull(),
				object("workSiteAddress", "core.workSiteAddress", text("streetAddress"), text("postalCode"), text("city"), float("longitude"), float("latitude")).OrNull(),
				text("yourReference").OrNull(), text("ourReference").OrNull(), text("customerReferenceMarking").OrNull(),
				text("invoiceText").OrNull(), boolean("readyForInvoice"), boolean("allIsMember"), ref("bookingProject", BookingProjects),
				ref("responsible", Users),
			),
		)...),
		Sorts: sorts("orderNumber", "title", by("createdDate", "created"), by("updatedDate", "updated")),
		Filters: filters(
			queryOf("orderNumber"), anyOf("statusIds", "status"), anyOf("categoryIds", "category"), anyOf("tagIds", "tags"),
			anyOf("projectManagerIds", "projectManager"), equals("customerId", "customer"), equals("projectCollectionId", "projectCollection"),
			equals("costCenterId", "costCenter"), between("createdDate", "created"), between("updatedDate", "updated"),
			equals("invoiceType", "invoiceType"),
		),
		Write: props(
			required(sets("title", "title")), sets("projectCollectionId", "projectCollection"), same("startDate", "endDate"),
			sets("tagIds", "tags"), sets("contactId", "customer"), sets("responsibleId", "projectManager", "responsible"),
			sets("salesResponsibleId", "salesResponsible"), same("description"), sets("statusId", "status"), same("readyForInvoice"),
			sets("costCenterId", "costCenter"), sets("bookingProjectId", "bookingProject"), sets("categoryId", "category"),
			same("invoiceText", "yourReference", "ourReference", "customerReferenceMarking", "allIsMember", "workSiteAddress", "invoiceType"),
		),
		Rules: projectRules,
	}
}

func timeReportTable() *account.Resource {
	return &account.Resource{
		ID: TimeReports, Name: "time reports", Object: "core.timeReport", Path: "v1/Core/TimeReports", Verbs: everyVerb,
		Schema: schema.New(fields(
			number("id"), date("date"), clock("clockStart").OrNull(), clock("clockEnd").OrNull(), exact("hours"), exact("invoiceableHours"),
			number("breakMinutes"), exact("cost"), exact("rate"), exact("discount"), text("comment"), text("internalComment"),
			dateTime("sentToAttestDate").OrNull(), dateTime("attestedDate").OrNull(), ref("user", Users),
			ref("project", Projects, shown("number", "orderNumber")), ref("internalProject", InternalProjects),
			ref("absenceProject", AbsenceProjects), ref("contact", Contacts), ref("activity", Activities), ref("timeCode", TimeCodes),
			ref("timeArticle", Articles), ref("costCenter", CostCenters), number("invoiceId").OrNull(), dateTime("invoicedDate").OrNull(),
			number("invoiceDraftId").OrNull(), number("travelReportId").OrNull(), number("allowanceReportId").OrNull(), number("taskId").OrNull(),
			boolean("hasAdditions"), boolean("hasEquipment"), stamps("createdDate", "updatedDate"), ref("createdBy", Users), ref("updatedBy", Users),
		)...),
		Sorts: sorts(
			"date", by("userName", "user"), "hours", "invoiceableHours", "sentToAttestDate", "attestedDate", "createdDate", "updatedDate",
		),
		Filters: filters(
			from("from", "date"), to("to", "date"), anyOf("userIds", "user"), equals("projectId", "project"),
			isSet("isSentToAttest", "sentToAttestDate"), isSet("isAttested", "attestedDate"),
			whichOf("projectType", "project", "internalProject", "absenceProject"),
		),
		Write: props(
			required(sets("userId", "user"), sets("date", "date")),
			sets("projectId", "project"), sets("internalProjectId", "internalProject"), sets("absenceProjectId", "absenceProject"),
			sets("activityId", "activity"), sets("timeCodeId", "timeCode"), sets("timeArticleId", "timeArticle"),
			same("clockStart", "clockEnd", "hours", "invoiceableHours", "breakMinutes", "comment", "internalComment"),
			checked(object("travelReport", "core.travelReport", travelFields()...)),
		),
		Rules: timeReportRules,
	}
}

func materialReportTable() *account.Resource {
	return &account.Resource{
		ID: MaterialReports, Name: "material reports", Object: "core.materialReport", Path: "v1/Core/MaterialReports", Verbs: everyVerb,
		Schema: schema.New(fields(
			number("id"), number("sortOrder"), text("articleNumber").OrNull(), text("title"), text("description").OrNull(),
			exact("consumedUnits"), exact("invoiceableUnits"), text("unitText").OrNull(), exact("costPerUnit"), exact("pricePerUnit"),
			exact("discountPercentage"), exact("totalAmount"), boolean("toBeInvoiced"), number("invoiceId").OrNull(),
			dateTime("invoicedDate").OrNull(), number("invoiceDraftId").OrNull(), ref("project", Projects), number("timeReportId").OrNull(),
			stamps("createdDate", "updatedDate"),
		)...),
		Sorts:   sorts("sortOrder", "articleNumber", "title", "createdDate", "updatedDate"),
		Filters: filters(equals("projectId", "project")),
		Write: props(
			sets("projectId", "project"), checked(ref("articleId", Articles)),
			same("articleNumber", "title", "description", "consumedUnits", "invoiceableUnits", "unitText", "costPerUnit", "pricePerUnit",
				"discountPercentage", "toBeInvoiced", "timeReportId", "sortOrder"),
		),
		Rules: materialReportRules,
	}
}

// salesTables are those of offers, opportunities and invoices.
func salesTables() []*account.Resource {
	return []*account.Resource{
		{
			ID: Invoices, Name: "invoices", Object: "core.invoice", Path: "v1/Core/Invoices", Verbs: verbs(list, get),
			Schema: schema.New(fields(
				number("id"), date("invoiceDate").OrNull(), createdStamp("createdDate"), date("fromDate").OrNull(), date("toDate").OrNull(),
				exact("sum"), ref("customer", Contacts), date("sentToEconomySystem").OrNull(), hidden(text("economySystemInvoiceNumber")),
				inDetail(objects("rows", "core.invoiceRow",
					number("id"), boolean("isHeader"), boolean("isSumRow"), text("articleNumber").OrNull(), text("article").OrNull(),
					text("comment").OrNull(), exact("value"), exact("rate"), exact("discount"), exact("sum"), number("sortOrder"),
				)),
			)...),
			Sorts:   sorts("createdDate", "invoiceDate", "customer", "sum", "sentToEconomySystem"),
			Filters: filters(equals("customerId", "customer"), from("createdSince", "createdDate"), after("sinceId", "id")),
		},
		{
			ID: Offers, Name: "offers", Object: "core.offer", Path: "v1/Core/Offers", Verbs: verbs(list),
			Schema: schema.New(fields(
				number("id"), number("offerNumber").OrNull(), number("version"), text("title"), exact("offerValue"),
				enum("offerState", "draft", "locked", "sentToCustomer", "openedByCustomer", "accepted", "acceptedSigned", "denied"),
				boolean("hasPdf"), ref("user", Users), ref("customer", Contacts), titled("opportunity", Opportunities),
				stamps("createdDate", "updatedDate"),
			)...),
			Sorts: sorts("title", "offerNumber", "createdDate", "updatedDate"),
			Filters: filters(
				equals("offerNumber", "offerNumber"), between("createdDate", "createdDate"), between("updatedDate", "updatedDate"),
				equals("offerState", "offerState"), equals("opportunityId", "opportunity"),
			),
		},
		{
			ID: Opportunities, Name: "opportunities", Object: "core.opportunity", Path: "v1/Core/Opportunities",
			Verbs: verbs(list, get, create, update), Named: []string{"title"},
			Schema: schema.New(fields(
				number("id"), text("title"), exact("turnover").OrNull(), boolean("hasOffers"), ref("user", Users), ref("customer", Contacts),
				ref("contact", Contacts), enum("opportunityState", "open", "won", "lost"), dateTime("closedDate").OrNull(),
				date("estimatedClosingDate").OrNull(), ref("status", OpportunityStatuses),
				refs("tags", OpportunityTags, display("title"), shown("color", "color")), stamps("createdDate", "updatedDate"),
				inDetail(number("probability").OrNull(), text("description").OrNull(), titled("project", Projects)),
			)...),
			Sorts: sorts("title", "createdDate", "updatedDate"),
			Filters: filters(
				between("createdDate", "createdDate"), between("updatedDate", "updatedDate"), between("closedDate", "closedDate"),
				between("estimatedClosingDate", "estimatedClosingDate"), equals("hasOffers", "hasOffers"),
				anyOf("opportunityStatusIds", "status"), anyOf("opportunityTagIds", "tags"), equals("opportunityState", "opportunityState"),
			),
			Write: props(
				same("title", "description", "turnover", "probability"), sets("userId", "user"),
				sets("customerId", "customer"), sets("contactId", "contact"), sets("statusId", "status"),
				same("estimatedClosingDate", "opportunityState"), sets("tagIds", "tags"),
			),
			Rules: opportunityRules,
		},
	}
}

// taskTables are those of task boards, tasks and what belongs to a task, and of the comments of projects.
func taskTables() []*account.Resource {
	nested := verbs(list, create, update, remove)
	comments := func(id, parent schema.ResourceID, name, path string, keys []query.SortKey) *account.Resource {
		return &account.Resource{
			ID: id, Name: name, Object: "core.comment", Path: path, Verbs: nested, Parent: parent,
			Schema: schema.New(fields(
				number("id"), text("text").AlsoCalled("comment"), ref("user", Users).AlsoCalled("createdBy"), stamps("createdDate", "updatedDate"),
			)...),
			Sorts: keys,
			Write: props(sets("text", "text"), checked(text("comment"))),
			Rules: commentRules,
		}
	}
	return []*account.Resource{
		comments(ProjectComments, Projects, "comments of projects", "v1/Core/Projects/{projectId}/Comments", sorts("createdDate", "updatedDate")),
		comments(TaskComments, Tasks, "comments of tasks", "v1/Core/Tasks/{taskId}/Comments", sorts("createdDate")),
		{
			ID: TaskBoards, Name: "task boards", Object: "core.taskBoard", Path: "v1/Core/TaskBoards", Verbs: verbs(list),
			Named: []string{"name"},
			Schema: schema.New(fields(
				number("id"), text("name"), ref("project", Projects),
				refs("columns", TaskBoardColumns, display("name"), shown("taskCount", "taskCount")),
				tagList(), refs("members", Users, display("name")), stamps("createdDate", "updatedDate"),
			)...),
			Sorts:   sorts("createdDate", "updatedDate", "name"),
			Filters: filters(queryOf("name"), equals("projectId", "project")),
		},
		{
			ID: Tasks, Name: "tasks", Object: "core.task", Path: "v1/Core/Tasks", Verbs: nested, Named: []string{"title"},
			Schema: schema.New(fields(
				number("id"), text("title"), text("description").OrNull(), date("startDate").OrNull(), clock("startTime").OrNull(),
				date("endDate").OrNull(), clock("endTime").OrNull(), dateTime("completedDate").OrNull(), dateTime("archivedDate").OrNull(),
				refs("members", Users, display("name")), tagList(), ref("board", TaskBoards), ref("boardColumn", TaskBoardColumns),
				ref("project", Projects), ref("opportunity", Opportunities), stamps("createdDate", "updatedDate"),
			)...),
			Sorts: sorts("createdDate", "title", "startDate", "endDate"),
			Filters: filters(
				equals("taskBoardId", "board"), span("startDate", "endDate"), equals("projectId", "project"), anyOf("userIds", "members"),
			),
			Write: props(
				required(sets("title", "title")), same("description"), sets("projectId", "project"), sets("taskBoardId", "board"),
				sets("taskBoardColumnId", "boardColumn"), same("startDate", "startTime", "endDate", "endTime"), sets("userIds", "members"),
				sets("tagIds", "tags"),
			),
		},
		{
			ID: TaskChecklists, Name: "checklists", Object: "core.checklist", Path: "v1/Core/Tasks/{taskId}/Checklists", Verbs: nested, Parent: Tasks,
			Schema: schema.New(
				number("id"), text("name"), objects("items", "core.checklistItem", number("id"), text("text"), boolean("isCompleted"), number("sortOrder")),
			),
			Sorts: sorts("name"),
			Write: same("name", "items"),
		},
		{
			ID: TaskAttachments, Name: "attachments", Object: "core.attachment", Path: "v1/Core/Tasks/{taskId}/Attachments", Verbs: nested, Parent: Tasks,
			Schema: schema.New(
				number("id"), text("name"), enum("provider", "googleDrive", "dropbox", "oneDrive").OrNull(), text("url").OrNull(),
				number("size").OrNull(), text("contentType").OrNull(), createdStamp("createdDate"), ref("createdBy", Users),
			),
			Sorts: sorts("name"),
			Write: same("name", "provider", "url"),
		},
	}
}

func otherCoreTables() []*account.Resource {
	listed := verbs(list)
	events := []string{
		"project_Created", "project_Updated", "project_Added_Note", "project_Deleted", "project_Mentioned", "project_Changed_Status",
		"project_Updated_StartDate", "project_Updated_EndDate", "project_Removed_StartDate", "project_Removed_EndDate",
	}
	return []*account.Resource{
		{
			ID: Logs, Name: "logs", Object: "core.log", Path: "v1/Core/Logs", Verbs: listed,
			Schema: schema.New(
				number("id"), enum("logType", events...), text("text").OrNull(), ref("project", Projects), ref("user", Users), createdStamp("createdDate"),
			),
			Sorts: sorts("createdDate"),
			Filters: filters(
				equals("logType", "logType").Or("project_All"), from("from", "createdDate"), to("to", "createdDate"), equals("projectId", "project"),
			),
		},
		{
			ID: ProjectCollections, Name: "project collections", Object: "core.projectCollection", Path: "v1/Core/ProjectCollections",
			Verbs: verbs(list, get), Named: []string{"name"},
			Schema: schema.New(
				number("id"), text("name"), text("number").OrNull(), enum("projectCollectionType", "normal", "absence", "internal"), boolean("isActive"),
			),
			Sorts:   sorts("name", by("projectNumber", "number")),
			Filters: filters(queryOf("name", "number")),
		},
		{
			ID: VacationRequests, Name: "vacation requests", Object: "core.vacationRequest", Path: "v1/Core/VacationRequests", Verbs: listed,
			Schema: schema.New(fields(
				number("id"), ref("user", Users), ref("absenceProject", AbsenceProjects), date("fromDate"), date("toDate"), text("comment").OrNull(),
				enum("state", "awaitingAttest", "attested", "denied"), dateTime("attestedDate").OrNull(), ref("attestedBy", Users),
				dateTime("deniedDate").OrNull(), ref("deniedBy", Users), stamps("createdDate", "updatedDate"),
			)...),
			Sorts:   sorts("fromDate", "toDate", "createdDate", "updatedDate", "attestedDate", "deniedDate"),
			Filters: filters(equals("state", "state"), anyOf("userIds", "user"), span("fromDate", "toDate")),
		},
		{
			ID: PaymentPlans, Name: "payment plans", Object: "core.paymentPlan", Path: "v1/Core/PaymentPlans", Verbs: listed,
			Schema: schema.New(fields(
				number("id"), text("articleNumber").OrNull(), text("description"), exact("price"), exact("units"), number("batchId").OrNull(),
				date("date").OrNull(), number("invoiceId").OrNull(), dateTime("invoicedDate").OrNull(), number("invoiceDraftId").OrNull(),
				ref("project", Projects), stamps("createdDate", "updatedDate"),
			)...),
			Sorts:   sorts("description", "createdDate", "updatedDate"),
			Filters: filters(equals("projectId", "project")),
		},
		{
			ID: SupplierInvoices, Name: "supplier invoices", Object: "core.supplierInvoice", Path: "v1/Core/SupplierInvoices", Verbs: listed,
			Schema:  schema.New(supplierInvoiceFields()...),
			Sorts:   sorts("invoiceNumber", "invoiceDate", "totalAmount", "invoiceCostAddition", "cost", "createdDate", "updatedDate"),
			Filters: filters(equals("projectId", "project"), between("invoiceDate", "invoiceDate")),
		},
	}
}

func supplierInvoiceFields() []*schema.Field {
	return fields(
		number("id"), text("invoiceNumber"), date("invoiceDate"), text("title").OrNull(), text("description").OrNull(), exact("totalAmount"),
		exact("cost"), exact("invoiceCostAddition"), boolean("toBeInvoiced"), number("invoiceId").OrNull(), ref("project", Projects),
		ref("supplier", Contacts), stamps("createdDate", "updatedDate"),
	)
}
