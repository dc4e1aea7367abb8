// Extend shows what to do where the API knows more than this module does: a
// property that a type has no field for, an endpoint that no service has, and a
// path that the module has guessed wrong. None of them has to wait for a release.
//
//	go run ./examples/extend
//
// Without the VISMATID_ variables it speaks to a fake server that has all three.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/examples/demo"
	"github.com/vismatid/tid/tidtest"
)

func main() { demo.Main(run) }

// MyContact is a contact with a property that [tid.Contact] does not have. A
// field of the same JSON name as one of the contact's would take its place.
type MyContact struct {
	tid.Contact
	CreditLimit *tid.Decimal `json:"creditLimit"`
}

// Department is what an endpoint answers that this module has no service for.
type Department struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

const about = `Extend shows what to do where the API knows more than the module does: a property
that a type has no field for, an endpoint that no service has, and a path that the
module has guessed wrong.`

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := demo.Flags("extend", about)
	departments := flags.String("departments", "v1/Core/Departments", "the `path` of an endpoint that lists something with a name")
	logs := flags.String("logs", "", "the `path` of the logs, where it is not v1/Core/Logs")
	if err := demo.Parse(flags, args, stdout); err != nil {
		return err
	}
	if *logs == "" && !demo.HasAccount() {
		*logs = "v1/Core/LogEntries" // as the fake server has it
	}

	// An operation of the module, sent to another path.
	var opts []tid.Option
	if *logs != "" {
		opts = append(opts, tid.WithPath("GET /v1/Core/Logs", *logs))
	}
	client, done, err := open(stdout, opts...)
	if err != nil {
		return err
	}
	defer done()
	entries, err := client.Logs.List(ctx, &tid.LogListOptions{
		SortBy: tid.LogsByCreatedDate, ListOptions: tid.ListOptions{PageSize: 3, SortOrder: tid.Descending}})
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "The last of %d log entries:\n", entries.TotalItemCount)
	for _, entry := range entries.Items {
		fmt.Fprintf(stdout, "  %s  %s  %s\n", entry.CreatedDate, entry.LogType, entry.Project)
	}

	// A list of the module's, read into a type that knows one property more. The
	// options are those of the module too.
	fmt.Fprintln(stdout, "\nCompanies and their credit limits:")
	companies := &tid.ContactListOptions{ContactType: tid.ContactCompany, SortBy: tid.ContactsByName}
	for contact, err := range tid.AllAs[MyContact](ctx, client, "v1/Core/Contacts", companies) {
		if err != nil {
			return err
		}
		limit := "none"
		if contact.CreditLimit != nil {
			limit = contact.CreditLimit.StringFixed(2)
		}
		fmt.Fprintf(stdout, "  %s: %s\n", contact.Name, limit)
	}

	// An endpoint that the module does not have, with the same token, rate limit,
	// retries and errors as every other. ListAs and AllAs read lists in the same way.
	var page tid.Page[Department]
	err = client.Do(ctx, "GET", *departments, tid.ListOptions{Page: 1, PageSize: 100}, nil, &page)
	if errors.Is(err, tid.ErrNotFound) {
		fmt.Fprintf(stdout, "\nThis API has no %s: name another path with -departments.\n", *departments)
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "\nFrom %s:\n", *departments)
	for _, department := range page.Items {
		fmt.Fprintf(stdout, "  %d  %s\n", department.ID, department.Name)
	}
	return nil
}

// open is demo.Open with a fake server that is ahead of the module.
func open(note io.Writer, opts ...tid.Option) (*tid.Client, func(), error) {
	if demo.HasAccount() {
		return demo.Open(note, nil, opts...)
	}
	demo.Note(note)
	srv := tidtest.Start(tidtest.InMemory(), tidtest.WithCompany(tidtest.Sample(1, 12)))
	listening := httptest.NewServer(newer(srv))
	opts = slices.Concat([]tid.Option{tid.WithBaseURL(listening.URL)}, opts, demo.Options)
	client, err := tid.NewClient(tid.AppCredentials(srv.AppID, srv.AppSecret), opts...)
	return client, func() { listening.Close(); srv.Close() }, err
}

// newer wraps a fake server, which is an [http.Handler], into that of an API which
// has moved on: the logs are at another path, contacts have a credit limit, and
// there is a list of departments.
func newer(srv *tidtest.Server) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", srv)
	mux.HandleFunc("GET /v1/Core/Logs", http.NotFound)
	mux.HandleFunc("GET /v1/Core/LogEntries", func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = "/v1/Core/Logs"
		srv.ServeHTTP(w, r)
	})
	mux.HandleFunc("GET /v1/Core/Departments", func(w http.ResponseWriter, _ *http.Request) {
		all := srv.Departments.All()
		_ = json.NewEncoder(w).Encode(map[string]any{"itemCount": len(all), "totalItemCount": len(all), "items": all})
	})
	mux.HandleFunc("GET /v1/Core/Contacts", func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		srv.ServeHTTP(answer, r)
		var list map[string]any
		_ = json.Unmarshal(answer.Body.Bytes(), &list)
		contacts, _ := list["items"].([]any) // none in the answer to a request without a token
		for i, contact := range contacts {
			if i%3 > 0 {
				contact.(map[string]any)["creditLimit"] = 25_000 * i
			}
		}
		answer.Header().Del("Content-Length")
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_ = json.NewEncoder(w).Encode(list)
	})
	return mux
}
