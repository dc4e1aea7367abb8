package tidtest_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// strange answers the first pages of many lists of a company.
func strange(t *testing.T, shapes ...tidtest.Shape) string {
	t.Helper()
	a := open(t, tidtest.WithStrangeShapes(shapes...), tidtest.WithCompany(tidtest.Sample(1, 20)))
	var all strings.Builder
	for _, op := range tidtest.Operations() {
		path, isGet := strings.CutPrefix(op, "GET ")
		if !isGet || strings.Contains(path, "{") || strings.HasSuffix(path, "NextProjectNumber") {
			continue
		}
		got := a.list(path, "filter.from=2026-09-01", "filter.to=2026-09-30")
		assert.True(t, json.Valid([]byte(got.text)), path)
		for _, row := range got.object(t)["items"].([]any) {
			row := row.(map[string]any)
			assert.True(t, row["id"] != nil || row["userId"] != nil || strings.Contains(path, "Summaries"), "%s: an id is always there", path)
		}
		all.WriteString(got.text)
	}
	for _, u := range a.srv.Users.All() {
		all.WriteString(a.get("/v1/Admin/Users/" + jsonOf(u.ID)).text)
	}
	for range 20 {
		all.WriteString(a.get("/v1/Core/Projects/NextProjectNumber").text + "\n")
		all.WriteString(a.exchange(a.srv.AppID+":"+a.srv.AppSecret).text + "\n")
	}
	return all.String()
}

func TestEveryStrangeShapeShowsItself(t *testing.T) {
	plain := open(t, tidtest.WithCompany(tidtest.Sample(1, 20)))
	usual := plain.list("/v1/Core/TimeReports").text + plain.list("/v1/Core/Projects").text + plain.exchange(plain.srv.AppID+":"+plain.srv.AppSecret).text
	for name, c := range map[string]struct {
		shape tidtest.Shape
		shows []string // in strange answers, and never in plain ones
	}{
		"dates": {tidtest.ShapeDates, []string{
			`"date":"\d{4}-\d\d-\d\d 00:00:00"`, `"date":"\d{4}-\d\d-\d\dT00:00:00"`, `"date":"\d{4}-\d\d-\d\dT00:00:00\+00:00"`, `T\d\d:\d\d:\d\d\.000"`, `"expires":"[^"]{19}Z"`, `"accessToken":"[^"]+"}`,
		}},
		"enums":   {tidtest.ShapePascalCase, []string{`"invoiceType":"[A-Z]`, `"Company"`, `"offerState":"[A-Z]`, `"Customer"`, `"Project_Updated"`}},
		"numbers": {tidtest.ShapeQuotedNumbers, []string{`"hours":"\d+\.\d+"`, `"sum":"`, `"turnover":"`}},
		"names": {tidtest.ShapeOtherNames, []string{
			`"nextProjectNumber":"\d+"`, `(?m)^"\d+"$`, `(?m)^\d+$`, `"userName"`, `"tags":\["Certifierad"\]`, `"name":"ROT","color"`, `"title":"(Kontaktad|Förhandling|Ny förfrågan|Offert lämnad)","color"`,
		}},
		"fields":  {tidtest.ShapeUnknownFields, []string{`"xNew":`}},
		"missing": {tidtest.ShapeMissingFields, []string{`"id":\d+,"name":"[^"]+","customerNumber"`, `"objectName":"core.timeReport","id":\d+,"clockStart"`}},
		"nulls":   {tidtest.ShapeNulls, []string{`"user":null`, `"customer":null`, `"customerNumber":null`}},
		"words":   {tidtest.ShapeUnknownWords, []string{`"somethingNew"`}},
		"totals":  {tidtest.ShapeNoTotals, []string{`"totalItemCount":[1-9]\d*,"totalPages":0`}},
	} {
		t.Run(name, func(t *testing.T) {
			got := strange(t, c.shape)
			for _, pattern := range c.shows {
				shape := regexp.MustCompile(pattern)
				assert.True(t, shape.MatchString(got), "strange answers have %s", pattern)
				assert.True(t, name == "nulls" || !shape.MatchString(usual), "plain answers do not have %s", pattern)
			}
		})
	}
	strange(t) // everything at once is still JSON
}

func TestChangesMayBeAnsweredWithNothing(t *testing.T) {
	a := open(t, tidtest.WithStrangeShapes(tidtest.ShapeEmptyAnswers))
	furnish(a)
	seen := map[string]bool{}
	for range 40 {
		got := a.put("/v1/Core/Contacts/5", `{"name":"x","contactType":"company"}`)
		seen[fmt.Sprintf("%d %t", got.status, got.text == "")] = true
	}
	assert.Equal(t, map[string]bool{"200 false": true, "200 true": true, "204 true": true}, seen)
	assert.NotEmpty(t, a.post("/v1/Core/Contacts", `{"name":"x","contactType":"company"}`).text)
}

func TestStrangeShapesFollowTheSeed(t *testing.T) {
	text := func(seed uint64) string {
		return open(t, tidtest.WithStrangeShapes(), tidtest.WithSeed(seed), tidtest.WithCompany(tidtest.Sample(1, 5))).list("/v1/Core/TimeReports").text
	}
	assert.Equal(t, text(1), text(1))
	assert.NotEqual(t, text(1), text(2))
}

func TestStoresAreNeverStrange(t *testing.T) {
	a := open(t, tidtest.WithStrangeShapes())
	id := a.srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{Name: "x", ContactType: tid.ContactCompany}})
	for range 30 {
		got, ok := a.srv.Contacts.Get(id)
		assert.True(t, ok)
		assert.Equal(t, "x", got.Name)
		assert.Equal(t, tid.ContactCompany, got.ContactType)
	}
}
