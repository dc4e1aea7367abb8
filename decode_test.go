package tid_test

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
)

// lenient reads v as the client reads an answer.
func lenient[T any](t testing.TB, text string) T {
	t.Helper()
	var v T
	require.NoError(t, tid.Unmarshal([]byte(text), &v), "%s", text)
	return v
}

func TestScalarsOfAnotherKindAreRead(t *testing.T) {
	type row struct {
		ID       int64           `json:"id"`
		Count    *int            `json:"count"`
		Small    uint8           `json:"small"`
		Latitude float64         `json:"latitude"`
		Active   bool            `json:"active"`
		Name     string          `json:"name"`
		Named    *string         `json:"named"`
		IDs      []int64         `json:"ids"`
		Grid     [][]int         `json:"grid"`
		Pair     [2]int          `json:"pair"`
		ByName   map[string]int  `json:"byName"`
		User     *tid.Ref        `json:"user"`
		Users    []tid.Ref       `json:"users"`
		Pointers []*tid.Ref      `json:"pointers"`
		Date     tid.Date        `json:"date"`
		Any      any             `json:"any"`
		Raw      json.RawMessage `json:"raw"`
	}
	seven, text := 7, "1.50"
	for _, test := range []struct {
		name, text string
		want       row
	}{
		{"numbers as strings", `{"id":"4711","count":"7","small":"255","latitude":"59.3"}`, row{ID: 4711, Count: &seven, Small: 255, Latitude: 59.3}},
		{"an id that a float would not hold", `{"id":"9007199254740993"}`, row{ID: 9007199254740993}},
		{"strings as numbers", `{"name":17,"named":1.50}`, row{Name: "17", Named: &text}},
		{"strings as booleans", `{"name":true}`, row{Name: "true"}},
		{"booleans as strings", `{"active":"True"}`, row{Active: true}},
		{"booleans as digits in strings", `{"active":"1"}`, row{Active: true}},
		{"empty strings for numbers and booleans", `{"id":"","count":"","latitude":"","active":""}`, row{}},
		{"unknown fields", `{"id":"1","vat":{"deep":["x",1,null]}}`, row{ID: 1}},
		{"names in another case", `{"ID":"1","Name":2}`, row{ID: 1, Name: "2"}},
		{"slices", `{"ids":["1",2,"3"],"grid":[["1"],[],["2",3]],"pair":["1",2]}`,
			row{IDs: []int64{1, 2, 3}, Grid: [][]int{{1}, {}, {2, 3}}, Pair: [2]int{1, 2}}},
		{"maps", `{"byName":{"a":"1","b":2}}`, row{ByName: map[string]int{"a": 1, "b": 2}}},
		{"nested structs", `{"user":{"id":"1","name":2},"users":[{"id":"3"},{"id":4}],"pointers":[null,{"id":"5"}]}`,
			row{User: &tid.Ref{ID: 1, Name: "2"}, Users: []tid.Ref{{ID: 3}, {ID: 4}}, Pointers: []*tid.Ref{nil, {ID: 5}}}},
		{"nulls beside a mismatch", `{"id":"1","user":null,"ids":null,"date":null,"name":null,"byName":null}`, row{ID: 1}},
		{"what is right stays as it is", `{"id":"1","name":"007","date":"2024-03-01","any":1.50,"raw":{"id":"1"}}`,
			row{ID: 1, Name: "007", Date: tid.NewDate(2024, 3, 1), Any: 1.5, Raw: json.RawMessage(`{"id":"1"}`)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, lenient[row](t, test.text))
			assert.Equal(t, test.want, lenient[row](t, "\ufeff"+test.text), "with a byte order mark")
		})
	}
}

