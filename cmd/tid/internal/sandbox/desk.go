package sandbox

import (
	"cmp"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vismatid/tid/cmd/tid/internal/description"
	"github.com/vismatid/tid/tidtest"
)

//go:embed assets
var assets embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"lower": strings.ToLower,
	"join":  func(words []string) string { return strings.Join(words, ", ") },
}).ParseFS(assets, "assets/*.html"))

// A desk is the account, and the page about it.
type desk struct {
	opts       Options
	info       Info
	hub        *hub
	operations []*description.Operation
	page       http.Handler

	account atomic.Pointer[tidtest.Server]

	mu     sync.Mutex
	faults []*fault
	drifts map[string]bool // by the name of the choice
}

func newDesk(opts Options, info Info) (*desk, error) {
	d := &desk{opts: opts, info: info, hub: newHub()}
	var err error
	if d.operations, err = description.Operations(); err != nil {
		return nil, err
	}
	if err := d.reset(); err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", d.showDesk)
	mux.HandleFunc("GET /sandbox/reference", d.showReference)
	mux.HandleFunc("GET /sandbox/requests", func(w http.ResponseWriter, r *http.Request) { d.hub.stream(w, r, d.state) })
	mux.HandleFunc("GET /sandbox/objects", d.showObjects)
	mux.HandleFunc("GET /sandbox/object", d.showObject)
	for _, name := range []string{"style.css", "script.js", "icon.svg"} {
		mux.HandleFunc("GET /sandbox/"+name, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFileFS(w, r, assets, path.Join("assets", name))
		})
	}
	for name, do := range map[string]func(*http.Request) (string, error){
		"faults": d.inject, "faults/clear": d.clearFaults, "drift": d.setDrift, "reset": d.startAnew,
	} {
		mux.HandleFunc("POST /sandbox/"+name, d.action(do))
	}
	d.page = onlyFromHere(mux)
	return d, nil
}

// ServeHTTP answers the page and what belongs to it. Everything else is for the API, so that none of its paths is shadowed.
func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" || strings.HasPrefix(r.URL.Path, "/sandbox/") {
		d.page.ServeHTTP(w, r)
		return
	}
	d.account.Load().ServeHTTP(w, r)
}

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// onlyFromHere keeps pages of others from using the page, or showing it within theirs.
func onlyFromHere(page http.Handler) http.Handler {
	page = new(http.CrossOriginProtection).Handler(page) // of what changes something
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin") // so that forms of the page tell where they come from
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		switch from := r.Header.Get("Sec-Fetch-Site"); {
		case from == "", from == "same-origin", from == "none", r.Header.Get("Sec-Fetch-Mode") == "navigate":
			page.ServeHTTP(w, r)
		default:
			http.Error(w, "Only the page of the sandbox itself may ask for this.", http.StatusForbidden)
		}
	})
}

// reset makes a fresh account, which drifts as at the start.
func (d *desk) reset() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var srv *tidtest.Server
	err := attempt(func() {
		srv = tidtest.Start(
			tidtest.AsHandler(d.info.BaseURL), tidtest.WithCredentials(d.opts.AppID, d.opts.AppSecret, d.opts.StaticToken),
			tidtest.WithRateLimit(max(0, d.opts.RateLimit)), tidtest.WithLog(0), tidtest.WithAfterRequest(d.after),
			tidtest.WithCompany(tidtest.SampleMonths(d.opts.Seed, d.opts.Users, d.opts.Months, d.opts.Until)), tidtest.WithDrift(d.opts.Drift...),
		)
	})
	if err != nil {
		return err
	}
	d.account.Store(srv)
	d.faults, d.drifts = nil, map[string]bool{}
	if len(d.opts.Drift) > 0 {
		d.drifts[ownDrift] = true
	}
	return nil
}

// attempt turns the panics with which tidtest refuses its arguments into errors.
func attempt(f func()) (err error) {
	defer func() {
		switch said := recover().(type) {
		case nil:
		case string:
			err = errors.New(strings.TrimPrefix(said, "tidtest: "))
		default:
			panic(said)
		}
	}()
	f()
	return nil
}

// after is told of every request that the API has answered.
func (d *desk) after(_ *tidtest.Server, r tidtest.Request, res tidtest.Response) {
	d.hub.request(newEntry(r, res))
	if r.Faulty || r.Method != http.MethodGet {
		d.tell()
	}
}

// tell tells the readers of the page how things stand.
func (d *desk) tell() {
	if d.hub.read() {
		d.hub.state(d.state())
	}
}

// state is what changes on the page beside the requests.
type state struct {
	Faults []faultState    `json:"faults"`
	Drifts map[string]bool `json:"drifts"`
	Counts map[string]int  `json:"counts"` // by the path of the resource
}

type faultState struct {
	Title     string `json:"title"`
	Operation string `json:"operation"`
	Left      int    `json:"left"`
}

