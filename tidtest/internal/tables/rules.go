package tables

import (
	"slices"
	"strconv"

	"github.com/vismatid/tid/tidtest/internal/account"
	"github.com/vismatid/tid/tidtest/internal/schema"
)

// The rules of a resource check a new version of an object beyond the kinds of its properties, and fill in what the server
// itself decides. They run when everything else about the request has been found right.

// contactRules forget what the other kind of contact refers to: a person has no parent company, a company no company.
func contactRules(ch *account.Change) {
	if ch.Num("contactType") == 0 {
		ch.SetNum("parentCompany", schema.None)
	} else {
		ch.SetNum("company", schema.None)
	}
}

// contactPersons are the persons of a company: those that a test has put there, and those that name it as their company.
func contactPersons(acct *account.Account, r *schema.Record) (int64, any) {
	of := acct.Resource(Contacts)
	f := of.Schema.Field("contactPersons")
	listed, _ := r.Other(f).([]*schema.Record)
	all := slices.Clone(listed)
	id, name, primary := f.Of.Field("id"), f.Of.Field("name"), f.Of.Field("isPrimary")
	company := of.Schema.Field("company")
	for _, person := range of.Sorted {
		if person.Num(company) != r.ID || slices.ContainsFunc(listed, func(l *schema.Record) bool { return l.Num(id) == person.ID }) {
			continue
		}
		entry := f.Of.NewRecord()
		entry.SetNum(id, person.ID)
		entry.SetOther(name, of.Display(person))
		if len(all) == 0 {
			entry.SetNum(primary, 1)
		}
		all = append(all, entry)
	}
	return 0, all
}

func projectRules(ch *account.Change) {
	if ch.Old == nil {
		ch.SetNum("invoiceType", 0) // ongoing, whatever was sent
		ch.SetNum("bookingProject", schema.None)
		ch.SetText("orderNumber", NextProjectNumber(ch.Account, ch.Num("projectCollection")))
	}
	locate(ch)
	logProject(ch)
}

