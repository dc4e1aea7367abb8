package tid_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
)

const anyOp = "POST /v1/Core/Projects"

// complaints are what is said about the properties of an input; nil when it may be sent.
func complaints(t testing.TB, err error) map[string][]string {
	t.Helper()
	if err == nil {
		return nil
	}
	require.ErrorIs(t, err, tid.ErrInvalidInput)
	var e *tid.Error
	require.True(t, errors.As(err, &e))
	assert.Equal(t, anyOp, e.Operation)
	assert.Zero(t, e.Attempts)
	assert.False(t, e.MayHaveExecuted)
	return e.Fields
}

func ptr[T any](v T) *T { return &v }

// article has each of the rules, in each of the places where a value can be.
type article struct {
	Name    string                   `json:"name" tid:"required,max=5"`
	Text    string                   `json:"text,omitzero" tid:"max=3"`
	Opt     tid.Opt[string]          `json:"opt,omitzero" tid:"max=3"`
	Pointer *string                  `json:"pointer,omitzero" tid:"max=3"`
	Must    tid.Opt[string]          `json:"must,omitzero"`
	Price   tid.Decimal              `json:"price,omitzero" tid:"cents"`
	Cost    *tid.Decimal             `json:"cost,omitzero" tid:"cents"`
	Fee     tid.Opt[tid.Decimal]     `json:"fee,omitzero" tid:"cents"`
	Hours   tid.Decimal              `json:"hours,omitzero"`
	ID      int64                    `json:"id,omitzero"`
	UnitID  int64                    `json:"unitId,omitzero"`
	GroupID tid.Opt[int64]           `json:"groupId,omitzero"`
	AreaID  *int64                   `json:"areaId,omitzero"`
	TagIDs  []int64                  `json:"tagIds,omitzero"`
	Kind    tid.ContactType          `json:"kind,omitzero"`
	Kinds   []tid.ContactType        `json:"kinds,omitzero"`
	KindP   *tid.ContactType         `json:"kindP,omitzero"`
	KindO   tid.Opt[tid.ContactType] `json:"kindO,omitzero"`
	KindPs  []*tid.ContactType       `json:"kindPs,omitzero"`
	KindAny any                      `json:"kindAny,omitzero"`
	Inner   inner                    `json:"inner,omitzero"`
	InnerP  *inner                   `json:"innerP,omitzero"`
	InnerO  tid.Opt[inner]           `json:"innerO,omitzero"`
	Inners  []inner                  `json:"inners,omitzero"`
	InnerPs []*inner                 `json:"innerPs,omitzero"`
	Grid    [][]tid.ContactType      `json:"grid,omitzero"`
	Maps    []map[string]int         `json:"maps,omitzero"`
	Void    int64                    `json:"void,omitzero"`
	Date    tid.Date                 `json:"date,omitzero"`
	At      time.Time                `json:"at,omitzero"`
	Raw     json.RawMessage          `json:"raw,omitzero"`
	Skipped tid.ContactType          `json:"-"`
	hidden  tid.ContactType
}

type inner struct {
	Type tid.InvoiceType `json:"type" tid:"required"`
}

