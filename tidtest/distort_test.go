package tidtest_test

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

const (
	createContact = "POST /v1/Core/Contacts"
	updateContact = "PUT /v1/Core/Contacts/{id}"
	readContact   = "GET /v1/Core/Contacts/{id}"
)

func TestIgnoredPropertiesArePassedOverAsIfTheyWereUnknown(t *testing.T) {
	a := open(t)
	furnish(a)
	a.srv.AddProperties(contactsPath, "creditLimit", "invoiceAddress.careOf")
	body := func(v string) string {
		return `{"name":"x","contactType":"company","vatNumber":` + v + `,"isActive":true,"parentCompanyId":5,"creditLimit":` + v +
			`,"visitAddress":{"city":` + v + `,"state":` + v + `},"invoiceAddress":{"careOf":` + v + `,"city":"Y"}}`
	}
	id := ordinal(a.post("/"+contactsPath, body(`"old"`)).object(t)["id"])
	a.srv.DistortWrites(tidtest.Distortion{Operation: updateContact, Ignore: []string{"vatNumber", "creditLimit", "parentCompanyId", "visitAddress.city", "invoiceAddress.careOf"}})
	check := func(got answer) {
		t.Helper()
		require.Equal(t, 200, got.status, got.text)
		v := got.object(t)
		assert.Equal(t, "old", v["vatNumber"])
		assert.Equal(t, "old", v["creditLimit"])
		assert.Equal(t, 5.0, v["parentCompany"].(map[string]any)["id"])
		assert.Equal(t, "old", v["visitAddress"].(map[string]any)["city"])
		assert.Equal(t, "old", v["invoiceAddress"].(map[string]any)["careOf"])
	}
	got := a.put("/"+contactsPath+"/"+id, body(`"new"`))
	check(got)
	assert.Equal(t, "new", got.object(t)["visitAddress"].(map[string]any)["state"])
	check(a.get("/" + contactsPath + "/" + id))
	check(a.put("/"+contactsPath+"/"+id, `{"name":"x","contactType":"company","visitAddress":{},"invoiceAddress":{}}`))
	check(a.put("/"+contactsPath+"/"+id, strings.ReplaceAll(body("7"), `"state":7`, `"state":"new"`))) // which would be of the wrong kind
	gone := a.put("/"+contactsPath+"/"+id, `{"name":"x","contactType":"company","vatNumber":"new"}`).object(t)
	assert.Empty(t, gone["visitAddress"].(map[string]any)["city"], "an object that is left out has nothing left of it")
	assert.Equal(t, "old", gone["vatNumber"])

	made := a.post("/"+contactsPath, body(`"new"`)).object(t)
	assert.Equal(t, "new", made["vatNumber"], "another operation is as it was")
	a.srv.DistortWrites(tidtest.Distortion{Operation: createContact, Ignore: []string{"vatNumber", "creditLimit", "visitAddress.city"}})
	made = a.post("/"+contactsPath, body(`"new"`)).object(t)
	assert.Nil(t, made["vatNumber"])
	assert.NotContains(t, made, "creditLimit")
	assert.Equal(t, "", made["visitAddress"].(map[string]any)["city"])
	assert.Equal(t, "new", made["visitAddress"].(map[string]any)["state"])
}

func TestAnIgnoredPropertyIsNotRequired(t *testing.T) {
	a := open(t)
	furnish(a)
	a.srv.DistortWrites(tidtest.Distortion{Ignore: []string{"title", "isActive"}})
	got := a.post("/v1/Core/Projects", `{"title":"New"}`)
	require.Equal(t, 200, got.status, got.text)
	assert.Empty(t, got.object(t)["title"])
	got = a.put("/v1/Core/Projects/5", `{}`)
	require.Equal(t, 200, got.status, got.text)
	assert.Equal(t, "Tak", got.object(t)["title"])
	got = a.post("/v1/Admin/BookingProjects", `{"name":"x","isActive":false}`)
	assert.Equal(t, true, got.object(t)["isActive"], "what a create sets by itself it still sets")
}

