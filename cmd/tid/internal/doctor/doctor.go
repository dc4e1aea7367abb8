// Package doctor compares the API of an account with the description: it reads every list and the first objects of each, and
// reports paths, names, types, filters and sort keys that differ. It writes only where [Options] ask for it.
package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/cmd/tid/internal/description"
)

// Limits of a run.
const (
	// DefaultRequests allow for every path, the names and types in every list and detail, the filters whose names are
	// inferred and a sort key of each list.
	DefaultRequests = 120
	// NoLimit allows for every filter and sort key as well: about twice as many.
	NoLimit = -1

	// workers ask at the same time. How fast they do is up to the client's limiter.
	workers = 4
	// parents is how many objects are tried for one that has rows of a nested list.
	parents = 16
	// details is how many objects of a list are read one by one.
	details = 2
	// days is the longest span that the day statistics take.
	days = 31
)

// Options say what a run does beyond reading.
type Options struct {
	// Paths are templates to use in the place of the description's, by operation, as WithPath takes them.
	Paths map[string]string
	// Requests is the most that a run reads; 0 is DefaultRequests, NoLimit is all there is to check.
	// What is only inferred comes first. Writes are not counted in.
	Requests int
	// Writes creates, reads, changes and deletes an object of everything that can be deleted, with names that begin with
	// "tid doctor". For test accounts only: the caller has to know that it is one.
	Writes bool
	// WritesKept does the same with what the API cannot delete: it stays. It needs Writes.
	WritesKept bool
	// Meter has measured the requests of the client.
	Meter *Meter
	// Exchange gets a token, to see how long it lasts; nil for an account with a static one.
	Exchange func(context.Context) (tid.Token, error)
	// Progress is told how many of the requests are done, and about how many there will be. It is called by one goroutine at
	// a time.
	Progress func(done, total int)
}

