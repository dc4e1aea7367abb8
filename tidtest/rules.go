package tidtest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/vismatid/tid/tidtest/internal/schema"
)

// The rules of a resource check a new version of an object beyond the kinds of its properties, and fill in what the server
// itself decides. They run when everything else about the request has been found right.

// contactRules forget what the other kind of contact refers to: a person has no parent company, a company no company.
func contactRules(ch *change) {
	if ch.num("contactType") == 0 {
		ch.setNum("parentCompany", schema.None)
	} else {
		ch.setNum("company", schema.None)
	}
}

// contactPersons are the persons of a company: those that a test has put there, and those that name it as their company.
func (st *state) contactPersons(r *schema.Record) (int64, any) {
	of := st.resource(contacts)
	f := of.schema.Field("contactPersons")
	listed, _ := r.Other(f).([]*schema.Record)
	all := slices.Clone(listed)
	id, name, primary := f.Of.Field("id"), f.Of.Field("name"), f.Of.Field("isPrimary")
	company := of.schema.Field("company")
	for _, person := range of.sorted {
		if person.Num(company) != r.ID || slices.ContainsFunc(listed, func(l *schema.Record) bool { return l.Num(id) == person.ID }) {
			continue
		}
		entry := f.Of.NewRecord()
		entry.SetNum(id, person.ID)
		entry.SetOther(name, of.display(person))
		if len(all) == 0 {
			entry.SetNum(primary, 1)
		}
		all = append(all, entry)
	}
	return 0, all
}

func projectRules(ch *change) {
	if ch.old == nil {
		ch.setNum("invoiceType", 0) // ongoing, whatever was sent
		ch.setNum("bookingProject", schema.None)
		ch.setText("orderNumber", ch.nextProjectNumber(ch.num("projectCollection")))
	}
	ch.locate()
	ch.logProject()
}

// locate derives the location that lists show from the address of the work site.
func (ch *change) locate() {
	site, place := ch.res.schema.Field("workSiteAddress"), ch.res.schema.Field("location")
	address := ch.new.Part(site)
	if address == nil {
		place.Clear(ch.new)
		return
	}
	r := place.Of.NewRecord()
	if ch.old != nil {
		if before := ch.old.Part(place); before != nil { // the country is in no address
			place.Of.Field("countryName").Set(r, before)
		}
	}
	for _, f := range site.Of.Fields {
		if f.Kind == schema.JSON {
			continue
		}
		to := place.Of.Field(f.Name)
		if f.Kind.Numeric() {
			r.SetNum(to, address.Num(f))
		} else {
			r.SetOther(to, address.Other(f))
		}
	}
	ch.new.SetOther(place, r)
}

// nextProjectNumber is one more than the highest number that a project of a collection has, or any project if no collection
// is named. A collection whose own number is 2 begins at 2001.
func (st *state) nextProjectNumber(collection int64) string {
	of, collections := st.resource(projects), st.resource(projectCollections)
	number, in, highest := of.schema.Field("orderNumber"), of.schema.Field("projectCollection"), int64(1000)
	if c := collections.find(collection); c != nil {
		if n, err := strconv.ParseInt(c.Text(collections.schema.Field("number")), 10, 32); err == nil && n > 0 {
			highest = n * 1000
		}
	}
	for _, r := range of.sorted {
		if n, err := strconv.ParseInt(r.Text(number), 10, 64); err == nil && (collection == schema.None || r.Num(in) == collection) {
			highest = max(highest, n)
		}
	}
	return strconv.FormatInt(highest+1, 10)
}

