package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/examples/demo/demotest"
	"github.com/vismatid/tid/tidtest"
)

func file(t *testing.T, lines ...string) string {
	name := filepath.Join(t.TempDir(), "contacts.csv")
	require.NoError(t, os.WriteFile(name, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	return name
}

// full is a contact with every property that the file does not touch.
func full(t *testing.T, srv *tidtest.Server) *tid.Contact {
	tag := srv.Tags.Put(tid.Tag{Title: "ROT", Color: "#112233"})
	user := srv.Users.Put(tid.User{UserSummary: tid.UserSummary{FirstName: "Eva", LastName: "Ek"}})
	parent := srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{ContactType: tid.ContactCompany, Name: "Koncernen AB"}})
	id := srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{
		ContactType: tid.ContactCompany, Name: "Bygg AB", CustomerNumber: "100", Email: "old@bygg.example", PhoneNumber: "08-465 004 01",
		OrganizationalOrSocialSecurityNumber: "000000-0100", IsActive: true, ImportantInformation: "Ring först.", Website: "https://bygg.example",
		ParentCompany: &tid.Ref{ID: parent}, Responsible: &tid.Ref{ID: user}, Tags: []tid.Tag{{ID: tag}}, Relations: []tid.ContactRelation{tid.ContactCustomer},
		PostalAddress: &tid.Address{StreetAddress: "Storgatan 1", PostalCode: "999 10", City: "Vispnäs", CountryID: 1, CountryName: "Sverige"},
		VisitAddress:  &tid.Address{City: "Knaggarp"},
	}})
	contact, ok := srv.Contacts.Get(id)
	require.True(t, ok)
	return &contact
}

func writes(srv *tidtest.Server) (written []string) {
	for _, r := range srv.Requests() {
		if r.Method == http.MethodPost && r.Operation != "POST /v1/Auth/Token" || r.Method == http.MethodPut {
			written = append(written, r.Method+" "+r.Path)
		}
	}
	return written
}

func TestChange(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		edit  func(*tid.Contact)
		says  string
	}{
		"one property": {[]string{"customerNumber,email", "100,new@bygg.example"},
			func(c *tid.Contact) { c.Email = "new@bygg.example" }, `email "old@bygg.example" → "new@bygg.example"`},
		"several, and one of the address": {[]string{"city,name,customerNumber", "Ärtholma,Bygg & Son AB,100"},
			func(c *tid.Contact) { c.PostalAddress.City, c.Name = "Ärtholma", "Bygg & Son AB" }, `name "Bygg AB" → "Bygg & Son AB", city "Vispnäs" → "Ärtholma"`},
		"emptied": {[]string{"customerNumber,phone", "100,"},
			func(c *tid.Contact) { c.PhoneNumber = "" }, `phone "08-465 004 01" → ""`},
	} {
		t.Run(name, func(t *testing.T) {
			srv := demotest.Server(t)
			want := full(t, srv)
			c.edit(want)
			name := file(t, c.lines...)

			dry := demotest.Run(t.Context(), run, "-file", name, "-dry-run")
			require.Zero(t, dry.Code, "%+v", dry)
			assert.Empty(t, writes(srv))
			got := demotest.Run(t.Context(), run, "-file", name)
			require.Zero(t, got.Code, "%+v", got)
			assert.Equal(t, fmt.Sprintf("line 2: changed 100 %s: %s\n1 lines: 0 created, 1 changed, 0 unchanged, 0 failed\n", want.Name, c.says), got.Stdout)
			assert.Equal(t, strings.NewReplacer("changed 100", "would change 100", "0 failed", "0 failed (nothing has been written)").Replace(got.Stdout), dry.Stdout)

			now, _ := srv.Contacts.Get(want.ID)
			want.Updated = now.Updated
			assert.Equal(t, *want, now, "nothing else has changed")

			srv.ResetRequests()
			again := demotest.Run(t.Context(), run, "-file", name)
			assert.Equal(t, "1 lines: 0 created, 0 changed, 1 unchanged, 0 failed\n", again.Stdout)
			assert.Len(t, srv.Requests(), 2, "a token and a list: what is unchanged is not even read")
		})
	}
}

