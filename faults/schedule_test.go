package faults

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// schedule is everything that a run does, and everything that befalls it.
type schedule struct {
	seed        uint64 // of the server: its jitter, and which requests a share takes
	latency     tidtest.Latency
	connect     tidtest.Latency // of the set-up of a connection
	fixedWindow bool
	noTotals    bool
	tokenLife   time.Duration // 0 is a static token
	retries     int
	retried     []string // methods that are retried besides GET
	readAhead   int
	contacts    int // of those that stay
	passing     int // contacts between them, which others remove
	pageSize    int
	order       order
	unknown     bool // contacts have properties that the module does not know
	distortions []tidtest.Distortion
	changes     []change
	faults      []fault
	workers     [][]action
}

// fault is one that can be printed.
type fault struct {
	tidtest.Fault
	effect string
}

func (f fault) String() string {
	return fmt.Sprintf("%s of %q, skip %d, times %d, share %g", f.effect, f.Operation, f.Skip, f.Times, f.Share)
}

// order is how the walks sort.
type order struct {
	by   tid.ContactSort
	sort tid.SortOrder
}

// change is what others do with the list while it is read.
type change struct {
	after  int // requests for the list since the change before; 0 is in the same instant
	kind   changeKind
	target int // which contact
	place  int // where contacts stand by their name afterwards
	count  int // of contacts
}

type changeKind string

const (
	insert changeKind = "insert"
	take   changeKind = "take away" // those that pass
	move   changeKind = "move"      // by another name
)

// kind is what an action does with contacts.
type kind string

const (
	create kind = "create" // a contact of its own
	modify kind = "modify" // one of those that stay
	remove kind = "remove" // one that is there for this action
	get    kind = "get"    // one of those that stay
	walk   kind = "walk"   // through all of them
)

type action struct {
	kind   kind
	pause  time.Duration // before it
	target int           // which contact
	patience
	items int // after which a walk is broken off; 0 is never
}

// patience is how long an action may take; 0 is as long as it wants.
type patience struct {
	limit  time.Duration
	cancel bool // cancelled then, without a deadline that the client could see coming
}

func (a action) String() string {
	text := fmt.Sprintf("after %s %s %d", a.pause, a.kind, a.target)
	if a.items > 0 {
		text += fmt.Sprintf(" for %d items", a.items)
	}
	switch {
	case a.limit > 0 && a.cancel:
		text += fmt.Sprintf(", cancelled after %s", a.limit)
	case a.limit > 0:
		text += fmt.Sprintf(", deadline after %s", a.limit)
	}
	return text
}

// GoString is what rapid prints.
func (s schedule) GoString() string {
	var b strings.Builder
	fmt.Fprintf(&b, "server seed %d, latency %+v, connect %+v, fixed window %t, no totals %t, token life %s\n", s.seed, s.latency, s.connect, s.fixedWindow, s.noTotals, s.tokenLife)
	fmt.Fprintf(&b, "\tretries %d %v, read ahead %d, %d contacts, %d passing, %d a page, order %v\n", s.retries, s.retried, s.readAhead, s.contacts, s.passing, s.pageSize, s.order)
	fmt.Fprintf(&b, "\tunknown properties %t, distorted %+v\n", s.unknown, s.distortions)
	for _, c := range s.changes {
		fmt.Fprintf(&b, "\tafter %d lists: %s %d of contact %d, place %d\n", c.after, c.kind, c.count, c.target, c.place)
	}
	for _, f := range s.faults {
		fmt.Fprintf(&b, "\tfault: %v\n", f)
	}
	for i, actions := range s.workers {
		fmt.Fprintf(&b, "\tgoroutine %d:\n", i)
		for _, a := range actions {
			fmt.Fprintf(&b, "\t\t%v\n", a)
		}
	}
	return b.String()
}

