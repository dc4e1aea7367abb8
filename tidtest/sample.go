package tidtest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest/internal/schema"
	"github.com/vismatid/tid/tidtest/internal/tables"
)

// Company is everything in an account, to be loaded into a server. The objects refer to each other by id.
type Company struct {
	// Since and Until are the first and the last day of the time reports.
	Since, Until tid.Date

	Categories            []tid.CategoryRef
	CostCenters           []tid.CostCenterRef
	Departments           []tid.Ref
	Schedules             []tid.Ref
	Tags                  []tid.Tag
	TimeReportingProfiles []tid.Ref
	Units                 []tid.Ref

	AbsenceProjects     []tid.AbsenceProject
	Activities          []tid.Activity
	Articles            []tid.Article
	BookingProjects     []tid.BookingProject
	InternalProjects    []tid.InternalProject
	OpportunityStatuses []tid.OpportunityStatus
	OpportunityTags     []tid.OpportunityTag
	ProjectStatuses     []tid.ProjectStatus
	TimeCodes           []tid.TimeCode
	Users               []tid.User

	Contacts           []tid.Contact
	ProjectCollections []tid.ProjectCollection
	Projects           []tid.Project
	Opportunities      []tid.Opportunity
	Offers             []tid.Offer
	TaskBoards         []tid.TaskBoard
	Tasks              []tid.Task
	VacationRequests   []tid.VacationRequest
	Plannings          []Planning
	Invoices           []tid.Invoice
	PaymentPlans       []tid.PaymentPlan
	MaterialReports    []tid.MaterialReport
	SupplierInvoices   []tid.SupplierInvoice
	TimeReports        []tid.TimeReport
	Logs               []tid.Log

	// What belongs to a project or to a task, by its id.
	TimeCalculations map[int64]tid.TimeCalculation
	ProjectComments  map[int64][]tid.Comment
	TaskComments     map[int64][]tid.Comment
	TaskChecklists   map[int64][]tid.Checklist
	TaskAttachments  map[int64][]tid.Attachment
}

// WithCompany starts a server with a company in it.
func WithCompany(c *Company) Option { return func(conf *config) { conf.company = c } }

// Load puts a company into the server. Objects that have the same ids are replaced. If there is a stamp in the future, the
// server's clock is put forward until there is none.
func (s *Server) Load(c *Company) {
	s.Categories.PutAll(c.Categories)
	s.CostCenters.PutAll(c.CostCenters)
	s.Departments.PutAll(c.Departments)
	s.Schedules.PutAll(c.Schedules)
	s.Tags.PutAll(c.Tags)
	s.TimeReportingProfiles.PutAll(c.TimeReportingProfiles)
	s.Units.PutAll(c.Units)

	s.AbsenceProjects.PutAll(c.AbsenceProjects)
	s.Activities.PutAll(c.Activities)
	s.Articles.PutAll(c.Articles)
	s.BookingProjects.PutAll(c.BookingProjects)
	s.InternalProjects.PutAll(c.InternalProjects)
	s.OpportunityStatuses.PutAll(c.OpportunityStatuses)
	s.OpportunityTags.PutAll(c.OpportunityTags)
	s.ProjectStatuses.PutAll(c.ProjectStatuses)
	s.TimeCodes.PutAll(c.TimeCodes)
	s.Users.PutAll(c.Users)

	s.Contacts.PutAll(c.Contacts)
	s.ProjectCollections.PutAll(c.ProjectCollections)
	s.Projects.PutAll(c.Projects)
	s.Opportunities.PutAll(c.Opportunities)
	s.Offers.PutAll(c.Offers)
	s.TaskBoards.PutAll(c.TaskBoards)
	s.Tasks.PutAll(c.Tasks)
	s.VacationRequests.PutAll(c.VacationRequests)
	s.Plannings.PutAll(c.Plannings)
	s.Invoices.PutAll(c.Invoices)
	s.PaymentPlans.PutAll(c.PaymentPlans)
	s.MaterialReports.PutAll(c.MaterialReports)
	s.SupplierInvoices.PutAll(c.SupplierInvoices)
	s.TimeReports.PutAll(c.TimeReports)
	s.Logs.PutAll(c.Logs)

	for id, calculation := range c.TimeCalculations {
		s.SetTimeCalculation(id, calculation)
	}
	loadNested(s.ProjectComments, c.ProjectComments)
	loadNested(s.TaskComments, c.TaskComments)
	loadNested(s.TaskChecklists, c.TaskChecklists)
	loadNested(s.TaskAttachments, c.TaskAttachments)
	s.account.CatchUp()
}

