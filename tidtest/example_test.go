package tidtest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

func ExampleServer() {
	srv := tidtest.Start(tidtest.InMemory())
	defer srv.Close()
	ctx, client := context.Background(), srv.Client()

	created, err := client.Contacts.Create(ctx, &tid.ContactInput{ContactType: tid.ContactCompany, Name: "Kvistmåla Bygg AB"})
	if err != nil {
		fmt.Println(err)
		return
	}
	kept, _ := srv.Contacts.Get(created.ID)
	fmt.Println(kept.Name)

	_, err = client.Contacts.Get(ctx, created.ID+1)
	fmt.Println(errors.Is(err, tid.ErrNotFound))

	for _, r := range srv.Requests() {
		fmt.Println(r.Status, r.Operation)
	}
	// Output:
	// Kvistmåla Bygg AB
	// true
	// 200 POST /v1/Auth/Token
	// 200 POST /v1/Core/Contacts
	// 404 GET /v1/Core/Contacts/{id}
}

func ExampleServer_Inject() {
	srv := tidtest.Start(tidtest.InMemory())
	defer srv.Close()
	ctx, client := context.Background(), srv.Client()

	srv.Inject(tidtest.Fault{Operation: "POST /v1/Core/Contacts", Effect: tidtest.DropAfter()})
	_, err := client.Contacts.Create(ctx, &tid.ContactInput{ContactType: tid.ContactPerson, Name: "Test Testsson"})
	fmt.Println(err != nil, srv.Contacts.Len())
	// Output: true 1
}

func ExampleSample() {
	company := tidtest.Sample(1, 25)
	srv := tidtest.Start(tidtest.InMemory(), tidtest.WithCompany(company))
	defer srv.Close()

	page, err := srv.Client().TimeReports.List(context.Background(), &tid.TimeReportListOptions{SortBy: tid.TimeReportsByDate})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(page.TotalItemCount == len(company.TimeReports), page.Items[0].Date)
	// Output: true 2026-08-03
}
