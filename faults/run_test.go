package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// run is a schedule that is being carried out, or has been.
type run struct {
	schedule
	srv    *tidtest.Server
	client *tid.Client
	wire   *wire
	stay   []int64  // ids of the contacts that stay
	left   []string // the stacks of goroutines that were left
	calls  []*call

	mu        sync.Mutex
	log       bytes.Buffer
	events    map[key]int // attempts, as the client tells of them
	residents []*resident
	pending   []change    // by others, still to come
	changed   []time.Time // when there were such
	arrived   []tidtest.Request
}

// resident is a contact in the list.
type resident struct {
	id       int64
	passing  bool
	own      bool      // of a call, which will look for it
	from, to time.Time // there in between; zero is from the beginning, and to the end
}

// key is one operation of one call, several of which can belong to an action.
type key struct {
	call *call
	op   string
}

type callKey struct{}

// callOf returns the call that a context is for. An exchange of tokens has that of
// the call that was the first to need it.
func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// call is one action and what came of it.
type call struct {
	action
	mark  string // what its write can be known by
	err   error
	began time.Time
	ended time.Time // zero while it is under way
	until time.Time // the end of its context; zero is none
	id    int64     // what was read, created or removed
	given []*tid.ContactSummary
	more  bool // something followed the error of a walk
	whole bool // the walk came to its end

	before, after tid.Extra // the unknown properties of a contact that is modified
}

// Write takes what the client logs.
func (r *run) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Write(p)
}

