package tid_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"testing"

	"github.com/google/go-querystring/query"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
)

func TestEnumsFoldTheCaseAndKeepWhatIsUnknown(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`"fixedPrice"`, "fixedPrice"},
		{`"FixedPrice"`, "fixedPrice"},
		{`"FIXEDPRICE"`, "fixedPrice"},
		{`"Ongoing"`, "ongoing"},
		{`"none"`, "none"},
		{`"perMonth"`, "perMonth"},
		{`"PerMonth"`, "PerMonth"},
		{`""`, ""},
		{`null`, ""},
		{`"å\"\u003c"`, `å"<`},
	} {
		t.Run(test.text, func(t *testing.T) {
			v := decoded[tid.InvoiceType](t, test.text)
			assert.Equal(t, tid.InvoiceType(test.want), v)
			assert.Equal(t, v, decoded[tid.InvoiceType](t, encoded(t, v)))
		})
	}
	var p tid.Project
	require.NoError(t, tid.Unmarshal([]byte(`{"invoiceType":3}`), &p))
	assert.Equal(t, tid.InvoiceType("3"), p.InvoiceType, "a number is an unknown value, not an error")
	assert.Equal(t, []tid.ContactRelation{tid.ContactCustomer, "Lender"},
		decoded[tid.Contact](t, `{"relations":["CUSTOMER","Lender"]}`).Relations)
}

func TestReferencesAreNilWhereTheAPISaysNull(t *testing.T) {
	type row struct {
		User        *tid.Ref       `json:"user"`
		Opportunity *tid.TitleRef  `json:"opportunity"`
		Project     *tid.NumberRef `json:"project"`
	}
	for _, text := range []string{`{}`, `{"user":null,"opportunity":null,"project":null}`} {
		r := decoded[row](t, text)
		assert.Nil(t, r.User)
		assert.Nil(t, r.Opportunity)
		assert.Nil(t, r.Project)
		assert.Empty(t, r.User.String()+r.Opportunity.String()+r.Project.String(), "the name of nothing is empty, not a panic")
		assert.Equal(t, "  ", fmt.Sprintf("%v %v %v", r.User, r.Opportunity, r.Project))
	}
	r := decoded[row](t, `{
		"user":{"objectName":"admin.user","id":1,"name":"Åsa Öberg"},
		"opportunity":{"id":2,"title":"Tak"},
		"project":{"id":3,"name":"Källare","number":"2024-17","code":"K","color":"#FF0000"}}`)
	assert.Equal(t, &tid.Ref{ID: 1, Name: "Åsa Öberg", ObjectName: "admin.user"}, r.User)
	assert.Equal(t, "Åsa Öberg Tak Källare", fmt.Sprint(r.User, " ", r.Opportunity, " ", r.Project))
	assert.Equal(t, "2024-17", r.Project.Number)
	assert.Equal(t, r, decoded[row](t, encoded(t, r)))
}

func TestInputOfAnObjectWithoutReferencesHasNoIDs(t *testing.T) {
	project := decoded[tid.Project](t, `{"title":"Tak","customer":null,"status":null}`)
	assert.Equal(t, `{"title":"Tak"}`, encoded(t, project.Input()))
}

func TestTagShapes(t *testing.T) {
	for _, test := range []struct {
		text string
		want tid.Tag
	}{
		{`{"objectName":"core.tag","id":1,"title":"Brådskande","color":"#FF0000"}`, tid.Tag{ID: 1, Title: "Brådskande", Color: "#FF0000", ObjectName: "core.tag"}},
		{`{"id":1,"name":"Brådskande"}`, tid.Tag{ID: 1, Title: "Brådskande", Name: "Brådskande"}},
		{`{"id":1,"title":"a","name":"b"}`, tid.Tag{ID: 1, Title: "a", Name: "b"}},
		{`{"id":"1","title":7}`, tid.Tag{ID: 1, Title: "7"}},
		{`"Brådskande"`, tid.Tag{Title: "Brådskande"}},
		{`"\"\u00e5\""`, tid.Tag{Title: `"å"`}},
		{`""`, tid.Tag{}},
		{`{}`, tid.Tag{}},
		{`null`, tid.Tag{}},
	} {
		t.Run(test.text, func(t *testing.T) {
			tag := decoded[tid.Tag](t, test.text)
			assert.Equal(t, test.want, tag)
			assert.Equal(t, tag, decoded[tid.Tag](t, encoded(t, tag)))
		})
	}
	assert.Equal(t, []tid.Tag{{Title: "a"}, {ID: 2, Title: "b"}}, decoded[tid.User](t, `{"tags":["a",{"id":2,"title":"b"}]}`).Tags)
	for _, text := range []string{`17`, `[1]`, `true`, `{"id":"x"}`} {
		var tag tid.Tag
		assert.Error(t, json.Unmarshal([]byte(text), &tag), "%s", text)
	}
}

func TestMemberShapes(t *testing.T) {
	for _, test := range []struct {
		text string
		want tid.Member
	}{
		{`{"id":1,"name":"Åsa"}`, tid.Member{ID: 1, Name: "Åsa"}},
		{`{"userId":1,"userName":"Åsa"}`, tid.Member{ID: 1, Name: "Åsa", UserID: 1, UserName: "Åsa"}},
		{`{"id":1,"name":"Åsa","userId":2,"userName":"Bo"}`, tid.Member{ID: 1, Name: "Åsa", UserID: 2, UserName: "Bo"}},
		{`{"userId":"1","userName":null}`, tid.Member{ID: 1, UserID: 1}},
		{`{"id":1,"userName":"Åsa"}`, tid.Member{ID: 1, Name: "Åsa", UserName: "Åsa"}},
		{`{}`, tid.Member{}},
		{`null`, tid.Member{}},
	} {
		t.Run(test.text, func(t *testing.T) {
			m := decoded[tid.Member](t, test.text)
			assert.Equal(t, test.want, m)
			assert.Equal(t, m, decoded[tid.Member](t, encoded(t, m)))
		})
	}
	for _, text := range []string{`"Åsa"`, `17`, `[]`, `{"userId":"x"}`} {
		var m tid.Member
		assert.Error(t, json.Unmarshal([]byte(text), &m), "%s", text)
	}
}