func TestClearedPropertiesAreClearedBeside(t *testing.T) {
	a := open(t)
	furnish(a)
	a.srv.AddProperties(contactsPath, "creditLimit")
	a.srv.DistortWrites(tidtest.Distortion{Operation: "PUT", Clear: []string{"email", "parentCompany", "relations", "creditLimit", "visitAddress.city"}})
	body := `{"name":"x","contactType":"company","email":"a@example.com","invoiceEmail":"b@example.com","parentCompanyId":5,"relations":["customer"],"creditLimit":1,"visitAddress":{"city":"X","state":"Y"}}`
	one := "/" + contactsPath + "/" + ordinal(a.post("/"+contactsPath, body).object(t)["id"])
	before := a.get(one).object(t)
	assert.Equal(t, "a@example.com", before["email"], "creates are as they were")
	got := a.put(one, body)
	v := got.object(t)
	assert.Nil(t, v["email"])
	assert.Nil(t, v["parentCompany"])
	assert.Empty(t, v["relations"])
	assert.NotContains(t, v, "creditLimit")
	assert.Equal(t, map[string]any{"city": "", "state": "Y"}, map[string]any{"city": v["visitAddress"].(map[string]any)["city"], "state": v["visitAddress"].(map[string]any)["state"]})
	assert.Equal(t, "b@example.com", v["invoiceEmail"])
	assert.Equal(t, got.text, a.get(one).text)
	assert.Equal(t, 200, a.put(one, `{"name":"x","contactType":"company"}`).status, "nothing is there to clear")
}

var digits = regexp.MustCompile(`\d+`)

func TestEveryWriteCanBeAnsweredWithLessAndInAnotherSpelling(t *testing.T) {
	for _, w := range writes {
		t.Run(w.list, func(t *testing.T) {
			a := open(t)
			furnish(a)
			made := a.post(w.list, w.body)
			methods := map[string]func() answer{"POST": func() answer { return a.post(w.list, w.body) }}
			if w.update {
				one := w.list + "/" + ordinal(made.object(t)["id"])
				methods["PUT"] = func() answer { return a.put(one, w.body) }
			}
			for method, write := range methods {
				remove := a.srv.DistortWrites(tidtest.Distortion{Operation: method, Answer: tidtest.AnswerEmpty})
				got := write()
				assert.Equal(t, 200, got.status)
				assert.Empty(t, got.text, method)
				remove()
				remove = a.srv.DistortWrites(tidtest.Distortion{Operation: method, Answer: tidtest.AnswerPart})
				got = write()
				assert.Equal(t, []string{"id", "objectName"}, slices.Sorted(maps.Keys(got.object(t))), method)
				remove()
				remove = a.srv.DistortWrites(tidtest.Distortion{Operation: method, Answer: tidtest.AnswerRespelt})
				got = write()
				assert.NotEqual(t, made.text, got.text)
				assert.Equal(t, slices.Sorted(maps.Keys(made.object(t))), slices.Sorted(maps.Keys(got.object(t))))
				remove()
				assert.Equal(t, digits.ReplaceAllString(made.text, "0"), digits.ReplaceAllString(write().text, "0"), "nothing is left of what was removed")
			}
		})
	}
}

func TestRespeltAnswersHoldTheSameValues(t *testing.T) {
	a := open(t)
	furnish(a)
	a.srv.AddProperties(contactsPath, "xNew")
	a.srv.DistortWrites(tidtest.Distortion{Answer: tidtest.AnswerRespelt})
	contact := `{"name":"x","contactType":"company","relations":["customer","partner"],"email":"","xNew":{"a":[1.50,2,1e3,null,"b",""]}}`
	got := a.post("/"+contactsPath, contact).text
	for _, part := range []string{
		`"name":" x "`, `"contactType":"Company"`, `"relations":["Partner","Customer"]`, `"email":""`, `"vatNumber":null`, `"xNew":{"a":[""," b ",null,1e3,2,1.5000]}`, `"id":`,
	} {
		assert.Contains(t, got, part)
	}
	assert.Regexp(t, `"created":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"`, got)
	got = a.post("/v1/Core/TimeReports", `{"userId":5,"date":"2026-03-02","projectId":5,"hours":7.5,"clockStart":"07:30"}`).text
	for _, part := range []string{`"date":"2026-03-02T00:00:00"`, `"hours":7.5000`, `"clockStart":"07:30:00"`, `"user":{"objectName":"admin.user","id":5,`} {
		assert.Contains(t, got, part)
	}
	got = a.post("/v1/Core/Tasks/5/Checklists", `{"name":"x","items":[{"text":"1"},{"text":"2"}]}`).text
	assert.Less(t, strings.Index(got, `" 2 "`), strings.Index(got, `" 1 "`))
	kept := a.list("/" + contactsPath).text
	assert.Contains(t, kept, `"name":"x"`, "only the answer is spelt so")
}

