package tid

import (
	"bytes"
	"cmp"
	"encoding/json"
	"html"
	"regexp"
	"slices"
	"strings"
)

const (
	maxErrorBody    = 64 << 10
	maxErrorMessage = 500
	maxErrorFields  = 10 // named in the text; Error.Fields has them all
)

var htmlTitle = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)

// readErrorBody finds the message in any of the formats that error bodies are known or
// likely to have. Credentials are blanked after unescaping, so that they are found, and
// before texts are cut, so that no part of one is left.
func readErrorBody(body []byte, r *redactor) (message string, fields map[string][]string) {
	text := bytes.TrimSpace(bytes.TrimPrefix(body, utf8BOM))
	switch {
	case len(text) == 0, string(text) == "null":
	case text[0] == '{':
		message, fields = readErrorObject(text, r)
	case text[0] == '"':
		if json.Unmarshal(text, &message) != nil {
			message = string(text)
		}
	case text[0] == '<':
		if title := htmlTitle.FindSubmatch(text); title != nil {
			message = html.UnescapeString(string(title[1]))
		}
		if tidy(message) == "" {
			message = html.UnescapeString(htmlText(string(text)))
		}
	default:
		message = string(text)
	}
	return tidy(r.blank(message)), fields
}

func readErrorObject(text []byte, r *redactor) (message string, fields map[string][]string) {
	var object map[string]json.RawMessage
	if json.Unmarshal(text, &object) != nil {
		return string(text), nil // cut off or not JSON after all: show its beginning
	}
	lower := make(map[string]json.RawMessage, len(object))
	for k, v := range object {
		lower[strings.ToLower(k)] = v
	}
	for _, key := range []string{"message", "error", "error_description", "detail", "details", "title", "errormessage", "exceptionmessage"} {
		var s string
		var inner struct{ Message string }
		switch raw := lower[key]; {
		case json.Unmarshal(raw, &s) == nil && s != "":
			message = s
		case json.Unmarshal(raw, &inner) == nil && inner.Message != "":
			message = inner.Message
		default:
			continue
		}
		break
	}
	for _, key := range []string{"details", "error_description"} { // these may add to a general message
		var details string
		if json.Unmarshal(lower[key], &details) == nil && details != "" && message != "" && details != message {
			message += ": " + details
		}
	}
	add := func(field string, several []string) {
		if several == nil {
			return
		}
		if fields == nil {
			fields = make(map[string][]string)
		}
		field = tidy(r.blank(field))
		fields[field] = append(fields[field], several...)
	}
	for _, key := range []string{"errors", "modelstate"} {
		var byField map[string]json.RawMessage
		if json.Unmarshal(lower[key], &byField) != nil {
			var each []struct {
				Field, Property, PropertyName, Name string
				Message, ErrorMessage, Description  json.RawMessage
			}
			if json.Unmarshal(lower[key], &each) == nil {
				for _, e := range each {
					if field := cmp.Or(e.Field, e.PropertyName, e.Property, e.Name); field != "" {
						add(field, texts(slices.Concat(e.Message, e.ErrorMessage, e.Description), r))
					}
				}
			}
			if all := texts(lower[key], r); message == "" {
				message = strings.Join(all, ", ")
			}
			continue
		}
		for field, raw := range byField {
			add(field, texts(raw, r))
		}
	}
	return message, fields
}

// texts reads a string or a list of them.
func texts(raw json.RawMessage, r *redactor) (tidied []string) {
	var several []string
	var one string
	if json.Unmarshal(raw, &one) == nil {
		several = []string{one}
	} else if json.Unmarshal(raw, &several) != nil {
		return nil
	}
	for _, s := range several {
		if s = tidy(r.blank(s)); s != "" {
			tidied = append(tidied, s)
		}
	}
	return tidied
}

// htmlText is the visible text of a page, without tags, scripts, styles and head. It
// takes linear time for any input.
func htmlText(page string) string {
	var b strings.Builder
	page = strings.ToValidUTF8(page, " ")
	lower := strings.Map(func(r rune) rune { // strings.ToLower may change the length
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, page)
	for at := 0; at < len(page); {
		begin := strings.IndexByte(page[at:], '<')
		if begin < 0 {
			b.WriteString(page[at:])
			break
		}
		b.WriteString(page[at:at+begin] + " ")
		at += begin + 1
		end := strings.IndexByte(page[at:], '>')
		if end < 0 {
			break
		}
		name := lower[at : at+end]
		if i := strings.IndexAny(name, " \t\r\n/"); i > 0 {
			name = name[:i]
		}
		at += end + 1
		if name == "script" || name == "style" || name == "head" {
			shown := strings.Index(lower[at:], "</"+name)
			if shown < 0 {
				break
			}
			at += shown
		}
	}
	return b.String()
}
