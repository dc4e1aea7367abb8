package tidtest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
)

const contactsPath = "v1/Core/Contacts"

func TestAddedPropertiesAreKeptAsTheyComeAndClearedWhenLeftOut(t *testing.T) {
	a := open(t)
	a.srv.AddProperties(contactsPath, "creditLimit", "invoiceAddress.careOf")
	for name, value := range map[string]string{
		"number": "1.50", "text": `"a \"b\" å"`, "null": "null", "list": `[1,"two",{"three":[]}]`, "object": `{"id":7,"name":"x"}`, "false": "false", "empty": `""`,
	} {
		t.Run(name, func(t *testing.T) {
			made := a.post("/"+contactsPath, `{"name":"x","contactType":"company","creditLimit": `+value+` ,"invoiceAddress":{"city":"Y","careOf":`+value+`}}`)
			require.Equal(t, 200, made.status, made.text)
			one := "/" + contactsPath + "/" + jsonOf(made.object(t)["id"])
			for _, got := range []string{made.text, a.get(one).text, a.srv.GetJSON(one[1:])} {
				assert.Contains(t, got, `"creditLimit":`+value)
				assert.Contains(t, got, `"careOf":`+value+`}`)
			}
			changed := a.put(one, `{"name":"y","CREDITLIMIT":`+value+`,"invoiceAddress":{"city":"Y"}}`).text
			assert.Contains(t, changed, `"creditLimit":`+value, "names are read without case")
			assert.NotContains(t, changed, "careOf")
			cleared := a.put(one, `{"name":"y"}`).text
			assert.NotContains(t, cleared, "creditLimit")
			assert.Equal(t, cleared, a.get(one).text)
		})
	}
	rows := a.list("/" + contactsPath).text
	assert.NotContains(t, rows, "creditLimit")
	assert.NotContains(t, rows, "careOf")
}

func TestEveryResourceThatIsWrittenCanHaveAddedProperties(t *testing.T) {
	for _, w := range writes {
		list, _, unhandled := strings.Cut(w.list, "/Unhandled")
		if unhandled {
			continue // which nothing lists
		}
		t.Run(w.list, func(t *testing.T) {
			a := open(t)
			furnish(a)
			kept := list
			if strings.HasPrefix(list, "/v1/Admin/Articles/") {
				kept = "/v1/Admin/Articles"
			}
			a.srv.AddProperties(kept[1:], "xNew")
			body := strings.TrimSuffix(strings.TrimSpace(w.body), "}") + `,"xNew":{"a":[1.0]}}`
			got := a.post(w.list, body)
			require.Equal(t, 200, got.status, got.text)
			assert.Contains(t, got.text, `"xNew":{"a":[1.0]}`)
			if w.update {
				one := w.list + "/" + jsonOf(got.object(t)["id"])
				assert.Contains(t, a.put(one, body).text, `"xNew":{"a":[1.0]}`)
				assert.NotContains(t, a.put(one, w.body).text, "xNew")
			}
		})
	}
}

func TestAnAddedPropertyOfAnAddressThatOthersAreDerivedFromIsKept(t *testing.T) {
	a := open(t)
	furnish(a)
	a.srv.AddProperties("v1/Core/Projects", "workSiteAddress.gate")
	got := a.put("/v1/Core/Projects/5", `{"title":"Tak","workSiteAddress":{"city":"Staden","gate":4}}`).object(t)
	assert.Equal(t, 4.0, got["workSiteAddress"].(map[string]any)["gate"])
	assert.Equal(t, "Staden", got["location"].(map[string]any)["city"])
}

func TestWithoutAddPropertiesAnUnknownPropertyIsPassedOver(t *testing.T) {
	a := open(t)
	furnish(a)
	got := a.put("/v1/Core/Contacts/5", `{"name":"x","creditLimit":1,"invoiceAddress":{"careOf":"y"}}`)
	assert.Equal(t, 200, got.status)
	assert.NotContains(t, got.text, "creditLimit")
	assert.NotContains(t, got.text, "careOf")
}

