package moment_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/moment"
	"github.com/vismatid/tid/moment/momenttest"
)

// company starts a made-up company for the examples.
func company() (*momenttest.Server, *moment.Client) {
	srv := momenttest.Start(momenttest.InMemory())
	roof := srv.Projects.Put(moment.Project{Name: "Roof", ProjectNumber: "1042"})
	monday := tid.NewDate(2026, 10, 19)
	for i, minutes := range []int{450, 480, 390} {
		srv.TimeRecords.Put(moment.TimeRecord{ProjectID: roof, UserAccountID: 1,
			TimeRecordDate: moment.DayOf(monday.AddDays(i)), Minutes: minutes})
	}
	customer := srv.Customers.Put(moment.Customer{Name: "Fjord Bakery"})
	srv.Offers.Put(moment.Offer{Name: "New roof", CurrencyCode: "NOK", CustomerID: customer})
	srv.SetMetadata("offers", "overviewPage", moment.OfferMetadata{TotalSumInCompanyCurrency: tid.MustDecimal("1726.55")})
	srv.Invoices.Put(moment.Invoice{InvoiceNumber: 42})
	return srv, srv.Client()
}

func Example() {
	srv, c := company() // otherwise: c, err := moment.NewClient("acme", apiKey)
	defer srv.Close()
	ctx := context.Background()

	minutes := 0
	opts := &moment.TimeRecordListOptions{From: tid.NewDate(2026, 10, 19), To: tid.NewDate(2026, 10, 20)}
	for r, err := range c.TimeRecords.All(ctx, opts) {
		if err != nil {
			log.Fatal(err)
		}
		minutes += r.Minutes
	}
	fmt.Println(minutes, "minutes")
	// Output: 930 minutes
}

func ExampleService_AllByDate() {
	srv, c := company()
	defer srv.Close()

	days := make(map[string]int)
	opts := &moment.TimeRecordListOptions{From: tid.NewDate(2026, 1, 1), To: tid.NewDate(2026, 12, 31)}
	for r, err := range c.TimeRecords.AllByDate(context.Background(), opts) {
		if err != nil {
			log.Fatal(err)
		}
		days[r.TimeRecordDate.String()] += r.Minutes
	}
	fmt.Println(days)
	// Output: map[2026-10-19:450 2026-10-20:480 2026-10-21:390]
}

func ExampleService_Update() {
	srv, c := company()
	defer srv.Close()

	// Only what is set is sent, and the answer holds what is asked for.
	in := &moment.TimeRecordInput{Minutes: tid.Set(420), Description: tid.Set("")}
	type record struct {
		ID            int64  `json:"id"`
		Minutes       int    `json:"minutes"`
		ProjectNumber string `json:"projectProjectNumber" include:"project.projectNumber"`
	}
	r, err := moment.Of[record](c, "timeRecords").Update(context.Background(), 1, in, moment.Fields[record]())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Minutes, "on", r.ProjectNumber)
	// Output: 420 on 1042
}

func ExampleService_Batch() {
	srv, c := company()
	defer srv.Close()

	day := moment.DayOf(tid.NewDate(2026, 10, 22))
	res, err := c.TimeRecords.Batch().
		Create(
			&moment.TimeRecordInput{TimeRecordDate: day, Minutes: tid.Set(60)},
			&moment.TimeRecordInput{TimeRecordDate: day, Minutes: tid.Set(90)}).
		Update(1, &moment.TimeRecordInput{Description: tid.Set("Scaffolding")}).
		Delete(2).
		Do(context.Background())
	if err != nil {
		log.Fatal(err) // nothing was changed
	}
	for _, pair := range res.Pairs {
		fmt.Println(pair.Created.ID, pair.Created.Minutes)
	}
	// Output:
	// 4 60
	// 5 90
}

func ExamplePage_DecodeMetadata() {
	srv, c := company()
	defer srv.Close()

	page, err := c.Offers.List(context.Background(), nil, moment.Include("base", "currencyCode", "metadata.overviewPage"))
	if err != nil {
		log.Fatal(err)
	}
	var sums moment.OfferMetadata
	if err := page.DecodeMetadata(&sums); err != nil {
		log.Fatal(err)
	}
	fmt.Println(page.Items[0].Name, page.Items[0].CurrencyCode, sums.TotalSumInCompanyCurrency)
	// Output: New roof NOK 1726.55
}

func ExampleFields() {
	srv, c := company()
	defer srv.Close()

	type offerRow struct {
		ID           int64  `json:"id"`
		Name         string `json:"name"`
		CustomerName string `json:"customerName" include:"customer.name"`
	}
	for row, err := range moment.Of[offerRow](c, "offers").All(context.Background(), nil, moment.Fields[offerRow]()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(row.Name, "for", row.CustomerName)
	}
	fmt.Println(srv.Requests()[0].Path)
	// Output:
	// New roof for Fjord Bakery
	// /api/1.0/companies/example/offers/include/name+customer.name
}

func ExampleOf() {
	srv, c := company()
	defer srv.Close()

	type claim struct {
		ID    int64       `json:"id"`
		Title string      `json:"title"`
		Sum   tid.Decimal `json:"sum"`
	}
	made, err := moment.Of[claim](c, "claims").Create(context.Background(), &claim{Title: "Ferry", Sum: tid.MustDecimal("312.50")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(made.ID, made.Title, made.Sum)
	// Output: 1 Ferry 312.5
}

func ExampleLimitError() {
	srv := momenttest.Start(momenttest.InMemory(), momenttest.WithLimit(2))
	defer srv.Close()
	for range 3 {
		srv.Tasks.Put(moment.Task{})
	}
	_, err := srv.Client().Tasks.List(context.Background(), nil)
	var limit *moment.LimitError
	if errors.As(err, &limit) {
		fmt.Println("narrow by one of", strings.Join(limit.Filters, ", "))
	}
	// Output: narrow by one of projectId, projectExtensionId
}

func ExampleWebhookHandler() {
	srv, c := company()
	defer srv.Close()

	handler := moment.WebhookHandler(c.Invoices, func(_ context.Context, hook *moment.Webhook, invoice *moment.Invoice, err error) error {
		if errors.Is(err, tid.ErrNotFound) {
			fmt.Println("there is no invoice", hook.ID)
			return nil
		}
		fmt.Println(hook.Event, invoice.InvoiceNumber)
		return nil
	})

	// What Moment posts is a hint: the number comes from the API.
	body := strings.NewReader(`{"event":"CREATE_NEW","invoice":{"id":1,"invoiceNumber":999}}`)
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/moment-c2f1", body))
	srv.SendWebhook(handler, "DELETE", "invoices", 7)
	// Output:
	// CREATE_NEW 42
	// there is no invoice 7
}