func TestTextIsAStringOrANumber(t *testing.T) {
	for _, test := range []struct {
		text string
		want tid.Text
	}{
		{`"monthly"`, "monthly"},
		{`"2"`, "2"},
		{`2`, "2"},
		{`-1.50`, "-1.50"},
		{`12345678901234567890`, "12345678901234567890"},
		{`1e3`, "1e3"},
		{`""`, ""},
		{`"åäö \" \n"`, "åäö \" \n"},
		{`null`, ""},
	} {
		t.Run(test.text, func(t *testing.T) {
			v := decoded[tid.Text](t, test.text)
			assert.Equal(t, test.want, v)
			assert.Equal(t, v, decoded[tid.Text](t, encoded(t, v)), "always written as a string")
		})
	}
	assert.Equal(t, `"2"`, encoded(t, tid.Text("2")))
	for _, text := range []string{`true`, `{}`, `[]`} {
		var v tid.Text
		assert.Error(t, json.Unmarshal([]byte(text), &v), "%s", text)
	}
}

func TestOptTellsAbsentNullAndZeroApart(t *testing.T) {
	type body struct {
		Active tid.Opt[bool]            `json:"active,omitzero" url:"active,omitempty"`
		Count  tid.Opt[int64]           `json:"count,omitzero" url:"count,omitempty"`
		Name   tid.Opt[string]          `json:"name,omitzero" url:"name,omitempty"`
		Type   tid.Opt[tid.ContactType] `json:"type,omitzero" url:"type,omitempty"`
		Date   tid.Opt[tid.Date]        `json:"date,omitzero" url:"date,omitempty"`
	}
	for _, test := range []struct {
		name, json string
		query      url.Values
		body       body
	}{
		{"absent", `{}`, url.Values{}, body{}},
		{"null", `{"active":null,"count":null,"name":null,"type":null,"date":null}`, url.Values{},
			body{tid.Null[bool](), tid.Null[int64](), tid.Null[string](), tid.Null[tid.ContactType](), tid.Null[tid.Date]()}},
		{"zero", `{"active":false,"count":0,"name":""}`, url.Values{"active": {"false"}, "count": {"0"}, "name": {""}},
			body{Active: tid.Set(false), Count: tid.Set(int64(0)), Name: tid.Set("")}},
		{"set", `{"active":true,"count":-7,"name":"a","type":"person","date":"2024-03-01 00:00:00"}`,
			url.Values{"active": {"true"}, "count": {"-7"}, "name": {"a"}, "type": {"person"}, "date": {"2024-03-01"}},
			body{tid.Set(true), tid.Set(int64(-7)), tid.Set("a"), tid.Set(tid.ContactPerson), tid.Set(tid.NewDate(2024, 3, 1))}},
	} {
		t.Run(test.name, func(t *testing.T) {
			assert.JSONEq(t, test.json, encoded(t, test.body))
			assert.Equal(t, test.body, decoded[body](t, test.json))
			assert.Equal(t, test.query, asQuery(t, test.body))
		})
	}
	assert.True(t, tid.Opt[bool]{}.IsZero())
	assert.False(t, tid.Set(false).IsZero())
	assert.False(t, tid.Null[bool]().IsZero())
	assert.True(t, tid.Null[bool]().IsNull())
	assert.False(t, tid.Opt[bool]{}.IsNull())
	assert.Equal(t, "null", encoded(t, tid.Opt[bool]{}), "where nothing can be left out, absent is null")
	v, ok := tid.Set(7).Get()
	assert.Equal(t, 7, v)
	assert.True(t, ok)
	v, ok = tid.Null[int]().Get()
	assert.Zero(t, v)
	assert.False(t, ok)
}

func TestOptPutsAnyTextIntoAFilterAsItStands(t *testing.T) {
	type filter struct {
		Query tid.Opt[string] `url:"q,omitempty"`
	}
	for _, text := range []string{`"`, `"quoted"`, `a"b`, `<tak & vägg>`, `\`, "åäö", "\n", "null", "7", " "} {
		assert.Equal(t, url.Values{"q": {text}}, asQuery(t, filter{tid.Set(text)}))
	}
}

func TestOptReadsWhatItsValueReads(t *testing.T) {
	n := decoded[tid.Opt[int64]](t, `"17"`)
	assert.Equal(t, tid.Set(int64(17)), n, "a number in a string too")
	d := decoded[tid.Opt[tid.Decimal]](t, `"7.50"`)
	v, ok := d.Get()
	assert.True(t, ok && v.Equal(tid.MustDecimal("7.5")))
	_, err := query.Values(struct {
		V tid.Opt[chan int] `url:"v"`
	}{tid.Set(make(chan int))})
	assert.Error(t, err, "a value that cannot be written is not left out in silence")
	o := tid.Set(true)
	assert.Error(t, json.Unmarshal([]byte(`"maybe"`), &o))
	assert.Equal(t, tid.Set(true), o, "a failed read changes nothing")
}