func TestAPartOfTheAnswerIsWhatIsShown(t *testing.T) {
	a := open(t)
	a.srv.DistortWrites(tidtest.Distortion{Answer: tidtest.AnswerPart, Show: []string{"name", "visitAddress"}})
	got := a.post("/"+contactsPath, `{"name":"x","email":"a@example.com"}`).object(t)
	assert.Equal(t, []string{"id", "name", "objectName", "visitAddress"}, slices.Sorted(maps.Keys(got)))
	assert.Equal(t, "a@example.com", a.srv.Contacts.All()[0].Email)
}

func TestDistortionsAddUpUntilTheyAreRemoved(t *testing.T) {
	a := open(t)
	body := `{"name":"x","email":"a@example.com","vatNumber":"1","website":"w"}`
	first := a.srv.DistortWrites(tidtest.Distortion{Operation: createContact, Ignore: []string{"vatNumber"}, Answer: tidtest.AnswerEmpty})
	second := a.srv.DistortWrites(tidtest.Distortion{Operation: "POST", Ignore: []string{"email"}, Clear: []string{"website"}})
	assert.Empty(t, a.post("/"+contactsPath, body).text)
	made := a.srv.Contacts.All()[0]
	assert.Equal(t, []string{"", "", ""}, []string{made.Email, made.VATNumber, made.Website})
	first()
	first() // once more does nothing
	got := a.post("/"+contactsPath, body).object(t)
	assert.Equal(t, []any{nil, "1", nil}, []any{got["email"], got["vatNumber"], got["website"]})
	second()
	got = a.post("/"+contactsPath, body).object(t)
	assert.Equal(t, []any{"a@example.com", "1", "w"}, []any{got["email"], got["vatNumber"], got["website"]})
}

func TestDistortionsThatCannotBeAreAPanic(t *testing.T) {
	a := open(t)
	for says, d := range map[string]tidtest.Distortion{
		"no operation PATCH that writes":                 {Operation: "PATCH"},
		"no operation GET /v1/Core/Contacts that writes": {Operation: "GET /v1/Core/Contacts"},
		"no operation POST /v1/Auth/Token that writes":   {Operation: "POST /v1/Auth/Token"},
		"no property company that could be distorted":    {Operation: updateContact, Ignore: []string{"company"}},
		"no property name.x that could be distorted":     {Operation: updateContact, Ignore: []string{"name.x"}},
		"no property visitAddress.x that could be":       {Operation: updateContact, Ignore: []string{"visitAddress.x"}},
		"no property travelReport.place that could be":   {Ignore: []string{"travelReport.place"}},
		"no property companyId that could be distorted":  {Operation: updateContact, Clear: []string{"companyId"}},
		"no property id that could be distorted":         {Clear: []string{"id"}},
		"no property nickname that could be distorted":   {Answer: tidtest.AnswerPart, Show: []string{"nickname"}},
		"no property visitAddress.city that could be":    {Answer: tidtest.AnswerPart, Show: []string{"visitAddress.city"}},
		"only an AnswerPart shows some properties":       {Show: []string{"name"}},
	} {
		func() {
			defer func() { assert.Contains(t, recover(), says) }()
			a.srv.DistortWrites(d)
		}()
	}
	assert.NotPanics(t, func() { a.srv.DistortWrites(tidtest.Distortion{Ignore: []string{"travelReport"}}) })
}

// told is what a client has told beside its results.
type told struct {
	log    bytes.Buffer
	events []tid.Event
}

// requests are the operations that were asked for, without the exchange of a token.
func (t *told) requests() (ops []string) {
	for _, e := range t.events {
		if e.Operation != "POST /v1/Auth/Token" {
			ops = append(ops, e.Operation)
		}
	}
	return ops
}

// notApplied are the properties that events have named.
func (t *told) notApplied() (names []string) {
	for _, e := range t.events {
		names = append(names, e.NotApplied...)
	}
	return names
}

// listen makes a client that tells.
func (a *api) listen(opts ...tid.Option) (*tid.Client, *told) {
	heard := &told{}
	opts = append([]tid.Option{
		tid.WithLimiter(nil),
		tid.WithObserver(func(_ context.Context, e tid.Event) { heard.events = append(heard.events, e) }),
		tid.WithLogger(slog.New(slog.NewTextHandler(&heard.log, &slog.HandlerOptions{Level: slog.LevelWarn}))),
	}, opts...)
	return a.srv.Client(opts...), heard
}