var schedules = rapid.Custom(func(t *rapid.T) schedule {
	unknown := rapid.Bool().Draw(t, "unknown")
	return schedule{
		seed: rapid.Uint64().Draw(t, "seed"),
		latency: tidtest.Latency{
			RoundTrip: milliseconds(0, 900).Draw(t, "round trip"),
			Uniform:   rapid.OneOf(rapid.Just(time.Duration(0)), milliseconds(0, 20)).Draw(t, "jitter"),
		},
		connect: tidtest.Latency{
			RoundTrip: rapid.OneOf(rapid.Just(time.Duration(0)), milliseconds(0, 5_000)).Draw(t, "connect"),
			Uniform:   rapid.OneOf(rapid.Just(time.Duration(0)), milliseconds(0, 1_000)).Draw(t, "connect jitter"),
		},
		fixedWindow: rapid.Bool().Draw(t, "fixed window"),
		noTotals:    rapid.Bool().Draw(t, "no totals"),
		tokenLife:   rapid.OneOf(rapid.Just(time.Hour), rapid.Just(time.Duration(0)), milliseconds(5_000, 120_000)).Draw(t, "token life"),
		retries:     rapid.IntRange(0, 6).Draw(t, "retries"),
		retried:     rapid.SampledFrom([][]string{nil, {http.MethodPut}, {http.MethodDelete}, {http.MethodPut, http.MethodDelete}}).Draw(t, "retried"),
		readAhead:   rapid.SampledFrom([]int{0, 1, 2, 16}).Draw(t, "read ahead"),
		contacts:    rapid.IntRange(1, 120).Draw(t, "contacts"),
		passing:     rapid.IntRange(0, 60).Draw(t, "passing"),
		pageSize:    rapid.IntRange(5, 30).Draw(t, "page size"),
		order:       rapid.SampledFrom(orders).Draw(t, "order"),
		unknown:     unknown,
		distortions: rapid.OneOf(rapid.Just[[]tidtest.Distortion](nil), rapid.SliceOfN(distortions(unknown), 1, 2)).Draw(t, "distortions"),
		changes:     rapid.OneOf(rapid.Just[[]change](nil), rapid.SliceOfN(changes, 1, 8)).Draw(t, "changes"),
		faults:      rapid.SliceOfN(faults, 0, 6).Draw(t, "faults"),
		workers:     rapid.SliceOfN(rapid.SliceOfN(actions, 1, 6), 1, 4).Draw(t, "workers"),
	}
})

// distortions are of the updates: what is ignored is what the programs change, and more; what is cleared is beside.
func distortions(unknown bool) *rapid.Generator[tidtest.Distortion] {
	return rapid.Custom(func(t *rapid.T) tidtest.Distortion {
		ignored, cleared := []string{"importantInformation", "website"}, []string{"customerNumber"}
		if unknown {
			ignored, cleared = append(ignored, note, "creditLimit"), append(cleared, "creditLimit", "invoiceAddress.careOf")
		}
		d := tidtest.Distortion{
			Operation: updateOp,
			Ignore:    rapid.SliceOfNDistinct(rapid.SampledFrom(ignored), 0, 2, rapid.ID).Draw(t, "ignored"),
			Clear:     rapid.SliceOfN(rapid.SampledFrom(cleared), 0, 1).Draw(t, "cleared"),
			Answer: rapid.SampledFrom([]tidtest.WriteAnswer{
				tidtest.AnswerWhole, tidtest.AnswerWhole, tidtest.AnswerEmpty, tidtest.AnswerPart, tidtest.AnswerRespelt,
			}).Draw(t, "answer"),
		}
		if d.Answer == tidtest.AnswerPart {
			d.Show = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"name", "importantInformation", "customerNumber"}), 0, 3, rapid.ID).Draw(t, "shown")
		}
		return d
	})
}

var actions = rapid.Custom(func(t *rapid.T) action {
	return action{
		kind:   rapid.SampledFrom([]kind{create, create, modify, remove, get, walk, walk}).Draw(t, "kind"),
		pause:  milliseconds(0, 3_000).Draw(t, "pause"),
		target: rapid.IntRange(0, 1_000).Draw(t, "target"),
		patience: rapid.OneOf(rapid.Just(patience{}), rapid.Just(patience{}), rapid.Custom(func(t *rapid.T) patience {
			return patience{milliseconds(1, 20_000).Draw(t, "limit"), rapid.Bool().Draw(t, "cancel")}
		})).Draw(t, "patience"),
		items: rapid.OneOf(rapid.Just(0), rapid.IntRange(0, 60)).Draw(t, "items"),
	}
})

var orders = []order{{}, {}, {tid.ContactsByName, ""}, {tid.ContactsByName, tid.Descending}, {tid.ContactsByUpdated, tid.Descending}}

var changes = rapid.Custom(func(t *rapid.T) change {
	return change{
		after:  rapid.IntRange(0, 8).Draw(t, "after"),
		kind:   rapid.SampledFrom([]changeKind{insert, take, take, move}).Draw(t, "change"),
		target: rapid.IntRange(0, 1_000).Draw(t, "target"),
		place:  rapid.IntRange(0, 999).Draw(t, "place"),
		count:  rapid.OneOf(rapid.IntRange(1, 3), rapid.IntRange(1, 40)).Draw(t, "count"),
	}
})