func loadNested[T any](store NestedStore[T], all map[int64][]T) {
	for _, id := range slices.Sorted(maps.Keys(all)) {
		store.Of(id).PutAll(all[id])
	}
}

// Sample returns a made-up Swedish contractor with that many users: the same one for the same seed and size. Its time reports
// are those of August to October 2026, about 130 for a user. All people, companies, addresses and numbers are invented.
func Sample(seed uint64, size int) *Company {
	return SampleUntil(seed, size, tid.NewDate(2026, time.October, 31))
}

// SampleUntil is Sample with time reports of the month in which a day lies, up to that day, and of the two months before.
// Nothing in it has been written, sent, attested or invoiced after that day.
func SampleUntil(seed uint64, size int, until tid.Date) *Company {
	return SampleMonths(seed, size, 3, until)
}

func sample(seed uint64, size int, since, until tid.Date) *Company {
	m := &maker{
		Company: &Company{
			Since:            since,
			Until:            until,
			TimeCalculations: map[int64]tid.TimeCalculation{},
			ProjectComments:  map[int64][]tid.Comment{},
			TaskComments:     map[int64][]tid.Comment{},
			TaskChecklists:   map[int64][]tid.Checklist{},
			TaskAttachments:  map[int64][]tid.Attachment{},
		},
		rng:  rand.New(rand.NewPCG(seed, uint64(size))),
		size: max(1, size),
		last: map[schema.ResourceID]int64{},
	}
	m.registers()
	m.people()
	m.customers()
	m.allProjects()
	m.sales()
	m.boards()
	m.time()
	m.materials()
	m.invoicing()
	m.plans()
	m.history()
	return m.Company
}

// A maker makes up a company.
type maker struct {
	*Company
	rng  *rand.Rand
	size int
	last map[schema.ResourceID]int64

	hourly, overtime tid.Article // what an hour is sold as
	suppliers        []tid.Ref
	clients          []tid.Ref
	works            []work
	days             []tid.Date // on which work is done
}

// work is a project as time reports need it.
type work struct {
	project *tid.Project
	rate    int64 // öre an hour
	open    bool
}

// id is the next id of a resource, from where the server itself would begin.
func (m *maker) id(of schema.ResourceID) int64 {
	if m.last[of] == 0 {
		m.last[of] = int64(of) * 1000
	}
	m.last[of]++
	return m.last[of]
}

// chance is true in so many per cent of cases.
func (m *maker) chance(percent int) bool { return m.rng.IntN(100) < percent }

// some is a number of at least so much and at most so much.
func (m *maker) some(least, most int) int { return least + m.rng.IntN(most-least+1) }

// least is n, or 1 for the first of its kind: a company of any size has something of everything.
func (m *maker) least(i, n int) int {
	if i == 0 {
		return max(1, n)
	}
	return n
}

func pickOne[T any](m *maker, from []T) T { return from[m.rng.IntN(len(from))] }

// cents is an amount given in hundredths.
func cents(n int64) tid.Decimal { return tid.NewDecimal(n, -2) }

// moment is a time of a day. What would be after the last day is at its end: nothing has happened later.
func (m *maker) moment(day tid.Date, hour int) tid.DateTime {
	return m.notAfter(day.In(time.UTC).Add(time.Duration(hour)*time.Hour + time.Duration(m.rng.IntN(3600))*time.Second))
}

