package tables

import (
	"github.com/vismatid/tid/tidtest/internal/account"
	"github.com/vismatid/tid/tidtest/internal/schema"
)

// adminResources are the tables of the resources below v1/Admin.
func adminResources() []*account.Resource {
	return []*account.Resource{
		{
			ID: AbsenceProjects, Name: "absence projects", Object: "admin.absenceProject",
			Path: "v1/Admin/AbsenceProjects", Verbs: verbs(list),
			Named: []string{"name"},
			Schema: properties(
				number("id"),
				text("name"),
				boolean("isActive"),
				boolean("commentRequiredWhenTimeReporting"),
			),
			Sorts: sorts("name"),
			Filters: filters(
				queryOf("name"),
				equals("isActive", "isActive"),
			),
		},
		{
			ID: InternalProjects, Name: "internal projects", Object: "admin.internalProject",
			Path: "v1/Admin/InternalProjects", Verbs: verbs(list),
			Named: []string{"name"},
			Schema: properties(
				number("id"),
				text("name"),
				boolean("isActive"),
				boolean("commentRequiredWhenTimeReporting"),
			),
		},
		{
			ID: ProjectStatuses, Name: "project statuses", Object: "admin.projectStatus",
			Path: "v1/Admin/ProjectStatuses", Verbs: verbs(list),
			Named: []string{"name"},
			Schema: properties(
				number("id"),
				text("name"),
				text("color"),
				boolean("isCompletedStatus"),
			),
		},
		{
			ID: OpportunityStatuses, Name: "opportunity statuses", Object: "admin.opportunityStatus",
			Path: "v1/Admin/OpportunityStatuses", Verbs: verbs(list),
			Named: []string{"name"},
			Schema: properties(
				number("id"),
				text("name").AlsoCalled("title"),
				text("color"),
			),
		},
		{
			ID: OpportunityTags, Name: "opportunity tags", Object: "admin.opportunityTag",
			Path: "v1/Admin/OpportunityTags", Verbs: verbs(list),
			Named: []string{"title"},
			Schema: properties(
				number("id"),
				text("title").AlsoCalled("name"),
				text("color"),
			),
		},
		{
			ID: TimeCodes, Name: "time codes", Object: "admin.timeCode",
			Path: "v1/Admin/Timecodes", Verbs: verbs(list),
			Named: []string{"name"},
			Schema: properties(
				number("id"),
				text("name"),
				text("code"),
				boolean("isActive"),
				boolean("billable").OrNull(),
			),
		},
		{
			ID: Activities, Name: "activities", Object: "admin.activity",
			Path: "v1/Admin/Activities", Verbs: verbs(list),
			Named: []string{"name"},
			Schema: properties(
				number("id"),
				text("name"),
				boolean("isActive"),
				stamps("createdDate", "updatedDate"),
			),
			Sorts: sorts("name", "createdDate", "updatedDate"),
			Filters: filters(
				queryOf("name"),
				equals("isActive", "isActive"),
			),
		},
		{
			ID: Articles, Name: "articles", Object: "admin.article",
			Path: "v1/Admin/Articles", Verbs: verbs(list, get),
			Named: []string{"name"},
			Schema: properties(
				number("id"),
				text("name"),
				text("articleNumber"),
				enum("articleType", "material", "allowance", "equipment", "addition", "time"),
				exact("price"),
				exact("cost"),
				text("description").OrNull(),
				ref("unit", Units),
				boolean("isActive"),
				stamps("createdDate", "updatedDate"),
			),
			Sorts: sorts("name", "articleNumber", "createdDate", "updatedDate"),
			Filters: filters(
				equals("articleType", "articleType").Or("all").IfMissing("material"),
				queryOf("name", "articleNumber"),
			),
			Write: props(
				stays(trueAtFirst("isActive")),
				"articleNumber",
				"price",
				"name",
				"description",
				"cost",
				sets("unitId", "unit"),
			),
		},
		{
			ID: BookingProjects, Name: "booking projects", Object: "admin.bookingProject",
			Path: "v1/Admin/BookingProjects", Verbs: verbs(list, get, create),
			Named: []string{"name"},
			Schema: properties(
				number("id"),
				text("name"),
				text("bookingNumber"),
				boolean("isActive"),
				date("startDate").OrNull(),
				date("endDate").OrNull(),
				stamps("createdDate", "updatedDate"),
			),
			Sorts: sorts("name", "bookingNumber", "isActive", "startDate", "endDate", "createdDate", "updatedDate"),
			Filters: filters(
				queryOf("name", "bookingNumber"),
				equals("isActive", "isActive"),
			),
			Write: props(
				"name",
				"bookingNumber",
				trueAtFirst("isActive"),
				"startDate",
				"endDate",
			),
			Rules: bookingProjectRules,
		},
		{
			ID: Users, Name: "users", Object: "admin.user",
			Path: "v1/Admin/Users", Verbs: verbs(list, get),
			Named: []string{"firstName", "lastName"}, Erased: true,
			Schema: properties(
				number("id"),
				text("firstName"),
				text("lastName"),
				text("email"),
				date("startDate"),
				date("endDate").OrNull(),
				text("employeeNumber"),
				ref("timeReportingProfile", TimeReportingProfiles),
				ref("department", Departments),
				ref("costCenter", CostCenters),
				text("license"),
				texts("permissions"),
				number("salaryType").TextInDetail(),
				ref("createdBy", Users),
				ref("updatedBy", Users),
				stamps("createdDate", "updatedDate"),
				inDetail(
					text("socialSecurityNumber"),
					text("mobilePhoneNumber"),
					text("workPhoneNumber"),
					text("note"),
					exact("costPerHour"),
					text("settlementAccount"),
					object("address", "admin.address", addressFields()...),
					text("nextOfKin"),
					text("nextOfKinRelation"),
					text("nextOfKinPhoneNumber"),
					ref("manager", Users),
					ref("schedule", Schedules),
					ref("standardTimeArticle", Articles),
					ref("standardActivity", Activities),
					boolean("timeBankEnabled"),
					exact("currentTimeBank"),
					exact("planningCapacityInPercent"),
					boolean("isRestricted"),
					tagList().OrWords(),
				),
			),
			Filters: filters(
				hiddenUnless("includeRestricted", "isRestricted"),
			),
		},
	}
}

// addressFields are those of a postal address.
func addressFields() []*schema.Field {
	return fields(
		text("streetAddress"),
		text("additionalAddress"),
		text("postalCode"),
		text("city"),
		text("state"),
		number("countryId"),
		text("countryName"),
	)
}

// tagList is the property tags of an object.
func tagList() *schema.Field { return refs("tags", Tags, display("title"), shown("color", "color")) }
