package tid_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
)

// strict is a server that knows nothing of types: a PUT replaces the whole object by its
// body, and a GET answers what it holds. It renames what the API takes under one name
// and gives under another, and ignores what it is told to ignore.
type strict struct {
	held    map[string]any
	refs    map[string]string // written name → the name that it is read by, as a reference
	ignored string
	cleared string
	body    map[string]any // of the last PUT
	status  int            // of a PUT, 200 unless set
	answer  func(method string, object map[string]any) string
	gets    int
}

// maintained are what the API sets by itself.
var maintained = []string{"id", "objectName", "created", "updated", "createdDate", "updatedDate", "createdBy", "updatedBy"}

func (s *strict) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method == http.MethodGet {
		s.gets++
	} else {
		s.body = nil
		dec := json.NewDecoder(req.Body)
		dec.UseNumber()
		if err := dec.Decode(&s.body); err != nil {
			return nil, err
		}
		if s.status != 0 {
			return answer(req, s.status, `{"message":"unknown property"}`), nil
		}
		next := map[string]any{}
		for _, name := range maintained {
			if v, ok := s.held[name]; ok {
				next[name] = v
			}
		}
		if was, ok := s.held[s.ignored]; ok && s.ignored != "" {
			next[s.ignored] = was
		}
		for name, v := range s.body {
			as, ref := s.refs[name]
			switch {
			case s.ignored != "" && (name == s.ignored || as == s.ignored) || slices.Contains(maintained, name):
			case ref && strings.HasSuffix(name, "Ids"):
				var list []any
				for _, id := range v.([]any) {
					list = append(list, map[string]any{"id": id})
				}
				next[as] = list
			case ref && v != nil:
				next[as] = map[string]any{"id": v, "name": "of " + fmt.Sprint(v)}
			default:
				next[name] = v
			}
		}
		if s.cleared != "" {
			delete(next, s.cleared)
		}
		s.held = next
	}
	if s.answer != nil {
		return answer(req, 200, s.answer(req.Method, s.held)), nil
	}
	text, _ := json.Marshal(s.held)
	return answer(req, 200, string(text)), nil
}

func holding(object string) *strict {
	s := &strict{refs: map[string]string{"companyId": "company", "parentCompanyId": "parentCompany", "responsibleId": "responsible", "tagIds": "tags"}}
	dec := json.NewDecoder(strings.NewReader(object))
	dec.UseNumber()
	if err := dec.Decode(&s.held); err != nil {
		panic(err)
	}
	return s
}

func jsonOf(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

func TestModifyKeepsWhatTheModelDoesNotKnow(t *testing.T) {
	s := holding(`{"id":7,"objectName":"contact","contactType":"company","name":"Berg","isActive":null,"email":"old@example.com",
		"fax":"08-1","paymentTerms":30,"customFields":[{"a":1.50}],"priceListId":12,
		"invoiceAddress":{"city":"Luleå","careOf":"Mora"},"district":{"id":4,"name":"Norr","objectName":"district"},
		"responsible":{"userId":21,"userName":"Eva"},"parentCompanyId":9,"createdVia":"import","updatedCount":3}`)
	c := free(t, s)
	got, err := c.Contacts.Modify(t.Context(), 7, func(in *tid.ContactInput) error { in.Email = "new@example.com"; return nil })
	require.NoError(t, err)
	assert.JSONEq(t, `{"contactType":"company","name":"Berg","email":"new@example.com",
		"fax":"08-1","paymentTerms":30,"customFields":[{"a":1.50}],"priceListId":12,
		"invoiceAddress":{"city":"Luleå","careOf":"Mora"},"district":{"id":4,"name":"Norr","objectName":"district"},"districtId":4,
		"responsibleId":21,"parentCompanyId":9}`, jsonOf(s.body))
	assert.Contains(t, jsonOf(s.body), "1.50", "numbers go back as they came")
	var fax string
	ok, err := got.Extra.Get("fax", &fax)
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, "08-1", fax)
	assert.JSONEq(t, `"Mora"`, string(got.Extra["invoiceAddress.careOf"]))
}