func TestCreate(t *testing.T) {
	srv := demotest.Server(t)
	before := full(t, srv)
	got := demotest.Run(t.Context(), run, "-file", file(t,
		"customerNumber,contactType,name,organizationNumber,email,invoiceEmail,phone,cellPhone,website,vatNumber,street,postalCode,city",
		"101,Company,Tak AB,000000-0101,a@tak.example,b@tak.example,08-1,070-1,https://tak.example,SE1,Ringvägen 2,999 11,Tofsmåla",
		"102,person,Kim Ek,,,,,,,,,,"))
	require.Zero(t, got.Code, "%+v", got)
	assert.Equal(t, "line 2: created 101 Tak AB\nline 3: created 102 Kim Ek\n2 lines: 2 created, 0 changed, 0 unchanged, 0 failed\n", got.Stdout)
	all := srv.Contacts.All()
	require.Len(t, all, 4)
	for i, want := range []*tid.ContactInput{
		before.Input(),
		{ContactType: tid.ContactCompany, Name: "Tak AB", CustomerNumber: "101", OrganizationalOrSocialSecurityNumber: "000000-0101",
			Email: "a@tak.example", InvoiceEmail: "b@tak.example", PhoneNumber: "08-1", CellPhoneNumber: "070-1", Website: "https://tak.example",
			VATNumber: "SE1", IsActive: tid.Set(true), PostalAddress: &tid.Address{StreetAddress: "Ringvägen 2", PostalCode: "999 11", City: "Tofsmåla"}},
		{ContactType: tid.ContactPerson, Name: "Kim Ek", CustomerNumber: "102", IsActive: tid.Set(true)},
	} {
		assert.Equal(t, bare(want), bare(all[i+1].Input()))
	}
}

// bare is an input without addresses and lists that are empty.
func bare(in *tid.ContactInput) *tid.ContactInput {
	if len(in.Relations) == 0 {
		in.Relations = nil
	}
	for _, address := range []**tid.Address{&in.VisitAddress, &in.PostalAddress, &in.InvoiceAddress} {
		if *address != nil && **address == (tid.Address{ObjectName: (*address).ObjectName}) {
			*address = nil
		} else if *address != nil {
			(*address).ObjectName = ""
		}
	}
	return in
}

func TestWrongLines(t *testing.T) {
	srv := demotest.Server(t)
	full(t, srv)
	srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{ContactType: tid.ContactPerson, Name: "Ett", CustomerNumber: "200"}})
	srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{ContactType: tid.ContactPerson, Name: "Två", CustomerNumber: "200"}})
	srv.Inject(tidtest.Fault{Operation: "PUT", Effect: tidtest.Answer(http.StatusBadRequest, `{"errors":{"email":["is taken"]}}`)})
	lines := []string{
		"customerNumber,contactType,name,email",
		",person,Nobody,",                      // 2
		"300,person,,",                         // 3
		"301,,Typeless,",                       // 4
		"302,firm,Firm,",                       // 5
		"303,person",                           // 6
		`304,person,a "b" c,`,                  // 7
		"305,person,\xc5sa,",                   // 8
		"200,person,Ett,",                      // 9
		"100,company,Bygg AB,taken@x.example",  // 10
		"100,company,Bygg AB,old@bygg.example", // 11
		"",                                     // 12
		",,,",                                  // 13
		" 306 , person , Good , ",              // 14
		"307,person,\"never\nended,",           // 15
	}
	complaints := "" +
		"line 2: customerNumber is missing\n" +
		"line 3: name is missing\n" +
		"line 4: contactType must be company or person, not \"\"\n" +
		"line 5: contactType must be company or person, not \"firm\"\n" +
		"line 6: it has 2 cells, and line 1 has 4\n" +
		"line 7: bare \" in non-quoted-field\n" +
		"line 8: name is not UTF-8\n" +
		"line 9: customerNumber 200 belongs to 2 contacts\n" +
		"line 10: tid: PUT /v1/Core/Contacts/%d: 400 Bad Request: email: is taken\n" +
		"line 11: customerNumber 100 is on line 10 already\n" +
		"line 15: extraneous or missing \" in quoted-field\n"
	got := demotest.Run(t.Context(), run, "-file", file(t, lines...))
	assert.Equal(t, 1, got.Code)
	var id int64
	for _, contact := range srv.Contacts.All() {
		if contact.CustomerNumber == "100" {
			id = contact.ID
		}
	}
	assert.Equal(t, fmt.Sprintf(complaints, id), got.Stderr)
	assert.Equal(t, "line 14: created 306 Good\n12 lines: 1 created, 0 changed, 0 unchanged, 11 failed\n", got.Stdout)
}

func TestWrongFiles(t *testing.T) {
	for says, lines := range map[string][]string{
		`line 1: EOF`: {},
		`line 1: there is no column "nummer"; -h lists them`: {"nummer,name", "1,x"},
		`line 1: the column name is there twice`:             {"customerNumber,name,name", "1,x,y"},
		`line 1: there is no column customerNumber`:          {"name", "x"},
		`line 1: bare " in non-quoted-field`:                 {`customer"Number`, "x"},
	} {
		t.Run(says, func(t *testing.T) {
			srv := demotest.Server(t)
			name := file(t, lines...)
			got := demotest.Run(t.Context(), run, "-file", name)
			assert.Equal(t, 1, got.Code)
			assert.Contains(t, got.Stderr, ": "+says+"\n")
			assert.Empty(t, srv.Requests())
		})
	}
}

