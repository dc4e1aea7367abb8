// Package moment speaks to the REST API of Moment, the sibling of Visma Tid,
// with the engine of package tid: the same errors, repeats, values and options.
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
// A [Service] reads and writes one entity. The Client has nine by name; [Of]
// gives one for any other, and for any type that its rows are to become:
//
//	claims := moment.Of[Claim](c, "claims")
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
// wants, and nothing else is asked for.
//
// # Writing
//
// Create and Update take a pointer to an input struct of this package, a struct of the
// caller's, or a map. An update changes what it sends and nothing else, so the
// inputs leave out what is not set: a plain field that is zero, and a [tid.Opt]
// that is neither [tid.Set] nor [tid.Null]. Days in a body are a [Day].
//
// [Service.Batch] makes several changes in one transaction.
//
// # Limits
//
// A list that the API would cut off ends in a [*LimitError] that says what to
// narrow, never in fewer rows than there are. Requests are not limited before
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
