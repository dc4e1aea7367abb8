package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/cmd/tid/internal/description"
)

const (
	// mark begins the texts of all that is written.
	mark = "tid doctor"
	// cleaning is how long the removal of what was written may take, after a run that was broken off as well.
	cleaning = time.Minute
)

// write tries every operation that writes, on objects of its own.
func (r *run) write(ctx context.Context) {
	for _, op := range r.operations {
		switch {
		case op.Method != http.MethodPost || op.Body == nil || strings.Count(op.Path, "{") > 0:
		case r.operation(http.MethodDelete, op.Path+"/{id}") != nil || r.opts.WritesKept:
			r.object(ctx, op, nil)
		default:
			r.report.Writes = append(r.report.Writes, Write{Operation: op.String(), Result: NotTried, Why: "the API cannot delete it again"})
		}
	}
	if op := r.operation(http.MethodPost, "/v1/Core/Projects/{projectId}/Comments"); op != nil && r.states[op].result == NotTried {
		if id, ok := r.firstID("/v1/Core/Projects"); ok {
			r.object(ctx, op, []string{id})
		}
	}
	for _, op := range r.operations { // what is left
		if s := r.states[op]; op.Method == http.MethodPatch {
			s.why = "it cannot be undone"
		}
	}
}

// operation finds one by its method and path, or returns nil.
func (r *run) operation(method, path string) *description.Operation {
	for _, op := range r.operations {
		if op.Method == method && op.Path == path {
			return op
		}
	}
	return nil
}

func (r *run) firstID(list string) (string, bool) {
	if op := r.operation(http.MethodGet, list); op != nil {
		for _, row := range r.states[op].rows {
			if id, ok := row["id"].(json.Number); ok {
				return string(id), true
			}
		}
	}
	return "", false
}

// object creates an object, reads it, changes it, reads it again, and deletes it. In between it does the same with what belongs
// to it. parents are the ids in the path.
func (r *run) object(ctx context.Context, create *description.Operation, parents []string) {
	if ctx.Err() != nil {
		return
	}
	at := func(method string) *description.Operation {
		if op := r.operation(method, create.Path+"/{id}"); op != nil || method != http.MethodGet {
			return op
		}
		if strings.HasPrefix(create.Path, "/v1/Admin/Articles/") {
			return r.operation(method, "/v1/Admin/Articles/{id}")
		}
		return nil
	}
	list := r.operation(http.MethodGet, create.Path)
	if list == nil {
		list = r.operation(http.MethodGet, create.Path[:strings.LastIndex(create.Path, "/")])
	}
	body := r.body(create, list, 1)
	var id string
	maybe := false // it may have been created without an answer
	defer func() {
		if remove := at(http.MethodDelete); remove != nil && (id != "" || maybe) {
			r.remove(ctx, remove, list, parents, id, body)
		}
	}()

	answer, status, err := r.send(ctx, create, parents, body)
	var e *tid.Error
	maybe = err == nil || errors.As(err, &e) && e.MayHaveExecuted
	if err != nil {
		r.wrote(create, status, nil, nil)
		return
	}
	object, _ := answer.(map[string]any)
	if number, ok := object["id"].(json.Number); ok {
		id = string(number)
	} else {
		id, _ = r.named(ctx, list, parents, body)
	}
	read := func() map[string]any {
		if op := at(http.MethodGet); op != nil && id != "" {
			if v, _, err := r.send(ctx, op, append(slices.Clone(parents), id), nil); err == nil {
				object, _ := v.(map[string]any)
				return object
			}
			return nil
		}
		if r.operation(http.MethodGet, create.Path) != nil {
			_, row := r.named(ctx, list, parents, body)
			return row
		}
		return object // there is nothing but the answer to see it in
	}
	r.wrote(create, http.StatusOK, body, read())
	if at(http.MethodDelete) == nil {
		r.report.Writes[len(r.report.Writes)-1].Why = "it stays, since the API cannot delete it"
	}
	if id == "" {
		return
	}

	for _, op := range r.operations {
		if op.Method == http.MethodPost && len(op.PathParameters()) == 1 && strings.HasPrefix(op.Path, create.Path+"/{") {
			r.object(ctx, op, []string{id})
		}
	}
	if update := at(http.MethodPut); update != nil && ctx.Err() == nil {
		body = r.body(update, list, 2)
		if update.Body.Property("id") != nil {
			body["id"] = json.Number(id)
		}
		_, status, err := r.send(ctx, update, append(slices.Clone(parents), id), body)
		if err != nil {
			r.wrote(update, status, nil, nil)
		} else {
			r.wrote(update, http.StatusOK, body, read())
		}
	}
}