func TestInputsAreRefusedBeforeTheyAreSent(t *testing.T) {
	const needed = "name"
	odd := tid.InvoiceType("odd")
	for _, test := range []struct {
		name string
		in   article
		want string // property: complaint; "" when it may be sent
	}{
		{"nothing but what is required", article{}, ""},
		{"at most so many characters", article{Text: "åäö"}, ""},
		{"characters beyond the first plane", article{Text: "🧱🪵🔨"}, ""},
		{"too many characters", article{Text: "åäöx"}, "text: has 4 characters, and at most 3 are allowed"},
		{"too many in an Opt", article{Opt: tid.Set("1234")}, "opt: has 4 characters, and at most 3 are allowed"},
		{"few enough in an Opt", article{Opt: tid.Set("123")}, ""},
		{"an Opt of null", article{Opt: tid.Null[string](), Fee: tid.Null[tid.Decimal](), KindO: tid.Null[tid.ContactType](), GroupID: tid.Null[int64]()}, ""},
		{"an Opt of an empty text", article{Opt: tid.Set(""), Must: tid.Set("")}, ""},
		{"too many behind a pointer", article{Pointer: ptr("1234")}, "pointer: has 4 characters, and at most 3 are allowed"},
		{"few enough behind a pointer", article{Pointer: ptr("123")}, ""},

		{"cents", article{Price: tid.MustDecimal("-1.25"), Cost: ptr(tid.MustDecimal("1.5")), Fee: tid.Set(tid.MustDecimal("1"))}, ""},
		{"cents and zeros", article{Price: tid.MustDecimal("1.2500")}, ""},
		{"a tenth of a cent", article{Price: tid.MustDecimal("1.255")}, "price: has more than two decimals: 1.255"},
		{"a tenth of a cent behind a pointer", article{Cost: ptr(tid.MustDecimal("0.001"))}, "cost: has more than two decimals: 0.001"},
		{"a tenth of a cent in an Opt", article{Fee: tid.Set(tid.MustDecimal("0.001"))}, "fee: has more than two decimals: 0.001"},
		{"decimals without that rule", article{Hours: tid.MustDecimal("0.001")}, ""},

		{"ids", article{ID: 1, UnitID: 1 << 60, GroupID: tid.Set(int64(1)), AreaID: ptr(int64(1)), TagIDs: []int64{1, 2}}, ""},
		{"a negative id", article{ID: -1}, "id: must be 1 or more, not -1"},
		{"a negative id of another", article{UnitID: -1}, "unitId: must be 1 or more, not -1"},
		{"no id in an Opt", article{GroupID: tid.Set(int64(0))}, "groupId: must be 1 or more, not 0"},
		{"no id behind a pointer", article{AreaID: ptr(int64(0))}, "areaId: must be 1 or more, not 0"},
		{"no id among ids", article{TagIDs: []int64{1, 0}}, "tagIds: must be 1 or more, not 0"},
		{"a negative number that is no id", article{Void: -1}, ""},

		{"enums", article{Kind: tid.ContactPerson, Kinds: []tid.ContactType{tid.ContactPerson, tid.ContactCompany}, KindP: ptr(tid.ContactPerson),
			KindO: tid.Set(tid.ContactPerson), KindPs: []*tid.ContactType{ptr(tid.ContactPerson), nil}, KindAny: tid.ContactPerson,
			Grid: [][]tid.ContactType{{tid.ContactPerson}}}, ""},
		{"an unknown enum", article{Kind: "persn"}, `kind: "persn" is not one of person, company`},
		{"an enum in another case", article{Kind: "Person"}, `kind: "Person" is not one of person, company`},
		{"an unknown enum in a slice", article{Kinds: []tid.ContactType{tid.ContactPerson, "persn"}}, `kinds: "persn" is not one of person, company`},
		{"an unknown enum behind a pointer", article{KindP: ptr(tid.ContactType("persn"))}, `kindP: "persn" is not one of person, company`},
		{"an unknown enum in an Opt", article{KindO: tid.Set(tid.ContactType("persn"))}, `kindO: "persn" is not one of person, company`},
		{"an unknown enum behind pointers in a slice", article{KindPs: []*tid.ContactType{ptr(tid.ContactType("x"))}}, `kindPs: "x" is not one of person, company`},
		{"an unknown enum in an interface", article{KindAny: tid.ContactType("persn")}, `kindAny: "persn" is not one of person, company`},
		{"an unknown enum in a slice of slices", article{Grid: [][]tid.ContactType{{tid.ContactPerson}, {"x"}}}, `grid: "x" is not one of person, company`},
		{"an unknown enum in a struct", article{Inner: inner{odd}}, `type: "odd" is not one of ongoing, fixedPrice, none`},
		{"an unknown enum in a struct behind a pointer", article{InnerP: &inner{odd}}, `type: "odd" is not one of ongoing, fixedPrice, none`},
		{"an unknown enum in a struct in an Opt", article{InnerO: tid.Set(inner{odd})}, `type: "odd" is not one of ongoing, fixedPrice, none`},
		{"an unknown enum in structs in a slice", article{Inners: []inner{{tid.InvoiceTypeNone}, {odd}}}, `type: "odd" is not one of ongoing, fixedPrice, none`},
		{"an unknown enum in structs behind pointers in a slice", article{InnerPs: []*inner{nil, {odd}}}, `type: "odd" is not one of ongoing, fixedPrice, none`},
		{"what is required of a struct behind a pointer", article{InnerP: &inner{}}, "type: is required"},
		{"what is required of structs in a slice", article{Inners: []inner{{}}}, "type: is required"},
		{"what is not sent is not looked at", article{Skipped: "x", hidden: "x"}, ""},
		{"values that are sent as one text", article{Date: tid.NewDate(2024, 3, 1), At: time.Now(), Raw: json.RawMessage("1"), Maps: []map[string]int{{"id": -1}}}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.in.Name = needed
			want := map[string][]string(nil)
			if field, complaint, ok := strings.Cut(test.want, ": "); ok {
				want = map[string][]string{field: {complaint}}
			}
			assert.Equal(t, want, complaints(t, tid.Check(anyOp, &test.in)))
			assert.Equal(t, want, complaints(t, tid.Check(anyOp, test.in)), "the same for a struct that is passed by value")
			before := test.in
			if err := tid.CheckAgainst(anyOp, &test.in, &before); test.want == "" || strings.Contains(test.want, "is not one of") {
				assert.NoError(t, err, "an enum that came from the API may go back")
			} else {
				assert.Equal(t, want, complaints(t, err))
			}
		})
	}
}

