package tables

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vismatid/tid/tidtest/internal/account"
	"github.com/vismatid/tid/tidtest/internal/query"
	"github.com/vismatid/tid/tidtest/internal/schema"
)

// gatherDayStatistics adds up the time reports of every user by day.
func gatherDayStatistics(acct *account.Account, res *account.Resource, l *query.Listing) ([]*schema.Record, error) {
	first, _ := l.Argument("from")
	last, _ := l.Argument("to")
	chosen, some := l.Argument("userIds")
	wrong := schema.Problems{}
	days := (last.Begin-first.Begin)/schema.DayMillis + 1
	switch {
	case last.Begin < first.Begin:
		wrong.Add("filter.to", "is before filter.from")
	case days > 31:
		wrong.Add("filter.to", "makes a span of %d days, more than 31", days)
	}
	if len(wrong) > 0 {
		return nil, account.Invalid(wrong)
	}

	type cell struct {
		hours    int64 // packed
		reports  int
		attested int
		last     int64
	}
	sums := map[int64][]cell{}
	reports := acct.Resource(TimeReports)
	user, date := reports.Schema.Field("user"), reports.Schema.Field("date")
	hours, attested := reports.Schema.Field("hours"), reports.Schema.Field("attestedDate")
	for _, r := range reports.Sorted {
		day := (schema.Millis(r.Num(date)) - first.Begin) / schema.DayMillis
		if at := schema.Millis(r.Num(date)); at < first.Begin || at > last.End {
			continue
		}
		of := sums[r.Num(user)]
		if of == nil {
			of = make([]cell, days)
			sums[r.Num(user)] = of
		}
		sum := &of[day]
		total, err := schema.PackBig(schema.ToDecimal(sum.hours).Add(schema.ToDecimal(r.Num(hours))))
		if err != nil {
			return nil, account.Fail(500, "The hours of a day cannot be added up: a sum %v.", err)
		}
		sum.hours = total
		sum.reports++
		if at := r.Num(attested); at != schema.None {
			sum.attested++
			sum.last = max(sum.last, at)
		}
	}

	people := acct.Resource(Users)
	field := res.Schema.Field
	dates := field("dates")
	start, end := people.Schema.Field("startDate"), people.Schema.Field("endDate")
	var rows []*schema.Record
	for _, person := range people.Sorted {
		if some && !slices.Contains(chosen.Nums, person.ID) {
			continue
		}
		row := res.Schema.NewRecord()
		row.ID = person.ID
		row.SetNum(field("userId"), person.ID)
		row.SetOther(field("name"), people.Display(person))
		row.SetNum(field("department"), person.Num(people.Schema.Field("department")))
		var list []*schema.Record
		for i := range days {
			at := first.Begin + i*schema.DayMillis
			day := dates.Of.NewRecord()
			day.SetNum(dates.Of.Field("date"), schema.FromMillis(at))
			day.SetNum(dates.Of.Field("scheduledHours"), scheduledHours(at, person.Num(start), person.Num(end)))
			if of := sums[person.ID]; of != nil && of[i].reports > 0 {
				day.SetNum(dates.Of.Field("reportedHours"), of[i].hours)
				if of[i].attested == of[i].reports {
					day.SetNum(dates.Of.Field("attestedDate"), of[i].last)
				}
			}
			list = append(list, day)
		}
		row.SetOther(dates, list)
		rows = append(rows, row)
	}
	return rows, nil
}

// scheduledHours are eight on the weekdays of the time that a user is employed.
func scheduledHours(at, start, end int64) int64 {
	day := schema.WallOf(schema.FromMillis(at))
	if start != schema.None && schema.Millis(start) > at || end != schema.None && schema.Millis(end) < at || day.Weekday()%6 == 0 {
		return 0
	}
	eight, _ := schema.PackDecimal(8, 0)
	return eight
}