// fullContact puts a contact into the account that has something of everything.
func fullContact(a *api) int64 {
	furnish(a)
	return a.srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{
		Name: "Bygg & Co", ContactType: tid.ContactCompany, CustomerNumber: "K1", Email: "a@example.com", VATNumber: "SE1", IsActive: true,
		Relations: []tid.ContactRelation{tid.ContactCustomer, tid.ContactPartner}, Responsible: &tid.Ref{ID: 5}, Tags: []tid.Tag{{ID: 5}},
		InvoiceAddress: &tid.Address{StreetAddress: "Gatan 1", City: "Staden"},
	}})
}

func TestTheClientFindsWhatAnUpdateDidNotApply(t *testing.T) {
	for name, c := range map[string]struct {
		distortion tidtest.Distortion
		edit       func(*tid.ContactInput)
		names      []string
		held       func(*tid.Contact) bool
		reads      int // beside that of Modify
	}{
		"ignored, and held as it was": {
			tidtest.Distortion{Ignore: []string{"vatNumber"}}, func(in *tid.ContactInput) { in.VATNumber = "SE2" },
			[]string{"vatNumber"}, func(c *tid.Contact) bool { return c.VATNumber == "SE1" }, 0,
		},
		"ignored, and nothing held": {
			tidtest.Distortion{Ignore: []string{"website"}}, func(in *tid.ContactInput) { in.Website = "https://example.com" },
			[]string{"website"}, func(c *tid.Contact) bool { return c.Website == "" }, 1,
		},
		"ignored, and not cleared": {
			tidtest.Distortion{Ignore: []string{"vatNumber"}}, func(in *tid.ContactInput) { in.VATNumber = "" },
			[]string{"vatNumber"}, func(c *tid.Contact) bool { return c.VATNumber == "SE1" }, 0,
		},
		"a reference that is ignored": {
			tidtest.Distortion{Ignore: []string{"responsibleId"}}, func(in *tid.ContactInput) { in.ResponsibleID = 0 },
			[]string{"responsibleId"}, func(c *tid.Contact) bool { return c.Responsible.ID == 5 }, 0,
		},
		"ignored within an object": {
			tidtest.Distortion{Ignore: []string{"invoiceAddress.city"}}, func(in *tid.ContactInput) { in.InvoiceAddress.City = "Byn" },
			[]string{"invoiceAddress.city"}, func(c *tid.Contact) bool { return c.InvoiceAddress.City == "Staden" }, 0,
		},
		"ignored of what the module does not know": {
			tidtest.Distortion{Ignore: []string{"creditLimit"}}, func(in *tid.ContactInput) { _ = in.Extra.Set("creditLimit", 2) },
			[]string{"creditLimit"}, func(c *tid.Contact) bool { return c.Extra == nil }, 1,
		},
		"cleared beside": {
			tidtest.Distortion{Clear: []string{"email"}}, func(in *tid.ContactInput) { in.VATNumber = "SE2" },
			[]string{"email"}, func(c *tid.Contact) bool { return c.Email == "" && c.VATNumber == "SE2" }, 1,
		},
		"one ignored, two cleared": {
			tidtest.Distortion{Ignore: []string{"vatNumber"}, Clear: []string{"relations", "responsible"}}, func(in *tid.ContactInput) { in.VATNumber = "SE2" },
			[]string{"relations", "responsibleId", "vatNumber"}, func(c *tid.Contact) bool { return len(c.Relations) == 0 }, 1,
		},
		"ignored, and answered with nothing": {
			tidtest.Distortion{Ignore: []string{"vatNumber"}, Answer: tidtest.AnswerEmpty}, func(in *tid.ContactInput) { in.VATNumber = "SE2" },
			[]string{"vatNumber"}, func(c *tid.Contact) bool { return c.VATNumber == "SE1" }, 1,
		},
		"ignored, and answered in part": {
			tidtest.Distortion{Ignore: []string{"vatNumber"}, Answer: tidtest.AnswerPart, Show: []string{"name"}}, func(in *tid.ContactInput) { in.VATNumber = "SE2" },
			[]string{"vatNumber"}, func(c *tid.Contact) bool { return c.VATNumber == "SE1" }, 1,
		},
		"ignored, and answered respelt": {
			tidtest.Distortion{Ignore: []string{"vatNumber"}, Answer: tidtest.AnswerRespelt}, func(in *tid.ContactInput) { in.VATNumber = "SE2" },
			[]string{"vatNumber"}, func(c *tid.Contact) bool { return strings.TrimSpace(c.VATNumber) == "SE1" }, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := open(t)
			id := fullContact(a)
			a.srv.AddProperties(contactsPath, "creditLimit")
			c.distortion.Operation = updateContact
			a.srv.DistortWrites(c.distortion)
			client, heard := a.listen()
			got, err := client.Contacts.Modify(t.Context(), id, func(in *tid.ContactInput) error { c.edit(in); return nil })
			require.ErrorIs(t, err, tid.ErrNotApplied)
			var e *tid.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, c.names, slices.Sorted(maps.Keys(e.Fields)))
			assert.True(t, e.MayHaveExecuted)
			require.NotNil(t, got)
			assert.Equal(t, id, got.ID)
			assert.True(t, c.held(got), "the object stands beside the error")
			assert.Equal(t, append([]string{readContact, updateContact}, slices.Repeat([]string{readContact}, c.reads)...), heard.requests())
		})
	}
}