func TestTheModelsAreReadWhateverTheKindsOfTheirScalars(t *testing.T) {
	report := lenient[tid.Page[tid.TimeReport]](t, `{"page":"1","pageSize":"100","itemCount":"1","totalItemCount":1,"totalPages":"1","items":[{
		"id":"17","date":"2024-03-01T00:00:00","clockStart":"07:30","hours":"7.50","invoiceableHours":7.5,"breakMinutes":"30",
		"hasAdditions":"false","user":{"id":"5","name":7},"project":{"id":9,"name":"Tak","number":2024},"comment":12,"invoiceId":null}]}`)
	assert.Equal(t, []int{1, 100, 1, 1, 1}, []int{report.Page, report.PageSize, report.ItemCount, report.TotalItemCount, report.TotalPages})
	require.Len(t, report.Items, 1)
	r := report.Items[0]
	assert.Equal(t, int64(17), r.ID)
	assert.Equal(t, "7.5", r.Hours.String())
	assert.Equal(t, 30, r.BreakMinutes)
	assert.Equal(t, &tid.Ref{ID: 5, Name: "7"}, r.User)
	assert.Equal(t, "2024", r.Project.Number)
	assert.Equal(t, "12", r.Comment)
	assert.Equal(t, tid.NewDate(2024, 3, 1), r.Date)
	assert.Equal(t, tid.NewClockTime(7, 30), r.ClockStart)
}

// Caller-defined types around a model of the package.
type (
	ownContact struct {
		tid.Contact
		VAT int `json:"vatNumber"` // an outer field hides the inner one of the same JSON name
	}
	ownProject struct {
		*tid.Project
		Title int    `json:"ownTitle"` // the same name in Go, another in JSON: hides nothing
		Extra string `json:"extra"`
	}
	ownText  string
	ownFlag  bool
	ownCount int32
	ownRow   struct {
		Text        ownText   `json:"text"`
		Flag        ownFlag   `json:"flag"`
		Count       ownCount  `json:"count"`
		At          time.Time `json:"at"`
		Self        *ownRow   `json:"self"`
		skip        int
		Never       int `json:"-"`
		Plain       int
		json.Number `json:"number"`
	}
	ownLoop struct {
		//lint:ignore U1000 it is there to be met by reflection
		*ownLoop
		ID int64 `json:"id"`
	}
)

func TestEmbeddedModelsAreReadAsEncodingJSONReadsThem(t *testing.T) {
	c := lenient[ownContact](t, `{"id":"1","name":2,"vatNumber":"556677","contactType":"Person"}`)
	assert.Equal(t, int64(1), c.ID)
	assert.Equal(t, "2", c.Name)
	assert.Equal(t, 556677, c.VAT)
	assert.Empty(t, c.VATNumber)
	assert.Equal(t, tid.ContactPerson, c.ContactType)

	p := lenient[ownProject](t, `{"id":"1","title":7,"ownTitle":"8","extra":true}`)
	require.NotNil(t, p.Project)
	assert.Equal(t, int64(1), p.ID)
	assert.Equal(t, "7", p.Project.Title)
	assert.Equal(t, 8, p.Title)
	assert.Equal(t, "true", p.Extra)

	r := lenient[ownRow](t, `{"text":1,"flag":"true","count":"3","at":"2024-03-01T00:00:00Z","plain":"4","number":5,"skip":"x","Never":"x","self":{"text":2,"self":null}}`)
	assert.Equal(t, ownText("1"), r.Text)
	assert.True(t, bool(r.Flag))
	assert.Equal(t, ownCount(3), r.Count)
	assert.Equal(t, 2024, r.At.Year())
	assert.Equal(t, 4, r.Plain)
	assert.Equal(t, json.Number("5"), r.Number)
	assert.Equal(t, ownText("2"), r.Self.Text)
	assert.Zero(t, r.Never+r.skip)

	assert.Equal(t, int64(1), lenient[ownLoop](t, `{"id":"1"}`).ID)
}

