package tidtest

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest/internal/tables"
)

// sales makes opportunities and the offers that came of them.
func (m *maker) sales() {
	number := int64(500)
	for i := range max(3, m.size/2) {
		client, created := pickOne(m, m.clients), m.back(m.Until, 5, 200)
		status := pickOne(m, m.OpportunityStatuses)
		chance := m.some(1, 9) * 10
		o := tid.Opportunity{
			OpportunitySummary: tid.OpportunitySummary{
				ID: m.id(tables.Opportunities), Title: pickOne(m, opportunityJobs), Turnover: cents(int64(m.some(20, 2000)) * 100_000), User: m.anyUser(),
				Customer: &client, Status: &tid.Ref{ID: status.ID, Name: status.Name}, EstimatedClosingDate: created.AddDays(m.some(20, 160)),
				OpportunityState: pickOne(m, []tid.OpportunityState{tid.OpportunityOpen, tid.OpportunityOpen, tid.OpportunityWon, tid.OpportunityLost}),
				CreatedDate:      m.moment(created, 10),
			},
			Probability: &chance, Description: "Förfrågan per telefon.",
		}
		o.UpdatedDate = m.moment(created.AddDays(m.some(0, 5)), 11)
		for j := range m.Contacts {
			if c := &m.Contacts[j]; c.Company != nil && c.Company.ID == client.ID {
				o.Contact = &tid.Ref{ID: c.ID, Name: c.Name}
			}
		}
		if i == 0 {
			o.OpportunityState = tid.OpportunityWon
		}
		if m.chance(40) {
			tag := pickOne(m, m.OpportunityTags)
			o.Tags = []tid.Tag{{ID: tag.ID, Title: tag.Title, Color: tag.Color}}
		}
		if o.OpportunityState != tid.OpportunityOpen {
			o.ClosedDate = m.moment(created.AddDays(m.some(6, 30)), 16)
			o.UpdatedDate = o.ClosedDate
		}
		if o.OpportunityState == tid.OpportunityWon {
			p := &m.Projects[m.rng.IntN(len(m.Projects))]
			o.Project = &tid.TitleRef{ID: p.ID, Title: p.Title}
		}
		versions := m.rng.IntN(3)
		if o.OpportunityState == tid.OpportunityWon {
			versions = max(1, versions)
		}
		o.HasOffers = versions > 0
		if o.HasOffers {
			number++
		}
		for v := range versions {
			offer := tid.Offer{
				ID: m.id(tables.Offers), OfferNumber: number, Version: v + 1, Title: o.Title, OfferValue: o.Turnover, OfferState: tid.OfferLocked, HasPDF: true,
				User: o.User, Customer: &client, Opportunity: &tid.TitleRef{ID: o.ID, Title: o.Title},
				CreatedDate: m.moment(created.AddDays(v+1), 13),
			}
			if v == versions-1 {
				switch o.OpportunityState {
				case tid.OpportunityWon:
					offer.OfferState = pickOne(m, []tid.OfferState{tid.OfferAccepted, tid.OfferAcceptedSigned})
				case tid.OpportunityLost:
					offer.OfferState = tid.OfferDenied
				default:
					offer.OfferState = pickOne(m, []tid.OfferState{tid.OfferDraft, tid.OfferSentToCustomer, tid.OfferOpenedByCustomer})
				}
			}
			offer.HasPDF = offer.OfferState != tid.OfferDraft
			offer.UpdatedDate = offer.CreatedDate
			m.Offers = append(m.Offers, offer)
		}
		m.Opportunities = append(m.Opportunities, o)
	}
}