func (d *desk) state() any {
	now := state{Faults: []faultState{}, Drifts: map[string]bool{}, Counts: map[string]int{}}
	srv := d.account.Load()
	for _, res := range resources {
		now.Counts[res.Path] = res.count(srv)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forgetSpent()
	for _, f := range d.faults {
		now.Faults = append(now.Faults, faultState{f.kind.Title, cmp.Or(f.operation, "any operation"), f.left()})
	}
	for _, choice := range d.driftChoices() {
		now.Drifts[choice.Name] = d.drifts[choice.Name]
	}
	return now
}

// A faultKind is a button.
type faultKind struct {
	Name, Title, Text string
	effect            tidtest.Effect
}

var faultKinds = []faultKind{
	{"503", "503 Service Unavailable", "The server has done nothing.", tidtest.Answer(http.StatusServiceUnavailable, `{"message":"The sandbox was asked to be unavailable."}`)},
	{"503-after", "503 after the deed", "The server has done what it was asked to, and says that it has not.", tidtest.AnswerAfter(http.StatusServiceUnavailable, "")},
	{"429", "429 Too Many Requests", "The answer asks to wait for 5 seconds.", tidtest.TooMany(5 * time.Second)},
	{"slow", "Slow", "The answer takes 5 seconds.", tidtest.Delay(5 * time.Second)},
	{"cut", "Cut off", "The connection breaks within the answer.", tidtest.CutBody(20)},
	{"drop", "Dropped", "The connection breaks before the server has done anything.", tidtest.DropBefore()},
	{"malformed", "Malformed", "The JSON breaks off, as if it were whole.", tidtest.Malformed()},
}

// A fault is one at work.
type fault struct {
	kind      faultKind
	operation string
	times     int
	at        *tidtest.Injection
}

func (f *fault) left() int { return f.times - f.at.Hits() }

const (
	mostFaults = 20
	mostTimes  = 1000
)

// forgetSpent forgets the faults that have happened; the lock is held.
func (d *desk) forgetSpent() {
	d.faults = slices.DeleteFunc(d.faults, func(f *fault) bool {
		if f.left() > 0 {
			return false
		}
		f.at.Remove()
		return true
	})
}

// tokens is the name of the button that ends the tokens.
const tokens = "tokens"

func (d *desk) inject(r *http.Request) (string, error) {
	name := r.PostFormValue("kind")
	if name == tokens {
		d.account.Load().KillTokens()
		return "Every token from an exchange has ended. The static one lives on.", nil
	}
	i := slices.IndexFunc(faultKinds, func(k faultKind) bool { return k.Name == name })
	if i < 0 {
		return "", errors.New("there is no fault of that name")
	}
	times, err := strconv.Atoi(cmp.Or(r.PostFormValue("times"), "1"))
	if err != nil || times < 1 || times > mostTimes {
		return "", fmt.Errorf("a fault happens from 1 to %d times", mostTimes)
	}
	f := &fault{kind: faultKinds[i], operation: r.PostFormValue("operation"), times: times}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.forgetSpent(); len(d.faults) >= mostFaults {
		return "", fmt.Errorf("there are %d faults waiting to happen: clear them first", len(d.faults))
	}
	if err := attempt(func() {
		f.at = d.account.Load().Inject(tidtest.Fault{Operation: f.operation, Times: times, Effect: f.kind.effect})
	}); err != nil {
		return "", err
	}
	d.faults = append(d.faults, f)
	which := "The next request"
	if f.operation != "" {
		which = "The next " + f.operation
	}
	if times > 1 {
		which = fmt.Sprintf("%s, and %d more,", which, times-1)
	}
	return which + " will go wrong: " + f.kind.Title + ".", nil
}

func (d *desk) clearFaults(*http.Request) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.account.Load().ClearFaults()
	d.faults = nil
	return "No request will go wrong.", nil
}

// A driftChoice is a way in which the account can differ from the description.
type driftChoice struct {
	Name, Title, Text string
	drifts            []tidtest.Drift
}

// ownDrift is the choice of what Options.Drift says.
const ownDrift = "own"

const listContacts, getContact = "GET /v1/Core/Contacts", "GET /v1/Core/Contacts/{id}"

var driftChoices = []driftChoice{
	{"moved", "Moved path", "The logs are at /v1/Core/LogEntries.", []tidtest.Drift{{Operation: "GET /v1/Core/Logs", Moved: "/v1/Core/LogEntries"}}},
	{"renamed", "Renamed property", "The customerNumber of contacts is called number.", []tidtest.Drift{
		{Operation: listContacts, Renamed: map[string]string{"items.customerNumber": "number"}},
		{Operation: getContact, Renamed: map[string]string{"customerNumber": "number"}},
	}},
	{"missing", "Missing property", "Contacts come without their email.", []tidtest.Drift{
		{Operation: listContacts, Missing: []string{"items.email"}}, {Operation: getContact, Missing: []string{"email"}},
	}},
	{"added", "Added property", "Contacts have a creditLimit.", []tidtest.Drift{
		{Operation: listContacts, Added: map[string]string{"items.creditLimit": "50000.00"}},
		{Operation: getContact, Added: map[string]string{"creditLimit": "50000.00"}},
	}},
	{"retyped", "Other type", "The breakMinutes of time reports are strings.", []tidtest.Drift{
		{Operation: "GET /v1/Core/TimeReports", Retyped: map[string]string{"items.breakMinutes": "string"}},
		{Operation: "GET /v1/Core/TimeReports/{id}", Retyped: map[string]string{"breakMinutes": "string"}},
	}},
	{"deaf-filter", "Deaf filter", "The list of contacts ignores filter.query.", []tidtest.Drift{{Operation: listContacts, DeafFilters: []string{"filter.query"}}}},
	{"deaf-sort", "Deaf sort key", "The list of contacts ignores sortBy=name.", []tidtest.Drift{{Operation: listContacts, DeafSorts: []string{"name"}}}},
}

