// Package moment speaks to the REST API of Moment, the sibling of Visma Tid,
// by means of package tid: with the same errors, retries, values and options.
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
// A [Service] reads and writes one entity. A [Client] has ten of them as fields; [Of]
// returns one for any other entity, and for rows of any type:
//
//	accounts := moment.Of[Account](c, "financialAccounts")
//
// # Includes
//
// The API chooses what an answer holds, unless the call asks for it: for a named part
// ("base"), fields ("currencyCode"), fields of inner objects ("customer.name"), metadata
// ("metadata.overviewPage"). The id always comes, and an inner field comes back
// flattened: customer.name as customerName.
//
//	o, err := c.Offers.Get(ctx, 1, moment.Include("base", "customer.name"))
//
// [Fields] takes the parts from a struct, so that a row type of your own asks for its
// fields and nothing else. A part for which the type of the rows has no field is refused
// before anything is sent.
//
// # Writing
//
// Create and Update take a pointer to an input struct of this package, a struct of your
// own, or a map. An update changes only what it sends, so the inputs leave out what is
// not set: a plain field that is zero, and a [tid.Opt] that is neither [tid.Set] nor
// [tid.Null]. Days in a body are a [Day]. A row, which is a struct with an id, can be an
// input as well. An input of this package is refused for another entity.
//
// [Service.Batch] makes several changes in one transaction. [Client.Do] sends any other
// request.
//
// # Webhooks
//
// [WebhookHandler] takes the webhooks of Moment. They are not signed, so it fetches the
// object that one names, and calls a function of your own with that.
//
// # Whole answers, or an error
//
// [Service.All] yields every row that is in the list from its first request to its last,
// each once, or ends in an error, while others add and remove rows and whether or not the
// API counts pages. If it does not count them, a page that is not full is the last one.
// Rows that change places while others are added and removed are only noticed if the API
// counts. An answer that is not what was asked for, such as another object, a message, or
// fewer objects than a batch was to create, is an error; its MayHaveExecuted says whether
// a write may have been carried out.
//
// # Limits
//
// A list that the API cuts off ends in a [*LimitError] that says what to narrow, never
// silently in fewer rows than there are, unless AllowTruncation in [ListOptions] accepts
// that; so does [Service.Report]. [Service.AllByDate] reads any number of time records. The largest list that
// is documented, some 30,000 rows of 15 properties, can be read. The API's rate limit is
// not known, so requests are not limited before they are sent: a 429 is waited for, and
// [tid.WithLimiter] sets a limit of your own.
//
// # Errors
//
// Every error of a call is a [*tid.Error], a [*LimitError] included. What was refused
// before it was sent matches [tid.ErrInvalidInput].
//
// # What is documented and what is inferred
//
// Parts of the API are documented, others have been observed in integrations, some are
// inferred; comments say which are inferred.
//
// Package [github.com/vismatid/tid/moment/momenttest] has a fake server to test against.
package moment
