package main

import (
	"time"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/moment"
	"github.com/vismatid/tid/moment/momenttest"
)

// sample fills a server with a made-up company whose people have registered time
// on every working day from one day to another, and on those around them.
func sample(srv *momenttest.Server, from, to tid.Date) {
	people := srv.UserAccounts.PutAll([]moment.UserAccount{
		{Email: "astrid@example.com"}, {Email: "jonas@example.com"}, {Email: "liv@example.com"}, {Email: "omar@example.com"},
	})
	projects := srv.Projects.PutAll([]moment.Project{
		{Name: "Bakery, new roof", ProjectNumber: "1042"},
		{Name: "School, windows", ProjectNumber: "1043"},
		{Name: "Office", ProjectNumber: "9001"},
	})
	for day := from.AddDays(-1); !day.After(to.AddDays(1)); day = day.AddDays(1) {
		if day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
			continue
		}
		for i, person := range people {
			n := i + day.Day()
			morning := 210 + 15*(n%5)
			for part, minutes := range []int{morning, 450 - morning} {
				srv.TimeRecords.Put(moment.TimeRecord{UserAccountID: person, ProjectID: projects[(n+part)%len(projects)],
					TimeRecordDate: moment.DayOf(day), Minutes: minutes})
			}
		}
	}
}
