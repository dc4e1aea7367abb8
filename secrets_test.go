package tid_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"html"
	"io"
	"log"
	"log/slog"
	"maps"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
)

// A token and a password with every kind of character that encodings write
// differently, and neither an English word.
const (
	bearerToken    = `pk_4f0a9c21-77.pa_/e3b8=d5+62&<>"'\%41`
	markedPassword = `hV7+/=&<>"'\%42-9Qz.e3~x`
)

// encodings are the spellings in which servers and proxies repeat what they were sent.
var encodings = map[string]func(string) string{
	"as it is":                 func(s string) string { return s },
	"upper case":               strings.ToUpper,
	"lower case":               strings.ToLower,
	"a path element":           url.PathEscape,
	"a query parameter":        url.QueryEscape,
	"percent, all":             each("%%%02X"),
	"percent, all, lower case": each("%%%02x"),
	"percent, twice":           twice(url.QueryEscape),
	"percent, all, twice":      twice(each("%%%02X")),
	"percent, three times":     func(s string) string { return url.QueryEscape(twice(url.QueryEscape)(s)) },
	"percent u":                each("%%u%04X"),
	"HTML":                     html.EscapeString,
	"HTML, twice":              twice(html.EscapeString),
	"HTML, decimal":            each("&#%d;"),
	"HTML, decimal with zeros": each("&#%07d;"),
	"HTML, hex":                each("&#x%x;"),
	"HTML, hex in upper case":  each("&#X%02X;"),
	"HTML, decimal, twice":     twice(each("&#%d;")),
	"HTML, names":              named,
	"a JSON string":            inJSON,
	"JSON in JSON":             twice(inJSON),
	"JSON in JSON in JSON":     func(s string) string { return inJSON(twice(inJSON)(s)) },
	"escapes of four digits":   each(`\u%04x`),
	"the same in upper case":   each(`\u%04X`),
	"the same, twice":          func(s string) string { return inJSON(each(`\u%04x`)(s)) },
	"escapes in braces":        each(`\u{%x}`),
	"escapes of eight digits":  each(`\U%08x`),
	"escapes of two digits":    each(`\x%02x`),
	"octal escapes":            each(`\%03o`),
	"a Go string":              func(s string) string { q := strconv.Quote(s); return q[1 : len(q)-1] },
	"slashes escaped":          func(s string) string { return strings.ReplaceAll(inJSON(s), "/", `\/`) },
	"percent of HTML":          func(s string) string { return url.QueryEscape(each("&#%d;")(s)) },
	"HTML of percent":          func(s string) string { return each("&#%d;")(url.QueryEscape(s)) },
	"JSON of percent":          func(s string) string { return each(`\u%04x`)(url.QueryEscape(s)) },
	"percent of JSON":          func(s string) string { return url.QueryEscape(each(`\u%04x`)(s)) },
	"HTML of JSON":             func(s string) string { return html.EscapeString(inJSON(s)) },
	"JSON of HTML":             func(s string) string { return inJSON(html.EscapeString(s)) },
	"quoted-printable":         quotedPrintable,
	"quoted-printable, all":    each("=%02X"),
	"base64":                   func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64 of URLs":           func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
	"base64, behind one byte":  func(s string) string { return base64.StdEncoding.EncodeToString([]byte("\n" + s))[2:] },
	"base64, behind two bytes": func(s string) string { return base64.StdEncoding.EncodeToString([]byte("\r\n" + s))[3:] },
	"base64, in lines":         func(s string) string { return lines(base64.StdEncoding.EncodeToString([]byte(s)), 16) },
	"hex":                      func(s string) string { return hex.EncodeToString([]byte(s)) },
	"hex in upper case":        func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
	"hex with spaces":          func(s string) string { return fmt.Sprintf("% x", s) },
	"percent of base64":        func(s string) string { return each("%%%02X")(base64.StdEncoding.EncodeToString([]byte(s))) },
	"UTF-16, little end first": func(s string) string { return wide(s, false) },
	"UTF-16, big end first":    func(s string) string { return wide(s, true) },
	"in lines":                 func(s string) string { return lines(s, 10) },
	"in lines, in JSON":        func(s string) string { return inJSON(lines(s, 10)) },
	"in lines, in JSON, twice": func(s string) string { return twice(inJSON)(lines(s, 10)) },
	"tabs, in JSON in HTML": func(s string) string {
		return html.EscapeString(inJSON(strings.ReplaceAll(lines(s, 10), "\r\n", "\t")))
	},
	"spaced":                    func(s string) string { return lines(s, 1) },
	"with spaces of no width":   func(s string) string { return strings.Join(strings.Split(s, ""), "\u200b") },
	"with hyphens for the eyes": func(s string) string { return strings.Join(strings.Split(s, ""), "\u00ad") },
	"without hyphens":           func(s string) string { return strings.ReplaceAll(s, "-", "") },
}

