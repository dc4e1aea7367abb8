package tables

import (
	"github.com/vismatid/tid/tidtest/internal/account"
	"github.com/vismatid/tid/tidtest/internal/schema"
)

// adminResources are the tables of the resources below v1/Admin.
func adminResources() []*account.Resource {
	listed := verbs(list)
	colored := func(id schema.ResourceID, name, object, path string, more ...*schema.Field) *account.Resource {
		return &account.Resource{
			ID: id, Name: name, Object: object, Path: path, Verbs: listed, Named: []string{"name"},
			Schema: schema.New(fields(number("id"), text("name").AlsoCalled("title"), text("color"), more)...),
		}
	}
	timeless := func(id schema.ResourceID, name, object, path string) *account.Resource {
		return &account.Resource{
			ID: id, Name: name, Object: object, Path: path, Verbs: listed, Named: []string{"name"},
			Schema: schema.New(number("id"), text("name"), boolean("isActive"), boolean("commentRequiredWhenTimeReporting")),
		}
	}
	absence := timeless(AbsenceProjects, "absence projects", "admin.absenceProject", "v1/Admin/AbsenceProjects")
	absence.Sorts = sorts("name")
	absence.Filters = filters(queryOf("name"), equals("isActive", "isActive"))

	opportunityTag := colored(OpportunityTags, "opportunity tags", "admin.opportunityTag", "v1/Admin/OpportunityTags")
	opportunityTag.Named = []string{"title"}
	opportunityTag.Schema = schema.New(number("id"), text("title").AlsoCalled("name"), text("color"))

	return []*account.Resource{
		absence,
		timeless(InternalProjects, "internal projects", "admin.internalProject", "v1/Admin/InternalProjects"),
		colored(ProjectStatuses, "project statuses", "admin.projectStatus", "v1/Admin/ProjectStatuses", boolean("isCompletedStatus")),
		colored(OpportunityStatuses, "opportunity statuses", "admin.opportunityStatus", "v1/Admin/OpportunityStatuses"),
		opportunityTag,
		{
			ID: TimeCodes, Name: "time codes", Object: "admin.timeCode", Path: "v1/Admin/Timecodes", Verbs: listed,
			Named:  []string{"name"},
			Schema: schema.New(number("id"), text("name"), text("code"), boolean("isActive"), boolean("billable").OrNull()),
		},
		{
			ID: Activities, Name: "activities", Object: "admin.activity", Path: "v1/Admin/Activities", Verbs: listed,
			Named:   []string{"name"},
			Schema:  schema.New(fields(number("id"), text("name"), boolean("isActive"), stamps("createdDate", "updatedDate"))...),
			Sorts:   sorts("name", "createdDate", "updatedDate"),
			Filters: filters(queryOf("name"), equals("isActive", "isActive")),
		},
		{
			ID: Articles, Name: "articles", Object: "admin.article", Path: "v1/Admin/Articles", Verbs: verbs(list, get),
			Named: []string{"name"},
			Schema: schema.New(fields(
				number("id"), text("name"), text("articleNumber"),
				enum("articleType", "material", "allowance", "equipment", "addition", "time"),
				exact("price"), exact("cost"), text("description").OrNull(), ref("unit", Units), boolean("isActive"),
				stamps("createdDate", "updatedDate"),
			)...),
			Sorts: sorts("name", "articleNumber", "createdDate", "updatedDate"),
			Filters: filters(
				equals("articleType", "articleType").Or("all").IfMissing("material"),
				queryOf("name", "articleNumber"),
			),
			Write: props(
				stays(trueAtFirst("isActive")),
				same("articleNumber", "price", "name", "description", "cost"), sets("unitId", "unit"),
			),
		},
		{
			ID: BookingProjects, Name: "booking projects", Object: "admin.bookingProject", Path: "v1/Admin/BookingProjects",
			Verbs: verbs(list, get, create), Named: []string{"name"},
			Schema: schema.New(fields(
				number("id"), text("name"), text("bookingNumber"), boolean("isActive"), date("startDate").OrNull(), date("endDate").OrNull(),
				stamps("createdDate", "updatedDate"),
			)...),
			Sorts:   sorts("name", "bookingNumber", "isActive", "startDate", "endDate", "createdDate", "updatedDate"),
			Filters: filters(queryOf("name", "bookingNumber"), equals("isActive", "isActive")),
			Write: props(
				same("name", "bookingNumber"),
				trueAtFirst("isActive"),
				same("startDate", "endDate"),
			),
			Rules: bookingProjectRules,
		},
		{
			ID: Users, Name: "users", Object: "admin.user", Path: "v1/Admin/Users", Verbs: verbs(list, get),
			Named: []string{"firstName", "lastName"}, Erased: true,
			Schema: schema.New(fields(
				number("id"), text("firstName"), text("lastName"), text("email"), date("startDate"), date("endDate").OrNull(),
				text("employeeNumber"), ref("timeReportingProfile", TimeReportingProfiles), ref("department", Departments),
				ref("costCenter", CostCenters), text("license"), texts("permissions"),
				number("salaryType").TextInDetail(), ref("createdBy", Users), ref("updatedBy", Users), stamps("createdDate", "updatedDate"),
				inDetail(
					text("socialSecurityNumber"), text("mobilePhoneNumber"), text("workPhoneNumber"), text("note"), exact("costPerHour"),
					text("settlementAccount"), object("address", "admin.address", addressFields()...), text("nextOfKin"), text("nextOfKinRelation"),
					text("nextOfKinPhoneNumber"), ref("manager", Users), ref("schedule", Schedules), ref("standardTimeArticle", Articles),
					ref("standardActivity", Activities), boolean("timeBankEnabled"), exact("currentTimeBank"),
					exact("planningCapacityInPercent"), boolean("isRestricted"), tagList().OrWords(),
				),
			)...),
			Filters: filters(hiddenUnless("includeRestricted", "isRestricted")),
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
func tagList() *schema.Field { return refs("tags", Tags, display("title"), shown("color", "color")) }
