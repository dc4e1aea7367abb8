// Package tidtest is a fake of the Visma Tid API, for tests of code that uses it.
//
// A Server keeps an account in memory and answers all ninety operations. It has the API's own idea of every property,
// reference, filter and limit, and knows nothing of the SDK's. It refuses what the API is known to refuse, and takes whatever
// integrations are known to send, so that a test that fails here has a reason.
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
// AddProperties gives the account properties that the API is not known to have, so that a test can see whether what it tests
// carries them along. DistortWrites makes the API hold something else than what it was sent, or answer a write in another way:
//
//	srv.AddProperties("v1/Core/Contacts", "creditLimit", "invoiceAddress.careOf")
//	srv.DistortWrites(tidtest.Distortion{Operation: "PUT /v1/Core/Contacts/{id}", Ignore: []string{"vatNumber"}})
//
// SetDrift makes operations differ from the description: at another path, with properties renamed, missing, added or of
// another type, or deaf to a filter or a sort key. Tools that compare an account with the description have something to find:
//
//	srv.SetDrift(tidtest.Drift{Operation: "GET /v1/Core/Logs", Moved: "/v1/Core/LogEntries"})
//
// Inject makes requests fail in every way that networks and servers know, KillTokens ends tokens before their time,
// WithLatency and WithConnectTime delay, and WithStrangeShapes varies the shapes of answers in the ways that have been met.
// WithBeforeRequest is for what others do between two requests. Requests tells what has arrived and what became of it.
//
// # Programs in other languages
//
// Serve runs a server at an address with known credentials until its context ends; examples/sandbox is a command that does
// nothing else.
//
// # Where the API's own behaviour is not known
//
// These choices are the server's own, and the API may do otherwise. The server takes what it can make sense of, and refuses
// the rest with the status of a validation error:
//
//   - What is only inferred to be required, or to be limited, is neither: a contact without a name, an article whose name is
//     long, a probability of 101. Required are the title of a project and of a task, and of a time report the user, the date and
//     exactly one project.
//   - Names of parameters and properties, words of enums, sort keys and true and false are read without case. Of a parameter
//     that is given again the first value counts, or all of them where it is a list; an empty one is as good as none.
//   - A list without page begins at 1, one without pageSize has a hundred rows to a page. Where no sort keys of a list are known,
//     sortBy is passed over; elsewhere an unknown one is refused, as is a value of a filter that is not of its kind.
//   - Days and times are read in every known spelling, in bodies and in queries. Of a day its first ten characters count. A
//     filter that ends with a day includes that day.
//   - Numbers and ids in bodies are JSON numbers. An id that nothing has is refused. Of an update the id in the path counts.
//   - An added property that is null is answered as null; one that an object does not have is left out.
//   - The text of a comment is read from text, or else from comment.
//   - A person's parentCompanyId and a company's companyId are dropped.
//   - A body is read as JSON whatever its Content-Type; one that is not needed is passed over.
//   - The method that a path does not have is not found, nor is the article of another kind, the content of an attachment that
//     is a link, or the PDF of an offer that has none.
//   - Answers spell days as "2024-03-01", times as "2024-03-01 14:00:00", and words of enums as documented. The objectName of
//     nested objects, such as "core.address", is made up.
//   - Properties that a create leaves out are empty: a contact without isActive is not active.
//   - A project gets one more than the highest number in its collection, or of all projects if it has no collection. The
//     series of a collection whose own number is 2 begins at 2001. No number is reserved.
//   - An attested time report can be changed, and a report needs no article; RequireInTimeReports makes a stricter account.
//   - Marking an invoice as sent without a number forgets the number that it had.
//   - Lists without a sort key are in the order of the ids. Null comes first, and å, ä and ö come after z.
//   - Restricted users are listed only with filter.includeRestricted=true.
//   - Tasks without a start or an end date count as lasting one day in the filters from and to.
//   - A request without a valid token takes no slot of the rate limit, and neither does an exchange of tokens.
//   - Stamps are in UTC, in whole seconds.
package tidtest