// send sends a request of an operation.
func (r *run) send(ctx context.Context, op *description.Operation, ids []string, body map[string]any) (any, int, error) {
	var out json.RawMessage
	var in any
	if body != nil {
		in = body
	}
	err := r.client.Do(ctx, op.Method, put(r.states[op].path, ids...), nil, in, &out)
	r.count()
	if err != nil {
		return nil, r.statusOf(err), err
	}
	return decode(out), http.StatusOK, nil
}

// wrote takes note of what became of a write.
func (r *run) wrote(op *description.Operation, status int, sent, held map[string]any) {
	s := r.states[op]
	w := Write{Operation: op.String(), Result: Works}
	switch status {
	case http.StatusOK:
		compare(&w, op, "", sent, held)
	case http.StatusForbidden:
		w.Result, w.Why = Forbidden, "403: the application lacks the permission for it"
	case http.StatusNotFound:
		w.Result, w.Why = Missing, "it answers 404"
	case noAnswer:
		w.Result, w.Why = Failed, "no answer"
	default:
		w.Result, w.Why = Failed, fmt.Sprintf("status %d", status)
	}
	s.result, s.why = w.Result, w.Why
	for _, names := range [][]string{w.Took, w.Ignored, w.Unseen} {
		slices.Sort(names)
	}
	for _, name := range w.Took {
		s.names = append(s.names, "body "+name)
	}
	r.report.Writes = append(r.report.Writes, w)
}

// remove deletes an object, whatever has happened, and says so if it cannot.
func (r *run) remove(ctx context.Context, op, list *description.Operation, parents []string, id string, body map[string]any) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
	defer stop()
	if id == "" {
		if id, _ = r.named(ctx, list, parents, body); id == "" {
			return
		}
	}
	status := noAnswer
	for range 3 {
		var err error
		if _, status, err = r.send(ctx, op, append(slices.Clone(parents), id), nil); err == nil || status == http.StatusNotFound {
			break
		}
	}
	if status == http.StatusOK {
		r.states[op].result, r.states[op].why = Works, ""
		r.report.Writes = append(r.report.Writes, Write{Operation: op.String(), Result: Works})
		return
	}
	r.wrote(op, status, nil, nil)
	last := &r.report.Writes[len(r.report.Writes)-1]
	last.Why += ": an object whose name begins with “" + mark + "” may be left"
}

// named finds the object in a list that has the name, title or text of a body: the newest one.
func (r *run) named(ctx context.Context, list *description.Operation, parents []string, body map[string]any) (string, map[string]any) {
	if list == nil {
		return "", nil
	}
	query := page(wholePage)
	for _, key := range []string{"createdDate", "created"} {
		if slices.Contains(list.SortKeys(), key) {
			query.Set("sortBy", key)
			query.Set("sortOrder", "descending")
		}
	}
	var raw json.RawMessage
	err := r.client.Do(ctx, http.MethodGet, put(r.states[list].path, parents...), query, nil, &raw)
	r.count()
	if err != nil {
		return "", nil
	}
	rows, _, _ := rowsOf(decode(raw))
	for _, row := range rows {
		for _, name := range []string{"name", "title", "text", "comment"} {
			text, ok := body[name].(string)
			if id, isID := row["id"].(json.Number); ok && isID && row[name] == text {
				return string(id), row
			}
		}
	}
	return "", nil
}