func TestEverythingThatIsWrongIsToldAtOnce(t *testing.T) {
	err := tid.Check(anyOp, &article{Text: "1234", Price: tid.MustDecimal("0.001"), TagIDs: []int64{0, -1}})
	assert.Equal(t, map[string][]string{
		"name":   {"is required"},
		"text":   {"has 4 characters, and at most 3 are allowed"},
		"price":  {"has more than two decimals: 0.001"},
		"tagIds": {"must be 1 or more, not 0", "must be 1 or more, not -1"},
	}, complaints(t, err))
	assert.EqualError(t, err, "tid: POST /v1/Core/Projects: not sent: name: is required; price: has more than two decimals: 0.001; "+
		"tagIds: must be 1 or more, not 0, must be 1 or more, not -1; text: has 4 characters, and at most 3 are allowed")
}

// ruleCases break each rule that an input or the options of a list can break, by
// "Type.property rule", or "Type property" for a rule about several fields.
var ruleCases = map[string]struct {
	in       any
	inferred bool // rests on an inference, and so has a way through
}{
	// What the vendor documents, or integrations that run have met.
	"ProjectInput.title required":                   {&tid.ProjectInput{}, false},
	"TaskInput.title required":                      {&tid.TaskInput{}, false},
	"TimeReportInput.userId required":               {&tid.TimeReportInput{Date: ruleDay, ProjectID: 1}, false},
	"TimeReportInput.date required":                 {&tid.TimeReportInput{UserID: 1, ProjectID: 1}, false},
	"TimeReportInput projectId":                     {&tid.TimeReportInput{UserID: 1, Date: ruleDay}, false},
	"TimeReportInput travelReport":                  {(&tid.TimeReport{User: &tid.Ref{ID: 1}, Date: ruleDay, AbsenceProject: &tid.Ref{ID: 1}, TravelReportID: 7}).Input(), false},
	"UserDayStatisticsOptions.filter.from required": {&tid.UserDayStatisticsOptions{To: ruleDay}, false},
	"UserDayStatisticsOptions.filter.to required":   {&tid.UserDayStatisticsOptions{From: ruleDay}, false},
	"UserDayStatisticsOptions filter.to":            {&tid.UserDayStatisticsOptions{From: ruleDay, To: ruleDay.AddDays(31)}, false},

	// What is inferred: a name, or which property a documented limit belongs to.
	"ArticleInput.articleNumber max=50":           {&tid.ArticleInput{Name: "a", ArticleNumber: strings.Repeat("å", 51)}, true},
	"ArticleInput.price cents":                    {&tid.ArticleInput{Name: "a", Price: tid.MustDecimal("0.001")}, true},
	"ArticleInput.name required":                  {&tid.ArticleInput{}, true},
	"ArticleInput.name max=200":                   {&tid.ArticleInput{Name: strings.Repeat("å", 201)}, true},
	"ArticleInput.description max=500":            {&tid.ArticleInput{Name: "a", Description: strings.Repeat("å", 501)}, true},
	"ArticleInput.cost cents":                     {&tid.ArticleInput{Name: "a", Cost: tid.MustDecimal("0.001")}, true},
	"BookingProjectInput.name required":           {&tid.BookingProjectInput{}, true},
	"CommentInput.text required":                  {&tid.CommentInput{}, true},
	"ContactInput.contactType required":           {&tid.ContactInput{Name: "a"}, true},
	"ContactInput.name required":                  {&tid.ContactInput{ContactType: tid.ContactCompany}, true},
	"ContactInput.relations values":               {&tid.ContactInput{Name: "a", ContactType: tid.ContactCompany, Relations: []tid.ContactRelation{"foe"}}, true},
	"ContactInput companyId":                      {&tid.ContactInput{Name: "a", ContactType: tid.ContactCompany, CompanyID: 7}, true},
	"ContactInput parentCompanyId":                {&tid.ContactInput{Name: "a", ContactType: tid.ContactPerson, ParentCompanyID: 7}, true},
	"MaterialReportInput.projectId required":      {&tid.MaterialReportInput{}, true},
	"OpportunityInput.title required":             {&tid.OpportunityInput{}, true},
	"OpportunityInput probability":                {&tid.OpportunityInput{Title: "a", Probability: tid.Set(101)}, true},
	"SupplierInvoiceInput.invoiceNumber required": {&tid.SupplierInvoiceInput{}, true},

	// What follows from the types.
	"ProjectInput contactId":          {&tid.ProjectInput{Title: "a", ContactID: -1}, false},
	"ContactInput contactType":        {&tid.ContactInput{Name: "a", ContactType: "alien"}, false},
	"ProjectListOptions sortBy":       {&tid.ProjectListOptions{SortBy: "titel"}, false},
	"TimeReportListOptions filter.to": {&tid.TimeReportListOptions{From: ruleDay, To: ruleDay.AddDays(-1)}, false},
	"TaskListOptions filter.userIds":  {&tid.TaskListOptions{UserIDs: []int64{}}, false},
	"LogListOptions filter.from":      {&tid.LogListOptions{From: (*tid.Date)(nil)}, false},
}

