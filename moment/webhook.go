package moment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/vismatid/tid"
)

// maxWebhook is how large the body of a webhook may be: they are small.
const maxWebhook = 64 << 10

// Webhook is what Moment posts when an object changes: a claim, a customer, an
// invoice, an offer or a project. It is not signed, so it is a hint from an
// untrusted sender: fetch the object before believing anything of it, as
// [WebhookHandler] does.
type Webhook struct {
	// Event is what has happened, such as "CREATE_NEW".
	Event string
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
// and taken to be the same for the others (inferred): an event, and one object
// with an id. Anything else is tid.ErrInvalidInput.
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
	var properties map[string]json.RawMessage
	if err := json.Unmarshal(body, &properties); err != nil {
		return nil, invalid(operation, "the body is no JSON object")
	}
	hook := new(Webhook)
	if json.Unmarshal(properties["event"], &hook.Event) != nil || hook.Event == "" {
		return nil, invalid(operation, "the body names no event")
	}
	for kind, raw := range properties {
		var object struct {
			ID int64 `json:"id"`
		}
		if raw[0] != '{' || json.Unmarshal(raw, &object) != nil || object.ID < 1 {
			continue
		}
		if hook.Kind != "" {
			return nil, invalid(operation, "the body holds more than one object")
		}
		hook.Kind, hook.ID, hook.Object = kind, object.ID, raw
	}
	if hook.Kind == "" {
		return nil, invalid(operation, "the body holds no object with an id")
	}
	return hook, nil
}

// WebhookHandler takes webhooks about the objects of s: it fetches the object
// that one names, with the given includes, and calls handle with it. The object
// is nil when the API has none of that id, as after a deletion or when the sender
// has made it up.
//
// It answers 204 when handle returned nil, 500 when it returned an error, 502
// when the object could not be fetched, and 400, 405 or 413 to what is no webhook
// about an object of s. No answer tells more than that: [tid.WithObserver] sees
// what went wrong with a fetch. Since anyone can post to it, and each post causes
// a request, give it an address that is hard to guess.
func WebhookHandler[T any](s *Service[T], handle func(ctx context.Context, hook *Webhook, object *T) error, includes ...Includes) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(s.receive(w.Header(), r, handle, includes))
	})
}

// receive handles a webhook and gives the status to answer.
func (s *Service[T]) receive(header http.Header, r *http.Request, handle func(context.Context, *Webhook, *T) error, includes []Includes) int {
	if r.Method != http.MethodPost {
		header.Set("Allow", http.MethodPost)
		return http.StatusMethodNotAllowed
	}
	hook, err := ParseWebhook(r)
	switch {
	case errors.Is(err, errWebhookTooLarge):
		return http.StatusRequestEntityTooLarge
	case err != nil, hook.Kind != strings.TrimSuffix(s.entity, "s"):
		return http.StatusBadRequest
	}
	object, err := s.Get(r.Context(), hook.ID, includes...)
	if err != nil && !errors.Is(err, tid.ErrNotFound) {
		return http.StatusBadGateway
	}
	if handle(r.Context(), hook, object) != nil {
		return http.StatusInternalServerError
	}
	return http.StatusNoContent
}
