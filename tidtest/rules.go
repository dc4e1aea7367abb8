package tidtest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// The rules of a resource check a new version of an object beyond the kinds of its properties, and fill in what the server
// itself decides. They run when everything else about the request has been found right.

// contactRules forget what the other kind of contact refers to: a person has no parent company, a company no company.
func contactRules(ch *change) {
	if ch.num("contactType") == 0 {
		ch.setNum("parentCompany", none)
	} else {
		ch.setNum("company", none)
	}
}

// contactPersons are the persons of a company: those that a test has put there, and those that name it as their company.
func (st *state) contactPersons(r *record) (int64, any) {
	of := st.resource(contacts)
	f := of.schema.field("contactPersons")
	listed, _ := r.others[f.slot].([]*record)
	all := slices.Clone(listed)
	id, name, primary := f.of.field("id"), f.of.field("name"), f.of.field("isPrimary")
	company := of.schema.field("company")
	for _, person := range of.sorted {
		if person.num(company) != r.id || slices.ContainsFunc(listed, func(l *record) bool { return l.num(id) == person.id }) {
			continue
		}
		entry := f.of.newRecord()
		entry.setNum(id, person.id)
		entry.others[name.slot] = of.display(person)
		if len(all) == 0 {
			entry.setNum(primary, 1)
		}
		all = append(all, entry)
	}
	return 0, all
}

func projectRules(ch *change) {
	if ch.old == nil {
		ch.setNum("invoiceType", 0) // ongoing, whatever was sent
		ch.setNum("bookingProject", none)
		ch.setText("orderNumber", ch.nextProjectNumber(ch.num("projectCollection")))
	}
	ch.locate()
	ch.logProject()
}

// locate derives the location that lists show from the address of the work site.
func (ch *change) locate() {
	site, place := ch.res.schema.field("workSiteAddress"), ch.res.schema.field("location")
	address, ok := ch.new.others[site.slot].(*record)
	if !ok {
		place.clear(ch.new)
		return
	}
	r := place.of.newRecord()
	if ch.old != nil {
		if before, ok := ch.old.others[place.slot].(*record); ok { // the country is in no address
			country := place.of.field("countryName").slot
			r.others[country] = before.others[country]
		}
	}
	for _, f := range site.of.fields {
		if f.kind == kindJSON {
			continue
		}
		to := place.of.field(f.name)
		if f.kind.numeric() {
			r.nums[to.slot] = address.nums[f.slot]
		} else {
			r.others[to.slot] = address.others[f.slot]
		}
	}
	ch.new.others[place.slot] = r
}

