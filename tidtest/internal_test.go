package tidtest

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/vismatid/tid/tidtest/internal/schema"
)

func TestEverythingInACompanyRefersToSomethingThatIsThere(t *testing.T) {
	s := NewServer(t, InMemory(), WithCompany(Sample(2, 80)))
	for _, res := range s.state.all {
		assert.Empty(t, res.ghosts, res.name)
	}
	reports, projects := s.state.resource(timeReports), s.state.resource(projects)
	for _, r := range reports.sorted {
		if id := r.Num(reports.schema.Field("project")); id != schema.None {
			assert.Equal(t, projects.find(id).Num(projects.schema.Field("customer")), r.Num(reports.schema.Field("contact")))
		}
	}
	for _, id := range []schema.ResourceID{invoices, materialReports, paymentPlans, timeReports} {
		res := s.state.resource(id)
		f := res.schema.ByName["invoiceId"]
		for _, r := range res.sorted {
			if f != nil && r.Num(f) != schema.None {
				assert.NotNil(t, s.state.resource(invoices).find(r.Num(f)))
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
		ch := &change{state: s.state, res: s.state.resource(timeReports)}
		_ = ch.read([]byte(body), nil)
		if schema.ValidJSON([]byte(body)) == nil {
			_, _ = s.state.putJSON(s.state.resource(contacts), 0, 1, []byte(body), nil)
		}
	})
}