func TestTheClientTakesEveryAnswerOfAWriteThatWasApplied(t *testing.T) {
	for name, c := range map[string]struct {
		distortion tidtest.Distortion
		reads      int
	}{
		"whole":                        {tidtest.Distortion{}, 0},
		"nothing":                      {tidtest.Distortion{Answer: tidtest.AnswerEmpty}, 1},
		"the id alone":                 {tidtest.Distortion{Answer: tidtest.AnswerPart}, 1},
		"a part":                       {tidtest.Distortion{Answer: tidtest.AnswerPart, Show: []string{"name", "contactType", "email"}}, 1},
		"respelt":                      {tidtest.Distortion{Answer: tidtest.AnswerRespelt}, 0},
		"ignored is what was not sent": {tidtest.Distortion{Ignore: []string{"website"}}, 0},
		"cleared is what was empty":    {tidtest.Distortion{Clear: []string{"website"}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			a := open(t)
			id := fullContact(a)
			a.srv.AddProperties(contactsPath, "creditLimit", "invoiceAddress.careOf")
			c.distortion.Operation = updateContact
			a.srv.DistortWrites(c.distortion)
			client, heard := a.listen()
			got, err := client.Contacts.Modify(t.Context(), id, func(in *tid.ContactInput) error {
				in.VATNumber, in.CustomerNumber, in.InvoiceAddress.City = "SE2", "", "Byn"
				_ = in.Extra.Set("creditLimit", tid.MustDecimal("7.5"))
				return in.Extra.Set("invoiceAddress.careOf", []any{"x", 1.5, nil})
			})
			require.NoError(t, err)
			assert.Equal(t, "SE2", strings.TrimSpace(got.VATNumber))
			assert.Equal(t, append([]string{readContact, updateContact}, slices.Repeat([]string{readContact}, c.reads)...), heard.requests())
			assert.Empty(t, heard.notApplied())
			assert.Empty(t, heard.log.String())
			kept, _ := a.srv.Contacts.Get(id)
			assert.Equal(t, []string{"SE2", "", "Byn"}, []string{kept.VATNumber, kept.CustomerNumber, kept.InvoiceAddress.City})
		})
	}
}