func (m *maker) notAfter(t time.Time) tid.DateTime {
	if end := m.Until.AddDays(1).In(time.UTC).Add(-time.Second); t.After(end) {
		t = end
	}
	return tid.DateTimeOfWall(t)
}

// back is a day before another one.
func (m *maker) back(day tid.Date, least, most int) tid.Date {
	return day.AddDays(-m.some(least, most))
}

func (m *maker) userRef(i int) *tid.Ref {
	u := &m.Users[i]
	return &tid.Ref{ID: u.ID, Name: u.Name()}
}

func (m *maker) anyUser() *tid.Ref { return m.userRef(m.rng.IntN(len(m.Users))) }

func projectRef(p *tid.Project) *tid.Ref { return &tid.Ref{ID: p.ID, Name: p.Title} }

func refTo(refs []tid.Ref, i int) *tid.Ref { r := refs[i%len(refs)]; return &r }

// registers makes what the account's administrator has set up.
func (m *maker) registers() {
	named := func(of schema.ResourceID, names []string) (refs []tid.Ref) {
		for _, name := range names {
			refs = append(refs, tid.Ref{ID: m.id(of), Name: name})
		}
		return refs
	}
	founded := tid.DateTimeOfWall(time.Date(2019, 1, 7, 9, 0, 0, 0, time.UTC))
	m.Departments = named(tables.Departments, departmentNames)
	m.Units = named(tables.Units, unitNames)
	m.Schedules = named(tables.Schedules, []string{"Heltid 40 tim", "Deltid 30 tim"})
	m.TimeReportingProfiles = named(tables.TimeReportingProfiles, []string{"Hantverkare", "Tjänstemän"})
	for i, name := range costCenterNames {
		m.CostCenters = append(m.CostCenters, tid.CostCenterRef{ID: m.id(tables.CostCenters), Name: name, Code: fmt.Sprint(100 * (i + 1))})
	}
	for _, w := range tagWords {
		m.Tags = append(m.Tags, tid.Tag{ID: m.id(tables.Tags), Title: w.name, Color: w.color})
	}
	for _, w := range categoryWords {
		m.Categories = append(m.Categories, tid.CategoryRef{ID: m.id(tables.Categories), Name: w.name, Color: w.color})
	}
	for i, w := range statusWords {
		m.ProjectStatuses = append(m.ProjectStatuses, tid.ProjectStatus{ID: m.id(tables.ProjectStatuses), Name: w.name, Color: w.color, IsCompletedStatus: i >= 3})
	}
	for _, w := range salesWords {
		m.OpportunityStatuses = append(m.OpportunityStatuses, tid.OpportunityStatus{ID: m.id(tables.OpportunityStatuses), Name: w.name, Color: w.color})
	}
	for _, w := range salesTags {
		m.OpportunityTags = append(m.OpportunityTags, tid.OpportunityTag{ID: m.id(tables.OpportunityTags), Title: w.name, Color: w.color})
	}
	for i, name := range activityNames {
		m.Activities = append(m.Activities, tid.Activity{ID: m.id(tables.Activities), Name: name, IsActive: i < len(activityNames)-1, CreatedDate: founded, UpdatedDate: founded})
	}
	for _, name := range absenceNames {
		m.AbsenceProjects = append(m.AbsenceProjects, tid.AbsenceProject{ID: m.id(tables.AbsenceProjects), Name: name, IsActive: true})
	}
	for i, name := range internalNames {
		m.InternalProjects = append(m.InternalProjects, tid.InternalProject{
			ID: m.id(tables.InternalProjects), Name: name, IsActive: true, CommentRequiredWhenTimeReporting: i == 3,
		})
	}
	yes, no := true, false
	for _, c := range []struct {
		name, code string
		billable   *bool
	}{
		{"Normaltid", "100", &yes}, {"Övertid 50 %", "150", &yes}, {"Övertid 100 %", "200", &yes}, {"Restid", "300", &yes},
		{"Ej debiterbar", "400", &no}, {"Frånvaro", "900", nil},
	} {
		m.TimeCodes = append(m.TimeCodes, tid.TimeCode{ID: m.id(tables.TimeCodes), Name: c.name, Code: c.code, IsActive: true, Billable: c.billable})
	}
	article := func(kind tid.ArticleType, number, name, unit string, cost, price int64) tid.Article {
		a := tid.Article{
			ID: m.id(tables.Articles), ArticleType: kind, ArticleNumber: number, Name: name, Cost: cents(cost), Price: cents(price), IsActive: true,
			CreatedDate: founded, UpdatedDate: founded,
		}
		for _, u := range m.Units {
			if u.Name == unit {
				a.Unit = &u
			}
		}
		m.Articles = append(m.Articles, a)
		return a
	}
	m.hourly = article(tid.ArticleTime, "T1", "Arbete", "tim", 38500, 69500)
	m.overtime = article(tid.ArticleTime, "T2", "Arbete, övertid", "tim", 57750, 104250)
	article(tid.ArticleAllowance, "U1", "Traktamente", "dag", 30000, 0)
	article(tid.ArticleEquipment, "E1", "Skylift", "dag", 145000, 215000)
	article(tid.ArticleAddition, "R1", "Bilersättning", "km", 250, 450)
	for _, g := range goods {
		article(tid.ArticleMaterial, g.number, g.name, g.unit, g.cost, g.price)
	}
	for i, name := range []string{"Entreprenad", "Service", "Garantiarbeten"} {
		m.BookingProjects = append(m.BookingProjects, tid.BookingProject{
			ID: m.id(tables.BookingProjects), Name: name, BookingNumber: fmt.Sprintf("B-%d", 10*(i+1)), IsActive: i < 2,
			StartDate: founded.Date(), CreatedDate: founded, UpdatedDate: founded,
		})
	}
	for i, c := range []struct {
		name string
		kind tid.ProjectCollectionType
	}{
		{"Kundprojekt", tid.ProjectCollectionNormal}, {"Serviceuppdrag", tid.ProjectCollectionNormal},
		{"Frånvaro", tid.ProjectCollectionAbsence}, {"Interntid", tid.ProjectCollectionInternal},
	} {
		m.ProjectCollections = append(m.ProjectCollections, tid.ProjectCollection{
			ID: m.id(tables.ProjectCollections), Name: c.name, Number: fmt.Sprint(i + 1), ProjectCollectionType: c.kind, IsActive: true,
		})
	}
}

