package tid_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vismatid/tid"
)

// testdata/golden has an example of every type that answers hold, written from
// the description in api: X.json with every property set, and X.null.json with
// every property null that can be.

// goldens are the types of the golden files.
var goldens = map[string]golden{
	"AbsenceProject":       goldenOf[tid.AbsenceProject](),
	"Activity":             goldenOf[tid.Activity](),
	"Address":              goldenOf[tid.Address](),
	"Article":              goldenOf[tid.Article](),
	"Attachment":           goldenOf[tid.Attachment](),
	"BoardColumn":          goldenOf[tid.TaskBoardColumn](),
	"BookingProject":       goldenOf[tid.BookingProject](),
	"CategoryRef":          goldenOf[tid.CategoryRef](),
	"Checklist":            goldenOf[tid.Checklist](),
	"ChecklistItem":        goldenOf[tid.ChecklistItem](),
	"Comment":              goldenOf[tid.Comment](),
	"Contact":              goldenOf[tid.Contact](),
	"ContactPersonRef":     goldenOf[tid.ContactPersonRef](),
	"ContactSummary":       goldenOf[tid.ContactSummary](),
	"CostCenterRef":        goldenOf[tid.CostCenterRef](),
	"InternalProject":      goldenOf[tid.InternalProject](),
	"Invoice":              goldenOf[tid.Invoice](),
	"InvoiceRow":           goldenOf[tid.InvoiceRow](),
	"InvoiceSummary":       goldenOf[tid.InvoiceSummary](),
	"Location":             goldenOf[tid.Location](),
	"Log":                  goldenOf[tid.Log](),
	"MaterialReport":       goldenOf[tid.MaterialReport](),
	"Member":               goldenOf[tid.Member](),
	"Offer":                goldenOf[tid.Offer](),
	"Opportunity":          goldenOf[tid.Opportunity](),
	"OpportunityRef":       goldenOf[tid.TitleRef](),
	"OpportunityStatus":    goldenOf[tid.OpportunityStatus](),
	"OpportunitySummary":   goldenOf[tid.OpportunitySummary](),
	"OpportunityTag":       goldenOf[tid.OpportunityTag](),
	"PaymentPlan":          goldenOf[tid.PaymentPlan](),
	"PlanningSummary":      goldenOf[tid.PlanningSummary](),
	"PlanningUser":         goldenOf[tid.PlanningUser](),
	"Project":              goldenOf[tid.Project](),
	"ProjectCollection":    goldenOf[tid.ProjectCollection](),
	"ProjectCollectionRef": goldenOf[tid.NumberRef](),
	"ProjectNumberRef":     goldenOf[tid.NumberRef](),
	"ProjectStatus":        goldenOf[tid.ProjectStatus](),
	"ProjectStatusRef":     goldenOf[tid.ProjectStatusRef](),
	"ProjectSummary":       goldenOf[tid.ProjectSummary](),
	"ProjectTitleRef":      goldenOf[tid.TitleRef](),
	"Ref":                  goldenOf[tid.Ref](),
	"SupplierInvoice":      goldenOf[tid.SupplierInvoice](),
	"Tag":                  goldenOf[tid.Tag](),
	"Task":                 goldenOf[tid.Task](),
	"TaskBoard":            goldenOf[tid.TaskBoard](),
	"TimeCalculation":      goldenOf[tid.TimeCalculation](),
	"TimeCode":             goldenOf[tid.TimeCode](),
	"TimeReport":           goldenOf[tid.TimeReport](),
	"Token":                goldenOf[tid.Token](), // see TestGoldenToken
	"Unit":                 goldenOf[tid.Ref](),
	"User":                 goldenOf[tid.User](),
	"UserDay":              goldenOf[tid.UserDay](),
	"UserDayStatistics":    goldenOf[tid.UserDayStatistics](),
	"UserSummary":          goldenOf[tid.UserSummary](),
	"VacationRequest":      goldenOf[tid.VacationRequest](),
	"WorkSiteAddress":      goldenOf[tid.WorkSiteAddress](),
}