// targets are the operations that the programs use, and groups of them.
var targets = []string{"", "GET", "POST", "PUT", "DELETE", "POST /v1/Auth/Token", "GET /v1/Core/Contacts",
	"GET /v1/Core/Contacts/{id}", "POST /v1/Core/Contacts", "PUT /v1/Core/Contacts/{id}", "DELETE /v1/Core/Contacts/{id}"}

var faults = rapid.Custom(func(t *rapid.T) fault {
	f := effects.Draw(t, "effect")
	f.Operation = rapid.SampledFrom(targets).Draw(t, "operation")
	f.Skip = rapid.IntRange(0, 12).Draw(t, "skip")
	f.Times = rapid.IntRange(0, 8).Draw(t, "times")
	f.Share = rapid.SampledFrom([]float64{0, 0, 0.05, 0.2, 0.5, 1}).Draw(t, "share")
	return f
})

// effects never claim a success that did not happen: no client could know.
var effects = rapid.OneOf(
	effect("Answer", func(t *rapid.T) tidtest.Effect {
		return tidtest.Answer(statuses.Draw(t, "status"), bodies.Draw(t, "body"))
	}),
	effect("AnswerAfter", func(t *rapid.T) tidtest.Effect { // only these leave open whether the server has acted
		return tidtest.AnswerAfter(rapid.SampledFrom([]int{200, 204, 500, 502, 503, 504}).Draw(t, "status"), "")
	}),
	effect("Answer503", func(t *rapid.T) tidtest.Effect {
		return tidtest.Answer(503, "", "Retry-After", rapid.SampledFrom([]string{"0", "3", "100", "-1", "soon"}).Draw(t, "wait"))
	}),
	effect("TooMany", func(t *rapid.T) tidtest.Effect {
		return tidtest.TooMany(time.Duration(rapid.SampledFrom([]int{1, 2, 5, 90}).Draw(t, "wait")) * time.Second)
	}),
	effect("Answer429", func(t *rapid.T) tidtest.Effect {
		return tidtest.Answer(429, rapid.SampledFrom([]string{"", `{"waitInSeconds":3}`, "<html>"}).Draw(t, "body"))
	}),
	plain("DropBefore", tidtest.DropBefore()),
	plain("DropAfter", tidtest.DropAfter()),
	plain("Refuse", tidtest.Refuse()),
	plain("DropIdle", tidtest.DropIdle()),
	plain("DropIdle", tidtest.DropIdle()),
	effect("CutBody", func(t *rapid.T) tidtest.Effect { return tidtest.CutBody(rapid.IntRange(0, 500).Draw(t, "after")) }),
	plain("Malformed", tidtest.Malformed()),
	effect("SlowBody", func(t *rapid.T) tidtest.Effect {
		return tidtest.SlowBody(rapid.IntRange(20, 2_000).Draw(t, "piece"), milliseconds(1, 500).Draw(t, "pause"))
	}),
	effect("Delay", func(t *rapid.T) tidtest.Effect { return tidtest.Delay(milliseconds(1, 30_000).Draw(t, "delay")) }),
	plain("KillToken", tidtest.KillToken()),
)

func plain(name string, e tidtest.Effect) *rapid.Generator[fault] {
	return rapid.Just(fault{tidtest.Fault{Effect: e}, name})
}

func effect(name string, make func(*rapid.T) tidtest.Effect) *rapid.Generator[fault] {
	return rapid.Custom(func(t *rapid.T) fault {
		e := make(t)
		return fault{tidtest.Fault{Effect: e}, fmt.Sprintf("%s %+v", name, e)}
	})
}

var (
	statuses = rapid.SampledFrom([]int{302, 400, 401, 403, 404, 409, 500, 501, 502, 503, 504})
	bodies   = rapid.SampledFrom([]string{"", `{"message":"No."}`, "<html><title>Sorry</title>" + echo + "</html>",
		`{"title":"Not with ` + echo + `","errors":{"` + echo + `":["` + echo + `"]}}`, "plain " + echo, "{"})
)

func milliseconds(least, most int) *rapid.Generator[time.Duration] {
	return rapid.Map(rapid.IntRange(least, most), func(n int) time.Duration { return time.Duration(n) * time.Millisecond })
}
