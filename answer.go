package tid

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/vismatid/tid/internal/tap"
)

// fetch sends an operation and decodes its answer. A created object is compared with
// what was sent, as far as the answer holds it.
func fetch[T any](ctx context.Context, c *Client, op string, params, body any, args ...any) (*T, error) {
	call, err := c.newCall(ctx, op, args, params, body)
	if err != nil {
		return nil, err
	}
	out := new(T)
	err = c.do(ctx, call, func(resp *http.Response) error {
		if err := receiveInto(out)(resp); err != nil {
			return err
		}
		if found := c.compare(body, out); found.missing() <= found.same { // an answer that lacks most of what was sent proves nothing
			call.notApplied = found.names()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	c.log.notApplied(ctx, op, call.notApplied)
	return out, checkCreated(op, out)
}

// exec sends an operation and decodes its answer into out, which may be nil.
func (c *Client) exec(ctx context.Context, op string, params, body, out any, args ...any) error {
	call, err := c.newCall(ctx, op, args, params, body)
	if err != nil {
		return err
	}
	return c.do(ctx, call, receiveInto(out))
}

// receiveInto decodes the answer into out, or streams it when out is a writer.
func receiveInto(out any) receive {
	return func(resp *http.Response) error {
		switch out := out.(type) {
		case nil:
			data, _ := io.ReadAll(io.LimitReader(inTime(resp.Body, maxErrorTime), maxErrorBody))
			drain(resp.Body)
			return refusal(resp, data, nil)
		case io.Writer:
			defer drain(resp.Body)
			_, err := io.Copy(out, resp.Body)
			return err
		}
		if err := readJSON(resp, out); err != nil {
			return err
		}
		if n, ok := out.(normalizer); ok {
			n.normalize()
		}
		return nil
	}
}

// normalizer is a model with properties that the API has under several keys: after
// decoding it copies what came under one of them to the others. It is unexported so that
// a model can be embedded.
type normalizer interface{ normalize() }

// detail reads one object.
func detail[T any](ctx context.Context, c *Client, op string, args ...any) (*T, error) {
	call, err := c.newCall(ctx, op, args, nil, nil)
	if err != nil {
		return nil, err
	}
	return readDetail[T](ctx, c, call)
}

// readDetail reads one object. An answer without an id is ErrNotFound: the API answers so
// for some deleted objects.
func readDetail[T any](ctx context.Context, c *Client, call *call) (*T, error) {
	out := new(T)
	err := c.do(ctx, call, func(resp *http.Response) error {
		return tap.Read(ctx, resp, out, func() error { return receiveInto(out)(resp) })
	})
	if err != nil {
		return nil, err
	}
	if id, ok := idIn(reflect.ValueOf(out).Elem()); ok && id.IsZero() {
		return nil, &Error{Operation: call.op, Path: c.pathOf(call), StatusCode: http.StatusOK, Attempts: 1,
			Message: "the API answered without an id, as it does for deleted objects", Err: ErrNotFound}
	}
	return out, nil
}

// readJSON decodes a whole body into out. An empty body leaves out as it is, and is an
// error for a read.
func readJSON(resp *http.Response, out any) error {
	data, err := readBody(resp)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(data)) == 0 {
		if resp.Request != nil && resp.Request.Method == http.MethodGet {
			return errors.New("the answer is empty")
		}
		return nil
	}
	if _, raw := out.(*json.RawMessage); !raw && tooMany(data, maxValues) {
		return errTooMany
	}
	if err := refusal(resp, data, out); err != nil {
		return err
	}
	if err := unmarshal(data, out); err != nil {
		return &unreadable{describe(err, data), data[:min(len(data), maxErrorBody)]}
	}
	keepBeyond(data, out)
	return nil
}

// unreadable is an answer that could not be decoded, with its beginning. The body is
// separated from the cause before an Error is made of it, since no text may show it.
type unreadable struct {
	error
	body []byte
}

func (u *unreadable) Unwrap() error { return u.error }

// tooMany reports JSON that costs more to decode than so many values: two bytes of an
// array can become a struct of a kilobyte. A plain property has its place in a struct
// already, and counts a third: the largest list that is documented, of one of the APIs,
// is 30,000 rows of 15 properties.
func tooMany(data []byte, most int) bool {
	const value, plain = 3, 1
	const deepest = 10_000 // encoding/json refuses more levels
	if len(data) <= most {
		return false
	}
	cost, quoted := value, false
	var within []byte // the brackets that are open
	inArray := func() bool { return len(within) > 0 && within[len(within)-1] == '[' }
	for i := 0; i < len(data) && cost <= value*most && len(within) <= deepest; i++ {
		switch c := data[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
			if c == '\\' {
				i++
			}
		case c == ',' && !inArray():
			cost += plain
		case c == ',':
			cost += value
		case c == '[' || c == '{':
			if c == '[' || !inArray() { // an object in an array was counted as its element
				cost += value
			}
			within = append(within, c)
		case (c == ']' || c == '}') && len(within) > 0:
			within = within[:len(within)-1]
		}
	}
	return cost > value*most
}

// describe says what is wrong with an answer without showing its content.
func describe(err error, data []byte) error {
	var syntax *json.SyntaxError
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(data)):
		return fmt.Errorf("%w: it ends in the middle of its JSON", errBroken)
	case errors.As(err, &syntax) && bytes.HasPrefix(bytes.TrimSpace(data), []byte("<")):
		return errors.New("the answer is a web page and not JSON: check the base URL")
	case errors.As(err, &syntax):
		return fmt.Errorf("the answer is not JSON (at byte %d)", syntax.Offset)
	case errors.As(err, &mismatch):
		kind, _, _ := strings.Cut(mismatch.Value, " ") // without the value itself
		place := mismatch.Field
		if mismatch.Offset > 0 { // it is 0 where a type decodes itself
			place = strings.TrimPrefix(fmt.Sprintf("%s, at byte %d", place, mismatch.Offset), ", ")
		}
		return fmt.Errorf("the answer has %s %s where %s is expected (%s)", articleOf(kind), kind, mismatch.Type, place)
	}
	return fmt.Errorf("the answer cannot be decoded: %w", err)
}

