package sandbox

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/cmd/tid/internal/description"
	"github.com/vismatid/tid/tidtest"
)

// An example is a request as a language writes it.
type example struct{ Language, Label, Code string }

// A sample is a request for an operation that the account, as it is, answers with a success.
type sample struct {
	op    *description.Operation
	info  Info
	path  string
	query string
	body  string // JSON, or empty
}

func (s sample) url() string {
	if s.query == "" {
		return s.info.BaseURL + s.path
	}
	return s.info.BaseURL + s.path + "?" + s.query
}

// exchange says whether the operation is the one that needs no token.
func (s sample) exchange() bool { return s.op.Path == "/v1/Auth/Token" }

// file is the name under which a file is kept.
func (s sample) file() string {
	if strings.Contains(s.op.Path, "Offers") {
		return "offer.pdf"
	}
	return "attachment"
}

func (d *desk) examples(info Info) map[string][]example {
	all := map[string][]example{}
	for _, s := range d.samples(info) {
		all[s.op.ID] = []example{{"curl", "curl", s.curl()}, {"go", "Go", s.golang()}, {"python", "Python", s.python()}, {"powershell", "PowerShell", s.powershell()}}
	}
	return all
}

// samples makes a request for each operation, out of what is in the account.
func (d *desk) samples(info Info) []sample {
	in := finder{d.account.Load()}
	all := make([]sample, len(d.operations))
	for i, op := range d.operations {
		s := sample{op: op, info: info, path: in.path(op)}
		query := []string{}
		for _, p := range op.Parameters {
			value := ""
			switch {
			case p.In != "query":
			case p.Name == "page":
				value = "1"
			case p.Name == "pageSize":
				value = "10"
			case p.Required && strings.HasSuffix(p.Name, "from"):
				value = d.opts.Until.AddDays(-6).String()
			case p.Required:
				value = d.opts.Until.String()
			}
			if value != "" {
				query = append(query, url.QueryEscape(p.Name)+"="+url.QueryEscape(value))
			}
		}
		s.query = strings.Join(query, "&")
		if op.Body != nil {
			s.body = in.body(op, s.path, d.opts.Until.String())
		}
		all[i] = s
	}
	return all
}

// A finder looks for objects of an account.
type finder struct{ srv *tidtest.Server }

// first is the first object of a resource that is right, or an empty one.
func (f finder) first(list string, right func(object) bool) object {
	if res := resourceAt(list); res != nil {
		for o := range res.all(f.srv) {
			if right == nil || right(o) {
				return o
			}
		}
	}
	return object{}
}

// path is a path of an operation at which there is something.
func (f finder) path(op *description.Operation) string {
	template := op.Path
	list, rest, one := strings.Cut(strings.TrimPrefix(template, "/"), "/{id}")
	var right func(object) bool
	switch {
	case strings.Contains(template, "{bookingNumber}"):
		return fill(template, url.PathEscape(f.first("v1/Admin/BookingProjects", nil).cell("bookingNumber")))
	case strings.HasPrefix(list, "v1/Admin/Articles/"):
		kind := list[strings.LastIndex(list, "/")+1:]
		list = "v1/Admin/Articles"
		right = func(o object) bool { return strings.EqualFold(o.cell("articleType"), kind) }
	case strings.HasSuffix(template, "/Offers/{id}/Download"):
		right = func(o object) bool { return o.cell("hasPdf") == "true" }
	case rest == "/Download":
		right = func(o object) bool { return o.cell("url") == "" }
	}
	if !one {
		parent, _, nested := strings.Cut(list, "/{")
		if nested {
			return fill(template, strconv.FormatInt(f.first(parent, nil).id(), 10))
		}
		return template
	}
	o := f.first(list, right)
	if o.path == "" {
		return template
	}
	id := strconv.FormatInt(o.id(), 10)
	if strings.Contains(list, "{") { // the path of the object names its parent
		return "/" + o.path + rest
	}
	return fill(template, id)
}

// also are the properties of a body that a request needs, or is better with, beside those that the description requires.
var also = map[string][]string{
	"TimeReportInput": {"projectId", "hours"}, "TimeReports": {"projectId", "hours", "comment"}, "MaterialReports": {"title", "consumedUnits", "pricePerUnit"},
	"Articles": {"price"}, "SupplierInvoices": {"totalAmount"}, "Attachments": {"url"},
}