func TestStoresHoldAddedPropertiesInExtra(t *testing.T) {
	a := open(t)
	older := a.srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{Name: "older", InvoiceAddress: &tid.Address{City: "X"}}})
	a.srv.AddProperties(contactsPath, "creditLimit", "invoiceAddress.careOf")
	got, _ := a.srv.Contacts.Get(older)
	assert.Empty(t, got.Extra)

	extra := tid.Extra{"creditLimit": json.RawMessage("1.50"), "invoiceAddress.careOf": json.RawMessage(`"y"`)}
	id := a.srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{Name: "x"}, Extra: extra})
	got, _ = a.srv.Contacts.Get(id)
	assert.Equal(t, extra, got.Extra)
	assert.Equal(t, extra, a.srv.Contacts.All()[1].Extra)
	assert.Contains(t, a.srv.GetJSON(contactsPath+"/"+jsonOf(id)), `"creditLimit":1.50`)

	for _, one := range []int64{older, id} {
		a.srv.Contacts.Update(one, func(c *tid.Contact) { require.NoError(t, c.Extra.Set("creditLimit", 2)) })
		got, _ = a.srv.Contacts.Get(one)
		assert.JSONEq(t, "2", string(got.Extra["creditLimit"]))
	}
	assert.JSONEq(t, `"y"`, string(got.Extra["invoiceAddress.careOf"]), "what an edit does not touch stays")
	a.srv.Contacts.Update(id, func(c *tid.Contact) { c.Extra = nil })
	got, _ = a.srv.Contacts.Get(id)
	assert.Empty(t, got.Extra)

	id = a.srv.PutJSON(contactsPath, `{"name":"z","creditLimit":[],"invoiceAddress":{"careOf":null}}`)
	got, _ = a.srv.Contacts.Get(id)
	assert.Equal(t, tid.Extra{"creditLimit": json.RawMessage("[]"), "invoiceAddress.careOf": json.RawMessage("null")}, got.Extra)
	assert.Contains(t, a.get("/"+contactsPath+"/"+jsonOf(id)).text, `"creditLimit":[]`)
}

func TestAnEditKeepsAddedPropertiesOfATypeWithoutExtra(t *testing.T) {
	a := open(t)
	a.srv.AddProperties("v1/Core/Tasks", "color")
	id := a.srv.PutJSON("v1/Core/Tasks", `{"title":"x","color":"red"}`)
	a.srv.Tasks.Update(id, func(v *tid.Task) { v.Title = "y" })
	assert.Contains(t, a.srv.GetJSON("v1/Core/Tasks/"+jsonOf(id)), `"color":"red"`)
}

func TestPropertiesThatCannotBeAreAPanic(t *testing.T) {
	a := open(t)
	a.srv.AddProperties(contactsPath, "creditLimit", "invoiceAddress.careOf")
	for name, says := range map[string]string{
		"email": "it has one already", "EMail": "it has one already", "companyId": "it has one already", "creditlimit": "it has one already",
		"objectName": "it has one already", "invoiceAddress.City": "it has one already", "invoiceAddress.careOf": "it has one already",
		"homeAddress.city": "homeAddress is no nested object", "creditLimit.sum": "creditLimit is no nested object",
		"": "that is no name", "invoiceAddress.": "that is no name", "invoiceAddress.a.b": "that is no name",
	} {
		assert.PanicsWithValue(t, "tidtest: v1/Core/Contacts cannot have a property "+name+": "+says, func() { a.srv.AddProperties(contactsPath, name) }, name)
	}
	assert.PanicsWithValue(t, "tidtest: nothing is kept at v1/Core/Nothing", func() { a.srv.AddProperties("v1/Core/Nothing", "x") })

	for name, raw := range map[string]string{"nickname": "1", "email": `"x"`, "invoiceAddress.city": `"x"`, "homeAddress.x": "1", "creditLimit": "{"} {
		assert.Panics(t, func() { a.srv.Contacts.Put(tid.Contact{Extra: tid.Extra{name: json.RawMessage(raw)}}) }, name)
	}
	assert.Equal(t, 0, a.srv.Contacts.Len())
}

func TestTheClientCarriesAddedPropertiesThroughAModify(t *testing.T) {
	a := open(t)
	a.srv.AddProperties(contactsPath, "creditLimit", "owner", "invoiceAddress.careOf")
	extra := tid.Extra{"creditLimit": json.RawMessage("1.50"), "owner": json.RawMessage(`{"id":7,"name":"Test"}`), "invoiceAddress.careOf": json.RawMessage(`"y"`)}
	id := a.srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{Name: "x", ContactType: tid.ContactCompany, IsActive: true}, Extra: extra})
	client := a.srv.Client()
	got, err := client.Contacts.Modify(t.Context(), id, func(in *tid.ContactInput) error { in.Email = "a@example.com"; return nil })
	require.NoError(t, err)
	assert.Equal(t, extra, got.Extra)
	kept, _ := a.srv.Contacts.Get(id)
	assert.Equal(t, extra, kept.Extra)
	assert.Equal(t, "a@example.com", kept.Email)

	got, err = client.Contacts.Modify(t.Context(), id, func(in *tid.ContactInput) error { return in.Extra.Set("creditLimit", 2) })
	require.NoError(t, err)
	assert.JSONEq(t, "2", string(got.Extra["creditLimit"]))
	got, err = client.Contacts.Modify(t.Context(), id, func(in *tid.ContactInput) error { delete(in.Extra, "creditLimit"); return nil })
	require.NoError(t, err)
	assert.NotContains(t, got.Extra, "creditLimit")
}
