// Package tidtest is a fake of the Visma Tid API, for tests of code that uses it.
//
// A Server keeps an account in memory and answers all ninety operations. It is strict: it has the API's own idea of every
// property, reference, filter and limit, and knows nothing of the SDK's, so that what it accepts has a good chance with the
// real thing, and what it refuses would have been refused there.
//
//	func TestExport(t *testing.T) {
//		srv := tidtest.NewServer(t)
//		anna := srv.Users.Put(tid.User{UserSummary: tid.UserSummary{FirstName: "Anna"}})
//		srv.TimeReports.Put(tid.TimeReport{User: &tid.Ref{ID: anna}, Hours: tid.MustDecimal("7.5")})
//
//		srv.Inject(tidtest.Fault{Operation: "GET /v1/Core/TimeReports", Effect: tidtest.Answer(503, "")})
//		err := export(t.Context(), srv.Client())
//		…
//	}
//
// # Objects
//
// The stores of a Server, such as srv.Contacts, hold its objects as the SDK's own types; tests put objects in and look at what
// has been written, without a request. PutJSON and GetJSON do the same for JSON. Sample makes a whole company, with months of
// time reports, for tests and demonstrations that need realistic input:
//
//	srv := tidtest.NewServer(t, tidtest.WithCompany(tidtest.Sample(1, 25)))
//
// # Time
//
// A server listens on a port of this machine, unless it is InMemory: then its clients call it directly, and everything works
// in a bubble of testing/synctest, where minutes of rate limits and latencies pass at once.
//
// # What can go wrong
//
// Inject makes requests fail in every way that networks and servers know, KillTokens ends tokens before their time,
// WithLatency and WithConnectTime delay, and WithStrangeShapes varies the shapes of answers in the ways that have been met.
// WithBeforeRequest is for what others do between two requests. Requests tells what has arrived and what became of it.
//
// # Where the API's own behaviour is not known
//
// The server takes the stricter side where it can, or else the simpler one:
//
//   - Bodies spell days and times as "2024-03-01 00:00:00", a day with the time 00:00:00, and words of enums exactly as
//     documented. Properties that a create leaves out are empty: a contact without isActive is not active.
//   - A comment is sent under both of its keys, text and comment. An update of a project repeats its id.
//   - A person has no parentCompanyId and a company no companyId. A column of a task board goes with its board.
//   - Filters and sort keys are spelt exactly; a parameter that is given twice is refused. Lists without a sort key are in the
//     order of the ids. Null comes first, and å, ä and ö come after z.
//   - Restricted users are listed only with filter.includeRestricted=true.
//   - Tasks without a start or an end date count as lasting one day in the filters from and to.
//   - A request without a valid token takes no slot of the rate limit, and neither does an exchange of tokens.
//   - Stamps are in UTC, in whole seconds.
package tidtest