var ruleDay = tid.NewDate(2026, 10, 1)

func TestWhatAnInferredRuleRefusesHasAWayThrough(t *testing.T) {
	for name, test := range ruleCases {
		t.Run(name, func(t *testing.T) {
			_, property, _ := strings.Cut(name, " ")
			if typ, rest, ok := strings.Cut(name, "."); ok && !strings.Contains(typ, " ") {
				property, _, _ = strings.Cut(rest, " ")
			}
			err := tid.Check(anyOp, test.in)
			require.Contains(t, complaints(t, err), property)
			without := tid.CheckIn(tid.WithoutChecks(t.Context()), anyOp, test.in)
			if !test.inferred {
				assert.NotContains(t, err.Error(), "WithoutChecks")
				assert.Contains(t, complaints(t, without), property)
				return
			}
			assert.ErrorContains(t, err, "; refused by an inferred rule: "+property+"; if the API takes it, send it with tid.WithoutChecks(ctx)")
			assert.NoError(t, without)
		})
	}
}

// TestEveryRuleIsInTheTable walks the inputs and options of all methods.
func TestEveryRuleIsInTheTable(t *testing.T) {
	rules, several := map[string]bool{}, map[string]bool{}
	c := answering(t, nil)
	for _, m := range serviceMethods(t) {
		fn := m.fn(c).Type()
		for i := range fn.NumIn() {
			in := fn.In(i)
			if in.Kind() == reflect.Func { // of Modify
				in = in.In(0)
			}
			if in.Kind() != reflect.Pointer {
				continue
			}
			if tid.HasCheck(reflect.Zero(in).Interface()) {
				several[in.Elem().Name()] = true
			}
			for _, field := range reflect.VisibleFields(in.Elem()) {
				tag, ok := field.Tag.Lookup("tid")
				for _, rule := range strings.Split(tag, ",") {
					name, inferred := strings.CutSuffix(fmt.Sprintf("%s.%s %s", in.Elem().Name(), tid.WireName(field), rule), "?")
					if !ok {
						continue
					}
					rules[name] = true
					require.Contains(t, ruleCases, name)
					assert.Equal(t, ruleCases[name].inferred, inferred, name)
				}
			}
		}
	}
	assert.Len(t, rules, 20, "as many as there are tags")
	for typ := range several {
		assert.True(t, slices.ContainsFunc(slices.Collect(maps.Keys(ruleCases)), func(name string) bool {
			return strings.HasPrefix(name, typ+" ")
		}), "no case for the rules of %s about several fields", typ)
	}
}

