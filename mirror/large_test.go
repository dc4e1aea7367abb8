package mirror

import (
	"flag"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

var large = flag.Bool("large", false, "mirror 100,000 time reports, 5,000 contacts and 3,000 projects")

func TestALargeAccountIsMirroredRowForRow(t *testing.T) {
	if !*large {
		t.Skip("-large is not set")
	}
	srv := tidtest.NewServer(t, tidtest.InMemory(), tidtest.WithRateLimit(0), tidtest.WithLog(10), tidtest.WithCompany(tidtest.Sample(1, 6)))
	samples := srv.TimeReports.All()
	var reports []tid.TimeReport
	for i := len(samples); i < 100_000; i++ {
		report := samples[i%len(samples)]
		report.ID, report.Comment = 0, fmt.Sprintf("Rapport %d", i)
		report.CreatedDate, report.UpdatedDate = tid.DateTime{}, tid.DateTime{}
		reports = append(reports, report)
	}
	srv.TimeReports.PutAll(reports)
	var contacts []tid.Contact
	for i := srv.Contacts.Len(); i < 5000; i++ {
		kind := tid.ContactCompany
		if i%2 == 0 {
			kind = tid.ContactPerson
		}
		contacts = append(contacts, tid.Contact{ContactSummary: tid.ContactSummary{Name: fmt.Sprintf("Kund %d", i), ContactType: kind}})
	}
	srv.Contacts.PutAll(contacts)
	var projects []tid.Project
	for i := srv.Projects.Len(); i < 3000; i++ {
		projects = append(projects, tid.Project{ProjectSummary: tid.ProjectSummary{Title: fmt.Sprintf("Projekt %d", i)}})
	}
	srv.Projects.PutAll(projects)
	eachDialect(t, func(t *testing.T, d Dialect) {
		m := newMirror(t, d)
		report := syncAll(t, m, srv.Client(tid.WithLimiter(nil)))
		requests := 0
		for _, l := range report.Lists {
			requests += l.Requests
		}
		t.Logf("%d rows after %d requests in %s", requireEqual(t, m, srv, "acme"), requests, report.Took)
		for _, l := range syncAll(t, m, srv.Client(tid.WithLimiter(nil))).Lists {
			assert.Zero(t, l.Written, l.Table)
		}
	})
}
