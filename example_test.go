package tid_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"

	"golang.org/x/time/rate"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// startAccount starts a fake server with a small account.
func startAccount() (*tidtest.Server, *tid.Client) {
	srv := tidtest.Start()
	srv.Contacts.PutAll([]tid.Contact{
		{ContactSummary: tid.ContactSummary{ID: 1, Name: "Bergs Bygg AB", ContactType: tid.ContactCompany, CustomerNumber: "1001", Email: "info@berg.example", IsActive: true}},
		{ContactSummary: tid.ContactSummary{ID: 2, Name: "Dalens Tak AB", ContactType: tid.ContactCompany, CustomerNumber: "1002", IsActive: true}},
	})
	srv.Users.Put(tid.User{UserSummary: tid.UserSummary{ID: 5, FirstName: "Eva", LastName: "Kvist"}})
	srv.InternalProjects.Put(tid.InternalProject{ID: 3, Name: "Lager"})
	srv.TimeReports.PutAll([]tid.TimeReport{
		{ID: 1, Date: tid.NewDate(2026, 10, 1), Hours: tid.MustDecimal("7.75"), User: &tid.Ref{ID: 5, Name: "Eva Kvist"}, InternalProject: &tid.Ref{ID: 3, Name: "Lager"}},
		{ID: 2, Date: tid.NewDate(2026, 10, 2), Hours: tid.MustDecimal("0.10"), User: &tid.Ref{ID: 5, Name: "Eva Kvist"}, InternalProject: &tid.Ref{ID: 3, Name: "Lager"}},
	})
	return srv, srv.Client()
}

func ExampleNewClient() {
	client, err := tid.NewClient(tid.AppCredentials("ap_0a1b2c3d", "the secret"),
		tid.WithUserAgent("payroll-export/2.1"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(client)
	// Output: tid.Client(https://publicapi.tid.vismaspcs.se)
}

func ExampleTimeReportsService_All() {
	srv, client := startAccount()
	defer srv.Close()

	var sum tid.Decimal
	opts := &tid.TimeReportListOptions{From: tid.NewDate(2026, 10, 1), To: tid.NewDate(2026, 10, 31), SortBy: tid.TimeReportsByDate}
	for report, err := range client.TimeReports.All(context.Background(), opts) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(report.Date, report.User, report.Hours, report.Attest())
		sum = sum.Add(report.Hours)
	}
	fmt.Println("sum", sum)
	// Output:
	// 2026-10-01 Eva Kvist 7.75 notSent
	// 2026-10-02 Eva Kvist 0.1 notSent
	// sum 7.85
}

func ExampleContactsService_List() {
	srv, client := startAccount()
	defer srv.Close()

	page, err := client.Contacts.List(context.Background(), &tid.ContactListOptions{
		ListOptions: tid.ListOptions{PageSize: 50},
		SortBy:      tid.ContactsByName,
		Query:       "bygg",
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, contact := range page.Items {
		fmt.Println(contact.CustomerNumber, contact.Name)
	}
	fmt.Println(page.TotalItemCount, "in all")
	// Output:
	// 1001 Bergs Bygg AB
	// 1 in all
}

// A PUT replaces the whole contact; Modify keeps what the function leaves alone.
func ExampleContactsService_Modify() {
	srv, client := startAccount()
	defer srv.Close()

	contact, err := client.Contacts.Modify(context.Background(), 1, func(in *tid.ContactInput) error {
		in.PhoneNumber = "08-555 01 99"
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(contact.Name, contact.PhoneNumber, contact.Email)
	// Output: Bergs Bygg AB 08-555 01 99 info@berg.example
}

func ExampleError() {
	srv, client := startAccount()
	defer srv.Close()

	_, err := client.Projects.Get(context.Background(), 4711)
	if errors.Is(err, tid.ErrNotFound) {
		fmt.Println("no such project")
	}
	var e *tid.Error
	if errors.As(err, &e) {
		fmt.Println(e.Operation, e.StatusCode, e.Attempts)
	}
	_, err = client.Projects.List(context.Background(), &tid.ProjectListOptions{SortBy: "titel"})
	fmt.Println(err)
	// Output:
	// no such project
	// GET /v1/Core/Projects/{id} 404 1
	// tid: GET /v1/Core/Projects: not sent: sortBy: "titel" is not one of orderNumber, title, createdDate, updatedDate
}

// A field that this package does not know is read by a type around the model.
func ExampleAllAs() {
	srv, client := startAccount()
	defer srv.Close()

	type contact struct {
		tid.Contact
		Key string `json:"customerNumber"`
	}
	for c, err := range tid.AllAs[contact](context.Background(), client, "v1/Core/Contacts", nil) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(c.ID, c.Key, c.Name)
	}
	// Output:
	// 1 1001 Bergs Bygg AB
	// 2 1002 Dalens Tak AB
}

func ExampleClient_Do() {
	srv, client := startAccount()
	defer srv.Close()

	var answer struct {
		Name string `json:"name"`
	}
	err := client.Do(context.Background(), http.MethodGet, "v1/Core/Contacts/2", nil, nil, &answer)
	fmt.Println(answer.Name, err)
	// Output: Dalens Tak AB <nil>
}

// A cursor gives everything first and then each change once, and is saved between runs.
func ExampleCursor() {
	srv, client := startAccount()
	defer srv.Close()
	ctx := context.Background()

	cursor := tid.Cursor{} // or what the last run has saved as JSON
	for contact, err := range client.Contacts.Follow(ctx, &cursor, nil) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("changed:", contact.Name)
	}
	for contact, err := range client.Contacts.Follow(ctx, &cursor, nil) {
		fmt.Println("not reached:", contact, err)
	}
	// Unordered output:
	// changed: Bergs Bygg AB
	// changed: Dalens Tak AB
}

// A caller that takes half of the allowance leaves the other half to others.
func ExampleRateLimiter() {
	client, err := tid.NewClient(tid.StaticToken("pk_made.pa_up"),
		tid.WithLimiter(tid.RateLimiter(rate.NewLimiter(2, 1))))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(client)
	// Output: tid.Client(https://publicapi.tid.vismaspcs.se)
}