// planned returns the plannings of the time that a Planning list asks about.
func planned(acct *account.Account, l *query.Listing) []*schema.Record {
	of := acct.Resource(Plannings)
	first, since := l.Argument("fromDate")
	last, until := l.Argument("toDate")
	var rows []*schema.Record
	for _, r := range of.Sorted {
		if since && schema.Millis(r.Num(of.Schema.Field("toDate"))) < first.Begin || until && schema.Millis(r.Num(of.Schema.Field("fromDate"))) > last.End {
			continue
		}
		rows = append(rows, r)
	}
	return rows
}

func gatherPlanningUsers(acct *account.Account, res *account.Resource, l *query.Listing) ([]*schema.Record, error) {
	people := acct.Resource(Users)
	noDeleted, _ := l.Argument("excludeDeleted")
	noRestricted, _ := l.Argument("excludeRestricted")
	found := map[int64]*schema.Record{}
	for _, plan := range planned(acct, l) {
		id := plan.Num(acct.Resource(Plannings).Schema.Field("user"))
		person := people.Referred(id)
		if person == nil || noDeleted.Yes && people.Find(id) == nil ||
			noRestricted.Yes && person.Num(people.Schema.Field("isRestricted")) == 1 {
			continue
		}
		row := res.Schema.NewRecord()
		row.ID = id
		row.SetNum(res.Schema.Field("id"), id)
		for to, from := range map[string]string{"employmentNumber": "employeeNumber", "firstName": "firstName", "lastName": "lastName"} {
			row.SetOther(res.Schema.Field(to), person.Text(people.Schema.Field(from)))
		}
		found[id] = row
	}
	var rows []*schema.Record
	for _, row := range found {
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b *schema.Record) int { return cmp.Compare(a.ID, b.ID) })
	return rows, nil
}

// gatherPlanningSums adds up planned hours: by project and user in both lists, the one ordered by project, the other by user.
func gatherPlanningSums(acct *account.Account, res *account.Resource, l *query.Listing) ([]*schema.Record, error) {
	of := acct.Resource(Plannings).Schema
	kinds := []string{"project", "internalProject", "absenceProject"}
	excluded := map[string]string{"project": "excludeProjects", "internalProject": "excludeInternal", "absenceProject": "excludeAbsence"}
	user, byUser := l.Argument("userId")
	project, byProject := l.Argument("projectId")

	type key struct {
		kind          int
		project, user int64
	}
	found := map[key]*schema.Record{}
	var keys []key
	for _, plan := range planned(acct, l) {
		k := key{user: plan.Num(of.Field("user")), project: schema.None}
		for i, name := range kinds {
			if id := plan.Num(of.Field(name)); id != schema.None {
				k.kind, k.project = i, id
			}
		}
		if without, _ := l.Argument(excluded[kinds[k.kind]]); without.Yes || byUser && k.user != user.Nums[0] ||
			byProject && (k.kind != 0 || k.project != project.Nums[0]) {
			continue
		}
		row := found[k]
		if row == nil {
			row = res.Schema.NewRecord()
			row.SetNum(res.Schema.Field(kinds[k.kind]), k.project)
			row.SetNum(res.Schema.Field("user"), k.user)
			found[k] = row
			keys = append(keys, k)
		}
		begin, end, hours := res.Schema.Field("fromDate"), res.Schema.Field("toDate"), res.Schema.Field("hours")
		if at := plan.Num(of.Field("fromDate")); row.Num(begin) == schema.None || at < row.Num(begin) {
			row.SetNum(begin, at)
		}
		row.SetNum(end, max(row.Num(end), plan.Num(of.Field("toDate"))))
		sum, err := schema.PackBig(schema.ToDecimal(row.Num(hours)).Add(schema.ToDecimal(plan.Num(of.Field("hours")))))
		if err != nil {
			return nil, account.Fail(500, "The planned hours cannot be added up: a sum %v.", err)
		}
		row.SetNum(hours, sum)
	}
	slices.SortFunc(keys, func(a, b key) int {
		projects := cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.project, b.project))
		if people := cmp.Compare(a.user, b.user); strings.HasSuffix(res.Path, "Users") {
			return cmp.Or(people, projects)
		} else {
			return cmp.Or(projects, people)
		}
	})
	rows := make([]*schema.Record, len(keys))
	for i, k := range keys {
		rows[i] = found[k]
	}
	return rows, nil
}