func TestAnInputLeavesUnsetWhatTheAnswerDidNotHave(t *testing.T) {
	for object, want := range map[string]string{
		`{"id":1,"user":{"id":3},"date":"2026-10-01","project":{"id":5},"hours":8}`:                          `{"userId":3,"date":"2026-10-01T00:00:00","projectId":5,"hours":8}`,
		`{"id":1,"user":{"id":3},"date":"2026-10-01","project":{"id":5},"hours":8,"invoiceableHours":null}`:  `{"userId":3,"date":"2026-10-01T00:00:00","projectId":5,"hours":8}`,
		`{"id":1,"user":{"id":3},"date":"2026-10-01","project":{"id":5},"hours":8,"INVOICEABLEHOURS":"0.0"}`: `{"userId":3,"date":"2026-10-01T00:00:00","projectId":5,"hours":8,"invoiceableHours":0}`,
	} {
		report, err := free(t, holding(object)).TimeReports.Get(t.Context(), 1)
		require.NoError(t, err)
		var got, expected map[string]any
		require.NoError(t, json.Unmarshal([]byte(jsonOf(report.Input())), &got))
		require.NoError(t, json.Unmarshal([]byte(want), &expected))
		got["date"], expected["date"] = nil, nil // its spelling is claimed elsewhere
		assert.Equal(t, expected, got, object)
	}
	report, err := free(t, holding(`{"id":1,"project":{"id":5},"articleNumber":"7"}`)).MaterialReports.Get(t.Context(), 1)
	require.NoError(t, err)
	assert.JSONEq(t, `{"projectId":5,"articleNumber":"7"}`, jsonOf(report.Input()))
	byHand := tid.MaterialReport{ID: 1}
	assert.False(t, byHand.Input().CostPerUnit.IsZero(), "an object made by hand has all that its fields say")
}

func TestExtraSetsWhatTheModelLacks(t *testing.T) {
	s := holding(`{"id":7,"contactType":"company","name":"Berg"}`)
	c := free(t, s)
	in := &tid.ContactInput{Name: "Berg", ContactType: tid.ContactCompany}
	require.NoError(t, in.Extra.Set("fax", "08-1"))
	require.NoError(t, in.Extra.Set("invoiceAddress.careOf", "<Mora> & co"))
	_, err := c.Contacts.Update(t.Context(), 7, in)
	require.NoError(t, err)
	assert.JSONEq(t, `{"contactType":"company","name":"Berg","fax":"08-1","invoiceAddress":{"careOf":"<Mora> & co"}}`, jsonOf(s.body))
	_, err = c.Contacts.Create(t.Context(), in)
	require.NoError(t, err)
	_, err = c.Contacts.Modify(t.Context(), 7, func(in *tid.ContactInput) error { return in.Extra.Set("fax", nil) })
	require.NoError(t, err)
	assert.Nil(t, s.held["fax"])

	for name, set := range map[string]func(*tid.Extra) error{
		"email":               func(e *tid.Extra) error { return e.Set("email", "a@example.com") },
		"EMail":               func(e *tid.Extra) error { return e.Set("EMail", "a@example.com") },
		"name":                func(e *tid.Extra) error { return e.Set("name", "Berg") },
		"invoiceAddress.city": func(e *tid.Extra) error { return e.Set("invoiceAddress.city", "Luleå") },
		"raw":                 func(e *tid.Extra) error { *e = tid.Extra{"raw": json.RawMessage("{")}; return nil },
		"void":                func(e *tid.Extra) error { *e = tid.Extra{"void": nil}; return nil },
		"":                    func(e *tid.Extra) error { return e.Set("", 1) },
	} {
		in := &tid.ContactInput{Name: "Berg", ContactType: tid.ContactCompany}
		require.NoError(t, set(&in.Extra))
		s.body = nil
		_, err := c.Contacts.Update(t.Context(), 7, in)
		var e *tid.Error
		require.ErrorAs(t, err, &e, name)
		assert.ErrorIs(t, err, tid.ErrInvalidInput)
		assert.Contains(t, e.Fields, name)
		assert.Nil(t, s.body, "nothing was sent")
	}
	in = &tid.ContactInput{Name: "Berg", ContactType: tid.ContactCompany}
	assert.Error(t, in.Extra.Set("fax", func() {}))
	_, err = c.Contacts.Update(t.Context(), 7, in)
	assert.ErrorIs(t, err, tid.ErrInvalidInput, "what could not be set is not left out in silence")
}

// A caller that clears an object clears what it carried; one that sets a field from a flat
// name clears it by that field.
func TestWhatIsClearedIsNotCarried(t *testing.T) {
	s := holding(`{"id":7,"title":"Tak","categoryId":3,"workSiteAddress":{"city":"Umeå","gateCode":"1234"}}`)
	s.refs = map[string]string{"contactId": "customer"}
	c := free(t, s)
	_, err := c.Projects.Modify(t.Context(), 7, func(in *tid.ProjectInput) error {
		assert.EqualValues(t, 3, in.CategoryID)
		in.WorkSiteAddress, in.CategoryID = nil, 0
		return nil
	})
	require.NoError(t, err)
	assert.JSONEq(t, `{"id":7,"title":"Tak"}`, jsonOf(s.body))
}

