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
	s.Margin, s.Paused = since(found[0]), since(found[1])
	for _, text := range texts(found[2]) { // permit, since, sent, answered
		if part := strings.Fields(text); len(part) == 4 {
			s.Slots = append(s.Slots, Slot{Process: process(part[0]), For: since(part[1]), Sent: part[2] == "1", Answered: part[3] == "1"})
		}
	}
	for _, text := range texts(found[3]) {
		member, waited, _ := strings.Cut(text, " ")
		s.Waiting = append(s.Waiting, Waiter{Process: process(member), For: since(waited), Token: strings.HasSuffix(member, "!")})
	}
	return s, nil
}

// since is a time in an answer, which has microseconds.
func since(micros any) time.Duration {
	n, _ := strconv.ParseInt(fmt.Sprint(micros), 10, 64)
	return time.Duration(n) * time.Microsecond
}

// texts are the elements of an array in an answer.
func texts(array any) (all []string) {
	elements, _ := array.([]any)
	for _, e := range elements {
		all = append(all, fmt.Sprint(e))
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