func TestWhatCannotBeReadNamesThePlaceAndNotTheContent(t *testing.T) {
	const secret = "pk_secret"
	for _, test := range []struct{ name, text, want string }{
		{"an object for a string", `{"items":[{"comment":{"x":"` + secret + `"}}]}`, "items.comment"},
		{"a word for a number", `{"items":[{"breakMinutes":"` + secret + `"}]}`, "items.breakMinutes"},
		{"a list for an object", `{"items":[{"user":["` + secret + `"]}]}`, "items.user"},
		{"an object for the list", `{"items":{"a":"` + secret + `"}}`, "items"},
		{"a string for the list", `{"items":"` + secret + `"}`, "items"},
		{"a list for the page", `["` + secret + `"]`, "array"},
		{"a fraction for an id", `{"items":[{"id":1.5,"comment":"` + secret + `"}]}`, "items.id"},
		{"a number out of range", `{"items":[{"id":99999999999999999999,"comment":"` + secret + `"}]}`, "items.id"},
		{"not JSON", `{"items":[` + secret + `]}`, "not JSON (at byte 11)"},
		{"two values", `{"page":1} "` + secret + `"`, "not JSON"},
		{"cut off", `{"items":[{"comment":"` + secret, "cut off"},
		{"HTML", `<html>` + secret, "a web page and not JSON"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var page tid.Page[tid.TimeReport]
			err := tid.Unmarshal([]byte(test.text), &page)
			require.Error(t, err)
			err = tid.Describe(err, []byte(test.text))
			assert.ErrorContains(t, err, test.want)
			assert.NotContains(t, err.Error(), secret)
			if strings.HasPrefix(test.want, "items.") {
				assert.Regexp(t, `at byte [1-9]`, err.Error())
			}
		})
	}
}

func TestAnInvalidValueIsAClearErrorThatNamesItsField(t *testing.T) {
	for text, want := range map[string]string{
		`{"items":[{"date":"2024-13-01"}]}`:   `a string where tid.Date is expected (items.date)`,
		`{"items":[{"clockStart":"07.30"}]}`:  `a string where tid.ClockTime is expected (items.clockStart)`,
		`{"items":[{"hours":"7,5"}]}`:         `a string where tid.Decimal is expected (items.hours)`,
		`{"items":[{"createdDate":"today"}]}`: `a string where tid.DateTime is expected (items.createdDate)`,
	} {
		var page tid.Page[tid.TimeReport]
		err := tid.Unmarshal([]byte(text), &page)
		require.Error(t, err)
		assert.ErrorContains(t, tid.Describe(err, []byte(text)), want)
	}
}

func TestDeepNestingIsAnErrorAndNotACrash(t *testing.T) {
	for _, text := range []string{
		`{"id":"1","x":` + strings.Repeat("[", 1<<20),
		`{"id":"1","x":` + strings.Repeat(`{"x":`, 1<<18),
		`{"id":"1","x":` + strings.Repeat("[", 1<<20) + strings.Repeat("]", 1<<20) + `}`,
	} {
		var ref tid.Ref
		assert.Error(t, tid.Unmarshal([]byte(text), &ref))
	}
	type nested struct {
		ID   int64   `json:"id"`
		Next *nested `json:"next"`
	}
	const depth = 4000
	list := lenient[nested](t, strings.Repeat(`{"id":"1","next":`, depth)+"null"+strings.Repeat("}", depth))
	n := 0
	for at := &list; at != nil; at = at.Next {
		assert.Equal(t, int64(1), at.ID)
		n++
	}
	assert.Equal(t, depth, n)
}

func TestAHugeAnswerIsNotTakenApart(t *testing.T) {
	body := []byte(`{"page":"1","x":[0` + strings.Repeat(",0", 4<<20) + `]}`)
	var page tid.Page[tid.Ref]
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := tid.Unmarshal(body, &page)
	runtime.ReadMemStats(&after)
	assert.ErrorContains(t, tid.Describe(err, body), "a string where int is expected (page, at byte 11)")
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(len(body)), "no copy of it was made")
}

func TestUnmarshalRefusesWhatIsNoTarget(t *testing.T) {
	assert.Error(t, tid.Unmarshal([]byte(`{"id":"1"}`), nil))
	assert.Error(t, tid.Unmarshal([]byte(`{"id":"1"}`), tid.Ref{}))
	assert.Error(t, tid.Unmarshal([]byte(`{"id":"1"}`), (*tid.Ref)(nil)))
}
