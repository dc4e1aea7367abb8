package tidtest

import "github.com/vismatid/tid/tidtest/internal/schema"

// adminResources are the tables of the resources below v1/Admin.
func adminResources() []*resource {
	listed := verbs(list)
	colored := func(id schema.ResourceID, name, object, path string, more ...*schema.Field) *resource {
		return &resource{
			id: id, name: name, object: object, path: path, verbs: listed, named: []string{"name"},
			schema: schema.New(fields(number("id"), text("name").AlsoCalled("title"), text("color"), more)...),
		}
	}
	timeless := func(id schema.ResourceID, name, object, path string) *resource {
		return &resource{
			id: id, name: name, object: object, path: path, verbs: listed, named: []string{"name"},
			schema: schema.New(number("id"), text("name"), boolean("isActive"), boolean("commentRequiredWhenTimeReporting")),
		}
	}
	absence := timeless(absenceProjects, "absence projects", "admin.absenceProject", "v1/Admin/AbsenceProjects")
	absence.sorts = sorts("name")
	absence.filters = filters(queryOf("name"), equals("isActive", "isActive"))

	opportunityTag := colored(opportunityTags, "opportunity tags", "admin.opportunityTag", "v1/Admin/OpportunityTags")
	opportunityTag.named = []string{"title"}
	opportunityTag.schema = schema.New(number("id"), text("title").AlsoCalled("name"), text("color"))

	return []*resource{
		absence,
		timeless(internalProjects, "internal projects", "admin.internalProject", "v1/Admin/InternalProjects"),
		colored(projectStatuses, "project statuses", "admin.projectStatus", "v1/Admin/ProjectStatuses", boolean("isCompletedStatus")),
		colored(opportunityStatuses, "opportunity statuses", "admin.opportunityStatus", "v1/Admin/OpportunityStatuses"),
		opportunityTag,
		{
			id: timeCodes, name: "time codes", object: "admin.timeCode", path: "v1/Admin/Timecodes", verbs: listed,
			named:  []string{"name"},
			schema: schema.New(number("id"), text("name"), text("code"), boolean("isActive"), boolean("billable").OrNull()),
		},
		{
			id: activities, name: "activities", object: "admin.activity", path: "v1/Admin/Activities", verbs: listed,
			named:   []string{"name"},
			schema:  schema.New(fields(number("id"), text("name"), boolean("isActive"), stamps("createdDate", "updatedDate"))...),
			sorts:   sorts("name", "createdDate", "updatedDate"),
			filters: filters(queryOf("name"), equals("isActive", "isActive")),
		},
		{
			id: articles, name: "articles", object: "admin.article", path: "v1/Admin/Articles", verbs: verbs(list, get),
			named: []string{"name"},
			schema: schema.New(fields(
				number("id"), text("name"), text("articleNumber"),
				enum("articleType", "material", "allowance", "equipment", "addition", "time"),
				exact("price"), exact("cost"), text("description").OrNull(), ref("unit", units), boolean("isActive"),
				stamps("createdDate", "updatedDate"),
			)...),
			sorts: sorts("name", "articleNumber", "createdDate", "updatedDate"),
			filters: filters(
				equals("articleType", "articleType").Or("all").IfMissing("material"),
				queryOf("name", "articleNumber"),
			),
			write: props(
				stays(trueAtFirst("isActive")),
				same("articleNumber", "price", "name", "description", "cost"), sets("unitId", "unit"),
			),
		},
		{
			id: bookingProjects, name: "booking projects", object: "admin.bookingProject", path: "v1/Admin/BookingProjects",
			verbs: verbs(list, get, create), named: []string{"name"},
			schema: schema.New(fields(
				number("id"), text("name"), text("bookingNumber"), boolean("isActive"), date("startDate").OrNull(), date("endDate").OrNull(),
				stamps("createdDate", "updatedDate"),
			)...),
			sorts:   sorts("name", "bookingNumber", "isActive", "startDate", "endDate", "createdDate", "updatedDate"),
			filters: filters(queryOf("name", "bookingNumber"), equals("isActive", "isActive")),
			write: props(
				same("name", "bookingNumber"),
				trueAtFirst("isActive"),
				same("startDate", "endDate"),
			),
			rules: bookingProjectRules,
		},
		{
			id: users, name: "users", object: "admin.user", path: "v1/Admin/Users", verbs: verbs(list, get),
			named: []string{"firstName", "lastName"}, erased: true,
			schema: schema.New(fields(
				number("id"), text("firstName"), text("lastName"), text("email"), date("startDate"), date("endDate").OrNull(),
				text("employeeNumber"), ref("timeReportingProfile", timeReportingProfiles), ref("department", departments),
				ref("costCenter", costCenters), text("license"), texts("permissions"),
				number("salaryType").TextInDetail(), ref("createdBy", users), ref("updatedBy", users), stamps("createdDate", "updatedDate"),
				inDetail(
					text("socialSecurityNumber"), text("mobilePhoneNumber"), text("workPhoneNumber"), text("note"), exact("costPerHour"),
					text("settlementAccount"), object("address", "admin.address", addressFields()...), text("nextOfKin"), text("nextOfKinRelation"),
					text("nextOfKinPhoneNumber"), ref("manager", users), ref("schedule", schedules), ref("standardTimeArticle", articles),
					ref("standardActivity", activities), boolean("timeBankEnabled"), exact("currentTimeBank"),
					exact("planningCapacityInPercent"), boolean("isRestricted"), tagList().OrWords(),
				),
			)...),
			filters: filters(hiddenUnless("includeRestricted", "isRestricted")),
		},
	}
}

// addressFields are those of a postal address.
func addressFields() []*schema.Field {
	return fields(
		text("streetAddress"), text("additionalAddress"), text("postalCode"), text("city"), text("state"),
		number("countryId"), text("countryName"),
	)
}

// tagList is the property tags of an object.
func tagList() *schema.Field { return refs("tags", tags, display("title"), shown("color", "color")) }