func TestARefusalNamesWhatWasCarried(t *testing.T) {
	s := holding(`{"id":7,"contactType":"company","name":"Berg","fax":"08-1","paymentTerms":30}`)
	s.status = http.StatusBadRequest
	c := free(t, s)
	edit := func(in *tid.ContactInput) error { in.Email = "a@example.com"; return nil }
	_, err := c.Contacts.Modify(t.Context(), 7, edit)
	require.ErrorIs(t, err, tid.ErrBadRequest)
	assert.ErrorContains(t, err, "fax, paymentTerms; in.Extra = nil leaves them out")
	assert.NotContains(t, err.Error(), "08-1")
	s.status = 0
	_, err = c.Contacts.Modify(t.Context(), 7, func(in *tid.ContactInput) error { in.Extra = nil; return edit(in) })
	require.NoError(t, err)
	assert.NotContains(t, s.body, "fax")
}

func TestARowOfAListIsNotWrittenBack(t *testing.T) {
	var sent []string
	c := free(t, roundTrip(func(req *http.Request) (*http.Response, error) {
		sent = append(sent, req.Method)
		if req.Method == http.MethodGet {
			return answer(req, 200, `{"items":[{"id":1,"user":{"id":3},"date":"2026-10-01","project":{"id":5}}],"itemCount":1,"totalItemCount":1}`), nil
		}
		return answer(req, 200, ``), nil
	}), tid.WithWriteCheck(tid.WriteCheckOff))
	rows, err := tid.Collect(c.TimeReports.All(t.Context(), nil), 0)
	require.NoError(t, err)
	_, err = c.TimeReports.Update(t.Context(), 1, rows[0].Input())
	assert.ErrorIs(t, err, tid.ErrInvalidInput)
	assert.ErrorContains(t, err, "use Modify")
	_, err = c.TimeReports.Create(t.Context(), rows[0].Input())
	assert.NoError(t, err, "a copy loses nothing of the original")
	assert.Equal(t, []string{"GET", "POST"}, sent)
}

type myContact struct {
	tid.Contact
	VAT string `json:"vat"`
}

func TestEmbeddedDetailsKnowTheirOwnFields(t *testing.T) {
	const object = `{"id":7,"name":"Berg","contactType":"company","vat":"SE5566","fax":"08-1"}`
	c := free(t, holding(object))
	got, err := tid.GetAs[myContact](t.Context(), c, "v1/Core/Contacts/7")
	require.NoError(t, err)
	assert.Equal(t, "SE5566", got.VAT)
	assert.Equal(t, tid.Extra{"fax": json.RawMessage(`"08-1"`), "vat": json.RawMessage(`"SE5566"`)}, got.Extra, "so that an update carries both")
	var done myContact
	require.NoError(t, c.Do(t.Context(), "GET", "v1/Core/Contacts/7", nil, nil, &done))
	assert.Equal(t, *got, done)
	_, err = tid.GetAs[myContact](t.Context(), free(t, holding(`{"name":"gone"}`)), "v1/Core/Contacts/7")
	assert.ErrorIs(t, err, tid.ErrNotFound)
	_, err = tid.GetAs[struct{ ID string }](t.Context(), free(t, holding(`{"id":"A7"}`)), "v1/x")
	assert.NoError(t, err, "an id that is no number says nothing")
	type xID int64
	_, err = tid.GetAs[struct{ ID xID }](t.Context(), free(t, holding(`{"id":0}`)), "v1/x")
	assert.ErrorIs(t, err, tid.ErrNotFound, "of a type of the caller's, without a tag")
	raw, err := tid.GetAs[json.RawMessage](t.Context(), c, "v1/Core/Contacts/7")
	require.NoError(t, err)
	assert.Contains(t, string(*raw), "SE5566")
	list := roundTrip(func(req *http.Request) (*http.Response, error) {
		return answer(req, 200, `{"items":[`+object+`],"itemCount":1,"totalItemCount":1}`), nil
	})
	rows, err := tid.Collect(tid.AllAs[myContact](t.Context(), free(t, list), "v1/Core/Contacts", nil), 0)
	require.NoError(t, err)
	assert.Equal(t, "SE5566", rows[0].VAT)
	assert.Nil(t, rows[0].Extra, "rows do not pay for it")
	type node struct {
		ID     int64 `json:"id"`
		Parent *node `json:"parent"`
	}
	var n node
	require.NoError(t, c.Do(t.Context(), "GET", "v1/x", nil, nil, &n), "a type that holds itself")
}

