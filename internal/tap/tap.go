// Package tap shows the answers of the API as they came to other modules of this
// repository: models do not keep properties that they have no field for.
package tap

import (
	"bytes"
	"context"
	"io"
	"net/http"
)

// Tap is told of the requests that are made with its context.
type Tap struct {
	// Attempt is called after each attempt of a request.
	Attempt func()
	// Answer is called with each page of a list, or detail, that has been decoded, and its
	// JSON.
	Answer func(out any, body []byte)
}

type key struct{}

// With is a context whose requests are shown to t.
func With(ctx context.Context, t *Tap) context.Context { return context.WithValue(ctx, key{}, t) }

// Attempt reports an attempt.
func Attempt(ctx context.Context) {
	if t, ok := ctx.Value(key{}).(*Tap); ok {
		t.Attempt()
	}
}

// Read calls read, which decodes the body of an answer into out, and shows both.
func Read(ctx context.Context, resp *http.Response, out any, read func() error) error {
	t, ok := ctx.Value(key{}).(*Tap)
	if !ok {
		return read()
	}
	var body bytes.Buffer
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.TeeReader(resp.Body, &body), resp.Body}
	err := read()
	if err == nil {
		t.Answer(out, body.Bytes())
	}
	return err
}