// logProject writes the change of a project into the log that the API lists.
func (ch *change) logProject() {
	if ch.old == nil {
		ch.log("project_Created", "")
		return
	}
	ch.log("project_Updated", "")
	changed := func(name string) bool {
		f := ch.res.schema.Field(name)
		return ch.old.Num(f) != ch.new.Num(f)
	}
	if changed("status") {
		ch.log("project_Changed_Status", "")
	}
	for name, word := range map[string]string{"startDate": "StartDate", "endDate": "EndDate"} {
		switch {
		case !changed(name):
		case ch.num(name) == schema.None:
			ch.log("project_Removed_"+word, "")
		default:
			ch.log("project_Updated_"+word, "")
		}
	}
}

// log adds an entry to the log once the change has been made.
func (ch *change) log(event, text string) {
	ch.after = append(ch.after, func() {
		of := ch.resource(logs)
		r := of.newEntry()
		word, _ := of.schema.Field("logType").Word(event)
		r.SetNum(of.schema.Field("logType"), word)
		project := ch.new.ID
		if ch.res.id == projectComments {
			project = ch.new.Parent
		}
		r.SetNum(of.schema.Field("project"), project)
		if text != "" {
			r.SetOther(of.schema.Field("text"), text)
		}
		ch.stampRecord(of, r, true)
		of.put(r)
	})
}

// newEntry is a new record of a resource, with its id.
func (res *resource) newEntry() *schema.Record {
	r := res.schema.NewRecord()
	r.ID = res.nextID()
	r.SetNum(res.schema.Field("id"), r.ID)
	return r
}

// commentRules take the text from either of its keys.
func commentRules(ch *change) {
	if again, ok := ch.given["comment"]; ok && !ch.has("text") {
		text, _ := schema.StringOf(again) // it has been found to be one
		ch.setText("text", text)
	}
	if ch.res.id == projectComments && ch.old == nil {
		ch.log("project_Added_Note", ch.text("text"))
	}
}

func timeReportRules(ch *change) {
	kinds := 0
	for _, name := range []string{"project", "internalProject", "absenceProject"} {
		if ch.num(name) != schema.None {
			kinds++
		}
	}
	if kinds != 1 {
		ch.wrong.Add("projectId", "exactly one of projectId, internalProjectId and absenceProjectId is required, not %d", kinds)
	}
	for _, name := range []string{"internalProject", "absenceProject"} {
		if r := ch.target(name); r != nil && ch.text("comment") == "" {
			of := ch.resource(ch.res.schema.Field(name).Target)
			if r.Num(of.schema.Field("commentRequiredWhenTimeReporting")) == 1 {
				ch.wrong.Add("comment", "is required by the %s %s", of.object, of.display(r))
			}
		}
	}
	for _, name := range ch.needed {
		if f := ch.res.schema.Field(name); f.Get(ch.new) == nil || f.Kind == schema.Text && ch.new.Text(f) == "" {
			prop := name
			if f.Kind == schema.Ref {
				prop += "Id"
			}
			ch.wrong.Add(prop, "is required in this account")
		}
	}

	ch.setNum("contact", schema.None)
	ch.setNum("costCenter", schema.None)
	if project := ch.target("project"); project != nil {
		of := ch.resource(projects).schema
		ch.setNum("contact", project.Num(of.Field("customer")))
		ch.setNum("costCenter", project.Num(of.Field("costCenter")))
	}
	ch.setNum("travelReportId", schema.None)
	if raw, ok := ch.given["travelReport"]; ok {
		of := ch.resource(travelReports)
		r := of.newEntry()
		d := &reader{st: ch.state, request: true, problems: schema.Problems{}}
		d.object(of.schema, r, raw, "travelReport.")
		r.SetNum(of.schema.Field("id"), r.ID)
		ch.setNum("travelReportId", r.ID)
		ch.after = append(ch.after, func() { of.put(r) })
	}
}