// materials makes material reports, supplier invoices and payment plans of the projects that are worked on.
func (m *maker) materials() {
	for i := range m.works {
		w := &m.works[i]
		p := w.project
		for n := range m.least(i, m.rng.IntN(8)) {
			g := pickOne(m, goods)
			units := int64(m.some(1, 60))
			discount := int64(pickOne(m, []int{0, 0, 0, 10}))
			at := m.moment(pickOne(m, m.days), 14)
			m.MaterialReports = append(m.MaterialReports, tid.MaterialReport{
				ID: m.id(tables.MaterialReports), SortOrder: n + 1, ArticleNumber: g.number, Title: g.name, ConsumedUnits: tid.NewDecimal(units, 0),
				InvoiceableUnits: tid.NewDecimal(units, 0), UnitText: g.unit, CostPerUnit: cents(g.cost), PricePerUnit: cents(g.price),
				DiscountPercentage: tid.NewDecimal(discount, 0), TotalAmount: amount(tid.NewDecimal(units, 0), cents(g.price), tid.NewDecimal(discount, 0)),
				ToBeInvoiced: p.InvoiceType == tid.InvoiceTypeOngoing, Project: projectRef(p), CreatedDate: at, UpdatedDate: at,
			})
		}
		for range m.least(i, m.rng.IntN(3)) {
			supplier, day := pickOne(m, m.suppliers), pickOne(m, m.days)
			total := int64(m.some(80_000, 4_000_000))
			m.SupplierInvoices = append(m.SupplierInvoices, tid.SupplierInvoice{
				ID: m.id(tables.SupplierInvoices), InvoiceNumber: fmt.Sprint(m.some(100_000, 999_999)), InvoiceDate: day, Title: "Material " + p.OrderNumber,
				TotalAmount: cents(total), Cost: cents(total), InvoiceCostAddition: cents(total / 10), ToBeInvoiced: p.InvoiceType == tid.InvoiceTypeOngoing,
				Project: projectRef(p), Supplier: &supplier, CreatedDate: m.moment(day.AddDays(2), 9), UpdatedDate: m.moment(day.AddDays(3), 9),
			})
		}
		if p.InvoiceType != tid.InvoiceTypeFixedPrice {
			continue
		}
		part := int64(m.some(40, 400)) * 50_000
		for n, name := range []string{"Vid start", "Efter halva arbetet", "Vid slutbesiktning"} {
			at := m.moment(m.back(m.Since, 1, 30), 9)
			m.PaymentPlans = append(m.PaymentPlans, tid.PaymentPlan{
				ID: m.id(tables.PaymentPlans), ArticleNumber: "T1", Description: name, Price: cents(part), Units: tid.NewDecimal(1, 0), BatchID: p.ID,
				Date: m.Since.AddDays(20 + 40*n), Project: projectRef(p), CreatedDate: at, UpdatedDate: at,
			})
		}
	}
}

// amount is what so many units cost after a discount in per cent, in whole öre.
func amount(units, price, discount tid.Decimal) tid.Decimal {
	full := units.Mul(price)
	return full.Sub(full.Mul(discount).Mul(tid.NewDecimal(1, -2))).Round(2)
}

// invoicing bills the first two months: what has been attested, what has been used, and the parts that were planned. The last
// invoices have not been handed to the economy system yet.
func (m *maker) invoicing() {
	for month := range 2 {
		first := tid.NewDate(m.Since.Year(), m.Since.Month()+time.Month(month), 1)
		last := tid.NewDate(first.Year(), first.Month()+1, 0)
		day := earliest(last.AddDays(m.some(3, 6)), m.Until)
		byProject := map[int64][]int{}
		for i := range m.TimeReports {
			r := &m.TimeReports[i]
			if r.Project != nil && !r.AttestedDate.IsZero() && r.InvoiceID == 0 && !r.InvoiceableHours.IsZero() && !r.Date.After(last) {
				byProject[r.Project.ID] = append(byProject[r.Project.ID], i)
			}
		}
		byClient := map[int64][]*tid.Project{}
		var clients []int64
		for i := range m.Projects {
			p := &m.Projects[i]
			if byClient[p.Customer.ID] == nil {
				clients = append(clients, p.Customer.ID)
			}
			byClient[p.Customer.ID] = append(byClient[p.Customer.ID], p)
		}
		slices.Sort(clients)
		for _, client := range clients {
			m.invoice(byClient[client], byProject, first, last, day, month == 0 && !m.chance(5) || m.chance(25))
		}
	}
}

