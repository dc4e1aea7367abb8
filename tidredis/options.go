package tidredis

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode"

	"github.com/redis/go-redis/v9"
)

// Option changes how processes share.
type Option func(*config)

type config struct {
	name  string
	share int // 0 is to fail
	err   error
}

// Name is the name of this process in [Stats], in the place of the host name and the process
// id. It must have no space, no # and no control character.
func Name(name string) Option {
	return func(c *config) {
		if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r == '#' || unicode.IsSpace(r) || unicode.IsControl(r) }) {
			c.err = fmt.Errorf("tidredis: the name %q of a process must have no space, no # and no control character, and not be empty", name)
		}
		c.name = name
	}
}

// FailClosed is what happens without it, too: when Redis has not answered for five seconds,
// calls end with an error that matches [ErrAway], and nothing is sent. Calls with a token at
// hand that need no permit do not notice.
func FailClosed(c *config) { c.share = 0 }

// Share lets each process go on with a fixed n-th of the allowance, n being the number of
// processes, when Redis has not answered for a second: one request in n quarters of a second.
// All processes together send four requests a second on average, and in a bad moment as many
// as there are processes: more than four in a second can reach the API. If only some of them
// are cut off from Redis, their shares come on top of the four a second of the others. A 429
// halves the rate of a process until Redis is back. A token that has ended is exchanged by each
// process for itself. When Redis answers again, all is as before.
func Share(n int) Option {
	return func(c *config) {
		if n < 1 {
			c.err = fmt.Errorf("tidredis: Share(%d): the number of processes must be at least 1", n)
		}
		c.share = n
	}
}

// ErrAway matches the error of a call that Redis gave no permit or no token in time.
var ErrAway = errors.New("no answer from Redis")

func configured(rdb redis.UniversalClient, of string, opts []Option) config {
	host, err := os.Hostname()
	if err != nil {
		host = "host"
	}
	c := config{name: fmt.Sprintf("%s:%d", strings.Join(strings.FieldsFunc(host, func(r rune) bool { return r <= ' ' || r == '#' }), "-"), os.Getpid())}
	for _, opt := range opts {
		if opt != nil {
			opt(&c)
		}
	}
	switch {
	case rdb == nil:
		c.err = errors.New("tidredis: the Redis client is nil")
	case of == "" && c.err == nil:
		c.err = errors.New("tidredis: the application id or token is empty")
	}
	return c
}

// keys are the keys for an application id or a static token: with one hash tag, so that they
// are on one node of a cluster.
func keys(of string) (gate []string, token string) {
	sum := sha256.Sum256([]byte("vismatid tidredis " + of))
	prefix := "tid:{" + hex.EncodeToString(sum[:12]) + "}:"
	return []string{prefix + "gate", prefix + "queue", prefix + "waiters"}, prefix + "token"
}
