// Package tid is a client for the Visma Tid API: time reports, projects,
// contacts, invoices and everything else that the API has. Visma Tid is also sold as
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
// # Clients
//
// [NewClient] takes credentials, which are [AppCredentials], a [StaticToken] or a
// [TokenSource] of your own, and options. [NewClientFromEnv] takes the credentials from
// the environment. Make one Client for each account and keep it: it is safe for
// concurrent use, and the token and the rate limit belong to it. [WithLogger],
// [WithObserver] and [WithTransport] are for logs, metrics and traces.
//
// # Services
//
// A [Client] has a field for each resource, with the operations that the API has for it:
// List returns one page, All yields every item, Get returns one object with its details,
// and Create, Update, Modify and Delete write. [ListOptions] says what all lists have in
// common. [Client.Do], [GetAs], [ListAs] and [AllAs] reach what this package does not
// know.
//
// # Names
//
// Fields are named after the properties of the API. This is why the times of creation and
// of the last change are Created and Updated in contacts and projects, and CreatedDate
// and UpdatedDate everywhere else. Sort keys are named after the keys of the API in the
// same way: ContactsByCreated, but ProjectsByCreatedDate.
//
// The constants of an enumeration begin with what they describe: ContactPerson,
// OfferDraft, AttestSent. Where that would be misleading they begin with the whole name
// of the type: InvoiceTypeOngoing is of a project, ProjectTypeAbsence of a time report.
// Sort keys begin with the plural of the resource: ContactsByName. [Ascending] and
// [Descending] are for every list and stand alone.
//
// # Writing
//
// A PUT replaces the whole object and clears what it leaves out. Modify is the way to
// change a part: it reads the object, calls a function that edits it, and writes the
// whole object back, with the properties that this package has no fields for; see
// [Extra]. Update takes a complete input: one that is made by hand, or by the Input
// method of what Get returned; one that is made from a row of a list is refused, since
// that may lack something. An edit that fails or changes nothing writes nothing.
//
// An update that the API did not apply as it was sent ends in [ErrNotApplied]. Create
// and Update return the object in the answer. Where the answer is empty, an updated
// object is read if the API has an operation for that, and otherwise has no more than its
// id; a created object then has no id, although it was created. An [Opt] is for the few
// properties where leaving out, null and zero differ.
//
// # Lists that change
//
// Others may add, remove and move rows while a list is read. All and ChangedSince
// nevertheless give every row that is in the list from the first request to the last,
// and give it once, or end in an error that says why. That costs one more request for a
// list of up to ten pages, and one for every twenty pages of a longer one; more where
// the list does change.
//
// Some changes between the same two requests cancel each other out, and cannot always be
// seen: three of them in a list of up to ten pages; in a longer one a removal together
// with an addition further back. Most of these are seen where the rows tell when they
// were created or changed. The README has figures, and names the other limits. Rows
// without an id cannot be recognized: if their list changes, reading it ends in an
// error. [WithoutWalkChecks] turns these checks off.
//
// Follow keeps a copy up to date. It yields everything once, and from then on what has
// changed; a [Cursor] notes how far it has come, so that a run continues where the one
// before was stopped. Gone finds what has been deleted.
//
// # Rate limit, retries and errors
//
// The API takes four requests a second for each access token. Every request of a Client
// waits for its turn in a [Limiter], and a 429 pauses all of them until its Retry-After
// has passed. Waiting ends with the context.
//
// A request that the API has refused before executing it, or that never reached the API,
// is retried, with backoff. After other failures only idempotent requests are retried:
// GET, [InvoicesService.SetSentToEconomySystem], and PUT and DELETE where [WithRetries]
// says so. A POST that may have been carried out is never sent again:
// [Error.MayHaveExecuted] reports it.
//
// Every error of a call is an [*Error], except for what the function given to Modify
// returns. With errors.Is it matches [ErrNotFound], [ErrRateLimited] and so on,
// [ErrInvalidInput] where nothing was sent because the input is wrong, and the error of
// the context where that has ended.
//
// # Values
//
// Amounts and hours are exact [Decimal] numbers. Their comments say what they are counted
// in, and what is known of VAT. Days are a [Date] without a zone, and a [DateTime] keeps
// the wall clock as the API sent it. A value of an enumeration that is not known is
// kept, and a reference that the API sends as null is a nil pointer.
//
// # What is documented and what is inferred
//
// The API is described in prose, and not completely. Paths and names that are only
// inferred from its conventions are marked: those of a method after its operation, the
// name of a field in its own comment or in that of its type. api/openapi.yaml and
// docs/coverage.md in the repository list the evidence for each. [WithPath] corrects a
// path that turns out wrong, without a new release.
//
// Package [github.com/vismatid/tid/tidtest] is a fake server to test against, and
// package [github.com/vismatid/tid/moment] a client for the sibling product Moment.
package tid