// nextProjectNumber is one more than the highest number that a project of a collection has, or any project if no collection
// is named. A collection whose own number is 2 begins at 2001.
func (st *state) nextProjectNumber(collection int64) string {
	of, collections := st.resource(projects), st.resource(projectCollections)
	number, in, highest := of.schema.field("orderNumber"), of.schema.field("projectCollection"), int64(1000)
	if c := collections.find(collection); c != nil {
		if n, err := strconv.ParseInt(c.text(collections.schema.field("number")), 10, 32); err == nil && n > 0 {
			highest = n * 1000
		}
	}
	for _, r := range of.sorted {
		if n, err := strconv.ParseInt(r.text(number), 10, 64); err == nil && (collection == none || r.num(in) == collection) {
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
		f := ch.res.schema.field(name)
		return ch.old.num(f) != ch.new.num(f)
	}
	if changed("status") {
		ch.log("project_Changed_Status", "")
	}
	for name, word := range map[string]string{"startDate": "StartDate", "endDate": "EndDate"} {
		switch {
		case !changed(name):
		case ch.num(name) == none:
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
		word, _ := of.schema.field("logType").word(event)
		r.setNum(of.schema.field("logType"), word)
		project := ch.new.id
		if ch.res.id == projectComments {
			project = ch.new.parent
		}
		r.setNum(of.schema.field("project"), project)
		if text != "" {
			r.others[of.schema.field("text").slot] = text
		}
		ch.stampRecord(of, r, true)
		of.put(r)
	})
}

// newEntry is a new record of a resource, with its id.
func (res *resource) newEntry() *record {
	r := res.schema.newRecord()
	r.id = res.nextID()
	r.setNum(res.schema.field("id"), r.id)
	return r
}

// commentRules take the text from either of its keys.
func commentRules(ch *change) {
	if again, ok := ch.given["comment"]; ok && !ch.has("text") {
		text, _ := stringOf(again) // it has been found to be one
		ch.setText("text", text)
	}
	if ch.res.id == projectComments && ch.old == nil {
		ch.log("project_Added_Note", ch.text("text"))
	}
}

func timeReportRules(ch *change) {
	kinds := 0
	for _, name := range []string{"project", "internalProject", "absenceProject"} {
		if ch.num(name) != none {
			kinds++
		}
	}
	if kinds != 1 {
		ch.wrong.add("projectId", "exactly one of projectId, internalProjectId and absenceProjectId is required, not %d", kinds)
	}
	for _, name := range []string{"internalProject", "absenceProject"} {
		if r := ch.target(name); r != nil && ch.text("comment") == "" {
			of := ch.resource(ch.res.schema.field(name).target)
			if r.num(of.schema.field("commentRequiredWhenTimeReporting")) == 1 {
				ch.wrong.add("comment", "is required by the %s %s", of.object, of.display(r))
			}
		}
	}
	for _, name := range ch.needed {
		if f := ch.res.schema.field(name); f.get(ch.new) == nil || f.kind == kindText && ch.new.text(f) == "" {
			prop := name
			if f.kind == kindRef {
				prop += "Id"
			}
			ch.wrong.add(prop, "is required in this account")
		}
	}

	ch.setNum("contact", none)
	ch.setNum("costCenter", none)
	if project := ch.target("project"); project != nil {
		of := ch.resource(projects).schema
		ch.setNum("contact", project.num(of.field("customer")))
		ch.setNum("costCenter", project.num(of.field("costCenter")))
	}
	ch.setNum("travelReportId", none)
	if raw, ok := ch.given["travelReport"]; ok {
		of := ch.resource(travelReports)
		r := of.newEntry()
		d := &reader{st: ch.state, request: true, problems: problems{}}
		d.object(of.schema, r, raw, "travelReport.")
		r.setNum(of.schema.field("id"), r.id)
		ch.setNum("travelReportId", r.id)
		ch.after = append(ch.after, func() { of.put(r) })
	}
}

func materialReportRules(ch *change) {
	if raw, ok := ch.given["articleId"]; ok {
		id, _ := intOf(raw)
		of := ch.resource(articles)
		article := of.find(id)
		for field, from := range map[string]string{"articleNumber": "articleNumber", "title": "name"} {
			if !ch.has(field) {
				ch.setText(field, article.text(of.schema.field(from)))
			}
		}
	}
	if id := ch.num("timeReportId"); id != none && ch.resource(timeReports).find(id) == nil {
		ch.wrong.add("timeReportId", "is %d, and there is no time report with that id", id)
	}
	value := func(name string) int64 { return ch.num(name) }
	price := toDecimal(value("invoiceableUnits")).Mul(toDecimal(value("pricePerUnit")))
	total, err := packBig(price.Sub(price.Mul(toDecimal(value("discountPercentage"))).Shift(-2)).Round(2))
	if err != nil {
		ch.wrong.add("pricePerUnit", "makes a total that %v", err)
		return
	}
	ch.setNum("totalAmount", total)
}

func opportunityRules(ch *change) {
	switch open := ch.num("opportunityState") == 0; {
	case open:
		ch.setNum("closedDate", none)
	case ch.num("closedDate") == none:
		ch.setNum("closedDate", ch.stamp())
	}
}

func bookingProjectRules(ch *change) {
	if ch.text("bookingNumber") != "" {
		return
	}
	number, highest := ch.res.schema.field("bookingNumber"), int64(0)
	for _, r := range ch.res.sorted {
		if n, err := strconv.ParseInt(r.text(number), 10, 64); err == nil {
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
func gatherDayStatistics(c *call) ([]*record, error) {
	first, _ := c.listing.argument("from")
	last, _ := c.listing.argument("to")
	chosen, some := c.listing.argument("userIds")
	wrong := problems{}
	days := (last.begin-first.begin)/dayMillis + 1
	switch {
	case last.begin < first.begin:
		wrong.add("filter.to", "is before filter.from")
	case days > 31:
		wrong.add("filter.to", "makes a span of %d days, more than 31", days)
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
	user, date := reports.schema.field("user"), reports.schema.field("date")
	hours, attested := reports.schema.field("hours"), reports.schema.field("attestedDate")
	for _, r := range reports.sorted {
		day := (millis(r.num(date)) - first.begin) / dayMillis
		if at := millis(r.num(date)); at < first.begin || at > last.end {
			continue
		}
		of := sums[r.num(user)]
		if of == nil {
			of = make([]cell, days)
			sums[r.num(user)] = of
		}
		sum := &of[day]
		total, err := packBig(toDecimal(sum.hours).Add(toDecimal(r.num(hours))))
		if err != nil {
			return nil, fail(500, "The hours of a day cannot be added up: a sum %v.", err)
		}
		sum.hours = total
		sum.reports++
		if at := r.num(attested); at != none {
			sum.attested++
			sum.last = max(sum.last, at)
		}
	}

	res, people := c.op.res, c.resource(users)
	field := res.schema.field
	dates := field("dates")
	start, end := people.schema.field("startDate"), people.schema.field("endDate")
	var rows []*record
	for _, person := range people.sorted {
		if some && !slices.Contains(chosen.nums, person.id) {
			continue
		}
		row := res.schema.newRecord()
		row.id = person.id
		row.setNum(field("userId"), person.id)
		row.others[field("name").slot] = people.display(person)
		row.setNum(field("department"), person.num(people.schema.field("department")))
		var list []*record
		for i := range days {
			at := first.begin + i*dayMillis
			day := dates.of.newRecord()
			day.setNum(dates.of.field("date"), at<<offsetBits)
			day.setNum(dates.of.field("scheduledHours"), scheduledHours(at, person.num(start), person.num(end)))
			if of := sums[person.id]; of != nil && of[i].reports > 0 {
				day.setNum(dates.of.field("reportedHours"), of[i].hours)
				if of[i].attested == of[i].reports {
					day.setNum(dates.of.field("attestedDate"), of[i].last)
				}
			}
			list = append(list, day)
		}
		row.others[dates.slot] = list
		rows = append(rows, row)
	}
	return rows, nil
}

const dayMillis = 24 * 60 * 60 * 1000

// scheduledHours are eight on the weekdays of the time that somebody is employed.
func scheduledHours(at, start, end int64) int64 {
	day := wallOf(at << offsetBits)
	if start != none && millis(start) > at || end != none && millis(end) < at || day.Weekday()%6 == 0 {
		return 0
	}
	eight, _ := packDecimal(8, 0)
	return eight
}

// planned returns the plannings of the time that a Planning list asks about.
func (c *call) planned() []*record {
	of := c.resource(plannings)
	first, since := c.listing.argument("fromDate")
	last, until := c.listing.argument("toDate")
	var rows []*record
	for _, r := range of.sorted {
		if since && millis(r.num(of.schema.field("toDate"))) < first.begin || until && millis(r.num(of.schema.field("fromDate"))) > last.end {
			continue
		}
		rows = append(rows, r)
	}
	return rows
}

func gatherPlanningUsers(c *call) ([]*record, error) {
	res, people := c.op.res, c.resource(users)
	noDeleted, _ := c.listing.argument("excludeDeleted")
	noRestricted, _ := c.listing.argument("excludeRestricted")
	found := map[int64]*record{}
	for _, plan := range c.planned() {
		id := plan.num(c.resource(plannings).schema.field("user"))
		person := people.referred(id)
		if person == nil || noDeleted.yes && people.find(id) == nil ||
			noRestricted.yes && person.num(people.schema.field("isRestricted")) == 1 {
			continue
		}
		row := res.schema.newRecord()
		row.id = id
		row.setNum(res.schema.field("id"), id)
		for to, from := range map[string]string{"employmentNumber": "employeeNumber", "firstName": "firstName", "lastName": "lastName"} {
			row.others[res.schema.field(to).slot] = person.text(people.schema.field(from))
		}
		found[id] = row
	}
	var rows []*record
	for _, row := range found {
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b *record) int { return cmp.Compare(a.id, b.id) })
	return rows, nil
}

// gatherPlanningSums adds up planned hours: by project and user in both lists, the one ordered by project, the other by user.
func gatherPlanningSums(c *call) ([]*record, error) {
	res, of := c.op.res, c.resource(plannings).schema
	kinds := []string{"project", "internalProject", "absenceProject"}
	excluded := map[string]string{"project": "excludeProjects", "internalProject": "excludeInternal", "absenceProject": "excludeAbsence"}
	user, byUser := c.listing.argument("userId")
	project, byProject := c.listing.argument("projectId")

	type key struct {
		kind          int
		project, user int64
	}
	found := map[key]*record{}
	var keys []key
	for _, plan := range c.planned() {
		k := key{user: plan.num(of.field("user")), project: none}
		for i, name := range kinds {
			if id := plan.num(of.field(name)); id != none {
				k.kind, k.project = i, id
			}
		}
		if without, _ := c.listing.argument(excluded[kinds[k.kind]]); without.yes || byUser && k.user != user.nums[0] ||
			byProject && (k.kind != 0 || k.project != project.nums[0]) {
			continue
		}
		row := found[k]
		if row == nil {
			row = res.schema.newRecord()
			row.setNum(res.schema.field(kinds[k.kind]), k.project)
			row.setNum(res.schema.field("user"), k.user)
			found[k] = row
			keys = append(keys, k)
		}
		begin, end, hours := res.schema.field("fromDate"), res.schema.field("toDate"), res.schema.field("hours")
		if at := plan.num(of.field("fromDate")); row.num(begin) == none || at < row.num(begin) {
			row.setNum(begin, at)
		}
		row.setNum(end, max(row.num(end), plan.num(of.field("toDate"))))
		sum, err := packBig(toDecimal(row.num(hours)).Add(toDecimal(plan.num(of.field("hours")))))
		if err != nil {
			return nil, fail(500, "The planned hours cannot be added up: a sum %v.", err)
		}
		row.setNum(hours, sum)
	}
	slices.SortFunc(keys, func(a, b key) int {
		projects := cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.project, b.project))
		if people := cmp.Compare(a.user, b.user); strings.HasSuffix(res.path, "Users") {
			return cmp.Or(people, projects)
		} else {
			return cmp.Or(projects, people)
		}
	})
	rows := make([]*record, len(keys))
	for i, k := range keys {
		rows[i] = found[k]
	}
	return rows, nil
}
