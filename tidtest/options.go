package tidtest

import (
	"time"

	"github.com/vismatid/tid/tidtest/internal/shapes"
	"github.com/vismatid/tid/tidtest/internal/tokens"
)

// An Option changes how a server behaves.
type Option func(*config)

type config struct {
	inMemory bool
	lifetime time.Duration
	rate     int
	fixed    bool
	latency  Latency
	connect  Latency
	now      func() time.Time
	seed     uint64
	ties     bool
	shapes   shapes.Shape
	needed   []string
	keep     int
	company  *Company
	before   func(*Server, Request)
	after    func(*Server, Request, Response)
	drift    []Drift
	address  string

	appID, appSecret, staticToken string
}

func newConfig(opts []Option) config {
	c := config{
		lifetime: time.Hour, rate: 4, now: time.Now, seed: 1, keep: 10_000,
		appID: "ap_" + tokens.GUID(), appSecret: "as_" + tokens.GUID(), staticToken: tokens.New(),
	}
	for _, opt := range opts {
		opt(&c)
	}
	return c
}

// InMemory makes a server that does not listen. Its clients reach it through Transport, which calls it in memory: there is no
// goroutine and no connection that outlives a call, so that everything works inside a bubble of testing/synctest, in which
// rate limits, latencies and lifetimes pass in no time. Its URL has a reserved name that leads nowhere else.
func InMemory() Option { return func(c *config) { c.inMemory = true } }

// WithCredentials sets the application's id and secret and the static token, which are random if not set.
func WithCredentials(appID, appSecret, staticToken string) Option {
	return func(c *config) { c.appID, c.appSecret, c.staticToken = appID, appSecret, staticToken }
}

// WithTokenLifetime sets how long a token from an exchange is valid, one hour if not set.
func WithTokenLifetime(d time.Duration) Option { return func(c *config) { c.lifetime = d } }

// WithRateLimit sets how many requests a token may make in a second, four if not set; 0 is no limit.
func WithRateLimit(perSecond int) Option { return func(c *config) { c.rate = perSecond } }

// WithFixedWindow counts the requests of each second of the clock instead of those of the second before a request. The API
// does not say which of the two it does.
func WithFixedWindow() Option { return func(c *config) { c.fixed = true } }

// WithClock sets the clock by which objects are stamped and tokens expire, and which the Date of every answer shows; time.Now
// if not set. A server whose company has newer stamps is ahead of it, by as much as it takes for no stamp to lie in the
// future. The rate limit and the latency follow the real time, or that of a synctest bubble, whatever the clock says.
func WithClock(now func() time.Time) Option { return func(c *config) { c.now = now } }

// WithSeed makes everything random in a server, such as latencies, the share of requests that a fault takes and strange
// shapes, follow another sequence. One that is asked the same questions in the same order answers the same.
func WithSeed(seed uint64) Option { return func(c *config) { c.seed = seed } }

// WithShuffledTies lets rows with equal sort keys change places from request to request, as a database may let them that
// sorts by that key alone. Without it they are in the order of their ids.
func WithShuffledTies() Option { return func(c *config) { c.ties = true } }

// WithStrangeShapes makes answers vary in the given ways, or in every way if none is given, at random.
func WithStrangeShapes(ways ...Shape) Option {
	return func(c *config) {
		if len(ways) == 0 {
			c.shapes = shapes.All
		}
		for _, way := range ways {
			c.shapes |= shapes.Shape(way)
		}
	}
}

// RequireInTimeReports makes an account that refuses time reports without certain properties, as some do. The names are those
// of a response: "clockStart", "clockEnd", "comment", "timeArticle", "activity", "timeCode".
func RequireInTimeReports(fields ...string) Option {
	return func(c *config) { c.needed = append(c.needed, fields...) }
}

// WithLog sets how many requests Requests remembers, 10,000 if not set; 0 is none.
func WithLog(requests int) Option { return func(c *config) { c.keep = requests } }

// WithBeforeRequest calls a function whenever a request has arrived, before the server looks at it. The function may change
// what is in the server, as others do between the requests of a client, and inject faults; of the request it sees what is
// known so far. Requests that arrive at the same time call it at the same time.
func WithBeforeRequest(f func(*Server, Request)) Option { return func(c *config) { c.before = f } }

// Latency is the time that requests and answers are on their way. Half of RoundTrip passes before a request arrives and half
// before its answer does; on each of the two ways there is jitter on top: up to Uniform, every delay being as likely as any
// other, and Exponential on average, most delays being short and a few long.
type Latency struct {
	RoundTrip   time.Duration
	Uniform     time.Duration
	Exponential time.Duration
}

// WithLatency delays requests and answers.
func WithLatency(l Latency) Option { return func(c *config) { c.latency = l } }

// WithConnectTime makes the set-up of a connection take time, in the way of a Latency: from the moment when a request asks for
// a connection until it can be written. Only a server in memory can do it.
func WithConnectTime(l Latency) Option { return func(c *config) { c.connect = l } }