var plainLetters = strings.NewReplacer("å", "a", "ä", "a", "ö", "o", "é", "e")

// address is one that does not exist.
func (m *maker) address() *tid.Address {
	return &tid.Address{
		StreetAddress: fmt.Sprintf("%s %d", pickOne(m, streets), m.some(1, 90)), PostalCode: fmt.Sprintf("999 %02d", m.some(10, 99)),
		City: pickOne(m, placeNames), CountryID: 1, CountryName: "Sverige",
	}
}

// mobile is a number of the range that is kept free for fiction.
func (m *maker) mobile() string { n := m.some(5, 99); return fmt.Sprintf("070-174 06 %02d", n) }

// people makes the users. The first one leads the company.
func (m *maker) people() {
	for i := range m.size {
		office := i == 0 || m.chance(20)
		first, last := pickOne(m, firstNames), pickOne(m, lastNames)
		start := m.back(m.Since, 30, 3000)
		u := tid.User{UserSummary: tid.UserSummary{
			ID: m.id(tables.Users), FirstName: first, LastName: last, EmployeeNumber: fmt.Sprint(101 + i), StartDate: start, License: "full",
			Email:       fmt.Sprintf("%s.%s.%d@bolaget.example", plainLetters.Replace(strings.ToLower(first)), plainLetters.Replace(strings.ToLower(last)), 101+i),
			Permissions: []string{"Timereport_Read", "Timereport_Write"}, Department: refTo(m.Departments, m.rng.IntN(4)),
			TimeReportingProfile: refTo(m.TimeReportingProfiles, 0), SalaryType: "1", CreatedDate: m.moment(start, 8),
		}}
		center := pickOne(m, m.CostCenters)
		u.CostCenter = &tid.Ref{ID: center.ID, Name: center.Name}
		u.UpdatedDate = u.CreatedDate
		u.SocialSecurityNumber = fmt.Sprintf("000000-%04d", i%10000) // there is no day 0
		u.MobilePhoneNumber = m.mobile()
		u.CostPerHour = cents(int64(m.some(220, 420)) * 100)
		u.Address = m.address()
		u.NextOfKin, u.NextOfKinRelation, u.NextOfKinPhoneNumber = pickOne(m, firstNames)+" "+last, "Sambo", m.mobile()
		u.Schedule = refTo(m.Schedules, 0)
		u.StandardTimeArticle = &tid.Ref{ID: m.hourly.ID, Name: m.hourly.Name}
		u.StandardActivity = &tid.Ref{ID: m.Activities[0].ID, Name: m.Activities[0].Name}
		u.TimeBankEnabled = m.chance(60)
		u.CurrentTimeBank = cents(int64(m.some(-400, 3000)))
		u.PlanningCapacityInPercent = cents(10000)
		switch {
		case office:
			u.Department, u.TimeReportingProfile, u.SalaryType = refTo(m.Departments, 4), refTo(m.TimeReportingProfiles, 1), "0"
			u.StandardActivity = &tid.Ref{ID: m.Activities[1].ID, Name: m.Activities[1].Name}
		case m.chance(12):
			u.Schedule = refTo(m.Schedules, 1)
			u.PlanningCapacityInPercent = cents(7500)
		}
		if i == 0 {
			u.Permissions = append(u.Permissions, "Administrator", "Invoice_Read", "Invoice_Write")
		} else {
			u.Manager = m.userRef(m.rng.IntN(min(i, 1+m.size/12)))
			switch {
			case m.chance(3):
				u.EndDate = m.back(m.Until, 5, 40)
			case m.chance(3):
				u.StartDate = m.Since.AddDays(m.some(5, 30))
			case m.chance(2):
				u.IsRestricted = true
			}
		}
		if m.chance(20) {
			u.Tags = []tid.Tag{m.Tags[5]}
		}
		m.Users = append(m.Users, u)
	}
}