// random is any JSON value.
func random(rng *rand.Rand, depth int) any {
	switch k := rng.IntN(8 - 2*min(depth, 1)); k {
	case 0:
		return nil
	case 1:
		return rng.IntN(2) == 0
	case 2:
		return json.Number(strconv.Itoa(rng.IntN(1000)))
	case 3:
		return json.Number(fmt.Sprintf("%d.%d0", rng.IntN(100), rng.IntN(10)))
	case 4, 5:
		return fmt.Sprintf("text <%d> å", rng.IntN(100))
	case 6:
		list := make([]any, rng.IntN(3))
		for i := range list {
			list[i] = random(rng, depth+1)
		}
		return list
	default:
		return map[string]any{"id": json.Number(strconv.Itoa(1 + rng.IntN(99))), "name": "x", "more": random(rng, depth+1)}
	}
}

// randomContact is a contact with some of the known properties, and unknown ones.
func randomContact(rng *rand.Rand) map[string]any {
	o := map[string]any{"id": json.Number("7"), "objectName": "contact", "name": "Berg", "contactType": "company", "updated": "2026-01-02T03:04:05"}
	for _, name := range []string{"customerNumber", "email", "invoiceEmail", "phoneNumber", "website", "vatNumber", "importantInformation"} {
		switch rng.IntN(4) {
		case 0:
			o[name] = nil
		case 1, 2:
			o[name] = fmt.Sprintf("%s %d", name, rng.IntN(9))
		}
	}
	if rng.IntN(2) == 0 {
		o["isActive"] = rng.IntN(2) == 0
	}
	if rng.IntN(2) == 0 {
		o["responsible"] = map[string]any{"id": json.Number("21"), "name": "of 21"}
	}
	if rng.IntN(3) == 0 {
		o["tags"] = []any{map[string]any{"id": json.Number("3")}, map[string]any{"id": json.Number("5")}}
	}
	for _, name := range []string{"visitAddress", "postalAddress", "invoiceAddress"} {
		if rng.IntN(2) == 0 {
			a := map[string]any{"city": fmt.Sprintf("city %d", rng.IntN(9))}
			for range rng.IntN(3) {
				a[fmt.Sprintf("inner%d", rng.IntN(5))] = random(rng, 1)
			}
			o[name] = a
		}
	}
	for range rng.IntN(6) {
		o[fmt.Sprintf("unknown%d", rng.IntN(9))] = random(rng, 0)
	}
	return o
}

// edits are what a program does to a contact, and to the object that it expects.
var edits = []struct {
	property string
	edit     func(*tid.ContactInput)
	value    any // nil where it is cleared
}{
	{"email", func(in *tid.ContactInput) { in.Email = "new@example.com" }, "new@example.com"},
	{"email", func(in *tid.ContactInput) { in.Email = "" }, nil},
	{"website", func(in *tid.ContactInput) { in.Website = "www.example.com" }, "www.example.com"},
	{"name", func(in *tid.ContactInput) { in.Name = "Dal" }, "Dal"},
	{"isActive", func(in *tid.ContactInput) { in.IsActive = tid.Set(true) }, true},
	{"vatNumber", func(in *tid.ContactInput) { in.VATNumber = "SE1" }, "SE1"},
	{"unknown3", func(in *tid.ContactInput) { _ = in.Extra.Set("unknown3", 3) }, json.Number("3")},
	{"unknown4", func(in *tid.ContactInput) { delete(in.Extra, "unknown4"); delete(in.Extra, "unknown4Id") }, nil},
}

// without drops what is null, and what a PUT adds: the ids of references.
func without(o map[string]any) map[string]any {
	kept := map[string]any{}
	for name, v := range o {
		if _, ref := o[strings.TrimSuffix(name, "Id")].(map[string]any); v == nil || v == "" || ref && strings.HasPrefix(name, "unknown") && strings.HasSuffix(name, "Id") {
			continue
		}
		if list, ok := v.([]any); ok && len(list) == 0 && !strings.HasPrefix(name, "unknown") {
			continue
		}
		kept[name] = v
	}
	return kept
}

func TestModifyLosesNothingButWhatIsEdited(t *testing.T) {
	for i := range underRace(10_000, 1_000) {
		rng := rand.New(rand.NewPCG(11, uint64(i)))
		s := &strict{held: randomContact(rng), refs: holding(`{}`).refs}
		want := maps.Clone(s.held)
		chosen := rng.Perm(len(edits))[:1+rng.IntN(3)]
		_, err := free(t, s).Contacts.Modify(t.Context(), 7, func(in *tid.ContactInput) error {
			for _, k := range chosen {
				edits[k].edit(in)
				want[edits[k].property] = edits[k].value
			}
			return nil
		})
		require.NoError(t, err, "run %d", i)
		require.Equal(t, without(want), without(s.held), "run %d", i)
	}
}

