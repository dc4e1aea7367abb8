package tidtest

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/vismatid/tid/tidtest/internal/account"
	"github.com/vismatid/tid/tidtest/internal/schema"
	"github.com/vismatid/tid/tidtest/internal/tables"
)

func TestEverythingInACompanyRefersToSomethingThatIsThere(t *testing.T) {
	s := NewServer(t, InMemory(), WithCompany(Sample(2, 80)))
	for _, res := range s.account.All {
		assert.Empty(t, res.Ghosts, res.Name)
	}
	reports, projects := s.account.Resource(tables.TimeReports), s.account.Resource(tables.Projects)
	for _, r := range reports.Sorted {
		if id := r.Num(reports.Schema.Field("project")); id != schema.None {
			assert.Equal(t, projects.Find(id).Num(projects.Schema.Field("customer")), r.Num(reports.Schema.Field("contact")))
		}
	}
	for _, id := range []schema.ResourceID{tables.Invoices, tables.MaterialReports, tables.PaymentPlans, tables.TimeReports} {
		res := s.account.Resource(id)
		f := res.Schema.ByName["invoiceId"]
		for _, r := range res.Sorted {
			if f != nil && r.Num(f) != schema.None {
				assert.NotNil(t, s.account.Resource(tables.Invoices).Find(r.Num(f)))
			}
		}
	}
}

func FuzzBodiesAreReadWithoutAPanic(f *testing.F) {
	for _, body := range []string{`{}`, `{"userId":1,"date":"2026-01-01 00:00:00","hours":7.5,"travelReport":{"companyCar":{"id":1}}}`, `{"a":[{"b":"\"}]"},[],{}],"c":null}`, ` { "hours" : -0.5e1 } `} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		s := Start(InMemory())
		ch := &account.Change{Account: s.account, Res: s.account.Resource(tables.TimeReports)}
		_ = ch.Read([]byte(body), nil)
		if schema.ValidJSON([]byte(body)) == nil {
			_, _ = s.account.PutJSON(s.account.Resource(tables.Contacts), 0, 1, []byte(body), nil)
		}
	})
}