// Run holds the account of a client against the operations of the description. An operation that fails is a result, not an
// error: the error is for a run that had to end early, and the report has what was found until then.
func Run(ctx context.Context, client *tid.Client, operations []*description.Operation, opts Options) (*Report, error) {
	if opts.WritesKept && !opts.Writes {
		return nil, errors.New("doctor: WritesKept needs Writes")
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r := &run{
		client: client, operations: operations, opts: opts, stop: stop,
		report: &Report{Findings: []Finding{}, Paths: map[string]string{}, Unsettled: map[string][]string{}, PageSizes: map[string]string{}},
		states: map[*description.Operation]*state{}, left: opts.Requests,
	}
	if opts.Requests == 0 {
		r.left = DefaultRequests
	}
	for _, op := range operations {
		s := &state{op: op, path: op.Path, result: NotTried, survey: newSurvey()}
		if path := opts.Paths[op.String()]; path != "" {
			s.path = path
		}
		r.states[op] = s
	}
	r.read(ctx)
	if opts.Exchange != nil && ctx.Err() == nil {
		r.exchange(ctx)
	}
	if opts.Writes {
		r.write(ctx)
	}
	r.conclude()
	if err := context.Cause(ctx); err != nil {
		return r.report, fmt.Errorf("doctor: the check ended early: %w", err)
	}
	return r.report, nil
}

// exchange gets a token to see how long it lasts.
func (r *run) exchange(ctx context.Context) {
	op := r.operation(http.MethodPost, "/v1/Auth/Token")
	if op == nil {
		return
	}
	s := r.states[op]
	token, err := r.opts.Exchange(ctx)
	if err != nil {
		s.result, s.why = Failed, "no token came"
		return
	}
	s.result, s.why = Works, ""
	r.report.TokenMinutes = int(time.Until(token.Expires).Round(time.Minute).Minutes())
}

// A run is one examination. What is in the states is written by one goroutine at a time: each works on an operation.
type run struct {
	client     *tid.Client
	operations []*description.Operation
	opts       Options
	stop       context.CancelCauseFunc
	states     map[*description.Operation]*state

	mu     sync.Mutex
	report *Report
	left   int // requests that may be sent; below 0 is no limit
	done   int
	total  int
	nulls  bool
}

// A state is what is known of an operation so far.
type state struct {
	op     *description.Operation
	path   string
	result Result
	why    string
	survey *survey
	names  []string // beyond those of the survey
	lost   bool     // nothing can be found of it: its path is missing

	// Of a list:
	rows   []map[string]any
	total  int
	parent string     // the id in the path of a nested list
	window url.Values // the span that a list requires
	sorted string     // the key that rows are sorted by, descending
}

// read does all that only reads, the most telling things first.
func (r *run) read(ctx context.Context) {
	var lists, spans, nested, others []func(context.Context)
	for _, op := range r.operations {
		s := r.states[op]
		switch placeholders := len(op.PathParameters()); {
		case op.Path == "/v1/Auth/Token":
			s.why = "there are no credentials to exchange"
		case op.Method != http.MethodGet:
			s.why = "it only writes"
		case op.Item() == nil:
			others = append(others, func(ctx context.Context) { r.detail(ctx, s) })
		case placeholders > 0:
			nested = append(nested, func(ctx context.Context) { r.nested(ctx, s) })
		case len(required(op)) > 0:
			spans = append(spans, func(ctx context.Context) { r.span(ctx, s) })
		default:
			lists = append(lists, func(ctx context.Context) { r.list(ctx, s) })
		}
	}
	r.expect(len(lists) + len(spans) + len(nested) + details*len(others))
	r.each(ctx, lists)
	if r.nothingAnswers() {
		r.stop(errors.New("no list was found: is the base URL right?"))
		return
	}
	r.each(ctx, append(spans, nested...))
	r.each(ctx, others)
	r.pageSizes(ctx)

	var inferred, known, sorts []func(context.Context)
	for _, op := range r.operations {
		s := r.states[op]
		if op.Item() == nil || s.lost {
			continue
		}
		for _, p := range op.Filters() {
			check := func(ctx context.Context) { r.settle(s, p.Name, r.filter(ctx, s, p)) }
			if p.Evidence == description.Inferred {
				inferred = append(inferred, check)
			} else {
				known = append(known, check)
			}
		}
		for _, key := range op.SortKeys() {
			check := func(ctx context.Context) { r.settle(s, "sortBy="+key, r.sortKey(ctx, s, key)) }
			if key == s.sorted { // most often it takes no request
				inferred = append(inferred, check)
			} else {
				sorts = append(sorts, check)
			}
		}
	}
	r.expect(len(inferred) + len(known) + len(sorts))
	for _, checks := range [][]func(context.Context){inferred, known, sorts} {
		r.each(ctx, checks)
	}
}

// required are the parameters that a list does not answer without.
func required(op *description.Operation) []*description.Parameter {
	var all []*description.Parameter
	for _, p := range op.Filters() {
		if p.Required {
			all = append(all, p)
		}
	}
	return all
}

// each does the checks, some at a time, until the context ends.
func (r *run) each(ctx context.Context, checks []func(context.Context)) {
	queue := make(chan func(context.Context))
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for check := range queue {
				check(ctx)
			}
		})
	}
	for _, check := range checks {
		if ctx.Err() != nil {
			break
		}
		queue <- check
	}
	close(queue)
	group.Wait()
}

// expect adds to the number of requests that will be sent.
func (r *run) expect(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total += n
}

// nothingAnswers reports whether every list was answered with 404.
func (r *run) nothingAnswers() bool {
	lists := 0
	for _, s := range r.states {
		if s.op.Item() != nil && len(s.op.PathParameters())+len(required(s.op)) == 0 {
			if lists++; !s.lost {
				return false
			}
		}
	}
	return lists > 0
}

// status numbers for what was not answered.
const (
	noAnswer = 0  // the network failed, or the context has ended
	noTurn   = -1 // the limit of requests is reached
)

// get asks for a path, and returns the status and what came. raw is for files, whose content is passed over.
func (r *run) get(ctx context.Context, path string, query url.Values, file bool) (v any, status int) {
	r.mu.Lock()
	switch {
	case ctx.Err() != nil:
		r.mu.Unlock()
		return nil, noAnswer
	case r.left == 0:
		r.report.Untried++
		r.mu.Unlock()
		return nil, noTurn
	case r.left > 0:
		r.left--
	}
	r.mu.Unlock()

	var raw json.RawMessage
	var out any = &raw
	if file {
		out = io.Discard
	}
	err := r.client.Do(ctx, http.MethodGet, path, query, nil, out)
	r.count()
	if err != nil {
		return nil, r.statusOf(err)
	}
	if file {
		return nil, http.StatusOK
	}
	v = decode(raw)
	if nulls(v) {
		r.mu.Lock()
		r.nulls = true
		r.mu.Unlock()
	}
	return v, http.StatusOK
}