func TestAnIgnoredPropertyIsNamed(t *testing.T) {
	for i := range underRace(10_000, 1_000) {
		rng := rand.New(rand.NewPCG(12, uint64(i)))
		s := &strict{held: randomContact(rng), refs: holding(`{}`).refs}
		e := edits[rng.IntN(len(edits))]
		s.ignored = e.property
		before := s.held[e.property]
		got, err := free(t, s).Contacts.Modify(t.Context(), 7, func(in *tid.ContactInput) error { e.edit(in); return nil })
		if reflect.DeepEqual(before, e.value) || (before == nil || before == "") && e.value == nil {
			require.NoError(t, err, "run %d", i)
			continue
		}
		if e.value == nil && slices.Contains([]string{"[]", "{}"}, jsonOf(before)) {
			require.NoError(t, err, "run %d", i)
			continue
		}
		require.ErrorIs(t, err, tid.ErrNotApplied, "run %d: %s", i, e.property)
		var failure *tid.Error
		require.ErrorAs(t, err, &failure)
		require.Equal(t, []string{e.property}, slices.Collect(maps.Keys(failure.Fields)), "run %d", i)
		require.NotNil(t, got, "the object as it stands is returned")
	}
}

func TestWritesProveThemselves(t *testing.T) {
	const object = `{"id":7,"contactType":"company","name":"Berg","email":"old@example.com","vatNumber":"SE1"}`
	update := func(c *tid.Client) (*tid.Contact, error) {
		return c.Contacts.Update(t.Context(), 7, &tid.ContactInput{Name: "Berg", ContactType: tid.ContactCompany, Email: "new@example.com",
			VATNumber: "SE2", TagIDs: []int64{3, 5}})
	}
	for name, c := range map[string]struct {
		distort func(*strict)
		fields  map[string][]string // of the error; nil for none
		gets    int
	}{
		"applied": {distort: func(*strict) {}},
		"ignored": {distort: func(s *strict) { s.ignored = "vatNumber" },
			fields: map[string][]string{"vatNumber": {`sent "SE2"`, `held "SE1"`}}},
		"cleared beside": {distort: func(s *strict) { s.cleared = "email" }, gets: 1,
			fields: map[string][]string{"email": {`sent "new@example.com"`, "held nothing"}}},
		"an empty answer": {distort: func(s *strict) { s.answer = empty(http.MethodPut, ``) }, gets: 1},
		"an empty answer, and ignored": {distort: func(s *strict) { s.answer, s.ignored = empty(http.MethodPut, ``), "vatNumber" }, gets: 1,
			fields: map[string][]string{"vatNumber": {`sent "SE2"`, `held "SE1"`}}},
		"a part": {distort: func(s *strict) { s.answer = empty(http.MethodPut, `{"id":7}`) }, gets: 1},
		"another spelling": {distort: func(s *strict) {
			s.answer = empty(http.MethodPut, `{"id":7,"name":" Berg ","contactType":"Company","email":"new@example.com","vatNumber":"SE2\r\n","tags":[{"id":5},{"id":3}]}`)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := holding(object)
			c.distort(s)
			var log strings.Builder
			got, err := update(free(t, s, tid.WithLogger(textLog(&log))))
			assert.Equal(t, c.gets, s.gets)
			require.NotNil(t, got)
			assert.EqualValues(t, 7, got.ID)
			if c.fields == nil {
				require.NoError(t, err)
				return
			}
			var e *tid.Error
			require.ErrorAs(t, err, &e)
			assert.ErrorIs(t, err, tid.ErrNotApplied)
			assert.True(t, e.MayHaveExecuted)
			assert.Equal(t, c.fields, e.Fields)
			assert.ErrorContains(t, err, "200 OK: the write was made, but")
			for _, secret := range []string{"SE1", "SE2", "new@example.com"} {
				assert.NotContains(t, err.Error()+log.String(), secret)
			}

			s = holding(object)
			c.distort(s)
			_, err = update(free(t, s, tid.WithLogger(textLog(&log)), tid.WithWriteCheck(tid.WriteCheckWarn)))
			require.NoError(t, err)
			assert.Contains(t, log.String(), "something else than what was sent")
			s = holding(object)
			c.distort(s)
			_, err = update(free(t, s, tid.WithWriteCheck(tid.WriteCheckOff)))
			require.NoError(t, err)
		})
	}
}

// empty answers a method with a text, and all others with the object.
func empty(method, text string) func(string, map[string]any) string {
	return func(asked string, object map[string]any) string {
		if asked == method {
			return text
		}
		return jsonOf(object)
	}
}