// compare sorts the properties of a body by whether an object holds them.
func compare(w *Write, op *description.Operation, path string, sent, held map[string]any) {
	for name, value := range sent {
		if name == "id" && path == "" {
			continue
		}
		got, shown := shownAs(op, path, name, held)
		if list, _ := value.([]any); len(list) == 1 { // of parts, such as the items of a checklist
			if parts, _ := got.([]any); len(parts) == 1 {
				if part, ok := list[0].(map[string]any); ok {
					value, got = part, parts[0]
				}
			}
		}
		if part, nested := value.(map[string]any); nested {
			if object, ok := got.(map[string]any); ok {
				compare(w, op, join(path, name), part, object)
				continue
			}
		}
		switch {
		case !shown:
			w.Unseen = append(w.Unseen, join(path, name))
		case alike(value, got):
			w.Took = append(w.Took, join(path, name))
		default:
			w.Ignored = append(w.Ignored, join(path, name))
		}
	}
}

// answeredAs are properties of bodies that answers have by a name of its own.
var answeredAs = map[string][]string{
	"/v1/Core/Projects contactId":      {"customer"},
	"/v1/Core/Projects responsibleId":  {"projectManager", "responsible"},
	"/v1/Core/Tasks userIds":           {"members"},
	"/v1/Core/Tasks taskBoardId":       {"board"},
	"/v1/Core/Tasks taskBoardColumnId": {"boardColumn"},
}

// shownAs is what an object has of a property of a body: under its own name, or as a reference to the id.
func shownAs(op *description.Operation, path, name string, held map[string]any) (any, bool) {
	if v, ok := held[name]; ok {
		return v, true
	}
	names := answeredAs[strings.TrimSuffix(op.Path, "/{id}")+" "+name]
	switch {
	case strings.HasSuffix(name, "Ids"):
		names = append(names, strings.TrimSuffix(name, "Ids")+"s")
	case strings.HasSuffix(name, "Id"):
		names = append(names, strings.TrimSuffix(name, "Id"))
	case path == "" && (name == "text" || name == "comment"):
		names = []string{"text", "comment"}
	default:
		return nil, false
	}
	for _, other := range names {
		if v, ok := held[other]; ok {
			return ids(v), true
		}
	}
	return nil, false
}

// ids are those of references.
func ids(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if id, ok := v["id"]; ok {
			return id
		}
		return v["userId"]
	case []any:
		all := make([]any, len(v))
		for i := range v {
			all[i] = ids(v[i])
		}
		return all
	}
	return v
}

// alike reports whether what is held is what was sent, spelt as it may be.
func alike(sent, held any) bool {
	if list, ok := sent.([]any); ok {
		got, ok := held.([]any)
		return ok && len(got) == len(list) && !slices.ContainsFunc(list, func(v any) bool {
			return !slices.ContainsFunc(got, func(w any) bool { return alike(v, w) })
		})
	}
	if object, ok := sent.(map[string]any); ok {
		got, _ := held.(map[string]any)
		for name, value := range object {
			if !alike(value, got[name]) {
				return false
			}
		}
		return true
	}
	a, b := valueOf(sent), valueOf(held)
	switch {
	case a.kind == "time" && b.kind == "time":
		return a.text[:10] == b.text[:10]
	case a.kind == "number" && b.kind == "text":
		b = valueOf(json.Number(b.text))
	case a.kind == "text" && b.kind == "text":
		return strings.EqualFold(a.text, b.text) || strings.HasPrefix(b.text, a.text+":") // 07:30:00
	}
	return a == b
}

// unsent are properties of bodies that are left out: of which one alone may be set, or whose meaning is not known.
var unsent = []string{
	"id", "companyId", "parentCompanyId", "internalProjectId", "absenceProjectId", "travelReport", "timeReportId", "articleId", "countryId",
}

// made are values that have to look like something, in both versions.
var made = map[string][2]string{
	"cellPhoneNumber":                      {"070-000 00 01", "070-000 00 02"},
	"clockEnd":                             {"09:00", "10:00"},
	"clockStart":                           {"07:30", "08:30"},
	"email":                                {"tid-doctor-1@example.com", "tid-doctor-2@example.com"},
	"endTime":                              {"09:00", "10:00"},
	"invoiceEmail":                         {"tid-doctor-1@example.com", "tid-doctor-2@example.com"},
	"organizationalOrSocialSecurityNumber": {"000000-0001", "000000-0002"},
	"phoneNumber":                          {"010-000 00 01", "010-000 00 02"},
	"postalCode":                           {"000 01", "000 02"},
	"startTime":                            {"07:30", "08:30"},
	"url":                                  {"https://example.com/tid-doctor-1", "https://example.com/tid-doctor-2"},
	"vatNumber":                            {"SE000000000001", "SE000000000002"},
	"website":                              {"https://example.com/tid-doctor-1", "https://example.com/tid-doctor-2"},
}

