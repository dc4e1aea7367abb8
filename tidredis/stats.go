package tidredis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// dead is after which a waiter that does not ask is taken out, as in the gate.
const dead = 2 * second

// Stats is how the processes share at one moment.
type Stats struct {
	// Slots are the requests that count at present, at most four.
	Slots []Slot
	// Waiting are the processes that wait for a permit, in their order. Each may have any
	// number of calls that wait.
	Waiting []Waiter
	// Margin is added to the second after which a slot is free again.
	Margin time.Duration
	// Paused is how long a 429 still keeps all processes from sending, 0 if none does.
	Paused time.Duration
}

// Slot is a request that counts.
type Slot struct {
	// Process has the permit; empty after a restart, when it is not known.
	Process string
	// For is how long ago the permit was given.
	For time.Duration
	// Sent and Answered say what is known of the request.
	Sent, Answered bool
}

// Waiter is a process that waits.
type Waiter struct {
	Process string
	// For is how long it has been waiting for its present turn.
	For time.Duration
	// Token says that it waits for a token exchange, which goes first.
	Token bool
}

// ReadStats reads how the processes share that name this application id, or this static
// token. It changes nothing.
func ReadStats(ctx context.Context, rdb redis.UniversalClient, id string) (Stats, error) {
	var s Stats
	if c := configured(rdb, id, nil); c.err != nil {
		return s, c.err
	}
	names, _ := keys(id)
	found, err := gate.Run(ctx, rdb, names, "look").Slice()
	if err == nil && len(found) != 4 {
		err = errors.New("an answer that cannot be read")
	}
	if err != nil {
		return s, fmt.Errorf("tidredis: the state of the gate cannot be read: %w", err)
	}
	now, _ := strconv.ParseInt(fmt.Sprint(found[0]), 10, 64)
	state, queue, joined := pairs(texts(found[1])), texts(found[2]), pairs(texts(found[3]))
	since := func(micro string) time.Duration {
		at, _ := strconv.ParseInt(micro, 10, 64)
		return time.Duration(now-at) * time.Microsecond
	}
	if margin, err := strconv.ParseInt(state["margin"], 10, 64); err == nil {
		s.Margin = time.Duration(margin) * time.Microsecond
	}
	pause, _ := strconv.ParseInt(state["pause"], 10, 64)
	s.Paused = max(min(-since(state["paused"]), time.Duration(pause)*time.Microsecond), 0)
	for i := range 4 {
		var id, granted, hold, sent, answered string
		if n, _ := fmt.Sscan(state[strconv.Itoa(i+1)], &id, &granted, &hold, &sent, &answered); n < 5 {
			continue
		}
		slot := Slot{Process: process(id), For: since(granted), Sent: sent != "0", Answered: answered != "0"}
		// As in the gate: when the slot is free again.
		free := since(hold) - second - s.Margin
		switch {
		case slot.Sent:
			free = since(sent) - second - s.Margin
			if slot.Answered {
				free = max(free, since(answered)-second)
			}
		case slot.Answered:
			free = since(answered) - second
		}
		if free < 0 {
			s.Slots = append(s.Slots, slot)
		}
	}
	for _, member := range queue {
		asks, at, _ := strings.Cut(joined[member], " ")
		if since(asks) > dead {
			continue
		}
		s.Waiting = append(s.Waiting, Waiter{Process: process(member), For: since(at), Token: strings.HasSuffix(member, "!")})
	}
	return s, nil
}

// texts are the elements of an array in an answer.
func texts(array any) (all []string) {
	elements, _ := array.([]any)
	for _, e := range elements {
		all = append(all, fmt.Sprint(e))
	}
	return all
}

// pairs are the fields of a hash in an answer.
func pairs(flat []string) map[string]string {
	all := make(map[string]string)
	for i := 0; i+1 < len(flat); i += 2 {
		all[flat[i]] = flat[i+1]
	}
	return all
}

// process is the name of the process in that of a place in the queue or of a permit.
func process(member string) string {
	if member == "-" {
		return ""
	}
	name, _, _ := strings.Cut(member, "#")
	return name
}
