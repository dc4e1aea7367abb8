package tidtest

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/internal/fakehttp"
)

// AsHandler makes a server that does not listen, for a program that serves it as an http.Handler beside pages of its own. The
// address is where it can be reached: Server.URL. ConnContext belongs into the http.Server of the program.
func AsHandler(address string) Option { return func(c *config) { c.address = address } }

// ConnContext is for the http.Server that serves a server made with AsHandler. Without it every request counts as the first
// one on its connection, and DropIdle takes none.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	return fakehttp.ConnContext(ctx, c)
}

// A Response is what the caller of a request got.
type Response struct {
	Took   time.Duration // from the arrival of the request until the answer was on its way, delays included
	Header http.Header
	Body   []byte // the whole of it, even if the connection breaks within it
}

// WithAfterRequest calls a function whenever a request has been answered, or its caller has given up. Of one whose connection
// broke, or whose caller has gone, the status is 0 and nothing of a response is known but the time. A slow body is not waited
// for. The function must not change what it is given. Requests that end at the same time call it at the same time.
func WithAfterRequest(f func(*Server, Request, Response)) Option {
	return func(c *config) { c.after = f }
}

// IDs returns the ids of all objects of a list, in their order: GetJSON reads each of them. The path is that of PutJSON, and it
// panics if nothing is kept there.
func (s *Server) IDs(path string) []int64 {
	op, args := s.listAt(path)
	s.account.RLock()
	defer s.account.RUnlock()
	rows := op.Resource.Children(op.ParentID(args))
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return ids
}

// SampleMonths is SampleUntil with time reports of that many months, the one in which the day lies included. Where there would
// be no working day in them, there are more of them.
func SampleMonths(seed uint64, size, months int, until tid.Date) *Company {
	back := max(1, months) - 1
	for {
		since := tid.NewDate(until.Year(), until.Month()-time.Month(back), 1)
		for d := since; !d.After(until); d = d.AddDays(1) {
			if isWorkday(d) {
				return sample(seed, size, since, until)
			}
		}
		back++
	}
}

// tell tells of a request that has been answered, or given up with an error.
func (s *Server) tell(r Request, rep reply, err error) {
	if s.config.after == nil {
		return
	}
	res := Response{Took: time.Since(r.Time)}
	switch {
	case err != nil:
		r.Status = 0
	case r.Status != 0:
		res.Header, res.Body = rep.Header, rep.Body
	}
	s.config.after(s, r, res)
}