// carryOut runs a schedule; it must be called in a bubble of testing/synctest.
func (s schedule) carryOut() *run {
	r := &run{schedule: s, events: make(map[key]int), pending: s.changes}
	opts := []tidtest.Option{tidtest.InMemory(), tidtest.WithSeed(s.seed), tidtest.WithLatency(s.latency),
		tidtest.WithConnectTime(s.connect), tidtest.WithBeforeRequest(r.before)}
	if s.fixedWindow {
		opts = append(opts, tidtest.WithFixedWindow())
	}
	if s.noTotals {
		opts = append(opts, tidtest.WithStrangeShapes(tidtest.ShapeNoTotals))
	}
	if s.tokenLife > 0 {
		opts = append(opts, tidtest.WithTokenLifetime(s.tokenLife))
	}
	r.srv = tidtest.Start(opts...)
	defer r.srv.Close()
	for _, actions := range s.workers {
		for _, a := range actions {
			r.calls = append(r.calls, &call{action: a, mark: fmt.Sprintf("call %03d", len(r.calls))})
		}
	}
	if s.unknown {
		r.srv.AddProperties("v1/Core/Contacts", slices.Concat(slices.Collect(maps.Keys(unknownProperties)), []string{note})...)
	}
	for _, d := range s.distortions {
		r.srv.DistortWrites(d)
	}
	r.furnish()
	r.wire = &wire{next: r.srv.Transport(), secrets: map[string]bool{r.srv.AppSecret: true}}
	var source tid.TokenSource = tid.AppCredentials(r.srv.AppID, r.srv.AppSecret)
	if s.tokenLife == 0 {
		source = tid.StaticToken(r.srv.StaticToken)
	}
	var err error
	r.client, err = tid.NewClient(source, tid.WithBaseURL(r.srv.URL), tid.WithHTTPClient(&http.Client{Transport: r.wire}),
		tid.WithRetries(s.retries, s.retried...), tid.WithReadAhead(s.readAhead), tid.WithObserver(r.observe),
		tid.WithLogger(slog.New(slog.NewJSONHandler(r, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	if err != nil {
		panic(err)
	}
	for _, f := range s.faults {
		r.srv.Inject(f.Fault)
	}

	var workers sync.WaitGroup
	calls := r.calls
	for i, actions := range s.workers {
		mine := calls[:len(actions)]
		calls = calls[len(actions):]
		workers.Go(func() {
			time.Sleep(time.Duration(i) * time.Microsecond) // one after the other, each time in the same order
			for _, c := range mine {
				time.Sleep(c.pause)
				r.do(c)
			}
		})
	}
	ended := make(chan struct{})
	go func() {
		workers.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(24 * time.Hour):
		return r
	}
	synctest.Wait()
	r.left = leftGoroutines()
	time.Sleep(10 * time.Minute) // an exchange of tokens may outlive the callers that wait for it, though not for ever
	synctest.Wait()
	r.arrived = r.srv.Requests()
	return r
}

// furnish puts contacts into the list before anything begins: those that stay, and
// between them those that pass and those that are removed by a call.
func (r *run) furnish() {
	var passing []*call // nil for one that others remove
	for _, c := range r.calls {
		if c.kind == remove {
			passing = append(passing, c)
		}
	}
	passing = append(passing, make([]*call, r.passing)...)
	n := r.contacts + len(passing)
	all := make([]tid.Contact, n)
	for i := range all {
		all[i] = contact(named(i*619, i))
		all[i].CustomerNumber = "K1"
		if r.unknown && i%2 == 0 {
			all[i].Extra = unknownProperties
		}
	}
	for i, id := range r.srv.Contacts.PutAll(all) {
		put := &resident{id: id}
		r.residents = append(r.residents, put)
		switch before := (i + 1) * len(passing) / n; {
		case before == i*len(passing)/n:
			r.stay = append(r.stay, id)
		case passing[before-1] != nil:
			passing[before-1].id = id
		default:
			put.passing = true
		}
	}
}

// unknownProperties are those of half of the contacts, where there are any; note is one that every modification sets.
var unknownProperties = tid.Extra{
	"creditLimit": json.RawMessage("50000.00"), "owner": json.RawMessage(`{"id":7,"name":"Test"}`), "invoiceAddress.careOf": json.RawMessage(`"Testsson"`),
}

const note = "note"

// unchanged is what a contact has of the properties that no call changes.
func (r *run) unchanged(id int64) tid.Extra {
	kept, _ := r.srv.Contacts.Get(id)
	delete(kept.Extra, note)
	return kept.Extra
}

// named is the name of a contact that stands at a place, of a thousand, by its name.
func named(place, i int) string { return fmt.Sprintf("%03d %d", place%1000, i) }

// before is called by the server when a request has arrived.
func (r *run) before(_ *tidtest.Server, req tidtest.Request) {
	if req.Operation != "GET /v1/Core/Contacts" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.pending) > 0 && r.pending[0].after == 0 {
		r.change(r.pending[0])
		r.pending = r.pending[1:]
	}
	if len(r.pending) > 0 {
		r.pending = slices.Clone(r.pending)
		r.pending[0].after--
	}
}

// change makes a change of others; r.mu is held.
func (r *run) change(c change) {
	now := time.Now()
	r.changed = append(r.changed, now)
	for i := range c.count {
		name := named(c.place, len(r.residents)+i)
		there := slices.DeleteFunc(slices.Clone(r.residents), func(p *resident) bool {
			return !p.to.IsZero() || p.own || c.kind == take && !p.passing
		})
		switch {
		case c.kind == insert:
			r.residents = append(r.residents, &resident{id: r.srv.Contacts.Put(contact(name)), passing: true, from: now})
		case len(there) == 0:
		case c.kind == take:
			p := there[c.target%len(there)]
			p.to = now
			r.srv.Contacts.Delete(p.id)
		case c.kind == move:
			r.srv.Contacts.Update(there[(c.target+i)%len(there)].id, func(v *tid.Contact) { v.Name = name })
		}
	}
}

// observe counts the attempts that were sent.
func (r *run) observe(ctx context.Context, e tid.Event) {
	if err, ok := e.Err.(*tid.Error); ok && (err.Operation != e.Operation || err.Attempts < e.Attempt) {
		return // it was not: no token, or no turn
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events[key{callOf(ctx), e.Operation}]++
}

// stacks is where leftGoroutines has them written.
var stacks = make([]byte, 1<<20)

// leftGoroutines returns the stacks of the goroutines in which the client is at
// work, besides that of a token exchange, which serves more than its first asker.
func leftGoroutines() []string {
	n := runtime.Stack(stacks, true)
	return slices.DeleteFunc(strings.Split(string(stacks[:n]), "\n\n"), func(stack string) bool {
		return !strings.Contains(stack, "vismatid/tid.") || strings.Contains(stack, "tid.(*exchanger).run(")
	})
}

func contact(name string) tid.Contact {
	return tid.Contact{ContactSummary: tid.ContactSummary{Name: name, ContactType: tid.ContactCompany}}
}

// do carries out one action.
func (r *run) do(c *call) {
	ctx := context.WithValue(context.Background(), callKey{}, c) // which does not end with the action: what is left behind is to be seen
	c.began = time.Now()
	defer func() { c.ended = time.Now() }()
	if c.limit > 0 {
		c.until = time.Now().Add(c.limit)
		var cancel context.CancelFunc
		if c.cancel {
			ctx, cancel = context.WithCancel(ctx)
			defer time.AfterFunc(c.limit, cancel).Stop()
		} else {
			ctx, cancel = context.WithDeadline(ctx, c.until)
			defer cancel()
		}
	}
	one := r.stay[c.target%len(r.stay)]
	switch c.kind {
	case create:
		var made *tid.Contact
		made, c.err = r.client.Contacts.Create(ctx, &tid.ContactInput{Name: c.mark, ContactType: tid.ContactPerson})
		if c.err == nil {
			c.id = made.ID
			if c.id != 0 { // which an answer may leave out
				r.mu.Lock()
				r.residents = append(r.residents, &resident{id: c.id, own: true, from: time.Now()})
				r.mu.Unlock()
			}
		}
	case modify:
		_, c.err = r.client.Contacts.Modify(ctx, one, func(in *tid.ContactInput) error {
			c.before = r.unchanged(one)
			in.ImportantInformation = c.mark
			if r.unknown {
				return in.Extra.Set(note, c.mark)
			}
			return nil
		})
		c.after = r.unchanged(one)
	case remove:
		r.mu.Lock()
		r.residents[slices.IndexFunc(r.residents, func(p *resident) bool { return p.id == c.id })].to = c.began
		r.mu.Unlock()
		c.err = r.client.Contacts.Delete(ctx, c.id)
	case get:
		var got *tid.Contact
		if got, c.err = r.client.Contacts.Get(ctx, one); c.err == nil && got.ID != one {
			c.err = errors.New("another contact than the one that was asked for")
		}
	case walk:
		opts := &tid.ContactListOptions{ListOptions: tid.ListOptions{PageSize: r.pageSize, SortOrder: r.order.sort}, SortBy: r.order.by}
		for item, err := range r.client.Contacts.All(ctx, opts) {
			c.more = c.more || c.err != nil
			if c.err = err; err != nil {
				continue
			}
			c.given = append(c.given, item)
			if len(c.given) == c.items {
				break
			}
		}
		c.whole = c.err == nil && (c.items == 0 || len(c.given) < c.items)
	}
}