// locate derives the location that lists show from the address of the work site.
func locate(ch *account.Change) {
	site, place := ch.Res.Schema.Field("workSiteAddress"), ch.Res.Schema.Field("location")
	address := ch.New.Part(site)
	if address == nil {
		place.Clear(ch.New)
		return
	}
	r := place.Of.NewRecord()
	if ch.Old != nil {
		if before := ch.Old.Part(place); before != nil { // the country is in no address
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
	ch.New.SetOther(place, r)
}

// NextProjectNumber is one more than the highest number that a project of a collection has, or any project if no collection
// is named. A collection whose own number is 2 begins at 2001.
func NextProjectNumber(acct *account.Account, collection int64) string {
	of, collections := acct.Resource(Projects), acct.Resource(ProjectCollections)
	number, in, highest := of.Schema.Field("orderNumber"), of.Schema.Field("projectCollection"), int64(1000)
	if c := collections.Find(collection); c != nil {
		if n, err := strconv.ParseInt(c.Text(collections.Schema.Field("number")), 10, 32); err == nil && n > 0 {
			highest = n * 1000
		}
	}
	for _, r := range of.Sorted {
		if n, err := strconv.ParseInt(r.Text(number), 10, 64); err == nil && (collection == schema.None || r.Num(in) == collection) {
			highest = max(highest, n)
		}
	}
	return strconv.FormatInt(highest+1, 10)
}

// logProject writes the change of a project into the log that the API lists.
func logProject(ch *account.Change) {
	if ch.Old == nil {
		log(ch, "project_Created", "")
		return
	}
	log(ch, "project_Updated", "")
	changed := func(name string) bool {
		f := ch.Res.Schema.Field(name)
		return ch.Old.Num(f) != ch.New.Num(f)
	}
	if changed("status") {
		log(ch, "project_Changed_Status", "")
	}
	for name, word := range map[string]string{"startDate": "StartDate", "endDate": "EndDate"} {
		switch {
		case !changed(name):
		case ch.Num(name) == schema.None:
			log(ch, "project_Removed_"+word, "")
		default:
			log(ch, "project_Updated_"+word, "")
		}
	}
}

// log adds an entry to the log once the change has been made.
func log(ch *account.Change, event, text string) {
	ch.After = append(ch.After, func() {
		of := ch.Resource(Logs)
		r := of.NewEntry()
		word, _ := of.Schema.Field("logType").Word(event)
		r.SetNum(of.Schema.Field("logType"), word)
		project := ch.New.ID
		if ch.Res.ID == ProjectComments {
			project = ch.New.Parent
		}
		r.SetNum(of.Schema.Field("project"), project)
		if text != "" {
			r.SetOther(of.Schema.Field("text"), text)
		}
		ch.StampRecord(of, r, true)
		of.Put(r)
	})
}

// commentRules take the text from either of its keys.
func commentRules(ch *account.Change) {
	if again, ok := ch.Given["comment"]; ok && !ch.Has("text") {
		text, _ := schema.StringOf(again) // it has been found to be one
		ch.SetText("text", text)
	}
	if ch.Res.ID == ProjectComments && ch.Old == nil {
		log(ch, "project_Added_Note", ch.Text("text"))
	}
}

func timeReportRules(ch *account.Change) {
	kinds := 0
	for _, name := range []string{"project", "internalProject", "absenceProject"} {
		if ch.Num(name) != schema.None {
			kinds++
		}
	}
	if kinds != 1 {
		ch.Wrong.Add("projectId", "exactly one of projectId, internalProjectId and absenceProjectId is required, not %d", kinds)
	}
	for _, name := range []string{"internalProject", "absenceProject"} {
		if r := ch.Target(name); r != nil && ch.Text("comment") == "" {
			of := ch.Resource(ch.Res.Schema.Field(name).Target)
			if r.Num(of.Schema.Field("commentRequiredWhenTimeReporting")) == 1 {
				ch.Wrong.Add("comment", "is required by the %s %s", of.Object, of.Display(r))
			}
		}
	}
	for _, name := range ch.Needed {
		if f := ch.Res.Schema.Field(name); f.Get(ch.New) == nil || f.Kind == schema.Text && ch.New.Text(f) == "" {
			prop := name
			if f.Kind == schema.Ref {
				prop += "Id"
			}
			ch.Wrong.Add(prop, "is required in this account")
		}
	}

	ch.SetNum("contact", schema.None)
	ch.SetNum("costCenter", schema.None)
	if project := ch.Target("project"); project != nil {
		of := ch.Resource(Projects).Schema
		ch.SetNum("contact", project.Num(of.Field("customer")))
		ch.SetNum("costCenter", project.Num(of.Field("costCenter")))
	}
	ch.SetNum("travelReportId", schema.None)
	if raw, ok := ch.Given["travelReport"]; ok {
		of := ch.Resource(TravelReports)
		r := of.NewEntry()
		ch.ReadPart(of.Schema, r, raw)
		r.SetNum(of.Schema.Field("id"), r.ID)
		ch.SetNum("travelReportId", r.ID)
		ch.After = append(ch.After, func() { of.Put(r) })
	}
}

func materialReportRules(ch *account.Change) {
	if raw, ok := ch.Given["articleId"]; ok {
		id, _ := schema.IntOf(raw)
		of := ch.Resource(Articles)
		article := of.Find(id)
		for field, from := range map[string]string{"articleNumber": "articleNumber", "title": "name"} {
			if !ch.Has(field) {
				ch.SetText(field, article.Text(of.Schema.Field(from)))
			}
		}
	}
	if id := ch.Num("timeReportId"); id != schema.None && ch.Resource(TimeReports).Find(id) == nil {
		ch.Wrong.Add("timeReportId", "is %d, and there is no time report with that id", id)
	}
	value := func(name string) int64 { return ch.Num(name) }
	price := schema.ToDecimal(value("invoiceableUnits")).Mul(schema.ToDecimal(value("pricePerUnit")))
	total, err := schema.PackBig(price.Sub(price.Mul(schema.ToDecimal(value("discountPercentage"))).Shift(-2)).Round(2))
	if err != nil {
		ch.Wrong.Add("pricePerUnit", "makes a total that %v", err)
		return
	}
	ch.SetNum("totalAmount", total)
}

func opportunityRules(ch *account.Change) {
	switch open := ch.Num("opportunityState") == 0; {
	case open:
		ch.SetNum("closedDate", schema.None)
	case ch.Num("closedDate") == schema.None:
		ch.SetNum("closedDate", ch.Stamp())
	}
}

func bookingProjectRules(ch *account.Change) {
	if ch.Text("bookingNumber") != "" {
		return
	}
	number, highest := ch.Res.Schema.Field("bookingNumber"), int64(0)
	for _, r := range ch.Res.Sorted {
		if n, err := strconv.ParseInt(r.Text(number), 10, 64); err == nil {
			highest = max(highest, n)
		}
	}
	ch.SetText("bookingNumber", strconv.FormatInt(highest+1, 10))
}

func unhandledInvoiceRules(ch *account.Change) {
	if supplier := ch.Target("supplier"); supplier != nil && !ch.Has("supplierName") {
		ch.SetText("supplierName", ch.Resource(Contacts).Display(supplier))
	}
}