func TestACreatedObjectIsComparedAndNeverAFailure(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		want   []string
	}{
		"whole":   {`{"id":7,"name":"Berg","contactType":"company","vatNumber":"SE1"}`, nil},
		"ignored": {`{"id":7,"name":"Berg","contactType":"company"}`, []string{"vatNumber"}},
		"part":    {`{"id":7}`, nil},
		"empty":   {``, nil},
	} {
		var events []tid.Event
		var log strings.Builder
		client := free(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			_, _ = io.Copy(io.Discard, req.Body)
			return answer(req, 200, c.answer), nil
		}), tid.WithObserver(func(_ context.Context, e tid.Event) { events = append(events, e) }), tid.WithLogger(textLog(&log)))
		_, err := client.Contacts.Create(t.Context(), &tid.ContactInput{Name: "Berg", ContactType: tid.ContactCompany, VATNumber: "SE1"})
		require.NoError(t, err, name)
		assert.Equal(t, c.want, events[0].NotApplied, name)
		assert.Equal(t, c.want != nil, strings.Contains(log.String(), "vatNumber"), name)
	}
}

func TestAWriteThatCannotBeReadBackWasMade(t *testing.T) {
	for body, known := range map[string]bool{``: false, `{"id":7}`: true, `{"id":8,"name":"Berg"}`: false} {
		put := func(check tid.WriteCheck, log io.Writer) (*tid.Contact, error) {
			c := free(t, roundTrip(func(req *http.Request) (*http.Response, error) {
				if req.Method == http.MethodPut {
					return answer(req, 200, body), nil
				}
				return nil, errors.New("no network")
			}), tid.WithRetries(0), tid.WithLogger(textLog(log)), tid.WithWriteCheck(check))
			return c.Contacts.Update(t.Context(), 7, &tid.ContactInput{Name: "Berg", ContactType: tid.ContactCompany})
		}
		got, err := put(tid.WriteCheckFail, io.Discard)
		var e *tid.Error
		require.ErrorAs(t, err, &e)
		assert.True(t, e.MayHaveExecuted)
		assert.ErrorContains(t, err, "the change itself was made")
		assert.Equal(t, known, got != nil)
		var log strings.Builder
		_, err = put(tid.WriteCheckWarn, &log)
		assert.Equal(t, known, err == nil)
		assert.Equal(t, known, strings.Contains(log.String(), "properties"))
	}
}

func textLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// TestTheAttackedWritesStayWhole holds what an attack on these promises has found.
func TestTheAttackedWritesStayWhole(t *testing.T) {
	modify := func(t *testing.T, s *strict, edit func(*tid.ContactInput)) error {
		_, err := free(t, s).Contacts.Modify(t.Context(), 7, func(in *tid.ContactInput) error { edit(in); return nil })
		return err
	}
	email := func(in *tid.ContactInput) { in.Email = "new@example.com" }
	const contact = `{"id":7,"contactType":"company","name":"Berg","customerNumber":"123"`
	for name, c := range map[string]struct {
		object string
		edit   func(*tid.ContactInput)
		setup  func(*strict)
		fields []string // not applied
		body   string   // a part of what was sent
	}{
		"tags are cleared by a list without elements": {object: contact + `,"tags":[{"id":3}]}`, edit: func(in *tid.ContactInput) { in.TagIDs = in.TagIDs[:0] }},
		"tags without ids go back as they came":       {object: contact + `,"tags":["VIP",{"name":"x"}]}`, edit: email, body: `"tags":["VIP",{"name":"x"}]`},
		"a name with a dot is no path":                {object: contact + `,"website.verified":true,"invoiceAddress.careOf":"top"}`, edit: email, body: `"website.verified":true`},
		"an empty name goes back":                     {object: contact + `,"":1}`, edit: email, body: `"":1`},
		"a bad character that came goes back":         {object: contact + `,"note":"a\ufffdb"}`, edit: email},
		"what the API computes is no failure": {object: contact + `,"version":4,"displayName":"Berg"}`, edit: email,
			setup: func(s *strict) {
				s.answer = func(method string, o map[string]any) string {
					o = maps.Clone(o)
					if method == http.MethodPut {
						o["version"], o["displayName"] = 5, "Berg AB"
					}
					return jsonOf(o)
				}
			}},
		"null, and nothing, are the same": {object: contact + `}`, edit: func(in *tid.ContactInput) { _ = in.Extra.Set("fax", ""); _ = in.Extra.Set("discount", 0) },
			setup: func(s *strict) { s.cleared = "discount"; s.refs["fax"] = "nothing" }},
		"a number of digits is text": {object: contact + `}`, edit: func(in *tid.ContactInput) { in.CustomerNumber = "0123" },
			setup: func(s *strict) { s.ignored = "customerNumber" }, fields: []string{"customerNumber"}},
		"an object with an id is more than its id": {object: contact + `,"credit":{"id":1,"limit":5}}`,
			edit:  func(in *tid.ContactInput) { _ = in.Extra.Set("credit", map[string]any{"id": 1, "limit": 50}) },
			setup: func(s *strict) { s.ignored = "credit" }, fields: []string{"credit"}},
		"another id is not contradicted": {object: contact + `,"district":{"id":4}}`, edit: func(in *tid.ContactInput) { _ = in.Extra.Set("districtId", 9) }, body: `"districtId":9`,
			setup: func(s *strict) { s.refs["districtId"] = "district" }},
		"what follows from another kind": {object: contact + `,"contactPersons":[{"id":3}]}`,
			edit: func(in *tid.ContactInput) { in.ContactType = tid.ContactPerson }},
		"what the type knows and no input writes": {object: contact + `,"contactPersons":[{"id":3}]}`, edit: email, fields: []string{"contactPersons"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := holding(c.object)
			if c.setup != nil {
				c.setup(s)
			}
			err := modify(t, s, c.edit)
			assert.Contains(t, jsonOf(s.body), c.body)
			if c.fields == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, tid.ErrNotApplied)
			var e *tid.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, c.fields, slices.Sorted(maps.Keys(e.Fields)))
		})
	}
}

