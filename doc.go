// Package tid is a client for the Visma Tid API: time reports, projects,
// contacts, invoices and all else that the API has. Visma Tid is also sold as
// Blikk and Spiris Tid; the API is the same.
//
//	c, err := tid.NewClient(tid.AppCredentials(id, secret))
//	if err != nil {
//		return err
//	}
//	opts := &tid.TimeReportListOptions{From: tid.NewDate(2026, 10, 1), To: tid.NewDate(2026, 10, 31)}
//	for report, err := range c.TimeReports.All(ctx, opts) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(report.Date, report.User, report.Hours)
//	}
//
// # Services
//
// A [Client] has a field for each resource, with the operations that the API has
// for it: List gives one page, All every item, Get one object with its details,
// and Create, Update, Modify and Delete write. [Client.Do], [ListAs] and [AllAs]
// reach whatever this package does not know.
//
// # Writing
//
// A PUT replaces the whole object: what it leaves out is cleared. Modify is the
// way to change a part: it reads the object, lets a function edit it, and writes
// the whole back, with what the answer had beyond the fields of its type; see [Extra].
// Update takes an input that is meant to be whole: made by hand, or by the Input method
// of what Get returned. An update that the API did not apply as it was sent ends in
// [ErrNotApplied]. Create and Update return what the API answered: where that is
// nothing, an update is read back, and a created object has no id although it was
// created. An [Opt] is for the few properties where leaving out, null and zero differ.
//
// # Lists that change
//
// All and ChangedSince give every row that is in the list from the beginning of the
// walk to its end, and give it once, or end in an error that says why, whatever
// others add, remove or move meanwhile. That costs one request for a list of up to
// ten pages, and one for every twenty pages of a longer one; more where the list does
// change. What it cannot always see is changes between the same two requests that make
// up for one another: three of them in a list of up to ten pages; in a longer one a
// removal together with an addition further back; both where rows tell neither when they
// were created nor when they changed. The README has figures, and names what else is
// hard on long lists. Rows without an id cannot be known again: if their list
// changes, the walk ends in an error. [WithoutWalkChecks] turns all this off.
//
// Follow keeps a copy up to date: with a [Cursor], it gives everything once and from
// then on what has changed, and goes on where a run was killed. Gone finds what has
// been deleted.
//
// # Limits, retries and errors
//
// The API takes four requests a second for each access token. Every request of a
// Client waits for its turn in a [Limiter], and a 429 pauses all of them until its
// Retry-After has passed. Requests that the API has refused before executing
// them, or that never reached it, are retried; after other failures only GET is,
// and [InvoicesService.SetSentToEconomySystem], which does no harm twice, and PUT
// and DELETE where [WithRetries] says so.
// A POST that may have been carried out is never sent again: [Error.MayHaveExecuted]
// tells. Every error of a call, but for what the function given to
// Modify returns, is an [*Error] that matches one of ErrBadRequest,
// ErrNotFound and so on with errors.Is. Waiting ends with the context.
//
// # Values
//
// Amounts and hours are exact [Decimal] numbers whose comments say what they are
// counted in, and what is known of VAT. Days are a [Date] without a zone,
// and a [DateTime] keeps the wall clock as the API sent it. An enumeration that is
// not known keeps its value, and a reference that the API sends as null is a nil
// pointer.
//
// # What is certain
//
// The API is described in prose, and not all of it. Paths and names that are only
// inferred from its conventions say so: a method after its operation, a field in
// its own comment or in that of its type. api/openapi.yaml and docs/coverage.md in
// the repository list the evidence for each. [WithPath]
// corrects a path that turns out wrong without a new release.
//
// Package [github.com/vismatid/tid/tidtest] is a fake server to test against, and
// package [github.com/vismatid/tid/moment] a client for the sibling product Moment.
package tid
