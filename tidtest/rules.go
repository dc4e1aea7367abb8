package tidtest

import (
	"slices"
	"strconv"

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
func contactPersons(st *state, r *schema.Record) (int64, any) {
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
		ch.setText("orderNumber", nextProjectNumber(ch.state, ch.num("projectCollection")))
	}
	locate(ch)
	logProject(ch)
}

// locate derives the location that lists show from the address of the work site.
func locate(ch *change) {
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
func nextProjectNumber(st *state, collection int64) string {
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
func logProject(ch *change) {
	if ch.old == nil {
		log(ch, "project_Created", "")
		return
	}
	log(ch, "project_Updated", "")
	changed := func(name string) bool {
		f := ch.res.schema.Field(name)
		return ch.old.Num(f) != ch.new.Num(f)
	}
	if changed("status") {
		log(ch, "project_Changed_Status", "")
	}
	for name, word := range map[string]string{"startDate": "StartDate", "endDate": "EndDate"} {
		switch {
		case !changed(name):
		case ch.num(name) == schema.None:
			log(ch, "project_Removed_"+word, "")
		default:
			log(ch, "project_Updated_"+word, "")
		}
	}
}

// log adds an entry to the log once the change has been made.
func log(ch *change, event, text string) {
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

// commentRules take the text from either of its keys.
func commentRules(ch *change) {
	if again, ok := ch.given["comment"]; ok && !ch.has("text") {
		text, _ := schema.StringOf(again) // it has been found to be one
		ch.setText("text", text)
	}
	if ch.res.id == projectComments && ch.old == nil {
		log(ch, "project_Added_Note", ch.text("text"))
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