// A golden is a type that answers hold.
type golden struct {
	typ, page reflect.Type // the type itself, and a page of it
	// list reads a list of it, whatever its path, as the client reads any.
	list func(context.Context, *tid.Client) (page any, err error)
}

func goldenOf[T any]() golden {
	return golden{reflect.TypeFor[T](), reflect.TypeFor[tid.Page[T]](), func(ctx context.Context, c *tid.Client) (any, error) {
		return tid.ListAs[T](ctx, c, "v1/Core/Any", nil)
	}}
}

// TestGoldenFilesAreDecodedWithoutLoss decodes every golden file and encodes it
// again: all that it says is still there.
func TestGoldenFilesAreDecodedWithoutLoss(t *testing.T) {
	for _, name := range goldenNames() {
		if name == "Token" {
			continue
		}
		for _, file := range []string{name + ".json", name + ".null.json"} {
			t.Run(file, func(t *testing.T) {
				want := readGolden(t, file)
				page, err := goldens[name].list(t.Context(), answering(t, pageOf(want)))
				if err != nil {
					t.Fatal(err)
				}
				for _, loss := range losses("", []any{want}, itemsOf(t, page)) {
					t.Error(loss)
				}
			})
		}
	}
}

func TestGoldenToken(t *testing.T) {
	want := readGolden(t, "Token.json").(map[string]any)
	token, err := tid.ExchangeToken(t.Context(), "ap_1", "secret",
		tid.WithHTTPClient(&http.Client{Transport: answerWith(t, want, "Thu, 01 Oct 2026 08:30:00 GMT")}))
	if err != nil {
		t.Fatal(err)
	}
	if token.Value() != want["accessToken"] {
		t.Error("the token is not that of the answer")
	}
	if left := time.Until(token.Expires).Round(time.Minute); left != time.Hour {
		t.Errorf("the token ends in %s", left)
	}
}

// TestGoldenFilesAndTypesAreTheSame holds the table against the files on the
// one side and, on the other, against what the methods of the client return.
func TestGoldenFilesAndTypesAreTheSame(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.json")
	if err != nil {
		t.Fatal(err)
	}
	present := map[string]bool{}
	for _, file := range files {
		present[strings.TrimSuffix(filepath.Base(file), ".json")] = true
	}
	for name := range present {
		if _, known := goldens[strings.TrimSuffix(name, ".null")]; !known {
			t.Errorf("%s.json has no type", name)
		}
	}
	known := map[reflect.Type]bool{}
	for name, g := range goldens {
		known[g.typ] = true
		if !present[name] || !present[name+".null"] {
			t.Errorf("%s has no golden file", name)
		}
	}

	returned := map[reflect.Type]bool{reflect.TypeFor[tid.Token](): true}
	var visit func(reflect.Type)
	visit = func(typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice:
			visit(typ.Elem())
		case reflect.Struct:
			if returned[typ] || typ.Implements(reflect.TypeFor[json.Marshaler]()) {
				return
			}
			returned[typ] = true
			for _, field := range reflect.VisibleFields(typ) {
				if field.Anonymous || field.IsExported() {
					visit(field.Type)
				}
			}
		}
	}
	for _, m := range serviceMethods(t) {
		if m.item != nil {
			visit(m.item)
		}
	}
	for typ := range returned {
		if !known[typ] {
			t.Errorf("%s has no golden file", typ)
		}
	}
	for typ := range known {
		if !returned[typ] {
			t.Errorf("%s has a golden file, but no method returns it", typ)
		}
	}
}