func materialReportRules(ch *change) {
	if raw, ok := ch.given["articleId"]; ok {
		id, _ := schema.IntOf(raw)
		of := ch.resource(articles)
		article := of.find(id)
		for field, from := range map[string]string{"articleNumber": "articleNumber", "title": "name"} {
			if !ch.has(field) {
				ch.setText(field, article.Text(of.schema.Field(from)))
			}
		}
	}
	if id := ch.num("timeReportId"); id != schema.None && ch.resource(timeReports).find(id) == nil {
		ch.wrong.Add("timeReportId", "is %d, and there is no time report with that id", id)
	}
	value := func(name string) int64 { return ch.num(name) }
	price := schema.ToDecimal(value("invoiceableUnits")).Mul(schema.ToDecimal(value("pricePerUnit")))
	total, err := schema.PackBig(price.Sub(price.Mul(schema.ToDecimal(value("discountPercentage"))).Shift(-2)).Round(2))
	if err != nil {
		ch.wrong.Add("pricePerUnit", "makes a total that %v", err)
		return
	}
	ch.setNum("totalAmount", total)
}

func opportunityRules(ch *change) {
	switch open := ch.num("opportunityState") == 0; {
	case open:
		ch.setNum("closedDate", schema.None)
	case ch.num("closedDate") == schema.None:
		ch.setNum("closedDate", ch.stamp())
	}
}

func bookingProjectRules(ch *change) {
	if ch.text("bookingNumber") != "" {
		return
	}
	number, highest := ch.res.schema.Field("bookingNumber"), int64(0)
	for _, r := range ch.res.sorted {
		if n, err := strconv.ParseInt(r.Text(number), 10, 64); err == nil {
			highest = max(highest, n)
		}
	}
	ch.setText("bookingNumber", strconv.FormatInt(highest+1, 10))
}

func unhandledInvoiceRules(ch *change) {
	if supplier := ch.target("supplier"); supplier != nil && !ch.has("supplierName") {
		ch.setText("supplierName", ch.resource(contacts).display(supplier))
	}
}