func TestWithoutChecksOnlyWhatIsInferredIsSent(t *testing.T) {
	sent := 0
	c, err := tid.NewClient(tid.StaticToken("pk_a.pa_b"), tid.WithLimiter(nil), tid.WithWriteCheck(tid.WriteCheckOff), tid.WithHTTPClient(&http.Client{
		Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
			sent++
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(`{"id":7}`)), Request: r}, nil
		})}))
	require.NoError(t, err)
	long := &tid.ArticleInput{Name: "a", ArticleNumber: strings.Repeat("9", 51)}
	ctx := tid.WithoutChecks(t.Context())

	_, err = c.Articles.Create(t.Context(), tid.ArticleMaterial, long)
	assert.ErrorIs(t, err, tid.ErrInvalidInput)
	assert.Zero(t, sent)
	_, err = c.Articles.Create(ctx, tid.ArticleMaterial, long)
	require.NoError(t, err)
	_, err = c.Articles.Update(ctx, tid.ArticleMaterial, 7, long)
	require.NoError(t, err)
	require.NoError(t, c.Do(ctx, "POST", "v1/Admin/Articles/Material", nil, long, nil))
	assert.Equal(t, 3, sent)

	for name, err := range map[string]error{
		"no input":                errOf(c.Articles.Create(ctx, tid.ArticleMaterial, nil)),
		"no such kind":            errOf(c.Articles.Create(ctx, tid.ArticleAll, long)),
		"no id":                   errOf(c.Articles.Update(ctx, tid.ArticleMaterial, 0, long)),
		"an id in the input":      errOf(c.Articles.Create(ctx, tid.ArticleMaterial, &tid.ArticleInput{Name: "a", UnitID: -1})),
		"what is no JSON":         errOf(c.Projects.Create(ctx, &tid.ProjectInput{Title: "a", StartDate: tid.NewDate(10000, 1, 1)})),
		"bytes":                   c.Do(ctx, "POST", "v1/Core/Contacts", nil, []byte("{}"), nil),
		"a page size out of hand": errOf(c.Projects.List(ctx, &tid.ProjectListOptions{ListOptions: tid.ListOptions{PageSize: 101}})),
		"another rule of it":      errOf(c.Contacts.Create(ctx, &tid.ContactInput{ContactType: "alien"})),
	} {
		assert.ErrorIs(t, err, tid.ErrInvalidInput, name)
		assert.NotContains(t, err.Error(), "WithoutChecks", name)
	}
	assert.Equal(t, 3, sent)
}

func TestWhatIsRequiredIsRequired(t *testing.T) {
	type required struct {
		ID      int64                `json:"id" tid:"required"`
		Date    tid.Date             `json:"date" tid:"required"`
		Price   tid.Decimal          `json:"price" tid:"required"`
		Kind    tid.ContactType      `json:"kind" tid:"required"`
		Pointer *int                 `json:"pointer" tid:"required"`
		Opt     tid.Opt[tid.Decimal] `json:"opt" tid:"required"`
		IDs     []int64              `json:"ids" tid:"required"`
	}
	got := complaints(t, tid.Check(anyOp, &required{}))
	assert.Len(t, got, 7)
	for field, complaint := range got {
		assert.Equal(t, []string{"is required"}, complaint, field)
	}
	got = complaints(t, tid.Check(anyOp, &required{Opt: tid.Null[tid.Decimal]()}))
	assert.Contains(t, got, "opt", "null is not enough")
	assert.NoError(t, tid.Check(anyOp, &required{1, tid.NewDate(2024, 3, 1), tid.NewDecimal(0, 0), tid.ContactPerson, new(int),
		tid.Set(tid.Decimal{}), []int64{1}}), "a zero that was set on purpose is a value")
}

func TestListOptionsAreChecked(t *testing.T) {
	assert.Equal(t, map[string][]string{
		"sortOrder":         {`"down" is not one of ascending, descending`},
		"sortBy":            {`"titel" is not one of orderNumber, title, createdDate, updatedDate`},
		"filter.statusIds":  {"must be 1 or more, not -1"},
		"filter.customerId": {"must be 1 or more, not -2"},
	}, complaints(t, tid.Check(anyOp, &tid.ProjectListOptions{ListOptions: tid.ListOptions{SortOrder: "down"}, SortBy: "titel",
		StatusIDs: []int64{1, -1}, CustomerID: -2})))
	assert.NoError(t, tid.Check(anyOp, &tid.ProjectListOptions{ListOptions: tid.ListOptions{SortOrder: tid.Descending}, SortBy: tid.ProjectsByTitle}))
}

// Options and bodies of callers, in shapes that this package's own do not have.
type (
	byPointer struct {
		*tid.ListOptions
		Kind tid.ContactType `url:"kind"`
	}
	byInterface struct {
		json.Marshaler
		Kind tid.ContactType `url:"kind"`
	}
	lowercase  struct{ tid.ListOptions }
	byEmbedded struct {
		*lowercase
		tid.ContactType
	}
)