// TestInputsCarryAllThatCanBeWritten makes an input from every golden file that
// can be written back: each of its properties has the value that the API gave.
func TestInputsCarryAllThatCanBeWritten(t *testing.T) {
	// Where a property is read from, if not from the one of the same name nor
	// the reference of that name.
	from := map[string]string{
		"Project.contactId": "customer",
		"Project.tagIds":    "tags", "Contact.tagIds": "tags", "Opportunity.tagIds": "tags",
	}
	notGivenBack := []string{"MaterialReport.articleId", "TimeReport.travelReport"}

	tried := 0
	for _, name := range goldenNames() {
		if _, ok := reflect.PointerTo(goldens[name].typ).MethodByName("Input"); !ok {
			continue
		}
		tried++
		object := readGolden(t, name+".json").(map[string]any)
		page, err := goldens[name].list(t.Context(), answering(t, pageOf(object)))
		if err != nil {
			t.Fatal(err)
		}
		item := reflect.ValueOf(page).Elem().FieldByName("Items").Index(0)
		input := item.MethodByName("Input").Call(nil)[0]
		written := reencode(t, input.Interface()).(map[string]any)
		for _, field := range reflect.VisibleFields(input.Type().Elem()) {
			property, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if !field.IsExported() || property == "-" || slices.Contains(notGivenBack, name+"."+property) {
				continue
			}
			want, same := object[property]
			if !same {
				want = idsOf(object[cmp.Or(from[name+"."+property], strings.TrimSuffix(property, "Id"))])
			}
			for _, loss := range losses(name+"."+property, want, written[property]) {
				t.Error(loss)
			}
			if want == nil {
				t.Errorf("%s.%s: nothing is known that it is read from", name, property)
			}
		}
	}
	if tried < 5 {
		t.Errorf("only %d types have an input", tried)
	}
}

// idsOf are the ids in the place of objects.
func idsOf(value any) any {
	switch value := value.(type) {
	case map[string]any:
		return value["id"]
	case []any:
		var ids []any
		for _, element := range value {
			ids = append(ids, idsOf(element))
		}
		return ids
	}
	return nil
}

func goldenNames() []string { return slices.Sorted(maps.Keys(goldens)) }

func readGolden(t *testing.T, file string) any {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "golden", file))
	if err != nil {
		t.Fatal(err)
	}
	return decodeTree(t, raw)
}

// decodeTree decodes JSON without losing digits.
func decodeTree(t *testing.T, raw []byte) (tree any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	return tree
}