// What spreadsheets save as CSV.
func TestSpreadsheet(t *testing.T) {
	srv := demotest.Server(t)
	got := demotest.Run(t.Context(), run, "-file", file(t, "\ufeffcustomerNumber;contactType;name\r", "1;person;\"Ek; Eva\"\r", ";;\r"))
	require.Zero(t, got.Code, "%+v", got)
	assert.Equal(t, "Ek; Eva", srv.Contacts.All()[0].Name)
}

// A change that was made elsewhere since the list was read.
func TestMeanwhile(t *testing.T) {
	srv := demotest.Server(t)
	contact := full(t, srv)
	listed := false
	demotest.Through(t, demotest.Transport(func(r *http.Request) (*http.Response, error) {
		answer, err := srv.Transport().RoundTrip(r)
		if r.Method == http.MethodGet && !listed {
			listed = true
			srv.Contacts.Update(contact.ID, func(c *tid.Contact) { c.Email, c.PhoneNumber = "new@bygg.example", "08-2" })
		}
		return answer, err
	}))
	got := demotest.Run(t.Context(), run, "-file", file(t, "customerNumber,email", "100,new@bygg.example"))
	assert.Equal(t, demotest.Result{Stdout: "1 lines: 0 created, 0 changed, 1 unchanged, 0 failed\n"}, got)
	assert.Empty(t, writes(srv))
}

func TestStopsWhenTheAccountFails(t *testing.T) {
	for name, c := range map[string]struct {
		effect tidtest.Effect
		says   string
	}{
		"no permission":  {tidtest.Answer(http.StatusForbidden, ""), "403 Forbidden"},
		"wrong path":     {tidtest.Answer(http.StatusNotFound, ""), "tid.WithPath"},
		"answer is lost": {tidtest.DropAfter(), "may have been carried out"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := demotest.Server(t)
			name := file(t, "customerNumber,contactType,name", "1,person,Ett", "2,person,", "3,person,Tre", "4,person,Fyra")
			srv.Inject(tidtest.Fault{Operation: "POST /v1/Core/Contacts", Skip: 1, Times: 9, Effect: c.effect})
			got := demotest.Run(t.Context(), run, "-file", name)
			assert.Equal(t, 1, got.Code)
			assert.Equal(t, "line 2: created 1 Ett\n4 lines: 1 created, 0 changed, 0 unchanged, 1 failed\n", got.Stdout)
			assert.Regexp(t, `^line 3: name is missing\n\S+: stopped at line 4: [^\n]+\n$`, got.Stderr)
			assert.Contains(t, got.Stderr, c.says)

			srv.ClearFaults()
			got = demotest.Run(t.Context(), run, "-file", name)
			assert.Contains(t, got.Stdout, " 0 changed, ")
			assert.Len(t, srv.Contacts.All(), 3, "none is created twice")
		})
	}
}

func TestInterrupted(t *testing.T) {
	srv := demotest.Server(t)
	name := file(t, "customerNumber,contactType,name", "1,person,Ett", "2,person,Två", "3,person,Tre")
	got := demotest.Run(demotest.CancelAt(t, srv, http.MethodPost, 3), run, "-file", name) // the first is for the token
	assert.Equal(t, 1, got.Code)
	assert.Regexp(t, `^\S+: interrupted\n$`, got.Stderr)
	assert.Equal(t, "line 2: created 1 Ett\n3 lines: 1 created, 0 changed, 0 unchanged, 0 failed\n", got.Stdout)
	assert.Len(t, srv.Contacts.All(), 1)
}

func TestMadeUpCompany(t *testing.T) {
	demotest.NoAccount(t)
	for _, args := range [][]string{nil, {"-dry-run"}, {"-file", "contacts.csv"}} {
		synctest.Test(t, func(t *testing.T) {
			got := demotest.Run(t.Context(), run, args...)
			assert.Equal(t, 1, got.Code)
			assert.Regexp(t, `^No VISMATID_ variables are set: `, got.Stdout)
			assert.Contains(t, got.Stdout, "11 lines: 2 created, 2 changed, 2 unchanged, 5 failed")
			assert.Equal(t, 5, strings.Count(got.Stderr, "\n"))
		})
	}
}

func TestUsage(t *testing.T) {
	var names []string
	for _, column := range columns {
		names = append(names, column.name)
	}
	demotest.Help(t, run, 1, append(names, "-file file", "-dry-run")...)

	srv := demotest.Server(t)
	for says, args := range map[string][]string{
		"name the file to read with -file": nil,
		"no such file":                     {"-file", filepath.Join(t.TempDir(), "no.csv")},
		"is a directory":                   {"-file", t.TempDir()},
	} {
		got := demotest.Run(t.Context(), run, args...)
		assert.Equal(t, 1, got.Code)
		assert.Contains(t, got.Stderr, says)
	}
	assert.Empty(t, srv.Requests(), "the sample file is not for an account")
}

func TestFailures(t *testing.T) {
	demotest.Fail(t, run, 1, "-file", "contacts.csv")
}