// customers makes companies and persons to work for, people to speak to there, and suppliers.
func (m *maker) customers() {
	number := 10000
	company := func(kind string, relations ...tid.ContactRelation) *tid.Contact {
		number += m.some(1, 7)
		created := m.back(m.Since, 10, 2000)
		c := tid.Contact{ContactSummary: tid.ContactSummary{
			ID: m.id(tables.Contacts), ContactType: tid.ContactCompany, CustomerNumber: fmt.Sprint(number), IsActive: !m.chance(5), Relations: relations,
			Name: pickOne(m, placeNames) + " " + kind, OrganizationalOrSocialSecurityNumber: fmt.Sprintf("000000-%04d", number%10000),
			Responsible: m.anyUser(), PhoneNumber: fmt.Sprintf("08-465 004 %02d", m.some(0, 99)), PostalAddress: m.address(), Created: m.moment(created, 10),
		}}
		c.Email = fmt.Sprintf("info@kund%d.example", number)
		c.InvoiceEmail = fmt.Sprintf("faktura@kund%d.example", number)
		visit, invoice := *c.PostalAddress, *c.PostalAddress
		c.VisitAddress, c.InvoiceAddress = &visit, &invoice
		c.VATNumber = fmt.Sprintf("SE00000000%04d", number%10000)
		c.Updated = m.moment(m.back(m.Until, 0, 90), 11)
		if m.chance(25) {
			c.Tags = []tid.Tag{m.Tags[3]}
		}
		m.Contacts = append(m.Contacts, c)
		return &m.Contacts[len(m.Contacts)-1]
	}
	for range max(3, m.size) {
		var c *tid.Contact
		if m.chance(25) {
			number += m.some(1, 7)
			created := m.back(m.Since, 10, 1000)
			m.Contacts = append(m.Contacts, tid.Contact{ContactSummary: tid.ContactSummary{
				ID: m.id(tables.Contacts), ContactType: tid.ContactPerson, CustomerNumber: fmt.Sprint(number), IsActive: true,
				Name:                                 pickOne(m, firstNames) + " " + pickOne(m, lastNames),
				OrganizationalOrSocialSecurityNumber: fmt.Sprintf("000000-%04d", number%10000), CellPhoneNumber: m.mobile(),
				Email: fmt.Sprintf("privat%d@example.com", number), PostalAddress: m.address(), Relations: []tid.ContactRelation{tid.ContactCustomer},
				Created: m.moment(created, 12), Updated: m.moment(created.AddDays(m.some(0, 9)), 13),
			}})
			c = &m.Contacts[len(m.Contacts)-1]
		} else {
			c = company(pickOne(m, companyKinds), tid.ContactCustomer)
		}
		client := tid.Ref{ID: c.ID, Name: c.Name}
		m.clients = append(m.clients, client)
		if c.ContactType != tid.ContactCompany {
			continue
		}
		for range m.some(0, 2) {
			m.Contacts = append(m.Contacts, tid.Contact{ContactSummary: tid.ContactSummary{
				ID: m.id(tables.Contacts), ContactType: tid.ContactPerson, Name: pickOne(m, firstNames) + " " + pickOne(m, lastNames), Company: &client,
				IsActive: true, CellPhoneNumber: m.mobile(), Email: fmt.Sprintf("kontakt%d@kund%d.example", m.last[tables.Contacts], number),
				Created: c.Created, Updated: c.Updated,
			}})
		}
	}
	for range max(2, m.size/10) {
		c := company(pickOne(m, supplierKinds), tid.ContactSupplier, tid.ContactWholesale)
		m.suppliers = append(m.suppliers, tid.Ref{ID: c.ID, Name: c.Name})
	}
}