func articleOf(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an"
	}
	return "a"
}

// refusal is the error of an answer that has the status of a success but reports an
// error: an object without an id that has "error" or "errors" or, where a detail was
// asked for, a message, unless out has fields for these.
func refusal(resp *http.Response, data []byte, out any) error {
	if head := data[:min(len(data), maxErrorBody)]; !bytes.Contains(head, []byte("rror")) && !bytes.Contains(head, []byte("essage")) && !bytes.Contains(head, []byte("ERROR")) {
		return nil
	}
	isDetail := false
	if out != nil {
		t := reflect.TypeOf(out)
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return nil
		}
		fields := shapeOf(t).fields
		if fields["error"] != nil || fields["errors"] != nil {
			return nil
		}
		isDetail = fields["id"] != nil && fields["message"] == nil && resp.Request != nil && resp.Request.Method == http.MethodGet
	}
	var said map[string]json.RawMessage
	if json.Unmarshal(data, &said) != nil {
		return nil
	}
	told := false
	for key, value := range said {
		switch strings.ToLower(key) {
		case "message":
			var said string
			told = told || isDetail && json.Unmarshal(value, &said) == nil && said != ""
		case "id", "items", "accesstoken":
			return nil
		case "error", "errors":
			told = told || !slices.Contains([]string{"null", `""`, "false", "[]", "{}", "0"}, string(value))
		}
	}
	if !told {
		return nil
	}
	sent := ""
	if resp.Request != nil {
		_, sent, _ = strings.Cut(resp.Request.Header.Get("Authorization"), " ")
	}
	message, fields := readErrorBody(data, redactorOf(sent))
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		message += fmt.Sprintf("; %s: %s", field, strings.Join(fields[field], ", "))
	}
	return fmt.Errorf("the answer reports an error although its status is a success: %s", strings.TrimPrefix(message, "; "))
}

// checkCreated refuses an answer to a creation that has no id, and so is not the created
// object. An empty answer passes, since bodies may be empty.
func checkCreated[T any](op string, out *T) error {
	if !strings.HasPrefix(op, http.MethodPost) || reflect.ValueOf(out).Elem().IsZero() {
		return nil
	}
	if identity(out) != 0 {
		return nil
	}
	return &Error{Operation: op, StatusCode: http.StatusOK, Attempts: 1, MayHaveExecuted: true,
		Message: "the answer is not what was to be created: it has no id",
		hint:    "the request may have been carried out: look before retrying it"}
}