// body makes up a whole body: every property with a value, in the first version or in the second. References are to what
// other objects of the list refer to, or else to the first of the objects that they may refer to.
func (r *run) body(op, list *description.Operation, version int) map[string]any {
	body := map[string]any{}
	for _, p := range op.Body.Properties {
		if slices.Contains(unsent, p.Name) || op.Method == http.MethodPost && (p.Name == "bookingProjectId" || p.Name == "invoiceType") {
			continue
		}
		if v, ok := r.value(op, list, p, version); ok {
			body[p.Name] = v
		}
	}
	if text, ok := body["text"]; ok && body["comment"] != nil { // the two names of one property
		body["comment"] = text
	}
	return body
}

func (r *run) value(op, list *description.Operation, p *description.Property, version int) (any, bool) {
	switch texts, fixed := made[p.Name]; {
	case fixed:
		return texts[version-1], true
	case strings.HasSuffix(p.Name, "Id"), strings.HasSuffix(p.Name, "Ids"):
		return r.reference(op, list, p)
	case len(p.Enum) > 0:
		if p.Name == "contactType" { // the kind of an object stays
			return "company", true
		}
		return p.Enum[min(version, len(p.Enum))-1], true
	case p.Is("array"):
		switch {
		case p.Items == nil:
		case len(p.Items.Enum) > 0:
			return []any{p.Items.Enum[min(version, len(p.Items.Enum))-1]}, true
		case len(p.Items.Properties) > 0:
			return []any{r.parts(op, list, p.Items, version)}, true
		}
		return nil, false
	case p.Is("object"):
		return r.parts(op, list, p.Schema, version), true
	case p.Name == "hours" || p.Name == "invoiceableHours":
		return json.Number("1.5"), true
	case p.Is("boolean"):
		return version == 1, true
	case p.Is("integer"):
		return json.Number(fmt.Sprint(2 + version)), true
	case p.Is("number"):
		return json.Number(fmt.Sprintf("%d.5", 11+version)), true
	case p.Schema.Name == "DateInput":
		return time.Now().Format(time.DateOnly) + " 00:00:00", true
	case p.Is("string"):
		return fmt.Sprintf("%s %s %d", mark, p.Name, version), true
	}
	return nil, false
}

func (r *run) parts(op, list *description.Operation, s *description.Schema, version int) map[string]any {
	object := map[string]any{}
	for _, p := range s.Properties {
		if p.Name == "objectName" || slices.Contains(unsent, p.Name) {
			continue
		}
		if v, ok := r.value(op, list, p, version); ok {
			object[p.Name] = v
		}
	}
	return object
}

// referred are the lists that references lead to.
var referred = map[string]string{
	"activityId": "/v1/Admin/Activities", "bookingProjectId": "/v1/Admin/BookingProjects", "contactId": "/v1/Core/Contacts",
	"customerId": "/v1/Core/Contacts", "projectCollectionId": "/v1/Core/ProjectCollections", "projectId": "/v1/Core/Projects",
	"responsibleId": "/v1/Admin/Users", "salesResponsibleId": "/v1/Admin/Users", "supplierId": "/v1/Core/Contacts",
	"taskBoardId": "/v1/Core/TaskBoards", "timeCodeId": "/v1/Admin/Timecodes", "userId": "/v1/Admin/Users", "userIds": "/v1/Admin/Users",
}

// reference is the value of a property that refers to others.
func (r *run) reference(op, list *description.Operation, p *description.Property) (any, bool) {
	var id any
	if list != nil {
		for _, row := range r.states[list].rows {
			v, ok := shownAs(op, "", p.Name, row)
			if several, _ := v.([]any); ok && len(several) > 0 {
				v = several[0]
			}
			if number, isID := v.(json.Number); isID {
				id = number
				break
			}
		}
	}
	if id == nil {
		first, ok := r.firstID(referred[p.Name])
		if !ok {
			return nil, false
		}
		id = json.Number(first)
	}
	if p.Is("array") {
		return []any{id}, true
	}
	return id, true
}