// body is the body of a request: what is required, and the text or name of what requires nothing.
func (f finder) body(op *description.Operation, path, day string) string {
	words := strings.Split(op.ID, ".")
	wanted := slices.Concat(op.Body.Required, also[words[0]], also[words[max(0, len(words)-2)]])
	var out strings.Builder
	for _, p := range op.Body.Properties {
		if !slices.Contains(wanted, p.Name) && (len(op.Body.Required) > 0 || p.Name != "text" && p.Name != "name") {
			continue
		}
		fmt.Fprintf(&out, ", %q: %s", p.Name, f.value(p, path, day))
	}
	return "{" + strings.TrimPrefix(out.String(), ", ") + "}"
}

// value is a value of a property.
func (f finder) value(p *description.Property, path, day string) string {
	lists := map[string]string{"userId": "v1/Admin/Users", "projectId": "v1/Core/Projects"}
	switch {
	case p.Name == "id":
		return path[strings.LastIndex(path, "/")+1:]
	case lists[p.Name] != "":
		return strconv.FormatInt(f.first(lists[p.Name], nil).id(), 10)
	case p.Name == "date":
		return strconv.Quote(day)
	case p.Name == "url":
		return `"https://files.example/1"`
	case p.Name == "contactType":
		return `"company"`
	case p.Is("number"):
		return "7.5"
	case p.Name == "invoiceNumber":
		return `"100200"`
	}
	return `"Example"`
}

// words writes a text between quotes, in which the quote itself is written in another way.
func words(text, quote, instead string) string {
	return quote + strings.ReplaceAll(text, quote, instead) + quote
}

func (s sample) curl() string {
	quoted := func(text string) string { return words(text, "'", `'\''`) }
	parts := []string{"curl -sS"}
	switch {
	case s.exchange():
		parts = append(parts, "-u "+quoted(s.info.AppID+":"+s.info.AppSecret))
	default:
		parts = append(parts, "-H "+quoted("Authorization: Bearer "+s.info.StaticToken))
	}
	if s.op.Method != "GET" {
		parts[0] += " -X " + s.op.Method
	}
	if s.body != "" {
		parts = append(parts, "-H 'Content-Type: application/json'", "-d "+quoted(s.body))
	}
	if s.op.File {
		parts = append(parts, "-o "+s.file())
	}
	return strings.Join(append(parts, quoted(s.url())), " \\\n  ") + "\n"
}

func (s sample) powershell() string {
	quoted := func(text string) string { return words(text, "'", "''") }
	var out strings.Builder
	switch {
	case s.exchange():
		fmt.Fprintf(&out, "$pair = [Convert]::ToBase64String([Text.Encoding]::ASCII.GetBytes(%s))\n$headers = @{ Authorization = \"Basic $pair\" }\n",
			quoted(s.info.AppID+":"+s.info.AppSecret))
	default:
		fmt.Fprintf(&out, "$headers = @{ Authorization = %s }\n", quoted("Bearer "+s.info.StaticToken))
	}
	method := s.op.Method[:1] + strings.ToLower(s.op.Method[1:])
	fmt.Fprintf(&out, "Invoke-RestMethod -Method %s -Headers $headers -Uri %s", method, quoted(s.url()))
	if s.body != "" {
		fmt.Fprintf(&out, " `\n  -ContentType 'application/json' -Body %s", quoted(s.body))
	}
	switch {
	case s.op.File:
		fmt.Fprintf(&out, " -OutFile %s", s.file())
	case s.op.Answer != nil:
		out.WriteString(" |\n  ConvertTo-Json -Depth 10")
	}
	return out.String() + "\n"
}