func each(format string) func(string) string {
	return func(s string) string {
		var b strings.Builder
		for _, c := range []byte(s) {
			fmt.Fprintf(&b, format, c)
		}
		return b.String()
	}
}

func twice(f func(string) string) func(string) string {
	return func(s string) string { return f(f(s)) }
}

func inJSON(s string) string {
	data, _ := json.Marshal(s)
	return string(data[1 : len(data)-1])
}

func named(s string) string {
	return strings.NewReplacer("&", "&amp;", "_", "&lowbar;", ".", "&period;", "/", "&sol;", "=", "&equals;", "+", "&plus;",
		"<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;", `\`, "&bsol;", "%", "&percnt;", "-", "&hyphen;").Replace(s)
}

func quotedPrintable(s string) string {
	var b strings.Builder
	w := quotedprintable.NewWriter(&b)
	_, _ = io.WriteString(w, s)
	_ = w.Close()
	return b.String()
}

func lines(s string, length int) string {
	var parts []string
	for part := range slices.Chunk([]byte(s), length) {
		parts = append(parts, string(part))
	}
	return strings.Join(parts, "\r\n ")
}

func wide(s string, big bool) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return string(b)
}

func TestEchoesAreBlankedInEverySpelling(t *testing.T) {
	pair := base64.StdEncoding.EncodeToString([]byte("ap_1:" + markedPassword))
	require.GreaterOrEqual(t, len(encodings), 40)
	for name, encode := range encodings {
		for _, c := range []struct{ what, sent, echoed string }{
			{"token", bearerToken, bearerToken},
			{"credentials", pair, pair},
			{"password", pair, markedPassword},
		} {
			text := "Sorry, " + encode(c.echoed) + " was refused"
			left := strings.ReplaceAll(tid.Blank(c.sent, text), "\x00", "")
			assert.Equal(t, "Sorry, … was refused", left, "%s, %s: %q", c.what, name, text)
		}
	}
}

func TestAPieceOfACredentialIsBlanked(t *testing.T) {
	const guid = "pk_0f8fad5b-d9cb-469f-a165-70867728950e.pa_7c9e6679-7425-40de-944b-e07fc1f90ae7"
	for length := 12; length < len(guid); length++ {
		first, last := guid[:length], guid[len(guid)-length:]
		assert.Equal(t, "token …!", tid.Blank(guid, "token "+strings.Trim(first, "-")+"!"), "the first %d", length)
		assert.Equal(t, "token …!", tid.Blank(guid, "token "+strings.Trim(last, "-")+"!"), "the last %d", length)
	}
}

func TestWordsAreNotBlanked(t *testing.T) {
	basic := func(user, password string) string {
		return base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	}
	for _, c := range []struct{ sent, text, want string }{
		{basic("anna", "password"), "The password is wrong", "The password is wrong"},
		{basic("anna", "password"), "anna:password is wrong", "anna:… is wrong"},
		{basic("anna", "a"), "a user named anna", "a user named anna"},
		{basic("anna", "Unauthorized"), "Unauthorized: no access", "Unauthorized: no access"},
		{basic("anna", "hunter2"), "hunter2 is no user", "… is no user"},
		{basic("anna", "r2d2"), "r2d2 is no user", "r2d2 is no user"},
		{basic("anna", "r2d2"), `{"auth":"anna:r2d2"}`, `{"auth":"anna:…"}`},
		{basic("anna", "hunter2"), "Basic " + basic("anna", "hunter2"), "Basic …"},
		{basic("anna", "correct horse battery"), "not correct horse Battery!", "not …!"},
		{"token", "no token was given", "no token was given"},
		{"t1", "Bearer t1 is unknown", "Bearer … is unknown"},
		{"t1", "Authorization: Bearer: \"t1\"", "Authorization: Bearer: \"…\""},
		{"t", "the bearer token is missing", "the bearer token is missing"},
		{basic("anna", "åäöåäöåäö"), "anna:åäöåäöåäö and åäöåäöåäö, %C3%A5äö&aring;äöåäö", "anna:… and …, …"},
	} {
		assert.Equal(t, c.want, tid.Blank(c.sent, c.text), "%q", c.sent)
	}
}

// reaches lists every text in v, as a printer would find it that follows all
// pointers and fields, unexported ones too. It ends at what other packages own.
func reaches(v any) (texts []string) {
	seen := make(map[uintptr]bool)
	var walk func(reflect.Value)
	walk = func(v reflect.Value) {
		if v.IsValid() && v.Type().PkgPath() != "" && !strings.HasPrefix(v.Type().PkgPath(), "github.com/vismatid/tid") {
			return
		}
		switch v.Kind() {
		case reflect.String:
			texts = append(texts, v.String())
		case reflect.Interface:
			walk(v.Elem())
		case reflect.Pointer:
			if !v.IsNil() && !seen[v.Pointer()] {
				seen[v.Pointer()] = true
				walk(v.Elem())
			}
		case reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		case reflect.Map:
			for _, key := range v.MapKeys() {
				walk(key)
				walk(v.MapIndex(key))
			}
		case reflect.Slice, reflect.Array:
			if v.Type().Elem().Kind() == reflect.Uint8 {
				texts = append(texts, fmt.Sprintf("%s", v))
				return
			}
			for i := range v.Len() {
				walk(v.Index(i))
			}
		}
	}
	walk(reflect.ValueOf(v))
	return texts
}

// prints is v in all the ways in which a value ends up in a log or a file by accident.
func prints(t testing.TB, v any) []string {
	type holder struct {
		hidden any
		Shown  any
	}
	texts := reaches(v)
	for _, value := range []any{v, holder{v, v}, &holder{v, v}, []any{v}, map[string]any{"v": v}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
			texts = append(texts, fmt.Sprintf(verb, value))
		}
		var b bytes.Buffer
		slog.New(slog.NewTextHandler(&b, nil)).Info("v", "v", value)
		slog.New(slog.NewJSONHandler(&b, nil)).Info("v", "v", value)
		_ = json.NewEncoder(&b).Encode(value)
		_ = xml.NewEncoder(&b).Encode(value)
		texts = append(texts, b.String())
	}
	var b bytes.Buffer
	_ = gob.NewEncoder(&b).Encode(v)
	texts = append(texts, b.String())
	if s := reflect.ValueOf(v); s.Kind() == reflect.Pointer && !s.IsNil() && s.Elem().Kind() == reflect.Struct {
		texts = append(texts, prints(t, s.Elem().Interface())...)
	}
	return texts
}

// assertUntold claims that none of the texts holds a credential in any spelling,
// not even a piece of it.
func assertUntold(t testing.TB, texts []string, about string) {
	t.Helper()
	slices.Sort(texts)
	for _, text := range slices.Compact(texts) {
		for at := 0; at+telltale <= len(text); at++ {
			if piece := text[at : at+telltale]; telltales()[piece] {
				assert.Fail(t, "a credential was told", "%s: %q is in %.600q", about, piece, text)
				return
			}
		}
	}
}

const telltale = 20

// telltales are the pieces that must appear nowhere.
var telltales = sync.OnceValue(func() map[string]bool {
	parts := make(map[string]bool)
	pair := base64.StdEncoding.EncodeToString([]byte("ap_1:" + markedPassword))
	for _, credential := range []string{bearerToken, markedPassword, pair} {
		for _, encode := range encodings {
			encoded := encode(credential)
			for at := 0; at+telltale <= len(encoded); at++ {
				parts[encoded[at:at+telltale]] = true
			}
		}
	}
	return parts
})

// carriers are values of the exported types that hold a credential or could, made
// with one as a caller would.
func carriers(t *testing.T) map[string]any {
	echo := roundTrip(func(req *http.Request) (*http.Response, error) {
		if strings.HasSuffix(req.URL.Path, "/Token") {
			return answer(req, 200, `{"accessToken":`+strconv.Quote(bearerToken)+`}`), nil
		}
		if strings.HasSuffix(req.URL.Path, "/Download") {
			return answer(req, 200, "PDF"), nil
		}
		return answer(req, 400, `{"message":"bad","body":`+strconv.Quote(bearerToken)+`}`), nil
	})
	var event tid.Event
	opts := []tid.Option{tid.WithHTTPClient(&http.Client{Transport: echo}), tid.WithLimiter(nil),
		tid.WithObserver(func(_ context.Context, e tid.Event) { event = e })}
	credentials := tid.AppCredentials("ap_1", markedPassword)
	c, err := tid.NewClient(credentials, opts...)
	require.NoError(t, err)
	_, failed := c.Contacts.Get(t.Context(), 1)
	var e *tid.Error
	require.ErrorAs(t, failed, &e)
	file, err := c.Offers.Download(t.Context(), 1)
	require.NoError(t, err)
	granted, err := tid.ExchangeToken(t.Context(), "ap_1", markedPassword, opts...)
	require.NoError(t, err)
	require.Equal(t, bearerToken, granted.Value())
	return map[string]any{
		"Client": c, "Token": granted, "Error": e, "Event": event, "File": file,
		"TokenSource": []tid.TokenSource{credentials, tid.StaticToken(bearerToken), tid.BasicAuth("ap_1", markedPassword), tid.CachedCredentials("ap_1", markedPassword, nil)},
	}
}

// holdNoCredential are the exported types with a hidden part that a credential
// never comes into.
var holdNoCredential = []string{"Page", "Date", "DateTime", "DateOrTime", "ClockTime", "Decimal", "Opt", "Cursor", "Limiter", "Permit", "ExpiringPermit",
	"StatefulPermit", "TokenCache", "Option",
	"Article", "Contact", "MaterialReport", "Opportunity", "Project", "TimeReport",
	"ArticleInput", "ContactInput", "MaterialReportInput", "OpportunityInput", "ProjectInput", "TimeReportInput"}

// TestNoExportedTypePrintsACredential goes through every exported type: one whose
// parts are not all exported is to be among the carriers, or known to hold none.
func TestNoExportedTypePrintsACredential(t *testing.T) {
	values := carriers(t)
	for name, hides := range exportedTypes(t) {
		_, carrier := values[name]
		if hides && !carrier && !strings.HasSuffix(name, "Service") && !slices.Contains(holdNoCredential, name) {
			t.Errorf("%s has a part that is not exported: make one in carriers, with a credential in it", name)
		}
	}
	for name, value := range values {
		assertUntold(t, prints(t, value), name)
	}
}

// exportedTypes are the exported types of the package; hides tells those that
// are more than exported fields.
func exportedTypes(t *testing.T) (hides map[string]bool) {
	hides = make(map[string]bool)
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || !spec.Name.IsExported() {
				return true
			}
			switch typ := spec.Type.(type) {
			case *ast.StructType:
				for _, field := range typ.Fields.List {
					for _, name := range field.Names {
						hides[spec.Name.Name] = hides[spec.Name.Name] || !name.IsExported()
					}
				}
			case *ast.InterfaceType, *ast.FuncType:
				hides[spec.Name.Name] = true
			case *ast.Ident:
				hides[spec.Name.Name] = !slices.Contains([]string{"string", "int", "int64", "bool", "uint8"}, typ.Name)
			}
			return true
		})
	}
	require.Contains(t, hides, "Token")
	return hides
}

func TestATokenIsNotReadBackFromWhatItPrints(t *testing.T) {
	granted := carriers(t)["Token"].(tid.Token)
	data, err := json.Marshal(granted)
	require.NoError(t, err)
	var read tid.Token
	assert.ErrorContains(t, json.Unmarshal(data, &read), "keep Token.Value() and Token.Expires")
	var b bytes.Buffer
	require.NoError(t, gob.NewEncoder(&b).Encode(granted))
	assert.ErrorContains(t, gob.NewDecoder(&b).Decode(&read), "keep Token.Value() and Token.Expires")
	assert.Empty(t, tid.Token{}.Value())
}

// echoes are answers of a server that says ‹› in every place there is.
var echoes = map[string]string{
	"no HTTP":                     "‹›\r\n\r\n",
	"protocol":                    "‹› 200 OK\r\n\r\n",
	"status":                      "HTTP/1.1 ‹› OK\r\n\r\n",
	"status behind digits":        "HTTP/1.1 400‹›\r\n\r\n",
	"reason":                      "HTTP/1.1 400 ‹›\r\nContent-Length: 0\r\n\r\n",
	"header without a colon":      "HTTP/1.1 200 OK\r\n‹›\r\n\r\n",
	"header behind a space":       "HTTP/1.1 200 OK\r\n ‹›: x\r\n\r\n",
	"header name":                 "HTTP/1.1 400 x\r\n‹›: x\r\nContent-Length: 0\r\n\r\n",
	"header value":                "HTTP/1.1 400 x\r\nX-Echo: ‹›\r\nContent-Length: 0\r\n\r\n",
	"header value with a control": "HTTP/1.1 200 OK\r\nX: \x01‹›\x00\r\n\r\n",
	"header folded":               "HTTP/1.1 200 OK\r\nX: a\r\n ‹›\r\nContent-Length: 0\r\n\r\n",
	"Content-Length":              "HTTP/1.1 200 OK\r\nContent-Length: ‹›\r\n\r\n",
	"Content-Length, twice":       "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: ‹›\r\n\r\n",
	"Transfer-Encoding":           "HTTP/1.1 200 OK\r\nTransfer-Encoding: ‹›\r\n\r\n",
	"Content-Encoding":            "HTTP/1.1 200 OK\r\nContent-Encoding: ‹›\r\nContent-Length: 2\r\n\r\n{}",
	"gzip that is none":           "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n‹›",
	"Location":                    "HTTP/1.1 302 Found\r\nLocation: /‹›\r\nContent-Length: 0\r\n\r\n",
	"Location, malformed":         "HTTP/1.1 302 Found\r\nLocation: http://%zz‹›:x\r\nContent-Length: 0\r\n\r\n",
	"Retry-After":                 "HTTP/1.1 429 x\r\nRetry-After: ‹›\r\nContent-Length: 0\r\n\r\n",
	"Date":                        "HTTP/1.1 503 x\r\nDate: ‹›\r\nContent-Length: 0\r\n\r\n",
	"Content-Type":                "HTTP/1.1 400 x\r\nContent-Type: ‹›\r\nContent-Length: 2\r\n\r\n{}",
	"Content-Disposition":         "HTTP/1.1 400 x\r\nContent-Disposition: attachment; filename=‹›\r\nContent-Length: 0\r\n\r\n",
	"Set-Cookie":                  "HTTP/1.1 400 x\r\nSet-Cookie: a=‹›; Domain=‹›\r\nContent-Length: 0\r\n\r\n",
	"plain text":                  "HTTP/1.1 400 x\r\nConnection: close\r\n\r\nno: ‹›",
	"text, cut":                   "HTTP/1.1 400 x\r\nConnection: close\r\n\r\n" + strings.Repeat("long ", 98) + "‹›",
	"body, cut":                   "HTTP/1.1 400 x\r\nConnection: close\r\n\r\n" + strings.Repeat("x", 64<<10-30) + "‹›",
	"HTML":                        "HTTP/1.1 500 x\r\nConnection: close\r\n\r\n<html><body><p>no: ‹›</p></body></html>",
	"HTML title":                  "HTTP/1.1 500 x\r\nConnection: close\r\n\r\n<html><title>no: ‹›</title></html>",
	"HTML attribute":              "HTTP/1.1 500 x\r\nConnection: close\r\n\r\n<html><a href=\"‹›\">no</a></html>",
	"JSON string":                 "HTTP/1.1 400 x\r\nConnection: close\r\n\r\n\"no: «»\"",
	"JSON, broken":                "HTTP/1.1 400 x\r\nConnection: close\r\n\r\n{\"message\":\"no: «»",
	"JSON, raw":                   "HTTP/1.1 400 x\r\nConnection: close\r\n\r\n{\"message\":\"no: ‹›\"}",
	"message":                     "HTTP/1.1 400 x\r\nConnection: close\r\n\r\n{\"message\":\"no: «»\"}",
	"message, cut":                "HTTP/1.1 400 x\r\nConnection: close\r\n\r\n{\"message\":\"" + strings.Repeat("long ", 98) + "«»\"}",
	"message within":              "HTTP/1.1 400 x\r\nConnection: close\r\n\r\n{\"error\":{\"message\":\"no: «»\"}}",
	"error":                       "HTTP/1.1 400 x\r\nConnection: close\r\n\r\n{\"error\":\"no: «»\"}",
	"title":                       "HTTP/1.1 400 x\r\nConnection: close\r\n\r\n{\"title\":\"no: «»\"}",
	"detail":                      "HTTP/1.1 400 x\r\nConnection: close\r\n\r\n{\"detail\":\"no: «»\"}",
	"details":                     "HTTP/1.1 400 x\r\nConnection: close\r\n\r\n{\"message\":\"no\",\"details\":\"«»\"}",
	"errors":                      "HTTP/1.1 400 x\r\nConnection: close\r\n\r\n{\"errors\":{\"name\":[\"no: «»\"]}}",
	"field":                       "HTTP/1.1 400 x\r\nConnection: close\r\n\r\n{\"errors\":{\"«»\":[\"no\"]}}",
	"list of errors":              "HTTP/1.1 400 x\r\nConnection: close\r\n\r\n{\"errors\":[\"no: «»\"]}",
	"no JSON":                     "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n‹›",
	"another kind":                "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"id\":\"«»\"}",
	"a date":                      "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"id\":1,\"created\":\"«»\"}",
	"access token":                "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"accessToken\":\" «»\"}",
	"chunk size":                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n‹›\r\n",
	"chunk extension":             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;‹›\r\n{}\r\n0\r\n\r\n",
	"behind a chunk":              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}‹›\r\n0\r\n\r\n",
	"trailer":                     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n‹›\r\n\r\n",
	"behind the answer":           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}‹›",
	"behind an error":             "HTTP/1.1 400 x\r\nContent-Length: 2\r\n\r\n{}‹›",
	"informational":               "HTTP/1.1 103 Early\r\nLink: ‹›\r\n\r\nHTTP/1.1 400 x\r\nContent-Length: 0\r\n\r\n",
	"switching protocols":         "HTTP/1.1 101 Switching\r\nUpgrade: ‹›\r\nConnection: upgrade\r\n\r\n",
}

// parrot is a server that answers each request with what it was authorized with,
// as encode spells it, in the place of ‹›, and with it as a part of a JSON string in that of «».
func parrot(t testing.TB, encode func(string) string, answer string) string {
	return raw(t, func(conn net.Conn) {
		header, err := readHeader(conn)
		if err != nil {
			return
		}
		scheme, credential, _ := strings.Cut(header.Get("Authorization"), " ")
		if decoded, err := base64.StdEncoding.DecodeString(credential); err == nil && scheme == "Basic" {
			_, credential, _ = strings.Cut(string(decoded), ":")
		}
		said := encode(credential)
		_, _ = io.WriteString(conn, strings.NewReplacer("‹›", said, "«»", inJSON(said)).Replace(answer))
	})
}

// TestNoErrorTellsACredential has a server repeat the credential in each place of
// an answer, in each spelling, to a read, a write, a download and an exchange.
func TestNoErrorTellsACredential(t *testing.T) {
	var told bytes.Buffer // by the standard logger
	log.SetOutput(&told)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	chosen := maps.Clone(encodings)
	if build, _ := debug.ReadBuildInfo(); testing.Short() || slices.Contains(build.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		maps.DeleteFunc(chosen, func(name string, _ func(string) string) bool {
			return !slices.Contains([]string{"as it is", "JSON in JSON", "in lines"}, name)
		})
	}
	failed := 0
	for place, answer := range echoes {
		for spelling, encode := range chosen {
			if len(answer) > 16<<10 && spelling != "as it is" {
				continue // the length is what it is about
			}
			about := place + ", " + spelling
			var events []tid.Event
			opts := []tid.Option{tid.WithBaseURL(parrot(t, encode, answer)), tid.WithLimiter(nil), tid.WithRetries(0),
				tid.WithObserver(func(_ context.Context, e tid.Event) { events = append(events, e) })}
			ctx := t.Context()
			if place == "switching protocols" {
				canceled, cancel := context.WithCancel(ctx)
				cancel()
				ctx = canceled
			}
			bearer, err := tid.NewClient(tid.StaticToken(bearerToken), opts...)
			require.NoError(t, err)
			app, err := tid.NewClient(tid.BasicAuth("ap_1", markedPassword), opts...)
			require.NoError(t, err)
			errs := []error{
				errOf(bearer.Contacts.Get(ctx, 1)),
				errOf(app.Contacts.Create(ctx, &tid.ContactInput{Name: "A", ContactType: tid.ContactPerson})),
				errOf(tid.ExchangeToken(ctx, "ap_1", markedPassword, opts...)),
			}
			file, err := bearer.Offers.Download(ctx, 1)
			errs = append(errs, err)
			if err == nil {
				_, err = io.Copy(io.Discard, file.Body)
				_ = file.Body.Close()
				errs = append(errs, err)
			}
			for _, err := range errs {
				if err == nil {
					continue
				}
				failed++
				texts := append(reaches(err), fmt.Sprintf("%+v", err))
				for cause := errors.Unwrap(err); cause != nil; cause = errors.Unwrap(cause) {
					texts = append(texts, cause.Error(), fmt.Sprintf("%#v", cause))
				}
				assertUntold(t, texts, about)
			}
			for _, event := range events {
				assertUntold(t, append(reaches(event), fmt.Sprintf("%+v", event)), about)
			}
		}
	}
	assert.Greater(t, failed, 2*len(chosen)*(len(echoes)-1), "errors looked at")
	assert.Empty(t, told.String(), "the standard logger")
}

func readHeader(conn net.Conn) (textproto.MIMEHeader, error) {
	r := textproto.NewConn(conn)
	if _, err := r.ReadLine(); err != nil {
		return nil, err
	}
	return r.ReadMIMEHeader()
}

func TestACauseIsFoundAlthoughItsTextIsBlanked(t *testing.T) {
	mine := &os.PathError{Op: "proxy", Path: bearerToken, Err: os.ErrPermission}
	c, err := tid.NewClient(tid.StaticToken(bearerToken), tid.WithRetries(0), tid.WithHTTPClient(&http.Client{
		Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, mine })}))
	require.NoError(t, err)
	_, err = c.Contacts.Get(t.Context(), 1)
	assertUntold(t, append(prints(t, err), errors.Unwrap(err).Error()), "a RoundTripper's own error")
	assert.ErrorContains(t, err, "proxy …: permission denied")
	assert.ErrorIs(t, err, os.ErrPermission)
	var found *os.PathError
	require.ErrorAs(t, err, &found)
	assert.Same(t, mine, found)
}

func FuzzEchoesAreBlanked(f *testing.F) {
	for name := range encodings {
		f.Add("before", bearerToken, "after", name, "HTML")
	}
	f.Fuzz(func(t *testing.T, before, credential, after, outer, inner string) {
		first, second := encodings[inner], encodings[outer]
		if first == nil || second == nil || len(credential) < 16 || len(credential) > 200 ||
			strings.ContainsFunc(credential, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			t.Skip()
		}
		text := before + " " + second(first(credential)) + " " + after
		blanked := tid.Blank(credential, text)
		assert.LessOrEqual(t, len(blanked), len(text)+len("…"))
		if once := second(credential); once != "" {
			assert.NotContains(t, tid.Blank(credential, before+" "+once+" "+after), once)
		}
	})
}
