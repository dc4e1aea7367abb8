package moment

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/vismatid/tid"
)

// maxWebhook is the largest body of a webhook; known ones are small.
const maxWebhook = 64 << 10

// Webhook is what Moment posts when an object changes: a claim, a customer, an
// invoice, an offer or a project. It is not signed, so it is a hint from an
// untrusted sender: fetch the object before believing anything of it, as
// [WebhookHandler] does.
type Webhook struct {
	// Event is what has happened, such as "CREATE_NEW".
	Event string
	// WebhookObject is the object that it has happened to: the first in the body, or for
	// a [WebhookHandler] the first of its kind.
	WebhookObject
	// Further are the other objects in the body.
	Further []WebhookObject
}

// WebhookObject is an object in the body of a [Webhook].
type WebhookObject struct {
	// Kind is the kind of object, such as "invoice".
	Kind string
	// ID is the object's id.
	ID int64
	// Object is the object as the sender gives it, with few of its fields.
	Object json.RawMessage
}

var errWebhookTooLarge = fmt.Errorf("the body is larger than %d KiB: %w", maxWebhook>>10, tid.ErrInvalidInput)

// ParseWebhook reads a webhook. Its body is documented for invoices,
//
//	{"event":"CREATE_NEW","invoice":{"id":106939080,…}}
//
// and taken to be the same for the others (inferred): an event, and an object with
// an id, perhaps among others. Anything else is tid.ErrInvalidInput.
func ParseWebhook(r *http.Request) (*Webhook, error) {
	const operation = "moment.ParseWebhook"
	if r.Method != http.MethodPost {
		return nil, invalid(operation, "a webhook is a POST, not a %s", clip(r.Method))
	}
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(io.LimitReader(r.Body, maxWebhook+1)); err != nil {
			return nil, &tid.Error{Operation: operation, Message: "the body cannot be read", Err: err}
		}
	}
	if len(body) > maxWebhook {
		return nil, &tid.Error{Operation: operation, Message: "the body is too large", Err: errWebhookTooLarge}
	}
	dec := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff"))))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, invalid(operation, "the body is no JSON object")
	}
	hook, ids := new(Webhook), shapeOf(rawMessage)
	var objects []WebhookObject
	for dec.More() {
		name, err := dec.Token()
		var raw json.RawMessage
		if err != nil || dec.Decode(&raw) != nil {
			return nil, invalid(operation, "the body is no JSON object")
		}
		switch kind, _ := name.(string); {
		case kind == "event":
			if json.Unmarshal(raw, &hook.Event) != nil {
				hook.Event = ""
			}
		case raw[0] == '{' && ids.id(&raw) != 0:
			objects = append(objects, WebhookObject{kind, ids.id(&raw), raw})
		}
	}
	_, err := dec.Token()
	if _, after := dec.Token(); err != nil || after != io.EOF {
		return nil, invalid(operation, "the body is no JSON object")
	}
	switch {
	case hook.Event == "":
		return nil, invalid(operation, "the body names no event")
	case len(objects) == 0:
		return nil, invalid(operation, "the body holds no object with an id")
	}
	hook.WebhookObject, hook.Further = objects[0], objects[1:]
	return hook, nil
}

// choose makes the first object of a kind the object of the webhook.
func (h *Webhook) choose(kind string) bool {
	if h.Kind == kind {
		return true
	}
	i := slices.IndexFunc(h.Further, func(o WebhookObject) bool { return o.Kind == kind })
	if i >= 0 {
		h.WebhookObject, h.Further[i] = h.Further[i], h.WebhookObject
	}
	return i >= 0
}

// WebhookHandler takes webhooks about the objects of s: it fetches the object
// that one names, with the given includes, and calls handle with it. When the API has
// none of that id, because it was deleted or the webhook is forged, err matches
// tid.ErrNotFound and object is an empty T; otherwise err is nil.
//
// It answers 204 when handle returned nil, 500 when it returned an error, 502
// when the object could not be fetched, and 400, 405 or 413 to what is no webhook
// about an object of s. Its answers say no more than that: [tid.WithObserver] shows
// failed requests. Anyone can post to it, and each post causes a request, so give it an
// address that is hard to guess.
func WebhookHandler[T any](s *Service[T], handle func(ctx context.Context, hook *Webhook, object *T, err error) error, includes ...Includes) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(s.receive(w.Header(), r, handle, includes))
	})
}

// receive handles a webhook and gives the status to answer.
func (s *Service[T]) receive(header http.Header, r *http.Request, handle func(context.Context, *Webhook, *T, error) error, includes []Includes) int {
	if r.Method != http.MethodPost {
		header.Set("Allow", http.MethodPost)
		return http.StatusMethodNotAllowed
	}
	hook, err := ParseWebhook(r)
	switch {
	case errors.Is(err, errWebhookTooLarge):
		return http.StatusRequestEntityTooLarge
	case err != nil, !hook.choose(strings.TrimSuffix(s.entity, "s")):
		return http.StatusBadRequest
	}
	object, err := s.Get(r.Context(), hook.ID, includes...)
	switch {
	case errors.Is(err, tid.ErrNotFound):
		object = new(T)
	case err != nil:
		return http.StatusBadGateway
	}
	if handle(r.Context(), hook, object, err) != nil {
		return http.StatusInternalServerError
	}
	return http.StatusNoContent
}