func TestProjectsKeepWhoIsResponsible(t *testing.T) {
	for object, want := range map[string]string{
		`{"id":7,"title":"T","projectManager":{"id":5},"responsibleId":9}`:                           `{"id":7,"title":"T","responsibleId":9}`,
		`{"id":7,"title":"T","projectManager":{"id":5}}`:                                             `{"id":7,"title":"T","responsibleId":5}`,
		`{"id":7,"title":"T","projectManagerId":5,"customerId":4}`:                                   `{"id":7,"title":"T","responsibleId":5,"contactId":4}`,
		`{"id":7,"title":"T","responsible":{"id":9},"projectManager":{"id":5},"projectManagerId":5}`: `{"id":7,"title":"T","responsibleId":9}`,
	} {
		p, err := free(t, holding(object)).Projects.Get(t.Context(), 7)
		require.NoError(t, err)
		in := p.Input()
		assert.JSONEq(t, want, jsonOf(in), object)
		assert.Nil(t, in.Extra, object)
	}
}

func TestAnyWayToEmbedADetailWorks(t *testing.T) {
	type Middle struct {
		tid.Contact
		Own string `json:"own"`
	}
	type A struct {
		Same string `json:"same"`
	}
	type B struct {
		Same string `json:"same"`
	}
	const object = `{"id":7,"name":"Berg","contactType":"company","own":"x","same":{"a":1},"email":"a@example.com"}`
	c := free(t, holding(object))
	for name, get := range map[string]func() error{
		"two levels":  func() error { _, err := tid.GetAs[struct{ *Middle }](t.Context(), c, "v1/x"); return err },
		"by value":    func() error { _, err := tid.GetAs[Middle](t.Context(), c, "v1/x"); return err },
		"by pointer":  func() error { _, err := tid.GetAs[struct{ *tid.Contact }](t.Context(), c, "v1/x"); return err },
		"to pointers": func() error { _, err := tid.GetAs[*tid.Contact](t.Context(), c, "v1/x"); return err },
		"ambiguous": func() error {
			_, err := tid.GetAs[struct {
				tid.Contact
				*A
				*B
			}](t.Context(), c, "v1/x")
			return err
		},
	} {
		assert.NotPanics(t, func() { assert.NoError(t, get(), name) }, name)
	}
	type shadowing struct {
		tid.Contact
		Email string `json:"email"`
	}
	got, err := tid.GetAs[shadowing](t.Context(), c, "v1/x")
	require.NoError(t, err)
	assert.Equal(t, "a@example.com", got.Input().Email, "what the caller's field has read is not lost")
}

// Neither many properties nor long lists cost more than they are.
func TestComparingIsNotQuadratic(t *testing.T) {
	inner := map[string]any{"city": "Luleå"}
	for i := range 3000 {
		inner[fmt.Sprintf("p%d", i)] = i
	}
	list := make([]any, 5000)
	for i := range list {
		list[i] = i
	}
	s := &strict{held: map[string]any{"id": json.Number("7"), "name": "Berg", "contactType": "company", "invoiceAddress": inner, "list": list}}
	allocated := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			_, err := free(b, s).Contacts.Modify(b.Context(), 7, func(in *tid.ContactInput) error {
				in.Email = strconv.Itoa(rand.Int())
				return in.Extra.Set("list2", list)
			})
			if err != nil {
				b.Fatal(err)
			}
			slices.Reverse(s.held["list2"].([]any))
		}
	}).AllocedBytesPerOp()
	assert.Less(t, allocated, int64(64<<20))
}

