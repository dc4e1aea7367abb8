package tidredis

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/vismatid/tid"
)

const (
	lockTime    = 10 * time.Second // after which another process exchanges in the place of one that died
	firstLook   = 50 * time.Millisecond
	longestLook = time.Second // between two looks for the token that another process gets
	// leastLeft is how long a token must still be good to be used by a process that has none:
	// a client uses a new token for as long at least.
	leastLeft = 10 * time.Second
	// refusedTime is how long no process tries a secret again that was refused.
	refusedTime = 10 * time.Second
)

//go:embed token.lua
var tokenText string

var tokenScript = redis.NewScript(tokenText)

// Credentials are the id and the secret of an API application, of which all processes share
// one access token. One of them exchanges it, and renews it before it ends, while the others
// go on with the old one; after a 401 it is exchanged once for all. The token in Redis is
// encrypted with a key that is derived from the secret, and whoever does not know the secret
// can read no token, nor make one that is used. A secret that the API refuses is refused for
// all of them, and tried again after ten seconds. rdb stays the caller's. Mistakes in the other
// arguments are errors of the first call.
func Credentials(rdb redis.UniversalClient, id, secret string, opts ...Option) tid.TokenSource {
	c := configured(rdb, id, opts)
	_, key := keys(id)
	box, name, err := seal(id, secret)
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("tidredis: the key of the token: %w", err)
	}
	return tid.CachedCredentials(id, secret, &tokens{config: c, rdb: rdb, box: box, keys: []string{key + ":" + name, key + ":" + name + ":lock", key + ":" + name + ":refused"}})
}

// seal makes the cipher of the token, and a name for its key: applications of the same id
// with different secrets have tokens of their own while a secret is being replaced.
func seal(id, secret string) (box cipher.AEAD, name string, err error) {
	derived, err := hkdf.Key(sha256.New, []byte(secret), []byte(id), "vismatid tidredis token", 40)
	if err != nil {
		return nil, "", err
	}
	block, err := aes.NewCipher(derived[:32])
	if err != nil {
		return nil, "", err
	}
	box, err = cipher.NewGCMWithRandomNonce(block)
	return box, hex.EncodeToString(derived[32:]), err
}

// tokens are the tokens of an application, of which Redis keeps the current one.
type tokens struct {
	config
	rdb  redis.UniversalClient
	box  cipher.AEAD
	keys []string
}

// Fetch gets the token that Redis has, or exchanges for all processes.
func (t *tokens) Fetch(ctx context.Context, old string, exchange func(context.Context) (tid.Token, error)) (tid.Token, error) {
	if t.err != nil {
		return tid.Token{}, t.err
	}
	owner := t.name + "#" + rand.Text()
	var failing time.Time
	for look := firstLook; ; look = min(2*look, longestLook) {
		began := time.Now()
		token, err := t.fetch(ctx, owner, old, exchange)
		var failed *redisError
		switch {
		case err == nil && token.Value() != "":
			return token, nil
		case ctx.Err() != nil:
			return tid.Token{}, ctx.Err()
		case errors.As(err, &failed):
			if failing.IsZero() {
				failing = began
			}
			switch away := permanent(failed.error) || time.Since(failing) >= patience; {
			case t.share > 0 && (away || time.Since(failing) >= shareAfter):
				return exchange(ctx)
			case away:
				return tid.Token{}, gone("no token", failed.error)
			}
		case err != nil:
			return tid.Token{}, err
		default: // another process exchanges
			failing = time.Time{}
		}
		if err := sleep(ctx, look); err != nil {
			return tid.Token{}, err
		}
	}
}

// redisError is an error of Redis, and not of the exchange.
type redisError struct{ error }

// fetch is one try. The token is the zero one if another process is exchanging.
func (t *tokens) fetch(ctx context.Context, owner, old string, exchange func(context.Context) (tid.Token, error)) (tid.Token, error) {
	began := time.Now()
	answer, err := t.run(ctx, "read")
	if err != nil {
		return tid.Token{}, err
	}
	kept, _ := answer[0].(string)
	milliseconds, _ := answer[1].(int64)
	left := time.Duration(milliseconds) * time.Millisecond
	if value, ok := t.open(0, kept); ok && value != old && left > leastLeft {
		return tid.NewToken(value, began.Add(left)), nil
	}
	if refused, _ := answer[2].(string); refused != "" {
		if err := t.refusal(refused); err != nil {
			return tid.Token{}, err
		}
	}
	if locked, err := t.does(ctx, "lock", owner, kept, lockTime.Milliseconds()); err != nil || !locked {
		return tid.Token{}, err
	}
	defer t.renew(ctx, owner)()
	token, err := exchange(ctx)
	detached := context.WithoutCancel(ctx)
	if err != nil {
		_, _ = t.does(detached, "release", owner, t.refused(err), refusedTime.Milliseconds()) // else it ends by itself
		return tid.Token{}, err
	}
	if left := time.Until(token.Expires).Milliseconds(); left > 0 {
		// If it cannot be kept, this process has it all the same.
		_, _ = t.does(detached, "store", owner, t.box.Seal(nil, nil, []byte(token.Value()), []byte(t.keys[0])), left)
	}
	return token, nil
}

// open decrypts what is kept under a key.
func (t *tokens) open(key int, kept string) (string, bool) {
	value, err := t.box.Open(nil, nil, []byte(kept), []byte(t.keys[key]))
	return string(value), err == nil && len(value) > 0
}

// refusal is the part of an error that all processes get.
type refusal struct {
	Path    string
	Status  int
	Message string
}

// refused is what is kept of an error of an exchange: nothing, unless it says that the secret
// is wrong.
func (t *tokens) refused(err error) []byte {
	var e *tid.Error
	if !errors.As(err, &e) || e.StatusCode != http.StatusUnauthorized && e.StatusCode != http.StatusForbidden {
		return nil
	}
	text, err := json.Marshal(refusal{e.Path, e.StatusCode, e.Message})
	if err != nil {
		return nil
	}
	return t.box.Seal(nil, nil, text, []byte(t.keys[2]))
}

// refusal is the error that another call has met just before.
func (t *tokens) refusal(kept string) error {
	var r refusal
	text, ok := t.open(2, kept)
	if !ok || json.Unmarshal([]byte(text), &r) != nil {
		return nil
	}
	return &tid.Error{Operation: tokenOperation, Path: r.Path, StatusCode: r.Status, Message: r.Message}
}

// renew keeps the lock until the function that it returns is called.
func (t *tokens) renew(ctx context.Context, owner string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for sleep(ctx, lockTime/3) == nil {
			_, _ = t.does(ctx, "renew", owner, lockTime.Milliseconds())
		}
	}()
	return func() { cancel(); <-done }
}

// does runs the script, which tells whether it did what it was asked for.
func (t *tokens) does(ctx context.Context, args ...any) (bool, error) {
	answer, err := t.run(ctx, args...)
	if err != nil {
		return false, err
	}
	done, _ := answer[0].(int64)
	return done == 1, nil
}

// run runs the script, and ends in time whether or not the Redis client minds contexts.
func (t *tokens) run(ctx context.Context, args ...any) ([]any, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	done := make(chan *redis.Cmd, 1)
	go func() { done <- tokenScript.Run(ctx, t.rdb, t.keys, args...) }()
	var answer []any
	var err error
	select {
	case cmd := <-done:
		answer, err = cmd.Slice()
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err == nil && (len(answer) < 1 || len(answer) < 3 && args[0] == "read") {
		err = errors.New("an answer that cannot be read")
	}
	if err != nil {
		return nil, &redisError{err}
	}
	return answer, nil
}
