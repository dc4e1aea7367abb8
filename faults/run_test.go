package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// run is a schedule that is being carried out, or has been.
type run struct {
	schedule
	srv    *tidtest.Server
	client *tid.Client
	wire   *wire
	stay   []int64  // ids of the contacts that stay, in the order of the list
	left   []string // the stacks of goroutines that were left

	mu    sync.Mutex
	log   bytes.Buffer
	calls []*call
}

// call is one action and what came of it.
type call struct {
	action
	mark  string // what its write can be known by
	err   error
	ended time.Time
	until time.Time // the end of its context; zero is none
	id    int64     // what was read, created or removed
	given []int64   // ids of the items of a walk
	more  bool      // something followed the error of a walk
	whole bool      // the walk came to its end
}

// Write takes what the client logs.
func (r *run) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Write(p)
}

// carryOut runs a schedule; it must be called in a bubble of testing/synctest.
func (s schedule) carryOut() *run {
	opts := []tidtest.Option{tidtest.InMemory(), tidtest.WithSeed(s.seed), tidtest.WithLatency(s.latency)}
	if s.fixedWindow {
		opts = append(opts, tidtest.WithFixedWindow())
	}
	if s.noTotals {
		opts = append(opts, tidtest.WithStrangeShapes(tidtest.ShapeNoTotals))
	}
	if s.tokenLife > 0 {
		opts = append(opts, tidtest.WithTokenLifetime(s.tokenLife))
	}
	r := &run{schedule: s, srv: tidtest.Start(opts...)}
	defer r.srv.Close()
	gone := 0 // of the contacts that are removed: they stand between those that stay
	for _, actions := range s.workers {
		for _, a := range actions {
			if a.kind == remove {
				gone++
			}
		}
	}
	var goes []int64
	for i := range s.contacts {
		for i*gone/s.contacts >= len(goes) && len(goes) < gone {
			goes = append(goes, r.srv.Contacts.Put(contact("goes")))
		}
		r.stay = append(r.stay, r.srv.Contacts.Put(contact("stays")))
	}
	for len(goes) < gone {
		goes = append(goes, r.srv.Contacts.Put(contact("goes")))
	}
	for _, actions := range s.workers {
		for _, a := range actions {
			r.calls = append(r.calls, &call{action: a, mark: fmt.Sprintf("call %03d", len(r.calls))})
			if a.kind == remove {
				r.calls[len(r.calls)-1].id, goes = goes[0], goes[1:]
			}
		}
	}
	r.wire = &wire{next: r.srv.Transport(), secrets: map[string]bool{r.srv.AppSecret: true}}
	var source tid.TokenSource = tid.AppCredentials(r.srv.AppID, r.srv.AppSecret)
	if s.tokenLife == 0 {
		source = tid.StaticToken(r.srv.StaticToken)
	}
	var err error
	r.client, err = tid.NewClient(source, tid.WithBaseURL(r.srv.URL), tid.WithHTTPClient(&http.Client{Transport: r.wire}),
		tid.WithRetries(s.retries, s.repeated...), tid.WithReadAhead(s.readAhead),
		tid.WithLogger(slog.New(slog.NewJSONHandler(r, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	if err != nil {
		panic(err)
	}
	for _, f := range s.faults {
		r.srv.Inject(f.Fault)
	}

	var workers sync.WaitGroup
	calls := r.calls
	for i, actions := range s.workers {
		mine := calls[:len(actions)]
		calls = calls[len(actions):]
		workers.Go(func() {
			time.Sleep(time.Duration(i) * time.Microsecond) // one after the other, each time in the same order
			for _, c := range mine {
				time.Sleep(c.pause)
				r.do(c)
			}
		})
	}
	workers.Wait()
	synctest.Wait()
	r.left = leftGoroutines()
	time.Sleep(10 * time.Minute) // an exchange of tokens may outlive those who asked for it, though not for ever
	synctest.Wait()
	return r
}

// leftGoroutines returns the stacks of the goroutines in which the client is at
// work, besides that of a token exchange, which serves more than its first asker.
func leftGoroutines() []string {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	return slices.DeleteFunc(strings.Split(string(stacks), "\n\n"), func(stack string) bool {
		return !strings.Contains(stack, "vismatid/tid.") || strings.Contains(stack, "tid.(*exchanger).run(")
	})
}

func contact(name string) tid.Contact {
	return tid.Contact{ContactSummary: tid.ContactSummary{Name: name, ContactType: tid.ContactCompany}}
}

// do carries out one action.
func (r *run) do(c *call) {
	ctx := context.Background() // which does not end with the action: what is left behind is to be seen
	if c.limit > 0 {
		c.until = time.Now().Add(c.limit)
		var cancel context.CancelFunc
		if c.cancel {
			ctx, cancel = context.WithCancel(ctx)
			defer time.AfterFunc(c.limit, cancel).Stop()
		} else {
			ctx, cancel = context.WithDeadline(ctx, c.until)
			defer cancel()
		}
	}
	one := r.stay[c.target%len(r.stay)]
	switch c.kind {
	case create:
		var made *tid.Contact
		made, c.err = r.client.Contacts.Create(ctx, &tid.ContactInput{Name: c.mark, ContactType: tid.ContactPerson})
		if c.err == nil {
			c.id = made.ID
		}
	case modify:
		_, c.err = r.client.Contacts.Modify(ctx, one, func(in *tid.ContactInput) error {
			in.ImportantInformation = c.mark
			return nil
		})
	case remove:
		c.err = r.client.Contacts.Delete(ctx, c.id)
	case get:
		var got *tid.Contact
		if got, c.err = r.client.Contacts.Get(ctx, one); c.err == nil && got.ID != one {
			c.err = errors.New("another contact than the one that was asked for")
		}
	case walk:
		opts := &tid.ContactListOptions{ListOptions: tid.ListOptions{PageSize: r.pageSize}}
		for item, err := range r.client.Contacts.All(ctx, opts) {
			c.more = c.more || c.err != nil
			if c.err = err; err != nil {
				continue
			}
			c.given = append(c.given, item.ID)
			if len(c.given) == c.items {
				break
			}
		}
		c.whole = c.err == nil && (c.items == 0 || len(c.given) < c.items)
	}
	c.ended = time.Now()
}