func encodeTree(t *testing.T, value any) []byte {
	t.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// reencode is a value as the JSON that it is encoded as.
func reencode(t *testing.T, value any) any {
	t.Helper()
	return decodeTree(t, encodeTree(t, value))
}

// itemsOf are the items of a *tid.Page as JSON.
func itemsOf(t *testing.T, page any) any {
	t.Helper()
	return reencode(t, page).(map[string]any)["items"]
}

// pageOf is a list with one item.
func pageOf(item any) map[string]any {
	one := json.Number("1")
	return map[string]any{"objectName": "core.examples", "page": one, "pageSize": json.Number("100"),
		"itemCount": one, "totalItemCount": one, "totalPages": one, "items": []any{item}}
}

// answering returns a client that gets the same answer to everything.
func answering(t *testing.T, tree any) *tid.Client {
	t.Helper()
	c, err := tid.NewClient(tid.StaticToken("token"), tid.WithLimiter(nil),
		tid.WithHTTPClient(&http.Client{Transport: answerWith(t, tree, "")}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answerWith(t *testing.T, tree any, date string) transportFunc {
	t.Helper()
	raw := encodeTree(t, tree)
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: http.StatusOK,
			Header:     http.Header{"Content-Type": {"application/json"}, "Date": {date}},
			Body:       io.NopCloser(bytes.NewReader(raw)),
			Request:    r,
		}, nil
	}
}

// A serviceMethod is a method of a service of the client.
type serviceMethod struct {
	name string // such as "Tasks.Comments.List"
	fn   func(*tid.Client) reflect.Value
	item reflect.Type // what it returns, one or many; nil if nothing of this package
	page bool         // whether it returns a page
}

// serviceMethods are the methods of all services.
func serviceMethods(t *testing.T) []serviceMethod {
	t.Helper()
	var found []serviceMethod
	var visit func(name string, typ reflect.Type, index []int)
	visit = func(prefix string, typ reflect.Type, index []int) {
		for i := range typ.NumField() {
			field := typ.Field(i)
			if !field.IsExported() || field.Type.Kind() != reflect.Pointer {
				continue
			}
			path := append(slices.Clone(index), i)
			for j := range field.Type.NumMethod() {
				m := serviceMethod{
					name: prefix + field.Name + "." + field.Type.Method(j).Name,
					fn: func(c *tid.Client) reflect.Value {
						v := reflect.ValueOf(c)
						for _, i := range path {
							v = v.Elem().Field(i)
						}
						return v.Method(j)
					},
				}
				m.item, m.page = returns(field.Type.Method(j).Type)
				found = append(found, m)
			}
			visit(prefix+field.Name+".", field.Type.Elem(), path)
		}
	}
	visit("", reflect.TypeFor[tid.Client](), nil)
	return found
}

// returns is the type of what a method returns, without the sequence or page
// around it.
func returns(method reflect.Type) (item reflect.Type, page bool) {
	out := method.Out(0)
	if out.Kind() == reflect.Func { // a sequence
		out = out.In(0).In(0)
	}
	if out.Kind() != reflect.Pointer || out == reflect.TypeFor[*tid.File]() {
		return nil, false
	}
	if items, ok := out.Elem().FieldByName("Items"); ok && strings.HasPrefix(out.Elem().Name(), "Page[") {
		return items.Type.Elem().Elem(), true
	}
	return out.Elem(), false
}

// losses tells what of the wanted JSON is not in the other: numbers count as
// exact decimals, times as what they mean, and where null is wanted, nothing,
// null and zero are the same.
func losses(at string, want, got any) []string {
	var found []string
	lost := false
	switch want := want.(type) {
	case nil:
		lost = !isNothing(got)
	case map[string]any:
		object, _ := got.(map[string]any)
		lost = object == nil && !isNothing(want)
		for _, key := range slices.Sorted(maps.Keys(want)) {
			found = append(found, losses(at+"."+key, want[key], object[key])...)
		}
	case []any:
		list, _ := got.([]any)
		if lost = len(list) != len(want); lost {
			break
		}
		for i := range want {
			found = append(found, losses(fmt.Sprintf("%s[%d]", at, i), want[i], list[i])...)
		}
	case json.Number:
		number, ok := got.(json.Number)
		if strings.HasSuffix(at, ".salaryType") { // a number in one answer and a string in another
			text, _ := got.(string)
			number, ok = json.Number(text), text != ""
		}
		lost = !ok || !tid.MustDecimal(number.String()).Equal(tid.MustDecimal(want.String()))
	case string:
		text, _ := got.(string)
		lost = text != want && !sameTime(want, text)
	default:
		lost = got != want
	}
	if lost {
		found = append(found, fmt.Sprintf("%s: %v became %v", at, want, got))
	}
	return found
}

// isNothing reports whether JSON is null or zero, all through.
func isNothing(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		for _, inner := range value {
			if !isNothing(inner) {
				return false
			}
		}
		return true
	case []any:
		return !slices.ContainsFunc(value, func(inner any) bool { return !isNothing(inner) })
	case json.Number:
		return tid.MustDecimal(value.String()).IsZero()
	}
	return value == nil || value == "" || value == false
}

// sameTime reports whether two texts are the same time, or the same day where
// only a day is wanted.
func sameTime(want, got string) bool {
	w, err := tid.ParseDateTime(want)
	if err != nil {
		return false
	}
	g, err := tid.ParseDateTime(got)
	if err != nil {
		return false
	}
	midnight := tid.DateTimeOfWall(w.Date().In(time.UTC))
	wall := tid.DateTimeOfWall(w.In(time.FixedZone("", offsetOf(w))))
	return w == g || wall == midnight && g == midnight
}

func offsetOf(dt tid.DateTime) int {
	seconds, _ := dt.Offset()
	return seconds
}