func (d *desk) driftChoices() []driftChoice {
	if len(d.opts.Drift) == 0 {
		return driftChoices
	}
	own := driftChoice{ownDrift, "As started", "What the sandbox was started with.", d.opts.Drift}
	return append([]driftChoice{own}, driftChoices...)
}

func (d *desk) setDrift(r *http.Request) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	choices, name, on := d.driftChoices(), r.PostFormValue("name"), r.PostFormValue("on") == "true"
	i := slices.IndexFunc(choices, func(c driftChoice) bool { return c.Name == name })
	if i < 0 {
		return "", errors.New("there is no drift of that name")
	}
	var all []tidtest.Drift
	for _, c := range choices {
		if c.Name == name && on || c.Name != name && d.drifts[c.Name] {
			all = append(all, c.drifts...)
		}
	}
	if err := attempt(func() { d.account.Load().SetDrift(all...) }); err != nil {
		return "", err
	}
	d.drifts[name] = on
	if !on {
		return choices[i].Title + ": as described again.", nil
	}
	return choices[i].Title + ": " + choices[i].Text, nil
}

func (d *desk) startAnew(*http.Request) (string, error) {
	if err := d.reset(); err != nil {
		return "", err
	}
	d.hub.clear()
	return "The account is as it was at the start.", nil
}

// mostForm is the size of the largest form of the page.
const mostForm = 16 << 10

// action does what a form asks for. The page's script gets the outcome as JSON, a browser without it the page again.
func (d *desk) action(do func(*http.Request) (string, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, mostForm)
		if err := r.ParseForm(); err != nil {
			http.Error(w, "The form cannot be read.", http.StatusBadRequest)
			return
		}
		said, err := do(r)
		d.tell()
		switch {
		case err != nil && !wantsJSON(r):
			http.Error(w, "This cannot be done: "+err.Error()+".", http.StatusUnprocessableEntity)
		case err != nil:
			writeJSON(w, http.StatusUnprocessableEntity, map[string]string{"message": "This cannot be done: " + err.Error() + "."})
		case wantsJSON(r):
			writeJSON(w, http.StatusOK, map[string]string{"message": said})
		default:
			http.Redirect(w, r, "/", http.StatusSeeOther)
		}
	}
}

func wantsJSON(r *http.Request) bool { return r.Header.Get("Accept") == "application/json" }

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the reader may have gone
}

func (d *desk) showObjects(w http.ResponseWriter, r *http.Request) {
	name := r.FormValue("resource")
	res := resourceAt(name)
	if res == nil && name != "" {
		http.Error(w, "There is no such resource.", http.StatusNotFound)
		return
	}
	writeJSON(w, http.StatusOK, find(d.account.Load(), res, r.FormValue("q")))
}

func (d *desk) showObject(w http.ResponseWriter, r *http.Request) {
	text := d.account.Load().GetJSON(r.FormValue("path"))
	if text == "" {
		http.Error(w, "There is no such object.", http.StatusNotFound)
		return
	}
	writeJSON(w, http.StatusOK, json.RawMessage(text))
}

// shown is what the pages are made from.
type shown struct {
	Info
	Until      string
	Users      int
	Months     int
	Operations []*description.Operation
	Resources  []*resource
	Faults     []faultKind
	Drifts     []driftChoice
	State      state
	Examples   map[string][]example
}

func (d *desk) shown(r *http.Request) shown {
	info := d.info
	info.BaseURL = "http://" + r.Host // which is one of those that are known
	info.PageURL = info.BaseURL + "/"
	return shown{
		Info: info, Until: d.opts.Until.String(), Users: d.opts.Users, Months: d.opts.Months, Operations: d.operations, Resources: resources,
		Faults: faultKinds, Drifts: d.driftChoices(), State: d.state().(state),
	}
}

func (d *desk) showDesk(w http.ResponseWriter, r *http.Request) { show(w, "desk.html", d.shown(r)) }

func (d *desk) showReference(w http.ResponseWriter, r *http.Request) {
	v := d.shown(r)
	v.Examples = d.examples(v.Info)
	show(w, "reference.html", v)
}

func show(w http.ResponseWriter, name string, v shown) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = pages.ExecuteTemplate(w, name, v) // the reader may have gone
}