func (s sample) python() string {
	var out strings.Builder
	if s.exchange() {
		out.WriteString("import base64\n")
	}
	out.WriteString("import urllib.request\n\n")
	authorization := strconv.Quote("Bearer " + s.info.StaticToken)
	if s.exchange() {
		fmt.Fprintf(&out, "pair = base64.b64encode(%q.encode()).decode()\n", s.info.AppID+":"+s.info.AppSecret)
		authorization = `"Basic " + pair`
	}
	fmt.Fprintf(&out, "request = urllib.request.Request(\n    %q,\n    method=%q,\n    headers={\n        \"Authorization\": %s,\n", s.url(), s.op.Method, authorization)
	if s.body == "" {
		out.WriteString("    },\n)\n")
	} else {
		fmt.Fprintf(&out, "        \"Content-Type\": \"application/json\",\n    },\n    data=b%s,\n)\n", words(s.body, "'", `\'`))
	}
	out.WriteString("with urllib.request.urlopen(request) as answer:\n")
	if s.op.File {
		fmt.Fprintf(&out, "    with open(%q, \"wb\") as file:\n        file.write(answer.read())\n", s.file())
	} else {
		out.WriteString("    print(answer.status, answer.read().decode())\n")
	}
	return out.String()
}

// golang writes a program with the module.
func (s sample) golang() string {
	var imports, code []string
	source := fmt.Sprintf("tid.StaticToken(%q)", s.info.StaticToken)
	if s.exchange() { // which the client does by itself
		source = fmt.Sprintf("tid.AppCredentials(%q, %q)", s.info.AppID, s.info.AppSecret)
	}
	imports = append(imports, "context", "log")
	answer := "nil"
	query, body := "nil", "nil"
	if s.query != "" {
		imports = append(imports, "net/url")
		values, _ := url.ParseQuery(s.query) // which has just been written
		var pairs []string
		for pair := range strings.SplitSeq(s.query, "&") {
			name, _, _ := strings.Cut(pair, "=")
			pairs = append(pairs, fmt.Sprintf("%q: {%q}", name, values.Get(name)))
		}
		query = "url.Values{" + strings.Join(pairs, ", ") + "}"
	}
	if s.body != "" {
		imports = append(imports, "encoding/json")
		body = "json.RawMessage(" + words(s.body, "`", "'") + ")"
	}
	method, path := s.op.Method, strings.TrimPrefix(s.path, "/")
	switch {
	case s.exchange():
		code = append(code, "// The client exchanges its credentials for a token when it needs one.")
		method, path = "GET", "v1/Core/Projects/NextProjectNumber"
		fallthrough
	case !s.op.File && s.op.Answer != nil:
		imports = append(imports, "encoding/json", "fmt")
		code = append(code, "var answer json.RawMessage")
		answer = "&answer"
	case s.op.File:
		imports = append(imports, "os")
		code = append(code, fmt.Sprintf("file, err := os.Create(%q)\n\tif err != nil {\n\t\tlog.Fatal(err)\n\t}\n\tdefer file.Close()", s.file()))
		answer = "file"
	}
	if typed := s.typed(); typed != "" {
		code = append(code, "// With types: "+typed)
	}
	code = append(code, fmt.Sprintf("err = client.Do(context.Background(), %q, %q,\n\t\t%s, %s, %s)\n\tif err != nil {\n\t\tlog.Fatal(err)\n\t}", method, path, query, body, answer))
	if answer == "&answer" {
		code = append(code, "fmt.Println(string(answer))")
	}
	slices.Sort(imports)
	var out strings.Builder
	out.WriteString("package main\n\nimport (\n")
	for _, name := range slices.Compact(imports) {
		fmt.Fprintf(&out, "\t%q\n", name)
	}
	fmt.Fprintf(&out, "\n\t\"github.com/vismatid/tid\"\n)\n\nfunc main() {\n\tclient, err := tid.NewClient(%s, tid.WithBaseURL(%q))\n\tif err != nil {\n\t\tlog.Fatal(err)\n\t}\n\t%s\n}\n",
		source, s.info.BaseURL, strings.Join(code, "\n\t"))
	return out.String()
}

// typed is the method of the module that the operation has, if it is called what the operation is called.
func (s sample) typed() string {
	at := reflect.ValueOf(&tid.Client{}).Elem()
	names := strings.Split(s.op.ID, ".")
	for i, name := range names {
		if i == len(names)-1 {
			break
		}
		t := at.Type()
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		f, ok := t.FieldByName(name)
		if !ok {
			return ""
		}
		at = reflect.Zero(f.Type)
	}
	if _, ok := at.Type().MethodByName(names[len(names)-1]); !ok {
		return ""
	}
	return "client." + s.op.ID
}
