package momenttest

import "fmt"

// Option changes how a server behaves.
type Option func(*config)

type config struct {
	company  string
	key      string
	inMemory bool
	limit    int // rows of a list unless noLimit is given; 0 is none
	ceiling  int // rows of a list at the most
	shuffled bool
	further  map[string][]string // fields, by their entities
}

// InMemory makes a server that does not listen. Its clients reach it through
// Transport, which calls it in memory: there is no goroutine and no connection that
// outlives a call, so that everything works inside a bubble of testing/synctest.
func InMemory() Option { return func(c *config) { c.inMemory = true } }

// WithCompanyCode sets the code of the company, "example" if not set.
func WithCompanyCode(code string) Option { return func(c *config) { c.company = code } }

// WithLimit sets how many rows a list gives without noLimit=true; more are left
// out, and limitWasExceeded says so. There is no such limit if not set: the
// API's own is not known.
func WithLimit(rows int) Option {
	return func(c *config) { c.limit = positive("WithLimit", rows) }
}

// WithCeiling sets how many rows a list gives at the most, whatever is asked for;
// 30,000 if not set.
func WithCeiling(rows int) Option {
	return func(c *config) { c.ceiling = positive("WithCeiling", rows) }
}

// WithShuffledCreates makes batches answer createOrderIntact false, with the
// created objects in another order.
func WithShuffledCreates() Option { return func(c *config) { c.shuffled = true } }

// WithFields gives an entity fields that the server does not know of itself, with any
// values: those that your company has, or that the API has beyond what is known. In an
// entity that is known they come when they are asked for. One that is not known takes
// any field otherwise; with this it has the given ones, they come with "base", and
// others are refused.
func WithFields(entity string, names ...string) Option {
	return func(c *config) {
		if c.further == nil {
			c.further = map[string][]string{}
		}
		c.further[entity] = append(c.further[entity], names...)
	}
}

func positive(option string, n int) int {
	if n < 1 {
		panic(fmt.Sprintf("momenttest: %s: %d rows", option, n))
	}
	return n
}