// A message in the place of an object is no object that is gone.
func TestAMessageInThePlaceOfAnObjectIsNotADeletedOne(t *testing.T) {
	for body, gone := range map[string]bool{`{"message":"You may not read contacts"}`: false, `{"Message":"x","status":403}`: false, `{}`: true, `{"objectName":"contact"}`: true, `{"message":""}`: true} {
		_, err := free(t, roundTrip(func(req *http.Request) (*http.Response, error) { return answer(req, 200, body), nil })).Contacts.Get(t.Context(), 7)
		require.Error(t, err, body)
		assert.Equal(t, gone, errors.Is(err, tid.ErrNotFound), body)
	}
}

// TestModifyLosesNothingOfAnyType is TestModifyLosesNothingButWhatIsEdited for the other
// types: each has some of what it can have, and unknown properties, and one is changed.
func TestModifyLosesNothingOfAnyType(t *testing.T) {
	types := map[string]struct {
		object, edited string // and the property that the edit sets to "new"
		refs           map[string]string
		modify         func(*tid.Client) error
	}{
		"projects": {
			`{"title":"Tak","startDate":"2026-10-01 00:00:00","customer":1,"responsible":2,"status":3,"category":4,"tags":[5],"invoiceText":"x","workSiteAddress":{"city":"Umeå"}}`, "description",
			map[string]string{"contactId": "customer", "responsibleId": "responsible", "statusId": "status", "categoryId": "category", "tagIds": "tags"},
			func(c *tid.Client) error {
				_, err := c.Projects.Modify(t.Context(), 7, func(in *tid.ProjectInput) error { in.Description = "new"; return nil })
				return err
			}},
		"opportunities": {
			`{"title":"Tak","turnover":12.5,"user":1,"customer":2,"contact":3,"status":4,"opportunityState":"open","probability":0,"tags":[5]}`, "description",
			map[string]string{"userId": "user", "customerId": "customer", "contactId": "contact", "statusId": "status", "tagIds": "tags"},
			func(c *tid.Client) error {
				_, err := c.Opportunities.Modify(t.Context(), 7, func(in *tid.OpportunityInput) error { in.Description = "new"; return nil })
				return err
			}},
		"time reports": {
			`{"date":"2026-10-01 00:00:00","user":1,"project":2,"activity":3,"timeCode":4,"timeArticle":5,"hours":7.5,"invoiceableHours":0,"internalComment":"x"}`, "comment",
			map[string]string{"userId": "user", "projectId": "project", "activityId": "activity", "timeCodeId": "timeCode", "timeArticleId": "timeArticle"},
			func(c *tid.Client) error {
				_, err := c.TimeReports.Modify(t.Context(), 7, func(in *tid.TimeReportInput) error { in.Comment = "new"; return nil })
				return err
			}},
		"material reports": {
			`{"project":1,"articleNumber":"7","consumedUnits":2.5,"invoiceableUnits":0,"pricePerUnit":0,"toBeInvoiced":false,"unitText":"m"}`, "description",
			map[string]string{"projectId": "project"},
			func(c *tid.Client) error {
				_, err := c.MaterialReports.Modify(t.Context(), 7, func(in *tid.MaterialReportInput) error { in.Description = "new"; return nil })
				return err
			}},
		"articles": {
			`{"name":"Skruv","articleNumber":"7","price":1.25,"unit":3,"isActive":false}`, "description",
			map[string]string{"unitId": "unit"},
			func(c *tid.Client) error {
				a, err := c.Articles.Get(t.Context(), 7)
				if err != nil {
					return err
				}
				in := a.Input()
				in.Description = "new"
				_, err = c.Articles.Update(t.Context(), tid.ArticleMaterial, 7, in)
				return err
			}},
	}
	for name, c := range types {
		t.Run(name, func(t *testing.T) {
			references := make(map[string]bool)
			for _, as := range c.refs {
				references[as] = true
			}
			for i := range underRace(1000, 100) {
				rng := rand.New(rand.NewPCG(13, uint64(i)))
				s := holding(c.object)
				s.refs = c.refs
				for name, v := range s.held {
					switch {
					case !references[name]:
					case name == "tags":
						s.held[name] = []any{map[string]any{"id": v.([]any)[0]}}
					default:
						s.held[name] = map[string]any{"id": v, "name": "of " + fmt.Sprint(v)}
					}
				}
				s.held["id"] = json.Number("7")
				for range rng.IntN(6) {
					s.held[fmt.Sprintf("unknown%d", rng.IntN(9))] = random(rng, 0)
				}
				want := maps.Clone(s.held)
				want[c.edited] = "new"
				require.NoError(t, c.modify(free(t, s)), "run %d", i)
				require.JSONEq(t, jsonOf(without(want)), jsonOf(without(s.held)), "run %d", i)
			}
		})
	}
}