// gatherDayStatistics adds up the time reports of every user by day.
func gatherDayStatistics(c *call) ([]*schema.Record, error) {
	first, _ := c.listing.Argument("from")
	last, _ := c.listing.Argument("to")
	chosen, some := c.listing.Argument("userIds")
	wrong := schema.Problems{}
	days := (last.Begin-first.Begin)/schema.DayMillis + 1
	switch {
	case last.Begin < first.Begin:
		wrong.Add("filter.to", "is before filter.from")
	case days > 31:
		wrong.Add("filter.to", "makes a span of %d days, more than 31", days)
	}
	if len(wrong) > 0 {
		return nil, invalid(wrong)
	}

	type cell struct {
		hours    int64 // packed
		reports  int
		attested int
		last     int64
	}
	sums := map[int64][]cell{}
	reports := c.resource(timeReports)
	user, date := reports.schema.Field("user"), reports.schema.Field("date")
	hours, attested := reports.schema.Field("hours"), reports.schema.Field("attestedDate")
	for _, r := range reports.sorted {
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
			return nil, fail(500, "The hours of a day cannot be added up: a sum %v.", err)
		}
		sum.hours = total
		sum.reports++
		if at := r.Num(attested); at != schema.None {
			sum.attested++
			sum.last = max(sum.last, at)
		}
	}

	res, people := c.op.res, c.resource(users)
	field := res.schema.Field
	dates := field("dates")
	start, end := people.schema.Field("startDate"), people.schema.Field("endDate")
	var rows []*schema.Record
	for _, person := range people.sorted {
		if some && !slices.Contains(chosen.Nums, person.ID) {
			continue
		}
		row := res.schema.NewRecord()
		row.ID = person.ID
		row.SetNum(field("userId"), person.ID)
		row.SetOther(field("name"), people.display(person))
		row.SetNum(field("department"), person.Num(people.schema.Field("department")))
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

// scheduledHours are eight on the weekdays of the time that somebody is employed.
func scheduledHours(at, start, end int64) int64 {
	day := schema.WallOf(schema.FromMillis(at))
	if start != schema.None && schema.Millis(start) > at || end != schema.None && schema.Millis(end) < at || day.Weekday()%6 == 0 {
		return 0
	}
	eight, _ := schema.PackDecimal(8, 0)
	return eight
}

// planned returns the plannings of the time that a Planning list asks about.
func (c *call) planned() []*schema.Record {
	of := c.resource(plannings)
	first, since := c.listing.Argument("fromDate")
	last, until := c.listing.Argument("toDate")
	var rows []*schema.Record
	for _, r := range of.sorted {
		if since && schema.Millis(r.Num(of.schema.Field("toDate"))) < first.Begin || until && schema.Millis(r.Num(of.schema.Field("fromDate"))) > last.End {
			continue
		}
		rows = append(rows, r)
	}
	return rows
}

func gatherPlanningUsers(c *call) ([]*schema.Record, error) {
	res, people := c.op.res, c.resource(users)
	noDeleted, _ := c.listing.Argument("excludeDeleted")
	noRestricted, _ := c.listing.Argument("excludeRestricted")
	found := map[int64]*schema.Record{}
	for _, plan := range c.planned() {
		id := plan.Num(c.resource(plannings).schema.Field("user"))
		person := people.referred(id)
		if person == nil || noDeleted.Yes && people.find(id) == nil ||
			noRestricted.Yes && person.Num(people.schema.Field("isRestricted")) == 1 {
			continue
		}
		row := res.schema.NewRecord()
		row.ID = id
		row.SetNum(res.schema.Field("id"), id)
		for to, from := range map[string]string{"employmentNumber": "employeeNumber", "firstName": "firstName", "lastName": "lastName"} {
			row.SetOther(res.schema.Field(to), person.Text(people.schema.Field(from)))
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
func gatherPlanningSums(c *call) ([]*schema.Record, error) {
	res, of := c.op.res, c.resource(plannings).schema
	kinds := []string{"project", "internalProject", "absenceProject"}
	excluded := map[string]string{"project": "excludeProjects", "internalProject": "excludeInternal", "absenceProject": "excludeAbsence"}
	user, byUser := c.listing.Argument("userId")
	project, byProject := c.listing.Argument("projectId")

	type key struct {
		kind          int
		project, user int64
	}
	found := map[key]*schema.Record{}
	var keys []key
	for _, plan := range c.planned() {
		k := key{user: plan.Num(of.Field("user")), project: schema.None}
		for i, name := range kinds {
			if id := plan.Num(of.Field(name)); id != schema.None {
				k.kind, k.project = i, id
			}
		}
		if without, _ := c.listing.Argument(excluded[kinds[k.kind]]); without.Yes || byUser && k.user != user.Nums[0] ||
			byProject && (k.kind != 0 || k.project != project.Nums[0]) {
			continue
		}
		row := found[k]
		if row == nil {
			row = res.schema.NewRecord()
			row.SetNum(res.schema.Field(kinds[k.kind]), k.project)
			row.SetNum(res.schema.Field("user"), k.user)
			found[k] = row
			keys = append(keys, k)
		}
		begin, end, hours := res.schema.Field("fromDate"), res.schema.Field("toDate"), res.schema.Field("hours")
		if at := plan.Num(of.Field("fromDate")); row.Num(begin) == schema.None || at < row.Num(begin) {
			row.SetNum(begin, at)
		}
		row.SetNum(end, max(row.Num(end), plan.Num(of.Field("toDate"))))
		sum, err := schema.PackBig(schema.ToDecimal(row.Num(hours)).Add(schema.ToDecimal(plan.Num(of.Field("hours")))))
		if err != nil {
			return nil, fail(500, "The planned hours cannot be added up: a sum %v.", err)
		}
		row.SetNum(hours, sum)
	}
	slices.SortFunc(keys, func(a, b key) int {
		projects := cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.project, b.project))
		if people := cmp.Compare(a.user, b.user); strings.HasSuffix(res.path, "Users") {
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