// Every resource that the module can write back, respelt.
func TestNoRespeltAnswerLooksAsIfItHadNotBeenApplied(t *testing.T) {
	a := open(t)
	id := fullContact(a)
	a.srv.DistortWrites(tidtest.Distortion{Answer: tidtest.AnswerRespelt})
	client, heard := a.listen()
	ctx := t.Context()
	day := tid.NewDate(2026, 3, 2)
	half := tid.MustDecimal("7.5")

	contact, err := client.Contacts.Create(ctx, &tid.ContactInput{ContactType: tid.ContactCompany, Name: "x", ParentCompanyID: id, Relations: []tid.ContactRelation{tid.ContactCustomer, tid.ContactSupplier}})
	require.NoError(t, err)
	_, err = client.Contacts.Modify(ctx, contact.ID, func(in *tid.ContactInput) error { in.Website = "w"; return nil })
	require.NoError(t, err)

	project, err := client.Projects.Create(ctx, &tid.ProjectInput{
		Title: "x", StartDate: day, ContactID: id, StatusID: 5, TagIDs: []int64{5}, Description: "a\nb",
		WorkSiteAddress: &tid.WorkSiteAddress{City: "Staden", Latitude: 59.25, Longitude: 17.5},
	})
	require.NoError(t, err)
	_, err = client.Projects.Modify(ctx, project.ID, func(in *tid.ProjectInput) error {
		in.EndDate, in.InvoiceType = day, tid.InvoiceTypeFixedPrice
		return nil
	})
	require.NoError(t, err)

	report, err := client.TimeReports.Create(ctx, &tid.TimeReportInput{UserID: 5, Date: day, ProjectID: 5, Hours: half, Comment: "x"})
	require.NoError(t, err)
	_, err = client.TimeReports.Modify(ctx, report.ID, func(in *tid.TimeReportInput) error {
		in.InvoiceableHours = tid.Set(half)
		return in.ClockStart.UnmarshalText([]byte("07:30"))
	})
	require.NoError(t, err)

	material, err := client.MaterialReports.Create(ctx, &tid.MaterialReportInput{ProjectID: 5, Title: "x", ConsumedUnits: half})
	require.NoError(t, err)
	_, err = client.MaterialReports.Modify(ctx, material.ID, func(in *tid.MaterialReportInput) error { in.UnitText = "st"; return nil })
	require.NoError(t, err)

	chance, err := client.Opportunities.Create(ctx, &tid.OpportunityInput{Title: "x", CustomerID: id, EstimatedClosingDate: day, TagIDs: []int64{5}})
	require.NoError(t, err)
	_, err = client.Opportunities.Modify(ctx, chance.ID, func(in *tid.OpportunityInput) error { in.OpportunityState = tid.OpportunityWon; return nil })
	require.NoError(t, err)

	article, err := client.Articles.Create(ctx, tid.ArticleMaterial, &tid.ArticleInput{Name: "x", UnitID: 5})
	require.NoError(t, err)
	in := article.Input()
	in.Description = "y"
	_, err = client.Articles.Update(ctx, tid.ArticleMaterial, article.ID, in)
	require.NoError(t, err)

	assert.Empty(t, heard.notApplied())
	assert.Empty(t, heard.log.String())
	assert.Len(t, heard.requests(), 6*3-1, "a create, and a read and an update, and nothing more")
}

func TestACreateThatWasNotAppliedIsToldAndIsNoError(t *testing.T) {
	a := open(t)
	a.srv.DistortWrites(tidtest.Distortion{Operation: createContact, Ignore: []string{"vatNumber"}, Clear: []string{"email"}})
	client, heard := a.listen()
	got, err := client.Contacts.Create(t.Context(), &tid.ContactInput{ContactType: tid.ContactCompany, Name: "x", VATNumber: "SE1", Email: "a@example.com"})
	require.NoError(t, err)
	assert.Equal(t, "x", got.Name)
	assert.Equal(t, []string{createContact}, heard.requests())
	assert.Equal(t, []string{"email", "vatNumber"}, heard.notApplied())
	assert.Contains(t, heard.log.String(), "level=WARN")
	assert.Contains(t, heard.log.String(), "[email vatNumber]")
}

func TestTheWriteCheckCanWarnOrBeTurnedOff(t *testing.T) {
	for name, c := range map[string]struct {
		check tid.WriteCheck
		told  []string
	}{
		"warn": {tid.WriteCheckWarn, []string{"vatNumber"}},
		"off":  {tid.WriteCheckOff, nil},
	} {
		t.Run(name, func(t *testing.T) {
			a := open(t)
			id := fullContact(a)
			a.srv.DistortWrites(tidtest.Distortion{Ignore: []string{"vatNumber"}})
			client, heard := a.listen(tid.WithWriteCheck(c.check))
			got, err := client.Contacts.Modify(t.Context(), id, func(in *tid.ContactInput) error { in.VATNumber = "SE2"; return nil })
			require.NoError(t, err)
			assert.Equal(t, "SE1", got.VATNumber)
			assert.Equal(t, c.told, heard.notApplied())
			assert.Equal(t, c.told != nil, strings.Contains(heard.log.String(), "vatNumber"))
			assert.Equal(t, []string{readContact, updateContact}, heard.requests())

			_, err = client.Contacts.Create(t.Context(), &tid.ContactInput{ContactType: tid.ContactCompany, Name: "x", VATNumber: "SE1"})
			require.NoError(t, err)
			assert.Len(t, heard.notApplied(), 2*len(c.told))
		})
	}
}
