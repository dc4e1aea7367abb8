package tid

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// refusal is the error of an answer that has the status of a success and tells of
// an error: an object with "error" or "errors" in it and no id, where out has no
// place for them.
func refusal(resp *http.Response, data []byte, out any) error {
	if !slices.ContainsFunc([]string{`"error`, `"Error`, `"ERROR`}, func(key string) bool { return bytes.Contains(data[:min(len(data), maxErrorBody)], []byte(key)) }) {
		return nil
	}
	if out != nil {
		t := reflect.TypeOf(out)
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return nil
		}
		if fields := shapeOf(t).fields; fields["error"] != nil || fields["errors"] != nil {
			return nil
		}
	}
	var said map[string]json.RawMessage
	if json.Unmarshal(data, &said) != nil {
		return nil
	}
	told := false
	for key, value := range said {
		switch strings.ToLower(key) {
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
	return fmt.Errorf("the answer is an error all the same: %s", strings.TrimPrefix(message, "; "))
}

// checkCreated refuses an answer to a creation that is not what was created. One
// without anything in it passes: bodies may be empty.
func checkCreated[T any](op string, out *T) error {
	if !strings.HasPrefix(op, http.MethodPost) || reflect.ValueOf(out).Elem().IsZero() {
		return nil
	}
	if _, ok := identity[T]()(out); ok {
		return nil
	}
	return &Error{Operation: op, StatusCode: http.StatusOK, Attempts: 1, MayHaveExecuted: true,
		Message: "the answer is not what was to be created: it has no id",
		hint:    "the request may have been carried out: look before repeating it"}
}

// checkText refuses a body in which a character stands for bytes that are lost:
// encoding/json reads and writes what is no UTF-8, and half of a surrogate pair, as
// U+FFFD without a word, and a PUT would make that the account's own.
func checkText(op string, encoded []byte) error {
	if !bytes.Contains(encoded, []byte("\uFFFD")) && !bytes.Contains(encoded, []byte(`\ufffd`)) {
		return nil
	}
	fields := make(map[string][]string)
	damaged(json.NewDecoder(bytes.NewReader(encoded)), "body", fields)
	if len(fields) == 0 {
		return nil
	}
	e := invalid(op, "")
	e.Fields = fields
	return e
}

// damaged reads one value, called name, and notes what in it is damaged.
func damaged(dec *json.Decoder, name string, fields map[string][]string) {
	token, err := dec.Token()
	if err != nil {
		return
	}
	switch token := token.(type) {
	case string:
		if strings.ContainsRune(token, utf8.RuneError) {
			fields[name] = []string{"holds U+FFFD, which stands for bytes that are not UTF-8 and are lost: set the text anew"}
		}
	case json.Delim:
		for dec.More() {
			if token == '{' {
				key, _ := dec.Token()
				name, _ = key.(string)
			}
			damaged(dec, name, fields)
		}
		_, _ = dec.Token()
	}
}