func TestTheCallersOwnTypesAreChecked(t *testing.T) {
	assert.NoError(t, tid.Check(anyOp, &byPointer{}))
	assert.Contains(t, complaints(t, tid.Check(anyOp, &byPointer{&tid.ListOptions{SortOrder: "x"}, "x"})), "sortOrder")
	assert.Contains(t, complaints(t, tid.Check(anyOp, byInterface{Kind: "x"})), "kind")
	assert.NoError(t, tid.Check(anyOp, byInterface{json.RawMessage("1"), tid.ContactPerson}))
	assert.NoError(t, tid.Check(anyOp, byEmbedded{}))
	assert.Contains(t, complaints(t, tid.Check(anyOp, byEmbedded{lowercase: &lowercase{tid.ListOptions{SortOrder: "x"}}})), "sortOrder")
}

func TestWhatIsNoStructIsSentAsItIs(t *testing.T) {
	for _, in := range []any{
		nil, (*article)(nil), (*tid.TimeReportInput)(nil), map[string]int{"id": -1}, []int64{-1}, "x", 7, json.RawMessage("{}"), ptr(ptr(article{})),
		tid.Set(-1), func() {},
	} {
		assert.NoError(t, tid.Check(anyOp, in))
		assert.NoError(t, tid.CheckAgainst(anyOp, in, in))
	}
}

func TestAnUnknownEnumMayGoBackWhereItCameFrom(t *testing.T) {
	origin := &article{Name: "a", Kind: "robot", KindP: ptr(tid.ContactType("robot")), KindO: tid.Set(tid.ContactType("robot")),
		Kinds: []tid.ContactType{"robot", tid.ContactPerson}, Inners: []inner{{"odd"}, {tid.InvoiceTypeNone}}, InnerP: &inner{"odd"}}
	changed := *origin
	changed.Text = "new"
	changed.Kinds = []tid.ContactType{tid.ContactCompany, "robot"}
	changed.Inners = []inner{{tid.InvoiceTypeNone}, {"odd"}}
	assert.NoError(t, tid.CheckAgainst(anyOp, &changed, origin), "also where the order has changed")

	changed.Kind, changed.Kinds, changed.KindO = "persn", []tid.ContactType{"persn"}, tid.Set(tid.ContactType("persn"))
	got := complaints(t, tid.CheckAgainst(anyOp, &changed, origin))
	assert.Contains(t, got, "kind", "another unknown one is a mistake")
	assert.Contains(t, got, "kinds")
	assert.Contains(t, got, "kindO")
	assert.Len(t, got, 3)

	elsewhere := article{Name: "a", InnerO: tid.Set(inner{"odd"})}
	assert.Contains(t, complaints(t, tid.CheckAgainst(anyOp, &elsewhere, origin)), "type", "what came from one property may not go to another")
	assert.NotEmpty(t, complaints(t, tid.CheckAgainst(anyOp, origin, &article{})))
}

func TestRulesAboutSeveralFields(t *testing.T) {
	assert.Contains(t, complaints(t, tid.Check(anyOp, &tid.TimeReportInput{UserID: 1, Date: tid.NewDate(2024, 3, 1)})), "projectId")
	assert.Contains(t, complaints(t, tid.Check(anyOp, &tid.TimeReportInput{UserID: 1, Date: tid.NewDate(2024, 3, 1), ProjectID: 1, AbsenceProjectID: 2})), "projectId")
	assert.NoError(t, tid.Check(anyOp, &tid.TimeReportInput{UserID: 1, Date: tid.NewDate(2024, 3, 1), AbsenceProjectID: 2}))
	assert.Equal(t, map[string][]string{"filter.from": {"is required"}, "filter.to": {"is required"}},
		complaints(t, tid.Check(anyOp, &tid.UserDayStatisticsOptions{})))
	span := &tid.UserDayStatisticsOptions{From: tid.NewDate(2024, 3, 1), To: tid.NewDate(2024, 3, 31)}
	assert.NoError(t, tid.Check(anyOp, span))
	span.To = span.To.AddDays(1)
	assert.Contains(t, complaints(t, tid.Check(anyOp, span)), "filter.to")
	span.To = span.From.AddDays(-1)
	assert.Contains(t, complaints(t, tid.Check(anyOp, span)), "filter.to")
}