// allProjects makes what the company works on.
func (m *maker) allProjects() {
	order := [2]int{1000, 2000} // by collection
	for i := range max(4, m.size*3/2) {
		step := m.some(1, 3)
		client, job := pickOne(m, m.clients), pickOne(m, jobs)
		site := m.address()
		start := m.back(m.Since, 0, 500)
		p := tid.Project{ProjectSummary: tid.ProjectSummary{
			ID: m.id(tables.Projects), Title: fmt.Sprintf("%s %s", job, site.StreetAddress), Customer: &client,
			StartDate: start, InvoiceType: tid.InvoiceTypeOngoing, Created: m.moment(start.AddDays(-m.some(1, 20)), 9),
		}}
		status := m.ProjectStatuses[1]
		if i > 1 {
			status = m.ProjectStatuses[[]int{0, 1, 1, 1, 1, 1, 1, 2, 3, 4}[m.rng.IntN(10)]]
		}
		p.Status = &tid.ProjectStatusRef{ID: status.ID, Name: status.Name, IsCompletedStatus: status.IsCompletedStatus}
		category := pickOne(m, m.Categories)
		p.Category = &category
		center := pickOne(m, m.CostCenters)
		p.CostCenter = &center
		in := m.rng.IntN(2)
		order[in] += step
		p.OrderNumber = fmt.Sprint(order[in])
		collection := m.ProjectCollections[in]
		p.ProjectCollection = &tid.NumberRef{ID: collection.ID, Name: collection.Name, Number: collection.Number}
		p.ProjectManager = m.userRef(m.rng.IntN(1 + m.size/8))
		p.Responsible = p.ProjectManager
		p.SalesResponsible = m.userRef(0)
		p.CreatedBy, p.UpdatedBy = p.ProjectManager, p.ProjectManager
		p.Location = &tid.Location{
			Longitude: float64(m.some(12_000, 18_000)) / 1000, Latitude: float64(m.some(56_000, 62_000)) / 1000,
			StreetAddress: site.StreetAddress, PostalCode: site.PostalCode, City: site.City, CountryName: site.CountryName,
		}
		p.WorkSiteAddress = &tid.WorkSiteAddress{
			StreetAddress: site.StreetAddress, PostalCode: site.PostalCode, City: site.City, Longitude: p.Location.Longitude, Latitude: p.Location.Latitude,
		}
		switch n := m.rng.IntN(10); {
		case i == 0: // there is always one of both kinds
		case i == 1 || n < 2:
			p.InvoiceType = tid.InvoiceTypeFixedPrice
		case n == 2:
			p.InvoiceType = tid.InvoiceTypeNone
		}
		if m.chance(50) {
			p.EndDate = m.Until.AddDays(m.some(-30, 200))
		}
		if m.chance(30) {
			p.Tags = []tid.Tag{m.Tags[m.rng.IntN(3)]}
		}
		if m.chance(30) {
			b := pickOne(m, m.BookingProjects)
			p.BookingProject = &tid.Ref{ID: b.ID, Name: b.Name}
		}
		p.Description = job + " enligt offert och platsbesök."
		p.YourReference, p.OurReference = pickOne(m, firstNames)+" "+pickOne(m, lastNames), p.ProjectManager.Name
		p.CustomerReferenceMarking = fmt.Sprintf("Märke %d", m.some(1000, 9999))
		p.InvoiceText = "Avser " + strings.ToLower(job)
		p.AllIsMember = m.chance(30)
		p.ReadyForInvoice = status.IsCompletedStatus
		p.Updated = m.moment(m.back(m.Until, 0, 60), 14)
		m.Projects = append(m.Projects, p)
		m.TimeCalculations[p.ID] = tid.TimeCalculation{Total: cents(int64(m.some(20, 900)) * 100), IsTotal: true}
	}
	for i := range m.Projects {
		p := &m.Projects[i]
		w := work{project: p, rate: 65_000 + int64(m.rng.IntN(5))*2_550, open: p.Status.Name == "Pågår" || p.Status.Name == "Vilande"}
		m.works = append(m.works, w)
		for range m.least(i, m.rng.IntN(3)) {
			at := m.moment(m.back(m.Until, 1, 80), 15)
			m.ProjectComments[p.ID] = append(m.ProjectComments[p.ID], tid.Comment{
				ID: m.id(tables.ProjectComments), Text: pickOne(m, commentWords), User: m.anyUser(), CreatedDate: at, UpdatedDate: at,
			})
		}
	}
}

// history makes the log of the projects.
func (m *maker) history() {
	for i := range m.Projects {
		p := &m.Projects[i]
		entry := func(what tid.LogType, text string, by *tid.Ref, at tid.DateTime) {
			m.Logs = append(m.Logs, tid.Log{LogType: what, Text: text, Project: projectRef(p), User: by, CreatedDate: at})
		}
		entry(tid.LogProjectCreated, "", p.CreatedBy, p.Created)
		entry(tid.LogProjectUpdated, "", p.UpdatedBy, p.Updated)
		if p.Status.Name != "Ny" {
			entry(tid.LogProjectChangedStatus, p.Status.Name, p.UpdatedBy, p.Updated)
		}
		for _, c := range m.ProjectComments[p.ID] {
			entry(tid.LogProjectAddedNote, c.Text, c.User, c.CreatedDate)
		}
	}
	slices.SortStableFunc(m.Logs, func(a, b tid.Log) int { return a.CreatedDate.In(time.UTC).Compare(b.CreatedDate.In(time.UTC)) })
	for i := range m.Logs {
		m.Logs[i].ID = m.id(tables.Logs)
	}
}
