// Package moment speaks to the REST API of Moment, the sibling of Visma Tid,
// with the engine of package tid: the same errors, retries, values and options.
//
//	c, err := moment.NewClient("acme", apiKey)
//	if err != nil {
//		return err
//	}
//	for r, err := range c.TimeRecords.AllByDate(ctx, &moment.TimeRecordListOptions{From: from, To: to}) {
//		if err != nil {
//			return err
//		}
//		minutes += r.Minutes
//	}
//
// # Entities and types
//
// A [Service] reads and writes one entity. The Client has ten by name; [Of]
// gives one for any other, and for any type that its rows are to become:
//
//	accounts := moment.Of[Account](c, "financialAccounts")
//
// # Includes
//
// An answer holds what the API thinks fit, unless the call says what it wants:
// a named part ("base"), fields ("currencyCode"), fields of inner objects
// ("customer.name"), metadata ("metadata.overviewPage"). The id always comes, and
// an inner field comes back flattened: customer.name as customerName.
//
//	o, err := c.Offers.Get(ctx, 1, moment.Include("base", "customer.name"))
//
// [Fields] reads the parts off a struct, so that a row of one's own says what it
// wants, and nothing else is asked for. A part that the type of the rows has no place
// for is refused before anything is sent.
//
// # Writing
//
// Create and Update take a pointer to an input struct of this package, a struct of the
// caller's, or a map. An update changes what it sends and nothing else, so the
// inputs leave out what is not set: a plain field that is zero, and a [tid.Opt]
// that is neither [tid.Set] nor [tid.Null]. Days in a body are a [Day]. A row, which is a
// struct with an id, can be an input too. The inputs of this package go to their own
// entity only.
//
// [Service.Batch] makes several changes in one transaction.
//
// # Whole answers, or an error
//
// [Service.All] gives every row that is in the list from its first request to its last,
// each once, or ends in an error, whatever others add and remove meanwhile and whether
// or not the API counts pages. Of a list that does not count them, a page that is not
// full is the last one. Rows that change places while others come and go are told only
// where the API counts. An answer that is something else than what was asked for,
// such as another object, a message, or fewer objects than a batch has created, is an
// error, whose MayHaveExecuted says that a write may have been carried out.
//
// # Limits
//
// A list that the API would cut off ends in a [*LimitError] that says what to
// narrow, never in fewer rows than there are; [Service.Report] holds to it too. The
// largest list that is documented, some 30,000 rows of 15 properties, can be read. Requests are not limited before
// they are sent, since the API's allowance is not known: a 429 is waited for, and
// [tid.WithLimiter] sets an allowance of one's own.
//
// # What is known
//
// Parts of the API are documented, others have been observed in integrations,
// some are inferred; comments say which are inferred. Every error of a call is a
// [*tid.Error], a [*LimitError] included, and what was refused before it was
// sent matches [tid.ErrInvalidInput].
//
// Package momenttest has a server to test integrations with.
package moment