// count takes note of a request.
func (r *run) count() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done++
	r.total = max(r.total, r.done)
	r.report.Requests++
	if r.opts.Progress != nil {
		r.opts.Progress(r.done, r.total)
	}
}

// statusOf is the status of an error. Credentials that are refused end the run.
func (r *run) statusOf(err error) int {
	if errors.Is(err, tid.ErrUnauthorized) {
		r.stop(err)
	}
	var e *tid.Error
	if errors.As(err, &e) {
		return e.StatusCode
	}
	return noAnswer
}

func decode(raw []byte) any {
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return nil
	}
	return v
}

// locate asks for the path of an operation, and if that answers 404 for the likely others. right tells whether an answer is
// what was asked for.
func (r *run) locate(ctx context.Context, s *state, fill func(template string) string, query url.Values, right func(any) bool) (any, bool) {
	v, status := r.get(ctx, fill(s.path), query, s.op.File)
	if status == http.StatusBadRequest && query.Has("sortBy") { // the list is asked for, the key later
		query.Del("sortBy")
		query.Del("sortOrder")
		s.sorted = ""
		v, status = r.get(ctx, fill(s.path), query, s.op.File)
	}
	switch status {
	case http.StatusOK:
		return v, true
	case http.StatusNotFound:
		return r.search(ctx, s, fill, query, right)
	case http.StatusForbidden:
		s.result, s.why, s.lost = Forbidden, "403: the application lacks the permission for it", true
	case noTurn:
		s.why, s.lost = "the limit of requests is reached", true
	case noAnswer:
		s.result, s.why, s.lost = Failed, "no answer", true
	default:
		s.result, s.why, s.lost = Failed, fmt.Sprintf("status %d", status), true
	}
	return nil, false
}

// search tries the likely paths of an operation whose own answers 404.
func (r *run) search(ctx context.Context, s *state, fill func(string) string, query url.Values, right func(any) bool) (any, bool) {
	templates := likely(s.op.Path, func(path string) bool {
		return slices.ContainsFunc(r.operations, func(op *description.Operation) bool { return strings.EqualFold(op.Path, path) })
	})
	if near := r.besides(s.op.Path); near != "" {
		templates = append([]string{near}, templates...)
	}
	if s.path != s.op.Path {
		templates = append([]string{s.op.Path}, templates...)
	}
	for _, template := range templates {
		v, status := r.get(ctx, fill(template), query, s.op.File)
		if status != http.StatusOK || !s.op.File && !right(v) {
			continue
		}
		s.path, s.result = template, Moved
		name := s.op.String()
		r.mu.Lock()
		r.report.Paths[name] = template
		r.mu.Unlock()
		r.find(PathFound, name, template, fmt.Sprintf("tid.WithPath(%q, %q)", name, template))
		return v, true
	}
	s.result, s.lost = Missing, true
	r.find(PathMissing, s.op.String(), "", fmt.Sprintf("it answers 404, and so do %d likely others", len(templates)))
	return nil, false
}

// besides is where an operation is if it has moved together with the list above it; "" if that has not moved.
func (r *run) besides(path string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	for operation, template := range r.report.Paths {
		if above := strings.TrimPrefix(operation, "GET "); strings.HasPrefix(path, above+"/") {
			return template + strings.TrimPrefix(path, above)
		}
	}
	return ""
}

func (r *run) find(kind Kind, operation, name, detail string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Findings = append(r.report.Findings, Finding{kind, operation, name, detail})
}

// conclude compares names and types, and fills in the operations.
func (r *run) conclude() {
	api := habits{nulls: r.nulls}
	for _, s := range r.states {
		api.irregular = api.irregular || s.survey.irregular()
	}
	for _, op := range r.operations {
		s := r.states[op]
		r.report.Findings = append(r.report.Findings, s.survey.findings(op.String(), op.Item() != nil, api)...)
		names := append(s.survey.names(), s.names...)
		slices.Sort(names)
		r.report.Operations = append(r.report.Operations, Operation{
			Operation: op.String(), Evidence: string(op.PathKnown), Result: s.result, Why: s.why, Names: slices.Compact(names),
		})
	}
	if r.opts.Meter != nil {
		r.report.Speed = r.opts.Meter.speed()
	}
	r.report.sort()
}