// invoice bills the projects of one client, if there is anything to bill.
func (m *maker) invoice(of []*tid.Project, reports map[int64][]int, first, last, day tid.Date, sent bool) {
	inv := tid.Invoice{InvoiceSummary: tid.InvoiceSummary{
		InvoiceDate: day, FromDate: first, ToDate: last, Customer: of[0].Customer, CreatedDate: m.moment(day, 13),
	}}
	id := m.last[tables.Invoices] + 1
	if m.last[tables.Invoices] == 0 {
		id = int64(tables.Invoices)*1000 + 1
	}
	row := func(r tid.InvoiceRow) {
		r.ID, r.SortOrder = int64(len(inv.Rows)+1), len(inv.Rows)+1
		inv.Rows = append(inv.Rows, r)
		if !r.IsHeader && !r.IsSumRow {
			inv.Sum = inv.Sum.Add(r.Sum)
		}
	}
	at := m.moment(day, 13)
	for _, p := range of {
		before, header := inv.Sum, len(inv.Rows)
		row(tid.InvoiceRow{IsHeader: true, Comment: fmt.Sprintf("Projekt %s, %s", p.OrderNumber, p.Title)})
		if p.InvoiceType == tid.InvoiceTypeOngoing {
			m.billTime(p, reports[p.ID], id, at, row)
			for i := range m.MaterialReports {
				r := &m.MaterialReports[i]
				if r.Project.ID != p.ID || r.InvoiceID != 0 || r.CreatedDate.Date().After(last) {
					continue
				}
				r.InvoiceID, r.InvoicedDate = id, at
				row(tid.InvoiceRow{
					ArticleNumber: r.ArticleNumber, Article: r.Title, Value: r.InvoiceableUnits, Rate: r.PricePerUnit, Discount: r.DiscountPercentage, Sum: r.TotalAmount,
				})
			}
		}
		for i := range m.PaymentPlans {
			plan := &m.PaymentPlans[i]
			if plan.Project.ID != p.ID || plan.InvoiceID != 0 || plan.Date.After(last) {
				continue
			}
			plan.InvoiceID, plan.InvoicedDate = id, at
			row(tid.InvoiceRow{
				ArticleNumber: plan.ArticleNumber, Article: "Arbete", Comment: plan.Description, Value: plan.Units, Rate: plan.Price,
				Sum: amount(plan.Units, plan.Price, tid.Decimal{}),
			})
		}
		if len(inv.Rows) == header+1 {
			inv.Rows = inv.Rows[:header]
			continue
		}
		row(tid.InvoiceRow{IsSumRow: true, Comment: "Summa projekt " + p.OrderNumber, Sum: inv.Sum.Sub(before)})
	}
	if len(inv.Rows) == 0 {
		return
	}
	inv.ID = m.id(tables.Invoices)
	if sent {
		inv.SentToEconomySystem = earliest(day.AddDays(m.some(0, 3)), m.Until)
	}
	m.Invoices = append(m.Invoices, inv)
}

// billTime adds a row for every rate and discount at which time was spent on a project.
func (m *maker) billTime(p *tid.Project, reports []int, invoice int64, at tid.DateTime, row func(tid.InvoiceRow)) {
	var rows []tid.InvoiceRow
	for _, i := range reports {
		r := &m.TimeReports[i]
		r.InvoiceID, r.InvoicedDate = invoice, at
		number := m.hourly.ArticleNumber
		if r.TimeArticle.ID == m.overtime.ID {
			number = m.overtime.ArticleNumber
		}
		j := slices.IndexFunc(rows, func(o tid.InvoiceRow) bool {
			return o.ArticleNumber == number && o.Rate.Equal(r.Rate) && o.Discount.Equal(r.Discount)
		})
		if j < 0 {
			rows = append(rows, tid.InvoiceRow{ArticleNumber: number, Article: r.TimeArticle.Name, Comment: p.InvoiceText, Rate: r.Rate, Discount: r.Discount})
			j = len(rows) - 1
		}
		rows[j].Value = rows[j].Value.Add(r.InvoiceableHours)
	}
	slices.SortStableFunc(rows, func(a, b tid.InvoiceRow) int {
		return cmp.Or(cmp.Compare(a.ArticleNumber, b.ArticleNumber), a.Rate.Cmp(b.Rate), a.Discount.Cmp(b.Discount))
	})
	for _, r := range rows {
		r.Sum = amount(r.Value, r.Rate, r.Discount)
		row(r)
	}
}
