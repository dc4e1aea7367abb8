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

func ExampleServer_AddProperties() {
	srv := tidtest.Start(tidtest.InMemory())
	defer srv.Close()
	ctx, client := context.Background(), srv.Client()

	srv.AddProperties("v1/Core/Contacts", "creditLimit", "invoiceAddress.careOf")
	id := srv.PutJSON("v1/Core/Contacts", `{"name":"Kvistmåla Bygg AB","contactType":"company","creditLimit":50000.00,"invoiceAddress":{"careOf":"Testsson"}}`)
	_, err := client.Contacts.Modify(ctx, id, func(in *tid.ContactInput) error {
		in.Email = "faktura@example.com"
		return nil
	})
	kept, _ := srv.Contacts.Get(id)
	fmt.Println(err, kept.Email, string(kept.Extra["creditLimit"]), string(kept.Extra["invoiceAddress.careOf"]))
	// Output: <nil> faktura@example.com 50000.00 "Testsson"
}

func ExampleServer_DistortWrites() {
	srv := tidtest.Start(tidtest.InMemory())
	defer srv.Close()
	ctx, client := context.Background(), srv.Client()
	id := srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{Name: "Kvistmåla Bygg AB", ContactType: tid.ContactCompany}})

	remove := srv.DistortWrites(tidtest.Distortion{Operation: "PUT /v1/Core/Contacts/{id}", Ignore: []string{"vatNumber"}})
	setNumber := func(in *tid.ContactInput) error {
		in.VATNumber = "SE000000000001"
		return nil
	}
	_, err := client.Contacts.Modify(ctx, id, setNumber)
	fmt.Println(errors.Is(err, tid.ErrNotApplied))

	remove()
	_, err = client.Contacts.Modify(ctx, id, setNumber)
	fmt.Println(err)
	// Output:
	// true
	// <nil>
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
